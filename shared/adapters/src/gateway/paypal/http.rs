//! The shell: turns a [`PaypalRequest`] into bytes on a connection and what comes back into a [`PaypalResponse`].
//!
//! It decides nothing about payments. Must never: send anything twice under different keys, stay longer than its budget,
//! read more than it can bear, or let a token, a body or PayPal's `debug_id` into an error. (The `debug_id` goes where the answer goes,
//! and nowhere else: a row says by it to which request its change is the answer.)

use std::time::Duration;

use domain::gateway::{RequestId, Traced, UnknownReason};
use reqwest::{
    Client, Method, Response,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use tokio::time::{Instant, sleep, timeout};

use super::{
    credentials::{Credentials, PaypalApp},
    message::{Act, PaypalRequest, PaypalResponse},
    patience::heard,
    reply::Called,
    token::{FORM, GrantToken, PATH, Token, Tokens},
};
use crate::{
    gateway::{
        patience::{Again, Heard, Patience},
        wire::{BODY_MAX_BYTES, BaseUrl, CALL_MAX, WARM_MAX, named_by, whole_body, why_unanswered},
    },
    host::now,
};

/// The way to PayPal.
#[derive(Debug)]
pub(super) struct Shell<A> {
    door: Door<A>,
    tokens: Tokens,
    dice: fn() -> u64,
}

/// Where tokens are granted.
#[derive(Debug)]
struct Door<A> {
    client: Client,
    base_url: BaseUrl,
    app: A,
}

impl<A: PaypalApp> Shell<A> {
    pub(super) fn new(client: Client, base_url: BaseUrl, app: A, dice: fn() -> u64) -> Self {
        Self { door: Door { client, base_url, app }, tokens: Tokens::default(), dice }
    }

    /// Sends a request, again where that is safe and soon over, and answers within `budget`. It is traced to the last of its
    /// sendings that PayPal responded to, also where nothing came of the response.
    pub(super) async fn call(&self, request: &PaypalRequest, budget: Duration) -> Traced<Called> {
        let (budget, mut request_id) = (budget.min(CALL_MAX), None);
        let called = timeout(budget, self.exchange(request, budget, &mut request_id)).await;
        Traced { answer: called.unwrap_or(Err(UnknownReason::Timeout)), request_id }
    }

    /// Has the token granted that the first request will bear; that opens the connection too.
    pub(super) async fn warm(&self) {
        let warm = timeout(WARM_MAX, self.tokens.current(now(), &self.door)).await;
        // If it cannot be had, the first request will say so, and to somebody who waits for it.
        drop(warm);
    }

    async fn exchange(&self, request: &PaypalRequest, budget: Duration, request_id: &mut Option<RequestId>) -> Called {
        let started = Instant::now();
        let mut patience = Patience::default();
        let mut token = self.tokens.current(now(), &self.door).await?;
        let mut called = self.send(request, &token, request_id).await;
        let mut was_unheard = false;
        // Bounded by what a `Patience` grants.
        while let Some(again) =
            patience.again(Self::worth(request, &called), budget.saturating_sub(started.elapsed()), (self.dice)())
        {
            match again {
                Again::After(pause) => sleep(pause).await,
                Again::WithAnotherKey => match self.tokens.instead_of(&token, now(), &self.door).await {
                    Some(other) => token = other,
                    None => break,
                },
            }
            was_unheard |= matches!(heard(&called), Heard::Lost | Heard::Busy);
            called = self.send(request, &token, request_id).await;
        }
        if let Ok(response) = &mut called {
            response.is_of_a_second_sending = was_unheard;
        }
        called
    }

    /// What was heard, as far as another try within the call depends on it: what has no key is not sent twice.
    fn worth(request: &PaypalRequest, called: &Called) -> Heard {
        match (&request.act, heard(called)) {
            (Act::Form { .. }, Heard::Lost) => Heard::Final,
            (Act::Get | Act::Post { .. } | Act::Form { .. }, heard) => heard,
        }
    }

    /// Sends it once, and notes what PayPal calls it, if there is a response.
    async fn send(&self, request: &PaypalRequest, token: &Token, request_id: &mut Option<RequestId>) -> Called {
        let url = self.door.base_url.at(&request.path);
        let unsent = match &request.act {
            Act::Get => self.door.client.request(Method::GET, url),
            Act::Post { request_id, body } => self
                .door
                .client
                .request(Method::POST, url)
                .header("PayPal-Request-Id", request_id)
                // The whole object comes back: what is not shown cannot be compared with the row.
                .header("Prefer", "return=representation")
                .header(CONTENT_TYPE, "application/json")
                .body(body.clone()),
            Act::Form { request_id, boundary, body } => self
                .door
                .client
                .request(Method::POST, url)
                .header("PayPal-Request-Id", request_id)
                .header(CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"))
                .body(body.clone()),
        };
        let unsent = unsent.header(AUTHORIZATION, token.header());
        let response = unsent.send().await.map_err(|error| why_unanswered(&error))?;
        // The body may never come.
        *request_id = named_by(response.headers(), "PayPal-Debug-Id");
        receive(response).await
    }
}

impl<A: PaypalApp> Door<A> {
    async fn ask(&self, credentials: &Credentials) -> Result<Token, UnknownReason> {
        let unsent = self
            .client
            .request(Method::POST, self.base_url.at(PATH))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(AUTHORIZATION, credentials.header())
            .body(FORM);
        // Whatever goes wrong here, the request that needs the token was not sent.
        let response = unsent.send().await.map_err(|_| UnknownReason::NotSent)?;
        let response = receive(response).await.map_err(|_| UnknownReason::NotSent)?;
        Token::read(&response, now())
    }
}

impl<A: PaypalApp> GrantToken for Door<A> {
    async fn grant(&self) -> Result<Token, UnknownReason> {
        let credentials = self.app.current().await.ok_or(UnknownReason::NotSent)?;
        match self.ask(&credentials).await {
            Err(UnknownReason::Unauthorized) => {
                // They may have been changed since they were read.
                match self.app.refused().await.filter(|other| *other != credentials) {
                    Some(other) => self.ask(&other).await,
                    None => Err(UnknownReason::Unauthorized),
                }
            }
            granted => granted,
        }
    }
}

/// Reads a response to its end.
async fn receive(response: Response) -> Called {
    let status = response.status().as_u16();
    let body = whole_body(response, BODY_MAX_BYTES).await?;
    Ok(PaypalResponse { status, body, is_of_a_second_sending: false })
}

#[cfg(test)]
mod tests;
