//! Refunds that nobody asked for, where the merchant's settings say so: of money that came too late, and of charges that a bank
//! calls fraud; when answers are lost, when everybody sees it at once, and when there is nothing to give back.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::time::Duration;

use domain::{
    gateway::{RefundStatus, UnknownReason},
    id::{RefundId, RowId},
    payment::{CaptureMethod, Payment, PaymentState, RefundProgress, RefundReason, ReviewReason},
    policy::{Policy, Reaction},
    schedule::Limits,
    warning::{Link, WarningId},
};
use flow::{
    operations::webhook::{GatewayEvent, Received, Subject},
    ports::{Host as _, Note},
};
use world::{
    audit::Hour,
    counting::Counts,
    gateway::{self, SimGateway, Standing},
    shop::{Shop, approved, cancellation, card, give_back, order, paypal_order},
    store,
    turns::{all, block_on},
    warnings::{about, id},
};

const PAID: i64 = 1_250;
const LATE: Policy = Policy { late_success: Reaction::Refund, ..Policy::STANDARD };
const WARY: Policy = Policy { fraud_warning: Reaction::Refund, ..Policy::STANDARD };

/// A canceled payment whose money moves after all; its event has not been delivered.
async fn too_late(policy: Policy) -> (Shop, Payment) {
    let shop = Shop::new();
    shop.host().settle_on(policy);
    let payment = shop.opened(order("order-1")).await;
    assert!(shop.gateway().dashboard_cancels(&payment.object));
    shop.deliver_events().await;
    assert!(shop.gateway().money_moves_after_all(&payment.object));
    (shop, payment)
}

async fn paid(policy: Policy) -> (Shop, Payment) {
    let shop = Shop::new();
    shop.host().settle_on(policy);
    let payment = shop.opened(order("order-1")).await;
    shop.confirmed(&payment.id, card("c")).await;
    shop.deliver_events().await;
    (shop, payment)
}

/// Whatever was nudged is looked at, until nobody is nudged any more.
async fn look(shop: &Shop) {
    for nudged in shop.queue().drain() {
        match nudged.id {
            RowId::Payment(id) => drop(shop.retry(&id).await.unwrap()),
            RowId::Dispute(id) => drop(shop.retry_dispute(&id).await.unwrap()),
            RowId::Warning(id) => drop(shop.retry_warning(&id).await.unwrap()),
            RowId::Delivery(_) => {}
        }
    }
}

/// Time passes, and whatever falls due is looked at.
async fn pass(shop: &Shop, time: Duration) {
    shop.host().advance(time);
    shop.sweep().await.unwrap();
    look(shop).await;
}

/// The gateway says that there is news of a warning.
async fn warn(shop: &Shop, id: &WarningId) -> Received {
    let subject = Subject::Warning { id: id.clone() };
    let event = GatewayEvent { id: "evt_1".to_owned(), created_at: shop.host().now(), mode: SimGateway::MODE, subject };
    shop.webhook(event).await.unwrap()
}

/// A bank warns of the payment's charge, and somebody looks at that.
async fn warned(shop: &Shop, payment: &Payment, is_actionable: bool) -> Payment {
    shop.gateway().warnings().say(&id(1), about(payment), is_actionable, shop.host().now());
    assert_eq!(warn(shop, &id(1)).await, Received::Applied);
    look(shop).await;
    shop.row(&payment.id)
}

/// What went back, in the gateway's own books.
fn went_back(shop: &Shop) -> Vec<i64> {
    shop.gateway().refunds_made().iter().map(|refund| refund.minor_units).collect()
}

fn reason(payment: &Payment) -> Option<ReviewReason> {
    payment.attention.map(|review| review.reason)
}

#[test]
fn money_that_came_too_late_stays_where_the_merchant_has_not_settled_on_it() {
    block_on(async {
        let (shop, payment) = too_late(Policy::STANDARD).await;
        shop.deliver_events().await;
        let row = shop.at_rest(&payment.id).await;
        assert_eq!((row.captured().minor_units(), row.refundable().minor_units()), (PAID, PAID));
        assert!(went_back(&shop).is_empty());
    });
}

