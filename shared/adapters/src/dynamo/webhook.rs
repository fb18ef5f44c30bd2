//! Endpoints and deliveries in the table: rows of their own, written as payments are, whole and on a condition.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use domain::webhook::{Delivery, DeliveryId, Endpoints};
use flow::ports::{
    Error,
    webhook::{
        CreateDelivery, DeliveryCreated, DeliveryReplaced, DeliveryWrite, EndpointsReplaced, EndpointsWrite,
        LoadDelivery, LoadEndpoints, ReplaceDelivery, ReplaceEndpoints,
    },
};

use super::{Condition, PaymentTable, attributes::Item, failure, keys, row};

/// What a conditional write came to.
enum Put {
    Written,
    Stands(Item),
}

impl PaymentTable {
    async fn put_item(&self, item: Item, condition: Condition) -> Result<Put, Error> {
        let Err(failed) = condition.put_on(self.put_of(item)).send().await else { return Ok(Put::Written) };
        let Some(PutItemError::ConditionalCheckFailedException(refused)) = failed.as_service_error() else {
            return Err(failure::of_call(&failed));
        };
        let missing = || Error::Unreadable { detail: "there is no row to replace".to_owned() };
        refused.item().cloned().map(Put::Stands).ok_or_else(missing)
    }

    async fn put_delivery(&self, write: &DeliveryWrite<'_>, condition: Condition) -> Result<Option<Delivery>, Error> {
        match self.put_item(row::delivery::lay_out(write), condition).await? {
            Put::Written => Ok(None),
            Put::Stands(stands) if row::delivery::is_written_by(&stands, write) => Ok(None),
            Put::Stands(stands) => Ok(Some(row::delivery::read(&stands)?)),
        }
    }
}

impl LoadEndpoints for PaymentTable {
    async fn load_endpoints(&self) -> Result<Endpoints, Error> {
        let asked =
            self.client.get_item().table_name(&self.name).key(keys::PK, keys::of_endpoints()).consistent_read(true);
        let answer = asked.send().await.map_err(|failed| failure::of_call(&failed))?;
        let endpoints = answer.item().map(row::endpoints::read).transpose()?;
        Ok(endpoints.unwrap_or_default())
    }
}

impl ReplaceEndpoints for PaymentTable {
    async fn replace_endpoints(&self, write: &EndpointsWrite<'_>) -> Result<EndpointsReplaced, Error> {
        let condition = match write.endpoints.version.checked_sub(1) {
            None | Some(0) => Condition::IsNotThere,
            Some(before) => Condition::HasVersion(before),
        };
        Ok(match self.put_item(row::endpoints::lay_out(write)?, condition).await? {
            Put::Written => EndpointsReplaced::Replaced,
            Put::Stands(stands) if row::endpoints::is_written_by(&stands, write) => EndpointsReplaced::Replaced,
            Put::Stands(stands) => EndpointsReplaced::Conflict(row::endpoints::read(&stands)?),
        })
    }
}

impl LoadDelivery for PaymentTable {
    async fn load_delivery(&self, id: &DeliveryId) -> Result<Option<Delivery>, Error> {
        let asked =
            self.client.get_item().table_name(&self.name).key(keys::PK, keys::of_delivery(id)).consistent_read(true);
        let answer = asked.send().await.map_err(|failed| failure::of_call(&failed))?;
        answer.item().map(row::delivery::read).transpose().map_err(Error::from)
    }

    async fn load_deliveries(&self, ids: &[DeliveryId]) -> Result<Vec<Delivery>, Error> {
        let rows = self.rows_of(ids.iter().map(keys::of_delivery).collect()).await?;
        rows.iter().map(|item| row::delivery::read(item).map_err(Error::from)).collect()
    }
}

impl CreateDelivery for PaymentTable {
    async fn create_delivery(&self, write: &DeliveryWrite<'_>) -> Result<DeliveryCreated, Error> {
        Ok(match self.put_delivery(write, Condition::IsNotThere).await? {
            None => DeliveryCreated::Created,
            Some(stands) => DeliveryCreated::Exists(Box::new(stands)),
        })
    }
}

impl ReplaceDelivery for PaymentTable {
    async fn replace_delivery(&self, write: &DeliveryWrite<'_>) -> Result<DeliveryReplaced, Error> {
        let before = write.delivery.version.saturating_sub(1);
        Ok(match self.put_delivery(write, Condition::HasVersion(before)).await? {
            None => DeliveryReplaced::Replaced,
            Some(stands) => DeliveryReplaced::Conflict(Box::new(stands)),
        })
    }
}
