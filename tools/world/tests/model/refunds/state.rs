//! One moment of the refunds: the row, the gateway, two workers, the requests on their way, and how much may still go
//! wrong.

use super::{
    books::{Answer, Books, List},
    rows::{Old, RowId},
};

/// As many requests on their way as a state has room for.
pub(crate) const REQUESTS: usize = 3;

/// One moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) row: RowId,
    pub(crate) old: Old,
    pub(crate) books: Books,
    pub(crate) workers: [Worker; 2],
    /// Requests that the gateway has not served yet, the empty places last.
    pub(crate) requests: [Option<Request>; REQUESTS],
    pub(crate) left: Left,
}

/// How much may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Left {
    /// Workers killed.
    pub(crate) kills: u8,
    /// Callers that give up before they hear the answer.
    pub(crate) timeouts: u8,
    /// Requests that the gateway fails at and saves that, or refuses outright.
    pub(crate) spoilt: u8,
    /// Refunds of the merchant in the gateway's dashboard; one at most.
    pub(crate) by_hand: u8,
    /// Refunds that had succeeded and are sent back by the payer's bank.
    pub(crate) bounces: u8,
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

/// What a worker does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Step {
    Idle,
    /// Has sent this, and waits for the gateway's answer.
    Awaits(Sending),
    /// Has the answer to this, and writes it down.
    Heard(Sending, Answer, bool),
    /// Asks the gateway for all refunds.
    Lists,
    /// Was not answered.
    Unseen,
    /// Knows all refunds, and writes down what is new.
    Listed(List),
    /// Sees to those that nobody knows the end of, and that the list did not have.
    SeesTo(Missing),
}

/// A request of ours for a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Sending {
    /// Which, counted from 1.
    pub(crate) number: u8,
    /// Whether somebody may have sent the same before.
    pub(crate) is_again: bool,
    /// What the worker sees to afterwards.
    pub(crate) then: Missing,
}

/// The refunds that a list did not have, as bits by their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(crate) struct Missing {
    pub(crate) to_send: u8,
    pub(crate) to_report: u8,
}

/// A request on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Request {
    pub(crate) number: u8,
    pub(crate) has_new_key: bool,
    /// Which worker waits for the answer. None: it died, or gave up, and the request may arrive all the same.
    pub(crate) caller: Option<u8>,
}

impl Left {
    pub(crate) const NOTHING: Self = Self { kills: 0, timeouts: 0, spoilt: 0, by_hand: 0, bounces: 0 };
}

impl Worker {
    pub(crate) const IDLE: Self = Self { step: Step::Idle, is_current: false, loaded: RowId::PAID };
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
    pub(crate) fn send(&mut self, number: u8, has_new_key: bool, caller: usize) {
        let caller = u8::try_from(caller).ok();
        let room = self.requests.iter().position(Option::is_none);
        let unawaited = || self.requests.iter().position(|it| it.is_some_and(|request| request.caller.is_none()));
        if let Some(place) = room.or_else(unawaited) {
            self.requests[place] = Some(Request { number, has_new_key, caller });
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

    /// Puts the two workers, who can do the same, in an order, and forgets what nobody asks about. Whether they changed
    /// places.
    pub(crate) fn normalise(&mut self) -> bool {
        for place in &mut self.requests {
            let is_answered =
                |it: Request| it.caller.is_none() && !it.has_new_key && self.books.saved(it.number).is_some();
            *place = place.filter(|request| !is_answered(*request));
        }
        for worker in &mut self.workers {
            if worker.step == Step::Idle {
                *worker = Worker::IDLE;
            } else if worker.is_current {
                worker.loaded = RowId::PAID;
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
