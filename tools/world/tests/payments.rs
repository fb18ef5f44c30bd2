//! `payments` against the world: a list is followed to its end by its cursors, whatever the filter lets through, and one
//! request reads a bounded part of it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a scenario that does not go as written is a failed test")]

use std::{collections::VecDeque, sync::Mutex, time::Duration};

use domain::{
    payment::{Payment, PaymentState, Review, ReviewReason, Status, Terms},
    text::Text,
    time::Day,
};
use flow::{
    operations::payments::{Listed, Wanted, payments as list_payments},
    ports::{Actor, Cause, CreatePayment, Error, ListPage, ListPayments, ListPlace, Listing, Write, WriterToken},
};
use world::{
    counting::Counts,
    host::SimHost,
    payments,
    shop::{Shop, card, order},
    store,
    turns::block_on,
};

/// As many rows as one request reads at most.
const READ_MAX: u32 = 500;

fn today() -> Listing {
    Listing::Day(Day::of(SimHost::START))
}

fn wanted(limit: usize) -> Wanted {
    Wanted { listing: today(), status: None, attention_only: false, after: None, limit }
}

/// The `number`th payment of a day, three of them in each millisecond; every `nth` is paid.
fn payment(number: u32, nth: u32) -> Payment {
    let opened = payments::waiting(number);
    let captured = opened.terms.amount;
    Payment {
        created_at: SimHost::START.plus(Duration::from_millis(u64::from(number / 3))),
        state: if number.is_multiple_of(nth) { PaymentState::Succeeded { captured } } else { opened.state },
        ..opened
    }
}

/// A shop with these payments, and what a list of all of them shows.
async fn shop_with(payments: impl IntoIterator<Item = Payment>) -> (Shop, Vec<Payment>) {
    let shop = Shop::new();
    let mut all = Vec::new();
    for (payment, writer) in payments.into_iter().zip(1..) {
        create(&shop, &payment, writer).await;
        all.push(payment);
    }
    all.sort_by_key(|payment| std::cmp::Reverse(ListPlace::of(payment)));
    (shop, all)
}

async fn create(shop: &Shop, payment: &Payment, writer: u64) {
    let writer = WriterToken(writer);
    let write = Write { payment, cause: Cause::of("opened"), actor: &Actor::Retry, writer };
    shop.store().create(&write).await.unwrap();
}

fn paid(all: &[Payment]) -> Vec<Payment> {
    all.iter().filter(|payment| payment.state.status() == Status::Succeeded).cloned().collect()
}

/// Follows the cursors to the end. What each request showed.
async fn followed(shop: &Shop, mut wanted: Wanted) -> Vec<Vec<Payment>> {
    let mut shown = Vec::new();
    for _ in 0..1_000 {
        let listed = shop.payments(&wanted).await.unwrap();
        assert!(listed.payments.len() <= wanted.limit);
        shown.push(listed.payments);
        wanted.after = listed.next;
        if wanted.after.is_none() {
            return shown;
        }
    }
    panic!("no end after {} requests", shown.len());
}

// -- pages and cursors --

#[test]
fn where_there_is_nothing_nothing_is_shown_and_there_is_no_cursor() {
    block_on(async {
        let shop = Shop::new();
        assert_eq!(shop.payments(&wanted(10)).await, Ok(Listed::default()));
        assert_eq!(shop.tally().take(), Counts { queries: 1, ..Counts::default() });
    });
}

#[test]
fn a_list_shows_what_was_opened_as_it_stands_and_costs_one_query() {
    block_on(async {
        let shop = Shop::new();
        let (first, second) = (shop.opened(order("order-1")).await, shop.opened(order("order-2")).await);
        let paid = shop.confirmed(&first.id, card("c")).await;
        shop.tally().take();
        let mut listed = shop.payments(&wanted(10)).await.unwrap();
        assert_eq!(shop.tally().take(), Counts { queries: 1, ..Counts::default() });
        listed.payments.sort_by_key(|payment| payment.state.is_terminal());
        assert_eq!(listed, Listed { payments: vec![second, paid], next: None, unreadable: 0 });
    });
}

