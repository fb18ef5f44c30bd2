//! The gateways' twin for disputes: a book of its own, idempotency keys, and answers that get lost on request.
//!
//! A dispute takes one answer at a time, as at the real ones: whoever answers when it asks for nothing is refused.

pub mod made_up;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    dispute::{
        ActKind, Answer, Behind, DisputeId, Outcome, Papers, Reason, Snapshot, SnapshotStatus, Stage, Standing, Status,
    },
    gateway::{Gateway, Hand, Mode, UnknownReason},
    id::{TransactionId, gateway_key},
    money::Money,
    text::{GatewayToken, Text},
    time::Timestamp,
};
use flow::{
    commit::dispute::Committed,
    ports::dispute::{DisputeGateway, PapersRefusal},
};

use crate::{gateway::SimGateway, turns};

/// What becomes of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is served and heard.
    Well,
    /// It is not served, and the caller sees this.
    Unserved(UnknownReason),
    /// It is served, and the caller sees this.
    Unheard(UnknownReason),
    /// It is refused with this code; the gateway does nothing.
    Refused(&'static str),
}

/// The disputes of all gateways.
#[derive(Debug)]
pub struct SimDisputes(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    book: BTreeMap<DisputeId, Snapshot>,
    /// What was answered to each key.
    saved: BTreeMap<String, Outcome>,
    /// The papers of every submission that was served.
    submitted: Vec<(DisputeId, Papers)>,
    fates: VecDeque<Fate>,
}

/// The id of the `number`th dispute.
///
/// # Panics
/// Never: a decimal number belongs into a token.
#[must_use]
pub fn id(number: u32) -> DisputeId {
    must(DisputeId::of(Gateway::Stripe, must(GatewayToken::parse(&format!("du_{number}")))))
}

impl SimDisputes {
    /// None yet.
    #[must_use]
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Inner {
            book: BTreeMap::new(),
            saved: BTreeMap::new(),
            submitted: Vec::new(),
            fates: VecDeque::new(),
        }))
    }

    /// A payer disputes `amount` of a payment; none: of something that is not ours.
    pub fn open(
        &self,
        id: &DisputeId,
        payment: Option<&TransactionId>,
        amount: Money,
        standing: Standing,
        by: Timestamp,
    ) {
        let snapshot = Snapshot {
            reference: id.reference().clone(),
            mode: Some(Mode::Test),
            behind: payment.map_or(Behind::NotOurs, |payment| Behind::Payment(payment.clone())),
            charge: GatewayToken::parse("ch_1").ok(),
            amount: Some(amount),
            reason: Reason::NotReceived,
            gateway_reason: Text::parse("product_not_received").ok(),
            stage: Some(standing.stage),
            status: SnapshotStatus::Known(standing.status),
            due_by: Some(by),
            submissions: Some(0),
        };
        self.inner().book.insert(id.clone(), snapshot);
    }

    /// The bank, or the gateway, moves a dispute on.
    ///
    /// # Panics
    /// If there is none.
    pub fn moves(&self, id: &DisputeId, stage: Stage, status: Status) {
        let mut inner = self.inner();
        let snapshot = must(inner.book.get_mut(id).ok_or("there is no such dispute"));
        (snapshot.stage, snapshot.status) = (Some(stage), SnapshotStatus::Known(status));
    }

    /// The gateway takes a word of its own into use.
    ///
    /// # Panics
    /// If there is no such dispute.
    pub fn says(&self, id: &DisputeId, word: &str) {
        let mut inner = self.inner();
        must(inner.book.get_mut(id).ok_or("there is no such dispute")).status =
            SnapshotStatus::Unrecognized(word.to_owned());
    }

    /// Says how the next calls go. What comes after them goes well.
    pub fn script(&self, fates: impl IntoIterator<Item = Fate>) {
        self.inner().fates.extend(fates);
    }

    /// Every submission that was served, oldest first.
    #[must_use]
    pub fn submitted(&self) -> Vec<(DisputeId, Papers)> {
        self.inner().submitted.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One call: the way there, what becomes of it, the way back.
    async fn call(&self, serve: impl FnOnce(&mut Inner) -> (Outcome, Hand)) -> Answer {
        turns::pass().await;
        let (outcome, hand) = {
            let mut inner = self.inner();
            match inner.fates.pop_front().unwrap_or(Fate::Well) {
                Fate::Well => serve(&mut inner),
                Fate::Unserved(reason) => (Outcome::Unknown(reason), Hand::First),
                Fate::Unheard(reason) => {
                    serve(&mut inner);
                    (Outcome::Unknown(reason), Hand::First)
                }
                Fate::Refused(code) => (Outcome::Refused { code: code.to_owned() }, Hand::First),
            }
        };
        turns::pass().await;
        Answer { outcome, hand }
    }
}

impl Inner {
    fn shown(&self, id: &DisputeId) -> Outcome {
        self.book.get(id).map_or_else(
            || Outcome::Refused { code: "resource_missing".to_owned() },
            |snapshot| Outcome::Dispute(Box::new(snapshot.clone())),
        )
    }

    fn answer(&mut self, id: &DisputeId, kind: ActKind, papers: &Papers) -> Outcome {
        let Some(snapshot) = self.book.get_mut(id) else { return self.shown(id) };
        if snapshot.status != SnapshotStatus::Known(Status::NeedsResponse) {
            return Outcome::Refused { code: "dispute_closed".to_owned() };
        }
        match kind {
            ActKind::Submit { .. } => {
                snapshot.status = SnapshotStatus::Known(Status::UnderReview);
                snapshot.submissions = snapshot.submissions.map(|count| count.saturating_add(1));
                self.submitted.push((id.clone(), papers.clone()));
            }
            ActKind::Accept => snapshot.status = SnapshotStatus::Known(Status::Lost),
            ActKind::Draft => return Outcome::Refused { code: "no_such_request".to_owned() },
        }
        self.shown(id)
    }
}

impl DisputeGateway for SimGateway {
    fn accepts_papers(&self, _: &DisputeId, _: &Papers) -> Result<(), PapersRefusal> {
        Ok(())
    }

    async fn fetch_dispute(&self, id: &DisputeId, _: Duration) -> Outcome {
        self.disputes().call(|inner| (inner.shown(id), Hand::First)).await.outcome
    }

    async fn answer_dispute(&self, committed: &Committed, _: Duration) -> Answer {
        let dispute = committed.dispute();
        let key = gateway_key::dispute(&dispute.id, dispute.acts.len());
        let served = self.disputes().call(|inner| {
            if let Some(saved) = inner.saved.get(&key) {
                return (saved.clone(), Hand::Replayed);
            }
            let kind = dispute.open_act().map_or(ActKind::Draft, |act| act.kind);
            let outcome = inner.answer(&dispute.id, kind, &dispute.papers);
            inner.saved.insert(key, outcome.clone());
            (outcome, Hand::First)
        });
        served.await
    }
}

#[expect(clippy::panic, reason = "what a scenario takes for granted must be so, or the test that it is part of fails")]
fn must<T, E: std::fmt::Debug>(made: Result<T, E>) -> T {
    made.unwrap_or_else(|error| panic!("{error:?}"))
}
