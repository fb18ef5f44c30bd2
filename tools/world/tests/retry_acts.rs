//! `retry` on open acts: a cancel or a capture is asked for, seen at the gateway, and only then told.

#![expect(clippy::unwrap_used, reason = "a scenario that does not go as written is a failed test")]

use domain::{
    gateway::UnknownReason,
    id::{RequestHash, TransactionId},
    money::Money,
    payment::{ActProgress, CancelRequest, CaptureRequest, Command, Payment, PaymentState, Rejection, ReviewReason},
    schedule::Limits,
};
use flow::commit::ExecuteError;
use world::{
    gateway::{Call, Course, Effect, Standing, Verdict},
    shop::{Shop, card, held_order, key, order, wish},
    turns::block_on,
};

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

fn is_paid(payment: &Payment) -> bool {
    matches!(payment.state, PaymentState::Succeeded { .. })
}

fn cancel() -> Command {
    Command::Cancel(CancelRequest { key: key("x"), request_hash: RequestHash::of([]), reason: None })
}

fn capture(minor_units: Option<i64>, of: &Payment) -> Command {
    let amount = minor_units.map(|units| Money::payable(units, of.terms.amount.currency()).unwrap());
    Command::Capture(CaptureRequest { key: key("p"), request_hash: RequestHash::of([]), amount })
}

/// A payment that was opened.
async fn shop() -> (Shop, Payment) {
    let shop = Shop::new();
    let payment = shop.opened(order("order-1")).await;
    (shop, payment)
}

/// A payment whose money is held.
async fn holding() -> (Shop, Payment) {
    let shop = Shop::new();
    let id = shop.opened(held_order("order-1")).await.id;
    let payment = shop.confirmed(&id, card("c")).await;
    (shop, payment)
}

async fn looks_until(shop: &Shop, id: &TransactionId, looks_max: u32, enough: impl Fn(&Payment) -> bool) -> Payment {
    for _ in 0..looks_max {
        let row = shop.until_looked(id).await;
        if enough(&row) {
            return row;
        }
    }
    shop.row(id)
}

#[test]
fn a_cancel_is_asked_for_and_seen_before_it_is_told() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.command(&payment.id, &cancel()).await.unwrap();
        assert_eq!(shop.row(&payment.id).state, PaymentState::RequiresPaymentMethod);
        assert!(shop.confirm(&payment.id, card("c")).await.is_err(), "no confirm while a cancel is open");
        let row = shop.at_rest(&payment.id).await;
        assert_eq!(row.state, PaymentState::Canceled);
        assert_eq!(row.acts[0].progress, ActProgress::Done);
    });
}

#[test]
fn a_cancel_of_which_nobody_knows_is_asked_again_with_a_fresh_key() {
    for reason in UNKNOWN {
        for course in [Course::NotServed(reason), Course::Unheard(reason), Course::Late] {
            block_on(async {
                let (shop, payment) = shop().await;
                shop.command(&payment.id, &cancel()).await.unwrap();
                shop.gateway().script(Call::Cancel, [course]);
                assert_eq!(shop.at_rest(&payment.id).await.state, PaymentState::Canceled, "{course:?}");
                let keys: std::collections::BTreeSet<_> =
                    shop.gateway().sent_of(Call::Cancel).into_iter().map(|sent| sent.key).collect();
                assert_eq!(keys.len(), shop.gateway().sent_of(Call::Cancel).len());
            });
        }
    }
}

#[test]
fn a_cancel_that_the_gateway_fails_at_and_remembers_is_not_stuck() {
    for effect in [Effect::None, Effect::Whole] {
        block_on(async {
            let (shop, payment) = shop().await;
            shop.command(&payment.id, &cancel()).await.unwrap();
            shop.gateway().script(Call::Cancel, [Course::SavedFailure(effect)]);
            assert_eq!(shop.at_rest(&payment.id).await.state, PaymentState::Canceled);
        });
    }
}

#[test]
fn a_cancel_that_comes_after_the_browsers_payment_is_overtaken_by_it() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.command(&payment.id, &cancel()).await.unwrap();
        shop.gateway().browser_confirms(&payment.object, Verdict::Charge);
        let row = shop.at_rest(&payment.id).await;
        assert!(is_paid(&row));
        assert_eq!(row.acts[0].progress, ActProgress::Overtaken);
    });
}

#[test]
fn a_cancel_that_is_refused_while_the_bank_is_at_work_stays_open_and_is_looked_at_again() {
    for (verdict, end) in [(Verdict::Charge, "succeeded"), (Verdict::Decline("generic_decline"), "canceled")] {
        block_on(async {
            let (shop, payment) = shop().await;
            shop.command(&payment.id, &cancel()).await.unwrap();
            shop.gateway().browser_confirms(&payment.object, Verdict::Pending);
            let row = shop.at_rest(&payment.id).await;
            assert!(row.open_act().is_some() && !row.state.is_terminal(), "{row:?}");
            assert!(shop.gateway().bank_decides(&payment.object, verdict));
            assert_eq!(shop.at_rest(&payment.id).await.state.name(), end);
        });
    }
}

#[test]
fn nothing_is_canceled_while_an_attempt_is_unanswered() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().script(Call::Confirm, [Course::Late]);
        shop.confirmed(&payment.id, card("c")).await;
        let refused = shop.command(&payment.id, &cancel()).await;
        assert!(matches!(refused, Err(ExecuteError::Rejected(Rejection::InProgress, _))), "{refused:?}");
    });
}

