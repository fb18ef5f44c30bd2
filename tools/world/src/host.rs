//! A machine whose clock stands still until somebody moves it, and whose dice fall the same way in every run.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::{policy::Policy, schedule::Limits, time::Timestamp};
use flow::ports::{Host, Note};

use crate::turns;

/// A simulated machine.
#[derive(Debug)]
pub struct SimHost {
    unix_ms: AtomicI64,
    dice: AtomicU64,
    limits: Limits,
    policy: Mutex<Policy>,
    deadline: Mutex<Option<Timestamp>>,
    notes: Mutex<Vec<Note>>,
}

impl SimHost {
    /// When every simulation begins: a Monday morning in 2026, at no round number, because real times are not round.
    pub const START: Timestamp = Timestamp::from_unix_ms(1_793_610_012_347);

    /// A machine with the standard limits. The same seed throws the same dice.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with_limits(seed, Limits::STANDARD)
    }

    /// A machine with limits of its own.
    #[must_use]
    pub fn with_limits(seed: u64, limits: Limits) -> Self {
        Self {
            unix_ms: AtomicI64::new(Self::START.unix_ms()),
            dice: AtomicU64::new(seed),
            limits,
            policy: Mutex::new(Policy::STANDARD),
            deadline: Mutex::new(None),
            notes: Mutex::new(Vec::new()),
        }
    }

    /// Moves the clock on.
    pub fn advance(&self, duration: Duration) {
        self.unix_ms.store(self.now().plus(duration).unix_ms(), Ordering::SeqCst);
    }

    /// Sets the clock, backwards too: a thawed Lambda environment can be told an older time.
    pub fn set(&self, to: Timestamp) {
        self.unix_ms.store(to.unix_ms(), Ordering::SeqCst);
    }

    /// The merchant settles on these settings.
    pub fn settle_on(&self, policy: Policy) {
        *self.policy.lock().unwrap_or_else(PoisonError::into_inner) = policy;
    }

    /// Whatever runs here must have begun its last step before this moment.
    pub fn ends_at(&self, deadline: Timestamp) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = Some(deadline);
    }

    /// What was noted so far.
    #[must_use]
    pub fn notes(&self) -> Vec<Note> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Host for SimHost {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.unix_ms.load(Ordering::SeqCst))
    }

    /// Every number of the sequence differs, so no two writes of one run bear the same name.
    fn dice(&self) -> u64 {
        let mut state = self.dice.fetch_add(STEP, Ordering::SeqCst);
        mix(&mut state)
    }

    /// Nobody else moves the clock while a machine sleeps, so sleeping moves it.
    async fn sleep(&self, duration: Duration) {
        self.advance(duration);
        turns::pass().await;
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn policy(&self) -> Policy {
        *self.policy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gateway_budget(&self) -> Duration {
        let deadline = *self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        let left = deadline.map_or(Duration::MAX, |deadline| deadline.since(self.now()));
        left.min(self.limits.gateway_timeout)
    }

    fn note(&self, note: Note) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64: the next number of the sequence that `state` stands in. No number comes twice.
pub(crate) const fn mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(STEP);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn time_moves_only_when_it_is_moved() {
        let host = SimHost::new(1);
        assert_eq!((host.now(), host.now()), (SimHost::START, SimHost::START));
        turns::block_on(host.sleep(Duration::from_millis(40)));
        host.advance(Duration::from_secs(1));
        assert_eq!(host.now().since(SimHost::START), Duration::from_millis(1_040));
    }

    #[test]
    fn what_is_left_until_the_end_grows_less_and_is_never_more_than_the_limit() {
        let host = SimHost::new(1);
        assert_eq!(host.gateway_budget(), Limits::STANDARD.gateway_timeout);
        host.ends_at(SimHost::START.plus(Duration::from_secs(60)));
        let left = [0, 50, 9, 1, 1].map(|seconds| {
            host.advance(Duration::from_secs(seconds));
            host.gateway_budget().as_secs()
        });
        assert_eq!(left, [20, 10, 1, 0, 0]);
    }

    #[test]
    fn one_seed_throws_one_sequence_without_repeats() {
        let throw = |seed| {
            let host = SimHost::new(seed);
            (0..1_000).map(|_| host.dice()).collect::<Vec<_>>()
        };
        assert_eq!(throw(7), throw(7));
        assert_ne!(throw(7), throw(8));
        assert_eq!(throw(7).iter().collect::<BTreeSet<_>>().len(), 1_000);
    }
}
