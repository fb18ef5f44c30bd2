//! Money that is held and payers who are waited for: what is looked at, how often, and when a person is asked.

use super::*;
use crate::gateway::UnknownReason;

const HALF_A_DAY: Duration = Duration::from_secs(43_200);

fn held() -> Payment {
    after(first(1), authorized())
}

/// A hold whose capture, or cancel, was asked for a second after it stood.
fn asked(act: &Command) -> Payment {
    let mut payment = held();
    command(&mut payment, act, &at(Duration::from_secs(1))).unwrap();
    payment
}

fn capture() -> Command {
    Command::Capture(CaptureRequest { key: key("k1"), request_hash: hash("k1"), amount: None })
}

fn cancel() -> Command {
    Command::Cancel(CancelRequest { key: key("k1"), request_hash: hash("k1"), reason: None })
}

fn reviewed_after(mut payment: Payment, source: Source, age: Duration) -> Option<ReviewReason> {
    show(&mut payment, source, authorized(), &at(Duration::from_secs(1) + age));
    payment.attention.map(|review| review.reason)
}

#[test]
fn a_hold_for_more_than_was_asked_is_no_hold_of_ours() {
    for (capturable_minor_units, is_ours) in [(1, true), (AMOUNT, true), (AMOUNT + 1, false), (0, false)] {
        let payment = after(first(1), object(ObjectStatus::Authorized { capturable_minor_units }));
        let holds = matches!(payment.state, PaymentState::RequiresCapture { .. });
        let review = payment.attention.map(|review| review.reason);
        assert_eq!((holds, review.is_none()), (is_ours, is_ours), "{capturable_minor_units}");
        assert!(is_ours || review == Some(ReviewReason::ObjectMismatch));
    }
}

#[test]
fn a_capture_that_cannot_be_sent_any_more_and_was_not_done_calls_a_person_when_it_is_looked_at() {
    let capturing = asked(&capture());
    assert_eq!(reviewed_after(capturing.clone(), Source::Fetch, HALF_A_DAY), Some(ReviewReason::OutcomeUnknown));
    let young = HALF_A_DAY - Duration::from_millis(1);
    assert_eq!(reviewed_after(capturing.clone(), Source::Fetch, young), None, "it can still be sent");
    for older in [Source::Act(1, Hand::First), Source::Act(1, Hand::Replayed), Source::Event { cause: None }] {
        assert_eq!(reviewed_after(capturing.clone(), older, HALF_A_DAY), None, "{older:?} may have been overtaken");
    }
    assert_eq!(reviewed_after(asked(&cancel()), Source::Fetch, HALF_A_DAY), None, "a cancel has a fresh key each time");
    assert_eq!(reviewed_after(held(), Source::Fetch, HALF_A_DAY), None, "nobody has asked for it");
}

#[test]
fn a_failure_that_is_saved_under_a_captures_key_calls_a_person_at_once() {
    let review = |source, reason| {
        let mut payment = asked(&capture());
        show(&mut payment, source, Outcome::Unknown(reason), &at(Duration::from_secs(2)));
        payment.attention.map(|review| review.reason)
    };
    let saved = Source::Act(1, Hand::Replayed);
    for reason in [UnknownReason::ServerError, UnknownReason::Misconfigured] {
        assert_eq!(review(saved, reason), Some(ReviewReason::OutcomeUnknown), "{reason:?}");
        assert_eq!(review(Source::Act(1, Hand::First), reason), None, "the next time may tell: {reason:?}");
    }
    for reason in [UnknownReason::Timeout, UnknownReason::KeyInUse, UnknownReason::RateLimited] {
        assert_eq!(review(saved, reason), None, "{reason:?}");
    }
    assert_eq!(review(saved, UnknownReason::KeyMismatch), Some(ReviewReason::KeyMismatch));
}

#[test]
fn a_payer_or_a_bank_that_takes_its_time_is_looked_at_ever_more_rarely() {
    for status in [ObjectStatus::AwaitsPayer(redirect()), ObjectStatus::Pending] {
        let mut payment = after(first(1), object(status.clone()));
        let waits = |payment: &Payment, now: &Now| payment.due.unwrap().since(now.at);
        let mut now = at(Duration::from_secs(1));
        let first_wait = waits(&payment, &now);
        for round in 1..=3 {
            now = Now { at: payment.due.unwrap(), ..now };
            let told = show(&mut payment, Source::Fetch, object(status.clone()), &now);
            assert!(matches!(told, Judgement::Change(Event { fact: Fact::Looked, .. })), "{told:?}");
            assert_eq!(payment.rounds, round);
        }
        assert!(waits(&payment, &now) > first_wait, "{status:?}");
    }
    // Another page of the bank's is news.
    let mut payment = after(first(1), object(ObjectStatus::AwaitsPayer(redirect())));
    let sdk = object(ObjectStatus::AwaitsPayer(NextAction::UseGatewaySdk));
    show(&mut payment, Source::Fetch, sdk, &at(Duration::from_secs(301)));
    assert_eq!(payment.state, PaymentState::RequiresAction(NextAction::UseGatewaySdk));
}

#[test]
fn only_a_payment_whose_approval_is_the_gateways_own_first_step_is_confirmed_while_its_payer_must_act() {
    for (action, of_paypal) in [(NextAction::Confirm, true), (redirect(), true), (NextAction::UseGatewaySdk, false)] {
        for gateway in [Gateway::Stripe, Gateway::PayPal] {
            let mut payment = Payment { gateway, state: PaymentState::RequiresAction(action.clone()), ..payment() };
            let mut request = confirm_request("c1");
            if gateway == Gateway::PayPal {
                request.instrument = Instrument::Approved;
            }
            let told = command(&mut payment, &Command::Confirm(request), &at(Duration::ZERO));
            assert_eq!(told.is_ok(), of_paypal && gateway == Gateway::PayPal, "{gateway:?} {action:?}: {told:?}");
        }
    }
}

#[test]
fn a_look_answers_the_open_attempt_even_where_the_row_shows_already_what_it_saw() {
    let dead_key = at(HALF_A_DAY + Limits::ON_ITS_WAY);
    let pending = PaymentState::Processing(ProcessingReason::GatewayPending);
    for (state, status) in [
        (pending, ObjectStatus::Pending),
        (PaymentState::RequiresAction(redirect()), ObjectStatus::AwaitsPayer(redirect())),
    ] {
        let mut payment = Payment { state: state.clone(), ..confirming() };
        assert!(payment.unanswered_attempt().is_some());
        show(&mut payment, Source::Fetch, object(status), &dead_key);
        assert_eq!((payment.unanswered_attempt(), &payment.state), (None, &state));
    }
}
