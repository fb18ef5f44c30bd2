//! How the project is written: names that say something, files that can be read in one go, and links that lead somewhere.

use std::collections::BTreeSet;
use std::path::Path;

use acceptance::repository::{files, read, root, rust_files};

/// A longer file does two things.
const LINES_MAX: usize = 500;

/// Files that are longer, and why that is better than two of them.
const LONGER: [(&str, &str); 0] = [];

/// Names under which everything and nothing belongs.
const EMPTY_NAMES: [&str; 9] =
    ["common", "utils", "util", "helpers", "helper", "types", "models", "misc", "miscellaneous"];

/// What no file is searched for: they are not ours to write, or not text.
const NOT_READ: [&str; 2] = ["Cargo.lock", "LICENSE"];

#[test]
fn every_name_says_what_is_inside() {
    for path in files() {
        let stems = Path::new(&path).iter().map(|part| part.to_str().unwrap().split('.').next().unwrap());
        for stem in stems {
            assert!(!EMPTY_NAMES.contains(&stem), "{path}: {stem} says nothing");
        }
    }
}

#[test]
fn no_file_is_too_long_to_be_read() {
    for (path, text) in rust_files("") {
        let lines = text.lines().count();
        let excused = LONGER.iter().any(|(longer, _)| *longer == path);
        assert!(excused || lines <= LINES_MAX, "{path} has {lines} lines: what are its two halves called?");
        assert!(!excused || lines > LINES_MAX, "{path} is short enough by now and needs no excuse");
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for (path, text) in rust_files("") {
        // A module of unit tests stands under the one that it tests.
        let is_tests = path.ends_with("/tests.rs") || path.contains("/src/") && path.contains("/tests/");
        assert!(
            is_tests || text.starts_with("//!") || text.starts_with("#!["),
            "{path} does not begin with what it is for"
        );
    }
}

#[test]
fn no_file_bears_the_marks_of_a_merge() {
    for (path, text) in texts() {
        let is_mark = |line: &&str| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ");
        assert!(!text.lines().any(|line| is_mark(&line)), "{path} was merged by halves");
    }
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    // Put together here, so that this file does not find itself.
    let homes = [["/ho", "me/"], ["/ro", "ot/"], ["/Use", "rs/"], ["/wo", "rk/"], ["C:", "\\\\"], ["/scr", "atch/"]];
    for (path, text) in texts() {
        for home in homes.map(|halves| halves.concat()) {
            let line = text.lines().find(|line| line.contains(&home));
            assert!(line.is_none(), "{path} names a folder of somebody's machine: {}", line.unwrap_or_default().trim());
        }
    }
}

#[test]
fn every_link_in_a_document_leads_somewhere() {
    for (path, text) in texts().into_iter().filter(|(path, _)| path.ends_with(".md")) {
        let folder = Path::new(&path).parent().unwrap();
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = link.split_once('#').map_or((link, None), |(file, heading)| (file, Some(heading)));
            let target = if file.is_empty() { root().join(&path) } else { root().join(folder).join(file) };
            assert!(target.exists(), "{path} links to {link}, which is not there");
            if let Some(heading) = heading.filter(|_| target.extension().is_some_and(|extension| extension == "md")) {
                let there = headings(&std::fs::read_to_string(&target).unwrap());
                assert!(there.contains(heading), "{path} links to {link}; the headings there are {there:?}");
            }
        }
    }
}

/// A name of five words or more, in backticks, is a test's; fewer may be a field's or a lint's.
#[test]
fn every_test_that_a_document_names_is_there() {
    let code: String = rust_files("").into_iter().map(|(_, text)| text).collect();
    for (path, text) in texts().into_iter().filter(|(path, _)| path.ends_with(".md")) {
        for name in prose(&text).flat_map(|line| line.split('`').skip(1).step_by(2)).filter(|word| is_sentence(word)) {
            assert!(code.contains(&format!("fn {name}(")), "{path} names {name}, which is no test");
        }
    }
}

#[test]
fn links_and_headings_are_found_as_a_reader_finds_them() {
    let text = "# One `two`: three!\n[a](docs/A.md) and [b](#one-two-three), ![c](c.svg)\n```\n[no](link)\n# no\n```\n";
    assert_eq!(links(text), ["docs/A.md", "#one-two-three", "c.svg"]);
    assert_eq!(headings(text), BTreeSet::from(["one-two-three".to_owned()]));
}

/// Every file of the project that is text, with its text.
fn texts() -> Vec<(String, String)> {
    let ours = files().into_iter().filter(|path| !NOT_READ.contains(&path.as_str()));
    ours.filter_map(|path| Some((path.clone(), String::from_utf8(std::fs::read(root().join(&path)).ok()?).ok()?)))
        .collect()
}

/// Whether it is a sentence as tests have them.
fn is_sentence(name: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    name.split('_').count() > 4 && name.split('_').all(is_word)
}

/// The targets of `[text](target)`, outside of code.
fn links(text: &str) -> Vec<&str> {
    prose(text)
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| rest.split([')', ' ']).next())
        .filter(|target| !target.is_empty())
        .collect()
}

/// The headings, as links name them.
fn headings(text: &str) -> BTreeSet<String> {
    let heading = |line: &str| {
        let title = line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#'))?;
        let kept = title.trim().to_lowercase();
        let kept = kept.chars().filter(|character| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_'));
        Some(kept.map(|character| if character == ' ' { '-' } else { character }).collect())
    };
    prose(text).filter_map(heading).collect()
}

/// The lines of a document that are not code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines().filter(move |line| {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
            return false;
        }
        !in_code
    })
}

#[test]
fn the_files_are_all_here() {
    let all = files();
    for known in ["Cargo.toml", "README.md", "template.yaml", ".ci/run", "tools/acceptance/tests/words.rs"] {
        assert!(all.iter().any(|path| path == known), "{known} is not among the {} files", all.len());
    }
    assert!(!read("README.md").is_empty());
}
