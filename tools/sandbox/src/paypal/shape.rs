//! What the body of a request may hold, as data, and the check that it holds nothing else.
//!
//! A field that PayPal takes and the sandbox does not honour is `NotSimulated`: using it is an error that says so. A field
//! that is not listed is refused too (PayPal would ignore most of them), or a misspelt one would work here and do nothing
//! with real money.

use serde_json::Value;

use super::error::PaypalError;

/// The fields of an object.
pub(super) type Fields = &'static [(&'static str, Need, Shape)];

/// Whether a field may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Must,
    May,
}

/// What a field may be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// At least one character and at most so many.
    Text(usize),
    /// The same, of the characters that PayPal shows again in it.
    Plain(usize),
    OneOf(&'static [&'static str]),
    Flag,
    Url,
    /// An amount; its value is read by `money`.
    Amount,
    Object(Fields),
    /// A list of one to so many.
    List(usize, Fields),
    /// Taken as it is, and of no consequence.
    Anything,
    NotSimulated,
}

const AMOUNT: Fields = &[("currency_code", Need::Must, Shape::Text(3)), ("value", Need::Must, Shape::Text(32))];

/// Refuses the first field that may not be there, is missing, or is not of its shape.
pub(super) fn check(body: &Value, fields: Fields) -> Result<(), PaypalError> {
    check_object(body, fields, "")
}

fn check_object(value: &Value, fields: Fields, pointer: &str) -> Result<(), PaypalError> {
    let Value::Object(found) = value else { return Err(syntax(pointer, value)) };
    if let Some((name, _)) = found.iter().find(|(name, _)| !fields.iter().any(|(known, _, _)| known == name)) {
        return Err(PaypalError::unknown_field(&format!("{pointer}/{name}")));
    }
    for (name, need, shape) in fields {
        let inner = format!("{pointer}/{name}");
        match found.get(*name) {
            Some(value) => check_one(value, *shape, &inner)?,
            None if *need == Need::Must => {
                return Err(PaypalError::issue("MISSING_REQUIRED_PARAMETER").field(&inner, ""));
            }
            None => {}
        }
    }
    Ok(())
}

fn check_one(value: &Value, shape: Shape, pointer: &str) -> Result<(), PaypalError> {
    let text = value.as_str();
    match shape {
        Shape::NotSimulated => Err(PaypalError::not_simulated(pointer)),
        Shape::Anything => Ok(()),
        Shape::Object(fields) => check_object(value, fields, pointer),
        Shape::Amount => check_object(value, AMOUNT, pointer),
        Shape::List(most, fields) => check_list(value, most, fields, pointer),
        Shape::Flag if value.is_boolean() => Ok(()),
        Shape::Text(most) => match text {
            Some(text) if !(1..=most).contains(&text.chars().count()) => {
                Err(PaypalError::issue("INVALID_STRING_LENGTH").field(pointer, text))
            }
            Some(_) => Ok(()),
            None => Err(syntax(pointer, value)),
        },
        Shape::Plain(most) if text.is_some_and(is_plain) => check_one(value, Shape::Text(most), pointer),
        Shape::Plain(_) => Err(syntax(pointer, value)),
        Shape::OneOf(known) if text.is_some_and(|text| known.contains(&text)) => Ok(()),
        Shape::Url if text.is_some_and(is_url) => Ok(()),
        Shape::OneOf(_) => Err(PaypalError::issue("INVALID_PARAMETER_VALUE").field(pointer, text.unwrap_or_default())),
        Shape::Flag | Shape::Url => Err(syntax(pointer, value)),
    }
}

fn check_list(value: &Value, most: usize, fields: Fields, pointer: &str) -> Result<(), PaypalError> {
    let Value::Array(items) = value else { return Err(syntax(pointer, value)) };
    if items.is_empty() {
        return Err(PaypalError::issue("INVALID_ARRAY_MIN_ITEMS").field(pointer, ""));
    }
    if items.len() > most {
        return Err(PaypalError::issue("INVALID_ARRAY_MAX_ITEMS").field(pointer, ""));
    }
    let mut numbered = items.iter().enumerate();
    numbered.try_for_each(|(index, item)| check_object(item, fields, &format!("{pointer}/{index}")))
}

