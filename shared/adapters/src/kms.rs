//! People's keys: AWS KMS makes and unwraps them, and texts are sealed and opened here ([`sealing`]).
//!
//! Each key is wrapped for its row (KMS's encryption context): in another row, or another table, it cannot be unwrapped. What was
//! unwrapped is remembered for five minutes and so many uses, because each question to KMS costs money and a few milliseconds. Whether
//! the person still has the key is asked of the row each time, and by somebody else: what is remembered here lets nobody read of who
//! was erased.
//!
//! Must never: let a key out, print one, or seal two texts with one nonce.

pub mod sealing;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use domain::personal::{PersonId, Place, Sealed};
use domain::time::Timestamp;
use flow::ports::personal::{Key, MakeKey, UseKey};
use flow::ports::{Dependency, Error};
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use crate::aws::{Aws, failure_code};
use crate::config::{ConfigError, Environment};

use sealing::NONCE_LENGTH;

/// How long a key is remembered. An environment that is never asked again keeps it until Lambda takes its memory away.
const LIFE: Duration = Duration::from_secs(300);
/// How often it is used before KMS is asked again, so that KMS's own log shows how much is read.
const USES_MAX: u32 = 1_000;
/// How many are remembered at once. A list of disputes has fifty payers at most.
const KEYS_MAX: usize = 64;

/// A person's key as it is. It is overwritten when it is let go of; what ring makes of it for one text is not.
type PlainKey = Zeroizing<[u8; sealing::KEY_LENGTH]>;

/// The keys of the people in one table.
pub struct PeopleKeys {
    client: aws_sdk_kms::Client,
    key_id: String,
    table: String,
    random: SystemRandom,
    known: Mutex<Known>,
}

impl PeopleKeys {
    /// Keys that are wrapped under the KMS key `key_id`, for `table`.
    #[must_use]
    pub fn new(client: aws_sdk_kms::Client, key_id: String, table: String) -> Self {
        Self { client, key_id, table, random: SystemRandom::new(), known: Mutex::default() }
    }

    /// As the function's environment says.
    ///
    /// # Errors
    /// If it does not say which key, or which table.
    pub fn of(environment: &Environment, aws: &Aws) -> Result<Self, ConfigError> {
        Ok(Self::new(aws.kms(), environment.text("PEOPLE_KEY_ARN")?, environment.text("TABLE_NAME")?))
    }

