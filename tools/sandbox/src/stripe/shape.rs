//! Which parameters a route takes, as data, and the check that a request has no others.
//!
//! Stripe refuses what it does not know; so must a stand-in, or a misspelt or withdrawn parameter would work here and
//! fail with real money. `payment_method_types` is the example that matters: version 2026-09-30 withdrew it.

use super::{error::StripeError, form::Tree};

/// Stripe's limits on metadata.
const MAX_METADATA_KEYS: usize = 50;
const MAX_METADATA_KEY_CHARACTERS: usize = 40;
const MAX_METADATA_VALUE_CHARACTERS: usize = 500;
/// The card networks' limit.
const MAX_DESCRIPTOR_CHARACTERS: usize = 22;
/// Stripe's limit on free text.
const MAX_TEXT_CHARACTERS: usize = 5_000;
/// Its limit on a text in evidence.
const MAX_LONG_TEXT_CHARACTERS: usize = 20_000;

/// The parameters of a route or of a hash inside one.
pub(crate) type Fields = &'static [(&'static str, Shape)];

/// What a parameter may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    Text,
    /// Free text of the length that evidence has.
    LongText,
    Email,
    /// What the payer reads on their statement.
    Descriptor,
    Integer,
    Flag,
    OneOf(&'static [&'static str]),
    Texts,
    Metadata,
    Hash(Fields),
    /// Stripe takes it; the sandbox says that it does not.
    NotSimulated,
}

/// Refuses the first parameter that the route does not take, or that is not of its shape.
pub(crate) fn check(tree: &Tree, fields: Fields) -> Result<(), StripeError> {
    check_within(tree, fields, "")
}

fn check_within(tree: &Tree, fields: Fields, prefix: &str) -> Result<(), StripeError> {
    let Tree::Branch(children) = tree else {
        return Err(StripeError::invalid(format!("Invalid object: {prefix}")).param(prefix));
    };
    for (name, child) in children {
        let full = if prefix.is_empty() { name.clone() } else { format!("{prefix}[{name}]") };
        match fields.iter().find(|(known, _)| known == name) {
            Some((_, shape)) => check_one(child, *shape, &full)?,
            None => return Err(StripeError::unknown_parameter(&full)),
        }
    }
    Ok(())
}

fn check_one(tree: &Tree, shape: Shape, name: &str) -> Result<(), StripeError> {
    match (shape, tree) {
        (Shape::NotSimulated, _) => Err(StripeError::not_simulated(name)),
        (Shape::Hash(fields), _) => check_within(tree, fields, name),
        (Shape::Metadata, _) => check_metadata(tree, name),
        (Shape::Texts, Tree::Branch(children)) => {
            match children.iter().find(|(index, _)| index.parse::<usize>().is_err()) {
                Some((index, _)) => Err(StripeError::unknown_parameter(&format!("{name}[{index}]"))),
                None => children.values().try_for_each(|child| check_one(child, Shape::Text, name)),
            }
        }
        (Shape::Texts, Tree::Text(_)) => Err(StripeError::invalid("Invalid array").param(name)),
        (
            Shape::Text
            | Shape::LongText
            | Shape::Email
            | Shape::Descriptor
            | Shape::Integer
            | Shape::Flag
            | Shape::OneOf(_),
            Tree::Branch(_),
        ) => Err(StripeError::invalid(format!("Invalid string: {name}")).param(name)),
        (Shape::Email, Tree::Text(text)) if !is_email(text) => {
            Err(StripeError::invalid(format!("Invalid email address: {text}")).code("email_invalid").param(name))
        }
        (Shape::Descriptor, Tree::Text(text)) if !is_descriptor(text) => {
            let message =
                "The statement descriptor must be at most 22 characters, with a letter and without < > \\ ' \" *.";
            Err(StripeError::invalid(message).param(name))
        }
        (Shape::Text, Tree::Text(text)) if text.chars().count() > MAX_TEXT_CHARACTERS => {
            Err(StripeError::invalid(format!("Invalid string: {name} is too long")).param(name))
        }
        (Shape::LongText, Tree::Text(text)) if text.chars().count() > MAX_LONG_TEXT_CHARACTERS => {
            Err(StripeError::invalid(format!("Invalid string: {name} is too long")).param(name))
        }
        (Shape::Integer, Tree::Text(text)) if text.parse::<i64>().is_err() => {
            Err(StripeError::invalid(format!("Invalid integer: {text}")).code("parameter_invalid_integer").param(name))
        }
        (Shape::Flag, Tree::Text(text)) if text != "true" && text != "false" => {
            Err(StripeError::invalid(format!("Invalid boolean: {text}")).param(name))
        }
        (Shape::OneOf(known), Tree::Text(text)) if !known.contains(&text.as_str()) => {
            let message = format!("Invalid {name}: must be one of {}", known.join(", "));
            Err(StripeError::invalid(message).param(name))
        }
        (
            Shape::Text
            | Shape::LongText
            | Shape::Email
            | Shape::Descriptor
            | Shape::Integer
            | Shape::Flag
            | Shape::OneOf(_),
            Tree::Text(_),
        ) => Ok(()),
    }
}

