//! Control routes for disputes and early fraud warnings: what the payer, their bank and the gateway do. What the merchant
//! does has an API.
//!
//! `disputes` and `disputes/decide` are the same for both gateways; `disputes/open`, `update` and `resolve` say it in
//! PayPal's own words.

use std::sync::Arc;

use axum::{Json, Router, body::Bytes, extract::State, routing::post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Refused,
    outside::{At, find, positive, refused, unasked},
    read,
};
use crate::{
    paypal::{NewDispute, Outcome, PaypalError, Stage, Turn},
    state::App,
    stripe::{self, Case, Complaint, Step},
};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/_sandbox/disputes", post(dispute))
        .route("/_sandbox/disputes/decide", post(decide))
        .route("/_sandbox/disputes/open", post(open))
        .route("/_sandbox/disputes/update", post(update))
        .route("/_sandbox/disputes/resolve", post(resolve))
        .route("/_sandbox/fraud_warnings", post(warn))
}

/// What is disputed, at either gateway: an object, or the payment that it bears.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Complaining {
    object_id: Option<String>,
    transaction_id: Option<String>,
    /// In Stripe's words or, at PayPal, in PayPal's.
    #[serde(default = "not_received")]
    reason: String,
    #[serde(default)]
    stage: How,
    amount: Option<i64>,
    #[serde(default = "ten_days")]
    due_in_days: u32,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum How {
    Inquiry,
    #[default]
    Chargeback,
    /// Settled by the card network before it became a chargeback.
    Prevented,
}

fn not_received() -> String {
    "product_not_received".to_owned()
}

fn ten_days() -> u32 {
    10
}

/// What PayPal calls what Stripe calls so.
const REASONS: &[(&str, &str)] = &[
    ("credit_not_processed", "CREDIT_NOT_PROCESSED"),
    ("duplicate", "DUPLICATE_TRANSACTION"),
    ("fraudulent", "UNAUTHORISED"),
    ("general", "OTHER"),
    ("product_not_received", "MERCHANDISE_OR_SERVICE_NOT_RECEIVED"),
    ("product_unacceptable", "MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED"),
    ("subscription_canceled", "CANCELED_RECURRING_BILLING"),
    ("unrecognized", "UNAUTHORISED"),
];

async fn dispute(State(app): State<Arc<App>>, body: Bytes) -> Result<Json<Value>, Refused> {
    let Complaining { object_id, transaction_id, reason, stage, amount, due_in_days } = read(&body)?;
    let amount = positive(amount)?;
    let due_in_ms = u64::from(due_in_days).saturating_mul(DAY_MS);
    match find(&app, object_id, transaction_id)? {
        At::Stripe(id) => {
            let unknown = || Refused(format!("reason must be one of {}", stripe::reasons()));
            let complaint = Complaint {
                reason: stripe::reason(&reason).ok_or_else(unknown)?,
                case: match stage {
                    How::Inquiry => Case::Inquiry,
                    How::Chargeback => Case::Chargeback,
                    How::Prevented => Case::Resolution,
                },
                eligibility: None,
            };
            let new = stripe::NewDispute { complaint, amount, due_in_ms };
            let opened = app.act(|book, now| {
                let charge = book.charge_behind(&id)?;
                book.open_dispute(&charge, new, &unasked(now))
            });
            opened.map(at_stripe).map_err(refused)
        }
        At::Paypal(id) => {
            let stage = match stage {
                How::Inquiry => Stage::Inquiry,
                How::Chargeback => Stage::Chargeback,
                How::Prevented => return Err(Refused("PayPal knows no prevented disputes".to_owned())),
            };
            let translated = REASONS.iter().find(|(name, _)| *name == reason).map(|(_, name)| (*name).to_owned());
            let new = NewDispute { reason: translated.unwrap_or(reason), stage, amount, due_in_ms };
            let opened = app.act_at_paypal(|book, now| book.open_dispute(&id, new, now)).map_err(Refused)?;
            at_paypal(&app, &opened)
        }
    }
}

/// What becomes of a dispute at either gateway.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Deciding {
    dispute_id: String,
    decision: Decision,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Decision {
    /// A person at the merchant's answers, at the gateway's dashboard.
    Answered,
    /// An inquiry becomes a formal dispute.
    Escalated,
    Won,
    Lost,
    /// The payer complains no more.
    Withdrawn,
    /// Stripe: the card network settles an inquiry.
    Prevented,
    /// Stripe: what is lost may be fought once more. At PayPal it may be anyway.
    Appealable,
}

