//! The auditor of lists. Which payments a list shows is a hint while indexes lag; what it shows of each is a claim like any
//! other. When indexes have caught up, a list shows each of its payments once.

use std::collections::BTreeSet;

use domain::{id::TransactionId, payment::Payment, time::Day};
use flow::{
    operations::payments::{Listed, Wanted},
    ports::{ListPlace, Listing},
};

use super::Auditor;
use crate::gateway::SimGateway;

impl Auditor {
    /// Somebody is shown a page of a list. `turns`: when it was asked for, and when it was shown.
    pub(in crate::simulation) fn was_shown(
        &mut self,
        wanted: &Wanted,
        page: &Listed,
        (sent, shown): (u64, u64),
        gateway: &SimGateway,
    ) {
        if page.unreadable > 0 {
            self.breach("P5", "a row could not be read", format!("{wanted:?}"));
        }
        let mut places: Vec<ListPlace> = wanted.after.iter().cloned().collect();
        for payment in &page.payments {
            if !is_wanted(wanted, payment) {
                self.breach("lists", "a list shows what was not asked for", format!("{wanted:?}: {payment:?}"));
            }
            self.sees(payment, sent, shown, gateway);
            places.push(ListPlace::of(payment));
        }
        if !places.is_sorted_by(|newer, older| newer > older) {
            self.breach("lists", "a list is out of order, or shows a payment twice", format!("{places:?}"));
        }
    }

    /// Somebody has read a list to its end, when nothing went wrong any more.
    pub(in crate::simulation) fn read_to_its_end(&mut self, wanted: &Wanted, shown: &[TransactionId]) {
        let distinct: BTreeSet<&TransactionId> = shown.iter().collect();
        let expected: BTreeSet<&TransactionId> = self
            .files
            .iter()
            .filter(|(_, file)| file.newest.as_ref().is_some_and(|it| is_wanted(wanted, it)))
            .map(|(id, _)| id)
            .collect();
        let missing = expected.difference(&distinct).count();
        if missing > 0 || distinct.len() != shown.len() {
            self.breach(
                "lists",
                "a list does not show each of its payments once",
                format!("{wanted:?} shows {shown:?}, and not all of {expected:?}"),
            );
        }
    }
}

fn is_wanted(wanted: &Wanted, payment: &Payment) -> bool {
    let is_of_list = match &wanted.listing {
        Listing::Day(day) => Day::of(payment.created_at) == *day,
        Listing::Reference(reference) => payment.terms.reference.as_ref() == Some(reference),
    };
    is_of_list && (!wanted.attention_only || payment.attention.is_some())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{host::SimHost, payments};

    /// What is found when a page shows these payments, and the whole list those.
    fn found(page: &[Payment], whole: &[TransactionId]) -> Option<&'static str> {
        let gateway = SimGateway::new(Arc::new(SimHost::new(1)));
        let listing = Listing::Day(Day::of(payments::waiting(1).created_at));
        let wanted = Wanted { listing, status: None, attention_only: false, after: None, limit: 20 };
        let mut auditor = Auditor::default();
        let page = Listed { payments: page.to_vec(), ..Listed::default() };
        auditor.was_shown(&wanted, &page, (1, 2), &gateway);
        auditor.read_to_its_end(&wanted, whole);
        auditor.found().map(|breach| breach.what)
    }

    #[test]
    fn a_list_that_leaves_a_payment_out_or_shows_it_twice_or_shows_another_is_found() {
        let (one, id) = (payments::waiting(1), payments::id(1));
        assert_eq!(found(std::slice::from_ref(&one), std::slice::from_ref(&id)), None);
        let not_once = Some("a list does not show each of its payments once");
        assert_eq!(found(std::slice::from_ref(&one), &[]), not_once);
        assert_eq!(found(std::slice::from_ref(&one), &[id.clone(), id.clone()]), not_once);
        let twice = Some("a list is out of order, or shows a payment twice");
        assert_eq!(found(&[one.clone(), one.clone()], std::slice::from_ref(&id)), twice);
        let tomorrow = one.created_at.plus(std::time::Duration::from_secs(86_400));
        let other = Payment { created_at: tomorrow, ..one };
        assert_eq!(found(&[other], &[]), Some("a list shows what was not asked for"));
    }
}
