//! A merchant's whole stack in memory: each operation with the ports its function is handed, over one table, one queue,
//! one gateway and one clock, every round trip counted. Nothing happens here unless somebody asks for it.

mod disputes;
mod requests;

pub use requests::{
    approved, cancellation, card, card_on_file, client, give_back, held_order, key, order, paypal_order, rules, wish,
};

use std::{fmt::Write as _, sync::Arc};

use domain::{
    brake::Brake,
    id::{RowId, TransactionId},
    payment::{
        AttemptProgress, AttemptResult, CancelRequest, Command, ConfirmRequest, Payment, PaymentState, ProcessingReason,
    },
    time::Timestamp,
};
use flow::{
    commit::{ExecuteError, Executed, execute},
    operations::{
        cancel::cancel,
        capture::{Wish, capture},
        confirm::{confirm, confirm_braked},
        initiate::{InitiateError, InitiateRequest, Initiated, Rules, initiate},
        payments::{Listed, Wanted, payments as list_payments},
        refund::{self, refund},
        retry::{Retried, retry},
        status::status,
        sweep::{Swept, sweep},
        webhook::{GatewayEvent, Received, webhook},
    },
    ports::{Error, Host},
    steps::{PartError, RequestError, Requested},
};

use crate::{
    audit::{self, Breach, Hour},
    counting::{Counting, Tally},
    disputes::SimDisputes,
    gateway::{Charge, Refunded, SimGateway},
    host::SimHost,
    people::Twin,
    queue::MemoryQueue,
    store::MemoryStore,
};

/// After so many sweeps since faults stopped, every row has settled or waits for somebody (promise P7).
const SWEEPS_TO_REST: u32 = 3;

/// More looks than any payment needs: so many re-attempts are never made.
const LOOKS_MAX: u32 = 100;

/// A merchant's whole stack.
#[derive(Debug)]
pub struct Shop {
    host: Arc<SimHost>,
    tally: Arc<Tally>,
    store: Counting<MemoryStore>,
    queue: Counting<MemoryQueue>,
    gateway: Counting<SimGateway>,
    people: Twin,
}

impl Shop {
    /// A stack in which nothing has happened yet.
    #[must_use]
    pub fn new() -> Self {
        Self::with_seed(1)
    }

    /// A stack whose dice fall by this seed.
    #[must_use]
    pub fn with_seed(seed: u64) -> Self {
        let host = Arc::new(SimHost::new(seed));
        let tally = Arc::new(Tally::default());
        Self {
            store: Counting::new(MemoryStore::default(), Arc::clone(&tally)),
            queue: Counting::new(MemoryQueue::default(), Arc::clone(&tally)),
            gateway: Counting::new(SimGateway::new(Arc::clone(&host)), Arc::clone(&tally)),
            people: Twin::default(),
            host,
            tally,
        }
    }

    /// The machine.
    #[must_use]
    pub fn host(&self) -> &SimHost {
        &self.host
    }

    /// The table.
    #[must_use]
    pub const fn store(&self) -> &MemoryStore {
        self.store.port()
    }

    /// The queue.
    #[must_use]
    pub const fn queue(&self) -> &MemoryQueue {
        self.queue.port()
    }

    /// The gateway, and the people at it.
    #[must_use]
    pub const fn gateway(&self) -> &SimGateway {
        self.gateway.port()
    }

    /// What the gateways have of disputes, and the banks behind them.
    #[must_use]
    pub const fn disputes(&self) -> &SimDisputes {
        self.gateway().disputes()
    }

    /// The round trips so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Whose keys are where.
    #[must_use]
    pub const fn people(&self) -> &Twin {
        &self.people
    }

    /// POST /payment/initiate.
    ///
    /// # Errors
    /// As the operation says.
    pub async fn initiate(&self, request: InitiateRequest) -> Result<Initiated, InitiateError> {
        self.initiate_under(&rules(), request).await
    }

    /// The same in a stack with other rules.
    ///
    /// # Errors
    /// As the operation says.
    pub async fn initiate_under(&self, rules: &Rules, request: InitiateRequest) -> Result<Initiated, InitiateError> {
        initiate(&*self.host, &self.store, &self.gateway, &self.people, rules, request).await
    }

    /// Opens a payment that nothing stands in the way of.
    ///
    /// # Panics
    /// If something does.
    pub async fn opened(&self, request: InitiateRequest) -> Payment {
        match must(self.initiate(request).await) {
            Initiated::Created(payment) | Initiated::Replayed(payment) => payment,
        }
    }

