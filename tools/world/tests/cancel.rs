//! `cancel` against the world: a payment ends canceled when its object was seen canceled, and not before; a charge that
//! was faster makes it `succeeded`. What can become of it, and of any two at once, is tried without exception in `scope`.

#![expect(clippy::panic, reason = "a scenario that does not go as written is a failed test")]

use std::collections::BTreeSet;

use domain::{
    gateway::{ObjectStatus, UnknownReason},
    id::{RequestHash, TransactionId},
    payment::{ActProgress, CancelReason, CancelRequest, Payment, PaymentState, Rejection},
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
    scenes::Scene,
    shop::{Shop, cancellation, card, wish},
    turns::{all, block_on},
};

/// Every way in which nobody knows, but the one that is a fault of ours.
const UNKNOWN: [UnknownReason; 9] = [
    UnknownReason::NotSent,
    UnknownReason::Timeout,
    UnknownReason::ConnectionLost,
    UnknownReason::Unreadable,
    UnknownReason::ServerError,
    UnknownReason::KeyInUse,
    UnknownReason::RateLimited,
    UnknownReason::Unauthorized,
    UnknownReason::Misconfigured,
];

/// Where a cancel is taken, and the gateway does it.
const CANCELABLE: [Scene; 5] = [Scene::Waiting, Scene::Answered, Scene::Scheduled, Scene::Challenged, Scene::Held];

fn is_paid(payment: &Payment) -> bool {
    matches!(payment.state, PaymentState::Succeeded { .. })
}

fn rejection(answer: Result<Requested, RequestError>) -> Rejection {
    match answer {
        Err(RequestError::Rejected(rejection, _)) => rejection,
        other => panic!("not rejected: {other:?}"),
    }
}

fn is_seen_canceled(shop: &Shop, id: &TransactionId) -> bool {
    shop.gateway().object(&shop.row(id).object).is_some_and(|object| object.status == ObjectStatus::Canceled)
}

// -- what is canceled --

#[test]
fn a_cancel_costs_one_read_two_writes_and_one_gateway_call() {
    for scene in CANCELABLE {
        block_on(async {
            let (shop, id) = scene.set().await;
            let told = shop.canceled(&id, cancellation("x")).await;
            let counted = Counts { reads: 1, writes: 2, gateway_calls: 1, ..Counts::default() };
            assert_eq!(shop.tally().take(), counted, "{scene:?}");
            assert_eq!(told.state, PaymentState::Canceled, "{scene:?}");
            assert_eq!(told.acts[0].progress, ActProgress::Done);
            assert_eq!(told.acts[0].reason, Some(CancelReason::RequestedByCustomer));
            assert_eq!(shop.at_rest(&id).await, told);
            shop.deliver_events().await;
            assert_eq!(shop.at_rest(&id).await, told);
        });
    }
}

#[test]
fn no_row_ends_canceled_before_its_object_was_seen_canceled() {
    for scene in CANCELABLE {
        for course in [Course::NotServed(UnknownReason::Timeout), Course::Unheard(UnknownReason::Timeout)] {
            block_on(async {
                let (shop, id) = scene.set().await;
                let before = shop.row(&id).state;
                shop.gateway().script(Call::Cancel, [course]);
                let told = shop.canceled(&id, cancellation("x")).await;
                assert_eq!((&told.state, told.open_act().is_some()), (&before, true), "{scene:?} {course:?}");
                assert_eq!(is_seen_canceled(&shop, &id), matches!(course, Course::Unheard(_)));
                assert_eq!(shop.at_rest(&id).await.state, PaymentState::Canceled, "{scene:?} {course:?}");
                assert!(is_seen_canceled(&shop, &id));
            });
        }
    }
}

#[test]
fn held_money_is_let_go() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        shop.canceled(&id, cancellation("x")).await;
        assert_eq!(shop.gateway().charges()[0].standing, Standing::Released);
        shop.at_rest(&id).await;
    });
}

#[test]
fn an_attempt_that_was_open_has_not_charged_once_the_object_is_canceled() {
    for scene in [Scene::Answered, Scene::Challenged] {
        block_on(async {
            let (shop, id) = scene.set().await;
            let told = shop.canceled(&id, cancellation("x")).await;
            assert!(told.open_attempt().is_none(), "{told:?}");
            let object = told.object.clone();
            assert!(!shop.gateway().payer_authenticates(&object, Verdict::Charge), "the payer comes too late");
            shop.at_rest(&id).await;
        });
    }
}

