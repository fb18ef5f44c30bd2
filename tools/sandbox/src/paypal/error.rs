//! PayPal's refusals: the HTTP status and the body that its SDKs turn into exceptions.
//!
//! One constructor per kind of refusal, so that `name`, `message` and status are decided here and nowhere else. What a
//! caller should branch on is the `issue` among the details.

use serde_json::{Map, Value, json};

use super::issues::{self, Issue};

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PaypalError {
    pub(crate) status: u16,
    shape: Shape,
}

/// Tokens are refused as OAuth has it, everything else as PayPal's REST APIs have it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    Rest { name: &'static str, message: &'static str, details: Vec<Map<String, Value>>, links: Vec<Value> },
    OAuth { error: &'static str, description: &'static str },
}

impl PaypalError {
    /// A documented issue. One that is not documented is a mistake of ours, and says so.
    pub(crate) fn issue(name: &str) -> Self {
        issues::find(name)
            .map_or_else(|| Self::internal(&format!("The sandbox knows no issue {name}.")), Self::of_issue)
    }

    pub(crate) fn of_issue(issue: &Issue) -> Self {
        Self::of_status(issue.status).detail(issue.name, issue.description)
    }

    /// An object that does not exist, or no longer does.
    pub(crate) fn missing() -> Self {
        Self::issue("INVALID_RESOURCE_ID").at("path")
    }

    /// PayPal takes it; the sandbox says that it does not.
    pub(crate) fn not_simulated(pointer: &str) -> Self {
        let description = "PayPal knows this, but the sandbox does not simulate it.";
        Self::of_status(400).detail("NOT_SUPPORTED", description).field(pointer, "")
    }

    /// Neither the sandbox nor, as far as it knows, PayPal takes it.
    pub(crate) fn unknown_field(pointer: &str) -> Self {
        Self::of_status(400).detail("INVALID_PARAMETER_SYNTAX", "There is no such field.").field(pointer, "")
    }

    /// The same key, and another request.
    pub(crate) fn key_reused() -> Self {
        let description = "The PayPal-Request-Id has already been used for another request.";
        Self::of_status(422).detail("PAYPAL_REQUEST_ID_PREVIOUSLY_USED", description)
    }

    /// A refusal of the service that webhooks are made with, which has names of its own instead of issues.
    pub(crate) fn of_webhooks(name: &'static str, message: &'static str) -> Self {
        Self { status: 400, shape: Shape::Rest { name, message, details: Vec::new(), links: Vec::new() } }
    }

    /// Which field of the body that service does not take.
    pub(crate) fn because(self, field: &str) -> Self {
        self.detail("INVALID_PARAMETER_VALUE", "The value of a field is not valid.").with("field", field)
    }

    /// A step of a dispute that its state does not allow.
    pub(crate) fn not_now(description: &str) -> Self {
        Self::of_status(422).detail("ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE", description)
    }

    pub(crate) fn internal(description: &str) -> Self {
        Self::of_status(500).detail("INTERNAL_SERVER_ERROR", description)
    }

    /// A token that PayPal does not know or knows no longer. Its gateway refuses it in the shape of OAuth.
    pub(crate) fn stale_token() -> Self {
        Self::oauth(401, "invalid_token", "Token signature verification failed")
    }

    pub(crate) fn oauth(status: u16, error: &'static str, description: &'static str) -> Self {
        Self { status, shape: Shape::OAuth { error, description } }
    }

    /// What PayPal says with this status when there is nothing more to say.
    pub(crate) fn of_status(status: u16) -> Self {
        let (name, message) = match status {
            401 => (
                "AUTHENTICATION_FAILURE",
                "Authentication failed due to missing authorization header, or invalid authentication credentials.",
            ),
            403 => ("NOT_AUTHORIZED", "Authorization failed due to insufficient permissions."),
            404 => ("RESOURCE_NOT_FOUND", "The specified resource does not exist."),
            405 => ("METHOD_NOT_SUPPORTED", "The server does not implement the requested HTTP method."),
            409 => ("RESOURCE_CONFLICT", "The server has detected a conflict while processing this request."),
            415 => ("UNSUPPORTED_MEDIA_TYPE", "The server does not support the request payload's media type."),
            422 => (
                "UNPROCESSABLE_ENTITY",
                "The requested action could not be performed, semantically incorrect, or failed business validation.",
            ),
            429 => ("RATE_LIMIT_REACHED", "Too many requests. Blocked due to rate limiting."),
            503 => ("SERVICE_UNAVAILABLE", "Service Unavailable."),
            400..=499 => {
                ("INVALID_REQUEST", "Request is not well-formed, syntactically incorrect, or violates schema.")
            }
            _ => ("INTERNAL_SERVER_ERROR", "An internal server error occurred."),
        };
        Self { status, shape: Shape::Rest { name, message, details: Vec::new(), links: Vec::new() } }
    }

    /// Which field of the body it is about, and what stood there. Nothing that might be a card number is echoed.
    pub(crate) fn field(self, pointer: &str, value: &str) -> Self {
        let value = if pointer.contains("/card") { "" } else { value };
        self.with("field", pointer).with("value", value).at("body")
    }

    /// Adds a link to the refusal: where the payer is to be sent, for one.
    pub(crate) fn link(mut self, href: String, rel: &str, method: &str) -> Self {
        if let Shape::Rest { links, .. } = &mut self.shape {
            links.push(json!({ "href": href, "rel": rel, "method": method }));
        }
        self
    }

    pub(crate) fn body(&self, debug_id: &str) -> Value {
        match &self.shape {
            Shape::OAuth { error, description } => json!({ "error": error, "error_description": description }),
            Shape::Rest { name, message, details, links } => {
                let help = json!({
                    "href": "https://developer.paypal.com/api/rest/reference/orders/v2/errors/",
                    "rel": "information_link",
                    "method": "GET",
                });
                let links: Vec<&Value> = links.iter().chain([&help]).collect();
                json!({ "name": name, "message": message, "debug_id": debug_id, "details": details, "links": links })
            }
        }
    }

    fn detail(mut self, issue: &str, description: &str) -> Self {
        if let Shape::Rest { details, .. } = &mut self.shape {
            details.push(Map::from_iter([
                ("issue".to_owned(), json!(issue)),
                ("description".to_owned(), json!(description)),
            ]));
        }
        self
    }

    fn at(self, location: &str) -> Self {
        self.with("location", location)
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        if let Shape::Rest { details, .. } = &mut self.shape
            && let Some(detail) = details.last_mut()
            && !value.is_empty()
        {
            detail.insert(name.to_owned(), json!(value));
        }
        self
    }
}
