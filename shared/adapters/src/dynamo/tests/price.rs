//! What a usual payment costs at DynamoDB: what its own row takes, and each call that telling of it makes, with the units for it. Decision
//! 0029 says what telling takes, and `cargo xtask cost` reckons with all of it (its tests read these numbers here).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use domain::{
    id::RowId,
    journal::Movement,
    timeline::{Entry, EventId, Image, Known},
    webhook::{Delivery, DeliveryId, Endpoints, Interest},
};
use expect_test::expect;
use flow::{
    operations::{
        deliver::deliver,
        publish::{Listeners, publish},
        webhook_endpoint::register,
    },
    ports::{
        Error,
        timeline::{Event, FindEntries, LoadEvent, Moved, PutEntry, PutMovement},
        webhook::{
            CreateDelivery, DeliveryCreated, DeliveryReplaced, DeliveryWrite, EndpointsReplaced, EndpointsWrite,
            LoadDelivery, LoadEndpoints, ReplaceDelivery, ReplaceEndpoints,
        },
    },
};
use world::{
    merchant::Merchant,
    post::registration,
    queue::MemoryQueue,
    shop::{Shop, card, client, order},
    store::MemoryStore,
    telling::{MemoryBus, YEAR, body},
    turns::block_on,
};

use super::{laid_out, size::size_of_item};
use crate::dynamo::{attributes::Item, row};

/// The keys of the table's indexes, each in its partition and its order. Their entries hold keys only, so that each is one unit.
const INDEXES: [[&str; 2]; 4] = [["dp", "du"], ["yp", "ca"], ["ref", "ca"], ["xp", "xd"]];

/// The twin, with the table's prices: a strongly consistent read is a unit for each four kilobytes, and what stands in telling's rows is
/// less; a write is a unit for each kilobyte, and one for each entry of an index that comes or goes.
#[derive(Default)]
struct Priced {
    store: MemoryStore,
    bill: Mutex<Bill>,
}

#[derive(Default)]
struct Bill {
    read_units: usize,
    writes: usize,
    write_units: usize,
    index_units: usize,
    rows: HashMap<String, Item>,
}

impl Priced {
    fn reads(&self, rows: usize) {
        self.bill.lock().unwrap_or_else(PoisonError::into_inner).read_units += rows;
    }

    fn writes(&self, item: Item) {
        let bill = &mut *self.bill.lock().unwrap_or_else(PoisonError::into_inner);
        let before = bill.rows.remove(item["pk"].as_s().unwrap()).unwrap_or_default();
        bill.writes += 1;
        bill.write_units += size_of_item(&item).max(size_of_item(&before)).div_ceil(1_024);
        for index in INDEXES {
            let entry = |row: &Item| Some(index.map(|name| row.get(name).cloned())).filter(|keys| keys[0].is_some());
            let (before, after) = (entry(&before), entry(&item));
            if before != after {
                bill.index_units += usize::from(before.is_some()) + usize::from(after.is_some());
            }
        }
        bill.rows.insert(item["pk"].as_s().unwrap().clone(), item);
    }

    /// What was asked since this was last called.
    fn taken(&self) -> String {
        let bill = &mut *self.bill.lock().unwrap_or_else(PoisonError::into_inner);
        let [read, writes, units, index] =
            [&mut bill.read_units, &mut bill.writes, &mut bill.write_units, &mut bill.index_units].map(std::mem::take);
        format!("{read} read units; {writes} writes of {units} units, and {index} for the indexes")
    }
}

impl FindEntries for Priced {
    async fn find_entries(&self, ids: &[EventId]) -> Result<Vec<EventId>, Error> {
        self.reads(ids.len());
        self.store.find_entries(ids).await
    }

    async fn known_of(&self, id: &EventId) -> Result<Option<Known>, Error> {
        self.reads(1);
        self.store.known_of(id).await
    }
}

impl PutEntry for Priced {
    async fn put_entry(&self, entry: &Entry, body: Option<&[u8]>) -> Result<(), Error> {
        self.writes(row::entry::lay_out(entry, body)?);
        self.store.put_entry(entry, body).await
    }
}

impl PutMovement for Priced {
    async fn put_movement(&self, of: &Moved<'_>, movement: &Movement) -> Result<(), Error> {
        self.writes(row::movement::lay_out(of, movement)?);
        self.store.put_movement(of, movement).await
    }
}

impl LoadEvent for Priced {
    async fn load_event(&self, id: &EventId) -> Result<Option<Event>, Error> {
        self.reads(1);
        self.store.load_event(id).await
    }
}

