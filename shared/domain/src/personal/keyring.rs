//! The keys of one person, as their row keeps them: wrapped, so that only the key service can say what they are. Whoever takes them
//! away has erased the person, in every row and every copy that was made without them.
//!
//! Pure: what becomes of a ring is decided here, and written elsewhere on the condition that nobody else was first.

use std::{fmt, time::Duration};

use super::PersonId;
use crate::time::Timestamp;

/// As many keys as a ring holds. At one a year it is full when nobody here works any more; then the last goes on being used.
pub const KEYS_MAX: usize = 50;

/// How long texts are sealed with one key. Not for what AES could bear, which is a billion payments, but so that a key that
/// somebody got hold of does not open all that is still to come.
const KEY_SEALS_FOR: Duration = Duration::from_secs(365 * 24 * 3600);

/// The number of one of a person's keys, from 1. It is never given twice, also after an erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyNumber(u32);

impl KeyNumber {
    /// The first.
    pub const FIRST: Self = Self(1);

    /// Reads a stored number.
    #[must_use]
    pub const fn of(number: u32) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for KeyNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

/// A key that texts of one person are sealed with.
#[derive(Clone, PartialEq, Eq)]
pub struct DataKey {
    /// Which of the person's keys it is.
    pub number: KeyNumber,
    /// The key as the key service wrapped it: nobody else can tell from this what it is.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub made_at: Timestamp,
}

impl fmt::Debug for DataKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "DataKey({} of {:?})", self.number, self.made_at)
    }
}

/// That a person was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// When.
    pub at: Timestamp,
    /// Who asked for it, as timelines name them.
    pub by: String,
    /// All keys up to this one are gone. None, if there had been none.
    pub through: Option<KeyNumber>,
}

/// The keys of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyring {
    /// Whose.
    pub person: PersonId,
    /// The keys, oldest first. The last seals; all open.
    pub keys: Vec<DataKey>,
    /// When the person was last erased, if ever. It stays when they come back.
    pub erased: Option<Erasure>,
    /// When the row was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts the changes; every write is conditional on it.
    pub version: u64,
}

/// What has become of one of the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing<'a> {
    /// It is here.
    Held(&'a DataKey),
    /// It went with its person.
    Erased,
    /// There never was one of this number: the ring is not what it was.
    Missing,
}

impl Keyring {
    /// The key to seal with now; none if one must be made.
    #[must_use]
    pub fn sealing(&self, now: Timestamp) -> Option<&DataKey> {
        let last = self.keys.last()?;
        let is_in_use = now.since(last.made_at) < KEY_SEALS_FOR || self.keys.len() >= KEYS_MAX;
        is_in_use.then_some(last)
    }

