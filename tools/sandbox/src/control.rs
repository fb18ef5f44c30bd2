//! How tests steer the sandbox and look inside: everything under `/_sandbox`.
//!
//! A body that is not understood is answered 400 with the reason: a fault that silently does not happen is a green test
//! that proves nothing.

mod disputes;
mod merchants;
mod outside;
mod pages;

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    aws,
    clock::Moment,
    config::{Contract, Endpoint},
    faults,
    ledger::Ledger,
    paypal::{self, certificates},
    state::App,
    stripe::{self, PINNED_VERSION, Whose},
    webhooks::Order,
};

/// The control routes.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/_sandbox/health", get(async || Json(json!({ "status": "ok" }))))
        .route("/_sandbox/ledger", get(ledger))
        .route("/_sandbox/declines", get(declines))
        .route("/_sandbox/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/_sandbox/faults/{id}", delete(remove_fault))
        .route("/_sandbox/aws/faults", get(aws_faults).post(add_aws_fault).delete(clear_aws_faults))
        .route("/_sandbox/aws/faults/{id}", delete(remove_aws_fault))
        .route("/_sandbox/webhook_endpoints", post(add_endpoint).delete(clear_endpoints))
        .route("/_sandbox/webhooks", get(webhooks))
        .route("/_sandbox/webhooks/hold", post(hold))
        .route("/_sandbox/webhooks/release", post(release))
        .route("/_sandbox/keys/age", post(age_keys))
        .route("/_sandbox/paypal/tokens", post(set_token_life))
        .route("/_sandbox/paypal/tokens/revoke", post(revoke_tokens))
        .route("/_sandbox/paypal/root_certificate", get(root_certificate))
        .route("/_sandbox/reset", post(reset))
        .merge(outside::router())
        .merge(disputes::router())
        .merge(merchants::router())
        .merge(pages::router())
}

async fn ledger(State(app): State<Arc<App>>) -> Json<Ledger> {
    let state = app.state();
    Json(Ledger::of(&state.stripe, &state.paypal))
}

/// Every way in which a payer's instrument can say no by itself, so that a test can leave none out.
async fn declines() -> Json<Value> {
    let at_stripe = stripe::declining_methods().map(|(method, token, decline)| {
        json!({ "method": method, "token": token, "code": decline.code, "declineCode": decline.decline_code,
            "adviceCode": decline.advice_code })
    });
    let at_paypal = paypal::declining_cards().map(|(card, code)| json!({ "card": card, "responseCode": code }));
    Json(json!({ "stripe": at_stripe.collect::<Vec<_>>(), "paypal": at_paypal.collect::<Vec<_>>() }))
}

async fn faults(State(app): State<Arc<App>>) -> Response {
    Json(app.state().faults.list()).into_response()
}

