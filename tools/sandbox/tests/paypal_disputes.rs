//! Disputes at PayPal: opened by a payer, answered by the merchant, decided by PayPal.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of tests fails the test")]

mod caller;

use caller::{
    Answer,
    merchant::Merchant,
    shop::{Shop, token},
};
use serde_json::{Value, json};

const DISPUTES: &str = "/v1/customer/disputes";

/// A paid capture that is disputed; the ids of the capture and of the dispute.
async fn disputed(shop: &Shop, id: &str, stage: &str) -> (String, String) {
    let (_, capture) = shop.paid(id).await;
    let body = json!({"transactionId": id, "stage": stage, "reason": "UNAUTHORISED", "dueInDays": 7});
    let opened = shop.caller.steer("POST", "/_sandbox/disputes/open", &body.to_string()).await;
    (capture, opened.text_at("dispute_id"))
}

/// Evidence with a file, as the API wants it.
async fn submit(shop: &Shop, dispute: &str, act: &str, input: &Value) -> Answer {
    let body = format!(
        "--b\r\ncontent-disposition: form-data; name=\"input\"\r\ncontent-type: application/json\r\n\r\n{input}\r\n\
         --b\r\ncontent-disposition: form-data; name=\"evidence-file\"; filename=\"receipt.pdf\"\r\n\
         content-type: application/pdf\r\n\r\n%PDF-1.7\r\n--b--\r\n"
    );
    let bearer = format!("Bearer {}", token(&shop.caller).await);
    let headers = [("authorization", bearer.as_str()), ("content-type", "multipart/form-data; boundary=b")];
    shop.caller.send("POST", &format!("{DISPUTES}/{dispute}/{act}"), &headers, &body).await.unwrap()
}

fn evidence() -> Value {
    json!({"evidences": [{"evidence_type": "PROOF_OF_FULFILLMENT", "notes": "delivered"}]})
}

/// The state of the only dispute there is; only the list tells it.
async fn state(shop: &Shop) -> String {
    shop.get(DISPUTES).await.text_at("items.0.dispute_state")
}

