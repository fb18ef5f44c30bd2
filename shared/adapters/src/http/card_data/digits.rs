//! What counts as a digit and as a separator, in any script.

/// Digits that stand in rows of ascending value: first character, its value, how many. These are all characters that Unicode 17
/// gives a digit value: the decimal digits of every script (full-width, Arabic-Indic, Devanagari, mathematical bold, …) and the
/// superscript, subscript and circled ones. `char::to_digit` knows only ASCII.
const ROWS: [(u32, u8, u8); 98] = [
    (0x30, 0, 10),
    (0xb2, 2, 2),
    (0xb9, 1, 1),
    (0x660, 0, 10),
    (0x6f0, 0, 10),
    (0x7c0, 0, 10),
    (0x966, 0, 10),
    (0x9e6, 0, 10),
    (0xa66, 0, 10),
    (0xae6, 0, 10),
    (0xb66, 0, 10),
    (0xbe6, 0, 10),
    (0xc66, 0, 10),
    (0xce6, 0, 10),
    (0xd66, 0, 10),
    (0xde6, 0, 10),
    (0xe50, 0, 10),
    (0xed0, 0, 10),
    (0xf20, 0, 10),
    (0x1040, 0, 10),
    (0x1090, 0, 10),
    (0x1369, 1, 9),
    (0x17e0, 0, 10),
    (0x1810, 0, 10),
    (0x1946, 0, 10),
    (0x19d0, 0, 10),
    (0x19da, 1, 1),
    (0x1a80, 0, 10),
    (0x1a90, 0, 10),
    (0x1b50, 0, 10),
    (0x1bb0, 0, 10),
    (0x1c40, 0, 10),
    (0x1c50, 0, 10),
    (0x2070, 0, 1),
    (0x2074, 4, 6),
    (0x2080, 0, 10),
    (0x2460, 1, 9),
    (0x2474, 1, 9),
    (0x2488, 1, 9),
    (0x24ea, 0, 1),
    (0x24f5, 1, 9),
    (0x24ff, 0, 1),
    (0x2776, 1, 9),
    (0x2780, 1, 9),
    (0x278a, 1, 9),
    (0xa620, 0, 10),
    (0xa8d0, 0, 10),
    (0xa900, 0, 10),
    (0xa9d0, 0, 10),
    (0xa9f0, 0, 10),
    (0xaa50, 0, 10),
    (0xabf0, 0, 10),
    (0xff10, 0, 10),
    (0x104a0, 0, 10),
    (0x10a40, 1, 4),
    (0x10d30, 0, 10),
    (0x10d40, 0, 10),
    (0x10e60, 1, 9),
    (0x11052, 1, 9),
    (0x11066, 0, 10),
    (0x110f0, 0, 10),
    (0x11136, 0, 10),
    (0x111d0, 0, 10),
    (0x112f0, 0, 10),
    (0x11450, 0, 10),
    (0x114d0, 0, 10),
    (0x11650, 0, 10),
    (0x116c0, 0, 10),
    (0x116d0, 0, 10),
    (0x116da, 0, 10),
    (0x11730, 0, 10),
    (0x118e0, 0, 10),
    (0x11950, 0, 10),
    (0x11bf0, 0, 10),
    (0x11c50, 0, 10),
    (0x11d50, 0, 10),
    (0x11da0, 0, 10),
    (0x11de0, 0, 10),
    (0x11f50, 0, 10),
    (0x16130, 0, 10),
    (0x16a60, 0, 10),
    (0x16ac0, 0, 10),
    (0x16b50, 0, 10),
    (0x16d70, 0, 10),
    (0x1ccf0, 0, 10),
    (0x1d7ce, 0, 10),
    (0x1d7d8, 0, 10),
    (0x1d7e2, 0, 10),
    (0x1d7ec, 0, 10),
    (0x1d7f6, 0, 10),
    (0x1e140, 0, 10),
    (0x1e2f0, 0, 10),
    (0x1e4f0, 0, 10),
    (0x1e5f1, 0, 10),
    (0x1e950, 0, 10),
    (0x1f100, 0, 1),
    (0x1f101, 0, 10),
    (0x1fbf0, 0, 10),
];

