//! Whether a schema tells the truth: a request of an example is changed in one place at a time, to the last thing that the schema allows,
//! which must not be refused as no request, and to the first that it forbids, which must be.

use adapters::http::schema::{DISPUTE_ID, ENDPOINT_ID, TRANSACTION_ID};
use adapters::http::serve::Endpoint;
use serde_json::{Map, Value, json};

use super::candidates::{self, NOBODYS};
use super::operation::Operation;
use super::{ask, events, sent, validator};
use crate::host::SimHost;

/// Patterns of ids: to a client, what cannot be an id is an id of nothing.
const OF_IDS: [&str; 3] = [TRANSACTION_ID, DISPUTE_ID, ENDPOINT_ID];

/// Whether a request may be so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Law {
    Allowed,
    Forbidden,
}

/// What stands for "no request" in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refused {
    /// 400.
    Invalid,
    /// 400, or 404 where it is no id: then an id of nothing is allowed, too.
    IdOfNothing,
    /// 404: there is no such route.
    NoRoute,
}

/// What of a request is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// A field of the object at this JSON pointer of the body.
    Body(String),
    Query,
    Path,
    Header,
}

/// One change of a request.
#[derive(Debug, Clone, PartialEq)]
struct Probe {
    place: Place,
    name: String,
    /// What stands there then; none if it is left out.
    value: Option<Value>,
    law: Law,
    refused: Refused,
}

/// Tries everything that is said of the requests of an operation, and counts what was tried.
///
/// # Panics
/// If it does not tell the truth, or something of it cannot be tried.
pub(super) fn of<E: Endpoint>(
    operation: &Operation,
    schemas: &Map<String, Value>,
    fresh: &impl Fn() -> (E, SimHost),
) -> usize {
    let samples: Vec<Value> = operation.requests().filter_map(|name| sample(name, operation)).collect();
    let mut probes: Vec<Probe> = of_parameters(operation);
    if let Some(schema) = operation.schema_of_request() {
        for sample in &samples {
            let mut of_sample = Vec::new();
            of_object(resolved(&schema, schemas), schemas, sent(sample).as_ref(), "", &mut of_sample);
            of_sample.retain(|probe| !probes.contains(probe));
            probes.append(&mut of_sample);
        }
        assert_whole(&operation.path(), resolved(&schema, schemas), schemas, "", &probes);
    }
    for probe in &probes {
        let mut answers = samples.iter().filter_map(|sample| {
            let (endpoint, host) = fresh();
            let told = ask(&endpoint, &host, &request(&changed(sample, probe, operation)?));
            Some((told.status, told.body))
        });
        check(probe, &operation.path(), &mut answers);
    }
    probes.len()
}

/// What is forbidden must be refused, whatever else is asked; what is allowed may be barred by another field of a sample, but not of all
/// of them. The answers are made when they are asked for.
fn check(probe: &Probe, path: &str, answers: &mut dyn Iterator<Item = (u16, Option<Value>)>) {
    let is_refused = |status: u16| match probe.refused {
        Refused::Invalid => status == 400,
        Refused::IdOfNothing => matches!(status, 400 | 404),
        Refused::NoRoute => status == 404,
    };
    // Whoever is not let in, or is not understood, or was met by an accident, has not been told that the value is allowed.
    let is_allowed = |status: u16| match probe.refused {
        Refused::Invalid => status < 500 && !matches!(status, 400 | 401 | 403 | 404 | 413 | 415),
        Refused::IdOfNothing => status < 500 && !matches!(status, 400 | 401 | 403 | 413 | 415),
        Refused::NoRoute => status < 500 && !matches!(status, 401 | 403 | 404 | 413 | 415),
    };
    let answer = match probe.law {
        Law::Forbidden => answers.next().map(|answer| (is_refused(answer.0), answer)),
        Law::Allowed => {
            let mut told = answers.map(|answer| (is_allowed(answer.0), answer));
            let first = told.next();
            if first.as_ref().is_some_and(|(holds, _)| *holds) {
                first
            } else {
                told.find(|(holds, _)| *holds).or(first)
            }
        }
    };
    let shown = probe.value.as_ref().map(|value| value.to_string().chars().take(80).collect::<String>());
    let what = format!(
        "{path}: {:?} {} = {} is {:?} by the schema",
        probe.place,
        probe.name,
        shown.unwrap_or_else(|| "left out".to_owned()),
        probe.law
    );
    let Some((holds, answer)) = answer else { panic!("{what}, and no example can be changed so") };
    assert!(holds, "{what}, and was answered {answer:?}");
}

