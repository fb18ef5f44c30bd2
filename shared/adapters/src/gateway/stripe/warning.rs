//! Stripe's early fraud warnings (Radar): a look at one with the PaymentIntent behind it.
//!
//! A warning bears no id of ours. Its PaymentIntent does, so a look asks for both at once (`expand`).

use domain::{
    gateway::UnknownReason,
    id::TransactionId,
    text::{GatewayToken, Text},
    time::Timestamp,
    warning::{Known, Link, Outcome, Snapshot, WarningId},
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    message::{StripeRequest, StripeResponse},
    object::mode,
    reply::{Called, understood_refusal},
};
use crate::named::Named;

/// The request for a look.
pub(super) fn look(id: &WarningId) -> StripeRequest {
    StripeRequest::get(format!("/v1/radar/early_fraud_warnings/{}?expand[]=payment_intent", id.reference()))
}

/// What a look showed.
pub(super) fn seen(called: Called) -> Outcome {
    match called {
        Ok(response) => outcome(&response),
        Err(reason) => Outcome::Unknown(reason),
    }
}

/// The warning that an event is about. What the event says of it is old by the time that we read it; a look is not.
pub(super) fn named_by(object: &Value) -> Option<WarningId> {
    let is_warning = object.get("object").and_then(Value::as_str) == Some("radar.early_fraud_warning");
    let id = object.get("id").and_then(Value::as_str).filter(|_| is_warning)?;
    WarningId::of(&GatewayToken::parse(id).ok()?).ok()
}

fn outcome(response: &StripeResponse) -> Outcome {
    if let 200..=299 = response.status {
        let shown = serde_json::from_slice(&response.body).ok().and_then(|Named(shown): Named<Shown>| shown.snapshot());
        return shown.map_or(Outcome::Unknown(UnknownReason::Unreadable), |shown| Outcome::Warning(Box::new(shown)));
    }
    match understood_refusal(response) {
        Ok(_) => Outcome::Refused,
        Err(reason) => Outcome::Unknown(reason),
    }
}

/// A warning of Stripe's, as far as Quittance reads it.
#[derive(Deserialize)]
struct Shown {
    #[serde(rename = "object")]
    _kind: Kind,
    id: String,
    livemode: bool,
    actionable: bool,
    fraud_type: String,
    created: i64,
    #[serde(default)]
    payment_intent: Value,
}

/// The object's own word for what it is. Anything but a warning is not read as one.
#[derive(Deserialize)]
enum Kind {
    #[serde(rename = "radar.early_fraud_warning")]
    Warning,
}

impl Shown {
    fn snapshot(&self) -> Option<Snapshot> {
        Some(Snapshot {
            reference: GatewayToken::parse(&self.id).ok()?,
            mode: mode(self.livemode),
            link: link(&self.payment_intent)?,
            known: Known {
                kind: Text::parse(&self.fraud_type).ok()?,
                is_actionable: self.actionable,
                warned_at: Timestamp::from_unix_ms(self.created.checked_mul(1_000)?),
            },
        })
    }
}

/// Whose charge it is: the PaymentIntent's metadata tell, if Stripe shows them. A charge without a PaymentIntent is of an
/// integration that is not ours.
fn link(intent: &Value) -> Option<Link> {
    match intent {
        Value::Null => Some(Link::NotOurs),
        Value::Object(_) => {
            let id = intent.pointer("/metadata/transaction_id").and_then(Value::as_str);
            let Some(id) = id.and_then(|id| TransactionId::parse(id).ok()) else { return Some(Link::NotOurs) };
            let object = GatewayToken::parse(intent.get("id")?.as_str()?).ok()?;
            Some(Link::Payment { id, object })
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Some(Link::Unknown),
    }
}

#[cfg(test)]
mod tests;
