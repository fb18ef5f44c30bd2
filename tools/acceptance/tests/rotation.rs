//! Every secret that somebody may have to change is changed while payments go on: client keys by `cargo xtask key`, Stripe's signing
//! secrets two at a time, and the gateways' own keys, of which a warm function learns by being refused.
//!
//! One test, because the secrets are everybody's: tests of one program run side by side, and programs one after another.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

use acceptance::commands::{xtask, xtask_refuses};
use acceptance::environments::{kill, of};
use acceptance::gateway::Gateway::{self, PayPal, Stripe};
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{say, unique};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use tokio::time::sleep;

/// A function that has just read a secret anew does not do so again at once, whoever asks it.
const UNTIL_READ_AGAIN: Duration = Duration::from_secs(11);

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn keys_and_secrets_are_changed_while_payments_go_on() {
    on_stack(async |stack| {
        client_keys(stack).await;
        signing_secrets(stack).await;
        gateway_key(stack, Stripe, "STRIPE_SECRET_ARN", &json!({"apiKey": "sk_live_refused-here"})).await;
        let refused = json!({"clientId": "nobody", "clientSecret": "knows"});
        gateway_key(stack, PayPal, "PAYPAL_SECRET_ARN", &refused).await;
        say("rotation: client keys, signing secrets and two gateways' keys changed, and every payment was opened");
    });
}

/// A key is added beside another, both are good, and the one that is revoked is good no more.
async fn client_keys(stack: &Stack) {
    let (old, new) = (unique("old"), unique("new"));
    let added = |name: &str, more: &[&str]| {
        let printed = xtask(stack, &[&["key", "add", name], more].concat());
        stack.api.with_key(printed.lines().next().unwrap_or_default())
    };
    let of_old = added(&old, &[]);
    let payment = stack.api.open().await;
    // A key that is not known makes the function read the keys anew, so that a new one is good at once.
    sleep(UNTIL_READ_AGAIN).await;
    drop(of_old.status(&payment.id).await.expect(200));
    let of_new = added(&new, &["--scopes", "payments:read"]);
    sleep(UNTIL_READ_AGAIN).await;
    drop(of_new.status(&payment.id).await.expect(200));
    drop(of_old.status(&payment.id).await.expect(200));

    let listed = xtask(stack, &["key", "list"]);
    for (name, scopes) in [(&old, "payments:write, payments:read, refunds:write"), (&new, "payments:read")] {
        let line = listed.lines().find(|line| line.starts_with(name.as_str())).unwrap_or_default();
        assert!(line.contains(scopes) && line.contains("expires never"), "{listed}");
    }
    assert!(xtask_refuses(stack, &["key", "add", &new]).contains("already"), "a key of that name is not overwritten");

    drop(xtask(stack, &["key", "revoke", &old]));
    assert!(xtask_refuses(stack, &["key", "revoke", &old]).contains("there is no key"), "it is gone");
    // Whoever has seen it remembers it for five minutes; one that begins anew has not.
    kill(stack, "status");
    drop(of_old.status(&payment.id).await.expect(401));
    drop(of_new.status(&payment.id).await.expect(200));
    drop(xtask(stack, &["key", "revoke", &new]));
}

/// Two of Stripe's signing secrets hold at once, and the one that is taken away does not any more.
async fn signing_secrets(stack: &Stack) {
    let new = format!("whsec_{}", unique("new"));
    meanwhile(stack, "webhook", "STRIPE_WEBHOOK_SECRET_ARN", async |arn, before| {
        let old = before["signingSecrets"][0].as_str().unwrap();
        drop(told(stack, old).await.expect(200));
        sleep(UNTIL_READ_AGAIN).await;
        stack.aws.put_secret(arn, &json!({"signingSecrets": [old, new]})).await;
        let warm = of(stack, "webhook");
        for secret in [&new, old] {
            drop(told(stack, secret).await.expect(200));
        }
        assert_eq!(of(stack, "webhook"), warm, "it learned of the new one without beginning anew");
        stack.aws.put_secret(arn, &json!({"signingSecrets": [new]})).await;
        kill(stack, "webhook");
        drop(told(stack, &new).await.expect(200));
        drop(told(stack, old).await.expect(400));
    })
    .await;
}

/// A function whose key the gateway refuses reads it anew, and goes on with the one that is good.
async fn gateway_key(stack: &Stack, gateway: Gateway, variable: &str, refused: &Value) {
    meanwhile(stack, "initiate", variable, async |arn, before| {
        stack.aws.put_secret(arn, refused).await;
        kill(stack, "initiate");
        let (key, terms) = (unique("rolled"), Stack::terms(gateway, &json!({})));
        let unopened = stack.api.initiate(&key, &terms).await.expect(503);
        assert_eq!(unopened.text_at("/code"), "gateway_unavailable", "{}", unopened.text);
        sleep(UNTIL_READ_AGAIN).await;

        stack.aws.put_secret(arn, before).await;
        let warm = of(stack, "initiate");
        drop(stack.api.initiate(&key, &terms).await.expect(201));
        assert_eq!(of(stack, "initiate"), warm, "it learned of the key by being refused");
    })
    .await;
}

/// Does this to a secret, and puts it back, whatever comes of it.
async fn meanwhile(stack: &Stack, function: &str, variable: &str, test: impl AsyncFnOnce(&str, &Value)) {
    let arn = stack.aws.variable(function, variable).await.unwrap();
    let before = stack.aws.secret(&arn).await;
    let did = AssertUnwindSafe(test(&arn, &before)).catch_unwind().await;
    stack.aws.put_secret(&arn, &before).await;
    // Whoever is warm may have seen another one.
    kill(stack, function);
    did.unwrap_or_else(|panic| resume_unwind(panic));
}

/// Stripe tells of something that is nobody's here, and signs it with this.
async fn told(stack: &Stack, secret: &str) -> Answer {
    let nobodys = json!({"id": unique("cus"), "object": "customer"});
    stack.api.stripe_tells(secret, "customer.created", &nobodys).await
}
