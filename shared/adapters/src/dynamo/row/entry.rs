//! An entry of the timeline as a row. The names that payments have too mean the same; these are its own:
//!
//! | names | meaning |
//! |---|---|
//! | `pk` | `TML#<id of what changed>#<version>` |
//! | `yp` `ca` | its place in the list of its day's events, if it is announced; when the change was |
//! | `et` `st` | the type of the event, the word for how the row stood afterwards |
//! | `bd` | what is announced of it: the same bytes for everybody and for ever |
//! | `re` | the refunds that it is about: `i` id |
//! | `un` | how many versions before it have no entry |
//! | `ttl` | from when on DynamoDB deletes it, in seconds; none of those on which a row rests has it |
//! | `po` | what money had moved by then: `m` `cu` captured; `rf` refunds: `i` id, `m` how much; `di` disputes: `i` id, `m` how much, `cu`; `se` settlement, as in a charge |

use domain::{
    dispute::DisputeId,
    id::RefundId,
    journal::Position,
    money::{Currency, Money},
    time::Timestamp,
    timeline::{Entry, EventType},
};
use flow::ports::timeline::Event;

use super::{
    super::{
        attributes::{Attributes, Item, Unfit, Written},
        keys,
    },
    charge, read_cause, time, write_cause,
};

/// The shape of the first release that has a timeline.
const FIRST: u32 = 1;

const EVENT_TYPE: &str = "et";
const BODY: &str = "bd";
const UNRECORDED: &str = "un";
const POSITION: &str = "po";
/// template.yaml tells DynamoDB this name.
const EXPIRES: &str = "ttl";

/// The whole row as it shall stand; `body` is what is announced of it.
///
/// # Errors
/// If it could not be read again.
pub fn lay_out(entry: &Entry, body: Option<&[u8]>) -> Result<Item, Unfit> {
    let has_moved = entry.position != Position::default();
    let refunds = entry.refunds.iter().map(|id| Written::default().text("i", id.as_str()));
    let row = write_cause(Written::default(), &entry.cause)
        .number("sv", FIRST)
        .text(EVENT_TYPE, entry.event_type.name())
        .text("st", entry.status.as_str())
        .maybe(body, |row, body| row.bytes(BODY, body.to_vec()))
        .maybe((entry.unrecorded > 0).then_some(entry.unrecorded), |row, count| row.number(UNRECORDED, count))
        .maybe(entry.expires_at, |row, at| row.number(EXPIRES, at.unix_ms().div_euclid(1_000)))
        .maybe(has_moved.then_some(&entry.position), |row, position| row.map(POSITION, write_position(position)));
    let row = if entry.refunds.is_empty() { row } else { row.list("re", refunds) };
    Ok(keys::write_entry(row, entry)?.into_item())
}

/// Reads a row back.
///
/// # Errors
/// If it is none that this release wrote.
pub fn read(item: &Item) -> Result<Entry, Unfit> {
    let row = of_this_release(item)?;
    Ok(Entry {
        id: keys::read_event_id(&row)?,
        event_type: read_type(&row)?,
        at: time(&row, keys::CREATED_AT)?,
        refunds: row.maybe_list("re", |map| map.parsed("i", RefundId::parse))?.unwrap_or_default(),
        cause: read_cause(item)?,
        status: row.text("st")?.to_owned(),
        position: read_position(&row)?,
        unrecorded: row.maybe_number(UNRECORDED)?.unwrap_or(0),
        expires_at: row
            .maybe_number::<i64>(EXPIRES)?
            .map(|seconds| Timestamp::from_unix_ms(seconds.saturating_mul(1_000))),
    })
}

/// Reads what is announced; nothing, if nothing is.
///
/// # Errors
/// If it is none that this release wrote.
pub fn read_event(item: &Item) -> Result<Option<Event>, Unfit> {
    let row = of_this_release(item)?;
    if !item.contains_key(BODY) {
        return Ok(None);
    }
    let at: Timestamp = time(&row, keys::CREATED_AT)?;
    let body = row.bytes(BODY)?.to_vec();
    Ok(Some(Event { id: keys::read_event_id(&row)?, event_type: read_type(&row)?, at, body }))
}

fn of_this_release(item: &Item) -> Result<Attributes<'_>, Unfit> {
    let row = Attributes::of(item);
    if row.number::<u32>("sv")? == FIRST {
        Ok(row)
    } else {
        Err(row.unfit("sv", "is a version that this release does not read"))
    }
}

fn read_type(row: &Attributes<'_>) -> Result<EventType, Unfit> {
    row.parsed(EVENT_TYPE, |name| EventType::named(name).ok_or("is a type that this release does not know"))
}

fn write_position(position: &Position) -> Written {
    let refunds = position.refunded.iter().map(|(id, amount)| write_part(id.as_str(), *amount));
    let disputes = position.disputed.iter().map(|(id, amount)| write_part(id.as_str(), *amount));
    let map = Written::default()
        .maybe(position.captured, |map, amount| {
            map.number("m", amount.minor_units()).text("cu", amount.currency().code())
        })
        .maybe(position.settlement.as_ref(), |map, settled| {
            map.map("se", charge::write_settlement(Written::default(), settled))
        });
    let map = if position.refunded.is_empty() { map } else { map.list("rf", refunds) };
    if position.disputed.is_empty() { map } else { map.list("di", disputes) }
}

fn write_part(id: &str, amount: Money) -> Written {
    Written::default().text("i", id).number("m", amount.minor_units()).text("cu", amount.currency().code())
}

fn read_position(row: &Attributes<'_>) -> Result<Position, Unfit> {
    let Some(map) = row.maybe_map(POSITION)? else { return Ok(Position::default()) };
    let refunds = map.maybe_list("rf", |part| Ok((part.parsed("i", RefundId::parse)?, amount(part)?)))?;
    let disputes = map.maybe_list("di", |part| Ok((part.parsed("i", DisputeId::parse)?, amount(part)?)))?;
    let is_captured = map.maybe_text("cu")?.is_some();
    Ok(Position {
        captured: is_captured.then(|| amount(&map)).transpose()?,
        refunded: refunds.unwrap_or_default().into_iter().collect(),
        disputed: disputes.unwrap_or_default().into_iter().collect(),
        settlement: map.maybe_map("se")?.map(|map| charge::read_settlement(&map)).transpose()?,
    })
}

fn amount(map: &Attributes<'_>) -> Result<Money, Unfit> {
    let currency = map.parsed("cu", Currency::from_code)?;
    Money::try_new(map.number("m")?, currency).map_err(|why| map.unfit("m", why))
}
