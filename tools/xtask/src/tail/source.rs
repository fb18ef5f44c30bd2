//! Where a stack's stream is, and how it is asked: the local AWS by plain HTTP, a deployed stack by the `aws` command
//! line.
//!
//! Starting a command line each second keeps half a core busy; for the one stack that a developer breaks all day there
//! is a shorter way.

use std::fmt;
use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use super::line::spelled_out;
use super::stream::Ask;
use crate::aws::Account;
use crate::failure::Failure;
use crate::place::{Place, STACK};
use crate::{http, tools};

/// Quick enough to look like now.
const LOCAL_PAUSE: Duration = Duration::from_millis(250);
/// A call takes most of a second itself.
const DEPLOYED_PAUSE: Duration = Duration::from_secs(1);
/// Enough of what AWS complains about to know what to do.
const COMPLAINT_MAX: usize = 400;

/// What is asked of DynamoDB and its streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    DescribeTable,
    DescribeStream,
    GetShardIterator,
    GetRecords,
}

/// Why an answer did not come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// An iterator serves for 15 minutes.
    Expired,
    /// What an iterator points at is older than a day.
    Trimmed,
    /// There is no such stream, or no such table.
    Gone,
    /// Silence, or an answer that may be another the next time. The text is safe to print.
    Unanswered(String),
}

/// A stack whose payments are followed.
#[derive(Debug)]
pub(super) enum Source<'a> {
    Local(&'a Place),
    Deployed { account: Account<'a>, stack: String },
}

/// A way to a stack as it is deployed at this moment.
#[derive(Debug)]
pub(super) struct Connection<'a> {
    way: Way<'a>,
    table: String,
}

#[derive(Debug)]
enum Way<'a> {
    Http { url: String, region: String },
    CommandLine(Account<'a>),
}

impl<'a> Source<'a> {
    /// The local stack, or any other that the caller's own AWS credentials reach.
    pub(super) fn of(place: &'a Place, stack: Option<String>) -> Result<Self, Failure> {
        match stack.filter(|stack| stack != STACK) {
            None if place.stack_json().is_file() => Ok(Self::Local(place)),
            None => Err(Failure::new("no local stack runs; `cargo xtask up` starts one")),
            Some(stack) => {
                tools::install(place)?;
                Ok(Self::Deployed { account: Account::Callers(place), stack })
            }
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Local(_) => "the local stack",
            Self::Deployed { stack, .. } => stack,
        }
    }

    /// Whether somebody took the stack down.
    pub(super) fn is_stopped(&self) -> bool {
        match self {
            Self::Local(place) => !place.stack_json().is_file(),
            Self::Deployed { .. } => false,
        }
    }

    pub(super) const fn pause(&self) -> Duration {
        match self {
            Self::Local(_) => LOCAL_PAUSE,
            Self::Deployed { .. } => DEPLOYED_PAUSE,
        }
    }

    pub(super) fn connect(&self) -> Result<Connection<'a>, Trouble> {
        match self {
            Self::Local(place) => {
                let stack = stack_json(place)?;
                let way = Way::Http { url: field(&stack, "awsEndpointUrl")?, region: field(&stack, "region")? };
                Ok(Connection { way, table: field(&stack, "tableName")? })
            }
            Self::Deployed { account, stack } => {
                let table = account.stack_output(stack, "TableName").map_err(|failure| unanswered(&failure))?;
                Ok(Connection { way: Way::CommandLine(*account), table })
            }
        }
    }
}

impl Connection<'_> {
    pub(super) fn table(&self) -> &str {
        &self.table
    }
}

impl Ask for Connection<'_> {
    fn ask(&self, operation: Operation, body: &Value) -> Result<Value, Trouble> {
        let (target, [service, command]) = operation.names();
        match &self.way {
            Way::Http { url, region } => {
                let headers = [
                    ("content-type", "application/x-amz-json-1.0"),
                    ("x-amz-target", target),
                    // ministack takes the account and the region from here; it checks no signature of its root user.
                    (
                        "authorization",
                        &format!("AWS4-HMAC-SHA256 Credential=test/20260101/{region}/dynamodb/aws4_request"),
                    ),
                ];
                let answer = http::post(url, &headers, body).map_err(|failure| unanswered(&failure))?;
                if answer.status == 200 { Ok(answer.body) } else { Err(Trouble::of(&answer.body.to_string())) }
            }
            Way::CommandLine(account) => account
                .aws(&[service, command, "--cli-input-json", &body.to_string()])
                .map_err(|failure| Trouble::of(&failure.to_string())),
        }
    }
}

impl Operation {
    /// On the wire, and on the command line.
    const fn names(self) -> (&'static str, [&'static str; 2]) {
        match self {
            Self::DescribeTable => ("DynamoDB_20120810.DescribeTable", ["dynamodb", "describe-table"]),
            Self::DescribeStream => ("DynamoDBStreams_20120810.DescribeStream", ["dynamodbstreams", "describe-stream"]),
            Self::GetShardIterator => {
                ("DynamoDBStreams_20120810.GetShardIterator", ["dynamodbstreams", "get-shard-iterator"])
            }
            Self::GetRecords => ("DynamoDBStreams_20120810.GetRecords", ["dynamodbstreams", "get-records"]),
        }
    }
}

impl Trouble {
    /// What an error of AWS means. Its name stands in the answer's body, and in what the command line complains.
    fn of(text: &str) -> Self {
        let known = [
            ("ExpiredIteratorException", Self::Expired),
            ("TrimmedDataAccessException", Self::Trimmed),
            ("ResourceNotFoundException", Self::Gone),
        ];
        let found = known.into_iter().find(|(name, _)| text.contains(name)).map(|(_, trouble)| trouble);
        found.unwrap_or_else(|| Self::Unanswered(spelled_out(text.trim(), COMPLAINT_MAX)))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Expired => "the place in the stream has expired",
            Self::Trimmed => "the place in the stream is more than a day old",
            Self::Gone => "its table has no such stream",
            Self::Unanswered(text) => text,
        })
    }
}

fn unanswered(failure: &Failure) -> Trouble {
    Trouble::Unanswered(spelled_out(failure.to_string().trim(), COMPLAINT_MAX))
}

fn stack_json(place: &Place) -> Result<Value, Trouble> {
    let text = fs::read(place.stack_json()).map_err(|_| Trouble::Unanswered("it is not up".to_owned()))?;
    Ok(serde_json::from_slice(&text).unwrap_or_else(|_| json!({})))
}

fn field(stack: &Value, name: &str) -> Result<String, Trouble> {
    let text = stack.get(name).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| Trouble::Unanswered(format!("stack.json does not say {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_known_by_its_name_on_the_wire_and_on_the_command_line() {
        let wire = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ExpiredIteratorException","message":"…"}"#;
        assert_eq!(Trouble::of(wire), Trouble::Expired);
        let command_line = "aws dynamodbstreams get-records: An error occurred (TrimmedDataAccessException) when …";
        assert_eq!(Trouble::of(command_line), Trouble::Trimmed);
        assert_eq!(Trouble::of("(ResourceNotFoundException)"), Trouble::Gone);
    }

    #[test]
    fn what_aws_says_besides_is_told_on_one_harmless_line() {
        let Trouble::Unanswered(text) = Trouble::of("\nUnable to locate\ncredentials\u{1b}[2J\n") else { panic!() };
        assert_eq!(text, "Unable to locate\\u{a}credentials\\u{1b}[2J");
    }
}
