use domain::{
    gateway::{Mode, ObjectStatus, RefundStatus},
    text::GatewayToken,
};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::gateway::stripe::{
    fixtures::{TRANSACTION_ID, intent, with},
    signature,
};

const SECRET: &str = "whsec_test_secret";
const SIGNED_AT: i64 = 1_700_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_ms(seconds.saturating_mul(1_000))
}

fn event(kind: &str, object: Value) -> Value {
    json!({
        "id": "evt_1", "object": "event", "api_version": "2026-10-28.endive", "created": SIGNED_AT - 2, "livemode": false,
        "type": kind, "data": {"object": object}, "pending_webhooks": 1,
        "request": {"id": "req_1", "idempotency_key": format!("{TRANSACTION_ID}:confirm:1")},
    })
}

fn take_bytes(body: &[u8]) -> Result<GatewayEvent, WebhookRefusal> {
    let header = signature::header(SECRET, SIGNED_AT, body);
    verify([SECRET], &header, body, at(SIGNED_AT), Age::Checked)
}

fn take(event: &Value) -> Result<GatewayEvent, WebhookRefusal> {
    take_bytes(event.to_string().as_bytes())
}

fn payment_of(event: &Value) -> (TransactionId, Outcome, Option<String>) {
    let subject = take(event).unwrap().subject;
    let Subject::Payment { id, news: News::Object { outcome, cause_key } } = subject else {
        panic!("about no object of ours: {subject:?}")
    };
    (id, outcome, cause_key)
}

#[test]
fn a_payment_that_succeeded_is_told_with_its_object_its_id_and_its_cause() {
    let told = take(&event("payment_intent.succeeded", intent("succeeded"))).unwrap();
    assert_eq!((told.id.as_str(), told.created_at, told.mode), ("evt_1", at(SIGNED_AT - 2), Mode::Test));
    let Subject::Payment { id, news: News::Object { outcome: Outcome::Object(object), cause_key } } = told.subject
    else {
        panic!("no object")
    };
    assert_eq!(id.as_str(), TRANSACTION_ID);
    assert_eq!(object.reference, GatewayToken::parse("pi_1").unwrap());
    assert_eq!(object.status, ObjectStatus::Captured { received_minor_units: 2_500 });
    assert_eq!(cause_key.unwrap(), format!("{TRANSACTION_ID}:confirm:1"));
}

#[test]
fn a_failed_payment_is_told_with_its_decline() {
    let error =
        json!({"last_payment_error": {"type": "card_error", "code": "card_declined", "decline_code": "lost_card"}});
    let object = with(intent("requires_payment_method"), error);
    let (_, outcome, _) = payment_of(&event("payment_intent.payment_failed", object.clone()));
    let Outcome::Declined { decline, object: Some(shown) } = outcome else { panic!("not declined") };
    assert_eq!((decline.code, shown.status), ("lost_card", ObjectStatus::AwaitsMethod));
    // The error of an earlier try is no news in any other event.
    let (_, outcome, _) = payment_of(&event("payment_intent.requires_action", object));
    assert!(matches!(outcome, Outcome::Object(_)));
    let (_, outcome, _) = payment_of(&event("payment_intent.payment_failed", intent("requires_payment_method")));
    assert!(matches!(outcome, Outcome::Object(_)));
}

#[test]
fn a_payer_who_confirmed_by_himself_leaves_no_cause() {
    for request in
        [json!(null), json!({"id": null, "idempotency_key": null}), json!("req_1"), json!({"idempotency_key": 7})]
    {
        let told = with(event("payment_intent.succeeded", intent("succeeded")), json!({ "request": request }));
        assert_eq!(payment_of(&told).2, None, "{request}");
    }
}

#[test]
fn what_is_not_about_a_payment_of_ours_is_taken_and_left_aside() {
    let foreign =
        |metadata: Value| event("payment_intent.succeeded", with(intent("succeeded"), json!({ "metadata": metadata })));
    for told in [
        foreign(json!({})),
        foreign(json!(null)),
        foreign(json!({"transaction_id": "order-7"})),
        event("charge.succeeded", json!({"id": "ch_1", "object": "charge"})),
        event("payment_intent.created", with(intent("requires_payment_method"), json!({}))),
        event("brand.new", json!(null)),
        json!({"id": "evt_2", "object": "v2.core.event", "type": "v1.billing.meter.no_meter_found", "livemode": false,
            "created": "2026-11-23T10:00:00Z"}),
    ] {
        assert_eq!(take(&told).map(|told| told.subject), Ok(Subject::Other), "{told}");
    }
}

#[test]
fn the_other_mode_is_told() {
    let told = with(event("payment_intent.succeeded", intent("succeeded")), json!({"livemode": true}));
    assert_eq!(take(&told).unwrap().mode, Mode::Live);
}

