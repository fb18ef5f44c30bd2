//! The row as it is laid out: nothing is lost, nothing is misread, and it stays small. How the table behaves when rows
//! meet is the store contract's matter.

#![expect(clippy::wildcard_enum_match_arm, reason = "the SDK's enums are open: a value of a new kind fails the test")]
#![expect(clippy::arithmetic_side_effects, reason = "small numbers, and tests are built with overflow checks")]

mod causes;
mod disputes;
mod fuzz;
mod golden;
mod keyrings;
mod price;
mod releases;
mod size;
mod stories;
mod timeline;
mod warnings;
mod webhooks;

use std::collections::BTreeSet;

use aws_sdk_dynamodb::{
    error::{ConnectorError, SdkError},
    primitives::Blob,
    types::AttributeValue,
};
use domain::{
    gateway::NextAction,
    id::RowId,
    money::{Currency, Money},
    payment::{Payment, PaymentState},
};
use flow::ports::{Actor, Cause, Error, Write, WriterToken};
use proptest::prelude::*;

use super::{attributes::Item, due, failure, keys, row};

/// Lays a payment out as a client's write would.
fn laid_out(payment: &Payment) -> Item {
    row::lay_out(&write(payment, &Actor::Client("shop".into()))).unwrap()
}

const fn write<'a>(payment: &'a Payment, actor: &'a Actor) -> Write<'a> {
    let cause = Cause::of("attempt_started");
    Write { payment, cause, actor, writer: WriterToken(11_400_714_819_323_198_485) }
}

#[test]
fn why_nobody_knows_is_told_by_the_row() {
    let (payment, actor) = (stories::waiting(), Actor::Retry);
    let cause = Cause { why: Some("timeout"), ..Cause::of("outcome_unknown") };
    let unknown = Write { cause, ..write(&payment, &actor) };
    assert_eq!(row::lay_out(&unknown).unwrap().get("wy"), Some(&AttributeValue::S("timeout".to_owned())));
    assert_eq!(laid_out(&payment).get("wy"), None);
}

proptest! {
    #[test]
    fn every_payment_comes_back_as_it_was_laid_out(payment in world::payments::any_payment()) {
        prop_assert_eq!(row::read(&laid_out(&payment)).unwrap(), payment);
    }

    #[test]
    fn what_the_next_release_adds_is_left_alone(payment in world::payments::any_payment()) {
        let mut item = laid_out(&payment);
        item.insert("zz".into(), AttributeValue::S("new".into()));
        for list in ["at", "ac"] {
            let Some(AttributeValue::L(maps)) = item.get_mut(list) else { panic!("{list}") };
            for map in maps {
                let AttributeValue::M(map) = map else { panic!("{list}") };
                map.insert("zz".into(), AttributeValue::Bool(true));
            }
        }
        prop_assert_eq!(row::read(&item).unwrap(), payment);
    }

    #[test]
    fn a_row_with_another_value_anywhere_is_read_or_refused_and_never_fells_us(
        payment in world::payments::any_payment(),
        which in any::<prop::sample::Index>(),
        value in any_value(),
    ) {
        let mut item = laid_out(&payment);
        let mut names: Vec<String> = item.keys().cloned().collect();
        names.sort();
        let name = which.get(&names).clone();
        item.insert(name.clone(), value);
        if let Err(why) = row::read(&item) {
            prop_assert!(why.to_string().starts_with(&format!("`{name}")), "{name}: {why}");
        }
    }
}

fn any_value() -> impl Strategy<Value = AttributeValue> {
    let leaf = prop_oneof![
        any::<String>().prop_map(AttributeValue::S),
        any::<i64>().prop_map(|number| AttributeValue::N(number.to_string())),
        Just(AttributeValue::N("1e125".into())),
        any::<bool>().prop_map(AttributeValue::Bool),
        any::<Vec<u8>>().prop_map(|bytes| AttributeValue::B(Blob::new(bytes))),
        Just(AttributeValue::Null(true)),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(AttributeValue::L),
            prop::collection::hash_map("[a-z]{1,2}", inner, 0..4).prop_map(AttributeValue::M),
        ]
    })
}

#[test]
fn every_attribute_that_is_missing_or_of_another_type_is_named() {
    for payment in
        [stories::three_d_secure(), stories::declined_and_scheduled(), stories::captured_by_hand(), stories::paid()]
    {
        let item = laid_out(&payment);
        // What nothing is read from: the indexes' own, and what only the timeline reads.
        let unread = BTreeSet::from(["dp", "yp", "lw", "ev", "by"]);
        // What a payment need not have.
        let optional = BTreeSet::from(["cs", "ref", "cr", "ds", "sd", "md", "ru", "xu", "rv", "du", "ch"]);
        for name in item.keys().map(String::as_str).filter(|name| !unread.contains(name)) {
            let mut broken = item.clone();
            broken.insert(name.to_owned(), AttributeValue::Null(true));
            let why = row::read(&broken).unwrap_err().to_string();
            assert!(why.starts_with(&format!("`{name}` is not ")), "{name}: {why}");
            broken.remove(name);
            match row::read(&broken) {
                Ok(_) => assert!(optional.contains(name), "{name} is needed"),
                Err(why) => assert_eq!(why.to_string(), format!("`{name}` is missing")),
            }
        }
    }
}

