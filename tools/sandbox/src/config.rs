//! What may be set from outside, read once: the command line first, then the environment, then a default for a laptop.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use thiserror::Error;

use crate::stripe::{PINNED_VERSION, settles_in};

/// How the sandbox behaves until its process ends.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens. Never anything but loopback by default: it knows no secrets, but it moves "money" for anybody.
    pub host: IpAddr,
    /// 0 takes a free port.
    pub port: u16,
    /// What the gateway's pages and redirects call us; `None` is the address we listen on.
    pub public_url: Option<String>,
    /// The AWS that what is signed for AWS is passed on to; `None` if there is none behind us.
    pub aws_url: Option<String>,
    /// The folder whose texts we show to people; `None` if there is none.
    pub pages: Option<PathBuf>,
    /// The webhook endpoints that exist from the start and again after every reset.
    pub endpoints: Vec<Endpoint>,
    /// Wait before the second try of a webhook; it doubles with every further one.
    pub webhook_backoff_ms: u64,
    /// How long a webhook endpoint may take to answer.
    pub webhook_timeout_ms: u64,
    /// How long each gateway call takes. Above zero, two calls can meet: keys are then in use and objects locked.
    pub latency_ms: u64,
    /// How long a call waits for an object that another call works on, before `lock_timeout`.
    pub lock_wait_ms: u64,
    /// How long a bank debit (or a refund of the pending test card) stays undecided.
    pub settle_ms: u64,
    /// What the merchant gets of what Stripe takes.
    pub stripe_settlement: Settlement,
}

/// The terms of the merchant's account at Stripe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// What the account is kept in, in small letters; every other currency is converted.
    pub currency: String,
    /// Stripe's share of a charge.
    pub fee_per_ten_thousand: i64,
    /// And what it takes besides, in the smallest unit of the account's currency.
    pub fee_fixed: i64,
    /// What a dispute costs, in the smallest unit too.
    pub dispute_fee: i64,
}

/// Somebody who wants to hear what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `http://` only: the sandbox never leaves the machine, so it carries no TLS.
    pub url: String,
    /// Whose events it hears, and how they are proven to it.
    pub contract: Contract,
}

/// What a gateway and an endpoint know of each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contract {
    /// Stripe's events, under a shared secret.
    Stripe {
        /// The whole `whsec_…` string is the key of the signature, as at Stripe.
        secret: String,
        /// Printed into each event.
        api_version: String,
    },
    /// PayPal's events, under a certificate.
    Paypal {
        /// A part of what is signed, so that an event for one endpoint proves nothing to another.
        webhook_id: String,
    },
}

/// The process was started with something we do not understand.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct ConfigError(String);

impl Default for Config {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            public_url: None,
            aws_url: None,
            pages: None,
            endpoints: Vec::new(),
            webhook_backoff_ms: 500,
            webhook_timeout_ms: 10_000,
            latency_ms: 0,
            lock_wait_ms: 500,
            settle_ms: 1_000,
            stripe_settlement: Settlement::default(),
        }
    }
}

/// Stripe's list price for an account in the United States: 2.9 % and 30 cents, 15 dollars for a dispute.
impl Default for Settlement {
    fn default() -> Self {
        Self { currency: "usd".to_owned(), fee_per_ten_thousand: 290, fee_fixed: 30, dispute_fee: 1_500 }
    }
}

