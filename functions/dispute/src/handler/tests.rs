//! Every event file of this function through its handler, with its answer and its log line pinned.

mod openapi;

use domain::dispute::{Stage, Standing, Status, Ways};
use domain::gateway::UnknownReason;
use domain::money::{Currency, Money};
use expect_test::{Expect, expect};
use flow::ports::dispute::{CreateDispute as _, Write};
use flow::ports::{Cause, WriterToken};
use world::disputes::{Fate, made_up};
use world::events::{Drawer, answered, client_keys};
use world::gateway::SimGateway;
use world::host::SimHost;
use world::people::Twin;
use world::queue::MemoryQueue;
use world::store::MemoryStore;
use world::turns::block_on;

use super::*;

pub(super) type Function = Disputes<Drawer, MemoryStore, SimGateway, MemoryQueue, Twin>;

fn id() -> DisputeId {
    DisputeId::parse("dsp_stripe_du_3EventDispute000000000").unwrap()
}

/// A function whose table has the dispute that `events/webhook-dispute.json` tells of, looked at since.
pub(super) fn function(host: &SimHost, status: Status) -> Function {
    function_of(host, &id(), status)
}

fn function_of(host: &SimHost, id: &DisputeId, status: Status) -> Function {
    let function = Disputes {
        keys: client_keys(),
        store: MemoryStore::default(),
        gateway: SimGateway::new(std::sync::Arc::new(SimHost::new(1))),
        nudges: MemoryQueue::default(),
        people: Twin::default(),
    };
    let mut dispute = made_up::open(1);
    dispute.id = id.clone();
    let known = dispute.known.as_mut().unwrap();
    known.standing = Some(Standing { stage: Stage::Chargeback, status });
    known.ways = Ways::usual(Stage::Chargeback, status);
    let by = known.due_by.unwrap();
    let amount = Money::payable(400, Currency::from_code("EUR").unwrap()).unwrap();
    function.gateway.disputes().open(id, dispute.payment(), amount, Standing { stage: Stage::Chargeback, status }, by);
    let actor = Actor::Retry;
    let write =
        Write { dispute: &dispute, cause: Cause::of("tested"), actor: &actor, writer: WriterToken(host.dice()) };
    block_on(function.store.create_dispute(&write)).unwrap();
    function
}

fn check(function: &Function, event: &str, expected: &Expect) {
    let host = SimHost::new(1);
    expected.assert_eq(&block_on(answered(function, &host, event)));
}

/// The first line of the answer, and the code if it is a problem.
fn in_short(function: &Function, event: &str) -> String {
    let text = block_on(answered(function, &SimHost::new(1), event));
    let code = text.lines().find_map(|line| line.trim().strip_prefix("\"code\": ")).unwrap_or_default();
    format!("{} {code}", text.lines().next().unwrap()).trim().to_owned()
}

