//! A delivery as a row. The names that payments have too mean the same; these are its own:
//!
//! | names | meaning |
//! |---|---|
//! | `pk` | `DLV#<event>#<endpoint>` |
//! | `st` `et` `sk` | how far it has come: `pending`, `delivered`, `exhausted` or `skipped`; since when; why it was skipped |
//! | `tr` | the newest tries, oldest first: `t` when, `s` the HTTP status, or `u` why the endpoint did not answer, or `x` why nothing was sent |
//! | `tb` | how many tries there were before those |
//! | `rd` | tries that have failed since it was last asked for |
//! | `ttl` | from when on DynamoDB deletes it, in seconds, only once it has ended: the one name that makes a row go, and no other row has it |

use domain::webhook::{Delivery, Progress, Reason, Try, TryResult};
use flow::ports::Cause;
use flow::ports::webhook::DeliveryWrite;

use super::{
    super::{
        attributes::{Attributes, Item, Unfit, Written},
        keys,
    },
    VERSION, caused_by, is_of, maybe_time, time,
};

/// The shape of the first release that delivers.
const FIRST: u32 = 1;

const STATUS: &str = "st";
const ENDED_AT: &str = "et";
const SKIPPED: &str = "sk";
const TRIES: &str = "tr";
/// template.yaml tells DynamoDB this name. It is not read back: when the row ended says the same.
const EXPIRES: &str = "ttl";

/// The whole row as it shall stand.
#[must_use]
pub fn lay_out(write: &DeliveryWrite<'_>) -> Item {
    let delivery = write.delivery;
    let row = caused_by(write.writer, &Cause::of(write.event), write.actor)
        .number("sv", FIRST)
        .number(VERSION, delivery.version)
        .number("ua", delivery.updated_at.unix_ms())
        .text(STATUS, delivery.progress.name())
        .list(TRIES, delivery.tries.iter().map(write_try))
        .number("tb", delivery.tries_before)
        .number("rd", delivery.round);
    let row = match delivery.progress {
        Progress::Pending => row,
        Progress::Delivered { at } | Progress::Exhausted { at } => row.number(ENDED_AT, at.unix_ms()),
        Progress::Skipped { at, reason } => row.number(ENDED_AT, at.unix_ms()).word(SKIPPED, reason),
    };
    // DynamoDB counts in seconds, and must not come before the end of one that has begun. The whole row is written each time, so that what is asked for again loses the attribute.
    let row = row.maybe(delivery.expires_at(), |row, at| {
        row.number(EXPIRES, at.unix_ms().saturating_add(999).div_euclid(1_000))
    });
    keys::write_delivery(row, delivery).into_item()
}

/// Reads a row back.
///
/// # Errors
/// If it is none that this release wrote.
pub fn read(item: &Item) -> Result<Delivery, Unfit> {
    let row = Attributes::of(item);
    if row.number::<u32>("sv")? != FIRST {
        return Err(row.unfit("sv", "is a version that this release does not read"));
    }
    Ok(Delivery {
        id: keys::read_delivery_id(&row)?,
        progress: read_progress(&row)?,
        tries: row.list(TRIES, read_try)?,
        tries_before: row.number("tb")?,
        round: row.number("rd")?,
        due: maybe_time(&row, keys::DUE)?,
        created_at: time(&row, keys::CREATED_AT)?,
        updated_at: time(&row, "ua")?,
        version: row.number(VERSION)?,
    })
}

/// Whether the row is this very write.
#[must_use]
pub fn is_written_by(stands: &Item, write: &DeliveryWrite<'_>) -> bool {
    is_of(stands, write.writer, write.delivery.version)
}

fn read_progress(row: &Attributes<'_>) -> Result<Progress, Unfit> {
    Ok(match row.text(STATUS)? {
        "pending" => Progress::Pending,
        "delivered" => Progress::Delivered { at: time(row, ENDED_AT)? },
        "exhausted" => Progress::Exhausted { at: time(row, ENDED_AT)? },
        "skipped" => Progress::Skipped { at: time(row, ENDED_AT)?, reason: row.word(SKIPPED)? },
        _ => return Err(row.unfit(STATUS, "is a word that this release does not know")),
    })
}

fn write_try(of: &Try) -> Written {
    let map = Written::default().number("t", of.at.unix_ms());
    match &of.result {
        TryResult::Answered(status) => map.number("s", status),
        TryResult::Unreachable(reason) => map.text("u", reason.as_str()),
        TryResult::Refused(reason) => map.text("x", reason.as_str()),
    }
}

fn read_try(map: &Attributes<'_>) -> Result<Try, Unfit> {
    let result = if let Some(status) = map.maybe_number("s")? {
        TryResult::Answered(status)
    } else if let Some(reason) = map.maybe_text("u")? {
        TryResult::Unreachable(Reason::of(reason))
    } else {
        TryResult::Refused(Reason::of(map.text("x")?))
    };
    Ok(Try { at: time(map, "t")?, result })
}
