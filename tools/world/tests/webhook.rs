//! `webhook` against the world: events come late, twice, shuffled, forged in good faith, or never; the row ends right.

use std::time::Duration;

use domain::{
    gateway::{Mode, ObjectStatus, Outcome, UnknownReason},
    payment::{
        AttemptProgress, AttemptResult, AttemptSource, Payment, PaymentState, ProcessingReason, Rejection, ReviewReason,
    },
};
use flow::{
    operations::{
        initiate::transaction_id,
        webhook::{GatewayEvent, News, Received, Subject},
    },
    ports::Note,
    steps::RequestError,
};
use world::{
    audit::Hour,
    counting::Counts,
    gateway::{Call, Course, Verdict},
    queue::Nudged,
    shop::{Shop, card, held_order, order},
    turns::{all, block_on},
};

const HOUR: Duration = Duration::from_secs(3_600);
const NOBODY_KNOWS: PaymentState = PaymentState::Processing(ProcessingReason::OutcomeUnknown);

/// A shop with one payment opened, the event of its opening gone, and nothing counted yet.
async fn shop() -> (Shop, Payment) {
    let shop = Shop::new();
    let payment = shop.opened(order("order-1")).await;
    shop.gateway().take_events();
    shop.tally().take();
    (shop, payment)
}

fn is_paid(payment: &Payment) -> bool {
    matches!(payment.state, PaymentState::Succeeded { .. })
}

/// The one event that the gateway has made.
fn only_event(shop: &Shop) -> GatewayEvent {
    let mut events = shop.gateway().take_events();
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

#[test]
fn a_payment_by_the_browser_costs_one_read_and_one_write_and_is_written_as_the_gateways() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().browser_confirms(&payment.object, Verdict::Charge);
        assert_eq!(shop.webhook(only_event(&shop)).await, Ok(Received::Applied));
        assert_eq!(shop.tally().take(), Counts { reads: 1, writes: 1, ..Counts::default() });
        let paid = shop.at_rest(&payment.id).await;
        assert!(is_paid(&paid));
        assert_eq!(paid.attempts[0].source, AttemptSource::Gateway);
        assert_eq!(paid.attempts[0].progress, AttemptProgress::Closed(AttemptResult::Charged));
    });
}

#[test]
fn an_event_that_proves_nothing_final_has_the_row_looked_at_and_asks_no_gateway() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().browser_confirms(&payment.object, Verdict::Challenge);
        assert_eq!(shop.webhook(only_event(&shop)).await, Ok(Received::Applied));
        assert_eq!(shop.tally().take(), Counts { reads: 1, writes: 1, nudges: 1, ..Counts::default() });
        let row = shop.row(&payment.id);
        assert_eq!((row.state, row.due), (PaymentState::RequiresPaymentMethod, Some(row.updated_at)));
        assert_eq!(shop.queue().waiting(), [Nudged { id: payment.id.clone().into(), delay: Duration::ZERO }]);
        assert_eq!(shop.until_looked(&payment.id).await.state.name(), "requires_action");
    });
}

#[test]
fn a_payer_who_passes_3_d_secure_has_paid() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().bank_says([Verdict::Challenge]);
        shop.confirmed(&payment.id, card("c")).await;
        shop.gateway().take_events();
        shop.gateway().payer_authenticates(&payment.object, Verdict::Charge);
        assert_eq!(shop.webhook(only_event(&shop)).await, Ok(Received::Applied));
        let paid = shop.at_rest(&payment.id).await;
        assert!(is_paid(&paid));
        assert_eq!(paid.attempts.len(), 1);
    });
}

#[test]
fn a_payer_who_fails_3_d_secure_may_try_another_card() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().bank_says([Verdict::Challenge]);
        shop.confirmed(&payment.id, card("c1")).await;
        shop.gateway().take_events();
        shop.gateway().payer_fails(&payment.object);
        shop.webhook(only_event(&shop)).await.unwrap();
        assert_eq!(shop.row(&payment.id).state.name(), "requires_action", "an event's snapshot may be old");
        assert_eq!(shop.until_looked(&payment.id).await.state, PaymentState::RequiresPaymentMethod);
        assert!(is_paid(&shop.confirmed(&payment.id, card("c2")).await));
        shop.at_rest(&payment.id).await;
    });
}

