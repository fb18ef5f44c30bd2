//! Every way in which the sandbox's instruments say no, through the deployed stack: what the merchant is told of it, and what becomes of
//! the payment, with its payer there and without.
//!
//! The list is the sandbox's own, so that none can be left out; what each code means is the domain's table, which is total and tested there.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::time::Duration;

use acceptance::client::Opened;
use acceptance::gateway::Gateway::{PayPal, Stripe};
use acceptance::settle::settle;
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{a_few_at_a_time, eventually, say, unique};
use expect_test::{Expect, expect};
use serde_json::{Value, json};
use tokio::time::sleep;

/// What a payer's PayPal account may do instead of paying.
const FATES: [&str; 6] =
    ["declined", "failed", "instrument_declined", "payer_action_required", "payer_cannot_pay", "transaction_refused"];

#[test]
fn every_card_and_account_that_stripe_declines_is_told_with_what_to_do_about_it() {
    on_stack(async |stack| {
        let methods = stack.sandbox.declines().await["stripe"].as_array().unwrap().clone();
        let told = a_few_at_a_time(methods, async |method| {
            let name = method["method"].as_str().or(method["token"].as_str()).unwrap().to_owned();
            let id = match method["token"].as_str() {
                Some(token) => stack.sandbox.method_of(token).await,
                None => name.clone(),
            };
            let currency = if name.contains("usBankAccount") { "USD" } else { "EUR" };
            let mut payments = Vec::new();
            let mut line = name;
            for off_session in [false, true] {
                let payment = stack.opened(Stripe, json!({ "currency": currency })).await;
                let body = json!({"transactionId": payment.id, "paymentMethod": id, "offSession": off_session});
                let answer = stack.api.confirm(&unique("decline"), &body).await;
                let shown = declined(stack, &payment, &answer).await;
                if !off_session {
                    line.push_str(&format!(": {}", decline(&shown["attempts"][0]["decline"])));
                }
                let who = if off_session { "away" } else { "there" };
                line.push_str(&format!("; {who} {} {}", answer.status, standing(&shown)));
                payments.push(payment);
            }
            (line, payments)
        })
        .await;
        check(stack, told, &expect![[r#""#]]).await;
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
        check(stack, told, &expect![[r#""#]]).await;
    });
}

/// The payment, once its attempt was declined: a bank takes its time.
async fn declined(stack: &Stack, payment: &Opened, answer: &Answer) -> Value {
    eventually("the attempt has failed", async || {
        let shown = stack.api.status(&payment.id).await.expect(200).json();
        // That a bank has found no money, only a look proves, and a look does not say why.
        if matches!(shown["attempts"][0]["status"].as_str(), Some("declined" | "not_charged")) {
            return Ok(shown);
        }
        drop(stack.sweep().await);
        sleep(Duration::from_secs(1)).await;
        Err(format!("{} {shown}", answer.text))
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
