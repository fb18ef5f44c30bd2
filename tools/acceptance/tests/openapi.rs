//! docs/openapi.yaml as a whole: that it describes every route that is deployed and no other, for whom the words say, and contradicts
//! itself nowhere. What it says of each route is held by the tests of its function.

#![expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]

use std::collections::{BTreeMap, BTreeSet};

use acceptance::repository::{deployed_functions, read, scopes};
use adapters::http::authenticate::PUBLIC_ROUTES;
use world::openapi::{as_it_stands, as_made, kept_routes};

/// What of a payment never changes.
const FOR_GOOD: [&str; 4] = ["amount", "currency", "reference", "metadata"];

#[test]
fn openapi_is_what_its_sections_make_and_nothing_between_them() {
    let (there, made) = (as_it_stands(), as_made());
    let differs = there.lines().zip(made.lines()).position(|(there, made)| there != made);
    assert!(there == made, "from line {differs:?} on: `cargo xtask describe` writes it anew");
}

#[test]
fn openapi_describes_every_route_that_is_deployed_and_no_other() {
    let described = kept_routes();
    let deployed: BTreeSet<String> = deployed_functions().into_iter().flat_map(|function| function.routes).collect();
    assert_eq!(described.iter().map(|(route, _)| route.clone()).collect::<BTreeSet<String>>(), deployed);
    assert_eq!(described.len(), deployed.len(), "a route is described once");
}

#[test]
fn openapi_asks_for_the_scope_that_the_words_say_and_leaves_open_what_the_code_does() {
    let (closed, open): (Vec<_>, Vec<_>) = kept_routes().into_iter().partition(|(_, scope)| scope.is_some());
    let described: BTreeMap<String, String> =
        closed.into_iter().map(|(route, scope)| (route, scope.unwrap())).collect();
    assert_eq!(described, scopes());
    let open: BTreeSet<String> = open.into_iter().map(|(route, _)| route).collect();
    assert_eq!(open, PUBLIC_ROUTES.map(|(method, path, _)| format!("{method} {path}")).into());
}

#[test]
fn openapi_sends_nobodys_key_to_a_stranger() {
    let text = read("docs/openapi.yaml");
    let (_, servers) = text.split_once("\nservers:\n").unwrap();
    let (servers, _) = servers.split_once("\ntags:\n").unwrap();
    assert!(servers.starts_with("  - url: \"http://127.0.0.1:"), "the first is what clients take by themselves");
    // Whatever anybody could have at AWS, somebody has.
    assert!(!servers.contains("amazonaws.com"), "{servers}");
    let hosts: Vec<&str> = servers.lines().filter_map(|line| line.trim().strip_prefix("default: ")).collect();
    assert!(!hosts.is_empty() && hosts.iter().all(|host| host.ends_with(".example")), "{hosts:?}");
}

#[test]
fn openapi_shows_a_payment_with_the_same_terms_wherever_it_shows_it() {
    let mut known: BTreeMap<String, BTreeMap<&str, String>> = BTreeMap::new();
    let mut shown = 0_u32;
    for payment in payments(&read("docs/openapi.yaml")) {
        let Some(id) = payment.get("transactionId") else { continue };
        let terms: BTreeMap<&str, String> =
            FOR_GOOD.into_iter().map(|name| (name, payment.get(name).cloned().unwrap_or_default())).collect();
        let first = known.entry(id.clone()).or_insert_with(|| terms.clone());
        assert_eq!(*first, terms, "{id}");
        shown += 1;
    }
    assert!(shown > 10, "{shown} payments are shown");
}

/// An object that is being read: how far its fields are indented, which was the last, and all of them with what stands below each.
type Object = (usize, String, BTreeMap<String, String>);

/// Every payment of the examples: its fields, each with the text that stands below it.
fn payments(text: &str) -> Vec<BTreeMap<String, String>> {
    // The fields of the objects that are not over yet, with their indentation.
    let mut open: Vec<Object> = Vec::new();
    let mut objects = Vec::new();
    for line in text.lines() {
        // The first field of an element stands behind its dash.
        let (is_first, line) = match line.trim_start().strip_prefix("- ") {
            Some(rest) => (true, format!("{}{rest}", " ".repeat(line.len() - rest.len()))),
            None => (false, line.to_owned()),
        };
        let indent = line.len() - line.trim_start().len();
        while open.last().is_some_and(|(known, ..)| *known > indent || (is_first && *known == indent)) {
            close(&mut open, &mut objects);
        }
        let Some((name, value)) = line.trim().split_once(':') else { continue };
        if open.last().is_none_or(|(known, ..)| *known < indent) {
            open.push((indent, String::new(), BTreeMap::new()));
        }
        if let Some((_, last, fields)) = open.last_mut() {
            name.clone_into(last);
            fields.insert(name.to_owned(), value.trim().to_owned());
        }
    }
    while !open.is_empty() {
        close(&mut open, &mut objects);
    }
    let is_payment = |fields: &BTreeMap<String, String>| fields.contains_key("amountCapturable");
    objects.into_iter().filter(is_payment).collect()
}

/// The innermost object is over: it is the value of the last field of the one around it.
fn close(open: &mut Vec<Object>, objects: &mut Vec<BTreeMap<String, String>>) {
    let Some((_, _, fields)) = open.pop() else { return };
    if let Some((_, last, around)) = open.last_mut() {
        around.entry(last.clone()).or_default().push_str(&format!("{fields:?}"));
    }
    objects.push(fields);
}
