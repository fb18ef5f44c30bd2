//! A merchant's webhook endpoint.

#![allow(clippy::panic, reason = "a merchant of the tests fails the test")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use serde_json::{Value, json};

use super::Caller;

/// A merchant's endpoint that remembers what it heard, and refuses the first few.
#[derive(Clone)]
pub(crate) struct Merchant {
    heard: Arc<Mutex<Vec<Value>>>,
    refusals: Arc<Mutex<u32>>,
}

impl Merchant {
    pub(crate) async fn listening(caller: &Caller, refusals: u32) -> Self {
        let merchant = Self { heard: Arc::default(), refusals: Arc::new(Mutex::new(refusals)) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let router = Router::new().route("/hook", post(hear)).with_state(merchant.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let body = json!({ "url": url, "secret": "whsec_1" }).to_string();
        caller.steer("POST", "/_sandbox/webhook_endpoints", &body).await;
        merchant
    }

    /// What was heard, once it is this much.
    pub(crate) async fn heard(&self, count: usize) -> Vec<Value> {
        for _ in 0..300 {
            let heard = self.heard.lock().expect("no panic").clone();
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
            if let Some(event) = self.heard.lock().expect("no panic").iter().find(|event| event["type"] == kind) {
                return event.clone();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no {kind} among {:?}", self.kinds())
    }

    pub(crate) fn kinds(&self) -> Vec<Value> {
        self.heard.lock().expect("no panic").iter().map(|event| event["type"].clone()).collect()
    }
}

async fn hear(State(merchant): State<Merchant>, body: Bytes) -> (StatusCode, &'static str) {
    let mut left = merchant.refusals.lock().expect("no panic");
    if *left > 0 {
        *left = left.saturating_sub(1);
        return (StatusCode::INTERNAL_SERVER_ERROR, "not now");
    }
    merchant.heard.lock().expect("no panic").push(serde_json::from_slice(&body).expect("an event"));
    (StatusCode::OK, "thanks")
}
