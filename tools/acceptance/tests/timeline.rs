//! What is told of payments: why each is as it is, in one call; the journal, to the cent as the gateways' books; and that nothing of it is
//! lost when whoever tells it is killed, refused, or given what nobody can read.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test speaks by panicking")]
#![expect(clippy::arithmetic_side_effects, reason = "small numbers, and tests are built with overflow checks")]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use acceptance::client::Opened;
use acceptance::gateway::Gateway::{PayPal, Stripe};
use acceptance::stack::{Stack, on_stack};
use acceptance::{a_few_at_a_time, eventually, say, unique};
use serde_json::{Value, json};
use tokio::time::sleep;

const ALWAYS: u32 = 1_000;

#[test]
fn why_a_payment_is_as_it_is_is_told_in_one_call() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        drop(stack.api.pay(&payment, "pm_card_chargeDeclinedInsufficientFunds").await.expect(402));
        drop(stack.api.pay(&payment, "pm_card_visa").await.expect(200));
        drop(stack.api.refund(&payment, &unique("part"), Some(500)).await.expect(200));
        let told = stack.api.told(&payment.id).await;
        let entries = told["timeline"].as_array().unwrap();
        let kinds: Vec<&str> = entries.iter().map(|entry| entry["type"].as_str().unwrap()).collect();
        let milestones: Vec<&str> = kinds.iter().copied().filter(|kind| *kind != "payment.checked").collect();
        assert_eq!(
            &milestones[..4],
            ["payment.created", "payment.processing", "payment.declined", "payment.processing"]
        );
        for kind in ["payment.succeeded", "refund.created", "refund.succeeded"] {
            assert!(milestones.contains(&kind), "{kind}: {milestones:?}");
        }
        assert_eq!(entries.last().unwrap()["sequence"], told["version"], "to the version that is shown");
        let first = &entries[0];
        assert_eq!(first["eventId"], format!("evt_{}_1", payment.id));
        assert_eq!((&first["what"], &first["who"]), (&json!("initiated"), &json!("client:local")));
        let invalid = stack.api.status(&format!("{}?expand=all", payment.id)).await.expect(400);
        assert_eq!(invalid.text_at("/errors/0/pointer"), "?expand");
    });
}

#[test]
fn the_journal_is_the_gateways_books_to_the_cent() {
    on_stack(async |stack| {
        let lives = a_few_at_a_time(0..8, async |number| life(stack, number).await).await;
        let mut all: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for payment in &lives {
            let booked = books(stack, payment).await;
            eventually(&format!("the journal of {} is the books", payment.id), async || {
                let journal = stack.aws.journal(payment).await;
                let is = (of(&journal, "capture"), of(&journal, "refund") - of(&journal, "refund_failed"));
                if is == booked { Ok(()) } else { Err(format!("{journal:?}, and the books say {booked:?}")) }
            })
            .await;
            let name = if payment.gateway == Stripe { "Stripe" } else { "PayPal" };
            let sum = all.entry(name).or_default();
            *sum = (sum.0 + booked.0, sum.1 + booked.1);
            settled(stack, payment).await;
        }
        for (gateway, (captured, refunded)) in all {
            say(&format!("journal = books at {gateway}: {captured} captured, {refunded} refunded, 0 off"));
            assert!(captured > 0 && refunded > 0);
        }
    });
}

/// A payment that went one way or another.
async fn life(stack: &Stack, number: u32) -> Opened {
    let terms = |gateway: &str, amount: u32, capture: &str| {
        json!({"amount": amount, "currency": "EUR", "gateway": gateway, "capture": capture,
            "returnUrl": "https://shop.example/back"})
    };
    let amount = 1_000 + number * 7;
    match number {
        0..=3 => {
            let payment = stack.api.open_with(terms("stripe", amount, "automatic")).await;
            drop(stack.api.pay(&payment, "pm_card_visa").await.expect(200));
            if number > 0 {
                drop(stack.api.refund(&payment, &unique("part"), Some(i64::from(number) * 100)).await.expect(200));
            }
            if number == 3 {
                drop(stack.sandbox.dashboard_refunds(&payment.id, Some(333)).await);
                stack.while_sweeping(shows_refunded(stack, &payment, 633)).await;
            }
            payment
        }
        4 => {
            let payment = stack.api.open_with(terms("stripe", amount, "manual")).await;
            drop(stack.api.pay(&payment, "pm_card_visa").await.expect(200));
            let part = json!({"transactionId": payment.id, "amount": 700}).to_string();
            drop(stack.api.post("/payment/capture", &unique("part"), part).await.expect(200));
            payment
        }
        5 => {
            let payment = stack.api.open_with(terms("stripe", amount, "automatic")).await;
            drop(stack.api.pay(&payment, "pm_card_chargeDeclined").await.expect(402));
            payment
        }
        _ => {
            let payment = stack.api.open_with(terms("paypal", amount, "automatic")).await;
            assert_eq!(payment.gateway, PayPal);
            drop(stack.sandbox.payer_decides(&payment.id, "approve").await);
            drop(stack.api.charge(&payment, &unique("charge")).await.expect(200));
            drop(stack.api.refund(&payment, &unique("part"), Some(250)).await.expect(200));
            payment
        }
    }
}

