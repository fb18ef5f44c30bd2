//! Records events: asks the local AWS what it hands to a function when a client calls, a message comes, a row changes or a minute passes.
//!
//! A small stack stands beside the deployed one for as long as it takes. Its function has the triggers that ours have: the template's own
//! routes, a queue, a table's stream, the clock and a bus; and it only says what it was handed. [`as_aws_has_it`] takes from that
//! what differs from day to day, and what is known to be otherwise at AWS.
//!
//! Must never: send an API key to the recorder. It logs, and no log may hold one.

mod ordered;
mod story;
mod template;

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt as _;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::aws::Aws;
use crate::percent::encoded;
use crate::wire::Http;
use crate::{eventually, unique};

pub use self::ordered::printed;
pub use self::story::{Kind, as_aws_has_it, is_authorization, is_aws_own};

/// Stands for whatever a client proves itself by.
const STAND_IN: &str = "Bearer recorded";
/// What the recorder puts before an event in its log.
const MARK: &str = "recorded ";
/// What CloudFormation's API calls this version of itself.
const CLOUDFORMATION: &str = "Version=2010-05-15";

/// A function that says what it is handed, with everything that calls it.
#[derive(Debug)]
pub struct Recorder<'a> {
    aws: &'a Aws,
    http: Http,
    name: String,
    api: String,
    queue: String,
    table: String,
    /// Files share a row, and each tells what it was before.
    row: Mutex<()>,
}

impl<'a> Recorder<'a> {
    /// Deploys it, has it used, and takes it away again with its log, whatever came of it: its clock would ring for ever.
    ///
    /// # Panics
    /// If the local AWS does not take it, or if it stays; and as `used` does.
    pub async fn during<T>(aws: &'a Aws, used: impl AsyncFnOnce(&Self) -> T) -> T {
        let name = unique("recorder");
        let outcome = AssertUnwindSafe(async {
            let recorder = Self::install(aws, &name).await;
            used(&recorder).await
        });
        let outcome = outcome.catch_unwind().await;
        remove(aws, &name).await;
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// What its stack and its function are called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    async fn install(aws: &'a Aws, name: &str) -> Self {
        let body = template::of(name).to_string();
        let form = format!(
            "Action=CreateStack&{CLOUDFORMATION}&StackName={name}&Capabilities.member.1=CAPABILITY_IAM&TemplateBody={}",
            encoded(&body)
        );
        drop(aws.form("cloudformation", &form).await);
        let told = eventually("the recorder is deployed", async || {
            let told = aws.form("cloudformation", &described(name)).await;
            let status = between(&told, "<StackStatus>").to_owned();
            assert!(!status.contains("FAILED") && !status.contains("ROLLBACK"), "the recorder: {told}");
            if status == "CREATE_COMPLETE" { Ok(told) } else { Err(status) }
        })
        .await;
        let output = |key: &str| {
            let (_, rest) =
                told.split_once(&format!("<OutputKey>{key}</OutputKey>")).unwrap_or_else(|| panic!("{told}"));
            between(rest, "<OutputValue>").to_owned()
        };
        let api = format!("{}/restapis/{}/{}/_user_request_", aws.endpoint, output("Api"), template::STAGE);
        let (queue, table) = (output("Queue"), output("Table"));
        Self { aws, http: Http::new(), api, queue, table, row: Mutex::new(()), name: name.to_owned() }
    }

    /// The event that stands for the same as this one.
    ///
    /// # Panics
    /// If it never comes.
    pub async fn recorded(&self, event: &Value) -> Value {
        match Kind::of(event) {
            Kind::Request => self.of_request(event).await,
            Kind::Messages => self.of_messages(event).await,
            Kind::Changes => self.of_changes(event).await,
            Kind::Moment => self.of_moment(event).await,
        }
    }

    /// Calls the API as the client did: what AWS adds on the way is left to AWS.
    async fn of_request(&self, event: &Value) -> Value {
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        let asked =
            event["multiValueQueryStringParameters"].as_object().into_iter().flatten().flat_map(|(name, values)| {
                let values = values.as_array().into_iter().flatten().filter_map(Value::as_str);
                values.map(move |value| format!("{}={}", encoded(name), encoded(value)))
            });
        let asked: Vec<String> = asked.collect();
        let mark = if asked.is_empty() { "" } else { "?" };
        let url = format!("{}{}{mark}{}", self.api, text("path"), asked.join("&"));
        let headers = event["headers"].as_object().into_iter().flatten().filter(|(name, _)| !is_aws_own(name));
        let headers: Vec<(&str, &[u8])> = headers
            .map(|(name, value)| {
                let value = if is_authorization(name) { STAND_IN } else { value.as_str().unwrap_or_default() };
                (name.as_str(), value.as_bytes())
            })
            .collect();
        self.http.send(text("httpMethod"), &url, &headers, text("body")).await.expect(200).json()
    }

