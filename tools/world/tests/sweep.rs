//! `sweep` against the world: it finds what is due, reads no row, and loses nothing when something fails.

use std::{collections::BTreeSet, time::Duration};

use domain::{gateway::UnknownReason, id::TransactionId, payment::Payment, schedule::Limits};
use flow::{
    operations::sweep::Swept,
    ports::{Actor, Cause, CreatePayment as _, DuePartition, Host as _, Note, Write, WriterToken},
};
use world::{
    counting::Counts,
    gateway, payments,
    shop::{Shop, card, order},
    store,
    turns::block_on,
};

async fn open(shop: &Shop, count: usize) -> BTreeSet<TransactionId> {
    let mut ids = BTreeSet::new();
    for number in 0..count {
        ids.insert(shop.opened(order(&format!("order-{number}"))).await.id);
    }
    ids
}

fn nudged(shop: &Shop) -> Vec<TransactionId> {
    shop.queue().drain().into_iter().filter_map(|nudged| nudged.id.payment().cloned()).collect()
}

#[test]
fn what_is_due_is_nudged_once_and_what_is_not_is_left_alone() {
    block_on(async {
        let shop = Shop::new();
        let early = open(&shop, 40).await;
        shop.host().advance(Duration::from_secs(1));
        shop.opened(order("later")).await;
        shop.host().advance(Limits::STANDARD.first_look - Duration::from_millis(1));
        shop.tally().take();
        let swept = shop.sweep().await.unwrap();
        let late = Duration::from_millis(999);
        assert_eq!(swept, Swept { found: 40, nudged: 40, oldest_due: late, ..Swept::default() });
        let nudged = nudged(&shop);
        assert_eq!((nudged.len(), nudged.into_iter().collect()), (40, early));
    });
}

#[test]
fn a_sweep_reads_the_index_and_no_row() {
    block_on(async {
        let shop = Shop::new();
        shop.tally().take();
        assert_eq!(shop.sweep().await.unwrap(), Swept::default());
        // Each shard once, those of doubts, of looks and of deliveries; and the doubts are counted.
        assert_eq!(shop.tally().take(), Counts { queries: 4 * DuePartition::SHARDS, ..Counts::default() });
    });
}

#[test]
fn a_crowd_takes_several_pages_and_none_is_left_out() {
    block_on(async {
        let shop = Shop::new();
        let ids = open(&shop, 2_000).await;
        shop.host().advance(Limits::STANDARD.first_look);
        let swept = shop.sweep().await.unwrap();
        assert_eq!(swept, Swept { found: 2_000, nudged: 2_000, ..Swept::default() });
        assert_eq!(nudged(&shop).into_iter().collect::<BTreeSet<_>>(), ids);
    });
}

#[test]
fn doubts_are_nudged_before_looks_and_counted_before_they_are_due() {
    block_on(async {
        let shop = Shop::new();
        open(&shop, 30).await;
        shop.host().advance(Limits::STANDARD.first_look);
        let doubtful = shop.opened(order("doubtful")).await.id;
        shop.gateway().script(gateway::Call::Confirm, [gateway::Course::Unheard(UnknownReason::Timeout)]);
        shop.confirmed(&doubtful, card("c")).await;
        nudged(&shop);
        let swept = shop.sweep().await.unwrap();
        assert_eq!((swept.found, swept.in_doubt), (30, 1), "it is in doubt, and not due yet");
        nudged(&shop);
        shop.host().advance(Limits::STANDARD.first_delay);
        let swept = shop.sweep().await.unwrap();
        assert_eq!((swept.found, swept.in_doubt), (31, 1));
        assert_eq!(nudged(&shop).first(), Some(&doubtful));
    });
}

#[test]
fn rows_that_never_move_cannot_starve_the_ones_behind_them() {
    block_on(async {
        // More rows than one sweep reads, due longest, and whoever looks at them fails.
        let shop = Shop::new();
        shop.store().hold_index();
        for number in 0..10_000 {
            let due = Some(shop.host().now());
            let payment = Payment { due, ..payments::waiting(number) };
            let cause = Cause::of("tested");
            let write = Write { payment: &payment, cause, actor: &Actor::Retry, writer: WriterToken(1) };
            shop.store().create(&write).await.unwrap();
            shop.host().advance(Duration::from_millis(20));
        }
        let behind = open(&shop, 24).await;
        shop.store().catch_up_index();
        shop.host().advance(Limits::STANDARD.first_look);
        let mut waiting = behind;
        for sweeps in 1.. {
            assert!(sweeps <= 10, "{} rows were never nudged", waiting.len());
            let swept = shop.sweep().await.unwrap();
            assert!(swept.more && swept.found <= 16_000, "{swept:?}");
            for id in nudged(&shop) {
                waiting.remove(&id);
            }
            if waiting.is_empty() {
                break;
            }
        }
    });
}

