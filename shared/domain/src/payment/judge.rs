//! Weighs evidence: what the gateway says about its own object and about our requests. The rules E1 to E9.
//!
//! - E1: the object proves what it finally is; only its own key proves what became of an attempt.
//! - E2: captured, canceled and authorized are evidence in any snapshot; the last never undoes a later state.
//! - E3: every other status counts only from a fetch made after the row's version was loaded, never from a webhook.
//! - E4: an attempt is answered by its first-hand answer, by a replay of its key, or by an event that its key caused.
//! - E5: an unanswered attempt is sent again while its key is young; a fetch closes it only when the key is old and what
//!   was sent last cannot be on its way any more.
//! - E6: a first-hand outcome closes its own attempt and no other.
//! - E7: the object must be the row's own, of its mode, amount and currency.
//! - E8: a key mismatch is unknown and a fault of ours, never a decline.
//! - E9: keys die; `Attempt::key_is_young` says when.

mod charge;
mod requests;

use super::{
    Act, AfterDecline, AttemptProgress, End, Event, Fact, Payment, PaymentState, ProcessingReason, ReviewReason,
    decide::happened,
};
use crate::{
    decline::Decline,
    gateway::{EvidenceKind, Hand, ObjectSnapshot, ObjectStatus, Outcome, UnknownReason},
    id::AttemptNumber,
    money::Money,
    schedule::Limits,
    time::Now,
};

/// What the gateway said, and how we came by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// How we came by it.
    pub source: Source,
    /// What it says.
    pub outcome: Outcome,
}

/// How we came by what the gateway said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The answer to an attempt's own request.
    Attempt(AttemptNumber, Hand),
    /// The answer to the own request of an act, counted from 1.
    Act(usize, Hand),
    /// A look at the object, made after loading the version that the commit is conditional on.
    Fetch,
    /// A webhook, of any age; `cause` is the attempt whose own key made the gateway send it.
    Event {
        /// The attempt that caused it.
        cause: Option<AttemptNumber>,
    },
}

impl Source {
    /// What is written down of it.
    #[must_use]
    pub const fn kind(self) -> EvidenceKind {
        match self {
            Self::Attempt(_, hand) | Self::Act(_, hand) => hand.evidence(),
            Self::Fetch => EvidenceKind::Fetch,
            Self::Event { .. } => EvidenceKind::Event,
        }
    }
}

/// What evidence does to a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// This happened. Commit it.
    Change(Event),
    /// It is known already, or superseded, or proves nothing.
    Nothing,
    /// It is about another object that bears our id.
    Foreign {
        /// Whether money stands on it.
        holds_money: bool,
        /// If so, and nobody was told yet: a person must reconcile the two.
        review: Option<Event>,
    },
}

/// Weighs `evidence` about `payment`.
#[must_use]
pub fn judge(payment: &Payment, evidence: &Evidence, now: &Now) -> Judgement {
    let case = Case { payment, source: evidence.source, now };
    case.with_charge(weigh(case, evidence), evidence.outcome.object())
}

fn weigh(case: Case<'_>, evidence: &Evidence) -> Judgement {
    let payment = case.payment;
    if let Some(object) = evidence.outcome.object() {
        if object.reference != payment.object {
            return match evidence.source {
                Source::Event { .. } => case.foreign(object.holds_money()),
                // An answer to a request about our object that shows another one is no answer.
                Source::Attempt(..) | Source::Act(..) | Source::Fetch => case.unknown(UnknownReason::Unreadable),
            };
        }
        if !object.is_for(payment.terms.amount, payment.mode) {
            return case.review(ReviewReason::ObjectMismatch);
        }
        if is_final(&object.status) {
            match case.object(object) {
                // What is known of the object already may still tell what became of our own request.
                Judgement::Nothing => {}
                proven @ (Judgement::Change(_) | Judgement::Foreign { .. }) => return proven,
            }
        }
    }
    match &evidence.outcome {
        Outcome::Object(object) => case.object(object),
        Outcome::Declined { decline, .. } => case.declined(decline),
        Outcome::Refused { code, object } => case.refused(code, object.as_ref()),
        Outcome::Unknown(reason) => case.unknown(*reason),
    }
}

