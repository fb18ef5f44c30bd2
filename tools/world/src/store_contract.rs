//! What every store must keep, as rules that run against any of them: the twin in memory, and the real table on
//! whatever speaks DynamoDB. A twin that kept other promises would prove nothing.
//!
//! Each rule is one function, starts from an empty store, and speaks by panicking. [`for_each_store_rule`] names them
//! all, and a test sees to it that none is missing.
//!
//! [`for_each_store_rule`]: crate::for_each_store_rule

#![expect(clippy::unwrap_used, clippy::panic, reason = "a broken promise is told by a panic, as in any test")]
#![expect(clippy::arithmetic_side_effects, reason = "small constant numbers, and tests are built with overflow checks")]

use std::{collections::BTreeSet, future::Future, time::Duration};

use domain::{id::TransactionId, payment::Payment, text::GatewayToken, time::Timestamp};
use flow::ports::{
    Actor, CreatePayment, Created, DuePartition, DuePlace, DueWindow, FindDue, LoadPayment, ReplacePayment, Replaced,
    Urgency, Write, WriterToken,
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

use crate::{payments, turns};

/// A store under test.
pub trait Bench: Sync {
    /// Its type.
    type Store: LoadPayment + CreatePayment + ReplacePayment + FindDue;
    /// The store, empty at first.
    fn store(&self) -> &Self::Store;
    /// Gives its index a moment to catch up with its rows.
    fn pause(&self) -> impl Future<Output = ()> + Send;
}

/// Calls a macro with the name of each rule.
#[macro_export]
macro_rules! for_each_store_rule {
    ($rule:ident) => {
        $rule!(what_was_never_created_is_not_there);
        $rule!(what_is_created_is_there_at_once);
        $rule!(creating_again_shows_the_row_that_stands_and_changes_nothing);
        $rule!(of_many_creators_one_wins_and_the_others_see_its_row);
        $rule!(replacing_the_right_version_writes_it);
        $rule!(replacing_another_version_shows_the_row_that_stands_and_changes_nothing);
        $rule!(replacing_a_row_that_is_not_there_fails_and_creates_nothing);
        $rule!(a_write_that_meets_its_own_row_has_succeeded);
        $rule!(a_write_that_was_overtaken_has_not_succeeded_twice);
        $rule!(of_many_writers_one_wins_each_version);
        $rule!(every_field_comes_back_as_it_was_written);
        $rule!(the_largest_payment_fits);
        $rule!(the_due_index_follows_the_row);
        $rule!(what_is_due_later_is_not_due_yet);
        $rule!(pages_show_each_due_row_once_and_the_longest_due_first);
        $rule!(a_page_goes_on_where_the_last_one_ended_even_if_that_row_has_moved);
    };
}

/// How many clients race in a rule about racing.
const RACERS: u32 = 20;
/// How often the index is given a moment before it counts as broken.
const PAUSES_MAX: u32 = 50;
/// How many made-up payments make the round trip.
const SAMPLES: u32 = 64;
/// No page of a rule's rows goes on for ever.
const PAGES_MAX: u32 = 100;

/// A payment that was never created is none.
pub async fn what_was_never_created_is_not_there<B: Bench>(bench: &B) {
    assert_eq!(bench.store().load(&payments::id(1)).await, Ok(None));
}

/// A read right after a write sees it: money is decided on such reads.
pub async fn what_is_created_is_there_at_once<B: Bench>(bench: &B) {
    for number in 0..RACERS {
        let payment = payments::waiting(number);
        assert_eq!(bench.store().create(&write(&payment, 1)).await, Ok(Created::Created));
        assert_eq!(bench.store().load(&payment.id).await, Ok(Some(payment)));
    }
}

/// The row is the idempotency record.
pub async fn creating_again_shows_the_row_that_stands_and_changes_nothing<B: Bench>(bench: &B) {
    let first = created(bench, 1).await;
    let second = with_object(&first, "pi_second");
    assert_eq!(bench.store().create(&write(&second, 2)).await, Ok(Created::Exists(Box::new(first.clone()))));
    assert_eq!(bench.store().load(&first.id).await, Ok(Some(first)));
}

/// One key makes one payment, however many requests bear it.
pub async fn of_many_creators_one_wins_and_the_others_see_its_row<B: Bench>(bench: &B) {
    let rivals: Vec<Payment> =
        (0..RACERS).map(|rival| with_object(&payments::waiting(1), &format!("pi_{rival}"))).collect();
    let answers = turns::all(
        rivals
            .iter()
            .zip(1..)
            .map(|(rival, writer)| async move { bench.store().create(&write(rival, writer)).await.unwrap() }),
    )
    .await;
    let stands = bench.store().load(&payments::id(1)).await.unwrap().unwrap();
    let winners: Vec<&Payment> = answers
        .iter()
        .zip(&rivals)
        .filter_map(|(answer, rival)| matches!(answer, Created::Created).then_some(rival))
        .collect();
    assert_eq!(winners, [&stands]);
    for answer in &answers {
        match answer {
            Created::Created => {}
            Created::Exists(seen) => assert_eq!(**seen, stands),
        }
    }
}

/// The ordinary change.
pub async fn replacing_the_right_version_writes_it<B: Bench>(bench: &B) {
    let mut payment = created(bench, 1).await;
    for writer in 2..6 {
        payment = next(&payment);
        assert_eq!(bench.store().replace(&write(&payment, writer)).await, Ok(Replaced::Replaced));
        assert_eq!(bench.store().load(&payment.id).await, Ok(Some(payment.clone())));
    }
}

/// What was decided on an old version, or on none that ever was, is not written.
pub async fn replacing_another_version_shows_the_row_that_stands_and_changes_nothing<B: Bench>(bench: &B) {
    let first = created(bench, 1).await;
    let second = replaced(bench, &next(&first), 2).await;
    let third = replaced(bench, &next(&second), 3).await;
    for (version, writer) in [(1, 10), (2, 11), (3, 12), (5, 13), (6, 14)] {
        let stale = Payment { version, rounds: 99, ..first.clone() };
        let answer = bench.store().replace(&write(&stale, writer)).await;
        assert_eq!(answer, Ok(Replaced::Conflict(Box::new(third.clone()))), "version {version}");
    }
    assert_eq!(bench.store().load(&first.id).await, Ok(Some(third)));
}

/// A change never creates: rows are not deleted, so a missing one is a fault to be told.
pub async fn replacing_a_row_that_is_not_there_fails_and_creates_nothing<B: Bench>(bench: &B) {
    let payment = next(&payments::waiting(1));
    assert!(bench.store().replace(&write(&payment, 1)).await.is_err());
    assert_eq!(bench.store().load(&payment.id).await, Ok(None));
}

/// The SDK sends a write again when its answer is lost; the second one finds the row that the first one wrote.
pub async fn a_write_that_meets_its_own_row_has_succeeded<B: Bench>(bench: &B) {
    let first = payments::waiting(1);
    for _ in 0..2 {
        assert_eq!(bench.store().create(&write(&first, 1)).await, Ok(Created::Created));
    }
    let second = next(&first);
    for _ in 0..2 {
        assert_eq!(bench.store().replace(&write(&second, 2)).await, Ok(Replaced::Replaced));
    }
    assert_eq!(bench.store().load(&first.id).await, Ok(Some(second)));
}

/// Once somebody else has written on top, the row that stands is somebody else's, and must be decided on anew.
pub async fn a_write_that_was_overtaken_has_not_succeeded_twice<B: Bench>(bench: &B) {
    let first = created(bench, 1).await;
    let second = replaced(bench, &next(&first), 2).await;
    let third = replaced(bench, &next(&second), 3).await;
    assert_eq!(bench.store().replace(&write(&second, 2)).await, Ok(Replaced::Conflict(Box::new(third.clone()))));
    assert_eq!(bench.store().create(&write(&first, 1)).await, Ok(Created::Exists(Box::new(third))));
}

/// The fence behind "never charged twice": of those who decided on one version, one gets to write.
pub async fn of_many_writers_one_wins_each_version<B: Bench>(bench: &B) {
    let first = created(bench, 1).await;
    let wins = turns::all((0..RACERS).map(|racer| {
        let first = first.clone();
        async move { race_until_won(bench, first, racer).await }
    }))
    .await;
    let versions: BTreeSet<u64> = wins.iter().copied().collect();
    assert_eq!(versions, (2..=u64::from(RACERS) + 1).collect(), "each version was won by one racer");
    let stands = bench.store().load(&first.id).await.unwrap().unwrap();
    assert_eq!((stands.version, stands.rounds), (u64::from(RACERS) + 1, RACERS), "no write was lost");
}

/// Writes one more version, deciding anew on what stands as often as others were first. Returns the version it wrote.
async fn race_until_won<B: Bench>(bench: &B, mut stands: Payment, racer: u32) -> u64 {
    for round in 0..=RACERS {
        let wanted = next(&stands);
        let writer = u64::from(racer) * 1_000 + u64::from(round) + 10;
        match bench.store().replace(&write(&wanted, writer)).await.unwrap() {
            Replaced::Replaced => return wanted.version,
            Replaced::Conflict(shown) => {
                assert!(shown.version >= wanted.version, "a conflict shows what was written in between");
                stands = *shown;
            }
        }
    }
    panic!("racer {racer} lost {RACERS} times: somebody won without writing");
}

/// Whatever the types allow is stored and read again without a loss, created or replaced.
pub async fn every_field_comes_back_as_it_was_written<B: Bench>(bench: &B) {
    let mut runner = TestRunner::deterministic();
    for number in 0..SAMPLES {
        let made_up = payments::any_payment().new_tree(&mut runner).unwrap().current();
        let first = Payment { id: payments::id(number), version: 1, ..made_up };
        assert_eq!(bench.store().create(&write(&first, 1)).await, Ok(Created::Created));
        assert_eq!(bench.store().load(&first.id).await, Ok(Some(first.clone())));
        let made_up = payments::any_payment().new_tree(&mut runner).unwrap().current();
        let second = Payment { id: first.id, version: 2, ..made_up };
        assert_eq!(bench.store().replace(&write(&second, 2)).await, Ok(Replaced::Replaced));
        assert_eq!(bench.store().load(&second.id).await, Ok(Some(second)));
    }
}

/// Recording a success must not fail on a bound.
pub async fn the_largest_payment_fits<B: Bench>(bench: &B) {
    let largest = payments::largest(1);
    assert_eq!(bench.store().create(&write(&largest, 1)).await, Ok(Created::Created));
    assert_eq!(bench.store().load(&largest.id).await, Ok(Some(largest)));
}

/// A row enters the index when it becomes due, moves with its `due`, and leaves when nobody needs to look any more.
pub async fn the_due_index_follows_the_row<B: Bench>(bench: &B) {
    let first = Payment { due: Some(at(1_000)), ..payments::waiting(1) };
    bench.store().create(&write(&first, 1)).await.unwrap();
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
        let payment = Payment { due: Some(at(due)), ..payments::waiting(number) };
        bench.store().create(&write(&payment, 1)).await.unwrap();
    }
    becomes_due(bench, at(i64::MAX), [&payments::id(1), &payments::id(2), &payments::id(3)]).await;
    becomes_due(bench, at(1_000), [&payments::id(1), &payments::id(2)]).await;
    becomes_due(bench, at(998), []).await;
}

