//! The steps that confirm, capture, cancel, refund and retry have in common. A client's command is carried out like this:
//!
//! | step | a crash after it leaves |
//! |---|---|
//! | 1. [`take`], or [`take_unless_paused`] for what moves money: load, decide, commit what is about to be asked | a row whose `due` asks the gateway later |
//! | 2. [`attempt`], [`act`] or [`refund`]: ask the gateway, commit what came of it | the same; the row holds all that asking again needs |
//! | 3. [`nudge_if_in_doubt`]: have somebody look soon if nobody knows | the same; the sweep comes |

use std::time::Duration;

use domain::{
    gateway::{Gateway as GatewayName, Hand, Outcome, RefundOutcome, Traced},
    id::{AttemptNumber, RefundId, RowId, TransactionId},
    money::{Money, MoneyError},
    pause::Paused,
    payment::{ActKind, Command, Decision, Evidence, Payment, RefundEvidence, Rejection, Source, decide},
};

use crate::{
    commit::{Committed, ExecuteError, Executed, Recorded, execute, record, record_refund},
    ports::{Actor, AmountRefusal, Error, Gateway, Host, LoadPayment, Note, Nudge, ReplacePayment, pause::LoadPauses},
};

/// With less than this left, a store so slow that it took all the rest would leave a request that nobody sends for a while.
pub(crate) const GATEWAY_TIME_MIN: Duration = Duration::from_millis(500);

/// What became of a client's request.
#[derive(Debug)]
pub enum Requested {
    /// It was carried out, now; the payment says what came of it.
    Done(Payment),
    /// It had been carried out before.
    Replayed(Payment),
}

/// Why a client's request was not carried out. The gateway was not asked.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// There is no such payment.
    #[error("there is no such payment")]
    NotFound,
    /// It may not be done as the payment stands.
    #[error("refused")]
    Rejected(Rejection, Box<Payment>),
    /// The merchant has paused it. Nothing was written down.
    #[error("paused")]
    Paused(Paused),
    /// Whoever pays has been declined too often; it may be tried again after this time. Nothing was written down.
    #[error("declined too often")]
    TooManyDeclines(Duration),
    /// Something outside failed.
    #[error("failed")]
    Failed(#[from] Error),
}

/// Why no part of a payment was captured or given back. The gateway was not asked.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
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

/// A command that was taken: written down, or found written down.
pub(crate) enum Taken {
    Committed(Committed),
    Before(Payment),
}

/// Reads the payment that a client's request is about.
pub(crate) async fn load<S: LoadPayment>(store: &S, id: &TransactionId) -> Result<Payment, RequestError> {
    store.load(id).await?.ok_or(RequestError::NotFound)
}

/// The part of a payment that a client means by `minor_units`, in the payment's own currency; none if it means all there is.
pub(crate) fn part<G: Gateway>(
    gateway: &G,
    payment: &Payment,
    minor_units: Option<i64>,
) -> Result<Option<Money>, PartError> {
    let Some(minor_units) = minor_units else { return Ok(None) };
    let amount = Money::payable(minor_units, payment.terms.amount.currency())?;
    gateway.accepts(payment.gateway, amount).map_err(PartError::AmountRefused)?;
    Ok(Some(amount))
}

/// Why nothing that moves money may begin at `gateway` now; none if it may. Where that cannot be seen nothing begins either: whoever threw
/// the switch relies on it, and a store that does not answer would take no payment anyway.
pub(crate) async fn paused<H: Host, S: LoadPauses>(
    host: &H,
    store: &S,
    gateway: GatewayName,
) -> Result<Option<Paused>, Error> {
    Ok(store.load_pauses(host.now()).await?.at(gateway))
}

/// Writes down what the gateway is about to be asked, where that moves money: nothing while the merchant has paused it. What was written
/// down before is answered as ever, also where the switch cannot be seen, for a client that asks again must hear what became of it.
pub(crate) async fn take_unless_paused<H: Host, S: ReplacePayment + LoadPauses>(
    host: &H,
    store: &S,
    payment: Payment,
    command: &Command,
    actor: &Actor,
) -> Result<Taken, RequestError> {
    match decide(&payment, command, &host.circumstances()) {
        Ok(Decision::Execute(_)) => {}
        Ok(Decision::AlreadyApplied | Decision::Nothing) => return Ok(Taken::Before(payment)),
        Err(rejection) => return Err(RequestError::Rejected(rejection, Box::new(payment))),
    }
    match paused(host, store, payment.gateway).await? {
        Some(paused) => Err(RequestError::Paused(paused)),
        None => take(host, store, payment, command, actor).await,
    }
}

