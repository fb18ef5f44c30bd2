//! Acts that take several requests, against a server that does as it is told.

use std::time::Duration;

use domain::{
    gateway::RequestId,
    payment::{Command, Payment},
};
use flow::commit::Executed;
use serde_json::{Value, json};
use world::shop::{Shop, approved, cancellation, paypal_order};

use super::{fixtures::*, *};
use crate::gateway::scripted::{Server, Then, http};

const BUDGET: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct App;

impl PaypalApp for App {
    async fn current(&self) -> Option<Credentials> {
        Credentials::new("app", "secret")
    }

    async fn refused(&self) -> Option<Credentials> {
        None
    }
}

/// PayPal, which first grants a token.
fn paypal(script: Vec<Then>) -> (Server, Paypal<App>) {
    let token = Then::Answer(http("200 OK", "", r#"{"access_token":"A21","token_type":"Bearer","expires_in":32400}"#));
    let server = Server::with([vec![token], script].into_iter().flatten().collect());
    let client = crate::net::gateway_client().unwrap();
    let paypal = Paypal::new(client, server.base_url.clone(), App, Mode::Test, || 0);
    (server, paypal)
}

/// A response that PayPal calls so.
fn named(status: &str, id: &str, body: &Value) -> Then {
    Then::Answer(http(status, &format!("Paypal-Debug-Id: {id}\r\n"), &body.to_string()))
}

fn called(id: &str) -> Option<RequestId> {
    RequestId::of(id)
}

/// An order whose payer has approved it, and `command` written down on it.
async fn committed(command: &Command) -> Committed {
    let shop = Shop::new();
    let id = shop.opened(paypal_order("order-1")).await.id;
    assert!(shop.gateway().payer_approves(&shop.row(&id).object));
    shop.deliver_events().await;
    shop.until_looked(&id).await;
    match shop.command(&id, command).await {
        Ok(Executed::Committed(committed)) => committed,
        other => panic!("{other:?}"),
    }
}

/// The payment's order, with these payments on it.
fn order_of(payment: &Payment, payments: Value) -> Value {
    with(paid(payments), json!({"id": payment.object.as_str()}))
}

#[tokio::test]
async fn a_refusal_that_a_look_explains_is_traced_to_the_request_that_was_refused() {
    let committed = committed(&Command::Confirm(approved("c"))).await;
    let order = order_of(committed.payment(), json!({"captures": [capture("COMPLETED")]}));
    let refused = named("422 Unprocessable Entity", "f01", &issue("ORDER_ALREADY_CAPTURED"));
    let (server, paypal) = paypal(vec![refused, named("200 OK", "f02", &order)]);
    let told = paypal.confirm(&committed, AttemptNumber::FIRST, BUDGET).await;
    assert!(told.answer.outcome.object().is_some_and(domain::gateway::ObjectSnapshot::holds_money), "{told:?}");
    assert_eq!((told.request_id, server.sent().len()), (called("f01"), 3));
}

#[tokio::test]
async fn where_nothing_is_asked_for_the_look_is_what_the_answer_is_traced_to() {
    let committed = committed(&Command::Cancel(cancellation("x"))).await;
    let order = with(order("APPROVED"), json!({"id": committed.payment().object.as_str()}));
    let (server, paypal) = paypal(vec![named("200 OK", "f02", &order)]);
    let told = paypal.cancel(&committed, 7, BUDGET).await;
    assert!(told.answer.outcome.object().is_some(), "{told:?}");
    assert_eq!((told.request_id, server.sent().len()), (called("f02"), 2));
}

#[tokio::test]
async fn a_failure_of_paypals_is_traced_to_the_request_that_it_failed_at() {
    let failed = named("500 Internal Server Error", "f01", &json!({"name": "INTERNAL_SERVER_ERROR"}));
    let (_server, paypal) = paypal(vec![failed]);
    let told = paypal.fetch(&payment(), BUDGET).await;
    assert_eq!(told, Traced { answer: Outcome::Unknown(UnknownReason::ServerError), request_id: called("f01") });
}
