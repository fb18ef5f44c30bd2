//! The simulation of the real operations, as many seeds of it as fit a change. `SEEDS` and `FIRST_SEED` in the
//! environment, or `cargo xtask simulate`, try more.

use world::{
    proof::figure,
    simulation::{
        campaign::{Failure, Seeds, run},
        choices::Schedule,
        planted::Bug,
        run_again, run_of,
        shrink::Patience,
        story_of,
    },
};

/// Seeds in one run of the test: under a minute of one core, and enough that the rarest cell is reached several times.
const SEEDS: u64 = 30_000;

fn number_of(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn no_run_breaks_a_promise_and_every_run_comes_to_rest() {
    let first = number_of("FIRST_SEED").unwrap_or(0);
    let count = number_of("SEEDS").unwrap_or(SEEDS);
    let summary = run(Seeds { first, count }, |_| ());
    println!("{summary}");
    let figures = [
        (summary.seeds, "seeds"),
        (summary.draws, "draws"),
        (summary.coverage.calls(), "calls"),
        (summary.coverage.faults(), "faults"),
    ];
    figures.into_iter().for_each(|(count, unit)| figure("simulation", count, unit));
    if let Some(failure) = summary.failure {
        panic!("{}", failure.told());
    }
    let gaps = summary.coverage.gaps();
    assert!(count < SEEDS || gaps.is_empty(), "what never happened was not tried: {gaps:#?}");
}

#[test]
fn a_seed_and_the_draws_that_it_made_tell_the_same_run_again() {
    for seed in 0..50 {
        let (once, again) = (run_of(seed), run_of(seed));
        assert_eq!((&once.draws, &once.coverage, once.turns), (&again.draws, &again.coverage, again.turns));
        let played = run_again(seed, None, &once.draws);
        assert_eq!((&once.draws, &once.coverage, once.turns), (&played.draws, &played.coverage, played.turns));
    }
}

#[test]
fn a_run_in_which_nothing_is_drawn_is_a_payment_that_is_opened_and_paid() {
    let plain = run_again(0, None, &Schedule::default());
    assert_eq!(plain.breach, None);
    assert_eq!(plain.coverage.faults(), 0);
    assert!(plain.coverage.times(world::simulation::coverage::Sometimes::Paid) == 1, "{plain:?}");
}

/// Whoever looks into a failure takes the shortest of some.
const FAILURES: usize = 10;

/// Whoever reads a failure must see what matters in it: of the some hundred choices of a run, a handful.
#[test]
fn what_fails_is_told_by_a_short_story() {
    let failures = (0..2_000).filter_map(|seed| Failure::of_bug(seed, Bug::ReadsSilenceAsADecline)).take(FAILURES);
    let found = failures.min_by_key(Failure::draws).expect("it is found");
    let shrunk = found.shrunk(Patience::OF_A_DEVELOPER);
    assert!(shrunk.draws.not_plain() <= 8, "{}", shrunk.draws);
    let story = story_of(found.seed, Some(Bug::ReadsSilenceAsADecline), &shrunk.draws);
    assert!(story.lines().count() < 40 && story.contains("GatewayConfirm"), "{story}");
}
