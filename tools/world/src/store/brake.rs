//! The declines of the table's twin, kept as they are stored.

use std::collections::BTreeMap;

use adapters::dynamo::{Item, row};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::brake::{DeclinedAttempt, Hour, Mark};
use flow::ports::{Error, brake::CountDeclines};

use super::{Call, MemoryStore};

/// The rows of declines, by whom they are counted against and in which hour.
#[derive(Debug, Default)]
pub(super) struct Rows(BTreeMap<(Mark, Hour), Item>);

impl Rows {
    /// As DynamoDB adds to a set: what is there already is there once.
    fn add(&mut self, against: &Mark, hour: Hour, attempt: &DeclinedAttempt) {
        let row = self.0.entry((against.clone(), hour)).or_default();
        let Ok(mut added) = row::declines::declined(attempt).as_ss().cloned() else { return };
        let stood = row.get("dc").and_then(|value| value.as_ss().ok()).cloned().unwrap_or_default();
        added.retain(|attempt| !stood.contains(attempt));
        row.insert("dc".to_owned(), AttributeValue::Ss(stood.into_iter().chain(added).collect()));
        row.insert("ttl".to_owned(), row::declines::expires(hour));
    }
}

impl MemoryStore {
    /// What is stored of declines, seen without a call that could go wrong: each row with its mark.
    #[must_use]
    pub fn declines_stored(&self) -> Vec<(Mark, Item)> {
        self.inner().declines.0.iter().map(|((mark, _), item)| (mark.clone(), item.clone())).collect()
    }
}

impl CountDeclines for MemoryStore {
    async fn declines(&self, of: &[Mark], hour: Hour) -> Result<Vec<u32>, Error> {
        self.call(Call::Declines, |inner| {
            let count = |mark: &Mark| inner.declines.0.get(&(mark.clone(), hour)).map_or(0, row::declines::count);
            Ok(of.iter().map(count).collect())
        })
        .await
    }

    async fn count_decline(&self, against: &[Mark], hour: Hour, attempt: &DeclinedAttempt) -> Result<(), Error> {
        self.call(Call::Declines, |inner| {
            against.iter().for_each(|mark| inner.declines.add(mark, hour, attempt));
            Ok(())
        })
        .await
    }
}
