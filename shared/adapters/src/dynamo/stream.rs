//! The table's stream: what changed, as Lambda hands it to `publish`. DynamoDB writes attributes there as in its own API, so that a row
//! is read as any row is.
//!
//! Each record is read for itself, so that one that cannot be read stops no other.
//!
//! Must never: put a value of a row into an error.

use std::collections::HashMap;
use std::fmt;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use data_encoding::BASE64;
use domain::timeline::{Change, Image, Subject, Version};
use flow::ports::Error;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    attributes::{Attributes, Item, Unfit},
    keys, row,
};

/// Attributes in a row nest three deep; no row of ours goes near this.
const DEPTH_MAX: usize = 16;

/// So many rows a person has told at once: each is looked at in turn, within the function's minute.
const RETELL_MAX: usize = 100;

/// A batch of records, or rows that a person wants told.
#[derive(Clone, Deserialize)]
pub struct StreamEvent {
    #[serde(rename = "Records", default)]
    records: Vec<Value>,
    #[serde(default)]
    retell: Vec<String>,
}

/// What stands in rows is nobody's to print.
impl fmt::Debug for StreamEvent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "StreamEvent({} records)", self.records.len())
    }
}

/// A record of the stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Where it stands in its shard. Whoever could not tell it names it to [`from_here_on`].
    pub sequence_number: String,
    /// The key of the row, for whoever looks for it.
    pub key: String,
    /// What it says.
    pub change: Result<Told, Error>,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// A row was written.
    Changed(Box<Change>),
    /// A row of a kind whose changes are not told was written, or deleted, as DynamoDB does with deliveries that ended long ago. The
    /// template filters these out.
    NotTold,
    /// A row whose changes are told was deleted. Nothing of ours does that, nor does DynamoDB by itself.
    Deleted,
}

/// Tells Lambda from which record on the batch must be given again; all if none before it are told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamResponse {
    batch_item_failures: Vec<Failure>,
    /// For whoever asked by hand: Lambda reads no such thing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_retold: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

/// The answer that has the batch given again from this record on; no record, and it is done.
#[must_use]
pub fn from_here_on(record: Option<String>) -> StreamResponse {
    // Of several, Lambda goes back to the first.
    let failure = |item_identifier| Failure { item_identifier };
    StreamResponse { batch_item_failures: record.into_iter().map(failure).collect(), not_retold: Vec::new() }
}

impl StreamResponse {
    /// Says also which of the rows that a person wanted told were not reached, in the order they were asked for.
    #[must_use]
    pub fn and_not_retold(mut self, rows: &[Subject]) -> Self {
        self.not_retold = rows.iter().map(Subject::to_string).collect();
        self
    }

    /// Whether something must be given again.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        !self.batch_item_failures.is_empty()
    }
}

/// Reads the records of a batch.
#[must_use]
pub fn records(event: &StreamEvent) -> Vec<Record> {
    event.records.iter().map(Record::of).collect()
}

/// The rows that a person wants told, by their ids; what is no id of ours is left out, and what are more than are told at once.
#[must_use]
pub fn wanted(event: &StreamEvent) -> Vec<Subject> {
    event.retell.iter().filter_map(|id| Subject::parse(id)).take(RETELL_MAX).collect()
}

impl Record {
    fn of(record: &Value) -> Self {
        let change = record.get("dynamodb");
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let key = text(change.and_then(|change| change.get("Keys")?.get(keys::PK)?.get("S")));
        Self {
            sequence_number: text(change.and_then(|change| change.get("SequenceNumber"))),
            change: told(record, &key).map_err(Error::from),
            key,
        }
    }

    /// What the record is about, if it is about one of ours.
    #[must_use]
    pub fn subject(&self) -> Option<Subject> {
        match &self.change {
            Ok(Told::Changed(change)) => Some(change.after.image.subject()),
            Ok(Told::NotTold | Told::Deleted) | Err(_) => keys::subject_of(&self.key),
        }
    }
}

fn told(record: &Value, key: &str) -> Result<Told, Unfit> {
    let missing = |name| Unfit::new(name, "is missing");
    let change = record.get("dynamodb").ok_or_else(|| missing("dynamodb"))?;
    let Some(after) = change.get("NewImage") else {
        return Ok(if keys::goes_by_itself(key) { Told::NotTold } else { Told::Deleted });
    };
    let after = version(after, "NewImage")?;
    let Some(after) = after else { return Ok(Told::NotTold) };
    // A row before that cannot be read is one that nobody knows: its change was not told, and what is known of it is made good.
    let before = change.get("OldImage").and_then(|image| version(image, "OldImage").ok().flatten());
    Ok(Told::Changed(Box::new(Change { before, after })))
}

fn version(image: &Value, name: &str) -> Result<Option<Version>, Unfit> {
    version_of(&item(image, name, DEPTH_MAX)?)
}

/// A version of a row; none if rows of its kind are not told.
pub(super) fn version_of(item: &Item) -> Result<Option<Version>, Unfit> {
    let row = Attributes::of(item);
    let Some(subject) = keys::subject_of(row.text(keys::PK)?) else { return Ok(None) };
    let image = match subject {
        Subject::Payment(_) => Image::Payment(Box::new(row::read(item)?)),
        Subject::Dispute(_) => Image::Dispute(Box::new(row::dispute::read(item)?)),
        Subject::Warning(_) => Image::Warning(Box::new(row::warning::read(item)?)),
    };
    Ok(Some(Version { image, cause: row::read_cause(item)? }))
}

fn item(map: &Value, name: &str, depth: usize) -> Result<Item, Unfit> {
    let map = map.as_object().ok_or_else(|| Unfit::new(name, "is not a map"))?;
    let depth = depth.checked_sub(1).ok_or_else(|| Unfit::new(name, "is nested too deep"))?;
    let attributes = map.iter().map(|(key, value)| Ok((key.clone(), attribute(value, name, depth)?)));
    attributes.collect::<Result<HashMap<_, _>, Unfit>>()
}

fn attribute(value: &Value, name: &str, depth: usize) -> Result<AttributeValue, Unfit> {
    let unfit = || Unfit::new(name, "has an attribute that no row has");
    let (kind, inner) = value.as_object().and_then(|value| value.iter().next()).ok_or_else(unfit)?;
    let text = || inner.as_str().map(str::to_owned).ok_or_else(unfit);
    Ok(match kind.as_str() {
        "S" => AttributeValue::S(text()?),
        "N" => AttributeValue::N(text()?),
        "BOOL" => AttributeValue::Bool(inner.as_bool().ok_or_else(unfit)?),
        "B" => AttributeValue::B(Blob::new(BASE64.decode(text()?.as_bytes()).map_err(|_| unfit())?)),
        "M" => AttributeValue::M(item(inner, name, depth)?),
        "L" => {
            let depth = depth.checked_sub(1).ok_or_else(|| Unfit::new(name, "is nested too deep"))?;
            let values = inner.as_array().ok_or_else(unfit)?.iter().map(|value| attribute(value, name, depth));
            AttributeValue::L(values.collect::<Result<_, _>>()?)
        }
        _ => return Err(unfit()),
    })
}
