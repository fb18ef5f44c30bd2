//! What the simulated PayPal account consists of: orders, authorisations, captures and refunds. Plain data.

use super::money::Money;
use crate::clock::Moment;

const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// How long an order waits to be approved, and how long an approved one to be captured.
pub(super) const ORDER_LIFE_MS: u64 = 3 * HOUR_MS;
/// How long an authorisation may be captured.
pub(super) const AUTHORIZATION_LIFE_MS: u64 = 29 * DAY_MS;
/// How long a capture may be refunded.
pub(super) const REFUND_WINDOW_MS: u64 = 180 * DAY_MS;

/// What becomes of the money when the merchant completes the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    Capture,
    Authorize,
}

/// What the merchant asked for, as far as it is shown again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) reference_id: String,
    pub(crate) amount: Money,
    /// The merchant's id of the payment.
    pub(crate) custom_id: Option<String>,
    pub(crate) invoice_id: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) soft_descriptor: Option<String>,
}

/// What the order is paid with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Nobody has said yet.
    Unnamed,
    Wallet,
    Card(Card),
}

/// What is remembered of a card. Never its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Card {
    pub(crate) name: Option<String>,
    pub(crate) last_digits: String,
    pub(crate) brand: &'static str,
    pub(crate) expiry: Option<String>,
    pub(crate) answer: &'static Answer,
}

/// What a card's processor says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// What the cardholder must be called to get it.
    pub(crate) trigger: &'static str,
    pub(crate) response_code: &'static str,
    pub(crate) avs_code: &'static str,
    pub(crate) cvv_code: &'static str,
}

impl Answer {
    pub(crate) fn is_approval(&self) -> bool {
        self.response_code == "0000"
    }
}

/// What the payer's account does when the merchant takes the money; the payer chooses it on the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Funding {
    pub(crate) fate: Fate,
    /// What the processor says of the card that the payer pays with there, if it is one of PayPal's test cards.
    pub(crate) card: Option<&'static Answer>,
    pub(crate) refunds: RefundFate,
}

/// What the merchant's request to take the money comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    #[default]
    Completed,
    /// Pending until the bank has decided.
    Echeck,
    /// Pending until PayPal has looked.
    PendingReview,
    /// 201, and a capture that is declined.
    Declined,
    /// 201, and a capture that failed.
    Failed,
    /// 422: the payer must choose another instrument.
    InstrumentDeclined,
    /// 422: the payer must come back once more.
    PayerActionRequired,
    PayerCannotPay,
    TransactionRefused,
}

/// How refunds to this payer go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundFate {
    #[default]
    Completed,
    /// Until a test decides.
    Pending,
    PendingThenCompleted,
    PendingThenFailed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderStatus {
    Created,
    PayerActionRequired,
    Approved,
    Completed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) intent: Intent,
    pub(crate) status: OrderStatus,
    pub(crate) unit: Unit,
    pub(crate) source: Source,
    pub(crate) return_url: Option<String>,
    pub(crate) cancel_url: Option<String>,
    /// Once the payer has approved.
    pub(crate) funding: Option<Funding>,
    /// How often an instrument was declined.
    pub(crate) declines: u32,
    pub(crate) authorizations: Vec<String>,
    pub(crate) captures: Vec<String>,
    pub(crate) refunds: Vec<String>,
    pub(crate) disputes: Vec<String>,
    pub(crate) created: Moment,
    pub(crate) updated: Moment,
    /// From then on PayPal does not know it any more, unless it is completed.
    pub(crate) dies: Moment,
}

impl Order {
    pub(crate) fn is_gone(&self, now: Moment) -> bool {
        self.status != OrderStatus::Completed && self.dies <= now
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthorizationStatus {
    Created,
    Pending,
    Denied,
    PartiallyCaptured,
    Captured,
    Voided,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authorization {
    pub(crate) id: String,
    pub(crate) order: String,
    pub(crate) status: AuthorizationStatus,
    pub(crate) amount: Money,
    /// In minor units.
    pub(crate) captured: i64,
    pub(crate) captures: u32,
    pub(crate) created: Moment,
    pub(crate) updated: Moment,
    pub(crate) expires: Moment,
}

impl Authorization {
    pub(crate) fn left(&self) -> Money {
        Money::new(self.amount.minor.saturating_sub(self.captured), self.amount.currency)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaptureStatus {
    Completed,
    Pending(&'static str),
    Declined,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Capture {
    pub(crate) id: String,
    pub(crate) order: String,
    pub(crate) authorization: Option<String>,
    pub(crate) status: CaptureStatus,
    /// A bank or PayPal was to decide about it first.
    pub(crate) was_pending: bool,
    pub(crate) amount: Money,
    pub(crate) invoice_id: Option<String>,
    pub(crate) final_capture: bool,
    /// Refunds that are not failed or cancelled, in minor units: nobody may refund this again.
    pub(crate) refunding: i64,
    /// Completed refunds, in minor units.
    pub(crate) refunded: i64,
    pub(crate) refunds: u32,
    /// Lost in disputes, in minor units.
    pub(crate) reversed: i64,
    pub(crate) refund_fate: RefundFate,
    pub(crate) created: Moment,
    pub(crate) updated: Moment,
    /// From then on it cannot be refunded any more.
    pub(crate) refundable_until: Moment,
}

impl Capture {
    pub(crate) fn left(&self) -> Money {
        let gone = self.refunding.saturating_add(self.reversed);
        Money::new(self.amount.minor.saturating_sub(gone), self.amount.currency)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefundStatus {
    Pending,
    Completed,
    Failed,
    Cancelled,
}

impl RefundStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) capture: String,
    pub(crate) order: String,
    pub(crate) status: RefundStatus,
    pub(crate) amount: Money,
    /// The merchant's id of the refund.
    pub(crate) custom_id: Option<String>,
    pub(crate) invoice_id: Option<String>,
    pub(crate) note_to_payer: Option<String>,
    pub(crate) created: Moment,
    pub(crate) updated: Moment,
}
