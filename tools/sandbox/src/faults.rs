//! Which requests to a gateway go wrong, and how. Deciding is pure (`rule`); carrying it out is here, because some
//! faults tear connections.
//!
//! "Before" means that the gateway did nothing; "after" that it did everything and the answer was lost. Nothing in
//! between exists: a gateway call is one step.
//!
//! Faults on the way to the gateway strike here. Those within it (an error that is saved under a key, an old snapshot) strike where it
//! executes, and ask this module for their rule.

mod glob;
mod rule;

use std::sync::Arc;

use axum::{
    Extension,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header::CONTENT_TYPE, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::Value;
use tokio::time::{Duration, sleep};

pub(crate) use rule::{Fault, Gateway, Rule};

use crate::{
    paypal,
    server::{Hangup, MAX_BODY_BYTES},
    state::App,
    stripe,
};
use rule::Asked;

/// How long a hanging request hangs when nobody says; longer than any client of ours waits.
const DEFAULT_HANG_MS: u64 = 60_000;
/// Half a JSON object: a status line that promises success and a body that keeps nothing.
const GARBAGE: &str = "{\"id\": \"gar";

/// Stands before the gateway and carries out what the plan says.
pub(crate) async fn misbehave(
    State(app): State<Arc<App>>,
    Extension(hangup): Extension<Hangup>,
    request: Request,
    next: Next,
) -> Response {
    if app.state().faults.is_idle() {
        return next.run(request).await;
    }
    // What a request is about stands in its body.
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let struck = strike(&app, Sent::of(&parts, &body), |fault| !fault.is_within());
    let request = Request::from_parts(parts, Body::from(body));
    match struck {
        Some(rule) => carry_out(&rule, &app, &hangup, request, next).await,
        None => next.run(request).await,
    }
}

/// A request, as it came off the wire.
#[derive(Clone, Copy)]
pub(crate) struct Sent<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

impl<'a> Sent<'a> {
    fn of(parts: &'a Parts, body: &'a Bytes) -> Self {
        Self { method: &parts.method, uri: &parts.uri, headers: &parts.headers, body }
    }

    /// The parameters, from where this method has them.
    pub(crate) fn encoded(&self) -> &'a [u8] {
        if *self.method == Method::GET { self.uri.query().unwrap_or_default().as_bytes() } else { self.body }
    }
}

/// The rule of a wanted kind that strikes this request, if one does.
pub(crate) fn strike(app: &App, sent: Sent<'_>, wanted: impl Fn(Fault) -> bool) -> Option<Rule> {
    let mut state = app.state();
    if state.faults.is_idle() {
        return None;
    }
    let path = sent.uri.path();
    let header = |name: &str| sent.headers.get(name).and_then(|key| key.to_str().ok());
    let (gateway, form, transaction_id, idempotency_key) = if paypal::owns(path) {
        let body: Value = serde_json::from_slice(sent.body).unwrap_or_default();
        let transaction_id = state.paypal.transaction_of(path, &body);
        (Gateway::Paypal, leaves(&body), transaction_id, header("paypal-request-id"))
    } else {
        let form: Vec<(String, String)> = form_urlencoded::parse(sent.encoded()).into_owned().collect();
        let transaction_id = state.stripe.transaction_of(path, &form);
        (Gateway::Stripe, form, transaction_id, header("idempotency-key"))
    };
    let asked = Asked {
        gateway,
        method: sent.method,
        path,
        form: &form,
        idempotency_key,
        transaction_id: transaction_id.as_deref(),
    };
    state.faults.strike(|rule| wanted(rule.fault) && rule.fits(&asked))
}

/// Every text and number in a JSON body, whose size is bounded, with its name.
fn leaves(body: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut waiting = vec![(String::new(), body)];
    while let Some((name, value)) = waiting.pop() {
        match value {
            Value::Object(fields) => waiting.extend(fields.iter().map(|(name, value)| (name.clone(), value))),
            Value::Array(items) => waiting.extend(items.iter().map(|item| (name.clone(), item))),
            Value::String(text) => found.push((name, text.clone())),
            Value::Number(number) => found.push((name, number.to_string())),
            Value::Bool(_) | Value::Null => {}
        }
    }
    found
}

/// A refusal in the words of the gateway that was asked.
fn refused(rule: &Rule, app: &App) -> Response {
    let status = rule.status.unwrap_or(500);
    match rule.gateway {
        Gateway::Stripe => stripe::refusal(status, &app.state().stripe.request_id()),
        Gateway::Paypal => paypal::refusal(status, rule.issue.as_deref(), &app.state().paypal.debug_id()),
    }
}

async fn carry_out(rule: &Rule, app: &App, hangup: &Hangup, request: Request, next: Next) -> Response {
    let delay = Duration::from_millis(rule.delay_ms.unwrap_or_default());
    let hang = Duration::from_millis(rule.delay_ms.unwrap_or(DEFAULT_HANG_MS));
    match rule.fault {
        Fault::Status | Fault::Issue => {
            sleep(delay).await;
            refused(rule, app)
        }
        Fault::ResetBefore => {
            sleep(delay).await;
            hangup.reset().await
        }
        Fault::ResetAfter => {
            drop(next.run(request).await);
            sleep(delay).await;
            hangup.reset().await
        }
        Fault::HangBefore => {
            sleep(hang).await;
            hangup.reset().await
        }
        Fault::HangAfter => {
            drop(next.run(request).await);
            sleep(hang).await;
            hangup.reset().await
        }
        Fault::GarbageAfter => {
            let mut response = next.run(request).await;
            sleep(delay).await;
            *response.body_mut() = Body::from(GARBAGE);
            response.headers_mut().remove(axum::http::header::CONTENT_LENGTH);
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        // In a task of its own: a request that is on its way arrives, whether its caller still waits or not.
        Fault::SlowBefore => {
            let late = tokio::spawn(async move {
                sleep(delay).await;
                next.run(request).await
            });
            late.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
        }
        Fault::SlowAfter => {
            let response = next.run(request).await;
            sleep(delay).await;
            response
        }
        // Asked for by the gateway itself, see `strike`.
        Fault::SavedStatusBefore | Fault::SavedStatusAfter | Fault::Stale => next.run(request).await,
    }
}
