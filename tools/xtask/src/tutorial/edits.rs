//! The lines of the code that the page has its reader change, in the checkout, and how they are put back whatever comes of it.
//!
//! What is put back is the page's own change, and nothing else: whoever works in the same files meanwhile keeps what they wrote.
//!
//! The page changes a line with `sed -i.was 's/one/another/' file`, which keeps the file as it was beside it.

use std::fs;
use std::path::{Path, PathBuf};

use super::page::{Step, What};
use crate::failure::{Failure, While};

const COMMAND: &str = "sed -i.was 's/";
/// What sed would not take for the letter that it is.
const SPECIAL: [char; 8] = ['.', '*', '[', ']', '^', '$', '\\', '&'];

/// One text in a file for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    file: String,
    from: String,
    to: String,
}

/// The changes of one block, in their order.
pub(super) fn of_block(commands: &str) -> Result<Vec<Edit>, Failure> {
    commands.lines().filter(|line| line.contains("sed -i")).map(Edit::read).collect()
}

/// Fails before anything is done, unless each change of the page can be made in these files, and all of them together leave no trace.
pub(super) fn check(root: &Path, steps: &[Step]) -> Result<(), Failure> {
    let mut edits = Vec::new();
    for step in steps {
        if let What::Do { commands, .. } = &step.what {
            edits.extend(of_block(commands)?);
        }
    }
    for file in files(&edits) {
        let kept = kept(root, file);
        if kept.exists() {
            return Err(Failure::new(format!(
                "{} is in the way: a tutorial that was killed leaves it; `git diff` shows what that changed",
                kept.display()
            )));
        }
        let before = fs::read_to_string(root.join(file)).while_doing(format!("reading {file}"))?;
        let after = edits.iter().filter(|edit| edit.file == file).try_fold(before.clone(), |text, edit| {
            edit.applied(&text)
                .ok_or_else(|| Failure::new(format!("{file} must say {:?} once, and nowhere {:?}", edit.from, edit.to)))
        })?;
        if after != before {
            return Err(Failure::new(format!("the page does not put back what it changes in {file}")));
        }
    }
    Ok(())
}

/// Takes back what the page began, the last change first, and removes what it kept.
pub(super) fn put_back(root: &Path, begun: &[Edit]) -> Result<(), Failure> {
    for file in files(begun) {
        let path = root.join(file);
        let found = fs::read_to_string(&path).while_doing(format!("reading {file}"))?;
        // A change that was never made, or that somebody has written over, is not there to be taken back.
        let mine = begun.iter().rev().filter(|edit| edit.file == file);
        let text = mine.fold(found.clone(), |text, edit| edit.reversed().applied(&text).unwrap_or(text));
        if text != found {
            fs::write(&path, text).while_doing(format!("putting {file} back"))?;
        }
        drop(fs::remove_file(kept(root, file)));
    }
    Ok(())
}

/// Each file once.
fn files(edits: &[Edit]) -> Vec<&str> {
    let mut files: Vec<&str> = edits.iter().map(|edit| edit.file.as_str()).collect();
    files.sort_unstable();
    files.dedup();
    files
}

/// Where sed keeps the file as it was.
fn kept(root: &Path, file: &str) -> PathBuf {
    root.join(format!("{file}.was"))
}

impl Edit {
    fn read(line: &str) -> Result<Self, Failure> {
        let parts = line.trim().strip_prefix(COMMAND).and_then(|rest| {
            let (texts, file) = rest.split_once("/' ")?;
            let (from, to) = texts.split_once('/')?;
            let is_plain = !texts.contains(SPECIAL) && !to.contains('/') && file.trim() == file && !file.contains(' ');
            is_plain.then(|| Self { file: file.to_owned(), from: from.to_owned(), to: to.to_owned() })
        });
        parts.ok_or_else(|| {
            Failure::new(format!("what does {line:?} change? A line may say {COMMAND}one/another/' file"))
        })
    }

    fn reversed(&self) -> Self {
        Self { file: self.file.clone(), from: self.to.clone(), to: self.from.clone() }
    }

    /// The text with the change made, where it can be made in one way only, and taken back.
    fn applied(&self, text: &str) -> Option<String> {
        let is_clear = text.matches(&self.from).count() == 1 && !text.contains(&self.to);
        is_clear.then(|| text.replacen(&self.from, &self.to, 1))
    }
}