/// Pages neither lose nor repeat a row, also among rows that are due in the same millisecond.
pub async fn pages_show_each_due_row_once_and_the_longest_due_first<B: Bench>(bench: &B) {
    let mut due_of = std::collections::BTreeMap::new();
    for number in 0..60 {
        // Three rows share each moment, and creation runs against the order of due.
        let due = at(i64::from(60 - number / 3) * 1_000);
        let payment = Payment { due: Some(due), ..payments::waiting(number) };
        bench.store().create(&write(&payment, 1)).await.unwrap();
        due_of.insert(payment.id, due);
    }
    becomes_due(bench, at(i64::MAX), due_of.keys()).await;
    let mut partitions_used = 0;
    for partition in partitions() {
        let whole = pages(bench, partition, at(i64::MAX), 100).await;
        assert_eq!(pages(bench, partition, at(i64::MAX), 3).await, whole, "small pages show what one large one shows");
        assert_eq!(pages(bench, partition, at(i64::MAX), 1).await, whole);
        assert!(whole.iter().is_sorted_by_key(|id| due_of.get(id)), "{partition:?}: longest due first");
        partitions_used += u32::from(!whole.is_empty());
    }
    assert!(partitions_used >= DuePartition::SHARDS / 2, "60 rows lie in {partitions_used} partitions only");
}

