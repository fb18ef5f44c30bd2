//! Opens an order: its payer can approve it, and no money moves before we capture or authorize it.

use domain::{
    gateway::{Mode, OpenedObject, UnknownReason},
    id::{TransactionId, gateway_key},
    payment::{CaptureMethod, Confirmation, Terms},
};
use flow::ports::{AmountRefusal, OpenOutcome, OpenRequest};
use serde::Serialize;

use super::{
    amount::WireAmount,
    error::PaypalError,
    issue::Meaning,
    message::PaypalRequest,
    order::Order,
    reply::{Called, No, done},
};

/// The longest description that PayPal takes; ours may be longer.
const DESCRIPTION_MAX_CHARACTERS: usize = 127;

#[derive(Serialize)]
struct Body<'a> {
    intent: &'static str,
    purchase_units: [Unit<'a>; 1],
    payment_source: Source<'a>,
}

#[derive(Serialize)]
struct Unit<'a> {
    amount: WireAmount,
    /// Our id: by it a webhook finds the payment.
    custom_id: &'a str,
    /// The same again. PayPal takes money for an invoice once, whatever orders there are for it.
    invoice_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    soft_descriptor: Option<&'a str>,
}

#[derive(Serialize)]
struct Source<'a> {
    paypal: Wallet<'a>,
}

#[derive(Serialize)]
struct Wallet<'a> {
    experience_context: Experience<'a>,
}

#[derive(Serialize)]
struct Experience<'a> {
    return_url: &'a str,
    cancel_url: &'a str,
    user_action: &'static str,
    shipping_preference: &'static str,
}

/// The request for opening an order.
///
/// # Errors
/// The outcome, if PayPal cannot be asked for this.
pub(super) fn request(asked: &OpenRequest<'_>) -> Result<PaypalRequest, OpenOutcome> {
    let terms = asked.terms;
    let amount = WireAmount::of(terms.amount).map_err(amount_refused)?;
    let Some(return_url) = &terms.return_url else {
        // The payer approves on PayPal's page, and must come back from there.
        return Err(OpenOutcome::Refused { code: "return_url_required".to_owned(), field: Some("/returnUrl") });
    };
    let experience_context = Experience {
        return_url: return_url.as_str(),
        cancel_url: terms.cancel_url.as_ref().unwrap_or(return_url).as_str(),
        user_action: user_action(terms.confirmation),
        // The merchant's shop knows where things go; PayPal need not ask the payer, nor tell us.
        shipping_preference: "NO_SHIPPING",
    };
    let unit = Unit {
        amount,
        custom_id: asked.id.as_str(),
        invoice_id: asked.id.as_str(),
        description: description(terms),
        soft_descriptor: terms.statement_descriptor.as_ref().map(|descriptor| descriptor.as_str()),
    };
    let body = Body {
        intent: intent(terms.capture),
        purchase_units: [unit],
        payment_source: Source { paypal: Wallet { experience_context } },
    };
    let key = gateway_key::open(asked.id, asked.request_hash, asked.round);
    Ok(PaypalRequest::post("/v2/checkout/orders".to_owned(), key, &body))
}

/// What came of it, in this mode.
pub(super) fn outcome(called: Called, id: &TransactionId, mode: Mode) -> OpenOutcome {
    match done(called) {
        Ok(response) => opened(&response.body, id, mode),
        Err(No::Said(error)) => refused(&error),
        // PayPal does not say whether a failure is one that it remembers. An order that nobody was handed is inert, so
        // the next key may be tried at once.
        Err(No::Unknown(UnknownReason::ServerError)) => OpenOutcome::SavedFailure,
        Err(No::Unknown(reason)) => OpenOutcome::Unknown(reason),
    }
}

const fn intent(capture: CaptureMethod) -> &'static str {
    match capture {
        CaptureMethod::Automatic => "CAPTURE",
        CaptureMethod::Manual => "AUTHORIZE",
    }
}

/// What stands on PayPal's button: whether the payer's approval is the last step, or a page of the merchant's follows.
const fn user_action(confirmation: Confirmation) -> &'static str {
    match confirmation {
        Confirmation::Automatic => "PAY_NOW",
        Confirmation::Explicit => "CONTINUE",
    }
}

/// It is for the payer to read: what does not fit is left out.
fn description(terms: &Terms) -> Option<String> {
    terms.description.as_ref().map(|text| text.as_str().chars().take(DESCRIPTION_MAX_CHARACTERS).collect())
}

fn opened(body: &[u8], id: &TransactionId, mode: Mode) -> OpenOutcome {
    let unreadable = OpenOutcome::Unknown(UnknownReason::Unreadable);
    // What does not bear the id that it was given is not what was asked for.
    let Some(order) = Order::read(body).filter(|order| order.bears(id)) else { return unreadable };
    match (order.snapshot(mode), order.payer_url()) {
        (Some(snapshot), Some(url)) => {
            OpenOutcome::Opened(Box::new(OpenedObject { snapshot, client_secret: None, payer_url: Some(url) }))
        }
        // An order that nobody can be sent to is of no use to anybody.
        (Some(_), None) | (None, _) => unreadable,
    }
}

/// Nothing was opened, so every refusal is one; whether our client can do something about it, the field tells.
fn refused(error: &PaypalError) -> OpenOutcome {
    match error.meaning() {
        Meaning::Unknown(UnknownReason::KeyMismatch) => OpenOutcome::KeyMismatch,
        Meaning::Unknown(reason @ (UnknownReason::KeyInUse | UnknownReason::Unauthorized)) => {
            OpenOutcome::Unknown(reason)
        }
        Meaning::Declined
        | Meaning::Refused
        | Meaning::State
        | Meaning::Gone
        | Meaning::Done(_)
        | Meaning::Unknown(_) => OpenOutcome::Refused { code: error.code().to_owned(), field: field_of(error) },
    }
}

/// `accepts` has been asked before, so this is only for a caller that did not.
fn amount_refused(refusal: AmountRefusal) -> OpenOutcome {
    let (code, field) = match refusal {
        AmountRefusal::CurrencyNotSupported => ("currency_not_supported", "/currency"),
        AmountRefusal::TooLarge => ("amount_too_large", "/amount"),
        AmountRefusal::NotAMultiple { .. } => ("amount_not_a_multiple", "/amount"),
    };
    OpenOutcome::Refused { code: code.to_owned(), field: Some(field) }
}

/// Which field of our own request PayPal's complaint is about. It points at fields as in
/// `/purchase_units/@reference_id=='default'/amount/value`.
fn field_of(error: &PaypalError) -> Option<&'static str> {
    const FIELDS: [(&str, &str); 8] = [
        ("currency_code", "/currency"),
        ("amount", "/amount"),
        ("value", "/amount"),
        ("intent", "/capture"),
        ("description", "/description"),
        ("soft_descriptor", "/statementDescriptor"),
        ("return_url", "/returnUrl"),
        ("cancel_url", "/cancelUrl"),
    ];
    let last = error.field()?.rsplit('/').next()?;
    FIELDS.iter().find(|(theirs, _)| *theirs == last).map(|(_, ours)| *ours)
}

#[cfg(test)]
#[path = "open/tests.rs"]
mod tests;
