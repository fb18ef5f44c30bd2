//! Requests and answers as they are on the wire. An answer of any status is an answer.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Method, Url};
use serde_json::Value;

/// Longer than API Gateway's own limit of 29 s, so that its answer is what we see.
const TIMEOUT: Duration = Duration::from_secs(35);

/// Sends requests, follows nothing, repeats nothing.
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
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let target = Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        let mut request = self.0.request(method, target).body(body.into());
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            request = request.header(name, HeaderValue::from_bytes(value).unwrap());
        }
        let answer = request.send().await.unwrap_or_else(|error| panic!("{url} does not answer: {error:?}"));
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.unwrap_or_else(|error| panic!("{url} broke off: {error:?}"));
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
