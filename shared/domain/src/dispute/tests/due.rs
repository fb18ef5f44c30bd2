//! When a dispute is looked at, and when its alarms are raised.

use super::*;

#[test]
fn alarms_are_raised_once_each_at_seven_days_three_days_and_one() {
    let mut dispute = open();
    let mut raised = Vec::new();
    for hour in 0..=24 * 11 {
        let now = at(Duration::from_secs(3600 * hour));
        if let Ok(Decision::Execute(event)) = decide(&dispute, &Command::Remind, &now) {
            apply(&mut dispute, &event);
            raised.push((hour, dispute.reminded.unwrap().name()));
        }
    }
    assert_eq!(raised, [(72, "7d"), (24 * 7, "3d"), (24 * 9, "1d")]);
}

#[test]
fn a_dispute_that_comes_late_raises_its_last_alarm_only() {
    let soon = Snapshot { due_by: Some(START.plus(DAY * 2)), ..shown(Stage::Chargeback, Status::NeedsResponse) };
    let dispute = looked(&noticed(), soon, &at(Duration::ZERO));
    assert_eq!(dispute.reminder_due(START), Some(Reminder::ThreeDays));
    let dispute = done(&dispute, &Command::Remind, &at(Duration::ZERO));
    assert_eq!(dispute.reminder_due(START), None);
}

#[test]
fn another_deadline_has_alarms_of_its_own_and_an_answer_ends_them() {
    let now = at(DAY * 9);
    let alarmed = done(&open(), &Command::Remind, &now);
    assert_eq!(alarmed.reminded, Some(Reminder::Day));
    let later = Snapshot { due_by: Some(START.plus(DAY * 30)), ..shown(Stage::PreArbitration, Status::NeedsResponse) };
    assert_eq!(looked(&alarmed, later, &now).reminded, None);
    let accepted = done(&open(), &Command::Accept(request("a")), &now);
    assert!(accepted.reminder_due(now.at).is_some(), "nobody knows yet whether the gateway has it");
    let taken = judged(&accepted, Source::Act(1, Hand::First), Outcome::Taken, &now);
    assert_eq!(taken.reminder_due(now.at), None);
    assert_eq!(open().reminder_due(START.plus(DAY * 10)), None, "it is over");
}

#[test]
fn somebody_looks_when_an_alarm_is_due_and_at_the_deadline() {
    let mut dispute = open();
    for _ in 0..8 {
        dispute = looked(&dispute, shown(Stage::Chargeback, Status::NeedsResponse), &at(DAY * 2));
    }
    assert_eq!(dispute.due, Some(START.plus(DAY * 3)), "rarely, but no later than the alarm");
    let last_day = done(&dispute, &Command::Remind, &at(DAY * 9));
    let seen = looked(&last_day, shown(Stage::Chargeback, Status::NeedsResponse), &at(DAY * 9 + DAY / 2));
    assert_eq!(seen.due, Some(START.plus(DAY * 10)));
}

#[test]
fn a_dispute_that_is_over_is_left_alone_until_somebody_says_something() {
    let lost = looked(&open(), shown(Stage::Chargeback, Status::Lost), &at(DAY));
    let over = done(&lost, &Command::Tell { told: Told::Yes, version: lost.version }, &at(DAY));
    assert_eq!(over.due, None);
    let noticed = done(&over, &Command::Notice, &at(DAY * 2));
    assert_eq!(noticed.due, Some(at(DAY * 2).at));
    let seen = looked(&noticed, shown(Stage::Chargeback, Status::Lost), &at(DAY * 2));
    assert_eq!((seen.due, seen.owes_telling()), (None, false));
}

#[test]
fn money_that_is_not_ours_has_a_deadline_all_the_same_and_no_payment_to_tell() {
    let foreign = Snapshot { behind: Behind::NotOurs, ..shown(Stage::Chargeback, Status::NeedsResponse) };
    let dispute = looked(&noticed(), foreign, &at(Duration::ZERO));
    assert_eq!((dispute.link.clone(), dispute.owes_telling()), (Link::NotOurs, false));
    assert!(dispute.reminder_due(START.plus(DAY * 4)).is_some() && dispute.due.is_some());
}

#[test]
fn a_dispute_that_ends_before_anybody_saw_whose_money_it_is_is_looked_at_until_somebody_has() {
    for status in [Status::Won, Status::Lost, Status::Prevented, Status::Closed] {
        let unseen = Snapshot { behind: Behind::NotShown, ..shown(Stage::Chargeback, status) };
        let mut dispute = looked(&noticed(), unseen.clone(), &at(Duration::ZERO));
        assert!(dispute.due.is_some(), "{status:?}: its payment was never told");
        for _ in 0..Limits::ROUNDS_BEFORE_REVIEW {
            dispute = looked(&dispute, unseen.clone(), &at(DAY));
        }
        assert_eq!(dispute.attention.map(|review| review.reason), Some(ReviewReason::ObjectMismatch), "{status:?}");
        let seen = looked(&dispute, shown(Stage::Chargeback, status), &at(DAY));
        assert_eq!((seen.payment(), seen.due), (Some(&payment_id()), Some(at(DAY).at)), "{status:?}");
    }
}

#[test]
fn news_that_come_while_somebody_looks_take_that_look_its_last_word() {
    let claimed = done(&noticed(), &Command::Claim, &at(Duration::ZERO));
    let lost = looked(&claimed, shown(Stage::Chargeback, Status::Lost), &at(Duration::ZERO));
    // At work on it is whoever has claimed it, though their time is over, and whoever has yet to tell its payment.
    for under_way in [claimed, lost] {
        let now = at(DAY);
        let asked = done(&under_way, &Command::Notice, &now);
        assert_eq!((asked.due, asked.version), (Some(now.at), under_way.version + 1));
        let told = Command::Tell { told: Told::Yes, version: under_way.version };
        assert_eq!(decide(&asked, &told, &now), Ok(Decision::Nothing), "it was not told what has come since");
    }
}

#[test]
fn a_look_that_failed_is_still_owed_when_the_payment_has_been_told() {
    let lost = looked(&noticed(), shown(Stage::Chargeback, Status::Lost), &at(Duration::ZERO));
    let asked = done(&lost, &Command::Notice, &at(DAY));
    let unseen = judged(&asked, Source::Fetch, Outcome::Unknown(UnknownReason::Timeout), &at(DAY));
    let told = done(&unseen, &Command::Tell { told: Told::Yes, version: unseen.version }, &at(DAY * 2));
    assert!(told.is_told);
    assert_eq!(told.due, unseen.due, "nobody has seen yet what the news were about");
    let seen = looked(&told, shown(Stage::Chargeback, Status::Lost), &at(DAY * 2));
    assert_eq!(seen.due, None);
}
