//! The machine we run on: its clock, its dice, and the notes that a request's log line will show.
//!
//! One is made per request (or record), so that notes of parallel records do not mix.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::schedule::Limits;
use domain::time::Timestamp;
use flow::ports::{Host, Note};

/// One request makes a few notes; a bound keeps a fault from filling the memory.
const NOTES_MAX: usize = 64;

/// The real clock and real randomness.
#[derive(Debug)]
pub struct SystemHost {
    limits: Limits,
    notes: Mutex<Vec<Note>>,
}

impl SystemHost {
    /// A host under these limits.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits, notes: Mutex::new(Vec::new()) }
    }

    /// What was noted since this was last asked.
    #[must_use]
    pub fn take_notes(&self) -> Vec<Note> {
        std::mem::take(&mut *self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Host for SystemHost {
    fn now(&self) -> Timestamp {
        now()
    }

    fn dice(&self) -> u64 {
        dice()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn note(&self, note: Note) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() < NOTES_MAX {
            notes.push(note);
        }
    }
}

/// The time now. For `main` and the log, which have no host at hand.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read; everybody else is handed the time")]
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// A random number. Each `RandomState` has keys of its own, seeded by the operating system: good for jitter and for telling
/// writers apart, not for secrets.
#[must_use]
pub fn dice() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dice_do_not_repeat_themselves() {
        let thrown: std::collections::BTreeSet<u64> = (0..10_000).map(|_| dice()).collect();
        assert_eq!(thrown.len(), 10_000);
        let ones: u32 = thrown.iter().map(|number| number.count_ones()).sum();
        assert!((300_000..340_000).contains(&ones), "half of 640000 bits: {ones}");
    }

    #[test]
    fn notes_are_taken_once_and_bounded() {
        let host = SystemHost::new(Limits::STANDARD);
        (0..100).for_each(|_| host.note(Note::Conflict));
        assert_eq!(host.take_notes().len(), NOTES_MAX);
        assert_eq!(host.take_notes(), []);
    }

    #[test]
    fn the_clock_is_of_this_century() {
        assert!((1_700_000_000_000..4_102_444_800_000).contains(&now().unix_ms()));
    }
}
