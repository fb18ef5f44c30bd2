//! An early fraud warning as a row. The names that payments have too mean the same; these are its own:
//!
//! | names | meaning |
//! |---|---|
//! | `pk` | `WRN#<id>` |
//! | `mo` `pt` `ob` `no` `tl` | mode, the payment and the object that bears its id, not ours, the payment's row has been told |
//! | `kn` | what the gateway has shown: `k` the gateway's word for the fraud, `a` actionable, `t` when the bank warned |

use domain::{
    id::TransactionId,
    text::{GatewayToken, Text},
    warning::{Known, Link, Warning},
};
use flow::ports::warning::Write;

use super::{
    super::{
        attributes::{Attributes, Item, Unfit, Written},
        keys,
    },
    VERSION, caused_by, is_of, maybe_time, read_review, time, write_review,
};

/// The shape of the first release that has warnings.
const FIRST: u32 = 1;

const KNOWN: &str = "kn";

/// The whole row as it shall stand.
#[must_use]
pub fn lay_out(write: &Write<'_>) -> Item {
    let warning = write.warning;
    let row = caused_by(write.writer, &write.cause, write.actor)
        .number("sv", FIRST)
        .number(VERSION, warning.version)
        .number("ua", warning.updated_at.unix_ms())
        .word("mo", warning.mode)
        .flag("tl", warning.is_told)
        .number("rd", warning.rounds)
        .maybe(warning.known.as_ref(), |row, known| row.map(KNOWN, write_known(known)))
        .maybe(warning.attention, |row, review| row.map("rv", write_review(review)));
    let row = match &warning.link {
        Link::Unknown => row,
        Link::NotOurs => row.flag("no", true),
        Link::Payment { id, object } => row.text("pt", id.as_str()).text("ob", object.as_str()),
    };
    keys::write_warning(row, warning).into_item()
}

/// Reads a row back.
///
/// # Errors
/// If it is none that this release wrote.
pub fn read(item: &Item) -> Result<Warning, Unfit> {
    let row = Attributes::of(item);
    if row.number::<u32>("sv")? != FIRST {
        return Err(row.unfit("sv", "is a version that this release does not read"));
    }
    let link = match row.maybe_parsed("pt", TransactionId::parse)? {
        Some(id) => Link::Payment { id, object: row.parsed("ob", GatewayToken::parse)? },
        None if row.maybe_flag("no")? == Some(true) => Link::NotOurs,
        None => Link::Unknown,
    };
    Ok(Warning {
        id: keys::read_warning_id(&row)?,
        mode: row.word("mo")?,
        known: row.maybe_map(KNOWN)?.map(|known| read_known(&known)).transpose()?,
        link,
        is_told: row.flag("tl")?,
        attention: row.maybe_map("rv")?.map(|review| read_review(&review)).transpose()?,
        due: maybe_time(&row, keys::DUE)?,
        rounds: row.number("rd")?,
        created_at: time(&row, keys::CREATED_AT)?,
        updated_at: time(&row, "ua")?,
        version: row.number(VERSION)?,
    })
}

/// Whether the row is this very write.
#[must_use]
pub fn is_written_by(stands: &Item, write: &Write<'_>) -> bool {
    is_of(stands, write.writer, write.warning.version)
}

fn write_known(known: &Known) -> Written {
    Written::default()
        .text("k", known.kind.as_str())
        .flag("a", known.is_actionable)
        .number("t", known.warned_at.unix_ms())
}

fn read_known(map: &Attributes<'_>) -> Result<Known, Unfit> {
    Ok(Known { kind: map.parsed("k", Text::parse)?, is_actionable: map.flag("a")?, warned_at: time(map, "t")? })
}
