//! The rows of the model: real payments, moved by the real `decide`, `judge` and `apply`.
//!
//! Rows are brought into a normal form and numbered, so that a state can name one in two bytes. Forgotten are the
//! version (who holds an old one is known otherwise), every time (the clock of the model says which keys are dead and
//! whether the payer's time is over), the count of rounds (it only spaces the looks), and how far `due` is off beyond
//! "soon" or "later". The three functions are pure, so each question is put to them once and its answer kept.

use std::{collections::HashMap, time::Duration};

use domain::{
    decline::{Decline, GatewayWords},
    gateway::{Charge, NextAction, ObjectSnapshot, ObjectStatus, Outcome, UnknownReason},
    id::{IdempotencyKey, RequestHash},
    money::Money,
    payment::{
        Act, ActKind, AttemptProgress, AttemptResult, CancelRequest, CaptureMethod, CaptureRequest, Command,
        ConfirmRequest, Decision, Event, Evidence, Instrument, Judgement, Payment, PaymentState, ProcessingReason,
        Source, apply, decide, judge,
    },
    policy::Policy,
    schedule::Limits,
    settlement::Settlement,
    text::{GatewayToken, WebUrl},
    time::{Now, Timestamp},
};
use world::{host::SimHost, payments};

use super::{
    promises::{flaw, illegal_move},
    search::QuickHash,
    state::{Answer, Clock, EndsAs, Status, Why},
};

/// The moment at which everything is decided.
pub(crate) const NOW: Timestamp = SimHost::START;
/// Later than any key lives.
const LONG: Duration = Duration::from_secs(48 * 3600);
/// Not soon.
pub(crate) const LATER: Duration = Duration::from_secs(3600);

/// A row, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RowId(u16);

impl RowId {
    /// The row that was just opened.
    pub(crate) const OPENED: Self = Self(0);
    /// Any row from before somebody else's write, on which whatever its holder may learn is news: the write is tried,
    /// and meets the row that stands.
    pub(crate) const OUTDATED: Self = Self(u16::MAX);
}

/// What is asked of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Question {
    /// `decide`.
    Ask(Asked),
    /// `judge`.
    Show(Source, Answer),
}

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Asked {
    Confirm,
    Capture,
    Cancel,
    Expire,
    Reattempt,
    Claim,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) to: RowId,
    /// The word for what happened.
    pub(crate) fact: &'static str,
    /// The promise that this breaks.
    pub(crate) breaks: Option<&'static str>,
}

/// What the model needs to know of a row again and again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) stage: Stage,
    pub(crate) attempts: u8,
    /// The open attempt, and whether its key was answered.
    pub(crate) open: Option<(u8, bool)>,
    /// What was told of each attempt, oldest first.
    pub(crate) told: [Told; TOLD_MAX],
    pub(crate) acts: u8,
    pub(crate) open_act: Option<OpenAct>,
    pub(crate) captures: u8,
    pub(crate) is_due_soon: bool,
    pub(crate) is_marked: bool,
    pub(crate) is_barred: bool,
    /// What no row may be.
    pub(crate) flaw: Option<&'static str>,
}

/// Attempts of ours, and one of the payer's browser.
const TOLD_MAX: usize = super::state::ATTEMPTS + 1;

/// Where a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    AwaitsMethod,
    OutcomeUnknown,
    GatewayPending,
    Scheduled,
    AwaitsPayer,
    Held,
    Succeeded,
    Ended(EndsAs),
}

/// What the row tells of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Nothing,
    Charged,
    Declined,
    NotCharged,
}

/// The open act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenAct {
    Capture(u8),
    Close(EndsAs),
}

/// All rows that were met.
pub(crate) struct Rows {
    payer_is_away: bool,
    payments: Vec<Payment>,
    facts: Vec<Facts>,
    /// By their text, because a payment cannot be hashed.
    ids: HashMap<String, RowId>,
    moves: HashMap<(RowId, Clock, Question), Option<Moved>, QuickHash>,
}

impl Rows {
    pub(crate) fn new(capture: CaptureMethod, payer_is_away: bool) -> Self {
        let mut rows = Self {
            payer_is_away,
            payments: Vec::new(),
            facts: Vec::new(),
            ids: HashMap::new(),
            moves: HashMap::default(),
        };
        let mut opened = payments::waiting(1);
        opened.terms.capture = capture;
        assert_eq!(rows.number(opened), RowId::OPENED, "the first row is the first");
        rows
    }

    pub(crate) fn facts(&self, row: RowId) -> &Facts {
        &self.facts[usize::from(row.0)]
    }

