//! Whether a schema tells the truth: a request of an example is changed in one place at a time, to the last thing that the schema allows,
//! which must not be refused as no request, and to the first that it forbids, which must be.

use adapters::http::serve::Endpoint;
use serde_json::{Map, Value, json};

use super::operation::Operation;
use super::{PLAIN_TEXT, WEB_URL, ask, events, sent};
use crate::host::SimHost;

/// What nobody calls a field, a word or a parameter.
const NOBODYS: &str = "nobodys";
/// A control character, which no pattern of ours allows.
const BELL: &str = "\u{7}";
/// An address that can be made longer.
const ADDRESS: &str = "https://shop.example/";

/// Whether a request may be so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Law {
    Allowed,
    Forbidden,
}

/// One change of a request.
#[derive(Debug, Clone, PartialEq)]
struct Probe {
    /// The object that is changed, as a JSON pointer.
    within: String,
    field: String,
    /// What stands there then; none if the field is left out.
    value: Option<Value>,
    law: Law,
}

/// Tries the schema of a body, and counts what was tried.
///
/// # Panics
/// If it does not tell the truth.
pub(super) fn of_body<E: Endpoint>(
    operation: &Operation,
    schemas: &Map<String, Value>,
    fresh: &impl Fn() -> (E, SimHost),
) -> u64 {
    let Some(schema) = operation.schema_of_request() else { return 0 };
    let samples: Vec<Value> = operation.requests().filter_map(sample).collect();
    let mut probes: Vec<Probe> = Vec::new();
    for sample in &samples {
        let mut of_sample = Vec::new();
        collect(resolved(&schema, schemas), schemas, &sent(sample).unwrap_or_default(), "", &mut of_sample);
        of_sample.retain(|probe| !probes.contains(probe));
        probes.append(&mut of_sample);
    }
    for probe in &probes {
        let mut answers = samples.iter().filter_map(|sample| {
            let (endpoint, host) = fresh();
            Some(ask(&endpoint, &host, &request(&changed(sample, probe)?)))
        });
        check(probe, operation.path().as_str(), &mut answers);
    }
    count(&probes)
}

/// Tries the parameters of a query, and counts what was tried.
///
/// # Panics
/// If one is not what it is said to be.
pub(super) fn of_query<E: Endpoint>(operation: &Operation, fresh: &impl Fn() -> (E, SimHost)) -> u64 {
    let mut probes = Vec::new();
    for (name, schema) in operation.of_query() {
        of_field(name, schema, None, "", &mut probes);
        if schema["format"] == "date" {
            probes.push(Probe::new("", name, json!("2026-02-30"), Law::Forbidden));
            probes.push(Probe::new("", name, json!("2028-02-29"), Law::Allowed));
        }
    }
    if probes.is_empty() {
        return 0;
    }
    probes.push(Probe::new("", NOBODYS, json!("1"), Law::Forbidden));
    let Some(event) = operation.requests().next().map(event) else { return 0 };
    // A query has texts only: what is of another type there is another text.
    let as_text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    probes.retain(|probe| probe.value.as_ref().is_some_and(|value| !value.is_null()));
    for probe in &probes {
        let text = as_text(probe.value.clone().unwrap_or_default());
        let mut event = event.clone();
        event["queryStringParameters"] = json!({&probe.field: text});
        event["multiValueQueryStringParameters"] = json!({&probe.field: [text]});
        let (endpoint, host) = fresh();
        let answer = ask(&endpoint, &host, &request(&event));
        check(probe, operation.path().as_str(), &mut [answer].into_iter());
    }
    count(&probes)
}

fn count(probes: &[Probe]) -> u64 {
    u64::try_from(probes.len()).unwrap_or(u64::MAX)
}

impl Probe {
    fn new(within: &str, field: &str, value: Value, law: Law) -> Self {
        Self { within: within.to_owned(), field: field.to_owned(), value: Some(value), law }
    }
}

/// What is forbidden must be refused, whatever else is asked; what is allowed may be barred by another field of a sample, but not of all
/// of them. The answers are made when they are asked for.
fn check(probe: &Probe, path: &str, answers: &mut dyn Iterator<Item = (u16, Option<Value>)>) {
    let is_refused = |status: u16| match probe.law {
        // What cannot be an id is not found.
        Law::Forbidden => matches!(status, 400 | 404),
        Law::Allowed => status == 400,
    };
    let Some(mut answer) = answers.next() else { return };
    while probe.law == Law::Allowed && is_refused(answer.0) {
        let Some(next) = answers.next() else { break };
        answer = next;
    }
    let holds = is_refused(answer.0) == (probe.law == Law::Forbidden);
    let shown = probe.value.as_ref().map(|value| value.to_string().chars().take(80).collect::<String>());
    assert!(
        holds,
        "{path}: {}/{} = {} is {:?} by the schema, and was answered {answer:?}",
        probe.within,
        probe.field,
        shown.unwrap_or_else(|| "left out".to_owned()),
        probe.law,
    );
}

