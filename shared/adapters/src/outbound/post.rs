//! The flow's way out: an event to one of the merchant's endpoints, signed with the secrets that are active.
//!
//! Must never: send what it cannot sign, or count as a try what never went out for a reason of our own.

use domain::webhook::{self, Answer, Generation, Reason, SEND_TIMEOUT};
use flow::ports::{
    Dependency, Error,
    webhook::{SendWebhook, Sending},
};

use super::{Heard, Reach, Sender, Signed, SigningKey, derive};
use crate::{
    net::OutboundClientError,
    secrets::{Cached, Vault, WebhookSigningKey},
};

/// Sends events.
#[derive(Debug)]
pub struct Post<V> {
    sender: Sender,
    key: Cached<WebhookSigningKey, V>,
}

impl<V: Vault> Post<V> {
    /// A way out as far as `reach`, where what is sent is signed under `key`.
    ///
    /// # Errors
    /// If there can be no HTTP client.
    pub fn new(key: Cached<WebhookSigningKey, V>, reach: webhook::Reach) -> Result<Self, OutboundClientError> {
        let reach = match reach {
            webhook::Reach::Public => Reach::Public,
            webhook::Reach::Loopback => Reach::Local,
        };
        Ok(Self { sender: Sender::new(reach)?, key })
    }

    /// The key, to be read before the first event.
    pub const fn key(&self) -> &Cached<WebhookSigningKey, V> {
        &self.key
    }

    async fn keys(&self, sending: &Sending<'_>) -> Result<Vec<SigningKey>, Error> {
        let master = self
            .key
            .get(sending.sent_at)
            .await
            .map_err(|error| Error::Unavailable { dependency: Dependency::Secrets, detail: error.to_string() })?;
        let key = |generation: &Generation| derive(master.secret(), sending.endpoint.as_str(), generation.get());
        Ok(sending.generations.iter().map(key).collect())
    }
}

impl<V: Vault> SendWebhook for Post<V> {
    async fn send(&self, sending: &Sending<'_>) -> Result<Answer, Error> {
        let keys = self.keys(sending).await?;
        let event = sending.event;
        let signed = Signed::new(event.id.as_str(), sending.sent_at, &event.body, &keys);
        let heard = self.sender.send(sending.url.as_str(), &signed, event.body.clone(), SEND_TIMEOUT).await;
        Ok(match heard {
            Heard::Status { code, retry_after } => Answer::Answered { status: code, retry_after },
            Heard::Unreachable { reason } => Answer::Unreachable { reason: Reason::of(reason.word()) },
            Heard::Refused { reason } => Answer::Refused { reason: Reason::of(reason.word()) },
        })
    }
}