/// The parameters of the path and the query, and the key.
fn of_parameters(operation: &Operation) -> Vec<Probe> {
    let mut probes = Vec::new();
    let mut queries = 0_usize;
    for (place, name, schema, sample) in operation.parameters() {
        let (place, refused, texts) = match place {
            "path" if schema["pattern"].is_string() => (Place::Path, Refused::Invalid, texts(&schema, sample)),
            "path" if schema["enum"].is_array() => (Place::Path, Refused::NoRoute, texts(&schema, sample)),
            "path" => (Place::Path, Refused::IdOfNothing, texts(&schema, sample)),
            "query" => (Place::Query, Refused::Invalid, texts(&schema, sample)),
            _ if name == "Idempotency-Key" => (Place::Header, Refused::Invalid, candidates::keys()),
            // What gateways sign with is no client's to say.
            _ => continue,
        };
        queries = queries.saturating_add(usize::from(place == Place::Query));
        if place == Place::Header {
            let law = Law::Forbidden;
            probes.push(Probe { place: place.clone(), name: name.clone(), value: None, law, refused });
        }
        let validator = validator(&schema, &Map::new());
        let before = probes.len();
        for text in texts {
            // An empty part of a path is another route.
            if text.is_empty() && place == Place::Path {
                continue;
            }
            let number = text.parse::<i64>().ok().filter(|_| schema["type"] == "integer");
            let meant = number.map_or_else(|| json!(text), |number| json!(number));
            let law = if validator.is_valid(&meant) { Law::Allowed } else { Law::Forbidden };
            if law == Law::Allowed && candidates::is_made_by_us(&schema) && place != Place::Header {
                continue;
            }
            probes.push(Probe { place: place.clone(), name: name.clone(), value: Some(json!(text)), law, refused });
        }
        let is_bound =
            ["pattern", "enum", "maxLength", "minimum", "format"].iter().any(|bound| !schema[*bound].is_null());
        assert!(!is_bound || probes.len() > before, "{}: nothing was tried of {name}", operation.path());
    }
    if queries > 0 {
        let (name, value) = (NOBODYS.to_owned(), Some(json!("1")));
        probes.push(Probe { place: Place::Query, name, value, law: Law::Forbidden, refused: Refused::Invalid });
    }
    probes
}

/// What is tried of a parameter: it can only be a text.
fn texts(schema: &Value, sample: Option<&Value>) -> Vec<String> {
    let text = |value: Value| match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    candidates::of(schema, sample).into_iter().filter_map(text).collect()
}

fn of_object(
    schema: &Value,
    schemas: &Map<String, Value>,
    sample: Option<&Value>,
    within: &str,
    probes: &mut Vec<Probe>,
) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let sample = sample.and_then(|sample| sample.get(name));
        let is_id = field["pattern"].as_str().is_some_and(|pattern| OF_IDS.contains(&pattern));
        let refused = if is_id { Refused::IdOfNothing } else { Refused::Invalid };
        let mut probe = |value: Option<Value>, may_be: bool| {
            let law = if may_be { Law::Allowed } else { Law::Forbidden };
            probes.push(Probe { place: Place::Body(within.to_owned()), name: name.clone(), value, law, refused });
        };
        let is_required = schema["required"].as_array().is_some_and(|names| names.iter().any(|known| known == name));
        probe(None, !is_required);
        let validator = validator(field, schemas);
        for value in candidates::of(field, sample) {
            let may_be = validator.is_valid(&value);
            let is_made_up = value.is_string() && candidates::is_made_by_us(field) && sample != Some(&value);
            if !(may_be && is_made_up) {
                probe(Some(value), may_be);
            }
        }
        let object = resolved(field, schemas);
        if object["properties"].is_object() {
            of_object(object, schemas, sample, &format!("{within}/{name}"), probes);
        }
    }
    if schema["additionalProperties"] == false {
        probes.push(Probe {
            place: Place::Body(within.to_owned()),
            name: NOBODYS.to_owned(),
            value: Some(json!(true)),
            law: Law::Forbidden,
            refused: Refused::Invalid,
        });
    }
}

