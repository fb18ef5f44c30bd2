use super::*;
use crate::http::payment_json::tests::a_payment;
use domain::payment::ReattemptRefusal;
use expect_test::expect;

#[test]
fn the_table_from_reasons_to_answers() {
    let table: String = Refusal::ALL
        .iter()
        .map(|refusal| {
            let row = refusal.row();
            format!("{} {} {}\n", row.status.as_u16(), row.code, if row.retryable { "retryable" } else { "" })
                .replace(" \n", "\n")
        })
        .collect();
    expect![[r#"
        400 invalid_request
        400 idempotency_key_missing
        401 unauthorized
        402 payment_declined
        402 capture_refused
        402 refund_failed
        403 forbidden
        403 request_blocked
        404 not_found
        409 invalid_state
        409 in_progress retryable
        409 reattempt_refused
        413 body_too_large
        415 unsupported_media_type
        422 idempotency_key_reused
        422 raw_card_data
        422 secret_in_request
        422 amount_exceeds_capturable
        422 amount_exceeds_refundable
        409 held_by_dispute
        422 nothing_to_submit
        409 too_many_endpoints
        409 endpoint_disabled
        422 amount_not_supported
        422 amount_out_of_limits
        422 currency_mismatch
        422 gateway_refused
        429 rate_limited retryable
        503 gateway_unavailable retryable
        503 paused retryable
        503 unavailable retryable
        500 internal retryable
    "#]]
    .assert_eq(&table);
    let codes: std::collections::BTreeSet<_> = Refusal::ALL.iter().map(|refusal| refusal.row().code).collect();
    assert_eq!(codes.len(), Refusal::ALL.len(), "a code means one thing");
}

#[test]
fn a_conflict_shows_the_payment_as_it_stands_and_other_refusals_do_not() {
    let payment = a_payment();
    for (rejection, code, shown) in [
        (Rejection::InvalidState { state: "succeeded" }, "invalid_state", true),
        (Rejection::InProgress, "in_progress", true),
        (Rejection::TooManyAttempts, "invalid_state", true),
        (Rejection::ReattemptRefused(ReattemptRefusal::TooSoon), "reattempt_refused", true),
        (Rejection::TimeIsOver, "invalid_state", true),
        (Rejection::IdempotencyKeyReused, "idempotency_key_reused", false),
        (Rejection::AmountExceedsCapturable, "amount_exceeds_capturable", false),
        (Rejection::CurrencyMismatch, "currency_mismatch", false),
    ] {
        let document = serde_json::to_value(Problem::rejected(rejection, &payment).document(TypeBase::NAME)).unwrap();
        assert_eq!((document["code"].as_str().unwrap(), document.get("payment").is_some()), (code, shown));
        assert!(document["detail"].as_str().unwrap().starts_with(char::is_uppercase));
    }
}

#[test]
fn an_attempt_that_nobody_declined_is_not_called_declined() {
    let document =
        serde_json::to_value(Problem::declined(&a_payment(), AttemptNumber::FIRST).document(TypeBase::NAME)).unwrap();
    assert_eq!((&document["detail"], document.get("decline")), (&NOT_CHARGED.into(), None));
}

#[test]
fn a_document_has_what_rfc_9457_and_our_clients_want() {
    let problem = Problem::invalid_field("/amount", "must be a whole number");
    expect![[r#"
        {
          "type": "urn:quittance:problem:invalid_request",
          "title": "The request is not valid",
          "status": 400,
          "detail": "The request is not valid",
          "code": "invalid_request",
          "retryable": false,
          "errors": [
            {
              "pointer": "/amount",
              "detail": "must be a whole number"
            }
          ]
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&problem.document(TypeBase::NAME)).unwrap());
}

#[test]
fn a_capture_that_was_refused_is_no_decline_and_shows_what_is_still_held() {
    let document =
        serde_json::to_value(Problem::capture_refused(&a_payment(), "charge_not_capturable").document(TypeBase::NAME))
            .unwrap();
    assert_eq!((&document["status"], &document["code"]), (&402.into(), &"capture_refused".into()));
    assert_eq!(document["errors"][0]["detail"], "was refused by the gateway: charge_not_capturable");
    assert_eq!(document["payment"]["transactionId"], a_payment().id.as_str());
    assert!(!document.to_string().contains("decline"), "{document}");
}
