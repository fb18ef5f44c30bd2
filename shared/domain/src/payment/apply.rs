//! Moves a payment along by what happened. Total: every event applies to every payment, because an event was decided
//! on the very version it is applied to. No rule lives here; rules are in `decide` and `judge`.

use super::{
    ATTEMPTS_MAX, Act, ActKind, ActProgress, AfterDecline, Attempt, AttemptProgress, AttemptResult, AttemptSource, End,
    Event, Fact, Payment, PaymentState, ProcessingReason, Refund, Review, ReviewReason, dispute::disputed,
    warning::warned,
};
use crate::{gateway::NextAction, money::Money, schedule::Limits, time::Timestamp};

/// Moves `payment` along by `event`.
pub fn apply(payment: &mut Payment, event: &Event) {
    establish(payment, event);
    payment.due = event.due;
    payment.updated_at = event.at;
    payment.version = payment.version.saturating_add(1);
    if let Some(refund) = &event.refund {
        reserve(payment, refund);
    }
    match event.review {
        // It may be over again, and takes the place of nothing that stays.
        Some(ReviewReason::RefundUnknown) => {
            payment.refund_unknown.get_or_insert(event.at);
        }
        // The first reason stands, until a graver one comes.
        Some(reason) if payment.attention.is_none_or(|review| review.reason < reason) => {
            payment.attention = Some(Review { since: event.at, reason });
        }
        Some(_) | None => {}
    }
}

/// Takes a refund into the row: one that was made of an event, or one as it stands now.
pub(super) fn reserve(payment: &mut Payment, refund: &Refund) {
    refunded(payment, refund);
    payment.rounds = 0;
}

/// What `event` makes of the payment, before `due` and version are set.
pub(super) fn establish(payment: &mut Payment, event: &Event) {
    let Event { fact, at, charge, .. } = event;
    let at = *at;
    let before = payment.state.clone();
    if let Some(charge) = charge {
        payment.charge = Some(charge.clone());
    }
    match fact {
        Fact::AttemptStarted(attempt) => {
            payment.attempts.push(attempt.clone());
            payment.state = PaymentState::Processing(ProcessingReason::OutcomeUnknown);
        }
        Fact::AttemptAnswered { .. } => progress(payment, AttemptProgress::Answered),
        Fact::AttemptDeclined { decline, then, .. } => {
            close_attempt(payment, AttemptResult::Declined(decline.clone()));
            declined(payment, *then, at);
        }
        Fact::AttemptNotCharged { .. } => {
            close_attempt(payment, AttemptResult::NotCharged);
            payment.state = payment.waiting();
        }
        Fact::ActionRequired(next_action) => {
            match next_action {
                // What has yet to be confirmed was not charged by whoever tried before.
                NextAction::Confirm => close_attempt(payment, AttemptResult::NotCharged),
                // Nor has an order charged whose payer has yet to approve it: the next confirm is another.
                NextAction::Redirect(_) if !payment.gateway.can_end_its_object() => {
                    close_attempt(payment, AttemptResult::NotCharged);
                }
                NextAction::Redirect(_) | NextAction::UseGatewaySdk => progress(payment, AttemptProgress::Answered),
            }
            payment.state = PaymentState::RequiresAction(next_action.clone());
        }
        Fact::GatewayPending => {
            progress(payment, AttemptProgress::Answered);
            payment.state = PaymentState::Processing(ProcessingReason::GatewayPending);
        }
        Fact::MethodRequired => payment.state = payment.waiting(),
        Fact::Authorized { capturable } => {
            charged(payment, at);
            payment.state = PaymentState::RequiresCapture { capturable: *capturable };
        }
        Fact::Captured { amount } => captured(payment, *amount, at),
        Fact::CapturedLate { amount } => {
            captured(payment, *amount, at);
            // While the row stood at its end, nobody listened to what was said about refunds.
            payment.look_owed = true;
        }
        Fact::Ended(end) => ended(payment, *end),
        Fact::EndedHere(end) => {
            ended(payment, *end);
            // A request that was answered may have been sent before, and be on its way.
            payment.look_owed = !payment.attempts.is_empty();
        }
        Fact::ActOpened(act) => payment.acts.push(act.clone()),
        Fact::ActRefused { code } => close_act(payment, ActProgress::Refused { code: code.clone() }),
        Fact::DisputeMoved(dispute) => disputed(payment, dispute),
        Fact::FraudWarned(warning) => warned(payment, warning),
        Fact::RefundStarted(refund) => refunded(payment, refund),
        Fact::RefundsMoved(refunds) => refunds.iter().for_each(|refund| refunded(payment, refund)),
        Fact::RefundsCompared(refunds) => {
            refunds.iter().for_each(|refund| refunded(payment, refund));
            payment.look_owed = false;
        }
        Fact::RefundsHinted => payment.look_owed = true,
        Fact::Looked => payment.look_owed = false,
        Fact::SettlementNotTold => payment.settlement_looks = payment.settlement_looks.saturating_add(1),
        // Of what stands at its end, somebody has said that money may have moved after all.
        Fact::LookAsked if payment.has_ended_without_money() => payment.look_owed = true,
        Fact::OutcomeUnknown { .. }
        | Fact::Claimed
        | Fact::LookAsked
        | Fact::ReviewAsked
        | Fact::ChargeTold
        | Fact::StillPending => {}
    }
    payment.rounds = rounds(payment, fact, &before);
    if !payment.is_in_doubt() && !payment.refunds_are_unread() {
        // Whatever nobody knew before is known now.
        payment.attention = payment.attention.filter(|review| review.reason != ReviewReason::OutcomeUnknown);
        payment.refund_unknown = None;
    }
}