#[test]
fn money_that_came_too_late_goes_back_once_however_often_it_is_seen() {
    block_on(async {
        let (shop, payment) = too_late(LATE).await;
        let events = shop.gateway().take_events();
        let five_fold = events.iter().flat_map(|event| std::iter::repeat_n(event, 5));
        all(five_fold.map(|event| shop.webhook(event.clone()))).await;
        let row = shop.row(&payment.id);
        assert_eq!((row.refunds.len(), row.refundable().minor_units()), (1, 0), "reserved before anybody asks");
        assert_eq!(row.refunds[0].id, RefundId::automatic(&payment.id, "late_success"));
        assert!(went_back(&shop).is_empty(), "and a webhook asks no gateway");
        look(&shop).await;
        assert_eq!(went_back(&shop), [PAID]);
        for event in events {
            shop.webhook(event).await.unwrap();
        }
        shop.deliver_events().await;
        let row = shop.at_rest(&payment.id).await;
        assert_eq!((went_back(&shop), row.refunded().minor_units()), (vec![PAID], PAID));
        assert_eq!(reason(&row), Some(ReviewReason::LateSuccess), "a person sees it all the same");
        assert!(shop.host().notes().contains(&Note::AutomaticRefund));
    });
}

#[test]
fn a_lost_answer_to_a_refund_by_itself_is_looked_for_and_not_sent_twice() {
    for course in [
        gateway::Course::NotServed(UnknownReason::Timeout),
        gateway::Course::Unheard(UnknownReason::Timeout),
        gateway::Course::Late,
    ] {
        block_on(async {
            let (shop, payment) = too_late(LATE).await;
            shop.gateway().script(gateway::Call::Refund, [course]);
            shop.deliver_events().await;
            look(&shop).await;
            assert!(shop.row(&payment.id).is_in_doubt(), "{course:?}");
            shop.gateway().late_requests_arrive();
            let row = shop.at_rest(&payment.id).await;
            assert_eq!((went_back(&shop), row.refunded().minor_units()), (vec![PAID], PAID), "{course:?}");
        });
    }
}

#[test]
fn a_refund_by_itself_that_fails_is_not_made_again_and_a_person_is_told() {
    block_on(async {
        let (shop, payment) = too_late(LATE).await;
        let failed = RefundStatus::Failed { code: "lost_or_stolen_card".to_owned() };
        shop.gateway().refunds_become([failed]);
        shop.deliver_events().await;
        look(&shop).await;
        shop.deliver_events().await;
        let row = shop.at_rest(&payment.id).await;
        assert_eq!(reason(&row), Some(ReviewReason::AutomaticRefundFailed));
        assert_eq!((row.refunds.len(), row.refundable().minor_units(), went_back(&shop).len()), (1, PAID, 1));
        let asked = shop.refunded(&payment.id, give_back("by-hand", None)).await;
        assert_eq!(asked.refundable().minor_units(), 0, "the merchant may");
    });
}

/// The retry function did not run for half a day: whether it was sent, nobody can say any more.
#[test]
fn a_refund_by_itself_whose_key_has_died_is_for_a_person() {
    block_on(async {
        let (shop, payment) = too_late(LATE).await;
        shop.deliver_events().await;
        drop(shop.queue().drain());
        pass(&shop, Limits::KEY_YOUNG).await;
        let row = shop.row(&payment.id);
        assert_eq!((went_back(&shop), reason(&row)), (vec![], Some(ReviewReason::AutomaticRefundFailed)));
        assert!(row.is_in_doubt() && row.refundable().minor_units() == 0, "and stays reserved until somebody knows");
    });
}