    /// POST /payment/confirm.
    ///
    /// # Errors
    /// As the operation says.
    pub async fn confirm(&self, id: &TransactionId, request: ConfirmRequest) -> Result<Requested, RequestError> {
        confirm(&*self.host, &self.store, &self.gateway, &self.queue, id, request, &client()).await
    }

    /// The same in a stack that counts declines.
    ///
    /// # Errors
    /// As the operation says.
    pub async fn confirm_braked(
        &self,
        brake: &Brake,
        id: &TransactionId,
        request: ConfirmRequest,
    ) -> Result<Requested, RequestError> {
        confirm_braked(&*self.host, &self.store, &self.gateway, &self.queue, brake, id, request, &client()).await
    }

    /// Confirms, and gives the payment as the client is answered.
    ///
    /// # Panics
    /// If the confirm is refused or fails.
    pub async fn confirmed(&self, id: &TransactionId, request: ConfirmRequest) -> Payment {
        match must(self.confirm(id, request).await) {
            Requested::Done(payment) | Requested::Replayed(payment) => payment,
        }
    }

    /// POST /payment/capture.
    ///
    /// # Errors
    /// As the operation says.
    pub async fn capture(&self, id: &TransactionId, wish: Wish) -> Result<Requested, PartError> {
        capture(&*self.host, &self.store, &self.gateway, &self.queue, id, wish, &client()).await
    }

    /// Captures, and gives the payment as the client is answered.
    ///
    /// # Panics
    /// If the capture is refused or fails.
    pub async fn captured(&self, id: &TransactionId, wish: Wish) -> Payment {
        match must(self.capture(id, wish).await) {
            Requested::Done(payment) | Requested::Replayed(payment) => payment,
        }
    }

    /// POST /payment/cancel.
    ///
    /// # Errors
    /// As the operation says.
    pub async fn cancel(&self, id: &TransactionId, request: CancelRequest) -> Result<Requested, RequestError> {
        cancel(&*self.host, &self.store, &self.gateway, &self.queue, id, request, &client()).await
    }

    /// Cancels, and gives the payment as the client is answered.
    ///
    /// # Panics
    /// If the cancel is refused or fails.
    pub async fn canceled(&self, id: &TransactionId, request: CancelRequest) -> Payment {
        match must(self.cancel(id, request).await) {
            Requested::Done(payment) | Requested::Replayed(payment) => payment,
        }
    }

    /// POST /payment/refund.
    ///
    /// # Errors
    /// As the operation says.
    pub async fn refund(&self, id: &TransactionId, wish: refund::Wish) -> Result<Requested, PartError> {
        refund(&*self.host, &self.store, &self.gateway, &self.queue, id, wish, &client()).await
    }

    /// Refunds, and gives the payment as the client is answered.
    ///
    /// # Panics
    /// If the refund is refused or fails.
    pub async fn refunded(&self, id: &TransactionId, wish: refund::Wish) -> Payment {
        match must(self.refund(id, wish).await) {
            Requested::Done(payment) | Requested::Replayed(payment) => payment,
        }
    }

    /// GET /payments.
    ///
    /// # Errors
    /// As the operation says.
    pub async fn payments(&self, wanted: &Wanted) -> Result<Listed, Error> {
        list_payments(&self.store, wanted).await
    }

    /// GET /payment/status.
    ///
    /// # Errors
    /// As the operation says.
    pub async fn status(&self, id: &TransactionId) -> Result<Option<Payment>, Error> {
        status(&self.store, id).await
    }

    /// POST /webhook/stripe, the signature being good.
    ///
    /// # Errors
    /// As the operation says.
    pub async fn webhook(&self, event: GatewayEvent) -> Result<Received, Error> {
        webhook(&*self.host, &self.store, &self.queue, SimGateway::MODE, event).await
    }

    /// Delivers every event that the gateway has made and nobody has taken out, in order, once.
    ///
    /// # Panics
    /// If one cannot be taken in.
    pub async fn deliver_events(&self) -> Vec<Received> {
        let mut received = Vec::new();
        for event in self.gateway().take_events() {
            received.push(must(self.webhook(event).await));
        }
        received
    }

    /// A message of the retry queue.
    ///
    /// # Errors
    /// As the operation says.
    pub async fn retry(&self, id: &TransactionId) -> Result<Retried, Error> {
        retry(&*self.host, &self.store, &self.gateway, id).await
    }

    /// The minute's sweep.
    ///
    /// # Errors
    /// As the operation says.
    pub async fn sweep(&self) -> Result<Swept, Error> {
        sweep(&*self.host, &self.store, &self.queue).await
    }

