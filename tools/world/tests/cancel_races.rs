//! `cancel` when others are faster, in every order that there is; when functions are killed between any two steps; and
//! when the store or the queue fails.

#![expect(clippy::panic, reason = "a scenario that does not go as written is a failed test")]

use std::{collections::BTreeSet, pin::pin};

use domain::{
    gateway::UnknownReason,
    payment::{Payment, PaymentState, Rejection},
};
use flow::{
    ports::{Error, Note},
    steps::{RequestError, Requested},
};
use world::{
    audit::Hour,
    gateway::{Call, Course, Verdict},
    scenes::Scene,
    shop::{cancellation, card},
    store,
    turns::{advance, all, block_on, in_every_order, pass},
};

/// Two functions of two round trips each before one knows that it was first, and of two more for that one, have no fewer
/// orders.
const ORDERS_MIN: u32 = 40;

const VERDICTS: [Verdict; 4] =
    [Verdict::Charge, Verdict::Decline("generic_decline"), Verdict::Challenge, Verdict::Pending];

fn is_paid(payment: &Payment) -> bool {
    matches!(payment.state, PaymentState::Succeeded { .. })
}

fn why_not(answer: &Result<Requested, RequestError>) -> Option<Rejection> {
    match answer {
        Ok(_) => None,
        Err(RequestError::Rejected(rejection, _)) => Some(*rejection),
        Err(other) => panic!("not rejected: {other:?}"),
    }
}

// -- at once --

#[test]
fn of_twenty_at_once_with_their_own_keys_one_cancels_and_the_others_are_told() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        let answers = all((0..20).map(|number| shop.cancel(&id, cancellation(&format!("x{number}"))))).await;
        let refused: Vec<_> = answers.iter().filter_map(why_not).collect();
        assert_eq!(refused.len(), 19);
        let told = |why| matches!(why, Rejection::InProgress | Rejection::InvalidState { state: "canceled" });
        assert!(refused.into_iter().all(told));
        assert_eq!(shop.gateway().sent_of(Call::Cancel).len(), 1);
        assert_eq!(shop.at_rest(&id).await.state, PaymentState::Canceled);
    });
}

#[test]
fn of_twenty_at_once_with_one_key_one_cancels_and_all_see_the_payment() {
    block_on(async {
        let (shop, id) = Scene::Waiting.set().await;
        let answers = all((0..20).map(|_| shop.cancel(&id, cancellation("x")))).await;
        let done = answers.iter().filter(|answer| matches!(answer, Ok(Requested::Done(_)))).count();
        assert_eq!((done, answers.iter().filter(|answer| answer.is_ok()).count()), (1, 20));
        assert_eq!(shop.at_rest(&id).await.state, PaymentState::Canceled);
    });
}

#[test]
fn a_cancel_and_a_confirm_end_in_one_truth_in_every_order() {
    for scene in [Scene::Waiting, Scene::Scheduled] {
        for verdict in VERDICTS {
            let mut ends = BTreeSet::new();
            let orders = in_every_order(|order| {
                block_on(async {
                    let (shop, id) = scene.set().await;
                    shop.gateway().bank_says([verdict]);
                    let (cancel, confirm) =
                        order.race(shop.cancel(&id, cancellation("x")), shop.confirm(&id, card("c2")));
                    shop.audit(&id, Hour::Midway);
                    let row = shop.at_rest(&id).await;
                    ends.insert(row.state.name());
                    // Both may be done, one after the other; neither is begun while the other is under way.
                    match (why_not(&cancel), why_not(&confirm)) {
                        (None, None) if verdict == Verdict::Pending => assert!(row.open_act().is_some()),
                        (None, _) => assert_eq!(row.state, PaymentState::Canceled, "{}", shop.story(&id)),
                        (Some(_), None) => assert_ne!(row.state, PaymentState::Canceled),
                        (Some(_), Some(_)) => panic!("nobody won: {cancel:?} {confirm:?}"),
                    }
                    assert_eq!(is_paid(&row), confirm.is_ok() && verdict == Verdict::Charge);
                });
            });
            assert!(orders >= ORDERS_MIN, "{orders}");
            assert!(ends.contains("canceled") && ends.len() > 1, "{verdict:?}: {ends:?}");
        }
    }
}

