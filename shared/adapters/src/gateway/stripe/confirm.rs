//! Confirms a PaymentIntent: this is what charges.
//!
//! The request is made of the committed row alone, so that whoever finds the row sends the same bytes under the same
//! key. Must never: take anything from the moment, the configuration or the code's own version.

use domain::{
    id::{AttemptNumber, gateway_key},
    payment::{Attempt, AttemptSource, Instrument, Payment},
};

use super::{
    message::{StripeRequest, Unsendable, field},
    settlement,
};

/// The request for an attempt.
///
/// # Errors
/// Why there is nothing to send.
pub(super) fn request(payment: &Payment, number: AttemptNumber) -> Result<StripeRequest, Unsendable> {
    let Some(Attempt { source: AttemptSource::Api { instrument, return_url, off_session, api_version, .. }, .. }) =
        payment.attempt(number)
    else {
        // A browser's own attempt, or none: not ours to send.
        return Err(Unsendable::NotOnTheRow);
    };
    let mut form = Vec::new();
    match instrument {
        Instrument::PaymentMethod(method) => form.push(field("payment_method", method.as_str())),
        Instrument::ConfirmationToken(token) => form.push(field("confirmation_token", token.as_str())),
        // Only a PayPal order is approved before it is confirmed.
        Instrument::Approved => return Err(Unsendable::Impossible("payment_method_missing")),
    }
    // An object that was opened without a return URL takes no redirects, and so no URL.
    if let Some(opened_with) = &payment.terms.return_url {
        form.push(field("return_url", return_url.as_ref().unwrap_or(opened_with).as_str()));
    }
    if *off_session {
        form.push(field("off_session", "true"));
    }
    form.push(settlement::shown());
    let path = format!("/v1/payment_intents/{}/confirm", payment.object.as_str());
    let key = gateway_key::confirm(&payment.id, number);
    Ok(StripeRequest::post(path, key, form).written_for(api_version))
}

#[cfg(test)]
mod tests {
    use domain::{
        id::{IdempotencyKey, RequestHash},
        text::{GatewayToken, WebUrl},
    };

    use super::*;
    use crate::gateway::stripe::{
        fixtures::{TRANSACTION_ID, attempt, payment},
        message::Act,
    };

    fn token(text: &str) -> GatewayToken {
        GatewayToken::parse(text).unwrap()
    }

    fn url(text: &str) -> WebUrl {
        WebUrl::parse(text).unwrap()
    }

    fn method() -> Instrument {
        Instrument::PaymentMethod(token("pm_card_visa"))
    }

    /// The form of the only attempt of a payment.
    fn form(opened_with: Option<&str>, source: AttemptSource) -> Vec<(String, String)> {
        let mut payment = payment();
        payment.terms.return_url = opened_with.map(url);
        payment.attempts.push(attempt(source));
        match request(&payment, AttemptNumber::FIRST).unwrap().act {
            Act::Post { form, .. } => form,
            Act::Get => panic!("a look"),
        }
    }

    fn source(instrument: Instrument, return_url: Option<&str>, off_session: bool) -> AttemptSource {
        AttemptSource::Api {
            key: IdempotencyKey::parse("key").unwrap(),
            request_hash: RequestHash::of([]),
            instrument,
            return_url: return_url.map(url),
            off_session,
            api_version: "2030-01-01.old".into(),
        }
    }

    #[test]
    fn the_request_is_made_of_the_row_and_written_for_the_rows_version() {
        let mut payment = payment();
        payment.attempts.push(attempt(source(method(), None, false)));
        let expected = StripeRequest::post(
            "/v1/payment_intents/pi_1/confirm".into(),
            format!("{TRANSACTION_ID}:confirm:1"),
            vec![field("payment_method", "pm_card_visa"), field("expand[]", "latest_charge.balance_transaction")],
        );
        let sent = request(&payment, AttemptNumber::FIRST).unwrap();
        assert_eq!(sent, expected.written_for("2030-01-01.old"));
        payment.version = 99;
        payment.rounds = 7;
        assert_eq!(request(&payment, AttemptNumber::FIRST), Ok(sent), "a later version of the row sends other bytes");
    }

    #[test]
    fn a_confirmation_token_stands_in_for_a_method() {
        let token = Instrument::ConfirmationToken(token("ctoken_1"));
        assert_eq!(
            form(None, source(token, None, false)),
            [field("confirmation_token", "ctoken_1"), settlement::shown()]
        );
    }

    #[test]
    fn the_attempts_return_url_goes_before_the_payments_and_neither_goes_where_redirects_are_off() {
        let sent = |opened_with, own| form(opened_with, source(method(), own, false)).swap_remove(1);
        assert_eq!(sent(Some("https://a.example/"), None), field("return_url", "https://a.example/"));
        assert_eq!(
            sent(Some("https://a.example/"), Some("https://b.example/")),
            field("return_url", "https://b.example/")
        );
        assert_eq!(sent(None, Some("https://b.example/")), settlement::shown());
    }

    #[test]
    fn a_payer_who_is_away_is_said_to_be() {
        let sent = form(None, source(method(), None, true));
        assert_eq!(sent.get(1), Some(&field("off_session", "true")));
    }

    #[test]
    fn what_is_not_ours_to_send_is_not_sent() {
        let mut payment = payment();
        assert_eq!(request(&payment, AttemptNumber::FIRST), Err(Unsendable::NotOnTheRow));
        payment.attempts.push(attempt(AttemptSource::Gateway));
        assert_eq!(request(&payment, AttemptNumber::FIRST), Err(Unsendable::NotOnTheRow));
        payment.attempts = vec![attempt(source(Instrument::Approved, None, false))];
        let impossible = Err(Unsendable::Impossible("payment_method_missing"));
        assert_eq!(request(&payment, AttemptNumber::FIRST), impossible);
    }
}
