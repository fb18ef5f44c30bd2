//! Answers commands. Pure: the same payment, command and circumstances give the same decision.
//!
//! Commands are narrow where evidence is wide: a client may only ask for what cannot collide with something whose
//! outcome nobody knows.

use super::{
    ACTS_MAX, ATTEMPTS_MAX, Act, ActKind, ActProgress, Attempt, AttemptProgress, AttemptSource, CancelReason,
    CancelRequest, CaptureRequest, Command, ConfirmRequest, End, Event, Fact, Instrument, Payment, PaymentState,
    ProcessingReason, REFUNDS_MAX, Refund, RefundProgress, RefundRequest, RefundSource, Rejection, ReviewReason,
    apply::establish, automatic, due::due, reattempt::permitted_now,
};
use crate::{
    gateway::{Charge, Gateway, NextAction},
    id::{IdempotencyKey, RequestHash},
    money::Money,
    time::Now,
};

/// What became of a command that was not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "it lives for one match and is moved once")]
pub enum Decision {
    /// This happens. Commit it.
    Execute(Event),
    /// The same request was executed before; its own attempt or act tells what came of it.
    AlreadyApplied,
    /// There is nothing to do.
    Nothing,
}

/// Decides what `command` does to `payment`.
///
/// # Errors
/// A [`Rejection`] if it may not be done. Nothing is changed then.
pub fn decide(payment: &Payment, command: &Command, now: &Now) -> Result<Decision, Rejection> {
    match command {
        Command::Confirm(request) => confirm(payment, request, now),
        Command::Capture(request) => capture(payment, request, now),
        Command::Cancel(request) => cancel(payment, request, now),
        Command::Refund(request) => refund(payment, request, now),
        Command::Expire => Ok(expire(payment, now)),
        Command::Reattempt => Ok(reattempt(payment, now)),
        Command::ConfirmApproved => Ok(confirm_approved(payment, now)),
        Command::Claim => Ok(claim(payment, now)),
    }
}

/// The event that `fact` makes, with the refund that the merchant's settings make of it, and the `due` of the row as it will be.
pub(super) fn happened(payment: &Payment, fact: Fact, now: &Now) -> Event {
    learned(payment, fact, None, now)
}

/// The same, where something was learned of the charge with it.
pub(super) fn learned(payment: &Payment, fact: Fact, charge: Option<&Charge>, now: &Now) -> Event {
    let mut event = Event { fact, at: now.at, due: None, review: None, charge: charge.cloned(), refund: None };
    let mut after = payment.clone();
    establish(&mut after, &event);
    event.refund = automatic::refund(&after, &event.fact, now);
    // Whoever writes a refund down with other business does not send it: somebody must, at once.
    event.due = if event.refund.is_some() { Some(now.at) } else { due(&after, &event.fact, now) };
    event
}

fn confirm(payment: &Payment, request: &ConfirmRequest, now: &Now) -> Result<Decision, Rejection> {
    let stored = payment.attempt_of(&request.key).and_then(|attempt| attempt.request_of(&request.key));
    if let Some(replay) = replay(stored, request.request_hash) {
        return replay;
    }
    if payment.open_act().is_some() {
        return Err(Rejection::InProgress);
    }
    match &payment.state {
        PaymentState::RequiresPaymentMethod | PaymentState::Processing(ProcessingReason::RetryScheduled { .. }) => {}
        // A PayPal order starts with its payer's approval; a Stripe payment in this state waits for 3-D Secure.
        PaymentState::RequiresAction(NextAction::Confirm | NextAction::Redirect(_))
            if payment.gateway == Gateway::PayPal => {}
        PaymentState::Processing(_) => return Err(Rejection::InProgress),
        PaymentState::RequiresAction(_)
        | PaymentState::RequiresCapture { .. }
        | PaymentState::Succeeded { .. }
        | PaymentState::Failed
        | PaymentState::Canceled
        | PaymentState::Expired => return Err(Rejection::InvalidState { state: payment.state.name() }),
    }
    if payment.is_barred() {
        return Err(Rejection::UnderReview);
    }
    if now.at >= payment.expires_at {
        return Err(Rejection::TimeIsOver);
    }
    if payment.attempts.len() >= ATTEMPTS_MAX {
        return Err(Rejection::TooManyAttempts);
    }
    fits(payment, request)?;
    if request.off_session {
        permitted_now(payment, &request.instrument, now.at).map_err(Rejection::ReattemptRefused)?;
    }
    let source = AttemptSource::Api {
        key: request.key.clone(),
        request_hash: request.request_hash,
        instrument: request.instrument.clone(),
        return_url: request.return_url.clone(),
        off_session: request.off_session,
        api_version: request.api_version.clone(),
    };
    Ok(Decision::Execute(start_attempt(payment, source, now)))
}

