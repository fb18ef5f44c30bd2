//! The wire between an operation and everybody outside. Its calls are numbered; those that the plan names have the fate that
//! it gives them, the others go well. Whoever is killed never goes on, as a future that is dropped where it waits.

use std::{
    future::{pending, poll_fn},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};

use domain::{
    gateway::{Answer, Gateway as GatewayName, Outcome, RefundAnswer, RefundSnapshot, Traced, UnknownReason},
    id::{AttemptNumber, RefundId, RowId, TransactionId, gateway_key},
    money::Money,
    payment::Payment,
};
use flow::{
    commit::Committed,
    ports::{
        AmountRefusal, CreatePayment, Created, Dependency, DuePage, DuePartition, DuePlace, DueWindow, Error, FindDue,
        Gateway, LoadPayment, Nudge, OpenOutcome, OpenRequest, ReplacePayment, Replaced, Write,
    },
};

use super::{fault::Fault, house::House};
use crate::{
    gateway::{Call, Course, Effect},
    kept::{KeptOpening, KeptWrite},
    shop::Shop,
    simulation::coverage::{Fate, Operation, Point},
    turns::{self, block_on},
};

/// How long an SDK tries before it gives up.
const SDK_PATIENCE: Duration = Duration::from_secs(3);

/// What becomes of which calls: in the order of the calls, counted from 0.
pub type Plan = Vec<(usize, Fault)>;

/// Where somebody called, in order.
pub type Trace = Vec<(Operation, Point)>;

/// The wire of one who calls.
#[derive(Debug, Default)]
pub struct Wire(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    plan: Plan,
    trace: Trace,
    is_killed: bool,
}

/// How a call is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Served,
    Unserved(UnknownReason),
    Unheard(UnknownReason),
    Saved(Effect),
    Refused,
    Stale,
    InPart,
}

impl Way {
    pub(super) const FAILED: Self = Self::Unserved(UnknownReason::ServerError);
}

