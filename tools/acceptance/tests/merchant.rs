//! The merchant's systems hear of what happens: signed so that the specification's own library believes it, again until they have taken it,
//! and never at an address that is nobody's but our own network's.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test speaks by panicking")]
#![expect(clippy::arithmetic_side_effects, reason = "small numbers, and tests are built with overflow checks")]

use std::collections::{BTreeMap, BTreeSet};

use acceptance::merchant::Merchant;
use acceptance::stack::on_stack;
use acceptance::{eventually, say, unique};
use serde_json::{Value, json};

const ALWAYS: u32 = 1_000;

#[test]
fn what_happens_is_heard_signed_and_under_ids_and_numbers_of_its_own() {
    on_stack(async |stack| {
        let merchant = Merchant::opens(stack, None).await;
        let payment = stack.api.open().await;
        drop(stack.api.pay(&payment, "pm_card_visa").await.expect(200));
        drop(stack.api.refund(&payment, &unique("part"), Some(500)).await.expect(200));
        let kinds =
            ["payment.created", "payment.processing", "payment.succeeded", "refund.created", "refund.succeeded"];
        let mut numbers = Vec::new();
        for kind in kinds {
            let message = merchant.hears(stack, &payment, kind).await;
            let event = message.event();
            assert_eq!(
                (event["id"].as_str(), message.header("content-type").as_str()),
                (Some(message.id().as_str()), "application/json")
            );
            assert!(message.is_believed(&merchant.secret).unwrap_or(true), "{kind} is signed as it should be");
            assert!(!message.is_believed("whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldCE=").unwrap_or(false));
            assert!(!message.body().contains("_secret_"), "a client secret is the payer's browser's");
            numbers.push(event["sequence"].as_u64().unwrap());
            let shown = stack.api.read(&format!("/events/{}", message.id())).await.expect(200);
            assert_eq!(shown.at("/event"), event, "whoever asks is shown the same");
        }
        assert!(numbers.is_sorted(), "{numbers:?}");
        let delivered =
            merchant.delivery(stack, &format!("evt_{}_1", payment.id), |it| it["status"] == "delivered").await;
        assert_eq!(delivered["tries"][0]["httpStatus"], 200, "{delivered}");
        merchant.closes(stack).await;
    });
}

#[test]
fn a_server_that_fails_is_tried_again_with_the_same_bytes_until_it_has_taken_it() {
    on_stack(async |stack| {
        let merchant = Merchant::opens(stack, Some(&["payment.created"])).await;
        stack.sandbox.merchant_answers(&merchant.name, json!({"status": 500, "times": 1})).await;
        let payment = stack.api.open().await;
        let event = format!("evt_{}_1", payment.id);
        let taken = stack.while_sweeping(merchant.delivery(stack, &event, |it| it["status"] == "delivered")).await;
        let statuses: Vec<u64> =
            taken["tries"].as_array().unwrap().iter().map(|one| one["httpStatus"].as_u64().unwrap()).collect();
        assert_eq!(statuses, [500, 200], "{taken}");
        let heard = stack.sandbox.merchant_heard(&merchant.name, &payment).await;
        let told: BTreeSet<(String, String)> = heard.iter().map(|message| (message.id(), message.body())).collect();
        assert_eq!((heard.len(), told.len()), (2, 1), "once more, and nothing else");
        assert_eq!(heard.iter().map(acceptance::merchant::Message::answered).collect::<Vec<_>>(), [500, 200]);
        merchant.closes(stack).await;
    });
}

#[test]
fn a_server_that_is_slow_redirects_or_wants_to_wait_is_a_try_that_failed() {
    on_stack(async |stack| {
        let elsewhere = unique("elsewhere");
        let cells = [
            ("redirecting", json!({"status": 301, "location": stack.sandbox.hook(&elsewhere)})),
            ("slow", json!({"status": 200, "delayMs": 17_000})),
            ("hanging up", json!({"hang": true, "delayMs": 0})),
            ("asking to wait", json!({"status": 429, "retryAfter": "600"})),
        ];
        let mut seen = Vec::new();
        for (name, how) in &cells {
            let merchant = Merchant::opens(stack, Some(&["payment.created"])).await;
            stack.sandbox.merchant_answers(&merchant.name, how.clone()).await;
            let payment = stack.api.open().await;
            seen.push((name, merchant, payment));
        }
        for (name, merchant, payment) in seen {
            let event = format!("evt_{}_1", payment.id);
            let tried =
                merchant.delivery(stack, &event, |it| it["tries"].as_array().is_some_and(|it| !it.is_empty())).await;
            assert_eq!(tried["status"], "pending", "{name}: {tried}");
            let first = &tried["tries"][0];
            match *name {
                "redirecting" => assert_eq!(first["httpStatus"], 301),
                "slow" => assert_eq!(first["error"], "timeout"),
                "hanging up" => assert!(first["error"].is_string(), "{first}"),
                _ => {
                    assert_eq!(first["httpStatus"], 429);
                    // One of them may be today's, and the other tomorrow's.
                    let wait = (seconds(&tried["nextTryAt"]) - seconds(&first["at"])).rem_euclid(24 * 3600);
                    assert!((600..700).contains(&wait), "{wait} s: {tried}");
                }
            }
            assert!(stack.sandbox.merchant_heard(&elsewhere, &payment).await.is_empty(), "nobody follows a redirect");
            merchant.closes(stack).await;
        }
        say("redirecting, slow, hanging up, asking to wait: each is tried again");
    });
}

