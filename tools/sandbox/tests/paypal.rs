//! The life of a payment at PayPal, as a merchant's server sees it.

mod caller;

use caller::{
    Caller,
    shop::{CLIENT, Shop, order, token},
};
use serde_json::{Value, json};

const ORDERS: &str = "/v2/checkout/orders";

#[tokio::test]
async fn an_order_is_approved_and_captured() {
    let shop = Shop::open().await;
    let made = shop.post(ORDERS, order("CAPTURE", "EUR", "10.5", "pay_1")).await;
    assert_eq!((made.status, made.at("status")), (201, json!("PAYER_ACTION_REQUIRED")));
    assert!(made.at("purchase_units").is_null(), "a minimal answer: {}", made.text);
    assert!(made.header("paypal-debug-id").is_some());
    let page = made.json()["links"].as_array().unwrap().iter().find(|link| link["rel"] == "payer-action").cloned();
    let (id, page) = (made.text_at("id"), page.unwrap()["href"].as_str().unwrap().to_owned());
    let capture = format!("{ORDERS}/{id}/capture");
    assert_eq!(shop.post(&capture, Value::Null).await.issue(), (422, "ORDER_NOT_APPROVED".to_owned()));

    let shown = shop.caller.send("GET", &page, &[], "").await.unwrap();
    assert!(shown.text.contains("10.50 EUR") && shown.text.contains("three &lt;socks&gt;"), "{}", shown.text);
    let sent_back = shop.caller.send("POST", &page, &[], "decision=approve&capture=completed").await.unwrap();
    assert_eq!(sent_back.status, 303);
    let back = format!("https://shop.example/done?basket=7&token={id}&PayerID=SANDBXPAYER23");
    assert_eq!(sent_back.header("location"), Some(back.as_str()));
    assert_eq!(shop.get(&format!("{ORDERS}/{id}")).await.at("status"), "APPROVED");

    let captured = shop.post(&capture, Value::Null).await;
    assert_eq!((captured.status, captured.at("status")), (201, json!("COMPLETED")));
    let payment = captured.json()["purchase_units"][0]["payments"]["captures"][0].clone();
    assert_eq!((&payment["status"], &payment["custom_id"]), (&json!("COMPLETED"), &json!("pay_1")));
    assert_eq!(payment["amount"], json!({"currency_code": "EUR", "value": "10.50"}));
    assert_eq!(payment["seller_receivable_breakdown"]["net_amount"]["value"], "9.65");
    assert_eq!(shop.ledger().await["charges"], json!([["paypal", "succeeded", 1050, "eur"]]));
    assert_eq!(shop.post(&capture, Value::Null).await.issue(), (422, "ORDER_ALREADY_CAPTURED".to_owned()));
    let fetched = shop.get(&format!("/v2/payments/captures/{}", payment["id"].as_str().unwrap())).await;
    assert_eq!(fetched.at("supplementary_data.related_ids.order_id"), json!(id));
}

#[tokio::test]
async fn a_payer_who_goes_away_leaves_the_order_as_it_was() {
    let shop = Shop::open().await;
    let id = shop.ordered("CAPTURE", "pay_1").await;
    let sent_back = shop.caller.send("POST", &format!("/_payer/paypal/{id}"), &[], "decision=cancel").await.unwrap();
    assert_eq!(sent_back.header("location"), Some(format!("https://shop.example/back?token={id}").as_str()));
    assert_eq!(shop.get(&format!("{ORDERS}/{id}")).await.at("status"), "PAYER_ACTION_REQUIRED");
    shop.approved(&id, "completed").await;
    assert_eq!(shop.post(&format!("{ORDERS}/{id}/capture"), Value::Null).await.status, 201);
    let page = shop.caller.send("GET", &format!("/_payer/paypal/{id}"), &[], "").await.unwrap();
    assert!(!page.text.contains("Approve") && page.text.contains("Complain"), "a paid order asks only who is unhappy");
    assert_eq!(shop.caller.send("GET", "/_payer/paypal/NONE", &[], "").await.unwrap().status, 404);
}

#[tokio::test]
async fn without_a_payment_source_the_payer_is_sent_by_the_approve_link() {
    let shop = Shop::open().await;
    let body = json!({"intent": "CAPTURE", "purchase_units": [{"amount": {"currency_code": "EUR", "value": "1"}}]});
    let made = shop.send("POST", ORDERS, &[("prefer", "return=representation")], body).await.unwrap();
    assert_eq!((made.at("status"), made.text_at("purchase_units.0.amount.value")), (json!("CREATED"), "1.00".into()));
    let rels: Vec<Value> = made.json()["links"].as_array().unwrap().iter().map(|link| link["rel"].clone()).collect();
    assert_eq!(rels, ["self", "approve", "update", "capture"]);
}

