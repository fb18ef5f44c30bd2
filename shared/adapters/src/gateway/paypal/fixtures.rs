//! Small bodies as PayPal writes them, for the tests of this folder.

use serde_json::{Value, json};

use super::message::PaypalResponse;

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
    PaypalResponse { status, body: body.as_bytes().to_vec() }
}
