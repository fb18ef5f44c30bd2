//! The endpoints and the deliveries of the table's twin, kept as they are stored.

use std::collections::BTreeMap;

use adapters::dynamo::{Item, row};
use domain::{
    id::RowId,
    time::Timestamp,
    webhook::{Delivery, DeliveryId, Endpoints},
};
use flow::ports::{
    DuePlace, Error,
    webhook::{
        CreateDelivery, DeliveryCreated, DeliveryReplaced, DeliveryWrite, EndpointsReplaced, EndpointsWrite,
        LoadDelivery, LoadEndpoints, ReplaceDelivery, ReplaceEndpoints,
    },
};

use super::{Call, DUE_PARTITION, Inner, MemoryStore, missing};

/// The attribute by which DynamoDB deletes rows.
const EXPIRES: &str = "ttl";

/// The rows of deliveries, and that of the endpoints.
#[derive(Debug, Default)]
pub(super) struct Rows {
    deliveries: BTreeMap<DeliveryId, Row>,
    endpoints: Option<Item>,
    /// What happened to each delivery, oldest first.
    story: Vec<(DeliveryId, String)>,
}

#[derive(Debug)]
struct Row {
    /// As it is stored.
    item: Item,
    /// As it is read.
    delivery: Delivery,
}

/// What a write's condition came to.
enum Put {
    Written,
    Stands(Option<Box<Delivery>>),
}

impl Rows {
    /// The places of all that are due in the index of due rows, with their partitions.
    pub(super) fn due_entries(&self) -> impl Iterator<Item = (DuePlace, String)> {
        self.deliveries.values().filter_map(Row::due_entry)
    }
}

impl Row {
    fn laid_out(write: &DeliveryWrite<'_>) -> Self {
        let item = row::delivery::lay_out(write);
        let delivery = read(row::delivery::read(&item));
        Self { item, delivery }
    }

    /// The second from which on DynamoDB may delete it, as template.yaml has it told.
    fn expires(&self) -> Option<i64> {
        self.item.get(EXPIRES)?.as_n().ok()?.parse().ok()
    }

    fn due_entry(&self) -> Option<(DuePlace, String)> {
        let partition = self.item.get(DUE_PARTITION)?.as_s().ok()?.clone();
        Some((DuePlace { due: self.delivery.due?, id: RowId::Delivery(self.delivery.id.clone()) }, partition))
    }
}

#[expect(clippy::panic, reason = "a row that is written and cannot be read is lost: whatever test did it has failed")]
fn read<T, E: std::fmt::Display>(read: Result<T, E>) -> T {
    match read {
        Ok(value) => value,
        Err(unfit) => panic!("what was written cannot be read: {unfit}"),
    }
}

impl Inner {
    fn put_delivery(&mut self, write: &DeliveryWrite<'_>, condition: impl Fn(Option<&Delivery>) -> bool) -> Put {
        let stands = self.webhooks.deliveries.get(&write.delivery.id);
        if !condition(stands.map(|row| &row.delivery)) {
            return match stands {
                Some(row) if row::delivery::is_written_by(&row.item, write) => Put::Written,
                stands => Put::Stands(stands.map(|row| Box::new(row.delivery.clone()))),
            };
        }
        let before = stands.and_then(Row::due_entry);
        let row = Row::laid_out(write);
        if self.index_is_held {
            self.index_is_behind = true;
        } else {
            if let Some((place, _)) = before {
                self.due.remove(&place);
            }
            self.due.extend(row.due_entry());
        }
        let id = &write.delivery.id;
        self.webhooks.story.push((id.clone(), write.event.to_owned()));
        self.webhooks.deliveries.insert(id.clone(), row);
        Put::Written
    }

    fn endpoints(&self) -> Endpoints {
        self.webhooks.endpoints.as_ref().map(|item| read(row::endpoints::read(item))).unwrap_or_default()
    }
}

impl MemoryStore {
    /// A delivery as it stands, seen without a call that could go wrong.
    #[must_use]
    pub fn delivery(&self, id: &DeliveryId) -> Option<Delivery> {
        self.inner().webhooks.deliveries.get(id).map(|row| row.delivery.clone())
    }

