//! A model of how a dispute is answered, searched completely, apart from the payment whose money it is about: clients
//! submit evidence or give in, functions look, the bank decides or asks anew, and everything fails that can.
//!
//! The rules are the shipped ones ([`rows`]); the steps between which a function can be overtaken or killed are a short
//! mirror of `flow` ([`workers`]); the gateway ([`bank`]) is Stripe, which keeps keys, or PayPal, which knows none.
//!
//! Asked in every state: P5 (no answer takes effect twice, none is given to a question that came later, nothing is given
//! that stands in no row), P4 (none is told refused that was taken), P2 (no evidence is told submitted that was not), P9,
//! and P7 after all faults. `MODEL_ACTS`, `MODEL_KILLS`, `MODEL_TIMEOUTS`, `MODEL_SPOILT` and `MODEL_ASKS` in the
//! environment take more than the tests do. [`teeth`] shows what a search would find.
//!
//! Not in it: the payment's row, which is told afterwards; what the merchant answers in the gateway's dashboard; deadlines.
//! The simulation has those.

mod bank;
mod healing;
mod rows;
mod state;
mod story;
mod teeth;
mod workers;

use std::{cell::RefCell, collections::HashMap, fmt};

use domain::dispute::Status;
use world::proof::figure;

use self::{
    bank::{ACTS, Answer, Bank, Course, House, Kind, place},
    healing::Patient,
    rows::{Facts, RowId, Rows, Told},
    state::{Left, REQUESTS, State, Step, Worker},
    story::Deed,
};
use crate::{
    Asking, from_the_environment,
    search::{Edge, Model, QuickHash, search},
};

/// How far the bank goes.
const LAST_STAGE: u8 = 1;

/// Two answers, a function killed, an answer lost, and a bank that asks anew.
#[test]
fn disputes_are_answered_safely_whoever_is_killed_and_whatever_is_lost() {
    for house in [House::Stripe, House::PayPal] {
        are_safe_and_live(Bounds { house, acts: 2, left: Left { kills: 1, asks: 1, ..Left::NOTHING } });
        are_safe_and_live(Bounds { house, acts: 2, left: Left { timeouts: 1, asks: 1, ..Left::NOTHING } });
    }
}

/// The gateway fails, and saves it, or refuses.
#[test]
fn disputes_are_answered_safely_whatever_the_gateway_spoils() {
    for house in [House::Stripe, House::PayPal] {
        are_safe_and_live(Bounds { house, acts: 2, left: Left { timeouts: 1, spoilt: 1, ..Left::NOTHING } });
    }
}

/// The shipped protocol, asked everything, within these bounds and those of the environment.
fn are_safe_and_live(bounds: Bounds) {
    let bounds = bounds.or_from_the_environment();
    let report = search(&Disputes::new(bounds, None, Asking::Everything));
    report.announce(&bounds.to_string());
    figure("model", report.states as u64, "states");
    assert!(report.found.is_none(), "{bounds}\n{}", report.story());
    assert!(report.complete, "{bounds}: there is more to see than fits");
}

/// Which gateway, and how much may happen.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    house: House,
    /// Answers that clients give.
    acts: u8,
    left: Left,
}

/// One thing that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    /// The gateway is given the answer first, and it is written down with what came of it.
    AskedBeforeItIsWrittenDown,
    /// Whoever hears nothing was refused.
    SilenceMeansRefused,
    /// A second sending that is refused, because the first one was taken, counts as refused.
    RefusedSecondSendingBelieved,
    /// What nobody has heard of is sent again without a look, for the key protects it.
    SentWithoutALook,
    /// What was to be said to one question is sent to the next.
    SentToTheNextStage,
    /// A saved 5xx is not taken as an answer, so that it is sent for ever.
    SavedFailureIsNoAnswer,
    /// A look that was overtaken is weighed again as if it were new.
    OldLookRedecided,
    /// News of a dispute that is over are not heard.
    OverIsNotTakenUp,
    /// News are not heard while the row is due, for somebody is about to look, though they may have looked already.
    NewsOfWhatIsDueDropped,
    /// A write is not conditional on the version.
    NoVersionCheck,
}

/// The protocol that is searched: the shipped one, or a wrong one.
struct Disputes {
    bounds: Bounds,
    wrong: Option<Wrong>,
    asking: Asking,
    rows: RefCell<Rows>,
    healed: RefCell<HashMap<Patient, Option<&'static str>, QuickHash>>,
}

impl Disputes {
    fn new(bounds: Bounds, wrong: Option<Wrong>, asking: Asking) -> Self {
        assert!(usize::from(bounds.acts) <= ACTS, "a state has room for {ACTS} answers");
        Self { bounds, wrong, asking, rows: RefCell::new(Rows::new()), healed: RefCell::default() }
    }