#[tokio::test]
async fn what_the_payers_account_does_is_what_the_capture_comes_to() {
    for (fate, status, reason, ledger) in [
        ("echeck", "PENDING", json!("ECHECK"), json!([["paypal", "pending", 1000, "eur"]])),
        ("pending_review", "PENDING", json!("PENDING_REVIEW"), json!([["paypal", "pending", 1000, "eur"]])),
        ("declined", "DECLINED", Value::Null, json!([])),
        ("failed", "FAILED", Value::Null, json!([])),
    ] {
        let shop = Shop::open().await;
        let id = shop.ordered("CAPTURE", "pay_1").await;
        shop.approved(&id, fate).await;
        let captured = shop.post(&format!("{ORDERS}/{id}/capture"), Value::Null).await;
        assert_eq!((captured.status, captured.at("status")), (201, json!("COMPLETED")), "{fate}");
        let payment = captured.json()["purchase_units"][0]["payments"]["captures"][0].clone();
        assert_eq!((&payment["status"], &payment["status_details"]["reason"]), (&json!(status), &reason), "{fate}");
        assert_eq!(shop.ledger().await["charges"], ledger, "{fate}");
    }
}

#[tokio::test]
async fn a_refused_capture_can_be_tried_again_after_another_approval() {
    for (fate, issue, afterwards, rel) in [
        ("instrument_declined", "INSTRUMENT_DECLINED", "APPROVED", Some("redirect")),
        ("payer_action_required", "PAYER_ACTION_REQUIRED", "PAYER_ACTION_REQUIRED", Some("payer-action")),
        ("payer_cannot_pay", "PAYER_CANNOT_PAY", "APPROVED", None),
        ("transaction_refused", "TRANSACTION_REFUSED", "APPROVED", None),
    ] {
        let shop = Shop::open().await;
        let id = shop.ordered("CAPTURE", "pay_1").await;
        shop.approved(&id, fate).await;
        let capture = format!("{ORDERS}/{id}/capture");
        let refused = shop.post_with_key(&capture, json!({}), "k").await;
        assert_eq!(refused.issue(), (422, issue.to_owned()));
        assert_eq!(refused.at("debug_id"), refused.header("paypal-debug-id").unwrap());
        let link = refused.json()["links"][0].clone();
        assert_eq!(rel.is_some(), link["href"].as_str().unwrap().ends_with(&id), "{fate}");
        assert!(rel.is_none_or(|rel| link["rel"] == rel), "{fate}: {link}");
        assert_eq!(shop.get(&format!("{ORDERS}/{id}")).await.at("status"), afterwards, "{fate}");
        assert_eq!(shop.ledger().await["charges"], json!([]), "{fate}");
        shop.approved(&id, "completed").await;
        let captured = shop.post_with_key(&capture, json!({}), "k").await;
        assert_eq!(captured.at("status"), "COMPLETED", "{fate}: a refusal is not remembered");
    }
}

#[tokio::test]
async fn pending_money_is_decided_later() {
    for (outcome, status, ledger) in [("succeeded", "COMPLETED", "succeeded"), ("failed", "DECLINED", "failed")] {
        let shop = Shop::open().await;
        let id = shop.ordered("CAPTURE", "pay_1").await;
        shop.approved(&id, "echeck").await;
        let captured = shop.post(&format!("{ORDERS}/{id}/capture"), Value::Null).await;
        let capture = captured.text_at("purchase_units.0.payments.captures.0.id");
        let refund = shop.post(&format!("/v2/payments/captures/{capture}/refund"), Value::Null).await;
        assert_eq!(refund.issue(), (422, "PENDING_CAPTURE".to_owned()));
        let body = json!({"transactionId": "pay_1", "outcome": outcome}).to_string();
        shop.caller.steer("POST", "/_sandbox/settle", &body).await;
        assert_eq!(shop.get(&format!("/v2/payments/captures/{capture}")).await.at("status"), status);
        assert_eq!(shop.ledger().await["charges"][0][1], ledger);
        assert_eq!(shop.caller.send("POST", "/_sandbox/settle", &[], &body).await.unwrap().status, 400);
    }
}

