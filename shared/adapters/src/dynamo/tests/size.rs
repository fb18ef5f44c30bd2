//! A write costs one unit per started kilobyte: a row of 1,025 bytes doubles the price of every change.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{laid_out, stories};
use crate::dynamo::attributes::Item;

const ONE_UNIT: usize = 1024;

#[test]
fn the_common_case_fits_into_one_write_unit() {
    let common =
        [("waiting", stories::waiting()), ("three_d_secure", stories::three_d_secure()), ("paid", stories::paid())];
    let sizes = common.map(|(name, payment)| (name, size_of_item(&laid_out(&payment))));
    for (name, size) in sizes {
        assert!(size <= ONE_UNIT, "{name} takes {size} bytes: {sizes:?}");
    }
}

#[test]
fn the_largest_row_stays_far_below_what_dynamodb_stores() {
    let size = size_of_item(&laid_out(&world::payments::largest(1)));
    assert!((50_000..200_000).contains(&size), "{size} bytes; DynamoDB stores 400 kB");
}

#[test]
fn sizes_are_counted_as_dynamodb_counts_them() {
    // The examples of the developer guide: names count, numbers take a byte for two digits and one more, a map or
    // list three and one for each element.
    let size = |value| size_of_item(&Item::from([("ab".to_owned(), value)]));
    assert_eq!(size(AttributeValue::S("äb".into())), 2 + 3);
    assert_eq!(size(AttributeValue::N("1793610000000".into())), 2 + 4);
    assert_eq!(size(AttributeValue::N("1793610000001".into())), 2 + 8);
    assert_eq!(size(AttributeValue::Bool(true)), 2 + 1);
    assert_eq!(size(AttributeValue::L(vec![AttributeValue::Bool(true); 2])), 2 + 3 + 2 * 2);
    assert_eq!(size(AttributeValue::M(Item::from([("c".to_owned(), AttributeValue::Null(true))]))), 2 + 3 + 1 + 1 + 1);
}

/// DynamoDB's rule (developer guide, "item sizes and formats").
pub(super) fn size_of_item(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + size_of_value(value)).sum()
}

fn size_of_value(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        // Zeros at either end are not stored.
        AttributeValue::N(digits) => {
            digits.trim_start_matches('-').trim_matches('0').len().div_ceil(2)
                + 1
                + usize::from(digits.starts_with('-'))
        }
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Bool(_) | AttributeValue::Null(_) => 1,
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + size_of_value(value)).sum::<usize>(),
        AttributeValue::M(item) => 3 + item.len() + size_of_item(item),
        other => panic!("rows have no {other:?}"),
    }
}
