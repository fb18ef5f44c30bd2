//! One structured line per request, on stdout, where Lambda picks it up.
//!
//! The allow-list is the type: a line takes [`Field`]s and nothing else, and no variant of it can hold a body, a key or a secret.
//! What operators count stands in the same line in CloudWatch's embedded metric format, so that counting costs no call.
//! There is no logging framework: libraries' own words never reach the log, because nobody listens to them.
//!
//! Must never: write a text that a client chose without bounding and cleaning it.

mod metric;

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use domain::dispute::DisputeId;
use domain::id::TransactionId;
use domain::personal::PersonId;
use domain::time::Timestamp;
use domain::timeline::EventId;
use domain::warning::WarningId;
use domain::webhook::EndpointId;
use flow::ports::{Error, Note};
use serde_json::{Map, Value, json};

use crate::rfc3339;

pub use metric::{Count, DIMENSION, Gauge, NAMESPACE};

/// Ids that others gave (a request's, a message's, an event's, a key's name) are at most this long.
const TEXT_LENGTH_MAX: usize = 128;

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
    /// The dispute.
    DisputeId(&'a DisputeId),
    /// The early fraud warning.
    WarningId(&'a WarningId),
    /// The event that is told to the merchant.
    EventId(&'a EventId),
    /// A person who was erased, by the hash that their row is called by: after a table was restored, they are erased again.
    Person(&'a PersonId),
    /// The merchant's endpoint.
    EndpointId(&'a EndpointId),
    /// How many tries of a delivery have failed since it was last asked for.
    FailedTries(u32),
    /// Where the payment, the dispute, the warning or the delivery stands after the request.
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
    /// How many payments, disputes, endpoints or events a list showed.
    Listed(usize),
    /// How many rows a sweep nudged, deliveries apart.
    Nudged(usize),
    /// How many deliveries a sweep nudged.
    DeliveriesNudged(usize),
    /// How many events are delivered again.
    Redelivered(usize),
    /// How many records a batch of the stream had.
    Records(usize),
    /// How many changes were told.
    Told(usize),
    /// How many events were announced.
    Announced(usize),
    /// How many movements of money were written down.
    Moved(usize),
    /// How many deliveries were made.
    Deliveries(usize),
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
            Self::DisputeId(id) => ("disputeId", id.as_str().into()),
            Self::WarningId(id) => ("warningId", id.as_str().into()),
            Self::EventId(id) => ("eventId", id.as_str().into()),
            Self::Person(person) => ("person", person.to_string().into()),
            Self::EndpointId(id) => ("endpointId", id.as_str().into()),
            Self::FailedTries(count) => ("failedTries", count.into()),
            Self::State(state) => ("state", state.into()),
            Self::Caller(name) => ("caller", cleaned(name)),
            Self::Duration(duration) => ("durationMs", milliseconds(duration)),
            Self::Replayed(replayed) => ("replayed", replayed.into()),
            Self::Outcome(outcome) => ("outcome", outcome.into()),
            Self::MessageId(id) => ("messageId", cleaned(id)),
            Self::GatewayEventId(id) => ("gatewayEventId", cleaned(id)),
            Self::Listed(count) => ("listed", count.into()),
            Self::Nudged(count) => ("nudged", count.into()),
            Self::DeliveriesNudged(count) => ("deliveriesNudged", count.into()),
            Self::Redelivered(count) => ("redelivered", count.into()),
            Self::Records(count) => ("records", count.into()),
            Self::Told(count) => ("told", count.into()),
            Self::Announced(count) => ("announced", count.into()),
            Self::Moved(count) => ("moved", count.into()),
            Self::Deliveries(count) => ("deliveries", count.into()),
            Self::UnreadableKeys(count) => ("unreadableKeys", count.into()),
            // An error's text is made by our own adapters from names and places, never from data.
            Self::Failure(error) => ("failure", cleaned(&error.to_string())),
            Self::SecretTrouble(secret) => ("secretTrouble", secret.into()),
        }
    }
}

/// The log that lines are written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Whose it is: the metrics of two stacks in one account must not be mixed.
    pub stack: String,
    /// What is less bad than this is not written.
    pub least: Level,
}

/// A line in the making. It is written once, by [`Line::write`].
#[derive(Debug)]
#[must_use = "a line that is not written says nothing"]
pub struct Line {
    level: Level,
    at: Timestamp,
    function: &'static str,
    fields: Map<String, Value>,
    metrics: BTreeMap<&'static str, Metric>,
}

/// What a metric came to, in a unit of CloudWatch's.
#[derive(Debug, Clone, Copy)]
struct Metric {
    value: u64,
    unit: &'static str,
}

impl Line {
    /// A line of a function's request that began at this moment.
    pub fn new(function: &'static str, at: Timestamp) -> Self {
        Self { level: Level::Info, at, function, fields: Map::new(), metrics: BTreeMap::new() }
    }

    /// Adds a field, or replaces it.
    pub fn set(&mut self, field: Field<'_>) {
        let (name, value) = field.name_and_value();
        if let Field::Failure(error) = field {
            self.count(Count::of_failure(error));
        }
        self.fields.insert(name.to_owned(), value);
    }

    /// Counts something.
    pub fn count(&mut self, count: Count) {
        let metric = self.metrics.entry(count.name()).or_insert(Metric { value: 0, unit: "Count" });
        metric.value = metric.value.saturating_add(1);
        self.raise(count.level());
    }

    /// Says what was measured.
    pub fn measure(&mut self, gauge: Gauge) {
        self.metrics.insert(gauge.name(), Metric { value: gauge.value(), unit: gauge.unit() });
    }

    /// Counts what the flow took note of.
    pub fn notes(&mut self, notes: impl IntoIterator<Item = Note>) {
        for note in notes {
            self.count(Count::of(&note));
            match note {
                Note::OutcomeUnknown(reason) => {
                    self.fields.insert("unknownReason".to_owned(), reason.name().into());
                }
                Note::NudgeLost(error)
                | Note::OutcomeNotRecorded(error)
                | Note::PartitionFailed(error)
                | Note::BrakeFailed(error)
                | Note::PapersNotOpened(error) => {
                    self.fields.insert("failure".to_owned(), cleaned(&error.to_string()));
                }
                Note::DisputeDeadline(reminder) => {
                    self.fields.insert("deadlineIn".to_owned(), reminder.name().into());
                }
                Note::ForeignObject { .. }
                | Note::ReviewAsked
                | Note::FraudWarning
                | Note::AutomaticRefund
                | Note::DeliveryFailed
                | Note::DeliveryExhausted
                | Note::EndpointGone
                | Note::TimelineGap { .. }
                | Note::CardTesting
                | Note::Conflict => {}
            }
        }
    }

    /// Makes the line at least this bad.
    pub fn raise(&mut self, level: Level) {
        self.level = self.level.max(level);
    }

    /// Writes the line in one piece, unless it is less bad than what the log wants. What bears a metric is always written: what
    /// is counted must not depend on how much somebody wants to read.
    pub fn write(self, log: &Log, out: &mut impl Write) {
        if self.level < log.least && self.metrics.is_empty() {
            return;
        }
        let mut text = self.text(&log.stack);
        text.push('\n');
        // Nobody is left to tell if stdout is gone.
        drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    }

    /// Writes the line to stdout.
    pub fn write_to_stdout(self, log: &Log) {
        self.write(log, &mut std::io::stdout().lock());
    }

    fn text(self, stack: &str) -> String {
        let mut line = Map::new();
        line.insert("level".to_owned(), self.level.name().into());
        line.insert("timestamp".to_owned(), rfc3339::format(self.at).into());
        line.insert("function".to_owned(), self.function.into());
        line.extend(self.fields);
        if !self.metrics.is_empty() {
            let named = self.metrics.iter().map(|(name, metric)| json!({"Name": name, "Unit": metric.unit}));
            let metrics: Vec<Value> = named.collect();
            let directive = json!({"Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": metrics});
            line.insert("_aws".to_owned(), json!({"Timestamp": self.at.unix_ms(), "CloudWatchMetrics": [directive]}));
            line.insert(DIMENSION.to_owned(), cleaned(stack));
            line.extend(self.metrics.into_iter().map(|(name, metric)| (name.to_owned(), metric.value.into())));
        }
        Value::Object(line).to_string()
    }
}

/// Makes a panic one line, without its message: that may quote what the code was working on.
pub fn install_panic_hook(function: &'static str, log: Log, now: fn() -> Timestamp) {
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(|location| format!("{}:{}", location.file(), location.line()));
        panic_line(function, now(), place.as_deref().unwrap_or("unknown")).write_to_stdout(&log);
    }));
}

fn panic_line(function: &'static str, at: Timestamp, place: &str) -> Line {
    let mut line = Line::new(function, at);
    line.count(Count::Panicked);
    line.fields.insert("panickedAt".to_owned(), cleaned(place));
    line
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
