//! A payment's life at the simulated gateway, over HTTP: who may do what, when, and what it leaves in the ledger.

#![expect(clippy::indexing_slicing, clippy::panic, reason = "a helper of tests fails the test")]

mod caller;

use caller::{Caller, EURO_10};
use sandbox::Config;
use serde_json::{Value, json};

#[tokio::test]
async fn a_confirmed_payment_stands_in_the_ledger_once() {
    let caller = Caller::start().await;
    let paid = caller.paid_with("pm_card_visa", "&metadata[transaction_id]=pay_1").await;
    assert_eq!((paid.status, paid.at("status")), (200, json!("succeeded")));
    let ledger = caller.steer("GET", "/_sandbox/ledger", "").await.json();
    let row = json!({ "gateway": "stripe", "objectId": paid.at("id"), "transactionId": "pay_1", "amount": 1000,
                      "currency": "eur", "status": "succeeded" });
    assert_eq!(ledger, json!({ "charges": [row], "refunds": [], "disputes": [] }));
}

#[tokio::test]
async fn a_decline_is_a_402_and_leaves_no_money_behind() {
    let caller = Caller::start().await;
    let declined = caller.paid_with("pm_card_visa_chargeDeclinedLostCard", "").await;
    assert_eq!(declined.status, 402);
    assert_eq!(declined.at("error.decline_code"), "lost_card");
    assert_eq!(declined.at("error.payment_intent.status"), "requires_payment_method");
    assert!(caller.ledger_statuses().await.is_empty());
}

#[tokio::test]
async fn a_held_payment_is_authorized_then_captured_or_let_go() {
    let caller = Caller::start().await;
    let captured = caller.paid_with("pm_card_visa", "&capture_method=manual").await.at("id");
    assert_eq!(caller.ledger_statuses().await, ["authorized"]);
    let path = format!("/v1/payment_intents/{}", captured.as_str().unwrap());
    assert_eq!(
        caller.post(&format!("{path}/capture"), "amount_to_capture=1001").await.at("error.code"),
        "amount_too_large"
    );
    assert_eq!(caller.post(&format!("{path}/capture"), "amount_to_capture=600").await.at("amount_received"), 600);
    let released = caller.paid_with("pm_card_visa", "&capture_method=manual").await.at("id");
    let path = format!("/v1/payment_intents/{}", released.as_str().unwrap());
    assert_eq!(caller.post(&format!("{path}/cancel"), "").await.at("status"), "canceled");
    assert_eq!(caller.ledger_statuses().await, ["succeeded", "canceled"]);
    assert_eq!(caller.post(&format!("{path}/capture"), "").await.at("error.code"), "payment_intent_unexpected_state");
}

/// Since version 2025-03-31.basil; before that, Stripe made a refund of what was let go.
#[tokio::test]
async fn what_is_held_and_not_captured_is_let_go_without_a_refund() {
    let caller = Caller::start().await;
    let intent = caller.paid_with("pm_card_visa", "&capture_method=manual").await.at("id");
    let path = format!("/v1/payment_intents/{}", intent.as_str().unwrap());
    let captured = caller.post(&format!("{path}/capture"), "amount_to_capture=400").await;
    let charge = captured.at("latest_charge");
    let charge = caller.get(&format!("/v1/charges/{}", charge.as_str().unwrap())).await;
    assert_eq!((charge.at("amount"), charge.at("amount_captured")), (json!(1000), json!(400)));
    assert_eq!((charge.at("amount_refunded"), charge.at("refunded")), (json!(0), json!(false)));
    let refunds = caller.get(&format!("/v1/refunds?payment_intent={}", intent.as_str().unwrap())).await;
    assert_eq!(refunds.at("data"), json!([]));
}

#[tokio::test]
async fn a_browser_confirms_with_the_publishable_key_and_its_secret() {
    let caller = Caller::start().await;
    let (id, secret) = caller.opened().await;
    let confirm = format!("/v1/payment_intents/{id}/confirm");
    let form = |secret: &str| format!("key=pk_test_1&client_secret={secret}&payment_method=pm_card_visa");
    let stranger = caller.send("POST", &confirm, &[], &form("pi_other_secret_1")).await.unwrap();
    assert_eq!((stranger.status, stranger.at("error.code")), (400, json!("payment_intent_invalid_parameter")));
    let confirmed = caller.send("POST", &confirm, &[], &form(&secret)).await.unwrap();
    assert_eq!(confirmed.at("status"), "succeeded");
    let seen = caller
        .send("GET", &format!("/v1/payment_intents/{id}?key=pk_test_1&client_secret={secret}"), &[], "")
        .await
        .unwrap();
    assert_eq!(seen.at("status"), "succeeded");
}

