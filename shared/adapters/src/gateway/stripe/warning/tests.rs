//! Stripe's early fraud warnings, read.

use domain::gateway::Mode;
use serde_json::json;

use super::*;

const ID: &str = "pay_srgsc5zsbqycrakmfcc3opqd6l";

fn shown() -> Value {
    json!({
        "id": "issfr_1", "object": "radar.early_fraud_warning", "actionable": true, "charge": "ch_1",
        "created": 1_799_000_000, "fraud_type": "made_with_stolen_card", "livemode": false,
        "payment_intent": {"id": "pi_1", "object": "payment_intent", "metadata": {"transaction_id": ID}},
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut shown = shown();
    shown[name] = value;
    shown
}

fn response(status: u16, body: &Value) -> StripeResponse {
    StripeResponse { status, replayed: false, should_retry: None, body: body.to_string().into_bytes() }
}

fn outcome_of(body: &Value) -> Outcome {
    seen(Ok(response(200, body)))
}

fn link_of(body: &Value) -> Link {
    let Outcome::Warning(snapshot) = outcome_of(body) else { panic!("not read: {body}") };
    snapshot.link
}

#[test]
fn a_look_asks_for_the_warning_and_the_object_behind_it() {
    let request = look(&WarningId::parse("wrn_stripe_issfr_1").unwrap());
    assert_eq!(request.path, "/v1/radar/early_fraud_warnings/issfr_1?expand[]=payment_intent");
}

#[test]
fn a_warning_is_read_with_the_payment_behind_it() {
    let link = Link::Payment { id: TransactionId::parse(ID).unwrap(), object: GatewayToken::parse("pi_1").unwrap() };
    let known = Known {
        kind: Text::parse("made_with_stolen_card").unwrap(),
        is_actionable: true,
        warned_at: Timestamp::from_unix_ms(1_799_000_000_000),
    };
    let reference = GatewayToken::parse("issfr_1").unwrap();
    let snapshot = Snapshot { reference, mode: Mode::Test, link, known };
    assert_eq!(outcome_of(&shown()), Outcome::Warning(Box::new(snapshot)));
}

#[test]
fn whose_charge_it_is_is_never_guessed_at() {
    assert_eq!(link_of(&with("payment_intent", Value::Null)), Link::NotOurs);
    assert_eq!(link_of(&with("payment_intent", json!({"id": "pi_1", "metadata": {}}))), Link::NotOurs);
    let odd = json!({"id": "pi_1", "metadata": {"transaction_id": "order 7"}});
    assert_eq!(link_of(&with("payment_intent", odd)), Link::NotOurs);
    assert_eq!(link_of(&with("payment_intent", json!("pi_1"))), Link::Unknown, "not expanded");
}

#[test]
fn what_is_no_warning_is_not_read_as_one() {
    for body in [
        with("object", json!("dispute")),
        with("actionable", json!("yes")),
        with("fraud_type", Value::Null),
        with("fraud_type", json!("x".repeat(65))),
        with("created", json!(i64::MAX)),
        with("id", json!("")),
        with("payment_intent", json!({"id": 7, "metadata": {"transaction_id": ID}})),
        json!([]),
    ] {
        assert_eq!(outcome_of(&body), Outcome::Unknown(UnknownReason::Unreadable), "{body}");
    }
}

#[test]
fn a_warning_that_stripe_does_not_have_is_refused_and_silence_is_unknown() {
    let missing = json!({"error": {"type": "invalid_request_error", "code": "resource_missing", "message": "No such"}});
    assert_eq!(seen(Ok(response(404, &missing))), Outcome::Refused);
    assert_eq!(seen(Err(UnknownReason::Timeout)), Outcome::Unknown(UnknownReason::Timeout));
    assert!(matches!(seen(Ok(response(500, &json!({})))), Outcome::Unknown(_)));
}

#[test]
fn an_event_names_its_warning_and_nothing_else() {
    assert_eq!(named_by(&shown()), WarningId::parse("wrn_stripe_issfr_1").ok());
    assert_eq!(named_by(&with("object", json!("dispute"))), None);
    assert_eq!(named_by(&with("id", json!("issfr 1"))), None);
}
