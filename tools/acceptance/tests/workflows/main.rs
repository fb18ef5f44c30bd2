//! What GitHub may do: the workflows hold no secret and ask for no right that they do not use, and the roles that AWS gives them can do no more than
//! deploy one stack.
//!
//! Nobody here can run them (docs/GOING_LIVE.md says so); that they say what they should is what can be held.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "tests that fail, and tell why one did not run"
)]

mod needs;
mod roles;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use acceptance::repository::{files, read, root};
use serde_json::{Value, json};

/// Names a Python that reads YAML: that of `target/venv`.
const PYTHON: &str = "QUITTANCE_PYTHON";
const TEST: &str = ".github/workflows/test.yml";
const DEPLOY: &str = ".github/workflows/deploy.yml";
const ROLES: &str = "deploy/github-oidc.yaml";
/// What a deploy does besides moving the aliases: installing SAM, and CloudFormation at everything else.
const DEPLOY_MINUTES_ASIDE: u64 = 25;

#[test]
fn no_workflow_holds_a_key_or_runs_what_others_may_change() {
    for path in workflows() {
        let text = read(&path);
        for word in ["secrets.", "ACCESS_KEY", "pull_request_target", "password", "token:"] {
            // `id-token: write` is the right to be signed for, and no secret.
            let without = text.replace("id-token:", "");
            assert!(!without.contains(word), "{path} says {word}");
        }
        let mut before = "";
        for line in text.lines().map(str::trim) {
            if let Some(action) = line.strip_prefix("- uses: ") {
                let (_, commit) = action.split_once('@').unwrap_or_default();
                let is_commit = commit.len() == 40 && commit.chars().all(|digit| digit.is_ascii_hexdigit());
                assert!(is_commit, "{path}: {action} may be another tomorrow");
                assert!(before.starts_with("# v"), "{path}: which version is {action}?");
            }
            before = line;
        }
    }
}

#[test]
fn a_pull_request_runs_what_a_developer_runs_and_can_do_nothing_else() {
    let Some(documents) = documents() else { return };
    let test = &documents[TEST];
    assert_eq!(triggers(test), BTreeSet::from(["pull_request", "push", "workflow_call"]));
    assert_eq!(test["permissions"], json!({"contents": "read"}));
    for (name, job) in test["jobs"].as_object().unwrap() {
        assert!(job.get("permissions").is_none() && job.get("environment").is_none(), "{name}");
        assert!(steps(job).iter().any(|step| step["run"] == ".ci/run"), "{name}");
    }
    // What was merged is tested to the end, whatever is merged after it; and so is what is about to be deployed.
    let concurrency = &test["concurrency"];
    assert_eq!(concurrency["cancel-in-progress"], "${{ github.event_name == 'pull_request' }}");
    assert!(concurrency["group"].as_str().unwrap().contains("github.event_name == 'pull_request' && github.ref ||"));
}

#[test]
fn a_deploy_is_asked_for_is_on_main_and_has_passed_what_a_pull_request_passes() {
    let Some(documents) = documents() else { return };
    let deploy = &documents[DEPLOY];
    assert_eq!(triggers(deploy), BTreeSet::from(["push", "workflow_dispatch"]));
    assert_eq!(deploy["true"]["push"], json!({"tags": ["v*"]}), "a push to a branch deploys nothing");
    assert_eq!(deploy["permissions"], json!({}));
    let jobs = deploy["jobs"].as_object().unwrap();
    let names: BTreeSet<&str> = jobs.keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["on-main", "test", "build", "deploy"]));
    let look = steps(&jobs["on-main"]);
    assert_eq!(look[0]["with"]["fetch-depth"], 0, "or main is not there to look at");
    assert_eq!(look[1]["run"], "git merge-base --is-ancestor \"$GITHUB_SHA\" refs/remotes/origin/main");
    assert_eq!(jobs["test"]["uses"], format!("./{TEST}"));
    // A job that waits for one that failed is not begun, unless it says otherwise.
    assert_eq!((&jobs["test"]["needs"], &jobs["build"]["needs"]), (&json!("on-main"), &json!("on-main")));
    assert_eq!(jobs["deploy"]["needs"], json!(["test", "build"]));
    for (name, job) in jobs {
        assert!(job.get("if").is_none() && job.get("continue-on-error").is_none(), "{name}");
        assert!(!steps(job).iter().any(|step| step.get("continue-on-error").is_some()), "{name}");
    }
}

