//! The table in bad weather. A write that arrives late is conditional like any other, and so it is harmless or it is
//! lost; that this is so is what is tried here.

use std::{future::ready, time::Duration};

use domain::{id::TransactionId, payment::Payment};
use flow::ports::{
    CreatePayment, Created, Dependency, DuePage, DuePartition, DuePlace, DueWindow, Error, FindDue, ListPage,
    ListPayments, ListPlace, Listing, LoadPayment, ReplacePayment, Replaced, Urgency, Write,
};

use super::{SDK_BACKOFF, SDK_PATIENCE, lateness, unavailable};
use crate::{
    kept::KeptWrite,
    simulation::{
        coverage::{Fate, Point, Sometimes},
        machine::Machine,
        stage::Stage,
        watch,
    },
    store::Layout,
    turns::block_on,
};

/// For how long an index lags: for this one reader, for a moment, for two sweeps.
const LAGS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(5), Duration::from_secs(90)];

/// The table, as one invocation sees it.
#[derive(Debug, Clone, Copy)]
pub(in crate::simulation) struct WeatheredStore<'a>(pub(in crate::simulation) &'a Machine);

impl WeatheredStore<'_> {
    /// One call. `serve` is what the table does; `late` does it when the caller is gone.
    pub(super) async fn call<T>(
        &self,
        point: Point,
        serve: impl Fn(&Stage) -> Result<T, Error>,
        late: impl FnOnce(),
    ) -> Result<T, Error> {
        let (machine, stage) = (self.0, &*self.0.stage);
        let fate = machine.sets_out(point).await;
        let failure = || Err(unavailable(Dependency::Store));
        let answer = match fate {
            Fate::NotApplied => {
                stage.sleep(SDK_PATIENCE).await;
                failure()
            }
            Fate::AnswerLost => {
                drop(serve(stage));
                stage.sleep(SDK_PATIENCE).await;
                failure()
            }
            Fate::Late | Fate::KilledDuring => {
                late();
                if fate == Fate::Late {
                    stage.sleep(SDK_PATIENCE).await;
                }
                failure()
            }
            Fate::Throttled => {
                stage.sleep(SDK_BACKOFF).await;
                failure()
            }
            Fate::Failed => failure(),
            Fate::Stale => {
                stage.index_lags(stage.draw(&LAGS).unwrap_or_default());
                serve(stage)
            }
            Fate::MeetsItself => {
                stage.happened(Sometimes::SelfConflict);
                drop(serve(stage));
                stage.sleep(SDK_BACKOFF).await;
                serve(stage)
            }
            _ => {
                // The indexes are held, and catch up when somebody reads them, unless they lag.
                stage.index_catches_up();
                serve(stage)
            }
        };
        machine.comes_back(point, fate).await;
        answer
    }

    async fn write<T>(
        &self,
        point: Point,
        write: &Write<'_>,
        serve: impl Fn(&Stage, &Write<'_>) -> Result<T, Error> + Copy + Send + 'static,
    ) -> Result<T, Error> {
        let machine = self.0;
        let serve = serve_as(machine.release.rows, serve);
        let seen = |stage: &Stage| {
            let served = serve(stage, write);
            watch::commits(stage);
            if stage.is_abandoned(machine.invocation) {
                stage.happened(Sometimes::ZombieWriter);
            }
            served
        };
        let late = || {
            let kept = KeptWrite::of(write);
            machine.stage.later(lateness(&machine.stage), move |stage| {
                let before = stage.store.row(&kept.payment.id).map(|row| row.version);
                drop(serve(stage, &kept.write()));
                let landed = before.map_or(1, |version| version.saturating_add(1)) == kept.payment.version;
                stage.happened(if landed {
                    Sometimes::LateWriteThatLands
                } else {
                    Sometimes::LateWriteThatIsOvertaken
                });
                stage.tell(|| format!("a late write arrives: v{}, landed: {landed}", kept.payment.version));
                watch::commits(stage);
                ready(())
            });
        };
        self.call(point, seen, late).await
    }
}

