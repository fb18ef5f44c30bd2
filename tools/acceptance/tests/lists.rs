//! Payments are found again: by day, by the merchant's reference, by status, and those that a person must look at.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::collections::BTreeSet;

use acceptance::client::Opened;
use acceptance::stack::{Stack, on_stack};
use acceptance::{eventually, say, unique};
use serde_json::{Value, json};

/// More pages than the tests of one day can fill.
const PAGES_MAX: usize = 1_000;

#[test]
fn a_reference_leads_to_its_payments_page_by_page_and_the_newest_first() {
    on_stack(async |stack| {
        let reference = unique("order");
        let payments = opened(stack, &reference, 7).await;
        drop(opened(stack, &unique("another"), 1).await);
        let newest_first: Vec<&str> = payments.iter().rev().map(|payment| payment.id.as_str()).collect();
        let pages = pages(stack, &format!("reference={reference}&limit=3")).await;
        let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
        let shown: Vec<&Value> = pages.iter().flatten().collect();
        assert_eq!((ids(&shown), sizes), (newest_first, vec![3, 3, 1]));
        for payment in shown {
            let id = payment["transactionId"].as_str().unwrap();
            assert_eq!(*payment, stack.api.status(id).await.expect(200).json(), "a list shows what status shows");
        }
        let unknown = list(stack, &format!("reference={}", unique("nobody"))).await;
        assert_eq!(unknown, json!({"payments": [], "nextCursor": null}));
    });
}

#[test]
fn a_reference_is_found_whatever_characters_it_has() {
    on_stack(async |stack| {
        let reference = format!("{} 7+1&a=b/ü%", unique("odd"));
        let payment = stack.api.open_with(json!({"amount": 1999, "currency": "EUR", "reference": reference})).await;
        let escaped: String = reference.bytes().map(|byte| format!("%{byte:02X}")).collect();
        eventually("the index knows the payment", async || {
            let page = list(stack, &format!("reference={escaped}")).await;
            let found = page["payments"][0]["transactionId"] == payment.id.as_str();
            if found { Ok(()) } else { Err(page.to_string()) }
        })
        .await;
    });
}

#[test]
fn a_day_shows_each_of_its_payments_once_and_the_newest_first() {
    on_stack(async |stack| {
        let ours = opened(stack, &unique("day"), 5).await;
        let created = stack.api.status(&ours[0].id).await.expect(200).text_at("/createdAt");
        let (day, _) = created.split_once('T').unwrap();
        let pages = pages(stack, &format!("day={day}&limit=2")).await;
        let shown: Vec<&Value> = pages.iter().flatten().collect();
        let times: Vec<&str> = shown.iter().map(|payment| payment["createdAt"].as_str().unwrap()).collect();
        assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
        assert!(times.iter().all(|time| time.starts_with(day)), "{times:?}");
        let distinct: BTreeSet<&str> = ids(&shown).into_iter().collect();
        assert_eq!(distinct.len(), shown.len(), "a payment is shown twice");
        assert!(ours.iter().all(|payment| distinct.contains(payment.id.as_str())), "a payment is left out");
        assert!(pages.len() > 2, "{} pages", pages.len());
        say(&format!("{} payments of a day on {} pages of 2", shown.len(), pages.len()));

        let before = list(stack, "day=2001-01-01").await;
        assert_eq!(before, json!({"payments": [], "nextCursor": null}));
    });
}

#[test]
fn without_a_day_the_list_is_todays() {
    on_stack(async |stack| {
        let payment = &opened(stack, &unique("today"), 1).await[0];
        let newest = list(stack, "limit=100").await;
        let all: Vec<&Value> = newest["payments"].as_array().unwrap().iter().collect();
        assert!(ids(&all).contains(&payment.id.as_str()));
    });
}