    /// All deliveries, seen without a call that could go wrong.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.inner().webhooks.deliveries.values().map(|row| row.delivery.clone()).collect()
    }

    /// DynamoDB deletes what it was told to delete by now; it is never asked, and comes when it likes.
    pub fn expire(&self, now: Timestamp) {
        self.inner()
            .webhooks
            .deliveries
            .retain(|_, row| row.expires().is_none_or(|at| now.unix_ms().div_euclid(1_000) < at));
    }

    /// What happened to a delivery, in the words that were written down, oldest first.
    #[must_use]
    pub fn delivery_events(&self, id: &DeliveryId) -> Vec<String> {
        let inner = self.inner();
        inner.webhooks.story.iter().filter(|(of, _)| of == id).map(|(_, event)| event.clone()).collect()
    }

    /// When the delivery is due that is due first; seen without a call that could go wrong.
    #[must_use]
    pub fn earliest_delivery(&self) -> Option<Timestamp> {
        self.inner().webhooks.deliveries.values().filter_map(|row| row.delivery.due).min()
    }

    /// The merchant's endpoints as they stand, seen without a call that could go wrong.
    #[must_use]
    pub fn endpoints(&self) -> Endpoints {
        self.inner().endpoints()
    }
}

impl LoadEndpoints for MemoryStore {
    async fn load_endpoints(&self) -> Result<Endpoints, Error> {
        self.call(Call::Load, |inner| Ok(inner.endpoints())).await
    }
}

impl ReplaceEndpoints for MemoryStore {
    async fn replace_endpoints(&self, write: &EndpointsWrite<'_>) -> Result<EndpointsReplaced, Error> {
        let item = row::endpoints::lay_out(write)?;
        self.call(Call::Write, |inner| {
            let stands = inner.endpoints();
            if stands.version.checked_add(1) == Some(write.endpoints.version) {
                read(row::endpoints::read(&item));
                inner.webhooks.endpoints = Some(item.clone());
                return Ok(EndpointsReplaced::Replaced);
            }
            match &inner.webhooks.endpoints {
                Some(row) if row::endpoints::is_written_by(row, write) => Ok(EndpointsReplaced::Replaced),
                Some(_) => Ok(EndpointsReplaced::Conflict(stands)),
                None => Err(missing()),
            }
        })
        .await
    }
}

impl LoadDelivery for MemoryStore {
    async fn load_delivery(&self, id: &DeliveryId) -> Result<Option<Delivery>, Error> {
        self.call(Call::Load, |inner| Ok(inner.webhooks.deliveries.get(id).map(|row| row.delivery.clone()))).await
    }

    async fn load_deliveries(&self, ids: &[DeliveryId]) -> Result<Vec<Delivery>, Error> {
        self.call(Call::Load, |inner| {
            let found = ids.iter().filter_map(|id| inner.webhooks.deliveries.get(id));
            // In another order than they were asked for, as DynamoDB may give them.
            Ok(found.rev().map(|row| row.delivery.clone()).collect())
        })
        .await
    }
}

impl CreateDelivery for MemoryStore {
    async fn create_delivery(&self, write: &DeliveryWrite<'_>) -> Result<DeliveryCreated, Error> {
        self.call(Call::Write, |inner| match inner.put_delivery(write, |stands| stands.is_none()) {
            Put::Written => Ok(DeliveryCreated::Created),
            Put::Stands(Some(delivery)) => Ok(DeliveryCreated::Exists(delivery)),
            Put::Stands(None) => Err(missing()),
        })
        .await
    }
}

impl ReplaceDelivery for MemoryStore {
    async fn replace_delivery(&self, write: &DeliveryWrite<'_>) -> Result<DeliveryReplaced, Error> {
        let is_before = |stands: Option<&Delivery>| {
            stands.is_some_and(|stands| stands.version.checked_add(1) == Some(write.delivery.version))
        };
        self.call(Call::Write, |inner| match inner.put_delivery(write, is_before) {
            Put::Written => Ok(DeliveryReplaced::Replaced),
            Put::Stands(Some(delivery)) => Ok(DeliveryReplaced::Conflict(delivery)),
            Put::Stands(None) => Err(missing()),
        })
        .await
    }
}
