//! Requests and answers as they are on the wire. An answer of any status is an answer.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Method, Url};
use serde_json::Value;

/// API Gateway's own limit. The local one has none: it lets a request wait for a machine that is busy with others.
const TIMEOUT: Duration = Duration::from_secs(29);
/// What API Gateway says, with status 504, once its limit has passed.
const TIMED_OUT: &str = r#"{"message": "Endpoint request timed out"}"#;

/// The fixed secrets of the local stage: the gateways' keys, what the webhooks are signed with, and the client key. Like canaries in a
/// mine, they show by turning up where they should not: no answer of the API may bear one, whatever it answers to.
/// (`cargo xtask test` looks through logs, rows and messages when all is over.)
pub const CANARIES: [&str; 4] = [
    "sk_test_sandbox",
    "sandbox-secret",
    crate::signature::SECRET,
    "localdevelopmentonlylocaldevelopmentonlylocaldevelop",
];
/// How the local API Gateway's addresses are known.
const API: &str = "/_user_request_/";

/// Sends requests, follows nothing, repeats nothing. What takes longer than API Gateway allows gets the answer that it would give.
#[derive(Debug, Clone)]
pub struct Http(reqwest::Client);

/// What a server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, as text.
    pub text: String,
    headers: HeaderMap,
}

impl Http {
    /// A client that no proxy of the environment can take elsewhere.
    ///
    /// # Panics
    /// Never: there is nothing to configure wrongly.
    #[must_use]
    pub fn new() -> Self {
        // An error says that a provider is already there, and any will do for plain HTTP.
        drop(rustls::crypto::ring::default_provider().install_default());
        Self(reqwest::Client::builder().no_proxy().redirect(Policy::none()).timeout(TIMEOUT).build().unwrap())
    }

    /// Sends a request. Header values are bytes, because some tests send what is no text.
    ///
    /// # Panics
    /// If nobody answers.
    pub async fn send(&self, method: &str, url: &str, headers: &[(&str, &[u8])], body: impl Into<Vec<u8>>) -> Answer {
        let method_name = method;
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let target = Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        let mut request = self.0.request(method, target).body(body.into());
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            request = request.header(name, HeaderValue::from_bytes(value).unwrap());
        }
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) if error.is_timeout() => return Answer::timed_out(),
            Err(error) => panic!("{url} does not answer: {error:?}"),
        };
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.unwrap_or_else(|error| panic!("{url} broke off: {error:?}"));
        if url.contains(API) {
            let said = format!("{headers:?}{text}");
            assert!(!CANARIES.iter().any(|secret| said.contains(secret)), "{method_name} {url} answers with a secret");
        }
        Answer { status, text, headers }
    }

    /// What lies at an address, as it is.
    ///
    /// # Panics
    /// If nothing does.
    pub async fn bytes(&self, url: &str) -> Vec<u8> {
        let answer = self.0.get(url).send().await.unwrap_or_else(|error| panic!("{url} does not answer: {error:?}"));
        assert!(answer.status().is_success(), "{url}: {}", answer.status());
        answer.bytes().await.unwrap_or_else(|error| panic!("{url} broke off: {error:?}")).to_vec()
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

impl Answer {
    /// Nobody knows what became of the request.
    fn timed_out() -> Self {
        Self { status: 504, text: TIMED_OUT.to_owned(), headers: HeaderMap::new() }
    }

    /// Whether the request waited longer than API Gateway allows.
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        self.status == 504 && self.text == TIMED_OUT
    }

    /// A header, empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is not.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {} {:?}", self.status, self.text))
    }

    /// A part of the body, by its JSON pointer; null if there is no such part.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Value {
        self.json().pointer(pointer).cloned().unwrap_or_default()
    }

    /// A text in the body, by its JSON pointer; empty if there is none.
    #[must_use]
    pub fn text_at(&self, pointer: &str) -> String {
        self.at(pointer).as_str().unwrap_or_default().to_owned()
    }

    /// The same answer, if it has this status.
    ///
    /// # Panics
    /// If it has another.
    #[must_use]
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "the answer was {}", self.text);
        self
    }
}
