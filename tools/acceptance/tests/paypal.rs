//! Payments at PayPal: the payer approves first, our own request moves the money, and what is told is what the gateway's books say.
//!
//! What holds at both gateways is shown where it is shown for Stripe: lost answers by the fault matrix, news in any order by the webhook
//! orders, killed functions, keys that come twice, declines.

use std::time::{Duration, Instant};

use acceptance::client::Opened;
use acceptance::gateway::{Call, Gateway::PayPal};
use acceptance::oracle::row_equals_ledger;
use acceptance::settle::settle;
use acceptance::stack::{Stack, on_stack};
use acceptance::{a_few_at_a_time, eventually, say, unique};
use serde_json::{Value, json};

/// What is paid in each of these tests.
const PAID: i64 = 1999;
/// Twice the gateway timeout of the local stage, in which what was sent is seen, and a nudge on top of it.
const UNTIL_QUIET: Duration = Duration::from_secs(15);

#[test]
fn what_its_payer_approved_is_captured_when_it_is_confirmed_and_goes_back_to_the_last_cent() {
    on_stack(async |stack| {
        let order = stack.ready(PayPal, json!({})).await;
        next_action(stack, &order, "confirm").await;
        let key = unique("confirm");
        let paid = stack.api.charge(&order, &key).await.expect(200);
        assert_eq!(told(&paid.json(), &["status", "amountCaptured", "gateway"]), json!(["succeeded", PAID, "paypal"]));
        assert_eq!(paid.text_at("/attempts/0/method"), "approved");
        for amount in [1000, 998] {
            drop(stack.api.refund(&order, &unique("part"), Some(amount)).await.expect(200));
        }
        let too_much = stack.api.refund(&order, &unique("more"), Some(2)).await.expect(422);
        assert_eq!(too_much.text_at("/code"), "amount_exceeds_refundable");
        let rest = stack.api.refund(&order, &unique("rest"), None).await.expect(200).json();
        assert_eq!(told(&rest, &["amountRefunded", "amountRefundable"]), json!([PAID, 0]));
        at_rest(stack, &order, "succeeded").await;
    });
}

#[test]
fn what_was_agreed_to_be_confirmed_by_us_is_captured_as_soon_as_it_is_approved() {
    on_stack(async |stack| {
        let order = stack.ready(PayPal, json!({"confirmation": "automatic"})).await;
        let paid = stack.settled(&order.id, "succeeded").await;
        assert_eq!(paid["attempts"][0]["source"], "automatic", "{paid}");
        at_rest(stack, &order, "succeeded").await;
    });
}

#[test]
fn what_is_held_is_captured_in_part_or_let_go() {
    on_stack(async |stack| {
        for capture in [true, false] {
            let order = stack.ready(PayPal, json!({"capture": "manual"})).await;
            let held = stack.charged(&order).await.expect(200).json();
            assert_eq!(told(&held, &["status", "amountCapturable"]), json!(["requires_capture", PAID]));
            if capture {
                let body = json!({"transactionId": order.id, "amount": 700}).to_string();
                let taken = stack.api.post("/payment/capture", &unique("capture"), body).await.expect(200).json();
                assert_eq!(told(&taken, &["status", "amountCaptured"]), json!(["succeeded", 700]));
                let too_much = stack.api.refund(&order, &unique("more"), Some(701)).await.expect(422);
                assert_eq!(too_much.text_at("/code"), "amount_exceeds_refundable");
                at_rest(stack, &order, "succeeded").await;
            } else {
                let gone = stack.api.cancel(&order).await.expect(200).json();
                assert_eq!(gone["status"], "canceled", "{gone}");
                at_rest(stack, &order, "canceled").await;
            }
        }
    });
}

#[test]
fn nothing_is_charged_that_its_payer_has_not_approved() {
    on_stack(async |stack| {
        let order = stack.opened(PayPal, json!({})).await;
        let early = stack.charged(&order).await.expect(200).json();
        assert_eq!(told(&early, &["status"]), json!(["requires_action"]), "{early}");
        next_action(stack, &order, "redirect").await;
        drop(stack.sandbox.payer_decides(&order.id, "approve").await);
        next_action(stack, &order, "confirm").await;
        drop(stack.charged(&order).await.expect(200));
        at_rest(stack, &order, "succeeded").await;
        let refused = stack.api.pay(&order, "pm_card_visa").await;
        assert_eq!(refused.status, 409, "{}", refused.text);
    });
}

