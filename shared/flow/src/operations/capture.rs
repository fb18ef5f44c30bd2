//! `capture`: takes money that is held, all of it or less, once; the gateway lets go of the rest. One read, two writes,
//! one gateway call; what a crash leaves after each is in [`crate::steps`].
//!
//! Must never: ask for a second capture while nobody knows what became of the first.

use domain::{
    id::{IdempotencyKey, RequestHash, TransactionId},
    money::{Money, MoneyError},
    payment::{CaptureRequest, Command},
};

use crate::{
    ports::{Actor, AmountRefusal, Error, Gateway, Host, LoadPayment, Nudge, ReplacePayment},
    steps::{RequestError, Requested, Taken, act, load, nudge_if_in_doubt, take},
};

/// What a client asks for. It names no currency: that is the payment's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The client's key.
    pub key: IdempotencyKey,
    /// The hash of its request.
    pub request_hash: RequestHash,
    /// How much; all of it if none is named.
    pub minor_units: Option<i64>,
}

/// Why nothing was captured.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// It is no amount of money.
    #[error("is no amount")]
    NotAnAmount(#[from] MoneyError),
    /// The gateway cannot express the amount.
    #[error("amount refused")]
    AmountRefused(AmountRefusal),
    /// As for every request on a payment.
    #[error("not requested")]
    NotRequested(#[from] RequestError),
}

impl From<Error> for CaptureError {
    fn from(error: Error) -> Self {
        Self::NotRequested(RequestError::Failed(error))
    }
}

/// Captures money that is held.
///
/// # Errors
/// If the gateway was not asked. Once it was asked there is always a payment to answer with.
pub async fn capture<H: Host, S: LoadPayment + ReplacePayment, G: Gateway, N: Nudge>(
    host: &H,
    store: &S,
    gateway: &G,
    nudges: &N,
    id: &TransactionId,
    wish: Wish,
    actor: &Actor,
) -> Result<Requested, CaptureError> {
    let payment = load(store, id).await?;
    let currency = payment.terms.amount.currency();
    let amount = wish.minor_units.map(|minor_units| Money::payable(minor_units, currency)).transpose()?;
    if let Some(amount) = amount {
        gateway.accepts(payment.gateway, amount).map_err(CaptureError::AmountRefused)?;
    }
    let command = Command::Capture(CaptureRequest { key: wish.key, request_hash: wish.request_hash, amount });
    let committed = match take(host, store, payment, &command, actor).await? {
        Taken::Committed(committed) => committed,
        Taken::Before(payment) => return Ok(Requested::Replayed(payment)),
    };
    let payment = act(host, store, gateway, committed, actor).await;
    nudge_if_in_doubt(host, nudges, &payment).await;
    Ok(Requested::Done(payment))
}