impl Wire {
    /// A wire on which this happens.
    #[must_use]
    pub fn with(plan: Plan) -> Self {
        Self(Mutex::new(Inner { plan, ..Inner::default() }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The calls that were made.
    #[must_use]
    pub fn trace(&self) -> Trace {
        self.inner().trace.clone()
    }

    pub(super) fn calls(&self) -> usize {
        self.inner().trace.len()
    }

    /// Runs somebody to the end, or to where they are killed: then there is no output.
    pub(super) async fn until_killed<F: Future>(&self, future: F) -> Option<F::Output> {
        self.inner().is_killed = false;
        let mut future = pin!(future);
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.inner().is_killed => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    fn sets_out(&self, operation: Operation, point: Point) -> Option<Fault> {
        let mut inner = self.inner();
        let number = inner.trace.len();
        inner.trace.push((operation, point));
        inner.plan.iter().find(|(planned, _)| *planned == number).map(|(_, fault)| *fault)
    }

    async fn dies<T>(&self) -> T {
        self.inner().is_killed = true;
        pending().await
    }
}

/// The ports of one operation, on a wire.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports<'a> {
    pub(super) house: &'a House,
    pub(super) wire: &'a Wire,
    pub(super) operation: Operation,
}

impl Ports<'_> {
    /// One call. `serve` is what the one outside does, and what the caller sees of it.
    pub(super) async fn call<T: Send>(
        &self,
        (point, key): (Point, Option<String>),
        patience: Duration,
        serve: impl Fn(&Shop, Way) -> T + Send + Sync + 'static,
    ) -> T {
        turns::pass().await;
        let fault = self.wire.sets_out(self.operation, point);
        if fault.is_some_and(|fault| fault.fate == Fate::KilledBefore) {
            return self.wire.dies().await;
        }
        let answer = self.house.serve(fault, key, patience, serve);
        self.house.look();
        if fault.is_some_and(|fault| matches!(fault.fate, Fate::KilledDuring | Fate::KilledAfter)) {
            return self.wire.dies().await;
        }
        turns::pass().await;
        answer
    }

    /// A call to the table or the queue, which see to it that a caller hears of every failure in the same way.
    pub(super) async fn ask<T: Send>(
        &self,
        point: Point,
        whom: Dependency,
        serve: impl Fn(&Shop, Way) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        let lost = move || Err(Error::Unavailable { dependency: whom, detail: "planned".to_owned() });
        self.call((point, None), SDK_PATIENCE, move |shop, way| match way {
            Way::Served | Way::Stale | Way::InPart => serve(shop, way),
            Way::Unheard(_) => serve(shop, way).and(lost()),
            Way::Unserved(_) | Way::Saved(_) | Way::Refused => lost(),
        })
        .await
    }

    /// A request to the gateway.
    async fn request<T: Send>(
        &self,
        (point, call, key): (Point, Call, Option<String>),
        budget: Duration,
        send: impl Fn(&Shop) -> T + Send + Sync + 'static,
    ) -> T {
        self.call((point, key), budget, move |shop, way| {
            let course = match way {
                Way::Served | Way::Stale | Way::InPart => Course::Well,
                Way::Unserved(reason) => Course::NotServed(reason),
                Way::Unheard(reason) => Course::Unheard(reason),
                Way::Saved(effect) => Course::SavedFailure(effect),
                Way::Refused => Course::Refused(call.refusal()),
            };
            if course != Course::Well {
                shop.gateway().script(call, [course]);
            }
            send(shop)
        })
        .await
    }
}

impl House {
    /// A call is served as its fate is, and the time that it takes passes.
    fn serve<T>(
        &self,
        fault: Option<Fault>,
        key: Option<String>,
        patience: Duration,
        serve: impl Fn(&Shop, Way) -> T + Send + Sync + 'static,
    ) -> T {
        let go = |way| serve(&self.shop, self.way_for(key.as_deref(), way));
        let Some(fault) = fault else { return go(Way::Served) };
        match fault.fate {
            Fate::Applied | Fate::KilledBefore | Fate::KilledAfter => go(Way::Served),
            Fate::NotApplied | Fate::Throttled | Fate::Failed => {
                self.time_passes(patience);
                go(Way::Unserved(fault.seen()))
            }
            Fate::AnswerLost => {
                let answer = go(Way::Unheard(fault.seen()));
                self.time_passes(patience);
                answer
            }
            Fate::Late | Fate::KilledDuring => {
                let answer = go(Way::Unserved(UnknownReason::Timeout));
                self.keep(fault.steps(), key, move |shop, way| drop(serve(shop, way)));
                self.time_passes(patience);
                answer
            }
            Fate::MeetsItself => {
                drop(go(Way::Served));
                go(Way::Served)
            }
            Fate::Stale => go(Way::Stale),
            Fate::InPart => go(Way::InPart),
            Fate::SavedFailure => go(Way::Saved(Effect::None)),
            Fate::SavedFailureDone => go(Way::Saved(Effect::Whole)),
            Fate::Refused => go(Way::Refused),
        }
    }
}

impl LoadPayment for Ports<'_> {
    async fn load(&self, id: &TransactionId) -> Result<Option<Payment>, Error> {
        let id = id.clone();
        self.ask(Point::Load, Dependency::Store, move |shop, _| block_on(shop.store().load(&id))).await
    }
}

impl CreatePayment for Ports<'_> {
    async fn create(&self, write: &Write<'_>) -> Result<Created, Error> {
        let kept = KeptWrite::of(write);
        self.ask(Point::Create, Dependency::Store, move |shop, _| block_on(shop.store().create(&kept.write()))).await
    }
}

impl ReplacePayment for Ports<'_> {
    async fn replace(&self, write: &Write<'_>) -> Result<Replaced, Error> {
        let kept = KeptWrite::of(write);
        let replace = move |shop: &Shop, _| block_on(shop.store().replace(&kept.write()));
        self.ask(Point::of_write(write.cause.what), Dependency::Store, replace).await
    }
}

