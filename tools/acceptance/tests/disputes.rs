//! Disputes against the deployed stack: found by their webhooks, told to their payment, answered once, and won, lost or
//! given up; whatever answer is lost and however their events come.

#![expect(clippy::indexing_slicing, reason = "a test speaks by panicking")]

use acceptance::client::Opened;
use acceptance::stack::{Stack, on_stack};
use acceptance::{eventually, say, unique};
use serde_json::{Value, json};

/// What is paid in each of these tests, and disputed in most.
const PAID: i64 = 5000;

#[test]
fn a_dispute_is_answered_with_evidence_and_won_or_lost() {
    on_stack(async |stack| {
        for (evidence, decided, refundable) in [("winning_evidence", "won", PAID), ("losing_evidence", "lost", 0)] {
            let (payment, dispute) = disputed(stack, json!({})).await;
            let shown = stands(stack, &dispute, "needs_response").await;
            assert_eq!((&shown["transactionId"], &shown["stage"]), (&json!(payment.id), &json!("chargeback")));
            assert_eq!(
                (&shown["amount"], &shown["reason"], &shown["holdsMoney"]),
                (&json!(PAID), &json!("not_received"), &json!(true))
            );
            assert!(shown["dueBy"].is_string());
            told(stack, &payment, "needs_response", 0).await;
            let held = stack.api.refund(&payment, &unique("held"), Some(100)).await.expect(409);
            assert_eq!(held.text_at("/code"), "held_by_dispute");

            let draft = json!({"submit": false, "evidence": {"explanation": evidence, "shippingCarrier": "DHL"}});
            let drafted = stack.api.evidence(&dispute, &unique("draft"), &draft).await.expect(200);
            assert_eq!(drafted.at("/evidence/explanation"), evidence);
            let at_gateway = stack.sandbox.dispute(gateways(&dispute)).await;
            assert_eq!(at_gateway["evidence_details"]["has_evidence"], false, "a draft goes to nobody");

            let key = unique("submit");
            let submitted = stack.api.evidence(&dispute, &key, &json!({"submit": true})).await.expect(200);
            assert_eq!(submitted.at("/requests/1/status"), "done");
            let replay = stack.api.evidence(&dispute, &key, &json!({"submit": true})).await.expect(200);
            assert_eq!(replay.header("idempotent-replayed"), "true");
            let reused = stack.api.evidence(&dispute, &key, &draft).await.expect(422);
            assert_eq!(reused.text_at("/code"), "idempotency_key_reused");
            let at_gateway = stack.sandbox.dispute(gateways(&dispute)).await;
            assert_eq!(at_gateway["evidence_details"]["submission_count"], 1);
            assert_eq!(at_gateway["evidence"]["shipping_carrier"], "DHL");

            stands(stack, &dispute, decided).await;
            told(stack, &payment, decided, refundable).await;
            let late = stack.api.accept(&dispute, &unique("late")).await.expect(409);
            assert_eq!((late.text_at("/code").as_str(), late.at("/dispute/status")), ("invalid_state", json!(decided)));
        }
    });
}

#[test]
fn a_dispute_is_given_up_and_the_money_is_gone() {
    on_stack(async |stack| {
        let (payment, dispute) = disputed(stack, json!({"reason": "fraudulent"})).await;
        stands(stack, &dispute, "needs_response").await;
        let accepted = stack.api.accept(&dispute, &unique("accept")).await.expect(200);
        assert_eq!((accepted.at("/status"), accepted.at("/reason")), (json!("lost"), json!("fraudulent")));
        told(stack, &payment, "lost", 0).await;
        let gone = stack.api.refund(&payment, &unique("gone"), None).await.expect(409);
        assert_eq!(gone.text_at("/code"), "held_by_dispute");
    });
}

#[test]
fn an_inquiry_holds_nothing_and_what_comes_of_it_is_followed() {
    on_stack(async |stack| {
        let (payment, dispute) = disputed(stack, json!({"stage": "inquiry"})).await;
        let shown = stands(stack, &dispute, "needs_response").await;
        assert_eq!((&shown["stage"], &shown["holdsMoney"]), (&json!("inquiry"), &json!(false)));
        told(stack, &payment, "needs_response", PAID).await;
        stack.sandbox.decides(gateways(&dispute), "escalated").await;
        let further = eventually("it is a chargeback", async || {
            let shown = stack.api.dispute(&dispute).await.expect(200).json();
            if shown["stage"] == "chargeback" { Ok(shown) } else { Err(shown.to_string()) }
        });
        assert_eq!(further.await["holdsMoney"], true);
        told(stack, &payment, "needs_response", 0).await;
        stack.sandbox.decides(gateways(&dispute), "lost").await;
        stands(stack, &dispute, "lost").await;
        stack.sandbox.decides(gateways(&dispute), "appealable").await;
        let appeal = stands(stack, &dispute, "needs_response").await;
        assert_eq!(appeal["stage"], "appeal", "what was lost may be fought once more");
        let nothing = stack.api.accept(&dispute, &unique("accept")).await.expect(409);
        assert_eq!(nothing.text_at("/code"), "invalid_state");
    });
}

