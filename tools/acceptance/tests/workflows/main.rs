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

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::LazyLock;

use acceptance::repository::{files, read, resources, root};
use serde_json::{Value, json};

/// Names a Python that reads YAML: that of `target/venv`.
const PYTHON: &str = "QUITTANCE_PYTHON";
const TEST: &str = ".github/workflows/test.yml";
const DEPLOY: &str = ".github/workflows/deploy.yml";
const ROLES: &str = "deploy/github-oidc.yaml";

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
    assert_eq!(triggers(test), BTreeSet::from(["pull_request", "push"]));
    assert_eq!(test["permissions"], json!({"contents": "read"}));
    for (name, job) in test["jobs"].as_object().unwrap() {
        assert!(job.get("permissions").is_none() && job.get("environment").is_none(), "{name}");
        assert!(steps(job).iter().any(|step| step["run"] == ".ci/run"), "{name}");
    }
}

#[test]
fn a_deploy_is_asked_for_and_has_rights_only_for_its_last_step() {
    let Some(documents) = documents() else { return };
    let deploy = &documents[DEPLOY];
    assert_eq!(triggers(deploy), BTreeSet::from(["push", "workflow_dispatch"]));
    assert_eq!(deploy["true"]["push"], json!({"tags": ["v*"]}), "a push to a branch deploys nothing");
    assert_eq!(deploy["permissions"], json!({}));
    let jobs = deploy["jobs"].as_object().unwrap();
    assert_eq!(jobs.len(), 1);
    for job in jobs.values() {
        assert_eq!(job["permissions"], json!({"contents": "read", "id-token": "write"}));
        assert_eq!(job["environment"], "${{ inputs.stage || 'prod' }}", "AWS is shown the environment");
        let steps = steps(job);
        let at = |wanted: &dyn Fn(&&Value) -> bool| steps.iter().position(|step| wanted(&step)).unwrap();
        let rights = at(&|step| step["uses"].as_str().is_some_and(|uses| uses.starts_with("aws-actions/")));
        let built = at(&|step| step["run"] == "sam build");
        assert!(built < rights && rights + 2 == steps.len(), "nothing is built, and one step is run, with credentials");
        let last = steps[rights + 1]["run"].as_str().unwrap();
        assert!(last.starts_with("sam deploy ") && last.contains("--role-arn \"$EXECUTOR\""), "{last}");
    }
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

#[test]
fn the_role_trusts_one_environment_of_one_repository() {
    let Some(documents) = documents() else { return };
    let trust = statements(&documents[ROLES]["Resources"]["Deployer"]["Properties"]["AssumeRolePolicyDocument"]);
    let [statement] = trust.as_slice() else { panic!("{trust:?}") };
    assert_eq!(
        statement["Condition"],
        json!({"StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": {"Fn::Sub": "repo:${Repository}:environment:${GitHubEnvironment}"},
        }})
    );
    let executor = statements(&documents[ROLES]["Resources"]["Executor"]["Properties"]["AssumeRolePolicyDocument"]);
    assert!(
        executor.iter().all(|statement| statement["Principal"] == json!({"Service": "cloudformation.amazonaws.com"}))
    );
}

#[test]
fn who_deploys_can_only_have_cloudformation_do_it_and_neither_of_the_two_can_read_what_is_kept() {
    let Some(documents) = documents() else { return };
    let granted = granted(&documents[ROLES]["Resources"]["Deployer"]);
    let services: BTreeSet<&str> =
        granted.iter().flat_map(|(actions, _)| actions).filter_map(|action| action.split(':').next()).collect();
    assert_eq!(services, BTreeSet::from(["cloudformation", "iam", "s3"]));
    for (actions, statement) in &granted {
        assert!(!actions.iter().any(|action| action.contains('*')), "{statement}");
        let onto_the_stack = actions.contains(&"cloudformation:CreateChangeSet".to_owned())
            && !statement["Resource"].to_string().contains("transform/");
        if onto_the_stack || actions.contains(&"iam:PassRole".to_owned()) {
            assert!(!statement["Condition"].is_null(), "{statement}");
        }
    }
    // Of secrets, rows, messages, logs: those are the gateways' keys, and what people paid.
    let roles = read(ROLES);
    for reads in [
        "GetSecretValue",
        "PutSecretValue",
        "GetItem",
        "Query",
        "Scan",
        "ReceiveMessage",
        "SendMessage",
        "GetLogEvents",
        "FilterLogEvents",
    ] {
        assert!(!roles.contains(reads), "{reads}");
    }
}

/// A kind of resource that the role does not know fails a deploy from GitHub, long after it was tried by hand.
#[test]
fn the_role_that_cloudformation_has_knows_every_kind_of_thing_in_the_template() {
    let Some(documents) = documents() else { return };
    let granted = granted(&documents[ROLES]["Resources"]["Executor"]);
    let services: BTreeSet<String> = granted
        .iter()
        .flat_map(|(actions, _)| actions)
        .filter_map(|action| action.split(':').next())
        .map(str::to_owned)
        .collect();
    let template = resources();
    for (name, text) in &template {
        let Some(kind) = text.lines().find_map(|line| line.strip_prefix("    Type: AWS::")) else { continue };
        let service = match kind.split("::").next().unwrap() {
            "Serverless" if kind.ends_with("Api") => "apigateway",
            "Serverless" => "lambda",
            "WAFv2" => "wafv2",
            other => &other.to_lowercase(),
        };
        assert!(services.contains(service), "{name} is of {service}");
        if kind == "SecretsManager::Secret" {
            assert!(read(ROLES).contains(&format!(":secret:{name}-*\n")), "{name}");
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

fn steps(job: &Value) -> Vec<Value> {
    job["steps"].as_array().unwrap().clone()
}

fn statements(policy: &Value) -> Vec<Value> {
    policy["Statement"].as_array().unwrap().clone()
}

/// Each statement of a role's policies, with its actions.
fn granted(role: &Value) -> Vec<(Vec<String>, Value)> {
    let policies = role["Properties"]["Policies"].as_array().unwrap();
    let each = policies.iter().flat_map(|policy| statements(&policy["PolicyDocument"]));
    each.map(|statement| {
        let named = |action: &Value| action.as_str().unwrap().to_owned();
        let action = &statement["Action"];
        let actions = action.as_array().map_or_else(|| vec![named(action)], |all| all.iter().map(named).collect());
        (actions, statement)
    })
    .collect()
}

fn documents() -> Option<&'static BTreeMap<String, Value>> {
    static DOCUMENTS: LazyLock<Option<BTreeMap<String, Value>>> = LazyLock::new(|| {
        let Some(python) = std::env::var_os(PYTHON).filter(|python| !python.is_empty()) else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{PYTHON} is not set: CI must read the workflows");
            println!("NOT TESTED: what the workflows say, because {PYTHON} is not set");
            return None;
        };
        let output = Command::new(python)
            .args(["-B", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/workflows/read.py"), TEST, DEPLOY, ROLES])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(serde_json::from_slice(&output.stdout).unwrap())
    });
    DOCUMENTS.as_ref()
}
