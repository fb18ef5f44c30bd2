//! Many runs, one seed after the other, and what they came to.

use std::{fmt, time::Instant};

use super::{
    auditor::Breach,
    coverage::{Coverage, Sometimes},
    run_of,
    shrink::{Shrunk, shrink},
    story_of,
};

/// Runs that are made to shorten a failure.
const SHRINKING_TRIES: u32 = 4_000;

/// Seeds to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seeds {
    /// The first.
    pub first: u64,
    /// How many.
    pub count: u64,
}

/// What many runs came to.
#[derive(Debug, Default)]
pub struct Summary {
    /// Seeds that were run.
    pub seeds: u64,
    /// Turns that were taken: moments at which somebody else could have gone first.
    pub turns: u64,
    /// Draws that were made.
    pub draws: u64,
    /// What was seen.
    pub coverage: Coverage,
    /// The first run that broke a promise.
    pub failure: Option<Failure>,
}

/// A run that broke a promise.
#[derive(Debug)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// What it broke.
    pub breach: Breach,
    draws: Vec<u32>,
}

/// Runs the seeds, until one breaks a promise. `tell` is told now and then how far it is.
pub fn run(seeds: Seeds, mut tell: impl FnMut(&Summary)) -> Summary {
    let mut summary = Summary::default();
    let end = seeds.first.saturating_add(seeds.count);
    for seed in seeds.first..end {
        let run = run_of(seed);
        summary.seeds = summary.seeds.saturating_add(1);
        summary.turns = summary.turns.saturating_add(run.turns);
        summary.draws = summary.draws.saturating_add(u64::try_from(run.draws.len()).unwrap_or(0));
        summary.coverage.add(&run.coverage);
        if let Some(breach) = run.breach {
            summary.failure = Some(Failure { seed, breach, draws: run.draws });
            break;
        }
        tell(&summary);
    }
    summary
}

impl Summary {
    /// Adds what another part of the same campaign came to.
    pub fn add(&mut self, other: Self) {
        self.seeds = self.seeds.saturating_add(other.seeds);
        self.turns = self.turns.saturating_add(other.turns);
        self.draws = self.draws.saturating_add(other.draws);
        self.coverage.add(&other.coverage);
        self.failure = self.failure.take().or(other.failure);
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cells, seen) = self.coverage.cells();
        writeln!(
            formatter,
            "{} seeds, {} draws, {} turns, {} calls, {} of them struck; {seen} of {cells} (operation, await point, fate) seen",
            self.seeds,
            self.draws,
            self.turns,
            self.coverage.calls(),
            self.coverage.faults(),
        )?;
        if let Some(((operation, point, fate), times)) = self.coverage.rarest() {
            writeln!(formatter, "the rarest: {operation:?} {point:?} {fate:?}, {times} times")?;
        }
        for what in Sometimes::ALL {
            writeln!(formatter, "  {:>10} {what:?}", self.coverage.times(what))?;
        }
        Ok(())
    }
}

impl Failure {
    /// Looks for the shortest schedule that fails in the same way, and tells it.
    #[must_use]
    pub fn told(&self) -> String {
        let began = Instant::now();
        let Shrunk { draws, breach, tries } = shrink(self.seed, &self.draws, &self.breach, SHRINKING_TRIES);
        format!(
            "seed {} at {} breaks {}: {}\n{}\n\nthe shortest schedule of {tries} tried in {} s: {} draws of {}\n{draws:?}\n\n{}",
            self.seed,
            commit(),
            breach.promise,
            breach.what,
            breach.detail,
            began.elapsed().as_secs(),
            draws.len(),
            self.draws.len(),
            story_of(self.seed, &draws),
        )
    }
}

/// The commit that is tried: with it, a seed says everything.
fn commit() -> String {
    let described = std::process::Command::new("git").args(["describe", "--always", "--dirty"]).output();
    let described = described.ok().filter(|output| output.status.success());
    described.map_or_else(
        || "an unknown commit".to_owned(),
        |output| format!("commit {}", String::from_utf8_lossy(&output.stdout).trim()),
    )
}
