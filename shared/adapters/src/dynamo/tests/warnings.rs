//! Early fraud warnings as rows, and what a payment's row says of them.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    gateway::Mode,
    payment::{Cause, Payment, PaymentWarning, RefundSource, Review, ReviewReason},
    policy::Policy,
    schedule::Limits,
    text::Text,
    time::Now,
    warning::{Known, Link, Warning},
};
use expect_test::expect_file;
use flow::ports::{self, Actor, WriterToken, warning::Write};
use proptest::prelude::*;
use world::{host::SimHost, payments::any_warning_id, warnings::id};

use super::{golden, stories};
use crate::dynamo::{attributes::Item, row};

fn laid_out(warning: &Warning) -> Item {
    let actor = Actor::Webhook("evt_1".into());
    let writer = WriterToken(11_400_714_819_323_198_485);
    row::warning::lay_out(&Write { warning, cause: ports::Cause::of("warning_seen"), actor: &actor, writer })
}

fn noticed() -> Warning {
    let now = Now { at: SimHost::START, limits: Limits::STANDARD, policy: Policy::STANDARD, dice: 0 };
    Warning::noticed(id(1), Mode::Test, &now)
}

fn known() -> Known {
    Known { kind: Text::parse("made_with_stolen_card").unwrap(), is_actionable: true, warned_at: SimHost::START }
}

pub(super) fn told() -> Warning {
    let link = world::warnings::about(&stories::refunded());
    let attention = Some(Review { since: SimHost::START, reason: ReviewReason::ObjectMismatch });
    Warning { known: Some(known()), link, is_told: true, attention, due: None, rounds: 3, version: 5, ..noticed() }
}

fn not_ours() -> Warning {
    Warning { known: Some(Known { is_actionable: false, ..known() }), link: Link::NotOurs, due: None, ..noticed() }
}

/// A payment of which a bank has warned, and that was refunded by itself for both causes.
pub(super) fn warned_payment() -> Payment {
    let mut payment = stories::refunded();
    payment.warnings = vec![PaymentWarning {
        id: id(1),
        kind: known().kind,
        is_actionable: false,
        warned_at: SimHost::START,
        version: 4,
    }];
    let causes = [Cause::LateSuccess, Cause::FraudWarning(id(1))];
    for (refund, cause) in payment.refunds.iter_mut().zip(causes) {
        refund.source = RefundSource::Automatic(cause);
    }
    payment
}

#[test]
fn warnings_are_written_as_they_always_were_and_still_read() {
    expect_file!["../golden/warning_v1/noticed.json"].assert_eq(&golden::as_json(&laid_out(&noticed())));
    expect_file!["../golden/warning_v1/told.json"].assert_eq(&golden::as_json(&laid_out(&told())));
    expect_file!["../golden/warning_v1/not_ours.json"].assert_eq(&golden::as_json(&laid_out(&not_ours())));
    for (text, warning) in [
        (include_str!("../golden/warning_v1/noticed.json"), noticed()),
        (include_str!("../golden/warning_v1/told.json"), told()),
        (include_str!("../golden/warning_v1/not_ours.json"), not_ours()),
    ] {
        assert_eq!(row::warning::read(&golden::from_json(text)).unwrap(), warning);
    }
}

proptest! {
    #[test]
    fn every_warning_comes_back_as_it_was_laid_out(id in any_warning_id(), kind in "[a-z_]{1,64}", rounds: u32, version: u64) {
        let known = Known { kind: Text::parse(&kind).unwrap(), ..known() };
        let warning = Warning { id, known: Some(known), rounds, version, ..told() };
        prop_assert_eq!(row::warning::read(&laid_out(&warning)).unwrap(), warning);
    }
}

#[test]
fn a_warning_is_due_and_in_no_list() {
    let item = laid_out(&noticed());
    assert!(["dp", "du"].iter().all(|name| item.contains_key(*name)));
    assert!(!["xp", "xd", "yp", "ref"].iter().any(|name| item.contains_key(*name)));
    assert!(!laid_out(&told()).contains_key("du"), "and at its end not even due");
}

#[test]
fn a_warning_of_a_later_schema_or_a_broken_one_is_refused_and_named_without_its_value() {
    for (name, value, why) in [
        ("sv", AttributeValue::N("2".into()), "`sv` is a version that this release does not read"),
        ("mo", AttributeValue::S("secret".into()), "`mo` is a word that this release does not know"),
        ("kn", AttributeValue::S("secret".into()), "`kn` is not a map"),
        ("pk", AttributeValue::S("DSP#secret".into()), "`pk` is not a warning's key"),
    ] {
        let mut item = laid_out(&told());
        item.insert(name.to_owned(), value);
        assert_eq!(row::warning::read(&item).unwrap_err().to_string(), why);
    }
}
