//! `sam deploy` of the real template.yaml to the local AWS.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::aws::Account;
use crate::failure::{Failure, While};
use crate::place::{Place, STACK};
use crate::step;

/// Where samconfig.toml has the sandbox in the local stage, when nobody moves it.
const DOCUMENTED_SANDBOX: &str = "http://127.0.0.1:12111";
/// What stands there: the gateways, and the pages that explain the codes of problems.
const AT_THE_SANDBOX: [&str; 2] = ["StripeBaseUrl", "ProblemTypeBase"];

/// The outputs of the deployed stack.
#[derive(Clone, Debug)]
pub(crate) struct Deployed {
    outputs: Value,
}

impl Deployed {
    pub(crate) fn output(&self, name: &str) -> Result<String, Failure> {
        crate::aws::output_of(&self.outputs, name)
            .ok_or_else(|| Failure::new(format!("template.yaml has no output {name}")))
    }
}

/// Deploys the template whose code folders are filled.
pub(crate) fn run(place: &Place, template: &Path, log: &str) -> Result<(), Failure> {
    let config = fs::read_to_string(place.root.join("samconfig.toml")).while_doing("reading samconfig.toml")?;
    for parameter in AT_THE_SANDBOX {
        let documented = format!("{parameter}={DOCUMENTED_SANDBOX}");
        if config.matches(&documented).count() != 1 {
            return Err(Failure::new(format!("samconfig.toml must say {documented:?} exactly once")));
        }
    }
    // The one thing that may differ between two local stacks is the sandbox's port.
    let config = config.replace(DOCUMENTED_SANDBOX, &place.sandbox_url());
    let config_file = place.local.join("samconfig.toml");
    fs::write(&config_file, config).while_doing("writing the stack's samconfig.toml")?;
    let mut sam = Account::Local(place).command("sam");
    sam.args(["deploy", "--config-env", "local", "--config-file"]).arg(&config_file);
    sam.arg("--template-file").arg(template);
    step::run(place, log, "deploying template.yaml to the local AWS", &mut sam)
}

/// Whether the deploy of this log failed at a resource, and not at the template.
pub(crate) fn could_not_change_in_place(place: &Place, log: &str) -> bool {
    fs::read_to_string(place.log(log)).is_ok_and(|told| told.contains("UPDATE_FAILED"))
}

/// What is deployed.
pub(crate) fn deployed(place: &Place) -> Result<Deployed, Failure> {
    Ok(Deployed { outputs: Account::Local(place).stack_outputs(STACK)? })
}
