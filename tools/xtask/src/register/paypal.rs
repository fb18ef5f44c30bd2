//! A stack's webhook at PayPal: its id is a part of what PayPal signs, so that the functions have to know it. It is no secret that is shown once, and
//! whatever a crash leaves, the next call finds.
//!
//! There is one id at a time, and what PayPal signs for another is refused. So a stack that gets another address keeps its webhook, which is
//! led there.

use data_encoding::BASE64;
use serde_json::{Map, Value, json};

use super::wire::{Body, send};
use super::{Done, Gateway, Stack};
use crate::failure::Failure;
use crate::interrupt;

/// What the webhook function reads of PayPal's events. A name that ends in `*` stands for whatever PayPal has of these, be it nothing: its
/// documentation does not say which events there are of refunds.
pub(super) const EVENTS: &str = include_str!("../../../../shared/adapters/src/gateway/paypal/webhook/events.txt");

/// Without these a webhook is not worth having: the payer has approved, the money moved or came back, somebody disputes it.
const NEEDED: [&str; 5] = [
    "CHECKOUT.ORDER.APPROVED",
    "PAYMENT.CAPTURE.COMPLETED",
    "PAYMENT.CAPTURE.REFUNDED",
    "PAYMENT.CAPTURE.REVERSED",
    "CUSTOMER.DISPUTE.CREATED",
];
/// The stack's output that names the secret with the webhook's id.
const KEPT: &str = "PayPalWebhookSecretArn";
const WEBHOOK_ID: &str = "webhookId";

/// Finds or makes the webhook, and mends it.
pub(super) fn register(stack: &Stack<'_>) -> Result<Done, Failure> {
    let Some(app) = App::of(stack)? else { return Ok(Done::NoCredentials) };
    let url = stack.address(Gateway::PayPal);
    let wanted = wanted(EVENTS, &names(&app.send("GET", "-event-types", &Body::None)?, "/event_types"))?;
    for name in &wanted.missing {
        println!("paypal: it lists no event {name} any more, so that is not subscribed to");
    }
    let kept = kept(stack)?;
    let known = kept.get(WEBHOOK_ID).and_then(Value::as_str).map(str::trim);
    let listed = app.send("GET", "", &Body::None)?;
    interrupt::check()?;
    let id = match ours(&listed, known, &url)? {
        Some(shown) => app.mend(shown, &url, &wanted.names)?,
        None => app.make(&url, &wanted.names)?,
    };
    keep(stack, kept, &id)?;
    Ok(Done::Registered)
}

/// The webhook that the functions know, wherever it leads; and only if PayPal has none such, the one that leads here.
fn ours<'a>(listed: &'a Value, known: Option<&str>, url: &str) -> Result<Option<&'a Value>, Failure> {
    let all = || listed.get("webhooks").and_then(Value::as_array).into_iter().flatten();
    let named = all().find(|shown| known.is_some() && shown.get("id").and_then(Value::as_str) == known);
    let here = all().find(|shown| shown.get("url").and_then(Value::as_str) == Some(url));
    match (named, here) {
        (Some(named), Some(here)) if id_of(named)? != id_of(here)? => Err(Failure::new(format!(
            "the stack knows the webhook {}, which leads elsewhere, and {} leads to {url}, where PayPal takes one only; nothing was changed. Delete one of \
             them at PayPal, the one for which nothing waits there, and call this again",
            id_of(named)?,
            id_of(here)?
        ))),
        (Some(found), _) | (None, Some(found)) => Ok(Some(found)),
        (None, None) => Ok(None),
    }
}

/// The merchant's app, and the right to act for it.
struct App {
    base: String,
    authorization: String,
}

impl App {
    fn of(stack: &Stack<'_>) -> Result<Option<Self>, Failure> {
        let Some(secret) = stack.secrets.secret("PayPalSecretArn")? else { return Ok(None) };
        let text = |name: &str| secret.get(name).and_then(Value::as_str).map(str::trim);
        let (Some(id), Some(secret)) = (text("clientId"), text("clientSecret")) else { return Ok(None) };
        let basic = format!("Basic {}", BASE64.encode(format!("{id}:{secret}").as_bytes()));
        let grant = [("grant_type".to_owned(), "client_credentials".to_owned())];
        let url = format!("{}/v1/oauth2/token", stack.paypal);
        let granted = send("POST", &url, &[("authorization", &basic)], &Body::Form(&grant)).map_err(|failure| {
            let mode = stack.mode.name();
            Failure::new(format!(
                "{failure}\npaypal: the stack is in {mode} mode, and the app in its secret must be one of that"
            ))
        })?;
        let token = granted.get("access_token").and_then(Value::as_str);
        let token = token.ok_or_else(|| Failure::new("PayPal gave no token"))?;
        Ok(Some(Self { base: stack.paypal.clone(), authorization: format!("Bearer {token}") }))
    }