#[test]
fn a_limit_that_cuts_a_page_anywhere_goes_on_at_the_right_place() {
    block_on(async {
        let (shop, all) = shop_with((0..31).map(|number| payment(number, 1))).await;
        for limit in 1..=32 {
            let shown = followed(&shop, wanted(limit)).await;
            assert_eq!(shown.concat(), all, "{limit} at once");
            assert!(shown.iter().rev().skip(1).all(|payments| payments.len() == limit), "only the last may be short");
        }
    });
}

#[test]
fn a_filter_and_a_limit_together_lose_and_repeat_nothing() {
    block_on(async {
        // Pages of the index have 100 rows, and are cut where the limit is reached: in the middle, at the end, after it.
        let (shop, all) = shop_with((0..330).map(|number| payment(number, 3))).await;
        for limit in [1, 33, 34, 40, 100, 109, 110, 111] {
            let shown = followed(&shop, Wanted { status: Some(Status::Succeeded), ..wanted(limit) }).await;
            assert_eq!(shown.concat(), paid(&all), "{limit} at once");
        }
    });
}

#[test]
fn a_list_goes_on_where_it_ended_though_payments_were_opened_and_changed_since() {
    block_on(async {
        let (shop, all) = shop_with((0..10).map(|number| payment(number, 1))).await;
        let first = shop.payments(&wanted(4)).await.unwrap();
        let newer = Payment { created_at: SimHost::START.plus(Duration::from_secs(60)), ..payment(99, 1) };
        create(&shop, &newer, 99).await;
        let rest = shop.payments(&Wanted { after: first.next, ..wanted(10) }).await.unwrap();
        assert_eq!([first.payments, rest.payments].concat(), all);
        assert_eq!(rest.next, None);
    });
}

// -- filters --

#[test]
fn each_filter_lets_through_what_it_says_and_all_of_them_what_all_say() {
    let review = Review { since: SimHost::START, reason: ReviewReason::OutcomeUnknown };
    let name: Text<100> = Text::parse("order-1").unwrap();
    let rows = (0..16).map(|number| {
        let made = payment(number, 2);
        Payment {
            attention: Some(review).filter(|_| number % 4 < 2),
            terms: Terms { reference: Some(name.clone()).filter(|_| number < 8), ..made.terms.clone() },
            ..made
        }
    });
    block_on(async {
        let (shop, all) = shop_with(rows).await;
        for status in [None, Some(Status::Succeeded), Some(Status::RequiresPaymentMethod), Some(Status::Canceled)] {
            for attention_only in [false, true] {
                for listing in [today(), Listing::Reference(name.clone())] {
                    let is_in = |payment: &&Payment| {
                        status.is_none_or(|status| payment.state.status() == status)
                            && (!attention_only || payment.attention.is_some())
                            && (listing == today() || payment.terms.reference.as_ref() == Some(&name))
                    };
                    let fit: Vec<Payment> = all.iter().filter(is_in).cloned().collect();
                    let wanted = Wanted { listing: listing.clone(), status, attention_only, ..wanted(100) };
                    assert_eq!(shop.payments(&wanted).await.unwrap().payments, fit, "{wanted:?}");
                }
            }
        }
    });
}

#[test]
fn every_status_can_be_asked_for() {
    block_on(async {
        let (shop, _) = shop_with([payment(1, 1)]).await;
        let mut shown = 0;
        for status in Status::ALL {
            shown += shop.payments(&Wanted { status: Some(status), ..wanted(10) }).await.unwrap().payments.len();
        }
        assert_eq!(shown, 1);
    });
}

// -- one request reads a bounded part --