#[test]
fn what_the_dashboard_gave_back_before_is_not_given_back_twice() {
    block_on(async {
        let (shop, payment) = too_late(LATE).await;
        let late = shop.gateway().take_events();
        assert!(shop.gateway().dashboard_refunds(&payment.object, PAID));
        drop(shop.gateway().take_events());
        for event in late {
            shop.webhook(event).await.unwrap();
        }
        look(&shop).await;
        for _ in 0..4 {
            pass(&shop, Limits::BACKOFF_CAP).await;
        }
        let row = shop.audit(&payment.id, Hour::AtRest);
        assert_eq!((went_back(&shop), row.refunded().minor_units()), (vec![PAID], PAID));
        assert!(!row.awaits_refunds(), "nobody waits for anything any more");
        let by_itself = row.refund(&RefundId::automatic(&payment.id, "late_success")).unwrap();
        assert!(matches!(by_itself.progress, RefundProgress::Failed { .. }), "{by_itself:?}");
        assert_eq!(reason(&row), Some(ReviewReason::LateSuccess), "no cent is missing");
    });
}

/// An order's money moves only by our own request: one that was on its way when the row ended.
#[test]
fn an_order_of_paypals_that_was_charged_too_late_goes_back_too() {
    block_on(async {
        let shop = Shop::new();
        shop.host().settle_on(LATE);
        let payment = shop.opened(paypal_order("order-1")).await;
        assert!(shop.gateway().payer_approves(&payment.object));
        shop.gateway().script(gateway::Call::Confirm, [gateway::Course::Late]);
        shop.confirmed(&payment.id, approved("c")).await;
        shop.gateway().script(gateway::Call::Confirm, [gateway::Course::Refused("ORDER_NOT_APPROVED"); 9]);
        // It is sent again, refused, and given up; then its first sending arrives after all.
        pass(&shop, Duration::from_secs(60)).await;
        shop.canceled(&payment.id, cancellation("x")).await;
        pass(&shop, Duration::from_secs(120)).await;
        assert_eq!(shop.row(&payment.id).state, PaymentState::Canceled);
        assert_eq!(shop.gateway().late_requests_arrive(), 1);
        pass(&shop, Limits::ON_ITS_WAY).await;
        pass(&shop, Duration::from_secs(60)).await;
        let row = shop.row(&payment.id);
        assert_eq!((went_back(&shop), row.refunded().minor_units()), (vec![PAID], PAID));
    });
}

/// Nobody owes what it holds, and nothing was taken that could be given back.
#[test]
fn what_is_held_on_an_order_of_paypals_after_the_end_is_let_go() {
    block_on(async {
        let shop = Shop::new();
        let mut order = paypal_order("order-1");
        order.terms.capture = CaptureMethod::Manual;
        let payment = shop.opened(order).await;
        assert!(shop.gateway().payer_approves(&payment.object));
        shop.gateway().script(gateway::Call::Confirm, [gateway::Course::Late]);
        shop.confirmed(&payment.id, approved("c")).await;
        shop.gateway().script(gateway::Call::Confirm, [gateway::Course::Refused("ORDER_NOT_APPROVED"); 9]);
        pass(&shop, Duration::from_secs(60)).await;
        shop.canceled(&payment.id, cancellation("x")).await;
        pass(&shop, Duration::from_secs(120)).await;
        assert_eq!(shop.row(&payment.id).state, PaymentState::Canceled);
        assert_eq!(shop.gateway().late_requests_arrive(), 1);
        assert_eq!(shop.gateway().charges()[0].standing, Standing::Held);
        pass(&shop, Limits::ON_ITS_WAY).await;
        pass(&shop, Duration::from_secs(60)).await;
        let row = shop.row(&payment.id);
        assert_eq!(shop.gateway().charges()[0].standing, Standing::Released);
        assert_eq!((row.state, row.due, row.look_owed), (PaymentState::Canceled, None, false));
    });
}

