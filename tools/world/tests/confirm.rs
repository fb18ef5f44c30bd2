//! `confirm` against the world: charged once, told the truth, whatever the gateway answers and whatever is lost on the way.
//! Races are in `confirm_races`, and whatever can become of it in `scope`.

#![expect(clippy::panic, reason = "a scenario that does not go as written is a failed test")]

use std::time::Duration;

use domain::{
    gateway::{NextAction, UnknownReason},
    id::{AttemptNumber, RequestHash, TransactionId, gateway_key},
    payment::{
        ATTEMPTS_MAX, AttemptProgress, AttemptResult, Payment, PaymentState, ProcessingReason, Rejection, ReviewReason,
    },
    schedule::Limits,
};
use flow::{
    ports::Note,
    steps::{RequestError, Requested},
};
use world::{
    audit::Hour,
    counting::Counts,
    gateway::{Call, Course, Effect, Standing, Verdict},
    payments,
    queue::Nudged,
    shop::{Shop, card, held_order, order},
    turns::block_on,
};

/// Every way in which nobody knows, but the one that is a fault of ours.
const UNKNOWN: [UnknownReason; 8] = [
    UnknownReason::NotSent,
    UnknownReason::Timeout,
    UnknownReason::ConnectionLost,
    UnknownReason::Unreadable,
    UnknownReason::ServerError,
    UnknownReason::KeyInUse,
    UnknownReason::RateLimited,
    UnknownReason::Unauthorized,
];

const NOBODY_KNOWS: PaymentState = PaymentState::Processing(ProcessingReason::OutcomeUnknown);

/// A shop with one payment opened, and nothing counted yet.
async fn shop() -> (Shop, TransactionId) {
    let shop = Shop::new();
    let id = shop.opened(order("order-1")).await.id;
    shop.gateway().take_events();
    shop.tally().take();
    (shop, id)
}

fn is_paid(payment: &Payment) -> bool {
    matches!(payment.state, PaymentState::Succeeded { .. })
}

fn standing(shop: &Shop) -> usize {
    shop.gateway().charges().iter().filter(|charge| charge.stands()).count()
}

fn rejection(answer: Result<Requested, RequestError>) -> Rejection {
    match answer {
        Err(RequestError::Rejected(rejection, _)) => rejection,
        other => panic!("not rejected: {other:?}"),
    }
}

/// All requests of one kind that were sent must be the same to the byte.
fn sent_the_same(shop: &Shop, call: Call) -> usize {
    let sent = shop.gateway().sent_of(call);
    assert!(sent.iter().all(|request| Some(request) == sent.first()), "{sent:#?}");
    sent.len()
}

#[test]
fn a_charge_costs_one_read_two_writes_and_one_gateway_call() {
    block_on(async {
        let (shop, id) = shop().await;
        let paid = shop.confirmed(&id, card("c")).await;
        assert_eq!(shop.tally().take(), Counts { reads: 1, writes: 2, gateway_calls: 1, ..Counts::default() });
        assert_eq!(paid.captured(), paid.terms.amount);
        assert_eq!(paid.attempts[0].progress, AttemptProgress::Closed(AttemptResult::Charged));
        assert_eq!(shop.at_rest(&id).await, paid);
    });
}

#[test]
fn a_decline_goes_back_to_the_payer_and_another_card_succeeds() {
    block_on(async {
        let (shop, id) = shop().await;
        shop.gateway().bank_says([Verdict::Decline("insufficient_funds")]);
        let declined = shop.confirmed(&id, card("c1")).await;
        assert_eq!(declined.state, PaymentState::RequiresPaymentMethod);
        assert_eq!(declined.attempts[0].decline().unwrap().code, "insufficient_funds");
        assert!(shop.queue().waiting().is_empty(), "a decline of a payer who is there never goes to the queue");
        assert!(is_paid(&shop.confirmed(&id, card("c2")).await));
        let keys: Vec<_> = shop.gateway().sent_of(Call::Confirm).into_iter().filter_map(|sent| sent.key).collect();
        assert_eq!(keys, [format!("{id}:confirm:1"), format!("{id}:confirm:2")]);
        shop.at_rest(&id).await;
    });
}

