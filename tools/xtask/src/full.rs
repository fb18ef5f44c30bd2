//! The part of `cargo xtask test --full` that builds as for production: the real `sam build`, a deploy of what it
//! built with a payment through it, and `cargo lambda watch` with every event of `events/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::aws::Account;
use crate::bundle;
use crate::failure::{Failure, While};
use crate::place::Place;
use crate::process::Server;
use crate::{deploy, first_payment, http, interrupt, step, test, up, watch};

/// Lambda refuses more, unpacked.
const LAMBDA_LIMIT_BYTES: u64 = 250 * 1024 * 1024;
/// `cargo lambda watch` compiles a function when it is called first.
const FIRST_CALL_PATIENCE: Duration = Duration::from_secs(600);
const POLL: Duration = Duration::from_secs(1);

/// Returns how many checks passed; the first that fails ends the run.
pub(crate) fn run(own: &Place) -> Result<u64, Failure> {
    let mut passed = 0_u64;
    let template = sam_build(own)?;
    deploy::run(own, &template, "deploy-release")?;
    up::configure(own)?;
    first_payment::charge(own)?;
    passed = passed.saturating_add(1);
    println!("  what `sam build` built is deployed and took a payment");

    passed = passed.saturating_add(through_watch(own)?);
    Ok(passed)
}

/// The documented command, but for the folder: the developer's own `.aws-sam` stays as it is.
fn sam_build(own: &Place) -> Result<PathBuf, Failure> {
    let folder = own.local.join("sam-build");
    let mut sam = Account::Local(own).command("sam");
    sam.args(["build", "--config-env", "local", "--build-dir"]).arg(&folder);
    step::run(
        own,
        "sam-build",
        "sam build: release binaries for Lambda (a quarter of an hour from scratch)",
        &mut sam,
    )?;
    for function in bundle::functions(own)? {
        let binary = folder.join(&function.logical_id).join("bootstrap");
        let bytes = fs::metadata(&binary).while_doing(format!("looking for {}", own.shown(&binary)))?.len();
        println!("  {:<9} {} kB", function.binary, bytes / 1024);
        if bytes > LAMBDA_LIMIT_BYTES {
            return Err(Failure::new(format!("{} is larger than Lambda takes", function.binary)));
        }
    }
    Ok(folder.join("template.yaml"))
}

/// A payment through the routes of `cargo lambda watch`, then every event file through `cargo lambda invoke`.
fn through_watch(own: &Place) -> Result<u64, Failure> {
    println!("· starting cargo lambda watch on port {}", own.ports.watch);
    let mark = own.venv_program("cargo-lambda").display().to_string();
    let stand_in = watch::stand_in(own)?;
    let server = Server::start(own, "watch", &mark, &mut watch::command(own)?)?;
    let checked = wait_for_watch(own, &server).and_then(|()| {
        first_payment::charge_at(&watch::url(own))?;
        println!("  cargo lambda watch took a payment");
        invoke_events(own)
    });
    server.stop();
    if let Some(file) = stand_in {
        drop(fs::remove_file(file));
    }
    checked
        .map(|events| events.saturating_add(1))
        .map_err(|failure| Failure::new(format!("{failure}\n{}", step::last_lines(&own.log("watch"), 20))))
}

fn wait_for_watch(own: &Place, server: &Server) -> Result<(), Failure> {
    let url = format!("{}/payment/status/pay_none", watch::url(own));
    let started = Instant::now();
    let mut told = Instant::now();
    loop {
        interrupt::check()?;
        if !server.is_alive() {
            return Err(Failure::new("cargo lambda watch ended by itself"));
        }
        // 401: the function runs, and asks who is calling.
        if http::get(&url, &[]).is_ok_and(|answer| answer.status == 401) {
            return Ok(());
        }
        if started.elapsed() > FIRST_CALL_PATIENCE {
            return Err(Failure::new(format!("{url} does not answer 401")));
        }
        if told.elapsed() > Duration::from_secs(20) {
            told = Instant::now();
            println!("  … {} waiting for its first answer", step::seconds(started.elapsed()));
        }
        thread::sleep(POLL);
    }
}

fn invoke_events(own: &Place) -> Result<u64, Failure> {
    let mut files = Vec::new();
    collect(&own.root.join("events"), &mut files)?;
    files.sort();
    if files.is_empty() {
        return Err(Failure::new("events/ holds no event"));
    }
    // In the template's order: what initiate.json opens, confirm.json confirms.
    let mut passed = 0_usize;
    let functions: Vec<String> = bundle::functions(own)?.into_iter().map(|function| function.binary).collect();
    for function in &functions {
        for file in files.iter().filter(|file| whose(&own.shown(file), &functions) == Some(function)) {
            interrupt::check()?;
            let answer = invoke(own, function, file)?;
            println!("  {}: {answer}", own.shown(file));
            passed = passed.saturating_add(1);
        }
    }
    if passed != files.len() {
        return Err(Failure::new("some file in events/ is named after no function"));
    }
    u64::try_from(passed).while_doing("counting events")
}

/// Which function an event file is named after: `webhook-endpoint-list.json` is webhook-endpoint's, and not webhook's.
fn whose<'a>(shown: &str, functions: &'a [String]) -> Option<&'a String> {
    functions.iter().filter(|function| is_event_of(shown, function)).max_by_key(|function| function.len())
}

/// `events/confirm.json`, `events/confirm-declined.json` and `events/confirm/declined.json` begin as confirm's do.
fn is_event_of(shown: &str, function: &str) -> bool {
    let name = shown.strip_prefix("events/").unwrap_or(shown);
    name.strip_prefix(function).is_some_and(|rest| rest.starts_with(['.', '-', '/', '_']))
}

/// What the answers must be is pinned by the tests in the functions; here they must be answers at all.
fn invoke(own: &Place, function: &str, file: &Path) -> Result<String, Failure> {
    let mut command: Command = test::cargo_lambda(own);
    command.args(["invoke", function, "--invoke-address", watch::address()]);
    command.args(["--invoke-port", &own.ports.watch.to_string(), "--data-file"]).arg(file);
    let text = step::output(&format!("cargo lambda invoke {function} --data-file {}", own.shown(file)), &mut command)?;
    let answer: Value = serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.trim().to_owned()));
    match answer.get("statusCode").and_then(Value::as_u64) {
        Some(status) if status >= 500 => Err(Failure::new(format!("{} was answered {answer}", own.shown(file)))),
        Some(status) => Ok(status.to_string()),
        None if answer.get("errorMessage").is_some() => {
            Err(Failure::new(format!("{} was answered {answer}", own.shown(file))))
        }
        None => Ok(answer.to_string().chars().take(100).collect()),
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder).while_doing("reading events/")? {
        let path = entry.while_doing("reading events/")?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_file_is_named_after_its_function() {
        assert!(is_event_of("events/confirm.json", "confirm"));
        assert!(is_event_of("events/webhook-stripe-succeeded.json", "webhook"));
        assert!(is_event_of("events/retry/nudge.json", "retry"));
        assert!(!is_event_of("events/webhooks.json", "webhook"));
        let functions = ["webhook".to_owned(), "webhook-endpoint".to_owned()];
        for (shown, function) in [
            ("events/webhook-endpoint-list.json", Some("webhook-endpoint")),
            ("events/webhook-endpoint.json", Some("webhook-endpoint")),
            ("events/webhook-stripe.json", Some("webhook")),
            ("events/sweep.json", None),
        ] {
            assert_eq!(whose(shown, &functions).map(String::as_str), function, "{shown}");
        }
    }
}
