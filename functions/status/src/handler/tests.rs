//! Every event file of this function through its handler, with its answer pinned.

mod openapi;

use std::sync::Arc;

use domain::personal::{Customer, Field as PersonalField, Kept, Keyring, PersonId, Place};
use expect_test::{Expect, expect};
use flow::ports::WriterToken;
use flow::ports::personal::{LoadKeyring as _, SaveKeyring as _, Seal as _, Write};
use world::counting::{Counting, Tally};
use world::events::{Drawer, answered, client_keys, payment, store_with};
use world::host::SimHost;
use world::people::Twin;
use world::shop::client;
use world::store::MemoryStore;
use world::telling::{MemoryBus, tell};
use world::turns::block_on;

use super::*;

type Endpoint = Status<Drawer, Counting<MemoryStore>, Twin>;

/// With the payment that `events/initiate.json` opens.
fn endpoint(host: &SimHost, tally: &Arc<Tally>) -> Endpoint {
    let store = block_on(store_with(&payment(host)));
    Status { keys: client_keys(), store: Counting::new(store, Arc::clone(tally)), people: Twin::default() }
}

fn check(endpoint: &Endpoint, host: &SimHost, event: &str, expected: &Expect) {
    expected.assert_eq(&block_on(answered(endpoint, host, event)));
}

