//! `retry` against the world: whatever a row waits for is moved on, by evidence only, once by whoever comes first.
//! Open acts (cancels and captures) are in `retry_acts`.

use std::time::Duration;

use domain::{
    gateway::UnknownReason,
    id::TransactionId,
    payment::{Payment, PaymentState, ProcessingReason, ReviewReason, Terms},
    schedule::{CAUTIOUS_REATTEMPTS_MAX, Limits, REATTEMPT_INTERVAL, REATTEMPTS_MAX},
};
use flow::{
    operations::{initiate::InitiateRequest, retry::Retried},
    ports::{Host, Note},
};
use world::{
    audit::Hour,
    counting::Counts,
    gateway::{Call, Course, Effect, Verdict},
    payments,
    shop::{Shop, card, card_on_file, held_order, order},
    turns::{all, block_on},
};

const UNKNOWN: [UnknownReason; 8] = [
    UnknownReason::NotSent,
    UnknownReason::Timeout,
    UnknownReason::ConnectionLost,
    UnknownReason::Unreadable,
    UnknownReason::ServerError,
    UnknownReason::KeyInUse,
    UnknownReason::RateLimited,
    UnknownReason::Unauthorized,
];
const DAY: Duration = Duration::from_secs(24 * 3_600);

fn is_paid(payment: &Payment) -> bool {
    matches!(payment.state, PaymentState::Succeeded { .. })
}

/// A payment that was opened.
async fn shop() -> (Shop, Payment) {
    let shop = Shop::new();
    let payment = shop.opened(order("order-1")).await;
    (shop, payment)
}

/// A payment whose money is held.
async fn holding() -> (Shop, Payment) {
    let shop = Shop::new();
    let id = shop.opened(held_order("order-1")).await.id;
    let payment = shop.confirmed(&id, card("c")).await;
    (shop, payment)
}

/// A week to pay, for payers who are away.
fn weekly_order() -> InitiateRequest {
    let mut request = order("order-1");
    request.terms.expires_in = Terms::EXPIRES_IN_MAX;
    request
}

async fn looks_until(shop: &Shop, id: &TransactionId, looks_max: u32, enough: impl Fn(&Payment) -> bool) -> Payment {
    for _ in 0..looks_max {
        let row = shop.until_looked(id).await;
        if enough(&row) {
            return row;
        }
    }
    shop.row(id)
}

#[test]
fn a_nudge_for_a_row_that_is_not_due_or_not_there_costs_one_read() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.tally().take();
        for id in [payment.id, payments::id(99)] {
            assert_eq!(shop.retry(&id).await.unwrap(), Retried::Dropped);
            assert_eq!(shop.tally().take(), Counts { reads: 1, ..Counts::default() });
        }
    });
}

#[test]
fn a_nudge_for_a_row_at_its_end_is_dropped() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.confirmed(&payment.id, card("c")).await;
        shop.host().advance(DAY * 30);
        assert_eq!(shop.retry(&payment.id).await.unwrap(), Retried::Dropped);
    });
}

#[test]
fn of_twenty_nudges_at_once_one_looks() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().script(Call::Confirm, [Course::NotServed(UnknownReason::Timeout)]);
        let unknown = shop.confirmed(&payment.id, card("c")).await;
        shop.host().advance(unknown.due.unwrap().since(shop.host().now()));
        let looks = all((0..20).map(|_| shop.retry(&payment.id))).await;
        assert_eq!(looks.iter().filter(|look| matches!(look, Ok(Retried::Looked(_)))).count(), 1);
        assert_eq!(shop.gateway().sent_of(Call::Confirm).len(), 2);
        assert!(is_paid(&shop.at_rest(&payment.id).await));
    });
}

#[test]
fn what_an_answered_key_leaves_open_is_fetched_in_the_same_look() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().script(Call::Confirm, [Course::SavedFailure(Effect::Whole)]);
        let unknown = shop.confirmed(&payment.id, card("c")).await;
        shop.host().advance(unknown.due.unwrap().since(shop.host().now()));
        shop.tally().take();
        let looked = shop.retry(&payment.id).await.unwrap();
        assert!(matches!(looked, Retried::Looked(row) if is_paid(&row)));
        // One read and one claim; the repeated failure and then the object, each asked and written down.
        assert_eq!(shop.tally().take(), Counts { reads: 1, writes: 3, gateway_calls: 2, ..Counts::default() });
        shop.at_rest(&payment.id).await;
    });
}

