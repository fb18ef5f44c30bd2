//! Webhook endpoints as Stripe's API makes, shows, changes and deletes them: routes, their parameters, and what they do to the outbox.
//!
//! The secret of an endpoint is shown in the answer that makes it and never again, and its version is chosen then. Stripe takes two endpoints of
//! one address, and so does the sandbox: that nothing is doubled is the caller's business.
//!
//! Must never: take the name of an event that Stripe does not have.

use axum::http::{Method, Uri};
use serde_json::{Value, json};

use super::{
    PINNED_VERSION,
    calls::{Caller, page},
    error::StripeError,
    form::Tree,
    shape::{
        Fields,
        Shape::{Flag, Integer, Metadata, NotSimulated, Text, Texts},
        check,
    },
};
use crate::{
    clock::Moment,
    config::{Contract, Endpoint},
    webhooks::{At, Hearing, MAX_ENDPOINTS, Outbox, Registered},
};

/// Every name of an event of the version that is simulated, one a line, from Stripe's own list.
const EVENT_TYPES: &str = include_str!("event_types.txt");
const EVERYTHING: &str = "*";

/// The answer to a call that is about endpoints; `None` to every other.
pub(super) fn answer(
    outbox: &mut Outbox,
    (method, uri): (&Method, &Uri),
    tree: &Tree,
    caller: Caller,
    now: Moment,
) -> Option<Result<Value, StripeError>> {
    let path: Vec<&str> = uri.path().trim_matches('/').split('/').skip(1).collect();
    let (name, fields) = match (method.as_str(), path.as_slice()) {
        ("POST", ["webhook_endpoints"]) => (Name::Create, CREATE),
        ("GET", ["webhook_endpoints"]) => (Name::List, LIST),
        ("GET", ["webhook_endpoints", id]) => (Name::Get(id), ONLY_EXPAND),
        ("POST", ["webhook_endpoints", id]) => (Name::Update(id), UPDATE),
        ("DELETE", ["webhook_endpoints", id]) => (Name::Delete(id), NOTHING),
        _ => return None,
    };
    Some(match caller {
        Caller::Browser => {
            let message = "This API call cannot be made with a publishable API key. Please use a secret API key.";
            Err(StripeError::unauthorized(message).code("secret_key_required"))
        }
        Caller::Server => check(tree, fields).and_then(|()| perform(outbox, name, tree, now)),
    })
}