#[test]
fn three_d_secure_sends_the_payer_to_the_bank() {
    block_on(async {
        let (shop, id) = shop().await;
        shop.gateway().bank_says([Verdict::Challenge]);
        let waiting = shop.confirmed(&id, card("c")).await;
        let PaymentState::RequiresAction(NextAction::Redirect(url)) = &waiting.state else { panic!("{waiting:?}") };
        assert!(url.as_str().starts_with("https://bank.example/3ds/"));
        assert_eq!(
            rejection(shop.confirm(&id, card("c2")).await),
            Rejection::InvalidState { state: "requires_action" }
        );
        shop.audit(&id, Hour::AtRest);
    });
}

#[test]
fn money_that_is_to_be_held_is_held() {
    block_on(async {
        let shop = Shop::new();
        let id = shop.opened(held_order("order-1")).await.id;
        let held = shop.confirmed(&id, card("c")).await;
        assert_eq!(held.state, PaymentState::RequiresCapture { capturable: held.terms.amount });
        assert_eq!(shop.gateway().charges()[0].standing, Standing::Held);
        shop.audit(&id, Hour::AtRest);
    });
}

#[test]
fn a_slow_bank_is_waited_for() {
    for (verdict, end) in
        [(Verdict::Charge, "succeeded"), (Verdict::Decline("generic_decline"), "requires_payment_method")]
    {
        block_on(async {
            let (shop, id) = shop().await;
            shop.gateway().bank_says([Verdict::Pending]);
            let pending = shop.confirmed(&id, card("c")).await;
            assert_eq!(pending.state, PaymentState::Processing(ProcessingReason::GatewayPending));
            assert_eq!(rejection(shop.confirm(&id, card("c2")).await), Rejection::InProgress);
            assert_eq!(shop.at_rest(&id).await.state, pending.state);
            assert!(shop.gateway().bank_decides(&pending.object, verdict));
            assert_eq!(shop.at_rest(&id).await.state.name(), end);
        });
    }
}

#[test]
fn the_same_request_again_is_answered_from_the_row() {
    block_on(async {
        let (shop, id) = shop().await;
        let paid = shop.confirmed(&id, card("c")).await;
        shop.tally().take();
        let Ok(Requested::Replayed(again)) = shop.confirm(&id, card("c")).await else { panic!("not replayed") };
        assert_eq!(again, paid);
        assert_eq!(shop.tally().take(), Counts { reads: 1, ..Counts::default() });
    });
}

#[test]
fn an_old_request_again_is_answered_and_charges_nothing_even_when_the_next_is_due() {
    block_on(async {
        let (shop, id) = shop().await;
        shop.gateway().bank_says([Verdict::Decline("generic_decline")]);
        shop.confirmed(&id, card("c1")).await;
        let Ok(Requested::Replayed(_)) = shop.confirm(&id, card("c1")).await else { panic!("not replayed") };
        assert_eq!(shop.gateway().sent_of(Call::Confirm).len(), 1);
    });
}

#[test]
fn the_same_key_with_another_body_is_refused_and_changes_nothing() {
    block_on(async {
        let (shop, id) = shop().await;
        let paid = shop.confirmed(&id, card("c")).await;
        let mut other = card("c");
        other.request_hash = RequestHash::of([("paymentMethod", "pm_card_mastercard")]);
        assert_eq!(rejection(shop.confirm(&id, other).await), Rejection::IdempotencyKeyReused);
        assert_eq!(shop.row(&id), paid);
        assert_eq!(shop.gateway().sent_of(Call::Confirm).len(), 1);
    });
}

#[test]
fn when_nobody_knows_the_row_says_so_and_the_same_bytes_settle_it() {
    for reason in UNKNOWN {
        for course in [Course::NotServed(reason), Course::Unheard(reason)] {
            block_on(async {
                let (shop, id) = shop().await;
                shop.gateway().script(Call::Confirm, [course]);
                let answered = shop.confirmed(&id, card("c")).await;
                assert_eq!(answered.state, NOBODY_KNOWS, "{course:?}");
                assert!(shop.host().notes().contains(&Note::OutcomeUnknown(reason)));
                let delay = Limits::STANDARD.first_delay;
                assert_eq!(shop.queue().waiting(), [Nudged { id: id.clone().into(), delay }]);
                shop.audit(&id, Hour::Midway);
                assert!(is_paid(&shop.at_rest(&id).await), "{course:?}");
                assert_eq!((sent_the_same(&shop, Call::Confirm), standing(&shop)), (2, 1), "{course:?}");
            });
        }
    }
}

