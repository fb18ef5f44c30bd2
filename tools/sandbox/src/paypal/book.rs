//! The simulated PayPal account: all objects, what happened to them, and what is still to happen. No HTTP, no clock.
//!
//! Every public operation is one step under the caller's lock. It either changes nothing and refuses, or changes the
//! objects and writes the events that PayPal would send; the events are snapshots, taken at that moment. The one
//! exception is a declined instrument: it is a refusal that is counted.
//!
//! The operations themselves stand in `orders`, `authorizations`, `captures` and `refunds`; this file has what they share.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::{
    calls::Call,
    disputes::Dispute,
    error::PaypalError,
    events::Event,
    keys::Keys,
    objects::{Authorization, Capture, Order, Refund},
    render, resolution,
    tokens::Tokens,
};
use crate::{
    clock::Moment,
    ids::Ids,
    shelf::{Full, Shelf},
};

/// The account that everything belongs to.
pub(crate) struct Book {
    pub(super) ids: Ids,
    pub(super) orders: Shelf<Order>,
    pub(super) authorizations: Shelf<Authorization>,
    pub(super) captures: Shelf<Capture>,
    pub(super) refunds: Shelf<Refund>,
    pub(super) disputes: Shelf<Dispute>,
    pub(crate) tokens: Tokens,
    /// What became of requests, by their `PayPal-Request-Id`.
    pub(crate) keys: Keys,
    /// How each object was shown after each change, oldest first.
    pub(super) history: HashMap<String, Vec<Value>>,
    /// Orders that the present step may have changed, or something that belongs to them.
    pub(super) touched: BTreeSet<String>,
    pub(super) agenda: Vec<(Moment, Task)>,
    news: Vec<Event>,
    pub(super) settle_ms: u64,
    pub(super) public_url: String,
}

/// What the world outside the API does later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    SettleRefund { refund: String, paid: bool },
}

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) id: String,
    /// Something new exists: 201, else 200.
    pub(crate) created: bool,
}

impl Book {
    pub(crate) fn new(public_url: String, settle_ms: u64) -> Self {
        Self {
            ids: Ids::new(),
            orders: Shelf::default(),
            authorizations: Shelf::default(),
            captures: Shelf::default(),
            refunds: Shelf::default(),
            disputes: Shelf::default(),
            tokens: Tokens::default(),
            keys: Keys::default(),
            history: HashMap::new(),
            touched: BTreeSet::new(),
            agenda: Vec::new(),
            news: Vec::new(),
            settle_ms,
            public_url,
        }
    }

    /// Does what the call says. The key names what it creates.
    pub(crate) fn perform(&mut self, call: Call, key: Option<&str>, now: Moment) -> Result<Done, PaypalError> {
        match call {
            Call::CreateOrder(new) => self.create_order(*new, key, now),
            Call::GetOrder(id) => self.order(&id, now).map(|order| found(&order.id)),
            Call::CaptureOrder { id, card } => self.capture_order(&id, card, now),
            Call::AuthorizeOrder { id, card } => self.authorize_order(&id, card, now),
            Call::GetAuthorization(id) => self.authorization(&id).map(|authorization| found(&authorization.id)),
            Call::CaptureAuthorization { id, capture } => self.capture_authorization(&id, capture, now),
            Call::VoidAuthorization(id) => self.void(&id, now),
            Call::GetCapture(id) => self.capture(&id).map(|capture| found(&capture.id)),
            Call::RefundCapture { id, refund } => self.refund_capture(&id, refund, now),
            Call::GetRefund(id) => {
                self.refunds.get(&id).map(|refund| found(&refund.id)).ok_or_else(PaypalError::missing)
            }
        }
    }

    /// What became due is done. Called often.
    pub(crate) fn tick(&mut self, now: Moment) {
        let agenda = std::mem::take(&mut self.agenda);
        let (due, later): (Vec<_>, Vec<_>) = agenda.into_iter().partition(|(when, _)| *when <= now);
        self.agenda = later;
        for (_, Task::SettleRefund { refund, paid }) in due {
            // Decided already, by a test: then this has nothing to add.
            drop(self.settle_refund(&refund, paid, now));
        }
    }

