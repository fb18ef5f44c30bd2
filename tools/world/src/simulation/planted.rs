//! Bugs, planted between the operations and their ports: each is one that payment backends really have. A simulation that
//! does not find them within a few seeds would not find what nobody has planted either.
//!
//! These are the ones that fit before a port, so that they cost a test no compiling. Those inside the operations and the
//! rules are patches in `tools/world/bugs`, applied to a copy by `cargo xtask teeth`. Shipped code knows of neither.

use std::time::Duration;

use domain::{
    decline::{Decline, GatewayWords},
    dispute::{self, Behind, DisputeId, Papers},
    gateway::{Answer, Gateway as GatewayName, Hand, Outcome, RefundAnswer, RefundSnapshot, Traced, UnknownReason},
    id::{AttemptNumber, RefundId, TransactionId},
    money::Money,
    pause::Pauses,
    payment::{Evidence, Payment, Source},
    time::Timestamp,
};
use flow::{
    commit::{self, Committed, record},
    operations::webhook::{GatewayEvent, News, Received, Subject, webhook},
    ports::{
        Actor, AmountRefusal, CreatePayment, Created, DuePage, DuePartition, DuePlace, DueWindow, Error, FindDue,
        Gateway, LoadPayment, OpenOutcome, OpenRequest, ReplacePayment, Replaced, Write,
        dispute::{self as disputes, CreateDispute, DisputeGateway, LoadDispute, PapersRefusal, ReplaceDispute},
        pause::LoadPauses,
    },
};

use super::{
    coverage::Operation,
    machine::Machine,
    weather::{WeatheredGateway, WeatheredQueue, WeatheredStore},
};
use crate::gateway::SimGateway;

/// One bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// A write is not conditional: whoever is second writes over the first.
    WritesOverWhateverStands,
    /// The answer to a conditional write is not read: whoever is second believes to be first.
    TakesAConflictForASuccess,
    /// A webhook is answered 2xx though its fact could not be written down.
    AcknowledgesWhatItCouldNotWrite,
    /// Rows are read from a replica that is a write behind.
    ReadsAReplica,
    /// A row whose outcome nobody knows is written without a `due`.
    LosesTheDue,
    /// A request that is not answered in time was declined.
    ReadsSilenceAsADecline,
    /// Each time that an attempt is sent, the gateway sees a key that it does not know.
    SendsUnderANewKeyEachTime,
    /// What a webhook says is taken for the answer to the attempt that is open.
    ReadsAnEventAsTheAnswer,
    /// Whatever object an event is about, it is taken for the payment's own.
    TakesAnyObjectForItsOwn,
    /// A dispute is written down without the payment whose money it is.
    LinksADisputeToNobody,
    /// A dispute is read from a cache that keeps how it stood at first.
    ReadsADisputeFromACache,
    /// An answer to a dispute that is not answered in time was refused.
    ReadsSilenceAsARefusal,
    /// Whoever is second writes over what the first has written of a dispute.
    WritesOverADispute,
    /// Whether the merchant has paused anything is not looked at.
    LooksAtNoSwitch,
}

/// A port, with what is planted before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planted<'a, P> {
    port: P,
    machine: &'a Machine,
}

/// The table as a function sees it.
pub(super) const fn store(machine: &Machine) -> Planted<'_, WeatheredStore<'_>> {
    Planted { port: WeatheredStore(machine), machine }
}

/// The gateway as a function sees it.
pub(super) const fn gateway(machine: &Machine) -> Planted<'_, WeatheredGateway<'_>> {
    Planted { port: WeatheredGateway(machine), machine }
}

