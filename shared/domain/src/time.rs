//! A moment, and the circumstances a decision is taken under. Nobody in this crate can ask what time it is.

use std::time::Duration;

use crate::{policy::Policy, schedule::Limits};

/// A moment in UTC, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_unix_ms(unix_ms: i64) -> Self {
        Self(unix_ms)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_ms(self) -> i64 {
        self.0
    }

    /// This moment moved on by `duration`; stays at the end of time rather than overflow.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero if it is not after it (a Lambda clock may jump when it thaws).
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// A calendar day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    const MS: i64 = 24 * 3600 * 1000;

    /// The day of a moment.
    #[must_use]
    pub const fn of(at: Timestamp) -> Self {
        Self(at.0.div_euclid(Self::MS))
    }

    /// Its first moment.
    #[must_use]
    pub const fn start(self) -> Timestamp {
        Timestamp(self.0.saturating_mul(Self::MS))
    }

    /// The day before it.
    #[must_use]
    pub const fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

/// The circumstances of one decision: the moment, the limits and the merchant's settings in force, and one throw of the dice for
/// jitter.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// When the decision is taken.
    pub at: Timestamp,
    /// The time limits of this stack.
    pub limits: Limits,
    /// What the merchant has us do by ourselves.
    pub policy: Policy,
    /// A uniformly random number; the same number gives the same decision.
    pub dice: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_moved_and_measured_in_milliseconds() {
        let at = Timestamp::from_unix_ms(1_795_434_360_007);
        assert_eq!(at.plus(Duration::from_millis(1_500)).unix_ms(), 1_795_434_361_507);
        assert_eq!(at.plus(Duration::MAX).unix_ms(), i64::MAX);
        assert_eq!(at.since(Timestamp::from_unix_ms(1_795_434_360_000)), Duration::from_millis(7));
        assert_eq!(Timestamp::from_unix_ms(0).since(at), Duration::ZERO, "a clock that was set back");
    }

    #[test]
    fn a_day_is_24_hours_long_and_begins_at_midnight() {
        let (last, next) = (Timestamp::from_unix_ms(86_399_999), Timestamp::from_unix_ms(86_400_000));
        assert_eq!((Day::of(last).start().unix_ms(), Day::of(next).start()), (0, next));
        assert_eq!(Day::of(Timestamp::from_unix_ms(-1)).start().unix_ms(), -86_400_000);
        assert_eq!(Day::of(next).before(), Day::of(last));
    }
}