async fn shows_refunded(stack: &Stack, payment: &Opened, amount: i64) {
    eventually("the dashboard's refund is found", async || {
        let shown = stack.api.status(&payment.id).await.expect(200);
        if shown.at("/amountRefunded") == json!(amount) { Ok(()) } else { Err(shown.text) }
    })
    .await;
}

/// What the gateway has taken, and given back.
async fn books(stack: &Stack, payment: &Opened) -> (i64, i64) {
    let charges = stack.sandbox.charges(&payment.id).await;
    let taken = charges.iter().filter(|(status, ..)| status == "succeeded").map(|(_, amount, _)| amount).sum();
    (taken, stack.sandbox.refunds(&payment.intent).await.iter().map(|refund| refund.1).sum())
}

fn of(journal: &BTreeMap<(String, String), i64>, kind: &str) -> i64 {
    journal.get(&(kind.to_owned(), "EUR".to_owned())).copied().unwrap_or_default()
}

/// What the payment says of its settlement, the journal says too.
async fn settled(stack: &Stack, payment: &Opened) {
    let shown = stack.api.status(&payment.id).await.expect(200).json();
    let Some(fee) = shown["settlement"]["fee"].as_i64() else { return };
    let currency = shown["settlement"]["feeCurrency"].as_str().unwrap().to_owned();
    eventually("the fee stands in the journal", async || {
        let journal = stack.aws.journal(payment).await;
        let sum = |kind: &str| journal.get(&(kind.to_owned(), currency.clone())).copied().unwrap_or_default();
        if sum("fee") - sum("fee_returned") == fee { Ok(()) } else { Err(format!("{journal:?} but {fee}")) }
    })
    .await;
}

/// Environments can be killed on Linux only.
#[cfg(target_os = "linux")]
#[test]
fn whoever_is_killed_while_telling_leaves_nothing_untold() {
    on_stack(async |stack| {
        let mut killed = 0;
        for (prefix, fault) in
            [("TML#", "hang_before"), ("TML#", "hang_after"), ("JRN#", "hang_before"), ("JRN#", "hang_after")]
        {
            let payment = stack.api.open().await;
            drop(stack.api.told(&payment.id).await);
            let rule = json!({"service": "dynamodb", "operation": "PutItem", "delayMs": 10_000, "fault": fault,
                "containing": format!("{prefix}{}", payment.id), "times": ALWAYS});
            let hang = stack.sandbox.aws_misbehaves(rule).await;
            drop(stack.api.pay(&payment, "pm_card_visa").await.expect(200));
            eventually("the teller hangs", async || match stack.sandbox.aws_struck(&hang).await {
                0 => Err("it has not come there".to_owned()),
                _ => Ok(()),
            })
            .await;
            killed += acceptance::environments::kill(stack, "publish");
            stack.sandbox.aws_behaves_again(&hang).await;
            let told = stack.api.told(&payment.id).await;
            let versions: Vec<u64> =
                told["timeline"].as_array().unwrap().iter().map(|entry| entry["sequence"].as_u64().unwrap()).collect();
            assert_eq!(versions, (1..=told["version"].as_u64().unwrap()).collect::<Vec<_>>(), "{prefix} {fault}");
            let journal = stack.aws.journal(&payment).await;
            assert_eq!(of(&journal, "capture"), 1999, "{prefix} {fault}: {journal:?}");
        }
        assert!(killed >= 4, "{killed}");
        say(&format!("{killed} tellers killed in mid-batch: every change is told, once"));
    });
}

