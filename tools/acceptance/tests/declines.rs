//! Every way in which the sandbox's instruments say no, through the deployed stack: what the merchant is told of it, and what becomes of
//! the payment, with its payer there and without.
//!
//! The list is the sandbox's own, so that none can be left out; what each code means is the domain's table, which is total and tested there.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use acceptance::client::Opened;
use acceptance::gateway::Gateway::{PayPal, Stripe};
use acceptance::settle::settle;
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{a_few_at_a_time, eventually, say, unique};
use expect_test::{Expect, expect};
use futures_util::future::join_all;
use serde_json::{Value, json};

/// What a payer's PayPal account may do instead of paying.
const FATES: [&str; 6] =
    ["declined", "failed", "instrument_declined", "payer_action_required", "payer_cannot_pay", "transaction_refused"];

#[test]
fn every_card_and_account_that_stripe_declines_is_told_with_what_to_do_about_it() {
    on_stack(async |stack| {
        let methods = stack.sandbox.declines().await["stripe"].as_array().unwrap().clone();
        // They do little but wait.
        let told = join_all(methods.iter().map(async |method| {
            let name = method["method"].as_str().or(method["token"].as_str()).unwrap().to_owned();
            let id = match method["token"].as_str() {
                Some(token) => stack.sandbox.method_of(token).await,
                None => name.clone(),
            };
            let currency = if name.contains("usBankAccount") { "USD" } else { "EUR" };
            let told = join_all([false, true].map(async |off_session| {
                let payment = stack.opened(Stripe, json!({ "currency": currency })).await;
                let body = json!({"transactionId": payment.id, "paymentMethod": id, "offSession": off_session});
                let answer = stack.api.confirm(&unique("decline"), &body).await;
                let shown = declined(stack, &payment, &answer).await;
                (payment, answer.status, shown)
            }));
            let (mut line, mut payments) = (name, Vec::new());
            for ((payment, status, shown), who) in told.await.into_iter().zip(["there", "away"]) {
                if payments.is_empty() {
                    line.push_str(&format!(": {}", decline(&shown["attempts"][0]["decline"])));
                }
                line.push_str(&format!("; {who} {status} {}", standing(&shown)));
                payments.push(payment);
            }
            (line, payments)
        }));
        let told = stack.while_sweeping(told).await;
        check(stack, told, &expect![[r#"
            pm_card_visa_chargeDeclined: generic_decline later (generic_decline, try_again_later); there 402 requires_payment_method provide_payment_method; away 202 processing retry_scheduled
            pm_card_visa_chargeDeclinedInsufficientFunds: insufficient_funds later (insufficient_funds, try_again_later); there 402 requires_payment_method provide_payment_method; away 202 processing retry_scheduled
            pm_card_visa_chargeDeclinedLostCard: lost_card never (lost_card, do_not_try_again); there 402 requires_payment_method provide_payment_method; away 402 failed
            pm_card_visa_chargeDeclinedStolenCard: stolen_card never (stolen_card, do_not_try_again); there 402 requires_payment_method provide_payment_method; away 402 failed
            pm_card_visa_chargeDeclinedVelocityLimitExceeded: card_velocity_exceeded later (card_velocity_exceeded, try_again_later); there 402 requires_payment_method provide_payment_method; away 202 processing retry_scheduled
            tok_visa_chargeDeclinedFraudulent: fraudulent never (fraudulent, do_not_try_again); there 402 requires_payment_method provide_payment_method; away 402 failed
            pm_card_chargeDeclinedExpiredCard: expired_card payer_must_act (expired_card, confirm_card_data); there 402 requires_payment_method provide_payment_method; away 402 requires_payment_method provide_payment_method
            pm_card_chargeDeclinedIncorrectCvc: incorrect_cvc payer_must_act (incorrect_cvc, confirm_card_data); there 402 requires_payment_method provide_payment_method; away 402 requires_payment_method provide_payment_method
            pm_card_chargeDeclinedProcessingError: processing_error later (processing_error, try_again_later); there 402 requires_payment_method provide_payment_method; away 202 processing retry_scheduled
            pm_card_chargeCustomerFail: generic_decline later (generic_decline, try_again_later); there 402 requires_payment_method provide_payment_method; away 202 processing retry_scheduled
            pm_card_radarBlock: fraudulent never (fraudulent, do_not_try_again); there 402 requires_payment_method provide_payment_method; away 402 failed
            pm_card_threeDSecureRequiredProcessingError: generic_decline later (generic_decline, try_again_later); there 402 requires_payment_method provide_payment_method; away 202 processing retry_scheduled
            pm_usBankAccount_insufficientFunds: - - (-, -); there 202 requires_payment_method provide_payment_method; away 202 requires_payment_method provide_payment_method
            pm_usBankAccount_accountClosed: - - (-, -); there 202 requires_payment_method provide_payment_method; away 202 requires_payment_method provide_payment_method
            pm_usBankAccount_debitNotAuthorized: - - (-, -); there 202 requires_payment_method provide_payment_method; away 202 requires_payment_method provide_payment_method
        "#]]).await;
    });
}

#[test]
fn every_card_and_account_that_paypal_declines_is_told_with_what_to_do_about_it() {
    on_stack(async |stack| {
        let cards = stack.sandbox.declines().await["paypal"].as_array().unwrap().clone();
        let cards = cards.into_iter().map(|card| ("card", card["card"].as_str().unwrap().to_owned()));
        let all = cards.chain(FATES.map(|fate| ("capture", fate.to_owned())));
        let told = a_few_at_a_time(all, async |(kind, name)| {
            let payment = stack.opened(PayPal, json!({})).await;
            drop(stack.sandbox.payer_approves(&payment.id, json!({ kind: name })).await);
            let answer = stack.charged(&payment).await;
            let shown = declined(stack, &payment, &answer).await;
            let what = decline(&shown["attempts"][0]["decline"]);
            (format!("{name}: {what}; {} {}", answer.status, standing(&shown)), vec![payment])
        })
        .await;
        check(stack, told, &expect![[r#"
            CCREJECT-REFUSED: do_not_honor later_few_times (0500, -); 402 failed
            CCREJECT-SF: fraudulent never (9500, -); 402 failed
            CCREJECT-EC: expired_card payer_must_act (5400, -); 402 failed
            CCREJECT-IRC: restricted_card never (5180, -); 402 failed
            CCREJECT-IF: insufficient_funds later (5120, -); 402 failed
            CCREJECT-LS: stolen_card never (9520, -); 402 failed
            CCREJECT-IA: invalid_account never (1330, -); 402 failed
            CCREJECT-BANK_ERROR: generic_decline later_few_times (5100, -); 402 failed
            CCREJECT-CVV_F: incorrect_cvc payer_must_act (00N7, -); 402 failed
            declined: generic_decline later_few_times (DECLINED, -); 402 failed
            failed: generic_decline later_few_times (FAILED, -); 402 failed
            instrument_declined: instrument_declined payer_must_act (INSTRUMENT_DECLINED, -); 402 requires_action redirect
            payer_action_required: authentication_required payer_must_act (PAYER_ACTION_REQUIRED, -); 402 requires_action redirect
            payer_cannot_pay: transaction_not_allowed never (PAYER_CANNOT_PAY, -); 402 requires_action redirect
            transaction_refused: generic_decline later_few_times (TRANSACTION_REFUSED, -); 402 requires_action redirect
        "#]]).await;
    });
}

/// The payment, once its attempt has failed and what follows from that is done: a bank takes its time, and a payment that is given up is
/// canceled first.
async fn declined(stack: &Stack, payment: &Opened, answer: &Answer) -> Value {
    eventually("the attempt has failed", async || {
        let shown = stack.api.status(&payment.id).await.expect(200).json();
        // That a bank has found no money, only a look proves, and a look does not say why.
        let has_failed = matches!(shown["attempts"][0]["status"].as_str(), Some("declined" | "not_charged"));
        if has_failed && shown["pending"].is_null() { Ok(shown) } else { Err(format!("{} {shown}", answer.text)) }
    })
    .await
}

/// Our code, what may be done about it, and what the gateway called it and advised.
fn decline(decline: &Value) -> String {
    let word = |name: &str| decline[name].as_str().unwrap_or("-").to_owned();
    assert!(!word("payerMessage").is_empty(), "{decline}");
    format!("{} {} ({}, {})", word("code"), word("category"), word("gatewayCode"), word("advice"))
}

fn standing(payment: &Value) -> String {
    let word = |value: &Value| value.as_str().map(|word| format!(" {word}")).unwrap_or_default();
    format!(
        "{}{}{}",
        payment["status"].as_str().unwrap(),
        word(&payment["processingReason"]),
        word(&payment["nextAction"]["type"])
    )
}

/// No money has moved, and what was told is what is expected.
async fn check(stack: &Stack, told: Vec<(String, Vec<Opened>)>, expected: &Expect) {
    let payments: Vec<&Opened> = told.iter().flat_map(|(_, payments)| payments).collect();
    let waiting = |payment: &&&Opened| payment.gateway == PayPal;
    let settled = settle(stack, &payments.iter().filter(waiting).copied().collect::<Vec<_>>()).await;
    assert!(settled.iter().all(|one| one.at_rest.charges == 0));
    for payment in &payments {
        assert_eq!(stack.sandbox.charges(&payment.id).await.iter().filter(|charge| charge.0 == "succeeded").count(), 0);
    }
    say(&format!("{} instruments declined {} payments", told.len(), payments.len()));
    let table: String = told.iter().map(|(line, _)| format!("{line}\n")).collect();
    expected.assert_eq(&table);
}
