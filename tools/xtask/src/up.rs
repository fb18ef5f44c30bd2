//! `cargo xtask up`: from a checkout to a payment on a local AWS.
//!
//! tools → build → ministack and sandbox → `sam deploy` of the real template → secrets → stack.json → one payment. Each part that is there already is kept, so that a second `up` only deploys what changed. When it
//! fails or is interrupted, what this call started is stopped again.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::aws::{self, Account};
use crate::bundle::{self, Laid};
use crate::deploy::{self, Deployed};
use crate::failure::{Failure, While};
use crate::place::{Place, REGION, STACK, require_free};
use crate::process::{Running, Server};
use crate::{down, first_payment, http, interrupt, logs, secrets, step, tools, watch};

const AWS_PATIENCE: Duration = Duration::from_secs(60);
const SANDBOX_PATIENCE: Duration = Duration::from_secs(20);

/// Brings the stack up, follows its logs, and takes it down on Ctrl-C.
pub(crate) fn in_foreground(place: &Place) -> Result<(), Failure> {
    let place = bring_up(place)?;
    println!("\nThe stack runs until Ctrl-C; from here on, what the functions log:");
    let followed = logs::follow(&place, None);
    println!("\nstopping");
    down::stop(&place);
    followed
}

/// Brings the stack up and leaves it running.
pub(crate) fn detached(place: &Place) -> Result<(), Failure> {
    bring_up(place)?;
    println!("\nThe stack runs in the background: `cargo xtask logs` follows it, `cargo xtask down` stops it.");
    Ok(())
}

/// A stack without the first payment's story, for the tests.
pub(crate) fn quietly(place: &Place) -> Result<(), Failure> {
    let was_running = adopted(place).is_some();
    ready(place).map(|_| ()).inspect_err(|_| stop_unless(was_running, place))
}

fn bring_up(place: &Place) -> Result<Place, Failure> {
    interrupt::listen()?;
    let running = adopted(place);
    let was_running = running.is_some();
    let place = running.unwrap_or_else(|| place.clone());
    let _lock = lock(&place)?;
    let started = Instant::now();
    ready(&place).and_then(|()| first_payment::take(&place)).inspect_err(|_| stop_unless(was_running, &place))?;
    println!(
        "\nready after {}; {} has the addresses",
        step::seconds(started.elapsed()),
        place.shown(&place.stack_json())
    );
    println!("{}", watch::hint(&place));
    Ok(place)
}

/// The same place with the ports of the stack that runs in it.
fn adopted(place: &Place) -> Option<Place> {
    let running = Running::read(place)?;
    running.server("ministack")?.is_alive().then(|| running.place(place))
}

fn stop_unless(was_running: bool, place: &Place) {
    if !was_running {
        down::stop(place);
    }
}

/// Two `up` in one folder would deploy over each other.
fn lock(place: &Place) -> Result<File, Failure> {
    fs::create_dir_all(&place.local).while_doing("making the stack's folder")?;
    let file = File::create(place.local.join("up.lock")).while_doing("opening up.lock")?;
    file.try_lock().map_err(|_| Failure::new("another `cargo xtask up` is at work on this stack; wait for it"))?;
    Ok(file)
}

fn ready(place: &Place) -> Result<(), Failure> {
    tools::install(place)?;
    interrupt::check()?;
    let functions = bundle::functions(place)?;
    let fresh = adopted(place).is_none();
    if fresh {
        down::stop(place);
        require_free(place.ports.aws, "--port", "QUITTANCE_PORT")?;
        require_free(place.ports.sandbox, "--sandbox-port", "QUITTANCE_SANDBOX_PORT")?;
    }
    bundle::build(place)?;
    start_aws(place)?;
    start_sandbox(place)?;
    let laid = bundle::lay(place, &functions)?;
    if fresh || laid == Laid::Changed || !place.stack_json().is_file() {
        drop(fs::remove_file(place.stack_json()));
        match deploy::run(place, &bundle::template_file(place), "deploy") {
            // A new route, say: ministack deploys it, but cannot change an API that is there.
            Err(failure) if !fresh && deploy::could_not_change_in_place(place, "deploy") => {
                interrupt::check()?;
                println!(
                    "{failure}\n· the local AWS could not change its stack in place: it starts anew, without its payments"
                );
                down::stop(place);
                return ready(place);
            }
            deployed => deployed?,
        }
        configure(place)?;
    } else {
        println!("· nothing changed since the last deploy");
    }
    Ok(())
}

/// Everything between a deployed template and a stack that can take a payment.
pub(crate) fn configure(place: &Place) -> Result<(), Failure> {
    println!("· filling the secrets");
    let deployed = deploy::deployed(place)?;
    secrets::fill(place, &deployed)?;
    watch::write_environment(place)?;
    write_stack_json(place, &deployed)
}

