//! A stack's webhook at PayPal: its id is a part of what PayPal signs, so that the functions have to know it. It is no secret that is shown once, and
//! whatever a crash leaves, the next call finds.

use data_encoding::BASE64;
use serde_json::{Map, Value, json};

use super::wire::{Body, send};
use super::{Done, Gateway, Stack};
use crate::failure::Failure;

/// What the webhook function reads of PayPal's events. A name that ends in `*` stands for whatever PayPal has of these, be it nothing: its
/// documentation does not say which events there are of refunds.
pub(super) const EVENTS: &str = include_str!("../../../../shared/adapters/src/gateway/paypal/webhook/events.txt");

/// Finds or makes the webhook, and mends it.
pub(super) fn register(stack: &Stack<'_>) -> Result<Done, Failure> {
    let Some(app) = App::of(stack)? else { return Ok(Done::NoCredentials) };
    let url = stack.address(Gateway::PayPal, "PayPalWebhookUrl")?;
    let wanted = wanted(EVENTS, &names(&app.send("GET", "-event-types", &Body::None)?, "/event_types"))?;
    let listed = app.send("GET", "", &Body::None)?;
    let mut all = listed.get("webhooks").and_then(Value::as_array).into_iter().flatten();
    let found = all.find(|shown| shown.get("url").and_then(Value::as_str) == Some(url.as_str()));
    let id = match found {
        Some(shown) => app.mend(shown, &wanted)?,
        None => app.make(&url, &wanted)?,
    };
    keep(stack, &id)?;
    Ok(Done::Registered)
}

/// The merchant's app, and the right to act for it.
struct App {
    base: String,
    authorization: String,
}

impl App {
    fn of(stack: &Stack<'_>) -> Result<Option<Self>, Failure> {
        let Some(secret) = stack.secret("PayPalSecretArn")? else { return Ok(None) };
        let text = |name: &str| secret.get(name).and_then(Value::as_str).map(str::trim);
        let (Some(id), Some(secret)) = (text("clientId"), text("clientSecret")) else { return Ok(None) };
        let basic = format!("Basic {}", BASE64.encode(format!("{id}:{secret}").as_bytes()));
        let grant = [("grant_type".to_owned(), "client_credentials".to_owned())];
        let granted = send("POST", &format!("{}/v1/oauth2/token", stack.paypal), &basic, &Body::Form(&grant))?;
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

    /// PayPal refuses a change that changes nothing.
    fn mend(&self, shown: &Value, wanted: &[String]) -> Result<String, Failure> {
        let id = id_of(shown)?;
        if names(shown, "/event_types") == *wanted {
            println!("paypal: {id} is as it should be; nothing was changed");
            return Ok(id);
        }
        let change = json!([{ "op": "replace", "path": "/event_types", "value": as_types(wanted) }]);
        self.send("PATCH", &format!("/{id}"), &Body::Json(&change))?;
        println!("paypal: {id} now hears the {} events that are read here", wanted.len());
        Ok(id)
    }

    fn send(&self, method: &str, path: &str, body: &Body<'_>) -> Result<Value, Failure> {
        send(method, &format!("{}/v1/notifications/webhooks{path}", self.base), &self.authorization, body)
    }
}

/// Puts the id into the secret, where it is not there. Whatever else stands in the secret stays.
fn keep(stack: &Stack<'_>, id: &str) -> Result<(), Failure> {
    let kept = stack.secret("PayPalWebhookSecretArn")?.unwrap_or_else(|| Value::Object(Map::new()));
    let Value::Object(mut document) = kept else {
        return Err(Failure::new("the secret of PayPal's webhook does not hold an object; nothing was put into it"));
    };
    match document.insert("webhookId".to_owned(), json!(id)) {
        Some(before) if before == id => return Ok(()),
        Some(before) => {
            let before = before.as_str().unwrap_or("(unreadable)").escape_debug().to_string();
            println!("paypal: the stack's secret held {before}; events for that are not taken any more");
        }
        None => {}
    }
    stack.put_secret("PayPalWebhookSecretArn", &Value::Object(document))?;
    println!("paypal: {id} is in the stack's secret; the functions know it in five minutes at most");
    Ok(())
}

/// The names to subscribe to, in order: what is asked for, of what PayPal has.
fn wanted(asked: &str, there_are: &[String]) -> Result<Vec<String>, Failure> {
    let mut wanted = Vec::new();
    for name in asked.lines() {
        match name.strip_suffix('*') {
            Some(family) => wanted.extend(there_are.iter().filter(|known| known.starts_with(family)).cloned()),
            None if there_are.iter().any(|known| known == name) => wanted.push(name.to_owned()),
            None => return Err(Failure::new(format!("PayPal has no event {name} any more; nothing was changed"))),
        }
    }
    wanted.sort();
    Ok(wanted)
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
mod tests {
    use super::*;

    #[test]
    fn a_family_is_what_paypal_has_of_it_and_a_name_must_be_there() {
        let there_are = ["B.TWO", "A.ONE", "B.ONE", "C"].map(str::to_owned);
        assert_eq!(wanted("C\nB.*\nD.*", &there_are).unwrap(), ["B.ONE", "B.TWO", "C"]);
        assert!(wanted("C\nD", &there_are).unwrap_err().to_string().contains("no event D"));
    }
}
