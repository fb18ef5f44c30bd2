//! Secrets: read once per environment, kept for a few minutes, and kept longer while Secrets Manager is down.
//!
//! A cached value is served until its time to live is over (jittered, so that a hundred environments started together do not come
//! back together), then read again. When that fails, the old value goes on being served: a key that worked a minute ago is better
//! than no payments. What lets somebody in ([`Document::SERVES_AT_MOST`]) does so for an hour at most, because it may have been
//! revoked. Whoever learns that a value is wrong (a gateway's 401, an unknown client key) asks for a [`Cached::refresh`].
//!
//! Must never: show a value in a `Debug` or an error, ask Secrets Manager more than once at a time or, after the first read,
//! more than once in ten seconds.

mod documents;

use std::fmt;
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_sdk_secretsmanager::error::ProvideErrorMetadata as _;
use domain::time::Timestamp;

use serde::Deserialize;
use zeroize::Zeroizing;

pub use documents::{PaypalAppSecret, PaypalEndpoint, SigningSecrets, StripeApiKey, WebhookSigningKey};

/// How long a revoked key may go on working in an environment that nothing told of the revocation, while Secrets Manager answers.
const TIME_TO_LIVE: Duration = Duration::from_secs(300);

/// The time to live of one environment is up to this much shorter than that of another.
const JITTER_MAX: Duration = Duration::from_secs(60);

/// The same while Secrets Manager does not answer. Its outages are shorter, as a rule; a thief with a key is not to hope for one.
pub(crate) const REVOCABLE_SERVES_AT_MOST: Duration = Duration::from_secs(3_600);

/// An attacker with invented keys, or a gateway that answers 401 to everything, must not turn into a load on Secrets Manager.
const PAUSE_BETWEEN_READS: Duration = Duration::from_secs(10);

/// While there is an old value to fall back on, nobody waits longer than this for a new one.
const PATIENCE_WITH_AN_OLD_VALUE: Duration = Duration::from_secs(1);

/// A text that must not be seen. Its memory is overwritten when it is let go of, so that no later dump of the process shows what it no
/// longer needs. (What the SDK and the HTTP client copy for themselves is theirs.)
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a text that must not be seen.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. Whoever calls this hands it to the one who checks it, and to nobody else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// Why a secret could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Secrets Manager did not answer, or not in time.
    #[error("Secrets Manager cannot be reached")]
    Unreachable,
    /// Secrets Manager refused: no such secret, no permission, …
    #[error("Secrets Manager refused to give the secret: {code}")]
    Refused {
        /// AWS's own name for the reason.
        code: String,
    },
    /// The secret is not the document it should be.
    #[error("the secret is not a readable {0} document")]
    Unreadable(&'static str),
}

/// A document that a secret can hold.
pub trait Document: Sized + Send + Sync {
    /// How long after it was read it may still be used, when it cannot be read again. For ever, unless it says who is let in: a
    /// key that *we* show somebody is judged by them.
    const SERVES_AT_MOST: Duration = Duration::MAX;

    /// Reads the document.
    ///
    /// # Errors
    /// [`SecretError::Unreadable`], without a word of what stood there.
    fn parse(secret: &Secret) -> Result<Self, SecretError>;
}

/// Where secrets are kept.
pub trait Vault: Send + Sync {
    /// Reads one secret's current version.
    fn read(&self, id: &str) -> impl Future<Output = Result<Secret, SecretError>> + Send;
}

/// AWS Secrets Manager.
#[derive(Debug, Clone)]
pub struct SecretsManager(aws_sdk_secretsmanager::Client);

impl SecretsManager {
    /// Wraps a client.
    #[must_use]
    pub const fn new(client: aws_sdk_secretsmanager::Client) -> Self {
        Self(client)
    }
}

impl Vault for SecretsManager {
    async fn read(&self, id: &str) -> Result<Secret, SecretError> {
        let answer = self.0.get_secret_value().secret_id(id).send().await.map_err(|error| match error.code() {
            Some("InternalServiceError" | "ThrottlingException") | None => SecretError::Unreachable,
            Some(code) => SecretError::Refused { code: code.to_owned() },
        })?;
        answer.secret_string.map(Secret::new).ok_or(SecretError::Unreadable("text"))
    }
}

/// One secret, parsed, with its last good value.
pub struct Cached<T, V = SecretsManager> {
    vault: V,
    id: String,
    time_to_live: Duration,
    state: RwLock<State<T>>,
    /// Whoever holds it reads; the others wait and then find the answer in the state.
    turn: tokio::sync::Mutex<()>,
}

struct State<T> {
    value: Option<Arc<T>>,
    read_at: Timestamp,
    /// When Secrets Manager was last asked, and what came of it.
    asked: Option<(Timestamp, Result<(), SecretError>)>,
    /// How often that was.
    reads: u64,
}

