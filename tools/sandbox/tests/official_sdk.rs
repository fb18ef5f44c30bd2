//! The official Python SDK drives the sandbox (`stripe_sdk.py`), because a stand-in that only its own authors test agrees
//! with its authors and with nobody else.

use std::process::Command;

use sandbox::{Config, Sandbox};

/// Names a Python that has what `requirements.txt` asks for.
const PYTHON: &str = "QUITTANCE_PYTHON";

#[tokio::test(flavor = "multi_thread")]
async fn the_official_python_sdk_is_content() {
    let Some(python) = std::env::var_os(PYTHON).filter(|python| !python.is_empty()) else {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{PYTHON} is not set, and on CI it must be");
        println!("SKIPPED: the official Stripe SDK did not drive the sandbox, because {PYTHON} is not set.");
        return;
    };
    let sandbox = Sandbox::start(Config { settle_ms: 50, ..Config::default() }).await.expect("the sandbox starts");
    let url = sandbox.url().to_owned();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stripe_sdk.py");
    let run = move || {
        Command::new(python).arg("-B").arg(script).arg(url).env_remove("HTTP_PROXY").env("NO_PROXY", "*").output()
    };
    let output = tokio::task::spawn_blocking(run).await.expect("no panic").expect("python runs");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
    println!("{said}");
}
