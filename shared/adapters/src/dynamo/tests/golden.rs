//! Rows as they stand in tables by now, one file each, in DynamoDB's own JSON. A changed file is a changed table: the
//! files of a version are never edited once it has been released, and every version that is still read has a folder.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use data_encoding::BASE64;
use domain::{
    gateway::Gateway,
    pause::{Paused, Pauses},
    payment::Payment,
};
use expect_test::expect_file;
use serde_json::{Value, json};

use super::{disputes::disputed_payment, keyrings::sealed_payment, laid_out, stories, warnings::warned_payment};
use crate::dynamo::{attributes::Item, keys, row};

#[test]
fn rows_are_written_as_they_always_were() {
    expect_file!["../golden/v1/waiting.json"].assert_eq(&as_json(&laid_out(&stories::waiting())));
    expect_file!["../golden/v1/three_d_secure.json"].assert_eq(&as_json(&laid_out(&stories::three_d_secure())));
    let declined = laid_out(&stories::declined_and_scheduled());
    expect_file!["../golden/v1/declined_and_scheduled.json"].assert_eq(&as_json(&declined));
    expect_file!["../golden/v1/captured_by_hand.json"].assert_eq(&as_json(&laid_out(&stories::captured_by_hand())));
    expect_file!["../golden/v1/sealed.json"].assert_eq(&as_json(&laid_out(&sealed_payment())));
    expect_file!["../golden/v2/paid.json"].assert_eq(&as_json(&laid_out(&stories::paid())));
    let fee_before = laid_out(&stories::fee_before_the_exchange());
    expect_file!["../golden/v2/fee_before_the_exchange.json"].assert_eq(&as_json(&fee_before));
    expect_file!["../golden/v2/declined_for_days.json"].assert_eq(&as_json(&laid_out(&stories::declined_for_days())));
    expect_file!["../golden/v2/refunded.json"].assert_eq(&as_json(&laid_out(&stories::refunded())));
    expect_file!["../golden/v2/refund_unknown.json"].assert_eq(&as_json(&laid_out(&stories::refund_unknown())));
    expect_file!["../golden/v2/disputed.json"].assert_eq(&as_json(&laid_out(&disputed_payment())));
    expect_file!["../golden/v2/warned.json"].assert_eq(&as_json(&laid_out(&warned_payment())));
}

#[test]
fn rows_that_stand_in_tables_are_still_read() {
    let rows: [(&str, Payment); 12] = [
        (include_str!("../golden/v1/sealed.json"), sealed_payment()),
        (include_str!("../golden/v1/waiting.json"), stories::waiting()),
        (include_str!("../golden/v1/three_d_secure.json"), stories::three_d_secure()),
        (include_str!("../golden/v1/declined_and_scheduled.json"), stories::declined_and_scheduled()),
        (include_str!("../golden/v1/captured_by_hand.json"), stories::captured_by_hand()),
        (include_str!("../golden/v2/paid.json"), stories::paid()),
        (include_str!("../golden/v2/fee_before_the_exchange.json"), stories::fee_before_the_exchange()),
        (include_str!("../golden/v2/declined_for_days.json"), stories::declined_for_days()),
        (include_str!("../golden/v2/refunded.json"), stories::refunded()),
        (include_str!("../golden/v2/refund_unknown.json"), stories::refund_unknown()),
        (include_str!("../golden/v2/disputed.json"), disputed_payment()),
        (include_str!("../golden/v2/warned.json"), warned_payment()),
    ];
    for (text, payment) in rows {
        assert_eq!(row::read(&from_json(text)).unwrap(), payment);
    }
}

/// `cargo xtask pause` writes this very row, as a test of its own says, and people write others by hand.
#[test]
fn a_pause_is_read_however_it_was_written_down() {
    let everything = Pauses::of([Paused::Everything]);
    let row = from_json(include_str!("../golden/pauses_v1/everything.json"));
    assert_eq!(row.get("pk"), Some(&keys::of_pauses()));
    assert_eq!(row::pauses::read(&row), everything);
    let of = |names: &[&str]| {
        let named = names.iter().map(|name| ((*name).to_owned(), AttributeValue::Bool(false)));
        row::pauses::read(&named.chain([("pk".to_owned(), keys::of_pauses())]).collect())
    };
    assert_eq!(of(&[]), Pauses::default());
    assert_eq!(of(&["stripe"]), Pauses::of([Paused::At(Gateway::Stripe)]));
    assert_eq!(of(&["paypal", "stripe"]).count(), 2);
    for misspelled in ["Stripe", "strip", "all", "true"] {
        assert_eq!(of(&[misspelled]), everything, "{misspelled:?}: somebody wants something stopped");
    }
    for paused in [Paused::Everything, Paused::At(Gateway::Stripe), Paused::At(Gateway::PayPal)] {
        assert_eq!(of(&[row::pauses::name(paused)]), Pauses::of([paused]));
    }
}

pub(super) fn as_json(item: &Item) -> String {
    format!("{:#}\n", map_as_json(item))
}

fn map_as_json(item: &Item) -> Value {
    // Sorted, so that a change shows as the lines that changed.
    let sorted: BTreeMap<&String, Value> = item.iter().map(|(name, value)| (name, value_as_json(value))).collect();
    json!(sorted)
}

fn value_as_json(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(digits) => json!({"N": digits}),
        AttributeValue::B(bytes) => json!({"B": BASE64.encode(bytes.as_ref())}),
        AttributeValue::Bool(flag) => json!({"BOOL": flag}),
        AttributeValue::L(values) => json!({"L": values.iter().map(value_as_json).collect::<Vec<_>>()}),
        AttributeValue::M(item) => json!({"M": map_as_json(item)}),
        other => panic!("rows have no {other:?}"),
    }
}

pub(super) fn from_json(text: &str) -> Item {
    map_from_json(&serde_json::from_str(text).unwrap())
}

fn map_from_json(map: &Value) -> Item {
    map.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value_from_json(value))).collect()
}

fn value_from_json(value: &Value) -> AttributeValue {
    let (kind, inner) = value.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "S" => AttributeValue::S(inner.as_str().unwrap().into()),
        "N" => AttributeValue::N(inner.as_str().unwrap().into()),
        "B" => AttributeValue::B(Blob::new(BASE64.decode(inner.as_str().unwrap().as_bytes()).unwrap())),
        "BOOL" => AttributeValue::Bool(inner.as_bool().unwrap()),
        "L" => AttributeValue::L(inner.as_array().unwrap().iter().map(value_from_json).collect()),
        "M" => AttributeValue::M(map_from_json(inner)),
        other => panic!("rows have no {other}"),
    }
}
