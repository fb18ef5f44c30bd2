//! The machine we run on: its clock, its dice, and the notes that a request's log line will show.
//!
//! One is made per request (or record), so that notes of parallel records do not mix.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::policy::Policy;
use domain::schedule::Limits;
use domain::time::Timestamp;
use flow::ports::{Host, Note};

/// One request makes a few notes; a bound keeps a fault from filling the memory.
const NOTES_MAX: usize = 64;

/// What a gateway call must leave of the function's time: to write its outcome down and to answer.
const RESERVE: Duration = Duration::from_secs(5);

/// The real clock and real randomness.
#[derive(Debug)]
pub struct SystemHost {
    limits: Limits,
    policy: Policy,
    deadline: Option<Timestamp>,
    notes: Mutex<Vec<Note>>,
}

impl SystemHost {
    /// A host under these limits and settings, for a request that must be done by `deadline`. One that has passed already is none: Lambda ends a
    /// function at its deadline, but `cargo lambda watch` gives every request one of January 1970.
    #[must_use]
    pub fn new(limits: Limits, policy: Policy, deadline: Option<Timestamp>) -> Self {
        let deadline = deadline.filter(|deadline| *deadline > now());
        Self { limits, policy, deadline, notes: Mutex::new(Vec::new()) }
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

    fn policy(&self) -> Policy {
        self.policy
    }

    fn gateway_budget(&self) -> Duration {
        budget_until(self.deadline, self.now(), self.limits)
    }

    fn note(&self, note: Note) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() < NOTES_MAX {
            notes.push(note);
        }
    }
}

/// What is left of the function's time less the reserve, and never more than the stack's limit.
fn budget_until(deadline: Option<Timestamp>, now: Timestamp, limits: Limits) -> Duration {
    let left = |deadline: Timestamp| deadline.since(now).saturating_sub(RESERVE).min(limits.gateway_timeout);
    deadline.map_or(limits.gateway_timeout, left)
}

/// The time now. For `main` and the log, which have no host at hand.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read; everybody else is handed the time")]
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// A random number: SipHash of nothing under the keys of a `RandomState`. The operating system seeds these once per thread, and
/// std then counts them up; so two environments differ by their seeds, two throws of one by the hash. Good for jitter and for
/// telling writers apart, not for secrets.
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
    fn a_gateway_call_leaves_time_to_write_its_outcome_down() {
        let now = Timestamp::from_unix_ms(1_000_000);
        let after =
            |seconds: u64| budget_until(Some(now.plus(Duration::from_secs(seconds))), now, Limits::STANDARD).as_secs();
        assert_eq!([29, 15, 5, 0].map(after), [20, 10, 0, 0]);
        assert_eq!(budget_until(None, now, Limits::STANDARD).as_secs(), 20);
    }

    #[test]
    fn a_deadline_of_1970_is_none() {
        let watched = SystemHost::new(Limits::STANDARD, Policy::STANDARD, Some(Timestamp::from_unix_ms(600_000)));
        assert_eq!(watched.gateway_budget(), Limits::STANDARD.gateway_timeout);
    }

    #[test]
    fn notes_are_taken_once_and_bounded() {
        let host = SystemHost::new(Limits::STANDARD, Policy::STANDARD, None);
        (0..100).for_each(|_| host.note(Note::Conflict));
        assert_eq!(host.take_notes().len(), NOTES_MAX);
        assert_eq!(host.take_notes(), []);
    }

    #[test]
    fn the_clock_is_of_this_century() {
        assert!((1_700_000_000_000..4_102_444_800_000).contains(&now().unix_ms()));
    }
}
