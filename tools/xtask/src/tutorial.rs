//! `cargo xtask tutorial`: does what docs/TUTORIAL.md tells a newcomer, against a real local stack, and fails where the page shows something else than what is
//! seen. `cargo xtask test --full` does it too.
//!
//! The page has its reader change a line of the code. So what stands under `functions/` is read before and put back after, whatever comes of it.
//!
//! Must never: let a command of the page reach another AWS than the local one.

mod page;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use self::page::{Step, What, fits, steps};
use crate::failure::{Failure, While};
use crate::place::Place;
use crate::{aws, interrupt, process, tools, watch};

const PAGE: &str = "docs/TUTORIAL.md";
/// Cargo may have to compile a function in between.
const BLOCK_PATIENCE: Duration = Duration::from_secs(300);
/// A payment of the page heals in seconds.
const BESIDE_PATIENCE: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(100);
/// What the shell says when a block is over; nothing of ours prints such a line.
const OVER: &str = "--- block over:";
/// Folders inside each other, below `functions/`.
const DEPTH_MAX: usize = 6;

/// Does what the page says, and returns how many of its blocks were done or seen.
pub(crate) fn run(place: &Place) -> Result<u64, Failure> {
    interrupt::listen()?;
    tools::install(place)?;
    if tools::find("curl").is_none() {
        return Err(Failure::new("the tutorial calls the API with curl (Debian, Ubuntu: apt-get install curl)"));
    }
    let text = fs::read_to_string(place.root.join(PAGE)).while_doing(format!("reading {PAGE}"))?;
    let steps = steps(&text)?;
    println!("· following {PAGE}");
    let before = Sources::read(&place.root.join("functions"))?;
    let stand_in = stand_in(place)?;
    let mut reader = Newcomer::sit_down(place)?;
    let followed = reader.follow(&steps);
    drop(reader);
    before.put_back()?;
    if let Some(file) = stand_in {
        drop(fs::remove_file(file));
    }
    followed
}

/// `cargo lambda watch` wants a file of the usual stack's; where that has never been up, an empty one stands in and is cleared away.
fn stand_in(place: &Place) -> Result<Option<PathBuf>, Failure> {
    let usual = place.root.join("target/local/watch.env");
    if usual == place.watch_env() { Ok(None) } else { watch::stand_in(place) }
}

/// Somebody with a few terminals.
struct Newcomer<'a> {
    place: &'a Place,
    first: Shell,
    beside: BTreeMap<usize, Shell>,
    /// What the last block in the first terminal showed.
    seen: Vec<String>,
}

impl<'a> Newcomer<'a> {
    fn sit_down(place: &'a Place) -> Result<Self, Failure> {
        Ok(Self { place, first: Shell::open(place)?, beside: BTreeMap::new(), seen: Vec::new() })
    }

    fn follow(&mut self, steps: &[Step]) -> Result<u64, Failure> {
        let started = Instant::now();
        let (mut passed, mut heading, mut since) = (0_u64, "", Instant::now());
        for step in steps {
            if heading != step.heading {
                told(heading, since);
                (heading, since) = (step.heading.as_str(), Instant::now());
            }
            interrupt::check()?;
            if self.take(step).map_err(|failure| Failure::new(format!("{PAGE}:{}: {failure}", step.line)))?
                == Taken::Done
            {
                passed = passed.saturating_add(1);
            }
        }
        told(heading, since);
        println!("  | all of it | {} s |", started.elapsed().as_secs());
        Ok(passed)
    }

    fn take(&mut self, step: &Step) -> Result<Taken, Failure> {
        match &step.what {
            What::Do(commands) => {
                self.seen = self.first.run(commands)?;
                Ok(Taken::Done)
            }
            What::Beside { terminal, commands } => {
                let mut shell = Shell::open(self.place)?;
                shell.begin(commands)?;
                self.beside.insert(*terminal, shell);
                Ok(Taken::Done)
            }
            What::See(shown) if fits(shown, &self.seen) => Ok(Taken::Done),
            What::See(shown) => Err(differs(shown, &self.seen)),
            What::SeeBeside { terminal, shown } => {
                let shell =
                    self.beside.get_mut(terminal).ok_or_else(|| Failure::new("there is no such terminal yet"))?;
                shell.shows(shown)?;
                Ok(Taken::Done)
            }
            What::Skip(why) => {
                println!("  not here, line {}: {why}", step.line);
                Ok(Taken::Skipped)
            }
        }
    }
}

