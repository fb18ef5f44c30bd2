//! `cargo xtask mutants`: changes the domain in every small way that `cargo-mutants` knows, and demands that its own
//! tests see each change, or that docs/MUTANTS.md says why they need not.
//!
//! The domain's tests alone, because a change costs seconds then, and because rules belong where they are tested. Not in
//! CI: all of them take half an hour.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::process::Command;

use crate::bundle::cargo;
use crate::failure::{Failure, While};
use crate::place::Place;
use crate::step;

/// Another version makes other mutants.
const VERSION: &str = "27.1.0";
/// What is mutated, and the root that file names are told from.
const SOURCES: &str = "shared/domain/src/";
/// The survivors that somebody has looked at.
const ACCEPTED: &str = "docs/MUTANTS.md";
/// Six times what the domain's tests take on a busy machine; a mutant that takes longer does not end.
const TIMEOUT_SECONDS: &str = "120";
/// Most mutants fall to a few examples of each property, in a tenth of the time. Who does not meets all of them.
const FEW: &str = "16";
/// All was found; something was missed; some test did not end. Anything else means that nothing was tried.
const EXITS: [i32; 3] = [0, 2, 3];

/// A file below [`SOURCES`] and what was changed in it, without the line: that moves whenever somebody writes above it.
type Mutant = (String, String);

pub(crate) fn run(place: &Place, files: &[&str]) -> Result<(), Failure> {
    let accepted = fs::read_to_string(place.root.join(ACCEPTED)).while_doing(format!("reading {ACCEPTED}"))?;
    let accepted = read_accepted(&accepted)?;
    for file in files {
        if !place.root.join(SOURCES).join(file).is_file() {
            return Err(Failure::new(format!("there is no {SOURCES}{file}")));
        }
    }
    install(place)?;
    println!("· mutating {}", if files.is_empty() { SOURCES.to_owned() } else { files.join(", ") });
    let mut tried = pass(place, files, &["--no-shuffle"], &[("PROPTEST_CASES", FEW)])?;
    if !tried.survived.is_empty() {
        println!("· {} are still there; they meet every example", tried.survived.len());
        let again = pass(place, files, &["--no-shuffle", "--iterate", "--baseline=skip"], &[])?;
        tried = Tried { found: tried.found.saturating_add(again.found), ..tried };
        (tried.survived, tried.endless) = (again.survived, again.endless);
    }
    let found = tried.found.saturating_add(tried.endless);
    println!("{found} found, {} survived, {} do not compile", tried.survived.len(), tried.unviable);
    verdict(&tried.survived, &accepted, files)
}

/// What became of the mutants of one pass.
struct Tried {
    survived: Vec<Mutant>,
    found: usize,
    /// Those on which the tests did not end.
    endless: usize,
    unviable: usize,
}

/// Tries every mutant of `files`, or with `--iterate` those that were not found the last time.
fn pass(place: &Place, files: &[&str], how: &[&str], environment: &[(&str, &str)]) -> Result<Tried, Failure> {
    let output = place.target.join("mutants");
    let mut command = cargo(place);
    command
        .args(["mutants", "--package", "domain", "--test-package", "domain"])
        .args(how)
        .args(["--timeout", TIMEOUT_SECONDS, "--cargo-test-arg=--lib"])
        // Building a mutant takes longer than testing it.
        .arg("--cargo-arg=--config=profile.dev.package.domain.opt-level=0")
        .arg("--output")
        .arg(&output)
        .env("PATH", path(place))
        // Every run tries the same examples: whoever survives, survives again.
        .env("PROPTEST_RNG_SEED", "1")
        .envs(environment.iter().copied());
    for file in files {
        command.arg("--file").arg(format!("{SOURCES}{file}"));
    }
    let status = command.status().while_doing("starting cargo-mutants")?;
    if !status.code().is_some_and(|code| EXITS.contains(&code)) {
        return Err(Failure::new("the mutants were not tried; see above"));
    }
    let list = |name: &str| fs::read_to_string(output.join("mutants.out").join(name)).unwrap_or_default();
    let count = |name: &str| list(name).lines().count();
    Ok(Tried {
        survived: list("missed.txt").lines().filter_map(mutant).collect(),
        found: count("caught.txt"),
        endless: count("timeout.txt"),
        unviable: count("unviable.txt"),
    })
}

