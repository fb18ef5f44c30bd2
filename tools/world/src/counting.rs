//! Stands before any port and counts the round trips that go through: the budgets of a call are held by counting.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use domain::{
    brake::{DeclinedAttempt, Hour, Mark},
    dispute::{self, Dispute, DisputeId, Papers, Status},
    gateway::{Answer, Gateway as GatewayName, Outcome, RefundAnswer, RefundSnapshot, Traced, UnknownReason},
    id::{AttemptNumber, RefundId, RowId, TransactionId},
    money::Money,
    pause::Pauses,
    payment::Payment,
    time::Timestamp,
    timeline::{Entry, Subject},
    warning::{self, Warning, WarningId},
};
use flow::{
    commit::{self, Committed},
    ports::{
        self, AmountRefusal, CreatePayment, Created, DuePage, DuePartition, DuePlace, DueWindow, Error, FindDue,
        Gateway, ListPage, ListPayments, ListPlace, Listing, LoadPayment, Nudge, OpenOutcome, OpenRequest,
        ReplacePayment, Replaced, Write,
        brake::CountDeclines,
        dispute::{CreateDispute, DisputeGateway, ListDisputes, LoadDispute, PapersRefusal, ReplaceDispute},
        pause::LoadPauses,
        timeline::LoadTimeline,
        warning::{LoadWarning, WarningGateway, WriteWarning},
    },
};

/// A port, counted.
#[derive(Debug, Clone)]
pub struct Counting<P> {
    port: P,
    tally: Arc<Tally>,
}

/// How many calls went through; shared by as many ports as one test wants to count together.
#[derive(Debug, Default)]
pub struct Tally {
    reads: AtomicU32,
    writes: AtomicU32,
    queries: AtomicU32,
    nudges: AtomicU32,
    gateway_calls: AtomicU32,
}

/// Calls counted so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rows read.
    pub reads: u32,
    /// Rows written, or tried to.
    pub writes: u32,
    /// Pages of an index read.
    pub queries: u32,
    /// Calls to the queue.
    pub nudges: u32,
    /// Calls to a gateway.
    pub gateway_calls: u32,
}

impl Tally {
    /// Calls counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU32| counter.load(Ordering::SeqCst);
        Counts {
            reads: read(&self.reads),
            writes: read(&self.writes),
            queries: read(&self.queries),
            nudges: read(&self.nudges),
            gateway_calls: read(&self.gateway_calls),
        }
    }

    /// Calls counted so far; counts anew from nothing.
    pub fn take(&self) -> Counts {
        let take = |counter: &AtomicU32| counter.swap(0, Ordering::SeqCst);
        Counts {
            reads: take(&self.reads),
            writes: take(&self.writes),
            queries: take(&self.queries),
            nudges: take(&self.nudges),
            gateway_calls: take(&self.gateway_calls),
        }
    }
}

impl<P> Counting<P> {
    /// Counts the calls to `port` in `tally`.
    pub const fn new(port: P, tally: Arc<Tally>) -> Self {
        Self { port, tally }
    }

    /// The port itself, uncounted: for a test's own look.
    pub const fn port(&self) -> &P {
        &self.port
    }
}

fn tick(counter: &AtomicU32) {
    counter.fetch_add(1, Ordering::SeqCst);
}

impl<P: LoadPayment> LoadPayment for Counting<P> {
    async fn load(&self, id: &TransactionId) -> Result<Option<Payment>, Error> {
        tick(&self.tally.reads);
        self.port.load(id).await
    }
}

impl<P: CreatePayment> CreatePayment for Counting<P> {
    async fn create(&self, write: &Write<'_>) -> Result<Created, Error> {
        tick(&self.tally.writes);
        self.port.create(write).await
    }
}

impl<P: ReplacePayment> ReplacePayment for Counting<P> {
    async fn replace(&self, write: &Write<'_>) -> Result<Replaced, Error> {
        tick(&self.tally.writes);
        self.port.replace(write).await
    }
}

impl<P: FindDue> FindDue for Counting<P> {
    async fn find_due(
        &self,
        partition: DuePartition,
        window: DueWindow,
        after: Option<DuePlace>,
        limit: u32,
    ) -> Result<DuePage, Error> {
        tick(&self.tally.queries);
        self.port.find_due(partition, window, after, limit).await
    }

