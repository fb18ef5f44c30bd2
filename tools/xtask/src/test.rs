//! `cargo xtask test`: the tests, cheapest first; with `--full`, everything that must pass before a change lands.
//!
//! It brings up a stack of its own, on free ports and in a folder of its own, so that it never touches the developer's.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::aws::Account;
use crate::bundle::{as_by_hand, cargo};
use crate::counted::{self, Count};
use crate::failure::{Failure, While};
use crate::place::Place;
use crate::proof::Figures;
use crate::{
    audit, canary, down, dynamodb_local, full, interrupt, logs, newman, openapi, paypal_sdk, proof, step, teeth, tools,
    tutorial, up,
};

/// The roles that GitHub deploys with.
const GITHUB_ROLES: &str = "deploy/github-oidc.yaml";

/// How much is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    Quick,
    /// With the tests that take their time, every planted bug, the stack held to its description, the Postman collection, the
    /// tutorial, the real `sam build`, a deploy of what it built, and every event through `cargo lambda`.
    Full,
}

pub(crate) fn run(place: &Place, depth: Depth) -> Result<(), Failure> {
    interrupt::listen()?;
    let started = Instant::now();
    let own = place.beside("local-test")?;
    fs::create_dir_all(&own.local).while_doing("making the tests' folder")?;
    let lock = File::create(own.local.join("test.lock")).while_doing("opening test.lock")?;
    lock.try_lock().map_err(|_| Failure::new("another `cargo xtask test` is at work in this checkout; wait for it"))?;

    let proof = proof::begin(&own)?;
    let outcome = all(&own, depth, &proof);
    logs::save(&own);
    down::stop(&own);
    let mut count = Count::default();
    let failure = match outcome {
        Ok(counted) => {
            count = counted;
            None
        }
        Err(failure) => {
            count.failed = 1;
            Some(failure)
        }
    };
    println!("\nfinished after {}", step::seconds(started.elapsed()));
    if let Some(failure) = failure {
        println!("{count}");
        return Err(failure);
    }
    close(&proof::read(&proof)?, count, depth)
}

/// The closing lines: what was proven, and the count.
fn close(figures: &Figures, count: Count, depth: Depth) -> Result<(), Failure> {
    println!("{figures}{count}");
    if count.failed > 0 {
        return Err(Failure::new("tests failed"));
    }
    let missing = figures.missing(depth);
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("all tests passed, but nobody told {}", missing.join(", "))))
}

fn all(own: &Place, depth: Depth, proof: &Path) -> Result<Count, Failure> {
    step::run(own, "fmt", "checking the format", cargo(own).args(["fmt", "--all", "--check"]))?;
    step::run(
        own,
        "clippy",
        "linting the workspace (minutes the first time)",
        cargo(own).args(["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"]),
    )?;
    tools::install(own)?;
    audit::all(own)?;
    validate(own)?;
    describe(own)?;
    up::quietly(own)?;
    let doubles = Doubles { dynamodb: second_opinion(own)?, paypal_sdk: paypal_sdk(own)? };
    let mut count = tests(own, depth, &doubles, proof)?;
    if depth == Depth::Full && count.failed == 0 {
        count.passed = count.passed.saturating_add(openapi::hold_the_stack_to_it(own, proof)?);
        count.passed = count.passed.saturating_add(postman(own)?);
        count.passed = count.passed.saturating_add(tutorial::run(own)?);
    }
    canary::look(own, proof)?;
    if depth == Depth::Full && count.failed == 0 {
        count.passed = count.passed.saturating_add(teeth::all(own, proof)?);
        count.passed = count.passed.saturating_add(full::run(own)?);
    }
    Ok(count)
}

fn validate(own: &Place) -> Result<(), Failure> {
    let mut sam = Account::Local(own).command("sam");
    // cfn-lint looks for types of the region; it asks nobody.
    sam.args(["validate", "--lint", "--region", crate::place::REGION]);
    step::run(own, "validate", "checking template.yaml (sam validate --lint)", &mut sam)?;
    // A person deploys these roles, once, and no test does. SAM has brought the linter along.
    let mut lint = Command::new(own.venv_program("cfn-lint"));
    lint.current_dir(&own.root).args(["--regions", crate::place::REGION, "--template", GITHUB_ROLES]);
    step::run(own, "validate-roles", &format!("checking {GITHUB_ROLES} (cfn-lint)"), &mut lint)
}

fn describe(own: &Place) -> Result<(), Failure> {
    let needs = "redocly needs node and npm (Debian, Ubuntu: apt-get install nodejs npm)";
    let linter = or_gap(openapi::install_linter(own)?, "the linter of docs/openapi.yaml", needs)?;
    linter.map_or(Ok(()), |linter| openapi::lint(own, &linter))
}

