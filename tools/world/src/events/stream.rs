//! Records of the table's stream, as Lambda hands them to `publish`, made of rows of the twin.

#![expect(clippy::panic, reason = "a test that cannot be set up fails at once")]

use std::collections::BTreeMap;

use adapters::dynamo::Item;
use aws_sdk_dynamodb::types::AttributeValue;
use data_encoding::BASE64;
use serde_json::{Value, json};

/// A record that says that a row changed, at this place of its shard.
#[must_use]
pub fn record(before: Option<&Item>, after: &Item, place: u32) -> Value {
    let mut change = json!({
        "ApproximateCreationDateTime": 1_795_435_200,
        "Keys": {"pk": after.get("pk").map(attribute)},
        "NewImage": attributes(after),
        "SequenceNumber": format!("4421584500000000017450439{place:03}"),
        "SizeBytes": 512,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    });
    let changed = change.as_object_mut();
    if let Some((before, change)) = before.zip(changed) {
        change.insert("OldImage".to_owned(), attributes(before));
    }
    json!({
        "eventID": format!("c4ca4238a0b923820dcc509a6f75{place:04}"),
        "eventName": if before.is_some() { "MODIFY" } else { "INSERT" },
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "dynamodb": change,
        "eventSourceARN":
            "arn:aws:dynamodb:eu-central-1:123456789012:table/quittance-Table/stream/2026-11-23T12:00:00.000",
    })
}

/// A batch of records.
#[must_use]
pub fn batch(records: &[Value]) -> Value {
    json!({"Records": records})
}

fn attributes(item: &Item) -> Value {
    // Sorted, so that an event file changes only where a row does.
    let sorted: BTreeMap<&String, Value> = item.iter().map(|(name, value)| (name, attribute(value))).collect();
    json!(sorted)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the SDK's enum is open, and rows have these kinds")]
fn attribute(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(digits) => json!({"N": digits}),
        AttributeValue::B(bytes) => json!({"B": BASE64.encode(bytes.as_ref())}),
        AttributeValue::Bool(flag) => json!({"BOOL": flag}),
        AttributeValue::L(values) => json!({"L": values.iter().map(attribute).collect::<Vec<_>>()}),
        AttributeValue::M(item) => json!({"M": attributes(item)}),
        other => panic!("rows have no {other:?}"),
    }
}
