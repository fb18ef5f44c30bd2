//! The payment as every answer shows it: one shape, every field always there.
//!
//! Must never: show a client's idempotency key, a request hash or a gateway token.

use std::collections::BTreeMap;

use domain::decline::{Advice, Decline};
use domain::gateway::{Gateway, NextAction};
use domain::id::AttemptNumber;
use domain::money::Money;
use domain::payment::{
    Act, ActKind, Attempt, AttemptProgress, AttemptResult, AttemptSource, CancelReason, Cause, End, Instrument,
    Payment, PaymentState, PaymentWarning, ProcessingReason, Reattempt, Refund, RefundProgress, RefundReason,
    RefundSource, Review, Ruling,
};
use domain::settlement::Settlement;
use schemars::JsonSchema;
use serde::Serialize;

use super::dispute_json::PaymentDisputeJson;
use super::schema::{
    CURRENCY, MOMENT, REFUND_ID, TRANSACTION_ID, acts, advices, attempt_sources, attempt_statuses, cancel_reasons,
    decline_categories, ends, gateways, methods, payment_statuses, processing_reasons, reattempt_refusals,
    refund_reasons, refund_sources, refund_statuses, review_reasons,
};
use crate::rfc3339;

/// A payment as clients see it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Payment")]
pub struct PaymentJson {
    /// Made from the `Idempotency-Key` of the request that opened it.
    #[schemars(extend("pattern" = TRANSACTION_ID))]
    transaction_id: String,
    #[schemars(extend("enum" = payment_statuses()))]
    status: &'static str,
    #[schemars(extend("enum" = processing_reasons()))]
    processing_reason: Option<&'static str>,
    /// What was asked for, in minor units.
    amount: i64,
    /// ISO 4217.
    #[schemars(extend("pattern" = CURRENCY))]
    currency: &'static str,
    #[schemars(extend("enum" = gateways()))]
    gateway: &'static str,
    /// The merchant's own name for it.
    reference: Option<String>,
    next_action: Option<NextActionJson>,
    pending: Option<ActJson>,
    attention: Option<ReviewJson>,
    /// Held, may be captured.
    amount_capturable: i64,
    /// Taken.
    amount_captured: i64,
    /// What of it is left to refund.
    amount_refundable: i64,
    /// What has gone back.
    amount_refunded: i64,
    settlement: Option<SettlementJson>,
    attempts: Vec<AttemptJson>,
    reattempt: Option<ReattemptJson>,
    refunds: Vec<RefundJson>,
    disputes: Vec<PaymentDisputeJson>,
    fraud_warnings: Vec<WarningJson>,
    metadata: BTreeMap<String, String>,
    /// Counts the changes: of two answers the one with the higher version is the newer.
    version: u64,
    #[schemars(extend("format" = MOMENT))]
    created_at: String,
    #[schemars(extend("format" = MOMENT))]
    updated_at: String,
    /// When the payer's time is over.
    #[schemars(extend("format" = MOMENT))]
    expires_at: String,
}

/// What is to be done next. A client secret and an address are for the payer's browser alone: events do not bear them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
#[schemars(rename = "NextAction")]
enum NextActionJson {
    ProvidePaymentMethod { client_secret: Option<String> },
    Redirect { url: Option<String> },
    UseGatewaySdk { client_secret: Option<String> },
    Confirm,
}

/// A capture, cancel or end that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PendingAct")]
struct ActJson {
    #[schemars(extend("enum" = acts()))]
    kind: &'static str,
    amount: Option<i64>,
    #[schemars(extend("enum" = ends()))]
    ends_as: Option<&'static str>,
    #[schemars(extend("enum" = cancel_reasons()))]
    reason: Option<&'static str>,
    #[schemars(extend("format" = MOMENT))]
    started_at: String,
}

/// What a person must look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Attention")]
pub(super) struct ReviewJson {
    #[schemars(extend("format" = MOMENT))]
    since: String,
    #[schemars(extend("enum" = review_reasons()))]
    reason: &'static str,
}

