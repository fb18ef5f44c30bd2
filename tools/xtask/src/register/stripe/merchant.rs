//! The merchant's account at Stripe: which key opens it, and what is asked of it about endpoints.

use serde_json::Value;

use super::endpoint::{Endpoint, MADE_BY, Mark, US};
use super::{API_VERSION, events};
use crate::failure::Failure;
use crate::register::wire::{Body, send};
use crate::register::{OPERATORS_KEY, Stack};

/// Stripe's own limit is 16 for an account.
const PAGE: usize = 100;
/// A shorter key would be shown by its end.
const KEY_LENGTH_MIN: usize = 14;
const SHOWN_OF_KEY: usize = 4;

/// The right to act in it.
pub(super) struct Merchant {
    base: String,
    authorization: String,
}

impl Merchant {
    /// `None` if the stack has no key yet and the operator gives none. A key of the other mode is refused before anything is asked with it.
    pub(super) fn of(stack: &Stack<'_>) -> Result<Option<Self>, Failure> {
        let kept = stack.secrets.secret("StripeSecretArn")?;
        let kept = kept.as_ref().and_then(|secret| secret.get("apiKey")).and_then(Value::as_str);
        let (key, whose) = match (stack.operators_key.as_deref(), kept) {
            (Some(key), _) => (key.trim(), OPERATORS_KEY),
            (None, Some(key)) => (key.trim(), "the stack's secret"),
            (None, None) => return Ok(None),
        };
        let mode = stack.mode.name();
        if !is_of(mode, key) {
            let sentence = format!("{} is in {mode} mode, and the key from {whose} is no key of that", stack.name);
            return Err(Failure::new(format!("{sentence}; nothing was asked with it")));
        }
        println!("stripe: asked in {mode} mode, with the key from {whose}{}", ending(key));
        Ok(Some(Self { base: stack.stripe.clone(), authorization: format!("Bearer {key}") }))
    }

    /// Those of this address.
    pub(super) fn endpoints(&self, url: &str) -> Result<Vec<Endpoint>, Failure> {
        let answer = self.send("GET", &format!("?limit={PAGE}"), &[])?;
        if answer.get("has_more").and_then(Value::as_bool) != Some(false) {
            return Err(Failure::new(format!("Stripe shows more than {PAGE} endpoints, which it says no account has")));
        }
        let all = answer.get("data").and_then(Value::as_array).into_iter().flatten();
        let of_address = all.filter(|shown| shown.get("url").and_then(Value::as_str) == Some(url));
        of_address
            .map(|shown| Endpoint::read(shown).ok_or_else(|| Failure::new("Stripe's list of endpoints is unreadable")))
            .collect()
    }

    /// An endpoint's id, and the secret that is shown this once.
    pub(super) fn make(&self, url: &str, stack: &str) -> Result<(String, String), Failure> {
        let mut form = events_form();
        let mut put = |name: &str, value: &str| form.push((name.to_owned(), value.to_owned()));
        put("url", url);
        put("api_version", API_VERSION);
        put("description", &format!("Quittance: {stack}"));
        put(&format!("metadata[{MADE_BY}]"), US);
        let made = self.send("POST", "", &form)?;
        let text = |name: &str| made.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        match (text("id"), text("secret")) {
            (Some(id), Some(secret)) => Ok((id.to_owned(), secret.to_owned())),
            _ => Err(Failure::new(
                "Stripe made an endpoint and did not show its secret: call this again, it is deleted then",
            )),
        }
    }

    pub(super) fn mark(&self, id: &str, mark: Mark, print: &str) -> Result<(), Failure> {
        self.send("POST", &format!("/{id}"), &[(format!("metadata[{}]", mark.name()), print.to_owned())]).map(drop)
    }

    /// Has an endpoint of ours hear what we read, and hear at all.
    pub(super) fn mend(&self, endpoint: &Endpoint) -> Result<(), Failure> {
        let id = &endpoint.id;
        if let Some(print) = endpoint.unmarked() {
            self.mark(id, Mark::Kept, print)?;
            println!("stripe: {id} is marked, which an earlier call did not get to");
        }
        let mut wanted: Vec<String> = events().into_iter().map(str::to_owned).collect();
        wanted.sort();
        if endpoint.enabled && endpoint.events == wanted {
            // Of a secret that was rolled Stripe's API shows nothing.
            println!("stripe: {id} is as it should be, unless its secret was rolled since; nothing was changed");
            return Ok(());
        }
        let mut form = events_form();
        form.push(("disabled".to_owned(), "false".to_owned()));
        self.send("POST", &format!("/{id}"), &form)?;
        println!("stripe: {id} now hears the {} events that are read here", wanted.len());
        Ok(())
    }

    /// Deletes what an earlier call has left.
    pub(super) fn delete_all(&self, lost: &[Endpoint]) -> Result<(), Failure> {
        for Endpoint { id, .. } in lost {
            self.delete(id)?;
            println!("stripe: deleted {id}, which an earlier call made and whose secret got lost");
        }
        Ok(())
    }

    pub(super) fn delete(&self, id: &str) -> Result<(), Failure> {
        self.send("DELETE", &format!("/{id}"), &[]).map(drop)
    }

    fn send(&self, method: &str, path: &str, form: &[(String, String)]) -> Result<Value, Failure> {
        let url = format!("{}/v1/webhook_endpoints{path}", self.base);
        let body = if method == "POST" { Body::Form(form) } else { Body::None };
        // How the answer is written, too; an account may be pinned to something else.
        let headers = [("authorization", self.authorization.as_str()), ("stripe-version", API_VERSION)];
        send(method, &url, &headers, &body).map_err(|failure| {
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

fn events_form() -> Vec<(String, String)> {
    events().into_iter().map(|event| ("enabled_events[]".to_owned(), event.to_owned())).collect()
}

/// Secret and restricted keys say their mode: `sk_test_…`, `rk_live_…`.
fn is_of(mode: &str, key: &str) -> bool {
    ["sk", "rk"].iter().any(|kind| key.strip_prefix(&format!("{kind}_{mode}_")).is_some_and(|rest| !rest.is_empty()))
}

/// By what a person knows a key again in the dashboard, which shows as much.
fn ending(key: &str) -> String {
    let characters: Vec<char> = key.chars().collect();
    let shown = characters.len().saturating_sub(SHOWN_OF_KEY);
    match characters.get(shown..) {
        Some(end) if characters.len() >= KEY_LENGTH_MIN => format!(" that ends in {}", end.iter().collect::<String>()),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_of_the_mode_that_stands_in_it() {
        assert!(is_of("test", "sk_test_1") && is_of("live", "rk_live_1"));
        for (mode, key) in [
            ("live", "sk_test_1"),
            ("live", "rk_test_1"),
            ("test", "rk_live_1"),
            ("test", "sk_live_1"),
            ("test", "pk_test_1"),
            ("test", "sk_test_"),
            ("test", ""),
        ] {
            assert!(!is_of(mode, key), "{mode} {key}");
        }
    }

    #[test]
    fn of_a_key_no_more_is_shown_than_its_end() {
        assert_eq!(ending("sk_test_sandbox"), " that ends in dbox");
        assert_eq!(ending("sk_test_1"), "");
    }
}
