//! A merchant's stack in memory, with PayPal's adapter in it and PayPal's stand-in behind that.

use std::{sync::Arc, time::Duration};

use adapters::{
    dynamo::row::read_cause,
    gateway::{
        gateways::Gateways,
        paypal::{Credentials, Paypal, PaypalApp, webhook::Verifier},
        stripe::{ApiKey, ApiKeys, BaseUrl, Stripe},
        webhook::Age,
    },
    host::dice,
    net::gateway_client,
    secrets::{Document as _, PaypalEndpoint, Secret},
};
use domain::{
    gateway::{Mode, RefundSnapshot, UnknownReason},
    id::TransactionId,
    payment::{CaptureMethod, Payment},
    schedule::Limits,
    time::Timestamp,
    timeline::Cause,
};
use flow::{
    operations::{
        cancel::cancel,
        capture::capture,
        confirm::confirm,
        initiate::{InitiateError, Initiated, initiate},
        refund::refund,
        retry::retry,
        webhook::{GatewayEvent, Received, webhook},
    },
    ports::{Gateway as _, Host as _},
    steps::PartError,
};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use sandbox::{Config, Sandbox};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Mutex,
};
use world::{
    host::SimHost,
    people::Twin,
    queue::MemoryQueue,
    shop::{approved, cancellation, client, give_back, paypal_order, rules, wish},
    store::MemoryStore,
};

/// Longer than any answer of a sandbox in the same process takes.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Stage {
    sandbox: Sandbox,
    client: reqwest::Client,
    host: SimHost,
    store: MemoryStore,
    queue: MemoryQueue,
    gateways: Gateways<NoKeys, App>,
}

#[derive(Debug)]
pub(crate) struct App;

impl PaypalApp for App {
    async fn current(&self) -> Option<Credentials> {
        Credentials::new("sandbox-client", "secret")
    }

    async fn refused(&self) -> Option<Credentials> {
        None
    }
}

#[derive(Debug)]
pub(crate) struct NoKeys;

impl ApiKeys for NoKeys {
    async fn current(&self) -> Option<ApiKey> {
        None
    }

    async fn refused(&self) -> Option<ApiKey> {
        None
    }
}

impl Stage {
    pub(crate) async fn open() -> Self {
        let config = Config { settle_ms: 50, webhook_backoff_ms: 20, ..Config::default() };
        let sandbox = Sandbox::start(Config { port: 0, ..config }).await.unwrap();
        let base_url = BaseUrl::parse(sandbox.url()).unwrap();
        let client = gateway_client().unwrap();
        let limits = Limits { gateway_timeout: Duration::from_secs(5), ..Limits::STANDARD };
        Self {
            gateways: Gateways {
                stripe: Stripe::new(client.clone(), base_url.clone(), NoKeys, Mode::Test, dice),
                paypal: Paypal::new(client.clone(), base_url, App, Mode::Test, dice),
            },
            host: SimHost::with_limits(1, limits),
            store: MemoryStore::default(),
            queue: MemoryQueue::default(),
            client,
            sandbox,
        }
    }

    pub(crate) fn row(&self, id: &TransactionId) -> Payment {
        self.store.row(id).unwrap()
    }

    /// What the row says of the write that made it.
    pub(crate) fn cause(&self, id: &TransactionId) -> Cause {
        read_cause(&self.store.stored(id).unwrap()).unwrap()
    }

    pub(crate) async fn try_open(&self, key: &str) -> Result<Payment, InitiateError> {
        self.initiated(key, CaptureMethod::Automatic).await
    }

    async fn initiated(&self, key: &str, method: CaptureMethod) -> Result<Payment, InitiateError> {
        let mut request = paypal_order(key);
        request.terms.capture = method;
        let initiated = initiate(&self.host, &self.store, &self.gateways, &Twin::default(), &rules(), request).await?;
        let (Initiated::Created(payment) | Initiated::Replayed(payment)) = initiated;
        Ok(payment)
    }

    /// A new payment of 12.50 EUR.
    pub(crate) async fn opened(&self, key: &str) -> TransactionId {
        self.try_open(key).await.unwrap().id
    }

    /// A new payment of 12.50 EUR that is held.
    pub(crate) async fn held(&self, key: &str) -> TransactionId {
        let id = self.initiated(key, CaptureMethod::Manual).await.unwrap().id;
        self.approved(&id, "completed").await;
        self.confirmed(&id, "confirm-1").await;
        id
    }

    /// The payer approves, with an account that does this; and we have looked.
    pub(crate) async fn approved(&self, id: &TransactionId, capture: &str) {
        let body = json!({"transactionId": id.as_str(), "decision": "approve", "capture": capture});
        self.steer("/_sandbox/payer/decide", body).await;
        self.looked(id).await;
    }

    pub(crate) async fn confirmed(&self, id: &TransactionId, key: &str) -> Payment {
        confirm(&self.host, &self.store, &self.gateways, &self.queue, id, approved(key), &client()).await.unwrap();
        self.row(id)
    }

    pub(crate) async fn captured(&self, id: &TransactionId, key: &str, cents: Option<i64>) -> Payment {
        capture(&self.host, &self.store, &self.gateways, &self.queue, id, wish(key, cents), &client()).await.unwrap();
        self.row(id)
    }

    pub(crate) async fn canceled(&self, id: &TransactionId, key: &str) -> Payment {
        cancel(&self.host, &self.store, &self.gateways, &self.queue, id, cancellation(key), &client()).await.unwrap();
        self.row(id)
    }

