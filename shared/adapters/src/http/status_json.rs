//! A payment as status shows it: how it stands, and what was to be expanded of how it came to stand so and of who pays it.

use domain::payment::Payment;
use domain::personal::{Opened, Payer};
use flow::operations::status::Timeline;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::customer_json::CustomerJson;
use super::payment_json::PaymentJson;
use super::timeline_json::EntryJson;

/// A payment, with what `expand` asks for and nothing else of that.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ShownPayment", extend("dependentRequired" = together()))]
pub struct StatusJson {
    #[serde(flatten)]
    payment: PaymentJson,
    /// How it came to stand so. With `expand=timeline` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<EntryJson>")]
    timeline: Option<Vec<EntryJson>>,
    /// False while how the payment stands now is not told. With `expand=timeline` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    timeline_complete: Option<bool>,
    /// Who pays, or null if the merchant has told nothing of them. With `expand=customer` only.
    #[serde(skip_serializing_if = "Customer::is_not_asked")]
    #[schemars(with = "Option<CustomerJson>")]
    customer: Customer,
}

/// What is shown of who pays.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
enum Customer {
    NotAsked,
    Asked(Option<CustomerJson>),
}

impl Customer {
    const fn is_not_asked(&self) -> bool {
        matches!(self, Self::NotAsked)
    }
}

/// Which fields come together.
fn together() -> Value {
    json!({"timeline": ["timelineComplete"], "timelineComplete": ["timeline"]})
}

impl StatusJson {
    /// The payment, and its timeline.
    #[must_use]
    pub fn with_timeline(payment: &Payment, timeline: &Timeline) -> Self {
        Self {
            timeline: Some(timeline.entries.iter().map(EntryJson::from).collect()),
            timeline_complete: Some(timeline.is_complete),
            ..Self::from(payment)
        }
    }

    /// The payment, and who pays it.
    #[must_use]
    pub fn with_customer(payment: &Payment, payer: Option<Opened<Payer>>) -> Self {
        Self { customer: Customer::Asked(payer.map(CustomerJson::from)), ..Self::from(payment) }
    }
}

impl From<&Payment> for StatusJson {
    fn from(payment: &Payment) -> Self {
        let payment = PaymentJson::from(payment);
        Self { payment, timeline: None, timeline_complete: None, customer: Customer::NotAsked }
    }
}
