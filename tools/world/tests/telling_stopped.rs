//! Whether anybody tells of what happens, as the sweep sees it: a shop where payments are opened, and somebody who tells of them, or does
//! not.

#![expect(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "a test speaks by panicking")]

use std::time::Duration;

use domain::time::{Day, Timestamp};
use flow::{
    operations::sweep::untold,
    ports::{Host as _, timeline::DayList},
};
use world::{host::SimHost, post::Post, shop::order, turns::block_on};

const MINUTE: Duration = Duration::from_secs(60);

/// For how long nothing was told, in whole minutes.
async fn silent_minutes(post: &Post) -> u64 {
    untold(post.host(), post.store()).await.unwrap().as_secs() / 60
}

/// The clock of the shop stands at this time of the day after the simulation's first.
fn set(post: &Post, hours: u64, minutes: u64) {
    let midnight = Day::of(SimHost::START).start().plus(24 * 60 * MINUTE);
    post.host().set(midnight.plus(Duration::from_secs(60 * (60 * hours + minutes))));
}

#[test]
fn a_shop_where_nothing_is_opened_is_quiet_and_not_untold() {
    block_on(async {
        let post = Post::new();
        assert_eq!(silent_minutes(&post).await, 0);
        post.happened("told").await;
        for _ in 0..72 {
            post.host().advance(60 * MINUTE);
            assert_eq!(silent_minutes(&post).await, 0, "at {:?}", post.host().now());
        }
    });
}

#[test]
fn one_payment_that_nobody_tells_of_is_seen_after_a_quarter_of_an_hour_and_until_the_day_after() {
    block_on(async {
        let post = Post::new();
        set(&post, 9, 0);
        post.happened("told").await;
        set(&post, 10, 0);
        post.shop().opened(order("untold")).await;
        for (hours, minutes, silent) in [(10, 0, 0), (10, 14, 0), (10, 15, 15), (14, 0, 240), (47, 59, 37 * 60 + 59)] {
            set(&post, hours, minutes);
            assert_eq!(silent_minutes(&post).await, silent, "at {hours}:{minutes}");
        }
    });
}

#[test]
fn midnight_hides_nothing_and_makes_nothing_up() {
    block_on(async {
        let post = Post::new();
        set(&post, 12, 0);
        post.happened("told").await;
        // The look for payments is a quarter of an hour behind, so that it reaches one day further back than the clock says.
        for (hours, minutes) in [(23, 59), (24, 0), (24, 14), (24, 16), (47, 59), (48, 5), (48, 20)] {
            set(&post, hours, minutes);
            assert_eq!(silent_minutes(&post).await, 0, "at {hours}:{minutes}");
        }
        set(&post, 71, 58);
        post.shop().opened(order("untold")).await;
        for (hours, minutes, silent) in [(72, 12, 0), (72, 13, 15), (72, 30, 32), (80, 0, 482)] {
            set(&post, hours, minutes);
            assert_eq!(silent_minutes(&post).await, silent, "at {hours}:{minutes}");
        }
    });
}

#[test]
fn whatever_is_told_after_it_ends_the_silence() {
    block_on(async {
        let post = Post::new();
        set(&post, 9, 0);
        post.shop().opened(order("put-aside")).await;
        set(&post, 9, 30);
        assert_eq!(silent_minutes(&post).await, 30);
        // One that was put aside has an alarm of its own; that others are told shows that somebody tells.
        post.happened("told").await;
        assert_eq!(silent_minutes(&post).await, 0);
        let newest = post.store().events().iter().map(|event| event.at).max();
        assert_eq!(newest, Some(post.host().now()));
    });
}

#[test]
fn what_was_opened_last_of_many_is_what_counts() {
    block_on(async {
        let post = Post::new();
        for minute in 0..120 {
            set(&post, 9, minute);
            post.shop().opened(order(&format!("order-{minute}"))).await;
        }
        // 9:00 to 10:59 were opened; at 10:59 those until 10:44 should be told.
        assert_eq!(silent_minutes(&post).await, 15);
        let opened = flow::ports::timeline::FindNewest::newest(
            post.store(),
            DayList::Payments,
            Day::of(post.host().now()),
            Timestamp::from_unix_ms(i64::MAX),
        );
        assert_eq!(opened.await, Ok(Some(post.host().now())));
    });
}