/// E2: what any snapshot proves, however old.
const fn is_final(status: &ObjectStatus) -> bool {
    match status {
        ObjectStatus::Captured { .. }
        | ObjectStatus::Canceled
        | ObjectStatus::Failed(_)
        | ObjectStatus::Authorized { .. } => true,
        ObjectStatus::AwaitsMethod
        | ObjectStatus::AwaitsPayer(_)
        | ObjectStatus::Pending
        | ObjectStatus::Unrecognized(_) => false,
    }
}

const fn is_held(object: &ObjectSnapshot) -> bool {
    matches!(object.status, ObjectStatus::Authorized { .. })
}

/// One piece of evidence against one version of a payment.
#[derive(Clone, Copy)]
struct Case<'a> {
    payment: &'a Payment,
    source: Source,
    now: &'a Now,
}

impl<'a> Case<'a> {
    fn object(self, object: &ObjectSnapshot) -> Judgement {
        let currency = self.payment.terms.amount.currency();
        match &object.status {
            ObjectStatus::Captured { received_minor_units } => match Money::payable(*received_minor_units, currency) {
                Ok(amount) if amount.is_within(self.payment.terms.amount) => self.captured(amount),
                Ok(_) | Err(_) => self.review(ReviewReason::ObjectMismatch),
            },
            ObjectStatus::Authorized { capturable_minor_units } => {
                match Money::payable(*capturable_minor_units, currency) {
                    Ok(capturable) if capturable.is_within(self.payment.terms.amount) => self.authorized(capturable),
                    Ok(_) | Err(_) => self.review(ReviewReason::ObjectMismatch),
                }
            }
            ObjectStatus::Canceled => self.canceled(),
            ObjectStatus::Failed(decline) => self.failed(decline),
            status if self.payment.state.is_terminal() => self.after_the_end(status),
            ObjectStatus::Unrecognized(_) => self.review(ReviewReason::UnrecognizedStatus),
            ObjectStatus::AwaitsMethod | ObjectStatus::AwaitsPayer(_) | ObjectStatus::Pending => {
                self.passing(&object.status)
            }
        }
    }

    fn captured(self, amount: Money) -> Judgement {
        match &self.payment.state {
            PaymentState::Succeeded { .. } => Judgement::Nothing,
            PaymentState::Failed | PaymentState::Canceled | PaymentState::Expired => {
                let mut event = happened(self.payment, Fact::CapturedLate { amount }, self.now);
                event.review = Some(ReviewReason::LateSuccess);
                Judgement::Change(event)
            }
            PaymentState::RequiresPaymentMethod
            | PaymentState::Processing(_)
            | PaymentState::RequiresAction(_)
            | PaymentState::RequiresCapture { .. } => self.change(Fact::Captured { amount }),
        }
    }

    fn authorized(self, capturable: Money) -> Judgement {
        match &self.payment.state {
            PaymentState::RequiresPaymentMethod | PaymentState::Processing(_) | PaymentState::RequiresAction(_) => {
                self.change(Fact::Authorized { capturable })
            }
            // A capture whose key is dead, and still nothing is captured: only a person can say what to do (E9).
            PaymentState::RequiresCapture { .. } if self.capture_is_stuck() => {
                self.review(ReviewReason::OutcomeUnknown)
            }
            PaymentState::RequiresCapture { .. } => self.nothing_new(),
            // A request that was given up has come after all. Nobody owes what it holds: it is let go.
            PaymentState::Failed | PaymentState::Canceled | PaymentState::Expired if self.is_owed_look() => {
                self.still_pending(None)
            }
            // An old snapshot of a hold that has been captured or released since.
            PaymentState::Succeeded { .. } | PaymentState::Failed | PaymentState::Canceled | PaymentState::Expired => {
                Judgement::Nothing
            }
        }
    }

