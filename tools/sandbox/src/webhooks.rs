//! Tells the merchant what happened: signed, again until it is heard, and out of order when a test wants that.
//!
//! Publishing only queues; a task delivers. Each delivery's body is fixed when its event happens. A batch is delivered one
//! by one, several batches at once; an event of ordinary life is a batch of its own, as the gateway promises no order.

mod postman;
mod registered;
mod signing;

use std::collections::VecDeque;

use hyper::body::Bytes;
use serde::{Deserialize, Serialize};

pub(crate) use postman::postman;
pub(crate) use registered::{At, Hearing, Registered};

use crate::{
    clock::Moment,
    config::{Config, Contract, Endpoint},
    paypal, stripe,
};

/// Beyond this many waiting deliveries the oldest are dropped, and the log says so.
const MAX_WAITING: usize = 50_000;
/// How many lines of the log are kept.
const MAX_LOGGED: usize = 20_000;
/// Stripe tries for three days; this many tries with doubling waits stand for that.
const MAX_ATTEMPTS: u32 = 10;
/// Stripe's own limit; PayPal's is ten.
pub(crate) const MAX_ENDPOINTS: usize = 16;
/// How often one event may be released twice and more.
const MAX_COPIES: u32 = 20;
/// Stops the doubling before a test waits for minutes.
const MAX_BACKOFF_MS: u64 = 30_000;

/// In which order held events go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Order {
    Fifo,
    Lifo,
    Shuffle,
}

/// All that is to be told, and all that was.
pub(crate) struct Outbox {
    endpoints: Vec<Registered>,
    held: Option<Vec<Delivery>>,
    queue: VecDeque<Batch>,
    log: VecDeque<Line>,
    dropped: u64,
    backoff_ms: u64,
    ids: crate::ids::Ids,
}

/// Something that a gateway has to tell.
#[derive(Clone, Debug)]
pub(crate) enum News {
    Stripe(stripe::Event),
    Paypal(paypal::Event),
}

/// Deliveries that keep their order.
struct Batch {
    not_before: Moment,
    deliveries: Vec<Delivery>,
}

/// One event on its way to one endpoint.
#[derive(Clone, Debug)]
struct Delivery {
    endpoint: Endpoint,
    event_id: String,
    kind: &'static str,
    object_id: String,
    idempotency_key: Option<String>,
    /// PayPal's name of this delivery, the same at every try.
    transmission_id: String,
    body: Bytes,
    attempt: u32,
}

/// One try, as the control route shows it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    event_id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    object_id: String,
    idempotency_key: Option<String>,
    url: String,
    attempt: u32,
    sent_at_ms: u64,
    /// Null when nothing answered.
    status: Option<u16>,
    answer: Option<String>,
    error: Option<String>,
}

/// What `GET /_sandbox/webhooks` shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    held: bool,
    waiting: usize,
    dropped: u64,
    endpoints: Vec<Listed>,
    deliveries: Vec<Line>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_id: Option<String>,
}

impl Outbox {
    pub(crate) fn new(config: &Config) -> Self {
        let mut ids = crate::ids::Ids::new();
        let by_hand =
            |endpoint: &Endpoint| Registered::by_hand(id_of(endpoint, &mut ids), endpoint.clone(), Moment::now());
        Self {
            endpoints: config.endpoints.iter().map(by_hand).collect(),
            held: None,
            queue: VecDeque::new(),
            log: VecDeque::new(),
            dropped: 0,
            backoff_ms: config.webhook_backoff_ms,
            ids,
        }
    }

    /// Adds one that hears everything. The same address again replaces its secret.
    pub(crate) fn add_endpoint(&mut self, endpoint: Endpoint) -> Result<(), String> {
        is_local(&endpoint.url)?;
        match &endpoint.contract {
            Contract::Stripe { secret, .. } if secret.is_empty() => return Err("secret must not be empty".to_owned()),
            Contract::Paypal { webhook_id } if webhook_id.is_empty() => {
                return Err("webhookId must not be empty".to_owned());
            }
            Contract::Stripe { .. } | Contract::Paypal { .. } => {}
        }
        self.endpoints.retain(|known| known.endpoint.url != endpoint.url);
        let id = id_of(&endpoint, &mut self.ids);
        self.register(Registered::by_hand(id, endpoint, Moment::now()))
    }