    /// Executes a command as its route will.
    ///
    /// # Errors
    /// As `execute` says.
    pub async fn command(&self, id: &TransactionId, command: &Command) -> Result<Executed, ExecuteError> {
        execute(&*self.host, &self.store, self.row(id), command, &client()).await
    }

    /// The row as it stands, uncounted.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn row(&self, id: &TransactionId) -> Payment {
        must(self.store().row(id).ok_or("there is no such row"))
    }

    /// Lets the time pass until the row is due, and looks at it as the sweep and the queue would. How it stands then.
    ///
    /// # Panics
    /// If something outside fails.
    pub async fn until_looked(&self, id: &TransactionId) -> Payment {
        let Some(due) = self.row(id).due else { return self.row(id) };
        self.host.advance(due.since(self.host.now()));
        must(self.sweep().await);
        for nudged in self.queue().drain() {
            match &nudged.id {
                RowId::Payment(id) => drop(must(self.retry(id).await)),
                RowId::Dispute(id) => drop(must(self.retry_dispute(id).await)),
                RowId::Warning(id) => drop(must(self.retry_warning(id).await)),
                // A shop is told of nothing: it has no endpoints.
                RowId::Delivery(_) => {}
            }
        }
        self.row(id)
    }

    /// From now on nothing fails any more.
    pub fn faults_end(&self) {
        self.store().faults_end();
        self.queue().fail_next(0);
        self.gateway().faults_end();
    }

    /// Lets the row come to rest: three sweeps without a fault, after its scheduled re-attempts. Then the auditor comes.
    ///
    /// # Panics
    /// If a promise was broken.
    pub async fn at_rest(&self, id: &TransactionId) -> Payment {
        let mut sweeps = 0;
        for _ in 0..LOOKS_MAX {
            if sweeps == SWEEPS_TO_REST {
                break;
            }
            // A charge that is scheduled is waited for; what comes of it has three sweeps of its own.
            let is_scheduled =
                matches!(self.row(id).state, PaymentState::Processing(ProcessingReason::RetryScheduled { .. }));
            sweeps = if is_scheduled { 0 } else { sweeps.saturating_add(1) };
            self.until_looked(id).await;
        }
        self.audit(id, Hour::AtRest)
    }

    /// The auditor comes. The row as it stands.
    ///
    /// # Panics
    /// If a promise was broken.
    pub fn audit(&self, id: &TransactionId, hour: Hour) -> Payment {
        let row = self.row(id);
        let found: Vec<Breach> = audit::breaches(&row, self.gateway(), hour);
        assert!(found.is_empty(), "{found:?}\n{}", self.story(id));
        row
    }

    /// What happened to a payment: its row's changes, and the gateway's books.
    #[must_use]
    pub fn story(&self, id: &TransactionId) -> String {
        let mut story = String::new();
        for commit in self.store().commits().iter().filter(|commit| commit.payment.id == *id) {
            let Payment { version, updated_at, state, attempts, refunds, due, .. } = &commit.payment;
            let after_ms = |at: &Timestamp| at.since(SimHost::START).as_millis();
            let progress: Vec<_> = attempts.iter().map(|attempt| in_a_word(&attempt.progress)).collect();
            let refunds: Vec<_> = refunds.iter().map(|refund| (refund.amount, &refund.progress)).collect();
            let _never_fails = writeln!(
                story,
                "v{version} {} ms: {} by {:?}: {state:?} {progress:?} {refunds:?} due {:?}",
                after_ms(updated_at),
                commit.event,
                commit.actor,
                due.as_ref().map(after_ms),
            );
        }
        for Charge { cause, minor_units, standing, .. } in self.gateway().charges() {
            let _never_fails = writeln!(story, "books: {minor_units} {standing:?} for {cause:?}");
        }
        for Refunded { id, minor_units, status, .. } in self.gateway().refunds_made() {
            let _never_fails = writeln!(story, "books: {minor_units} back, {status:?}, for {id:?}");
        }
        story
    }
}

impl Default for Shop {
    fn default() -> Self {
        Self::new()
    }
}

fn in_a_word(progress: &AttemptProgress) -> String {
    match progress {
        AttemptProgress::Closed(AttemptResult::Declined(decline)) => decline.code.to_owned(),
        AttemptProgress::Closed(result) => format!("{result:?}"),
        AttemptProgress::Unanswered | AttemptProgress::Answered => format!("{progress:?}"),
    }
}

#[expect(clippy::panic, reason = "what a scenario takes for granted must be so, or the test that it is part of fails")]
fn must<T, E: std::fmt::Debug>(made: Result<T, E>) -> T {
    made.unwrap_or_else(|error| panic!("{error:?}"))
}
