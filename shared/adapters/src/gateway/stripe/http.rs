//! The shell: turns a [`StripeRequest`] into bytes on a connection and what comes back into a [`StripeResponse`].
//!
//! It decides nothing about payments. Must never: send anything twice under different keys, stay longer than its
//! budget, read more than it can bear, or let a key or a body into an error.

use std::time::Duration;

use domain::gateway::UnknownReason;
use reqwest::{
    Client, Method, Response, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap},
};
use tokio::time::{Instant, sleep, timeout};

use super::{
    key::{ApiKey, ApiKeys},
    message::{Act, StripeRequest, StripeResponse},
    patience::{Again, Patience},
    reply::Called,
};

/// The longest that a call may take, whatever its caller has left. API Gateway hangs up after 29 s.
pub(super) const CALL_MAX: Duration = Duration::from_secs(20);
/// A PaymentIntent is about 3 kB; nothing we ask for is ever near this.
const BODY_MAX_BYTES: usize = 1 << 20;
/// Opening a connection before the first request may not delay that request.
const WARM_MAX: Duration = Duration::from_secs(2);

/// The way to Stripe.
#[derive(Debug)]
pub(super) struct Shell<K> {
    client: Client,
    base_url: BaseUrl,
    keys: K,
    dice: fn() -> u64,
}

/// Where Stripe is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

/// Why an address cannot be Stripe's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Stripe's base URL must be https without a query (http is taken for localhost only)")]
pub struct BadBaseUrl;

impl BaseUrl {
    /// Takes the address of Stripe, or of something that speaks like it on the developer's own machine. An API key never
    /// goes out in clear.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn parse(text: &str) -> Result<Self, BadBaseUrl> {
        let url = Url::parse(text).map_err(|_| BadBaseUrl)?;
        let at_home = matches!(url.host_str(), Some("localhost" | "127.0.0.1"));
        let safe = url.scheme() == "https" || (url.scheme() == "http" && at_home);
        let plain =
            url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
        if safe && plain { Ok(Self(text.trim_end_matches('/').to_owned())) } else { Err(BadBaseUrl) }
    }
}

impl<K: ApiKeys> Shell<K> {
    pub(super) const fn new(client: Client, base_url: BaseUrl, keys: K, dice: fn() -> u64) -> Self {
        Self { client, base_url, keys, dice }
    }

    /// Sends a request, again where that is safe and soon over, and answers within `budget`.
    pub(super) async fn call(&self, request: &StripeRequest, budget: Duration) -> Called {
        let budget = budget.min(CALL_MAX);
        timeout(budget, self.exchange(request, budget)).await.unwrap_or(Err(UnknownReason::Timeout))
    }

    /// Has the API key read and the connection opened that the first request will use. The look itself is sent without
    /// a key, and its answer does not matter.
    pub(super) async fn warm(&self) {
        let look = self.client.head(&self.base_url.0).send();
        let warm = timeout(WARM_MAX, async { tokio::join!(self.keys.current(), look) }).await;
        // If one of them cannot be had, the first request will say so, and to somebody who waits for it.
        drop(warm);
    }

    async fn exchange(&self, request: &StripeRequest, budget: Duration) -> Called {
        let started = Instant::now();
        let mut patience = Patience::default();
        let mut key = self.keys.current().await.ok_or(UnknownReason::NotSent)?;
        let mut called = self.send(request, &key).await;
        // Bounded by what a `Patience` grants.
        while let Some(again) = patience.again(&called, budget.saturating_sub(started.elapsed()), (self.dice)()) {
            match again {
                Again::After(pause) => sleep(pause).await,
                Again::WithAnotherKey => match self.keys.refused().await.filter(|other| *other != key) {
                    Some(other) => key = other,
                    None => return called,
                },
            }
            called = self.send(request, &key).await;
        }
        called
    }

    /// Sends it once.
    async fn send(&self, request: &StripeRequest, key: &ApiKey) -> Called {
        let url = format!("{}{}", self.base_url.0, request.path);
        let unsent = match &request.act {
            Act::Get => self.client.request(Method::GET, url),
            Act::Post { idempotency_key, .. } => self
                .client
                .request(Method::POST, url)
                .header("Idempotency-Key", idempotency_key)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(request.act.body().unwrap_or_default()),
        };
        let unsent = unsent.header(AUTHORIZATION, key.header()).header("Stripe-Version", &request.api_version);
        receive(unsent.send().await.map_err(|error| why_unanswered(&error))?).await
    }
}

/// Why there is no response. A timeout that is not ours (the watch over a connection that answers no more) is a lost
/// connection: our own budget is kept in [`Shell::call`].
fn why_unanswered(error: &reqwest::Error) -> UnknownReason {
    if error.is_builder() || error.is_connect() { UnknownReason::NotSent } else { UnknownReason::ConnectionLost }
}

/// Reads a response to its end. One that breaks off, or does not end, is none.
async fn receive(mut response: Response) -> Called {
    let status = response.status().as_u16();
    let said = |name: &str| header_flag(response.headers(), name);
    let (replayed, should_retry) = (said("Idempotent-Replayed"), said("Stripe-Should-Retry"));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| UnknownReason::Unreadable)? {
        if body.len().saturating_add(chunk.len()) > BODY_MAX_BYTES {
            return Err(UnknownReason::Unreadable);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(StripeResponse { status, replayed: replayed == Some(true), should_retry, body })
}

/// A header that says `true` or `false`; anything else says nothing.
fn header_flag(headers: &HeaderMap, name: &str) -> Option<bool> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests;
