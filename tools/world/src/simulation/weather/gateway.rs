//! The gateway in bad weather: requests that are lost, answers that are lost, requests that arrive when nobody waits any
//! more, failures that are saved under a key and given again. What the gateway itself does is the twin's.

use std::{future::ready, sync::Arc, time::Duration};

use domain::{
    gateway::{
        Answer, Gateway as GatewayName, Hand, ObjectStatus, Outcome, RefundAnswer, RefundSnapshot, Traced,
        UnknownReason,
    },
    id::{AttemptNumber, RefundId, gateway_key},
    money::Money,
    payment::{ActKind, Payment},
};
use flow::{
    commit::Committed,
    ports::{AmountRefusal, Gateway, Host as _, OpenOutcome, OpenRequest},
};

use super::lateness;
use crate::{
    gateway::{
        Call, Course, Effect,
        mishaps::{NOT_SERVED, UNHEARD},
    },
    kept::KeptOpening,
    simulation::{
        actors,
        coverage::{Fate, Operation, Point, Sometimes},
        machine::{Machine, Verdict},
        stage::Stage,
        watch,
    },
    turns::block_on,
};

/// The gateway, as one invocation sees it.
#[derive(Debug, Clone, Copy)]
pub(in crate::simulation) struct WeatheredGateway<'a>(pub(in crate::simulation) &'a Machine);

impl WeatheredGateway<'_> {
    /// One call. `send` sends it to the twin, again if need be.
    async fn call<T: Send>(
        &self,
        (point, call, key): (Point, Call, Option<String>),
        budget: Duration,
        send: impl Fn(&Stage) -> T + Send + 'static,
    ) -> T {
        let (machine, stage) = (self.0, &self.0.stage);
        let verdict = key.as_deref().map_or(Verdict::Taken, |key| stage.verdict_on(key));
        let fate = machine.sets_out_to(point, verdict).await;
        if let (Some(key), Verdict::Open) = (&key, verdict) {
            // The bytes are the same each time, and so is what the gateway thinks of them.
            stage.judged(key.clone(), if fate == Fate::Refused { Verdict::Refused } else { Verdict::Taken });
        }
        let is_refused = verdict == Verdict::Refused;
        let send = move |stage: &Arc<Stage>, course: Course| {
            let is_served = !matches!(course, Course::NotServed(_) | Course::Refused(_));
            let course = if is_refused && is_served { Course::Refused(call.refusal()) } else { course };
            if course != Course::Well {
                stage.gateway.script(call, [course]);
            }
            if matches!(call, Call::Confirm) && is_served {
                actors::bank_makes_up_its_mind(stage);
            }
            if matches!(call, Call::Refund) && is_served {
                actors::bank_takes_a_refund(stage);
            }
            let answer = send(stage);
            if let (Some(key), true) = (&key, is_served && !is_refused) {
                stage.judged(key.clone(), Verdict::Served);
            }
            watch::ledger(stage);
            actors::events_are_made(stage);
            answer
        };
        let answer = match fate {
            Fate::NotApplied => {
                let why = stage.draw(&NOT_SERVED).unwrap_or(UnknownReason::NotSent);
                if why == UnknownReason::Timeout {
                    stage.sleep(budget).await;
                }
                send(stage, Course::NotServed(why))
            }
            Fate::AnswerLost => {
                let why = stage.draw(&UNHEARD).unwrap_or(UnknownReason::Timeout);
                let answer = send(stage, Course::Unheard(why));
                if why == UnknownReason::Timeout {
                    stage.sleep(budget).await;
                }
                answer
            }
            Fate::Late => {
                stage.sleep(budget).await;
                let unanswered = send(stage, Course::NotServed(UnknownReason::Timeout));
                stage.later(lateness(stage), move |stage| {
                    drop(late(stage, call, send));
                    ready(())
                });
                unanswered
            }
            Fate::KilledDuring => {
                let unanswered = send(stage, Course::NotServed(UnknownReason::Timeout));
                stage.later(lateness(stage), move |stage| {
                    drop(late(stage, call, send));
                    ready(())
                });
                unanswered
            }
            Fate::Throttled => send(stage, Course::NotServed(UnknownReason::RateLimited)),
            Fate::Failed => send(stage, Course::NotServed(UnknownReason::ServerError)),
            Fate::SavedFailure => send(stage, Course::SavedFailure(Effect::None)),
            Fate::SavedFailureDone => send(stage, Course::SavedFailure(Effect::Whole)),
            Fate::Refused => send(stage, Course::Refused(call.refusal())),
            _ => send(stage, Course::Well),
        };
        machine.comes_back(point, fate).await;
        answer
    }

    fn heard(&self, answer: &Answer) {
        let stage = &self.0.stage;
        if answer.hand == Hand::Replayed {
            stage.happened(Sometimes::ReplayedAnswer);
            if answer.outcome == Outcome::Unknown(UnknownReason::ServerError) {
                stage.happened(Sometimes::ReplayedFailure);
            }
        }
        match (&answer.outcome, answer.outcome.object().map(|object| &object.status)) {
            (Outcome::Declined { .. }, _) => stage.happened(Sometimes::Decline),
            (_, Some(ObjectStatus::AwaitsPayer(_))) => stage.happened(Sometimes::Challenge),
            (_, Some(ObjectStatus::Pending)) => stage.happened(Sometimes::SlowBank),
            _ => {}
        }
        self.0.tell(|| format!("the gateway's answer: {}", in_a_word(answer)));
    }
}