    /// The events since the last call, oldest first.
    pub(crate) fn take_news(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.news)
    }

    /// Oldest first.
    pub(crate) fn all_authorizations(&self) -> impl Iterator<Item = &Authorization> {
        self.authorizations.iter()
    }

    /// Oldest first.
    pub(crate) fn all_captures(&self) -> impl Iterator<Item = &Capture> {
        self.captures.iter()
    }

    /// Oldest first.
    pub(crate) fn all_refunds(&self) -> impl Iterator<Item = &Refund> {
        self.refunds.iter()
    }

    /// Oldest first.
    pub(crate) fn all_disputes(&self) -> impl Iterator<Item = &Dispute> {
        self.disputes.iter()
    }

    pub(crate) fn debug_id(&mut self) -> String {
        let id = self.ids.next("").to_ascii_lowercase();
        format!("f{}", id.chars().filter(char::is_ascii_alphanumeric).take(12).collect::<String>())
    }

    /// The object of this id as PayPal shows it whole, or nothing if there is none.
    pub(crate) fn shown(&self, id: &str) -> Option<Value> {
        let order = |id: &str| self.orders.get(id).map(|order| render::order(self, order));
        let authorization = |id: &str| self.authorizations.get(id).map(|it| render::authorization(self, it));
        let capture = |id: &str| self.captures.get(id).map(|capture| render::capture(self, capture));
        let refund = |id: &str| self.refunds.get(id).map(|refund| render::refund(self, refund));
        let dispute = |id: &str| self.disputes.get(id).map(|dispute| resolution::shown(self, dispute));
        order(id).or_else(|| authorization(id)).or_else(|| capture(id)).or_else(|| refund(id)).or_else(|| dispute(id))
    }

    /// Announces something about an object as it stands now.
    pub(super) fn announce(&mut self, kind: &'static str, id: &str, now: Moment) {
        let Some(resource) = self.shown(id) else { return };
        self.announce_as(kind, resource, now);
    }

    pub(super) fn announce_as(&mut self, kind: &'static str, resource: Value, now: Moment) {
        let id = format!("WH-{}-{}", self.ids.serial(), self.ids.serial());
        let url = format!("{}/v1/notifications/webhooks-events/{id}", self.public_url);
        self.news.push(Event { id, kind, created: now, resource, url });
    }

    /// The order, unless PayPal has forgotten it.
    pub(super) fn order(&self, id: &str, now: Moment) -> Result<&Order, PaypalError> {
        self.orders.get(id).filter(|order| !order.is_gone(now)).ok_or_else(PaypalError::missing)
    }

    /// Refuses what belongs to an order that PayPal has forgotten.
    pub(super) fn is_known(&self, id: &str, now: Moment) -> Result<(), PaypalError> {
        let order = self.order_behind(id).ok_or_else(PaypalError::missing)?;
        self.order(&order.id, now).map(|_| ())
    }

    pub(super) fn order_mut(&mut self, id: &str, now: Moment) -> Result<&mut Order, PaypalError> {
        self.touched.insert(id.to_owned());
        let order = self.orders.get_mut(id).filter(|order| !order.is_gone(now)).ok_or_else(PaypalError::missing)?;
        order.updated = now;
        Ok(order)
    }

    pub(super) fn authorization(&self, id: &str) -> Result<&Authorization, PaypalError> {
        self.authorizations.get(id).ok_or_else(PaypalError::missing)
    }

    pub(super) fn authorization_mut(&mut self, id: &str, now: Moment) -> Result<&mut Authorization, PaypalError> {
        let authorization = self.authorizations.get_mut(id).ok_or_else(PaypalError::missing)?;
        self.touched.insert(authorization.order.clone());
        authorization.updated = now;
        Ok(authorization)
    }

    pub(super) fn capture(&self, id: &str) -> Result<&Capture, PaypalError> {
        self.captures.get(id).ok_or_else(PaypalError::missing)
    }

    pub(super) fn capture_mut(&mut self, id: &str, now: Moment) -> Result<&mut Capture, PaypalError> {
        let capture = self.captures.get_mut(id).ok_or_else(PaypalError::missing)?;
        self.touched.insert(capture.order.clone());
        capture.updated = now;
        Ok(capture)
    }
}

fn found(id: &str) -> Done {
    Done { id: id.to_owned(), created: false }
}

impl From<Full> for PaypalError {
    fn from(Full: Full) -> Self {
        Self::internal("The sandbox is full. POST /_sandbox/reset empties it.")
    }
}
