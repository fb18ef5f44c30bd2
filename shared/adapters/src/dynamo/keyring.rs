//! People's keys in the table: a row for each person, written as payments are, whole and on a condition.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use domain::personal::{Keyring, PersonId};
use flow::ports::{
    Error,
    personal::{LoadKeyring, SaveKeyring, Saved, Write},
};

use super::{Condition, PaymentTable, failure, keys, row};

impl LoadKeyring for PaymentTable {
    async fn load_keyring(&self, person: &PersonId) -> Result<Option<Keyring>, Error> {
        let asked =
            self.client.get_item().table_name(&self.name).key(keys::PK, keys::of_person(person)).consistent_read(true);
        let answer = asked.send().await.map_err(|failed| failure::of_call(&failed))?;
        answer.item().map(row::keyring::read).transpose().map_err(Error::from)
    }
}

impl SaveKeyring for PaymentTable {
    async fn save_keyring(&self, write: &Write<'_>) -> Result<Saved, Error> {
        let condition = match write.keyring.version.checked_sub(1) {
            None | Some(0) => Condition::IsNotThere,
            Some(before) => Condition::HasVersion(before),
        };
        let put = self.put_of(row::keyring::lay_out(write));
        let Err(failed) = condition.put_on(put).send().await else { return Ok(Saved::Saved) };
        let Some(PutItemError::ConditionalCheckFailedException(refused)) = failed.as_service_error() else {
            return Err(failure::of_call(&failed));
        };
        match refused.item() {
            Some(stands) if row::keyring::is_written_by(stands, write) => Ok(Saved::Saved),
            Some(stands) => Ok(Saved::Conflict(Box::new(row::keyring::read(stands)?))),
            None => Err(Error::Unreadable { detail: "there is no row to replace".to_owned() }),
        }
    }
}
