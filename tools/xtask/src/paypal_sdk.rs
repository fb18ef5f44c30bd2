//! The official PayPal SDK, which keeps the sandbox honest: an npm package, at the versions that its lock file names.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Failure, While};
use crate::place::Place;
use crate::{step, tools};

const WANTED: &str = include_str!("../../sandbox/tests/paypal_sdk/package.json");
const LOCKED: &str = include_str!("../../sandbox/tests/paypal_sdk/package-lock.json");

/// The folder that holds it; `None` where node or npm is missing.
pub(crate) fn install(place: &Place) -> Result<Option<PathBuf>, Failure> {
    let (Some(_node), Some(npm)) = (tools::find("node"), tools::find("npm")) else { return Ok(None) };
    let home = place.target.join("paypal-sdk");
    let stamp = home.join("installed.json");
    if fs::read_to_string(&stamp).is_ok_and(|text| text == LOCKED) {
        return Ok(Some(home));
    }
    fs::create_dir_all(&home).while_doing("making target/paypal-sdk")?;
    fs::write(home.join("package.json"), WANTED).while_doing("writing package.json")?;
    fs::write(home.join("package-lock.json"), LOCKED).while_doing("writing package-lock.json")?;
    let mut command = Command::new(npm);
    command.current_dir(&home).args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    step::run(place, "npm-paypal", "fetching the official PayPal SDK (10 MB, once)", &mut command)?;
    fs::write(&stamp, LOCKED).while_doing("recording what was installed")?;
    Ok(Some(home))
}
