//! Rules of a dispute, as sentences.

mod due;

use std::{collections::BTreeMap, time::Duration};

use super::*;
use crate::{
    gateway::{Gateway, Hand, UnknownReason},
    id::RequestHash,
    money::Currency,
    payment::ReviewReason,
    policy::Policy,
    schedule::Limits,
};

const START: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn at(after: Duration) -> Now {
    Now { at: START.plus(after), limits: Limits::STANDARD, policy: Policy::STANDARD, dice: 7 }
}

fn token(text: &str) -> GatewayToken {
    GatewayToken::parse(text).unwrap()
}

fn payment_id() -> TransactionId {
    TransactionId::derive("merchant", "initiate", &key("order-1"))
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse(text).unwrap()
}

fn request(text: &str) -> Request {
    Request { key: key(text), hash: RequestHash::of([("key", text)]) }
}

fn papers(text: &str) -> KeptPapers {
    KeptPapers::clear(&Papers::parse(BTreeMap::from([(Paper::Explanation, text.to_owned())])).unwrap())
}

fn money(minor_units: i64) -> Money {
    Money::payable(minor_units, Currency::from_code("EUR").unwrap()).unwrap()
}

fn noticed() -> Dispute {
    Dispute::noticed(DisputeId::of(Gateway::Stripe, token("du_1")).unwrap(), Mode::Test, &at(Duration::ZERO))
}

fn shown(stage: Stage, status: Status) -> Snapshot {
    Snapshot {
        reference: token("du_1"),
        mode: Some(Mode::Test),
        behind: Behind::Payment { id: payment_id(), object: Some(token("pi_1")) },
        charge: Some(token("ch_1")),
        amount: Some(money(1_000)),
        reason: Reason::NotReceived,
        gateway_reason: Some(Text::parse("product_not_received").unwrap()),
        stage: Some(stage),
        status: SnapshotStatus::Known(status),
        ways: Ways::usual(stage, status),
        due_by: Some(START.plus(DAY * 10)),
        submissions: Some(0),
    }
}

/// What `evidence` makes of the dispute.
fn judged(dispute: &Dispute, source: Source, outcome: Outcome, now: &Now) -> Dispute {
    let mut after = dispute.clone();
    match judge(dispute, &Evidence { source, outcome }, now) {
        Judgement::Change(event) => apply(&mut after, &event),
        Judgement::Nothing => {}
    }
    after
}

fn looked(dispute: &Dispute, snapshot: Snapshot, now: &Now) -> Dispute {
    judged(dispute, Source::Fetch, Outcome::Dispute(Box::new(snapshot)), now)
}

fn done(dispute: &Dispute, command: &Command, now: &Now) -> Dispute {
    let Ok(Decision::Execute(event)) = decide(dispute, command, now) else { panic!("{command:?} was not executed") };
    let mut after = dispute.clone();
    apply(&mut after, &event);
    after
}

/// Linked, told, and waiting for the merchant.
fn open() -> Dispute {
    let seen = looked(&noticed(), shown(Stage::Chargeback, Status::NeedsResponse), &at(Duration::ZERO));
    done(&seen, &Command::Tell { told: Told::Yes, version: seen.version }, &at(Duration::ZERO))
}

fn submitted() -> Dispute {
    done(&open(), &Command::Submit { request: request("s"), papers: Some(papers("It was delivered.")) }, &at(DAY))
}

fn last_act(dispute: &Dispute) -> &ActProgress {
    &dispute.acts.last().unwrap().progress
}

#[test]
fn a_dispute_is_due_from_the_moment_it_is_noticed() {
    assert_eq!(noticed().due, Some(START));
    assert_eq!(decide(&noticed(), &Command::Notice, &at(DAY)), Ok(Decision::Nothing), "somebody is about to look");
}

#[test]
fn a_look_links_it_and_has_the_payment_told_before_anything_else() {
    let seen = looked(&noticed(), shown(Stage::Chargeback, Status::Lost), &at(DAY));
    assert_eq!((seen.payment(), seen.due), (Some(&payment_id()), Some(at(DAY).at)));
    let told = done(&seen, &Command::Tell { told: Told::Yes, version: seen.version }, &at(DAY));
    assert_eq!((told.is_told, told.due), (true, None), "lost, and the payment knows");
    let late = Command::Tell { told: Told::Yes, version: seen.version - 1 };
    assert_eq!(decide(&seen, &late, &at(DAY)), Ok(Decision::Nothing), "that was an older version");
}

