//! Runs many futures on one thread, in an order that is drawn, on a clock that moves only when it is moved.
//!
//! - Each turn of each future takes a millisecond. When everybody sleeps, the clock jumps to whoever wakes up first.
//! - Who is next is a choice; the plain one is to go on with whoever was on.
//! - To drop a future where it waits **is** a Lambda killed there, by the weather or by its time limit.
//!
//! There are no wakers: a future that is not ready has said before why ([`Pause`]), and is asked again when that is over.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use domain::time::Timestamp;
use flow::ports::Host as _;

use super::stage::{InvocationId, Stage};

/// Turns in one run. A run that needs more goes in circles.
const TURNS_MAX: u64 = 300_000;
/// What one turn takes.
const TURN: Duration = Duration::from_millis(1);

/// What runs.
pub(super) type Act = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Names one future among all of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ActId(pub(super) usize);

/// Why a future is not ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pause {
    /// It lets others have a turn.
    Turn,
    /// It sleeps until then, or until it is woken.
    Until(Timestamp),
    /// It is killed here.
    Killed,
}

/// A future under way.
pub(super) struct Running {
    pub(super) id: ActId,
    /// The function that it is, if it is one, and when its time is over.
    pub(super) function: Option<(InvocationId, Timestamp)>,
    pub(super) act: Act,
    /// When it can go on. None: now.
    pub(super) wakes: Option<Timestamp>,
}

/// Why the executor stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    /// What was waited for is so.
    Enough,
    /// The time is over.
    TimeIsOver,
    /// Nobody will ever do anything again.
    Still,
    /// It does not end.
    TooLong,
}

/// Runs what is spawned on a stage.
pub(super) struct Executor {
    stage: Arc<Stage>,
    running: Vec<Running>,
    turns: u64,
    last: Option<ActId>,
}

impl Executor {
    pub(super) const fn new(stage: Arc<Stage>) -> Self {
        Self { stage, running: Vec::new(), turns: 0, last: None }
    }

    /// Goes on until it is enough, asked before every turn, or until `end`.
    pub(super) fn run(&mut self, end: Timestamp, mut enough: impl FnMut(&Stage) -> bool) -> Stopped {
        loop {
            self.running.extend(self.stage.take_spawned());
            for woken in self.stage.take_woken() {
                self.running.iter_mut().filter(|it| it.id == woken).for_each(|it| it.wakes = None);
            }
            if enough(&self.stage) {
                return Stopped::Enough;
            }
            if self.turns >= TURNS_MAX {
                return Stopped::TooLong;
            }
            self.end_what_is_out_of_time();
            let now = self.stage.clock.now();
            let Some(next) = self.draw_next(now) else {
                match self.next_moment() {
                    Some(at) if at <= end => self.stage.clock.set(at),
                    Some(_) => {
                        self.stage.clock.set(end);
                        return Stopped::TimeIsOver;
                    }
                    None => return Stopped::Still,
                }
                continue;
            };
            self.turn(next);
        }
    }

    /// Who is next, by place: one of those that can go on, whoever was on before the others.
    fn draw_next(&mut self, now: Timestamp) -> Option<usize> {
        let can_go_on = |it: &Running| it.wakes.is_none_or(|at| at <= now);
        let able = self.running.iter().enumerate().filter(|(_, it)| can_go_on(it));
        let mut places: Vec<usize> = able.map(|(place, _)| place).collect();
        if let Some(first) = places.iter().position(|place| self.running.get(*place).map(|it| it.id) == self.last) {
            places.swap(0, first);
        }
        self.stage.choose(|choices| choices.pick(&places))
    }

    fn turn(&mut self, place: usize) {
        self.turns = self.turns.saturating_add(1);
        self.stage.clock.advance(TURN);
        let Some(running) = self.running.get_mut(place) else { return };
        self.last = Some(running.id);
        self.stage.enters(running.id);
        let polled = running.act.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let pause = self.stage.leaves();
        match (polled, pause) {
            (Poll::Ready(()), _) => drop(self.running.remove(place)),
            (Poll::Pending, Pause::Turn) => running.wakes = None,
            (Poll::Pending, Pause::Until(at)) => running.wakes = Some(at),
            (Poll::Pending, Pause::Killed) => self.kill(place),
        }
    }

    /// Ends a future, and all others of its invocation with it: they run on one machine.
    fn kill(&mut self, place: usize) {
        let killed = self.running.remove(place);
        if let Some((invocation, _)) = killed.function {
            self.running.retain(|it| it.function.is_none_or(|(other, _)| other != invocation));
            self.stage.died(invocation);
        }
    }

    fn end_what_is_out_of_time(&mut self) {
        let now = self.stage.clock.now();
        let is_over = |it: &Running| it.function.is_some_and(|(_, deadline)| deadline <= now);
        while let Some(place) = self.running.iter().position(is_over) {
            if let Some((invocation, _)) = self.running.get(place).and_then(|it| it.function) {
                self.stage.ran_out_of_time(invocation);
            }
            self.kill(place);
        }
    }

    /// When something happens next, while nobody can go on.
    fn next_moment(&self) -> Option<Timestamp> {
        let wakes = self.running.iter().filter_map(|it| it.wakes);
        let deadlines = self.running.iter().filter_map(|it| it.function.map(|(_, deadline)| deadline));
        wakes.chain(deadlines).min()
    }

    /// Turns so far.
    pub(super) const fn turns(&self) -> u64 {
        self.turns
    }
}