/// Of every field of a request something must have been tried that is allowed, and something that is not; of a text that has a greatest
/// length, one that is so long.
fn assert_whole(path: &str, schema: &Value, schemas: &Map<String, Value>, within: &str, probes: &[Probe]) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let of_field = || {
            let place = Place::Body(within.to_owned());
            probes.iter().filter(move |probe| probe.place == place && probe.name == *name)
        };
        let object = resolved(field, schemas);
        let is_said =
            |law: Law| of_field().any(|probe| probe.law == law && probe.value.as_ref().is_some_and(|v| !v.is_null()));
        assert!(is_said(Law::Forbidden), "{path}: {within}/{name}: nothing forbidden was tried");
        let has_none = object["properties"].is_object() || candidates::is_made_by_us(field);
        assert!(has_none || is_said(Law::Allowed), "{path}: {within}/{name}: nothing allowed was tried");
        if let Some(most) = field["maxLength"].as_u64().and_then(|most| usize::try_from(most).ok()) {
            let is_longest = |value: &Value| value.as_str().is_some_and(|text| text.chars().count() == most);
            let tried =
                of_field().any(|probe| probe.law == Law::Allowed && probe.value.as_ref().is_some_and(is_longest));
            assert!(tried, "{path}: {within}/{name}: nothing of the greatest length was tried");
        }
        if object["properties"].is_object() {
            assert_whole(path, object, schemas, &format!("{within}/{name}"), probes);
        }
    }
}

/// The schema itself, where it is one with a name, or one with a name or null.
fn resolved<'a>(schema: &'a Value, schemas: &'a Map<String, Value>) -> &'a Value {
    let mut kinds = schema["anyOf"].as_array().map_or(std::slice::from_ref(schema), Vec::as_slice).iter();
    let reference = kinds.find_map(|kind| kind["$ref"].as_str());
    let name = reference.and_then(|reference| reference.rsplit('/').next());
    name.and_then(|name| schemas.get(name)).unwrap_or(schema)
}

/// An event that can be changed. Where a body may be left out, it has an empty one.
fn sample(name: &str, operation: &Operation) -> Option<Value> {
    let mut event: Value = serde_json::from_str(&events::text(name)).unwrap_or_default();
    if operation.schema_of_request().is_none() || event["isBase64Encoded"] == true {
        return (event["isBase64Encoded"] != true).then_some(event);
    }
    if event["body"].is_null() {
        event["body"] = json!("{}");
        event["headers"]["Content-Type"] = json!("application/json");
        event["multiValueHeaders"]["Content-Type"] = json!(["application/json"]);
    }
    sent(&event).is_some_and(|body| body.is_object()).then_some(event)
}

/// The event with one thing changed, under a key that nobody has used; none if it cannot be changed so.
fn changed(event: &Value, probe: &Probe, operation: &Operation) -> Option<Value> {
    let mut event = event.clone();
    let text = probe.value.as_ref().and_then(Value::as_str);
    match &probe.place {
        Place::Body(within) => {
            let mut body = sent(&event)?;
            let object = object_at(&mut body, within)?;
            match &probe.value {
                Some(value) => drop(object.insert(probe.name.clone(), value.clone())),
                None => drop(object.remove(&probe.name)),
            }
            if probe.value.as_ref().is_some_and(|value| !value.is_null()) {
                operation.barred_by(&probe.name).for_each(|other| drop(object.remove(other)));
            }
            event["body"] = json!(body.to_string());
        }
        Place::Query => {
            event["queryStringParameters"] = json!({&probe.name: text?});
            event["multiValueQueryStringParameters"] = json!({&probe.name: [text?]});
        }
        Place::Path => event["pathParameters"][&probe.name] = json!(encoded(text?)),
        Place::Header => {}
    }
    let key = if probe.place == Place::Header { text } else { Some("probe") };
    for (headers, value) in [("headers", json!(key)), ("multiValueHeaders", json!([key]))] {
        let Some(headers) = event[headers].as_object_mut().filter(|headers| headers.contains_key("Idempotency-Key"))
        else {
            continue;
        };
        if key.is_some() {
            headers.insert("Idempotency-Key".to_owned(), value);
        } else {
            headers.remove("Idempotency-Key");
        }
    }
    Some(event)
}

/// The object at a JSON pointer; it is made where it is not.
fn object_at<'a>(body: &'a mut Value, pointer: &str) -> Option<&'a mut Map<String, Value>> {
    let mut place = body;
    for name in pointer.split('/').skip(1) {
        place = place.as_object_mut()?.entry(name).or_insert(Value::Null);
        if place.is_null() {
            *place = json!({});
        }
    }
    place.as_object_mut()
}

/// A text as a part of a path.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn request(event: &Value) -> lambda_http::Request {
    lambda_http::request::from_str(&event.to_string()).unwrap_or_else(|error| panic!("{error}"))
}
