//! `cargo xtask simulate`: the simulation of the real operations, for as many seeds as one wants. It compiles `simulate`
//! of `tools/world` and hands it its words; what that says is said as it says it, and its end is ours.

use std::os::unix::process::CommandExt;

use crate::bundle::cargo;
use crate::failure::{Failure, While};
use crate::place::Place;
use crate::{interrupt, step};

/// What may be asked for.
const WORDS: [&str; 4] = ["--seeds", "--first", "--threads", "--story"];

pub(crate) fn run(place: &Place, words: &[&str]) -> Result<(), Failure> {
    if let Some(unknown) = words.iter().step_by(2).find(|word| !WORDS.contains(word)) {
        return Err(Failure::new(format!("there is no `simulate {unknown}`: it takes {}", WORDS.join(", "))));
    }
    interrupt::listen()?;
    let mut command = cargo(place);
    command
        .args(["run", "--locked", "--quiet", "--package", "world", "--bin", "simulate", "--"])
        .args(words)
        .process_group(0);
    let child = command.spawn().while_doing("starting the simulation")?;
    let status = step::wait(child, || ())?;
    interrupt::check()?;
    if status.success() { Ok(()) } else { Err(Failure::new("the simulation found something: see above")) }
}
