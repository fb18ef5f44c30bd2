//! One route as it is described: who may call it, what it takes, and everything that it answers.

use std::collections::BTreeMap;

use adapters::http::authenticate::Scope;
use adapters::http::path::decoded;
use adapters::http::problem::Refusal;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::answers::{self, Answer, Replay};
use super::{Told, is_example, shared};

/// What the routes are sorted by, in the order in which one meets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// What moves money, and how it stands.
    Payments,
    /// What payers' banks ask.
    Disputes,
    /// Where the merchant's systems hear of it.
    WebhookEndpoints,
    /// What they hear.
    Events,
    /// People.
    Customers,
    /// What gateways tell.
    Gateways,
}

impl Tag {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Payments, Self::Disputes, Self::WebhookEndpoints, Self::Events, Self::Customers, Self::Gateways];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Payments => "Payments",
            Self::Disputes => "Disputes",
            Self::WebhookEndpoints => "Webhook endpoints",
            Self::Events => "Events",
            Self::Customers => "Customers",
            Self::Gateways => "Gateways",
        }
    }

    /// What is sorted under it.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::Payments => "Open, confirm, capture, cancel and refund payments, and see how they stand.",
            Self::Disputes => "What payers and their banks dispute, and what the merchant answers.",
            Self::WebhookEndpoints => "Where the merchant's systems hear of what happens.",
            Self::Events => "What has happened, and how far it has been told.",
            Self::Customers => "People, who can be erased.",
            Self::Gateways => "What Stripe and PayPal tell by themselves. Nobody else calls it.",
        }
    }
}

/// The schema of a type, as the generator makes it.
type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What stands in a request's body.
#[derive(Debug, Clone)]
struct Taken {
    of: SchemaOf,
    required: bool,
    schema: Value,
}

/// A route.
#[derive(Debug, Clone)]
pub struct Operation {
    method: &'static str,
    path: &'static str,
    id: &'static str,
    tag: Tag,
    summary: &'static str,
    description: &'static str,
    scope: Option<Scope>,
    parameters: Vec<Value>,
    taken: Option<Taken>,
    answers: Vec<Answer>,
    refusals: Vec<Refusal>,
    /// Which statuses may tell that the same request had been done before, or always do.
    replays: Vec<(u16, Replay)>,
    /// Fields of the body of which there may be one.
    one_of: &'static [&'static str],
    /// Requests by the names of their event files, with the header that they bear as their key.
    requests: BTreeMap<String, Value>,
}

impl Operation {
    /// A route that shows something.
    #[must_use]
    pub fn get(path: &'static str, id: &'static str, tag: Tag, summary: &'static str) -> Self {
        Self::new("get", path, id, tag, summary)
    }

    /// A route that does something.
    #[must_use]
    pub fn post(path: &'static str, id: &'static str, tag: Tag, summary: &'static str) -> Self {
        Self::new("post", path, id, tag, summary)
    }

    /// A route that takes something away.
    #[must_use]
    pub fn delete(path: &'static str, id: &'static str, tag: Tag, summary: &'static str) -> Self {
        Self::new("delete", path, id, tag, summary)
    }

    fn new(method: &'static str, path: &'static str, id: &'static str, tag: Tag, summary: &'static str) -> Self {
        Self {
            method,
            path,
            id,
            tag,
            summary,
            description: "",
            scope: None,
            parameters: Vec::new(),
            taken: None,
            answers: Vec::new(),
            // The firewall, the limits of the route, and a function that falls over or does not answer.
            refusals: vec![
                Refusal::RequestBlocked,
                Refusal::BodyTooLarge,
                Refusal::RateLimited,
                Refusal::Internal,
                Refusal::Unavailable,
            ],
            replays: Vec::new(),
            one_of: &[],
            requests: BTreeMap::new(),
        }
    }

