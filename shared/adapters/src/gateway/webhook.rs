//! What the webhooks of all gateways have in common: whether they may be old, and why they are not taken.

/// Whether an event may be old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// It may be as far from now as its gateway's deliveries are. An older one is a replay by somebody who has seen it.
    Checked,
    /// It is a recording, on a developer's own machine, and does not age.
    Recorded,
}

/// Why an event was not taken. Nothing about it is known to be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum WebhookRefusal {
    /// More than any event of a gateway's.
    #[error("the body is too large")]
    TooLarge,
    /// No signature, or none that could hold.
    #[error("the signature is missing or malformed")]
    NoSignature,
    /// The certificate that it names is not the gateway's.
    #[error("the certificate is not the gateway's")]
    StrangeCertificate,
    /// Nobody with a secret or a certificate that we trust has signed this.
    #[error("the signature does not hold")]
    Forged,
    /// Signed too long ago.
    #[error("the signature is too old")]
    Stale,
    /// Signed in the future.
    #[error("the signature is from the future")]
    Future,
    /// Signed, and yet no event.
    #[error("the event cannot be read")]
    Unreadable,
}

impl WebhookRefusal {
    /// The word for it in logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::NoSignature => "no_signature",
            Self::StrangeCertificate => "strange_certificate",
            Self::Forged => "forged",
            Self::Stale => "stale",
            Self::Future => "future",
            Self::Unreadable => "unreadable",
        }
    }
}
