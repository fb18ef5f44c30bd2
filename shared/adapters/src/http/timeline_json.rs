//! How a payment came to stand as it does, as clients see it: the answer to "why is it so?".

use domain::payment::Payment;
use domain::timeline::Entry;
use flow::operations::status::Timeline;
use schemars::JsonSchema;
use serde::Serialize;

use super::payment_json::PaymentJson;
use super::schema::{MOMENT, change_types};
use crate::rfc3339;

/// A payment, and how it came to stand so.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymentWithTimeline")]
pub struct ExplainedJson {
    #[serde(flatten)]
    payment: PaymentJson,
    timeline: Vec<EntryJson>,
    /// False while how the payment stands now is not told.
    timeline_complete: bool,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TimelineEntry")]
struct EntryJson {
    event_id: String,
    /// The version that it made of the payment.
    sequence: u64,
    #[serde(rename = "type")]
    #[schemars(extend("enum" = change_types()))]
    event_type: &'static str,
    #[schemars(extend("format" = MOMENT))]
    at: String,
    /// How the payment stood afterwards.
    status: String,
    what: String,
    why: Option<String>,
    who: String,
    /// On what evidence; null of what somebody wanted.
    evidence: Option<String>,
    /// The gateway's name for the request of ours whose answer it was: its support asks for it.
    gateway_request_id: Option<String>,
    /// How many versions before it nobody can tell of.
    unrecorded: u64,
}

impl ExplainedJson {
    /// The payment, and its timeline.
    #[must_use]
    pub fn of(payment: &Payment, timeline: &Timeline) -> Self {
        Self {
            payment: PaymentJson::from(payment),
            timeline: timeline.entries.iter().map(EntryJson::from).collect(),
            timeline_complete: timeline.is_complete,
        }
    }
}

impl From<&Entry> for EntryJson {
    fn from(entry: &Entry) -> Self {
        Self {
            event_id: entry.id.as_str().to_owned(),
            sequence: entry.id.version(),
            event_type: entry.event_type.name(),
            at: rfc3339::format(entry.at),
            status: entry.status.clone(),
            what: entry.cause.what.clone(),
            why: entry.cause.why.clone(),
            who: entry.cause.who.clone(),
            evidence: entry.cause.evidence.clone(),
            gateway_request_id: entry.cause.request_id.clone(),
            unrecorded: entry.unrecorded,
        }
    }
}