#[test]
fn a_filter_that_few_pass_gives_empty_answers_with_cursors_that_lead_to_them() {
    block_on(async {
        // The only paid one is the oldest of so many that one request cannot read them.
        let (shop, all) = shop_with((0..2 * READ_MAX + 1).map(|number| payment(number, u32::MAX))).await;
        let only_paid = Wanted { status: Some(Status::Succeeded), ..wanted(10) };
        let first = shop.payments(&only_paid).await.unwrap();
        assert_eq!((first.payments.len(), first.next.is_some()), (0, true));
        assert_eq!(shop.tally().take(), Counts { queries: 5, ..Counts::default() }, "and no more than that");
        let last_read = ListPlace::of(&all[usize::try_from(READ_MAX).unwrap() - 1]);
        assert_eq!(first.next, Some(last_read), "the cursor stands after what was read, not after what was shown");
        let shown = followed(&shop, only_paid).await;
        assert_eq!(shown.iter().map(Vec::len).collect::<Vec<_>>(), [0, 0, 1]);
        assert_eq!(shown.concat(), paid(&all));
    });
}

#[test]
fn what_is_found_before_the_bound_is_shown_though_there_is_room_for_more() {
    block_on(async {
        let (shop, all) = shop_with((0..READ_MAX + 50).map(|number| payment(number, 100))).await;
        let shown = followed(&shop, Wanted { status: Some(Status::Succeeded), ..wanted(100) }).await;
        assert_eq!(shown.len(), 2, "the first request ends at its bound");
        assert!(shown[0].len() < 100 && !shown[0].is_empty());
        assert_eq!(shown.concat(), paid(&all));
    });
}

// -- a store as it can be --

#[test]
fn a_store_that_fails_is_an_error_at_the_first_page_and_at_a_later_one() {
    block_on(async {
        let (shop, _) = shop_with((0..300).map(|number| payment(number, u32::MAX - 1))).await;
        let only_paid = Wanted { status: Some(Status::Succeeded), ..wanted(10) };
        for read_before in 0..3 {
            let well = vec![store::Course::Well; read_before];
            shop.store().script(store::Call::List, well.into_iter().chain([store::Course::LostBefore]));
            let failed = shop.payments(&only_paid).await;
            assert!(matches!(failed, Err(Error::Unavailable { .. })), "{failed:?}");
        }
        assert!(shop.payments(&only_paid).await.is_ok());
    });
}

/// A store that shows these pages, one after the other.
struct Pages(Mutex<VecDeque<ListPage>>);

impl Pages {
    fn new(pages: impl IntoIterator<Item = ListPage>) -> Self {
        Self(Mutex::new(pages.into_iter().collect()))
    }
}

impl ListPayments for Pages {
    async fn list(&self, _: &Listing, _: Option<&ListPlace>, _: u32) -> Result<ListPage, Error> {
        Ok(self.0.lock().unwrap().pop_front().unwrap_or_default())
    }
}

#[test]
fn pages_that_are_short_or_empty_or_partly_unreadable_are_followed_while_they_say_where_to_go_on() {
    let place = |number| Some(ListPlace::of(&payment(number, 1)));
    let pages = [
        ListPage { payments: Vec::new(), next: place(90), unreadable: 2 },
        ListPage { payments: vec![payment(80, 1)], next: place(70), unreadable: 0 },
        ListPage { payments: Vec::new(), next: place(60), unreadable: 1 },
        ListPage { payments: vec![payment(50, 1), payment(49, 1)], next: None, unreadable: 0 },
    ];
    let listed = block_on(list_payments(&Pages::new(pages.clone()), &wanted(10))).unwrap();
    let all = vec![payment(80, 1), payment(50, 1), payment(49, 1)];
    assert_eq!(listed, Listed { payments: all.clone(), next: None, unreadable: 3 });
    let listed = block_on(list_payments(&Pages::new(pages.clone()), &wanted(2))).unwrap();
    assert_eq!(listed, Listed { payments: all[..2].to_vec(), next: place(50), unreadable: 3 });
    let listed = block_on(list_payments(&Pages::new(pages), &wanted(1))).unwrap();
    let rest = "the page was shown whole, so its own cursor leads on";
    assert_eq!(listed, Listed { payments: all[..1].to_vec(), next: place(70), unreadable: 2 }, "{rest}");
}
