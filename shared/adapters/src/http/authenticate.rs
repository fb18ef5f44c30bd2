//! Who is calling, and what they may do.
//!
//! `Authorization: Bearer qk_<name>_<secret>`. The secret *client keys* in Secrets Manager holds, by name, the SHA-256 of the secret
//! part (it is random and long, so it needs no slow hash), the scopes and the expiry: never the key. Every request does the same
//! work whether its name is known or not; when a key does not fit, the document is read again (at most every ten seconds) before
//! it is refused, so a new or rolled key works at once.
//!
//! Must never: let anything but [`authenticate`] make a [`Caller`], or say which part of a key was wrong.

mod client_keys;

use domain::time::Timestamp;
use lambda_http::Request;
use lambda_http::http::header::AUTHORIZATION;
use sha2::{Digest as _, Sha256};

use super::problem::{Problem, Refusal};
use crate::secrets::{Cached, Vault};
use crate::telemetry::{Field, Level, Line};

pub use client_keys::ClientKeys;
use client_keys::Grant;

/// The routes that anybody may call, and how each of them knows whom it talks to.
pub const PUBLIC_ROUTES: [(&str, &str, &str); 1] =
    [("POST", "/webhook/{gateway}", "the gateway's signature over the raw body")];

/// What the log calls the document.
const CLIENT_KEYS: &str = "client keys";
/// What every API key starts with, so that a leaked one is found by secret scanners.
pub(super) const KEY_PREFIX: &str = "qk_";
/// `cargo xtask key add` makes names far shorter.
const NAME_LENGTH_MAX: usize = 64;
/// 16 characters of base 36 are 82 bits: the least that makes guessing hopeless at any speed.
pub(super) const SECRET_LENGTH_MIN: usize = 16;
/// The most that a reasonable generator makes.
const SECRET_LENGTH_MAX: usize = 128;

/// Somebody who has shown a valid key. Only [`authenticate`] makes one, so a handler that forgets to ask does not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    name: String,
    scopes: Vec<Scope>,
}

impl Caller {
    /// The name of the key, for the log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Lets the caller through if the key has this scope.
    ///
    /// # Errors
    /// 403, naming the scope.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(Problem::new(Refusal::Forbidden)
            .with_detail(format!("The API key does not have the scope {}", scope.name())))
    }
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Open, confirm, capture and cancel payments.
    PaymentsWrite,
    /// See payments.
    PaymentsRead,
    /// Give money back.
    RefundsWrite,
    /// Answer disputes, or give in. Seeing them needs [`Self::PaymentsRead`].
    DisputesWrite,
    /// Keep and forget customers' payment methods.
    PaymentMethodsWrite,
    /// Start, change and end subscriptions.
    SubscriptionsWrite,
    /// Say where events are sent, and have them sent again.
    WebhooksWrite,
    /// See where events are sent, which there were, and how far they have come.
    WebhooksRead,
    /// See totals.
    ReportsRead,
    /// Erase people.
    CustomersWrite,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 10] = [
        Self::PaymentsWrite,
        Self::PaymentsRead,
        Self::RefundsWrite,
        Self::DisputesWrite,
        Self::PaymentMethodsWrite,
        Self::SubscriptionsWrite,
        Self::WebhooksWrite,
        Self::WebhooksRead,
        Self::ReportsRead,
        Self::CustomersWrite,
    ];

    /// The word for it in the client keys.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PaymentsWrite => "payments:write",
            Self::PaymentsRead => "payments:read",
            Self::RefundsWrite => "refunds:write",
            Self::DisputesWrite => "disputes:write",
            Self::PaymentMethodsWrite => "payment_methods:write",
            Self::SubscriptionsWrite => "subscriptions:write",
            Self::WebhooksWrite => "webhooks:write",
            Self::WebhooksRead => "webhooks:read",
            Self::ReportsRead => "reports:read",
            Self::CustomersWrite => "customers:write",
        }
    }
}

/// Finds out who sent a request.
///
/// # Errors
/// 401 if nobody we know; 503 if the client keys were never read and cannot be read now.
pub async fn authenticate<V: Vault>(
    keys: &Cached<ClientKeys, V>,
    request: &Request,
    now: Timestamp,
    line: &mut Line,
) -> Result<Caller, Problem> {
    let presented = PresentedKey::of(request)?;
    let mut known = keys.get(now).await.map_err(|_| unavailable(line))?;
    let mut caller = presented.caller(&known, now);
    if caller.is_none() {
        // The key may be newer than what we know. Unknown names and wrong secrets take this same way.
        known = keys.refresh(now).await.map_err(|_| unavailable(line))?;
        caller = presented.caller(&known, now);
    }
    tell(keys, &known, line);
    let caller = caller.ok_or_else(|| Problem::new(Refusal::Unauthorized))?;
    line.set(Field::Caller(caller.name()));
    Ok(caller)
}

fn unavailable(line: &mut Line) -> Problem {
    line.set(Field::SecretTrouble(CLIENT_KEYS));
    line.raise(Level::Error);
    Problem::new(Refusal::Unavailable)
}

/// Tells the operators what clients do not notice: that an old document serves, or that entries of it cannot be read.
fn tell<V: Vault>(keys: &Cached<ClientKeys, V>, known: &ClientKeys, line: &mut Line) {
    if keys.trouble().is_some() {
        line.set(Field::SecretTrouble(CLIENT_KEYS));
        line.raise(Level::Warn);
    }
    if !known.unreadable().is_empty() {
        line.set(Field::UnreadableKeys(known.unreadable().len()));
        line.raise(Level::Warn);
    }
}

/// A key as it was sent: its name, and the hash of what must stay secret.
struct PresentedKey {
    name: String,
    hash: [u8; 32],
}

impl PresentedKey {
    fn of(request: &Request) -> Result<Self, Problem> {
        let mut values = request.headers().get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(
                Problem::new(Refusal::Unauthorized).with_detail("Send your API key as Authorization: Bearer qk_…")
            );
        };
        value.to_str().ok().and_then(Self::parse).ok_or_else(|| Problem::new(Refusal::Unauthorized))
    }

    fn parse(header: &str) -> Option<Self> {
        let (scheme, key) = header.split_once(' ')?;
        let key = key.trim_matches(' ').strip_prefix(KEY_PREFIX).filter(|_| scheme.eq_ignore_ascii_case("bearer"))?;
        // The secret has no underscore, so a name may have some.
        let (name, secret) = key.rsplit_once('_')?;
        let name_fits = (1..=NAME_LENGTH_MAX).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
        let secret_fits = (SECRET_LENGTH_MIN..=SECRET_LENGTH_MAX).contains(&secret.len())
            && secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (name_fits && secret_fits).then(|| Self { name: name.to_owned(), hash: Sha256::digest(secret).into() })
    }

    /// The caller that this key belongs to. An unknown name is compared as well, with a hash that nothing has.
    fn caller(&self, keys: &ClientKeys, now: Timestamp) -> Option<Caller> {
        let nobody = Grant::nobody();
        let (grant, is_known) = keys.grant(&self.name).map_or((&nobody, false), |grant| (grant, true));
        let fits = grant.fits(&self.hash) & is_known & grant.is_valid(now);
        fits.then(|| Caller { name: self.name.clone(), scopes: grant.scopes().to_vec() })
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]
mod tests;
