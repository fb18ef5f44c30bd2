//! Rules of an early fraud warning, as sentences.

use std::time::Duration;

use super::*;
use crate::{
    dispute::Told, gateway::UnknownReason, id::IdempotencyKey, payment::ReviewReason, policy::Policy, schedule::Limits,
};

const START: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn at(moment: Timestamp) -> Now {
    Now { at: moment, limits: Limits::STANDARD, policy: Policy::STANDARD, dice: 7 }
}

fn noticed() -> Warning {
    Warning::noticed(WarningId::parse("wrn_stripe_issfr_1").unwrap(), Mode::Test, &at(START))
}

fn ours() -> Link {
    let id = TransactionId::derive("m", "initiate", &IdempotencyKey::parse("k").unwrap());
    Link::Payment { id, object: GatewayToken::parse("pi_1").unwrap() }
}

fn snapshot(link: Link, is_actionable: bool) -> Snapshot {
    let kind = Text::parse("made_with_stolen_card").unwrap();
    Snapshot {
        reference: GatewayToken::parse("issfr_1").unwrap(),
        mode: Mode::Test,
        link,
        known: Known { kind, is_actionable, warned_at: START },
    }
}

fn see(warning: &mut Warning, outcome: &Outcome, moment: Timestamp) -> Event {
    let event = judge(warning, outcome, &at(moment));
    apply(warning, &event);
    event
}

fn seen(link: Link) -> Warning {
    let mut warning = noticed();
    see(&mut warning, &Outcome::Warning(Box::new(snapshot(link, true))), START);
    warning
}

fn done(warning: &mut Warning, command: Command, moment: Timestamp) -> bool {
    let event = decide(warning, command, &at(moment));
    event.iter().for_each(|event| apply(warning, event));
    event.is_some()
}

#[test]
fn a_warning_is_due_until_its_payment_was_told_and_then_not_any_more() {
    let mut warning = noticed();
    assert_eq!((warning.due, warning.standing()), (Some(START), "unseen"));
    assert!(done(&mut warning, Command::Claim, START));
    assert!(warning.due > Some(START.plus(Limits::STANDARD.gateway_timeout)), "others keep off while one looks");
    assert!(!done(&mut warning, Command::Claim, START));
    see(&mut warning, &Outcome::Warning(Box::new(snapshot(ours(), true))), START);
    assert!(warning.owes_telling());
    assert_eq!((warning.due, warning.standing()), (Some(START), "actionable"));
    let version = warning.version;
    assert!(!done(&mut warning, Command::Tell { told: Told::Yes, version: version - 1 }, START), "something is new");
    assert!(done(&mut warning, Command::Tell { told: Told::Yes, version }, START));
    assert_eq!((warning.due, warning.owes_telling()), (None, false));
}

#[test]
fn what_is_new_is_looked_at_and_told_again() {
    let mut warning = seen(ours());
    let version = warning.version;
    done(&mut warning, Command::Tell { told: Told::Yes, version }, START);
    assert!(done(&mut warning, Command::Notice, START.plus(DAY)));
    assert!(!done(&mut warning, Command::Notice, START.plus(DAY)), "somebody is about to look");
    see(&mut warning, &Outcome::Warning(Box::new(snapshot(ours(), true))), START.plus(DAY));
    assert_eq!((warning.due, warning.owes_telling()), (None, false), "nothing was new");
    see(&mut warning, &Outcome::Warning(Box::new(snapshot(Link::NotOurs, false))), START.plus(DAY));
    assert!(warning.owes_telling());
    assert_eq!(warning.link, ours(), "whose charge it is does not change");
}

#[test]
fn a_warning_about_nothing_of_ours_is_looked_at_once() {
    let warning = seen(Link::NotOurs);
    assert_eq!((warning.due, warning.owes_telling(), warning.standing()), (None, false, "not_ours"));
}

#[test]
fn a_payment_that_we_do_not_have_is_for_a_person() {
    let mut warning = seen(ours());
    let version = warning.version;
    done(&mut warning, Command::Tell { told: Told::NoSuchPayment, version }, START);
    assert_eq!(warning.due, None);
    assert_eq!(warning.attention.map(|review| review.reason), Some(ReviewReason::ObjectMismatch));
}

/// As often as it takes to be sure, and with longer and longer pauses.
#[test]
fn what_nobody_can_see_or_place_is_not_looked_at_for_ever() {
    let nobody_knows = Outcome::Unknown(UnknownReason::Timeout);
    let unplaced = Outcome::Warning(Box::new(snapshot(Link::Unknown, true)));
    for outcome in [nobody_knows, Outcome::Refused, unplaced] {
        let (mut warning, mut looks, mut clock) = (noticed(), 0, START);
        while let Some(due) = warning.due {
            (clock, looks) = (due, looks + 1);
            assert!(looks < 200, "{outcome:?}");
            see(&mut warning, &outcome, due);
        }
        assert!(clock.since(START) >= Limits::STRAY - DAY, "an outage of weeks loses nothing");
        assert!(looks > 100, "{looks}");
    }
}

#[test]
fn a_warning_that_cannot_be_seen_is_for_a_person() {
    let mut warning = noticed();
    for _ in 0..Limits::ROUNDS_BEFORE_REVIEW {
        see(&mut warning, &Outcome::Refused, START);
    }
    assert_eq!(warning.attention.map(|review| review.reason), Some(ReviewReason::OutcomeUnknown));
    see(&mut warning, &Outcome::Warning(Box::new(snapshot(ours(), true))), START);
    assert_eq!(warning.attention, None);
}

#[test]
fn another_warning_or_one_of_the_other_mode_is_not_taken_for_it() {
    let other = Snapshot { reference: GatewayToken::parse("issfr_2").unwrap(), ..snapshot(ours(), true) };
    let live = Snapshot { mode: Mode::Live, ..snapshot(ours(), true) };
    for shown in [other, live] {
        let mut warning = noticed();
        let event = see(&mut warning, &Outcome::Warning(Box::new(shown)), START);
        assert_eq!((event.fact, event.review), (Fact::Looked, Some(ReviewReason::ObjectMismatch)));
        assert_eq!(warning.link, Link::Unknown);
    }
}