#[test]
fn while_a_bank_is_at_work_a_cancel_stays_open_until_the_bank_has_decided() {
    for (verdict, end, progress) in [
        (Verdict::Charge, "succeeded", ActProgress::Overtaken),
        (Verdict::Decline("generic_decline"), "canceled", ActProgress::Done),
    ] {
        block_on(async {
            let (shop, id) = Scene::Pending.set().await;
            let told = shop.canceled(&id, cancellation("x")).await;
            assert!(told.open_act().is_some() && !told.state.is_terminal(), "{told:?}");
            assert!(shop.at_rest(&id).await.open_act().is_some());
            assert_eq!(rejection(shop.cancel(&id, cancellation("y")).await), Rejection::InProgress);
            assert!(shop.gateway().bank_decides(&told.object, verdict));
            let row = shop.at_rest(&id).await;
            assert_eq!((row.state.name(), &row.acts[0].progress), (end, &progress));
            shop.deliver_events().await;
            assert_eq!(shop.at_rest(&id).await, row);
        });
    }
}

// -- what is refused --

#[test]
fn what_is_under_way_or_at_its_end_is_not_canceled_and_nothing_changes() {
    for scene in Scene::ALL {
        let wanted = match scene {
            Scene::Waiting | Scene::Answered | Scene::Scheduled | Scene::Challenged | Scene::Held | Scene::Pending => {
                continue;
            }
            Scene::Unanswered | Scene::Capturing | Scene::Canceling => Rejection::InProgress,
            Scene::Paid | Scene::Refunding => Rejection::InvalidState { state: "succeeded" },
            Scene::Failed => Rejection::InvalidState { state: "failed" },
            Scene::Canceled => Rejection::InvalidState { state: "canceled" },
            Scene::Expired => Rejection::InvalidState { state: "expired" },
        };
        block_on(async {
            let (shop, id) = scene.set().await;
            let row = shop.row(&id);
            let asked = shop.gateway().sent().len();
            assert_eq!(rejection(shop.cancel(&id, cancellation("x")).await), wanted, "{scene:?}");
            assert_eq!(shop.tally().take(), Counts { reads: 1, ..Counts::default() });
            assert_eq!((shop.row(&id), shop.gateway().sent().len()), (row, asked), "{scene:?}");
        });
    }
}

#[test]
fn a_canceled_payment_is_neither_confirmed_nor_captured() {
    for scene in [Scene::Canceling, Scene::Canceled] {
        block_on(async {
            let (shop, id) = scene.set().await;
            let confirm = rejection(shop.confirm(&id, card("c")).await);
            assert!(matches!(confirm, Rejection::InProgress | Rejection::InvalidState { state: "canceled" }));
            assert!(shop.capture(&id, wish("p", None)).await.is_err());
            assert!(shop.gateway().sent_of(Call::Confirm).is_empty());
            assert_eq!(shop.at_rest(&id).await.state, PaymentState::Canceled);
        });
    }
}

#[test]
fn a_payment_that_is_not_there_is_not_found() {
    block_on(async {
        let shop = Shop::new();
        assert!(matches!(shop.cancel(&payments::id(1), cancellation("x")).await, Err(RequestError::NotFound)));
        assert_eq!(shop.tally().take(), Counts { reads: 1, ..Counts::default() });
    });
}

// -- the same key again --

#[test]
fn the_same_request_again_is_answered_from_the_row() {
    block_on(async {
        let (shop, id) = Scene::Waiting.set().await;
        let told = shop.canceled(&id, cancellation("x")).await;
        shop.tally().take();
        let Ok(Requested::Replayed(again)) = shop.cancel(&id, cancellation("x")).await else { panic!("not replayed") };
        assert_eq!(again, told);
        assert_eq!(shop.tally().take(), Counts { reads: 1, ..Counts::default() });
    });
}

#[test]
fn the_same_key_with_another_body_is_refused_and_changes_nothing() {
    block_on(async {
        let (shop, id) = Scene::Waiting.set().await;
        let told = shop.canceled(&id, cancellation("x")).await;
        let other = CancelRequest { request_hash: RequestHash::of([]), reason: None, ..cancellation("x") };
        assert_eq!(rejection(shop.cancel(&id, other).await), Rejection::IdempotencyKeyReused);
        assert_eq!(shop.row(&id), told);
        assert_eq!(shop.gateway().sent_of(Call::Cancel).len(), 1);
    });
}

#[test]
fn a_key_that_named_a_confirm_or_a_capture_may_name_a_cancel_too() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        shop.gateway().script(Call::Capture, [Course::Refused("amount_too_large")]);
        shop.captured(&id, wish("c", None)).await;
        assert_eq!(shop.canceled(&id, cancellation("c")).await.state, PaymentState::Canceled);
        shop.at_rest(&id).await;
    });
}

