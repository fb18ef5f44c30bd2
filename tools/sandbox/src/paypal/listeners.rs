//! Webhooks as PayPal's API makes, lists, changes and deletes them (`/v1/notifications/webhooks`), and the events that there are.
//!
//! The routes and their bodies are those of PayPal's OpenAPI file; the names of the refusals are those of its error pages.

use axum::{
    body::Bytes,
    http::{Method, Uri},
};
use serde_json::{Value, json};

use super::{error::PaypalError, events::KINDS};
use crate::{
    clock::Moment,
    config::Endpoint,
    webhooks::{At, Outbox, Registered},
};

/// What the paths begin with.
pub(super) const ROOT: &str = "/v1/notifications/webhooks";
/// As many as PayPal gives an app.
const MAX_WEBHOOKS: usize = 10;
const MAX_URL_CHARACTERS: usize = 2_048;
const EVERYTHING: &str = "*";

/// A call about webhooks.
pub(super) struct Asked<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) body: &'a Bytes,
    /// Where links lead.
    pub(super) url: &'a str,
    pub(super) now: Moment,
}

/// Answers a call: a status, and a body unless there is nothing to say.
pub(super) fn answer(outbox: &mut Outbox, asked: &Asked<'_>) -> Result<(u16, Option<Value>), PaypalError> {
    let path = asked.uri.path().strip_prefix(ROOT).unwrap_or_default();
    let missing = || PaypalError::missing();
    match (asked.method.as_str(), path) {
        ("GET", "-event-types") => Ok((200, Some(event_types()))),
        ("GET", "") => {
            let all: Vec<Value> = outbox.endpoints_at(At::Paypal).map(|known| shown(known, asked.url)).collect();
            Ok((200, Some(json!({ "webhooks": all }))))
        }
        ("POST", "") => create(outbox, asked),
        (method, id) => {
            let id = id.strip_prefix('/').filter(|id| !id.contains('/')).ok_or_else(missing)?;
            match method {
                "GET" => {
                    let known = outbox.endpoint_mut(At::Paypal, id).ok_or_else(missing)?;
                    Ok((200, Some(shown(known, asked.url))))
                }
                "PATCH" => patch(outbox, id, asked),
                "DELETE" if outbox.remove_endpoint(At::Paypal, id) => Ok((204, None)),
                "DELETE" => Err(missing()),
                _ => Err(PaypalError::of_status(405)),
            }
        }
    }
}

fn create(outbox: &mut Outbox, asked: &Asked<'_>) -> Result<(u16, Option<Value>), PaypalError> {
    let body = read(asked.body)?;
    let url = address(body.get("url"))?;
    let events = events(body.get("event_types"))?;
    if outbox.endpoints_at(At::Paypal).any(|known| known.endpoint.url == url) {
        return Err(PaypalError::of_webhooks("WEBHOOK_URL_ALREADY_EXISTS", "Webhook URL already exists"));
    }
    if outbox.endpoints_at(At::Paypal).count() >= MAX_WEBHOOKS {
        return Err(PaypalError::of_webhooks("WEBHOOK_NUMBER_LIMIT_EXCEEDED", "Webhook number limit exceeded"));
    }
    let id = outbox.new_id("WH-").to_ascii_uppercase();
    let new = Registered { events, ..Registered::by_hand(id.clone(), Endpoint::of_paypal(url, id), asked.now) };
    let shown = shown(&new, asked.url);
    outbox.register(new).map_err(|_| invalid("url"))?;
    Ok((201, Some(shown)))
}

/// Only `replace`, of `/url` and `/event_types`, as PayPal says.
fn patch(outbox: &mut Outbox, id: &str, asked: &Asked<'_>) -> Result<(u16, Option<Value>), PaypalError> {
    let body = read(asked.body)?;
    let known = outbox.endpoint_mut(At::Paypal, id).ok_or_else(PaypalError::missing)?;
    let (mut url, mut names) = (known.endpoint.url.clone(), known.events.clone());
    for operation in body.as_array().ok_or_else(|| invalid("patch_request"))? {
        let text = |name: &str| operation.get(name).and_then(Value::as_str);
        match (text("op"), text("path")) {
            (Some("replace"), Some("/url")) => url = address(operation.get("value"))?,
            (Some("replace"), Some("/event_types")) => names = events(operation.get("value"))?,
            _ => return Err(invalid("path")),
        }
    }
    if url == known.endpoint.url && names == known.events {
        let message = "Patch request has no change";
        return Err(PaypalError::of_webhooks("WEBHOOK_PATCH_REQUEST_NO_CHANGE", message));
    }
    (known.endpoint.url, known.events) = (url, names);
    Ok((200, Some(shown(known, asked.url))))
}

fn read(body: &Bytes) -> Result<Value, PaypalError> {
    serde_json::from_slice(body).map_err(|_| PaypalError::issue("MALFORMED_REQUEST_JSON").field("/", ""))
}

fn address(url: Option<&Value>) -> Result<String, PaypalError> {
    let url = url.and_then(Value::as_str).filter(|url| url.len() <= MAX_URL_CHARACTERS);
    let is_address =
        |url: &&str| url.parse::<Uri>().is_ok_and(|uri| uri.scheme_str() == Some("http") && uri.host().is_some());
    url.filter(is_address).map(str::to_owned).ok_or_else(|| invalid("url"))
}

/// `[{"name": …}]`, each of them a name that there is.
fn events(listed: Option<&Value>) -> Result<Vec<String>, PaypalError> {
    let listed =
        listed.and_then(Value::as_array).filter(|listed| !listed.is_empty()).ok_or_else(|| invalid("event_types"))?;
    let known = |name: &&str| *name == EVERYTHING || KINDS.iter().any(|(kind, _, _)| kind == name);
    let name = |event: &Value| event.get("name").and_then(Value::as_str).filter(known).map(str::to_owned);
    listed.iter().map(|event| name(event).ok_or_else(|| invalid("event_types"))).collect()
}

fn invalid(field: &str) -> PaypalError {
    PaypalError::of_webhooks("VALIDATION_ERROR", "Invalid data provided").because(field)
}

fn event_types() -> Value {
    let each = |(name, _, summary): &(&str, &str, &str)| json!({ "name": name, "description": summary, "status": "ENABLED", "resource_versions": ["2.0"] });
    json!({ "event_types": KINDS.iter().map(each).collect::<Vec<_>>() })
}

fn shown(known: &Registered, url: &str) -> Value {
    let described = |name: &String| {
        let summary = KINDS.iter().find(|(kind, _, _)| kind == name).map_or("ALL", |(_, _, summary)| summary);
        json!({ "name": name, "description": summary, "status": "ENABLED" })
    };
    let itself = format!("{url}{ROOT}/{}", known.id);
    let link = |rel: &str, method: &str| json!({ "href": itself, "rel": rel, "method": method });
    json!({
        "id": known.id,
        "url": known.endpoint.url,
        "event_types": known.events.iter().map(described).collect::<Vec<_>>(),
        "links": [link("self", "GET"), link("update", "PATCH"), link("delete", "DELETE")],
    })
}
