//! `capture` against the world: the money that is held is taken once, so much of it as was asked for, and the client is
//! told the truth whatever the gateway answers. Races are in `capture_races`, and whatever can become of it in `scope`.

#![expect(clippy::panic, reason = "a scenario that does not go as written is a failed test")]

use domain::{
    gateway::UnknownReason,
    id::{TransactionId, gateway_key},
    money::{Currency, Money},
    payment::{ActProgress, Payment, PaymentState, Rejection, ReviewReason},
    schedule::Limits,
};
use flow::{
    operations::capture::Wish,
    ports::{AmountRefusal, Note},
    steps::{PartError, RequestError, Requested},
};
use world::{
    audit::Hour,
    counting::Counts,
    gateway::{Call, Course, Effect, Standing, Verdict},
    payments,
    queue::Nudged,
    scenes::Scene,
    shop::{Shop, card, held_order, wish},
    turns::block_on,
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

fn taken(payment: &Payment) -> Option<i64> {
    matches!(payment.state, PaymentState::Succeeded { .. }).then(|| payment.captured().minor_units())
}

fn rejection(answer: Result<Requested, PartError>) -> Rejection {
    match answer {
        Err(PartError::NotRequested(RequestError::Rejected(rejection, _))) => rejection,
        other => panic!("not rejected: {other:?}"),
    }
}

/// Nothing was asked, and nothing was written.
async fn is_refused(scene: Scene, wish: Wish, is_as_wanted: impl FnOnce(&PartError) -> bool) {
    let (shop, id) = scene.set().await;
    let row = shop.row(&id);
    match shop.capture(&id, wish).await {
        Err(error) => assert!(is_as_wanted(&error), "{error:?}"),
        Ok(requested) => panic!("not refused: {requested:?}"),
    }
    assert_eq!(shop.tally().take(), Counts { reads: 1, ..Counts::default() });
    assert_eq!(shop.row(&id), row);
}

/// All captures that were sent must be the same to the byte.
fn sent_the_same(shop: &Shop) -> usize {
    let sent = shop.gateway().sent_of(Call::Capture);
    assert!(sent.iter().all(|request| Some(request) == sent.first()), "{sent:#?}");
    sent.len()
}

// -- what is taken --

#[test]
fn a_capture_costs_one_read_two_writes_and_one_gateway_call() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        let paid = shop.captured(&id, wish("p", None)).await;
        assert_eq!(shop.tally().take(), Counts { reads: 1, writes: 2, gateway_calls: 1, ..Counts::default() });
        assert_eq!(paid.captured(), paid.terms.amount);
        assert_eq!(paid.acts[0].progress, ActProgress::Done);
        assert_eq!(shop.gateway().charges()[0].standing, Standing::Captured);
        assert_eq!(shop.at_rest(&id).await, paid);
    });
}

#[test]
fn less_may_be_taken_once_and_the_rest_is_let_go() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        assert_eq!(taken(&shop.captured(&id, wish("p", Some(700))).await), Some(700));
        let rest = rejection(shop.capture(&id, wish("rest", Some(550))).await);
        assert_eq!(rest, Rejection::InvalidState { state: "succeeded" });
        assert_eq!(shop.gateway().sent_of(Call::Capture).len(), 1);
        assert_eq!(taken(&shop.at_rest(&id).await), Some(700));
        assert_eq!(shop.gateway().charges()[0].minor_units, 700);
    });
}

#[test]
fn as_little_and_as_much_as_there_is_may_be_taken() {
    for minor_units in [1, 1_249, 1_250] {
        block_on(async {
            let (shop, id) = Scene::Held.set().await;
            shop.captured(&id, wish("p", Some(minor_units))).await;
            assert_eq!(taken(&shop.at_rest(&id).await), Some(minor_units));
        });
    }
}

// -- what is refused --

#[test]
fn more_than_is_held_is_refused_and_nobody_is_asked() {
    for minor_units in [1_251, 99_999_999] {
        block_on(is_refused(Scene::Held, wish("p", Some(minor_units)), |error| {
            let PartError::NotRequested(RequestError::Rejected(rejection, _)) = error else { return false };
            *rejection == Rejection::AmountExceedsCapturable
        }));
    }
}

