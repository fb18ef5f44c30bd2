//! What tests register: a stack whose secrets are in memory, at a sandbox in this process, which is both gateways.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use sandbox::{Config, Sandbox};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::wire::{Body, send};
use super::{Mode, Secrets, Stack};
use crate::failure::Failure;

/// Nobody listens there, and nobody is told anything in these tests.
pub(super) const API: &str = "http://127.0.0.1:9/v1";
const STRIPES: &str = "/v1/webhook_endpoints";
const AS_STRIPE: (&str, &str) = ("authorization", "Bearer sk_test_sandbox");

pub(super) struct Trial {
    pub(super) secrets: InMemory,
    sandbox: Sandbox,
    /// Ends the sandbox with it.
    _runtime: Runtime,
}

impl Trial {
    pub(super) fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let sandbox = runtime.block_on(Sandbox::start(Config::default())).unwrap();
        let secrets = InMemory::default();
        secrets.set("StripeSecretArn", json!({"apiKey": "sk_test_sandbox"}));
        secrets.set("PayPalSecretArn", json!({"clientId": "sandbox-client", "clientSecret": "sandbox-secret"}));
        Self { secrets, sandbox, _runtime: runtime }
    }

    pub(super) fn stack(&self) -> Stack<'_> {
        let url = self.sandbox.url().to_owned();
        Stack {
            name: "one".to_owned(),
            mode: Mode::Test,
            stripe: url.clone(),
            paypal: url,
            api: API.to_owned(),
            secrets: Box::new(&self.secrets),
            operators_key: None,
        }
    }

    /// Whoever has set up an endpoint in the dashboard; the newest is the first.
    pub(super) fn by_hand(&self, endpoint: &Value) -> String {
        self.steer("webhook_endpoints", endpoint);
        self.endpoints().first().unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// Arms a fault at Stripe.
    pub(super) fn break_stripe(&self, mut fault: Value) {
        fault["gateway"] = json!("stripe");
        self.steer("faults", &fault);
    }

    /// How many faults are still to happen.
    pub(super) fn faults_left(&self) -> usize {
        let listed = send("GET", &format!("{}/_sandbox/faults", self.sandbox.url()), &[], &Body::None).unwrap();
        listed["faults"].as_array().unwrap().len()
    }

    /// Stripe's endpoints, the newest first.
    pub(super) fn endpoints(&self) -> Vec<Value> {
        let url = format!("{}{STRIPES}?limit=100", self.sandbox.url());
        send("GET", &url, &[AS_STRIPE], &Body::None).unwrap()["data"].as_array().unwrap().clone()
    }

    /// Makes an endpoint at Stripe, with `""`, or changes one.
    pub(super) fn change(&self, id: &str, form: &[(&str, &str)]) -> Value {
        let form: Vec<_> = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let url = format!("{}{STRIPES}{}{id}", self.sandbox.url(), if id.is_empty() { "" } else { "/" });
        send("POST", &url, &[AS_STRIPE], &Body::Form(&form)).unwrap()
    }

    /// Somebody who answers everything with this status, and where. What he was asked first stands in [`Answering::asked`].
    pub(super) fn answering(&self, status: u16) -> Answering {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&asked);
        thread::spawn(move || {
            let (mut caller, _) = listener.accept().unwrap();
            let mut bytes = [0; 4_096];
            let read = caller.read(&mut bytes).unwrap();
            *heard.lock().unwrap() = String::from_utf8_lossy(&bytes[..read]).into_owned();
            let body = "{\"has_more\": false, \"data\": []}";
            let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close", body.len());
            caller.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).unwrap();
        });
        Answering { url, asked }
    }

    fn steer(&self, route: &str, body: &Value) {
        send("POST", &format!("{}/_sandbox/{route}", self.sandbox.url()), &[], &Body::Json(body)).unwrap();
    }
}

/// Somebody who answers once.
pub(super) struct Answering {
    pub(super) url: String,
    pub(super) asked: Arc<Mutex<String>>,
}

/// Secrets that can be refused to be put.
#[derive(Default)]
pub(super) struct InMemory {
    documents: RefCell<BTreeMap<String, Value>>,
    puts: RefCell<Vec<Put>>,
    pub(super) were_put: Cell<usize>,
}

/// What comes of putting a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    Done,
    Refused,
    /// It is done, and the answer is lost.
    Unheard,
}

impl InMemory {
    pub(super) fn set(&self, output: &str, value: Value) {
        self.documents.borrow_mut().insert(output.to_owned(), value);
    }

    pub(super) fn get(&self, output: &str) -> Value {
        self.documents.borrow().get(output).cloned().unwrap_or_default()
    }

    /// What comes of the next puts; of those after them, nothing bad.
    pub(super) fn next_puts(&self, puts: &[Put]) {
        *self.puts.borrow_mut() = puts.iter().rev().copied().collect();
    }
}

impl Secrets for &InMemory {
    fn secret(&self, output: &str) -> Result<Option<Value>, Failure> {
        Ok(self.documents.borrow().get(output).cloned())
    }

    fn put_secret(&self, output: &str, value: &Value) -> Result<(), Failure> {
        let comes = self.puts.borrow_mut().pop().unwrap_or(Put::Done);
        if comes != Put::Refused {
            self.set(output, value.clone());
            self.were_put.set(self.were_put.get().saturating_add(1));
        }
        if comes == Put::Done { Ok(()) } else { Err(Failure::new("AccessDenied")) }
    }
}