impl Config {
    /// Shown when the arguments are wrong.
    pub const USAGE: &str = "\
usage: sandbox [--host ADDRESS] [--port PORT]
environment: SANDBOX_HOST, SANDBOX_PORT, SANDBOX_PUBLIC_URL, SANDBOX_AWS_URL, SANDBOX_PAGES,
  SANDBOX_WEBHOOK_URL with SANDBOX_WEBHOOK_SECRET,
  SANDBOX_PAYPAL_WEBHOOK_URL with SANDBOX_PAYPAL_WEBHOOK_ID,
  SANDBOX_WEBHOOK_BACKOFF_MS (500), SANDBOX_WEBHOOK_TIMEOUT_MS (10000), SANDBOX_LATENCY_MS (0),
  SANDBOX_LOCK_WAIT_MS (500), SANDBOX_SETTLE_MS (1000),
  SANDBOX_STRIPE_CURRENCY (usd), SANDBOX_STRIPE_FEE_PER_TEN_THOUSAND (290), SANDBOX_STRIPE_FEE_FIXED (30),
  SANDBOX_STRIPE_DISPUTE_FEE (1500)";

    /// The port of a sandbox that was not told another.
    const DEFAULT_PORT: u16 = 12_111;

    /// Reads the arguments and the environment of the process.
    pub fn from_process(
        arguments: impl Iterator<Item = String>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let set = |name: &str| environment(name).filter(|value| !value.is_empty());
        let defaults = Self::default();
        let mut config = Self {
            host: number("SANDBOX_HOST", set("SANDBOX_HOST"), defaults.host)?,
            port: number("SANDBOX_PORT", set("SANDBOX_PORT"), Self::DEFAULT_PORT)?,
            public_url: set("SANDBOX_PUBLIC_URL").map(|url| url.trim_end_matches('/').to_owned()),
            aws_url: set("SANDBOX_AWS_URL"),
            pages: set("SANDBOX_PAGES").map(PathBuf::from),
            endpoints: endpoints(set)?,
            webhook_backoff_ms: number("SANDBOX_WEBHOOK_BACKOFF_MS", set("SANDBOX_WEBHOOK_BACKOFF_MS"), 500)?,
            webhook_timeout_ms: number("SANDBOX_WEBHOOK_TIMEOUT_MS", set("SANDBOX_WEBHOOK_TIMEOUT_MS"), 10_000)?,
            latency_ms: number("SANDBOX_LATENCY_MS", set("SANDBOX_LATENCY_MS"), defaults.latency_ms)?,
            lock_wait_ms: number("SANDBOX_LOCK_WAIT_MS", set("SANDBOX_LOCK_WAIT_MS"), defaults.lock_wait_ms)?,
            settle_ms: number("SANDBOX_SETTLE_MS", set("SANDBOX_SETTLE_MS"), defaults.settle_ms)?,
            stripe_settlement: settlement(set)?,
        };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--host" => config.host = number("--host", arguments.next(), config.host)?,
                "--port" => config.port = number("--port", arguments.next(), config.port)?,
                other => return Err(ConfigError(format!("unknown argument {other}"))),
            }
        }
        Ok(config)
    }
}

impl Endpoint {
    /// An endpoint that gets Stripe's events of the version we speak.
    pub fn new(url: impl Into<String>, secret: impl Into<String>) -> Self {
        let contract = Contract::Stripe { secret: secret.into(), api_version: PINNED_VERSION.to_owned() };
        Self { url: url.into(), contract }
    }

    /// An endpoint that gets PayPal's events.
    pub fn of_paypal(url: impl Into<String>, webhook_id: impl Into<String>) -> Self {
        Self { url: url.into(), contract: Contract::Paypal { webhook_id: webhook_id.into() } }
    }
}

fn number<T: std::str::FromStr>(name: &str, value: Option<String>, default: T) -> Result<T, ConfigError> {
    match value {
        None => Ok(default),
        Some(value) => value.parse().map_err(|_| ConfigError(format!("{name}: cannot read \"{value}\""))),
    }
}

