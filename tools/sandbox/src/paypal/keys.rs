//! `PayPal-Request-Id`, as PayPal keeps it: what a request made is remembered, and a second request under the same id is
//! answered with that object **as it stands now**, not with the first answer.
//!
//! A refusal is not remembered: it made nothing, so the same request is tried again. Orders and payments are two services
//! with memories of their own, and of different length.

use std::collections::HashMap;

use super::error::PaypalError;
use crate::{clock::Moment, shelf::MAX_OBJECTS};

const HOUR_MS: u64 = 60 * 60 * 1000;
const ORDERS_KEEP_MS: u64 = 6 * HOUR_MS;
const PAYMENTS_KEEP_MS: u64 = 45 * 24 * HOUR_MS;
/// The limit of the header at Orders.
const MAX_KEY_CHARACTERS: usize = 108;

/// Which service was asked; each has keys of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Service {
    Orders,
    Payments,
}

/// What a finished request left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// The object that it made or changed.
    Object(String),
    /// An internal error that was saved.
    Broken(u16),
}

/// What to do with a request that bears a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Never seen: execute it, then `finish`.
    Fresh,
    Replay(Kept),
}

/// All keys of the account.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    records: HashMap<(Service, String), Record>,
}

#[derive(Debug)]
struct Record {
    path: String,
    body: Vec<u8>,
    created: Moment,
    /// `None` while the first request is still executing.
    kept: Option<Kept>,
}

impl Service {
    /// By the path after the version.
    pub(crate) fn of(path: &str) -> Self {
        if path.starts_with("checkout/") { Self::Orders } else { Self::Payments }
    }

    fn keeps_ms(self) -> u64 {
        match self {
            Self::Orders => ORDERS_KEEP_MS,
            Self::Payments => PAYMENTS_KEEP_MS,
        }
    }
}

impl Keys {
    /// Asks for the right to execute under this key, and takes it.
    pub(crate) fn admit(&mut self, key: &str, path: &str, body: &[u8], now: Moment) -> Result<Admission, PaypalError> {
        let service = Service::of(path);
        if service == Service::Orders && key.chars().count() > MAX_KEY_CHARACTERS {
            return Err(PaypalError::issue("INVALID_STRING_LENGTH"));
        }
        let place = (service, key.to_owned());
        if let Some(known) = self.records.get(&place).filter(|known| now < known.created.after_ms(service.keeps_ms())) {
            if known.path != path || known.body != body {
                return Err(PaypalError::key_reused());
            }
            let in_progress = || PaypalError::issue("PREVIOUS_REQUEST_IN_PROGRESS");
            return known.kept.clone().map(Admission::Replay).ok_or_else(in_progress);
        }
        if self.records.len() >= MAX_OBJECTS {
            return Err(PaypalError::internal("The sandbox is full. POST /_sandbox/reset empties it."));
        }
        let record = Record { path: path.to_owned(), body: body.to_vec(), created: now, kept: None };
        self.records.insert(place, record);
        Ok(Admission::Fresh)
    }

    /// The request came to this; `None` if it made nothing.
    pub(crate) fn finish(&mut self, key: &str, path: &str, kept: Option<Kept>) {
        let place = (Service::of(path), key.to_owned());
        match (kept, self.records.get_mut(&place)) {
            (Some(kept), Some(record)) => record.kept = Some(kept),
            (Some(_), None) => {}
            (None, _) => drop(self.records.remove(&place)),
        }
    }

    /// Lets this much time pass for every key that is meant, and says for how many. A key is shown with the path of its
    /// request and the object that it made.
    pub(crate) fn age(&mut self, ms: u64, mut meant: impl FnMut(&str, &str, Option<&str>) -> bool) -> usize {
        let mut aged: usize = 0;
        for ((_, key), record) in &mut self.records {
            let object = match &record.kept {
                Some(Kept::Object(id)) => Some(id.as_str()),
                Some(Kept::Broken(_)) | None => None,
            };
            if meant(key, &record.path, object) {
                record.created = Moment { ms: record.created.ms.saturating_sub(ms) };
                aged = aged.saturating_add(1);
            }
        }
        aged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment { ms: 1_000_000_000_000 };
    const CREATE: &str = "checkout/orders";
    const REFUND: &str = "payments/captures/1/refund";

    fn used(path: &str) -> Keys {
        let mut keys = Keys::default();
        assert_eq!(keys.admit("k", path, b"{}", NOW), Ok(Admission::Fresh));
        keys.finish("k", path, Some(Kept::Object("1".to_owned())));
        keys
    }

    #[test]
    fn a_second_request_finds_what_the_first_one_made() {
        assert_eq!(used(CREATE).admit("k", CREATE, b"{}", NOW), Ok(Admission::Replay(Kept::Object("1".to_owned()))));
    }

    #[test]
    fn another_body_or_another_path_under_the_key_is_refused() {
        assert_eq!(used(CREATE).admit("k", CREATE, b"[]", NOW), Err(PaypalError::key_reused()));
        assert_eq!(used(CREATE).admit("k", "checkout/orders/1/capture", b"{}", NOW), Err(PaypalError::key_reused()));
    }

    #[test]
    fn orders_and_payments_do_not_know_each_others_keys() {
        assert_eq!(used(CREATE).admit("k", REFUND, b"{}", NOW), Ok(Admission::Fresh));
    }

    #[test]
    fn a_key_is_in_use_until_its_request_is_answered_and_free_again_if_that_made_nothing() {
        let mut keys = Keys::default();
        assert_eq!(keys.admit("k", REFUND, b"{}", NOW), Ok(Admission::Fresh));
        assert_eq!(keys.admit("k", REFUND, b"{}", NOW).unwrap_err().status, 409);
        keys.finish("k", REFUND, None);
        assert_eq!(keys.admit("k", REFUND, b"[]", NOW), Ok(Admission::Fresh));
    }

    #[test]
    fn keys_of_orders_live_six_hours_and_those_of_payments_forty_five_days() {
        for (path, hours) in [(CREATE, 6), (REFUND, 45 * 24)] {
            let mut keys = used(path);
            assert_eq!(keys.age(hours * HOUR_MS - 1, |_, _, _| true), 1);
            assert!(matches!(keys.admit("k", path, b"{}", NOW), Ok(Admission::Replay(_))));
            keys.age(1, |key, _, object| key == "k" && object == Some("1"));
            assert_eq!(keys.admit("k", path, b"{}", NOW), Ok(Admission::Fresh), "{path}");
        }
    }

    #[test]
    fn an_over_long_key_is_refused_at_orders() {
        assert!(Keys::default().admit(&"k".repeat(109), CREATE, b"{}", NOW).is_err());
        assert!(Keys::default().admit(&"k".repeat(108), CREATE, b"{}", NOW).is_ok());
    }
}
