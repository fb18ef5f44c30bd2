//! When somebody must look at a row again. One pure rule is asked after every change, so that no state can be forgotten:
//! a row that is not at its end always has a `due`.

use super::{Fact, Payment, PaymentState, ProcessingReason, Refund};
use crate::{
    gateway::NextAction,
    schedule::{Limits, backoff, look_delay},
    time::{Now, Timestamp},
};

impl Payment {
    /// Whether its payer has approved it, and Quittance is about to charge it.
    #[must_use]
    pub fn is_to_be_charged(&self) -> bool {
        self.state == PaymentState::RequiresAction(NextAction::Confirm) && self.confirms_itself()
    }
}

/// The moment after which somebody must look at `after`, the row as `fact` leaves it. None: it is at its end.
#[must_use]
pub(super) fn due(after: &Payment, fact: &Fact, now: &Now) -> Option<Timestamp> {
    let limits = now.limits;
    let in_call = now.at.plus(limits.gateway_timeout.saturating_mul(2));
    if let Fact::DisputeMoved(_) | Fact::FraudWarned(_) = fact {
        // Disputes and warnings have rows and a `due` of their own.
        return after.due;
    }
    let is_over = after.state.is_terminal() && !after.awaits_refunds() && !after.settlement_is_owed();
    if is_over && !after.watches_refunds(now.at) {
        return None;
    }
    // Facts that say themselves when to look.
    match fact {
        Fact::AttemptStarted(_) | Fact::ActOpened(_) | Fact::RefundStarted(_) | Fact::Claimed => {
            return Some(in_call.max(now.at.plus(backoff(after.rounds, limits, now.dice))));
        }
        // The look that was asked for, and the fetch that an answered attempt still needs.
        Fact::LookAsked | Fact::RefundsHinted | Fact::AttemptAnswered { .. } => return Some(now.at),
        // Until then, what was sent to it may arrive.
        Fact::EndedHere(_) => return Some(now.at.plus(Limits::ON_ITS_WAY)),
        // Its refunds were told before it was.
        Fact::Captured { .. } | Fact::CapturedLate { .. } if after.look_owed => return Some(now.at),
        // A bank takes days; nobody hurries it.
        Fact::StillPending => return Some(now.at.plus(look_delay(after.rounds, limits))),
        Fact::OutcomeUnknown { .. } if !is_over => {
            return Some(now.at.plus(backoff(after.rounds, limits, now.dice)));
        }
        // Nobody waits for what is only watched: the next look is soon enough.
        Fact::OutcomeUnknown { .. } => {}
        Fact::AttemptDeclined { .. }
        | Fact::AttemptNotCharged { .. }
        | Fact::ActionRequired(_)
        | Fact::GatewayPending
        | Fact::MethodRequired
        | Fact::Authorized { .. }
        | Fact::Captured { .. }
        | Fact::CapturedLate { .. }
        | Fact::Ended(_)
        | Fact::ActRefused { .. }
        | Fact::RefundsMoved(_)
        | Fact::RefundsCompared(_)
        | Fact::DisputeMoved(_)
        | Fact::FraudWarned(_)
        | Fact::ChargeTold
        | Fact::SettlementNotTold
        | Fact::Looked
        | Fact::ReviewAsked => {}
    }
    if after.open_act().is_some() || after.refunds.iter().any(Refund::is_in_doubt) {
        let soon = now.at.plus(backoff(after.rounds, limits, now.dice));
        // A look before that would prove nothing.
        return Some(after.quiet_from(limits).map_or(soon, |quiet_from| quiet_from.max(soon)));
    }
    let look = now.at.plus(look_delay(after.rounds, limits));
    match &after.state {
        PaymentState::RequiresPaymentMethod | PaymentState::RequiresAction(_) => {
            Some(look.min(after.expires_at.max(now.at)))
        }
        PaymentState::Processing(ProcessingReason::RetryScheduled { at }) => {
            Some((*at).max(now.at.plus(backoff(after.rounds, limits, now.dice))))
        }
        PaymentState::Processing(ProcessingReason::OutcomeUnknown) => {
            Some(now.at.plus(backoff(after.rounds, limits, now.dice)))
        }
        PaymentState::Processing(ProcessingReason::GatewayPending) | PaymentState::RequiresCapture { .. } => Some(look),
        PaymentState::Succeeded { .. } => {
            // The gateway takes its time with a refund, or has yet to tell what the charge came to, or may give a refund up.
            let refunds = after.awaits_refunds().then_some(look);
            let settlement = now.at.plus(look_delay(after.settlement_looks, limits));
            let settlement = after.settlement_is_owed().then_some(settlement);
            refunds.into_iter().chain(settlement).chain(after.next_watch(now.at)).min()
        }
        PaymentState::Failed | PaymentState::Canceled | PaymentState::Expired => Some(look),
    }
}