/// The payer went away, and so does the merchant.
#[test]
fn who_confirms_before_the_payer_has_approved_can_still_cancel() {
    on_stack(async |stack| {
        let order = stack.opened(PayPal, json!({})).await;
        drop(stack.charged(&order).await.expect(200));
        let asked = stack.api.cancel(&order).await;
        assert!(matches!(asked.status, 200 | 202), "{}", asked.text);
        drop(stack.settled(&order.id, "canceled").await);
        at_rest(stack, &order, "canceled").await;
    });
}

#[test]
fn an_order_that_nobody_tried_to_charge_is_canceled_at_once_and_one_that_was_tried_as_soon_as_nothing_is_on_its_way() {
    on_stack(async |stack| {
        let order = stack.opened(PayPal, json!({})).await;
        let gone = stack.api.cancel(&order).await.expect(200).json();
        assert_eq!(gone["status"], "canceled", "{gone}");
        drop(stack.sandbox.payer_decides(&order.id, "approve").await);
        at_rest(stack, &order, "canceled").await;

        let order = stack.opened(PayPal, json!({})).await;
        drop(stack.sandbox.payer_approves(&order.id, json!({"capture": "instrument_declined"})).await);
        drop(stack.charged(&order).await.expect(402));
        let began = Instant::now();
        let asked = stack.api.cancel(&order).await.expect(202).json();
        assert_eq!(told(&asked["pending"], &["kind"]), json!(["cancel"]), "{asked}");
        // Nobody sweeps: the nudge comes when a look can prove that it is over, and not before.
        drop(stack.api.settled(&order.id, "canceled").await);
        assert!(began.elapsed() < UNTIL_QUIET, "{:?}", began.elapsed());
        say(&format!("an order that was tried is canceled after {:?}", began.elapsed()));
        at_rest(stack, &order, "canceled").await;
    });
}

#[test]
fn a_charge_that_paypal_or_a_bank_looks_at_first_is_told_when_they_have() {
    on_stack(async |stack| {
        let fates = [("echeck", "succeeded"), ("echeck", "failed"), ("pending_review", "succeeded")];
        let orders = a_few_at_a_time(fates, async |(capture, outcome)| {
            let order = stack.opened(PayPal, json!({})).await;
            drop(stack.sandbox.payer_approves(&order.id, json!({ "capture": capture })).await);
            let pending = stack.charged(&order).await.expect(202).json();
            assert_eq!(told(&pending, &["status", "processingReason"]), json!(["processing", "gateway_pending"]));
            stack.sandbox.settles(&order.id, outcome).await;
            drop(stack.api.settled(&order.id, outcome).await);
            order
        })
        .await;
        drop(settle(stack, &orders.iter().collect::<Vec<_>>()).await);
    });
}

#[test]
fn a_refund_that_paypal_keeps_pending_is_told_when_it_has_gone_and_given_up_when_it_failed() {
    on_stack(async |stack| {
        let fates = [("succeeded", 500), ("failed", 0), ("canceled", 0)];
        let paid = a_few_at_a_time(fates, async |(outcome, refunded)| {
            let order = stack.opened(PayPal, json!({})).await;
            drop(stack.sandbox.payer_approves(&order.id, json!({"refunds": "pending"})).await);
            drop(stack.charged(&order).await.expect(200));
            let pending = stack.api.refund(&order, &unique("pending"), Some(500)).await.expect(202).json();
            assert_eq!(told(&pending, &["amountRefunded", "amountRefundable"]), json!([0, PAID - 500]));
            stack.sandbox.settles(&order.id, outcome).await;
            (order, outcome, refunded)
        })
        .await;
        // Of a failure PayPal tells nobody: it is looked for.
        let settled = settle(stack, &paid.iter().map(|(order, ..)| order).collect::<Vec<_>>()).await;
        for ((_, outcome, refunded), settled) in paid.iter().zip(settled) {
            let payment = settled.at_rest.payment;
            assert_eq!(payment["refunds"][0]["status"], *outcome, "{payment}");
            let left = PAID - refunded;
            assert_eq!(told(&payment, &["amountRefunded", "amountRefundable"]), json!([refunded, left]));
            say(&format!("a refund that PayPal keeps pending, {outcome}: told by {:?}", settled.settler));
        }
    });
}