    fn capture_is_stuck(self) -> bool {
        let act = self.payment.open_act().filter(|act| act.ends_as().is_none());
        self.source == Source::Fetch && act.is_some_and(|act| !act.key_is_young(self.now.at))
    }

    fn canceled(self) -> Judgement {
        if self.payment.state.is_terminal() {
            return self.nothing_moved();
        }
        let asked = self.payment.open_act().and_then(Act::ends_as);
        // Nobody asked: the hold ran out. Nor can anybody end an order of PayPal's: PayPal forgets what nobody paid.
        let has_run_out = matches!(self.payment.state, PaymentState::RequiresCapture { .. })
            || !self.payment.gateway.can_end_its_object();
        let end = asked.unwrap_or(if has_run_out { End::Expired } else { End::Canceled });
        self.change(Fact::Ended(end))
    }

    /// The object's one charge was declined.
    fn failed(self, decline: &Decline) -> Judgement {
        if self.payment.state.is_terminal() {
            return self.nothing_moved();
        }
        match (self.payment.open_act().and_then(Act::ends_as), self.payment.open_attempt()) {
            (Some(asked), _) => self.change(Fact::Ended(asked)),
            (None, Some(attempt)) => {
                let (number, decline) = (attempt.number, decline.clone());
                self.change(Fact::AttemptDeclined { number, decline, then: AfterDecline::End })
            }
            (None, None) => self.change(Fact::Ended(End::Failed)),
        }
    }

    /// An object that is not at its end, of a payment that is.
    fn after_the_end(self, status: &ObjectStatus) -> Judgement {
        match (self.source, status) {
            (Source::Fetch, ObjectStatus::Pending) if self.is_owed_look() => self.still_pending(None),
            (Source::Fetch, ObjectStatus::Unrecognized(_)) if self.is_owed_look() => {
                self.still_pending(Some(ReviewReason::UnrecognizedStatus))
            }
            // Where events prove nothing, only a look can tell whether money has moved after all.
            (Source::Event { .. }, ObjectStatus::Pending)
                if self.payment.has_ended_without_money() && !self.payment.gateway.can_end_its_object() =>
            {
                let is_asked = self.payment.look_owed && self.payment.due.is_some_and(|due| due <= self.now.at);
                if is_asked { Judgement::Nothing } else { self.change(Fact::LookAsked) }
            }
            _ => self.nothing_moved(),
        }
    }

    /// A look at an object on which no money has moved, for a payment that is at its end.
    fn nothing_moved(self) -> Judgement {
        if self.is_owed_look() { self.change(Fact::Looked) } else { Judgement::Nothing }
    }

    /// Whether this is the look that a payment is owed which ended without money.
    fn is_owed_look(self) -> bool {
        self.source == Source::Fetch && self.payment.look_owed && !self.has_succeeded()
    }

    /// It will be over, and nobody knows when.
    fn still_pending(self, review: Option<ReviewReason>) -> Judgement {
        let mut event = happened(self.payment, Fact::StillPending, self.now);
        event.review = review;
        Judgement::Change(event)
    }

    /// E3 and E5: a status that may have passed by now.
    fn passing(self, status: &ObjectStatus) -> Judgement {
        let open = self.payment.open_attempt();
        if let Some(end) = self.ends_here(status) {
            return self.change(Fact::EndedHere(end));
        }
        match self.source {
            Source::Event { cause } => self.hint(cause),
            Source::Act(..) | Source::Fetch if self.is_bank_at_work_on_a_capture(status) => self.still_pending(None),
            Source::Act(..) => self.act_not_done(),
            Source::Attempt(number, _) if open.is_none_or(|attempt| attempt.number != number) => Judgement::Nothing,
            // A decline says so. An object that waits for a method without one is older than the request that it answers.
            Source::Attempt(number, Hand::First) if *status == ObjectStatus::AwaitsMethod => self.answered(number),
            Source::Attempt(_, Hand::First) if self.is_unknown() => self.stands_at(status),
            // Somebody has looked since: what they saw is newer than this answer.
            Source::Attempt(_, Hand::First) => Judgement::Nothing,
            Source::Attempt(number, Hand::Replayed) => self.answered(number),
            Source::Fetch => match open {
                Some(attempt)
                    if attempt.progress == AttemptProgress::Unanswered
                        && attempt.may_arrive(self.payment.gateway, self.now.at) =>
                {
                    self.nothing_new()
                }
                Some(_) | None => self.stands_at(status),
            },
        }
    }

