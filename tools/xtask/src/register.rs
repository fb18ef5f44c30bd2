//! `cargo xtask register-webhooks --stack <name> [--gateway stripe|paypal] [--replace|--rolled]`: has the gateways tell a stack what happens.
//!
//! It makes the webhook endpoint through the gateway's own API, for the stack's address and for the events that the webhook function understands
//! (`events.txt` beside the code that reads them), and puts what the endpoint's events are checked with into its secret. Called again, it finds
//! what it made and mends what differs.
//!
//! Must never: print a secret, take one away that may still be in use, or delete an endpoint that may be heard.

mod paypal;
mod stripe;
#[cfg(test)]
mod trial;
mod wire;

use serde_json::Value;

use crate::aws::{Account, output_of, parameter_of};
use crate::failure::Failure;
use crate::interrupt;
use crate::key::flag;
use crate::place::{Place, STACK};
use crate::process::Running;
use crate::tools;

/// A key that may write webhook endpoints, for an operator who does not give that right to the key that payments are made with. A name of our
/// own: the one that Stripe's command line reads may be set for another account.
const OPERATORS_KEY: &str = "QUITTANCE_STRIPE_API_KEY";

/// Registers a stack at the gateways that it has credentials of, or at the one that is named.
pub(crate) fn run(place: &Place, words: &[&str]) -> Result<(), Failure> {
    let asked = Asked::read(words)?;
    interrupt::listen()?;
    tools::install(place)?;
    let local = Running::read(place).map_or_else(|| place.clone(), |running| running.place(place));
    let stack = Stack::look_up(&local, &asked.stack)?;
    stack.must_answer()?;
    let mut registered = 0_usize;
    for gateway in asked.gateway.map_or_else(|| Gateway::ALL.to_vec(), |one| vec![one]) {
        interrupt::check()?;
        match (gateway.register(&stack, asked.wish)?, asked.gateway) {
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

/// What the words say.
#[derive(Debug)]
struct Asked {
    stack: String,
    gateway: Option<Gateway>,
    wish: Wish,
}

/// What is wanted besides an endpoint that is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// Whatever is good is kept.
    Nothing,
    /// Another endpoint, with a secret of its own, beside the one that is there.
    Replace,
    /// The endpoint's secret was rolled at Stripe, and the new one stands first in the stack's.
    Rolled,
}

impl Asked {
    fn read(words: &[&str]) -> Result<Self, Failure> {
        let mut words: Vec<&str> = words.to_vec();
        let stack = flag(&mut words, "--stack")?.ok_or_else(|| Failure::new("say which stack: --stack <name>"))?;
        let gateway = flag(&mut words, "--gateway")?.as_deref().map(Gateway::named).transpose()?;
        let (wish, rest) = match words.as_slice() {
            ["--replace", rest @ ..] => (Wish::Replace, rest),
            ["--rolled", rest @ ..] => (Wish::Rolled, rest),
            rest => (Wish::Nothing, rest),
        };
        if let Some(unknown) = rest.first() {
            let there_are = "there are --stack, --gateway, and one of --replace and --rolled";
            return Err(Failure::new(format!("{unknown:?} says nothing here; {there_are}")));
        }
        if wish != Wish::Nothing && gateway != Some(Gateway::Stripe) {
            return Err(Failure::new("--replace and --rolled are about Stripe's secret: say --gateway stripe too"));
        }
        Ok(Self { stack, gateway, wish })
    }
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

    fn register(self, stack: &Stack<'_>, wish: Wish) -> Result<Done, Failure> {
        match self {
            Self::Stripe => stripe::register(stack, wish),
            Self::PayPal => paypal::register(stack),
        }
    }
}

/// A deployed stack, as far as a gateway has to know it.
struct Stack<'a> {
    name: String,
    mode: Mode,
    /// Where the gateways are.
    stripe: String,
    paypal: String,
    /// What the gateways are to call begins with this.
    api: String,
    secrets: Box<dyn Secrets + 'a>,
    /// What the operator gives in [`OPERATORS_KEY`].
    operators_key: Option<String>,
}

/// The secrets of a stack, by the outputs that name them.
trait Secrets {
    /// `None` while nothing was put into it.
    fn secret(&self, output: &str) -> Result<Option<Value>, Failure>;
    fn put_secret(&self, output: &str, value: &Value) -> Result<(), Failure>;
}

/// One stack is one mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Test,
    Live,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Live => "live",
        }
    }
}

impl<'a> Stack<'a> {
    fn look_up(local: &'a Place, name: &str) -> Result<Self, Failure> {
        let account = Account::of(name, local);
        let shown =
            account.aws(&["cloudformation", "describe-stacks", "--stack-name", name, "--query", "Stacks[0]"])?;
        let parameter = |name: &str| parameter_of(shown.get("Parameters")?, name);
        let deployed = Deployed { account, outputs: shown.get("Outputs").cloned().unwrap_or_default() };
        let (mode, stripe, paypal, api) = if name == STACK {
            // The sandbox is both gateways, and the local AWS answers elsewhere than the stack says.
            (Mode::Test, local.sandbox_url(), local.sandbox_url(), local.api_url())
        } else {
            let (mode, paypal) = match parameter("Mode").as_deref() {
                Some("test") => (Mode::Test, "https://api-m.sandbox.paypal.com"),
                Some("live") => (Mode::Live, "https://api-m.paypal.com"),
                _ => {
                    return Err(Failure::new(format!("{name} has no parameter Mode: it is no stack of this template")));
                }
            };
            let stripe = parameter("StripeBaseUrl").unwrap_or_else(|| "https://api.stripe.com".to_owned());
            (mode, stripe, paypal.to_owned(), deployed.output("ApiUrl")?)
        };
        let operators_key = std::env::var(OPERATORS_KEY).ok().filter(|key| !key.trim().is_empty());
        Ok(Self { name: name.to_owned(), mode, stripe, paypal, api, secrets: Box::new(deployed), operators_key })
    }

