//! Makes a failing run shorter: leaves draws out, and makes those that stay smaller, as long as the same promise is broken
//! in the same way. A draw that is 0 is the plainest choice, and draws at the end of a stream that are 0 need not be said.
//!
//! What is short is what is short to tell: first, few choices that are not plain; then, little that happens; then, few draws.
//!
//! In a stream draws have no names, only places. A choice that is made plainer makes others be drawn more often, or less, and
//! all that follow in its stream mean something else. So the search also moves what follows ([`Search::realign`]).

use std::time::{Duration, Instant};

use super::{
    Run,
    auditor::Breach,
    choices::{Schedule, StreamName},
};

/// A schedule that breaks a promise, and the promise.
#[derive(Debug, Clone)]
pub struct Shrunk {
    /// The draws.
    pub draws: Schedule,
    /// What they break.
    pub breach: Breach,
    /// How many runs were made to find them.
    pub tries: u32,
}

/// How long is searched, at most.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// So many runs.
    pub tries: u32,
    /// So much time.
    pub time: Duration,
}

impl Patience {
    /// As long as somebody waits who has just been told that something is wrong.
    pub const OF_A_DEVELOPER: Self = Self { tries: 200_000, time: Duration::from_secs(20) };
}

/// Looks for the shortest schedule that breaks the same promise in the same way. `again` plays one.
#[must_use]
pub fn shrink(draws: &Schedule, breach: &Breach, patience: Patience, again: impl Fn(&Schedule) -> Run) -> Shrunk {
    shrink_with(draws, breach, patience, |draws| {
        let run = again(draws);
        let same = |found: &Breach| (found.promise, found.what) == (breach.promise, breach.what);
        let breach = run.breach.filter(same)?;
        Some(Failing { draws: run.draws, breach, turns: run.turns })
    })
}

/// A run that fails.
struct Failing {
    draws: Schedule,
    breach: Breach,
    turns: u64,
}

fn shrink_with(
    draws: &Schedule,
    breach: &Breach,
    patience: Patience,
    fails: impl Fn(&Schedule) -> Option<Failing>,
) -> Shrunk {
    let best = Failing { draws: draws.clone().trimmed(), breach: breach.clone(), turns: u64::MAX };
    let mut search = Search { best, tries: 0, patience, began: Instant::now(), fails };
    // What costs more tries only when the others find nothing any more.
    let passes =
        [Search::leave_streams_out, Search::make_plain, Search::make_smaller, Search::leave_out, Search::realign];
    let mut next = 0;
    while let Some(pass) = passes.get(next).filter(|_| !search.is_tired()) {
        let before = search.best.draws.clone();
        pass(&mut search);
        next = if search.best.draws == before { next.saturating_add(1) } else { 0 };
    }
    let Failing { draws, breach, .. } = search.best;
    Shrunk { draws, breach, tries: search.tries }
}

struct Search<F> {
    best: Failing,
    tries: u32,
    patience: Patience,
    began: Instant,
    fails: F,
}

impl<F: Fn(&Schedule) -> Option<Failing>> Search<F> {
    fn is_tired(&self) -> bool {
        self.tries >= self.patience.tries || self.began.elapsed() >= self.patience.time
    }

    /// Takes a schedule if it fails and is better than what was found so far.
    fn takes(&mut self, draws: &Schedule) -> bool {
        if self.is_tired() || draws.not_plain() > self.best.draws.not_plain() || *draws == self.best.draws {
            return false;
        }
        self.tries = self.tries.saturating_add(1);
        let Some(failing) = (self.fails)(draws) else { return false };
        // What was really drawn may be even shorter: what comes after the failure was never asked for.
        let failing = Failing { draws: failing.draws.trimmed(), ..failing };
        let is_better = cost(&failing) < cost(&self.best);
        if is_better {
            self.best = failing;
        }
        is_better
    }

    /// Takes the best schedule with one stream changed. `change` says whether there was anything to change.
    fn takes_with(&mut self, name: StreamName, change: impl FnOnce(&mut Vec<u32>) -> Option<()>) -> bool {
        let mut draws = self.best.draws.clone();
        let changed = draws.0.get_mut(&name).and_then(change);
        changed.is_some() && self.takes(&draws)
    }

    fn streams(&self) -> Vec<StreamName> {
        self.best.draws.0.keys().copied().collect()
    }

    fn len_of(&self, name: StreamName) -> usize {
        self.best.draws.0.get(&name).map_or(0, Vec::len)
    }

    /// Has some of those who act do nothing but what is plain, many first.
    fn leave_streams_out(&mut self) {
        let mut size = self.streams().len().next_power_of_two();
        while size >= 1 && !self.is_tired() {
            for names in self.streams().chunks(size) {
                let mut draws = self.best.draws.clone();
                draws.0.retain(|name, _| !names.contains(name));
                self.takes(&draws);
            }
            size /= 2;
        }
    }

    /// Makes pieces plain without moving what follows, large ones first.
    fn make_plain(&mut self) {
        self.by_pieces(|draws, from, to| {
            let piece = draws.get_mut(from..to)?;
            let is_plain = piece.iter().all(|draw| *draw == 0);
            piece.fill(0);
            (!is_plain).then_some(())
        });
    }

    /// Leaves out pieces; but small ones that are plain anyhow only move what follows, and that is for [`Self::realign`].
    fn leave_out(&mut self) {
        const SMALL: usize = 8;
        self.by_pieces(|draws, from, to| {
            let matters = to.saturating_sub(from) >= SMALL || draws.get(from..to)?.iter().any(|draw| *draw > 0);
            draws.drain(from..to);
            matters.then_some(())
        });
    }

