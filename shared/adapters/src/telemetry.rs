//! One structured line per request, on stdout, where Lambda picks it up.
//!
//! The allow-list is the type: a line takes [`Field`]s and nothing else, and no variant of it can hold a body, a key or a secret.
//! What operators count stands in the same line in CloudWatch's embedded metric format, so that counting costs no call.
//! There is no logging framework: libraries' own words never reach the log, because nobody listens to them.
//!
//! Must never: write a text that a client chose without bounding and cleaning it.

use std::io::Write;
use std::time::Duration;

use domain::gateway::UnknownReason;
use domain::id::TransactionId;
use domain::time::Timestamp;
use flow::ports::{Error, Note};
use serde_json::{Map, Value, json};

use crate::rfc3339;

/// Ids that others gave (a request's, a message's, an event's, a key's name) are at most this long.
const TEXT_LENGTH_MAX: usize = 128;
/// The metrics' namespace in CloudWatch.
const NAMESPACE: &str = "Quittance";

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// For whoever hunts a fault.
    Debug,
    /// A request was served, or refused as it should be.
    Info,
    /// Something went wrong and was made good.
    Warn,
    /// Somebody should look.
    Error,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// The level of this name; `info` if there is none.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        [Self::Debug, Self::Info, Self::Warn, Self::Error]
            .into_iter()
            .find(|level| level.name() == name)
            .unwrap_or(Self::Info)
    }
}

