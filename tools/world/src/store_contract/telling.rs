//! What a store must keep about how far its lists of a day have come. [`for_each_telling_rule`] names the rules.
//!
//! [`for_each_telling_rule`]: crate::for_each_telling_rule

use domain::{
    payment::Payment,
    time::{Day, Timestamp},
    timeline::{Cause, Entry, Image, Version},
};
use flow::ports::timeline::{DayList, FindNewest, PutEntry};

use super::{Bench, at, comes_to_show, stored};
use crate::payments;

/// Calls a macro with the name of each rule.
#[macro_export]
macro_rules! for_each_telling_rule {
    ($rule:ident) => {
        $rule!(the_newest_of_a_day_is_shown_up_to_a_moment_and_each_list_for_itself);
    };
}

/// A Monday in 2026.
const DAY: Day = Day::of(at(1_793_610_012_347));
const FOREVER: Timestamp = at(i64::MAX);

/// What is newer, of another day or in another list is not the newest.
pub async fn the_newest_of_a_day_is_shown_up_to_a_moment_and_each_list_for_itself<B: Bench>(bench: &B)
where
    B::Store: FindNewest + PutEntry,
{
    let newest = async |list, day, until| bench.store().newest(list, day, until).await.unwrap();
    for list in [DayList::Payments, DayList::Events] {
        assert_eq!(newest(list, DAY, FOREVER).await, None);
    }
    // Forty of them fill several shards; the last one was opened a moment before midnight, and one on the day before.
    for number in 0..40 {
        stored(bench, opened(number, i64::from(number) * 1_000)).await;
    }
    let last = stored(bench, opened(40, 24 * 3_600_000 - 1)).await.created_at;
    let before = stored(bench, opened(41, -1)).await.created_at;
    for number in [3, 7] {
        bench.store().put_entry(&told(&opened(number, i64::from(number) * 1_000)), Some(b"{}")).await.unwrap();
    }
    for (list, day, until, wanted) in [
        (DayList::Payments, DAY, FOREVER, Some(last)),
        (DayList::Payments, DAY, last, Some(last)),
        (DayList::Payments, DAY, after(24 * 3_600_000 - 2), Some(after(39_000))),
        (DayList::Payments, DAY, after(20_500), Some(after(20_000))),
        (DayList::Payments, DAY, before, None),
        (DayList::Payments, DAY.before(), FOREVER, Some(before)),
        (DayList::Events, DAY, FOREVER, Some(after(7_000))),
        (DayList::Events, DAY, after(6_999), Some(after(3_000))),
        (DayList::Events, DAY, after(2_999), None),
        (DayList::Events, DAY.before(), FOREVER, None),
    ] {
        comes_to_show(bench, &wanted, async || newest(list, day, until).await).await;
    }
    // The lists show all that they will by now.
    for (list, day, from, wanted) in [
        (DayList::Payments, DAY, last, true),
        (DayList::Payments, DAY, after(24 * 3_600_000), false),
        (DayList::Payments, DAY.before(), before, true),
        (DayList::Events, DAY, after(7_000), true),
        (DayList::Events, DAY, after(7_001), false),
        (DayList::Events, DAY.before(), before, false),
    ] {
        let any = bench.store().any_since(list, day, from).await.unwrap();
        assert_eq!(any, wanted, "{list:?} of {day:?} since {from:?}");
    }
}

/// So many milliseconds after the day's beginning.
const fn after(ms: i64) -> Timestamp {
    at(DAY.start().unix_ms() + ms)
}

/// The `number`th payment, opened so long after the day's beginning.
fn opened(number: u32, after_ms: i64) -> Payment {
    Payment { created_at: after(after_ms), updated_at: after(after_ms), ..payments::waiting(number) }
}

/// The entry that tells that it was opened.
fn told(payment: &Payment) -> Entry {
    let cause = Cause {
        what: "initiated".to_owned(),
        why: None,
        who: "client:shop".to_owned(),
        evidence: None,
        request_id: None,
    };
    Entry::of(None, &Version { image: Image::Payment(Box::new(payment.clone())), cause })
}
