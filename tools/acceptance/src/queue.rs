//! The retry queue and its dead letters, as somebody with the right to may send, read and steer them.

use serde_json::{Value, json};

use crate::aws::Aws;

/// SQS's own bound for one call.
const BATCH_MAX: usize = 10;

/// A message of a queue.
#[derive(Debug, Clone)]
pub struct Message {
    /// What it says.
    pub body: String,
    handle: String,
}

/// The body of a nudge.
#[must_use]
pub fn nudge(transaction_id: &str) -> String {
    json!({"transactionId": transaction_id}).to_string()
}

/// The event with which SQS would call the retry function: these bodies, under message ids of their places: `m0`, `m1`, …
#[must_use]
pub fn event(bodies: &[String]) -> String {
    let records = bodies.iter().enumerate().map(|(place, body)| {
        json!({
            "messageId": format!("m{place}"), "receiptHandle": "handle", "body": body, "messageAttributes": {},
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "0", "SenderId": "tests",
                "ApproximateFirstReceiveTimestamp": "0"},
            "md5OfBody": "", "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:retry",
            "awsRegion": "us-east-1",
        })
    });
    json!({"Records": records.collect::<Vec<_>>()}).to_string()
}

impl Aws {
    /// Sends these messages, each after so many seconds.
    ///
    /// # Panics
    /// If the queue does not take all of them.
    pub async fn send(&self, queue: &str, messages: &[(String, u32)]) {
        for batch in messages.chunks(BATCH_MAX) {
            let entries = batch.iter().enumerate().map(
                |(place, (body, delay))| json!({"Id": place.to_string(), "MessageBody": body, "DelaySeconds": delay}),
            );
            let sent = self.sqs("SendMessageBatch", queue, json!({"Entries": entries.collect::<Vec<_>>()})).await;
            assert_eq!(sent["Successful"].as_array().map(Vec::len), Some(batch.len()), "{sent}");
        }
    }

    /// Some of the messages that are there; for half a minute nobody else sees them.
    pub async fn receive(&self, queue: &str) -> Vec<Message> {
        let wanted = json!({"MaxNumberOfMessages": BATCH_MAX, "VisibilityTimeout": 30});
        let received = self.sqs("ReceiveMessage", queue, wanted).await;
        let messages = received["Messages"].as_array().cloned().unwrap_or_default();
        let text = |message: &Value, name: &str| message[name].as_str().unwrap_or_default().to_owned();
        messages
            .iter()
            .map(|message| Message { body: text(message, "Body"), handle: text(message, "ReceiptHandle") })
            .collect()
    }

    /// Takes a message off its queue.
    pub async fn delete(&self, queue: &str, message: &Message) {
        drop(self.sqs("DeleteMessage", queue, json!({"ReceiptHandle": message.handle})).await);
    }

    /// How a queue is set: every attribute.
    pub async fn queue_attributes(&self, queue: &str) -> Value {
        self.sqs("GetQueueAttributes", queue, json!({"AttributeNames": ["All"]})).await["Attributes"].clone()
    }

    /// For how long a message that was received is hidden from others.
    pub async fn set_visibility_timeout(&self, queue: &str, seconds: &str) {
        drop(self.sqs("SetQueueAttributes", queue, json!({"Attributes": {"VisibilityTimeout": seconds}})).await);
    }

    /// Where messages go that the retry function could not read five times.
    ///
    /// # Panics
    /// If the retry queue has no such place.
    pub async fn dead_letters(&self) -> String {
        self.dead_letters_of(&self.retry_queue).await
    }

    /// Where messages of a queue go that nobody could read five times.
    ///
    /// # Panics
    /// If the queue has no such place.
    pub async fn dead_letters_of(&self, queue: &str) -> String {
        let attributes = self.queue_attributes(queue).await;
        let policy: Value = serde_json::from_str(attributes["RedrivePolicy"].as_str().unwrap()).unwrap();
        let name = policy["deadLetterTargetArn"].as_str().and_then(|arn| arn.rsplit(':').next()).unwrap();
        let body = json!({"QueueName": name});
        self.target("sqs", "AmazonSQS.GetQueueUrl", &body).await.expect(200).text_at("/QueueUrl")
    }

    async fn sqs(&self, operation: &str, queue: &str, mut body: Value) -> Value {
        body["QueueUrl"] = json!(queue);
        let answer = self.target("sqs", &format!("AmazonSQS.{operation}"), &body).await.expect(200);
        if answer.text.is_empty() { Value::Null } else { answer.json() }
    }
}