/// Seconds of an RFC 3339 time since midnight.
fn seconds(at: &Value) -> i64 {
    let clock = at.as_str().unwrap().split_once('T').unwrap().1;
    let parts: Vec<i64> = clock[..8].split(':').map(|part| part.parse().unwrap()).collect();
    parts[0] * 3600 + parts[1] * 60 + parts[2]
}

#[test]
fn a_server_that_is_gone_is_not_sent_anything_more_until_it_is_enabled_and_then_what_it_missed() {
    on_stack(async |stack| {
        let merchant = Merchant::opens(stack, Some(&["payment.created"])).await;
        stack.sandbox.merchant_answers(&merchant.name, json!({"status": 410, "times": 1})).await;
        let first = stack.api.open().await;
        merchant.delivery(stack, &format!("evt_{}_1", first.id), |it| it["status"] == "exhausted").await;
        let shown = eventually("the endpoint is disabled", async || {
            let shown = stack.api.read(&format!("/webhook-endpoints/{}", merchant.id)).await.expect(200).json();
            if shown["status"] == "disabled" { Ok(shown) } else { Err(shown.to_string()) }
        })
        .await;
        assert_eq!(shown["disabledReason"], "gone", "{shown}");
        let missed = stack.api.open().await;
        drop(stack.api.told(&missed.id).await);
        assert!(stack.sandbox.merchant_heard(&merchant.name, &missed).await.is_empty());

        drop(stack.api.endpoint_act(&merchant.id, "enable", "").await.expect(200));
        let opened = stack.api.status(&first.id).await.expect(200).text_at("/createdAt");
        let range = json!({"from": opened, "to": "2099-12-31T00:00:00.000Z"});
        let refused = stack.api.endpoint_act(&merchant.id, "redeliver", &range.to_string()).await;
        assert_eq!(refused.status, 400, "a range has its bounds: {}", refused.text);
        let until = stack.api.status(&missed.id).await.expect(200).text_at("/createdAt");
        let range = json!({"from": opened, "to": until}).to_string();
        drop(stack.api.endpoint_act(&merchant.id, "redeliver", &range).await.expect(202));
        merchant.hears(stack, &missed, "payment.created").await;
        eventually("what it had said it wants no more of comes again too", async || {
            let heard = stack.sandbox.merchant_heard(&merchant.name, &first).await.len();
            if heard == 2 { Ok(()) } else { Err(heard.to_string()) }
        })
        .await;
        merchant.closes(stack).await;
    });
}

