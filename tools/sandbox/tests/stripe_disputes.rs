//! Disputes and early fraud warnings at Stripe: opened by the bank, answered by the merchant once, decided by the bank.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a helper of tests fails the test")]

mod caller;

use caller::{Answer, Caller, merchant::Merchant};
use sandbox::Config;
use serde_json::{Value, json};

/// A charge of ten euros that bears an id and that its bank disputes; the ids of the intent and of the dispute.
async fn disputed(caller: &Caller, card: &str) -> (String, String) {
    let paid = caller.paid_with(card, "&metadata[transaction_id]=pay_1&capture_method=automatic").await;
    let intent = paid.at("id").as_str().unwrap().to_owned();
    let list = listed(caller, &format!("payment_intent={intent}"), 1).await;
    (intent, list[0]["id"].as_str().unwrap().to_owned())
}

/// The disputes of this query, once there are so many.
async fn listed(caller: &Caller, query: &str, count: usize) -> Vec<Value> {
    for _ in 0..300 {
        let list = caller.get(&format!("/v1/disputes?{query}")).await.json()["data"].as_array().unwrap().clone();
        if list.len() >= count {
            return list;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("there are no {count} disputes of {query}")
}

async fn shown(caller: &Caller, dispute: &str) -> Value {
    caller.get(&format!("/v1/disputes/{dispute}")).await.json()
}

async fn answered(caller: &Caller, dispute: &str, form: &str) -> Answer {
    caller.post(&format!("/v1/disputes/{dispute}"), form).await
}

async fn decided(caller: &Caller, dispute: &str, decision: &str) -> Value {
    let body = json!({ "disputeId": dispute, "decision": decision }).to_string();
    caller.steer("POST", "/_sandbox/disputes/decide", &body).await.json()["dispute"].clone()
}

/// The dispute, once it is in this state.
async fn becomes(caller: &Caller, dispute: &str, status: &str) -> Value {
    for _ in 0..300 {
        let now = shown(caller, dispute).await;
        if now["status"] == status {
            return now;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{dispute} never became {status}")
}

/// Amount, fee and net of each balance transaction of a dispute.
fn movements(dispute: &Value) -> Value {
    let of = |it: &Value| json!([it["amount"], it["fee"], it["net"], it["reporting_category"]]);
    dispute["balance_transactions"].as_array().unwrap().iter().map(of).collect()
}

fn withdrawn() -> Value {
    json!([-1_080, 1_500, -2_580, "dispute"])
}

#[tokio::test]
async fn a_dispute_takes_the_money_and_knows_its_payment_by_ids_alone() {
    let caller = Caller::start().await;
    let merchant = Merchant::listening(&caller, 0).await;
    let (intent, id) = disputed(&caller, "pm_card_createDispute").await;
    let dispute = shown(&caller, &id).await;
    assert_eq!(
        json!([dispute["status"], dispute["reason"], dispute["amount"], dispute["currency"], dispute["metadata"]]),
        json!(["needs_response", "fraudulent", 1_000, "eur", {}])
    );
    let charge = caller.get(&format!("/v1/charges/{}", dispute["charge"].as_str().unwrap())).await;
    assert_eq!((&dispute["payment_intent"], charge.at("disputed")), (&json!(intent), json!(true)));
    assert_eq!(dispute["payment_method_details"]["card"]["case_type"], "chargeback");
    assert_eq!(dispute["network_reason_code"], "10.4");
    assert_eq!(movements(&dispute), json!([withdrawn()]));
    let details = &dispute["evidence_details"];
    assert_eq!(
        json!([details["has_evidence"], details["submission_count"], details["past_due"]]),
        json!([false, 0, false])
    );
    assert!(details["due_by"].as_u64().unwrap() > dispute["created"].as_u64().unwrap());
    for kind in ["charge.dispute.created", "charge.dispute.funds_withdrawn"] {
        let event = merchant.told(kind).await;
        assert_eq!((&event["data"]["object"]["id"], &event["request"]["id"]), (&json!(id), &Value::Null));
    }
    let ledger = caller.steer("GET", "/_sandbox/ledger", "").await.json();
    assert_eq!(
        ledger["disputes"],
        json!([{
            "gateway": "stripe", "id": id, "objectId": intent, "transactionId": "pay_1", "amount": 1_000,
            "currency": "eur", "status": "needs_response",
        }])
    );
}

#[tokio::test]
async fn evidence_without_a_word_of_submit_is_submitted() {
    let caller = Caller::start().await;
    let (_, id) = disputed(&caller, "pm_card_createDispute").await;
    let staged = answered(&caller, &id, "evidence[customer_name]=Jo&submit=false").await;
    assert_eq!(
        (staged.at("status"), staged.at("evidence_details.has_evidence")),
        (json!("needs_response"), json!(true))
    );
    let noted = answered(&caller, &id, "metadata[case]=7").await;
    assert_eq!((noted.at("status"), noted.at("metadata.case")), (json!("needs_response"), json!("7")));
    let sent = answered(&caller, &id, "evidence[product_description]=socks").await;
    assert_eq!((sent.at("status"), sent.at("evidence.customer_name")), (json!("under_review"), json!("Jo")));
    let details = sent.at("evidence_details");
    assert_eq!((&details["submission_count"], &details["submission_method"]), (&json!(1), &json!("manual")));
    for too_late in ["evidence[customer_name]=Al", "submit=true", "evidence[customer_name]=Al&submit=false"] {
        let refused = answered(&caller, &id, too_late).await;
        assert_eq!((refused.status, refused.at("error.type")), (400, json!("invalid_request_error")), "{too_late}");
    }
    assert_eq!(answered(&caller, &id, "metadata[case]=8").await.status, 200);
    assert_eq!(shown(&caller, &id).await["evidence"]["customer_name"], "Jo");
}

#[tokio::test]
async fn the_magic_words_decide() {
    for (words, status, end, moved) in [
        (
            "winning_evidence",
            "won",
            "charge.dispute.funds_reinstated",
            json!([withdrawn(), [1_080, -1_500, 2_580, "dispute_reversal"]]),
        ),
        ("losing_evidence", "lost", "charge.dispute.closed", json!([withdrawn()])),
    ] {
        let caller = Caller::start().await;
        let (intent, id) = disputed(&caller, "pm_card_createDisputeProductNotReceived").await;
        let merchant = Merchant::listening(&caller, 0).await;
        let refund = format!("payment_intent={intent}");
        let refused = caller.post("/v1/refunds", &refund).await;
        assert_eq!((refused.status, refused.at("error.code")), (400, json!("charge_disputed")));
        let sent = answered(&caller, &id, &format!("evidence[uncategorized_text]={words}&submit=true")).await;
        assert_eq!((sent.at("status"), sent.at("reason")), (json!("under_review"), json!("product_not_received")));
        let over = becomes(&caller, &id, status).await;
        assert_eq!((movements(&over), &over["is_charge_refundable"]), (moved, &json!(status == "won")));
        assert_eq!(merchant.told("charge.dispute.closed").await["data"]["object"]["status"], status);
        merchant.told(end).await;
        assert_eq!(answered(&caller, &id, "evidence[customer_name]=Jo").await.status, 400, "it is over");
        assert_eq!(caller.post(&format!("/v1/disputes/{id}/close"), "").await.status, 400);
        assert_eq!(caller.post("/v1/refunds", &refund).await.status, if status == "won" { 200 } else { 400 });
    }
}

#[tokio::test]
async fn a_dispute_that_is_closed_is_lost() {
    let caller = Caller::start().await;
    let (_, id) = disputed(&caller, "pm_card_createDispute").await;
    let path = format!("/v1/disputes/{id}/close");
    let closed = caller.post_with_key(&path, "", "close").await;
    assert_eq!((closed.at("status"), closed.at("is_charge_refundable")), (json!("lost"), json!(false)));
    let again = caller.post_with_key(&path, "", "close").await;
    assert_eq!((again.header("idempotent-replayed"), &again.text), (Some("true"), &closed.text));
}

#[tokio::test]
async fn an_inquiry_takes_nothing_and_a_whole_refund_settles_it() {
    let caller = Caller::start().await;
    let (intent, id) = disputed(&caller, "pm_card_createDisputeInquiry").await;
    let inquiry = shown(&caller, &id).await;
    assert_eq!(
        (&inquiry["status"], &inquiry["is_charge_refundable"]),
        (&json!("warning_needs_response"), &json!(true))
    );
    assert_eq!(
        (movements(&inquiry), &inquiry["payment_method_details"]["card"]["case_type"]),
        (json!([]), &json!("inquiry"))
    );
    assert_eq!(caller.post("/v1/refunds", &format!("payment_intent={intent}&amount=1")).await.status, 200);
    assert_eq!(shown(&caller, &id).await["status"], "warning_needs_response");
    assert_eq!(caller.post("/v1/refunds", &format!("payment_intent={intent}")).await.status, 200);
    let over = shown(&caller, &id).await;
    assert_eq!((&over["status"], movements(&over)), (&json!("warning_closed"), json!([])));
}

#[tokio::test]
async fn an_inquiry_is_escalated_and_then_takes_the_money() {
    let caller = Caller::start().await;
    let (_, id) = disputed(&caller, "pm_card_createDisputeInquiry").await;
    let merchant = Merchant::listening(&caller, 0).await;
    let sent = answered(&caller, &id, "evidence[uncategorized_text]=escalate_inquiry_evidence").await;
    assert_eq!(sent.at("status"), "warning_under_review");
    let formal = becomes(&caller, &id, "needs_response").await;
    assert_eq!(
        (movements(&formal), &formal["payment_method_details"]["card"]["case_type"]),
        (json!([withdrawn()]), &json!("chargeback"))
    );
    merchant.told("charge.dispute.funds_withdrawn").await;
    assert_eq!(answered(&caller, &id, "evidence[customer_name]=Jo").await.at("evidence_details.submission_count"), 2);
}

#[tokio::test]
async fn every_state_can_be_reached_by_those_who_decide() {
    let caller = Caller::start().await;
    let (_, id) = disputed(&caller, "pm_card_createDispute").await;
    for (decision, status) in [
        ("lost", "lost"),
        ("appealable", "appeal_needs_response"),
        ("answered", "appeal_under_review"),
        ("lost", "lost"),
        ("appealable", "appeal_needs_response"),
        ("won", "won"),
    ] {
        assert_eq!(decided(&caller, &id, decision).await["status"], status);
    }
    let body = json!({ "disputeId": id, "decision": "escalated" }).to_string();
    assert_eq!(caller.send("POST", "/_sandbox/disputes/decide", &[], &body).await.unwrap().status, 400);
    let (_, inquiry) = disputed(&caller, "pm_card_createDisputeInquiry").await;
    let prevented = decided(&caller, &inquiry, "prevented").await;
    assert_eq!(
        (&prevented["status"], movements(&prevented), &prevented["payment_method_details"]["card"]["case_type"]),
        (&json!("prevented"), json!([[-1_080, 0, -1_080, "dispute"]]), &json!("resolution"))
    );
    let (_, withdrawn) = disputed(&caller, "pm_card_createDisputeInquiry").await;
    assert_eq!(decided(&caller, &withdrawn, "withdrawn").await["status"], "warning_closed");
}

#[tokio::test]
async fn an_appeal_is_evidence_of_its_own() {
    let caller = Caller::start().await;
    let (_, id) = disputed(&caller, "pm_card_createDispute").await;
    let appeal = "evidence[appeal][card][reason_for_filing]=delivered&evidence[uncategorized_text]=winning_evidence";
    assert_eq!(answered(&caller, &id, appeal).await.at("error.param"), "evidence[appeal]");
    decided(&caller, &id, "lost").await;
    decided(&caller, &id, "appealable").await;
    let sent = answered(&caller, &id, appeal).await;
    assert_eq!(sent.at("status"), "appeal_under_review");
    assert_eq!(sent.at("evidence.appeal.card.reason_for_filing"), "delivered");
    let won = becomes(&caller, &id, "won").await;
    assert_eq!(won["balance_transactions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn who_does_not_answer_in_time_has_lost_and_who_answers_late_too() {
    // Slow enough that an answer can come after the deadline and before the verdict.
    let caller = Caller::with(Config { settle_ms: 1_000, ..Config::default() }).await;
    for (silent, past_due) in [(true, false), (false, true)] {
        let paid = caller.paid_with("pm_card_visa", "").await;
        let body = json!({ "objectId": paid.at("id"), "dueInDays": 0, "reason": "fraudulent" }).to_string();
        let opened = caller.steer("POST", "/_sandbox/disputes", &body).await;
        assert_eq!((opened.at("gateway"), opened.at("dispute.status")), (json!("stripe"), json!("needs_response")));
        let id = opened.at("id").as_str().unwrap().to_owned();
        if !silent {
            let late = answered(&caller, &id, "evidence[uncategorized_text]=winning_evidence").await;
            assert_eq!((late.at("status"), late.at("evidence_details.past_due")), (json!("under_review"), json!(true)));
        }
        assert_eq!(becomes(&caller, &id, "lost").await["evidence_details"]["past_due"], past_due);
    }
}

#[tokio::test]
async fn the_bank_disputes_a_part_and_never_more_than_was_taken() {
    let caller = Caller::start().await;
    let paid = caller.paid_with("pm_card_mastercard", "&metadata[transaction_id]=pay_9").await;
    let open = async |more: Value| {
        let mut body = json!({ "transactionId": "pay_9" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        caller.send("POST", "/_sandbox/disputes", &[], &body.to_string()).await.unwrap()
    };
    let first = open(json!({ "amount": 400, "stage": "prevented" })).await;
    assert_eq!((first.at("dispute.amount"), first.at("dispute.status")), (json!(400), json!("prevented")));
    assert_eq!(first.at("dispute.network_reason_code"), Value::Null, "Visa's codes are Visa's");
    assert_eq!(open(json!({ "amount": 601 })).await.status, 400);
    assert_eq!(open(json!({ "reason": "unhappy" })).await.status, 400);
    assert_eq!(open(json!({})).await.at("dispute.amount"), 600);
    assert_eq!(open(json!({})).await.status, 400, "nothing is left");
    let intent = paid.at("id").as_str().unwrap().to_owned();
    assert_eq!(listed(&caller, &format!("payment_intent={intent}&limit=1"), 1).await[0]["amount"], 600);
    assert_eq!(caller.get("/v1/disputes?payment_intent=pi_none").await.json()["data"], json!([]));
}

#[tokio::test]
async fn the_other_cards_that_dispute_do_so_in_their_own_way() {
    let caller = Caller::start().await;
    let twice = caller.paid_with("pm_card_createMultipleDisputes", "").await;
    let intent = twice.at("id").as_str().unwrap().to_owned();
    let both = listed(&caller, &format!("payment_intent={intent}"), 2).await;
    assert_eq!(
        json!([both[0]["amount"], both[0]["reason"], both[1]["reason"]]),
        json!([500, "product_not_received", "fraudulent"])
    );
    for (card, eligible, case) in [
        ("pm_card_createCe3EligibleDispute", "visa_compelling_evidence_3", "chargeback"),
        ("pm_card_createComplianceDispute", "visa_compliance", "compliance"),
    ] {
        let (_, id) = disputed(&caller, card).await;
        let dispute = shown(&caller, &id).await;
        assert_eq!(dispute["enhanced_eligibility_types"], json!([eligible]));
        assert!(dispute["evidence_details"]["enhanced_eligibility"][eligible].is_object());
        assert_eq!(dispute["payment_method_details"]["card"]["case_type"], case);
    }
}

#[tokio::test]
async fn a_document_must_have_been_uploaded() {
    let caller = Caller::start().await;
    let (_, id) = disputed(&caller, "pm_card_createDispute").await;
    let missing = answered(&caller, &id, "evidence[receipt]=file_none&submit=false").await;
    assert_eq!((missing.status, missing.at("error.param")), (400, json!("evidence[receipt]")));
    let upload = async |file: &str, purpose: &str| {
        let body = format!(
            "--b\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\n{purpose}\r\n--b\r\ncontent-disposition: \
             form-data; name=\"file\"; filename=\"{file}\"\r\ncontent-type: application/pdf\r\n\r\n%PDF-1.7\r\n--b--\r\n"
        );
        let headers = [
            ("authorization", "Bearer sk_test_1"),
            ("content-type", "multipart/form-data; boundary=b"),
            ("idempotency-key", file),
        ];
        caller.send("POST", "/v1/files", &headers, &body).await.unwrap()
    };
    let file = upload("receipt.pdf", "dispute_evidence").await;
    assert_eq!((file.at("size"), file.at("type"), file.at("filename")), (json!(8), json!("pdf"), json!("receipt.pdf")));
    assert_eq!(upload("receipt.pdf", "dispute_evidence").await.at("id"), file.at("id"), "the same key");
    assert_eq!(upload("receipt.exe", "dispute_evidence").await.at("error.param"), "file");
    assert_eq!(upload("logo.png", "business_logo").await.status, 400);
    assert_eq!(caller.post("/v1/files", "purpose=dispute_evidence").await.status, 400);
    let file = file.at("id").as_str().unwrap().to_owned();
    assert_eq!(caller.get(&format!("/v1/files/{file}")).await.at("purpose"), "dispute_evidence");
    let staged = answered(&caller, &id, &format!("evidence[receipt]={file}&submit=false")).await;
    assert_eq!(staged.at("evidence.receipt"), json!(file));
    assert_eq!(answered(&caller, &id, "evidence[receipt]=&submit=false").await.at("evidence.receipt"), Value::Null);
    assert_eq!(answered(&caller, &id, "submit=true").await.at("error.param"), "submit", "there is nothing to submit");
    let long = format!("evidence[uncategorized_text]={}&submit=false", "x".repeat(20_001));
    assert_eq!(answered(&caller, &id, &long).await.at("error.param"), "evidence[uncategorized_text]");
}

#[tokio::test]
async fn a_bank_warns_of_fraud_and_the_warning_ends_with_the_refund() {
    let caller = Caller::start().await;
    let merchant = Merchant::listening(&caller, 0).await;
    let paid = caller.paid_with("pm_card_createIssuerFraudRecord", "").await;
    let warned = merchant.told("radar.early_fraud_warning.created").await["data"]["object"].clone();
    let id = warned["id"].as_str().unwrap();
    assert_eq!(
        json!([warned["actionable"], warned["payment_intent"], warned["charge"], warned["fraud_type"]]),
        json!([true, paid.at("id"), paid.at("latest_charge"), "misc"])
    );
    let path = "/v1/radar/early_fraud_warnings";
    assert_eq!(caller.get(&format!("{path}/{id}")).await.json(), warned);
    let charge = paid.at("latest_charge").as_str().unwrap().to_owned();
    assert_eq!(caller.get(&format!("{path}?charge={charge}")).await.json()["data"], json!([warned]));
    assert_eq!(caller.get(&format!("{path}/issfr_none")).await.status, 404);
    caller.post("/v1/refunds", &format!("charge={charge}")).await;
    assert_eq!(caller.get(&format!("{path}/{id}")).await.at("actionable"), false);
    merchant.told("radar.early_fraud_warning.updated").await;
    let other = caller.paid_with("pm_card_visa", "").await;
    let body = json!({ "objectId": other.at("id"), "fraudType": "made_with_stolen_card" }).to_string();
    assert_eq!(caller.steer("POST", "/_sandbox/fraud_warnings", &body).await.at("fraud_type"), "made_with_stolen_card");
}

#[tokio::test]
async fn faults_keys_and_old_snapshots_work_on_disputes() {
    let caller = Caller::with(Config { settle_ms: 50, ..Config::default() }).await;
    let (_, id) = disputed(&caller, "pm_card_createDispute").await;
    let fault = |path: &str, fault: &str| json!({ "path": path, "transactionId": "pay_1", "fault": fault, "times": 1 });
    let path = format!("/v1/disputes/{id}");
    caller.break_stripe(fault("/v1/disputes/*", "reset_after")).await;
    let form = "evidence[customer_name]=Jo&submit=true";
    let headers = [("authorization", "Bearer sk_test_1"), ("idempotency-key", "submit")];
    assert!(caller.send("POST", &path, &headers, form).await.is_err(), "the answer is lost");
    let again = caller.post_with_key(&path, form, "submit").await;
    assert_eq!((again.at("status"), again.header("idempotent-replayed")), (json!("under_review"), Some("true")));
    caller.break_stripe(fault("/v1/disputes/*", "stale")).await;
    assert_eq!(shown(&caller, &id).await["status"], "needs_response");
    assert_eq!(shown(&caller, &id).await["status"], "under_review");
    caller.break_stripe(fault("/v1/disputes/*/close", "status")).await;
    assert_eq!(caller.post(&format!("{path}/close"), "").await.status, 500);
    let merchant = Merchant::listening(&caller, 0).await;
    let retold = json!({ "objectId": id, "changesBack": 1 }).to_string();
    caller.steer("POST", "/_sandbox/events", &retold).await;
    assert_eq!(merchant.told("charge.dispute.created").await["data"]["object"]["status"], "needs_response");
}
