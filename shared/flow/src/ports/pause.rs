//! The switch that stops money from moving, as whoever moves it sees it. Nothing of ours throws it: people do.

use std::future::Future;

use domain::{pause::Pauses, time::Timestamp};

use super::Error;

/// Reads what is paused.
pub trait LoadPauses: Sync {
    /// What is paused `now`, or was [`Pauses::SEEN_FOR`] ago at the longest.
    fn load_pauses(&self, now: Timestamp) -> impl Future<Output = Result<Pauses, Error>> + Send;
}
