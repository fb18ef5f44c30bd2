//! The file: sections between comments, one for each test that keeps one.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// What a section's first line begins and ends with.
const MARK: (&str, &str) = ("# ---- ", " ----");

/// A part of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// Who we are; its last line opens the paths.
    Head,
    /// The routes of a function.
    Paths(&'static str),
    /// What we send by ourselves, and what several functions share; its last line opens the schemas.
    Shared,
    /// The schemas of a function alone.
    Schemas(&'static str),
}

impl Section {
    fn title(self) -> String {
        match self {
            Self::Head => "head".to_owned(),
            Self::Paths(function) => format!("paths: {function}"),
            Self::Shared => "shared".to_owned(),
            Self::Schemas(function) => format!("schemas: {function}"),
        }
    }
}

/// Compares a section with the one in the file, or writes it there if `UPDATE_EXPECT` is set.
///
/// # Panics
/// If they differ.
pub(super) fn keep(section: Section, text: &str) {
    let title = section.title();
    let mut sections = read();
    let there = sections.iter_mut().find(|(known, _)| *known == title);
    if env::var_os("UPDATE_EXPECT").is_none() {
        if there.as_ref().is_some_and(|(_, kept)| kept == text) {
            return;
        }
        let kept = there.map(|(_, kept)| kept.clone()).unwrap_or_default();
        let differs = kept.lines().zip(text.lines()).enumerate().find(|(_, (kept, made))| kept != made);
        let line = differs.map_or_else(
            || format!("{} lines there, {} here", kept.lines().count(), text.lines().count()),
            |(number, (kept, made))| format!("line {number} of it is\n  {kept}\nand should be\n  {made}"),
        );
        panic!(
            "docs/openapi.yaml, section `{title}`, is not what the code says: {line}\n`cargo xtask describe` writes it anew"
        );
    }
    match there {
        Some((_, kept)) => text.clone_into(kept),
        None => sections.push((title, text.to_owned())),
    }
    write(sections);
}

/// The file as it stands.
#[must_use]
pub fn as_it_stands() -> String {
    fs::read_to_string(file()).unwrap_or_default()
}

/// The file as it would be written of the sections that it has: what is between them, their order, and whether their functions are still
/// there, no section says.
#[must_use]
pub fn as_made() -> String {
    made(read())
}

/// The routes that the file describes, as the template spells them (`POST /payment/confirm`), each with the scope that it asks for; none, if
/// anybody may call it.
#[must_use]
pub fn kept_routes() -> Vec<(String, Option<String>)> {
    let mut routes: Vec<(String, Option<String>)> = Vec::new();
    for (_, text) in read().into_iter().filter(|(title, _)| title.starts_with("paths: ")) {
        let mut path = String::new();
        for line in text.lines() {
            let name =
                |indent: &str| line.strip_prefix(indent)?.strip_suffix(':').filter(|name| !name.starts_with(' '));
            if let Some(name) = name("  ") {
                name.clone_into(&mut path);
            } else if let Some(method) = name("    ") {
                routes.push((format!("{} {path}", method.to_uppercase()), None));
            } else if let Some(scope) = line.strip_prefix("        - apiKey: [")
                && let Some((_, asked)) = routes.last_mut()
            {
                *asked = Some(scope.trim_end_matches(']').trim_matches('"').to_owned());
            }
        }
    }
    routes
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.yaml")
}

fn read() -> Vec<(String, String)> {
    let text = as_it_stands();
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix(MARK.0).and_then(|rest| rest.strip_suffix(MARK.1)) {
            sections.push((title.to_owned(), String::new()));
        } else if let Some((_, text)) = sections.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    sections
}

fn made(mut sections: Vec<(String, String)>) -> String {
    sections.retain(|(title, _)| place(title).1 < usize::MAX);
    sections.sort_by_key(|(title, _)| place(title));
    let parts = sections.iter().map(|(title, text)| format!("{}{title}{}\n{text}", MARK.0, MARK.1));
    format!(
        "# Made of the types that are read and written, and of what the handlers answer to the files of events/. Do not edit it: change\n\
         # those, and let `cargo xtask describe` write it anew. What the words mean is in HTTP.md.\n{}",
        parts.collect::<String>()
    )
}

fn write(sections: Vec<(String, String)>) {
    let whole = made(sections);
    if whole == as_it_stands() {
        return;
    }
    // At once: a reader beside us sees the former file or the new one.
    let beside = file().with_extension("yaml.new");
    let written = fs::write(&beside, whole).and_then(|()| fs::rename(&beside, file()));
    assert!(written.is_ok(), "docs/openapi.yaml: {written:?}");
}

/// Where a section belongs: functions stand in the template's order, in which one meets them.
fn place(title: &str) -> (u8, usize) {
    let template = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml"));
    let template = template.unwrap_or_default();
    let of_function = |name: &str| template.find(&format!("Binary: {name}\n")).unwrap_or(usize::MAX);
    let (kind, function) = title.split_once(": ").unwrap_or((title, ""));
    match kind {
        "head" => (0, 0),
        "paths" => (1, of_function(function)),
        "schemas" => (3, of_function(function)),
        _ => (2, 0),
    }
}
