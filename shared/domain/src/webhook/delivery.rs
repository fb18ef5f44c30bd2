//! One event on its way to one endpoint. Pure: the same delivery, command and circumstances give the same decision.
//!
//! - [`decide`] answers a [`Command`]: take it, give it up, make it once more.
//! - [`judge`] weighs what a try came to.
//! - [`apply`] moves the delivery along. Nothing else changes one.
//!
//! What is delivered stays so, until somebody asks for it again; and as long as a delivery is pending it has a `due`.

use std::time::Duration;

use super::{
    DeliveryId,
    schedule::{LEASE, ROUNDS_MAX, delay_after},
};
use crate::time::{Now, Timestamp};

/// So many tries are recorded, the newest; those before them are counted. The schedule has half as many, so that what was asked for
/// again still shows what came of it the first time.
pub const TRIES_MAX: usize = 20;

/// What became of a delivery is kept for so long after it has ended: whoever asks why an event was not heard asks within weeks. What it was
/// about, the event and what it tells of, is kept for ever.
pub const KEPT_AFTER_END: Duration = Duration::from_secs(90 * 24 * 3600);

/// An event that nobody has written down is waited for so long: the stream that it comes from keeps a change for a day, and is read
/// again for as long.
const EVENT_MAY_COME: Duration = Duration::from_secs(3 * 24 * 3600);
/// It is looked for again after as long as it has been missing, within these bounds.
const LOOK_FOR_EVENT_MIN: Duration = Duration::from_secs(30);
const LOOK_FOR_EVENT_MAX: Duration = Duration::from_secs(3600);

/// One event on its way to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Which event, to which endpoint.
    pub id: DeliveryId,
    /// How far it has come.
    pub progress: Progress,
    /// What was tried, oldest first: the newest [`TRIES_MAX`].
    pub tries: Vec<Try>,
    /// How many were tried before those.
    pub tries_before: u32,
    /// Rounds of the schedule that are over since it was last asked for: tries that have failed, and those that its endpoint was disabled
    /// for.
    pub round: u32,
    /// When it must be tried next.
    pub due: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
    /// Counts the changes; every write is conditional on it.
    pub version: u64,
}

/// How far a delivery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It will be tried, again or for the first time.
    Pending,
    /// The endpoint has taken it.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// It was tried as often as it is tried, or the endpoint wants no more.
    Exhausted {
        /// When.
        at: Timestamp,
    },
    /// It was not tried any more.
    Skipped {
        /// When.
        at: Timestamp,
        /// Why.
        reason: SkipReason,
    },
}

/// Why a delivery was not tried any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// The endpoint was disabled, to the end of the schedule, or before there was anything to send.
    EndpointDisabled,
    /// The endpoint has made room for another.
    EndpointRemoved,
    /// Nobody has ever written down what is to be told.
    NoEvent,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Try {
    /// When it was over.
    pub at: Timestamp,
    /// What came of it.
    pub result: TryResult,
}

/// What came of a try, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TryResult {
    /// The endpoint answered with this HTTP status.
    Answered(u16),
    /// The endpoint did not answer.
    Unreachable(Reason),
    /// We do not send to where its address leads.
    Refused(Reason),
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The endpoint answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// After how long the endpoint wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// The endpoint did not answer. It may have heard of the event all the same.
    Unreachable {
        /// Why.
        reason: Reason,
    },
    /// We do not send to where its address leads. Nothing was sent.
    Refused {
        /// Why.
        reason: Reason,
    },
}

/// A word for what went wrong: lower-case letters, digits and `_`, so that it can stand in a row, an answer and a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reason(String);

/// What is to be done with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Take it to try it.
    Claim,
    /// Its event is not there yet: look again later.
    AwaitEvent,
    /// Its endpoint is disabled: try it in the next round, should there be one.
    Withhold,
    /// Do not try it any more.
    Skip(SkipReason),
    /// Make it once more.
    Redeliver,
}

/// What happened, when, and when it must be tried next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub fact: Fact,
    /// When.
    pub at: Timestamp,
    /// When it must be tried next.
    pub due: Option<Timestamp>,
}