/// Between two pages the row of the cursor may have been looked at: it is not in the index any more.
pub async fn a_page_goes_on_where_the_last_one_ended_even_if_that_row_has_moved<B: Bench>(bench: &B) {
    let all: Vec<Payment> = (0..40)
        .map(|number| Payment { due: Some(at(1_000 + i64::from(number))), ..payments::waiting(number) })
        .collect();
    for payment in &all {
        bench.store().create(&write(payment, 1)).await.unwrap();
    }
    becomes_due(bench, at(i64::MAX), all.iter().map(|payment| &payment.id)).await;
    let mut left: BTreeSet<TransactionId> = all.iter().map(|payment| payment.id.clone()).collect();
    for partition in partitions() {
        let before = pages(bench, partition, at(i64::MAX), 100).await;
        let [_, last_seen, rest @ ..] = before.as_slice() else { continue };
        let page = bench.store().find_due(partition, by(at(i64::MAX)), None, 2).await.unwrap();
        assert_eq!(page.rows.last().map(|row| &row.id), Some(last_seen));
        let moved = all.iter().find(|payment| payment.id == *last_seen).unwrap();
        replaced(bench, &Payment { due: None, ..next(moved) }, 2).await;
        left.remove(last_seen);
        becomes_due(bench, at(i64::MAX), &left).await;
        let seen = match page.next {
            Some(cursor) => pages_from(bench, partition, at(i64::MAX), 2, Some(cursor)).await,
            None => Vec::new(),
        };
        assert_eq!(seen, rest);
    }
}

