//! A person's keys as a row. The names that payments have too mean the same; these are its own:
//!
//! | names | meaning |
//! |---|---|
//! | `pk` | `CUS#<SHA-256 of what the merchant calls them, in base32>` |
//! | `ks` | the keys, oldest first: `n` number, `w` the key as KMS wrapped it, `t` when it was made |
//! | `er` | when they were last erased, if ever: `t` when, `b` by whom, `n` the number of the last key that is gone, if there was one |
//!
//! Whoever takes `ks` away has erased the person. The row itself stays, so that no number is given twice.

use domain::personal::{DataKey, Erasure, KEYS_MAX, KeyNumber, Keyring};
use flow::ports::{Cause, personal::Write};

use super::{
    super::{
        attributes::{Attributes, Item, Unfit, Written},
        keys,
    },
    VERSION, caused_by, is_of, time,
};

/// The shape of the first release that has keys.
const FIRST: u32 = 1;

const KEYS: &str = "ks";
const ERASED: &str = "er";

/// The whole row as it shall stand.
#[must_use]
pub fn lay_out(write: &Write<'_>) -> Item {
    let ring = write.keyring;
    let row = caused_by(write.writer, &Cause::of(write.what), write.actor)
        .number("sv", FIRST)
        .number(VERSION, ring.version)
        .number("ua", ring.updated_at.unix_ms())
        .list(KEYS, ring.keys.iter().map(write_key))
        .maybe(ring.erased.as_ref(), |row, erasure| row.map(ERASED, write_erasure(erasure)));
    keys::write_keyring(row, ring).into_item()
}

/// Reads a row back.
///
/// # Errors
/// If it is none that this release wrote.
pub fn read(item: &Item) -> Result<Keyring, Unfit> {
    let row = Attributes::of(item);
    if row.number::<u32>("sv")? != FIRST {
        return Err(row.unfit("sv", "is a version that this release does not read"));
    }
    let held = row.list(KEYS, read_key)?;
    if held.len() > KEYS_MAX {
        return Err(row.unfit(KEYS, "has more keys than a ring holds"));
    }
    Ok(Keyring {
        person: keys::read_person(&row)?,
        keys: held,
        erased: row.maybe_map(ERASED)?.map(|map| read_erasure(&map)).transpose()?,
        created_at: time(&row, keys::CREATED_AT)?,
        updated_at: time(&row, "ua")?,
        version: row.number(VERSION)?,
    })
}

/// Whether the row is this very write.
#[must_use]
pub fn is_written_by(stands: &Item, write: &Write<'_>) -> bool {
    is_of(stands, write.writer, write.keyring.version)
}

fn write_key(key: &DataKey) -> Written {
    Written::default().number("n", key.number.get()).bytes("w", key.wrapped.clone()).number("t", key.made_at.unix_ms())
}

fn read_key(map: &Attributes<'_>) -> Result<DataKey, Unfit> {
    let number = read_number(map, map.number("n")?)?;
    Ok(DataKey { number, wrapped: map.bytes("w")?.to_vec(), made_at: time(map, "t")? })
}

fn write_erasure(erasure: &Erasure) -> Written {
    Written::default()
        .number("t", erasure.at.unix_ms())
        .text("b", erasure.by.as_str())
        .maybe(erasure.through, |map, through| map.number("n", through.get()))
}

fn read_erasure(map: &Attributes<'_>) -> Result<Erasure, Unfit> {
    let through = map.maybe_number("n")?.map(|number| read_number(map, number)).transpose()?;
    Ok(Erasure { at: time(map, "t")?, by: map.text("b")?.to_owned(), through })
}

fn read_number(map: &Attributes<'_>, number: u32) -> Result<KeyNumber, Unfit> {
    KeyNumber::of(number).ok_or_else(|| map.unfit("n", "is not the number of a key"))
}
