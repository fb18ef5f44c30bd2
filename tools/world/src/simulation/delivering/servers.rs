//! The merchant's servers as they are: slow, out of order, moved, gone, or down for a day; and sometimes what they answer is lost.
//!
//! Each delivery fails only so often for another reason than that all of them are down. So whoever tries as the schedule says is heard
//! before it gives up, and one that gives up all the same has not tried as it should.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::{
    time::Timestamp,
    webhook::{Answer, DeliveryId, Reason, SEND_TIMEOUT},
};
use flow::ports::{
    Dependency, Error, Host as _,
    webhook::{SendWebhook, Sending},
};

use crate::{
    merchant::{Merchant, status},
    simulation::{coverage::Sometimes, dice::Dice, stage::Stage},
    turns,
};

/// So many sends go wrong at most.
const TROUBLES_MAX: u32 = 30;
/// And one in so many, until then.
const ONE_IN: usize = 6;
/// The schedule has ten tries, and seven of them fall into a day.
const FAILURES_MAX: u32 = 2;
/// Longer than this nobody is down. A merchant who is, is told of deliveries that are exhausted.
const DOWN_MAX: Duration = Duration::from_secs(24 * 3600);
/// A slow server answers just in time.
const SLOW: Duration = Duration::from_secs(14);

/// All of the merchant's servers, and the way to them.
#[derive(Debug)]
pub(super) struct Servers<'a> {
    stage: &'a Stage,
    pub(super) merchant: Merchant,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    dice: Dice,
    failures: BTreeMap<DeliveryId, u32>,
    /// From when to when all of them are down.
    down: Option<(Timestamp, Timestamp)>,
}

/// What becomes of a send.
enum Mood {
    /// It is heard and answered so.
    Answers(Answer),
    /// The same, at the last moment.
    Slow,
    /// It is heard and taken, and its answer is lost.
    AnswerLost,
    /// It is not heard.
    Unheard(Answer),
    /// It cannot be signed, and is not sent.
    Unsigned,
}

impl<'a> Servers<'a> {
    pub(super) fn new(stage: &'a Stage, seed: u64) -> Self {
        let mut dice = Dice::new(seed, ONE_IN, TROUBLES_MAX);
        let now = stage.clock.now();
        let down = (dice.below(3) == 0).then(|| {
            let from = now.plus(Duration::from_secs(dice.pick(&[0, 0, 60, 3600]).unwrap_or(0)));
            let lasts =
                dice.pick(&[Duration::from_secs(3600), Duration::from_secs(6 * 3600), DOWN_MAX]).unwrap_or(DOWN_MAX);
            (from, from.plus(lasts))
        });
        let inner = Mutex::new(Inner { dice, failures: BTreeMap::new(), down });
        Self { stage, merchant: Merchant::default(), inner }
    }

    fn mood(&self, sending: &Sending<'_>) -> Mood {
        let now = self.stage.clock.now();
        let mut guard = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let inner = &mut *guard;
        if inner.down.is_some_and(|(from, until)| from <= now && now < until) {
            self.stage.happened(Sometimes::MerchantDown);
            return Mood::Unheard(Answer::Unreachable { reason: Reason::of("connection_refused") });
        }
        let id = DeliveryId::of(sending.event.id.clone(), sending.endpoint.clone());
        let failures = inner.failures.entry(id).or_default();
        if *failures >= FAILURES_MAX || !inner.dice.strikes() {
            return Mood::Answers(status(inner.dice.pick(&[200, 204]).unwrap_or(200)));
        }
        match inner.dice.below(20) {
            0 => {
                self.stage.happened(Sometimes::EndpointGone);
                return Mood::Answers(status(410));
            }
            1..=4 => return Mood::Slow,
            5 | 6 => return Mood::Unsigned,
            _ => {}
        }
        *failures = failures.saturating_add(1);
        match inner.dice.below(8) {
            0 | 1 => Mood::AnswerLost,
            2 => Mood::Answers(status(500)),
            3 => Mood::Answers(status(301)),
            4 => Mood::Unheard(Answer::Refused { reason: Reason::of("private_address") }),
            5 => Mood::Unheard(Answer::Unreachable { reason: Reason::of("connection_reset") }),
            _ => {
                self.stage.happened(Sometimes::PutOff);
                // Some ask for longer than anybody is put off.
                let seconds = inner.dice.pick(&[1, 3600, 3 * 86_400]).unwrap_or(1);
                Mood::Answers(Answer::Answered { status: 429, retry_after: Some(Duration::from_secs(seconds)) })
            }
        }
    }
}

impl SendWebhook for Servers<'_> {
    async fn send(&self, sending: &Sending<'_>) -> Result<Answer, Error> {
        turns::pass().await;
        let answer = match self.mood(sending) {
            Mood::Answers(answer) => {
                self.merchant.hears(sending, &answer);
                answer
            }
            Mood::Slow => {
                self.merchant.hears(sending, &status(200));
                self.stage.clock.advance(SLOW);
                status(200)
            }
            Mood::AnswerLost => {
                self.stage.happened(Sometimes::AnswerOfMerchantLost);
                self.merchant.hears(sending, &status(200));
                self.stage.clock.advance(SEND_TIMEOUT);
                Answer::Unreachable { reason: Reason::of("timeout") }
            }
            Mood::Unheard(answer) => answer,
            Mood::Unsigned => {
                return Err(Error::Unavailable { dependency: Dependency::Secrets, detail: "injected".to_owned() });
            }
        };
        turns::pass().await;
        Ok(answer)
    }
}
