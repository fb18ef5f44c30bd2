//! Disputes as rows: nothing is lost, nothing is misread, and their list is in order.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    dispute::{Act, ActKind, ActProgress, Dispute, KeptPapers, Paper, Papers, Reminder, Stage, Standing, Status},
    id::{IdempotencyKey, RequestHash},
    payment::{Payment, PaymentDispute, Review, ReviewReason},
    personal::{KeyNumber, PersonId, Sealed},
    time::Timestamp,
};
use expect_test::expect_file;
use flow::ports::{
    Actor, Cause, WriterToken,
    dispute::{Place, Write},
};
use proptest::prelude::*;
use world::{
    disputes::made_up::{any_dispute, largest, open},
    host::SimHost,
};

use super::{golden, size::size_of_item};
use crate::dynamo::{
    attributes::{Attributes, Item},
    keys, row,
};

fn laid_out(dispute: &Dispute) -> Item {
    row::dispute::lay_out(&write(dispute, &Actor::Webhook("evt_1".into()))).unwrap()
}

const fn write<'a>(dispute: &'a Dispute, actor: &'a Actor) -> Write<'a> {
    let cause = Cause::of("dispute_moved");
    Write { dispute, cause, actor, writer: WriterToken(11_400_714_819_323_198_485) }
}

/// Lost after papers were put by, submitted and refused once; a person has been asked to look.
pub(super) fn fought() -> Dispute {
    let mut dispute = open(1);
    let papers = [(Paper::Explanation, "It was\ndelivered.".to_owned()), (Paper::Receipt, "file_1QxT".to_owned())];
    dispute.papers = KeptPapers::clear(&Papers::parse(papers.into()).unwrap());
    let progress = [
        (ActKind::Draft, ActProgress::Done),
        (ActKind::Submit { before: Some(0) }, ActProgress::Refused { code: "file_not_found".into() }),
        (ActKind::Submit { before: None }, ActProgress::Overtaken),
        (ActKind::Accept, ActProgress::Answered { refusal: Some("dispute_closed".into()) }),
        (ActKind::Accept, ActProgress::Answered { refusal: None }),
        (ActKind::Accept, ActProgress::Taken),
        (ActKind::Accept, ActProgress::Unanswered),
    ];
    let act = |(number, (kind, progress)): (u64, (ActKind, ActProgress))| Act {
        kind,
        key: IdempotencyKey::parse(&format!("act-{number}")).unwrap(),
        request_hash: RequestHash::of([("submit", "true")]),
        started_at: SimHost::START.plus(Duration::from_secs(number)),
        sent_at: SimHost::START.plus(Duration::from_secs(2 * number)),
        progress,
    };
    dispute.acts = (0_u64..).zip(progress).map(act).collect();
    dispute.reminded = Some(Reminder::ThreeDays);
    dispute.attention = Some(Review { since: SimHost::START, reason: ReviewReason::OutcomeUnknown });
    dispute.rounds = 12;
    dispute
}

/// The same, with papers as they are kept today.
fn sealed() -> Dispute {
    let sealed = |byte| Sealed { key: KeyNumber::FIRST, bytes: vec![byte; 31] };
    let papers = [(Paper::Explanation, sealed(1)), (Paper::CustomerEmail, sealed(2))];
    Dispute { papers: KeptPapers::sealed(PersonId::of_payment(&world::payments::id(1)), papers), ..fought() }
}

fn noticed() -> Dispute {
    let mut dispute = open(2);
    (dispute.known, dispute.link, dispute.is_told) = (None, domain::dispute::Link::Unknown, false);
    dispute
}

/// A payment of which a part is disputed, and another part was won back.
pub(super) fn disputed_payment() -> Payment {
    let mut payment = super::stories::refunded();
    let amount = payment.captured();
    let dispute = |number, stage, status| PaymentDispute {
        id: world::disputes::id(number),
        amount,
        standing: Standing { stage, status },
        version: u64::from(number) + 4,
    };
    payment.disputes =
        vec![dispute(1, Stage::PreArbitration, Status::NeedsResponse), dispute(2, Stage::Chargeback, Status::Won)];
    payment
}

#[test]
fn disputes_are_written_as_they_always_were_and_still_read() {
    expect_file!["../golden/dispute_v1/fought.json"].assert_eq(&golden::as_json(&laid_out(&fought())));
    expect_file!["../golden/dispute_v1/noticed.json"].assert_eq(&golden::as_json(&laid_out(&noticed())));
    expect_file!["../golden/dispute_v2/sealed.json"].assert_eq(&golden::as_json(&laid_out(&sealed())));
    for (text, dispute) in [
        (include_str!("../golden/dispute_v2/sealed.json"), sealed()),
        (include_str!("../golden/dispute_v1/fought.json"), fought()),
        (include_str!("../golden/dispute_v1/noticed.json"), noticed()),
    ] {
        assert_eq!(row::dispute::read(&golden::from_json(text)).unwrap(), dispute);
    }
}

proptest! {
    #[test]
    fn every_dispute_comes_back_as_it_was_laid_out(dispute in any_dispute()) {
        prop_assert_eq!(row::dispute::read(&laid_out(&dispute)).unwrap(), dispute);
    }

    #[test]
    fn places_in_the_list_sort_as_texts_as_they_do_in_time(one in any_place(), other in any_place()) {
        let (one_text, other_text) = (keys::dispute_order(&one), keys::dispute_order(&other));
        prop_assert_eq!(one_text.cmp(&other_text), one.cmp(&other));
    }
}

/// Any deadline from the epoch to the year 9999, or none.
fn any_place() -> impl Strategy<Value = Place> {
    let by = proptest::option::of((0_i64..253_402_300_799_999).prop_map(Timestamp::from_unix_ms));
    (by, world::payments::any_dispute_id()).prop_map(|(due_by, id)| Place { due_by, id })
}

#[test]
fn a_place_is_read_back_from_its_entry() {
    for by in [Some(SimHost::START), None] {
        let mut dispute = open(1);
        if let Some(known) = &mut dispute.known {
            known.due_by = by;
        }
        let place = keys::read_dispute_place(&Attributes::of(&laid_out(&dispute))).unwrap();
        assert_eq!(place, Place::of(&dispute));
    }
}

#[test]
fn a_dispute_that_nobody_has_looked_at_is_due_and_in_no_list() {
    let item = laid_out(&noticed());
    assert!(["dp", "du"].iter().all(|name| item.contains_key(*name)));
    assert!(!["xp", "xd", "yp", "ref"].iter().any(|name| item.contains_key(*name)));
}

#[test]
fn the_largest_dispute_stays_far_below_what_dynamodb_stores() {
    let size = size_of_item(&laid_out(&largest(1)));
    assert!((30_000..100_000).contains(&size), "{size} bytes; DynamoDB stores 400 kB");
}

#[test]
fn a_dispute_of_a_later_schema_or_a_broken_one_is_refused_and_named_without_its_value() {
    for (name, value, why) in [
        ("sv", AttributeValue::N("3".into()), "`sv` is a version that this release does not read"),
        ("mo", AttributeValue::S("secret".into()), "`mo` is a word that this release does not know"),
        ("kn", AttributeValue::S("secret".into()), "`kn` is not a map"),
        ("pk", AttributeValue::S("PAY#secret".into()), "`pk` is not a dispute's key"),
    ] {
        let mut item = laid_out(&fought());
        item.insert(name.to_owned(), value);
        assert_eq!(row::dispute::read(&item).unwrap_err().to_string(), why);
    }
}
