//! What is tried in the place of a value: the last that a schema may allow, the first that it may forbid, and what is of another kind.
//! Which of them it allows, nobody says here: the schema is asked.

use domain::id::IdempotencyKey;
use serde_json::{Map, Value, json};

use super::WEB_URL;

/// What nobody calls a field, a word or a parameter.
pub(super) const NOBODYS: &str = "nobodys";
/// A control character, which no pattern of ours allows.
const BELL: &str = "\u{7}";
/// Two lines, which only a letter has.
const LINES: &str = "one\ntwo";
/// Characters that are two, three and four bytes long, and none of them a control character.
const WIDE: &str = "ü\u{a0}\u{2028}🙂";
/// An address that can be made longer.
const ADDRESS: &str = "https://shop.example/";
/// Addresses of machines, and what only looks like one.
const MACHINES: [&str; 7] =
    ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "192.0.2.256", "2001:db8::g", "192.0.2.1:80", "192.0.2"];
/// Days, and one that there is not.
const DAYS: [&str; 3] = ["2028-02-29", "2026-02-30", "29.2.2028"];
/// What is no moment.
const NO_MOMENTS: [&str; 3] = ["2026-11-02", "2026-11-02T09:00:00", "2026-02-30T09:00:00Z"];

/// What is tried in the place of a value that this schema describes; `sample` is what stands there in an example.
pub(super) fn of(schema: &Value, sample: Option<&Value>) -> Vec<Value> {
    let mut values = vec![Value::Null, json!(true), json!([]), json!(NOBODYS)];
    values.extend(sample.cloned());
    values.extend(schema["enum"].as_array().into_iter().flatten().cloned());
    values.extend(beside(&schema["minimum"], -1));
    values.extend(beside(&schema["maximum"], 1));
    values.extend(texts(schema, sample.and_then(Value::as_str)).map(Value::from));
    values.extend(lists(schema));
    values.extend(maps(schema));
    let mut tried: Vec<Value> = Vec::new();
    for value in values {
        if !tried.contains(&value) {
            tried.push(value);
        }
    }
    tried
}

/// Whether a schema allows texts of which it does not say more than what they are made of, as a cursor: whoever makes one up has none.
pub(super) fn is_made_by_us(schema: &Value) -> bool {
    schema["pattern"].is_string() && schema["maxLength"].is_null()
}

/// What is tried as the header `Idempotency-Key`. Only what HTTP lets through.
pub(super) fn keys() -> Vec<String> {
    let most = IdempotencyKey::MAX_LENGTH;
    let longer = most.saturating_add(1);
    let quoted = |text: &str| format!("\"{text}\"");
    vec![
        "a".repeat(most),
        "a".repeat(longer),
        quoted(&"a".repeat(most)),
        quoted(&"a".repeat(longer)),
        quoted(&r#"\""#.repeat(most)),
        quoted(&r"\\".repeat(longer)),
        quoted(r#"a\"b\\c"#),
        r#"a"b\c"#.to_owned(),
        quoted(r#"a"b"#),
        quoted(r"a\b"),
        quoted(r"a\"),
        "\"open".to_owned(),
        quoted(""),
        String::new(),
        "two words".to_owned(),
        quoted("two words"),
    ]
}

/// A bound, and what is beyond it.
fn beside(bound: &Value, step: i128) -> Vec<Value> {
    let Some(bound) = bound.as_i64() else { return Vec::new() };
    let beyond = i128::from(bound).saturating_add(step);
    let beyond = i64::try_from(beyond).map_or_else(|_| json!(u64::try_from(beyond).ok()), |number| json!(number));
    vec![json!(bound), beyond]
}

fn texts(schema: &Value, sample: Option<&str>) -> impl Iterator<Item = String> {
    let mut texts: Vec<String> = Vec::new();
    let begin = match (sample, schema["pattern"].as_str()) {
        (Some(sample), _) => sample,
        (None, Some(WEB_URL)) => ADDRESS,
        (None, Some(_) | None) => "a",
    };
    if let Some(most) = schema["maxLength"].as_u64().and_then(|most| usize::try_from(most).ok()) {
        texts.extend([padded(begin, most), padded(begin, most.saturating_add(1))]);
    }
    if ["pattern", "minLength", "maxLength"].iter().any(|bound| !schema[*bound].is_null()) {
        texts.extend(["", BELL, LINES, WIDE].map(str::to_owned));
    }
    let formats: Vec<&str> = of_formats(schema);
    if formats.iter().any(|format| format.starts_with("ip")) {
        texts.extend(MACHINES.map(str::to_owned));
    }
    if formats.contains(&"date") {
        texts.extend(DAYS.map(str::to_owned));
    }
    if formats.contains(&"date-time") {
        texts.extend(NO_MOMENTS.map(str::to_owned));
        let same = sample.and_then(|moment| moment.strip_suffix('Z'));
        texts.extend(same.into_iter().flat_map(|moment| [format!("{moment}+00:00"), moment.to_owned()]));
    }
    texts.into_iter()
}

fn of_formats(schema: &Value) -> Vec<&str> {
    let kinds = schema["anyOf"].as_array().into_iter().flatten().chain([schema]);
    kinds.filter_map(|kind| kind["format"].as_str()).collect()
}

fn padded(text: &str, length: usize) -> String {
    text.chars().chain(std::iter::repeat('a')).take(length).collect()
}

fn lists(schema: &Value) -> Vec<Value> {
    let Some(words) = schema["items"]["enum"].as_array() else { return Vec::new() };
    let mut lists = vec![json!(words), json!([NOBODYS]), json!([null]), json!([true])];
    let most = schema["maxItems"].as_u64().and_then(|most| usize::try_from(most).ok());
    if let (Some(first), Some(most)) = (words.first(), most) {
        lists.extend([most, most.saturating_add(1)].map(|length| json!(vec![first; length])));
    }
    lists
}

/// Objects whose names are the client's own.
fn maps(schema: &Value) -> Vec<Value> {
    let (names, values) = (&schema["propertyNames"], &schema["additionalProperties"]);
    if !values.is_object() {
        return Vec::new();
    }
    let mut maps = vec![json!({})];
    let forbidden = names["not"]["const"].as_str().map(str::to_owned);
    maps.extend(texts(names, None).chain(forbidden).map(|name| json!({name: "a"})));
    maps.extend(of(values, None).into_iter().map(|value| json!({NOBODYS: value})));
    if let Some(most) = schema["maxProperties"].as_u64() {
        let of_so_many =
            |most: u64| Value::Object((0..most).map(|n| (format!("k{n}"), json!("a"))).collect::<Map<_, _>>());
        maps.extend([most, most.saturating_add(1)].map(of_so_many));
    }
    maps
}
