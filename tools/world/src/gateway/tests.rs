//! The gateway is held to what Stripe documents; a double that is kinder than the real one proves nothing.

use domain::{
    id::gateway_key,
    payment::{CancelRequest, Command, PaymentState},
    schedule::Limits,
};
use flow::{
    commit::Committed,
    operations::webhook::{News, Subject},
};

use super::*;
use crate::{
    shop::{Shop, card, card_on_file, held_order, key, order},
    turns::block_on,
};

const BUDGET: Duration = Limits::STANDARD.gateway_timeout;

/// A shop with a payment whose first attempt is written down; nobody was asked yet.
async fn claimed(request: flow::operations::initiate::InitiateRequest) -> (Shop, Committed) {
    let shop = Shop::new();
    let id = shop.opened(request).await.id;
    let Ok(flow::commit::Executed::Committed(committed)) = shop.command(&id, &Command::Confirm(card("c"))).await else {
        panic!("not committed")
    };
    (shop, committed)
}

async fn confirm(shop: &Shop, committed: &Committed) -> Answer {
    shop.gateway().confirm(committed, AttemptNumber::FIRST, BUDGET).await.answer
}

fn status(shop: &Shop, committed: &Committed) -> ObjectStatus {
    shop.gateway().object(&committed.payment().object).unwrap().status
}

#[test]
fn the_same_bytes_under_the_same_key_are_answered_as_before_and_charge_once() {
    block_on(async {
        let (shop, committed) = claimed(order("o")).await;
        let first = confirm(&shop, &committed).await;
        let again = confirm(&shop, &committed).await;
        assert_eq!((first.hand, again.hand), (Hand::First, Hand::Replayed));
        assert_eq!(first.outcome, again.outcome);
        assert_eq!(shop.gateway().charges().len(), 1);
    });
}

#[test]
fn a_replayed_answer_is_as_old_as_it_is() {
    block_on(async {
        let (shop, committed) = claimed(order("o")).await;
        shop.gateway().bank_says([Verdict::Challenge]);
        let first = confirm(&shop, &committed).await;
        assert!(shop.gateway().payer_authenticates(&committed.payment().object, Verdict::Charge));
        assert_eq!(confirm(&shop, &committed).await.outcome, first.outcome);
        assert!(matches!(status(&shop, &committed), ObjectStatus::Captured { .. }));
    });
}

#[test]
fn other_bytes_under_a_known_key_are_refused_without_effect() {
    block_on(async {
        let (shop, committed) = claimed(order("o")).await;
        let known = domain::id::gateway_key::confirm(&committed.payment().id, AttemptNumber::FIRST);
        shop.gateway().taint_key(&known);
        assert_eq!(confirm(&shop, &committed).await.outcome, Outcome::Unknown(UnknownReason::KeyMismatch));
        assert!(shop.gateway().charges().is_empty());
    });
}

#[test]
fn a_key_is_kept_for_a_day_and_then_means_nothing() {
    block_on(async {
        let (shop, committed) = claimed(order("o")).await;
        shop.gateway().bank_says([Verdict::Decline("generic_decline"); 2]);
        confirm(&shop, &committed).await;
        shop.host().advance(Duration::from_secs(24 * 3_600) - Duration::from_millis(1));
        assert_eq!(confirm(&shop, &committed).await.hand, Hand::Replayed);
        assert!(shop.gateway().revived_keys().is_empty());
        shop.host().advance(Duration::from_millis(1));
        assert_eq!(confirm(&shop, &committed).await.hand, Hand::First);
        assert_eq!(shop.gateway().charges().len(), 2, "which is why an old key must never be sent");
        assert_eq!(
            shop.gateway().revived_keys(),
            [gateway_key::confirm(&committed.payment().id, AttemptNumber::FIRST)]
        );
    });
}

#[test]
fn a_saved_failure_is_repeated_whatever_it_hid() {
    for (effect, charges) in [(Effect::None, 0), (Effect::Whole, 1)] {
        block_on(async {
            let (shop, committed) = claimed(order("o")).await;
            shop.gateway().script(Call::Confirm, [Course::SavedFailure(effect)]);
            for hand in [Hand::First, Hand::Replayed] {
                let outcome = Outcome::Unknown(UnknownReason::ServerError);
                assert_eq!(confirm(&shop, &committed).await, Answer { outcome, hand });
            }
            assert_eq!(shop.gateway().charges().len(), charges);
        });
    }
}