fn is_email(text: &str) -> bool {
    let (name, domain) = text.split_once('@').unwrap_or_default();
    text.is_empty()
        || !(name.is_empty() || domain.is_empty() || domain.contains('@') || text.contains(char::is_whitespace))
}

fn is_descriptor(text: &str) -> bool {
    let fits = text.chars().count() <= MAX_DESCRIPTOR_CHARACTERS && text.chars().any(char::is_alphabetic);
    text.is_empty() || fits && !text.contains(['<', '>', '\\', '\'', '"', '*'])
}

fn check_metadata(tree: &Tree, name: &str) -> Result<(), StripeError> {
    let children = match tree {
        // `metadata=` clears it at Stripe.
        Tree::Text(text) if text.is_empty() => return Err(StripeError::not_simulated(name)),
        Tree::Text(_) => return Err(StripeError::invalid("Invalid hash").param(name)),
        Tree::Branch(children) => children,
    };
    if children.len() > MAX_METADATA_KEYS {
        return Err(StripeError::invalid(format!("Metadata can have up to {MAX_METADATA_KEYS} keys.")).param(name));
    }
    for (key, value) in children {
        let full = format!("{name}[{key}]");
        let Tree::Text(text) = value else {
            return Err(StripeError::invalid("Metadata values must be strings.").param(&full));
        };
        if key.chars().count() > MAX_METADATA_KEY_CHARACTERS {
            let message = format!("Metadata keys can have up to {MAX_METADATA_KEY_CHARACTERS} characters.");
            return Err(StripeError::invalid(message).param(&full));
        }
        if text.chars().count() > MAX_METADATA_VALUE_CHARACTERS {
            let message = format!("Metadata values can have up to {MAX_METADATA_VALUE_CHARACTERS} characters.");
            return Err(StripeError::invalid(message).param(&full));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stripe::form::Form;

    const FIELDS: Fields = &[
        ("amount", Shape::Integer),
        ("confirm", Shape::Flag),
        ("expand", Shape::Texts),
        ("metadata", Shape::Metadata),
        ("capture_method", Shape::OneOf(&["automatic", "manual"])),
        ("nested", Shape::Hash(&[("enabled", Shape::Flag)])),
        ("transfer_data", Shape::NotSimulated),
        ("receipt_email", Shape::Email),
        ("statement_descriptor_suffix", Shape::Descriptor),
    ];

    fn refusal(encoded: &str) -> serde_json::Value {
        let form = Form::decode(encoded.as_bytes()).unwrap();
        check(&form.tree, FIELDS)
            .map(|()| serde_json::Value::Null)
            .unwrap_or_else(|error| error.body()["error"].clone())
    }

    #[test]
    fn what_the_route_takes_passes() {
        let encoded = "amount=5&confirm=true&expand[]=a&metadata[k]=v&capture_method=manual&nested[enabled]=false";
        assert!(refusal(encoded).is_null());
    }

    #[test]
    fn an_unknown_parameter_is_named_with_its_brackets() {
        assert_eq!(refusal("amuont=5")["code"], "parameter_unknown");
        assert_eq!(refusal("nested[enabeld]=true")["param"], "nested[enabeld]");
    }

    #[test]
    fn a_wrong_type_is_refused() {
        assert_eq!(refusal("amount=10.5")["code"], "parameter_invalid_integer");
        assert_eq!(refusal("amount=99999999999999999999")["code"], "parameter_invalid_integer");
        assert_eq!(refusal("confirm=yes")["param"], "confirm");
        assert_eq!(refusal("expand=latest_charge")["param"], "expand");
        assert_eq!(refusal("capture_method=later")["param"], "capture_method");
        assert_eq!(refusal("metadata[k][deep]=v")["param"], "metadata[k]");
        assert_eq!(refusal("amount[x]=1")["param"], "amount");
        assert_eq!(refusal("receipt_email=jo")["code"], "email_invalid");
        assert!(refusal("receipt_email=jo@example.com").is_null());
        assert_eq!(refusal("statement_descriptor_suffix=12345")["param"], "statement_descriptor_suffix");
        assert_eq!(refusal("statement_descriptor_suffix=a*b")["param"], "statement_descriptor_suffix");
        assert_eq!(
            refusal(&format!("statement_descriptor_suffix={}", "a".repeat(23)))["param"],
            "statement_descriptor_suffix"
        );
        assert!(refusal("statement_descriptor_suffix=TICKETS 7").is_null());
    }

    #[test]
    fn what_is_not_simulated_is_said_aloud() {
        assert!(
            refusal("transfer_data[destination]=acct_1")["message"].as_str().unwrap().contains("does not simulate")
        );
    }
}
