//! `cargo xtask describe`: writes docs/openapi.yaml anew, as the types are that are read and written, and as the handlers answer.
//!
//! Each section is written by the test that keeps it, because no program links all functions. Then the file is looked at as a whole.

use std::fs;

use crate::bundle::cargo;
use crate::failure::{Failure, While};
use crate::place::Place;
use crate::step;

/// Where a function describes its routes.
const OF_A_FUNCTION: &str = "src/handler/tests/openapi.rs";

pub(crate) fn run(place: &Place) -> Result<(), Failure> {
    let mut sections = cargo(place);
    // One test writes after the other, and one that fails keeps no other from it.
    sections.args(["test", "--locked", "--no-fail-fast", "--package", "world", "--test", "openapi"]);
    for function in described(place)? {
        sections.args(["--package", &function, "--bin", &function]);
    }
    sections.args(["--", "openapi"]).env("UPDATE_EXPECT", "1");
    step::run(place, "describe", "writing docs/openapi.yaml", &mut sections)?;
    let mut whole = cargo(place);
    whole.args(["test", "--locked", "--package", "acceptance", "--test", "openapi"]);
    step::run(place, "described", "looking at it as a whole", &mut whole)
}

/// The functions that clients call, by their packages' names.
fn described(place: &Place) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for entry in fs::read_dir(place.root.join("functions")).while_doing("listing functions/")? {
        let entry = entry.while_doing("listing functions/")?;
        if entry.path().join(OF_A_FUNCTION).is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
