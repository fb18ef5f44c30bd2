//! The event files of `events/`, as the handlers' tests use them: each is what AWS would send, and `cargo lambda invoke` sends the
//! same file to the same handler.

#![expect(clippy::panic, reason = "a test that cannot be set up fails at once")]
#![expect(clippy::indexing_slicing, reason = "serde_json's values have no missing field: it is null")]

mod opening;
pub mod stream;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use adapters::gateway::paypal::{BaseUrl, webhook::Verifier};
use adapters::http::authenticate::ClientKeys;
use adapters::http::payment_json::PaymentJson;
use adapters::http::serve::{Endpoint, respond};
use adapters::net::gateway_client;
use adapters::secrets::{Cached, PaypalEndpoint, Secret, SecretError, SigningSecrets, Vault, WebhookSigningKey};
use adapters::telemetry::{Level, Log};
use domain::gateway::{Gateway, Mode};
use domain::id::RequestHash;
use domain::money::{Currency, Money};
use domain::payment::{Opening, Payment};
use domain::text::{ClientSecret, GatewayToken};
use flow::operations::initiate::transaction_id;
use flow::ports::{Cause, CreatePayment as _, Host, Write, WriterToken};
use lambda_http::{Body, Request};
use serde_json::{Map, Value};

pub use self::opening::opened_by;
use crate::host::SimHost;
use crate::shop::{client, key, order};
use crate::store::MemoryStore;

/// The key `local`, which the event files bear: SHA-256 of `localdevelopmentonlylocaldevelopmentonlylocaldevelop`.
const LOCAL_KEY: &str = r#"{"keys":{"local":{"sha256":"c72ad1a741e4e92c838ca58b38cc0739c7470f2df44fd6031adda433ebca006e",
    "scopes":["payments:write","payments:read","refunds:write","disputes:write","webhooks:write","webhooks:read",
    "customers:write"],"expiresAt":null}}}"#;

/// The secret that the recorded webhooks are signed with.
const LOCAL_SIGNING_SECRET: &str = r#"{"signingSecrets":["whsec_local_development_only"]}"#;

/// And of the one that says what PayPal calls the endpoint.
const LOCAL_PAYPAL_ENDPOINT: &str = r#"{"webhookId":"WH-LOCAL-DEVELOPMENT-ONLY"}"#;

/// What the secrets of the merchant's endpoints are derived from.
const LOCAL_SIGNING_KEY: &str = r#"{"signingKey":"local-development-only-local-development-only"}"#;

/// A drawer with one document in it.
#[derive(Debug, Clone)]
pub struct Drawer(&'static str);

impl Vault for Drawer {
    async fn read(&self, _: &str) -> Result<Secret, SecretError> {
        Ok(Secret::new(self.0.to_owned()))
    }
}

/// The keys of the local stage.
#[must_use]
pub fn client_keys() -> Cached<ClientKeys, Drawer> {
    Cached::new(Drawer(LOCAL_KEY), "client-keys", 0)
}

/// The signing secrets of the local stage.
#[must_use]
pub fn signing_secrets() -> Cached<SigningSecrets, Drawer> {
    Cached::new(Drawer(LOCAL_SIGNING_SECRET), "signing-secrets", 0)
}

/// What PayPal calls the endpoint of the local stage.
#[must_use]
pub fn paypal_endpoint() -> Cached<PaypalEndpoint, Drawer> {
    Cached::new(Drawer(LOCAL_PAYPAL_ENDPOINT), "paypal-endpoint", 0)
}

/// What the secrets of the merchant's endpoints are derived from.
#[must_use]
pub fn webhook_signing_key() -> Cached<WebhookSigningKey, Drawer> {
    Cached::new(Drawer(LOCAL_SIGNING_KEY), "webhook-signing-key", 0)
}

/// Where something else lies than the key that the secrets of endpoints are derived from.
#[must_use]
pub fn no_webhook_signing_key() -> Cached<WebhookSigningKey, Drawer> {
    Cached::new(Drawer(LOCAL_PAYPAL_ENDPOINT), "webhook-signing-key", 0)
}

/// Who checks what PayPal posts; there is no PayPal behind it.
///
/// # Panics
/// If the machine has no TLS.
#[must_use]
pub fn paypal_verifier() -> Verifier {
    // One for all: each client reads the machine's root certificates anew.
    static VERIFIER: OnceLock<Verifier> = OnceLock::new();
    let verifier = VERIFIER.get_or_init(|| {
        let client = gateway_client().unwrap_or_else(|error| panic!("{error}"));
        let base_url = BaseUrl::parse("https://api-m.sandbox.paypal.com").unwrap_or_else(|error| panic!("{error}"));
        Verifier::new(client, base_url, Mode::Test)
    });
    verifier.clone()
}

/// What `events/<name>.json` says.
///
/// # Panics
/// If there is no such file.
#[must_use]
pub fn text(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(name).with_extension("json");
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The request in `events/<name>.json`.
///
/// # Panics
/// If there is no such file, or no request in it.
#[must_use]
pub fn request(name: &str) -> Request {
    lambda_http::request::from_str(&text(name)).unwrap_or_else(|error| panic!("events/{name}.json: {error}"))
}

/// The payment that `events/initiate.json` opens at the sandbox, and that the other files are about.
///
/// # Panics
/// Never: its parts are well-formed.
#[must_use]
pub fn payment(host: &SimHost) -> Payment {
    opened(host)
}

fn opened<H: Host>(host: &H) -> Payment {
    let mut terms = order("event-initiate").terms;
    terms.amount = must(Money::payable(1999, must(Currency::from_code("EUR"))));
    let opening = Opening {
        id: transaction_id(&key("event-initiate")),
        gateway: Gateway::Stripe,
        mode: Mode::Test,
        object: must(GatewayToken::parse("pi_qHkMiCK4yw6E6F4uvJRlmLA5")),
        client_secret: Some(ClientSecret::new("pi_qHkMiCK4yw6E6F4uvJRlmLA5_secret_event".to_owned())),
        payer_url: None,
        request_hash: RequestHash::of([]),
        terms,
    };
    Payment::open(opening, &host.circumstances())
}

/// A table with one payment in it.
pub async fn store_with(payment: &Payment) -> MemoryStore {
    let store = MemoryStore::default();
    let write = Write { payment, cause: Cause::of("initiated"), actor: &client(), writer: WriterToken(0) };
    must(store.create(&write).await);
    store
}

fn must<T, E: std::fmt::Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error:?}"))
}

