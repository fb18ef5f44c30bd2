//! What a delivery is called: by its event, and by the endpoint that it goes to.

use std::fmt;

use super::EndpointId;
use crate::timeline::EventId;

/// The name of a delivery: which event, to which endpoint. There is one delivery for each pair.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeliveryId {
    text: String,
    event: EventId,
    endpoint: EndpointId,
}

/// Why a text is no delivery's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a delivery's id: an event's, `.`, and a webhook endpoint's")]
pub struct NotADeliveryId;

impl DeliveryId {
    /// The delivery of `event` to `endpoint`.
    #[must_use]
    pub fn of(event: EventId, endpoint: EndpointId) -> Self {
        Self { text: format!("{event}.{endpoint}"), event, endpoint }
    }

    /// Reads an id that somebody else wrote.
    ///
    /// # Errors
    /// If it cannot be one of ours.
    pub fn parse(text: &str) -> Result<Self, NotADeliveryId> {
        let (event, endpoint) = text.split_once('.').ok_or(NotADeliveryId)?;
        let event = EventId::parse(event).map_err(|_| NotADeliveryId)?;
        Ok(Self::of(event, EndpointId::parse(endpoint).map_err(|_| NotADeliveryId)?))
    }

    /// The id as text: letters, digits, `_`, `-` and one `.`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Which event.
    #[must_use]
    pub const fn event(&self) -> &EventId {
        &self.event
    }

    /// To which endpoint.
    #[must_use]
    pub const fn endpoint(&self) -> &EndpointId {
        &self.endpoint
    }
}

impl Ord for DeliveryId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl PartialOrd for DeliveryId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