fn start_aws(place: &Place) -> Result<(), Failure> {
    if Running::read(place).is_some_and(|running| running.server("ministack").is_some_and(Server::is_alive)) {
        return Ok(());
    }
    println!("· starting ministack, a local AWS, on port {}", place.ports.aws);
    let program = place.venv_program("ministack");
    let temporary = place.local.join("tmp");
    fs::create_dir_all(&temporary).while_doing("making ministack's folder")?;
    let mut command = Command::new(&program);
    aws::point_at_local(place, &mut command);
    command
        // What it hands to the functions as theirs.
        .env("AWS_ENDPOINT_URL", place.functions_aws_url())
        .env("GATEWAY_PORT", place.ports.aws.to_string())
        // Without it every queue URL says `localhost`, which is another address where IPv6 comes first.
        .env("MINISTACK_HOST", "127.0.0.1")
        .env("MINISTACK_REGION", REGION)
        // It enforces the execution roles: every local run proves least privilege.
        .env("AUTH", "true")
        // It would listen on every interface, and on a second port.
        .env("BIND_HOST", "127.0.0.1")
        .env("IOT_MTLS_ENABLED", "0")
        .env("SFTP_ENABLED", "0")
        // Unpacked functions lie here, so that `down` leaves nothing behind.
        .env("TMPDIR", &temporary)
        // Its own level; the functions have theirs from the template.
        .env("LOG_LEVEL", "INFO");
    Server::start(place, "ministack", &program.display().to_string(), &mut command)?;
    http::wait_until_up(&format!("{}/_ministack/health", place.aws_url()), AWS_PATIENCE)
        .map_err(|failure| Failure::new(format!("{failure}\n{}", step::last_lines(&place.log("ministack"), 10))))
}

fn start_sandbox(place: &Place) -> Result<(), Failure> {
    let (program, laid) = sandbox_program(place)?;
    if let Some(server) = Running::read(place).and_then(|running| running.server("sandbox").cloned())
        && server.is_alive()
    {
        if laid == Laid::Same {
            return Ok(());
        }
        println!("· the sandbox changed: a new one forgets what the old one knew");
        server.stop();
    }
    println!("· starting the sandbox, our stand-in for Stripe and PayPal, on port {}", place.ports.sandbox);
    let mut command = Command::new(&program);
    command
        .args(["--port", &place.ports.sandbox.to_string()])
        .env("SANDBOX_AWS_URL", place.aws_url())
        // Where the `type` of every problem leads.
        .env("SANDBOX_PAGES", place.root.join("docs"))
        // Told at its start, the webhook endpoint also survives a reset of the sandbox.
        .env("SANDBOX_WEBHOOK_URL", format!("{}/webhook/stripe", place.api_url()))
        .env("SANDBOX_WEBHOOK_SECRET", secrets::LOCAL_SIGNING_SECRET)
        .env("SANDBOX_PAYPAL_WEBHOOK_URL", format!("{}/webhook/paypal", place.api_url()))
        .env("SANDBOX_PAYPAL_WEBHOOK_ID", secrets::LOCAL_WEBHOOK_ID);
    Server::start(place, "sandbox", &program.display().to_string(), &mut command)?;
    http::wait_until_up(&format!("{}/_sandbox/ledger", place.sandbox_url()), SANDBOX_PATIENCE)
        .map_err(|failure| Failure::new(format!("{failure}\n{}", step::last_lines(&place.log("sandbox"), 10))))
}

/// A copy of its own, so that a later `cargo build` does not pull the file from under the running server.
fn sandbox_program(place: &Place) -> Result<(PathBuf, Laid), Failure> {
    let what = "laying the sandbox";
    let built = fs::read(place.target.join("debug/sandbox")).while_doing(what)?;
    let folder = place.local.join("bin");
    let program = folder.join("sandbox");
    if fs::read(&program).is_ok_and(|before| before == built) {
        return Ok((program, Laid::Same));
    }
    fs::create_dir_all(&folder).while_doing(what)?;
    drop(fs::remove_file(&program));
    fs::copy(place.target.join("debug/sandbox"), &program).while_doing(what)?;
    Ok((program, Laid::Changed))
}

/// What tests and scripts need to know of a running stack; its presence says that the stack is ready.
fn write_stack_json(place: &Place, deployed: &Deployed) -> Result<(), Failure> {
    let stack: Value = json!({
        "apiUrl": place.api_url(),
        "apiKey": secrets::local_api_key(),
        "sandboxUrl": place.sandbox_url(),
        "awsEndpointUrl": place.aws_url(),
        "region": REGION,
        "tableName": deployed.output("TableName")?,
        "retryQueueUrl": deployed.output("RetryQueueUrl")?,
        "stackName": STACK,
    });
    let text = serde_json::to_string_pretty(&stack).while_doing("writing stack.json")?;
    fs::write(place.stack_json(), text + "\n").while_doing("writing stack.json")
}

/// What every function of the stack was deployed with, as one map.
pub(crate) fn function_environment(place: &Place) -> Result<Vec<(String, String)>, Failure> {
    let answer =
        Account::Local(place).aws(&["lambda", "list-functions", "--query", "Functions[].Environment.Variables"])?;
    let mut variables: Vec<(String, String)> = answer
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    variables.sort();
    variables.dedup();
    Ok(variables)
}
