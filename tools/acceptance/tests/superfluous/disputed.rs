//! Disputes that wait for the merchant, and evidence that had to be sent twice.

use acceptance::gateway::Gateway::{self, Stripe};
use acceptance::queue::event;
use acceptance::stack::Stack;
use acceptance::wire::Answer;
use acceptance::{eventually, unique};
use serde_json::json;

use crate::checks::{is, soon, went_well};
use crate::works::ALWAYS;

/// A dispute that waits for the merchant.
pub(crate) struct Disputed {
    pub(crate) public_id: String,
    pub(crate) gateways_id: String,
}

impl Disputed {
    pub(crate) async fn answered(&self, stack: &Stack) -> Answer {
        let papers = json!({"submit": true, "evidence": {"explanation": "It was delivered."}});
        stack.api.evidence(&self.public_id, &unique("right"), &papers).await
    }
}

pub(crate) async fn disputed(stack: &Stack, gateway: Gateway) -> Disputed {
    let payment = stack.paid(gateway, json!({})).await;
    let gateways_id = stack.sandbox.disputes(&payment.id, json!({})).await;
    // Seen by its payment: the function that shows disputes may be the one that cannot.
    eventually("the payment is disputed", async || {
        let shown = stack.api.status(&payment.id).await.expect(200);
        if shown.text_at("/disputes/0/status") == "needs_response" { Ok(()) } else { Err(shown.text) }
    })
    .await;
    Disputed { public_id: format!("dsp_{}_{gateways_id}", gateway.name()), gateways_id }
}

/// What was written down, and never came to the gateway, does so later.
pub(crate) async fn sends_evidence_again(stack: &Stack) -> Result<(), String> {
    let dispute = disputed(stack, Stripe).await;
    let path = format!("/v1/disputes/{}", dispute.gateways_id);
    let lost = json!({"method": "POST", "path": path, "fault": "reset_before", "times": ALWAYS});
    let lost = stack.sandbox.misbehaves(lost).await;
    let answer = dispute.answered(stack).await;
    stack.sandbox.behaves_again(&lost).await;
    is(&answer, 202)?;
    let look = json!({"disputeId": dispute.public_id}).to_string();
    soon(async || {
        went_well(&stack.aws.invoke("retry", &event(std::slice::from_ref(&look))).await)?;
        match stack.sandbox.submissions(Stripe, &dispute.gateways_id).await {
            0 => Err("nothing was sent again".to_owned()),
            _ => Ok(()),
        }
    })
    .await
}
