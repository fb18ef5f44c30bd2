//! The brake on card testing: whoever was declined too often in an hour is not tried again in it, and nobody else is held for it; what is
//! under way goes on, and where the brake fails, payments do without.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a scenario that does not go as written is a failed test")]

use std::{net::IpAddr, time::Duration};

use domain::{
    brake::{Brake, Hour, Pepper},
    id::TransactionId,
    payment::{ConfirmRequest, Instrument, Payment, PaymentState},
    personal::Payer,
    text::{GatewayToken, Text},
};
use flow::{
    operations::initiate::InitiateRequest,
    ports::{Host as _, Note},
    steps::{RequestError, Requested},
};
use world::{
    counting::Counts,
    gateway::{Call, Verdict},
    shop::{Shop, approved, card, card_on_file, order, paypal_order},
    store,
    turns::{all, block_on},
};

const LIMIT: u32 = 3;

fn brake(address: Option<&str>) -> Brake {
    let payer_address = address.map(|address| address.parse::<IpAddr>().unwrap());
    Brake { declines_max: LIMIT, pepper: Pepper::of([7; 32]), payer_address }
}

/// An order of this customer's.
fn of_customer(key: &str, customer: &str) -> InitiateRequest {
    let mut request = order(key);
    request.payer = Some(Payer { id: Some(Text::parse(customer).unwrap()), ..Payer::default() });
    request
}

/// Confirms with this card, under a key of its name.
fn with(key: &str, method: &str) -> ConfirmRequest {
    ConfirmRequest { instrument: Instrument::PaymentMethod(GatewayToken::parse(method).unwrap()), ..card(key) }
}

fn payment(answer: Result<Requested, RequestError>) -> Payment {
    match answer.unwrap() {
        Requested::Done(payment) | Requested::Replayed(payment) => payment,
    }
}

fn held(answer: Result<Requested, RequestError>) -> Duration {
    match answer {
        Err(RequestError::TooManyDeclines(wait)) => wait,
        other => panic!("not held: {other:?}"),
    }
}

fn attempts(shop: &Shop) -> usize {
    shop.gateway().sent_of(Call::Confirm).len()
}

/// As many declines as the hour takes, each with another card.
async fn declined(shop: &Shop, id: &TransactionId, brake: &Brake, times: u32) {
    for number in 0..times {
        shop.gateway().bank_says([Verdict::Decline("generic_decline")]);
        let request = with(&format!("bad-{number}"), &format!("pm_{number}"));
        let row = payment(shop.confirm_braked(brake, id, request).await);
        assert_eq!(row.state, PaymentState::RequiresPaymentMethod);
    }
}

#[test]
fn a_customer_who_was_declined_as_often_as_may_be_waits_for_the_hour_to_end_with_whatever_card_and_payment() {
    block_on(async {
        let shop = Shop::new();
        let (one, other) =
            (shop.opened(of_customer("o-1", "c_1")).await.id, shop.opened(of_customer("o-2", "c_1")).await.id);
        declined(&shop, &one, &brake(None), LIMIT).await;
        let (row, sent) = (shop.row(&other), attempts(&shop));
        let wait = held(shop.confirm_braked(&brake(None), &other, with("good", "pm_good")).await);
        assert_eq!(shop.host().now().plus(wait), Hour::of(shop.host().now()).end());
        assert_eq!((shop.row(&other), attempts(&shop)), (row, sent), "nothing was written or sent");
        assert_eq!(shop.host().notes().iter().filter(|note| **note == Note::CardTesting).count(), 1);
        // Somebody else is not held for it.
        let another = shop.opened(of_customer("o-3", "c_2")).await.id;
        payment(shop.confirm_braked(&brake(None), &another, with("good", "pm_another")).await);
        // And the key is as good as new in the next hour.
        shop.host().advance(wait);
        let paid = payment(shop.confirm_braked(&brake(None), &other, with("good", "pm_good")).await);
        assert!(matches!(paid.state, PaymentState::Succeeded { .. }));
    });
}

