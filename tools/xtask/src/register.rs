//! `cargo xtask register-webhooks --stack <name> [--gateway stripe|paypal]`: has the gateways tell a stack what happens.
//!
//! It makes the webhook endpoint through the gateway's own API, for the stack's address and for the events that the webhook function understands
//! (`events.txt` beside the code that reads them), and puts what the endpoint's events are checked with into its secret. Called again, it finds
//! what it made and mends what differs.
//!
//! Must never: print a secret, or take one away that may still be in use.

mod paypal;
mod stripe;
mod wire;

use serde_json::Value;

use crate::aws::{Account, output_of};
use crate::failure::{Failure, While};
use crate::key::flag;
use crate::place::{Place, STACK};
use crate::process::Running;
use crate::tools;

/// Registers a stack at the gateways that it has credentials of, or at the one that is named.
pub(crate) fn run(place: &Place, words: &[&str]) -> Result<(), Failure> {
    let mut words: Vec<&str> = words.to_vec();
    let stack = flag(&mut words, "--stack")?.ok_or_else(|| Failure::new("say which stack: --stack <name>"))?;
    let wanted = flag(&mut words, "--gateway")?;
    let gateways = match wanted.as_deref() {
        None => Gateway::ALL.to_vec(),
        Some(name) => vec![Gateway::named(name)?],
    };
    if let Some(unknown) = words.first() {
        return Err(Failure::new(format!("{unknown:?} says nothing here; there are --stack and --gateway")));
    }
    tools::install(place)?;
    std::fs::create_dir_all(&place.local).while_doing("making the stack's folder")?;
    let local = match Running::read(place) {
        Some(running) => Place { ports: running.ports, ..place.clone() },
        None => place.clone(),
    };
    let stack = Stack::look_up(place, &local, &stack)?;
    let mut registered = 0_usize;
    for gateway in gateways {
        match (gateway.register(&stack)?, &wanted) {
            (Done::Registered, _) => registered = registered.saturating_add(1),
            (Done::NoCredentials, None) => {
                println!("{}: no credentials in its secret, so nothing to do", gateway.name())
            }
            (Done::NoCredentials, Some(_)) => return Err(no_credentials(gateway.name())),
        }
    }
    if registered == 0 { Err(no_credentials("any gateway")) } else { Ok(()) }
}

fn no_credentials(whose: &str) -> Failure {
    Failure::new(format!("the stack has no credentials of {whose} yet; docs/GOING_LIVE.md says how to put them in"))
}

/// Who tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gateway {
    Stripe,
    PayPal,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Registered,
    NoCredentials,
}

impl Gateway {
    const ALL: [Self; 2] = [Self::Stripe, Self::PayPal];

    fn named(name: &str) -> Result<Self, Failure> {
        let found = Self::ALL.into_iter().find(|gateway| gateway.name() == name);
        found.ok_or_else(|| Failure::new(format!("there is no gateway {name:?}; there are stripe, paypal")))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::PayPal => "paypal",
        }
    }

    fn register(self, stack: &Stack<'_>) -> Result<Done, Failure> {
        match self {
            Self::Stripe => stripe::register(stack),
            Self::PayPal => paypal::register(stack),
        }
    }
}

/// A deployed stack, as far as a gateway has to know it.
struct Stack<'a> {
    name: String,
    account: Account<'a>,
    outputs: Value,
    /// Where secrets pass through a file of our own.
    place: &'a Place,
    mode: Mode,
    stripe: String,
    paypal: String,
    /// The address of the API, where it is not what the stack says: the local AWS answers elsewhere.
    api: Option<String>,
}

/// One stack is one mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Test,
    Live,
}

