//! What a whole response means: the outcome of (status, body).
//!
//! A fact needs PayPal's own word in a shape we know. Whatever else comes back (a proxy's page, half a body, a status
//! that PayPal does not document) proves nothing and is [`Outcome::Unknown`]: never a failure (promise P4).

use std::time::Duration;

use domain::{
    decline::Decline,
    gateway::{Answer, Hand, Mode, ObjectSnapshot, ObjectStatus, Outcome, UnknownReason},
    payment::Payment,
    time::Timestamp,
};

use crate::host::now;

use super::{
    error::PaypalError,
    issue::Meaning,
    message::{PaypalResponse, Unsendable},
    order::Order,
};

/// What came of a call: a response, or the reason why there is none.
pub(super) type Called = Result<PaypalResponse, UnknownReason>;

/// What PayPal did not do, or not for this request.
pub(super) enum No {
    /// It says why.
    Said(Box<PaypalError>),
    /// Nobody knows what it did.
    Unknown(UnknownReason),
}

/// What was heard of an act.
#[expect(clippy::large_enum_variant, reason = "it lives for one match and is moved once")]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// What came of it.
    Answer(Answer),
    /// A refusal that the object itself must explain.
    Look(Refusal),
}

/// A refusal that says more about the object than about the request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    code: String,
    /// Why nobody knows, unless the object shows money or an end. None: it stands elsewhere, and nothing happened.
    done: Option<UnknownReason>,
}

/// The body of a response to a request that was done, or why there is none.
pub(super) fn done(called: Called) -> Result<PaypalResponse, No> {
    let response = called.map_err(No::Unknown)?;
    match response.status {
        200..=299 => Ok(response),
        400 | 404 | 409 | 422 => Err(said(&response)),
        // 403: the app may not do this. Both end with somebody giving us other rights, and neither did anything.
        401 | 403 => Err(No::Unknown(UnknownReason::Unauthorized)),
        429 => Err(No::Unknown(UnknownReason::RateLimited)),
        500..=599 => Err(No::Unknown(UnknownReason::ServerError)),
        405 | 415 => Err(No::Unknown(UnknownReason::Misconfigured)),
        _ => Err(No::Unknown(UnknownReason::Unreadable)),
    }
}

fn said(response: &PaypalResponse) -> No {
    let Some(mut error) = PaypalError::read(&response.body) else { return No::Unknown(UnknownReason::Unreadable) };
    error.is_of_a_second_sending = response.is_of_a_second_sending;
    match (response.status, error.meaning()) {
        // Two of our requests have met, whatever PayPal calls it.
        (409, Meaning::Unknown(UnknownReason::Misconfigured)) => No::Unknown(UnknownReason::KeyInUse),
        (404, _) => No::Said(Box::new(error)),
        // That the object itself is gone is a 404; some other name in the request that PayPal does not know is not.
        (_, Meaning::Gone) => No::Unknown(UnknownReason::Misconfigured),
        _ => No::Said(Box::new(error)),
    }
}

/// Whether a response was made for this very request. PayPal marks a replay by its status alone: what was made now is 201.
pub(super) const fn hand(response: &PaypalResponse) -> Hand {
    if response.status == 200 { Hand::Replayed } else { Hand::First }
}

/// The answer to an attempt: an order, captured or authorized, or why not.
pub(super) fn attempted(called: Called, payment: &Payment) -> Heard {
    let no = match done(called) {
        Ok(response) => {
            let outcome = shown(&response, payment.mode);
            return Heard::Answer(Answer { outcome, hand: hand(&response) });
        }
        Err(no) => no,
    };
    let (meaning, error) = match no {
        No::Said(error) => (error.meaning(), error),
        No::Unknown(reason) => return Heard::Answer(unknown(reason)),
    };
    let outcome = match meaning {
        Meaning::Declined | Meaning::Refused if error.is_of_a_second_sending => return unheard(&error),
        Meaning::Declined => Outcome::Declined { decline: error.decline(), object: None },
        Meaning::Refused => Outcome::Refused { code: error.code().to_owned(), object: None },
        Meaning::State => return Heard::Look(Refusal { code: error.code().to_owned(), done: None }),
        Meaning::Done(reason) => return Heard::Look(Refusal { code: error.code().to_owned(), done: Some(reason) }),
        // What was sent for the first time cannot have completed it before. Of a second sending nobody knows, and an app
        // that was exchanged meanwhile would not see what the first one did.
        Meaning::Gone if payment.rounds == 0 && !payment.holds_money() && may_be_forgotten(payment, now()) => {
            gone(payment)
        }
        Meaning::Gone => Outcome::Unknown(UnknownReason::Misconfigured),
        Meaning::Unknown(reason) => Outcome::Unknown(reason),
    };
    Heard::Answer(Answer { outcome, hand: Hand::First })
}

/// A refusal of a request that had been sent before, within the same call, and may have been served then: the object tells.
fn unheard(error: &PaypalError) -> Heard {
    Heard::Look(Refusal { code: error.code().to_owned(), done: Some(UnknownReason::ConnectionLost) })
}

