//! The house auditor reads what cannot be seen from outside: the rows, commit by commit. The promises about attempts, acts
//! and `due` are checked here, and that a row is not passed over by the sweep.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    decline::DeclineCategory::{Later, LaterFewTimes},
    id::TransactionId,
    payment::{Attempt, AttemptProgress, AttemptResult, AttemptSource, Payment, PaymentState, ReviewReason},
    schedule,
    time::Timestamp,
};

use super::Auditor;
use crate::{
    audit::{self, Hour, may_become},
    gateway::SimGateway,
    store::{Commit, MemoryStore},
};

/// Clocks differ by some seconds; a day between two tries may be so much shorter.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);
/// P7: three sweeps, and a minute for the look itself.
const OVERDUE: Duration = Duration::from_secs(4 * 60);

/// What the house auditor knows.
#[derive(Debug, Default)]
pub(in crate::simulation) struct House {
    /// How many commits were read.
    pub(in crate::simulation) read: usize,
    rows: BTreeMap<TransactionId, Payment>,
}

impl House {
    /// What a person had to see in a row before it was written last.
    pub(super) fn attention(&self, id: &TransactionId) -> Option<ReviewReason> {
        self.rows.get(id)?.attention.map(|review| review.reason)
    }
}

impl Auditor {
    /// A row was written.
    pub(in crate::simulation) fn reads_commit(&mut self, commit: &Commit, gateway: &SimGateway) {
        self.house.read = self.house.read.saturating_add(1);
        let row = &commit.payment;
        let before = self.house.rows.insert(row.id.clone(), row.clone());
        if let Some(before) = before {
            self.compare_rows(&before, row);
        } else if row.version != 1 {
            self.breach("P9", "a row came from nowhere", format!("{row:?}"));
        }
        self.read_row(row, gateway);
    }

    fn compare_rows(&mut self, before: &Payment, row: &Payment) {
        if row.version != before.version.saturating_add(1) {
            self.breach("P9", "a write passed over another", format!("v{} after v{}", row.version, before.version));
        }
        let (from, to) = (before.state.status(), row.state.status());
        if !may_become(from, to) {
            self.breach("P9", "a row moved where it may not", format!("{}: {from:?} → {to:?}", row.id));
        }
        self.compare_disputed(before, row);
        if row.object != before.object || row.terms != before.terms || row.created_at != before.created_at {
            self.breach("P9", "what never changes was changed", format!("v{} of {}", row.version, row.id));
        }
        if row.attempts.len() < before.attempts.len() || row.acts.len() < before.acts.len() {
            self.breach("P9", "a row has forgotten something", format!("v{} of {}", row.version, row.id));
        }
    }

    fn read_row(&mut self, row: &Payment, gateway: &SimGateway) {
        for breach in audit::breaches(row, gateway, Hour::Midway) {
            match breach {
                // What stands on another object was not charged by us; our own are counted in the books.
                audit::Breach::TwiceCharged(_) => {}
                // Ended it was, though money may have moved after all.
                audit::Breach::EndedWithoutProof(_) | audit::Breach::ActNotDone(_)
                    if self.ended.contains(&row.object) || came_late(row) => {}
                breach => {
                    let (promise, what) = kind(&breach);
                    self.breach(promise, what, format!("v{} of {}: {breach:?}", row.version, row.id));
                }
            }
        }
        if !row.state.is_terminal() && row.due.is_none() {
            self.breach("P7", "a row that is not at its end has no due", format!("v{} of {}", row.version, row.id));
        }
        let is_asked = row.attention.is_some_and(|review| review.reason == ReviewReason::OutcomeUnknown);
        if (is_asked || row.refund_unknown.is_some()) && !row.is_in_doubt() && !row.awaits_refunds() {
            self.breach("house", "a person is called in vain", format!("v{} of {}", row.version, row.id));
        }
        // The first may still be on its way; with two of them, whose fate is whose is anybody's guess.
        let (_, earlier) = row.attempts.split_last().unzip();
        if earlier.into_iter().flatten().any(Attempt::is_open) {
            self.breach("house", "two attempts are open", format!("v{} of {}", row.version, row.id));
        }
        self.tries_keep_the_networks_rules(row);
    }

