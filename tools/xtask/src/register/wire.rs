//! One request to a gateway and its answer: over TLS wherever the gateway is not on this machine.
//!
//! Must never: put a header or a body into a failure. Keys stand there, and the answer that makes an endpoint bears its secret.

use std::time::Duration;

use serde_json::Value;
use ureq::http::Request;
use ureq::{Agent, Proxy};

use crate::failure::{Failure, While};

/// Nobody waits here but an operator.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What is sent.
pub(super) enum Body<'a> {
    None,
    /// Stripe's forms, and OAuth's.
    Form(&'a [(String, String)]),
    Json(&'a Value),
}

/// Sends, and gives the answer's JSON if the gateway did what it was asked.
pub(super) fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &Body<'_>) -> Result<Value, Failure> {
    let (kind, text) = match body {
        Body::None => (None, String::new()),
        Body::Form(pairs) => (Some("application/x-www-form-urlencoded"), encoded(pairs)),
        Body::Json(value) => (Some("application/json"), value.to_string()),
    };
    let what = format!("{method} {url}");
    let agent = agent(url);
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(kind) = kind {
        request = request.header("content-type", kind);
    }
    let sent = match kind {
        Some(_) => agent.run(request.body(text).while_doing(&what)?),
        None => agent.run(request.body(()).while_doing(&what)?),
    };
    let mut response = sent.while_doing(&what)?;
    let status = response.status().as_u16();
    let text = response.body_mut().read_to_string().while_doing(&what)?;
    let answer: Value = serde_json::from_str(&text).unwrap_or_default();
    if (200..300).contains(&status) {
        Ok(answer)
    } else {
        Err(Failure::new(format!("{what}: {status} {}", said(&answer))))
    }
}

/// What status whoever is there answers to somebody whom he does not know.
pub(super) fn status_of(url: &str) -> Result<u16, Failure> {
    let request = Request::builder().method("GET").uri(url).body(()).while_doing("asking")?;
    Ok(agent(url).run(request).while_doing("asking")?.status().as_u16())
}

fn agent(url: &str) -> Agent {
    // No proxy leads to this machine, where the sandbox is.
    let proxy = if url.starts_with("https://") { Proxy::try_from_env() } else { None };
    let config = Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false).proxy(proxy);
    config.build().into()
}

/// What the gateway says about a refusal, in the places where each of the two says it.
fn said(answer: &Value) -> String {
    let places = ["/error/message", "/error_description", "/name", "/message", "/details/0/issue", "/details/0/field"];
    let parts: Vec<&str> = places.iter().filter_map(|place| answer.pointer(place)?.as_str()).collect();
    // Whoever answers must not be able to write on this terminal.
    parts.join(": ").escape_debug().to_string()
}

fn encoded(pairs: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| format!("{}={}", escaped(name), escaped(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Letters, digits and `-._~` stay; every other byte is written as its number.
fn escaped(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_says_what_was_meant_whatever_stands_in_it() {
        let pairs = [("a[b]".to_owned(), "x&y=z ü".to_owned()), ("c".to_owned(), "*".to_owned())];
        assert_eq!(encoded(&pairs), "a%5Bb%5D=x%26y%3Dz%20%C3%BC&c=%2A");
    }

    #[test]
    fn of_a_refusal_the_gateways_sentence_is_shown_and_nothing_else_of_the_body() {
        let stripe = json!({"error": {"type": "x", "message": "No such\u{1b}[2J"}, "secret": "whsec_canary"});
        assert_eq!(said(&stripe), "No such\\u{1b}[2J");
        let paypal = json!({"name": "VALIDATION_ERROR", "message": "Invalid data", "details": [{"issue": "BAD", "field": "url"}]});
        assert_eq!(said(&paypal), "VALIDATION_ERROR: Invalid data: BAD: url");
        assert_eq!(said(&Value::Null), "");
    }
}
