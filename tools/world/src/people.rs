//! People's keys in memory: the twin of their rows in the table, and of the key service. What is sealed here is really sealed, by the code
//! that seals what is deployed; only the keys are no secret.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use adapters::{
    dynamo::{Item, row},
    kms::sealing,
};
use domain::{
    personal::{Kept, Keyring, Opened, PersonId, Place, Sealed},
    time::Timestamp,
};
use flow::{
    personal::People,
    ports::{
        Actor, Dependency, Error, Host,
        personal::{Key, LoadKeyring, MakeKey, Open, SaveKeyring, Saved, Seal, UseKey, Write},
    },
};

use crate::turns;

/// What texts are sealed for, in place of a table's name.
const TABLE: &str = "twin";

/// What the functions are handed for people: rows and keys in memory.
pub type Twin = People<MemoryKeyrings, MemoryKeys>;

/// The same where nobody else has a turn meanwhile: what is tried there is something else.
#[derive(Debug, Clone, Copy)]
pub struct InOneGo<'a>(pub &'a Twin);

impl Seal for InOneGo<'_> {
    async fn seal_texts<H: Host>(
        &self,
        host: &H,
        person: &PersonId,
        texts: &[(Place, &str)],
        actor: &Actor,
    ) -> Result<Vec<Sealed>, Error> {
        turns::block_on(self.0.seal_texts(host, person, texts, actor))
    }
}

impl Open for InOneGo<'_> {
    async fn open_texts<H: Host>(
        &self,
        host: &H,
        person: &PersonId,
        texts: &[(Place, &Kept)],
    ) -> Result<Opened<Vec<String>>, Error> {
        turns::block_on(self.0.open_texts(host, person, texts))
    }

    async fn is_erased(&self, person: &PersonId) -> Result<bool, Error> {
        turns::block_on(self.0.is_erased(person))
    }
}

/// The rows of people's keys, kept as they are stored.
#[derive(Debug, Default)]
pub struct MemoryKeyrings(Mutex<Rows>);

#[derive(Debug, Default)]
struct Rows {
    rows: BTreeMap<PersonId, Item>,
    is_down: bool,
    reads: usize,
    writes: usize,
}

impl MemoryKeyrings {
    /// From now on the table answers nobody, or everybody again.
    pub fn set_down(&self, is_down: bool) {
        self.inner().is_down = is_down;
    }

    /// A person's row is gone, as if nobody had ever written it.
    pub fn lose(&self, person: &PersonId) {
        self.inner().rows.remove(person);
    }

    /// A person's row, seen without a call that could go wrong.
    #[must_use]
    pub fn stored(&self, person: &PersonId) -> Option<Item> {
        self.inner().rows.get(person).cloned()
    }

    /// How often rows were read, and written.
    #[must_use]
    pub fn calls(&self) -> (usize, usize) {
        let inner = self.inner();
        (inner.reads, inner.writes)
    }

    fn inner(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    fn up(&self) -> Result<(), Error> {
        if self.is_down { Err(down(Dependency::Store)) } else { Ok(()) }
    }

    fn ring(&self, person: &PersonId) -> Result<Option<Keyring>, Error> {
        self.rows.get(person).map(row::keyring::read).transpose().map_err(Error::from)
    }
}

impl LoadKeyring for MemoryKeyrings {
    async fn load_keyring(&self, person: &PersonId) -> Result<Option<Keyring>, Error> {
        turns::pass().await;
        let mut inner = self.inner();
        inner.up()?;
        inner.reads = inner.reads.saturating_add(1);
        inner.ring(person)
    }
}

impl SaveKeyring for MemoryKeyrings {
    async fn save_keyring(&self, write: &Write<'_>) -> Result<Saved, Error> {
        turns::pass().await;
        let saved = {
            let mut inner = self.inner();
            inner.up()?;
            inner.writes = inner.writes.saturating_add(1);
            let stands = inner.ring(&write.keyring.person)?;
            let before = write.keyring.version.saturating_sub(1);
            let is_this_very_write =
                inner.rows.get(&write.keyring.person).is_some_and(|row| row::keyring::is_written_by(row, write));
            if is_this_very_write {
                Saved::Saved
            } else if stands.as_ref().map_or(0, |ring| ring.version) == before {
                inner.rows.insert(write.keyring.person, row::keyring::lay_out(write));
                Saved::Saved
            } else {
                stands.map_or(Saved::Saved, |ring| Saved::Conflict(Box::new(ring)))
            }
        };
        turns::pass().await;
        Ok(saved)
    }
}

/// The key service.
#[derive(Debug, Default)]
pub struct MemoryKeys(Mutex<Keys>);

#[derive(Debug, Default)]
struct Keys {
    made: u64,
    nonces: u64,
    is_down: bool,
}

impl MemoryKeys {
    /// From now on it answers nobody, or everybody again.
    pub fn set_down(&self, is_down: bool) {
        self.inner().is_down = is_down;
    }

