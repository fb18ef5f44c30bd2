//! Each file of events/ through the deployed function that it is named after, exactly as `cargo lambda invoke` sends it.
//!
//! What each is answered word for word is pinned beside its handler; here it meets the real function, its role, the table
//! and the gateway. The files tell the story of a few payments, so they go in its order; told again, whatever did
//! something is a replay.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use acceptance::repository::deployed_functions;
use acceptance::stack::{Stack, on_stack};
use serde_json::{Value, json};

/// The file, its function, and what is answered: the first time, and from then on.
const STORY: [(&str, &str, [Answered; 2]); 92] = [
    ("initiate", "initiate", [Answered::Status(201), Answered::Status(200)]),
    ("initiate-again", "initiate", [Answered::Status(200); 2]),
    ("initiate-manual-capture", "initiate", [Answered::Status(201), Answered::Status(200)]),
    ("initiate-abandoned", "initiate", [Answered::Status(201), Answered::Status(200)]),
    ("initiate-invalid", "initiate", [Answered::Status(400); 2]),
    ("initiate-card-number", "initiate", [Answered::Status(422); 2]),
    ("status-unauthorized", "status", [Answered::Status(401); 2]),
    ("confirm-declined", "confirm", [Answered::Status(402); 2]),
    ("webhook-declined", "webhook", [Answered::Status(200); 2]),
    ("confirm", "confirm", [Answered::Status(200); 2]),
    ("confirm-again", "confirm", [Answered::Status(200); 2]),
    ("confirm-invalid", "confirm", [Answered::Status(400); 2]),
    ("status", "status", [Answered::Status(200); 2]),
    ("status-again", "status", [Answered::Status(200); 2]),
    ("status-timeline", "status", [Answered::Status(200); 2]),
    ("status-customer", "status", [Answered::Status(200); 2]),
    ("status-invalid", "status", [Answered::Status(400); 2]),
    // Nobody of this name pays in the story: whoever is asked for is erased, and as often as anybody asks.
    ("customer", "customer", [Answered::Status(204); 2]),
    ("customer-again", "customer", [Answered::Status(204); 2]),
    ("customer-invalid", "customer", [Answered::Status(400); 2]),
    ("webhook", "webhook", [Answered::Status(200); 2]),
    ("webhook-again", "webhook", [Answered::Status(200); 2]),
    ("webhook-base64", "webhook", [Answered::Status(200); 2]),
    ("webhook-forged", "webhook", [Answered::Status(400); 2]),
    ("confirm-manual-capture", "confirm", [Answered::Status(200); 2]),
    // Told again, nothing is held any more.
    ("capture-too-much", "capture", [Answered::Status(422), Answered::Status(409)]),
    ("capture", "capture", [Answered::Status(200); 2]),
    ("capture-again", "capture", [Answered::Status(200); 2]),
    ("capture-reused", "capture", [Answered::Status(422); 2]),
    ("refund-too-much", "refund", [Answered::Status(422); 2]),
    ("refund", "refund", [Answered::Status(200); 2]),
    ("refund-again", "refund", [Answered::Status(200); 2]),
    ("webhook-refunded", "webhook", [Answered::Status(200); 2]),
    // The sandbox has no such dispute: it stays as nobody has seen it, and nothing can be answered yet.
    ("webhook-dispute", "webhook", [Answered::Status(200); 2]),
    ("retry-dispute", "retry", [Answered::Batch(&[]); 2]),
    // Nor such a warning.
    ("webhook-fraud-warning", "webhook", [Answered::Status(200); 2]),
    ("retry-fraud-warning", "retry", [Answered::Batch(&[]); 2]),
    ("dispute", "dispute", [Answered::Status(200); 2]),
    ("dispute-list", "dispute", [Answered::Status(200); 2]),
    ("dispute-list-invalid", "dispute", [Answered::Status(400); 2]),
    ("dispute-evidence-invalid", "dispute", [Answered::Status(400); 2]),
    ("dispute-evidence-draft", "dispute", [Answered::Status(409); 2]),
    ("dispute-evidence", "dispute", [Answered::Status(409); 2]),
    ("dispute-evidence-again", "dispute", [Answered::Status(409); 2]),
    ("dispute-accept", "dispute", [Answered::Status(409); 2]),
    // Where PayPal is a stand-in on this machine, its recorded webhooks are believed; the last has another amount than was signed.
    ("initiate-paypal", "initiate", [Answered::Status(201), Answered::Status(200)]),
    (APPROVED, "webhook", [Answered::Status(200); 2]),
    ("confirm-paypal", "confirm", [Answered::Status(200); 2]),
    ("webhook-paypal", "webhook", [Answered::Status(200); 2]),
    ("refund-paypal", "refund", [Answered::Status(200); 2]),
    ("webhook-paypal-refunded", "webhook", [Answered::Status(200); 2]),
    ("webhook-paypal-forged", "webhook", [Answered::Status(400); 2]),
    ("webhook-paypal-dispute", "webhook", [Answered::Status(200); 2]),
    ("dispute-paypal", "dispute", [Answered::Status(200); 2]),
    ("dispute-evidence-paypal", "dispute", [Answered::Status(409); 2]),
    ("cancel-invalid", "cancel", [Answered::Status(400); 2]),
    ("cancel", "cancel", [Answered::Status(200); 2]),
    ("cancel-again", "cancel", [Answered::Status(200); 2]),
    ("cancel-too-late", "cancel", [Answered::Status(409); 2]),
    ("payments", "payments", [Answered::Status(200); 2]),
    ("payments-again", "payments", [Answered::Status(200); 2]),
    ("payments-of-a-day", "payments", [Answered::Status(200); 2]),
    ("payments-invalid", "payments", [Answered::Status(400); 2]),
    ("payments-card-number", "payments", [Answered::Status(422); 2]),
    // What was told of it, and to whom. Nobody answers at that address, and nothing is sent there when the story is over.
    ("webhook-endpoint", "webhook-endpoint", [Answered::Status(201), Answered::Status(200)]),
    ("webhook-endpoint-again", "webhook-endpoint", [Answered::Status(200); 2]),
    ("webhook-endpoint-enable", "webhook-endpoint", [Answered::Status(200); 2]),
    ("webhook-endpoint-invalid", "webhook-endpoint", [Answered::Status(400); 2]),
    ("webhook-endpoint-reused", "webhook-endpoint", [Answered::Status(422); 2]),
    ("webhook-endpoint-list", "webhook-endpoint", [Answered::Status(200); 2]),
    ("webhook-endpoint-show", "webhook-endpoint", [Answered::Status(200); 2]),
    ("webhook-endpoint-rotate", "webhook-endpoint", [Answered::Status(200); 2]),
    ("webhook-endpoint-events", "webhook-endpoint", [Answered::Status(200); 2]),
    ("webhook-endpoint-events-invalid", "webhook-endpoint", [Answered::Status(400); 2]),
    ("webhook-endpoint-event", "webhook-endpoint", [Answered::Status(200); 2]),
    ("webhook-endpoint-event-redeliver", "webhook-endpoint", [Answered::Status(202); 2]),
    ("webhook-endpoint-redeliver", "webhook-endpoint", [Answered::Status(202); 2]),
    ("webhook-endpoint-redeliver-invalid", "webhook-endpoint", [Answered::Status(400); 2]),
    ("deliver", "deliver", [Answered::Batch(&[]); 2]),
    ("deliver-again", "deliver", [Answered::Batch(&[]); 2]),
    ("deliver-poisoned", "deliver", [Answered::Batch(&NO_DELIVERIES); 2]),
    ("webhook-endpoint-disable", "webhook-endpoint", [Answered::Status(200); 2]),
    ("retry", "retry", [Answered::Batch(&[]); 2]),
    ("retry-again", "retry", [Answered::Batch(&[]); 2]),
    ("retry-poisoned", "retry", [Answered::Poison; 2]),
    ("sweep", "sweep", [Answered::Swept; 2]),
    ("sweep-again", "sweep", [Answered::Swept; 2]),
    // Whatever wakes it: an event of somebody else's, by a rule that points to the wrong function.
    ("sweep-misdirected", "sweep", [Answered::Swept; 2]),
    // The stack's own stream has told these long since.
    ("publish", "publish", [Answered::Batch(&[]); 2]),
    ("publish-again", "publish", [Answered::Batch(&[]); 2]),
    ("publish-poisoned", "publish", [Answered::Batch(&[]); 2]),
    ("publish-retell", "publish", [Answered::Batch(&[]); 2]),
];

