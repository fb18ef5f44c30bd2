//! Every minute: finds the rows that are due and nudges them, and measures whether what happens is told and whether anything is paused.
//! Reads indexes and one row, decides nothing, writes nothing.

use std::time::Duration;

use adapters::telemetry::{Count, Field, Gauge, Level, Line};
use flow::operations::sweep::{Swept, sweep, untold};
use flow::ports::pause::LoadPauses;
use flow::ports::timeline::FindNewest;
use flow::ports::{Error, FindDue, Host, Nudge};
use serde::Serialize;

/// What the function works with.
pub(crate) struct Sweep<S, N> {
    /// Where due rows are found.
    pub(crate) store: S,
    /// Who looks at them.
    pub(crate) nudges: N,
}

/// What a sweep did, for whoever invoked it by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SweptJson {
    found: usize,
    nudged: usize,
    deliveries_found: usize,
    deliveries_nudged: usize,
    in_doubt: usize,
    oldest_due_ms: u64,
    more: bool,
    unreadable: usize,
    failed_partitions: usize,
    /// None if that could not be found out.
    untold_ms: Option<u64>,
    /// None if that could not be found out.
    paused: Option<usize>,
}

impl<S: FindDue + FindNewest + LoadPauses, N: Nudge> Sweep<S, N> {
    /// Sweeps once.
    ///
    /// # Errors
    /// If nothing could be swept: the function then fails, and its alarm counts.
    pub(crate) async fn once<H: Host>(&self, host: &H, line: &mut Line) -> Result<SweptJson, Error> {
        let began = host.now();
        let swept = sweep(host, &self.store, &self.nudges).await;
        let (mut untold, mut paused) = (None, None);
        match &swept {
            Ok(swept) => {
                // Measured each minute, also when there is nothing: minutes without a measure tell that no sweep got through.
                line.measure(Gauge::Found(swept.found));
                line.measure(Gauge::DeliveriesFound(swept.deliveries_found));
                line.measure(Gauge::InDoubt(swept.in_doubt));
                line.measure(Gauge::OldestDue(swept.oldest_due));
                line.set(Field::Nudged(swept.nudged));
                line.set(Field::DeliveriesNudged(swept.deliveries_nudged));
                (0..swept.unreadable).for_each(|_| line.count(Count::UnreadableRow));
                if swept.nudged < swept.found || swept.deliveries_nudged < swept.deliveries_found {
                    line.raise(Level::Warn);
                }
                untold = self.telling(host, line).await;
                paused = self.pauses(host, line).await;
            }
            Err(error) => line.set(Field::Failure(error)),
        }
        line.set(Field::Duration(host.now().since(began)));
        swept.map(|swept| SweptJson::of(swept, untold, paused))
    }

    /// Measures for how long nothing was told. That it cannot be found out is said, and no reason for a sweep to fail.
    async fn telling<H: Host>(&self, host: &H, line: &mut Line) -> Option<Duration> {
        match untold(host, &self.store).await {
            Ok(untold) => {
                line.measure(Gauge::Untold(untold));
                Some(untold)
            }
            Err(error) => {
                line.set(Field::Failure(&error));
                None
            }
        }
    }

    /// Measures how much is paused, so that nobody forgets it. That it cannot be found out is said, and no reason for a sweep to fail.
    async fn pauses<H: Host>(&self, host: &H, line: &mut Line) -> Option<usize> {
        match self.store.load_pauses(host.now()).await {
            Ok(pauses) => {
                line.measure(Gauge::Paused(pauses.count()));
                Some(pauses.count())
            }
            Err(error) => {
                line.set(Field::Failure(&error));
                None
            }
        }
    }
}

impl SweptJson {
    fn of(swept: Swept, untold: Option<Duration>, paused: Option<usize>) -> Self {
        let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self {
            found: swept.found,
            nudged: swept.nudged,
            deliveries_found: swept.deliveries_found,
            deliveries_nudged: swept.deliveries_nudged,
            in_doubt: swept.in_doubt,
            oldest_due_ms: milliseconds(swept.oldest_due),
            more: swept.more,
            unreadable: swept.unreadable,
            failed_partitions: swept.failed_partitions,
            untold_ms: untold.map(milliseconds),
            paused,
        }
    }
}

#[cfg(test)]
mod tests;