#[test]
fn held_money_is_captured_whole_or_in_part() {
    for (minor_units, taken) in [(None, 1_250), (Some(700), 700)] {
        block_on(async {
            let (shop, payment) = holding().await;
            shop.command(&payment.id, &capture(minor_units, &payment)).await.unwrap();
            let row = shop.at_rest(&payment.id).await;
            assert_eq!(row.captured().minor_units(), taken);
            assert_eq!(row.acts[0].progress, ActProgress::Done);
            assert_eq!(shop.gateway().charges()[0].minor_units, taken);
        });
    }
}

#[test]
fn a_capture_of_which_nobody_knows_is_asked_again_with_the_same_key() {
    for reason in UNKNOWN {
        for course in [Course::NotServed(reason), Course::Unheard(reason), Course::Late] {
            block_on(async {
                let (shop, payment) = holding().await;
                shop.command(&payment.id, &capture(Some(700), &payment)).await.unwrap();
                shop.gateway().script(Call::Capture, [course]);
                assert_eq!(shop.at_rest(&payment.id).await.captured().minor_units(), 700, "{course:?}");
                let sent = shop.gateway().sent_of(Call::Capture);
                assert!(sent.iter().all(|request| *request == sent[0]), "{sent:#?}");
            });
        }
    }
}

#[test]
fn a_capture_that_the_gateway_failed_at_and_remembers_calls_a_person_who_can_do_it_by_hand() {
    block_on(async {
        let (shop, payment) = holding().await;
        shop.command(&payment.id, &capture(None, &payment)).await.unwrap();
        shop.gateway().script(Call::Capture, [Course::SavedFailure(Effect::None)]);
        let row = looks_until(&shop, &payment.id, 40, |row| row.attention.is_some()).await;
        assert_eq!(row.attention.unwrap().reason, ReviewReason::OutcomeUnknown);
        assert!(shop.gateway().dashboard_captures(&row.object, row.terms.amount.minor_units()));
        let row = looks_until(&shop, &payment.id, 40, |row| row.state.is_terminal()).await;
        assert_eq!((row.captured(), row.attention), (row.terms.amount, None));
        shop.at_rest(&payment.id).await;
    });
}

#[test]
fn a_failure_that_is_saved_under_a_captures_key_calls_a_person_as_soon_as_it_is_repeated() {
    block_on(async {
        let (shop, payment) = holding().await;
        shop.command(&payment.id, &capture(None, &payment)).await.unwrap();
        shop.gateway().script(Call::Capture, [Course::SavedFailure(Effect::None)]);
        // First-hand it proves nothing; the second look hears it repeated, and no third can hear anything else.
        shop.until_looked(&payment.id).await;
        let row = shop.until_looked(&payment.id).await;
        assert!(row.attention.is_some(), "{}", shop.story(&payment.id));
    });
}

#[test]
fn a_captures_old_key_is_never_sent_again() {
    block_on(async {
        let (shop, payment) = holding().await;
        shop.command(&payment.id, &capture(None, &payment)).await.unwrap();
        shop.host().advance(Limits::KEY_YOUNG);
        let row = shop.until_looked(&payment.id).await;
        assert!(shop.gateway().sent_of(Call::Capture).is_empty(), "{}", shop.story(&payment.id));
        assert!(row.attention.is_some());
    });
}

#[test]
fn a_capture_that_the_gateway_will_not_have_is_refused_and_the_money_stays_held() {
    block_on(async {
        let (shop, payment) = holding().await;
        shop.command(&payment.id, &capture(None, &payment)).await.unwrap();
        shop.gateway().script(Call::Capture, [Course::Refused("amount_too_large")]);
        let row = shop.at_rest(&payment.id).await;
        assert_eq!(row.acts[0].progress, ActProgress::Refused { code: "amount_too_large".to_owned() });
        assert_eq!(shop.gateway().charges()[0].standing, Standing::Held);
    });
}

#[test]
fn a_capture_and_a_hold_that_ran_out_end_in_the_truth() {
    block_on(async {
        let (shop, payment) = holding().await;
        shop.command(&payment.id, &capture(None, &payment)).await.unwrap();
        shop.gateway().dashboard_cancels(&payment.object);
        assert_eq!(shop.at_rest(&payment.id).await.state, PaymentState::Expired);
    });
}

#[test]
fn a_capture_that_the_dashboard_has_made_already_is_taken_as_it_is() {
    block_on(async {
        let (shop, payment) = holding().await;
        shop.command(&payment.id, &capture(None, &payment)).await.unwrap();
        shop.gateway().dashboard_captures(&payment.object, 300);
        assert_eq!(shop.at_rest(&payment.id).await.captured().minor_units(), 300);
    });
}

#[test]
fn a_cancel_lets_held_money_go() {
    block_on(async {
        let (shop, payment) = holding().await;
        shop.command(&payment.id, &cancel()).await.unwrap();
        assert_eq!(shop.at_rest(&payment.id).await.state, PaymentState::Canceled);
        assert_eq!(shop.gateway().charges()[0].standing, Standing::Released);
    });
}

#[test]
fn a_capture_whose_second_sending_is_refused_is_told_as_what_the_first_one_did() {
    block_on(async {
        let (shop, payment) = holding().await;
        let unheard = Course::Unheard(UnknownReason::Timeout);
        shop.gateway().script(Call::Capture, [unheard, Course::Refused("charge_expired_for_capture")]);
        shop.captured(&payment.id, wish("p", Some(700))).await;
        let row = shop.until_looked(&payment.id).await;
        assert!(is_paid(&row), "{}", shop.story(&payment.id));
        assert_eq!(row.capture_of(&key("p")).unwrap().progress, ActProgress::Done);
        shop.at_rest(&payment.id).await;
    });
}
