//! An early fraud warning: a payer's bank says that a charge may be fraud, before anybody has disputed it. Whoever gives the money
//! back at once may spare themselves a dispute; whoever does not, need not answer.
//!
//! It has a row of its own, as a dispute has and for the same reason: the event that tells of it bears no id of ours, so that somebody
//! must ask the gateway whose charge it is, and must not forget to. Once the payment's row says it, the warning's own row is at its
//! end; it wakes when an event says that something is new.
//!
//! - [`decide`] answers a [`Command`]: all of them are ours, and none is refused, only pointless.
//! - [`judge`] weighs what a look at the gateway has shown.
//! - [`apply`] moves the warning along by the [`Event`] that either of them made. Nothing else changes a warning.

mod id;
mod look;
mod snapshot;

pub use id::{NotAWarningId, WarningId};
pub use look::{Command, Event, Fact, apply, decide, judge};
pub use snapshot::{Outcome, Snapshot};

use crate::{
    gateway::Mode,
    id::TransactionId,
    payment::Review,
    text::{GatewayToken, Text},
    time::{Now, Timestamp},
};

/// One early fraud warning, as its row says it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Its public id.
    pub id: WarningId,
    /// Real money or not.
    pub mode: Mode,
    /// What the gateway has shown of it; nothing until somebody has looked.
    pub known: Option<Known>,
    /// Whose charge it is about.
    pub link: Link,
    /// Whether that payment's row says what is known.
    pub is_told: bool,
    /// What a person must see.
    pub attention: Option<Review>,
    /// When somebody must look at it again.
    pub due: Option<Timestamp>,
    /// Looks since it last moved: the longer nothing happens, the rarer they become.
    pub rounds: u32,
    /// When the row was created.
    pub created_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
    /// Counts the changes; every write is conditional on it.
    pub version: u64,
}

/// What the gateway has shown of a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// What kind of fraud the bank believes in, in the gateway's word. It moves nothing.
    pub kind: Text<64>,
    /// Whether giving the money back may still keep the charge from being disputed.
    pub is_actionable: bool,
    /// When the bank warned.
    pub warned_at: Timestamp,
}

/// Whose charge a warning is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Nobody has seen that yet.
    Unknown,
    /// One that bears the id of a payment of ours.
    Payment {
        /// That id.
        id: TransactionId,
        /// The gateway's name for the object that bears it: others may bear it too.
        object: GatewayToken,
    },
    /// One that the merchant took without us.
    NotOurs,
}

impl Warning {
    /// A warning that an event has told of, and that nobody has looked at yet.
    #[must_use]
    pub const fn noticed(id: WarningId, mode: Mode, now: &Now) -> Self {
        Self {
            id,
            mode,
            known: None,
            link: Link::Unknown,
            is_told: false,
            attention: None,
            due: Some(now.at),
            rounds: 0,
            created_at: now.at,
            updated_at: now.at,
            version: 1,
        }
    }

    /// The payment whose charge it is about.
    #[must_use]
    pub const fn payment(&self) -> Option<&TransactionId> {
        match &self.link {
            Link::Payment { id, .. } => Some(id),
            Link::Unknown | Link::NotOurs => None,
        }
    }

    /// Whether the payment whose charge it is about does not know yet what is known.
    #[must_use]
    pub const fn owes_telling(&self) -> bool {
        !self.is_told && self.known.is_some() && self.payment().is_some()
    }

    /// How far it has come, in one word.
    #[must_use]
    pub const fn standing(&self) -> &'static str {
        match (&self.link, &self.known) {
            (Link::NotOurs, _) => "not_ours",
            (Link::Unknown, _) | (Link::Payment { .. }, None) => "unseen",
            (Link::Payment { .. }, Some(known)) if known.is_actionable => "actionable",
            (Link::Payment { .. }, Some(_)) => "not_actionable",
        }
    }
}

#[cfg(test)]
mod tests;
