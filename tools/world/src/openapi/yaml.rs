//! JSON as YAML that people read: keywords in the order in which one explains an API, long sentences folded, short lists on one line.

use serde_json::{Map, Value};

/// What comes first where several of these stand together; whatever else there is follows by its name.
const ORDER: [&str; 42] = [
    "openapi",
    "info",
    "title",
    "version",
    "servers",
    "url",
    "name",
    "in",
    "operationId",
    "type",
    "scheme",
    "bearerFormat",
    "format",
    "const",
    "enum",
    "x-extensible-enum",
    "pattern",
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "summary",
    "description",
    "tags",
    "security",
    "required",
    "schema",
    "style",
    "example",
    "parameters",
    "requestBody",
    "responses",
    "headers",
    "content",
    "properties",
    "additionalProperties",
    "examples",
    "links",
    "value",
];

/// Below these keywords names are ours.
const OF_FIELDS: [&str; 9] =
    ["properties", "responses", "headers", "schemas", "examples", "links", "securitySchemes", "content", "variables"];
/// Below these, everything is.
const OF_DATA: [&str; 3] = ["value", "example", "default"];

/// A longer line is folded.
const WIDTH: usize = 120;
/// A list that is no longer stands on one line.
const LIST_WIDTH: usize = 90;
/// What YAML would take for something else than a text.
const WORDS: [&str; 10] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"];

/// What the names of an object mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Those of OpenAPI.
    Keywords,
    /// Ours, here; keywords below.
    Fields,
    /// Ours, and all below them: an example.
    Data,
}

/// The entries of an object, each beginning on a line of its own, so many steps in.
pub(super) fn entries(object: &Map<String, Value>, steps: usize) -> String {
    let mut text = String::new();
    write(&mut text, object, steps.saturating_mul(2), Names::Fields);
    text
}

/// The same, of an object whose names are OpenAPI's own.
pub(super) fn keywords(object: &Map<String, Value>, steps: usize) -> String {
    let mut text = String::new();
    write(&mut text, object, steps.saturating_mul(2), Names::Keywords);
    text
}

fn write(text: &mut String, object: &Map<String, Value>, indent: usize, names: Names) {
    let mut entries: Vec<(&String, &Value)> = object.iter().collect();
    if names == Names::Keywords {
        let rank = |name: &str| ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len());
        entries.sort_by_key(|(name, _)| (rank(name), (*name).clone()));
    }
    for (name, value) in entries {
        text.push_str(&" ".repeat(indent));
        text.push_str(&scalar_text(name));
        text.push(':');
        under(text, value, indent, below(names, name));
    }
}

/// What the names below this one mean.
fn below(names: Names, name: &str) -> Names {
    match names {
        Names::Data => Names::Data,
        Names::Keywords if OF_DATA.contains(&name) => Names::Data,
        Names::Keywords if OF_FIELDS.contains(&name) => Names::Fields,
        Names::Keywords | Names::Fields => Names::Keywords,
    }
}

/// What stands after a name and its colon, to the end of the last line.
fn under(text: &mut String, value: &Value, indent: usize, names: Names) {
    let deeper = indent.saturating_add(2);
    match value {
        Value::Object(object) if !object.is_empty() => {
            text.push('\n');
            write(text, object, deeper, names);
        }
        Value::Array(items) if !items.is_empty() => match on_one_line(items) {
            Some(line) => {
                text.push(' ');
                text.push_str(&line);
                text.push('\n');
            }
            None => {
                text.push('\n');
                items.iter().for_each(|item| element(text, item, deeper, names));
            }
        },
        Value::String(words) if words.contains('\n') => {
            text.push_str(" |-\n");
            for line in words.lines() {
                text.push_str(&format!("{}{line}\n", " ".repeat(if line.is_empty() { 0 } else { deeper })));
            }
        }
        Value::String(words) if may_be_folded(words, indent) => {
            text.push_str(" >-\n");
            fold(text, words, deeper);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            text.push(' ');
            text.push_str(&of_scalar(value));
            text.push('\n');
        }
    }
}