/// Whether what is to be charged is what the payment's gateway charges.
fn fits(payment: &Payment, request: &ConfirmRequest) -> Result<(), Rejection> {
    if request.return_url.is_some() && payment.terms.return_url.is_none() {
        return Err(Rejection::NoRedirects);
    }
    match (payment.gateway, &request.instrument) {
        (Gateway::Stripe, Instrument::Approved) => Err(Rejection::MethodMissing),
        (Gateway::PayPal, Instrument::PaymentMethod(_) | Instrument::ConfirmationToken(_)) => {
            Err(Rejection::MethodNotTaken)
        }
        (Gateway::PayPal, Instrument::Approved) if request.off_session => Err(Rejection::PayerMustBeThere),
        (Gateway::Stripe, Instrument::PaymentMethod(_) | Instrument::ConfirmationToken(_))
        | (Gateway::PayPal, Instrument::Approved) => Ok(()),
    }
}

fn start_attempt(payment: &Payment, source: AttemptSource, now: &Now) -> Event {
    let attempt =
        Attempt { number: payment.next_attempt(), source, started_at: now.at, progress: AttemptProgress::Unanswered };
    happened(payment, Fact::AttemptStarted(attempt), now)
}

/// What becomes of a request whose key stands in the row already, with the hash of its request.
fn replay(stored: Option<RequestHash>, asked: RequestHash) -> Option<Result<Decision, Rejection>> {
    let same =
        |stored| if stored == asked { Ok(Decision::AlreadyApplied) } else { Err(Rejection::IdempotencyKeyReused) };
    stored.map(same)
}

fn capture(payment: &Payment, request: &CaptureRequest, now: &Now) -> Result<Decision, Rejection> {
    let stored = payment.capture_of(&request.key).and_then(|act| act.request_of(&request.key));
    if let Some(replay) = replay(stored, request.request_hash) {
        return replay;
    }
    if payment.open_act().is_some() {
        return Err(Rejection::InProgress);
    }
    let capturable = match &payment.state {
        PaymentState::RequiresCapture { capturable } => *capturable,
        PaymentState::Processing(ProcessingReason::OutcomeUnknown | ProcessingReason::GatewayPending) => {
            return Err(Rejection::InProgress);
        }
        PaymentState::RequiresPaymentMethod
        | PaymentState::Processing(ProcessingReason::RetryScheduled { .. })
        | PaymentState::RequiresAction(_)
        | PaymentState::Succeeded { .. }
        | PaymentState::Failed
        | PaymentState::Canceled
        | PaymentState::Expired => return Err(Rejection::InvalidState { state: payment.state.name() }),
    };
    if payment.is_barred() {
        return Err(Rejection::UnderReview);
    }
    let amount = within(request.amount.unwrap_or(capturable), capturable, Rejection::AmountExceedsCapturable)?;
    open_act(payment, ActKind::Capture { amount }, Some((request.key.clone(), request.request_hash)), None, now)
}

fn within(amount: Money, most: Money, exceeded: Rejection) -> Result<Money, Rejection> {
    if amount.currency() != most.currency() {
        return Err(Rejection::CurrencyMismatch);
    }
    if amount.is_within(most) { Ok(amount) } else { Err(exceeded) }
}

/// Reserves the amount: from here on nobody else can refund the same money.
fn refund(payment: &Payment, request: &RefundRequest, now: &Now) -> Result<Decision, Rejection> {
    let stored = payment.refund_of(&request.key).and_then(|refund| refund.request_of(&request.key));
    if let Some(replay) = replay(stored, request.request_hash) {
        return replay;
    }
    match &payment.state {
        PaymentState::Succeeded { .. } => {}
        PaymentState::Processing(ProcessingReason::OutcomeUnknown | ProcessingReason::GatewayPending) => {
            return Err(Rejection::InProgress);
        }
        PaymentState::RequiresPaymentMethod
        | PaymentState::Processing(ProcessingReason::RetryScheduled { .. })
        | PaymentState::RequiresAction(_)
        | PaymentState::RequiresCapture { .. }
        | PaymentState::Failed
        | PaymentState::Canceled
        | PaymentState::Expired => return Err(Rejection::InvalidState { state: payment.state.name() }),
    }
    // Money that moved too late, or twice, is what refunds are for. Money of which nobody knows how much it is, is not.
    if payment.attention.is_some_and(|review| review.reason == ReviewReason::ObjectMismatch) {
        return Err(Rejection::UnderReview);
    }
    let refundable = payment.refundable();
    let (wanted, left) = (request.amount.unwrap_or(refundable), payment.not_refunded());
    // What a dispute holds is there, and not the merchant's to give.
    let is_held = refundable != left && wanted.is_within(left);
    let exceeded = if is_held { Rejection::HeldByDispute } else { Rejection::AmountExceedsRefundable };
    let amount = within(wanted, refundable, exceeded)?;
    if amount.minor_units() == 0 {
        return Err(exceeded);
    }
    if payment.refunds.len() >= REFUNDS_MAX {
        return Err(Rejection::TooManyRefunds);
    }
    let source = RefundSource::Api { key: request.key.clone(), request_hash: request.request_hash };
    let refund = Refund {
        id: request.id.clone(),
        source,
        amount,
        reason: request.reason,
        reference: None,
        started_at: now.at,
        progress: RefundProgress::Unanswered,
    };
    Ok(Decision::Execute(happened(payment, Fact::RefundStarted(refund), now)))
}