    /// Where a gateway is to call.
    fn address(&self, gateway: Gateway) -> String {
        format!("{}/webhook/{}", self.api, gateway.name())
    }

    /// Refuses an address that does not lead to a stack of ours. A name of the merchant's own does not, before its DNS says so; and no gateway
    /// is to be sent there until then.
    fn must_answer(&self) -> Result<(), Failure> {
        let asked = format!("{}/payment/status/pay_none", self.api);
        let why = match wire::status_of(&asked) {
            Ok(401) => return Ok(()),
            Ok(status) => format!("answers {status}, and not 401 as to anybody without a key"),
            Err(failure) => format!("does not answer ({failure})"),
        };
        Err(Failure::new(format!("{asked} {why}: no gateway is sent to this address, and nothing was changed")))
    }
}

/// What AWS has of a stack.
struct Deployed<'a> {
    account: Account<'a>,
    outputs: Value,
}

impl Deployed<'_> {
    fn output(&self, name: &str) -> Result<String, Failure> {
        output_of(&self.outputs, name).ok_or_else(|| Failure::new(format!("the stack has no output {name}")))
    }
}

impl Secrets for Deployed<'_> {
    fn secret(&self, output: &str) -> Result<Option<Value>, Failure> {
        self.account.secret(&self.output(output)?)
    }

    fn put_secret(&self, output: &str, value: &Value) -> Result<(), Failure> {
        self.account.put_secret(&self.output(output)?, value)
    }
}

/// What an endpoint is subscribed to, at Stripe and at PayPal.
#[cfg(test)]
pub(crate) fn events() -> impl Iterator<Item = &'static str> {
    stripe::EVENTS.lines().chain(paypal::EVENTS.lines())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PayPal's addresses stand in the template, by mode; here they stand again, because no output shows them.
    #[test]
    fn the_gateways_call_and_are_called_where_the_template_says() {
        let template = include_str!("../../../template.yaml");
        for (mode, url) in [("test", "https://api-m.sandbox.paypal.com"), ("live", "https://api-m.paypal.com")] {
            assert!(template.contains(&format!("    {mode}:\n      PayPalBaseUrl: {url}\n")), "{mode}");
        }
        let value_of = |output: &str| {
            let (_, rest) = template.split_once(&format!("\n  {output}:\n")).unwrap();
            let lines = rest.lines().take_while(|line| line.starts_with("    "));
            lines.skip_while(|line| !line.starts_with("    Value:")).collect::<Vec<_>>().join("\n")
        };
        assert!(value_of("ApiUrl").contains("DomainName"), "{}", value_of("ApiUrl"));
        for (output, path) in [("StripeWebhookUrl", "/webhook/stripe"), ("PayPalWebhookUrl", "/webhook/paypal")] {
            assert_eq!(value_of(output).matches(path).count(), 2, "{output}");
            assert_eq!(value_of(output).replace(path, ""), value_of("ApiUrl"), "{output}");
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
        let mut subscribed: Vec<&str> = events().collect();
        for list in [&mut named, &mut subscribed] {
            list.sort_unstable();
            list.dedup();
        }
        assert_eq!(named, subscribed);
        assert!(section.contains(&format!("`{}`", stripe::API_VERSION)) && section.contains(OPERATORS_KEY));
    }

    #[test]
    fn an_address_that_leads_to_no_stack_of_ours_is_refused() {
        let trial = trial::Trial::start();
        for (api, says) in [
            (trial.answering(401).url, None),
            (trial.answering(404).url, Some("answers 404")),
            (trial.answering(503).url, Some("answers 503")),
            ("http://127.0.0.1:9".to_owned(), Some("does not answer")),
        ] {
            let stack = Stack { api, ..trial.stack() };
            let refused = stack.must_answer().err().map(|failure| failure.to_string());
            match (says, &refused) {
                (None, refused) => assert_eq!(*refused, None),
                (Some(says), refused) => assert!(refused.as_ref().unwrap().contains(says), "{refused:?}"),
            }
        }
    }

    #[test]
    fn a_word_that_says_nothing_is_refused_before_anything_is_asked() {
        for (words, says) in [
            (vec![], "--stack"),
            (vec!["--stack", "one", "--gateway", "Stripe"], "there is no gateway \"Stripe\""),
            (vec!["--stack", "one", "all"], "\"all\" says nothing"),
            (vec!["--stack", "one", "--gateway", "stripe", "--replace", "--rolled"], "\"--rolled\" says nothing"),
            (vec!["--stack", "one", "--replace"], "--gateway stripe"),
            (vec!["--stack", "one", "--gateway", "paypal", "--rolled"], "--gateway stripe"),
        ] {
            let failure = Asked::read(&words).unwrap_err().to_string();
            assert!(failure.contains(says), "{failure}");
        }
        let asked = Asked::read(&["--rolled", "--gateway", "stripe", "--stack", "one"]).unwrap();
        assert_eq!((asked.gateway, asked.wish), (Some(Gateway::Stripe), Wish::Rolled));
    }
}
