//! What happens at the gateway without a request of ours: dashboards, payers, banks, second objects, and events about them.

mod caller;

use caller::{Answer, Caller, EURO_10, merchant::Merchant};
use serde_json::{Value, json};

const NOBODY: &str = r#"{"id":null,"idempotency_key":null}"#;

async fn happens(caller: &Caller, what: &str, body: Value) -> Answer {
    caller.steer("POST", &format!("/_sandbox/{what}"), &body.to_string()).await
}

#[tokio::test]
async fn a_person_at_the_dashboard_captures_a_part_and_refunds_and_webhooks_name_no_request() {
    let caller = Caller::start().await;
    let intent = caller.authorized("pay_1").await;
    let merchant = Merchant::listening(&caller, 0).await;
    let captured = happens(&caller, "dashboard/capture", json!({"transactionId": "pay_1", "amount": 700})).await;
    assert_eq!((captured.at("status"), captured.at("amount_received")), (json!("succeeded"), json!(700)));
    let refunded = happens(&caller, "dashboard/refund", json!({"objectId": intent, "amount": 200})).await;
    assert_eq!((refunded.at("status"), refunded.at("amount")), (json!("succeeded"), json!(200)));
    for kind in ["charge.captured", "payment_intent.succeeded", "charge.refunded", "refund.created"] {
        assert_eq!(merchant.told(kind).await["request"].to_string(), NOBODY, "{kind}");
    }
    let ledger = caller.steer("GET", "/_sandbox/ledger", "").await.json();
    assert_eq!((&ledger["charges"][0]["amount"], &ledger["refunds"][0]["amount"]), (&json!(700), &json!(200)));
}

#[tokio::test]
async fn a_person_at_the_dashboard_cancels_a_hold_and_cannot_cancel_twice() {
    let caller = Caller::start().await;
    caller.authorized("pay_1").await;
    let merchant = Merchant::listening(&caller, 0).await;
    let canceled = happens(&caller, "dashboard/cancel", json!({"transactionId": "pay_1"})).await;
    assert_eq!(canceled.at("status"), "canceled");
    assert_eq!(merchant.told("payment_intent.canceled").await["request"].to_string(), NOBODY);
    assert_eq!(caller.ledger_statuses().await, ["canceled"]);
    for what in ["dashboard/cancel", "dashboard/capture", "dashboard/refund", "lapse"] {
        let body = json!({"transactionId": "pay_1"}).to_string();
        let refused = caller.send("POST", &format!("/_sandbox/{what}"), &[], &body).await.unwrap();
        assert_eq!(refused.status, 400, "{what}: {}", refused.text);
    }
}

#[tokio::test]
async fn a_hold_that_nobody_captures_lapses_as_stripe_tells_it() {
    let caller = Caller::start().await;
    caller.authorized("pay_1").await;
    let merchant = Merchant::listening(&caller, 0).await;
    let lapsed = happens(&caller, "lapse", json!({"transactionId": "pay_1"})).await;
    assert_eq!((lapsed.at("status"), lapsed.at("cancellation_reason")), (json!("canceled"), json!("automatic")));
    let charge = &merchant.told("charge.expired").await["data"]["object"];
    assert_eq!((&charge["captured"], &charge["refunded"]), (&json!(false), &json!(true)));
    assert_eq!(merchant.told("payment_intent.canceled").await["data"]["object"]["amount_capturable"], 0);
    assert_eq!(caller.ledger_statuses().await, ["canceled"]);
}

