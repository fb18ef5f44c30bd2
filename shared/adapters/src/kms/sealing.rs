//! How a text is sealed: AES-256 in Galois/Counter Mode, by ring. What it was sealed for goes into the seal without being stored, so
//! that a text which is moved, or mixed up with another, does not open.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | the shape: 1 |
//! | 12 | the nonce |
//! | as many as the text | the text, encrypted |
//! | 16 | the tag |
//!
//! As long as the text plus 29 bytes: how long a name is can be seen.
//!
//! Must never: be given one nonce twice with one key. Where nonces come from is the caller's care, and in what is deployed there is
//! one caller.

use domain::personal::{KeyNumber, Place};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, UnboundKey};

/// 256 bits.
pub const KEY_LENGTH: usize = 32;
/// 96 bits, as the mode is made for.
pub const NONCE_LENGTH: usize = NONCE_LEN;

/// The one shape that there is. Another would begin otherwise.
const SHAPE: u8 = 1;

/// What a text is sealed for: its table, its row, what it is there, and the number of its key. Each with its length, so that no two
/// places make the same bytes.
#[must_use]
pub fn associated(table: &str, place: &Place, key: KeyNumber) -> Vec<u8> {
    let mut bytes = vec![SHAPE];
    for part in [table, place.row.as_str(), place.field.name()] {
        bytes.extend(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    bytes.extend(key.get().to_be_bytes());
    bytes
}

/// Seals a text; none if it is too long to be sealed, which is far beyond what a row could hold.
#[must_use]
pub fn seal(key: &[u8; KEY_LENGTH], nonce: [u8; NONCE_LENGTH], associated: &[u8], text: &str) -> Option<Vec<u8>> {
    let mut sealed = text.as_bytes().to_vec();
    let unique = Nonce::assume_unique_for_key(nonce);
    cipher(key)?.seal_in_place_append_tag(unique, Aad::from(associated), &mut sealed).ok()?;
    Some([&[SHAPE], nonce.as_slice(), sealed.as_slice()].concat())
}

/// Opens what was sealed for the same; none if it was not, or was changed since.
#[must_use]
pub fn open(key: &[u8; KEY_LENGTH], associated: &[u8], sealed: &[u8]) -> Option<String> {
    let rest = sealed.strip_prefix(&[SHAPE])?;
    let (nonce, rest) = rest.split_at_checked(NONCE_LENGTH)?;
    if rest.len() < MAX_TAG_LEN {
        return None;
    }
    let mut rest = rest.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let text = cipher(key)?.open_in_place(nonce, Aad::from(associated), &mut rest).ok()?;
    String::from_utf8(text.to_vec()).ok()
}

fn cipher(key: &[u8; KEY_LENGTH]) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key).ok().map(LessSafeKey::new)
}

#[cfg(test)]
mod tests {
    use domain::dispute::Paper;
    use domain::id::{RowId, TransactionId};
    use domain::personal::Field;

    use super::*;

    const KEY: [u8; KEY_LENGTH] = [7; KEY_LENGTH];
    const NAME: &str = "Pia Payer, née Zahlerin";

    fn row(digit: char) -> RowId {
        RowId::Payment(TransactionId::parse(&format!("pay_{}", digit.to_string().repeat(26))).unwrap())
    }

    fn place(digit: char, field: Field) -> Place {
        Place { row: row(digit), field }
    }

    fn sealed() -> (Vec<u8>, Vec<u8>) {
        let place = associated("payments", &place('a', Field::CustomerName), KeyNumber::FIRST);
        (seal(&KEY, [1; NONCE_LENGTH], &place, NAME).unwrap(), place)
    }

    #[test]
    fn what_was_sealed_opens_in_its_place_with_its_key() {
        let (sealed, place) = sealed();
        assert_eq!(sealed.len(), NAME.len() + 29);
        assert!(!sealed.windows(3).any(|bytes| bytes == b"Pia"));
        assert_eq!(open(&KEY, &place, &sealed).as_deref(), Some(NAME));
        assert_eq!(open(&[8; KEY_LENGTH], &place, &sealed), None);
        let empty = seal(&KEY, [2; NONCE_LENGTH], &place, "").unwrap();
        assert_eq!(open(&KEY, &place, &empty).as_deref(), Some(""));
    }

    #[test]
    fn in_another_table_row_field_or_under_another_number_it_does_not_open() {
        let (sealed, _) = sealed();
        let name = place('a', Field::CustomerName);
        for other in [
            associated("payments-before", &name, KeyNumber::FIRST),
            associated("payments", &place('b', Field::CustomerName), KeyNumber::FIRST),
            associated("payments", &place('a', Field::CustomerEmail), KeyNumber::FIRST),
            associated("payments", &place('a', Field::Paper(Paper::CustomerName)), KeyNumber::FIRST),
            associated("payments", &name, KeyNumber::of(2).unwrap()),
            Vec::new(),
        ] {
            assert_eq!(open(&KEY, &other, &sealed), None);
        }
    }

    #[test]
    fn a_single_bit_that_was_changed_is_seen_wherever_it_stands() {
        let (sealed, place) = sealed();
        for index in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[index] ^= 1 << bit;
                assert_eq!(open(&KEY, &place, &changed), None, "bit {bit} of byte {index}");
            }
        }
        for length in 0..sealed.len() {
            assert_eq!(open(&KEY, &place, &sealed[..length]), None, "cut to {length}");
        }
    }

    #[test]
    fn places_that_read_alike_are_not_alike() {
        // With bare texts one after the other, `ab` and `c` would be `a` and `bc`.
        let of = |table: &str| associated(table, &place('a', Field::CustomerId), KeyNumber::FIRST);
        assert_ne!(of("t"), of("tpay_"));
    }
}
