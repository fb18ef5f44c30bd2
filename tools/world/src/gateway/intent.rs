//! One object of the gateway, and the ways it can go. Which way is the bank's to decide.

use domain::{
    decline::{Decline, DeclineCategory},
    gateway::{Charge, Gateway, Mode, NextAction, ObjectSnapshot, ObjectStatus},
    id::TransactionId,
    money::{Currency, Money},
    payment::CaptureMethod,
    settlement::Settlement,
    text::GatewayToken,
};

use super::{Cause, SimGateway};

/// What a bank decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The money is taken, or held where that was asked for.
    Charge,
    /// No, for this reason, in Stripe's words.
    Decline(&'static str),
    /// The payer must prove who they are first. Where the payer is away, this is a decline.
    Challenge,
    /// It takes its time.
    Pending,
}

/// One object.
#[derive(Debug, Clone)]
pub(super) struct Intent {
    pub(super) gateway: Gateway,
    pub(super) reference: GatewayToken,
    pub(super) transaction_id: TransactionId,
    pub(super) amount_minor_units: i64,
    pub(super) currency: Currency,
    pub(super) capture: CaptureMethod,
    pub(super) status: ObjectStatus,
    /// Who asked for what the payer or the bank has yet to decide.
    pub(super) awaited: Option<Cause>,
    /// Whether the gateway tells what was taken came to. It may take its time.
    pub(super) is_settled: bool,
}

impl Intent {
    pub(super) const MODE: Mode = SimGateway::MODE;

    pub(super) fn snapshot(&self) -> ObjectSnapshot {
        ObjectSnapshot {
            reference: self.reference.clone(),
            mode: Self::MODE,
            amount_minor_units: self.amount_minor_units,
            currency: Some(self.currency),
            status: self.status.clone(),
            charge: self.charge(),
        }
    }

    /// It, as an event shows it: Stripe's bear the charge's name, and not what it came to.
    pub(super) fn in_an_event(snapshot: &mut ObjectSnapshot) {
        if let Some(charge) = &mut snapshot.charge {
            charge.settlement = None;
        }
    }

    /// The charge on it, once money is held or was taken; and what it came to, once it was taken.
    fn charge(&self) -> Option<Charge> {
        let reference = match (&self.status, self.gateway) {
            (ObjectStatus::Authorized { .. }, Gateway::PayPal) => format!("{}AUTH", self.reference.as_str()),
            (ObjectStatus::Captured { .. }, Gateway::PayPal) => format!("{}CAPT", self.reference.as_str()),
            (ObjectStatus::Authorized { .. } | ObjectStatus::Captured { .. }, Gateway::Stripe) => {
                self.reference.as_str().replacen("pi_", "ch_", 1)
            }
            _ => return None,
        };
        Some(Charge { reference: GatewayToken::parse(&reference).ok()?, settlement: self.settlement() })
    }

    /// The account is kept in the charge's own currency, and the gateway keeps a tenth.
    fn settlement(&self) -> Option<Settlement> {
        let ObjectStatus::Captured { received_minor_units } = self.status else { return None };
        let fee = Money::try_new(received_minor_units.checked_div(10)?, self.currency).ok()?;
        let gross = Money::try_new(received_minor_units, self.currency).ok()?;
        self.is_settled.then_some(Settlement { net: gross.less(fee).ok()?, fee, rate: None })
    }

    /// Whether it is an order of PayPal's.
    pub(super) const fn is_order(&self) -> bool {
        matches!(self.gateway, Gateway::PayPal)
    }

    /// Whether it can be confirmed: while nothing moves on it, and where its payer approves first, once that is done.
    /// Confirming anew voids an open 3-D Secure challenge.
    pub(super) const fn can_be_confirmed(&self) -> bool {
        match self.gateway {
            Gateway::Stripe => matches!(self.status, ObjectStatus::AwaitsMethod | ObjectStatus::AwaitsPayer(_)),
            Gateway::PayPal => matches!(self.status, ObjectStatus::AwaitsPayer(NextAction::Confirm)),
        }
    }

    /// Where it stands after a decline. Of an order the payer may choose another way to pay it, unless the charge was made
    /// and then failed: it has one charge.
    pub(super) fn after_decline(&self, decline: &Decline) -> ObjectStatus {
        let is_spent = self.status == ObjectStatus::Pending || decline.category == DeclineCategory::Never;
        match self.gateway {
            Gateway::PayPal if is_spent => ObjectStatus::Failed(decline.clone()),
            Gateway::Stripe | Gateway::PayPal => ObjectStatus::AwaitsMethod,
        }
    }

    /// Whether it can be canceled: unless a bank is at work on it, or the money is taken. Of an order only a hold can be.
    pub(super) const fn can_be_canceled(&self) -> bool {
        (matches!(self.gateway, Gateway::Stripe) && self.can_be_confirmed())
            || matches!(self.status, ObjectStatus::Authorized { .. })
    }
}
