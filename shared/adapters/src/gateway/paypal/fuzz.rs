//! Answers that PayPal never gave and events that it never sent: money moves in our eyes only where another parser reads it
//! too, and what nobody has signed is not read.

use std::iter;

use domain::{
    gateway::{ObjectSnapshot, ObjectStatus, Outcome, RefundOutcome},
    payment::Instrument,
    text::GatewayToken,
    time::Timestamp,
};
use flow::{
    operations::webhook::{News, Subject},
    ports::OpenOutcome,
};
use fuzz::{Target, fingerprint, head_and_body};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::{
    fixtures::{
        CAPTURE, ORDER, TRANSACTION_ID, attempt, authorization, capture, issue, order, paid, payment, refund, with,
    },
    message::PaypalResponse,
    open, refund as refunds, reply,
    reply::Heard,
    webhook,
};
use crate::gateway::webhook::WebhookRefusal;

const WORDS: [&str; 42] = [
    "id",
    "status",
    "CREATED",
    "APPROVED",
    "COMPLETED",
    "PENDING",
    "DECLINED",
    "REFUNDED",
    "PARTIALLY_REFUNDED",
    "VOIDED",
    "PAYER_ACTION_REQUIRED",
    "purchase_units",
    "payments",
    "captures",
    "authorizations",
    "refunds",
    "amount",
    "currency_code",
    "value",
    "25.00",
    "25.005",
    "2500",
    "EUR",
    "HUF",
    "custom_id",
    "links",
    "rel",
    "up",
    "payer-action",
    "href",
    "name",
    "details",
    "issue",
    "INSTRUMENT_DECLINED",
    "ORDER_ALREADY_CAPTURED",
    "DUPLICATE_INVOICE_ID",
    "INVALID_RESOURCE_ID",
    "processor_response",
    "response_code",
    "supplementary_data",
    "event_type",
    "resource",
];
const TIME: &str = "2023-11-14T22:13:20Z";
const WEBHOOK_ID: &str = "WH-7";

#[test]
fn whatever_paypal_answers_money_is_taken_for_moved_only_where_its_payments_say_so() {
    let orders = ["CREATED", "APPROVED", "COMPLETED", "VOIDED", "PAYER_ACTION_REQUIRED"].map(order).into_iter();
    let taken =
        ["COMPLETED", "PENDING", "DECLINED", "REFUNDED", "LENT"].map(|word| paid(json!({"captures": [capture(word)]})));
    let held = ["CREATED", "VOIDED", "DENIED"].map(|word| paid(json!({"authorizations": [authorization(word)]})));
    let shown = orders.chain(taken).chain(held).chain([capture("COMPLETED"), refund("COMPLETED", TRANSACTION_ID)]);
    let refused =
        ["INSTRUMENT_DECLINED", "ORDER_NOT_APPROVED", "DUPLICATE_INVOICE_ID", "INVALID_RESOURCE_ID", "NEW"].map(issue);
    let shown = shown.map(|body| format!("201\n{body}"));
    let refused = refused.into_iter().map(|body| format!("422\n{body}"));
    let seeds = shown.chain(refused).chain(["502\n<html>bad gateway</html>".to_owned(), "404\n{}".to_owned()]);
    Target::new("paypal-answer")
        .seeds(seeds)
        .words(WORDS)
        .words(["200", "201", "404", "409", "422"])
        .inputs(4_000)
        .check(|input| {
            let (head, body) = head_and_body(input);
            let response = PaypalResponse {
                status: head.parse().unwrap_or(201),
                body: body.to_vec(),
                is_of_a_second_sending: false,
            };
            let looks_like_json = body.trim_ascii_start().starts_with(b"{");
            let Some(shown) = fuzz::json(body).or_else(|| (!looks_like_json).then_some(Value::Null)) else {
                return "nothing to compare with".to_owned();
            };
            let mut row = payment();
            row.attempts.push(attempt(Instrument::Approved));
            let told = match reply::attempted(Ok(response.clone()), &row) {
                Heard::Look(_) => "a look",
                Heard::Answer(answer) => {
                    if let Some(object) = answer.outcome.object() {
                        shows(&shown, &response, object);
                    }
                    kind(&answer.outcome)
                }
            };
            opened_only_what_was_shown(&response, &shown);
            format!("{} {told} {}", response.status / 100, given_back(&response, &shown))
        });
}