#[test]
fn while_secrets_rotate_both_sign_and_a_leaked_one_signs_no_more() {
    on_stack(async |stack| {
        let merchant = Merchant::opens(stack, Some(&["payment.created"])).await;
        let rotated = stack.api.endpoint_act(&merchant.id, "rotate", "{}").await.expect(200);
        let second = rotated.text_at("/signingSecret");
        assert_ne!(second, merchant.secret);
        let message = merchant.hears(stack, &stack.api.open().await, "payment.created").await;
        assert_eq!(message.header("webhook-signature").split(' ').count(), 2);
        assert!(message.is_believed(&merchant.secret).unwrap_or(true) && message.is_believed(&second).unwrap_or(true));

        let rotated = stack.api.endpoint_act(&merchant.id, "rotate", r#"{"keepFormerSeconds": 0}"#).await.expect(200);
        let third = rotated.text_at("/signingSecret");
        let message = merchant.hears(stack, &stack.api.open().await, "payment.created").await;
        assert_eq!(message.header("webhook-signature").split(' ').count(), 1);
        assert!(message.is_believed(&third).unwrap_or(true) && !message.is_believed(&second).unwrap_or(false));
        let shown = stack.api.read(&format!("/webhook-endpoints/{}", merchant.id)).await.expect(200);
        assert!(!shown.text.contains("whsec_"), "a secret is shown when it is made: {}", shown.text);
        let rows = stack.aws.rows_beginning("ENDPOINTS").await;
        let text = json!(rows).to_string();
        assert!(
            text.contains(&merchant.id) && !text.contains("whsec_") && !text.contains(&third[6..]),
            "nor is it stored"
        );
        merchant.closes(stack).await;
    });
}

#[test]
fn an_address_that_is_nobodys_but_our_own_networks_is_not_taken() {
    on_stack(async |stack| {
        for url in [
            "https://10.0.0.1/hooks",
            "https://169.254.169.254/latest/meta-data",
            "https://[::ffff:10.0.0.1]/hooks",
            "https://[fd00::1]/hooks",
            "https://0x0a000001/hooks",
            "https://user:word@shop.example/hooks",
            "http://shop.example/hooks",
            "ftp://shop.example/hooks",
            "//shop.example/hooks",
        ] {
            let refused = stack.api.register(&unique("private"), &json!({"url": url})).await;
            assert_eq!(
                (refused.status, refused.text_at("/errors/0/pointer").as_str()),
                (400, "/url"),
                "{url}: {}",
                refused.text
            );
        }
    });
}

#[test]
fn a_replay_finds_the_same_endpoint_with_its_secret_and_another_body_is_refused() {
    on_stack(async |stack| {
        let (key, name) = (unique("endpoint"), unique("shop"));
        let body = json!({"url": stack.sandbox.hook(&name), "eventTypes": ["payment.expired"]});
        let first = stack.api.register(&key, &body).await.expect(201);
        let again = stack.api.register(&key, &body).await.expect(200);
        assert_eq!(again.header("idempotent-replayed"), "true");
        for field in ["/endpointId", "/signingSecret"] {
            assert_eq!(first.text_at(field), again.text_at(field));
        }
        let other = json!({"url": stack.sandbox.hook(&unique("other")), "eventTypes": ["payment.expired"]});
        assert_eq!(stack.api.register(&key, &other).await.expect(422).text_at("/code"), "idempotency_key_reused");
        drop(stack.api.endpoint_act(&first.text_at("/endpointId"), "disable", "").await.expect(200));
    });
}

/// Environments can be killed on Linux only.
#[cfg(target_os = "linux")]
#[test]
fn whoever_is_killed_after_a_server_has_heard_sends_it_again_under_the_same_id() {
    on_stack(async |stack| {
        let merchant = Merchant::opens(stack, Some(&["payment.created"])).await;
        // The claim is written; what came of the try is not.
        let rule = json!({"service": "dynamodb", "operation": "PutItem", "fault": "hang_before", "delayMs": 10_000,
            "containing": merchant.id, "skip": 2, "times": ALWAYS});
        let hang = stack.sandbox.aws_misbehaves(rule).await;
        let payment = stack.api.open().await;
        let heard = merchant.hears(stack, &payment, "payment.created").await;
        eventually("the deliverer hangs", async || match stack.sandbox.aws_struck(&hang).await {
            0 => Err("it has not come there".to_owned()),
            _ => Ok(()),
        })
        .await;
        assert!(acceptance::environments::kill(stack, "deliver") > 0);
        stack.sandbox.aws_behaves_again(&hang).await;
        let event = format!("evt_{}_1", payment.id);
        stack.while_sweeping(merchant.delivery(stack, &event, |it| it["status"] == "delivered")).await;
        let again = stack.sandbox.merchant_heard(&merchant.name, &payment).await;
        let told: BTreeSet<(String, String)> = again.iter().map(|message| (message.id(), message.body())).collect();
        assert!(again.len() >= 2, "{}", again.len());
        assert_eq!(told, BTreeSet::from([(heard.id(), heard.body())]), "the same id, the same bytes");
        merchant.closes(stack).await;
    });
}

#[test]
fn the_days_events_are_listed_as_they_were_sent_and_one_can_be_sent_again() {
    on_stack(async |stack| {
        let merchant = Merchant::opens(stack, Some(&["payment.declined"])).await;
        let payment = stack.api.open().await;
        drop(stack.api.pay(&payment, "pm_card_chargeDeclined").await.expect(402));
        let message = merchant.hears(stack, &payment, "payment.declined").await;
        let mut listed: BTreeMap<String, Value> = BTreeMap::new();
        let mut query = "type=payment.declined&limit=50".to_owned();
        loop {
            let page = stack.api.read(&format!("/events?{query}")).await.expect(200).json();
            for event in page["events"].as_array().unwrap() {
                assert_eq!(event["type"], "payment.declined");
                listed.insert(event["id"].as_str().unwrap().to_owned(), event.clone());
            }
            match page["nextCursor"].as_str() {
                Some(cursor) => query = format!("type=payment.declined&limit=50&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(listed.get(&message.id()), Some(&message.event()));
        merchant.delivery(stack, &message.id(), |it| it["status"] == "delivered").await;
        let again = format!("/events/{}/redeliver", message.id());
        let body = json!({"endpointId": merchant.id}).to_string();
        drop(stack.api.post(&again, &unique("again"), body).await.expect(202));
        eventually("it comes again", async || {
            let heard = stack.sandbox.merchant_heard(&merchant.name, &payment).await.len();
            if heard == 2 { Ok(()) } else { Err(heard.to_string()) }
        })
        .await;
        for (path, status) in
            [("/events/evt_1", 404), ("/events?type=payment.checked", 400), ("/events?day=tomorrow", 400)]
        {
            drop(stack.api.read(path).await.expect(status));
        }
        merchant.closes(stack).await;
    });
}
