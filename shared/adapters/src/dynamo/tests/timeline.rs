//! What is told of changes, as rows: entries and movements, and the records of the stream that they are written from.

use domain::{
    journal::{Movement, MovementKind, Position},
    timeline::{Cause, Change, Entry, EventType, Image, Retention, Subject, Version},
};
use expect_test::expect_file;
use flow::ports::{Error, timeline::Moved};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    disputes::disputed_payment,
    golden::{as_json, from_json},
    laid_out, stories,
};
use crate::dynamo::{
    row,
    stream::{self, Record, StreamEvent, Told},
};

fn version(payment: &domain::payment::Payment) -> Version {
    let cause = Cause {
        what: "refund_succeeded".to_owned(),
        why: None,
        who: "webhook:evt_1".to_owned(),
        evidence: Some("event".to_owned()),
        request_id: Some("req_1".to_owned()),
    };
    Version { image: Image::Payment(Box::new(payment.clone())), cause }
}

fn refund_entry() -> Entry {
    let after = stories::refunded();
    let mut before = after.clone();
    before.refunds.pop();
    Entry::of(Some(&Image::Payment(Box::new(before))), &version(&after))
}

/// Of a payment that somebody will look at again.
fn entry_on_its_way() -> Entry {
    let opened = version(&stories::waiting());
    Entry { expires_at: Retention::of_months(12).ends(&opened.image), ..Entry::of(None, &opened) }
}