#[test]
fn a_payment_that_we_do_not_have_is_a_matter_for_a_person() {
    let seen = looked(&noticed(), shown(Stage::Chargeback, Status::NeedsResponse), &at(DAY));
    let told = done(&seen, &Command::Tell { told: Told::NoSuchPayment, version: seen.version }, &at(DAY));
    assert_eq!(told.attention.map(|review| review.reason), Some(ReviewReason::ObjectMismatch));
    assert!(!told.owes_telling());
}

/// It has a deadline of its own all the same, and its events tell how it ends.
#[test]
fn what_is_none_of_ours_or_cannot_be_seen_is_not_looked_at_for_ever() {
    let snapshot = Snapshot { behind: Behind::NotOurs, due_by: None, ..shown(Stage::Chargeback, Status::UnderReview) };
    for outcome in [Outcome::Dispute(Box::new(snapshot)), Outcome::Unknown(UnknownReason::Misconfigured)] {
        let (mut dispute, mut looks) = (noticed(), 0);
        while let Some(due) = dispute.due {
            looks += 1;
            assert!(looks < 200, "{outcome:?}");
            dispute = judged(&dispute, Source::Fetch, outcome.clone(), &Now { at: due, ..at(DAY) });
        }
        assert!(dispute.updated_at.since(START) >= Limits::STRAY - DAY && looks > 100, "{looks}");
        let woken = done(&dispute, &Command::Notice, &at(200 * DAY));
        assert_eq!(woken.due, Some(at(200 * DAY).at), "an event has it looked at again");
    }
    let unseen = judged(&open(), Source::Fetch, Outcome::Unknown(UnknownReason::Timeout), &at(400 * DAY));
    assert!(unseen.due.is_some(), "a payment's own dispute is never forgotten");
}

#[test]
fn an_end_is_left_when_a_look_says_so() {
    for (end, next) in [
        ((Stage::Inquiry, Status::Closed), (Stage::Chargeback, Status::NeedsResponse)),
        ((Stage::Chargeback, Status::Won), (Stage::PreArbitration, Status::NeedsResponse)),
        ((Stage::Chargeback, Status::Lost), (Stage::Appeal, Status::NeedsResponse)),
        ((Stage::Appeal, Status::UnderReview), (Stage::Appeal, Status::Won)),
    ] {
        let over = looked(&noticed(), shown(end.0, end.1), &at(Duration::ZERO));
        let again = looked(&over, shown(next.0, next.1), &at(DAY));
        let standing = again.standing().unwrap();
        assert_eq!((standing.stage, standing.status), next);
        assert!(again.owes_telling(), "the payment must learn of it");
    }
}

#[test]
fn a_stage_never_falls_and_stays_where_nobody_names_one() {
    let appealed = looked(&noticed(), shown(Stage::Appeal, Status::UnderReview), &at(Duration::ZERO));
    let unnamed = Snapshot { stage: None, ..shown(Stage::Inquiry, Status::Lost) };
    for snapshot in [shown(Stage::Chargeback, Status::Lost), unnamed.clone()] {
        assert_eq!(looked(&appealed, snapshot, &at(DAY)).standing().unwrap().stage, Stage::Appeal);
    }
    assert_eq!(looked(&noticed(), unnamed, &at(DAY)).standing().unwrap().stage, Stage::Chargeback);
}

#[test]
fn a_word_we_do_not_know_keeps_the_state_and_asks_for_a_person() {
    let odd =
        Snapshot { status: SnapshotStatus::Unrecognized("pending_magic".into()), ..shown(Stage::Inquiry, Status::Won) };
    let after = looked(&open(), odd, &at(DAY));
    assert_eq!(after.known, open().known);
    assert_eq!(after.attention.map(|review| review.reason), Some(ReviewReason::UnrecognizedStatus));
    assert!(after.due.is_some());
}

