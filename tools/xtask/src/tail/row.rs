//! What a record of the stream tells about a payment.
//!
//! A row's layout is the business of `shared/adapters/src/dynamo/row`; this reads the few attributes that make a story,
//! and the tests hold it to the golden rows. It must never fail on a row: what a later release writes is told in that
//! release's own words, as far as they can be read.

use std::str::FromStr;

use iso_currency::Currency;
use serde_json::Value;

const PAYMENT_PREFIX: &str = "PAY#";

/// What a record tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    Change(Change),
    /// A row that does not say what every row says.
    Unreadable {
        id: String,
        lacks: &'static str,
    },
    /// The row was taken away, which nothing of ours does.
    Removed {
        id: String,
    },
}

/// One change of a payment. The texts are the row's own and not fit to print as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) id: String,
    pub(super) at_ms: i64,
    pub(super) version: u64,
    /// Where the payment stood before; nothing when it is new.
    pub(super) before: Option<String>,
    pub(super) state: String,
    pub(super) reason: Option<String>,
    /// What happened, in words.
    pub(super) event: String,
    /// Who made it happen.
    pub(super) by: String,
    pub(super) due_ms: Option<i64>,
    /// Why a person must look.
    pub(super) attention: Option<String>,
}

impl Told {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Change(change) => &change.id,
            Self::Unreadable { id, .. } | Self::Removed { id } => id,
        }
    }
}

/// Reads a record; nothing if it is about another kind of row.
pub(super) fn read(record: &Value) -> Option<Told> {
    let images = record.get("dynamodb")?;
    let id = Row(images.get("Keys")?).text("pk")?.strip_prefix(PAYMENT_PREFIX)?.to_owned();
    let Some(new) = images.get("NewImage") else { return Some(Told::Removed { id }) };
    let before = images.get("OldImage").map(Row);
    Some(change(&id, before, Row(new)).map_or_else(|lacks| Told::Unreadable { id, lacks }, Told::Change))
}

fn change(id: &str, before: Option<Row<'_>>, row: Row<'_>) -> Result<Change, &'static str> {
    let text = |name| row.text(name).ok_or(name);
    Ok(Change {
        id: id.to_owned(),
        at_ms: row.number("ua").ok_or("ua")?,
        version: row.number("v").ok_or("v")?,
        before: before.and_then(|before| before.text("st")).map(str::to_owned),
        state: text("st")?.to_owned(),
        reason: row.text("sr").map(str::to_owned),
        event: in_words(row, before, text("ev")?),
        by: text("by")?.to_owned(),
        due_ms: row.number("du"),
        attention: row.map("rv").map(|review| review.text("r").unwrap_or("for a reason it does not say").to_owned()),
    })
}

/// An event in words. One that bears nothing to tell, or is new, is its own name.
fn in_words(row: Row<'_>, before: Option<Row<'_>>, event: &str) -> String {
    with_details(row, before, event).unwrap_or_else(|| event.replace('_', " "))
}

fn with_details(row: Row<'_>, before: Option<Row<'_>>, event: &str) -> Option<String> {
    let attempt = || row.last("at");
    let number = || attempt()?.number::<u32>("n");
    Some(match event {
        "initiated" => match row.text("ref") {
            Some(reference) => format!("initiated {} \"{reference}\"", amount(row, "am")?),
            None => format!("initiated {}", amount(row, "am")?),
        },
        "attempt_started" => format!("attempt {} started", number()?),
        "attempt_answered" => format!("attempt {} answered", number()?),
        "attempt_not_charged" => format!("attempt {} not charged", number()?),
        "attempt_declined" => format!("attempt {} declined: {}", number()?, attempt()?.map("d")?.text("g")?),
        "action_required" => format!("action required: {}", row.text("sn")?),
        "authorized" => format!("authorized {}", amount(row, "sm")?),
        "captured" => format!("captured {}", amount(row, "sm")?),
        "captured_late" => format!("captured {} late", amount(row, "sm")?),
        "act_opened" => match row.last("ac")?.text("r") {
            Some(reason) => format!("{} opened: {reason}", act(row)?),
            None => format!("{} opened", act(row)?),
        },
        "act_refused" => format!("{} refused: {}", act(row)?, row.last("ac")?.text("c")?),
        "refund_started" | "refund_answered" | "refund_pending" | "refund_succeeded" | "refund_failed"
        | "refund_canceled" => refund(row, before, event.strip_prefix("refund_")?)?,
        "review_asked" => format!("review asked: {}", row.map("rv")?.text("r")?),
        "outcome_unknown" => format!("outcome unknown: {}", row.text("wy")?),
        "looked" => "looked, nothing new".to_owned(),
        _ => return None,
    })
}

/// The last act of a row.
fn act(row: Row<'_>) -> Option<String> {
    let act = row.last("ac")?;
    let kind = act.text("w")?.replace('_', " ");
    Some(match act.number::<i64>("m") {
        Some(units) => format!("{kind} of {}", money(units, row.text("cu")?)?),
        None => kind,
    })
}

/// The one refund that is not as it was before.
fn refund(row: Row<'_>, before: Option<Row<'_>>, what: &str) -> Option<String> {
    let is_as_before = |refund: &Row<'_>| before.is_some_and(|row| row.all("rf").any(|known| known.0 == refund.0));
    let mut moved = row.all("rf").filter(|refund| !is_as_before(refund));
    let (refund, None) = (moved.next()?, moved.next()) else { return None };
    let amount = money(refund.number("m")?, row.text("cu")?)?;
    // Ours bears the key of the request that it was made for.
    let place = if refund.text("k").is_some() { "" } else { " at the gateway's dashboard" };
    Some(match refund.text("c") {
        Some(code) => format!("refund of {amount}{place} {what}: {code}"),
        None => format!("refund of {amount}{place} {what}"),
    })
}

fn amount(row: Row<'_>, name: &str) -> Option<String> {
    money(row.number(name)?, row.text("cu")?)
}

/// An amount as people write it: ISO 4217 knows how many digits the minor units are.
fn money(minor_units: i64, currency: &str) -> Option<String> {
    let exponent = usize::from(Currency::from_code(currency)?.exponent()?);
    let digits = format!("{minor_units:0>width$}", width = exponent.saturating_add(1));
    let (whole, fraction) = digits.split_at_checked(digits.len().checked_sub(exponent)?)?;
    Some(if fraction.is_empty() { format!("{whole} {currency}") } else { format!("{whole}.{fraction} {currency}") })
}

/// A row, or a map inside a row, in DynamoDB's own JSON.
#[derive(Clone, Copy)]
struct Row<'a>(&'a Value);

impl<'a> Row<'a> {
    fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.get("S")?.as_str()
    }

    fn number<N: FromStr>(self, name: &str) -> Option<N> {
        self.0.get(name)?.get("N")?.as_str()?.parse().ok()
    }

    fn map(self, name: &str) -> Option<Self> {
        self.0.get(name)?.get("M").map(Self)
    }

    /// The maps of a list.
    fn all(self, name: &str) -> impl DoubleEndedIterator<Item = Self> {
        let list = self.0.get(name).and_then(|list| list.get("L")).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(|map| map.get("M").map(Self))
    }

    /// The last map of a list.
    fn last(self, name: &str) -> Option<Self> {
        self.all(name).next_back()
    }
}