    fn by_pieces(&mut self, change: impl Fn(&mut Vec<u32>, usize, usize) -> Option<()>) {
        for name in self.streams() {
            let mut size = self.len_of(name).next_power_of_two();
            while size >= 1 && !self.is_tired() {
                let mut end = self.len_of(name);
                while end > 0 && !self.is_tired() {
                    let from = end.saturating_sub(size);
                    self.takes_with(name, |draws| change(draws, from, end));
                    end = from.min(self.len_of(name));
                }
                size /= 2;
            }
        }
    }

    fn make_smaller(&mut self) {
        for name in self.streams() {
            for place in (0..self.len_of(name)).rev() {
                for smaller in [|_| 0, |_| 1, |draw: u32| draw / 2, |draw: u32| draw.saturating_sub(1)] {
                    self.takes_with(name, |draws| {
                        let draw = draws.get_mut(place)?;
                        *draw = smaller(*draw).min(*draw);
                        Some(())
                    });
                }
            }
        }
    }

    /// Makes one draw smaller, and moves what follows it in its stream to where it belongs then.
    fn realign(&mut self) {
        /// How far behind the change something is taken out or put in.
        const BEHIND: [usize; 7] = [1, 2, 3, 5, 8, 13, 21];
        /// How much.
        const BY: usize = 9;
        for name in self.streams() {
            for place in 0..self.len_of(name) {
                for behind in BEHIND {
                    for by in 1..=BY {
                        for (smaller, puts_in) in [(0, true), (0, false), (1, true), (1, false)] {
                            self.takes_with(name, |draws| {
                                *draws.get_mut(place).filter(|draw| **draw > smaller)? = smaller;
                                let at = place.saturating_add(behind).min(draws.len());
                                if puts_in {
                                    draws.splice(at..at, std::iter::repeat_n(0, by));
                                } else {
                                    draws.drain(at..at.saturating_add(by).min(draws.len()));
                                }
                                Some(())
                            });
                        }
                    }
                }
            }
        }
    }
}

/// Less is better.
fn cost(failing: &Failing) -> (usize, u64, usize, &Schedule) {
    (failing.draws.not_plain(), failing.turns, failing.draws.len(), &failing.draws)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(draws: &[u32]) -> Schedule {
        Schedule([(0, draws.to_vec())].into())
    }

    fn failing(draws: &Schedule) -> Failing {
        let breach = Breach { promise: "P1", what: "tested", detail: String::new() };
        Failing { draws: draws.clone(), breach, turns: 0 }
    }

    /// The shortest schedule of one stream that `fails`.
    fn shortest(draws: &[u32], fails: impl Fn(&[u32]) -> bool) -> Vec<u32> {
        let patience = Patience { tries: 20_000, time: Duration::from_secs(60) };
        let one = |draws: &Schedule| draws.0.get(&0).cloned().unwrap_or_default();
        let breach = failing(&schedule(&[])).breach;
        let shrunk =
            shrink_with(&schedule(draws), &breach, patience, |draws| fails(&one(draws)).then(|| failing(draws)));
        one(&shrunk.draws)
    }

    #[test]
    fn what_does_not_matter_is_left_out_and_what_does_is_made_small() {
        // It fails if there is a draw of at least 3 somewhere before one of at least 2.
        let fails = |draws: &[u32]| {
            let first = draws.iter().position(|draw| *draw >= 3).unwrap_or(draws.len());
            draws.iter().skip(first.saturating_add(1)).any(|draw| *draw >= 2)
        };
        let draws: Vec<u32> = (0..500).map(|number| number % 7).collect();
        let shortest = shortest(&draws, fails);
        assert_eq!(shortest.iter().filter(|draw| **draw > 0).collect::<Vec<_>>(), [&3, &2]);
        assert!(shortest.len() < 16, "{shortest:?}");
    }

    #[test]
    fn a_choice_is_left_out_although_what_follows_means_something_else_without_it() {
        let is_nine = |draw: Option<&u32>| draw == Some(&9);
        // The first draw says how many others come before the one that matters.
        let number_of = |draws: &[u32]| draws.first().map_or(0, |draw| usize::try_from(*draw).unwrap());
        assert_eq!(shortest(&[4, 1, 2, 3, 4, 9], |draws| is_nine(draws.get(number_of(draws) + 1))), [0, 9]);
        // And the other way round: without the first, more is drawn.
        let after = |draws: &[u32]| 4_usize.saturating_sub(number_of(draws).min(3));
        assert_eq!(shortest(&[3, 9], |draws| is_nine(draws.get(after(draws)))), [0, 0, 0, 0, 9]);
    }

    #[test]
    fn who_does_not_matter_is_left_out_at_once() {
        let many: Schedule = Schedule((0..64).map(|name| (name, vec![1, 2, 3])).collect());
        let patience = Patience { tries: 100, time: Duration::from_secs(60) };
        let fails =
            |draws: &Schedule| (draws.0.get(&40).is_some_and(|draws| draws.contains(&2))).then(|| failing(draws));
        let shrunk = shrink_with(&many, &failing(&many).breach, patience, fails);
        assert_eq!(shrunk.draws.0.keys().collect::<Vec<_>>(), [&40]);
        assert_eq!(shrunk.draws.not_plain(), 1);
    }

    #[test]
    fn the_search_is_bounded() {
        let patience = Patience { tries: 5, time: Duration::from_secs(60) };
        let shrunk = shrink_with(&schedule(&[1; 1_000]), &failing(&schedule(&[])).breach, patience, |_| None);
        assert_eq!((shrunk.draws.len(), shrunk.tries), (1_000, 5));
    }
}