#[test]
fn what_is_not_served_does_nothing_and_what_is_unheard_does_everything() {
    for (course, charges) in [
        (Course::NotServed(UnknownReason::NotSent), 0),
        (Course::Unheard(UnknownReason::Timeout), 1),
        (Course::Late, 0),
        (Course::Refused("resource_missing"), 0),
    ] {
        block_on(async {
            let (shop, committed) = claimed(order("o")).await;
            shop.gateway().script(Call::Confirm, [course]);
            confirm(&shop, &committed).await;
            assert_eq!(shop.gateway().charges().len(), charges, "{course:?}");
            assert_eq!(shop.gateway().sent_of(Call::Confirm).len(), 1);
        });
    }
}

#[test]
fn a_late_request_has_its_effect_when_it_arrives_and_is_lost_after_an_hour() {
    for (late, arrived) in [(3_599, 1), (3_600, 0)] {
        block_on(async {
            let (shop, committed) = claimed(order("o")).await;
            shop.gateway().script(Call::Confirm, [Course::Late]);
            assert_eq!(confirm(&shop, &committed).await.outcome, Outcome::Unknown(UnknownReason::Timeout));
            shop.host().advance(Duration::from_secs(late));
            assert_eq!(shop.gateway().late_requests_arrive(), arrived);
            assert_eq!(shop.gateway().charges().len(), arrived);
            assert_eq!(shop.gateway().late_requests_arrive(), 0);
        });
    }
}

#[test]
fn a_bank_that_wants_an_absent_payer_declines() {
    block_on(async {
        let shop = Shop::new();
        let id = shop.opened(order("o")).await.id;
        shop.gateway().bank_says([Verdict::Challenge]);
        shop.confirmed(&id, card_on_file("c")).await;
        assert_eq!(shop.gateway().charges()[0].standing, Standing::Declined("authentication_required"));
    });
}

#[test]
fn every_step_of_an_object_is_possible_or_refused_as_stripe_documents_it() {
    type Lead = fn(&SimGateway, &GatewayToken);
    let states: [(&str, Lead); 6] = [
        ("awaits method", |_, _| ()),
        ("awaits payer", |gateway, object| {
            gateway.browser_confirms(object, Verdict::Challenge);
        }),
        ("pending", |gateway, object| {
            gateway.browser_confirms(object, Verdict::Pending);
        }),
        ("authorized", |gateway, object| {
            gateway.browser_confirms(object, Verdict::Charge);
        }),
        ("captured", |gateway, object| {
            gateway.browser_confirms(object, Verdict::Charge);
            gateway.dashboard_captures(object, 1_250);
        }),
        ("canceled", |gateway, object| {
            gateway.dashboard_cancels(object);
        }),
    ];
    // Columns: confirm, authenticate, decide, capture, cancel.
    let possible = ["x...x", "xx..x", "..x..", "...xx", ".....", "....."];
    for ((state, lead), expected) in states.into_iter().zip(possible) {
        let steps: [fn(&SimGateway, &GatewayToken) -> bool; 5] = [
            |gateway, object| gateway.browser_confirms(object, Verdict::Charge),
            |gateway, object| gateway.payer_authenticates(object, Verdict::Charge),
            |gateway, object| gateway.bank_decides(object, Verdict::Charge),
            |gateway, object| gateway.dashboard_captures(object, 1_250),
            |gateway, object| gateway.dashboard_cancels(object),
        ];
        let found = steps.map(|step| {
            let shop = Shop::new();
            let object = block_on(shop.opened(held_order("o"))).object;
            lead(shop.gateway(), &object);
            let before = shop.gateway().object(&object);
            let can = step(shop.gateway(), &object);
            assert_eq!(can, shop.gateway().object(&object) != before, "{state}: a refusal changes nothing");
            if can { 'x' } else { '.' }
        });
        assert_eq!(found.iter().collect::<String>(), expected, "{state}");
    }
}

