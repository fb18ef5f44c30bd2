//! Every cell of (state × command) and (state × evidence), printed. `docs/STATES.md` is this table; a rule that changes
//! shows there. Run with `UPDATE_EXPECT=1` to write it anew.

use std::fmt::Write;

use expect_test::expect_file;

use super::refunds::{refunding, request};
use super::*;
use crate::gateway::UnknownReason;

/// Every situation a payment can be in. A new variant of the state does not compile until it has one.
fn situations() -> Vec<(&'static str, Payment)> {
    let waiting = after(first(1), declined("generic_decline"));
    let held = after(first(1), authorized());
    let closing = |mut payment: Payment| {
        command(
            &mut payment,
            &Command::Cancel(CancelRequest { key: key("x"), request_hash: hash("x"), reason: None }),
            &now(),
        )
        .unwrap();
        payment
    };
    let mut capturing = held.clone();
    command(
        &mut capturing,
        &Command::Capture(CaptureRequest { key: key("k"), request_hash: hash("k"), amount: None }),
        &now(),
    )
    .unwrap();
    let mut old = confirming();
    old.attempts[0].started_at = Timestamp::from_unix_ms(0);
    let mut scheduled = waiting.clone();
    scheduled.state = PaymentState::Processing(ProcessingReason::RetryScheduled { at: now().at });
    let ended = |state| Payment { state, due: None, ..waiting.clone() };
    let mut client_side = payment();
    show(&mut client_side, Source::Fetch, object(ObjectStatus::AwaitsPayer(redirect())), &now());
    vec![
        ("requires_payment_method", waiting.clone()),
        ("requires_payment_method, being canceled", closing(waiting.clone())),
        ("processing, unanswered", confirming()),
        ("processing, unanswered, key old", old),
        ("processing, answered", after(replayed(1), object(ObjectStatus::Pending))),
        ("processing, gateway_pending", after(first(1), object(ObjectStatus::Pending))),
        ("processing, retry_scheduled", scheduled),
        ("requires_action", after(first(1), object(ObjectStatus::AwaitsPayer(redirect())))),
        ("requires_action, client-side", client_side),
        ("requires_capture", held.clone()),
        ("requires_capture, being captured", capturing),
        ("requires_capture, being canceled", closing(held)),
        ("succeeded", after(first(1), captured())),
        ("succeeded, not settled", after(first(1), captured_as(charge("ch_1", None)))),
        ("succeeded, being refunded", refunding(AMOUNT - 1)),
        ("failed", ended(PaymentState::Failed)),
        ("canceled", ended(PaymentState::Canceled)),
        ("expired", ended(PaymentState::Expired)),
    ]
}

fn now() -> Now {
    at(Duration::from_secs(600))
}

fn commands() -> Vec<(&'static str, Command, Now)> {
    let confirm = |name| Command::Confirm(confirm_request(name));
    let cancel = |name| Command::Cancel(CancelRequest { key: key(name), request_hash: hash(name), reason: None });
    let capture = |minor| {
        Command::Capture(CaptureRequest { key: key("k9"), request_hash: hash("k9"), amount: Some(euros(minor)) })
    };
    let refund = |name, minor| Command::Refund(request(name, minor));
    vec![
        ("confirm", confirm("c9"), now()),
        ("confirm, replayed", confirm("c1"), now()),
        (
            "confirm, key reused",
            Command::Confirm(ConfirmRequest { request_hash: hash("other"), ..confirm_request("c1") }),
            now(),
        ),
        ("capture", capture(AMOUNT), now()),
        ("capture of more", capture(AMOUNT + 1), now()),
        ("cancel", cancel("x9"), now()),
        ("cancel, replayed", cancel("x"), now()),
        ("refund of a cent", refund("r9", 1), now()),
        ("refund of more", refund("r9", AMOUNT + 1), now()),
        ("refund, replayed", refund("r1", AMOUNT - 1), now()),
        (
            "refund, key reused",
            Command::Refund(RefundRequest { request_hash: hash("other"), ..request("r1", 1) }),
            now(),
        ),
        ("expire, before its time", Command::Expire, now()),
        ("expire", Command::Expire, at(DAY)),
        ("reattempt", Command::Reattempt, now()),
        ("claim, due", Command::Claim, at(DAY * 2)),
    ]
}

fn outcomes() -> Vec<(&'static str, Outcome)> {
    let mut foreign = snapshot(ObjectStatus::Captured { received_minor_units: AMOUNT });
    foreign.reference = GatewayToken::parse("pi_2").unwrap();
    let mut mismatch = snapshot(ObjectStatus::Captured { received_minor_units: AMOUNT });
    mismatch.amount_minor_units = 1;
    let refused = |object| Outcome::Refused { code: "resource_missing".into(), object };
    vec![
        ("awaits_method", object(ObjectStatus::AwaitsMethod)),
        ("awaits_payer", object(ObjectStatus::AwaitsPayer(NextAction::UseGatewaySdk))),
        ("pending", object(ObjectStatus::Pending)),
        ("authorized", authorized()),
        ("captured", captured()),
        ("captured, not settled", captured_as(charge("ch_1", None))),
        ("canceled", object(ObjectStatus::Canceled)),
        ("unrecognized", object(ObjectStatus::Unrecognized("new_word".into()))),
        ("declined", declined("generic_decline")),
        ("refused", refused(None)),
        ("refused, object shown", refused(Some(snapshot(ObjectStatus::Pending)))),
        ("unknown: timeout", Outcome::Unknown(UnknownReason::Timeout)),
        ("unknown: 5xx", Outcome::Unknown(UnknownReason::ServerError)),
        ("unknown: key mismatch", Outcome::Unknown(UnknownReason::KeyMismatch)),
        ("another object", Outcome::Object(foreign)),
        ("other money", Outcome::Object(mismatch)),
    ]
}