#[test]
fn a_signed_body_that_is_no_event_is_not_read_as_one() {
    let broken = [
        json!({}),
        json!([]),
        json!({"id": "evt_1", "object": "event", "type": "payment_intent.succeeded"}),
        event("payment_intent.succeeded", json!(null)),
        event("payment_intent.succeeded", json!({"object": "payment_intent"})),
        event("payment_intent.succeeded", with(intent("succeeded"), json!({"amount_received": null}))),
    ];
    for told in broken {
        assert_eq!(take(&told), Err(WebhookRefusal::Unreadable), "{told}");
    }
    for body in [&b""[..], b"{", b"\xff\xfe", "[".repeat(100_000).as_bytes()] {
        assert_eq!(take_bytes(body), Err(WebhookRefusal::Unreadable));
    }
}

#[test]
fn an_event_is_good_for_five_minutes_either_way_and_a_recording_for_ever() {
    let body = event("payment_intent.succeeded", intent("succeeded")).to_string();
    let header = signature::header(SECRET, SIGNED_AT, body.as_bytes());
    let taken = |now, age| verify([SECRET], &header, body.as_bytes(), at(now), age).map(|_| ());
    for (offset, checked) in [
        (-301, Err(WebhookRefusal::Future)),
        (-300, Ok(())),
        (0, Ok(())),
        (300, Ok(())),
        (301, Err(WebhookRefusal::Stale)),
        (31_536_000, Err(WebhookRefusal::Stale)),
    ] {
        assert_eq!(taken(SIGNED_AT + offset, Age::Checked), checked, "{offset}");
        assert_eq!(taken(SIGNED_AT + offset, Age::Recorded), Ok(()), "{offset}");
    }
}

#[test]
fn a_recording_is_forged_like_any_other() {
    let body = event("payment_intent.succeeded", intent("succeeded")).to_string();
    let header = signature::header("whsec_other", SIGNED_AT, body.as_bytes());
    assert_eq!(verify([SECRET], &header, body.as_bytes(), at(0), Age::Recorded), Err(WebhookRefusal::Forged));
    assert_eq!(verify([SECRET], "", body.as_bytes(), at(0), Age::Recorded), Err(WebhookRefusal::NoSignature));
}

#[test]
fn a_flood_is_refused_before_it_is_hashed() {
    let flood = vec![b' '; BODY_MAX_BYTES + 1];
    assert_eq!(take_bytes(&flood), Err(WebhookRefusal::TooLarge));
}

proptest! {
    #[test]
    fn one_bit_of_the_body_breaks_the_signature(position in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut body = event("payment_intent.succeeded", intent("succeeded")).to_string().into_bytes();
        let header = signature::header(SECRET, SIGNED_AT, &body);
        let position = position.index(body.len());
        body[position] ^= 1 << bit;
        prop_assert_eq!(verify([SECRET], &header, &body, at(SIGNED_AT), Age::Checked), Err(WebhookRefusal::Forged));
    }

    #[test]
    fn one_bit_of_the_header_never_makes_another_event_pass(position in any::<prop::sample::Index>(), bit in 0..7_u32) {
        let body = event("payment_intent.succeeded", intent("succeeded")).to_string().into_bytes();
        let good = signature::header(SECRET, SIGNED_AT, &body);
        let mut header = good.clone().into_bytes();
        let position = position.index(header.len());
        header[position] ^= 1 << bit;
        let header = String::from_utf8(header).unwrap();
        // The case of a hex digit says nothing.
        prop_assume!(!header.eq_ignore_ascii_case(&good));
        prop_assert!(verify([SECRET], &header, &body, at(SIGNED_AT), Age::Checked).is_err());
    }

    #[test]
    fn nothing_anybody_sends_makes_us_fall_over(header in "\\PC{0,200}", body: Vec<u8>, now: i64) {
        let now = Timestamp::from_unix_ms(now);
        prop_assert!(verify([SECRET], &header, &body, now, Age::Checked).is_err());
        prop_assert_eq!(take_bytes(&body), Err(WebhookRefusal::Unreadable));
    }

    #[test]
    fn nothing_that_is_signed_makes_us_fall_over(kind in "[a-z_.]{0,40}", id in "\\PC{0,300}", word in "\\PC{0,300}") {
        let object = with(intent(&word), json!({"id": id, "currency": word, "metadata": {"transaction_id": id}}));
        for kind in [kind.as_str(), "payment_intent.succeeded", "payment_intent.payment_failed"] {
            let taken = take(&with(event(kind, object.clone()), json!({"id": id})));
            prop_assert!(matches!(taken, Ok(_) | Err(WebhookRefusal::Unreadable)), "{:?}", taken);
        }
    }
}

