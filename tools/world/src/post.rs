//! The way of an event to the merchant, put together as one stack: a shop where things happen, what is told of them, the merchant's
//! endpoints and servers, and a sweep that brings what is due.

use domain::{
    timeline::EventId,
    webhook::{DeliveryId, EndpointId, EndpointUrl, Interest, Registration},
};
use flow::{
    commit::webhook::{Changed, create},
    operations::{
        deliver::{Carried, deliver},
        webhook_endpoint::{Requested, WebhookEndpointError, endpoint_id, register},
    },
    ports::{Actor, Error, Host as _},
};

use crate::{
    host::SimHost,
    merchant::Merchant,
    queue::MemoryQueue,
    shop::{Shop, client, key, order},
    store::MemoryStore,
    telling::{MemoryBus, tell},
};

/// More rounds than any schedule has.
const ROUNDS_MAX: u32 = 1_000;

/// A shop whose merchant is told.
#[derive(Debug, Default)]
pub struct Post {
    shop: Shop,
    merchant: Merchant,
    bus: MemoryBus,
}

/// A request for an endpoint that hears of everything.
///
/// # Panics
/// Never: its parts are well-formed.
#[must_use]
pub fn registration(name: &str, interest: Interest) -> Registration {
    let url = format!("https://{name}.shop.example/hooks");
    Registration {
        id: endpoint_id(&key(name)),
        request_hash: domain::id::RequestHash::of([("url", url.as_str())]),
        url: must(EndpointUrl::parse(&url)),
        interest,
        description: None,
    }
}

impl Post {
    /// A shop without endpoints.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Its clock.
    pub fn host(&self) -> &SimHost {
        self.shop.host()
    }

    /// Its table.
    #[must_use]
    pub const fn store(&self) -> &MemoryStore {
        self.shop.store()
    }

    /// Its queue.
    #[must_use]
    pub const fn queue(&self) -> &MemoryQueue {
        self.shop.queue()
    }

    /// The merchant's servers.
    #[must_use]
    pub const fn merchant(&self) -> &Merchant {
        &self.merchant
    }

    /// The shop.
    #[must_use]
    pub const fn shop(&self) -> &Shop {
        &self.shop
    }

    /// Registers an endpoint.
    ///
    /// # Errors
    /// If it was not registered.
    pub async fn register(&self, name: &str, interest: Interest) -> Result<Requested, WebhookEndpointError> {
        register(self.host(), self.store(), registration(name, interest), &client()).await
    }

    /// Registers an endpoint that hears of everything.
    ///
    /// # Panics
    /// If something fails.
    pub async fn registered(&self, name: &str) -> EndpointId {
        drop(must(self.register(name, Interest::All).await));
        endpoint_id(&key(name))
    }

    /// A payment is opened, and everybody is to be told: the event of it.
    ///
    /// # Panics
    /// If something fails.
    pub async fn happened(&self, name: &str) -> EventId {
        let known = self.store().stream_after(0).len();
        drop(self.shop.opened(order(name)).await);
        self.told_after(known).await
    }

    /// Has told what was committed after the first `known` changes; nobody is nudged for its deliveries. The last of these events.
    ///
    /// # Panics
    /// If something fails, or nothing has changed.
    pub async fn told_after(&self, known: usize) -> EventId {
        let changes = self.store().stream_after(known);
        drop(tell(self.host(), self.store(), &self.bus, &changes).await);
        let mut ids = changes.iter().map(|change| change.after.image.event_id());
        let announced: Vec<EventId> = self.store().events().into_iter().map(|event| event.id).collect();
        must(ids.rfind(|id| announced.contains(id)).ok_or("nothing has changed"))
    }

    /// Makes a delivery.
    ///
    /// # Panics
    /// If something fails.
    pub async fn made(&self, id: DeliveryId) -> Changed {
        must(create(self.host(), self.store(), id, &Actor::Publish).await)
    }

    /// Tries one delivery, if it is due.
    ///
    /// # Errors
    /// If something outside fails.
    pub async fn deliver(&self, id: &DeliveryId) -> Result<Carried, Error> {
        deliver(self.host(), self.store(), &self.merchant, id).await
    }

    /// Sweeps once, and tries what was nudged. How many deliveries that were.
    ///
    /// # Panics
    /// If something fails.
    pub async fn swept(&self) -> usize {
        must(self.shop.sweep().await);
        let nudged = self.queue().drain();
        let mut tried: usize = 0;
        for nudged in nudged {
            if let domain::id::RowId::Delivery(id) = nudged.id {
                drop(must(self.deliver(&id).await));
                tried = tried.saturating_add(1);
            }
        }
        tried
    }

    /// Lets the time pass, from one due delivery to the next, until nothing is due any more.
    ///
    /// # Panics
    /// If that never comes.
    pub async fn at_rest(&self) {
        for _ in 0..ROUNDS_MAX {
            let Some(due) = self.store().earliest_delivery() else { return };
            self.host().advance(due.since(self.host().now()));
            self.swept().await;
        }
        must::<(), _>(Err("something is due for ever"));
    }
}

#[expect(clippy::panic, reason = "what a scenario takes for granted must be so, or the test that it is part of fails")]
fn must<T, E: std::fmt::Debug>(made: Result<T, E>) -> T {
    made.unwrap_or_else(|error| panic!("{error:?}"))
}
