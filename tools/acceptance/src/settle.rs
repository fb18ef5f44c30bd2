//! Waiting for payments to settle by themselves, and counting what it took (promise P7).
//!
//! For a while nobody sweeps: webhooks and nudges have the first go. Then a sweep comes whenever a row is due and the sweep before has
//! been heard. The stack's own schedule sweeps once a minute besides, which can only make the count smaller.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::a_few_at_a_time;
use crate::client::Opened;
use crate::oracle::{AtRest, row_equals_ledger};
use crate::signature;
use crate::stack::Stack;

/// P7: once faults stop, a payment is settled within so many sweeps of its due.
pub const SWEEPS_MAX: u32 = 3;

/// Webhooks and nudges come within this time; the first nudge after 2 s.
const WITHOUT_SWEEPS: Duration = Duration::from_secs(6);
/// What a minute is for in real life: the nudges of a sweep are looked at before the next one comes.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(500);
/// A row that stands still may come to agree with the gateway only because the gateway moved. That is looked at less often.
const LOOK_ANYWAY: Duration = Duration::from_secs(2);
/// The back-off of the local stage doubles from 2 s; a payment that met many faults may be due only half a minute after the last.
const PATIENCE: Duration = Duration::from_secs(100);

/// Who wrote down what settled a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Settler {
    /// The call itself, or a client's second one.
    Call,
    /// An event of the gateway.
    Webhook,
    /// The retry function, before any sweep of ours had found the row due.
    Nudge,
    /// The retry function, after this many sweeps.
    Sweep(u32),
}

/// A payment that has settled, and by what.
#[derive(Debug, Clone)]
pub struct Settled {
    /// How it rests.
    pub at_rest: AtRest,
    /// What it took.
    pub settler: Settler,
}

/// How many payments were settled by what.
#[derive(Debug, Clone, Default)]
pub struct Tally(BTreeMap<Settler, usize>);

struct Waiting<'a> {
    payment: &'a Opened,
    /// How often a sweep found it due.
    sweeps: u32,
    settled: Option<Settled>,
    /// What it waits for.
    instead: String,
    /// The row's version when it was last compared with the books, and when that was.
    compared: Option<(String, Instant)>,
    /// When somebody is to look at the row.
    due_ms: Option<u64>,
}

/// All of these payments, settled.
///
/// # Panics
/// If one of them never settles, or takes more than [`SWEEPS_MAX`] sweeps, or breaks a promise meanwhile.
pub async fn settle(stack: &Stack, payments: &[&Opened]) -> Vec<Settled> {
    let mut all: Vec<Waiting<'_>> = payments
        .iter()
        .map(|payment| Waiting {
            payment,
            sweeps: 0,
            settled: None,
            instead: String::new(),
            compared: None,
            due_ms: None,
        })
        .collect();
    let began = Instant::now();
    let mut swept_at: Option<Instant> = None;
    loop {
        drop(a_few_at_a_time(all.iter_mut(), |waiting| waiting.look(stack)).await);
        let open = || all.iter().filter(|waiting| waiting.settled.is_none());
        if open().next().is_none() {
            return all.into_iter().filter_map(|waiting| waiting.settled).collect();
        }
        if began.elapsed() > PATIENCE {
            let left: Vec<_> = open().map(|waiting| (&waiting.payment.id, &waiting.instead)).collect();
            panic!("after {} s {} payments are not settled: {left:#?}", PATIENCE.as_secs(), left.len());
        }
        let is_rested = swept_at.is_none_or(|at| at.elapsed() >= BETWEEN_SWEEPS);
        if began.elapsed() >= WITHOUT_SWEEPS && is_rested && all.iter().any(Waiting::is_due) {
            // Counted first: what becomes due while the sweep runs may be missed by it.
            for waiting in all.iter_mut().filter(|waiting| waiting.is_due()) {
                waiting.sweeps = waiting.sweeps.saturating_add(1);
            }
            drop(stack.sweep().await);
            swept_at = Some(Instant::now());
        }
        sleep(POLL).await;
    }
}

impl Waiting<'_> {
    async fn look(&mut self, stack: &Stack) {
        if self.settled.is_some() {
            return;
        }
        let row = stack.aws.row(&self.payment.id).await;
        self.due_ms = row["du"]["N"].as_str().and_then(|due| due.parse().ok());
        let version = row["v"]["N"].as_str().unwrap_or_default();
        if self.compared.as_ref().is_some_and(|(known, at)| known == version && at.elapsed() < LOOK_ANYWAY) {
            return;
        }
        self.compared = Some((version.to_owned(), Instant::now()));
        match row_equals_ledger(stack, self.payment).await {
            Ok(at_rest) => {
                let settler = match at_rest.by.split(':').next() {
                    Some("webhook") => Settler::Webhook,
                    Some("retry") if self.sweeps == 0 => Settler::Nudge,
                    Some("retry") => Settler::Sweep(self.sweeps),
                    _ => Settler::Call,
                };
                self.settled = Some(Settled { at_rest, settler });
            }
            Err(instead) => self.instead = instead,
        }
        let id = &self.payment.id;
        assert!(self.sweeps <= SWEEPS_MAX, "P7: {id} was found due {} times: {}", self.sweeps, self.instead);
    }

    fn is_due(&self) -> bool {
        let now_ms = signature::now().saturating_mul(1000);
        self.settled.is_none() && self.due_ms.is_some_and(|due_ms| due_ms < now_ms)
    }
}

impl Tally {
    /// Counts these.
    pub fn add(&mut self, settled: &[Settled]) {
        for one in settled {
            let count = self.0.entry(one.settler).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// How many were settled so.
    #[must_use]
    pub fn of(&self, settler: Settler) -> usize {
        self.0.get(&settler).copied().unwrap_or_default()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.0.iter().map(|(settler, count)| match settler {
            Settler::Call => format!("call {count}"),
            Settler::Webhook => format!("webhook {count}"),
            Settler::Nudge => format!("nudge {count}"),
            Settler::Sweep(number) => format!("sweep {number}: {count}"),
        });
        formatter.write_str(&parts.collect::<Vec<_>>().join(", "))
    }
}