/// Whether the bytes say what the snapshot says: read by another parser, by what PayPal's documentation calls the fields.
fn shows(shown: &Value, response: &PaypalResponse, object: &ObjectSnapshot) {
    if response.status == 404 {
        assert!(object.status == ObjectStatus::Canceled && shown["name"].is_string(), "{shown}");
        return;
    }
    assert!((200..300).contains(&response.status), "{} shows no order", response.status);
    assert_eq!(shown["id"], object.reference.as_str(), "{shown}");
    let unit = &shown["purchase_units"][0];
    if let Some(currency) = object.currency {
        assert_eq!(unit["amount"]["currency_code"], currency.code(), "{shown}");
        assert_eq!(cents(&unit["amount"]), Some(object.amount_minor_units), "{shown}");
    }
    let payments = |name: &str| unit["payments"][name].as_array().cloned().unwrap_or_default();
    let with = |name: &str, words: &[&str]| -> Vec<Value> {
        payments(name).into_iter().filter(|one| words.iter().any(|word| one["status"] == *word)).collect()
    };
    let taken = with("captures", &["COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"]);
    // An order of several purchases is none of ours, whatever is on it.
    let is_one = shown["purchase_units"].as_array().is_some_and(|units| units.len() == 1);
    let is_taken = matches!(object.status, ObjectStatus::Captured { .. });
    assert!(is_taken || taken.is_empty() || !is_one, "{:?} hides money: {shown}", object.status);
    match &object.status {
        ObjectStatus::Captured { received_minor_units } => {
            assert!(!taken.is_empty(), "{shown}");
            let sum =
                taken.iter().map(|capture| cents(&capture["amount"])).try_fold(0_i64, |sum, one| sum.checked_add(one?));
            assert!(object.currency.is_none() || sum == Some(*received_minor_units), "{shown}");
        }
        ObjectStatus::Authorized { .. } => {
            assert!(!with("authorizations", &["CREATED", "PARTIALLY_CAPTURED"]).is_empty(), "{shown}");
        }
        ObjectStatus::Failed(_) => assert_eq!(shown["status"], "COMPLETED", "{shown}"),
        ObjectStatus::Canceled
        | ObjectStatus::AwaitsMethod
        | ObjectStatus::AwaitsPayer(_)
        | ObjectStatus::Pending
        | ObjectStatus::Unrecognized(_) => {}
    }
}

/// Of an amount in euros, by hand.
fn cents(amount: &Value) -> Option<i64> {
    let (whole, rest) = amount["value"].as_str()?.split_once('.').unwrap_or((amount["value"].as_str()?, ""));
    let scale = if amount["currency_code"] == "JPY" { 0 } else { 2 };
    let digits: String = rest.chars().chain(iter::repeat('0')).take(scale).collect();
    format!("{whole}{digits}").parse().ok()
}

fn opened_only_what_was_shown(response: &PaypalResponse, shown: &Value) {
    let id = domain::id::TransactionId::parse(super::fixtures::TRANSACTION_ID).expect("an id");
    match open::outcome(Ok(response.clone()), &id, domain::gateway::Mode::Test) {
        OpenOutcome::Opened(opened) => {
            shows(shown, response, &opened.snapshot);
            let page = opened.payer_url.expect("a payer is sent nowhere");
            let links = shown["links"].as_array().cloned().unwrap_or_default();
            assert!(links.iter().any(|link| link["href"] == page.as_str()), "{shown}");
        }
        OpenOutcome::Refused { .. } => assert!([400, 404, 409, 422].contains(&response.status), "{}", response.status),
        OpenOutcome::SavedFailure => assert!(response.status >= 500),
        OpenOutcome::KeyMismatch | OpenOutcome::Unknown(_) => {}
    }
}

fn given_back(response: &PaypalResponse, shown: &Value) -> &'static str {
    let taken = GatewayToken::parse(CAPTURE).unwrap();
    match refunds::answer(Ok(response.clone()), &payment(), &taken).outcome {
        RefundOutcome::Refund(refund) => {
            assert!((200..300).contains(&response.status));
            assert_eq!(shown["id"], refund.reference.as_str(), "{shown}");
            assert!(refund.currency.is_none() || cents(&shown["amount"]) == Some(refund.amount_minor_units), "{shown}");
            assert!(refund.id.is_none_or(|id| shown["custom_id"] == format!("{TRANSACTION_ID}.{id}")), "{shown}");
            "refund"
        }
        RefundOutcome::Refused { .. } => {
            assert!([400, 404, 409, 422].contains(&response.status), "{}", response.status);
            "no refund"
        }
        RefundOutcome::Unknown(_) => "",
    }
}

