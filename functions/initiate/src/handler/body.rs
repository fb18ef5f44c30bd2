//! The body of `POST /payment/initiate`: from JSON to the domain's terms. Everything that is wrong with it is said at once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use adapters::config::CheckoutExpiry;
use adapters::http::problem::{FieldError, Problem, Refusal};
use domain::gateway::Gateway;
use domain::id::RequestHash;
use domain::money::{Currency, Money, MoneyError};
use domain::payment::{CaptureMethod, Confirmation, Terms};
use domain::personal::Payer;
use domain::text::{Metadata, Text, TextError, WebUrl};
use serde::Deserialize;

/// A payment that is to be opened.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(test, schemars(rename = "InitiateRequest"))]
pub(super) struct InitiateBody {
    /// Whole minor units of the currency; what the gateway can express, and within the stack's `AmountLimits`.
    #[cfg_attr(test, schemars(range(min = 1, max = i64::MAX)))]
    amount: i64,
    /// ISO 4217, upper case.
    #[cfg_attr(test, schemars(regex(pattern = "^[A-Z]{3}$")))]
    currency: String,
    /// Default: the stack's, as a rule `stripe`.
    gateway: Option<GatewayWord>,
    /// The merchant's own name for it.
    #[cfg_attr(test, schemars(length(min = 1, max = 100), regex(pattern = world::openapi::PLAIN_TEXT)))]
    reference: Option<String>,
    /// `manual`: hold the money now, capture it later.
    capture: Option<CaptureWord>,
    /// `automatic`, at PayPal only: it is confirmed as soon as the payer has approved.
    confirmation: Option<ConfirmationWord>,
    customer: Option<CustomerBody>,
    #[cfg_attr(test, schemars(length(min = 1, max = 500), regex(pattern = world::openapi::PLAIN_TEXT)))]
    description: Option<String>,
    /// What the payer reads on a statement.
    #[cfg_attr(test, schemars(length(min = 1, max = 22), regex(pattern = world::openapi::PLAIN_TEXT)))]
    statement_descriptor: Option<String>,
    /// The merchant's own key-value pairs: at most 1024 bytes in all.
    #[cfg_attr(test, schemars(extend("maxProperties" = Metadata::MAX_KEYS, "propertyNames" = metadata_key(), "additionalProperties" = metadata_value())))]
    metadata: Option<BTreeMap<String, String>>,
    /// Required at PayPal. Without it the object allows no redirects at Stripe.
    #[cfg_attr(test, schemars(length(max = WebUrl::MAX_LENGTH), regex(pattern = world::openapi::WEB_URL)))]
    return_url: Option<String>,
    /// Where a payer comes back to who does not approve.
    #[cfg_attr(test, schemars(length(max = WebUrl::MAX_LENGTH), regex(pattern = world::openapi::WEB_URL)))]
    cancel_url: Option<String>,
    /// Seconds that the payer has. Default: the stack's, as a rule a day.
    #[cfg_attr(test, schemars(range(min = 300, max = Terms::EXPIRES_IN_MAX.as_secs())))]
    expires_in: Option<u64>,
}

/// A key of metadata, as a schema.
#[cfg(test)]
fn metadata_key() -> serde_json::Value {
    serde_json::json!({
        "minLength": 1,
        "maxLength": Metadata::MAX_KEY_CHARS,
        "pattern": r"^[^\[\]\u0000-\u001F\u007F-\u009F]*$",
        "not": {"const": Metadata::RESERVED_KEY},
    })
}

/// A value of metadata, as a schema.
#[cfg(test)]
fn metadata_value() -> serde_json::Value {
    let pattern = world::openapi::PLAIN_TEXT;
    serde_json::json!({"type": "string", "maxLength": Metadata::MAX_VALUE_CHARS, "pattern": pattern})
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "lowercase")]
enum GatewayWord {
    Stripe,
    PayPal,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "lowercase")]
enum CaptureWord {
    Automatic,
    Manual,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "lowercase")]
