//! The shell: turns a [`StripeRequest`] into bytes on a connection and what comes back into a [`StripeResponse`].
//!
//! It decides nothing about payments. Must never: send anything twice under different keys, stay longer than its
//! budget, read more than it can bear, or let a key or a body into an error.

use std::time::Duration;

use domain::gateway::{Mode, RequestId, Traced, UnknownReason};
use reqwest::{
    Client, Method, Response,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap},
};
use tokio::time::{Instant, sleep, timeout};

use super::{
    key::{ApiKey, ApiKeys},
    message::{Act, StripeRequest, StripeResponse},
    patience::heard,
    reply::Called,
};
use crate::gateway::{
    patience::{Again, Patience},
    wire::{BODY_MAX_BYTES, BaseUrl, CALL_MAX, WARM_MAX, named_by, whole_body, why_unanswered},
};

/// The way to Stripe.
#[derive(Debug)]
pub(super) struct Shell<K> {
    client: Client,
    base_url: BaseUrl,
    keys: K,
    mode: Mode,
    dice: fn() -> u64,
}

impl<K: ApiKeys> Shell<K> {
    pub(super) const fn new(client: Client, base_url: BaseUrl, keys: K, mode: Mode, dice: fn() -> u64) -> Self {
        Self { client, base_url, keys, mode, dice }
    }

    /// Sends a request, again where that is safe and soon over, and answers within `budget`. It is traced to the last of its
    /// sendings that Stripe responded to, also where nothing came of the response.
    pub(super) async fn call(&self, request: &StripeRequest, budget: Duration) -> Traced<Called> {
        let (budget, mut request_id) = (budget.min(CALL_MAX), None);
        let called = timeout(budget, self.exchange(request, budget, &mut request_id)).await;
        Traced { answer: called.unwrap_or(Err(UnknownReason::Timeout)), request_id }
    }

    /// Has the API key read and the connection opened that the first request will use. The look itself is sent without
    /// a key, and its answer does not matter.
    pub(super) async fn warm(&self) {
        let look = self.client.head(self.base_url.as_str()).send();
        let warm = timeout(WARM_MAX, async { tokio::join!(self.keys.current(), look) }).await;
        // If one of them cannot be had, the first request will say so, and to somebody who waits for it.
        drop(warm);
    }

    async fn exchange(&self, request: &StripeRequest, budget: Duration, request_id: &mut Option<RequestId>) -> Called {
        let started = Instant::now();
        let mut patience = Patience::default();
        let mut key = self.key().await?;
        let mut called = self.send(request, &key, request_id).await;
        // Bounded by what a `Patience` grants.
        while let Some(again) = patience.again(heard(&called), budget.saturating_sub(started.elapsed()), (self.dice)())
        {
            match again {
                Again::After(pause) => sleep(pause).await,
                Again::WithAnotherKey => match self.another_key().await.filter(|other| *other != key) {
                    Some(other) => key = other,
                    None => return called,
                },
            }
            called = self.send(request, &key, request_id).await;
        }
        called
    }

    /// The key to call with. One of the other mode is as good as one that Stripe refuses, and nothing is asked with it: in a stack that
    /// changes its mode, or is given the other's key, no payment may get an object of the wrong kind of money.
    async fn key(&self) -> Result<ApiKey, UnknownReason> {
        let key = self.keys.current().await.ok_or(UnknownReason::NotSent)?;
        if key.fits(self.mode) {
            return Ok(key);
        }
        self.another_key().await.ok_or(UnknownReason::Unauthorized)
    }

    /// The key as it is kept at this moment, if it is one for this stack: it may have been put right since it was read.
    async fn another_key(&self) -> Option<ApiKey> {
        self.keys.refused().await.filter(|key| key.fits(self.mode))
    }

    /// Sends it once, and notes what Stripe calls it, if there is a response.
    async fn send(&self, request: &StripeRequest, key: &ApiKey, request_id: &mut Option<RequestId>) -> Called {
        let url = self.base_url.at(&request.path);
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
        let response = unsent.send().await.map_err(|error| why_unanswered(&error))?;
        // The body may never come.
        *request_id = named_by(response.headers(), "Request-Id");
        receive(response).await
    }
}

/// Reads a response to its end.
async fn receive(response: Response) -> Called {
    let status = response.status().as_u16();
    let said = |name: &str| header_flag(response.headers(), name);
    let (replayed, should_retry) = (said("Idempotent-Replayed"), said("Stripe-Should-Retry"));
    let body = whole_body(response, BODY_MAX_BYTES).await?;
    Ok(StripeResponse { status, replayed: replayed == Some(true), should_retry, body })
}

/// A header that says `true` or `false`; anything else says nothing.
fn header_flag(headers: &HeaderMap, name: &str) -> Option<bool> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests;