/// What happened to a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A worker took it to try it.
    Claimed,
    /// Its event was not there yet.
    EventMissed,
    /// Its endpoint was disabled, and there will be another round.
    Withheld,
    /// The endpoint took it.
    Delivered(TryResult),
    /// A try failed, and there will be another.
    TryFailed(TryResult),
    /// The last try failed, or the endpoint wants no more.
    Exhausted(TryResult),
    /// It is not tried any more.
    Skipped(SkipReason),
    /// Somebody asked for it again.
    RedeliveryAsked,
}

/// Answers that a server gives which has taken something.
const TAKEN: std::ops::RangeInclusive<u16> = 200..=299;
/// What a server answers that wants no more, ever: the specification says so.
const GONE: u16 = 410;

/// What `command` does to `delivery`; none if there is nothing to do.
#[must_use]
pub fn decide(delivery: &Delivery, command: Command, now: &Now) -> Option<Event> {
    let is_pending = delivery.progress == Progress::Pending;
    let is_due = delivery.due.is_some_and(|due| due <= now.at);
    let happened = |fact, due| Some(Event { fact, at: now.at, due });
    match command {
        Command::Claim if is_pending && is_due => happened(Fact::Claimed, Some(now.at.plus(LEASE))),
        Command::AwaitEvent if is_pending => await_event(delivery, now),
        Command::Withhold if is_pending => withhold(delivery, now),
        Command::Skip(reason) if is_pending => happened(Fact::Skipped(reason), None),
        Command::Claim | Command::AwaitEvent | Command::Withhold | Command::Skip(_) => None,
        // It is about to be tried from the beginning; whoever asks twice is served once.
        Command::Redeliver if is_pending && is_due && delivery.round == 0 => None,
        Command::Redeliver => happened(Fact::RedeliveryAsked, Some(now.at)),
    }
}

/// What a try of `delivery` means that came to `answer`; none if it is known already, or proves nothing any more.
#[must_use]
pub fn judge(delivery: &Delivery, answer: &Answer, now: &Now) -> Option<Event> {
    let result = answer.result();
    let happened = |fact, due| Some(Event { fact, at: now.at, due });
    let is_delivered = match delivery.progress {
        Progress::Delivered { .. } => true,
        Progress::Pending | Progress::Exhausted { .. } | Progress::Skipped { .. } => false,
    };
    if is_delivered {
        return None;
    }
    // That it was taken is true, whoever has given it up since.
    if answer.is_taken() {
        return happened(Fact::Delivered(result), None);
    }
    if delivery.progress != Progress::Pending {
        return None;
    }
    if answer.is_gone() {
        return happened(Fact::Exhausted(result), None);
    }
    match next_round(delivery, answer.retry_after(), now) {
        Some(due) => happened(Fact::TryFailed(result), Some(due)),
        None => happened(Fact::Exhausted(result), None),
    }
}

/// Moves the delivery along.
pub fn apply(delivery: &mut Delivery, event: &Event) {
    let at = event.at;
    match &event.fact {
        Fact::Claimed | Fact::EventMissed => {}
        Fact::Withheld => delivery.round = delivery.round.saturating_add(1),
        Fact::Delivered(result) => {
            delivery.tried(at, result);
            delivery.progress = Progress::Delivered { at };
        }
        Fact::TryFailed(result) => {
            delivery.tried(at, result);
            delivery.round = delivery.round.saturating_add(1);
        }
        Fact::Exhausted(result) => {
            delivery.tried(at, result);
            delivery.round = delivery.round.saturating_add(1);
            delivery.progress = Progress::Exhausted { at };
        }
        Fact::Skipped(reason) => delivery.progress = Progress::Skipped { at, reason: *reason },
        Fact::RedeliveryAsked => {
            delivery.progress = Progress::Pending;
            delivery.round = 0;
        }
    }
    delivery.due = event.due;
    delivery.updated_at = at;
    delivery.version = delivery.version.saturating_add(1);
}

/// Whoever is disabled for an hour loses nothing of what was on its way; whoever stays so for the whole schedule does not want it.
fn withhold(delivery: &Delivery, now: &Now) -> Option<Event> {
    let due = next_round(delivery, None, now);
    let fact = due.map_or(Fact::Skipped(SkipReason::EndpointDisabled), |_| Fact::Withheld);
    Some(Event { fact, at: now.at, due })
}

