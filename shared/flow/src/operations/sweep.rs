//! `sweep`: finds the rows that are due and nudges them. It reads an index, which lags, and decides nothing.
//!
//! Bounded: so many pages of each partition at a time. Longest due comes first, and a row that is looked at moves its
//! `due` on, so none can starve the others.

use crate::ports::{DUE_PARTITIONS, Error, FindDue, Host, Nudge};

/// Rows in one page of the index.
const PAGE_SIZE: u32 = 100;
/// Pages of one partition in one sweep. 8 × 10 × 100 rows a minute is more than one gateway account can be asked about.
const PAGES_MAX: u32 = 10;

/// What one sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Rows that were due.
    pub found: usize,
    /// Rows that were nudged.
    pub nudged: usize,
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
/// If nothing at all could be done.
pub async fn sweep<H: Host, S: FindDue, N: Nudge>(host: &H, store: &S, nudges: &N) -> Result<Swept, Error> {
    let mut swept = Swept::default();
    let mut last_error = None;
    for partition in 0..DUE_PARTITIONS {
        // One partition that fails must not keep the others waiting.
        if let Err(error) = sweep_partition(host, store, nudges, partition, &mut swept).await {
            swept.failed_partitions = swept.failed_partitions.saturating_add(1);
            last_error = Some(error);
        }
    }
    match last_error {
        Some(error) if swept.nudged == 0 => Err(error),
        Some(_) | None => Ok(swept),
    }
}

async fn sweep_partition<H: Host, S: FindDue, N: Nudge>(
    host: &H,
    store: &S,
    nudges: &N,
    partition: u32,
    swept: &mut Swept,
) -> Result<(), Error> {
    let at = host.now();
    let mut cursor = None;
    for _ in 0..PAGES_MAX {
        let page = store.find_due(partition, at, cursor, PAGE_SIZE).await?;
        swept.found = swept.found.saturating_add(page.ids.len());
        swept.unreadable = swept.unreadable.saturating_add(page.unreadable);
        if !page.ids.is_empty() {
            swept.nudged = swept.nudged.saturating_add(nudges.nudge_all(&page.ids).await?);
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(());
        }
    }
    swept.more = true;
    Ok(())
}