    fn workers_step(&self, state: &State, worker: usize, out: &mut Out<'_>) {
        if state.workers[worker].step != Step::Idle {
            if let Some((next, wrote)) = self.step(state, worker) {
                out.push(Deed::Steps(worker, wrote), next);
            }
            return;
        }
        // Two idle workers can do the same: one of them is enough.
        if worker > 0 && state.workers[worker - 1].step == Step::Idle {
            return;
        }
        for kind in [Kind::Submits, Kind::Accepts] {
            if let Some((next, _)) = self.client_answers(state, worker, kind) {
                out.push_if_willed(Deed::Answers(worker, kind), next);
            }
        }
        if let Some((next, _)) = self.look(state, worker) {
            out.push(Deed::Looks(worker), next);
        }
    }

    /// A request is served, in every way it can be.
    fn request_arrives(&self, state: &State, place: usize, out: &mut Out<'_>) {
        let Some(sent) = state.requests[place] else { return };
        if place > 0 && state.requests[place - 1] == Some(sent) {
            return;
        }
        let mut courses = vec![(Course::Serves, false)];
        if state.left.spoilt > 0 {
            courses.extend([(Course::FailsBefore, true), (Course::FailsAfter, true), (Course::Refuses, true)]);
        }
        for (course, is_spoilt) in courses {
            let mut next = *state;
            next.requests[place] = None;
            next.left.spoilt -= u8::from(is_spoilt);
            let (answer, replayed) = self.serve(&mut next, sent.number, sent.kind, course);
            if let Some(caller) = sent.caller.map(usize::from)
                && let Step::Awaits(sending) = next.workers[caller].step
            {
                next.workers[caller].step = Step::Heard(sending, answer, replayed);
            }
            let deed = Deed::Serves(sent, answer, replayed);
            if is_spoilt { out.push_if_willed(deed, next) } else { out.push(deed, next) }
        }
    }

    /// The gateway serves a request. What it is given must stand in the row.
    fn serve(&self, state: &mut State, number: u8, kind: Kind, course: Course) -> (Answer, bool) {
        let before = state.bank.served;
        let answer = state.bank.serve(self.bounds.house, number, kind, course);
        if state.bank.served != before && self.facts(state.row).asked < number {
            state.broken = Some("P5: the gateway was given what stands in no row");
        }
        answer
    }

    /// The gateway has forgotten all keys, and whatever was on its way is lost.
    fn a_day_later(&self, state: &State) -> State {
        let mut next = *state;
        next.bank.forget_keys();
        next.requests = [None; REQUESTS];
        next
    }
}

/// The edges out of one state, as they are found.
struct Out<'a> {
    from: &'a State,
    edges: &'a mut Vec<Edge<Disputes>>,
}

impl Out<'_> {
    /// Something that may happen without a mishap.
    fn push(&mut self, deed: Deed, to: State) {
        self.add(deed, to, true);
    }

    /// Something that needs a mishap, or somebody's wish.
    fn push_if_willed(&mut self, deed: Deed, to: State) {
        self.add(deed, to, false);
    }

    fn add(&mut self, deed: Deed, mut to: State, by_itself: bool) {
        let swapped = to.normalise();
        if to != *self.from {
            self.edges.push(Edge { deed, to, swapped, by_itself, breaks: None });
        }
    }
}

impl Model for Disputes {
    type State = State;
    type Deed = Deed;

    fn start(&self) -> State {
        State {
            row: RowId::ASKS,
            bank: Bank::ASKS,
            workers: [Worker::IDLE; 2],
            requests: [None; REQUESTS],
            asked_at: [0; ACTS],
            broken: None,
            left: self.bounds.left,
        }
    }

    fn next(&self, state: &State, edges: &mut Vec<Edge<Self>>) {
        let mut out = Out { from: state, edges };
        for worker in 0..state.workers.len() {
            self.workers_step(state, worker, &mut out);
            mishaps(state, worker, &mut out);
        }
        for place in 0..REQUESTS {
            self.request_arrives(state, place, &mut out);
        }
        bank_turns(self.bounds.house, state, &mut out);
        let (next, wrote) = self.deliver(state);
        out.push(Deed::Webhook(wrote), next);
        // No function lives for a quarter of an hour.
        if state.is_quiet() {
            out.push(Deed::KeysDie, self.a_day_later(state));
        }
    }