#[cfg(test)]
mod tests {
    use super::super::page::steps;
    use super::*;
    use crate::place::Place;

    const PAGE: &str = include_str!("../../../../docs/TUTORIAL.md");
    const FORTH: &str = "sed -i.was 's/must be/try/' code.rs";
    const BACK: &str = "sed -i.was 's/try/must be/' code.rs";
    const CODE: &str = "fn a() {}\nsay(\"must be so\");\n";

    /// A folder that is gone with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn with(name: &str, code: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("quittance-edits-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("code.rs"), code).unwrap();
            Self(folder)
        }

        fn code(&self) -> String {
            fs::read_to_string(self.0.join("code.rs")).unwrap()
        }

        fn sed(&self, command: &str) {
            let done = std::process::Command::new("sh").args(["-c", command]).current_dir(&self.0).status();
            assert!(done.unwrap().success());
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    fn page(blocks: &[&str]) -> Vec<Step> {
        let page: String = blocks.iter().map(|block| format!("```sh\n{block}\n```\n")).collect();
        steps(&page).unwrap()
    }

    #[test]
    fn what_the_tutorial_changes_is_there_to_be_changed_and_put_back_by_it() {
        let place = Place::from_environment(&mut Vec::new()).unwrap();
        let steps = steps(PAGE).unwrap();
        let seds = |step: &Step| matches!(&step.what, What::Do { commands, .. } if commands.contains("sed -i"));
        assert_eq!(steps.iter().filter(|step| seds(step)).count(), 2);
        check(&place.root, &steps).unwrap();
    }

    #[test]
    fn a_page_that_leaves_a_trace_is_not_begun() {
        let folder = Folder::with("trace", CODE);
        check(&folder.0, &page(&[FORTH, BACK])).unwrap();
        for blocks in [
            &page(&[FORTH]),
            &page(&[BACK, FORTH]),
            &page(&[FORTH, FORTH]),
            &page(&["sed -i.was 's/m.st/try/' code.rs"]),
            &page(&["sed -i 's/must be/try/' code.rs"]),
        ] {
            assert!(check(&folder.0, blocks).is_err(), "{blocks:?}");
        }
        fs::write(folder.0.join("code.rs.was"), "somebody's").unwrap();
        assert!(check(&folder.0, &page(&[FORTH, BACK])).is_err(), "what somebody kept there must stay");
    }

    #[test]
    fn only_the_pages_own_change_is_taken_back_and_what_was_written_meanwhile_stays() {
        let begun = of_block(FORTH).unwrap();
        let folder = Folder::with("meanwhile", CODE);
        folder.sed(FORTH);
        fs::write(folder.0.join("code.rs"), folder.code() + "fn mine() {}\n").unwrap();
        fs::write(folder.0.join("other.rs"), "mine too").unwrap();
        put_back(&folder.0, &begun).unwrap();
        assert_eq!(folder.code(), format!("{CODE}fn mine() {{}}\n"));
        assert_eq!(fs::read_to_string(folder.0.join("other.rs")).unwrap(), "mine too");
        assert!(!folder.0.join("code.rs.was").exists());
    }

    #[test]
    fn wherever_the_page_broke_off_the_file_is_as_it_was() {
        let both: Vec<Edit> = [FORTH, BACK].iter().flat_map(|block| of_block(block).unwrap()).collect();
        let commands = [FORTH, BACK];
        for (name, done, begun) in
            [("before", 0, 0), ("begun", 0, 1), ("changed", 1, 1), ("coming back", 1, 2), ("back", 2, 2)]
        {
            let folder = Folder::with(name, CODE);
            commands[..done].iter().for_each(|command| folder.sed(command));
            put_back(&folder.0, &both[..begun]).unwrap();
            assert_eq!(folder.code(), CODE, "{name}");
            assert!(!folder.0.join("code.rs.was").exists(), "{name}");
        }
        // Somebody has written another line there meanwhile.
        let folder = Folder::with("theirs", "say(\"theirs\");\n");
        put_back(&folder.0, &both).unwrap();
        assert_eq!(folder.code(), "say(\"theirs\");\n");
    }
}