/// Every survivor must be accepted, and everything accepted must have survived where it was tried.
fn verdict(survived: &[Mutant], accepted: &[Mutant], files: &[&str]) -> Result<(), Failure> {
    let count = |mutants: &[Mutant]| {
        let mut counted: BTreeMap<Mutant, usize> = BTreeMap::new();
        for mutant in mutants {
            let number = counted.entry(mutant.clone()).or_default();
            *number = number.saturating_add(1);
        }
        counted
    };
    let (survived, accepted) = (count(survived), count(accepted));
    let missing = |of: &BTreeMap<Mutant, usize>, from: &BTreeMap<Mutant, usize>| -> Vec<String> {
        let more = of.iter().filter(|(mutant, number)| from.get(*mutant).is_none_or(|known| known < *number));
        more.map(|((file, what), _)| format!("- `{file}`: `{what}`")).collect()
    };
    let new = missing(&survived, &accepted);
    let tried = accepted.iter().filter(|((file, _), _)| files.is_empty() || files.contains(&file.as_str()));
    let stale = missing(&tried.map(|(mutant, number)| (mutant.clone(), *number)).collect(), &survived);
    if new.is_empty() && stale.is_empty() {
        println!("each survivor has its reason in {ACCEPTED}");
        return Ok(());
    }
    let part = |says: String, mutants: Vec<String>| {
        if mutants.is_empty() { String::new() } else { format!("{says}\n{}\n", mutants.join("\n")) }
    };
    let new = part(format!("survived: write the test that sees it, or the reason into {ACCEPTED}"), new);
    let stale = part(format!("in {ACCEPTED}, and did not survive (as often):"), stale);
    Err(Failure::new(format!("{new}{stale}")))
}

/// `shared/domain/src/payment/apply.rs:18:77: replace < with <= in apply`
fn mutant(line: &str) -> Option<Mutant> {
    let (place, what) = line.strip_prefix(SOURCES)?.split_once(": ")?;
    let file = place.split(':').next()?;
    Some((file.to_owned(), what.to_owned()))
}

/// Points of a list, each with a reason on the lines under it.
fn read_accepted(text: &str) -> Result<Vec<Mutant>, Failure> {
    let mut accepted = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(point) = line.strip_prefix("- `") else { continue };
        let parsed = point.strip_suffix('`').and_then(|point| point.split_once("`: `"));
        let (file, what) = parsed.ok_or_else(|| Failure::new(format!("{ACCEPTED}: cannot read {line:?}")))?;
        if !lines.peek().is_some_and(|reason| reason.starts_with("  ") && !reason.trim().is_empty()) {
            return Err(Failure::new(format!("{ACCEPTED}: {line:?} has no reason under it")));
        }
        accepted.push((file.to_owned(), what.to_owned()));
    }
    Ok(accepted)
}

fn install(place: &Place) -> Result<(), Failure> {
    let program = place.target.join("cargo-tools/bin/cargo-mutants");
    // As cargo calls its subcommands: without the word it knows no flag.
    let version = Command::new(&program).args(["mutants", "--version"]).output();
    if version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim().ends_with(VERSION)) {
        return Ok(());
    }
    step::run(
        place,
        "cargo-mutants",
        "installing cargo-mutants in target/cargo-tools (a minute or two, once)",
        cargo(place)
            .args(["install", "cargo-mutants", "--locked", "--force", "--version", VERSION, "--root"])
            .arg(place.target.join("cargo-tools")),
    )
}

fn path(place: &Place) -> String {
    let rest = env::var("PATH").unwrap_or_default();
    format!("{}:{rest}", place.target.join("cargo-tools/bin").display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(file: &str, what: &str) -> Mutant {
        (file.to_owned(), what.to_owned())
    }

    #[test]
    fn a_mutant_is_its_file_and_what_was_changed_wherever_it_stands() {
        let line = "shared/domain/src/payment/apply.rs:18:77: replace < with <= in <impl A for B>::apply";
        assert_eq!(mutant(line), Some(pair("payment/apply.rs", "replace < with <= in <impl A for B>::apply")));
        assert_eq!(mutant("tools/other.rs:1:1: replace"), None);
    }

    #[test]
    fn whoever_is_accepted_has_a_reason() {
        let text = "# Title\n- a point of another list\n- `money.rs`: `replace || with && in f`\n  Because.\n";
        assert_eq!(read_accepted(text).unwrap(), [pair("money.rs", "replace || with && in f")]);
        assert!(read_accepted("- `money.rs`: `replace a`\n\nno reason").is_err());
        assert!(read_accepted("- `money.rs` replace a\n  Because.").is_err());
    }

    #[test]
    fn a_new_survivor_fails_and_so_does_a_reason_that_nobody_needs_any_more() {
        let (one, two) = (pair("a.rs", "x"), pair("b.rs", "y"));
        let all = [one.clone(), two.clone()];
        assert!(verdict(&all, &all, &[]).is_ok());
        assert!(verdict(&all, &all[..1], &[]).is_err(), "new");
        assert!(verdict(&all[..1], &all, &[]).is_err(), "stale");
        assert!(verdict(&all[..1], &all, &["a.rs"]).is_ok(), "b.rs was not tried");
        assert!(verdict(&[one.clone(), one.clone()], &all[..1], &[]).is_err(), "one of two is new");
        assert!(verdict(&all[..1], &[one.clone(), one], &[]).is_err(), "one of two is stale");
    }

    #[test]
    fn the_accepted_ones_can_be_read() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let accepted = read_accepted(&fs::read_to_string(root.join(ACCEPTED)).unwrap()).unwrap();
        for (file, _) in accepted {
            assert!(root.join(SOURCES).join(&file).is_file(), "{ACCEPTED}: there is no {file}");
        }
    }
}
