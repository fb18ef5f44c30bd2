//! What a charge came to: told with the answer as a rule, and else asked for a few times, at nobody's cost but a look's.

use domain::{
    gateway::UnknownReason,
    payment::{Payment, RefundProgress},
    schedule::Limits,
    settlement::Settlement,
};
use world::{
    audit::Hour,
    counting::Counts,
    gateway::{Call, Course, Verdict},
    shop::{Shop, card, give_back, held_order, order, wish},
    turns::block_on,
};

fn settlement(payment: &Payment) -> Option<&Settlement> {
    payment.charge.as_ref()?.settlement.as_ref()
}

/// A payment that its payer's browser has paid, of which only the event was heard.
async fn heard_by_webhook() -> (Shop, Payment) {
    let shop = Shop::new();
    let payment = shop.opened(order("order")).await;
    shop.gateway().take_events();
    shop.gateway().browser_confirms(&payment.object, Verdict::Charge);
    shop.deliver_events().await;
    shop.tally().take();
    let row = shop.row(&payment.id);
    (shop, row)
}

#[test]
fn an_answer_that_tells_all_leaves_nothing_to_look_for() {
    block_on(async {
        let shop = Shop::new();
        let id = shop.opened(order("order")).await.id;
        let paid = shop.confirmed(&id, card("c")).await;
        let told = settlement(&paid).unwrap();
        assert_eq!((told.net.minor_units(), told.fee.minor_units(), paid.due), (1_125, 125, None));
        let version = paid.version;
        shop.deliver_events().await;
        assert_eq!(shop.at_rest(&id).await.version, version, "nor for its events");
    });
}

#[test]
fn a_part_that_is_captured_is_what_is_settled() {
    block_on(async {
        let shop = Shop::new();
        let id = shop.opened(held_order("order")).await.id;
        let held = shop.confirmed(&id, card("c")).await;
        assert_eq!(settlement(&held), None, "a hold moves nothing");
        let paid = shop.captured(&id, wish("k", Some(700))).await;
        assert_eq!(settlement(&paid).unwrap().gross().unwrap().minor_units(), 700);
        assert_eq!(shop.at_rest(&id).await, paid);
    });
}

#[test]
fn a_success_heard_by_webhook_alone_is_looked_at_once_and_nobody_is_nudged_for_it() {
    block_on(async {
        let (shop, heard) = heard_by_webhook().await;
        assert_eq!((settlement(&heard), heard.due.is_some()), (None, true));
        assert_eq!(shop.queue().waiting(), [], "it is in no hurry");
        shop.until_looked(&heard.id).await;
        let Counts { reads, writes, gateway_calls, .. } = shop.tally().take();
        assert_eq!((reads, writes, gateway_calls), (1, 2, 1));
        let told = shop.at_rest(&heard.id).await;
        assert_eq!((settlement(&told).unwrap().net.minor_units(), told.due), (1_125, None));
    });
}

#[test]
fn a_gateway_that_takes_its_time_is_asked_again_and_one_that_never_tells_is_left_alone() {
    block_on(async {
        for tells_after_all in [true, false] {
            let (shop, heard) = heard_by_webhook().await;
            shop.gateway().settles(&heard.object, false);
            for look in 1..Limits::SETTLEMENT_LOOKS_MAX {
                let row = shop.until_looked(&heard.id).await;
                assert_eq!((row.settlement_looks, row.due.is_some(), row.attention), (look, true, None));
            }
            shop.gateway().settles(&heard.object, tells_after_all);
            let row = shop.until_looked(&heard.id).await;
            assert_eq!((settlement(&row).is_some(), row.due, row.attention), (tells_after_all, None, None));
            shop.audit(&heard.id, Hour::AtRest);
        }
    });
}

#[test]
fn looks_that_nobody_answers_are_bounded_too() {
    block_on(async {
        let (shop, heard) = heard_by_webhook().await;
        for _ in 0..Limits::SETTLEMENT_LOOKS_MAX {
            shop.gateway().script(Call::Fetch, [Course::NotServed(UnknownReason::Timeout)]);
            shop.until_looked(&heard.id).await;
        }
        let row = shop.audit(&heard.id, Hour::AtRest);
        assert_eq!((settlement(&row), row.due, row.attention), (None, None, None));
    });
}

#[test]
fn a_refund_is_not_held_up_and_both_are_looked_for_in_one_look() {
    block_on(async {
        let (shop, heard) = heard_by_webhook().await;
        shop.gateway().script(Call::Refund, [Course::Unheard(UnknownReason::Timeout)]);
        shop.refunded(&heard.id, give_back("r1", Some(500))).await;
        shop.tally().take();
        let row = shop.until_looked(&heard.id).await;
        assert_eq!(row.refunds.first().unwrap().progress, RefundProgress::Succeeded);
        assert!(settlement(&row).is_some());
        assert_eq!(shop.tally().take().gateway_calls, 2, "a list and an object");
        assert_eq!(shop.at_rest(&heard.id).await.due, None);
    });
}

#[test]
fn an_answer_that_the_webhook_has_overtaken_tells_it_after_all() {
    block_on(async {
        let shop = Shop::new();
        let id = shop.opened(order("order")).await.id;
        shop.gateway().script(Call::Confirm, [Course::Unheard(UnknownReason::Timeout)]);
        shop.confirmed(&id, card("c")).await;
        shop.deliver_events().await;
        assert_eq!(settlement(&shop.row(&id)), None);
        let told = shop.until_looked(&id).await;
        assert!(settlement(&told).is_some() && told.due.is_none());
    });
}
