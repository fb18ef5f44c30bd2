//! Captures what an authorization holds: the movement of the money. Once, and what is not captured then is let go.

use domain::{
    gateway::{Answer, ObjectSnapshot, ObjectStatus, Outcome, UnknownReason},
    id::gateway_key,
    money::Money,
    payment::{Act, ActKind, Payment},
    text::GatewayToken,
};
use serde::Serialize;

use super::{
    amount::WireAmount,
    message::{PaypalRequest, Unsendable},
    money::{Capture, Taken},
    reply::{Called, Heard, done, hand, refused_act},
};

#[derive(Serialize)]
struct Body {
    amount: WireAmount,
    final_capture: bool,
}

/// The request for the open capture, of this authorization.
///
/// # Errors
/// Why there is nothing to send.
pub(super) fn request(payment: &Payment, authorization: &GatewayToken) -> Result<PaypalRequest, Unsendable> {
    let Some(Act { kind: ActKind::Capture { amount }, .. }) = payment.open_act() else {
        return Err(Unsendable::NotOnTheRow);
    };
    let amount = WireAmount::of(*amount).map_err(|_| Unsendable::Impossible("amount_not_expressible"))?;
    // Acts are only ever added, so the count names this capture for as long as it is open.
    let number = payment.acts.iter().filter(|act| matches!(act.kind, ActKind::Capture { .. })).count();
    let path = format!("/v2/payments/authorizations/{}/capture", authorization.as_str());
    let key = gateway_key::capture(&payment.id, number);
    Ok(PaypalRequest::post(path, key, &Body { amount, final_capture: true }))
}

/// What came of it.
pub(super) fn heard(called: Called, payment: &Payment) -> Heard {
    match done(called) {
        Ok(response) => {
            let capture = Capture::read(&response.body);
            let outcome = capture.and_then(|capture| outcome(&capture, payment));
            let outcome = outcome.unwrap_or(Outcome::Unknown(UnknownReason::Unreadable));
            Heard::Answer(Answer { outcome, hand: hand(&response) })
        }
        Err(no) => refused_act(no),
    }
}

/// What a capture proves of its order; none if it is of another, or cannot be counted.
fn outcome(capture: &Capture, payment: &Payment) -> Option<Outcome> {
    if capture.order_id().is_some_and(|order| order != payment.object.as_str()) {
        return None;
    }
    let status = match capture.standing() {
        Taken::Yes => ObjectStatus::Captured { received_minor_units: counted(capture, payment)?.minor_units() },
        Taken::NotYet => ObjectStatus::Pending,
        Taken::No => return Some(Outcome::Refused { code: capture.decline().gateway_code, object: None }),
        Taken::Unrecognized(word) => ObjectStatus::Unrecognized(format!("capture:{word}")),
    };
    Some(Outcome::Object(ObjectSnapshot {
        reference: payment.object.clone(),
        mode: payment.mode,
        amount_minor_units: payment.terms.amount.minor_units(),
        currency: Some(payment.terms.amount.currency()),
        status,
        charge: capture.charge(true),
    }))
}

fn counted(capture: &Capture, payment: &Payment) -> Option<Money> {
    capture.amount().filter(|amount| amount.currency() == payment.terms.amount.currency())
}

