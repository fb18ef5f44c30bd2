//! Whatever comes from Stripe, or from somebody who says that he is Stripe: answers and webhooks that nobody foresaw.

use data_encoding::HEXLOWER_PERMISSIVE;
use domain::{
    gateway::{Hand, ObjectSnapshot, ObjectStatus, Outcome},
    id::AttemptNumber,
    payment::{AttemptSource, Event, Evidence, Judgement, Payment, PaymentState, Source, apply, judge},
    policy::Policy,
    schedule::Limits,
    time::{Now, Timestamp},
};
use flow::{
    operations::webhook::{News, Subject},
    ports::OpenOutcome,
};
use fuzz::{Target, fingerprint, head_and_body};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    fixtures::{TRANSACTION_ID, attempt, intent, payment, with},
    message::StripeResponse,
    open,
    reply::answer,
    signature,
    webhook::{Age, WebhookRefusal, verify},
};

const STATUSES: [&str; 8] = [
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "processing",
    "requires_capture",
    "succeeded",
    "canceled",
    "requires_patience",
];
const WORDS: [&str; 44] = [
    "id",
    "object",
    "payment_intent",
    "charge",
    "event",
    "livemode",
    "amount",
    "amount_received",
    "amount_capturable",
    "currency",
    "eur",
    "EUR",
    "isk",
    "status",
    "metadata",
    "transaction_id",
    "next_action",
    "redirect_to_url",
    "use_stripe_sdk",
    "url",
    "error",
    "type",
    "code",
    "decline_code",
    "card_error",
    "card_declined",
    "invalid_request_error",
    "idempotency_error",
    "idempotency_key_in_use",
    "api_error",
    "param",
    "payment_method",
    "payment_intent_unexpected_state",
    "last_payment_error",
    "client_secret",
    "request",
    "idempotency_key",
    "created",
    "data",
    "200",
    "402",
    "500 replayed",
    "400",
    "pi_2",
];
const NOW: i64 = 1_700_000_000;
const SECRET: &str = "whsec_test_secret";

#[test]
fn whatever_stripe_answers_money_is_taken_for_moved_only_where_its_object_says_so() {
    let errors = [
        json!({"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
            "payment_intent": intent("requires_payment_method")}),
        json!({"type": "invalid_request_error", "code": "payment_intent_unexpected_state",
            "payment_intent": intent("succeeded")}),
        json!({"type": "invalid_request_error", "code": "resource_missing", "param": "payment_method"}),
        json!({"type": "idempotency_error"}),
        json!({"type": "api_error"}),
    ];
    let objects = STATUSES.map(|status| format!("200\n{}", intent(status)));
    let errors = errors.iter().zip([402, 400, 404, 400, 500]).map(|(error, status)| {
        let error = json!({ "error": error });
        format!("{status}\n{error}")
    });
    Target::new("stripe-answer")
        .seeds(objects.into_iter().chain(errors).chain(["502\n<html>bad gateway</html>".to_owned()]))
        .words(WORDS)
        .inputs(4_000)
        .check(|input| {
            let (head, body) = head_and_body(input);
            let status = head.split(' ').next().and_then(|status| status.parse().ok()).unwrap_or(200);
            let replayed = head.ends_with(" replayed");
            let response = StripeResponse { status, replayed, should_retry: None, body: body.to_vec() };
            let Some(shown) = shown(body) else { return "nothing to compare with".to_owned() };
            opened_only_what_was_shown(&response, &shown);

            let answer = answer(Ok(response));
            assert_eq!(answer.hand, if replayed { Hand::Replayed } else { Hand::First });
            match &answer.outcome {
                Outcome::Object(object) => {
                    assert!((200..300).contains(&status), "{status} shows no object");
                    shows(&shown, object);
                }
                Outcome::Declined { object, .. } => {
                    assert!([400, 402, 404].contains(&status), "{status} declines nothing");
                    shows_beside(&shown["error"], object.as_ref());
                }
                Outcome::Refused { object, .. } => {
                    assert!([400, 404].contains(&status), "{status} refuses nothing");
                    shows_beside(&shown["error"], object.as_ref());
                }
                Outcome::Unknown(_) => {}
            }
            let told = judged(&answer.outcome, answer.hand, &shown);
            format!("{} {} {told}", status / 100, kind(&answer.outcome))
        });
}