/// A request arrives whose sender has given up.
fn late<T>(stage: &Arc<Stage>, call: Call, send: impl Fn(&Arc<Stage>, Course) -> T) -> T {
    let standing = |stage: &Stage| stage.gateway.charges().iter().filter(|charge| charge.stands()).count();
    let before = standing(stage);
    stage.tell(|| format!("a late request arrives at the gateway: {call:?}"));
    let answer = send(stage, Course::Well);
    if matches!(call, Call::Confirm) && standing(stage) > before {
        stage.happened(Sometimes::LateCharge);
    }
    answer
}

impl Gateway for WeatheredGateway<'_> {
    fn api_version(&self) -> &'static str {
        self.0.release.api_version
    }

    fn accepts(&self, gateway: GatewayName, amount: Money) -> Result<(), AmountRefusal> {
        self.0.stage.gateway.accepts(gateway, amount)
    }

    async fn open(&self, request: &OpenRequest<'_>, budget: Duration) -> Traced<OpenOutcome> {
        let kept = KeptOpening::of(request);
        let send = move |stage: &Stage| block_on(stage.gateway.open(&kept.request(), budget));
        let key = gateway_key::open(request.id, request.request_hash, request.round);
        self.call((Point::GatewayOpen, Call::Open, Some(key)), budget, send).await
    }

    async fn confirm(&self, committed: &Committed, attempt: AttemptNumber, budget: Duration) -> Traced<Answer> {
        let kept = committed.clone();
        let send = move |stage: &Stage| block_on(stage.gateway.confirm(&kept, attempt, budget));
        let key = gateway_key::confirm(&committed.payment().id, attempt);
        let told = self.call((Point::GatewayConfirm, Call::Confirm, Some(key)), budget, send).await;
        self.heard(&told.answer);
        told
    }

    async fn capture(&self, committed: &Committed, budget: Duration) -> Traced<Answer> {
        let kept = committed.clone();
        let send = move |stage: &Stage| block_on(stage.gateway.capture(&kept, budget));
        let payment = committed.payment();
        let key = gateway_key::capture(&payment.id, payment.acts.len());
        let told = self.call((Point::GatewayCapture, Call::Capture, Some(key)), budget, send).await;
        self.heard(&told.answer);
        told
    }

    async fn cancel(&self, committed: &Committed, fresh: u64, budget: Duration) -> Traced<Answer> {
        let kept = committed.clone();
        let send = move |stage: &Stage| block_on(stage.gateway.cancel(&kept, fresh, budget));
        let told = self.call((Point::GatewayCancel, Call::Cancel, None), budget, send).await;
        self.heard(&told.answer);
        told
    }

    async fn refund(&self, committed: &Committed, refund: &RefundId, budget: Duration) -> Traced<RefundAnswer> {
        let (kept, id) = (committed.clone(), refund.clone());
        let send = move |stage: &Stage| block_on(stage.gateway.refund(&kept, &id, budget));
        let key = gateway_key::refund(&committed.payment().id, refund);
        if self.0.operation == Operation::Retry {
            self.0.stage.happened(Sometimes::RefundSentAgain);
        }
        let told = self.call((Point::GatewayRefund, Call::Refund, Some(key)), budget, send).await;
        if told.answer.hand == Hand::Replayed {
            self.0.stage.happened(Sometimes::ReplayedAnswer);
        }
        self.0.tell(|| format!("the gateway's answer: {:?}", told.answer));
        told
    }

    async fn refunds(&self, payment: &Payment, budget: Duration) -> Traced<Result<Vec<RefundSnapshot>, UnknownReason>> {
        let kept = payment.clone();
        let send = move |stage: &Stage| block_on(stage.gateway.refunds(&kept, budget));
        let told = self.call((Point::GatewayListRefunds, Call::ListRefunds, None), budget, send).await;
        let listed = &told.answer;
        let is_listed = |id: &RefundId| listed.iter().flatten().any(|shown| shown.id.as_ref() == Some(id));
        for refund in payment.refunds.iter().filter(|refund| refund.is_in_doubt()) {
            if is_listed(&refund.id) {
                self.0.stage.happened(Sometimes::RefundFound);
            } else if listed.is_ok() && !refund.key_is_young(self.0.now()) {
                self.0.stage.happened(Sometimes::DeadRefundKey);
            }
        }
        self.0.tell(|| format!("the gateway's refunds: {listed:?}"));
        told
    }

    async fn fetch(&self, payment: &Payment, budget: Duration) -> Traced<Outcome> {
        let now = self.0.now();
        if payment.unanswered_attempt().is_some_and(|attempt| !attempt.key_is_young(payment.gateway, now)) {
            self.0.stage.happened(Sometimes::DeadKey);
        }
        let captures = payment.open_act().filter(|act| matches!(act.kind, ActKind::Capture { .. }));
        if captures.is_some_and(|act| !act.key_is_young(now)) {
            self.0.stage.happened(Sometimes::DeadCaptureKey);
        }
        let kept = payment.clone();
        let send = move |stage: &Stage| block_on(stage.gateway.fetch(&kept, budget));
        let told = self.call((Point::GatewayFetch, Call::Fetch, None), budget, send).await;
        let told = told.map(|outcome| Answer { outcome, hand: Hand::First });
        self.heard(&told.answer);
        told.map(|answer| answer.outcome)
    }
}

fn in_a_word(Answer { outcome, hand }: &Answer) -> String {
    let status = outcome.object().map(|object| &object.status);
    let said = match outcome {
        Outcome::Object(_) => format!("{status:?}"),
        Outcome::Declined { decline, .. } => format!("declined: {}", decline.code),
        Outcome::Refused { code, .. } => format!("refused: {code} {status:?}"),
        Outcome::Unknown(reason) => format!("none: {}", reason.name()),
    };
    if *hand == Hand::Replayed { format!("{said} (given again)") } else { said }
}
