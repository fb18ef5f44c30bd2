//! What somebody wants done with a payment, and why it may be refused.

use super::{CancelReason, Instrument, ReattemptRefusal, RefundReason};
use crate::{
    id::{IdempotencyKey, RefundId, RequestHash},
    money::Money,
    text::WebUrl,
};

/// What somebody wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Try to charge.
    Confirm(ConfirmRequest),
    /// Take money that is held.
    Capture(CaptureRequest),
    /// Cancel.
    Cancel(CancelRequest),
    /// Give money back.
    Refund(RefundRequest),
    /// End a payment whose time is over. Ours, not a client's.
    Expire,
    /// Try a scheduled charge again. Ours, not a client's.
    Reattempt,
    /// Charge what its payer has approved. Ours, not a client's.
    ConfirmApproved,
    /// Take the row to look at it. Ours, not a client's.
    Claim,
}

/// A client's wish to charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmRequest {
    /// The client's key.
    pub key: IdempotencyKey,
    /// The hash of its request.
    pub request_hash: RequestHash,
    /// What to charge.
    pub instrument: Instrument,
    /// Where the payer goes after a redirect.
    pub return_url: Option<WebUrl>,
    /// Whether the payer is away.
    pub off_session: bool,
    /// The version of the gateway's API that the request is written for.
    pub api_version: String,
}

/// A client's wish to take money that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureRequest {
    /// The client's key.
    pub key: IdempotencyKey,
    /// The hash of its request.
    pub request_hash: RequestHash,
    /// How much; all of it if none is named.
    pub amount: Option<Money>,
}

/// A client's wish to cancel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelRequest {
    /// The client's key.
    pub key: IdempotencyKey,
    /// The hash of its request.
    pub request_hash: RequestHash,
    /// Why, if it says so.
    pub reason: Option<CancelReason>,
}

/// A client's wish to give money back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// The id that the refund gets.
    pub id: RefundId,
    /// The client's key.
    pub key: IdempotencyKey,
    /// The hash of its request.
    pub request_hash: RequestHash,
    /// How much; all that is left if none is named.
    pub amount: Option<Money>,
    /// Why, if it says so.
    pub reason: Option<RefundReason>,
}

/// Why a command was refused. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Rejection {
    /// The payment stands where this cannot be done.
    #[error("the payment is {state}, where this cannot be done")]
    InvalidState {
        /// Where it stands.
        state: &'static str,
    },
    /// Another request is under way.
    #[error("another request on this payment is still under way")]
    InProgress,
    /// The key was used with another request.
    #[error("this Idempotency-Key was used before with another request body")]
    IdempotencyKeyReused,
    /// More than is held.
    #[error("the amount exceeds what can be captured")]
    AmountExceedsCapturable,
    /// More than is left of what was captured.
    #[error("the amount exceeds what can be refunded")]
    AmountExceedsRefundable,
    /// More than the disputes of the payment leave of it.
    #[error("a dispute holds the money: the amount exceeds what is left beside it")]
    HeldByDispute,
    /// In another currency.
    #[error("the payment is in another currency")]
    CurrencyMismatch,
    /// As often as a row records.
    #[error("the payment has had as many attempts as it may")]
    TooManyAttempts,
    /// As often as a row records.
    #[error("the payment has had as many refunds as it may")]
    TooManyRefunds,
    /// The gateway's object is not what the row says.
    #[error("a person must look at this payment first")]
    UnderReview,
    /// The object was opened for a payer who goes nowhere else.
    #[error("the payment was opened without a returnUrl and allows no redirects")]
    NoRedirects,
    /// Its time is over.
    #[error("the time to pay is over")]
    TimeIsOver,
    /// Nothing was named that could be charged.
    #[error("the payment needs a payment method or a confirmation token")]
    MethodMissing,
    /// Its payer approves it at the gateway, and what is charged is what they approved.
    #[error("the payment is charged as its payer approves it at the gateway")]
    MethodNotTaken,
    /// The method was declined, its payer is away, and the governor says no.
    #[error("the payment method {}, and its payer is away", .0.sentence())]
    ReattemptRefused(ReattemptRefusal),
    /// Only a payer who is there can approve.
    #[error("the payment needs its payer to be there")]
    PayerMustBeThere,
}