/// One try at confirming a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Attempt")]
struct AttemptJson {
    number: u32,
    #[schemars(extend("enum" = attempt_statuses()))]
    status: &'static str,
    #[schemars(extend("enum" = attempt_sources()))]
    source: &'static str,
    #[schemars(extend("enum" = methods()))]
    method: Option<&'static str>,
    /// Whether the payer was away.
    off_session: bool,
    #[schemars(extend("format" = MOMENT))]
    started_at: String,
    decline: Option<DeclineJson>,
}

/// Whether a method that was declined while its payer was away is tried once more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Reattempt")]
struct ReattemptJson {
    #[schemars(extend("format" = MOMENT))]
    scheduled_at: Option<String>,
    #[schemars(extend("enum" = reattempt_refusals()))]
    refused: Option<&'static str>,
    /// How often it was tried again.
    made: usize,
    /// How often it may be.
    most: usize,
}

/// What the charge came to in the merchant's own account, once the gateway has told: minor units of `currency`, but for the fee,
/// which is in its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Settlement")]
struct SettlementJson {
    #[schemars(extend("pattern" = CURRENCY))]
    currency: &'static str,
    gross: Option<i64>,
    fee: i64,
    #[schemars(extend("pattern" = CURRENCY))]
    fee_currency: &'static str,
    net: i64,
    /// A decimal number, digit by digit as the gateway wrote it.
    exchange_rate: Option<String>,
}

/// Money that goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Refund")]
pub(super) struct RefundJson {
    #[schemars(extend("pattern" = REFUND_ID))]
    refund_id: String,
    #[schemars(extend("enum" = refund_statuses()))]
    status: &'static str,
    amount: i64,
    #[schemars(extend("enum" = refund_sources()))]
    source: &'static str,
    #[schemars(extend("enum" = refund_reasons()))]
    reason: Option<&'static str>,
    /// The gateway's code for why it failed.
    failure_code: Option<String>,
    #[schemars(extend("format" = MOMENT))]
    created_at: String,
}

/// What a bank has said of fraud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FraudWarning")]
struct WarningJson {
    warning_id: String,
    /// The gateway's word for the fraud.
    #[serde(rename = "type")]
    kind: String,
    /// Whether a refund may still help.
    actionable: bool,
    #[schemars(extend("format" = MOMENT))]
    created_at: String,
}

/// Why an issuer said no, and what may be done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Decline")]
pub struct DeclineJson {
    #[schemars(extend("enum" = decline_categories()))]
    category: &'static str,
    code: &'static str,
    /// The gateway's own code. It may say that somebody is suspected: keep it from the payer.
    gateway_code: String,
    network_code: Option<String>,
    #[schemars(extend("enum" = advices()))]
    advice: Option<&'static str>,
    /// May be shown to the payer.
    pub(super) payer_message: &'static str,
}

impl PaymentJson {
    /// The payment as events show it: without what only the payer's browser may have. Whoever holds the client secret may act as the
    /// payer, and a page that the payer is sent to bears it, as a rule, in its address.
    pub(super) fn of_an_event(payment: &Payment) -> Self {
        let shown = Self::from(payment);
        let next_action = shown.next_action.map(|action| match action {
            NextActionJson::ProvidePaymentMethod { .. } => NextActionJson::ProvidePaymentMethod { client_secret: None },
            NextActionJson::Redirect { .. } => NextActionJson::Redirect { url: None },
            NextActionJson::UseGatewaySdk { .. } => NextActionJson::UseGatewaySdk { client_secret: None },
            NextActionJson::Confirm => NextActionJson::Confirm,
        });
        Self { next_action, ..shown }
    }

    /// The decline of an attempt, if that is how it ended.
    #[must_use]
    pub fn decline_of(&self, number: AttemptNumber) -> Option<&DeclineJson> {
        self.attempts.iter().find(|attempt| attempt.number == number.get()).and_then(|attempt| attempt.decline.as_ref())
    }
}

