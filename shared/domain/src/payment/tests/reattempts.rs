//! The governor of re-attempts, over what clients ask for and over what is tried by itself.

use super::*;
use crate::schedule;

const SOON: Duration = Duration::from_secs(60);

/// The client's wish to have `method` tried while its payer is away.
fn away(key: &str, method: &str) -> Command {
    let instrument = Instrument::PaymentMethod(GatewayToken::parse(method).unwrap());
    Command::Confirm(ConfirmRequest { off_session: true, instrument, ..confirm_request(key) })
}

/// The same while its payer is there.
fn there(key: &str, method: &str) -> Command {
    let instrument = Instrument::PaymentMethod(GatewayToken::parse(method).unwrap());
    Command::Confirm(ConfirmRequest { instrument, ..confirm_request(key) })
}

/// A payment whose payer was there when `pm_1` was declined with this code.
fn declined_once(code: &str) -> Payment {
    let mut payment = payment();
    command(&mut payment, &there("c1", "pm_1"), &at(SOON)).unwrap();
    show(&mut payment, first(1), declined(code), &at(SOON));
    payment
}

#[test]
fn a_declined_method_is_not_tried_while_its_payer_is_away_unless_the_governor_permits_it() {
    let cases = [
        ("stolen_card", at(SOON + DAY), Some(ReattemptRefusal::DeclinedForGood)),
        ("a_code_we_do_not_know", at(SOON + DAY), Some(ReattemptRefusal::DeclinedForGood)),
        ("expired_card", at(SOON + DAY), Some(ReattemptRefusal::PayerMustAct)),
        ("insufficient_funds", at(SOON * 2), Some(ReattemptRefusal::TooSoon)),
        ("insufficient_funds", at(SOON + DAY), None),
    ];
    for (code, now, refusal) in cases {
        let mut payment = Payment { expires_at: START.plus(DAY * 7), ..declined_once(code) };
        let asked = command(&mut payment, &away("c2", "pm_1"), &now);
        assert_eq!(asked.err(), refusal.map(Rejection::ReattemptRefused), "{code}");
    }
}

#[test]
fn another_method_and_a_payer_who_is_there_are_nothing_for_the_governor() {
    for request in [away("c2", "pm_2"), there("c2", "pm_1")] {
        let asked = command(&mut declined_once("stolen_card"), &request, &at(SOON * 2));
        assert!(matches!(asked, Ok(Decision::Execute(_))), "{asked:?}");
    }
}

#[test]
fn a_client_cannot_be_faster_than_the_tries_that_are_made_by_themselves() {
    let mut payment = payment();
    command(&mut payment, &away("c1", "pm_1"), &at(SOON)).unwrap();
    show(&mut payment, first(1), declined("insufficient_funds"), &at(SOON));
    let scheduled = Ruling::Scheduled(at(SOON).at.plus(DAY));
    assert_eq!(payment.reattempt(), Some(Reattempt { made: 0, most: 8, ruling: scheduled }));
    let asked = command(&mut payment, &away("c2", "pm_1"), &at(SOON * 2));
    assert_eq!(asked, Err(Rejection::ReattemptRefused(ReattemptRefusal::TooSoon)));
    assert!(command(&mut payment, &away("c2", "pm_2"), &at(SOON * 2)).is_ok());
}

/// A decline of which the card network says how long to wait.
fn declined_with(network_advice: &str) -> Outcome {
    let words =
        GatewayWords { code: "generic_decline", network_advice: Some(network_advice), ..GatewayWords::default() };
    Outcome::Declined { decline: Decline::judge(words), object: Some(snapshot(ObjectStatus::AwaitsMethod)) }
}

