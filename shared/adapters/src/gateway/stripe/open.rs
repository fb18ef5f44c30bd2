//! Opens a PaymentIntent without a payment method: nothing can be charged on it yet.

use domain::{
    gateway::{OpenedObject, UnknownReason},
    id::{TransactionId, gateway_key},
    payment::{CaptureMethod, Terms},
    text::Metadata,
};
use flow::ports::{AmountRefusal, OpenOutcome, OpenRequest};

use super::{
    amount::to_stripe,
    error::StripeError,
    message::{StripeRequest, field},
    object::PaymentIntent,
    reply::{Called, Reply},
};

/// The request for opening an object.
///
/// # Errors
/// The outcome, if Stripe cannot be asked for this.
pub(super) fn request(asked: &OpenRequest<'_>) -> Result<StripeRequest, OpenOutcome> {
    let terms = asked.terms;
    let amount = to_stripe(terms.amount).map_err(amount_refused)?;
    let mut form = vec![
        field("amount", amount.to_string()),
        field("currency", terms.amount.currency().code().to_ascii_lowercase()),
        field("automatic_payment_methods[enabled]", "true"),
        field("capture_method", capture_method(terms.capture)),
    ];
    if terms.return_url.is_none() {
        form.push(field("automatic_payment_methods[allow_redirects]", "never"));
    }
    if let Some(description) = &terms.description {
        form.push(field("description", description.as_str()));
    }
    if let Some(descriptor) = &terms.statement_descriptor {
        // For a card Stripe refuses the whole descriptor and takes a suffix to the account's own prefix.
        form.push(field("statement_descriptor_suffix", descriptor.as_str()));
    }
    // Not `receipt_email`: Stripe would write to the payer, and nobody has asked for that.
    form.extend(metadata(asked.id, terms));
    let key = gateway_key::open(asked.id, asked.request_hash, asked.round);
    Ok(StripeRequest::post("/v1/payment_intents".to_owned(), key, form))
}

/// What came of it.
pub(super) fn outcome(called: Called, id: &TransactionId) -> OpenOutcome {
    let response = match called {
        Ok(response) => response,
        Err(reason) => return OpenOutcome::Unknown(reason),
    };
    match Reply::of(&response) {
        // What does not bear the id that it was given is not what was asked for.
        Reply::Object(intent) if intent.transaction_id() == Some(id.as_str()) => opened(&intent),
        Reply::Object(_) => OpenOutcome::Unknown(UnknownReason::Unreadable),
        Reply::Declined(error) | Reply::Refused(error) => {
            OpenOutcome::Refused { code: error.code().to_owned(), field: field_of(&error) }
        }
        Reply::Unknown(UnknownReason::KeyMismatch) => OpenOutcome::KeyMismatch,
        Reply::Unknown(UnknownReason::ServerError) if response.replayed => OpenOutcome::SavedFailure,
        Reply::Unknown(reason) => OpenOutcome::Unknown(reason),
    }
}

/// `automatic`, not Stripe's default `automatic_async`: with that one the answer to a confirm comes before the capture,
/// and would not tell whether the money was taken.
const fn capture_method(capture: CaptureMethod) -> &'static str {
    match capture {
        CaptureMethod::Automatic => "automatic",
        CaptureMethod::Manual => "manual",
    }
}

/// The merchant's metadata and our id, by which a webhook finds its payment.
fn metadata(id: &TransactionId, terms: &Terms) -> Vec<(String, String)> {
    // A bracket would end the name of the field early, and could so write into another one: `Metadata` has none.
    let merchants = terms.metadata.iter().map(|(key, value)| field(&format!("metadata[{key}]"), value));
    let ours = field(&format!("metadata[{}]", Metadata::RESERVED_KEY), id.as_str());
    merchants.chain([ours]).collect()
}

