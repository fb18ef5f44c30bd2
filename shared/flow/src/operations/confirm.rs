//! `confirm`: claims an attempt, charges, records the outcome. One read, two writes, one gateway call.
//!
//! | step | a crash after it leaves |
//! |---|---|
//! | 1. load, decide | nothing |
//! | 2. commit `processing` with everything the request is built from | a row whose `due` sends the same bytes later |
//! | 3. the gateway is asked | the same; it holds the object's id, so somebody can always ask |
//! | 4. commit the outcome; if it is unknown, nudge | the same fact, written once by whoever comes first |

use std::time::Duration;

use domain::{
    gateway::{Hand, Outcome},
    id::{AttemptNumber, TransactionId},
    payment::{Command, ConfirmRequest, Evidence, Payment, PaymentState, ProcessingReason, Rejection, Source},
};

use crate::{
    commit::{Committed, ExecuteError, Executed, execute, record},
    ports::{Actor, Error, Gateway, Host, LoadPayment, Note, Nudge, ReplacePayment},
};

/// With less than this left, a store so slow that it took all the rest would leave an attempt that nobody sends for a while.
const GATEWAY_TIME_MIN: Duration = Duration::from_millis(500);

/// What became of a confirm.
#[derive(Debug)]
pub enum Confirmed {
    /// The attempt was made, now.
    Attempted(Payment),
    /// It had been made before by the same request.
    Replayed(Payment),
}

/// Why no attempt was made.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// There is no such payment.
    #[error("there is no such payment")]
    NotFound,
    /// It may not be confirmed as it stands.
    #[error("refused")]
    Rejected(Rejection, Box<Payment>),
    /// Something outside failed before the gateway was asked.
    #[error("failed")]
    Failed(#[from] Error),
}

/// Tries to charge.
///
/// # Errors
/// If the gateway was not asked. Once it was asked there is always a payment to answer with.
pub async fn confirm<H: Host, S: LoadPayment + ReplacePayment, G: Gateway, N: Nudge>(
    host: &H,
    store: &S,
    gateway: &G,
    nudges: &N,
    id: &TransactionId,
    request: ConfirmRequest,
    actor: &Actor,
) -> Result<Confirmed, ConfirmError> {
    let payment = store.load(id).await?.ok_or(ConfirmError::NotFound)?;
    if host.gateway_budget() < GATEWAY_TIME_MIN {
        // Better to be asked again than to leave an attempt that somebody else must finish.
        return Err(ConfirmError::Failed(Error::OutOfTime));
    }
    let committed = match execute(host, store, payment, &Command::Confirm(request), actor).await {
        Ok(Executed::Committed(committed)) => committed,
        Ok(Executed::AlreadyApplied(payment) | Executed::Nothing(payment)) => return Ok(Confirmed::Replayed(payment)),
        Err(ExecuteError::Rejected(rejection, payment)) => return Err(ConfirmError::Rejected(rejection, payment)),
        Err(ExecuteError::Failed(error)) => return Err(ConfirmError::Failed(error)),
    };
    let payment = attempt(host, store, gateway, committed, Sending::First, actor).await;
    if wants_nudge(&payment)
        && let Err(error) = nudges.nudge(id, host.limits().first_delay).await
    {
        host.note(Note::NudgeLost(error));
    }
    Ok(Confirmed::Attempted(payment))
}

/// Whether an attempt's request may have been sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sending {
    /// It was written down a moment ago, by us.
    First,
    /// Somebody may have sent it, and may have been heard.
    Again,
}

/// Sends the last attempt of a committed payment, the only one that can be open, and writes down what came of it. Never fails: if the outcome cannot be written, the row
/// as committed tells the truth (nobody knows), and its `due` takes over.
pub(super) async fn attempt<H: Host, S: ReplacePayment, G: Gateway>(
    host: &H,
    store: &S,
    gateway: &G,
    committed: Committed,
    sending: Sending,
    actor: &Actor,
) -> Payment {
    let number = committed.payment().attempts.last().map_or(AttemptNumber::FIRST, |attempt| attempt.number);
    let answer = gateway.confirm(&committed, number, host.gateway_budget()).await;
    let hand = match (sending, &answer.outcome) {
        // A request that is refused now says nothing about the same request that may have been served before.
        (Sending::Again, Outcome::Refused { .. }) => Hand::Replayed,
        (Sending::First | Sending::Again, _) => answer.hand,
    };
    let evidence = Evidence { source: Source::Attempt(number, hand), outcome: answer.outcome };
    match record(host, store, committed.payment().clone(), evidence, actor).await {
        Ok(recorded) => recorded.into_payment(),
        Err(error) => {
            host.note(Note::OutcomeNotRecorded(error));
            committed.into_payment()
        }
    }
}

/// Whether somebody should look soon: nobody knows what came of the attempt, or the payment is being given up.
fn wants_nudge(payment: &Payment) -> bool {
    payment.open_act().is_some() || payment.state == PaymentState::Processing(ProcessingReason::OutcomeUnknown)
}
