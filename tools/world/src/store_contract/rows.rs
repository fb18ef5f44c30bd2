//! What a store must keep about single rows: the row is the idempotency record, and of those who decided on one version
//! one gets to write.

use std::{collections::BTreeSet, sync::LazyLock};

use domain::{payment::Payment, text::GatewayToken};
use flow::ports::{CreatePayment, Created, LoadPayment, ReplacePayment, Replaced};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

use super::{Bench, created, next, replaced, stored, write};
use crate::{payments, turns};

/// How many clients race in a rule about racing.
const RACERS: u32 = 20;
/// How many pairs of made-up payments make the round trip.
const SAMPLES: u32 = 64;

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
    for (number, (made_up, another)) in (0..).zip(MADE_UP.iter()) {
        let first = stored(bench, Payment { id: payments::id(number), version: 1, ..made_up.clone() }).await;
        assert_eq!(bench.store().load(&first.id).await, Ok(Some(first.clone())));
        let second = replaced(bench, &Payment { id: first.id, version: 2, ..another.clone() }, 2).await;
        assert_eq!(bench.store().load(&second.id).await, Ok(Some(second)));
    }
}

/// Made up once, for all stores: making them up takes longer than storing them.
static MADE_UP: LazyLock<Vec<(Payment, Payment)>> = LazyLock::new(|| {
    let mut runner = TestRunner::deterministic();
    let mut make_up = || payments::any_payment().new_tree(&mut runner).unwrap().current();
    (0..SAMPLES).map(|_| (make_up(), make_up())).collect()
});

/// Recording a success must not fail on a bound.
pub async fn the_largest_payment_fits<B: Bench>(bench: &B) {
    let largest = payments::largest(1);
    assert_eq!(bench.store().create(&write(&largest, 1)).await, Ok(Created::Created));
    assert_eq!(bench.store().load(&largest.id).await, Ok(Some(largest)));
}

fn with_object(payment: &Payment, object: &str) -> Payment {
    Payment { object: GatewayToken::parse(object).unwrap(), ..payment.clone() }
}
