//! The last look of `cargo xtask test`: every secret of the tests' stack was in its place all the while, like a canary in a mine;
//! now everything that the stack has said and kept is searched for it.
//!
//! Searched are all lines of all logs, all rows, what lies in the queues, and the settings of the functions. What is answered
//! is looked at by the acceptance tests as they go (`acceptance::wire`).
//!
//! Must never: print what it found, or run on a stack that is to go on, because it takes the queues' messages.

use std::path::Path;

use serde_json::{Value, json};

use crate::aws::Account;
use crate::failure::Failure;
use crate::place::{Place, REGION};
use crate::{bundle, http, proof, secrets};

/// Fields of our secrets that are not secret. What is new counts as secret until it stands here.
const PUBLIC: [&str; 6] = ["clientId", "webhookId", "trustedRoot", "sha256", "scopes", "expiresAt"];
/// Shorter texts are found everywhere.
const SECRET_CHARACTERS_MIN: usize = 8;
/// CloudWatch Logs gives twice as many at once; ten megabytes are the most that our HTTP client reads.
const LOG_PAGE: usize = 5_000;
/// A queue that gives ten messages more often than this is being filled meanwhile.
const QUEUE_READS_MAX: u32 = 1_000;

/// Fails if a secret is where none may be. How much was searched goes to the figures.
pub(crate) fn look(own: &Place, proof: &Path) -> Result<(), Failure> {
    println!("· looking for the stack's secrets in all that it has said and kept");
    let account = Account::Local(own);
    let mut search = Search { secrets: secrets_of(account)?, searched: 0, found: Vec::new() };
    proof::tell(proof, "canary", count(search.secrets.len()), "secrets")?;
    for (what, places) in [
        ("log lines", log_lines(own)?),
        ("rows", rows(account)?),
        ("messages", messages(own)?),
        ("functions' settings", settings(account)?),
    ] {
        search.searched = 0;
        for (place, text) in &places {
            search.through(place, text);
        }
        proof::tell(proof, "canary", search.searched, what)?;
    }
    if search.found.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("secrets are where none may be: {}", search.found.join("; "))))
}

/// A secret's name and value.
type Named = (String, String);
/// Where a text stands, and the text.
type Placed = (String, String);

struct Search {
    secrets: Vec<Named>,
    searched: u64,
    found: Vec<String>,
}

impl Search {
    fn through(&mut self, place: &str, text: &str) {
        self.searched = self.searched.saturating_add(1);
        for (name, _) in self.secrets.iter().filter(|(_, secret)| text.contains(secret)) {
            self.found.push(format!("{name} in {place}"));
        }
    }
}

/// Every secret text of every secret of the stack, and the local client key, of which the stack keeps a hash.
fn secrets_of(account: Account<'_>) -> Result<Vec<Named>, Failure> {
    let listed = account.aws(&["secretsmanager", "list-secrets"])?;
    let mut secrets = vec![("the client key".to_owned(), secrets::local_key_secret().to_owned())];
    for secret in listed.get("SecretList").and_then(Value::as_array).into_iter().flatten() {
        let Some(arn) = secret.get("ARN").and_then(Value::as_str) else { continue };
        let Some(document) = account.secret(arn)? else { continue };
        let name = secret.get("Name").and_then(Value::as_str).unwrap_or(arn);
        secret_texts(name, &document, &mut secrets);
    }
    Ok(secrets)
}

