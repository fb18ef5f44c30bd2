//! A model of refunds, searched completely, apart from the life of their payment: it is paid, clients ask for refunds at
//! the same time, somebody refunds in the dashboard, and everything fails that can.
//!
//! The rules are the shipped ones again ([`rows`]); the steps between which a function can be overtaken or killed are a
//! short mirror of `flow` ([`workers`]); the gateway ([`books`]) gives back no more than was captured, and spoils the
//! rest. Each refund is of the same amount, so that whoever looks at amounts takes one for the other; two fit.
//!
//! Asked in every state: P3 (what is offered, and what went back of what we asked for, is no more than was captured),
//! P5 (no refund is made twice), P2 and P4 (none is told succeeded or failed that is not), and P7 after all faults.
//! `MODEL_WISHES`, `MODEL_KILLS`, `MODEL_TIMEOUTS`, `MODEL_SPOILT`, `MODEL_BY_HAND` and `MODEL_BOUNCES` in the
//! environment take more than the tests do. [`teeth`] shows what a search would find.

mod books;
mod forgetting;
mod healing;
mod rows;
mod state;
mod story;
mod teeth;
mod workers;

use std::{cell::RefCell, collections::HashMap, fmt};

use world::proof::figure;

use self::{
    books::{Answer, BY_HAND, Books, Course, News, Standing, WISHES, place},
    healing::Patient,
    rows::{Facts, RowId, Rows, Told},
    state::{Left, REQUESTS, State, Step, Worker},
    story::Deed,
};
use crate::{
    Asking, from_the_environment,
    search::{Edge, Model, QuickHash, search},
};

/// Two at once, a function killed, an answer lost.
#[test]
fn refunds_that_are_asked_for_at_once_are_safe_and_live() {
    are_safe_and_live(Bounds { wishes: 2, left: Left { kills: 1, timeouts: 1, ..Left::NOTHING } });
}

/// The gateway fails and saves it, or refuses.
#[test]
fn refunds_are_safe_and_live_whatever_the_gateway_spoils() {
    are_safe_and_live(Bounds { wishes: 2, left: Left { timeouts: 1, spoilt: 1, ..Left::NOTHING } });
}

/// The merchant refunds in the dashboard: beside one refund whose function is killed, or beside two.
#[test]
fn refunds_are_safe_and_live_whatever_the_dashboard_does() {
    are_safe_and_live(Bounds { wishes: 1, left: Left { kills: 1, timeouts: 1, by_hand: 1, ..Left::NOTHING } });
    are_safe_and_live(Bounds { wishes: 2, left: Left { by_hand: 1, ..Left::NOTHING } });
}

/// A bank sends back what had succeeded, and it is refunded once more.
#[test]
fn refunds_that_come_back_are_safe_and_live() {
    are_safe_and_live(Bounds { wishes: 3, left: Left { bounces: 1, ..Left::NOTHING } });
}

/// The shipped protocol, asked everything, within these bounds and those of the environment.
fn are_safe_and_live(bounds: Bounds) {
    let bounds = bounds.or_from_the_environment();
    let report = search(&Refunds::new(bounds, None, Asking::Everything));
    report.announce(&bounds.to_string());
    figure("model", report.states as u64, "states");
    assert!(report.found.is_none(), "{bounds}\n{}", report.story());
    assert!(report.complete, "{bounds}: there is more to see than fits");
}

/// How much may happen.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// Refunds that clients ask for.
    wishes: u8,
    left: Left,
}

/// One thing that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    /// The gateway is asked first, and the refund reserved with its answer.
    AskedBeforeItIsWrittenDown,
    /// A refund at the gateway is taken for one of ours that is of the same amount.
    MatchedByAmount,
    /// A timeout is a failure.
    TimeoutMeansFailed,
    /// What the gateway does not list has failed, though it may still arrive.
    NotListedHasFailed,
    /// Each sending has a key of its own.
    NewKeyEachTime,
    /// A saved 5xx is not taken as an answer, so that its refund is sent for ever.
    SavedFailureIsNoAnswer,
    /// A list that was overtaken is weighed again as if it were new.
    OldListRedecided,
    /// A webhook that says that there are refunds, and not which, is answered 2xx and forgotten.
    HintDropped,
    /// A write is not conditional on the version.
    NoVersionCheck,
}

