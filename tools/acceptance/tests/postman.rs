//! The Postman collection is what `events/` and the routes say, and shows every route.

use std::collections::BTreeSet;

use acceptance::postman::{FOLDERS, collection, environment};
use acceptance::repository::{deployed_functions, read};
use expect_test::expect_file;
use serde_json::Value;

/// `UPDATE_EXPECT=1 cargo test -p acceptance --test postman` writes both.
#[test]
fn the_collection_and_the_environment_are_made_of_what_is_here() {
    let text = |value: Value| serde_json::to_string_pretty(&value).unwrap() + "\n";
    expect_file!["../../../postman/quittance.postman_collection.json"].assert_eq(&text(collection()));
    expect_file!["../../../postman/local.postman_environment.json"].assert_eq(&text(environment()));
}

#[test]
fn every_route_has_a_request_in_the_collection() {
    let routes: BTreeSet<String> = deployed_functions().into_iter().flat_map(|function| function.routes).collect();
    let ours = FOLDERS.iter().flat_map(|folder| folder.steps).filter(|step| step.steers.is_none());
    let asked: BTreeSet<String> = ours
        .map(|step| {
            let event: Value = serde_json::from_str(&read(&format!("events/{}.json", step.event))).unwrap();
            format!("{} {}", event["httpMethod"].as_str().unwrap(), event["resource"].as_str().unwrap())
        })
        .collect();
    assert_eq!(asked, routes);
}

#[test]
fn every_request_of_the_collection_says_what_must_come_of_it() {
    for step in FOLDERS.iter().flat_map(|folder| folder.steps) {
        assert_eq!(step.status >= 400, !step.code.is_empty(), "{}", step.title);
        // A status alone is also that of an answer about something else. A 204 says nothing else, and the sandbox is no route of ours.
        let says_more = step.tests.iter().any(|line| line.starts_with("pm.test("));
        let is_told = !step.code.is_empty() || step.status == 204 || step.steers.is_some();
        assert!(says_more || is_told, "{}: the status is all that is tested", step.title);
        // Whoever signs for a payment that nobody knows is answered 200 too.
        let is_placed = step.tests.iter().any(|line| line.contains("pm.response.json().received"));
        assert!(!step.is_signed || is_placed, "{}: nobody tests what became of the event", step.title);
    }
    let titles: Vec<&str> = FOLDERS.iter().flat_map(|folder| folder.steps).map(|step| step.title).collect();
    assert_eq!(titles.iter().collect::<BTreeSet<_>>().len(), titles.len(), "a request is asked for again by its name");
}

/// Whoever runs one folder, today, has nothing of the others and nothing of yesterday.
#[test]
fn every_folder_stands_alone() {
    let environment = environment();
    let given = environment["values"].as_array().unwrap().iter().map(|value| value["key"].as_str().unwrap().to_owned());
    let given: BTreeSet<String> = given.collect();
    for folder in collection()["item"].as_array().unwrap() {
        let mut known = given.clone();
        for item in folder["item"].as_array().unwrap() {
            let script = |event: &str| {
                let scripts = item["event"].as_array().unwrap().iter().filter(|script| script["listen"] == event);
                scripts.map(|script| script["script"]["exec"].to_string()).collect::<String>()
            };
            let (before, after) = (script("prerequest"), script("test"));
            known.extend(kept(&before));
            let mut wanted = between(&item["request"].to_string(), "{{", "}}");
            wanted.extend(between(&before, "pm.environment.get('", "'"));
            let missing: Vec<_> = wanted.into_iter().filter(|name| !known.contains(name)).collect();
            assert!(missing.is_empty(), "{}, {}: nobody has said {missing:?}", folder["name"], item["name"]);
            known.extend(kept(&after));
            // How often something was asked for is counted from nothing on.
            let asked = between(&after, "pm.environment.get('", "'").into_iter().filter(|name| name != "tries");
            let missing: Vec<_> = asked.filter(|name| !known.contains(name)).collect();
            assert!(missing.is_empty(), "{}, {}: nobody has kept {missing:?}", folder["name"], item["name"]);
        }
        let begins = folder["item"][0]["event"].to_string();
        let counts = folder["item"].to_string().contains("pm.environment.get('tries')");
        assert!(!counts || begins.contains("pm.environment.unset('tries')"), "{} goes on counting", folder["name"]);
    }
}

/// A name of the story of `events/` would ask for a payment that the run has never made; a webhook about it is answered 200 like any other.
#[test]
fn no_request_of_the_collection_names_what_only_the_story_has() {
    for item in collection()["item"].as_array().unwrap().iter().flat_map(|folder| folder["item"].as_array().unwrap()) {
        let request = item["request"].to_string();
        for begin in ["pay_", "whe_", "dsp_", "evt_pay_", "pi_"] {
            let inside_a_word = |text: &str| text.ends_with(|last: char| last.is_ascii_alphanumeric() || last == '_');
            let mut found = request.match_indices(begin).filter_map(|(place, _)| request.get(..place));
            assert!(found.all(inside_a_word), "{} names a {begin}…", item["name"]);
        }
    }
}

/// What a script keeps for those that come after it.
fn kept(script: &str) -> Vec<String> {
    let keeps = ["pm.environment.set('", "pm.variables.set('"];
    keeps.iter().flat_map(|keep| between(script, keep, "'")).collect()
}

/// Whatever stands between two marks.
fn between(text: &str, begin: &str, end: &str) -> Vec<String> {
    text.split(begin).skip(1).filter_map(|rest| rest.split_once(end)).map(|(found, _)| found.to_owned()).collect()
}