/// What an endpoint answers to `events/<name>.json`, and what it logs, as text to be pinned. Of a payment it shows what differs
/// from the one that `events/initiate.json` has opened.
///
/// # Panics
/// If there is no such file, or the answer is not text.
pub async fn answered<E: Endpoint, H: Host>(endpoint: &E, host: &H, name: &str) -> String {
    let (response, line) = respond(endpoint, host, &request(name)).await;
    let mut log = Vec::new();
    line.write(&Log { stack: "quittance-test".to_owned(), least: Level::Debug }, &mut log);
    let headers =
        ["content-type", "idempotent-replayed", "retry-after", "www-authenticate"].iter().filter_map(|name| {
            response.headers().get(*name).map(|value| format!("{name}: {}\n", value.to_str().unwrap_or("?")))
        });
    let Body::Text(body) = response.body() else { panic!("{name}: the answer is not text") };
    let log: Value = serde_json::from_slice(&log).unwrap_or_else(|error| panic!("{name}: {error}"));
    if body.is_empty() {
        return format!("{}\n{}\nlog: {log:#}\n", response.status(), headers.collect::<String>());
    }
    let mut json: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{name}: {error}"));
    abridge(&mut json, &must(serde_json::to_value(PaymentJson::from(&opened(host)))));
    format!("{}\n{}\n{json:#}\n\nlog: {log:#}\n", response.status(), headers.collect::<String>())
}

/// Leaves of each payment in an answer what differs from the one that was just opened, so that a pinned answer shows what its
/// case is about. A field that is not there differs too. The whole object is pinned where it is made: `http/payment_json`.
fn abridge(json: &mut Value, opened: &Value) {
    match json {
        Value::Object(fields) if fields.contains_key("transactionId") && !fields.contains_key("disputeId") => {
            let names: BTreeSet<&String> =
                fields.keys().chain(opened.as_object().into_iter().flat_map(Map::keys)).collect();
            let differs = |name: &&&String| fields.get(name.as_str()) != opened.get(name.as_str());
            let left = names.iter().filter(differs).map(|name| {
                let value = fields.get(name.as_str()).cloned();
                ((*name).clone(), value.unwrap_or_else(|| Value::from("is not there")))
            });
            let left: Map<String, Value> = left.collect();
            *json = serde_json::json!({"a payment as it was opened, but for": left});
        }
        Value::Object(fields) => fields.values_mut().for_each(|field| abridge(field, opened)),
        Value::Array(items) => items.iter_mut().for_each(|item| abridge(item, opened)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
