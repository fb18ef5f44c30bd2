//! What a gateway can tell us about a dispute, in no gateway's own words. Adapters translate into these types.

use super::{Reason, Stage, Status, Ways};
use crate::{
    gateway::{Hand, Mode, UnknownReason},
    id::TransactionId,
    money::Money,
    text::{GatewayToken, Text},
    time::Timestamp,
};

/// A dispute as the gateway said it stood, at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The gateway's name for it.
    pub reference: GatewayToken,
    /// Real money or not, where the gateway says so: a PayPal dispute does not.
    pub mode: Option<Mode>,
    /// Whose money it is about.
    pub behind: Behind,
    /// The gateway's name for the charge or capture.
    pub charge: Option<GatewayToken>,
    /// How much; none if it is not an amount that we can write down.
    pub amount: Option<Money>,
    /// Why.
    pub reason: Reason,
    /// The gateway's own word for why.
    pub gateway_reason: Option<Text<64>>,
    /// How far it has gone, where the gateway's words tell.
    pub stage: Option<Stage>,
    /// Whose turn it is, or how it ended.
    pub status: SnapshotStatus,
    /// What the gateway takes from the merchant now.
    pub ways: Ways,
    /// Until when the merchant must answer.
    pub due_by: Option<Timestamp>,
    /// How often the merchant has brought something forward, where the gateway counts.
    pub submissions: Option<u32>,
}

/// Whose money a dispute is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behind {
    /// The object behind it bears one of our ids.
    Payment {
        /// That id.
        id: TransactionId,
        /// The gateway's name for the object, where it says so.
        object: Option<GatewayToken>,
    },
    /// The object behind it bears none.
    NotOurs,
    /// The gateway did not show it.
    NotShown,
}

/// The gateway's status of a dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotStatus {
    /// One that we know.
    Known(Status),
    /// A word we do not know. Never guessed at.
    Unrecognized(String),
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The gateway showed the dispute.
    Dispute(Box<Snapshot>),
    /// The gateway did what it was asked, and did not show the dispute.
    Taken,
    /// The request was refused and nothing happened.
    Refused {
        /// The gateway's code.
        code: String,
    },
    /// Nobody knows what happened.
    Unknown(UnknownReason),
}

/// An answer to one of our own requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it says.
    pub outcome: Outcome,
    /// Whether it is fresh.
    pub hand: Hand,
}
