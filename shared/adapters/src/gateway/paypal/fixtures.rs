//! Small bodies as PayPal writes them, for the tests of this folder.

use std::time::Duration;

use domain::{
    gateway::{Gateway, Mode},
    id::{AttemptNumber, IdempotencyKey, RequestHash, TransactionId},
    money::{Currency, Money},
    payment::{
        Attempt, AttemptProgress, AttemptSource, CaptureMethod, Confirmation, Instrument, Opening, Payment, Terms,
    },
    policy::Policy,
    schedule::Limits,
    text::{GatewayToken, Metadata, WebUrl},
    time::{Now, Timestamp},
};
use serde_json::{Value, json};

use super::message::PaypalResponse;

/// The id of the payment that the fixtures are about.
pub(super) const TRANSACTION_ID: &str = "pay_u6ug5emn6j6bmcvzrjwf3bpo5q";
/// Its order, what is held on it, and what is taken.
pub(super) const ORDER: &str = "5O190127TN364715T";
pub(super) const AUTHORIZATION: &str = "0AW2184448108334S";
pub(super) const CAPTURE: &str = "3C679366HH908993F";
/// Where its payer approves it.
pub(super) const PAYER_URL: &str = "https://www.paypal.com/checkoutnow?token=5O190127TN364715T";

/// A refusal that names one issue.
pub(super) fn issue(name: &str) -> Value {
    json!({
        "name": "UNPROCESSABLE_ENTITY",
        "message": "The requested action could not be performed, semantically incorrect, or failed business validation.",
        "debug_id": "f00d5eed",
        "details": [{"issue": name, "description": "Some prose."}],
        "links": [{"href": "https://developer.paypal.com/errors/", "rel": "information_link", "method": "GET"}],
    })
}

/// The same object with other fields.
pub(super) fn with(mut object: Value, fields: Value) -> Value {
    if let (Value::Object(object), Value::Object(fields)) = (&mut object, fields) {
        object.extend(fields);
    }
    object
}

/// A response.
pub(super) fn response(status: u16, body: &str) -> PaypalResponse {
    PaypalResponse { status, body: body.as_bytes().to_vec(), is_of_a_second_sending: false }
}

/// An order over 25 euros.
pub(super) fn order(status: &str) -> Value {
    json!({
        "id": ORDER, "intent": "CAPTURE", "status": status,
        "payment_source": {"paypal": {"email_address": "payer@example.com", "account_id": "QYR5Z8XDVJNXQ"}},
        "purchase_units": [{
            "reference_id": "default", "amount": {"currency_code": "EUR", "value": "25.00"},
            "payee": {"email_address": "merchant@example.com", "merchant_id": "X5XAHHCG636FA"},
            "custom_id": TRANSACTION_ID, "invoice_id": TRANSACTION_ID,
        }],
        "create_time": "2023-11-14T22:13:20Z",
        "links": [
            {"href": "https://api-m.paypal.com/v2/checkout/orders/5O190127TN364715T", "rel": "self", "method": "GET"},
            {"href": PAYER_URL, "rel": "payer-action", "method": "GET"},
        ],
    })
}

/// A completed order with these payments on it.
pub(super) fn paid(payments: Value) -> Value {
    let mut order = order("COMPLETED");
    order["purchase_units"][0]["payments"] = payments;
    order
}

/// A capture of the 25 euros.
pub(super) fn capture(status: &str) -> Value {
    json!({
        "id": CAPTURE, "status": status, "amount": {"currency_code": "EUR", "value": "25.00"}, "final_capture": true,
        "seller_protection": {"status": "ELIGIBLE", "dispute_categories": ["ITEM_NOT_RECEIVED"]},
        "custom_id": TRANSACTION_ID, "invoice_id": TRANSACTION_ID,
        "seller_receivable_breakdown": {
            "gross_amount": {"currency_code": "EUR", "value": "25.00"},
            "paypal_fee": {"currency_code": "EUR", "value": "1.36"},
            "net_amount": {"currency_code": "EUR", "value": "23.64"},
        },
        "supplementary_data": {"related_ids": {"order_id": ORDER}},
        "links": [
            {"href": "https://api-m.paypal.com/v2/checkout/orders/5O190127TN364715T", "rel": "up", "method": "GET"},
        ],
    })
}

/// An authorization of the 25 euros.
pub(super) fn authorization(status: &str) -> Value {
    json!({
        "id": AUTHORIZATION, "status": status, "amount": {"currency_code": "EUR", "value": "25.00"},
        "custom_id": TRANSACTION_ID, "invoice_id": TRANSACTION_ID, "expiration_time": "2023-12-13T22:13:20Z",
        "supplementary_data": {"related_ids": {"order_id": ORDER}},
        "links": [
            {"href": "https://api-m.paypal.com/v2/checkout/orders/5O190127TN364715T", "rel": "up", "method": "GET"},
        ],
    })
}

/// A refund of 5 euros.
pub(super) fn refund(status: &str, custom_id: &str) -> Value {
    json!({
        "id": "1JU08902781691411", "status": status, "amount": {"currency_code": "EUR", "value": "5.00"},
        "custom_id": custom_id, "invoice_id": "ref_x", "create_time": "2023-11-14T22:13:20Z",
        "links": [
            {"href": "https://api-m.paypal.com/v2/payments/refunds/1JU08902781691411", "rel": "self", "method": "GET"},
            {"href": "https://api-m.paypal.com/v2/payments/captures/3C679366HH908993F", "rel": "up", "method": "GET"},
        ],
    })
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
        return_url: Some(WebUrl::parse("https://shop.example/done").unwrap()),
        cancel_url: None,
        expires_in: Duration::from_secs(3600),
    }
}

/// A payment over 25 euros whose order is [`ORDER`].
pub(super) fn payment() -> Payment {
    let opening = Opening {
        id: TransactionId::parse(TRANSACTION_ID).unwrap(),
        gateway: Gateway::PayPal,
        mode: Mode::Test,
        object: GatewayToken::parse(ORDER).unwrap(),
        client_secret: None,
        payer_url: WebUrl::parse(PAYER_URL).ok(),
        request_hash: RequestHash::of([]),
        terms: terms(2_500, "EUR"),
    };
    Payment::open(
        opening,
        &Now { at: Timestamp::from_unix_ms(0), limits: Limits::STANDARD, policy: Policy::STANDARD, dice: 0 },
    )
}

/// The first attempt at it, by a client, after the payer's approval.
pub(super) fn attempt(instrument: Instrument) -> Attempt {
    Attempt {
        number: AttemptNumber::FIRST,
        source: AttemptSource::Api {
            key: IdempotencyKey::parse("order-1").unwrap(),
            request_hash: RequestHash::of([]),
            instrument,
            return_url: None,
            off_session: false,
            api_version: "v1".into(),
        },
        started_at: Timestamp::from_unix_ms(0),
        progress: AttemptProgress::Unanswered,
    }
}