#[test]
fn a_card_and_an_address_are_known_without_a_customer_and_an_address_may_be_many_peoples() {
    block_on(async {
        let shop = Shop::new();
        for number in 0..LIMIT {
            let id = shop.opened(order(&format!("card-{number}"))).await.id;
            shop.gateway().bank_says([Verdict::Decline("generic_decline")]);
            payment(shop.confirm_braked(&brake(None), &id, with("c", "pm_stolen")).await);
        }
        let id = shop.opened(order("once-more")).await.id;
        held(shop.confirm_braked(&brake(None), &id, with("c", "pm_stolen")).await);

        let (shop, here) = (Shop::new(), brake(Some("203.0.113.7")));
        for number in 0..LIMIT.saturating_mul(3) {
            let id = shop.opened(order(&format!("here-{number}"))).await.id;
            shop.gateway().bank_says([Verdict::Decline("generic_decline")]);
            payment(shop.confirm_braked(&here, &id, with("c", &format!("pm_{number}"))).await);
        }
        let id = shop.opened(order("once-more")).await.id;
        held(shop.confirm_braked(&here, &id, with("c", "pm_new")).await);
        let elsewhere = payment(shop.confirm_braked(&brake(Some("203.0.113.8")), &id, with("c", "pm_new")).await);
        assert!(matches!(elsewhere.state, PaymentState::Succeeded { .. }));
    });
}

#[test]
fn a_decline_counts_once_however_often_it_is_asked_for() {
    block_on(async {
        let shop = Shop::new();
        let id = shop.opened(of_customer("o", "c_1")).await.id;
        shop.gateway().bank_says([Verdict::Decline("generic_decline")]);
        let known = brake(None);
        let ask = || shop.confirm_braked(&known, &id, with("bad", "pm_1"));
        drop(all([ask(), ask(), ask(), ask()]).await);
        drop(ask().await);
        // The SDK sends again what was served, and its answer lost.
        shop.store().script(store::Call::Declines, [store::Course::Well, store::Course::SentTwice]);
        declined(&shop, &id, &brake(None), LIMIT.saturating_sub(1)).await;
        held(shop.confirm_braked(&brake(None), &id, with("good", "pm_good")).await);
        let counted = shop.store().declines_stored().iter().map(|(_, item)| item["dc"].as_ss().unwrap().len()).max();
        assert_eq!(counted, Some(3));
    });
}

#[test]
fn what_was_done_before_is_answered_as_it_was_however_often_its_payer_was_declined_since() {
    block_on(async {
        let shop = Shop::new();
        let id = shop.opened(of_customer("o", "c_1")).await.id;
        declined(&shop, &id, &brake(None), LIMIT).await;
        let replay = shop.confirm_braked(&brake(None), &id, with("bad-0", "pm_0")).await.unwrap();
        assert!(matches!(replay, Requested::Replayed(_)));
        // What is under way is not the brake's: a payer who was challenged goes on.
        let (shop, brake) = (Shop::new(), brake(None));
        let challenged = shop.opened(of_customer("challenged", "c_1")).await;
        shop.gateway().bank_says([Verdict::Challenge]);
        payment(shop.confirm_braked(&brake, &challenged.id, with("c", "pm_1")).await);
        let id = shop.opened(of_customer("o", "c_1")).await.id;
        declined(&shop, &id, &brake, LIMIT).await;
        assert!(shop.gateway().payer_authenticates(&challenged.object, Verdict::Charge));
        assert!(matches!(shop.at_rest(&challenged.id).await.state, PaymentState::Succeeded { .. }));
    });
}