#[tokio::test]
async fn a_browser_may_do_nothing_else() {
    let caller = Caller::start().await;
    let (id, secret) = caller.opened().await;
    for (method, path) in [
        ("POST", "/v1/payment_intents".to_owned()),
        ("POST", format!("/v1/payment_intents/{id}")),
        ("POST", format!("/v1/payment_intents/{id}/capture")),
        ("POST", format!("/v1/payment_intents/{id}/cancel")),
        ("POST", "/v1/refunds".to_owned()),
        ("GET", "/v1/charges".to_owned()),
    ] {
        let form = format!("key=pk_test_1&client_secret={secret}");
        let path = if method == "GET" { format!("{path}?{form}") } else { path };
        let refused = caller.send(method, &path, &[], &form).await.unwrap();
        assert_eq!((refused.status, refused.at("error.code")), (401, json!("secret_key_required")), "{method} {path}");
    }
}

#[tokio::test]
async fn the_payers_page_asks_escapes_and_sends_back() {
    let caller = Caller::start().await;
    let form = "amount=1000&currency=eur&confirm=true&payment_method=pm_card_threeDSecure2Required\
                &return_url=https://shop.example/&description=<script>alert(1)</script>";
    let asked = caller.post("/v1/payment_intents", form).await;
    let page = asked.at("next_action.redirect_to_url.url");
    let page = page.as_str().unwrap();
    let shown = caller.send("GET", page, &[], "").await.unwrap();
    assert!(shown.text.contains("&lt;script&gt;") && !shown.text.contains("<script>"));
    assert!(caller.ledger_statuses().await.is_empty(), "asking takes no money");
    assert_eq!(caller.send("POST", page, &[], "decision=maybe").await.unwrap().status, 422);
    let back = caller.send("POST", page, &[], "decision=approve").await.unwrap();
    assert_eq!(back.status, 303);
    assert!(back.header("location").unwrap().starts_with("https://shop.example/?payment_intent=pi_"));
    assert_eq!(caller.send("POST", page, &[], "decision=approve").await.unwrap().status, 404, "nobody decides twice");
    assert_eq!(caller.ledger_statuses().await, ["succeeded"]);
}

#[tokio::test]
async fn confirming_again_voids_the_page_of_the_first_challenge() {
    let caller = Caller::start().await;
    let asked = caller.paid_with("pm_card_threeDSecure2Required", "").await;
    assert_eq!(asked.at("next_action.type"), "use_stripe_sdk", "redirects are not allowed here");
    let page = asked.at("next_action.use_stripe_sdk.stripe_js");
    let path = format!("/v1/payment_intents/{}/confirm", asked.at("id").as_str().unwrap());
    assert_eq!(caller.post(&path, "payment_method=pm_card_visa").await.at("status"), "succeeded");
    assert_eq!(caller.send("POST", page.as_str().unwrap(), &[], "decision=approve").await.unwrap().status, 404);
    assert_eq!(caller.ledger_statuses().await, ["succeeded"]);
}

#[tokio::test]
async fn only_web_pages_are_return_urls() {
    let caller = Caller::start().await;
    for url in ["javascript:alert(1)", "ftp://a/b", "/back", "https:", "data:text/html,x"] {
        let refused = caller.paid_with("pm_card_visa", &format!("&return_url={url}")).await;
        assert_eq!((refused.status, refused.at("error.code")), (400, json!("url_invalid")), "{url}");
    }
}

#[tokio::test]
async fn redirects_need_a_way_back() {
    let caller = Caller::start().await;
    let form = "amount=1000&currency=eur&confirm=true&payment_method=pm_card_visa";
    let refused = caller.post("/v1/payment_intents", form).await;
    assert!(refused.status == 400 && refused.at("error.message").as_str().unwrap().contains("return_url"));
    assert_eq!(caller.post("/v1/payment_intents", &format!("{form}&return_url=https://a.example/")).await.status, 200);
}

