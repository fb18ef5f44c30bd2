//! The rows of the orders: a real payment, moved by the real `decide`, `judge` and `apply`, in a normal form.

use std::collections::HashMap;

use domain::{
    decline::{Decline, paypal::PaypalWords},
    gateway::{Gateway, NextAction, ObjectSnapshot, ObjectStatus, Outcome, UnknownReason},
    id::RequestHash,
    payment::{
        CancelRequest, CaptureMethod, Command, ConfirmRequest, Confirmation, Decision, Event, Evidence, Instrument,
        Judgement, Payment, PaymentState, ProcessingReason, Source, apply, decide, judge,
    },
    schedule::Limits,
    text::WebUrl,
    time::Timestamp,
};
use world::payments;

use super::order::{Answer, Standing};
use crate::{
    rows::{LATER, NOW, Stage, before, key, now, settled, stage},
    search::QuickHash,
    state::EndsAs,
};

/// Longer than any request is on its way.
const LONG: std::time::Duration = std::time::Duration::from_secs(48 * 3600);

/// A row, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RowId(u16);

impl RowId {
    /// The row that was just opened.
    pub(crate) const OPENED: Self = Self(0);
}

/// What has passed by the clock, which a row's normal form does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Clock {
    /// So many attempts, from the first, have keys that nobody sends any more.
    pub(crate) old: u8,
    /// So many cannot arrive any more.
    pub(crate) gone: u8,
    /// Whether the payer's time is over.
    pub(crate) is_over: bool,
}

impl Clock {
    pub(crate) const YOUNG: Self = Self { old: 0, gone: 0, is_over: false };
}

/// What is asked of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Question {
    /// `decide`.
    Ask(Asked),
    /// `judge`; the last says whether the open act was written down long enough ago for a look to prove something.
    Show(Source, Answer, bool),
}

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Asked {
    Confirm,
    Cancel,
    Expire,
    ConfirmApproved,
    Claim,
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
    pub(crate) stage: Stage,
    pub(crate) attempts: u8,
    /// The attempt that no answer is known for.
    pub(crate) unanswered: Option<u8>,
    /// Whether the last attempt is open.
    pub(crate) is_open: bool,
    pub(crate) has_open_act: bool,
    pub(crate) acts: u8,
    pub(crate) holds_money: bool,
    /// Whether it was confirmed to be approved, and waits to be confirmed.
    pub(crate) waits_to_be_confirmed: bool,
    pub(crate) is_due: bool,
    /// Whether that is now, and not when nothing can be on its way any more.
    pub(crate) is_due_now: bool,
    pub(crate) is_marked: bool,
    pub(crate) is_told_charged: bool,
    /// What no row may be.
    pub(crate) flaw: Option<&'static str>,
}

/// All rows that were met.
pub(crate) struct Rows {
    payments: Vec<Payment>,
    facts: Vec<Facts>,
    /// By their text, because a payment cannot be hashed.
    ids: HashMap<String, RowId>,
    moves: HashMap<(RowId, Clock, Question), Option<Moved>, QuickHash>,
}

impl Rows {
    pub(crate) fn new(is_manual: bool, is_automatic: bool) -> Self {
        let mut rows = Self { payments: Vec::new(), facts: Vec::new(), ids: HashMap::new(), moves: HashMap::default() };
        let mut opened = payments::waiting(1);
        opened.gateway = Gateway::PayPal;
        (opened.client_secret, opened.payer_url) = (None, Some(page()));
        opened.state = opened.waiting();
        opened.terms.capture = if is_manual { CaptureMethod::Manual } else { CaptureMethod::Automatic };
        opened.terms.confirmation = if is_automatic { Confirmation::Automatic } else { Confirmation::Explicit };
        assert_eq!(rows.number(opened), RowId::OPENED, "the first row is the first");
        rows
    }

    pub(crate) fn facts(&self, row: RowId) -> &Facts {
        &self.facts[usize::from(row.0)]
    }

    /// What `question` makes of a row: none if nothing changes.
    /// `wrong` is done to what it makes of it, every time or never.
    pub(crate) fn ask(
        &mut self,
        row: RowId,
        clock: Clock,
        question: Question,
        wrong: Option<fn(&mut Payment)>,
    ) -> Option<Moved> {
        if let Some(known) = self.moves.get(&(row, clock, question)) {
            return *known;
        }
        let mut payment = self.at(row, clock);
        let event = match question {
            Question::Ask(asked) => decided(payment.clone(), asked),
            Question::Show(source, answer, is_later) => {
                if is_later {
                    payment.acts.iter_mut().for_each(|act| act.started_at = before(NOW, LONG));
                }
                let evidence = Evidence { source, outcome: outcome(&payment, answer) };
                match judge(&payment, &evidence, &now()) {
                    Judgement::Change(event) => Some(event),
                    Judgement::Nothing => None,
                    Judgement::Foreign { .. } => unreachable!("the model has one object"),
                }
            }
        };
        let moved = event.map(|event| {
            let mut after = payment.clone();
            apply(&mut after, &event);
            if let Some(wrong) = wrong {
                wrong(&mut after);
            }
            Moved { to: self.number(after), fact: event.fact.name() }
        });
        self.moves.insert((row, clock, question), moved);
        moved
    }

    /// The payment with times that say what the clock of the model says.
    fn at(&self, row: RowId, clock: Clock) -> Payment {
        let mut payment = self.payments[usize::from(row.0)].clone();
        if clock.is_over {
            payment.expires_at = NOW;
        }
        for attempt in &mut payment.attempts {
            if attempt.number.get() <= u32::from(clock.gone) {
                attempt.started_at = before(NOW, LONG);
            } else if attempt.number.get() <= u32::from(clock.old) {
                attempt.started_at = before(NOW, Limits::key_young(Gateway::PayPal));
            }
        }
        payment
    }

