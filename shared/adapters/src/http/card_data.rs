//! Finds card numbers where none may be: anywhere in a request, keys included.
//!
//! A payment backend that has once stored or logged a card number is in another class of PCI DSS, and integrators do send them:
//! in a description, as metadata, in an idempotency key. So every request is looked through before it is understood.
//!
//! What counts: 13 to 19 decimal digits (of any script), whole groups of them, joined by at most three separators (spaces, dashes,
//! dots, invisible characters, …), that pass the Luhn check, start as an issuer's numbers do and have a length that this issuer
//! uses. A group of digits is never cut: a number inside a longer run of digits is a part of something else, and cutting would
//! make one in fifteen 25-digit references a card. A `+` makes up to 15 digits a telephone number.
//!
//! Must never: return, print or keep what it found.

mod digits;
mod issuers;

use std::borrow::Cow;

use lambda_http::http::HeaderName;
use lambda_http::{Request, RequestExt as _};

use super::json::{Json, Node};
use super::problem::{FieldError, Problem, Refusal};

/// The shortest card number of any issuer.
const DIGITS_MIN: usize = 13;
/// The longest card number that ISO/IEC 7812 allows.
const DIGITS_MAX: usize = 19;
/// The longest telephone number that E.164 allows.
const TELEPHONE_DIGITS_MAX: usize = 15;
/// `4242 - 4242` is how some people write; with more than three between them, digits do not belong together.
const SEPARATORS_MAX: usize = 3;

/// Headers that only `authenticate` reads, or that are written by the infrastructure: these hold long hexadecimal traces, in which
/// card numbers turn up by chance. None of them is ever stored or logged.
const HEADERS_NOT_SCREENED: [&str; 4] = ["authorization", "host", "traceparent", "via"];
/// The same, by how their names begin.
const HEADER_PREFIXES_NOT_SCREENED: [&str; 4] = ["x-amzn-", "x-amz-cf-", "x-forwarded-", "cloudfront-"];

/// Refuses a request that bears a card number in its path, its query or a header. The body has its own look, see [`screen_body`].
///
/// # Errors
/// [`Refusal::RawCardData`], saying where, never what.
pub fn screen_head(request: &Request) -> Result<(), Problem> {
    if contains_card_number(&percent_decoded(request.raw_http_path())) {
        return Err(found("", "the path looks as if it contained a card number"));
    }
    // Gateways give the query decoded (REST) or raw in the URI (HTTP); both are looked at.
    let raw_query = request.uri().query().map(percent_decoded).unwrap_or_default();
    let query = request.query_string_parameters();
    if contains_card_number(&raw_query) || query.iter().any(|(name, value)| either_is_a_card_number(name, value)) {
        return Err(found("", "the query looks as if it contained a card number"));
    }
    let suspicious = request.headers().iter().any(|(name, value)| {
        is_screened(name) && either_is_a_card_number(name.as_str(), &String::from_utf8_lossy(value.as_bytes()))
    });
    if suspicious { Err(found("", "a header looks as if it contained a card number")) } else { Ok(()) }
}

/// Refuses a parsed body that bears a card number in a value or a key.
///
/// # Errors
/// [`Refusal::RawCardData`] with a pointer to the value, or to the object whose key it is.
pub(crate) fn screen_body(body: &Json) -> Result<(), Problem> {
    let place = body.find(&mut |node| match node {
        Node::Key(text) => contains_card_number(text),
        Node::Value(Json::String(text)) => contains_card_number(text),
        Node::Value(Json::Integer(number)) => contains_card_number(&number.unsigned_abs().to_string()),
        Node::Value(Json::Null | Json::Bool(_) | Json::NotInteger | Json::Array(_) | Json::Object(_)) => false,
    });
    place.map_or(Ok(()), |pointer| Err(found(&pointer.to_string(), "looks like a card number")))
}

/// Refuses a body that could not be parsed, but bears a card number in what was sent.
///
/// # Errors
/// [`Refusal::RawCardData`] without a place.
pub(crate) fn screen_unparsed(body: &[u8]) -> Result<(), Problem> {
    let text = String::from_utf8_lossy(body);
    if contains_card_number(&text) || contains_card_number(&percent_decoded(&text)) {
        return Err(found("", "the body looks as if it contained a card number"));
    }
    Ok(())
}

/// Whether a text bears a card number.
#[must_use]
pub fn contains_card_number(text: &str) -> bool {
    let mut chain = Chain::default();
    let mut separators: usize = 0;
    let mut after_plus = false;
    for character in text.chars() {
        if let Some(digit) = digits::value_of(character) {
            if separators > 0 || chain.digits.is_empty() {
                chain.begin_group(after_plus);
            }
            chain.digits.push(digit);
            separators = 0;
            after_plus = false;
            continue;
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

fn is_screened(name: &HeaderName) -> bool {
    let name = name.as_str();
    !HEADERS_NOT_SCREENED.contains(&name) && !HEADER_PREFIXES_NOT_SCREENED.iter().any(|prefix| name.starts_with(prefix))
}

fn either_is_a_card_number(name: &str, value: &str) -> bool {
    contains_card_number(name) || contains_card_number(value)
}

fn found(pointer: &str, detail: &'static str) -> Problem {
    Problem::new(Refusal::RawCardData)
        .with_errors(vec![FieldError { pointer: pointer.to_owned(), detail: Cow::Borrowed(detail) }])
}

/// `%34%32` and `+` as browsers write them. Escapes that are none stay as they are.
fn percent_decoded(text: &str) -> String {
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
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Groups of digits with nothing but separators between them.
#[derive(Default)]
struct Chain {
    digits: Vec<u8>,
    groups: Vec<Group>,
}

struct Group {
    start: usize,
    after_plus: bool,
}

impl Chain {
    fn begin_group(&mut self, after_plus: bool) {
        self.groups.push(Group { start: self.digits.len(), after_plus });
    }

    /// Tries every row of neighbouring whole groups. Each start is followed by at most 19 ends, so this is linear.
    fn holds_a_card_number(&self) -> bool {
        self.groups.iter().enumerate().any(|(index, first)| {
            let later = self.groups.get(index.saturating_add(1)..).unwrap_or_default();
            let ends = later.iter().map(|group| group.start).chain([self.digits.len()]);
            ends.take_while(|end| end.saturating_sub(first.start) <= DIGITS_MAX)
                .filter_map(|end| self.digits.get(first.start..end))
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
mod tests;