impl<T> State<T> {
    fn no_older_than(&self, age: Duration, now: Timestamp) -> Option<Arc<T>> {
        self.value.clone().filter(|_| distance(now, self.read_at) < age)
    }
}

impl<T: Document, V: Vault> Cached<T, V> {
    /// A cache for the secret with this name or ARN. `dice` is a random number, thrown once per environment.
    #[must_use]
    pub fn new(vault: V, id: impl Into<String>, dice: u64) -> Self {
        let jitter_ms = u64::try_from(JITTER_MAX.as_millis()).ok().and_then(|max| dice.checked_rem(max)).unwrap_or(0);
        Self {
            vault,
            id: id.into(),
            time_to_live: TIME_TO_LIVE.saturating_sub(Duration::from_millis(jitter_ms)),
            state: RwLock::new(State { value: None, read_at: Timestamp::from_unix_ms(0), asked: None, reads: 0 }),
            turn: tokio::sync::Mutex::new(()),
        }
    }

    /// The value: from the cache while it is fresh, else from the vault, else the old one.
    ///
    /// # Errors
    /// If it was never read, or too long ago, and cannot be read now.
    pub async fn get(&self, now: Timestamp) -> Result<Arc<T>, SecretError> {
        if let Some(fresh) = self.fresh(now) {
            return Ok(fresh);
        }
        let reads = self.reads();
        let _turn = self.turn.lock().await;
        // Whoever waited for another's read takes what came of it, good or bad. With an old value at hand a failed read is not
        // repeated at once; without any there is nothing to lose by asking again.
        let is_answered = self.reads() != reads || (self.was_ever_read() && self.was_asked_just_now(now));
        if is_answered { self.last_word(now) } else { self.read(now).await }
    }

    /// The value as the vault has it now, for a caller who has reason to think that the cached one is wrong. At most once in
    /// ten seconds; in between, the value is the one of the last read.
    ///
    /// # Errors
    /// If it was never read, or too long ago, and cannot be read now.
    pub async fn refresh(&self, now: Timestamp) -> Result<Arc<T>, SecretError> {
        let reads = self.reads();
        let _turn = self.turn.lock().await;
        let is_answered = self.reads() != reads || self.was_asked_just_now(now);
        if is_answered { self.last_word(now) } else { self.read(now).await }
    }

    async fn read(&self, now: Timestamp) -> Result<Arc<T>, SecretError> {
        let asked = self.vault.read(&self.id);
        let answer = if self.usable(now).is_some() {
            tokio::time::timeout(PATIENCE_WITH_AN_OLD_VALUE, asked).await.unwrap_or(Err(SecretError::Unreachable))
        } else {
            asked.await
        };
        let parsed = answer.and_then(|secret| T::parse(&secret));
        {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            state.reads = state.reads.saturating_add(1);
            state.asked = Some((now, parsed.as_ref().map(|_| ()).map_err(Clone::clone)));
            if let Ok(value) = parsed {
                state.value = Some(Arc::new(value));
                state.read_at = now;
            }
        }
        self.last_word(now)
    }

    /// Whatever value may still be used; if there is none, why.
    fn last_word(&self, now: Timestamp) -> Result<Arc<T>, SecretError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        match (state.no_older_than(T::SERVES_AT_MOST, now), &state.asked) {
            (Some(value), _) => Ok(value),
            (None, Some((_, Err(error)))) => Err(error.clone()),
            (None, Some((_, Ok(()))) | None) => Err(SecretError::Unreachable),
        }
    }

    /// Why the last read failed, while an old value hides it from callers. For the log.
    #[must_use]
    pub fn trouble(&self) -> Option<SecretError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.asked.as_ref().and_then(|(_, result)| result.as_ref().err().cloned())
    }

    fn usable(&self, now: Timestamp) -> Option<Arc<T>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).no_older_than(T::SERVES_AT_MOST, now)
    }

    fn was_ever_read(&self) -> bool {
        self.state.read().unwrap_or_else(PoisonError::into_inner).value.is_some()
    }

    fn reads(&self) -> u64 {
        self.state.read().unwrap_or_else(PoisonError::into_inner).reads
    }

    fn fresh(&self, now: Timestamp) -> Option<Arc<T>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).no_older_than(self.time_to_live, now)
    }

    fn was_asked_just_now(&self, now: Timestamp) -> bool {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.asked.as_ref().is_some_and(|(at, _)| distance(now, *at) < PAUSE_BETWEEN_READS)
    }
}

impl<T, V> fmt::Debug for Cached<T, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cached").field("id", &self.id).finish_non_exhaustive()
    }
}

/// How far two moments are apart, in either direction: a clock that jumps back must not keep a value for ever.
fn distance(one: Timestamp, other: Timestamp) -> Duration {
    one.since(other).max(other.since(one))
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]
mod tests;
