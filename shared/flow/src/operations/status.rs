//! `status`: one read; and how the payment came to stand so, if that is asked.

use domain::{
    id::TransactionId,
    payment::Payment,
    timeline::{Entry, Subject},
};

use crate::ports::{Error, LoadPayment, timeline::LoadTimeline};

/// So many entries are shown, the newest: three reads of a hundred. A payment of a day has ten.
const ENTRIES_MAX: u64 = 300;

/// How a payment came to stand as it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// What happened, oldest first.
    pub entries: Vec<Entry>,
    /// Whether how the payment stands is told: what was committed a moment ago may not be yet. Entries are written in order, so that
    /// then none is still to come; old ones may have been deleted for their age.
    pub is_complete: bool,
}

/// The payment as it stands, if there is one.
///
/// # Errors
/// If the store fails.
pub async fn status<S: LoadPayment>(store: &S, id: &TransactionId) -> Result<Option<Payment>, Error> {
    store.load(id).await
}

/// How `payment` came to stand as it does.
///
/// # Errors
/// If the store fails.
pub async fn timeline<S: LoadTimeline>(store: &S, payment: &Payment) -> Result<Timeline, Error> {
    let last = payment.version;
    let first = last.saturating_sub(ENTRIES_MAX).saturating_add(1);
    let entries = store.load_timeline(&Subject::Payment(payment.id.clone()), first, last).await?;
    let is_complete = entries.last().is_some_and(|entry| entry.id.version() == last);
    Ok(Timeline { entries, is_complete })
}
