//! From the bytes of a body to a request's own type, or to a problem that points at what is wrong.
//!
//! Phases: size; card numbers and secrets (before anything could echo one); content type; JSON; strictness (repeated keys, fractions, depth);
//! the type's own fields.
//!
//! Must never: put a value that was sent into an answer.

use std::borrow::Cow;

use lambda_http::Request;
use lambda_http::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

use super::json::{Fault, Json};
use super::problem::{FieldError, Problem, Refusal};
use super::{fields, screen};

/// Forty times what a request with all its metadata needs.
pub const BODY_MAX_BYTES: usize = 64 * 1024;

/// Reads the body of a request, having looked through all of the request for card numbers and secrets.
///
/// # Errors
/// 413, 415, 422 `raw_card_data` or `secret_in_request`, or 400 with pointers to what is wrong.
pub fn parse<T: DeserializeOwned>(request: &Request) -> Result<T, Problem> {
    let bytes: &[u8] = request.body();
    if bytes.len() > BODY_MAX_BYTES {
        return Err(Problem::new(Refusal::BodyTooLarge)
            .with_detail(format!("The body may have at most {BODY_MAX_BYTES} bytes")));
    }
    screen::head(request)?;
    let tree = Json::parse(bytes);
    let faults = tree.as_ref().map(Json::faults);
    match &tree {
        Ok(tree) => screen::body(tree)?,
        Err(_) => screen::unparsed(bytes)?,
    }
    if !is_json(request) {
        return Err(Problem::new(Refusal::UnsupportedMediaType));
    }
    let (Ok(tree), Ok(faults)) = (&tree, faults) else { return Err(not_json(bytes)) };
    if !faults.is_empty() {
        // A fraction's digits are not kept in the tree, but they may be those of a card.
        screen::unparsed(bytes)?;
        return Err(invalid(faults));
    }
    fields::read(tree).map_err(|fault| invalid(vec![fault]))
}

/// Refuses a card number or a secret anywhere, and a body that is too large to be looked through: the counterpart of [`parse`] for routes without a body.
///
/// # Errors
/// 422 `raw_card_data` or `secret_in_request`, or 413.
pub fn screen(request: &Request) -> Result<(), Problem> {
    if request.body().len() > BODY_MAX_BYTES {
        return Err(Problem::new(Refusal::BodyTooLarge));
    }
    screen::head(request)?;
    screen::unparsed(request.body())
}

fn is_json(request: &Request) -> bool {
    let mut values = request.headers().get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Ok(text) = value.to_str() else { return false };
    let mut parts = text.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    // The only parameter that says anything about JSON is a charset, and the only charset of JSON is UTF-8 (RFC 8259).
    media_type.eq_ignore_ascii_case("application/json")
        && parts.filter(|part| !part.is_empty()).all(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            name.trim().eq_ignore_ascii_case("charset") && value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
}

fn not_json(bytes: &[u8]) -> Problem {
    let detail = if bytes.is_empty() {
        "is missing"
    } else if std::str::from_utf8(bytes).is_err() {
        "is not UTF-8"
    } else {
        "is not JSON"
    };
    Problem::invalid_field("", detail)
}

fn invalid(faults: Vec<Fault>) -> Problem {
    let errors = faults
        .into_iter()
        .map(|fault| FieldError { pointer: fault.pointer.to_string(), detail: Cow::Owned(fault.detail) });
    Problem::new(Refusal::InvalidRequest).with_errors(errors.collect())
}

#[cfg(test)]
mod tests;
