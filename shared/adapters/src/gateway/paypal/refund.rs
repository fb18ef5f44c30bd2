//! Gives captured money back, and looks at what was given back. A refund bears our ids: those, and never its amount, say
//! whose it is.

use domain::{
    gateway::{Hand, RefundAnswer, RefundOutcome, RefundSnapshot, RefundStatus, UnknownReason},
    id::{RefundId, TransactionId, gateway_key},
    money::Money,
    payment::Payment,
    text::GatewayToken,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    amount::WireAmount,
    issue::Meaning,
    link::Link,
    message::{PaypalRequest, Unsendable},
    money::StatusDetails,
    order::Order,
    reply::{Called, No, done, hand},
};
use crate::{
    gateway::word::{Word, if_readable},
    named::Named,
};

/// PayPal's own limit lies far below; a list that is longer is none of PayPal's.
const REFUNDS_MAX: usize = 1_000;

#[derive(Serialize)]
struct Body<'a> {
    amount: WireAmount,
    /// Both ids, so that a webhook finds the payment by it, and a look the refund.
    custom_id: String,
    invoice_id: &'a str,
}

/// The request for one of the payment's refunds, of this capture.
///
/// # Errors
/// Why there is nothing to send.
pub(super) fn request(payment: &Payment, id: &RefundId, capture: &GatewayToken) -> Result<PaypalRequest, Unsendable> {
    let refund = payment.refund(id).ok_or(Unsendable::NotOnTheRow)?;
    let amount = WireAmount::of(refund.amount).map_err(|_| Unsendable::Impossible("amount_not_expressible"))?;
    let path = format!("/v2/payments/captures/{}/refund", capture.as_str());
    let body = Body { amount, custom_id: custom_id(&payment.id, id), invoice_id: id.as_str() };
    Ok(PaypalRequest::post(path, gateway_key::refund(&payment.id, id), &body))
}

/// What came of it.
pub(super) fn answer(called: Called, payment: &Payment, capture: &GatewayToken) -> RefundAnswer {
    let no = match done(called) {
        Ok(response) => {
            let refund = serde_json::from_slice(&response.body).ok().map(|Named(refund): Named<Refund>| refund);
            let ours = refund.filter(|refund| refund.capture().is_none_or(|of| of == *capture));
            let shown = ours.and_then(|refund| refund.snapshot(payment)).map(RefundOutcome::Refund);
            let outcome = shown.unwrap_or(RefundOutcome::Unknown(UnknownReason::Unreadable));
            return RefundAnswer { outcome, hand: hand(&response) };
        }
        Err(no) => no,
    };
    let outcome = match no {
        No::Unknown(reason) => RefundOutcome::Unknown(reason),
        No::Said(error) => match error.meaning() {
            // The money that is left, the time that is over, a dispute, an account that is closed: nothing happened.
            Meaning::Declined | Meaning::Refused => {
                // Who was refused the second time may have been served the first.
                let hand = if error.is_of_a_second_sending { Hand::Replayed } else { Hand::First };
                return RefundAnswer { outcome: RefundOutcome::Refused { code: error.code().to_owned() }, hand };
            }
            Meaning::Unknown(reason) | Meaning::Done(reason) => RefundOutcome::Unknown(reason),
            // Of a capture that is on our row PayPal cannot know nothing.
            Meaning::State | Meaning::Gone => RefundOutcome::Unknown(UnknownReason::Misconfigured),
        },
    };
    RefundAnswer { outcome, hand: Hand::First }
}

/// What comes of a request that is not sent.
pub(super) fn unsent(why: Unsendable) -> RefundAnswer {
    let outcome = match why {
        Unsendable::NotOnTheRow => RefundOutcome::Unknown(UnknownReason::NotSent),
        Unsendable::Impossible(code) => RefundOutcome::Refused { code: code.to_owned() },
    };
    RefundAnswer { outcome, hand: Hand::First }
}

