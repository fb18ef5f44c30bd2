//! `cargo xtask record-events`: has the local AWS hand over each event of `events/` once more, and writes down what came.
//!
//! What a file stands for is what the file says: a client's request, a message, a change of a row, a minute. So a new one is begun with
//! that much, and finished by recording it. The same program holds the files to the local AWS in `cargo xtask test`.

use crate::bundle::cargo;
use crate::failure::Failure;
use crate::place::Place;
use crate::process::Running;
use crate::{interrupt, step};

pub(crate) fn run(place: &Place) -> Result<(), Failure> {
    interrupt::listen()?;
    if Running::read(place).is_none() || !place.stack_json().is_file() {
        return Err(Failure::new("no local stack runs; `cargo xtask up --detach` starts one"));
    }
    let mut recording = cargo(place);
    recording
        .args(["test", "--locked", "--package", "acceptance", "--test", "recording"])
        .env("QUITTANCE_STACK", place.stack_json())
        .env("QUITTANCE_RECORD_EVENTS", "1");
    let says = "recording events/ from the local AWS (two minutes: the clock comes once in each)";
    step::run(place, "record-events", says, &mut recording)?;
    println!("  {}", step::last_lines(&place.log("record-events"), 12));
    println!("`git diff events` shows what changed; pinned answers are in functions/*/src/handler/tests.rs");
    Ok(())
}