/// Everything that may stand in a line.
#[derive(Debug, Clone, Copy)]
pub enum Field<'a> {
    /// API Gateway's or Lambda's name for the request.
    RequestId(&'a str),
    /// The route as the template spells it, without its parameters.
    Route(&'static str),
    /// The HTTP status answered.
    Status(u16),
    /// The problem's code.
    Code(&'static str),
    /// The payment.
    TransactionId(&'a TransactionId),
    /// Where the payment stands after the request.
    State(&'static str),
    /// The name of the caller's key.
    Caller(&'a str),
    /// How long it took.
    Duration(Duration),
    /// Whether the request had been done before.
    Replayed(bool),
    /// What became of a record, an event or a sweep, in one word.
    Outcome(&'static str),
    /// SQS's name for a record.
    MessageId(&'a str),
    /// The gateway's name for an event.
    GatewayEventId(&'a str),
    /// How many rows a sweep found.
    Found(usize),
    /// How many rows a sweep nudged.
    Nudged(usize),
    /// Names of client keys that cannot be read.
    UnreadableKeys(usize),
    /// Something outside that failed us.
    Failure(&'a Error),
    /// A secret that could not be read again, while the old one serves.
    SecretTrouble(&'static str),
}

impl Field<'_> {
    fn name_and_value(self) -> (&'static str, Value) {
        match self {
            Self::RequestId(id) => ("requestId", cleaned(id)),
            Self::Route(route) => ("route", route.into()),
            Self::Status(status) => ("status", status.into()),
            Self::Code(code) => ("code", code.into()),
            Self::TransactionId(id) => ("transactionId", id.as_str().into()),
            Self::State(state) => ("state", state.into()),
            Self::Caller(name) => ("caller", cleaned(name)),
            Self::Duration(duration) => ("durationMs", milliseconds(duration)),
            Self::Replayed(replayed) => ("replayed", replayed.into()),
            Self::Outcome(outcome) => ("outcome", outcome.into()),
            Self::MessageId(id) => ("messageId", cleaned(id)),
            Self::GatewayEventId(id) => ("gatewayEventId", cleaned(id)),
            Self::Found(count) => ("found", count.into()),
            Self::Nudged(count) => ("nudged", count.into()),
            Self::UnreadableKeys(count) => ("unreadableKeys", count.into()),
            // An error's text is made by our own adapters from names and places, never from data.
            Self::Failure(error) => ("failure", cleaned(&error.to_string())),
            Self::SecretTrouble(secret) => ("secretTrouble", secret.into()),
        }
    }
}

/// Something that operators count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Something outside failed.
    Failed,
    /// An entry of the due index could not be read.
    UnreadableRow,
    /// A record of the queue was no nudge.
    Poison,
    /// A webhook's signature did not fit.
    WebhookForged,
    /// A webhook was of the other mode.
    WebhookOfOtherMode,
    /// A webhook was about nothing of ours.
    WebhookNotOurs,
    /// Something looked like a card number.
    RawCardData,
    /// Something looked like a secret key.
    SecretInRequest,
    /// A panic was caught.
    Panicked,
}

impl Count {
    /// A gateway tells more than we asked to hear, and that is no fault of anybody's.
    const fn level(self) -> Level {
        match self {
            Self::WebhookNotOurs => Level::Info,
            Self::Failed
            | Self::UnreadableRow
            | Self::Poison
            | Self::WebhookForged
            | Self::WebhookOfOtherMode
            | Self::RawCardData
            | Self::SecretInRequest
            | Self::Panicked => Level::Warn,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::UnreadableRow => "unreadableRow",
            Self::Poison => "poison",
            Self::WebhookForged => "webhookForged",
            Self::WebhookOfOtherMode => "webhookOfOtherMode",
            Self::WebhookNotOurs => "webhookNotOurs",
            Self::RawCardData => "rawCardData",
            Self::SecretInRequest => "secretInRequest",
            Self::Panicked => "panicked",
        }
    }
}

/// A line in the making. It is written once, by [`Line::write`].
#[derive(Debug)]
#[must_use = "a line that is not written says nothing"]
pub struct Line {
    level: Level,
    at: Timestamp,
    function: &'static str,
    fields: Map<String, Value>,
    counts: Map<String, Value>,
}

impl Line {
    /// A line of a function's request that began at this moment.
    pub fn new(function: &'static str, at: Timestamp) -> Self {
        Self { level: Level::Info, at, function, fields: Map::new(), counts: Map::new() }
    }

    /// Adds a field, or replaces it.
    pub fn set(&mut self, field: Field<'_>) {
        let (name, value) = field.name_and_value();
        if matches!(field, Field::Failure(_)) {
            self.count(Count::Failed);
            self.raise(Level::Error);
        }
        self.fields.insert(name.to_owned(), value);
    }

    /// Counts something.
    pub fn count(&mut self, count: Count) {
        self.add(count.name(), count.level());
    }

    /// Counts what the flow took note of.
    pub fn notes(&mut self, notes: impl IntoIterator<Item = Note>) {
        for note in notes {
            let (name, level) = name_and_level(&note);
            self.add(name, level);
            match note {
                Note::OutcomeUnknown(reason) => {
                    self.fields.insert("unknownReason".to_owned(), reason.name().into());
                }
                Note::NudgeLost(error) | Note::OutcomeNotRecorded(error) => {
                    self.fields.insert("failure".to_owned(), cleaned(&error.to_string()));
                }
                Note::ForeignObject { .. } | Note::ReviewAsked | Note::Conflict => {}
            }
        }
    }

    /// Makes the line at least this bad.
    pub fn raise(&mut self, level: Level) {
        self.level = self.level.max(level);
    }

    /// Writes the line in one piece, unless it is less bad than `least`. What counts something is always written: a metric
    /// must not depend on how much somebody wants to read.
    pub fn write(self, least: Level, out: &mut impl Write) {
        if self.level < least && self.counts.is_empty() {
            return;
        }
        let mut text = self.text();
        text.push('\n');
        // Nobody is left to tell if stdout is gone.
        drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    }

    /// Writes the line to stdout.
    pub fn write_to_stdout(self, least: Level) {
        self.write(least, &mut std::io::stdout().lock());
    }

    fn add(&mut self, name: &'static str, level: Level) {
        let before = self.counts.get(name).and_then(Value::as_u64).unwrap_or(0);
        self.counts.insert(name.to_owned(), before.saturating_add(1).into());
        self.raise(level);
    }

    fn text(self) -> String {
        let mut line = Map::new();
        line.insert("level".to_owned(), self.level.name().into());
        line.insert("timestamp".to_owned(), rfc3339::format(self.at).into());
        line.insert("function".to_owned(), self.function.into());
        line.extend(self.fields);
        if !self.counts.is_empty() {
            let metrics: Vec<Value> = self.counts.keys().map(|name| json!({"Name": name, "Unit": "Count"})).collect();
            let directive = json!({"Namespace": NAMESPACE, "Dimensions": [["function"]], "Metrics": metrics});
            line.insert("_aws".to_owned(), json!({"Timestamp": self.at.unix_ms(), "CloudWatchMetrics": [directive]}));
            line.extend(self.counts);
        }
        Value::Object(line).to_string()
    }
}

/// Makes a panic one line, without its message: that may quote what the code was working on.
pub fn install_panic_hook(function: &'static str, now: fn() -> Timestamp) {
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(|location| format!("{}:{}", location.file(), location.line()));
        panic_line(function, now(), place.as_deref().unwrap_or("unknown")).write_to_stdout(Level::Error);
    }));
}

fn panic_line(function: &'static str, at: Timestamp, place: &str) -> Line {
    let mut line = Line::new(function, at);
    line.count(Count::Panicked);
    line.raise(Level::Error);
    line.fields.insert("panickedAt".to_owned(), cleaned(place));
    line
}

const fn name_and_level(note: &Note) -> (&'static str, Level) {
    match note {
        // Our key being refused is not the weather: somebody must put it right.
        Note::OutcomeUnknown(
            UnknownReason::Unauthorized | UnknownReason::KeyMismatch | UnknownReason::Misconfigured,
        ) => ("gatewayMisconfigured", Level::Error),
        Note::OutcomeUnknown(_) => ("outcomeUnknown", Level::Warn),
        Note::NudgeLost(_) => ("nudgeLost", Level::Warn),
        Note::OutcomeNotRecorded(_) => ("outcomeNotRecorded", Level::Warn),
        Note::ForeignObject { holds_money: true } => ("foreignCharge", Level::Error),
        Note::ForeignObject { holds_money: false } => ("foreignObject", Level::Warn),
        Note::ReviewAsked => ("reviewAsked", Level::Error),
        Note::Conflict => ("conflict", Level::Info),
    }
}

fn milliseconds(duration: Duration) -> Value {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).into()
}

/// A text that others chose: bounded, and without anything that a terminal or a log search could trip over.
fn cleaned(text: &str) -> Value {
    let visible = |character: char| if character.is_ascii_graphic() || character == ' ' { character } else { '?' };
    text.chars().take(TEXT_LENGTH_MAX).map(visible).collect::<String>().into()
}

#[cfg(test)]
mod tests;
