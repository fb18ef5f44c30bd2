//! A stack's endpoint at Stripe.
//!
//! Stripe shows the secret of an endpoint once, in the answer that makes it. So what is done is ordered by what a crash leaves:
//!
//! | step | a crash after it leaves |
//! |---|---|
//! | the endpoint is made | one that is marked as ours and whose secret nobody has: the next call makes another and deletes it |
//! | its secret is put beside those that are there | one that works, and that the next call takes for lost: it is made again, and deleted |
//! | the endpoint is marked with the secret's print | all is done |
//!
//! The print is the beginning of the secret's SHA-256. With it a later call knows that the secret of the endpoint that it finds is the one that
//! the functions have.

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::wire::{Body, send};
use super::{Done, Gateway, Mode, Stack};
use crate::failure::Failure;

/// What the webhook function reads of Stripe's events; a test beside the code that reads them holds the list.
pub(super) const EVENTS: &str = include_str!("../../../../shared/adapters/src/gateway/stripe/webhook/events.txt");
/// How an endpoint's events are written; chosen when it is made, and never again.
pub(super) const API_VERSION: &str = "2026-10-28.endive";
/// A key that may write webhook endpoints, for an operator who does not give that right to the key that payments are made with.
const OPERATORS_KEY: &str = "STRIPE_API_KEY";
/// The functions read no more, and then none at all.
const SECRETS_MAX: usize = 5;
/// Stripe's own limit is 16 for an account.
const PAGE: usize = 100;
/// Half of 64 bits would do to tell five secrets apart; nobody finds a secret by it.
const PRINT_CHARACTERS: usize = 16;
const MADE_BY: &str = "made_by";
const US: &str = "quittance";
const PRINT: &str = "secret_print";

/// Finds or makes the endpoint, and mends it.
pub(super) fn register(stack: &Stack<'_>) -> Result<Done, Failure> {
    let Some(account) = Merchant::of(stack)? else { return Ok(Done::NoCredentials) };
    let url = stack.address(Gateway::Stripe, "StripeWebhookUrl")?;
    let secrets = secrets(stack)?;
    let found = account.endpoints(&url)?;
    let (pinned, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|endpoint| endpoint.version == API_VERSION);
    let (lost, good): (Vec<_>, Vec<_>) = pinned.into_iter().partition(|endpoint| endpoint.is_lost(&secrets));
    match good.as_slice() {
        [] => account.make(stack, &url, secrets)?,
        [first, rest @ ..] => {
            account.mend(first, secrets.len())?;
            for second in rest {
                println!(
                    "stripe: {} has the same address, so each event comes twice, which does no harm; delete one",
                    second.id
                );
            }
        }
    }
    for endpoint in &lost {
        account.delete(endpoint)?;
    }
    for endpoint in &others {
        println!(
            "stripe: {} has the same address and speaks {}, which is not read here; delete it when the new one is heard",
            endpoint.id, endpoint.version
        );
    }
    Ok(Done::Registered)
}

/// The merchant's account, and the right to act in it.
struct Merchant {
    base: String,
    authorization: String,
}

/// An endpoint, as Stripe shows it.
#[derive(Debug, PartialEq, Eq)]
struct Endpoint {
    id: String,
    version: String,
    events: Vec<String>,
    enabled: bool,
    is_ours: bool,
    print: Option<String>,
}

impl Merchant {
    /// `None` if the stack has no key yet and the operator gives none.
    fn of(stack: &Stack<'_>) -> Result<Option<Self>, Failure> {
        let given = std::env::var(OPERATORS_KEY).ok().filter(|key| !key.is_empty());
        let kept = stack.secret("StripeSecretArn")?;
        let kept = kept.as_ref().and_then(|secret| secret.get("apiKey")).and_then(Value::as_str);
        let Some(key) = given.as_deref().or(kept) else { return Ok(None) };
        if !is_of(stack.mode, key.trim()) {
            return Err(Failure::new(format!(
                "{} is in mode {:?}, and the key of Stripe is not",
                stack.name, stack.mode
            )));
        }
        Ok(Some(Self { base: stack.stripe.clone(), authorization: format!("Bearer {}", key.trim()) }))
    }