    fn broken(&self, state: &State) -> Option<&'static str> {
        state
            .broken
            .or_else(|| untrue(&self.facts(state.row), &state.bank))
            .or_else(|| self.is_unhealed(state).filter(|_| self.asking == Asking::Everything))
    }

    fn is_settled(&self, state: &State) -> bool {
        state.is_quiet() && !state.bank.is_unheard && healing::rests(&self.facts(state.row), &state.bank)
    }

    fn tell(&self, before: &State, deed: Deed, swapped: bool) -> String {
        deed.tell(before, swapped)
    }
}

/// What is told or done, and must never be.
fn untrue(row: &Facts, bank: &Bank) -> Option<&'static str> {
    if let Some(flaw) = row.flaw {
        return Some(flaw);
    }
    if bank.served.contains(&2) {
        return Some("P5: one answer has taken effect twice");
    }
    // What was overtaken and arrives all the same is evidence too, and nobody can tell it from what came after it.
    let numbers = || 1..=row.asked;
    let submits = |number: &u8| row.kinds[place(*number)] == Kind::Submits;
    let said = numbers().filter(submits).filter(|number| row.told[place(*number)] == Told::Done).count();
    let taken = numbers().filter(submits).filter(|number| bank.served[place(*number)] > 0).count();
    if said > taken {
        return Some("P2: more evidence is told submitted than the gateway has");
    }
    let is_denied = |number: &u8| row.told[place(*number)] == Told::Refused && bank.served[place(*number)] > 0;
    numbers().find(is_denied).map(|_| "P4: an answer is told refused, and the gateway took it")
}

/// The bank decides; or, while nothing is on its way to it, asks anew: at the same stage once it has an answer, or at the
/// next. Where nothing but the dispute itself keeps an answer from being taken twice, whoever has answered is given hours
/// before they are asked again: no function lives so long.
fn bank_turns(house: House, state: &State, out: &mut Out<'_>) {
    let shown = state.bank.shown;
    let turned = |stage, status| {
        let mut next = *state;
        next.bank.turns(stage, status);
        next
    };
    match shown.status {
        Status::UnderReview => {
            for status in [Status::Won, Status::Lost] {
                out.push(Deed::Bank(shown.stage, status), turned(shown.stage, status));
            }
        }
        // The deadline is over.
        Status::NeedsResponse => {
            out.push(Deed::Bank(shown.stage, Status::Lost), turned(shown.stage, Status::Lost));
        }
        Status::Won | Status::Lost | Status::Prevented | Status::Closed => {}
    }
    let has_keys = house == House::Stripe;
    let is_given_time = has_keys || shown.status == Status::NeedsResponse || state.is_quiet();
    if state.left.asks == 0 || !state.nothing_is_on_its_way() || !is_given_time {
        return;
    }
    let same = (shown.status == Status::UnderReview).then_some(shown.stage);
    let further = (shown.stage < LAST_STAGE).then_some(shown.stage + 1);
    for stage in [same, further].into_iter().flatten() {
        let mut next = turned(stage, Status::NeedsResponse);
        next.left.asks -= 1;
        out.push_if_willed(Deed::Bank(stage, Status::NeedsResponse), next);
    }
}

/// A worker is killed, or does not hear from the gateway in time.
fn mishaps(state: &State, worker: usize, out: &mut Out<'_>) {
    let step = state.workers[worker].step;
    if state.left.kills > 0 && step != Step::Idle {
        let mut next = *state;
        next.left.kills -= 1;
        next.abandon(worker);
        next.workers[worker] = Worker::IDLE;
        out.push_if_willed(Deed::Dies(worker), next);
    }
    let unheard = match step {
        Step::Awaits(sending) => Step::Heard(sending, Answer::Silence, false),
        Step::Looks(_) => Step::Unseen,
        Step::Idle | Step::Heard(..) | Step::Unseen | Step::Saw(..) => return,
    };
    if state.left.timeouts > 0 {
        let mut next = *state;
        next.left.timeouts -= 1;
        next.abandon(worker);
        next.workers[worker].step = unheard;
        out.push_if_willed(Deed::GivesUp(worker), next);
    }
}

impl Bounds {
    fn or_from_the_environment(self) -> Self {
        Self {
            acts: from_the_environment("ACTS", self.acts),
            left: Left {
                kills: from_the_environment("KILLS", self.left.kills),
                timeouts: from_the_environment("TIMEOUTS", self.left.timeouts),
                spoilt: from_the_environment("SPOILT", self.left.spoilt),
                asks: from_the_environment("ASKS", self.left.asks),
            },
            ..self
        }
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { house, acts, left: Left { kills, timeouts, spoilt, asks } } = self;
        write!(
            formatter,
            "disputes at {house:?}, answers ≤ {acts}, 2 workers, kills ≤ {kills}, timeouts ≤ {timeouts}, spoilt by the gateway ≤ {spoilt}, asked anew ≤ {asks}"
        )
    }
}
