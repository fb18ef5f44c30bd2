//! How a warning moves: it is noticed, looked at, and told to its payment.
//!
//! Only a look that was made after loading says how it stands; an event only asks for one, so that order and number of events do not
//! matter. What cannot be seen, or placed, is not looked at for ever ([`stray_look`]).

use super::{Known, Link, Outcome, Snapshot, Warning};
use crate::{
    dispute::Told,
    gateway::{EvidenceKind, UnknownReason},
    payment::{Review, ReviewReason},
    schedule::{Limits, backoff, stray_look},
    time::{Now, Timestamp},
};

/// What is to be done. Ours, all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Look at it soon: an event said that something is new.
    Notice,
    /// Take the row to look at it.
    Claim,
    /// Write down that the payment's row says what this version of the warning says.
    Tell {
        /// What became of telling it.
        told: Told,
        /// The version that was told.
        version: u64,
    },
}

impl Command {
    /// On what it rests, if not on what we want: an event has said that something is new.
    #[must_use]
    pub const fn grounds(self) -> Option<EvidenceKind> {
        match self {
            Self::Notice => Some(EvidenceKind::Event),
            Self::Claim | Self::Tell { .. } => None,
        }
    }
}

/// What happened, when, and when somebody must look again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub fact: Fact,
    /// When.
    pub at: Timestamp,
    /// When somebody must look again.
    pub due: Option<Timestamp>,
    /// Why a person must look too.
    pub review: Option<ReviewReason>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// An event said that something is new: look now.
    LookAsked,
    /// A worker took the row to look at it.
    Claimed,
    /// The gateway showed it, and something is new.
    Seen {
        /// What the gateway says.
        known: Known,
        /// Whose charge it is about.
        link: Link,
    },
    /// The gateway showed it, and nothing is new.
    Looked,
    /// Nobody knows what came of a look.
    OutcomeUnknown {
        /// Why, in one word.
        reason: &'static str,
    },
    /// The payment's row says what the warning says.
    Told(Told),
}

impl Fact {
    /// Why it happened, where the row itself does not tell.
    #[must_use]
    pub const fn why(&self) -> Option<&'static str> {
        match self {
            Self::OutcomeUnknown { reason } => Some(reason),
            Self::LookAsked | Self::Claimed | Self::Seen { .. } | Self::Looked | Self::Told(_) => None,
        }
    }

    /// The word for it in rows, logs and timelines.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::LookAsked => "look_asked",
            Self::Claimed => "claimed",
            Self::Seen { .. } => "warning_seen",
            Self::Looked => "looked",
            Self::OutcomeUnknown { .. } => "outcome_unknown",
            Self::Told(_) => "payment_told",
        }
    }
}

/// What `command` does to `warning`; none if there is nothing to do.
#[must_use]
pub fn decide(warning: &Warning, command: Command, now: &Now) -> Option<Event> {
    let is_due = warning.due.is_some_and(|due| due <= now.at);
    match command {
        // Somebody is about to look; whoever looks at this moment may have seen less.
        Command::Notice if is_due => None,
        Command::Notice => Some(happened(warning, Fact::LookAsked, None, now)),
        Command::Claim if is_due => Some(happened(warning, Fact::Claimed, None, now)),
        Command::Claim => None,
        // What has changed since was not told. It is due for that very reason.
        Command::Tell { version, .. } if warning.version != version || !warning.owes_telling() => None,
        Command::Tell { told, .. } => {
            let review = match told {
                Told::Yes => None,
                Told::NoSuchPayment | Told::AnotherObject => Some(ReviewReason::ObjectMismatch),
            };
            Some(happened(warning, Fact::Told(told), review, now))
        }
    }
}

/// Weighs what a look at `warning` came to.
#[must_use]
pub fn judge(warning: &Warning, outcome: &Outcome, now: &Now) -> Event {
    match outcome {
        Outcome::Warning(snapshot) => shown(warning, snapshot, now),
        Outcome::Refused => unknown(warning, UnknownReason::Misconfigured, now),
        Outcome::Unknown(reason) => unknown(warning, *reason, now),
    }
}

