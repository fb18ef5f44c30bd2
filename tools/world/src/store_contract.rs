//! What every store must keep, as rules that run against any of them: the twin in memory, and the real table on
//! whatever speaks DynamoDB. A twin that kept other promises would prove nothing.
//!
//! Each rule is one function, starts from an empty store, and speaks by panicking. [`for_each_store_rule`] names them
//! all, and a test sees to it that none is missing.
//!
//! [`for_each_store_rule`]: crate::for_each_store_rule

#![expect(clippy::unwrap_used, clippy::panic, reason = "a broken promise is told by a panic, as in any test")]
#![expect(clippy::arithmetic_side_effects, reason = "small constant numbers, and tests are built with overflow checks")]

mod due;
mod keyrings;
mod lists;
mod rows;
mod telling;
mod webhooks;

use std::{fmt::Debug, future::Future};

use domain::{payment::Payment, time::Timestamp};
use flow::ports::{
    Actor, Cause, CreatePayment, Created, FindDue, ListPayments, LoadPayment, ReplacePayment, Replaced, Write,
    WriterToken,
};

pub use self::{due::*, keyrings::*, lists::*, rows::*, telling::*, webhooks::*};
use crate::payments;

/// A store under test.
pub trait Bench: Sync {
    /// Its type.
    type Store: LoadPayment + CreatePayment + ReplacePayment + FindDue + ListPayments;
    /// How often its indexes are given a moment before they count as broken.
    const PAUSES_MAX: u32;
    /// The store, empty at first.
    fn store(&self) -> &Self::Store;
    /// Gives its indexes a moment to catch up with its rows.
    fn pause(&self) -> impl Future<Output = ()> + Send;
}

/// Calls a macro with the name of each rule.
#[macro_export]
macro_rules! for_each_store_rule {
    ($rule:ident) => {
        $rule!(what_was_never_created_is_not_there);
        $rule!(what_is_created_is_there_at_once);
        $rule!(creating_again_shows_the_row_that_stands_and_changes_nothing);
        $rule!(of_many_creators_one_wins_and_the_others_see_its_row);
        $rule!(replacing_the_right_version_writes_it);
        $rule!(replacing_another_version_shows_the_row_that_stands_and_changes_nothing);
        $rule!(replacing_a_row_that_is_not_there_fails_and_creates_nothing);
        $rule!(a_write_that_meets_its_own_row_has_succeeded);
        $rule!(a_write_that_was_overtaken_has_not_succeeded_twice);
        $rule!(of_many_writers_one_wins_each_version);
        $rule!(every_field_comes_back_as_it_was_written);
        $rule!(the_largest_payment_fits);
        $rule!(the_due_index_follows_the_row);
        $rule!(what_is_due_later_is_not_due_yet);
        $rule!(a_window_begins_where_it_says);
        $rule!(doubts_lie_apart_from_looks_and_a_row_moves_between_them);
        $rule!(every_row_that_waits_is_counted_due_or_not);
        $rule!(pages_show_each_due_row_once_and_the_longest_due_first);
        $rule!(a_page_goes_on_where_the_last_one_ended_even_if_that_row_has_moved);
        $rule!(a_list_shows_the_newest_first_in_pages_of_any_size);
        $rule!(a_long_list_is_shown_to_its_end);
        $rule!(a_list_goes_on_where_it_ended_while_rows_are_added_and_changed);
        $rule!(a_list_shows_each_payment_as_it_stands);
        $rule!(a_day_begins_and_ends_at_midnight_utc);
        $rule!(a_reference_lists_its_payments_of_all_days_and_no_others);
    };
}

/// No page of a rule's rows goes on for ever.
const PAGES_MAX: u32 = 200;

const fn at(unix_ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(unix_ms)
}

const fn write(payment: &Payment, writer: u64) -> Write<'_> {
    Write { payment, cause: Cause::of("tested"), actor: &Actor::Retry, writer: WriterToken(writer) }
}

/// The payment, changed once more.
fn next(payment: &Payment) -> Payment {
    Payment { version: payment.version + 1, rounds: payment.rounds + 1, ..payment.clone() }
}

async fn created<B: Bench>(bench: &B, number: u32) -> Payment {
    stored(bench, payments::waiting(number)).await
}

async fn stored<B: Bench>(bench: &B, payment: Payment) -> Payment {
    assert_eq!(bench.store().create(&write(&payment, 1)).await, Ok(Created::Created));
    payment
}

async fn replaced<B: Bench>(bench: &B, payment: &Payment, writer: u64) -> Payment {
    assert_eq!(bench.store().replace(&write(payment, writer)).await, Ok(Replaced::Replaced));
    payment.clone()
}

/// Waits until an index shows what it should.
async fn comes_to_show<B: Bench, T: PartialEq + Debug>(bench: &B, wanted: &T, look: impl AsyncFn() -> T) {
    let mut seen = look().await;
    for _ in 0..B::PAUSES_MAX {
        if seen == *wanted {
            return;
        }
        bench.pause().await;
        seen = look().await;
    }
    assert_eq!(seen, *wanted, "this is what the index came to show");
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_rule_is_named_where_rules_are_called() {
        let files = [
            include_str!("store_contract/rows.rs"),
            include_str!("store_contract/due.rs"),
            include_str!("store_contract/lists.rs"),
        ];
        let between = |line: &'static str, start: &str, end: &str| {
            line.trim_start().strip_prefix(start).and_then(|rest| rest.split_once(end)).map(|(name, _)| name)
        };
        let lines = files.into_iter().flat_map(str::lines);
        let written: Vec<&str> = lines.filter_map(|line| between(line, "pub async fn ", "<B: Bench>")).collect();
        let calls = include_str!("store_contract.rs").lines();
        let called: Vec<&str> = calls.filter_map(|line| between(line, "$rule!(", ");")).collect();
        assert!(written.len() > 20, "{written:?}");
        assert_eq!(written, called);
    }
}
