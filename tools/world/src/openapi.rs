//! `docs/openapi.yaml`: the API as machines read it, kept by the code that it describes.
//!
//! Schemas are made of the very types that are read and written, so nobody has to remember to change both. Each function that clients
//! call describes its routes in a test of its own (`handler/tests/openapi.rs`), and lets its event files tell what is asked and answered:
//! these are the examples, and what is answered must be as it is described. Then everything that a schema says of a request is tried on
//! the handler: what it forbids must be refused, what it allows must not ([`Description::holds`]).
//!
//! The file is one document, in sections between comments, because no program links all functions: each test keeps its own section, and
//! `UPDATE_EXPECT=1` writes it anew.

#![expect(clippy::panic, reason = "a description that does not hold fails its test at once")]
#![expect(clippy::indexing_slicing, reason = "serde_json's values have no missing field: it is null")]

mod answers;
mod candidates;
mod document;
mod operation;
mod probes;
mod shared;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};

use adapters::http::serve::{Endpoint, respond};
use data_encoding::BASE64;
use jsonschema::Validator;
use lambda_http::http::HeaderValue;
use lambda_http::{Body, Request};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

pub use document::{as_it_stands, as_made, kept_routes};
pub use operation::{Operation, Tag};
pub use shared::keep_what_is_shared;

use crate::events;
use crate::host::SimHost;
use crate::proof::figure;
use crate::turns::block_on;

/// A text that a client writes: no control characters, which no log and no bank statement can show.
pub const PLAIN_TEXT: &str = r"^[^\u0000-\u001F\u007F-\u009F]*$";

/// An address that a payer's browser may be sent to: https, or http on the developer's own machine.
pub const WEB_URL: &str =
    r#"^(https://[A-Za-z0-9.-]+|http://(localhost|127\.0\.0\.1))(:[0-9]*)?([/?#][!#-;=?-\[\]_a-z~]*)?$"#;

/// A gateway's name for one of its things.
pub const GATEWAY_TOKEN: &str = "^[A-Za-z0-9_-]+$";

/// How a page of a list goes on. It is made here, and nobody else can make one.
pub const CURSOR: &str = "^[A-Za-z0-9_-]+$";

/// Where a document has its schemas.
const SCHEMAS: &str = "/components/schemas";

/// What one function says of its routes.
#[derive(Debug)]
pub struct Description {
    function: &'static str,
    operations: Vec<Operation>,
    /// Every schema that the routes need, by its name.
    schemas: Map<String, Value>,
    /// The names of those that are read.
    read: BTreeSet<String>,
}

impl Description {
    /// The description of these routes of a function.
    ///
    /// # Panics
    /// If a type is both read and written: what must be there differs, so it cannot have one schema.
    #[must_use]
    pub fn of(function: &'static str, operations: impl IntoIterator<Item = Operation>) -> Self {
        let mut operations: Vec<Operation> = operations.into_iter().collect();
        let (mut read, mut written) = (generator(Direction::Read), generator(Direction::Written));
        operations.iter_mut().for_each(|operation| operation.resolve(&mut read, &mut written));
        let mut schemas = written.take_definitions(true);
        let mut names = BTreeSet::new();
        for (name, schema) in read.take_definitions(true) {
            assert!(schemas.insert(name.clone(), schema).is_none(), "{name} is both read and written");
            names.insert(name);
        }
        Self { function, operations, schemas, read: names }
    }

    /// Lets an endpoint answer `events/<name>.json`, which becomes an example of its route.
    ///
    /// # Panics
    /// If the route does not describe what is answered.
    pub fn tell<E: Endpoint>(&mut self, endpoint: &E, host: &SimHost, name: &str) {
        let event: Value = serde_json::from_str(&events::text(name)).unwrap_or_default();
        let told = ask(endpoint, host, &events::request(name));
        let (schemas, status) = (&self.schemas, told.status);
        let operation = of_event(&mut self.operations, name, &event);
        if let Some(answer) = &told.body {
            let schema = operation.schema_of_answer(status, answer);
            let schema = schema.unwrap_or_else(|| panic!("{name}: {status} is not described: {answer}"));
            // A client may be told more by a later release, and by this one what is described.
            let closed = schemas.iter().map(|(name, schema)| (name.clone(), closed(schema))).collect();
            conforms(&schema, &closed, answer).unwrap_or_else(|why| panic!("{name}: {status}: {why}\n{answer:#}"));
        }
        if let Some(fault) = operation.fault_of_headers(&told) {
            panic!("{name}: {status}: {fault}: {:?}", told.headers);
        }
        if let Some((schema, sent)) = operation.schema_of_request().zip(sent(&event)).filter(|_| is_example(status)) {
            conforms(&schema, schemas, &sent).unwrap_or_else(|why| panic!("{name}: {why}"));
        }
        operation.tell(name, &event, told, sent(&event));
    }

    /// Takes the request of `events/<name>.json` as an example, where what it is answered cannot be had here.
    ///
    /// # Panics
    /// If the route does not describe what is asked.
    pub fn show(&mut self, name: &str) {
        let event: Value = serde_json::from_str(&events::text(name)).unwrap_or_default();
        let operation = of_event(&mut self.operations, name, &event);
        if let Some((schema, sent)) = operation.schema_of_request().zip(sent(&event)) {
            conforms(&schema, &self.schemas, &sent).unwrap_or_else(|why| panic!("{name}: {why}"));
        }
        operation.show(name, &event, sent(&event));
    }