const fn at(unix_ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(unix_ms)
}

const fn write(payment: &Payment, writer: u64) -> Write<'_> {
    Write { payment, event: "tested", actor: &Actor::Retry, writer: WriterToken(writer) }
}

/// The payment, changed once more.
fn next(payment: &Payment) -> Payment {
    Payment { version: payment.version + 1, rounds: payment.rounds + 1, ..payment.clone() }
}

fn with_object(payment: &Payment, object: &str) -> Payment {
    Payment { object: GatewayToken::parse(object).unwrap(), ..payment.clone() }
}

async fn created<B: Bench>(bench: &B, number: u32) -> Payment {
    let payment = payments::waiting(number);
    assert_eq!(bench.store().create(&write(&payment, 1)).await, Ok(Created::Created));
    payment
}

async fn replaced<B: Bench>(bench: &B, payment: &Payment, writer: u64) -> Payment {
    assert_eq!(bench.store().replace(&write(payment, writer)).await, Ok(Replaced::Replaced));
    payment.clone()
}

/// Waits until exactly these rows are due by `by`.
async fn becomes_due<'a, B: Bench>(bench: &B, by: Timestamp, ids: impl IntoIterator<Item = &'a TransactionId>) {
    let wanted: BTreeSet<TransactionId> = ids.into_iter().cloned().collect();
    let mut seen = BTreeSet::new();
    for _ in 0..PAUSES_MAX {
        seen.clear();
        for partition in partitions() {
            seen.extend(pages(bench, partition, by, 100).await);
        }
        if seen == wanted {
            return;
        }
        bench.pause().await;
    }
    panic!("the index never came to show what is due: {seen:?} instead of {wanted:?}");
}

fn partitions() -> impl Iterator<Item = DuePartition> {
    [Urgency::Doubt, Urgency::Look].into_iter().flat_map(DuePartition::of)
}

const fn by(until: Timestamp) -> DueWindow {
    DueWindow { from: at(0), until }
}

async fn pages<B: Bench>(bench: &B, partition: DuePartition, by: Timestamp, limit: u32) -> Vec<TransactionId> {
    pages_from(bench, partition, by, limit, None).await
}

async fn pages_from<B: Bench>(
    bench: &B,
    partition: DuePartition,
    until: Timestamp,
    limit: u32,
    mut cursor: Option<DuePlace>,
) -> Vec<TransactionId> {
    let mut ids = Vec::new();
    for _ in 0..PAGES_MAX {
        let page = bench.store().find_due(partition, by(until), cursor, limit).await.unwrap();
        assert!(page.rows.len() <= usize::try_from(limit).unwrap(), "a page keeps its limit");
        ids.extend(page.rows.into_iter().map(|row| row.id));
        cursor = page.next;
        if cursor.is_none() {
            return ids;
        }
    }
    panic!("{partition:?} had no end after {PAGES_MAX} pages");
}

/// How long a bench over a real index pauses. Fifty of these are ten seconds, which no index on one machine needs.
pub const PAUSE: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    #[test]
    fn every_rule_is_named_where_rules_are_called() {
        let source = include_str!("store_contract.rs");
        let between = |line: &'static str, start: &str, end: &str| {
            line.trim_start().strip_prefix(start).and_then(|rest| rest.split_once(end)).map(|(name, _)| name)
        };
        let written: Vec<&str> =
            source.lines().filter_map(|line| between(line, "pub async fn ", "<B: Bench>")).collect();
        let called: Vec<&str> = source.lines().filter_map(|line| between(line, "$rule!(", ");")).collect();
        assert!(written.len() > 10, "{written:?}");
        assert_eq!(written, called);
    }
}
