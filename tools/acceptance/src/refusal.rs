//! Requests that are wrong, and how a refusal looks: the same for every route.

use serde_json::json;

use crate::client::Client;
use crate::wire::Answer;

/// A body, and the status, code and pointers that it gets.
pub type Case = (String, u16, &'static str, Vec<&'static str>);

/// Bodies that are wrong whatever they should say; `right` is one that is not.
#[must_use]
pub fn wrong_bodies(right: &str) -> Vec<Case> {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let nested = right.replacen('{', &format!("{{\"metadata\":{}1{},", "{\"a\":".repeat(17), "}".repeat(17)), 1);
    let cut = right.trim_end_matches('}');
    ["", " ", "{", cut, "amount=1999&currency=EUR", "[]", "null", "7", "\"text\"", "{}{}", "{'amount':1}", "\u{feff}{}"]
        .into_iter()
        .map(str::to_owned)
        .chain([deep, format!("{right}]"), format!("{right},"), right.replace('"', "\u{201c}")])
        .map(|body| (body, 400, "invalid_request", vec![""]))
        .chain([(nested, 400, "invalid_request", vec!["/metadata"])])
        .collect()
}

/// The answer is a problem document of this kind, whose errors begin at these places, and which says nothing of what was sent.
///
/// # Panics
/// If it is not.
#[track_caller]
pub fn check(answer: &Answer, status: u16, code: &str, pointers: &[&str], sent: &str) {
    let shown: String = sent.chars().take(300).collect();
    assert_eq!((answer.status, answer.text_at("/code").as_str()), (status, code), "{shown}: {}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!((&problem["status"], &problem["retryable"]), (&json!(status), &json!(false)), "{shown}");
    // A link to the words about it, in a local stack too.
    assert!(problem["type"].as_str().is_some_and(|link| link.ends_with(&format!("/HTTP.md#{code}"))), "{problem}");
    for word in ["title", "detail"] {
        assert!(problem[word].as_str().is_some_and(|text| !text.is_empty()), "{shown}: {problem}");
    }
    let errors = problem["errors"].as_array().unwrap();
    let mut found: Vec<&str> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    found.sort_unstable();
    let fits = found.len() == pointers.len() && found.iter().zip(pointers).all(|(is, wanted)| is.starts_with(wanted));
    assert!(fits, "{shown}: {found:?} instead of {pointers:?}");
    assert!(errors.iter().all(|error| error["detail"].as_str().is_some_and(|detail| !detail.is_empty())), "{problem}");
}

/// A POST whose two telling headers may be anything.
pub async fn sent(
    api: &Client,
    path: &str,
    content_type: Option<&str>,
    key: Option<&[u8]>,
    body: impl Into<Vec<u8>>,
) -> Answer {
    let bearer = api.bearer();
    let mut headers: Vec<(&str, &[u8])> = vec![("authorization", bearer.as_bytes())];
    headers.extend(content_type.map(|value| ("content-type", value.as_bytes())));
    headers.extend(key.map(|value| ("idempotency-key", value)));
    api.send("POST", path, &headers, body).await
}