#[test]
fn whatever_is_posted_to_the_webhook_only_what_stripe_signed_is_read_and_as_it_stands_there() {
    let event = |kind: &str, object: Value| {
        json!({"id": "evt_1", "object": "event", "type": kind, "livemode": false, "created": NOW, "data": {"object": object},
            "request": {"id": "req_1", "idempotency_key": format!("{TRANSACTION_ID}:confirm:1")}})
    };
    let failed = json!({"last_payment_error": {"type": "card_error", "code": "card_declined"}});
    let events = [
        event("payment_intent.succeeded", intent("succeeded")),
        event("payment_intent.canceled", intent("canceled")),
        event("payment_intent.amount_capturable_updated", intent("requires_capture")),
        event("payment_intent.payment_failed", with(intent("requires_payment_method"), failed)),
        event("charge.succeeded", json!({"object": "charge"})),
        json!({"id": "evt_2", "object": "v2.core.event", "type": "v1.billing", "livemode": false}),
    ];
    let signed = events.iter().map(|event| {
        let body = event.to_string();
        format!("{}\n{body}", signature::header(SECRET, NOW, body.as_bytes()))
    });
    Target::new("stripe-webhook").seeds(signed).words(WORDS).words(["t=", "v1=", "v0="]).inputs(3_000).check(|input| {
        let (header, body) = head_and_body(input);
        let now = Timestamp::from_unix_ms(NOW * 1_000);
        let check = |header: &str, body: &[u8]| verify([SECRET], header, body, now, Age::Checked);
        let as_sent = check(&header, body);
        if !matches!(as_sent, Err(refusal) if refusal != WebhookRefusal::Unreadable) {
            assert!(is_signed(&header, body), "what nobody has signed was read: {as_sent:?}");
        }

        // The same body, signed: what is told is what stands there, and not a byte of it can be changed any more.
        let header = signature::header(SECRET, NOW, body);
        let read = check(&header, body);
        match &read {
            Ok(event) => {
                let shown = fuzz::json(body).unwrap_or_default();
                if let (Subject::Payment { id, news: News::Object { outcome, .. } }, true) =
                    (&event.subject, shown.is_object())
                {
                    let object = &shown["data"]["object"];
                    assert!(shown["type"].as_str().is_some_and(|kind| kind.starts_with("payment_intent.")), "{shown}");
                    assert_eq!(object["metadata"]["transaction_id"], id.as_str(), "{shown}");
                    match outcome {
                        Outcome::Object(snapshot) => shows(object, snapshot),
                        Outcome::Declined { object: snapshot, .. } => {
                            assert_eq!(shown["type"], "payment_intent.payment_failed");
                            shows(object, snapshot.as_ref().expect("a decline of no object"));
                        }
                        Outcome::Refused { .. } | Outcome::Unknown(_) => panic!("an event told {outcome:?}"),
                    }
                }
            }
            Err(refusal) => assert_eq!(*refusal, WebhookRefusal::Unreadable),
        }
        let choice = usize::try_from(fingerprint(input) >> 8).unwrap();
        if !body.is_empty() {
            let mut forged = body.to_vec();
            let at = choice % forged.len();
            forged[at] ^= 1 << (choice % 8);
            assert_eq!(check(&header, &forged), Err(WebhookRefusal::Forged), "byte {at}");
        }
        // Each hex digit of the signature counts, and each digit of the time.
        let mut forged = header.clone().into_bytes();
        let (digits, signs) = (2..12, 16..80);
        let at = if choice.is_multiple_of(4) { digits.start + choice % 10 } else { signs.start + choice % 64 };
        forged[at] = if forged[at] == b'7' { b'3' } else { b'7' };
        let forged = String::from_utf8(forged).unwrap();
        assert_eq!(check(&forged, body), Err(WebhookRefusal::Forged), "{forged}");

        let name =
            |verdict: &Result<_, WebhookRefusal>| verdict.as_ref().map_or_else(|refusal| refusal.name(), |_| "read");
        let subject = read.as_ref().map_or("", |event| match &event.subject {
            Subject::Payment { news: News::Object { outcome, .. }, .. } => kind(outcome),
            Subject::Payment { news: News::Refund(_), .. } => "refund",
            Subject::Payment { news: News::Look { .. }, .. } => panic!("what Stripe signs is believed"),
            Subject::Dispute { .. } => "a dispute",
            Subject::Warning { .. } => "a warning",
            Subject::Other => "other",
        });
        format!("{} {} {subject}", name(&as_sent), name(&read))
    });
}

