//! The retry queue's function: looks at the row that each nudge names, and moves it on.
//!
//! Records of a batch are looked at all at once, each on its own: one that fails is delivered again alone, one that panics is caught
//! and delivered again alone, one that is no nudge goes to the dead-letter queue after its fifth delivery. What a gateway does not
//! answer is no failure here: the row's `due` brings it back.

use std::panic::AssertUnwindSafe;

use adapters::host::SystemHost;
use adapters::sqs::{Record, records, redeliver};
use adapters::telemetry::{Count, Field, Line, Log};
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::dispute::DisputeId;
use domain::id::{RowId, TransactionId};
use domain::policy::Policy;
use domain::schedule::Limits;
use domain::time::Timestamp;
use domain::warning::WarningId;
use flow::operations::retry::{Retried, retry, retry_dispute, retry_warning};
use flow::ports::dispute::{DisputeGateway, LoadDispute, ReplaceDispute};
use flow::ports::pause::LoadPauses;
use flow::ports::personal::Open;
use flow::ports::warning::{LoadWarning, WarningGateway, WriteWarning};
use flow::ports::{Error, Gateway, Host, LoadPayment, ReplacePayment};
use futures_util::FutureExt as _;
use futures_util::future::join_all;

/// What the function works with.
pub(crate) struct Retry<S, G, P> {
    /// Where payments, disputes and warnings are.
    pub(crate) store: S,
    /// Who is asked.
    pub(crate) gateway: G,
    /// Who opens what a dispute's evidence is sent again of. No payment needs it.
    pub(crate) people: P,
    /// The time limits of the stack.
    pub(crate) limits: Limits,
    /// What the merchant has us do by ourselves.
    pub(crate) policy: Policy,
    /// Where it is logged.
    pub(crate) log: Log,
}

impl<S, G, P> Retry<S, G, P>
where
    S: LoadPayment + ReplacePayment + LoadDispute + ReplaceDispute + LoadWarning + WriteWarning + LoadPauses,
    G: Gateway + DisputeGateway + WarningGateway,
    P: Open,
{
    /// Looks at every record of a batch before `deadline_unix_ms`, and names those that must be delivered again.
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
        let mut line = Line::new("retry", host.now());
        let began = host.now();
        line.set(Field::MessageId(&record.message_id));
        let verdict = self.look(&host, &record, &mut line).await;
        line.set(Field::Duration(host.now().since(began)));
        line.notes(host.take_notes());
        line.write_to_stdout(&self.log);
        verdict
    }

    async fn look<H: Host>(&self, host: &H, record: &Record, line: &mut Line) -> Verdict {
        let Ok(id) = &record.nudge else {
            line.count(Count::Poison);
            return Verdict::Again;
        };
        let state = match id {
            RowId::Payment(id) => {
                line.set(Field::TransactionId(id));
                self.payment(host, id).await
            }
            RowId::Dispute(id) => {
                line.set(Field::DisputeId(id));
                self.dispute(host, id).await
            }
            RowId::Warning(id) => {
                line.set(Field::WarningId(id));
                self.warning(host, id).await
            }
            // It has a queue of its own; whoever put it here has made a mistake that somebody should see.
            RowId::Delivery(_) => {
                line.count(Count::Poison);
                return Verdict::Again;
            }
        };
        match state {
            Ok(Some(state)) => {
                line.set(Field::Outcome("looked"));
                line.set(Field::State(state));
                Verdict::Done
            }
            Ok(None) => {
                line.set(Field::Outcome("not_due"));
                Verdict::Done
            }
            Err(error) => {
                line.set(Field::Failure(&error));
                Verdict::Again
            }
        }
    }

    /// Looks at a payment. How it stands; none if nobody needs to look now.
    async fn payment<H: Host>(&self, host: &H, id: &TransactionId) -> Result<Option<&'static str>, Error> {
        match retry(host, &self.store, &self.gateway, id).await? {
            Retried::Looked(payment) => Ok(Some(payment.state.name())),
            Retried::Dropped => Ok(None),
        }
    }

    /// Looks at a dispute. How it stands; none if nobody needs to look now.
    async fn dispute<H: Host>(&self, host: &H, id: &DisputeId) -> Result<Option<&'static str>, Error> {
        let looked = retry_dispute(host, &self.store, &self.gateway, &self.people, id).await?;
        Ok(looked.map(|dispute| dispute.standing().map_or("unseen", |standing| standing.status.name())))
    }

    /// Looks at an early fraud warning. How far it has come; none if nobody needs to look now.
    async fn warning<H: Host>(&self, host: &H, id: &WarningId) -> Result<Option<&'static str>, Error> {
        let looked = retry_warning(host, &self.store, &self.gateway, id).await?;
        Ok(looked.map(|warning| warning.standing()))
    }
}

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// SQS may forget it.
    Done,
    /// SQS must deliver it again.
    Again,
}

#[cfg(test)]
mod tests;