#[test]
fn an_event_about_a_warning_takes_one_read_and_one_write_and_asks_nobody() {
    block_on(async {
        let (shop, payment) = paid(Policy::STANDARD).await;
        drop(shop.queue().drain());
        shop.gateway().warnings().say(&id(1), about(&payment), true, shop.host().now());
        shop.tally().take();
        assert_eq!(warn(&shop, &id(1)).await, Received::Applied);
        assert_eq!(shop.tally().take(), Counts { reads: 1, writes: 1, nudges: 1, ..Counts::default() });
        assert_eq!(warn(&shop, &id(1)).await, Received::Superseded, "somebody is about to look");
    });
}

#[test]
fn a_warning_finds_its_payment_and_moves_no_money_unless_the_merchant_says_so() {
    block_on(async {
        let (shop, payment) = paid(Policy::STANDARD).await;
        let row = warned(&shop, &payment, true).await;
        let [warning] = row.warnings.as_slice() else { panic!("{:?}", row.warnings) };
        assert_eq!((&warning.id, warning.is_actionable), (&id(1), true));
        assert_eq!(warning.kind.as_str(), "made_with_stolen_card");
        assert!(shop.host().notes().contains(&Note::FraudWarning));
        assert_eq!(shop.store().warning(&id(1)).unwrap().due, None, "and nobody looks at it any more");
        let row = shop.at_rest(&payment.id).await;
        assert!(row.refunds.is_empty() && went_back(&shop).is_empty());
    });
}

#[test]
fn a_warning_that_calls_for_action_gives_back_what_is_left_where_the_merchant_says_so() {
    block_on(async {
        let (shop, payment) = paid(WARY).await;
        shop.refunded(&payment.id, give_back("r1", Some(250))).await;
        let row = warned(&shop, &payment, true).await;
        assert_eq!((row.refunds.len(), row.refundable().minor_units()), (2, 0), "reserved with the warning");
        assert_eq!(row.refunds[1].reason, Some(RefundReason::Fraudulent));
        assert_eq!(row.due, Some(row.updated_at), "and due at once");
        pass(&shop, Duration::from_secs(60)).await;
        assert_eq!(went_back(&shop), [250, 1_000]);
        // The refund makes the warning say that there is nothing left to be done.
        shop.gateway().warnings().say(&id(1), about(&payment), false, shop.host().now());
        for _ in 0..3 {
            warn(&shop, &id(1)).await;
            look(&shop).await;
        }
        let row = shop.at_rest(&payment.id).await;
        assert!(!row.warnings[0].is_actionable);
        assert_eq!((went_back(&shop).len(), row.refunded().minor_units()), (2, PAID), "once");
    });
}

#[test]
fn a_warning_that_calls_for_nothing_any_more_gives_nothing_back() {
    block_on(async {
        let (shop, payment) = paid(WARY).await;
        let row = warned(&shop, &payment, false).await;
        assert_eq!((row.warnings.len(), row.refunds.len()), (1, 0));
    });
}

#[test]
fn a_warning_that_comes_before_its_capture_is_known_is_kept_and_goes_back_with_it() {
    block_on(async {
        let shop = Shop::new();
        shop.host().settle_on(WARY);
        let payment = shop.opened(order("order-1")).await;
        shop.gateway().script(gateway::Call::Confirm, [gateway::Course::Unheard(UnknownReason::Timeout)]);
        shop.confirmed(&payment.id, card("c")).await;
        drop(shop.queue().drain());
        let row = warned(&shop, &payment, true).await;
        assert_eq!((row.warnings.len(), row.refunds.len()), (1, 0));
        let row = shop.at_rest(&payment.id).await;
        assert_eq!((went_back(&shop), row.refunded().minor_units()), (vec![PAID], PAID));
    });
}

