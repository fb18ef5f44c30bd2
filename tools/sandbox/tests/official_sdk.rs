//! The gateways' official SDKs drive the sandbox (`stripe_sdk.py`, `paypal_sdk/drive.cjs`), because a stand-in that only its
//! own authors test agrees with its authors and with nobody else.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "tests that fail, and tell why one of them did not run")]

use std::{ffi::OsString, process::Command};

use sandbox::{Config, Sandbox};

/// Names a Python that has what `requirements.txt` asks for.
const PYTHON: &str = "QUITTANCE_PYTHON";
/// Names a folder whose `node_modules` has what `tools/xtask/npm/paypal-sdk/package.json` asks for.
const PAYPAL_SDK: &str = "QUITTANCE_PAYPAL_SDK";

#[tokio::test(flavor = "multi_thread")]
async fn the_official_python_sdk_is_content() {
    let Some(python) = given(PYTHON, "Stripe") else { return };
    let mut command = Command::new(python);
    command.arg("-B").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stripe_sdk.py"));
    drive(command, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_paypal_sdk_is_content() {
    let Some(folder) = given(PAYPAL_SDK, "PayPal") else { return };
    let mut command = Command::new("node");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/paypal_sdk/drive.cjs"));
    drive(command, Some(folder)).await;
}

/// What the environment names, or a loud gap. In CI a gap is a failure.
fn given(name: &str, gateway: &str) -> Option<OsString> {
    let given = std::env::var_os(name).filter(|value| !value.is_empty());
    if given.is_none() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{name} is not set, and on CI it must be");
        println!("SKIPPED: the official {gateway} SDK did not drive the sandbox, because {name} is not set.");
    }
    given
}

/// Runs the program with the address of a sandbox, and then this.
async fn drive(mut command: Command, last: Option<OsString>) {
    let sandbox = Sandbox::start(Config { settle_ms: 50, ..Config::default() }).await.expect("the sandbox starts");
    command.arg(sandbox.url()).args(last).env_remove("HTTP_PROXY").env("NO_PROXY", "*");
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("it runs");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
    println!("{said}");
}
