//! `refund`: reserves, asks the gateway once for each key, and finds out what became of it; when answers are lost, when the
//! gateway changes its mind, and when the dashboard refunds behind our back.

#![expect(clippy::panic, reason = "a scenario that does not go as written is a failed test")]

use std::time::Duration;

use domain::{
    gateway::{RefundStatus, UnknownReason},
    id::TransactionId,
    payment::{Payment, RefundProgress, Rejection, ReviewReason},
    schedule::Limits,
};
use flow::{
    operations::refund::refund_id,
    ports::{AmountRefusal, Host as _, Note},
    steps::{PartError, RequestError, Requested},
};
use world::{
    audit::Hour,
    counting::Counts,
    gateway::{Call, Course, Effect},
    scenes::Scene,
    shop::{Shop, give_back, key, order},
    turns::{all, block_on},
};

const PAID: i64 = 1_250;

fn progress(payment: &Payment, name: &str) -> RefundProgress {
    payment
        .refund(&refund_id(&payment.id, &key(name)))
        .unwrap_or_else(|| panic!("{name} is not there"))
        .progress
        .clone()
}

fn left(payment: &Payment) -> i64 {
    payment.refundable().minor_units()
}

fn rejection(told: Result<Requested, PartError>) -> Rejection {
    match told {
        Err(PartError::NotRequested(RequestError::Rejected(rejection, _))) => rejection,
        other => panic!("not rejected: {other:?}"),
    }
}

async fn paid() -> (Shop, TransactionId) {
    Scene::Paid.set().await
}

/// After a refund `r1` of 500 took this course.
async fn refunding(course: Course) -> (Shop, TransactionId) {
    let (shop, id) = paid().await;
    shop.gateway().script(Call::Refund, [course]);
    shop.refunded(&id, give_back("r1", Some(500))).await;
    (shop, id)
}

#[test]
fn a_refund_is_one_read_two_writes_and_one_gateway_call() {
    block_on(async {
        let (shop, id) = paid().await;
        let payment = shop.refunded(&id, give_back("r1", Some(500))).await;
        let counted = Counts { reads: 1, writes: 2, gateway_calls: 1, ..Counts::default() };
        assert_eq!(shop.tally().take(), counted);
        assert_eq!(progress(&payment, "r1"), RefundProgress::Succeeded);
        assert_eq!((left(&payment), payment.refunded().minor_units(), payment.due), (750, 500, None));
        shop.deliver_events().await;
        assert_eq!(shop.at_rest(&id).await.version, payment.version, "its event tells nothing new");
    });
}

#[test]
fn the_same_request_is_the_same_refund() {
    block_on(async {
        let (shop, id) = paid().await;
        shop.refunded(&id, give_back("r1", Some(500))).await;
        let again = shop.refund(&id, give_back("r1", Some(500))).await;
        assert!(matches!(again, Ok(Requested::Replayed(_))), "{again:?}");
        assert_eq!(rejection(shop.refund(&id, give_back("r1", Some(501))).await), Rejection::IdempotencyKeyReused);
        assert_eq!(shop.gateway().sent_of(Call::Refund).len(), 1);
        shop.at_rest(&id).await;
    });
}

#[test]
fn parts_are_refunded_to_the_last_cent_and_not_one_more() {
    block_on(async {
        let (shop, id) = paid().await;
        for (name, amount) in [("r1", 1), ("r2", 1_248)] {
            shop.refunded(&id, give_back(name, Some(amount))).await;
        }
        let too_much = shop.refund(&id, give_back("r3", Some(2))).await;
        assert_eq!(rejection(too_much), Rejection::AmountExceedsRefundable);
        assert_eq!(left(&shop.refunded(&id, give_back("r4", None)).await), 0);
        assert_eq!(rejection(shop.refund(&id, give_back("r5", None)).await), Rejection::AmountExceedsRefundable);
        assert_eq!(shop.gateway().refunds_made().len(), 3);
        shop.at_rest(&id).await;
    });
}

#[test]
fn an_amount_that_the_gateway_cannot_write_is_refused_before_anything_is_written_down() {
    block_on(async {
        let (shop, id) = paid().await;
        let told = shop.refund(&id, give_back("r1", Some(1_000_000_000_000))).await;
        assert!(matches!(told, Err(PartError::AmountRefused(AmountRefusal::TooLarge))), "{told:?}");
        let told = shop.refund(&id, give_back("r1", Some(0))).await;
        assert!(matches!(told, Err(PartError::NotAnAmount(_))), "{told:?}");
        assert!(shop.row(&id).refunds.is_empty());
    });
}

