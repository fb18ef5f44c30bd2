//! `status` against the world: one read and nothing else.

use world::{
    counting::Counts,
    payments,
    shop::{Shop, card, order},
    store,
    turns::block_on,
};

#[test]
fn a_status_costs_one_read() {
    block_on(async {
        let shop = Shop::new();
        let id = shop.opened(order("order-1")).await.id;
        let paid = shop.confirmed(&id, card("c")).await;
        shop.tally().take();
        assert_eq!(shop.status(&id).await.unwrap(), Some(paid));
        assert_eq!(shop.tally().take(), Counts { reads: 1, ..Counts::default() });
    });
}

#[test]
fn what_is_not_there_is_none_and_no_error() {
    block_on(async {
        let shop = Shop::new();
        assert_eq!(shop.status(&payments::id(1)).await.unwrap(), None);
    });
}

#[test]
fn a_store_that_does_not_answer_is_an_error_and_not_an_absence() {
    block_on(async {
        let shop = Shop::new();
        let id = shop.opened(order("order-1")).await.id;
        shop.store().script(store::Call::Load, [store::Course::LostAfter]);
        assert!(shop.status(&id).await.is_err());
        assert!(shop.status(&id).await.unwrap().is_some());
    });
}
