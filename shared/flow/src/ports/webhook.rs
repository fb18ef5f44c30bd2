//! The ports of webhooks to the merchant: the endpoints, the deliveries, and the way out.

use std::future::Future;

use domain::{
    time::Timestamp,
    webhook::{Answer, Delivery, DeliveryId, EndpointId, EndpointUrl, Endpoints, Generation},
};

use super::{Actor, Error, WriterToken, timeline::Event};

/// Reads the merchant's endpoints.
pub trait LoadEndpoints: Sync {
    /// All of them, as they stand: strongly consistent. Where nobody has registered any, none, of version zero.
    fn load_endpoints(&self) -> impl Future<Output = Result<Endpoints, Error>> + Send;
}

/// Changes the merchant's endpoints. Only [`crate::commit::webhook`] calls it.
pub trait ReplaceEndpoints: Sync {
    /// Writes the row: the first version if there is none, a later one if the stored one is of the version before it. A stored one
    /// that is this very write counts as written.
    fn replace_endpoints(
        &self,
        write: &EndpointsWrite<'_>,
    ) -> impl Future<Output = Result<EndpointsReplaced, Error>> + Send;
}

/// The endpoints to write, and what made us write them.
#[derive(Debug, Clone, Copy)]
pub struct EndpointsWrite<'a> {
    /// The row as it shall stand.
    pub endpoints: &'a Endpoints,
    /// The word for what happened.
    pub event: &'a str,
    /// To which endpoint it happened.
    pub endpoint: &'a EndpointId,
    /// Who made it happen.
    pub actor: &'a Actor,
    /// When.
    pub at: Timestamp,
    /// Names this very write.
    pub writer: WriterToken,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointsReplaced {
    /// They are written.
    Replaced,
    /// Somebody else was first; this is what stands.
    Conflict(Endpoints),
}

/// Makes deliveries.
pub trait CreateDelivery: Sync {
    /// Writes the row if there is none of its id.
    fn create_delivery(&self, write: &DeliveryWrite<'_>)
    -> impl Future<Output = Result<DeliveryCreated, Error>> + Send;
}

/// A delivery to write, and what made us write it.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryWrite<'a> {
    /// The row as it shall stand.
    pub delivery: &'a Delivery,
    /// The word for what happened.
    pub event: &'a str,
    /// Who made it happen.
    pub actor: &'a Actor,
    /// Names this very write.
    pub writer: WriterToken,
}

/// What became of a create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryCreated {
    /// It is there now.
    Created,
    /// It was there before; this is it.
    Exists(Box<Delivery>),
}

/// Reads deliveries.
pub trait LoadDelivery: Sync {
    /// The delivery as it stands: strongly consistent.
    fn load_delivery(&self, id: &DeliveryId) -> impl Future<Output = Result<Option<Delivery>, Error>> + Send;

    /// Of these deliveries, those that there are, in no order. At most one for each endpoint is asked for at once.
    fn load_deliveries(&self, ids: &[DeliveryId]) -> impl Future<Output = Result<Vec<Delivery>, Error>> + Send;
}

/// Changes deliveries. Only [`crate::commit::webhook`] calls it.
pub trait ReplaceDelivery: Sync {
    /// Writes the row if the stored one is of the version before it, or if the stored one is this very write.
    fn replace_delivery(
        &self,
        write: &DeliveryWrite<'_>,
    ) -> impl Future<Output = Result<DeliveryReplaced, Error>> + Send;
}

/// What became of a replace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryReplaced {
    /// It is written.
    Replaced,
    /// Somebody else was first; this is what stands.
    Conflict(Box<Delivery>),
}

/// An event on its way out. Under one id always the same bytes; when they were sent, and what they are signed with, differs.
#[derive(Debug, Clone, Copy)]
pub struct Sending<'a> {
    /// Where to.
    pub url: &'a EndpointUrl,
    /// Whose secrets sign.
    pub endpoint: &'a EndpointId,
    /// Which of them, the newest first.
    pub generations: &'a [Generation],
    /// What is told.
    pub event: &'a Event,
    /// When.
    pub sent_at: Timestamp,
}

/// Sends events to the merchant's endpoints.
pub trait SendWebhook: Sync {
    /// Sends, and waits for the answer no longer than [`domain::webhook::SEND_TIMEOUT`].
    ///
    /// An error means that nothing was sent, because something of our own failed: that is no try.
    fn send(&self, sending: &Sending<'_>) -> impl Future<Output = Result<Answer, Error>> + Send;
}
