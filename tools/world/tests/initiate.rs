//! `initiate` against the world: one object, one row, one id for one key, whatever gets lost on the way.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a scenario that does not go as written is a failed test")]

use domain::{
    gateway::UnknownReason,
    id::RequestHash,
    money::{AmountLimits, Currency, Money, OutOfLimits},
    payment::{Payment, PaymentState},
};
use flow::{
    operations::initiate::{InitiateError, InitiateRequest, Initiated, Rules, transaction_id},
    ports::Note,
};
use world::{
    audit::Hour,
    counting::Counts,
    gateway::{Call, Course, Effect, Verdict},
    shop::{Shop, card, key, order, rules},
    store,
    turns::{all, block_on},
};

/// Every way in which nobody knows.
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

fn created(answer: Result<Initiated, InitiateError>) -> Payment {
    match answer {
        Ok(Initiated::Created(payment)) => payment,
        other => panic!("not created: {other:?}"),
    }
}

fn replayed(answer: Result<Initiated, InitiateError>) -> Payment {
    match answer {
        Ok(Initiated::Replayed(payment)) => payment,
        other => panic!("not replayed: {other:?}"),
    }
}

/// The same key with another amount.
fn another(name: &str) -> InitiateRequest {
    let mut request = order(name);
    request.terms.amount = Money::payable(999, request.terms.amount.currency()).unwrap();
    request.request_hash = RequestHash::of([("amount", "999"), ("currency", "EUR")]);
    request
}

/// A stack with these limits.
fn limited(limits: &str) -> Rules {
    Rules { amounts: AmountLimits::parse(limits).unwrap(), ..rules() }
}

fn currency() -> Currency {
    order("any").terms.amount.currency()
}

#[test]
fn a_payment_costs_one_gateway_call_and_one_write() {
    block_on(async {
        let shop = Shop::new();
        let payment = created(shop.initiate(order("order-1")).await);
        assert_eq!(shop.tally().take(), Counts { writes: 1, gateway_calls: 1, ..Counts::default() });
        assert_eq!(payment.state, PaymentState::RequiresPaymentMethod);
        assert_eq!(payment.id, transaction_id(&key("order-1")));
        assert_eq!(shop.audit(&payment.id, Hour::AtRest), payment);
    });
}

#[test]
fn the_same_request_again_finds_the_same_payment_as_it_stands_now() {
    block_on(async {
        let shop = Shop::new();
        let first = created(shop.initiate(order("order-1")).await);
        assert_eq!(replayed(shop.initiate(order("order-1")).await), first);
        let paid = shop.confirmed(&first.id, card("c")).await;
        assert_eq!(replayed(shop.initiate(order("order-1")).await), paid);
        let sent = shop.gateway().sent_of(Call::Open);
        assert!(sent.iter().all(|request| *request == sent[0]), "the same bytes under the same key: {sent:?}");
    });
}

#[test]
fn the_same_key_with_another_body_is_refused_and_changes_nothing() {
    block_on(async {
        let shop = Shop::new();
        let first = created(shop.initiate(order("order-1")).await);
        assert!(matches!(shop.initiate(another("order-1")).await, Err(InitiateError::KeyReused)));
        assert_eq!(shop.row(&first.id), first);
        assert_eq!(shop.store().commits().len(), 1);
    });
}

#[test]
fn another_body_after_a_lost_write_may_become_the_payment() {
    block_on(async {
        let shop = Shop::new();
        shop.store().script(store::Call::Write, [store::Course::LostBefore]);
        assert!(matches!(shop.initiate(order("order-1")).await, Err(InitiateError::Failed(_))));
        let second = created(shop.initiate(another("order-1")).await);
        assert_eq!(second.terms.amount.minor_units(), 999);
        assert!(matches!(shop.initiate(order("order-1")).await, Err(InitiateError::KeyReused)));
        let paid = shop.confirmed(&second.id, card("c")).await;
        assert_eq!(paid.captured().minor_units(), 999);
        shop.audit(&paid.id, Hour::AtRest);
    });
}

#[test]
fn an_amount_out_of_the_merchants_limits_is_refused_and_nothing_is_sent() {
    block_on(async {
        let shop = Shop::new();
        for (limits, why) in [
            ("EUR:1251..", OutOfLimits::TooSmall(Money::payable(1251, currency()).unwrap())),
            ("EUR:..1249", OutOfLimits::TooLarge(Money::payable(1249, currency()).unwrap())),
        ] {
            let told = shop.initiate_under(&limited(limits), order("order-1")).await;
            assert!(matches!(&told, Err(InitiateError::OutOfLimits(told)) if *told == why), "{told:?}");
        }
        let spent = Counts { reads: 2, ..Counts::default() };
        assert_eq!(shop.tally().take(), spent, "each looked whether the payment had been opened before");
        created(shop.initiate_under(&limited("EUR:1250..1250,USD:1..2"), order("order-1")).await);
    });
}