/// Writes down what the gateway is about to be asked.
pub(crate) async fn take<H: Host, S: ReplacePayment>(
    host: &H,
    store: &S,
    payment: Payment,
    command: &Command,
    actor: &Actor,
) -> Result<Taken, RequestError> {
    if host.gateway_budget() < GATEWAY_TIME_MIN {
        // Better to be asked again than to leave a request that somebody else must finish.
        return Err(RequestError::Failed(Error::OutOfTime));
    }
    match execute(host, store, payment, command, actor).await {
        Ok(Executed::Committed(committed)) => Ok(Taken::Committed(committed)),
        Ok(Executed::AlreadyApplied(payment) | Executed::Nothing(payment)) => Ok(Taken::Before(payment)),
        Err(ExecuteError::Rejected(rejection, payment)) => Err(RequestError::Rejected(rejection, payment)),
        Err(ExecuteError::Failed(error)) => Err(RequestError::Failed(error)),
    }
}

/// Whether an attempt's request may have been sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sending {
    /// It was written down a moment ago, by us.
    First,
    /// Somebody may have sent it, and may have been heard.
    Again,
}

/// Sends the last attempt of a committed payment, the only one that can be open, and writes down what came of it.
/// Never fails: see [`written`].
pub(crate) async fn attempt<H: Host, S: ReplacePayment, G: Gateway>(
    host: &H,
    store: &S,
    gateway: &G,
    committed: Committed,
    sending: Sending,
    actor: &Actor,
) -> Payment {
    let number = committed.payment().attempts.last().map_or(AttemptNumber::FIRST, |attempt| attempt.number);
    let told = gateway.confirm(&committed, number, host.gateway_budget()).await;
    let hand = match (sending, &told.answer.outcome) {
        // A request that is refused now says nothing about the same request that may have been served before.
        (Sending::Again, Outcome::Refused { .. }) => Hand::Replayed,
        (Sending::First | Sending::Again, _) => told.answer.hand,
    };
    let evidence = told.map(|answer| Evidence { source: Source::Attempt(number, hand), outcome: answer.outcome });
    written(host, store, committed, evidence, actor).await
}

/// Asks the gateway for the open act of a committed payment, and writes down what came of it. Never fails: see
/// [`written`].
pub(crate) async fn act<H: Host, S: ReplacePayment, G: Gateway>(
    host: &H,
    store: &S,
    gateway: &G,
    committed: Committed,
    actor: &Actor,
) -> Payment {
    let number = committed.payment().acts.len();
    let Some(act) = committed.payment().open_act() else { return committed.into_payment() };
    let told = match act.kind {
        ActKind::Capture { .. } => gateway.capture(&committed, host.gateway_budget()).await,
        ActKind::Close { .. } => gateway.cancel(&committed, host.dice(), host.gateway_budget()).await,
    };
    let evidence = told.map(|answer| Evidence { source: Source::Act(number, answer.hand), outcome: answer.outcome });
    written(host, store, committed, evidence, actor).await
}

/// Asks the gateway for one of the refunds of a committed payment, and writes down what came of it in `payment`, the row
/// as it stands. Never fails: see [`written`].
pub(crate) async fn refund<H: Host, S: ReplacePayment, G: Gateway>(
    host: &H,
    store: &S,
    gateway: &G,
    committed: &Committed,
    payment: Payment,
    id: &RefundId,
    sending: Sending,
    actor: &Actor,
) -> Payment {
    let told = gateway.refund(committed, id, host.gateway_budget()).await;
    let hand = match (sending, &told.answer.outcome) {
        // A request that is refused now says nothing about the same request that may have been served before.
        (Sending::Again, RefundOutcome::Refused { .. }) => Hand::Replayed,
        (Sending::First | Sending::Again, _) => told.answer.hand,
    };
    let evidence = told.map(|answer| RefundEvidence::Answered { id: id.clone(), hand, outcome: answer.outcome });
    let recorded = record_refund(host, store, payment.clone(), evidence, actor).await;
    kept(host, payment, recorded)
}

/// Has somebody look soon where nobody knows what came of a request. The row's `due` is the sure way, this the fast one;
/// whoever comes before it is sent away.
pub(crate) async fn nudge_if_in_doubt<H: Host, N: Nudge>(host: &H, nudges: &N, payment: &Payment) {
    let until_due = payment.due.map_or(Duration::ZERO, |due| due.since(host.now()));
    let delay = host.limits().first_delay.max(until_due);
    if payment.is_in_doubt()
        && let Err(error) = nudges.nudge(&RowId::Payment(payment.id.clone()), delay).await
    {
        host.note(Note::NudgeLost(error));
    }
}

/// The payment after `evidence`. If that cannot be written, the row as committed tells the truth (nobody knows), and its
/// `due` takes over.
async fn written<H: Host, S: ReplacePayment>(
    host: &H,
    store: &S,
    committed: Committed,
    evidence: Traced<Evidence>,
    actor: &Actor,
) -> Payment {
    let recorded = record(host, store, committed.payment().clone(), evidence, actor).await;
    kept(host, committed.into_payment(), recorded)
}

/// The payment as it was recorded; `before`, if it could not be.
fn kept<H: Host>(host: &H, before: Payment, recorded: Result<Recorded, Error>) -> Payment {
    match recorded {
        Ok(recorded) => recorded.into_payment(),
        Err(error) => {
            host.note(Note::OutcomeNotRecorded(error));
            before
        }
    }
}