    /// How many keys were made.
    #[must_use]
    pub fn made(&self) -> u64 {
        self.inner().made
    }

    fn inner(&self) -> MutexGuard<'_, Keys> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key, if it was wrapped for this person: its number in every eighth byte, and whose it is in what it is wrapped in.
    fn plain(&self, with: Key<'_>) -> Result<[u8; sealing::KEY_LENGTH], Error> {
        if self.inner().is_down {
            return Err(down(Dependency::Keys));
        }
        let wrapped = with.key.wrapped.strip_prefix(with.person.as_bytes().as_slice());
        let number: Option<[u8; 8]> = wrapped.and_then(|number| number.try_into().ok());
        number.map(|number| plain(u64::from_be_bytes(number))).ok_or_else(|| unreadable("it belongs to somebody else"))
    }
}

impl MakeKey for MemoryKeys {
    async fn make_key(&self, person: &PersonId, _: Timestamp) -> Result<Vec<u8>, Error> {
        turns::pass().await;
        let mut inner = self.inner();
        if inner.is_down {
            return Err(down(Dependency::Keys));
        }
        inner.made = inner.made.saturating_add(1);
        Ok([person.as_bytes().as_slice(), &inner.made.to_be_bytes()].concat())
    }
}

impl UseKey for MemoryKeys {
    async fn seal(&self, with: Key<'_>, place: &Place, text: &str, _: Timestamp) -> Result<Sealed, Error> {
        let key = self.plain(with)?;
        let mut nonce = [0; sealing::NONCE_LENGTH];
        {
            let mut inner = self.inner();
            inner.nonces = inner.nonces.saturating_add(1);
            nonce.iter_mut().zip(inner.nonces.to_be_bytes()).for_each(|(byte, counted)| *byte = counted);
        }
        let associated = sealing::associated(TABLE, place, with.key.number);
        let bytes = sealing::seal(&key, nonce, &associated, text).ok_or_else(|| unreadable("it is too long"))?;
        Ok(Sealed { key: with.key.number, bytes })
    }

    async fn open(&self, with: Key<'_>, place: &Place, sealed: &Sealed, _: Timestamp) -> Result<String, Error> {
        let key = self.plain(with)?;
        let associated = sealing::associated(TABLE, place, sealed.key);
        sealing::open(&key, &associated, &sealed.bytes).ok_or_else(|| unreadable("it was not sealed for this place"))
    }
}

/// The `number`th key.
fn plain(number: u64) -> [u8; sealing::KEY_LENGTH] {
    let mut key = [0; sealing::KEY_LENGTH];
    for chunk in key.chunks_mut(size_of::<u64>()) {
        chunk.iter_mut().zip(number.to_be_bytes()).for_each(|(byte, counted)| *byte = counted);
    }
    key
}

fn down(dependency: Dependency) -> Error {
    Error::Unavailable { dependency, detail: "injected".to_owned() }
}

fn unreadable(detail: &str) -> Error {
    Error::Unreadable { detail: detail.to_owned() }
}
