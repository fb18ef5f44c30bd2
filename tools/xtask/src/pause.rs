//! `cargo xtask pause [--gateway stripe|paypal] --why "…" [--stack <name>]` and `cargo xtask resume […]`: the switch that stops money from
//! moving, in a stack as a whole or at one gateway.
//!
//! It is one row of the stack's table, which the functions look at every ten seconds. docs/RUNBOOK.md writes the same row with the `aws`
//! command line alone, for whoever has no checkout at hand.
//!
//! Must never: touch anything of the table but that row.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tz::UtcDateTime;

use crate::aws::Account;
use crate::failure::{Failure, While};
use crate::key::flag;
use crate::place::{Place, STACK};
use crate::process::Running;
use crate::tools;

/// The row's key.
const ROW: &str = "CTL#pause";
/// Under this name everything is paused; a gateway under its own.
const EVERYTHING: &str = "everything";
const GATEWAYS: [&str; 2] = ["stripe", "paypal"];
/// A sentence for whoever finds the stack paused in the middle of the night.
const WHY_MAX: usize = 300;

/// Pauses.
pub(crate) fn pause(place: &Place, words: &[&str]) -> Result<(), Failure> {
    let mut words: Vec<&str> = words.to_vec();
    let why = flag(&mut words, "--why")?.filter(|why| !why.trim().is_empty() && why.chars().count() <= WHY_MAX);
    let why = why.ok_or_else(|| Failure::new(format!("say why in up to {WHY_MAX} characters: --why \"…\"")))?;
    on_switch(place, words, what, |switch, what| {
        let entry = entry(&now()?, &switch.caller()?, &why);
        switch.update("SET #what = :entry", what, Some(&entry))
    })
}

/// Ends a pause.
pub(crate) fn resume(place: &Place, words: &[&str]) -> Result<(), Failure> {
    on_switch(place, words.to_vec(), whatever, |switch, what| switch.update("REMOVE #what", what, None))
}

/// Throws the switch of the stack that the words name, and says how it stands then.
fn on_switch(
    place: &Place,
    mut words: Vec<&str>,
    name: impl FnOnce(Option<String>) -> Result<String, Failure>,
    throw: impl FnOnce(&Switch<'_>, &str) -> Result<Value, Failure>,
) -> Result<(), Failure> {
    let stack = flag(&mut words, "--stack")?.unwrap_or_else(|| STACK.to_owned());
    let what = name(flag(&mut words, "--gateway")?)?;
    if let Some(unknown) = words.first() {
        return Err(Failure::new(format!("{unknown:?} says nothing here; there are --gateway, --why and --stack")));
    }
    tools::install(place)?;
    let local = Running::read(place).map_or_else(|| place.clone(), |running| running.place(place));
    let account = Account::of(&stack, &local);
    let switch = Switch { account, table: account.stack_output(&stack, "TableName")? };
    let row = throw(&switch, &what)?;
    println!("{stack}: {}", told(&row));
    println!("This holds everywhere within ten seconds, and the time of the requests that had begun.");
    Ok(())
}

/// The name under which something stands in the row.
fn what(gateway: Option<String>) -> Result<String, Failure> {
    match gateway {
        None => Ok(EVERYTHING.to_owned()),
        Some(gateway) if GATEWAYS.contains(&gateway.as_str()) => Ok(gateway),
        Some(other) => Err(Failure::new(format!("there is no gateway {other:?}; there are {}", GATEWAYS.join(", ")))),
    }
}

/// The name of what is not paused any more: also one that somebody misspelled by hand, which pauses everything.
fn whatever(gateway: Option<String>) -> Result<String, Failure> {
    match gateway {
        Some(key) if key == "pk" => Err(Failure::new("\"pk\" is what the row is called")),
        gateway => Ok(gateway.unwrap_or_else(|| EVERYTHING.to_owned())),
    }
}

/// What stands in the row about a pause. The functions ask only whether it is there; the rest is for people.
fn entry(since: &str, by: &str, why: &str) -> Value {
    json!({"M": {"since": {"S": since}, "by": {"S": by}, "why": {"S": why}}})
}

/// How the switch stands, by its row.
fn told(row: &Value) -> String {
    let paused: Vec<String> = row
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != "pk")
        .map(|(name, entry)| {
            // Whoever can write the row must not be able to write on this terminal.
            let part = |part: &str| {
                let text = entry.pointer(&format!("/M/{part}/S")).and_then(Value::as_str).unwrap_or("?");
                text.escape_debug().to_string()
            };
            format!("{name} is paused since {} by {}: {}", part("since"), part("by"), part("why"))
        })
        .collect();
    if paused.is_empty() { "nothing is paused".to_owned() } else { paused.join("; ") }
}