    /// Adds one as a gateway's API makes it, beside whatever is there.
    pub(crate) fn register(&mut self, new: Registered) -> Result<(), String> {
        is_local(&new.endpoint.url)?;
        if self.endpoints.len() >= MAX_ENDPOINTS {
            return Err(format!("at most {MAX_ENDPOINTS} endpoints"));
        }
        self.endpoints.push(new);
        Ok(())
    }

    /// A gateway's endpoints, the newest first.
    pub(crate) fn endpoints_at(&self, gateway: At) -> impl Iterator<Item = &Registered> {
        self.endpoints.iter().rev().filter(move |known| known.at() == gateway)
    }

    pub(crate) fn endpoint_mut(&mut self, gateway: At, id: &str) -> Option<&mut Registered> {
        self.endpoints.iter_mut().find(|known| known.at() == gateway && known.id == id)
    }

    /// Takes one away, and says whether there was one. What is on its way to it still goes out.
    pub(crate) fn remove_endpoint(&mut self, gateway: At, id: &str) -> bool {
        let before = self.endpoints.len();
        self.endpoints.retain(|known| known.at() != gateway || known.id != id);
        self.endpoints.len() < before
    }

    /// A name that nothing else has.
    pub(crate) fn new_id(&mut self, prefix: &str) -> String {
        self.ids.next(prefix)
    }

    pub(crate) fn clear_endpoints(&mut self) {
        self.endpoints.clear();
    }

    pub(crate) fn publish(&mut self, news: &News, now: Moment) {
        for Registered { endpoint, .. } in self.endpoints.clone().into_iter().filter(|known| known.hears(news.kind())) {
            let Some(body) = news.body(&endpoint, self.endpoints.len()) else { continue };
            let delivery = Delivery {
                endpoint,
                event_id: news.id().to_owned(),
                kind: news.kind(),
                object_id: news.object_id().to_owned(),
                idempotency_key: news.idempotency_key(),
                transmission_id: self.ids.uuid(),
                body,
                attempt: 1,
            };
            match &mut self.held {
                Some(held) if held.len() < MAX_WAITING => held.push(delivery),
                Some(_) => self.dropped = self.dropped.saturating_add(1),
                None => self.enqueue(now, vec![delivery]),
            }
        }
    }

    /// From now on nothing goes out, until `release`.
    pub(crate) fn hold(&mut self) {
        self.held.get_or_insert_default();
    }

    /// What was held goes out in this order, each this many times, and life goes on. Says how many deliveries that makes.
    pub(crate) fn release(&mut self, order: Order, copies: u32, now: Moment) -> Result<usize, String> {
        if !(1..=MAX_COPIES).contains(&copies) {
            return Err(format!("copies must be between 1 and {MAX_COPIES}"));
        }
        let mut held = self.held.take().unwrap_or_default();
        if order == Order::Lifo {
            held.reverse();
        }
        let mut all: Vec<Delivery> = held.iter().flat_map(|delivery| (0..copies).map(|_| delivery.clone())).collect();
        if order == Order::Shuffle {
            all = self.ids.shuffle(all);
        }
        let count = all.len();
        self.enqueue(now, all);
        Ok(count)
    }

    pub(crate) fn report(&self) -> Report {
        let held = self.held.as_ref().map_or(0, Vec::len);
        let queued: usize = self.queue.iter().map(|batch| batch.deliveries.len()).sum();
        let listed = |Registered { endpoint, .. }: &Registered| {
            let (api_version, webhook_id) = match endpoint.contract.clone() {
                Contract::Stripe { api_version, .. } => (Some(api_version), None),
                Contract::Paypal { webhook_id } => (None, Some(webhook_id)),
            };
            Listed { url: endpoint.url.clone(), api_version, webhook_id }
        };
        Report {
            held: self.held.is_some(),
            waiting: held.saturating_add(queued),
            dropped: self.dropped,
            endpoints: self.endpoints.iter().map(listed).collect(),
            deliveries: self.log.iter().cloned().collect(),
        }
    }