/// When the round after this one begins; none if this was the last.
fn next_round(delivery: &Delivery, retry_after: Option<Duration>, now: &Now) -> Option<Timestamp> {
    let over = delivery.round.saturating_add(1);
    let delay = delay_after(over, retry_after, now.dice).filter(|_| over < ROUNDS_MAX)?;
    Some(now.at.plus(delay))
}

/// Publishing writes the event last: whoever comes early comes again, and gives up when it is too late.
fn await_event(delivery: &Delivery, now: &Now) -> Option<Event> {
    let missing = now.at.since(delivery.created_at);
    let (fact, due) = if missing > EVENT_MAY_COME {
        (Fact::Skipped(SkipReason::NoEvent), None)
    } else {
        let wait = missing.clamp(LOOK_FOR_EVENT_MIN, LOOK_FOR_EVENT_MAX);
        (Fact::EventMissed, Some(now.at.plus(wait)))
    };
    Some(Event { fact, at: now.at, due })
}

impl Delivery {
    /// A delivery that was just made, and is to be tried at once.
    #[must_use]
    pub const fn made(id: DeliveryId, at: Timestamp) -> Self {
        Self {
            id,
            progress: Progress::Pending,
            tries: Vec::new(),
            tries_before: 0,
            round: 0,
            due: Some(at),
            created_at: at,
            updated_at: at,
            version: 1,
        }
    }

    /// From when on it is kept no longer; never, while it is pending.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.progress.ended_at().map(|ended| ended.plus(KEPT_AFTER_END))
    }

    fn tried(&mut self, at: Timestamp, result: &TryResult) {
        self.tries.push(Try { at, result: result.clone() });
        while self.tries.len() > TRIES_MAX {
            self.tries.remove(0);
            self.tries_before = self.tries_before.saturating_add(1);
        }
    }
}

impl Answer {
    /// What is written down of it.
    #[must_use]
    pub fn result(&self) -> TryResult {
        match self {
            Self::Answered { status, .. } => TryResult::Answered(*status),
            Self::Unreachable { reason } => TryResult::Unreachable(reason.clone()),
            Self::Refused { reason } => TryResult::Refused(reason.clone()),
        }
    }

    /// Whether the endpoint has taken the event.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.status().is_some_and(|status| TAKEN.contains(&status))
    }

    /// Whether the endpoint wants no more events, ever.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.status() == Some(GONE)
    }

    const fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } => Some(*status),
            Self::Unreachable { .. } | Self::Refused { .. } => None,
        }
    }

    const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Answered { retry_after, .. } => *retry_after,
            Self::Unreachable { .. } | Self::Refused { .. } => None,
        }
    }
}

impl Reason {
    /// The longest that is kept of one.
    const MAX_LENGTH: usize = 40;

    /// A word; what cannot stand in one becomes `_`, and what is too long is cut.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        let letters = text.chars().map(|letter| if plain(letter) { letter } else { '_' });
        let word: String = letters.take(Self::MAX_LENGTH).collect();
        Self(if word.is_empty() { "unknown".to_owned() } else { word })
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Progress {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered { .. } => "delivered",
            Self::Exhausted { .. } => "exhausted",
            Self::Skipped { .. } => "skipped",
        }
    }

    /// When it ended; none while it is pending.
    #[must_use]
    pub const fn ended_at(self) -> Option<Timestamp> {
        match self {
            Self::Pending => None,
            Self::Delivered { at } | Self::Exhausted { at } | Self::Skipped { at, .. } => Some(at),
        }
    }
}

impl SkipReason {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EndpointDisabled => "endpoint_disabled",
            Self::EndpointRemoved => "endpoint_removed",
            Self::NoEvent => "no_event",
        }
    }

    /// The reason that is called so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::EndpointDisabled, Self::EndpointRemoved, Self::NoEvent].into_iter().find(|known| known.name() == name)
    }
}

impl Fact {
    /// The word for it in rows and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::EventMissed => "event_missed",
            Self::Withheld => "withheld",
            Self::Delivered(_) => "delivered",
            Self::TryFailed(_) => "try_failed",
            Self::Exhausted(_) => "exhausted",
            Self::Skipped(_) => "skipped",
            Self::RedeliveryAsked => "redelivery_asked",
        }
    }
}
