//! Every event file of this function through its handler, with its answer pinned.

use adapters::telemetry::Level;
use domain::timeline::EventId;
use domain::webhook::{Answer, EndpointId, Interest, Progress, Reason};
use expect_test::{Expect, expect};
use flow::commit::webhook::create;
use flow::operations::webhook_endpoint::{endpoint_id, register};
use flow::ports::webhook::Sending;
use flow::ports::{Actor, Error};
use world::events::{payment, store_with, text};
use world::host::SimHost;
use world::merchant::{Merchant, status};
use world::post::registration;
use world::shop::key;
use world::store::{Call, Course, MemoryStore};
use world::telling::{MemoryBus, tell};
use world::turns::block_on;

use super::*;

type Function = Deliver<MemoryStore, Merchant>;

fn endpoint() -> EndpointId {
    endpoint_id(&key("event-endpoint"))
}

fn delivery() -> DeliveryId {
    let event = EventId::parse("evt_pay_45r6h26q25dittbo7zrmxadm3f_1").unwrap();
    DeliveryId::of(event, endpoint())
}

/// A function whose table holds the event that `events/initiate.json` made, long ago, and its delivery, which is due.
fn function() -> Function {
    let host = SimHost::new(1);
    host.set(Timestamp::from_unix_ms(1_000_000));
    let store = block_on(store_with(&payment(&host)));
    block_on(tell(&host, &store, &MemoryBus::default(), &store.stream_after(0)));
    let wanted = registration("event-endpoint", Interest::All);
    block_on(register(&host, &store, wanted, &Actor::Client("local".to_owned()))).unwrap();
    block_on(create(&host, &store, delivery(), &Actor::Publish)).unwrap();
    Deliver {
        store,
        sender: Merchant::default(),
        limits: Limits::STANDARD,
        policy: Policy::STANDARD,
        log: Log { stack: "quittance-test".to_owned(), least: Level::Error },
    }
}

/// The batch in an event file, and which of its records are to be given again.
fn check<W: SendWebhook>(function: &Deliver<MemoryStore, W>, event: &str, expected: &Expect) {
    let batch = serde_json::from_str(&text(event)).unwrap();
    let response = block_on(function.batch(batch, u64::MAX));
    expected.assert_eq(&serde_json::to_string(&response).unwrap());
}

#[test]
fn a_nudge_has_its_event_delivered_and_is_forgotten() {
    let function = function();
    check(&function, "deliver", &expect![[r#"{"batchItemFailures":[]}"#]]);
    let heard = function.sender.heard();
    assert_eq!((heard.len(), &heard[0].endpoint), (1, &endpoint()));
    assert_eq!(heard[0].body, function.store.events()[0].body);
    assert!(matches!(function.store.delivery(&delivery()).unwrap().progress, Progress::Delivered { .. }));
    check(&function, "deliver-again", &expect![[r#"{"batchItemFailures":[]}"#]]);
    assert_eq!(function.sender.heard().len(), 1, "a nudge that comes again");
}

#[test]
fn what_an_endpoint_does_not_take_is_no_failure_of_the_batch() {
    let function = function();
    function.sender.answers(&endpoint(), [status(500), Answer::Unreachable { reason: Reason::of("timeout") }]);
    check(&function, "deliver", &expect![[r#"{"batchItemFailures":[]}"#]]);
    let waits = function.store.delivery(&delivery()).unwrap();
    assert_eq!((waits.progress, waits.round), (Progress::Pending, 1));
}

#[test]
fn what_is_no_nudge_of_a_delivery_fails_alone() {
    check(
        &function(),
        "deliver-poisoned",
        &expect![[
            r#"{"batchItemFailures":[{"itemIdentifier":"059f36b4-87a3-44ab-83d2-661970000012"},{"itemIdentifier":"059f36b4-87a3-44ab-83d2-661970000013"}]}"#
        ]],
    );
}

#[test]
fn a_delivery_that_cannot_be_read_or_signed_is_given_again() {
    let function = function();
    function.store.script(Call::Load, [Course::LostBefore]);
    let again = expect![[r#"{"batchItemFailures":[{"itemIdentifier":"059f36b4-87a3-44ab-83d2-661970000011"}]}"#]];
    check(&function, "deliver", &again);
    function.sender.lose_keys(true);
    check(&function, "deliver", &again);
    assert_eq!(function.store.delivery(&delivery()).unwrap().tries.len(), 0);
}

#[test]
fn a_record_that_panics_is_caught_and_given_again() {
    struct Trap;
    impl SendWebhook for Trap {
        async fn send(&self, _: &Sending<'_>) -> Result<Answer, Error> {
            panic!("a fault of ours")
        }
    }
    let Deliver { store, limits, policy, log, .. } = function();
    let trapped = Deliver { store, sender: Trap, limits, policy, log };
    let again = expect![[r#"{"batchItemFailures":[{"itemIdentifier":"059f36b4-87a3-44ab-83d2-661970000011"}]}"#]];
    check(&trapped, "deliver", &again);
}
