//! `confirm` when others are faster: requests at once, a store that fails, events that overtake, and functions that are
//! killed between any two steps.

#![expect(clippy::panic, reason = "a scenario that does not go as written is a failed test")]

use std::{
    pin::{Pin, pin},
    task::Poll,
};

use domain::{
    gateway::UnknownReason,
    id::{RequestHash, TransactionId},
    payment::{CancelRequest, Command, Payment, PaymentState, ProcessingReason, Rejection},
};
use flow::{
    ports::{Host as _, Note},
    steps::{RequestError, Requested},
};
use world::{
    audit::Hour,
    gateway::{Call, Course, Verdict},
    host::SimHost,
    shop::{Shop, card, key, order},
    store,
    turns::{advance, all, block_on},
};

const NOBODY_KNOWS: PaymentState = PaymentState::Processing(ProcessingReason::OutcomeUnknown);

type Turn<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

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
fn when_the_store_fails_before_the_gateway_was_asked_nothing_was_asked() {
    let before = [(store::Call::Load, store::Course::LostBefore), (store::Call::Write, store::Course::LostBefore)];
    for (call, course) in before {
        block_on(async {
            let (shop, id) = shop().await;
            let row = shop.row(&id);
            shop.store().script(call, [course]);
            assert!(matches!(shop.confirm(&id, card("c")).await, Err(RequestError::Failed(_))));
            assert!(shop.gateway().sent_of(Call::Confirm).is_empty());
            assert_eq!(shop.row(&id), row);
            assert!(is_paid(&shop.confirmed(&id, card("c")).await), "the client asks again with its key");
        });
    }
}

#[test]
fn a_claim_whose_answer_was_lost_is_taken_up_by_the_sweep_or_told_to_the_client() {
    block_on(async {
        let (shop, id) = shop().await;
        shop.store().script(store::Call::Write, [store::Course::LostAfter]);
        assert!(matches!(shop.confirm(&id, card("c")).await, Err(RequestError::Failed(_))));
        assert!(shop.gateway().sent_of(Call::Confirm).is_empty());
        let Ok(Requested::Replayed(row)) = shop.confirm(&id, card("c")).await else { panic!("not replayed") };
        assert_eq!(row.state, NOBODY_KNOWS);
        assert!(is_paid(&shop.at_rest(&id).await));
        assert_eq!(shop.gateway().charges().len(), 1);
    });
}

