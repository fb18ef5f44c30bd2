//! Every event file of this function through its handler, with its answer pinned.

use std::sync::Arc;
use std::time::Duration;

use adapters::telemetry::Level;
use domain::dispute::{Dispute, DisputeId};
use domain::gateway::Mode;
use domain::id::TransactionId;
use domain::payment::Payment;
use domain::policy::Policy;
use domain::time::Now;
use expect_test::{Expect, expect};
use flow::commit::warning::create;
use flow::ports::dispute::{self as ports, CreateDispute as _};
use flow::ports::{Actor, Cause, Error, Replaced, Write, WriterToken};
use world::events::{payment, store_with, text};
use world::gateway::SimGateway;
use world::host::SimHost;
use world::people::Twin;
use world::store::{Call, Course, MemoryStore};
use world::turns::block_on;

use super::*;

type Function = Retry<MemoryStore, SimGateway, Twin>;

/// A function whose table holds the payment that `events/initiate.json` opened long ago, so that it is due.
fn function(change: impl FnOnce(&mut Payment)) -> Function {
    let host = SimHost::new(1);
    host.set(Timestamp::from_unix_ms(1_000_000));
    let mut payment = payment(&host);
    change(&mut payment);
    Retry {
        store: block_on(store_with(&payment)),
        gateway: SimGateway::new(Arc::new(host)),
        people: Twin::default(),
        limits: Limits { gateway_timeout: Duration::from_secs(1), ..Limits::STANDARD },
        policy: Policy::STANDARD,
        log: Log { stack: "quittance-test".to_owned(), least: Level::Error },
    }
}

/// The batch in an event file, and which of its records are to be delivered again.
fn check(function: &Function, event: &str, expected: &Expect) {
    let batch = serde_json::from_str(&text(event)).unwrap();
    let response = block_on(function.batch(batch, u64::MAX));
    expected.assert_eq(&serde_json::to_string(&response).unwrap());
}

#[test]
fn a_nudge_is_served_and_forgotten() {
    let function = function(|_| {});
    check(&function, "retry", &expect![[r#"{"batchItemFailures":[]}"#]]);
    let looked = function.store.commits().len();
    assert!(looked > 1, "the row was claimed");
    check(&function, "retry-again", &expect![[r#"{"batchItemFailures":[]}"#]]);
    assert_eq!(function.store.commits().len(), looked, "a nudge that comes again finds nothing due");
}

#[test]
fn a_nudge_for_a_row_that_is_not_due_or_not_there_is_forgotten() {
    let settled = function(|payment| payment.due = None);
    check(&settled, "retry", &expect![[r#"{"batchItemFailures":[]}"#]]);
    let empty = Retry { store: MemoryStore::default(), ..function(|_| {}) };
    check(&empty, "retry", &expect![[r#"{"batchItemFailures":[]}"#]]);
}

#[test]
fn a_poisoned_record_fails_alone() {
    check(
        &function(|_| {}),
        "retry-poisoned",
        &expect![[r#"{"batchItemFailures":[{"itemIdentifier":"059f36b4-87a3-44ab-83d2-661970000002"}]}"#]],
    );
}

#[test]
fn a_record_whose_row_cannot_be_read_is_delivered_again() {
    let function = function(|_| {});
    function.store.script(Call::Load, [Course::LostBefore]);
    check(
        &function,
        "retry",
        &expect![[r#"{"batchItemFailures":[{"itemIdentifier":"059f36b4-87a3-44ab-83d2-661970000001"}]}"#]],
    );
}

#[test]
fn a_nudge_that_names_a_dispute_has_the_dispute_looked_at() {
    let function = function(|_| {});
    let id = DisputeId::parse("dsp_stripe_du_3EventDispute000000000").unwrap();
    let now = Timestamp::from_unix_ms(1_000_000);
    let noticed = Dispute::noticed(
        id.clone(),
        Mode::Test,
        &Now { at: now, limits: Limits::STANDARD, policy: Policy::STANDARD, dice: 0 },
    );
    let actor = Actor::Webhook("evt_1".to_owned());
    let write =
        ports::Write { dispute: &noticed, cause: Cause::of("dispute_noticed"), actor: &actor, writer: WriterToken(1) };
    block_on(function.store.create_dispute(&write)).unwrap();
    check(&function, "retry-dispute", &expect![[r#"{"batchItemFailures":[]}"#]]);
    // The gateway does not know it, and the row says that nobody does.
    assert_eq!(function.store.dispute_events(), ["dispute_noticed", "claimed", "outcome_unknown"]);
}

#[test]
fn a_nudge_that_names_a_warning_has_the_warning_looked_at() {
    let function = function(|_| {});
    let id = WarningId::parse("wrn_stripe_issfr_3EventWarning0000000").unwrap();
    let host = SimHost::new(1);
    host.set(Timestamp::from_unix_ms(1_000_000));
    let actor = Actor::Webhook("evt_1".to_owned());
    block_on(create(&host, &function.store, id.clone(), Mode::Test, &actor)).unwrap();
    check(&function, "retry-fraud-warning", &expect![[r#"{"batchItemFailures":[]}"#]]);
    // The gateway does not know it, and the row says that nobody does.
    let warning = function.store.warning(&id).unwrap();
    assert_eq!((warning.rounds, warning.standing()), (1, "unseen"));
}

#[test]
fn a_record_that_panics_is_caught_and_delivered_again() {
    struct Trap(MemoryStore);
    impl LoadPayment for Trap {
        async fn load(&self, _: &TransactionId) -> Result<Option<Payment>, Error> {
            panic!("a fault of ours")
        }
    }
    impl ReplacePayment for Trap {
        async fn replace(&self, write: &Write<'_>) -> Result<Replaced, Error> {
            self.0.replace(write).await
        }
    }
    world::pass_disputes_on!(Trap, |trap| &trap.0);
    world::pass_warnings_on!(Trap, |trap| &trap.0);
    world::pass_pauses_on!(Trap, |trap| &trap.0);
    let Retry { store, gateway, people, limits, policy, log } = function(|_| {});
    let trapped = Retry { store: Trap(store), gateway, people, limits, policy, log };
    let batch = serde_json::from_str(&text("retry")).unwrap();
    let response = block_on(trapped.batch(batch, u64::MAX));
    assert_eq!(response.batch_item_failures.len(), 1);
}
