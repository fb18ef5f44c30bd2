//! A payment as a row. Every row pays for its names, so they are short; this is what they mean:
//!
//! | names | meaning |
//! |---|---|
//! | `pk` `dp` `du` `yp` `ca` `ref` | the keys, see [`super::keys`]; `du` is due, `ca` created at, `ref` the merchant's reference |
//! | `sv` `v` `lw` | schema version, version, last writer |
//! | `ev` `wy` `by` `ua` | the event that caused this version, why where the row does not tell, who made it happen, when |
//! | `ec` `gi` | on what kind of evidence it happened, and what the gateway calls the request of ours that the evidence answers; both only for people, so that no schema version hangs on them |
//! | `gw` `mo` `ob` `cs` `rh` | gateway, mode, its object, the client secret, hash of the opening request |
//! | `am` `cu` `cm` `cf` | amount, currency, capture and confirmation method |
//! | `cr` `ds` `sd` `md` `ru` `xu` `ei` `ex` | customer, description, statement descriptor, metadata, return and cancel URL, expires in, expires at |
//! | `st` `sr` `sa` `sn` `su` `sm` | state; its reason, re-attempt time, next action, URL, money |
//! | `at` `ac` `rf` `rv` `rb` `rd` | attempts, acts, refunds (see [`story`]), the gravest review, the one beside it, rounds |
//! | `pu` `ch` `lo` `sl` | where its payer approves it, the charge on it (see [`charge`]), owed a look at its end, looks for its settlement in vain |
//! | `di` | what its disputes hold (see [`story`]); they have rows of their own ([`dispute`]) |
//! | `fw` | what a bank has said of fraud (see [`story`]); until they are told, warnings have rows of their own ([`warning`]) |
//!
//! What is the payer's own (`cr`) is sealed, see [`kept`]; their keys have a row of their own ([`keyring`]). The release that knows no
//! sealed texts reads such a payment all the same, and leaves them out when it writes: it has no use for them, and a payment must go on.
//!
//! Times are milliseconds since the epoch, amounts minor units of `cu`. A row is read by the version in `sv`: what the
//! version before the present one wrote is still read. A row is written in the oldest version that can bear it, so that a
//! release can be taken back; what a later version wrote is refused, because writing it back would lose what we do not know.

mod charge;
pub mod declines;
pub mod delivery;
pub mod dispute;
pub mod endpoints;
pub mod entry;
mod kept;
pub mod keyring;
pub mod movement;
pub mod pauses;
mod state;
mod story;
mod terms;
pub mod warning;

use domain::{
    id::RequestHash,
    money::{Currency, Money},
    payment::{Attempt, Payment, Review, ReviewReason},
    text::{ClientSecret, GatewayToken, WebUrl},
    time::Timestamp,
    timeline,
};
use flow::ports::{Actor, Cause, Write, WriterToken};

use super::{
    attributes::{Attributes, Item, Unfit, Written},
    keys,
};

/// The attribute that every write is conditional on.
pub(super) const VERSION: &str = "v";

const LAST_WRITER: &str = "lw";
const WHAT: &str = "ev";
const WHY: &str = "wy";
const WHO: &str = "by";
const EVIDENCE: &str = "ec";
const REQUEST_ID: &str = "gi";
const REVIEW: &str = "rv";
const REVIEW_BESIDE: &str = "rb";
const LOOK_OWED: &str = "lo";
const SETTLEMENT_LOOKS: &str = "sl";

/// The shape that every release has read.
const FIRST: u32 = 1;
/// The same, with refunds, disputes, warnings of fraud, charges and what they came to, payments that their payer approves first, and
/// declines that say how long to wait.
const SECOND: u32 = 2;

