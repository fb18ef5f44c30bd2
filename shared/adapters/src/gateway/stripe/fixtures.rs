//! Small bodies as Stripe writes them, for the tests of this folder.

use std::time::Duration;

use domain::{
    gateway::{Gateway, Mode},
    id::{AttemptNumber, RequestHash, TransactionId},
    money::{Currency, Money},
    payment::{Attempt, AttemptProgress, AttemptSource, CaptureMethod, Confirmation, Opening, Payment, Terms},
    policy::Policy,
    schedule::Limits,
    text::{GatewayToken, Metadata},
    time::{Now, Timestamp},
};
use serde_json::{Value, json};

use super::message::StripeResponse;

/// The id of the payment that the fixtures are about.
pub(super) const TRANSACTION_ID: &str = "pay_u6ug5emn6j6bmcvzrjwf3bpo5q";

/// A PaymentIntent over 25 euros.
pub(super) fn intent(status: &str) -> Value {
    let of = |word: &str| if status == word { 2_500 } else { 0 };
    json!({
        "id": "pi_1", "object": "payment_intent", "livemode": false, "amount": 2_500, "currency": "eur", "status": status,
        "amount_capturable": of("requires_capture"), "amount_received": of("succeeded"), "next_action": null,
        "client_secret": "pi_1_secret_2", "metadata": {"order": "7", "transaction_id": TRANSACTION_ID},
        "last_payment_error": null, "latest_charge": null, "capture_method": "automatic", "created": 1_700_000_000,
    })
}

/// What the charge of 25 euros came to in an account that is kept in dollars.
pub(super) fn balance_transaction() -> Value {
    json!({
        "id": "txn_1", "object": "balance_transaction", "amount": 2_700, "currency": "usd", "exchange_rate": 1.08,
        "fee": 108, "net": 2_592, "source": "ch_1", "status": "pending", "type": "charge",
    })
}

/// The same object with other fields.
pub(super) fn with(mut object: Value, fields: Value) -> Value {
    if let (Value::Object(object), Value::Object(fields)) = (&mut object, fields) {
        object.extend(fields);
    }
    object
}

/// A response that Stripe made for this very request.
pub(super) fn response(status: u16, body: &str) -> StripeResponse {
    StripeResponse { status, replayed: false, should_retry: None, body: body.as_bytes().to_vec() }
}

/// Plain terms.
pub(super) fn terms(minor_units: i64, currency: &str) -> Terms {
    Terms {
        amount: Money::payable(minor_units, Currency::from_code(currency).unwrap()).unwrap(),
        capture: CaptureMethod::Automatic,
        confirmation: Confirmation::Explicit,
        reference: None,
        customer: None,
        description: None,
        statement_descriptor: None,
        metadata: Metadata::default(),
        return_url: None,
        cancel_url: None,
        expires_in: Duration::from_secs(3600),
    }
}

/// A payment over 25 euros whose object is `pi_1`.
pub(super) fn payment() -> Payment {
    let opening = Opening {
        id: TransactionId::parse(TRANSACTION_ID).unwrap(),
        gateway: Gateway::Stripe,
        mode: Mode::Test,
        object: GatewayToken::parse("pi_1").unwrap(),
        client_secret: None,
        payer_url: None,
        request_hash: RequestHash::of([]),
        terms: terms(2_500, "EUR"),
    };
    Payment::open(
        opening,
        &Now { at: Timestamp::from_unix_ms(0), limits: Limits::STANDARD, policy: Policy::STANDARD, dice: 0 },
    )
}

/// The first attempt at it.
pub(super) fn attempt(source: AttemptSource) -> Attempt {
    Attempt {
        number: AttemptNumber::FIRST,
        source,
        started_at: Timestamp::from_unix_ms(0),
        progress: AttemptProgress::Unanswered,
    }
}