    /// Whether what is held is being taken, and the bank has yet to say so.
    fn is_bank_at_work_on_a_capture(self, status: &ObjectStatus) -> bool {
        *status == ObjectStatus::Pending
            && matches!(self.payment.state, PaymentState::RequiresCapture { .. })
            && self.act_in_question().is_some_and(|act| act.ends_as().is_none())
    }

    /// The open act that an answer to it, or a look, says something of.
    fn act_in_question(self) -> Option<&'a Act> {
        match self.source {
            Source::Fetch => self.payment.open_act(),
            Source::Act(..) => self.answered_act(),
            Source::Attempt(..) | Source::Event { .. } => None,
        }
    }

    /// How the payment ends though its object does not: where only our own request could move money, none is open, and
    /// what was sent before the end was asked for has had the time to be seen.
    fn ends_here(self, status: &ObjectStatus) -> Option<End> {
        let is_waiting = matches!(status, ObjectStatus::AwaitsMethod | ObjectStatus::AwaitsPayer(_));
        let quiet_from = self.payment.quiet_from(self.now.limits)?;
        if !is_waiting || self.now.at < quiet_from {
            return None;
        }
        self.act_in_question()?.ends_as()
    }

    /// The object stands at `status` now, and no request of ours can be in between.
    fn stands_at(self, status: &ObjectStatus) -> Judgement {
        match (status, self.payment.open_attempt(), &self.payment.state) {
            // Money that is held does not become money that is asked for.
            (_, _, PaymentState::RequiresCapture { .. }) => self.nothing_new(),
            (ObjectStatus::AwaitsMethod, Some(attempt), _) => {
                self.change(Fact::AttemptNotCharged { number: attempt.number })
            }
            (ObjectStatus::AwaitsMethod, None, state) if *state == self.payment.waiting() => self.nothing_new(),
            (ObjectStatus::AwaitsMethod, None, PaymentState::Processing(ProcessingReason::RetryScheduled { .. })) => {
                self.nothing_new()
            }
            (ObjectStatus::AwaitsMethod, None, _) => self.change(Fact::MethodRequired),
            (ObjectStatus::AwaitsPayer(next), _, PaymentState::RequiresAction(shown))
                if next == shown && !self.is_unanswered() =>
            {
                self.nothing_new()
            }
            (ObjectStatus::AwaitsPayer(next), _, _) => self.change(Fact::ActionRequired(next.clone())),
            (ObjectStatus::Pending, _, PaymentState::Processing(ProcessingReason::GatewayPending))
                if !self.is_unanswered() =>
            {
                self.nothing_new()
            }
            (ObjectStatus::Pending, _, _) => self.change(Fact::GatewayPending),
            (
                ObjectStatus::Authorized { .. }
                | ObjectStatus::Captured { .. }
                | ObjectStatus::Canceled
                | ObjectStatus::Failed(_)
                | ObjectStatus::Unrecognized(_),
                _,
                _,
            ) => Judgement::Nothing,
        }
    }

    fn has_succeeded(self) -> bool {
        matches!(self.payment.state, PaymentState::Succeeded { .. })
    }

    /// Whether nobody has seen yet what came of the open attempt.
    fn is_unknown(self) -> bool {
        self.payment.state == PaymentState::Processing(ProcessingReason::OutcomeUnknown)
    }

    fn is_unanswered(self) -> bool {
        self.payment.unanswered_attempt().is_some()
    }

    /// A webhook that proves nothing final: somebody must look, unless somebody will soon.
    fn hint(self, cause: Option<AttemptNumber>) -> Judgement {
        if self.payment.state.is_terminal() {
            return Judgement::Nothing;
        }
        match cause.and_then(|number| self.payment.attempt(number)).map(|attempt| (attempt.number, &attempt.progress)) {
            Some((number, AttemptProgress::Unanswered)) => return self.change(Fact::AttemptAnswered { number }),
            // What this key came to is written down already; its event tells nothing that the answer did not.
            Some((_, AttemptProgress::Answered | AttemptProgress::Closed(_))) => return Judgement::Nothing,
            None => {}
        }
        let soon = self.payment.due.is_some_and(|due| due.since(self.now.at) <= Limits::NEAR);
        // Who has claimed the row for a look may have looked before this happened; where events prove nothing, nobody else
        // would tell. Who is at work on an attempt will hear of it.
        let is_looked_at = match self.payment.state {
            PaymentState::Processing(ProcessingReason::OutcomeUnknown) => true,
            PaymentState::Processing(ProcessingReason::GatewayPending | ProcessingReason::RetryScheduled { .. }) => {
                self.payment.gateway.can_end_its_object()
            }
            PaymentState::RequiresPaymentMethod
            | PaymentState::RequiresAction(_)
            | PaymentState::RequiresCapture { .. }
            | PaymentState::Succeeded { .. }
            | PaymentState::Failed
            | PaymentState::Canceled
            | PaymentState::Expired => false,
        };
        if soon && is_looked_at { Judgement::Nothing } else { self.change(Fact::LookAsked) }
    }

    fn nothing_new(self) -> Judgement {
        match self.source {
            // It was not its state that was looked for.
            Source::Fetch if self.has_succeeded() => Judgement::Nothing,
            Source::Fetch => {
                let mut event = happened(self.payment, Fact::Looked, self.now);
                event.review = self.is_overdue().then_some(ReviewReason::OutcomeUnknown);
                Judgement::Change(event)
            }
            Source::Attempt(..) | Source::Act(..) | Source::Event { .. } => Judgement::Nothing,
        }
    }

    /// Whether asking again does not help: an attempt's key is too old for it, or an act was asked for so many times and
    /// still is not done, and no bank is at work.
    fn is_overdue(self) -> bool {
        if self
            .payment
            .unanswered_attempt()
            .is_some_and(|attempt| !attempt.key_is_young(self.payment.gateway, self.now.at))
        {
            return true;
        }
        self.payment.open_act().is_some()
            && self.payment.state != PaymentState::Processing(ProcessingReason::GatewayPending)
            && self.payment.rounds.saturating_add(1) >= Limits::ROUNDS_BEFORE_REVIEW
    }

    /// E7: another object that bears our id. The payment is not moved by it.
    fn foreign(self, holds_money: bool) -> Judgement {
        // What only an event says that proves nothing must not bar a payment: anybody might bar it.
        let reason = if self.payment.gateway.can_end_its_object() {
            ReviewReason::MoneyElsewhere
        } else {
            ReviewReason::MoneyElsewhereClaimed
        };
        let review = match self.review(reason) {
            Judgement::Change(event) if holds_money => Some(event),
            Judgement::Change(_) | Judgement::Nothing | Judgement::Foreign { .. } => None,
        };
        Judgement::Foreign { holds_money, review }
    }

    /// Keeps the state, and asks a person to look. Said once for each reason.
    fn review(self, reason: ReviewReason) -> Judgement {
        let news = self.payment.attention.is_none_or(|review| review.reason < reason);
        let fact = match (self.source, self.payment.unanswered_attempt()) {
            // Whatever its answer says, the key was answered: from here on it is looked at, and not sent again.
            (Source::Attempt(number, _), Some(attempt)) if attempt.number == number => Fact::AttemptAnswered { number },
            _ if news => Fact::ReviewAsked,
            _ => return self.nothing_new(),
        };
        let mut event = happened(self.payment, fact, self.now);
        event.review = news.then_some(reason);
        Judgement::Change(event)
    }

    fn change(self, fact: Fact) -> Judgement {
        Judgement::Change(happened(self.payment, fact, self.now))
    }
}