/// The switch of one stack.
struct Switch<'a> {
    account: Account<'a>,
    table: String,
}

impl Switch<'_> {
    /// Who we are, in AWS's words.
    fn caller(&self) -> Result<String, Failure> {
        let identity = self.account.aws(&["sts", "get-caller-identity"])?;
        let arn = identity.get("Arn").and_then(Value::as_str);
        arn.map(str::to_owned).ok_or_else(|| Failure::new("AWS does not say who you are"))
    }

    /// Changes one entry of the row, and shows the row as it stands then. Others' entries stay.
    fn update(&self, expression: &str, what: &str, entry: Option<&Value>) -> Result<Value, Failure> {
        let key = json!({"pk": {"S": ROW}}).to_string();
        let names = json!({"#what": what}).to_string();
        let values = entry.map(|entry| json!({":entry": entry}).to_string());
        let mut arguments = vec!["dynamodb", "update-item", "--table-name", &self.table, "--key", &key];
        arguments.extend(["--update-expression", expression, "--expression-attribute-names", &names]);
        if let Some(values) = &values {
            arguments.extend(["--expression-attribute-values", values]);
        }
        arguments.extend(["--return-values", "ALL_NEW"]);
        Ok(self.account.aws(&arguments)?.get("Attributes").cloned().unwrap_or(Value::Null))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "when somebody threw the switch is for people to read, and decides nothing"
)]
fn now() -> Result<String, Failure> {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).while_doing("reading the clock")?.as_secs();
    at(i64::try_from(since_epoch).while_doing("reading the clock")?)
}

fn at(unix_seconds: i64) -> Result<String, Failure> {
    let moment = UtcDateTime::from_timespec(unix_seconds, 0).while_doing("reading the clock")?;
    let (year, month, day) = (moment.year(), moment.month(), moment.month_day());
    let (hour, minute, second) = (moment.hour(), moment.minute(), moment.second());
    Ok(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the functions read, as `adapters` holds it.
    const GOLDEN: &str = include_str!("../../../shared/adapters/src/dynamo/golden/pauses_v1/everything.json");

    #[test]
    fn what_is_written_is_what_the_functions_read() {
        let entry = entry(&at(1_795_982_400).unwrap(), "arn:aws:iam::123456789012:user/mia", "cards are being tested");
        let row = json!({"pk": {"S": ROW}, what(None).unwrap(): entry});
        assert_eq!(row, serde_json::from_str::<Value>(GOLDEN).unwrap());
    }

    #[test]
    fn a_gateway_is_paused_under_its_own_name_and_no_other_word_is_taken() {
        assert_eq!(what(Some("paypal".to_owned())).unwrap(), "paypal");
        for word in ["", "Stripe", "everything", "pk"] {
            assert!(what(Some(word.to_owned())).is_err(), "{word:?}");
        }
        // What stands there by mistake must be got rid of.
        assert_eq!(whatever(Some("Stripe".to_owned())).unwrap(), "Stripe");
        assert_eq!(whatever(None).unwrap(), "everything");
        assert!(whatever(Some("pk".to_owned())).is_err());
    }

    #[test]
    fn how_the_switch_stands_is_said_with_who_threw_it_and_why() {
        assert_eq!(told(&json!({"pk": {"S": ROW}})), "nothing is paused");
        assert_eq!(told(&Value::Null), "nothing is paused");
        let row = serde_json::from_str::<Value>(GOLDEN).unwrap();
        let mia = "since 2026-11-29T20:00:00Z by arn:aws:iam::123456789012:user/mia: cards are being tested";
        assert_eq!(told(&row), format!("everything is paused {mia}"));
        // By hand, in haste.
        assert_eq!(told(&json!({"stripe": {"BOOL": true}})), "stripe is paused since ? by ?: ?");
    }

    #[test]
    fn nobody_pauses_without_a_reason() {
        let place = Place::from_environment(&mut Vec::new()).unwrap();
        let long = "y".repeat(WHY_MAX + 1);
        for words in [vec![], vec!["--why", " "], vec!["--why", &long]] {
            let failure = pause(&place, &words).unwrap_err().to_string();
            assert!(failure.starts_with("say why"), "{failure}");
        }
        let failure = resume(&place, &["now"]).unwrap_err().to_string();
        assert!(failure.contains("\"now\""), "{failure}");
    }
}
