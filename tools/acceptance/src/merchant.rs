//! The merchant's own systems: servers that hear of events, and what the merchant's engineers ask of our API about them.

use std::env;
use std::io::Write as _;
use std::process::{Command, Stdio};

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::client::{Client, Opened};
use crate::eventually;
use crate::sandbox::Sandbox;
use crate::stack::Stack;
use crate::unique;
use crate::wire::Answer;

/// Names a Python that has what `tools/xtask/requirements.txt` asks for.
const PYTHON: &str = "QUITTANCE_PYTHON";

/// A server of the merchant's, and the endpoint that it is registered as.
#[derive(Debug)]
pub struct Merchant {
    /// What the sandbox calls it.
    pub name: String,
    /// What our API calls it.
    pub id: String,
    /// What its messages are signed with.
    pub secret: String,
}

/// A message that a merchant's server got.
#[derive(Debug, Clone)]
pub struct Message(Value);

impl Message {
    /// The event's id, as the header says.
    #[must_use]
    pub fn id(&self) -> String {
        self.header("webhook-id")
    }

    /// A header; empty if it did not come.
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        self.0["headers"][name].as_str().unwrap_or_default().to_owned()
    }

    /// The bytes that came.
    #[must_use]
    pub fn body(&self) -> String {
        self.0["body"].as_str().unwrap().to_owned()
    }

    /// What they say.
    #[must_use]
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.body()).unwrap()
    }

    /// What was answered; 0 if nothing was.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.0["answered"].as_u64().unwrap_or_default()
    }

    /// Whether the specification's own library takes it under this secret; none where there is no Python to ask.
    ///
    /// # Panics
    /// On CI, if there is no Python.
    #[must_use]
    pub fn is_believed(&self, secret: &str) -> Option<bool> {
        let Some(python) = env::var_os(PYTHON).filter(|python| !python.is_empty()) else {
            assert!(env::var("CI").as_deref() != Ok("true"), "{PYTHON} is not set: CI must verify signatures");
            let told = "\n*** NOT TESTED: signatures of deliveries, because QUITTANCE_PYTHON is not set ***\n";
            drop(std::io::stderr().write_all(told.as_bytes()));
            return None;
        };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/adapters/tests/standard_webhooks.py");
        let headers: Value = ["webhook-id", "webhook-timestamp", "webhook-signature"]
            .iter()
            .map(|name| ((*name).to_owned(), Value::from(self.header(name))))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let case = json!([{"name": "it", "secret": secret, "headers": headers,
            "body": BASE64.encode(self.body().as_bytes())}]);
        let mut judge = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        judge.stdin.take().unwrap().write_all(case.to_string().as_bytes()).unwrap();
        let verdict: Value = serde_json::from_slice(&judge.wait_with_output().unwrap().stdout).unwrap();
        Some(verdict["it"] == "good")
    }
}

impl Sandbox {
    /// Where this merchant's server is.
    #[must_use]
    pub fn hook(&self, merchant: &str) -> String {
        format!("{}/_sandbox/merchant/{merchant}/hook", self.url())
    }

    /// From now on this merchant's server answers so.
    pub async fn merchant_answers(&self, merchant: &str, how: Value) {
        let told = self.control("PUT", &format!("merchant/{merchant}"), &how).await;
        assert!(matches!(told.status, 200 | 204), "{}", told.text);
    }

    /// What this merchant's server got about a payment, oldest first.
    pub async fn merchant_heard(&self, merchant: &str, payment: &Opened) -> Vec<Message> {
        let all = self.control("GET", &format!("merchant/{merchant}"), &Value::Null).await.expect(200).json();
        let is_about = |message: &&Value| message["body"].as_str().is_some_and(|body| body.contains(&payment.id));
        all.as_array().unwrap().iter().filter(is_about).cloned().map(Message).collect()
    }
}

impl Client {
    /// `POST /webhook-endpoints`
    pub async fn register(&self, key: &str, body: &Value) -> Answer {
        self.post("/webhook-endpoints", key, body.to_string()).await
    }

    /// `POST /webhook-endpoints/{endpointId}/…`
    pub async fn endpoint_act(&self, id: &str, act: &str, body: &str) -> Answer {
        self.post(&format!("/webhook-endpoints/{id}/{act}"), &unique(act), body).await
    }

    /// Any of the routes that read.
    pub async fn read(&self, path: &str) -> Answer {
        let bearer = self.bearer();
        self.send("GET", path, &[("authorization", bearer.as_bytes())], "").await
    }

    /// How far an event has come at an endpoint; null while it is not told.
    pub async fn delivery(&self, event: &str, endpoint: &str) -> Value {
        let shown = self.read(&format!("/events/{event}")).await;
        if shown.status == 404 {
            return Value::Null;
        }
        let shown = shown.expect(200).json();
        let deliveries = shown["deliveries"].as_array().cloned().unwrap_or_default();
        deliveries.into_iter().find(|delivery| delivery["endpointId"] == endpoint).unwrap_or_default()
    }
}

impl Merchant {
    /// A server that is registered for these types of events, or for all.
    pub async fn opens(stack: &Stack, event_types: Option<&[&str]>) -> Self {
        let name = unique("shop");
        let body = json!({"url": stack.sandbox.hook(&name), "eventTypes": event_types});
        let registered = stack.api.register(&unique("endpoint"), &body).await.expect(201);
        Self { name, id: registered.text_at("/endpointId"), secret: registered.text_at("/signingSecret") }
    }

    /// Nothing more is sent to it: whatever else happens in the stack would be.
    pub async fn closes(self, stack: &Stack) {
        drop(stack.api.endpoint_act(&self.id, "disable", "").await.expect(200));
    }

    /// The message that tells of this type of event of the payment, once it has come.
    ///
    /// # Panics
    /// If it never does.
    pub async fn hears(&self, stack: &Stack, payment: &Opened, kind: &str) -> Message {
        eventually(&format!("{kind} of {} is heard", payment.id), async || {
            let heard = stack.sandbox.merchant_heard(&self.name, payment).await;
            let found = heard.iter().find(|message| message.event()["type"] == kind).cloned();
            found.ok_or_else(|| format!("{:?}", heard.iter().map(Message::id).collect::<Vec<_>>()))
        })
        .await
    }

    /// How far an event has come, once that is so.
    ///
    /// # Panics
    /// If it never is.
    pub async fn delivery(&self, stack: &Stack, event: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        eventually(&format!("{event} has come far enough"), async || {
            let delivery = stack.api.delivery(event, &self.id).await;
            if is_so(&delivery) { Ok(delivery) } else { Err(delivery.to_string()) }
        })
        .await
    }
}