#[test]
fn a_cancel_and_a_browser_that_confirms_end_in_one_truth_in_every_order() {
    for verdict in VERDICTS {
        let mut ends = BTreeSet::new();
        let orders = in_every_order(|order| {
            block_on(async {
                let (shop, id) = Scene::Waiting.set().await;
                let object = shop.row(&id).object;
                let browser = async {
                    pass().await;
                    let paid = shop.gateway().browser_confirms(&object, verdict);
                    pass().await;
                    shop.deliver_events().await;
                    paid
                };
                let (told, came) = order.race(shop.cancel(&id, cancellation("x")), browser);
                assert!(told.is_ok() || is_paid(&shop.row(&id)), "{told:?}");
                shop.audit(&id, Hour::Midway);
                shop.at_rest(&id).await;
                if came && verdict == Verdict::Pending {
                    assert!(shop.gateway().bank_decides(&object, Verdict::Charge));
                }
                let row = shop.at_rest(&id).await;
                let pays = came && matches!(verdict, Verdict::Charge | Verdict::Pending);
                assert_eq!((is_paid(&row), row.state == PaymentState::Canceled), (pays, !pays), "{}", shop.story(&id));
                ends.insert(row.state.name());
                shop.deliver_events().await;
                assert_eq!(shop.at_rest(&id).await.state, row.state);
            });
        });
        assert!(orders >= 20, "{orders}");
        assert!(ends.contains("canceled"), "{verdict:?}: {ends:?}");
    }
}

#[test]
fn a_cancel_and_a_payer_at_the_bank_end_in_one_truth_in_every_order() {
    in_every_order(|order| {
        block_on(async {
            let (shop, id) = Scene::Challenged.set().await;
            let object = shop.row(&id).object;
            let payer = async {
                pass().await;
                let paid = shop.gateway().payer_authenticates(&object, Verdict::Charge);
                pass().await;
                shop.deliver_events().await;
                paid
            };
            let (_told, paid) = order.race(shop.cancel(&id, cancellation("x")), payer);
            shop.audit(&id, Hour::Midway);
            assert_eq!(is_paid(&shop.at_rest(&id).await), paid, "{}", shop.story(&id));
        });
    });
}

#[test]
fn a_cancel_and_the_end_of_the_payers_time_end_in_one_truth_in_every_order() {
    let mut ends = BTreeSet::new();
    let orders = in_every_order(|order| {
        block_on(async {
            let (shop, id) = Scene::Waiting.set().await;
            shop.host().advance(shop.row(&id).terms.expires_in);
            let (told, looked) = order.race(shop.cancel(&id, cancellation("x")), shop.retry(&id));
            assert!(looked.is_ok());
            shop.audit(&id, Hour::Midway);
            let row = shop.at_rest(&id).await;
            // As the act says that was written down first, whoever saw the object canceled.
            let wanted = if told.is_ok() { PaymentState::Canceled } else { PaymentState::Expired };
            assert_eq!(row.state, wanted, "{}", shop.story(&id));
            ends.insert(row.state.name());
        });
    });
    assert!(orders >= ORDERS_MIN, "{orders}");
    assert_eq!(ends.len(), 2, "{ends:?}");
}

// -- killed --

