//! The early fraud warnings of the table's twin, kept as they are stored.

use std::collections::BTreeMap;

use adapters::dynamo::{Item, row};
use domain::{
    id::RowId,
    timeline::{Image, Version},
    warning::{Warning, WarningId},
};
use flow::ports::{
    DuePlace, Error,
    warning::{LoadWarning, Write, WriteWarning, Written},
};

use super::{Call, DUE_PARTITION, Inner, MemoryStore, missing, timeline};

/// The rows of warnings.
#[derive(Debug, Default)]
pub(super) struct Rows(BTreeMap<WarningId, Row>);

#[derive(Debug)]
struct Row {
    /// As it is stored.
    item: Item,
    /// As it is read.
    warning: Warning,
}

impl Rows {
    /// The places of all that are due in the index of due rows, with their partitions.
    pub(super) fn due_entries(&self) -> impl Iterator<Item = (DuePlace, String)> {
        self.0.values().filter_map(Row::due_entry)
    }
}

impl Row {
    #[expect(
        clippy::panic,
        reason = "a row that is written and cannot be read is lost: whatever test did it has failed"
    )]
    fn laid_out(write: &Write<'_>) -> Self {
        let item = row::warning::lay_out(write);
        match row::warning::read(&item) {
            Ok(warning) => Self { item, warning },
            Err(unfit) => panic!("what was written cannot be read: {unfit}"),
        }
    }

    fn version(&self) -> Version {
        timeline::version(&self.item, Image::Warning(Box::new(self.warning.clone())))
    }

    fn due_entry(&self) -> Option<(DuePlace, String)> {
        let partition = self.item.get(DUE_PARTITION)?.as_s().ok()?.clone();
        Some((DuePlace { due: self.warning.due?, id: RowId::Warning(self.warning.id.clone()) }, partition))
    }
}

impl Inner {
    fn put_warning(&mut self, write: &Write<'_>) -> Result<Written, Error> {
        let before = write.warning.version.checked_sub(1).filter(|before| *before > 0);
        let stands = self.warnings.0.get(&write.warning.id);
        if stands.map(|row| row.warning.version) != before {
            let Some(row) = stands else { return Err(missing()) };
            return Ok(if row::warning::is_written_by(&row.item, write) {
                Written::Written
            } else {
                Written::Conflict(Box::new(row.warning.clone()))
            });
        }
        let (left, told) = (stands.and_then(Row::due_entry), stands.map(Row::version));
        let row = Row::laid_out(write);
        self.committed(told, row.version());
        if self.index_is_held {
            self.index_is_behind = true;
        } else {
            if let Some((place, _)) = left {
                self.due.remove(&place);
            }
            self.due.extend(row.due_entry());
        }
        self.warnings.0.insert(write.warning.id.clone(), row);
        Ok(Written::Written)
    }
}

impl MemoryStore {
    /// A warning as it is stored, seen without a call that could go wrong.
    #[must_use]
    pub fn stored_warning(&self, id: &WarningId) -> Option<Item> {
        self.inner().warnings.0.get(id).map(|row| row.item.clone())
    }

    /// A warning as it stands, seen without a call that could go wrong.
    #[must_use]
    pub fn warning(&self, id: &WarningId) -> Option<Warning> {
        self.inner().warnings.0.get(id).map(|row| row.warning.clone())
    }
}

impl LoadWarning for MemoryStore {
    async fn load_warning(&self, id: &WarningId) -> Result<Option<Warning>, Error> {
        self.call(Call::Load, |inner| Ok(inner.warnings.0.get(id).map(|row| row.warning.clone()))).await
    }
}

impl WriteWarning for MemoryStore {
    async fn write_warning(&self, write: &Write<'_>) -> Result<Written, Error> {
        self.call(Call::Write, |inner| inner.put_warning(write)).await
    }
}

/// Passes what is about warnings on to a twin, for ports that stand before one and have nothing to do with warnings.
#[macro_export]
macro_rules! pass_warnings_on {
    ($ports:ty, $twin:expr) => {
        impl flow::ports::warning::LoadWarning for $ports {
            async fn load_warning(
                &self,
                id: &domain::warning::WarningId,
            ) -> Result<Option<domain::warning::Warning>, flow::ports::Error> {
                let twin: fn(&Self) -> &$crate::store::MemoryStore = $twin;
                twin(self).load_warning(id).await
            }
        }

        impl flow::ports::warning::WriteWarning for $ports {
            async fn write_warning(
                &self,
                write: &flow::ports::warning::Write<'_>,
            ) -> Result<flow::ports::warning::Written, flow::ports::Error> {
                let twin: fn(&Self) -> &$crate::store::MemoryStore = $twin;
                twin(self).write_warning(write).await
            }
        }
    };
}
