//! PayPal's adapter against PayPal's stand-in, through the operations that the functions run: what is on the row is what
//! is in the stand-in's books.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that fails, fails"
)]

mod stage;

use std::time::Duration;

use domain::{
    gateway::{Mode, NextAction},
    payment::{AttemptProgress, AttemptResult, PaymentState, ProcessingReason, RefundProgress},
};
use flow::operations::{
    initiate::InitiateError,
    webhook::{News, Received, Subject},
};
use serde_json::json;
use stage::Stage;

fn captured(payment: &domain::payment::Payment) -> i64 {
    let PaymentState::Succeeded { captured } = payment.state else { panic!("{:?}", payment.state) };
    captured.minor_units()
}

#[tokio::test]
async fn what_is_approved_is_captured_and_comes_back_to_the_last_cent() {
    let stage = Stage::open().await;
    let id = stage.opened("order-1").await;
    let PaymentState::RequiresAction(NextAction::Redirect(page)) = stage.row(&id).state else { panic!("no page") };
    assert!(page.as_str().contains("/_payer/paypal/"), "{page:?}");
    stage.approved(&id, "completed").await;
    let paid = stage.confirmed(&id, "confirm-1").await;
    assert_eq!(captured(&paid), 1_250);
    let charge = paid.charge.unwrap();
    let settlement = charge.settlement.unwrap();
    assert_eq!((settlement.net.minor_units(), settlement.fee.minor_units()), (1_158, 92));

    for (nth, cents) in [(1, 1_000), (2, 249), (3, 1)] {
        let row = stage.refunded(&id, &format!("refund-{nth}"), Some(cents)).await.unwrap();
        assert_eq!(row.refunds.last().unwrap().progress, RefundProgress::Succeeded);
    }
    assert!(stage.refunded(&id, "refund-4", Some(1)).await.is_err(), "a cent more than was taken");
    let row = stage.row(&id);
    let books = stage.ledger(&id).await;
    assert_eq!(books["charges"], json!([["succeeded", 1_250]]));
    assert_eq!(books["refunds"], json!([["succeeded", 1_000], ["succeeded", 249], ["succeeded", 1]]));
    let listed = stage.refunds(&row).await.unwrap();
    let ours: Vec<_> = row.refunds.iter().map(|refund| Some(refund.id.clone())).collect();
    assert_eq!(listed.into_iter().map(|refund| refund.id).collect::<Vec<_>>(), ours);
}

#[tokio::test]
async fn each_row_says_which_of_paypals_answers_it_stands_on() {
    let stage = Stage::open().await;
    let id = stage.opened("order-1").await;
    let mut causes = vec![stage.cause(&id)];
    stage.approved(&id, "completed").await;
    causes.push(stage.cause(&id));
    stage.confirmed(&id, "confirm-1").await;
    causes.push(stage.cause(&id));
    stage.refunded(&id, "refund-1", None).await.unwrap();
    causes.push(stage.cause(&id));
    let said: Vec<_> = causes.iter().map(|cause| (cause.what.as_str(), cause.evidence.as_deref().unwrap())).collect();
    let expected =
        [("initiated", "answer"), ("action_required", "fetch"), ("captured", "answer"), ("refund_succeeded", "answer")];
    assert_eq!(said, expected);
    // PayPal's own: an `f` and twelve more, another one each time.
    let ids: std::collections::BTreeSet<_> = causes.iter().map(|cause| cause.request_id.as_deref().unwrap()).collect();
    assert!(ids.len() == 4 && ids.iter().all(|id| id.len() == 13 && id.starts_with('f')), "{ids:?}");
}

#[tokio::test]
async fn what_is_held_is_captured_in_part_and_the_rest_is_let_go() {
    let stage = Stage::open().await;
    let id = stage.held("order-1").await;
    assert!(matches!(stage.row(&id).state, PaymentState::RequiresCapture { .. }));
    let row = stage.captured(&id, "capture-1", Some(1_000)).await;
    assert_eq!(captured(&row), 1_000);
    assert!(row.charge.unwrap().settlement.is_some(), "what it came to is told by the capture");
    let row = stage.refunded(&id, "refund-1", None).await.unwrap();
    assert_eq!(row.refunds[0].amount.minor_units(), 1_000);
    let books = stage.ledger(&id).await;
    assert_eq!(books["charges"], json!([["succeeded", 1_000]]), "nothing is held any more");
}

#[tokio::test]
async fn what_is_held_is_let_go_when_it_is_canceled() {
    let stage = Stage::open().await;
    let id = stage.held("order-1").await;
    assert_eq!(stage.canceled(&id, "cancel-1").await.state, PaymentState::Canceled);
    assert_eq!(stage.ledger(&id).await["charges"], json!([["canceled", 1_250]]));
}

#[tokio::test]
async fn an_order_that_holds_nothing_is_canceled_by_the_row_alone() {
    let stage = Stage::open().await;
    for approve in [false, true] {
        let id = stage.opened(if approve { "order-2" } else { "order-1" }).await;
        if approve {
            stage.approved(&id, "completed").await;
        }
        assert_eq!(stage.canceled(&id, "cancel-1").await.state, PaymentState::Canceled);
        assert_eq!(stage.ledger(&id).await["charges"], json!([]));
    }
}

