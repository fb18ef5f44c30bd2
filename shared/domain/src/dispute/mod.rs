//! A dispute: somebody wants a payer's money back from the merchant, by way of the bank or the gateway.
//!
//! It is an aggregate of its own, with a row of its own: it outlives the payment's other business by months, and what is
//! disputed need not be a payment of ours. The payment's row bears a summary, so that a refund is decided on one row.
//!
//! - [`decide`] answers a [`Command`]: what somebody wants done.
//! - [`judge`] weighs [`Evidence`]: what the gateway says about it. ([`Papers`] are what the merchant says.)
//! - [`apply`] moves the dispute along by the [`Event`] that either of them made. Nothing else changes a dispute.

mod act;
mod apply;
mod command;
mod decide;
mod due;
mod event;
mod id;
mod judge;
mod kept;
mod papers;
mod reason;
mod reminder;
mod snapshot;
mod standing;

pub use act::{Act, ActKind, ActProgress};
pub use apply::apply;
pub use command::{Command, Rejection, Request, Told};
pub use decide::{Decision, decide};
pub use event::{Event, Fact};
pub use id::{DisputeId, NotADisputeId};
pub use judge::{Evidence, Judgement, Source, judge};
pub use kept::KeptPapers;
pub use papers::{Kind, Paper, Papers};
pub use reason::Reason;
pub use reminder::Reminder;
pub use snapshot::{Answer, Behind, Outcome, Snapshot, SnapshotStatus};
pub use standing::{Channel, Stage, Standing, Status, Ways};

use crate::{
    gateway::Mode,
    id::{IdempotencyKey, TransactionId},
    money::Money,
    payment::Review,
    text::{GatewayToken, Text},
    time::{Now, Timestamp},
};

/// As many drafts, submissions and the like as a row records. A person does not put papers by more often than this.
pub const ACTS_MAX: usize = 50;
/// As many of them may be drafts: whoever has put papers by so often must still be able to submit them.
pub const DRAFTS_MAX: usize = 40;

/// One dispute, as its row says it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// Its public id.
    pub id: DisputeId,
    /// Real money or not.
    pub mode: Mode,
    /// What the gateway has shown of it; nothing until somebody has looked.
    pub known: Option<Known>,
    /// Whose money it is about.
    pub link: Link,
    /// Whether that payment's row says how the dispute stands.
    pub is_told: bool,
    /// What the merchant has put by, or given the gateway, sealed.
    pub papers: KeptPapers,
    /// What the merchant did, oldest first; at most the last is open.
    pub acts: Vec<Act>,
    /// The last alarm that was raised for the present deadline.
    pub reminded: Option<Reminder>,
    /// What a person must see.
    pub attention: Option<Review>,
    /// When somebody must look at it again.
    pub due: Option<Timestamp>,
    /// Looks and tries since it last moved: the longer nothing happens, the rarer they become.
    pub rounds: u32,
    /// When the row was created.
    pub created_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
    /// Counts the changes; every write is conditional on it.
    pub version: u64,
}

/// What the gateway has shown of a dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The gateway's name for the charge or capture.
    pub charge: Option<GatewayToken>,
    /// How much is disputed.
    pub amount: Money,
    /// Why.
    pub reason: Reason,
    /// The gateway's own word for why.
    pub gateway_reason: Option<Text<64>>,
    /// How far it has gone, and whose turn it is; none as long as the gateway has a word for it that nobody knows.
    pub standing: Option<Standing>,
    /// What the gateway takes from the merchant now.
    pub ways: Ways,
    /// Until when the merchant must answer.
    pub due_by: Option<Timestamp>,
    /// How often the merchant has brought something forward, where the gateway counts.
    pub submissions: Option<u32>,
}

/// Whose money a dispute is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Nobody has seen that yet.
    Unknown,
    /// That of a payment of ours.
    Payment {
        /// Its id.
        id: TransactionId,
        /// The object that bears this id, where the gateway says so: it need not be the payment's own.
        object: Option<GatewayToken>,
    },
    /// That of something which the merchant sells without us. It has a deadline all the same.
    NotOurs,
}

impl Dispute {
    /// A dispute that an event has told of, and that nobody has looked at yet.
    #[must_use]
    pub const fn noticed(id: DisputeId, mode: Mode, now: &Now) -> Self {
        Self {
            id,
            mode,
            known: None,
            link: Link::Unknown,
            is_told: false,
            papers: KeptPapers::nothing(),
            acts: Vec::new(),
            reminded: None,
            attention: None,
            due: Some(now.at),
            rounds: 0,
            created_at: now.at,
            updated_at: now.at,
            version: 1,
        }
    }

    /// The act that nobody knows the end of.
    #[must_use]
    pub fn open_act(&self) -> Option<&Act> {
        self.acts.last().filter(|act| act.is_open())
    }

    /// The act of the client's request with this key.
    #[must_use]
    pub fn act_of(&self, key: &IdempotencyKey) -> Option<&Act> {
        self.acts.iter().find(|act| act.key == *key)
    }

    /// The payment whose money it is about.
    #[must_use]
    pub const fn payment(&self) -> Option<&TransactionId> {
        match &self.link {
            Link::Payment { id, .. } => Some(id),
            Link::Unknown | Link::NotOurs => None,
        }
    }

    /// How it stands, once somebody has looked and has understood what was shown.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        self.known.as_ref()?.standing
    }

    /// Among which disputes it is listed, once somebody has looked: what nobody understands waits for the merchant, who has
    /// the gateway's dashboard.
    #[must_use]
    pub fn listed_as(&self) -> Option<Status> {
        let known = self.known.as_ref()?;
        Some(known.standing.map_or(Status::NeedsResponse, |standing| standing.status))
    }

    /// Whether something of ours is under way whose outcome nobody knows.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.open_act().is_some()
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]
mod tests;