#[tokio::test]
async fn a_bank_debit_is_decided_later_and_cannot_be_canceled_meanwhile() {
    let caller = Caller::start().await;
    let dollars = EURO_10.replace("eur", "usd");
    let pending = |method: &str| format!("{dollars}&confirm=true&payment_method={method}");
    let euros = caller.paid_with("pm_usBankAccount_success", "").await;
    assert_eq!(euros.at("error.code"), "payment_intent_incompatible_payment_method");
    let waiting = caller.post("/v1/payment_intents", &pending("pm_usBankAccount_processing")).await;
    assert_eq!(waiting.at("status"), "processing");
    let path = format!("/v1/payment_intents/{}", waiting.at("id").as_str().unwrap());
    assert_eq!(caller.post(&format!("{path}/cancel"), "").await.at("error.code"), "payment_intent_unexpected_state");
    assert_eq!(caller.ledger_statuses().await, ["pending"]);
    let bouncing = caller.post("/v1/payment_intents", &pending("pm_usBankAccount_insufficientFunds")).await;
    let bounced = until(&caller, bouncing.at("id"), "requires_payment_method").await;
    assert_eq!(bounced["last_payment_error"]["code"], "insufficient_funds");
    let paying = caller.post("/v1/payment_intents", &pending("pm_usBankAccount_success")).await;
    until(&caller, paying.at("id"), "succeeded").await;
    assert_eq!(caller.get(&path).await.at("status"), "processing", "this one waits for a test");
    assert_eq!(caller.ledger_statuses().await, ["pending", "failed", "succeeded"]);
}

#[tokio::test]
async fn refunds_of_the_two_fickle_cards_change_their_mind() {
    let caller = Caller::start().await;
    for (method, first, last) in
        [("pm_card_pendingRefund", "pending", "succeeded"), ("pm_card_refundFail", "succeeded", "failed")]
    {
        let paid = caller.paid_with(method, "").await.at("id");
        let refund = caller.post("/v1/refunds", &format!("payment_intent={}", paid.as_str().unwrap())).await;
        assert_eq!(refund.at("status"), first);
        let path = format!("/v1/refunds/{}", refund.at("id").as_str().unwrap());
        let mut tries = 0..200;
        while caller.get(&path).await.at("status") != last {
            assert!(tries.next().is_some(), "{method}: the refund never became {last}");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn a_withdrawn_or_misspelt_parameter_is_unknown() {
    let caller = Caller::start().await;
    let (id, _) = caller.opened().await;
    for path in [
        "/v1/payment_intents".to_owned(),
        format!("/v1/payment_intents/{id}"),
        format!("/v1/payment_intents/{id}/confirm"),
    ] {
        let refused = caller.post(&path, "payment_method_types[]=card").await;
        assert_eq!((refused.status, refused.at("error.code")), (400, json!("parameter_unknown")), "{path}");
    }
}

#[tokio::test]
async fn another_version_of_the_api_is_refused() {
    let caller = Caller::start().await;
    let headers = [("authorization", "Bearer sk_test_1"), ("stripe-version", "2020-08-27")];
    assert_eq!(caller.send("GET", "/v1/balance", &headers, "").await.unwrap().status, 400);
    let headers = [("authorization", "Bearer sk_test_1"), ("stripe-version", "2026-10-28.endive")];
    assert_eq!(caller.send("GET", "/v1/balance", &headers, "").await.unwrap().status, 200);
}

#[tokio::test]
async fn a_reset_forgets_payments_and_keeps_the_configuration() {
    let caller = Caller::with(Config { settle_ms: 7, ..Config::default() }).await;
    let (id, _) = caller.opened().await;
    caller.steer("POST", "/_sandbox/reset", "").await;
    assert_eq!(caller.get(&format!("/v1/payment_intents/{id}")).await.status, 404);
}

/// The intent, once it has this status.
async fn until(caller: &Caller, id: Value, status: &str) -> Value {
    for _ in 0..200 {
        let intent = caller.get(&format!("/v1/payment_intents/{}", id.as_str().unwrap_or_default())).await.json();
        if intent["status"] == status {
            return intent;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{id} never became {status}")
}
