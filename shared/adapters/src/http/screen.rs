//! Looks through a whole request for what must never come in: card numbers and secrets, in keys as well as in values.
//!
//! Of the headers only `Idempotency-Key` is looked at, because it alone is kept. `Authorization` is where a secret belongs; all
//! others are neither stored nor logged nor echoed, so what stands there cannot come to rest here, and tracing headers are full
//! of decimal ids, one in forty of which would be taken for a card.
//!
//! Must never: say what was found, only where.

mod escapes;

use std::borrow::Cow;

use lambda_http::{Request, RequestExt as _};

use self::escapes::{of_a_form, one_layer_less};
use super::card_data::contains_card_number;
use super::idempotency_key;
use super::json::{Json, Node};
use super::problem::{FieldError, Problem, Refusal};
use super::secret_data::contains_secret;

/// So many layers of escapes are taken off. A link within a link within a link is no longer anybody's mistake.
const ESCAPES_MAX: usize = 3;

/// Refuses a request with such a thing in its path, its query or its `Idempotency-Key`. The body has its own look, see [`body`].
///
/// # Errors
/// [`Refusal::RawCardData`] or [`Refusal::SecretInRequest`].
pub(crate) fn head(request: &Request) -> Result<(), Problem> {
    nothing_forbidden("the path", [of_a_form(request.raw_http_path())])?;
    // Gateways give the query decoded (REST) or raw in the URI (HTTP); both are looked at.
    let raw_query = request.uri().query().map(of_a_form).unwrap_or_default();
    nothing_forbidden("the query", [raw_query])?;
    let query = request.query_string_parameters();
    nothing_forbidden("the query", query.iter().flat_map(|(name, value)| [name, value]))?;
    let keys = request.headers().get_all(idempotency_key::HEADER).iter();
    nothing_forbidden("the header Idempotency-Key", keys.map(|value| String::from_utf8_lossy(value.as_bytes())))
}

/// Refuses a parsed body with such a thing in a value or a key.
///
/// # Errors
/// [`Refusal::RawCardData`] or [`Refusal::SecretInRequest`] with a pointer to the value, or to the object whose key it is.
pub(crate) fn body(body: &Json) -> Result<(), Problem> {
    let mut found = None;
    let place = body.find(&mut |node| {
        found = match node {
            Node::Key(text) => forbidden(text),
            Node::Value(Json::String(text)) => forbidden(text),
            Node::Value(Json::Integer(number)) => forbidden(&number.unsigned_abs().to_string()),
            Node::Value(Json::Null | Json::Bool(_) | Json::NotInteger | Json::Array(_) | Json::Object(_)) => None,
        };
        found.is_some()
    });
    match (place, found) {
        (Some(pointer), Some(refusal)) => {
            Err(refused(refusal, pointer.to_string(), format!("looks like {}", name(refusal))))
        }
        _ => Ok(()),
    }
}

/// Refuses a body that could not be parsed, but bears such a thing in what was sent.
///
/// # Errors
/// [`Refusal::RawCardData`] or [`Refusal::SecretInRequest`] without a place.
pub(crate) fn unparsed(body: &[u8]) -> Result<(), Problem> {
    let text = String::from_utf8_lossy(body);
    let decoded = Cow::Owned(of_a_form(&text));
    nothing_forbidden("the body", [text, decoded])
}

fn nothing_forbidden(place: &str, texts: impl IntoIterator<Item = impl AsRef<str>>) -> Result<(), Problem> {
    texts.into_iter().find_map(|text| forbidden(text.as_ref())).map_or(Ok(()), |refusal| {
        Err(refused(refusal, String::new(), format!("{place} looks as if it contained {}", name(refusal))))
    })
}

/// Why a text is refused, if it is: as it stands, or as whoever gets it next would read it. A link in a field is percent-encoded
/// once, a link in a link twice, and JSON may stand in a text of JSON.
#[must_use]
pub fn forbidden(text: &str) -> Option<Refusal> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..ESCAPES_MAX {
        if let Some(refusal) = forbidden_as_it_stands(&text) {
            return Some(refusal);
        }
        text = Cow::Owned(one_layer_less(&text)?);
    }
    forbidden_as_it_stands(&text)
}

fn forbidden_as_it_stands(text: &str) -> Option<Refusal> {
    if contains_card_number(text) {
        return Some(Refusal::RawCardData);
    }
    contains_secret(text).then_some(Refusal::SecretInRequest)
}

const fn name(refusal: Refusal) -> &'static str {
    if matches!(refusal, Refusal::RawCardData) { "a card number" } else { "a secret key" }
}

fn refused(refusal: Refusal, pointer: String, detail: String) -> Problem {
    Problem::new(refusal).with_errors(vec![FieldError { pointer, detail: Cow::Owned(detail) }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_is_read_as_whoever_gets_it_next_would_read_it() {
        for text in [
            "https://shop.example/done?c=4242%204242%204242%204242",
            "https://shop.example/done?c=4242+4242+4242+4242",
            "https://a.example/?u=https%3A%2F%2Fb.example%2F%3Fc%3D4242%252D4242%252D4242%252D4242",
            "%34%32%34%32%34%32%34%32%34%32%34%32%34%32%34%32",
            "4242%2B4242%2B4242%2B4242",
            "https://a.example/?c=4242+-+4242+-+4242+-+4242",
            "https://a.example/?c=Order%3A+378282246310005",
            "https://a.example/?c=Amex+378282246310005",
            r#"{"pan":"4242\n4242\u00204242\t4242"}"#,
            "%EF%BC%94%EF%BC%92%EF%BC%94%EF%BC%924242 4242 4242",
        ] {
            assert_eq!(forbidden(text), Some(Refusal::RawCardData), "{text}");
        }
        let tail = "4eC39HqLyjWDarjtT1zdp7dc";
        assert_eq!(forbidden(&format!("https://a.example/?k=sk%5Ftest%5F{tail}")), Some(Refusal::SecretInRequest));
        for text in [
            "+4915112345678",
            "100% +4915112345678",
            "tel%3A%2B4915112345678",
            "7+8=15",
            "2023-06-11T21:50:43.353197394+01:00",
            "%25%25%25",
            "50%",
        ] {
            assert_eq!(forbidden(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fall_over(text in "(%|\\\\|\\+|[0-9a-f]|\\PC){0,200}") {
            prop_assert!(forbidden(&text).is_none() || !text.is_empty());
        }
    }
}