    /// What a key is wrapped for. KMS writes it into its log: it names nobody.
    fn context(&self, person: &PersonId) -> [(&'static str, String); 3] {
        [("table", self.table.clone()), ("row", format!("CUS#{person}")), ("field", "key".to_owned())]
    }

    async fn plain(&self, with: Key<'_>, now: Timestamp) -> Result<Arc<PlainKey>, Error> {
        if let Some(known) = self.known().take(with, now) {
            return Ok(known);
        }
        let asked = self.client.decrypt().key_id(&self.key_id).ciphertext_blob(Blob::new(with.key.wrapped.as_slice()));
        let asked = self
            .context(with.person)
            .into_iter()
            .fold(asked, |asked, (name, value)| asked.encryption_context(name, value));
        let answer = asked.send().await.map_err(|failed| failure(&failed))?;
        let plain = plain_key(answer.plaintext)?;
        self.known().learn(with.person, &with.key.wrapped, plain.clone(), now);
        Ok(plain)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MakeKey for PeopleKeys {
    async fn make_key(&self, person: &PersonId, now: Timestamp) -> Result<Vec<u8>, Error> {
        let asked = self.client.generate_data_key().key_id(&self.key_id).key_spec(DataKeySpec::Aes256);
        let asked =
            self.context(person).into_iter().fold(asked, |asked, (name, value)| asked.encryption_context(name, value));
        let answer = asked.send().await.map_err(|failed| failure(&failed))?;
        let plain = plain_key(answer.plaintext)?;
        let wrapped = answer.ciphertext_blob.map(Blob::into_inner).ok_or_else(|| unavailable("no_wrapped_key"))?;
        self.known().learn(person, &wrapped, plain, now);
        Ok(wrapped)
    }
}

impl UseKey for PeopleKeys {
    async fn seal(&self, with: Key<'_>, place: &Place, text: &str, now: Timestamp) -> Result<Sealed, Error> {
        let plain = self.plain(with, now).await?;
        let mut nonce = [0; NONCE_LENGTH];
        // Drawn at random, 2^32 texts of one key are safe. A key seals for a year, and nobody pays so often.
        self.random.fill(&mut nonce).map_err(|_| unavailable("no_randomness"))?;
        let associated = sealing::associated(&self.table, place, with.key.number);
        let bytes = sealing::seal(&plain, nonce, &associated, text).ok_or_else(|| unavailable("not_sealed"))?;
        Ok(Sealed { key: with.key.number, bytes })
    }

    async fn open(&self, with: Key<'_>, place: &Place, sealed: &Sealed, now: Timestamp) -> Result<String, Error> {
        let plain = self.plain(with, now).await?;
        let associated = sealing::associated(&self.table, place, sealed.key);
        sealing::open(&plain, &associated, &sealed.bytes)
            .ok_or_else(|| unreadable("what stands there was not sealed for this place"))
    }
}

impl fmt::Debug for PeopleKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PeopleKeys").field("table", &self.table).finish_non_exhaustive()
    }
}

/// Keys that were unwrapped a moment ago, by what they are when they are wrapped and whose they are.
#[derive(Default)]
struct Known(BTreeMap<(PersonId, Vec<u8>), Remembered>);

struct Remembered {
    plain: Arc<PlainKey>,
    since: Timestamp,
    uses: u32,
}

impl Known {
    /// A key, for one use.
    fn take(&mut self, with: Key<'_>, now: Timestamp) -> Option<Arc<PlainKey>> {
        // Whatever is too old is forgotten, whoever is asked for. A clock that jumps back keeps nothing for ever.
        self.0.retain(|_, known| now.since(known.since).max(known.since.since(now)) < LIFE && known.uses < USES_MAX);
        let known = self.0.get_mut(&(*with.person, with.key.wrapped.clone()))?;
        known.uses = known.uses.saturating_add(1);
        Some(known.plain.clone())
    }

    fn learn(&mut self, person: &PersonId, wrapped: &[u8], plain: Arc<PlainKey>, now: Timestamp) {
        if self.0.len() >= KEYS_MAX {
            let oldest = self.0.iter().min_by_key(|(_, known)| known.since).map(|(name, _)| name.clone());
            oldest.map(|name| self.0.remove(&name));
        }
        self.0.insert((*person, wrapped.to_vec()), Remembered { plain, since: now, uses: 0 });
    }
}

fn plain_key(plaintext: Option<Blob>) -> Result<Arc<PlainKey>, Error> {
    let bytes = Zeroizing::new(plaintext.map(Blob::into_inner).unwrap_or_default());
    let key: [u8; sealing::KEY_LENGTH] = bytes.as_slice().try_into().map_err(|_| unavailable("no_plain_key"))?;
    Ok(Arc::new(Zeroizing::new(key)))
}

fn failure<E: ProvideErrorMetadata, R>(failed: &SdkError<E, R>) -> Error {
    match failure_code(failed) {
        // Wrapped for another row, under another key, or not wrapped by KMS at all.
        "InvalidCiphertextException" | "IncorrectKeyException" => unreadable("its person's key does not belong there"),
        code => unavailable(code),
    }
}

fn unavailable(detail: &str) -> Error {
    Error::Unavailable { dependency: Dependency::Keys, detail: detail.to_owned() }
}

fn unreadable(detail: &str) -> Error {
    Error::Unreadable { detail: detail.to_owned() }
}

#[cfg(test)]
mod tests;
