//! The rows of the refunds: a real payment that is paid, moved by the real `decide`, `judge_refund` and `apply`, in the
//! normal form of [`super::super::rows`].

use std::collections::HashMap;

use domain::{
    gateway::{Hand, RefundOutcome, RefundSnapshot, RefundStatus, UnknownReason},
    id::{RefundId, RequestHash},
    money::Money,
    payment::{
        Command, Decision, Event, Judgement, Payment, PaymentState, RefundEvidence, RefundProgress, RefundRequest,
        RefundSource, Rejection, apply, decide, judge_refund,
    },
    schedule::Limits,
    text::GatewayToken,
};
use world::payments;

use super::books::{Answer, BY_HAND, List, Standing, WISHES, place};
use crate::{
    rows::{LATER, NOW, before, key, now, settled},
    search::QuickHash,
};

/// What each refund gives back, of the 12.50 that were paid: two fit, and a third does not.
pub(crate) const PART: i64 = 500;

/// A row, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RowId(u16);

impl RowId {
    /// The row of which nothing was given back.
    pub(crate) const PAID: Self = Self(0);
}

/// How many of the keys of our refunds, the oldest ones, are too old to be sent again.
pub(crate) type Old = u8;

/// What is asked of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Question {
    /// `decide`: a client wants its next refund.
    Refund,
    /// `decide`: a look.
    Claim,
    /// `judge_refund`, of which the names are.
    Answered(u8, Hand, Answer),
    Listed(List),
    Seen(List),
    Absent(u8),
    Unseen,
    Hinted,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) to: RowId,
    /// The word for what happened.
    pub(crate) fact: &'static str,
}

/// What the model needs to know of a row again and again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    /// How many refunds clients have asked for.
    pub(crate) asked: u8,
    /// What is told of each.
    pub(crate) told: [Told; WISHES],
    /// How many refunds the row has that somebody made by hand.
    pub(crate) by_hand: usize,
    /// How much may still be refunded.
    pub(crate) offered: i64,
    pub(crate) captured: i64,
    pub(crate) is_marked: bool,
    /// What no row may be.
    pub(crate) flaw: Option<&'static str>,
}

/// What the row tells of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Nothing,
    /// Nobody knows; it may be sent again.
    Unanswered,
    /// Nobody knows, and its key is spent.
    Answered,
    Stands(Standing),
}

impl Told {
    pub(crate) const fn is_in_doubt(self) -> bool {
        matches!(self, Self::Unanswered | Self::Answered)
    }
}

/// All rows that were met.
pub(crate) struct Rows {
    payments: Vec<Payment>,
    facts: Vec<Facts>,
    /// By their text, because a payment cannot be hashed.
    ids: HashMap<String, RowId>,
    moves: HashMap<(RowId, Old, Question), Option<Moved>, QuickHash>,
}

impl Rows {
    pub(crate) fn new() -> Self {
        let mut rows = Self { payments: Vec::new(), facts: Vec::new(), ids: HashMap::new(), moves: HashMap::default() };
        let mut paid = payments::waiting(1);
        (paid.state, paid.due) = (PaymentState::Succeeded { captured: paid.terms.amount }, None);
        paid.charge = Some(settled(paid.terms.amount));
        assert_eq!(rows.number(paid), RowId::PAID, "the first row is the first");
        rows
    }

    pub(crate) fn facts(&self, row: RowId) -> &Facts {
        &self.facts[usize::from(row.0)]
    }

    /// What `question` makes of a row: none if nothing changes.
    pub(crate) fn ask(&mut self, row: RowId, old: Old, question: Question) -> Option<Moved> {
        if let Some(known) = self.moves.get(&(row, old, question)) {
            return *known;
        }
        let payment = self.at(row, old);
        let evidence = match question {
            Question::Refund | Question::Claim => None,
            Question::Answered(number, hand, answer) => {
                let outcome = outcome(&payment, number, answer);
                Some(RefundEvidence::Answered { id: refund_id(&payment, number), hand, outcome })
            }
            Question::Listed(list) => Some(RefundEvidence::Listed(snapshots(&payment, &list))),
            Question::Seen(list) => Some(RefundEvidence::Seen(snapshots(&payment, &list))),
            Question::Absent(number) => Some(RefundEvidence::Absent { id: refund_id(&payment, number) }),
            Question::Unseen => Some(RefundEvidence::Unseen(UnknownReason::Timeout)),
            Question::Hinted => Some(RefundEvidence::Hinted),
        };
        let event = match evidence {
            None => decided(&payment, question),
            Some(evidence) => match judge_refund(&payment, &evidence, &now()) {
                Judgement::Change(event) => Some(event),
                Judgement::Nothing => None,
                Judgement::Foreign { .. } => unreachable!("the model has one object"),
            },
        };
        let moved = event.map(|event| {
            let mut after = payment.clone();
            apply(&mut after, &event);
            Moved { to: self.number(after), fact: event.fact.name() }
        });
        self.moves.insert((row, old, question), moved);
        moved
    }

    /// The payment with times that say which keys are old.
    fn at(&self, row: RowId, old: Old) -> Payment {
        let mut payment = self.payments[usize::from(row.0)].clone();
        let ours = payment.refunds.iter_mut().filter(|refund| refund.source != RefundSource::Gateway);
        for refund in ours.take(usize::from(old)) {
            refund.started_at = before(NOW, Limits::KEY_YOUNG);
        }
        payment
    }