    /// What has become of the key of this number.
    #[must_use]
    pub fn key(&self, number: KeyNumber) -> Standing<'_> {
        if let Some(key) = self.keys.iter().find(|key| key.number == number) {
            return Standing::Held(key);
        }
        let is_erased = self.erased.as_ref().and_then(|erased| erased.through).is_some_and(|through| number <= through);
        if is_erased { Standing::Erased } else { Standing::Missing }
    }

    /// A ring with one key more: of a person who had none yet, or of `before`.
    #[must_use]
    pub fn with_key(person: PersonId, before: Option<&Self>, wrapped: Vec<u8>, now: Timestamp) -> Self {
        let number = before.and_then(Self::last_number).map_or(KeyNumber::FIRST, KeyNumber::next);
        let mut ring = Self::following(person, before, now);
        ring.keys.push(DataKey { number, wrapped, made_at: now });
        ring
    }

    /// What is left of a ring when its person is erased; none if nothing of them is left already. Of somebody who is not known a
    /// row is made too, so that nobody can tell one from the other. What comes of them afterwards, also from a payment that is being opened
    /// at this moment, is sealed with a new key.
    #[must_use]
    pub fn erased(person: PersonId, before: Option<&Self>, by: String, now: Timestamp) -> Option<Self> {
        if before.is_some_and(|before| before.keys.is_empty() && before.erased.is_some()) {
            return None;
        }
        let through = before.and_then(Self::last_number);
        Some(Self {
            keys: Vec::new(),
            erased: Some(Erasure { at: now, by, through }),
            ..Self::following(person, before, now)
        })
    }

    fn following(person: PersonId, before: Option<&Self>, now: Timestamp) -> Self {
        Self {
            person,
            keys: before.map(|before| before.keys.clone()).unwrap_or_default(),
            erased: before.and_then(|before| before.erased.clone()),
            created_at: before.map_or(now, |before| before.created_at),
            updated_at: now,
            version: before.map_or(0, |before| before.version).saturating_add(1),
        }
    }

    fn last_number(&self) -> Option<KeyNumber> {
        let erased = self.erased.as_ref().and_then(|erased| erased.through);
        self.keys.last().map(|key| key.number).max(erased)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_793_610_000_000);

    fn person() -> PersonId {
        PersonId::of_customer(&Text::parse("c-1").unwrap())
    }

    fn ring() -> Keyring {
        Keyring::with_key(person(), None, vec![1], NOW)
    }

    fn erase(before: Option<&Keyring>, now: Timestamp) -> Option<Keyring> {
        Keyring::erased(person(), before, "client:shop".to_owned(), now)
    }

    fn numbers(ring: &Keyring) -> Vec<u32> {
        ring.keys.iter().map(|key| key.number.get()).collect()
    }

    #[test]
    fn a_key_seals_for_a_year_and_opens_for_ever() {
        let (first, year) = (ring(), KEY_SEALS_FOR);
        assert_eq!((first.version, numbers(&first)), (1, vec![1]));
        assert!(first.sealing(NOW.plus(year - Duration::from_millis(1))).is_some());
        assert_eq!(first.sealing(NOW.plus(year)), None);
        let second = Keyring::with_key(person(), Some(&first), vec![2], NOW.plus(year));
        assert_eq!((second.version, numbers(&second)), (2, vec![1, 2]));
        assert_eq!(second.sealing(NOW.plus(year)).unwrap().wrapped, [2]);
        assert!(matches!(second.key(KeyNumber::FIRST), Standing::Held(key) if key.wrapped == [1]));
    }

    #[test]
    fn a_ring_does_not_grow_without_end() {
        let mut ring = ring();
        for year in 1..u32::try_from(KEYS_MAX).unwrap() {
            ring = Keyring::with_key(person(), Some(&ring), vec![], NOW.plus(KEY_SEALS_FOR * year));
        }
        assert_eq!(ring.keys.len(), KEYS_MAX);
        let much_later = NOW.plus(KEY_SEALS_FOR * 1_000);
        assert_eq!(ring.sealing(much_later), ring.keys.last(), "the last goes on being used");
    }

    #[test]
    fn whoever_is_erased_has_no_key_any_more_and_begins_anew_under_another_number() {
        let erased = erase(Some(&ring()), NOW).unwrap();
        assert!(erased.keys.is_empty() && erased.version == 2);
        assert_eq!(erased.key(KeyNumber::FIRST), Standing::Erased);
        assert_eq!(erased.key(KeyNumber::of(2).unwrap()), Standing::Missing);
        assert_eq!(erase(Some(&erased), NOW), None, "once is enough");
        let again = Keyring::with_key(person(), Some(&erased), vec![9], NOW);
        assert_eq!((numbers(&again), again.key(KeyNumber::FIRST)), (vec![2], Standing::Erased));
        assert_eq!(again.erased, erased.erased, "that they were erased stays");
        let twice = erase(Some(&again), NOW.plus(Duration::from_secs(1))).unwrap();
        assert_eq!(twice.key(KeyNumber::of(2).unwrap()), Standing::Erased);
    }

    #[test]
    fn somebody_who_is_not_known_is_erased_too() {
        let erased = erase(None, NOW).unwrap();
        assert_eq!(
            (erased.version, erased.erased),
            (1, Some(Erasure { at: NOW, by: "client:shop".to_owned(), through: None }))
        );
    }

    #[test]
    fn a_key_that_never_was_is_missing_and_not_erased() {
        assert_eq!(ring().key(KeyNumber::of(7).unwrap()), Standing::Missing);
    }

    #[test]
    fn a_wrapped_key_is_not_printed() {
        let printed = format!("{:?}", DataKey { number: KeyNumber::FIRST, wrapped: vec![77, 78], made_at: NOW });
        assert!(!printed.contains("77"), "{printed}");
    }
}
