//! What is answered when a request is not done: RFC 9457 problem documents, and the one table from reasons to status and code.
//!
//! Must never: bear a value that the client sent, or a word of what our own infrastructure said.

use std::borrow::Cow;

use domain::dispute::{self, Dispute};
use domain::id::AttemptNumber;
use domain::payment::{Payment, Rejection};
use flow::ports::Error;
use lambda_http::http::StatusCode;
use serde::Serialize;

use super::dispute_json::DisputeJson;
use super::payment_json::{DeclineJson, PaymentJson};

/// What is said of an attempt that did not charge although nobody declined it.
const NOT_CHARGED: &str =
    "The attempt did not charge the payer, and nobody declined it; confirm again with another Idempotency-Key";

/// Why a request is not done. Each reason is a row of [`Refusal::row`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The request is not understood.
    InvalidRequest,
    /// The header `Idempotency-Key` is not there.
    IdempotencyKeyMissing,
    /// Nobody we know.
    Unauthorized,
    /// The issuer said no.
    PaymentDeclined,
    /// The gateway will not take the money that it holds.
    CaptureRefused,
    /// The gateway did not give the money back.
    RefundFailed,
    /// Somebody we know who may not do this.
    Forbidden,
    /// The firewall takes the request for an attack. Only it answers this.
    RequestBlocked,
    /// There is no such thing, or it is somebody else's.
    NotFound,
    /// The payment stands where this cannot be done.
    InvalidState,
    /// Another request on the same payment is under way.
    InProgress,
    /// The governor of re-attempts says no.
    ReattemptRefused,
    /// The body is too large.
    BodyTooLarge,
    /// The body is not JSON by its own header.
    UnsupportedMediaType,
    /// The idempotency key was used with another request.
    IdempotencyKeyReused,
    /// Something looks like a card number.
    RawCardData,
    /// Something looks like a secret key, of the gateway or of this API.
    SecretInRequest,
    /// More than is held.
    AmountExceedsCapturable,
    /// More than is left to refund.
    AmountExceedsRefundable,
    /// A dispute holds the money.
    HeldByDispute,
    /// There is no evidence to submit.
    NothingToSubmit,
    /// There are as many webhook endpoints as there may be.
    TooManyEndpoints,
    /// Nothing is sent to a webhook endpoint that is disabled.
    EndpointDisabled,
    /// An amount that the gateway cannot express or does not take.
    AmountNotSupported,
    /// Less or more than the merchant asks for.
    AmountOutOfLimits,
    /// Not the payment's currency.
    CurrencyMismatch,
    /// The gateway will not have what was asked.
    GatewayRefused,
    /// Too many requests. Only API Gateway and the firewall answer this.
    RateLimited,
    /// The gateway does not answer, and nothing happened.
    GatewayUnavailable,
    /// Payments are paused by the merchant.
    Paused,
    /// Something of our own does not answer; repeating with the same key is safe.
    Unavailable,
    /// A fault of ours; repeating with the same key is safe.
    Internal,
}

/// What is answered for a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The HTTP status.
    pub status: StatusCode,
    /// The word that programs read.
    pub code: &'static str,
    /// Whether the very same request, with the same key, may succeed later.
    pub retryable: bool,
    /// After how many seconds that is worth trying.
    pub retry_after_seconds: Option<u32>,
    /// The sentence that people read.
    pub title: &'static str,
}