#[test]
fn a_lost_decline_is_still_a_decline_when_its_key_is_asked_again() {
    block_on(async {
        let (shop, id) = shop().await;
        shop.gateway().script(Call::Confirm, [Course::Unheard(UnknownReason::Timeout)]);
        shop.gateway().bank_says([Verdict::Decline("expired_card")]);
        shop.confirmed(&id, card("c")).await;
        let row = shop.at_rest(&id).await;
        assert_eq!(row.attempts[0].decline().unwrap().code, "expired_card");
        assert_eq!(shop.gateway().charges().len(), 1);
    });
}

#[test]
fn a_request_that_arrives_after_its_caller_gave_up_charges_once() {
    for arrives_before_the_retry in [true, false] {
        block_on(async {
            let (shop, id) = shop().await;
            shop.gateway().script(Call::Confirm, [Course::Late]);
            assert_eq!(shop.confirmed(&id, card("c")).await.state, NOBODY_KNOWS);
            if arrives_before_the_retry {
                assert_eq!(shop.gateway().late_requests_arrive(), 1);
            }
            assert!(is_paid(&shop.at_rest(&id).await));
            shop.gateway().late_requests_arrive();
            shop.audit(&id, Hour::AtRest);
            assert_eq!(shop.gateway().charges().len(), 1);
        });
    }
}

#[test]
fn a_failure_that_the_gateway_has_saved_is_an_answer_and_the_object_tells_the_rest() {
    for (effect, end) in [(Effect::None, "requires_payment_method"), (Effect::Whole, "succeeded")] {
        block_on(async {
            let (shop, id) = shop().await;
            shop.gateway().script(Call::Confirm, [Course::SavedFailure(effect)]);
            assert_eq!(shop.confirmed(&id, card("c")).await.state, NOBODY_KNOWS);
            let row = shop.until_looked(&id).await;
            assert_eq!(row.state.name(), end);
            assert_eq!(sent_the_same(&shop, Call::Confirm), 2);
            if effect == Effect::None {
                assert_eq!(row.attempts[0].progress, AttemptProgress::Closed(AttemptResult::NotCharged));
                assert!(is_paid(&shop.confirmed(&id, card("c2")).await));
            }
            shop.at_rest(&id).await;
        });
    }
}

#[test]
fn a_replayed_challenge_is_old_and_the_object_is_asked() {
    block_on(async {
        let (shop, id) = shop().await;
        shop.gateway().script(Call::Confirm, [Course::Unheard(UnknownReason::ConnectionLost)]);
        shop.gateway().bank_says([Verdict::Challenge]);
        let object = shop.confirmed(&id, card("c")).await.object;
        assert!(shop.gateway().payer_authenticates(&object, Verdict::Decline("generic_decline")));
        let row = shop.until_looked(&id).await;
        assert_eq!(row.state, PaymentState::RequiresPaymentMethod, "the saved answer still speaks of 3-D Secure");
        shop.at_rest(&id).await;
    });
}

#[test]
fn an_old_key_is_never_sent_again_and_the_object_is_asked() {
    for (course, end) in [
        (Course::NotServed(UnknownReason::Timeout), "requires_payment_method"),
        (Course::Unheard(UnknownReason::Timeout), "succeeded"),
    ] {
        block_on(async {
            let (shop, id) = shop().await;
            shop.gateway().script(Call::Confirm, [course]);
            shop.confirmed(&id, card("c")).await;
            // Nothing ran for half a day and longer; the gateway may forget from now on.
            shop.host().advance(Limits::KEY_YOUNG + Limits::ON_ITS_WAY);
            shop.gateway().forget_keys();
            assert_eq!(shop.until_looked(&id).await.state.name(), end);
            assert_eq!(sent_the_same(&shop, Call::Confirm), 1);
            shop.at_rest(&id).await;
        });
    }
}

#[test]
fn an_old_key_on_an_object_that_waits_for_its_payer_lets_the_payer_pay() {
    block_on(async {
        let (shop, id) = shop().await;
        shop.gateway().script(Call::Confirm, [Course::Unheard(UnknownReason::Timeout)]);
        shop.gateway().bank_says([Verdict::Challenge]);
        let object = shop.confirmed(&id, card("c")).await.object;
        shop.host().advance(Limits::KEY_YOUNG + Limits::ON_ITS_WAY);
        shop.gateway().forget_keys();
        assert_eq!(shop.until_looked(&id).await.state.name(), "requires_action");
        assert!(shop.gateway().payer_authenticates(&object, Verdict::Charge));
        assert!(is_paid(&shop.at_rest(&id).await));
    });
}