#[test]
fn a_payment_that_was_opened_before_the_limits_changed_is_answered_as_it_stands() {
    block_on(async {
        let shop = Shop::new();
        let payment = created(shop.initiate(order("order-1")).await);
        let again = shop.initiate_under(&limited("EUR:..1"), order("order-1")).await;
        assert_eq!(replayed(again), payment);
        let other = shop.initiate_under(&limited("EUR:..1"), another("order-1")).await;
        assert!(matches!(other, Err(InitiateError::KeyReused)), "{other:?}");
    });
}

#[test]
fn when_nobody_knows_nothing_is_stored_and_the_client_may_ask_again() {
    for reason in UNKNOWN {
        for course in [Course::NotServed(reason), Course::Unheard(reason), Course::Late] {
            block_on(async {
                let shop = Shop::new();
                shop.gateway().script(Call::Open, [course]);
                let refused = shop.initiate(order("order-1")).await;
                assert!(matches!(refused, Err(InitiateError::GatewayUnavailable(_))), "{course:?}: {refused:?}");
                assert_eq!(shop.tally().take(), Counts { reads: 1, gateway_calls: 1, ..Counts::default() });
                assert!(shop.host().notes().iter().any(|note| matches!(note, Note::OutcomeUnknown(_))), "{course:?}");
                shop.gateway().late_requests_arrive();
                let payment = created(shop.initiate(order("order-1")).await);
                shop.confirmed(&payment.id, card("c")).await;
                assert_eq!(shop.gateway().charges().len(), 1);
                shop.at_rest(&payment.id).await;
            });
        }
    }
}

#[test]
fn a_failure_that_the_gateway_has_saved_is_left_behind_with_the_next_key() {
    for effect in [Effect::None, Effect::Whole] {
        block_on(async {
            let shop = Shop::new();
            shop.gateway().script(Call::Open, [Course::SavedFailure(effect)]);
            assert!(matches!(
                shop.initiate(order("order-1")).await,
                Err(InitiateError::GatewayUnavailable("server_error"))
            ));
            created(shop.initiate(order("order-1")).await);
            let keys: Vec<_> = shop.gateway().sent().into_iter().filter_map(|request| request.key).collect();
            assert_eq!(keys[0], keys[1], "the failure might have been passing");
            assert!(keys[1].ends_with(":1") && keys[2].ends_with(":2"), "{keys:?}");
        });
    }
}

#[test]
fn after_three_saved_failures_nothing_more_is_tried() {
    block_on(async {
        let shop = Shop::new();
        // Each try meets the failures that are saved, and its first new key fails again.
        shop.gateway().script(Call::Open, [Course::SavedFailure(Effect::None); 1 + 2 + 3]);
        for _ in 0..3 {
            shop.initiate(order("order-1")).await.unwrap_err();
        }
        shop.tally().take();
        assert!(matches!(
            shop.initiate(order("order-1")).await,
            Err(InitiateError::GatewayUnavailable("server_error"))
        ));
        assert_eq!(shop.tally().take(), Counts { reads: 1, gateway_calls: 3, ..Counts::default() });
    });
}

#[test]
fn terms_that_the_gateway_will_not_have_are_refused_and_may_be_mended_under_the_same_key() {
    block_on(async {
        let shop = Shop::new();
        shop.gateway().script(Call::Open, [Course::Refused("amount_too_small")]);
        let refused = shop.initiate(order("order-1")).await;
        assert!(matches!(&refused, Err(InitiateError::Refused { code, .. }) if code == "amount_too_small"));
        assert!(shop.store().commits().is_empty());
        created(shop.initiate(another("order-1")).await);
    });
}

#[test]
fn an_amount_that_the_gateway_cannot_express_is_never_sent() {
    block_on(async {
        let shop = Shop::new();
        let mut request = order("order-1");
        request.terms.amount = Money::payable(1_000_000_000_000, request.terms.amount.currency()).unwrap();
        assert!(matches!(shop.initiate(request).await, Err(InitiateError::AmountRefused(_))));
        assert_eq!(shop.tally().take(), Counts::default());
    });
}

