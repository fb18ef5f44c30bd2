//! What is sent to the gateway: built from nothing but the committed row, as the real adapter does it, so that whoever
//! sends it again sends the same bytes.

use domain::{
    gateway::Gateway,
    id::{AttemptNumber, RefundId, TransactionId, gateway_key},
    payment::{ActKind, Attempt, AttemptSource, Payment, Terms},
    text::GatewayToken,
};
use flow::ports::OpenRequest;

use super::Call;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its kind.
    pub call: Call,
    /// Its idempotency key; none if it only looks.
    pub key: Option<String>,
    /// Everything else that is sent.
    pub body: String,
    pub(super) deed: Deed,
}

/// What it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    Open { id: TransactionId, gateway: Gateway, terms: Box<Terms> },
    Confirm { object: GatewayToken, off_session: bool },
    Capture { object: GatewayToken, minor_units: i64 },
    Cancel { object: GatewayToken },
    Fetch { object: GatewayToken },
    Refund { object: GatewayToken, id: RefundId, minor_units: i64 },
    ListRefunds { object: GatewayToken },
}

impl Deed {
    /// The object that it is about, once there is one.
    pub(super) const fn object(&self) -> Option<&GatewayToken> {
        match self {
            Self::Open { .. } => None,
            Self::Confirm { object, .. }
            | Self::Capture { object, .. }
            | Self::Cancel { object }
            | Self::Fetch { object }
            | Self::Refund { object, .. }
            | Self::ListRefunds { object } => Some(object),
        }
    }
}

impl Request {
    pub(super) fn open(asked: &OpenRequest<'_>) -> Self {
        let key = gateway_key::open(asked.id, asked.request_hash, asked.round);
        let deed = Deed::Open { id: asked.id.clone(), gateway: asked.gateway, terms: Box::new(asked.terms.clone()) };
        Self::new(Call::Open, Some(key), deed, &[&asked.id, asked.terms])
    }

    pub(super) fn confirm(payment: &Payment, number: AttemptNumber) -> Self {
        let source = payment.attempt(number).map(|Attempt { source, .. }| source);
        let key = gateway_key::confirm(&payment.id, number);
        if payment.gateway == Gateway::PayPal {
            let deed = Deed::Confirm { object: payment.object.clone(), off_session: false };
            return Self::new(Call::Confirm, Some(key), deed, &[&payment.object]);
        }
        let Some(AttemptSource::Api { instrument, return_url, off_session, api_version, .. }) = source else {
            bug("an attempt is sent that is not on the row")
        };
        let deed = Deed::Confirm { object: payment.object.clone(), off_session: *off_session };
        let return_url = return_url.as_ref().or(payment.terms.return_url.as_ref());
        Self::new(Call::Confirm, Some(key), deed, &[&payment.object, instrument, &return_url, off_session, api_version])
    }

    pub(super) fn capture(payment: &Payment) -> Self {
        let captures = payment.acts.iter().filter(|act| matches!(act.kind, ActKind::Capture { .. })).count();
        let Some(ActKind::Capture { amount }) = payment.open_act().map(|act| act.kind) else {
            bug("a capture is sent that is not open on the row")
        };
        let deed = Deed::Capture { object: payment.object.clone(), minor_units: amount.minor_units() };
        let key = gateway_key::capture(&payment.id, captures);
        Self::new(Call::Capture, Some(key), deed, &[&payment.object, &amount])
    }

    pub(super) fn cancel(payment: &Payment, fresh: u64) -> Self {
        let is_open = matches!(payment.open_act().map(|act| act.kind), Some(ActKind::Close { .. }));
        // What is held though the payment has ended is let go.
        if !is_open && !payment.has_ended_without_money() {
            bug("a cancel is sent that is not open on the row");
        }
        let deed = Deed::Cancel { object: payment.object.clone() };
        Self::new(Call::Cancel, Some(format!("{}:cancel:{fresh}", payment.id)), deed, &[&payment.object])
    }

    pub(super) fn fetch(payment: &Payment) -> Self {
        Self::new(Call::Fetch, None, Deed::Fetch { object: payment.object.clone() }, &[&payment.object])
    }

    pub(super) fn refund(payment: &Payment, id: &RefundId) -> Self {
        let Some(refund) = payment.refund(id) else { bug("a refund is sent that is not on the row") };
        let minor_units = refund.amount.minor_units();
        let deed = Deed::Refund { object: payment.object.clone(), id: id.clone(), minor_units };
        let key = gateway_key::refund(&payment.id, id);
        Self::new(Call::Refund, Some(key), deed, &[&payment.object, id, &refund.amount, &refund.reason])
    }

    pub(super) fn refunds(payment: &Payment) -> Self {
        let deed = Deed::ListRefunds { object: payment.object.clone() };
        Self::new(Call::ListRefunds, None, deed, &[&payment.object])
    }

    fn new(call: Call, key: Option<String>, deed: Deed, parts: &[&dyn std::fmt::Debug]) -> Self {
        let body = parts.iter().map(|part| format!("{part:?}")).collect::<Vec<_>>().join("&");
        Self { call, key, body, deed }
    }
}

#[expect(
    clippy::panic,
    reason = "the real adapter would send something else than was committed: a test must fail here"
)]
fn bug(what: &str) -> ! {
    panic!("{what}")
}
