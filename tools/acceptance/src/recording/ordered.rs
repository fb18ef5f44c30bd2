//! JSON for people: in the order in which AWS writes it, which a file that is there already shows.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

/// The value as text, each object's keys as the first of the models has them that has such a key; others come last.
#[must_use]
pub fn printed(value: &Value, models: &[&str]) -> String {
    let mut text = String::new();
    print(value, models, 0, &mut text);
    text.push('\n');
    text
}

fn print(value: &Value, models: &[&str], depth: usize, text: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let models: Vec<BTreeMap<String, &RawValue>> =
                models.iter().filter_map(|model| serde_json::from_str(model).ok()).collect();
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_by_key(|name| {
                let place = models.iter().enumerate().find_map(|(number, model)| Some((number, model.get(*name)?)));
                // Both stand in one text, so the one that stands further on has the higher address.
                place.map_or((usize::MAX, 0), |(number, raw)| (number, raw.get().as_ptr().addr()))
            });
            let items = names.into_iter().map(|name| {
                let models = models.iter().filter_map(|model| model.get(name).map(|raw| raw.get())).collect();
                (Some(name.as_str()), &fields[name], models)
            });
            print_all(items.collect(), ['{', '}'], depth, text);
        }
        Value::Array(items) if !items.is_empty() => {
            let models: Vec<Vec<&RawValue>> =
                models.iter().filter_map(|model| serde_json::from_str(model).ok()).collect();
            let items = items.iter().enumerate().map(|(number, item)| {
                // A record more has the order of the first.
                let like = models.iter().filter_map(|model| model.get(number).or_else(|| model.first()));
                (None, item, like.map(|raw| raw.get()).collect())
            });
            print_all(items.collect(), ['[', ']'], depth, text);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            text.push_str(&value.to_string());
        }
    }
}

fn print_all(items: Vec<(Option<&str>, &Value, Vec<&str>)>, [open, close]: [char; 2], depth: usize, text: &mut String) {
    text.push(open);
    let deeper = depth.saturating_add(1);
    for (number, (name, item, models)) in items.into_iter().enumerate() {
        text.push_str(if number == 0 { "\n" } else { ",\n" });
        text.push_str(&"  ".repeat(deeper));
        if let Some(name) = name {
            text.push_str(&format!("{}: ", Value::from(name)));
        }
        print(item, &models, deeper, text);
    }
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
    text.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_again_has_the_order_of_what_was_there_and_of_its_like() {
        let value = json!({"a": [{"y": 1, "x": {}}, {"x": [], "y": "\""}], "b": null, "new": true, "z": 1});
        let own = r#"{"z": 0, "a": [{"y": 0, "x": 0}]}"#;
        let like = r#"{"b": 0, "a": 0}"#;
        let wanted = "{\n  \"z\": 1,\n  \"a\": [\n    {\n      \"y\": 1,\n      \"x\": {}\n    },\n    {\n      \"y\": \"\\\"\",\n      \
                      \"x\": []\n    }\n  ],\n  \"b\": null,\n  \"new\": true\n}\n";
        assert_eq!(printed(&value, &[own, like]), wanted);
    }

    #[test]
    fn a_file_that_did_not_change_is_written_as_it_was() {
        for name in crate::repository::names("events").iter().filter(|name| name.ends_with(".json")) {
            let text = crate::repository::read(&format!("events/{name}"));
            let value: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(printed(&value, &[&text]), text, "events/{name}");
        }
    }
}
