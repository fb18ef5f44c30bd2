//! What the stack tells of its payments: timelines, the journal, and what goes to the merchant's event bus.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::aws::Aws;
use crate::client::{Client, Opened};
use crate::eventually;
use crate::wire::Answer;

impl Client {
    /// `GET /payment/status/{transactionId}?expand=timeline`
    pub async fn explained(&self, id: &str) -> Answer {
        let bearer = self.bearer();
        let path = format!("/payment/status/{id}?expand=timeline");
        self.send("GET", &path, &[("authorization", bearer.as_bytes())], "").await
    }

    /// The payment and its timeline, once that tells of every change.
    ///
    /// # Panics
    /// If it never does.
    pub async fn told(&self, id: &str) -> Value {
        eventually(&format!("all of {id} is told"), async || {
            let answer = self.explained(id).await.expect(200);
            if answer.at("/timelineComplete") == json!(true) { Ok(answer.json()) } else { Err(answer.text) }
        })
        .await
    }
}

impl Opened {
    /// The key of its row, which no other row bears.
    #[must_use]
    pub fn row_key(&self) -> String {
        format!("PAY#{}", self.id)
    }
}

impl Aws {
    /// The rows whose keys begin so.
    pub async fn rows_beginning(&self, prefix: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut body = json!({
            "TableName": self.table, "ConsistentRead": true, "FilterExpression": "begins_with(pk, :prefix)",
            "ExpressionAttributeValues": {":prefix": {"S": prefix}},
        });
        loop {
            let page = self.target("dynamodb", "DynamoDB_20120810.Scan", &body).await.expect(200).json();
            rows.extend(page["Items"].as_array().into_iter().flatten().cloned());
            if page["LastEvaluatedKey"].is_null() {
                return rows;
            }
            body["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
        }
    }

    /// Writes a row as it is, past everything that guards rows.
    pub async fn put_row(&self, item: &Value) {
        let body = json!({"TableName": self.table, "Item": item});
        drop(self.target("dynamodb", "DynamoDB_20120810.PutItem", &body).await.expect(200));
    }

    /// What the journal says of a payment: sums of minor units by kind and currency.
    pub async fn journal(&self, payment: &Opened) -> BTreeMap<(String, String), i64> {
        let mut sums = BTreeMap::new();
        for row in self.rows_beginning(&format!("JRN#{}#", payment.id)).await {
            let text = |name: &str| row[name]["S"].as_str().unwrap_or_default().to_owned();
            let amount: i64 = row["m"]["N"].as_str().and_then(|digits| digits.parse().ok()).unwrap();
            let sum: &mut i64 = sums.entry((text("kd"), text("cu"))).or_default();
            *sum = sum.saturating_add(amount);
        }
        sums
    }

    /// A queue that gets everything that goes to this bus. It is read with [`Aws::receive`].
    ///
    /// # Panics
    /// If the account does not make it.
    pub async fn listen_to_bus(&self, bus: &str, name: &str) -> String {
        let queue = self.target("sqs", "AmazonSQS.CreateQueue", &json!({"QueueName": name})).await.expect(200);
        let queue = queue.text_at("/QueueUrl");
        let arn = self.queue_attributes(&queue).await["QueueArn"].as_str().unwrap().to_owned();
        let rule = json!({
            "Name": name, "EventBusName": bus, "EventPattern": json!({"source": ["quittance"]}).to_string(),
        });
        drop(self.target("events", "AWSEvents.PutRule", &rule).await.expect(200));
        let target = json!({"Rule": name, "EventBusName": bus, "Targets": [{"Id": "queue", "Arn": arn}]});
        drop(self.target("events", "AWSEvents.PutTargets", &target).await.expect(200));
        queue
    }

    /// Nobody listens any more.
    pub async fn leave_bus(&self, bus: &str, name: &str, queue: &str) {
        let targets = json!({"Rule": name, "EventBusName": bus, "Ids": ["queue"]});
        drop(self.target("events", "AWSEvents.RemoveTargets", &targets).await);
        drop(self.target("events", "AWSEvents.DeleteRule", &json!({"Name": name, "EventBusName": bus})).await);
        drop(self.target("sqs", "AmazonSQS.DeleteQueue", &json!({"QueueUrl": queue})).await);
    }
}