    /// What else is to be known of it.
    #[must_use]
    pub const fn says(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// The scope that a key must have. A route that asks for a key also looks through the whole request for what must never come in.
    #[must_use]
    pub fn needs(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self.refuses([Refusal::Unauthorized, Refusal::Forbidden, Refusal::RawCardData, Refusal::SecretInRequest])
    }

    /// The header `Idempotency-Key` is required.
    #[must_use]
    pub fn under_a_key(mut self) -> Self {
        self.parameters.push(json!({"$ref": "#/components/parameters/IdempotencyKey"}));
        self.refuses([Refusal::InvalidRequest, Refusal::IdempotencyKeyMissing, Refusal::IdempotencyKeyReused])
    }

    /// A part of the path.
    #[must_use]
    pub fn in_path(mut self, name: &'static str, schema: Value, says: &'static str) -> Self {
        self.parameters
            .push(json!({"name": name, "in": "path", "required": true, "schema": schema, "description": says}));
        self
    }

    /// A parameter of the query, which may be left out.
    #[must_use]
    pub fn asks(mut self, name: &'static str, schema: Value, says: &'static str) -> Self {
        self.parameters.push(json!({"name": name, "in": "query", "schema": schema, "description": says}));
        self.refuses([Refusal::InvalidRequest])
    }

    /// A header, which may be left out.
    #[must_use]
    pub fn hears(mut self, name: &'static str, says: &'static str) -> Self {
        self.parameters.push(json!({"name": name, "in": "header", "schema": {"type": "string"}, "description": says}));
        self
    }

    /// The body is one of these.
    #[must_use]
    pub fn takes<T: JsonSchema>(mut self) -> Self {
        self.taken = Some(Taken { of: SchemaGenerator::subschema_for::<T>, required: true, schema: Value::Null });
        self.refuses([Refusal::InvalidRequest, Refusal::UnsupportedMediaType])
    }

    /// The body is one of these, whatever it says of itself: a gateway has signed its bytes.
    #[must_use]
    pub fn takes_signed<T: JsonSchema>(mut self) -> Self {
        self.taken = Some(Taken { of: SchemaGenerator::subschema_for::<T>, required: true, schema: Value::Null });
        self.refuses([Refusal::InvalidRequest])
    }

    /// Of these fields of the body there may be one.
    #[must_use]
    pub const fn with_one_of(mut self, fields: &'static [&'static str]) -> Self {
        self.one_of = fields;
        self
    }

    /// The body is one of these, or there is none.
    #[must_use]
    pub fn may_take<T: JsonSchema>(self) -> Self {
        let mut operation = self.takes::<T>();
        operation.taken.iter_mut().for_each(|taken| taken.required = false);
        operation
    }

    /// What is answered with this status.
    #[must_use]
    pub fn answers<T: JsonSchema>(mut self, status: u16, says: &'static str) -> Self {
        let same = self.answers.iter_mut().find(|answer| answer.status == status);
        match same {
            Some(answer) => answer.types.push(SchemaGenerator::subschema_for::<T>),
            None => self.answers.push(Answer::of(status, says, Some(SchemaGenerator::subschema_for::<T>))),
        }
        self
    }

    /// Answers with these statuses say so, where the same request had been done before.
    #[must_use]
    pub fn may_be_replayed(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.replays.extend(statuses.into_iter().map(|status| (status, Replay::Perhaps)));
        self
    }

    /// Answers with this status say that the same request had been done before: that is what the status is for.
    #[must_use]
    pub fn is_replayed(mut self, status: u16) -> Self {
        self.replays.push((status, Replay::Always));
        self
    }

    /// A status without a body.
    #[must_use]
    pub fn answers_nothing(mut self, status: u16, says: &'static str) -> Self {
        self.answers.push(Answer::of(status, says, None));
        self
    }

    /// What may follow an answer of this status: the operation, and what of the answer goes where.
    #[must_use]
    pub fn then(mut self, status: u16, name: &'static str, link: Value) -> Self {
        for answer in self.answers.iter_mut().filter(|answer| answer.status == status) {
            answer.links.insert(name.to_owned(), link.clone());
        }
        self
    }

    /// Why it may not be done.
    #[must_use]
    pub fn refuses(mut self, refusals: impl IntoIterator<Item = Refusal>) -> Self {
        for refusal in refusals {
            if !self.refusals.contains(&refusal) {
                self.refusals.push(refusal);
            }
        }
        self
    }

    /// Makes the schemas.
    pub(super) fn resolve(&mut self, read: &mut SchemaGenerator, written: &mut SchemaGenerator) {
        if let Some(taken) = &mut self.taken {
            taken.schema = (taken.of)(read).to_value();
        }
        self.answers.iter_mut().for_each(|answer| answer.resolve(written));
        let problems = answers::of_refusals(&self.refusals, written);
        self.answers.extend(problems);
        for (status, replay) in &self.replays {
            let answer = self.answers.iter_mut().find(|answer| answer.status == *status);
            let answer =
                answer.unwrap_or_else(|| panic!("{} is never answered, so it is no replay: {status}", self.path));
            answer.replay = *replay;
        }
    }

    pub(super) fn is_of(&self, event: &Value) -> bool {
        let is_method = event["httpMethod"].as_str().is_some_and(|method| method.eq_ignore_ascii_case(self.method));
        is_method && event["resource"] == self.path
    }

    pub(super) fn path(&self) -> String {
        self.path.to_owned()
    }

