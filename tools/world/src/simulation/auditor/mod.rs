//! The auditor. It knows nothing of our code: it sees the gateway's own books and what callers were told, and compares the
//! two with the promises.
//!
//! | promise | when | what is compared |
//! |---|---|---|
//! | P1 | always | at most one charge stands for a payment |
//! | P2 | always | whoever is told `succeeded` or `requires_capture` finds that money in the books |
//! | P2 | at rest | money that stands in the books is told |
//! | P3 | always | no more goes back than was taken, each refund once; what is told as left is left |
//! | P4 | always | who is told an end without money finds the gateway's object ended |
//! | P5 | always | a key means one body; another is refused; a payment that was told is there for ever, never older than told |
//! | P5 | always | the bank decides at most once on one request of ours, however often it is sent |
//! | P5 | always | nothing that moves money is sent again once the gateway has forgotten its key |
//! | P5 | at rest | there are no more charges than were asked for |
//! | P6 | always | after a 2xx to a final event nobody is told what was before it |
//! | P7 | at rest | nothing is stuck, unless a person was called |
//! | P9 | always | of two answers the newer can come from the older |
//!
//! What a list shows of a payment is told like any other answer; [`lists`] adds what only lists promise.
//!
//! [`disputes`] has what is promised about them, [`house`] what cannot be seen from outside: the rows; and [`bytes`], P8 as far as rows go.

mod bytes;
mod disputes;
mod house;
mod lists;
mod refunds;
mod rest;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    gateway::ObjectStatus,
    id::{RequestHash, TransactionId},
    payment::{Confirmation, Payment, PaymentState, ProcessingReason, ReviewReason, Status},
    text::GatewayToken,
};
use flow::operations::webhook::{GatewayEvent, News, Received, Subject};

use self::{disputes::Docket, house::House};
use super::{
    coverage::Operation,
    functions::{Answer, Ask, KEY_REUSED},
};
use crate::{
    audit::{self, is_end, may_become},
    gateway::{Charge, SimGateway, Standing},
};

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Which promise.
    pub promise: &'static str,
    /// How, always in the same words, so that two runs can be told to have found the same.
    pub what: &'static str,
    /// The particulars.
    pub detail: String,
}

/// Everything that the auditor has seen.
#[derive(Debug, Default)]
pub struct Auditor {
    asked: Vec<Asked>,
    bodies: BTreeMap<Scope, Vec<RequestHash>>,
    bound: BTreeMap<Scope, RequestHash>,
    files: BTreeMap<TransactionId, File>,
    behind_our_back: BTreeSet<GatewayToken>,
    ended: BTreeSet<GatewayToken>,
    pub(super) house: House,
    pub(super) docket: Docket,
    found: Option<Breach>,
}

/// Where an idempotency key means one request: the operation, the payment if there is one already, the key.
type Scope = (Operation, Option<TransactionId>, String);

/// A request.
#[derive(Debug)]
struct Asked {
    id: TransactionId,
    sent: u64,
}

/// What is known of one payment.
#[derive(Debug, Default)]
struct File {
    /// What was told of each of its versions.
    told: BTreeMap<u64, Told>,
    /// When a newer version was heard of than any before, and which.
    heard: Vec<(u64, u64)>,
    /// Final events that were taken, and when.
    taken: Vec<(u64, ObjectStatus)>,
    confirm_keys: BTreeSet<String>,
    away_keys: BTreeSet<String>,
    /// Whether Quittance was asked to charge it by itself once its payer has approved.
    is_automatic: bool,
    /// The newest version that was told.
    newest: Option<Payment>,
}

/// What an answer shows of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    status: Status,
    reason: Option<&'static str>,
    amount: i64,
    captured: i64,
    capturable: i64,
    pending: Option<&'static str>,
    attention: Option<ReviewReason>,
    attempts: usize,
    /// The client secret bears it.
    object: GatewayToken,
    /// Whether it is at its end, and looked at once more.
    is_watched: bool,
}

