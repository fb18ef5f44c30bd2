//! `confirm`: claims an attempt, charges, records the outcome. One read, two writes, one gateway call; what a crash
//! leaves after each is in [`crate::steps`].

use domain::{
    id::TransactionId,
    payment::{Command, ConfirmRequest},
};

use crate::{
    ports::{Actor, Gateway, Host, LoadPayment, Nudge, ReplacePayment, pause::LoadPauses},
    steps::{RequestError, Requested, Sending, Taken, attempt, load, nudge_if_in_doubt, take_unless_paused},
};

/// Tries to charge.
///
/// # Errors
/// If the gateway was not asked. Once it was asked there is always a payment to answer with.
pub async fn confirm<H: Host, S: LoadPayment + ReplacePayment + LoadPauses, G: Gateway, N: Nudge>(
    host: &H,
    store: &S,
    gateway: &G,
    nudges: &N,
    id: &TransactionId,
    request: ConfirmRequest,
    actor: &Actor,
) -> Result<Requested, RequestError> {
    let payment = load(store, id).await?;
    let committed = match take_unless_paused(host, store, payment, &Command::Confirm(request), actor).await? {
        Taken::Committed(committed) => committed,
        Taken::Before(payment) => return Ok(Requested::Replayed(payment)),
    };
    let payment = attempt(host, store, gateway, committed, Sending::First, actor).await;
    nudge_if_in_doubt(host, nudges, &payment).await;
    Ok(Requested::Done(payment))
}
