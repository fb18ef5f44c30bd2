//! Who may know whom: the arrows that Cargo does not draw by itself.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::Command;

use acceptance::repository::{metadata, names, root, rust_files};
use serde_json::Value;

/// The modules of `adapters` that speak to one thing outside each, and never to each other.
const ADAPTERS: [&str; 6] = ["dynamo", "gateway", "http", "kms", "outbound", "sqs"];

#[test]
fn nothing_of_tools_is_linked_into_a_function() {
    let graph = Graph::read();
    for function in names("functions") {
        let linked = graph.linked_into(&function);
        for package in &linked {
            assert!(!graph.is_below(package, "tools/"), "functions/{function} links {package}");
            let other = graph.is_below(package, "functions/") && *package != function;
            assert!(!other, "functions/{function} imports functions/{package}");
        }
        assert!(linked.contains("domain") && linked.contains("flow") && linked.contains("adapters"), "{linked:?}");
    }
}

/// The above is what Cargo means to link; this is what it has linked. Every crate that can panic leaves its path in the binary.
#[test]
fn no_binary_bears_a_trace_of_tools() {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder));
    for function in names("functions") {
        let binary = target.join("debug").join(&function);
        if !binary.is_file() {
            let told = format!("\n*** NOT TESTED: what is linked into {function}, because it is not built ***\n");
            drop(std::io::stderr().write_all(told.as_bytes()));
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{told}");
            continue;
        }
        let bears = |text: &str| Command::new("grep").args(["-qaF", text]).arg(&binary).status().unwrap().success();
        assert!(bears("shared/adapters/src/"), "{function} bears no paths, so this test would see nothing");
        for tool in names("tools") {
            assert!(!bears(&format!("tools/{tool}/src/")), "{function} bears a trace of tools/{tool}");
        }
    }
}

#[test]
fn the_domain_is_pure() {
    let graph = Graph::read();
    let known: Vec<&str> = graph.direct("domain").collect();
    assert_eq!(known, ["data-encoding", "iso_currency", "sha2", "thiserror"]);
    let linked = graph.linked_into("domain");
    for impure in ["serde", "serde_json", "tokio", "futures-util", "async-trait", "rand", "getrandom", "time", "chrono"]
    {
        assert!(!linked.contains(impure), "domain links {impure}");
    }
    for (path, text) in rust_files("shared/domain/src/") {
        for word in ["async fn", "SystemTime", "Instant", "std::env", "std::fs", "std::net", "RandomState"] {
            assert!(!text.contains(word), "{path} knows {word}");
        }
    }
}

#[test]
fn the_flow_knows_the_domain_only() {
    let known: Vec<String> = Graph::read().direct("flow").map(str::to_owned).collect();
    assert_eq!(known, ["domain", "thiserror"]);
}

#[test]
fn functions_reach_the_world_through_adapters_only() {
    let graph = Graph::read();
    for function in names("functions") {
        for package in graph.direct(&function) {
            let at_the_border = ["aws-sdk-", "aws-smithy-", "aws-config", "reqwest", "hyper", "rustls", "sha2", "hmac"];
            let outside = at_the_border.iter().any(|prefix| package.starts_with(prefix));
            assert!(!outside, "functions/{function} depends on {package}; that is for adapters to know");
        }
    }
    for (path, text) in rust_files("functions/") {
        for word in ["aws_sdk_", "aws_smithy_", "reqwest", "hyper::"] {
            assert!(!text.contains(word), "{path} names {word}");
        }
    }
}

#[test]
fn adapters_do_not_import_each_other_and_nothing_below_them_does() {
    let mut modules = BTreeSet::new();
    for (path, text) in rust_files("shared/adapters/src/") {
        let inside = path.trim_start_matches("shared/adapters/src/");
        let own = inside.split(['/', '.']).next().unwrap();
        modules.insert(own.to_owned());
        for imported in crate_imports(&text) {
            let is_adapter = ADAPTERS.contains(&imported.as_str());
            assert!(!is_adapter || imported == own, "{path} imports crate::{imported}");
        }
        // A second gateway is an adapter of its own.
        for gateway in ["stripe", "paypal"] {
            let own = inside.starts_with(&format!("gateway/{gateway}"));
            assert!(own || !text.contains(&format!("gateway::{gateway}")), "{path} imports {gateway}");
        }
    }
    assert!(ADAPTERS.iter().all(|adapter| modules.contains(*adapter)), "{modules:?}");
}