fn opened(intent: &PaymentIntent) -> OpenOutcome {
    intent.snapshot().map_or(OpenOutcome::Unknown(UnknownReason::Unreadable), |snapshot| {
        let opened = OpenedObject { snapshot, client_secret: intent.client_secret(), payer_url: None };
        OpenOutcome::Opened(Box::new(opened))
    })
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

/// Which field of our own request Stripe's complaint is about.
fn field_of(error: &StripeError) -> Option<&'static str> {
    const FIELDS: [(&str, &str); 6] = [
        ("amount", "/amount"),
        ("currency", "/currency"),
        ("capture_method", "/capture"),
        ("description", "/description"),
        ("statement_descriptor_suffix", "/statementDescriptor"),
        ("metadata", "/metadata"),
    ];
    let name = error.param().and_then(|param| param.split('[').next());
    let of_param = FIELDS.iter().find(|(param, _)| Some(*param) == name).map(|(_, field)| *field);
    of_param.or_else(|| error.code().starts_with("amount_too_").then_some("/amount"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::{
        gateway::{Gateway as GatewayName, ObjectStatus, UnknownReason},
        id::RequestHash,
        personal::{Customer, Kept, PersonId},
        text::{Text, WebUrl},
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::gateway::stripe::{
        fixtures::{TRANSACTION_ID, intent, response, terms},
        message::{Act, StripeResponse},
    };

    fn ask(terms: &Terms) -> Result<StripeRequest, OpenOutcome> {
        let id = TransactionId::parse(TRANSACTION_ID).unwrap();
        request(&OpenRequest {
            id: &id,
            gateway: GatewayName::Stripe,
            terms,
            request_hash: RequestHash::of([("amount", "2500")]),
            round: 2,
        })
    }

    fn metadata_of(key: &str) -> Metadata {
        Metadata::parse(BTreeMap::from([(key.to_owned(), "7".to_owned())])).unwrap()
    }

    #[test]
    fn the_smallest_request_names_amount_method_choice_and_our_id_under_the_key_of_its_round() {
        let hash = RequestHash::of([("amount", "2500")]).short();
        let form = [
            ("amount", "2500"),
            ("currency", "eur"),
            ("automatic_payment_methods[enabled]", "true"),
            ("capture_method", "automatic"),
            ("automatic_payment_methods[allow_redirects]", "never"),
            ("metadata[transaction_id]", TRANSACTION_ID),
        ];
        let form = form.map(|(name, value)| field(name, value)).to_vec();
        let key = format!("{TRANSACTION_ID}:open:{hash}:2");
        let expected = StripeRequest::post("/v1/payment_intents".into(), key, form);
        assert_eq!(ask(&terms(2_500, "EUR")), Ok(expected));
    }

    #[test]
    fn everything_the_merchant_gave_is_passed_on_except_what_would_write_to_the_payer() {
        let full = Terms {
            capture: CaptureMethod::Manual,
            customer: Some(Customer {
                email: Some(Kept::Clear("a@b.example".to_owned())),
                ..Customer::unnamed(PersonId::of_customer(&Text::parse("c-1").unwrap()))
            }),
            description: Some(Text::parse("Two tickets").unwrap()),
            statement_descriptor: Some(Text::parse("TICKETS").unwrap()),
            metadata: metadata_of("order"),
            return_url: Some(WebUrl::parse("https://shop.example/done").unwrap()),
            ..terms(5, "ISK")
        };
        let Act::Post { form, .. } = ask(&full).unwrap().act else { panic!("a look") };
        let written: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            written,
            [
                ("amount", "500"),
                ("currency", "isk"),
                ("automatic_payment_methods[enabled]", "true"),
                ("capture_method", "manual"),
                ("description", "Two tickets"),
                ("statement_descriptor_suffix", "TICKETS"),
                ("metadata[order]", "7"),
                ("metadata[transaction_id]", TRANSACTION_ID),
            ]
        );
    }

    #[test]
    fn an_amount_that_stripe_cannot_write_is_not_sent() {
        for (amount, currency, field) in
            [(5_124, "KWD", "/amount"), (1_000_000_000_000, "EUR", "/amount"), (1, "CLF", "/currency")]
        {
            let Err(OpenOutcome::Refused { field: Some(refused), .. }) = ask(&terms(amount, currency)) else {
                panic!("{amount} {currency} was sent")
            };
            assert_eq!(refused, field);
        }
    }

    fn told(called: Called) -> OpenOutcome {
        outcome(called, &TransactionId::parse(TRANSACTION_ID).unwrap())
    }

    #[test]
    fn an_opened_object_comes_with_its_client_secret() {
        let body = intent("requires_payment_method").to_string();
        let OpenOutcome::Opened(opened) = told(Ok(response(200, &body))) else { panic!("not opened") };
        assert_eq!(opened.client_secret.unwrap().expose(), "pi_1_secret_2");
        assert_eq!((opened.snapshot.reference.as_str(), opened.snapshot.status), ("pi_1", ObjectStatus::AwaitsMethod));
    }

    #[test]
    fn an_object_that_does_not_bear_our_id_is_not_the_one_that_was_asked_for() {
        for metadata in [json!({}), json!({"transaction_id": "pay_srgsc5zsbqycrakmfcc3opqd6l"}), json!(null)] {
            let mut other = intent("requires_payment_method");
            other["metadata"] = metadata;
            let outcome = told(Ok(response(200, &other.to_string())));
            assert_eq!(outcome, OpenOutcome::Unknown(UnknownReason::Unreadable), "{other}");
        }
    }

    #[test]
    fn a_refusal_points_at_our_own_field() {
        for (error, pointer) in [
            (json!({"code": "amount_too_small"}), Some("/amount")),
            (json!({"code": "amount_too_large", "param": "amount"}), Some("/amount")),
            (json!({"code": "parameter_invalid_string", "param": "currency"}), Some("/currency")),
            (json!({"code": "parameter_invalid", "param": "metadata[order]"}), Some("/metadata")),
            (
                json!({"code": "parameter_invalid", "param": "statement_descriptor_suffix"}),
                Some("/statementDescriptor"),
            ),
            (json!({"code": "account_invalid"}), None),
        ] {
            let refused = told(Ok(response(400, &json!({ "error": error }).to_string())));
            let code = error.get("code").and_then(Value::as_str).unwrap().to_owned();
            assert_eq!(refused, OpenOutcome::Refused { code, field: pointer });
        }
    }

    #[test]
    fn a_saved_failure_is_told_from_a_fresh_one() {
        let fresh = response(500, "{}");
        assert_eq!(told(Ok(fresh.clone())), OpenOutcome::Unknown(UnknownReason::ServerError));
        assert_eq!(told(Ok(StripeResponse { replayed: true, ..fresh })), OpenOutcome::SavedFailure);
    }

    #[test]
    fn a_reused_key_and_a_silence_are_what_they_are() {
        let mismatch = json!({"error": {"type": "idempotency_error"}}).to_string();
        assert_eq!(told(Ok(response(400, &mismatch))), OpenOutcome::KeyMismatch);
        assert_eq!(told(Ok(response(401, "{}"))), OpenOutcome::Unknown(UnknownReason::Unauthorized));
        assert_eq!(told(Err(UnknownReason::NotSent)), OpenOutcome::Unknown(UnknownReason::NotSent));
    }
}
