//! The queues of nudges, out and in: the retry queue, and that of deliveries to the merchant, which is a queue of its
//! own so that a merchant's server that is down holds up no payment. It is fair to its endpoints, so that one that is
//! slow does not hold up the others either.
//!
//! A nudge is `{"transactionId":"pay_…"}`, `{"disputeId":"dsp_…"}`, `{"warningId":"wrn_…"}` or
//! `{"deliveryId":"evt_….whe_…"}`, "look at this row now". It carries no state; a lost one is made good by the row's
//! `due`, a doubled or late one by the row's version. So sending has no guarantee to keep, and reading has nothing to
//! trust.
//!
//! Must never: put anything else of a payment on the queue, or let one bad record stop the others of its batch.

use std::time::Duration;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use domain::dispute::DisputeId;
use domain::id::{RowId, TransactionId};
use domain::warning::WarningId;
use domain::webhook::DeliveryId;
use flow::ports::{Dependency, Error, Nudge};
use serde::{Deserialize, Serialize};

use crate::named::Named;

/// SQS's own bound for one message. What is due later than this is found by the sweep.
const DELAY_SECONDS_MAX: i32 = 900;

/// SQS's own bound for one call.
const BATCH_MAX: usize = 10;

/// The queue that the retry function reads.
#[derive(Debug, Clone)]
pub struct RetryQueue(Queue);

/// The queue that the deliver function reads.
#[derive(Debug, Clone)]
pub struct DeliveryQueue(Queue);

/// Both: each row is nudged in the queue of whoever looks at it.
#[derive(Debug, Clone)]
pub struct Queues {
    /// For payments, disputes and warnings.
    pub retry: RetryQueue,
    /// For deliveries.
    pub deliveries: DeliveryQueue,
}

#[derive(Debug, Clone)]
struct Queue {
    client: Client,
    url: String,
}

impl RetryQueue {
    /// The queue at this URL.
    #[must_use]
    pub const fn new(client: Client, url: String) -> Self {
        Self(Queue { client, url })
    }
}

impl DeliveryQueue {
    /// The queue at this URL.
    #[must_use]
    pub const fn new(client: Client, url: String) -> Self {
        Self(Queue { client, url })
    }
}

impl Nudge for RetryQueue {
    async fn nudge(&self, id: &RowId, delay: Duration) -> Result<(), Error> {
        self.0.send(id, delay).await
    }

    async fn nudge_all(&self, ids: &[RowId]) -> Result<usize, Error> {
        self.0.send_all(ids).await
    }
}

impl Nudge for DeliveryQueue {
    async fn nudge(&self, id: &RowId, delay: Duration) -> Result<(), Error> {
        self.0.send(id, delay).await
    }

    async fn nudge_all(&self, ids: &[RowId]) -> Result<usize, Error> {
        self.0.send_all(ids).await
    }
}

impl Nudge for Queues {
    async fn nudge(&self, id: &RowId, delay: Duration) -> Result<(), Error> {
        match id {
            RowId::Payment(_) | RowId::Dispute(_) | RowId::Warning(_) => self.retry.nudge(id, delay).await,
            RowId::Delivery(_) => self.deliveries.nudge(id, delay).await,
        }
    }

    async fn nudge_all(&self, ids: &[RowId]) -> Result<usize, Error> {
        let is_delivery = |id: &RowId| matches!(id, RowId::Delivery(_));
        let (deliveries, others): (Vec<RowId>, Vec<RowId>) = ids.iter().cloned().partition(is_delivery);
        // One queue that fails must not keep the nudges of the other.
        match (self.retry.nudge_all(&others).await, self.deliveries.nudge_all(&deliveries).await) {
            (Ok(some), Ok(more)) => Ok(some.saturating_add(more)),
            (Ok(some), Err(_)) | (Err(_), Ok(some)) if some > 0 => Ok(some),
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }
}

impl Queue {
    async fn send(&self, id: &RowId, delay: Duration) -> Result<(), Error> {
        let sent = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(body(id))
            .set_message_group_id(group(id))
            .delay_seconds(whole_seconds(delay));
        sent.send().await.map(drop).map_err(|error| unavailable(&error))
    }

    /// Ten at a time, each ten on its own: an error is answered only if not a single one was taken.
    async fn send_all(&self, ids: &[RowId]) -> Result<usize, Error> {
        let mut taken: usize = 0;
        let mut failure = None;
        for batch in ids.chunks(BATCH_MAX) {
            match self.send_batch(batch).await {
                Ok(count) => taken = taken.saturating_add(count),
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) if taken == 0 => Err(error),
            _ => Ok(taken),
        }
    }