    /// What `question` makes of a row: none if nothing changes.
    pub(crate) fn ask(&mut self, row: RowId, clock: Clock, question: Question) -> Option<Moved> {
        if let Some(known) = self.moves.get(&(row, clock, question)) {
            return *known;
        }
        let payment = self.at(row, clock);
        let event = match question {
            Question::Ask(asked) => self.decide(payment.clone(), asked),
            Question::Show(source, answer) => judged(&payment, source, answer),
        };
        let moved = event.map(|event| {
            let mut after = payment.clone();
            apply(&mut after, &event);
            let breaks = illegal_move(&payment, &after, &event, question);
            Moved { to: self.number(after), fact: event.fact.name(), breaks }
        });
        self.moves.insert((row, clock, question), moved);
        moved
    }

    fn decide(&self, mut payment: Payment, asked: Asked) -> Option<Event> {
        if asked == Asked::Claim {
            // Time goes by until it is due.
            payment.due = payment.due.map(|_| NOW);
        }
        match decide(&payment, &self.command(&payment, asked), &now()) {
            Ok(Decision::Execute(event)) => Some(event),
            Ok(Decision::AlreadyApplied | Decision::Nothing) | Err(_) => None,
        }
    }

    fn command(&self, payment: &Payment, asked: Asked) -> Command {
        // A client that asks for something new takes a new key.
        let name = format!("{asked:?}-{}-{}", payment.attempts.len(), payment.acts.len());
        let (key, request_hash) = (key(&name), RequestHash::of([("name", name.as_str())]));
        match asked {
            Asked::Confirm => Command::Confirm(ConfirmRequest {
                key,
                request_hash,
                instrument: Instrument::PaymentMethod(GatewayToken::parse("pm_1").unwrap()),
                return_url: None,
                off_session: self.payer_is_away,
                api_version: "v1".to_owned(),
            }),
            Asked::Capture => Command::Capture(CaptureRequest { key, request_hash, amount: None }),
            Asked::Cancel => Command::Cancel(CancelRequest { key, request_hash, reason: None }),
            Asked::Expire => Command::Expire,
            Asked::Reattempt => Command::Reattempt,
            Asked::Claim => Command::Claim,
        }
    }

    /// The payment with times that say what the clock of the model says.
    fn at(&self, row: RowId, clock: Clock) -> Payment {
        let mut payment = self.payments[usize::from(row.0)].clone();
        if clock.is_over {
            payment.expires_at = NOW;
        }
        for attempt in &mut payment.attempts {
            if attempt.number.get() <= u32::from(clock.dead_attempts) {
                attempt.started_at = before(NOW, LONG);
            } else if attempt.number.get() <= u32::from(clock.old_attempts) {
                attempt.started_at = before(NOW, Limits::KEY_YOUNG);
            }
        }
        let captures = payment.acts.iter_mut().filter(|act| matches!(act.kind, ActKind::Capture { .. }));
        for act in captures.take(usize::from(clock.old_captures)) {
            act.started_at = before(NOW, LONG);
        }
        payment
    }

    /// The number of a payment's normal form.
    fn number(&mut self, mut payment: Payment) -> RowId {
        (payment.version, payment.rounds) = (1, 0);
        (payment.created_at, payment.updated_at, payment.expires_at) = (NOW, NOW, NOW.plus(LONG));
        payment.due = payment.due.map(|due| if due.since(NOW) <= Limits::NEAR { NOW } else { NOW.plus(LATER) });
        payment.attempts.iter_mut().for_each(|attempt| attempt.started_at = NOW);
        payment.acts.iter_mut().for_each(|act| act.started_at = NOW);
        if let Some(review) = &mut payment.attention {
            review.since = NOW;
        }
        if let PaymentState::Processing(ProcessingReason::RetryScheduled { at }) = &mut payment.state {
            // Time goes by until it is due. That a look may come too early is the searcher's to try.
            *at = NOW;
        }
        let text = format!("{payment:?}");
        if let Some(known) = self.ids.get(&text) {
            assert!(self.payments[usize::from(known.0)] == payment, "two rows with one text: {text}");
            return *known;
        }
        let row = RowId(u16::try_from(self.payments.len()).expect("far fewer rows"));
        self.facts.push(facts(&payment));
        self.payments.push(payment);
        self.ids.insert(text, row);
        row
    }
}

fn judged(payment: &Payment, source: Source, answer: Answer) -> Option<Event> {
    match judge(payment, &Evidence { source, outcome: outcome(payment, answer) }, &now()) {
        Judgement::Change(event) => Some(event),
        Judgement::Nothing => None,
        Judgement::Foreign { .. } => unreachable!("the model has one object"),
    }
}

pub(crate) const fn now() -> Now {
    Now { at: NOW, limits: Limits::STANDARD, policy: Policy::STANDARD, dice: 0 }
}

pub(crate) fn before(moment: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_unix_ms(moment.unix_ms() - i64::try_from(by.as_millis()).expect("two days"))
}

pub(crate) fn key(name: &str) -> IdempotencyKey {
    IdempotencyKey::parse(name).unwrap()
}