    /// Tries everything that the schemas of the requests say on a fresh endpoint each: what is forbidden must be refused, what is allowed
    /// must not. The requests of the examples are changed for it in one place at a time.
    ///
    /// # Panics
    /// If a bound is not where it is said to be.
    pub fn holds<E: Endpoint>(&self, fresh: impl Fn() -> (E, SimHost)) {
        let tried: usize = self.operations.iter().map(|operation| probes::of(operation, &self.schemas, &fresh)).sum();
        assert!(tried > 0, "{}: nothing was tried", self.function);
        figure("openapi", u64::try_from(tried).unwrap_or_default(), "bounds tried");
    }

    /// Compares the description with the one in `docs/openapi.yaml`, or writes it there if `UPDATE_EXPECT` is set.
    ///
    /// # Panics
    /// If they differ, or a route has no example of what it does.
    pub fn keep(self) {
        let examples = self.operations.iter().map(Operation::examples).sum();
        figure("openapi", examples, "examples");
        figure("openapi", u64::try_from(self.operations.len()).unwrap_or_default(), "operations");
        let shared = shared::schemas();
        let mut paths: Map<String, Value> = Map::new();
        for operation in &self.operations {
            operation.assert_shown();
            let path = paths.entry(operation.path()).or_insert_with(|| json!({}));
            path[operation.method()] = operation.document();
        }
        document::keep(document::Section::Paths(self.function), &yaml::entries(&paths, 1));
        let own = self.schemas.iter().filter(|(name, _)| !shared.contains_key(name.as_str()));
        let as_told = |(name, schema): (&String, &Value)| {
            (name.clone(), if self.read.contains(name) { schema.clone() } else { open(schema) })
        };
        let own: Map<String, Value> = own.map(as_told).collect();
        document::keep(document::Section::Schemas(self.function), &yaml::entries(&own, 2));
    }
}

/// Whether a type is read from a request or written into an answer: what must be there differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Read,
    Written,
}

fn generator(direction: Direction) -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = SCHEMAS.into();
        settings.meta_schema = None;
    });
    match direction {
        Direction::Read => settings.for_deserialize().into_generator(),
        Direction::Written => settings.for_serialize().into_generator(),
    }
}

/// The route that an event goes to.
fn of_event<'a>(operations: &'a mut [Operation], name: &str, event: &Value) -> &'a mut Operation {
    let operation = operations.iter_mut().find(|operation| operation.is_of(event));
    operation.unwrap_or_else(|| panic!("events/{name}.json goes to a route that is not described"))
}

/// What was answered.
#[derive(Debug)]
struct Told {
    status: u16,
    /// By their names in lower case.
    headers: BTreeMap<String, String>,
    /// None, if there is no body.
    body: Option<Value>,
}

fn ask<E: Endpoint>(endpoint: &E, host: &SimHost, request: &Request) -> Told {
    let (response, _) = block_on(respond(endpoint, host, request));
    let body = if let Body::Text(text) = response.body()
        && !text.is_empty()
    {
        Some(serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}")))
    } else {
        None
    };
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    Told { status: response.status().as_u16(), headers, body }
}

/// Whether a request that was answered so shows how one is made.
fn is_example(status: u16) -> bool {
    status < 300 || matches!(status, 402 | 409)
}

/// The body of an event, if it is JSON.
fn sent(event: &Value) -> Option<Value> {
    let text = event["body"].as_str()?;
    if event["isBase64Encoded"] == true {
        return serde_json::from_slice(&BASE64.decode(text.as_bytes()).ok()?).ok();
    }
    serde_json::from_str(text).ok()
}

fn conforms(schema: &Value, schemas: &Map<String, Value>, value: &Value) -> Result<(), String> {
    let validator = validator(schema, schemas);
    let faults: Vec<String> =
        validator.iter_errors(value).map(|fault| format!("{}: {fault}", fault.instance_path)).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}

/// What knows whether something is as a schema says, formats too.
fn validator(schema: &Value, schemas: &Map<String, Value>) -> Validator {
    let root = json!({"allOf": [schema], "components": {"schemas": schemas}});
    let validator = jsonschema::options().should_validate_formats(true).build(&root);
    validator.unwrap_or_else(|error| panic!("{error}: {schema}"))
}

/// A schema of an answer, as clients may take it: further words may come with a release, and further kinds.
fn open(schema: &Value) -> Value {
    match schema {
        Value::Object(object) => {
            let mut open: Map<String, Value> =
                object.iter().map(|(name, inner)| (name.clone(), self::open(inner))).collect();
            if let Some(Value::Array(words)) = open.remove("enum") {
                let words: Vec<Value> = words.into_iter().filter(|word| !word.is_null()).collect();
                open.insert("x-extensible-enum".to_owned(), Value::Array(words));
            }
            if let Some(Value::Array(kinds)) = open.get_mut("oneOf") {
                let words: Vec<Value> = kinds.iter().map(|kind| kind["properties"]["type"]["const"].clone()).collect();
                if words.iter().all(Value::is_string) {
                    let later =
                        json!({"type": "string", "not": {"enum": words}, "description": "A word of a later release."});
                    kinds.push(json!({"type": "object", "required": ["type"], "properties": {"type": later}}));
                }
            }
            Value::Object(open)
        }
        Value::Array(items) => Value::Array(items.iter().map(open).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema.clone(),
    }
}

/// A schema that allows no field that it does not name.
fn closed(schema: &Value) -> Value {
    match schema {
        Value::Object(object) => {
            let mut closed: Map<String, Value> =
                object.iter().map(|(name, inner)| (name.clone(), self::closed(inner))).collect();
            if object.get("properties").is_some_and(Value::is_object) && !object.contains_key("additionalProperties") {
                closed.insert("additionalProperties".to_owned(), json!(false));
            }
            Value::Object(closed)
        }
        Value::Array(items) => Value::Array(items.iter().map(closed).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema.clone(),
    }
}
