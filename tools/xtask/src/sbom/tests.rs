use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::graph::{Graph, Origin};
use super::*;

/// The Python that has CycloneDX's library; `cargo xtask test` sets it.
const PYTHON: &str = "QUITTANCE_PYTHON";

fn place() -> Place {
    Place::from_environment(&mut Vec::new()).unwrap()
}

fn written(target: &str) -> BTreeMap<String, Value> {
    let bills = bills(&place(), target).unwrap().into_iter();
    bills.map(|bill| (bill.function, serde_json::from_str(&bill.text).unwrap())).collect()
}

fn texts<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    value.as_array().unwrap().iter().map(|item| item[key].as_str().unwrap()).collect()
}

#[test]
fn each_functions_bill_names_what_is_linked_into_it_and_nothing_else() {
    let bills = written(TARGET);
    let functions: BTreeSet<String> =
        bundle::functions(&place()).unwrap().into_iter().map(|function| function.binary).collect();
    assert_eq!(bills.keys().cloned().collect::<BTreeSet<_>>(), functions);
    for (function, bill) in &bills {
        assert_eq!(bill["metadata"]["component"]["name"], function.as_str());
        assert_eq!(bill["metadata"]["component"]["type"], "application");
        let names: BTreeSet<&str> = texts(&bill["components"], "name").into_iter().collect();
        for linked in ["domain", "flow", "adapters", "aws-sdk-dynamodb", "rustls", "ring", "tokio", "serde_core"] {
            assert!(names.contains(linked), "{function} without {linked}");
        }
        // A macro, a build script's helper, tools and their test doubles, what tests only, another function.
        for elsewhere in ["serde_derive", "cc", "world", "sandbox", "fuzz", "proptest", "jsonschema", function.as_str()]
        {
            assert!(!names.contains(elsewhere), "{function} with {elsewhere}");
        }
        assert!(names.iter().all(|name| !functions.contains(*name)), "{function} with another function");
    }
}

#[test]
fn whatever_is_somebody_elses_has_the_checksum_that_cargo_holds_it_to() {
    let lock = fs::read_to_string(place().root.join("Cargo.lock")).unwrap();
    for (function, bill) in written(TARGET_ARM) {
        let mut ours = BTreeSet::new();
        for component in bill["components"].as_array().unwrap() {
            let (name, version) = (component["name"].as_str().unwrap(), component["version"].as_str().unwrap());
            assert!(!component["licenses"][0]["expression"].as_str().unwrap().contains('/'), "{name}");
            let Some(purl) = component["purl"].as_str() else {
                ours.insert(name.to_owned());
                assert!(component["hashes"].is_null(), "{name}");
                continue;
            };
            assert_eq!(purl, format!("pkg:cargo/{name}@{}", version.replace('+', "%2B")));
            let checksum = component["hashes"][0]["content"].as_str().unwrap();
            assert_eq!((checksum.len(), &component["hashes"][0]["alg"]), (64, &Value::from("SHA-256")));
            let locked = format!("name = \"{name}\"\nversion = \"{version}\"\n");
            let (_, rest) = lock.split_once(&locked).unwrap();
            assert!(rest.split("[[package]]").next().unwrap().contains(checksum), "{function}: {name}");
        }
        assert_eq!(ours, ["adapters", "domain", "flow"].map(str::to_owned).into(), "{function}");
    }
}

#[test]
fn every_reference_leads_somewhere_and_two_runs_write_the_same() {
    let bills = written(TARGET);
    for (function, bill) in &bills {
        let mut known: BTreeSet<&str> = texts(&bill["components"], "bom-ref").into_iter().collect();
        known.insert(bill["metadata"]["component"]["bom-ref"].as_str().unwrap());
        let dependencies = &bill["dependencies"];
        assert_eq!(texts(dependencies, "ref").into_iter().collect::<BTreeSet<_>>(), known, "{function}");
        for below in dependencies.as_array().unwrap().iter().flat_map(|of| of["dependsOn"].as_array().unwrap()) {
            assert!(known.contains(below.as_str().unwrap()), "{function}: {below}");
        }
    }
    let texts = || super::bills(&place(), TARGET).unwrap().into_iter().map(|bill| bill.text).collect::<Vec<_>>();
    assert_eq!(texts(), texts());
    let serials: BTreeSet<&str> = bills.values().map(|bill| bill["serialNumber"].as_str().unwrap()).collect();
    assert_eq!(serials.len(), bills.len());
    assert_ne!(bills["confirm"]["serialNumber"], written(TARGET_ARM)["confirm"]["serialNumber"]);
}

