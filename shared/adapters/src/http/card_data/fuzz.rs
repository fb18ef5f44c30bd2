//! The scanner against a slow one that is written straight down from its description, and against numbers that are
//! planted in whatever text there is.

use fuzz::{Target, fingerprint};

use super::{contains_card_number, digits, iban, issuers, moment};

const CARDS: [&str; 8] = [
    "4242424242424242",
    "5555555555554444",
    "378282246310005",
    "30569309025904",
    "6205500000000000004",
    "4222222222222",
    "6011000990139424",
    "3566002020360505",
];
/// Some of each kind that is documented, and the most of them that may stand between two digits.
const SEPARATORS: [&str; 14] =
    ["", " ", "-", " - ", "\u{a0}", "\u{2009}", "–", ".", "_", "/", "\u{200b}", "\u{ad}", "\r\n", "·"];
const SCRIPTS: [u32; 5] = [0x30, 0xff10, 0x660, 0x966, 0x1d7ce];

#[test]
fn no_planted_number_is_missed_and_a_slow_scanner_finds_the_same() {
    let seeds = [
        "4242 4242 4242 4242",
        "order 7, +49 151 1234 5678 exp 12/29",
        "550e8400-e29b-41d4-a716-446655440000 4242-4242-4242-4242",
        "9f4242-4242-4242-4242 0123456789abcdef0123456789abcdef",
        "{\"description\":\"٤٢٤٢ ٤٢٤٢ ٤٢٤٢ ٤٢٤٢\"}",
        "１２３ 4️⃣2️⃣ a1b2c3d4 1795434360007123",
        "IBAN DE89 3704 0044 0532 0130 00 DK5000400440116243",
        "23.11.2026 - 30.11.2026, 2026-06-09T15:18:43.532601775-05:00",
    ];
    let words =
        CARDS.into_iter().chain(SEPARATORS).chain(["+", "a", "f0", "0af", "550e8400-e29b-41d4-a716-446655440000"]);
    Target::new("card-numbers").seeds(seeds).words(words).inputs(1_500).check(|input| {
        let text = String::from_utf8_lossy(input);
        let found = contains_card_number(&text);
        assert_eq!(found, slowly(&text), "the slow scanner says otherwise");

        let (before, after) = halves(&text);
        let planted = format!("{before}, {},{after}", planted(fingerprint(input)));
        assert!(contains_card_number(&planted), "missed in {planted:?}");
        let groups = groups(&text.chars().collect::<Vec<_>>()).len();
        format!("{found} {} groups", groups.min(40))
    });
}

fn halves(text: &str) -> (&str, &str) {
    let middle = (0..=text.len() / 2).rev().find(|place| text.is_char_boundary(*place)).unwrap();
    text.split_at(middle)
}