#[test]
fn an_outcome_that_stays_unknown_calls_a_person_and_goes_on() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().script(Call::Confirm, [Course::NotServed(UnknownReason::Timeout); 30]);
        shop.confirmed(&payment.id, card("c")).await;
        let row = looks_until(&shop, &payment.id, 29, |row| row.attention.is_some()).await;
        assert_eq!(row.attention.unwrap().reason, ReviewReason::OutcomeUnknown);
        assert_eq!(row.rounds, Limits::ROUNDS_BEFORE_REVIEW);
        assert!(row.due.unwrap().since(row.updated_at) <= Limits::BACKOFF_CAP, "no wait is longer than the cap");
        let settled = looks_until(&shop, &payment.id, 30, |row| row.state.is_terminal()).await;
        assert!(is_paid(&settled));
        assert_eq!(settled.attention, None, "what nobody knew is known now");
        let calls = shop.host().notes().iter().filter(|note| **note == Note::ReviewAsked).count();
        assert_eq!(calls, 1, "the rounds that followed were no news");
        shop.at_rest(&payment.id).await;
    });
}

#[test]
fn a_look_that_fails_is_taken_again() {
    for reason in UNKNOWN {
        block_on(async {
            let (shop, payment) = shop().await;
            shop.gateway().browser_confirms(&payment.object, Verdict::Charge);
            shop.gateway().script(Call::Fetch, [Course::NotServed(reason)]);
            let row = shop.until_looked(&payment.id).await;
            assert_eq!(row.state, PaymentState::RequiresPaymentMethod, "a silence is no evidence");
            assert!(is_paid(&shop.at_rest(&payment.id).await), "{reason:?}");
        });
    }
}

#[test]
fn an_object_that_the_gateway_says_is_missing_is_no_evidence_of_an_end() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().script(Call::Fetch, [Course::Refused("resource_missing")]);
        let row = shop.until_looked(&payment.id).await;
        assert_eq!(row.state, PaymentState::RequiresPaymentMethod);
        assert!(row.due.is_some());
    });
}

#[test]
fn what_the_browser_did_is_found_though_its_webhook_was_lost() {
    for (verdict, end) in [
        (Verdict::Charge, "succeeded"),
        (Verdict::Challenge, "requires_action"),
        (Verdict::Pending, "processing"),
        (Verdict::Decline("generic_decline"), "requires_payment_method"),
    ] {
        block_on(async {
            let (shop, payment) = shop().await;
            shop.gateway().browser_confirms(&payment.object, verdict);
            assert_eq!(shop.until_looked(&payment.id).await.state.name(), end);
            shop.at_rest(&payment.id).await;
        });
    }
}

#[test]
fn what_the_payer_did_in_3_d_secure_is_found_though_its_webhook_was_lost() {
    for (verdict, end) in [
        (Verdict::Charge, "succeeded"),
        (Verdict::Pending, "processing"),
        (Verdict::Decline("generic_decline"), "requires_payment_method"),
    ] {
        block_on(async {
            let (shop, payment) = shop().await;
            shop.gateway().bank_says([Verdict::Challenge]);
            shop.confirmed(&payment.id, card("c")).await;
            shop.gateway().payer_authenticates(&payment.object, verdict);
            assert_eq!(shop.until_looked(&payment.id).await.state.name(), end);
            shop.at_rest(&payment.id).await;
        });
    }
}

#[test]
fn a_word_that_we_do_not_know_calls_a_person_once_and_the_row_moves_on_when_it_is_known_again() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().moves_to_unheard_of(&payment.object, "requires_dance");
        for _ in 0..3 {
            let row = shop.until_looked(&payment.id).await;
            assert_eq!(row.attention.unwrap().reason, ReviewReason::UnrecognizedStatus);
            assert_eq!(row.state, PaymentState::RequiresPaymentMethod);
        }
        let asked = shop.store().commits().iter().filter(|commit| commit.event == "review_asked").count();
        assert_eq!(asked, 1);
    });
}

