//! `refund`: gives money back, all that is left or a part. One read, two writes, one gateway call; what a crash leaves
//! after each is in [`crate::steps`].
//!
//! The first write reserves the amount, so that however many clients ask at once, nobody refunds the same cent twice.

use domain::{
    id::{IdempotencyKey, RefundId, RequestHash, TransactionId},
    payment::{Command, RefundReason, RefundRequest},
};

use super::initiate::ACCOUNT;
use crate::{
    ports::{Actor, Gateway, Host, LoadPayment, Nudge, ReplacePayment, pause::LoadPauses},
    steps::{self, PartError, Requested, Sending, Taken, load, nudge_if_in_doubt, part, take_unless_paused},
};

/// What a client asks for. It names no currency: that is the payment's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The client's key.
    pub key: IdempotencyKey,
    /// The hash of its request.
    pub request_hash: RequestHash,
    /// How much; all that is left if none is named.
    pub minor_units: Option<i64>,
    /// Why, if it says so.
    pub reason: Option<RefundReason>,
}

/// The id of the refund of payment `id` that a request with this key makes.
#[must_use]
pub fn refund_id(id: &TransactionId, key: &IdempotencyKey) -> RefundId {
    RefundId::derive(ACCOUNT, id, key)
}

/// Gives money back.
///
/// # Errors
/// If the gateway was not asked. Once it was asked there is always a payment to answer with.
pub async fn refund<H: Host, S: LoadPayment + ReplacePayment + LoadPauses, G: Gateway, N: Nudge>(
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
    let Wish { key, request_hash, reason, .. } = wish;
    let refund = refund_id(id, &key);
    let command = Command::Refund(RefundRequest { id: refund.clone(), key, request_hash, amount, reason });
    let committed = match take_unless_paused(host, store, payment, &command, actor).await? {
        Taken::Committed(committed) => committed,
        Taken::Before(payment) => return Ok(Requested::Replayed(payment)),
    };
    let payment = committed.payment().clone();
    let payment = steps::refund(host, store, gateway, &committed, payment, &refund, Sending::First, actor).await;
    nudge_if_in_doubt(host, nudges, &payment).await;
    Ok(Requested::Done(payment))
}