fn sources() -> Vec<(&'static str, Source)> {
    vec![
        ("own answer", first(1)),
        ("own replay", replayed(1)),
        ("act's answer", Source::Act(1, Hand::First)),
        ("act's replay", Source::Act(1, Hand::Replayed)),
        ("fetch", Source::Fetch),
        ("webhook", Source::Event { cause: None }),
        ("webhook, own key", Source::Event { cause: Some(AttemptNumber::FIRST) }),
    ]
}

fn state_word(payment: &Payment) -> String {
    match &payment.state {
        PaymentState::Processing(reason) => format!("processing ({})", reason.name()),
        PaymentState::RequiresPaymentMethod
        | PaymentState::RequiresAction(_)
        | PaymentState::RequiresCapture { .. }
        | PaymentState::Succeeded { .. }
        | PaymentState::Failed
        | PaymentState::Canceled
        | PaymentState::Expired => payment.state.name().to_owned(),
    }
}

pub(super) fn cell(before: &Payment, event: &Event) -> String {
    let mut after = before.clone();
    apply(&mut after, event);
    let at_its_end = after.state.is_terminal() && !after.awaits_refunds() && !after.settlement_is_owed();
    let at_its_end = at_its_end && !after.watches_refunds(event.at);
    assert_eq!(after.due.is_none(), at_its_end, "a row has a due until it is at its end: {event:?}");
    let moved = if after.state == before.state { String::new() } else { format!(" → **{}**", state_word(&after)) };
    let review = event.review.map_or(String::new(), |reason| format!(" (attention: {})", reason.name()));
    format!("{}{moved}{review}", event.fact.name())
}

fn command_cell(payment: &Payment, command: &Command, now: &Now) -> String {
    match decide(payment, command, now) {
        Ok(Decision::Execute(event)) => cell(payment, &event),
        Ok(Decision::AlreadyApplied) => "replay".into(),
        Ok(Decision::Nothing) => "·".into(),
        Err(rejection) => format!("_{rejection}_"),
    }
}

fn evidence_cell(payment: &Payment, source: Source, outcome: &Outcome) -> String {
    match judge(payment, &Evidence { source, outcome: outcome.clone() }, &now()) {
        Judgement::Change(event) => cell(payment, &event),
        Judgement::Nothing => "·".into(),
        Judgement::Foreign { review: Some(event), .. } => {
            format!("_not this payment's object;_ {}", cell(payment, &event))
        }
        Judgement::Foreign { holds_money: true, .. } => "_not this payment's object; money on it_".into(),
        Judgement::Foreign { holds_money: false, .. } => "_not this payment's object_".into(),
    }
}

#[test]
fn every_cell_is_decided() {
    let mut page = String::from(
        "# Every state, every command, every piece of evidence\n\n\
         Written by the test `every_cell_is_decided` in `shared/domain`; do not edit.\n\n\
         A cell names what happened, where the payment went if it moved, and what a person is asked to see.\n\
         `·` means that nothing changes. `replay` means that the same request was served before.\n\
         Attempt 1 is the payment's only attempt; \"own\" means that attempt's own idempotency key.\n\n## Commands\n\n",
    );
    let situations = situations();
    let names: Vec<&str> = commands().iter().map(|(name, ..)| *name).collect();
    writeln!(page, "| state | {} |\n|---|{}", names.join(" | "), "---|".repeat(names.len())).unwrap();
    let mut cells = 0;
    for (name, payment) in &situations {
        let row: Vec<String> = commands().iter().map(|(_, command, now)| command_cell(payment, command, now)).collect();
        cells += row.len();
        writeln!(page, "| {name} | {} |", row.join(" | ")).unwrap();
    }
    page.push_str("\n## Evidence\n");
    for (name, payment) in &situations {
        let columns: Vec<&str> = sources().iter().map(|(name, _)| *name).collect();
        writeln!(
            page,
            "\n### {name}\n\n| the gateway says | {} |\n|---|{}",
            columns.join(" | "),
            "---|".repeat(columns.len())
        )
        .unwrap();
        for (word, outcome) in outcomes() {
            let row: Vec<String> =
                sources().iter().map(|(_, source)| evidence_cell(payment, *source, &outcome)).collect();
            cells += row.len();
            writeln!(page, "| {word} | {} |", row.join(" | ")).unwrap();
        }
    }
    cells += super::refund_table::write(&mut page);
    println!("{page}");
    assert_eq!(cells, 18 * 15 + 18 * 16 * 7 + 22 * 9, "a row or a column is missing");
    every_state_has_a_situation(&situations);
    expect_file!["../../../../../docs/STATES.md"].assert_eq(&page);
}

fn every_state_has_a_situation(situations: &[(&str, Payment)]) {
    let mut seen = std::collections::BTreeSet::new();
    for (_, payment) in situations {
        // Written out so that a new state or reason does not compile before it is thought of here.
        seen.insert(match &payment.state {
            PaymentState::RequiresPaymentMethod => 0,
            PaymentState::Processing(ProcessingReason::GatewayPending) => 1,
            PaymentState::Processing(ProcessingReason::OutcomeUnknown) => 2,
            PaymentState::Processing(ProcessingReason::RetryScheduled { .. }) => 3,
            PaymentState::RequiresAction(_) => 4,
            PaymentState::RequiresCapture { .. } => 5,
            PaymentState::Succeeded { .. } => 6,
            PaymentState::Failed => 7,
            PaymentState::Canceled => 8,
            PaymentState::Expired => 9,
        });
    }
    assert_eq!(seen.len(), 10, "a state has no situation in the table");
}