/// Takes in an event.
pub(super) async fn receive(machine: &Machine, mut event: GatewayEvent) -> Result<Received, Error> {
    let (store, queue, bug) = (store(machine), WeatheredQueue(machine), machine.stage.bug);
    match &mut event.subject {
        Subject::Payment { id, news: News::Object { outcome, .. } } if bug == Some(Bug::ReadsAnEventAsTheAnswer) => {
            let Some(payment) = store.load(id).await? else { return Ok(Received::NotYet) };
            let is_its_own = outcome.object().is_some_and(|object| object.reference == payment.object);
            if let (true, Some(open)) = (is_its_own, payment.open_attempt()) {
                let evidence = Evidence { source: Source::Attempt(open.number, Hand::First), outcome: outcome.clone() };
                record(machine, &store, payment, Traced::untraced(evidence), &Actor::Webhook(event.id)).await?;
                return Ok(Received::Applied);
            }
        }
        Subject::Payment { id, news: News::Object { outcome, .. } } if bug == Some(Bug::TakesAnyObjectForItsOwn) => {
            let row = machine.stage.store.row(id);
            if let (Outcome::Object(object) | Outcome::Declined { object: Some(object), .. }, Some(row)) =
                (outcome, row)
            {
                object.reference = row.object;
            }
        }
        Subject::Payment { .. } | Subject::Dispute { .. } | Subject::Warning { .. } | Subject::Other => {}
    }
    webhook(machine, &store, &queue, SimGateway::MODE, event).await
}

impl<P> Planted<'_, P> {
    fn has(&self, bug: Bug) -> bool {
        self.machine.stage.bug == Some(bug)
    }
}

impl LoadPayment for Planted<'_, WeatheredStore<'_>> {
    async fn load(&self, id: &TransactionId) -> Result<Option<Payment>, Error> {
        let row = self.port.load(id).await?;
        if !self.has(Bug::ReadsAReplica) {
            return Ok(row);
        }
        let commits = self.machine.stage.store.commits();
        let behind = commits.into_iter().rev().map(|commit| commit.payment).filter(|payment| payment.id == *id).nth(1);
        Ok(behind.or(row))
    }
}

impl CreatePayment for Planted<'_, WeatheredStore<'_>> {
    async fn create(&self, write: &Write<'_>) -> Result<Created, Error> {
        self.port.create(write).await
    }
}

impl ReplacePayment for Planted<'_, WeatheredStore<'_>> {
    async fn replace(&self, write: &Write<'_>) -> Result<Replaced, Error> {
        let without_due = Payment { due: None, ..write.payment.clone() };
        let loses_due = self.has(Bug::LosesTheDue) && write.cause.what == "outcome_unknown";
        let write = if loses_due { Write { payment: &without_due, ..*write } } else { *write };
        match self.port.replace(&write).await {
            Ok(Replaced::Conflict(stands)) if self.has(Bug::WritesOverWhateverStands) => {
                let over = Payment { version: stands.version.saturating_add(1), ..write.payment.clone() };
                self.port.replace(&Write { payment: &over, ..write }).await
            }
            Ok(Replaced::Conflict(_)) if self.has(Bug::TakesAConflictForASuccess) => Ok(Replaced::Replaced),
            Err(_)
                if self.has(Bug::AcknowledgesWhatItCouldNotWrite) && self.machine.operation == Operation::Webhook =>
            {
                Ok(Replaced::Replaced)
            }
            replaced => replaced,
        }
    }
}

crate::pass_warnings_on!(Planted<'_, WeatheredStore<'_>>, |planted| &planted.machine.stage.store);

impl LoadPauses for Planted<'_, WeatheredStore<'_>> {
    async fn load_pauses(&self, now: Timestamp) -> Result<Pauses, Error> {
        if self.has(Bug::LooksAtNoSwitch) { Ok(Pauses::default()) } else { self.port.load_pauses(now).await }
    }
}

impl LoadDispute for Planted<'_, WeatheredStore<'_>> {
    async fn load_dispute(&self, id: &DisputeId) -> Result<Option<dispute::Dispute>, Error> {
        self.port.load_dispute(id).await
    }
}

impl CreateDispute for Planted<'_, WeatheredStore<'_>> {
    async fn create_dispute(&self, write: &disputes::Write<'_>) -> Result<disputes::Created, Error> {
        self.port.create_dispute(write).await
    }
}

impl ReplaceDispute for Planted<'_, WeatheredStore<'_>> {
    async fn replace_dispute(&self, write: &disputes::Write<'_>) -> Result<disputes::Replaced, Error> {
        match self.port.replace_dispute(write).await? {
            disputes::Replaced::Conflict(stands) if self.has(Bug::WritesOverADispute) => {
                let version = stands.version.saturating_add(1);
                let over = dispute::Dispute { version, ..write.dispute.clone() };
                self.port.replace_dispute(&disputes::Write { dispute: &over, ..*write }).await
            }
            replaced => Ok(replaced),
        }
    }
}