/// The protocol that is searched: the shipped one, or a wrong one.
struct Refunds {
    bounds: Bounds,
    wrong: Option<Wrong>,
    asking: Asking,
    rows: RefCell<Rows>,
    healed: RefCell<HashMap<Patient, Option<&'static str>, QuickHash>>,
}

impl Refunds {
    fn new(bounds: Bounds, wrong: Option<Wrong>, asking: Asking) -> Self {
        assert!(usize::from(bounds.wishes) <= WISHES, "a state has room for {WISHES} refunds of clients");
        assert!(bounds.left.by_hand <= 1, "a state has room for one refund of the dashboard");
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
        if let Some((next, _)) = self.client_asks(state, worker) {
            out.push_if_willed(Deed::Asks(worker), next);
        }
        if let Some((next, _)) = self.look(state, worker) {
            out.push(Deed::Looks(worker), next);
        }
    }

    /// The keys of all that was asked for so far are too old to be sent again.
    fn half_a_day_later(&self, state: &State) -> State {
        State { old: self.facts(state.row).asked, ..*state }
    }

    /// They are dead, and whatever was on its way is lost.
    fn a_day_later(&self, state: &State) -> State {
        let mut next = self.half_a_day_later(state);
        next.books.forget_keys();
        next.requests = [None; REQUESTS];
        next
    }
}

/// The edges out of one state, as they are found.
struct Out<'a> {
    protocol: &'a Refunds,
    from: &'a State,
    edges: &'a mut Vec<Edge<Refunds>>,
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
        self.protocol.forget_what_cannot_matter(&mut to);
        let swapped = to.normalise();
        if to != *self.from {
            self.edges.push(Edge { deed, to, swapped, by_itself, breaks: None });
        }
    }
}

impl Model for Refunds {
    type State = State;
    type Deed = Deed;

    fn start(&self) -> State {
        State {
            row: RowId::PAID,
            old: 0,
            books: Books::NOTHING,
            workers: [Worker::IDLE; 2],
            requests: [None; REQUESTS],
            left: self.bounds.left,
        }
    }

    fn next(&self, state: &State, edges: &mut Vec<Edge<Self>>) {
        let mut out = Out { protocol: self, from: state, edges };
        for worker in 0..state.workers.len() {
            self.workers_step(state, worker, &mut out);
            mishaps(state, worker, &mut out);
        }
        for place in 0..REQUESTS {
            request_arrives(state, place, &mut out);
        }
        bank_and_dashboard(state, &mut out);
        for news in News::all().filter(|news| state.books.has_sent(*news)) {
            let (next, wrote) = self.deliver(state, news);
            out.push(Deed::Webhook(news, wrote), next);
        }
        // No function lives for a quarter of an hour.
        if state.is_quiet() {
            out.push(Deed::KeysAge, self.half_a_day_later(state));
            out.push(Deed::KeysDie, self.a_day_later(state));
        }
    }

    fn broken(&self, state: &State) -> Option<&'static str> {
        untrue(&self.facts(state.row), &state.books)
            .or_else(|| self.is_unhealed(state).filter(|_| self.asking == Asking::Everything))
    }

    fn is_settled(&self, state: &State) -> bool {
        let is_heard = News::all().all(|news| !state.books.is_unheard(news));
        state.is_quiet() && is_heard && healing::rests(&self.facts(state.row), &state.books)
    }

    fn tell(&self, before: &State, deed: Deed, swapped: bool) -> String {
        deed.tell(before, swapped)
    }
}

