//! The one source of everything random in a run: which fate a call has, who is next, what people do.
//!
//! Every draw is written down. The list of draws *is* the schedule: played again it gives the same run, and a shorter
//! list, or one with smaller numbers, gives a plainer one. 0 is always the plainest choice (no fault, no kill, in order),
//! and when a list that is played again has come to its end, everything after it is plain.

use crate::host::mix;

/// No run needs so many; one that does goes in circles, and goes on plainly until its steps run out.
const DRAWS_MAX: usize = 200_000;

/// A source of choices.
#[derive(Debug)]
pub struct Choices {
    source: Source,
    drawn: Vec<u32>,
}

#[derive(Debug)]
enum Source {
    Seed(u64),
    Given(Vec<u32>),
}

impl Choices {
    /// Choices as this seed has them.
    #[must_use]
    pub const fn of_seed(seed: u64) -> Self {
        Self { source: Source::Seed(seed), drawn: Vec::new() }
    }

    /// The choices that were drawn before, and plain ones after them.
    #[must_use]
    pub const fn given(draws: Vec<u32>) -> Self {
        Self { source: Source::Given(draws), drawn: Vec::new() }
    }

    /// A number below `bound`. Where there is no choice, nothing is drawn.
    pub fn below(&mut self, bound: u32) -> u32 {
        if bound < 2 {
            return 0;
        }
        let at = self.drawn.len();
        let number = match &mut self.source {
            _ if at >= DRAWS_MAX => 0,
            Source::Seed(state) => scaled(mix(state), bound),
            // A shortened list may offer more than there is to choose from here.
            Source::Given(draws) => draws.get(at).copied().unwrap_or(0).min(bound.saturating_sub(1)),
        };
        self.drawn.push(number);
        number
    }

    /// Whether one of so many cases is this one. Of none it never is; the plain choice is no.
    pub fn one_in(&mut self, many: u32) -> bool {
        many != 0 && self.below(many) == many.saturating_sub(1)
    }

    /// One of these; the first is the plainest.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let drawn = self.below(u32::try_from(of.len()).unwrap_or(u32::MAX));
        usize::try_from(drawn).ok().and_then(|drawn| of.get(drawn)).copied()
    }

    /// What was drawn so far.
    #[must_use]
    pub fn drawn(&self) -> &[u32] {
        &self.drawn
    }
}

/// Spreads a random number evenly over what is below `bound`.
fn scaled(random: u64, bound: u32) -> u32 {
    let scaled = u128::from(random).saturating_mul(u128::from(bound)) >> 64;
    u32::try_from(scaled).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(choices: &mut Choices) -> Vec<u32> {
        (0..1_000).map(|_| choices.below(7)).collect()
    }

    #[test]
    fn a_seed_draws_the_same_every_time_and_every_number_that_it_may() {
        let drawn = draw(&mut Choices::of_seed(1));
        assert_eq!(drawn, draw(&mut Choices::of_seed(1)));
        assert_ne!(drawn, draw(&mut Choices::of_seed(2)));
        assert!((0..7).all(|number| drawn.iter().filter(|&&it| it == number).count() > 100), "{drawn:?}");
    }

    #[test]
    fn what_was_drawn_can_be_played_again_and_ends_plainly() {
        let mut first = Choices::of_seed(3);
        let drawn = draw(&mut first);
        let mut again = Choices::given(first.drawn().to_vec());
        assert_eq!(draw(&mut again), drawn);
        assert_eq!((again.below(9), again.one_in(2), again.pick(&["plain", "not"])), (0, false, Some("plain")));
        assert_eq!(Choices::given(vec![8]).below(3), 2, "never more than there is to choose from");
    }

    #[test]
    fn where_there_is_no_choice_nothing_is_drawn() {
        let mut choices = Choices::of_seed(1);
        assert_eq!(
            (choices.below(1), choices.below(0), choices.one_in(0), choices.pick::<u8>(&[])),
            (0, 0, false, None)
        );
        assert!(choices.drawn().is_empty());
    }
}
