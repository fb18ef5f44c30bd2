//! `cargo xtask audit`: what we are built of, and whether it may be.
//!
//! Licences, bans and sources of every dependency (`deny.toml`); known holes, where the database of advisories can be reached; that
//! Cargo.lock is committed and says what the manifests ask for, and that `sam build` keeps to it; that every crate of ours has the workspace's lints, which forbid
//! `unsafe`. Part of `cargo xtask test`.
//!
//! Must never: call a hole a gap of the network. The database is fetched first and by itself; only that may fail.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bundle::cargo;
use crate::failure::{Failure, While};
use crate::place::Place;
use crate::{process, step, tools};

/// The database is a few megabytes. Who has not got it by then sits behind a wall that swallows packets.
const FETCH_PATIENCE: Duration = Duration::from_secs(120);
/// What makes `unsafe` impossible in whoever inherits it.
const FORBIDS: (&str, &str) = ("[workspace.lints.rust]", "unsafe_code = \"forbid\"");
/// What makes `sam build`, which passes nothing on to cargo, build of Cargo.lock as it stands.
const LOCKS: (&str, &str) = ("[workspace.metadata.lambda.build]", "locked = true");
/// How a crate inherits it.
const INHERITS: (&str, &str) = ("[lints]", "workspace = true");

pub(crate) fn run(place: &Place) -> Result<(), Failure> {
    tools::install(place)?;
    all(place)
}

/// With the tools installed.
pub(crate) fn all(place: &Place) -> Result<(), Failure> {
    lock_is_committed(place)?;
    let metadata = lock_is_current(place)?;
    everybody_inherits_the_lints(place, &metadata)?;
    step::run(
        place,
        "deny",
        "checking licences, bans and sources of dependencies",
        deny(place).args(["--offline", "--locked", "check", "bans", "licenses", "sources"]),
    )?;
    advisories(place)
}

fn deny(place: &Place) -> Command {
    let mut command = cargo(place);
    command.env("PATH", tools::path(place)).arg("deny");
    command
}

fn advisories(place: &Place) -> Result<(), Failure> {
    println!("· fetching the database of advisories");
    if let Database::OutOfReach(why) = fetch_database(place)? {
        // Permitted in CI too: the database is in no package registry, so a machine may not reach it whatever we do.
        println!("· SKIPPED the advisories: their database could not be fetched ({why})");
        return Ok(());
    }
    step::run(
        place,
        "advisories",
        "checking dependencies for known holes",
        deny(place).args(["--offline", "--locked", "check", "advisories"]),
    )
}

/// Whether there is something to check against.
enum Database {
    Fetched,
    OutOfReach(String),
}

/// Only what may fail because of the network.
fn fetch_database(place: &Place) -> Result<Database, Failure> {
    let log = step::open_log(place, "advisory-db")?;
    let errors = log.try_clone().while_doing("opening the log twice")?;
    let child = deny(place)
        .args(["fetch", "db"])
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .process_group(0)
        .spawn()
        .while_doing("starting cargo deny")?;
    let (group, started) = (child.id(), Instant::now());
    let mut is_ended = false;
    let status = step::wait(child, || {
        if started.elapsed() > FETCH_PATIENCE && !is_ended {
            is_ended = true;
            process::end_group(group);
        }
    })?;
    crate::interrupt::check()?;
    if status.success() {
        return Ok(Database::Fetched);
    }
    let said = fs::read_to_string(place.log("advisory-db")).unwrap_or_default();
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("nobody said why");
    Ok(Database::OutOfReach(last.to_owned()))
}

fn lock_is_committed(place: &Place) -> Result<(), Failure> {
    let mut git = Command::new("git");
    git.current_dir(&place.root).args(["ls-files", "--error-unmatch", "Cargo.lock"]);
    step::output("Cargo.lock must be committed: what is deployed is what was tested", &mut git).map(drop)
}

/// Cargo's view of the workspace, which it gives only when Cargo.lock needs no change.
fn lock_is_current(place: &Place) -> Result<Value, Failure> {
    // A build brings only what this machine's target needs; the question below is about all.
    let says = "checking that Cargo.lock is what the manifests ask for";
    step::run(place, "fetch", says, cargo(place).args(["fetch", "--locked"]))?;
    let mut metadata = cargo(place);
    metadata.args(["metadata", "--locked", "--offline", "--format-version", "1"]);
    serde_json::from_str(&step::output(says, &mut metadata)?).while_doing("reading what cargo metadata said")
}

fn everybody_inherits_the_lints(place: &Place, metadata: &Value) -> Result<(), Failure> {
    let read = |path: &Path| fs::read_to_string(path).while_doing(format!("reading {}", place.shown(path)));
    let workspace = read(&place.root.join("Cargo.toml"))?;
    if let Some((section, line)) = [FORBIDS, LOCKS].into_iter().find(|wanted| !has(&workspace, *wanted)) {
        return Err(Failure::new(format!("Cargo.toml: {section} must say {line}")));
    }
    let manifests = members(metadata);
    if manifests.is_empty() {
        return Err(Failure::new("cargo metadata names no member of the workspace"));
    }
    for manifest in &manifests {
        let manifest = Path::new(manifest);
        if !has(&read(manifest)?, INHERITS) {
            let shown = place.shown(manifest);
            return Err(Failure::new(format!("{shown}: {} must say {}", INHERITS.0, INHERITS.1)));
        }
    }
    println!("· {} crates of ours forbid unsafe code", manifests.len());
    Ok(())
}

/// The manifests of our own crates.
fn members(metadata: &Value) -> Vec<&str> {
    let of = |key: &str| metadata.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let members = of("workspace_members");
    let ours = of("packages").iter().filter(|package| package.get("id").is_some_and(|id| members.contains(id)));
    ours.filter_map(|package| package.get("manifest_path").and_then(Value::as_str)).collect()
}

/// Whether a manifest's section has this line.
fn has(manifest: &str, (section, line): (&str, &str)) -> bool {
    let mut lines = manifest.lines().map(str::trim).skip_while(|text| *text != section).skip(1);
    lines.by_ref().take_while(|text| !text.starts_with('[')).any(|text| text == line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_crate_inherits_the_lints_in_its_own_section_only() {
        assert!(has("[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n", INHERITS));
        for manifest in [
            "",
            "[package]\nname = \"a\"\n",
            "[lints]\nworkspace = false\n",
            "[lints]\n# workspace = true\n",
            "[lints.rust]\nunsafe_code = \"allow\"\n",
            "[lints]\n[dependencies.b]\nworkspace = true\n",
            "[package]\nworkspace = true\n[lints]\n",
        ] {
            assert!(!has(manifest, INHERITS), "{manifest}");
        }
    }

    #[test]
    fn the_workspace_forbids_unsafe_code_and_is_deployed_as_it_is_locked() {
        for wanted in [FORBIDS, LOCKS] {
            assert!(has(include_str!("../../../Cargo.toml"), wanted), "{wanted:?}");
        }
        assert!(!has("[workspace.lints.rust]\nunsafe_code = \"warn\"\n", FORBIDS));
    }

    #[test]
    fn our_own_crates_are_the_members_of_the_workspace() {
        let metadata = json!({
            "workspace_members": ["path+file:///w/a#0.1.0"],
            "packages": [
                {"id": "path+file:///w/a#0.1.0", "manifest_path": "/w/a/Cargo.toml"},
                {"id": "registry+https://x#b@1.0.0", "manifest_path": "/r/b/Cargo.toml"},
            ],
        });
        assert_eq!(members(&metadata), ["/w/a/Cargo.toml"]);
        assert!(members(&json!({})).is_empty());
    }
}