/// The answer to a look at the order.
pub(super) fn looked(called: Called, payment: &Payment) -> Outcome {
    match done(called) {
        Ok(response) => shown(&response, payment.mode),
        Err(No::Said(error)) if error.meaning() == Meaning::Gone && is_forgotten(payment, now()) => gone(payment),
        Err(No::Said(error)) => Outcome::Unknown(error.meaning().of_a_look()),
        Err(No::Unknown(reason)) => Outcome::Unknown(reason),
    }
}

/// What an act came to, if no issuer can decline it: what PayPal words as a decline is a refusal to do it.
pub(super) fn refused_act(no: No) -> Heard {
    let outcome = match no {
        No::Unknown(reason) => Outcome::Unknown(reason),
        No::Said(error) => match error.meaning() {
            Meaning::Declined | Meaning::Refused if error.is_of_a_second_sending => return unheard(&error),
            Meaning::Declined | Meaning::Refused => Outcome::Refused { code: error.code().to_owned(), object: None },
            Meaning::State => return Heard::Look(Refusal { code: error.code().to_owned(), done: None }),
            Meaning::Done(reason) => return Heard::Look(Refusal { code: error.code().to_owned(), done: Some(reason) }),
            Meaning::Gone => Outcome::Unknown(UnknownReason::Misconfigured),
            Meaning::Unknown(reason) => Outcome::Unknown(reason),
        },
    };
    Heard::Answer(Answer { outcome, hand: Hand::First })
}

/// The answer to a request that was not sent.
pub(super) fn unsent(why: Unsendable) -> Answer {
    let outcome = match why {
        Unsendable::NotOnTheRow => Outcome::Unknown(UnknownReason::NotSent),
        Unsendable::Impossible(code) => Outcome::Refused { code: code.to_owned(), object: None },
    };
    Answer { outcome, hand: Hand::First }
}

/// An answer that says nothing.
pub(super) const fn unknown(reason: UnknownReason) -> Answer {
    Answer { outcome: Outcome::Unknown(reason), hand: Hand::First }
}

impl Refusal {
    /// What an attempt that was refused so came to, now that the object was looked at. No request of ours lies between
    /// the two, so where the object stands is the answer.
    pub(super) fn of_attempt(self, look: Outcome) -> Answer {
        let outcome = match (look, self.done) {
            (Outcome::Object(object), None) => Outcome::Object(object),
            (Outcome::Object(object), Some(_)) if is_conclusive(&object) => Outcome::Object(object),
            (_, Some(reason)) => Outcome::Unknown(reason),
            (_, None) => Outcome::Unknown(UnknownReason::Unreadable),
        };
        Answer { outcome, hand: Hand::First }
    }

    /// What an act that was refused so came to: the object stood in its way.
    pub(super) fn of_act(self, look: Outcome) -> Answer {
        let outcome = match (look, self.done) {
            (Outcome::Object(object), None) => Outcome::Refused { code: self.code, object: Some(object) },
            (Outcome::Object(object), Some(_)) if is_conclusive(&object) => Outcome::Object(object),
            (_, Some(reason)) => Outcome::Unknown(reason),
            (_, None) => Outcome::Unknown(UnknownReason::Unreadable),
        };
        Answer { outcome, hand: Hand::First }
    }
}

/// Whether an object shows what became of what was done before: money, or an end, or that PayPal is at work.
const fn is_conclusive(object: &ObjectSnapshot) -> bool {
    match object.status {
        ObjectStatus::Captured { .. }
        | ObjectStatus::Authorized { .. }
        | ObjectStatus::Pending
        | ObjectStatus::Canceled
        | ObjectStatus::Failed(Decline { .. }) => true,
        ObjectStatus::AwaitsMethod | ObjectStatus::AwaitsPayer(_) | ObjectStatus::Unrecognized(_) => false,
    }
}

fn shown(response: &PaypalResponse, mode: Mode) -> Outcome {
    Order::read(&response.body)
        .and_then(|order| order.snapshot(mode))
        .map_or(Outcome::Unknown(UnknownReason::Unreadable), Outcome::Object)
}

/// PayPal keeps an order that nobody pays for three hours, unless the account is told otherwise. What is younger is not
/// forgotten: it is somebody else's, as an order looks to the wrong app.
const KEPT_AT_LEAST: Duration = Duration::from_secs(3 * 3600);

fn may_be_forgotten(payment: &Payment, at: Timestamp) -> bool {
    at.since(payment.created_at) >= KEPT_AT_LEAST
}

/// Whether no money of this payment's is on its order, as far as the row can know, and none can be under way any more.
fn is_forgotten(payment: &Payment, at: Timestamp) -> bool {
    let is_quiet = payment.open_attempt().is_none_or(|attempt| !attempt.may_arrive(payment.gateway, at));
    is_quiet && !payment.holds_money() && may_be_forgotten(payment, at)
}

/// PayPal forgets an order that nobody completed: then nobody can any more.
fn gone(payment: &Payment) -> Outcome {
    Outcome::Object(ObjectSnapshot {
        reference: payment.object.clone(),
        mode: payment.mode,
        amount_minor_units: payment.terms.amount.minor_units(),
        currency: Some(payment.terms.amount.currency()),
        status: ObjectStatus::Canceled,
        charge: None,
    })
}

#[cfg(test)]
#[path = "reply/tests.rs"]
mod tests;