#[test]
fn each_request_has_a_name_of_its_own_where_there_is_a_response_to_bear_it() {
    block_on(async {
        let (shop, committed) = claimed(order("o")).await;
        let called = |answer: Traced<Answer>| answer.request_id.map(|id| id.as_str().to_owned());
        let gateway = shop.gateway();
        let (failed, silent) = (Course::SavedFailure(Effect::None), Course::Unheard(UnknownReason::Timeout));
        gateway.script(Call::Confirm, [failed, silent, Course::NotServed(UnknownReason::RateLimited)]);
        let mut names = Vec::new();
        for _ in 0..4 {
            names.push(called(gateway.confirm(&committed, AttemptNumber::FIRST, BUDGET).await));
        }
        // The first request has opened the object.
        let name = |number: u32| Some(format!("req_pi{number:012}"));
        assert_eq!(names, [name(2), None, name(4), name(5)]);
    });
}

#[test]
fn a_refused_cancel_shows_the_object_that_stood_in_the_way() {
    block_on(async {
        let shop = Shop::new();
        let payment = shop.opened(order("o")).await;
        let cancel = Command::Cancel(CancelRequest {
            key: key("x"),
            request_hash: domain::id::RequestHash::of([]),
            reason: None,
        });
        let Ok(flow::commit::Executed::Committed(committed)) = shop.command(&payment.id, &cancel).await else {
            panic!("not committed")
        };
        shop.gateway().browser_confirms(&payment.object, Verdict::Pending);
        let answer = shop.gateway().cancel(&committed, 1, BUDGET).await.answer;
        let Outcome::Refused { object: Some(object), .. } = answer.outcome else { panic!("{answer:?}") };
        assert_eq!(object.status, ObjectStatus::Pending);
    });
}

#[test]
fn every_change_makes_an_event_and_only_a_request_of_ours_is_its_cause() {
    block_on(async {
        let shop = Shop::new();
        let payment = shop.opened(held_order("o")).await;
        shop.gateway().bank_says([Verdict::Challenge]);
        shop.confirmed(&payment.id, card("c")).await;
        shop.gateway().payer_authenticates(&payment.object, Verdict::Charge);
        shop.gateway().dashboard_captures(&payment.object, 700);
        let causes: Vec<_> = shop.gateway().take_events().into_iter().map(|event| event.subject).collect();
        let key_of = |subject: &Subject| match subject {
            Subject::Payment { news: News::Object { cause_key, .. }, .. } => cause_key.clone(),
            Subject::Payment { news: News::Refund(_) | News::Look { .. }, .. } => None,
            Subject::Dispute { .. } | Subject::Warning { .. } | Subject::Other => None,
        };
        let keys: Vec<_> = causes.iter().map(key_of).collect();
        assert_eq!(causes[0], Subject::Other, "that it was opened is no news to us");
        assert_eq!(keys[1], Some(format!("{}:confirm:1", payment.id)));
        assert_eq!(keys[2..], [None, None]);
        assert!(shop.gateway().take_events().is_empty());
    });
}

#[test]
fn the_books_tell_what_was_held_taken_and_let_go() {
    block_on(async {
        type End = fn(&SimGateway, &GatewayToken) -> bool;
        let ends: [(End, Standing, i64); 2] = [
            (SimGateway::dashboard_cancels, Standing::Released, 1_250),
            (|gateway, object| gateway.dashboard_captures(object, 700), Standing::Captured, 700),
        ];
        for (end, standing, minor_units) in ends {
            let shop = Shop::new();
            let payment = shop.opened(held_order("o")).await;
            let held = shop.confirmed(&payment.id, card("c")).await;
            assert!(matches!(held.state, PaymentState::RequiresCapture { .. }));
            assert_eq!(shop.gateway().charges()[0].standing, Standing::Held);
            assert!(end(shop.gateway(), &payment.object));
            assert_eq!(
                (shop.gateway().charges()[0].standing, shop.gateway().charges()[0].minor_units),
                (standing, minor_units)
            );
        }
    });
}