#[tokio::test]
async fn a_cardholders_name_decides_what_the_processor_says() {
    let shop = Shop::open().await;
    for (name, code, avs, cvv) in [
        ("CCREJECT-REFUSED", "0500", "Y", "M"),
        ("CCREJECT-SF", "9500", "Y", "M"),
        ("CCREJECT-EC", "5400", "Y", "M"),
        ("CCREJECT-IRC", "5180", "Y", "M"),
        ("CCREJECT-IF", "5120", "Y", "M"),
        ("CCREJECT-LS", "9520", "Y", "M"),
        ("CCREJECT-IA", "1330", "Y", "M"),
        ("CCREJECT-BANK_ERROR", "5100", "Y", "M"),
        ("CCREJECT-CVV_F", "00N7", "G", "P"),
        ("Jo Doe", "0000", "Y", "M"),
    ] {
        for intent in ["CAPTURE", "AUTHORIZE"] {
            let mut body = order(intent, "EUR", "10.00", &format!("pay_{name}_{intent}"));
            let card = json!({"name": name, "number": "4012888888881881", "expiry": "2040-01", "security_code": "123"});
            body["payment_source"] = json!({ "card": card });
            assert_eq!(shop.post(ORDERS, body.clone()).await.issue(), (400, "PAYPAL_REQUEST_ID_REQUIRED".to_owned()));
            let made = shop.post_with_key(ORDERS, body, &format!("{name}-{intent}")).await;
            assert_eq!((made.status, made.at("status")), (201, json!("COMPLETED")), "{name}");
            assert!(!made.text.contains("4012888888881881") && made.text.contains("1881"));
            let payments = made.json()["purchase_units"][0]["payments"].clone();
            let (payment, good, bad) = match intent {
                "CAPTURE" => (&payments["captures"][0], "COMPLETED", "DECLINED"),
                _ => (&payments["authorizations"][0], "CREATED", "DENIED"),
            };
            assert_eq!(payment["status"], if code == "0000" { good } else { bad }, "{name} {intent}");
            let said = json!({"response_code": code, "avs_code": avs, "cvv_code": cvv});
            assert_eq!(payment["processor_response"], said, "{name} {intent}");
        }
    }
    let ledger = shop.ledger().await;
    let rows = json!([["paypal", "authorized", 1000, "eur"], ["paypal", "succeeded", 1000, "eur"]]);
    assert_eq!(ledger["charges"], rows, "what was declined at once never had a hold on any money");
}

#[tokio::test]
async fn a_hold_is_captured_in_parts_and_never_beyond_its_amount() {
    let shop = Shop::open().await;
    let held = shop.held("pay_1").await;
    assert_eq!(shop.ledger().await["charges"], json!([["paypal", "authorized", 1000, "eur"]]));
    let path = format!("/v2/payments/authorizations/{held}");
    let capture = async |value: &str, more: Value| {
        let mut body = json!({"amount": {"currency_code": "EUR", "value": value}});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        shop.post(&format!("{path}/capture"), body).await
    };
    let first = capture("4.00", json!({"final_capture": false})).await;
    assert_eq!((first.status, first.at("status")), (201, json!("COMPLETED")));
    assert!(first.at("amount").is_null(), "a minimal answer: {}", first.text);
    assert_eq!(shop.get(&path).await.at("status"), "PARTIALLY_CAPTURED");
    assert_eq!(capture("6.01", json!({})).await.issue(), (422, "MAX_CAPTURE_AMOUNT_EXCEEDED".to_owned()));
    let foreign = json!({"amount": {"currency_code": "USD", "value": "1"}});
    let foreign = shop.post(&format!("{path}/capture"), foreign).await;
    assert_eq!(foreign.issue(), (422, "AUTH_CAPTURE_CURRENCY_MISMATCH".to_owned()));
    assert_eq!(capture("1.00", json!({"final_capture": true})).await.status, 201);
    assert_eq!(capture("1.00", json!({})).await.issue(), (422, "AUTHORIZATION_ALREADY_CAPTURED".to_owned()));
    let void = shop.post(&format!("{path}/void"), Value::Null).await;
    assert_eq!(void.issue(), (422, "PREVIOUSLY_CAPTURED".to_owned()));
    let rows = json!([["paypal", "succeeded", 400, "eur"], ["paypal", "succeeded", 100, "eur"]]);
    assert_eq!(shop.ledger().await["charges"], rows);
}

