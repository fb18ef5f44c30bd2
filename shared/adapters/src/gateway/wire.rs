//! What the shells of all gateways do alike: where a gateway may be, how long a call may take, and reading an answer to
//! its end.
//!
//! Must never: let a key out in clear, read more than it can bear, or take half an answer for one.

use std::time::Duration;

use domain::gateway::{RequestId, UnknownReason};
use reqwest::{Response, Url, header::HeaderMap};

/// The longest that a call may take, whatever its caller has left. API Gateway hangs up after 29 s.
pub(super) const CALL_MAX: Duration = Duration::from_secs(20);
/// Opening a connection before the first request may not delay that request.
pub(super) const WARM_MAX: Duration = Duration::from_secs(2);
/// A PaymentIntent is about 3 kB, an order with all its refunds a few dozen; nothing we ask for is ever near this.
pub(super) const BODY_MAX_BYTES: usize = 1 << 20;

/// Where a gateway is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

/// Why an address cannot be a gateway's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a gateway's base URL must be https without a query (http is taken for localhost only)")]
pub struct BadBaseUrl;

impl BaseUrl {
    /// Takes the address of a gateway, or of something that speaks like it on the developer's own machine. An API key
    /// never goes out in clear.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn parse(text: &str) -> Result<Self, BadBaseUrl> {
        let url = Url::parse(text).map_err(|_| BadBaseUrl)?;
        let safe = url.scheme() == "https" || (url.scheme() == "http" && is_at_home(&url));
        let plain =
            url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
        if safe && plain { Ok(Self(text.trim_end_matches('/').to_owned())) } else { Err(BadBaseUrl) }
    }

    /// Whether it is on the developer's own machine.
    pub(super) fn is_at_home(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| is_at_home(&url))
    }

    /// The address, without a slash at its end.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of a path there, which begins with a slash.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

fn is_at_home(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1"))
}

/// Why there is no response. A timeout that is not ours (the watch over a connection that answers no more) is a lost
/// connection: our own budget is kept by the shell.
pub(super) fn why_unanswered(error: &reqwest::Error) -> UnknownReason {
    if error.is_builder() || error.is_connect() { UnknownReason::NotSent } else { UnknownReason::ConnectionLost }
}

/// What the gateway calls the request that it responded to so, by the header that it says it in.
pub(super) fn named_by(headers: &HeaderMap, name: &str) -> Option<RequestId> {
    RequestId::of(headers.get(name)?.to_str().ok()?)
}

/// Reads a response to its end. One that breaks off, or is longer than it may be, is none.
pub(super) async fn whole_body(mut response: Response, max_bytes: usize) -> Result<Vec<u8>, UnknownReason> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| UnknownReason::Unreadable)? {
        if body.len().saturating_add(chunk.len()) > max_bytes {
            return Err(UnknownReason::Unreadable);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_key_never_goes_out_in_clear() {
        for good in [
            "https://api.stripe.com",
            "https://api-m.paypal.com/",
            "http://127.0.0.1:4242",
            "http://localhost:4242/stripe",
        ] {
            assert!(BaseUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "api.stripe.com",
            "http://api.stripe.com",
            "ftp://localhost",
            "http://localhost.evil.example",
            "https://user:pass@api.stripe.com",
            "https://api.stripe.com?x=1",
            "https://api.stripe.com#x",
        ] {
            assert_eq!(BaseUrl::parse(bad), Err(BadBaseUrl), "{bad}");
        }
    }

    #[test]
    fn a_path_is_put_behind_it() {
        let at = |text: &str| BaseUrl::parse(text).unwrap().at("/v1/x");
        assert_eq!(at("https://api.stripe.com/"), "https://api.stripe.com/v1/x");
        assert_eq!(at("http://localhost:1/stripe"), "http://localhost:1/stripe/v1/x");
    }
}
