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
    }
    let titles: Vec<&str> = FOLDERS.iter().flat_map(|folder| folder.steps).map(|step| step.title).collect();
    assert_eq!(titles.iter().collect::<BTreeSet<_>>().len(), titles.len(), "a request is asked for again by its name");
}
