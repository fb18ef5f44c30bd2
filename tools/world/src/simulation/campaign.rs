//! Many runs, one seed after the other, and what they came to.

use std::{fmt, time::Instant};

use super::{
    auditor::Breach,
    choices::Schedule,
    coverage::{Coverage, Sometimes},
    planted::Bug,
    run_again, run_of, run_with_bug,
    shrink::{Patience, Shrunk, shrink},
    story_of,
};

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
    bug: Option<Bug>,
    draws: Schedule,
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
            summary.failure = Some(Failure { seed, breach, bug: None, draws: run.draws });
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
    /// How much was drawn in its run: the less, the sooner it is told shortly.
    #[must_use]
    pub fn draws(&self) -> usize {
        self.draws.len()
    }

    /// What this seed breaks with a bug planted, if anything.
    #[must_use]
    pub fn of_bug(seed: u64, bug: Bug) -> Option<Self> {
        let run = run_with_bug(seed, bug);
        Some(Self { seed, bug: Some(bug), breach: run.breach?, draws: run.draws })
    }

    /// Looks for the shortest schedule that fails in the same way.
    #[must_use]
    pub fn shrunk(&self, patience: Patience) -> Shrunk {
        shrink(&self.draws, &self.breach, patience, |draws| run_again(self.seed, self.bug, draws))
    }

    /// Tells what goes wrong, by the shortest schedule that is found in some seconds.
    #[must_use]
    pub fn told(&self) -> String {
        let began = Instant::now();
        let Shrunk { draws, breach, tries } = self.shrunk(Patience::OF_A_DEVELOPER);
        format!(
            "seed {} at {} breaks {}: {}\n\n{}    ⇒ {}: {}\n      {}\n\n\
             This is the shortest of {tries} schedules that were tried in {} s. Of {} draws {} are left, {} of them not plain:\n{draws}",
            self.seed,
            commit(),
            breach.promise,
            breach.what,
            story_of(self.seed, self.bug, &draws),
            breach.promise,
            breach.what,
            breach.detail,
            began.elapsed().as_secs(),
            self.draws.len(),
            draws.len(),
            draws.not_plain(),
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
