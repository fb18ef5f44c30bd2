//! Dice for what happens after a run. They are nobody else's, so that the run before is the same whatever they throw; and they have a
//! bad hand only so often, so that everything comes to rest.

use crate::host::mix;

/// Dice that can have bad luck.
#[derive(Debug)]
pub(super) struct Dice {
    state: u64,
    /// One thing in so many goes wrong.
    one_in: usize,
    /// So many more things go wrong at most.
    troubles: u32,
}

impl Dice {
    pub(super) const fn new(seed: u64, one_in: usize, troubles: u32) -> Self {
        Self { state: seed, one_in, troubles }
    }

    /// Whether something goes wrong now; never again once enough has.
    pub(super) fn strikes(&mut self) -> bool {
        let struck = self.troubles > 0 && self.below(self.one_in) == 0;
        self.troubles = self.troubles.saturating_sub(u32::from(struck));
        struck
    }

    /// One of them; none if there is none.
    pub(super) fn pick<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        of.get(self.below(of.len())).cloned()
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.below_u64(u64::try_from(bound).unwrap_or(1))).unwrap_or(0)
    }

    pub(super) fn below_u64(&mut self, bound: u64) -> u64 {
        mix(&mut self.state).checked_rem(bound).unwrap_or(0)
    }
}
