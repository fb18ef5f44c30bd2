//! Control routes for disputes at PayPal: what the payer, their bank and PayPal do. What the merchant does has an API.

use std::sync::Arc;

use axum::{Json, Router, body::Bytes, extract::State, routing::post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Refused,
    outside::{At, find, positive},
    read,
};
use crate::{
    paypal::{NewDispute, Outcome, Stage},
    state::App,
};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/_sandbox/disputes/open", post(open))
        .route("/_sandbox/disputes/update", post(update))
        .route("/_sandbox/disputes/resolve", post(resolve))
}

/// What is disputed: a capture, or the first one of an order or payment.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Opening {
    object_id: Option<String>,
    transaction_id: Option<String>,
    #[serde(default = "not_received")]
    reason: String,
    #[serde(default = "inquiry")]
    stage: Stage,
    amount: Option<i64>,
    #[serde(default = "ten_days")]
    due_in_days: u32,
}

fn not_received() -> String {
    "MERCHANDISE_OR_SERVICE_NOT_RECEIVED".to_owned()
}

fn inquiry() -> Stage {
    Stage::Inquiry
}

fn ten_days() -> u32 {
    10
}

async fn open(State(app): State<Arc<App>>, body: Bytes) -> Result<Json<Value>, Refused> {
    let Opening { object_id, transaction_id, reason, stage, amount, due_in_days } = read(&body)?;
    let amount = positive(amount)?;
    let At::Paypal(id) = find(&app, object_id, transaction_id)? else {
        return Err(Refused("disputes are opened at PayPal only".to_owned()));
    };
    let new = NewDispute { reason, stage, amount, due_in_ms: u64::from(due_in_days).saturating_mul(DAY_MS) };
    let opened = app.act_at_paypal(|book, now| book.open_dispute(&id, new, now)).map_err(Refused)?;
    shown(&app, &opened)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Move {
    dispute_id: String,
    stage: Stage,
}

async fn update(State(app): State<Arc<App>>, body: Bytes) -> Result<Json<Value>, Refused> {
    let Move { dispute_id, stage } = read(&body)?;
    let moved = app.act_at_paypal(|book, now| book.move_dispute(&dispute_id, Some(stage), None, now));
    moved.map_err(|error| Refused(error.body("").to_string()))?;
    shown(&app, &dispute_id)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct End {
    dispute_id: String,
    outcome: Outcome,
}

async fn resolve(State(app): State<Arc<App>>, body: Bytes) -> Result<Json<Value>, Refused> {
    let End { dispute_id, outcome } = read(&body)?;
    let resolved = app.act_at_paypal(|book, now| book.resolve_dispute(&dispute_id, outcome, now));
    resolved.map_err(|error| Refused(error.body("").to_string()))?;
    shown(&app, &dispute_id)
}

fn shown(app: &App, id: &str) -> Result<Json<Value>, Refused> {
    let shown = app.state().paypal.shown(id);
    Ok(Json(shown.unwrap_or_else(|| json!({}))))
}
