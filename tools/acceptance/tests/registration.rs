//! `cargo xtask register-webhooks` on the deployed stack: the gateways get endpoints that are heard, whatever was there before and however
//! often it is called, and nothing that is in use is lost.
//!
//! One test, because the endpoints and their secrets are everybody's: tests of one program run side by side, and programs one after another.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::panic::{AssertUnwindSafe, resume_unwind};

use acceptance::commands::{xtask, xtask_refuses};
use acceptance::environments::kill;
use acceptance::gateway::Gateway;
use acceptance::say;
use acceptance::stack::{Stack, on_stack};
use futures_util::FutureExt as _;
use serde_json::{Value, json};

const REGISTER: &str = "register-webhooks";

#[test]
fn a_stack_is_registered_at_the_gateways_once_and_hears_them() {
    on_stack(async |stack| {
        let drawers = Drawers::of(stack).await;
        let did = AssertUnwindSafe(registered(stack, &drawers)).catch_unwind().await;
        drawers.put_back(stack).await;
        did.unwrap_or_else(|panic| resume_unwind(panic));
        say(
            "registration: endpoints made, mended and replaced at two gateways, and payments were told of through each",
        );
    });
}

async fn registered(stack: &Stack, drawers: &Drawers) {
    assert!(
        xtask_refuses(stack, &[REGISTER, "--gateway", "Stripe"]).contains("no gateway"),
        "there is none of that name"
    );
    stack.sandbox.forget_endpoints().await;
    let said = xtask(stack, &[REGISTER]);
    assert!(said.contains("stripe: made we_") && said.contains("paypal: made WH-"), "{said}");
    at_stripe(stack, drawers, &said).await;
    at_paypal(stack, drawers).await;
    kill(stack, "webhook");
    heard_of(stack, Gateway::Stripe, "payment_intent.succeeded").await;
    heard_of(stack, Gateway::PayPal, "CHECKOUT.ORDER.APPROVED").await;

    let again = xtask(stack, &[REGISTER]);
    assert_eq!(again.matches("nothing was changed").count(), 2, "{again}");
    assert_eq!(
        (stack.sandbox.endpoints_at_stripe().await.len(), stack.sandbox.webhooks_at_paypal().await.len()),
        (1, 1)
    );
    mended(stack).await;
    replaced(stack, drawers).await;
}

/// The secret that Stripe showed once stands beside the one that was there, and on no terminal.
async fn at_stripe(stack: &Stack, drawers: &Drawers, said: &str) {
    let made = stack.sandbox.endpoints_at_stripe().await.remove(0);
    assert_eq!(made["api_version"], "2026-10-28.endive");
    assert_eq!(made["url"], format!("{}/webhook/stripe", stack.api.url()));
    assert_eq!(made["enabled_events"].as_array().unwrap().len(), 17);
    let secrets = stack.aws.secret(&drawers.stripe.0).await["signingSecrets"].clone();
    let [new, old] = secrets.as_array().unwrap().as_slice() else { panic!("two are active") };
    assert_eq!(*old, drawers.stripe.1["signingSecrets"][0]);
    assert!(!said.contains(new.as_str().unwrap()), "a secret stands on the terminal");
}

async fn at_paypal(stack: &Stack, drawers: &Drawers) {
    let made = stack.sandbox.webhooks_at_paypal().await.remove(0);
    assert_eq!(made["url"], format!("{}/webhook/paypal", stack.api.url()));
    let kept = stack.aws.secret(&drawers.paypal.0).await;
    assert_eq!(kept["webhookId"], made["id"]);
    assert_eq!(kept["trustedRoot"], drawers.paypal.1["trustedRoot"], "what else stood there stays");
}

/// A payment is made, and its event is taken by the function.
async fn heard_of(stack: &Stack, gateway: Gateway, kind: &str) {
    let payment = stack.api.open_with(Stack::terms(gateway, &json!({}))).await;
    match gateway {
        Gateway::Stripe => drop(stack.api.charge(&payment, "a").await.expect(200)),
        Gateway::PayPal => drop(stack.sandbox.payer_approves(&payment.id, json!({})).await),
    }
    stack.sandbox.delivered(&payment.intent, kind, 1).await;
}

/// What somebody has changed in the dashboard is put right.
async fn mended(stack: &Stack) {
    let id = stack.sandbox.endpoints_at_stripe().await[0]["id"].as_str().unwrap().to_owned();
    stack.sandbox.change_endpoint(&id, "enabled_events[]=refund.failed&disabled=true").await;
    let said = xtask(stack, &[REGISTER, "--gateway", "stripe"]);
    assert!(said.contains(&format!("{id} now hears the 17 events")) && !said.contains("paypal"), "{said}");
    let endpoint = stack.sandbox.endpoints_at_stripe().await.remove(0);
    assert_eq!((endpoint["status"].as_str(), endpoint["id"].as_str()), (Some("enabled"), Some(id.as_str())));
}

/// A stack that has lost the secret of its endpoint, or whose endpoint was rolled: nothing is deleted, and another is made for whoever says so.
async fn replaced(stack: &Stack, drawers: &Drawers) {
    let unfit = stack.sandbox.endpoints_at_stripe().await[0]["id"].as_str().unwrap().to_owned();
    stack.aws.put_secret(&drawers.stripe.0, &drawers.stripe.1).await;
    let refused = xtask_refuses(stack, &[REGISTER, "--gateway", "stripe"]);
    assert!(refused.contains(&unfit) && refused.contains("--replace"), "{refused}");
    let said = xtask(stack, &[REGISTER, "--gateway", "stripe", "--replace"]);
    assert!(said.contains("stripe: made we_") && said.contains(&format!("{unfit} was made with a secret")), "{said}");
    let left = stack.sandbox.endpoints_at_stripe().await;
    assert!(left.len() == 2 && left[1]["id"] == unfit.as_str(), "{left:?}");
    stack.sandbox.delete_endpoint(&unfit).await;
    kill(stack, "webhook");
    heard_of(stack, Gateway::Stripe, "payment_intent.succeeded").await;
}

/// What the webhook function checks events with: each secret's name, and what stood in it.
struct Drawers {
    stripe: (String, Value),
    paypal: (String, Value),
}

impl Drawers {
    async fn of(stack: &Stack) -> Self {
        let drawer = async |variable: &str| {
            let arn = stack.aws.variable("webhook", variable).await.unwrap();
            let document = stack.aws.secret(&arn).await;
            (arn, document)
        };
        Self { stripe: drawer("STRIPE_WEBHOOK_SECRET_ARN").await, paypal: drawer("PAYPAL_WEBHOOK_SECRET_ARN").await }
    }

    async fn put_back(&self, stack: &Stack) {
        for (arn, document) in [&self.stripe, &self.paypal] {
            stack.aws.put_secret(arn, document).await;
        }
        let url = |gateway: &str| format!("{}/webhook/{gateway}", stack.api.url());
        let secret = self.stripe.1["signingSecrets"][0].as_str().unwrap();
        let webhook = self.paypal.1["webhookId"].as_str().unwrap();
        stack.sandbox.tell_as_before((&url("stripe"), secret), (&url("paypal"), webhook)).await;
        // Whoever is warm has seen the others.
        kill(stack, "webhook");
    }
}
