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
    if there.as_ref().is_some_and(|(_, kept)| kept == text) {
        return;
    }
    if env::var_os("UPDATE_EXPECT").is_none() {
        let kept = there.map(|(_, kept)| kept.clone()).unwrap_or_default();
        let differs = kept.lines().zip(text.lines()).enumerate().find(|(_, (kept, made))| kept != made);
        let line = differs.map_or_else(
            || format!("{} lines there, {} here", kept.lines().count(), text.lines().count()),
            |(number, (kept, made))| format!("line {number} of it is\n  {kept}\nand should be\n  {made}"),
        );
        panic!(
            "docs/openapi.yaml, section `{title}`, is not what the code says: {line}\nUPDATE_EXPECT=1 writes it anew"
        );
    }
    match there {
        Some((_, kept)) => text.clone_into(kept),
        None => sections.push((title, text.to_owned())),
    }
    write(sections);
}

/// The routes that the file describes, as the template spells them: `POST /payment/confirm`.
///
/// # Panics
/// If there is no such file.
#[must_use]
pub fn kept_routes() -> Vec<String> {
    let mut routes = Vec::new();
    for (_, text) in read().into_iter().filter(|(title, _)| title.starts_with("paths: ")) {
        let mut path = String::new();
        for line in text.lines() {
            let name =
                |indent: &str| line.strip_prefix(indent)?.strip_suffix(':').filter(|name| !name.starts_with(' '));
            if let Some(name) = name("  ") {
                name.clone_into(&mut path);
            } else if let Some(method) = name("    ") {
                routes.push(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    routes
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.yaml")
}

fn read() -> Vec<(String, String)> {
    let text = fs::read_to_string(file()).unwrap_or_default();
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

fn write(mut sections: Vec<(String, String)>) {
    sections.sort_by_key(|(title, _)| place(title));
    let parts = sections.iter().map(|(title, text)| format!("{}{title}{}\n{text}", MARK.0, MARK.1));
    let whole = format!(
        "# Made of the types that are read and written, and of what the handlers answer to the files of events/. Do not edit it: change\n\
         # those, and let `UPDATE_EXPECT=1 cargo test openapi` write it anew. What the words mean is in HTTP.md.\n{}",
        parts.collect::<String>()
    );
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