    pub(crate) async fn refunded(
        &self,
        id: &TransactionId,
        key: &str,
        cents: Option<i64>,
    ) -> Result<Payment, PartError> {
        let wish = give_back(key, cents);
        refund(&self.host, &self.store, &self.gateways, &self.queue, id, wish, &client()).await?;
        Ok(self.row(id))
    }

    pub(crate) async fn refunds(&self, payment: &Payment) -> Result<Vec<RefundSnapshot>, UnknownReason> {
        self.gateways.refunds(payment, PATIENCE).await.answer
    }

    /// The row's time has come, and somebody has looked.
    pub(crate) async fn looked(&self, id: &TransactionId) -> Payment {
        if let Some(due) = self.row(id).due.filter(|due| *due > self.host.now()) {
            self.host.set(due);
        }
        retry(&self.host, &self.store, &self.gateways, id).await.unwrap();
        self.row(id)
    }

    pub(crate) async fn received(&self, event: GatewayEvent) -> Received {
        webhook(&self.host, &self.store, &self.queue, Mode::Test, event).await.unwrap()
    }

    pub(crate) fn nudged(&self) -> usize {
        self.queue.drain().len()
    }

    pub(crate) async fn steer(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.sandbox.url());
        let sent = self.client.post(url).header("content-type", "application/json").body(body.to_string()).send();
        let answer = sent.await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path} {body}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Arms a fault at PayPal.
    pub(crate) async fn fault(&self, path: &str, fault: Value) {
        let mut rule = json!({"gateway": "paypal", "method": "POST", "path": path});
        rule.as_object_mut().unwrap().extend(fault.as_object().unwrap().clone());
        self.steer("/_sandbox/faults", rule).await;
    }

    /// What the stand-in's books say of a payment: status and amount of each charge, and of each refund.
    pub(crate) async fn ledger(&self, id: &TransactionId) -> Value {
        let text = self.get("/_sandbox/ledger").await;
        let ledger: Value = serde_json::from_str(&text).unwrap();
        let charges: Vec<&Value> =
            ledger["charges"].as_array().unwrap().iter().filter(|row| row["transactionId"] == id.as_str()).collect();
        let object = self.row(id).object;
        let of_it = |row: &&Value| row["objectId"] == object.as_str();
        let refunds = ledger["refunds"].as_array().unwrap().iter().filter(of_it);
        let short = |row: &Value| json!([row["status"], row["amount"]]);
        json!({"charges": charges.into_iter().map(short).collect::<Vec<_>>(), "refunds": refunds.map(short).collect::<Vec<_>>()})
    }

    async fn get(&self, path: &str) -> String {
        let answer = self.client.get(format!("{}{path}", self.sandbox.url())).send().await.unwrap();
        answer.text().await.unwrap()
    }

    /// An endpoint that hears PayPal from now on, and takes everything.
    pub(crate) async fn listening(&self, webhook_id: &str) -> Mailbox {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/paypal", listener.local_addr().unwrap());
        let letters = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(take_all(listener, Arc::clone(&letters)));
        self.steer("/_sandbox/webhook_endpoints", json!({"url": url, "webhookId": webhook_id})).await;
        let root = self.get("/_sandbox/paypal/root_certificate").await;
        let stored = json!({"webhookId": webhook_id, "trustedRoot": root}).to_string();
        let endpoint = PaypalEndpoint::parse(&Secret::new(stored)).unwrap();
        let base_url = BaseUrl::parse(self.sandbox.url()).unwrap();
        Mailbox { letters, endpoint, verifier: Verifier::new(self.client.clone(), base_url, Mode::Test) }
    }
}

/// What PayPal has sent, and who checks it.
pub(crate) struct Mailbox {
    letters: Letters,
    endpoint: PaypalEndpoint,
    verifier: Verifier,
}

type Letters = Arc<Mutex<Vec<(HeaderMap, Vec<u8>)>>>;

impl Mailbox {
    /// The first event of this type, verified; it is waited for.
    pub(crate) async fn next(&self, _stage: &Stage, event_type: &str) -> GatewayEvent {
        let wanted = format!(r#""event_type":"{event_type}""#);
        for _ in 0..200 {
            let mut letters = self.letters.lock().await;
            let at = letters.iter().position(|(_, body)| String::from_utf8_lossy(body).contains(&wanted));
            if let Some(at) = at {
                let (headers, body) = letters.remove(at);
                drop(letters);
                return self.verifier.verify(&self.endpoint, &headers, &body, now(), Age::Checked).await.unwrap();
            }
            drop(letters);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no {event_type} came")
    }
}

/// The sandbox has a real clock.
fn now() -> Timestamp {
    adapters::host::now()
}

async fn take_all(listener: TcpListener, letters: Letters) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let letters = Arc::clone(&letters);
        tokio::spawn(async move {
            let mut bytes = Vec::new();
            let mut chunk = [0; 4_096];
            loop {
                let read = stream.read(&mut chunk).await.unwrap_or_default();
                if read == 0 {
                    return;
                }
                bytes.extend_from_slice(&chunk[..read]);
                if let Some(letter) = letter(&bytes) {
                    letters.lock().await.push(letter);
                    bytes.clear();
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
                }
            }
        });
    }
}

/// A whole request, once it is there.
fn letter(bytes: &[u8]) -> Option<(HeaderMap, Vec<u8>)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let headers: HeaderMap = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect();
    let length: usize = headers.get("content-length")?.to_str().ok()?.parse().ok()?;
    let body = bytes.get(end + 4..end + 4 + length)?;
    Some((headers, body.to_vec()))
}