#[test]
fn whatever_step_of_a_look_is_lost_the_payment_is_told_once_and_refunded_once() {
    use store::Course::{LostAfter, LostBefore, Well};
    let lost_writes = [LostBefore, LostAfter].into_iter().flat_map(|lost| {
        // The claim, what the look showed, the payment's row, that it was told.
        (0..4).map(move |well| std::iter::repeat_n(Well, well).chain([lost]).collect::<Vec<_>>())
    });
    for courses in lost_writes {
        block_on(async {
            let (shop, payment) = paid(WARY).await;
            drop(shop.queue().drain());
            shop.gateway().warnings().say(&id(1), about(&payment), true, shop.host().now());
            warn(&shop, &id(1)).await;
            shop.store().script(store::Call::Write, courses.clone());
            for nudged in shop.queue().drain() {
                let RowId::Warning(id) = nudged.id else { continue };
                assert!(shop.retry_warning(&id).await.is_err(), "{courses:?}");
            }
            for _ in 0..4 {
                pass(&shop, Limits::BACKOFF_CAP).await;
            }
            let row = shop.at_rest(&payment.id).await;
            assert_eq!((row.warnings.len(), went_back(&shop)), (1, vec![PAID]), "{courses:?}");
            let warning = shop.store().warning(&id(1)).unwrap();
            assert_eq!((warning.due, warning.is_told), (None, true), "{courses:?}");
        });
    }
}

#[test]
fn a_gateway_that_does_not_answer_is_asked_again() {
    block_on(async {
        let (shop, payment) = paid(Policy::STANDARD).await;
        shop.gateway().warnings().lose([UnknownReason::Timeout, UnknownReason::ServerError]);
        assert!(warned(&shop, &payment, true).await.warnings.is_empty());
        for _ in 0..3 {
            pass(&shop, Limits::BACKOFF_CAP).await;
        }
        assert_eq!(shop.row(&payment.id).warnings.len(), 1);
    });
}

#[test]
fn a_warning_about_nothing_of_ours_is_looked_at_once_and_one_that_is_nowhere_not_for_ever() {
    block_on(async {
        let shop = Shop::new();
        shop.gateway().warnings().say(&id(7), Link::NotOurs, true, shop.host().now());
        warn(&shop, &id(7)).await;
        look(&shop).await;
        assert_eq!(shop.store().warning(&id(7)).unwrap().due, None);

        warn(&shop, &id(8)).await;
        look(&shop).await;
        let mut looks = 0;
        while let Some(due) = shop.store().warning(&id(8)).unwrap().due {
            looks += 1;
            assert!(looks < 200);
            pass(&shop, due.since(shop.host().now())).await;
        }
        let warning = shop.store().warning(&id(8)).unwrap();
        assert_eq!(warning.attention.map(|review| review.reason), Some(ReviewReason::OutcomeUnknown));
    });
}

#[test]
fn a_warning_about_another_object_that_bears_our_id_moves_nothing() {
    block_on(async {
        let (shop, payment) = paid(WARY).await;
        let other = shop.gateway().opens_another(&payment.id, &payment.terms);
        let link = Link::Payment { id: payment.id.clone(), object: other };
        shop.gateway().warnings().say(&id(1), link, true, shop.host().now());
        warn(&shop, &id(1)).await;
        look(&shop).await;
        let row = shop.row(&payment.id);
        assert!(row.warnings.is_empty() && row.refunds.is_empty());
        assert_eq!(shop.store().warning(&id(1)).unwrap().due, None);
        assert!(shop.host().notes().contains(&Note::ForeignObject { holds_money: false }));
    });
}

#[test]
fn a_warning_about_a_payment_that_we_do_not_have_is_for_a_person() {
    block_on(async {
        let (shop, payment) = paid(WARY).await;
        let link = Link::Payment { id: world::payments::id(99), object: payment.object };
        shop.gateway().warnings().say(&id(1), link, true, shop.host().now());
        warn(&shop, &id(1)).await;
        look(&shop).await;
        let warning = shop.store().warning(&id(1)).unwrap();
        assert_eq!(warning.attention.map(|review| review.reason), Some(ReviewReason::ObjectMismatch));
        assert_eq!(warning.due, None);
    });
}