impl From<&Payment> for PaymentJson {
    fn from(payment: &Payment) -> Self {
        let Payment { id, gateway, terms, state, attempts, version, created_at, updated_at, expires_at, .. } = payment;
        Self {
            transaction_id: id.as_str().to_owned(),
            status: state.name(),
            processing_reason: processing_reason(state).map(ProcessingReason::name),
            amount: terms.amount.minor_units(),
            currency: terms.amount.currency().code(),
            gateway: gateway_name(*gateway),
            reference: terms.reference.as_ref().map(|text| text.as_str().to_owned()),
            next_action: next_action(payment),
            pending: payment.open_act().map(ActJson::from),
            attention: payment.review().map(ReviewJson::from),
            amount_capturable: payment.capturable().minor_units(),
            amount_captured: payment.captured().minor_units(),
            amount_refundable: payment.refundable().minor_units(),
            amount_refunded: payment.refunded().minor_units(),
            settlement: payment.charge.as_ref().and_then(|it| it.settlement.as_ref()).map(SettlementJson::from),
            attempts: attempts.iter().map(AttemptJson::from).collect(),
            reattempt: payment.reattempt().map(ReattemptJson::from),
            refunds: payment.refunds.iter().map(RefundJson::from).collect(),
            disputes: payment.disputes.iter().map(PaymentDisputeJson::from).collect(),
            fraud_warnings: payment.warnings.iter().map(WarningJson::from).collect(),
            metadata: terms.metadata.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            version: *version,
            created_at: rfc3339::format(*created_at),
            updated_at: rfc3339::format(*updated_at),
            expires_at: rfc3339::format(*expires_at),
        }
    }
}

impl From<&Act> for ActJson {
    fn from(act: &Act) -> Self {
        let (amount, ends_as) = match act.kind {
            ActKind::Capture { amount } => (Some(amount), None),
            ActKind::Close { ends_as } => (None, Some(ends_as)),
        };
        Self {
            kind: act.kind.name(),
            amount: amount.map(Money::minor_units),
            ends_as: ends_as.map(|end| match end {
                End::Canceled => PaymentState::Canceled.name(),
                End::Expired => PaymentState::Expired.name(),
                End::Failed => PaymentState::Failed.name(),
            }),
            reason: act.reason.map(CancelReason::name),
            started_at: rfc3339::format(act.started_at),
        }
    }
}

impl From<Review> for ReviewJson {
    fn from(review: Review) -> Self {
        Self { since: rfc3339::format(review.since), reason: review.reason.name() }
    }
}

impl From<&Attempt> for AttemptJson {
    fn from(attempt: &Attempt) -> Self {
        let (source, method) = match &attempt.source {
            AttemptSource::Api { instrument, .. } => ("api", Some(instrument_name(instrument))),
            AttemptSource::Automatic => ("automatic", None),
            AttemptSource::Gateway => ("gateway", None),
        };
        Self {
            number: attempt.number.get(),
            status: match &attempt.progress {
                AttemptProgress::Unanswered => "unanswered",
                AttemptProgress::Answered => "answered",
                AttemptProgress::Closed(AttemptResult::Charged) => "charged",
                AttemptProgress::Closed(AttemptResult::Declined(_)) => "declined",
                AttemptProgress::Closed(AttemptResult::NotCharged) => "not_charged",
            },
            source,
            method,
            off_session: attempt.is_off_session(),
            started_at: rfc3339::format(attempt.started_at),
            decline: attempt.decline().map(DeclineJson::from),
        }
    }
}

impl From<Reattempt> for ReattemptJson {
    fn from(reattempt: Reattempt) -> Self {
        let (scheduled_at, refused) = match reattempt.ruling {
            Ruling::Scheduled(at) => (Some(rfc3339::format(at)), None),
            Ruling::Refused(refusal) => (None, Some(refusal.name())),
        };
        Self { scheduled_at, refused, made: reattempt.made, most: reattempt.most }
    }
}

impl From<&Settlement> for SettlementJson {
    fn from(settlement: &Settlement) -> Self {
        let Settlement { net, fee, rate } = settlement;
        Self {
            currency: net.currency().code(),
            gross: settlement.gross().map(Money::minor_units),
            fee: fee.minor_units(),
            fee_currency: fee.currency().code(),
            net: net.minor_units(),
            exchange_rate: rate.as_ref().map(|rate| rate.as_str().to_owned()),
        }
    }
}

