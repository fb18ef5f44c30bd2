//! `sweep`: finds the rows that are due and nudges them. It reads an index, which lags, and decides nothing.
//!
//! Bounded, and yet no row can be starved by others, not even by rows that never move:
//! - doubts come before mere looks, looks before deliveries to the merchant, and within each the sweep begins with another shard each
//!   time;
//! - of a shard, the longest due rows come first; where more are due than it reads, its second half begins at a random
//!   moment after them, so that every row has its chance in every sweep.
//!
//! It comes each minute whatever else stands still, so it also watches whether what happens is told: [`untold`].

mod telling;

use std::time::Duration;

use domain::time::Timestamp;

pub use self::telling::untold;
use crate::ports::{DuePage, DuePartition, DuePlace, DueWindow, Error, FindDue, Host, Note, Nudge, Urgency};

/// Rows in one page of the index.
const PAGE_SIZE: u32 = 100;
/// Pages of one shard that are read from the longest due row on, and as many from a random moment after them.
/// 2 × 8 × 10 × 100 rows a minute is more than one gateway account can be asked about.
const PAGES_MAX: u32 = 5;
/// The same of a shard of deliveries. `deliver` sends 200 at once (40 batches of 5), each for 15 s at the longest: it carries 800 a
/// minute where no server answers at all. Half of that is for what has just happened, half for what is due again: 2 × 8 × 1 × 25 rows
/// a minute. What is nudged beyond that would only wait in the queue, before what has just happened, and be nudged again meanwhile.
const DELIVERY_PAGES_MAX: u32 = 1;
/// Rows in one page of a shard of deliveries.
const DELIVERY_PAGE_SIZE: u32 = 25;

/// What one sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Rows that were due, deliveries apart.
    pub found: usize,
    /// Rows that were nudged, deliveries apart.
    pub nudged: usize,
    /// Deliveries that were due.
    pub deliveries_found: usize,
    /// Deliveries that were nudged.
    pub deliveries_nudged: usize,
    /// Rows in doubt, due or not.
    pub in_doubt: usize,
    /// How long the row has been due that has been due longest, deliveries apart.
    pub oldest_due: Duration,
    /// Whether rows were left for the next sweep.
    pub more: bool,
    /// Entries of the index that could not be read.
    pub unreadable: usize,
    /// Partitions that could not be read or nudged; the next sweep finds their rows again.
    pub failed_partitions: usize,
}

/// Nudges every row that is due.
///
/// # Errors
/// If no part of the index could be read, or of all that is due not one row be nudged.
pub async fn sweep<H: Host, S: FindDue, N: Nudge>(host: &H, store: &S, nudges: &N) -> Result<Swept, Error> {
    let mut broom = Broom { host, store, nudges, swept: Swept::default() };
    let (mut last_error, mut served) = (None, false);
    for partition in partitions(host.dice()) {
        // One partition that fails must not keep the others waiting.
        match broom.partition(partition).await {
            Ok(()) => served = true,
            Err(error) => {
                broom.swept.failed_partitions = broom.swept.failed_partitions.saturating_add(1);
                host.note(Note::PartitionFailed(error.clone()));
                last_error = Some(error);
            }
        }
    }
    let swept = broom.swept;
    let found = swept.found.saturating_add(swept.deliveries_found);
    let nobody_told = found > 0 && swept.nudged == 0 && swept.deliveries_nudged == 0;
    match last_error {
        Some(error) if nobody_told || !served => Err(error),
        Some(_) | None => Ok(swept),
    }
}

/// All partitions, the doubts first and the deliveries last; should the time run out, it does so at another shard each time.
fn partitions(dice: u64) -> impl Iterator<Item = DuePartition> {
    let shards = usize::try_from(DuePartition::SHARDS).unwrap_or(1);
    let first = usize::try_from(dice).unwrap_or(0).checked_rem(shards).unwrap_or(0);
    [Urgency::Doubt, Urgency::Look, Urgency::Delivery].into_iter().flat_map(move |urgency| {
        let shard = move |shard| DuePartition { urgency, shard };
        (0..DuePartition::SHARDS).cycle().skip(first).take(shards).map(shard)
    })
}

/// One sweep.
struct Broom<'a, H, S, N> {
    host: &'a H,
    store: &'a S,
    nudges: &'a N,
    swept: Swept,
}

impl<H: Host, S: FindDue, N: Nudge> Broom<'_, H, S, N> {
    async fn partition(&mut self, partition: DuePartition) -> Result<(), Error> {
        let until = self.host.now();
        let everything = DueWindow { from: Timestamp::from_unix_ms(0), until };
        if let Some(reached) = self.pages(partition, everything).await? {
            self.swept.more = true;
            let from = moment_between(reached.due, until, self.host.dice());
            self.pages(partition, DueWindow { from, until }).await?;
        }
        if partition.urgency == Urgency::Doubt {
            self.swept.in_doubt = self.swept.in_doubt.saturating_add(self.store.count(partition).await?);
        }
        Ok(())
    }

    /// Nudges the rows of a window, page by page. How far it came, if there may be more.
    async fn pages(&mut self, partition: DuePartition, window: DueWindow) -> Result<Option<DuePlace>, Error> {
        let mut after = None;
        let (pages_max, page_size) = bounds(partition.urgency);
        for _ in 0..pages_max {
            let page = self.store.find_due(partition, window, after, page_size).await?;
            self.nudge(partition.urgency, &page, window.until).await?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(after)
    }

    async fn nudge(&mut self, urgency: Urgency, page: &DuePage, now: Timestamp) -> Result<(), Error> {
        let swept = &mut self.swept;
        swept.unreadable = swept.unreadable.saturating_add(page.unreadable);
        let found = match urgency {
            Urgency::Doubt | Urgency::Look => &mut swept.found,
            Urgency::Delivery => &mut swept.deliveries_found,
        };
        *found = found.saturating_add(page.rows.len());
        let Some(first) = page.rows.first() else { return Ok(()) };
        let ids: Vec<_> = page.rows.iter().map(|row| row.id.clone()).collect();
        match urgency {
            Urgency::Doubt | Urgency::Look => {
                self.swept.oldest_due = self.swept.oldest_due.max(now.since(first.due));
                self.swept.nudged = self.swept.nudged.saturating_add(self.nudges.nudge_all(&ids).await?);
            }
            Urgency::Delivery => {
                let nudged = self.nudges.nudge_all(&ids).await?;
                self.swept.deliveries_nudged = self.swept.deliveries_nudged.saturating_add(nudged);
            }
        }
        Ok(())
    }
}

/// How many pages of a shard are read from one moment on, and how large they are.
const fn bounds(urgency: Urgency) -> (u32, u32) {
    match urgency {
        Urgency::Doubt | Urgency::Look => (PAGES_MAX, PAGE_SIZE),
        Urgency::Delivery => (DELIVERY_PAGES_MAX, DELIVERY_PAGE_SIZE),
    }
}

fn moment_between(from: Timestamp, until: Timestamp, dice: u64) -> Timestamp {
    let span = u64::try_from(until.since(from).as_millis()).unwrap_or(u64::MAX);
    from.plus(Duration::from_millis(dice.checked_rem(span.saturating_add(1)).unwrap_or(0)))
}
