//! Six events of one payment, in all 720 orders; each of them also doubled, in every order of the seven; and all 720 around the
//! answer to the request that caused one of them, before, among and after them. Whatever the order, the payment ends as the
//! gateway says.

use std::pin::pin;

use domain::{
    id::TransactionId,
    payment::{Payment, PaymentState},
};
use flow::operations::webhook::GatewayEvent;
use world::{
    audit::Hour,
    gateway::{Call, Verdict},
    proof::figure,
    shop::{Shop, card, held_order},
    turns::{advance, block_on},
};

const EVENTS: usize = 6;

/// How the story ends at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Captured,
    Canceled,
    Declined,
}

impl Ending {
    const ALL: [Self; 3] = [Self::Captured, Self::Canceled, Self::Declined];

    fn is_of(self, row: &Payment) -> bool {
        match self {
            Self::Captured => row.captured().minor_units() == 700,
            Self::Canceled => row.state == PaymentState::Canceled,
            Self::Declined => row.state == PaymentState::RequiresPaymentMethod,
        }
    }
}

/// A story in which two cards are declined, and the bank asks who the payer of the third is. What that confirm is answered
/// comes after `place` of the `sequence` of events.
async fn told(ending: Ending, sequence: &[usize], place: usize) {
    let (shop, id) = two_cards_are_declined().await;
    {
        let mut third = pin!(shop.confirm(&id, card("c3")));
        assert!(advance(third.as_mut(), || shop.gateway().sent_of(Call::Confirm).len() == 3).is_pending());
        let events = the_rest(&shop, &id, ending);
        assert_eq!(events.len(), EVENTS);
        for number in sequence.iter().take(place) {
            takes(&shop, &id, &events[*number]).await;
        }
        assert!(third.await.is_ok());
        shop.audit(&id, Hour::Midway);
        for number in sequence.iter().skip(place) {
            takes(&shop, &id, &events[*number]).await;
        }
    }
    // What ends a payment is known at once; what it only passes through is looked for.
    let at_once = ending == Ending::Declined || ending.is_of(&shop.row(&id));
    let row = shop.at_rest(&id).await;
    assert!(at_once && ending.is_of(&row), "{ending:?} {sequence:?} {place}\n{}", shop.story(&id));
    let declines = row.attempts.iter().take(2).filter(|attempt| attempt.decline().is_some()).count();
    assert_eq!(declines, 2, "{}", shop.story(&id));
}

async fn takes(shop: &Shop, id: &TransactionId, event: &GatewayEvent) {
    assert!(shop.webhook(event.clone()).await.is_ok());
    shop.audit(id, Hour::Midway);
}

async fn two_cards_are_declined() -> (Shop, TransactionId) {
    let shop = Shop::new();
    let id = shop.opened(held_order("order-1")).await.id;
    drop(shop.gateway().take_events());
    let says = [Verdict::Decline("generic_decline"), Verdict::Decline("expired_card"), Verdict::Challenge];
    shop.gateway().bank_says(says);
    shop.confirmed(&id, card("c1")).await;
    shop.confirmed(&id, card("c2")).await;
    (shop, id)
}

/// What happens after the bank has asked, and the events of it all.
fn the_rest(shop: &Shop, id: &TransactionId, ending: Ending) -> Vec<GatewayEvent> {
    let object = shop.row(id).object;
    let gateway = shop.gateway();
    let came = match ending {
        Ending::Captured => {
            gateway.payer_authenticates(&object, Verdict::Pending)
                && gateway.bank_decides(&object, Verdict::Charge)
                && gateway.dashboard_captures(&object, 700)
        }
        Ending::Canceled => {
            gateway.payer_fails(&object)
                && gateway.browser_confirms(&object, Verdict::Challenge)
                && gateway.dashboard_cancels(&object)
        }
        Ending::Declined => {
            gateway.payer_authenticates(&object, Verdict::Pending)
                && gateway.bank_decides(&object, Verdict::Decline("generic_decline"))
                && gateway.browser_confirms(&object, Verdict::Decline("generic_decline"))
        }
    };
    assert!(came);
    gateway.take_events()
}

/// Every order of these, each once.
fn orders_of(numbers: &[usize]) -> Vec<Vec<usize>> {
    if numbers.is_empty() {
        return vec![Vec::new()];
    }
    let mut orders = Vec::new();
    for (place, first) in numbers.iter().enumerate() {
        if numbers[..place].contains(first) {
            continue;
        }
        let rest: Vec<usize> = [&numbers[..place], &numbers[place + 1..]].concat();
        orders.extend(orders_of(&rest).into_iter().map(|order| [&[*first][..], &order].concat()));
    }
    orders
}

#[test]
fn six_events_in_any_order_and_around_the_answer_end_as_the_gateway_says() {
    let orders = orders_of(&[0, 1, 2, 3, 4, 5]);
    assert_eq!(orders.len(), 720);
    let mut tried = 0;
    for ending in Ending::ALL {
        for order in &orders {
            // Before, among and after them; where it is captured, after each.
            for place in (0..=EVENTS).filter(|place| ending == Ending::Captured || place % 3 == 0) {
                block_on(told(ending, order, place));
                tried += 1;
            }
        }
    }
    figure("scope", tried, "orders of events");
    assert_eq!(tried, 720 * (7 + 3 + 3));
}

#[test]
fn six_events_of_which_one_is_doubled_end_in_any_order_as_the_gateway_says() {
    let mut tried = 0;
    for doubled in 0..EVENTS {
        let sequence: Vec<usize> = (0..EVENTS).chain([doubled]).collect();
        let orders = orders_of(&sequence);
        assert_eq!(orders.len(), 2_520);
        for order in orders {
            block_on(told(Ending::Captured, &order, 0));
            tried += 1;
        }
    }
    figure("scope", tried, "orders of events");
    assert_eq!(tried, 15_120);
}

#[test]
fn events_that_never_come_are_made_up_for_by_looks() {
    for ending in Ending::ALL {
        block_on(async {
            let (shop, id) = two_cards_are_declined().await;
            shop.confirmed(&id, card("c3")).await;
            let _never_delivered = the_rest(&shop, &id, ending);
            assert!(ending.is_of(&shop.at_rest(&id).await), "{ending:?}\n{}", shop.story(&id));
        });
    }
}
