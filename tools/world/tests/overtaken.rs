//! A look that was overtaken (E3): what the gateway's object only passes through counts from a fetch made after loading
//! the version that is written, and from nothing else. Here somebody else writes while the fetch's answer is on its way:
//! the old snapshot closes nothing and undoes nothing, and asks for another look, as a webhook would.

#![expect(clippy::panic, reason = "a scenario that does not go as written is a failed test")]

use std::pin::pin;

use domain::{
    id::TransactionId,
    payment::{AttemptProgress, AttemptResult, Payment, PaymentState, ProcessingReason},
};
use flow::ports::{Host, Note};
use world::{
    audit::Hour,
    gateway::{Call, Verdict},
    scenes::Scene,
    shop::{Shop, card, wish},
    turns::{advance, block_on},
};

/// Looks at a row, and lets something else happen while the gateway's answer is on its way. The row as that left it, and
/// the row after the look.
async fn overtaken(shop: &Shop, id: &TransactionId, meanwhile: impl AsyncFnOnce()) -> (Payment, Payment) {
    is_due(shop, id);
    let mut look = pin!(shop.retry(id));
    assert!(advance(look.as_mut(), || !shop.gateway().sent_of(Call::Fetch).is_empty()).is_pending());
    meanwhile().await;
    let left = shop.row(id);
    assert!(advance(look, || false).is_ready());
    assert!(shop.host().notes().contains(&Note::Conflict), "nobody was overtaken");
    shop.audit(id, Hour::Midway);
    (left, shop.row(id))
}

/// The time comes at which somebody must look.
fn is_due(shop: &Shop, id: &TransactionId) {
    let due = shop.row(id).due.unwrap_or_else(|| panic!("nobody needs to look"));
    shop.host().advance(due.since(shop.host().now()));
}

/// The gateway's events come, and somebody looks because of them.
async fn events_come_and_somebody_looks(shop: &Shop, id: &TransactionId) {
    shop.deliver_events().await;
    is_due(shop, id);
    assert!(shop.retry(id).await.is_ok());
}

/// The look changed nothing but when somebody looks again: at once.
fn only_asks_for_another_look(shop: &Shop, (left, after): &(Payment, Payment)) {
    let asked = Payment {
        due: after.due,
        version: left.version.saturating_add(1),
        updated_at: after.updated_at,
        rounds: after.rounds,
        ..left.clone()
    };
    assert_eq!(*after, asked);
    assert!(after.due.is_some_and(|due| due <= shop.host().now()), "{after:?}");
}

#[test]
fn a_look_that_saw_no_way_to_pay_does_not_close_the_attempt_that_was_begun_since() {
    block_on(async {
        let (shop, id) = Scene::Waiting.set().await;
        shop.gateway().bank_says([Verdict::Pending]);
        let rows = overtaken(&shop, &id, async || {
            shop.confirmed(&id, card("c")).await;
        })
        .await;
        assert_eq!(rows.1.state, PaymentState::Processing(ProcessingReason::GatewayPending));
        assert_eq!(rows.1.attempts[0].progress, AttemptProgress::Answered);
        only_asks_for_another_look(&shop, &rows);
        assert!(shop.gateway().bank_decides(&rows.1.object, Verdict::Charge));
        let paid = shop.at_rest(&id).await;
        assert_eq!(paid.attempts[0].progress, AttemptProgress::Closed(AttemptResult::Charged));
        assert_eq!(paid.captured(), paid.terms.amount);
    });
}

#[test]
fn a_look_that_saw_a_bank_at_work_does_not_undo_that_it_has_declined_since() {
    block_on(async {
        let (shop, id) = Scene::Pending.set().await;
        let object = shop.row(&id).object;
        let rows = overtaken(&shop, &id, async || {
            assert!(shop.gateway().bank_decides(&object, Verdict::Decline("generic_decline")));
            events_come_and_somebody_looks(&shop, &id).await;
        })
        .await;
        assert_eq!(rows.1.state, PaymentState::RequiresPaymentMethod);
        only_asks_for_another_look(&shop, &rows);
        shop.confirmed(&id, card("c2")).await;
        assert_eq!(shop.at_rest(&id).await.captured(), rows.1.terms.amount, "another card pays");
    });
}

#[test]
fn a_look_that_saw_a_payer_being_asked_does_not_undo_that_the_payer_has_failed_since() {
    block_on(async {
        let (shop, id) = Scene::Challenged.set().await;
        let object = shop.row(&id).object;
        let rows = overtaken(&shop, &id, async || {
            assert!(shop.gateway().payer_fails(&object));
            events_come_and_somebody_looks(&shop, &id).await;
        })
        .await;
        assert_eq!(rows.1.state, PaymentState::RequiresPaymentMethod);
        only_asks_for_another_look(&shop, &rows);
        shop.confirmed(&id, card("c2")).await;
        assert_eq!(shop.at_rest(&id).await.captured(), rows.1.terms.amount, "another card pays");
    });
}

#[test]
fn a_look_that_saw_money_held_does_not_undo_that_it_was_taken_since() {
    block_on(async {
        let (shop, id) = Scene::Held.set().await;
        let (left, after) = overtaken(&shop, &id, async || {
            shop.captured(&id, wish("p", Some(700))).await;
        })
        .await;
        assert_eq!(after, left);
        assert_eq!(shop.at_rest(&id).await.captured().minor_units(), 700);
    });
}

#[test]
fn a_look_that_saw_the_payment_paid_counts_though_it_was_overtaken() {
    block_on(async {
        let (shop, id) = Scene::Waiting.set().await;
        let object = shop.row(&id).object;
        assert!(shop.gateway().browser_confirms(&object, Verdict::Challenge));
        let asked = shop.gateway().take_events();
        assert!(shop.gateway().payer_authenticates(&object, Verdict::Charge));
        let (left, after) = overtaken(&shop, &id, async || {
            for event in asked {
                assert!(shop.webhook(event).await.is_ok());
            }
        })
        .await;
        assert_eq!(left.state, PaymentState::RequiresPaymentMethod);
        assert_eq!(after.captured(), after.terms.amount);
        assert_eq!(shop.at_rest(&id).await, after);
    });
}
