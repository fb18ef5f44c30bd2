//! The table's stream: tells each change that was committed, once.
//!
//! The changes of one row are told in their order, those of several rows at the same time. A change that cannot be told now, because
//! something outside fails, is given again with all that come after it; what was told meanwhile is found told. A record that nobody
//! can read, or over which the code falls, would come again and again and hold up everybody else's: it is put aside in the dead-letter
//! queue, an alarm goes off, and the next change of its row makes good what is known of it. Where none will come, a person invokes the
//! function with `{"retell": ["pay_…"]}`.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;

use adapters::config::StreamFailures;
use adapters::dynamo::stream::{Record, StreamEvent, StreamResponse, Told, from_here_on, records, wanted};
use adapters::host::SystemHost;
use adapters::http::event_json;
use adapters::sqs::PutAside;
use adapters::telemetry::{Count, Field, Line, Log};
use domain::policy::Policy;
use domain::schedule::Limits;
use domain::time::Timestamp;
use domain::timeline::{Change, Retention, Subject};
use domain::webhook::Endpoints;
use flow::operations::publish::{Listeners, Published, publish, retell};
use flow::ports::timeline::{Bus, FindEntries, LoadVersion, PutEntry, PutMovement};
use flow::ports::webhook::{CreateDelivery, LoadEndpoints};
use flow::ports::{Error, Host, Nudge};
use futures_util::FutureExt as _;
use futures_util::stream::{self, StreamExt as _};

/// So many rows are told at the same time: a batch is a hundred records, and each asks the table a few times.
const ROWS_AT_ONCE: usize = 16;

/// What the function works with.
pub(crate) struct Publish<S, B, N, D> {
    /// Where it is told.
    pub(crate) store: S,
    /// The merchant's event bus, if there is one.
    pub(crate) bus: B,
    /// Who delivers to the merchant's endpoints.
    pub(crate) nudges: N,
    /// Where records go that cannot be told.
    pub(crate) dead_letters: D,
    /// How it says that a batch must be given again.
    pub(crate) failures: StreamFailures,
    /// The time limits of the stack.
    pub(crate) limits: Limits,
    /// What the merchant has us do by ourselves.
    pub(crate) policy: Policy,
    /// How long what is told is kept.
    pub(crate) retention: Retention,
    /// Where it is logged.
    pub(crate) log: Log,
}

/// The batch must be given again as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GivenAgain;

impl std::fmt::Display for GivenAgain {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a change could not be told; the log says why")
    }
}

impl std::error::Error for GivenAgain {}

