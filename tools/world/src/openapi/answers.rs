//! What is answered: with one status one kind of body, and of the problems with one status every code that they can bear.

use std::collections::BTreeMap;

use adapters::http::problem::{ProblemJson, Refusal};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// What all or many routes answer in the same words, and what each is called in the document.
const COMMON: [(&str, &[Refusal]); 7] = [
    ("Unauthorized", &[Refusal::Unauthorized]),
    ("Forbidden", &[Refusal::RequestBlocked, Refusal::Forbidden]),
    ("BodyTooLarge", &[Refusal::BodyTooLarge]),
    ("UnsupportedMediaType", &[Refusal::UnsupportedMediaType]),
    ("RateLimited", &[Refusal::RateLimited]),
    ("Internal", &[Refusal::Internal]),
    ("Unavailable", &[Refusal::Unavailable]),
];

/// What is answered with one status.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    says: String,
    pub(super) types: Vec<fn(&mut SchemaGenerator) -> Schema>,
    pub(super) schema: Value,
    /// Why it may not be done; none of a success.
    pub(super) refusals: Vec<Refusal>,
    pub(super) links: Map<String, Value>,
    examples: BTreeMap<String, Value>,
}

impl Answer {
    pub(super) fn of(status: u16, says: &str, of: Option<fn(&mut SchemaGenerator) -> Schema>) -> Self {
        Self {
            status,
            says: says.to_owned(),
            types: of.into_iter().collect(),
            schema: Value::Null,
            refusals: Vec::new(),
            links: Map::new(),
            examples: BTreeMap::new(),
        }
    }

    pub(super) fn resolve(&mut self, written: &mut SchemaGenerator) {
        let schemas: Vec<Value> = self.types.iter().map(|of| of(written).to_value()).collect();
        self.schema = match schemas.as_slice() {
            [] => Value::Null,
            [only] => only.clone(),
            several => json!({"anyOf": several}),
        };
    }

    pub(super) fn tell(&mut self, name: &str, answer: Option<Value>) {
        self.examples.extend(answer.map(|answer| (name.to_owned(), answer)));
    }

    pub(super) fn examples(&self) -> usize {
        self.examples.len()
    }

    fn document(&self) -> Value {
        let common = COMMON.iter().find(|(_, refusals)| self.refusals.as_slice() == *refusals);
        if let (Some((name, _)), true) = (common, self.examples.is_empty()) {
            return json!({"$ref": format!("#/components/responses/{name}")});
        }
        let mut document = json!({"description": self.says, "headers": headers(self.status, &self.refusals)});
        if !self.schema.is_null() {
            let kind = if self.refusals.is_empty() { "application/json" } else { "application/problem+json" };
            let mut content = json!({"schema": self.schema});
            if !self.examples.is_empty() {
                let examples = self.examples.iter().map(|(name, value)| {
                    (name.clone(), json!({"summary": format!("to events/{name}.json"), "value": value}))
                });
                content["examples"] = Value::Object(examples.collect());
            }
            document["content"] = json!({kind: content});
        }
        if !self.links.is_empty() {
            document["links"] = Value::Object(self.links.clone());
        }
        document
    }
}

/// The answers of an operation, by their status.
pub(super) fn document(answers: &[Answer]) -> Value {
    Value::Object(answers.iter().map(|answer| (answer.status.to_string(), answer.document())).collect())
}

/// The problems of an operation, one for each status.
pub(super) fn of_refusals(refusals: &[Refusal], written: &mut SchemaGenerator) -> Vec<Answer> {
    let problem = written.subschema_for::<ProblemJson<'static>>().to_value();
    let mut by_status: BTreeMap<u16, Vec<Refusal>> = BTreeMap::new();
    for refusal in Refusal::ALL.into_iter().filter(|refusal| refusals.contains(refusal)) {
        by_status.entry(refusal.row().status.as_u16()).or_default().push(refusal);
    }
    let of_status = |(status, mut refusals): (u16, Vec<Refusal>)| {
        // The firewall stands before everything.
        refusals.sort_by_key(|refusal| *refusal != Refusal::RequestBlocked);
        Answer {
            status,
            says: says(&refusals),
            types: Vec::new(),
            schema: schema(&problem, &refusals),
            refusals,
            links: Map::new(),
            examples: BTreeMap::new(),
        }
    };
    by_status.into_iter().map(of_status).collect()
}

/// The answers that have a name.
pub(super) fn common(written: &mut SchemaGenerator) -> Map<String, Value> {
    let problem = written.subschema_for::<ProblemJson<'static>>().to_value();
    let document = |(name, refusals): &(&str, &[Refusal])| {
        let status = refusals.first().map_or(0, |refusal| refusal.row().status.as_u16());
        let document = json!({
            "description": says(refusals),
            "headers": headers(status, refusals),
            "content": {"application/problem+json": {"schema": schema(&problem, refusals)}},
        });
        ((*name).to_owned(), document)
    };
    COMMON.iter().map(document).collect()
}

fn says(refusals: &[Refusal]) -> String {
    let sentences = refusals.iter().map(|refusal| format!("`{}`: {}.", refusal.row().code, refusal.row().title));
    sentences.collect::<Vec<_>>().join(" ")
}

fn schema(problem: &Value, refusals: &[Refusal]) -> Value {
    let codes: Vec<&str> = refusals.iter().map(|refusal| refusal.row().code).collect();
    json!({"allOf": [problem, {"type": "object", "properties": {"code": {"enum": codes}}}]})
}

fn headers(status: u16, refusals: &[Refusal]) -> Value {
    let reference = |name: &str| json!({"$ref": format!("#/components/headers/{name}")});
    let mut headers = json!({"Request-Id": reference("RequestId")});
    if status < 500 && refusals.is_empty() && status != 204 {
        headers["Idempotent-Replayed"] = reference("IdempotentReplayed");
    }
    if refusals.iter().any(|refusal| refusal.row().retryable) {
        headers["Retry-After"] = reference("RetryAfter");
    }
    if refusals.contains(&Refusal::Unauthorized) {
        headers["WWW-Authenticate"] = reference("WwwAuthenticate");
    }
    headers
}
