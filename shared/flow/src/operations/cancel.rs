//! `cancel`: writes down that the payment shall end, has the gateway cancel its object, and ends the row when that is
//! seen. One read, two writes, one gateway call; what a crash leaves after each is in [`crate::steps`].
//!
//! It only lets go of money, so no pause stops it: whoever has paused payments wants fewer of them to be charged, not more.
//!
//! Must never: end a row on our own word. A charge that wins the race makes the payment `succeeded`.

use domain::{
    id::TransactionId,
    payment::{CancelRequest, Command},
};

use crate::{
    ports::{Actor, Gateway, Host, LoadPayment, Nudge, ReplacePayment},
    steps::{RequestError, Requested, Taken, act, load, nudge_if_in_doubt, take},
};

/// Cancels a payment that has not been charged.
///
/// # Errors
/// If the gateway was not asked. Once it was asked there is always a payment to answer with.
pub async fn cancel<H: Host, S: LoadPayment + ReplacePayment, G: Gateway, N: Nudge>(
    host: &H,
    store: &S,
    gateway: &G,
    nudges: &N,
    id: &TransactionId,
    request: CancelRequest,
    actor: &Actor,
) -> Result<Requested, RequestError> {
    let payment = load(store, id).await?;
    let committed = match take(host, store, payment, &Command::Cancel(request), actor).await? {
        Taken::Committed(committed) => committed,
        Taken::Before(payment) => return Ok(Requested::Replayed(payment)),
    };
    let payment = act(host, store, gateway, committed, actor).await;
    nudge_if_in_doubt(host, nudges, &payment).await;
    Ok(Requested::Done(payment))
}
