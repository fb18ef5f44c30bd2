//! Long random lives: whatever is asked and whatever the gateway says, in any order, the promises about one row hold.

use proptest::prelude::*;

use super::*;
use crate::{gateway::UnknownReason, policy::Reaction};

#[derive(Debug, Clone)]
enum Step {
    Ask(Command),
    Show(Source, Outcome),
    Wait(Duration),
}

fn any_command() -> impl Strategy<Value = Command> {
    let name = prop::sample::select(vec!["a", "b", "c", "d"]);
    prop_oneof![
        (name.clone(), any::<bool>())
            .prop_map(|(name, off_session)| Command::Confirm(ConfirmRequest { off_session, ..confirm_request(name) })),
        (name.clone(), 1..=AMOUNT).prop_map(|(name, minor)| Command::Capture(CaptureRequest {
            key: key(name),
            request_hash: hash(name),
            amount: Some(euros(minor)),
        })),
        name.prop_map(|name| Command::Cancel(CancelRequest { key: key(name), request_hash: hash(name), reason: None })),
        Just(Command::Expire),
        Just(Command::Reattempt),
        Just(Command::Claim),
    ]
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(object(ObjectStatus::AwaitsMethod)),
        Just(object(ObjectStatus::AwaitsPayer(redirect()))),
        Just(object(ObjectStatus::Pending)),
        Just(authorized()),
        Just(captured()),
        (1..=AMOUNT).prop_map(|minor| object(ObjectStatus::Captured { received_minor_units: minor })),
        Just(object(ObjectStatus::Canceled)),
        Just(object(ObjectStatus::Unrecognized("new".into()))),
        prop::sample::select(vec!["generic_decline", "stolen_card", "insufficient_funds", "duplicate_transaction"])
            .prop_map(declined),
        Just(Outcome::Refused { code: "resource_missing".into(), object: None }),
        Just(Outcome::Unknown(UnknownReason::Timeout)),
        Just(Outcome::Unknown(UnknownReason::ServerError)),
        Just(Outcome::Unknown(UnknownReason::KeyMismatch)),
    ]
}

fn any_source() -> impl Strategy<Value = Source> {
    prop_oneof![
        (1_u32..4).prop_map(first),
        (1_u32..4).prop_map(replayed),
        Just(Source::Act(1, Hand::First)),
        Just(Source::Act(1, Hand::Replayed)),
        Just(Source::Fetch),
        prop::option::of(1_u32..4)
            .prop_map(|n| Source::Event { cause: n.and_then(|n| AttemptNumber::try_new(n).ok()) }),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        any_command().prop_map(Step::Ask),
        (any_source(), any_outcome()).prop_map(|(source, outcome)| Step::Show(source, outcome)),
        (1_u64..100_000).prop_map(|seconds| Step::Wait(Duration::from_secs(seconds))),
    ]
}

fn any_reaction() -> impl Strategy<Value = Reaction> {
    prop::sample::select(vec![Reaction::Keep, Reaction::Refund])
}

fn holds(before: &Payment, after: &Payment, step: &Step) -> Result<(), TestCaseError> {
    let reserved: i64 = after.refunds.iter().map(|refund| refund.amount.minor_units()).sum();
    prop_assert!(reserved <= after.captured().minor_units(), "no more goes back than was captured");
    let is_left_alone = !after.look_owed && reserved == 0 && !after.settlement_is_owed();
    let at_its_end = after.state.is_terminal() && is_left_alone;
    prop_assert_eq!(after.due.is_none(), at_its_end, "a row has a due until it is at its end");
    prop_assert_eq!(after.version, before.version + u64::from(after != before), "each change counts once");
    prop_assert!(after.attempts.len() <= ATTEMPTS_MAX);
    let open = after.attempts.iter().filter(|attempt| attempt.is_open()).count();
    prop_assert!(open <= 1 && (open == 0 || after.open_attempt().is_some()), "at most the last attempt is open");
    prop_assert!(
        after.acts.iter().filter(|act| act.progress == ActProgress::Open).count() <= 1,
        "at most one act is open"
    );
    prop_assert!(after.captured().is_within(after.terms.amount));
    if after.state.is_terminal() {
        prop_assert!(after.open_attempt().is_none() && after.open_act().is_none(), "nothing is open at the end");
    }
    if before.state.is_terminal() && after.state != before.state {
        prop_assert!(
            matches!(after.state, PaymentState::Succeeded { .. }),
            "the one way out of an end is money that moved"
        );
        prop_assert!(!matches!(before.state, PaymentState::Succeeded { .. }), "a success is never undone");
    }
    if after.state != before.state && after.state.is_terminal() {
        let Step::Show(_, outcome) = step else {
            return Err(TestCaseError::fail("a command ended a payment without evidence"));
        };
        let status = outcome.object().map(|object| &object.status);
        let proven = match after.state {
            PaymentState::Succeeded { .. } => matches!(status, Some(ObjectStatus::Captured { .. })),
            PaymentState::RequiresPaymentMethod
            | PaymentState::Processing(_)
            | PaymentState::RequiresAction(_)
            | PaymentState::RequiresCapture { .. }
            | PaymentState::Failed
            | PaymentState::Canceled
            | PaymentState::Expired => matches!(status, Some(ObjectStatus::Canceled)),
        };
        prop_assert!(proven, "an end needs its proof");
    }
    if let PaymentState::Processing(ProcessingReason::OutcomeUnknown) = after.state {
        prop_assert!(after.open_attempt().is_some(), "an unknown outcome is some attempt's");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn no_life_breaks_a_promise(steps in prop::collection::vec(any_step(), 1..40), late_success in any_reaction()) {
        let mut payment = payment();
        let mut clock = Duration::ZERO;
        let at = |clock| Now { policy: Policy { late_success, ..Policy::STANDARD }, ..at(clock) };
        for step in steps {
            let before = payment.clone();
            match &step {
                Step::Ask(asked) => { drop(command(&mut payment, asked, &at(clock))); }
                Step::Show(source, outcome) => { drop(show(&mut payment, *source, outcome.clone(), &at(clock))); }
                Step::Wait(duration) => clock += *duration,
            }
            holds(&before, &payment, &step)?;
        }
    }
}