#[tokio::test]
async fn a_refused_instrument_goes_back_to_its_payer_who_may_choose_another() {
    let stage = Stage::open().await;
    let id = stage.opened("order-1").await;
    stage.approved(&id, "instrument_declined").await;
    let row = stage.confirmed(&id, "confirm-1").await;
    assert!(matches!(row.state, PaymentState::RequiresAction(NextAction::Redirect(_))), "{:?}", row.state);
    let AttemptProgress::Closed(AttemptResult::Declined(decline)) = &row.attempts[0].progress else { panic!("open") };
    assert_eq!((decline.code, decline.gateway_code.as_str()), ("instrument_declined", "INSTRUMENT_DECLINED"));
    stage.approved(&id, "completed").await;
    assert_eq!(captured(&stage.confirmed(&id, "confirm-2").await), 1_250);
    assert_eq!(stage.ledger(&id).await["charges"], json!([["succeeded", 1_250]]));
}

#[tokio::test]
async fn a_charge_that_was_declined_in_a_completed_order_is_the_end() {
    for fate in ["declined", "failed"] {
        let stage = Stage::open().await;
        let id = stage.opened("order-1").await;
        stage.approved(&id, fate).await;
        let row = stage.confirmed(&id, "confirm-1").await;
        assert_eq!(row.state, PaymentState::Failed, "{fate}");
        let AttemptProgress::Closed(AttemptResult::Declined(decline)) = &row.attempts[0].progress else {
            panic!("open")
        };
        assert_eq!(decline.code, "generic_decline");
    }
}

#[tokio::test]
async fn who_has_not_approved_yet_is_sent_there_again() {
    let stage = Stage::open().await;
    let id = stage.opened("order-1").await;
    // The row thinks otherwise: an event came too early, say.
    stage.approved(&id, "completed").await;
    stage
        .fault("/v2/checkout/orders/*/capture", json!({"fault": "issue", "issue": "ORDER_NOT_APPROVED", "times": 1}))
        .await;
    let row = stage.confirmed(&id, "confirm-1").await;
    assert!(matches!(row.state, PaymentState::RequiresAction(NextAction::Confirm)), "{:?}", row.state);
    assert_eq!(captured(&stage.confirmed(&id, "confirm-2").await), 1_250);
}

