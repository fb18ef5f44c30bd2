//! Every event file of this function through its handler, with its answer pinned.

mod openapi;

use std::sync::Arc;
use std::time::Duration;

use adapters::http::serve::respond;
use domain::payment::{Payment, PaymentState, Review, ReviewReason};
use expect_test::{Expect, expect};
use flow::ports::{Cause, CreatePayment as _, Write, WriterToken};
use lambda_http::{Body, request};
use serde_json::{Value, json};
use world::counting::{Counting, Tally};
use world::events::{Drawer, answered, client_keys, payment, text};
use world::host::SimHost;
use world::payments::{id, largest};
use world::shop::client;
use world::store::MemoryStore;
use world::turns::block_on;

use super::*;

type Endpoint = Payments<Drawer, Counting<MemoryStore>>;

/// What Lambda hands back to API Gateway may have so many bytes, and the body is a JSON string in it.
const LAMBDA_RESPONSE_MAX: usize = 6 * 1024 * 1024;
/// A page without payments.
const NONE: &[u32] = &[];

fn endpoint(payments: &[Payment], tally: &Arc<Tally>) -> Endpoint {
    let store = MemoryStore::default();
    for payment in payments {
        let write = Write { payment, cause: Cause::of("initiated"), actor: &client(), writer: WriterToken(0) };
        block_on(store.create(&write)).unwrap();
    }
    Payments { keys: client_keys(), store: Counting::new(store, Arc::clone(tally)) }
}

/// Seven payments of the day that the clock stands at, a second apart and each like the one that `events/initiate.json` opens; every
/// other canceled, the first under review.
fn seven(host: &SimHost) -> Vec<Payment> {
    let like = |number: u32| {
        let mut payment = Payment { id: id(number), ..payment(host) };
        payment.created_at = host.now().plus(Duration::from_secs(number.into()));
        payment.terms.reference = Some(domain::text::Text::parse("order-1001").unwrap());
        if number % 2 == 1 {
            payment.state = PaymentState::Canceled;
        }
        if number == 0 {
            payment.attention = Some(Review { since: host.now(), reason: ReviewReason::OutcomeUnknown });
        }
        payment
    };
    (0..7).map(like).collect()
}

fn check(endpoint: &Endpoint, host: &SimHost, event: &str, expected: &Expect) {
    expected.assert_eq(&block_on(answered(endpoint, host, event)));
}

/// The status, and what is answered to `events/payments.json` with another query.
fn asked(endpoint: &Endpoint, host: &SimHost, query: &[(&str, &str)]) -> (u16, Value) {
    let mut event: Value = serde_json::from_str(&text("payments")).unwrap();
    event["queryStringParameters"] = query.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    event["multiValueQueryStringParameters"] =
        query.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
    let (response, _) = block_on(respond(endpoint, host, &request::from_str(&event.to_string()).unwrap()));
    let Body::Text(body) = response.body() else { panic!("{:?}", response.body()) };
    (response.status().as_u16(), serde_json::from_str(body).unwrap())
}

#[test]
fn who_asks_again_for_a_list_is_told_how_it_stands_now() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&seven(&host), &Arc::default());
    let [told, again] = ["payments", "payments-again"].map(|event| block_on(answered(&endpoint, &host, event)));
    assert!(told.starts_with("200 OK"), "{told}");
    assert_eq!(again, told.replace("-000000000021", "-000000000107"));
}

/// The numbers of the payments that a query leads to, page by page.
fn walked(endpoint: &Endpoint, host: &SimHost, query: &[(&str, &str)]) -> Vec<Vec<u32>> {
    let (mut pages, mut cursor): (Vec<Vec<u32>>, Option<String>) = (Vec::new(), None);
    for _ in 0..20 {
        let follows = cursor.iter().map(|cursor| ("cursor", cursor.as_str()));
        let query: Vec<_> = query.iter().copied().chain(follows).collect();
        let (status, page) = asked(endpoint, host, &query);
        assert_eq!(status, 200, "{page}");
        let number = |payment: &Value| (0..7).find(|number| payment["transactionId"] == id(*number).as_str()).unwrap();
        pages.push(page["payments"].as_array().unwrap().iter().map(number).collect());
        cursor = page["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return pages;
        }
    }
    panic!("there is always another page: {pages:?}");
}