impl FindDue for Planted<'_, WeatheredStore<'_>> {
    async fn find_due(
        &self,
        partition: DuePartition,
        window: DueWindow,
        after: Option<DuePlace>,
        limit: u32,
    ) -> Result<DuePage, Error> {
        self.port.find_due(partition, window, after, limit).await
    }

    async fn count(&self, partition: DuePartition) -> Result<usize, Error> {
        self.port.count(partition).await
    }
}

impl Gateway for Planted<'_, WeatheredGateway<'_>> {
    fn api_version(&self) -> &'static str {
        self.port.api_version()
    }

    fn accepts(&self, gateway: GatewayName, amount: Money) -> Result<(), AmountRefusal> {
        self.port.accepts(gateway, amount)
    }

    async fn open(&self, request: &OpenRequest<'_>, budget: Duration) -> Traced<OpenOutcome> {
        self.port.open(request, budget).await
    }

    async fn confirm(&self, committed: &Committed, attempt: AttemptNumber, budget: Duration) -> Traced<Answer> {
        if self.has(Bug::SendsUnderANewKeyEachTime) {
            // A gateway that knows no key and a key that no gateway knows come to the same.
            self.machine.stage.gateway.forget_keys();
        }
        let told = self.port.confirm(committed, attempt, budget).await;
        if self.has(Bug::ReadsSilenceAsADecline) && told.answer.outcome == Outcome::Unknown(UnknownReason::Timeout) {
            let decline = Decline::judge(GatewayWords { code: "processing_error", ..GatewayWords::default() });
            return told.map(|answer| Answer { outcome: Outcome::Declined { decline, object: None }, ..answer });
        }
        told
    }

    async fn capture(&self, committed: &Committed, budget: Duration) -> Traced<Answer> {
        self.port.capture(committed, budget).await
    }

    async fn cancel(&self, committed: &Committed, fresh: u64, budget: Duration) -> Traced<Answer> {
        self.port.cancel(committed, fresh, budget).await
    }

    async fn refund(&self, committed: &Committed, refund: &RefundId, budget: Duration) -> Traced<RefundAnswer> {
        self.port.refund(committed, refund, budget).await
    }

    async fn refunds(&self, payment: &Payment, budget: Duration) -> Traced<Result<Vec<RefundSnapshot>, UnknownReason>> {
        self.port.refunds(payment, budget).await
    }

    async fn fetch(&self, payment: &Payment, budget: Duration) -> Traced<Outcome> {
        self.port.fetch(payment, budget).await
    }
}

impl DisputeGateway for Planted<'_, WeatheredGateway<'_>> {
    fn accepts_papers(&self, id: &DisputeId, papers: &Papers) -> Result<(), PapersRefusal> {
        self.port.accepts_papers(id, papers)
    }

    async fn fetch_dispute(&self, id: &DisputeId, budget: Duration) -> Traced<dispute::Outcome> {
        self.port.fetch_dispute(id, budget).await.map(|outcome| match (outcome, self.machine.stage.bug) {
            (dispute::Outcome::Dispute(shown), Some(Bug::LinksADisputeToNobody)) => {
                dispute::Outcome::Dispute(Box::new(dispute::Snapshot { behind: Behind::NotOurs, ..*shown }))
            }
            (dispute::Outcome::Dispute(shown), Some(Bug::ReadsADisputeFromACache)) => {
                dispute::Outcome::Dispute(Box::new(first_shown(*shown)))
            }
            (outcome, _) => outcome,
        })
    }

    async fn answer_dispute(
        &self,
        committed: &commit::dispute::Committed,
        papers: &Papers,
        budget: Duration,
    ) -> Traced<dispute::Answer> {
        let told = self.port.answer_dispute(committed, papers, budget).await;
        let is_silence = told.answer.outcome == dispute::Outcome::Unknown(UnknownReason::Timeout);
        if self.has(Bug::ReadsSilenceAsARefusal) && is_silence {
            let outcome = dispute::Outcome::Refused { code: "timeout".to_owned() };
            return told.map(|answer| dispute::Answer { outcome, ..answer });
        }
        told
    }
}

/// The dispute as whoever has kept it in a cache sees it.
fn first_shown(shown: dispute::Snapshot) -> dispute::Snapshot {
    dispute::Snapshot { status: dispute::SnapshotStatus::Known(dispute::Status::NeedsResponse), ..shown }
}
