//! The ports of early fraud warnings: their rows, and what a gateway can be asked about them.

use std::{future::Future, time::Duration};

use domain::{
    gateway::Traced,
    warning::{Outcome, Warning, WarningId},
};

use super::{Actor, Cause, Error, WriterToken};

/// Reads an early fraud warning.
pub trait LoadWarning: Sync {
    /// The warning as it stands: strongly consistent.
    fn load_warning(&self, id: &WarningId) -> impl Future<Output = Result<Option<Warning>, Error>> + Send;
}

/// Writes early fraud warnings. Only [`crate::commit::warning`] calls it.
pub trait WriteWarning: Sync {
    /// Writes the row: the first version if there is none of its id, a later one if the stored one is of the version before it. A
    /// stored one that is this very write counts as written.
    fn write_warning(&self, write: &Write<'_>) -> impl Future<Output = Result<Written, Error>> + Send;
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It is written.
    Written,
    /// Somebody else was first; this is what stands.
    Conflict(Box<Warning>),
}

/// A row to write, and what made us write it.
#[derive(Debug, Clone, Copy)]
pub struct Write<'a> {
    /// The row as it shall stand.
    pub warning: &'a Warning,
    /// What happened, why, and on what evidence.
    pub cause: Cause<'a>,
    /// Who made it happen.
    pub actor: &'a Actor,
    /// Names this very write.
    pub writer: WriterToken,
}

/// What a gateway can be asked about an early fraud warning.
pub trait WarningGateway: Sync {
    /// Looks at a warning, and at the object behind it.
    fn fetch_warning(&self, id: &WarningId, budget: Duration) -> impl Future<Output = Traced<Outcome>> + Send;
}
