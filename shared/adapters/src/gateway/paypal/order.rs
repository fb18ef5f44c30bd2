//! PayPal's order with the payments on it, as far as Quittance reads it, and what it proves in the domain's words.
//!
//! The payments say where the money is, and the order's own status only what is to come while there are none: an order
//! whose card was declined is `COMPLETED` too.
//!
//! Must never: guess. A status we do not know stays a word; payments that cannot be read make the order unreadable,
//! because what is not seen would count as not there.

use domain::{
    gateway::{Charge, Mode, NextAction, ObjectSnapshot, ObjectStatus},
    id::TransactionId,
    money::Money,
    text::{GatewayToken, WebUrl},
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    amount::WireAmount,
    link::Link,
    money::{Authorization, Capture, Taken},
};
use crate::{
    gateway::word::{Word, if_readable},
    named::Named,
};

/// An order. Its payments must be readable where they are; anything else may be missing or of a new shape.
#[derive(Deserialize)]
pub(super) struct Order {
    id: String,
    status: Word,
    #[serde(default)]
    purchase_units: Vec<Named<Unit>>,
    #[serde(default, deserialize_with = "if_readable")]
    links: Option<Vec<Named<Link>>>,
}

#[derive(Deserialize)]
struct Unit {
    #[serde(default, deserialize_with = "if_readable")]
    amount: Option<Named<WireAmount>>,
    #[serde(default, deserialize_with = "if_readable")]
    custom_id: Option<String>,
    #[serde(default)]
    payments: Option<Named<Payments>>,
}

/// The payments on an order.
#[derive(Default, Deserialize)]
struct Payments {
    #[serde(default)]
    authorizations: Vec<Named<Authorization>>,
    #[serde(default)]
    captures: Vec<Named<Capture>>,
    #[serde(default)]
    refunds: Vec<Value>,
}

impl Order {
    /// Reads an order; none if it is not one.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok().map(|Named(order)| order)
    }

    /// What it proves; none if it bears no name that could be one. An order over an amount that we cannot count, or of
    /// more than one purchase, is of a currency that we do not know: no payment takes it for its own (rule E7).
    pub(super) fn snapshot(&self, mode: Mode) -> Option<ObjectSnapshot> {
        let amount = self.unit().and_then(|unit| unit.amount.as_ref()).and_then(|Named(amount)| amount.read());
        let Standing { status, charge, is_counted } = self.standing(amount);
        Some(ObjectSnapshot {
            reference: GatewayToken::parse(&self.id).ok()?,
            mode,
            amount_minor_units: amount.map_or(0, Money::minor_units),
            currency: amount.map(Money::currency).filter(|_| is_counted),
            status,
            charge,
        })
    }

    /// Whether it bears this id of ours.
    pub(super) fn bears(&self, id: &TransactionId) -> bool {
        self.unit().and_then(|unit| unit.custom_id.as_deref()) == Some(id.as_str())
    }

    /// Where its payer approves it.
    pub(super) fn payer_url(&self) -> Option<WebUrl> {
        Link::to_payer(self.links.as_deref().unwrap_or_default())
    }

    /// The refunds of what was captured on it.
    pub(super) fn refunds(&self) -> &[Value] {
        self.payments().map_or(&[], |payments| &payments.refunds)
    }

    /// Whether it is shown with what was captured on it.
    pub(super) fn shows_a_capture(&self) -> bool {
        self.payments().is_some_and(|payments| !payments.captures.is_empty())
    }

    /// The one purchase: what is not ours may have several.
    fn unit(&self) -> Option<&Unit> {
        match self.purchase_units.as_slice() {
            [Named(unit)] => Some(unit),
            _ => None,
        }
    }

    fn payments(&self) -> Option<&Payments> {
        self.unit()?.payments.as_ref().map(|Named(payments)| payments)
    }

    fn standing(&self, amount: Option<Money>) -> Standing {
        let Some(payments) = self.payments() else { return Standing::of(self.status_without_payments()) };
        let captures: Vec<&Capture> = payments.captures.iter().map(|Named(capture)| capture).collect();
        let holds: Vec<&Authorization> = payments.authorizations.iter().map(|Named(held)| held).collect();
        // Money that was taken outweighs everything; then what may still become money; then what is only held.
        taken(&captures, amount)
            .or_else(|| unfinished(&captures))
            .or_else(|| held(&holds))
            .or_else(|| self.declined(&captures, &holds))
            .unwrap_or_else(|| Standing::of(self.status_without_payments()))
    }

    /// Every try on it was declined. While it is not completed, there may be another.
    fn declined(&self, captures: &[&Capture], holds: &[&Authorization]) -> Option<Standing> {
        let last = captures.last().map(|capture| capture.decline());
        let decline = last.or_else(|| holds.last().map(|held| held.decline()))?;
        (self.status.as_str() == "COMPLETED").then(|| Standing::of(ObjectStatus::Failed(decline)))
    }

    fn status_without_payments(&self) -> ObjectStatus {
        match self.status.as_str() {
            // The row knows where its payer approves it; PayPal shows it again, as a rule.
            "CREATED" | "SAVED" | "PAYER_ACTION_REQUIRED" => self
                .payer_url()
                .map_or(ObjectStatus::AwaitsMethod, |url| ObjectStatus::AwaitsPayer(NextAction::Redirect(url))),
            "APPROVED" => ObjectStatus::AwaitsPayer(NextAction::Confirm),
            "VOIDED" => ObjectStatus::Canceled,
            unknown => ObjectStatus::Unrecognized(unknown.to_owned()),
        }
    }
}

/// Where an order stands, and by what.
struct Standing {
    status: ObjectStatus,
    charge: Option<Charge>,
    /// Whether every amount that counts could be counted.
    is_counted: bool,
}

impl Standing {
    const fn of(status: ObjectStatus) -> Self {
        Self { status, charge: None, is_counted: true }
    }
}

/// Money was taken: all that was, on however many captures.
fn taken(captures: &[&Capture], amount: Option<Money>) -> Option<Standing> {
    let taken: Vec<&&Capture> = captures.iter().filter(|capture| capture.standing() == Taken::Yes).collect();
    let first = taken.first()?;
    let sum = amount.and_then(|amount| {
        let nothing = Money::zero(amount.currency());
        taken.iter().try_fold(nothing, |sum, capture| sum.checked_add(capture.amount()?).ok())
    });
    let status = ObjectStatus::Captured { received_minor_units: sum.map_or(0, Money::minor_units) };
    // What several captures came to is told by none of them.
    let charge = first.charge(taken.len() == 1);
    Some(Standing { status, charge, is_counted: sum.is_some() })
}

/// PayPal has not said yet, or has said what we do not know.
fn unfinished(captures: &[&Capture]) -> Option<Standing> {
    captures.iter().find_map(|capture| match capture.standing() {
        Taken::NotYet => Some(Standing { charge: capture.charge(false), ..Standing::of(ObjectStatus::Pending) }),
        Taken::Unrecognized(word) => Some(Standing::of(ObjectStatus::Unrecognized(format!("capture:{word}")))),
        Taken::Yes | Taken::No => None,
    })
}

/// Money is held, or was.
fn held(holds: &[&Authorization]) -> Option<Standing> {
    // An order of ours has one; the last one counts where somebody has made it anew.
    let last = holds.last()?;
    let (status, is_counted) = last.standing()?;
    let charge = if matches!(status, ObjectStatus::Authorized { .. }) { last.charge() } else { None };
    Some(Standing { status, charge, is_counted })
}

#[cfg(test)]
#[path = "order/tests.rs"]
mod tests;