#[test]
fn an_event_delivered_again_is_superseded_and_writes_nothing() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().browser_confirms(&payment.object, Verdict::Charge);
        let event = only_event(&shop);
        assert_eq!(shop.webhook(event.clone()).await, Ok(Received::Applied));
        let (row, commits) = (shop.row(&payment.id), shop.store().commits().len());
        assert_eq!(shop.webhook(event).await, Ok(Received::Superseded));
        assert_eq!((shop.row(&payment.id), shop.store().commits().len()), (row, commits));
    });
}

#[test]
fn one_event_delivered_by_twenty_at_once_is_applied_once() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().browser_confirms(&payment.object, Verdict::Charge);
        let event = only_event(&shop);
        let received = all((0..20).map(|_| shop.webhook(event.clone()))).await;
        assert_eq!(received.iter().filter(|one| **one == Ok(Received::Applied)).count(), 1);
        assert_eq!(received.iter().filter(|one| **one == Ok(Received::Superseded)).count(), 19);
        assert!(is_paid(&shop.at_rest(&payment.id).await));
    });
}

#[test]
fn an_old_decline_does_not_close_a_later_attempt() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().bank_says([Verdict::Decline("generic_decline")]);
        shop.confirmed(&payment.id, card("c1")).await;
        let decline = only_event(&shop);
        shop.gateway().script(Call::Confirm, [Course::Late]);
        let unknown = shop.confirmed(&payment.id, card("c2")).await;
        shop.webhook(decline).await.unwrap();
        assert_eq!(shop.row(&payment.id).attempts, unknown.attempts);
        assert_eq!(shop.row(&payment.id).state, NOBODY_KNOWS);
        shop.gateway().late_requests_arrive();
        assert!(is_paid(&shop.at_rest(&payment.id).await));
    });
}

#[test]
fn the_event_of_a_lost_decline_tells_it_without_asking_again() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().bank_says([Verdict::Decline("expired_card")]);
        shop.gateway().script(Call::Confirm, [Course::Unheard(UnknownReason::Timeout)]);
        shop.confirmed(&payment.id, card("c")).await;
        assert_eq!(shop.webhook(only_event(&shop)).await, Ok(Received::Applied));
        let row = shop.at_rest(&payment.id).await;
        assert_eq!(row.attempts[0].decline().unwrap().code, "expired_card");
        assert_eq!(shop.gateway().sent_of(Call::Confirm).len(), 1);
    });
}

#[test]
fn the_event_of_a_lost_challenge_answers_the_attempt_and_has_it_looked_at() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().bank_says([Verdict::Challenge]);
        shop.gateway().script(Call::Confirm, [Course::Unheard(UnknownReason::Timeout)]);
        shop.confirmed(&payment.id, card("c")).await;
        assert_eq!(shop.queue().drain().len(), 1);
        assert_eq!(shop.webhook(only_event(&shop)).await, Ok(Received::Applied));
        assert_eq!(shop.row(&payment.id).attempts[0].progress, AttemptProgress::Answered);
        assert_eq!(shop.queue().waiting().len(), 1);
        assert_eq!(shop.until_looked(&payment.id).await.state.name(), "requires_action");
        assert_eq!(shop.gateway().sent_of(Call::Confirm).len(), 1);
    });
}

#[test]
fn a_row_that_is_looked_at_soon_is_not_hurried() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().script(Call::Confirm, [Course::NotServed(UnknownReason::Timeout)]);
        let unknown = shop.confirmed(&payment.id, card("c")).await;
        shop.gateway().browser_confirms(&payment.object, Verdict::Challenge);
        assert_eq!(shop.webhook(only_event(&shop)).await, Ok(Received::Superseded));
        assert_eq!(shop.row(&payment.id), unknown);
    });
}

#[test]
fn an_event_of_the_other_mode_is_not_even_read_against_a_row() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().browser_confirms(&payment.object, Verdict::Charge);
        let event = GatewayEvent { mode: Mode::Live, ..only_event(&shop) };
        assert_eq!(shop.webhook(event).await, Ok(Received::WrongMode));
        assert_eq!(shop.tally().take(), Counts::default());
    });
}