/// Moves `warning` along by `event`.
pub fn apply(warning: &mut Warning, event: &Event) {
    establish(warning, &event.fact);
    warning.due = event.due;
    warning.updated_at = event.at;
    warning.version = warning.version.saturating_add(1);
    match event.review {
        // The first reason stands, until a graver one comes.
        Some(reason) if warning.attention.is_none_or(|review| review.reason < reason) => {
            warning.attention = Some(Review { since: event.at, reason });
        }
        Some(_) | None => {}
    }
}

fn shown(warning: &Warning, snapshot: &Snapshot, now: &Now) -> Event {
    if snapshot.reference.as_str() != warning.id.reference() || snapshot.mode != warning.mode {
        return happened(warning, Fact::Looked, Some(ReviewReason::ObjectMismatch), now);
    }
    // Whose charge it is does not change once it is known.
    let link = match (&warning.link, &snapshot.link) {
        (Link::Payment { .. }, _) | (Link::NotOurs, Link::Unknown) => &warning.link,
        (Link::Unknown | Link::NotOurs, shown) => shown,
    };
    if warning.known.as_ref() == Some(&snapshot.known) && warning.link == *link {
        return happened(warning, Fact::Looked, None, now);
    }
    happened(warning, Fact::Seen { known: snapshot.known.clone(), link: link.clone() }, None, now)
}

fn unknown(warning: &Warning, reason: UnknownReason, now: &Now) -> Event {
    let is_long = warning.rounds.saturating_add(1) >= Limits::ROUNDS_BEFORE_REVIEW;
    let review = is_long.then_some(ReviewReason::OutcomeUnknown);
    happened(warning, Fact::OutcomeUnknown { reason: reason.name() }, review, now)
}

fn happened(warning: &Warning, fact: Fact, review: Option<ReviewReason>, now: &Now) -> Event {
    let mut after = warning.clone();
    establish(&mut after, &fact);
    let due = due(&after, &fact, now);
    Event { fact, at: now.at, due, review }
}

fn establish(warning: &mut Warning, fact: &Fact) {
    match fact {
        Fact::Seen { known, link } => {
            warning.is_told = false;
            warning.known = Some(known.clone());
            warning.link = link.clone();
            warning.rounds = 0;
        }
        Fact::Told(Told::Yes | Told::NoSuchPayment | Told::AnotherObject) => warning.is_told = true,
        Fact::Looked | Fact::OutcomeUnknown { .. } => warning.rounds = warning.rounds.saturating_add(1),
        Fact::LookAsked | Fact::Claimed => {}
    }
    if matches!(fact, Fact::Seen { .. } | Fact::Looked) {
        // Whatever nobody knew before is known now.
        warning.attention = warning.attention.filter(|review| review.reason != ReviewReason::OutcomeUnknown);
    }
}

/// The moment after which somebody must look at `after`, the row as `fact` leaves it. None: it is at its end.
fn due(after: &Warning, fact: &Fact, now: &Now) -> Option<Timestamp> {
    let soon = now.at.plus(backoff(after.rounds, now.limits, now.dice));
    match fact {
        Fact::LookAsked => return Some(now.at),
        Fact::Claimed => return Some(soon.max(now.at.plus(now.limits.gateway_timeout.saturating_mul(2)))),
        Fact::Seen { .. } | Fact::Looked | Fact::OutcomeUnknown { .. } | Fact::Told(_) => {}
    }
    if after.owes_telling() {
        return Some(if matches!(fact, Fact::Seen { .. }) { now.at } else { soon });
    }
    let is_placed = after.known.is_some() && after.link != Link::Unknown;
    if is_placed && !matches!(fact, Fact::OutcomeUnknown { .. }) {
        return None;
    }
    stray_look(after.created_at, after.rounds, now)
}