#[cfg(test)]
mod tests {
    use domain::{
        gateway::Hand,
        money::Currency,
        payment::{ActProgress, End},
        time::Timestamp,
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::gateway::paypal::{
        fixtures::{AUTHORIZATION, CAPTURE, ORDER, TRANSACTION_ID, capture, issue, payment, response, with},
        message,
    };

    fn act(kind: ActKind, progress: ActProgress) -> Act {
        Act { kind, request: None, started_at: Timestamp::from_unix_ms(0), reason: None, progress }
    }

    fn of(minor_units: i64) -> ActKind {
        ActKind::Capture { amount: Money::payable(minor_units, Currency::from_code("EUR").unwrap()).unwrap() }
    }

    fn held() -> GatewayToken {
        GatewayToken::parse(AUTHORIZATION).unwrap()
    }

    fn answer(status: u16, body: &Value) -> Answer {
        match heard(Ok(response(status, &body.to_string())), &payment()) {
            Heard::Answer(answer) => answer,
            Heard::Look(refusal) => panic!("{refusal:?}"),
        }
    }

    #[test]
    fn the_second_capture_has_a_key_of_its_own_and_keeps_it() {
        let mut payment = payment();
        payment.acts.push(act(of(500), ActProgress::Refused { code: "x".into() }));
        payment.acts.push(act(ActKind::Close { ends_as: End::Canceled }, ActProgress::Refused { code: "x".into() }));
        payment.acts.push(act(of(2_000), ActProgress::Open));
        let sent = request(&payment, &held()).unwrap();
        assert_eq!(sent.path, "/v2/payments/authorizations/0AW2184448108334S/capture");
        let body = r#"{"amount":{"currency_code":"EUR","value":"20.00"},"final_capture":true}"#.to_owned();
        assert_eq!(sent.act, message::Act::Post { request_id: format!("{TRANSACTION_ID}:capture:2"), body });
    }

    #[test]
    fn without_an_open_capture_nothing_is_sent() {
        let mut payment = payment();
        let unsent = Err(Unsendable::NotOnTheRow);
        assert_eq!(request(&payment, &held()), unsent);
        payment.acts.push(act(of(500), ActProgress::Done));
        assert_eq!(request(&payment, &held()), unsent);
        payment.acts.push(act(ActKind::Close { ends_as: End::Canceled }, ActProgress::Open));
        assert_eq!(request(&payment, &held()), unsent);
    }

    #[test]
    fn a_capture_proves_what_was_taken_on_its_own_order() {
        let less = with(capture("COMPLETED"), json!({"amount": {"currency_code": "EUR", "value": "20.00"}}));
        let answer = answer(201, &less);
        let object = answer.outcome.object().unwrap();
        assert_eq!((object.reference.as_str(), object.amount_minor_units, answer.hand), (ORDER, 2_500, Hand::First));
        assert_eq!(object.status, ObjectStatus::Captured { received_minor_units: 2_000 });
        assert_eq!(object.charge.as_ref().unwrap().reference.as_str(), CAPTURE);
    }

    #[test]
    fn a_capture_of_another_order_or_in_another_currency_proves_nothing() {
        let elsewhere = json!({"supplementary_data": {"related_ids": {"order_id": "OTHER"}}});
        let dollars = json!({"amount": {"currency_code": "USD", "value": "20.00"}});
        for odd in [elsewhere, dollars, json!({"amount": 7})] {
            let told = answer(201, &with(capture("COMPLETED"), odd.clone())).outcome;
            assert_eq!(told, Outcome::Unknown(UnknownReason::Unreadable), "{odd}");
        }
    }

    #[test]
    fn a_capture_cannot_be_declined_only_refused() {
        let refused = |code: &str| Outcome::Refused { code: code.to_owned(), object: None };
        assert_eq!(answer(201, &capture("DECLINED")).outcome, refused("DECLINED"));
        assert_eq!(answer(422, &issue("TRANSACTION_REFUSED")).outcome, refused("TRANSACTION_REFUSED"));
        assert_eq!(answer(422, &issue("MAX_CAPTURE_AMOUNT_EXCEEDED")).outcome, refused("MAX_CAPTURE_AMOUNT_EXCEEDED"));
        assert_eq!(answer(201, &capture("PENDING")).outcome.object().unwrap().status, ObjectStatus::Pending);
    }

    #[test]
    fn a_hold_that_is_gone_or_was_captured_is_looked_at() {
        for name in ["AUTHORIZATION_VOIDED", "AUTHORIZATION_EXPIRED", "AUTHORIZATION_ALREADY_CAPTURED"] {
            let heard = heard(Ok(response(422, &issue(name).to_string())), &payment());
            assert!(matches!(heard, Heard::Look(_)), "{name}");
        }
    }
}
