//! Finds card numbers where none may be: anywhere in a request, keys included.
//!
//! A payment backend that has once stored or logged a card number is in another class of PCI DSS, and integrators do send them:
//! in a description, as metadata, in an idempotency key. So every request is looked through before it is understood (by
//! [`screen`](super::screen)).
//!
//! What counts: 13 to 19 decimal digits (of any script), whole groups of them, joined by at most three separators (spaces, dashes,
//! dots, invisible characters, …), that pass the Luhn check, start as an issuer's numbers do and have a length that this issuer
//! uses. A group of digits is never cut: a number inside a longer run of digits is a part of something else, and cutting would
//! make one in fifteen 25-digit references a card. A `+` makes up to 15 digits a telephone number.
//!
//! What does not: hexadecimal ids such as a UUID, which is what an idempotency key should be; IBANs whose check digits fit;
//! days such as 23.11.2026 and moments as RFC 3339 writes them, wherever they stand whole; and
//! groups that are joined although one of them is a part of a hexadecimal word (`4242` of `9f4242-…`). A plain number of 16 digits that
//! an issuer could have given out *is* refused: nothing tells it from a card. How much is found, and what it costs whoever has
//! other numbers, is measured in `measured.rs`.
//!
//! Must never: return, print or keep what it found.

mod digits;
mod iban;
mod ids;
mod issuers;
mod moment;

pub(super) use self::digits::{is_digit, is_separator};

/// The shortest card number of any issuer.
const DIGITS_MIN: usize = 13;
/// The longest card number that ISO/IEC 7812 allows.
const DIGITS_MAX: usize = 19;
/// The longest telephone number that E.164 allows.
const TELEPHONE_DIGITS_MAX: usize = 15;
/// `4242 - 4242` is how some people write; with more than three between them, digits do not belong together.
const SEPARATORS_MAX: usize = 3;

/// Whether a text bears a card number.
#[must_use]
pub fn contains_card_number(text: &str) -> bool {
    ids::pieces_between_ids(text).into_iter().any(piece_contains_card_number)
}

fn piece_contains_card_number(text: &str) -> bool {
    let mut chain = Chain::default();
    let mut separators: usize = 0;
    let mut after_plus = false;
    for (place, character) in text.char_indices() {
        let (before, from_here) = text.split_at_checked(place).unwrap_or((text, ""));
        if let Some(digit) = digits::value_of(character) {
            if separators > 0 || chain.groups.is_empty() {
                chain.begin_group(after_plus || ends_in_an_escaped_plus(before), is_hexadecimal_to_the_left(before));
            }
            chain.push(digit);
            separators = 0;
            after_plus = false;
            continue;
        }
        if separators == 0 {
            chain.end_group(is_hexadecimal_to_the_right(from_here));
        }
        after_plus = matches!(character, '+' | '＋');
        separators = separators.saturating_add(1);
        if !digits::is_separator(character) || separators > SEPARATORS_MAX {
            if chain.holds_a_card_number() {
                return true;
            }
            chain = Chain::default();
            separators = 0;
        }
    }
    chain.holds_a_card_number()
}

/// A telephone number in a link.
fn ends_in_an_escaped_plus(before: &str) -> bool {
    before.ends_with("%2B") || before.ends_with("%2b")
}

/// Whether a group of digits that begins where this text ends is the rest of a hexadecimal word: letters from a to f stand
/// before it, and a digit before them. `card4242` and `cc4242` are no such words.
fn is_hexadecimal_to_the_left(before: &str) -> bool {
    is_hexadecimal(before.bytes().rev())
}

/// The same on the other side.
fn is_hexadecimal_to_the_right(after: &str) -> bool {
    is_hexadecimal(after.bytes())
}

fn is_hexadecimal(away_from_the_group: impl Iterator<Item = u8>) -> bool {
    let mut letters = away_from_the_group.peekable();
    let is_letter = |byte: &u8| matches!(byte, b'a'..=b'f' | b'A'..=b'F');
    letters.next_if(is_letter).is_some()
        && letters.find(|byte| !is_letter(byte)).is_some_and(|byte| byte.is_ascii_digit())
}

/// Groups of digits with nothing but separators between them.
#[derive(Default)]
struct Chain {
    digits: Vec<u8>,
    groups: Vec<Group>,
}

/// Digits `start..end` of a chain.
struct Group {
    start: usize,
    end: usize,
    after_plus: bool,
    /// Whether it is only the end, or only the beginning, of a hexadecimal word.
    is_cut_before: bool,
    is_cut_after: bool,
}

impl Chain {
    fn begin_group(&mut self, after_plus: bool, is_cut_before: bool) {
        let start = self.digits.len();
        self.groups.push(Group { start, end: start, after_plus, is_cut_before, is_cut_after: false });
    }

    fn push(&mut self, digit: u8) {
        self.digits.push(digit);
        if let Some(group) = self.groups.last_mut() {
            group.end = self.digits.len();
        }
    }

    fn end_group(&mut self, is_cut_after: bool) {
        if let Some(group) = self.groups.last_mut() {
            group.is_cut_after = is_cut_after;
        }
    }

    /// Tries every row of neighbouring whole groups. Each start is followed by at most 19 ends, so this is linear.
    fn holds_a_card_number(&self) -> bool {
        self.groups.iter().enumerate().any(|(index, first)| {
            let from_here = self.groups.get(index..).unwrap_or_default().iter().enumerate();
            from_here
                .take_while(|(_, last)| last.end.saturating_sub(first.start) <= DIGITS_MAX)
                .filter(|(further, last)| *further == 0 || !(first.is_cut_before || last.is_cut_after))
                .filter_map(|(_, last)| self.digits.get(first.start..last.end))
                .filter(|digits| digits.len() >= DIGITS_MIN)
                .filter(|digits| !(first.after_plus && digits.len() <= TELEPHONE_DIGITS_MAX))
                .any(|digits| issuers::could_have_issued(digits) && passes_luhn(digits))
        })
    }
}

/// ISO/IEC 7812-1 annex B: every second digit from the right counts twice, the sum of all digits ends in 0.
fn passes_luhn(digits: &[u8]) -> bool {
    let sum = digits.iter().rev().enumerate().fold(0_u32, |sum, (place, digit)| {
        let doubled = if place % 2 == 1 { digit.saturating_mul(2) } else { *digit };
        sum.saturating_add(u32::from(if doubled > 9 { doubled.saturating_sub(9) } else { doubled }))
    });
    sum % 10 == 0
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]
mod fuzz;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]
mod measured;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]
mod tests;