/// What was found, or a loud gap. In CI a gap is a failure: a check that silently stops running is worse than none.
fn or_gap<T>(found: Option<T>, what: &str, needs: &str) -> Result<Option<T>, Failure> {
    if found.is_none() {
        if env::var("CI").is_ok_and(|value| value == "true") {
            return Err(Failure::new(needs));
        }
        println!("· SKIPPED {what}: {needs}");
    }
    Ok(found)
}

fn second_opinion(own: &Place) -> Result<Option<String>, Failure> {
    let needs = "DynamoDB Local needs npm and Java 17 (Debian, Ubuntu: apt-get install npm default-jre-headless)";
    or_gap(dynamodb_local::start(own)?, "the second opinion on DynamoDB's conditions", needs)
}

fn paypal_sdk(own: &Place) -> Result<Option<PathBuf>, Failure> {
    let needs = "the official PayPal SDK needs node and npm (Debian, Ubuntu: apt-get install nodejs npm)";
    or_gap(paypal_sdk::install(own)?, "what the official PayPal SDK says about the sandbox", needs)
}

/// Whoever calls us from Postman, before anybody looks for what should have been left nowhere.
fn postman(own: &Place) -> Result<u64, Failure> {
    let needs = "newman needs node and npm (Debian, Ubuntu: apt-get install nodejs npm)";
    let Some(newman) = or_gap(newman::install(own)?, "the Postman collection", needs)? else { return Ok(0) };
    newman::run(own, &newman)
}

/// Two runs side by side. The acceptance tests mostly wait: for time to pass, for a local AWS that does one thing at a time. What
/// reckons takes the cores that they leave, and no more, because theirs is a promise about time.
fn tests(own: &Place, depth: Depth, doubles: &Doubles, proof: &Path) -> Result<Count, Failure> {
    step::run(
        own,
        "test-build",
        "building the tests (minutes the first time)",
        cargo(own).args(["test", "--locked", "--workspace", "--no-run"]),
    )?;
    let mut acceptance = cargo(own);
    acceptance.args(["test", "--locked", "--no-fail-fast", "--package", "acceptance"]);
    if depth == Depth::Full {
        // What takes minutes says so by `#[ignore]`.
        acceptance.args(["--", "--include-ignored"]);
    }
    let mut rest = Command::new("nice");
    rest.current_dir(&own.root).arg(acceptance.get_program()).args([
        "test",
        "--locked",
        "--no-fail-fast",
        "--workspace",
        "--exclude",
        "acceptance",
    ]);
    as_by_hand(&mut rest);
    for command in [&mut acceptance, &mut rest] {
        doubles.tell(own, command);
        command.env(proof::FILE, proof);
    }
    if depth == Depth::Quick {
        rest.env("SEEDS", proof::SEEDS_QUICK.to_string());
    }
    let says = "running the acceptance tests against the deployed stack";
    counted::both(says, &mut acceptance, "all other tests of the workspace", &mut rest)
}

/// What stands beside the stack, for tests that ask a second opinion.
struct Doubles {
    dynamodb: Option<String>,
    paypal_sdk: Option<PathBuf>,
}

impl Doubles {
    fn tell(&self, own: &Place, command: &mut Command) {
        crate::aws::point_at_local(own, command);
        // Only the tests that ask for it shall see an AWS.
        command.env_remove("AWS_ENDPOINT_URL");
        // How much is proven is not for the caller's environment to say.
        for variable in
            ["SEEDS", "FIRST_SEED", "MODEL_ATTEMPTS", "MODEL_CAPTURES", "MODEL_KILLS", "MODEL_TIMEOUTS", "MODEL_SPOILT"]
        {
            command.env_remove(variable);
        }
        command
            .env("QUITTANCE_STACK", own.stack_json())
            .env("QUITTANCE_PYTHON", own.venv_program("python"))
            .env("QUITTANCE_DYNAMODB_MINISTACK", own.aws_url());
        if let Some(folder) = &self.paypal_sdk {
            command.env("QUITTANCE_PAYPAL_SDK", folder);
        }
        if let Some(url) = &self.dynamodb {
            command.env("QUITTANCE_DYNAMODB_LOCAL", url);
        }
    }
}

/// A command of the tests' own stack.
pub(crate) fn cargo_lambda(own: &Place) -> Command {
    let mut command = Command::new(own.venv_program("cargo-lambda"));
    command.current_dir(&own.root).env("PATH", tools::path(own)).arg("lambda");
    as_by_hand(&mut command);
    command
}
