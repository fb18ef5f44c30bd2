//! `customer`: erases a person, by taking their keys away. One read, one write; none where they were erased before.
//!
//! What was sealed with those keys stays where it is and can be read by nobody: in rows, in their former versions in the table's
//! stream, in whatever copies were made. What payments came to stays too. A person who is not known is erased like any other: a name
//! that was never seen and one that was forgotten must not be told apart, and whoever asks twice has done no wrong.

use domain::personal::{Keyring, PersonId};

use crate::{
    commit::CONFLICTS_MAX,
    personal::save,
    ports::{
        Actor, Error, Host,
        personal::{LoadKeyring, SaveKeyring, Saved},
    },
};

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erased {
    /// They are erased now.
    Now,
    /// They had been erased before, and nothing of them had come since.
    Before,
    /// Nothing of theirs was ever here. It is kept that they are erased all the same.
    Unknown,
}

/// Erases a person.
///
/// # Errors
/// If the store fails; they may be erased all the same.
pub async fn erase<H: Host, S: LoadKeyring + SaveKeyring>(
    host: &H,
    store: &S,
    person: &PersonId,
    actor: &Actor,
) -> Result<Erased, Error> {
    let mut ring = store.load_keyring(person).await?;
    for _ in 0..CONFLICTS_MAX {
        let Some(after) = Keyring::erased(*person, ring.as_ref(), actor.to_string(), host.now()) else {
            return Ok(Erased::Before);
        };
        match save(host, store, &after, "erased", actor).await? {
            Saved::Saved if ring.is_none() => return Ok(Erased::Unknown),
            Saved::Saved => return Ok(Erased::Now),
            Saved::Conflict(stands) => ring = Some(*stands),
        }
    }
    Err(Error::Contended)
}