/// The records of `deliver-poisoned` that name no delivery.
const NO_DELIVERIES: [&str; 2] = ["059f36b4-87a3-44ab-83d2-661970000012", "059f36b4-87a3-44ab-83d2-661970000013"];

/// What PayPal tells when a payer has approved; in the story, the payer does so just before.
const APPROVED: &str = "webhook-paypal-approved";
/// Where the recorded webhooks say that their certificate is: at the sandbox of the usual local stack.
const RECORDED_AT: &str = "http://127.0.0.1:12111/";

/// Bad events that are answered as if they were none: what nobody can tell is put aside, and whatever wakes a sweep is as good as the clock.
const BORNE: [&str; 2] = ["publish-poisoned", "sweep-misdirected"];

/// What an event file shows of its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// It does what it is for.
    Good,
    /// What was told before comes again: a client sends its request again, a gateway its event, a queue its message, the clock its minute.
    Again,
    /// It is refused, or cannot be served.
    Bad,
}

#[derive(Clone, Copy)]
enum Answered {
    /// An HTTP status, as API Gateway passes it on.
    Status(u16),
    /// The messages of an SQS batch that must be delivered again.
    Batch(&'static [&'static str]),
    /// The messages of the batch that are no nudges, and only they, are delivered again.
    Poison,
    /// A sweep that could read everything.
    Swept,
}