    fn enqueue(&mut self, not_before: Moment, deliveries: Vec<Delivery>) {
        if self.queue.len() >= MAX_WAITING {
            self.queue.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        self.queue.push_back(Batch { not_before, deliveries });
    }

    fn take_due(&mut self, now: Moment) -> Option<Batch> {
        let place = self.queue.iter().position(|batch| batch.not_before <= now)?;
        self.queue.remove(place)
    }

    fn heard(&mut self, delivery: Delivery, line: Line, now: Moment) {
        let delivered = line.status.is_some_and(|status| (200..300).contains(&status));
        if self.log.len() >= MAX_LOGGED {
            self.log.pop_front();
        }
        self.log.push_back(line);
        if delivered || delivery.attempt >= MAX_ATTEMPTS {
            return;
        }
        let factor = 1_u64.checked_shl(delivery.attempt.saturating_sub(1)).unwrap_or(u64::MAX);
        let wait = self.backoff_ms.saturating_mul(factor).min(MAX_BACKOFF_MS);
        let again = Delivery { attempt: delivery.attempt.saturating_add(1), ..delivery };
        match &mut self.held {
            Some(held) => held.push(again),
            None => self.enqueue(now.after_ms(wait), vec![again]),
        }
    }
}

/// What a gateway calls an endpoint that nobody made through its API.
fn id_of(endpoint: &Endpoint, ids: &mut crate::ids::Ids) -> String {
    match &endpoint.contract {
        Contract::Stripe { .. } => ids.next("we_"),
        Contract::Paypal { webhook_id } => webhook_id.clone(),
    }
}

/// Neither gateway takes such an address in live mode, and the sandbox takes no other.
fn is_local(url: &str) -> Result<(), String> {
    let uri = url.parse::<hyper::Uri>();
    if uri.is_ok_and(|uri| uri.scheme_str() == Some("http") && uri.host().is_some()) {
        return Ok(());
    }
    Err("url must be an http:// address: the sandbox never leaves the machine".to_owned())
}

impl News {
    /// What goes to this endpoint; nothing if it listens to another gateway.
    fn body(&self, endpoint: &Endpoint, endpoints: usize) -> Option<Bytes> {
        let body = match (self, &endpoint.contract) {
            (Self::Stripe(event), Contract::Stripe { api_version, .. }) => {
                serde_json::to_vec_pretty(&event.body(api_version, endpoints))
            }
            // In one line, as PayPal has it.
            (Self::Paypal(event), Contract::Paypal { .. }) => serde_json::to_vec(&event.body()),
            (Self::Stripe(_), Contract::Paypal { .. }) | (Self::Paypal(_), Contract::Stripe { .. }) => return None,
        };
        Some(body.unwrap_or_default().into())
    }

    fn id(&self) -> &str {
        match self {
            Self::Stripe(event) => &event.id,
            Self::Paypal(event) => &event.id,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Stripe(event) => event.kind,
            Self::Paypal(event) => event.kind,
        }
    }

    fn object_id(&self) -> &str {
        match self {
            Self::Stripe(event) => event.object.get("id").and_then(|id| id.as_str()).unwrap_or_default(),
            Self::Paypal(event) => event.object_id(),
        }
    }

