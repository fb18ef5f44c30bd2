//! Each file of events/ is what AWS hands to the function: recorded anew from the local AWS, it is the same again, but for what differs
//! from day to day and for what the local AWS is known not to do as AWS does.
//!
//! `cargo xtask record-events` runs this with [`WRITE`], and then what was recorded is written down.

#![expect(clippy::panic, reason = "a test speaks by panicking")]

use std::fs;
use std::panic::AssertUnwindSafe;
use std::sync::OnceLock;

use acceptance::recording::{Kind, Recorder, as_aws_has_it, is_there, printed};
use acceptance::repository::{names, read, root};
use acceptance::stack::on_stack;
use acceptance::{a_few_at_a_time, say};
use futures_util::FutureExt as _;
use serde_json::Value;

/// Set to `1`, it has the files written anew.
const WRITE: &str = "QUITTANCE_RECORD_EVENTS";

/// What is handed over by nobody whom the local stack has, and by whom it is.
const NOT_RECORDED: [(&str, &str); 2] = [
    ("publish-retell", "a person, with `aws lambda invoke`: docs/RUNBOOK.md"),
    (
        "webhook-base64",
        "an API Gateway that is told that bodies are binary; ours is not, and a change of it must not lose webhooks",
    ),
];

#[test]
fn every_event_file_is_what_the_local_aws_hands_over() {
    let writes = std::env::var(WRITE).is_ok_and(|value| value == "1");
    on_stack(async |stack| {
        let files: Vec<String> = names("events")
            .into_iter()
            .filter_map(|file| file.strip_suffix(".json").map(str::to_owned))
            .filter(|name| !NOT_RECORDED.iter().any(|(not, _)| not == name))
            .collect();
        let recorded = Recorder::during(&stack.aws, async |recorder| {
            a_few_at_a_time(&files, async |name| {
                let file = event(name);
                (name, recorder.recorded(&file).await, file)
            })
            .await
        })
        .await;

        let mut drifted = Vec::new();
        for (name, recorded, file) in recorded {
            let model = Kind::of(&file).model();
            let told = as_aws_has_it(&recorded, &file, &event(model))
                .unwrap_or_else(|why| panic!("events/{name}.json: {why}"));
            if told == file {
                continue;
            }
            if writes {
                let text = printed(&told, &[&text(name), &text(model)]);
                fs::write(root().join(format!("events/{name}.json")), text).unwrap();
                say(&format!("events/{name}.json is another now"));
            }
            drifted.push(format!("events/{name}.json: {}", difference(&file, &told, "")));
        }
        assert!(
            drifted.is_empty() || writes,
            "{} of {} files are not what the local AWS hands over (`cargo xtask record-events` writes them anew):\n{}",
            drifted.len(),
            files.len(),
            drifted.join("\n")
        );
        say(&format!("{} events were recorded anew", files.len()));
    });
}

#[test]
fn whoever_gives_up_recording_leaves_no_recorder_behind() {
    on_stack(async |stack| {
        let name = OnceLock::new();
        let gives_up = Recorder::during(&stack.aws, async |recorder| {
            assert!(is_there(&stack.aws, recorder.name()).await);
            name.set(recorder.name().to_owned()).unwrap();
            panic!("somebody has begun a file that cannot be recorded");
        });
        let outcome: Result<(), _> = AssertUnwindSafe(gives_up).catch_unwind().await;
        assert!(outcome.is_err(), "what went wrong is told");
        assert!(!is_there(&stack.aws, name.get().unwrap()).await);
    });
}

/// The first place where two values are not the same.
fn difference(file: &Value, told: &Value, place: &str) -> String {
    if let (Value::Object(file), Value::Object(told)) = (file, told) {
        let names = file.keys().chain(told.keys());
        let mut names = names.filter(|name| file.get(*name) != told.get(*name));
        if let Some(name) = names.next() {
            let part = |fields: &serde_json::Map<String, Value>| fields.get(name).cloned().unwrap_or_default();
            return difference(&part(file), &part(told), &format!("{place}/{name}"));
        }
    }
    format!("{place} is {told} and not {file}")
}

fn event(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("events/{name}.json: {error}"))
}

fn text(name: &str) -> String {
    read(&format!("events/{name}.json"))
}