#[test]
fn an_answer_that_is_lost_is_given_once() {
    on_stack(async |stack| {
        for fault in ["status", "reset_before", "reset_after", "hang_before", "hang_after", "garbage_after"] {
            let (payment, dispute) = disputed(stack, json!({})).await;
            stands(stack, &dispute, "needs_response").await;
            let path = format!("/v1/disputes/{}", gateways(&dispute));
            let lost = json!({"method": "POST", "path": path, "fault": fault, "times": 2, "delayMs": 4000});
            let lost = stack.sandbox.misbehaves(lost).await;
            let key = unique("lost");
            let body = json!({"submit": true, "evidence": {"explanation": "It was delivered."}});
            let first = stack.api.evidence(&dispute, &key, &body).await;
            assert!(matches!(first.status, 200 | 202), "{fault}: {}", first.text);
            let shown = stands(stack, &dispute, "under_review").await;
            assert_eq!((&shown["pending"], &shown["requests"][0]["status"]), (&Value::Null, &json!("done")), "{fault}");
            let details = stack.sandbox.dispute(gateways(&dispute)).await["evidence_details"].clone();
            assert_eq!(details["submission_count"], 1, "{fault}: {details}");
            let replay = stack.api.evidence(&dispute, &key, &body).await.expect(200);
            assert_eq!(replay.header("idempotent-replayed"), "true");
            told(stack, &payment, "under_review", 0).await;
            stack.sandbox.behaves_again(&lost).await;
            say(&format!("evidence whose answer is lost by {fault}: {}, and submitted once", first.status));
        }
    });
}

#[test]
fn events_of_a_dispute_come_backwards_and_five_times() {
    on_stack(async |stack| {
        let payment = paid(stack).await;
        stack.sandbox.hold_webhooks().await;
        let id = stack.sandbox.disputes(&payment.id, json!({"amount": 2000})).await;
        stack.sandbox.decides(&id, "answered").await;
        stack.sandbox.decides(&id, "won").await;
        stack.sandbox.release_webhooks("lifo", 5).await;
        stands(stack, &format!("dsp_stripe_{id}"), "won").await;
        let shown = told(stack, &payment, "won", PAID).await;
        assert_eq!(shown["disputes"].as_array().unwrap().len(), 1);
        assert_eq!(shown["disputes"][0]["amount"], 2000);
    });
}

#[test]
fn what_is_open_is_listed_by_its_deadline() {
    on_stack(async |stack| {
        let (_, later) = disputed(stack, json!({"dueInDays": 20})).await;
        let (_, sooner) = disputed(stack, json!({"dueInDays": 9})).await;
        stands(stack, &later, "needs_response").await;
        stands(stack, &sooner, "needs_response").await;
        let listed = eventually("both are listed", async || {
            let (mut all, mut cursor) = (Vec::new(), String::new());
            for _ in 0..40 {
                let page =
                    stack.api.disputes(&format!("status=needs_response&limit=5{cursor}")).await.expect(200).json();
                all.extend(page["disputes"].as_array().unwrap().clone());
                let Some(next) = page["nextCursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            let place = |id: &str| all.iter().position(|dispute| dispute["disputeId"] == id);
            match (place(&sooner), place(&later)) {
                (Some(sooner), Some(later)) => Ok((all, sooner, later)),
                _ => Err(format!("{} disputes", all.len())),
            }
        });
        let (all, sooner, later) = listed.await;
        assert!(sooner < later);
        let deadlines: Vec<&str> = all.iter().map(|dispute| dispute["dueBy"].as_str().unwrap()).collect();
        assert!(deadlines.is_sorted(), "{deadlines:?}");
        let none = stack.api.disputes("status=prevented&limit=50").await.expect(200).json();
        assert!(none["disputes"].as_array().unwrap().iter().all(|dispute| dispute["status"] == "prevented"));
    });
}

#[test]
fn what_is_no_dispute_of_ours_is_not_found_and_a_key_must_be_allowed() {
    on_stack(async |stack| {
        for id in ["dsp_stripe_du_nobodys", "du_1", "dsp_adyen_1"] {
            drop(stack.api.dispute(id).await.expect(404));
            drop(stack.api.accept(id, &unique("accept")).await.expect(404));
        }
        let nothing = stack.api.with_key("qk_nobody_0000000000000000000000000000");
        drop(nothing.disputes("limit=1").await.expect(401));
    });
}

/// A paid payment that is disputed so; the dispute's public id.
async fn disputed(stack: &Stack, wanted: Value) -> (Opened, String) {
    let payment = paid(stack).await;
    let id = stack.sandbox.disputes(&payment.id, wanted).await;
    (payment, format!("dsp_stripe_{id}"))
}

async fn paid(stack: &Stack) -> Opened {
    let payment = stack.api.open_with(json!({"amount": PAID, "currency": "EUR"})).await;
    let answer = stack.api.pay(&payment, "pm_card_visa").await.expect(200);
    assert_eq!(answer.text_at("/status"), "succeeded");
    payment
}

/// What the gateway calls it.
fn gateways(dispute: &str) -> &str {
    dispute.trim_start_matches("dsp_stripe_")
}

/// The dispute, once it stands so.
async fn stands(stack: &Stack, dispute: &str, status: &str) -> Value {
    eventually(&format!("{dispute} is {status}"), async || {
        let answer = stack.api.dispute(dispute).await;
        if answer.status == 200 && answer.at("/status") == status { Ok(answer.json()) } else { Err(answer.text) }
    })
    .await
}

/// The payment, once it tells that its dispute stands so and that so much is left to refund.
async fn told(stack: &Stack, payment: &Opened, status: &str, refundable: i64) -> Value {
    eventually(&format!("{} tells that its dispute is {status}", payment.id), async || {
        let shown = stack.api.status(&payment.id).await.expect(200).json();
        let is_told = shown["disputes"][0]["status"] == status && shown["amountRefundable"] == refundable;
        if is_told { Ok(shown) } else { Err(shown.to_string()) }
    })
    .await
}
