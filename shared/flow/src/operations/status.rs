//! `status`: one read; and how the payment came to stand so, and who pays it, if that is asked.

use domain::{
    id::TransactionId,
    payment::Payment,
    personal::{Field, Kept, Opened, Payer, Place},
    timeline::{Entry, Subject},
};

use crate::{
    personal,
    ports::{Error, Host, LoadPayment, personal::Open, timeline::LoadTimeline},
};

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

/// Who pays `payment`, if the merchant has told: one read of the payer's keys, and none where nothing is kept.
///
/// # Errors
/// If the keys cannot be had, or do not open what is kept.
pub async fn payer<H: Host, P: Open>(host: &H, people: &P, payment: &Payment) -> Result<Option<Opened<Payer>>, Error> {
    let Some(customer) = &payment.terms.customer else { return Ok(None) };
    let kept = [
        (Field::CustomerId, customer.id.as_ref()),
        (Field::CustomerEmail, customer.email.as_ref()),
        (Field::CustomerName, customer.name.as_ref()),
    ];
    let kept =
        kept.into_iter().filter_map(|(field, kept)| Some((Place { row: payment.id.clone().into(), field }, kept?)));
    let kept: Vec<(Place, &Kept)> = kept.collect();
    let fields: Vec<Field> = kept.iter().map(|(place, _)| place.field).collect();
    Ok(Some(match people.open_texts(host, &customer.person, &kept).await? {
        Opened::Readable(texts) => Opened::Readable(personal::payer(&fields, texts)?),
        Opened::Erased => Opened::Erased,
    }))
}
