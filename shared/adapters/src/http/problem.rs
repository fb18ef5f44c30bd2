//! What is answered when a request is not done: RFC 9457 problem documents, each for a [`Refusal`].
//!
//! Must never: bear a value that the client sent, or a word of what our own infrastructure said.

mod refusal;
mod type_base;

use std::borrow::Cow;
use std::time::Duration;

use domain::dispute::{self, Dispute};
use domain::id::AttemptNumber;
use domain::payment::{Payment, Rejection};
use flow::ports::Error;
use lambda_http::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

pub use self::refusal::{Refusal, Row};
pub use self::type_base::TypeBase;
use super::dispute_json::DisputeJson;
use super::payment_json::{DeclineJson, PaymentJson};
use super::schema::problem_codes;

/// What is said of an attempt that did not charge although nobody declined it.
const NOT_CHARGED: &str =
    "The attempt did not charge the payer, and nobody declined it; confirm again with another Idempotency-Key";

/// A fault of one part of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldError {
    /// Where it stands: in the body (RFC 6901), or in the query (`?name`); empty for the body as a whole and for what
    /// is in neither.
    pub pointer: String,
    /// What is wrong with it, completing "`<pointer>` …".
    pub detail: Cow<'static, str>,
}

/// A request that is not done, and what the client is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    refusal: Refusal,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    payment: Option<Box<PaymentJson>>,
    dispute: Option<Box<DisputeJson>>,
    decline: Option<Box<DeclineJson>>,
    failure: Option<Error>,
    retry_after_seconds: Option<u32>,
}

impl Problem {
    /// A problem that says no more than its reason.
    #[must_use]
    pub const fn new(refusal: Refusal) -> Self {
        Self {
            refusal,
            detail: Cow::Borrowed(refusal.row().title),
            errors: Vec::new(),
            payment: None,
            dispute: None,
            decline: None,
            failure: None,
            retry_after_seconds: refusal.row().retry_after_seconds,
        }
    }

