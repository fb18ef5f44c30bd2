//! An event as the merchant's systems get it: by webhook, on the bus, and from `GET /events`. The bytes are made once, when the event
//! is announced, and stored; whoever asks gets the same.
//!
//! Must never: hold what only the payer's browser may have (a client secret), what a merchant brings forward in a dispute (it is full of
//! names and addresses, and an event is kept for ever), or anything that the payment does not show anyway.

use domain::timeline::{Entry, Image};
use schemars::JsonSchema;
use serde::Serialize;

use super::dispute_json::DisputeJson;
use super::payment_json::{PaymentJson, RefundJson};
use super::schema::{MOMENT, event_types};
use crate::rfc3339;

/// An event.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Event")]
pub(super) struct EventJson<'a> {
    /// Whatever is told again is told under the same id.
    id: &'a str,
    #[serde(rename = "type")]
    #[schemars(extend("enum" = event_types()))]
    event_type: &'static str,
    /// When it happened: RFC 3339, in UTC.
    #[schemars(extend("format" = MOMENT))]
    timestamp: String,
    /// Of two events of one payment or dispute, the later one has more.
    sequence: u64,
    data: DataJson,
}

/// What it is about, as it stood after the change.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "EventData")]
enum DataJson {
    Refund {
        payment: Box<PaymentJson>,
        refunds: Vec<RefundJson>,
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
                let shown = Box::new(PaymentJson::of_an_event(payment));
                let refunds: Vec<RefundJson> =
                    entry.refunds.iter().filter_map(|id| payment.refund(id)).map(RefundJson::from).collect();
                if refunds.is_empty() {
                    Self::Payment { payment: shown }
                } else {
                    Self::Refund { payment: shown, refunds }
                }
            }
            Image::Dispute(dispute) => Self::Dispute { dispute: Box::new(DisputeJson::of_an_event(dispute)) },
            Image::Warning(warning) => {
                Self::Warning { warning_id: warning.id.as_str().to_owned(), status: warning.standing() }
            }
        }
    }
}

/// The schema of an event, as JSON Schema 2020-12.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(EventJson<'_>).to_value()
}

#[cfg(test)]
mod tests;
