//! `cargo xtask key add|list|revoke --stack <name>`: the client keys of a deployed stack.
//!
//! A key is shown once, when it is made; the secret *client keys* holds its SHA-256 only. `--stack` names any
//! CloudFormation stack of ours; `quittance-local` is the local one, every other is looked up with the caller's own
//! AWS credentials.

use std::fs::File;
use std::io::Read;

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::aws::Account;
use crate::failure::{Failure, While};
use crate::place::Place;
use crate::process::Running;
use crate::tools;

/// Every scope that a key can have.
pub(crate) const SCOPES: [&str; 7] = [
    "payments:write",
    "payments:read",
    "refunds:write",
    "disputes:write",
    "webhooks:write",
    "webhooks:read",
    "customers:write",
];
/// 32 random bytes: nobody guesses them, so a fast hash is enough to keep them by.
const SECRET_BYTES: usize = 32;
const NAME_MAX: usize = 32;

pub(crate) fn run(place: &Place, words: &[&str]) -> Result<(), Failure> {
    let mut words: Vec<&str> = words.to_vec();
    let stack = flag(&mut words, "--stack")?.ok_or_else(|| Failure::new("say which stack: --stack <name>"))?;
    let scopes = flag(&mut words, "--scopes")?;
    let expires = flag(&mut words, "--expires")?;
    tools::install(place)?;
    let local = Running::read(place).map_or_else(|| place.clone(), |running| running.place(place));
    let account = Account::of(&stack, &local);
    let keys = Keys { account, arn: account.stack_output(&stack, "ClientKeysArn")? };
    match words.as_slice() {
        ["add", name] => keys.add(name, scopes.as_deref(), expires.as_deref()),
        ["list"] => keys.list(),
        ["revoke", name] => keys.revoke(name),
        _ => Err(Failure::new("say `key add <name>`, `key list` or `key revoke <name>`")),
    }
}

/// How the functions find a key again.
pub(crate) fn entry(secret: &str, scopes: &[&str], expires_at: Option<&str>) -> Value {
    json!({
        "sha256": HEXLOWER.encode(&Sha256::digest(secret.as_bytes())),
        "scopes": scopes,
        "expiresAt": expires_at,
    })
}

struct Keys<'a> {
    account: Account<'a>,
    arn: String,
}

impl Keys<'_> {
    fn add(&self, name: &str, scopes: Option<&str>, expires: Option<&str>) -> Result<(), Failure> {
        let allowed = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '-');
        if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(allowed) {
            return Err(Failure::new(format!("a key's name is 1 to {NAME_MAX} of a–z, 0–9 and -, not {name:?}")));
        }
        let scopes: Vec<&str> = scopes.map_or_else(|| SCOPES.to_vec(), |list| list.split(',').collect());
        if let Some(unknown) = scopes.iter().find(|scope| !SCOPES.contains(scope)) {
            return Err(Failure::new(format!("there is no scope {unknown:?}; there are {}", SCOPES.join(", "))));
        }
        if let Some(text) = expires
            && !is_instant(text)
        {
            return Err(Failure::new(format!("--expires wants an instant like 2027-01-31T00:00:00Z, not {text:?}")));
        }
        let mut document = self.read()?;
        let keys = keys_of(&mut document)?;
        if keys.contains_key(name) {
            return Err(Failure::new(format!("there is a key {name:?} already; revoke it or choose another name")));
        }
        let secret = random_secret()?;
        keys.insert(name.to_owned(), entry(&secret, &scopes, expires));
        self.write(&document)?;
        println!("qk_{name}_{secret}");
        println!("This key is shown once and stored nowhere. Scopes: {}.", scopes.join(", "));
        Ok(())
    }

    fn list(&self) -> Result<(), Failure> {
        let mut document = self.read()?;
        for (name, entry) in keys_of(&mut document)?.iter() {
            let scopes: Vec<&str> =
                entry.get("scopes").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
            let expires = entry.get("expiresAt").and_then(Value::as_str).unwrap_or("never");
            println!("{name:<32}  expires {expires}  {}", scopes.join(", "));
        }
        Ok(())
    }

    fn revoke(&self, name: &str) -> Result<(), Failure> {
        let mut document = self.read()?;
        if keys_of(&mut document)?.remove(name).is_none() {
            return Err(Failure::new(format!("there is no key {name:?}; `key list` shows what there is")));
        }
        self.write(&document)?;
        println!("{name} is revoked. Warm functions forget it when their cached copy of the keys ends.");
        Ok(())
    }

    fn read(&self) -> Result<Value, Failure> {
        Ok(self.account.secret(&self.arn)?.unwrap_or_else(|| json!({"keys": {}})))
    }

    fn write(&self, document: &Value) -> Result<(), Failure> {
        self.account.put_secret(&self.arn, document)
    }
}

fn keys_of(document: &mut Value) -> Result<&mut serde_json::Map<String, Value>, Failure> {
    document
        .get_mut("keys")
        .and_then(Value::as_object_mut)
        .ok_or_else(|| Failure::new("the secret does not hold {\"keys\": {…}}; nothing was changed"))
}

fn random_secret() -> Result<String, Failure> {
    let mut bytes = [0_u8; SECRET_BYTES];
    let what = "reading random bytes";
    File::open("/dev/urandom").while_doing(what)?.read_exact(&mut bytes).while_doing(what)?;
    Ok(BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
}

/// `2027-01-31T00:00:00Z`: the one form that sorts and compares without a calendar.
fn is_instant(text: &str) -> bool {
    let pattern = "dddd-dd-ddTdd:dd:ddZ";
    text.len() == pattern.len()
        && text.chars().zip(pattern.chars()).all(|(is, wanted)| match wanted {
            'd' => is.is_ascii_digit(),
            other => is == other,
        })
}

/// Takes a flag and its value out of the words.
pub(crate) fn flag(words: &mut Vec<&str>, name: &str) -> Result<Option<String>, Failure> {
    let Some(at) = words.iter().position(|word| *word == name) else { return Ok(None) };
    words.remove(at);
    if at == words.len() {
        return Err(Failure::new(format!("{name} needs a value")));
    }
    Ok(Some(words.remove(at).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_52_characters_of_base32_and_never_the_same() {
        let (one, other) = (random_secret().unwrap(), random_secret().unwrap());
        assert_eq!(one.len(), 52);
        assert!(one.chars().all(|character| matches!(character, 'a'..='z' | '2'..='7')));
        assert_ne!(one, other);
    }

    #[test]
    fn the_stored_entry_holds_the_hash_and_not_the_secret() {
        let entry = entry("abc", &SCOPES, Some("2027-01-31T00:00:00Z"));
        assert_eq!(
            entry.to_string(),
            r#"{"expiresAt":"2027-01-31T00:00:00Z","scopes":["payments:write","payments:read","refunds:write","disputes:write","webhooks:write","webhooks:read","customers:write"],"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}"#
        );
    }

    #[test]
    fn an_instant_is_written_in_one_way() {
        assert!(is_instant("2027-01-31T00:00:00Z"));
        assert!(!is_instant("2027-01-31"));
        assert!(!is_instant("2027-01-31T00:00:00+01:00"));
    }
}
