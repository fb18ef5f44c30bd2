//! One moment of an order: the row, PayPal, two workers, the requests on their way, and how much may still happen.

use super::{
    order::{Answer, Order, Standing},
    rows::{Clock, RowId},
};

/// As many requests on their way as a state has room for.
pub(crate) const REQUESTS: usize = 2;

/// One moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) row: RowId,
    pub(crate) order: Order,
    pub(crate) clock: Clock,
    pub(crate) workers: [Worker; 2],
    /// Requests that PayPal has not served yet, the empty places last.
    pub(crate) requests: [Option<Sent>; REQUESTS],
    /// What was done and must never be.
    pub(crate) broken: Option<&'static str>,
    pub(crate) left: Left,
}

/// How much may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Left {
    /// Workers killed.
    pub(crate) kills: u8,
    /// Callers that give up before they hear the answer.
    pub(crate) timeouts: u8,
    /// Requests that PayPal fails at.
    pub(crate) spoilt: u8,
}

impl Left {
    pub(crate) const NOTHING: Self = Self { kills: 0, timeouts: 0, spoilt: 0 };
}

/// A running function: a client's request being served, or a look at the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Worker {
    pub(crate) step: Step,
    /// Whether nobody has written since it loaded or wrote the row.
    pub(crate) is_current: bool,
    /// The row as it loaded it, if it is not the row as it stands.
    pub(crate) loaded: RowId,
}

impl Worker {
    pub(crate) const IDLE: Self = Self { step: Step::Idle, is_current: false, loaded: RowId::OPENED };
}

/// What a worker does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Step {
    Idle,
    /// Has sent an attempt, and waits for PayPal's answer.
    Awaits(Sending),
    /// Has the answer to it, and writes it down.
    Heard(Sending, Answer, bool),
    /// Asks for the open end: lets go of what is held, and looks at the order. Whether it is a look's, and not a client's.
    Ends(bool),
    /// Has the answer to that.
    Ended(Answer, bool),
    /// Asks PayPal how the order stands.
    Looks,
    /// Was shown that, and writes it down.
    Saw(Answer),
    /// Lets go of what is held after the end, and looks at the order.
    LetsGo,
}

/// A sending of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Sending {
    /// Which, counted from 1.
    pub(crate) number: u8,
    /// Whether somebody may have sent the same before.
    pub(crate) is_again: bool,
    /// Whether it is a look's, and not a client's.
    pub(crate) is_looks: bool,
}

/// A request on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Sent {
    pub(crate) number: u8,
    pub(crate) is_again: bool,
    /// Which worker waits for the answer. None: it died, or gave up, and the request may arrive all the same.
    pub(crate) caller: Option<u8>,
}

impl State {
    /// The row as a worker knows it.
    pub(crate) fn known_to(&self, worker: usize) -> RowId {
        let it = self.workers[worker];
        if it.is_current { self.row } else { it.loaded }
    }

    /// A write succeeds. Whoever loaded the row before holds an old version now.
    pub(crate) fn commit(&mut self, writer: Option<usize>, row: RowId) {
        for (number, worker) in self.workers.iter_mut().enumerate() {
            if writer == Some(number) {
                worker.is_current = true;
            } else if worker.is_current {
                worker.is_current = false;
                worker.loaded = self.row;
            }
        }
        self.row = row;
    }

    /// A request leaves. If there is no room, one that nobody waits for is lost on its way.
    pub(crate) fn send(&mut self, sending: Sending, caller: usize) {
        let caller = u8::try_from(caller).ok();
        let room = self.requests.iter().position(Option::is_none);
        let unawaited = || self.requests.iter().position(|it| it.is_some_and(|request| request.caller.is_none()));
        if let Some(place) = room.or_else(unawaited) {
            let Sending { number, is_again, .. } = sending;
            self.requests[place] = Some(Sent { number, is_again, caller });
        }
    }

    /// A worker stops. What it sent may still arrive, and nobody hears the answer.
    pub(crate) fn abandon(&mut self, worker: usize) {
        for request in self.requests.iter_mut().flatten() {
            if request.caller.map(usize::from) == Some(worker) {
                request.caller = None;
            }
        }
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.workers.iter().all(|worker| worker.step == Step::Idle)
    }

    pub(crate) fn nothing_is_on_its_way(&self) -> bool {
        self.requests.iter().all(Option::is_none)
    }

    /// Whether money stands on the order, or may by tomorrow.
    pub(crate) fn is_about_money(&self) -> bool {
        matches!(self.order.standing, Standing::Paid | Standing::Held | Standing::Pending)
    }

    /// Puts the two workers, who can do the same, in an order. Whether they changed places.
    pub(crate) fn normalise(&mut self) -> bool {
        for worker in &mut self.workers {
            if worker.step == Step::Idle {
                *worker = Worker::IDLE;
            } else if worker.is_current {
                worker.loaded = RowId::OPENED;
            }
        }
        let swap = self.workers[0] < self.workers[1];
        if swap {
            self.workers.swap(0, 1);
            for request in self.requests.iter_mut().flatten() {
                request.caller = request.caller.map(|caller| 1 - caller);
            }
        }
        self.requests.sort_unstable_by(|one, other| other.cmp(one));
        swap
    }
}