/// What is compared: nothing where there is no JSON at all.
fn shown(body: &[u8]) -> Option<Value> {
    let looks_like_json = body.trim_ascii_start().starts_with(b"{");
    fuzz::json(body).or_else(|| (!looks_like_json).then_some(Value::Null))
}

/// Whether the bytes say what the snapshot says: read by another parser, by what Stripe's documentation calls the fields.
fn shows(shown: &Value, object: &ObjectSnapshot) {
    assert!(shown.is_object(), "no object: {shown}");
    assert_eq!(shown["object"], "payment_intent", "{shown}");
    assert_eq!(shown["id"], object.reference.as_str(), "{shown}");
    assert_eq!(shown["livemode"], object.mode == domain::gateway::Mode::Live, "{shown}");
    let cents = |field: &str| shown[field].as_i64().expect("an amount that is not there");
    if let Some(currency) = object.currency {
        assert_eq!(shown["currency"].as_str().map(str::to_uppercase).as_deref(), Some(currency.code()), "{shown}");
        if currency.code() == "EUR" {
            assert_eq!(cents("amount"), object.amount_minor_units, "{shown}");
        }
    }
    let word = shown["status"].as_str().unwrap_or_default();
    let euros = object.currency.is_some_and(|currency| currency.code() == "EUR");
    match &object.status {
        ObjectStatus::Captured { received_minor_units } => {
            assert_eq!(word, "succeeded");
            assert!(!euros || cents("amount_received") == *received_minor_units, "{shown}");
        }
        ObjectStatus::Authorized { capturable_minor_units } => {
            assert_eq!(word, "requires_capture");
            assert!(!euros || cents("amount_capturable") == *capturable_minor_units, "{shown}");
        }
        ObjectStatus::Canceled => assert_eq!(word, "canceled"),
        ObjectStatus::Failed(_) => panic!("a PaymentIntent can always be confirmed anew: {shown}"),
        ObjectStatus::AwaitsMethod | ObjectStatus::AwaitsPayer(_) | ObjectStatus::Pending => {
            assert!(STATUSES.contains(&word), "{shown}");
        }
        ObjectStatus::Unrecognized(_) => {}
    }
}

fn shows_beside(error: &Value, object: Option<&ObjectSnapshot>) {
    assert!(error.is_object(), "there is no error: {error}");
    if let Some(object) = object {
        shows(&error["payment_intent"], object);
    }
}

fn opened_only_what_was_shown(response: &StripeResponse, shown: &Value) {
    let id = domain::id::TransactionId::parse(super::fixtures::TRANSACTION_ID).expect("an id");
    match open::outcome(Ok(response.clone()), &id) {
        OpenOutcome::Opened(opened) => shows(shown, &opened.snapshot),
        OpenOutcome::Refused { .. } => assert!([400, 402, 404].contains(&response.status), "{}", response.status),
        OpenOutcome::SavedFailure => assert!(response.replayed),
        OpenOutcome::KeyMismatch | OpenOutcome::Unknown(_) => {}
    }
}