#[test]
fn what_is_not_paid_is_not_refunded() {
    for scene in Scene::ALL.into_iter().filter(|scene| !matches!(scene, Scene::Paid | Scene::Refunding)) {
        block_on(async {
            let (shop, id) = scene.set().await;
            let told = rejection(shop.refund(&id, give_back("r1", Some(1))).await);
            assert!(matches!(told, Rejection::InvalidState { .. } | Rejection::InProgress), "{scene:?}: {told:?}");
            assert_eq!(shop.gateway().sent_of(Call::Refund).len(), 0);
        });
    }
}

#[test]
fn of_a_hundred_at_once_as_many_succeed_as_there_is_money() {
    block_on(async {
        let (shop, id) = paid().await;
        let answers = all((0..100).map(|number| shop.refund(&id, give_back(&format!("r{number}"), Some(25))))).await;
        let done = answers.iter().filter(|answer| answer.is_ok()).count();
        for answer in answers.into_iter().filter(Result::is_err) {
            let told = rejection(answer);
            let is_well =
                matches!(told, Rejection::AmountExceedsRefundable | Rejection::InProgress | Rejection::TooManyRefunds);
            assert!(is_well, "{told:?}");
        }
        shop.audit(&id, Hour::Midway);
        for number in 0..100 {
            // Who was told to come back comes back.
            drop(shop.refund(&id, give_back(&format!("r{number}"), Some(25))).await);
        }
        let row = shop.at_rest(&id).await;
        assert!(done > 0);
        assert_eq!((left(&row), row.refunded().minor_units(), row.refunds.len()), (0, PAID, 50));
    });
}

#[test]
fn a_lost_answer_is_found_out_by_our_id_and_nothing_is_refunded_twice() {
    let unheard = [UnknownReason::Timeout, UnknownReason::ServerError, UnknownReason::Unreadable];
    let courses = unheard.map(Course::Unheard).into_iter().chain(unheard.map(Course::NotServed)).chain([Course::Late]);
    for course in courses {
        block_on(async {
            let (shop, id) = refunding(course).await;
            let row = shop.row(&id);
            assert_eq!((progress(&row, "r1"), left(&row)), (RefundProgress::Unanswered, 750), "{course:?}");
            assert_eq!(shop.queue().waiting().len(), 1, "somebody looks soon");
            let row = shop.until_looked(&id).await;
            shop.gateway().late_requests_arrive();
            assert_eq!(progress(&row, "r1"), RefundProgress::Succeeded, "{course:?}");
            assert_eq!(shop.gateway().refunds_made().len(), 1, "{course:?}");
            shop.at_rest(&id).await;
        });
    }
}

#[test]
fn a_look_that_finds_nothing_to_send_again_sends_nothing() {
    block_on(async {
        let (shop, id) = refunding(Course::Unheard(UnknownReason::Timeout)).await;
        shop.until_looked(&id).await;
        assert_eq!(shop.gateway().sent_of(Call::Refund).len(), 1, "it was found in the list");
        assert_eq!(shop.gateway().sent_of(Call::ListRefunds).len(), 1);
    });
}

#[test]
fn a_failure_that_the_gateway_remembers_is_looked_for_and_then_for_a_person() {
    for (effect, end) in [(Effect::None, "pending"), (Effect::Whole, "succeeded")] {
        block_on(async {
            let (shop, id) = refunding(Course::SavedFailure(effect)).await;
            shop.until_looked(&id).await;
            let row = shop.until_looked(&id).await;
            assert_eq!(progress(&row, "r1").name(), end, "{effect:?}");
            let wanted = (effect == Effect::None).then_some(ReviewReason::OutcomeUnknown);
            assert_eq!(row.attention.map(|review| review.reason), wanted, "{effect:?}");
            assert_eq!(left(&row), 750, "still reserved");
            assert!(shop.gateway().sent_of(Call::Refund).len() <= 2, "its key is spent");
            shop.at_rest(&id).await;
        });
    }
}

#[test]
fn a_refusal_gives_the_money_back_to_the_balance_and_can_be_tried_anew() {
    block_on(async {
        let (shop, id) = refunding(Course::Refused("charge_disputed")).await;
        let row = shop.row(&id);
        assert_eq!(progress(&row, "r1"), RefundProgress::Failed { code: "charge_disputed".to_owned() });
        assert_eq!((left(&row), row.due), (PAID, None));
        assert_eq!(left(&shop.refunded(&id, give_back("r2", None)).await), 0);
        shop.at_rest(&id).await;
    });
}

