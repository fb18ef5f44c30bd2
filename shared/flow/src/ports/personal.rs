//! The ports of what is somebody's own: the row of a person's keys, the key service, and what the two make together.

use std::future::Future;

use domain::{
    personal::{DataKey, Kept, Keyring, Opened, PersonId, Place, Sealed},
    time::Timestamp,
};

use super::{Actor, Error, Host, WriterToken};

/// Reads a person's keys.
pub trait LoadKeyring: Sync {
    /// The ring as it stands: strongly consistent, so that nobody reads of a person who was erased a moment ago.
    fn load_keyring(&self, person: &PersonId) -> impl Future<Output = Result<Option<Keyring>, Error>> + Send;
}

/// Writes a person's keys.
pub trait SaveKeyring: Sync {
    /// Writes the row: the first version if there is none of its person, a later one if the stored one is of the version before it.
    /// A stored one that is this very write counts as written.
    fn save_keyring(&self, write: &Write<'_>) -> impl Future<Output = Result<Saved, Error>> + Send;
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved {
    /// It is written.
    Saved,
    /// Somebody else was first; this is what stands.
    Conflict(Box<Keyring>),
}

/// A ring to write, and what made us write it.
#[derive(Debug, Clone, Copy)]
pub struct Write<'a> {
    /// The row as it shall stand.
    pub keyring: &'a Keyring,
    /// The word for what happened.
    pub what: &'static str,
    /// Who made it happen.
    pub actor: &'a Actor,
    /// Names this very write.
    pub writer: WriterToken,
}

/// Makes keys.
pub trait MakeKey: Sync {
    /// A new key of this person's, wrapped. It is remembered for a while, so that whoever asked for it can seal with it at once.
    fn make_key(&self, person: &PersonId, now: Timestamp) -> impl Future<Output = Result<Vec<u8>, Error>> + Send;
}

/// Seals and opens with keys that were made before.
pub trait UseKey: Sync {
    /// Seals a text for its place.
    fn seal(
        &self,
        with: Key<'_>,
        place: &Place,
        text: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<Sealed, Error>> + Send;

    /// Opens what was sealed for this place. What was changed, or stands in another place, is unreadable.
    fn open(
        &self,
        with: Key<'_>,
        place: &Place,
        sealed: &Sealed,
        now: Timestamp,
    ) -> impl Future<Output = Result<String, Error>> + Send;
}

/// A key, and whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Key<'a> {
    /// Whose.
    pub person: &'a PersonId,
    /// The key.
    pub key: &'a DataKey,
}

/// Keeps what is somebody's own so that only they who have the person's key can read it.
pub trait Seal: Sync {
    /// Seals texts of one person, each for its place.
    fn seal_texts<H: Host>(
        &self,
        host: &H,
        person: &PersonId,
        texts: &[(Place, &str)],
        actor: &Actor,
    ) -> impl Future<Output = Result<Vec<Sealed>, Error>> + Send;
}

/// Reads what is somebody's own.
pub trait Open: Sync {
    /// Opens texts of one person, each as it stands in its place.
    fn open_texts<H: Host>(
        &self,
        host: &H,
        person: &PersonId,
        texts: &[(Place, &Kept)],
    ) -> impl Future<Output = Result<Opened<Vec<String>>, Error>> + Send;

    /// Whether a person was ever erased.
    fn is_erased(&self, person: &PersonId) -> impl Future<Output = Result<bool, Error>> + Send;
}
