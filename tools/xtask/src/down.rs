//! `cargo xtask down`: stops what `up` started, and nothing else.

use std::fs;

use crate::failure::Failure;
use crate::place::Place;
use crate::process::{self, Running};

pub(crate) fn run(place: &Place) -> Result<(), Failure> {
    match Running::read(place) {
        Some(_) => {
            stop(place);
            println!("the local stack is stopped");
        }
        None => println!("no local stack runs in {}", place.shown(&place.local)),
    }
    Ok(())
}

/// Stops the servers, the last started first, with every process that they started, and removes what only a running
/// stack has. Logs and laid binaries stay: they explain a failure, and make the next `up` quick.
pub(crate) fn stop(place: &Place) {
    if let Some(running) = Running::read(place) {
        for server in running.servers.iter().rev() {
            server.stop();
        }
    }
    process::forget(place);
    drop(fs::remove_file(place.stack_json()));
    drop(fs::remove_file(place.watch_env()));
    drop(fs::remove_dir_all(place.local.join("tmp")));
}
