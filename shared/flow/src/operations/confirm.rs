//! `confirm`: claims an attempt, charges, records the outcome. One read, two writes, one gateway call; what a crash
//! leaves after each is in [`crate::steps`].
//!
//! With the brake on card testing there is one read more before a new attempt, and after a decline it is counted. The brake only ever keeps
//! something from beginning: where it fails, payments go on without it.

use std::time::Duration;

use domain::{
    brake::{Brake, DeclinedAttempt, Hour, Mark, Suspect, held_for},
    id::{IdempotencyKey, TransactionId},
    payment::{AttemptProgress, AttemptResult, Command, ConfirmRequest, Decision, Payment, decide},
};

use crate::{
    ports::{Actor, Gateway, Host, LoadPayment, Note, Nudge, ReplacePayment, brake::CountDeclines, pause::LoadPauses},
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
    charge(host, store, gateway, nudges, payment, &Command::Confirm(request), actor).await
}

/// Tries to charge, unless whoever pays has been declined too often.
///
/// # Errors
/// If the gateway was not asked. Once it was asked there is always a payment to answer with.
pub async fn confirm_braked<H, S, G, N>(
    host: &H,
    store: &S,
    gateway: &G,
    nudges: &N,
    brake: &Brake,
    id: &TransactionId,
    request: ConfirmRequest,
    actor: &Actor,
) -> Result<Requested, RequestError>
where
    H: Host,
    S: LoadPayment + ReplacePayment + LoadPauses + CountDeclines,
    G: Gateway,
    N: Nudge,
{
    let payment = load(store, id).await?;
    let suspects = brake.suspects(&payment, &request);
    let key = request.key.clone();
    let command = Command::Confirm(request);
    if let Some(wait) = held(host, store, &payment, &command, &suspects).await {
        host.note(Note::CardTesting);
        return Err(RequestError::TooManyDeclines(wait));
    }
    let requested = charge(host, store, gateway, nudges, payment, &command, actor).await?;
    if let Requested::Done(payment) = &requested {
        count_decline(host, store, payment, &key, suspects).await;
    }
    Ok(requested)
}

async fn charge<H: Host, S: ReplacePayment + LoadPauses, G: Gateway, N: Nudge>(
    host: &H,
    store: &S,
    gateway: &G,
    nudges: &N,
    payment: Payment,
    command: &Command,
    actor: &Actor,
) -> Result<Requested, RequestError> {
    let committed = match take_unless_paused(host, store, payment, command, actor).await? {
        Taken::Committed(committed) => committed,
        Taken::Before(payment) => return Ok(Requested::Replayed(payment)),
    };
    let payment = attempt(host, store, gateway, committed, Sending::First, actor).await;
    nudge_if_in_doubt(host, nudges, &payment).await;
    Ok(Requested::Done(payment))
}

/// How long nothing may be tried, if that is so. Only what would begin an attempt is held: what was done before is answered as ever, and
/// what may not be done is not done anyway.
async fn held<H: Host, S: CountDeclines>(
    host: &H,
    store: &S,
    payment: &Payment,
    command: &Command,
    suspects: &[Suspect],
) -> Option<Duration> {
    let begins = matches!(decide(payment, command, &host.circumstances()), Ok(Decision::Execute(_)));
    if !begins || suspects.is_empty() {
        return None;
    }
    let marks: Vec<Mark> = suspects.iter().map(|suspect| suspect.mark.clone()).collect();
    match store.declines(&marks, Hour::of(host.now())).await {
        Ok(declines) => held_for(suspects, &declines, host.now()),
        Err(error) => {
            // A sale that is lost for certain is worse than a card that is tested perhaps.
            host.note(Note::BrakeFailed(error));
            None
        }
    }
}

/// Counts the decline, if the request was declined. Its payer is told of that whether it can be counted or not.
async fn count_decline<H: Host, S: CountDeclines>(
    host: &H,
    store: &S,
    payment: &Payment,
    key: &IdempotencyKey,
    suspects: Vec<Suspect>,
) {
    let Some(attempt) = payment.attempt_of(key) else { return };
    if suspects.is_empty() || !matches!(attempt.progress, AttemptProgress::Closed(AttemptResult::Declined(_))) {
        return;
    }
    let marks: Vec<Mark> = suspects.into_iter().map(|suspect| suspect.mark).collect();
    let declined = DeclinedAttempt { payment: payment.id.clone(), number: attempt.number };
    if let Err(error) = store.count_decline(&marks, Hour::of(host.now()), &declined).await {
        host.note(Note::BrakeFailed(error));
    }
}
