//! What others do at PayPal: the payer, a bank, a person at the merchant's dashboard, another program of the merchant's,
//! and time. Webhooks go out for all of it.

use serde_json::Value;

use super::{
    book::{Book, Done},
    calls::{NewCapture, NewOrder, NewRefund},
    error::PaypalError,
    events,
    money::{Currency, Money},
    objects::{
        AuthorizationStatus, CaptureStatus, Funding, Intent, ORDER_LIFE_MS, OrderStatus, RefundStatus, Source, Unit,
    },
};
use crate::clock::Moment;

/// Why something cannot be done, for whoever steers the sandbox.
pub(crate) type Impossible = String;

/// How a bank, or PayPal's review, decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Paid,
    Refused,
    /// Of a refund: taken back.
    Cancelled,
}

/// What a second order of a payment is to be.
#[derive(Clone, Debug)]
pub(crate) struct Second {
    pub(crate) transaction_id: String,
    /// In ISO minor units; as the first one's if nobody says.
    pub(crate) amount: Option<i64>,
    pub(crate) currency: Option<String>,
    pub(crate) intent: Intent,
    pub(crate) paid: bool,
}

impl Book {
    /// The payer says yes, with an account that will do this. Answers where the payer's browser goes.
    pub(crate) fn approve(&mut self, id: &str, funding: Funding, now: Moment) -> Result<Option<String>, PaypalError> {
        let order = self.order_mut(id, now)?;
        if order.status == OrderStatus::Completed {
            return Err(PaypalError::issue("ORDER_ALREADY_COMPLETED"));
        }
        order.status = OrderStatus::Approved;
        order.funding = Some(funding);
        order.dies = now.after_ms(ORDER_LIFE_MS);
        // Whatever the order was to be paid with, now it is the payer's account.
        if !matches!(order.source, Source::Unnamed) {
            order.source = Source::Wallet;
        }
        let way_back = order.return_url.clone();
        self.announce("CHECKOUT.ORDER.APPROVED", id, now);
        Ok(way_back)
    }

    /// What the payer is asked: how much, and for what. `None` if there is nothing to decide.
    pub(crate) fn asked(&self, id: &str, now: Moment) -> Option<(String, String)> {
        let order = self.order(id, now).ok().filter(|order| order.status != OrderStatus::Completed)?;
        let amount = order.unit.amount;
        let what = order.unit.description.clone().unwrap_or_else(|| "a payment".to_owned());
        Some((format!("{} {}", amount.text(), amount.currency.code), what))
    }

    /// Whether money was taken for this order.
    pub(crate) fn is_paid(&self, id: &str) -> bool {
        let Some(order) = self.orders.get(id) else { return false };
        let taken = |id: &String| self.captures.get(id).is_some_and(|it| it.status == CaptureStatus::Completed);
        order.captures.iter().any(taken)
    }

    /// The payer goes away without a word; the order stays as it is. Answers where the browser goes.
    pub(crate) fn decline(&mut self, id: &str, now: Moment) -> Result<Option<String>, PaypalError> {
        let order = self.order(id, now)?;
        if order.status == OrderStatus::Completed {
            return Err(PaypalError::issue("ORDER_ALREADY_COMPLETED"));
        }
        Ok(order.cancel_url.clone())
    }

    /// The bank decides about what is pending of this order, or about this very capture, authorisation or refund.
    pub(crate) fn settle(&mut self, id: &str, decision: Decision, now: Moment) -> Result<Value, Impossible> {
        let order = self.order_behind(id).ok_or_else(|| format!("there is no {id}"))?.clone();
        let meant = |part: &&String| id == order.id || *part == id;
        let waits =
            |part: &&String| self.captures.get(part).is_some_and(|it| matches!(it.status, CaptureStatus::Pending(_)));
        if let Some(capture) = order.captures.iter().filter(meant).find(waits).cloned() {
            self.settle_capture(&capture, decision == Decision::Paid, now).map_err(said)?;
            return self.told(&capture);
        }
        let waits =
            |part: &&String| self.authorizations.get(part).is_some_and(|it| it.status == AuthorizationStatus::Pending);
        if let Some(held) = order.authorizations.iter().filter(meant).find(waits).cloned() {
            let paid = decision == Decision::Paid;
            let status = if paid { AuthorizationStatus::Created } else { AuthorizationStatus::Denied };
            self.authorization_mut(&held, now).map_err(said)?.status = status;
            return self.told(&held);
        }
        let waits = |part: &&String| self.refunds.get(part).is_some_and(|it| it.status == RefundStatus::Pending);
        let refund = order.refunds.iter().filter(meant).find(waits).cloned();
        let refund = refund.ok_or_else(|| format!("nothing of {id} is pending"))?;
        match decision {
            Decision::Paid | Decision::Refused => self.settle_refund(&refund, decision == Decision::Paid, now),
            Decision::Cancelled => self.cancel_refund(&refund, now),
        }
        .map_err(said)?;
        self.told(&refund)
    }