fn settlement(set: impl Fn(&str) -> Option<String>) -> Result<Settlement, ConfigError> {
    let defaults = Settlement::default();
    let amount = |name: &str, default: i64| match number(name, set(name), default)? {
        amount if amount < 0 => Err(ConfigError(format!("{name} must not be negative"))),
        amount => Ok(amount),
    };
    let currency = set("SANDBOX_STRIPE_CURRENCY").unwrap_or(defaults.currency);
    if !settles_in(&currency) {
        return Err(ConfigError(format!("SANDBOX_STRIPE_CURRENCY: Stripe knows no \"{currency}\"")));
    }
    Ok(Settlement {
        currency,
        fee_per_ten_thousand: amount("SANDBOX_STRIPE_FEE_PER_TEN_THOUSAND", defaults.fee_per_ten_thousand)?,
        fee_fixed: amount("SANDBOX_STRIPE_FEE_FIXED", defaults.fee_fixed)?,
        dispute_fee: amount("SANDBOX_STRIPE_DISPUTE_FEE", defaults.dispute_fee)?,
    })
}

fn endpoints(set: impl Fn(&str) -> Option<String>) -> Result<Vec<Endpoint>, ConfigError> {
    let pair = |url: &str, proof: &str| match (set(url), set(proof)) {
        (None, None) => Ok(None),
        (Some(url), Some(proof)) => Ok(Some((url, proof))),
        _ => Err(ConfigError(format!("{url} and {proof} need each other"))),
    };
    let stripe = pair("SANDBOX_WEBHOOK_URL", "SANDBOX_WEBHOOK_SECRET")?.map(|(url, secret)| Endpoint::new(url, secret));
    let paypal = pair("SANDBOX_PAYPAL_WEBHOOK_URL", "SANDBOX_PAYPAL_WEBHOOK_ID")?;
    Ok(stripe.into_iter().chain(paypal.map(|(url, id)| Endpoint::of_paypal(url, id))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let find = |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Config::from_process(arguments.iter().map(|argument| (*argument).to_owned()), find)
    }

    #[test]
    fn the_command_line_wins_over_the_environment() {
        let config = read(&["--port", "9"], &[("SANDBOX_PORT", "8"), ("SANDBOX_SETTLE_MS", "5")]).unwrap();
        assert_eq!((config.port, config.settle_ms), (9, 5));
        assert!(config.host.is_loopback());
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert!(read(&["--port", "many"], &[]).is_err());
        assert!(read(&["--colour"], &[]).is_err());
        assert!(read(&[], &[("SANDBOX_WEBHOOK_URL", "http://127.0.0.1:1/")]).is_err());
        assert!(read(&[], &[("SANDBOX_PAYPAL_WEBHOOK_ID", "WH-1")]).is_err());
    }

    #[test]
    fn the_account_at_stripe_is_kept_in_what_stripe_knows() {
        let terms = |name: &str, value: &str| read(&[], &[(name, value)]).map(|config| config.stripe_settlement);
        assert_eq!(terms("SANDBOX_STRIPE_CURRENCY", "jpy").unwrap().currency, "jpy");
        assert_eq!(terms("SANDBOX_STRIPE_FEE_FIXED", "25").unwrap().fee_fixed, 25);
        assert!(terms("SANDBOX_STRIPE_CURRENCY", "zzz").is_err());
        assert!(terms("SANDBOX_STRIPE_FEE_PER_TEN_THOUSAND", "-1").is_err());
    }

    #[test]
    fn each_gateway_has_an_endpoint_of_its_own() {
        let environment = [
            ("SANDBOX_WEBHOOK_URL", "http://127.0.0.1:1/stripe"),
            ("SANDBOX_WEBHOOK_SECRET", "whsec_1"),
            ("SANDBOX_PAYPAL_WEBHOOK_URL", "http://127.0.0.1:1/paypal"),
            ("SANDBOX_PAYPAL_WEBHOOK_ID", "WH-1"),
        ];
        let expected = [
            Endpoint::new("http://127.0.0.1:1/stripe", "whsec_1"),
            Endpoint::of_paypal("http://127.0.0.1:1/paypal", "WH-1"),
        ];
        assert_eq!(read(&[], &environment).unwrap().endpoints, expected);
    }
}