/// A right is a job's, and so every step's, and every build script's of what a step compiles.
#[test]
fn no_job_that_may_ask_for_a_role_builds_anything() {
    let Some(documents) = documents() else { return };
    for path in workflows() {
        for (name, job) in documents[&path]["jobs"].as_object().unwrap() {
            let may_ask = name == "deploy";
            if path == DEPLOY {
                let wanted = if may_ask {
                    json!({"contents": "read", "id-token": "write"})
                } else {
                    json!({"contents": "read"})
                };
                assert_eq!(job["permissions"], wanted, "{name}");
            }
            assert_eq!(job.get("environment").is_some(), may_ask, "{path}: {name}");
        }
    }
    let job = &documents[DEPLOY]["jobs"]["deploy"];
    assert_eq!(job["environment"], "${{ inputs.stage || 'prod' }}", "AWS is shown the environment");
    let steps = steps(job);
    let known = [
        "tar -xzf \"$RUNNER_TEMP/built.tar.gz\" .aws-sam/build",
        "python3 -m venv ",
        "\"$RUNNER_TEMP/sam/bin/pip\" install --no-input --only-binary :all: ",
        "\"$RUNNER_TEMP/sam/bin/sam\" deploy ",
    ];
    for line in steps.iter().filter_map(|step| step["run"].as_str()).flat_map(str::lines) {
        assert!(known.iter().any(|known| line.starts_with(known)), "{line}");
    }
    let actions: Vec<&str> = steps.iter().filter_map(|step| step["uses"].as_str()?.split('@').next()).collect();
    assert_eq!(actions, ["actions/checkout", "actions/download-artifact", "aws-actions/configure-aws-credentials"]);
    // One step is run with the role, and that is the last.
    let [.., rights, last] = steps.as_slice() else { panic!("{steps:?}") };
    assert!(rights["uses"].as_str().unwrap().starts_with("aws-actions/"), "{rights}");
    let last = last["run"].as_str().unwrap();
    assert!(last.contains(" deploy --config-env \"$CONFIG\" ") && last.contains(" --role-arn \"$EXECUTOR\""), "{last}");
}

#[test]
fn the_role_lasts_as_long_as_the_job_and_the_job_as_long_as_the_slowest_release() {
    let Some(documents) = documents() else { return };
    let job = &documents[DEPLOY]["jobs"]["deploy"];
    let minutes = job["timeout-minutes"].as_u64().unwrap();
    let steps = steps(job);
    let lasts = steps.iter().find_map(|step| step["with"]["role-duration-seconds"].as_u64()).unwrap();
    assert_eq!(lasts, minutes.saturating_mul(60));
    assert_eq!(documents[ROLES]["Resources"]["Deployer"]["Properties"]["MaxSessionDuration"], lasts);
    let ways = documents["template.yaml"]["Parameters"]["Release"]["AllowedValues"].as_array().unwrap();
    let slowest = ways.iter().filter_map(|way| takes_minutes(way.as_str().unwrap())).max().unwrap();
    assert!(slowest.saturating_add(DEPLOY_MINUTES_ASIDE) <= minutes, "{slowest} of {minutes} minutes");
}

/// How long CodeDeploy moves an alias in one of its ways: a canary waits once, a line nine times, after each tenth but the last.
fn takes_minutes(way: &str) -> Option<u64> {
    let number = |text: &str| text.trim_end_matches('s').trim_end_matches("Minute").parse::<u64>().ok();
    let canary = way.strip_prefix("Canary10Percent").and_then(number);
    let line = way.strip_prefix("Linear10PercentEvery").and_then(number);
    canary.or_else(|| line.map(|minutes| minutes.saturating_mul(9)))
}

/// What somebody typed, or called a branch, must not become a command.
#[test]
fn no_command_of_a_workflow_is_made_of_what_others_write() {
    let Some(documents) = documents() else { return };
    for path in workflows() {
        for job in documents[&path]["jobs"].as_object().unwrap().values() {
            for step in steps(job) {
                assert!(!step["run"].as_str().unwrap_or_default().contains("${{"), "{path}: {step}");
            }
        }
    }
}

fn workflows() -> Vec<String> {
    let found: Vec<String> = files().into_iter().filter(|path| path.starts_with(".github/workflows/")).collect();
    assert_eq!(found, [DEPLOY, TEST]);
    found
}

/// `on` is a yes in YAML, and no name.
fn triggers(workflow: &Value) -> BTreeSet<&str> {
    workflow["true"].as_object().unwrap().keys().map(String::as_str).collect()
}

/// The steps of a job; none of one that is another workflow.
fn steps(job: &Value) -> Vec<Value> {
    job["steps"].as_array().cloned().unwrap_or_default()
}

fn documents() -> Option<&'static BTreeMap<String, Value>> {
    static DOCUMENTS: LazyLock<Option<BTreeMap<String, Value>>> = LazyLock::new(|| {
        let mut command = python("/tests/workflows/read.py")?;
        let answer = answer_of(command.args([TEST, DEPLOY, ROLES, "template.yaml"]), "");
        Some(serde_json::from_slice(&answer).unwrap())
    });
    DOCUMENTS.as_ref()
}

/// The template as SAM makes it for `prod`, with every kind of resource that it may have: those under a condition stand there as well.
fn stack() -> Option<&'static Value> {
    static STACK: LazyLock<Option<Value>> = LazyLock::new(|| {
        let mut command = python("/tests/release/processed.py")?;
        let asked = json!({"template": root().join("template.yaml"), "stacks": {"prod": {"Stage": "prod"}}});
        let stacks: BTreeMap<String, Value> =
            serde_json::from_slice(&answer_of(&mut command, &asked.to_string())).unwrap();
        stacks.get("prod").cloned()
    });
    STACK.as_ref()
}

/// A Python that runs this script of ours; `None`, said aloud, without one that reads YAML.
fn python(script: &str) -> Option<Command> {
    let Some(python) = std::env::var_os(PYTHON).filter(|python| !python.is_empty()) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{PYTHON} is not set: CI must read the workflows");
        println!("NOT TESTED: what the workflows and their roles say, because {PYTHON} is not set");
        return None;
    };
    let mut command = Command::new(python);
    command.arg("-B").arg(format!("{}{script}", env!("CARGO_MANIFEST_DIR"))).current_dir(root());
    Some(command)
}

fn answer_of(command: &mut Command, input: &str) -> Vec<u8> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Python reads all before it writes: neither waits for the other.
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
