//! The shell against a server that does as it is told, byte by byte.

use super::*;
use crate::gateway::{
    paypal::fixtures::{issue, response},
    scripted::{Server, Then, http},
};

/// An app whose secret changes when it is refused, if there is another.
#[derive(Debug, Default)]
struct App {
    changed: bool,
}

impl PaypalApp for App {
    async fn current(&self) -> Option<Credentials> {
        Credentials::new("app", "old")
    }

    async fn refused(&self) -> Option<Credentials> {
        Credentials::new("app", if self.changed { "new" } else { "old" })
    }
}

#[derive(Debug)]
struct NoApp;

impl PaypalApp for NoApp {
    async fn current(&self) -> Option<Credentials> {
        None
    }

    async fn refused(&self) -> Option<Credentials> {
        None
    }
}

const BUDGET: Duration = Duration::from_secs(5);

fn shell(server: &Server, app: App) -> Shell<App> {
    Shell::new(crate::net::gateway_client().unwrap(), server.base_url.clone(), app, || 0)
}

fn granted(token: &str) -> Then {
    let body = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":32400}}"#);
    Then::Answer(http("200 OK", "", &body))
}

fn not_granted() -> Then {
    Then::Answer(http("401 Unauthorized", "", r#"{"error":"invalid_client","error_description":"no"}"#))
}

fn done() -> Then {
    Then::Answer(http("201 Created", "Paypal-Debug-Id: f00\r\n", "{}"))
}

fn stale() -> Then {
    Then::Answer(http("401 Unauthorized", "", r#"{"error":"invalid_token","error_description":"no"}"#))
}

fn capture() -> PaypalRequest {
    PaypalRequest::post("/v2/checkout/orders/5O1/capture".into(), "pay_1:confirm:1".into(), &serde_json::json!({}))
}

fn of_a_second_sending(status: u16, body: &str) -> PaypalResponse {
    PaypalResponse { is_of_a_second_sending: true, ..response(status, body) }
}

async fn call(server: &Server, app: App) -> Called {
    shell(server, app).call(&capture(), BUDGET).await.answer
}

#[tokio::test]
async fn a_request_carries_token_key_and_body_and_the_token_is_asked_for_once() {
    let server = Server::with(vec![granted("A21"), done(), done()]);
    let shell = shell(&server, App::default());
    assert_eq!(shell.call(&capture(), BUDGET).await.answer, Ok(response(201, "{}")));
    shell.call(&PaypalRequest::get("/v2/checkout/orders/5O1".into()), BUDGET).await.answer.unwrap();
    let sent = server.sent();
    let [grant, post, get] = &sent[..] else { panic!("{sent:?}") };
    assert!(grant.starts_with("POST /v1/oauth2/token HTTP/1.1\r\n"), "{grant}");
    assert!(grant.contains("authorization: Basic YXBwOm9sZA==\r\n"), "{grant}");
    assert!(grant.ends_with("\r\n\r\ngrant_type=client_credentials"), "{grant}");
    assert!(post.starts_with("POST /v2/checkout/orders/5O1/capture HTTP/1.1\r\n") && post.ends_with("\r\n\r\n{}"));
    for line in [
        "authorization: Bearer A21\r\n",
        "paypal-request-id: pay_1:confirm:1\r\n",
        "prefer: return=representation\r\n",
        "content-type: application/json\r\n",
    ] {
        assert!(post.contains(line), "{post}");
    }
    assert!(get.starts_with("GET /v2/checkout/orders/5O1 ") && get.contains("authorization: Bearer A21\r\n"), "{get}");
    assert!(!get.contains("paypal-request-id"), "{get}");
    assert_eq!(server.connections(), 1, "the connection is kept");
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_and_the_same_bytes_are_sent_again() {
    let server = Server::with(vec![granted("old"), stale(), granted("new"), done()]);
    assert_eq!(call(&server, App::default()).await, Ok(response(201, "{}")));
    let sent = server.sent();
    assert_eq!(sent[1].replace("Bearer old", "Bearer new"), sent[3]);
    let server = Server::with(vec![granted("old"), stale(), granted("new"), stale(), done()]);
    assert_eq!(call(&server, App::default()).await.unwrap().status, 401);
    assert_eq!(server.sent().len(), 4);
}

#[tokio::test]
async fn a_changed_secret_is_read_anew_and_a_wrong_one_is_not_tried_twice() {
    let server = Server::with(vec![not_granted(), granted("A21"), done()]);
    assert!(call(&server, App { changed: true }).await.is_ok());
    assert!(server.sent()[1].contains("Basic YXBwOm5ldw=="), "{:?}", server.sent());
    let server = Server::with(vec![not_granted(), granted("A21"), done()]);
    assert_eq!(call(&server, App::default()).await, Err(UnknownReason::Unauthorized));
    assert_eq!(server.sent().len(), 1);
}

#[tokio::test]
async fn without_a_token_the_request_is_not_sent() {
    for (then, reason) in [
        (Then::Answer(http("503 Service Unavailable", "", "{}")), UnknownReason::NotSent),
        (Then::Answer(http("429 Too Many Requests", "", "{}")), UnknownReason::RateLimited),
        (Then::AnswerAndHangUp(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{".to_vec()), UnknownReason::NotSent),
    ] {
        let server = Server::with(vec![then, done()]);
        assert_eq!(call(&server, App::default()).await, Err(reason));
        assert_eq!(server.sent().len(), 1);
    }
    let server = Server::with(vec![done()]);
    let shell = Shell::new(crate::net::gateway_client().unwrap(), server.base_url.clone(), NoApp, || 0);
    assert_eq!(shell.call(&capture(), BUDGET).await.answer, Err(UnknownReason::NotSent));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn what_is_busy_is_asked_again_under_the_same_key() {
    let busy = || Then::Answer(http("409 Conflict", "", &issue("PREVIOUS_REQUEST_IN_PROGRESS").to_string()));
    let server = Server::with(vec![granted("A21"), busy(), done()]);
    assert_eq!(call(&server, App::default()).await, Ok(of_a_second_sending(201, "{}")));
    assert_eq!(server.sent()[1], server.sent()[2]);
}

#[tokio::test]
async fn a_connection_that_died_in_the_meantime_is_replaced_once_with_the_same_bytes() {
    let server = Server::with(vec![granted("A21"), done(), Then::HangUp, done()]);
    let shell = shell(&server, App::default());
    shell.call(&capture(), BUDGET).await.answer.unwrap();
    assert_eq!(shell.call(&capture(), BUDGET).await.answer, Ok(of_a_second_sending(201, "{}")));
    assert_eq!(server.sent()[2], server.sent()[3]);
    let server = Server::with(vec![granted("A21"), Then::HangUp, Then::HangUp, done()]);
    assert_eq!(call(&server, App::default()).await, Err(UnknownReason::ConnectionLost));
}

/// PayPal promises no keys for disputes: the evidence would lie there twice.
#[tokio::test]
async fn what_has_no_key_is_not_sent_twice_within_a_call() {
    let server = Server::with(vec![granted("A21"), Then::HangUp, done()]);
    let form = PaypalRequest::form("/v1/customer/disputes/PP-D-1/appeal".into(), "k".into(), &serde_json::json!({}));
    let called = shell(&server, App::default()).call(&form, BUDGET).await.answer;
    assert_eq!((called, server.sent().len()), (Err(UnknownReason::ConnectionLost), 2));
}

#[tokio::test]
async fn silence_ends_with_the_budget() {
    for script in [vec![Then::Hang], vec![granted("A21"), Then::Hang]] {
        let server = Server::with(script);
        let before = Instant::now();
        let called = shell(&server, App::default()).call(&capture(), Duration::from_millis(300)).await.answer;
        assert_eq!(called, Err(UnknownReason::Timeout));
        assert!(before.elapsed() < Duration::from_secs(3), "{:?}", before.elapsed());
    }
}

#[tokio::test]
async fn the_first_request_finds_a_token_and_a_connection_that_are_warm() {
    let server = Server::with(vec![granted("A21"), done()]);
    let shell = shell(&server, App::default());
    shell.warm().await;
    assert!(shell.call(&capture(), BUDGET).await.answer.is_ok());
    assert_eq!((server.sent().len(), server.connections()), (2, 1));
}

/// A response that PayPal calls so.
fn named(status: &str, id: &str, body: &str) -> Then {
    Then::Answer(http(status, &format!("PayPal-Debug-Id: {id}\r\n"), body))
}

#[tokio::test]
async fn an_answer_is_traced_to_the_last_sending_that_paypal_responded_to() {
    let busy = || named("409 Conflict", "f01", &issue("PREVIOUS_REQUEST_IN_PROGRESS").to_string());
    let failed = named("500 Internal Server Error", "f02", "{}");
    for (script, id) in [
        (vec![granted("A21"), done()], Some("f00")),
        (vec![granted("A21"), busy(), failed], Some("f02")),
        (vec![granted("A21"), busy(), Then::HangUp, Then::HangUp], Some("f01")),
        (vec![granted("A21"), Then::HangUp, Then::HangUp], None),
        // A name that belongs to the token, and not to the request, is none of the request's.
        (vec![named("503 Service Unavailable", "f03", "{}")], None),
        (vec![granted("A21"), named("201 Created", &"f".repeat(101), "{}")], None),
    ] {
        let server = Server::with(script);
        let told = shell(&server, App::default()).call(&capture(), BUDGET).await;
        assert_eq!(told.request_id.as_ref().map(RequestId::as_str), id, "{:?}", told.answer);
    }
}
