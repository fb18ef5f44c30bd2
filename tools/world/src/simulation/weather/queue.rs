//! The queue in bad weather. What it does with a message that it took is in [`crate::simulation::actors`].

use std::{future::ready, sync::Arc, time::Duration};

use domain::id::RowId;
use flow::ports::{Dependency, Error, Nudge};

use super::{SDK_BACKOFF, SDK_PATIENCE, lateness, unavailable};
use crate::{
    simulation::{
        actors,
        coverage::{Fate, Point},
        machine::Machine,
        stage::Stage,
    },
    turns::block_on,
};

/// The queue, as one invocation sees it.
#[derive(Debug, Clone, Copy)]
pub(in crate::simulation) struct WeatheredQueue<'a>(pub(in crate::simulation) &'a Machine);

impl WeatheredQueue<'_> {
    async fn call<T>(
        &self,
        point: Point,
        serve: impl Fn(&Stage, bool) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error>
    where
        T: Send,
    {
        let (machine, stage) = (self.0, &self.0.stage);
        let fate = machine.sets_out(point).await;
        let serve = move |stage: &Arc<Stage>, whole: bool| {
            let served = serve(stage, whole);
            actors::messages_are_taken(stage);
            served
        };
        let failure = || Err(unavailable(Dependency::Queue));
        let answer = match fate {
            Fate::NotApplied => {
                stage.sleep(SDK_PATIENCE).await;
                failure()
            }
            Fate::AnswerLost => {
                drop(serve(stage, true));
                stage.sleep(SDK_PATIENCE).await;
                failure()
            }
            Fate::Late | Fate::KilledDuring => {
                stage.later(lateness(stage), move |stage| {
                    drop(serve(stage, true));
                    ready(())
                });
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
            Fate::InPart => serve(stage, false),
            _ => serve(stage, true),
        };
        machine.comes_back(point, fate).await;
        answer
    }
}

impl Nudge for WeatheredQueue<'_> {
    async fn nudge(&self, id: &RowId, delay: Duration) -> Result<(), Error> {
        let id = id.clone();
        self.call(Point::Nudge, move |stage, _| block_on(stage.queue.nudge(&id, delay))).await
    }

    async fn nudge_all(&self, ids: &[RowId]) -> Result<usize, Error> {
        let ids = ids.to_vec();
        let served = move |stage: &Stage, whole: bool| {
            let taken = if whole { ids.len() } else { ids.len() / 2 };
            block_on(stage.queue.nudge_all(ids.get(..taken).unwrap_or_default()))
        };
        self.call(Point::NudgeAll, served).await
    }
}