#[test]
fn where_the_brake_fails_payments_go_on_without_it_and_a_decline_is_told() {
    block_on(async {
        let shop = Shop::new();
        let id = shop.opened(of_customer("o", "c_1")).await.id;
        for course in [store::Course::LostBefore, store::Course::LostAfter] {
            shop.store().script(store::Call::Declines, [course, course]);
            shop.gateway().bank_says([Verdict::Decline("generic_decline")]);
            let row = payment(shop.confirm_braked(&brake(None), &id, with(&format!("{course:?}"), "pm_1")).await);
            assert_eq!(row.state, PaymentState::RequiresPaymentMethod, "its payer hears of the decline");
        }
        let failed = |note: &&Note| matches!(note, Note::BrakeFailed(_));
        assert_eq!(shop.host().notes().iter().filter(failed).count(), 4);
        shop.store().script(store::Call::Declines, [store::Course::LostBefore]);
        let paid = payment(shop.confirm_braked(&brake(None), &id, with("good", "pm_1")).await);
        assert!(matches!(paid.state, PaymentState::Succeeded { .. }));
    });
}

#[test]
fn a_confirm_costs_one_read_more_a_decline_one_write_more_and_a_replay_nothing() {
    block_on(async {
        let shop = Shop::new();
        let id = shop.opened(of_customer("o", "c_1")).await.id;
        shop.tally().take();
        shop.gateway().bank_says([Verdict::Decline("generic_decline"), Verdict::Charge]);
        payment(shop.confirm_braked(&brake(None), &id, with("bad", "pm_1")).await);
        let confirm = Counts { reads: 2, writes: 2, gateway_calls: 1, ..Counts::default() };
        assert_eq!(shop.tally().take(), Counts { writes: 3, ..confirm });
        payment(shop.confirm_braked(&brake(None), &id, with("bad", "pm_1")).await);
        assert_eq!(shop.tally().take(), Counts { reads: 1, ..Counts::default() });
        payment(shop.confirm_braked(&brake(None), &id, with("good", "pm_1")).await);
        assert_eq!(shop.tally().take(), confirm);
    });
}

#[test]
fn nothing_is_kept_that_tells_who_it_is_and_what_nobody_knows_is_not_counted() {
    block_on(async {
        let shop = Shop::new();
        let id = shop.opened(of_customer("o", "c_secret")).await.id;
        declined(&shop, &id, &brake(Some("203.0.113.7")), 1).await;
        let stored = shop.store().declines_stored();
        assert_eq!(stored.len(), 3, "an address, a customer and a card");
        for (mark, item) in stored {
            let text = format!("{} {item:?}", mark.as_str());
            assert!(!["c_secret", "203.0", "pm_0"].iter().any(|word| text.contains(word)), "{text}");
            let attempt = item["dc"].as_ss().unwrap();
            assert_eq!(attempt, &[format!("{id}:1")]);
            let expires: i64 = item["ttl"].as_n().unwrap().parse().unwrap();
            assert_eq!(expires, Hour::of(shop.host().now()).end().plus(Duration::from_secs(3_600)).unix_ms() / 1_000);
        }
        // An approval says nothing of a card, and this payer has neither a name nor an address.
        let (shop, approval) = (Shop::new(), brake(None));
        let payment_at_paypal = shop.opened(paypal_order("paypal")).await;
        shop.gateway().payer_approves(&payment_at_paypal.object);
        shop.deliver_events().await;
        shop.gateway().bank_says([Verdict::Decline("INSTRUMENT_DECLINED")]);
        payment(shop.confirm_braked(&approval, &payment_at_paypal.id, approved("c")).await);
        assert_eq!(shop.store().declines_stored().len(), 0);
    });
}

#[test]
fn what_is_tried_again_for_a_payer_who_is_away_is_counted_when_its_client_asks() {
    block_on(async {
        let shop = Shop::new();
        let id = shop.opened(of_customer("o", "c_1")).await.id;
        shop.gateway().bank_says([Verdict::Decline("insufficient_funds")]);
        payment(shop.confirm_braked(&brake(None), &id, card_on_file("c")).await);
        assert_eq!(shop.store().declines_stored().len(), 2, "a customer and a card");
    });
}
