//! Whether anybody tells of what happens. `publish` is called by the table's stream, and a function that is not called can neither fail
//! nor measure anything: what watches it must be somebody else. Each payment that is opened is announced within seconds, so a payment
//! that was opened a while ago, and no event since then, says that nothing is told.
//!
//! It reads two lists of an index and no row. In a quiet shop, where nothing was opened, it has nothing to say.

use std::time::Duration;

use domain::time::{Day, Timestamp};

use crate::ports::{
    Error, Host,
    timeline::{DayList, FindNewest},
};

/// Events go out within seconds, and may be late by minutes: a payment that is younger than this proves nothing.
const TOLD_WITHIN_MS: i64 = 15 * 60 * 1_000;

/// For how long payments have been opened and nothing was told: how long ago the newest payment was opened of those that should be told
/// by now, if there was no event since; nothing, if there was, or if there is no such payment.
///
/// # Errors
/// If the store fails.
pub async fn untold<H: Host, S: FindNewest>(host: &H, store: &S) -> Result<Duration, Error> {
    let now = host.now();
    let by = Timestamp::from_unix_ms(now.unix_ms().saturating_sub(TOLD_WITHIN_MS));
    // Who told of anything since then tells. In a shop where much happens this one question is all that is asked.
    if store.any_since(DayList::Events, Day::of(now), by).await? {
        return Ok(Duration::ZERO);
    }
    // Of the day before too, so that midnight ends no alarm. What is older the stream has forgotten.
    let opened = newest(store, DayList::Payments, by, Day::of(by).before()).await?;
    let Some(opened) = opened else { return Ok(Duration::ZERO) };
    // An event bears the moment of its change, so that of the payment's opening is as old as the payment.
    let told = newest(store, DayList::Events, now, Day::of(opened)).await?;
    Ok(if told.is_some_and(|told| told >= opened) { Duration::ZERO } else { now.since(opened) })
}

/// When the newest thing in a list came to be, of those that were there by `until`, and not before the day `from`: two days of payments
/// and three of events at most.
async fn newest<S: FindNewest>(
    store: &S,
    list: DayList,
    until: Timestamp,
    from: Day,
) -> Result<Option<Timestamp>, Error> {
    let days = std::iter::successors(Some(Day::of(until)), |day| Some(day.before()));
    for day in days.take_while(|day| *day >= from) {
        let found = store.newest(list, day, until).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