/// All refunds of the payment's order, from a look at it. One that cannot be read makes the list unreadable, and so does an order
/// that is shown without its capture, for then its refunds are not shown either: what is not seen would count as not there.
pub(super) fn listed(called: Called, payment: &Payment) -> Result<Vec<RefundSnapshot>, UnknownReason> {
    let response = done(called).map_err(|no| match no {
        No::Unknown(reason) => reason,
        No::Said(error) => error.meaning().of_a_look(),
    })?;
    let order = Order::read(&response.body).ok_or(UnknownReason::Unreadable)?;
    let is_ours = order.snapshot(payment.mode).is_some_and(|seen| seen.reference == payment.object);
    let refunds = order.refunds();
    if !is_ours || !order.shows_a_capture() || refunds.len() > REFUNDS_MAX {
        return Err(UnknownReason::Unreadable);
    }
    let read = refunds.iter().map(|value| Refund::of(value.clone())?.snapshot(payment));
    read.collect::<Option<Vec<_>>>().ok_or(UnknownReason::Unreadable)
}

/// Stands between the two ids. PayPal takes any character there, and shows letters, digits and `-_.,` only.
const BETWEEN: char = '.';

/// `pay_….ref_…`
fn custom_id(payment: &TransactionId, refund: &RefundId) -> String {
    format!("{payment}{BETWEEN}{refund}")
}

/// Whose a thing is by its `custom_id`: a payment's, or a refund's of it. A refund that somebody made at PayPal's dashboard
/// bears the id of its payment alone.
pub(super) fn ids(custom_id: &str) -> Option<(TransactionId, Option<RefundId>)> {
    match custom_id.split_once(BETWEEN) {
        Some((payment, refund)) => Some((TransactionId::parse(payment).ok()?, Some(RefundId::parse(refund).ok()?))),
        None => Some((TransactionId::parse(custom_id).ok()?, None)),
    }
}

/// A refund of PayPal's, as far as Quittance reads it.
#[derive(Deserialize)]
struct Refund {
    id: String,
    status: Word,
    amount: Named<WireAmount>,
    #[serde(default, deserialize_with = "if_readable")]
    custom_id: Option<String>,
    #[serde(default, deserialize_with = "if_readable")]
    status_details: Option<Named<StatusDetails>>,
    #[serde(default, deserialize_with = "if_readable")]
    links: Option<Vec<Named<Link>>>,
}

impl Refund {
    fn of(value: Value) -> Option<Self> {
        serde_json::from_value(value).ok().map(|Named(refund)| refund)
    }

    /// What it shows; none if it has no name that could be one. It stands on the payment's own order, or was asked for
    /// there.
    fn snapshot(&self, payment: &Payment) -> Option<RefundSnapshot> {
        let amount = self.amount.0.read();
        let ours = self.custom_id.as_deref().and_then(ids).filter(|(id, _)| *id == payment.id);
        Some(RefundSnapshot {
            reference: GatewayToken::parse(&self.id).ok()?,
            object: payment.object.clone(),
            id: ours.and_then(|(_, refund)| refund),
            amount_minor_units: amount.map_or(0, Money::minor_units),
            currency: amount.map(Money::currency),
            status: self.status(),
        })
    }

    /// The capture it gives back of, where it tells.
    fn capture(&self) -> Option<GatewayToken> {
        Link::up(self.links.as_deref().unwrap_or_default(), "/v2/payments/captures")
    }

    fn status(&self) -> RefundStatus {
        match self.status.as_str() {
            "COMPLETED" => RefundStatus::Succeeded,
            "PENDING" => RefundStatus::Pending,
            "FAILED" => {
                let reason = self.status_details.as_ref().map(|Named(details)| &details.reason);
                RefundStatus::Failed { code: reason.unwrap_or(&self.status).as_str().to_owned() }
            }
            "CANCELLED" => RefundStatus::Canceled,
            unknown => RefundStatus::Unrecognized(unknown.to_owned()),
        }
    }
}

#[cfg(test)]
#[path = "refund/tests.rs"]
mod tests;
