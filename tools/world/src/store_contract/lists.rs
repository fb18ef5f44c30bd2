//! What a store must keep about lists: each payment once, the newest first, as it stands, whatever is written meanwhile.

use domain::{
    money::Money,
    payment::{Payment, PaymentState, Terms},
    text::Text,
    time::Day,
};
use flow::ports::{ListPayments, ListPlace, Listing};

use super::{Bench, PAGES_MAX, at, comes_to_show, next, replaced, stored};
use crate::payments;

/// A Monday in 2026.
const DAY: Day = Day::of(at(1_793_610_012_347));

/// Pages neither lose nor repeat a payment, also among payments that were opened in the same millisecond.
pub async fn a_list_shows_the_newest_first_in_pages_of_any_size<B: Bench>(bench: &B) {
    let mut all = Vec::new();
    for number in 0..60 {
        // Twenty payments share one millisecond, and of the others three each.
        let after_ms = if number < 20 { 7 } else { i64::from(number / 3) };
        all.push(stored(bench, opened(number, after_ms)).await);
    }
    let all = newest_first(all);
    comes_to_show(bench, &all, async || listed(bench, &Listing::Day(DAY), 100).await).await;
    for limit in [60, 59, 7, 1] {
        assert_eq!(listed(bench, &Listing::Day(DAY), limit).await, all, "pages of {limit}");
    }
}

/// A table is asked for a part of a list at a time; how large such parts are must not be seen.
pub async fn a_long_list_is_shown_to_its_end<B: Bench>(bench: &B) {
    let order = reference("one reference for all");
    let mut all = Vec::new();
    for number in 0..230 {
        all.push(stored(bench, named(&order, opened(number, i64::from(number / 3)))).await);
    }
    let all = newest_first(all);
    for listing in [Listing::Reference(order), Listing::Day(DAY)] {
        comes_to_show(bench, &all, async || listed(bench, &listing, 1_000).await).await;
        for limit in [150, 100, 40] {
            assert_eq!(listed(bench, &listing, limit).await, all, "pages of {limit}");
        }
    }
}

/// A cursor is a place, not a number of rows, and stays good whatever is written before and behind it.
pub async fn a_list_goes_on_where_it_ended_while_rows_are_added_and_changed<B: Bench>(bench: &B) {
    let mut all = Vec::new();
    for number in 0..40 {
        all.push(stored(bench, opened(number, 100 + i64::from(number / 10))).await);
    }
    comes_to_show(bench, &newest_first(all.clone()), async || listed(bench, &Listing::Day(DAY), 100).await).await;
    let page = bench.store().list(&Listing::Day(DAY), None, 15).await.unwrap();
    let cursor = page.next.unwrap();
    for payment in all.iter_mut().step_by(4) {
        *payment = replaced(bench, &paid(&Payment { updated_at: at(i64::MAX), ..next(payment) }), 2).await;
    }
    // Newer than all, older than all, and in the middle of the cursor's own millisecond.
    for (number, after_ms) in (40..70).zip([103, 102, 100, 99, 500].into_iter().cycle()) {
        all.push(stored(bench, opened(number, after_ms)).await);
    }
    let all = newest_first(all);
    comes_to_show(bench, &all, async || listed(bench, &Listing::Day(DAY), 100).await).await;
    let rest: Vec<Payment> = all.into_iter().filter(|payment| ListPlace::of(payment) < cursor).collect();
    for limit in [100, 15, 2] {
        assert_eq!(listed_from(bench, &Listing::Day(DAY), Some(cursor.clone()), limit).await, rest, "pages of {limit}");
    }
}

/// An index says which payments there are. How they stand, their rows say, and those are read when they are shown.
pub async fn a_list_shows_each_payment_as_it_stands<B: Bench>(bench: &B) {
    let order = reference("order-1");
    let mut payment = stored(bench, named(&order, opened(1, 0))).await;
    let listings = [Listing::Day(DAY), Listing::Reference(order)];
    for listing in &listings {
        comes_to_show(bench, &vec![payment.clone()], async || listed(bench, listing, 10).await).await;
    }
    for writer in 2..6 {
        payment = replaced(bench, &paid(&next(&payment)), writer).await;
        for listing in &listings {
            assert_eq!(listed(bench, listing, 10).await, [payment.clone()]);
        }
    }
}

