//! A look at one dispute.
//!
//! 1. Load. Not due: drop.
//! 2. Claim: commit a `due` in the future, which keeps other workers off.
//! 3. Ask the gateway for the dispute and the payment behind it; write down what that proves.
//! 4. An answer of the merchant's that the dispute does not show is sent again, when what was sent before has arrived or is gone, and
//!    the merchant has not paused it.
//! 5. Tell the payment's row, then write down that it was told. *A crash in between tells it again: what it knows already
//!    it does not write.*
//! 6. Raise the alarm that is due.

use domain::{
    dispute::{ActProgress, Command, Dispute, DisputeId, Evidence, Outcome, SnapshotStatus, Source, Status, Told},
    payment::PaymentDispute,
};

use super::Motion;
use crate::{
    commit::{
        self,
        dispute::{Committed, ExecuteError, Executed, Recorded, execute, record},
        record_dispute,
    },
    operations::dispute::{Sending, send},
    ports::{
        Actor, Error, Host, LoadPayment, ReplacePayment,
        dispute::{DisputeGateway, LoadDispute, ReplaceDispute},
        pause::LoadPauses,
        personal::Open,
    },
    steps::paused,
};

/// Looks at one dispute and moves it on; none if there is no such row, or nobody needs to look at it now.
///
/// # Errors
/// If something outside fails. The row keeps its `due`; nothing is lost.
pub(super) async fn look<H, S, G, P>(
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
    let Some(dispute) = store.load_dispute(id).await? else { return Ok(None) };
    let motion = Motion::of(paused(host, store, dispute.id.gateway()).await?);
    let worker = Worker { host, store, gateway, people, motion };
    let Some(claimed) = worker.execute(dispute, &Command::Claim).await? else { return Ok(None) };
    let mut dispute = worker.look(claimed.into_dispute()).await?;
    if dispute.owes_telling() {
        dispute = worker.tell(dispute).await?;
    }
    match worker.execute(dispute.clone(), &Command::Remind).await? {
        Some(reminded) => Ok(Some(reminded.into_dispute())),
        None => Ok(Some(dispute)),
    }
}

/// One look at one dispute.
struct Worker<'a, H, S, G, P> {
    host: &'a H,
    store: &'a S,
    gateway: &'a G,
    people: &'a P,
    motion: Motion,
}

impl<H, S, G, P> Worker<'_, H, S, G, P>
where
    H: Host,
    S: ReplaceDispute + LoadPayment + ReplacePayment,
    G: DisputeGateway,
    P: Open,
{
    async fn look(&self, dispute: Dispute) -> Result<Dispute, Error> {
        let (seen, still_asks) = self.fetch(dispute).await?;
        let Recorded::Committed(seen) = seen else { return Ok(seen.into_dispute()) };
        // Only of a dispute that was seen, and understood, is it known that it still asks.
        if !still_asks || self.motion == Motion::Stopped {
            return Ok(seen.into_dispute());
        }
        let seen = seen.into_dispute();
        let Some(again) = self.execute(seen.clone(), &Command::SendAgain).await? else { return Ok(seen) };
        let sent =
            send(self.host, self.store, self.gateway, self.people, &again, Sending::Again, &Actor::Retry).await?;
        // Answered, and not by the dispute itself: that tells the rest.
        let is_answered = sent.open_act().is_some_and(|act| act.progress != ActProgress::Unanswered);
        if is_answered { self.fetch(sent).await.map(|(seen, _)| seen.into_dispute()) } else { Ok(sent) }
    }

    /// What a look made of the dispute, and whether it was seen to wait for the merchant.
    async fn fetch(&self, dispute: Dispute) -> Result<(Recorded, bool), Error> {
        let told = self.gateway.fetch_dispute(&dispute.id, self.host.gateway_budget()).await;
        let still_asks = matches!(
            &told.answer,
            Outcome::Dispute(shown) if shown.status == SnapshotStatus::Known(Status::NeedsResponse)
        );
        let evidence = told.map(|outcome| Evidence { source: Source::Fetch, outcome });
        let recorded = record(self.host, self.store, dispute, evidence, &Actor::Retry).await?;
        Ok((recorded, still_asks))
    }

    async fn tell(&self, dispute: Dispute) -> Result<Dispute, Error> {
        let (Some(payment), Some(summary)) = (dispute.payment(), PaymentDispute::of(&dispute)) else {
            return Ok(dispute);
        };
        let told = match self.store.load(payment).await? {
            Some(payment) => match record_dispute(self.host, self.store, payment, summary, &Actor::Retry).await? {
                commit::Recorded::Committed(_) | commit::Recorded::Nothing(_) => Told::Yes,
                commit::Recorded::Foreign(_) => Told::AnotherObject,
            },
            None => Told::NoSuchPayment,
        };
        let command = Command::Tell { told, version: dispute.version };
        let written = self.execute(dispute.clone(), &command).await?;
        Ok(written.map_or(dispute, Committed::into_dispute))
    }

    /// A command of our own. It is never refused, only pointless.
    async fn execute(&self, dispute: Dispute, command: &Command) -> Result<Option<Committed>, Error> {
        match execute(self.host, self.store, dispute, command, &Actor::Retry).await {
            Ok(Executed::Committed(committed)) => Ok(Some(committed)),
            Ok(Executed::AlreadyApplied(_) | Executed::Nothing(_)) | Err(ExecuteError::Rejected(..)) => Ok(None),
            Err(ExecuteError::Failed(error)) => Err(error),
        }
    }
}