#[test]
fn an_object_of_the_other_mode_in_an_event_of_ours_is_never_a_success() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().browser_confirms(&payment.object, Verdict::Charge);
        let mut event = only_event(&shop);
        if let Subject::Payment { news: News::Object { outcome: Outcome::Object(object), .. }, .. } = &mut event.subject
        {
            object.mode = Mode::Live;
        }
        assert_eq!(shop.webhook(event).await, Ok(Received::Applied));
        let row = shop.row(&payment.id);
        assert_eq!(row.attention.unwrap().reason, ReviewReason::ObjectMismatch);
        assert_eq!(row.state, PaymentState::RequiresPaymentMethod);
    });
}

#[test]
fn an_event_about_nothing_of_ours_is_left_alone() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().browser_confirms(&payment.object, Verdict::Charge);
        let event = GatewayEvent { subject: Subject::Other, ..only_event(&shop) };
        assert_eq!(shop.webhook(event).await, Ok(Received::NotOurs));
        assert_eq!(shop.tally().take(), Counts::default());
    });
}

#[test]
fn another_object_that_bears_our_id_is_counted_and_changes_nothing() {
    block_on(async {
        let (shop, payment) = shop().await;
        let other = shop.gateway().opens_another(&payment.id, &payment.terms);
        shop.gateway().take_events();
        shop.gateway().browser_confirms(&other, Verdict::Decline("generic_decline"));
        assert_eq!(shop.webhook(only_event(&shop)).await, Ok(Received::Foreign));
        assert_eq!(shop.row(&payment.id), payment);
        assert_eq!(shop.host().notes(), [Note::ForeignObject { holds_money: false }]);
    });
}

#[test]
fn money_on_another_object_that_bears_our_id_calls_a_person_once_and_nobody_charges_the_payer_again() {
    block_on(async {
        let (shop, payment) = shop().await;
        let other = shop.gateway().opens_another(&payment.id, &payment.terms);
        shop.gateway().take_events();
        shop.gateway().browser_confirms(&other, Verdict::Charge);
        let event = only_event(&shop);
        assert_eq!(shop.webhook(event.clone()).await, Ok(Received::Foreign));
        let row = shop.row(&payment.id);
        assert_eq!(row.attention.map(|review| review.reason), Some(ReviewReason::MoneyElsewhere));
        assert_eq!((&row.state, row.due), (&payment.state, payment.due), "the payment itself has not moved");
        assert_eq!(shop.host().notes(), [Note::ForeignObject { holds_money: true }, Note::ReviewAsked]);
        assert_eq!(shop.webhook(event).await, Ok(Received::Foreign));
        assert_eq!(shop.row(&payment.id), row, "once is enough");
        let Err(RequestError::Rejected(Rejection::UnderReview, _)) = shop.confirm(&payment.id, card("c")).await else {
            panic!("the payer would have paid twice")
        };
    });
}

#[test]
fn an_attempt_is_not_sent_again_while_money_stands_elsewhere() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().script(Call::Confirm, [Course::NotServed(UnknownReason::NotSent)]);
        shop.confirmed(&payment.id, card("c")).await;
        let other = shop.gateway().opens_another(&payment.id, &payment.terms);
        shop.gateway().browser_confirms(&other, Verdict::Charge);
        shop.deliver_events().await;
        shop.until_looked(&payment.id).await;
        assert_eq!(shop.gateway().sent_of(Call::Confirm).len(), 1);
        assert_eq!(shop.gateway().sent_of(Call::Fetch).len(), 1);
    });
}

#[test]
fn an_event_may_come_before_its_row_and_is_delivered_again() {
    block_on(async {
        let shop = Shop::new();
        let request = order("order-1");
        let object = shop.gateway().opens_another(&transaction_id(&request.key), &request.terms);
        shop.gateway().take_events();
        shop.gateway().dashboard_cancels(&object);
        let event = only_event(&shop);
        shop.host().advance(HOUR - Duration::from_millis(1));
        assert_eq!(shop.webhook(event.clone()).await, Ok(Received::NotYet));
        shop.host().advance(Duration::from_millis(1));
        assert_eq!(shop.webhook(event).await, Ok(Received::NoRow));
    });
}