#[test]
fn a_key_that_the_gateway_knows_with_another_request_is_a_fault_of_ours_and_no_decline() {
    block_on(async {
        let (shop, id) = shop().await;
        shop.gateway().taint_key(&gateway_key::confirm(&id, AttemptNumber::FIRST));
        let answered = shop.confirmed(&id, card("c")).await;
        assert_eq!(answered.state, NOBODY_KNOWS);
        assert_eq!(answered.attention.unwrap().reason, ReviewReason::KeyMismatch);
        assert!(shop.host().notes().contains(&Note::ReviewAsked));
        let row = shop.at_rest(&id).await;
        assert_eq!(row.state, NOBODY_KNOWS);
        shop.host().advance(Limits::KEY_YOUNG + Limits::ON_ITS_WAY);
        assert_eq!(shop.until_looked(&id).await.state, PaymentState::RequiresPaymentMethod, "an old key: looked up");
    });
}

#[test]
fn a_method_that_the_gateway_will_not_take_is_like_a_decline() {
    block_on(async {
        let (shop, id) = shop().await;
        shop.gateway().script(Call::Confirm, [Course::Refused("resource_missing")]);
        let row = shop.confirmed(&id, card("c")).await;
        assert_eq!(row.state, PaymentState::RequiresPaymentMethod);
        assert_eq!(row.attempts[0].decline().unwrap().code, "payment_method_unusable");
        assert!(is_paid(&shop.confirmed(&id, card("c2")).await));
        shop.at_rest(&id).await;
    });
}

#[test]
fn a_payment_that_the_browser_has_paid_in_between_is_found_paid() {
    block_on(async {
        let (shop, id) = shop().await;
        let object = shop.row(&id).object;
        assert!(shop.gateway().browser_confirms(&object, Verdict::Charge));
        assert!(is_paid(&shop.confirmed(&id, card("c")).await));
        assert_eq!(shop.gateway().charges().len(), 1);
        shop.at_rest(&id).await;
    });
}

#[test]
fn a_payment_that_the_browser_has_left_pending_is_not_confirmed_over_it() {
    block_on(async {
        let (shop, id) = shop().await;
        let object = shop.row(&id).object;
        assert!(shop.gateway().browser_confirms(&object, Verdict::Pending));
        shop.confirmed(&id, card("c")).await;
        assert_eq!(shop.at_rest(&id).await.state, PaymentState::Processing(ProcessingReason::GatewayPending));
        assert!(shop.gateway().bank_decides(&object, Verdict::Charge));
        assert!(is_paid(&shop.at_rest(&id).await));
    });
}

#[test]
fn when_the_time_is_over_nobody_is_charged() {
    block_on(async {
        let (shop, id) = shop().await;
        let expires_in = shop.row(&id).terms.expires_in;
        shop.host().advance(expires_in - Duration::from_millis(1));
        shop.gateway().bank_says([Verdict::Decline("generic_decline")]);
        shop.confirmed(&id, card("c1")).await;
        shop.host().advance(Duration::from_millis(1));
        assert_eq!(rejection(shop.confirm(&id, card("c2")).await), Rejection::TimeIsOver);
        assert_eq!(shop.at_rest(&id).await.state, PaymentState::Expired);
    });
}

#[test]
fn after_as_many_attempts_as_a_row_records_no_more_are_made_and_a_success_is_still_recorded() {
    block_on(async {
        let (shop, id) = shop().await;
        shop.gateway().bank_says(vec![Verdict::Decline("generic_decline"); ATTEMPTS_MAX]);
        for number in 0..ATTEMPTS_MAX {
            shop.confirmed(&id, card(&format!("c{number}"))).await;
        }
        assert_eq!(rejection(shop.confirm(&id, card("one-more")).await), Rejection::TooManyAttempts);
        let object = shop.row(&id).object;
        assert!(shop.gateway().browser_confirms(&object, Verdict::Charge));
        assert!(is_paid(&shop.at_rest(&id).await));
    });
}

#[test]
fn a_payment_that_is_not_there_is_not_found() {
    block_on(async {
        let shop = Shop::new();
        assert!(matches!(shop.confirm(&payments::id(1), card("c")).await, Err(RequestError::NotFound)));
        assert_eq!(shop.tally().take(), Counts { reads: 1, ..Counts::default() });
    });
}
