//! The payments that `events/initiate*.json` open, for who shows what is done with them later.

use std::collections::BTreeMap;

use domain::gateway::Gateway;
use domain::money::{Currency, Money};
use domain::payment::{CaptureMethod, Payment, Terms};
use domain::text::{Metadata, Text, WebUrl};
use flow::operations::initiate::{InitiateRequest, Initiated, initiate};
use serde_json::Value;

use super::must;
use crate::gateway::SimGateway;
use crate::host::SimHost;
use crate::people::Twin;
use crate::shop::{order, rules};
use crate::store::MemoryStore;

/// Opens the payment that `events/<name>.json` asks for, word for word.
///
/// # Panics
/// If there is no such file, or it opens no payment.
pub async fn opened_by(host: &SimHost, store: &MemoryStore, gateway: &SimGateway, name: &str) -> Payment {
    let event: Value = must(serde_json::from_str(&super::text(name)));
    let body: Value = must(serde_json::from_str(event["body"].as_str().unwrap_or_default()));
    let usual = order(event["headers"]["Idempotency-Key"].as_str().unwrap_or_default());
    let url = |name: &str| body[name].as_str().map(|url| must(WebUrl::parse(url)));
    let pairs = body["metadata"].as_object().into_iter().flatten();
    let pairs: BTreeMap<String, String> =
        pairs.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
    let currency = must(Currency::from_code(body["currency"].as_str().unwrap_or_default()));
    let terms = Terms {
        amount: must(Money::payable(body["amount"].as_i64().unwrap_or_default(), currency)),
        capture: if body["capture"] == "manual" { CaptureMethod::Manual } else { CaptureMethod::Automatic },
        reference: text(&body["reference"]),
        description: text(&body["description"]),
        metadata: must(Metadata::parse(pairs)),
        return_url: url("returnUrl"),
        cancel_url: url("cancelUrl"),
        ..usual.terms
    };
    let at = if body["gateway"] == "paypal" { Gateway::PayPal } else { Gateway::Stripe };
    let request = InitiateRequest { terms, gateway: at, ..usual };
    match must(initiate(host, store, gateway, &Twin::default(), &rules(), request).await) {
        Initiated::Created(payment) | Initiated::Replayed(payment) => payment,
    }
}

fn text<const MAX: usize>(field: &Value) -> Option<Text<MAX>> {
    field.as_str().map(|text| must(Text::parse(text)))
}
