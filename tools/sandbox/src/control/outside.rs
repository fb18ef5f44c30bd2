//! Control routes for what others do at the gateway: a person at its dashboard, the payer, the bank, another program of
//! the merchant's. Webhooks go out for all of it, and none of it has a request of ours: `request` is null, as Stripe has it.
//!
//! The same routes for both gateways: which one is meant follows from the object.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refused, read};
use crate::{
    clock::Moment,
    faults::Gateway,
    paypal::{self, Decision, Funding, Intent, Second},
    state::App,
    stripe::{self, Capture, Cause, Duplicate, Money, NewRefund, Occasion, Particulars, Retold, StripeError},
};

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/_sandbox/dashboard/cancel", post(cancel))
        .route("/_sandbox/dashboard/capture", post(capture))
        .route("/_sandbox/dashboard/refund", post(refund))
        .route("/_sandbox/payer/confirm", post(confirm))
        .route("/_sandbox/payer/decide", post(decide))
        .route("/_sandbox/settle", post(settle))
        .route("/_sandbox/lapse", post(lapse))
        .route("/_sandbox/duplicates", post(duplicate))
        .route("/_sandbox/events", post(retell))
}

type Answered = Result<Json<Value>, Refused>;

/// A body that names an object and says nothing more.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Named {
    object_id: Option<String>,
    transaction_id: Option<String>,
}

/// A body that names an object and an amount, or means all of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NamedAmount {
    object_id: Option<String>,
    transaction_id: Option<String>,
    amount: Option<i64>,
}

async fn cancel(State(app): State<Arc<App>>, body: Bytes) -> Answered {
    let Named { object_id, transaction_id } = read(&body)?;
    match find(&app, object_id, transaction_id)? {
        At::Stripe(id) => {
            let reason = Some("requested_by_customer".to_owned());
            act(&app, |book, occasion| book.cancel_intent(&id, reason, occasion))
        }
        At::Paypal(id) => act_at_paypal(&app, |book, now| book.release_at_dashboard(&id, now)),
    }
}

async fn capture(State(app): State<Arc<App>>, body: Bytes) -> Answered {
    let NamedAmount { object_id, transaction_id, amount } = read(&body)?;
    let amount = positive(amount)?;
    match find(&app, object_id, transaction_id)? {
        At::Stripe(id) => {
            let capture = Capture { amount, particulars: Particulars::default() };
            act(&app, |book, occasion| book.capture_intent(&id, capture, occasion))
        }
        At::Paypal(id) => act_at_paypal(&app, |book, now| book.capture_at_dashboard(&id, amount, now)),
    }
}

