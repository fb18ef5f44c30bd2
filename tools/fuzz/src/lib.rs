//! Inputs that nobody thought of, for every place where bytes come in from outside.
//!
//! A target is a test beside the code that it knocks at: it hands a [`Target`] its seeds and a check. The check panics
//! when a promise is broken, and says in a few words what became of the input otherwise ("400 invalid_request /amount").
//! Those words steer: an input with a new answer joins the pool that is mutated further, so that the search walks from
//! answer to answer instead of throwing noise at the first refusal.
//!
//! Phases of a run: seeds and corpus, each as it is; then mutants of them, bytes and JSON alike ([`mutation`]), as many
//! as the run has time for. An input that breaks a promise is made as small as it can be, saved, and told. One that does
//! not come to an end is saved and ends the process.
//!
//! A plain `cargo test` takes the same inputs each time, and a second or two for each target. `cargo xtask fuzz` goes on
//! for as long as it is told to, from another seed each time, and keeps what gave a new answer for the next time.
//!
//! Must never: be linked into what is deployed, or need a door into the code that is only there for it.

#![expect(clippy::panic, reason = "a finding fails the test that found it")]

mod corpus;
mod dice;
mod effort;
mod mutation;
mod quiet;
pub mod requests;
mod shrink;
mod watch;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use corpus::Corpus;
use dice::Dice;
use effort::Effort;
use mutation::Mutation;
use serde_json::Value;
use world::proof::figure;

/// Inputs with new answers that a run remembers and mutates further.
const POOL_MAX: usize = 2_000;
/// How often a long run tells how far it is.
const PROGRESS: Duration = Duration::from_secs(10);

/// A place where bytes come in, and what they look like when all is well.
#[derive(Debug, Clone)]
pub struct Target {
    name: &'static str,
    seeds: Vec<Vec<u8>>,
    words: Vec<String>,
    inputs: u64,
}

impl Target {
    /// A target of this name: that of its folder in `tools/fuzz/corpus`.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, seeds: Vec::new(), words: Vec::new(), inputs: 1_000 }
    }

    /// Inputs as they come when nobody means any harm.
    #[must_use]
    pub fn seeds<I: Into<Vec<u8>>>(mut self, seeds: impl IntoIterator<Item = I>) -> Self {
        self.seeds.extend(seeds.into_iter().map(Into::into));
        self
    }

    /// Words that mean something here: names of fields, statuses, spellings of numbers.
    #[must_use]
    pub fn words<W: Into<String>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.words.extend(words.into_iter().map(Into::into));
        self
    }

    /// How many mutants `cargo test` takes: fewer where each is dear.
    #[must_use]
    pub const fn inputs(mut self, inputs: u64) -> Self {
        self.inputs = inputs;
        self
    }

    /// Checks seeds, corpus and mutants. `check` panics when a promise is broken, and says otherwise what became of it.
    ///
    /// # Panics
    /// If a promise is broken: with the smallest input found that breaks it, and where that is saved.
    pub fn check(self, check: impl Fn(&[u8]) -> String) {
        let Some(effort) = Effort::of_environment(self.name, self.inputs) else { return };
        let corpus = Corpus::of(self.name);
        let mut run = Run { name: self.name, check: &check, corpus: &corpus, answers: BTreeSet::new(), tried: 0 };
        let mut pool = Vec::new();
        let kept = if effort.is_long() { corpus.kept() } else { Vec::new() };
        for input in self.seeds.iter().cloned().chain(corpus.inputs()).chain(kept) {
            run.answer(&input);
            pool.push(input);
        }
        assert!(!pool.is_empty(), "{}: nothing to begin with", self.name);
        let mut dice = Dice::new(effort.seed());
        let (began, mut told) = (Instant::now(), Instant::now());
        while effort.goes_on(run.tried, began) {
            let input = Mutation { pool: &pool, words: &self.words }.next(&mut dice);
            if run.answer(&input) && pool.len() < POOL_MAX {
                if effort.is_long() {
                    let answer = run.checked(&input);
                    corpus.keep(&shrink::smallest(&input, |smaller| run.checked(smaller) == answer));
                }
                pool.push(input);
            }
            if effort.is_long() && told.elapsed() >= PROGRESS {
                told = Instant::now();
                run.tell(began);
            }
        }
        run.tell(began);
        figure("fuzz", run.tried, "inputs");
    }
}

/// The first line, without its end, and everything after it: for inputs that are a header and a body.
#[must_use]
pub fn head_and_body(input: &[u8]) -> (Cow<'_, str>, &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (head, rest) = input.split_at_checked(end).unwrap_or((input, &[]));
    (String::from_utf8_lossy(head), rest.get(1..).unwrap_or_default())
}

/// The JSON of some bytes, as a parser reads it that looks at everything. Ours skip what they do not read, so that a broken
/// string in a corner does not hide from them that money moved; what is broken in ways that strings are is mended here.
/// None if it is no JSON then either: there is nothing to compare with.
#[must_use]
pub fn json(bytes: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(bytes);
    // Halves of a surrogate pair. Whole pairs are lost too, and nothing that is compared has one.
    let mut parts = text.split("\\u");
    let mut mended = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_half = part.as_bytes().first().is_some_and(|digit| digit.eq_ignore_ascii_case(&b'd'))
            && part.as_bytes().get(1).is_some_and(|digit| b"89abcdefABCDEF".contains(digit));
        mended.push_str("\\u");
        mended.push_str(if is_half { "fffd" } else { "" });
        mended.push_str(if is_half { part.get(4..).unwrap_or_default() } else { part });
    }
    serde_json::from_str(&mended).ok()
}

/// A number that the same bytes always give: for choices that a shrunk input must make again.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> u64 {
    // FNV-1a: the standard library's hasher may give other numbers in another release.
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A run of one target.
struct Run<'a, C> {
    name: &'static str,
    check: &'a C,
    corpus: &'a Corpus,
    /// All answers there were so far.
    answers: BTreeSet<String>,
    tried: u64,
}

impl<C: Fn(&[u8]) -> String> Run<'_, C> {
    /// Checks one input; whether its answer is new.
    fn answer(&mut self, input: &[u8]) -> bool {
        self.tried = self.tried.saturating_add(1);
        match self.checked(input) {
            Ok(answer) => self.answers.insert(answer),
            Err(message) => self.fail(input, &message),
        }
    }

    fn checked(&self, input: &[u8]) -> Result<String, String> {
        let _watched = watch::over(self.name, self.corpus, input);
        quiet::during(|| catch_unwind(AssertUnwindSafe(|| (self.check)(input)))).map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
        })
    }

    fn fail(&self, input: &[u8], message: &str) -> ! {
        let smallest = shrink::smallest(input, |smaller| self.checked(smaller).is_err());
        let message = self.checked(&smallest).err().unwrap_or_else(|| message.to_owned());
        let saved = self.corpus.save_finding(&smallest);
        panic!(
            "{}, input {}: {message}\n  input: {}\n  saved as {}\n  When it is mended, move it to {} under a name that tells the story.",
            self.name,
            self.tried,
            smallest.escape_ascii(),
            saved.display(),
            self.corpus.folder().display(),
        );
    }

    fn tell(&self, began: Instant) {
        let (name, tried, answers) = (self.name, self.tried, self.answers.len());
        let line =
            format!("fuzz {name}: {tried} inputs, {answers} different answers, {} s\n", began.elapsed().as_secs());
        // Past the test harness, which keeps what passing tests print to itself.
        drop(std::io::stderr().write_all(line.as_bytes()));
    }
}
