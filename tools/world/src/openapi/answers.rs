//! What is answered: with one status one kind of body, and of the problems with one status every code that they can bear.

use std::collections::{BTreeMap, BTreeSet};

use adapters::http::answer::OF_EVERY_ANSWER;
use adapters::http::problem::{ProblemJson, Refusal};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{Told, open};

/// What the firewall answers by itself, as AWS lets it: as plain JSON, and without a name for the request.
const OF_THE_FIREWALL: [Refusal; 2] = [Refusal::RateLimited, Refusal::BodyTooLarge];
const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

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

/// Whether an answer says that the same request had been done before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replay {
    Never,
    Perhaps,
    Always,
}

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
    pub(super) replay: Replay,
    is_seen_replayed: bool,
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
            replay: Replay::Never,
            is_seen_replayed: false,
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

    pub(super) fn tell(&mut self, name: &str, told: Told) {
        self.is_seen_replayed |= told.headers.contains_key("idempotent-replayed");
        self.examples.extend(told.body.map(|answer| (name.to_owned(), answer)));
    }

    /// Whether an answer has told of a replay.
    pub(super) const fn is_seen_replayed(&self) -> bool {
        self.is_seen_replayed
    }

    /// What is wrong with the headers of an answer: one that is not described, one that is and always comes and did not come, or a body of
    /// another kind.
    pub(super) fn fault_of_headers(&self, sent: &BTreeMap<String, String>) -> Option<String> {
        let described = headers(&self.refusals, self.replay);
        let names: BTreeSet<String> = described.iter().map(|header| header.name.to_ascii_lowercase()).collect();
        let of_every_answer = |name: &str| OF_EVERY_ANSWER.iter().any(|(known, _)| known.as_str() == name);
        let is_unknown = |name: &&String| !names.contains(*name) && !of_every_answer(name) && *name != "content-type";
        if let Some(unknown) = sent.keys().find(is_unknown) {
            return Some(format!("the header {unknown} is not described"));
        }
        let is_missing = |header: &&Header| header.is_required && !sent.contains_key(&header.name.to_ascii_lowercase());
        if let Some(missing) = described.iter().find(is_missing) {
            return Some(format!("the header {} did not come", missing.name));
        }
        let kind = self.kinds().first().copied();
        let told = sent.get("content-type").map(String::as_str);
        (told != kind).then(|| format!("it is {told:?}, and {kind:?} is described"))
    }

    /// As what the body is sent, ours first; nothing, if there is none.
    fn kinds(&self) -> &'static [&'static str] {
        match self.refusals.as_slice() {
            [] if self.schema.is_null() => &[],
            [] => &[JSON],
            refusals => kinds_of_problem(refusals),
        }
    }

    pub(super) fn examples(&self) -> usize {
        self.examples.len()
    }

    fn document(&self) -> Value {
        let common = COMMON.iter().find(|(_, refusals)| self.refusals.as_slice() == *refusals);
        if let (Some((name, _)), true) = (common, self.examples.is_empty()) {
            return json!({"$ref": format!("#/components/responses/{name}")});
        }
        let headers = document_of_headers(&headers(&self.refusals, self.replay));
        let mut document = json!({"description": self.says, "headers": headers});
        if !self.schema.is_null() {
            let mut content = json!({"schema": open(&self.schema)});
            if !self.examples.is_empty() {
                let examples = self.examples.iter().map(|(name, value)| {
                    (name.clone(), json!({"summary": format!("to events/{name}.json"), "value": value}))
                });
                content["examples"] = Value::Object(examples.collect());
            }
            let plain = json!({"schema": open(&self.schema)});
            let kinds = self.kinds().iter().enumerate();
            let contents = kinds
                .map(|(place, kind)| ((*kind).to_owned(), if place == 0 { content.clone() } else { plain.clone() }));
            document["content"] = Value::Object(contents.collect());
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
            replay: Replay::Never,
            is_seen_replayed: false,
            examples: BTreeMap::new(),
        }
    };
    by_status.into_iter().map(of_status).collect()
}

/// The answers that have a name.
pub(super) fn common(written: &mut SchemaGenerator) -> Map<String, Value> {
    let problem = written.subschema_for::<ProblemJson<'static>>().to_value();
    let document = |(name, refusals): &(&str, &[Refusal])| {
        let content = json!({"schema": open(&schema(&problem, refusals))});
        let contents = kinds_of_problem(refusals).iter().map(|kind| ((*kind).to_owned(), content.clone()));
        let document = json!({
            "description": says(refusals),
            "headers": document_of_headers(&headers(refusals, Replay::Never)),
            "content": Value::Object(contents.collect()),
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

fn kinds_of_problem(refusals: &[Refusal]) -> &'static [&'static str] {
    if is_of_the_firewall(refusals) { &[PROBLEM, JSON] } else { &[PROBLEM] }
}

fn is_of_the_firewall(refusals: &[Refusal]) -> bool {
    refusals.iter().any(|refusal| OF_THE_FIREWALL.contains(refusal))
}

/// A header of an answer, and whether it always comes.
#[derive(Debug, Clone, Copy)]
struct Header {
    name: &'static str,
    is_required: bool,
}

/// The headers that an answer may have beside those of every answer.
fn headers(refusals: &[Refusal], replay: Replay) -> Vec<Header> {
    let mut headers = vec![Header { name: "Request-Id", is_required: !is_of_the_firewall(refusals) }];
    if replay != Replay::Never {
        headers.push(Header { name: "Idempotent-Replayed", is_required: replay == Replay::Always });
    }
    let retryable = refusals.iter().filter(|refusal| refusal.row().retryable).count();
    if retryable > 0 {
        headers.push(Header { name: "Retry-After", is_required: retryable == refusals.len() });
    }
    if refusals.contains(&Refusal::Unauthorized) {
        headers.push(Header { name: "WWW-Authenticate", is_required: true });
    }
    headers
}

/// A reference to each; where one always comes, to the one that says so.
fn document_of_headers(headers: &[Header]) -> Value {
    let reference = |header: &Header| {
        let component = format!("{}{}", header.name.replace('-', ""), if header.is_required { "" } else { "IfAny" });
        (header.name.to_owned(), json!({"$ref": format!("#/components/headers/{component}")}))
    };
    Value::Object(headers.iter().map(reference).collect())
}

/// Every header, by the names under which answers refer to them.
pub(super) fn all_headers() -> Map<String, Value> {
    let text = json!({"type": "string"});
    let known = [
        ("RequestId", "What our logs call the request. Quote it when you ask somebody.", text.clone()),
        ("IdempotentReplayed", "`true` if the same request had been done before.", json!({"const": "true"})),
        (
            "RetryAfter",
            "After how many seconds the same request is worth trying again.",
            json!({"type": "integer", "minimum": 0}),
        ),
        ("WWWAuthenticate", "How to show a key.", text),
    ];
    let both = known.into_iter().flat_map(|(name, says, schema)| {
        let missing = if name == "RequestId" {
            format!("{says} Missing where the firewall answered by itself.")
        } else {
            says.to_owned()
        };
        let always = (name.to_owned(), json!({"required": true, "description": says, "schema": &schema}));
        [always, (format!("{name}IfAny"), json!({"description": missing, "schema": schema}))]
    });
    both.filter(|(name, _)| name != "WWWAuthenticateIfAny").collect()
}
