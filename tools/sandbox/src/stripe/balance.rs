//! What each charge, refund and dispute does to the merchant's balance: balance transactions, in the currency that the
//! account is kept in, with the rate that was used and the fees that Stripe takes.

mod currencies;

pub(super) use currencies::{CURRENCIES, Currency, Rate};

use serde_json::Value;

use super::{
    book::{Book, Occasion, Task},
    error::StripeError,
    objects::{CaptureMethod, Standing},
    render,
};
use crate::config::Settlement;

/// Why the balance moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Charge,
    /// A charge that is not one of a card.
    Payment,
    Refund,
    PaymentRefund,
    /// The bank sent a refund back.
    RefundFailure,
    Dispute,
    /// A dispute that the network settled before it was one; it costs nothing besides.
    PreventedDispute,
    /// A dispute was won after all.
    DisputeReversal,
}

/// A balance transaction.
#[derive(Clone, Debug)]
pub(super) struct Movement {
    pub(super) id: String,
    pub(super) created: u64,
    pub(super) reason: Reason,
    /// The charge, refund or dispute that it belongs to.
    pub(super) source: String,
    pub(super) description: Option<String>,
    /// In the account's currency; negative if the money leaves.
    pub(super) amount: i64,
    pub(super) currency: String,
    /// `None` if nothing was converted.
    pub(super) rate: Option<Rate>,
    /// What Stripe takes; negative if it gives back.
    pub(super) fee: i64,
}

/// What is to be booked, in the currency of the charge.
pub(super) struct Posting<'a> {
    pub(super) reason: Reason,
    pub(super) source: &'a str,
    pub(super) amount: i64,
    pub(super) currency: &'a str,
    pub(super) description: Option<String>,
}

impl Reason {
    /// The fields `type` and `reporting_category`.
    pub(super) fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Charge => ("charge", "charge"),
            Self::Payment => ("payment", "charge"),
            Self::Refund => ("refund", "refund"),
            Self::PaymentRefund => ("payment_refund", "refund"),
            Self::RefundFailure => ("refund_failure", "refund_failure"),
            Self::Dispute | Self::PreventedDispute => ("adjustment", "dispute"),
            Self::DisputeReversal => ("adjustment", "dispute_reversal"),
        }
    }

    fn fee(self, terms: &Settlement, amount: i64) -> i64 {
        match self {
            Self::Charge | Self::Payment => {
                let share = amount.saturating_mul(terms.fee_per_ten_thousand).saturating_add(5_000).div_euclid(10_000);
                share.saturating_add(terms.fee_fixed)
            }
            // Stripe keeps its fee when money goes back.
            Self::Refund | Self::PaymentRefund | Self::RefundFailure | Self::PreventedDispute => 0,
            Self::Dispute => terms.dispute_fee,
            Self::DisputeReversal => terms.dispute_fee.saturating_neg(),
        }
    }
}

impl Movement {
    pub(super) fn net(&self) -> i64 {
        self.amount.saturating_sub(self.fee)
    }
}

/// Whether an account may be kept in this currency.
pub(crate) fn settles_in(currency: &str) -> bool {
    Currency::of(currency).is_some()
}

impl Book {
    /// A charge has got its money. It is booked at once, unless the intent is captured asynchronously, which is what
    /// Stripe does when nobody says anything: then the balance transaction comes later, with `charge.updated`.
    pub(super) fn collected(&mut self, charge: &str, occasion: &Occasion) -> Result<(), StripeError> {
        let Some(taken) = self.charges.get(charge) else { return Err(StripeError::internal("A charge vanished.")) };
        let method = self.intents.get(&taken.intent).map(|intent| intent.capture_method);
        if method == Some(CaptureMethod::AutomaticAsync) && !taken.was_pending {
            let task = Task::BookCharge { charge: charge.to_owned() };
            self.agenda.push((occasion.now.after_ms(self.settle_ms), task));
        } else {
            self.book_charge(charge, occasion)?;
        }
        self.foretell(charge, occasion);
        Ok(())
    }

    /// The balance transaction that was missing comes.
    pub(super) fn book_charge_late(&mut self, charge: &str, occasion: &Occasion) {
        if self.book_charge(charge, occasion).is_ok() {
            self.announce_charge("charge.updated", charge, occasion);
        }
    }

    fn book_charge(&mut self, id: &str, occasion: &Occasion) -> Result<(), StripeError> {
        let charge = self.charges.get(id).filter(|charge| charge.standing == Standing::Captured);
        let Some(charge) = charge.cloned() else { return Err(StripeError::internal("A charge vanished.")) };
        let posting = Posting {
            reason: if charge.was_pending { Reason::Payment } else { Reason::Charge },
            source: id,
            amount: charge.amount_captured,
            currency: &charge.currency,
            description: charge.particulars.description.clone(),
        };
        let booked = self.post(posting, occasion)?;
        if let Some(charge) = self.charges.get_mut(id) {
            charge.balance_transaction = Some(booked);
        }
        Ok(())
    }

    /// Moves the balance, and says under which id.
    pub(super) fn post(&mut self, posting: Posting<'_>, occasion: &Occasion) -> Result<String, StripeError> {
        let unknown = || StripeError::internal("A charge has a currency that nobody knows.");
        let from = Currency::of(posting.currency).ok_or_else(unknown)?;
        let to = Currency::of(&self.terms.currency).ok_or_else(unknown)?;
        let rate = Rate::between(from, to);
        let amount = rate.map_or(posting.amount, |rate| rate.applied_to(posting.amount));
        let id = self.ids.next("txn_");
        let movement = Movement {
            id: id.clone(),
            created: occasion.now.seconds(),
            reason: posting.reason,
            source: posting.source.to_owned(),
            description: posting.description,
            amount,
            currency: to.code.to_owned(),
            rate,
            fee: posting.reason.fee(&self.terms, amount),
        };
        self.movements.put(&id, movement)?;
        Ok(id)
    }

    pub(super) fn get_movement(&self, id: &str) -> Result<Value, StripeError> {
        let missing = || StripeError::missing_in_path("balance transaction", id);
        self.movements.get(id).map(render::movement).ok_or_else(missing)
    }

    /// What everything that ever moved comes to.
    pub(super) fn balance(&self) -> i64 {
        self.movements.iter().fold(0, |sum, movement| sum.saturating_add(movement.net()))
    }
}
