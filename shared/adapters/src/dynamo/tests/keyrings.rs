//! People's keys as rows, and what is sealed with them in the rows of payments.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    payment::Payment,
    personal::{Customer, Kept, KeyNumber, Keyring, PersonId, Sealed},
    text::Text,
};
use expect_test::expect_file;
use flow::ports::{Actor, WriterToken, personal::Write};
use world::host::SimHost;

use super::{golden, laid_out as payment_laid_out, stories};
use crate::dynamo::{attributes::Item, row};

fn person() -> PersonId {
    PersonId::of_customer(&Text::parse("c-1").unwrap())
}

fn first() -> Keyring {
    Keyring::with_key(person(), None, vec![1; 12], SimHost::START)
}

/// Of somebody who was erased, and came back.
fn returned() -> Keyring {
    let erased = Keyring::erased(person(), Some(&first()), "client:shop".to_owned(), SimHost::START).unwrap();
    Keyring::with_key(person(), Some(&erased), vec![2; 12], SimHost::START.plus(Duration::from_secs(60)))
}

fn erased() -> Keyring {
    Keyring::erased(person(), None, "client:shop".to_owned(), SimHost::START).unwrap()
}

fn laid_out(keyring: &Keyring) -> Item {
    let actor = Actor::Client("shop".into());
    let writer = WriterToken(11_400_714_819_323_198_485);
    row::keyring::lay_out(&Write { keyring, what: "key_made", actor: &actor, writer })
}

#[test]
fn rings_are_written_as_they_always_were_and_still_read() {
    expect_file!["../golden/keyring_v1/first.json"].assert_eq(&golden::as_json(&laid_out(&first())));
    expect_file!["../golden/keyring_v1/returned.json"].assert_eq(&golden::as_json(&laid_out(&returned())));
    expect_file!["../golden/keyring_v1/erased.json"].assert_eq(&golden::as_json(&laid_out(&erased())));
    for (text, ring) in [
        (include_str!("../golden/keyring_v1/first.json"), first()),
        (include_str!("../golden/keyring_v1/returned.json"), returned()),
        (include_str!("../golden/keyring_v1/erased.json"), erased()),
    ] {
        assert_eq!(row::keyring::read(&golden::from_json(text)).unwrap(), ring);
    }
}

#[test]
fn of_who_was_erased_no_key_is_left_in_the_row() {
    let item = laid_out(&erased());
    assert_eq!(item["ks"], AttributeValue::L(Vec::new()));
}

#[test]
fn a_ring_that_is_none_is_refused_and_named_without_its_value() {
    for (name, value, why) in [
        ("sv", AttributeValue::N("2".into()), "`sv` is a version that this release does not read"),
        ("pk", AttributeValue::S("CUS#secret".into()), "`pk` is not a person's key"),
        ("ks", AttributeValue::S("secret".into()), "`ks` is not a list"),
    ] {
        let mut item = laid_out(&returned());
        item.insert(name.to_owned(), value);
        assert_eq!(row::keyring::read(&item).unwrap_err().to_string(), why);
    }
}

/// As every payment is kept today.
pub(super) fn sealed_payment() -> Payment {
    let kept = |byte| Some(Kept::Sealed(Sealed { key: KeyNumber::FIRST, bytes: vec![byte; 29 + 15] }));
    let mut payment = stories::three_d_secure();
    payment.terms.customer = Some(Customer { person: person(), id: kept(1), email: kept(2), name: None });
    payment
}

#[test]
fn the_release_before_reads_a_payment_whose_payer_is_sealed_and_sees_nothing_of_them() {
    let item = payment_laid_out(&sealed_payment());
    assert_eq!(item["sv"], AttributeValue::N("1".into()));
    let AttributeValue::M(customer) = &item["cr"] else { panic!("{:?}", item["cr"]) };
    // It looks for strings by these names, and leaves others alone.
    assert!(["i", "e", "n"].iter().all(|name| !customer.contains_key(*name)), "{customer:?}");
    assert_eq!(row::read(&item).unwrap(), sealed_payment());
}

#[test]
fn whose_data_it_is_is_written_only_where_it_does_not_follow() {
    let mut payment = sealed_payment();
    payment.terms.customer = Some(Customer::unnamed(PersonId::of_payment(&payment.id)));
    let AttributeValue::M(customer) = &payment_laid_out(&payment)["cr"] else { panic!("a map") };
    assert!(customer.is_empty());
}
