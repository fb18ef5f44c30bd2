//! Rows that nobody has written: whatever stands in the table is a payment or is refused, and a payment can be written
//! again as it was read.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use data_encoding::BASE64;
use fuzz::Target;
use serde_json::Value;

use super::laid_out;
use crate::dynamo::{attributes::Item, row};

const GOLDEN: [&str; 4] = [
    include_str!("../golden/v1/waiting.json"),
    include_str!("../golden/v1/three_d_secure.json"),
    include_str!("../golden/v1/declined_and_scheduled.json"),
    include_str!("../golden/v1/captured_by_hand.json"),
];

/// Types, and the words of the states, attempts and acts that the golden rows do not have.
const WORDS: [&str; 34] = [
    "S",
    "N",
    "B",
    "BOOL",
    "L",
    "M",
    "NULL",
    "SS",
    "succeeded",
    "failed",
    "canceled",
    "expired",
    "requires_capture",
    "requires_action",
    "processing",
    "outcome_unknown",
    "gateway_pending",
    "retry_scheduled",
    "use_gateway_sdk",
    "confirm",
    "gateway",
    "unanswered",
    "answered",
    "charged",
    "not_charged",
    "capture",
    "expiry",
    "give_up",
    "open",
    "done",
    "overtaken",
    "paypal",
    "JPY",
    "live",
];

#[test]
fn whatever_stands_in_a_row_it_is_refused_or_is_a_payment_that_can_be_written_again() {
    Target::new("stored-row").seeds(GOLDEN).words(WORDS).inputs(2_500).check(|input| {
        let Some(item) = serde_json::from_slice(input).ok().as_ref().and_then(item) else { return "no row".to_owned() };
        match row::read(&item) {
            Err(unfit) => {
                let told = unfit.to_string();
                assert!(told.len() < 300, "what stood there was repeated: {told}");
                told
            }
            Ok(payment) => {
                let again = row::read(&laid_out(&payment)).expect("what was written cannot be read");
                assert_eq!(again, payment);
                format!("{:?} {} {}", payment.state.name(), payment.attempts.len(), payment.acts.len())
            }
        }
    });
}

/// DynamoDB's own JSON, with types that our rows never have for whatever it cannot be.
fn item(json: &Value) -> Option<Item> {
    Some(json.as_object()?.iter().map(|(name, value)| (name.clone(), attribute(value))).collect())
}

fn attribute(json: &Value) -> AttributeValue {
    let typed = json.as_object().and_then(|fields| fields.iter().next());
    let Some((kind, value)) = typed else { return AttributeValue::Null(true) };
    let text = || value.as_str().unwrap_or_default().to_owned();
    match kind.as_str() {
        "S" => AttributeValue::S(text()),
        // The SDK hands on whatever text stands where a number belongs.
        "N" => AttributeValue::N(text()),
        "B" => AttributeValue::B(Blob::new(BASE64.decode(text().as_bytes()).unwrap_or_default())),
        "BOOL" => AttributeValue::Bool(value == &Value::Bool(true)),
        "L" => AttributeValue::L(value.as_array().into_iter().flatten().map(attribute).collect()),
        "M" => item(value).map_or(AttributeValue::Null(true), AttributeValue::M),
        "SS" => AttributeValue::Ss(vec![text()]),
        _ => AttributeValue::Null(true),
    }
}