#[tokio::test]
async fn a_payer_confirms_by_themselves_is_declined_and_authenticates() {
    let caller = Caller::start().await;
    let open = format!("{EURO_10}&metadata[transaction_id]=pay_1");
    caller.post("/v1/payment_intents", &open).await;
    let merchant = Merchant::listening(&caller, 0).await;
    let confirm = async |method: &str| {
        let body = json!({"transactionId": "pay_1", "paymentMethod": method}).to_string();
        caller.send("POST", "/_sandbox/payer/confirm", &[], &body).await.unwrap()
    };
    let declined = confirm("pm_card_chargeDeclined").await;
    assert_eq!((declined.status, declined.at("error.code")), (402, json!("card_declined")));
    assert_eq!(merchant.told("payment_intent.payment_failed").await["request"].to_string(), NOBODY);
    assert_eq!(confirm("pm_card_threeDSecure2Required").await.at("status"), "requires_action");
    let decided = happens(&caller, "payer/decide", json!({"transactionId": "pay_1", "decision": "approve"})).await;
    assert_eq!(decided.at("status"), "succeeded");
    assert_eq!(confirm("pm_card_visa").await.at("error.code"), "payment_intent_unexpected_state");
    assert_eq!(caller.ledger_statuses().await, ["succeeded"]);
}

#[tokio::test]
async fn a_second_object_bears_the_same_id_and_differs_in_what_was_asked_for() {
    let caller = Caller::start().await;
    caller.post("/v1/payment_intents", &format!("{EURO_10}&metadata[transaction_id]=pay_1")).await;
    let merchant = Merchant::listening(&caller, 0).await;
    for (money, status) in
        [("untouched", "requires_payment_method"), ("held", "requires_capture"), ("taken", "succeeded")]
    {
        let made = happens(&caller, "duplicates", json!({"transactionId": "pay_1", "money": money})).await;
        assert_eq!((made.at("status"), made.at("amount")), (json!(status), json!(1000)), "{money}");
        assert_eq!((made.at("metadata.transaction_id"), made.at("currency")), (json!("pay_1"), json!("eur")));
    }
    assert_eq!(caller.ledger_statuses().await, ["authorized", "succeeded"]);
    assert_eq!(merchant.told("payment_intent.succeeded").await["livemode"], false);
    let other = json!({"transactionId": "pay_9", "money": "taken", "amount": 5, "currency": "usd", "livemode": true});
    let made = happens(&caller, "duplicates", other).await;
    assert_eq!((made.at("amount"), made.at("currency"), made.at("livemode")), (json!(5), json!("usd"), json!(true)));
    let charges = caller.get(&format!("/v1/charges/{}", made.at("latest_charge").as_str().unwrap())).await;
    assert_eq!(charges.at("livemode"), true);
}

#[tokio::test]
async fn an_event_can_be_told_again_from_another_mode_from_the_past_and_for_any_key() {
    let caller = Caller::start().await;
    let form = format!("{EURO_10}&metadata[transaction_id]=pay_1");
    let id = caller.post("/v1/payment_intents", &form).await.at("id").as_str().unwrap().to_owned();
    caller.post(&format!("/v1/payment_intents/{id}/confirm"), "payment_method=pm_card_visa").await;
    let merchant = Merchant::listening(&caller, 0).await;
    happens(&caller, "events", json!({"transactionId": "pay_1", "livemode": true, "idempotencyKey": "k"})).await;
    let told = merchant.heard(1).await.remove(0);
    assert_eq!((&told["type"], &told["livemode"]), (&json!("payment_intent.succeeded"), &json!(true)));
    assert_eq!((&told["data"]["object"]["livemode"], &told["request"]["idempotency_key"]), (&json!(true), &json!("k")));
    happens(&caller, "events", json!({"objectId": id, "changesBack": 1})).await;
    let told = merchant.heard(2).await.remove(1);
    assert_eq!(told["data"]["object"]["status"], "requires_payment_method");
    happens(&caller, "events", json!({"objectId": id, "type": "payment_intent.canceled"})).await;
    assert_eq!(merchant.told("payment_intent.canceled").await["data"]["object"]["status"], "succeeded");
    assert_eq!(caller.get(&format!("/v1/payment_intents/{id}")).await.at("livemode"), false, "only the event lies");
}

