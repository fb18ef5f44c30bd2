use std::collections::BTreeMap;
use std::time::Duration;

use domain::decline::GatewayWords;
use domain::gateway::{Charge, Mode};
use domain::id::{AttemptNumber, IdempotencyKey, RefundId, RequestHash, TransactionId};
use domain::money::Currency;
use domain::payment::{ActProgress, CaptureMethod, Confirmation, ReviewReason, Terms};
use domain::settlement::{ExchangeRate, Settlement};
use domain::text::{ClientSecret, GatewayToken, Metadata, Text, WebUrl};
use domain::time::Timestamp;
use domain::warning::WarningId;
use expect_test::expect;

use super::*;

const CREATED: i64 = 1_795_434_360_000;

fn euros(minor_units: i64) -> Money {
    Money::try_new(minor_units, Currency::from_code("EUR").unwrap()).unwrap()
}

/// A payment that waits for its payer.
pub(in crate::http) fn a_payment() -> Payment {
    let key = IdempotencyKey::parse("order-1").unwrap();
    Payment {
        id: TransactionId::derive("merchant", "initiate", &key),
        gateway: Gateway::Stripe,
        mode: Mode::Test,
        object: GatewayToken::parse("pi_canary").unwrap(),
        client_secret: Some(ClientSecret::new("pi_1_secret_2".to_owned())),
        payer_url: None,
        charge: None,
        request_hash: RequestHash::of([("amount", "1999")]),
        terms: Terms {
            amount: euros(1999),
            capture: CaptureMethod::Automatic,
            confirmation: Confirmation::Explicit,
            reference: Some(Text::parse("order 1").unwrap()),
            customer: None,
            description: None,
            statement_descriptor: None,
            metadata: Metadata::parse(BTreeMap::from([("basket".to_owned(), "b-7".to_owned())])).unwrap(),
            return_url: None,
            cancel_url: None,
            expires_in: Duration::from_secs(86_400),
        },
        state: PaymentState::RequiresPaymentMethod,
        attempts: Vec::new(),
        acts: Vec::new(),
        refunds: Vec::new(),
        attention: None,
        refund_unknown: None,
        disputes: Vec::new(),
        warnings: Vec::new(),
        look_owed: false,
        settlement_looks: 0,
        due: None,
        rounds: 0,
        created_at: Timestamp::from_unix_ms(CREATED),
        updated_at: Timestamp::from_unix_ms(CREATED + 5),
        expires_at: Timestamp::from_unix_ms(CREATED + 86_400_000),
        version: 1,
    }
}

fn attempt(number: u32, progress: AttemptProgress) -> Attempt {
    Attempt {
        number: AttemptNumber::try_new(number).unwrap(),
        source: AttemptSource::Api {
            key: IdempotencyKey::parse("canary-key").unwrap(),
            request_hash: RequestHash::of([]),
            instrument: Instrument::PaymentMethod(GatewayToken::parse("pm_canary").unwrap()),
            return_url: None,
            off_session: false,
            api_version: "v".to_owned(),
        },
        started_at: Timestamp::from_unix_ms(CREATED + 1),
        progress,
    }
}

fn json(payment: &Payment) -> serde_json::Value {
    serde_json::to_value(PaymentJson::from(payment)).unwrap()
}

