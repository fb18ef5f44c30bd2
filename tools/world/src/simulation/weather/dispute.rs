//! Disputes in bad weather: their rows, and what a gateway is asked about them. The same fates as everywhere.

use std::{future::ready, sync::Arc, time::Duration};

use domain::{
    dispute::{ActProgress, Answer, Dispute, DisputeId, Outcome, Papers},
    gateway::{Hand, Traced, UnknownReason},
    id::gateway_key,
};
use flow::{
    commit::dispute::Committed,
    ports::{
        Error,
        dispute::{
            CreateDispute, Created, DisputeGateway, LoadDispute, PapersRefusal, ReplaceDispute, Replaced, Write,
        },
    },
};

use super::{WeatheredGateway, WeatheredStore, lateness};
use crate::{
    disputes::Fate as Course,
    gateway::{
        Effect,
        mishaps::{NOT_SERVED, UNHEARD},
    },
    kept::KeptDisputeWrite,
    simulation::{
        actors,
        coverage::{Fate, Operation, Point, Sometimes},
        machine::Verdict,
        stage::Stage,
        watch,
    },
    turns::block_on,
};

/// A code with which a gateway refuses an answer for a reason that is the merchant's.
const REFUSAL: &str = "evidence_too_long";

impl WeatheredStore<'_> {
    async fn write_dispute<T>(
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
            let kept = KeptDisputeWrite::of(write);
            machine.stage.later(lateness(&machine.stage), move |stage| {
                drop(serve(stage, &kept.write()));
                stage.tell(|| format!("a late write of a dispute arrives: v{}", kept.dispute.version));
                watch::commits(stage);
                ready(())
            });
        };
        self.call(point, seen, late).await
    }
}

impl LoadDispute for WeatheredStore<'_> {
    async fn load_dispute(&self, id: &DisputeId) -> Result<Option<Dispute>, Error> {
        self.call(Point::LoadDispute, |stage| block_on(stage.store.load_dispute(id)), || ()).await
    }
}

impl CreateDispute for WeatheredStore<'_> {
    async fn create_dispute(&self, write: &Write<'_>) -> Result<Created, Error> {
        let serve = |stage: &Stage, write: &Write<'_>| block_on(stage.store.create_dispute(write));
        self.write_dispute(Point::CreateDispute, write, serve).await
    }
}

impl ReplaceDispute for WeatheredStore<'_> {
    async fn replace_dispute(&self, write: &Write<'_>) -> Result<Replaced, Error> {
        let serve = |stage: &Stage, write: &Write<'_>| block_on(stage.store.replace_dispute(write));
        self.write_dispute(Point::of_dispute_write(write.cause.what), write, serve).await
    }
}

impl WeatheredGateway<'_> {
    /// One call about a dispute. `send` sends it to the twin, again if need be.
    async fn call_about_dispute(
        &self,
        point: Point,
        key: Option<String>,
        budget: Duration,
        send: impl Fn(&Stage) -> Traced<Answer> + Send + 'static,
    ) -> Traced<Answer> {
        let (machine, stage) = (self.0, &self.0.stage);
        let verdict = key.as_deref().map_or(Verdict::Taken, |key| stage.verdict_on(key));
        let fate = machine.sets_out_to(point, verdict).await;
        if let (Some(key), Verdict::Open) = (&key, verdict) {
            // The bytes are the same each time, and so is what the gateway thinks of them.
            stage.judged(key.clone(), if fate == Fate::Refused { Verdict::Refused } else { Verdict::Taken });
        }
        let is_refused = verdict == Verdict::Refused;
        let send = move |stage: &Arc<Stage>, course: Course| {
            let is_served = !matches!(course, Course::Unserved(_) | Course::Refused(_));
            let course = if is_refused && is_served { Course::Refused(REFUSAL) } else { course };
            stage.gateway.disputes().script([course]);
            let answer = send(stage);
            if let (Some(key), true) = (&key, is_served && !is_refused) {
                stage.judged(key.clone(), Verdict::Served);
            }
            watch::docket(stage);
            actors::events_are_made(stage);
            answer
        };
        let answer = match fate {
            Fate::NotApplied => {
                let why = stage.draw(&NOT_SERVED).unwrap_or(UnknownReason::NotSent);
                if why == UnknownReason::Timeout {
                    stage.sleep(budget).await;
                }
                send(stage, Course::Unserved(why))
            }
            Fate::AnswerLost => {
                let why = stage.draw(&UNHEARD).unwrap_or(UnknownReason::Timeout);
                let answer = send(stage, Course::Unheard(why));
                if why == UnknownReason::Timeout {
                    stage.sleep(budget).await;
                }
                answer
            }
            Fate::Late | Fate::KilledDuring => {
                if fate == Fate::Late {
                    stage.sleep(budget).await;
                }
                let unanswered = send(stage, Course::Unserved(UnknownReason::Timeout));
                arrives_late(stage, send);
                unanswered
            }
            Fate::Throttled => send(stage, Course::Unserved(UnknownReason::RateLimited)),
            Fate::Failed => send(stage, Course::Unserved(UnknownReason::ServerError)),
            Fate::SavedFailure => send(stage, Course::SavedFailure(Effect::None)),
            Fate::SavedFailureDone => send(stage, Course::SavedFailure(Effect::Whole)),
            Fate::Refused => send(stage, Course::Refused(REFUSAL)),
            Fate::InPart => send(stage, Course::WithoutItsObject),
            _ => send(stage, Course::Well),
        };
        machine.comes_back(point, fate).await;
        answer
    }
}

