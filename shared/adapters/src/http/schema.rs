//! The words that a field of ours may hold, and the shape of our ids, for the schema of what we answer and tell. The words come from the
//! types themselves where these can list them: a list that was written by hand would forget the next word. That the others are whole is
//! held by tests that make payments, disputes and events up (`event_json/tests.rs`).

use domain::dispute::{self, Stage};
use domain::payment::{ReviewReason, Status};
use domain::timeline::EventType;
use serde_json::{Value, json};

use super::problem::Refusal;

/// What RFC 3339 looks like in a schema.
pub(super) const MOMENT: &str = "date-time";
/// A payment's id.
pub const TRANSACTION_ID: &str = "^pay_[a-z2-7]{26}$";
/// A refund's id.
pub(super) const REFUND_ID: &str = "^ref_[a-z2-7]{26}$";
/// A dispute's id.
pub const DISPUTE_ID: &str = "^dsp_(stripe|paypal)_[A-Za-z0-9_-]{1,100}$";
/// A webhook endpoint's id.
pub const ENDPOINT_ID: &str = "^whe_[a-z2-7]{26}$";
/// A currency.
pub(super) const CURRENCY: &str = "^[A-Z]{3}$";

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

/// What is under way on a payment.
pub(super) fn acts() -> Value {
    json!(["capture", "cancel", "expiry", "give_up"])
}

/// How what is under way will end; null of a capture.
pub(super) fn ends() -> Value {
    json!(["canceled", "expired", "failed", null])
}

/// Why a client cancels.
pub(super) fn cancel_reasons() -> Value {
    json!(["duplicate", "fraudulent", "requested_by_customer", "abandoned", null])
}

/// Why a person must look.
pub(super) fn review_reasons() -> Value {
    json!(ReviewReason::ALL.map(ReviewReason::name))
}

/// How an attempt stands.
pub(super) fn attempt_statuses() -> Value {
    json!(["unanswered", "answered", "charged", "declined", "not_charged"])
}

/// Who made an attempt.
pub(super) fn attempt_sources() -> Value {
    json!(["api", "automatic", "gateway"])
}

/// What an attempt charges.
pub(super) fn methods() -> Value {
    json!(["payment_method", "confirmation_token", "approved", null])
}

/// Why a method is not tried again.
pub(super) fn reattempt_refusals() -> Value {
    json!(["declined_for_good", "payer_must_act", "limit_reached", "too_soon", null])
}

/// How a refund stands.
pub(super) fn refund_statuses() -> Value {
    json!(["pending", "succeeded", "failed", "canceled"])
}

/// Who made a refund.
pub(super) fn refund_sources() -> Value {
    json!(["api", "gateway", "automatic"])
}

/// Why it was made.
pub(super) fn refund_reasons() -> Value {
    json!(["duplicate", "fraudulent", "requested_by_customer", "late_success", null])
}

/// Whether the same method may work.
pub(super) fn decline_categories() -> Value {
    json!(["later", "later_few_times", "payer_must_act", "look_for_earlier", "never"])
}

/// What the card network advises.
pub(super) fn advices() -> Value {
    json!(["confirm_card_data", "do_not_try_again", "try_again_later", null])
}

/// How far a dispute has gone.
pub(super) fn stages() -> Value {
    json!(Stage::ALL.map(Stage::name))
}

/// The same, or null before anybody has looked.
pub(super) fn stages_or_null() -> Value {
    or_null(Stage::ALL.map(Stage::name))
}

/// Whose turn it is in a dispute, or how it ended.
pub(super) fn dispute_statuses() -> Value {
    json!(dispute::Status::ALL.map(dispute::Status::name))
}

/// The same, or null before anybody has looked.
pub(super) fn dispute_statuses_or_null() -> Value {
    or_null(dispute::Status::ALL.map(dispute::Status::name))
}

/// What the gateway takes of a dispute.
pub(super) fn dispute_actions() -> Value {
    json!({"type": "string", "enum": ["evidence", "appeal", "accept"]})
}

/// Why somebody disputes; null before anybody has looked.
pub(super) fn dispute_reasons() -> Value {
    or_null(dispute::Reason::ALL.map(dispute::Reason::name))
}

/// What is under way on a dispute.
pub(super) fn dispute_acts() -> Value {
    json!(["submit", "accept", null])
}

/// What can be asked for on a dispute.
pub(super) fn dispute_requests() -> Value {
    json!(["draft", "submit", "accept"])
}

/// What came of it.
pub(super) fn dispute_request_statuses() -> Value {
    json!(["pending", "done", "refused", "overtaken"])
}

/// Whether events are sent to an endpoint.
pub(super) fn endpoint_statuses() -> Value {
    json!(["enabled", "disabled"])
}

/// Why they are not.
pub(super) fn disable_reasons() -> Value {
    json!(["requested", "gone", null])
}

/// How far a delivery has come.
pub(super) fn delivery_statuses() -> Value {
    json!(["pending", "delivered", "exhausted", "skipped"])
}

/// Why it was skipped.
pub(super) fn skip_reasons() -> Value {
    json!(["endpoint_disabled", "endpoint_removed", "no_event", null])
}

/// What an event can be of.
#[must_use]
pub fn event_types() -> Value {
    json!(EventType::ALL.into_iter().filter(|kind| kind.is_announced()).map(EventType::name).collect::<Vec<_>>())
}

/// What any change can be of, also one that is announced to nobody.
pub(super) fn change_types() -> Value {
    json!(EventType::ALL.map(EventType::name))
}

/// Why a request is not done.
pub(super) fn problem_codes() -> Value {
    json!(Refusal::ALL.map(|refusal| refusal.row().code))
}

fn or_null<const N: usize>(words: [&'static str; N]) -> Value {
    json!(words.iter().copied().map(Some).chain([None]).collect::<Vec<_>>())
}