    fn endpoints(&self, url: &str) -> Result<Vec<Endpoint>, Failure> {
        let answer = self.send("GET", &format!("?limit={PAGE}"), &[])?;
        if answer.get("has_more").and_then(Value::as_bool) != Some(false) {
            return Err(Failure::new(format!("Stripe shows more than {PAGE} endpoints, which it says no account has")));
        }
        let all = answer.get("data").and_then(Value::as_array).into_iter().flatten();
        let ours = all.filter(|shown| shown.get("url").and_then(Value::as_str) == Some(url));
        ours.map(|shown| Endpoint::read(shown).ok_or_else(|| Failure::new("Stripe's list of endpoints is unreadable")))
            .collect()
    }

    fn make(&self, stack: &Stack<'_>, url: &str, secrets: Vec<String>) -> Result<(), Failure> {
        if secrets.len() >= SECRETS_MAX {
            let sentence =
                "the secret of Stripe's webhooks is full; take out what is not in use any more, and call this again";
            return Err(Failure::new(sentence));
        }
        let mut form = events_form();
        let mut put = |name: &str, value: &str| form.push((name.to_owned(), value.to_owned()));
        put("url", url);
        put("api_version", API_VERSION);
        put("description", &format!("Quittance: {}", stack.name));
        put(&format!("metadata[{MADE_BY}]"), US);
        let made = self.send("POST", "", &form)?;
        let text = |name: &str| made.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (id, secret) = (text("id"), text("secret"));
        if id.is_empty() || secret.is_empty() {
            return Err(Failure::new("Stripe made an endpoint and did not show its secret; call this again"));
        }
        let all: Vec<String> = std::iter::once(secret.clone()).chain(secrets).collect();
        let count = all.len();
        stack.put_secret("StripeWebhookSecretArn", &json!({ "signingSecrets": all }))?;
        let mark = (format!("metadata[{PRINT}]"), print(&secret));
        self.send("POST", &format!("/{id}"), &[mark])?;
        println!("stripe: made {id} for {url}, pinned to {API_VERSION}, for {} events", events().len());
        println!(
            "stripe: its signing secret is in the stack's secret, one of {count}; the functions know it in five minutes at most"
        );
        Ok(())
    }

    /// Has an endpoint that is there hear what we read, and hear at all.
    fn mend(&self, endpoint: &Endpoint, kept: usize) -> Result<(), Failure> {
        if !endpoint.is_ours && kept == 0 {
            return Err(Failure::new(format!(
                "{} was made by hand, and the stack has no signing secret: put its own in, or delete the endpoint and call this again",
                endpoint.id
            )));
        }
        if !endpoint.is_ours {
            println!(
                "stripe: {} was made by hand; whether its signing secret is the stack's, its deliveries tell",
                endpoint.id
            );
        }
        let mut wanted: Vec<String> = events().into_iter().map(str::to_owned).collect();
        wanted.sort();
        if endpoint.enabled && endpoint.events == wanted {
            println!("stripe: {} is as it should be; nothing was changed", endpoint.id);
            return Ok(());
        }
        let mut form = events_form();
        form.push(("disabled".to_owned(), "false".to_owned()));
        self.send("POST", &format!("/{}", endpoint.id), &form)?;
        println!("stripe: {} now hears the {} events that are read here", endpoint.id, wanted.len());
        Ok(())
    }

    fn delete(&self, endpoint: &Endpoint) -> Result<(), Failure> {
        self.send("DELETE", &format!("/{}", endpoint.id), &[])?;
        println!("stripe: deleted {}, which an earlier call made and whose secret got lost", endpoint.id);
        Ok(())
    }

    fn send(&self, method: &str, path: &str, form: &[(String, String)]) -> Result<Value, Failure> {
        let url = format!("{}/v1/webhook_endpoints{path}", self.base);
        let body = if method == "POST" { Body::Form(form) } else { Body::None };
        send(method, &url, &self.authorization, &body).map_err(|failure| {
            let refused = failure.to_string();
            let remedy = if refused.contains(": 401 ") || refused.contains(": 403 ") {
                format!("\na key that may write webhook endpoints can be given in {OPERATORS_KEY}")
            } else {
                String::new()
            };
            Failure::new(format!("{refused}{remedy}"))
        })
    }
}