#[test]
fn nothing_and_less_than_nothing_are_no_amounts() {
    for minor_units in [0, -1, i64::MIN] {
        block_on(is_refused(Scene::Held, wish("p", Some(minor_units)), |error| {
            matches!(error, PartError::NotAnAmount(_))
        }));
    }
}

#[test]
fn what_the_gateway_cannot_express_is_refused_and_nobody_is_asked() {
    block_on(is_refused(Scene::Held, wish("p", Some(i64::MAX)), |error| {
        matches!(error, PartError::AmountRefused(AmountRefusal::TooLarge))
    }));
    block_on(async {
        let shop = Shop::new();
        let mut order = held_order("order");
        order.terms.amount = Money::payable(12_340, Currency::from_code("KWD").unwrap()).unwrap();
        let id = shop.opened(order).await.id;
        let held = shop.confirmed(&id, card("c")).await;
        let refused = shop.capture(&id, wish("p", Some(12_335))).await;
        let multiple = AmountRefusal::NotAMultiple { multiple: 10 };
        assert!(matches!(refused, Err(PartError::AmountRefused(refusal)) if refusal == multiple), "{refused:?}");
        assert_eq!((shop.row(&id), shop.gateway().sent_of(Call::Capture).len()), (held, 0));
        assert_eq!(taken(&shop.captured(&id, wish("p", Some(12_330))).await), Some(12_330));
        shop.at_rest(&id).await;
    });
}

#[test]
fn where_no_money_is_held_nothing_is_captured_and_nobody_is_asked() {
    for scene in Scene::ALL {
        let wanted = match scene {
            Scene::Held => continue,
            Scene::Waiting => Rejection::InvalidState { state: "requires_payment_method" },
            // What is under way may yet come to a hold; what is scheduled is declined for now.
            Scene::Unanswered | Scene::Answered | Scene::Pending => Rejection::InProgress,
            Scene::Scheduled => Rejection::InvalidState { state: "processing" },
            Scene::Challenged => Rejection::InvalidState { state: "requires_action" },
            Scene::Capturing | Scene::Canceling => Rejection::InProgress,
            Scene::Paid | Scene::Refunding => Rejection::InvalidState { state: "succeeded" },
            Scene::Failed => Rejection::InvalidState { state: "failed" },
            Scene::Canceled => Rejection::InvalidState { state: "canceled" },
            Scene::Expired => Rejection::InvalidState { state: "expired" },
        };
        block_on(is_refused(scene, wish("p", None), |error| {
            let PartError::NotRequested(RequestError::Rejected(rejection, _)) = error else { return false };
            *rejection == wanted
        }));
    }
}

#[test]
fn a_payment_that_is_not_there_is_not_found() {
    block_on(async {
        let shop = Shop::new();
        let answer = shop.capture(&payments::id(1), wish("p", None)).await;
        assert!(matches!(answer, Err(PartError::NotRequested(RequestError::NotFound))), "{answer:?}");
        assert_eq!(shop.tally().take(), Counts { reads: 1, ..Counts::default() });
    });
}

// -- the same key again --

#[test]
fn the_same_request_again_is_answered_from_the_row() {
    for minor_units in [None, Some(700)] {
        block_on(async {
            let (shop, id) = Scene::Held.set().await;
            let paid = shop.captured(&id, wish("p", minor_units)).await;
            shop.tally().take();
            let Ok(Requested::Replayed(again)) = shop.capture(&id, wish("p", minor_units)).await else {
                panic!("not replayed")
            };
            assert_eq!(again, paid);
            assert_eq!(shop.tally().take(), Counts { reads: 1, ..Counts::default() });
        });
    }
}

#[test]
fn the_same_key_with_another_amount_is_refused_and_changes_nothing() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        let paid = shop.captured(&id, wish("p", Some(700))).await;
        for other in [None, Some(701)] {
            assert_eq!(rejection(shop.capture(&id, wish("p", other)).await), Rejection::IdempotencyKeyReused);
        }
        assert_eq!(shop.row(&id), paid);
        assert_eq!(sent_the_same(&shop), 1);
    });
}

#[test]
fn a_key_that_named_a_confirm_may_name_a_capture_too() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        assert_eq!(shop.row(&id).attempts[0].request_of(&wish("c", None).key), Some(card("c").request_hash));
        assert_eq!(taken(&shop.captured(&id, wish("c", None)).await), Some(1_250));
    });
}