#[test]
fn what_paypals_dashboard_refunds_is_found_and_told_as_the_gateways_own() {
    on_stack(async |stack| {
        let order = stack.paid(PayPal, json!({})).await;
        let ours = stack.api.refund(&order, &unique("ours"), Some(500)).await.expect(200);
        drop(stack.sandbox.dashboard_refunds(&order.id, Some(500)).await);
        let shown = eventually("both refunds are told", async || {
            let shown = stack.api.status(&order.id).await.expect(200).json();
            if shown["amountRefunded"] == 1000 { Ok(shown) } else { Err(shown.to_string()) }
        })
        .await;
        let sources: Vec<&Value> =
            shown["refunds"].as_array().into_iter().flatten().map(|one| &one["source"]).collect();
        assert_eq!(sources, ["api", "gateway"], "{shown}");
        assert_eq!(shown["refunds"][0]["refundId"], ours.at("/refunds/0/refundId"));
        at_rest(stack, &order, "succeeded").await;
    });
}

#[test]
fn what_paypal_refuses_by_its_name_moves_no_money_and_is_said() {
    on_stack(async |stack| {
        let order = stack.ready(PayPal, json!({})).await;
        let issue = json!({"fault": "issue", "issue": "INSTRUMENT_DECLINED", "times": 1});
        drop(stack.sandbox.misbehaves_for(&order.id, PayPal.fault(Call::Confirm, issue)).await);
        let declined = stack.charged(&order).await.expect(402);
        assert_eq!(declined.text_at("/decline/gatewayCode"), "INSTRUMENT_DECLINED", "{}", declined.text);
        assert_eq!(declined.text_at("/payment/nextAction/type"), "redirect");
        drop(stack.charged(&order).await.expect(200));
        for (issue, status, code) in [
            ("REFUND_FAILED_INSUFFICIENT_FUNDS", 402, "refund_failed"),
            ("REFUND_TIME_LIMIT_EXCEEDED", 402, "refund_failed"),
        ] {
            let rule = PayPal.fault(Call::Refund, json!({"fault": "issue", "issue": issue, "times": 1}));
            drop(stack.sandbox.misbehaves_for(&order.id, rule).await);
            let answer = stack.api.refund(&order, &unique("refused"), Some(100)).await;
            assert_eq!((answer.status, answer.text_at("/code").as_str()), (status, code), "{issue}: {}", answer.text);
        }
        let settled = settle(stack, &[&order]).await;
        assert_eq!(settled[0].at_rest.payment["amountRefunded"], 0, "{}", settled[0].at_rest.payment);
    });
}

#[test]
fn an_event_that_paypal_did_not_sign_is_not_taken() {
    on_stack(async |stack| {
        let headers: [(&str, &[u8]); 6] = [
            ("content-type", b"application/json"),
            ("paypal-transmission-id", b"b0f4d1c0-0000-11ee-be56-0242ac120002"),
            ("paypal-transmission-time", b"2026-11-23T12:00:00Z"),
            ("paypal-transmission-sig", b"c2lnbmVkIGJ5IG5vYm9keQ=="),
            ("paypal-cert-url", b"https://evil.example/v1/notifications/certs/CERT-1"),
            ("paypal-auth-algo", b"SHA256withRSA"),
        ];
        let body = json!({"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": {}}).to_string();
        assert_eq!(stack.api.send("POST", "/webhook/paypal", &headers, body).await.status, 400);
    });
}

/// Waits until the payment says what is to be done next.
async fn next_action(stack: &Stack, order: &Opened, wanted: &str) {
    eventually(&format!("{} is to be followed by {wanted}", order.id), async || {
        let shown = stack.api.status(&order.id).await.expect(200);
        if shown.at("/nextAction/type") == json!(wanted) { Ok(()) } else { Err(shown.text) }
    })
    .await;
}

/// Waits until payment and books agree, and the payment has this status.
async fn at_rest(stack: &Stack, order: &Opened, status: &str) {
    let rests = eventually("the row equals the ledger", async || row_equals_ledger(stack, order).await).await;
    assert_eq!(rests.status, status, "{}", rests.payment);
}

fn told(payment: &Value, fields: &[&str]) -> Value {
    fields.iter().map(|field| payment[*field].clone()).collect()
}
