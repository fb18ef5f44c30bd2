//! The document *client keys*: `{"keys":{"<name>":{"sha256":"<hex>","scopes":["payments:write"],"expiresAt":null}}}`.
//!
//! An entry that cannot be read lets nobody in and leaves the others alone: one slip of somebody's hand must not lock out
//! every client.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::brake::Pepper;
use domain::time::Timestamp;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::Scope;
use crate::rfc3339;
use crate::secrets::{Document, REVOCABLE_SERVES_AT_MOST, Secret, SecretError};

/// Every client key of this stack, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientKeys {
    grants: BTreeMap<String, Grant>,
    unreadable: Vec<String>,
}

/// What a key proves itself by, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    sha256: [u8; 32],
    scopes: Vec<Scope>,
    expires_at: Option<Timestamp>,
}

impl ClientKeys {
    /// The names of entries that could not be read, for the log.
    #[must_use]
    pub fn unreadable(&self) -> &[String] {
        &self.unreadable
    }

    /// A secret of this stack's, for what must be told apart and not be recognised. Nobody has it who does not have the hashes of all
    /// keys, each of which is as hard to guess as its key; it is another one when a key comes or goes.
    #[must_use]
    pub fn pepper(&self) -> Pepper {
        let mut hash = Sha256::new();
        for grant in self.grants.values() {
            hash.update(grant.sha256);
        }
        Pepper::of(hash.finalize().into())
    }

    pub(super) fn grant(&self, name: &str) -> Option<&Grant> {
        self.grants.get(name)
    }
}

impl Grant {
    /// What an unknown name is compared with.
    pub(super) const fn nobody() -> Self {
        Self { sha256: [0; 32], scopes: Vec::new(), expires_at: None }
    }

    /// Whether this is the hash of the key, in a time that does not depend on where they differ.
    pub(super) fn fits(&self, sha256: &[u8; 32]) -> bool {
        self.sha256.ct_eq(sha256).into()
    }

    pub(super) fn is_valid(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    pub(super) fn scopes(&self) -> &[Scope] {
        &self.scopes
    }
}

impl Document for ClientKeys {
    const SERVES_AT_MOST: Duration = REVOCABLE_SERVES_AT_MOST;

    fn parse(secret: &Secret) -> Result<Self, SecretError> {
        #[derive(Deserialize)]
        struct Stored {
            keys: BTreeMap<String, serde_json::Value>,
        }
        let stored: Stored =
            serde_json::from_str(secret.expose()).map_err(|_| SecretError::Unreadable("client keys"))?;
        let mut keys = Self::default();
        for (name, entry) in stored.keys {
            match grant(entry) {
                Some(grant) => drop(keys.grants.insert(name, grant)),
                None => keys.unreadable.push(name),
            }
        }
        Ok(keys)
    }
}

fn grant(entry: serde_json::Value) -> Option<Grant> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Entry {
        sha256: String,
        scopes: Vec<String>,
        expires_at: Option<String>,
    }
    let entry: Entry = serde_json::from_value(entry).ok()?;
    let sha256 = data_encoding::HEXLOWER_PERMISSIVE.decode(entry.sha256.as_bytes()).ok()?.try_into().ok()?;
    // A scope that this version does not know is one that it cannot grant either.
    let scopes = Scope::ALL.into_iter().filter(|scope| entry.scopes.iter().any(|name| name == scope.name())).collect();
    let expires_at = match entry.expires_at {
        Some(text) => Some(rfc3339::parse(&text)?),
        None => None,
    };
    Some(Grant { sha256, scopes, expires_at })
}