// -- what the gateway answers --

#[test]
fn when_nobody_knows_the_row_says_so_and_the_same_bytes_settle_it() {
    let courses = UNKNOWN.into_iter().flat_map(|reason| [Course::NotServed(reason), Course::Unheard(reason)]);
    for course in courses.chain([Course::Late]) {
        block_on(async {
            let (shop, id) = Scene::Held.set().await;
            shop.gateway().script(Call::Capture, [course]);
            let answered = shop.captured(&id, wish("p", Some(700))).await;
            assert_eq!(answered.state, PaymentState::RequiresCapture { capturable: answered.terms.amount });
            assert!(answered.open_act().is_some(), "{course:?}");
            assert!(shop.host().notes().iter().any(|note| matches!(note, Note::OutcomeUnknown(_))), "{course:?}");
            let delay = Limits::STANDARD.first_delay;
            assert_eq!(shop.queue().waiting(), [Nudged { id: id.clone().into(), delay }]);
            shop.audit(&id, Hour::Midway);
            assert_eq!(taken(&shop.at_rest(&id).await), Some(700), "{course:?}");
            assert_eq!(sent_the_same(&shop), 2, "{course:?}");
            shop.gateway().late_requests_arrive();
            shop.audit(&id, Hour::AtRest);
        });
    }
}

#[test]
fn a_late_capture_that_arrives_before_the_next_look_takes_the_money_once() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        shop.gateway().script(Call::Capture, [Course::Late]);
        shop.captured(&id, wish("p", Some(700))).await;
        assert_eq!(shop.gateway().late_requests_arrive(), 1);
        assert_eq!(taken(&shop.at_rest(&id).await), Some(700));
        assert_eq!(sent_the_same(&shop), 2);
    });
}

#[test]
fn a_saved_failure_that_did_everything_is_found_out_by_looking() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        shop.gateway().script(Call::Capture, [Course::SavedFailure(Effect::Whole)]);
        assert!(shop.captured(&id, wish("p", Some(700))).await.open_act().is_some());
        let row = shop.at_rest(&id).await;
        assert_eq!((taken(&row), row.attention), (Some(700), None));
        assert_eq!(row.acts[0].progress, ActProgress::Done);
    });
}

#[test]
fn a_saved_failure_that_did_nothing_is_for_a_person_and_no_other_capture_is_begun() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        shop.gateway().script(Call::Capture, [Course::SavedFailure(Effect::None)]);
        shop.captured(&id, wish("p", None)).await;
        let row = shop.at_rest(&id).await;
        assert_eq!(row.attention.unwrap().reason, ReviewReason::OutcomeUnknown);
        assert_eq!(shop.gateway().charges()[0].standing, Standing::Held);
        assert_eq!(rejection(shop.capture(&id, wish("p2", None)).await), Rejection::InProgress);
        sent_the_same(&shop);
        // The person takes it by hand.
        assert!(shop.gateway().dashboard_captures(&row.object, 1_250));
        let row = shop.at_rest(&id).await;
        assert_eq!((taken(&row), row.attention), (Some(1_250), None));
    });
}

#[test]
fn a_key_that_the_gateway_knows_with_another_request_is_a_fault_of_ours_and_takes_nothing() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        shop.gateway().taint_key(&gateway_key::capture(&id, 1));
        let answered = shop.captured(&id, wish("p", None)).await;
        assert_eq!(answered.attention.unwrap().reason, ReviewReason::KeyMismatch);
        let row = shop.at_rest(&id).await;
        assert_eq!(row.state, PaymentState::RequiresCapture { capturable: row.terms.amount });
        sent_the_same(&shop);
    });
}

