//! Stripe's refusals: the HTTP status and the body `{"error": {…}}` that its SDKs turn into exceptions.
//!
//! One constructor per kind of refusal, so that `type`, `code` and status are decided here and nowhere else.

use serde_json::{Map, Value, json};

/// A refusal, on its way out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StripeError {
    pub(crate) status: u16,
    kind: &'static str,
    code: Option<String>,
    message: String,
    param: Option<String>,
    /// Whether a retry makes sense, where Stripe says so itself (`Stripe-Should-Retry`).
    pub(crate) should_retry: Option<bool>,
    /// `payment_intent`, `charge`, `decline_code`, …
    more: Map<String, Value>,
}

impl StripeError {
    fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, kind, code: None, message, param: None, should_retry: None, more: Map::new() }
    }

    /// 400 `invalid_request_error`.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(401, "invalid_request_error", message)
    }

    pub(crate) fn unknown_parameter(param: &str) -> Self {
        Self::invalid(format!("Received unknown parameter: {param}")).code("parameter_unknown").param(param)
    }

    pub(crate) fn missing_parameter(param: &str) -> Self {
        Self::invalid(format!("Missing required param: {param}.")).code("parameter_missing").param(param)
    }

    /// A real parameter of Stripe that this stand-in does not honour. Accepting it silently would be a lie.
    pub(crate) fn not_simulated(param: &str) -> Self {
        Self::invalid(format!("The sandbox does not simulate the parameter {param}.")).param(param)
    }

    pub(crate) fn unknown_url(method: &str, path: &str) -> Self {
        Self::new(
            404,
            "invalid_request_error",
            format!("Unrecognized request URL ({method}: {path}). The sandbox simulates only part of Stripe's API."),
        )
    }

    /// Nothing has this id. The status is 404 when the id stands in the path and 400 when it stands in a parameter.
    pub(crate) fn missing_in_path(what: &str, id: &str) -> Self {
        Self::new(404, "invalid_request_error", format!("No such {what}: '{id}'")).code("resource_missing").param(
            match what {
                "payment_intent" => "intent",
                _ => "id",
            },
        )
    }

    pub(crate) fn missing_in_param(what: &str, id: &str, param: &str) -> Self {
        Self::invalid(format!("No such {what}: '{id}'")).code("resource_missing").param(param)
    }

    /// 402: the bank, the network or the payer's authentication said no.
    pub(crate) fn card(code: &str, message: &str) -> Self {
        Self::new(402, "card_error", message).code(code)
    }

    pub(crate) fn key_reused(message: String) -> Self {
        Self { should_retry: Some(false), ..Self::new(400, "idempotency_error", message) }
    }

    pub(crate) fn key_in_use(key: &str) -> Self {
        let message =
            format!("There is currently another in-progress request using this Stripe-Idempotency-Key ({key})");
        let error = Self::new(409, "idempotency_error", message).code("idempotency_key_in_use");
        Self { should_retry: Some(true), ..error }
    }

    pub(crate) fn lock_timeout() -> Self {
        let error = Self::new(
            429,
            "invalid_request_error",
            "This object cannot be accessed right now because another API request or Stripe process is currently \
                accessing it.",
        );
        Self { should_retry: Some(true), ..error.code("lock_timeout") }
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "api_error", message)
    }

    /// What Stripe's edge says with this status, for faults that are asked for by number.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            401 => Self::unauthorized("Invalid API Key provided: sk_test_****"),
            402 => Self::card("card_declined", "Your card was declined."),
            409 => Self::key_in_use("unknown"),
            429 => Self::new(429, "invalid_request_error", "Request rate limit exceeded.").code("rate_limit"),
            400..=499 => Self::new(status, "invalid_request_error", "The sandbox was asked to refuse this request."),
            _ => Self::new(status, "api_error", "An unknown error occurred"),
        }
    }

    pub(crate) fn code(self, code: &str) -> Self {
        Self { code: Some(code.to_owned()), ..self }
    }

    pub(crate) fn param(self, param: &str) -> Self {
        Self { param: Some(param.to_owned()), ..self }
    }

    /// Adds a field that only some refusals bear.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn body(&self) -> Value {
        let mut error = self.more.clone();
        error.insert("type".to_owned(), json!(self.kind));
        error.insert("message".to_owned(), json!(self.message));
        if let Some(code) = &self.code {
            error.insert("code".to_owned(), json!(code));
            error.insert("doc_url".to_owned(), json!(doc_url(code)));
        }
        if let Some(param) = &self.param {
            error.insert("param".to_owned(), json!(param));
        }
        json!({ "error": error })
    }
}

/// Stripe links every code to its page of codes.
pub(crate) fn doc_url(code: &str) -> String {
    format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-"))
}
