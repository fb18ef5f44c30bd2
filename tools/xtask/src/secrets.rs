//! The fixed secrets of the local stage.
//!
//! They are public on purpose: a recorded event in `events/` carries them, so that `cargo lambda invoke` replays the
//! file as it is. They open nothing but a stack on the developer's own machine; template.yaml puts no secret anywhere.

use serde_json::{Value, json};

use crate::aws::Account;
use crate::deploy::Deployed;
use crate::failure::Failure;
use crate::http;
use crate::key;
use crate::place::Place;

/// The local client key's name and secret, in the form of a real one: 52 characters of base32.
const LOCAL_KEY_NAME: &str = "local";
const LOCAL_KEY_SECRET: &str = "localdevelopmentonlylocaldevelopmentonlylocaldevelop";
/// What the sandbox signs webhooks with.
pub(crate) const LOCAL_SIGNING_SECRET: &str = "whsec_local_development_only";
/// What the sandbox signs PayPal's webhooks for.
pub(crate) const LOCAL_WEBHOOK_ID: &str = "WH-LOCAL-DEVELOPMENT-ONLY";
/// What the sandbox takes for an API key.
const SANDBOX_API_KEY: &str = "sk_test_sandbox";

/// And for the merchant's app at PayPal.
const SANDBOX_APP: (&str, &str) = ("sandbox-client", "sandbox-secret");

/// What nobody may find anywhere but in a client's request.
pub(crate) const fn local_key_secret() -> &'static str {
    LOCAL_KEY_SECRET
}

/// The local key as a client sends it.
pub(crate) fn local_api_key() -> String {
    format!("qk_{LOCAL_KEY_NAME}_{LOCAL_KEY_SECRET}")
}

/// Fills the secrets of a local stack. Keys that `cargo xtask key` added meanwhile stay.
pub(crate) fn fill(place: &Place, deployed: &Deployed) -> Result<(), Failure> {
    let account = Account::Local(place);
    account.put_secret(&deployed.output("StripeSecretArn")?, &json!({"apiKey": SANDBOX_API_KEY}))?;
    account
        .put_secret(&deployed.output("StripeWebhookSecretArn")?, &json!({"signingSecrets": [LOCAL_SIGNING_SECRET]}))?;
    let (client_id, client_secret) = SANDBOX_APP;
    let app = json!({"clientId": client_id, "clientSecret": client_secret});
    account.put_secret(&deployed.output("PayPalSecretArn")?, &app)?;
    // The sandbox signs PayPal's webhooks under a root of its own, which is trusted beside a sandbox only.
    let root = http::get(&format!("{}/_sandbox/paypal/root_certificate", place.sandbox_url()), &[])?.body;
    let endpoint = json!({"webhookId": LOCAL_WEBHOOK_ID, "trustedRoot": root});
    account.put_secret(&deployed.output("PayPalWebhookSecretArn")?, &endpoint)?;
    let arn = deployed.output("ClientKeysArn")?;
    let mut keys = account.secret(&arn)?.unwrap_or_else(|| json!({"keys": {}}));
    let entry: Value = key::entry(LOCAL_KEY_SECRET, &key::SCOPES, None);
    if let Some(keys) = keys.get_mut("keys").and_then(Value::as_object_mut) {
        keys.insert(LOCAL_KEY_NAME.to_owned(), entry);
    }
    account.put_secret(&arn, &keys)
}
