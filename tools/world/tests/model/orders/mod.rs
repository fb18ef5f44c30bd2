//! A model of payments at PayPal, searched completely: an order that its payer approves, that our own request charges, and that
//! cannot be made to end. Clients confirm and cancel, functions look, payer and bank decide, hours pass, and everything fails
//! that can.
//!
//! The rules are the shipped ones ([`rows`]); the steps between which a function can be overtaken or killed are a short
//! mirror of `flow` ([`workers`]); PayPal is as its contract has it ([`order`]).
//!
//! Asked in every state: P2 (no success is told that is not there), P5 (no order is charged by what stands in no row), P9, and
//! P7 after all faults: whatever arrives how late, the row says in the end how the order stands, and nothing is held under a
//! payment that has ended. `MODEL_ATTEMPTS`, `MODEL_KILLS`, `MODEL_TIMEOUTS` and `MODEL_SPOILT` in the environment take more
//! than the tests do. [`teeth`] shows what a search would find.
//!
//! Not in it: the capture of what is held, and refunds, which the other models have; forged events.

mod healing;
mod order;
mod rows;
mod state;
mod story;
mod teeth;
mod workers;

use std::{cell::RefCell, collections::HashMap, fmt};

use world::proof::figure;

use self::{
    healing::Patient,
    order::{ATTEMPTS, Answer, Course, Order, Standing, Verdict},
    rows::{Clock, Facts, RowId, Rows},
    state::{Left, REQUESTS, State, Step, Worker},
    story::Deed,
};
use crate::{
    Asking, from_the_environment,
    rows::Stage,
    search::{Edge, Model, QuickHash, search},
};

/// A function is killed, whatever the payer and the bank do.
#[test]
fn an_order_is_safe_and_live_whoever_is_killed() {
    let left = Left { kills: 1, ..Left::NOTHING };
    is_safe_and_live(Bounds { is_manual: false, is_automatic: false, attempts: 2, left });
}

#[test]
fn an_order_is_safe_and_live_whatever_answer_is_lost() {
    let left = Left { timeouts: 1, ..Left::NOTHING };
    is_safe_and_live(Bounds { is_manual: false, is_automatic: false, attempts: 2, left });
}

/// PayPal fails, before or after it has done everything.
#[test]
fn an_order_is_safe_and_live_whatever_paypal_spoils() {
    let left = Left { timeouts: 1, spoilt: 1, ..Left::NOTHING };
    is_safe_and_live(Bounds { is_manual: false, is_automatic: false, attempts: 1, left });
}

/// Quittance confirms by itself.
#[test]
fn an_order_that_confirms_itself_is_safe_and_live() {
    let left = Left { timeouts: 1, ..Left::NOTHING };
    is_safe_and_live(Bounds { is_manual: false, is_automatic: true, attempts: 1, left });
}

#[test]
fn what_is_held_on_an_order_is_safe_and_live() {
    let left = Left { kills: 1, timeouts: 1, ..Left::NOTHING };
    is_safe_and_live(Bounds { is_manual: true, is_automatic: false, attempts: 1, left });
}

/// The shipped protocol, asked everything, within these bounds and those of the environment.
fn is_safe_and_live(bounds: Bounds) {
    let bounds = bounds.or_from_the_environment();
    let report = search(&Orders::new(bounds, None, Asking::Everything));
    report.announce(&bounds.to_string());
    figure("model", report.states as u64, "states");
    assert!(report.found.is_none(), "{bounds}\n{}", report.story());
    assert!(report.complete, "{bounds}: there is more to see than fits");
}

/// What kind of payment it is, and how much may happen.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// Whether money is held first.
    is_manual: bool,
    /// Whether it is confirmed as soon as its payer has approved.
    is_automatic: bool,
    /// Confirms of clients.
    attempts: u8,
    left: Left,
}

/// One thing that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    /// The order is charged first, and the attempt is written down with what came of it.
    AskedBeforeItIsWrittenDown,
    /// What has ended is left alone, and so are news of it.
    NobodyWatchesTheEnd,
    /// What is held after the end is left to run out.
    LateHoldIsKept,
    /// A write is not conditional on the version.
    NoVersionCheck,
}

/// The protocol that is searched: the shipped one, or a wrong one.
struct Orders {
    bounds: Bounds,
    wrong: Option<Wrong>,
    asking: Asking,
    rows: RefCell<Rows>,
    healed: RefCell<HashMap<Patient, Option<&'static str>, QuickHash>>,
}

