//! One moment of the model: the row, the gateway, two workers, the requests on their way, and how much may still go
//! wrong. Small and comparable, so that millions can be told apart.

use domain::payment::End;

use super::{gateway::Books, rows::RowId};

/// As many attempts, captures and requests on their way as a state has room for.
pub(crate) const ATTEMPTS: usize = 3;
pub(crate) const CAPTURES: usize = 2;
pub(crate) const REQUESTS: usize = 4;

/// One moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// The row as it stands, without its version: who has loaded an older one knows it by `Worker::is_current`.
    pub(crate) row: RowId,
    pub(crate) clock: Clock,
    pub(crate) books: Books,
    pub(crate) workers: [Worker; 2],
    /// Requests that the gateway has not served yet, the empty places last.
    pub(crate) requests: [Option<Request>; REQUESTS],
    pub(crate) left: Left,
}

/// How late it is, as far as the rules care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Clock {
    /// The payer's time is over.
    pub(crate) is_over: bool,
    /// The keys of the attempts up to this one are too old to be sent again. What was sent may still arrive.
    pub(crate) old_attempts: u8,
    /// It cannot arrive any more, and the gateway has forgotten the keys.
    pub(crate) dead_attempts: u8,
    /// The keys of the captures up to this one are too old.
    pub(crate) old_captures: u8,
}

/// How much may still happen. Whatever stands here is bounded; everything else may happen as often as it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Left {
    /// Workers killed.
    pub(crate) kills: u8,
    /// Callers that give up before they hear the answer.
    pub(crate) timeouts: u8,
    /// Tries of the payer's browser, directly at the gateway.
    pub(crate) browser: u8,
    /// Requests that the gateway spoils: fails at and saves that, or refuses outright.
    pub(crate) spoilt: u8,
    /// Acts of the merchant in the gateway's dashboard.
    pub(crate) dashboard: u8,
}

impl Left {
    pub(crate) const NOTHING: Self = Self { kills: 0, timeouts: 0, browser: 0, spoilt: 0, dashboard: 0 };
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
    Awaits(Wish),
    /// Has the answer to this, and writes it down.
    Heard(Wish, Answer, Replayed),
    /// Looks at the row, and closes it because the payer's time is over.
    Expires,
    /// Looks at the row, and makes the scheduled attempt.
    Reattempts,
    /// Asks the gateway how the object stands.
    Fetches,
    /// Knows how the object stood, and writes it down.
    Fetched(Answer),
}

/// Whether an answer was saved for an earlier request with the same key.
pub(crate) type Replayed = bool;

/// What a worker wants of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Wish {
    pub(crate) ask: Ask,
    /// The number of the act on the row, counted from 1; 0 for an attempt.
    pub(crate) act: u8,
    /// Whether it is a look (`retry`), or a client's request.
    pub(crate) is_look: bool,
    /// Whether somebody may have sent the same before.
    pub(crate) is_again: bool,
}

/// A request that may change something at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Ask {
    /// Attempt n, counted from 1.
    Confirm(u8),
    /// Capture k, counted from 1.
    Capture(u8),
    /// Cancel, so that the payment ends so.
    Cancel(EndsAs),
}

/// `domain::payment::End` with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum EndsAs {
    Canceled,
    Expired,
    Failed,
}

impl From<End> for EndsAs {
    fn from(end: End) -> Self {
        match end {
            End::Canceled => Self::Canceled,
            End::Expired => Self::Expired,
            End::Failed => Self::Failed,
        }
    }
}

/// A request on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Request {
    pub(crate) ask: Ask,
    /// Which worker waits for the answer. None: it died, or gave up, and the request may arrive all the same.
    pub(crate) caller: Option<u8>,
}

/// Where the object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Status {
    AwaitsMethod,
    AwaitsPayer,
    Pending,
    Authorized,
    Captured,
    Canceled,
}

/// What the gateway says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Answer {
    Shown(Status),
    Declined(Why),
    /// It refuses, because the object stands so.
    InTheWay(Status),
    /// It refuses the request as it is written, and always will.
    Refused,
    /// A 5xx.
    Failure,
    /// Nothing was heard in time.
    Silence,
}

/// Why a bank declines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Why {
    /// For some reason.
    Vague,
    /// It may work later.
    Later,
    /// It will never work.
    Never,
    /// The bank has seen this very charge.
    SeenBefore,
}

impl Status {
    pub(crate) const ALL: [Self; 6] =
        [Self::AwaitsMethod, Self::AwaitsPayer, Self::Pending, Self::Authorized, Self::Captured, Self::Canceled];
}

impl Answer {
    /// Whether it shows how the object stands while it waits: that may have passed by now.
    pub(crate) const fn may_pass(self) -> bool {
        matches!(self, Self::Shown(Status::AwaitsMethod | Status::AwaitsPayer | Status::Pending))
    }
}

impl Worker {
    pub(crate) const IDLE: Self = Self { step: Step::Idle, is_current: false, loaded: RowId::OPENED };
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
    pub(crate) fn send(&mut self, ask: Ask, caller: usize) {
        let caller = u8::try_from(caller).ok();
        let room = self.requests.iter().position(Option::is_none);
        let unawaited = || self.requests.iter().position(|it| it.is_some_and(|request| request.caller.is_none()));
        if let Some(place) = room.or_else(unawaited) {
            self.requests[place] = Some(Request { ask, caller });
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

    /// Whether a worker waits for the answer to this, or has it.
    pub(crate) fn is_asked(&self, ask: Ask) -> bool {
        self.workers.iter().any(|worker| match worker.step {
            Step::Awaits(wish) | Step::Heard(wish, ..) => wish.ask == ask,
            Step::Idle | Step::Expires | Step::Reattempts | Step::Fetches | Step::Fetched(_) => false,
        })
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.workers.iter().all(|worker| worker.step == Step::Idle)
    }

    /// Brings the state into its normal form: what cannot matter any more is forgotten, and the two workers, who can do
    /// the same, are put in an order. Whether they changed places.
    pub(crate) fn normalise(&mut self) -> bool {
        for place in &mut self.requests {
            if place.is_some_and(|request| request.caller.is_none() && self.books.makes_no_difference(request.ask)) {
                *place = None;
            }
        }
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
