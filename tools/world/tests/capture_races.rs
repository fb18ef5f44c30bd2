//! `capture` when twenty ask at once, when the time is short, and what operators hear of when the store or the queue fails.
//! What else can become of it, and of any two at once, is tried without exception in `scope`.

#![expect(clippy::panic, reason = "a scenario that does not go as written is a failed test")]

use std::time::Duration;

use domain::{
    gateway::UnknownReason,
    payment::{Payment, PaymentState, Rejection},
    schedule::Limits,
};
use flow::{
    operations::capture::capture,
    ports::{Error, Note},
    steps::{PartError, RequestError, Requested},
};
use world::{
    counting::Counts,
    gateway::{Call, Course},
    host::SimHost,
    scenes::Scene,
    shop::{client, wish},
    store,
    turns::{all, block_on},
};

fn taken(payment: &Payment) -> Option<i64> {
    matches!(payment.state, PaymentState::Succeeded { .. }).then(|| payment.captured().minor_units())
}

fn why_not<T: std::fmt::Debug>(answer: &Result<T, PartError>) -> Option<Rejection> {
    match answer {
        Ok(_) => None,
        Err(PartError::NotRequested(RequestError::Rejected(rejection, _))) => Some(*rejection),
        Err(other) => panic!("not rejected: {other:?}"),
    }
}

// -- at once --

#[test]
fn of_twenty_at_once_with_their_own_keys_one_takes_the_money_and_the_others_are_told() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        let answers = all((0..20).map(|number| shop.capture(&id, wish(&format!("p{number}"), Some(700))))).await;
        let refused: Vec<_> = answers.iter().filter_map(why_not).collect();
        assert_eq!(refused.len(), 19);
        let told = |why| matches!(why, Rejection::InProgress | Rejection::InvalidState { state: "succeeded" });
        assert!(refused.into_iter().all(told));
        assert_eq!(shop.gateway().sent_of(Call::Capture).len(), 1);
        assert_eq!(taken(&shop.at_rest(&id).await), Some(700));
    });
}

#[test]
fn of_twenty_at_once_with_one_key_one_takes_the_money_and_all_see_the_payment() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        let answers = all((0..20).map(|_| shop.capture(&id, wish("p", Some(700))))).await;
        let done = answers.iter().filter(|answer| matches!(answer, Ok(Requested::Done(_)))).count();
        assert_eq!((done, answers.iter().filter(|answer| answer.is_ok()).count()), (1, 20));
        assert_eq!(shop.gateway().sent_of(Call::Capture).len(), 1);
        assert_eq!(taken(&shop.at_rest(&id).await), Some(700));
    });
}

// -- time, the store and the queue --

#[test]
fn with_too_little_time_left_to_ask_nothing_is_begun() {
    for (left_ms, begins) in [(499, false), (500, true)] {
        block_on(async {
            let (shop, id) = Scene::Held.set().await;
            let limits = Limits { gateway_timeout: Duration::from_millis(left_ms), ..Limits::STANDARD };
            let host = SimHost::with_limits(1, limits);
            let (store, gateway, queue) = (shop.store(), shop.gateway(), shop.queue());
            let answer = capture(&host, store, gateway, queue, &id, wish("p", None), &client()).await;
            assert_eq!((answer.is_ok(), gateway.sent_of(Call::Capture).len()), (begins, usize::from(begins)));
            assert!(begins || matches!(answer, Err(PartError::NotRequested(RequestError::Failed(Error::OutOfTime)))));
            assert_eq!(taken(&shop.row(&id)).is_some(), begins);
        });
    }
}

#[test]
fn when_the_store_fails_after_the_gateway_was_asked_the_client_is_told_what_is_certain() {
    for course in [store::Course::LostBefore, store::Course::LostAfter] {
        block_on(async {
            let (shop, id) = Scene::Held.set().await;
            shop.store().script(store::Call::Write, [store::Course::Well, course]);
            let told = shop.captured(&id, wish("p", Some(700))).await;
            assert!(told.open_act().is_some() && taken(&told).is_none());
            assert!(shop.host().notes().iter().any(|note| matches!(note, Note::OutcomeNotRecorded(_))));
            assert_eq!(shop.queue().waiting().len(), 1, "and somebody looks soon");
            assert_eq!(taken(&shop.at_rest(&id).await), Some(700), "{course:?}");
        });
    }
}

#[test]
fn a_nudge_that_is_lost_costs_time_and_nothing_else() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        shop.gateway().script(Call::Capture, [Course::NotServed(UnknownReason::Timeout)]);
        shop.queue().fail_next(1);
        shop.captured(&id, wish("p", None)).await;
        assert_eq!(
            shop.tally().take(),
            Counts { reads: 1, writes: 2, gateway_calls: 1, nudges: 1, ..Counts::default() }
        );
        assert!(shop.host().notes().iter().any(|note| matches!(note, Note::NudgeLost(_))));
        assert_eq!(taken(&shop.at_rest(&id).await), Some(1_250));
    });
}
