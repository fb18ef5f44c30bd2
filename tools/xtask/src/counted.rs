//! Runs `cargo test`, shows what it says as it says it, and adds up its closing lines.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use crate::failure::{Failure, While};
use crate::step;

/// What the tests came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

/// Fails only when the tests could not be run; failed tests are in the count.
pub(crate) fn run(says: &str, command: &mut Command) -> Result<Count, Failure> {
    println!("· {says}");
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .while_doing("starting cargo test")?;
    let output = child.stdout.take().ok_or_else(|| Failure::new("cargo test has no output"))?;
    let reader = thread::spawn(move || {
        let mut count = Count::default();
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            println!("{line}");
            count.add(&line);
        }
        count
    });
    let status = step::wait(child, || ())?;
    let mut count = reader.join().map_err(|_| Failure::new("reading the tests' output failed"))?;
    crate::interrupt::check()?;
    if !status.success() && count.failed == 0 {
        // It did not compile, or a test program died without a closing line.
        count.failed = 1;
    }
    println!("  done in {}", step::seconds(started.elapsed()));
    Ok(count)
}

impl Count {
    /// `test result: ok. 12 passed; 0 failed; 1 ignored; …`
    fn add(&mut self, line: &str) {
        let Some((_, numbers)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        for part in numbers.split("; ") {
            let Some((number, what)) = part.split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            let counter = match what {
                "passed" => &mut self.passed,
                "failed" => &mut self.failed,
                "ignored" => &mut self.skipped,
                _ => continue,
            };
            *counter = counter.saturating_add(number);
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_add_up() {
        let mut count = Count::default();
        count.add("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s");
        count.add("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s");
        count.add("test something ... ok");
        assert_eq!(count.to_string(), "15 passed, 2 failed, 1 skipped");
    }
}
