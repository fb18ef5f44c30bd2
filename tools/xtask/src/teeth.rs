//! `cargo xtask teeth`: plants known bugs, one after the other, and demands that the simulation finds each of them. A proof
//! that would not see what is wrong proves nothing.
//!
//! A bug is a patch of tools/world/bugs. It is planted in a copy of the workspace, and built in a folder of its own: the
//! tree and what was built of it are never touched, and what is shipped has no switch.
//!
//! Phases: copy the workspace and build it as it is; then plant, build and take out one bug after the other. While the next
//! one is built, the one before is simulated.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::bundle::cargo;
use crate::failure::{Failure, While};
use crate::place::Place;
use crate::{interrupt, process, proof, step};

const BUGS: &str = "tools/world/bugs";
/// The time of one core in which a bug must be found. The slowest takes less than half of it.
const LIMIT: Duration = Duration::from_secs(150);
/// More than are simulated within the limit.
const SEEDS: &str = "1000000";
const POLL: Duration = Duration::from_millis(20);

/// A bug.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bug {
    name: String,
    patch: PathBuf,
    /// What it is, in plain words.
    says: String,
    /// The promises of which it breaks one first.
    breaks: Vec<String>,
}

/// What the simulation found: `seed 7 breaks P4: a row ended without proof`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    seed: u64,
    promise: String,
    what: String,
}

/// Where bugs are planted.
struct Bed<'a> {
    place: &'a Place,
    tree: PathBuf,
    built: PathBuf,
}

/// The bugs that are named, or all.
pub(crate) fn run(place: &Place, names: &[&str]) -> Result<(), Failure> {
    interrupt::listen()?;
    try_all(place, names, None).map(drop)
}

/// All bugs, with the figures of it told to whoever closes the run. How many were found.
pub(crate) fn all(place: &Place, figures: &Path) -> Result<u64, Failure> {
    try_all(place, &[], Some(figures))
}

fn try_all(place: &Place, names: &[&str], figures: Option<&Path>) -> Result<u64, Failure> {
    let bugs = chosen(bugs(place)?, names)?;
    let bed = Bed::make(place)?;
    println!("· planting {} bugs, each in a copy; the simulation has {} for each", bugs.len(), step::seconds(LIMIT));
    let (built, to_try) = mpsc::channel::<(&Bug, PathBuf)>();
    let mut failures = Vec::new();
    let found = thread::scope(|scope| {
        let hunter =
            scope.spawn(move || to_try.into_iter().map(|(bug, binary)| hunt(bug, &binary)).collect::<Vec<_>>());
        for bug in &bugs {
            match bed.grow(bug) {
                Ok(binary) => drop(built.send((bug, binary))),
                Err(failure) => {
                    println!("  {}: {failure}", bug.name);
                    failures.push(bug.name.clone());
                }
            }
            if interrupt::interrupted() {
                break;
            }
        }
        drop(built);
        hunter.join().map_err(|_| Failure::new("the hunt for bugs broke off"))
    })?;
    interrupt::check()?;
    let slowest = found.iter().flatten().max().copied().unwrap_or_default();
    let count = found.iter().flatten().count();
    failures.extend(found.into_iter().filter_map(Result::err));
    println!("{} bugs planted, {count} found, slowest {:.1} s", bugs.len(), slowest.as_secs_f32());
    let count = u64::try_from(count).while_doing("counting bugs")?;
    if let Some(figures) = figures {
        proof::tell(figures, "teeth", u64::try_from(bugs.len()).while_doing("counting bugs")?, "bugs planted")?;
        proof::tell(figures, "teeth", count, "bugs found")?;
    }
    if failures.is_empty() { Ok(count) } else { Err(Failure::new(format!("not found: {}", failures.join(", ")))) }
}

/// Every bug that there is, by name.
fn bugs(place: &Place) -> Result<Vec<Bug>, Failure> {
    let mut bugs = Vec::new();
    for entry in fs::read_dir(place.root.join(BUGS)).while_doing(format!("reading {BUGS}"))? {
        let patch = entry.while_doing(format!("reading {BUGS}"))?.path();
        if patch.extension().is_some_and(|extension| extension == "patch") {
            let text = fs::read_to_string(&patch).while_doing(format!("reading {}", place.shown(&patch)))?;
            let name = patch.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            bugs.push(Bug::read(name, patch, &text)?);
        }
    }
    bugs.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(bugs)
}

fn chosen(all: Vec<Bug>, names: &[&str]) -> Result<Vec<Bug>, Failure> {
    if let Some(unknown) = names.iter().find(|name| all.iter().all(|bug| bug.name != **name)) {
        return Err(Failure::new(format!("there is no {BUGS}/{unknown}.patch")));
    }
    Ok(all.into_iter().filter(|bug| names.is_empty() || names.contains(&bug.name.as_str())).collect())
}