impl Told {
    fn of(payment: &Payment) -> Self {
        Self {
            status: payment.state.status(),
            reason: match payment.state {
                PaymentState::Processing(reason) => Some(reason.name()),
                _ => None,
            },
            amount: payment.terms.amount.minor_units(),
            captured: payment.captured().minor_units(),
            capturable: payment.capturable().minor_units(),
            pending: payment.open_act().map(|act| act.kind.name()),
            attention: payment.attention.map(|review| review.reason),
            attempts: payment.attempts.len(),
            object: payment.object.clone(),
            is_watched: payment.look_owed,
        }
    }

    fn is_unknown(&self) -> bool {
        self.reason == Some(ProcessingReason::OutcomeUnknown.name())
    }

    /// Whether a person was called because the gateway's object is not what it should be: then nothing is promised of
    /// it but that somebody looks. A graver reason may stand before that one.
    fn is_disputed(&self, gateway: &SimGateway) -> bool {
        let is_other_money = gateway.object(&self.object).is_some_and(|it| it.amount_minor_units != self.amount);
        let says_so = matches!(self.attention, Some(ReviewReason::ObjectMismatch | ReviewReason::UnrecognizedStatus));
        self.attention.is_some() && (says_so || is_other_money)
    }
}

impl Auditor {
    /// The first promise that was found broken.
    #[must_use]
    pub const fn found(&self) -> Option<&Breach> {
        self.found.as_ref()
    }

    pub(super) fn breach(&mut self, promise: &'static str, what: &'static str, detail: String) {
        self.found.get_or_insert(Breach { promise, what, detail });
    }

    /// A client sends a request. Its number.
    pub(super) fn asked(&mut self, id: &TransactionId, ask: &Ask, turn: u64) -> usize {
        if let Some((key, body)) = ask.key() {
            self.bodies.entry(scope(id, ask, key)).or_default().push(body);
        }
        if let Ask::Confirm(request) = ask {
            let file = self.files.entry(id.clone()).or_default();
            let key = request.key.as_str().to_owned();
            if request.off_session {
                file.away_keys.insert(key.clone());
            }
            file.confirm_keys.insert(key);
        }
        if let Ask::Initiate(request) = ask
            && request.terms.confirmation == Confirmation::Automatic
        {
            self.files.entry(id.clone()).or_default().is_automatic = true;
        }
        self.asked.push(Asked { id: id.clone(), sent: turn });
        self.asked.len().saturating_sub(1)
    }

    /// A client hears an answer.
    pub(super) fn told(&mut self, request: usize, ask: &Ask, answer: &Answer, turn: u64, gateway: &SimGateway) {
        let Some(Asked { id, sent }) = self.asked.get(request) else { return };
        let (id, sent) = (id.clone(), *sent);
        match answer {
            Answer::Payment(payment, _) => {
                self.accepted(&id, ask);
                self.sees(payment, sent, turn, gateway);
            }
            Answer::Refused(code, payment) => {
                if let Some(payment) = payment {
                    self.sees(payment, sent, turn, gateway);
                }
                if *code == KEY_REUSED {
                    self.refused_as_reused(&id, ask);
                } else if *code == "not_found" && self.newest_before(&id, sent) > 0 {
                    self.breach("P5", "a payment that was told is not there any more", id.to_string());
                }
            }
            Answer::Unavailable(_) => {}
        }
    }