    /// A method is tried again by ourselves only after a decline and while its payer is away; and while its payer is away, whoever
    /// asks, only where its last decline may pass, and a day after whatever came to nothing.
    fn tries_keep_the_networks_rules(&mut self, row: &Payment) {
        for (place, second) in row.attempts.iter().enumerate() {
            let AttemptSource::Api { key, instrument, .. } = &second.source else { continue };
            let earlier =
                row.attempts.get(..place).unwrap_or_default().iter().rev().filter_map(|it| match &it.source {
                    AttemptSource::Api { key, instrument, .. } => Some((it, key, instrument)),
                    AttemptSource::Automatic | AttemptSource::Gateway => None,
                });
            let by_ourselves = earlier.clone().find(|(_, of, _)| *of == key);
            let mut same = earlier.filter(|(.., with)| *with == instrument).map(|(it, ..)| it);
            let declined = same.clone().find_map(Attempt::decline);
            let is_away = second.is_off_session();
            let is_for_good = declined.is_some_and(|decline| !matches!(decline.category, Later | LaterFewTimes));
            let in_vain = is_for_good
                || same.find(|first| came_to_nothing(first)).is_some_and(|first| {
                    let waited = second.started_at.since(first.started_at).saturating_add(CLOCKS_DIFFER);
                    waited < schedule::REATTEMPT_INTERVAL
                });
            let unasked = by_ourselves.is_some_and(|(first, ..)| !is_away || first.decline().is_none());
            if unasked || (is_away && in_vain) {
                self.breach(
                    "house",
                    "a charge was tried again that must not be",
                    format!("{second:?} of {:?}", row.attempts),
                );
            }
        }
    }

    /// P7: once nothing goes wrong any more, no row stays due for longer than three sweeps.
    pub(in crate::simulation) fn nothing_is_overdue(&mut self, store: &MemoryStore, calm: Timestamp, now: Timestamp) {
        let overdue = store.earliest_due().map(|due| now.since(due.max(calm)));
        if let Some(overdue) = overdue.filter(|overdue| *overdue > OVERDUE) {
            self.breach("P7", "three sweeps have passed a row over", format!("due for {} s", overdue.as_secs()));
        }
    }
}

/// Whether a method was declined, or tried in vain while its payer was away.
fn came_to_nothing(attempt: &Attempt) -> bool {
    let is_not_charged = attempt.progress == AttemptProgress::Closed(AttemptResult::NotCharged);
    attempt.decline().is_some() || (is_not_charged && attempt.is_off_session())
}

/// Whether money has moved after the row had ended. An order of PayPal's does not end at the gateway, so that nothing was seen of its
/// end there.
fn came_late(row: &Payment) -> bool {
    let is_late = |reason| matches!(reason, ReviewReason::LateSuccess | ReviewReason::AutomaticRefundFailed);
    matches!(row.state, PaymentState::Succeeded { .. }) && row.attention.is_some_and(|review| is_late(review.reason))
}

const fn kind(breach: &audit::Breach) -> (&'static str, &'static str) {
    match breach {
        audit::Breach::TwiceCharged(_) => ("P1", "charged twice"),
        audit::Breach::SucceededWithoutCharge(_) => ("P2", "a row says succeeded without a charge"),
        audit::Breach::HeldWithoutCharge => ("P2", "a row says held without a hold"),
        audit::Breach::ChargeUnseen(_) => ("P2", "a charge is unseen"),
        audit::Breach::EndedWithoutProof(_) => ("P4", "a row ended without proof"),
        audit::Breach::DeclinedWithoutProof(_) => ("P4", "an attempt is declined without proof"),
        audit::Breach::AttemptCharged(_) => ("P4", "an attempt that is said not to have charged has charged"),
        audit::Breach::AttemptUnderWay(_) => ("P4", "an attempt that is said not to have charged is still under way"),
        audit::Breach::ActNotDone(_) => ("house", "an act is said to be done and is not"),
        audit::Breach::Stuck(_) => ("P7", "a row is stuck"),
        audit::Breach::SettlementUntrue => ("house", "a charge came to something else than the row says"),
        audit::Breach::RefundedTooMuch(_) => ("P3", "more goes back than was taken, or is offered to"),
        audit::Breach::RefundUntrue(..) => ("P4", "a refund is not what the row says"),
        audit::Breach::RefundUnseen(_) => ("P2", "a refund is unseen"),
    }
}
