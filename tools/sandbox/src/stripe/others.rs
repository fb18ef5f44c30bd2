//! What others do to a payment behind the API's back: a payer's browser, and a second object that bears the same id.
//! And what is told about it: events that nobody would expect.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    book::{Book, Cause, Occasion},
    calls::{Confirmation, NewIntent},
    disputes,
    error::StripeError,
    objects::{AutomaticMethods, CaptureMethod, Metadata, Particulars},
};

/// What a second object is to be.
#[derive(Clone, Debug)]
pub(crate) struct Duplicate {
    pub(crate) transaction_id: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) livemode: bool,
    pub(crate) money: Money,
}

/// What has become of the money of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Money {
    Untouched,
    Held,
    Taken,
}

/// An event that is to be told out of turn.
#[derive(Clone, Debug)]
pub(crate) struct Retold {
    pub(crate) kind: Option<String>,
    pub(crate) livemode: Option<bool>,
    pub(crate) changes_back: Option<u32>,
    pub(crate) idempotency_key: Option<String>,
}

impl Book {
    /// Makes an object that bears the id of somebody else's payment.
    pub(crate) fn duplicate(&mut self, wanted: Duplicate, occasion: &Occasion) -> Result<Value, StripeError> {
        let metadata = Metadata::from([("transaction_id".to_owned(), wanted.transaction_id)]);
        let manual = wanted.money == Money::Held;
        let new = NewIntent {
            livemode: wanted.livemode,
            amount: wanted.amount,
            currency: wanted.currency,
            capture_method: if manual { CaptureMethod::Manual } else { CaptureMethod::Automatic },
            automatic: Some(AutomaticMethods { allow_redirects: false }),
            payment_method: None,
            particulars: Particulars { metadata, ..Particulars::default() },
            confirm: (wanted.money != Money::Untouched).then(|| with("pm_card_visa")),
        };
        self.create_intent(new, occasion)
    }

    /// The payer's browser confirms by itself, with the secret that it was given.
    pub(crate) fn confirm_in_browser(
        &mut self,
        id: &str,
        method: &str,
        occasion: &Occasion,
    ) -> Result<Value, StripeError> {
        let secret = self.intent(id)?.client_secret.clone();
        self.confirm_intent(id, Some(&secret), with(method), occasion)
    }

    /// The page on which the payer of this intent is asked to authenticate.
    pub(crate) fn page_of(&self, id: &str) -> Option<String> {
        Some(self.intents.get(id)?.challenge.as_ref()?.page.clone())
    }

    /// Tells an event about an intent or a dispute once more, or one that is older or of another mode than the object.
    pub(crate) fn retell(&mut self, id: &str, retold: Retold, occasion: &Occasion) -> Result<Value, StripeError> {
        let mut object = match retold.changes_back {
            None => match self.disputes.get(id) {
                Some(dispute) => disputes::shown(self, dispute),
                None => self.rendered_intent(id)?,
            },
            Some(_) => self
                .as_it_was(id, retold.changes_back)
                .ok_or_else(|| StripeError::invalid(format!("{id} never was anything but what it is")))?,
        };
        if let (Some(livemode), Some(fields)) = (retold.livemode, object.as_object_mut()) {
            fields.insert("livemode".to_owned(), json!(livemode));
        }
        let kinds = if self.disputes.get(id).is_some() { KINDS_OF_DISPUTES } else { KINDS };
        let kind = match &retold.kind {
            Some(wanted) => kinds.iter().find(|(kind, _)| kind == wanted),
            None => kinds.iter().find(|(_, status)| object.get("status").is_some_and(|now| now == status)),
        };
        let Some((kind, _)) = kind else {
            let known: Vec<&str> = kinds.iter().map(|(kind, _)| *kind).collect();
            return Err(StripeError::invalid(format!("type must be one of {}", known.join(", "))));
        };
        let cause = Cause { idempotency_key: retold.idempotency_key, ..occasion.cause.clone() };
        self.announce(kind, object.clone(), &Occasion { cause, ..occasion.clone() });
        Ok(object)
    }
}

/// The events about an intent, and the status in which each is told; the first one for a status is the usual one.
const KINDS: &[(&str, &str)] = &[
    ("payment_intent.succeeded", "succeeded"),
    ("payment_intent.canceled", "canceled"),
    ("payment_intent.processing", "processing"),
    ("payment_intent.requires_action", "requires_action"),
    ("payment_intent.amount_capturable_updated", "requires_capture"),
    ("payment_intent.payment_failed", "requires_payment_method"),
    ("payment_intent.created", "requires_payment_method"),
];

/// The same of a dispute. What is told of the money has no status of its own.
const KINDS_OF_DISPUTES: &[(&str, &str)] = &[
    ("charge.dispute.created", "needs_response"),
    ("charge.dispute.created", "warning_needs_response"),
    ("charge.dispute.updated", "under_review"),
    ("charge.dispute.updated", "warning_under_review"),
    ("charge.dispute.updated", "appeal_needs_response"),
    ("charge.dispute.updated", "appeal_under_review"),
    ("charge.dispute.closed", "won"),
    ("charge.dispute.closed", "lost"),
    ("charge.dispute.closed", "warning_closed"),
    ("charge.dispute.closed", "prevented"),
    ("charge.dispute.funds_withdrawn", ""),
    ("charge.dispute.funds_reinstated", ""),
];

fn with(method: &str) -> Confirmation {
    Confirmation {
        payment_method: Some(method.to_owned()),
        token: None,
        return_url: None,
        off_session: false,
        capture_method: None,
        error_on_requires_action: false,
        use_stripe_sdk: false,
        by_browser: true,
        particulars: Particulars::default(),
    }
}