const fn kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Object(object) => match &object.status {
            ObjectStatus::Captured { .. } => "captured",
            ObjectStatus::Authorized { .. } => "authorized",
            ObjectStatus::Canceled => "canceled",
            ObjectStatus::Failed(_) => "failed",
            ObjectStatus::AwaitsMethod => "awaits method",
            ObjectStatus::AwaitsPayer(_) => "awaits payer",
            ObjectStatus::Pending => "pending",
            ObjectStatus::Unrecognized(_) => "unrecognized",
        },
        Outcome::Declined { .. } => "declined",
        Outcome::Refused { .. } => "refused",
        Outcome::Unknown(reason) => reason.name(),
    }
}

#[test]
fn whatever_is_posted_to_the_webhook_only_what_paypal_signed_is_read_and_as_it_stands_there() {
    let event = |kind: &str, resource: Value| json!({"id": "WH-1", "event_version": "1.0", "create_time": TIME, "event_type": kind, "resource": resource});
    let events = [
        event("CHECKOUT.ORDER.APPROVED", order("APPROVED")),
        event("PAYMENT.CAPTURE.COMPLETED", capture("COMPLETED")),
        event("PAYMENT.CAPTURE.PENDING", capture("PENDING")),
        event("PAYMENT.AUTHORIZATION.VOIDED", authorization("VOIDED")),
        event("PAYMENT.CAPTURE.REFUNDED", refund("COMPLETED", TRANSACTION_ID)),
        event("PAYMENT.CAPTURE.COMPLETED", with(capture("COMPLETED"), json!({"custom_id": "order-7"}))),
        event("BILLING.PLAN.CREATED", json!({})),
    ];
    let signed = events.iter().map(|event| {
        let body = event.to_string();
        let headers = webhook::signed("CERT-1", TIME, WEBHOOK_ID, body.as_bytes());
        format!("{}\n{body}", written(&headers))
    });
    Target::new("paypal-webhook").seeds(signed).words(WORDS).words(["paypal-", "|", ";"]).inputs(1_000).check(
        |input| {
            let (head, body) = head_and_body(input);
            let as_sent = webhook::holds(&headers(&head), WEBHOOK_ID, body);
            if as_sent {
                // PKCS #1 v1.5 has one signature for each text.
                let sent = headers(&head);
                let time = sent["paypal-transmission-time"].to_str().unwrap();
                let ours = webhook::signed("CERT-1", time, WEBHOOK_ID, body);
                let same_id = sent["paypal-transmission-id"] == ours["paypal-transmission-id"];
                assert!(same_id && sent["paypal-transmission-sig"] == ours["paypal-transmission-sig"], "{head}");
            }
            let headers = webhook::signed("CERT-1", TIME, WEBHOOK_ID, body);
            assert!(webhook::holds(&headers, WEBHOOK_ID, body));
            if !body.is_empty() {
                let choice = usize::try_from(fingerprint(input) >> 8).unwrap();
                let mut forged = body.to_vec();
                let at = choice % forged.len();
                forged[at] ^= 1 << (choice % 8);
                assert!(!webhook::holds(&headers, WEBHOOK_ID, &forged), "byte {at}");
            }
            format!("{as_sent} {}", told(body))
        },
    );
}

/// What is read stands there, and nothing of it is a fact.
fn told(body: &[u8]) -> &'static str {
    let sent = Timestamp::from_unix_ms(0);
    let event = match webhook::read(body, domain::gateway::Mode::Test, sent) {
        Ok(event) => event,
        Err(refusal) => {
            assert_eq!(refusal, WebhookRefusal::Unreadable);
            return "unreadable";
        }
    };
    let shown = fuzz::json(body).unwrap_or_default();
    let Subject::Payment { id, news } = event.subject else { return "other" };
    let resource = &shown["resource"];
    let named = [&resource["custom_id"], &resource["purchase_units"][0]["custom_id"]];
    let bears = |text: &str| text.split(':').next() == Some(id.as_str());
    assert!(!shown.is_object() || named.iter().any(|text| text.as_str().is_some_and(bears)), "{shown}");
    match news {
        News::Look { object, holds_money } => {
            let ids = [&resource["id"], &resource["supplementary_data"]["related_ids"]["order_id"]];
            assert!(!shown.is_object() || ids.iter().any(|id| **id == object.as_str()), "{shown}");
            assert!(object.as_str() != ORDER || shown["id"].is_string());
            if holds_money { "money" } else { "look" }
        }
        News::Refund(_) => "refunds",
        News::Object { .. } => panic!("an event of PayPal's is taken for a fact: {shown}"),
    }
}

fn written(headers: &HeaderMap) -> String {
    let lines = headers.iter().map(|(name, value)| format!("{name}={}", value.to_str().unwrap()));
    lines.collect::<Vec<_>>().join(";")
}

fn headers(head: &str) -> HeaderMap {
    let pairs = head.split(';').filter_map(|line| line.split_once('='));
    pairs
        .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?)))
        .collect()
}
