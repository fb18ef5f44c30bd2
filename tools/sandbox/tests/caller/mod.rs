//! A small client for the tests: it speaks to a sandbox in this process and shows answers as they are.

#![allow(dead_code, reason = "each test file is a program of its own and uses a part of this")]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a helper of tests fails the test"
)]

pub(crate) mod merchant;
pub(crate) mod shop;

use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request, body::Bytes};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use sandbox::{Config, Sandbox};
use serde_json::Value;

/// A sandbox and a way to it. The sandbox stops when this is dropped.
pub(crate) struct Caller {
    pub(crate) sandbox: Sandbox,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("the answer is JSON")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The field at this path, as in `error.code`.
    pub(crate) fn at(&self, path: &str) -> Value {
        path.split('.').fold(self.json(), |value, name| value.get(name).cloned().unwrap_or_default())
    }
}

/// Payments that allow no redirects need no return URL.
pub(crate) const EURO_10: &str =
    "amount=1000&currency=eur&automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never";

impl Caller {
    pub(crate) async fn start() -> Self {
        Self::with(Config { settle_ms: 50, webhook_backoff_ms: 20, ..Config::default() }).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let sandbox = Sandbox::start(config).await.expect("the sandbox starts");
        Self { sandbox, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// As a server, with the secret key.
    pub(crate) async fn post(&self, path: &str, form: &str) -> Answer {
        self.send("POST", path, &[("authorization", "Bearer sk_test_1")], form).await.expect("an answer")
    }

    pub(crate) async fn post_with_key(&self, path: &str, form: &str, key: &str) -> Answer {
        let headers = [("authorization", "Bearer sk_test_1"), ("idempotency-key", key)];
        self.send("POST", path, &headers, form).await.expect("an answer")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[("authorization", "Bearer sk_test_1")], "").await.expect("an answer")
    }

    /// As a test, through the control routes; expects to be understood.
    pub(crate) async fn steer(&self, method: &str, path: &str, body: &str) -> Answer {
        let answer = self.send(method, path, &[], body).await.expect("an answer");
        assert!((200..300).contains(&answer.status), "{method} {path} {body}: {answer:?}");
        answer
    }

    /// A new intent of ten euros, confirmed with this payment method.
    pub(crate) async fn paid_with(&self, method: &str, more: &str) -> Answer {
        self.post("/v1/payment_intents", &format!("{EURO_10}&confirm=true&payment_method={method}{more}")).await
    }

    /// A new intent of ten euros; its id and client secret.
    pub(crate) async fn opened(&self) -> (String, String) {
        let intent = self.post("/v1/payment_intents", EURO_10).await;
        let text = |name: &str| intent.at(name).as_str().unwrap().to_owned();
        (text("id"), text("client_secret"))
    }

    /// The id of a new intent that bears this payment's id and has a hold of ten euros.
    pub(crate) async fn authorized(&self, transaction_id: &str) -> String {
        let metadata = format!("metadata[transaction_id]={transaction_id}");
        let form = format!("{EURO_10}&capture_method=manual&confirm=true&payment_method=pm_card_visa&{metadata}");
        self.post("/v1/payment_intents", &form).await.at("id").as_str().unwrap().to_owned()
    }

    /// Arms a fault at Stripe; its id.
    pub(crate) async fn break_stripe(&self, mut fault: Value) -> String {
        fault["gateway"] = "stripe".into();
        self.steer("POST", "/_sandbox/faults", &fault.to_string()).await.at("id").as_str().unwrap().to_owned()
    }

    pub(crate) async fn ledger_statuses(&self) -> Vec<String> {
        let ledger = self.steer("GET", "/_sandbox/ledger", "").await.json();
        let rows = ledger["charges"].as_array().unwrap();
        rows.iter().map(|row| row["status"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, hyper_util::client::legacy::Error> {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.sandbox.url()) };
        let mut request = Request::builder().method(method).uri(url);
        if method == "POST" && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.client.request(request.body(Full::new(body.to_owned().into())).unwrap()).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        Ok(Answer { status, headers, text: String::from_utf8_lossy(&body).into_owned() })
    }
}