    async fn count(&self, partition: DuePartition) -> Result<usize, Error> {
        tick(&self.tally.queries);
        self.port.count(partition).await
    }
}

impl<P: ListPayments> ListPayments for Counting<P> {
    async fn list(&self, listing: &Listing, after: Option<&ListPlace>, limit: u32) -> Result<ListPage, Error> {
        tick(&self.tally.queries);
        self.port.list(listing, after, limit).await
    }
}

impl<P: LoadTimeline> LoadTimeline for Counting<P> {
    async fn load_timeline(&self, subject: &Subject, first: u64, last: u64) -> Result<Vec<Entry>, Error> {
        self.tally.reads.fetch_add(1, Ordering::SeqCst);
        self.port.load_timeline(subject, first, last).await
    }
}

impl<P: LoadPauses> LoadPauses for Counting<P> {
    /// Not counted: an environment asks once in ten seconds, however many requests it serves.
    async fn load_pauses(&self, now: Timestamp) -> Result<Pauses, Error> {
        self.port.load_pauses(now).await
    }
}

impl<P: CountDeclines> CountDeclines for Counting<P> {
    async fn declines(&self, of: &[Mark], hour: Hour) -> Result<Vec<u32>, Error> {
        tick(&self.tally.reads);
        self.port.declines(of, hour).await
    }

    /// They are written at once, and so counted as one.
    async fn count_decline(&self, against: &[Mark], hour: Hour, attempt: &DeclinedAttempt) -> Result<(), Error> {
        tick(&self.tally.writes);
        self.port.count_decline(against, hour, attempt).await
    }
}

impl<P: LoadDispute> LoadDispute for Counting<P> {
    async fn load_dispute(&self, id: &DisputeId) -> Result<Option<Dispute>, Error> {
        tick(&self.tally.reads);
        self.port.load_dispute(id).await
    }
}

impl<P: CreateDispute> CreateDispute for Counting<P> {
    async fn create_dispute(&self, write: &ports::dispute::Write<'_>) -> Result<ports::dispute::Created, Error> {
        tick(&self.tally.writes);
        self.port.create_dispute(write).await
    }
}

impl<P: ReplaceDispute> ReplaceDispute for Counting<P> {
    async fn replace_dispute(&self, write: &ports::dispute::Write<'_>) -> Result<ports::dispute::Replaced, Error> {
        tick(&self.tally.writes);
        self.port.replace_dispute(write).await
    }
}

impl<P: ListDisputes> ListDisputes for Counting<P> {
    async fn list_disputes(
        &self,
        status: Status,
        after: Option<&ports::dispute::Place>,
        limit: u32,
    ) -> Result<ports::dispute::Page, Error> {
        tick(&self.tally.queries);
        self.port.list_disputes(status, after, limit).await
    }
}

impl<P: DisputeGateway> DisputeGateway for Counting<P> {
    fn accepts_papers(&self, dispute: &DisputeId, papers: &Papers) -> Result<(), PapersRefusal> {
        self.port.accepts_papers(dispute, papers)
    }

    async fn fetch_dispute(&self, id: &DisputeId, budget: Duration) -> Traced<dispute::Outcome> {
        tick(&self.tally.gateway_calls);
        self.port.fetch_dispute(id, budget).await
    }

    async fn answer_dispute(
        &self,
        committed: &commit::dispute::Committed,
        papers: &Papers,
        budget: Duration,
    ) -> Traced<dispute::Answer> {
        tick(&self.tally.gateway_calls);
        self.port.answer_dispute(committed, papers, budget).await
    }
}

impl<P: LoadWarning> LoadWarning for Counting<P> {
    async fn load_warning(&self, id: &WarningId) -> Result<Option<Warning>, Error> {
        tick(&self.tally.reads);
        self.port.load_warning(id).await
    }
}

impl<P: WriteWarning> WriteWarning for Counting<P> {
    async fn write_warning(&self, write: &ports::warning::Write<'_>) -> Result<ports::warning::Written, Error> {
        tick(&self.tally.writes);
        self.port.write_warning(write).await
    }
}