/// Rounds count up while nothing moves, and start anew when something does.
fn rounds(payment: &Payment, fact: &Fact, before: &PaymentState) -> u32 {
    let refunds_were_read = matches!((fact, &payment.state), (Fact::Looked, PaymentState::Succeeded { .. }));
    if refunds_were_read && !payment.is_in_doubt() {
        // A bank takes its time. Looks stay as rare as they have become, and are no rounds without an answer.
        return payment.rounds.saturating_add(1).min(Limits::RAREST_LOOK);
    }
    if matches!(fact, Fact::Looked | Fact::StillPending | Fact::OutcomeUnknown { .. }) {
        return payment.rounds.saturating_add(1);
    }
    if matches!(fact, Fact::Claimed) && payment.unanswered_attempt().is_some() {
        // Whoever takes it now is not the first to send it.
        return payment.rounds.max(1);
    }
    if matches!(fact, Fact::Claimed) && payment.is_to_be_charged() {
        // The charge begins in the same look, and its rounds anew; unless the merchant has paused it, and then looks become rare.
        return payment.rounds.saturating_add(1);
    }
    let begins = matches!(
        fact,
        Fact::ActOpened(_)
            | Fact::AttemptStarted(_)
            | Fact::RefundStarted(_)
            | Fact::RefundsMoved(_)
            | Fact::RefundsCompared(_)
    );
    if payment.state == *before && !begins { payment.rounds } else { 0 }
}

fn declined(payment: &mut Payment, then: AfterDecline, at: Timestamp) {
    payment.state = match then {
        AfterDecline::AwaitMethod => payment.waiting(),
        AfterDecline::Reattempt { at } => PaymentState::Processing(ProcessingReason::RetryScheduled { at }),
        AfterDecline::GiveUp => {
            let kind = ActKind::Close { ends_as: End::Failed };
            if payment.open_act().is_none() {
                payment.acts.push(Act {
                    kind,
                    request: None,
                    started_at: at,
                    reason: None,
                    progress: ActProgress::Open,
                });
            }
            payment.waiting()
        }
        AfterDecline::End => {
            close_act(payment, ActProgress::Overtaken);
            PaymentState::Failed
        }
    };
}

fn captured(payment: &mut Payment, amount: Money, at: Timestamp) {
    if !matches!(payment.state, PaymentState::RequiresCapture { .. }) {
        charged(payment, at);
    }
    let is_ours = |act: &&mut Act| {
        act.kind == ActKind::Capture { amount }
            && matches!(act.progress, ActProgress::Open | ActProgress::Refused { .. })
    };
    match payment.acts.last_mut().filter(is_ours) {
        // Also where it was refused: that was a second sending, and the first one has taken the money.
        Some(act) => act.progress = ActProgress::Done,
        // Taken for another amount, it was somebody else's capture.
        None => close_act(payment, ActProgress::Overtaken),
    }
    payment.state = PaymentState::Succeeded { captured: amount };
}

fn ended(payment: &mut Payment, end: End) {
    if payment.open_attempt().is_some() {
        close_attempt(payment, AttemptResult::NotCharged);
    }
    let end_was_asked = payment.open_act().is_some_and(|act| act.ends_as().is_some());
    close_act(payment, if end_was_asked { ActProgress::Done } else { ActProgress::Overtaken });
    payment.state = match end {
        End::Canceled => PaymentState::Canceled,
        End::Expired => PaymentState::Expired,
        End::Failed => PaymentState::Failed,
    };
    payment.look_owed = false;
}

/// The open attempt charged; where none is open, the payer's browser did it at the gateway.
fn charged(payment: &mut Payment, at: Timestamp) {
    let by_us = payment.open_attempt().is_some() || !payment.gateway.can_end_its_object();
    if let Some(last) = payment.attempts.last_mut().filter(|_| by_us) {
        // However it was thought to have ended: what was refused may have been sent before, and have found an order that was
        // approved meanwhile.
        last.progress = AttemptProgress::Closed(AttemptResult::Charged);
    } else if payment.attempts.len() < ATTEMPTS_MAX {
        // Beyond the bound the charge is not listed; recording a success never fails.
        payment.attempts.push(Attempt {
            number: payment.next_attempt(),
            source: AttemptSource::Gateway,
            started_at: at,
            progress: AttemptProgress::Closed(AttemptResult::Charged),
        });
    }
}

fn refunded(payment: &mut Payment, refund: &Refund) {
    match payment.refunds.iter_mut().find(|known| known.id == refund.id) {
        Some(known) => *known = refund.clone(),
        None => payment.refunds.push(refund.clone()),
    }
}

fn close_attempt(payment: &mut Payment, result: AttemptResult) {
    progress(payment, AttemptProgress::Closed(result));
}

fn progress(payment: &mut Payment, to: AttemptProgress) {
    if let Some(attempt) = payment.attempts.last_mut().filter(|attempt| attempt.is_open()) {
        attempt.progress = to;
    }
}

fn close_act(payment: &mut Payment, to: ActProgress) {
    if let Some(act) = payment.acts.last_mut().filter(|act| act.progress == ActProgress::Open) {
        act.progress = to;
    }
}