#[test]
fn a_fault_deep_inside_is_named_by_its_path_and_without_its_value() {
    let mut item = laid_out(&stories::declined_and_scheduled());
    let Some(AttributeValue::L(attempts)) = item.get_mut("at") else { panic!() };
    let Some(AttributeValue::M(attempt)) = attempts.last_mut() else { panic!() };
    let Some(AttributeValue::M(decline)) = attempt.get_mut("d") else { panic!() };
    decline.insert("ct".into(), AttributeValue::S("secret-looking-value".into()));
    let error = Error::from(row::read(&item).unwrap_err());
    let detail = "`at[1].d.ct` is a word that this release does not know".to_owned();
    assert_eq!(error, Error::Unreadable { detail });
}

#[test]
fn a_row_of_a_later_schema_is_refused_and_not_written_back_without_what_we_do_not_know() {
    let mut item = laid_out(&stories::three_d_secure());
    item.insert("sv".into(), AttributeValue::N("3".into()));
    assert_eq!(row::read(&item).unwrap_err().to_string(), "`sv` is a version that this release does not read");
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let mut payment = stories::three_d_secure();
    let yen = Money::payable(1, Currency::from_code("JPY").unwrap()).unwrap();
    payment.state = PaymentState::Succeeded { captured: yen };
    let why = row::lay_out(&write(&payment, &Actor::Retry)).unwrap_err();
    assert_eq!(why.to_string(), "`sm` is of another currency than the payment");
}

#[test]
fn only_what_is_due_stands_in_the_due_index() {
    let mut payment = stories::three_d_secure();
    assert!(["dp", "du"].iter().all(|name| laid_out(&payment).contains_key(*name)));
    payment.due = None;
    assert!(!["dp", "du"].iter().any(|name| laid_out(&payment).contains_key(*name)));
}

#[test]
fn the_keys_of_the_other_indexes_never_change() {
    let (before, mut payment) = (laid_out(&stories::three_d_secure()), stories::three_d_secure());
    payment.updated_at = payment.updated_at.plus(std::time::Duration::from_secs(3 * 24 * 3600));
    payment.version += 1;
    payment.state = PaymentState::RequiresAction(NextAction::Confirm);
    let after = laid_out(&payment);
    for name in [keys::PK, keys::DAY_PARTITION, keys::CREATED_AT, keys::REFERENCE] {
        assert_eq!(before.get(name), after.get(name), "{name}");
    }
}

#[test]
fn a_write_knows_its_own_row_by_its_name_and_version() {
    let payment = stories::three_d_secure();
    let (item, actor) = (laid_out(&payment), Actor::Retry);
    assert!(row::is_written_by(&item, &write(&payment, &actor)));
    assert!(!row::is_written_by(&item, &Write { writer: WriterToken(1), ..write(&payment, &actor) }));
    let later = Payment { version: payment.version + 1, ..payment };
    assert!(!row::is_written_by(&item, &write(&later, &actor)));
    assert!(!row::is_written_by(&Item::new(), &write(&later, &actor)));
}

#[test]
fn one_broken_entry_does_not_hide_the_others_that_are_due() {
    let entry = |pk: String, due: &str| {
        Item::from([("pk".into(), AttributeValue::S(pk)), ("du".into(), AttributeValue::N(due.into()))])
    };
    let good = |number| entry(format!("PAY#{}", world::payments::id(number)), "1000");
    let broken = || entry("SUB#1".into(), "1000");
    let dispute = entry(format!("DSP#{}", world::disputes::id(1)), "1000");
    let page = due::page(&[good(1), broken(), dispute, good(2), broken()], true).unwrap();
    let ids: Vec<RowId> = page.rows.into_iter().map(|row| row.id).collect();
    let payment = |number| RowId::Payment(world::payments::id(number));
    assert_eq!(ids, [payment(1), RowId::Dispute(world::disputes::id(1)), payment(2)]);
    assert_eq!(page.next.unwrap().id, payment(2));
    assert_eq!(page.unreadable, 2);
    assert!(due::page(&[good(1)], false).unwrap().next.is_none());
    // Nothing to go on from: better a failure than a sweep that silently ends here.
    assert!(due::page(&[broken()], true).is_err());
    assert!(due::page(&[broken()], false).unwrap().rows.is_empty());
}

#[test]
fn a_failed_call_is_told_by_its_code_and_nothing_else() {
    use aws_sdk_dynamodb::{
        error::ErrorMetadata, operation::put_item::PutItemError, types::error::ProvisionedThroughputExceededException,
    };
    type Failed = SdkError<PutItemError, ()>;
    let throttled = ProvisionedThroughputExceededException::builder()
        .message("the row of somebody")
        .meta(ErrorMetadata::builder().code("ProvisionedThroughputExceededException").build())
        .build();
    let denied = ErrorMetadata::builder().code("AccessDeniedException").message("arn:of:somebody").build();
    let cases: [(Failed, &str); 6] = [
        (
            SdkError::service_error(PutItemError::ProvisionedThroughputExceededException(throttled), ()),
            "ProvisionedThroughputExceededException",
        ),
        (SdkError::service_error(PutItemError::generic(denied), ()), "AccessDeniedException"),
        (SdkError::timeout_error("2 s"), "timeout"),
        (SdkError::dispatch_failure(ConnectorError::timeout("connect".into())), "timeout"),
        (SdkError::dispatch_failure(ConnectorError::io("refused".into())), "connection_failed"),
        (SdkError::response_error("garbage", ()), "unreadable_answer"),
    ];
    for (failed, code) in cases {
        let told = Error::Unavailable { dependency: flow::ports::Dependency::Store, detail: code.to_owned() };
        assert_eq!(failure::of_call(&failed), told);
    }
}