#[test]
fn a_payment_is_shown_after_one_read() {
    let (host, tally) = (SimHost::new(1), Arc::default());
    check(
        &endpoint(&host, &tally),
        &host,
        "status",
        &expect![[r#"
            200 OK
            content-type: application/json

            {
              "a payment as it was opened, but for": {}
            }

            log: {
              "caller": "local",
              "durationMs": 0,
              "function": "status",
              "level": "info",
              "requestId": "11111111-0000-4000-8000-000000000007",
              "route": "GET /payment/status/{transactionId}",
              "state": "requires_payment_method",
              "status": 200,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f"
            }
        "#]],
    );
    assert_eq!(tally.counts().reads, 1);
}

#[test]
fn who_asks_again_reads_again_and_is_told_how_it_stands_now() {
    let (host, tally) = (SimHost::new(1), Arc::default());
    let endpoint = endpoint(&host, &tally);
    let [told, again] = ["status", "status-again"].map(|event| block_on(answered(&endpoint, &host, event)));
    assert_eq!(again, told.replace("-000000000007", "-000000000106"));
    assert_eq!(tally.counts().reads, 2);
}

#[test]
fn nobody_is_shown_anything_without_a_key() {
    let (host, tally) = (SimHost::new(1), Arc::default());
    check(
        &endpoint(&host, &tally),
        &host,
        "status-unauthorized",
        &expect![[r#"
        401 Unauthorized
        content-type: application/problem+json
        www-authenticate: Bearer realm="quittance"

        {
          "code": "unauthorized",
          "detail": "Send your API key as Authorization: Bearer qk_…",
          "errors": [],
          "retryable": false,
          "status": 401,
          "title": "The API key is missing or not valid",
          "type": "urn:quittance:problem:unauthorized"
        }

        log: {
          "code": "unauthorized",
          "durationMs": 0,
          "function": "status",
          "level": "info",
          "requestId": "11111111-0000-4000-8000-000000000008",
          "route": "GET /payment/status/{transactionId}",
          "status": 401,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
    assert_eq!(tally.counts().reads, 0);
}

#[test]
fn a_payment_that_is_not_there_is_not_found() {
    let host = SimHost::new(1);
    let store = Counting::new(MemoryStore::default(), Arc::default());
    check(
        &Status { keys: client_keys(), store, people: Twin::default() },
        &host,
        "status",
        &expect![[r#"
        404 Not Found
        content-type: application/problem+json

        {
          "code": "not_found",
          "detail": "There is no such resource",
          "errors": [],
          "retryable": false,
          "status": 404,
          "title": "There is no such resource",
          "type": "urn:quittance:problem:not_found"
        }

        log: {
          "caller": "local",
          "code": "not_found",
          "durationMs": 0,
          "function": "status",
          "level": "info",
          "requestId": "11111111-0000-4000-8000-000000000007",
          "route": "GET /payment/status/{transactionId}",
          "status": 404,
          "timestamp": "2026-11-02T09:00:12.347Z",
          "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f"
        }
    "#]],
    );
}

#[test]
fn how_it_came_to_stand_so_is_shown_after_two_reads() {
    let (host, tally) = (SimHost::new(1), Arc::default());
    let endpoint = endpoint(&host, &tally);
    let store = endpoint.store.port();
    block_on(tell(&host, store, &MemoryBus::default(), &store.stream_after(0)));
    check(
        &endpoint,
        &host,
        "status-timeline",
        &expect![[r#"
            200 OK
            content-type: application/json

            {
              "a payment as it was opened, but for": {
                "timeline": [
                  {
                    "at": "2026-11-02T09:00:12.347Z",
                    "eventId": "evt_pay_45r6h26q25dittbo7zrmxadm3f_1",
                    "evidence": null,
                    "gatewayRequestId": null,
                    "sequence": 1,
                    "status": "requires_payment_method",
                    "type": "payment.created",
                    "unrecorded": 0,
                    "what": "initiated",
                    "who": "client:shop",
                    "why": null
                  }
                ],
                "timelineComplete": true
              }
            }

            log: {
              "caller": "local",
              "durationMs": 0,
              "function": "status",
              "level": "info",
              "listed": 1,
              "requestId": "11111111-0000-4000-8000-000000000060",
              "route": "GET /payment/status/{transactionId}",
              "state": "requires_payment_method",
              "status": 200,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f"
            }
        "#]],
    );
    assert_eq!(tally.counts().reads, 2);
}

#[test]
fn what_was_committed_a_moment_ago_may_not_be_told_yet() {
    let (host, tally) = (SimHost::new(1), Arc::default());
    let answer = block_on(answered(&endpoint(&host, &tally), &host, "status-timeline"));
    assert!(answer.contains("\"timeline\": []") && answer.contains("\"timelineComplete\": false"), "{answer}");
}

#[test]
fn what_cannot_be_shown_is_said() {
    let (host, tally) = (SimHost::new(1), Arc::default());
    check(
        &endpoint(&host, &tally),
        &host,
        "status-invalid",
        &expect![[r#"
            400 Bad Request
            content-type: application/problem+json

            {
              "code": "invalid_request",
              "detail": "The request is not valid",
              "errors": [
                {
                  "detail": "must be `timeline` or `customer`, or left out",
                  "pointer": "?expand"
                }
              ],
              "retryable": false,
              "status": 400,
              "title": "The request is not valid",
              "type": "urn:quittance:problem:invalid_request"
            }

            log: {
              "caller": "local",
              "code": "invalid_request",
              "durationMs": 0,
              "function": "status",
              "level": "info",
              "requestId": "11111111-0000-4000-8000-000000000061",
              "route": "GET /payment/status/{transactionId}",
              "status": 400,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f"
            }
        "#]],
    );
    assert_eq!(tally.counts().reads, 0);
}

#[test]
fn who_pays_is_shown_to_whoever_asks_for_it_and_not_to_everybody() {
    let (host, people) = (SimHost::new(1), Twin::default());
    let mut payment = payment(&host);
    let (email, name) = ("pia@shop.example", "Pia Payer");
    let place = |field| Place { row: payment.id.clone().into(), field };
    let texts = [(place(PersonalField::CustomerEmail), email), (place(PersonalField::CustomerName), name)];
    let person = PersonId::of_payment(&payment.id);
    let sealed = block_on(people.seal_texts(&host, &person, &texts, &client())).unwrap();
    let mut sealed = sealed.into_iter().map(Kept::Sealed);
    payment.terms.customer = Some(Customer { email: sealed.next(), name: sealed.next(), ..Customer::unnamed(person) });
    let store = Counting::new(block_on(store_with(&payment)), Arc::default());
    let endpoint = Status { keys: client_keys(), store, people };
    let told = block_on(answered(&endpoint, &host, "status-customer"));
    expect![[r#"
        200 OK
        content-type: application/json

        {
          "a payment as it was opened, but for": {
            "customer": {
              "email": "pia@shop.example",
              "erased": false,
              "id": null,
              "name": "Pia Payer"
            }
          }
        }

        log: {
          "caller": "local",
          "durationMs": 0,
          "function": "status",
          "level": "info",
          "requestId": "11111111-0000-4000-8000-0000000000a3",
          "route": "GET /payment/status/{transactionId}",
          "state": "requires_payment_method",
          "status": 200,
          "timestamp": "2026-11-02T09:00:12.347Z",
          "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f"
        }
    "#]]
    .assert_eq(&told);
    let told = block_on(answered(&endpoint, &host, "status"));
    assert!(!told.contains(email) && !told.contains(name), "{told}");
    let before = block_on(endpoint.people.store.load_keyring(&person)).unwrap().unwrap();
    let ring = Keyring::erased(person, Some(&before), "client:shop".to_owned(), host.now()).unwrap();
    let write = Write { keyring: &ring, what: "erased", actor: &client(), writer: WriterToken(1) };
    block_on(endpoint.people.store.save_keyring(&write)).unwrap();
    let told = block_on(answered(&endpoint, &host, "status-customer"));
    assert!(told.contains(r#""erased": true"#) && !told.contains(email), "{told}");
}
