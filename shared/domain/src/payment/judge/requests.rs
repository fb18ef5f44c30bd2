//! What the gateway says about a request of ours: of an attempt and of an act. Only its own key's word counts (E1, E6), and
//! what was sent more than once may be served more than once.

use super::{Case, Judgement, Source, is_held};
use crate::{
    decline::{Decline, DeclineCategory},
    gateway::{Hand, ObjectSnapshot, UnknownReason},
    id::AttemptNumber,
    payment::{
        Act, AfterDecline, Attempt, Fact, Payment, ReattemptRefusal, ReviewReason,
        decide::happened,
        reattempt::{interval_after, permitted},
    },
    schedule::Limits,
    time::Now,
};

impl<'a> Case<'a> {
    /// The gateway's own word on an attempt: only its own key's word counts (E1, E6).
    pub(super) fn declined(self, decline: &Decline) -> Judgement {
        let speaks_of = match self.source {
            Source::Attempt(number, _) => Some(number),
            Source::Event { cause } => cause,
            Source::Act(..) | Source::Fetch => None,
        };
        match self.payment.open_attempt() {
            Some(attempt) if speaks_of == Some(attempt.number) => self.attempt_declined(attempt, decline),
            Some(_) | None => match self.source {
                Source::Event { cause } => self.hint(cause),
                Source::Attempt(..) | Source::Act(..) | Source::Fetch => Judgement::Nothing,
            },
        }
    }

    fn attempt_declined(self, attempt: &Attempt, decline: &Decline) -> Judgement {
        let number = attempt.number;
        if decline.category == DeclineCategory::LookForEarlier {
            return self.answered(number);
        }
        let then = after_decline(self.payment, attempt, decline, self.now);
        self.change(Fact::AttemptDeclined { number, decline: decline.clone(), then })
    }

    /// The gateway refused a request of ours without acting on it.
    pub(super) fn refused(self, code: &str, object: Option<&ObjectSnapshot>) -> Judgement {
        let open = self.payment.open_attempt();
        match self.source {
            Source::Attempt(number, _) if open.is_none_or(|attempt| attempt.number != number) => Judgement::Nothing,
            // The object stood in the way: its key is answered, and a fetch tells the rest.
            Source::Attempt(number, _) if object.is_some() => self.answered(number),
            // A refusal that may be of a second sending proves that much too.
            Source::Attempt(number, Hand::Replayed) => self.answered(number),
            Source::Attempt(_, Hand::First) => match open {
                Some(attempt) => self.attempt_declined(attempt, &Decline::of_refusal(code)),
                None => Judgement::Nothing,
            },
            Source::Act(..) => match self.answered_act() {
                // A close is never given up: the object may be pending, and is looked at again. A capture is, unless
                // another object than a hold stood in its way.
                Some(act) if act.ends_as().is_none() && object.is_none_or(is_held) => {
                    self.change(Fact::ActRefused { code: code.to_owned() })
                }
                Some(_) => self.act_not_done(),
                None => Judgement::Nothing,
            },
            Source::Fetch => self.unknown(UnknownReason::Unreadable),
            Source::Event { cause } => self.hint(cause),
        }
    }

    pub(super) fn unknown(self, reason: UnknownReason) -> Judgement {
        match self.source {
            Source::Event { cause } => self.hint(cause),
            Source::Attempt(number, _)
                if self.payment.unanswered_attempt().is_none_or(|attempt| attempt.number != number) =>
            {
                Judgement::Nothing
            }
            // A saved 5xx, say: the key was answered, whatever it did (E4).
            Source::Attempt(number, Hand::Replayed) if reason != UnknownReason::KeyMismatch => self.answered(number),
            Source::Attempt(..) | Source::Act(..) | Source::Fetch
                if self.payment.state.is_terminal() && !self.payment.look_owed =>
            {
                Judgement::Nothing
            }
            Source::Act(..) if self.answered_act().is_none() => Judgement::Nothing,
            Source::Attempt(..) | Source::Act(..) | Source::Fetch => self.still_unknown(reason),
        }
    }

    fn still_unknown(self, reason: UnknownReason) -> Judgement {
        let mut event = happened(self.payment, Fact::OutcomeUnknown { reason: reason.name() }, self.now);
        // A failure that is saved under a capture's key will never be anything else.
        let spent = matches!(self.source, Source::Act(_, Hand::Replayed))
            && matches!(reason, UnknownReason::ServerError | UnknownReason::Misconfigured);
        let rounds = if self.payment.is_in_doubt() { self.payment.rounds.saturating_add(1) } else { 0 };
        if reason == UnknownReason::KeyMismatch {
            event.review = Some(ReviewReason::KeyMismatch);
        } else if spent || rounds >= Limits::ROUNDS_BEFORE_REVIEW {
            event.review = Some(ReviewReason::OutcomeUnknown);
        }
        Judgement::Change(event)
    }

    /// E4: the attempt's key was answered; what it came to, a fetch must tell.
    pub(super) fn answered(self, number: AttemptNumber) -> Judgement {
        match self.payment.unanswered_attempt() {
            Some(attempt) if attempt.number == number => self.change(Fact::AttemptAnswered { number }),
            Some(_) | None => Judgement::Nothing,
        }
    }

    /// The open act's request was answered, but the object has not come to its end: keep it open, look again.
    pub(super) fn act_not_done(self) -> Judgement {
        match self.answered_act() {
            Some(_) => self.change(Fact::Looked),
            None => Judgement::Nothing,
        }
    }

    /// The open act, if it is the one whose own answer this is (E6).
    pub(super) fn answered_act(self) -> Option<&'a Act> {
        let Source::Act(number, _) = self.source else { return None };
        self.payment.open_act().filter(|_| self.payment.acts.len() == number)
    }
}

/// A payer who is there chooses another way to pay. One who is away is asked again only where the governor permits it.
fn after_decline(payment: &Payment, attempt: &Attempt, decline: &Decline, now: &Now) -> AfterDecline {
    if !attempt.is_off_session() {
        return AfterDecline::AwaitMethod;
    }
    match permitted(payment, attempt, decline) {
        Ok(()) => AfterDecline::Reattempt { at: now.at.plus(interval_after(decline)) },
        Err(ReattemptRefusal::PayerMustAct) => AfterDecline::AwaitMethod,
        Err(ReattemptRefusal::DeclinedForGood | ReattemptRefusal::LimitReached | ReattemptRefusal::TooSoon) => {
            AfterDecline::GiveUp
        }
    }
}