async fn decide(State(app): State<Arc<App>>, body: Bytes) -> Result<Json<Value>, Refused> {
    let Deciding { dispute_id: id, decision } = read(&body)?;
    if app.state().paypal.shown(&id).is_some() {
        let decided = app.act_at_paypal(|book, now| match decision {
            Decision::Answered => book.move_dispute(&id, None, Some(Turn::Paypals), now),
            Decision::Escalated => book.move_dispute(&id, Some(Stage::Chargeback), Some(Turn::Sellers), now),
            Decision::Won => book.resolve_dispute(&id, Outcome::ResolvedSellerFavour, now),
            Decision::Lost => book.resolve_dispute(&id, Outcome::ResolvedBuyerFavour, now),
            Decision::Withdrawn => book.resolve_dispute(&id, Outcome::CanceledByBuyer, now),
            Decision::Prevented | Decision::Appealable => Err(PaypalError::not_now("PayPal decides no such thing.")),
        });
        decided.map_err(refused_by_paypal)?;
        return at_paypal(&app, &id);
    }
    let step = match decision {
        Decision::Answered => Step::Submit,
        Decision::Escalated => Step::Escalate,
        Decision::Won | Decision::Withdrawn => Step::Win,
        Decision::Lost => Step::Lose,
        Decision::Prevented => Step::Prevent,
        Decision::Appealable => Step::Reopen,
    };
    app.act(|book, now| book.turn_dispute(&id, step, &unasked(now))).map(at_stripe).map_err(refused)
}

/// A warning of Stripe's, or rather of the bank behind it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Warning {
    object_id: Option<String>,
    transaction_id: Option<String>,
    #[serde(default = "misc")]
    fraud_type: String,
}

fn misc() -> String {
    "misc".to_owned()
}

async fn warn(State(app): State<Arc<App>>, body: Bytes) -> Result<Json<Value>, Refused> {
    let Warning { object_id, transaction_id, fraud_type } = read(&body)?;
    let At::Stripe(id) = find(&app, object_id, transaction_id)? else {
        return Err(Refused("only Stripe warns early".to_owned()));
    };
    let warned = app.act(|book, now| {
        let charge = book.charge_behind(&id)?;
        book.warn_of_fraud(&charge, &fraud_type, &unasked(now))
    });
    warned.map(Json).map_err(refused)
}

/// What is disputed at PayPal: a capture, or the first one of an order or payment.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Opening {
    object_id: Option<String>,
    transaction_id: Option<String>,
    #[serde(default = "not_received_at_paypal")]
    reason: String,
    #[serde(default = "inquiry")]
    stage: Stage,
    amount: Option<i64>,
    #[serde(default = "ten_days")]
    due_in_days: u32,
}

fn not_received_at_paypal() -> String {
    "MERCHANDISE_OR_SERVICE_NOT_RECEIVED".to_owned()
}

fn inquiry() -> Stage {
    Stage::Inquiry
}

async fn open(State(app): State<Arc<App>>, body: Bytes) -> Result<Json<Value>, Refused> {
    let Opening { object_id, transaction_id, reason, stage, amount, due_in_days } = read(&body)?;
    let amount = positive(amount)?;
    let At::Paypal(id) = find(&app, object_id, transaction_id)? else {
        return Err(Refused("this is said in PayPal's words: for Stripe see disputes".to_owned()));
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
    moved.map_err(refused_by_paypal)?;
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
    resolved.map_err(refused_by_paypal)?;
    shown(&app, &dispute_id)
}

/// The one shape in which both gateways' disputes are answered.
fn at_stripe(dispute: Value) -> Json<Value> {
    Json(json!({ "gateway": "stripe", "id": dispute.get("id"), "dispute": dispute }))
}

fn at_paypal(app: &App, id: &str) -> Result<Json<Value>, Refused> {
    let Json(dispute) = shown(app, id)?;
    Ok(Json(json!({ "gateway": "paypal", "id": id, "dispute": dispute })))
}

fn shown(app: &App, id: &str) -> Result<Json<Value>, Refused> {
    let shown = app.state().paypal.shown(id);
    Ok(Json(shown.unwrap_or_else(|| json!({}))))
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn refused_by_paypal(error: PaypalError) -> Refused {
    Refused(error.body("").to_string())
}