impl Endpoint {
    fn read(shown: &Value) -> Option<Self> {
        let text = |pointer: &str| shown.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let named = |event: &Value| event.as_str().map(str::to_owned);
        let mut events: Vec<String> = shown.get("enabled_events")?.as_array()?.iter().filter_map(named).collect();
        events.sort();
        Some(Self {
            id: text("/id")?,
            // An endpoint that was made without one speaks the account's own, which nobody shows here.
            version: text("/api_version").unwrap_or_else(|| "the account's own version".to_owned()),
            events,
            enabled: text("/status").as_deref() == Some("enabled"),
            is_ours: text(&format!("/metadata/{MADE_BY}")).as_deref() == Some(US),
            print: text(&format!("/metadata/{PRINT}")),
        })
    }

    /// Whether its secret is in nobody's hands: we made it, and none of these is it; or there is none at all.
    fn is_lost(&self, secrets: &[String]) -> bool {
        let is_known = || secrets.iter().any(|secret| self.print.as_ref() == Some(&print(secret)));
        self.is_ours && !is_known()
    }
}

/// The signing secrets that the functions have.
fn secrets(stack: &Stack<'_>) -> Result<Vec<String>, Failure> {
    let Some(document) = stack.secret("StripeWebhookSecretArn")? else { return Ok(Vec::new()) };
    let unreadable = || Failure::new("the secret does not hold {\"signingSecrets\": […]}; nothing was changed");
    let listed = document.get("signingSecrets").and_then(Value::as_array).ok_or_else(unreadable)?;
    listed.iter().map(|secret| secret.as_str().map(str::to_owned).ok_or_else(unreadable)).collect()
}

fn events() -> Vec<&'static str> {
    EVENTS.lines().collect()
}

fn events_form() -> Vec<(String, String)> {
    events().into_iter().map(|event| ("enabled_events[]".to_owned(), event.to_owned())).collect()
}

fn print(secret: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(secret.as_bytes())).chars().take(PRINT_CHARACTERS).collect()
}

/// Secret and restricted keys say their mode: `sk_test_…`, `rk_live_…`.
fn is_of(mode: Mode, key: &str) -> bool {
    let word = match mode {
        Mode::Test => "_test_",
        Mode::Live => "_live_",
    };
    ["sk", "rk"].iter().any(|kind| key.strip_prefix(kind).is_some_and(|rest| rest.starts_with(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(metadata: &Value) -> Endpoint {
        let shown = json!({"id": "we_1", "api_version": API_VERSION, "status": "enabled", "metadata": metadata,
            "enabled_events": ["refund.updated", "refund.created"]});
        Endpoint::read(&shown).unwrap()
    }

    #[test]
    fn an_endpoint_of_ours_is_lost_until_its_secret_is_one_of_those_that_are_kept() {
        let (kept, other) = ("whsec_kept".to_owned(), "whsec_other".to_owned());
        let made = shown(&json!({MADE_BY: US}));
        let marked = shown(&json!({MADE_BY: US, PRINT: print(&kept)}));
        let by_hand = shown(&json!({}));
        assert!(made.is_lost(std::slice::from_ref(&kept)), "it was made, and then something failed");
        assert!(!marked.is_lost(&[other.clone(), kept]));
        assert!(marked.is_lost(std::slice::from_ref(&other)) && marked.is_lost(&[]));
        assert!(!by_hand.is_lost(&[]), "it is somebody's");
        assert_eq!(by_hand.events, ["refund.created", "refund.updated"]);
    }

    #[test]
    fn a_key_is_of_the_mode_that_stands_in_it() {
        assert!(is_of(Mode::Test, "sk_test_1") && is_of(Mode::Live, "rk_live_1"));
        for (mode, key) in
            [(Mode::Live, "sk_test_1"), (Mode::Test, "rk_live_1"), (Mode::Test, "pk_test_1"), (Mode::Test, "")]
        {
            assert!(!is_of(mode, key), "{mode:?} {key}");
        }
    }

    #[test]
    fn an_endpoint_speaks_the_version_that_payments_are_made_in() {
        let adapters = include_str!("../../../../shared/adapters/src/gateway/stripe/message.rs");
        assert!(adapters.contains(&format!("pub const API_VERSION: &str = \"{API_VERSION}\";")));
        let documents = include_str!("../../../../shared/adapters/src/secrets/documents.rs");
        assert!(documents.contains(&format!("const SIGNING_SECRETS_MAX: usize = {SECRETS_MAX};")));
    }
}