    /// The number of a payment's normal form.
    fn number(&mut self, mut payment: Payment) -> RowId {
        (payment.version, payment.rounds, payment.updated_at) = (1, 0, NOW);
        payment.due = payment.due.map(|due| if due.since(NOW) <= Limits::NEAR { NOW } else { NOW.plus(LATER) });
        payment.refunds.iter_mut().for_each(|refund| refund.started_at = NOW);
        // Whoever adds one first, its place means nothing.
        payment.refunds.sort_by_key(|refund| refund.source == RefundSource::Gateway);
        if let Some(review) = &mut payment.attention {
            review.since = NOW;
        }
        let text = format!("{payment:?}");
        if let Some(known) = self.ids.get(&text) {
            return *known;
        }
        let row = RowId(u16::try_from(self.payments.len()).expect("far fewer rows"));
        self.facts.push(facts(&payment));
        self.payments.push(payment);
        self.ids.insert(text, row);
        row
    }
}

fn decided(payment: &Payment, question: Question) -> Option<Event> {
    let mut payment = payment.clone();
    let command = if question == Question::Refund {
        let asked = payment.refunds.iter().filter(|refund| refund.source != RefundSource::Gateway).count();
        wish(&payment, u8::try_from(asked + 1).expect("few"), "same")
    } else {
        // Time goes by until it is due.
        payment.due = payment.due.map(|_| NOW);
        Command::Claim
    };
    match decide(&payment, &command, &now()) {
        Ok(Decision::Execute(event)) => Some(event),
        Ok(Decision::AlreadyApplied | Decision::Nothing) | Err(_) => None,
    }
}

/// The refund of this number, asked for with this body.
fn wish(payment: &Payment, number: u8, body: &str) -> Command {
    let key = key(&format!("refund-{number}"));
    let amount = Money::payable(PART, payment.terms.amount.currency()).unwrap();
    Command::Refund(RefundRequest {
        id: RefundId::derive("merchant", &payment.id, &key),
        key,
        request_hash: RequestHash::of([("body", body)]),
        amount: Some(amount),
        reason: None,
    })
}

fn refund_id(payment: &Payment, number: u8) -> RefundId {
    RefundId::derive("merchant", &payment.id, &key(&format!("refund-{number}")))
}

fn snapshot(payment: &Payment, place: usize, standing: Standing) -> RefundSnapshot {
    let number = u8::try_from(place + 1).expect("few");
    RefundSnapshot {
        reference: GatewayToken::parse(&format!("re_{number}")).unwrap(),
        object: payment.object.clone(),
        id: (place != BY_HAND).then(|| refund_id(payment, number)),
        amount_minor_units: PART,
        currency: Some(payment.terms.amount.currency()),
        status: match standing {
            Standing::Pending => RefundStatus::Pending,
            Standing::Succeeded => RefundStatus::Succeeded,
            Standing::Failed => RefundStatus::Failed { code: "expired_or_canceled_card".to_owned() },
        },
    }
}

fn snapshots(payment: &Payment, list: &List) -> Vec<RefundSnapshot> {
    let placed = list.iter().enumerate();
    placed.filter_map(|(place, standing)| Some(snapshot(payment, place, (*standing)?))).collect()
}

fn outcome(payment: &Payment, number: u8, answer: Answer) -> RefundOutcome {
    match answer {
        Answer::Shown(standing) => RefundOutcome::Refund(snapshot(payment, place(number), standing)),
        Answer::Refused => RefundOutcome::Refused { code: "charge_already_refunded".to_owned() },
        Answer::Failure => RefundOutcome::Unknown(UnknownReason::ServerError),
        Answer::Silence => RefundOutcome::Unknown(UnknownReason::Timeout),
    }
}

fn facts(payment: &Payment) -> Facts {
    let ours = || payment.refunds.iter().filter(|refund| refund.source != RefundSource::Gateway);
    let mut told = [Told::Nothing; WISHES];
    for (place, refund) in told.iter_mut().zip(ours()) {
        *place = match refund.progress {
            RefundProgress::Unanswered => Told::Unanswered,
            RefundProgress::Answered { .. } => Told::Answered,
            RefundProgress::Pending => Told::Stands(Standing::Pending),
            RefundProgress::Succeeded => Told::Stands(Standing::Succeeded),
            RefundProgress::Failed { .. } | RefundProgress::Canceled => Told::Stands(Standing::Failed),
        };
    }
    Facts {
        asked: u8::try_from(ours().count()).expect("few"),
        told,
        by_hand: payment.refunds.len() - ours().count(),
        offered: payment.refundable().minor_units(),
        captured: payment.captured().minor_units(),
        is_marked: payment.attention.is_some(),
        flaw: flaw(payment),
    }
}

/// What no row may be, whatever stands in the gateway's books.
fn flaw(payment: &Payment) -> Option<&'static str> {
    let is_open = payment.look_owed
        || payment.refunds.iter().any(|it| it.is_in_doubt() || it.progress == RefundProgress::Pending);
    let ours = payment.refunds.iter().filter(|refund| refund.source != RefundSource::Gateway).count();
    let is_known = |number: u8| {
        decide(payment, &wish(payment, number, "same"), &now()) == Ok(Decision::AlreadyApplied)
            && decide(payment, &wish(payment, number, "other"), &now()) == Err(Rejection::IdempotencyKeyReused)
    };
    let is_watched = payment.due.is_some_and(|due| payment.watches_refunds(due));
    if payment.due.is_some() != (is_open || is_watched) {
        Some("P7: nobody will look at a refund that is not at its end, or somebody looks in vain")
    } else if !(1..).take(ours).all(is_known) {
        Some("P5: a refund that is asked for again has an effect, or is not known again")
    } else {
        None
    }
}