#[test]
fn a_method_is_left_alone_for_as_long_as_its_card_network_asks_and_never_less_than_a_day() {
    for (advice, days) in [("24", 1), ("25", 1), ("26", 2), ("27", 4), ("28", 6), ("29", 8), ("30", 10)] {
        let mut payment = Payment { expires_at: START.plus(DAY * 30), ..payment() };
        command(&mut payment, &away("c1", "pm_1"), &at(SOON)).unwrap();
        show(&mut payment, first(1), declined_with(advice), &at(SOON));
        let wait = DAY * days;
        let scheduled = PaymentState::Processing(ProcessingReason::RetryScheduled { at: START.plus(SOON + wait) });
        assert_eq!((&payment.state, payment.due), (&scheduled, Some(START.plus(SOON + wait))), "{advice}");
        let a_minute_early = command(&mut payment.clone(), &away("c2", "pm_1"), &at(wait));
        assert_eq!(a_minute_early, Err(Rejection::ReattemptRefused(ReattemptRefusal::TooSoon)), "{advice}");
        assert!(command(&mut payment, &away("c2", "pm_1"), &at(SOON + wait)).is_ok(), "{advice}");
    }
}

#[test]
fn a_client_waits_for_as_long_as_the_network_asks_though_the_payer_was_there_when_it_did() {
    let mut payment = Payment { expires_at: START.plus(DAY * 30), ..payment() };
    command(&mut payment, &there("c1", "pm_1"), &at(SOON)).unwrap();
    show(&mut payment, first(1), declined_with("27"), &at(SOON));
    let asked = command(&mut payment, &away("c2", "pm_1"), &at(SOON + DAY * 3));
    assert_eq!(asked, Err(Rejection::ReattemptRefused(ReattemptRefusal::TooSoon)));
    assert!(
        command(&mut payment.clone(), &there("c2", "pm_1"), &at(SOON + DAY)).is_ok(),
        "a payer who is there may try"
    );
    assert!(command(&mut payment, &away("c2", "pm_1"), &at(SOON + DAY * 4)).is_ok());
}

/// A payment whose method was tried while its payer was away; nobody has declined it, and it did not charge.
fn tried_in_vain() -> Payment {
    let mut payment = Payment { expires_at: START.plus(DAY * 30), ..payment() };
    try_in_vain(&mut payment, 1, &at(SOON)).unwrap();
    payment
}

/// Its issuer says that it has seen this very charge before, and the object that it was not charged.
fn try_in_vain(payment: &mut Payment, number: u32, now: &Now) -> Result<Decision, Rejection> {
    let asked = command(payment, &away(&format!("c{number}"), "pm_1"), now)?;
    show(payment, first(number), declined("duplicate_transaction"), now);
    show(payment, Source::Fetch, object(ObjectStatus::AwaitsMethod), now);
    assert_eq!(payment.attempts.last().unwrap().progress, AttemptProgress::Closed(AttemptResult::NotCharged));
    Ok(asked)
}

#[test]
fn a_try_that_came_to_nothing_while_its_payer_was_away_is_waited_after_like_one_that_was_declined() {
    let mut payment = tried_in_vain();
    for again in 2..=20 {
        let asked = try_in_vain(&mut payment, again, &at(SOON * again));
        assert_eq!(asked, Err(Rejection::ReattemptRefused(ReattemptRefusal::TooSoon)), "try {again} within the hour");
    }
    assert!(command(&mut tried_in_vain(), &away("c2", "pm_2"), &at(SOON * 2)).is_ok(), "another method");
    assert!(command(&mut tried_in_vain(), &there("c2", "pm_1"), &at(SOON * 2)).is_ok(), "its payer is there");
}

#[test]
fn a_try_that_came_to_nothing_says_nothing_against_the_method_a_day_later() {
    let asked = command(&mut tried_in_vain(), &away("c2", "pm_1"), &at(SOON + DAY));
    assert!(matches!(asked, Ok(Decision::Execute(_))), "{asked:?}");
}

