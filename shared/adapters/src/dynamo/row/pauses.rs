//! What is paused, as a row. People write it, with `cargo xtask pause` or by hand (docs/RUNBOOK.md), so its names are whole words:
//!
//! | names | meaning |
//! |---|---|
//! | `pk` | `CTL#pause` |
//! | `everything`, `stripe`, `paypal` | it is there: that is paused. `since` when, `by` whom and `why` stand in it, for people to read |
//!
//! Whatever else stands there pauses everything: somebody meant to stop something, and misspelled it, or knows a later release than this.

use domain::{gateway::Gateway, pause::Paused, pause::Pauses};

use super::super::{attributes::Item, keys, words::Word as _};

/// Everything, in the row's words.
const EVERYTHING: &str = "everything";

/// What a row pauses.
#[must_use]
pub fn read(item: &Item) -> Pauses {
    let names = item.keys().filter(|name| *name != keys::PK);
    Pauses::of(names.map(|name| Gateway::from_word(name).map_or(Paused::Everything, Paused::At)))
}

/// The name under which something is paused.
#[must_use]
pub fn name(paused: Paused) -> &'static str {
    match paused {
        Paused::Everything => EVERYTHING,
        Paused::At(gateway) => gateway.word(),
    }
}