fn cancel(payment: &Payment, request: &CancelRequest, now: &Now) -> Result<Decision, Rejection> {
    let stored = payment.cancel_of(&request.key).and_then(|act| act.request_of(&request.key));
    if let Some(replay) = replay(stored, request.request_hash) {
        return replay;
    }
    if payment.state.is_terminal() {
        return Err(Rejection::InvalidState { state: payment.state.name() });
    }
    if payment.open_act().is_some() || payment.unanswered_attempt().is_some() {
        return Err(Rejection::InProgress);
    }
    let asked_by = Some((request.key.clone(), request.request_hash));
    open_act(payment, ActKind::Close { ends_as: End::Canceled }, asked_by, request.reason, now)
}

fn expire(payment: &Payment, now: &Now) -> Decision {
    let waits_for_payer = match payment.state {
        PaymentState::RequiresPaymentMethod | PaymentState::RequiresAction(_) => true,
        // What the gateway is at work on, or holds, or we have yet to try again, is not the payer's to be late with.
        PaymentState::Processing(_)
        | PaymentState::RequiresCapture { .. }
        | PaymentState::Succeeded { .. }
        | PaymentState::Failed
        | PaymentState::Canceled
        | PaymentState::Expired => false,
    };
    if !waits_for_payer
        || now.at < payment.expires_at
        || payment.open_act().is_some()
        || payment.unanswered_attempt().is_some()
    {
        return Decision::Nothing;
    }
    open_act(payment, ActKind::Close { ends_as: End::Expired }, None, None, now).unwrap_or(Decision::Nothing)
}

fn open_act(
    payment: &Payment,
    kind: ActKind,
    request: Option<(IdempotencyKey, RequestHash)>,
    reason: Option<CancelReason>,
    now: &Now,
) -> Result<Decision, Rejection> {
    // Ending a payment must never fail on a bound. It is asked for once, for a close stays open until the end.
    if matches!(kind, ActKind::Capture { .. }) && payment.acts.len() >= ACTS_MAX {
        return Err(Rejection::TooManyAttempts);
    }
    let act = Act { kind, request, started_at: now.at, reason, progress: ActProgress::Open };
    Ok(Decision::Execute(happened(payment, Fact::ActOpened(act), now)))
}

fn reattempt(payment: &Payment, now: &Now) -> Decision {
    let PaymentState::Processing(ProcessingReason::RetryScheduled { at }) = payment.state else {
        return Decision::Nothing;
    };
    if payment.is_barred() {
        return Decision::Nothing;
    }
    let last_asked = payment.attempts.iter().rev().find(|attempt| matches!(attempt.source, AttemptSource::Api { .. }));
    match last_asked {
        Some(attempt) if at <= now.at && payment.open_act().is_none() && payment.attempts.len() < ATTEMPTS_MAX => {
            Decision::Execute(start_attempt(payment, attempt.source.clone(), now))
        }
        Some(_) | None => Decision::Nothing,
    }
}

fn confirm_approved(payment: &Payment, now: &Now) -> Decision {
    let may_be_charged = payment.state == PaymentState::RequiresAction(NextAction::Confirm)
        && payment.confirms_itself()
        && payment.open_act().is_none()
        && !payment.is_barred()
        && now.at < payment.expires_at;
    if may_be_charged {
        Decision::Execute(start_attempt(payment, AttemptSource::Automatic, now))
    } else {
        Decision::Nothing
    }
}

fn claim(payment: &Payment, now: &Now) -> Decision {
    if payment.due.is_some_and(|due| due <= now.at) {
        Decision::Execute(happened(payment, Fact::Claimed, now))
    } else {
        Decision::Nothing
    }
}