#[test]
fn entries_and_movements_are_written_as_they_always_were() {
    let entry = refund_entry();
    let told = row::entry::lay_out(&entry, Some(br#"{"id":"evt_1"}"#)).unwrap();
    expect_file!["../golden/entry_v1/refund.json"].assert_eq(&as_json(&told));
    let looked =
        Entry { event_type: EventType::PaymentChecked, ..Entry::found(&version(&stories::waiting()), None, 3) };
    let quiet = row::entry::lay_out(&looked, None).unwrap();
    expect_file!["../golden/entry_v1/checked.json"].assert_eq(&as_json(&quiet));
    let on_its_way = row::entry::lay_out(&entry_on_its_way(), Some(br#"{"id":"evt_2"}"#)).unwrap();
    expect_file!["../golden/entry_v1/on_its_way.json"].assert_eq(&as_json(&on_its_way));
    let payment = disputed_payment();
    let moved = Moved { payment: &payment, id: &entry.id };
    let movement = |kind| Movement { kind, amount: payment.terms.amount };
    let settled = Position::of(&stories::fee_before_the_exchange()).settlement.unwrap();
    for (name, kind) in [
        ("../golden/movement_v1/capture.json", MovementKind::Capture),
        (
            "../golden/movement_v1/refund_failed.json",
            MovementKind::RefundFailed(entry.refunds.first().unwrap().clone()),
        ),
        (
            "../golden/movement_v1/dispute_withdrawn.json",
            MovementKind::DisputeWithdrawn(payment.disputes.first().unwrap().id.clone()),
        ),
        ("../golden/movement_v1/fee.json", MovementKind::Fee(settled)),
    ] {
        let row = row::movement::lay_out(&moved, &movement(kind)).unwrap();
        expect_file![name].assert_eq(&as_json(&row));
    }
}

#[test]
fn entries_that_stand_in_tables_are_still_read() {
    let item = from_json(include_str!("../golden/entry_v1/refund.json"));
    assert_eq!(row::entry::read(&item).unwrap(), refund_entry());
    let event = row::entry::read_event(&item).unwrap().unwrap();
    assert_eq!((event.id, event.body), (refund_entry().id, br#"{"id":"evt_1"}"#.to_vec()));
    let on_its_way = from_json(include_str!("../golden/entry_v1/on_its_way.json"));
    assert!(on_its_way.contains_key("ttl"));
    assert_eq!(row::entry::read(&on_its_way).unwrap(), entry_on_its_way());
    let quiet = from_json(include_str!("../golden/entry_v1/checked.json"));
    assert_eq!(row::entry::read_event(&quiet).unwrap(), None);
    assert_eq!(row::entry::read(&quiet).unwrap().unrecorded, 3);
}

proptest! {
    #[test]
    fn every_entry_comes_back_as_it_was_laid_out(payment in world::payments::any_payment(), unrecorded in 0_u64..9) {
        let entry = Entry { unrecorded, ..Entry::of(None, &version(&payment)) };
        prop_assert_eq!(row::entry::read(&row::entry::lay_out(&entry, None).unwrap()).unwrap(), entry);
    }
}

fn record(before: Option<&str>, after: Option<&str>) -> Value {
    let image = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let key = after.or(before).map(|text| image(text)["pk"].clone());
    let mut change = json!({"Keys": {"pk": key}, "SequenceNumber": "111", "StreamViewType": "NEW_AND_OLD_IMAGES"});
    if let Some(before) = before {
        change["OldImage"] = image(before);
    }
    if let Some(after) = after {
        change["NewImage"] = image(after);
    }
    json!({"eventID": "1", "eventName": "MODIFY", "eventSource": "aws:dynamodb", "dynamodb": change})
}

fn read(records: &[Value]) -> Vec<Record> {
    let event: StreamEvent = serde_json::from_value(json!({"Records": records})).unwrap();
    stream::records(&event)
}

fn read_one(record: Value) -> Record {
    read(&[record]).pop().unwrap()
}

#[test]
fn a_record_is_read_as_the_rows_that_it_shows() {
    let (before, after) = (as_json(&laid_out(&stories::waiting())), as_json(&laid_out(&stories::paid())));
    let read = read_one(record(Some(&before), Some(&after)));
    let Ok(Told::Changed(change)) = &read.change else { panic!("{read:?}") };
    let Change { before: Some(before), after } = change.as_ref() else { panic!("{change:?}") };
    assert_eq!(before.image, Image::Payment(Box::new(stories::waiting())));
    assert_eq!(after.image, Image::Payment(Box::new(stories::paid())));
    assert_eq!((after.cause.what.as_str(), after.cause.who.as_str()), ("attempt_started", "client:shop"));
    assert_eq!((read.sequence_number.as_str(), read.subject()), ("111", Some(Subject::Payment(stories::paid().id))));
}

#[test]
fn rows_of_other_kinds_are_not_told_and_what_was_deleted_is_seen() {
    let entry = as_json(&row::entry::lay_out(&refund_entry(), None).unwrap());
    assert_eq!(read_one(record(None, Some(&entry))).change, Ok(Told::NotTold), "or telling would be told of");
    let row = as_json(&laid_out(&stories::waiting()));
    assert_eq!(read_one(record(Some(&row), None)).change, Ok(Told::Deleted));
    // DynamoDB deletes deliveries that ended long ago: nobody has to be told, and nobody to be asked.
    let ended = include_str!("../golden/delivery_v1/skipped.json");
    assert_eq!(read_one(record(Some(ended), None)).change, Ok(Told::NotTold));
}

#[test]
fn a_record_that_cannot_be_read_says_so_without_a_word_of_it_and_stops_no_other() {
    let row = as_json(&laid_out(&stories::waiting()));
    let newer = row.replace(r#""sv": {"#, r#""sx": {"#);
    let deep = (0..200).fold(json!({"S": "canary"}), |inner, _| json!({"L": [inner]}));
    let mut hostile = record(None, Some(&row));
    hostile["dynamodb"]["NewImage"]["at"] = deep;
    let mut strange = record(None, Some(&row));
    strange["dynamodb"]["NewImage"]["pu"] = json!({"SS": ["canary"]});
    let broken = [record(None, Some(&newer)), hostile, strange, json!("canary"), json!({"dynamodb": {"NewImage": 7}})];
    let read = read(&[broken.as_slice(), &[record(None, Some(&row))]].concat());
    let (broken, good) = read.split_at(broken.len());
    for record in broken {
        let Err(Error::Unreadable { detail }) = &record.change else { panic!("{record:?}") };
        assert!(!detail.contains("canary"), "{detail}");
    }
    assert!(good.iter().all(|record| matches!(record.change, Ok(Told::Changed(_)))), "{good:?}");
}

#[test]
fn a_row_before_that_cannot_be_read_is_one_that_nobody_knows() {
    let row = as_json(&laid_out(&stories::waiting()));
    let newer = row.replace(r#""sv": {"#, r#""sx": {"#);
    let read = read_one(record(Some(&newer), Some(&row)));
    let Ok(Told::Changed(change)) = read.change else { panic!("{read:?}") };
    assert_eq!(change.before, None);
}

#[test]
fn lambda_is_told_from_which_record_on_and_by_nothing_that_all_are_done() {
    let text = |response| serde_json::to_string(&response).unwrap();
    assert_eq!(
        text(stream::from_here_on(Some("111".to_owned()))),
        r#"{"batchItemFailures":[{"itemIdentifier":"111"}]}"#
    );
    assert_eq!(text(stream::from_here_on(None)), r#"{"batchItemFailures":[]}"#);
}