    async fn send_batch(&self, ids: &[RowId]) -> Result<usize, Error> {
        let entries = ids.iter().enumerate().map(|(place, id)| {
            SendMessageBatchRequestEntry::builder()
                .id(place.to_string())
                .message_body(body(id))
                .set_message_group_id(group(id))
                .build()
                .map_err(unavailable_by)
        });
        let sent = self
            .client
            .send_message_batch()
            .queue_url(&self.url)
            .set_entries(Some(entries.collect::<Result<_, _>>()?))
            .send()
            .await
            .map_err(|error| unavailable(&error))?;
        Ok(sent.successful().len())
    }
}

/// Puts records of the stream aside that cannot be told.
pub trait PutAside: Sync {
    /// Leaves a message that says of which row a record was, and where it stood in the stream: never what it said.
    fn put_aside(&self, key: &str, sequence_number: &str) -> impl Future<Output = Result<(), Error>> + Send;
}

/// The dead-letter queue of the stream. Lambda puts its own notes there too, of records that it gave up.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    client: Client,
    url: String,
}

impl DeadLetters {
    /// The queue at this URL.
    #[must_use]
    pub const fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }
}

impl PutAside for DeadLetters {
    async fn put_aside(&self, key: &str, sequence_number: &str) -> Result<(), Error> {
        let letter = serde_json::json!({"key": key, "sequenceNumber": sequence_number}).to_string();
        let sent = self.client.send_message().queue_url(&self.url).message_body(letter);
        sent.send().await.map(drop).map_err(|error| unavailable(&error))
    }
}

/// A record of a queue, as the function gets it that reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What SQS calls it. Whoever could not look at the row names it to [`redeliver`].
    pub message_id: String,
    /// Which row to look at.
    pub nudge: Result<RowId, Poison>,
}

/// A record that is no nudge. It is left on the queue, so that SQS moves it to the dead-letter queue, where somebody sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the record is not a nudge")]
pub struct Poison;

/// Reads the records of a batch.
#[must_use]
pub fn records(event: SqsEvent) -> Vec<Record> {
    event.records.into_iter().map(Record::from).collect()
}

/// Tells SQS which records to deliver again; all others are done.
#[must_use]
pub fn redeliver(message_ids: impl IntoIterator<Item = String>) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = message_ids
        .into_iter()
        .map(|message_id| {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message_id;
            failure
        })
        .collect();
    response
}

impl From<SqsMessage> for Record {
    fn from(message: SqsMessage) -> Self {
        let nudge = message.body.as_deref().and_then(|body| serde_json::from_str::<Named<NudgeJson>>(body).ok());
        Self {
            message_id: message.message_id.unwrap_or_default(),
            nudge: nudge.and_then(|Named(nudge)| nudge.row()).ok_or(Poison),
        }
    }
}

/// Fields that a later version adds are ignored: old functions read what new ones sent, for as long as a deploy takes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NudgeJson {
    transaction_id: Option<String>,
    dispute_id: Option<String>,
    warning_id: Option<String>,
    delivery_id: Option<String>,
}

impl NudgeJson {
    fn row(&self) -> Option<RowId> {
        match (&self.transaction_id, &self.dispute_id, &self.warning_id, &self.delivery_id) {
            (Some(id), None, None, None) => TransactionId::parse(id).ok().map(RowId::Payment),
            (None, Some(id), None, None) => DisputeId::parse(id).ok().map(RowId::Dispute),
            (None, None, Some(id), None) => WarningId::parse(id).ok().map(RowId::Warning),
            (None, None, None, Some(id)) => DeliveryId::parse(id).ok().map(RowId::Delivery),
            _ => None,
        }
    }
}

/// Whose share of the queue a nudge takes. SQS lets a group that takes more than a tenth of it wait behind the others; nothing else is
/// kept in order by it, since the queues are standard ones.
fn group(id: &RowId) -> Option<String> {
    match id {
        RowId::Payment(_) | RowId::Dispute(_) | RowId::Warning(_) => None,
        RowId::Delivery(delivery) => Some(delivery.endpoint().to_string()),
    }
}

