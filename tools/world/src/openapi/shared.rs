//! What belongs to no function: who we are, how one shows a key, and what several functions answer alike.

use adapters::http::authenticate::Scope;
use adapters::http::dispute_json::{DisputesJson, ShownDisputeJson};
use adapters::http::payment_json::PaymentJson;
use adapters::http::problem::ProblemJson;
use adapters::http::status_json::StatusJson;
use adapters::http::webhook_endpoint_json::{
    DeliveriesJson, EndpointWithSecretJson, EndpointsJson, EventsJson, RedeliveredJson, ToldJson,
};
use domain::id::IdempotencyKey;
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::operation::Tag;
use super::{Direction, answers, document, generator, open, yaml};
use crate::gateway::Verdict;
use crate::shop::{Shop, card, give_back, order};
use crate::telling::{MemoryBus, tell};
use crate::turns::block_on;

const DESCRIPTION: &str = "\
Payments through Stripe and PayPal. No payment is ever charged twice, lost, or told \"failed\" without proof.

- **JSON**, camelCase. Amounts are whole numbers of the currency's ISO 4217 minor units: `1999` is 19.99 EUR, and 1999 JPY. Times are RFC 3339 in UTC.
- **Send the same request again** when there was no answer, with the same `Idempotency-Key`. Within its scope a key means one request for ever.
- **202 is not a failure**: nobody knows yet, or the gateway is at work. Ask for the status, or send the same request again.
- **Problems** are `application/problem+json`. Decide on `code`; `retryable` says that the very same request may succeed after `Retry-After`.
- Every field of an answer that is `required` is always there, `null` where there is nothing to say. The others are there where they are about something: \
those of a problem (`payment`, `dispute`, `decline`), and what `expand` asks for.
- **Answers may get further fields, and words further values.** `x-extensible-enum` lists the words of this release: do not fall over another.
- What a field means, and what to do about each answer, is told at length in `docs/HTTP.md`.

API Gateway and the firewall before it answer some requests by themselves, in the same words: 404 `not_found` to a route that there is not, 403 `request_blocked`, 413, 429, and 500 or 503 where a function fell over or did not answer in 29 seconds. The firewall's own 413 and 429 are `application/json`, and bear no `Request-Id`. After a 500 or 503 everything may have been done: send the same request again.";

/// Every schema that more than one function may need, by its name.
pub(super) fn schemas() -> Map<String, Value> {
    let mut written = generator(Direction::Written);
    let types: [fn(&mut SchemaGenerator) -> schemars::Schema; 11] = [
        SchemaGenerator::subschema_for::<PaymentJson>,
        SchemaGenerator::subschema_for::<StatusJson>,
        SchemaGenerator::subschema_for::<DisputesJson>,
        SchemaGenerator::subschema_for::<ShownDisputeJson>,
        SchemaGenerator::subschema_for::<EndpointsJson>,
        SchemaGenerator::subschema_for::<EndpointWithSecretJson>,
        SchemaGenerator::subschema_for::<ToldJson>,
        SchemaGenerator::subschema_for::<EventsJson>,
        SchemaGenerator::subschema_for::<DeliveriesJson>,
        SchemaGenerator::subschema_for::<RedeliveredJson>,
        SchemaGenerator::subschema_for::<ProblemJson<'static>>,
    ];
    for of in types {
        of(&mut written);
    }
    written.take_definitions(true)
}

/// Keeps the sections that belong to no function.
///
/// # Panics
/// If they differ from the file's, and `UPDATE_EXPECT` is not set.
pub fn keep_what_is_shared() {
    let head = yaml::keywords(&object(head()), 0);
    document::keep(document::Section::Head, &format!("{head}paths:\n"));
    let mut written = generator(Direction::Written);
    let components = json!({
        "securitySchemes": {"apiKey": security()},
        "parameters": {"IdempotencyKey": idempotency_key()},
        "headers": answers::all_headers(),
        "responses": answers::common(&mut written),
    });
    let webhooks = yaml::keywords(&object(json!({"webhooks": webhooks()})), 0);
    let components = yaml::keywords(&object(components), 1);
    let schemas: Map<String, Value> = schemas().iter().map(|(name, schema)| (name.clone(), open(schema))).collect();
    let schemas = yaml::entries(&schemas, 2);
    document::keep(document::Section::Shared, &format!("{webhooks}components:\n{components}  schemas:\n{schemas}"));
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(object) = value { object } else { Map::new() }
}

