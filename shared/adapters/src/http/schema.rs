//! The words that a field of ours may hold, for the schema of what we answer and tell. They come from the types themselves: a list that
//! was written by hand would forget the next word.

use domain::payment::Status;
use domain::timeline::EventType;
use serde_json::{Value, json};

/// Where a payment can stand.
pub(super) fn payment_statuses() -> Value {
    json!(Status::ALL.map(Status::name))
}

/// Why it is processing; null where it is not.
pub(super) fn processing_reasons() -> Value {
    json!(["gateway_pending", "outcome_unknown", "retry_scheduled", null])
}

/// Where it is paid.
pub(super) fn gateways() -> Value {
    json!(["stripe", "paypal"])
}

/// What an event can be of.
pub(super) fn event_types() -> Value {
    json!(EventType::ALL.into_iter().filter(|kind| kind.is_announced()).map(EventType::name).collect::<Vec<_>>())
}