enum ConfirmationWord {
    Explicit,
    Automatic,
}

/// Who pays. It is kept encrypted, goes to no gateway, and can be erased.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(rename = "CustomerOfRequest"))]
struct CustomerBody {
    /// One `id` is one person. Give none to guests.
    #[cfg_attr(test, schemars(length(min = 1, max = 100), regex(pattern = world::openapi::PLAIN_TEXT)))]
    id: Option<String>,
    #[cfg_attr(test, schemars(length(min = 1, max = 254), regex(pattern = world::openapi::PLAIN_TEXT)))]
    email: Option<String>,
    #[cfg_attr(test, schemars(length(min = 1, max = 200), regex(pattern = world::openapi::PLAIN_TEXT)))]
    name: Option<String>,
}

impl InitiateBody {
    /// The hash that tells a replay from a reuse of the key: over what was asked. A default that is spelled out asks for the same
    /// as one that is left out.
    #[must_use]
    pub(super) fn hash(&self, default_gateway: Gateway) -> RequestHash {
        let gateway = self.gateway(default_gateway);
        let amount = self.amount.to_string();
        let expires_in = self.expires_in.map(|seconds| seconds.to_string());
        let customer = self.customer.as_ref();
        let fixed = [
            ("amount", Some(amount.as_str())),
            ("currency", Some(self.currency.as_str())),
            ("gateway", (gateway == Gateway::PayPal).then_some("paypal")),
            ("reference", self.reference.as_deref()),
            ("capture", self.capture.and_then(CaptureWord::unless_default)),
            ("confirmation", self.confirmation.and_then(ConfirmationWord::unless_default)),
            ("customer.id", customer.and_then(|customer| customer.id.as_deref())),
            ("customer.email", customer.and_then(|customer| customer.email.as_deref())),
            ("customer.name", customer.and_then(|customer| customer.name.as_deref())),
            ("description", self.description.as_deref()),
            ("statementDescriptor", self.statement_descriptor.as_deref()),
            ("returnUrl", self.return_url.as_deref()),
            ("cancelUrl", self.cancel_url.as_deref()),
            ("expiresIn", expires_in.as_deref()),
        ];
        let given = fixed.into_iter().filter_map(|(name, value)| value.map(|value| (name, value)));
        let metadata: Vec<(String, &str)> =
            self.metadata.iter().flatten().map(|(key, value)| (format!("metadata.{key}"), value.as_str())).collect();
        RequestHash::of(given.chain(metadata.iter().map(|(key, value)| (key.as_str(), *value))))
    }

    /// The gateway that was asked for, the terms of the payment, and who pays it.
    ///
    /// # Errors
    /// 400 with everything that is wrong.
    pub(super) fn into_terms(
        self,
        default_gateway: Gateway,
        checkout_expiry: CheckoutExpiry,
    ) -> Result<(Gateway, Terms, Option<Payer>), Problem> {
        let mut faults = Faults::default();
        let gateway = self.gateway(default_gateway);
        if gateway == Gateway::PayPal && self.return_url.is_none() {
            faults.add("/returnUrl", "must be given: a payer who has approved at PayPal comes back to it");
        }
        if gateway == Gateway::Stripe && matches!(self.confirmation, Some(ConfirmationWord::Automatic)) {
            faults.add("/confirmation", "can be `automatic` only where the payer approves first, at PayPal");
        }
        let amount = faults.amount(self.amount, &self.currency);
        let reference = faults.text("/reference", self.reference);
        let payer = self.customer.map(|customer| Payer {
            id: faults.text("/customer/id", customer.id),
            email: faults.text("/customer/email", customer.email),
            name: faults.text("/customer/name", customer.name),
        });
        let description = faults.text("/description", self.description);
        let statement_descriptor = faults.text("/statementDescriptor", self.statement_descriptor);
        let metadata = faults.metadata(self.metadata.unwrap_or_default());
        let return_url = faults.url("/returnUrl", self.return_url);
        let cancel_url = faults.url("/cancelUrl", self.cancel_url);
        let expires_in = faults.expires_in(self.expires_in, checkout_expiry);
        let terms = Terms {
            amount: faults.none_and(amount)?,
            capture: self.capture.map_or(CaptureMethod::Automatic, CaptureWord::into_domain),
            confirmation: match self.confirmation {
                Some(ConfirmationWord::Explicit) | None => Confirmation::Explicit,
                Some(ConfirmationWord::Automatic) => Confirmation::Automatic,
            },
            reference,
            customer: None,
            description,
            statement_descriptor,
            metadata,
            return_url,
            cancel_url,
            expires_in,
        };
        Ok((gateway, terms, payer))
    }