/// A request arrives whose sender has given up.
fn arrives_late(stage: &Arc<Stage>, send: impl Fn(&Arc<Stage>, Course) -> Traced<Answer> + Send + 'static) {
    stage.later(lateness(stage), move |stage| {
        stage.tell(|| "a late request about a dispute arrives at the gateway".to_owned());
        let _unheard = send(stage, Course::Well);
        ready(())
    });
}

impl DisputeGateway for WeatheredGateway<'_> {
    fn accepts_papers(&self, id: &DisputeId, papers: &Papers) -> Result<(), PapersRefusal> {
        self.0.stage.gateway.accepts_papers(id, papers)
    }

    async fn fetch_dispute(&self, id: &DisputeId, budget: Duration) -> Traced<Outcome> {
        let kept = id.clone();
        let send = move |stage: &Stage| {
            let told = block_on(stage.gateway.fetch_dispute(&kept, budget));
            told.map(|outcome| Answer { outcome, hand: Hand::First })
        };
        let told = self.call_about_dispute(Point::GatewayFetchDispute, None, budget, send).await;
        self.0.tell(|| format!("the gateway shows the dispute: {}", in_a_word(&told.answer)));
        told.map(|answer| answer.outcome)
    }

    async fn answer_dispute(&self, committed: &Committed, papers: &Papers, budget: Duration) -> Traced<Answer> {
        let dispute = committed.dispute();
        if self.0.operation == Operation::Retry
            && dispute.open_act().is_some_and(|act| act.progress == ActProgress::Unanswered)
        {
            self.0.stage.happened(Sometimes::DisputeAnswerSentAgain);
        }
        let key = gateway_key::dispute(&dispute.id, dispute.acts.len());
        let (kept, papers) = (committed.clone(), papers.clone());
        let send = move |stage: &Stage| block_on(stage.gateway.answer_dispute(&kept, &papers, budget));
        let told = self.call_about_dispute(Point::GatewayAnswerDispute, Some(key), budget, send).await;
        if told.answer.hand == Hand::Replayed {
            self.0.stage.happened(Sometimes::ReplayedAnswer);
        }
        self.0.tell(|| format!("the gateway's answer: {}", in_a_word(&told.answer)));
        told
    }
}

fn in_a_word(Answer { outcome, hand }: &Answer) -> String {
    let said = match outcome {
        Outcome::Dispute(shown) => format!("{:?} {:?}", shown.stage, shown.status),
        Outcome::Taken => "taken".to_owned(),
        Outcome::Refused { code } => format!("refused: {code}"),
        Outcome::Unknown(reason) => format!("none: {}", reason.name()),
    };
    if *hand == Hand::Replayed { format!("{said} (given again)") } else { said }
}
