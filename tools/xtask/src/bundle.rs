//! Builds the functions with the host's `cargo build` and lays them where `sam build` would.
//!
//! The same debug tree serves `cargo test`, `cargo lambda watch` and the local stack, so that nothing is built twice.
//! They lie under `target/local`, never in `.aws-sam`: `sam deploy` must not pick up a debug binary of this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use crate::failure::{Failure, While};
use crate::place::Place;
use crate::{step, tools};

/// One function of template.yaml.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its name among the template's resources: `Confirm`.
    pub(crate) logical_id: String,
    /// Its folder, package and binary: `confirm`.
    pub(crate) binary: String,
}

/// What `lay` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Laid {
    Changed,
    Same,
}

/// The functions that template.yaml deploys, in its order.
pub(crate) fn functions(place: &Place) -> Result<Vec<Function>, Failure> {
    let template = fs::read_to_string(place.root.join("template.yaml")).while_doing("reading template.yaml")?;
    Ok(functions_of(&template))
}

/// Builds every function, then the sandbox. Two calls: together they would share features, and `cargo lambda watch`,
/// which builds the functions alone, would have to compile the AWS clients again.
pub(crate) fn build(place: &Place) -> Result<(), Failure> {
    step::run(
        place,
        "build",
        "building the functions (minutes the first time)",
        cargo(place).args(["build", "--locked"]),
    )?;
    step::run(
        place,
        "build-sandbox",
        "building the sandbox",
        cargo(place).args(["build", "--locked", "--package", "sandbox"]),
    )
}

/// Copies the binaries, stripped, to where the rewritten template names them.
pub(crate) fn lay(place: &Place, functions: &[Function]) -> Result<Laid, Failure> {
    let mut laid = Laid::Same;
    for function in functions {
        let source = place.target.join("debug").join(&function.binary);
        let folder = folder(place).join(&function.logical_id);
        if copy_stripped(&source, &folder.join("bootstrap"), &folder.with_extension("made-of"))? == Laid::Changed {
            laid = Laid::Changed;
        }
    }
    let template = fs::read_to_string(place.root.join("template.yaml")).while_doing("reading template.yaml")?;
    let rewritten = with_code_folders(&template);
    let file = template_file(place);
    if fs::read_to_string(&file).is_ok_and(|text| text == rewritten) {
        return Ok(laid);
    }
    fs::write(&file, rewritten).while_doing("writing the rewritten template")?;
    Ok(Laid::Changed)
}

pub(crate) fn template_file(place: &Place) -> PathBuf {
    folder(place).join("template.yaml")
}

/// `cargo`, at home in the workspace.
pub(crate) fn cargo(place: &Place) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&place.root);
    as_by_hand(&mut command);
    command
}

/// Takes away what the `cargo` that started us says of the package that we are. Build scripts (`ring`'s) ask for it: a `cargo` that it reached
/// would build them anew, and all that stands on them, and so would the next one by hand.
pub(crate) fn as_by_hand(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
}

fn folder(place: &Place) -> PathBuf {
    place.local.join("aws-sam")
}

/// `strip` saves zipping 100 MB of line tables per function; without it (no binutils) the file is copied as it is.
fn copy_stripped(source: &Path, to: &Path, made_of: &Path) -> Result<Laid, Failure> {
    let what = || format!("laying {}", to.display());
    let metadata = fs::metadata(source).while_doing(what())?;
    let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let now = format!("{} bytes of {:?}", metadata.len(), changed);
    if to.is_file() && fs::read_to_string(made_of).is_ok_and(|before| before == now) {
        return Ok(Laid::Same);
    }
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).while_doing(what())?;
    }
    fs::copy(source, to).while_doing(what())?;
    if let Some(strip) = tools::find("strip") {
        drop(step::output("strip", Command::new(strip).arg(to)));
    }
    fs::write(made_of, now).while_doing(what())?;
    Ok(Laid::Changed)
}

fn functions_of(template: &str) -> Vec<Function> {
    let mut functions = Vec::new();
    let mut logical_id = "";
    for line in template.lines() {
        if let Some(name) = resource_name(line) {
            logical_id = name;
        } else if let Some(binary) = line.trim().strip_prefix("Binary: ") {
            functions.push(Function { logical_id: logical_id.to_owned(), binary: binary.trim().to_owned() });
        }
    }
    functions
}

/// What `sam build` makes of the template: each function's `CodeUri` is its own folder instead of the whole workspace.
fn with_code_folders(template: &str) -> String {
    let mut rewritten = String::with_capacity(template.len());
    let mut logical_id = "";
    for line in template.lines() {
        if line.trim() == "CodeUri: ." {
            continue;
        }
        if let Some(name) = resource_name(line) {
            logical_id = name;
        }
        rewritten.push_str(line);
        rewritten.push('\n');
        if line.starts_with("      FunctionName:") {
            rewritten.push_str(&format!("      CodeUri: {logical_id}\n"));
        }
    }
    rewritten
}

/// A resource's name stands alone on a line, two spaces in.
fn resource_name(line: &str) -> Option<&str> {
    let name = line.strip_prefix("  ")?.strip_suffix(':')?;
    (!name.is_empty() && name.chars().all(char::is_alphanumeric)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = include_str!("../../../template.yaml");

    #[test]
    fn a_cargo_that_we_start_hears_nothing_of_the_package_that_we_are() {
        let mut command = Command::new("cargo");
        as_by_hand(&mut command);
        let taken: Vec<&str> =
            command.get_envs().filter(|(_, value)| value.is_none()).filter_map(|(name, _)| name.to_str()).collect();
        // `cargo test` has told us these.
        for name in ["CARGO_PKG_NAME", "CARGO_PKG_VERSION_PATCH", "CARGO_MANIFEST_DIR"] {
            assert!(taken.contains(&name), "{name}: {taken:?}");
        }
        assert!(taken.iter().all(|name| *name != "CARGO" && *name != "CARGO_TARGET_DIR"), "{taken:?}");
    }

    #[test]
    fn every_function_of_the_template_has_its_binary_and_its_folder() {
        let functions = functions_of(TEMPLATE);
        assert_eq!(functions.len(), TEMPLATE.matches("Type: AWS::Serverless::Function").count());
        for function in &functions {
            let folder = format!("{}/../../functions/{}", env!("CARGO_MANIFEST_DIR"), function.binary);
            assert!(Path::new(&folder).is_dir(), "functions/{} is missing", function.binary);
        }
    }

    #[test]
    fn the_rewritten_template_gives_each_function_its_own_code() {
        let rewritten = with_code_folders(TEMPLATE);
        assert!(!rewritten.contains("CodeUri: .\n"));
        for function in functions_of(TEMPLATE) {
            assert_eq!(rewritten.matches(&format!("CodeUri: {}\n", function.logical_id)).count(), 1);
        }
    }
}