/// A deadline is one whatever the gateway calls the rest.
#[test]
fn what_nobody_understands_at_first_has_its_deadline_its_alarms_and_its_place_in_the_list() {
    let odd = Snapshot { status: SnapshotStatus::Unrecognized("OTHER".into()), ..shown(Stage::Inquiry, Status::Won) };
    let first = looked(&noticed(), odd.clone(), &at(Duration::ZERO));
    assert_eq!((first.standing(), first.listed_as()), (None, Some(Status::NeedsResponse)));
    assert_eq!(first.attention.map(|review| review.reason), Some(ReviewReason::UnrecognizedStatus));
    assert!(!first.owes_telling(), "there is nothing yet that its payment could be told");
    let alarmed = done(&first, &Command::Remind, &at(DAY * 4));
    assert_eq!(alarmed.reminded, Some(Reminder::Week));
    let submit = Command::Submit { request: request("s"), papers: Some(papers("It was delivered.")) };
    assert!(matches!(decide(&first, &submit, &at(DAY)), Err(Rejection::InvalidState { .. })));
    let sooner = Snapshot { due_by: Some(START.plus(DAY * 6)), ..odd };
    let moved = looked(&open(), sooner, &at(DAY));
    assert_eq!(moved.standing(), open().standing(), "never a guess");
    assert_eq!(moved.known.unwrap().due_by, Some(START.plus(DAY * 6)), "but its deadline is what is shown");
    let understood = looked(&first, shown(Stage::Chargeback, Status::NeedsResponse), &at(DAY));
    assert!(understood.owes_telling());
}

/// What an answer of our own shows may be a word that nobody knows. It was an answer all the same.
#[test]
fn what_was_taken_stays_taken_though_nobody_understands_what_was_shown_with_it() {
    let odd =
        Snapshot { status: SnapshotStatus::Unrecognized("OTHER".into()), ..shown(Stage::Chargeback, Status::Won) };
    let other = Snapshot { reference: token("du_2"), ..shown(Stage::Chargeback, Status::Won) };
    for snapshot in [odd, other] {
        let answer = Outcome::Dispute(Box::new(snapshot));
        let taken = judged(&submitted(), Source::Act(1, Hand::First), answer, &at(DAY * 2));
        assert_eq!((last_act(&taken), taken.attention.is_some()), (&ActProgress::Taken, true));
        let later = at(DAY * 3);
        assert_eq!(decide(&taken, &Command::SendAgain, &later), Ok(Decision::Nothing), "it is not sent once more");
    }
}

#[test]
fn another_dispute_or_another_mode_proves_nothing() {
    let other = Snapshot { reference: token("du_2"), ..shown(Stage::Chargeback, Status::Won) };
    let live = Snapshot { mode: Some(Mode::Live), ..shown(Stage::Chargeback, Status::Won) };
    for snapshot in [other, live] {
        let after = looked(&open(), snapshot, &at(DAY));
        assert_eq!(after.known, open().known);
        assert_eq!(after.attention.map(|review| review.reason), Some(ReviewReason::ObjectMismatch));
    }
}

#[test]
fn an_amount_that_cannot_be_written_down_is_seen_by_a_person_and_never_guessed() {
    let odd = Snapshot { amount: None, ..shown(Stage::Chargeback, Status::NeedsResponse) };
    let first = looked(&noticed(), odd.clone(), &at(DAY));
    assert_eq!((first.known.clone(), first.attention.is_some(), first.due.is_some()), (None, true, true));
    let later = looked(&open(), Snapshot { status: SnapshotStatus::Known(Status::Lost), ..odd }, &at(DAY));
    let known = later.known.unwrap();
    assert_eq!((known.amount, known.standing.unwrap().status), (money(1_000), Status::Lost));
    assert!(later.attention.is_some());
}

#[test]
fn an_answer_to_an_act_whose_end_is_known_proves_nothing() {
    let lost = Outcome::Dispute(Box::new(shown(Stage::Chargeback, Status::Lost)));
    for dispute in [open(), judged(&submitted(), Source::Act(1, Hand::First), lost.clone(), &at(DAY))] {
        let after = judged(&dispute, Source::Act(1, Hand::First), Outcome::Taken, &at(DAY));
        assert_eq!(after, dispute);
    }
    assert_eq!(judged(&submitted(), Source::Act(2, Hand::First), lost, &at(DAY)), submitted(), "that is another act");
}

