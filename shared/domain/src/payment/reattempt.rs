//! The governor: whether a method that was declined may be tried once more while its payer is away. Card networks fine whoever
//! insists, so our caps lie under every network's, and hold for the client's own requests as for the tries that we make by
//! ourselves. What they count stands in the row: its attempts.
//!
//! Must never: speak of a request whose outcome nobody knows. That is sent again under its own key, and is no re-attempt.

use std::time::Duration;

use super::{
    ATTEMPTS_MAX, Attempt, AttemptProgress, AttemptResult, AttemptSource, Instrument, Payment, PaymentState,
    ProcessingReason,
};
use crate::{
    decline::{Decline, DeclineCategory},
    schedule,
    time::Timestamp,
};

/// What the governor says about the last attempt of a payment, which was declined while the payer was away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reattempt {
    /// How often its method was tried again before.
    pub made: usize,
    /// How often a method may be, after such a decline.
    pub most: usize,
    /// Whether it is to be tried once more.
    pub ruling: Ruling,
}

/// Whether a method is to be tried once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// By ourselves, then.
    Scheduled(Timestamp),
    /// It is not.
    Refused(ReattemptRefusal),
}

/// Why a method is not tried once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReattemptRefusal {
    /// Its issuer, its network or the gateway said never, or said what nobody knows.
    DeclinedForGood,
    /// No try can help before the payer has done something.
    PayerMustAct,
    /// It was tried as often as we allow.
    LimitReached,
    /// It was tried less than a day ago, or less long ago than its card network asks.
    TooSoon,
}

impl ReattemptRefusal {
    /// The word for it in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DeclinedForGood => "declined_for_good",
            Self::PayerMustAct => "payer_must_act",
            Self::LimitReached => "limit_reached",
            Self::TooSoon => "too_soon",
        }
    }

    /// What is to be said of the method.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::DeclinedForGood => "was declined for good",
            Self::PayerMustAct => "needs its payer to act first",
            Self::LimitReached => "was tried as often as it may be",
            Self::TooSoon => "was tried less than a day ago, or than its card network asks to wait",
        }
    }
}

impl Payment {
    /// What the governor said about the last attempt; nothing where its payer was there, or where it was not declined.
    #[must_use]
    pub fn reattempt(&self) -> Option<Reattempt> {
        let attempt = self.attempts.last().filter(|attempt| attempt.is_off_session())?;
        let (made, most) = counted(self, attempt, attempt.decline()?);
        let ruling = match (&self.state, permitted(self, attempt, attempt.decline()?)) {
            (PaymentState::Processing(ProcessingReason::RetryScheduled { at }), _) => Ruling::Scheduled(*at),
            (_, Err(refusal)) => Ruling::Refused(refusal),
            // It was to be, and then somebody canceled the payment, or it was paid otherwise.
            (_, Ok(())) => return None,
        };
        Some(Reattempt { made, most, ruling })
    }
}

/// Whether the method of `attempt`, which was declined so, may be tried once more, later.
pub(super) fn permitted(payment: &Payment, attempt: &Attempt, decline: &Decline) -> Result<(), ReattemptRefusal> {
    match decline.category {
        DeclineCategory::Never => return Err(ReattemptRefusal::DeclinedForGood),
        DeclineCategory::PayerMustAct | DeclineCategory::LookForEarlier => return Err(ReattemptRefusal::PayerMustAct),
        DeclineCategory::Later | DeclineCategory::LaterFewTimes => {}
    }
    let (made, most) = counted(payment, attempt, decline);
    if made < most && payment.attempts.len() < ATTEMPTS_MAX { Ok(()) } else { Err(ReattemptRefusal::LimitReached) }
}

/// Whether a client may have `instrument` tried now, while its payer is away.
pub(super) fn permitted_now(payment: &Payment, instrument: &Instrument, at: Timestamp) -> Result<(), ReattemptRefusal> {
    let tried = || payment.attempts.iter().rev().filter(|attempt| instrument_of(attempt) == Some(instrument));
    let Some(last) = tried().find(|attempt| was_in_vain(attempt)) else { return Ok(()) };
    match tried().find_map(|attempt| Some((attempt, attempt.decline()?))) {
        Some((attempt, decline)) => {
            permitted(payment, attempt, decline)?;
            if at < attempt.started_at.plus(interval_after(decline)) {
                return Err(ReattemptRefusal::TooSoon);
            }
        }
        // Nobody has declined it: nothing speaks against it but how often it was tried.
        None if tried_again(payment, last) >= schedule::REATTEMPTS_MAX => return Err(ReattemptRefusal::LimitReached),
        None => {}
    }
    if at < last.started_at.plus(schedule::REATTEMPT_INTERVAL) { Err(ReattemptRefusal::TooSoon) } else { Ok(()) }
}

/// How long a method is left alone after such a decline: as long as we leave any, or as its card network asks, if that is longer.
pub(super) fn interval_after(decline: &Decline) -> Duration {
    decline.wait.map_or(schedule::REATTEMPT_INTERVAL, |wait| wait.max(schedule::REATTEMPT_INTERVAL))
}

/// How often the method of `attempt` was tried again before, and how often it may be after such a decline.
fn counted(payment: &Payment, attempt: &Attempt, decline: &Decline) -> (usize, usize) {
    let most = match decline.category {
        DeclineCategory::Later => schedule::REATTEMPTS_MAX,
        DeclineCategory::LaterFewTimes => schedule::CAUTIOUS_REATTEMPTS_MAX,
        DeclineCategory::PayerMustAct | DeclineCategory::LookForEarlier | DeclineCategory::Never => 0,
    };
    (tried_again(payment, attempt), most)
}

fn tried_again(payment: &Payment, attempt: &Attempt) -> usize {
    let same = payment.attempts.iter().filter(|other| instrument_of(other) == instrument_of(attempt));
    let after_the_first = same.skip_while(|other| !was_in_vain(other)).skip(1);
    after_the_first.filter(|again| again.is_off_session()).count()
}

/// Whether another try after this one is a re-attempt: its issuer has declined it, or nothing came of it while its payer was away. The
/// row does not tell whether the latter ever reached an issuer, so it is taken to have: that costs a client a day, and says nothing
/// against the method.
const fn was_in_vain(attempt: &Attempt) -> bool {
    match &attempt.progress {
        AttemptProgress::Closed(AttemptResult::Declined(_)) => true,
        AttemptProgress::Closed(AttemptResult::NotCharged) => attempt.is_off_session(),
        AttemptProgress::Closed(AttemptResult::Charged) | AttemptProgress::Unanswered | AttemptProgress::Answered => {
            false
        }
    }
}

const fn instrument_of(attempt: &Attempt) -> Option<&Instrument> {
    match &attempt.source {
        AttemptSource::Api { instrument, .. } => Some(instrument),
        AttemptSource::Automatic | AttemptSource::Gateway => None,
    }
}