/// A card number in some script, with some separator after every so many digits.
fn planted(choice: u64) -> String {
    let mut choice = choice;
    let mut choose = |from: usize| {
        choice = choice.rotate_right(7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        usize::try_from(choice >> 40).unwrap() % from
    };
    let (card, separator) = (CARDS[choose(CARDS.len())], SEPARATORS[choose(SEPARATORS.len())]);
    let (script, group) = (SCRIPTS[choose(SCRIPTS.len())], 1 + choose(19));
    let digits = card.bytes().map(|digit| char::from_u32(script + u32::from(digit - b'0')).unwrap());
    let spread = digits.enumerate().flat_map(|(place, digit)| {
        let before = if place > 0 && place % group == 0 { separator } else { "" };
        before.chars().chain([digit])
    });
    spread.collect()
}

/// The module's description, step by step, with no care for time.
fn slowly(text: &str) -> bool {
    let characters: Vec<char> = without_ids(text).chars().collect();
    let groups = groups(&characters);
    let value = |place: usize| digits::value_of(characters[place]).unwrap();
    for (first, &(start, _)) in groups.iter().enumerate() {
        for (last, &(_, end)) in groups.iter().enumerate().skip(first) {
            let row = &groups[first..=last];
            let near = row.windows(2).all(|pair| {
                let between = &characters[pair[0].1..pair[1].0];
                between.len() <= 3 && between.iter().all(|character| digits::is_separator(*character))
            });
            let number: Vec<u8> = row.iter().flat_map(|(start, end)| (*start..*end).map(value)).collect();
            if number.len() > 19 {
                break;
            }
            let telephone = start > 0 && matches!(characters[start - 1], '+' | '＋') && number.len() <= 15;
            let cut = row.len() > 1 && (hexadecimal_before(&characters, start) || hexadecimal_after(&characters, end));
            let fits = number.len() >= 13 && luhn(&number) && issuers::could_have_issued(&number);
            if near && fits && !telephone && !cut {
                return true;
            }
        }
    }
    false
}

/// Runs of digits, with what parts them left out: `start..end`.
fn groups(characters: &[char]) -> Vec<(usize, usize)> {
    let mut groups: Vec<(usize, usize)> = Vec::new();
    for (place, character) in characters.iter().enumerate() {
        match groups.last_mut() {
            _ if digits::value_of(*character).is_none() => {}
            Some(group) if group.1 == place => group.1 = place + 1,
            _ => groups.push((place, place + 1)),
        }
    }
    groups
}

/// Puts what ends a number where an id stands.
fn without_ids(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut kept = String::new();
    let mut place = 0;
    while place < characters.len() {
        let begins_a_word = place == 0 || !characters[place - 1].is_ascii_alphanumeric() || kept.ends_with('\u{1}');
        let length = id_length(&characters[place..])
            .or_else(|| iban_length(&characters[place..]))
            .or_else(|| moment_length(&characters[place..]));
        match length.filter(|_| begins_a_word) {
            Some(length) => {
                kept.push('\u{1}');
                place += length;
            }
            None => {
                kept.push(characters[place]);
                place += 1;
            }
        }
    }
    kept
}

fn id_length(characters: &[char]) -> Option<usize> {
    let is_id = |id: &[char], dashes: &[usize]| {
        let fits = |(place, character): (usize, &char)| {
            if dashes.contains(&place) { *character == '-' } else { character.is_ascii_hexdigit() }
        };
        id.iter().enumerate().all(fits) && id.iter().any(char::is_ascii_alphabetic)
    };
    let ends = |length: usize| characters.get(length).is_none_or(|next| !next.is_ascii_alphanumeric());
    if characters.get(..36).is_some_and(|uuid| is_id(uuid, &[8, 13, 18, 23])) && ends(36) {
        return Some(36);
    }
    let word = characters.iter().take_while(|character| character.is_ascii_alphanumeric()).count();
    (word >= 32 && is_id(&characters[..word], &[])).then_some(word)
}

/// Tries every end: what lies before it, without a separator after each four, must be an IBAN from its first letter to its last.
fn iban_length(characters: &[char]) -> Option<usize> {
    (15..=characters.len().min(42)).find(|end| {
        let (mut iban, mut place) = (String::new(), 0);
        while place < *end {
            if iban.len().is_multiple_of(4)
                && place > 0
                && [' ', '-', '\u{a0}', '\u{2009}', '\u{202f}'].contains(&characters[place])
            {
                place += 1;
            }
            let Some(character) = characters[..*end].get(place) else { return false };
            iban.push(*character);
            place += 1;
        }
        let is_one = iban.is_ascii()
            && iban[..2].bytes().all(|letter| letter.is_ascii_uppercase())
            && iban::at_start(&iban) == Some(iban.len());
        is_one && characters.get(*end).is_none_or(|next| !next.is_ascii_alphanumeric())
    })
}

/// Every end is tried here too; what a moment looks like is known to its own tests.
fn moment_length(characters: &[char]) -> Option<usize> {
    (10..=characters.len().min(35)).find(|end| {
        let text: String = characters[..*end].iter().collect();
        let goes_on = characters.get(*end).is_some_and(char::is_ascii_alphanumeric);
        text.is_ascii() && !goes_on && moment::at_start(&text) == Some(*end)
    })
}

fn hexadecimal_before(characters: &[char], start: usize) -> bool {
    let letters =
        characters[..start].iter().rev().take_while(|character| matches!(character, 'a'..='f' | 'A'..='F')).count();
    letters > 0 && start.checked_sub(letters + 1).is_some_and(|place| characters[place].is_ascii_digit())
}

fn hexadecimal_after(characters: &[char], end: usize) -> bool {
    let letters = characters[end..].iter().take_while(|character| matches!(character, 'a'..='f' | 'A'..='F')).count();
    letters > 0 && characters.get(end + letters).is_some_and(char::is_ascii_digit)
}

fn luhn(number: &[u8]) -> bool {
    let doubled = |digit: u8| [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][usize::from(digit)];
    let sum: u32 = number
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| if place % 2 == 0 { u32::from(*digit) } else { doubled(*digit) })
        .sum();
    sum.is_multiple_of(10)
}
