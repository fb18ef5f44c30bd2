//! Ids that look like the gateway's and never repeat, also not in the next run of the process: our database may outlive
//! a sandbox, and an id that comes back would hide a mix-up.
//!
//! One exception, and only where it is asked for: what is created under an idempotency key is named after that key, so
//! that a recorded webhook about it fits the object that the same recorded requests create on another day.

use std::hash::{BuildHasher, RandomState};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// Stripe's own alphabet and lengths, so that nobody's validation learns to like something shorter.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_CHARACTERS: usize = 24;
/// PayPal's ids are shorter, and all in capitals.
const SERIAL_CHARACTERS: usize = 17;

pub(crate) struct Ids {
    seed: [u64; 2],
    count: u64,
}

impl Ids {
    /// `RandomState` is the standard library's only source of randomness; an id needs no better one.
    pub(crate) fn new() -> Self {
        Self { seed: [RandomState::new().hash_one(0_u8), RandomState::new().hash_one(1_u8)], count: 0 }
    }

    /// The next id with this prefix, as in `pi_3PqR…`.
    pub(crate) fn next(&mut self, prefix: &str) -> String {
        spelled(prefix, &self.draw())
    }

    /// The id with this prefix that belongs to an idempotency key: the same one each time.
    pub(crate) fn named_after(prefix: &str, key: &str) -> String {
        spelled(prefix, &Sha256::new().chain_update(prefix).chain_update(key).finalize().into())
    }

    /// The next id of PayPal's form, as in `5O190127TN364715T`.
    pub(crate) fn serial(&mut self) -> String {
        capitals(&self.draw())
    }

    /// The id of PayPal's form that belongs to an idempotency key: the same one each time.
    pub(crate) fn serial_after(key: &str) -> String {
        capitals(&Sha256::digest(key).into())
    }

    /// A name in the form of a UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let hex = HEXLOWER.encode(&self.draw());
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
        [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
    }

    /// Puts the items into an order that nobody may rely on.
    pub(crate) fn shuffle<T>(&mut self, items: Vec<T>) -> Vec<T> {
        let mut keyed: Vec<([u8; 32], T)> = items.into_iter().map(|item| (self.draw(), item)).collect();
        keyed.sort_by_key(|(key, _)| *key);
        keyed.into_iter().map(|(_, item)| item).collect()
    }

    fn draw(&mut self) -> [u8; 32] {
        self.count = self.count.wrapping_add(1);
        let mut hash = Sha256::new();
        for word in self.seed {
            hash.update(word.to_be_bytes());
        }
        hash.update(self.count.to_be_bytes());
        hash.finalize().into()
    }
}

fn spelled(prefix: &str, random: &[u8; 32]) -> String {
    let letters: String = random
        .iter()
        .take(ID_CHARACTERS)
        .filter_map(|byte| ALPHABET.iter().cycle().nth(usize::from(*byte)))
        .map(|letter| char::from(*letter))
        .collect();
    format!("{prefix}{letters}")
}

fn capitals(random: &[u8; 32]) -> String {
    let capitals = || ALPHABET.iter().filter(|letter| !letter.is_ascii_lowercase()).cycle();
    let places = random.iter().take(SERIAL_CHARACTERS);
    places.filter_map(|byte| capitals().nth(usize::from(*byte))).map(|letter| char::from(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_stripes_form_and_do_not_repeat() {
        let mut ids = Ids::new();
        let made: std::collections::BTreeSet<String> = (0..1000).map(|_| ids.next("pi_")).collect();
        assert_eq!(made.len(), 1000);
        assert!(made.iter().all(|id| id.len() == 27 && id.starts_with("pi_")));
    }

    #[test]
    fn what_a_key_creates_has_the_same_id_on_any_day() {
        assert_eq!(Ids::named_after("pi_", "order-1"), Ids::named_after("pi_", "order-1"));
        assert_ne!(Ids::named_after("pi_", "order-1"), Ids::named_after("pi_", "order-2"));
        assert_eq!(Ids::named_after("pi_", "order-1").len(), 27);
    }

    #[test]
    fn paypals_ids_are_seventeen_capitals_and_digits() {
        let mut ids = Ids::new();
        let made: std::collections::BTreeSet<String> = (0..1000).map(|_| ids.serial()).collect();
        assert_eq!(made.len(), 1000);
        let fits = |id: &String| id.len() == 17 && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        assert!(made.iter().all(fits));
        assert_eq!(Ids::serial_after("order-1"), Ids::serial_after("order-1"));
    }

    #[test]
    fn a_shuffle_loses_and_invents_nothing() {
        let mut shuffled = Ids::new().shuffle((0..50).collect());
        assert_ne!(shuffled, (0..50).collect::<Vec<i32>>(), "fifty items in their old order: once in 10^64 runs");
        shuffled.sort_unstable();
        assert_eq!(shuffled, (0..50).collect::<Vec<i32>>());
    }
}