    /// A field that is not what it should be. The detail completes "`<pointer>` …".
    #[must_use]
    pub fn invalid_field(pointer: impl Into<String>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Refusal::InvalidRequest)
            .with_errors(vec![FieldError { pointer: pointer.into(), detail: detail.into() }])
    }

    /// A refusal by the rules of a payment; the payment as it stands is shown with every 409.
    #[must_use]
    pub fn rejected(rejection: Rejection, payment: &Payment) -> Self {
        let mut problem = Self::new(Refusal::from(rejection)).with_detail(sentence(&rejection.to_string()));
        let at_fault = match rejection {
            Rejection::NoRedirects => Some(("/returnUrl", "is given, but the payment was opened without one")),
            Rejection::MethodMissing => Some(("/paymentMethod", "or `/confirmationToken` must be given")),
            Rejection::MethodNotTaken => {
                Some(("/paymentMethod", "must not be given: what is charged is what the payer approved at the gateway"))
            }
            Rejection::PayerMustBeThere => Some(("/offSession", "must not be true at this gateway")),
            Rejection::ReattemptRefused(refusal) => Some(("/paymentMethod", refusal.sentence())),
            Rejection::AmountExceedsCapturable => Some(("/amount", "is more than what is held")),
            Rejection::AmountExceedsRefundable => Some(("/amount", "is more than what is left to refund")),
            Rejection::InvalidState { .. }
            | Rejection::InProgress
            | Rejection::HeldByDispute
            | Rejection::IdempotencyKeyReused
            | Rejection::CurrencyMismatch
            | Rejection::TooManyAttempts
            | Rejection::TooManyRefunds
            | Rejection::UnderReview
            | Rejection::TimeIsOver => None,
        };
        problem.errors.extend(
            at_fault.map(|(pointer, detail)| FieldError { pointer: pointer.to_owned(), detail: detail.into() }),
        );
        if problem.refusal.row().status == StatusCode::CONFLICT {
            problem.payment = Some(Box::new(PaymentJson::from(payment)));
        }
        problem
    }

    /// A refusal by the rules of a dispute; the dispute as it stands is shown with every 409.
    #[must_use]
    pub fn dispute_rejected(rejection: dispute::Rejection, dispute: &Dispute) -> Self {
        let mut problem = Self::new(Refusal::from(rejection)).with_detail(sentence(&rejection.to_string()));
        if problem.refusal.row().status == StatusCode::CONFLICT {
            problem.dispute = Some(Box::new(DisputeJson::from(dispute)));
        }
        problem
    }

    /// A dispute whose gateway refused what the merchant answered, with this code of its own.
    #[must_use]
    pub fn answer_refused(dispute: &Dispute, code: &str) -> Self {
        let mut problem = Self::new(Refusal::GatewayRefused).with_gateways_refusal("", code);
        problem.dispute = Some(Box::new(DisputeJson::from(dispute)));
        problem
    }

    /// A payment whose attempt `number` did not charge.
    #[must_use]
    pub fn declined(payment: &Payment, number: AttemptNumber) -> Self {
        let payment = PaymentJson::from(payment);
        let decline = payment.decline_of(number).cloned();
        let detail = decline.as_ref().map_or(NOT_CHARGED, |decline| decline.payer_message);
        let mut problem = Self::new(Refusal::PaymentDeclined).with_detail(detail);
        problem.decline = decline.map(Box::new);
        problem.payment = Some(Box::new(payment));
        problem
    }

    /// A payment whose capture the gateway refused, with this code of its own.
    #[must_use]
    pub fn capture_refused(payment: &Payment, code: &str) -> Self {
        let mut problem = Self::new(Refusal::CaptureRefused).with_gateways_refusal("", code);
        problem.payment = Some(Box::new(PaymentJson::from(payment)));
        problem
    }

    /// A payment whose refund failed, with the gateway's code for it.
    #[must_use]
    pub fn refund_failed(payment: &Payment, code: &str) -> Self {
        let mut problem = Self::new(Refusal::RefundFailed).with_gateways_refusal("", code);
        problem.payment = Some(Box::new(PaymentJson::from(payment)));
        problem
    }

    /// A payment that came to another end than the client asked for.
    #[must_use]
    pub fn overtaken(payment: &Payment) -> Self {
        Self::rejected(Rejection::InvalidState { state: payment.state.name() }, payment)
    }

    /// The same problem with the gateway's own code for it, about the field at `pointer`.
    #[must_use]
    pub(super) fn with_gateways_refusal(self, pointer: &str, code: &str) -> Self {
        let detail = format!("was refused by the gateway: {code}").into();
        self.with_errors(vec![FieldError { pointer: pointer.to_owned(), detail }])
    }

    /// The same problem, because of something outside that failed us. That is for the log; the client is not told.
    #[must_use]
    pub(super) fn because_of(mut self, failure: &Error) -> Self {
        self.failure = Some(failure.clone());
        self
    }

    /// The same problem, which is over after this time and not when such a problem is as a rule.
    #[must_use]
    pub(super) fn over_after(mut self, wait: Duration) -> Self {
        // A part of a second is a second: whoever comes sooner comes in vain.
        let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
        self.retry_after_seconds = Some(u32::try_from(seconds).unwrap_or(u32::MAX));
        self
    }

    /// After how many seconds the same request is worth trying.
    #[must_use]
    pub(super) const fn retry_after_seconds(&self) -> Option<u32> {
        self.retry_after_seconds
    }

    /// What failed us, for the log.
    #[must_use]
    pub(super) const fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// The same problem in other words.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The same problem with the faults of single fields.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    /// Why.
    #[must_use]
    pub const fn refusal(&self) -> Refusal {
        self.refusal
    }

    /// The document, whose `type` begins with this.
    pub(crate) fn document(&self, type_base: TypeBase<'_>) -> impl Serialize {
        let row = self.refusal.row();
        ProblemJson {
            r#type: type_base.of(row.code),
            title: row.title,
            status: row.status.as_u16(),
            detail: &self.detail,
            code: row.code,
            retryable: row.retryable,
            errors: &self.errors,
            payment: self.payment.as_deref(),
            dispute: self.dispute.as_deref(),
            decline: self.decline.as_deref(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal)
    }
}

/// Why a request was not done, as RFC 9457 has it. Decide on `code`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct ProblemJson<'a> {
    /// A link to where the code is explained, or its name (`urn:quittance:problem:<code>`) where the stack's parameter `ProblemTypeBase` does
    /// not say where that is. It may change; the code does not.
    #[schemars(extend("format" = "uri-reference"))]
    r#type: String,
    title: &'static str,
    /// The HTTP status.
    status: u16,
    detail: &'a str,
    /// The word that programs read.
    #[schemars(extend("enum" = problem_codes()))]
    code: &'static str,
    /// Whether the very same request, with the same key, may succeed after `Retry-After`.
    retryable: bool,
    /// What is wrong with which part of the request.
    errors: &'a [FieldError],
    /// The payment as it stands: with every 402, and with every 409 about a payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PaymentJson")]
    payment: Option<&'a PaymentJson>,
    /// The dispute as it stands: with every 409 about a dispute, and where its gateway refused an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DisputeJson")]
    dispute: Option<&'a DisputeJson>,
    /// Why the payment was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DeclineJson")]
    decline: Option<&'a DeclineJson>,
}

/// `the payment is …` as a sentence of its own.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests;