#[test]
fn every_event_file_is_answered_by_its_deployed_function() {
    on_stack(async |stack| {
        for round in 0..2 {
            for (name, function, answers) in STORY {
                let text = file(name);
                if name == APPROVED && round == 0 {
                    payer_approves(stack).await;
                }
                let answer = stack.aws.invoke(function, &of_this_stack(stack, &text)).await.expect(200);
                assert_eq!(answer.header("x-amz-function-error"), "", "{name}: {}", answer.text);
                check(name, &text, &answer.json(), &answers, round);
            }
        }
        for confirmed in ["confirm", "confirm-paypal"] {
            charged_once(stack, &transaction(confirmed)).await;
        }
    });
}

#[test]
fn every_function_has_a_good_event_one_that_comes_again_and_a_bad_one() {
    let mut kinds: BTreeMap<&str, BTreeSet<Kind>> = BTreeMap::new();
    for (name, function, answers) in STORY {
        kinds.entry(function).or_default().insert(kind(name, answers));
    }
    let deployed: BTreeSet<String> = deployed_functions().into_iter().map(|function| function.binary).collect();
    assert_eq!(kinds.keys().map(|function| (*function).to_owned()).collect::<BTreeSet<_>>(), deployed);
    for (function, kinds) in kinds {
        assert_eq!(kinds, BTreeSet::from([Kind::Good, Kind::Again, Kind::Bad]), "events/{function}*.json");
    }
}

/// What comes again is the same event, but for what AWS or a gateway counts, or stamps anew.
#[test]
fn what_comes_again_says_the_same_as_the_first_time() {
    for (name, ..) in STORY {
        let Some(first) = name.strip_suffix("-again").filter(|first| *first != "publish") else { continue };
        let said = |name: &str| -> Value {
            let event: Value = serde_json::from_str(&file(name)).unwrap();
            let records = event["Records"].as_array().into_iter().flatten();
            let records: Vec<Value> = records.map(|record| json!([record["messageId"], record["body"]])).collect();
            json!([
                event["httpMethod"],
                event["path"],
                event["queryStringParameters"],
                event["body"],
                event["id"],
                event["headers"]["Authorization"],
                event["headers"]["Idempotency-Key"],
                records,
            ])
        };
        assert_eq!(said(name), said(first), "{name}");
        // The clock's event is delivered twice, and says nothing of it.
        assert_eq!(file(name) == file(first), first == "sweep", "{name} is a delivery of its own");
    }
}

