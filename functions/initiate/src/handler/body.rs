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

/// What a client sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct InitiateBody {
    amount: i64,
    currency: String,
    gateway: Option<GatewayWord>,
    reference: Option<String>,
    capture: Option<CaptureWord>,
    confirmation: Option<ConfirmationWord>,
    customer: Option<CustomerBody>,
    description: Option<String>,
    statement_descriptor: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
    return_url: Option<String>,
    cancel_url: Option<String>,
    expires_in: Option<u64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum GatewayWord {
    Stripe,
    PayPal,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum CaptureWord {
    Automatic,
    Manual,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ConfirmationWord {
    Explicit,
    Automatic,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerBody {
    id: Option<String>,
    email: Option<String>,
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
