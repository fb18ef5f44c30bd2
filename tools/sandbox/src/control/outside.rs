//! Control routes for what others do at the gateway: a person at its dashboard, the payer, the bank, another program of
//! the merchant's. Webhooks go out for all of it, and none of it has a request of ours: `request` is null, as Stripe has it.

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
use serde_json::Value;

use super::{Refused, read};
use crate::{
    clock::Moment,
    state::App,
    stripe::{Book, Capture, Cause, Duplicate, Money, NewRefund, Occasion, Particulars, Retold, StripeError},
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

/// Which object: by its own id, or by the payment that it bears (the oldest one that does).
#[derive(Clone, Debug, Default)]
struct Which {
    object_id: Option<String>,
    transaction_id: Option<String>,
}

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
    let reason = Some("requested_by_customer".to_owned());
    act(&app, Which { object_id, transaction_id }, |book, id, occasion| book.cancel_intent(id, reason, occasion))
}

async fn capture(State(app): State<Arc<App>>, body: Bytes) -> Answered {
    let NamedAmount { object_id, transaction_id, amount } = read(&body)?;
    let capture = Capture { amount: positive(amount)?, particulars: Particulars::default() };
    act(&app, Which { object_id, transaction_id }, |book, id, occasion| book.capture_intent(id, capture, occasion))
}

async fn refund(State(app): State<Arc<App>>, body: Bytes) -> Answered {
    let NamedAmount { object_id, transaction_id, amount } = read(&body)?;
    let amount = positive(amount)?;
    act(&app, Which { object_id, transaction_id }, |book, id, occasion| {
        let payment_intent = Some(id.to_owned());
        let reason = Some("requested_by_customer".to_owned());
        let refund = NewRefund { payment_intent, charge: None, amount, reason, metadata: Default::default() };
        book.create_refund(refund, occasion)
    })
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
    let which = Which { object_id, transaction_id };
    let confirmed = app.act(|book, now| {
        let id = which.find(book)?;
        book.confirm_in_browser(&id, &payment_method, &unasked(now))
    });
    Ok(match confirmed {
        Ok(intent) => Json(intent).into_response(),
        Err(error) => {
            let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, Json(error.body())).into_response()
        }
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PayerDecision {
    object_id: Option<String>,
    transaction_id: Option<String>,
    decision: Button,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Button {
    Approve,
    Fail,
}

async fn decide(State(app): State<Arc<App>>, body: Bytes) -> Answered {
    let PayerDecision { object_id, transaction_id, decision } = read(&body)?;
    let passed = matches!(decision, Button::Approve);
    act(&app, Which { object_id, transaction_id }, |book, id, occasion| {
        let page = book.page_of(id).ok_or_else(|| StripeError::invalid(format!("{id} asks its payer nothing")))?;
        book.authenticate(&page, passed, occasion).map_err(|_| StripeError::invalid("the page is closed"))?;
        book.get_intent(id, None)
    })
}

/// What a bank decides about a payment that is `processing`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Settlement {
    object_id: Option<String>,
    transaction_id: Option<String>,
    outcome: SettlementOutcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum SettlementOutcome {
    Succeeded,
    Failed,
}

async fn settle(State(app): State<Arc<App>>, body: Bytes) -> Answered {
    let Settlement { object_id, transaction_id, outcome } = read(&body)?;
    let paid = matches!(outcome, SettlementOutcome::Succeeded);
    act(&app, Which { object_id, transaction_id }, |book, id, occasion| book.settle_intent(id, paid, occasion))
}

async fn lapse(State(app): State<Arc<App>>, body: Bytes) -> Answered {
    let Named { object_id, transaction_id } = read(&body)?;
    act(&app, Which { object_id, transaction_id }, Book::lapse)
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
}

async fn duplicate(State(app): State<Arc<App>>, body: Bytes) -> Answered {
    let NewDuplicate { transaction_id, amount, currency, livemode, money } = read(&body)?;
    let amount = positive(amount)?;
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
    let retold = Retold { kind, livemode, changes_back, idempotency_key };
    act(&app, Which { object_id, transaction_id }, |book, id, occasion| book.retell(id, retold, occasion))
}

/// Does something to an object, without any request.
fn act(
    app: &App,
    which: Which,
    what: impl FnOnce(&mut Book, &str, &Occasion) -> Result<Value, StripeError>,
) -> Answered {
    let done = app.act(|book, now| {
        let id = which.find(book)?;
        what(book, &id, &unasked(now))
    });
    done.map(Json).map_err(refused)
}

impl Which {
    fn find(self, book: &Book) -> Result<String, StripeError> {
        match (self.object_id, self.transaction_id) {
            (Some(id), None) => Ok(id),
            (None, Some(transaction_id)) => match book.intent_about(&transaction_id) {
                Some(intent) => Ok(intent.id.clone()),
                None => Err(StripeError::invalid(format!("no object bears {transaction_id}"))),
            },
            _ => Err(StripeError::invalid("say either objectId or transactionId")),
        }
    }
}

fn unasked(now: Moment) -> Occasion {
    Occasion { now, cause: Cause::default() }
}

fn refused(error: StripeError) -> Refused {
    Refused(error.body().to_string())
}

fn positive(amount: Option<i64>) -> Result<Option<i64>, Refused> {
    match amount {
        Some(amount) if amount <= 0 => Err(Refused("amount must be positive".to_owned())),
        other => Ok(other),
    }
}
