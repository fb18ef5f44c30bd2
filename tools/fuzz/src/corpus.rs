//! The inputs that are kept: a folder for each target, a file for each input.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::fingerprint;

/// A corpus that grows without end is read by nobody and slows every test down. A stored row alone has more than seventy
/// refusals, each in a line of its own; nothing else needs half as many.
const FILES_MAX: usize = 100;
/// Larger inputs say nothing that a smaller one could not, but for sizes; those are seeds.
const KEPT_BYTES_MAX: usize = 2_048;

/// The inputs of one target.
#[derive(Debug, Clone)]
pub(crate) struct Corpus {
    folder: PathBuf,
    findings: PathBuf,
}

impl Corpus {
    pub(crate) fn of(target: &str) -> Self {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = package.ancestors().nth(2).unwrap_or(package);
        let build = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
        Self { folder: package.join("corpus").join(target), findings: build.join("fuzz").join(target) }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// All that is kept, in the order of names: the same on every machine.
    pub(crate) fn inputs(&self) -> Vec<Vec<u8>> {
        self.files().into_iter().filter_map(|file| fs::read(file).ok()).collect()
    }

    /// Keeps an input that gave a new answer, where there is room.
    pub(crate) fn keep(&self, input: &[u8]) {
        if input.len() <= KEPT_BYTES_MAX && self.files().len() < FILES_MAX {
            drop(write(&self.folder, input));
        }
    }

    /// Saves an input that broke a promise, out of the way of the next run.
    pub(crate) fn save_finding(&self, input: &[u8]) -> PathBuf {
        write(&self.findings, input).unwrap_or_else(|_| self.findings.clone())
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
        files.sort();
        files
    }
}

fn write(folder: &Path, input: &[u8]) -> std::io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let file = folder.join(format!("{:016x}", fingerprint(input)));
    fs::write(&file, input)?;
    Ok(file)
}