crate::pass_warnings_on!(Ports<'_>, |ports| ports.house.shop.store());
crate::pass_pauses_on!(Ports<'_>, |ports| ports.house.shop.store());

impl FindDue for Ports<'_> {
    async fn find_due(
        &self,
        partition: DuePartition,
        window: DueWindow,
        after: Option<DuePlace>,
        limit: u32,
    ) -> Result<DuePage, Error> {
        self.ask(Point::FindDue, Dependency::Store, move |shop, way| {
            read_index(shop, way);
            block_on(shop.store().find_due(partition, window, after.clone(), limit))
        })
        .await
    }

    async fn count(&self, partition: DuePartition) -> Result<usize, Error> {
        self.ask(Point::CountDue, Dependency::Store, move |shop, way| {
            read_index(shop, way);
            block_on(shop.store().count(partition))
        })
        .await
    }
}

/// The index is held, and catches up when somebody reads it; but for whoever reads the past.
fn read_index(shop: &Shop, way: Way) {
    if way != Way::Stale {
        shop.store().catch_up_index();
    }
}

impl Nudge for Ports<'_> {
    async fn nudge(&self, id: &RowId, delay: Duration) -> Result<(), Error> {
        let id = id.clone();
        self.ask(Point::Nudge, Dependency::Queue, move |shop, _| block_on(shop.queue().nudge(&id, delay))).await
    }

    async fn nudge_all(&self, ids: &[RowId]) -> Result<usize, Error> {
        let ids = ids.to_vec();
        self.ask(Point::NudgeAll, Dependency::Queue, move |shop, way| {
            let taken = if way == Way::InPart { ids.len() / 2 } else { ids.len() };
            block_on(shop.queue().nudge_all(ids.get(..taken).unwrap_or_default()))
        })
        .await
    }
}

impl Gateway for Ports<'_> {
    fn api_version(&self) -> &'static str {
        self.house.shop.gateway().api_version()
    }

    fn accepts(&self, gateway: GatewayName, amount: Money) -> Result<(), AmountRefusal> {
        self.house.shop.gateway().accepts(gateway, amount)
    }

    async fn open(&self, request: &OpenRequest<'_>, budget: Duration) -> Traced<OpenOutcome> {
        let key = gateway_key::open(request.id, request.request_hash, request.round);
        let kept = Arc::new(KeptOpening::of(request));
        let send = move |shop: &Shop| block_on(shop.gateway().open(&kept.request(), budget));
        self.request((Point::GatewayOpen, Call::Open, Some(key)), budget, send).await
    }

    async fn confirm(&self, committed: &Committed, attempt: AttemptNumber, budget: Duration) -> Traced<Answer> {
        let key = gateway_key::confirm(&committed.payment().id, attempt);
        let kept = committed.clone();
        let send = move |shop: &Shop| block_on(shop.gateway().confirm(&kept, attempt, budget));
        self.request((Point::GatewayConfirm, Call::Confirm, Some(key)), budget, send).await
    }

    async fn capture(&self, committed: &Committed, budget: Duration) -> Traced<Answer> {
        let payment = committed.payment();
        let key = gateway_key::capture(&payment.id, payment.acts.len());
        let kept = committed.clone();
        let send = move |shop: &Shop| block_on(shop.gateway().capture(&kept, budget));
        self.request((Point::GatewayCapture, Call::Capture, Some(key)), budget, send).await
    }

    async fn cancel(&self, committed: &Committed, fresh: u64, budget: Duration) -> Traced<Answer> {
        let kept = committed.clone();
        let send = move |shop: &Shop| block_on(shop.gateway().cancel(&kept, fresh, budget));
        self.request((Point::GatewayCancel, Call::Cancel, None), budget, send).await
    }

    async fn refund(&self, committed: &Committed, refund: &RefundId, budget: Duration) -> Traced<RefundAnswer> {
        let key = gateway_key::refund(&committed.payment().id, refund);
        let (kept, id) = (committed.clone(), refund.clone());
        let send = move |shop: &Shop| block_on(shop.gateway().refund(&kept, &id, budget));
        self.request((Point::GatewayRefund, Call::Refund, Some(key)), budget, send).await
    }

    async fn refunds(&self, payment: &Payment, budget: Duration) -> Traced<Result<Vec<RefundSnapshot>, UnknownReason>> {
        let kept = payment.clone();
        let send = move |shop: &Shop| block_on(shop.gateway().refunds(&kept, budget));
        self.request((Point::GatewayListRefunds, Call::ListRefunds, None), budget, send).await
    }

    async fn fetch(&self, payment: &Payment, budget: Duration) -> Traced<Outcome> {
        let kept = payment.clone();
        let send = move |shop: &Shop| block_on(shop.gateway().fetch(&kept, budget));
        self.request((Point::GatewayFetch, Call::Fetch, None), budget, send).await
    }
}
