//! The same word everywhere: a function is a folder, a package, a binary, a route, an operation, and its event files.

use std::collections::{BTreeMap, BTreeSet};

use acceptance::repository::{DeployedFunction, deployed_functions, names, of_stage, read};
use serde_json::Value;

/// A `main` only wires; more than this is logic that no test reaches.
const MAIN_LINES_MAX: usize = 40;

#[test]
fn every_folder_of_functions_is_deployed_and_every_binary_has_its_folder() {
    let deployed: BTreeSet<String> = deployed_functions().into_iter().map(|function| function.binary).collect();
    let folders: BTreeSet<String> = names("functions").into_iter().collect();
    assert_eq!(deployed, folders);
    for name in folders {
        let manifest = read(&format!("functions/{name}/Cargo.toml"));
        assert!(
            manifest.starts_with(&format!("[package]\nname = \"{name}\"\n")),
            "functions/{name} is another package"
        );
    }
}

#[test]
fn a_function_a_role_and_a_log_group_bear_the_same_name() {
    let template = read("template.yaml");
    for DeployedFunction { logical_id, binary, text, .. } in deployed_functions() {
        assert_eq!(logical_id, camel_case(&binary));
        assert!(text.contains(&format!("FunctionName: !Sub ${{AWS::StackName}}-{binary}\n")), "{binary}");
        assert!(text.contains(&format!("Role: !GetAtt {logical_id}Role.Arn\n")), "{binary} has a role of its own");
        assert!(text.contains(&format!("LogGroup: !Ref {logical_id}Logs\n")), "{binary} has a log group of its own");
        for (resource, kind) in [("Role", "AWS::IAM::Role"), ("Logs", "AWS::Logs::LogGroup")] {
            assert!(
                template.contains(&format!("\n  {logical_id}{resource}:\n    Type: {kind}\n")),
                "{binary}: {resource}"
            );
        }
    }
}

#[test]
fn a_handlers_route_is_the_templates_and_cargo_lambdas() {
    let workspace = read("Cargo.toml");
    let (_, router) = workspace.split_once("[workspace.metadata.lambda.watch.router]\n").unwrap();
    let watched: BTreeSet<&str> = router.lines().take_while(|line| line.starts_with('"')).collect();
    let mut routed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for DeployedFunction { binary, routes, .. } in deployed_functions() {
        let handler = read(&format!("functions/{binary}/src/handler.rs"));
        let constant = |name: &str| {
            let (_, rest) = handler.split_once(&format!("const {name}: &'static str = \""))?;
            rest.split('"').next().map(str::to_owned)
        };
        // A function with several routes spells them where it tells them apart.
        let route: Vec<String> = if routes.len() > 1 {
            spelled_out(&read(&format!("functions/{binary}/src/handler/route.rs")))
        } else {
            constant("ROUTE").into_iter().collect()
        };
        assert_eq!(route, routes, "functions/{binary}/src/handler.rs and template.yaml");
        if !routes.is_empty() {
            assert_eq!(constant("FUNCTION").as_deref(), Some(binary.as_str()));
        }
        for route in routes {
            let (method, path) = route.split_once(' ').unwrap();
            let served = format!("{{ method = \"{method}\", function = \"{binary}\" }}");
            routed.entry(path.to_owned()).or_default().push(served);
        }
    }
    let routed: BTreeSet<String> =
        routed.into_iter().map(|(path, served)| format!("\"{path}\" = [{}]", served.join(", "))).collect();
    assert_eq!(watched, routed.iter().map(String::as_str).collect(), "cargo lambda watch serves the template's routes");
}

/// The routes that a handler's `route.rs` names, in its order.
fn spelled_out(source: &str) -> Vec<String> {
    let texts = source.lines().filter_map(|line| line.split_once("=> \"")?.1.split_once('"'));
    texts.map(|(text, _)| text.to_owned()).filter(|text| text.contains(" /")).collect()
}

#[test]
fn every_function_has_its_operation_and_every_operation_its_function() {
    let operations: BTreeSet<String> = names("shared/flow/src/operations")
        .iter()
        .filter_map(|name| name.strip_suffix(".rs"))
        .filter(|name| *name != "mod")
        .map(|name| name.replace('_', "-"))
        .collect();
    assert_eq!(operations, names("functions").into_iter().collect());
}

#[test]
fn every_function_has_an_event_and_every_event_is_one_that_its_function_gets() {
    let functions: BTreeMap<String, Vec<String>> =
        deployed_functions().into_iter().map(|function| (function.binary, function.routes)).collect();
    let mut with_events = BTreeSet::new();
    for file in names("events").into_iter().filter(|file| file != "README.md") {
        let name = file.strip_suffix(".json").unwrap_or_else(|| panic!("events/{file} is no event"));
        let of = |function: &&String| {
            name == function.as_str() || name.strip_prefix(function.as_str()).is_some_and(|rest| rest.starts_with('-'))
        };
        // `payment-method-…` is not `payment`'s.
        let function = functions.keys().filter(of).max_by_key(|function| function.len());
        let function = function.unwrap_or_else(|| panic!("events/{file} is named after no function"));
        let event: Value = serde_json::from_str(&read(&format!("events/{file}"))).unwrap();
        let route = event["resource"].as_str().map(|path| format!("{} {path}", event["httpMethod"].as_str().unwrap()));
        let fits = route.as_ref().is_none_or(|route| functions[function].contains(route));
        assert!(fits && route.is_some() != functions[function].is_empty(), "events/{file} goes elsewhere: {route:?}");
        with_events.insert(function.clone());
    }
    assert_eq!(with_events, functions.into_keys().collect());
}

#[test]
fn a_main_only_wires() {
    for name in names("functions") {
        let main = read(&format!("functions/{name}/src/main.rs"));
        let lines = main.lines().count();
        assert!(lines <= MAIN_LINES_MAX, "functions/{name}/src/main.rs has {lines} lines; {MAIN_LINES_MAX} are wiring");
    }
}

#[test]
fn only_in_the_local_stage_may_a_payers_time_be_seconds() {
    let least = |stage: &str| of_stage(stage, "CheckoutExpiryMin");
    assert_eq!([least("staging"), least("prod")], ["\"300\"", "\"300\""], "five minutes, as HTTP.md says");
    assert_eq!(least("local"), "\"1\"");
}

/// `payment-method` among the resources is `PaymentMethod`.
fn camel_case(name: &str) -> String {
    let capital = |word: &str| word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect();
    name.split('-').map(capital).collect::<Vec<String>>().concat()
}