    /// The gateway is answered a 2xx to an event.
    pub(super) fn acknowledged(&mut self, event: &GatewayEvent, received: Received, turn: u64) {
        if let Subject::Dispute { id } = &event.subject
            && matches!(received, Received::Applied | Received::Superseded)
        {
            self.acknowledged_dispute(id);
        }
        let Subject::Payment { id, news: News::Object { outcome, .. } } = &event.subject else { return };
        let Some(object) = outcome.object() else { return };
        let counts = matches!(received, Received::Applied | Received::Superseded);
        let is_final = matches!(
            object.status,
            ObjectStatus::Captured { .. }
                | ObjectStatus::Canceled
                | ObjectStatus::Failed(_)
                | ObjectStatus::Authorized { .. }
        );
        if self.behind_our_back.contains(&object.reference) {
            if counts {
                self.breach("E7", "another object's event moved a payment", event.id.clone());
            }
        } else if received == Received::WrongMode {
            // Nothing of it counts; that it did not is seen in all else.
        } else if counts && is_final {
            self.files.entry(id.clone()).or_default().taken.push((turn, object.status.clone()));
        }
    }

    /// Somebody opens an object at the gateway that bears a payment's id, without us.
    pub(super) fn opened_behind_our_back(&mut self, object: GatewayToken) {
        self.behind_our_back.insert(object);
    }

    /// The gateway's books have changed.
    pub(super) fn reads_books(&mut self, gateway: &SimGateway) {
        let charges = gateway.charges();
        let mut standing: BTreeMap<&TransactionId, usize> = BTreeMap::new();
        for charge in charges.iter().filter(|charge| charge.stands() && !self.is_behind_our_back(charge)) {
            let count = standing.entry(&charge.transaction_id).or_default();
            *count = count.saturating_add(1);
        }
        if let Some((id, count)) = standing.into_iter().find(|(_, count)| *count > 1) {
            self.breach("P1", "more than one charge stands", format!("{count} for {id}: {charges:?}"));
        }
        if let Some(key) = gateway.revived_keys().pop() {
            self.breach("P5", "a request was sent again when its key was forgotten", key);
        }
        self.reads_refunds(gateway);
        if let Some(charge) = audit::decided_twice(&charges) {
            self.breach("P5", "one request was decided on twice", format!("{charge:?}"));
        }
    }

    /// An object of the gateway has ended without money. It may be paid after all, and was ended all the same.
    pub(super) fn saw_object(&mut self, object: &GatewayToken, status: &ObjectStatus) {
        if *status == ObjectStatus::Canceled {
            self.ended.insert(object.clone());
        }
    }

    fn is_behind_our_back(&self, charge: &Charge) -> bool {
        self.behind_our_back.contains(&charge.object)
    }

    fn accepted(&mut self, id: &TransactionId, ask: &Ask) {
        let Some((key, body)) = ask.key() else { return };
        let bound = *self.bound.entry(scope(id, ask, key)).or_insert(body);
        if bound != body {
            self.breach("P5", "one key was taken with two bodies", format!("{key} for {id}"));
        }
    }

    fn refused_as_reused(&mut self, id: &TransactionId, ask: &Ask) {
        let Some((key, body)) = ask.key() else { return };
        let others = self.bodies.get(&scope(id, ask, key)).into_iter().flatten().any(|other| *other != body);
        if !others || self.bound.get(&scope(id, ask, key)) == Some(&body) {
            self.breach("P5", "a key was refused that belongs to this very request", format!("{key} for {id}"));
        }
    }

    /// The newest version that anybody had been told of when a request was sent. 0: none.
    fn newest_before(&self, id: &TransactionId, turn: u64) -> u64 {
        let heard = self.files.get(id).map_or(&[][..], |file| file.heard.as_slice());
        heard.iter().rev().find(|(at, _)| *at < turn).map_or(0, |(_, version)| *version)
    }