#[test]
fn a_record_that_nobody_can_read_is_put_aside_and_holds_up_nobody() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        drop(stack.api.pay(&payment, "pm_card_visa").await.expect(200));
        let before = stack.api.told(&payment.id).await["version"].as_u64().unwrap();
        let good = eventually("the row rests", async || {
            let row = stack.aws.row(&payment.id).await;
            if row["du"].is_null() { Ok(row) } else { Err(row.to_string()) }
        })
        .await;
        let mut poison = good.clone();
        poison["sv"] = json!({"N": "99"});
        poison["v"] = json!({"N": (before + 1).to_string()});
        stack.aws.put_row(&poison).await;
        let queue = stack.aws.variable("publish", "DEAD_LETTER_QUEUE_URL").await.unwrap();
        let letter = eventually("the record is put aside", async || {
            let letters = stack.aws.receive(&queue).await;
            let ours = letters.into_iter().find(|letter| letter.body.contains(&payment.row_key()));
            ours.ok_or_else(|| "no letter about it".to_owned())
        })
        .await;
        let says: Value = serde_json::from_str(&letter.body).unwrap();
        assert_eq!(
            says.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["key", "sequenceNumber"],
            "and nothing of it"
        );
        stack.aws.delete(&queue, &letter).await;

        // Others were not held up, and the next change of the row makes good what is known.
        let other = stack.api.open().await;
        drop(stack.api.told(&other.id).await);
        let mut mended = good.clone();
        mended["v"] = json!({"N": (before + 2).to_string()});
        stack.aws.put_row(&mended).await;
        let entry = eventually("the mended row is told", async || {
            let told = stack.api.explained(&payment.id).await.expect(200).json();
            let entries = told["timeline"].as_array().unwrap();
            let last = entries.iter().find(|entry| entry["sequence"] == before + 2).cloned();
            last.ok_or_else(|| told.to_string())
        })
        .await;
        assert_eq!(entry["unrecorded"], 1, "{entry}");
        let journal = stack.aws.journal(&payment).await;
        assert_eq!(of(&journal, "capture"), 1999, "no money is told twice: {journal:?}");
        eventually("the log tells of the gap", async || {
            let gaps = stack.aws.logs_about("publish", "timelineGap").await;
            if gaps.is_empty() { Err("nothing".to_owned()) } else { Ok(()) }
        })
        .await;
    });
}

#[test]
fn a_table_that_takes_nothing_for_a_while_delays_what_is_told_and_loses_nothing() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let rule = json!({"service": "dynamodb", "operation": "PutItem", "fault": "throttle",
            "containing": format!("TML#{}", payment.id), "times": ALWAYS});
        let throttled = stack.sandbox.aws_misbehaves(rule).await;
        drop(stack.api.pay(&payment, "pm_card_visa").await.expect(200));
        eventually("the teller is refused", async || match stack.sandbox.aws_struck(&throttled).await {
            0 => Err("nobody came".to_owned()),
            _ => Ok(()),
        })
        .await;
        sleep(Duration::from_secs(2)).await;
        let untold = stack.api.explained(&payment.id).await.expect(200);
        assert_eq!(untold.at("/timelineComplete"), json!(false), "{}", untold.text);
        stack.sandbox.aws_behaves_again(&throttled).await;
        let told = stack.api.told(&payment.id).await;
        let unrecorded = told["timeline"].as_array().unwrap().iter().all(|entry| entry["unrecorded"] == 0);
        assert!(unrecorded, "{told}");
    });
}

#[test]
fn the_merchants_own_bus_gets_the_same_events() {
    on_stack(async |stack| {
        let bus = stack.aws.variable("publish", "EVENT_BUS_NAME").await.unwrap_or_else(|| panic!("there is no bus"));
        let name = unique("bus");
        let queue = stack.aws.listen_to_bus(&bus, &name).await;
        let payment = stack.api.open().await;
        drop(stack.api.pay(&payment, "pm_card_visa").await.expect(200));
        let heard: Mutex<BTreeMap<String, Value>> = Mutex::default();
        let heard_of = |kind: &str| heard.lock().unwrap().get(kind).cloned();
        let paid = eventually("the bus has heard that it is paid", async || {
            for message in stack.aws.receive(&queue).await {
                let event: Value = serde_json::from_str(&message.body).unwrap();
                stack.aws.delete(&queue, &message).await;
                if event["detail"]["data"]["payment"]["transactionId"] == payment.id.as_str() {
                    heard.lock().unwrap().insert(event["detail-type"].as_str().unwrap().to_owned(), event);
                }
            }
            heard_of("payment.succeeded").ok_or_else(|| format!("{:?}", heard.lock().unwrap().keys()))
        })
        .await;
        stack.aws.leave_bus(&bus, &name, &queue).await;
        assert!(heard_of("payment.created").is_some() && heard_of("payment.processing").is_some());
        let event = &paid;
        assert_eq!((&event["source"], &event["detail"]["type"]), (&json!("quittance"), &json!("payment.succeeded")));
        assert_eq!(event["detail"]["data"]["payment"]["status"], "succeeded");
        assert!(!event.to_string().contains("_secret_"), "whoever holds it may act as the payer: {event}");
    });
}
