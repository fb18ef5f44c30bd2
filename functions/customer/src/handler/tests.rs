//! Every event file of this function through its handler, with its answer and its log line pinned.

mod openapi;

use domain::id::{RowId, TransactionId};
use domain::personal::{Field as PersonalField, Kept, Opened, Place};
use domain::text::Text;
use expect_test::expect;
use flow::ports::personal::{Open as _, Seal as _};
use world::events::{Drawer, answered, client_keys};
use world::host::SimHost;
use world::people::{MemoryKeyrings, Twin};
use world::shop::client;
use world::turns::block_on;

use super::*;

type Function = Customers<Drawer, MemoryKeyrings>;

fn function() -> Function {
    Customers { keys: client_keys(), store: MemoryKeyrings::default() }
}

/// The person that `events/customer.json` names.
fn pia() -> PersonId {
    PersonId::of_customer(&Text::parse("pia@shop.example").unwrap())
}

#[test]
fn a_person_who_never_paid_is_erased_like_any_other_and_as_often_as_anybody_asks() {
    let (function, host) = (function(), SimHost::new(1));
    let told = block_on(answered(&function, &host, "customer"));
    expect![[r#"
        204 No Content

        log: {
          "caller": "local",
          "durationMs": 0,
          "function": "customer",
          "level": "info",
          "outcome": "erased_unknown",
          "person": "a2ev3n5jeqo5bnycestkh3wcd4bqgqisoiy3o7wtztmgwfc2t3aa",
          "requestId": "11111111-0000-4000-8000-0000000000a1",
          "route": "DELETE /customers/{customerId}",
          "status": 204,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]]
    .assert_eq(&told);
    let again = block_on(answered(&function, &host, "customer-again"));
    let told = told.replace(r#""outcome": "erased_unknown""#, r#""outcome": "erased_before""#);
    assert_eq!(again, told.replace("-0000000000a1", "-000000000108"));
}

#[test]
fn what_was_sealed_before_can_be_read_by_nobody_afterwards() {
    let (people, host) = (Twin::default(), SimHost::new(1));
    let row = RowId::Payment(TransactionId::parse("pay_45r6h26q25dittbo7zrmxadm3f").unwrap());
    let place = Place { row, field: PersonalField::CustomerName };
    let texts = [(place.clone(), "Pia Payer")];
    let sealed = block_on(people.seal_texts(&host, &pia(), &texts, &client())).unwrap();
    let kept = Kept::Sealed(sealed.first().unwrap().clone());
    let read = |people: &Twin| block_on(people.open_texts(&host, &pia(), &[(place.clone(), &kept)])).unwrap();
    assert_eq!(read(&people), Opened::Readable(vec!["Pia Payer".to_owned()]));
    let function = Customers { keys: client_keys(), store: people.store };
    assert!(block_on(answered(&function, &host, "customer")).starts_with("204 No Content"));
    let people = Twin { store: function.store, keys: people.keys };
    assert_eq!(read(&people), Opened::Erased);
}

#[test]
fn what_is_no_name_is_told_and_not_echoed() {
    let told = block_on(answered(&function(), &SimHost::new(1), "customer-invalid"));
    expect![[r#"
        400 Bad Request
        content-type: application/problem+json

        {
          "code": "invalid_request",
          "detail": "The request is not valid",
          "errors": [
            {
              "detail": "must be percent-encoded UTF-8",
              "pointer": "/customerId"
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
          "function": "customer",
          "level": "info",
          "requestId": "11111111-0000-4000-8000-0000000000a2",
          "route": "DELETE /customers/{customerId}",
          "status": 400,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]]
    .assert_eq(&told);
}

#[test]
fn while_the_table_is_down_nobody_is_told_that_they_were_erased() {
    let function = function();
    function.store.set_down(true);
    let told = block_on(answered(&function, &SimHost::new(1), "customer"));
    assert!(told.starts_with("503 ") && told.contains(r#""code": "unavailable""#), "{told}");
    assert_eq!(function.store.stored(&pia()), None);
}