    fn make(&self, url: &str, wanted: &[String]) -> Result<String, Failure> {
        let body = json!({ "url": url, "event_types": as_types(wanted) });
        let made = self.send("POST", "", &Body::Json(&body))?;
        let id = id_of(&made)?;
        println!("paypal: made {id} for {url}, for {} events", wanted.len());
        Ok(id)
    }

    /// It keeps its id, so that whatever PayPal sends again is taken. PayPal refuses a change that changes nothing.
    fn mend(&self, shown: &Value, url: &str, wanted: &[String]) -> Result<String, Failure> {
        let id = id_of(shown)?;
        let mut changes = Vec::new();
        if shown.get("url").and_then(Value::as_str) != Some(url) {
            changes.push(json!({ "op": "replace", "path": "/url", "value": url }));
        }
        let leads_elsewhere = !changes.is_empty();
        if names(shown, "/event_types") != *wanted {
            changes.push(json!({ "op": "replace", "path": "/event_types", "value": as_types(wanted) }));
        }
        if changes.is_empty() {
            println!("paypal: {id} is as it should be; nothing was changed");
            return Ok(id);
        }
        self.send("PATCH", &format!("/{id}"), &Body::Json(&Value::Array(changes)))?;
        println!("paypal: {id} now hears the {} events that are read here", wanted.len());
        if leads_elsewhere {
            println!("paypal: {id} now leads to {url}");
        }
        Ok(id)
    }

    fn send(&self, method: &str, path: &str, body: &Body<'_>) -> Result<Value, Failure> {
        let url = format!("{}/v1/notifications/webhooks{path}", self.base);
        send(method, &url, &[("authorization", &self.authorization)], body)
    }
}

/// The document that the functions read.
fn kept(stack: &Stack<'_>) -> Result<Map<String, Value>, Failure> {
    let unreadable = "the secret of PayPal's webhook does not hold an object; nothing was changed";
    match stack.secrets.secret(KEPT)? {
        None => Ok(Map::new()),
        Some(kept) => kept.as_object().cloned().ok_or_else(|| Failure::new(unreadable)),
    }
}

/// Puts the id into the secret, where it is not there. Whatever else stands in the secret stays.
fn keep(stack: &Stack<'_>, mut document: Map<String, Value>, id: &str) -> Result<(), Failure> {
    match document.insert(WEBHOOK_ID.to_owned(), json!(id)) {
        Some(before) if before == id => return Ok(()),
        Some(before) => {
            let before = before.as_str().unwrap_or("(unreadable)").escape_debug().to_string();
            println!(
                "paypal: the stack's secret held {before}, which PayPal does not have; events for that are not taken any more"
            );
        }
        None => {}
    }
    stack.secrets.put_secret(KEPT, &Value::Object(document)).map_err(|failure| {
        Failure::new(format!(
            "{failure}\npaypal: {id} is at PayPal and not in the stack's secret yet; call this again, it is found"
        ))
    })?;
    println!("paypal: {id} is in the stack's secret; the functions know it in five minutes at most");
    Ok(())
}

/// What to subscribe to.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    /// In order.
    names: Vec<String>,
    /// What is read here and PayPal does not list: of some events there are two generations, and either may go.
    missing: Vec<String>,
}

/// What is asked for, of what PayPal has.
fn wanted(asked: &str, there_are: &[String]) -> Result<Wanted, Failure> {
    let (mut names, mut missing) = (Vec::new(), Vec::new());
    for name in asked.lines() {
        match name.strip_suffix('*') {
            Some(family) => names.extend(there_are.iter().filter(|known| known.starts_with(family)).cloned()),
            None if there_are.iter().any(|known| known == name) => names.push(name.to_owned()),
            None => missing.push(name.to_owned()),
        }
    }
    if let Some(name) = missing.iter().find(|name| NEEDED.contains(&name.as_str())) {
        return Err(Failure::new(format!("PayPal lists no event {name}, which is needed; nothing was changed")));
    }
    names.sort();
    names.dedup();
    Ok(Wanted { names, missing })
}

/// The names in a list of events, in order.
fn names(shown: &Value, pointer: &str) -> Vec<String> {
    let listed = shown.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    let mut names: Vec<String> = listed.filter_map(|event| event.get("name")?.as_str().map(str::to_owned)).collect();
    names.sort();
    names
}

fn as_types(names: &[String]) -> Vec<Value> {
    names.iter().map(|name| json!({ "name": name })).collect()
}

fn id_of(shown: &Value) -> Result<String, Failure> {
    let id = shown.get("id").and_then(Value::as_str);
    id.map(str::to_owned).ok_or_else(|| Failure::new("PayPal shows a webhook without its id"))
}

#[cfg(test)]
mod tests;