    pub(super) const fn method(&self) -> &'static str {
        self.method
    }

    /// The schema of the answer with this status, if it is described, and its code is.
    pub(super) fn schema_of_answer(&self, status: u16, answer: &Value) -> Option<Value> {
        let described = self.described(status)?;
        let code = answer["code"].as_str().unwrap_or_default();
        let is_described =
            described.refusals.is_empty() || described.refusals.iter().any(|refusal| refusal.row().code == code);
        is_described.then(|| described.schema.clone())
    }

    /// The schema of the body.
    pub(super) fn schema_of_request(&self) -> Option<Value> {
        self.taken.as_ref().map(|taken| taken.schema.clone())
    }

    /// What is wrong with the headers of an answer.
    pub(super) fn fault_of_headers(&self, told: &Told) -> Option<String> {
        self.described(told.status)?.fault_of_headers(&told.headers)
    }

    fn described(&self, status: u16) -> Option<&Answer> {
        self.answers.iter().find(|described| described.status == status)
    }

    /// The parameters: where they stand, their names, their schemas, and what an example has there.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&str, String, Value, Option<&Value>)> {
        self.parameters.iter().map(|parameter| {
            // Only the key is described elsewhere.
            let key = parameter["$ref"].is_string().then(shared::idempotency_key);
            let whole = key.as_ref().unwrap_or(parameter);
            let name = whole["name"].as_str().unwrap_or_default().to_owned();
            let place = parameter["in"].as_str().unwrap_or("header");
            (place, name, whole["schema"].clone(), parameter.get("example"))
        })
    }

    /// Which fields may not stand beside this one.
    pub(super) fn barred_by(&self, field: &str) -> impl Iterator<Item = &'static str> {
        let is_one = self.one_of.contains(&field);
        self.one_of.iter().copied().filter(move |other| is_one && *other != field)
    }

    /// The names of the event files whose requests are examples.
    pub(super) fn requests(&self) -> impl Iterator<Item = &str> {
        self.requests.keys().map(String::as_str)
    }

    /// Takes a request as an example.
    pub(super) fn show(&mut self, name: &str, event: &Value, sent: Option<Value>) {
        self.show_parameters(event);
        self.requests.insert(name.to_owned(), sent.unwrap_or_default());
    }

    /// Takes a request and what was answered as examples.
    pub(super) fn tell(&mut self, name: &str, event: &Value, told: Told, sent: Option<Value>) {
        let status = told.status;
        if is_example(status) {
            self.show(name, event, sent);
        }
        let described = self.answers.iter_mut().find(|described| described.status == status);
        let described = described.unwrap_or_else(|| panic!("{name}: {status} is not described"));
        described.tell(name, told);
    }

    fn show_parameters(&mut self, event: &Value) {
        for parameter in &mut self.parameters {
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            let place = match parameter["in"].as_str().unwrap_or_default() {
                "path" => &event["pathParameters"],
                "query" => &event["queryStringParameters"],
                _ => &event["headers"],
            };
            let told = place[&name].as_str();
            let told = told.map(|text| match parameter["in"].as_str() {
                // As its sender meant it: the event has it percent-encoded.
                Some("path") => decoded(text).unwrap_or_else(|| panic!("{name} of an answered request: {text}")),
                Some(_) | None => text.to_owned(),
            });
            if let (Some(told), true) = (told, parameter.get("example").is_none()) {
                // A number in a query is a number to who describes it.
                let number = told.parse::<u64>().ok().filter(|_| parameter["schema"]["type"] == "integer");
                parameter["example"] = number.map_or_else(|| json!(told), |number| json!(number));
            }
        }
    }

    /// Nothing is described that nobody has seen.
    ///
    /// # Panics
    /// If no event file was answered with a success, or no answer told of a replay that is described.
    pub(super) fn assert_shown(&self) {
        let is_shown = !self.requests.is_empty();
        assert!(is_shown, "{} {} has no event file that shows how it is called", self.method, self.path);
        let is_replayed = self.replays.is_empty() || self.answers.iter().any(Answer::is_seen_replayed);
        assert!(is_replayed, "{} {} is said to tell of replays, and nobody has seen one", self.method, self.path);
    }

    /// How many requests and answers are shown.
    pub(super) fn examples(&self) -> u64 {
        let answers: usize = self.answers.iter().map(Answer::examples).sum();
        u64::try_from(self.requests.len().saturating_add(answers)).unwrap_or(u64::MAX)
    }

    pub(super) fn document(&self) -> Value {
        let mut document = json!({
            "operationId": self.id,
            "summary": self.summary,
            "tags": [self.tag.name()],
            "security": [],
            "responses": answers::document(&self.answers),
        });
        if let Some(scope) = self.scope {
            document["security"] = json!([{"apiKey": [scope.name()]}]);
        }
        if !self.description.is_empty() {
            document["description"] = json!(self.description);
        }
        if !self.parameters.is_empty() {
            document["parameters"] = json!(self.parameters);
        }
        if let Some(taken) = &self.taken {
            let examples: Map<String, Value> = self
                .requests
                .iter()
                .filter(|(_, sent)| !sent.is_null())
                .map(|(name, sent)| (name.clone(), json!({"summary": format!("events/{name}.json"), "value": sent})))
                .collect();
            let mut content = json!({"schema": taken.schema});
            if !examples.is_empty() {
                content["examples"] = Value::Object(examples);
            }
            document["requestBody"] = json!({"required": taken.required, "content": {"application/json": content}});
        }
        document
    }
}