async fn refund(State(app): State<Arc<App>>, body: Bytes) -> Answered {
    let NamedAmount { object_id, transaction_id, amount } = read(&body)?;
    let amount = positive(amount)?;
    match find(&app, object_id, transaction_id)? {
        At::Stripe(id) => {
            let reason = Some("requested_by_customer".to_owned());
            let refund =
                NewRefund { payment_intent: Some(id), charge: None, amount, reason, metadata: Default::default() };
            act(&app, |book, occasion| book.create_refund(refund, occasion))
        }
        At::Paypal(id) => act_at_paypal(&app, |book, now| book.refund_at_dashboard(&id, amount, now)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BrowserConfirmation {
    object_id: Option<String>,
    transaction_id: Option<String>,
    payment_method: String,
}

/// Answers what the browser is answered: a decline is one of the things that a confirmation may come to.
async fn confirm(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Refused> {
    let BrowserConfirmation { object_id, transaction_id, payment_method } = read(&body)?;
    let At::Stripe(id) = find(&app, object_id, transaction_id)? else {
        return Err(Refused("the browser of a PayPal payer confirms nothing: see payer/decide".to_owned()));
    };
    let confirmed = app.act(|book, now| book.confirm_in_browser(&id, &payment_method, &unasked(now)));
    Ok(match confirmed {
        Ok(intent) => Json(intent).into_response(),
        Err(error) => {
            let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, Json(error.body())).into_response()
        }
    })
}

/// What the payer does on the page: of the bank, or of PayPal, where they also have an account that does something.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PayerDecision {
    object_id: Option<String>,
    transaction_id: Option<String>,
    decision: Button,
    capture: Option<paypal::Fate>,
    /// The name on the card that the payer pays with there.
    card: Option<String>,
    refunds: Option<paypal::RefundFate>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Button {
    Approve,
    /// Stripe: the bank did not recognise the payer.
    Fail,
    /// PayPal: the payer went back to the shop.
    Cancel,
}

async fn decide(State(app): State<Arc<App>>, body: Bytes) -> Answered {
    let PayerDecision { object_id, transaction_id, decision, capture, card, refunds } = read(&body)?;
    let card = card.map(|name| paypal::card(&name).ok_or_else(|| Refused(format!("no test card is called {name}"))));
    let card = card.transpose()?;
    match (find(&app, object_id, transaction_id)?, decision) {
        (At::Stripe(id), Button::Approve | Button::Fail)
            if capture.is_none() && card.is_none() && refunds.is_none() =>
        {
            act(&app, |book, occasion| {
                let nothing = || StripeError::invalid(format!("{id} asks its payer nothing"));
                let page = book.page_of(&id).ok_or_else(nothing)?;
                book.authenticate(&page, decision == Button::Approve, occasion)
                    .map_err(|_| StripeError::invalid("the page is closed"))?;
                book.get_intent(&id, None)
            })
        }
        (At::Paypal(id), Button::Approve | Button::Cancel) => {
            let funding = Funding { fate: capture.unwrap_or_default(), card, refunds: refunds.unwrap_or_default() };
            let funding = (decision == Button::Approve).then_some(funding);
            let location = paypal::decided(&app, &id, funding).map_err(Refused)?;
            Ok(Json(json!({ "id": id, "location": location })))
        }
        (At::Stripe(_), _) => Err(Refused("at Stripe a payer may approve or fail, and nothing else".to_owned())),
        (At::Paypal(_), Button::Fail) => Err(Refused("at PayPal a payer may approve or cancel".to_owned())),
    }
}

/// What a bank decides about money that is on its way.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Settlement {
    object_id: Option<String>,
    transaction_id: Option<String>,
    outcome: SettlementOutcome,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SettlementOutcome {
    Succeeded,
    Failed,
    /// Of a refund at PayPal.
    Canceled,
}

async fn settle(State(app): State<Arc<App>>, body: Bytes) -> Answered {
    let Settlement { object_id, transaction_id, outcome } = read(&body)?;
    match find(&app, object_id, transaction_id)? {
        At::Stripe(_) if outcome == SettlementOutcome::Canceled => {
            Err(Refused("outcome must be succeeded or failed".to_owned()))
        }
        At::Stripe(id) => {
            let paid = outcome == SettlementOutcome::Succeeded;
            act(&app, |book, occasion| book.settle_intent(&id, paid, occasion))
        }
        At::Paypal(id) => {
            let decision = match outcome {
                SettlementOutcome::Succeeded => Decision::Paid,
                SettlementOutcome::Failed => Decision::Refused,
                SettlementOutcome::Canceled => Decision::Cancelled,
            };
            act_at_paypal(&app, |book, now| book.settle(&id, decision, now))
        }
    }
}

async fn lapse(State(app): State<Arc<App>>, body: Bytes) -> Answered {
    let Named { object_id, transaction_id } = read(&body)?;
    match find(&app, object_id, transaction_id)? {
        At::Stripe(id) => act(&app, |book, occasion| book.lapse(&id, occasion)),
        At::Paypal(id) => act_at_paypal(&app, |book, now| book.lapse(&id, now)),
    }
}

/// A second object of a payment; whatever is left out is as in the first.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewDuplicate {
    transaction_id: String,
    amount: Option<i64>,
    currency: Option<String>,
    #[serde(default)]
    livemode: bool,
    money: Money,
    /// Where; by default where the first object is.
    gateway: Option<Gateway>,
}

async fn duplicate(State(app): State<Arc<App>>, body: Bytes) -> Answered {
    let NewDuplicate { transaction_id, amount, currency, livemode, money, gateway } = read(&body)?;
    let amount = positive(amount)?;
    let is_at_paypal = app.state().paypal.order_about(&transaction_id).is_some();
    if gateway.map_or(is_at_paypal, |gateway| gateway == Gateway::Paypal) {
        if livemode {
            return Err(Refused("PayPal's objects have no mode".to_owned()));
        }
        let intent = if money == Money::Held { Intent::Authorize } else { Intent::Capture };
        let second = Second { transaction_id, amount, currency, intent, paid: money != Money::Untouched };
        return act_at_paypal(&app, |book, now| book.duplicate(second, now));
    }
    let made = app.act(|book, now| {
        let first = book.intent_about(&transaction_id);
        let like_the_first = StripeError::invalid("there is no object to take the amount and the currency from");
        let terms =
            (amount.or(first.map(|intent| intent.amount)), currency.or(first.map(|intent| intent.currency.clone())));
        let (Some(amount), Some(currency)) = terms else { return Err(like_the_first) };
        book.duplicate(Duplicate { transaction_id, amount, currency, livemode, money }, &unasked(now))
    });
    made.map(Json).map_err(refused)
}

/// An event about an object that is told once more, or that does not fit it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewEvent {
    object_id: Option<String>,
    transaction_id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    livemode: Option<bool>,
    changes_back: Option<u32>,
    idempotency_key: Option<String>,
}

async fn retell(State(app): State<Arc<App>>, body: Bytes) -> Answered {
    let NewEvent { object_id, transaction_id, kind, livemode, changes_back, idempotency_key } = read(&body)?;
    match find(&app, object_id, transaction_id)? {
        At::Stripe(id) => {
            let retold = Retold { kind, livemode, changes_back, idempotency_key };
            act(&app, |book, occasion| book.retell(&id, retold, occasion))
        }
        At::Paypal(_) if livemode.is_some() || idempotency_key.is_some() => {
            Err(Refused("PayPal's events know neither a mode nor a key".to_owned()))
        }
        At::Paypal(id) => {
            let kind = kind.unwrap_or_default();
            act_at_paypal(&app, |book, now| book.retell(&id, &kind, changes_back, now))
        }
    }
}

/// An object, and where it is.
pub(super) enum At {
    Stripe(String),
    Paypal(String),
}

/// Finds an object by its own id, or by the payment that it bears (the oldest one that does).
pub(super) fn find(app: &App, object_id: Option<String>, transaction_id: Option<String>) -> Result<At, Refused> {
    let state = app.state();
    match (object_id, transaction_id) {
        (Some(id), None) if state.paypal.order_behind(&id).is_some() => Ok(At::Paypal(id)),
        // Stripe says it, if there is no such object.
        (Some(id), None) => Ok(At::Stripe(id)),
        (None, Some(transaction_id)) => {
            let at_stripe = state.stripe.intent_about(&transaction_id).map(|intent| At::Stripe(intent.id.clone()));
            let at_paypal = || state.paypal.order_about(&transaction_id).map(|order| At::Paypal(order.id.clone()));
            let nowhere = || Refused(format!("no object bears {transaction_id}"));
            at_stripe.or_else(at_paypal).ok_or_else(nowhere)
        }
        _ => Err(Refused("say either objectId or transactionId".to_owned())),
    }
}

/// Does something at Stripe, without any request.
fn act(app: &App, what: impl FnOnce(&mut stripe::Book, &Occasion) -> Result<Value, StripeError>) -> Answered {
    app.act(|book, now| what(book, &unasked(now))).map(Json).map_err(refused)
}

/// Does something at PayPal, without any request.
fn act_at_paypal(app: &App, what: impl FnOnce(&mut paypal::Book, Moment) -> Result<Value, String>) -> Answered {
    app.act_at_paypal(what).map(Json).map_err(Refused)
}

pub(super) fn unasked(now: Moment) -> Occasion {
    Occasion { now, cause: Cause::default() }
}

pub(super) fn refused(error: StripeError) -> Refused {
    Refused(error.body().to_string())
}

pub(super) fn positive(amount: Option<i64>) -> Result<Option<i64>, Refused> {
    match amount {
        Some(amount) if amount <= 0 => Err(Refused("amount must be positive".to_owned())),
        other => Ok(other),
    }
}
