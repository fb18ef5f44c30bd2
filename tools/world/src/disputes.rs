//! The gateways' twin for disputes: a book of its own, idempotency keys, and answers that get lost on request.
//!
//! A dispute takes one answer at a time, as at the real ones: whoever answers when it asks for nothing is refused. Stripe
//! shows the dispute in its answer and repeats it under its key for a day; PayPal only says that it took it, and knows no
//! keys.

mod desk;
pub mod made_up;

pub use desk::{at, holds};

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    dispute::{
        ActKind, Answer, Behind, DisputeId, Outcome, Papers, Reason, Snapshot, SnapshotStatus, Stage, Standing, Status,
        Ways,
    },
    gateway::{Gateway, Hand, Mode, Traced, UnknownReason},
    id::{TransactionId, gateway_key},
    money::Money,
    text::{GatewayToken, Text},
    time::Timestamp,
};
use flow::{
    commit::dispute::Committed,
    ports::{
        Host as _,
        dispute::{DisputeGateway, PapersRefusal},
    },
};

use crate::{
    gateway::{Effect, SimGateway, request_id},
    host::SimHost,
    turns,
};

/// Stripe promises to keep keys for a day. Here it keeps them not a moment longer.
const KEY_LIFE: Duration = Duration::from_secs(24 * 3600);

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
    /// The gateway fails while it serves it; Stripe saves this failure under the request's key.
    SavedFailure(Effect),
    /// The dispute is shown, and the object behind it is not.
    WithoutItsObject,
}

/// An answer of the merchant's that a gateway took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// To which dispute.
    pub id: DisputeId,
    /// What it was.
    pub kind: ActKind,
    /// The key of the request; none if it was done in the gateway's dashboard.
    pub key: Option<String>,
    /// What was brought forward.
    pub papers: Papers,
    /// How far the dispute had gone.
    pub stage: Option<Stage>,
}

/// The disputes of all gateways.
#[derive(Debug)]
pub struct SimDisputes(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Arc<SimHost>,
    book: BTreeMap<DisputeId, Snapshot>,
    /// The objects whose money it is, where somebody said so.
    objects: BTreeMap<DisputeId, GatewayToken>,
    /// What was answered to each key, and until when it is remembered.
    saved: BTreeMap<String, (Outcome, Timestamp)>,
    /// Every answer that was served.
    served: Vec<Served>,
    fates: VecDeque<Fate>,
    calls: usize,
}

/// The id of the `number`th dispute.
///
/// # Panics
/// Never: a decimal number belongs into a token.
#[must_use]
pub fn id(number: u32) -> DisputeId {
    at(Gateway::Stripe, number)
}

