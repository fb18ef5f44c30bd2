//! `payments`: lists. An index says which rows there are; the rows themselves say how they stand.
//!
//! Bounded: so many rows are read for one answer, whatever the filter lets through. Whoever wants more follows the
//! cursor, which may also be there when a page is short or empty.

use domain::payment::{Payment, Status};

use crate::ports::{Error, ListPayments, ListPlace, Listing};

/// Rows in one page of the index.
const PAGE_SIZE: u32 = 100;
/// Pages that one request reads at most: a filter that few rows pass must not read a day to its end.
const PAGES_MAX: u32 = 5;

/// Which payments are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// From which list.
    pub listing: Listing,
    /// Only those that stand so.
    pub status: Option<Status>,
    /// Only those that a person must look at.
    pub attention_only: bool,
    /// Only those after this one.
    pub after: Option<ListPlace>,
    /// How many at most.
    pub limit: usize,
}

/// Some of the payments that are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listed {
    /// They, newest first.
    pub payments: Vec<Payment>,
    /// Where to go on, if there may be more.
    pub next: Option<ListPlace>,
    /// Rows that could not be read and were passed over.
    pub unreadable: usize,
}

/// Lists payments, newest first.
///
/// # Errors
/// If the store fails.
pub async fn payments<S: ListPayments>(store: &S, wanted: &Wanted) -> Result<Listed, Error> {
    let mut listed = Listed { next: wanted.after.clone(), ..Listed::default() };
    for _ in 0..PAGES_MAX {
        let page = store.list(&wanted.listing, listed.next.as_ref(), wanted.page_size()).await?;
        listed.unreadable = listed.unreadable.saturating_add(page.unreadable);
        listed.next = page.next;
        let mut fit = page.payments.into_iter().filter(|payment| wanted.admits(payment));
        let room = wanted.limit.saturating_sub(listed.payments.len());
        listed.payments.extend(fit.by_ref().take(room));
        if fit.next().is_some() {
            // The page has more than fits: the next request begins after the last one that is shown.
            listed.next = listed.payments.last().map(ListPlace::of);
            break;
        }
        if listed.next.is_none() || listed.payments.len() >= wanted.limit {
            break;
        }
    }
    Ok(listed)
}

impl Wanted {
    /// What passes no filter all fits; what does may be rare, and a page is read for a few of its rows.
    fn page_size(&self) -> u32 {
        let filters = self.status.is_some() || self.attention_only;
        let wanted = u32::try_from(self.limit).unwrap_or(PAGE_SIZE);
        if filters { PAGE_SIZE } else { wanted.clamp(1, PAGE_SIZE) }
    }

    fn admits(&self, payment: &Payment) -> bool {
        self.status.is_none_or(|status| payment.state.status() == status)
            && (!self.attention_only || payment.review().is_some())
    }
}
