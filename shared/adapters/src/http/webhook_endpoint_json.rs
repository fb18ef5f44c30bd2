//! The merchant's endpoints, and how far an event has come, as every answer shows them. An event itself is shown in the bytes that were
//! stored, which are those that everybody is told.
//!
//! Must never: show a signing secret, but for the answer to the request that made it; or a client's idempotency key.

use domain::time::Timestamp;
use domain::webhook::{Delivery, Endpoint, Former, Interest, Progress, Standing, Try, TryResult};
use flow::ports::timeline::Event;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use super::event_json::EventJson;
use super::schema::{
    ENDPOINT_ID, MOMENT, delivery_statuses, disable_reasons, endpoint_statuses, event_types, skip_reasons,
};
use crate::rfc3339;
use crate::secrets::Secret;

/// An endpoint as clients see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WebhookEndpoint")]
pub struct EndpointJson {
    #[schemars(extend("pattern" = ENDPOINT_ID))]
    endpoint_id: String,
    url: String,
    description: Option<String>,
    /// None where it hears of everything.
    #[schemars(extend("items" = {"type": "string", "enum": event_types()}))]
    event_types: Option<Vec<&'static str>>,
    #[schemars(extend("enum" = endpoint_statuses()))]
    status: &'static str,
    #[schemars(extend("enum" = disable_reasons()))]
    disabled_reason: Option<&'static str>,
    #[schemars(extend("format" = MOMENT))]
    disabled_at: Option<String>,
    /// Until when the secret before the present one signs too.
    #[schemars(extend("format" = MOMENT))]
    former_secret_until: Option<String>,
    #[schemars(extend("format" = MOMENT))]
    created_at: String,
}

/// An endpoint as whoever asked for a secret of it sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WebhookEndpointWithSecret")]
pub struct EndpointWithSecretJson {
    #[serde(flatten)]
    endpoint: EndpointJson,
    /// None where another request has made the present one.
    signing_secret: Option<String>,
}

/// All endpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WebhookEndpoints")]
pub struct EndpointsJson {
    endpoints: Vec<EndpointJson>,
}

/// How far an event has come on its way to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Delivery")]
struct DeliveryJson {
    #[schemars(extend("pattern" = ENDPOINT_ID))]
    endpoint_id: String,
    #[schemars(extend("enum" = delivery_statuses()))]
    status: &'static str,
    #[schemars(extend("enum" = skip_reasons()))]
    skipped_reason: Option<&'static str>,
    tries: Vec<TryJson>,
    /// How many there were before those that are shown.
    earlier_tries: u32,
    #[schemars(extend("format" = MOMENT))]
    next_try_at: Option<String>,
}

/// One try: what the endpoint answered, or why it did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Try")]
struct TryJson {
    #[schemars(extend("format" = MOMENT))]
    at: String,
    http_status: Option<u16>,
    error: Option<String>,
}

/// An event and its deliveries.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EventWithDeliveries")]
pub struct ToldJson {
    #[schemars(with = "EventJson<'static>")]
    event: Box<RawValue>,
    deliveries: Vec<DeliveryJson>,
}

/// Deliveries that were asked for.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Deliveries")]
pub struct DeliveriesJson {
    deliveries: Vec<DeliveryJson>,
}