async fn add_fault(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Refused> {
    let rule: faults::Rule = read(&body)?;
    let armed = app.state().faults.add(rule).map_err(Refused)?;
    Ok((StatusCode::CREATED, Json(armed)).into_response())
}

async fn remove_fault(State(app): State<Arc<App>>, Path(id): Path<String>) -> StatusCode {
    if app.state().faults.remove(&id) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

async fn clear_faults(State(app): State<Arc<App>>) -> StatusCode {
    app.state().faults.clear();
    StatusCode::NO_CONTENT
}

async fn aws_faults(State(app): State<Arc<App>>) -> Response {
    Json(app.state().aws_faults.list()).into_response()
}

async fn add_aws_fault(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Refused> {
    let rule: aws::Rule = read(&body)?;
    let armed = app.state().aws_faults.add(rule).map_err(Refused)?;
    Ok((StatusCode::CREATED, Json(armed)).into_response())
}

async fn remove_aws_fault(State(app): State<Arc<App>>, Path(id): Path<String>) -> StatusCode {
    if app.state().aws_faults.remove(&id) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

async fn clear_aws_faults(State(app): State<Arc<App>>) -> StatusCode {
    app.state().aws_faults.clear();
    StatusCode::NO_CONTENT
}

/// Somebody who wants to hear what happens at Stripe, or at PayPal.
#[derive(Deserialize)]
#[serde(untagged)]
enum NewEndpoint {
    Paypal(NewPaypalEndpoint),
    Stripe(NewStripeEndpoint),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewStripeEndpoint {
    url: String,
    secret: String,
    api_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewPaypalEndpoint {
    url: String,
    webhook_id: String,
}

async fn add_endpoint(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Refused> {
    let (endpoint, answer) = match read(&body)? {
        NewEndpoint::Stripe(NewStripeEndpoint { url, secret, api_version }) => {
            let api_version = api_version.unwrap_or_else(|| PINNED_VERSION.to_owned());
            let answer = json!({ "url": url, "api_version": api_version });
            (Endpoint { url, contract: Contract::Stripe { secret, api_version } }, answer)
        }
        NewEndpoint::Paypal(NewPaypalEndpoint { url, webhook_id }) => {
            let answer = json!({ "url": url, "webhookId": webhook_id });
            (Endpoint::of_paypal(url, webhook_id), answer)
        }
    };
    app.state().webhooks.add_endpoint(endpoint).map_err(Refused)?;
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

async fn clear_endpoints(State(app): State<Arc<App>>) -> StatusCode {
    app.state().webhooks.clear_endpoints();
    StatusCode::NO_CONTENT
}

async fn webhooks(State(app): State<Arc<App>>) -> Response {
    let report = app.state().webhooks.report();
    Json(report).into_response()
}

async fn hold(State(app): State<Arc<App>>) -> StatusCode {
    app.state().webhooks.hold();
    StatusCode::NO_CONTENT
}

/// How held events go out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    #[serde(default = "first_in_first_out")]
    order: Order,
    #[serde(default = "once")]
    copies: u32,
}

fn first_in_first_out() -> Order {
    Order::Fifo
}

fn once() -> u32 {
    1
}

async fn release(State(app): State<Arc<App>>, body: Bytes) -> Result<Json<Value>, Refused> {
    let Release { order, copies } = if body.is_empty() { read(b"{}")? } else { read(&body)? };
    let released = app.state().webhooks.release(order, copies, Moment::now()).map_err(Refused)?;
    app.mail.notify_one();
    Ok(Json(json!({ "released": released })))
}

/// How much time passes for idempotency keys: for all, or for those of one key, object or payment.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Ageing {
    hours: u32,
    key: Option<String>,
    object_id: Option<String>,
    transaction_id: Option<String>,
}

async fn age_keys(State(app): State<Arc<App>>, body: Bytes) -> Result<Json<Value>, Refused> {
    const HOUR_MS: u64 = 60 * 60 * 1000;
    let Ageing { hours, key, object_id, transaction_id } = read(&body)?;
    let whose = match (key, object_id, transaction_id) {
        (None, None, None) => Whose::Everybodys,
        (Some(key), None, None) => Whose::Named(key),
        (None, Some(id), None) => Whose::OfObject(id),
        (None, None, Some(id)) => Whose::OfPayment(id),
        _ => return Err(Refused("say at most one of key, objectId and transactionId".to_owned())),
    };
    let ms = u64::from(hours).saturating_mul(HOUR_MS);
    let mut state = app.state();
    let at_paypal = state.paypal.age_keys(ms, |book, key, path, object| match &whose {
        Whose::Everybodys => true,
        Whose::Named(name) => key == name,
        Whose::OfObject(id) => object == Some(id) || path.split('/').any(|part| part == id),
        Whose::OfPayment(id) => {
            let order = object.and_then(|object| book.order_behind(object));
            key.starts_with(id) || order.is_some_and(|order| order.unit.custom_id.as_ref() == Some(id))
        }
    });
    let aged = state.stripe.age_keys(ms, &whose).saturating_add(at_paypal);
    Ok(Json(json!({ "aged": aged })))
}

/// How long the tokens live that PayPal gives out from now on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TokenLife {
    expires_in: u32,
}

async fn set_token_life(State(app): State<Arc<App>>, body: Bytes) -> Result<StatusCode, Refused> {
    let TokenLife { expires_in } = read(&body)?;
    app.state().paypal.tokens.live_for(expires_in);
    Ok(StatusCode::NO_CONTENT)
}

async fn revoke_tokens(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({ "revoked": app.state().paypal.tokens.revoke_all() }))
}

/// What a local stack has to trust, so that it believes PayPal's webhooks.
async fn root_certificate() -> Result<&'static str, (StatusCode, &'static str)> {
    certificates::root_pem().map_err(|why| (StatusCode::INTERNAL_SERVER_ERROR, why))
}

async fn reset(State(app): State<Arc<App>>) -> StatusCode {
    app.reset();
    StatusCode::NO_CONTENT
}

/// A control body that means nothing.
struct Refused(String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({ "error": self.0 }))).into_response()
    }
}

/// The content type is not asked for: people steer this with curl.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused(format!("cannot read the body: {error}")))
}