#[test]
fn a_dispute_of_paypals_is_shown_and_answered_in_the_same_words() {
    let host = SimHost::new(1);
    let function = function_of(&host, &DisputeId::parse("dsp_paypal_PP-D-12501").unwrap(), Status::NeedsResponse);
    let shown = block_on(answered(&function, &host, "dispute-paypal"));
    assert!(shown.starts_with("200 ") && shown.contains(r#""gateway": "paypal""#), "{shown}");
    // PayPal says that it has taken an answer, and not how the dispute stands then: a look tells.
    assert_eq!(in_short(&function, "dispute-evidence-paypal"), "202 Accepted");
}

#[test]
fn a_dispute_is_shown_as_it_stands() {
    let host = SimHost::new(1);
    check(
        &function(&host, Status::NeedsResponse),
        "dispute",
        &expect![[r#"
            200 OK
            content-type: application/json

            {
              "actions": [
                "evidence",
                "accept"
              ],
              "amount": 400,
              "attention": null,
              "createdAt": "2026-11-02T09:00:12.347Z",
              "currency": "EUR",
              "disputeId": "dsp_stripe_du_3EventDispute000000000",
              "dueBy": "2026-11-12T09:00:12.347Z",
              "evidence": {},
              "evidenceErased": false,
              "gateway": "stripe",
              "gatewayDisputeId": "du_3EventDispute000000000",
              "gatewayReason": "product_not_received",
              "holdsMoney": true,
              "pending": null,
              "reason": "not_received",
              "requests": [],
              "stage": "chargeback",
              "status": "needs_response",
              "transactionId": "pay_srgsc5zsbqycrakmfcc3opqd6l",
              "updatedAt": "2026-11-02T09:00:12.347Z",
              "version": 3
            }

            log: {
              "caller": "local",
              "disputeId": "dsp_stripe_du_3EventDispute000000000",
              "durationMs": 0,
              "function": "dispute",
              "level": "info",
              "requestId": "11111111-0000-4000-8000-000000000034",
              "route": "GET /disputes/{disputeId}",
              "state": "needs_response",
              "status": 200,
              "timestamp": "2026-11-02T09:00:12.347Z"
            }
        "#]],
    );
}

#[test]
fn the_list_shows_what_is_not_over() {
    let host = SimHost::new(1);
    check(
        &function(&host, Status::NeedsResponse),
        "dispute-list",
        &expect![[r#"
            200 OK
            content-type: application/json

            {
              "disputes": [
                {
                  "actions": [
                    "evidence",
                    "accept"
                  ],
                  "amount": 400,
                  "attention": null,
                  "createdAt": "2026-11-02T09:00:12.347Z",
                  "currency": "EUR",
                  "disputeId": "dsp_stripe_du_3EventDispute000000000",
                  "dueBy": "2026-11-12T09:00:12.347Z",
                  "evidence": null,
                  "gateway": "stripe",
                  "gatewayDisputeId": "du_3EventDispute000000000",
                  "gatewayReason": "product_not_received",
                  "holdsMoney": true,
                  "pending": null,
                  "reason": "not_received",
                  "requests": [],
                  "stage": "chargeback",
                  "status": "needs_response",
                  "transactionId": "pay_srgsc5zsbqycrakmfcc3opqd6l",
                  "updatedAt": "2026-11-02T09:00:12.347Z",
                  "version": 3
                }
              ],
              "nextCursor": null
            }

            log: {
              "caller": "local",
              "durationMs": 0,
              "function": "dispute",
              "level": "info",
              "listed": 1,
              "requestId": "11111111-0000-4000-8000-000000000032",
              "route": "GET /disputes",
              "status": 200,
              "timestamp": "2026-11-02T09:00:12.347Z"
            }
        "#]],
    );
    let over = block_on(answered(&function(&host, Status::Won), &host, "dispute-list"));
    assert!(over.contains(r#""disputes": []"#), "{over}");
}

#[test]
fn a_status_that_is_none_is_told() {
    let host = SimHost::new(1);
    check(
        &function(&host, Status::NeedsResponse),
        "dispute-list-invalid",
        &expect![[r#"
        400 Bad Request
        content-type: application/problem+json

        {
          "code": "invalid_request",
          "detail": "The request is not valid",
          "errors": [
            {
              "detail": "must be one of `needs_response`, `under_review`, `won`, `lost`, `prevented`, `closed`",
              "pointer": "?status"
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
          "function": "dispute",
          "level": "info",
          "requestId": "11111111-0000-4000-8000-000000000033",
          "route": "GET /disputes",
          "status": 400,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
}

#[test]
fn evidence_is_submitted_once_and_a_replay_says_so() {
    let host = SimHost::new(1);
    let function = function(&host, Status::NeedsResponse);
    check(
        &function,
        "dispute-evidence",
        &expect![[r#"
            200 OK
            content-type: application/json

            {
              "actions": [],
              "amount": 400,
              "attention": null,
              "createdAt": "2026-11-02T09:00:12.347Z",
              "currency": "EUR",
              "disputeId": "dsp_stripe_du_3EventDispute000000000",
              "dueBy": "2026-11-12T09:00:12.347Z",
              "evidence": {
                "explanation": "Delivered on 23 November; the payer signed for it.",
                "shippingCarrier": "DHL",
                "shippingTrackingNumber": "JJD0099"
              },
              "evidenceErased": false,
              "gateway": "stripe",
              "gatewayDisputeId": "du_3EventDispute000000000",
              "gatewayReason": "product_not_received",
              "holdsMoney": true,
              "pending": null,
              "reason": "not_received",
              "requests": [
                {
                  "createdAt": "2026-11-02T09:00:12.347Z",
                  "failureCode": null,
                  "kind": "submit",
                  "status": "done"
                }
              ],
              "stage": "chargeback",
              "status": "under_review",
              "transactionId": "pay_srgsc5zsbqycrakmfcc3opqd6l",
              "updatedAt": "2026-11-02T09:00:12.347Z",
              "version": 5
            }

            log: {
              "caller": "local",
              "disputeId": "dsp_stripe_du_3EventDispute000000000",
              "durationMs": 0,
              "function": "dispute",
              "level": "info",
              "replayed": false,
              "requestId": "11111111-0000-4000-8000-000000000035",
              "route": "POST /disputes/{disputeId}/evidence",
              "state": "under_review",
              "status": 200,
              "timestamp": "2026-11-02T09:00:12.347Z"
            }
        "#]],
    );
    let replay = block_on(answered(&function, &host, "dispute-evidence-again"));
    assert!(replay.starts_with("200 OK") && replay.contains("idempotent-replayed: true"), "{replay}");
    assert_eq!(function.gateway.disputes().submitted().len(), 1);
    assert_eq!(function.nudges.waiting().len(), 1, "the payment's row must learn of it");
}

#[test]
fn a_draft_goes_to_nobody() {
    let host = SimHost::new(1);
    let function = function(&host, Status::NeedsResponse);
    assert_eq!(in_short(&function, "dispute-evidence-draft"), "200 OK");
    assert!(function.gateway.disputes().submitted().is_empty());
    let dispute = function.store.dispute(&id()).unwrap();
    assert_eq!(dispute.papers.iter().count(), 1);
}

#[test]
fn what_is_no_evidence_is_told_and_nothing_of_it_is_echoed() {
    let host = SimHost::new(1);
    check(
        &function(&host, Status::NeedsResponse),
        "dispute-evidence-invalid",
        &expect![[r#"
        400 Bad Request
        content-type: application/problem+json

        {
          "code": "invalid_request",
          "detail": "The request is not valid",
          "errors": [
            {
              "detail": "must consist of letters, digits, `_` and `-`",
              "pointer": "/evidence/receipt"
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
          "disputeId": "dsp_stripe_du_3EventDispute000000000",
          "durationMs": 0,
          "function": "dispute",
          "level": "info",
          "requestId": "11111111-0000-4000-8000-000000000037",
          "route": "POST /disputes/{disputeId}/evidence",
          "status": 400,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
}

#[test]
fn nobody_knows_is_202_and_what_the_gateway_refuses_is_told_by_its_code() {
    let host = SimHost::new(1);
    let silent = function(&host, Status::NeedsResponse);
    silent.gateway.disputes().script([Fate::Unheard(UnknownReason::Timeout)]);
    assert_eq!(in_short(&silent, "dispute-accept"), "202 Accepted");
    let refusing = function(&host, Status::NeedsResponse);
    refusing.gateway.disputes().script([Fate::Refused("not_this_one")]);
    assert_eq!(in_short(&refusing, "dispute-accept"), r#"422 Unprocessable Entity "gateway_refused","#);
    let over = function(&host, Status::Lost);
    assert_eq!(in_short(&over, "dispute-accept"), r#"409 Conflict "invalid_state","#);
}

#[test]
fn giving_in_loses_the_dispute() {
    let host = SimHost::new(1);
    let function = function(&host, Status::NeedsResponse);
    assert_eq!(in_short(&function, "dispute-accept"), "200 OK");
    assert_eq!(function.store.dispute(&id()).unwrap().standing().unwrap().status, Status::Lost);
}
