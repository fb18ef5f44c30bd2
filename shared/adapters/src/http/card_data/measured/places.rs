//! Every place of a request in which a number may stand, as requests really come: the events of API Gateway, with what browsers and
//! programs make of a text on its way into them.

use lambda_http::http::HeaderValue;
use lambda_http::{Body, Request, http, request};
use serde_json::{Value, json};

use super::super::super::problem::{Problem, Refusal};
use super::super::super::{body, idempotency_key};

/// A place, in which a text comes as it is or escaped.
pub(super) type Place = (&'static str, fn(&str) -> Option<Request>);

pub(super) const PLACES: [Place; 22] = [
    ("JSON: value", |text| post(&json!({"amount": 1999, "description": text}).to_string())),
    ("JSON: key", |text| post(&json!({"metadata": {text: "note"}}).to_string())),
    ("JSON: value twelve levels down", |text| post(&nested(&json!([1, text]), 11))),
    ("JSON: key twelve levels down", |text| post(&nested(&json!({text: 1}), 11))),
    ("JSON: value with every character escaped", |text| post(&format!("{{\"a\":\"{}\"}}", as_json_escapes(text)))),
    ("JSON: key with every character escaped", |text| post(&format!("{{\"{}\":0}}", as_json_escapes(text)))),
    ("JSON: JSON in a text", |text| post(&json!({"description": json!({"pan": text}).to_string()}).to_string())),
    ("JSON: number", |text| is_plain(text).then(|| post(&format!("{{\"amount\":{text}}}"))).flatten()),
    ("JSON: number below zero", |text| is_short(text).then(|| post(&format!("{{\"a\":[-{text}]}}"))).flatten()),
    ("JSON: number with a fraction", |text| is_plain(text).then(|| post(&format!("{{\"a\":{text}.5}}"))).flatten()),
    ("JSON: link, percent-encoded", |text| post(&link(&component(text)))),
    ("JSON: link, as a form writes it", |text| post(&link(&form(text)))),
    ("JSON: link in a link, percent-encoded twice", |text| post(&link(&component(&component(text))))),
    ("no JSON: a form", |text| post(&format!("amount=1999&card={}", form(text)))),
    ("no JSON: text", |text| post(&format!("card {text}"))),
    ("path, REST", |text| rest(&format!("/payment/status/{}", component(text)), &Value::Null)),
    ("path, HTTP, every byte escaped", |text| http(&format!("/payment/status/{}", every_byte(text)), "")),
    ("query, REST, value", |text| rest("/payments", &json!({"reference": text}))),
    ("query, REST, name", |text| rest("/payments", &json!({text: "a"}))),
    ("query, HTTP, as a form writes it", |text| http("/payments", &format!("reference={}", form(text)))),
    ("query, HTTP, percent-encoded twice", |text| http("/payments", &format!("{}=a", component(&component(text))))),
    ("Idempotency-Key", key),
];

/// What the real door says of a request: with a body as of one that creates something, without one as of one that asks.
pub(super) fn answer(request: &Request) -> Result<(), Problem> {
    if request.method() == "POST" { body::parse::<Value>(request).map(drop) } else { body::screen(request) }
}

/// Whether it was refused for a card number, and in words that do not repeat it.
pub(super) fn is_refused(request: &Request, number: &str) -> bool {
    let Err(problem) = answer(request) else { return false };
    let told = serde_json::to_string(&problem.document(crate::http::problem::TypeBase::NAME)).unwrap();
    assert!(!told.contains(number), "{told}");
    problem.refusal() == Refusal::RawCardData
}

fn post(body: &str) -> Option<Request> {
    let request = http::Request::builder().method("POST").uri("https://api.example/v1/payment/initiate");
    request.header("content-type", "application/json").body(Body::Text(body.to_owned())).ok()
}

/// What HTTP can carry in a header; all else never arrives.
fn key(text: &str) -> Option<Request> {
    let mut request = post("{}")?;
    request.headers_mut().insert(idempotency_key::HEADER, HeaderValue::from_bytes(text.as_bytes()).ok()?);
    Some(request)
}

/// REST events bear the path as it was sent, and the query decoded.
fn rest(path: &str, query: &Value) -> Option<Request> {
    let many: Option<Value> =
        query.as_object().map(|query| query.iter().map(|(name, value)| (name.clone(), json!([value]))).collect());
    let event = json!({
        "resource": "/x", "path": path, "httpMethod": "GET", "headers": {}, "multiValueHeaders": {},
        "queryStringParameters": query, "multiValueQueryStringParameters": many, "isBase64Encoded": false, "body": null,
        "requestContext": {"resourceId": "r", "apiId": "a", "stage": "v1", "requestId": "i", "identity": {},
            "resourcePath": "/x", "httpMethod": "GET", "path": format!("/v1{path}"), "accountId": "1"},
    });
    Some(request::from_str(&event.to_string()).unwrap())
}

/// HTTP events bear both as they were sent.
fn http(path: &str, query: &str) -> Option<Request> {
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": {},
        "requestContext": {"accountId": "1", "apiId": "a", "domainName": "a.example", "domainPrefix": "a", "requestId": "i",
            "routeKey": "$default", "stage": "$default", "time": "23/Nov/2026:11:46:00 +0000", "timeEpoch": 1_795_434_360_007_i64,
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl"}},
        "isBase64Encoded": false,
    });
    Some(request::from_str(&event.to_string()).unwrap())
}

fn nested(inner: &Value, levels: usize) -> String {
    (0..levels)
        .fold(inner.clone(), |inner, level| if level % 2 == 0 { json!({"k": inner}) } else { json!([inner]) })
        .to_string()
}

fn link(query: &str) -> String {
    json!({"returnUrl": format!("https://shop.example/done?c={query}")}).to_string()
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What 64 bits with a sign hold; a longer number has no value here, and is looked at in the bytes.
fn is_short(text: &str) -> bool {
    is_plain(text) && text.parse::<i64>().is_ok()
}

fn as_json_escapes(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

/// `encodeURIComponent`.
fn component(text: &str) -> String {
    escaped(text, |byte| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte))
}

/// What browsers send of a form: a space is `+`.
fn form(text: &str) -> String {
    escaped(text, |byte| byte.is_ascii_alphanumeric() || b"-_.* ".contains(&byte)).replace(' ', "+")
}

fn every_byte(text: &str) -> String {
    escaped(text, |_| false).to_lowercase()
}

fn escaped(text: &str, stays: impl Fn(u8) -> bool) -> String {
    let write = |byte: u8| if stays(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(write).collect()
}
