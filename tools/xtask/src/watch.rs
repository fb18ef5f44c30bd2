//! `cargo lambda watch` against the local stack: the same routes on port 9000, rebuilt when a source file changes.
//!
//! The routes are in the root Cargo.toml; the environment is what the deployed functions have, written to `watch.env`.
//! Retry and sweep keep running as deployed: queue and schedule belong to the local AWS.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::aws;
use crate::bundle::as_by_hand;
use crate::failure::{Failure, While};
use crate::place::{Place, REGION};
use crate::process::Running;
use crate::{tools, up};

/// Replaces this process with `cargo lambda watch`.
pub(crate) fn run(place: &Place) -> Result<(), Failure> {
    if Running::read(place).is_none() || !place.watch_env().is_file() {
        return Err(Failure::new("no local stack runs; `cargo xtask up --detach` starts one"));
    }
    stand_in(place)?;
    let error = command(place)?.exec();
    Err(Failure::new(format!("starting cargo lambda watch: {error}")))
}

/// The command, for `run` and for the tests. Each variable is handed over by itself: the `env_file` of the root
/// Cargo.toml, which makes a bare `cargo lambda watch` find the usual stack, would win over another `--env-file`, and
/// over a variable that stands in it too.
pub(crate) fn command(place: &Place) -> Result<Command, Failure> {
    let variables = fs::read_to_string(place.watch_env()).while_doing("reading watch.env")?;
    let mut command = Command::new(place.venv_program("cargo-lambda"));
    aws::point_at_local(place, &mut command);
    as_by_hand(&mut command);
    command
        .current_dir(&place.root)
        .env("PATH", tools::path(place))
        .args(["lambda", "watch", "--invoke-address", address(), "--invoke-port", &place.ports.watch.to_string()])
        .args(variables.lines().flat_map(|variable| ["--env-var", variable]));
    Ok(command)
}

/// `cargo lambda watch` does not start without the file that the root Cargo.toml names, whichever stack it is for. Where
/// the usual stack has never been up, an empty file stands in for it; its path, if it was needed, is for who cleans up.
pub(crate) fn stand_in(place: &Place) -> Result<Option<PathBuf>, Failure> {
    let usual = place.root.join("target/local/watch.env");
    if usual.exists() {
        return the_usual_stack_is_silent(place, &usual).map(|()| None);
    }
    fs::create_dir_all(usual.with_file_name("")).while_doing("making target/local")?;
    fs::write(&usual, "").while_doing("writing an empty target/local/watch.env")?;
    Ok(Some(usual))
}

/// `cargo lambda watch` believes the file that the root Cargo.toml names before anything it is told: beside the usual
/// stack, a second one's functions would work on the first one's tables.
fn the_usual_stack_is_silent(place: &Place, usual: &Path) -> Result<(), Failure> {
    let speaks = fs::read_to_string(usual).is_ok_and(|variables| !variables.is_empty());
    if usual != place.watch_env() && speaks {
        return Err(Failure::new(format!(
            "{} is of another stack, and cargo lambda would use it; take that stack down and delete the file first",
            place.shown(usual)
        )));
    }
    Ok(())
}

/// Where the functions are reached.
pub(crate) fn url(place: &Place) -> String {
    match address() {
        "::1" => format!("http://[::1]:{}", place.ports.watch),
        other => format!("http://{other}:{}", place.ports.watch),
    }
}

/// `cargo lambda watch` would listen on every interface, and `cargo lambda invoke` looks at `::1`. A machine without
/// IPv6 has to say `--invoke-address 127.0.0.1` to both.
pub(crate) fn address() -> &'static str {
    if TcpListener::bind(("::1", 0)).is_ok() { "::1" } else { "127.0.0.1" }
}

/// How to do the same without us.
pub(crate) fn hint(place: &Place) -> String {
    format!(
        "`cargo xtask watch` serves the same routes at {url} and rebuilds on change; by hand:\n  \
         PATH={bin}:$PATH cargo lambda watch --invoke-address {address} --invoke-port {port}",
        url = url(place),
        address = address(),
        port = place.ports.watch,
        bin = place.shown(&place.target.join("venv/bin")),
    )
}

pub(crate) fn write_environment(place: &Place) -> Result<(), Failure> {
    let mut variables = up::function_environment(place)?;
    for (name, value) in [
        ("AWS_ENDPOINT_URL", place.functions_aws_url().as_str()),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
    ] {
        variables.push((name.to_owned(), value.to_owned()));
    }
    let text: String = variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    fs::write(place.watch_env(), text).while_doing("writing watch.env")
}
