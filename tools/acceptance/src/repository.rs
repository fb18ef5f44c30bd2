//! The repository as text: what the house rules that no compiler knows are read from.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What is not the project's own.
const NOT_OURS: [&str; 6] = ["target", ".git", ".aws-sam", "node_modules", "__pycache__", ".venv"];
/// More folders inside each other than anybody can follow.
const DEPTH_MAX: usize = 12;

/// The workspace's root.
///
/// # Panics
/// Never: this package stands two folders below it.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

/// A file's text, by its path from the root.
///
/// # Panics
/// If there is no such file.
#[must_use]
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names in a folder, in order.
///
/// # Panics
/// If there is no such folder.
#[must_use]
pub fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names
}

/// Every file of the project, by its path from the root, in order.
///
/// # Panics
/// If the folders are nested beyond reason.
#[must_use]
pub fn files() -> Vec<String> {
    let root = root();
    let mut found = Vec::new();
    let mut level = vec![root.clone()];
    for _ in 0..DEPTH_MAX {
        let mut deeper = Vec::new();
        for folder in level {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let name = entry.file_name().into_string().unwrap();
                match entry.file_type().unwrap() {
                    // In a working tree beside another, git keeps a file of that name instead of a folder.
                    _ if NOT_OURS.contains(&name.as_str()) => {}
                    kind if kind.is_dir() => deeper.push(entry.path()),
                    kind if kind.is_file() => {
                        let path = entry.path();
                        found.push(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
                    }
                    _ => {}
                }
            }
        }
        if deeper.is_empty() {
            found.sort();
            return found;
        }
        level = deeper;
    }
    panic!("folders are nested deeper than {DEPTH_MAX}");
}

/// Every Rust file below a folder, with its text.
#[must_use]
pub fn rust_files(folder: &str) -> Vec<(String, String)> {
    let wanted = |path: &String| path.starts_with(folder) && path.ends_with(".rs");
    files().into_iter().filter(wanted).map(|path| (path.clone(), read(&path))).collect()
}

/// What Cargo knows of the workspace and everything it depends on.
///
/// # Panics
/// If Cargo does not say.
#[must_use]
pub fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--offline",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// One function of template.yaml, as far as the house rules ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedFunction {
    /// Its name among the template's resources: `Confirm`.
    pub logical_id: String,
    /// The binary that it runs.
    pub binary: String,
    /// `POST /payment/confirm`; none for a function that no client calls.
    pub routes: Vec<String>,
    /// The part of the template that declares it.
    pub text: String,
}

/// The resources of template.yaml, in its order: their names, and the parts that declare them.
#[must_use]
pub fn resources() -> Vec<(String, String)> {
    let template = read("template.yaml");
    let mut resources: Vec<(String, String)> = Vec::new();
    for line in template.lines() {
        // A resource's name stands alone on a line, two spaces in.
        let name = line
            .strip_prefix("  ")
            .and_then(|line| line.strip_suffix(':'))
            .filter(|name| !name.is_empty() && name.chars().all(char::is_alphanumeric));
        if let Some(name) = name {
            resources.push((name.to_owned(), String::new()));
        } else if let Some((_, text)) = resources.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    resources
}

/// The functions that template.yaml deploys, in its order.
///
/// # Panics
/// If one of them has no binary.
#[must_use]
pub fn deployed_functions() -> Vec<DeployedFunction> {
    resources()
        .into_iter()
        .filter(|(_, text)| text.contains("Type: AWS::Serverless::Function"))
        .map(|(logical_id, text)| {
            let values = |name: &str| -> Vec<String> {
                text.lines()
                    .filter_map(|line| line.trim().strip_prefix(name))
                    .map(|value| value.trim().to_owned())
                    .collect()
            };
            let binary = values("Binary:").pop().unwrap_or_else(|| panic!("{logical_id} has no Binary"));
            let (paths, methods) = (values("Path:"), values("Method:"));
            assert_eq!(paths.len(), methods.len(), "{logical_id}");
            let routes = methods.iter().zip(&paths).map(|(method, path)| format!("{method} {path}")).collect();
            DeployedFunction { logical_id, binary, routes, text }
        })
        .collect()
}

/// A value of template.yaml's mapping by stage.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn of_stage(stage: &str, name: &str) -> String {
    let template = read("template.yaml");
    let (_, stages) = template.split_once("\n  ByStage:\n").unwrap();
    let of_stage = stages.lines().skip_while(|line| *line != format!("    {stage}:")).skip(1);
    let mut values = of_stage.take_while(|line| line.starts_with("      ")).map(str::trim);
    let value = values.find_map(|line| line.strip_prefix(&format!("{name}: ")));
    value.unwrap_or_else(|| panic!("{stage} has no {name}")).to_owned()
}

/// Which scope each route asks for, as the table of docs/HTTP.md says it; not those that anybody may call.
///
/// # Panics
/// If a row of the table is not as they are.
#[must_use]
pub fn scopes() -> BTreeMap<String, String> {
    let page = read("docs/HTTP.md");
    let rows = page.lines().filter(|line| line.starts_with("| [`"));
    let mut scopes = BTreeMap::new();
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let mut base = String::new();
        for written in cells[1].split('`').skip(1).step_by(2) {
            // `…/disable` stands for the path before it, with another end.
            let route = match written.strip_prefix('…') {
                Some(end) => format!("{}{end}", base.rsplit_once('/').unwrap().0),
                None => written.to_owned(),
            };
            base.clone_from(&route);
            scopes.insert(route, cells[2].trim_matches('`').to_owned());
        }
    }
    scopes.retain(|_, scope| !scope.starts_with("none"));
    scopes
}
