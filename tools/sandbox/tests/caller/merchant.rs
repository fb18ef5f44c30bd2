//! A merchant's webhook endpoint.

#![allow(clippy::panic, reason = "a merchant of the tests fails the test")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use serde_json::{Value, json};

use super::Caller;

/// A merchant's endpoint that remembers what it heard, and refuses the first few.
#[derive(Clone)]
pub(crate) struct Merchant {
    heard: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    refusals: Arc<Mutex<u32>>,
}

impl Merchant {
    pub(crate) async fn listening(caller: &Caller, refusals: u32) -> Self {
        Self::registered(caller, refusals, json!({ "secret": "whsec_1" })).await
    }

    pub(crate) async fn listening_to_paypal(caller: &Caller, webhook_id: &str) -> Self {
        Self::registered(caller, 0, json!({ "webhookId": webhook_id })).await
    }

    async fn registered(caller: &Caller, refusals: u32, mut endpoint: Value) -> Self {
        let (merchant, url) = Self::unheard_of(refusals).await;
        endpoint["url"] = url.into();
        caller.steer("POST", "/_sandbox/webhook_endpoints", &endpoint.to_string()).await;
        merchant
    }

    /// One that no gateway knows of yet, and its address.
    pub(crate) async fn unheard_of(refusals: u32) -> (Self, String) {
        let merchant = Self { heard: Arc::default(), refusals: Arc::new(Mutex::new(refusals)) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let router = Router::new().route("/hook", post(hear)).with_state(merchant.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (merchant, url)
    }

    /// Every delivery as it came: its headers and its raw body.
    pub(crate) fn received(&self) -> Vec<(HeaderMap, Bytes)> {
        self.heard.lock().expect("no panic").clone()
    }

    fn events(&self) -> Vec<Value> {
        self.received().iter().map(|(_, body)| serde_json::from_slice(body).expect("an event")).collect()
    }

    /// What was heard, once it is this much.
    pub(crate) async fn heard(&self, count: usize) -> Vec<Value> {
        for _ in 0..300 {
            let heard = self.events();
            if heard.len() >= count {
                return heard;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("only {:?} were heard", self.kinds())
    }

    /// The event of this type, once it was heard.
    pub(crate) async fn told(&self, kind: &str) -> Value {
        for _ in 0..300 {
            if let Some(event) = self.events().into_iter().find(|event| kind_of(event) == kind) {
                return event;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no {kind} among {:?}", self.kinds())
    }

    pub(crate) fn kinds(&self) -> Vec<Value> {
        self.events().iter().map(kind_of).collect()
    }
}

/// Stripe and PayPal call it differently.
fn kind_of(event: &Value) -> Value {
    event.get("type").or_else(|| event.get("event_type")).cloned().unwrap_or_default()
}

async fn hear(State(merchant): State<Merchant>, headers: HeaderMap, body: Bytes) -> (StatusCode, &'static str) {
    let mut left = merchant.refusals.lock().expect("no panic");
    if *left > 0 {
        *left = left.saturating_sub(1);
        return (StatusCode::INTERNAL_SERVER_ERROR, "not now");
    }
    merchant.heard.lock().expect("no panic").push((headers, body));
    (StatusCode::OK, "thanks")
}
