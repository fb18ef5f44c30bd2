//! What a gateway can tell us, in no gateway's own words. Adapters translate into these types; nothing else does.

mod evidence;

pub use evidence::{EvidenceKind, RequestId, Traced};

use crate::{
    decline::Decline,
    id::RefundId,
    money::{Currency, Money},
    settlement::Settlement,
    text::{GatewayToken, WebUrl},
};

/// Who moves the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gateway {
    /// Stripe: a PaymentIntent per payment.
    Stripe,
    /// PayPal: an order per payment.
    PayPal,
}

impl Gateway {
    /// Whether its object can be made to end, and seen to have ended, before a payment ends without money. An order of
    /// PayPal's cannot: there, money moves only by a request of ours, and what keeps it from moving is our own row.
    #[must_use]
    pub const fn can_end_its_object(self) -> bool {
        match self {
            Self::Stripe => true,
            Self::PayPal => false,
        }
    }
}

/// Whether money is real. One stack is one mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Play money.
    Test,
    /// Money.
    Live,
}

/// The gateway's object as it said it stood, at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectSnapshot {
    /// The gateway's name for it.
    pub reference: GatewayToken,
    /// Real money or not.
    pub mode: Mode,
    /// What it was opened for, in minor units of `currency` by ISO 4217.
    pub amount_minor_units: i64,
    /// The currency; none if it is not one we know.
    pub currency: Option<Currency>,
    /// Where it stood.
    pub status: ObjectStatus,
    /// The charge on it, if there is one and it was shown.
    pub charge: Option<Charge>,
}

/// The money on an object, as the gateway's own thing: a refund or a dispute is about this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The gateway's name for it: a charge of Stripe's; of PayPal's an authorization, and a capture from then on.
    pub reference: GatewayToken,
    /// What it came to in the merchant's own account, once the gateway tells.
    pub settlement: Option<Settlement>,
}

/// Where a gateway object stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectStatus {
    /// It waits for a way to pay. No money moved.
    AwaitsMethod,
    /// It waits for its payer.
    AwaitsPayer(NextAction),
    /// The gateway is at work and will say later.
    Pending,
    /// The money is held, not taken.
    Authorized {
        /// How much of it may be captured, in minor units.
        capturable_minor_units: i64,
    },
    /// The money is taken.
    Captured {
        /// How much was taken, in minor units.
        received_minor_units: i64,
    },
    /// It is over, and no money can move on it any more.
    Canceled,
    /// It is over: the one charge that it had was declined, and it takes no other.
    Failed(Decline),
    /// A word we do not know. Never guessed at.
    Unrecognized(String),
}

/// What the payer, or the merchant's client, must do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextAction {
    /// Send the payer to this address (3-D Secure, PayPal approval).
    Redirect(WebUrl),
    /// Hand the client secret to the gateway's own browser library.
    UseGatewaySdk,
    /// The payer has approved; confirm now.
    Confirm,
}

/// What a call to a gateway came to. A refusal or a silence is a value, not an error: each must be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The gateway showed its object.
    Object(ObjectSnapshot),
    /// The charge was declined; the object is shown if the gateway showed it.
    Declined {
        /// Why.
        decline: Decline,
        /// The object after the decline.
        object: Option<ObjectSnapshot>,
    },
    /// The request itself was refused and nothing happened; the object is shown if the gateway showed it.
    Refused {
        /// The gateway's code.
        code: String,
        /// The object that stood in the way.
        object: Option<ObjectSnapshot>,
    },
    /// Nobody knows what happened. Never a failure.
    Unknown(UnknownReason),
}

impl Outcome {
    /// The object that the gateway showed, if it did.
    #[must_use]
    pub const fn object(&self) -> Option<&ObjectSnapshot> {
        match self {
            Self::Object(object) => Some(object),
            Self::Declined { object, .. } | Self::Refused { object, .. } => object.as_ref(),
            Self::Unknown(_) => None,
        }
    }
}

/// Why nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnknownReason {
    /// The request never left: no connection.
    NotSent,
    /// No answer within the budget.
    Timeout,
    /// The connection broke after the request had left.
    ConnectionLost,
    /// An answer that cannot be read.
    Unreadable,
    /// The gateway failed (5xx). First-hand this proves nothing; replayed, it proves that the key was answered.
    ServerError,
    /// The gateway remembers this key with another request: a fault of ours, and no decline.
    KeyMismatch,
    /// The same key is being served at this moment.
    KeyInUse,
    /// Too many requests.
    RateLimited,
    /// The gateway does not take our API key.
    Unauthorized,
    /// The gateway does not like our request, for a reason that is ours and no payer's.
    Misconfigured,
}

impl UnknownReason {
    /// The word for it in logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Timeout => "timeout",
            Self::ConnectionLost => "connection_lost",
            Self::Unreadable => "unreadable",
            Self::ServerError => "server_error",
            Self::KeyMismatch => "key_mismatch",
            Self::KeyInUse => "key_in_use",
            Self::RateLimited => "rate_limited",
            Self::Unauthorized => "unauthorized",
            Self::Misconfigured => "misconfigured",
        }
    }
}

