//! The table: one row per payment, per dispute, per warning, per delivery and per person, one for all endpoints, and every change one
//! conditional write; beside them, written after the fact, the rows that tell of the changes ([`timeline`], and the [`stream`] that they are read
//! from). One row more is for people to write: the switch that stops money from moving ([`pause`]);
//! and declines are counted in rows that go when their hour is over ([`brake`]).
//!
//! Phases of a write: the whole row is laid out ([`row`]); DynamoDB writes it only if the row that stands is the one
//! that was decided on; if it is not, DynamoDB shows the row that stands in the same answer, which costs no read.
//! A row that stands and bears our own `last_writer` is this very write, sent twice by the SDK: it has succeeded.
//!
//! The indexes tell where to look: [`due`] for the sweep, [`list`] for people.
//!
//! Must never: write without a condition, change a part of a row (the row would be a mix of two decisions) but where declines are counted, decide
//! anything on an index, or put a stored value into an error.
//!
//! How a row is laid out can be asked without a table ([`row`]): a twin that kept rows in another way would prove nothing
//! of those that stand in tables.

mod attributes;
mod brake;
mod dispute;
mod due;
mod failure;
mod keyring;
mod keys;
mod list;
mod pause;
pub mod row;
pub mod stream;
mod timeline;
mod warning;
mod webhook;
mod words;

use std::sync::Arc;

use aws_sdk_dynamodb::{
    Client,
    operation::put_item::{PutItemError, builders::PutItemFluentBuilder},
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use domain::{id::TransactionId, payment::Payment};
use flow::ports::{
    CreatePayment, Created, Error, LoadPayment, ReplacePayment, Replaced, Write, pause::LoadPauses as _,
};

use crate::host;

pub use self::{
    attributes::{Item, Unfit},
    keys::due_partition_name,
};

/// The payments, disputes and warnings in a DynamoDB table.
#[derive(Debug, Clone)]
pub struct PaymentTable {
    client: Client,
    name: String,
    pauses: Arc<pause::Seen>,
}

impl PaymentTable {
    /// The table called `name`.
    #[must_use]
    pub fn new(client: Client, name: String) -> Self {
        Self { client, name, pauses: Arc::default() }
    }

    /// Opens the connection, so that the first request need not. Asks what is paused, which the first request wants to know,
    /// and does not care for the answer: a role that may not read gets a refusal, over a connection that is open all the same.
    pub async fn warm(&self) {
        drop(self.load_pauses(host::now()).await);
    }

    /// A write of this row, which shows the row that stands if that is not as it must be.
    fn put_of(&self, item: Item) -> PutItemFluentBuilder {
        self.client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// Writes the whole row on a condition.
    async fn put(&self, write: &Write<'_>, condition: Condition) -> Result<Put, Error> {
        let put = self.put_of(row::lay_out(write)?);
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

#[cfg(test)]
mod tests;
