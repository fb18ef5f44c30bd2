//! `cargo xtask sbom`: one bill of materials per function (CycloneDX 1.5), of what is linked into its binary for one target: our crates
//! and everybody else's, with versions, licences and the checksums that Cargo.lock holds them to.
//!
//! What cargo itself would link, asked of `cargo tree` for all functions at once, because `sam build` builds them so and they share
//! features. Not in it: what only builds or tests (build scripts' own dependencies, macros, everything below `tools/`), the standard
//! library.
//!
//! Must never: differ between two runs on the same Cargo.lock. So there is no time in it, and its serial number is its own hash.

mod document;
mod graph;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use self::graph::Graph;
use crate::bundle::{self, cargo};
use crate::failure::{Failure, While};
use crate::place::Place;
use crate::step;

/// What is deployed unless somebody chooses arm64.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// For stacks with `Architecture=arm64`.
const TARGET_ARM: &str = "aarch64-unknown-linux-gnu";

/// A function and its bill.
struct Bill {
    function: String,
    text: String,
}

pub(crate) fn run(place: &Place, words: &[&str]) -> Result<(), Failure> {
    let wanted = Wanted::read(place, words)?;
    fs::create_dir_all(&wanted.folder).while_doing(format!("making {}", place.shown(&wanted.folder)))?;
    for Bill { function, text } in bills(place, wanted.target)? {
        let file = wanted.folder.join(format!("{function}.cdx.json"));
        fs::write(&file, text).while_doing(format!("writing {}", place.shown(&file)))?;
        println!("{}", place.shown(&file));
    }
    Ok(())
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    folder: PathBuf,
    target: &'static str,
}

impl Wanted {
    fn read(place: &Place, words: &[&str]) -> Result<Self, Failure> {
        let mut wanted = Self { folder: place.target.join("sbom"), target: TARGET };
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            match (word, words.next()) {
                ("--out", Some(folder)) => wanted.folder = Path::new(folder).to_path_buf(),
                ("--target", Some(TARGET)) => wanted.target = TARGET,
                ("--target", Some(TARGET_ARM)) => wanted.target = TARGET_ARM,
                _ => {
                    let usage = format!("cargo xtask sbom [--out <folder>] [--target {TARGET}|{TARGET_ARM}]");
                    return Err(Failure::new(usage));
                }
            }
        }
        Ok(wanted)
    }
}

/// A bill for each function of template.yaml, in its order.
fn bills(place: &Place, target: &str) -> Result<Vec<Bill>, Failure> {
    let mut tree = cargo(place);
    // No package is named: these are the default members, and their features are those of a build of all of them.
    tree.args(["tree", "--locked", "--target", target, "--edges", "normal,no-proc-macro"]);
    tree.args(["--charset", "ascii", "--prefix", "depth", "--format", graph::FORMAT]);
    let graph = Graph::read(&step::output("asking cargo what is linked", &mut tree)?)?;
    let lock = fs::read_to_string(place.root.join("Cargo.lock")).while_doing("reading Cargo.lock")?;
    let functions = bundle::functions(place)?.into_iter();
    functions
        .map(|function| {
            let text = document::of(&function.binary, target, &graph, &lock)?;
            Ok(Bill { function: function.binary, text })
        })
        .collect()
}