#[test]
fn a_gateway_key_that_was_used_with_another_request_is_given_up_for_the_next() {
    block_on(async {
        let shop = Shop::new();
        let request = order("order-1");
        let id = transaction_id(&request.key);
        shop.gateway().taint_key(&domain::id::gateway_key::open(&id, request.request_hash, 1));
        let payment = created(shop.initiate(request.clone()).await);
        assert_eq!(shop.gateway().sent_of(Call::Open).len(), 2);
        assert_eq!(replayed(shop.initiate(request).await), payment);
    });
}

#[test]
fn a_write_that_was_lost_leaves_an_orphan_that_the_next_try_takes_up() {
    block_on(async {
        let shop = Shop::new();
        shop.store().script(store::Call::Write, [store::Course::LostBefore]);
        assert!(matches!(shop.initiate(order("order-1")).await, Err(InitiateError::Failed(_))));
        let payment = created(shop.initiate(order("order-1")).await);
        assert!(shop.gateway().browser_confirms(&payment.object, Verdict::Charge));
        assert!(matches!(shop.at_rest(&payment.id).await.state, PaymentState::Succeeded { .. }));
    });
}

#[test]
fn a_write_whose_answer_was_lost_is_found_by_the_next_try() {
    block_on(async {
        let shop = Shop::new();
        shop.store().script(store::Call::Write, [store::Course::LostAfter]);
        assert!(matches!(shop.initiate(order("order-1")).await, Err(InitiateError::Failed(_))));
        replayed(shop.initiate(order("order-1")).await);
        assert_eq!(shop.store().commits().len(), 1);
    });
}

#[test]
fn a_write_that_the_sdk_sent_twice_is_a_creation() {
    block_on(async {
        let shop = Shop::new();
        shop.store().script(store::Call::Write, [store::Course::SentTwice]);
        created(shop.initiate(order("order-1")).await);
    });
}

#[test]
fn once_the_gateway_has_forgotten_the_key_the_row_still_hands_out_its_own_object() {
    block_on(async {
        let shop = Shop::new();
        let first = created(shop.initiate(order("order-1")).await);
        shop.gateway().forget_keys();
        let again = replayed(shop.initiate(order("order-1")).await);
        assert_eq!(again.object, first.object);
        assert_eq!(again.client_secret, first.client_secret, "nobody gets to pay on the orphan");
    });
}

#[test]
fn fifty_at_once_with_one_key_make_one_payment() {
    block_on(async {
        let shop = Shop::new();
        let answers = all((0..50).map(|_| shop.initiate(order("order-1")))).await;
        let made = answers.iter().filter(|answer| matches!(answer, Ok(Initiated::Created(_)))).count();
        let found = answers.iter().filter(|answer| matches!(answer, Ok(Initiated::Replayed(_)))).count();
        assert_eq!((made, found), (1, 49));
        let id = transaction_id(&key("order-1"));
        let row = shop.audit(&id, Hour::AtRest);
        for answer in answers {
            let (Initiated::Created(payment) | Initiated::Replayed(payment)) = answer.unwrap();
            assert_eq!(payment, row);
        }
        assert_eq!(shop.store().commits().len(), 1);
    });
}

#[test]
fn of_many_bodies_at_once_under_one_key_one_becomes_the_payment() {
    block_on(async {
        let shop = Shop::new();
        let requests = (0..20).map(|number| if number % 2 == 0 { order("order-1") } else { another("order-1") });
        let answers = all(requests.map(|request| shop.initiate(request))).await;
        let reused = answers.iter().filter(|answer| matches!(answer, Err(InitiateError::KeyReused))).count();
        assert_eq!(reused, 10);
        assert_eq!(shop.store().commits().len(), 1);
    });
}

#[test]
fn a_payment_that_was_opened_is_found_again_while_the_gateway_is_down() {
    block_on(async {
        let shop = Shop::new();
        let payment = created(shop.initiate(order("order-1")).await);
        shop.gateway()
            .script(Call::Open, [Course::NotServed(UnknownReason::NotSent), Course::Refused("account_closed")]);
        assert_eq!(replayed(shop.initiate(order("order-1")).await), payment);
        assert_eq!(
            replayed(shop.initiate(order("order-1")).await),
            payment,
            "whatever the gateway would say to it now"
        );
        shop.gateway().script(Call::Open, [Course::NotServed(UnknownReason::NotSent)]);
        assert!(matches!(shop.initiate(another("order-1")).await, Err(InitiateError::KeyReused)));
    });
}