/// What a payment whose confirm got this answer becomes. It succeeds only by its own object, for what was asked.
fn judged(outcome: &Outcome, hand: Hand, shown: &Value) -> &'static str {
    let now = Now { at: Timestamp::from_unix_ms(1_000), limits: Limits::STANDARD, policy: Policy::STANDARD, dice: 0 };
    let source = AttemptSource::Api {
        key: domain::id::IdempotencyKey::parse("order-1").unwrap(),
        request_hash: domain::id::RequestHash::of([]),
        instrument: domain::payment::Instrument::PaymentMethod(domain::text::GatewayToken::parse("pm_1").unwrap()),
        return_url: None,
        off_session: false,
        api_version: "v1".to_owned(),
    };
    let before = Payment {
        attempts: vec![attempt(source)],
        state: PaymentState::Processing(domain::payment::ProcessingReason::OutcomeUnknown),
        ..payment()
    };
    let evidence = Evidence { source: Source::Attempt(AttemptNumber::FIRST, hand), outcome: outcome.clone() };
    let mut after = before.clone();
    match judge(&before, &evidence, &now) {
        Judgement::Change(event) => changed(&mut after, &event),
        Judgement::Nothing | Judgement::Foreign { .. } => {}
    }
    if matches!(after.state, PaymentState::Succeeded { .. }) {
        let object = if shown["error"].is_null() { shown } else { &shown["error"]["payment_intent"] };
        for (field, value) in [
            ("id", json!("pi_1")),
            ("livemode", json!(false)),
            ("amount", json!(2_500)),
            ("status", json!("succeeded")),
        ] {
            assert_eq!(object[field], value, "{field} of {shown}");
        }
        assert!(object["currency"].as_str().is_some_and(|code| code.eq_ignore_ascii_case("eur")), "{shown}");
        assert!(object["amount_received"].as_i64().is_some_and(|received| (1..=2_500).contains(&received)), "{shown}");
    }
    after.state.name()
}

fn changed(payment: &mut Payment, event: &Event) {
    apply(payment, event);
}

const fn kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Object(object) => match &object.status {
            ObjectStatus::Captured { .. } => "captured",
            ObjectStatus::Authorized { .. } => "authorized",
            ObjectStatus::Canceled => "canceled",
            ObjectStatus::Failed(_) => "failed",
            ObjectStatus::AwaitsMethod => "awaits method",
            ObjectStatus::AwaitsPayer(_) => "awaits payer",
            ObjectStatus::Pending => "pending",
            ObjectStatus::Unrecognized(_) => "unrecognized",
        },
        Outcome::Declined { object: Some(_), .. } => "declined with object",
        Outcome::Declined { object: None, .. } => "declined",
        Outcome::Refused { object: Some(_), .. } => "refused with object",
        Outcome::Refused { object: None, .. } => "refused",
        Outcome::Unknown(reason) => reason.name(),
    }
}

/// HMAC-SHA256 as RFC 2104 spells it out, over any time in the header with any `v1` in it.
fn is_signed(header: &str, body: &[u8]) -> bool {
    let values = |scheme: &str| -> Vec<&str> {
        header.split(',').filter_map(|part| part.trim().strip_prefix(scheme)?.strip_prefix('=')).collect()
    };
    let key: Vec<u8> = SECRET.bytes().chain(std::iter::repeat(0)).take(64).collect();
    let padded = |pad: u8| key.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>();
    values("t").iter().any(|time| {
        let near = time.parse().is_ok_and(|time: i64| time.abs_diff(NOW) <= 300);
        let inner = Sha256::digest([&padded(0x36), time.as_bytes(), b".", body].concat());
        let outer = Sha256::digest([padded(0x5c), inner.to_vec()].concat());
        let matches =
            |hex: &&str| HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).is_ok_and(|theirs| theirs == outer.to_vec());
        near && values("v1").iter().any(matches)
    })
}