#[test]
fn papers_are_put_by_as_often_as_one_likes_and_submitted_once() {
    let drafted = done(&open(), &Command::Draft { request: request("d"), papers: papers("first") }, &at(DAY));
    assert_eq!((&drafted.papers, last_act(&drafted)), (&papers("first"), &ActProgress::Done));
    let sent = done(&drafted, &Command::Submit { request: request("s"), papers: None }, &at(DAY));
    assert_eq!((&sent.papers, last_act(&sent)), (&papers("first"), &ActProgress::Unanswered));
    assert!(sent.due.unwrap() > at(DAY).at && sent.is_in_doubt());
    let again = Command::Submit { request: request("other"), papers: Some(papers("second")) };
    assert_eq!(decide(&sent, &again, &at(DAY)), Err(Rejection::InProgress));
    let mut reviewed = shown(Stage::Chargeback, Status::UnderReview);
    reviewed.submissions = Some(1);
    let after = judged(&sent, Source::Act(2, Hand::First), Outcome::Dispute(Box::new(reviewed)), &at(DAY));
    assert_eq!(last_act(&after), &ActProgress::Done);
    assert_eq!(decide(&after, &again, &at(DAY)), Err(Rejection::InvalidState { status: "under_review" }));
}

#[test]
fn the_same_key_is_the_same_request_for_ever() {
    let sent = submitted();
    let replay = Command::Submit { request: request("s"), papers: Some(papers("It was delivered.")) };
    assert_eq!(decide(&sent, &replay, &at(DAY * 9)), Ok(Decision::AlreadyApplied));
    let reuse = Command::Accept(Request { key: key("s"), hash: RequestHash::of([("another", "body")]) });
    assert_eq!(decide(&sent, &reuse, &at(DAY)), Err(Rejection::IdempotencyKeyReused));
}

#[test]
fn nothing_is_submitted_that_nobody_wrote() {
    let nothing = Command::Submit { request: request("s"), papers: None };
    assert_eq!(decide(&open(), &nothing, &at(DAY)), Err(Rejection::NothingToSubmit));
}

#[test]
fn a_dispute_is_answered_only_while_it_asks() {
    let accept = Command::Accept(request("a"));
    assert_eq!(decide(&noticed(), &accept, &at(DAY)), Err(Rejection::InProgress), "nobody has looked yet");
    for status in Status::ALL.into_iter().filter(|status| *status != Status::NeedsResponse) {
        let dispute = looked(&open(), shown(Stage::Chargeback, status), &at(DAY));
        assert_eq!(decide(&dispute, &accept, &at(DAY)), Err(Rejection::InvalidState { status: status.name() }));
    }
    let appeal = looked(&open(), shown(Stage::Appeal, Status::NeedsResponse), &at(DAY));
    assert!(decide(&appeal, &accept, &at(DAY)).is_err(), "what is lost cannot be given up");
    let papers = Command::Draft { request: request("d"), papers: papers("once more") };
    assert!(decide(&appeal, &papers, &at(DAY)).is_ok(), "but it can be fought for");
}

#[test]
fn a_row_records_so_many_requests_and_no_more() {
    let mut dispute = open();
    for number in 0..ACTS_MAX {
        let request = request(&format!("s{number}"));
        dispute = done(&dispute, &Command::Submit { request, papers: Some(papers("again")) }, &at(DAY));
        let refused = Outcome::Refused { code: "dispute_closed".to_owned() };
        dispute = judged(&dispute, Source::Act(dispute.acts.len(), Hand::First), refused, &at(DAY));
    }
    let one_more = Command::Submit { request: request("more"), papers: Some(papers("again")) };
    assert_eq!(decide(&dispute, &one_more, &at(DAY)), Err(Rejection::TooManyRequests));
}

#[test]
fn silence_is_not_a_refusal_and_a_person_is_asked_in_the_end() {
    let mut dispute = submitted();
    for round in 0..Limits::ROUNDS_BEFORE_REVIEW {
        assert_eq!(dispute.attention, None, "{round}");
        let silence = Outcome::Unknown(UnknownReason::Timeout);
        dispute = judged(&dispute, Source::Act(1, Hand::First), silence, &at(DAY * 2));
        assert_eq!(last_act(&dispute), &ActProgress::Unanswered);
        assert!(dispute.due.is_some_and(|due| due.since(at(DAY * 2).at) <= Limits::BACKOFF_CAP));
    }
    assert_eq!(dispute.attention.map(|review| review.reason), Some(ReviewReason::OutcomeUnknown));
    let seen = looked(
        &dispute,
        Snapshot { submissions: Some(1), ..shown(Stage::Chargeback, Status::UnderReview) },
        &at(DAY * 3),
    );
    assert_eq!((seen.attention, last_act(&seen)), (None, &ActProgress::Done), "what nobody knew is known");
}

