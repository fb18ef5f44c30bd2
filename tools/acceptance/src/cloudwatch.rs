//! CloudWatch, as far as alarms go. The local one keeps metrics and judges alarms by them, but finds no metrics in log lines:
//! that part is played here, by the letter of the embedded metric format.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::aws::Aws;
use crate::{eventually, unique};

/// What CloudWatch finds in a log line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// Whose metrics these are.
    pub namespace: String,
    /// What it is called.
    pub name: String,
    /// What it is told apart by.
    pub dimensions: BTreeMap<String, String>,
    /// A number.
    pub value: Value,
    /// In which unit.
    pub unit: String,
}

/// Somebody who is told of alarms.
#[derive(Debug)]
pub struct Listener {
    queue: String,
    subscription: String,
}

/// The metrics in a line of a log: for each directive and each set of dimensions, what the line's own fields say.
///
/// # Panics
/// If the line names a metric or a dimension and does not have it: CloudWatch would drop it without a word.
#[must_use]
pub fn metrics_in(line: &Value) -> Vec<Metric> {
    let mut found = Vec::new();
    for directive in line["_aws"]["CloudWatchMetrics"].as_array().into_iter().flatten() {
        for set in directive["Dimensions"].as_array().unwrap() {
            let names = set.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
            let dimensions: BTreeMap<String, String> =
                names.map(|name| (name.to_owned(), text(&line[name], line).to_owned())).collect();
            for metric in directive["Metrics"].as_array().unwrap() {
                let name = text(&metric["Name"], line);
                assert!(line[name].is_number(), "{name} is no number: {line}");
                found.push(Metric {
                    namespace: text(&directive["Namespace"], line).to_owned(),
                    name: name.to_owned(),
                    dimensions: dimensions.clone(),
                    value: line[name].clone(),
                    unit: text(&metric["Unit"], line).to_owned(),
                });
            }
        }
    }
    found
}

fn text<'a>(value: &'a Value, line: &Value) -> &'a str {
    value.as_str().filter(|text| !text.is_empty()).unwrap_or_else(|| panic!("{value} is no text: {line}"))
}

impl Aws {
    /// The alarms of the stack, as they were deployed and as they stand.
    ///
    /// # Panics
    /// If they cannot be read.
    pub async fn alarms(&self) -> Vec<Value> {
        let body = json!({"AlarmNamePrefix": format!("{}-", self.stack), "MaxRecords": 100});
        let answer = self.monitoring("DescribeAlarms", &body).await;
        answer["MetricAlarms"].as_array().unwrap().clone()
    }

    /// An alarm of the stack, by the name that the template gives it.
    ///
    /// # Panics
    /// If there is none.
    pub async fn alarm(&self, name: &str) -> Value {
        let full = format!("{}-{name}", self.stack);
        let alarms = self.alarms().await;
        let found = alarms.into_iter().find(|alarm| alarm["AlarmName"] == full.as_str());
        found.unwrap_or_else(|| panic!("there is no alarm {full}"))
    }

    /// The alarm knows nothing, as if it had just been made.
    pub async fn forget_alarm(&self, name: &str) {
        let full = format!("{}-{name}", self.stack);
        let body = json!({"AlarmName": full, "StateValue": "INSUFFICIENT_DATA", "StateReason": "a test begins"});
        drop(self.monitoring("SetAlarmState", &body).await);
    }

    /// CloudWatch has found this in a log.
    pub async fn put_metric(&self, metric: &Metric) {
        let dimension = |(name, value): (&String, &String)| json!({"Name": name, "Value": value});
        let dimensions: Vec<Value> = metric.dimensions.iter().map(dimension).collect();
        let datum = json!({
            "MetricName": metric.name, "Dimensions": dimensions, "Value": metric.value, "Unit": metric.unit,
        });
        let body = json!({"Namespace": metric.namespace, "MetricData": [datum]});
        drop(self.monitoring("PutMetricData", &body).await);
    }

    /// Somebody subscribes to a topic, by way of a queue.
    pub async fn listen(&self, topic: &str) -> Listener {
        let statement = json!({
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*",
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        });
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let wanted = json!({"QueueName": unique("listener"), "Attributes": {"Policy": policy}});
        let created = self.queue_call("CreateQueue", &wanted).await;
        let queue = created["QueueUrl"].as_str().unwrap().to_owned();
        let asked = json!({"QueueUrl": queue, "AttributeNames": ["QueueArn"]});
        let arn = self.queue_call("GetQueueAttributes", &asked).await["Attributes"]["QueueArn"].clone();
        let form = format!("Action=Subscribe&TopicArn={topic}&Protocol=sqs&Endpoint={}", arn.as_str().unwrap());
        let answer = self.topic_call(&form).await;
        let (_, rest) = answer.split_once("<SubscriptionArn>").unwrap_or_else(|| panic!("{answer}"));
        Listener { queue, subscription: rest.split('<').next().unwrap_or_default().to_owned() }
    }

    /// What the listener is told about an alarm, once it is.
    ///
    /// # Panics
    /// If it never is.
    pub async fn heard(&self, listener: &Listener, alarm: &str) -> Value {
        let full = format!("{}-{alarm}", self.stack);
        eventually(&format!("the topic tells of {full}"), async || {
            let asked = json!({"QueueUrl": listener.queue, "MaxNumberOfMessages": 10});
            let answer = self.queue_call("ReceiveMessage", &asked).await;
            let messages = answer["Messages"].as_array().into_iter().flatten();
            let told = messages.filter_map(|message| {
                let envelope: Value = serde_json::from_str(message["Body"].as_str()?).ok()?;
                serde_json::from_str::<Value>(envelope["Message"].as_str()?).ok()
            });
            told.into_iter().find(|told| told["AlarmName"] == full.as_str()).ok_or_else(|| answer.to_string())
        })
        .await
    }

    /// The listener leaves.
    pub async fn dismiss(&self, listener: Listener) {
        drop(self.topic_call(&format!("Action=Unsubscribe&SubscriptionArn={}", listener.subscription)).await);
        drop(self.queue_call("DeleteQueue", &json!({"QueueUrl": listener.queue})).await);
    }

    /// The name of the queue where nudges end that failed too often.
    ///
    /// # Panics
    /// If the retry queue has none.
    pub async fn dead_letter_queue(&self) -> String {
        let asked = json!({"QueueUrl": self.retry_queue, "AttributeNames": ["RedrivePolicy"]});
        let policy = self.queue_call("GetQueueAttributes", &asked).await["Attributes"]["RedrivePolicy"].clone();
        let policy: Value = serde_json::from_str(policy.as_str().unwrap()).unwrap();
        policy["deadLetterTargetArn"].as_str().unwrap().rsplit(':').next().unwrap().to_owned()
    }

    async fn monitoring(&self, action: &str, body: &Value) -> Value {
        let answer = self.target("monitoring", &format!("GraniteServiceVersion20100801.{action}"), body).await;
        answer.expect(200).json()
    }

    async fn queue_call(&self, action: &str, body: &Value) -> Value {
        let text = self.target("sqs", &format!("AmazonSQS.{action}"), body).await.expect(200).text;
        // What has nothing to say says nothing.
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }

    async fn topic_call(&self, form: &str) -> String {
        self.form("sns", &format!("Version=2010-03-31&{form}")).await
    }
}
