//! Percent-encoding, as forms, queries and paths have it.

/// A text as it stands in a form.
#[must_use]
pub fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&data_encoding::HEXUPPER.encode(&[byte]));
        }
        encoded
    })
}

/// The same, back again, as the local AWS does it: a percent sign without two digits stays, and what is no text is replaced.
#[must_use]
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let digits =
            after.get(..2).and_then(|digits| data_encoding::HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok());
        bytes.extend(digits.as_deref().unwrap_or(b"%"));
        rest = digits.and_then(|_| after.get(2..)).unwrap_or(after);
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_back_from_a_form_as_it_was() {
        let text = r#"{"Resource": "arn:aws:sqs:*/é", "share": "100%"}"#;
        assert_eq!(decoded(&encoded(text)), text);
        assert_eq!(encoded("a/é"), "a%2F%C3%A9");
    }

    #[test]
    fn what_is_no_escape_stays_and_what_is_no_text_is_replaced() {
        for (text, wanted) in [("%FF%4", "\u{fffd}%4"), ("100%", "100%"), ("%+4", "%+4"), ("%é", "%é"), ("%c3%BC", "ü")]
        {
            assert_eq!(decoded(text), wanted, "{text}");
        }
    }
}
