//! The switch in the table: a row that people write and functions look at. What was seen is kept in the environment for a while, so that a
//! payment pays for a look at most every ten seconds.
//!
//! Must never: write it. Whoever can charge must not be able to end a pause.

use std::sync::{Mutex, PoisonError};

use domain::{pause::Pauses, time::Timestamp};
use flow::ports::{Error, pause::LoadPauses};

use super::{PaymentTable, failure, keys, row};

/// What was seen, and when it was looked for.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<Option<(Timestamp, Pauses)>>);

impl Seen {
    /// What may still be relied on `now`. A clock that was set back, as in an environment that was thawed, relies on nothing.
    fn fresh(&self, now: Timestamp) -> Option<Pauses> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, pauses) = seen.as_ref()?;
        let is_fresh = *at <= now && now.since(*at) < Pauses::SEEN_FOR;
        is_fresh.then(|| pauses.clone())
    }

    fn keep(&self, at: Timestamp, pauses: &Pauses) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, pauses.clone()));
    }
}

impl LoadPauses for PaymentTable {
    async fn load_pauses(&self, now: Timestamp) -> Result<Pauses, Error> {
        if let Some(pauses) = self.pauses.fresh(now) {
            return Ok(pauses);
        }
        let asked =
            self.client.get_item().table_name(&self.name).key(keys::PK, keys::of_pauses()).consistent_read(true);
        let answer = asked.send().await.map_err(|failed| failure::of_call(&failed))?;
        // It is as old as the question.
        let pauses = answer.item().map(row::pauses::read).unwrap_or_default();
        self.pauses.keep(now, &pauses);
        Ok(pauses)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::pause::Paused;

    use super::*;

    #[test]
    fn what_was_seen_is_relied_on_for_ten_seconds_and_never_by_a_clock_that_was_set_back() {
        let (seen, began) = (Seen::default(), Timestamp::from_unix_ms(1_700_000_000_000));
        let after = |ms| seen.fresh(began.plus(Duration::from_millis(ms)));
        assert_eq!(after(0), None, "nobody has looked yet");
        let paused = Pauses::of([Paused::Everything]);
        seen.keep(began, &paused);
        assert_eq!([0, 9_999].map(after), [Some(paused.clone()), Some(paused)]);
        assert_eq!((after(10_000), seen.fresh(Timestamp::from_unix_ms(1_699_999_999_999))), (None, None));
    }
}