impl From<&Refund> for RefundJson {
    fn from(refund: &Refund) -> Self {
        Self {
            refund_id: refund.id.as_str().to_owned(),
            status: refund.progress.name(),
            amount: refund.amount.minor_units(),
            source: match refund.source {
                RefundSource::Api { .. } => "api",
                RefundSource::Gateway => "gateway",
                RefundSource::Automatic(_) => "automatic",
            },
            reason: match refund.source {
                RefundSource::Automatic(Cause::LateSuccess) => Some("late_success"),
                RefundSource::Api { .. } | RefundSource::Gateway | RefundSource::Automatic(Cause::FraudWarning(_)) => {
                    refund.reason.map(RefundReason::name)
                }
            },
            failure_code: match &refund.progress {
                RefundProgress::Failed { code } => Some(code.clone()),
                RefundProgress::Unanswered
                | RefundProgress::Answered { .. }
                | RefundProgress::Pending
                | RefundProgress::Succeeded
                | RefundProgress::Canceled => None,
            },
            created_at: rfc3339::format(refund.started_at),
        }
    }
}

impl From<&PaymentWarning> for WarningJson {
    fn from(warning: &PaymentWarning) -> Self {
        Self {
            warning_id: warning.id.as_str().to_owned(),
            kind: warning.kind.as_str().to_owned(),
            actionable: warning.is_actionable,
            created_at: rfc3339::format(warning.warned_at),
        }
    }
}

impl From<&Decline> for DeclineJson {
    fn from(decline: &Decline) -> Self {
        Self {
            category: decline.category.name(),
            code: decline.code,
            gateway_code: decline.gateway_code.clone(),
            network_code: decline.network_code.clone(),
            advice: decline.advice.map(|advice| match advice {
                Advice::ConfirmCardData => "confirm_card_data",
                Advice::DoNotTryAgain => "do_not_try_again",
                Advice::TryAgainLater => "try_again_later",
            }),
            payer_message: decline.payer_message(),
        }
    }
}

fn next_action(payment: &Payment) -> Option<NextActionJson> {
    let client_secret = || payment.client_secret.as_ref().map(|secret| secret.expose().to_owned());
    match &payment.state {
        PaymentState::RequiresPaymentMethod => {
            Some(NextActionJson::ProvidePaymentMethod { client_secret: client_secret() })
        }
        PaymentState::RequiresAction(NextAction::Redirect(url)) => {
            Some(NextActionJson::Redirect { url: Some(url.as_str().to_owned()) })
        }
        PaymentState::RequiresAction(NextAction::UseGatewaySdk) => {
            Some(NextActionJson::UseGatewaySdk { client_secret: client_secret() })
        }
        PaymentState::RequiresAction(NextAction::Confirm) => Some(NextActionJson::Confirm),
        PaymentState::Processing(_)
        | PaymentState::RequiresCapture { .. }
        | PaymentState::Succeeded { .. }
        | PaymentState::Failed
        | PaymentState::Canceled
        | PaymentState::Expired => None,
    }
}

const fn processing_reason(state: &PaymentState) -> Option<ProcessingReason> {
    match state {
        PaymentState::Processing(reason) => Some(*reason),
        PaymentState::RequiresPaymentMethod
        | PaymentState::RequiresAction(_)
        | PaymentState::RequiresCapture { .. }
        | PaymentState::Succeeded { .. }
        | PaymentState::Failed
        | PaymentState::Canceled
        | PaymentState::Expired => None,
    }
}

pub(super) const fn gateway_name(gateway: Gateway) -> &'static str {
    match gateway {
        Gateway::Stripe => "stripe",
        Gateway::PayPal => "paypal",
    }
}

const fn instrument_name(instrument: &Instrument) -> &'static str {
    match instrument {
        Instrument::PaymentMethod(_) => "payment_method",
        Instrument::ConfirmationToken(_) => "confirmation_token",
        Instrument::Approved => "approved",
    }
}

#[cfg(test)]
pub(super) mod tests;