/// Dashes (general category Pd) and what looks like one.
const DASHES: [(char, char); 17] = [
    ('-', '-'),
    ('\u{58a}', '\u{58a}'),
    ('\u{5be}', '\u{5be}'),
    ('\u{1400}', '\u{1400}'),
    ('\u{1806}', '\u{1806}'),
    ('\u{2010}', '\u{2015}'),
    ('\u{2043}', '\u{2043}'),
    ('\u{2212}', '\u{2212}'),
    ('\u{2e17}', '\u{2e1a}'),
    ('\u{2e3a}', '\u{2e40}'),
    ('\u{301c}', '\u{301c}'),
    ('\u{3030}', '\u{3030}'),
    ('\u{30a0}', '\u{30a0}'),
    ('\u{fe31}', '\u{fe32}'),
    ('\u{fe58}', '\u{fe58}'),
    ('\u{fe63}', '\u{fe63}'),
    ('\u{ff0d}', '\u{ff0d}'),
];

/// Dots, strokes and the like, as people put them between groups of digits.
const MARKS: [char; 14] = ['.', '_', '/', '\\', '|', '*', '~', '·', '•', '․', '‧', '。', '．', '／'];

/// Characters that are not seen, or only on the digit before them: soft hyphen, zero-width and direction marks, fillers, strokes and
/// frames that are laid over a character, variation selectors, tags.
const INVISIBLE: [(char, char); 17] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{300}', '\u{36f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{20d0}', '\u{20f0}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{e0000}', '\u{e01ef}'),
];

/// The value of a digit, whatever its script.
pub(super) fn value_of(character: char) -> Option<u8> {
    let code = u32::from(character);
    // Nearly all text is ASCII; the table is for the rest.
    if code < 0x80 {
        return character.to_digit(10).and_then(|value| u8::try_from(value).ok());
    }
    let row = ROWS.partition_point(|(first, ..)| *first <= code).checked_sub(1)?;
    let (first, value, length) = ROWS.get(row)?;
    let offset = u8::try_from(code.checked_sub(*first)?).ok()?;
    if offset < *length { value.checked_add(offset) } else { None }
}

/// Whether this has the value of a digit.
pub(in super::super) fn is_digit(character: char) -> bool {
    value_of(character).is_some()
}

/// Whether this may stand between two digits of one number.
pub(in super::super) fn is_separator(character: char) -> bool {
    let within = |ranges: &[(char, char)]| ranges.iter().any(|(first, last)| (*first..=*last).contains(&character));
    character.is_whitespace() || MARKS.contains(&character) || within(&DASHES) || within(&INVISIBLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn digits_of_every_script_have_their_value() {
        for (text, value) in [
            ("7", 7),
            ("７", 7),
            ("٧", 7),
            ("۷", 7),
            ("७", 7),
            ("𝟕", 7),
            ("⁷", 7),
            ("₇", 7),
            ("⑦", 7),
            ("0", 0),
            ("²", 2),
        ] {
            assert_eq!(value_of(text.chars().next().unwrap()), Some(value), "{text}");
        }
        for other in ['a', '/', ':', '\u{65f}', '\u{66a}', '½', 'Ⅶ', '七', '\u{10ffff}'] {
            assert_eq!(value_of(other), None, "{other}");
        }
    }

    #[test]
    fn the_rows_ascend_and_do_not_overlap() {
        for pair in ROWS.windows(2) {
            let [(first, _, length), (next, ..)] = pair else { unreachable!() };
            assert!(first + u32::from(*length) <= *next, "{first:x}");
        }
        assert!(ROWS.iter().all(|(_, value, length)| value + length <= 10));
    }

    #[test]
    fn separators_are_what_people_and_word_processors_put_between_groups() {
        for character in [
            ' ',
            '\t',
            '\n',
            '\u{a0}',
            '\u{202f}',
            '\u{2009}',
            '\u{3000}',
            '-',
            '–',
            '—',
            '−',
            '.',
            '·',
            '\u{200b}',
            '\u{ad}',
            '_',
            '/',
            '\u{336}',
            '\u{3164}',
            '\u{e0020}',
        ] {
            assert!(is_separator(character), "{character:?}");
        }
        for character in ['a', ',', ':', '"', '+', '=', '0', '#', 'ぢ', '年'] {
            assert!(!is_separator(character), "{character:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]
        // The regular expression's own tables say what is a digit, not ours.
        #[test]
        fn every_decimal_digit_of_unicode_has_its_value(digit in "\\p{Nd}") {
            let value = value_of(digit.chars().next().unwrap());
            prop_assert!(value.is_some(), "{:?}", digit);
        }
    }
}
