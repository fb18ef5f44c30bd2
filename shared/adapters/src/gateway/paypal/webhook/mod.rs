//! What PayPal tells us by itself: a signed event, checked over the raw bytes.
//!
//! 1. Size and headers, 2. age, 3. the certificate, 4. the signature, 5. only then the body.
//!
//! Must never: trust a byte before the signature holds, or refuse an event only because it is new to us. PayPal signs a
//! checksum that anybody can meet with a body of their own (CRC-32), so whoever has once seen an event with its headers
//! can word others. Therefore an event is never evidence here, not even of what is final: it says which object to look
//! at, and what PayPal answers to that look is believed.

mod certificates;
mod event;
#[cfg(test)]
mod signer;
#[cfg(test)]
mod tests;
mod transmission;
mod trust;

use std::{sync::Arc, time::Duration};

use domain::{gateway::Mode, time::Timestamp};
use flow::operations::webhook::GatewayEvent;
use reqwest::{Client, header::HeaderMap};

use self::{
    certificates::{Certificates, NoCertificate},
    transmission::Transmission,
    trust::Trust,
};
use crate::{
    gateway::{
        webhook::{Age, WebhookRefusal},
        wire::BaseUrl,
    },
    secrets::PaypalEndpoint,
};

/// PayPal's events are a few kB; the largest that a Lambda function could be handed is 6 MB.
pub const BODY_MAX_BYTES: usize = 1 << 20;
/// How old an event may be. PayPal delivers again for three days, and does not say that it then signs anew.
const AGE_MAX: Duration = Duration::from_secs(3 * 86_400 + 3_600);
/// How far PayPal's clock may be ahead of ours.
const AHEAD_MAX: Duration = Duration::from_secs(300);

/// Checks PayPal's events. Clones share the certificates.
#[derive(Debug, Clone)]
pub struct Verifier {
    base_url: BaseUrl,
    mode: Mode,
    certificates: Arc<Certificates>,
}

/// Why an event was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unverified {
    /// It is not as it should be.
    Refused(WebhookRefusal),
    /// The certificate cannot be had at the moment: nobody knows, and PayPal may deliver again.
    NoCertificate,
}

impl Verifier {
    /// For the endpoint of this mode. `base_url` is where PayPal is; certificates are fetched through `client`, which
    /// must follow no redirects.
    #[must_use]
    pub fn new(client: Client, base_url: BaseUrl, mode: Mode) -> Self {
        Self { base_url, mode, certificates: Arc::new(Certificates::new(client)) }
    }

    /// Checks and reads an event that came to `endpoint`. `body` is the bytes as they came. The endpoint's id is signed
    /// together with each event, so an event of the other mode, where the id is another one, cannot be one of ours.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn verify(
        &self,
        endpoint: &PaypalEndpoint,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
        age: Age,
    ) -> Result<GatewayEvent, Unverified> {
        let sent_at = self.check(endpoint, headers, body, now, age).await?;
        event::read(body, self.mode, sent_at).map_err(Unverified::Refused)
    }

    /// Whether PayPal sent this, and when.
    async fn check(
        &self,
        endpoint: &PaypalEndpoint,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
        age: Age,
    ) -> Result<Timestamp, Unverified> {
        if body.len() > BODY_MAX_BYTES {
            return Err(Unverified::Refused(WebhookRefusal::TooLarge));
        }
        let transmission = Transmission::of(headers).ok_or(Unverified::Refused(WebhookRefusal::NoSignature))?;
        if age == Age::Checked {
            if now.since(transmission.sent_at) > AGE_MAX {
                return Err(Unverified::Refused(WebhookRefusal::Stale));
            }
            if transmission.sent_at.since(now) > AHEAD_MAX {
                return Err(Unverified::Refused(WebhookRefusal::Future));
            }
        }
        // A root that has no business here is trusted by nobody, and neither is what it vouches for.
        let trust = Trust::new(self.mode, &self.base_url, endpoint.trusted_root())
            .map_err(|_| Unverified::Refused(WebhookRefusal::StrangeCertificate))?;
        let chain = self.certificates.at(transmission.certificate_url, &trust, now).await;
        let chain = chain.map_err(|why| match why {
            NoCertificate::Strange => Unverified::Refused(WebhookRefusal::StrangeCertificate),
            NoCertificate::Unavailable => Unverified::NoCertificate,
        })?;
        if chain.has_signed(&transmission, endpoint.webhook_id(), body) {
            Ok(transmission.sent_at)
        } else {
            Err(Unverified::Refused(WebhookRefusal::Forged))
        }
    }
}

/// For the fuzzing of this door, which asks nobody for a certificate.
#[cfg(test)]
pub(super) use self::{
    event::read,
    signer::{headers as signed, holds},
};
