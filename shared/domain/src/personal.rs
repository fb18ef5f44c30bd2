//! What is somebody's own: who paid, and what a merchant tells of them.
//!
//! A row keeps it sealed ([`Kept`]), under a key of that person's ([`Keyring`]). It is opened where a client asks to see it, or a
//! gateway must be shown it, and nowhere else: whatever moves money carries it along as it is, so that neither a key that cannot be
//! had nor a person who was erased can stop a payment.
//!
//! Must never: show a text in a `Debug`, or make a sealed text into a clear one. That is done outside, by whoever has the keys.

mod keyring;

pub use keyring::{DataKey, Erasure, KEYS_MAX, KeyNumber, Keyring, Standing};

use std::fmt;

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};

use crate::{
    dispute::Paper,
    id::{RowId, TransactionId},
    text::Text,
};

/// Whose data it is: the SHA-256 of what the merchant calls them. The table bears it in place of that name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonId([u8; 32]);

impl PersonId {
    /// As many bytes as it has.
    pub const LENGTH: usize = 32;

    /// The person that the merchant calls so.
    #[must_use]
    pub fn of_customer(id: &Text<100>) -> Self {
        Self::named(id.as_str())
    }

    /// The person that is known by one row alone, because the merchant has not said who they are: the row's id stands in for the name.
    #[must_use]
    pub fn of_row(id: &RowId) -> Self {
        Self::named(id.as_str())
    }

    /// The payer of a payment of which the merchant has not said whose it is.
    #[must_use]
    pub fn of_payment(id: &TransactionId) -> Self {
        Self::named(id.as_str())
    }

    fn named(name: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"person:");
        hash.update(name.as_bytes());
        Self(hash.finalize().into())
    }

    /// Reads a stored id.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads an id that was written as text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // Written in one way only: another spelling would be another row.
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        Self::of_bytes(&BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok()?)
    }

    /// The id as it is stored beside other things.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&BASE32_NOPAD.encode(&self.0).to_ascii_lowercase())
    }
}

impl fmt::Debug for PersonId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PersonId({self})")
    }
}

/// A text that cannot be read without its person's key.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Which of the person's keys it was sealed with.
    pub key: KeyNumber,
    /// What came of it. What it is made up of is the matter of whoever seals.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Sealed(key {}, {} bytes)", self.key, self.bytes.len())
    }
}

/// A text of somebody's as a row keeps it.
#[derive(Clone, PartialEq, Eq)]
pub enum Kept {
    /// As everything is written today.
    Sealed(Sealed),
    /// As the first release wrote it. It is carried along as it stands.
    Clear(String),
}

impl fmt::Debug for Kept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sealed(sealed) => sealed.fmt(formatter),
            Self::Clear(_) => formatter.write_str("Clear(…)"),
        }
    }
}

/// Where a text stands. It is sealed for this place: moved to another, it is no text any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// In which row.
    pub row: RowId,
    /// As what.
    pub field: Field,
}

/// What a text of somebody's is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// What the merchant calls the payer.
    CustomerId,
    /// Where the payer gets mail.
    CustomerEmail,
    /// What the payer is called.
    CustomerName,
    /// What the merchant brings forward in a dispute.
    Paper(Paper),
}

impl Field {
    /// The word for it, which texts are sealed for: it never changes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CustomerId => "customer.id",
            Self::CustomerEmail => "customer.email",
            Self::CustomerName => "customer.name",
            Self::Paper(paper) => paper.name(),
        }
    }
}

/// Something of somebody's that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened<T> {
    /// This is it.
    Readable(T),
    /// The person was erased, and nobody can read it any more.
    Erased,
}

/// The payer, as far as the merchant tells: in clear, on the way from or to a client.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Payer {
    /// The merchant's id for them.
    pub id: Option<Text<100>>,
    /// Where they get mail.
    pub email: Option<Text<254>>,
    /// What they are called.
    pub name: Option<Text<200>>,
}

impl Payer {
    /// Whose data that is, in a payment's row.
    #[must_use]
    pub fn person(&self, payment: &TransactionId) -> PersonId {
        self.id.as_ref().map_or_else(|| PersonId::of_payment(payment), PersonId::of_customer)
    }
}

/// Nothing of it goes into a log.
impl fmt::Debug for Payer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Payer(…)")
    }
}

/// The payer as a payment's row keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Whose data it is.
    pub person: PersonId,
    /// The merchant's id for them.
    pub id: Option<Kept>,
    /// Where they get mail.
    pub email: Option<Kept>,
    /// What they are called.
    pub name: Option<Kept>,
}

impl Customer {
    /// Somebody of whom nothing is told.
    #[must_use]
    pub const fn unnamed(person: PersonId) -> Self {
        Self { person, id: None, email: None, name: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_found_by_the_merchants_name_for_them_and_their_row_does_not_bear_it() {
        let name = |text: &str| PersonId::of_customer(&Text::parse(text).unwrap());
        assert_eq!(name("c-1"), name("c-1"));
        assert_ne!(name("c-1"), name("c-2"));
        let text = name("pia@shop.example").to_string();
        assert_eq!(text.len(), 52);
        assert!(text.bytes().all(|byte| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte)), "{text}");
        assert_eq!(PersonId::parse(&text), Some(name("pia@shop.example")));
        for wrong in ["", "a", text.to_ascii_uppercase().as_str(), &text[1..]] {
            assert_eq!(PersonId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_payer_without_a_name_is_a_person_of_their_own_in_each_payment() {
        let id = |digit: char| TransactionId::parse(&format!("pay_{}", digit.to_string().repeat(26))).unwrap();
        let unnamed = Payer::default();
        assert_ne!(unnamed.person(&id('a')), unnamed.person(&id('b')));
        let named = Payer { id: Some(Text::parse("c-1").unwrap()), ..Payer::default() };
        assert_eq!(named.person(&id('a')), named.person(&id('b')));
        // By the transaction's id, such a payer can be asked for, and erased.
        assert_eq!(unnamed.person(&id('a')), PersonId::of_customer(&Text::parse(id('a').as_str()).unwrap()));
        assert_eq!(unnamed.person(&id('a')), PersonId::of_row(&RowId::Payment(id('a'))));
    }

    #[test]
    fn nothing_of_anybodys_is_printed() {
        let payer = Payer { name: Some(Text::parse("Pia Payer").unwrap()), ..Payer::default() };
        assert_eq!(format!("{payer:?}"), "Payer(…)");
        assert_eq!(format!("{:?}", Kept::Clear("Pia Payer".to_owned())), "Clear(…)");
        let sealed = Kept::Sealed(Sealed { key: KeyNumber::FIRST, bytes: vec![1, 2, 3] });
        assert_eq!(format!("{sealed:?}"), "Sealed(key 1, 3 bytes)");
    }

    #[test]
    fn no_two_fields_have_one_name() {
        let papers = Paper::ALL.map(Field::Paper).into_iter();
        let fields = [Field::CustomerId, Field::CustomerEmail, Field::CustomerName].into_iter().chain(papers);
        let mut names: Vec<&str> = fields.map(Field::name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