    fn gateway(&self, default_gateway: Gateway) -> Gateway {
        match self.gateway {
            Some(GatewayWord::Stripe) => Gateway::Stripe,
            Some(GatewayWord::PayPal) => Gateway::PayPal,
            None => default_gateway,
        }
    }
}

impl ConfirmationWord {
    const fn unless_default(self) -> Option<&'static str> {
        match self {
            Self::Explicit => None,
            Self::Automatic => Some("automatic"),
        }
    }
}

impl CaptureWord {
    const fn unless_default(self) -> Option<&'static str> {
        match self {
            Self::Automatic => None,
            Self::Manual => Some("manual"),
        }
    }

    const fn into_domain(self) -> CaptureMethod {
        match self {
            Self::Automatic => CaptureMethod::Automatic,
            Self::Manual => CaptureMethod::Manual,
        }
    }
}

/// What is wrong with the fields, gathered so that a client can mend all of it at once.
#[derive(Default)]
struct Faults(Vec<FieldError>);

impl Faults {
    fn add(&mut self, pointer: impl Into<String>, detail: impl Into<Cow<'static, str>>) {
        self.0.push(FieldError { pointer: pointer.into(), detail: detail.into() });
    }

    fn amount(&mut self, minor_units: i64, code: &str) -> Option<Money> {
        let currency = Currency::from_code(code).map_err(|error| self.add("/currency", error.to_string())).ok();
        if minor_units <= 0 {
            self.add("/amount", MoneyError::NotPositive.to_string());
        }
        Money::payable(minor_units, currency?).ok()
    }

    fn text<const MAX: usize>(&mut self, pointer: &str, text: Option<String>) -> Option<Text<MAX>> {
        self.keep(pointer, Text::parse(&text?))
    }

    fn url(&mut self, pointer: &str, text: Option<String>) -> Option<WebUrl> {
        self.keep(pointer, WebUrl::parse(&text?))
    }

    fn keep<T>(&mut self, pointer: &str, parsed: Result<T, TextError>) -> Option<T> {
        parsed.map_err(|error| self.add(pointer, error.to_string())).ok()
    }

    fn metadata(&mut self, pairs: BTreeMap<String, String>) -> Metadata {
        Metadata::parse(pairs).unwrap_or_else(|(key, error)| {
            // `~` and `/` are what a JSON pointer escapes.
            let key = key.map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1")));
            self.add(format!("/metadata{}", key.unwrap_or_default()), error.to_string());
            Metadata::default()
        })
    }

    fn expires_in(&mut self, seconds: Option<u64>, bounds: CheckoutExpiry) -> Duration {
        let Some(expires_in) = seconds.map(Duration::from_secs) else { return bounds.usual };
        if !(bounds.shortest..=Terms::EXPIRES_IN_MAX).contains(&expires_in) {
            let (least, most) = (bounds.shortest.as_secs(), Terms::EXPIRES_IN_MAX.as_secs());
            self.add("/expiresIn", format!("must be a number of seconds between {least} and {most}"));
        }
        expires_in
    }

    /// The amount, if nothing is wrong with it or any other field.
    fn none_and(self, amount: Option<Money>) -> Result<Money, Problem> {
        let problem = || Problem::new(Refusal::InvalidRequest);
        if self.0.is_empty() { amount.ok_or_else(problem) } else { Err(problem().with_errors(self.0)) }
    }
}