fn collect(schema: &Value, schemas: &Map<String, Value>, sample: &Value, within: &str, probes: &mut Vec<Probe>) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let is_required = schema["required"].as_array().is_some_and(|names| names.iter().any(|known| known == name));
        let law = if is_required { Law::Forbidden } else { Law::Allowed };
        probes.push(Probe { within: within.to_owned(), field: name.clone(), value: None, law });
        of_field(name, field, sample.get(name), within, probes);
        let object = resolved(field, schemas);
        if let Some(inner) = sample.get(name).filter(|_| object["properties"].is_object()) {
            collect(object, schemas, inner, &format!("{within}/{name}"), probes);
        }
    }
    if schema["additionalProperties"] == false {
        probes.push(Probe::new(within, NOBODYS, json!(true), Law::Forbidden));
    }
}

fn of_field(name: &str, schema: &Value, sample: Option<&Value>, within: &str, probes: &mut Vec<Probe>) {
    let mut is = |value: Value, law: Law| probes.push(Probe::new(within, name, value, law));
    let kind = &schema["type"];
    let kinds = kind.as_array().map_or(std::slice::from_ref(kind), Vec::as_slice);
    let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
    let or_null = schema["anyOf"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind["type"] == "null"));
    is(Value::Null, if or_null || kinds.contains(&"null") { Law::Allowed } else { Law::Forbidden });
    for word in schema["enum"].as_array().into_iter().flatten() {
        is(word.clone(), Law::Allowed);
    }
    if schema["enum"].is_array() {
        is(json!(NOBODYS), Law::Forbidden);
    }
    if kinds.contains(&"integer") {
        is(json!("one"), Law::Forbidden);
        let bounds = [("minimum", -1_i128), ("maximum", 1)];
        for (bound, step) in bounds.map(|(bound, step)| (schema[bound].as_i64(), step)) {
            let Some(bound) = bound else { continue };
            is(json!(bound), Law::Allowed);
            let beyond = i128::from(bound).saturating_add(step);
            let beyond =
                i64::try_from(beyond).map_or_else(|_| json!(u64::try_from(beyond).ok()), |number| json!(number));
            is(beyond, Law::Forbidden);
        }
    }
    if kinds.contains(&"boolean") {
        is(json!("perhaps"), Law::Forbidden);
    }
    if kinds.contains(&"string") && within.is_empty() && sample.is_some() {
        is(json!(true), Law::Forbidden);
    }
    if let Some(most) = schema["maxLength"].as_u64().and_then(|most| usize::try_from(most).ok()) {
        let begin = match (sample.and_then(Value::as_str), schema["pattern"].as_str()) {
            (Some(sample), _) => sample,
            (None, Some(WEB_URL)) => ADDRESS,
            (None, Some(_) | None) => "a",
        };
        is(json!(padded(begin, most)), Law::Allowed);
        is(json!(padded(begin, most.saturating_add(1))), Law::Forbidden);
    }
    if schema["minLength"].as_u64().is_some_and(|least| least > 0) {
        is(json!(""), Law::Forbidden);
    }
    if schema["pattern"].is_string() {
        is(json!(BELL), Law::Forbidden);
    }
    if schema["pattern"] == PLAIN_TEXT {
        is(json!("ü\u{a0}\u{2028}🙂"), Law::Allowed);
    }
}

fn padded(text: &str, length: usize) -> String {
    text.chars().chain(std::iter::repeat('a')).take(length).collect()
}

/// The schema itself, where it is one with a name, or one with a name or null.
fn resolved<'a>(schema: &'a Value, schemas: &'a Map<String, Value>) -> &'a Value {
    let mut kinds = schema["anyOf"].as_array().map_or(std::slice::from_ref(schema), Vec::as_slice).iter();
    let reference = kinds.find_map(|kind| kind["$ref"].as_str());
    let name = reference.and_then(|reference| reference.rsplit('/').next());
    name.and_then(|name| schemas.get(name)).unwrap_or(schema)
}

fn event(name: &str) -> Value {
    serde_json::from_str(&events::text(name)).unwrap_or_default()
}

/// An event whose body can be changed.
fn sample(name: &str) -> Option<Value> {
    let event = event(name);
    let can_be_changed = event["isBase64Encoded"] != true && sent(&event).is_some_and(|body| body.is_object());
    can_be_changed.then_some(event)
}

/// The event with one thing changed, under a key that nobody has used; none if the place is not there.
fn changed(event: &Value, probe: &Probe) -> Option<Value> {
    let mut body = sent(event)?;
    let object = body.pointer_mut(&probe.within)?.as_object_mut()?;
    match &probe.value {
        Some(value) => drop(object.insert(probe.field.clone(), value.clone())),
        None => drop(object.remove(&probe.field)),
    }
    let mut event = event.clone();
    event["body"] = json!(body.to_string());
    for (headers, key) in [("headers", json!("probe")), ("multiValueHeaders", json!(["probe"]))] {
        if let Some(place) = event[headers].get_mut("Idempotency-Key") {
            *place = key;
        }
    }
    Some(event)
}

fn request(event: &Value) -> lambda_http::Request {
    lambda_http::request::from_str(&event.to_string()).unwrap_or_else(|error| panic!("{error}"))
}
