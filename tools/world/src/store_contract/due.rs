//! What a store must keep about the index of due rows: nobody who must be looked at is hidden, and doubts come first.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::TransactionId,
    payment::{Act, ActKind, ActProgress, End, Payment, PaymentState, ProcessingReason},
    time::Timestamp,
};
use flow::ports::{DuePartition, DuePlace, DueWindow, FindDue, Urgency};

use super::{Bench, PAGES_MAX, at, comes_to_show, next, replaced, stored};
use crate::payments;

/// A row enters the index when it becomes due, moves with its `due`, and leaves when nobody needs to look any more.
pub async fn the_due_index_follows_the_row<B: Bench>(bench: &B) {
    let first = stored(bench, due_at(1, 1_000)).await;
    becomes_due(bench, at(1_000), [&first.id]).await;
    let second = replaced(bench, &Payment { due: Some(at(2_000)), ..next(&first) }, 2).await;
    becomes_due(bench, at(1_999), []).await;
    becomes_due(bench, at(2_000), [&first.id]).await;
    let third = replaced(bench, &Payment { due: None, ..next(&second) }, 3).await;
    becomes_due(bench, at(i64::MAX), []).await;
    replaced(bench, &Payment { due: Some(at(500)), ..next(&third) }, 4).await;
    becomes_due(bench, at(500), [&first.id]).await;
}

/// `due` itself is included; a millisecond before it is not.
pub async fn what_is_due_later_is_not_due_yet<B: Bench>(bench: &B) {
    for (number, due) in [(1, 999), (2, 1_000), (3, 1_001)] {
        stored(bench, due_at(number, due)).await;
    }
    becomes_due(bench, at(i64::MAX), [&payments::id(1), &payments::id(2), &payments::id(3)]).await;
    becomes_due(bench, at(1_000), [&payments::id(1), &payments::id(2)]).await;
    becomes_due(bench, at(998), []).await;
}

/// A sweep that has read as much as it may begins again at a later moment; that must not be the same rows once more.
pub async fn a_window_begins_where_it_says<B: Bench>(bench: &B) {
    for (number, due) in [(1, 999), (2, 1_000), (3, 1_001), (4, 2_000)] {
        stored(bench, due_at(number, due)).await;
    }
    becomes_due(bench, at(i64::MAX), (1..=4).map(payments::id).collect::<Vec<_>>().iter()).await;
    for (from, until, numbers) in
        [(1_000, 1_001, vec![2, 3]), (1_001, 5_000, vec![3, 4]), (1_000, 1_000, vec![2]), (2_001, 5_000, vec![])]
    {
        let window = DueWindow { from: at(from), until: at(until) };
        let wanted: BTreeSet<TransactionId> = numbers.into_iter().map(payments::id).collect();
        for limit in [1, 100] {
            assert_eq!(due_in(bench, window, limit).await, wanted, "{window:?}, {limit} a page");
        }
    }
}

/// What nobody knows the outcome of is swept first and counted, so it must be where it is looked for, and nowhere else.
pub async fn doubts_lie_apart_from_looks_and_a_row_moves_between_them<B: Bench>(bench: &B) {
    let (waits, pays) = (stored(bench, due_at(1, 1_000)).await, stored(bench, due_at(2, 1_000)).await);
    lie(bench, [], [&waits.id, &pays.id]).await;
    let doubt = PaymentState::Processing(ProcessingReason::OutcomeUnknown);
    let asked = replaced(bench, &Payment { state: doubt, ..next(&pays) }, 2).await;
    lie(bench, [&pays.id], [&waits.id]).await;
    let pending = PaymentState::Processing(ProcessingReason::GatewayPending);
    let known = replaced(bench, &Payment { state: pending, ..next(&asked) }, 3).await;
    lie(bench, [], [&waits.id, &pays.id]).await;
    let closing = Act {
        kind: ActKind::Close { ends_as: End::Canceled },
        request: None,
        started_at: at(0),
        reason: None,
        progress: ActProgress::Open,
    };
    replaced(bench, &Payment { acts: vec![closing], ..next(&known) }, 4).await;
    lie(bench, [&pays.id], [&waits.id]).await;
    replaced(bench, &Payment { due: None, ..next(&waits) }, 2).await;
    lie(bench, [&pays.id], []).await;
}

/// How many payments are in doubt is watched; that none of them is due this minute does not make them fewer.
pub async fn every_row_that_waits_is_counted_due_or_not<B: Bench>(bench: &B) {
    let doubt = PaymentState::Processing(ProcessingReason::OutcomeUnknown);
    let mut last = Vec::new();
    for (number, due) in (0..20).zip([1, 1_000, 4_102_444_800_000, i64::MAX].into_iter().cycle()) {
        let payment = due_at(number, due);
        let state = if number < 12 { doubt.clone() } else { payment.state.clone() };
        last.push(stored(bench, Payment { state, ..payment }).await);
    }
    stored(bench, Payment { due: None, state: doubt, ..payments::waiting(20) }).await;
    comes_to_show(bench, &(12, 8), async || counts(bench).await).await;
    for payment in last.iter().filter(|payment| payment.is_in_doubt()).take(5) {
        replaced(bench, &Payment { due: None, ..next(payment) }, 2).await;
    }
    comes_to_show(bench, &(7, 8), async || counts(bench).await).await;
}

