//! Requests that are made of an input, and what every answer must be, whatever was asked.
//!
//! An input is the idempotency key (or another header) in its first line, and the body after it.

#![expect(clippy::indexing_slicing, reason = "serde_json's values have no missing field: it is null")]

use adapters::http::serve::{Endpoint, respond};
use adapters::telemetry::{Level, Log};
use lambda_http::http::{HeaderName, HeaderValue};
use lambda_http::{Body, Request};
use serde_json::Value;
use world::host::SimHost;
use world::turns::block_on;

use crate::head_and_body;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The status.
    pub status: u16,
    /// The body.
    pub json: Value,
    /// Whether it says that the request had been done before.
    pub replayed: bool,
}

/// The input that `events/<name>.json` is, with this header in its first line.
#[must_use]
pub fn seed(name: &str, header: &str) -> Vec<u8> {
    let request = world::events::request(name);
    let header = request.headers().get(header).map_or(&[][..], HeaderValue::as_bytes);
    [header, b"\n", request.body()].concat()
}

/// `events/<name>.json` with the header and the body of an input. None if no HTTP could carry that header.
#[must_use]
pub fn request(name: &str, header: &str, input: &[u8]) -> Option<Request> {
    let (head, body) = head_and_body(input);
    let mut request = world::events::request(name);
    let header = HeaderName::from_bytes(header.as_bytes()).ok()?;
    request.headers_mut().insert(header, HeaderValue::from_bytes(head.as_bytes()).ok()?);
    // As `lambda_http` does it: text where it is text.
    *request.body_mut() =
        std::str::from_utf8(body).map_or_else(|_| Body::Binary(body.to_vec()), |text| Body::Text(text.to_owned()));
    Some(request)
}

/// Asks, and checks what holds for every answer: it is one of `documented` (status and code; a success has the code
/// `""`), is JSON of its kind, carries its own status and a fault's place, and neither it nor the log repeats a card number.
///
/// # Panics
/// If it is not so.
pub fn told<E: Endpoint>(endpoint: &E, host: &SimHost, request: &Request, documented: &[(u16, &str)]) -> Told {
    let (response, line) = block_on(respond(endpoint, host, request));
    let mut log = Vec::new();
    line.write(&Log { stack: "fuzz".to_owned(), least: Level::Debug }, &mut log);
    let status = response.status().as_u16();
    let text = String::from_utf8_lossy(response.body()).into_owned();
    let json: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{status} is not JSON: {error}"));
    let code = json["code"].as_str().unwrap_or_default().to_owned();
    assert!(documented.contains(&(status, code.as_str())), "{status} {code:?} is not documented: {json}");

    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    assert_eq!(kind, if status < 400 { "application/json" } else { "application/problem+json" });
    if status >= 400 {
        assert_eq!(json["status"], status, "{json}");
    }
    let log: Value = serde_json::from_slice(&log).unwrap_or_else(|error| panic!("the log line is not JSON: {error}"));
    assert_eq!(log["status"], status, "{log}");
    Told { status, json, replayed: response.headers().contains_key("idempotent-replayed") }
}

impl Told {
    /// What became of a request, in few words: for the search to tell answers apart.
    #[must_use]
    pub fn summary(&self) -> String {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let faults = self.json["errors"].as_array().into_iter().flatten().take(3).map(|fault| {
            // What a client has named is no place of ours.
            let pointer: String = text(&fault["pointer"]).split('/').take(2).collect::<Vec<_>>().join("/");
            let detail: String = text(&fault["detail"]).chars().take(40).collect();
            let ours = pointer.len() < 24 && pointer.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'/');
            format!("{}:{detail}", if ours { pointer.as_str() } else { "…" })
        });
        let faults: Vec<String> = faults.collect();
        format!("{} {}{} {}", self.status, text(&self.json["code"]), text(&self.json["status"]), faults.join(" "))
    }
}

/// The object that was sent, as any other JSON parser reads it.
///
/// # Panics
/// If it is none: then nothing may have been accepted.
#[must_use]
pub fn accepted_object(body: &[u8], known: &[&str]) -> serde_json::Map<String, Value> {
    let value: Value = serde_json::from_slice(body).unwrap_or_else(|error| panic!("no JSON was accepted: {error}"));
    let Value::Object(fields) = value else { panic!("what is no object was accepted: {value}") };
    let strange = fields.keys().find(|name| !known.contains(&name.as_str()));
    assert_eq!(strange, None, "an unknown field was accepted");
    fields
}