    /// The number of a payment's normal form: without the version, without times, and without rounds but for whether there
    /// was one, which says whether somebody sent an attempt before.
    fn number(&mut self, mut payment: Payment) -> RowId {
        (payment.version, payment.rounds) = (1, payment.rounds.min(1));
        (payment.created_at, payment.updated_at, payment.expires_at) = (NOW, NOW, NOW.plus(LONG));
        let is_watched = payment.has_ended_without_money();
        payment.due = payment.due.map(|due| if !is_watched || due <= NOW { NOW } else { NOW.plus(LATER) });
        payment.attempts.iter_mut().for_each(|attempt| attempt.started_at = NOW);
        payment.acts.iter_mut().for_each(|act| act.started_at = NOW);
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

fn decided(mut payment: Payment, asked: Asked) -> Option<Event> {
    let name = format!("{asked:?}-{}-{}", payment.attempts.len(), payment.acts.len());
    let (key, request_hash) = (key(&name), RequestHash::of([("name", name.as_str())]));
    let command = match asked {
        Asked::Confirm => Command::Confirm(ConfirmRequest {
            key,
            request_hash,
            instrument: Instrument::Approved,
            return_url: None,
            off_session: false,
            api_version: "v1".to_owned(),
        }),
        Asked::Cancel => Command::Cancel(CancelRequest { key, request_hash, reason: None }),
        Asked::Expire => Command::Expire,
        Asked::ConfirmApproved => Command::ConfirmApproved,
        Asked::Claim => {
            // Time goes by until it is due.
            payment.due = payment.due.map(|_| NOW);
            Command::Claim
        }
    };
    match decide(&payment, &command, &now()) {
        Ok(Decision::Execute(event)) => Some(event),
        Ok(Decision::AlreadyApplied | Decision::Nothing) | Err(_) => None,
    }
}

fn page() -> WebUrl {
    WebUrl::parse("https://paypal.example/checkoutnow?token=5O1").unwrap()
}

fn outcome(payment: &Payment, answer: Answer) -> Outcome {
    let amount = payment.terms.amount;
    let minor_units = amount.minor_units();
    let decline = |code| Decline::judge_paypal(PaypalWords { code, payment_advice: None });
    let snapshot = |standing| ObjectSnapshot {
        reference: payment.object.clone(),
        mode: payment.mode,
        amount_minor_units: minor_units,
        currency: Some(amount.currency()),
        status: match standing {
            Standing::Waits => ObjectStatus::AwaitsPayer(NextAction::Redirect(page())),
            Standing::Approved => ObjectStatus::AwaitsPayer(NextAction::Confirm),
            Standing::Pending => ObjectStatus::Pending,
            Standing::Paid => ObjectStatus::Captured { received_minor_units: minor_units },
            Standing::Held => ObjectStatus::Authorized { capturable_minor_units: minor_units },
            Standing::Failed => ObjectStatus::Failed(decline("5120")),
            Standing::Released | Standing::Forgotten => ObjectStatus::Canceled,
        },
        // What a charge came to moves nothing, and looking for it is not modelled: it is always told at once.
        charge: matches!(standing, Standing::Paid | Standing::Held).then(|| settled(amount)),
    };
    match answer {
        Answer::Shown(standing) => Outcome::Object(snapshot(standing)),
        Answer::Declined => Outcome::Declined { decline: decline("INSTRUMENT_DECLINED"), object: None },
        Answer::Failure => Outcome::Unknown(UnknownReason::ServerError),
        Answer::Silence => Outcome::Unknown(UnknownReason::Timeout),
    }
}

fn facts(payment: &Payment) -> Facts {
    let number = |count: usize| u8::try_from(count).expect("few");
    let is_charged = |attempt: &domain::payment::Attempt| {
        attempt.progress == domain::payment::AttemptProgress::Closed(domain::payment::AttemptResult::Charged)
    };
    Facts {
        stage: stage(payment),
        attempts: number(payment.attempts.len()),
        unanswered: payment.unanswered_attempt().map(|attempt| u8::try_from(attempt.number.get()).expect("few")),
        is_open: payment.open_attempt().is_some(),
        has_open_act: payment.open_act().is_some(),
        acts: number(payment.acts.len()),
        holds_money: payment.holds_money(),
        waits_to_be_confirmed: payment.state == PaymentState::RequiresAction(NextAction::Confirm),
        is_due: payment.due.is_some(),
        is_due_now: payment.due.is_some_and(|due: Timestamp| due <= NOW),
        is_marked: payment.attention.is_some(),
        is_told_charged: payment.attempts.iter().any(is_charged),
        flaw: flaw(payment),
    }
}

/// What no row may be, whatever stands in the gateway's books.
fn flaw(payment: &Payment) -> Option<&'static str> {
    let open_attempts = payment.attempts.iter().filter(|attempt| attempt.is_open()).count();
    let is_unknown = payment.state == PaymentState::Processing(ProcessingReason::OutcomeUnknown);
    if payment.due.is_none() && !payment.state.is_terminal() {
        Some("P7: nobody will ever look at a row that is not at its end")
    } else if open_attempts > 1 {
        Some("P1: two attempts are open")
    } else if payment.state.is_terminal() && (open_attempts > 0 || payment.open_act().is_some()) {
        Some("P9: something is open at the end")
    } else if is_unknown && open_attempts == 0 {
        Some("P9: nobody knows the outcome of nothing")
    } else {
        None
    }
}

/// Whether it is at an end without money.
pub(crate) const fn has_ended(stage: Stage) -> bool {
    matches!(stage, Stage::Ended(EndsAs::Canceled | EndsAs::Expired | EndsAs::Failed))
}
