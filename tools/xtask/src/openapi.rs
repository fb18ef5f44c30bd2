//! What others say about docs/openapi.yaml: `redocly`, a linter from npm, whether it is a good description, and `schemathesis`, from PyPI,
//! whether the deployed stack does what it says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::failure::{Failure, While};
use crate::place::Place;
use crate::tools::{self, Package};
use crate::{proof, secrets, step};

/// The description.
const DESCRIPTION: &str = "docs/openapi.yaml";

const LINTER: Package = Package {
    name: "redocly",
    wanted: include_str!("../npm/redocly/package.json"),
    locked: include_str!("../npm/redocly/package-lock.json"),
    says: "fetching redocly, the linter of API descriptions (once)",
};
/// Which rules the description keeps.
const RULES: &str = "tools/xtask/src/openapi/redocly.yaml";

const REQUIREMENTS: &str = include_str!("openapi/requirements.txt");
/// What is checked, and where the local stack is not what is described.
const CHECKS: &str = "tools/xtask/src/openapi/schemathesis.toml";
/// What the local stack takes that others do not.
const HOOKS: &str = "tools/xtask/src/openapi";

/// The linter's folder; `None` where node or npm is missing.
pub(crate) fn install_linter(place: &Place) -> Result<Option<PathBuf>, Failure> {
    tools::npm(place, &LINTER)
}

/// Lints the description with what [`install_linter`] has installed. The rules are strict: nobody reads warnings.
pub(crate) fn lint(place: &Place, linter: &Path) -> Result<(), Failure> {
    let mut command = Command::new(linter.join("node_modules/.bin/redocly"));
    command
        .current_dir(&place.root)
        .args(["lint", DESCRIPTION, "--config", RULES, "--format", "stylish", "--max-problems", "50"])
        // It asks nobody, and tells nobody.
        .env("REDOCLY_TELEMETRY", "off")
        .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    step::run(place, "redocly", "linting docs/openapi.yaml", &mut command)
}

/// Lets schemathesis ask the deployed stack, and returns how many operations it found in order.
pub(crate) fn hold_the_stack_to_it(own: &Place, proof: &Path) -> Result<u64, Failure> {
    let says = "installing schemathesis, which asks what the description allows and forbids (once)";
    let home = tools::environment(own, "schemathesis", REQUIREMENTS, says)?;
    let report = own.local.join("schemathesis.json");
    let mut command = Command::new(home.join("bin/schemathesis"));
    command
        // It keeps what it would ask again beside itself.
        .current_dir(&own.local)
        .arg("--config-file")
        .arg(own.root.join(CHECKS))
        .arg("run")
        .arg(own.root.join(DESCRIPTION))
        .args(["--url", &own.api_url(), "--report-json-path"])
        .arg(&report)
        .env("QUITTANCE_API_KEY", secrets::local_api_key())
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("PYTHONPATH", own.root.join(HOOKS))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    step::run(own, "schemathesis", "holding the stack to docs/openapi.yaml (three minutes)", &mut command)?;
    let told = fs::read(&report).while_doing("reading what schemathesis found")?;
    let told: Value = serde_json::from_slice(&told).while_doing("reading what schemathesis found")?;
    let number = |pointer: &str| {
        let number = told.pointer(pointer).and_then(Value::as_u64);
        number.ok_or_else(|| Failure::new(format!("{} does not say {pointer}", own.shown(&report))))
    };
    let behind_the_door = unreached(&told);
    if !behind_the_door.is_empty() {
        let operations = behind_the_door.join(", ");
        return Err(Failure::new(format!(
            "schemathesis never came further than the door of {operations}: what it found is no proof"
        )));
    }
    let operations = number("/operations/tested")?;
    proof::tell(proof, "schemathesis", operations, "operations")?;
    proof::tell(proof, "schemathesis", number("/test_cases/generated")?, "requests")?;
    Ok(operations)
}

/// What schemathesis may not bring to an end: the payments, disputes and endpoints that it knows may be past that when it comes (an endpoint
/// that is switched off is sent nothing again), and it is told so.
const TOO_LATE: [&str; 6] = [
    "POST /payment/confirm",
    "POST /payment/capture",
    "POST /payment/cancel",
    "POST /disputes/{disputeId}/evidence",
    "POST /disputes/{disputeId}/accept",
    "POST /webhook-endpoints/{endpointId}/redeliver",
];
/// What it has no signature for.
const SIGNED: &str = "POST /webhook/{gateway}";

/// The operations of which no request that the description allows was taken, or came to something that is there.
fn unreached(report: &Value) -> Vec<String> {
    let Some(operations) = report.get("valid_rates").and_then(Value::as_object) else {
        return vec!["every operation, as it does not say how far it came".to_owned()];
    };
    let sum = |phases: &Value, fate: &str| -> u64 {
        let phases = phases.as_object().into_iter().flatten();
        phases.filter_map(|(_, fates)| fates.get(fate)?.as_u64()).fold(0, u64::saturating_add)
    };
    let is_reached = |operation: &str, phases: &Value| {
        let is_told_why = TOO_LATE.contains(&operation) && sum(phases, "conflicts") > 0;
        operation == SIGNED || sum(phases, "accepted") > 0 || is_told_why
    };
    let unreached = operations.iter().filter(|(operation, phases)| !is_reached(operation, phases));
    unreached.map(|(operation, _)| operation.clone()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_operation_that_only_ever_refused_was_not_tried() {
        let report = |operation: &str, accepted: u64, conflicts: u64| {
            let fates = json!({"accepted": accepted, "conflicts": conflicts, "unreachable": 3, "rejected": 9});
            json!({"valid_rates": {operation: {"examples": {"accepted": 0, "conflicts": 0}, "fuzzing": fates}}})
        };
        assert_eq!(unreached(&report("GET /payments", 1, 0)), Vec::<String>::new());
        assert_eq!(unreached(&report("GET /payments", 0, 5)), ["GET /payments"]);
        assert_eq!(unreached(&report("POST /payment/cancel", 0, 1)), Vec::<String>::new());
        assert_eq!(unreached(&report("POST /payment/cancel", 0, 0)), ["POST /payment/cancel"]);
        assert_eq!(unreached(&report(SIGNED, 0, 0)), Vec::<String>::new());
        assert_eq!(unreached(&json!({})).len(), 1);
    }
}
