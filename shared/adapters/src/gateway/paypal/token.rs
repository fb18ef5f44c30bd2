//! The access token: asked for once, used by everybody until shortly before its end, replaced once when PayPal refuses it.
//!
//! 1. A fresh token is taken from memory.
//! 2. Near its end one caller asks for another, and the others go on with the old one.
//! 3. Without any, one caller asks and the others wait for what comes of it.
//!
//! Must never: ask for two tokens at a time, show one, or take PayPal's refusal of *us* for an answer about a payment.

use std::{
    fmt,
    future::Future,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use domain::{gateway::UnknownReason, time::Timestamp};
use reqwest::header::HeaderValue;
use serde::Deserialize;
use tokio::{sync::Mutex, time::timeout};

use super::message::PaypalResponse;
use crate::named::Named;

/// Where a token is asked for, and with what form.
pub(super) const PATH: &str = "/v1/oauth2/token";
pub(super) const FORM: &str = "grant_type=client_credentials";

/// A call that leaves with a token must arrive with a token; a few minutes are also time for PayPal to be down …
const RENEWED_BEFORE_ITS_END: Duration = Duration::from_secs(300);
/// … but of a token that lives only for minutes, half its life is used.
const USED_AT_LEAST: u32 = 2;
/// PayPal's live nine hours. Who says more is not believed: a token is asked for once a day at the least.
const LIFE_MAX: Duration = Duration::from_secs(86_400);
/// While the old token still works, nobody waits longer for a new one, …
const PATIENCE_WITH_AN_OLD_ONE: Duration = Duration::from_secs(1);
/// … and nobody asks again so soon after it could not be had.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(10);

/// A token, with its life.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Token {
    header: HeaderValue,
    granted_at: Timestamp,
    lives: Duration,
}

/// Who can be asked for a token.
pub(super) trait GrantToken: Sync {
    /// Asks PayPal. The reason is why the request that needed it was never sent.
    fn grant(&self) -> impl Future<Output = Result<Token, UnknownReason>> + Send;
}

/// The token of this environment.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    held: RwLock<Held>,
    /// Whoever holds it asks; the others wait or go on with what there is.
    turn: Mutex<()>,
}

#[derive(Debug, Clone, Default)]
struct Held {
    token: Option<Token>,
    failed_at: Option<Timestamp>,
}

impl Token {
    /// Reads PayPal's answer. Its refusals are OAuth's, `{"error", "error_description"}`; what they say beyond the status
    /// is of no use to us, and may quote what was sent.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn read(response: &PaypalResponse, now: Timestamp) -> Result<Self, UnknownReason> {
        #[derive(Deserialize)]
        struct Granted {
            access_token: String,
            token_type: String,
            expires_in: u64,
        }
        match response.status {
            200..=299 => {}
            400 | 401 | 403 => return Err(UnknownReason::Unauthorized),
            429 => return Err(UnknownReason::RateLimited),
            _ => return Err(UnknownReason::NotSent),
        }
        let Named(granted): Named<Granted> =
            serde_json::from_slice(&response.body).map_err(|_| UnknownReason::NotSent)?;
        let is_bearer = granted.token_type.eq_ignore_ascii_case("bearer") && !granted.access_token.is_empty();
        let header = HeaderValue::from_str(&format!("Bearer {}", granted.access_token)).ok().filter(|_| is_bearer);
        let mut header = header.ok_or(UnknownReason::NotSent)?;
        header.set_sensitive(true);
        let lives = Duration::from_secs(granted.expires_in).min(LIFE_MAX);
        Ok(Self { header, granted_at: now, lives })
    }

    /// The `Authorization` header.
    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    fn is_alive(&self, now: Timestamp) -> bool {
        self.age(now) < self.lives
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        let half = self.lives.checked_div(USED_AT_LEAST).unwrap_or(self.lives);
        self.age(now) < self.lives.saturating_sub(RENEWED_BEFORE_ITS_END.min(half))
    }

    /// In either direction: a clock that jumps back must not keep a token for ever.
    fn age(&self, now: Timestamp) -> Duration {
        now.since(self.granted_at).max(self.granted_at.since(now))
    }
}

impl Tokens {
    /// The token to call with.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn current(&self, now: Timestamp, granter: &impl GrantToken) -> Result<Token, UnknownReason> {
        let held = self.held();
        if let Some(token) = held.token.as_ref().filter(|token| token.is_fresh(now)) {
            return Ok(token.clone());
        }
        match held.token.filter(|token| token.is_alive(now)) {
            Some(old) => Ok(self.renewed(old, held.failed_at, now, granter).await),
            None => {
                let _turn = self.turn.lock().await;
                match self.held().token.filter(|token| token.is_fresh(now)) {
                    Some(others) => Ok(others),
                    None => self.ask(now, granter).await,
                }
            }
        }
    }

    /// The token to call with after PayPal refused `refused`; none if there is no other.
    pub(super) async fn instead_of(&self, refused: &Token, now: Timestamp, granter: &impl GrantToken) -> Option<Token> {
        let _turn = self.turn.lock().await;
        let differs = |token: &Token| token.header != refused.header;
        match self.held().token.filter(|token| differs(token) && token.is_fresh(now)) {
            Some(others) => Some(others),
            None => self.ask(now, granter).await.ok().filter(differs),
        }
    }

    /// A token that still works, or a better one if that is soon to be had.
    async fn renewed(
        &self,
        old: Token,
        failed_at: Option<Timestamp>,
        now: Timestamp,
        granter: &impl GrantToken,
    ) -> Token {
        let failed_just_now = failed_at.is_some_and(|at| now.since(at).max(at.since(now)) < PAUSE_AFTER_FAILURE);
        match self.turn.try_lock() {
            Ok(_turn) if !failed_just_now => match timeout(PATIENCE_WITH_AN_OLD_ONE, self.ask(now, granter)).await {
                Ok(Ok(token)) => token,
                Ok(Err(_)) => old,
                Err(_) => {
                    self.write(|held| held.failed_at = Some(now));
                    old
                }
            },
            // Somebody else is asking, or has just asked in vain.
            Ok(_) | Err(_) => old,
        }
    }

    async fn ask(&self, now: Timestamp, granter: &impl GrantToken) -> Result<Token, UnknownReason> {
        let granted = granter.grant().await;
        self.write(|held| match &granted {
            Ok(token) => *held = Held { token: Some(token.clone()), failed_at: None },
            Err(_) => held.failed_at = Some(now),
        });
        granted
    }

    fn held(&self) -> Held {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn write(&self, change: impl FnOnce(&mut Held)) {
        change(&mut self.held.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Token").field("granted_at", &self.granted_at).field("lives", &self.lives).finish()
    }
}

#[cfg(test)]
#[path = "token/tests.rs"]
mod tests;
