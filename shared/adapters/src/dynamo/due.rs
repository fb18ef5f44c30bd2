//! The `due` index: which rows somebody must look at. Keys only, and always a little behind the rows.

use aws_sdk_dynamodb::types::{AttributeValue, Select};
use flow::ports::{DuePage, DuePartition, DuePlace, DueWindow, Error, FindDue};

use super::{
    PaymentTable,
    attributes::{Attributes, Item, Unfit},
    failure, keys,
};

impl FindDue for PaymentTable {
    async fn find_due(
        &self,
        partition: DuePartition,
        window: DueWindow,
        after: Option<DuePlace>,
        limit: u32,
    ) -> Result<DuePage, Error> {
        let asked = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(keys::DUE_INDEX)
            .key_condition_expression("#partition = :partition AND #due BETWEEN :from AND :until")
            .expression_attribute_names("#partition", keys::DUE_PARTITION)
            .expression_attribute_names("#due", keys::DUE)
            .expression_attribute_values(":partition", AttributeValue::S(keys::due_partition_name(partition)))
            .expression_attribute_values(":from", AttributeValue::N(window.from.unix_ms().to_string()))
            .expression_attribute_values(":until", AttributeValue::N(window.until.unix_ms().to_string()))
            .scan_index_forward(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(after.map(|place| keys::of_due_place(partition, &place)));
        let answer = asked.send().await.map_err(|failed| failure::of_call(&failed))?;
        Ok(page(answer.items(), answer.last_evaluated_key().is_some())?)
    }

    async fn count(&self, partition: DuePartition) -> Result<usize, Error> {
        // One page: a megabyte of keys is some ten thousand rows, and by then every alarm has gone off.
        let asked = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(keys::DUE_INDEX)
            .select(Select::Count)
            .key_condition_expression("#partition = :partition")
            .expression_attribute_names("#partition", keys::DUE_PARTITION)
            .expression_attribute_values(":partition", AttributeValue::S(keys::due_partition_name(partition)));
        let answer = asked.send().await.map_err(|failed| failure::of_call(&failed))?;
        Ok(usize::try_from(answer.count()).unwrap_or(0))
    }
}

/// A page of the index. An entry that cannot be read is counted and passed over: one row that somebody broke must not
/// hide the others that are due.
pub(super) fn page(entries: &[Item], there_may_be_more: bool) -> Result<DuePage, Unfit> {
    let (places, unfit): (Vec<_>, Vec<_>) =
        entries.iter().map(|entry| keys::read_due_place(&Attributes::of(entry))).partition(Result::is_ok);
    let rows: Vec<DuePlace> = places.into_iter().flatten().collect();
    // The entries are the keys themselves, so the last of them is where the next page begins.
    let next = rows.last().filter(|_| there_may_be_more).cloned();
    let unreadable = unfit.len();
    match unfit.into_iter().find_map(Result::err) {
        Some(why) if there_may_be_more && next.is_none() => Err(why),
        Some(_) | None => Ok(DuePage { rows, next, unreadable }),
    }
}
