//! An event as the merchant's systems get it: by webhook, on the bus, and from `GET /events`. The bytes are made once, when the event
//! is announced, and stored; whoever asks gets the same.
//!
//! Must never: hold what only the payer's browser may have (a client secret), what a merchant brings forward in a dispute (it is full of
//! names and addresses, and an event is kept for ever), or anything that the payment does not show anyway.

use domain::dispute::{Dispute, Papers};
use domain::payment::Payment;
use domain::timeline::{Entry, Image};
use schemars::JsonSchema;
use serde::Serialize;

use super::dispute_json::DisputeJson;
use super::payment_json::{PaymentJson, RefundJson};
use super::schema::event_types;
use crate::rfc3339;

/// An event.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Event")]
struct EventJson<'a> {
    /// Whatever is told again is told under the same id.
    id: &'a str,
    #[serde(rename = "type")]
    #[schemars(extend("enum" = event_types()))]
    event_type: &'static str,
    /// When it happened: RFC 3339, in UTC.
    timestamp: String,
    /// Of two events of one payment or dispute, the later one has more.
    sequence: u64,
    data: DataJson,
}

/// What it is about, as it stood after the change.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum DataJson {
    Refund {
        payment: Box<PaymentJson>,
        refund: RefundJson,
    },
    Payment {
        payment: Box<PaymentJson>,
    },
    Dispute {
        dispute: Box<DisputeJson>,
    },
    #[serde(rename_all = "camelCase")]
    Warning {
        warning_id: String,
        status: &'static str,
    },
}

/// What is told of a change: the row as it left it.
#[must_use]
pub fn body(entry: &Entry, image: &Image) -> Vec<u8> {
    let event = EventJson {
        id: entry.id.as_str(),
        event_type: entry.event_type.name(),
        timestamp: rfc3339::format(entry.at),
        sequence: entry.id.version(),
        data: DataJson::of(entry, image),
    };
    // Maps with text keys, numbers and texts: there is nothing in it that JSON could not say.
    serde_json::to_vec(&event).unwrap_or_default()
}

impl DataJson {
    fn of(entry: &Entry, image: &Image) -> Self {
        match image {
            Image::Payment(payment) => {
                let shown = Box::new(PaymentJson::from(&without_secrets(payment)));
                match entry.refund.as_ref().and_then(|id| payment.refund(id)) {
                    Some(refund) => Self::Refund { payment: shown, refund: RefundJson::from(refund) },
                    None => Self::Payment { payment: shown },
                }
            }
            Image::Dispute(dispute) => Self::Dispute { dispute: Box::new(DisputeJson::from(&without_papers(dispute))) },
            Image::Warning(warning) => {
                Self::Warning { warning_id: warning.id.as_str().to_owned(), status: warning.standing() }
            }
        }
    }
}

/// Whoever holds the client secret may act as the payer: it goes to whoever asked for the payment, and not to every endpoint.
fn without_secrets(payment: &Payment) -> Payment {
    Payment { client_secret: None, ..payment.clone() }
}

/// Whoever wants to read them asks for the dispute.
fn without_papers(dispute: &Dispute) -> Dispute {
    Dispute { papers: Papers::nothing(), ..dispute.clone() }
}

/// The schema of an event, as JSON Schema 2020-12.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(EventJson<'_>).to_value()
}

#[cfg(test)]
mod tests;
