//! Every event file of this function through its handler, with its answer pinned.

mod openapi;
mod refused;

use std::sync::Arc;
use std::time::Duration;

use domain::gateway::UnknownReason;
use domain::id::{RequestHash, TransactionId};
use domain::payment::{Payment, RefundSource};
use domain::time::Timestamp;
use expect_test::{Expect, expect};
use flow::operations::initiate::transaction_id;
use flow::operations::refund::{Wish, refund};
use flow::ports::LoadPayment;
use world::events::{Drawer, answered, payment, paypal_endpoint, paypal_verifier, signing_secrets, store_with};
use world::gateway::{Call, Course, SimGateway};
use world::host::SimHost;
use world::queue::MemoryQueue;
use world::shop::{client, key};
use world::store::MemoryStore;
use world::turns::block_on;

use super::*;

type Endpoint = Webhook<Drawer, MemoryStore, MemoryQueue>;

fn endpoint(store: MemoryStore, age: Age) -> Endpoint {
    Webhook {
        signing_secrets: signing_secrets(),
        paypal_endpoint: paypal_endpoint(),
        paypal: paypal_verifier(),
        store,
        nudges: MemoryQueue::default(),
        mode: Mode::Test,
        age,
    }
}

/// With the payment that `events/initiate.json` opens, and as in the local stage: recordings do not age.
fn with_payment(host: &SimHost) -> Endpoint {
    endpoint(block_on(store_with(&payment(host))), Age::Recorded)
}

fn check(endpoint: &Endpoint, host: &SimHost, event: &str, expected: &Expect) {
    expected.assert_eq(&block_on(answered(endpoint, host, event)));
}

