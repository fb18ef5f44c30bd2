//! The auditor: compares rows with the gateway's own books, and knows nothing of how either came about.
//!
//! It checks the promises that can be seen from outside: P1 (at most one charge), P2 (`succeeded` if and only if exactly
//! one charge stands), P3 (no more goes back than was taken, and no more is offered), P4 (an end without money has proof),
//! and, once everything has come to rest, P7 (nothing is stuck).

mod refunds;

use std::collections::BTreeSet;

use domain::{
    gateway::ObjectStatus,
    id::{AttemptNumber, RefundId, gateway_key},
    payment::{
        Act, ActKind, ActProgress, Attempt, AttemptProgress, AttemptResult, AttemptSource, Payment, PaymentState,
        ProcessingReason, Refund, Status,
    },
    text::GatewayToken,
};

use crate::gateway::{Cause, Charge, SimGateway, Standing};

/// When the auditor comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hour {
    /// While things are under way: a row may know less than the gateway, never something else.
    Midway,
    /// When everything has come to rest: a row knows what the gateway knows.
    AtRest,
}

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breach {
    /// P1: so many charges stand for one payment.
    TwiceCharged(usize),
    /// P2: the row says `succeeded` with this amount, and the books do not.
    SucceededWithoutCharge(i64),
    /// P2: the row says that money is held, and none ever was.
    HeldWithoutCharge,
    /// P2: money stands at the gateway, and the row, long after, does not know.
    ChargeUnseen(&'static str),
    /// P4: the row says that the payment ended so, and the gateway's object has not ended.
    EndedWithoutProof(&'static str),
    /// P4: the row says that this attempt was declined, and the gateway never declined it.
    DeclinedWithoutProof(AttemptNumber),
    /// P4: the row says that this attempt did not charge, and it did.
    AttemptCharged(AttemptNumber),
    /// P3: more went back than was taken, or more is offered to go back than is left.
    RefundedTooMuch(i64),
    /// P2, P4: the row says this of a refund, and the gateway's books say something else.
    RefundUntrue(RefundId, &'static str),
    /// P2: money went back, and the row, long after, does not know.
    RefundUnseen(GatewayToken),
    /// P4: the row says that this attempt did not charge, and a payer or a bank is still at work on it.
    AttemptUnderWay(AttemptNumber),
    /// The row says that a capture, cancel or end of ours was done, and the gateway's books do not.
    ActNotDone(&'static str),
    /// The row says that the charge came to something else than the gateway says, or, long after, to nothing that is known.
    SettlementUntrue,
    /// P7: nothing happens any more, nobody was called, and the row still does not know.
    Stuck(&'static str),
}

/// What is wrong with this row.
#[must_use]
pub fn breaches(payment: &Payment, gateway: &SimGateway, hour: Hour) -> Vec<Breach> {
    let charges = gateway.charges();
    let ours: Vec<&Charge> = charges.iter().filter(|charge| charge.transaction_id == payment.id).collect();
    let mut breaches = Vec::new();
    let standing = ours.iter().filter(|charge| charge.stands()).count();
    if standing > 1 {
        breaches.push(Breach::TwiceCharged(standing));
    }
    let on_object: Vec<&Charge> = ours.into_iter().filter(|charge| charge.object == payment.object).collect();
    breaches.extend(state(payment, &on_object, gateway, hour));
    breaches.extend(payment.attempts.iter().filter_map(|its| attempt(payment, its, &on_object, gateway)));
    breaches.extend(payment.acts.iter().filter_map(|its| act(payment, its, &on_object, gateway)));
    breaches.extend(refunds::breaches(payment, gateway, hour));
    if is_settled_otherwise(payment, gateway, hour) {
        breaches.push(Breach::SettlementUntrue);
    }
    if hour == Hour::AtRest && is_stuck(payment, gateway) {
        breaches.push(Breach::Stuck(payment.state.name()));
    }
    breaches
}

fn state(payment: &Payment, charges: &[&Charge], gateway: &SimGateway, hour: Hour) -> Option<Breach> {
    let stands = |standing: Standing| charges.iter().find(|charge| charge.standing == standing);
    match &payment.state {
        PaymentState::Succeeded { captured } => {
            let minor_units = captured.minor_units();
            let is_true = stands(Standing::Captured).is_some_and(|charge| charge.minor_units == minor_units);
            (!is_true).then_some(Breach::SucceededWithoutCharge(minor_units))
        }
        PaymentState::Failed | PaymentState::Canceled | PaymentState::Expired => {
            let is_under_watch = hour == Hour::Midway && is_watched(payment, gateway);
            let proof = is_under_watch || is_over(&payment.object, gateway);
            (!proof).then_some(Breach::EndedWithoutProof(payment.state.name()))
        }
        PaymentState::RequiresCapture { .. } if hour == Hour::Midway => {
            let never_was = charges.iter().all(|charge| matches!(charge.standing, Standing::Declined(_)));
            never_was.then_some(Breach::HeldWithoutCharge)
        }
        PaymentState::RequiresCapture { .. } => stands(Standing::Held).is_none().then_some(Breach::HeldWithoutCharge),
        PaymentState::RequiresPaymentMethod | PaymentState::Processing(_) | PaymentState::RequiresAction(_) => {
            let unseen = hour == Hour::AtRest && charges.iter().any(|charge| charge.stands());
            unseen.then_some(Breach::ChargeUnseen(payment.state.name()))
        }
    }
}

fn attempt(payment: &Payment, attempt: &Attempt, charges: &[&Charge], gateway: &SimGateway) -> Option<Breach> {
    let AttemptSource::Api { .. } = attempt.source else { return None };
    let key = gateway_key::confirm(&payment.id, attempt.number);
    let of_this = |charge: &&&Charge| charge.is_of_key(&key);
    let AttemptProgress::Closed(result) = &attempt.progress else { return None };
    match result {
        AttemptResult::Charged => None,
        // What was refused while its payer had not approved may be served when they have; then the row says so.
        AttemptResult::NotCharged if gateway.is_order(&payment.object) => None,
        AttemptResult::Declined(decline)
            if gateway.is_order(&payment.object) && decline.code == "payment_method_unusable" =>
        {
            None
        }
        AttemptResult::Declined(_) | AttemptResult::NotCharged
            if charges.iter().filter(of_this).any(|charge| charge.stands()) =>
        {
            Some(Breach::AttemptCharged(attempt.number))
        }
        AttemptResult::Declined(_) | AttemptResult::NotCharged
            if gateway.awaited(&payment.object).is_some_and(|cause| cause == Cause::Request(key.clone())) =>
        {
            Some(Breach::AttemptUnderWay(attempt.number))
        }
        // A request that the gateway would not have was refused, not declined, and leaves no charge.
        AttemptResult::Declined(decline) if decline.code == "payment_method_unusable" => None,
        AttemptResult::Declined(_) => {
            let was = charges.iter().filter(of_this).any(|charge| matches!(charge.standing, Standing::Declined(_)));
            (!was).then_some(Breach::DeclinedWithoutProof(attempt.number))
        }
        AttemptResult::NotCharged => None,
    }
}

fn act(payment: &Payment, act: &Act, charges: &[&Charge], gateway: &SimGateway) -> Option<Breach> {
    if act.progress != ActProgress::Done {
        return None;
    }
    let is_true = match act.kind {
        ActKind::Capture { amount } => charges
            .iter()
            .any(|charge| charge.standing == Standing::Captured && charge.minor_units == amount.minor_units()),
        ActKind::Close { .. } => is_watched(payment, gateway) || is_over(&payment.object, gateway),
    };
    (!is_true).then_some(Breach::ActNotDone(act.kind.name()))
}

/// Whether an order has ended on our row alone and is watched: what was on its way to it may arrive, and is seen then.
fn is_watched(payment: &Payment, gateway: &SimGateway) -> bool {
    payment.look_owed && gateway.is_order(&payment.object)
}

/// P4: whether nothing can move on an object any more. An order of PayPal's does not end; it is over once nobody will ask
/// for its money, and that is so when nothing stands on it.
pub(crate) fn is_over(object: &GatewayToken, gateway: &SimGateway) -> bool {
    let has_ended = gateway
        .object(object)
        .is_some_and(|object| matches!(object.status, ObjectStatus::Canceled | ObjectStatus::Failed(_)));
    let stands = || gateway.charges().iter().any(|charge| charge.object == *object && charge.stands());
    has_ended || (gateway.is_order(object) && !stands())
}

/// Whether nobody knows how the payment stands, or something was left half done, and no person was called. What waits
/// for a bank is not stuck.
fn is_stuck(payment: &Payment, gateway: &SimGateway) -> bool {
    let at_the_bank =
        gateway.object(&payment.object).is_some_and(|object| matches!(object.status, ObjectStatus::Pending));
    let unknown = payment.state == PaymentState::Processing(ProcessingReason::OutcomeUnknown);
    let forgotten = !payment.state.is_terminal() && payment.due.is_none();
    let half_done = payment.open_act().is_some() && !at_the_bank;
    let refunding = payment.look_owed || payment.refunds.iter().any(Refund::is_in_doubt);
    payment.attention.is_none() && (unknown || forgotten || half_done || refunding)
}

/// Whether the row tells of its settlement what the gateway does not. Whoever was called has something else to do first.
fn is_settled_otherwise(payment: &Payment, gateway: &SimGateway, hour: Hour) -> bool {
    let told = payment.charge.as_ref().and_then(|charge| charge.settlement.as_ref());
    let charge = gateway.object(&payment.object).and_then(|object| object.charge);
    let is_true = charge.is_some_and(|charge| charge.settlement.as_ref() == told);
    let is_owed = hour == Hour::AtRest && payment.settlement_is_owed() && payment.attention.is_none();
    (told.is_some() && !is_true) || is_owed
}

/// P5: a charge of a request of ours that the bank had decided on before, however often it was sent.
pub(crate) fn decided_twice(charges: &[Charge]) -> Option<&Charge> {
    let mut keys = BTreeSet::new();
    charges.iter().find(|charge| match &charge.cause {
        Cause::Request(key) => !keys.insert(key),
        Cause::Browser => false,
    })
}

/// P9: whether a payment that stood at `from` may stand at `to` later.
pub(crate) const fn may_become(from: Status, to: Status) -> bool {
    match from {
        // The gateway's own object may lead anywhere.
        Status::RequiresPaymentMethod | Status::Processing | Status::RequiresAction => true,
        Status::RequiresCapture => is_end(to) || matches!(to, Status::RequiresCapture),
        Status::Succeeded => matches!(to, Status::Succeeded),
        // Money that moved after all.
        Status::Failed => matches!(to, Status::Failed | Status::Succeeded),
        Status::Canceled => matches!(to, Status::Canceled | Status::Succeeded),
        Status::Expired => matches!(to, Status::Expired | Status::Succeeded),
    }
}

/// Whether a payment that stands so is at its end.
pub(crate) const fn is_end(status: Status) -> bool {
    matches!(status, Status::Succeeded | Status::Failed | Status::Canceled | Status::Expired)
}

#[cfg(test)]
mod tests;