#[test]
fn a_refusal_of_a_second_sending_has_failed_when_the_refund_is_not_there() {
    block_on(async {
        let (shop, id) = refunding(Course::NotServed(UnknownReason::Timeout)).await;
        shop.gateway().script(Call::Refund, [Course::Refused("balance_insufficient")]);
        let row = shop.until_looked(&id).await;
        assert_eq!(left(&row), 750, "still reserved");
        let row = shop.until_looked(&id).await;
        assert_eq!(progress(&row, "r1"), RefundProgress::Failed { code: "balance_insufficient".to_owned() });
        assert_eq!((left(&row), row.due), (PAID, None));
        shop.at_rest(&id).await;
    });
}

#[test]
fn a_key_that_is_old_is_not_sent_again() {
    block_on(async {
        let (shop, id) = refunding(Course::NotServed(UnknownReason::Timeout)).await;
        shop.host().advance(Limits::KEY_YOUNG);
        shop.gateway().forget_keys();
        let row = shop.until_looked(&id).await;
        assert_eq!(row.attention.map(|review| review.reason), Some(ReviewReason::OutcomeUnknown));
        assert_eq!(shop.gateway().sent_of(Call::Refund).len(), 1);
        assert!(shop.host().notes().contains(&Note::ReviewAsked));
        shop.at_rest(&id).await;
    });
}

/// A refund that took this course, of a payment whose money moved after it had ended: a person was called for that.
async fn refunding_too_late(course: Course) -> (Shop, TransactionId) {
    let shop = Shop::new();
    let payment = shop.opened(order("order-1")).await;
    assert!(shop.gateway().dashboard_cancels(&payment.object));
    shop.deliver_events().await;
    assert!(shop.gateway().money_moves_after_all(&payment.object));
    shop.deliver_events().await;
    shop.until_looked(&payment.id).await;
    shop.gateway().script(Call::Refund, [course]);
    shop.refunded(&payment.id, give_back("r1", Some(500))).await;
    assert_eq!(persons_called(&shop), 1);
    (shop, payment.id)
}

fn persons_called(shop: &Shop) -> usize {
    shop.host().notes().iter().filter(|note| **note == Note::ReviewAsked).count()
}

fn review(payment: &Payment) -> Option<ReviewReason> {
    payment.review().map(|review| review.reason)
}

#[test]
fn a_refund_whose_key_is_old_calls_a_person_though_its_payment_was_marked_before() {
    block_on(async {
        let (shop, id) = refunding_too_late(Course::NotServed(UnknownReason::Timeout)).await;
        shop.host().advance(Limits::KEY_YOUNG);
        for _ in 0..3 {
            assert_eq!(review(&shop.until_looked(&id).await), Some(ReviewReason::RefundUnknown));
        }
        assert_eq!(persons_called(&shop), 2, "once for the refund");
    });
}

#[test]
fn a_refund_that_nobody_could_look_at_is_a_persons_until_it_is_seen_and_what_was_said_before_stays() {
    block_on(async {
        let (shop, id) = refunding_too_late(Course::Unheard(UnknownReason::Timeout)).await;
        shop.gateway().script(Call::ListRefunds, vec![Course::NotServed(UnknownReason::Timeout); 20]);
        for _ in 0..=Limits::ROUNDS_BEFORE_REVIEW {
            shop.until_looked(&id).await;
        }
        assert_eq!((review(&shop.row(&id)), persons_called(&shop)), (Some(ReviewReason::RefundUnknown), 2));
        shop.faults_end();
        let row = shop.at_rest(&id).await;
        assert_eq!((progress(&row, "r1"), review(&row)), (RefundProgress::Succeeded, Some(ReviewReason::LateSuccess)));
    });
}

#[test]
fn a_refund_that_is_pending_is_looked_at_until_it_is_not() {
    block_on(async {
        let (shop, id) = paid().await;
        shop.gateway().refunds_become([RefundStatus::Pending]);
        let row = shop.refunded(&id, give_back("r1", Some(500))).await;
        assert_eq!((progress(&row, "r1"), left(&row)), (RefundProgress::Pending, 750));
        assert!(row.due.is_some() && !row.is_in_doubt());
        let reference = shop.gateway().refunds_made()[0].reference.clone();
        shop.gateway().refund_moves(&reference, RefundStatus::Succeeded);
        drop(shop.gateway().take_events());
        assert_eq!(
            progress(&shop.until_looked(&id).await, "r1"),
            RefundProgress::Succeeded,
            "though its event was lost"
        );
        assert_eq!(shop.at_rest(&id).await.due, None);
    });
}