/// A payment belongs to the day it was opened on, from the first millisecond of that day to the last.
pub async fn a_day_begins_and_ends_at_midnight_utc<B: Bench>(bench: &B) {
    /// Milliseconds in a day.
    const WHOLE: i64 = 24 * 3_600_000;
    let days = [(-WHOLE, [-WHOLE, -1]), (0, [0, WHOLE - 1]), (WHOLE, [WHOLE, WHOLE + 1])];
    let mut of_days = Vec::new();
    for (number, (day, moments)) in (0..).step_by(2).zip(days) {
        let mut of_day = Vec::new();
        for (number, after_ms) in (number..).zip(moments) {
            of_day.push(stored(bench, opened(number, after_ms)).await);
        }
        of_days.push((day, newest_first(of_day)));
    }
    of_days.push((2 * WHOLE, Vec::new()));
    for (day, wanted) in &of_days {
        let day = Listing::Day(Day::of(at(DAY.start().unix_ms() + day)));
        comes_to_show(bench, wanted, async || listed(bench, &day, 10).await).await;
    }
}

/// The merchant's own name for a payment, to the letter.
pub async fn a_reference_lists_its_payments_of_all_days_and_no_others<B: Bench>(bench: &B) {
    /// Milliseconds in a month.
    const MONTH: i64 = 30 * 24 * 3_600_000;
    let names = ["order-1", "Order-1", "order-10", "order", "Bestellung Nº 1 ✓"];
    for (name, number) in names.iter().zip(0..) {
        for month in 0..3 {
            let payment = opened(number * 10 + month, i64::from(month) * MONTH);
            stored(bench, named(&reference(name), payment)).await;
        }
    }
    stored(bench, opened(99, 0)).await;
    for (name, number) in names.iter().zip(0..) {
        let listing = Listing::Reference(reference(name));
        let wanted = newest_first(
            (0..3).map(|month| named(&reference(name), opened(number * 10 + month, i64::from(month) * MONTH))),
        );
        comes_to_show(bench, &wanted, async || listed(bench, &listing, 10).await).await;
        assert_eq!(listed(bench, &listing, 2).await, wanted);
    }
    assert_eq!(listed(bench, &Listing::Reference(reference("order-2")), 10).await, []);
}

/// The `number`th payment, opened so long after the day's beginning.
fn opened(number: u32, after_ms: i64) -> Payment {
    Payment { created_at: at(DAY.start().unix_ms() + after_ms), ..payments::waiting(number) }
}

fn named(reference: &Text<100>, payment: Payment) -> Payment {
    Payment { terms: Terms { reference: Some(reference.clone()), ..payment.terms.clone() }, ..payment }
}

fn reference(text: &str) -> Text<100> {
    Text::parse(text).unwrap()
}

fn paid(payment: &Payment) -> Payment {
    let captured: Money = payment.terms.amount;
    Payment { state: PaymentState::Succeeded { captured }, ..payment.clone() }
}

fn newest_first(payments: impl IntoIterator<Item = Payment>) -> Vec<Payment> {
    let mut sorted: Vec<Payment> = payments.into_iter().collect();
    sorted.sort_by_key(|payment| std::cmp::Reverse(ListPlace::of(payment)));
    sorted
}

async fn listed<B: Bench>(bench: &B, listing: &Listing, limit: u32) -> Vec<Payment> {
    listed_from(bench, listing, None, limit).await
}

async fn listed_from<B: Bench>(
    bench: &B,
    listing: &Listing,
    mut cursor: Option<ListPlace>,
    limit: u32,
) -> Vec<Payment> {
    let mut payments = Vec::new();
    for _ in 0..PAGES_MAX {
        let page = bench.store().list(listing, cursor.as_ref(), limit).await.unwrap();
        assert!(page.payments.len() <= usize::try_from(limit).unwrap(), "a page keeps its limit");
        assert_eq!(page.unreadable, 0);
        payments.extend(page.payments);
        cursor = page.next;
        if cursor.is_none() {
            return payments;
        }
    }
    panic!("{listing:?} had no end after {PAGES_MAX} pages");
}
