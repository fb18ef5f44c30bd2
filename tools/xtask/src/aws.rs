//! The `aws` and `sam` command lines of the virtual environment, pointed at the local AWS or at the caller's account.

use std::process::Command;

use serde_json::Value;

use crate::bundle::as_by_hand;
use crate::failure::{Failure, While};
use crate::place::{Place, REGION, STACK};
use crate::{step, tools};

/// Variables that would send a local call elsewhere, or let a caller's own credentials into a local function.
const FOREIGN: [&str; 8] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONFIG_FILE",
];

/// Which AWS a command speaks to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Account<'a> {
    Local(&'a Place),
    /// Whatever the caller's environment and profile say.
    Callers(&'a Place),
}

impl<'a> Account<'a> {
    /// Where a stack of this name is: the local one is in the local AWS, every other one in the caller's.
    pub(crate) fn of(stack: &str, place: &'a Place) -> Self {
        if stack == STACK { Self::Local(place) } else { Self::Callers(place) }
    }

    /// Runs `aws …` and returns its JSON.
    pub(crate) fn aws(&self, arguments: &[&str]) -> Result<Value, Failure> {
        let mut command = self.command("aws");
        command.args(arguments).args(["--output", "json"]);
        let what = format!("aws {}", arguments.iter().take(2).copied().collect::<Vec<_>>().join(" "));
        let text = step::output(&what, &mut command)?;
        if text.trim().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).while_doing(what)
    }

    pub(crate) fn command(&self, program: &str) -> Command {
        let (Self::Local(place) | Self::Callers(place)) = self;
        let mut command = Command::new(place.venv_program(program));
        command.current_dir(&place.root).env("PATH", tools::path(place)).env("SAM_CLI_TELEMETRY", "0");
        // `sam build` has cargo do it.
        as_by_hand(&mut command);
        if let Self::Local(place) = self {
            point_at_local(place, &mut command);
        }
        command
    }

    /// One output of a deployed stack.
    pub(crate) fn stack_output(&self, stack: &str, name: &str) -> Result<String, Failure> {
        let outputs = self.stack_outputs(stack)?;
        output_of(&outputs, name).ok_or_else(|| Failure::new(format!("the stack {stack} has no output {name}")))
    }

    pub(crate) fn stack_outputs(&self, stack: &str) -> Result<Value, Failure> {
        self.aws(&["cloudformation", "describe-stacks", "--stack-name", stack, "--query", "Stacks[0].Outputs"])
    }

    /// Puts a secret's value. It goes through a pipe: arguments are visible to every user, and a file outlives whoever is killed.
    pub(crate) fn put_secret(&self, arn: &str, value: &Value) -> Result<(), Failure> {
        let mut command = self.command("aws");
        command.args(["secretsmanager", "put-secret-value", "--secret-id", arn]);
        command.args(["--secret-string", "file:///dev/stdin", "--output", "json"]);
        step::fed("aws secretsmanager put-secret-value", &mut command, &value.to_string())
    }

    /// A secret's value, or `None` while nothing was put into it.
    pub(crate) fn secret(&self, arn: &str) -> Result<Option<Value>, Failure> {
        let answer = self.aws(&["secretsmanager", "get-secret-value", "--secret-id", arn]);
        match answer {
            Ok(answer) => match answer.get("SecretString").and_then(Value::as_str) {
                None | Some("") => Ok(None),
                Some(text) => serde_json::from_str(text).map(Some).while_doing("reading the secret as JSON"),
            },
            Err(failure) if failure.to_string().contains("ResourceNotFoundException") => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

pub(crate) fn output_of(outputs: &Value, name: &str) -> Option<String> {
    named(outputs, ["OutputKey", "OutputValue"], name)
}

/// And a parameter of it.
pub(crate) fn parameter_of(parameters: &Value, name: &str) -> Option<String> {
    named(parameters, ["ParameterKey", "ParameterValue"], name)
}

fn named(list: &Value, [key, value]: [&str; 2], name: &str) -> Option<String> {
    let is_it = |item: &&Value| item.get(key).and_then(Value::as_str) == Some(name);
    Some(list.as_array()?.iter().find(is_it)?.get(value)?.as_str()?.to_owned())
}

/// Sets the environment of a program that shall see the local AWS and nothing else. `test` is ministack's root user.
pub(crate) fn point_at_local(place: &Place, command: &mut Command) {
    for name in FOREIGN {
        command.env_remove(name);
    }
    command
        .env("AWS_ENDPOINT_URL", place.aws_url())
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", REGION)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_EC2_METADATA_DISABLED", "true");
}