#[tokio::test]
async fn a_hold_is_voided_with_or_without_words_and_lapses_by_itself() {
    let shop = Shop::open().await;
    let (quiet, told, forgotten) = (shop.held("pay_1").await, shop.held("pay_2").await, shop.held("pay_3").await);
    let void = |id: &str| format!("/v2/payments/authorizations/{id}/void");
    let answer = shop.post(&void(&quiet), Value::Null).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    let whole = [("prefer", "return=representation")];
    let answer = shop.send("POST", &void(&told), &whole, Value::Null).await.unwrap();
    assert_eq!((answer.status, answer.at("status")), (200, json!("VOIDED")));
    assert_eq!(shop.post(&void(&told), Value::Null).await.issue(), (422, "PREVIOUSLY_VOIDED".to_owned()));
    shop.caller.steer("POST", "/_sandbox/lapse", r#"{"transactionId": "pay_3"}"#).await;
    let late = shop.post(&format!("/v2/payments/authorizations/{forgotten}/capture"), Value::Null).await;
    assert_eq!(late.issue(), (422, "AUTHORIZATION_EXPIRED".to_owned()));
    let voided = shop.post(&format!("/v2/payments/authorizations/{quiet}/capture"), Value::Null).await;
    assert_eq!(voided.issue(), (422, "AUTHORIZATION_VOIDED".to_owned()));
    let rows = shop.ledger().await["charges"].as_array().unwrap().clone();
    assert!(rows.len() == 3 && rows.iter().all(|row| row[1] == "canceled"), "{rows:?}");
}

#[tokio::test]
async fn an_intent_is_kept_to() {
    let shop = Shop::open().await;
    for (intent, act) in [("CAPTURE", "authorize"), ("AUTHORIZE", "capture")] {
        let id = shop.ordered(intent, intent).await;
        shop.approved(&id, "completed").await;
        let refused = shop.post(&format!("{ORDERS}/{id}/{act}"), Value::Null).await;
        assert_eq!(refused.issue(), (422, "ACTION_DOES_NOT_MATCH_INTENT".to_owned()));
    }
}

#[tokio::test]
async fn an_invoice_is_paid_once() {
    let shop = Shop::open().await;
    shop.paid("pay_1").await;
    let second = shop.ordered("CAPTURE", "pay_1").await;
    shop.approved(&second, "completed").await;
    let refused = shop.post(&format!("{ORDERS}/{second}/capture"), Value::Null).await;
    assert_eq!(refused.issue(), (422, "DUPLICATE_INVOICE_ID".to_owned()));
    let third = shop.ordered("AUTHORIZE", "pay_1").await;
    shop.approved(&third, "completed").await;
    let refused = shop.post(&format!("{ORDERS}/{third}/authorize"), Value::Null).await;
    assert_eq!(refused.issue(), (422, "DUPLICATE_INVOICE_ID".to_owned()));
    assert_eq!(shop.ledger().await["charges"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_order_that_nobody_completes_is_forgotten_and_a_completed_one_is_not() {
    let shop = Shop::open().await;
    let id = shop.ordered("CAPTURE", "pay_1").await;
    shop.approved(&id, "completed").await;
    shop.caller.steer("POST", "/_sandbox/lapse", &json!({ "objectId": id }).to_string()).await;
    let gone = shop.get(&format!("{ORDERS}/{id}")).await;
    assert_eq!((gone.at("name"), gone.issue()), (json!("RESOURCE_NOT_FOUND"), (404, "INVALID_RESOURCE_ID".to_owned())));
    assert_eq!(shop.post(&format!("{ORDERS}/{id}/capture"), Value::Null).await.status, 404);
    let page = shop.caller.send("GET", &format!("/_payer/paypal/{id}"), &[], "").await.unwrap();
    assert_eq!(page.status, 404);
    let (paid, _) = shop.paid("pay_2").await;
    let body = json!({ "objectId": paid }).to_string();
    assert_eq!(shop.caller.send("POST", "/_sandbox/lapse", &[], &body).await.unwrap().status, 400);
    assert_eq!(shop.get(&format!("{ORDERS}/{paid}")).await.at("status"), "COMPLETED");
}

#[tokio::test]
async fn foreign_and_decimal_free_money_is_written_as_paypal_writes_it() {
    for (code, value, minor, rate) in [
        ("USD", "10.00", 1_000, Some("0.92000")),
        ("HUF", "1755", 175_500, Some("0.00250")),
        ("JPY", "1000", 1_000, Some("0.00610")),
        ("EUR", "0.50", 50, None),
    ] {
        let shop = Shop::open().await;
        let id = shop.post(ORDERS, order("CAPTURE", code, value, "pay_1")).await.text_at("id");
        shop.approved(&id, "completed").await;
        let captured = shop.post(&format!("{ORDERS}/{id}/capture"), Value::Null).await.json();
        let payment = &captured["purchase_units"][0]["payments"]["captures"][0];
        assert_eq!(payment["amount"]["value"], value);
        let told = payment["seller_receivable_breakdown"]["exchange_rate"]["value"].as_str();
        assert_eq!(told, rate, "{code}");
        assert_eq!(shop.ledger().await["charges"][0][2], minor, "{code}");
    }
    let shop = Shop::open().await;
    let refused = shop.post(ORDERS, order("CAPTURE", "HUF", "175.50", "pay_1")).await;
    assert_eq!(refused.issue(), (422, "DECIMALS_NOT_SUPPORTED".to_owned()));
    assert_eq!(refused.text_at("details.0.field"), "/purchase_units/0/amount/value");
}

#[tokio::test]
async fn a_token_is_asked_for_and_nothing_opens_without() {
    let caller = Caller::start().await;
    let shop = Shop::with(caller).await;
    let caller = &shop.caller;
    let without = caller.send("GET", &format!("{ORDERS}/1"), &[], "").await.unwrap();
    assert_eq!((without.status, without.at("name")), (401, json!("AUTHENTICATION_FAILURE")));
    let refused = caller.send("POST", "/v1/oauth2/token", &[], "grant_type=client_credentials").await.unwrap();
    assert_eq!((refused.status, refused.at("error")), (401, json!("invalid_client")));
    assert_eq!(shop.get(&format!("{ORDERS}/1")).await.status, 404);
    assert_eq!(caller.steer("POST", "/_sandbox/paypal/tokens/revoke", "").await.at("revoked"), 1);
    let stale = shop.get(&format!("{ORDERS}/1")).await;
    assert_eq!((stale.status, stale.at("error")), (401, json!("invalid_token")));

    caller.steer("POST", "/_sandbox/paypal/tokens", r#"{"expiresIn": 0}"#).await;
    let granted =
        caller.send("POST", "/v1/oauth2/token", &[("authorization", CLIENT)], "grant_type=client_credentials");
    assert_eq!(granted.await.unwrap().at("expires_in"), 0);
    let bearer = format!("Bearer {}", token(caller).await);
    let stale = caller.send("GET", &format!("{ORDERS}/1"), &[("authorization", &bearer)], "").await.unwrap();
    assert_eq!(stale.status, 401);
}

#[tokio::test]
async fn a_request_in_another_media_type_or_of_another_shape_is_refused() {
    let shop = Shop::open().await;
    let bearer = format!("Bearer {}", token(&shop.caller).await);
    let form = [("authorization", bearer.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(shop.caller.send("POST", ORDERS, &form, "").await.unwrap().status, 415);
    let json_type = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let torn = shop.caller.send("POST", ORDERS, &json_type, "{").await.unwrap();
    assert_eq!(torn.issue(), (400, "MALFORMED_REQUEST_JSON".to_owned()));
    let mut body = order("CAPTURE", "EUR", "10.00", "pay_1");
    body["purchase_units"][0]["shipping"] = json!({});
    assert_eq!(shop.post(ORDERS, body).await.issue(), (400, "NOT_SUPPORTED".to_owned()));
    assert_eq!(shop.post(&format!("{ORDERS}/1/track"), json!({})).await.issue(), (400, "NOT_SUPPORTED".to_owned()));
    assert_eq!(shop.get("/v2/nothing").await.status, 404);
}

#[tokio::test]
async fn paypals_own_mock_header_asks_for_any_issue() {
    let shop = Shop::open().await;
    let id = shop.ordered("CAPTURE", "pay_1").await;
    let mocked = async |codes: &str| {
        let header = format!(r#"{{"mock_application_codes": {codes}}}"#);
        let headers = [("paypal-mock-response", header.as_str())];
        shop.send("POST", &format!("{ORDERS}/{id}/capture"), &headers, Value::Null).await.unwrap()
    };
    assert_eq!(mocked(r#""COMPLIANCE_VIOLATION""#).await.issue(), (422, "COMPLIANCE_VIOLATION".to_owned()));
    assert_eq!(mocked(r#"["PERMISSION_DENIED"]"#).await.issue(), (403, "PERMISSION_DENIED".to_owned()));
    assert_eq!(mocked(r#""INTERNAL_SERVER_ERROR""#).await.status, 500);
    assert_eq!(mocked(r#""NO_SUCH_ISSUE""#).await.issue(), (400, "INVALID_PARAMETER_VALUE".to_owned()));
}
