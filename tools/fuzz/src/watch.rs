//! Ends a run whose input does not come to an end, and saves the input first: a hang cannot be caught.

use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::corpus::Corpus;

/// No input of ours takes a tenth of a second; a machine may be busy, but not for so long.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_secs(1);

/// The inputs that are being checked: one for each thread that fuzzes.
static UNDER_WAY: Mutex<Vec<Arc<UnderWay>>> = Mutex::new(Vec::new());

#[derive(Debug)]
struct UnderWay {
    target: &'static str,
    corpus: Corpus,
    input: Vec<u8>,
    since: Instant,
}

/// While this lives, an input is watched.
#[derive(Debug)]
pub(crate) struct Watched(Arc<UnderWay>);

pub(crate) fn over(target: &'static str, corpus: &Corpus, input: &[u8]) -> Watched {
    static GUARD: std::sync::Once = std::sync::Once::new();
    GUARD.call_once(|| drop(thread::spawn(stand_guard)));
    let under_way = UnderWay { target, corpus: corpus.clone(), input: input.to_vec(), since: Instant::now() };
    let under_way = Arc::new(under_way);
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&under_way));
    Watched(under_way)
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut all = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|other| !Arc::ptr_eq(other, &self.0));
    }
}

fn stand_guard() {
    loop {
        thread::sleep(POLL);
        let all = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stuck) = all.iter().find(|under_way| under_way.since.elapsed() > PATIENCE) else { continue };
        let saved = stuck.corpus.save_finding(&stuck.input);
        let seconds = PATIENCE.as_secs();
        let line =
            format!("fuzz {}: no end after {seconds} s; the input is saved as {}\n", stuck.target, saved.display());
        drop(std::io::stderr().write_all(line.as_bytes()));
        std::process::abort();
    }
}