fn secret_texts(name: &str, document: &Value, secrets: &mut Vec<Named>) {
    match document {
        Value::String(text) if text.chars().count() >= SECRET_CHARACTERS_MIN => {
            secrets.push((name.to_owned(), text.clone()));
        }
        Value::Array(items) => items.iter().for_each(|item| secret_texts(name, item, secrets)),
        Value::Object(fields) => {
            for (field, value) in fields.iter().filter(|(field, _)| !PUBLIC.contains(&field.as_str())) {
                secret_texts(&format!("{name}.{field}"), value, secrets);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn log_lines(own: &Place) -> Result<Vec<Placed>, Failure> {
    let mut lines = Vec::new();
    for function in bundle::functions(own)? {
        let mut from = 0;
        loop {
            let group = format!("/aws/lambda/{}-{}", crate::place::STACK, function.binary);
            let asked = json!({"logGroupName": group, "startTime": from, "limit": LOG_PAGE});
            let page = ask(own, "logs", "Logs_20140328.FilterLogEvents", "application/x-amz-json-1.1", &asked)?;
            let events = page.get("events").and_then(Value::as_array).cloned().unwrap_or_default();
            let time = |event: &Value| event.get("timestamp").and_then(Value::as_u64).unwrap_or_default();
            let last = events.last().map_or(from, time);
            for event in &events {
                // The lines of the page's first moment were in the page before it, too.
                if from == 0 || time(event) > from {
                    let text = event.get("message").and_then(Value::as_str).unwrap_or_default();
                    lines.push((format!("a log line of {}", function.binary), text.to_owned()));
                }
            }
            if events.len() < LOG_PAGE || last == from {
                break;
            }
            from = last;
        }
    }
    Ok(lines)
}

fn rows(account: Account<'_>) -> Result<Vec<Placed>, Failure> {
    let table = account.stack_output(crate::place::STACK, "TableName")?;
    let scanned = account.aws(&["dynamodb", "scan", "--table-name", &table])?;
    let items = scanned.get("Items").and_then(Value::as_array).cloned().unwrap_or_default();
    let key = |item: &Value| item.pointer("/pk/S").and_then(Value::as_str).unwrap_or("?").to_owned();
    Ok(items.iter().map(|item| (format!("the row {}", key(item)), item.to_string())).collect())
}

fn messages(own: &Place) -> Result<Vec<Placed>, Failure> {
    // Not by the command line: for this one service it goes to an address of its own, whatever it was told.
    let listed = ask(own, "sqs", "AmazonSQS.ListQueues", "application/x-amz-json-1.0", &json!({}))?;
    let mut messages = Vec::new();
    for url in listed.get("QueueUrls").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        for _ in 0..QUEUE_READS_MAX {
            let asked = json!({"QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 3600});
            let answer = ask(own, "sqs", "AmazonSQS.ReceiveMessage", "application/x-amz-json-1.0", &asked)?;
            let received = answer.get("Messages").and_then(Value::as_array).cloned().unwrap_or_default();
            if received.is_empty() {
                break;
            }
            messages.extend(received.iter().map(|message| (format!("a message in {url}"), message.to_string())));
        }
    }
    Ok(messages)
}

fn settings(account: Account<'_>) -> Result<Vec<Placed>, Failure> {
    let listed = account.aws(&["lambda", "list-functions"])?;
    let functions = listed.get("Functions").and_then(Value::as_array).cloned().unwrap_or_default();
    let name = |function: &Value| function.get("FunctionName").and_then(Value::as_str).unwrap_or("?").to_owned();
    Ok(functions.iter().map(|function| (format!("the settings of {}", name(function)), function.to_string())).collect())
}

/// One call to the local AWS, without the second that its command line needs to start.
fn ask(own: &Place, service: &str, target: &str, content_type: &str, body: &Value) -> Result<Value, Failure> {
    // ministack takes the account and the region from here; it checks no signature of its root user.
    let credential = format!("AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request");
    let headers = [("content-type", content_type), ("x-amz-target", target), ("authorization", credential.as_str())];
    let answer = http::post(&own.aws_url(), &headers, body)?;
    if answer.status == 200 {
        return Ok(answer.body);
    }
    Err(Failure::new(format!("the local AWS answers {target} with {}", answer.status)))
}

fn count(things: usize) -> u64 {
    u64::try_from(things).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_to_be_public_is_a_secret() {
        let document = json!({
            "clientId": "a-public-client", "clientSecret": "sandbox-secret", "signingSecrets": ["whsec_one", "whsec_two"],
            "keys": {"local": {"sha256": "0123456789abcdef", "scopes": ["payments:read"], "expiresAt": null, "note": "short"}},
        });
        let mut secrets = Vec::new();
        secret_texts("s", &document, &mut secrets);
        let secrets: Vec<&str> = secrets.iter().map(|(_, secret)| secret.as_str()).collect();
        assert_eq!(secrets, ["sandbox-secret", "whsec_one", "whsec_two"]);
    }

    #[test]
    fn what_is_found_is_told_by_its_name_and_place_and_never_shown() {
        let secrets = vec![("the key".to_owned(), "sk_test_sandbox".to_owned())];
        let mut search = Search { secrets, searched: 0, found: Vec::new() };
        search.through("a row", r#"{"a":"nothing"}"#);
        search.through("a log line", "Bearer sk_test_sandbox");
        assert_eq!((search.searched, search.found), (2, vec!["the key in a log line".to_owned()]));
    }
}
