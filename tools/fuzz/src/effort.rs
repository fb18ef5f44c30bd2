//! How much is tried: a fixed number of inputs in `cargo test`, as long as somebody likes in `cargo xtask fuzz`.

use std::env;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, Instant};

/// For how many seconds each target is fuzzed. `cargo xtask fuzz` sets it.
const SECONDS: &str = "QUITTANCE_FUZZ_SECONDS";
/// The one target that is fuzzed.
const TARGET: &str = "QUITTANCE_FUZZ_TARGET";
/// Every `cargo test` tries the same inputs: a change that fails it has failed by itself.
const QUICK_SEED: u64 = 1;

/// How much one target tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    Inputs(u64),
    Time(Duration),
}

impl Effort {
    /// None if another target is asked for.
    pub(crate) fn of_environment(target: &str, inputs: u64) -> Option<Self> {
        if env::var(TARGET).is_ok_and(|only| only != target) {
            return None;
        }
        let seconds = env::var(SECONDS).ok().and_then(|text| text.parse().ok());
        Some(seconds.map_or(Self::Inputs(inputs), |seconds| Self::Time(Duration::from_secs(seconds))))
    }

    pub(crate) const fn is_long(self) -> bool {
        matches!(self, Self::Time(_))
    }

    pub(crate) fn seed(self) -> u64 {
        match self {
            Self::Inputs(_) => QUICK_SEED,
            // The standard library's own source of numbers that nobody can foresee.
            Self::Time(_) => RandomState::new().build_hasher().finish(),
        }
    }

    pub(crate) fn goes_on(self, tried: u64, began: Instant) -> bool {
        match self {
            Self::Inputs(inputs) => tried < inputs,
            Self::Time(duration) => began.elapsed() < duration,
        }
    }
}