impl Refusal {
    /// Every reason, for tests and documents.
    pub const ALL: [Self; 32] = [
        Self::InvalidRequest,
        Self::IdempotencyKeyMissing,
        Self::Unauthorized,
        Self::PaymentDeclined,
        Self::CaptureRefused,
        Self::RefundFailed,
        Self::Forbidden,
        Self::RequestBlocked,
        Self::NotFound,
        Self::InvalidState,
        Self::InProgress,
        Self::ReattemptRefused,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::IdempotencyKeyReused,
        Self::RawCardData,
        Self::SecretInRequest,
        Self::AmountExceedsCapturable,
        Self::AmountExceedsRefundable,
        Self::HeldByDispute,
        Self::NothingToSubmit,
        Self::TooManyEndpoints,
        Self::EndpointDisabled,
        Self::AmountNotSupported,
        Self::AmountOutOfLimits,
        Self::CurrencyMismatch,
        Self::GatewayRefused,
        Self::RateLimited,
        Self::GatewayUnavailable,
        Self::Paused,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The table.
    #[must_use]
    pub const fn row(self) -> Row {
        let (status, code, retry_after_seconds, title) = match self {
            Self::InvalidRequest => (StatusCode::BAD_REQUEST, "invalid_request", None, "The request is not valid"),
            Self::IdempotencyKeyMissing => {
                (StatusCode::BAD_REQUEST, "idempotency_key_missing", None, "The header Idempotency-Key is required")
            }
            Self::Unauthorized => {
                (StatusCode::UNAUTHORIZED, "unauthorized", None, "The API key is missing or not valid")
            }
            Self::PaymentDeclined => {
                (StatusCode::PAYMENT_REQUIRED, "payment_declined", None, "The payment was declined")
            }
            Self::CaptureRefused => {
                (StatusCode::PAYMENT_REQUIRED, "capture_refused", None, "The gateway refused to capture the payment")
            }
            Self::RefundFailed => (StatusCode::PAYMENT_REQUIRED, "refund_failed", None, "The refund failed"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", None, "The API key may not do this"),
            Self::RequestBlocked => {
                (StatusCode::FORBIDDEN, "request_blocked", None, "The request was blocked by the firewall")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", None, "There is no such resource"),
            Self::InvalidState => {
                (StatusCode::CONFLICT, "invalid_state", None, "The payment's state does not allow this")
            }
            Self::InProgress => {
                (StatusCode::CONFLICT, "in_progress", Some(2), "Another request on this payment is under way")
            }
            Self::ReattemptRefused => (
                StatusCode::CONFLICT,
                "reattempt_refused",
                None,
                "The payment method was declined and is not tried again while its payer is away",
            ),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", None, "The body is too large"),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                None,
                "The body must be application/json",
            ),
            Self::IdempotencyKeyReused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                None,
                "The Idempotency-Key was used for another request",
            ),
            Self::RawCardData => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "raw_card_data",
                None,
                "Card numbers are not accepted; send a gateway's token",
            ),
            Self::SecretInRequest => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "secret_in_request",
                None,
                "Secret keys are not accepted anywhere but in the header Authorization",
            ),
            Self::AmountExceedsCapturable => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "amount_exceeds_capturable",
                None,
                "The amount is more than can be captured",
            ),
            Self::AmountExceedsRefundable => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "amount_exceeds_refundable",
                None,
                "The amount is more than can be refunded",
            ),
            Self::HeldByDispute => (StatusCode::CONFLICT, "held_by_dispute", None, "A dispute holds the money"),
            Self::NothingToSubmit => {
                (StatusCode::UNPROCESSABLE_ENTITY, "nothing_to_submit", None, "There is no evidence to submit")
            }
            Self::TooManyEndpoints => (
                StatusCode::CONFLICT,
                "too_many_endpoints",
                None,
                "There are as many enabled webhook endpoints as there may be",
            ),
            Self::EndpointDisabled => {
                (StatusCode::CONFLICT, "endpoint_disabled", None, "The webhook endpoint is disabled")
            }
            Self::AmountNotSupported => {
                (StatusCode::UNPROCESSABLE_ENTITY, "amount_not_supported", None, "The gateway cannot take this amount")
            }
            Self::AmountOutOfLimits => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "amount_out_of_limits",
                None,
                "The merchant does not ask for this amount",
            ),
            Self::CurrencyMismatch => {
                (StatusCode::UNPROCESSABLE_ENTITY, "currency_mismatch", None, "The payment is in another currency")
            }
            Self::GatewayRefused => {
                (StatusCode::UNPROCESSABLE_ENTITY, "gateway_refused", None, "The gateway does not accept this request")
            }
            Self::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "rate_limited", Some(1), "Too many requests"),
            Self::GatewayUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "gateway_unavailable",
                Some(5),
                "The gateway does not answer; nothing happened",
            ),
            Self::Paused => (StatusCode::SERVICE_UNAVAILABLE, "paused", Some(60), "Payments are paused"),
            Self::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", Some(2), "The service does not answer at the moment")
            }
            Self::Internal => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", Some(5), "Something went wrong on our side")
            }
        };
        // Whoever is told when to come back may come back.
        Row { status, code, retryable: retry_after_seconds.is_some(), retry_after_seconds, title }
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::InvalidState { .. }
            | Rejection::TooManyAttempts
            | Rejection::TooManyRefunds
            | Rejection::TimeIsOver
            | Rejection::UnderReview => Self::InvalidState,
            Rejection::InProgress => Self::InProgress,
            Rejection::ReattemptRefused(_) => Self::ReattemptRefused,
            Rejection::IdempotencyKeyReused => Self::IdempotencyKeyReused,
            Rejection::AmountExceedsCapturable => Self::AmountExceedsCapturable,
            Rejection::AmountExceedsRefundable => Self::AmountExceedsRefundable,
            Rejection::HeldByDispute => Self::HeldByDispute,
            Rejection::CurrencyMismatch => Self::CurrencyMismatch,
            Rejection::NoRedirects
            | Rejection::MethodMissing
            | Rejection::MethodNotTaken
            | Rejection::PayerMustBeThere => Self::InvalidRequest,
        }
    }
}

/// A fault of one part of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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

    /// The document.
    pub(crate) fn document(&self) -> impl Serialize {
        let row = self.refusal.row();
        ProblemJson {
            r#type: format!("urn:quittance:problem:{}", row.code),
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

#[derive(Serialize)]
struct ProblemJson<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    retryable: bool,
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<&'a PaymentJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dispute: Option<&'a DisputeJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decline: Option<&'a DeclineJson>,
}

/// `the payment is …` as a sentence of its own.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests;