/// The whole row as it shall stand.
///
/// # Errors
/// If it could not be read again.
pub fn lay_out(write: &Write<'_>) -> Result<Item, Unfit> {
    let payment = write.payment;
    let row = caused_by(write.writer, &write.cause, write.actor)
        .number("sv", schema_version(payment))
        .number(VERSION, payment.version)
        .number("ua", payment.updated_at.unix_ms())
        .word("gw", payment.gateway)
        .word("mo", payment.mode)
        .text("ob", payment.object.as_str())
        .maybe(payment.client_secret.as_ref(), |row, secret| row.text("cs", secret.expose()))
        .maybe(payment.payer_url.as_ref(), |row, url| row.text("pu", url.as_str()))
        .maybe(payment.charge.as_ref(), |row, charge| row.map("ch", charge::write(charge)))
        .bytes("rh", hash_bytes(payment.request_hash)?)
        .number("ex", payment.expires_at.unix_ms())
        .number("rd", payment.rounds)
        .maybe(payment.review(), |row, review| row.map(REVIEW, write_review(review)))
        .maybe(payment.attention.filter(|_| payment.refund_unknown.is_some()), |row, review| {
            row.map(REVIEW_BESIDE, write_review(review))
        });
    let row = if payment.look_owed { row.flag(LOOK_OWED, true) } else { row };
    let row = row.maybe((payment.settlement_looks > 0).then_some(payment.settlement_looks), |row, looks| {
        row.number(SETTLEMENT_LOOKS, looks)
    });
    let row = keys::write(row, payment)?;
    let row = terms::write(row, payment)?;
    let row = state::write(row, payment)?;
    Ok(story::write(row, payment)?.into_item())
}

/// Reads a row back.
///
/// # Errors
/// If it is none that this release or the one before it wrote.
pub fn read(item: &Item) -> Result<Payment, Unfit> {
    let row = Attributes::of(item);
    match row.number::<u32>("sv")? {
        // What the second added may be missing in each.
        FIRST | SECOND => read_present(&row),
        _ => Err(row.unfit("sv", "is a version that this release does not read")),
    }
}

fn schema_version(payment: &Payment) -> u32 {
    let has_no_charge = payment.charge.is_none() && payment.settlement_looks == 0;
    let is_known = !payment.look_owed && payment.refund_unknown.is_none();
    let is_whole = payment.refunds.is_empty() && payment.disputes.is_empty() && is_known;
    let waits = payment.attempts.iter().filter_map(Attempt::decline).any(|decline| decline.wait.is_some());
    let is_plain = has_no_charge && is_whole && payment.warnings.is_empty() && !waits;
    if is_plain && payment.payer_url.is_none() { FIRST } else { SECOND }
}

/// What a row, be it a payment's, a dispute's or a warning's, says of the write that made it. The words are passed on as they
/// are: nothing is decided on them, and a later release may have written others.
///
/// # Errors
/// If it does not say what happened and who made it happen. What is missing besides, earlier releases did not write.
pub fn read_cause(item: &Item) -> Result<timeline::Cause, Unfit> {
    let row = Attributes::of(item);
    let maybe = |name| row.maybe_text(name).map(|text| text.map(str::to_owned));
    Ok(timeline::Cause {
        what: row.text(WHAT)?.to_owned(),
        why: maybe(WHY)?,
        who: row.text(WHO)?.to_owned(),
        evidence: maybe(EVIDENCE)?,
        request_id: maybe(REQUEST_ID)?,
    })
}

/// Whether the row is this very write.
#[must_use]
pub fn is_written_by(stands: &Item, write: &Write<'_>) -> bool {
    is_of(stands, write.writer, write.payment.version)
}

/// A writer's name is unique, so the version only guards against a broken dice.
fn is_of(stands: &Item, writer: WriterToken, version: u64) -> bool {
    let row = Attributes::of(stands);
    row.number(LAST_WRITER) == Ok(writer.0) && row.number(VERSION) == Ok(version)
}

/// What every row says of the write that made it: whose it was, what happened, why, who made it happen, and on what evidence.
fn caused_by(writer: WriterToken, cause: &Cause<'_>, who: &Actor) -> Written {
    Written::default()
        .number(LAST_WRITER, writer.0)
        .text(WHAT, cause.what)
        .maybe(cause.why, |row, why| row.text(WHY, why))
        .text(WHO, who.to_string())
        .maybe(cause.grounds.evidence, |row, kind| row.text(EVIDENCE, kind.name()))
        .maybe(cause.grounds.request_id, |row, id| row.text(REQUEST_ID, id.as_str()))
}

