//! Endpoints and deliveries as rows.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    id::{IdempotencyKey, RequestHash},
    text::Text,
    timeline::{EventId, EventType},
    webhook::{
        Delivery, DeliveryId, DisableReason, ENDPOINTS_MAX, Endpoint, EndpointId, EndpointUrl, Endpoints, Former,
        Generation, Interest, Progress, ROTATIONS_MAX, Reason, Rotation, SkipReason, Standing, Try, TryResult,
    },
};
use expect_test::expect_file;
use flow::ports::{
    Actor, WriterToken,
    webhook::{DeliveryWrite, EndpointsWrite},
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use world::host::SimHost;

use super::golden;
use crate::dynamo::{attributes::Item, row};

const WRITER: WriterToken = WriterToken(11_400_714_819_323_198_485);

fn delivery_item(delivery: &Delivery) -> Item {
    let write = DeliveryWrite { delivery, event: "try_failed", actor: &Actor::Deliver, writer: WRITER };
    row::delivery::lay_out(&write)
}

fn endpoints_item(endpoints: &Endpoints) -> Item {
    let (actor, at) = (Actor::Client("shop".into()), SimHost::START);
    let endpoint = &endpoint_id(1);
    let event = "endpoint_registered";
    let write = EndpointsWrite { endpoints, event, endpoint, actor: &actor, at, writer: WRITER };
    row::endpoints::lay_out(&write).unwrap()
}

fn key(name: &str) -> IdempotencyKey {
    IdempotencyKey::parse(name).unwrap()
}

fn endpoint_id(number: u32) -> EndpointId {
    EndpointId::derive("merchant", &key(&format!("endpoint-{number}")))
}

fn made() -> Delivery {
    let event = EventId::parse("evt_pay_srgsc5zsbqycrakmfcc3opqd6l_7").unwrap();
    Delivery::made(DeliveryId::of(event, endpoint_id(1)), SimHost::START)
}

fn tried() -> Delivery {
    let at = |seconds| SimHost::START.plus(Duration::from_secs(seconds));
    let tries = vec![
        Try { at: at(0), result: TryResult::Answered(503) },
        Try { at: at(6), result: TryResult::Unreachable(Reason::of("timeout")) },
        Try { at: at(400), result: TryResult::Refused(Reason::of("private_address")) },
    ];
    Delivery { tries, tries_before: 2, round: 3, due: Some(at(2_200)), updated_at: at(400), version: 9, ..made() }
}

fn skipped() -> Delivery {
    let progress = Progress::Skipped { at: SimHost::START, reason: SkipReason::EndpointDisabled };
    Delivery { progress, due: None, version: 2, ..made() }
}

fn registered(number: u32) -> Endpoint {
    Endpoint {
        id: endpoint_id(number),
        url: EndpointUrl::parse("https://shop.example/hooks").unwrap(),
        interest: Interest::All,
        description: None,
        standing: Standing::Enabled { since: SimHost::START },
        generation: Generation::first(SimHost::START),
        former: None,
        rotations: Vec::new(),
        request_hash: RequestHash::of([("url", "https://shop.example/hooks")]),
        created_at: SimHost::START,
    }
}

fn rotation(name: &str, generation: Generation) -> Rotation {
    Rotation { key: key(name), request_hash: RequestHash::of([]), generation }
}

fn all_kinds() -> Endpoints {
    let first = Generation::first(SimHost::START);
    let rotated = Endpoint {
        interest: Interest::only(&[EventType::RefundCreated, EventType::PaymentCreated]).unwrap(),
        description: Some(Text::parse("the warehouse").unwrap()),
        standing: Standing::Enabled { since: SimHost::START.plus(Duration::from_secs(60)) },
        generation: first.next().next(),
        former: Some(Former { generation: first.next(), until: SimHost::START }),
        rotations: vec![rotation("rotate-1", first.next()), rotation("rotate-2", first.next().next())],
        ..registered(2)
    };
    let standing = Standing::Disabled { since: SimHost::START, reason: DisableReason::Gone };
    Endpoints { endpoints: vec![registered(1), rotated, Endpoint { standing, ..registered(3) }], version: 7 }
}

#[test]
fn deliveries_are_written_as_they_always_were_and_still_read() {
    expect_file!["../golden/delivery_v1/made.json"].assert_eq(&golden::as_json(&delivery_item(&made())));
    expect_file!["../golden/delivery_v1/tried.json"].assert_eq(&golden::as_json(&delivery_item(&tried())));
    expect_file!["../golden/delivery_v1/skipped.json"].assert_eq(&golden::as_json(&delivery_item(&skipped())));
    for (text, delivery) in [
        (include_str!("../golden/delivery_v1/made.json"), made()),
        (include_str!("../golden/delivery_v1/tried.json"), tried()),
        (include_str!("../golden/delivery_v1/skipped.json"), skipped()),
    ] {
        assert_eq!(row::delivery::read(&golden::from_json(text)).unwrap(), delivery);
    }
}

#[test]
fn endpoints_are_written_as_they_always_were_and_still_read() {
    expect_file!["../golden/endpoints_v1/all.json"].assert_eq(&golden::as_json(&endpoints_item(&all_kinds())));
    let stored = golden::from_json(include_str!("../golden/endpoints_v1/all.json"));
    assert_eq!(row::endpoints::read(&stored).unwrap(), all_kinds());
}

#[test]
fn endpoints_of_before_rotations_were_remembered_are_still_read() {
    let stored = golden::from_json(include_str!("../golden/endpoints_v1/one_rotation.json"));
    let generation = |number| Generation::try_new(number).unwrap();
    let mut wanted = all_kinds();
    for endpoint in &mut wanted.endpoints {
        endpoint.generation = generation(1);
    }
    let rotated = &mut wanted.endpoints[1];
    rotated.standing = Standing::Enabled { since: rotated.created_at };
    rotated.generation = generation(2);
    rotated.former = Some(Former { generation: generation(1), until: SimHost::START });
    rotated.rotations = vec![rotation("rotate-1", generation(2))];
    assert_eq!(row::endpoints::read(&stored).unwrap(), wanted);
}

#[test]
fn an_event_type_of_a_later_release_is_passed_over_and_keeps_nobody_from_being_told() {
    let text = include_str!("../golden/endpoints_v1/all.json");
    assert!(text.contains("refund.created") && text.contains("payment.created"));
    let stored = golden::from_json(&text.replace("refund.created", "refund.dreamt"));
    let mut wanted = all_kinds();
    wanted.endpoints[1].interest = Interest::only(&[EventType::PaymentCreated]).unwrap();
    assert_eq!(row::endpoints::read(&stored).unwrap(), wanted);
    let later = text.replace("refund.created", "refund.dreamt").replace("payment.created", "payment.dreamt");
    let read = row::endpoints::read(&golden::from_json(&later)).unwrap();
    assert!(
        EventType::ALL.into_iter().all(|kind| !read.endpoints[1].hears_of(kind)),
        "it wants to hear of nothing else"
    );
    assert!(read.endpoints[0].hears_of(EventType::PaymentCreated));
}

fn any_result() -> impl Strategy<Value = TryResult> {
    let reason = || "[a-z_]{1,40}".prop_map(|word| Reason::of(&word));
    prop_oneof![
        any::<u16>().prop_map(TryResult::Answered),
        reason().prop_map(TryResult::Unreachable),
        reason().prop_map(TryResult::Refused),
    ]
}

fn any_progress() -> impl Strategy<Value = Progress> {
    let at = SimHost::START;
    let reasons = vec![SkipReason::EndpointDisabled, SkipReason::EndpointRemoved, SkipReason::NoEvent];
    prop_oneof![
        Just(Progress::Pending),
        Just(Progress::Delivered { at }),
        Just(Progress::Exhausted { at }),
        select(reasons).prop_map(move |reason| Progress::Skipped { at, reason }),
    ]
}

prop_compose! {
    fn any_delivery()(
        progress in any_progress(), results in vec(any_result(), 0..20), due in option::of(any::<i64>()),
        tries_before: u32, round: u32, version: u64,
    ) -> Delivery {
        let tries = results.into_iter().map(|result| Try { at: SimHost::START, result }).collect();
        let due = due.map(domain::time::Timestamp::from_unix_ms);
        Delivery { progress, tries, tries_before, round, due, version, ..made() }
    }
}

prop_compose! {
    fn any_endpoint()(
        kinds in vec(select(EventType::ALL.to_vec()), 0..5), text in option::of("\\PC{1,60}"), generation in 1_u32..,
        former in option::of(1_u32..), disabled: bool, rotated in 0..=ROTATIONS_MAX, number in 0_u32..1_000,
        enabled_after in 0_u64..3,
    ) -> Endpoint {
        let at = SimHost::START;
        Endpoint {
            interest: Interest::only(&kinds).unwrap_or(Interest::All),
            description: text.and_then(|text| Text::parse(&text).ok()),
            generation: Generation::try_new(generation).unwrap(),
            former: former.and_then(Generation::try_new).map(|generation| Former { generation, until: at }),
            standing: if disabled {
                Standing::Disabled { since: at, reason: DisableReason::Requested }
            } else {
                Standing::Enabled { since: at.plus(Duration::from_secs(enabled_after)) }
            },
            rotations: (0..rotated).map(|number| rotation(&format!("r{number}"), Generation::first(at))).collect(),
            ..registered(number)
        }
    }
}

proptest! {
    #[test]
    fn every_delivery_comes_back_as_it_was_laid_out(delivery in any_delivery()) {
        prop_assert_eq!(row::delivery::read(&delivery_item(&delivery)).unwrap(), delivery);
    }

    #[test]
    fn all_endpoints_come_back_as_they_were_laid_out(
        endpoints in vec(any_endpoint(), 0..=ENDPOINTS_MAX), version: u64,
    ) {
        let endpoints = Endpoints { endpoints, version };
        prop_assert_eq!(row::endpoints::read(&endpoints_item(&endpoints)).unwrap(), endpoints);
    }
}

#[test]
fn a_delivery_lies_apart_from_payments_while_it_is_due_and_is_in_no_list() {
    let item = delivery_item(&made());
    let AttributeValue::S(partition) = &item["dp"] else { panic!("no text") };
    assert!(partition.starts_with("delivery#") && item.contains_key("du"));
    assert!(!["xp", "xd", "yp", "ref"].iter().any(|name| item.contains_key(*name)));
    assert!(!["dp", "du"].iter().any(|name| delivery_item(&skipped()).contains_key(*name)));
    assert!(!endpoints_item(&all_kinds()).contains_key("du"));
}

/// Whatever bears the attribute is deleted by DynamoDB, and what happened to money must stay for ever.
#[test]
fn of_all_rows_dynamodb_deletes_deliveries_that_have_ended_and_entries_on_which_no_row_rests_and_no_others() {
    assert!(
        include_str!("../../../../../template.yaml").contains("        AttributeName: ttl\n        Enabled: true\n")
    );
    assert_eq!(delivery_item(&skipped())["ttl"], AttributeValue::N("1801386013".into()), "90 days, in seconds");
    assert!([made(), tried()].iter().all(|pending| !delivery_item(pending).contains_key("ttl")));
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dynamo/golden");
    let folders = std::fs::read_dir(golden).unwrap().map(|folder| folder.unwrap().path());
    let files = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()));
    let mut read = 0;
    for file in files {
        let row = golden::from_json(&std::fs::read_to_string(&file).unwrap());
        let goes = ["delivery_v1/skipped.json", "entry_v1/on_its_way.json"].iter().any(|name| file.ends_with(name));
        assert_eq!(row.contains_key("ttl"), goes, "{}", file.display());
        read += 1;
    }
    assert!(read > 20, "{read} golden rows");
}

