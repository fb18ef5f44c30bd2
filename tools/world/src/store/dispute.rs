//! The disputes of the table's twin, kept as they are stored.

use std::collections::BTreeMap;

use adapters::dynamo::{Item, row};
use domain::{
    dispute::{Dispute, DisputeId, Status},
    id::RowId,
    time::Timestamp,
    timeline::{Cause, Image, Version},
};
use flow::ports::{
    Actor, DuePlace, Error,
    dispute::{CreateDispute, Created, ListDisputes, LoadDispute, Page, Place, ReplaceDispute, Replaced, Write},
};

use super::{Call, DUE_PARTITION, Inner, MemoryStore, cause_of, missing, number, timeline};

/// The rows of disputes.
#[derive(Debug, Default)]
pub(super) struct Rows(BTreeMap<DisputeId, Row>);

/// A write of a dispute that went through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeCommit {
    /// The row as it was left.
    pub dispute: Dispute,
    /// The word for what happened.
    pub event: String,
    /// Who made it happen.
    pub actor: Actor,
    /// What the row itself says of it.
    pub cause: Cause,
}

#[derive(Debug)]
struct Row {
    /// As it is stored.
    item: Item,
    /// As it is read.
    dispute: Dispute,
}

/// What a write's condition came to.
enum Put {
    Written,
    Stands(Option<Box<Dispute>>),
}

impl Rows {
    /// The places of all that are due in the index of due rows, with their partitions.
    pub(super) fn due_entries(&self) -> impl Iterator<Item = (DuePlace, String)> {
        self.0.values().filter_map(Row::due_entry)
    }

    pub(super) fn earliest_due(&self) -> Option<Timestamp> {
        self.0.values().filter_map(|row| row.dispute.due).min()
    }

    fn of_status(&self, status: Status) -> Vec<Dispute> {
        self.0.values().map(|row| &row.dispute).filter(|dispute| dispute.listed_as() == Some(status)).cloned().collect()
    }
}

impl Row {
    #[expect(
        clippy::panic,
        reason = "a row that is written and cannot be read is lost: whatever test did it has failed"
    )]
    fn laid_out(write: &Write<'_>) -> Result<Self, Error> {
        let item = row::dispute::lay_out(write)?;
        match row::dispute::read(&item) {
            Ok(dispute) => Ok(Self { item, dispute }),
            Err(unfit) => panic!("what was written cannot be read: {unfit}"),
        }
    }

    fn version(&self) -> Version {
        timeline::version(&self.item, Image::Dispute(Box::new(self.dispute.clone())))
    }

    fn due_entry(&self) -> Option<(DuePlace, String)> {
        let partition = self.item.get(DUE_PARTITION)?.as_s().ok()?.clone();
        Some((DuePlace { due: self.dispute.due?, id: RowId::Dispute(self.dispute.id.clone()) }, partition))
    }
}

impl Inner {
    fn put_dispute(&mut self, write: &Write<'_>, condition: impl Fn(Option<&Dispute>) -> bool) -> Result<Put, Error> {
        let stands = self.disputes.0.get(&write.dispute.id);
        if !condition(stands.map(|row| &row.dispute)) {
            return Ok(match stands {
                Some(row) if row::dispute::is_written_by(&row.item, write) => Put::Written,
                stands => Put::Stands(stands.map(|row| Box::new(row.dispute.clone()))),
            });
        }
        let (before, told) = (stands.and_then(Row::due_entry), stands.map(Row::version));
        let row = Row::laid_out(write)?;
        self.committed(told, row.version());
        if self.index_is_held {
            self.index_is_behind = true;
        } else {
            if let Some((place, _)) = before {
                self.due.remove(&place);
            }
            self.due.extend(row.due_entry());
        }
        self.dispute_commits.push(DisputeCommit {
            dispute: row.dispute.clone(),
            event: write.cause.what.to_owned(),
            actor: write.actor.clone(),
            cause: cause_of(&row.item)?,
        });
        self.disputes.0.insert(write.dispute.id.clone(), row);
        Ok(Put::Written)
    }
}

impl MemoryStore {
    /// A dispute as it stands, seen without a call that could go wrong.
    #[must_use]
    pub fn dispute(&self, id: &DisputeId) -> Option<Dispute> {
        self.inner().disputes.0.get(id).map(|row| row.dispute.clone())
    }