fn element(text: &mut String, item: &Value, indent: usize, names: Names) {
    let mut inner = String::new();
    match item {
        Value::Object(object) if !object.is_empty() => write(&mut inner, object, indent.saturating_add(2), names),
        Value::Array(_) | Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            inner = format!("{}{}\n", " ".repeat(indent.saturating_add(2)), of_scalar(item));
        }
    }
    text.push_str(&" ".repeat(indent));
    text.push_str("- ");
    text.push_str(inner.trim_start());
}

fn on_one_line(items: &[Value]) -> Option<String> {
    let is_scalar = |item: &Value| !matches!(item, Value::Object(_) | Value::Array(_));
    let line = format!("[{}]", items.iter().map(of_scalar).collect::<Vec<_>>().join(", "));
    (items.iter().all(is_scalar) && line.len() <= LIST_WIDTH).then_some(line)
}

fn of_scalar(value: &Value) -> String {
    match value {
        Value::String(text) => scalar_text(text),
        // JSON is YAML.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// A text as it is, where YAML reads it as that; or as JSON writes it.
fn scalar_text(text: &str) -> String {
    let begins_as_text =
        text.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '/' | '_' | '$'));
    let harmless = |character: char| character.is_ascii_alphanumeric() || " _./$-".contains(character);
    let braces = text.starts_with('/') && text.chars().all(|character| harmless(character) || "{}".contains(character));
    let is_word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    if begins_as_text && !text.ends_with(' ') && !is_word && (braces || text.chars().all(harmless)) {
        return text.to_owned();
    }
    Value::from(text).to_string()
}

fn may_be_folded(text: &str, indent: usize) -> bool {
    let is_plain = !text.starts_with(' ') && !text.ends_with(' ') && !text.contains("  ") && text.contains(' ');
    is_plain && text.len().saturating_add(indent) > WIDTH && !text.chars().any(char::is_control)
}

fn fold(text: &mut String, words: &str, indent: usize) {
    let mut line = " ".repeat(indent);
    for word in words.split(' ') {
        if line.len() > indent && line.chars().count().saturating_add(word.chars().count()) >= WIDTH {
            text.push_str(line.trim_end());
            text.push('\n');
            line = " ".repeat(indent);
        }
        line.push_str(word);
        line.push(' ');
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_yaml_would_misread_is_quoted() {
        for (text, written) in [
            ("a word", "a word"),
            ("/events/{eventId}", "/events/{eventId}"),
            ("200", "\"200\""),
            ("no", "\"no\""),
            ("Null", "\"Null\""),
            ("", "\"\""),
            ("a: b", "\"a: b\""),
            ("{x}", "\"{x}\""),
            ("#/components", "\"#/components\""),
            ("say \"so\"", "\"say \\\"so\\\"\""),
        ] {
            assert_eq!(scalar_text(text), written);
        }
    }

    #[test]
    fn an_object_is_written_in_the_order_in_which_it_is_read() {
        let value = json!({"description": "d", "type": ["string", "null"], "zz": [{"b": 1, "name": "word"}], "x": {}, "enum": []});
        let Value::Object(object) = value else { return };
        let expected = "type: [string, \"null\"]\nenum: []\ndescription: d\nx: {}\nzz:\n  - name: word\n    b: 1\n";
        assert_eq!(keywords(&object, 0), expected);
    }

    #[test]
    fn a_long_sentence_is_folded_between_its_words() {
        let words = "word ".repeat(60);
        let Value::Object(object) = json!({"description": words.trim_end()}) else { return };
        let text = keywords(&object, 1);
        assert!(text.starts_with("  description: >-\n    word word"), "{text}");
        assert!(text.lines().all(|line| line.len() <= WIDTH));
        let joined: Vec<&str> = text.lines().skip(1).map(str::trim).collect();
        assert_eq!(joined.join(" "), words.trim_end());
    }
}