#[test]
fn a_fresh_payment_shows_every_field() {
    expect![[r#"
        {
          "transactionId": "pay_srgsc5zsbqycrakmfcc3opqd6l",
          "status": "requires_payment_method",
          "processingReason": null,
          "amount": 1999,
          "currency": "EUR",
          "gateway": "stripe",
          "reference": "order 1",
          "nextAction": {
            "type": "provide_payment_method",
            "clientSecret": "pi_1_secret_2"
          },
          "pending": null,
          "attention": null,
          "amountCapturable": 0,
          "amountCaptured": 0,
          "amountRefundable": 0,
          "amountRefunded": 0,
          "settlement": null,
          "attempts": [],
          "reattempt": null,
          "refunds": [],
          "disputes": [],
          "fraudWarnings": [],
          "metadata": {
            "basket": "b-7"
          },
          "version": 1,
          "createdAt": "2026-11-23T11:46:00.000Z",
          "updatedAt": "2026-11-23T11:46:00.005Z",
          "expiresAt": "2026-11-24T11:46:00.000Z"
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&PaymentJson::from(&a_payment())).unwrap());
}

#[test]
fn the_fields_are_the_same_in_every_state() {
    let fields = |payment: &Payment| json(payment).as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let fresh = fields(&a_payment());
    assert_eq!(fresh.len(), 25);
    for state in [
        PaymentState::Processing(ProcessingReason::OutcomeUnknown),
        PaymentState::RequiresAction(NextAction::UseGatewaySdk),
        PaymentState::RequiresCapture { capturable: euros(1999) },
        PaymentState::Succeeded { captured: euros(1999) },
        PaymentState::Failed,
        PaymentState::Canceled,
        PaymentState::Expired,
    ] {
        assert_eq!(fields(&Payment { state: state.clone(), ..a_payment() }), fresh, "{state:?}");
    }
}

#[test]
fn a_declined_attempt_says_why_and_keeps_the_clients_key_and_the_gateways_tokens_to_itself() {
    let words = GatewayWords { code: "insufficient_funds", network_code: Some("51"), ..GatewayWords::default() };
    let declined = AttemptProgress::Closed(AttemptResult::Declined(Decline::judge(words)));
    let payment = Payment { attempts: vec![attempt(1, declined)], ..a_payment() };
    expect![[r#"
        [
          {
            "number": 1,
            "status": "declined",
            "source": "api",
            "method": "payment_method",
            "offSession": false,
            "startedAt": "2026-11-23T11:46:00.001Z",
            "decline": {
              "category": "later",
              "code": "insufficient_funds",
              "gatewayCode": "insufficient_funds",
              "networkCode": "51",
              "advice": null,
              "payerMessage": "The card does not have enough funds for this payment. Please use another one."
            }
          }
        ]"#]]
    .assert_eq(&serde_json::to_string_pretty(&PaymentJson::from(&payment).attempts).unwrap());
    assert!(!json(&payment).to_string().contains("canary"));

    let problem = serde_json::to_value(
        crate::http::problem::Problem::declined(&payment, AttemptNumber::FIRST)
            .document(crate::http::problem::TypeBase::NAME),
    )
    .unwrap();
    assert_eq!(problem["status"], 402);
    assert_eq!(problem["decline"], json(&payment)["attempts"][0]["decline"]);
    assert_eq!(problem["payment"], json(&payment));
    assert_eq!(problem["detail"], problem["decline"]["payerMessage"]);
}

#[test]
fn each_attempt_has_its_own_decline_or_none() {
    let declined = AttemptProgress::Closed(AttemptResult::Declined(Decline::of_refusal("x")));
    let payment =
        Payment { attempts: vec![attempt(1, declined), attempt(2, AttemptProgress::Unanswered)], ..a_payment() };
    let json = PaymentJson::from(&payment);
    assert_eq!(json.decline_of(AttemptNumber::FIRST).map(|decline| decline.code), Some("payment_method_unusable"));
    assert_eq!(json.decline_of(AttemptNumber::FIRST.next()), None);
    assert_eq!(json.decline_of(AttemptNumber::FIRST.next().next()), None);
}

#[test]
fn amounts_are_those_of_the_state() {
    let amounts = |state| {
        let json = json(&Payment { state, ..a_payment() });
        ["amountCapturable", "amountCaptured", "amountRefundable", "amountRefunded"]
            .map(|name| json[name].as_i64().unwrap())
    };
    assert_eq!(amounts(PaymentState::RequiresCapture { capturable: euros(1999) }), [1999, 0, 0, 0]);
    assert_eq!(amounts(PaymentState::Succeeded { captured: euros(1500) }), [0, 1500, 1500, 0]);
    assert_eq!(amounts(PaymentState::Canceled), [0, 0, 0, 0]);
}

#[test]
fn what_comes_next_is_told_by_type() {
    let next = |state| json(&Payment { state, ..a_payment() })["nextAction"].to_string();
    let url = WebUrl::parse("https://bank.example/3ds").unwrap();
    assert_eq!(
        next(PaymentState::RequiresAction(NextAction::Redirect(url))),
        r#"{"type":"redirect","url":"https://bank.example/3ds"}"#
    );
    assert_eq!(
        next(PaymentState::RequiresAction(NextAction::UseGatewaySdk)),
        r#"{"clientSecret":"pi_1_secret_2","type":"use_gateway_sdk"}"#
    );
    assert_eq!(next(PaymentState::RequiresAction(NextAction::Confirm)), r#"{"type":"confirm"}"#);
    assert_eq!(next(PaymentState::Processing(ProcessingReason::GatewayPending)), "null");
}

#[test]
fn an_open_act_is_shown_and_a_finished_one_is_not() {
    let act = |kind, progress| Act {
        kind,
        request: None,
        started_at: Timestamp::from_unix_ms(CREATED),
        reason: Some(CancelReason::Duplicate).filter(|_| matches!(kind, ActKind::Close { ends_as: End::Canceled })),
        progress,
    };
    let pending = |act| json(&Payment { acts: vec![act], ..a_payment() })["pending"].to_string();
    assert_eq!(
        pending(act(ActKind::Capture { amount: euros(500) }, ActProgress::Open)),
        r#"{"amount":500,"endsAs":null,"kind":"capture","reason":null,"startedAt":"2026-11-23T11:46:00.000Z"}"#
    );
    assert_eq!(
        pending(act(ActKind::Close { ends_as: End::Expired }, ActProgress::Open)),
        r#"{"amount":null,"endsAs":"expired","kind":"expiry","reason":null,"startedAt":"2026-11-23T11:46:00.000Z"}"#
    );
    assert_eq!(
        pending(act(ActKind::Close { ends_as: End::Canceled }, ActProgress::Open)),
        r#"{"amount":null,"endsAs":"canceled","kind":"cancel","reason":"duplicate","startedAt":"2026-11-23T11:46:00.000Z"}"#
    );
    assert_eq!(pending(act(ActKind::Close { ends_as: End::Canceled }, ActProgress::Done)), "null");
}

#[test]
fn what_the_charge_came_to_is_shown_in_the_currency_it_came_in() {
    let money = |minor_units, code| Money::try_new(minor_units, Currency::from_code(code).unwrap()).unwrap();
    let shown = |settlement| {
        let charge = Charge { reference: GatewayToken::parse("ch_canary").unwrap(), settlement };
        let shown = json(&Payment { charge: Some(charge), ..a_payment() });
        assert!(!shown.to_string().contains("canary"));
        shown["settlement"].to_string()
    };
    let rate = Some(ExchangeRate::parse("0.92000").unwrap());
    let abroad = Settlement { net: money(1_747, "GBP"), fee: money(92, "GBP"), rate: rate.clone() };
    assert_eq!(
        shown(Some(abroad)),
        r#"{"currency":"GBP","exchangeRate":"0.92000","fee":92,"feeCurrency":"GBP","gross":1839,"net":1747}"#
    );
    let at_home = Settlement { net: euros(1_907), fee: euros(92), rate: None };
    assert_eq!(
        shown(Some(at_home)),
        r#"{"currency":"EUR","exchangeRate":null,"fee":92,"feeCurrency":"EUR","gross":1999,"net":1907}"#
    );
    let fee_before = Settlement { net: money(1_747, "GBP"), fee: euros(92), rate };
    assert_eq!(
        shown(Some(fee_before)),
        r#"{"currency":"GBP","exchangeRate":"0.92000","fee":92,"feeCurrency":"EUR","gross":null,"net":1747}"#
    );
    assert_eq!(shown(None), "null");
}

#[test]
fn what_a_person_must_look_at_is_shown_with_its_reason() {
    let review = Review { since: Timestamp::from_unix_ms(CREATED), reason: ReviewReason::OutcomeUnknown };
    assert_eq!(
        json(&Payment { attention: Some(review), ..a_payment() })["attention"].to_string(),
        r#"{"reason":"outcome_unknown","since":"2026-11-23T11:46:00.000Z"}"#
    );
    let since = Timestamp::from_unix_ms(CREATED);
    let late = Some(Review { since: Timestamp::from_unix_ms(0), reason: ReviewReason::LateSuccess });
    assert_eq!(
        json(&Payment { attention: late, refund_unknown: Some(since), ..a_payment() })["attention"].to_string(),
        r#"{"reason":"refund_unknown","since":"2026-11-23T11:46:00.000Z"}"#,
        "the gravest is shown"
    );
}

#[test]
fn a_refund_tells_what_became_of_it_and_what_is_left() {
    let refund = |number: u32, source, progress| Refund {
        id: RefundId::of_gateway(&a_payment().id, &number.to_string()),
        source,
        amount: euros(500),
        reason: Some(RefundReason::Duplicate),
        reference: Some(GatewayToken::parse("re_canary").unwrap()),
        started_at: Timestamp::from_unix_ms(CREATED),
        progress,
    };
    let key = IdempotencyKey::parse("canary-key").unwrap();
    let of_ours = RefundSource::Api { key, request_hash: RequestHash::of([]) };
    let refunds = vec![
        refund(1, of_ours, RefundProgress::Unanswered),
        refund(2, RefundSource::Gateway, RefundProgress::Succeeded),
        refund(3, RefundSource::Gateway, RefundProgress::Failed { code: "declined".to_owned() }),
    ];
    let state = PaymentState::Succeeded { captured: euros(1999) };
    let shown = json(&Payment { state, refunds, ..a_payment() });
    assert_eq!([&shown["amountRefundable"], &shown["amountRefunded"]], [999, 500]);
    assert_eq!(
        shown["refunds"][0].to_string(),
        r#"{"amount":500,"createdAt":"2026-11-23T11:46:00.000Z","failureCode":null,"reason":"duplicate","refundId":"ref_x7s7qsrmf7itb6ptlz22wxh7bq","source":"api","status":"pending"}"#
    );
    assert_eq!([&shown["refunds"][1]["status"], &shown["refunds"][1]["source"]], ["succeeded", "gateway"]);
    assert_eq!([&shown["refunds"][2]["status"], &shown["refunds"][2]["failureCode"]], ["failed", "declined"]);
    assert!(!shown.to_string().contains("canary"));
}

#[test]
fn what_a_bank_says_of_fraud_and_what_went_back_by_itself_are_told() {
    let id = WarningId::parse("wrn_stripe_issfr_1").unwrap();
    let warning = PaymentWarning {
        id: id.clone(),
        kind: Text::parse("made_with_stolen_card").unwrap(),
        is_actionable: true,
        warned_at: Timestamp::from_unix_ms(CREATED),
        version: 2,
    };
    let refund = |cause, reason| Refund {
        id: RefundId::automatic(&a_payment().id, "x"),
        source: RefundSource::Automatic(cause),
        amount: euros(500),
        reason,
        reference: None,
        started_at: Timestamp::from_unix_ms(CREATED),
        progress: RefundProgress::Pending,
    };
    let refunds =
        vec![refund(Cause::LateSuccess, None), refund(Cause::FraudWarning(id), Some(RefundReason::Fraudulent))];
    let state = PaymentState::Succeeded { captured: euros(1999) };
    let shown = json(&Payment { state, refunds, warnings: vec![warning], ..a_payment() });
    assert_eq!(
        shown["fraudWarnings"].to_string(),
        r#"[{"actionable":true,"createdAt":"2026-11-23T11:46:00.000Z","type":"made_with_stolen_card","warningId":"wrn_stripe_issfr_1"}]"#
    );
    assert_eq!([&shown["refunds"][0]["source"], &shown["refunds"][0]["reason"]], ["automatic", "late_success"]);
    assert_eq!([&shown["refunds"][1]["source"], &shown["refunds"][1]["reason"]], ["automatic", "fraudulent"]);
}
