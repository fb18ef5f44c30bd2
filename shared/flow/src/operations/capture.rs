//! `capture`: takes money that is held, all of it or less, once; the gateway lets go of the rest. One read, two writes,
//! one gateway call; what a crash leaves after each is in [`crate::steps`].
//!
//! Must never: ask for a second capture while nobody knows what became of the first.

use domain::{
    id::{IdempotencyKey, RequestHash, TransactionId},
    payment::{CaptureRequest, Command},
};

use crate::{
    ports::{Actor, Gateway, Host, LoadPayment, Nudge, ReplacePayment, pause::LoadPauses},
    steps::{PartError, Requested, Taken, act, load, nudge_if_in_doubt, part, take_unless_paused},
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

/// Captures money that is held.
///
/// # Errors
/// If the gateway was not asked. Once it was asked there is always a payment to answer with.
pub async fn capture<H: Host, S: LoadPayment + ReplacePayment + LoadPauses, G: Gateway, N: Nudge>(
    host: &H,
    store: &S,
    gateway: &G,
    nudges: &N,
    id: &TransactionId,
    wish: Wish,
    actor: &Actor,
) -> Result<Requested, PartError> {
    let payment = load(store, id).await?;
    let amount = part(gateway, &payment, wish.minor_units)?;
    let command = Command::Capture(CaptureRequest { key: wish.key, request_hash: wish.request_hash, amount });
    let committed = match take_unless_paused(host, store, payment, &command, actor).await? {
        Taken::Committed(committed) => committed,
        Taken::Before(payment) => return Ok(Requested::Replayed(payment)),
    };
    let payment = act(host, store, gateway, committed, actor).await;
    nudge_if_in_doubt(host, nudges, &payment).await;
    Ok(Requested::Done(payment))
}
