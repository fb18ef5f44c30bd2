//! `cargo xtask tutorial`: does what docs/TUTORIAL.md tells a newcomer, against a real local stack, and fails where the page shows something else than what is
//! seen. `cargo xtask test --full` does it too.
//!
//! The page has its reader change a line of the code. Before anything is done, that line must be there to be changed; and whatever comes of it, that
//! change is taken back after, and no other is touched.
//!
//! Must never: let a command of the page reach another AWS than the local one, or undo what somebody else wrote meanwhile.

mod edits;
mod page;
mod shell;
mod times;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use self::edits::Edit;
use self::page::{Step, What, fits, steps};
use self::shell::{Shell, differs};
use self::times::{Began, Times};
use crate::failure::{Failure, While};
use crate::place::Place;
use crate::{interrupt, tools, watch};

const PAGE: &str = "docs/TUTORIAL.md";
/// How much of another terminal is shown beside a failure.
const BESIDE_LINES: usize = 15;

/// Does what the page says, and returns how many of its blocks were done or seen.
pub(crate) fn run(place: &Place) -> Result<u64, Failure> {
    interrupt::listen()?;
    for program in ["bash", "curl"] {
        if tools::find(program).is_none() {
            return Err(Failure::new(format!(
                "the tutorial needs {program} (Debian, Ubuntu: apt-get install {program})"
            )));
        }
    }
    let text = fs::read_to_string(place.root.join(PAGE)).while_doing(format!("reading {PAGE}"))?;
    let steps = steps(&text)?;
    println!("· following {PAGE}");
    let stand_in = stand_in(place)?;
    let followed = follow(place, &steps);
    if let Some(file) = stand_in {
        drop(fs::remove_file(file));
    }
    followed
}

/// Does it, and takes back what it changed in the code whatever came of it.
fn follow(place: &Place, steps: &[Step]) -> Result<u64, Failure> {
    edits::check(&place.root, steps)?;
    let times = Times::new(Began::find(place));
    let mut reader = Newcomer::sit_down(place)?;
    let followed = reader.follow(steps, times);
    let begun = reader.leave();
    edits::put_back(&place.root, &begun)?;
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
    /// What they were about to change in the code.
    begun: Vec<Edit>,
}

impl<'a> Newcomer<'a> {
    fn sit_down(place: &'a Place) -> Result<Self, Failure> {
        let first = Shell::open(place)?;
        Ok(Self { place, first, beside: BTreeMap::new(), seen: Vec::new(), begun: Vec::new() })
    }

    /// Closes the terminals, and says what they were about to change.
    fn leave(self) -> Vec<Edit> {
        self.begun
    }

    fn follow(&mut self, steps: &[Step], mut times: Times) -> Result<u64, Failure> {
        let mut passed = 0_u64;
        for part in steps.chunk_by(|one, other| one.heading == other.heading) {
            for step in part {
                interrupt::check()?;
                let taken = self.take(step).map_err(|failure| {
                    Failure::new(format!("{PAGE}:{}: {failure}{}", step.line, self.terminals_beside()))
                })?;
                if taken == Taken::Done {
                    passed = passed.saturating_add(1);
                }
            }
            times.over(&part.iter().collect::<Vec<_>>());
        }
        println!("\n{}", times.table());
        Ok(passed)
    }

    fn take(&mut self, step: &Step) -> Result<Taken, Failure> {
        match &step.what {
            What::Do { commands, .. } => {
                self.begun.extend(edits::of_block(commands)?);
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

    /// The last lines of the other terminals: why the first one waits in vain often stands there.
    fn terminals_beside(&mut self) -> String {
        let end_of = |(terminal, shell): (&usize, &mut Shell)| {
            let lines = shell.so_far();
            let last = lines.get(lines.len().saturating_sub(BESIDE_LINES)..).unwrap_or_default();
            format!("\nterminal {terminal} shows\n{}", last.join("\n"))
        };
        self.beside.iter_mut().map(end_of).collect()
    }
}

/// Whether a block was done or seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    Done,
    Skipped,
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORTH: &str = "sed -i.was 's/must be/try/' code.rs";
    const BACK: &str = "sed -i.was 's/try/must be/' code.rs";
    const CODE: &str = "say(\"must be so\");\n";

    /// What came of a page with these blocks, and what is in its folder then.
    fn followed(name: &str, blocks: &[(&str, &str)]) -> (Result<u64, String>, Vec<(String, String)>) {
        let usual = Place::from_environment(&mut Vec::new()).unwrap();
        let root = std::env::temp_dir().join(format!("quittance-tutorial-{name}-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        fs::write(root.join("code.rs"), CODE).unwrap();
        let place = Place { local: root.join("local"), target: root.join("target"), root: root.clone(), ..usual };
        let page: String = blocks.iter().map(|(kind, block)| format!("```{kind}\n{block}\n```\n")).collect();
        let outcome = follow(&place, &steps(&page).unwrap()).map_err(|failure| failure.to_string());
        let mut left: Vec<_> = fs::read_dir(&root)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
            .collect();
        left.sort();
        fs::remove_dir_all(root).unwrap();
        (outcome, left)
    }

    #[test]
    fn a_page_is_followed_to_its_end_and_its_blocks_are_counted() {
        let (outcome, left) = followed(
            "end",
            &[
                ("sh", FORTH),
                ("sh", "cat code.rs"),
                ("text", "say(\"try so\");"),
                ("sh", BACK),
                ("sh", "rm code.rs.was"),
            ],
        );
        assert_eq!((outcome, left), (Ok(5), vec![("code.rs".to_owned(), CODE.to_owned())]));
    }

    #[test]
    fn a_page_that_breaks_off_leaves_the_code_as_it_was_but_for_what_others_wrote() {
        let meanwhile = "echo mine >>code.rs; echo mine >other.rs";
        let (outcome, left) = followed("off", &[("sh", FORTH), ("sh", meanwhile), ("sh", "false\ntrue"), ("sh", BACK)]);
        let failure = outcome.unwrap_err();
        assert!(failure.starts_with("docs/TUTORIAL.md:7: failed with 1"), "{failure}");
        let of = |name: &str, text: String| (name.to_owned(), text);
        assert_eq!(left, [of("code.rs", format!("{CODE}mine\n")), of("other.rs", "mine\n".to_owned())]);
    }

    #[test]
    fn what_is_seen_otherwise_than_it_is_shown_ends_the_page() {
        let (outcome, _) = followed("otherwise", &[("sh", "echo one"), ("text", "two"), ("sh", "echo three")]);
        assert!(outcome.unwrap_err().contains("the page shows\ntwo\nand what is seen is\none"));
    }
}