/// Pages neither lose nor repeat a row, also among rows that are due in the same millisecond.
pub async fn pages_show_each_due_row_once_and_the_longest_due_first<B: Bench>(bench: &B) {
    let mut due_of = BTreeMap::new();
    for number in 0..60 {
        // Three rows share each moment, and creation runs against the order of due.
        let payment = stored(bench, due_at(number, i64::from(60 - number / 3) * 1_000)).await;
        due_of.insert(payment.id, payment.due);
    }
    becomes_due(bench, at(i64::MAX), due_of.keys()).await;
    let mut partitions_used = 0;
    for partition in partitions() {
        let whole = pages(bench, partition, ALWAYS, 100, None).await;
        for limit in [1, 3] {
            let small = pages(bench, partition, ALWAYS, limit, None).await;
            assert_eq!(small, whole, "small pages show what one large one shows");
        }
        assert!(whole.iter().is_sorted_by_key(|id| due_of.get(id)), "{partition:?}: longest due first");
        partitions_used += u32::from(!whole.is_empty());
    }
    assert!(partitions_used >= DuePartition::SHARDS / 2, "60 rows lie in {partitions_used} partitions only");
}

/// Between two pages the row of the cursor may have been looked at: it is not in the index any more.
pub async fn a_page_goes_on_where_the_last_one_ended_even_if_that_row_has_moved<B: Bench>(bench: &B) {
    let mut all = Vec::new();
    for number in 0..40 {
        // Ten rows share each moment, so that the cursor's row leaves others of its moment behind.
        all.push(stored(bench, due_at(number, 1_000 + i64::from(number / 10))).await);
    }
    becomes_due(bench, at(i64::MAX), all.iter().map(|payment| &payment.id)).await;
    let mut left: BTreeSet<TransactionId> = all.iter().map(|payment| payment.id.clone()).collect();
    for partition in partitions() {
        let before = pages(bench, partition, ALWAYS, 100, None).await;
        let [_, last_seen, rest @ ..] = before.as_slice() else { continue };
        let page = bench.store().find_due(partition, ALWAYS, None, 2).await.unwrap();
        assert_eq!(page.rows.last().and_then(|row| row.id.payment()), Some(last_seen));
        let moved = all.iter().find(|payment| payment.id == *last_seen).unwrap();
        replaced(bench, &Payment { due: None, ..next(moved) }, 2).await;
        left.remove(last_seen);
        becomes_due(bench, at(i64::MAX), &left).await;
        let seen = match page.next {
            Some(cursor) => pages(bench, partition, ALWAYS, 2, Some(cursor)).await,
            None => Vec::new(),
        };
        assert_eq!(seen, rest);
    }
}

const ALWAYS: DueWindow = DueWindow { from: at(0), until: at(i64::MAX) };

fn due_at(number: u32, unix_ms: i64) -> Payment {
    Payment { due: Some(at(unix_ms)), ..payments::waiting(number) }
}

fn partitions() -> impl Iterator<Item = DuePartition> {
    [Urgency::Doubt, Urgency::Look].into_iter().flat_map(DuePartition::of)
}

/// Waits until exactly these rows are due by `until`.
async fn becomes_due<'a, B: Bench>(bench: &B, until: Timestamp, ids: impl IntoIterator<Item = &'a TransactionId>) {
    let wanted: BTreeSet<TransactionId> = ids.into_iter().cloned().collect();
    comes_to_show(bench, &wanted, async || due_in(bench, DueWindow { until, ..ALWAYS }, 100).await).await;
}

/// Waits until exactly these doubts and exactly these looks are in the index.
async fn lie<B: Bench, const D: usize, const L: usize>(
    bench: &B,
    doubts: [&TransactionId; D],
    looks: [&TransactionId; L],
) {
    let wanted: [BTreeSet<TransactionId>; 2] =
        [doubts.into_iter().cloned().collect(), looks.into_iter().cloned().collect()];
    let both = async || {
        let (mut doubts, mut looks) = (BTreeSet::new(), BTreeSet::new());
        for partition in partitions() {
            let of = if partition.urgency == Urgency::Doubt { &mut doubts } else { &mut looks };
            of.extend(pages(bench, partition, ALWAYS, 100, None).await);
        }
        [doubts, looks]
    };
    comes_to_show(bench, &wanted, both).await;
}

/// How many doubts there are, and how many looks.
async fn counts<B: Bench>(bench: &B) -> (usize, usize) {
    let (mut doubts, mut looks) = (0, 0);
    for partition in partitions() {
        let of = if partition.urgency == Urgency::Doubt { &mut doubts } else { &mut looks };
        *of += bench.store().count(partition).await.unwrap();
    }
    (doubts, looks)
}

async fn due_in<B: Bench>(bench: &B, window: DueWindow, limit: u32) -> BTreeSet<TransactionId> {
    let mut ids = BTreeSet::new();
    for partition in partitions() {
        ids.extend(pages(bench, partition, window, limit, None).await);
    }
    ids
}

async fn pages<B: Bench>(
    bench: &B,
    partition: DuePartition,
    window: DueWindow,
    limit: u32,
    mut cursor: Option<DuePlace>,
) -> Vec<TransactionId> {
    let mut ids = Vec::new();
    for _ in 0..PAGES_MAX {
        let page = bench.store().find_due(partition, window, cursor, limit).await.unwrap();
        assert!(page.rows.len() <= usize::try_from(limit).unwrap(), "a page keeps its limit");
        assert_eq!(page.unreadable, 0);
        ids.extend(page.rows.into_iter().filter_map(|row| row.id.payment().cloned()));
        cursor = page.next;
        if cursor.is_none() {
            return ids;
        }
    }
    panic!("{partition:?} had no end after {PAGES_MAX} pages");
}