impl Orders {
    fn new(bounds: Bounds, wrong: Option<Wrong>, asking: Asking) -> Self {
        let attempts = usize::from(bounds.attempts) + usize::from(bounds.is_automatic);
        assert!(attempts <= ATTEMPTS, "a state has room for {ATTEMPTS} attempts");
        let rows = RefCell::new(Rows::new(bounds.is_manual, bounds.is_automatic));
        Self { bounds, wrong, asking, rows, healed: RefCell::default() }
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
        if let Some((next, _)) = self.client_confirms(state, worker) {
            out.push_if_willed(Deed::Confirms(worker), next);
        }
        if let Some((next, _)) = self.client_cancels(state, worker) {
            out.push_if_willed(Deed::Cancels(worker), next);
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
        let mut courses: Vec<_> = Verdict::ALL.map(|verdict| (Course::Serves(verdict), false)).to_vec();
        if state.left.spoilt > 0 {
            courses.extend([(Course::FailsBefore, true), (Course::FailsAfter(Verdict::Charges), true)]);
        }
        for (course, is_spoilt) in courses {
            let mut next = *state;
            next.requests[place] = None;
            next.left.spoilt -= u8::from(is_spoilt);
            let (answer, replayed) = self.serve(&mut next, sent.number, sent.is_again, course);
            if let Some(caller) = sent.caller.map(usize::from)
                && let Step::Awaits(sending) = next.workers[caller].step
            {
                next.workers[caller].step = Step::Heard(sending, answer, replayed);
            }
            let deed = Deed::Serves(sent, answer, replayed);
            if is_spoilt { out.push_if_willed(deed, next) } else { out.push(deed, next) }
        }
    }

    /// PayPal serves a request. What moves money must stand in the row.
    fn serve(&self, state: &mut State, number: u8, is_again: bool, course: Course) -> (Answer, bool) {
        let was_about_money = state.is_about_money();
        let answer = state.order.confirm(number, is_again, course);
        if !was_about_money && state.is_about_money() && self.facts(state.row).attempts < number {
            state.broken = Some("P5: an order was charged by what stands in no row");
        }
        answer
    }

    /// No function lives so long: what was on its way is lost, and what was sent is not sent again.
    fn hours_later(&self, state: &State) -> State {
        let mut next = *state;
        let attempts = self.facts(state.row).attempts;
        (next.clock.old, next.clock.gone) = (attempts, attempts);
        next.requests = [None; REQUESTS];
        next
    }

    /// What payer, bank and time do.
    fn around(&self, state: &State, out: &mut Out<'_>) {
        let turned = |standing| {
            let mut next = *state;
            next.order.becomes(standing);
            next
        };
        match state.order.standing {
            Standing::Waits => out.push_if_willed(Deed::Order(Standing::Approved), turned(Standing::Approved)),
            Standing::Pending => {
                for standing in [Standing::Paid, Standing::Failed] {
                    out.push(Deed::Order(standing), turned(standing));
                }
            }
            // A hold runs out.
            Standing::Held => out.push(Deed::Order(Standing::Released), turned(Standing::Released)),
            Standing::Approved | Standing::Paid | Standing::Released | Standing::Failed | Standing::Forgotten => {}
        }
        if !state.clock.is_over {
            let mut next = *state;
            next.clock.is_over = true;
            out.push(Deed::TimeIsOver, next);
        }
        if !state.is_quiet() {
            return;
        }
        let mut aged = *state;
        aged.clock.old = self.facts(state.row).attempts;
        out.push(Deed::KeysAge, aged);
        if state.clock.old == aged.clock.old {
            out.push(Deed::HoursPass, self.hours_later(state));
        }
        if matches!(state.order.standing, Standing::Waits | Standing::Approved) && state.clock.old == aged.clock.old {
            out.push(Deed::Order(Standing::Forgotten), turned(Standing::Forgotten));
        }
    }
}

/// The edges out of one state, as they are found.
struct Out<'a> {
    from: &'a State,
    edges: &'a mut Vec<Edge<Orders>>,
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

impl Model for Orders {
    type State = State;
    type Deed = Deed;

    fn start(&self) -> State {
        State {
            row: RowId::OPENED,
            order: Order::opened(self.bounds.is_manual),
            clock: Clock::YOUNG,
            workers: [Worker::IDLE; 2],
            requests: [None; REQUESTS],
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
        self.around(state, &mut out);
        for (of_money, is_untold) in [(false, state.order.tells), (true, state.order.tells_of_money)] {
            if is_untold {
                let (next, wrote) = self.deliver(state, of_money);
                out.push(Deed::Webhook(of_money, wrote), next);
            }
        }
    }

    fn broken(&self, state: &State) -> Option<&'static str> {
        state
            .broken
            .or_else(|| untrue(&self.facts(state.row), &state.order))
            .or_else(|| self.is_unhealed(state).filter(|_| self.asking == Asking::Everything))
    }

    fn is_settled(&self, state: &State) -> bool {
        let is_told = !state.order.tells && !state.order.tells_of_money;
        state.is_quiet() && is_told && self.rests(&self.facts(state.row), &state.order)
    }

    fn tell(&self, before: &State, deed: Deed, swapped: bool) -> String {
        deed.tell(before, swapped)
    }
}

/// What is told, and must never be.
fn untrue(row: &Facts, order: &Order) -> Option<&'static str> {
    let is_paid = order.standing == Standing::Paid;
    let was_held = matches!(order.standing, Standing::Held | Standing::Released);
    if let Some(flaw) = row.flaw {
        Some(flaw)
    } else if row.stage == Stage::Succeeded && !is_paid {
        Some("P2: a success is told, and no charge stands")
    } else if row.is_told_charged && !is_paid && !was_held {
        Some("P2: an attempt is told charged, and the order has no charge")
    } else {
        None
    }
}

/// A worker is killed, or does not hear from PayPal in time.
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
        Step::Ends(is_looks) => Step::Ended(Answer::Silence, is_looks),
        Step::Looks | Step::LetsGo => Step::Saw(Answer::Silence),
        Step::Idle | Step::Heard(..) | Step::Ended(..) | Step::Saw(_) => return,
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
            attempts: from_the_environment("ATTEMPTS", self.attempts).min(self.attempts),
            left: Left {
                kills: from_the_environment("KILLS", self.left.kills),
                timeouts: from_the_environment("TIMEOUTS", self.left.timeouts),
                spoilt: from_the_environment("SPOILT", self.left.spoilt),
            },
            ..self
        }
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { is_manual, is_automatic, attempts, left: Left { kills, timeouts, spoilt } } = self;
        let how = match (is_manual, is_automatic) {
            (true, _) => "held",
            (false, true) => "confirmed by itself",
            (false, false) => "captured at once",
        };
        write!(
            formatter,
            "orders at PayPal, {how}, 2 workers, attempts ≤ {attempts}, kills ≤ {kills}, timeouts ≤ {timeouts}, spoilt by PayPal ≤ {spoilt}"
        )
    }
}
