//! `simulate [--seeds N] [--first S] [--threads T]`: runs many seeds, says how far it is, and what it came to.
//! `simulate --story SEED`: tells what happens in one run.

#![expect(clippy::print_stdout, reason = "a command line speaks on standard output")]
#![expect(clippy::print_stderr, reason = "a command line complains on standard error")]

use std::{
    process::ExitCode,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use world::simulation::{
    campaign::{Seeds, Summary, run},
    story_of_seed,
};

/// So many seeds are run before a thread takes the next ones.
const PIECE: u64 = 500;
/// So many seeds have been everywhere; fewer may have gaps.
const ENOUGH: u64 = 20_000;
/// How often it says how far it is.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [story, seed] = words.as_slice()
        && let ("--story", Ok(seed)) = (story.as_str(), seed.parse())
    {
        print!("{}", story_of_seed(seed));
        return ExitCode::SUCCESS;
    }
    let Some(wanted) = Wanted::read(&words) else {
        eprintln!("simulate [--seeds N] [--first S] [--threads T]\nsimulate --story SEED");
        return ExitCode::FAILURE;
    };
    let began = Instant::now();
    let summary = campaign(wanted, began);
    print!("{summary}");
    let seconds = began.elapsed().as_secs().max(1);
    println!("{} s, {} seeds per second", seconds, summary.seeds.checked_div(seconds).unwrap_or(0));
    if let Some(failure) = &summary.failure {
        println!(
            "\nseed {} breaks {}: {}; looking for a shorter way to it",
            failure.seed, failure.breach.promise, failure.breach.what
        );
        println!("{}", failure.told());
        return ExitCode::FAILURE;
    }
    if wanted.seeds.count < ENOUGH {
        return ExitCode::SUCCESS;
    }
    let gaps = summary.coverage.gaps();
    gaps.iter().for_each(|gap| println!("gap: {gap}"));
    if gaps.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    seeds: Seeds,
    threads: u64,
}

impl Wanted {
    fn read(words: &[String]) -> Option<Self> {
        let mut wanted = Self { seeds: Seeds { first: 0, count: 20_000 }, threads: 1 };
        for pair in words.chunks(2) {
            let [name, number] = pair else { return None };
            let number = number.replace('_', "").parse().ok()?;
            match name.as_str() {
                "--seeds" => wanted.seeds.count = number,
                "--first" => wanted.seeds.first = number,
                "--threads" => wanted.threads = number,
                _ => return None,
            }
        }
        Some(wanted)
    }
}

/// Each thread takes the next seeds, until there are none or one has failed.
fn campaign(Wanted { seeds: Seeds { first, count }, threads }: Wanted, began: Instant) -> Summary {
    let (taken, done, failed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let work = || {
        let mut summary = Summary::default();
        while !failed.load(Ordering::SeqCst) {
            let from = taken.fetch_add(PIECE, Ordering::SeqCst);
            if from >= count {
                break;
            }
            let piece = Seeds { first: first.saturating_add(from), count: PIECE.min(count.saturating_sub(from)) };
            let part = run(piece, |_| {
                done.fetch_add(1, Ordering::SeqCst);
            });
            failed.fetch_or(part.failure.is_some(), Ordering::SeqCst);
            summary.add(part);
        }
        summary
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let mut told = Instant::now();
        while workers.iter().any(|worker| !worker.is_finished()) {
            thread::sleep(Duration::from_millis(20));
            if told.elapsed() >= SIGN_OF_LIFE {
                told = Instant::now();
                let done = done.load(Ordering::SeqCst);
                println!("… {done} of {count} seeds after {} s", began.elapsed().as_secs());
            }
        }
        let mut summary = Summary::default();
        for worker in workers {
            match worker.join() {
                Ok(part) => summary.add(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        summary
    })
}
