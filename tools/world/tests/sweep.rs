//! `sweep` against the world: it finds what is due, reads no row, and loses nothing when something fails.

use std::{collections::BTreeSet, time::Duration};

use domain::{id::TransactionId, schedule::Limits};
use flow::{operations::sweep::Swept, ports::DUE_PARTITIONS};
use world::{
    counting::Counts,
    shop::{Shop, order},
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
    shop.queue().drain().into_iter().map(|nudged| nudged.id).collect()
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
        assert_eq!(swept, Swept { found: 40, nudged: 40, ..Swept::default() });
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
        assert_eq!(shop.tally().take(), Counts { queries: DUE_PARTITIONS, ..Counts::default() });
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
fn a_partition_that_cannot_be_read_does_not_keep_the_others_waiting() {
    block_on(async {
        let shop = Shop::new();
        let ids = open(&shop, 60).await;
        shop.host().advance(Limits::STANDARD.first_look);
        shop.store().script(store::Call::FindDue, [store::Course::LostBefore]);
        let swept = shop.sweep().await.unwrap();
        assert_eq!(swept.failed_partitions, 1);
        let first = nudged(&shop);
        assert!(!first.is_empty() && first.len() < 60, "{}", first.len());
        // A nudge that is served moves its row on; these were not served, so the next sweep finds them all.
        shop.sweep().await.unwrap();
        assert_eq!(nudged(&shop).into_iter().collect::<BTreeSet<_>>(), ids);
    });
}

#[test]
fn a_sweep_that_could_do_nothing_says_so_and_the_next_one_does_it() {
    block_on(async {
        let shop = Shop::new();
        open(&shop, 30).await;
        shop.host().advance(Limits::STANDARD.first_look);
        shop.queue().fail_next(DUE_PARTITIONS);
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
