//! newman, which runs Postman collections: an npm package, at the versions that its lock file names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::failure::{Failure, While};
use crate::place::Place;
use crate::step;
use crate::tools::{self, Package};

const NEWMAN: Package = Package {
    name: "newman",
    wanted: include_str!("../npm/newman/package.json"),
    locked: include_str!("../npm/newman/package-lock.json"),
    says: "fetching newman, which runs Postman collections (40 MB, once)",
};
/// newman leaves everything else alone.
const COLLECTION: &str = "postman/quittance.postman_collection.json";
const ENVIRONMENT: &str = "postman/local.postman_environment.json";
/// A request that is not answered until then never is.
const REQUEST_PATIENCE_MS: &str = "35000";

/// Its program; `None` where node or npm is missing.
pub(crate) fn install(place: &Place) -> Result<Option<PathBuf>, Failure> {
    Ok(tools::npm(place, &NEWMAN)?.map(|home| home.join("node_modules/.bin/newman")))
}

/// Each folder of the collection against the stack, by itself, as whoever imports it runs one: nothing that another has kept is there. Tells
/// how many there are.
pub(crate) fn run(own: &Place, newman: &Path) -> Result<u64, Failure> {
    let folders = folders(own)?;
    for (folder, number) in folders.iter().zip(1_u64..) {
        run_folder(own, newman, folder, number)?;
    }
    u64::try_from(folders.len()).while_doing("counting the folders")
}

fn folders(own: &Place) -> Result<Vec<String>, Failure> {
    let text = fs::read_to_string(own.root.join(COLLECTION)).while_doing("reading the Postman collection")?;
    let collection: Value = serde_json::from_str(&text).while_doing("reading the Postman collection")?;
    let items = collection.get("item").and_then(Value::as_array).into_iter().flatten();
    let folders: Vec<String> = items.filter_map(|folder| folder.get("name")?.as_str()).map(str::to_owned).collect();
    if folders.is_empty() {
        return Err(Failure::new(format!("{COLLECTION} has no folders")));
    }
    Ok(folders)
}

/// With the environment that is there for everybody: only the ports are others.
fn run_folder(own: &Place, newman: &Path, folder: &str, number: u64) -> Result<(), Failure> {
    let mut command = Command::new(newman);
    command.current_dir(&own.root).args(["run", COLLECTION, "--environment", ENVIRONMENT, "--folder", folder]);
    for (name, value) in [("baseUrl", own.api_url()), ("sandboxUrl", own.sandbox_url())] {
        command.arg("--env-var").arg(format!("{name}={value}"));
    }
    // A proxy of the environment is no way to this machine.
    command.env("NO_PROXY", "127.0.0.1").args(["--timeout-request", REQUEST_PATIENCE_MS, "--color", "off"]);
    let says = format!("running the Postman folder \"{folder}\" against the stack");
    step::run(own, &format!("newman-{number}"), &says, &mut command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets;

    #[test]
    fn the_environment_for_everybody_is_that_of_the_stack_that_up_deploys() {
        let usual = Place::usual();
        let text = fs::read_to_string(usual.root.join(ENVIRONMENT)).unwrap();
        let environment: Value = serde_json::from_str(&text).unwrap();
        let told: Vec<(&str, &str)> = environment["values"]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| (value["key"].as_str().unwrap(), value["value"].as_str().unwrap()))
            .collect();
        let wanted = [
            ("baseUrl", usual.api_url()),
            ("apiKey", secrets::local_api_key()),
            ("stripeSigningSecret", secrets::LOCAL_SIGNING_SECRET.to_owned()),
            ("sandboxUrl", usual.sandbox_url()),
        ];
        assert_eq!(told, wanted.each_ref().map(|(name, value)| (*name, value.as_str())));
    }
}
