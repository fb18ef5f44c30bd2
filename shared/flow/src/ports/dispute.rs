//! The ports of disputes: their rows, their list, and what a gateway can be asked about them.

use std::{future::Future, time::Duration};

use domain::{
    dispute::{Answer, Dispute, DisputeId, Outcome, Paper, Papers, Status},
    gateway::Traced,
    time::Timestamp,
};

use super::{Actor, Cause, Error, WriterToken};
use crate::commit::dispute::Committed;

/// Reads a dispute.
pub trait LoadDispute: Sync {
    /// The dispute as it stands: strongly consistent.
    fn load_dispute(&self, id: &DisputeId) -> impl Future<Output = Result<Option<Dispute>, Error>> + Send;
}

/// Creates disputes.
pub trait CreateDispute: Sync {
    /// Writes the row if there is none of its id.
    fn create_dispute(&self, write: &Write<'_>) -> impl Future<Output = Result<Created, Error>> + Send;
}

/// What became of a create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// It is there now.
    Created,
    /// It was there before; this is it.
    Exists(Box<Dispute>),
}

/// Changes disputes. Only [`crate::commit::dispute`] calls it.
pub trait ReplaceDispute: Sync {
    /// Writes the row if the stored one is of the version before it, or if the stored one is this very write.
    fn replace_dispute(&self, write: &Write<'_>) -> impl Future<Output = Result<Replaced, Error>> + Send;
}

/// What became of a replace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaced {
    /// It is written.
    Replaced,
    /// Somebody else was first; this is what stands.
    Conflict(Box<Dispute>),
}

/// A row to write, and what made us write it.
#[derive(Debug, Clone, Copy)]
pub struct Write<'a> {
    /// The row as it shall stand.
    pub dispute: &'a Dispute,
    /// What happened, why, and on what evidence.
    pub cause: Cause<'a>,
    /// Who made it happen.
    pub actor: &'a Actor,
    /// Names this very write.
    pub writer: WriterToken,
}

/// Lists disputes.
pub trait ListDisputes: Sync {
    /// Disputes of one status, the nearest deadline first, at most `limit`, from `after` on. Which rows there are is a
    /// hint, for the index lags; each row is shown as it stands. One that nobody has looked at yet is in no list.
    fn list_disputes(
        &self,
        status: Status,
        after: Option<&Place>,
        limit: u32,
    ) -> impl Future<Output = Result<Page, Error>> + Send;
}

/// A dispute's place in the list: by its deadline; those without one come last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its deadline.
    pub due_by: Option<Timestamp>,
    /// Its id.
    pub id: DisputeId,
}

impl Place {
    /// Where `dispute` stands.
    #[must_use]
    pub fn of(dispute: &Dispute) -> Self {
        Self { due_by: dispute.known.as_ref().and_then(|known| known.due_by), id: dispute.id.clone() }
    }

    fn key(&self) -> (i64, &DisputeId) {
        (self.due_by.map_or(i64::MAX, Timestamp::unix_ms), &self.id)
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Some disputes of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// They.
    pub disputes: Vec<Dispute>,
    /// Where to go on, if there may be more.
    pub next: Option<Place>,
    /// Rows that could not be read and were passed over.
    pub unreadable: usize,
}

/// What a gateway can be asked about a dispute. What acts takes a [`Committed`], which only a commit can make. Every call
/// keeps within its budget and answers with a value.
pub trait DisputeGateway: Sync {
    /// Whether the dispute's gateway takes these papers. Asked before anything is written.
    ///
    /// # Errors
    /// Which one it does not take, and why.
    fn accepts_papers(&self, dispute: &DisputeId, papers: &Papers) -> Result<(), PapersRefusal>;

    /// Looks at a dispute, and at the object behind it.
    fn fetch_dispute(&self, id: &DisputeId, budget: Duration) -> impl Future<Output = Traced<Outcome>> + Send;

    /// Does the committed dispute's open act: gives the gateway the papers, which are its row's, opened; or gives in.
    fn answer_dispute(
        &self,
        committed: &Committed,
        papers: &Papers,
        budget: Duration,
    ) -> impl Future<Output = Traced<Answer>> + Send;
}

/// Why a gateway does not take some papers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct PapersRefusal {
    /// Which one; none if it is all of them.
    pub paper: Option<Paper>,
    /// Why. The sentence completes "`<field>` …".
    pub why: &'static str,
}
