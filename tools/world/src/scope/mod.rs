//! The small scope: one payment, few people, and everything that can go wrong, without exception and without chance.
//!
//! - [`every_step_failed_once_and_run_twice`] is what every operation promises: every call that it makes, and everything
//!   that can become of each ([`fault`]). A [`play`] goes on after that as a house does, and an auditor watches every write.
//! - [`every_two_steps_failed`]: the same with any two calls.
//! - [`race`]: two who act on one payment, in every order of their calls, each killed wherever they can be.
//!
//! The simulation goes far; this goes everywhere near.

pub mod deed;
pub mod dispute;
pub mod fault;
mod house;
pub mod play;
pub mod race;
pub mod wire;

use std::collections::BTreeSet;

use domain::gateway::UnknownReason;

use self::{
    deed::Deed,
    fault::How,
    play::{Beginning, End, Next, Played, play},
    wire::{Plan, Trace, Wire},
};
use crate::{
    simulation::coverage::{Fate, Operation, Point},
    turns::{advance, block_on},
};

/// More calls than any play makes.
const CALLS_MAX: usize = 200;

/// What was tried.
#[derive(Debug, Clone, Default)]
pub struct Tried {
    /// Where somebody called.
    pub points: BTreeSet<(Operation, Point)>,
    /// What became of it.
    pub cells: BTreeSet<(Operation, Point, Fate)>,
    /// How many plays were given.
    pub schedules: u64,
    /// How many times something was run twice.
    pub twice: u64,
}

impl Tried {
    /// Adds what was tried elsewhere.
    pub fn add(&mut self, other: Self) {
        self.points.extend(other.points);
        self.cells.extend(other.cells);
        self.schedules = self.schedules.saturating_add(other.schedules);
        self.twice = self.twice.saturating_add(other.twice);
    }
}

/// Every step of `deed` fails once, in every way in which it can, and the whole is repeated; and the whole is run twice from
/// every step on. Always the promises are kept, and the end is the one that an undisturbed run has.
///
/// # Panics
/// If it is not so.
pub fn every_step_failed_once_and_run_twice(beginning: Beginning, deed: &Deed) -> Tried {
    let mut tried = with_faults(beginning, deed, 1);
    let plain = checked(beginning, deed, Next::Repeat, &Plan::new(), None);
    let own = plain.trace.iter().take_while(|(operation, _)| *operation == deed.operation()).count();
    for number in 0..own.min(CALLS_MAX) {
        for then in [Then::IsDropped, Then::GoesOn] {
            let end = block_on(run_twice(beginning, deed, number, then));
            assert_eq!(end, plain.end, "run twice from call {number} on, and the first {then:?}: {deed:?}");
            tried.twice = tried.twice.saturating_add(1);
        }
    }
    tried
}

/// Any two steps fail, of `deed`, of its repetition, or of the look that follows.
///
/// # Panics
/// If a promise is broken, or the end is not the one that an undisturbed run has.
pub fn every_two_steps_failed(beginning: Beginning, deed: &Deed) -> Tried {
    with_faults(beginning, deed, 2)
}

fn with_faults(beginning: Beginning, deed: &Deed, faults_max: usize) -> Tried {
    let mut tried = Tried::default();
    for next in [Next::Repeat, Next::Look] {
        let plain = checked(beginning, deed, next, &Plan::new(), None);
        let stage = Stage { beginning, deed, next, plain: &plain, faults_max };
        tried.schedules = tried.schedules.saturating_add(1);
        stage.deeper(&mut Plan::new(), &plain.trace, &mut tried);
    }
    tried
}

/// What stays the same in all plays of one tree.
struct Stage<'a> {
    beginning: Beginning,
    deed: &'a Deed,
    next: Next,
    plain: &'a Played,
    faults_max: usize,
}

impl Stage<'_> {
    /// Every plan that begins as this one does, after which these calls were made.
    fn deeper(&self, plan: &mut Plan, trace: &Trace, tried: &mut Tried) {
        tried.points.extend(trace);
        let from = plan.last().map_or(0, |(number, _)| number.saturating_add(1));
        for (number, (operation, point)) in trace.iter().enumerate().skip(from).take(CALLS_MAX) {
            // One fault is tried in every way, and so is a call that is made only because of another fault. Where two are
            // made anyway, or others act before whoever asked, those are tried that leave something else behind.
            let is_plain = self.plain.trace.contains(&(*operation, *point));
            let in_every_way = !is_plain || (self.faults_max == 1 && self.next == Next::Repeat);
            let faults = if in_every_way { fault::every(*point) } else { fault::different(*point) };
            for fault in faults {
                tried.cells.insert((*operation, *point, fault.fate));
                tried.schedules = tried.schedules.saturating_add(1);
                plan.push((number, fault));
                let played = checked(self.beginning, self.deed, self.next, plan, Some(self.plain));
                if plan.len() < self.faults_max {
                    self.deeper(plan, &played.trace, tried);
                }
                plan.pop();
            }
        }
    }
}

/// One play, in which no promise may be broken. It ends as the plain one has, if whoever asked asks again before others
/// act, and the gateway itself has made nothing else of it.
fn checked(beginning: Beginning, deed: &Deed, next: Next, plan: &Plan, plain: Option<&Played>) -> Played {
    let played = block_on(play(beginning, deed, next, plan));
    let story = || format!("{beginning:?}\n{deed:?}, then {next:?}\n{plan:#?}\n{played}");
    let breach = played.breach();
    assert!(breach.is_none(), "{}\n{}", breach.unwrap_or_default(), story());
    let is_comparable = next == Next::Repeat && !plan.iter().any(|(_, fault)| fault.changes_the_truth());
    if let Some(plain) = plain.filter(|_| is_comparable) {
        // A key that the gateway knows with another request is a fault of ours, and a person looks at it.
        let calls_a_person = plan.iter().any(|(_, fault)| fault.how == How::Seen(UnknownReason::KeyMismatch));
        let plain = End {
            is_reviewed: plain.end.is_reviewed || (calls_a_person && played.end.is_reviewed),
            ..plain.end.clone()
        };
        assert_eq!(played.end, plain, "another end than without faults\n{}", story());
    }
    played
}

/// What becomes of the first of two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    IsDropped,
    GoesOn,
}

/// The first run stops when its call of this number is served and not heard, a second one runs to its end, and then the first
/// may go on.
async fn run_twice(beginning: Beginning, deed: &Deed, stops_at: usize, then: Then) -> End {
    let house = beginning.house().await;
    let wire = Wire::default();
    {
        let mut first = std::pin::pin!(deed.done(&house, &wire));
        let stopped = advance(first.as_mut(), || wire.calls() > stops_at);
        let second = deed.done(&house, &Wire::default()).await;
        house.is_true(deed, &second);
        if then == Then::GoesOn && stopped.is_pending() {
            let told = first.await;
            house.is_true(deed, &told);
        }
    }
    house.step_ends();
    house.settles().await;
    let breach = house.breach();
    assert!(breach.is_none(), "{breach:?}\n{}", house.story());
    house.end()
}