fn refund_object() -> Value {
    json!({"id": "re_1", "object": "refund", "amount": 500, "currency": "eur", "payment_intent": "pi_1",
        "status": "failed", "failure_reason": "declined", "metadata": {"transaction_id": TRANSACTION_ID}})
}

#[test]
fn a_refund_of_ours_is_told_with_what_became_of_it_whatever_its_event_is_called() {
    for kind in ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"] {
        let told = take(&event(kind, refund_object())).unwrap();
        let Subject::Payment { id, news: News::Refund(RefundEvidence::Seen(seen)) } = told.subject else {
            panic!("{kind}")
        };
        assert_eq!((id.as_str(), seen[0].reference.as_str()), (TRANSACTION_ID, "re_1"), "{kind}");
        assert_eq!(seen[0].status, RefundStatus::Failed { code: "declined".to_owned() }, "{kind}");
        let of_the_dashboard = with(refund_object(), json!({"metadata": {}}));
        assert_eq!(take(&event(kind, of_the_dashboard)).unwrap().subject, Subject::Other, "{kind}");
        let no_refund = json!({"object": "charge", "metadata": {"transaction_id": TRANSACTION_ID}});
        assert_eq!(take(&event(kind, no_refund)), Err(WebhookRefusal::Unreadable), "{kind}");
    }
}

#[test]
fn what_others_refund_without_a_payment_intent_is_left_aside_and_not_refused() {
    for kind in ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"] {
        for odd in [json!({"payment_intent": null}), json!({"payment_intent": null, "status": null})] {
            for metadata in [json!({}), json!(null), json!({"transaction_id": "order-7"})] {
                let others = with(with(refund_object(), odd.clone()), json!({ "metadata": metadata }));
                assert_eq!(
                    take(&event(kind, others)).map(|told| told.subject),
                    Ok(Subject::Other),
                    "{kind} {metadata}"
                );
            }
        }
        let ours = with(refund_object(), json!({"payment_intent": null}));
        assert_eq!(take(&event(kind, ours)), Err(WebhookRefusal::Unreadable), "{kind}: ours has one");
    }
}

#[test]
fn a_charge_that_was_refunded_by_somebody_else_asks_for_a_look_and_one_of_ours_for_nothing() {
    let charge = json!({"id": "ch_1", "object": "charge", "metadata": {"transaction_id": TRANSACTION_ID}});
    let subject_of = |charge: &Value, key: Value| {
        let request = json!({"request": {"id": "req_1", "idempotency_key": key}});
        take(&with(event("charge.refunded", charge.clone()), request)).unwrap().subject
    };
    let id = TransactionId::parse(TRANSACTION_ID).unwrap();
    let look = Subject::Payment { id, news: News::Refund(RefundEvidence::Hinted) };
    assert_eq!(subject_of(&charge, Value::Null), look);
    assert_eq!(subject_of(&charge, json!("somebody:else")), look);
    assert_eq!(subject_of(&charge, json!(format!("{TRANSACTION_ID}:refund:ref_1"))), Subject::Other);
    assert_eq!(subject_of(&with(charge, json!({"metadata": {}})), Value::Null), Subject::Other);
}

/// What an event of this kind is about, if it is about a payment of ours.
fn object_of(kind: &str) -> Value {
    match kind {
        "charge.refund.updated" => refund_object(),
        _ if kind.starts_with("refund.") => refund_object(),
        _ if kind.starts_with("charge.dispute.") => json!({"id": "du_1", "object": "dispute"}),
        _ if kind.starts_with("radar.") => json!({"id": "issfr_1", "object": "radar.early_fraud_warning"}),
        // Every other object of Stripe's may bear metadata as a PaymentIntent does.
        _ => intent("succeeded"),
    }
}

/// `cargo xtask register-webhooks` subscribes an endpoint to these.
#[test]
fn an_endpoint_is_subscribed_to_all_that_is_understood_and_to_nothing_else() {
    // Money of a bank transfer that came in part, which Quittance takes from nobody; and the elder word for `refund.updated`.
    const NOT_WANTED: [&str; 2] = ["payment_intent.partially_funded", "charge.refund.updated"];
    let stripes = include_str!("../../../../../../tools/sandbox/src/stripe/event_types.txt");
    let is_understood =
        |kind: &&str| take(&event(kind, object_of(kind))).is_ok_and(|told| told.subject != Subject::Other);
    let mut understood: Vec<&str> = stripes.lines().filter(is_understood).collect();
    understood.retain(|kind| !NOT_WANTED.contains(kind));
    let mut subscribed: Vec<&str> = include_str!("events.txt").lines().collect();
    subscribed.sort_unstable();
    assert_eq!(subscribed, understood);
}
