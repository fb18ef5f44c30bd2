//! The two gateways as tests tell them apart: how a payment comes to be paid there, and where the gateway is asked for what.
//!
//! What holds at one gateway holds at the other, so a scenario takes the gateway as its argument.

use serde_json::{Value, json};

use crate::client::Opened;
use crate::stack::Stack;
use crate::unique;
use crate::wire::Answer;

/// Where a payment is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gateway {
    /// A card is charged by its payment method.
    Stripe,
    /// The payer approves an order, and then it is charged.
    PayPal,
}

/// What a gateway is asked for, in our words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// To open an object.
    Open,
    /// To charge, where the money is taken at once.
    Confirm,
    /// To charge, where the money is only held.
    Hold,
    /// To take what is held.
    Capture,
    /// To end what nobody has paid.
    End,
    /// To let go of what is held.
    Release,
    /// To give back.
    Refund,
    /// Where an object stands.
    Look,
    /// What was given back.
    List,
    /// To take the merchant's evidence in a dispute.
    Evidence,
    /// To let the payer have it.
    Accept,
    /// Where a dispute stands.
    LookAtDispute,
}

impl Gateway {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::Stripe, Self::PayPal];

    /// What our API and the sandbox call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::PayPal => "paypal",
        }
    }

    /// With which method, and where, it is asked for this.
    #[must_use]
    pub const fn request(self, call: Call) -> (&'static str, &'static str) {
        match (self, call) {
            (Self::Stripe, Call::Open) => ("POST", "/v1/payment_intents"),
            (Self::Stripe, Call::Confirm | Call::Hold) => ("POST", "/v1/payment_intents/*/confirm"),
            (Self::Stripe, Call::Capture) => ("POST", "/v1/payment_intents/*/capture"),
            (Self::Stripe, Call::End | Call::Release) => ("POST", "/v1/payment_intents/*/cancel"),
            (Self::Stripe, Call::Refund) => ("POST", "/v1/refunds"),
            (Self::Stripe, Call::Look) => ("GET", "/v1/payment_intents/*"),
            (Self::Stripe, Call::List) => ("GET", "/v1/refunds"),
            (Self::Stripe, Call::Evidence) => ("POST", "/v1/disputes/*"),
            (Self::Stripe, Call::Accept) => ("POST", "/v1/disputes/*/close"),
            (Self::Stripe, Call::LookAtDispute) => ("GET", "/v1/disputes/*"),
            (Self::PayPal, Call::Open) => ("POST", "/v2/checkout/orders"),
            (Self::PayPal, Call::Confirm) => ("POST", "/v2/checkout/orders/*/capture"),
            (Self::PayPal, Call::Hold) => ("POST", "/v2/checkout/orders/*/authorize"),
            (Self::PayPal, Call::Capture) => ("POST", "/v2/payments/authorizations/*/capture"),
            (Self::PayPal, Call::Release) => ("POST", "/v2/payments/authorizations/*/void"),
            (Self::PayPal, Call::Refund) => ("POST", "/v2/payments/captures/*/refund"),
            (Self::PayPal, Call::Evidence) => ("POST", "/v1/customer/disputes/*/provide-evidence"),
            (Self::PayPal, Call::Accept) => ("POST", "/v1/customer/disputes/*/accept-claim"),
            (Self::PayPal, Call::LookAtDispute) => ("GET", "/v1/customer/disputes/*"),
            // An order that holds no money needs no end: whoever ends its payment only looks. Its refunds stand on it.
            (Self::PayPal, Call::Look | Call::End | Call::List) => ("GET", "/v2/checkout/orders/*"),
        }
    }

    /// A fault of what it is asked for; the test says which, how often, and for whom.
    #[must_use]
    pub fn fault(self, call: Call, mut fault: Value) -> Value {
        let (method, path) = self.request(call);
        fault["gateway"] = json!(self.name());
        fault["method"] = json!(method);
        fault["path"] = json!(path);
        fault
    }
}

impl Stack {
    /// Opens a payment at this gateway: 19.99 EUR, unless these terms say otherwise.
    pub async fn opened(&self, gateway: Gateway, terms: Value) -> Opened {
        self.api.open_with(Self::terms(gateway, &terms)).await
    }

    /// What is asked of initiate for that.
    ///
    /// # Panics
    /// If the terms are no object.
    #[must_use]
    pub fn terms(gateway: Gateway, further: &Value) -> Value {
        let returns = "https://shop.example/done";
        let mut terms = json!({"amount": 1999, "currency": "EUR", "gateway": gateway.name(), "returnUrl": returns});
        terms.as_object_mut().unwrap().extend(further.as_object().cloned().unwrap_or_default());
        terms
    }

    /// The same, brought to where confirming it charges: at PayPal, its payer has approved.
    pub async fn ready(&self, gateway: Gateway, terms: Value) -> Opened {
        let payment = self.opened(gateway, terms).await;
        if gateway == Gateway::PayPal {
            drop(self.sandbox.payer_decides(&payment.id, "approve").await);
        }
        payment
    }

    /// The same, paid; or held, if it is captured later.
    pub async fn paid(&self, gateway: Gateway, terms: Value) -> Opened {
        let payment = self.ready(gateway, terms).await;
        drop(self.charged(&payment).await.expect(200));
        payment
    }

    /// Confirms under a key of its own.
    pub async fn charged(&self, payment: &Opened) -> Answer {
        self.api.charge(payment, &unique("pay")).await
    }
}