#[test]
fn a_capture_that_the_gateway_will_not_have_leaves_the_hold_and_another_one_succeeds() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        shop.gateway().script(Call::Capture, [Course::Refused("amount_too_large")]);
        let refused = shop.captured(&id, wish("p", None)).await;
        assert_eq!(refused.acts[0].progress, ActProgress::Refused { code: "amount_too_large".to_owned() });
        assert_eq!(refused.state, PaymentState::RequiresCapture { capturable: refused.terms.amount });
        assert!(shop.queue().waiting().is_empty(), "there is nothing to find out");
        shop.audit(&id, Hour::AtRest);
        let Ok(Requested::Replayed(again)) = shop.capture(&id, wish("p", None)).await else { panic!("not replayed") };
        assert_eq!(again, refused);
        assert_eq!(taken(&shop.captured(&id, wish("p2", Some(700))).await), Some(700));
        let keys: Vec<_> = shop.gateway().sent_of(Call::Capture).into_iter().filter_map(|sent| sent.key).collect();
        assert_eq!(keys, [gateway_key::capture(&id, 1), gateway_key::capture(&id, 2)]);
        shop.at_rest(&id).await;
    });
}

#[test]
fn a_capture_that_is_refused_when_it_is_sent_again_may_still_arrive_and_is_seen() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        shop.gateway().script(Call::Capture, [Course::Late, Course::Refused("rate_limited_by_the_bank")]);
        shop.captured(&id, wish("p", Some(700))).await;
        shop.until_looked(&id).await;
        assert_eq!(shop.gateway().late_requests_arrive(), 1);
        assert_eq!(taken(&shop.at_rest(&id).await), Some(700), "{}", shop.story(&id));
    });
}

// -- others were there before --

/// The payment after a capture that comes when the gateway's object has moved behind our back.
async fn captured_after(moved: impl FnOnce(&Shop, &TransactionId) -> bool, minor_units: Option<i64>) -> Payment {
    let (shop, id) = Scene::Held.set().await;
    assert!(moved(&shop, &id));
    let told = shop.captured(&id, wish("p", minor_units)).await;
    assert_eq!(shop.tally().take(), Counts { reads: 1, writes: 2, gateway_calls: 1, ..Counts::default() });
    assert_eq!(shop.at_rest(&id).await, told);
    shop.deliver_events().await;
    assert_eq!(shop.at_rest(&id).await, told);
    told
}

#[test]
fn what_the_dashboard_has_taken_is_told_as_it_is() {
    for (theirs, ours, wanted) in
        [(300, None, ActProgress::Overtaken), (1_250, None, ActProgress::Done), (700, Some(700), ActProgress::Done)]
    {
        block_on(async {
            let took = |shop: &Shop, id: &TransactionId| {
                let object = shop.row(id).object;
                shop.gateway().dashboard_captures(&object, theirs)
            };
            let told = captured_after(took, ours).await;
            assert_eq!((taken(&told), &told.acts[0].progress), (Some(theirs), &wanted));
        });
    }
}

#[test]
fn a_hold_is_not_captured_while_money_stands_elsewhere_and_an_open_capture_is_not_asked_for_again() {
    block_on(async {
        for asked_before in [false, true] {
            let shop = Shop::new();
            let payment = shop.opened(held_order("order-1")).await;
            shop.confirmed(&payment.id, card("c")).await;
            if asked_before {
                shop.gateway().script(Call::Capture, [Course::NotServed(UnknownReason::NotSent)]);
                shop.capture(&payment.id, wish("k", None)).await.unwrap();
            }
            let other = shop.gateway().opens_another(&payment.id, &payment.terms);
            shop.gateway().browser_confirms(&other, Verdict::Charge);
            shop.gateway().dashboard_captures(&other, payment.terms.amount.minor_units());
            shop.deliver_events().await;
            let sent = shop.gateway().sent_of(Call::Capture).len();
            if asked_before {
                shop.until_looked(&payment.id).await;
            } else {
                assert!(shop.capture(&payment.id, wish("k", None)).await.is_err());
            }
            assert_eq!(shop.gateway().sent_of(Call::Capture).len(), sent, "{asked_before}");
            assert!(matches!(shop.row(&payment.id).state, PaymentState::RequiresCapture { .. }), "{asked_before}");
        }
    });
}

#[test]
fn a_hold_that_has_lapsed_or_was_let_go_is_told_as_expired() {
    block_on(async {
        let let_go = |shop: &Shop, id: &TransactionId| {
            let object = shop.row(id).object;
            shop.gateway().dashboard_cancels(&object)
        };
        let told = captured_after(let_go, None).await;
        assert_eq!((told.state, &told.acts[0].progress), (PaymentState::Expired, &ActProgress::Overtaken));
    });
}
