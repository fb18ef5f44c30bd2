//! What PayPal knows us by, and where that comes from.

use std::{fmt, future::Future};

use data_encoding::BASE64;
use reqwest::header::HeaderValue;

use crate::{
    host::now,
    secrets::{Cached, PaypalAppSecret, Vault},
};

/// The id and the secret of the merchant's app at PayPal, ready to be sent and never to be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(HeaderValue);

/// Where they come from. What implements it keeps them between calls.
pub trait PaypalApp: Send + Sync {
    /// What to ask for a token with. None if there is nothing to be had: then nothing is sent.
    fn current(&self) -> impl Future<Output = Option<Credentials>> + Send;

    /// PayPal refused the current ones. Those that are kept at this moment, if they can be asked for: they may have been
    /// changed since they were last read.
    fn refused(&self) -> impl Future<Output = Option<Credentials>> + Send;
}

impl Credentials {
    /// Takes an id and a secret; none if they cannot be sent.
    #[must_use]
    pub fn new(client_id: &str, client_secret: &str) -> Option<Self> {
        // A colon would end the id early.
        let usable = !client_id.is_empty() && !client_id.contains(':') && !client_secret.is_empty();
        let encoded = BASE64.encode(format!("{client_id}:{client_secret}").as_bytes());
        let mut header = HeaderValue::from_str(&format!("Basic {encoded}")).ok()?;
        header.set_sensitive(true);
        usable.then_some(Self(header))
    }

    /// The `Authorization` header.
    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl<V: Vault> PaypalApp for Cached<PaypalAppSecret, V> {
    async fn current(&self) -> Option<Credentials> {
        self.get(now()).await.ok().and_then(|app| Credentials::new(app.client_id(), app.client_secret().expose()))
    }

    async fn refused(&self) -> Option<Credentials> {
        self.refresh(now()).await.ok().and_then(|app| Credentials::new(app.client_id(), app.client_secret().expose()))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credentials(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_sent_as_http_has_it_and_not_shown() {
        let credentials = Credentials::new("AbC", "canary").unwrap();
        assert_eq!(credentials.header(), "Basic QWJDOmNhbmFyeQ==");
        assert!(!format!("{credentials:?} {:?}", credentials.header()).contains("QWJD"));
    }

    #[test]
    fn what_cannot_be_sent_is_none() {
        assert_eq!(Credentials::new("", "s"), None);
        assert_eq!(Credentials::new("a:b", "s"), None);
        assert_eq!(Credentials::new("a", ""), None);
    }
}
