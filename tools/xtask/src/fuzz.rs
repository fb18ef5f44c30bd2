//! `cargo xtask fuzz`: throws inputs that nobody thought of at every door, for as long as somebody likes.
//!
//! The targets are tests (tools/fuzz/README.md); this only runs them one after the other with the time they get. They
//! tell how far they are, keep what gave a new answer, and save what broke a promise.

use crate::bundle::cargo;
use crate::failure::{Failure, While};
use crate::place::Place;

/// A target, and the package that it is a test of.
type Target = (&'static str, &'static str);

const TARGETS: [Target; 19] = [
    ("stripe-answer", "adapters"),
    ("stripe-webhook", "adapters"),
    ("paypal-answer", "adapters"),
    ("paypal-webhook", "adapters"),
    ("webhook-body", "webhook"),
    ("initiate-body", "initiate"),
    ("confirm-body", "confirm"),
    ("capture-body", "capture"),
    ("cancel-body", "cancel"),
    ("refund-body", "refund"),
    ("evidence-body", "dispute"),
    ("disputes-query", "dispute"),
    ("webhook-endpoint-body", "webhook-endpoint"),
    ("webhook-endpoint-range", "webhook-endpoint"),
    ("payments-query", "payments"),
    ("stored-row", "adapters"),
    ("sqs-records", "adapters"),
    ("card-numbers", "adapters"),
    ("written-forms", "adapters"),
];

/// How long all targets together get when nobody says.
const MINUTES_DEFAULT: u64 = 5;
/// What a target should get at least: reading its corpus takes a second or two.
const SECONDS_MIN: u64 = 5;

pub(crate) fn run(place: &Place, words: &[&str]) -> Result<(), Failure> {
    let (minutes, wanted) = asked(words)?;
    let share = u64::try_from(wanted.len()).unwrap_or(1).max(1);
    let seconds = minutes.saturating_mul(60).checked_div(share).unwrap_or(0).max(SECONDS_MIN);
    let mut broken = Vec::new();
    for (target, package) in wanted {
        println!("· {target}, for {seconds} s");
        let status = cargo(place)
            // Without the documentation's examples.
            .args(["test", "--locked", "--tests", "--quiet", "--package", package])
            .args(["--", "fuzz::", "--nocapture", "--test-threads=1"])
            .env("QUITTANCE_FUZZ_TARGET", target)
            .env("QUITTANCE_FUZZ_SECONDS", seconds.to_string())
            .status()
            .while_doing("starting cargo test")?;
        if !status.success() {
            broken.push(target);
        }
    }
    if broken.is_empty() {
        println!("nothing was found; what gave new answers lies in target/fuzz, for the next time");
        return Ok(());
    }
    Err(Failure::new(format!("found something in {}: see above, and tools/fuzz/README.md", broken.join(", "))))
}

/// For how many minutes, and which targets with their packages.
fn asked(words: &[&str]) -> Result<(u64, Vec<Target>), Failure> {
    let (minutes, rest) = match words {
        ["--minutes", minutes, rest @ ..] => {
            let number = minutes.parse().ok().filter(|number| *number > 0);
            (number.ok_or_else(|| Failure::new(format!("{minutes:?} is no number of minutes")))?, rest)
        }
        rest => (MINUTES_DEFAULT, rest),
    };
    match rest {
        [] => Ok((minutes, TARGETS.to_vec())),
        [name] => match TARGETS.iter().find(|(target, _)| target == name) {
            Some(target) => Ok((minutes, vec![*target])),
            None => {
                let names = TARGETS.map(|(target, _)| target).join(", ");
                Err(Failure::new(format!("there is no target {name:?}; there are {names}")))
            }
        },
        _ => Err(Failure::new("cargo xtask fuzz [--minutes N] [target]")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn time_and_target_may_be_said_or_not() {
        assert_eq!(asked(&[]).unwrap(), (5, TARGETS.to_vec()));
        assert_eq!(asked(&["--minutes", "60"]).unwrap().0, 60);
        assert_eq!(asked(&["--minutes", "1", "stored-row"]).unwrap(), (1, vec![("stored-row", "adapters")]));
        for bad in [
            &["--minutes", "0"][..],
            &["--minutes", "x"],
            &["nothing"],
            &["stored-row", "card-numbers"],
            &["--minutes"],
        ] {
            assert!(asked(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn every_target_is_run_and_told_of() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let told = fs::read_to_string(root.join("tools/fuzz/README.md")).unwrap();
        let mut found = Vec::new();
        for folder in ["functions", "shared"] {
            for package in fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap()) {
                let package_name = package.file_name().into_string().unwrap();
                let mut open = vec![package.path().join("src")];
                while let Some(path) = open.pop() {
                    if path.is_dir() {
                        open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
                        continue;
                    }
                    let text = fs::read_to_string(&path).unwrap_or_default();
                    for rest in text.split("Target::new(\"").skip(1) {
                        let name = rest.split('"').next().unwrap();
                        assert!(
                            TARGETS.contains(&(name, package_name.as_str())),
                            "{name} of {package_name} is not run"
                        );
                        found.push(name.to_owned());
                        assert!(told.contains(&format!("`{name}`")), "tools/fuzz/README.md does not tell of {name}");
                    }
                }
            }
        }
        // An input in a folder that no target reads would never be tried again.
        let folders = fs::read_dir(root.join("tools/fuzz/corpus")).unwrap().map(|entry| entry.unwrap());
        let folders = folders.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name());
        let mut kept: Vec<String> = folders.map(|name| name.into_string().unwrap()).collect();
        kept.sort();

        found.sort();
        let mut targets = TARGETS.map(|(target, _)| target.to_owned());
        targets.sort();
        assert_eq!(found, targets);
        assert_eq!(kept, targets, "each has inputs that are kept");
    }
}