#[test]
fn a_checkout_whose_time_is_over_is_canceled_at_the_gateway_and_then_expired() {
    for courses in [vec![], vec![Course::NotServed(UnknownReason::Timeout)], vec![Course::Late]] {
        block_on(async {
            let (shop, payment) = shop().await;
            shop.host().advance(DAY);
            shop.gateway().script(Call::Cancel, courses);
            assert_eq!(shop.at_rest(&payment.id).await.state, PaymentState::Expired);
            assert!(!shop.gateway().browser_confirms(&payment.object, Verdict::Charge), "nobody can pay any more");
        });
    }
}

#[test]
fn a_checkout_that_was_paid_in_its_last_moment_has_succeeded() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().browser_confirms(&payment.object, Verdict::Charge);
        shop.host().advance(DAY);
        assert!(is_paid(&shop.at_rest(&payment.id).await));
    });
}

#[test]
fn a_payer_who_never_comes_back_from_the_bank_lets_the_checkout_expire() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().bank_says([Verdict::Challenge]);
        shop.confirmed(&payment.id, card("c")).await;
        shop.host().advance(DAY);
        assert_eq!(shop.at_rest(&payment.id).await.state, PaymentState::Expired);
    });
}

#[test]
fn what_the_bank_is_at_work_on_does_not_expire() {
    block_on(async {
        let (shop, payment) = shop().await;
        shop.gateway().bank_says([Verdict::Pending]);
        shop.confirmed(&payment.id, card("c")).await;
        shop.host().advance(DAY * 3);
        assert_eq!(shop.at_rest(&payment.id).await.state, PaymentState::Processing(ProcessingReason::GatewayPending));
        shop.gateway().bank_decides(&payment.object, Verdict::Charge);
        assert!(is_paid(&shop.at_rest(&payment.id).await));
    });
}

#[test]
fn an_outage_longer_than_the_checkout_ends_in_the_truth() {
    for (course, end) in
        [(Course::NotServed(UnknownReason::Timeout), PaymentState::Expired), (Course::Late, PaymentState::Expired)]
    {
        block_on(async {
            let (shop, payment) = shop().await;
            shop.gateway().script(Call::Confirm, [course]);
            shop.confirmed(&payment.id, card("c")).await;
            shop.host().advance(DAY * 2);
            assert_eq!(shop.at_rest(&payment.id).await.state, end);
            shop.gateway().late_requests_arrive();
            shop.audit(&payment.id, Hour::AtRest);
        });
    }
}

#[test]
fn a_hold_that_ran_out_is_found_though_its_webhook_was_lost() {
    block_on(async {
        let (shop, payment) = holding().await;
        shop.gateway().dashboard_cancels(&payment.object);
        assert_eq!(shop.until_looked(&payment.id).await.state, PaymentState::Expired);
        shop.at_rest(&payment.id).await;
    });
}

#[test]
fn a_payer_who_is_away_is_charged_again_the_next_day_with_a_new_key() {
    block_on(async {
        let shop = Shop::new();
        let payment = shop.opened(weekly_order()).await;
        shop.gateway().bank_says([Verdict::Decline("insufficient_funds")]);
        let declined = shop.confirmed(&payment.id, card_on_file("c")).await;
        let at = shop.host().now().plus(REATTEMPT_INTERVAL);
        assert_eq!(declined.state, PaymentState::Processing(ProcessingReason::RetryScheduled { at }));
        assert_eq!(declined.due, Some(at));
        let row = shop.at_rest(&payment.id).await;
        assert!(is_paid(&row));
        let keys: Vec<_> = shop.gateway().sent_of(Call::Confirm).into_iter().filter_map(|sent| sent.key).collect();
        assert_eq!(keys, [format!("{0}:confirm:1", payment.id), format!("{0}:confirm:2", payment.id)]);
    });
}

