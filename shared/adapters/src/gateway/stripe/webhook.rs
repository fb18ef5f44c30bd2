//! What Stripe tells us by itself: a signed event, checked over the raw bytes and read into the domain's words.
//!
//! 1. Size, 2. signature, 3. age, 4. only then the body.
//!
//! Must never: trust a byte before the signature holds, refuse an event only because it is new to us, or take from a
//! body more than its object and its cause: what it says about the payment's state is for the evidence rules to judge.

use std::time::Duration;

use domain::{
    gateway::Outcome,
    id::{TransactionId, gateway_key},
    payment::RefundEvidence,
    time::Timestamp,
};
use flow::operations::webhook::{GatewayEvent, News, Subject};
use serde::Deserialize;
use serde_json::Value;

use super::{
    dispute,
    object::{PaymentIntent, mode},
    refund::Refund,
    signature::Signature,
    warning,
    word::Word,
};
use crate::named::Named;

pub use crate::gateway::webhook::{Age, WebhookRefusal};

/// Stripe's events are a few kB; the largest that a Lambda function could be handed is 6 MB.
pub const BODY_MAX_BYTES: usize = 1 << 20;
/// How far the signature's time may lie from ours, before or after: Stripe's own figure.
const TOLERANCE: Duration = Duration::from_secs(300);
/// The longest key that Stripe takes.
const KEY_MAX_BYTES: usize = 255;

/// Checks and reads an event. `header` is `Stripe-Signature`, empty if there is none; `body` the bytes as they came.
///
/// # Errors
/// Why it was not taken.
pub fn verify<'s>(
    secrets: impl IntoIterator<Item = &'s str>,
    header: &str,
    body: &[u8],
    now: Timestamp,
    age: Age,
) -> Result<GatewayEvent, WebhookRefusal> {
    if body.len() > BODY_MAX_BYTES {
        return Err(WebhookRefusal::TooLarge);
    }
    let signature = Signature::parse(header).ok_or(WebhookRefusal::NoSignature)?;
    if !signature.holds(secrets, body) {
        return Err(WebhookRefusal::Forged);
    }
    if age == Age::Checked {
        if now.since(signature.signed_at) > TOLERANCE {
            return Err(WebhookRefusal::Stale);
        }
        // Stripe's own SDKs do not look this way; an event signed ahead would stay good for as long as somebody likes.
        if signature.signed_at.since(now) > TOLERANCE {
            return Err(WebhookRefusal::Future);
        }
    }
    let Named(event): Named<Event> = serde_json::from_slice(body).map_err(|_| WebhookRefusal::Unreadable)?;
    read(event, signature.signed_at)
}

/// An event. `object`, `type` and what they are about may be anything; the rest must be there.
#[derive(Deserialize)]
struct Event {
    id: String,
    object: Word,
    #[serde(rename = "type")]
    kind: Word,
    livemode: bool,
    #[serde(default)]
    created: Value,
    #[serde(default)]
    data: Value,
    #[serde(default)]
    request: Value,
}

fn read(mut event: Event, signed_at: Timestamp) -> Result<GatewayEvent, WebhookRefusal> {
    let created = event.created.as_i64().and_then(|seconds| seconds.checked_mul(1_000)).map(Timestamp::from_unix_ms);
    Ok(GatewayEvent {
        subject: subject(&mut event)?,
        // A name for the log and the timeline; nothing is decided by it.
        id: Word::of(&event.id).into_string(),
        // A thin event writes its time otherwise. The signature's is never later than a redelivery's.
        created_at: created.unwrap_or(signed_at),
        mode: mode(event.livemode),
    })
}

/// What it is about. A thin event (`v2.core.event`) carries no object, and we subscribe to none.
fn subject(event: &mut Event) -> Result<Subject, WebhookRefusal> {
    if event.object.as_str() != "event" {
        return Ok(Subject::Other);
    }
    let object = event.data.get_mut("object").map(Value::take).unwrap_or_default();
    match event.kind.as_str() {
        // That an object was created we know from its creation; a look at it for that would cost more than it tells.
        "payment_intent.created" => Ok(Subject::Other),
        kind if kind.starts_with("payment_intent.") => about_intent(kind, object, &event.request),
        // Each refund's own events; `charge.refund.updated` is the elder word for the second.
        "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => about_refund(object),
        "charge.refunded" => Ok(about_refunded_charge(&object, &event.request)),
        kind if kind.starts_with("charge.dispute.") => {
            dispute::named_by(&object).map(|id| Subject::Dispute { id }).ok_or(WebhookRefusal::Unreadable)
        }
        kind if kind.starts_with("radar.early_fraud_warning.") => {
            warning::named_by(&object).map(|id| Subject::Warning { id }).ok_or(WebhookRefusal::Unreadable)
        }
        _ => Ok(Subject::Other),
    }
}

fn about_intent(kind: &str, object: Value, request: &Value) -> Result<Subject, WebhookRefusal> {
    let intent = PaymentIntent::of(object).ok_or(WebhookRefusal::Unreadable)?;
    let Some(id) = intent.transaction_id().and_then(|id| TransactionId::parse(id).ok()) else {
        return Ok(Subject::Other);
    };
    let outcome = outcome(kind, &intent).ok_or(WebhookRefusal::Unreadable)?;
    Ok(Subject::Payment { id, news: News::Object { outcome, cause_key: cause_key(request) } })
}

/// A refund that we asked for bears the payment's id. One of the dashboard does not: its charge does. Whose it is is read before
/// anything else: what others refund on this account may have no PaymentIntent, and is not ours to refuse.
fn about_refund(object: Value) -> Result<Subject, WebhookRefusal> {
    let Some(id) = transaction_id(&object) else { return Ok(Subject::Other) };
    let snapshot = Refund::of(object).and_then(|refund| refund.snapshot()).ok_or(WebhookRefusal::Unreadable)?;
    Ok(Subject::Payment { id, news: News::Refund(RefundEvidence::Seen(vec![snapshot])) })
}

/// The charge says that it has refunds, and by whose wish it was made (Stripe copies the PaymentIntent's metadata), and
/// not which refunds those are. Of those that we asked for their own events tell.
fn about_refunded_charge(charge: &Value, request: &Value) -> Subject {
    match transaction_id(charge) {
        Some(id) if !cause_key(request).is_some_and(|key| gateway_key::is_refund_of(&key, &id)) => {
            Subject::Payment { id, news: News::Refund(RefundEvidence::Hinted) }
        }
        Some(_) | None => Subject::Other,
    }
}

/// The id of the payment, where we wrote it.
fn transaction_id(object: &Value) -> Option<TransactionId> {
    let id = object.pointer("/metadata/transaction_id").and_then(Value::as_str)?;
    TransactionId::parse(id).ok()
}

fn outcome(kind: &str, intent: &PaymentIntent) -> Option<Outcome> {
    let object = intent.snapshot()?;
    Some(match intent.last_payment_error() {
        Some(error) if kind == "payment_intent.payment_failed" => {
            Outcome::Declined { decline: error.decline(), object: Some(object) }
        }
        Some(_) | None => Outcome::Object(object),
    })
}

/// The idempotency key of the request that made Stripe send this.
fn cause_key(request: &Value) -> Option<String> {
    let key = request.get("idempotency_key")?.as_str()?;
    (key.len() <= KEY_MAX_BYTES).then(|| key.to_owned())
}

#[cfg(test)]
#[path = "webhook/tests.rs"]
mod tests;
