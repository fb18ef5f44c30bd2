//! How a new version takes over: every function is called by its alias, a deploy moves that to a version that does not change any more,
//! and in prod CodeDeploy moves it, a part of the calls first, with alarms that take it back.
//!
//! The local AWS has aliases and versions and no CodeDeploy (docs/SECURITY.md, "Not run here"). So SAM's own translator says what
//! prod would be, and the local stack shows that the alias is what is called.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests that fail, and tell why one did not run"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use acceptance::permissions::grants;
use acceptance::repository::{DeployedFunction, deployed_functions, read, root};
use acceptance::stack::on_stack;
use serde_json::{Value, json};

/// Names a Python that has the SAM translator: that of `target/venv`.
const PYTHON: &str = "QUITTANCE_PYTHON";
/// Longer, and Lambda does not take it for the description of a version.
const DESCRIPTION_CHARACTERS_MAX: usize = 256;
/// What of a function's text is no part of a version: who calls it, where it logs, how it is released.
const NO_PART_OF_A_VERSION: [&str; 5] =
    ["Events:", "EventInvokeConfig:", "LoggingConfig:", "VersionDescription:", "DeploymentPreference:"];

#[test]
fn in_prod_a_part_of_the_calls_goes_first_and_an_alarm_takes_it_back() {
    let Some(stacks) = processed() else { return };
    let resources = &stacks["canary"]["Resources"];
    for DeployedFunction { logical_id, binary, routes, .. } in deployed_functions() {
        let group = format!("{logical_id}DeploymentGroup");
        let policy = &resources[format!("{logical_id}Aliaslive")]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"];
        assert_eq!(policy["DeploymentGroupName"], json!({"Ref": group}), "{binary}: CodeDeploy moves its alias");
        let group = &resources[&group]["Properties"];
        assert_eq!(group["DeploymentConfigName"]["Fn::Sub"][1]["ConfigName"], "Canary10Percent10Minutes", "{binary}");
        assert_eq!(group["ServiceRoleArn"], json!({"Fn::GetAtt": ["ReleaseRole", "Arn"]}), "{binary}");
        let when = json!(["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]);
        assert_eq!(group["AutoRollbackConfiguration"], json!({"Enabled": true, "Events": when}), "{binary}");
        // A function that fails, code that fell, a row that one of the two versions cannot read, a right or a request that is wrong.
        let mut wanted = BTreeSet::from([format!("{logical_id}ErrorsAlarm"), "PanickedAlarm".to_owned()]);
        wanted.extend(["UnreadableRowAlarm", "DependencyFailingAlarm"].map(str::to_owned));
        wanted.extend(calls_gateways(&logical_id).then(|| "GatewayMisconfiguredAlarm".to_owned()));
        wanted.extend((!routes.is_empty()).then(|| "ApiErrorsAlarm".to_owned()));
        wanted.extend((binary == "publish").then(|| "UntoldAlarm".to_owned()));
        let brakes = group["AlarmConfiguration"]["Alarms"].as_array().unwrap().iter();
        let brakes: BTreeSet<String> = brakes.map(|alarm| text(&alarm["Name"]["Ref"])).collect();
        assert_eq!(brakes, wanted, "{binary}");
    }
}

#[test]
fn nothing_of_codedeploy_is_in_a_stack_that_does_not_release_by_it() {
    let Some(stacks) = processed() else { return };
    for name in ["local", "staging", "at once"] {
        let kinds: Vec<String> = of_all(&stacks[name]).map(|(_, resource)| text(&resource["Type"])).collect();
        assert!(!kinds.iter().any(|kind| kind.starts_with("AWS::CodeDeploy::")), "{name}: {kinds:?}");
    }
    // The local AWS has its translator make the stack without a parameter's value: what is there by default must be one it knows.
    let kinds: Vec<String> = of_all(&stacks["by default"]).map(|(_, resource)| text(&resource["Type"])).collect();
    assert!(!kinds.iter().any(|kind| kind.starts_with("AWS::CodeDeploy::")), "by default: {kinds:?}");
}

#[test]
fn whoever_calls_a_function_calls_its_alias() {
    let Some(stacks) = processed() else { return };
    for (name, stack) in stacks {
        for DeployedFunction { logical_id, binary, .. } in deployed_functions() {
            let alias = format!("{logical_id}Aliaslive");
            let version = &stack["Resources"][&alias]["Properties"]["FunctionVersion"]["Fn::GetAtt"][0];
            let version = &stack["Resources"][text(version)];
            assert_eq!(version["Type"], "AWS::Lambda::Version", "{name}: {binary}");
            assert_eq!(version["DeletionPolicy"], "Retain", "{name}: {binary} can be taken back");
            let bare = [json!({"Ref": logical_id}), json!({"Fn::GetAtt": [logical_id, "Arn"]})];
            let mut callers = 0_usize;
            for (caller, resource) in of_all(stack) {
                let properties = &resource["Properties"];
                let called: Vec<&Value> = match text(&resource["Type"]).as_str() {
                    "AWS::Lambda::Permission" | "AWS::Lambda::EventSourceMapping" => vec![&properties["FunctionName"]],
                    "AWS::Events::Rule" => {
                        properties["Targets"].as_array().unwrap().iter().map(|target| &target["Arn"]).collect()
                    }
                    _ => continue,
                };
                assert!(!called.iter().any(|called| bare.contains(called)), "{name}: {caller} calls {binary} itself");
                let by_alias = json!({"Ref": alias});
                callers = callers.saturating_add(called.into_iter().filter(|called| **called == by_alias).count());
            }
            assert!(callers > 0, "{name}: nobody calls {binary}");
            let body = stack["Resources"]["Api"]["Properties"]["Body"].to_string();
            assert!(!body.contains(&format!("${{{logical_id}.Arn}}")), "{name}: the API calls {binary} itself");
        }
    }
}

#[test]
fn sam_makes_up_no_role_and_no_right() {
    let Some(stacks) = processed() else { return };
    let functions = deployed_functions().into_iter().map(|function| format!("{}Role", function.logical_id));
    let wanted: BTreeSet<String> = functions.chain(["ReleaseRole".to_owned()]).collect();
    for (name, stack) in stacks {
        let roles = of_all(stack).filter(|(_, resource)| resource["Type"] == "AWS::IAM::Role");
        let roles: BTreeMap<String, &Value> = roles.collect();
        assert_eq!(roles.keys().cloned().collect::<BTreeSet<_>>(), wanted, "{name}");
        for (role, resource) in roles {
            assert!(resource["Properties"].get("ManagedPolicyArns").is_none(), "{name}: {role}");
        }
        assert_eq!(stack["Resources"]["ReleaseRole"]["Condition"], "IsProduction", "{name}");
    }
}

#[test]
fn a_parameter_that_a_function_is_made_of_makes_a_new_version_of_it() {
    let template = read("template.yaml");
    let parameters = section(&template, "\nParameters:\n", "\nRules:\n");
    let parameters: BTreeSet<&str> = parameters.lines().filter_map(|line| name_at(line, 2)).collect();
    let conditions = section(&template, "\nConditions:\n", "\nGlobals:\n");
    let globals = part_of_a_version(section(&template, "\nGlobals:\n  Function:\n", "\nResources:\n"), 4);
    for DeployedFunction { binary, text, .. } in deployed_functions() {
        let own = format!("{globals}{}", part_of_a_version(&text, 6));
        let mut made_of: BTreeSet<&str> = parameters.iter().copied().filter(|name| names(&own, name)).collect();
        for line in conditions.lines().filter(|line| !line.trim().starts_with('#')) {
            let Some((condition, what)) = line.trim().split_once(": ") else { continue };
            if own.contains(&format!("[{condition}, ")) {
                made_of.extend(parameters.iter().copied().filter(|name| names(what, name)));
            }
        }
        // A stack keeps its stage, and the other two stages are alike to a function: see below.
        made_of.remove("Stage");
        let described = text.lines().find_map(|line| line.trim().strip_prefix("VersionDescription: !Sub ")).unwrap();
        let spelled_out: BTreeSet<&str> =
            described.split(' ').map(|word| word.trim_start_matches("${").trim_end_matches('}')).collect();
        // One that is missing would not reach those who call. One too many, and there were nothing to publish: the deploy would fail.
        assert_eq!(spelled_out, made_of, "{binary}");
    }
}

#[test]
fn a_description_is_never_too_long_for_a_version() {
    let template = read("template.yaml");
    let parameters = section(&template, "\nParameters:\n", "\nRules:\n");
    let longest = |name: &str| -> usize {
        let of = section(parameters, &format!("  {name}:\n"), "\n    Description: ");
        let number = |field: &str| -> Option<String> {
            of.lines().find_map(|line| line.trim().strip_prefix(field).map(str::to_owned))
        };
        let words = of.lines().filter_map(|line| line.trim().strip_prefix("AllowedValues: ["));
        let words = words.flat_map(|words| words.split([',', ']'])).map(|word| word.trim().trim_matches('"').len());
        let at_most = number("MaxLength: ").map(|most| most.parse().unwrap());
        let digits = number("MaxValue: ").map(|most| most.len());
        // The address of a gateway is the sandbox's, or Stripe's own.
        let address =
            of.contains("AllowedPattern: ^(https").then_some("https://api.stripe.com".len().saturating_mul(2));
        words.max().or(at_most).or(digits).or(address).unwrap_or_else(|| panic!("{name} may be as long as it likes"))
    };
    for DeployedFunction { binary, text, .. } in deployed_functions() {
        let described = text.lines().find_map(|line| line.trim().strip_prefix("VersionDescription: !Sub ")).unwrap();
        let words = described.split(' ').map(|word| longest(word.trim_start_matches("${").trim_end_matches('}')));
        let characters: usize = words.map(|word| word.saturating_add(1)).sum();
        assert!(characters <= DESCRIPTION_CHARACTERS_MAX, "{binary}: {characters} characters");
    }
}

#[test]
fn staging_runs_what_prod_runs() {
    let template = read("template.yaml");
    let stages = section(&template, "\n  ByStage:\n", "\n\n");
    let staging = section(stages, "    staging:\n", "    prod:\n");
    let (_, prod) = stages.split_once("    prod:\n").unwrap();
    assert_eq!(staging.trim(), prod.trim());
}

#[test]
fn on_the_stack_every_alias_is_at_a_version_and_queues_stream_and_clock_call_it() {
    on_stack(async |stack| {
        for DeployedFunction { binary, .. } in deployed_functions() {
            let version = stack.aws.alias_version(&binary, "live").await;
            assert!(
                version.parse::<u32>().is_ok(),
                "{binary}: live is at {version}, which changes with the next deploy"
            );
        }
        for function in ["retry", "publish", "deliver"] {
            let called = stack.aws.event_source_targets(function).await;
            assert!(!called.is_empty() && called.iter().all(|arn| arn.ends_with(":live")), "{function}: {called:?}");
        }
        // Found by the alias, or not at all.
        assert_eq!(stack.aws.schedules("sweep").await, ["rate(1 minute) ENABLED"]);
    });
}

/// The template as SAM makes it for each kind of stack; `None`, said aloud, without a Python that has the translator.
fn processed() -> Option<&'static BTreeMap<String, Value>> {
    static PROCESSED: LazyLock<Option<BTreeMap<String, Value>>> = LazyLock::new(if_there_is_a_translator);
    PROCESSED.as_ref()
}

fn if_there_is_a_translator() -> Option<BTreeMap<String, Value>> {
    let Some(python) = std::env::var_os(PYTHON).filter(|value| !value.is_empty()) else {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{PYTHON} is not set, and on CI it must be");
        println!("SKIPPED: SAM's translator did not say what template.yaml comes to, because {PYTHON} is not set.");
        return None;
    };
    Some(translated(&python))
}

fn translated(python: &OsString) -> BTreeMap<String, Value> {
    let asked = json!({"template": root().join("template.yaml"), "stacks": {
        "canary": {"Stage": "prod"},
        "at once": {"Stage": "prod", "Release": "AtOnce"},
        "staging": {"Stage": "staging"},
        "local": {"Stage": "local"},
        "by default": {},
    }});
    let mut child = Command::new(python)
        .args(["-B", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/release/processed.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Python reads all before it writes: neither waits for the other.
    child.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Whether a function is told a gateway's key: then a version of it may spell what it asks wrongly.
fn calls_gateways(logical_id: &str) -> bool {
    let of_role = grants().into_iter().filter(|grant| grant.by == format!("{logical_id}Role"));
    of_role.flat_map(|grant| grant.things()).any(|thing| thing == "!GetAtt StripeSecret.Id")
}

fn of_all(stack: &Value) -> impl Iterator<Item = (String, &Value)> {
    stack["Resources"].as_object().unwrap().iter().map(|(name, resource)| (name.clone(), resource))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// What stands between two texts, the first of each.
fn section<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text.split_once(from).unwrap_or_else(|| panic!("no {from:?}"));
    rest.split_once(to).map_or(rest, |(section, _)| section)
}

/// The lines of a function's text that make it what it is. Its properties stand so many spaces in.
fn part_of_a_version(text: &str, indentation: usize) -> String {
    let mut kept = String::new();
    let mut is_part = true;
    for line in text.lines() {
        let bare = line.trim_start();
        if bare.starts_with('#') {
            continue;
        }
        if line.len().saturating_sub(bare.len()) <= indentation {
            is_part = !NO_PART_OF_A_VERSION.iter().any(|property| bare.starts_with(property));
        }
        if is_part {
            // Only in the stage local is PayPal where Stripe is.
            kept.push_str(&line.replace("[IsLocal, !Ref StripeBaseUrl, ", "["));
            kept.push('\n');
        }
    }
    kept
}

fn names(text: &str, parameter: &str) -> bool {
    let reference = format!("!Ref {parameter}");
    let ends = |rest: &str| !rest.starts_with(|letter: char| letter.is_alphanumeric());
    text.match_indices(&reference).any(|(at, _)| text.get(at.saturating_add(reference.len())..).is_some_and(ends))
        || text.contains(&format!("${{{parameter}}}"))
}

/// A name that stands alone on its line, so many spaces in.
fn name_at(line: &str, indentation: usize) -> Option<&str> {
    let name = line.strip_prefix(&" ".repeat(indentation))?.strip_suffix(':')?;
    (!name.is_empty() && name.chars().all(char::is_alphanumeric)).then_some(name)
}
