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
    /// Whether none is missing between the first of them and how the payment stands: what was committed a moment ago may not be told
    /// yet.
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
    let told = u64::try_from(entries.len()).unwrap_or(u64::MAX);
    Ok(Timeline { entries, is_complete: told == last.saturating_sub(first).saturating_add(1) })
}
