//! How objects stood earlier, for answers and events that are hours old when they arrive; and which payment of the
//! merchant's they belong to.

use serde_json::Value;

use super::{book::Book, objects::Order};

/// Enough for any life of a payment; beyond it, the first version and the latest ones are kept.
const MAX_VERSIONS: usize = 16;

impl Book {
    /// Writes down how the objects stand that this step has changed.
    pub(crate) fn remember(&mut self) {
        for id in std::mem::take(&mut self.touched) {
            let Some(order) = self.orders.get(&id) else { continue };
            let parts = order.authorizations.iter().chain(&order.captures).chain(&order.refunds).chain(&order.disputes);
            let all: Vec<String> = parts.chain([&id]).cloned().collect();
            for id in all {
                let Some(now) = self.shown(&id) else { continue };
                let versions = self.history.entry(id).or_default();
                if versions.last() == Some(&now) {
                    continue;
                }
                if versions.len() >= MAX_VERSIONS {
                    versions.remove(1);
                }
                versions.push(now);
            }
        }
    }

    /// The object as it was before its last changes (before all of them if nobody says how many). `None` if it never was
    /// anything but what it is.
    pub(crate) fn as_it_was(&self, id: &str, changes_back: Option<u32>) -> Option<Value> {
        let versions = self.history.get(id)?;
        let latest = versions.len().checked_sub(1).filter(|latest| *latest > 0)?;
        let back = changes_back.and_then(|back| usize::try_from(back).ok()).unwrap_or(latest);
        versions.get(latest.saturating_sub(back)).cloned()
    }

    /// The payment that a request is about: by its own body, or by the object in its path.
    pub(crate) fn transaction_of(&self, path: &str, body: &Value) -> Option<String> {
        let stated = body.pointer("/purchase_units/0/custom_id").and_then(Value::as_str);
        let named =
            || path.split('/').find_map(|id| self.order_behind(id)).and_then(|order| order.unit.custom_id.clone());
        stated.map(str::to_owned).or_else(named)
    }

    /// The oldest order that bears this id.
    pub(crate) fn order_about(&self, transaction_id: &str) -> Option<&Order> {
        self.orders.iter().find(|order| order.unit.custom_id.as_deref() == Some(transaction_id))
    }

    /// The order that an id of any of its objects belongs to.
    pub(crate) fn order_behind(&self, id: &str) -> Option<&Order> {
        let of_hold = |id: &str| self.authorizations.get(id).map(|held| held.order.as_str());
        let of_capture = |id: &str| self.captures.get(id).map(|capture| capture.order.as_str());
        let of_refund = |id: &str| self.refunds.get(id).map(|refund| refund.order.as_str());
        let of_dispute = |id: &str| self.disputes.get(id).map(|dispute| dispute.order.as_str());
        let of_part = of_hold(id).or_else(|| of_capture(id)).or_else(|| of_refund(id)).or_else(|| of_dispute(id));
        self.orders.get(of_part.unwrap_or(id))
    }

    /// Lets time pass for the keys of requests about a payment, an object, or of one name.
    pub(crate) fn age_keys(&mut self, ms: u64, meant: impl Fn(&Self, &str, &str, Option<&str>) -> bool) -> usize {
        let mut keys = std::mem::take(&mut self.keys);
        let aged = keys.age(ms, |key, path, object| meant(self, key, path, object));
        self.keys = keys;
        aged
    }
}