#[test]
fn imports_are_found_however_they_are_written() {
    let text = "use crate::http::x;\nuse crate::{\n    net,\n    secrets::{Cached, Vault},\n    sqs as queue,\n};\n\
                fn f() { crate::dynamo::g() }";
    let found: Vec<String> = crate_imports(text).into_iter().collect();
    assert_eq!(found, ["dynamo", "http", "net", "secrets", "sqs"]);
}

#[test]
fn there_is_one_tls_stack_with_one_provider() {
    let graph = Graph::read();
    for function in names("functions") {
        let linked = graph.linked_into(&function);
        for other in ["aws-lc-rs", "aws-lc-sys", "openssl", "openssl-sys", "native-tls", "rustls-graviola"] {
            assert!(!linked.contains(other), "functions/{function} links {other} beside ring");
        }
        let copies = |name: &str| graph.versions(name, &linked);
        assert_eq!((copies("rustls"), copies("ring"), copies("hyper")), (1, 1, 1), "functions/{function}");
        assert!(!linked.contains("aws-config"), "functions/{function}: the default chain costs start-up time");
    }
}

/// The modules of the crate that a text names.
fn crate_imports(text: &str) -> BTreeSet<String> {
    let is_name = |character: &char| character.is_alphanumeric() || *character == '_';
    let name_at = |rest: &str| rest.chars().take_while(is_name).collect::<String>();
    let mut found = BTreeSet::new();
    for (_, rest) in text.match_indices("crate::").map(|(at, path)| text.split_at(at.saturating_add(path.len()))) {
        let Some(list) = rest.strip_prefix('{') else {
            found.insert(name_at(rest));
            continue;
        };
        let mut depth: usize = 0;
        let mut item = String::new();
        for character in list.chars() {
            match character {
                '{' => depth = depth.saturating_add(1),
                '}' if depth == 0 => break,
                '}' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => drop(found.insert(name_at(std::mem::take(&mut item).trim()))),
                other => item.push(other),
            }
        }
        found.insert(name_at(item.trim()));
    }
    found.remove("");
    found
}

/// What is linked with what, as Cargo resolves it: build and normal dependencies, never those of tests.
struct Graph {
    /// A package's name and the folder of its manifest, by Cargo's id.
    packages: BTreeMap<String, (String, String)>,
    /// The ids that an id links.
    links: BTreeMap<String, Vec<String>>,
    root: String,
}

impl Graph {
    fn read() -> Self {
        let metadata = metadata();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let list = |value: &Value| value.as_array().unwrap().clone();
        let packages = list(&metadata["packages"])
            .iter()
            .map(|package| (text(&package["id"]), (text(&package["name"]), text(&package["manifest_path"]))))
            .collect();
        let links = list(&metadata["resolve"]["nodes"]).into_iter().map(|node| {
            let linked = list(&node["deps"])
                .into_iter()
                .filter(|dependency| list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"] != "dev"));
            (text(&node["id"]), linked.map(|dependency| text(&dependency["pkg"])).collect())
        });
        Self { packages, links: links.collect(), root: text(&metadata["workspace_root"]) }
    }

    fn id(&self, member: &str) -> &String {
        let is_member = |(name, manifest): &(String, String)| name == member && manifest.starts_with(&self.root);
        self.packages.iter().find(|(_, package)| is_member(package)).unwrap_or_else(|| panic!("no package {member}")).0
    }

    fn ids_linked_into(&self, member: &str) -> BTreeSet<&String> {
        let mut found = BTreeSet::new();
        let mut open = vec![self.id(member)];
        while let Some(id) = open.pop() {
            if found.insert(id) {
                open.extend(&self.links[id]);
            }
        }
        found
    }

    fn linked_into(&self, member: &str) -> BTreeSet<&str> {
        self.ids_linked_into(member).into_iter().map(|id| self.packages[id].0.as_str()).collect()
    }

    /// The packages that a member names in its own manifest, in order.
    fn direct(&self, member: &str) -> impl Iterator<Item = &str> {
        let names: BTreeSet<&str> = self.links[self.id(member)].iter().map(|id| self.packages[id].0.as_str()).collect();
        names.into_iter()
    }

    /// Whether the package stands below this folder of the workspace.
    fn is_below(&self, package: &str, folder: &str) -> bool {
        let below = format!("{}/{folder}", self.root);
        self.packages.values().any(|(name, manifest)| name == package && manifest.starts_with(&below))
    }

    /// How many versions of a package there are among the linked ones.
    fn versions(&self, name: &str, linked: &BTreeSet<&str>) -> usize {
        if !linked.contains(name) {
            return 0;
        }
        self.packages.values().filter(|(package, _)| package == name).count()
    }
}