#[test]
fn a_partition_that_cannot_be_read_does_not_keep_the_others_waiting() {
    block_on(async {
        let shop = Shop::new();
        let ids = open(&shop, 60).await;
        shop.host().advance(Limits::STANDARD.first_look);
        // The first is one of the doubts, the last one of the looks.
        let well = vec![store::Course::Well; usize::try_from(3 * DuePartition::SHARDS - 3).unwrap()];
        let fails = [store::Course::LostBefore];
        shop.store().script(store::Call::FindDue, fails.into_iter().chain(well).chain(fails));
        let swept = shop.sweep().await.unwrap();
        assert_eq!(swept.failed_partitions, 2);
        let first = nudged(&shop);
        assert!(!first.is_empty() && first.len() < 60, "{}", first.len());
        // A nudge that is served moves its row on; these were not served, so the next sweep finds them all.
        shop.sweep().await.unwrap();
        assert_eq!(nudged(&shop).into_iter().collect::<BTreeSet<_>>(), ids);
    });
}

#[test]
fn a_partition_that_cannot_be_read_while_nothing_is_due_is_told_of_and_the_sweep_got_through() {
    block_on(async {
        let shop = Shop::new();
        shop.store().script(store::Call::FindDue, [store::Course::LostBefore]);
        let swept = shop.sweep().await.unwrap();
        assert_eq!(swept, Swept { failed_partitions: 1, ..Swept::default() });
        assert!(matches!(shop.host().notes().as_slice(), [Note::PartitionFailed(_)]), "{:?}", shop.host().notes());
        let everywhere = usize::try_from(3 * DuePartition::SHARDS).unwrap();
        shop.store().script(store::Call::FindDue, vec![store::Course::LostBefore; everywhere]);
        assert!(shop.sweep().await.is_err(), "but a sweep that saw nothing at all has not");
    });
}

#[test]
fn a_sweep_that_could_do_nothing_says_so_and_the_next_one_does_it() {
    block_on(async {
        let shop = Shop::new();
        open(&shop, 30).await;
        shop.host().advance(Limits::STANDARD.first_look);
        shop.queue().fail_next(DuePartition::SHARDS);
        assert!(shop.sweep().await.is_err());
        assert!(shop.queue().waiting().is_empty());
        // A partition without a row asked for nothing, so not every failure was used up.
        shop.queue().fail_next(0);
        assert_eq!(shop.sweep().await.unwrap().nudged, 30);
    });
}

#[test]
fn what_a_batch_could_not_take_is_found_by_the_next_sweep() {
    block_on(async {
        let shop = Shop::new();
        open(&shop, 80).await;
        shop.host().advance(Limits::STANDARD.first_look);
        shop.queue().take_at_most(1);
        let swept = shop.sweep().await.unwrap();
        assert!(swept.nudged < swept.found, "{swept:?}");
        shop.queue().take_at_most(usize::MAX);
        assert_eq!(shop.sweep().await.unwrap().nudged, 80);
    });
}

#[test]
fn an_index_that_lags_costs_a_look_at_nothing_and_hides_a_row_only_for_a_while() {
    block_on(async {
        let shop = Shop::new();
        let id = shop.opened(order("order-1")).await.id;
        shop.host().advance(Limits::STANDARD.first_look);
        shop.store().hold_index();
        shop.retry(&id).await.unwrap();
        shop.tally().take();
        assert_eq!(shop.sweep().await.unwrap().nudged, 1, "the index still shows what is past");
        let row = shop.row(&id);
        shop.retry(&nudged(&shop)[0]).await.unwrap();
        assert_eq!(shop.row(&id), row, "a look that is not due is dropped");
        assert_eq!(shop.tally().take().gateway_calls, 0);
        shop.store().catch_up_index();
        assert_eq!(shop.sweep().await.unwrap().nudged, 0);
        shop.host().advance(row.due.unwrap().since(row.updated_at));
        assert_eq!(shop.sweep().await.unwrap().nudged, 1);
    });
}
