//! A terminal of the page's reader: a shell that reads its commands as they come, so that what one block sets the next one knows.
//!
//! It ends at the first command that fails, in a pipe too, and at a variable that nobody set: a reader sees that something went wrong, and so must we.
//!
//! Must never: point a command at another AWS than the local one.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::page::fits;
use crate::bundle::as_by_hand;
use crate::failure::{Failure, While};
use crate::place::Place;
use crate::{aws, interrupt, process, tools};

/// On a bare machine one block compiles everything. What hangs is told by its own block's limit long before.
const BLOCK_PATIENCE: Duration = Duration::from_secs(1_800);
/// A payment of the page heals in seconds.
const BESIDE_PATIENCE: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(100);
/// What the shell says when a block is over; nothing of ours prints such a line.
const OVER: &str = "--- block over:";
/// As on a terminal, both streams are one; and whoever ends says how.
const BEGINNING: &str =
    "exec 2>&1; set -euo pipefail; trap 'tutorial=$?; echo; echo \"--- block over: $tutorial\"' EXIT";

pub(super) struct Shell {
    process: Child,
    commands: ChildStdin,
    lines: Receiver<String>,
    shown: Vec<String>,
}

impl Shell {
    pub(super) fn open(place: &Place) -> Result<Self, Failure> {
        let what = "opening a shell";
        let mut command = Command::new("bash");
        aws::point_at_local(place, &mut command);
        as_by_hand(&mut command);
        let ports = place.ports;
        for (name, port) in [
            ("QUITTANCE_PORT", ports.aws),
            ("QUITTANCE_SANDBOX_PORT", ports.sandbox),
            ("QUITTANCE_WATCH_PORT", ports.watch),
        ] {
            command.env(name, port.to_string());
        }
        command
            // What a reader's own shell begins with is not the page's.
            .args(["--noprofile", "--norc"])
            .current_dir(&place.root)
            .env_remove("BASH_ENV")
            .env("PATH", tools::path(place))
            .env("QUITTANCE_LOCAL_DIR", &place.local)
            .env("SAM_CLI_TELEMETRY", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0);
        let mut process = command.spawn().while_doing(what)?;
        let taken = process.stdin.take().zip(process.stdout.take());
        let (mut commands, output) = taken.ok_or_else(|| Failure::new(what))?;
        commands.write_all(format!("{BEGINNING}\n").as_bytes()).while_doing(what)?;
        Ok(Self { process, commands, lines: lines_of(output), shown: Vec::new() })
    }

    /// Gives it commands and does not wait for them.
    pub(super) fn begin(&mut self, commands: &str) -> Result<(), Failure> {
        self.write(&format!("{}\n", grouped(commands)))
    }

    /// In one piece: a shell that has ended already must be found by what it said, and not by a pipe that is broken.
    fn write(&mut self, text: &str) -> Result<(), Failure> {
        self.commands.write_all(text.as_bytes()).while_doing("writing to a shell")
    }

    /// Runs commands and returns what they showed.
    pub(super) fn run(&mut self, commands: &str) -> Result<Vec<String>, Failure> {
        self.write(&format!("{}\necho; echo \"{OVER} 0\"\n", grouped(commands)))?;
        let started = Instant::now();
        let mut shown = Vec::new();
        loop {
            interrupt::check()?;
            match self.lines.recv_timeout(POLL) {
                Ok(line) => match line.strip_prefix(OVER) {
                    Some(status) if status.trim() == "0" => return Ok(without_the_last_empty_line(shown)),
                    Some(status) => {
                        return Err(Failure::new(format!("failed with{status}:\n{commands}\n{}", shown.join("\n"))));
                    }
                    None => shown.push(line),
                },
                Err(RecvTimeoutError::Timeout) if started.elapsed() < BLOCK_PATIENCE => {}
                Err(RecvTimeoutError::Timeout) => {
                    return Err(Failure::new(format!("does not come to an end:\n{commands}\n{}", shown.join("\n"))));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::new(format!("the shell is gone:\n{commands}\n{}", shown.join("\n"))));
                }
            }
        }
    }

    /// Waits until it shows this.
    pub(super) fn shows(&mut self, shown: &str) -> Result<(), Failure> {
        let started = Instant::now();
        loop {
            interrupt::check()?;
            if fits(shown, self.so_far()) {
                return Ok(());
            }
            if started.elapsed() > BESIDE_PATIENCE {
                return Err(differs(shown, &self.shown));
            }
            thread::sleep(POLL);
        }
    }

    /// What it has shown, where nobody runs anything in it.
    pub(super) fn so_far(&mut self) -> &[String] {
        self.shown.extend(self.lines.try_iter());
        &self.shown
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        process::end_group(self.process.id());
        drop(self.process.wait());
    }
}

/// No command may read the ones that follow it.
fn grouped(commands: &str) -> String {
    format!("{{\n{commands}\n}} </dev/null")
}

pub(super) fn differs(shown: &str, seen: &[String]) -> Failure {
    Failure::new(format!("the page shows\n{shown}\nand what is seen is\n{}", seen.join("\n")))
}

/// What a command printed without a line's end, the `echo` before the mark has ended; where it had one, that made a line too many.
fn without_the_last_empty_line(mut shown: Vec<String>) -> Vec<String> {
    if shown.last().is_some_and(String::is_empty) {
        shown.pop();
    }
    shown
}

fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell() -> Shell {
        Shell::open(&Place::from_environment(&mut Vec::new()).unwrap()).unwrap()
    }

    #[test]
    fn what_one_block_sets_the_next_one_knows() {
        let mut shell = shell();
        assert_eq!(shell.run("A=1\nsay() { echo \"$1$A\"; }").unwrap(), Vec::<String>::new());
        assert_eq!(shell.run("say a; say b >&2\nprintf c").unwrap(), ["a1", "b1", "c"]);
    }

    #[test]
    fn a_command_that_fails_fails_its_block_wherever_it_stands() {
        for (block, status) in [
            ("echo before; false\necho after", "failed with 1"),
            ("echo before; (exit 7) | cat\necho after", "failed with 7"),
            ("echo before; A=$(exit 3)\necho after", "failed with 3"),
            ("echo before; echo \"$NOBODY_SET_IT\"\necho after", "NOBODY_SET_IT: unbound variable"),
            ("echo before; nobody_wrote_it\necho after", "failed with 127"),
            ("echo before; fails() { return 4; }; fails\necho after", "failed with 4"),
            ("echo before; exit 0; if", "failed with 2"),
        ] {
            let failure = shell().run(block).unwrap_err().to_string();
            assert!(failure.contains(status), "{block}: {failure}");
            assert!(!failure.ends_with("after") && !failure.ends_with("after\n"), "{block}: {failure}");
        }
    }

    #[test]
    fn what_another_terminal_shows_is_seen_by_and_by() {
        let mut beside = shell();
        beside.begin("echo one; sleep 0.2; echo two").unwrap();
        beside.shows("one\ntwo").unwrap();
        assert_eq!(beside.so_far(), ["one", "two"]);
    }
}
