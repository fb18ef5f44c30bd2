//! What the merchant asked for when the payment was opened.

use std::time::Duration;

use crate::{
    money::Money,
    personal::Customer,
    text::{Metadata, Text, WebUrl},
};

/// The merchant's wish. Fixed for the life of the payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// How much.
    pub amount: Money,
    /// Whether money is taken or only held when the payment is confirmed.
    pub capture: CaptureMethod,
    /// Who confirms after the payer's approval (PayPal).
    pub confirmation: Confirmation,
    /// The merchant's own name for it: an order number.
    pub reference: Option<Text<100>>,
    /// Who pays, as far as the merchant tells: sealed, and of no weight for what becomes of the payment.
    pub customer: Option<Customer>,
    /// What it is for.
    pub description: Option<Text<500>>,
    /// What stands on the payer's statement. 22 characters are the card networks' bound.
    pub statement_descriptor: Option<Text<22>>,
    /// The merchant's own key-value pairs.
    pub metadata: Metadata,
    /// Where the payer's browser goes after a redirect.
    pub return_url: Option<WebUrl>,
    /// Where it goes if the payer turns back (PayPal).
    pub cancel_url: Option<WebUrl>,
    /// How long the payer has.
    pub expires_in: Duration,
}

impl Terms {
    /// The longest time a payer can be given.
    pub const EXPIRES_IN_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
}

/// When the money is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CaptureMethod {
    /// At once.
    Automatic,
    /// Held first, taken when the merchant says so.
    Manual,
}

/// Who confirms once the payer has approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Confirmation {
    /// The merchant's client, with a request.
    Explicit,
    /// Quittance, by itself.
    Automatic,
}