#[test]
fn a_method_that_comes_to_nothing_day_after_day_is_tried_as_often_as_any() {
    let mut payment = tried_in_vain();
    let most = u32::try_from(schedule::REATTEMPTS_MAX).unwrap();
    for again in 1..=most {
        try_in_vain(&mut payment, 1 + again, &at(SOON + DAY * again)).unwrap();
    }
    let asked = try_in_vain(&mut payment, 2 + most, &at(SOON + DAY * (1 + most)));
    assert_eq!(asked, Err(Rejection::ReattemptRefused(ReattemptRefusal::LimitReached)));
}

#[test]
fn a_scheduled_try_that_was_lost_is_waited_after_too() {
    let mut payment = Payment { expires_at: START.plus(DAY * 7), ..payment() };
    command(&mut payment, &away("c1", "pm_1"), &at(SOON)).unwrap();
    show(&mut payment, first(1), declined("insufficient_funds"), &at(SOON));
    command(&mut payment, &Command::Reattempt, &at(SOON + DAY)).unwrap();
    let lost = at(SOON + DAY + Limits::KEY_YOUNG + Limits::ON_ITS_WAY);
    show(&mut payment, Source::Fetch, object(ObjectStatus::AwaitsMethod), &lost);
    assert_eq!(payment.state, PaymentState::RequiresPaymentMethod);
    let asked = command(&mut payment, &away("c2", "pm_1"), &lost);
    assert_eq!(asked, Err(Rejection::ReattemptRefused(ReattemptRefusal::TooSoon)));
    assert!(command(&mut payment, &away("c2", "pm_1"), &at(SOON + DAY * 2)).is_ok(), "a day after it was written down");
}

#[test]
fn the_row_tells_why_a_method_is_not_tried_again() {
    for (code, refusal) in
        [("stolen_card", ReattemptRefusal::DeclinedForGood), ("expired_card", ReattemptRefusal::PayerMustAct)]
    {
        let mut payment = payment();
        command(&mut payment, &away("c1", "pm_1"), &at(SOON)).unwrap();
        assert_eq!(payment.reattempt(), None, "nobody has declined it");
        show(&mut payment, first(1), declined(code), &at(SOON));
        assert_eq!(
            payment.reattempt(),
            Some(Reattempt { made: 0, most: 0, ruling: Ruling::Refused(refusal) }),
            "{code}"
        );
    }
    assert_eq!(declined_once("stolen_card").reattempt(), None, "its payer was there");
}

#[test]
fn the_last_try_of_a_vague_decline_says_that_there_is_none_left() {
    let mut payment = payment();
    command(&mut payment, &away("c1", "pm_1"), &at(SOON)).unwrap();
    for (number, made) in (1..=4).zip(0..) {
        let now = Now { at: payment.attempts.last().unwrap().started_at, ..at(SOON) };
        show(&mut payment, first(number), declined("generic_decline"), &now);
        let told = payment.reattempt().unwrap();
        assert_eq!((told.made, told.most), (made, 3));
        let Ruling::Scheduled(when) = told.ruling else {
            assert_eq!((number, told.ruling), (4, Ruling::Refused(ReattemptRefusal::LimitReached)));
            return;
        };
        command(&mut payment, &Command::Reattempt, &Now { at: when, ..at(SOON) }).unwrap();
    }
    panic!("it never came to an end");
}

#[test]
fn a_try_that_was_scheduled_and_then_canceled_is_neither_scheduled_nor_refused() {
    let mut payment = payment();
    command(&mut payment, &away("c1", "pm_1"), &at(SOON)).unwrap();
    show(&mut payment, first(1), declined("insufficient_funds"), &at(SOON));
    let cancel = CancelRequest { key: key("x"), request_hash: hash("x"), reason: None };
    command(&mut payment, &Command::Cancel(cancel), &at(SOON)).unwrap();
    show(&mut payment, Source::Act(1, Hand::First), object(ObjectStatus::Canceled), &at(SOON));
    assert_eq!((payment.state.name(), payment.reattempt()), ("canceled", None));
}