impl SimDisputes {
    /// None yet.
    #[must_use]
    pub(crate) const fn new(clock: Arc<SimHost>) -> Self {
        Self(Mutex::new(Inner {
            clock,
            book: BTreeMap::new(),
            objects: BTreeMap::new(),
            saved: BTreeMap::new(),
            served: Vec::new(),
            fates: VecDeque::new(),
            calls: 0,
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
            // PayPal does not say.
            mode: (id.gateway() == Gateway::Stripe).then_some(Mode::Test),
            behind: payment.map_or(Behind::NotOurs, |id| Behind::Payment { id: id.clone(), object: None }),
            charge: GatewayToken::parse("ch_1").ok(),
            amount: Some(amount),
            reason: Reason::NotReceived,
            gateway_reason: Text::parse("product_not_received").ok(),
            stage: Some(standing.stage),
            status: SnapshotStatus::Known(standing.status),
            ways: Ways::usual(standing.stage, standing.status),
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
        let served = self.served().into_iter().filter(|served| matches!(served.kind, ActKind::Submit { .. }));
        served.map(|served| (served.id, served.papers)).collect()
    }

    /// Every answer that was served, oldest first.
    #[must_use]
    pub fn served(&self) -> Vec<Served> {
        self.inner().served.clone()
    }

    /// A dispute as it stands in truth.
    #[must_use]
    pub fn shown(&self, id: &DisputeId) -> Option<Snapshot> {
        self.inner().book.get(id).cloned()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One call: the way there, what becomes of it, the way back.
    async fn call(&self, serve: impl FnOnce(&mut Inner, Option<Effect>) -> (Outcome, Hand)) -> Traced<Answer> {
        turns::pass().await;
        let (number, (outcome, hand)) = {
            let mut inner = self.inner();
            inner.calls = inner.calls.saturating_add(1);
            let answer = match inner.fates.pop_front().unwrap_or(Fate::Well) {
                Fate::Well => serve(&mut inner, None),
                Fate::Unserved(reason) => (Outcome::Unknown(reason), Hand::First),
                Fate::Unheard(reason) => {
                    serve(&mut inner, None);
                    (Outcome::Unknown(reason), Hand::First)
                }
                Fate::Refused(code) => (Outcome::Refused { code: code.to_owned() }, Hand::First),
                Fate::SavedFailure(effect) => serve(&mut inner, Some(effect)),
                Fate::WithoutItsObject => match serve(&mut inner, None) {
                    (Outcome::Dispute(shown), hand) => {
                        (Outcome::Dispute(Box::new(Snapshot { behind: Behind::NotShown, ..*shown })), hand)
                    }
                    other => other,
                },
            };
            (inner.calls, answer)
        };
        turns::pass().await;
        let unknown = match &outcome {
            Outcome::Unknown(reason) => Some(*reason),
            Outcome::Dispute(_) | Outcome::Taken | Outcome::Refused { .. } => None,
        };
        Traced { answer: Answer { outcome, hand }, request_id: request_id("dp", number, unknown) }
    }
}

impl Inner {
    fn look(&self, id: &DisputeId) -> Outcome {
        self.book.get(id).map_or_else(
            || Outcome::Refused { code: "resource_missing".to_owned() },
            |snapshot| Outcome::Dispute(Box::new(Snapshot { ways: ways(snapshot), ..snapshot.clone() })),
        )
    }

    /// A request arrives. What was answered to its key is answered again, where the gateway keeps keys.
    fn serve(&mut self, request: &Sent, failure: Option<Effect>) -> (Outcome, Hand) {
        let (now, keeps_keys) = (self.clock.now(), request.id.gateway() == Gateway::Stripe);
        self.saved.retain(|_, (_, until)| now < *until);
        if let Some((saved, _)) = self.saved.get(&request.key) {
            return (saved.clone(), Hand::Replayed);
        }
        let failed = Outcome::Unknown(UnknownReason::ServerError);
        let outcome = match failure {
            None => self.answer(&request.id, request.kind, &request.papers, Some(&request.key)),
            Some(Effect::None) => failed,
            Some(Effect::Whole) => {
                let _lost = self.answer(&request.id, request.kind, &request.papers, Some(&request.key));
                failed
            }
        };
        if keeps_keys {
            self.saved.insert(request.key.clone(), (outcome.clone(), now.plus(KEY_LIFE)));
        }
        (outcome, Hand::First)
    }

    /// The merchant answers, if the dispute asks for an answer.
    fn answer(&mut self, id: &DisputeId, kind: ActKind, papers: &Papers, key: Option<&str>) -> Outcome {
        let Some(snapshot) = self.book.get_mut(id) else { return self.look(id) };
        if snapshot.status != SnapshotStatus::Known(Status::NeedsResponse) {
            return Outcome::Refused { code: "dispute_closed".to_owned() };
        }
        let stage = snapshot.stage;
        match kind {
            ActKind::Submit { .. } => {
                snapshot.status = SnapshotStatus::Known(Status::UnderReview);
                snapshot.submissions = snapshot.submissions.map(|count| count.saturating_add(1));
            }
            ActKind::Accept => snapshot.status = SnapshotStatus::Known(Status::Lost),
            ActKind::Draft => return Outcome::Refused { code: "no_such_request".to_owned() },
        }
        let key = key.map(str::to_owned);
        self.served.push(Served { id: id.clone(), kind, key, papers: papers.clone(), stage });
        match id.gateway() {
            Gateway::Stripe => self.look(id),
            Gateway::PayPal => Outcome::Taken,
        }
    }
}

/// What a gateway takes of a dispute that stands so.
fn ways(snapshot: &Snapshot) -> Ways {
    match (snapshot.stage, &snapshot.status) {
        (Some(stage), SnapshotStatus::Known(status)) => Ways::usual(stage, *status),
        (None, _) | (_, SnapshotStatus::Unrecognized(_)) => Ways::NONE,
    }
}

/// A request of ours.
struct Sent {
    id: DisputeId,
    kind: ActKind,
    key: String,
    papers: Papers,
}

impl DisputeGateway for SimGateway {
    fn accepts_papers(&self, _: &DisputeId, _: &Papers) -> Result<(), PapersRefusal> {
        Ok(())
    }

    async fn fetch_dispute(&self, id: &DisputeId, _: Duration) -> Traced<Outcome> {
        self.disputes().call(|inner, _| (inner.look(id), Hand::First)).await.map(|answer| answer.outcome)
    }

    async fn answer_dispute(&self, committed: &Committed, papers: &Papers, _: Duration) -> Traced<Answer> {
        let dispute = committed.dispute();
        let sent = Sent {
            id: dispute.id.clone(),
            kind: dispute.open_act().map_or(ActKind::Draft, |act| act.kind),
            key: gateway_key::dispute(&dispute.id, dispute.acts.len()),
            papers: papers.clone(),
        };
        let before = self.disputes().served().len();
        let mut told = self.disputes().call(|inner, failure| inner.serve(&sent, failure)).await;
        if dispute.id.gateway() == Gateway::PayPal && matches!(told.answer.outcome, Outcome::Refused { .. }) {
            // PayPal knows no keys here, so its refusal may be of a second copy: the adapter says so.
            told.answer.hand = Hand::Replayed;
        }
        if self.disputes().served().len() > before {
            self.dispute_has_news(&dispute.id);
        }
        told
    }
}

#[expect(clippy::panic, reason = "what a scenario takes for granted must be so, or the test that it is part of fails")]
fn must<T, E: std::fmt::Debug>(made: Result<T, E>) -> T {
    made.unwrap_or_else(|error| panic!("{error:?}"))
}