#[test]
fn a_status_leaves_out_the_others_and_follows_the_payments_through_their_life() {
    on_stack(async |stack| {
        let reference = unique("states");
        let payments = opened(stack, &reference, 3).await;
        let of = async |status: &str| {
            let page = list(stack, &format!("reference={reference}&status={status}")).await;
            page["payments"]
                .as_array()
                .unwrap()
                .iter()
                .map(|payment| payment["transactionId"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(of("requires_payment_method").await.len(), 3);
        drop(stack.api.pay(&payments[0], "pm_card_visa").await.expect(200));
        drop(stack.api.cancel(&payments[1]).await.expect(200));
        // An index may lag; what it leads to is read for itself.
        assert_eq!(of("succeeded").await, [json!(payments[0].id)]);
        assert_eq!(of("canceled").await, [json!(payments[1].id)]);
        assert_eq!(of("requires_payment_method").await, [json!(payments[2].id)]);
        for status in ["processing", "requires_action", "requires_capture", "failed", "expired"] {
            assert!(of(status).await.is_empty(), "{status}");
        }
    });
}

#[test]
fn what_a_person_must_look_at_can_be_listed_and_says_why() {
    on_stack(async |stack| {
        let reference = unique("look");
        let terms = json!({"amount": 1999, "currency": "EUR", "capture": "manual", "reference": reference});
        let held = stack.api.open_with(terms.clone()).await;
        drop(stack.api.open_with(terms).await);
        drop(stack.api.pay(&held, "pm_card_visa").await.expect(200));
        let listed = async || list(stack, &format!("reference={reference}&attention=true")).await;
        assert_eq!(listed().await, json!({"payments": [], "nextCursor": null}));

        // The gateway fails at the capture, does nothing, and remembers the failure under the capture's key: asking again is no use.
        let saved = json!({"method": "POST", "path": "/v1/payment_intents/*/capture", "fault": "saved_status_before", "times": 1});
        drop(stack.sandbox.misbehaves_for(&held.id, saved).await);
        drop(stack.api.capture(&held).await.expect(202));
        let shown = eventually("a person is asked to look", async || {
            stack.sweep().await;
            let shown = stack.api.status(&held.id).await.expect(200);
            if shown.at("/attention").is_null() { Err(shown.text) } else { Ok(shown.json()) }
        })
        .await;
        assert_eq!(
            (&shown["attention"]["reason"], &shown["pending"]["kind"]),
            (&json!("outcome_unknown"), &json!("capture"))
        );
        assert!(shown["attention"]["since"].as_str().unwrap() > shown["createdAt"].as_str().unwrap());
        let page = listed().await;
        let all: Vec<&Value> = page["payments"].as_array().unwrap().iter().collect();
        assert_eq!(ids(&all), [held.id.as_str()]);
        assert_eq!(all[0]["attention"]["reason"], shown["attention"]["reason"]);

        // The person captures at the dashboard; then nobody need look any more.
        drop(stack.sandbox.dashboard_captures(&held.id, None).await);
        let paid = stack.settled(&held.id, "succeeded").await;
        assert_eq!(paid["attention"], Value::Null, "{paid}");
        assert_eq!(listed().await["payments"], json!([]));
    });
}

#[test]
fn a_cursor_leads_on_in_its_own_list_only() {
    on_stack(async |stack| {
        let (one, other) = (unique("one"), unique("other"));
        drop(opened(stack, &one, 2).await);
        drop(opened(stack, &other, 2).await);
        let first = list(stack, &format!("reference={one}&limit=1")).await;
        let cursor = first["nextCursor"].as_str().unwrap();
        for query in [
            format!("reference={other}&cursor={cursor}"),
            format!("cursor={cursor}"),
            format!("day=2026-11-23&cursor={cursor}"),
            format!("reference={one}&cursor={}", &cursor[1..]),
            format!("reference={one}&cursor={cursor}="),
            format!("reference={one}&cursor=%00"),
        ] {
            let refused = stack.api.payments(&query).await.expect(400);
            assert_eq!(
                (refused.text_at("/code").as_str(), refused.text_at("/errors/0/pointer").as_str()),
                ("invalid_request", "?cursor"),
                "{query}"
            );
        }
        let second = list(stack, &format!("reference={one}&cursor={cursor}")).await;
        assert_eq!((second["payments"].as_array().unwrap().len(), &second["nextCursor"]), (1, &Value::Null));
    });
}

/// So many payments with one reference, oldest first.
async fn opened(stack: &Stack, reference: &str, count: usize) -> Vec<Opened> {
    let mut payments = Vec::new();
    for _ in 0..count {
        let terms = json!({"amount": 1999, "currency": "EUR", "reference": reference});
        payments.push(stack.api.open_with(terms).await);
    }
    eventually("the index knows the payments", async || {
        let page = list(stack, &format!("reference={reference}")).await;
        let known = page["payments"].as_array().unwrap().len();
        if known == count { Ok(()) } else { Err(format!("{known} of {count}")) }
    })
    .await;
    payments
}

async fn list(stack: &Stack, query: &str) -> Value {
    stack.api.payments(query).await.expect(200).json()
}

/// All pages of a list.
async fn pages(stack: &Stack, query: &str) -> Vec<Vec<Value>> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    for _ in 0..PAGES_MAX {
        let page = list(stack, &format!("{query}{cursor}")).await;
        pages.push(page["payments"].as_array().unwrap().clone());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return pages,
        }
    }
    panic!("{query} has more than {PAGES_MAX} pages");
}

fn ids<'a>(payments: &[&'a Value]) -> Vec<&'a str> {
    payments.iter().map(|payment| payment["transactionId"].as_str().unwrap()).collect()
}
