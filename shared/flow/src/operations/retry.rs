//! `retry`: looks at one row and moves it on. It is called by a nudge, which proves nothing and carries nothing.
//!
//! 1. Load. Not due: drop.
//! 2. Claim: commit a `due` in the future. It keeps other workers off while this one looks, and moves the row away
//!    from the head of the sweep.
//! 3. Whatever the row waits for, by the evidence rules: an open act is asked for, an unanswered attempt is sent again,
//!    a checkout whose time is over is closed, a scheduled charge is tried, refunds are looked for and sent again where
//!    they are not (what was refunded by hand at Stripe once a day), what a charge came to is asked for where nobody has
//!    told; anything else is fetched and compared, and what its payer has approved is charged if that was so agreed. What
//!    is held though the payment has ended is let go.
//!
//! While the merchant has paused it, nothing is sent that moves money, not even once more: of what may have been sent before, the object
//! itself is asked. A charge that is scheduled, what was approved, a capture and refunds wait, and are looked at all the while. What lets
//! go of money goes on.

mod dispute;
mod warning;

use domain::{
    dispute::{Dispute, DisputeId},
    gateway::{NextAction, ObjectStatus, RefundSnapshot, Traced},
    id::{RefundId, TransactionId},
    pause::Paused,
    payment::{
        ActKind, ActProgress, Command, Evidence, Payment, PaymentState, ProcessingReason, Refund, RefundEvidence,
        RefundProgress, Source,
    },
    warning::{Warning, WarningId},
};

use crate::{
    commit::{Committed, ExecuteError, Executed, Recorded, execute, record, record_refund},
    ports::{
        Actor, Error, Gateway, Host, LoadPayment, ReplacePayment,
        dispute::{DisputeGateway, LoadDispute, ReplaceDispute},
        pause::LoadPauses,
        personal::Open,
        warning::{LoadWarning, WarningGateway, WriteWarning},
    },
    steps::{self, Sending, act, attempt, paused},
};

/// What became of a nudge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retried {
    /// There is no such row, or nobody needs to look at it now.
    Dropped,
    /// The row was looked at; this is how it stands.
    Looked(Box<Payment>),
}

/// Looks at one row and moves it on.
///
/// # Errors
/// If something outside fails. The row keeps its `due`; nothing is lost.
pub async fn retry<H: Host, S: LoadPayment + ReplacePayment + LoadPauses, G: Gateway>(
    host: &H,
    store: &S,
    gateway: &G,
    id: &TransactionId,
) -> Result<Retried, Error> {
    let Some(payment) = store.load(id).await? else { return Ok(Retried::Dropped) };
    // Seen before the row is taken: whoever cannot see it leaves the row as it is.
    let motion = Motion::of(paused(host, store, payment.gateway).await?);
    let worker = Worker { host, store, gateway, motion };
    let Some(claimed) = worker.execute(payment, &Command::Claim).await? else { return Ok(Retried::Dropped) };
    worker.look(claimed).await.map(|payment| Retried::Looked(Box::new(payment)))
}

/// Looks at one dispute and moves it on; none if there is no such row, or nobody needs to look at it now.
///
/// # Errors
/// If something outside fails. The row keeps its `due`; nothing is lost.
pub async fn retry_dispute<H, S, G, P>(
    host: &H,
    store: &S,
    gateway: &G,
    people: &P,
    id: &DisputeId,
) -> Result<Option<Dispute>, Error>
where
    H: Host,
    S: LoadDispute + ReplaceDispute + LoadPayment + ReplacePayment + LoadPauses,
    G: DisputeGateway,
    P: Open,
{
    dispute::look(host, store, gateway, people, id).await
}

/// Looks at one early fraud warning and moves it on; none if there is no such row, or nobody needs to look at it now.
///
/// # Errors
/// If something outside fails. The row keeps its `due`; nothing is lost.
pub async fn retry_warning<H, S, G>(host: &H, store: &S, gateway: &G, id: &WarningId) -> Result<Option<Warning>, Error>
where
    H: Host,
    S: LoadWarning + WriteWarning + LoadPayment + ReplacePayment,
    G: WarningGateway,
{
    warning::look(host, store, gateway, id).await
}

/// Whether what is sent may move money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Motion {
    /// It may.
    Free,
    /// Not while the merchant has paused it.
    Stopped,
}

impl Motion {
    const fn of(paused: Option<Paused>) -> Self {
        match paused {
            Some(Paused::Everything | Paused::At(_)) => Self::Stopped,
            None => Self::Free,
        }
    }
}

