//! `capture` when others are faster, in every order that there is; when functions are killed between any two steps; and
//! when the store or the queue fails.

#![expect(clippy::panic, reason = "a scenario that does not go as written is a failed test")]

use std::{pin::pin, time::Duration};

use domain::{
    gateway::UnknownReason,
    id::TransactionId,
    payment::{Payment, PaymentState, Rejection},
    schedule::Limits,
};
use flow::{
    operations::capture::{CaptureError, capture},
    ports::{Error, Note},
    steps::{RequestError, Requested},
};
use world::{
    audit::Hour,
    counting::Counts,
    gateway::{Call, Course},
    host::SimHost,
    scenes::Scene,
    shop::{Shop, cancellation, client, wish},
    store,
    turns::{Order, advance, all, block_on, in_every_order, pass},
};

/// Two functions of two round trips each before one knows that it was first, and of two more for that one, have no fewer
/// orders.
const ORDERS_MIN: u32 = 40;

fn taken(payment: &Payment) -> Option<i64> {
    matches!(payment.state, PaymentState::Succeeded { .. }).then(|| payment.captured().minor_units())
}

fn why_not<T: std::fmt::Debug>(answer: &Result<T, CaptureError>) -> Option<Rejection> {
    match answer {
        Ok(_) => None,
        Err(CaptureError::NotRequested(RequestError::Rejected(rejection, _))) => Some(*rejection),
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

#[test]
fn of_two_captures_one_takes_its_amount_in_every_order() {
    let orders = in_every_order(|order| {
        block_on(async {
            let (shop, id) = Scene::Held.set().await;
            let (one, other) = order.race(shop.capture(&id, wish("p", Some(700))), shop.capture(&id, wish("q", None)));
            shop.audit(&id, Hour::Midway);
            let wanted = if one.is_ok() { 700 } else { 1_250 };
            assert_eq!((one.is_ok(), shop.gateway().sent_of(Call::Capture).len()), (other.is_err(), 1));
            assert_eq!(taken(&shop.at_rest(&id).await), Some(wanted));
        });
    });
    assert!(orders >= ORDERS_MIN, "{orders}");
}

#[test]
fn a_capture_and_a_cancel_end_in_one_truth_in_every_order() {
    let mut ends = std::collections::BTreeSet::new();
    let orders = in_every_order(|order| {
        block_on(async {
            let (shop, id) = Scene::Held.set().await;
            let (capture, cancel) = order.race(shop.capture(&id, wish("p", None)), shop.cancel(&id, cancellation("x")));
            shop.audit(&id, Hour::Midway);
            let row = shop.at_rest(&id).await;
            assert_ne!(capture.is_ok(), cancel.is_ok(), "an open act keeps the other off");
            let wanted = if capture.is_ok() { Some(1_250) } else { None };
            assert_eq!(taken(&row), wanted, "{}", shop.story(&id));
            ends.insert(row.state.name());
        });
    });
    assert!(orders >= ORDERS_MIN, "{orders}");
    assert_eq!(ends.into_iter().collect::<Vec<_>>(), ["canceled", "succeeded"]);
}

/// A capture of 700, while the merchant does something in the dashboard and its events come, in every order.
fn against_the_dashboard(does: impl Fn(&Shop, &TransactionId), is_well: impl Fn(&Payment) -> bool) {
    let orders = in_every_order(|order: &mut Order| {
        block_on(async {
            let (shop, id) = Scene::Held.set().await;
            let dashboard = async {
                pass().await;
                does(&shop, &id);
                pass().await;
                shop.deliver_events().await;
            };
            let (told, ()) = order.race(shop.capture(&id, wish("p", Some(700))), dashboard);
            let _audited = shop.audit(&id, Hour::Midway);
            let row = shop.at_rest(&id).await;
            assert!(is_well(&row), "{told:?}\n{}", shop.story(&id));
            shop.deliver_events().await;
            assert_eq!(shop.at_rest(&id).await.state, row.state);
        });
    });
    assert!(orders >= 20, "{orders}");
}

#[test]
fn a_capture_and_the_dashboards_capture_take_the_money_once_in_every_order() {
    against_the_dashboard(
        |shop, id| {
            let object = shop.row(id).object;
            shop.gateway().dashboard_captures(&object, 300);
        },
        |row| matches!(taken(row), Some(700 | 300)),
    );
}

#[test]
fn a_capture_and_a_hold_that_lapses_end_in_one_truth_in_every_order() {
    against_the_dashboard(
        |shop, id| {
            let object = shop.row(id).object;
            shop.gateway().dashboard_cancels(&object);
        },
        |row| taken(row) == Some(700) || row.state == PaymentState::Expired,
    );
}

#[test]
fn a_look_that_finishes_a_capture_and_the_capture_itself_agree_in_every_order() {
    for course in [Course::Well, Course::Unheard(UnknownReason::Timeout)] {
        let orders = in_every_order(|order| {
            block_on(async {
                let (shop, id) = Scene::Held.set().await;
                shop.gateway().script(Call::Capture, [course]);
                let look = async {
                    pass().await;
                    // However long the function was frozen: the row is due by now.
                    if let Some(due) = shop.row(&id).due {
                        shop.host().set(due);
                    }
                    pass().await;
                    shop.retry(&id).await
                };
                let (told, looked) = order.race(shop.capture(&id, wish("p", Some(700))), look);
                assert!(told.is_ok() && looked.is_ok(), "{told:?} {looked:?}");
                shop.audit(&id, Hour::Midway);
                assert_eq!(taken(&shop.at_rest(&id).await), Some(700), "{}", shop.story(&id));
                let sent = shop.gateway().sent_of(Call::Capture);
                assert!(sent.iter().all(|request| *request == sent[0]), "{sent:#?}");
            });
        });
        assert!(orders >= ORDERS_MIN, "{orders}");
    }
}

// -- killed --

#[test]
fn a_capture_that_is_killed_anywhere_leaves_what_the_sweep_can_finish() {
    for (course, minor_units) in [(Course::Well, None), (Course::Unheard(UnknownReason::Timeout), Some(700))] {
        let mut killed = 0;
        for turns in 0.. {
            let ended = block_on(async {
                let (shop, id) = Scene::Held.set().await;
                shop.gateway().script(Call::Capture, [course]);
                let mut turn = 0;
                let ended = {
                    let capture = pin!(shop.capture(&id, wish("p", minor_units)));
                    let enough = || {
                        turn += 1;
                        turn > turns
                    };
                    advance(capture, enough).is_ready()
                };
                shop.audit(&id, Hour::Midway);
                shop.at_rest(&id).await;
                // The client asks again with its key, and in the end the payment is where it would have been.
                assert!(shop.capture(&id, wish("p", minor_units)).await.is_ok());
                let row = shop.at_rest(&id).await;
                assert_eq!(taken(&row), Some(minor_units.unwrap_or(1_250)), "killed after {turns} turns");
                assert_eq!(row.acts.len(), 1);
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
            assert!(
                begins || matches!(answer, Err(CaptureError::NotRequested(RequestError::Failed(Error::OutOfTime))))
            );
            assert_eq!(taken(&shop.row(&id)).is_some(), begins);
        });
    }
}

#[test]
fn when_the_store_fails_before_the_gateway_was_asked_nothing_was_asked() {
    for call in [store::Call::Load, store::Call::Write] {
        block_on(async {
            let (shop, id) = Scene::Held.set().await;
            let row = shop.row(&id);
            shop.store().script(call, [store::Course::LostBefore]);
            let failed = shop.capture(&id, wish("p", None)).await;
            assert!(matches!(failed, Err(CaptureError::NotRequested(RequestError::Failed(Error::Unavailable { .. })))));
            assert_eq!((shop.row(&id), shop.gateway().sent_of(Call::Capture).len()), (row, 0));
            assert_eq!(taken(&shop.captured(&id, wish("p", None)).await), Some(1_250), "the client asks again");
            shop.at_rest(&id).await;
        });
    }
}

#[test]
fn a_capture_that_was_written_down_unheard_is_finished_by_the_sweep_and_told_to_the_client() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        shop.store().script(store::Call::Write, [store::Course::LostAfter]);
        assert!(shop.capture(&id, wish("p", Some(700))).await.is_err());
        assert!(shop.gateway().sent_of(Call::Capture).is_empty());
        let Ok(Requested::Replayed(told)) = shop.capture(&id, wish("p", Some(700))).await else { panic!() };
        assert!(told.open_act().is_some());
        assert_eq!(taken(&shop.at_rest(&id).await), Some(700));
    });
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
fn writes_that_the_sdk_sent_twice_are_our_own() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        shop.store().script(store::Call::Write, [store::Course::SentTwice; 2]);
        assert_eq!(taken(&shop.captured(&id, wish("p", None)).await), Some(1_250));
        assert!(!shop.host().notes().contains(&Note::Conflict));
        shop.at_rest(&id).await;
    });
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
