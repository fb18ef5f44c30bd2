//! Ids that hold so many digits that some would be taken for cards, and that can be told by their shape: hexadecimal ones
//! (UUIDs, and what is as long as one without its dashes: UUIDs again, traces, hashes), of which it would be one in 2500; IBANs, of
//! which it would be one in 25; and moments, of which it would be one in 60 in some spellings.

use super::{iban, moment};

/// `550e8400-e29b-41d4-a716-446655440000`
const UUID_LENGTH: usize = 36;
/// Where its dashes stand.
const UUID_DASHES: [usize; 4] = [8, 13, 18, 23];
/// Shorter words are rarely taken for a card, and may be a card with a letter or two beside it.
const WORD_LENGTH_MIN: usize = 32;

/// The text without its ids.
pub(super) fn pieces_between_ids(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut begin, mut place) = (0, 0);
    while let Some(rest) = text.get(place..).filter(|rest| !rest.is_empty()) {
        let word = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let hexadecimal = hexadecimal_at_start(rest.as_bytes(), word);
        if let Some(length) = hexadecimal.or_else(|| iban::at_start(rest)).or_else(|| moment::at_start(rest)) {
            pieces.extend(text.get(begin..place));
            place = place.saturating_add(length);
            begin = place;
        } else {
            // Past the word, and past what parts it from the next.
            let parting = rest.chars().skip(word).take_while(|character| !character.is_ascii_alphanumeric());
            place = place.saturating_add(word).saturating_add(parting.map(char::len_utf8).sum());
        }
    }
    pieces.extend(text.get(begin..));
    pieces
}

/// How long the hexadecimal id is that these bytes begin with, if they do. Their first word has the length `word`.
fn hexadecimal_at_start(bytes: &[u8], word: usize) -> Option<usize> {
    let is_uuid = |bytes: &[u8]| {
        bytes
            .iter()
            .enumerate()
            .all(|(place, byte)| if UUID_DASHES.contains(&place) { *byte == b'-' } else { byte.is_ascii_hexdigit() })
    };
    // One without any letter does not count: it comes once in a million, and digits alone may be anything.
    let has_letters = |bytes: &[u8]| bytes.iter().any(u8::is_ascii_alphabetic);
    if let Some((uuid, after)) = bytes.split_at_checked(UUID_LENGTH)
        && is_uuid(uuid)
        && has_letters(uuid)
        && !after.first().is_some_and(u8::is_ascii_alphanumeric)
    {
        return Some(UUID_LENGTH);
    }
    let word = bytes.get(..word).filter(|word| word.len() >= WORD_LENGTH_MIN)?;
    (word.iter().all(u8::is_ascii_hexdigit) && has_letters(word)).then_some(word.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UUID: &str = "550e8400-e29b-41d4-a716-446655440000";

    #[test]
    fn a_text_is_what_its_ids_leave_of_it() {
        let compact = UUID.replace('-', "");
        for (text, pieces) in [
            (String::new(), vec![""]),
            ("a-b".to_owned(), vec!["a-b"]),
            (UUID.to_owned(), vec!["", ""]),
            (UUID.to_uppercase(), vec!["", ""]),
            (compact.clone(), vec!["", ""]),
            (format!("order-{UUID}_1 ü{UUID}"), vec!["order-", "_1 ü", ""]),
            (format!("00-{compact}-4b-01"), vec!["00-", "-4b-01"]),
            (format!("to DE89 3704 0044 0532 0130 00, {UUID}"), vec!["to ", ", ", ""]),
        ] {
            assert_eq!(pieces_between_ids(&text), pieces, "{text}");
        }
    }

    #[test]
    fn what_has_another_shape_is_none() {
        for text in [
            format!("{UUID}0"),
            format!("f{UUID}"),
            UUID.replace('-', " "),
            UUID.replace("e29b", "e29g"),
            UUID.replace("-e29b", "e-29b"),
            "42424242-4242-4242-4242-424242424242".to_owned(),
            "4242424242424242".repeat(2),
            format!("{}g", "4242424242424242".repeat(2)),
            "4242424242424242a".to_owned(),
        ] {
            assert_eq!(pieces_between_ids(&text), [text.as_str()]);
        }
    }

    proptest! {
        #[test]
        fn a_text_without_hexadecimal_words_stays_whole(text in "(\\PC|[0-9]|-|ü){0,100}") {
            prop_assume!(!text.bytes().any(|byte| matches!(byte, b'a'..=b'f' | b'A'..=b'F')));
            prop_assert_eq!(pieces_between_ids(&text), [text.as_str()]);
        }
    }
}
