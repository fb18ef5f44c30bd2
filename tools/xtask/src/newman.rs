//! newman, which runs Postman collections: an npm package, at the versions that its lock file names.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Failure, While};
use crate::place::Place;
use crate::{secrets, step, tools};

const WANTED: &str = include_str!("../newman/package.json");
const LOCKED: &str = include_str!("../newman/package-lock.json");
/// newman leaves everything else alone.
const COLLECTION: &str = "postman/quittance.postman_collection.json";
const ENVIRONMENT: &str = "postman/local.postman_environment.json";
/// A request that is not answered until then never is.
const REQUEST_PATIENCE_MS: &str = "35000";

/// Its program; `None` where node or npm is missing.
pub(crate) fn install(place: &Place) -> Result<Option<PathBuf>, Failure> {
    let (Some(_node), Some(npm)) = (tools::find("node"), tools::find("npm")) else { return Ok(None) };
    let home = place.target.join("newman");
    let program = home.join("node_modules/.bin/newman");
    let stamp = home.join("installed.json");
    if fs::read_to_string(&stamp).is_ok_and(|text| text == LOCKED) {
        return Ok(Some(program));
    }
    fs::create_dir_all(&home).while_doing("making target/newman")?;
    fs::write(home.join("package.json"), WANTED).while_doing("writing package.json")?;
    fs::write(home.join("package-lock.json"), LOCKED).while_doing("writing package-lock.json")?;
    let mut command = Command::new(npm);
    command.current_dir(&home).args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    step::run(place, "npm-newman", "fetching newman, which runs Postman collections (40 MB, once)", &mut command)?;
    fs::write(&stamp, LOCKED).while_doing("recording what was installed")?;
    Ok(Some(program))
}

/// The whole collection against the stack.
pub(crate) fn run(own: &Place, newman: &PathBuf) -> Result<(), Failure> {
    let mut command = Command::new(newman);
    command.current_dir(&own.root).args(["run", COLLECTION, "--environment", ENVIRONMENT]);
    for (name, value) in [
        ("baseUrl", own.api_url()),
        ("apiKey", secrets::local_api_key()),
        ("sandboxUrl", own.sandbox_url()),
        ("stripeSigningSecret", secrets::LOCAL_SIGNING_SECRET.to_owned()),
    ] {
        command.arg("--env-var").arg(format!("{name}={value}"));
    }
    // A proxy of the environment is no way to this machine.
    command.env("NO_PROXY", "127.0.0.1").args(["--timeout-request", REQUEST_PATIENCE_MS, "--color", "off"]);
    step::run(own, "newman", "running the Postman collection against the stack", &mut command)
}
