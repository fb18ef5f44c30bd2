//! How intents stood earlier, for answers and events that are hours old when they arrive.

use serde_json::Value;

use super::{book::Book, render};

/// Enough for any life of a payment; beyond it, the first version and the latest ones are kept.
const MAX_VERSIONS: usize = 16;

impl Book {
    /// Writes down how the intents stand that this step has changed.
    pub(crate) fn remember(&mut self) {
        for id in std::mem::take(&mut self.touched) {
            let Some(now) = self.intents.get(&id) else { continue };
            let versions = self.history.entry(id).or_default();
            if versions.last() == Some(now) {
                continue;
            }
            if versions.len() >= MAX_VERSIONS {
                versions.remove(1);
            }
            versions.push(now.clone());
        }
    }

    /// The intent as it was before its last changes (before all of them if nobody says how many). `None` if it never was
    /// anything but what it is.
    pub(crate) fn as_it_was(&self, id: &str, changes_back: Option<u32>) -> Option<Value> {
        let versions = self.history.get(id)?;
        let latest = versions.len().checked_sub(1).filter(|latest| *latest > 0)?;
        let back = changes_back.and_then(|back| usize::try_from(back).ok()).unwrap_or(latest);
        versions.get(latest.saturating_sub(back)).map(|intent| render::intent(self, intent))
    }
}
