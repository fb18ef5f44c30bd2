//! Disputes in the table: rows of their own, written as payments are, whole and on a condition.

use std::collections::HashMap;

use aws_sdk_dynamodb::{operation::put_item::PutItemError, types::AttributeValue};
use domain::dispute::{Dispute, DisputeId, Status};
use flow::ports::{
    Error,
    dispute::{CreateDispute, Created, ListDisputes, LoadDispute, Page, Place, ReplaceDispute, Replaced, Write},
};

use super::{
    Condition, PaymentTable,
    attributes::{Attributes, Item},
    failure, keys, row,
};

enum Put {
    Written,
    Stands(Box<Dispute>),
}

impl PaymentTable {
    async fn put_dispute(&self, write: &Write<'_>, condition: Condition) -> Result<Put, Error> {
        let put = self.put_of(row::dispute::lay_out(write)?);
        let Err(failed) = condition.put_on(put).send().await else { return Ok(Put::Written) };
        let Some(PutItemError::ConditionalCheckFailedException(refused)) = failed.as_service_error() else {
            return Err(failure::of_call(&failed));
        };
        match refused.item() {
            Some(stands) if row::dispute::is_written_by(stands, write) => Ok(Put::Written),
            Some(stands) => Ok(Put::Stands(Box::new(row::dispute::read(stands)?))),
            None => Err(Error::Unreadable { detail: "there is no row to replace".to_owned() }),
        }
    }
}

impl LoadDispute for PaymentTable {
    async fn load_dispute(&self, id: &DisputeId) -> Result<Option<Dispute>, Error> {
        let asked =
            self.client.get_item().table_name(&self.name).key(keys::PK, keys::of_dispute(id)).consistent_read(true);
        let answer = asked.send().await.map_err(|failed| failure::of_call(&failed))?;
        answer.item().map(row::dispute::read).transpose().map_err(Error::from)
    }
}

impl CreateDispute for PaymentTable {
    async fn create_dispute(&self, write: &Write<'_>) -> Result<Created, Error> {
        Ok(match self.put_dispute(write, Condition::IsNotThere).await? {
            Put::Written => Created::Created,
            Put::Stands(dispute) => Created::Exists(dispute),
        })
    }
}

impl ReplaceDispute for PaymentTable {
    async fn replace_dispute(&self, write: &Write<'_>) -> Result<Replaced, Error> {
        let before = write.dispute.version.saturating_sub(1);
        Ok(match self.put_dispute(write, Condition::HasVersion(before)).await? {
            Put::Written => Replaced::Replaced,
            Put::Stands(dispute) => Replaced::Conflict(dispute),
        })
    }
}

impl ListDisputes for PaymentTable {
    async fn list_disputes(&self, status: Status, after: Option<&Place>, limit: u32) -> Result<Page, Error> {
        // Everything that sorts after nothing is everything.
        let after = after.map_or_else(|| " ".to_owned(), keys::dispute_order);
        let asked = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(keys::DISPUTE_INDEX)
            .key_condition_expression("#partition = :partition AND #order > :after")
            .expression_attribute_names("#partition", keys::DISPUTE_PARTITION)
            .expression_attribute_names("#order", keys::DISPUTE_ORDER)
            .expression_attribute_values(":partition", AttributeValue::S(keys::dispute_partition(status)))
            .expression_attribute_values(":after", AttributeValue::S(after))
            .scan_index_forward(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let answer = asked.send().await.map_err(|failed| failure::of_call(&failed))?;
        let (mut page, mut places) = (Page::default(), Vec::new());
        for entry in answer.items() {
            match keys::read_dispute_place(&Attributes::of(entry)) {
                Ok(place) => places.push(place),
                Err(_) => page.unreadable = page.unreadable.saturating_add(1),
            }
        }
        page.next = places.last().filter(|_| answer.last_evaluated_key().is_some()).cloned();
        let mut rows = self.dispute_rows(&places).await?;
        for place in &places {
            match rows.remove(place.id.as_str()).map(|item| row::dispute::read(&item)) {
                Some(Ok(dispute)) => page.disputes.push(dispute),
                Some(Err(_)) | None => page.unreadable = page.unreadable.saturating_add(1),
            }
        }
        Ok(page)
    }
}

impl PaymentTable {
    /// The rows at these places, by their ids.
    async fn dispute_rows(&self, places: &[Place]) -> Result<HashMap<String, Item>, Error> {
        let rows = self.rows_of(places.iter().map(|place| keys::of_dispute(&place.id)).collect()).await?;
        let named = rows.into_iter().map(|item| {
            let id = keys::read_dispute_id(&Attributes::of(&item))?;
            Ok((id.as_str().to_owned(), item))
        });
        named.collect::<Result<_, super::Unfit>>().map_err(Error::from)
    }
}