/// What the gateway says, in the domain's words.
pub(crate) fn outcome(payment: &Payment, answer: Answer) -> Outcome {
    let amount = payment.terms.amount;
    let snapshot = |status| ObjectSnapshot {
        reference: payment.object.clone(),
        mode: payment.mode,
        amount_minor_units: amount.minor_units(),
        currency: Some(amount.currency()),
        status: match status {
            Status::AwaitsMethod => ObjectStatus::AwaitsMethod,
            Status::AwaitsPayer => {
                ObjectStatus::AwaitsPayer(NextAction::Redirect(WebUrl::parse("https://bank.example/").unwrap()))
            }
            Status::Pending => ObjectStatus::Pending,
            Status::Authorized => ObjectStatus::Authorized { capturable_minor_units: amount.minor_units() },
            Status::Captured => ObjectStatus::Captured { received_minor_units: amount.minor_units() },
            Status::Canceled => ObjectStatus::Canceled,
        },
        // What a charge came to moves nothing, and looking for it is not modelled: it is always told at once.
        charge: (status == Status::Captured).then(|| settled(amount)),
    };
    match answer {
        Answer::Shown(status) => Outcome::Object(snapshot(status)),
        Answer::Declined(why) => {
            let code = match why {
                Why::Vague => "generic_decline",
                Why::Later => "insufficient_funds",
                Why::Never => "lost_card",
                Why::SeenBefore => "duplicate_transaction",
            };
            let decline = Decline::judge(GatewayWords { code, ..GatewayWords::default() });
            Outcome::Declined { decline, object: Some(snapshot(Status::AwaitsMethod)) }
        }
        Answer::InTheWay(status) => {
            Outcome::Refused { code: "payment_intent_unexpected_state".to_owned(), object: Some(snapshot(status)) }
        }
        Answer::Refused => Outcome::Refused { code: "resource_missing".to_owned(), object: None },
        Answer::Failure => Outcome::Unknown(UnknownReason::ServerError),
        Answer::Silence => Outcome::Unknown(UnknownReason::Timeout),
    }
}

/// A charge of which all is told.
pub(crate) fn settled(amount: Money) -> Charge {
    let settlement = Settlement { net: amount, fee: Money::zero(amount.currency()), rate: None };
    Charge { reference: GatewayToken::parse("ch_1").unwrap(), settlement: Some(settlement) }
}

pub(crate) fn stage(payment: &Payment) -> Stage {
    match payment.state {
        PaymentState::RequiresPaymentMethod => Stage::AwaitsMethod,
        PaymentState::Processing(ProcessingReason::OutcomeUnknown) => Stage::OutcomeUnknown,
        PaymentState::Processing(ProcessingReason::GatewayPending) => Stage::GatewayPending,
        PaymentState::Processing(ProcessingReason::RetryScheduled { .. }) => Stage::Scheduled,
        PaymentState::RequiresAction(_) => Stage::AwaitsPayer,
        PaymentState::RequiresCapture { .. } => Stage::Held,
        PaymentState::Succeeded { .. } => Stage::Succeeded,
        PaymentState::Canceled => Stage::Ended(EndsAs::Canceled),
        PaymentState::Expired => Stage::Ended(EndsAs::Expired),
        PaymentState::Failed => Stage::Ended(EndsAs::Failed),
    }
}

fn facts(payment: &Payment) -> Facts {
    let number = |count: usize| u8::try_from(count).expect("few");
    let mut told = [Told::Nothing; TOLD_MAX];
    for (place, attempt) in told.iter_mut().zip(&payment.attempts) {
        *place = match attempt.progress {
            AttemptProgress::Unanswered | AttemptProgress::Answered => Told::Nothing,
            AttemptProgress::Closed(AttemptResult::Charged) => Told::Charged,
            AttemptProgress::Closed(AttemptResult::Declined(_)) => Told::Declined,
            AttemptProgress::Closed(AttemptResult::NotCharged) => Told::NotCharged,
        };
    }
    let captures = number(payment.acts.iter().filter(|act| act.ends_as().is_none()).count());
    let open_act = |act: &Act| match act.kind {
        ActKind::Capture { .. } => OpenAct::Capture(captures),
        ActKind::Close { ends_as } => OpenAct::Close(ends_as.into()),
    };
    Facts {
        stage: stage(payment),
        attempts: number(payment.attempts.len()),
        open: payment.open_attempt().map(|attempt| {
            let answered = attempt.progress != AttemptProgress::Unanswered;
            (u8::try_from(attempt.number.get()).expect("few"), answered)
        }),
        told,
        acts: number(payment.acts.len()),
        open_act: payment.open_act().map(open_act),
        captures,
        is_due_soon: payment.due.is_some_and(|due| due <= NOW),
        is_marked: payment.attention.is_some(),
        is_barred: payment.is_barred(),
        flaw: flaw(payment),
    }
}
