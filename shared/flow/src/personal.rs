//! How what is somebody's own is sealed and opened: a person's keys are in their row, and only the key service can say what
//! they are.
//!
//! | step of sealing | a crash after it leaves |
//! |---|---|
//! | 1. load the person's ring; if it has no key to seal with, make one and write it, on the condition that nobody else was first | a key that nothing is sealed with yet |
//! | 2. seal each text for its place | the same |
//!
//! Opening always begins with the row, whatever is remembered of its keys: who was erased is erased for everybody, at once.
//!
//! Must never: be needed by what moves money. Payments carry sealed texts along as they are.

use domain::{
    personal::{DataKey, Field, Kept, Keyring, Opened, Payer, PersonId, Place, Sealed, Standing},
    text::{Text, TextError},
};

use crate::{
    commit::CONFLICTS_MAX,
    ports::{
        Actor, Error, Host, Note, WriterToken,
        personal::{Key, LoadKeyring, MakeKey, Open, SaveKeyring, Saved, Seal, UseKey, Write},
    },
};

/// The rows of people's keys, and the key service.
#[derive(Debug, Clone, Default)]
pub struct People<S, K> {
    /// Where the rings are.
    pub store: S,
    /// Who knows what the keys are.
    pub keys: K,
}

impl<S: LoadKeyring + SaveKeyring, K: MakeKey + UseKey> Seal for People<S, K> {
    async fn seal_texts<H: Host>(
        &self,
        host: &H,
        person: &PersonId,
        texts: &[(Place, &str)],
        actor: &Actor,
    ) -> Result<Vec<Sealed>, Error> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.sealing_key(host, person, actor).await?;
        let mut all = Vec::with_capacity(texts.len());
        for (place, text) in texts {
            all.push(self.keys.seal(Key { person, key: &key }, place, text, host.now()).await?);
        }
        Ok(all)
    }
}

impl<S: LoadKeyring, K: UseKey> Open for People<S, K> {
    async fn open_texts<H: Host>(
        &self,
        host: &H,
        person: &PersonId,
        texts: &[(Place, &Kept)],
    ) -> Result<Opened<Vec<String>>, Error> {
        if texts.is_empty() {
            return Ok(Opened::Readable(Vec::new()));
        }
        let ring = self.store.load_keyring(person).await?;
        let mut all = Vec::with_capacity(texts.len());
        for (place, kept) in texts {
            match kept {
                // The first release's rows have no key that could be taken away: who was erased is not shown all the same.
                Kept::Clear(_) if ring.as_ref().is_some_and(|ring| ring.erased.is_some()) => return Ok(Opened::Erased),
                Kept::Clear(text) => all.push(text.clone()),
                Kept::Sealed(sealed) => match ring.as_ref().map_or(Standing::Missing, |ring| ring.key(sealed.key)) {
                    Standing::Held(key) => {
                        all.push(self.keys.open(Key { person, key }, place, sealed, host.now()).await?);
                    }
                    Standing::Erased => return Ok(Opened::Erased),
                    Standing::Missing => return Err(unreadable("its person's keys are not what they were")),
                },
            }
        }
        Ok(Opened::Readable(all))
    }

    async fn is_erased(&self, person: &PersonId) -> Result<bool, Error> {
        let ring = self.store.load_keyring(person).await?;
        Ok(ring.is_some_and(|ring| ring.erased.is_some()))
    }
}

impl<S: LoadKeyring + SaveKeyring, K: MakeKey> People<S, K> {
    /// The key to seal with: the person's, or a new one.
    async fn sealing_key<H: Host>(&self, host: &H, person: &PersonId, actor: &Actor) -> Result<DataKey, Error> {
        let mut ring = self.store.load_keyring(person).await?;
        for _ in 0..CONFLICTS_MAX {
            let now = host.now();
            if let Some(key) = ring.as_ref().and_then(|ring| ring.sealing(now)) {
                return Ok(key.clone());
            }
            let wrapped = self.keys.make_key(person, now).await?;
            let after = Keyring::with_key(*person, ring.as_ref(), wrapped, now);
            match save(host, &self.store, &after, "key_made", actor).await? {
                Saved::Saved => ring = Some(after),
                Saved::Conflict(stands) => ring = Some(*stands),
            }
        }
        ring.as_ref().and_then(|ring| ring.sealing(host.now())).cloned().ok_or(Error::Contended)
    }
}

/// Writes a ring, on the condition that nobody else was first.
pub(crate) async fn save<H: Host, S: SaveKeyring>(
    host: &H,
    store: &S,
    keyring: &Keyring,
    what: &'static str,
    actor: &Actor,
) -> Result<Saved, Error> {
    let write = Write { keyring, what, actor, writer: WriterToken(host.dice()) };
    let saved = store.save_keyring(&write).await?;
    if let Saved::Conflict(_) = saved {
        host.note(Note::Conflict);
    }
    Ok(saved)
}

/// The payer that opened texts make, in the order in which their fields were given.
pub(crate) fn payer(fields: &[Field], texts: Vec<String>) -> Result<Payer, Error> {
    let mut payer = Payer::default();
    for (field, text) in fields.iter().zip(texts) {
        match field {
            Field::CustomerId => payer.id = Some(parsed(&text)?),
            Field::CustomerEmail => payer.email = Some(parsed(&text)?),
            Field::CustomerName => payer.name = Some(parsed(&text)?),
            Field::Paper(_) => {}
        }
    }
    Ok(payer)
}

fn parsed<const MAX: usize>(text: &str) -> Result<Text<MAX>, Error> {
    Text::parse(text).map_err(|_: TextError| unreadable("what was opened is not what was sealed"))
}

fn unreadable(detail: &str) -> Error {
    Error::Unreadable { detail: detail.to_owned() }
}