#[tokio::test]
async fn keys_age_for_one_payment_one_object_or_one_key() {
    let caller = Caller::start().await;
    let replayed = async |path: &str, form: &str, key: &str| {
        let answer = caller.post_with_key(path, form, key).await;
        answer.header("idempotent-replayed").is_some()
    };
    let open = |id: &str| format!("{EURO_10}&metadata[transaction_id]={id}");
    let (one, two) = (caller.authorized("pay_1").await, caller.authorized("pay_2").await);
    let capture = |intent: &str| format!("/v1/payment_intents/{intent}/capture");
    let uses = [
        ("/v1/payment_intents".to_owned(), open("pay_1"), "a"),
        (capture(&one), String::new(), "b"),
        ("/v1/payment_methods".to_owned(), "type=card&card[token]=tok_visa".to_owned(), "pay_1:pm:1"),
        ("/v1/payment_intents".to_owned(), open("pay_2"), "c"),
        (capture(&two), String::new(), "d"),
    ];
    for (body, count, dead) in [
        (json!({"hours": 24, "transactionId": "pay_1"}), 3, vec!["a", "b", "pay_1:pm:1"]),
        (json!({"hours": 24, "objectId": two}), 1, vec!["d"]),
        (json!({"hours": 24, "key": "c"}), 1, vec!["c"]),
        (json!({"hours": 23, "transactionId": "pay_1"}), 3, vec![]),
        (json!({"hours": 24}), 5, vec!["a", "b", "c", "d", "pay_1:pm:1"]),
    ] {
        for (path, form, key) in &uses {
            caller.post_with_key(path, form, key).await;
        }
        assert_eq!(happens(&caller, "keys/age", body.clone()).await.at("aged"), count, "{body}");
        for (path, form, key) in &uses {
            assert_eq!(!replayed(path, form, key).await, dead.contains(key), "{body} {key}");
        }
    }
}

#[tokio::test]
async fn a_stale_answer_shows_the_object_as_it_was_and_changes_nothing() {
    let caller = Caller::start().await;
    let (id, _) = caller.opened().await;
    let path = format!("/v1/payment_intents/{id}");
    let stale = json!({"path": "/v1/**", "fault": "stale", "times": 1});
    caller.break_stripe(stale.clone()).await;
    assert_eq!(caller.get(&path).await.at("status"), "requires_payment_method");
    let spent = caller.steer("GET", "/_sandbox/faults", "").await.json();
    assert_eq!(spent["faults"][0]["struck"], 0, "what has no past cannot be shown as it was");

    let confirm = format!("{path}/confirm");
    let answer = caller.post_with_key(&confirm, "payment_method=pm_card_threeDSecure2Required", "k").await;
    assert_eq!(answer.at("status"), "requires_payment_method", "a first-hand answer from the past");
    let replay = caller.post_with_key(&confirm, "payment_method=pm_card_threeDSecure2Required", "k").await;
    assert_eq!(replay.at("status"), "requires_action", "what is saved is the truth");
    happens(&caller, "payer/decide", json!({"objectId": id, "decision": "approve"})).await;

    for (changes_back, status) in
        [(json!(1), "requires_action"), (json!(2), "requires_payment_method"), (json!(null), "requires_payment_method")]
    {
        let mut rule = stale.clone();
        rule["changesBack"] = changes_back;
        caller.break_stripe(rule).await;
        assert_eq!(caller.get(&format!("{path}?expand[]=latest_charge")).await.at("status"), status);
        assert_eq!(caller.get(&path).await.at("status"), "succeeded");
    }
}

#[tokio::test]
async fn what_names_no_object_or_two_is_refused() {
    let caller = Caller::start().await;
    for body in [json!({}), json!({"transactionId": "pay_0"}), json!({"objectId": "pi_0", "transactionId": "pay_0"})] {
        let refused = caller.send("POST", "/_sandbox/dashboard/cancel", &[], &body.to_string()).await.unwrap();
        assert_eq!(refused.status, 400, "{body}");
    }
    for body in [
        json!({"transactionId": "pay_0", "money": "taken"}),
        json!({"transactionId": "pay_0", "money": "taken", "amount": 0, "currency": "eur"}),
        json!({"transactionId": "pay_0", "money": "burnt", "amount": 1, "currency": "eur"}),
    ] {
        let refused = caller.send("POST", "/_sandbox/duplicates", &[], &body.to_string()).await.unwrap();
        assert_eq!(refused.status, 400, "{body}");
    }
}
