//! The table: one row per payment, and every change one conditional write.
//!
//! Phases of a write: the whole row is laid out ([`row`]); DynamoDB writes it only if the row that stands is the one
//! that was decided on; if it is not, DynamoDB shows the row that stands in the same answer, which costs no read.
//! A row that stands and bears our own `last_writer` is this very write, sent twice by the SDK: it has succeeded.
//!
//! Must never: write without a condition, change a part of a row (the row would be a mix of two decisions), decide
//! anything on an index, or put a stored value into an error.

mod attributes;
mod failure;
mod keys;
mod row;
mod words;

use aws_sdk_dynamodb::{
    Client,
    operation::put_item::{PutItemError, builders::PutItemFluentBuilder},
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use domain::{id::TransactionId, payment::Payment, time::Timestamp};
use flow::ports::{
    CreatePayment, Created, DueCursor, DuePage, Error, FindDue, LoadPayment, ReplacePayment, Replaced, Write,
};

use self::attributes::Attributes;

/// The payments in a DynamoDB table.
#[derive(Debug, Clone)]
pub struct PaymentTable {
    client: Client,
    name: String,
}

impl PaymentTable {
    /// The table called `name`.
    #[must_use]
    pub const fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    /// Opens the connection, so that the first request need not. Asks for a row that does not exist, and does not care
    /// for the answer: a role that may not read gets a refusal, over a connection that is open all the same.
    pub async fn warm(&self) {
        let asked = self.client.get_item().table_name(&self.name).key(keys::PK, keys::of_no_payment());
        drop(asked.send().await);
    }

    /// Writes the whole row on a condition.
    async fn put(&self, write: &Write<'_>, condition: Condition) -> Result<Put, Error> {
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(row::lay_out(write)?))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(failed) = condition.put_on(put).send().await else { return Ok(Put::Written) };
        let Some(PutItemError::ConditionalCheckFailedException(refused)) = failed.as_service_error() else {
            return Err(failure::of_call(&failed));
        };
        match refused.item() {
            Some(stands) if row::is_written_by(stands, write) => Ok(Put::Written),
            Some(stands) => Ok(Put::Stands(Box::new(row::read(stands)?))),
            None => Err(Error::Unreadable { detail: "there is no row to replace".to_owned() }),
        }
    }
}

/// What the stored row must be for a write to go through.
enum Condition {
    IsNotThere,
    HasVersion(u64),
}

impl Condition {
    fn put_on(self, put: PutItemFluentBuilder) -> PutItemFluentBuilder {
        match self {
            Self::IsNotThere => {
                put.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", keys::PK)
            }
            Self::HasVersion(version) => put
                .condition_expression("#version = :version")
                .expression_attribute_names("#version", row::VERSION)
                .expression_attribute_values(":version", AttributeValue::N(version.to_string())),
        }
    }
}

/// What a conditional write came to.
enum Put {
    Written,
    Stands(Box<Payment>),
}

impl LoadPayment for PaymentTable {
    async fn load(&self, id: &TransactionId) -> Result<Option<Payment>, Error> {
        let asked =
            self.client.get_item().table_name(&self.name).key(keys::PK, keys::of_payment(id)).consistent_read(true);
        let answer = asked.send().await.map_err(|failed| failure::of_call(&failed))?;
        answer.item().map(row::read).transpose().map_err(Error::from)
    }
}

impl CreatePayment for PaymentTable {
    async fn create(&self, write: &Write<'_>) -> Result<Created, Error> {
        Ok(match self.put(write, Condition::IsNotThere).await? {
            Put::Written => Created::Created,
            Put::Stands(payment) => Created::Exists(payment),
        })
    }
}

impl ReplacePayment for PaymentTable {
    async fn replace(&self, write: &Write<'_>) -> Result<Replaced, Error> {
        let before = write.payment.version.saturating_sub(1);
        Ok(match self.put(write, Condition::HasVersion(before)).await? {
            Put::Written => Replaced::Replaced,
            Put::Stands(payment) => Replaced::Conflict(payment),
        })
    }
}

impl FindDue for PaymentTable {
    async fn find_due(
        &self,
        partition: u32,
        at: Timestamp,
        after: Option<DueCursor>,
        limit: u32,
    ) -> Result<DuePage, Error> {
        let asked = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(keys::DUE_INDEX)
            .key_condition_expression("#partition = :partition AND #due <= :at")
            .expression_attribute_names("#partition", keys::DUE_PARTITION)
            .expression_attribute_names("#due", keys::DUE)
            .expression_attribute_values(":partition", AttributeValue::S(partition.to_string()))
            .expression_attribute_values(":at", AttributeValue::N(at.unix_ms().to_string()))
            .scan_index_forward(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(after.map(|cursor| keys::of_cursor(partition, &cursor)));
        let answer = asked.send().await.map_err(|failed| failure::of_call(&failed))?;
        Ok(due_page(answer.items(), answer.last_evaluated_key().is_some())?)
    }
}

/// A page of the index. An entry that cannot be read is counted and passed over: one row that somebody broke must not
/// hide the others that are due.
fn due_page(entries: &[attributes::Item], there_may_be_more: bool) -> Result<DuePage, attributes::Unfit> {
    let (places, unfit): (Vec<_>, Vec<_>) =
        entries.iter().map(|entry| keys::read_cursor(&Attributes::of(entry))).partition(Result::is_ok);
    let places: Vec<DueCursor> = places.into_iter().flatten().collect();
    // The entries are the keys themselves, so the last of them is where the next page begins.
    let next = places.last().filter(|_| there_may_be_more).cloned();
    let unreadable = unfit.len();
    match unfit.into_iter().find_map(Result::err) {
        Some(why) if there_may_be_more && next.is_none() => Err(why),
        Some(_) | None => Ok(DuePage { ids: places.into_iter().map(|place| place.id).collect(), next, unreadable }),
    }
}

#[cfg(test)]
mod tests;