#[test]
fn a_row_of_before_deliveries_were_deleted_is_still_read() {
    let mut item = delivery_item(&skipped());
    item.remove("ttl");
    assert_eq!(row::delivery::read(&item).unwrap(), skipped());
}

#[test]
fn more_endpoints_than_there_may_be_are_not_written() {
    let (endpoint, at, actor) = (endpoint_id(1), SimHost::START, Actor::Deliver);
    let endpoints = Endpoints { endpoints: (0..17).map(registered).collect(), version: 17 };
    let write = EndpointsWrite {
        endpoints: &endpoints,
        event: "endpoint_registered",
        endpoint: &endpoint,
        actor: &actor,
        at,
        writer: WRITER,
    };
    assert_eq!(row::endpoints::lay_out(&write).unwrap_err().to_string(), "`ep` has more than there may be");
}

#[test]
fn sixteen_endpoints_at_their_longest_fit_into_a_row() {
    let longest = Endpoint {
        url: EndpointUrl::parse(&format!("https://a/{}", "x".repeat(2_038))).unwrap(),
        interest: Interest::only(&EventType::ALL.into_iter().filter(|kind| kind.is_announced()).collect::<Vec<_>>())
            .unwrap(),
        description: Some(Text::parse(&"ü".repeat(255)).unwrap()),
        standing: Standing::Disabled { since: SimHost::START, reason: DisableReason::Requested },
        former: Some(Former { generation: Generation::first(SimHost::START), until: SimHost::START }),
        rotations: vec![rotation(&"k".repeat(255), Generation::first(SimHost::START)); ROTATIONS_MAX],
        ..registered(1)
    };
    let endpoints = Endpoints { endpoints: vec![longest; ENDPOINTS_MAX], version: u64::MAX };
    let size = golden::as_json(&endpoints_item(&endpoints)).len();
    assert!(size < 350_000, "{size} bytes as JSON, and a row may have 400 kB");
}

#[test]
fn a_row_of_a_later_schema_or_a_broken_one_is_refused_and_named_without_its_value() {
    for (name, value, why) in [
        ("sv", AttributeValue::N("2".into()), "`sv` is a version that this release does not read"),
        ("st", AttributeValue::S("secret".into()), "`st` is a word that this release does not know"),
        ("tr", AttributeValue::S("secret".into()), "`tr` is not a list"),
        ("pk", AttributeValue::S("DSP#secret".into()), "`pk` is not a delivery's key"),
    ] {
        let mut item = delivery_item(&tried());
        item.insert(name.to_owned(), value);
        assert_eq!(row::delivery::read(&item).unwrap_err().to_string(), why);
    }
    for (name, value, why) in [
        ("sv", AttributeValue::N("2".into()), "`sv` is a version that this release does not read"),
        ("ep", AttributeValue::S("secret".into()), "`ep` is not a list"),
    ] {
        let mut item = endpoints_item(&all_kinds());
        item.insert(name.to_owned(), value);
        assert_eq!(row::endpoints::read(&item).unwrap_err().to_string(), why);
    }
}
