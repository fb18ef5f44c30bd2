//! When refunds are looked at, for how long, and when a person is called.

use super::{refunds::*, *};
use crate::gateway::{RefundOutcome, RefundSnapshot, RefundStatus, UnknownReason};

#[test]
fn a_look_that_was_asked_for_is_owed_until_somebody_has_compared() {
    let mut payment = paid();
    let now = at(2 * SECOND);
    assert_eq!(payment.due, None);
    weigh(&mut payment, &RefundEvidence::Hinted, &now);
    assert_eq!(payment.due, Some(now.at));
    assert_eq!(weigh(&mut payment, &RefundEvidence::Hinted, &now), Judgement::Nothing, "somebody is about to look");
    command(&mut payment, &Command::Claim, &now).unwrap();
    assert!(payment.due > Some(now.at), "whoever claims it may be killed");
    see(&mut payment, RefundSnapshot { id: None, ..shown("dashboard", 1, RefundStatus::Succeeded) });
    assert!(payment.due.is_some(), "what an event shows is not all");
    weigh(&mut payment, &RefundEvidence::Hinted, &now);
    assert_eq!(payment.due, Some(now.at), "who looks at this moment may have seen less");
    weigh(&mut payment, &RefundEvidence::Unseen(UnknownReason::Timeout), &now);
    assert!(payment.due.is_some());
    weigh(&mut payment, &RefundEvidence::Listed(Vec::new()), &now);
    assert_eq!((payment.look_owed, payment.due), (false, Some(now.at.plus(DAY))), "from here on it is watched");
}

/// A payment of which somebody has refunded 7.00 by hand, as a look that was asked for has seen.
fn refunded_by_hand() -> Payment {
    let mut payment = paid();
    weigh(&mut payment, &RefundEvidence::Hinted, &at(SECOND));
    weigh(&mut payment, &by_hand(RefundStatus::Succeeded), &at(SECOND));
    payment
}

fn by_hand(status: RefundStatus) -> RefundEvidence {
    RefundEvidence::Listed(vec![RefundSnapshot { id: None, ..shown("dashboard", 700, status) }])
}

/// The row is claimed when it is due, and a look shows this. When that was.
fn watched(payment: &mut Payment, evidence: &RefundEvidence) -> Timestamp {
    let due = Now { at: payment.due.unwrap(), ..at(SECOND) };
    command(payment, &Command::Claim, &due).unwrap();
    assert!(payment.due > Some(due.at), "whoever claims it may be killed");
    weigh(payment, evidence, &due);
    due.at
}

#[test]
fn what_was_refunded_by_hand_is_looked_at_once_a_day_for_a_month_and_then_not_any_more() {
    let mut payment = refunded_by_hand();
    let looks: Vec<u64> = std::iter::from_fn(|| {
        payment.due?;
        let looked_at = watched(&mut payment, &by_hand(RefundStatus::Succeeded));
        Some(looked_at.since(at(SECOND).at).as_secs())
    })
    .take(100)
    .collect();
    let days: Vec<u64> = (1..30).map(|day| DAY.as_secs() * day).collect();
    assert_eq!((looks, payment.due, payment.attention), (days, None, None));
}

#[test]
fn what_was_refunded_by_hand_and_comes_back_is_the_merchants_again() {
    let mut payment = refunded_by_hand();
    assert_eq!(payment.refundable(), euros(AMOUNT - 700));
    watched(&mut payment, &by_hand(failed("expired_or_canceled_card")));
    assert_eq!((payment.refundable(), payment.due), (euros(AMOUNT), None), "and nothing is left to watch");
}

#[test]
fn a_watch_that_sees_nothing_calls_nobody_is_no_doubt_and_waits_for_the_next_day() {
    let mut payment = refunded_by_hand();
    for day in 1..29_u32 {
        watched(&mut payment, &RefundEvidence::Unseen(UnknownReason::Timeout));
        assert_eq!(payment.due, Some(at(SECOND + DAY * (day + 1)).at), "day {day}");
        assert!(!payment.is_in_doubt() && !payment.awaits_refunds() && payment.attention.is_none(), "day {day}");
    }
}

#[test]
fn what_else_happens_to_a_watched_row_puts_its_look_off_by_nothing() {
    let mut payment = refunded_by_hand();
    let late = SECOND + DAY - Duration::from_secs(60);
    command(&mut payment, &Command::Refund(request("r1", 100)), &at(late)).unwrap();
    let answered = RefundOutcome::Refund(shown("r1", 100, RefundStatus::Succeeded));
    let own = RefundEvidence::Answered { id: refund_id("r1"), hand: Hand::First, outcome: answered };
    weigh(&mut payment, &own, &at(late));
    assert_eq!(payment.due, Some(at(SECOND + DAY).at));
}