#[tokio::test]
async fn a_pending_charge_is_looked_at_until_its_bank_has_spoken() {
    for (outcome, state) in [("succeeded", None), ("failed", Some(PaymentState::Failed))] {
        let stage = Stage::open().await;
        let id = stage.opened("order-1").await;
        stage.approved(&id, "echeck").await;
        let row = stage.confirmed(&id, "confirm-1").await;
        assert_eq!(row.state, PaymentState::Processing(ProcessingReason::GatewayPending));
        stage.steer("/_sandbox/settle", json!({"transactionId": id.as_str(), "outcome": outcome})).await;
        let row = stage.looked(&id).await;
        match state {
            Some(state) => assert_eq!(row.state, state),
            None => assert_eq!(captured(&row), 1_250),
        }
    }
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_under_its_key_and_money_moves_once() {
    for fault in ["reset_before", "reset_after", "garbage_after", "status"] {
        let stage = Stage::open().await;
        let id = stage.opened("order-1").await;
        stage.approved(&id, "completed").await;
        // Both tries of one call.
        stage.fault("/v2/checkout/orders/*/capture", json!({"fault": fault, "times": 2})).await;
        let row = stage.confirmed(&id, "confirm-1").await;
        assert_eq!(row.state, PaymentState::Processing(ProcessingReason::OutcomeUnknown), "{fault}");
        let mut row = row;
        for _ in 0..4 {
            if matches!(row.state, PaymentState::Processing(_)) {
                row = stage.looked(&id).await;
            }
        }
        assert_eq!(captured(&row), 1_250, "{fault}");
        assert_eq!(stage.ledger(&id).await["charges"], json!([["succeeded", 1_250]]), "{fault}");
    }
}

#[tokio::test]
async fn what_may_have_been_paid_elsewhere_is_never_called_failed() {
    let stage = Stage::open().await;
    let id = stage.opened("order-1").await;
    stage.approved(&id, "completed").await;
    let fault = json!({"fault": "issue", "issue": "DUPLICATE_INVOICE_ID", "times": 3});
    stage.fault("/v2/checkout/orders/*/capture", fault).await;
    assert_eq!(
        stage.confirmed(&id, "confirm-1").await.state,
        PaymentState::Processing(ProcessingReason::OutcomeUnknown)
    );
    assert!(matches!(stage.looked(&id).await.state, PaymentState::Processing(_)));
}

#[tokio::test]
async fn what_was_captured_by_somebody_else_meanwhile_is_found_by_a_look() {
    let stage = Stage::open().await;
    let id = stage.opened("order-1").await;
    stage.approved(&id, "completed").await;
    // The answer is lost, and with it the key.
    stage.fault("/v2/checkout/orders/*/capture", json!({"fault": "garbage_after", "times": 1})).await;
    stage.confirmed(&id, "confirm-1").await;
    stage.steer("/_sandbox/keys/age", json!({"transactionId": id.as_str(), "hours": 7})).await;
    assert_eq!(captured(&stage.looked(&id).await), 1_250, "ORDER_ALREADY_CAPTURED says so");
    assert_eq!(stage.ledger(&id).await["charges"], json!([["succeeded", 1_250]]));
}

#[tokio::test]
async fn a_token_that_was_taken_back_is_replaced_within_the_call() {
    let stage = Stage::open().await;
    let id = stage.opened("order-1").await;
    stage.approved(&id, "completed").await;
    stage.steer("/_sandbox/paypal/tokens/revoke", json!({})).await;
    assert_eq!(captured(&stage.confirmed(&id, "confirm-1").await), 1_250);
}

#[tokio::test]
async fn an_order_that_paypal_has_forgotten_ends_with_its_time() {
    let stage = Stage::open().await;
    let id = stage.opened("order-1").await;
    stage.steer("/_sandbox/lapse", json!({"transactionId": id.as_str()})).await;
    assert_eq!(stage.looked(&id).await.state, PaymentState::Expired);
    let late = stage.opened("order-2").await;
    stage.approved(&late, "completed").await;
    stage.steer("/_sandbox/lapse", json!({"transactionId": late.as_str()})).await;
    let row = stage.confirmed(&late, "confirm-1").await;
    assert_eq!(row.state, PaymentState::Expired, "there is nothing left to capture");
}

#[tokio::test]
async fn a_refund_that_waits_is_seen_to_its_end() {
    for (fate, end) in [
        ("pending_then_completed", RefundProgress::Succeeded),
        ("pending_then_failed", RefundProgress::Failed { code: "FAILED".to_owned() }),
    ] {
        let stage = Stage::open().await;
        let id = stage.opened("order-1").await;
        stage
            .steer(
                "/_sandbox/payer/decide",
                json!({"transactionId": id.as_str(), "decision": "approve", "capture": "completed", "refunds": fate}),
            )
            .await;
        stage.confirmed(&id, "confirm-1").await;
        let row = stage.refunded(&id, "refund-1", Some(500)).await.unwrap();
        assert_eq!(row.refunds[0].progress, RefundProgress::Pending, "{fate}");
        tokio::time::sleep(Duration::from_millis(200)).await;
        let progress = stage.looked(&id).await.refunds[0].progress.clone();
        match (&progress, &end) {
            // The sandbox tells why in its own words.
            (RefundProgress::Failed { .. }, RefundProgress::Failed { .. }) => {}
            (progress, end) => assert_eq!(progress, end, "{fate}"),
        }
    }
}

#[tokio::test]
async fn paypals_own_events_are_verified_offline_and_have_the_payment_looked_at() {
    let stage = Stage::open().await;
    let mailbox = stage.listening("WH-7").await;
    let id = stage.opened("order-1").await;
    stage.approved(&id, "completed").await;
    let event = mailbox.next(&stage, "CHECKOUT.ORDER.APPROVED").await;
    assert_eq!(event.mode, Mode::Test);
    let Subject::Payment { id: named, news: News::Look { object, holds_money: false } } = &event.subject else {
        panic!("{event:?}")
    };
    assert_eq!((named, object), (&id, &stage.row(&id).object));
    assert_eq!(stage.received(event).await, Received::Applied);
    assert_eq!(stage.nudged(), 1, "somebody looks");
    assert!(matches!(stage.looked(&id).await.state, PaymentState::RequiresAction(NextAction::Confirm)));
    stage.confirmed(&id, "confirm-1").await;
    let event = mailbox.next(&stage, "PAYMENT.CAPTURE.COMPLETED").await;
    assert_eq!(stage.received(event).await, Received::Superseded);
}

#[tokio::test]
async fn money_on_another_order_with_our_id_is_told_to_a_person() {
    let stage = Stage::open().await;
    let id = stage.opened("order-1").await;
    let mailbox = stage.listening("WH-7").await;
    stage.steer("/_sandbox/duplicates", json!({"transactionId": id.as_str(), "money": "taken"})).await;
    let event = mailbox.next(&stage, "PAYMENT.CAPTURE.COMPLETED").await;
    assert_eq!(stage.received(event).await, Received::Foreign);
    assert!(stage.row(&id).attention.is_some());
}

#[tokio::test]
async fn while_paypal_grants_no_token_nothing_is_opened() {
    let stage = Stage::open().await;
    stage.fault("/v1/oauth2/token", json!({"fault": "status", "status": 503, "times": 1})).await;
    let error = stage.try_open("order-1").await.unwrap_err();
    assert!(matches!(error, InitiateError::GatewayUnavailable("not_sent")), "{error:?}");
    assert!(stage.try_open("order-1").await.is_ok());
}