    /// Sends each message's body, and puts the records that come of it together in the event's order.
    async fn of_messages(&self, event: &Value) -> Value {
        let bodies = event["Records"].as_array().unwrap().iter().map(|record| record["body"].as_str().unwrap());
        let mut records = Vec::new();
        for body in bodies {
            let message = json!({"QueueUrl": self.queue, "MessageBody": body});
            let sent = self.aws.target("sqs", "AmazonSQS.SendMessage", &message).await.expect(200);
            records.push(self.record(|record| record["messageId"] == sent.at("/MessageId")).await);
        }
        json!({"Records": records})
    }

    /// Makes each row change as the record says it did.
    async fn of_changes(&self, event: &Value) -> Value {
        let _alone = self.row.lock().await;
        let mut records = Vec::new();
        for record in event["Records"].as_array().unwrap() {
            let change = &record["dynamodb"];
            let key = json!({"TableName": self.table, "Key": change["Keys"]});
            drop(self.aws.target("dynamodb", "DynamoDB_20120810.DeleteItem", &key).await.expect(200));
            for image in [&change["OldImage"], &change["NewImage"]].into_iter().filter(|image| !image.is_null()) {
                let row = json!({"TableName": self.table, "Item": image});
                drop(self.aws.target("dynamodb", "DynamoDB_20120810.PutItem", &row).await.expect(200));
            }
            let same = |told: &Value| {
                let images = ["Keys", "OldImage", "NewImage"].iter().all(|part| told["dynamodb"][part] == change[part]);
                images && told["eventName"] == record["eventName"]
            };
            records.push(self.record(same).await);
        }
        json!({"Records": records})
    }

    /// Waits for the clock; what others tell is told.
    async fn of_moment(&self, event: &Value) -> Value {
        if event["source"] != "aws.events" {
            let entry = json!({"Source": event["source"], "DetailType": event["detail-type"], "Detail": event["detail"].to_string()});
            drop(self.aws.target("events", "AWSEvents.PutEvents", &json!({"Entries": [entry]})).await.expect(200));
        }
        self.told(|told| told["source"] == event["source"]).await
    }

    /// The record that fits, of all batches that have come.
    async fn record(&self, fits: impl Fn(&Value) -> bool) -> Value {
        let batch =
            self.told(|event| event["Records"].as_array().is_some_and(|records| records.iter().any(&fits))).await;
        batch["Records"].as_array().into_iter().flatten().find(|record| fits(record)).cloned().unwrap_or_default()
    }

    /// The event that fits, as soon as it has come.
    async fn told(&self, fits: impl Fn(&Value) -> bool) -> Value {
        eventually("the recorder is handed an event", async || {
            let lines = self.aws.logs_of(&self.name, "").await;
            let events =
                lines.iter().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix(MARK)?.trim()).ok());
            events.into_iter().find(|event| fits(event)).ok_or_else(|| format!("{} lines in its log", lines.len()))
        })
        .await
    }
}

async fn remove(aws: &Aws, name: &str) {
    drop(aws.form("cloudformation", &format!("Action=DeleteStack&{CLOUDFORMATION}&StackName={name}")).await);
    eventually("the recorder is gone", async || if is_there(aws, name).await { Err(name.to_owned()) } else { Ok(()) })
        .await;
}

/// Whether there is a recorder of this name.
pub async fn is_there(aws: &Aws, name: &str) -> bool {
    let headers: [(&str, &[u8]); 1] = [("content-type", b"application/x-www-form-urlencoded")];
    let told = aws.request("POST", "/", "cloudformation", &headers, &described(name)).await;
    told.status == 200 && between(&told.text, "<StackStatus>") != "DELETE_COMPLETE"
}

fn described(name: &str) -> String {
    format!("Action=DescribeStacks&{CLOUDFORMATION}&StackName={name}")
}

/// What stands after a tag of XML.
fn between<'a>(text: &'a str, tag: &str) -> &'a str {
    text.split_once(tag).and_then(|(_, rest)| rest.split('<').next()).unwrap_or_default()
}