fn body(id: &RowId) -> String {
    // Ids are made of letters, digits, `_`, `-` and `.`: nothing in them can need an escape.
    match id {
        RowId::Payment(id) => format!(r#"{{"transactionId":"{id}"}}"#),
        RowId::Dispute(id) => format!(r#"{{"disputeId":"{id}"}}"#),
        RowId::Warning(id) => format!(r#"{{"warningId":"{id}"}}"#),
        RowId::Delivery(id) => format!(r#"{{"deliveryId":"{id}"}}"#),
    }
}

/// Rounded up: a look that comes too early is dropped, and then only the sweep is left.
fn whole_seconds(delay: Duration) -> i32 {
    let seconds = delay.as_millis().div_ceil(1_000);
    i32::try_from(seconds).unwrap_or(DELAY_SECONDS_MAX).min(DELAY_SECONDS_MAX)
}

/// AWS's own name for what went wrong, or the kind of silence. Never its message: that may quote what was sent.
fn unavailable<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Error {
    let detail = match error {
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "no connection",
        SdkError::ResponseError(_) => "unreadable answer",
        SdkError::ConstructionFailure(_) | SdkError::ServiceError(_) | _ => error.code().unwrap_or("failed"),
    };
    Error::Unavailable { dependency: Dependency::Queue, detail: detail.to_owned() }
}

fn unavailable_by(_: aws_sdk_sqs::error::BuildError) -> Error {
    Error::Unavailable { dependency: Dependency::Queue, detail: "request not built".to_owned() }
}

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::tests::Script;
    use domain::id::IdempotencyKey;
    use domain::timeline::EventId;
    use domain::webhook::EndpointId;
    use serde_json::Value;

    const URL: &str = "http://127.0.0.1:4566/000000000000/retry";

    fn ids(count: usize) -> Vec<RowId> {
        let key = |number: usize| IdempotencyKey::parse(&format!("order-{number}")).unwrap();
        (0..count).map(|number| TransactionId::derive("merchant", "initiate", &key(number)).into()).collect()
    }

    fn queue(answers: Vec<(u16, String)>) -> (RetryQueue, Script) {
        let (aws, script) = Script::of(answers);
        (RetryQueue::new(aws.sqs(), URL.to_owned()), script)
    }

    fn sent(script: &Script) -> Vec<Value> {
        script.sent().into_iter().map(|sent| sent.body).collect()
    }

    /// SQS's answer to a batch of which these places were taken.
    fn taken(places: std::ops::Range<usize>, failed: usize) -> String {
        let entry = |place: usize| format!(r#"{{"Id":"{place}","MessageId":"m","MD5OfMessageBody":"x"}}"#);
        let failure = format!(r#"{{"Id":"{failed}","SenderFault":false,"Code":"InternalError"}}"#);
        let entries: Vec<String> = places.map(entry).collect();
        format!(r#"{{"Successful":[{}],"Failed":[{failure}]}}"#, entries.join(","))
    }

    #[tokio::test]
    async fn a_nudge_is_an_id_and_a_delay_and_nothing_else() {
        let (queue, script) = queue(vec![(200, r#"{"MessageId":"m","MD5OfMessageBody":"x"}"#.to_owned())]);
        let id = ids(1).remove(0);
        let result = queue.nudge(&id, Duration::from_millis(14_001)).await;
        let sent = sent(&script);
        assert_eq!(sent[0]["MessageBody"], format!(r#"{{"transactionId":"{id}"}}"#));
        assert_eq!((&sent[0]["DelaySeconds"], &sent[0]["QueueUrl"]), (&Value::from(15), &Value::from(URL)));
        // The checksum above is not that of the body, and the SDK says so; a real answer is tried against a real queue.
        drop(result);
    }

    #[test]
    fn disputes_warnings_and_deliveries_are_nudged_by_their_own_ids_and_read_back() {
        let dispute = RowId::Dispute(DisputeId::parse("dsp_paypal_PP-D-10001").unwrap());
        let warning = RowId::Warning(WarningId::parse("wrn_stripe_issfr_1").unwrap());
        let delivered = format!(r#"{{"deliveryId":"{}"}}"#, delivery().as_str());
        for (id, text) in [
            (dispute, r#"{"disputeId":"dsp_paypal_PP-D-10001"}"#),
            (warning, r#"{"warningId":"wrn_stripe_issfr_1"}"#),
            (delivery(), delivered.as_str()),
        ] {
            assert_eq!(body(&id), text);
            let mut message = SqsMessage::default();
            message.body = Some(body(&id));
            assert_eq!(Record::from(message).nudge, Ok(id));
        }
    }

    fn delivery() -> RowId {
        let endpoint = EndpointId::derive("merchant", &IdempotencyKey::parse("endpoint-1").unwrap());
        RowId::Delivery(DeliveryId::of(EventId::parse("evt_dsp_stripe_du_1_2").unwrap(), endpoint))
    }

    #[tokio::test]
    async fn each_row_is_nudged_in_the_queue_of_whoever_looks_at_it() {
        let (aws, script) = Script::of(vec![(200, taken(0..2, 9)), (400, refusal("AccessDenied"))]);
        let deliveries = DeliveryQueue::new(aws.sqs(), "http://127.0.0.1:4566/000000000000/deliveries".to_owned());
        let queues = Queues { retry: RetryQueue::new(aws.sqs(), URL.to_owned()), deliveries };
        let mut all = ids(2);
        all.insert(1, delivery());
        assert_eq!(queues.nudge_all(&all).await, Ok(2), "one queue that fails does not keep the other's");
        let sent = sent(&script);
        let bodies = |batch: &Value| {
            let entries = batch["Entries"].as_array().unwrap();
            entries.iter().map(|entry| entry["MessageBody"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!((sent[0]["QueueUrl"].as_str(), bodies(&sent[0])), (Some(URL), vec![body(&all[0]), body(&all[2])]));
        assert!(sent[0]["Entries"][0].get("MessageGroupId").is_none(), "payments have no shares to be held to");
        let RowId::Delivery(id) = delivery() else { return };
        assert_eq!(sent[1]["Entries"][0]["MessageGroupId"], id.endpoint().as_str(), "an endpoint has its share");
        assert!(sent[1]["QueueUrl"].as_str().unwrap().ends_with("/deliveries"));
        assert_eq!(bodies(&sent[1]), [body(&delivery())]);
    }

    #[test]
    fn a_delay_is_whole_seconds_that_sqs_takes() {
        for (delay, seconds) in
            [(0, 0), (1, 1), (1_000, 1), (1_001, 2), (899_999, 900), (900_001, 900), (u64::MAX, 900)]
        {
            assert_eq!(whole_seconds(Duration::from_millis(delay)), seconds, "{delay} ms");
        }
    }

    #[tokio::test]
    async fn many_nudges_go_ten_at_a_time_and_what_was_not_taken_is_counted_out() {
        let (queue, script) = queue(vec![(200, taken(0..9, 9)), (400, refusal("AccessDenied")), (200, taken(0..5, 9))]);
        let all = ids(25);
        assert_eq!(queue.nudge_all(&all).await, Ok(14));
        let sizes: Vec<usize> = sent(&script).iter().map(|batch| batch["Entries"].as_array().unwrap().len()).collect();
        assert_eq!(sizes, [10, 10, 5]);
        let last = &sent(&script)[2]["Entries"][4];
        assert_eq!((&last["Id"], &last["MessageBody"]), (&Value::from("4"), &Value::from(body(&all[24]))));
    }

    #[tokio::test]
    async fn an_error_is_answered_only_if_nothing_was_taken_and_says_no_more_than_a_name() {
        let (queue, _script) = queue(vec![(400, refusal("AccessDenied")), (400, refusal("QueueDoesNotExist"))]);
        let error = queue.nudge_all(&ids(1)).await.unwrap_err();
        assert_eq!(error.to_string(), "the queue is not available: AccessDenied");
        let error = queue.nudge(&ids(1)[0], Duration::ZERO).await.unwrap_err();
        assert_eq!(error.to_string(), "the queue is not available: QueueDoesNotExist");
        assert_eq!(queue.nudge_all(&[]).await, Ok(0));
    }

    fn refusal(code: &str) -> String {
        format!(r#"{{"__type":"com.amazonaws.sqs#{code}","message":"canary"}}"#)
    }

    #[test]
    fn poison_is_told_apart_record_by_record_and_delivered_again() {
        let good = ids(1).remove(0);
        let bodies = [
            Some(body(&good)),
            Some(format!(r#"{{"transactionId":"{good}","addedLater":1}}"#)),
            None,
            Some(String::new()),
            Some("not json".to_owned()),
            Some(r#"{"transactionId":"pay_x"}"#.to_owned()),
            Some(r#"{"transactionId":7}"#.to_owned()),
            Some("[".repeat(100_000)),
            Some(format!(r#"["{good}"]"#)),
            Some(format!(r#"{{"transactionId":"{good}","disputeId":"dsp_stripe_du_1"}}"#)),
            Some(r#"{"disputeId":"du_1"}"#.to_owned()),
        ];
        let mut event = SqsEvent::default();
        event.records = bodies
            .into_iter()
            .enumerate()
            .map(|(place, body)| {
                let mut message = SqsMessage::default();
                message.message_id = Some(format!("m-{place}"));
                message.body = body;
                message
            })
            .collect();
        let records = records(event);
        assert_eq!(records.iter().filter(|record| record.nudge.as_ref() == Ok(&good)).count(), 2);
        let poison = records.into_iter().filter(|record| record.nudge == Err(Poison)).map(|record| record.message_id);
        let response = serde_json::to_value(redeliver(poison)).unwrap();
        let failed: Vec<&str> = response["batchItemFailures"]
            .as_array()
            .unwrap()
            .iter()
            .map(|failure| failure["itemIdentifier"].as_str().unwrap())
            .collect();
        assert_eq!(failed, ["m-2", "m-3", "m-4", "m-5", "m-6", "m-7", "m-8", "m-9", "m-10"]);
        assert_eq!(serde_json::to_string(&redeliver([])).unwrap(), r#"{"batchItemFailures":[]}"#);
    }
}