#[test]
fn a_payer_who_is_away_and_out_of_money_has_failed_in_the_end() {
    for (code, reattempts_max) in [("insufficient_funds", REATTEMPTS_MAX), ("generic_decline", CAUTIOUS_REATTEMPTS_MAX)]
    {
        block_on(async {
            let shop = Shop::new();
            let payment = shop.opened(weekly_order()).await;
            shop.gateway().bank_says([Verdict::Decline(code); 20]);
            shop.confirmed(&payment.id, card_on_file("c")).await;
            let row = looks_until(&shop, &payment.id, 40, |row| row.state.is_terminal()).await;
            assert_eq!(row.state, PaymentState::Failed);
            assert_eq!(row.attempts.len(), 1 + reattempts_max, "{code}");
            let days: Vec<_> = row.attempts.windows(2).map(|two| two[1].started_at.since(two[0].started_at)).collect();
            assert!(days.iter().all(|days| *days >= REATTEMPT_INTERVAL), "{days:?}");
            shop.at_rest(&payment.id).await;
        });
    }
}

#[test]
fn a_payer_who_is_away_is_never_asked_again_after_a_final_no() {
    block_on(async {
        let shop = Shop::new();
        let payment = shop.opened(weekly_order()).await;
        shop.gateway().bank_says([Verdict::Decline("stolen_card")]);
        let declined = shop.confirmed(&payment.id, card_on_file("c")).await;
        assert!(!declined.state.is_terminal(), "failed is told when the object was seen canceled");
        assert_eq!(shop.at_rest(&payment.id).await.state, PaymentState::Failed);
        assert_eq!(shop.gateway().sent_of(Call::Confirm).len(), 1);
    });
}

#[test]
fn a_bank_that_wants_the_payer_there_waits_for_them() {
    block_on(async {
        let shop = Shop::new();
        let payment = shop.opened(weekly_order()).await;
        shop.gateway().bank_says([Verdict::Challenge]);
        let declined = shop.confirmed(&payment.id, card_on_file("c1")).await;
        assert_eq!(declined.state, PaymentState::RequiresPaymentMethod);
        assert_eq!(declined.attempts[0].decline().unwrap().code, "authentication_required");
        assert!(is_paid(&shop.confirmed(&payment.id, card("c2")).await));
        shop.at_rest(&payment.id).await;
    });
}

#[test]
fn a_reattempt_of_which_nobody_knows_is_sent_again_under_its_own_key() {
    block_on(async {
        let shop = Shop::new();
        let payment = shop.opened(weekly_order()).await;
        shop.gateway().bank_says([Verdict::Decline("insufficient_funds")]);
        shop.gateway().script(Call::Confirm, [Course::Well, Course::Unheard(UnknownReason::Timeout)]);
        shop.confirmed(&payment.id, card_on_file("c")).await;
        let row = shop.at_rest(&payment.id).await;
        assert!(is_paid(&row));
        let sent = shop.gateway().sent_of(Call::Confirm);
        assert_eq!((sent.len(), &sent[1]), (3, &sent[2]));
    });
}

#[test]
fn a_client_may_charge_another_way_while_a_reattempt_is_scheduled() {
    block_on(async {
        let shop = Shop::new();
        let payment = shop.opened(weekly_order()).await;
        shop.gateway().bank_says([Verdict::Decline("insufficient_funds")]);
        shop.confirmed(&payment.id, card_on_file("c1")).await;
        assert!(is_paid(&shop.confirmed(&payment.id, card("c2")).await));
        shop.host().advance(REATTEMPT_INTERVAL);
        shop.at_rest(&payment.id).await;
        assert_eq!(shop.gateway().sent_of(Call::Confirm).len(), 2);
    });
}

#[test]
fn a_scheduled_reattempt_that_the_browser_made_needless_charges_nothing() {
    block_on(async {
        let shop = Shop::new();
        let payment = shop.opened(weekly_order()).await;
        shop.gateway().bank_says([Verdict::Decline("insufficient_funds")]);
        shop.confirmed(&payment.id, card_on_file("c")).await;
        shop.gateway().browser_confirms(&payment.object, Verdict::Charge);
        assert!(is_paid(&shop.at_rest(&payment.id).await));
        assert_eq!(shop.gateway().charges().iter().filter(|charge| charge.stands()).count(), 1);
    });
}