    /// What happened to disputes, in the words that were written down, oldest first.
    #[must_use]
    pub fn dispute_events(&self) -> Vec<String> {
        self.inner().dispute_commits.iter().map(|commit| commit.event.clone()).collect()
    }

    /// The writes of disputes that went through after the first `known`, oldest first.
    #[must_use]
    pub fn dispute_commits_after(&self, known: usize) -> Vec<DisputeCommit> {
        self.inner().dispute_commits.get(known..).unwrap_or_default().to_vec()
    }

    /// A dispute as it is stored, seen without a call that could go wrong.
    #[must_use]
    pub fn stored_dispute(&self, id: &DisputeId) -> Option<Item> {
        self.inner().disputes.0.get(id).map(|row| row.item.clone())
    }

    /// The ids of all disputes.
    #[must_use]
    pub fn dispute_ids(&self) -> Vec<DisputeId> {
        self.inner().disputes.0.keys().cloned().collect()
    }
}

impl LoadDispute for MemoryStore {
    async fn load_dispute(&self, id: &DisputeId) -> Result<Option<Dispute>, Error> {
        self.call(Call::Load, |inner| Ok(inner.disputes.0.get(id).map(|row| row.dispute.clone()))).await
    }
}

impl CreateDispute for MemoryStore {
    async fn create_dispute(&self, write: &Write<'_>) -> Result<Created, Error> {
        self.call(Call::Write, |inner| match inner.put_dispute(write, |stands| stands.is_none())? {
            Put::Written => Ok(Created::Created),
            Put::Stands(Some(dispute)) => Ok(Created::Exists(dispute)),
            Put::Stands(None) => Err(missing()),
        })
        .await
    }
}

impl ReplaceDispute for MemoryStore {
    async fn replace_dispute(&self, write: &Write<'_>) -> Result<Replaced, Error> {
        let is_before = |stands: Option<&Dispute>| {
            stands.is_some_and(|stands| stands.version.checked_add(1) == Some(write.dispute.version))
        };
        self.call(Call::Write, |inner| match inner.put_dispute(write, is_before)? {
            Put::Written => Ok(Replaced::Replaced),
            Put::Stands(Some(dispute)) => Ok(Replaced::Conflict(dispute)),
            Put::Stands(None) => Err(missing()),
        })
        .await
    }
}

impl ListDisputes for MemoryStore {
    async fn list_disputes(&self, status: Status, after: Option<&Place>, limit: u32) -> Result<Page, Error> {
        self.call(Call::List, |inner| {
            let mut disputes = inner.disputes.of_status(status);
            disputes.retain(|dispute| after.is_none_or(|after| Place::of(dispute) > *after));
            disputes.sort_by_cached_key(Place::of);
            let more = disputes.len() > number(limit);
            disputes.truncate(number(limit));
            let next = disputes.last().filter(|_| more).map(Place::of);
            Ok(Page { disputes, next, unreadable: 0 })
        })
        .await
    }
}

/// Passes what is about disputes on to the next port, for one that has nothing to do with disputes.
#[macro_export]
macro_rules! pass_disputes_on {
    ($ports:ty, |$this:ident| $next:expr) => {
        impl flow::ports::dispute::LoadDispute for $ports {
            async fn load_dispute(
                &self,
                id: &domain::dispute::DisputeId,
            ) -> Result<Option<domain::dispute::Dispute>, flow::ports::Error> {
                let $this = self;
                $next.load_dispute(id).await
            }
        }

        impl flow::ports::dispute::CreateDispute for $ports {
            async fn create_dispute(
                &self,
                write: &flow::ports::dispute::Write<'_>,
            ) -> Result<flow::ports::dispute::Created, flow::ports::Error> {
                let $this = self;
                $next.create_dispute(write).await
            }
        }

        impl flow::ports::dispute::ReplaceDispute for $ports {
            async fn replace_dispute(
                &self,
                write: &flow::ports::dispute::Write<'_>,
            ) -> Result<flow::ports::dispute::Replaced, flow::ports::Error> {
                let $this = self;
                $next.replace_dispute(write).await
            }
        }
    };
}
