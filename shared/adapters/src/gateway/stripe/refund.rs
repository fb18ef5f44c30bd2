//! Gives captured money back, and looks at what was given back. A refund bears our id in its metadata: that, and never
//! its amount, says whose it is.

use domain::{
    gateway::{Hand, RefundAnswer, RefundOutcome, RefundSnapshot, RefundStatus, UnknownReason},
    id::{RefundId, gateway_key},
    money::Currency,
    payment::{Payment, RefundReason},
    text::GatewayToken,
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    amount::{from_stripe, to_stripe},
    message::{StripeRequest, StripeResponse, Unsendable, field},
    reply::{Called, understood_refusal},
    word::{Word, if_readable},
};
use crate::named::Named;

/// As many as Stripe gives at once.
const PAGE_SIZE: usize = 100;
/// More than this no row records; see `REFUNDS_MAX`.
pub(super) const PAGES_MAX: usize = 3;

/// The request for one of the payment's refunds.
///
/// # Errors
/// Why there is nothing to send.
pub(super) fn request(payment: &Payment, id: &RefundId) -> Result<StripeRequest, Unsendable> {
    let refund = payment.refund(id).ok_or(Unsendable::NotOnTheRow)?;
    let amount = to_stripe(refund.amount).map_err(|_| Unsendable::Impossible("amount_not_expressible"))?;
    let mut form = vec![
        field("payment_intent", payment.object.as_str()),
        field("amount", amount.to_string()),
        field("metadata[transaction_id]", payment.id.as_str()),
        field("metadata[refund_id]", id.as_str()),
    ];
    form.extend(refund.reason.map(|reason| field("reason", RefundReason::name(reason))));
    Ok(StripeRequest::post("/v1/refunds".to_owned(), gateway_key::refund(&payment.id, id), form))
}

/// What came of it.
pub(super) fn answer(called: Called) -> RefundAnswer {
    match called {
        Ok(response) => {
            let hand = if response.replayed { Hand::Replayed } else { Hand::First };
            RefundAnswer { outcome: outcome(&response), hand }
        }
        Err(reason) => RefundAnswer { outcome: RefundOutcome::Unknown(reason), hand: Hand::First },
    }
}

/// What comes of a request that is not sent.
pub(super) fn unsent(why: Unsendable) -> RefundAnswer {
    let outcome = match why {
        Unsendable::NotOnTheRow => RefundOutcome::Unknown(UnknownReason::NotSent),
        Unsendable::Impossible(code) => RefundOutcome::Refused { code: code.to_owned() },
    };
    RefundAnswer { outcome, hand: Hand::First }
}

fn outcome(response: &StripeResponse) -> RefundOutcome {
    if let 200..=299 = response.status {
        let refund = serde_json::from_slice(&response.body).ok().map(|Named(refund): Named<Refund>| refund);
        return refund
            .and_then(|refund| refund.snapshot())
            .map_or(RefundOutcome::Unknown(UnknownReason::Unreadable), RefundOutcome::Refund);
    }
    match understood_refusal(response) {
        Ok(error) if is_about_the_money(error.code(), error.param()) => {
            RefundOutcome::Refused { code: error.code().to_owned() }
        }
        // Whatever else Stripe does not like is a fault of ours, which somebody will mend.
        Ok(_) => RefundOutcome::Unknown(UnknownReason::Misconfigured),
        Err(reason) => RefundOutcome::Unknown(reason),
    }
}

/// Whether a refusal is about the money that is left, and not about how we asked for it.
fn is_about_the_money(code: &str, param: Option<&str>) -> bool {
    const CODES: [&str; 6] = [
        "charge_already_refunded",
        "charge_disputed",
        "refund_disputed_payment",
        "charge_not_refundable",
        "balance_insufficient",
        "amount_too_small",
    ];
    CODES.contains(&code) || param == Some("amount")
}

/// The request for a look at all refunds of the payment's object, from `after` on.
pub(super) fn list(payment: &Payment, after: Option<&GatewayToken>) -> StripeRequest {
    let object = payment.object.as_str();
    let after = after.map(|after| format!("&starting_after={}", after.as_str())).unwrap_or_default();
    StripeRequest::get(format!("/v1/refunds?payment_intent={object}&limit={PAGE_SIZE}{after}"))
}

/// One page of refunds, newest first, and whether there are more. One that cannot be read makes the page unreadable: what
/// is not seen would count as not there.
pub(super) fn page(called: Called) -> Result<(Vec<RefundSnapshot>, bool), UnknownReason> {
    #[derive(Deserialize)]
    struct Page {
        data: Vec<Value>,
        has_more: bool,
    }
    let response = called?;
    if !(200..=299).contains(&response.status) {
        return Err(understood_refusal(&response).map_or_else(|reason| reason, |_| UnknownReason::Misconfigured));
    }
    let Named(page): Named<Page> = serde_json::from_slice(&response.body).map_err(|_| UnknownReason::Unreadable)?;
    let refunds: Option<Vec<_>> = page.data.into_iter().map(|value| Refund::of(value)?.snapshot()).collect();
    Ok((refunds.ok_or(UnknownReason::Unreadable)?, page.has_more))
}

/// A refund of Stripe's, as far as Quittance reads it.
#[derive(Deserialize)]
pub(super) struct Refund {
    #[serde(rename = "object")]
    _kind: Kind,
    id: String,
    amount: i64,
    currency: String,
    payment_intent: String,
    /// By Stripe's schema it may be null, of which nobody says what it means.
    status: Option<Word>,
    #[serde(default, deserialize_with = "if_readable")]
    failure_reason: Option<Word>,
    #[serde(default, deserialize_with = "if_readable")]
    metadata: Option<Named<Metadata>>,
}

/// The object's own word for what it is. Anything but a refund is not read as one.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Refund,
}

#[derive(Deserialize)]
struct Metadata {
    refund_id: Option<String>,
}

impl Refund {
    /// Reads a refund; none if it is not one.
    pub(super) fn of(value: Value) -> Option<Self> {
        serde_json::from_value(value).ok().map(|Named(refund)| refund)
    }

    /// What it shows; none if it has no name that could be one.
    pub(super) fn snapshot(&self) -> Option<RefundSnapshot> {
        let known = Currency::from_code(&self.currency.to_ascii_uppercase()).ok();
        let amount = known.and_then(|currency| from_stripe(self.amount, currency));
        let ours = self.metadata.as_ref().and_then(|Named(metadata)| metadata.refund_id.as_deref());
        Some(RefundSnapshot {
            reference: GatewayToken::parse(&self.id).ok()?,
            object: GatewayToken::parse(&self.payment_intent).ok()?,
            id: ours.and_then(|id| RefundId::parse(id).ok()),
            amount_minor_units: amount.unwrap_or(self.amount),
            currency: known.filter(|_| amount.is_some()),
            status: self.status(),
        })
    }

    fn status(&self) -> RefundStatus {
        match self.status.as_ref().map_or("null", Word::as_str) {
            // The payer's bank asks the payer where the money should go: Stripe says later what came of it.
            "pending" | "requires_action" => RefundStatus::Pending,
            "succeeded" => RefundStatus::Succeeded,
            "failed" => {
                let code = self.failure_reason.as_ref().map_or("unknown", Word::as_str).to_owned();
                RefundStatus::Failed { code }
            }
            "canceled" => RefundStatus::Canceled,
            unknown => RefundStatus::Unrecognized(unknown.to_owned()),
        }
    }
}

#[cfg(test)]
#[path = "refund/tests.rs"]
mod tests;
