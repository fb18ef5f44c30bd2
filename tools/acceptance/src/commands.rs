//! Our own commands, as an operator runs them, against the stack that is tested.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::stack::{Stack, VARIABLE};

/// `cargo xtask <words> --stack <the stack that is tested>`: what it prints.
///
/// # Panics
/// If it fails.
#[must_use]
pub fn xtask(stack: &Stack, words: &[&str]) -> String {
    let output = run(stack, words);
    let (out, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "cargo xtask {words:?}: {out}{errors}");
    out
}

/// The same where it must be refused: what it says then.
///
/// # Panics
/// If it is not.
#[must_use]
pub fn xtask_refuses(stack: &Stack, words: &[&str]) -> String {
    let output = run(stack, words);
    assert!(!output.status.success(), "cargo xtask {words:?}: {}", text(&output.stdout));
    text(&output.stderr)
}

fn run(stack: &Stack, words: &[&str]) -> Output {
    let program = program();
    let mut command = Command::new(&program);
    command.args(words).args(["--stack", &stack.aws.stack]);
    // What `cargo xtask up` and `cargo xtask test` know of their stack lies beside its stack.json.
    let file = PathBuf::from(env::var(VARIABLE).unwrap());
    command.env("QUITTANCE_LOCAL_DIR", file.parent().unwrap_or(Path::new(".")));
    command.output().unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

/// Whoever has brought the stack up has built it, beside this test.
fn program() -> PathBuf {
    let test = env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap_or(Path::new(".")).join("xtask")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
