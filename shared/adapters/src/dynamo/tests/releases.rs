//! Two releases beside each other, as in a canary, or after one was taken back: this release meets rows that the next one has written.
//! What it does not know it leaves alone, or refuses by name; never does it take it for something else.
//!
//! How a new attribute and a new word are rolled out, so that it comes to no refusal: docs/decisions/0036.

use std::fs;
use std::path::{Path, PathBuf};

use aws_sdk_dynamodb::types::AttributeValue;

use super::golden::from_json;
use crate::dynamo::{
    attributes::{Item, Unfit},
    row,
};

/// A word that no release has written so far.
const LATER: &str = "of_a_later_release";
/// Maps whose names say something themselves: those of a client's metadata are the client's, those of a dispute's papers are words.
const NAMES_THAT_SAY: [&str; 2] = ["md", "pa"];

#[test]
fn what_the_next_release_adds_to_any_row_is_left_alone_however_deep_it_stands() {
    for golden in rows() {
        let mut later = golden.item.clone();
        let added = add_everywhere(&mut later);
        assert_eq!(golden.read(&later), golden.read(&golden.item), "{}: {added} additions", golden.name);
    }
}

#[test]
fn a_word_of_the_next_release_is_refused_by_its_name_and_never_taken_for_another() {
    let (mut refused, mut carried, mut lost) = (0_usize, 0_usize, Vec::new());
    for golden in rows() {
        let before = golden.read(&golden.item).unwrap();
        for path in texts(&golden.item) {
            let mut later = golden.item.clone();
            replace(&mut later, &path);
            match golden.read(&later) {
                Err(why) => {
                    let name = path.last().unwrap();
                    assert!(why.contains(name.as_str()), "{}: {path:?}: {why}", golden.name);
                    assert!(!why.contains(LATER), "{}: {path:?}: {why}", golden.name);
                    refused = refused.saturating_add(1);
                }
                // Nobody asks for it, or nobody shows it.
                Ok(after) if after == before => {}
                // A text that is passed on as it is.
                Ok(after) if after.contains(LATER) => carried = carried.saturating_add(1),
                Ok(_) if golden.may_do_without(&path) => {}
                Ok(_) => lost.push(format!("{} {}", golden.name, path.join("."))),
            }
        }
    }
    assert_eq!(lost, Vec::<String>::new());
    assert!(refused > 100 && carried > 50, "{refused} refused, {carried} carried");
}

#[test]
fn a_kind_of_paper_that_the_next_release_takes_refuses_the_dispute_and_is_not_lost_from_it() {
    let fought = rows().into_iter().find(|golden| golden.name.ends_with("dispute_v1/fought.json")).unwrap();
    let mut later = fought.item.clone();
    let papers = as_map(later.get_mut("pa").unwrap()).unwrap();
    papers.insert(LATER.to_owned(), AttributeValue::S("a text".to_owned()));
    assert_eq!(fought.read(&later).unwrap_err(), "`pa` has a paper that this release does not know");
}

#[test]
fn a_row_of_a_later_schema_is_refused_whatever_it_is_a_row_of() {
    for golden in rows().into_iter().filter(|golden| golden.kind != Kind::Movement) {
        let mut later = golden.item.clone();
        later.insert("sv".to_owned(), AttributeValue::N("3".to_owned()));
        let why = golden.read(&later).unwrap_err();
        assert_eq!(why, "`sv` is a version that this release does not read", "{}", golden.name);
    }
}

/// What a row is a row of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Payment,
    Dispute,
    Warning,
    Delivery,
    Endpoints,
    Entry,
    Keyring,
    /// Nothing of ours reads the journal; reports will.
    Movement,
}

/// A golden row.
struct Golden {
    name: String,
    kind: Kind,
    item: Item,
}

impl Golden {
    /// Words that may get lost, because what matters stands beside them: our name for a decline reads as `unknown`, next to the gateway's own
    /// code and what is done about it; a kind of event that is not made here is told to no endpoint.
    fn may_do_without(&self, path: &[String]) -> bool {
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        match names.as_slice() {
            ["at", _, "d", "w"] => self.kind == Kind::Payment,
            ["ep", _, "ty", _, "n"] => self.kind == Kind::Endpoints,
            _ => false,
        }
    }