/// Writes it of a row that tells of that write.
fn write_cause(row: Written, cause: &timeline::Cause) -> Written {
    row.text(WHAT, cause.what.as_str())
        .maybe(cause.why.as_deref(), |row, why| row.text(WHY, why))
        .text(WHO, cause.who.as_str())
        .maybe(cause.evidence.as_deref(), |row, kind| row.text(EVIDENCE, kind))
        .maybe(cause.request_id.as_deref(), |row, id| row.text(REQUEST_ID, id))
}

fn read_present(row: &Attributes<'_>) -> Result<Payment, Unfit> {
    let id = keys::read_id(row)?;
    let terms = terms::read(row, &id)?;
    let currency = terms.amount.currency();
    let (attention, refund_unknown) = read_reviews(row)?;
    Ok(Payment {
        id,
        gateway: row.word("gw")?,
        mode: row.word("mo")?,
        object: row.parsed("ob", GatewayToken::parse)?,
        client_secret: row.maybe_text("cs")?.map(|secret| ClientSecret::new(secret.to_owned())),
        payer_url: row.maybe_parsed("pu", WebUrl::parse)?,
        request_hash: read_hash(row, "rh")?,
        terms,
        state: state::read(row, currency)?,
        attempts: story::read_attempts(row)?,
        acts: story::read_acts(row, currency)?,
        charge: row.maybe_map("ch")?.map(|map| charge::read(&map)).transpose()?,
        refunds: story::read_refunds(row, currency)?,
        disputes: story::read_disputes(row, currency)?,
        warnings: story::read_warnings(row)?,
        attention,
        refund_unknown,
        look_owed: row.maybe_flag(LOOK_OWED)?.unwrap_or(false),
        settlement_looks: row.maybe_number(SETTLEMENT_LOOKS)?.unwrap_or(0),
        due: maybe_time(row, keys::DUE)?,
        rounds: row.number("rd")?,
        created_at: time(row, keys::CREATED_AT)?,
        updated_at: time(row, "ua")?,
        expires_at: time(row, "ex")?,
        version: row.number(VERSION)?,
    })
}

fn write_review(review: Review) -> Written {
    Written::default().word("r", review.reason).number("t", review.since.unix_ms())
}

/// What a person must see, and since when of a refund besides.
fn read_reviews(row: &Attributes<'_>) -> Result<(Option<Review>, Option<Timestamp>), Unfit> {
    let gravest = row.maybe_map(REVIEW)?.map(|review| read_review(&review)).transpose()?;
    let beside = row.maybe_map(REVIEW_BESIDE)?.map(|review| read_review(&review)).transpose()?;
    Ok(match gravest {
        Some(Review { since, reason: ReviewReason::RefundUnknown }) => (beside, Some(since)),
        Some(_) | None => (gravest, None),
    })
}

fn read_review(review: &Attributes<'_>) -> Result<Review, Unfit> {
    Ok(Review { since: time(review, "t")?, reason: review.word("r")? })
}

/// Half as long as hex, and a confirm stores one more.
fn hash_bytes(hash: RequestHash) -> Result<Vec<u8>, Unfit> {
    data_encoding::HEXLOWER.decode(hash.to_hex().as_bytes()).map_err(|why| Unfit::new("rh", why))
}

fn read_hash(row: &Attributes<'_>, name: &str) -> Result<RequestHash, Unfit> {
    RequestHash::from_hex(&data_encoding::HEXLOWER.encode(row.bytes(name)?)).map_err(|why| row.unfit(name, why))
}

fn time(row: &Attributes<'_>, name: &str) -> Result<Timestamp, Unfit> {
    row.number(name).map(Timestamp::from_unix_ms)
}

fn maybe_time(row: &Attributes<'_>, name: &str) -> Result<Option<Timestamp>, Unfit> {
    Ok(row.maybe_number(name)?.map(Timestamp::from_unix_ms))
}

/// An amount without its currency, which stands in the row once. Another currency could not be read back.
fn minor_units(money: Money, currency: Currency, name: &str) -> Result<i64, Unfit> {
    if money.currency() == currency {
        Ok(money.minor_units())
    } else {
        Err(Unfit::new(name, "is of another currency than the payment"))
    }
}

fn money(row: &Attributes<'_>, name: &str, currency: Currency) -> Result<Money, Unfit> {
    Money::try_new(row.number(name)?, currency).map_err(|why| row.unfit(name, why))
}
