//! How a payment came to stand as it does, as clients see it: the answer to "why is it so?".

use domain::timeline::Entry;
use schemars::JsonSchema;
use serde::Serialize;

use super::schema::{MOMENT, change_types};
use crate::rfc3339;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TimelineEntry")]
pub(super) struct EntryJson {
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