/// One page of events.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Events")]
pub struct EventsJson {
    #[schemars(with = "Vec<EventJson<'static>>")]
    events: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

/// What came of the redelivery of a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Redelivered")]
pub struct RedeliveredJson {
    redelivered: usize,
    next_cursor: Option<String>,
}

/// An event that was stored as no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored event is no JSON")]
pub struct NotJson;

impl EndpointJson {
    /// An endpoint as it stands at `now`.
    #[must_use]
    pub fn of(endpoint: &Endpoint, now: Timestamp) -> Self {
        let (disabled_at, disabled_reason) = match endpoint.standing {
            Standing::Enabled { .. } => (None, None),
            Standing::Disabled { since, reason } => (Some(rfc3339::format(since)), Some(reason.name())),
        };
        let until = |former: Former| (now < former.until).then(|| rfc3339::format(former.until));
        Self {
            endpoint_id: endpoint.id.as_str().to_owned(),
            url: endpoint.url.as_str().to_owned(),
            description: endpoint.description.as_ref().map(|text| text.as_str().to_owned()),
            event_types: match &endpoint.interest {
                Interest::All => None,
                Interest::Only(types) => Some(types.iter().map(|event_type| event_type.name()).collect()),
            },
            status: endpoint.standing.name(),
            disabled_reason,
            disabled_at,
            former_secret_until: endpoint.former.and_then(until),
            created_at: rfc3339::format(endpoint.created_at),
        }
    }

    /// The same, for whoever asked for a secret: with the present one, if it is the one that they made.
    #[must_use]
    pub fn with_secret(self, secret: Option<&Secret>) -> EndpointWithSecretJson {
        EndpointWithSecretJson { endpoint: self, signing_secret: secret.map(|secret| secret.expose().to_owned()) }
    }
}

impl EndpointsJson {
    /// These, as they stand at `now`.
    #[must_use]
    pub fn of(endpoints: &[Endpoint], now: Timestamp) -> Self {
        Self { endpoints: endpoints.iter().map(|endpoint| EndpointJson::of(endpoint, now)).collect() }
    }
}

impl ToldJson {
    /// An event and its deliveries.
    ///
    /// # Errors
    /// If what was stored is no JSON.
    pub fn of(event: &Event, deliveries: &[Delivery]) -> Result<Self, NotJson> {
        Ok(Self { event: verbatim(event)?, deliveries: deliveries.iter().map(DeliveryJson::from).collect() })
    }
}

impl DeliveriesJson {
    /// These.
    #[must_use]
    pub fn of(deliveries: &[Delivery]) -> Self {
        Self { deliveries: deliveries.iter().map(DeliveryJson::from).collect() }
    }
}

impl EventsJson {
    /// These, and where to go on.
    ///
    /// # Errors
    /// If one that was stored is no JSON.
    pub fn of(events: &[Event], next_cursor: Option<String>) -> Result<Self, NotJson> {
        Ok(Self { events: events.iter().map(verbatim).collect::<Result<_, _>>()?, next_cursor })
    }
}

impl RedeliveredJson {
    /// So many, and where to go on.
    #[must_use]
    pub const fn of(redelivered: usize, next_cursor: Option<String>) -> Self {
        Self { redelivered, next_cursor }
    }
}

impl From<&Delivery> for DeliveryJson {
    fn from(delivery: &Delivery) -> Self {
        let skipped_reason = match delivery.progress {
            Progress::Skipped { reason, .. } => Some(reason.name()),
            Progress::Pending | Progress::Delivered { .. } | Progress::Exhausted { .. } => None,
        };
        Self {
            endpoint_id: delivery.id.endpoint().as_str().to_owned(),
            status: delivery.progress.name(),
            skipped_reason,
            tries: delivery.tries.iter().map(TryJson::from).collect(),
            earlier_tries: delivery.tries_before,
            next_try_at: delivery.due.map(rfc3339::format),
        }
    }
}

impl From<&Try> for TryJson {
    fn from(tried: &Try) -> Self {
        let (http_status, error) = match &tried.result {
            TryResult::Answered(status) => (Some(*status), None),
            TryResult::Unreachable(reason) => (None, Some(reason.as_str().to_owned())),
            TryResult::Refused(reason) => (None, Some(format!("refused_{}", reason.as_str()))),
        };
        Self { at: rfc3339::format(tried.at), http_status, error }
    }
}

fn verbatim(event: &Event) -> Result<Box<RawValue>, NotJson> {
    let text = String::from_utf8(event.body.clone()).map_err(|_| NotJson)?;
    RawValue::from_string(text).map_err(|_| NotJson)
}