#[test]
fn a_refund_that_fails_in_the_end_can_be_made_again() {
    block_on(async {
        let (shop, id) = paid().await;
        shop.refunded(&id, give_back("r1", None)).await;
        let reference = shop.gateway().refunds_made()[0].reference.clone();
        shop.gateway().refund_moves(&reference, RefundStatus::Failed { code: "lost_or_stolen_card".to_owned() });
        shop.deliver_events().await;
        let row = shop.row(&id);
        assert_eq!(progress(&row, "r1"), RefundProgress::Failed { code: "lost_or_stolen_card".to_owned() });
        assert_eq!((left(&row), row.refunded().minor_units()), (PAID, 0));
        assert_eq!(left(&shop.refunded(&id, give_back("r2", None)).await), 0);
        shop.at_rest(&id).await;
    });
}

#[test]
fn what_the_dashboard_refunds_is_found_and_counts() {
    block_on(async {
        let (shop, id) = paid().await;
        assert!(shop.gateway().dashboard_refunds(&shop.row(&id).object, 700));
        shop.deliver_events().await;
        assert_eq!(shop.queue().waiting().len(), 1, "its event says that it is there, and not what it is");
        let row = shop.until_looked(&id).await;
        assert_eq!((row.refunds.len(), left(&row)), (1, 550));
        shop.at_rest(&id).await;
        assert_eq!(rejection(shop.refund(&id, give_back("r1", Some(551))).await), Rejection::AmountExceedsRefundable);
    });
}

/// Neither its event nor its charge's says of which payment it was.
#[test]
fn what_the_dashboard_refunded_and_a_bank_sends_back_is_seen_within_a_day_though_nobody_says_so() {
    block_on(async {
        let (shop, id) = paid().await;
        assert!(shop.gateway().dashboard_refunds(&shop.row(&id).object, 700));
        shop.deliver_events().await;
        assert_eq!(left(&shop.until_looked(&id).await), 550);
        let looks = || shop.gateway().sent_of(Call::ListRefunds).len();
        let looked = looks();
        for day in 1..=7 {
            assert_eq!(left(&shop.until_looked(&id).await), 550);
            assert_eq!(looks(), looked + day, "once a day");
        }
        let reference = shop.gateway().refunds_made()[0].reference.clone();
        shop.gateway().refund_moves(&reference, RefundStatus::Failed { code: "expired_or_canceled_card".to_owned() });
        drop(shop.gateway().take_events());
        let now = shop.host().now();
        let row = shop.until_looked(&id).await;
        assert!(shop.host().now().since(now) <= Limits::REFUND_WATCH_INTERVAL);
        assert_eq!((left(&row), row.due, row.attention), (PAID, None, None));
        shop.at_rest(&id).await;
    });
}

#[test]
fn what_the_dashboard_took_first_is_refused_by_the_gateway_and_found() {
    block_on(async {
        let (shop, id) = paid().await;
        assert!(shop.gateway().dashboard_refunds(&shop.row(&id).object, 1_000));
        let row = shop.refunded(&id, give_back("r1", Some(500))).await;
        assert_eq!(progress(&row, "r1"), RefundProgress::Failed { code: "amount_too_large".to_owned() });
        shop.deliver_events().await;
        assert_eq!(left(&shop.at_rest(&id).await), 250);
    });
}

#[test]
fn events_of_a_refund_come_in_any_order_and_as_often_as_they_like() {
    block_on(async {
        let (shop, id) = paid().await;
        shop.gateway().refunds_become([RefundStatus::Pending]);
        shop.refunded(&id, give_back("r1", Some(500))).await;
        let reference = shop.gateway().refunds_made()[0].reference.clone();
        shop.gateway().refund_moves(&reference, RefundStatus::Succeeded);
        shop.gateway().refund_moves(&reference, RefundStatus::Failed { code: "declined".to_owned() });
        let events = shop.gateway().take_events();
        for event in events.iter().rev().chain(&events).cloned() {
            shop.webhook(event).await.unwrap_or_else(|error| panic!("{error:?}"));
            shop.audit(&id, Hour::Midway);
        }
        assert_eq!(left(&shop.at_rest(&id).await), PAID);
    });
}

#[test]
fn so_many_silent_looks_call_a_person_and_the_looking_goes_on() {
    block_on(async {
        let (shop, id) = refunding(Course::NotServed(UnknownReason::Timeout)).await;
        shop.gateway().script(Call::ListRefunds, vec![Course::NotServed(UnknownReason::Timeout); 20]);
        for _ in 0..Limits::ROUNDS_BEFORE_REVIEW {
            shop.until_looked(&id).await;
        }
        let row = shop.row(&id);
        assert_eq!(row.attention.map(|review| review.reason), Some(ReviewReason::OutcomeUnknown));
        assert!(row.due.is_some_and(|due| due.since(row.updated_at) <= Duration::from_secs(900)));
        shop.faults_end();
        shop.at_rest(&id).await;
    });
}