#[test]
fn a_success_is_applied_and_its_redelivery_changes_nothing() {
    let host = SimHost::new(1);
    let endpoint = with_payment(&host);
    check(
        &endpoint,
        &host,
        "webhook",
        &expect![[r#"
        200 OK
        content-type: application/json

        {
          "received": "applied"
        }

        log: {
          "durationMs": 0,
          "function": "webhook",
          "gatewayEventId": "evt_3EventSucceeded000000000",
          "level": "info",
          "outcome": "applied",
          "requestId": "11111111-0000-4000-8000-000000000009",
          "route": "POST /webhook/{gateway}",
          "status": 200,
          "timestamp": "2026-11-02T09:00:12.347Z",
          "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f"
        }
    "#]],
    );
    check(
        &endpoint,
        &host,
        "webhook-base64",
        &expect![[r#"
        200 OK
        content-type: application/json

        {
          "received": "superseded"
        }

        log: {
          "durationMs": 0,
          "function": "webhook",
          "gatewayEventId": "evt_3EventSucceeded000000000",
          "level": "info",
          "outcome": "superseded",
          "requestId": "11111111-0000-4000-8000-000000000010",
          "route": "POST /webhook/{gateway}",
          "status": 200,
          "timestamp": "2026-11-02T09:00:12.347Z",
          "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f"
        }
    "#]],
    );
    let again = block_on(answered(&endpoint, &host, "webhook-again"));
    assert!(again.starts_with("200 OK") && again.contains(r#""received": "superseded""#), "signed anew: {again}");
    assert_eq!(endpoint.store.commits().len(), 2, "the row was created, and changed once");
}

#[test]
fn a_decline_that_we_did_not_ask_for_is_looked_at() {
    let host = SimHost::new(1);
    let endpoint = with_payment(&host);
    check(
        &endpoint,
        &host,
        "webhook-declined",
        &expect![[r#"
        200 OK
        content-type: application/json

        {
          "received": "applied"
        }

        log: {
          "durationMs": 0,
          "function": "webhook",
          "gatewayEventId": "evt_3EventDeclined0000000000",
          "level": "info",
          "outcome": "applied",
          "requestId": "11111111-0000-4000-8000-000000000011",
          "route": "POST /webhook/{gateway}",
          "status": 200,
          "timestamp": "2026-11-02T09:00:12.347Z",
          "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f"
        }
    "#]],
    );
    assert_eq!(endpoint.nudges.waiting().len(), 1);
}

#[test]
fn what_became_of_our_refund_is_told_by_its_id_and_its_redelivery_changes_nothing() {
    let host = SimHost::new(1);
    let endpoint = with_payment(&host);
    drop(block_on(answered(&endpoint, &host, "webhook")));
    ask_in_vain(&host, &endpoint.store);
    assert_eq!(refunds(&endpoint.store), [("api", 500, "pending")]);
    check(
        &endpoint,
        &host,
        "webhook-refunded",
        &expect![[r#"
            200 OK
            content-type: application/json

            {
              "received": "applied"
            }

            log: {
              "durationMs": 0,
              "function": "webhook",
              "gatewayEventId": "evt_3EventRefundUpdated0000",
              "level": "info",
              "outcome": "applied",
              "requestId": "11111111-0000-4000-8000-000000000027",
              "route": "POST /webhook/{gateway}",
              "status": 200,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f"
            }
        "#]],
    );
    assert_eq!(refunds(&endpoint.store), [("api", 500, "succeeded")]);
    let again = block_on(answered(&endpoint, &host, "webhook-refunded"));
    assert!(again.contains(r#""received": "superseded""#), "{again}");
    assert_eq!(refunds(&endpoint.store), [("api", 500, "succeeded")]);
}

#[test]
fn a_refund_that_the_row_does_not_know_was_made_elsewhere_and_counts() {
    let host = SimHost::new(1);
    let endpoint = with_payment(&host);
    drop(block_on(answered(&endpoint, &host, "webhook")));
    let told = block_on(answered(&endpoint, &host, "webhook-refunded"));
    assert!(told.contains(r#""received": "applied""#), "{told}");
    assert_eq!(refunds(&endpoint.store), [("gateway", 500, "succeeded")]);
    assert_eq!(row(&endpoint.store).refundable().minor_units(), 1499);
}

/// The sandbox has recorded them, and where PayPal itself is nobody believes its certificate. What they tell where it does is shown on
/// the local stack, and by the adapter's own tests.
#[test]
fn a_recording_of_the_sandboxs_is_nobodys_word_where_paypal_itself_is() {
    let host = SimHost::new(1);
    let endpoint = with_payment(&host);
    for event in ["", "-approved", "-refunded", "-dispute", "-forged"] {
        let told = block_on(answered(&endpoint, &host, &format!("webhook-paypal{event}")));
        assert!(told.starts_with("400 ") && told.contains(r#""outcome": "strange_certificate""#), "{told}");
    }
    assert_eq!(endpoint.store.commits().len(), 1, "the payment was opened, and no more");
}

/// Asks for the refund of `events/refund.json`; the gateway is not heard.
fn ask_in_vain(host: &SimHost, store: &MemoryStore) {
    let (gateway, nudges) = (SimGateway::new(Arc::new(SimHost::new(1))), MemoryQueue::default());
    gateway.script(Call::Refund, [Course::NotServed(UnknownReason::Timeout)]);
    let wish =
        Wish { key: key("event-refund"), request_hash: RequestHash::of([]), minor_units: Some(500), reason: None };
    drop(block_on(refund(host, store, &gateway, &nudges, &id(), wish, &client())).unwrap());
}

fn id() -> TransactionId {
    transaction_id(&key("event-initiate"))
}

fn row(store: &MemoryStore) -> Payment {
    block_on(store.load(&id())).unwrap().unwrap()
}

/// Who made each refund of the row, of how much, and how far it has come.
fn refunds(store: &MemoryStore) -> Vec<(&'static str, i64, &'static str)> {
    let source = |source: &RefundSource| if *source == RefundSource::Gateway { "gateway" } else { "api" };
    let refunds = row(store).refunds;
    let told = refunds.iter().map(|one| (source(&one.source), one.amount.minor_units(), one.progress.name()));
    told.collect()
}

#[test]
fn a_dispute_is_taken_note_of_and_looked_at() {
    let host = SimHost::new(1);
    let endpoint = with_payment(&host);
    check(
        &endpoint,
        &host,
        "webhook-dispute",
        &expect![[r#"
        200 OK
        content-type: application/json

        {
          "received": "applied"
        }

        log: {
          "disputeId": "dsp_stripe_du_3EventDispute000000000",
          "durationMs": 0,
          "function": "webhook",
          "gatewayEventId": "evt_3EventDisputeCreated00",
          "level": "info",
          "outcome": "applied",
          "requestId": "11111111-0000-4000-8000-000000000031",
          "route": "POST /webhook/{gateway}",
          "status": 200,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
    let id = domain::dispute::DisputeId::parse("dsp_stripe_du_3EventDispute000000000").unwrap();
    assert_eq!(endpoint.store.dispute(&id).unwrap().due, Some(host.now()));
    assert_eq!(endpoint.nudges.waiting().len(), 1);
}

#[test]
fn a_warning_of_fraud_is_taken_note_of_and_looked_at() {
    let host = SimHost::new(1);
    let endpoint = with_payment(&host);
    check(
        &endpoint,
        &host,
        "webhook-fraud-warning",
        &expect![[r#"
        200 OK
        content-type: application/json

        {
          "received": "applied"
        }

        log: {
          "durationMs": 0,
          "function": "webhook",
          "gatewayEventId": "evt_3EventWarningCreated00",
          "level": "info",
          "outcome": "applied",
          "requestId": "11111111-0000-4000-8000-000000000039",
          "route": "POST /webhook/{gateway}",
          "status": 200,
          "timestamp": "2026-11-02T09:00:12.347Z",
          "warningId": "wrn_stripe_issfr_3EventWarning0000000"
        }
    "#]],
    );
    let id = domain::warning::WarningId::parse("wrn_stripe_issfr_3EventWarning0000000").unwrap();
    assert_eq!(endpoint.store.warning(&id).unwrap().due, Some(host.now()));
    assert_eq!(endpoint.nudges.waiting().len(), 1);
}
