//! The retry queue: nudges out, nudges in.
//!
//! A nudge is `{"transactionId":"pay_…"}`, `{"disputeId":"dsp_…"}` or `{"warningId":"wrn_…"}`, "look at this row now". It carries no state; a lost one is made good by the row's `due`,
//! a doubled or late one by the row's version. So sending has no guarantee to keep, and reading has nothing to trust.
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
use flow::ports::{Dependency, Error, Nudge};
use serde::{Deserialize, Serialize};

use crate::named::Named;

/// SQS's own bound for one message. What is due later than this is found by the sweep.
const DELAY_SECONDS_MAX: i32 = 900;

/// SQS's own bound for one call.
const BATCH_MAX: usize = 10;

/// The queue that the retry function reads.
#[derive(Debug, Clone)]
pub struct RetryQueue {
    client: Client,
    url: String,
}

impl RetryQueue {
    /// The queue at this URL.
    #[must_use]
    pub const fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    async fn send_batch(&self, ids: &[RowId]) -> Result<usize, Error> {
        let entries = ids.iter().enumerate().map(|(place, id)| {
            SendMessageBatchRequestEntry::builder()
                .id(place.to_string())
                .message_body(body(id))
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

impl Nudge for RetryQueue {
    async fn nudge(&self, id: &RowId, delay: Duration) -> Result<(), Error> {
        let sent =
            self.client.send_message().queue_url(&self.url).message_body(body(id)).delay_seconds(whole_seconds(delay));
        sent.send().await.map(drop).map_err(|error| unavailable(&error))
    }

    /// Ten at a time, each ten on its own: an error is answered only if not a single one was taken.
    async fn nudge_all(&self, ids: &[RowId]) -> Result<usize, Error> {
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

/// A record of the queue, as the retry function gets it.
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
}

impl NudgeJson {
    fn row(&self) -> Option<RowId> {
        match (&self.transaction_id, &self.dispute_id, &self.warning_id) {
            (Some(id), None, None) => TransactionId::parse(id).ok().map(RowId::Payment),
            (None, Some(id), None) => DisputeId::parse(id).ok().map(RowId::Dispute),
            (None, None, Some(id)) => WarningId::parse(id).ok().map(RowId::Warning),
            _ => None,
        }
    }
}

fn body(id: &RowId) -> String {
    // Ids are made of letters, digits, `_` and `-`: nothing in them can need an escape.
    match id {
        RowId::Payment(id) => format!(r#"{{"transactionId":"{id}"}}"#),
        RowId::Dispute(id) => format!(r#"{{"disputeId":"{id}"}}"#),
        RowId::Warning(id) => format!(r#"{{"warningId":"{id}"}}"#),
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
    fn disputes_and_warnings_are_nudged_by_their_own_ids_and_read_back() {
        let dispute = RowId::Dispute(DisputeId::parse("dsp_paypal_PP-D-10001").unwrap());
        let warning = RowId::Warning(WarningId::parse("wrn_stripe_issfr_1").unwrap());
        for (id, text) in
            [(dispute, r#"{"disputeId":"dsp_paypal_PP-D-10001"}"#), (warning, r#"{"warningId":"wrn_stripe_issfr_1"}"#)]
        {
            assert_eq!(body(&id), text);
            let mut message = SqsMessage::default();
            message.body = Some(body(&id));
            assert_eq!(Record::from(message).nudge, Ok(id));
        }
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
