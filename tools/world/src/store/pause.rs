//! What is paused in the table's twin, kept as people write it.

use adapters::dynamo::{Item, row};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    pause::{Paused, Pauses},
    time::Timestamp,
};
use flow::ports::{Dependency, Error, pause::LoadPauses};

use super::{Course, MemoryStore};

impl MemoryStore {
    /// Somebody pauses something.
    pub fn pause(&self, paused: Paused) {
        self.inner().pauses.insert(row::pauses::name(paused).to_owned(), AttributeValue::M(Item::new()));
    }

    /// Somebody ends a pause.
    pub fn resume(&self, paused: Paused) {
        self.inner().pauses.remove(row::pauses::name(paused));
    }
}

impl LoadPauses for MemoryStore {
    /// Takes no turn: an environment remembers what it saw, so that nobody gets in between.
    async fn load_pauses(&self, _: Timestamp) -> Result<Pauses, Error> {
        let mut inner = self.inner();
        match inner.pause_looks.pop_front().unwrap_or(Course::Well) {
            Course::Well | Course::SentTwice => Ok(row::pauses::read(&inner.pauses)),
            Course::LostBefore | Course::LostAfter => {
                Err(Error::Unavailable { dependency: Dependency::Store, detail: "injected".to_owned() })
            }
        }
    }
}

/// Passes what is about pauses on to a twin, for ports that stand before one and have nothing to do with pauses.
#[macro_export]
macro_rules! pass_pauses_on {
    ($ports:ty, $twin:expr) => {
        impl flow::ports::pause::LoadPauses for $ports {
            async fn load_pauses(
                &self,
                now: domain::time::Timestamp,
            ) -> Result<domain::pause::Pauses, flow::ports::Error> {
                let twin: fn(&Self) -> &$crate::store::MemoryStore = $twin;
                twin(self).load_pauses(now).await
            }
        }
    };
}