#[test]
fn cyclonedxs_own_library_takes_every_bill() {
    let Some(python) = python() else { return };
    let mut bills: BTreeMap<String, String> =
        super::bills(&place(), TARGET).unwrap().into_iter().map(|bill| (bill.function, bill.text)).collect();
    let functions = bills.len();
    // Whoever takes everything takes these too.
    let confirm = bills["confirm"].clone();
    bills.insert("no hash".to_owned(), confirm.replacen("\"SHA-256\"", "\"CRC-32\"", 1));
    bills.insert("unknown field".to_owned(), confirm.replacen("\"bomFormat\"", "\"bomShape\"", 1));
    let verdicts = library(&python, &bills);
    let good = verdicts.values().filter(|verdict| *verdict == "good").count();
    assert_eq!((verdicts.len(), good), (functions + 2, functions), "{verdicts:#?}");
    assert!(["no hash", "unknown field"].iter().all(|spoilt| verdicts[*spoilt] != "good"), "{verdicts:#?}");
}

/// What the environment names, or a loud gap. In CI a gap is a failure.
fn python() -> Option<OsString> {
    let given = std::env::var_os(PYTHON).filter(|value| !value.is_empty());
    if given.is_none() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{PYTHON} is not set, and on CI it must be");
        println!("SKIPPED: CycloneDX's own library did not judge our bills, because {PYTHON} is not set.");
    }
    given
}

fn library(python: &OsString, bills: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut child = Command::new(python)
        .args(["-B", concat!(env!("CARGO_MANIFEST_DIR"), "/src/sbom/judge.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Python reads all before it writes: neither waits for the other.
    child.stdin.take().unwrap().write_all(serde_json::to_string(bills).unwrap().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_tree_is_read_with_what_was_shown_before_and_nothing_unreadable_is_passed_over() {
    let tree = "0\ta v0.1.0 (/w/a)\tMIT\t\t\n1\tb v1.0.0\tMIT/Apache-2.0\thttps://b\t\n2\tc v2.0.0+x\tISC\t\t\n\n\
        0\td v0.1.0 (/w/d)\tMIT\t\t\n1\tb v1.0.0\tMIT/Apache-2.0\thttps://b\t (*)\n";
    let graph = Graph::read(tree).unwrap();
    let name = |(name, _): &super::graph::Key| name.clone();
    let below = |root: &str| graph.all_below(graph.root(root).unwrap()).into_iter().map(name).collect::<Vec<_>>();
    assert_eq!((below("a"), below("d")), (vec!["b".to_owned(), "c".to_owned()], vec!["b".to_owned(), "c".to_owned()]));
    assert_eq!(graph.packages[&("b".to_owned(), "1.0.0".to_owned())].origin, Origin::Registry);
    assert!(graph.root("b").is_err());
    for line in
        ["b v1.0.0", "x\tb v1.0.0\tMIT\t\t", "0\tb 1.0.0\tMIT\t\t", "1\tb v1.0.0\tMIT\t\t", "0\tb v1 (git)\tMIT\t\t"]
    {
        assert!(Graph::read(line).is_err(), "{line}");
    }
}

#[test]
fn the_command_line_names_a_folder_and_a_target_that_is_deployed() {
    let place = place();
    let usual = Wanted::read(&place, &[]).unwrap();
    assert_eq!(usual, Wanted { folder: place.target.join("sbom"), target: TARGET });
    let chosen = Wanted::read(&place, &["--target", TARGET_ARM, "--out", "/tmp/bills"]).unwrap();
    assert_eq!(chosen, Wanted { folder: PathBuf::from("/tmp/bills"), target: TARGET_ARM });
    for wrong in [&["--out"][..], &["--target", "wasm32-unknown-unknown"], &["confirm"]] {
        assert!(Wanted::read(&place, wrong).is_err(), "{wrong:?}");
    }
}