impl CreateDelivery for Priced {
    async fn create_delivery(&self, write: &DeliveryWrite<'_>) -> Result<DeliveryCreated, Error> {
        self.writes(row::delivery::lay_out(write));
        self.store.create_delivery(write).await
    }
}

impl ReplaceDelivery for Priced {
    async fn replace_delivery(&self, write: &DeliveryWrite<'_>) -> Result<DeliveryReplaced, Error> {
        self.writes(row::delivery::lay_out(write));
        self.store.replace_delivery(write).await
    }
}

impl LoadDelivery for Priced {
    async fn load_delivery(&self, id: &DeliveryId) -> Result<Option<Delivery>, Error> {
        self.reads(1);
        self.store.load_delivery(id).await
    }

    async fn load_deliveries(&self, ids: &[DeliveryId]) -> Result<Vec<Delivery>, Error> {
        self.reads(ids.len());
        self.store.load_deliveries(ids).await
    }
}

impl LoadEndpoints for Priced {
    async fn load_endpoints(&self) -> Result<Endpoints, Error> {
        self.reads(1);
        self.store.load_endpoints().await
    }
}

impl ReplaceEndpoints for Priced {
    async fn replace_endpoints(&self, write: &EndpointsWrite<'_>) -> Result<EndpointsReplaced, Error> {
        self.store.replace_endpoints(write).await
    }
}

/// Each change is a batch of its own, as in a shop where little happens: that is the dearest.
#[test]
fn what_telling_of_a_usual_payment_costs_is_what_decision_0029_says() {
    block_on(async {
        let shop = Shop::new();
        let id = shop.opened(order("order")).await.id;
        shop.confirmed(&id, card("card")).await;
        shop.deliver_events().await;
        let (priced, bus, queue, merchant) =
            (Priced::default(), MemoryBus::default(), MemoryQueue::default(), Merchant::default());
        let host = shop.host();
        register(host, &priced.store, registration("one", Interest::All), &client()).await.unwrap();
        let changes = shop.store().stream_after(0);
        for change in &changes {
            let endpoints = priced.load_endpoints().await.unwrap();
            let listeners = Listeners { endpoints: &endpoints, bus: &bus, nudges: &queue };
            let told = publish(host, &priced, listeners, YEAR, body, std::slice::from_ref(change)).await;
            assert_eq!((told.told, told.failure), (1, None));
        }
        let publishing = priced.taken();
        let nudged = queue.drain();
        for nudge in &nudged {
            let RowId::Delivery(id) = &nudge.id else { panic!("{nudge:?}") };
            drop(deliver(host, &priced, &merchant, id).await.unwrap());
        }
        let delivering = priced.taken();
        assert_eq!(merchant.heard().len(), nudged.len());
        let sizes: Vec<usize> = priced.store.events().iter().map(|event| event.body.len()).collect();
        let told = format!(
            "{} changes, {} events of {sizes:?} bytes, {} movements of money\npublish: {publishing}\ndeliver: {delivering}\n",
            changes.len(),
            bus.events().len(),
            priced.store.journal().len(),
        );
        expect![[r#"
            3 changes, 3 events of [735, 837, 913] bytes, 2 movements of money
            publish: 8 read units; 8 writes of 9 units, and 8 for the indexes
            deliver: 9 read units; 6 writes of 6 units, and 9 for the indexes
        "#]]
        .assert_eq(&told);
    });
}

/// Opened, confirmed at once with a card, and heard of once: three writes of one row, and the reads before them.
#[test]
fn what_a_usual_payments_own_row_takes() {
    block_on(async {
        let shop = Shop::new();
        let id = shop.opened(order("order")).await.id;
        shop.confirmed(&id, card("card")).await;
        shop.deliver_events().await;
        let reads = shop.tally().take().reads;
        let (priced, changes) = (Priced::default(), shop.store().stream_after(0));
        for change in &changes {
            let Image::Payment(payment) = &change.after.image else { panic!("{change:?}") };
            priced.writes(laid_out(payment));
        }
        priced.reads(usize::try_from(reads).unwrap());
        let largest = priced.bill.lock().unwrap().rows.values().map(size_of_item).max();
        let told = format!("{} changes, {largest:?} bytes\nown row: {}\n", changes.len(), priced.taken());
        expect![[r#"
            3 changes, Some(504) bytes
            own row: 2 read units; 3 writes of 3 units, and 5 for the indexes
        "#]]
        .assert_eq(&told);
    });
}