fn head() -> Value {
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Quittance",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "A payment backend that runs in the merchant's own AWS account.",
            "description": DESCRIPTION,
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [
            // Clients send their key to the first that they find: nobody's machine but their own.
            {
                "url": "http://127.0.0.1:4566/restapis/quittance/v1/_user_request_",
                "description": "`cargo xtask up`",
            },
            {
                "url": "https://{host}/v1",
                "description": "A deployed stack: its output `ApiUrl`",
                "variables": {
                    "host": {"default": "pay.shop.example", "description": "What `ApiUrl` has between `https://` and `/v1`"},
                },
            },
        ],
        "security": [{"apiKey": []}],
        "tags": Tag::ALL.map(|tag| json!({"name": tag.name(), "description": tag.says()})),
    })
}

fn security() -> Value {
    let scopes = [
        (Scope::PaymentsRead, "see payments and disputes"),
        (Scope::PaymentsWrite, "open, confirm, capture and cancel payments"),
        (Scope::RefundsWrite, "give money back"),
        (Scope::DisputesWrite, "answer disputes, or give in"),
        (Scope::WebhooksRead, "see endpoints and events"),
        (Scope::WebhooksWrite, "say where events are sent, and have them sent again"),
        (Scope::CustomersWrite, "erase people"),
    ];
    let scopes = scopes.map(|(scope, may)| format!("- `{}`: {may}", scope.name()));
    let description = format!(
        "`Authorization: Bearer qk_<name>_<secret>`, exactly once. `cargo xtask key add` makes one, and shows it once. What a key may do is \
         said by its scopes, of which each operation names the one that it needs:\n\n{}",
        scopes.join("\n")
    );
    json!({"type": "http", "scheme": "bearer", "bearerFormat": "qk_<name>_<secret>", "description": description})
}

pub(super) fn idempotency_key() -> Value {
    let most = IdempotencyKey::MAX_LENGTH;
    let rest = most.saturating_sub(1);
    let pattern = format!(r#"^([!#-~][!-~]{{0,{rest}}}|"([!#-\[\]-~]|\\["\\]){{1,{most}}}")$"#);
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": true,
        "description": "Your name for this request. The same key and the same body do nothing twice, for ever; the same key and another body \
            are 422 `idempotency_key_reused`. 1 to 255 visible ASCII characters, bare or as one quoted string. Use UUIDs: they are never taken for card numbers.",
        // Its length is the pattern's to say: quotes and what escapes do not count.
        "schema": {"type": "string", "pattern": pattern},
        "example": "7b0a3f0e-6a0b-4f2e-9a55-2d1a7c1c9e11",
    })
}

/// What we send to the merchant's own servers.
fn webhooks() -> Value {
    let header = |name: &str, says: &str| json!({"name": name, "in": "header", "required": true, "schema": {"type": "string"}, "description": says});
    json!({"event": {"post": {
        "operationId": "receiveEvent",
        "summary": "An event, sent to the merchant's endpoints",
        "description": "As the Standard Webhooks specification 1.0.0 has it: verify with any of its libraries. Events come at least once and in any \
            order. Answer within 15 seconds, and work afterwards.",
        "tags": [Tag::Events.name()],
        "security": [],
        "parameters": [
            header("webhook-id", "The event's id: the same each time it is sent. Keep it, and do nothing twice."),
            header("webhook-timestamp", "When this try was made, in seconds. Refuse what is older than five minutes."),
            header("webhook-signature", "`v1,…`, one for each secret that is active."),
        ],
        "requestBody": {
            "required": true,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Event"}, "examples": told()}},
        },
        "responses": {
            "2XX": {"description": "Heard. It is not sent again."},
            "410": {"description": "The endpoint is disabled, until somebody enables it."},
            "default": {"description": "It is sent again, for three days."},
        },
    }}})
}

/// What is told of a payment that was declined, then paid, and half of it given back.
fn told() -> Value {
    let shop = Shop::new();
    block_on(async {
        let id = shop.opened(order("order")).await.id;
        shop.gateway().bank_says([Verdict::Decline("insufficient_funds")]);
        shop.confirmed(&id, card("first")).await;
        shop.confirmed(&id, card("second")).await;
        shop.refunded(&id, give_back("half", Some(625))).await;
        tell(shop.host(), shop.store(), &MemoryBus::default(), &shop.store().stream_after(0)).await;
    });
    let wanted = ["payment.declined", "payment.succeeded", "refund.succeeded"];
    let events = shop.store().events();
    let told = events.iter().filter(|event| wanted.contains(&event.event_type.name())).map(|event| {
        let body: Value = serde_json::from_slice(&event.body).unwrap_or_default();
        (event.event_type.name().to_owned(), json!({"value": body}))
    });
    Value::Object(told.collect())
}