    /// Time passes until PayPal forgets the order, lets the authorisation lapse, or refunds the capture no more.
    pub(crate) fn lapse(&mut self, id: &str, now: Moment) -> Result<Value, Impossible> {
        if self.captures.get(id).is_some() {
            self.capture_mut(id, now).map_err(said)?.refundable_until = now;
            return self.told(id);
        }
        let order = self.order_behind(id).ok_or_else(|| format!("there is no {id}"))?;
        let order_id = order.id.clone();
        if order.status != OrderStatus::Completed {
            let shown = self.told(&order_id)?;
            self.order_mut(&order_id, now).map_err(said)?.dies = now;
            return Ok(shown);
        }
        let held =
            order.authorizations.first().cloned().ok_or_else(|| format!("{id} is completed, and holds nothing"))?;
        self.authorization_mut(&held, now).map_err(said)?.expires = now;
        self.void(&held, now).map_err(said)?;
        self.told(&held)
    }

    /// A person lets a hold go.
    pub(crate) fn release_at_dashboard(&mut self, id: &str, now: Moment) -> Result<Value, Impossible> {
        let held = self.hold_of(id)?;
        self.void(&held, now).map_err(said)?;
        self.told(&held)
    }

    /// A person captures a hold, or a part of it.
    pub(crate) fn capture_at_dashboard(
        &mut self,
        id: &str,
        amount: Option<i64>,
        now: Moment,
    ) -> Result<Value, Impossible> {
        let held = self.hold_of(id)?;
        let currency = self.authorization(&held).map_err(said)?.amount.currency;
        let amount = amount.map(|minor| Money::new(minor, currency));
        let capture = NewCapture { amount, invoice_id: None, final_capture: true };
        let Done { id, .. } = self.capture_authorization(&held, capture, now).map_err(said)?;
        self.told(&id)
    }

    /// A person refunds a capture, or a part of it.
    pub(crate) fn refund_at_dashboard(
        &mut self,
        id: &str,
        amount: Option<i64>,
        now: Moment,
    ) -> Result<Value, Impossible> {
        let order = self.order_behind(id).ok_or_else(|| format!("there is no {id}"))?;
        let named = order.captures.iter().find(|capture| *capture == id);
        let capture = named.or_else(|| order.captures.first()).cloned();
        let capture = capture.ok_or_else(|| format!("{id} has no capture"))?;
        let currency = self.capture(&capture).map_err(said)?.amount.currency;
        let refund = NewRefund { amount: amount.map(|minor| Money::new(minor, currency)), ..NewRefund::default() };
        let Done { id, .. } = self.refund_capture(&capture, refund, now).map_err(said)?;
        self.told(&id)
    }

    /// Makes an order that bears the id of somebody else's payment.
    pub(crate) fn duplicate(&mut self, wanted: Second, now: Moment) -> Result<Value, Impossible> {
        let first = self.order_about(&wanted.transaction_id).map(|order| order.unit.amount);
        let currency = match wanted.currency.as_deref() {
            Some(code) => Currency::of(&code.to_ascii_uppercase()),
            None => first.map(|amount| amount.currency),
        };
        let minor = wanted.amount.or(first.map(|amount| amount.minor));
        let (Some(currency), Some(minor)) = (currency, minor) else {
            return Err("there is no order to take the amount and the currency from".to_owned());
        };
        let unit = Unit {
            reference_id: "default".to_owned(),
            amount: Money::new(minor, currency),
            custom_id: Some(wanted.transaction_id),
            invoice_id: None,
            description: None,
            soft_descriptor: None,
        };
        let new =
            NewOrder { intent: wanted.intent, unit, wallet: true, card: None, return_url: None, cancel_url: None };
        let Done { id, .. } = self.create_order(new, None, now).map_err(said)?;
        if wanted.paid {
            self.approve(&id, Funding::default(), now).map_err(said)?;
            match wanted.intent {
                Intent::Capture => self.capture_order(&id, None, now),
                Intent::Authorize => self.authorize_order(&id, None, now),
            }
            .map_err(said)?;
        }
        self.told(&id)
    }

    /// Tells an event about an object once more, or as the object once stood.
    pub(crate) fn retell(
        &mut self,
        id: &str,
        kind: &str,
        changes_back: Option<u32>,
        now: Moment,
    ) -> Result<Value, Impossible> {
        let kind = events::kind(kind).ok_or_else(|| {
            let known: Vec<&str> = events::KINDS.iter().map(|(kind, _, _)| *kind).collect();
            format!("type must be one of {}", known.join(", "))
        })?;
        let resource = match changes_back {
            None => self.told(id)?,
            Some(_) => {
                self.as_it_was(id, changes_back).ok_or_else(|| format!("{id} never was anything but what it is"))?
            }
        };
        self.announce_as(kind, resource.clone(), now);
        Ok(resource)
    }

    fn hold_of(&self, id: &str) -> Result<String, Impossible> {
        let order = self.order_behind(id).ok_or_else(|| format!("there is no {id}"))?;
        order.authorizations.first().cloned().ok_or_else(|| format!("{id} holds nothing"))
    }

    fn told(&self, id: &str) -> Result<Value, Impossible> {
        self.shown(id).ok_or_else(|| format!("there is no {id}"))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn said(error: PaypalError) -> Impossible {
    error.body("").to_string()
}
