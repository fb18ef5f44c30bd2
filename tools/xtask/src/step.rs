//! Long commands, told short: one line when a step starts, a sign of life while it runs, its time when it ends.
//!
//! The whole output goes to a log file; when a step fails, its last lines and the file's path are shown.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{Failure, While};
use crate::interrupt;
use crate::place::Place;
use crate::process;

/// How often a running step is looked at.
const POLL: Duration = Duration::from_millis(50);
/// How often a running step says that it still runs.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);
/// How much of a failed step's log is shown.
const SHOWN_LINES: usize = 30;

/// Runs a command as a step of its own; its output goes to `logs/<name>.log`.
pub(crate) fn run(place: &Place, name: &str, says: &str, command: &mut Command) -> Result<(), Failure> {
    println!("· {says}");
    let started = Instant::now();
    let log = place.log(name);
    let status = logged(place, name, command)?;
    if status.success() {
        println!("  done in {}", seconds(started.elapsed()));
        return Ok(());
    }
    interrupt::check()?;
    Err(Failure::new(format!(
        "{says}: failed\n{}\nthe whole log: {}",
        last_lines(&log, SHOWN_LINES),
        place.shown(&log)
    )))
}

/// Runs a short command and returns what it printed.
pub(crate) fn output(what: &str, command: &mut Command) -> Result<String, Failure> {
    let output = command.stdin(Stdio::null()).output().while_doing(what)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    interrupt::check()?;
    Err(Failure::new(format!("{what}: {}", String::from_utf8_lossy(&output.stderr).trim())))
}

/// Gives a short command a text that nobody else may see, and lets it finish: in a group of its own, so that Ctrl-C at the terminal does not
/// stop it half way. What the text is about is smaller than a pipe, so that nothing is cut off when we are killed ourselves.
pub(crate) fn fed(what: &str, command: &mut Command, text: &str) -> Result<(), Failure> {
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().while_doing(what)?;
    let written = child.stdin.take().map_or(Ok(()), |mut pipe| pipe.write_all(text.as_bytes()));
    let output = child.wait_with_output().while_doing(what)?;
    if !output.status.success() {
        // Whoever ends before it has read says why; that is worth more than a broken pipe.
        return Err(Failure::new(format!("{what}: {}", String::from_utf8_lossy(&output.stderr).trim())));
    }
    written.while_doing(what)
}

pub(crate) fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs())
}

/// The end of a log, indented, for a failure's message.
pub(crate) fn last_lines(path: &Path, count: usize) -> String {
    let text = fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(count);
    lines.iter().skip(from).map(|line| format!("  | {line}")).collect::<Vec<_>>().join("\n")
}

/// A fresh log file that a command writes both its streams to.
pub(crate) fn open_log(place: &Place, name: &str) -> Result<File, Failure> {
    let path = place.log(name);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).while_doing(format!("making {}", place.shown(folder)))?;
    }
    File::create(&path).while_doing(format!("writing {}", place.shown(&path)))
}

fn logged(place: &Place, name: &str, command: &mut Command) -> Result<ExitStatus, Failure> {
    let log = open_log(place, name)?;
    let errors = log.try_clone().while_doing("opening the log twice")?;
    let child = command
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        // Its own group, so that Ctrl-C reaches us alone and we end it with its children.
        .process_group(0)
        .spawn()
        .while_doing(format!("starting {}", command.get_program().to_string_lossy()))?;
    let started = Instant::now();
    let mut told = Instant::now();
    let path = place.log(name);
    wait(child, || {
        if told.elapsed() >= SIGN_OF_LIFE {
            told = Instant::now();
            println!("  … {} {}", seconds(started.elapsed()), short(&last_line(&path)));
        }
    })
}

/// Waits for a child, and ends its group on Ctrl-C.
pub(crate) fn wait(mut child: Child, mut meanwhile: impl FnMut()) -> Result<ExitStatus, Failure> {
    loop {
        if let Some(status) = child.try_wait().while_doing("waiting for a command")? {
            return Ok(status);
        }
        if interrupt::interrupted() {
            process::end_group(child.id());
            return child.wait().while_doing("waiting for a command to end");
        }
        meanwhile();
        thread::sleep(POLL);
    }
}

/// A progress bar writes over its line with `\r`; what stands there last counts.
fn last_line(path: &Path) -> String {
    let line = last_lines(path, 1);
    line.trim_start_matches("  | ").rsplit('\r').map(str::trim).find(|part| !part.is_empty()).unwrap_or("").to_owned()
}

/// A terminal's width is not asked for; 90 characters fit everywhere.
fn short(line: &str) -> String {
    line.chars().take(90).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, text: &str) -> Result<(), Failure> {
        fed("reading", Command::new("sh").args(["-c", script]), text)
    }

    #[test]
    fn a_command_reads_the_whole_text_to_its_end_and_says_why_it_does_not() {
        assert!(shell("test \"$(cat)\" = 'a secret'", "a secret").is_ok());
        let failure = shell("cat > /dev/null; echo no right to put >&2; exit 3", "a secret").unwrap_err().to_string();
        assert_eq!(failure, "reading: no right to put");
        let failure = shell("exec 0<&-; echo unread >&2; exit 3", &"a".repeat(60_000)).unwrap_err().to_string();
        assert_eq!(failure, "reading: unread");
    }

    /// The terminal's Ctrl-C goes to the group of whoever runs in front of it.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_command_that_is_fed_leads_a_group_of_its_own() {
        assert!(shell("read -r pid name state parent group rest < /proc/$$/stat; test $group = $$", "").is_ok());
    }
}
