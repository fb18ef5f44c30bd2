//! The auditor finds each breach that it is there to find, and nothing in a sound row.

use domain::{
    decline::{Decline, GatewayWords},
    money::Money,
};

use super::*;
use crate::{
    gateway::Verdict,
    scenes::Scene,
    shop::{Shop, card, held_order, order},
    turns::block_on,
};

async fn paid() -> (Shop, Payment) {
    let shop = Shop::new();
    let id = shop.opened(order("o")).await.id;
    let payment = shop.confirmed(&id, card("c")).await;
    (shop, payment)
}

fn found(payment: &Payment, shop: &Shop, hour: Hour) -> Vec<Breach> {
    breaches(payment, shop.gateway(), hour)
}

#[test]
fn a_second_charge_is_found_even_on_another_object() {
    block_on(async {
        let (shop, payment) = paid().await;
        assert_eq!(found(&payment, &shop, Hour::AtRest), []);
        let other = shop.gateway().opens_another(&payment.id, &payment.terms);
        shop.gateway().browser_confirms(&other, Verdict::Charge);
        assert_eq!(found(&payment, &shop, Hour::Midway), [Breach::TwiceCharged(2)]);
    });
}

#[test]
fn a_success_without_the_very_amount_is_found() {
    block_on(async {
        let (shop, mut payment) = paid().await;
        let captured = Money::payable(700, payment.terms.amount.currency()).unwrap();
        payment.state = PaymentState::Succeeded { captured };
        assert_eq!(found(&payment, &shop, Hour::Midway), [Breach::SucceededWithoutCharge(700)]);
        let unpaid = Shop::new();
        let captured = payment.terms.amount;
        let row = Payment { state: PaymentState::Succeeded { captured }, ..unpaid.opened(order("o")).await };
        assert_eq!(found(&row, &unpaid, Hour::Midway), [Breach::SucceededWithoutCharge(1_250)]);
    });
}

#[test]
fn a_charge_that_nobody_saw_is_found_once_all_is_at_rest() {
    block_on(async {
        let (shop, mut payment) = paid().await;
        payment.state = PaymentState::RequiresPaymentMethod;
        payment.due = Some(payment.updated_at);
        assert_eq!(found(&payment, &shop, Hour::Midway), []);
        assert_eq!(found(&payment, &shop, Hour::AtRest), [Breach::ChargeUnseen("requires_payment_method")]);
    });
}

#[test]
fn a_hold_that_never_was_or_is_no_more_is_found() {
    block_on(async {
        let shop = Shop::new();
        let opened = shop.opened(held_order("o")).await;
        let state = PaymentState::RequiresCapture { capturable: opened.terms.amount };
        let row = Payment { state, ..opened };
        assert_eq!(found(&row, &shop, Hour::Midway), [Breach::HeldWithoutCharge]);
        let held = shop.confirmed(&row.id, card("c")).await;
        assert_eq!(found(&held, &shop, Hour::AtRest), []);
        shop.gateway().dashboard_cancels(&held.object);
        assert_eq!(found(&held, &shop, Hour::Midway), []);
        assert_eq!(found(&held, &shop, Hour::AtRest), [Breach::HeldWithoutCharge]);
    });
}

#[test]
fn an_end_without_proof_is_found() {
    block_on(async {
        let shop = Shop::new();
        let opened = shop.opened(order("o")).await;
        for state in [PaymentState::Failed, PaymentState::Canceled, PaymentState::Expired] {
            let row = Payment { state, ..opened.clone() };
            assert_eq!(found(&row, &shop, Hour::Midway), [Breach::EndedWithoutProof(row.state.name())]);
        }
        shop.gateway().dashboard_cancels(&opened.object);
        assert_eq!(found(&Payment { state: PaymentState::Failed, ..opened }, &shop, Hour::AtRest), []);
    });
}

#[test]
fn an_attempt_that_is_given_up_while_a_bank_is_at_work_on_it_is_found() {
    block_on(async {
        let shop = Shop::new();
        let id = shop.opened(order("o")).await.id;
        shop.gateway().bank_says([Verdict::Pending]);
        let mut payment = shop.confirmed(&id, card("c")).await;
        assert_eq!(found(&payment, &shop, Hour::AtRest), []);
        payment.attempts[0].progress = AttemptProgress::Closed(AttemptResult::NotCharged);
        let number = payment.attempts[0].number;
        assert_eq!(found(&payment, &shop, Hour::Midway), [Breach::AttemptUnderWay(number)]);
        shop.gateway().bank_decides(&payment.object, Verdict::Decline("generic_decline"));
        assert_eq!(found(&payment, &shop, Hour::Midway), []);
    });
}

#[test]
fn an_attempt_that_is_told_wrong_is_found() {
    block_on(async {
        let (shop, payment) = paid().await;
        let decline = Decline::judge(GatewayWords { code: "generic_decline", ..GatewayWords::default() });
        for result in [AttemptResult::Declined(decline.clone()), AttemptResult::NotCharged] {
            let mut wrong = payment.clone();
            wrong.attempts[0].progress = AttemptProgress::Closed(result);
            assert_eq!(found(&wrong, &shop, Hour::Midway), [Breach::AttemptCharged(AttemptNumber::FIRST)]);
        }
        let unasked = Shop::new();
        let mut row = unasked.opened(order("o")).await;
        row.attempts = payment.attempts;
        row.attempts[0].progress = AttemptProgress::Closed(AttemptResult::Declined(decline));
        assert_eq!(found(&row, &unasked, Hour::Midway), [Breach::DeclinedWithoutProof(AttemptNumber::FIRST)]);
    });
}

#[test]
fn what_is_stuck_is_found_unless_a_person_was_called() {
    block_on(async {
        let shop = Shop::new();
        let opened = shop.opened(order("o")).await;
        let unknown = PaymentState::Processing(ProcessingReason::OutcomeUnknown);
        let stuck = Payment { state: unknown, ..opened.clone() };
        assert_eq!(found(&stuck, &shop, Hour::Midway), []);
        assert_eq!(found(&stuck, &shop, Hour::AtRest), [Breach::Stuck("processing")]);
        let forgotten = Payment { due: None, ..opened };
        assert_eq!(found(&forgotten, &shop, Hour::AtRest), [Breach::Stuck("requires_payment_method")]);
        let reason = domain::payment::ReviewReason::OutcomeUnknown;
        let attention = Some(domain::payment::Review { since: stuck.updated_at, reason });
        assert_eq!(found(&Payment { attention, ..stuck }, &shop, Hour::AtRest), []);
    });
}

#[test]
fn a_capture_and_a_cancel_that_are_told_and_were_not_done_are_found() {
    block_on(async {
        for (scene, act) in [(Scene::Capturing, "capture"), (Scene::Canceling, "cancel")] {
            let (shop, id) = scene.set().await;
            let mut payment = shop.row(&id);
            assert_eq!(found(&payment, &shop, Hour::Midway), []);
            payment.acts[0].progress = ActProgress::Done;
            assert_eq!(found(&payment, &shop, Hour::Midway), [Breach::ActNotDone(act)]);
        }
    });
}
