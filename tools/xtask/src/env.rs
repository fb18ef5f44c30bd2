//! `eval "$(cargo xtask env)"`: where the local stack is, and its key, as variables of the shell. The key is the public one of the local stage.

use crate::failure::Failure;
use crate::place::Place;
use crate::process::Running;
use crate::{secrets, watch};

/// Prints them.
pub(crate) fn run(place: &Place) -> Result<(), Failure> {
    let running = Running::read(place).filter(|_| place.stack_json().is_file());
    let ports = running.ok_or_else(|| Failure::new("no local stack runs; `cargo xtask up --detach` starts one"))?.ports;
    let place = Place { ports, ..place.clone() };
    for (name, value) in [
        ("API", place.api_url()),
        ("KEY", secrets::local_api_key()),
        ("SANDBOX", place.sandbox_url()),
        ("WATCH", watch::url(&place)),
    ] {
        println!("{name}='{value}'");
    }
    Ok(())
}