/// A write, laid out as its sender's release lays rows out.
fn serve_as<T>(
    rows: Layout,
    serve: impl Fn(&Stage, &Write<'_>) -> Result<T, Error> + Copy + Send + 'static,
) -> impl Fn(&Stage, &Write<'_>) -> Result<T, Error> + Copy + Send + 'static {
    move |stage, write| {
        let stood = stage.store.layout_of(&write.payment.id);
        stage.store.lay_out_as(rows);
        let served = serve(stage, write);
        if stood == Some(Layout::Former) && stage.store.layout_of(&write.payment.id) == Some(Layout::Present) {
            stage.happened(Sometimes::RowOfTheReleaseBefore);
        }
        served
    }
}

impl LoadPayment for WeatheredStore<'_> {
    async fn load(&self, id: &TransactionId) -> Result<Option<Payment>, Error> {
        self.call(Point::Load, |stage| block_on(stage.store.load(id)), || ()).await
    }
}

impl CreatePayment for WeatheredStore<'_> {
    async fn create(&self, write: &Write<'_>) -> Result<Created, Error> {
        self.write(Point::Create, write, |stage, write| block_on(stage.store.create(write))).await
    }
}

impl ReplacePayment for WeatheredStore<'_> {
    async fn replace(&self, write: &Write<'_>) -> Result<Replaced, Error> {
        self.write(Point::of_write(write.cause.what), write, |stage, write| block_on(stage.store.replace(write))).await
    }
}

crate::pass_warnings_on!(WeatheredStore<'_>, |weathered| &weathered.0.stage.store);
crate::pass_pauses_on!(WeatheredStore<'_>, |weathered| &weathered.0.stage.store);

impl FindDue for WeatheredStore<'_> {
    async fn find_due(
        &self,
        partition: DuePartition,
        window: DueWindow,
        after: Option<DuePlace>,
        limit: u32,
    ) -> Result<DuePage, Error> {
        let read = |stage: &Stage| {
            let shown = block_on(stage.store.find_due(partition, window, after.clone(), limit));
            notice_lag(stage, shown.as_ref());
            shown
        };
        let found = self.call(Point::FindDue, read, || ()).await;
        let is_doubt_of_former = |place: &DuePlace| {
            let store = &self.0.stage.store;
            let Some(id) = place.id.payment() else { return false };
            let is_in_doubt = || store.row(id).is_some_and(|row| row.is_in_doubt());
            store.layout_of(id) == Some(Layout::Former) && is_in_doubt()
        };
        if self.0.release.rows == Layout::Present
            && partition.urgency == Urgency::Look
            && found.as_ref().is_ok_and(|page| page.rows.iter().any(is_doubt_of_former))
        {
            self.0.stage.happened(Sometimes::DoubtInAnOldPartition);
        }
        found
    }

    async fn count(&self, partition: DuePartition) -> Result<usize, Error> {
        self.call(Point::CountDue, |stage| block_on(stage.store.count(partition)), || ()).await
    }
}

impl ListPayments for WeatheredStore<'_> {
    async fn list(&self, listing: &Listing, after: Option<&ListPlace>, limit: u32) -> Result<ListPage, Error> {
        let read = |stage: &Stage| {
            if stage.store.lists_lack_rows() {
                stage.happened(Sometimes::StaleList);
            }
            block_on(stage.store.list(listing, after, limit))
        };
        self.call(Point::List, read, || ()).await
    }
}

/// A place of the index where no row is due any more, or not then.
fn notice_lag(stage: &Stage, shown: Result<&DuePage, &Error>) {
    let is_past = |place: &DuePlace| {
        let row = place.id.payment().and_then(|id| stage.store.row(id));
        row.is_none_or(|row| row.due != Some(place.due))
    };
    if shown.is_ok_and(|page| page.rows.iter().any(is_past)) {
        stage.happened(Sometimes::StaleIndex);
    }
}