/// What is told or offered, and must never be.
fn untrue(row: &Facts, books: &Books) -> Option<&'static str> {
    if let Some(flaw) = row.flaw {
        return Some(flaw);
    }
    if books.has_made_twice {
        return Some("P5: one refund was made twice");
    }
    let ours = i64::try_from(Books::given(&books.made[..BY_HAND])).expect("few");
    if ours * rows::PART + row.offered > row.captured {
        return Some("P3: more is offered than is left of what was captured");
    }
    (1..=row.asked).find_map(|number| match (row.told[place(number)], books.made[place(number)]) {
        (Told::Stands(Standing::Failed), Some(Standing::Pending | Standing::Succeeded)) => {
            Some("P4: a refund was told failed, and the money has gone back")
        }
        (Told::Stands(Standing::Succeeded), None | Some(Standing::Pending)) => {
            Some("P2: a refund was told succeeded, and the gateway has given nothing back")
        }
        _ => None,
    })
}

/// A request is served, in every way it can be.
fn request_arrives(state: &State, place: usize, out: &mut Out<'_>) {
    let Some(request) = state.requests[place] else { return };
    if place > 0 && state.requests[place - 1] == Some(request) {
        return;
    }
    let mut courses = vec![(Course::Makes(Standing::Succeeded), false), (Course::Makes(Standing::Pending), false)];
    if state.left.spoilt > 0 {
        courses.extend([(Course::FailsBefore, true), (Course::FailsAfter, true), (Course::Refuses, true)]);
    }
    for (course, is_spoilt) in courses {
        let mut next = *state;
        next.requests[place] = None;
        next.left.spoilt -= u8::from(is_spoilt);
        let (answer, replayed) = next.books.serve(request.number, request.has_new_key, course);
        if let Some(caller) = request.caller.map(usize::from)
            && let Step::Awaits(sending) = next.workers[caller].step
        {
            next.workers[caller].step = Step::Heard(sending, answer, replayed);
        }
        let deed = Deed::Serves(request, answer, replayed);
        if is_spoilt { out.push_if_willed(deed, next) } else { out.push(deed, next) }
    }
}

/// What is pending is decided, what has succeeded is sent back, and somebody refunds by hand.
fn bank_and_dashboard(state: &State, out: &mut Out<'_>) {
    for (place, standing) in state.books.made[..BY_HAND].iter().enumerate() {
        for decided in [Standing::Succeeded, Standing::Failed] {
            let mut next = *state;
            next.books.turn(place, decided);
            let deed = Deed::Decides(place, decided);
            match standing {
                Some(Standing::Pending) => out.push(deed, next),
                Some(Standing::Succeeded) if decided == Standing::Failed && state.left.bounces > 0 => {
                    next.left.bounces -= 1;
                    out.push_if_willed(deed, next);
                }
                Some(_) | None => {}
            }
        }
    }
    if state.left.by_hand > 0 && state.books.has_room() {
        let mut next = *state;
        next.left.by_hand -= 1;
        next.books.turn(BY_HAND, Standing::Succeeded);
        out.push_if_willed(Deed::ByHand, next);
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
        Step::Lists => Step::Unseen,
        Step::Idle | Step::Heard(..) | Step::Unseen | Step::Listed(_) | Step::SeesTo(_) => return,
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
            wishes: from_the_environment("WISHES", self.wishes),
            left: Left {
                kills: from_the_environment("KILLS", self.left.kills),
                timeouts: from_the_environment("TIMEOUTS", self.left.timeouts),
                spoilt: from_the_environment("SPOILT", self.left.spoilt),
                by_hand: from_the_environment("BY_HAND", self.left.by_hand),
                bounces: from_the_environment("BOUNCES", self.left.bounces),
            },
        }
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wishes, left: Left { kills, timeouts, spoilt, by_hand, bounces } } = self;
        write!(
            formatter,
            "refunds ≤ {wishes}, 2 workers, kills ≤ {kills}, timeouts ≤ {timeouts}, spoilt by the gateway ≤ {spoilt}, by hand ≤ {by_hand}, sent back ≤ {bounces}"
        )
    }
}
