//! What the proofs among the tests came to: how much was tried, and how many of the planted bugs were found.
//!
//! Tests write their figures into a file (`world::proof`); here those of one kind are added up. A proof that nobody ran is
//! no proof: a figure that is missing, or is zero, fails the run.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, While};
use crate::place::Place;
use crate::test::Depth;

/// What tests call the file in their environment.
pub(crate) const FILE: &str = "QUITTANCE_PROOF";

/// The proofs, and what each must have told, in the order in which they are shown.
const EXPECTED: [(&str, &[&str]); 8] = [
    ("simulation", &["seeds", "draws", "calls", "faults"]),
    ("scope", &["await points", "schedules", "orders of pairs", "orders of events", "runs twice"]),
    ("model", &["states", "protocols planted", "protocols found"]),
    ("teeth", &["bugs planted", "bugs found"]),
    ("fuzz", &["inputs"]),
    ("canary", &["secrets", "log lines", "rows", "functions' settings"]),
    ("card data", &["numbers planted and refused", "harmless texts", "false alarms"]),
    ("openapi", &["operations", "examples", "bounds tried"]),
];

/// What a full run must have told as well.
const EXPECTED_IN_FULL: [(&str, &[&str]); 1] = [("schemathesis", &["operations", "requests"])];

/// Figures by what they are of, and in which unit.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures(BTreeMap<(String, String), u64>);

/// Where the figures of this run are kept, with none in it yet.
pub(crate) fn begin(own: &Place) -> Result<PathBuf, Failure> {
    let file = own.local.join("proof");
    match fs::remove_file(&file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).while_doing("removing the last run's figures"),
        Ok(()) | Err(_) => Ok(file),
    }
}

/// Tells a figure of what no test does, as `world::proof` does for tests.
pub(crate) fn tell(file: &Path, of: &str, count: u64, unit: &str) -> Result<(), Failure> {
    let told = fs::File::options().create(true).append(true).open(file);
    told.and_then(|mut file| file.write_all(format!("{of}\t{count}\t{unit}\n").as_bytes()))
        .while_doing("telling a figure")
}

/// The figures that were told.
pub(crate) fn read(file: &Path) -> Result<Figures, Failure> {
    match fs::read_to_string(file) {
        Ok(text) => Figures::parse(&text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Figures::default()),
        Err(error) => Err(error).while_doing("reading the figures"),
    }
}

impl Figures {
    fn parse(text: &str) -> Result<Self, Failure> {
        let mut figures = Self::default();
        for line in text.lines() {
            let mut fields = line.split('\t');
            let (Some(of), Some(Ok(count)), Some(unit), None) =
                (fields.next(), fields.next().map(str::parse::<u64>), fields.next(), fields.next())
            else {
                return Err(Failure::new(format!("{line:?} is no figure")));
            };
            let sum = figures.0.entry((of.to_owned(), unit.to_owned())).or_default();
            *sum = sum.saturating_add(count);
        }
        Ok(figures)
    }

    /// Every figure that should be there and is not, or that says that too little was done.
    pub(crate) fn missing(&self, depth: Depth) -> Vec<String> {
        let in_full: &[(&str, &[&str])] = match depth {
            Depth::Quick => &[],
            Depth::Full => &EXPECTED_IN_FULL,
        };
        let expected = EXPECTED.iter().chain(in_full);
        let expected = expected.flat_map(|(of, units)| units.iter().map(move |unit| (*of, *unit)));
        let is_there = |of: &str, unit: &str| self.of(of, unit).is_some_and(|count| count >= least(of, unit));
        expected.filter(|(of, unit)| !is_there(of, unit)).map(|(of, unit)| format!("{of}: {unit}")).collect()
    }

    fn of(&self, of: &str, unit: &str) -> Option<u64> {
        self.0.get(&(of.to_owned(), unit.to_owned())).copied()
    }
}

/// Seeds of the simulation where somebody waits; the gate takes all that the simulation's test has by itself.
pub(crate) const SEEDS_QUICK: u64 = 10_000;

/// What every run must come to, a quick one too.
fn least(of: &str, unit: &str) -> u64 {
    match (of, unit) {
        ("simulation", "seeds") => SEEDS_QUICK,
        // Those before the ports; a full run plants the others too.
        ("teeth", "bugs found") => 9,
        ("card data", "harmless texts") => 100_000,
        // As few as possible.
        ("card data", "false alarms") => 0,
        // As many as the API has.
        ("openapi" | "schemathesis", "operations") => 23,
        // Of every field and parameter of every function several: each test says itself of which it could try nothing.
        ("openapi", "bounds tried") => 1_000,
        _ => 1,
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        EXPECTED.iter().chain(&EXPECTED_IN_FULL).try_for_each(|(of, units)| {
            let told = units.iter().filter_map(|unit| Some(format!("{} {unit}", grouped(self.of(of, unit)?))));
            let told = told.collect::<Vec<_>>().join(", ");
            let is_for_full_runs = EXPECTED_IN_FULL.iter().any(|(known, _)| known == of);
            // A quick run says nothing of what it need not do.
            if told.is_empty() && is_for_full_runs {
                return Ok(());
            }
            writeln!(formatter, "proof: {of:<10} {told}")
        })
    }
}

/// A number as people read it: 1,234,567.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_tests_tell_of_the_same_adds_up() {
        let told = "fuzz\t1000\tinputs\nmodel\t7\tstates\nfuzz\t234567\tinputs\n";
        let figures = Figures::parse(told).unwrap();
        assert_eq!(figures.of("fuzz", "inputs"), Some(235_567));
        assert!(figures.to_string().contains("proof: fuzz       235,567 inputs\n"), "{figures}");
    }

    #[test]
    fn a_proof_that_was_not_run_or_did_nothing_is_missed() {
        let all: String = EXPECTED
            .iter()
            .flat_map(|(of, units)| units.iter().map(move |unit| format!("{of}\t{}\t{unit}\n", least(of, unit))))
            .collect();
        assert_eq!(Figures::parse(&all).unwrap().missing(Depth::Quick), Vec::<String>::new());
        let in_full = ["schemathesis: operations", "schemathesis: requests"];
        assert_eq!(Figures::parse(&all).unwrap().missing(Depth::Full), in_full);
        let nothing = all.replace("fuzz\t1\tinputs", "fuzz\t0\tinputs");
        assert_eq!(Figures::parse(&nothing).unwrap().missing(Depth::Quick), ["fuzz: inputs"]);
        let few = all.replace("simulation\t10000\tseeds", "simulation\t9999\tseeds");
        assert_eq!(Figures::parse(&few).unwrap().missing(Depth::Quick), ["simulation: seeds"]);
        assert!(Figures::default().missing(Depth::Quick).contains(&"simulation: seeds".to_owned()));
    }

    #[test]
    fn what_is_no_figure_is_not_passed_over() {
        for line in ["fuzz", "fuzz\tmany\tinputs", "fuzz\t1\tinputs\tmore"] {
            assert!(Figures::parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn large_numbers_can_be_read() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
