//! `confirm` when others are faster: many requests at once, and answers that come when others have acted since. What else
//! can become of it, and of any two at once, is tried without exception in `scope`.

#![expect(clippy::panic, reason = "a scenario that does not go as written is a failed test")]

use std::pin::pin;

use domain::{
    id::TransactionId,
    payment::{Payment, PaymentState, Rejection},
};
use flow::{
    ports::{Host as _, Note},
    steps::{RequestError, Requested},
};
use world::{
    audit::Hour,
    gateway::{Call, Course, Verdict},
    host::SimHost,
    shop::{Shop, card, order},
    store,
    turns::{advance, all, block_on},
};

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

fn rejection(answer: Result<Requested, RequestError>) -> Rejection {
    match answer {
        Err(RequestError::Rejected(rejection, _)) => rejection,
        other => panic!("not rejected: {other:?}"),
    }
}

#[test]
fn writes_that_the_sdk_sent_twice_are_our_own() {
    block_on(async {
        let (shop, id) = shop().await;
        shop.store().script(store::Call::Write, [store::Course::SentTwice; 2]);
        assert!(is_paid(&shop.confirmed(&id, card("c")).await));
        assert!(!shop.host().notes().contains(&Note::Conflict));
    });
}

#[test]
fn of_twenty_at_once_with_their_own_keys_one_charges_and_the_others_are_told() {
    block_on(async {
        let (shop, id) = shop().await;
        let answers = all((0..20).map(|number| shop.confirm(&id, card(&format!("c{number}"))))).await;
        let attempted = answers.iter().filter(|answer| matches!(answer, Ok(Requested::Done(..)))).count();
        assert_eq!(attempted, 1);
        for answer in answers.into_iter().filter(Result::is_err) {
            let told = rejection(answer);
            assert!(matches!(told, Rejection::InProgress | Rejection::InvalidState { state: "succeeded" }), "{told:?}");
        }
        assert_eq!(shop.gateway().sent_of(Call::Confirm).len(), 1);
        assert!(is_paid(&shop.at_rest(&id).await));
    });
}

#[test]
fn of_twenty_at_once_with_one_key_one_charges_and_all_see_the_payment() {
    block_on(async {
        let (shop, id) = shop().await;
        let answers = all((0..20).map(|_| shop.confirm(&id, card("c")))).await;
        let attempted = answers.iter().filter(|answer| matches!(answer, Ok(Requested::Done(..)))).count();
        assert_eq!(attempted, 1);
        assert!(answers.iter().all(Result::is_ok));
        assert_eq!(shop.gateway().charges().len(), 1);
        assert!(is_paid(&shop.at_rest(&id).await));
    });
}

#[test]
fn an_answer_that_comes_late_closes_its_own_attempt_and_no_later_one() {
    block_on(async {
        let (shop, id) = shop().await;
        shop.gateway().bank_says([Verdict::Decline("generic_decline"), Verdict::Pending]);
        let mut first = pin!(shop.confirm(&id, card("c1")));
        assert!(advance(first.as_mut(), || !shop.gateway().sent_of(Call::Confirm).is_empty()).is_pending());
        // Its event is written first, and the payer tries again, before the first answer is heard.
        shop.deliver_events().await;
        shop.until_looked(&id).await;
        assert_eq!(shop.row(&id).state, PaymentState::RequiresPaymentMethod);
        let second = shop.confirmed(&id, card("c2")).await;
        assert!(advance(first, || false).is_ready());
        assert_eq!(shop.row(&id).attempts, second.attempts, "the decline is the first attempt's own");
        assert!(shop.gateway().bank_decides(&second.object, Verdict::Charge));
        assert!(is_paid(&shop.at_rest(&id).await));
    });
}

#[test]
fn a_refusal_that_a_second_sending_has_overtaken_closes_nothing() {
    block_on(async {
        let (shop, id) = shop().await;
        shop.gateway().script(Call::Confirm, [Course::Refused("resource_missing")]);
        let mut slow = pin!(shop.confirm(&id, card("c")));
        assert!(advance(slow.as_mut(), || !shop.gateway().sent_of(Call::Confirm).is_empty()).is_pending());
        shop.host().advance(shop.row(&id).due.unwrap_or(SimHost::START).since(shop.host().now()));
        let mut again = pin!(shop.retry(&id));
        assert!(advance(again.as_mut(), || !shop.gateway().charges().is_empty()).is_pending());
        assert!(slow.await.is_ok());
        shop.audit(&id, Hour::Midway);
        assert!(again.await.is_ok());
        assert!(is_paid(&shop.at_rest(&id).await));
    });
}
