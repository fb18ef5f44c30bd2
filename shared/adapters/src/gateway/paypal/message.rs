//! What goes to PayPal and what comes back, as plain values: a request can be compared and a response made up without a
//! socket.

use serde::Serialize;

/// A request to PayPal. The same value is always the same bytes.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct PaypalRequest {
    pub(super) path: String,
    pub(super) act: Act,
}

/// Whether a request changes anything.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Act {
    /// It only looks, and may be repeated as it is.
    Get,
    /// It acts, so it has a key, and PayPal acts once for each key.
    Post {
        /// `PayPal-Request-Id`.
        request_id: String,
        /// JSON, as it is sent. Kept as text: a re-send must be the same bytes.
        body: String,
    },
    /// It acts on a dispute, and sends a form of one part, because PayPal takes that in no other way. PayPal promises no keys
    /// there, so it is not sent twice within a call.
    Form {
        /// `PayPal-Request-Id`.
        request_id: String,
        /// What parts the form's parts. It begins a line, and JSON has no lines.
        boundary: &'static str,
        /// The whole form.
        body: String,
    },
}

/// What parts a form's parts.
const BOUNDARY: &str = "quittance-7d1f5a2c";

/// Why there is nothing to send. Nothing was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsendable {
    /// The row does not ask for it.
    NotOnTheRow,
    /// PayPal has no way to do it; this is the code for why.
    Impossible(&'static str),
}

impl PaypalRequest {
    /// A look.
    pub(super) const fn get(path: String) -> Self {
        Self { path, act: Act::Get }
    }

    /// An act.
    pub(super) fn post(path: String, request_id: String, body: &impl Serialize) -> Self {
        // What we send are structs of texts; that cannot fail. If it did, PayPal would refuse the nothing.
        let body = serde_json::to_string(body).unwrap_or_default();
        Self { path, act: Act::Post { request_id, body } }
    }
}

impl PaypalRequest {
    /// An act with its JSON as the part `input` of a form.
    pub(super) fn form(path: String, request_id: String, input: &impl Serialize) -> Self {
        let input = serde_json::to_string(input).unwrap_or_default();
        let body = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"input\"\r\nContent-Type: application/json\r\n\r\n\
             {input}\r\n--{BOUNDARY}--\r\n"
        );
        Self { path, act: Act::Form { request_id, boundary: BOUNDARY, body } }
    }
}

/// A response of PayPal's: whatever came back whole, and nothing that did not.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct PaypalResponse {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// Whether the same request had been sent before within the call, and nobody heard what came of it.
    pub(super) is_of_a_second_sending: bool,
}