    fn sees(&mut self, payment: &Payment, sent: u64, turn: u64, gateway: &SimGateway) {
        let (id, told, version) = (&payment.id, Told::of(payment), payment.version);
        let newest = self.newest_before(id, sent);
        if version < newest {
            self.breach(
                "P5",
                "an answer is older than what was told before it was asked for",
                format!("{version} < {newest}"),
            );
        }
        self.compare_with_books(&told, gateway);
        self.sees_refunds(payment, gateway);
        self.sees_disputed(payment);
        self.compare_with_events(id, &told, sent, gateway);
        let file = self.files.entry(id.clone()).or_default();
        let before = file.told.range(..version).next_back().map(|(_, told)| told.status);
        let after = file.told.range(version.saturating_add(1)..).next().map(|(_, told)| told.status);
        let same = file.told.entry(version).or_insert_with(|| told.clone()) == &told;
        if file.heard.last().is_none_or(|(_, heard)| *heard < version) {
            file.heard.push((turn, version));
        }
        if file.newest.as_ref().is_none_or(|newest| newest.version < version) {
            file.newest = Some(payment.clone());
        }
        if !same {
            self.breach("P5", "one version was told in two ways", format!("v{version} of {id}: {told:?}"));
        }
        let moves =
            before.map(|before| (before, told.status)).into_iter().chain(after.map(|after| (told.status, after)));
        for (from, to) in moves {
            if !may_become(from, to) {
                self.breach("P9", "a payment moved where it may not", format!("{id}: {from:?} → {to:?}"));
            }
        }
    }

    /// P2 and P4, as they hold at any moment.
    fn compare_with_books(&mut self, told: &Told, gateway: &SimGateway) {
        let charges = gateway.charges();
        let mut ours = charges.iter().filter(|charge| charge.object == told.object);
        match told.status {
            Status::Succeeded => {
                let is_there = |it: &Charge| it.standing == Standing::Captured && it.minor_units == told.captured;
                if !ours.any(is_there) {
                    self.breach("P2", "told succeeded, and the books know of no such charge", format!("{told:?}"));
                }
            }
            Status::RequiresCapture => {
                if ours.all(|charge| matches!(charge.standing, Standing::Declined(_))) {
                    self.breach("P2", "told that money is held, and none ever was", format!("{told:?}"));
                }
            }
            Status::Failed | Status::Canceled | Status::Expired => {
                let is_watched = told.is_watched && gateway.is_order(&told.object);
                if !is_watched && !audit::is_over(&told.object, gateway) && !self.ended.contains(&told.object) {
                    self.breach("P4", "told an end without proof", format!("{told:?}"));
                }
            }
            Status::RequiresPaymentMethod | Status::Processing | Status::RequiresAction => {}
        }
    }

    /// P6: what was acknowledged before the request was sent is known to its answer.
    fn compare_with_events(&mut self, id: &TransactionId, told: &Told, sent: u64, gateway: &SimGateway) {
        let taken = self.files.get(id).map_or(&[][..], |file| file.taken.as_slice());
        let before = taken.iter().filter(|(at, _)| *at < sent);
        let ignored = before.map(|(_, status)| status).find(|status| match status {
            ObjectStatus::Captured { .. } => told.status != Status::Succeeded,
            ObjectStatus::Canceled | ObjectStatus::Failed(_) => !is_end(told.status),
            ObjectStatus::Authorized { .. } => !is_end(told.status) && told.status != Status::RequiresCapture,
            _ => false,
        });
        if let Some(status) = ignored.cloned()
            && !told.is_disputed(gateway)
        {
            self.breach("P6", "an event was acknowledged and has no effect", format!("{status:?}, and told {told:?}"));
        }
    }
}

fn scope(id: &TransactionId, ask: &Ask, key: &str) -> Scope {
    // What creates a payment has no payment yet.
    let payment = (!matches!(ask, Ask::Initiate(_))).then(|| id.clone());
    (ask.operation(), payment, key.to_owned())
}

/// Whether a close is under way that the gateway does not do while a bank is at work.
fn waits_for_bank(told: &Told, gateway: &SimGateway) -> bool {
    let pending = gateway.object(&told.object).is_some_and(|object| object.status == ObjectStatus::Pending);
    pending && told.pending != Some("capture")
}
