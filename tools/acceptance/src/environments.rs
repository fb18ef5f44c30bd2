//! The processes that functions run in. The local AWS starts each environment as a real process, so that it can really be killed.
//!
//! Found through `/proc`, by what is theirs alone: the function's name and the port of this stack's own AWS stand in their environment.
//! Elsewhere than on Linux none are found, and a test that needs one says so.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::stack::Stack;

/// The processes of a function of this stack, warm or at work.
#[must_use]
pub fn of(stack: &Stack, function: &str) -> Vec<u32> {
    let name = format!("AWS_LAMBDA_FUNCTION_NAME={}-{function}", stack.aws.stack);
    let port = stack.aws.endpoint.rsplit(':').next().unwrap_or_default();
    let port = format!("GATEWAY_PORT={port}");
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|process| process.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| {
        // A process that has ended meanwhile has no environment any more.
        let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        let has = |variable: &str| environment.split(|byte| *byte == 0).any(|found| found == variable.as_bytes());
        has(&name) && has(&port)
    })
    .collect()
}

/// How long a process may take to be gone after `kill -9`.
const DEATH: Duration = Duration::from_secs(5);

/// `kill -9` of every environment of a function, whatever it is at; afterwards they are gone, so that nobody is sent to one of them.
/// Says how many there were.
///
/// # Panics
/// If there is no `kill`, or a process outlives it.
pub fn kill(stack: &Stack, function: &str) -> usize {
    let ids = of(stack, function);
    for id in &ids {
        // One that has ended by itself meanwhile is none to complain about.
        drop(Command::new("kill").args(["-9", &id.to_string()]).output().unwrap());
    }
    let killed = Instant::now();
    while of(stack, function).iter().any(|id| ids.contains(id)) {
        assert!(killed.elapsed() < DEATH, "{function} outlives its death");
        thread::sleep(Duration::from_millis(1));
    }
    ids.len()
}
