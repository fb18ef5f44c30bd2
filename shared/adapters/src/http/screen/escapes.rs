//! Takes the escapes off a text, a layer at a time: percent-encoding as links and forms have it, and what JSON has in its texts.

use super::super::card_data::{is_digit, is_separator};

/// `%34%32` and `+` as browsers write them. Escapes that are none stay as they are.
pub(super) fn of_a_form(text: &str) -> String {
    of_a_link(&text.replace('+', " "))
}

/// What the text is for whoever reads it next, if that is something else.
pub(super) fn one_layer_less(text: &str) -> Option<String> {
    // Nearly no text has any.
    if !text.contains(['%', '+', '\\']) {
        return None;
    }
    let read = of_json(&of_a_link(&with_spaces(text)));
    (read != text).then_some(read)
}

/// With a space for each `+` that stands for one: behind a digit, behind what may part two, behind an escape, and between a letter and
/// a digit. In `+4915112345678` it makes a telephone number, in `…46.123+01:00` a zone. (A telephone number in what a form writes has
/// `%2B`.)
fn with_spaces(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut goes_on = false;
    for (place, character) in text.char_indices() {
        let (before, from_here) = text.split_at_checked(place).unwrap_or((text, ""));
        let is_space = character == '+'
            && (goes_on || ends_in_an_escape(before) || parts_word_and_number(before, from_here))
            && !is_zone(from_here);
        written.push(if is_space { ' ' } else { character });
        goes_on = is_space || is_digit(character) || (is_separator(character) && !character.is_whitespace());
    }
    written
}

fn ends_in_an_escape(text: &str) -> bool {
    matches!(text.as_bytes(), [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// `card+4242`
fn parts_word_and_number(before: &str, from_here: &str) -> bool {
    before.chars().next_back().is_some_and(char::is_alphabetic) && from_here.chars().nth(1).is_some_and(is_digit)
}

/// `+01:00`
fn is_zone(text: &str) -> bool {
    let is_digit = u8::is_ascii_digit;
    matches!(text.as_bytes(), [_, a, b, b':', c, d, ..] if is_digit(a) && is_digit(b) && is_digit(c) && is_digit(d))
}

fn of_a_link(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, ..] => data_encoding::HEXLOWER_PERMISSIVE.decode(&[*high, *low]).ok(),
            _ => None,
        };
        match escaped.as_deref() {
            Some([byte]) => {
                bytes.push(*byte);
                rest = rest.get(3..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `\u0034` and the like. A line's end or a tab in a number is a space to us.
fn of_json(text: &str) -> String {
    // Characters beyond the first 65,536 are escaped as two.
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (read, length) = match rest.as_bytes() {
            [b'\\', b'u', ..] => match rest.get(2..6).and_then(|digits| u16::from_str_radix(digits, 16).ok()) {
                Some(unit) => (Some(unit), 6),
                None => (None, 1),
            },
            [b'\\', b'n' | b'r' | b't' | b'b' | b'f', ..] => (Some(u16::from(b' ')), 2),
            [b'\\', escaped @ (b'"' | b'/' | b'\\'), ..] => (Some(u16::from(*escaped)), 2),
            _ => (None, first.len_utf8()),
        };
        match read {
            Some(unit) => units.push(unit),
            None => units.extend_from_slice(first.encode_utf16(&mut [0; 2])),
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_are_read_and_what_is_none_stays() {
        for (text, read) in [("%34%32+4%e2%80%8b", "42 4\u{200b}"), ("100%", "100%"), ("%zz%4", "%zz%4"), ("", "")] {
            assert_eq!(of_a_form(text), read);
        }
    }

    #[test]
    fn a_layer_is_taken_off_and_no_more() {
        for (text, read) in [
            ("4242+4242", "4242 4242"),
            ("card+3782", "card 3782"),
            ("card%3A+3782", "card: 3782"),
            ("4242+-+4242", "4242 - 4242"),
            ("%D9%A4+%D9%A2", "٤ ٢"),
            ("٤+٢", "٤ ٢"),
            ("%2534", "%34"),
            (r"42\n42\u200b\ud835\udfd2", "42 42\u{200b}𝟒"),
            (r#"{\"pan\":\"4\"}"#, r#"{"pan":"4"}"#),
            (r"C:\users\4242", r"C:\users\4242"),
        ] {
            assert_eq!(one_layer_less(text).unwrap_or_else(|| text.to_owned()), read, "{text}");
        }
        for text in [
            "",
            "4242 4242",
            "+4915112345678",
            "tel: +49 151",
            "2026-11-23T11:46:00.123456789+01:00",
            "50 %",
            "a+b",
            r"\u12",
        ] {
            assert_eq!(one_layer_less(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fall_over(text in "(%|\\\\|\\+|u|[0-9a-f]|\\PC){0,200}") {
            of_a_form(&text);
            one_layer_less(&text);
        }
    }
}
