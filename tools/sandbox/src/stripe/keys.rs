//! Idempotency keys, as Stripe keeps them: the first answer is saved, whatever it was, and given again.
//!
//! Saved: everything that began to execute, errors too. Not saved: what was refused before (no such parameter, no such
//! key) and what met another call (`idempotency_key_in_use`, `lock_timeout`); such a request may be sent again.

use std::collections::HashMap;

use super::error::StripeError;
use crate::{clock::Moment, shelf::MAX_OBJECTS};

/// Stripe may forget a key after a day.
const KEY_LIFE_MS: u64 = 24 * 60 * 60 * 1000;
/// Stripe's limit on the length of a key.
pub(crate) const MAX_KEY_CHARACTERS: usize = 255;

/// An answer as it went out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) should_retry: Option<bool>,
}

/// What to do with a request that bears a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Never seen: execute it, then `finish`.
    Fresh,
    Replay(Answer),
}

/// Which keys time passes for.
#[derive(Clone, Debug)]
pub(crate) enum Whose {
    Everybodys,
    Named(String),
    /// Those of requests that name this object.
    OfObject(String),
    /// Those of requests about the payment that the merchant calls this, or that begin with its id.
    OfPayment(String),
}

/// All keys of the account.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    records: HashMap<String, Record>,
}

#[derive(Debug)]
struct Record {
    path: String,
    parameters: Vec<(String, String)>,
    created: Moment,
    /// `None` while the first request is still executing.
    answer: Option<Answer>,
}

impl Keys {
    /// Asks for the right to execute under this key, and takes it.
    pub(crate) fn admit(
        &mut self,
        key: &str,
        path: &str,
        parameters: &[(String, String)],
        now: Moment,
    ) -> Result<Admission, StripeError> {
        if key.chars().count() > MAX_KEY_CHARACTERS {
            let message = format!("Idempotency keys may have at most {MAX_KEY_CHARACTERS} characters.");
            return Err(StripeError::invalid(message));
        }
        if let Some(known) = self.records.get(key).filter(|known| now < known.created.after_ms(KEY_LIFE_MS)) {
            return known.against(key, path, parameters);
        }
        if self.records.len() >= MAX_OBJECTS {
            return Err(StripeError::internal("The sandbox is full. POST /_sandbox/reset empties it."));
        }
        let record = Record { path: path.to_owned(), parameters: parameters.to_vec(), created: now, answer: None };
        self.records.insert(key.to_owned(), record);
        Ok(Admission::Fresh)
    }

    /// The request came to this; `None` if it never began to execute.
    pub(crate) fn finish(&mut self, key: &str, answer: Option<Answer>) {
        match (answer, self.records.get_mut(key)) {
            (Some(answer), Some(record)) => record.answer = Some(answer),
            (Some(_), None) => {}
            (None, _) => drop(self.records.remove(key)),
        }
    }

    /// Every key with the path and the parameters of the request that it was first used for.
    pub(super) fn used(&self) -> impl Iterator<Item = (&str, &str, &[(String, String)])> {
        self.records.iter().map(|(key, record)| (key.as_str(), record.path.as_str(), record.parameters.as_slice()))
    }

    /// Lets this much time pass for a key.
    pub(super) fn age(&mut self, key: &str, ms: u64) {
        if let Some(record) = self.records.get_mut(key) {
            record.created = Moment { ms: record.created.ms.saturating_sub(ms) };
        }
    }
}

impl Record {
    fn against(&self, key: &str, path: &str, parameters: &[(String, String)]) -> Result<Admission, StripeError> {
        let otherwise = format!("Try using a key other than '{key}' if you meant to execute a different request.");
        if self.path != path {
            return Err(StripeError::key_reused(format!(
                "Keys for idempotent requests can only be used for the same endpoint they were first used for \
                    ('{path}' vs '{}'). {otherwise}",
                self.path
            )));
        }
        if self.parameters != parameters {
            return Err(StripeError::key_reused(format!(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. \
                    {otherwise}"
            )));
        }
        match &self.answer {
            Some(answer) => Ok(Admission::Replay(answer.clone())),
            None => Err(StripeError::key_in_use(key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment { ms: 1_000_000_000_000 };

    fn parameters(amount: &str) -> Vec<(String, String)> {
        vec![("amount".to_owned(), amount.to_owned())]
    }

    fn answer() -> Answer {
        Answer { status: 402, body: "{}".to_owned(), should_retry: None }
    }

    fn used() -> Keys {
        let mut keys = Keys::default();
        assert_eq!(keys.admit("k", "/a", &parameters("1"), NOW), Ok(Admission::Fresh));
        keys.finish("k", Some(answer()));
        keys
    }

    #[test]
    fn the_first_answer_is_given_again_also_when_it_was_an_error() {
        assert_eq!(used().admit("k", "/a", &parameters("1"), NOW), Ok(Admission::Replay(answer())));
    }

    #[test]
    fn other_parameters_or_another_path_are_an_idempotency_error() {
        for (path, amount) in [("/a", "2"), ("/b", "1")] {
            let error = used().admit("k", path, &parameters(amount), NOW).unwrap_err();
            assert_eq!((error.status, &error.body()["error"]["type"]), (400, &"idempotency_error".into()));
        }
    }

    #[test]
    fn a_key_is_in_use_until_its_request_is_answered() {
        let mut keys = Keys::default();
        assert_eq!(keys.admit("k", "/a", &parameters("1"), NOW), Ok(Admission::Fresh));
        let error = keys.admit("k", "/a", &parameters("1"), NOW).unwrap_err();
        assert_eq!((error.status, &error.body()["error"]["code"]), (409, &"idempotency_key_in_use".into()));
        assert_eq!(error.should_retry, Some(true));
    }

    #[test]
    fn a_request_that_never_executed_leaves_no_trace() {
        let mut keys = Keys::default();
        assert_eq!(keys.admit("k", "/a", &parameters("1"), NOW), Ok(Admission::Fresh));
        keys.finish("k", None);
        assert_eq!(keys.admit("k", "/b", &parameters("2"), NOW), Ok(Admission::Fresh));
    }

    #[test]
    fn a_key_dies_after_a_day() {
        let mut keys = used();
        keys.age("k", KEY_LIFE_MS - 1);
        assert!(matches!(keys.admit("k", "/a", &parameters("1"), NOW), Ok(Admission::Replay(_))));
        keys.age("k", 1);
        assert_eq!(keys.admit("k", "/a", &parameters("1"), NOW), Ok(Admission::Fresh));
    }

    #[test]
    fn an_over_long_key_is_refused() {
        assert!(Keys::default().admit(&"k".repeat(256), "/a", &[], NOW).is_err());
        assert!(Keys::default().admit(&"k".repeat(255), "/a", &[], NOW).is_ok());
    }
}