#[test]
fn only_what_was_refunded_by_hand_at_stripe_and_has_succeeded_is_watched() {
    let mut at_paypal = Payment { gateway: Gateway::PayPal, ..paid() };
    weigh(&mut at_paypal, &by_hand(RefundStatus::Succeeded), &at(SECOND));
    assert_eq!((at_paypal.refunds.len(), at_paypal.due), (1, None), "PayPal tells whose it is");
    let mut ours = refunding(500);
    see(&mut ours, shown("r1", 500, RefundStatus::Succeeded));
    assert_eq!(ours.due, None, "its event bears our id");
    let mut over = paid();
    weigh(&mut over, &by_hand(RefundStatus::Canceled), &at(SECOND));
    assert_eq!((over.refunds.len(), over.due), (1, None));
}

#[test]
fn refunds_that_are_told_before_the_capture_are_looked_at_when_the_capture_is_heard_of() {
    for mut payment in [payment(), confirming()] {
        let now = at(SECOND);
        weigh(&mut payment, &RefundEvidence::Hinted, &now);
        assert_eq!((payment.due, payment.look_owed), (Some(now.at), true));
        assert_eq!(weigh(&mut payment, &RefundEvidence::Hinted, &now), Judgement::Nothing, "told once is enough");
        show(&mut payment, Source::Fetch, captured(), &now);
        assert_eq!((payment.due, payment.look_owed), (Some(now.at), true));
        weigh(&mut payment, &RefundEvidence::Listed(Vec::new()), &now);
        assert_eq!((payment.due, payment.look_owed), (None, false));
    }
}

#[test]
fn a_payment_that_ended_without_money_is_owed_no_look_at_refunds_until_its_money_moves_after_all() {
    let mut payment = after(first(1), object(ObjectStatus::Canceled));
    assert_eq!(weigh(&mut payment, &RefundEvidence::Hinted, &at(SECOND)), Judgement::Nothing);
    show(&mut payment, Source::Event { cause: None }, captured(), &at(SECOND));
    assert_eq!((payment.look_owed, payment.due), (true, Some(at(SECOND).at)));
}

#[test]
fn so_many_rounds_without_an_answer_call_a_person() {
    let mut payment = refunding(500);
    for _ in 0..Limits::ROUNDS_BEFORE_REVIEW {
        assert_eq!(payment.attention, None);
        weigh(&mut payment, &RefundEvidence::Unseen(UnknownReason::Timeout), &at(2 * SECOND));
    }
    assert_eq!(payment.attention.unwrap().reason, ReviewReason::OutcomeUnknown);
    assert!(payment.due.is_some());
}

/// A payment of which one refund was asked for, and that a person has to look at anyway.
fn refunding_though(reason: ReviewReason) -> Payment {
    Payment { attention: Some(Review { since: START, reason }), ..refunding(500) }
}

/// What calls for a person because nobody knows what came of `r1`.
fn stuck(payment: &mut Payment) -> Option<ReviewReason> {
    let absent = RefundEvidence::Absent { id: refund_id("r1") };
    match weigh(payment, &absent, &at(DAY)) {
        Judgement::Change(event) => event.review,
        Judgement::Nothing | Judgement::Foreign { .. } => None,
    }
}

#[test]
fn a_stuck_refund_calls_a_person_though_they_were_called_for_something_graver() {
    for reason in [
        ReviewReason::UnrecognizedStatus,
        ReviewReason::ObjectMismatch,
        ReviewReason::MoneyElsewhere,
        ReviewReason::LateSuccess,
        ReviewReason::AutomaticRefundFailed,
    ] {
        let mut payment = refunding_though(reason);
        let graver = payment.attention;
        assert_eq!(stuck(&mut payment), Some(ReviewReason::RefundUnknown), "{reason:?}");
        assert_eq!(stuck(&mut payment), None, "said once");
        let first = Review { since: at(DAY).at, reason: ReviewReason::RefundUnknown };
        assert_eq!(
            (payment.review(), payment.attention),
            (Some(first), graver),
            "and what was said before still holds"
        );
        assert_eq!(payment.refundable(), euros(AMOUNT - 500), "still reserved");
        see(&mut payment, shown("r1", 500, RefundStatus::Succeeded));
        assert_eq!((payment.review(), payment.refund_unknown), (graver, None), "this is over, and that is not");
    }
}