#[test]
fn a_cancel_that_is_killed_anywhere_leaves_what_the_sweep_can_finish() {
    for scene in [Scene::Waiting, Scene::Answered, Scene::Scheduled, Scene::Challenged, Scene::Held] {
        let mut killed = 0;
        for turns in 0.. {
            let ended = block_on(async {
                let (shop, id) = scene.set().await;
                let mut turn = 0;
                let ended = {
                    let cancel = pin!(shop.cancel(&id, cancellation("x")));
                    let enough = || {
                        turn += 1;
                        turn > turns
                    };
                    advance(cancel, enough).is_ready()
                };
                shop.audit(&id, Hour::Midway);
                // The client asks again with its key, and in the end the payment is where it would have been.
                assert!(shop.cancel(&id, cancellation("x")).await.is_ok());
                let row = shop.at_rest(&id).await;
                assert_eq!((&row.state, row.acts.len()), (&PaymentState::Canceled, 1), "killed after {turns} turns");
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
fn a_cancel_that_is_killed_while_the_browser_pays_leaves_a_paid_payment() {
    for turns in 0..8 {
        block_on(async {
            let (shop, id) = Scene::Waiting.set().await;
            let object = shop.row(&id).object;
            let mut turn = 0;
            {
                let cancel = pin!(shop.cancel(&id, cancellation("x")));
                let enough = || {
                    turn += 1;
                    turn > turns
                };
                assert!(advance(cancel, enough).is_pending());
            }
            let came = shop.gateway().browser_confirms(&object, Verdict::Charge);
            shop.audit(&id, Hour::Midway);
            let row = shop.at_rest(&id).await;
            assert_eq!((is_paid(&row), row.state == PaymentState::Canceled), (came, !came), "{}", shop.story(&id));
        });
    }
}

// -- the store and the queue --

#[test]
fn when_the_store_fails_before_the_gateway_was_asked_nothing_was_asked() {
    for call in [store::Call::Load, store::Call::Write] {
        block_on(async {
            let (shop, id) = Scene::Held.set().await;
            let row = shop.row(&id);
            shop.store().script(call, [store::Course::LostBefore]);
            let failed = shop.cancel(&id, cancellation("x")).await;
            assert!(matches!(failed, Err(RequestError::Failed(Error::Unavailable { .. }))), "{failed:?}");
            assert_eq!((shop.row(&id), shop.gateway().sent_of(Call::Cancel).len()), (row, 0));
            let told = shop.canceled(&id, cancellation("x")).await;
            assert_eq!(told.state, PaymentState::Canceled, "the client asks again with its key");
            shop.at_rest(&id).await;
        });
    }
}

#[test]
fn a_cancel_that_was_written_down_unheard_is_finished_by_the_sweep_and_told_to_the_client() {
    block_on(async {
        let (shop, id) = Scene::Waiting.set().await;
        shop.store().script(store::Call::Write, [store::Course::LostAfter]);
        assert!(shop.cancel(&id, cancellation("x")).await.is_err());
        assert!(shop.gateway().sent_of(Call::Cancel).is_empty());
        let Ok(Requested::Replayed(told)) = shop.cancel(&id, cancellation("x")).await else { panic!("not replayed") };
        assert!(told.open_act().is_some());
        assert_eq!(shop.at_rest(&id).await.state, PaymentState::Canceled);
    });
}

#[test]
fn when_the_store_fails_after_the_gateway_was_asked_the_client_is_told_what_is_certain() {
    for course in [store::Course::LostBefore, store::Course::LostAfter] {
        block_on(async {
            let (shop, id) = Scene::Held.set().await;
            shop.store().script(store::Call::Write, [store::Course::Well, course]);
            let told = shop.canceled(&id, cancellation("x")).await;
            assert!(told.open_act().is_some() && !told.state.is_terminal());
            assert!(shop.host().notes().iter().any(|note| matches!(note, Note::OutcomeNotRecorded(_))));
            assert_eq!(shop.queue().waiting().len(), 1, "and somebody looks soon");
            assert_eq!(shop.at_rest(&id).await.state, PaymentState::Canceled, "{course:?}");
        });
    }
}

#[test]
fn writes_that_the_sdk_sent_twice_are_our_own() {
    block_on(async {
        let (shop, id) = Scene::Waiting.set().await;
        shop.store().script(store::Call::Write, [store::Course::SentTwice; 2]);
        assert_eq!(shop.canceled(&id, cancellation("x")).await.state, PaymentState::Canceled);
        assert!(!shop.host().notes().contains(&Note::Conflict));
        shop.at_rest(&id).await;
    });
}

#[test]
fn a_nudge_that_is_lost_costs_time_and_nothing_else() {
    block_on(async {
        let (shop, id) = Scene::Waiting.set().await;
        shop.gateway().script(Call::Cancel, [Course::Unheard(UnknownReason::Timeout)]);
        shop.queue().fail_next(1);
        shop.canceled(&id, cancellation("x")).await;
        assert!(shop.host().notes().iter().any(|note| matches!(note, Note::NudgeLost(_))));
        assert_eq!(shop.at_rest(&id).await.state, PaymentState::Canceled);
    });
}
