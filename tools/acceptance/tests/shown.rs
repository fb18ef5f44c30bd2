//! What is in everybody's hands holds nothing that nobody may have: the events, the Postman collection and the description for machines are
//! looked through as every request is, by the same screens.

use std::collections::BTreeSet;

use acceptance::postman::LOCAL_KEY;
use acceptance::recording::is_authorization;
use acceptance::repository::{names, read};
use adapters::http::screen::forbidden;
use serde_json::Value;

/// The files of these folders, and one more.
const FOLDERS: [&str; 2] = ["events", "postman"];
const DESCRIPTION: &str = "docs/openapi.yaml";

/// Secrets that open nothing: the local stack's client key, and what the endpoint of the story signs with, at first and after a rotation.
const OPEN_NOTHING: [&str; 3] = [
    LOCAL_KEY,
    "whsec_gSq3GNjA5Hg5Bacx2c/SONdPODFAevIPrud9q/0kMyk=",
    "whsec_THbhDEe9HbYyyCk3On5x3+Ojsg1jReo+uIWGBZ4qacg=",
];
/// What is there to be refused, by its file and the place in it.
const REFUSED: [(&str, &str, &str); 4] = [
    ("events/initiate-card-number.json", "/body/description", CARD),
    ("events/payments-card-number.json", "/multiValueQueryStringParameters/reference/0", CARD),
    ("events/payments-card-number.json", "/queryStringParameters/reference", CARD),
    (
        "postman/quittance.postman_collection.json",
        "/item/What is refused/item/A card number/request/body/raw/description",
        CARD,
    ),
];
const CARD: &str = "raw_card_data";

#[test]
fn no_secret_and_no_card_number_is_in_what_everybody_has() {
    let (mut found, mut all) = (BTreeSet::new(), String::new());
    for path in shown() {
        let text = read(&path);
        let mut tell = |place: &str, why: &str| {
            found.insert((path.clone(), place.to_owned(), why.to_owned()));
        };
        match serde_json::from_str(&text) {
            Ok(value) => look(&value, "", &mut tell),
            Err(_) => look_at_lines(&text, &mut tell),
        }
        all.push_str(&text);
    }
    let refused = REFUSED.map(|(path, place, why)| (path.to_owned(), place.to_owned(), why.to_owned()));
    assert_eq!(found, BTreeSet::from(refused));
    for (number, secret) in OPEN_NOTHING.iter().enumerate() {
        assert!(all.contains(secret), "the secret number {number} is shown nowhere: it needs no leave");
    }
}

/// A key of another form than ours is a secret too.
#[test]
fn whoever_proves_itself_in_an_event_does_so_by_the_local_key() {
    for name in names("events").iter().filter(|name| name.ends_with(".json")) {
        let event: Value = serde_json::from_str(&read(&format!("events/{name}"))).unwrap();
        for headers in ["headers", "multiValueHeaders"] {
            let proofs =
                event[headers].as_object().into_iter().flatten().filter(|(header, _)| is_authorization(header));
            for (_, proof) in proofs {
                let proof = if headers == "headers" { proof } else { &proof[0] };
                assert!(*proof == format!("Bearer {LOCAL_KEY}"), "events/{name}");
            }
        }
    }
}

fn shown() -> Vec<String> {
    let of_folder = |folder: &str| names(folder).into_iter().map(|name| format!("{folder}/{name}")).collect::<Vec<_>>();
    FOLDERS.into_iter().flat_map(of_folder).chain([DESCRIPTION.to_owned()]).collect()
}

/// Goes through JSON; an item that has a name is called by it.
fn look(value: &Value, place: &str, tell: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                judge(name, &format!("{place} (a name)"), tell);
                look(value, &format!("{place}/{name}"), tell);
            }
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                let name = item["name"].as_str().map_or_else(|| number.to_string(), str::to_owned);
                look(item, &format!("{place}/{name}"), tell);
            }
        }
        // What is sent is JSON in a text of JSON.
        Value::String(text) => match serde_json::from_str(text) {
            Ok(sent @ (Value::Object(_) | Value::Array(_))) => look(&sent, place, tell),
            Ok(_) | Err(_) => judge(text, place, tell),
        },
        Value::Number(number) => judge(&number.to_string(), place, tell),
        Value::Null | Value::Bool(_) => {}
    }
}

/// A line's place is what stands before its colon.
fn look_at_lines(text: &str, tell: &mut impl FnMut(&str, &str)) {
    for line in text.lines() {
        let name = line.split(':').next().unwrap_or_default().trim();
        judge(line, if name.len() < line.trim().len() { name } else { "a line" }, tell);
    }
}

/// Says where something is, and what kind of thing, and never what.
fn judge(text: &str, place: &str, tell: &mut impl FnMut(&str, &str)) {
    let text = OPEN_NOTHING.iter().fold(text.to_owned(), |text, secret| text.replace(secret, ""));
    if let Some(refusal) = forbidden(&text) {
        tell(place, refusal.row().code);
    }
}

#[test]
fn what_should_not_be_there_is_found_wherever_it_stands() {
    // Put together here, so that no scanner takes this file for a leak.
    let secret = format!("sk_live_{}", "a1".repeat(12));
    let card = "4242 4242 4242 4242";
    let event = serde_json::json!({
        "headers": {"authorization": format!("Bearer {secret}"), "x-known": format!("Bearer {LOCAL_KEY}")},
        "body": serde_json::json!({"description": [card], (secret.clone()): 1, "paid": 4_242_424_242_424_242_u64}).to_string(),
        "path": "/customers/4242%204242%204242%204242",
    });
    let mut found = BTreeSet::new();
    look(&event, "", &mut |place, _| {
        found.insert(place.to_owned());
    });
    let wanted = ["/body (a name)", "/body/description/0", "/body/paid", "/headers/authorization", "/path"];
    assert_eq!(found, BTreeSet::from(wanted.map(str::to_owned)));

    let mut lines = Vec::new();
    look_at_lines(&format!("a: 1\nb: {secret}\nc: \"{card}\"\n"), &mut |place, _| lines.push(place.to_owned()));
    assert_eq!(lines, ["b", "c"]);
}