#[test]
fn while_a_second_refund_is_stuck_a_person_is_still_called_for() {
    let mut payment = refunding_though(ReviewReason::LateSuccess);
    ask(&mut payment, "r2", 500).unwrap();
    stuck(&mut payment);
    see(&mut payment, shown("r1", 500, RefundStatus::Succeeded));
    assert_eq!(payment.review().map(|review| review.reason), Some(ReviewReason::RefundUnknown));
    see(&mut payment, shown("r2", 500, RefundStatus::Succeeded));
    assert_eq!(payment.review().map(|review| review.reason), Some(ReviewReason::LateSuccess));
}

#[test]
fn a_stuck_refund_of_a_payment_that_nobody_was_called_for_is_an_outcome_that_nobody_knows() {
    let mut payment = refunding(500);
    assert_eq!(stuck(&mut payment), Some(ReviewReason::OutcomeUnknown));
    assert_eq!((stuck(&mut payment), payment.refund_unknown), (None, None));
    payment.attention = Some(Review { since: START, reason: ReviewReason::MoneyElsewhere });
    assert_eq!(stuck(&mut payment), Some(ReviewReason::RefundUnknown), "what was graver has taken its place");
}

#[test]
fn so_many_rounds_without_an_answer_and_a_key_of_another_request_call_a_person_on_a_marked_row_too() {
    let mut unread = refunding_though(ReviewReason::LateSuccess);
    for _ in 0..Limits::ROUNDS_BEFORE_REVIEW {
        assert_eq!(unread.refund_unknown, None);
        weigh(&mut unread, &RefundEvidence::Unseen(UnknownReason::Timeout), &at(2 * SECOND));
    }
    assert!(unread.refund_unknown.is_some());
    let mut mismatch = refunding_though(ReviewReason::LateSuccess);
    answer(&mut mismatch, "r1", Hand::Replayed, RefundOutcome::Unknown(UnknownReason::KeyMismatch));
    assert!(mismatch.refund_unknown.is_some());
}

#[test]
fn money_of_unknown_amount_is_not_refunded_because_a_refund_of_it_is_stuck() {
    let mut payment = refunding_though(ReviewReason::ObjectMismatch);
    stuck(&mut payment);
    assert_eq!(ask(&mut payment, "r2", 1), Err(Rejection::UnderReview));
}

/// A payment with a refund at the bank, and one of which it was only said that it has refunds.
fn waited_for() -> [Payment; 2] {
    let mut pending = refunding(500);
    see(&mut pending, shown("r1", 500, RefundStatus::Pending));
    let mut hinted = paid();
    weigh(&mut hinted, &RefundEvidence::Hinted, &at(2 * SECOND));
    [pending, hinted]
}

#[test]
fn a_list_that_can_never_be_read_calls_a_person_though_nothing_is_in_doubt() {
    let unread = RefundEvidence::Unseen(UnknownReason::Unreadable);
    for mut payment in waited_for() {
        for _ in 0..Limits::ROUNDS_BEFORE_REVIEW {
            assert_eq!(payment.attention, None);
            weigh(&mut payment, &unread, &at(3 * SECOND));
        }
        let asked = payment.attention;
        assert_eq!(asked.map(|review| review.reason), Some(ReviewReason::OutcomeUnknown));
        for later in [DAY, 2 * DAY] {
            command(&mut payment, &Command::Claim, &at(later)).unwrap();
            weigh(&mut payment, &unread, &at(later));
            assert_eq!(payment.attention, asked, "said once, and not taken back while nobody has read it");
        }
        weigh(&mut payment, &RefundEvidence::Listed(Vec::new()), &at(3 * DAY));
        assert_eq!(payment.attention, None, "it was read");
    }
}

#[test]
fn a_refund_that_a_bank_takes_long_over_calls_nobody_when_one_look_fails() {
    let [mut payment, _] = waited_for();
    let pending = RefundEvidence::Listed(vec![shown("r1", 500, RefundStatus::Pending)]);
    for round in 1..=2 * Limits::ROUNDS_BEFORE_REVIEW {
        weigh(&mut payment, &pending, &at(DAY * round));
    }
    let rarest = Duration::from_secs(4 * 3600);
    assert_eq!(payment.due, Some(at(DAY * 2 * Limits::ROUNDS_BEFORE_REVIEW + rarest).at), "looks have become rare");
    weigh(&mut payment, &RefundEvidence::Unseen(UnknownReason::Timeout), &at(DAY * 30));
    assert_eq!(payment.attention, None);
}
