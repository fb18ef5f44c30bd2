//! What a store must keep about people's keys. [`for_each_keyring_rule`] names the rules.
//!
//! [`for_each_keyring_rule`]: crate::for_each_keyring_rule

use domain::{
    personal::{Keyring, PersonId},
    text::Text,
};
use flow::ports::{
    Actor, WriterToken,
    personal::{LoadKeyring, SaveKeyring, Saved, Write},
};

use super::{Bench, at};
use crate::turns;

/// Calls a macro with the name of each rule.
#[macro_export]
macro_rules! for_each_keyring_rule {
    ($rule:ident) => {
        $rule!(a_ring_that_nobody_made_is_not_there);
        $rule!(a_ring_comes_back_as_it_was_written);
        $rule!(a_ring_is_replaced_at_the_version_before_it_only);
        $rule!(a_write_of_a_ring_that_meets_its_own_row_has_succeeded);
        $rule!(of_many_who_make_a_key_at_once_one_wins);
    };
}

/// A store of people's keys under test.
pub trait KeyringBench: Sync {
    /// Its type.
    type Rings: LoadKeyring + SaveKeyring;
    /// The store, empty at first.
    fn rings(&self) -> &Self::Rings;
}

impl<B: Bench> KeyringBench for B
where
    B::Store: LoadKeyring + SaveKeyring,
{
    type Rings = B::Store;

    fn rings(&self) -> &B::Store {
        self.store()
    }
}

fn person() -> PersonId {
    PersonId::of_customer(&Text::parse("c-1").unwrap())
}

fn first(wrapped: u8) -> Keyring {
    Keyring::with_key(person(), None, vec![wrapped], at(1_000))
}

async fn save<B: KeyringBench>(bench: &B, keyring: &Keyring, writer: u64) -> Saved {
    let actor = Actor::Client("shop".to_owned());
    let write = Write { keyring, what: "tested", actor: &actor, writer: WriterToken(writer) };
    bench.rings().save_keyring(&write).await.unwrap()
}

async fn stands<B: KeyringBench>(bench: &B) -> Option<Keyring> {
    bench.rings().load_keyring(&person()).await.unwrap()
}

/// Nothing is made up.
pub async fn a_ring_that_nobody_made_is_not_there<B: KeyringBench>(bench: &B) {
    assert_eq!(stands(bench).await, None);
}

/// Keys, the erasure and the key after it.
pub async fn a_ring_comes_back_as_it_was_written<B: KeyringBench>(bench: &B) {
    assert_eq!(save(bench, &first(1), 1).await, Saved::Saved);
    assert_eq!(stands(bench).await, Some(first(1)));
    let erased = Keyring::erased(person(), Some(&first(1)), "client:shop".to_owned(), at(2_000)).unwrap();
    assert_eq!(save(bench, &erased, 2).await, Saved::Saved);
    assert_eq!(stands(bench).await, Some(erased.clone()));
    let again = Keyring::with_key(person(), Some(&erased), vec![2], at(3_000));
    assert_eq!(save(bench, &again, 3).await, Saved::Saved);
    assert_eq!(stands(bench).await, Some(again));
}

/// Whoever was overtaken sees what stands, and nothing changes.
pub async fn a_ring_is_replaced_at_the_version_before_it_only<B: KeyringBench>(bench: &B) {
    assert_eq!(save(bench, &first(1), 1).await, Saved::Saved);
    let conflict = Saved::Conflict(Box::new(first(1)));
    assert_eq!(save(bench, &first(2), 2).await, conflict, "another first");
    let ahead = Keyring { version: 3, ..first(2) };
    assert_eq!(save(bench, &ahead, 3).await, conflict, "one too far");
    assert_eq!(stands(bench).await, Some(first(1)));
}

/// As the SDK repeats it.
pub async fn a_write_of_a_ring_that_meets_its_own_row_has_succeeded<B: KeyringBench>(bench: &B) {
    assert_eq!(save(bench, &first(1), 1).await, Saved::Saved);
    assert_eq!(save(bench, &first(1), 1).await, Saved::Saved);
    assert_eq!(stands(bench).await, Some(first(1)));
}

/// Two keys of one number would be one too many.
pub async fn of_many_who_make_a_key_at_once_one_wins<B: KeyringBench>(bench: &B) {
    let rings: Vec<Keyring> = (0..20).map(first).collect();
    let writes = rings.iter().zip(100..).map(|(ring, writer)| save(bench, ring, writer));
    let saved = turns::all(writes).await;
    let winners: Vec<usize> =
        saved.iter().enumerate().filter(|(_, saved)| **saved == Saved::Saved).map(|(place, _)| place).collect();
    assert_eq!(winners.len(), 1, "{saved:?}");
    let stands = stands(bench).await.unwrap();
    assert_eq!(Some(&stands), winners.first().and_then(|winner| rings.get(*winner)));
    let seen = Saved::Conflict(Box::new(stands));
    assert!(saved.iter().all(|saved| *saved == Saved::Saved || *saved == seen), "{saved:?}");
}
