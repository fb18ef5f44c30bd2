//! The table in bad weather. A write that arrives late is conditional like any other, and so it is harmless or it is
//! lost; that this is so is what is tried here.

use std::future::ready;

use domain::{id::TransactionId, payment::Payment};
use flow::ports::{
    Actor, CreatePayment, Created, Dependency, DuePage, DuePartition, DuePlace, DueWindow, Error, FindDue, LoadPayment,
    ReplacePayment, Replaced, Write, WriterToken,
};

use super::{SDK_BACKOFF, SDK_PATIENCE, lateness, unavailable};
use crate::{
    simulation::{
        coverage::{Fate, Point, Sometimes},
        machine::Machine,
        stage::Stage,
        watch,
    },
    turns::block_on,
};

/// The table, as one invocation sees it.
#[derive(Debug, Clone, Copy)]
pub(in crate::simulation) struct WeatheredStore<'a>(pub(in crate::simulation) &'a Machine);

impl WeatheredStore<'_> {
    /// One call. `serve` is what the table does; `late` does it when the caller is gone.
    async fn call<T>(
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
            Fate::Stale => serve(stage),
            Fate::MeetsItself => {
                stage.happened(Sometimes::SelfConflict);
                drop(serve(stage));
                stage.sleep(SDK_BACKOFF).await;
                serve(stage)
            }
            _ => {
                // The index is held, and catches up when somebody reads it; but for the one who reads the past.
                stage.store.catch_up_index();
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
        let point = match write.event {
            "attempt_started" | "act_opened" => Point::WriteIntent,
            "claimed" => Point::WriteClaim,
            _ => Point::WriteOutcome,
        };
        self.write(point, write, |stage, write| block_on(stage.store.replace(write))).await
    }
}

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
            stage.store.catch_up_index();
            let is_so = block_on(stage.store.find_due(partition, window, after.clone(), limit));
            if shown != is_so {
                stage.happened(Sometimes::StaleIndex);
            }
            shown
        };
        self.call(Point::FindDue, read, || ()).await
    }

    async fn count(&self, partition: DuePartition) -> Result<usize, Error> {
        self.call(Point::CountDue, |stage| block_on(stage.store.count(partition)), || ()).await
    }
}

/// A write that outlives its sender.
struct KeptWrite {
    payment: Payment,
    event: String,
    why: Option<String>,
    actor: Actor,
    writer: WriterToken,
}

impl KeptWrite {
    fn of(write: &Write<'_>) -> Self {
        Self {
            payment: write.payment.clone(),
            event: write.event.to_owned(),
            why: write.why.map(str::to_owned),
            actor: write.actor.clone(),
            writer: write.writer,
        }
    }

    fn write(&self) -> Write<'_> {
        Write {
            payment: &self.payment,
            event: &self.event,
            why: self.why.as_deref(),
            actor: &self.actor,
            writer: self.writer,
        }
    }
}