impl<P: WarningGateway> WarningGateway for Counting<P> {
    async fn fetch_warning(&self, id: &WarningId, budget: Duration) -> Traced<warning::Outcome> {
        tick(&self.tally.gateway_calls);
        self.port.fetch_warning(id, budget).await
    }
}

impl<P: Nudge> Nudge for Counting<P> {
    async fn nudge(&self, id: &RowId, delay: Duration) -> Result<(), Error> {
        tick(&self.tally.nudges);
        self.port.nudge(id, delay).await
    }

    async fn nudge_all(&self, ids: &[RowId]) -> Result<usize, Error> {
        tick(&self.tally.nudges);
        self.port.nudge_all(ids).await
    }
}

impl<P: Gateway> Gateway for Counting<P> {
    fn api_version(&self) -> &'static str {
        self.port.api_version()
    }

    fn accepts(&self, gateway: GatewayName, amount: Money) -> Result<(), AmountRefusal> {
        self.port.accepts(gateway, amount)
    }

    async fn open(&self, request: &OpenRequest<'_>, budget: Duration) -> Traced<OpenOutcome> {
        tick(&self.tally.gateway_calls);
        self.port.open(request, budget).await
    }

    async fn confirm(&self, committed: &Committed, attempt: AttemptNumber, budget: Duration) -> Traced<Answer> {
        tick(&self.tally.gateway_calls);
        self.port.confirm(committed, attempt, budget).await
    }

    async fn capture(&self, committed: &Committed, budget: Duration) -> Traced<Answer> {
        tick(&self.tally.gateway_calls);
        self.port.capture(committed, budget).await
    }

    async fn cancel(&self, committed: &Committed, fresh: u64, budget: Duration) -> Traced<Answer> {
        tick(&self.tally.gateway_calls);
        self.port.cancel(committed, fresh, budget).await
    }

    async fn refund(&self, committed: &Committed, refund: &RefundId, budget: Duration) -> Traced<RefundAnswer> {
        tick(&self.tally.gateway_calls);
        self.port.refund(committed, refund, budget).await
    }

    async fn refunds(&self, payment: &Payment, budget: Duration) -> Traced<Result<Vec<RefundSnapshot>, UnknownReason>> {
        tick(&self.tally.gateway_calls);
        self.port.refunds(payment, budget).await
    }

    async fn fetch(&self, payment: &Payment, budget: Duration) -> Traced<Outcome> {
        tick(&self.tally.gateway_calls);
        self.port.fetch(payment, budget).await
    }
}

#[cfg(test)]
mod tests {
    use domain::time::Day;
    use flow::ports::{Actor, Cause, Urgency, WriterToken};

    use super::*;
    use crate::{payments, queue::MemoryQueue, store::MemoryStore, turns::block_on};

    #[test]
    fn every_call_is_counted_once_and_goes_through() {
        let tally = Arc::new(Tally::default());
        let store = Counting::new(MemoryStore::default(), Arc::clone(&tally));
        let queue = Counting::new(MemoryQueue::default(), Arc::clone(&tally));
        let payment = payments::waiting(1);
        let cause = Cause::of("tested");
        let write = Write { payment: &payment, cause, actor: &Actor::Retry, writer: WriterToken(1) };
        block_on(async {
            store.create(&write).await.unwrap();
            store.replace(&write).await.unwrap();
            store.load(&payment.id).await.unwrap();
            let window = DueWindow { from: payment.created_at, until: payment.created_at };
            let partition = DuePartition { urgency: Urgency::Look, shard: 0 };
            store.find_due(partition, window, None, 1).await.unwrap();
            store.count(partition).await.unwrap();
            store.list(&Listing::Day(Day::of(payment.created_at)), None, 1).await.unwrap();
            queue.nudge(&RowId::Payment(payment.id.clone()), Duration::ZERO).await.unwrap();
            queue.nudge_all(&[]).await.unwrap();
        });
        assert_eq!(store.port().commits().len(), 1);
        let counted = Counts { reads: 1, writes: 2, queries: 3, nudges: 2, gateway_calls: 0 };
        assert_eq!((tally.take(), tally.counts()), (counted, Counts::default()));
    }
}
