//! What happened to a dispute, in the past tense. Every write to a row stores the event that caused it.

use super::{Act, ActProgress, KeptPapers, Known, Link, Reminder, Told};
use crate::{payment::ReviewReason, time::Timestamp};

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
    /// A webhook said that something is new: look now.
    LookAsked,
    /// A worker took the row to look at it.
    Claimed,
    /// The gateway showed it, and something is new.
    Moved {
        /// What the gateway says.
        known: Known,
        /// Whose money it is about.
        link: Link,
        /// What became of the open act, if that is known now.
        act: Option<ActProgress>,
    },
    /// The gateway showed it, and nothing is new.
    Looked,
    /// Nobody knows what came of a look or an act.
    OutcomeUnknown {
        /// Why, in one word.
        reason: &'static str,
    },
    /// Papers were put by.
    Drafted {
        /// The client's request.
        act: Act,
        /// They.
        papers: KeptPapers,
    },
    /// An act was written down; the gateway may be asked now.
    ActOpened {
        /// It.
        act: Act,
        /// The papers as they go to the gateway, or lie there.
        papers: KeptPapers,
    },
    /// The open act's request is about to be sent once more.
    SentAgain,
    /// The open act's own key was answered; what that came to, the dispute itself tells.
    ActAnswered {
        /// How far that brings it.
        progress: ActProgress,
    },
    /// The payment's row says what the dispute says.
    Told(Told),
    /// An alarm was raised because the deadline is near.
    Reminded(Reminder),
    /// A person was asked to look.
    ReviewAsked,
}

impl Fact {
    /// Why it happened, where the row itself does not tell.
    #[must_use]
    pub const fn why(&self) -> Option<&'static str> {
        match self {
            Self::OutcomeUnknown { reason } => Some(reason),
            Self::LookAsked
            | Self::Claimed
            | Self::Moved { .. }
            | Self::Looked
            | Self::Drafted { .. }
            | Self::ActOpened { .. }
            | Self::SentAgain
            | Self::ActAnswered { .. }
            | Self::Told(_)
            | Self::Reminded(_)
            | Self::ReviewAsked => None,
        }
    }

    /// The word for it in rows, logs and timelines.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::LookAsked => "look_asked",
            Self::Claimed => "claimed",
            Self::Moved { .. } => "dispute_moved",
            Self::Looked => "looked",
            Self::OutcomeUnknown { .. } => "outcome_unknown",
            Self::Drafted { .. } => "evidence_drafted",
            Self::ActOpened { .. } => "act_opened",
            Self::SentAgain => "sent_again",
            Self::ActAnswered { .. } => "act_answered",
            Self::Told(_) => "payment_told",
            Self::Reminded(_) => "deadline_near",
            Self::ReviewAsked => "review_asked",
        }
    }
}
