//! The process environment, read once at start. What is missing or malformed stops the function before its first request, with
//! one sentence that names the variable.

use std::collections::HashMap;
use std::time::Duration;

use domain::gateway::{Gateway, Mode};
use domain::money::AmountLimits;
use domain::policy::{Policy, Reaction};
use domain::schedule::Limits;
use domain::timeline::Retention;
use domain::webhook::Reach;

use crate::telemetry::{Level, Log};

/// A variable that no function can start without, or that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It is not there, or empty.
    #[error("the environment variable {0} is missing or empty")]
    Missing(&'static str),
    /// It is there, but not what it should be.
    #[error("the environment variable {0} must be {1}")]
    Malformed(&'static str, &'static str),
}

/// How long payers have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckoutExpiry {
    /// Unless the request says otherwise.
    pub usual: Duration,
    /// The least that a request may say. The local stage lets it be seconds, so that an end can be waited for.
    pub shortest: Duration,
}

/// How a function says that a batch of the stream must be given again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamFailures {
    /// It names the record from which on.
    Reported,
    /// It fails: the local AWS does not listen to names, and would lose them.
    Thrown,
}

/// The variables of the process.
#[derive(Debug, Clone)]
pub struct Environment(HashMap<String, String>);

impl Environment {
    /// Reads the variables of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self(std::env::vars().collect())
    }

    /// These variables and no others.
    #[must_use]
    pub const fn of(variables: HashMap<String, String>) -> Self {
        Self(variables)
    }

    /// A text.
    ///
    /// # Errors
    /// If it is missing or empty.
    pub fn text(&self, name: &'static str) -> Result<String, ConfigError> {
        self.0.get(name).filter(|value| !value.is_empty()).cloned().ok_or(ConfigError::Missing(name))
    }

    /// Whether money is real in this stack.
    ///
    /// # Errors
    /// If `MODE` is neither `test` nor `live`.
    pub fn mode(&self) -> Result<Mode, ConfigError> {
        match self.text("MODE")?.as_str() {
            "test" => Ok(Mode::Test),
            "live" => Ok(Mode::Live),
            _ => Err(ConfigError::Malformed("MODE", "`test` or `live`")),
        }
    }

    /// The time limits of this stack.
    ///
    /// # Errors
    /// If one of them is missing or not a number.
    pub fn limits(&self) -> Result<Limits, ConfigError> {
        Ok(Limits {
            gateway_timeout: Duration::from_millis(self.number("GATEWAY_TIMEOUT_MS")?),
            first_delay: Duration::from_secs(self.number("FIRST_NUDGE_DELAY_SECONDS")?),
            first_look: Duration::from_secs(self.number("FIRST_LOOK_SECONDS")?),
        })
    }

    /// What the merchant has us do by ourselves.
    ///
    /// # Errors
    /// If a setting is neither `true` nor `false`: money must not stay or go back because of a typing error.
    pub fn policy(&self) -> Result<Policy, ConfigError> {
        Ok(Policy {
            late_success: self.reaction("REFUND_LATE_SUCCESS")?,
            fraud_warning: self.reaction("REFUND_ON_FRAUD_WARNING")?,
        })
    }

    /// How long payers have.
    ///
    /// # Errors
    /// If a part of it is missing or not a number.
    pub fn checkout_expiry(&self) -> Result<CheckoutExpiry, ConfigError> {
        Ok(CheckoutExpiry {
            usual: Duration::from_secs(self.number("CHECKOUT_EXPIRY_SECONDS")?),
            shortest: Duration::from_secs(self.number("CHECKOUT_EXPIRY_MIN_SECONDS")?),
        })
    }

    /// Where a payment is opened whose client does not say.
    ///
    /// # Errors
    /// If `DEFAULT_GATEWAY` is neither `stripe` nor `paypal`.
    pub fn default_gateway(&self) -> Result<Gateway, ConfigError> {
        match self.text("DEFAULT_GATEWAY")?.as_str() {
            "stripe" => Ok(Gateway::Stripe),
            "paypal" => Ok(Gateway::PayPal),
            _ => Err(ConfigError::Malformed("DEFAULT_GATEWAY", "`stripe` or `paypal`")),
        }
    }

    /// The least and the most that is asked for at once, per currency; no limits where none are written.
    ///
    /// # Errors
    /// If `AMOUNT_LIMITS` is no list of them.
    pub fn amount_limits(&self) -> Result<AmountLimits, ConfigError> {
        let text = self.0.get("AMOUNT_LIMITS").map_or("", String::as_str);
        let malformed = |_| ConfigError::Malformed("AMOUNT_LIMITS", "a list such as EUR:50..500000,USD:50..");
        AmountLimits::parse(text).map_err(malformed)
    }

    /// Whether recorded webhooks are taken whatever their age: in the local stage, and nowhere else.
    ///
    /// # Errors
    /// If `WEBHOOK_TOLERANCE` is neither `standard` nor `recorded`.
    pub fn takes_recorded_webhooks(&self) -> Result<bool, ConfigError> {
        match self.text("WEBHOOK_TOLERANCE")?.as_str() {
            "standard" => Ok(false),
            "recorded" => Ok(true),
            _ => Err(ConfigError::Malformed("WEBHOOK_TOLERANCE", "`standard` or `recorded`")),
        }
    }

    /// How many declines an hour takes, of one customer or one card; none if nobody counts.
    ///
    /// # Errors
    /// If `DECLINES_PER_HOUR` is missing or not a number.
    pub fn declines_per_hour(&self) -> Result<Option<u32>, ConfigError> {
        let name = "DECLINES_PER_HOUR";
        let number: u32 = self.text(name)?.parse().map_err(|_| ConfigError::Malformed(name, "a whole number"))?;
        Ok((number > 0).then_some(number))
    }

    /// How a batch of the stream is given back.
    ///
    /// # Errors
    /// If `STREAM_FAILURES` is neither `reported` nor `thrown`.
    pub fn stream_failures(&self) -> Result<StreamFailures, ConfigError> {
        match self.text("STREAM_FAILURES")?.as_str() {
            "reported" => Ok(StreamFailures::Reported),
            "thrown" => Ok(StreamFailures::Thrown),
            _ => Err(ConfigError::Malformed("STREAM_FAILURES", "`reported` or `thrown`")),
        }
    }

    /// How long entries of the timeline are kept.
    ///
    /// # Errors
    /// If `AUDIT_RETENTION_MONTHS` is missing or no number: what is deleted cannot be had back.
    pub fn retention(&self) -> Result<Retention, ConfigError> {
        let months = self.text("AUDIT_RETENTION_MONTHS")?;
        let months = months.parse().map_err(|_| ConfigError::Malformed("AUDIT_RETENTION_MONTHS", "a whole number"))?;
        Ok(Retention::of_months(months))
    }

    /// The bus that events go to as well, if the merchant wants one.
    #[must_use]
    pub fn event_bus_name(&self) -> Option<String> {
        self.text("EVENT_BUS_NAME").ok()
    }

    /// How far away the merchant's webhook endpoints may be: on the machine itself in the local stage, and nowhere else.
    ///
    /// # Errors
    /// If `WEBHOOK_REACH` is neither `public` nor `local`.
    pub fn webhook_reach(&self) -> Result<Reach, ConfigError> {
        match self.text("WEBHOOK_REACH")?.as_str() {
            "public" => Ok(Reach::Public),
            "local" => Ok(Reach::Loopback),
            _ => Err(ConfigError::Malformed("WEBHOOK_REACH", "`public` or `local`")),
        }
    }

    /// Whose log it is, and how much is written. A word that is no level must not stop payments: it means `info`.
    ///
    /// # Errors
    /// If nobody says whose it is: what is counted would be nobody's, and no alarm would ever ring.
    pub fn log(&self) -> Result<Log, ConfigError> {
        let least = Level::from_name(self.0.get("LOG_LEVEL").map_or("info", String::as_str));
        Ok(Log { stack: self.text("STACK_NAME")?, least })
    }

    fn reaction(&self, name: &'static str) -> Result<Reaction, ConfigError> {
        match self.text(name)?.as_str() {
            "true" => Ok(Reaction::Refund),
            "false" => Ok(Reaction::Keep),
            _ => Err(ConfigError::Malformed(name, "`true` or `false`")),
        }
    }

    fn number(&self, name: &'static str) -> Result<u64, ConfigError> {
        let number: u64 = self.text(name)?.parse().map_err(|_| ConfigError::Malformed(name, "a whole number"))?;
        if number == 0 { Err(ConfigError::Malformed(name, "more than zero")) } else { Ok(number) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::of(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn what_is_missing_or_malformed_is_named() {
        let nothing = environment(&[("MODE", "")]);
        assert_eq!(nothing.mode(), Err(ConfigError::Missing("MODE")));
        assert_eq!(nothing.limits(), Err(ConfigError::Missing("GATEWAY_TIMEOUT_MS")));
        assert_eq!(nothing.amount_limits(), Ok(AmountLimits::default()));
        assert_eq!(nothing.log(), Err(ConfigError::Missing("STACK_NAME")));
        let nonsense = environment(&[
            ("MODE", "real"),
            ("AMOUNT_LIMITS", "EUR:cheap"),
            ("GATEWAY_TIMEOUT_MS", "soon"),
            ("CHECKOUT_EXPIRY_SECONDS", "0"),
            ("STACK_NAME", "quittance-test"),
            ("LOG_LEVEL", "loud"),
        ]);
        assert_eq!(nonsense.mode(), Err(ConfigError::Malformed("MODE", "`test` or `live`")));
        let a_list = "a list such as EUR:50..500000,USD:50..";
        assert_eq!(nonsense.amount_limits(), Err(ConfigError::Malformed("AMOUNT_LIMITS", a_list)));
        assert_eq!(nonsense.limits(), Err(ConfigError::Malformed("GATEWAY_TIMEOUT_MS", "a whole number")));
        assert_eq!(
            nonsense.checkout_expiry(),
            Err(ConfigError::Malformed("CHECKOUT_EXPIRY_SECONDS", "more than zero"))
        );
        assert_eq!(nonsense.log(), Ok(Log { stack: "quittance-test".to_owned(), least: Level::Info }));
    }

    #[test]
    fn declines_are_counted_unless_the_number_is_zero() {
        let limit = |number| environment(&[("DECLINES_PER_HOUR", number)]).declines_per_hour();
        assert_eq!((limit("10"), limit("0")), (Ok(Some(10)), Ok(None)));
        for number in ["-1", "ten", "4294967296"] {
            assert_eq!(limit(number), Err(ConfigError::Malformed("DECLINES_PER_HOUR", "a whole number")));
        }
        assert_eq!(limit(""), Err(ConfigError::Missing("DECLINES_PER_HOUR")));
    }

    #[test]
    fn money_goes_back_by_itself_only_where_the_word_stands() {
        let policy =
            |late, fraud| environment(&[("REFUND_LATE_SUCCESS", late), ("REFUND_ON_FRAUD_WARNING", fraud)]).policy();
        assert_eq!(policy("false", "false"), Ok(Policy::STANDARD));
        let (late_success, fraud_warning) = (Reaction::Refund, Reaction::Keep);
        assert_eq!(policy("true", "false"), Ok(Policy { late_success, fraud_warning }));
        assert_eq!(policy("false", "true").map(|policy| policy.fraud_warning), Ok(Reaction::Refund));
        assert_eq!(policy("yes", "false"), Err(ConfigError::Malformed("REFUND_LATE_SUCCESS", "`true` or `false`")));
        assert_eq!(policy("true", ""), Err(ConfigError::Missing("REFUND_ON_FRAUD_WARNING")));
    }

    #[test]
    fn entries_are_kept_for_so_many_months_and_for_ever_only_where_a_zero_stands() {
        let kept = |months| environment(&[("AUDIT_RETENTION_MONTHS", months)]).retention();
        assert_eq!((kept("12"), kept("0")), (Ok(Retention::of_months(12)), Ok(Retention::FOR_EVER)));
        assert_eq!(kept(""), Err(ConfigError::Missing("AUDIT_RETENTION_MONTHS")));
        assert_eq!(kept("a year"), Err(ConfigError::Malformed("AUDIT_RETENTION_MONTHS", "a whole number")));
    }

    #[test]
    fn events_are_sent_to_the_machine_itself_only_where_the_word_stands() {
        assert_eq!(environment(&[("WEBHOOK_REACH", "local")]).webhook_reach(), Ok(Reach::Loopback));
        assert_eq!(environment(&[("WEBHOOK_REACH", "public")]).webhook_reach(), Ok(Reach::Public));
        assert!(environment(&[("WEBHOOK_REACH", "true")]).webhook_reach().is_err());
        assert_eq!(environment(&[]).webhook_reach(), Err(ConfigError::Missing("WEBHOOK_REACH")));
    }

    #[test]
    fn recorded_webhooks_are_taken_only_where_the_word_stands() {
        assert_eq!(environment(&[("WEBHOOK_TOLERANCE", "recorded")]).takes_recorded_webhooks(), Ok(true));
        assert_eq!(environment(&[("WEBHOOK_TOLERANCE", "standard")]).takes_recorded_webhooks(), Ok(false));
        assert!(environment(&[("WEBHOOK_TOLERANCE", "true")]).takes_recorded_webhooks().is_err());
        assert!(environment(&[]).takes_recorded_webhooks().is_err());
    }
}
