//! Every minute: finds the rows that are due and nudges them. Reads an index, decides nothing, writes nothing.

use adapters::telemetry::{Count, Field, Gauge, Level, Line};
use flow::operations::sweep::{Swept, sweep};
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
}

impl<S: FindDue, N: Nudge> Sweep<S, N> {
    /// Sweeps once.
    ///
    /// # Errors
    /// If nothing could be swept: the function then fails, and its alarm counts.
    pub(crate) async fn once<H: Host>(&self, host: &H, line: &mut Line) -> Result<SweptJson, Error> {
        let began = host.now();
        let swept = sweep(host, &self.store, &self.nudges).await;
        line.set(Field::Duration(host.now().since(began)));
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
            }
            Err(error) => line.set(Field::Failure(error)),
        }
        swept.map(SweptJson::from)
    }
}

impl From<Swept> for SweptJson {
    fn from(swept: Swept) -> Self {
        let oldest_due_ms = u64::try_from(swept.oldest_due.as_millis()).unwrap_or(u64::MAX);
        Self {
            found: swept.found,
            nudged: swept.nudged,
            deliveries_found: swept.deliveries_found,
            deliveries_nudged: swept.deliveries_nudged,
            in_doubt: swept.in_doubt,
            oldest_due_ms,
            more: swept.more,
            unreadable: swept.unreadable,
            failed_partitions: swept.failed_partitions,
        }
    }
}

#[cfg(test)]
mod tests;
