//! Makes a failing run shorter: leaves draws out, and makes those that stay smaller, as long as the same promise is broken
//! in the same way. A draw that is 0 is the plainest choice, and draws at the end that are 0 need not be written down.

use super::{auditor::Breach, run_again};

/// A schedule that breaks a promise, and the promise.
#[derive(Debug, Clone)]
pub struct Shrunk {
    /// The draws.
    pub draws: Vec<u32>,
    /// What they break.
    pub breach: Breach,
    /// How many runs were made to find them.
    pub tries: u32,
}

/// Looks for the shortest schedule that breaks the same promise in the same way, in at most so many runs.
#[must_use]
pub fn shrink(seed: u64, draws: &[u32], breach: &Breach, tries_max: u32) -> Shrunk {
    shrink_with(draws, breach, tries_max, |draws| {
        let run = run_again(seed, draws);
        let same = |found: &Breach| (found.promise, found.what) == (breach.promise, breach.what);
        run.breach.filter(same).map(|breach| (run.draws, breach))
    })
}

fn shrink_with(
    draws: &[u32],
    breach: &Breach,
    tries_max: u32,
    fails: impl Fn(&[u32]) -> Option<(Vec<u32>, Breach)>,
) -> Shrunk {
    let best = Shrunk { draws: without_zeros_at_the_end(draws.to_vec()), breach: breach.clone(), tries: 0 };
    let mut search = Search { best, tries_max, fails };
    loop {
        let before = search.best.draws.clone();
        search.make_plain();
        search.leave_out();
        search.make_smaller();
        if search.best.draws == before || search.is_tired() {
            return search.best;
        }
    }
}

struct Search<F> {
    best: Shrunk,
    tries_max: u32,
    fails: F,
}

impl<F: Fn(&[u32]) -> Option<(Vec<u32>, Breach)>> Search<F> {
    const fn is_tired(&self) -> bool {
        self.best.tries >= self.tries_max
    }

    /// Takes `draws` if they fail and are better than what was found so far.
    fn takes(&mut self, draws: Vec<u32>) -> bool {
        if self.is_tired() || !is_better(&draws, &self.best.draws) {
            return false;
        }
        self.best.tries = self.best.tries.saturating_add(1);
        let Some((drawn, breach)) = (self.fails)(&draws) else { return false };
        // What was really drawn may be even shorter: what comes after the failure was never asked for.
        let drawn = without_zeros_at_the_end(drawn);
        self.best.draws = if is_better(&drawn, &draws) { drawn } else { without_zeros_at_the_end(draws) };
        self.best.breach = breach;
        true
    }

    /// Leaves out pieces, large ones first.
    fn leave_out(&mut self) {
        self.by_pieces(|draws, from, to| {
            draws.drain(from..to);
        });
    }

    /// Makes pieces plain without moving what follows.
    fn make_plain(&mut self) {
        self.by_pieces(|draws, from, to| {
            if let Some(piece) = draws.get_mut(from..to) {
                piece.fill(0);
            }
        });
    }

    fn by_pieces(&mut self, change: impl Fn(&mut Vec<u32>, usize, usize)) {
        let mut size = self.best.draws.len().next_power_of_two();
        while size >= 1 && !self.is_tired() {
            let mut end = self.best.draws.len();
            while end > 0 && !self.is_tired() {
                let from = end.saturating_sub(size);
                let mut draws = self.best.draws.clone();
                change(&mut draws, from, end.min(self.best.draws.len()));
                self.takes(draws);
                end = from.min(self.best.draws.len());
            }
            size /= 2;
        }
    }

    fn make_smaller(&mut self) {
        for place in (0..self.best.draws.len()).rev() {
            for smaller in [|draw: u32| draw / 2, |draw: u32| draw.saturating_sub(1)] {
                let mut draws = self.best.draws.clone();
                if let Some(draw) = draws.get_mut(place) {
                    *draw = smaller(*draw);
                }
                self.takes(draws);
            }
        }
    }
}

/// Shorter is better; of two of one length, the one with the smaller numbers in front.
fn is_better(one: &[u32], other: &[u32]) -> bool {
    (one.len(), one) < (other.len(), other)
}

fn without_zeros_at_the_end(mut draws: Vec<u32>) -> Vec<u32> {
    while draws.pop_if(|draw| *draw == 0).is_some() {}
    draws
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breach() -> Breach {
        Breach { promise: "P1", what: "tested", detail: String::new() }
    }

    #[test]
    fn what_does_not_matter_is_left_out_and_what_does_is_made_small() {
        // It fails if there is a draw of at least 3 somewhere before one of at least 2.
        let fails = |draws: &[u32]| {
            let first = draws.iter().position(|draw| *draw >= 3)?;
            draws.get(first.saturating_add(1)..)?.iter().any(|draw| *draw >= 2).then(|| (draws.to_vec(), breach()))
        };
        let draws: Vec<u32> = (0..500).map(|number| number % 7).collect();
        let shrunk = shrink_with(&draws, &breach(), 10_000, fails);
        assert_eq!(shrunk.draws, [3, 2]);
    }

    #[test]
    fn the_search_is_bounded() {
        let shrunk = shrink_with(&[1; 1_000], &breach(), 5, |_| None);
        assert_eq!((shrunk.draws.len(), shrunk.tries), (1_000, 5));
    }
}