    fn idempotency_key(&self) -> Option<String> {
        match self {
            Self::Stripe(event) => event.cause.idempotency_key.clone(),
            // PayPal's events do not know their request.
            Self::Paypal(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stripe::{Cause, Event};

    const NOW: Moment = Moment { ms: 1_000_000 };

    fn outbox() -> Outbox {
        Outbox::new(&Config {
            endpoints: vec![Endpoint::new("http://127.0.0.1:9/hook", "whsec_x")],
            ..Config::default()
        })
    }

    fn event(id: &str) -> News {
        let object = serde_json::json!({ "id": "pi_1" });
        let (id, kind, cause) = (id.to_owned(), "payment_intent.succeeded", Cause::default());
        News::Stripe(Event { id, kind, created: 1, object, cause })
    }

    fn released(order: Order, copies: u32) -> Vec<String> {
        let mut outbox = outbox();
        outbox.hold();
        for id in ["evt_1", "evt_2", "evt_3"] {
            outbox.publish(&event(id), NOW);
        }
        assert!(outbox.take_due(NOW).is_none(), "held events do not go out");
        outbox.release(order, copies, NOW).unwrap();
        outbox.take_due(NOW).unwrap().deliveries.into_iter().map(|delivery| delivery.event_id).collect()
    }

    #[test]
    fn held_events_go_out_in_the_order_asked_for() {
        assert_eq!(released(Order::Fifo, 1), ["evt_1", "evt_2", "evt_3"]);
        assert_eq!(released(Order::Lifo, 2), ["evt_3", "evt_3", "evt_2", "evt_2", "evt_1", "evt_1"]);
        let mut shuffled = released(Order::Shuffle, 3);
        shuffled.sort();
        assert_eq!(shuffled, ["evt_1", "evt_1", "evt_1", "evt_2", "evt_2", "evt_2", "evt_3", "evt_3", "evt_3"]);
    }

    #[test]
    fn what_was_not_heard_is_said_again_later_and_not_for_ever() {
        let mut outbox = outbox();
        outbox.publish(&event("evt_1"), NOW);
        let mut now = NOW;
        for attempt in 1..=MAX_ATTEMPTS {
            let delivery = outbox.take_due(now).unwrap().deliveries.remove(0);
            assert_eq!(delivery.attempt, attempt);
            outbox.heard(delivery.clone(), line(&delivery, Some(500)), now);
            assert!(outbox.take_due(now).is_none(), "a retry waits");
            now = now.after_ms(MAX_BACKOFF_MS);
        }
        assert!(outbox.take_due(now).is_none());
        assert_eq!(outbox.report().deliveries.len(), 10);
    }

    #[test]
    fn what_was_heard_is_not_repeated() {
        let mut outbox = outbox();
        outbox.publish(&event("evt_1"), NOW);
        let delivery = outbox.take_due(NOW).unwrap().deliveries.remove(0);
        outbox.heard(delivery.clone(), line(&delivery, Some(200)), NOW);
        assert!(outbox.take_due(NOW.after_ms(MAX_BACKOFF_MS)).is_none());
    }

    #[test]
    fn nobody_hears_what_is_another_gateways() {
        let mut outbox = outbox();
        outbox.add_endpoint(Endpoint::of_paypal("http://127.0.0.1:9/paypal", "WH-1")).unwrap();
        outbox.publish(&event("evt_1"), NOW);
        let to_paypal = outbox.take_due(NOW).unwrap().deliveries.remove(0);
        assert!(to_paypal.endpoint.url.ends_with("/hook"));
        assert!(outbox.take_due(NOW).is_none());
    }

    #[test]
    fn only_plain_local_addresses_are_endpoints() {
        assert!(outbox().add_endpoint(Endpoint::new("https://example.com/", "s")).is_err());
        assert!(outbox().add_endpoint(Endpoint::new("http://127.0.0.1:1/", "")).is_err());
    }

    fn line(delivery: &Delivery, status: Option<u16>) -> Line {
        Line {
            event_id: delivery.event_id.clone(),
            kind: delivery.kind,
            object_id: delivery.object_id.clone(),
            idempotency_key: None,
            url: delivery.endpoint.url.clone(),
            attempt: delivery.attempt,
            sent_at_ms: 0,
            status,
            answer: None,
            error: None,
        }
    }
}
