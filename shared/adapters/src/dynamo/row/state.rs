//! Where a payment stands, in a row: one word, and beside it what that state bears.

use domain::{
    gateway::NextAction,
    money::Currency,
    payment::{Payment, PaymentState, ProcessingReason},
    text::WebUrl,
};

use super::{
    super::attributes::{Attributes, Unfit, Written},
    minor_units, money, time,
};

const STATE: &str = "st";
const REASON: &str = "sr";
const REATTEMPT_AT: &str = "sa";
const NEXT_ACTION: &str = "sn";
const URL: &str = "su";
const MONEY: &str = "sm";

/// Writes the state.
pub(super) fn write(row: Written, payment: &Payment) -> Result<Written, Unfit> {
    let units = |money| minor_units(money, payment.terms.amount.currency(), MONEY);
    Ok(match &payment.state {
        PaymentState::RequiresPaymentMethod => row.text(STATE, "requires_payment_method"),
        PaymentState::Processing(reason) => write_reason(row.text(STATE, "processing"), *reason),
        PaymentState::RequiresAction(action) => write_action(row.text(STATE, "requires_action"), action),
        PaymentState::RequiresCapture { capturable } => {
            row.text(STATE, "requires_capture").number(MONEY, units(*capturable)?)
        }
        PaymentState::Succeeded { captured } => row.text(STATE, "succeeded").number(MONEY, units(*captured)?),
        PaymentState::Failed => row.text(STATE, "failed"),
        PaymentState::Canceled => row.text(STATE, "canceled"),
        PaymentState::Expired => row.text(STATE, "expired"),
    })
}

/// Reads it back.
pub(super) fn read(row: &Attributes<'_>, currency: Currency) -> Result<PaymentState, Unfit> {
    Ok(match row.text(STATE)? {
        "requires_payment_method" => PaymentState::RequiresPaymentMethod,
        "processing" => PaymentState::Processing(read_reason(row)?),
        "requires_action" => PaymentState::RequiresAction(read_action(row)?),
        "requires_capture" => PaymentState::RequiresCapture { capturable: money(row, MONEY, currency)? },
        "succeeded" => PaymentState::Succeeded { captured: money(row, MONEY, currency)? },
        "failed" => PaymentState::Failed,
        "canceled" => PaymentState::Canceled,
        "expired" => PaymentState::Expired,
        _ => return Err(row.unfit(STATE, "is a state that this release does not know")),
    })
}

fn write_reason(row: Written, reason: ProcessingReason) -> Written {
    match reason {
        ProcessingReason::GatewayPending => row.text(REASON, "gateway_pending"),
        ProcessingReason::OutcomeUnknown => row.text(REASON, "outcome_unknown"),
        ProcessingReason::RetryScheduled { at } => {
            row.text(REASON, "retry_scheduled").number(REATTEMPT_AT, at.unix_ms())
        }
    }
}

fn read_reason(row: &Attributes<'_>) -> Result<ProcessingReason, Unfit> {
    Ok(match row.text(REASON)? {
        "gateway_pending" => ProcessingReason::GatewayPending,
        "outcome_unknown" => ProcessingReason::OutcomeUnknown,
        "retry_scheduled" => ProcessingReason::RetryScheduled { at: time(row, REATTEMPT_AT)? },
        _ => return Err(row.unfit(REASON, "is a reason that this release does not know")),
    })
}

fn write_action(row: Written, action: &NextAction) -> Written {
    match action {
        NextAction::Redirect(url) => row.text(NEXT_ACTION, "redirect").text(URL, url.as_str()),
        NextAction::UseGatewaySdk => row.text(NEXT_ACTION, "use_gateway_sdk"),
        NextAction::Confirm => row.text(NEXT_ACTION, "confirm"),
    }
}

fn read_action(row: &Attributes<'_>) -> Result<NextAction, Unfit> {
    Ok(match row.text(NEXT_ACTION)? {
        "redirect" => NextAction::Redirect(row.parsed(URL, WebUrl::parse)?),
        "use_gateway_sdk" => NextAction::UseGatewaySdk,
        "confirm" => NextAction::Confirm,
        _ => return Err(row.unfit(NEXT_ACTION, "is an action that this release does not know")),
    })
}
