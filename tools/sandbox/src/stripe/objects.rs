//! What the simulated account holds: intents, charges, payment methods, confirmation tokens, refunds.
//!
//! Only what can differ is stored; how an object looks on the wire is `render`'s business.

use std::collections::BTreeMap;

use super::{
    cards::TestMethod,
    declines::Decline,
    lifecycle::{Move, Status, Unexpected, step},
};

pub(crate) type Metadata = BTreeMap<String, String>;

/// When the money moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaptureMethod {
    Automatic,
    AutomaticAsync,
    Manual,
}

impl CaptureMethod {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::AutomaticAsync => "automatic_async",
            Self::Manual => "manual",
        }
    }

    /// `automatic_async` is what Stripe takes when nobody says anything.
    pub(crate) fn parse(name: Option<&str>) -> Self {
        match name {
            Some("automatic") => Self::Automatic,
            Some("manual") => Self::Manual,
            _ => Self::AutomaticAsync,
        }
    }
}

/// What a merchant may set on an intent at creation and, mostly, change later. `None` is "not said".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Particulars {
    pub(crate) description: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) receipt_email: Option<String>,
    pub(crate) setup_future_usage: Option<String>,
    pub(crate) shipping: Option<Shipping>,
    pub(crate) statement_descriptor: Option<String>,
    pub(crate) statement_descriptor_suffix: Option<String>,
    pub(crate) transfer_group: Option<String>,
    pub(crate) request_3ds: Option<String>,
    pub(crate) allowed_types: Option<Vec<String>>,
    pub(crate) excluded_types: Option<Vec<String>>,
}

impl Particulars {
    /// Takes over what `newer` says and keeps the rest. Metadata merges by key, and an empty value deletes its key.
    pub(crate) fn update(&mut self, newer: Particulars) {
        fn take<T>(old: &mut Option<T>, new: Option<T>) {
            if new.is_some() {
                *old = new;
            }
        }
        take(&mut self.description, newer.description);
        take(&mut self.receipt_email, newer.receipt_email);
        take(&mut self.setup_future_usage, newer.setup_future_usage);
        take(&mut self.shipping, newer.shipping);
        take(&mut self.statement_descriptor, newer.statement_descriptor);
        take(&mut self.statement_descriptor_suffix, newer.statement_descriptor_suffix);
        take(&mut self.transfer_group, newer.transfer_group);
        take(&mut self.request_3ds, newer.request_3ds);
        take(&mut self.allowed_types, newer.allowed_types);
        take(&mut self.excluded_types, newer.excluded_types);
        self.metadata.extend(newer.metadata);
        self.metadata.retain(|_, value| !value.is_empty());
    }
}

/// Where goods go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shipping {
    pub(crate) name: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) carrier: Option<String>,
    pub(crate) tracking_number: Option<String>,
    pub(crate) address: Metadata,
}

/// A PaymentIntent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Intent {
    pub(crate) id: String,
    /// True only of objects that a test has made to be of the wrong mode.
    pub(crate) livemode: bool,
    pub(crate) client_secret: String,
    pub(crate) created: u64,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) capture_method: CaptureMethod,
    pub(crate) automatic: Option<AutomaticMethods>,
    pub(crate) particulars: Particulars,
    pub(crate) status: Status,
    pub(crate) payment_method: Option<String>,
    pub(crate) latest_charge: Option<String>,
    pub(crate) last_failure: Option<Failure>,
    pub(crate) challenge: Option<ChallengePage>,
    pub(crate) canceled_at: Option<u64>,
    pub(crate) cancellation_reason: Option<String>,
    pub(crate) amount_capturable: i64,
    pub(crate) amount_received: i64,
}

impl Intent {
    /// The only way to change the status.
    pub(crate) fn go(&mut self, what: Move) -> Result<(), Unexpected> {
        self.status = step(self.status, what)?;
        Ok(())
    }
}

/// `automatic_payment_methods[enabled]=true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AutomaticMethods {
    pub(crate) allow_redirects: bool,
}

/// The last thing that went wrong: `last_payment_error`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) decline: &'static Decline,
    pub(crate) charge: Option<String>,
    pub(crate) payment_method: String,
}

/// The payer is asked to authenticate on this page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ChallengePage {
    pub(crate) page: String,
    pub(crate) return_url: Option<String>,
    /// `redirect_to_url`; else `use_stripe_sdk`.
    pub(crate) redirect: bool,
}

/// A charge: one attempt that reached the card network or the bank.
#[derive(Clone, Debug)]
pub(crate) struct Charge {
    pub(crate) id: String,
    pub(crate) intent: String,
    pub(crate) created: u64,
    pub(crate) amount: i64,
    pub(crate) amount_captured: i64,
    pub(crate) amount_refunded: i64,
    pub(crate) currency: String,
    pub(crate) payment_method: String,
    pub(crate) standing: Standing,
    /// It was pending at a bank before it came to what it is.
    pub(crate) was_pending: bool,
    pub(crate) authenticated: bool,
    /// What it did to the balance, once that is known.
    pub(crate) balance_transaction: Option<String>,
    /// Copied from the intent when the charge is made, as Stripe does.
    pub(crate) particulars: Particulars,
}

impl Charge {
    /// What was captured and not refunded.
    pub(crate) fn left(&self) -> i64 {
        self.amount_captured.saturating_sub(self.amount_refunded)
    }
}

/// How a charge stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Pending,
    Authorized,
    Captured,
    /// Authorised once, and let go without being captured.
    Released,
    Failed(&'static Decline),
}

/// A PaymentMethod made from one of Stripe's test methods.
#[derive(Clone, Debug)]
pub(crate) struct Method {
    pub(crate) id: String,
    pub(crate) created: u64,
    pub(crate) test: &'static TestMethod,
    pub(crate) metadata: Metadata,
    pub(crate) billing: Billing,
    pub(crate) allow_redisplay: Option<String>,
}

/// Who pays, as far as they said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Billing {
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) address: Metadata,
}

/// A ConfirmationToken: what a browser collected, to be used once within twelve hours.
#[derive(Clone, Debug)]
pub(crate) struct ConfirmationToken {
    pub(crate) id: String,
    pub(crate) created: u64,
    pub(crate) expires_at: u64,
    pub(crate) test: &'static TestMethod,
    pub(crate) billing: Billing,
    pub(crate) return_url: Option<String>,
    pub(crate) setup_future_usage: Option<String>,
    pub(crate) shipping: Option<Shipping>,
    /// The intent that used it up.
    pub(crate) used_by: Option<String>,
}

/// A refund.
#[derive(Clone, Debug)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) created: u64,
    pub(crate) charge: String,
    pub(crate) intent: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) reason: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) status: RefundStatus,
    pub(crate) balance_transaction: Option<String>,
    /// What took that back, if the bank did.
    pub(crate) failure_balance_transaction: Option<String>,
}

/// How a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefundStatus {
    Pending,
    Succeeded,
    Failed,
}

impl RefundStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}
