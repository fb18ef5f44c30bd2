//! Who is linked with whom: what `cargo tree` prints, read back.

use std::collections::{BTreeMap, BTreeSet};

use crate::failure::Failure;

/// One package a line, its parts between tabs; the last tab parts them from the mark of what was shown before.
pub(super) const FORMAT: &str = "\t{p}\t{l}\t{r}\t";

/// A package by name and version. Cargo links two versions of one name, but not one version twice.
pub(super) type Key = (String, String);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) origin: Origin,
    pub(super) licence: String,
    pub(super) repository: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A crate of this workspace.
    Ours,
    /// crates.io: `deny.toml` permits no other.
    Registry,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Graph {
    pub(super) packages: BTreeMap<Key, Package>,
    edges: BTreeMap<Key, BTreeSet<Key>>,
    roots: BTreeSet<Key>,
}

impl Graph {
    pub(super) fn read(tree: &str) -> Result<Self, Failure> {
        let mut graph = Self::default();
        let mut above: Vec<Key> = Vec::new();
        for line in tree.lines().filter(|line| !line.is_empty()) {
            let unreadable = || Failure::new(format!("cargo tree says {line:?}, which nobody understands"));
            let (depth, key, package) = read_line(line).ok_or_else(unreadable)?;
            if depth > above.len() {
                return Err(unreadable());
            }
            above.truncate(depth);
            match above.last() {
                Some(parent) => graph.edges.entry(parent.clone()).or_default().insert(key.clone()),
                None => graph.roots.insert(key.clone()),
            };
            graph.packages.insert(key.clone(), package);
            above.push(key);
        }
        Ok(graph)
    }

    /// The package that a binary of this name is made of.
    pub(super) fn root(&self, name: &str) -> Result<&Key, Failure> {
        let root = self.roots.iter().find(|(root, _)| root == name);
        root.ok_or_else(|| Failure::new(format!("{name} is no default member of the workspace")))
    }

    /// Whom a package is linked with directly.
    pub(super) fn below(&self, key: &Key) -> impl Iterator<Item = &Key> {
        self.edges.get(key).into_iter().flatten()
    }

    /// Everybody who is linked into a root, itself left out.
    pub(super) fn all_below(&self, root: &Key) -> BTreeSet<&Key> {
        let mut all = BTreeSet::new();
        let mut waiting: Vec<&Key> = self.below(root).collect();
        while let Some(key) = waiting.pop() {
            if all.insert(key) {
                waiting.extend(self.below(key));
            }
        }
        all
    }
}

/// `2<tab>bytes v1.12.2<tab>MIT<tab>https://…<tab>`, and ` (*)` after it if it was shown before.
fn read_line(line: &str) -> Option<(usize, Key, Package)> {
    let mut parts = line.split('\t');
    let depth = parts.next()?.parse().ok()?;
    let mut named = parts.next()?.splitn(3, ' ');
    let (licence, repository) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let name = named.next()?.to_owned();
    let version = named.next()?.strip_prefix('v')?.to_owned();
    // What has a path is ours: `domain v0.1.0 (/elsewhere/shared/domain)`.
    let origin = match named.next() {
        None => Origin::Registry,
        Some(path) if path.starts_with("(/") => Origin::Ours,
        Some(_) => return None,
    };
    Some((depth, (name, version), Package { origin, licence, repository }))
}
