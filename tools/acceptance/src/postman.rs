//! The Postman collection, made of what is there already: each request is that of a file of `events/`, with variables for what a run makes
//! up. `tests/postman.rs` writes it to `postman/` and holds it there; newman runs it (`cargo xtask test --full`).
//!
//! Must never: hold a secret of anybody's but the local stage's, which are known to everybody.

mod journey;

use serde_json::{Value, json};

use crate::recording::{is_authorization, is_aws_own};
use crate::repository::read;
use crate::signature::SECRET;

pub use self::journey::{FOLDERS, Folder, Step};

/// The client key of every local stack.
pub const LOCAL_KEY: &str = "qk_local_localdevelopmentonlylocaldevelopmentonlylocaldevelop";
/// What Postman calls the format.
const SCHEMA: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";
/// Whatever the story of `events/` calls a payment, an endpoint, or an object at Stripe, by how its name begins.
const NAMED: [(&str, &str); 3] =
    [("pay_", "{{transactionId}}"), ("whe_", "{{endpointId}}"), ("pi_qHkMiCK4yw6E6F4uvJRlmLA5", "{{paymentIntent}}")];
/// Signs what is sent as Stripe does: over the moment and the very bytes of the body.
const SIGN: [&str; 5] = [
    "const body = pm.variables.replaceIn(pm.request.body.raw);",
    "const moment = Math.floor(Date.now() / 1000);",
    "const secret = pm.environment.get('stripeSigningSecret');",
    "const signature = require('crypto-js').HmacSHA256(moment + '.' + body, secret).toString();",
    "pm.variables.set('stripeSignature', 't=' + moment + ',v1=' + signature);",
];

/// The collection.
#[must_use]
pub fn collection() -> Value {
    let folders = FOLDERS.iter().map(|folder| {
        json!({"name": folder.title, "description": folder.says, "item": folder.steps.iter().map(item).collect::<Vec<_>>()})
    });
    json!({
        "info": {
            "name": "Quittance",
            "description": "Made of events/ by tools/acceptance/src/postman.rs; change it there. Run all of it, or a folder alone: \
                each begins with what its other requests need.",
            "schema": SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{apiKey}}", "type": "string"}]},
        "item": folders.collect::<Vec<_>>(),
    })
}

/// The environment of the local stack, with its usual ports. That it is what `cargo xtask up` deploys is tested beside that
/// (`tools/xtask/src/newman.rs`).
#[must_use]
pub fn environment() -> Value {
    let value = |key: &str, value: &str, kind: &str| json!({"key": key, "value": value, "type": kind, "enabled": true});
    json!({
        "name": "Quittance, local stack",
        "values": [
            value("baseUrl", "http://127.0.0.1:4566/restapis/quittance/v1/_user_request_", "default"),
            value("apiKey", LOCAL_KEY, "secret"),
            value("stripeSigningSecret", SECRET, "secret"),
            value("sandboxUrl", "http://127.0.0.1:12111", "default"),
        ],
        "_postman_variable_scope": "environment",
    })
}

fn item(step: &Step) -> Value {
    let request = step.request();
    let mut scripts = vec![json!({"listen": "test", "script": {"type": "text/javascript", "exec": step.tests()}})];
    let before: Vec<&str> = step.before.iter().chain(SIGN.iter().filter(|_| step.is_signed)).copied().collect();
    if !before.is_empty() {
        scripts.push(json!({"listen": "prerequest", "script": {"type": "text/javascript", "exec": before}}));
    }
    json!({"name": step.title, "request": request, "event": scripts})
}

