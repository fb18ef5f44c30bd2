//! What the acceptance tests are made of: a client, a payer, a gateway's dashboard and an AWS console, as seen from outside.
//!
//! The tests run against the deployed local stack that `QUITTANCE_STACK` names (a file that `cargo xtask up --detach` writes).
//! Where there is none, one loud line says so and the tests pass; on CI that is a failure.
//!
//! Must never: use our own JSON types. The wire contract is checked as its clients see it, with `serde_json::Value`.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "what tests are made of panics")]

pub mod aws;
pub mod client;
pub mod cloudwatch;
pub mod commands;
pub mod environments;
pub mod gateway;
pub mod listening;
pub mod merchant;
pub mod oracle;
pub mod percent;
pub mod permissions;
pub mod postman;
pub mod queue;
pub mod recording;
pub mod refusal;
pub mod repository;
pub mod roles;
pub mod sandbox;
pub mod settle;
pub mod signature;
pub mod stack;
pub mod telling;
pub mod wire;

use std::fmt::Write as _;
use std::future::Future;
use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tokio::time::{Instant, sleep};

/// Longer than the longest wait of the local stage: a webhook's redelivery, a nudge, a sweep every minute.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// How much is done at the same time where nothing depends on it.
const AT_ONCE: usize = 6;

/// How often something is looked at that takes its time.
const POLL: Duration = Duration::from_millis(200);

/// A name that no other test and no earlier run has used. Letters only: digits could look like a card number one day.
#[must_use]
pub fn unique(label: &str) -> String {
    static RUN: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let random = RUN.hash_one(COUNT.fetch_add(1, Ordering::Relaxed));
    let mut name = format!("{label}-");
    for nibble in random.to_be_bytes().into_iter().flat_map(|byte| [byte >> 4, byte & 15]) {
        name.push(char::from(b'a'.saturating_add(nibble)));
    }
    name
}

/// Says what a test has counted. The harness hides what passing tests print, and counts are there to be read.
pub fn say(line: &str) {
    drop(writeln!(std::io::stderr(), "    {line}"));
}

/// Does this for each, a few at a time, and gives the results in order. Each call of a function wants a process of its own, and the
/// machine has few cores.
pub async fn a_few_at_a_time<T, F: Future>(
    all: impl IntoIterator<Item = T>,
    each: impl FnMut(T) -> F,
) -> Vec<F::Output> {
    stream::iter(all).map(each).buffered(AT_ONCE).collect().await
}

/// Looks until there is something to see, and says what was waited for when there never is. `look` answers with what it wants to
/// be told about if it fails.
///
/// # Panics
/// After [`PATIENCE`].
pub async fn eventually<T, F>(what: &str, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, String>>,
{
    let end = Instant::now().checked_add(PATIENCE).unwrap();
    loop {
        match look().await {
            Ok(seen) => return seen,
            Err(instead) if Instant::now() >= end => {
                let mut message = String::new();
                write!(message, "after {} s still not: {what}; instead: {instead}", PATIENCE.as_secs()).unwrap();
                panic!("{message}");
            }
            Err(_) => sleep(POLL).await,
        }
    }
}
