//! The API key, and where it comes from.

use std::{fmt, future::Future};

use domain::gateway::Mode;
use reqwest::header::HeaderValue;

use crate::{
    host::now,
    secrets::{Cached, StripeApiKey, Vault},
};

/// What a key of each mode begins with: secret keys and restricted ones.
const PREFIXES: [(&str, Mode); 4] =
    [("sk_test_", Mode::Test), ("rk_test_", Mode::Test), ("sk_live_", Mode::Live), ("rk_live_", Mode::Live)];

/// Stripe's API key, ready to be sent and never to be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    header: HeaderValue,
    /// Which mode it says that it is of, if it says so.
    mode: Option<Mode>,
}

/// Where the key comes from. What implements it keeps the key between calls.
pub trait ApiKeys: Send + Sync {
    /// The key to call with. None if there is none to be had: then nothing is sent.
    fn current(&self) -> impl Future<Output = Option<ApiKey>> + Send;

    /// Stripe refused the current key. The key as it is kept at this moment, if it can be asked for: it may have been
    /// rolled since it was last read.
    fn refused(&self) -> impl Future<Output = Option<ApiKey>> + Send;
}

impl ApiKey {
    /// Takes a key; none if it cannot be sent.
    #[must_use]
    pub fn new(key: &str) -> Option<Self> {
        let mut header = HeaderValue::from_str(&format!("Bearer {key}")).ok()?;
        // So that HTTP/2 does not put it into a compression table, and nobody's Debug shows it.
        header.set_sensitive(true);
        let said = PREFIXES.iter().find(|(prefix, _)| key.starts_with(prefix));
        (!key.is_empty()).then_some(Self { header, mode: said.map(|(_, mode)| *mode) })
    }

    /// The `Authorization` header.
    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// Whether it may be used in a stack of this mode. A key that does not say its own is Stripe's to judge.
    pub(super) fn fits(&self, mode: Mode) -> bool {
        self.mode.is_none_or(|said| said == mode)
    }
}

impl<V: Vault> ApiKeys for Cached<StripeApiKey, V> {
    async fn current(&self) -> Option<ApiKey> {
        self.get(now()).await.ok().and_then(|key| ApiKey::new(key.secret().expose()))
    }

    async fn refused(&self) -> Option<ApiKey> {
        self.refresh(now()).await.ok().and_then(|key| ApiKey::new(key.secret().expose()))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_not_shown() {
        let key = ApiKey::new("sk_test_canary").unwrap();
        assert!(!format!("{key:?} {:?}", key.header()).contains("canary"));
    }

    #[test]
    fn what_cannot_be_sent_is_no_key() {
        assert_eq!(ApiKey::new(""), None);
        assert_eq!(ApiKey::new("sk\r\nHost: evil.example"), None);
    }

    #[test]
    fn a_key_fits_its_own_mode_and_one_that_says_none_fits_both() {
        let fits = |key: &str| [Mode::Test, Mode::Live].map(|mode| ApiKey::new(key).unwrap().fits(mode));
        for key in ["sk_test_1", "rk_test_1"] {
            assert_eq!(fits(key), [true, false], "{key}");
        }
        for key in ["sk_live_1", "rk_live_1"] {
            assert_eq!(fits(key), [false, true], "{key}");
        }
        assert_eq!(fits("sk_1"), [true, true]);
    }
}