    /// What is read of it, as a text that differs wherever what is read differs.
    fn read(&self, item: &Item) -> Result<String, String> {
        fn shown<T: std::fmt::Debug>(read: Result<T, Unfit>) -> Result<String, String> {
            read.map(|read| format!("{read:?}")).map_err(|why| why.to_string())
        }
        match self.kind {
            Kind::Payment => shown(row::read(item)),
            Kind::Dispute => shown(row::dispute::read(item)),
            Kind::Warning => shown(row::warning::read(item)),
            Kind::Delivery => shown(row::delivery::read(item)),
            Kind::Endpoints => shown(row::endpoints::read(item)),
            Kind::Entry => shown(row::entry::read(item).and_then(|entry| Ok((entry, row::entry::read_event(item)?)))),
            Kind::Keyring => shown(row::keyring::read(item)),
            Kind::Movement => Ok(String::new()),
        }
    }
}

fn rows() -> Vec<Golden> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dynamo/golden");
    let within = |folder: &Path| -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    };
    let mut rows = Vec::new();
    for folder in within(&folder) {
        let kind = match folder.file_name().unwrap().to_str().unwrap() {
            "v1" | "v2" => Kind::Payment,
            "dispute_v1" | "dispute_v2" => Kind::Dispute,
            "warning_v1" => Kind::Warning,
            "delivery_v1" => Kind::Delivery,
            "endpoints_v1" => Kind::Endpoints,
            "entry_v1" => Kind::Entry,
            "movement_v1" => Kind::Movement,
            "keyring_v1" => Kind::Keyring,
            // No release writes it, but people; what it does not know in there pauses everything.
            "pauses_v1" => continue,
            other => panic!("golden/{other}: rows of a kind that nobody holds to this"),
        };
        for file in within(&folder) {
            let item = from_json(&fs::read_to_string(&file).unwrap());
            rows.push(Golden { name: file.display().to_string(), kind, item });
        }
    }
    rows
}

/// Adds an attribute to each map of a row. Says to how many.
fn add_everywhere(item: &mut Item) -> usize {
    let mut added = 1;
    for (name, value) in item.iter_mut() {
        let maps: Vec<&mut Item> = match value {
            AttributeValue::M(map) if !NAMES_THAT_SAY.contains(&name.as_str()) => vec![map],
            AttributeValue::L(values) => values.iter_mut().filter_map(as_map).collect(),
            _ => continue,
        };
        added += maps.into_iter().map(add_everywhere).sum::<usize>();
    }
    item.insert("zz".to_owned(), AttributeValue::S(LATER.to_owned()));
    added
}

/// The path to each text of a row.
fn texts(item: &Item) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for (name, value) in item {
        collect(value, vec![name.clone()], &mut paths);
    }
    paths
}

fn collect(value: &AttributeValue, path: Vec<String>, paths: &mut Vec<Vec<String>>) {
    let below = |name: String| path.iter().cloned().chain([name]).collect::<Vec<_>>();
    match value {
        AttributeValue::S(_) => paths.push(path),
        AttributeValue::M(map) => map.iter().for_each(|(name, value)| collect(value, below(name.clone()), paths)),
        AttributeValue::L(values) => {
            values.iter().enumerate().for_each(|(at, value)| collect(value, below(at.to_string()), paths));
        }
        _ => {}
    }
}

/// Puts the later word where a path leads.
fn replace(item: &mut Item, path: &[String]) {
    let (first, rest) = path.split_first().unwrap();
    let mut value = item.get_mut(first).unwrap();
    for name in rest {
        value = match value {
            AttributeValue::M(map) => map.get_mut(name).unwrap(),
            AttributeValue::L(values) => values.get_mut(name.parse::<usize>().unwrap()).unwrap(),
            other => panic!("no way through {other:?}"),
        };
    }
    *value = AttributeValue::S(LATER.to_owned());
}

fn as_map(value: &mut AttributeValue) -> Option<&mut Item> {
    match value {
        AttributeValue::M(map) => Some(map),
        _ => None,
    }
}
