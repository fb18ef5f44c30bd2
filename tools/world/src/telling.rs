//! What is told of a table's changes, by the operation that tells it, over the table's twin; and the auditor of it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

pub use adapters::http::event_json::body;
use domain::{
    id::{RefundId, TransactionId},
    journal::{MovementKind, Position},
    money::Money,
    payment::Payment,
    timeline::{Change, Retention, Subject},
};
use flow::{
    operations::publish::{Listeners, Published, publish},
    ports::{
        Dependency, Error, Host,
        timeline::{Bus, Event},
    },
};

use crate::{queue::MemoryQueue, store::MemoryStore};

/// How long what is told is kept unless a merchant says otherwise.
pub const YEAR: Retention = Retention::of_months(12);

/// A bus that remembers what it was given, and that can be out of order.
#[derive(Debug, Default)]
pub struct MemoryBus(Mutex<Arrived>);

#[derive(Debug, Default)]
struct Arrived {
    events: Vec<Event>,
    refusals: u32,
}

impl MemoryBus {
    /// The next so many events are not taken.
    pub fn refuse(&self, count: u32) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).refusals = count;
    }

    /// What has arrived, in the order of its arrival.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).events.clone()
    }
}

impl Bus for MemoryBus {
    async fn put(&self, event: &Event) -> Result<(), Error> {
        let mut arrived = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = arrived.refusals.checked_sub(1) {
            arrived.refusals = left;
            return Err(Error::Unavailable { dependency: Dependency::Bus, detail: "injected".to_owned() });
        }
        arrived.events.push(event.clone());
        Ok(())
    }
}

/// Tells these changes of one row, to whoever listens.
pub async fn tell<H: Host>(host: &H, store: &MemoryStore, bus: &MemoryBus, changes: &[Change]) -> Published {
    tell_all_who_listen(host, store, bus, &MemoryQueue::default(), changes).await
}

/// Tells these changes of one row, to whoever listens, and has deliveries nudged in this queue.
pub async fn tell_all_who_listen<H: Host>(
    host: &H,
    store: &MemoryStore,
    bus: &MemoryBus,
    nudges: &MemoryQueue,
    changes: &[Change],
) -> Published {
    let endpoints = store.endpoints();
    publish(host, store, Listeners { endpoints: &endpoints, bus, nudges }, YEAR, body, changes).await
}

/// The changes of each row, in their order.
#[must_use]
pub fn by_row(changes: Vec<Change>) -> BTreeMap<Subject, Vec<Change>> {
    let mut rows: BTreeMap<Subject, Vec<Change>> = BTreeMap::new();
    for change in changes {
        rows.entry(change.after.image.subject()).or_default().push(change);
    }
    rows
}

/// What is wrong with what was told of a table of which every change was told; nothing, as it must be.
#[must_use]
pub fn audit(store: &MemoryStore) -> Vec<String> {
    let mut wrong = Vec::new();
    for (subject, changes) in by_row(store.stream_after(0)) {
        let entries = store.timeline(&subject);
        let (told, committed): (Vec<u64>, Vec<u64>) = (
            entries.iter().map(|entry| entry.id.version()).collect(),
            changes.iter().map(|change| change.after.image.version()).collect(),
        );
        if told != committed {
            wrong.push(format!("{subject} has the versions {committed:?}, and of {told:?} it is told"));
        }
        for (entry, change) in entries.iter().zip(&changes) {
            if entry.cause != change.after.cause || entry.at != change.after.image.updated_at() {
                wrong.push(format!("{} is told otherwise than it was", entry.id));
            }
        }
    }
    for event in store.events() {
        let is_of_its_entry = store.timeline(event.id.subject()).iter().any(|entry| {
            entry.id == event.id && entry.event_type == event.event_type && event.event_type.is_announced()
        });
        if !is_of_its_entry || event.body.is_empty() {
            wrong.push(format!("{} tells what is not", event.id));
        }
    }
    wrong
}

/// What is wrong with the journal of this payment; nothing, as it must be: it comes to what the row says.
#[must_use]
pub fn audit_journal(store: &MemoryStore, payment: &Payment) -> Vec<String> {
    let (is, should) = (journaled(store, &payment.id), sums(&Position::of(payment)));
    if is == should {
        Vec::new()
    } else {
        vec![format!("the journal of {} says {is:?} and its row {should:?}", payment.id)]
    }
}

/// Sums of minor units by what they are sums of.
type Sums = BTreeMap<String, i64>;

fn journaled(store: &MemoryStore, id: &TransactionId) -> Sums {
    let mut sums = Sums::new();
    let of_payment = Subject::Payment(id.clone());
    for row in store.journal().iter().filter(|row| *row.id.subject() == of_payment) {
        let (name, sign) = match &row.movement.kind {
            MovementKind::Capture => ("captured".to_owned(), 1),
            MovementKind::Refund(id) => (refunded(id), 1),
            MovementKind::RefundFailed(id) => (refunded(id), -1),
            MovementKind::DisputeWithdrawn(id) => (id.to_string(), 1),
            MovementKind::DisputeReinstated(id) => (id.to_string(), -1),
            MovementKind::Fee(_) => ("fee".to_owned(), 1),
            MovementKind::FeeReturned(_) => ("fee".to_owned(), -1),
        };
        add(&mut sums, name, row.movement.amount, sign);
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

fn sums(position: &Position) -> Sums {
    let mut sums = Sums::new();
    position.captured.iter().for_each(|amount| add(&mut sums, "captured".to_owned(), *amount, 1));
    position.refunded.iter().for_each(|(id, amount)| add(&mut sums, refunded(id), *amount, 1));
    position.disputed.iter().for_each(|(id, amount)| add(&mut sums, id.to_string(), *amount, 1));
    position.settlement.iter().for_each(|settled| add(&mut sums, "fee".to_owned(), settled.fee, 1));
    sums.retain(|_, sum| *sum != 0);
    sums
}

fn refunded(id: &RefundId) -> String {
    id.to_string()
}

/// Of one currency each: what is of another has another name.
fn add(sums: &mut Sums, name: String, amount: Money, sign: i64) {
    let sum = sums.entry(format!("{name} {}", amount.currency().code())).or_default();
    *sum = sum.saturating_add(amount.minor_units().saturating_mul(sign));
}