// -- what the gateway answers --

#[test]
fn when_nobody_knows_the_gateway_is_asked_again_under_a_fresh_key() {
    let courses = UNKNOWN.into_iter().flat_map(|reason| [Course::NotServed(reason), Course::Unheard(reason)]);
    let saved = [Effect::None, Effect::Whole].map(Course::SavedFailure);
    for course in courses.chain(saved).chain([Course::Late]) {
        for scene in [Scene::Waiting, Scene::Held] {
            block_on(async {
                let (shop, id) = scene.set().await;
                shop.gateway().script(Call::Cancel, [course]);
                assert!(shop.canceled(&id, cancellation("x")).await.open_act().is_some(), "{course:?}");
                assert!(shop.host().notes().iter().any(|note| matches!(note, Note::OutcomeUnknown(_))), "{course:?}");
                let delay = Limits::STANDARD.first_delay;
                assert_eq!(shop.queue().waiting(), [Nudged { id: id.clone().into(), delay }]);
                shop.audit(&id, Hour::Midway);
                let row = shop.at_rest(&id).await;
                assert_eq!((&row.state, row.attention), (&PaymentState::Canceled, None), "{course:?}");
                shop.gateway().late_requests_arrive();
                assert_eq!(shop.at_rest(&id).await, row);
                let keys: BTreeSet<_> =
                    shop.gateway().sent_of(Call::Cancel).into_iter().filter_map(|sent| sent.key).collect();
                assert_eq!(keys.len(), 2, "each request has a key of its own");
            });
        }
    }
}

#[test]
fn a_cancel_that_the_gateway_refuses_is_not_given_up() {
    block_on(async {
        let (shop, id) = Scene::Waiting.set().await;
        shop.gateway().script(Call::Cancel, [Course::Refused("lock_timeout")]);
        let told = shop.canceled(&id, cancellation("x")).await;
        assert!(told.open_act().is_some() && !told.state.is_terminal());
        assert_eq!(shop.at_rest(&id).await.state, PaymentState::Canceled);
    });
}

// -- others were there before --

#[test]
fn a_payment_that_the_browser_has_paid_in_between_is_told_as_paid() {
    block_on(async {
        let (shop, id) = Scene::Waiting.set().await;
        let object = shop.row(&id).object;
        assert!(shop.gateway().browser_confirms(&object, Verdict::Charge));
        let told = shop.canceled(&id, cancellation("x")).await;
        assert!(is_paid(&told));
        assert_eq!(told.acts[0].progress, ActProgress::Overtaken);
        assert_eq!(shop.at_rest(&id).await, told);
        let Ok(Requested::Replayed(again)) = shop.cancel(&id, cancellation("x")).await else { panic!("not replayed") };
        assert_eq!(again, told);
    });
}

#[test]
fn a_payment_that_the_payer_has_authenticated_in_between_is_told_as_paid() {
    block_on(async {
        let (shop, id) = Scene::Challenged.set().await;
        let object = shop.row(&id).object;
        assert!(shop.gateway().payer_authenticates(&object, Verdict::Charge));
        assert!(is_paid(&shop.canceled(&id, cancellation("x")).await));
        assert!(is_paid(&shop.at_rest(&id).await));
    });
}

#[test]
fn money_that_the_dashboard_has_taken_in_between_is_told_as_taken() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        let object = shop.row(&id).object;
        assert!(shop.gateway().dashboard_captures(&object, 300));
        let told = shop.canceled(&id, cancellation("x")).await;
        assert!(is_paid(&told));
        assert_eq!(told.captured().minor_units(), 300);
        assert_eq!(shop.at_rest(&id).await, told);
    });
}

#[test]
fn what_the_dashboard_has_canceled_already_is_canceled() {
    for scene in CANCELABLE {
        block_on(async {
            let (shop, id) = scene.set().await;
            let object = shop.row(&id).object;
            assert!(shop.gateway().dashboard_cancels(&object));
            let told = shop.canceled(&id, cancellation("x")).await;
            assert_eq!((&told.state, &told.acts[0].progress), (&PaymentState::Canceled, &ActProgress::Done));
            assert_eq!(shop.at_rest(&id).await, told);
        });
    }
}

// -- at once --

#[test]
fn of_twenty_at_once_with_their_own_keys_one_cancels_and_the_others_are_told() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        let answers = all((0..20).map(|number| shop.cancel(&id, cancellation(&format!("x{number}"))))).await;
        let refused: Vec<_> = answers.into_iter().filter(Result::is_err).map(rejection).collect();
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
