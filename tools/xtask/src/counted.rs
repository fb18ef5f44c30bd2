//! Runs `cargo test`, shows what it says as it says it, and adds up its closing lines.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc;
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

/// Runs what is given, and beside it what nobody watches: that is shown when the first has ended.
///
/// Fails only when the tests could not be run; failed tests are in the count.
pub(crate) fn both(
    says: &str,
    command: &mut Command,
    says_beside: &str,
    beside: &mut Command,
) -> Result<Count, Failure> {
    let started = Instant::now();
    println!("· {says}");
    println!("· beside it, shown after it: {says_beside}");
    let (sender, lines) = mpsc::channel();
    let (count, more) = thread::scope(|scope| {
        let other = scope.spawn(move || run(beside, move |line| drop(sender.send(line))));
        let count = run(command, |line| println!("{line}"));
        println!("· {says_beside}");
        lines.iter().for_each(|line| println!("{line}"));
        (count, other.join())
    });
    let more = more.map_err(|_| Failure::new("running the tests failed"))??;
    crate::interrupt::check()?;
    println!("  done in {}", step::seconds(started.elapsed()));
    Ok(count?.plus(more))
}

/// Runs `cargo test` and tells each line of both its outputs as it comes.
fn run(command: &mut Command, tell: impl Fn(String) + Clone + Send) -> Result<Count, Failure> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .while_doing("starting cargo test")?;
    let output = child.stdout.take().ok_or_else(|| Failure::new("cargo test has no output"))?;
    let errors = child.stderr.take().ok_or_else(|| Failure::new("cargo test has no output for errors"))?;
    let (count, status) = thread::scope(|scope| {
        let tell_errors = tell.clone();
        scope.spawn(move || lines_of(errors).for_each(tell_errors));
        let reader = scope.spawn(move || {
            let mut count = Count::default();
            for line in lines_of(output) {
                count.add(&line);
                tell(line);
            }
            count
        });
        let status = step::wait(child, || ());
        (reader.join(), status)
    });
    let mut count = count.map_err(|_| Failure::new("reading the tests' output failed"))?;
    if !status?.success() && count.failed == 0 {
        // It did not compile, or a test program died without a closing line.
        count.failed = 1;
    }
    Ok(count)
}

fn lines_of(output: impl Read) -> impl Iterator<Item = String> {
    // A test may print what is no UTF-8.
    BufReader::new(output).split(b'\n').map_while(Result::ok).map(|line| String::from_utf8_lossy(&line).into_owned())
}

impl Count {
    const fn plus(self, more: Self) -> Self {
        Self {
            passed: self.passed.saturating_add(more.passed),
            failed: self.failed.saturating_add(more.failed),
            skipped: self.skipped.saturating_add(more.skipped),
        }
    }

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
