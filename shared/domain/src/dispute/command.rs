//! What somebody wants done with a dispute, and why it may be refused.

use super::KeptPapers;
use crate::{
    gateway::EvidenceKind,
    id::{IdempotencyKey, RequestHash},
};

/// What somebody wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Put papers by. The gateway hears nothing of it.
    Draft {
        /// Whose wish it is.
        request: Request,
        /// They, instead of what was put by before.
        papers: KeptPapers,
    },
    /// Give the gateway the papers, for good.
    Submit {
        /// Whose wish it is.
        request: Request,
        /// They; what was put by if none are named.
        papers: Option<KeptPapers>,
    },
    /// Give in.
    Accept(Request),
    /// Look at it soon: a webhook said that something is new. Ours, not a client's.
    Notice,
    /// Take the row to look at it. Ours, not a client's.
    Claim,
    /// Send the open act's request once more, if the one before has arrived by now or never will. Ours, not a client's.
    SendAgain,
    /// Write down that the payment's row says what this version of the dispute says. Ours, not a client's.
    Tell {
        /// What became of telling it.
        told: Told,
        /// The dispute's version that was told.
        version: u64,
    },
    /// Raise the alarm that is due, if one is. Ours, not a client's.
    Remind,
}

impl Command {
    /// On what it rests, if not on what somebody wants: an event has said that something is new.
    #[must_use]
    pub const fn grounds(&self) -> Option<EvidenceKind> {
        match self {
            Self::Notice => Some(EvidenceKind::Event),
            Self::Draft { .. }
            | Self::Submit { .. }
            | Self::Accept(_)
            | Self::Claim
            | Self::SendAgain
            | Self::Tell { .. }
            | Self::Remind => None,
        }
    }
}

/// A client's key, and the hash of its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The client's key.
    pub key: IdempotencyKey,
    /// The hash of its request.
    pub hash: RequestHash,
}

/// What became of telling the payment's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Told {
    /// It says it.
    Yes,
    /// The object behind the dispute bears the id of a payment that we do not have.
    NoSuchPayment,
    /// It bears the payment's id, and is not the payment's object: it moves nothing there (E7).
    AnotherObject,
}

/// Why a command was refused. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Not as the dispute stands.
    #[error("the dispute is {status}, and waits for nothing from the merchant")]
    InvalidState {
        /// How it stands.
        status: &'static str,
    },
    /// The gateway does not take that now.
    #[error("the gateway takes no {what} on the dispute as it stands; its dashboard says what it takes")]
    NotTaken {
        /// What it does not take.
        what: &'static str,
    },
    /// Something is under way, or nobody has looked at the dispute yet.
    #[error("another request on this dispute is still under way")]
    InProgress,
    /// The key was used with another request.
    #[error("this Idempotency-Key was used before with another request body")]
    IdempotencyKeyReused,
    /// Nothing was put by, and nothing came with the request.
    #[error("there is no evidence to submit")]
    NothingToSubmit,
    /// As often as a row records.
    #[error("the dispute has had as many requests as it may")]
    TooManyRequests,
}
