//! What is wrong with an answer to a dispute, or with a list of disputes, is said with its place, and goes to nobody.

use acceptance::gateway::Gateway;
use acceptance::refusal::{Case, check, sent, wrong_bodies};
use acceptance::stack::on_stack;
use acceptance::{eventually, unique};
use serde_json::json;

#[test]
fn an_answer_to_a_dispute_that_is_wrong_is_refused_with_the_place_and_goes_to_nobody() {
    on_stack(async |stack| {
        let payment = stack.paid(Gateway::PayPal, json!({})).await;
        let id = stack.sandbox.disputes(&payment.id, json!({})).await;
        let dispute = format!("dsp_paypal_{id}");
        eventually("the dispute is there", async || {
            let answer = stack.api.dispute(&dispute).await;
            if answer.at("/status") == "needs_response" { Ok(()) } else { Err(answer.text) }
        })
        .await;
        let evidence = format!("/disputes/{dispute}/evidence");
        let right = r#"{"submit":true,"evidence":{"explanation":"It was delivered."}}"#;
        for (body, status, code, pointers) in wrong_evidence().into_iter().chain(wrong_bodies(right)) {
            let answer = stack.api.post(&evidence, &unique("wrong"), body.clone()).await;
            check(&answer, status, code, &pointers, &body);
        }
        for (path, body) in [(evidence, right), (format!("/disputes/{dispute}/accept"), "{}")] {
            let answer = sent(&stack.api, &path, Some("application/json"), None, body).await;
            check(&answer, 400, "idempotency_key_missing", &[], &path);
            let answer = stack.api.post(&path, &unique("wrong"), r#"{"transactionId":"pay_x"}"#).await;
            assert_eq!((answer.status, answer.text_at("/code").as_str()), (400, "invalid_request"), "{}", answer.text);
        }
        for (query, pointer) in [
            ("status=open", "?status"),
            ("status=Won", "?status"),
            ("limit=0", "?limit"),
            ("limit=51", "?limit"),
            ("cursor=AAAA", "?cursor"),
            ("day=2026-11-23", "?day"),
        ] {
            check(&stack.api.disputes(query).await, 400, "invalid_request", &[pointer], query);
        }
        assert_eq!(stack.sandbox.submissions(Gateway::PayPal, &id).await, 0);
        let shown = stack.api.dispute(&dispute).await.expect(200).json();
        assert_eq!((&shown["requests"], &shown["evidence"]), (&json!([]), &json!({})));
    });
}

/// What is wrong with the evidence in a dispute.
fn wrong_evidence() -> Vec<Case> {
    let long = "e".repeat(150_001);
    [
        (r#"{"evidence":{"explanation":"x"}}"#.to_owned(), "/submit"),
        (r#"{"submit":"yes","evidence":{"explanation":"x"}}"#.to_owned(), "/submit"),
        (r#"{"submit":null}"#.to_owned(), "/submit"),
        (r#"{"submit":false}"#.to_owned(), "/evidence"),
        (r#"{"submit":true,"evidence":[]}"#.to_owned(), "/evidence"),
        (r#"{"submit":true,"evidence":{"excuse":"x"}}"#.to_owned(), "/evidence"),
        (r#"{"submit":true,"evidence":{"explanation":7}}"#.to_owned(), "/evidence/explanation"),
        (r#"{"submit":true,"evidence":{"receipt":"file_1"}}"#.to_owned(), "/evidence/receipt"),
        (r#"{"submit":true,"proof":{}}"#.to_owned(), "/proof"),
    ]
    .into_iter()
    .map(|(body, pointer)| (body, 400, "invalid_request", vec![pointer]))
    .chain([(format!(r#"{{"submit":true,"evidence":{{"explanation":"{long}"}}}}"#), 413, "body_too_large", vec![])])
    .collect()
}
