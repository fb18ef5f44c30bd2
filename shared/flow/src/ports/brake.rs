//! Where declines are counted, hour by hour, against marks that say nothing of who it is.

use std::future::Future;

use domain::brake::{DeclinedAttempt, Hour, Mark};

use super::Error;

/// Counts declines. It may take a moment and no longer, for a payer waits meanwhile.
pub trait CountDeclines: Sync {
    /// How many declines stand against each of these in this hour, in their order. It may lag by the last few.
    fn declines(&self, of: &[Mark], hour: Hour) -> impl Future<Output = Result<Vec<u32>, Error>> + Send;

    /// Counts a decline against all of these. Counted before, it counts no more.
    fn count_decline(
        &self,
        against: &[Mark],
        hour: Hour,
        attempt: &DeclinedAttempt,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}
