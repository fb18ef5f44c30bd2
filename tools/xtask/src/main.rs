//! The project's commands: `cargo xtask <command>`.
//!
//! Everything a developer or CI runs goes through here, so that both run the same thing. Only tools: nothing of it is
//! deployed, and it must never touch a process that it did not start.

#![expect(clippy::print_stdout, reason = "a command line speaks on standard output")]
#![expect(clippy::print_stderr, reason = "a command line complains on standard error")]

mod audit;
mod aws;
mod bundle;
mod canary;
mod cost;
mod counted;
mod deploy;
mod describe;
mod down;
mod dynamodb_local;
mod env;
mod failure;
mod first_payment;
mod full;
mod fuzz;
mod http;
mod interrupt;
mod key;
mod logs;
mod mutants;
mod newman;
mod openapi;
mod pause;
mod paypal_sdk;
mod place;
mod process;
mod proof;
mod record_events;
mod register;
mod sbom;
mod secrets;
mod simulate;
mod step;
mod tail;
mod teeth;
mod test;
mod tools;
mod tutorial;
mod up;
mod watch;

use std::process::ExitCode;

use crate::failure::Failure;
use crate::place::Place;

const USAGE: &str = "\
cargo xtask up [--detach]          build, deploy to a local AWS, take one payment; runs until Ctrl-C
cargo xtask down                   stop the local stack
cargo xtask env                    the local stack's addresses and key as variables: eval \"$(cargo xtask env)\"
cargo xtask logs [function]        follow what the functions log
cargo xtask tail [transactionId] [--stack <name>]
                                   the life of payments as it happens; of one payment, from a day ago on
cargo xtask watch                  `cargo lambda watch` on port 9000 against the same local AWS
cargo xtask describe               writes docs/openapi.yaml anew, as the types and the handlers are
cargo xtask record-events          writes events/ anew, as the running local AWS hands them over
cargo xtask key add <name> [--scopes a,b] [--expires <RFC 3339>] --stack <name>
cargo xtask key list --stack <name>
cargo xtask key revoke <name> --stack <name>
cargo xtask pause [--gateway stripe|paypal] --why \"…\" [--stack <name>]
                                   stops money from moving, at one gateway or as a whole; `resume` lets it
cargo xtask resume [--gateway stripe|paypal] [--stack <name>]
cargo xtask register-webhooks [--gateway stripe|paypal] --stack <name>
                                   makes or mends the stack's webhook endpoints at the gateways, and keeps their secrets;
                                   with --gateway stripe also --replace (another endpoint, with another secret) and
                                   --rolled (the first secret of the stack's is what the endpoint signs with now)
cargo xtask cost                   what a stack costs a month, for three sizes of shop, with the arithmetic
cargo xtask simulate [--seeds N] [--first S] [--threads T]
                                   payments through everything that can go wrong, N times; --story SEED tells one
cargo xtask fuzz [--minutes N] [target]
                                   inputs that nobody thought of, for every door or one
cargo xtask mutants [file]...      changes the domain, and demands that its tests see it (half an hour for all)
cargo xtask teeth [bug]...          plants known bugs in a copy, and demands that the simulation finds each in a minute
cargo xtask audit                  licences, sources and known holes of what we are built of, the lock file, our lints
cargo xtask sbom [--out <folder>] [--target <triple>]
                                   a bill of materials (CycloneDX) for each function
cargo xtask tutorial               does what docs/TUTORIAL.md says, and compares what it shows
cargo xtask tools                  installs SAM, cargo-lambda, the AWS command line and a local AWS in target/venv; others do so by themselves
cargo xtask test [--full]          the tests; --full, all that must pass before a change lands: tests that take their
                                   time too, every planted bug, schemathesis, newman, the tutorial, the real `sam build`

Ports: --port, --sandbox-port, --watch-port or QUITTANCE_PORT, QUITTANCE_SANDBOX_PORT, QUITTANCE_WATCH_PORT
(0 takes any free one). QUITTANCE_LOCAL_DIR moves target/local, for a second stack beside the first.";

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = Place::from_environment(&mut words).and_then(|place| run(&place, &words));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(place: &Place, words: &[String]) -> Result<(), Failure> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["up"] => up::in_foreground(place),
        ["up", "--detach"] => up::detached(place),
        ["down"] => down::run(place),
        ["env"] => env::run(place),
        ["logs"] => logs::run(place, None),
        ["logs", function] => logs::run(place, Some(function)),
        ["tail", rest @ ..] => tail::run(place, rest),
        ["watch"] => watch::run(place),
        ["describe"] => describe::run(place),
        ["record-events"] => record_events::run(place),
        ["key", rest @ ..] => key::run(place, rest),
        ["pause", rest @ ..] => pause::pause(place, rest),
        ["resume", rest @ ..] => pause::resume(place, rest),
        ["register-webhooks", rest @ ..] => register::run(place, rest),
        ["cost"] => cost::run(place),
        ["simulate", rest @ ..] => simulate::run(place, rest),
        ["fuzz", rest @ ..] => fuzz::run(place, rest),
        ["mutants", files @ ..] => mutants::run(place, files),
        ["teeth", names @ ..] => teeth::run(place, names),
        ["audit"] => audit::run(place),
        ["sbom", rest @ ..] => sbom::run(place, rest),
        ["tutorial"] => tutorial::run(place).map(|_| ()),
        ["tools"] => tools::install(place),
        ["test"] => test::run(place, test::Depth::Quick),
        ["test", "--full"] => test::run(place, test::Depth::Full),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(Failure::new(format!("there is no `{}`\n\n{USAGE}", other.join(" ")))),
    }
}