/// One look at one row.
struct Worker<'a, H, S, G> {
    host: &'a H,
    store: &'a S,
    gateway: &'a G,
    motion: Motion,
}

impl<H: Host, S: ReplacePayment, G: Gateway> Worker<'_, H, S, G> {
    async fn look(&self, claimed: Committed) -> Result<Payment, Error> {
        let payment = claimed.payment();
        let now = self.host.now();
        if matches!(payment.state, PaymentState::Succeeded { .. }) {
            return self.succeeded(claimed).await;
        }
        if payment.open_act().is_some() {
            return self.act(claimed).await;
        }
        let can_be_sent =
            payment.unanswered_attempt().is_some_and(|unanswered| unanswered.key_is_young(payment.gateway, now));
        // What was sent was sent; but where charging is barred or paused, nobody sends it once more.
        if can_be_sent && !payment.is_barred() && self.motion == Motion::Free {
            return self.send_again(claimed).await;
        }
        if now >= payment.expires_at
            && let Some(closing) = self.execute(payment.clone(), &Command::Expire).await?
        {
            return self.act(closing).await;
        }
        if self.motion == Motion::Stopped && payment.is_to_be_charged() {
            // Claims have it looked at again within a quarter of an hour; a look now would put that off for hours.
            return Ok(claimed.into_payment());
        }
        if self.motion == Motion::Free
            && matches!(payment.state, PaymentState::Processing(ProcessingReason::RetryScheduled { .. }))
            && let Some(started) = self.execute(payment.clone(), &Command::Reattempt).await?
        {
            return Ok(attempt(self.host, self.store, self.gateway, started, Sending::First, &Actor::Retry).await);
        }
        self.fetch(claimed.into_payment()).await
    }

    /// The same bytes under the same key. If the answer proves only that the key was answered, a fetch tells the rest.
    async fn send_again(&self, claimed: Committed) -> Result<Payment, Error> {
        let payment = attempt(self.host, self.store, self.gateway, claimed, Sending::Again, &Actor::Retry).await;
        let answered = payment.unanswered_attempt().is_none();
        if answered && payment.state == PaymentState::Processing(ProcessingReason::OutcomeUnknown) {
            return self.fetch(payment).await;
        }
        Ok(payment)
    }

    /// Asks the gateway for the open act; if the answer does not end it, or refuses it, a fetch tells where the object stands.
    async fn act(&self, committed: Committed) -> Result<Payment, Error> {
        let is_barred = committed.payment().is_barred();
        let only_look = committed.payment().open_act().is_some_and(|act| {
            // Under a dead key the gateway would capture anew, and money that nobody owes, or that is paused, is not asked for
            // once more. A cancel has a fresh key each time, and takes nothing.
            let is_stopped = is_barred || self.motion == Motion::Stopped;
            matches!(act.kind, ActKind::Capture { .. }) && (is_stopped || !act.key_is_young(self.host.now()))
        });
        if only_look {
            return self.fetch(committed.into_payment()).await;
        }
        let payment = act(self.host, self.store, self.gateway, committed, &Actor::Retry).await;
        // A second sending may be refused because the first one was served.
        let is_refused = payment.acts.last().is_some_and(|act| matches!(act.progress, ActProgress::Refused { .. }));
        if payment.open_act().is_some() || is_refused { self.fetch(payment).await } else { Ok(payment) }
    }

    /// What has succeeded waits for its refunds, and perhaps to be told what its charge came to. The first goes before the
    /// second; what may come back of them is looked at last, once a day.
    async fn succeeded(&self, claimed: Committed) -> Result<Payment, Error> {
        let payment = claimed.payment();
        let is_watch = !payment.settlement_is_owed() && payment.watches_refunds(self.host.now());
        let payment =
            if payment.awaits_refunds() || is_watch { self.refunds(&claimed).await? } else { claimed.into_payment() };
        if payment.settlement_is_owed() && !payment.is_in_doubt() && !payment.look_owed {
            return self.fetch(payment).await;
        }
        Ok(payment)
    }

    /// Compares all refunds with the gateway's, and sends again what the gateway does not have.
    async fn refunds(&self, claimed: &Committed) -> Result<Payment, Error> {
        let mut payment = claimed.payment().clone();
        let Traced { answer, request_id } = self.gateway.refunds(&payment, self.host.gateway_budget()).await;
        let of_the_look = |answer| Traced { answer, request_id: request_id.clone() };
        let listed = match answer {
            Ok(listed) => listed,
            Err(reason) => return self.record_refund(payment, of_the_look(RefundEvidence::Unseen(reason))).await,
        };
        let missing = missing(&payment, &listed);
        payment = self.record_refund(payment, of_the_look(RefundEvidence::Listed(listed))).await?;
        for id in missing {
            let absent = of_the_look(RefundEvidence::Absent { id: id.clone() });
            payment = self.missing(claimed, payment, &id, absent).await?;
        }
        Ok(payment)
    }

    /// A refund that nobody knows the end of, and that the gateway did not have a moment ago, as `absent` says.
    async fn missing(
        &self,
        claimed: &Committed,
        payment: Payment,
        id: &RefundId,
        absent: Traced<RefundEvidence>,
    ) -> Result<Payment, Error> {
        let can_be_sent = claimed.payment().refund(id).is_some_and(|refund| {
            refund.progress == RefundProgress::Unanswered && refund.key_is_young(self.host.now())
        });
        if !can_be_sent {
            return self.record_refund(payment, absent).await;
        }
        if self.motion == Motion::Stopped {
            // Nobody needs to be told: it is sent when the pause is over, if its key is young by then.
            return Ok(payment);
        }
        let (host, store, gateway) = (self.host, self.store, self.gateway);
        Ok(steps::refund(host, store, gateway, claimed, payment, id, Sending::Again, &Actor::Retry).await)
    }

    async fn record_refund(&self, payment: Payment, evidence: Traced<RefundEvidence>) -> Result<Payment, Error> {
        record_refund(self.host, self.store, payment, evidence, &Actor::Retry).await.map(Recorded::into_payment)
    }

    async fn fetch(&self, payment: Payment) -> Result<Payment, Error> {
        let told = self.gateway.fetch(&payment, self.host.gateway_budget()).await;
        let is_held = told.answer.object().is_some_and(|seen| matches!(seen.status, ObjectStatus::Authorized { .. }));
        let evidence = told.map(|outcome| Evidence { source: Source::Fetch, outcome });
        let payment = match record(self.host, self.store, payment, evidence, &Actor::Retry).await? {
            Recorded::Committed(seen) if is_held && seen.payment().has_ended_without_money() => {
                return self.let_go(seen).await;
            }
            recorded @ (Recorded::Committed(_) | Recorded::Nothing(_) | Recorded::Foreign(_)) => {
                recorded.into_payment()
            }
        };
        if payment.state != PaymentState::RequiresAction(NextAction::Confirm) || self.motion == Motion::Stopped {
            return Ok(payment);
        }
        match self.execute(payment.clone(), &Command::ConfirmApproved).await? {
            Some(started) => {
                Ok(attempt(self.host, self.store, self.gateway, started, Sending::First, &Actor::Retry).await)
            }
            None => Ok(payment),
        }
    }

    /// Lets go of what is held under a payment that has ended: a request that was given up has come after all.
    async fn let_go(&self, ended: Committed) -> Result<Payment, Error> {
        let told = self.gateway.cancel(&ended, self.host.dice(), self.host.gateway_budget()).await;
        let evidence = told.map(|answer| Evidence { source: Source::Fetch, outcome: answer.outcome });
        let recorded = record(self.host, self.store, ended.into_payment(), evidence, &Actor::Retry).await?;
        Ok(recorded.into_payment())
    }

    /// A command of our own. It is never refused, only pointless.
    async fn execute(&self, payment: Payment, command: &Command) -> Result<Option<Committed>, Error> {
        match execute(self.host, self.store, payment, command, &Actor::Retry).await {
            Ok(Executed::Committed(committed)) => Ok(Some(committed)),
            Ok(Executed::AlreadyApplied(_) | Executed::Nothing(_)) | Err(ExecuteError::Rejected(..)) => Ok(None),
            Err(ExecuteError::Failed(error)) => Err(error),
        }
    }
}

/// The refunds in doubt that a list does not have.
fn missing(payment: &Payment, listed: &[RefundSnapshot]) -> Vec<RefundId> {
    let is_listed = |refund: &Refund| listed.iter().any(|snapshot| snapshot.id.as_ref() == Some(&refund.id));
    let missing = payment.refunds.iter().filter(|refund| refund.is_in_doubt() && !is_listed(refund));
    missing.map(|refund| refund.id.clone()).collect()
}
