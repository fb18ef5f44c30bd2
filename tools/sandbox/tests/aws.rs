//! Before an AWS of our own making: what passes through unchanged, and what does not when a rule says so.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "an AWS of the tests fails the test")]

mod caller;

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::HeaderMap,
    response::Response,
};
use caller::{Answer, Caller};
use http_body_util::{BodyExt, Empty};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use sandbox::Config;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What arrived at AWS.
#[derive(Clone)]
struct Heard {
    peer: SocketAddr,
    method: String,
    uri: String,
    headers: HeaderMap,
    body: Bytes,
}

/// An AWS that remembers every request and answers each with 299 and its own body.
#[derive(Clone, Default)]
struct Aws(Arc<Mutex<Vec<Heard>>>);

impl Aws {
    async fn behind_a_sandbox() -> (Self, Caller) {
        let aws = Self::default();
        let router = Router::new().fallback(hear).with_state(aws.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        (aws, Caller::with(Config { aws_url: Some(url), ..Config::default() }).await)
    }

    fn heard(&self) -> Vec<Heard> {
        self.0.lock().expect("no panic").clone()
    }
}

async fn hear(State(aws): State<Aws>, ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let (method, uri) = (parts.method.to_string(), parts.uri.to_string());
    if uri == "/endless" {
        let first = http_body_util::StreamBody::new(futures_util::StreamExt::chain(
            futures_util::stream::iter([Ok::<_, std::io::Error>(hyper::body::Frame::data(Bytes::from("first")))]),
            futures_util::stream::pending(),
        ));
        return Response::new(Body::new(first));
    }
    aws.0.lock().expect("no panic").push(Heard { peer, method, uri, headers: parts.headers, body: body.clone() });
    Response::builder().status(299).header("x-amz-crc32", "7").body(Body::from(body)).expect("an answer")
}

const SIGNED: (&str, &str) = ("authorization", "AWS4-HMAC-SHA256 Credential=x");

async fn call(caller: &Caller, operation: &str, body: &str) -> Option<Answer> {
    caller.send("POST", "/", &[SIGNED, ("x-amz-target", operation)], body).await.ok()
}

async fn put(caller: &Caller, body: &str) -> Option<Answer> {
    call(caller, "DynamoDB_20120810.PutItem", body).await
}

async fn break_aws(caller: &Caller, rule: Value) -> String {
    let armed = caller.steer("POST", "/_sandbox/aws/faults", &rule.to_string()).await;
    armed.at("id").as_str().unwrap().to_owned()
}

#[tokio::test]
async fn everything_passes_as_it_is() {
    let (aws, caller) = Aws::behind_a_sandbox().await;
    let headers = [SIGNED, ("x-amz-security-token", "t")];
    let answer = caller.send("PUT", "/v1/a%2Fb/c?d=e%20f&g", &headers, "{\"a\": \"\u{e4}\u{0}\"}").await.unwrap();
    assert_eq!(
        (answer.status, answer.header("x-amz-crc32"), &*answer.text),
        (299, Some("7"), "{\"a\": \"\u{e4}\u{0}\"}")
    );
    let heard = aws.heard().remove(0);
    assert_eq!(
        (&*heard.method, &*heard.uri, &heard.body[..]),
        ("PUT", "/v1/a%2Fb/c?d=e%20f&g", answer.text.as_bytes())
    );
    for (name, value) in headers {
        assert_eq!(heard.headers[name], value);
    }
    assert_eq!(heard.headers["host"], caller.sandbox.address().to_string(), "the signature covers the host");
}

#[tokio::test]
async fn what_is_not_signed_for_aws_never_gets_there() {
    let (aws, caller) = Aws::behind_a_sandbox().await;
    assert_eq!(caller.get("/v1/balance").await.status, 200);
    let unsigned = caller.send("POST", "/", &[("x-amz-target", "DynamoDB_20120810.PutItem")], "{}").await.unwrap();
    assert_eq!(unsigned.status, 404);
    assert!(aws.heard().is_empty());
}

#[tokio::test]
async fn an_answer_streams_as_it_comes() {
    let (_, caller) = Aws::behind_a_sandbox().await;
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let url = format!("{}/endless", caller.sandbox.url());
    let request = Request::get(url).header(SIGNED.0, SIGNED.1).body(Empty::<Bytes>::new()).unwrap();
    let mut answer = client.request(request).await.unwrap();
    let first = tokio::time::timeout(Duration::from_secs(5), answer.body_mut().frame()).await.expect("held back");
    assert_eq!(first.unwrap().unwrap().into_data().unwrap(), "first");
}

#[tokio::test]
async fn connections_to_aws_are_kept() {
    let (aws, caller) = Aws::behind_a_sandbox().await;
    for _ in 0..20 {
        assert_eq!(put(&caller, "{}").await.unwrap().status, 299);
    }
    let peers: BTreeSet<SocketAddr> = aws.heard().iter().map(|heard| heard.peer).collect();
    assert!(peers.len() <= 2, "{peers:?}");
}

#[tokio::test]
async fn before_means_that_aws_never_heard_of_it_and_after_that_it_did_it() {
    for (fault, done) in [("reset_before", 0), ("reset_after", 1), ("hang_before", 0), ("hang_after", 1)] {
        let (aws, caller) = Aws::behind_a_sandbox().await;
        break_aws(&caller, json!({"service": "dynamodb", "fault": fault, "delayMs": 100, "times": 1})).await;
        let begun = Instant::now();
        assert!(put(&caller, "{}").await.is_none(), "{fault}");
        assert!(begun.elapsed() >= Duration::from_millis(100), "{fault}");
        assert_eq!(aws.heard().len(), done, "{fault}");
        assert_eq!(put(&caller, "{}").await.unwrap().status, 299, "{fault}: only once");
    }
}

#[tokio::test]
async fn a_slow_aws_acts_late_or_answers_late() {
    for (fault, done_when_the_caller_leaves) in [("slow_before", 0), ("slow_after", 1)] {
        let (aws, caller) = Aws::behind_a_sandbox().await;
        break_aws(&caller, json!({"service": "dynamodb", "fault": fault, "delayMs": 400, "times": 2})).await;
        assert!(tokio::time::timeout(Duration::from_millis(150), put(&caller, "{}")).await.is_err(), "{fault}");
        assert_eq!(aws.heard().len(), done_when_the_caller_leaves, "{fault}");
        assert_eq!(put(&caller, "{}").await.unwrap().status, 299, "{fault}");
        assert_eq!(aws.heard().len(), 2, "{fault}");
    }
}

#[tokio::test]
async fn each_service_refuses_in_its_own_words() {
    let (aws, caller) = Aws::behind_a_sandbox().await;
    for (service, target, throttled, broken) in [
        (
            "dynamodb",
            "DynamoDB_20120810.PutItem",
            "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
            "com.amazonaws.dynamodb.v20120810#InternalServerError",
        ),
        ("sqs", "AmazonSQS.SendMessage", "com.amazonaws.sqs#RequestThrottled", "com.amazonaws.sqs#InternalFailure"),
        ("secretsmanager", "secretsmanager.GetSecretValue", "ThrottlingException", "InternalServiceError"),
        ("kms", "TrentService.Decrypt", "ThrottlingException", "KMSInternalException"),
    ] {
        break_aws(&caller, json!({"service": service, "fault": "throttle", "times": 1})).await;
        break_aws(&caller, json!({"service": service, "fault": "status", "times": 1})).await;
        for (status, kind) in [(400, throttled), (500, broken)] {
            let refused = call(&caller, target, "{}").await.unwrap();
            assert_eq!((refused.status, refused.at("__type")), (status, json!(kind)), "{service}");
        }
    }
    assert!(aws.heard().is_empty());
}

#[tokio::test]
async fn a_rule_hits_one_operation_about_one_payment_after_some_have_passed_and_counts() {
    let (_, caller) = Aws::behind_a_sandbox().await;
    let rule = json!({"service": "dynamodb", "operation": "PutItem", "containing": "pay_1", "fault": "throttle", "skip": 1, "times": 1});
    let id = break_aws(&caller, rule).await;
    let get = call(&caller, "DynamoDB_20120810.GetItem", "pay_1").await.unwrap();
    assert_eq!(get.status, 299);
    let status = async |body: &str| put(&caller, body).await.unwrap().status;
    assert_eq!((status("pay_2").await, status("pay_1").await, status("pay_1").await), (299, 299, 400));
    assert_eq!(status("pay_1").await, 299);
    let listed = caller.steer("GET", "/_sandbox/aws/faults", "").await.json();
    assert_eq!((&listed["faults"], &listed["spent"][0]["id"]), (&json!([]), &json!(id)));
    assert_eq!(listed["spent"][0]["struck"], 1);
}

#[tokio::test]
async fn faults_can_be_taken_back_one_or_all() {
    let (_, caller) = Aws::behind_a_sandbox().await;
    let throttle = json!({"service": "dynamodb", "fault": "throttle", "times": 9});
    let first = break_aws(&caller, throttle.clone()).await;
    caller.steer("DELETE", &format!("/_sandbox/aws/faults/{first}"), "").await;
    assert_eq!(put(&caller, "").await.unwrap().status, 299);
    break_aws(&caller, throttle).await;
    assert_eq!(put(&caller, "").await.unwrap().status, 400);
    caller.steer("DELETE", "/_sandbox/aws/faults", "").await;
    assert_eq!(put(&caller, "").await.unwrap().status, 299);
}

#[tokio::test]
async fn an_aws_that_is_away_is_a_reset_and_no_aws_at_all_is_said() {
    let caller = Caller::with(Config { aws_url: Some("http://127.0.0.1:9".to_owned()), ..Config::default() }).await;
    assert!(put(&caller, "{}").await.is_none());
    let alone = Caller::start().await;
    let answer = put(&alone, "{}").await.unwrap();
    assert!(answer.status == 404 && answer.text.contains("SANDBOX_AWS_URL"), "{answer:?}");
}
