//! Early fraud warnings in the table: rows of their own, written as payments are, whole and on a condition.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use domain::warning::{Warning, WarningId};
use flow::ports::{
    Error,
    warning::{LoadWarning, Write, WriteWarning, Written},
};

use super::{Condition, PaymentTable, failure, keys, row};

impl LoadWarning for PaymentTable {
    async fn load_warning(&self, id: &WarningId) -> Result<Option<Warning>, Error> {
        let asked =
            self.client.get_item().table_name(&self.name).key(keys::PK, keys::of_warning(id)).consistent_read(true);
        let answer = asked.send().await.map_err(|failed| failure::of_call(&failed))?;
        answer.item().map(row::warning::read).transpose().map_err(Error::from)
    }
}

impl WriteWarning for PaymentTable {
    async fn write_warning(&self, write: &Write<'_>) -> Result<Written, Error> {
        let condition = match write.warning.version.checked_sub(1) {
            None | Some(0) => Condition::IsNotThere,
            Some(before) => Condition::HasVersion(before),
        };
        let put = self.put_of(row::warning::lay_out(write));
        let Err(failed) = condition.put_on(put).send().await else { return Ok(Written::Written) };
        let Some(PutItemError::ConditionalCheckFailedException(refused)) = failed.as_service_error() else {
            return Err(failure::of_call(&failed));
        };
        match refused.item() {
            Some(stands) if row::warning::is_written_by(stands, write) => Ok(Written::Written),
            Some(stands) => Ok(Written::Conflict(Box::new(row::warning::read(stands)?))),
            None => Err(Error::Unreadable { detail: "there is no row to replace".to_owned() }),
        }
    }
}
