//! Why a request is not done, and the one table from reasons to status and code.

use domain::payment::Rejection;
use lambda_http::http::StatusCode;

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
    /// Too many requests, as API Gateway and the firewall say; or too many declines.
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
