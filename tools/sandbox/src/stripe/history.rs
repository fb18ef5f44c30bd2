//! How objects stood earlier, for answers and events that are hours old when they arrive.

use std::collections::HashMap;

use serde_json::Value;

use super::{book::Book, disputes, render};

/// Enough for any life of a payment; beyond it, the first version and the latest ones are kept.
const MAX_VERSIONS: usize = 16;

/// How each object of a kind stood after each change, oldest first.
pub(super) struct Versions<T>(HashMap<String, Vec<T>>);

impl<T> Default for Versions<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Clone + PartialEq> Versions<T> {
    fn note(&mut self, id: &str, now: &T) {
        let versions = self.0.entry(id.to_owned()).or_default();
        if versions.last() == Some(now) {
            return;
        }
        if versions.len() >= MAX_VERSIONS {
            versions.remove(1);
        }
        versions.push(now.clone());
    }

    /// Before its last changes (before all of them if nobody says how many). `None` if it never was anything but what it
    /// is.
    fn earlier(&self, id: &str, changes_back: Option<u32>) -> Option<&T> {
        let versions = self.0.get(id)?;
        let latest = versions.len().checked_sub(1).filter(|latest| *latest > 0)?;
        let back = changes_back.and_then(|back| usize::try_from(back).ok()).unwrap_or(latest);
        versions.get(latest.saturating_sub(back))
    }
}

impl Book {
    /// Writes down how the objects stand that this step has changed.
    pub(crate) fn remember(&mut self) {
        for id in std::mem::take(&mut self.touched) {
            if let Some(now) = self.intents.get(&id) {
                self.intents_were.note(&id, now);
            } else if let Some(now) = self.disputes.get(&id) {
                self.disputes_were.note(&id, now);
            }
        }
    }

    /// The intent or dispute as it was before its last changes, see [`Versions::earlier`].
    pub(crate) fn as_it_was(&self, id: &str, changes_back: Option<u32>) -> Option<Value> {
        let intent = self.intents_were.earlier(id, changes_back).map(|intent| render::intent(self, intent));
        let dispute = || self.disputes_were.earlier(id, changes_back).map(|dispute| disputes::shown(self, dispute));
        intent.or_else(dispute)
    }
}