impl Step {
    /// The event file that the request is that of; none for what is no route of ours.
    fn event(&self) -> Value {
        let text = read(&format!("events/{}.json", self.event));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("events/{}.json: {error}", self.event))
    }

    fn request(&self) -> Value {
        if let Some(steered) = self.steers {
            return json!({
                "method": "POST", "url": format!("{{{{sandboxUrl}}}}/_sandbox/{}", self.event), "auth": {"type": "noauth"},
                "header": [header("Content-Type", "application/json")], "body": {"mode": "raw", "raw": steered},
            });
        }
        let event = self.event();
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        let mut request =
            json!({"method": text("httpMethod"), "url": url(&event, self.unasked), "header": self.headers(&event)});
        if !text("body").is_empty() {
            let body = self.varied.iter().fold(named(text("body")), |body, (from, to)| {
                assert!(body.contains(from), "{}: {from} is not in {body}", self.title);
                body.replace(from, to)
            });
            request["body"] = json!({"mode": "raw", "raw": body, "options": {"raw": {"language": "json"}}});
        }
        // Who is let in without a key shows something else; who is not let in shows nothing.
        let headers = event["headers"].as_object().into_iter().flatten();
        if !headers.into_iter().any(|(name, _)| is_authorization(name)) {
            request["auth"] = json!({"type": "noauth"});
        }
        request
    }

    fn headers(&self, event: &Value) -> Vec<Value> {
        let told = ["Accept", "User-Agent"];
        let headers = event["headers"].as_object().into_iter().flatten();
        let headers =
            headers.filter(|(name, _)| !is_aws_own(name) && !is_authorization(name) && !told.contains(&name.as_str()));
        let headers = headers.map(|(name, value)| {
            let value = value.as_str().unwrap_or_default();
            match name.as_str() {
                "Idempotency-Key" => header(name, &format!("{{{{run}}}}-{}", value.trim_start_matches("event-"))),
                "Stripe-Signature" if self.is_signed => header(name, "{{stripeSignature}}"),
                _ => header(name, value),
            }
        });
        headers.collect()
    }

    fn tests(&self) -> Vec<String> {
        let mut lines = Vec::new();
        lines.push(format!("pm.test('{}', () => pm.response.to.have.status({}));", self.status, self.status));
        if self.status >= 400 {
            lines.push("const problem = pm.response.json();".to_owned());
            lines.push(format!("pm.test('{0}', () => pm.expect(problem.code).to.eql('{0}'));", self.code));
            lines.push("pm.test('its type leads to its code', () => pm.expect(problem.type).to.match(new RegExp('[#/=:]' + problem.code + '$')));".to_owned());
        }
        lines.extend(self.tests.iter().map(|line| (*line).to_owned()));
        let Some((until, tries)) = self.until else { return lines };
        // What comes by webhook comes a moment later. Postman goes on when a script's timers have rung.
        let asks_again = [
            "const tries = Number(pm.environment.get('tries') || 0);".to_owned(),
            format!("if (!({until}) && tries < {tries}) {{"),
            "    pm.environment.set('tries', tries + 1);".to_owned(),
            "    pm.execution.setNextRequest(pm.info.requestName);".to_owned(),
            "    setTimeout(() => {}, 300);".to_owned(),
            "} else {".to_owned(),
            "    pm.environment.unset('tries');".to_owned(),
        ];
        let then = lines.into_iter().map(|line| format!("    {line}"));
        asks_again.into_iter().chain(then).chain(["}".to_owned()]).collect()
    }
}

fn header(name: &str, value: &str) -> Value {
    json!({"key": name, "value": value})
}

/// The route with variables for what is made up: `{transactionId}` is `{{transactionId}}`. Where a file's path is wrong on purpose, or
/// names what is always the same, it is the path itself. `unasked` is left out of the query.
fn url(event: &Value, unasked: &[&str]) -> Value {
    for name in unasked {
        assert!(event["queryStringParameters"].get(name).is_some(), "{name} is not asked anyway");
    }
    let made_up = ["transactionId", "disputeId", "endpointId", "eventId"];
    let mut path = event["resource"].as_str().unwrap_or_default().to_owned();
    for name in made_up {
        path = path.replace(&format!("{{{name}}}"), &format!("{{{{{name}}}}}"));
    }
    if path.replace("{{", "").contains('{') {
        path = event["path"].as_str().unwrap_or_default().to_owned();
    }
    let asked = event["queryStringParameters"].as_object().into_iter().flatten();
    let asked: Vec<(String, String)> = asked
        .filter(|(name, _)| !unasked.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    let query: Vec<Value> = asked.iter().map(|(name, value)| json!({"key": name, "value": value})).collect();
    let text: Vec<String> = asked.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mark = if text.is_empty() { "" } else { "?" };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let mut url = json!({"raw": format!("{{{{baseUrl}}}}{path}{mark}{}", text.join("&")), "host": ["{{baseUrl}}"], "path": parts});
    if !query.is_empty() {
        url["query"] = json!(query);
    }
    url
}

/// With variables for the story's names.
fn named(body: &str) -> String {
    let mut text = body.to_owned();
    for (begin, variable) in NAMED {
        while let Some(place) = text.find(begin) {
            let (before, rest) = text.split_at(place);
            let end = if begin.len() > 4 {
                begin.len()
            } else {
                rest.find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
                    .unwrap_or(rest.len())
            };
            text = format!("{before}{variable}{}", &rest[end..]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_makes_up_is_a_variable() {
        assert_eq!(
            named(r#"{"transactionId": "pay_abc234", "amount": 5}"#),
            r#"{"transactionId": "{{transactionId}}", "amount": 5}"#
        );
        assert_eq!(
            named("pi_qHkMiCK4yw6E6F4uvJRlmLA5_secret_event pay_a:confirm:1"),
            "{{paymentIntent}}_secret_event {{transactionId}}:confirm:1"
        );
    }
}