impl<'a> Stack<'a> {
    fn look_up(place: &'a Place, local: &'a Place, name: &str) -> Result<Self, Failure> {
        let account = if name == STACK { Account::Local(local) } else { Account::Callers(place) };
        let shown =
            account.aws(&["cloudformation", "describe-stacks", "--stack-name", name, "--query", "Stacks[0]"])?;
        let outputs = shown.get("Outputs").cloned().unwrap_or_default();
        if name == STACK {
            // The sandbox is both gateways.
            let (stripe, paypal, api) = (local.sandbox_url(), local.sandbox_url(), Some(local.api_url()));
            return Ok(Self { name: name.to_owned(), account, outputs, place, mode: Mode::Test, stripe, paypal, api });
        }
        let (mode, paypal) = match parameter(&shown, "Mode").as_deref() {
            Some("test") => (Mode::Test, "https://api-m.sandbox.paypal.com"),
            Some("live") => (Mode::Live, "https://api-m.paypal.com"),
            _ => return Err(Failure::new(format!("{name} has no parameter Mode: it is no stack of this template"))),
        };
        let stripe = parameter(&shown, "StripeBaseUrl").unwrap_or_else(|| "https://api.stripe.com".to_owned());
        let paypal = paypal.to_owned();
        Ok(Self { name: name.to_owned(), account, outputs, place, mode, stripe, paypal, api: None })
    }

    fn output(&self, name: &str) -> Result<String, Failure> {
        let found = output_of(&self.outputs, name);
        found.ok_or_else(|| Failure::new(format!("the stack {} has no output {name}", self.name)))
    }

    /// Where a gateway is to call.
    fn address(&self, gateway: Gateway, output: &str) -> Result<String, Failure> {
        match &self.api {
            Some(api) => Ok(format!("{api}/webhook/{}", gateway.name())),
            None => self.output(output),
        }
    }

    /// What is in a secret, by the output that names it.
    fn secret(&self, output: &str) -> Result<Option<Value>, Failure> {
        self.account.secret(&self.output(output)?)
    }

    fn put_secret(&self, output: &str, value: &Value) -> Result<(), Failure> {
        self.account.put_secret(&self.output(output)?, value, &self.place.local)
    }
}

fn parameter(stack: &Value, name: &str) -> Option<String> {
    let named = |parameter: &&Value| parameter.get("ParameterKey").and_then(Value::as_str) == Some(name);
    let found = stack.get("Parameters")?.as_array()?.iter().find(named)?;
    found.get("ParameterValue")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PayPal's addresses stand in the template, by mode; here they stand again, because no output shows them.
    #[test]
    fn paypal_is_where_the_template_says() {
        let template = include_str!("../../../template.yaml");
        for (mode, url) in [("test", "https://api-m.sandbox.paypal.com"), ("live", "https://api-m.paypal.com")] {
            assert!(template.contains(&format!("    {mode}:\n      PayPalBaseUrl: {url}\n")), "{mode}");
        }
    }

    /// Whoever makes an endpoint by hand reads there what to subscribe it to.
    #[test]
    fn the_page_names_the_events_that_are_subscribed_to_and_no_others() {
        let page = include_str!("../../../docs/GOING_LIVE.md");
        let (_, section) = page.split_once("\n## Webhooks\n").unwrap();
        let (section, _) = section.split_once("\n## ").unwrap();
        let is_event =
            |word: &&str| word.contains('.') && word.chars().all(|c| c.is_ascii_alphabetic() || "._*".contains(c));
        let mut named: Vec<&str> = section.split('`').skip(1).step_by(2).filter(is_event).collect();
        let mut subscribed: Vec<&str> = stripe::EVENTS.lines().chain(paypal::EVENTS.lines()).collect();
        for list in [&mut named, &mut subscribed] {
            list.sort_unstable();
            list.dedup();
        }
        assert_eq!(named, subscribed);
        assert!(section.contains(&format!("`{}`", stripe::API_VERSION)));
    }

    #[test]
    fn a_word_that_says_nothing_is_refused_before_anything_is_asked() {
        let place = Place::from_environment(&mut Vec::new()).unwrap();
        for (words, says) in [
            (vec![], "--stack"),
            (vec!["--stack", "one", "--gateway", "Stripe"], "there is no gateway \"Stripe\""),
            (vec!["--stack", "one", "all"], "\"all\" says nothing"),
        ] {
            let failure = run(&place, &words).unwrap_err().to_string();
            assert!(failure.contains(says), "{failure}");
        }
    }
}