#[test]
fn a_reference_leads_to_its_payments() {
    let (host, tally) = (SimHost::new(1), Arc::default());
    let two = seven(&host).into_iter().take(2).collect::<Vec<_>>();
    check(
        &endpoint(&two, &tally),
        &host,
        "payments",
        &expect![[r#"
        200 OK
        content-type: application/json

        {
          "nextCursor": null,
          "payments": [
            {
              "a payment as it was opened, but for": {
                "createdAt": "2026-11-02T09:00:13.347Z",
                "nextAction": null,
                "reference": "order-1001",
                "status": "canceled",
                "transactionId": "pay_srgsc5zsbqycrakmfcc3opqd6l"
              }
            }
          ]
        }

        log: {
          "caller": "local",
          "durationMs": 0,
          "function": "payments",
          "level": "info",
          "listed": 1,
          "requestId": "11111111-0000-4000-8000-000000000021",
          "route": "GET /payments",
          "status": 200,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
    assert_eq!(tally.counts().reads, 0, "no row is read by itself");
}

#[test]
fn a_day_without_payments_is_an_empty_list() {
    let (host, tally) = (SimHost::new(1), Arc::default());
    check(
        &endpoint(&[], &tally),
        &host,
        "payments-of-a-day",
        &expect![[r#"
        200 OK
        content-type: application/json

        {
          "nextCursor": null,
          "payments": []
        }

        log: {
          "caller": "local",
          "durationMs": 0,
          "function": "payments",
          "level": "info",
          "listed": 0,
          "requestId": "11111111-0000-4000-8000-000000000022",
          "route": "GET /payments",
          "status": 200,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
}

#[test]
fn everything_that_is_wrong_with_a_query_is_said_at_once() {
    let (host, tally) = (SimHost::new(1), Arc::default());
    check(
        &endpoint(&[], &tally),
        &host,
        "payments-invalid",
        &expect![[r#"
        400 Bad Request
        content-type: application/problem+json

        {
          "code": "invalid_request",
          "detail": "The request is not valid",
          "errors": [
            {
              "detail": "is given more than once",
              "pointer": "?limit"
            },
            {
              "detail": "is not a parameter of this request; its parameters are `day`, `reference`, `status`, `attention`, `limit`, `cursor`",
              "pointer": "?page"
            },
            {
              "detail": "must be one of `requires_payment_method`, `processing`, `requires_action`, `requires_capture`, `succeeded`, `failed`, `canceled`, `expired`",
              "pointer": "?status"
            },
            {
              "detail": "is not a cursor that was answered here",
              "pointer": "?cursor"
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
          "function": "payments",
          "level": "info",
          "requestId": "11111111-0000-4000-8000-000000000023",
          "route": "GET /payments",
          "status": 400,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
}

#[test]
fn a_card_number_is_no_reference() {
    let (host, tally) = (SimHost::new(1), Arc::default());
    check(
        &endpoint(&[], &tally),
        &host,
        "payments-card-number",
        &expect![[r#"
        422 Unprocessable Entity
        content-type: application/problem+json

        {
          "code": "raw_card_data",
          "detail": "Card numbers are not accepted; send a gateway's token",
          "errors": [
            {
              "detail": "the query looks as if it contained a card number",
              "pointer": ""
            }
          ],
          "retryable": false,
          "status": 422,
          "title": "Card numbers are not accepted; send a gateway's token",
          "type": "urn:quittance:problem:raw_card_data"
        }

        log: {
          "_aws": {
            "CloudWatchMetrics": [
              {
                "Dimensions": [
                  [
                    "stack"
                  ]
                ],
                "Metrics": [
                  {
                    "Name": "rawCardData",
                    "Unit": "Count"
                  }
                ],
                "Namespace": "Quittance"
              }
            ],
            "Timestamp": 1793610012347
          },
          "caller": "local",
          "code": "raw_card_data",
          "durationMs": 0,
          "function": "payments",
          "level": "warn",
          "rawCardData": 1,
          "requestId": "11111111-0000-4000-8000-000000000024",
          "route": "GET /payments",
          "stack": "quittance-test",
          "status": 422,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
}

#[test]
fn the_pages_of_a_list_show_each_payment_once_and_the_newest_first() {
    let (host, tally) = (SimHost::new(1), Arc::default());
    let endpoint = endpoint(&seven(&host), &tally);
    let walked = |query: &[(&str, &str)]| walked(&endpoint, &host, query);
    let all: [&[u32]; 3] = [&[6, 5, 4], &[3, 2, 1], &[0]];
    for list in [
        &[("limit", "3")][..],
        &[("limit", "3"), ("day", "2026-11-02")],
        &[("limit", "3"), ("reference", "order-1001")],
    ] {
        assert_eq!(walked(list), all, "{list:?}");
    }
    assert_eq!(walked(&[("status", "canceled"), ("limit", "2")]), [&[5, 3][..], &[1]]);
    assert_eq!(walked(&[("attention", "true")]), [&[0][..]]);
    assert_eq!(walked(&[("attention", "true"), ("status", "canceled")]), [NONE]);
    assert_eq!(walked(&[("day", "2026-11-01")]), [NONE]);
}

#[test]
fn a_cursor_is_taken_with_its_own_list_only_and_a_made_up_one_with_none() {
    let (host, tally) = (SimHost::new(1), Arc::default());
    let endpoint = endpoint(&seven(&host), &tally);
    let cursor = |query: &[(&str, &str)]| asked(&endpoint, &host, query).1["nextCursor"].as_str().unwrap().to_owned();
    let of_today = cursor(&[("limit", "1")]);
    let of_reference = cursor(&[("limit", "1"), ("reference", "order-1001")]);
    for query in [
        [("day", "2026-11-03"), ("cursor", &*of_today)],
        [("reference", "order-1001"), ("cursor", &of_today)],
        [("day", "2026-11-02"), ("cursor", &of_reference)],
        [("reference", "order-1002"), ("cursor", &of_reference)],
        [("limit", "1"), ("cursor", &of_reference)],
        [("limit", "1"), ("cursor", "")],
        [("limit", "1"), ("cursor", "AAAA")],
        [("limit", "1"), ("cursor", "../../etc/passwd")],
    ] {
        let (status, problem) = asked(&endpoint, &host, &query);
        assert_eq!((status, &problem["errors"][0]["pointer"]), (400, &json!("?cursor")), "{query:?}: {problem}");
    }
    // Another filter is another question about the same list.
    assert_eq!(asked(&endpoint, &host, &[("status", "canceled"), ("cursor", &of_today)]).0, 200);
}

#[test]
fn a_list_of_today_that_is_followed_over_midnight_stays_the_list_that_it_was() {
    let (host, tally) = (SimHost::new(1), Arc::default());
    let endpoint = endpoint(&seven(&host), &tally);
    let cursor = asked(&endpoint, &host, &[("limit", "6")]).1["nextCursor"].as_str().unwrap().to_owned();
    host.advance(Duration::from_secs(24 * 3600));
    assert_eq!(asked(&endpoint, &host, &[]).1["payments"], json!([]));
    assert_eq!(walked(&endpoint, &host, &[("cursor", &cursor)]), [&[0][..]]);
}

#[test]
fn the_longest_page_of_the_largest_payments_is_one_that_lambda_can_answer() {
    let (host, tally) = (SimHost::new(1), Arc::default());
    let number = |number: usize| u32::try_from(number).unwrap();
    let payments: Vec<Payment> =
        (0..query::LIMIT_MAX).map(|at| Payment { created_at: host.now(), ..largest(number(at)) }).collect();
    let limit = query::LIMIT_MAX.to_string();
    let (status, page) = asked(&endpoint(&payments, &tally), &host, &[("limit", &limit)]);
    assert_eq!((status, page["payments"].as_array().unwrap().len()), (200, query::LIMIT_MAX));
    let answer = json!({"body": page.to_string()}).to_string().len();
    assert!(answer < LAMBDA_RESPONSE_MAX / 6 * 5, "{answer} bytes: leave room for what payments have yet to get");
}

#[test]
fn a_table_that_does_not_answer_is_told_as_such() {
    let (host, tally) = (SimHost::new(1), Arc::default());
    let endpoint = endpoint(&[], &tally);
    endpoint.store.port().script(world::store::Call::List, [world::store::Course::LostBefore]);
    let (status, problem) = asked(&endpoint, &host, &[]);
    assert_eq!((status, &problem["code"]), (503, &json!("unavailable")));
}