#[test]
fn when_the_store_fails_after_the_gateway_was_asked_the_client_is_told_what_is_certain() {
    for course in [store::Course::LostBefore, store::Course::LostAfter] {
        block_on(async {
            let (shop, id) = shop().await;
            shop.store().script(store::Call::Write, [store::Course::Well, course]);
            assert_eq!(shop.confirmed(&id, card("c")).await.state, NOBODY_KNOWS);
            assert!(shop.host().notes().iter().any(|note| matches!(note, Note::OutcomeNotRecorded(_))));
            assert!(is_paid(&shop.at_rest(&id).await), "{course:?}");
            assert_eq!(shop.gateway().charges().len(), 1);
        });
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
fn a_nudge_that_is_lost_costs_time_and_nothing_else() {
    block_on(async {
        let (shop, id) = shop().await;
        shop.gateway().script(Call::Confirm, [Course::Unheard(UnknownReason::Timeout)]);
        shop.queue().fail_next(1);
        shop.confirmed(&id, card("c")).await;
        assert!(shop.host().notes().iter().any(|note| matches!(note, Note::NudgeLost(_))));
        assert!(is_paid(&shop.at_rest(&id).await));
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
fn a_webhook_that_overtakes_the_answer_writes_the_same_fact_once() {
    for verdict in [Verdict::Charge, Verdict::Decline("generic_decline"), Verdict::Challenge, Verdict::Pending] {
        block_on(async {
            let (shop, id) = shop().await;
            shop.gateway().bank_says([verdict]);
            let (_, untroubled) = shop_after(verdict).await;
            let mut confirm = pin!(shop.confirm(&id, card("c")));
            assert!(advance(confirm.as_mut(), || !shop.gateway().sent_of(Call::Confirm).is_empty()).is_pending());
            shop.deliver_events().await;
            shop.audit(&id, Hour::Midway);
            let Poll::Ready(Ok(Requested::Done(answered))) = advance(confirm, || false) else {
                panic!("not attempted")
            };
            assert_eq!(answered.state, untroubled.state);
            assert_eq!(shop.at_rest(&id).await.state, untroubled.state);
        });
    }
}

/// A payment that was confirmed with this verdict and no trouble.
async fn shop_after(verdict: Verdict) -> (Shop, Payment) {
    let (shop, id) = shop().await;
    shop.gateway().bank_says([verdict]);
    let payment = shop.confirmed(&id, card("c")).await;
    (shop, payment)
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
fn a_function_that_is_killed_anywhere_leaves_what_the_sweep_can_finish() {
    let verdicts = [Verdict::Charge, Verdict::Decline("generic_decline"), Verdict::Challenge, Verdict::Pending];
    for verdict in verdicts {
        let mut killed = 0;
        for turns in 0.. {
            let ended = block_on(async {
                let (shop, id) = shop().await;
                shop.gateway().bank_says([verdict, verdict]);
                let mut turn = 0;
                let enough = || {
                    turn += 1;
                    turn > turns
                };
                let ended = {
                    let confirm = pin!(shop.confirm(&id, card("c")));
                    advance(confirm, enough).is_ready()
                };
                shop.audit(&id, Hour::Midway);
                shop.at_rest(&id).await;
                assert!(shop.gateway().charges().len() <= 1, "killed after {turns} turns");
                // The client asks again with its key, and in the end the payment is where it would have been.
                shop.confirm(&id, card("c")).await.unwrap();
                let row = shop.at_rest(&id).await;
                assert_eq!(row.state.name(), shop_after(verdict).await.1.state.name(), "killed after {turns} turns");
                ended
            });
            if ended {
                break;
            }
            killed += 1;
        }
        assert!(killed >= 8, "two turns for each of four round trips, and it was killed after {killed}");
    }
}

#[test]
fn a_cancel_and_a_confirm_at_once_end_in_one_truth() {
    block_on(async {
        let (shop, id) = shop().await;
        let cancel = Command::Cancel(CancelRequest { key: key("x"), request_hash: RequestHash::of([]), reason: None });
        let confirm: Turn<'_> = Box::pin(async {
            shop.confirm(&id, card("c")).await.ok();
        });
        let cancel: Turn<'_> = Box::pin(async {
            shop.command(&id, &cancel).await.ok();
        });
        all([confirm, cancel]).await;
        let row = shop.at_rest(&id).await;
        assert!(row.state.is_terminal(), "{row:?}");
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

#[test]
fn a_look_that_a_confirm_has_overtaken_closes_nothing() {
    block_on(async {
        let (shop, id) = shop().await;
        shop.host().advance(shop.row(&id).due.unwrap_or(SimHost::START).since(shop.host().now()));
        let mut look = pin!(shop.retry(&id));
        assert!(advance(look.as_mut(), || !shop.gateway().sent_of(Call::Fetch).is_empty()).is_pending());
        // What the look has seen, an object that waits for a way to pay, is old from here on.
        shop.gateway().bank_says([Verdict::Challenge]);
        let challenged = shop.confirmed(&id, card("c")).await;
        assert!(look.await.is_ok());
        let row = shop.audit(&id, Hour::Midway);
        assert_eq!((row.state, row.attempts), (challenged.state, challenged.attempts));
        assert_eq!(row.due, Some(row.updated_at), "but it is looked at again");
        shop.gateway().payer_authenticates(&row.object, Verdict::Charge);
        assert!(is_paid(&shop.at_rest(&id).await));
    });
}