/// What is to be done, and to which.
#[derive(Clone, Copy)]
enum Name<'a> {
    Create,
    List,
    Get(&'a str),
    Update(&'a str),
    Delete(&'a str),
}

fn perform(outbox: &mut Outbox, name: Name<'_>, tree: &Tree, now: Moment) -> Result<Value, StripeError> {
    let missing = |id: &str| StripeError::missing_in_path("webhook endpoint", id);
    match name {
        Name::Create => create(outbox, tree, now),
        Name::List => {
            let all = outbox.endpoints_at(At::Stripe).map(|known| (known.id.as_str(), shown(known)));
            page(tree)?.cut("/v1/webhook_endpoints", all)
        }
        Name::Get(id) => outbox.endpoint_mut(At::Stripe, id).map(|known| shown(known)).ok_or_else(|| missing(id)),
        Name::Update(id) => {
            let (events, url) = (events(tree)?, tree.text("url").map(address).transpose()?);
            let known = outbox.endpoint_mut(At::Stripe, id).ok_or_else(|| missing(id))?;
            known.events = events.unwrap_or_else(|| known.events.clone());
            known.endpoint.url = url.unwrap_or_else(|| known.endpoint.url.clone());
            known.description = tree.owned_text("description").or_else(|| known.description.clone());
            for (key, value) in tree.map("metadata") {
                // An empty text unsets its key.
                if value.is_empty() {
                    known.metadata.remove(&key)
                } else {
                    known.metadata.insert(key, value)
                };
            }
            known.hearing = match tree.flag("disabled") {
                Some(true) => Hearing::Disabled,
                Some(false) => Hearing::Enabled,
                None => known.hearing,
            };
            Ok(shown(known))
        }
        Name::Delete(id) => match outbox.remove_endpoint(At::Stripe, id) {
            true => Ok(json!({ "id": id, "object": "webhook_endpoint", "deleted": true })),
            false => Err(missing(id)),
        },
    }
}

fn create(outbox: &mut Outbox, tree: &Tree, now: Moment) -> Result<Value, StripeError> {
    let url = address(tree.text("url").ok_or_else(|| StripeError::missing_parameter("url"))?)?;
    let events = events(tree)?.ok_or_else(|| StripeError::missing_parameter("enabled_events"))?;
    let api_version = tree.owned_text("api_version").unwrap_or_else(|| PINNED_VERSION.to_owned());
    if api_version != PINNED_VERSION {
        let message = format!("Invalid API version: {api_version}. The sandbox simulates {PINNED_VERSION} only.");
        return Err(StripeError::invalid(message).param("api_version"));
    }
    if outbox.endpoints_at(At::Stripe).count() >= MAX_ENDPOINTS {
        let message = format!("You have reached the maximum of {MAX_ENDPOINTS} test webhook endpoints.");
        return Err(StripeError::invalid(message));
    }
    let secret = outbox.new_id("whsec_");
    let new = Registered {
        id: outbox.new_id("we_"),
        endpoint: Endpoint { url, contract: Contract::Stripe { secret: secret.clone(), api_version } },
        events,
        created: now,
        description: tree.owned_text("description"),
        metadata: tree.map("metadata"),
        hearing: Hearing::Enabled,
    };
    let mut shown = shown(&new);
    outbox.register(new).map_err(|why| StripeError::invalid(why).param("url"))?;
    if let Some(object) = shown.as_object_mut() {
        object.insert("secret".to_owned(), json!(secret));
    }
    Ok(shown)
}

fn address(url: &str) -> Result<String, StripeError> {
    let is_address = url.parse::<Uri>().is_ok_and(|uri| uri.scheme_str() == Some("http") && uri.host().is_some());
    if is_address {
        Ok(url.to_owned())
    } else {
        Err(StripeError::invalid("Not a valid URL").code("url_invalid").param("url"))
    }
}

/// The names that the request gives, if it gives any.
fn events(tree: &Tree) -> Result<Option<Vec<String>>, StripeError> {
    let Some(names) = tree.texts("enabled_events") else { return Ok(None) };
    if names.is_empty() {
        return Err(StripeError::missing_parameter("enabled_events"));
    }
    for (at, name) in names.iter().enumerate() {
        if name != EVERYTHING && !EVENT_TYPES.lines().any(|known| known == name) {
            let param = format!("enabled_events[{at}]");
            return Err(StripeError::invalid(format!("Invalid {param}: there is no event {name}")).param(&param));
        }
    }
    Ok(Some(names))
}

fn shown(known: &Registered) -> Value {
    let api_version = match &known.endpoint.contract {
        Contract::Stripe { api_version, .. } => Some(api_version),
        Contract::Paypal { .. } => None,
    };
    json!({
        "id": known.id,
        "object": "webhook_endpoint",
        "api_version": api_version,
        "application": null,
        "created": known.created.seconds(),
        "description": known.description,
        "enabled_events": known.events,
        "livemode": false,
        "metadata": known.metadata,
        "status": match known.hearing { Hearing::Enabled => "enabled", Hearing::Disabled => "disabled" },
        "url": known.endpoint.url,
    })
}

const NOTHING: Fields = &[];
const ONLY_EXPAND: Fields = &[("expand", Texts)];

const CREATE: Fields = &[
    ("api_version", Text),
    ("connect", NotSimulated),
    ("description", Text),
    ("enabled_events", Texts),
    ("expand", Texts),
    ("metadata", Metadata),
    ("url", Text),
];

const UPDATE: Fields = &[
    ("description", Text),
    ("disabled", Flag),
    ("enabled_events", Texts),
    ("expand", Texts),
    ("metadata", Metadata),
    ("url", Text),
];

const LIST: Fields =
    &[("ending_before", NotSimulated), ("expand", Texts), ("limit", Integer), ("starting_after", Text)];