#[test]
fn a_lost_answer_to_a_submission_is_told_by_the_dispute() {
    let count = |count, status| Snapshot { submissions: count, ..shown(Stage::Chargeback, status) };
    for (snapshot, became) in [
        (count(Some(1), Status::UnderReview), ActProgress::Done),
        (count(None, Status::UnderReview), ActProgress::Done),
        (count(Some(1), Status::NeedsResponse), ActProgress::Done),
        (count(Some(0), Status::NeedsResponse), ActProgress::Unanswered),
        (count(Some(0), Status::Lost), ActProgress::Overtaken),
    ] {
        assert_eq!(last_act(&looked(&submitted(), snapshot.clone(), &at(DAY * 2))), &became, "{snapshot:?}");
    }
}

#[test]
fn a_lost_answer_to_an_acceptance_is_told_by_the_dispute() {
    let accepted = done(&open(), &Command::Accept(request("a")), &at(DAY));
    for (status, became) in [
        (Status::Lost, ActProgress::Done),
        (Status::NeedsResponse, ActProgress::Unanswered),
        (Status::Won, ActProgress::Overtaken),
        (Status::UnderReview, ActProgress::Overtaken),
    ] {
        assert_eq!(last_act(&looked(&accepted, shown(Stage::Chargeback, status), &at(DAY * 2))), &became, "{status:?}");
    }
}

#[test]
fn a_second_sending_that_is_refused_counts_as_refused_only_if_the_dispute_still_asks() {
    let refusal = Outcome::Refused { code: "dispute_closed".into() };
    let first = judged(&submitted(), Source::Act(1, Hand::First), refusal.clone(), &at(DAY * 2));
    assert_eq!(last_act(&first), &ActProgress::Refused { code: "dispute_closed".into() });
    let second = judged(&submitted(), Source::Act(1, Hand::Replayed), refusal, &at(DAY * 2));
    assert_eq!((second.due, second.is_in_doubt()), (Some(at(DAY * 2).at), true), "the dispute itself tells");
    let asks = looked(&second, shown(Stage::Chargeback, Status::NeedsResponse), &at(DAY * 2));
    assert_eq!(last_act(&asks), &ActProgress::Refused { code: "dispute_closed".into() });
    let served = Snapshot { submissions: Some(1), ..shown(Stage::Chargeback, Status::UnderReview) };
    assert_eq!(last_act(&looked(&second, served, &at(DAY * 2))), &ActProgress::Done);
}

#[test]
fn what_was_taken_without_being_shown_is_looked_at_before_anything_else_is_asked() {
    let taken = judged(&submitted(), Source::Act(1, Hand::First), Outcome::Taken, &at(DAY * 2));
    assert_eq!((last_act(&taken), taken.due), (&ActProgress::Taken, Some(at(DAY * 2).at)));
    let again = Command::Submit { request: request("again"), papers: None };
    assert_eq!(decide(&taken, &again, &at(DAY * 2)), Err(Rejection::InProgress));
    for status in [Status::UnderReview, Status::NeedsResponse] {
        assert_eq!(last_act(&looked(&taken, shown(Stage::Chargeback, status), &at(DAY * 2))), &ActProgress::Done);
    }
}

/// A gateway that knows no keys would do it twice.
#[test]
fn nothing_is_sent_again_before_what_was_sent_has_arrived_or_is_gone() {
    let sent = submitted();
    let gone = Limits::STANDARD.gateway_timeout * 2;
    for (after, is_sent) in [(Duration::ZERO, false), (gone - Duration::from_millis(1), false), (gone, true)] {
        let decision = decide(&sent, &Command::SendAgain, &at(DAY + after)).unwrap();
        assert_eq!(decision != Decision::Nothing, is_sent, "{after:?}");
    }
    // An event has somebody look at once; the look finds that it still asks, and comes back when it may be sent again.
    let asked = done(&sent, &Command::Notice, &at(DAY + Duration::from_secs(1)));
    assert_eq!(asked.due, Some(at(DAY + Duration::from_secs(1)).at));
    let seen = looked(&asked, shown(Stage::Chargeback, Status::NeedsResponse), &at(DAY + Duration::from_secs(2)));
    assert!(seen.due >= Some(at(DAY + gone).at), "{:?}", seen.due);
    let again = done(&seen, &Command::SendAgain, &at(DAY + gone));
    assert_eq!(decide(&again, &Command::SendAgain, &at(DAY + gone)), Ok(Decision::Nothing), "the second has just left");
    assert_eq!(again.due.map(|due| due >= at(DAY + gone * 2).at), Some(true));
}