fn syntax(pointer: &str, value: &Value) -> PaypalError {
    PaypalError::issue("INVALID_PARAMETER_SYNTAX").field(pointer, &value.to_string())
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.,".contains(c))
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use Need::{May, Must};

    const FIELDS: Fields = &[
        ("intent", Must, Shape::OneOf(&["CAPTURE", "AUTHORIZE"])),
        ("note", May, Shape::Text(5)),
        ("mark", May, Shape::Plain(5)),
        ("final", May, Shape::Flag),
        ("url", May, Shape::Url),
        ("amount", May, Shape::Amount),
        ("units", May, Shape::List(2, &[("id", Must, Shape::Text(9))])),
        ("card", May, Shape::Object(&[("number", May, Shape::Text(4))])),
        ("fees", May, Shape::NotSimulated),
    ];

    fn refused(body: Value) -> (Value, Value) {
        let error = check(&body, FIELDS).unwrap_err().body("");
        (error["details"][0]["issue"].clone(), error["details"][0]["field"].clone())
    }

    #[test]
    fn what_the_route_takes_passes() {
        let amount = json!({"currency_code": "EUR", "value": "1"});
        let body = json!({"intent": "CAPTURE", "note": "five!", "mark": "a.B_1", "final": true, "url": "https://a.example/b?c=d",
            "amount": amount, "units": [{"id": "1"}, {"id": "2"}], "card": {"number": "4"}});
        assert_eq!(check(&body, FIELDS), Ok(()));
    }

    #[test]
    fn what_it_does_not_take_is_refused_with_the_place_and_the_issue() {
        for (body, issue, field) in [
            (json!({}), "MISSING_REQUIRED_PARAMETER", "/intent"),
            (json!({"intent": "GIVE"}), "INVALID_PARAMETER_VALUE", "/intent"),
            (json!({"intent": "CAPTURE", "note": "sixsix"}), "INVALID_STRING_LENGTH", "/note"),
            (json!({"intent": "CAPTURE", "note": ""}), "INVALID_STRING_LENGTH", "/note"),
            (json!({"intent": "CAPTURE", "note": 5}), "INVALID_PARAMETER_SYNTAX", "/note"),
            (json!({"intent": "CAPTURE", "mark": "a:b"}), "INVALID_PARAMETER_SYNTAX", "/mark"),
            (json!({"intent": "CAPTURE", "mark": "sixsix"}), "INVALID_STRING_LENGTH", "/mark"),
            (json!({"intent": "CAPTURE", "final": "true"}), "INVALID_PARAMETER_SYNTAX", "/final"),
            (json!({"intent": "CAPTURE", "url": "ftp://x"}), "INVALID_PARAMETER_SYNTAX", "/url"),
            (
                json!({"intent": "CAPTURE", "amount": {"value": "1"}}),
                "MISSING_REQUIRED_PARAMETER",
                "/amount/currency_code",
            ),
            (json!({"intent": "CAPTURE", "units": []}), "INVALID_ARRAY_MIN_ITEMS", "/units"),
            (json!({"intent": "CAPTURE", "units": [{"id": "1"}, {}]}), "MISSING_REQUIRED_PARAMETER", "/units/1/id"),
            (json!({"intent": "CAPTURE", "fees": 1}), "NOT_SUPPORTED", "/fees"),
            (json!({"intent": "CAPTURE", "colour": 1}), "INVALID_PARAMETER_SYNTAX", "/colour"),
        ] {
            assert_eq!(refused(body.clone()), (json!(issue), json!(field)), "{body}");
        }
    }

    #[test]
    fn nothing_of_a_card_is_echoed() {
        let body = json!({"intent": "CAPTURE", "card": {"number": "4012888888881881"}});
        assert!(!check(&body, FIELDS).unwrap_err().body("").to_string().contains("4012"));
    }
}
