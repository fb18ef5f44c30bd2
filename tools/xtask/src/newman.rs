//! newman, which runs Postman collections: an npm package, at the versions that its lock file names.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
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

/// The whole collection against the stack, with the environment that is there for everybody: only the ports are others.
pub(crate) fn run(own: &Place, newman: &Path) -> Result<(), Failure> {
    let mut command = Command::new(newman);
    command.current_dir(&own.root).args(["run", COLLECTION, "--environment", ENVIRONMENT]);
    for (name, value) in [("baseUrl", own.api_url()), ("sandboxUrl", own.sandbox_url())] {
        command.arg("--env-var").arg(format!("{name}={value}"));
    }
    // A proxy of the environment is no way to this machine.
    command.env("NO_PROXY", "127.0.0.1").args(["--timeout-request", REQUEST_PATIENCE_MS, "--color", "off"]);
    step::run(own, "newman", "running the Postman collection against the stack", &mut command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets;
    use serde_json::Value;

    #[test]
    fn the_environment_for_everybody_is_that_of_the_stack_that_up_deploys() {
        let usual = Place::usual();
        let text = std::fs::read_to_string(usual.root.join(ENVIRONMENT)).unwrap();
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