impl<S, B, N, D> Publish<S, B, N, D>
where
    S: LoadVersion + FindEntries + PutEntry + PutMovement + LoadEndpoints + CreateDelivery,
    B: Bus,
    N: Nudge,
    D: PutAside,
{
    /// Tells every record of a batch before `deadline_unix_ms`, and names the one from which on they must be given again.
    pub(crate) async fn batch(&self, event: &StreamEvent, deadline_unix_ms: u64) -> Result<StreamResponse, GivenAgain> {
        let deadline = Timestamp::from_unix_ms(i64::try_from(deadline_unix_ms).unwrap_or(i64::MAX));
        let host = SystemHost::new(self.limits, self.policy, Some(deadline));
        let began = host.now();
        let mut line = Line::new("publish", began);
        let records = records(event);
        line.set(Field::Records(records.len()));
        let response = self.batch_on(&host, event, &records, &mut line).await;
        line.set(Field::Duration(host.now().since(began)));
        line.notes(host.take_notes());
        line.write_to_stdout(&self.log);
        response
    }

    async fn batch_on<H: Host>(
        &self,
        host: &H,
        event: &StreamEvent,
        records: &[Record],
        line: &mut Line,
    ) -> Result<StreamResponse, GivenAgain> {
        // Read once for all of the batch: an endpoint that is registered while it is told hears of what comes after.
        let (first_left, retold) = match self.store.load_endpoints().await {
            Ok(endpoints) => (
                self.all(host, &endpoints, records, line).await,
                self.again(host, &endpoints, &wanted(event), line).await,
            ),
            Err(error) => {
                line.set(Field::Failure(&error));
                (Some(0), Err(GivenAgain))
            }
        };
        let left = first_left.and_then(|place| records.get(place)).map(|record| record.sequence_number.clone());
        match (self.failures, left) {
            (StreamFailures::Thrown, Some(_)) => Err(GivenAgain),
            (StreamFailures::Reported, Some(left)) => Ok(from_here_on(Some(left))),
            // Whoever asks by hand is told at once; nothing would ask again for them.
            (StreamFailures::Thrown | StreamFailures::Reported, None) => {
                retold.map(|rows| from_here_on(None).and_not_retold(&rows))
            }
        }
    }

    /// Tells of rows as they stand, because a person wants it. Those for which the time did not suffice, in their order.
    async fn again<H: Host>(
        &self,
        host: &H,
        endpoints: &Endpoints,
        rows: &[Subject],
        line: &mut Line,
    ) -> Result<Vec<Subject>, GivenAgain> {
        let mut tally = Tally::default();
        let mut left = Vec::new();
        for (place, subject) in rows.iter().enumerate() {
            let listeners = self.listeners(endpoints);
            let published = retell(host, &self.store, listeners, self.retention, event_json::body, subject).await;
            tally.add(&published);
            let Some(failure) = published.failure else { continue };
            line.set(Field::Failure(&failure));
            if failure != Error::OutOfTime {
                return Err(GivenAgain);
            }
            left.extend(rows.iter().skip(place).cloned());
            break;
        }
        if !rows.is_empty() {
            tally.show(line);
        }
        Ok(left)
    }

    /// Tells the records. The first one that was not told, if there is one.
    async fn all<H: Host>(
        &self,
        host: &H,
        endpoints: &Endpoints,
        records: &[Record],
        line: &mut Line,
    ) -> Option<usize> {
        let rows = by_row(records);
        let told = stream::iter(&rows).map(|(_, changes)| self.row(host, endpoints, changes));
        let told: Vec<RowTold> = told.buffered(ROWS_AT_ONCE).collect().await;
        let mut tally = Tally::default();
        let (mut left, mut aside): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
        for ((_, changes), told) in rows.iter().zip(told) {
            let Ok(published) = told else {
                // The panic hook has written its line.
                aside.extend(changes.iter().map(|(place, _)| *place));
                continue;
            };
            tally.add(&published);
            let Some(failure) = published.failure else { continue };
            let Some((place, _)) = changes.get(published.told) else { continue };
            line.set(Field::Failure(&failure));
            if matches!(failure, Error::Unreadable { .. }) {
                aside.push(*place);
                left.extend(changes.get(published.told.saturating_add(1)).map(|(next, _)| *next));
            } else {
                left.push(*place);
            }
        }
        for (place, record) in records.iter().enumerate() {
            match &record.change {
                Ok(Told::Changed(_) | Told::NotTold) => {}
                // Somebody has deleted a row by hand. There is nothing to tell, and much to ask.
                Ok(Told::Deleted) => line.count(Count::RowDeleted),
                Err(why) => {
                    line.set(Field::Failure(why));
                    aside.push(place);
                }
            }
        }
        // What comes again anyway is put aside when it does: once.
        let first_left = left.iter().copied().min();
        aside.retain(|place| first_left.is_none_or(|left| *place < left));
        left.extend(self.put_aside(records, aside, line).await);
        tally.show(line);
        left.into_iter().min()
    }

    async fn row<H: Host>(&self, host: &H, endpoints: &Endpoints, changes: &[(usize, Change)]) -> RowTold {
        let changes: Vec<Change> = changes.iter().map(|(_, change)| change.clone()).collect();
        let listeners = self.listeners(endpoints);
        let told = publish(host, &self.store, listeners, self.retention, event_json::body, &changes);
        AssertUnwindSafe(told).catch_unwind().await.map_err(|_| Fell)
    }

    const fn listeners<'a>(&'a self, endpoints: &'a Endpoints) -> Listeners<'a, B, N> {
        Listeners { endpoints, bus: &self.bus, nudges: &self.nudges }
    }

    /// Puts records into the dead-letter queue. Those that could not be.
    async fn put_aside(&self, records: &[Record], places: Vec<usize>, line: &mut Line) -> Vec<usize> {
        let mut left = Vec::new();
        for place in places {
            let Some(record) = records.get(place) else { continue };
            match self.dead_letters.put_aside(&record.key, &record.sequence_number).await {
                Ok(()) => line.count(Count::Poison),
                Err(error) => {
                    line.set(Field::Failure(&error));
                    left.push(place);
                }
            }
        }
        left
    }
}

/// The code fell over a row's changes.
struct Fell;

type RowTold = Result<Published, Fell>;

/// The changes of each row in their order, each with its record's place in the batch.
fn by_row(records: &[Record]) -> BTreeMap<Subject, Vec<(usize, Change)>> {
    let mut rows: BTreeMap<Subject, Vec<(usize, Change)>> = BTreeMap::new();
    for (place, record) in records.iter().enumerate() {
        if let (Ok(Told::Changed(change)), Some(subject)) = (&record.change, record.subject()) {
            rows.entry(subject).or_default().push((place, change.as_ref().clone()));
        }
    }
    rows
}

/// What all rows came to.
#[derive(Default)]
struct Tally {
    told: usize,
    announced: usize,
    moved: usize,
    deliveries: usize,
}

impl Tally {
    fn add(&mut self, published: &Published) {
        self.told = self.told.saturating_add(published.told.saturating_sub(published.told_before));
        self.announced = self.announced.saturating_add(published.announced);
        self.moved = self.moved.saturating_add(published.moved);
        self.deliveries = self.deliveries.saturating_add(published.deliveries);
    }

    fn show(&self, line: &mut Line) {
        line.set(Field::Told(self.told));
        line.set(Field::Announced(self.announced));
        line.set(Field::Moved(self.moved));
        line.set(Field::Deliveries(self.deliveries));
    }
}

#[cfg(test)]
mod tests;