#[test]
fn a_look_that_could_not_be_asked_for_stands_on_the_row() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().browser_confirms(&payment.object, Verdict::Challenge);
        shop.queue().fail_next(1);
        shop.webhook(only_event(&shop)).await.unwrap();
        assert!(shop.host().notes().iter().any(|note| matches!(note, Note::NudgeLost(_))));
        assert_eq!(shop.until_looked(&payment.id).await.state.name(), "requires_action");
    });
}

#[test]
fn what_the_dashboard_cancels_is_canceled_and_a_hold_that_runs_out_is_expired() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().dashboard_cancels(&payment.object);
        shop.deliver_events().await;
        assert_eq!(shop.at_rest(&payment.id).await.state, PaymentState::Canceled);

        let held = shop.opened(held_order("order-2")).await;
        shop.confirmed(&held.id, card("c")).await;
        shop.gateway().dashboard_cancels(&held.object);
        shop.deliver_events().await;
        assert_eq!(shop.at_rest(&held.id).await.state, PaymentState::Expired);
    });
}

#[test]
fn what_the_dashboard_captures_has_succeeded_with_as_much() {
    block_on(async {
        let shop = Shop::new();
        let held = shop.opened(held_order("order-1")).await;
        shop.gateway().take_events();
        shop.confirmed(&held.id, card("c")).await;
        let early = shop.gateway().take_events();
        assert_eq!(early.len(), 1);
        assert!(shop.gateway().dashboard_captures(&held.object, 700));
        shop.deliver_events().await;
        for event in early {
            assert_eq!(shop.webhook(event).await, Ok(Received::Superseded), "an old hold undoes no capture");
        }
        assert_eq!(shop.at_rest(&held.id).await.captured().minor_units(), 700);
    });
}

#[test]
fn money_for_another_amount_is_never_a_success_and_a_person_is_called() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().dashboard_reprices(&payment.object, 100);
        shop.gateway().browser_confirms(&payment.object, Verdict::Charge);
        shop.deliver_events().await;
        let row = shop.row(&payment.id);
        assert_eq!(row.state, PaymentState::RequiresPaymentMethod);
        assert_eq!(row.attention.unwrap().reason, ReviewReason::ObjectMismatch);
        assert!(shop.host().notes().contains(&Note::ReviewAsked));
        assert!(row.due.is_some(), "it is still looked at");
    });
}

#[test]
fn a_word_that_we_do_not_know_is_never_guessed_at() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().browser_confirms(&payment.object, Verdict::Challenge);
        let mut event = only_event(&shop);
        if let Subject::Payment { news: News::Object { outcome: Outcome::Object(object), .. }, .. } = &mut event.subject
        {
            object.status = ObjectStatus::Unrecognized("requires_dance".to_owned());
        }
        shop.webhook(event).await.unwrap();
        let row = shop.row(&payment.id);
        assert_eq!(row.state, PaymentState::RequiresPaymentMethod);
        assert_eq!(row.attention.unwrap().reason, ReviewReason::UnrecognizedStatus);
    });
}

#[test]
fn money_that_moved_after_the_end_is_written_down_and_a_person_is_called() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().browser_confirms(&payment.object, Verdict::Charge);
        let late = only_event(&shop);
        // The gateway contradicts itself: it shows the object canceled although it charged.
        let mut canceled = late.clone();
        if let Subject::Payment { news: News::Object { outcome: Outcome::Object(object), .. }, .. } =
            &mut canceled.subject
        {
            object.status = ObjectStatus::Canceled;
        }
        shop.webhook(canceled).await.unwrap();
        assert_eq!(shop.row(&payment.id).state, PaymentState::Canceled);
        assert_eq!(shop.webhook(late).await, Ok(Received::Applied));
        let row = shop.audit(&payment.id, Hour::AtRest);
        assert!(is_paid(&row));
        assert_eq!(row.attention.unwrap().reason, ReviewReason::LateSuccess);
    });
}