#[test]
fn what_the_gateway_does_not_take_is_refused_before_anything_is_written() {
    let nothing = Snapshot { ways: Ways::NONE, ..shown(Stage::Inquiry, Status::NeedsResponse) };
    let dispute = looked(&open(), nothing, &at(DAY));
    let submit = Command::Submit { request: request("s"), papers: Some(papers("It was delivered.")) };
    assert_eq!(decide(&dispute, &submit, &at(DAY)), Err(Rejection::NotTaken { what: "evidence" }));
    let accept = Command::Accept(request("a"));
    assert_eq!(decide(&dispute, &accept, &at(DAY)), Err(Rejection::NotTaken { what: "acceptance" }));
    let draft = Command::Draft { request: request("d"), papers: papers("It was delivered.") };
    assert!(decide(&dispute, &draft, &at(DAY)).is_ok(), "what is put by goes nowhere");
    // It was appealed, and now the gateway asks once more: by evidence, and not by another appeal.
    let ways = Ways { answer: Some(Channel::Evidence), accept: true };
    let appealed = looked(&open(), shown(Stage::Appeal, Status::UnderReview), &at(DAY));
    let asks = looked(&appealed, Snapshot { ways, ..shown(Stage::Chargeback, Status::NeedsResponse) }, &at(DAY * 2));
    assert_eq!(asks.standing().unwrap().stage, Stage::Appeal);
    assert!(decide(&asks, &submit, &at(DAY * 2)).is_ok() && decide(&asks, &accept, &at(DAY * 2)).is_ok());
}

#[test]
fn whoever_has_put_papers_by_as_often_as_may_be_can_still_submit_them() {
    let mut dispute = open();
    let draft = |number: usize| {
        let request = request(&format!("d-{number}"));
        Command::Draft { request, papers: papers("It was delivered.") }
    };
    for number in 0..DRAFTS_MAX {
        dispute = done(&dispute, &draft(number), &at(DAY));
    }
    assert_eq!(decide(&dispute, &draft(DRAFTS_MAX), &at(DAY)), Err(Rejection::TooManyRequests));
    assert!(decide(&dispute, &Command::Submit { request: request("s"), papers: None }, &at(DAY)).is_ok());
    assert!(decide(&dispute, &Command::Accept(request("a")), &at(DAY)).is_ok());
}

#[test]
fn what_was_to_be_said_at_one_stage_is_not_sent_to_the_next() {
    let accepted = done(&open(), &Command::Accept(request("a")), &at(DAY));
    for (answered, next) in [submitted(), accepted].into_iter().zip([Stage::PreArbitration, Stage::Appeal]) {
        let moved_on = looked(&answered, shown(next, Status::NeedsResponse), &at(DAY));
        assert_eq!(last_act(&moved_on), &ActProgress::Overtaken, "{next:?}");
        let anew = Command::Submit { request: request("b"), papers: Some(papers("And it was signed for.")) };
        assert!(decide(&moved_on, &anew, &at(DAY)).is_ok(), "{next:?}");
    }
    // A second sending was refused because the first one was taken; since then the dispute is appealed.
    let refused = Outcome::Refused { code: "dispute_closed".to_owned() };
    let accepted = done(&open(), &Command::Accept(request("a")), &at(DAY));
    let answered = judged(&accepted, Source::Act(1, Hand::Replayed), refused, &at(DAY));
    let appealed = looked(&answered, shown(Stage::Appeal, Status::NeedsResponse), &at(DAY));
    assert_eq!(last_act(&appealed), &ActProgress::Overtaken, "nobody knows that it was refused");
    let heard = Snapshot { submissions: Some(1), ..shown(Stage::PreArbitration, Status::NeedsResponse) };
    assert_eq!(last_act(&looked(&submitted(), heard, &at(DAY))), &ActProgress::Done, "it was brought forward before");
}
