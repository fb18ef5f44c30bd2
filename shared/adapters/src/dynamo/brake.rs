//! Declines in the table: a row for each hour and each mark that was declined in it. They are the one kind of row of which a part is
//! changed, without a condition: an attempt is added to a set, and adding it again changes nothing.
//!
//! Must never: keep a payer waiting. What takes longer than a moment has failed.

use std::future::Future;
use std::time::Duration;

use domain::brake::{DeclinedAttempt, Hour, Mark};
use flow::ports::{Dependency, Error, brake::CountDeclines};
use futures_util::future::try_join_all;

use super::{PaymentTable, failure, keys, row};

/// DynamoDB answers within 20 ms. A payer waits for that and for the gateway, and no longer for the sake of a brake.
const PATIENCE: Duration = Duration::from_secs(1);

impl CountDeclines for PaymentTable {
    async fn declines(&self, of: &[Mark], hour: Hour) -> Result<Vec<u32>, Error> {
        let keys: Vec<_> = of.iter().map(|mark| keys::of_declines(mark, hour)).collect();
        let rows = in_a_moment(self.rows_of(keys.clone())).await?;
        let count = |key| rows.iter().find(|row| row.get(keys::PK) == Some(key)).map_or(0, row::declines::count);
        Ok(keys.iter().map(count).collect())
    }

    async fn count_decline(&self, against: &[Mark], hour: Hour, attempt: &DeclinedAttempt) -> Result<(), Error> {
        let adds = against.iter().map(|mark| async move {
            let added = self
                .client
                .update_item()
                .table_name(&self.name)
                .key(keys::PK, keys::of_declines(mark, hour))
                .update_expression("ADD #declined :declined SET #expires = :expires")
                .expression_attribute_names("#declined", row::declines::DECLINED)
                .expression_attribute_names("#expires", row::declines::EXPIRES)
                .expression_attribute_values(":declined", row::declines::declined(attempt))
                .expression_attribute_values(":expires", row::declines::expires(hour));
            added.send().await.map(drop).map_err(|failed| failure::of_call(&failed))
        });
        in_a_moment(try_join_all(adds)).await.map(drop)
    }
}

async fn in_a_moment<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let late = |_| Error::Unavailable { dependency: Dependency::Store, detail: "too_slow_for_the_brake".to_owned() };
    tokio::time::timeout(PATIENCE, work).await.map_err(late)?
}