fn rels(answer: &Answer) -> Vec<String> {
    let links = answer.json()["links"].as_array().unwrap().clone();
    links.iter().map(|link| link["rel"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_dispute_is_answered_with_evidence_and_decided() {
    for (outcome, code, ends, left) in [
        ("SELLER_FAVOR", "RESOLVED_SELLER_FAVOUR", "RESOLVED", 201),
        ("BUYER_FAVOR", "RESOLVED_BUYER_FAVOUR", "APPEALABLE", 422),
    ] {
        let shop = Shop::open().await;
        let (capture, id) = disputed(&shop, "pay_1", "CHARGEBACK").await;
        let path = format!("{DISPUTES}/{id}");
        let open = shop.get(&path).await;
        assert_eq!(
            (open.at("status"), open.at("reason")),
            (json!("WAITING_FOR_SELLER_RESPONSE"), json!("UNAUTHORISED"))
        );
        assert_eq!(open.text_at("disputed_transactions.0.seller_transaction_id"), capture);
        assert_eq!(open.text_at("disputed_transactions.0.custom"), "pay_1");
        assert!(open.at("seller_response_due_date").is_string());
        assert_eq!(rels(&open), ["self", "accept_claim", "provide_evidence"]);
        let refund = format!("/v2/payments/captures/{capture}/refund");
        let refused = shop.post(&refund, Value::Null).await;
        assert_eq!(refused.issue(), (422, "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK".to_owned()));

        assert_eq!(submit(&shop, &id, "provide-evidence", &json!({})).await.issue().1, "MISSING_REQUIRED_PARAMETER");
        assert_eq!(submit(&shop, &id, "provide-evidence", &evidence()).await.status, 200);
        let reviewed = shop.get(&path).await;
        assert_eq!((reviewed.at("status"), rels(&reviewed)), (json!("UNDER_REVIEW"), vec!["self".to_owned()]));
        assert_eq!(reviewed.text_at("evidences.0.documents.0.name"), "receipt.pdf");
        let twice = submit(&shop, &id, "provide-evidence", &evidence()).await;
        assert_eq!(twice.issue(), (422, "ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE".to_owned()));

        let decided = shop.post(&format!("{path}/adjudicate"), json!({ "adjudication_outcome": outcome })).await;
        assert_eq!(decided.status, 200, "{}", decided.text);
        let over = shop.get(&path).await;
        assert_eq!(
            (over.text_at("dispute_outcome.outcome_code"), state(&shop).await),
            (code.to_owned(), ends.to_owned())
        );
        assert_eq!(shop.post(&refund, Value::Null).await.status, left, "{outcome}");
    }
}

#[tokio::test]
async fn a_lost_dispute_is_appealed_once_and_may_be_won_after_all() {
    let shop = Shop::open().await;
    let (capture, id) = disputed(&shop, "pay_1", "CHARGEBACK").await;
    let resolve = |outcome: &str| json!({ "disputeId": id, "outcome": outcome }).to_string();
    shop.caller.steer("POST", "/_sandbox/disputes/resolve", &resolve("RESOLVED_BUYER_FAVOUR")).await;
    assert_eq!(rels(&shop.get(&format!("{DISPUTES}/{id}")).await), ["self", "appeal"]);
    assert_eq!(submit(&shop, &id, "appeal", &evidence()).await.status, 200);
    assert_eq!(submit(&shop, &id, "appeal", &evidence()).await.status, 422);
    shop.caller.steer("POST", "/_sandbox/disputes/resolve", &resolve("RESOLVED_SELLER_FAVOUR")).await;
    assert_eq!(state(&shop).await, "RESOLVED");
    let refund = shop.post(&format!("/v2/payments/captures/{capture}/refund"), Value::Null).await;
    assert_eq!(refund.status, 201, "the money came back: {}", refund.text);
}

#[tokio::test]
async fn a_claim_is_accepted_and_the_money_is_gone() {
    let shop = Shop::open().await;
    let merchant = Merchant::listening_to_paypal(&shop.caller, "WH-1").await;
    let (capture, id) = disputed(&shop, "pay_1", "INQUIRY").await;
    let created = merchant.told("CUSTOMER.DISPUTE.CREATED").await;
    assert_eq!((&created["resource_type"], &created["resource"]["dispute_id"]), (&json!("dispute"), &json!(id)));
    let accept = format!("{DISPUTES}/{id}/accept-claim");
    assert_eq!(shop.post(&accept, json!({"note": "sorry"})).await.status, 200);
    assert_eq!(merchant.told("PAYMENT.CAPTURE.REVERSED").await["resource"]["id"], json!(capture));
    let resolved = merchant.told("CUSTOMER.DISPUTE.RESOLVED").await;
    assert_eq!(resolved["resource"]["dispute_outcome"]["outcome_code"], "ACCEPTED");
    let refund = shop.post(&format!("/v2/payments/captures/{capture}/refund"), Value::Null).await;
    assert_eq!(refund.issue(), (422, "REFUND_NOT_ALLOWED".to_owned()));
    assert_eq!(shop.post(&accept, json!({})).await.status, 422);
}

#[tokio::test]
async fn an_inquiry_is_settled_by_a_whole_refund_and_by_no_other() {
    let shop = Shop::open().await;
    let (capture, id) = disputed(&shop, "pay_1", "INQUIRY").await;
    let refund = format!("/v2/payments/captures/{capture}/refund");
    let part = shop.post(&refund, json!({"amount": {"currency_code": "EUR", "value": "1.00"}})).await;
    assert_eq!(part.issue(), (422, "TRANSACTION_DISPUTED".to_owned()));
    assert_eq!(shop.post(&refund, Value::Null).await.status, 201);
    let settled = shop.get(&format!("{DISPUTES}/{id}")).await;
    assert_eq!(settled.at("dispute_outcome.outcome_code"), "CANCELED_BY_BUYER");
}

#[tokio::test]
async fn a_dispute_moves_on_and_waits_for_whoever_is_asked() {
    let shop = Shop::open().await;
    let (_, id) = disputed(&shop, "pay_1", "INQUIRY").await;
    let path = format!("{DISPUTES}/{id}");
    assert_eq!(state(&shop).await, "OPEN_INQUIRIES");
    let further = json!({ "disputeId": id, "stage": "CHARGEBACK" }).to_string();
    shop.caller.steer("POST", "/_sandbox/disputes/update", &further).await;
    assert_eq!(state(&shop).await, "REQUIRED_ACTION");
    shop.post(&format!("{path}/require-evidence"), json!({"action": "BUYER_EVIDENCE"})).await;
    assert_eq!(shop.get(&path).await.at("status"), "WAITING_FOR_BUYER_RESPONSE");
    assert_eq!(submit(&shop, &id, "provide-evidence", &evidence()).await.status, 422);
    assert_eq!(shop.post(&format!("{path}/send-message"), json!({})).await.issue().1, "NOT_SUPPORTED");
}

#[tokio::test]
async fn evidence_that_comes_too_late_is_refused() {
    let shop = Shop::open().await;
    shop.paid("pay_1").await;
    let body = r#"{"transactionId": "pay_1", "dueInDays": 0}"#;
    let id = shop.caller.steer("POST", "/_sandbox/disputes/open", body).await.text_at("dispute_id");
    assert_eq!(submit(&shop, &id, "provide-evidence", &evidence()).await.status, 422);
}

#[tokio::test]
async fn disputes_are_listed_newest_first_by_capture_state_and_page() {
    let shop = Shop::open().await;
    let (first_capture, first) = disputed(&shop, "pay_1", "INQUIRY").await;
    let (_, second) = disputed(&shop, "pay_2", "CHARGEBACK").await;
    let ids = async |query: &str| -> Vec<String> {
        let list = shop.get(&format!("{DISPUTES}?{query}")).await.json();
        let items = list["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["dispute_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("").await, [second.as_str(), first.as_str()]);
    assert_eq!(ids(&format!("disputed_transaction_id={first_capture}")).await, [first.as_str()]);
    assert_eq!(ids("dispute_state=REQUIRED_ACTION,RESOLVED").await, [second.as_str()]);
    let page = shop.get(&format!("{DISPUTES}?page_size=1")).await.json();
    assert!(page["items"][0].get("disputed_transactions").is_none(), "a summary");
    let next = page["links"].as_array().unwrap().iter().find(|link| link["rel"] == "next").unwrap()["href"].clone();
    let next = shop.get(next.as_str().unwrap()).await.json();
    assert_eq!(next["items"][0]["dispute_id"], json!(first));
    assert_eq!(shop.get(&format!("{DISPUTES}?page_size=51")).await.status, 400);
    assert_eq!(shop.get(&format!("{DISPUTES}/PP-D-1")).await.status, 404);
    let fault = json!({"path": "/v1/customer/disputes/*", "transactionId": "pay_1", "fault": "status", "times": 1});
    shop.break_paypal(fault).await;
    assert_eq!(shop.get(&format!("{DISPUTES}/{second}")).await.status, 200);
    assert_eq!(shop.get(&format!("{DISPUTES}/{first}")).await.status, 500);
}

#[tokio::test]
async fn a_payer_complains_on_the_page_and_the_ledger_shows_it() {
    let shop = Shop::open().await;
    let merchant = Merchant::listening_to_paypal(&shop.caller, "WH-1").await;
    let (order, capture) = shop.paid("pay_1").await;
    let complain = async |reason: &str| {
        let form = format!("decision=complain&reason={reason}");
        shop.caller.send("POST", &format!("/_payer/paypal/{order}"), &[], &form).await.unwrap().status
    };
    assert_eq!(complain("BORED").await, 404);
    assert_eq!(complain("MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED").await, 200);
    assert_eq!(complain("OTHER").await, 404, "one case at a time");
    let created = merchant.told("CUSTOMER.DISPUTE.CREATED").await["resource"].clone();
    assert_eq!(created["disputed_transactions"][0]["seller_transaction_id"], json!(capture));
    assert_eq!(
        (&created["reason"], &created["dispute_life_cycle_stage"]),
        (&json!("MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED"), &json!("INQUIRY"))
    );
    let ledger = shop.caller.steer("GET", "/_sandbox/ledger", "").await.json();
    assert_eq!(
        ledger["disputes"],
        json!([{
            "gateway": "paypal", "id": created["dispute_id"], "objectId": order, "transactionId": "pay_1",
            "amount": 1_000, "currency": "eur", "status": "warning_needs_response",
        }])
    );
}

#[tokio::test]
async fn a_dispute_is_opened_and_decided_in_words_that_both_gateways_share() {
    let shop = Shop::open().await;
    let decided = async |id: &str, decision: &str| {
        let body = json!({ "disputeId": id, "decision": decision }).to_string();
        shop.caller.send("POST", "/_sandbox/disputes/decide", &[], &body).await.unwrap()
    };
    let row = async || {
        let ledger = shop.caller.steer("GET", "/_sandbox/ledger", "").await.json();
        ledger["disputes"].as_array().unwrap().last().unwrap()["status"].as_str().unwrap().to_owned()
    };
    for (id, steps) in [
        ("pay_1", vec![("escalated", "needs_response"), ("answered", "under_review"), ("lost", "lost")]),
        ("pay_2", vec![("answered", "warning_under_review"), ("withdrawn", "warning_closed")]),
        ("pay_3", vec![("escalated", "needs_response"), ("won", "won")]),
    ] {
        shop.paid(id).await;
        let body = json!({ "transactionId": id, "stage": "inquiry", "reason": "fraudulent", "amount": 700 });
        let opened = shop.caller.steer("POST", "/_sandbox/disputes", &body.to_string()).await;
        assert_eq!(
            (opened.text_at("gateway"), opened.text_at("dispute.reason")),
            ("paypal".to_owned(), "UNAUTHORISED".to_owned())
        );
        assert_eq!(opened.text_at("dispute.dispute_amount.value"), "7.00");
        let dispute = opened.text_at("id");
        for (decision, status) in steps {
            assert_eq!(decided(&dispute, decision).await.status, 200, "{decision}");
            assert_eq!(row().await, status);
        }
        assert_eq!(decided(&dispute, "appealable").await.status, 400, "PayPal decides no such thing");
    }
    shop.paid("pay_4").await;
    let more = json!({ "transactionId": "pay_4", "amount": 1_001 }).to_string();
    assert_eq!(shop.caller.send("POST", "/_sandbox/disputes", &[], &more).await.unwrap().status, 400);
}

#[tokio::test]
async fn evidence_is_of_a_kind_that_paypal_knows_and_a_claim_is_accepted_as_paypal_offers() {
    let shop = Shop::open().await;
    let (_, id) = disputed(&shop, "pay_1", "CHARGEBACK").await;
    let strange = json!({"evidences": [{"evidence_type": "GOSSIP"}]});
    assert_eq!(
        submit(&shop, &id, "provide-evidence", &strange).await.issue(),
        (400, "INVALID_PARAMETER_VALUE".to_owned())
    );
    let path = format!("{DISPUTES}/{id}");
    let offered = shop.get(&path).await.at("allowed_response_options.accept_claim.accept_claim_types");
    assert_eq!(offered, json!(["REFUND"]));
    let other = shop.post(&format!("{path}/accept-claim"), json!({"accept_claim_type": "PARTIAL_REFUND"})).await;
    assert_eq!(other.issue().1, "INVALID_PARAMETER_VALUE");
    let tracked = json!({"tracking_info": [{"carrier_name": "FEDEX", "tracking_number": "122533485"}]});
    let evidence = json!({"evidences": [{"evidence_type": "PROOF_OF_FULFILLMENT", "evidence_info": tracked}]});
    assert_eq!(submit(&shop, &id, "provide-evidence", &evidence).await.status, 200);
    assert_eq!(shop.get(&path).await.json()["evidences"][0]["evidence_info"], tracked);
    let capture = shop.get(&path).await.text_at("disputed_transactions.0.seller_transaction_id");
    let body = json!({ "objectId": capture }).to_string();
    assert_eq!(
        shop.caller.send("POST", "/_sandbox/disputes", &[], &body).await.unwrap().status,
        400,
        "one case at a time"
    );
}