#[test]
fn the_story_leaves_no_event_file_out() {
    let told: BTreeSet<String> = STORY.iter().map(|(name, ..)| format!("{name}.json")).collect();
    let there: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        .collect();
    assert_eq!(told, there);
}

fn check(name: &str, event: &str, answer: &Value, answers: &[Answered; 2], round: usize) {
    match answers[round] {
        Answered::Status(status) => {
            // The stack may have heard the story before, from somebody who invoked the files by hand.
            let heard = matches!(answers[1], Answered::Status(later) if answer["statusCode"] == json!(later));
            assert!(answer["statusCode"] == json!(status) || heard, "{name}: {answer}");
        }
        Answered::Batch(failed) => assert_eq!(failures(answer), *failed, "{name}: {answer}"),
        Answered::Poison => {
            let event: Value = serde_json::from_str(event).unwrap();
            let is_nudge = |record: &&Value| {
                let body: Value = serde_json::from_str(record["body"].as_str().unwrap()).unwrap_or_default();
                body["transactionId"].as_str().is_some_and(|id| id.starts_with("pay_"))
            };
            let records = event["Records"].as_array().unwrap();
            let poison: Vec<&str> = records
                .iter()
                .filter(|record| !is_nudge(record))
                .map(|record| record["messageId"].as_str().unwrap())
                .collect();
            assert!(!poison.is_empty(), "{name} has no poison in it");
            assert_eq!(failures(answer), poison, "{name}: {answer}");
        }
        Answered::Swept => {
            assert_eq!(
                (&answer["failedPartitions"], &answer["found"]),
                (&json!(0), &answer["nudged"]),
                "{name}: {answer}"
            );
        }
    }
}

fn kind(name: &str, answers: [Answered; 2]) -> Kind {
    if name.ends_with("-again") {
        return Kind::Again;
    }
    if BORNE.contains(&name) {
        return Kind::Bad;
    }
    let [first, _] = answers;
    match first {
        Answered::Status(status) if status >= 400 => Kind::Bad,
        Answered::Batch(failed) if !failed.is_empty() => Kind::Bad,
        Answered::Poison => Kind::Bad,
        Answered::Status(_) | Answered::Batch(_) | Answered::Swept => Kind::Good,
    }
}

fn failures(answer: &Value) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array().unwrap_or_else(|| panic!("{answer}"));
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap()).collect()
}

/// However often the story is told, the payer paid once.
async fn charged_once(stack: &Stack, id: &str) {
    let paid = stack.api.status(id).await.expect(200).json();
    assert_eq!(paid["status"], "succeeded");
    assert_eq!(stack.sandbox.charges(id).await.len(), 1, "{paid}");
}

/// The payer of the payment at PayPal, unless they have heard the story before.
async fn payer_approves(stack: &Stack) {
    let id = transaction("confirm-paypal");
    if stack.api.status(&id).await.expect(200).text_at("/status") != "succeeded" {
        drop(stack.sandbox.payer_decides(&id, "approve").await);
    }
}

/// The payment that the body of an event file is about.
fn transaction(name: &str) -> String {
    let event: Value = serde_json::from_str(&file(name)).unwrap();
    let body: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
    body["transactionId"].as_str().unwrap().to_owned()
}

/// The same event with PayPal's certificate where this stack's sandbox shows it. What is signed is not touched.
fn of_this_stack(stack: &Stack, text: &str) -> String {
    let mut event: Value = serde_json::from_str(text).unwrap();
    let here = format!("{}/", stack.sandbox.url());
    for (headers, place) in [("headers", "/PayPal-Cert-Url"), ("multiValueHeaders", "/PayPal-Cert-Url/0")] {
        if let Some(url) = event[headers].pointer_mut(place) {
            *url = json!(url.as_str().unwrap().replace(RECORDED_AT, &here));
        }
    }
    event.to_string()
}

fn file(name: &str) -> String {
    fs::read_to_string(folder().join(name).with_extension("json")).unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events")
}
