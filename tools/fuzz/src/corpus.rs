//! The inputs that are kept: a folder for each target, a file for each input. Few of them are committed, and replayed by
//! every `cargo test`; what a long run finds of interest stays on its machine, for the next one to begin with.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::fingerprint;

/// As many as one machine keeps for each target: a corpus that grows without end only slows its next run down.
const FILES_MAX: usize = 150;
/// Larger inputs say nothing that a smaller one could not, but for sizes; those are seeds.
const KEPT_BYTES_MAX: usize = 2_048;

/// The inputs of one target.
#[derive(Debug, Clone)]
pub(crate) struct Corpus {
    committed: PathBuf,
    kept: PathBuf,
    findings: PathBuf,
}

impl Corpus {
    pub(crate) fn of(target: &str) -> Self {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = package.ancestors().nth(2).unwrap_or(package);
        let build = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
        let here = build.join("fuzz").join(target);
        Self {
            committed: package.join("corpus").join(target),
            kept: here.join("kept"),
            findings: here.join("findings"),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.committed
    }

    /// All that is committed, in the order of names: the same on every machine.
    pub(crate) fn inputs(&self) -> Vec<Vec<u8>> {
        read(&self.committed)
    }

    /// What long runs on this machine have kept.
    pub(crate) fn kept(&self) -> Vec<Vec<u8>> {
        read(&self.kept)
    }

    /// Keeps an input that gave a new answer, where there is room.
    pub(crate) fn keep(&self, input: &[u8]) {
        if input.len() <= KEPT_BYTES_MAX && files(&self.kept).len() < FILES_MAX {
            drop(write(&self.kept, input));
        }
    }

    /// Saves an input that broke a promise, out of the way of the next run.
    pub(crate) fn save_finding(&self, input: &[u8]) -> PathBuf {
        write(&self.findings, input).unwrap_or_else(|_| self.findings.clone())
    }
}

fn read(folder: &Path) -> Vec<Vec<u8>> {
    files(folder).into_iter().filter_map(|file| fs::read(file).ok()).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

fn write(folder: &Path, input: &[u8]) -> std::io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let file = folder.join(format!("{:016x}", fingerprint(input)));
    fs::write(&file, input)?;
    Ok(file)
}