impl Bug {
    /// What stands before the diff: what it is, an empty line, and `Breaks: P4, P5`.
    fn read(name: String, patch: PathBuf, text: &str) -> Result<Self, Failure> {
        let header = text.split("diff --git").next().unwrap_or_default();
        let (says, breaks) = header.split_once("\n\nBreaks: ").unwrap_or_default();
        let breaks: Vec<String> = breaks.trim().split(", ").map(str::to_owned).collect();
        let is_promise = |word: &String| matches!(word.as_str(), "E7" | "house") || word.starts_with('P');
        if says.is_empty() || !breaks.iter().all(is_promise) {
            return Err(Failure::new(format!("{BUGS}/{name}.patch does not say what it is and what it breaks")));
        }
        Ok(Self { name, patch, says: says.replace('\n', " "), breaks })
    }
}

impl<'a> Bed<'a> {
    /// A copy of the workspace as it stands, committed or not, built once so that a bug is built in seconds.
    fn make(place: &'a Place) -> Result<Self, Failure> {
        let folder = place.target.join("teeth");
        let bed = Self { place, tree: folder.join("tree"), built: folder.join("target") };
        if bed.tree.exists() {
            fs::remove_dir_all(&bed.tree).while_doing("removing the last copy of the workspace")?;
        }
        let mut list = Command::new("git");
        list.current_dir(&place.root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        for name in step::output("listing the files of the workspace", &mut list)?.split_terminator('\0') {
            let (from, to) = (place.root.join(name), bed.tree.join(name));
            if let (true, Some(folder)) = (from.is_file(), to.parent()) {
                fs::create_dir_all(folder).while_doing("copying the workspace")?;
                fs::copy(&from, &to).while_doing(format!("copying {name}"))?;
            }
        }
        let says = "building the simulation in a copy of the workspace (minutes the first time)";
        step::run(place, "teeth", says, &mut bed.build())?;
        Ok(bed)
    }

    /// Plants a bug, builds it, and takes it out again. The simulation with the bug in it.
    fn grow(&self, bug: &Bug) -> Result<PathBuf, Failure> {
        step::output("it does not apply any more", &mut self.apply(bug))?;
        let outcome = step::output("it does not compile any more", &mut self.build());
        step::output("it cannot be taken out again", self.apply(bug).arg("--reverse"))?;
        outcome?;
        let binary = self.built.join(format!("simulate-{}", bug.name));
        fs::copy(self.built.join("debug/simulate"), &binary).while_doing("keeping what was built")?;
        Ok(binary)
    }

    fn apply(&self, bug: &Bug) -> Command {
        let mut git = Command::new("git");
        // Without the repository around it, `git apply` is a strict `patch`: nothing is planted where it does not belong.
        git.current_dir(&self.tree).env("GIT_CEILING_DIRECTORIES", self.tree.parent().unwrap_or(&self.tree));
        git.args(["apply", "--whitespace=nowarn"]).arg(&bug.patch);
        git
    }

    fn build(&self) -> Command {
        let mut command = cargo(self.place);
        // One bug after the other is built in the same folder: what the last build knew is what makes the next one quick.
        command.current_dir(&self.tree).env("CARGO_TARGET_DIR", &self.built).env("CARGO_INCREMENTAL", "1");
        command.args(["build", "--locked", "--quiet", "--package", "world", "--bin", "simulate"]);
        command
    }
}

/// Has the simulation look for a bug, and says what came of it. How long it took, or the bug's name.
fn hunt(bug: &Bug, binary: &Path) -> Result<Duration, String> {
    let outcome = simulate(binary);
    drop(fs::remove_file(binary));
    let (is_found, said, took) = match outcome {
        Ok((Some(Finding { seed, promise, what }), took)) => {
            (bug.breaks.contains(&promise), format!("{promise}, {what} (seed {seed}"), took)
        }
        Ok((None, took)) => (false, "NOT FOUND (".to_owned(), took),
        Err(failure) => (false, format!("{failure} ("), Duration::ZERO),
    };
    let seconds = took.as_secs_f32();
    println!("  {:<44} {said}, {seconds:.1} s)", bug.name);
    if is_found {
        return Ok(took);
    }
    println!("    {}\n    It must break {}.", bug.says, bug.breaks.join(" or "));
    Err(bug.name.clone())
}

/// Runs a simulation until it finds something or its time is over.
fn simulate(binary: &Path) -> Result<(Option<Finding>, Duration), Failure> {
    let mut command = Command::new(binary);
    command
        .args(["--threads", "1", "--seeds", SEEDS])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.process_group(0).spawn().while_doing("starting a simulation")?;
    let output = child.stdout.take().ok_or_else(|| Failure::new("a simulation has no output"))?;
    let (tell, told) = mpsc::channel();
    let reader = thread::spawn(move || {
        let found = BufReader::new(output).lines().map_while(Result::ok).find_map(|line| finding(&line));
        drop(tell.send(found));
    });
    let began = Instant::now();
    let mut took = Duration::ZERO;
    let found = loop {
        match told.recv_timeout(POLL) {
            Ok(found) => break found,
            Err(mpsc::RecvTimeoutError::Disconnected) => break None,
            Err(mpsc::RecvTimeoutError::Timeout) => took = time_of(&child).unwrap_or_else(|| began.elapsed()),
        }
        if took > LIMIT || interrupt::interrupted() {
            break None;
        }
    };
    // What it finds it would make shorter: for that there is `cargo xtask simulate`.
    process::end_group(child.id());
    child.wait().while_doing("waiting for a simulation to end")?;
    drop(reader.join());
    Ok((found, took))
}

/// `seed 7 breaks P4: a row ended without proof; looking for a shorter way to it`
fn finding(line: &str) -> Option<Finding> {
    let (seed, rest) = line.strip_prefix("seed ")?.split_once(" breaks ")?;
    let (promise, what) = rest.strip_suffix("; looking for a shorter way to it")?.split_once(": ")?;
    Some(Finding { seed: seed.parse().ok()?, promise: promise.to_owned(), what: what.to_owned() })
}

/// How long a child has been on a core, where the system tells: on a busy machine that is less than has passed.
fn time_of(child: &Child) -> Option<Duration> {
    /// Linux counts so, whatever its clock does.
    const TICK: Duration = Duration::from_millis(10);
    let text = fs::read_to_string(format!("/proc/{}/stat", child.id())).ok()?;
    // After the name, which may hold anything, in the user's code and in the kernel's: the 14th and 15th field.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u32>().ok();
    TICK.checked_mul(ticks(11)?.saturating_add(ticks(12)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Bug, Failure> {
        Bug::read("a-bug".to_owned(), PathBuf::new(), text)
    }

    #[test]
    fn a_bug_says_what_it_is_and_what_it_breaks() {
        let bug = read("It is wrong.\nVery.\n\nBreaks: P4, house\n\ndiff --git a/x b/x\n").unwrap();
        assert_eq!((bug.says.as_str(), bug.breaks), ("It is wrong. Very.", vec!["P4".to_owned(), "house".to_owned()]));
        for text in ["diff --git a/x b/x\n", "It is wrong.\n\ndiff --git", "It is wrong.\n\nBreaks: none\n\ndiff --git"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_breach_is_a_finding_and_nothing_else_is() {
        let line = "seed 7 breaks P4: a row: ended; looking for a shorter way to it";
        let expected = Finding { seed: 7, promise: "P4".to_owned(), what: "a row: ended".to_owned() };
        assert_eq!(finding(line), Some(expected));
        for line in ["gap: seed 7 breaks", "seed 7 at commit 1 breaks P4: a row", "… 500 of 1000 seeds after 20 s"] {
            assert_eq!(finding(line), None, "{line}");
        }
    }

    #[test]
    fn the_time_that_a_process_was_on_a_core_is_read_or_not_known() {
        let mut child = Command::new("true").spawn().unwrap();
        assert!(time_of(&child).is_none_or(|time| time < Duration::from_secs(5)));
        child.wait().unwrap();
    }

    #[test]
    fn every_planted_bug_still_fits_the_code_that_it_stands_on() {
        let place = Place::from_environment(&mut Vec::new()).unwrap();
        let folder = place.root.join("tools/world/bugs");
        let patches = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        for patch in patches.filter(|path| path.extension().is_some_and(|extension| extension == "patch")) {
            let checked = Command::new("git").args(["apply", "--check"]).arg(&patch).current_dir(&place.root).output();
            let said = String::from_utf8_lossy(&checked.unwrap().stderr).into_owned();
            assert!(said.is_empty(), "{}: {said}", patch.display());
        }
    }

    #[test]
    fn every_planted_bug_can_be_read_and_there_are_at_least_twenty() {
        let place = Place::from_environment(&mut Vec::new()).unwrap();
        let bugs = bugs(&place).unwrap();
        assert!(bugs.len() >= 20, "{}", bugs.len());
        assert!(chosen(bugs.clone(), &["no such bug"]).is_err());
        assert_eq!(chosen(bugs.clone(), &[]).unwrap(), bugs);
    }
}