/// A refund as the gateway said it stood, at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundSnapshot {
    /// The gateway's name for it.
    pub reference: GatewayToken,
    /// The gateway's name for the object whose money goes back.
    pub object: GatewayToken,
    /// Our own id, if it bears one: what is made at the dashboard does not.
    pub id: Option<RefundId>,
    /// How much, in minor units of `currency` by ISO 4217.
    pub amount_minor_units: i64,
    /// The currency; none if it is not one we know.
    pub currency: Option<Currency>,
    /// Where it stood.
    pub status: RefundStatus,
}

/// Where a refund stands at the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundStatus {
    /// The gateway will say later.
    Pending,
    /// The money is on its way.
    Succeeded,
    /// The money stays, or came back.
    Failed {
        /// The gateway's code.
        code: String,
    },
    /// It was called off.
    Canceled,
    /// A word we do not know. Never guessed at.
    Unrecognized(String),
}

/// What a request for a refund came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundOutcome {
    /// The gateway showed it.
    Refund(RefundSnapshot),
    /// The request was refused and nothing happened.
    Refused {
        /// The gateway's code.
        code: String,
    },
    /// Nobody knows what happened.
    Unknown(UnknownReason),
}

/// An answer to one of our own requests for a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundAnswer {
    /// What it says.
    pub outcome: RefundOutcome,
    /// Whether it is fresh.
    pub hand: Hand,
}

/// Whether an answer was made for this very request, or is the saved answer to an earlier one with the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hand {
    /// The gateway acted, and this is what came of it.
    First,
    /// The gateway repeated what it answered before; the object may have moved on since.
    Replayed,
}

impl Hand {
    /// What an answer is called that is as fresh as this.
    #[must_use]
    pub const fn evidence(self) -> EvidenceKind {
        match self {
            Self::First => EvidenceKind::Answer,
            Self::Replayed => EvidenceKind::ReplayedAnswer,
        }
    }
}

/// An answer to one of our own requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it says.
    pub outcome: Outcome,
    /// Whether it is fresh.
    pub hand: Hand,
}

/// What was asked of the gateway when a payment is opened: no method, so no money can move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedObject {
    /// The object.
    pub snapshot: ObjectSnapshot,
    /// What a browser needs to work on it.
    pub client_secret: Option<crate::text::ClientSecret>,
    /// Where its payer approves it, at a gateway where that comes first (PayPal).
    pub payer_url: Option<WebUrl>,
}

impl ObjectSnapshot {
    /// Whether it is an object for exactly this money in this mode.
    #[must_use]
    pub fn is_for(&self, amount: Money, mode: Mode) -> bool {
        self.mode == mode && self.currency == Some(amount.currency()) && self.amount_minor_units == amount.minor_units()
    }

    /// Whether money has moved, or is held, on it.
    #[must_use]
    pub const fn holds_money(&self) -> bool {
        match self.status {
            ObjectStatus::Authorized { .. } | ObjectStatus::Captured { .. } => true,
            ObjectStatus::AwaitsMethod
            | ObjectStatus::AwaitsPayer(_)
            | ObjectStatus::Pending
            | ObjectStatus::Canceled
            | ObjectStatus::Failed(_)
            | ObjectStatus::Unrecognized(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_nobody_knows_has_a_word_in_logs_and_rows() {
        let reasons = [
            UnknownReason::NotSent,
            UnknownReason::Timeout,
            UnknownReason::ConnectionLost,
            UnknownReason::Unreadable,
            UnknownReason::ServerError,
            UnknownReason::KeyMismatch,
            UnknownReason::KeyInUse,
            UnknownReason::RateLimited,
            UnknownReason::Unauthorized,
            UnknownReason::Misconfigured,
        ];
        let words =
            ["not_sent", "timeout", "connection_lost", "unreadable", "server_error", "key_mismatch", "key_in_use"];
        assert_eq!(
            reasons.map(UnknownReason::name).to_vec(),
            [&words[..], &["rate_limited", "unauthorized", "misconfigured"]].concat()
        );
    }

    #[test]
    fn money_stands_on_what_is_held_or_captured_and_on_nothing_else() {
        let object = |status| ObjectSnapshot {
            reference: GatewayToken::parse("pi_1").unwrap(),
            mode: Mode::Test,
            amount_minor_units: 1,
            currency: None,
            status,
            charge: None,
        };
        for status in
            [ObjectStatus::Authorized { capturable_minor_units: 1 }, ObjectStatus::Captured { received_minor_units: 1 }]
        {
            assert!(object(status).holds_money());
        }
        for status in [
            ObjectStatus::AwaitsMethod,
            ObjectStatus::AwaitsPayer(NextAction::Confirm),
            ObjectStatus::Pending,
            ObjectStatus::Canceled,
            ObjectStatus::Unrecognized("x".to_owned()),
        ] {
            assert!(!object(status).holds_money());
        }
    }
}