/// Whether a block was done or seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    Done,
    Skipped,
}

/// A line of the page's table of times.
fn told(heading: &str, since: Instant) {
    if !heading.is_empty() {
        println!("  | {heading} | {} s |", since.elapsed().as_secs());
    }
}

fn differs(shown: &str, seen: &[String]) -> Failure {
    Failure::new(format!("the page shows\n{shown}\nand what is seen is\n{}", seen.join("\n")))
}

/// A shell that reads its commands as they come, so that what one block sets the next one knows.
struct Shell {
    process: Child,
    commands: ChildStdin,
    lines: Receiver<String>,
    shown: Vec<String>,
}

impl Shell {
    fn open(place: &Place) -> Result<Self, Failure> {
        let what = "opening a shell";
        let mut command = Command::new("sh");
        aws::point_at_local(place, &mut command);
        let ports = place.ports;
        for (name, port) in [
            ("QUITTANCE_PORT", ports.aws),
            ("QUITTANCE_SANDBOX_PORT", ports.sandbox),
            ("QUITTANCE_WATCH_PORT", ports.watch),
        ] {
            command.env(name, port.to_string());
        }
        command
            .current_dir(&place.root)
            .env("PATH", tools::path(place))
            .env("QUITTANCE_LOCAL_DIR", &place.local)
            .env("SAM_CLI_TELEMETRY", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // As on a terminal, both streams are one: the shell is told so first.
            .stderr(Stdio::null())
            .process_group(0);
        let mut process = command.spawn().while_doing(what)?;
        let taken = process.stdin.take().zip(process.stdout.take());
        let (mut commands, output) = taken.ok_or_else(|| Failure::new(what))?;
        writeln!(commands, "exec 2>&1").while_doing(what)?;
        Ok(Self { process, commands, lines: lines_of(output), shown: Vec::new() })
    }

    /// Gives it commands and does not wait for them.
    fn begin(&mut self, commands: &str) -> Result<(), Failure> {
        // No command may read the ones that follow it.
        writeln!(self.commands, "{{\n{commands}\n}} </dev/null").while_doing("writing to a shell")
    }

    /// Runs commands and returns what they showed.
    fn run(&mut self, commands: &str) -> Result<Vec<String>, Failure> {
        self.begin(commands)?;
        writeln!(self.commands, "tutorial=$?; echo; echo \"{OVER} $tutorial\"").while_doing("writing to a shell")?;
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
                Err(_) => {
                    return Err(Failure::new(format!("does not come to an end:\n{commands}\n{}", shown.join("\n"))));
                }
            }
        }
    }

    /// Waits until it shows this.
    fn shows(&mut self, shown: &str) -> Result<(), Failure> {
        let started = Instant::now();
        loop {
            interrupt::check()?;
            self.shown.extend(self.lines.try_iter());
            if fits(shown, &self.shown) {
                return Ok(());
            }
            if started.elapsed() > BESIDE_PATIENCE {
                return Err(differs(shown, &self.shown));
            }
            thread::sleep(POLL);
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        process::end_group(self.process.id());
        drop(self.process.wait());
    }
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

/// The functions' code as it stood.
struct Sources(BTreeMap<PathBuf, Vec<u8>>);

impl Sources {
    fn read(folder: &Path) -> Result<Self, Failure> {
        let what = "reading functions/";
        let (mut files, mut level) = (BTreeMap::new(), vec![folder.to_owned()]);
        for _ in 0..DEPTH_MAX {
            let mut deeper = Vec::new();
            for folder in level {
                for entry in fs::read_dir(folder).while_doing(what)? {
                    let path = entry.while_doing(what)?.path();
                    if path.is_dir() {
                        deeper.push(path);
                    } else {
                        let bytes = fs::read(&path).while_doing(what)?;
                        files.insert(path, bytes);
                    }
                }
            }
            level = deeper;
        }
        Ok(Self(files))
    }

    fn put_back(&self) -> Result<(), Failure> {
        for (path, bytes) in &self.0 {
            if fs::read(path).is_ok_and(|now| now == *bytes) {
                continue;
            }
            fs::write(path, bytes).while_doing(format!("putting {} back", path.display()))?;
            // What the page keeps beside a file that it changes.
            let kept = PathBuf::from(format!("{}.was", path.display()));
            if !self.0.contains_key(&kept) {
                drop(fs::remove_file(kept));
            }
        }
        Ok(())
    }
}
