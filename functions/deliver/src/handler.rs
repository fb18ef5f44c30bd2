//! The delivery queue's function: takes the event that each nudge names to the endpoint that it names.
//!
//! Records of a batch are tried all at once, each on its own: one that fails is given again alone, one that panics is caught and given
//! again alone, one that is no nudge of a delivery goes to the dead-letter queue after its fifth time. What an endpoint does not
//! answer, or does not answer well, is no failure here: the row's `due` brings it back.

use std::panic::AssertUnwindSafe;

use adapters::host::SystemHost;
use adapters::sqs::{Record, records, redeliver};
use adapters::telemetry::{Count, Field, Line, Log};
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::id::RowId;
use domain::policy::Policy;
use domain::schedule::Limits;
use domain::time::Timestamp;
use domain::webhook::{Delivery, DeliveryId};
use flow::operations::deliver::{Carried, deliver};
use flow::ports::Host;
use flow::ports::timeline::LoadEvent;
use flow::ports::webhook::{LoadDelivery, LoadEndpoints, ReplaceDelivery, ReplaceEndpoints, SendWebhook};
use futures_util::FutureExt as _;
use futures_util::future::join_all;

/// What the function works with.
pub(crate) struct Deliver<S, W> {
    /// Where deliveries, events and endpoints are.
    pub(crate) store: S,
    /// The way out.
    pub(crate) sender: W,
    /// The time limits of the stack.
    pub(crate) limits: Limits,
    /// What the merchant has us do by ourselves.
    pub(crate) policy: Policy,
    /// Where it is logged.
    pub(crate) log: Log,
}

impl<S, W> Deliver<S, W>
where
    S: LoadDelivery + ReplaceDelivery + LoadEvent + LoadEndpoints + ReplaceEndpoints,
    W: SendWebhook,
{
    /// Tries every record of a batch before `deadline_unix_ms`, and names those that must be given again.
    pub(crate) async fn batch(&self, event: SqsEvent, deadline_unix_ms: u64) -> SqsBatchResponse {
        let deadline = Timestamp::from_unix_ms(i64::try_from(deadline_unix_ms).unwrap_or(i64::MAX));
        let verdicts = join_all(records(event).into_iter().map(|record| async move {
            let message_id = record.message_id.clone();
            let verdict = AssertUnwindSafe(self.record(record, deadline)).catch_unwind().await;
            // The panic hook has written its line; the row is whole, for every write is one conditional write.
            let again = !matches!(verdict, Ok(Verdict::Done));
            again.then_some(message_id)
        }));
        redeliver(verdicts.await.into_iter().flatten())
    }

    async fn record(&self, record: Record, deadline: Timestamp) -> Verdict {
        let host = SystemHost::new(self.limits, self.policy, Some(deadline));
        let mut line = Line::new("deliver", host.now());
        let began = host.now();
        line.set(Field::MessageId(&record.message_id));
        let verdict = self.carry(&host, &record, &mut line).await;
        line.set(Field::Duration(host.now().since(began)));
        line.notes(host.take_notes());
        line.write_to_stdout(&self.log);
        verdict
    }

    async fn carry<H: Host>(&self, host: &H, record: &Record, line: &mut Line) -> Verdict {
        let id = match &record.nudge {
            Ok(RowId::Delivery(id)) => id,
            // Whatever else is due has a queue of its own.
            Ok(RowId::Payment(_) | RowId::Dispute(_) | RowId::Warning(_)) | Err(_) => {
                line.count(Count::Poison);
                return Verdict::Again;
            }
        };
        self.delivery(host, id, line).await
    }

    async fn delivery<H: Host>(&self, host: &H, id: &DeliveryId, line: &mut Line) -> Verdict {
        line.set(Field::EventId(id.event()));
        line.set(Field::EndpointId(id.endpoint()));
        match deliver(host, &self.store, &self.sender, id).await {
            Ok(Carried::Dropped) => line.set(Field::Outcome("not_due")),
            Ok(Carried::Tried(delivery)) => stands("tried", &delivery, line),
            Ok(Carried::Untried(delivery)) => stands("untried", &delivery, line),
            Err(error) => {
                line.set(Field::Failure(&error));
                return Verdict::Again;
            }
        }
        Verdict::Done
    }
}

fn stands(outcome: &'static str, delivery: &Delivery, line: &mut Line) {
    line.set(Field::Outcome(outcome));
    line.set(Field::State(delivery.progress.name()));
    line.set(Field::FailedTries(delivery.round));
}

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// SQS may forget it.
    Done,
    /// SQS must give it again.
    Again,
}

#[cfg(test)]
mod tests;
