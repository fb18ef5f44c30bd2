//! Every cell of (state × command) and (state × evidence), printed. `docs/STATES.md` is this table; a rule that changes
//! shows there. Run with `UPDATE_EXPECT=1` to write it anew.
//!
//! Here is a payment at Stripe, and how a table is written; the parts about PayPal, refunds, disputes and warnings have files
//! of their own.

use std::{collections::BTreeSet, fmt::Write};

use expect_test::expect_file;

use super::orders::approved_request;
use super::refunds::{refunding, request};
use super::*;
use crate::gateway::UnknownReason;

/// Payments, what is asked of each, and what each is shown.
pub(super) struct Part {
    pub(super) situations: Vec<(&'static str, Payment)>,
    pub(super) commands: Vec<(&'static str, Command, Now)>,
    pub(super) outcomes: Vec<(&'static str, Outcome)>,
    pub(super) sources: Vec<(&'static str, Source)>,
}

impl Part {
    /// Writes the table of commands, and says how many cells it has.
    pub(super) fn write_commands(&self, page: &mut String) -> usize {
        header(page, "state", self.commands.iter().map(|(name, ..)| *name));
        let mut cells = 0;
        for (name, payment) in &self.situations {
            cells += row(page, name, self.commands.iter().map(|(_, asked, now)| command_cell(payment, asked, now)));
        }
        cells
    }

    /// Writes a table of evidence for each situation, and says how many cells they have.
    pub(super) fn write_evidence(&self, page: &mut String) -> usize {
        let mut cells = 0;
        for (name, payment) in &self.situations {
            write!(page, "\n### {name}\n\n").unwrap();
            header(page, "the gateway says", self.sources.iter().map(|(name, _)| *name));
            for (word, outcome) in &self.outcomes {
                let told = |source| evidence_cell(payment, &Evidence { source, outcome: outcome.clone() });
                cells += row(page, word, self.sources.iter().map(|(_, source)| told(*source)));
            }
        }
        cells
    }
}

pub(super) fn header<'a>(page: &mut String, corner: &str, columns: impl Iterator<Item = &'a str>) {
    let names: Vec<&str> = columns.collect();
    writeln!(page, "| {corner} | {} |\n|---|{}", names.join(" | "), "---|".repeat(names.len())).unwrap();
}

pub(super) fn row(page: &mut String, name: &str, cells: impl Iterator<Item = String>) -> usize {
    let cells: Vec<String> = cells.collect();
    writeln!(page, "| {name} | {} |", cells.join(" | ")).unwrap();
    cells.len()
}

fn at_stripe() -> Part {
    let mut commands = commands(confirm_request);
    commands.push(("confirm without a method", Command::Confirm(approved_request("c9")), now()));
    Part { situations: situations(), commands, outcomes: outcomes(), sources: sources() }
}

/// Every situation a payment at Stripe can be in.
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
    show(&mut client_side, Source::Fetch, object(ObjectStatus::AwaitsPayer(NextAction::UseGatewaySdk)), &now());
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

pub(super) fn now() -> Now {
    at(Duration::from_secs(600))
}

/// Everything that can be asked of a payment whose gateway charges what `confirming` names.
pub(super) fn commands(confirming: impl Fn(&str) -> ConfirmRequest) -> Vec<(&'static str, Command, Now)> {
    let confirm = |name| Command::Confirm(confirming(name));
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
            Command::Confirm(ConfirmRequest { request_hash: hash("other"), ..confirming("c1") }),
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
        ("confirm by itself", Command::ConfirmApproved, now()),
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
    let here = if matches!(event.fact, Fact::EndedHere(_)) { " on our row" } else { "" };
    let moved = if after.state == before.state { String::new() } else { format!(" → **{}**", state_word(&after)) };
    let refund = if event.refund.is_some() { ", and a refund of its own" } else { "" };
    let review = event.review.map_or(String::new(), |reason| format!(" (attention: {})", reason.name()));
    format!("{}{here}{moved}{refund}{review}", event.fact.name())
}

fn command_cell(payment: &Payment, command: &Command, now: &Now) -> String {
    match decide(payment, command, now) {
        Ok(Decision::Execute(event)) => cell(payment, &event),
        Ok(Decision::AlreadyApplied) => "replay".into(),
        Ok(Decision::Nothing) => "·".into(),
        Err(rejection) => format!("_{rejection}_"),
    }
}

pub(super) fn evidence_cell(payment: &Payment, evidence: &Evidence) -> String {
    judgement_cell(payment, judge(payment, evidence, &now()))
}

pub(super) fn judgement_cell(payment: &Payment, judgement: Judgement) -> String {
    match judgement {
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
         Attempt 1 is the payment's only attempt; \"own\" means that attempt's own idempotency key.\n\n\
         First a payment [at Stripe](#commands), then one [at PayPal](#commands-at-paypal); then, at either,\n\
         [refunds](#refunds), [disputes](#disputes) and [early fraud warnings](#early-fraud-warnings).\n\n## Commands\n\n",
    );
    let (stripe, paypal) = (at_stripe(), super::order_table::at_paypal());
    let mut cells = stripe.write_commands(&mut page);
    page.push_str("\n## Evidence\n");
    cells += stripe.write_evidence(&mut page);
    assert_eq!(cells, 18 * 17 + 18 * 16 * 7, "at Stripe, a row or a column is missing");
    super::order_table::write(&paypal, &mut page);
    super::refund_table::write(&mut page);
    super::told_table::write(&mut page);
    println!("{page}");
    nothing_is_left_out(&stripe, &paypal);
    expect_file!["../../../../../docs/STATES.md"].assert_eq(&page);
}

/// Written out so that a state, a command or a word of a gateway's that is new does not compile before it is thought of
/// here.
fn nothing_is_left_out(stripe: &Part, paypal: &Part) {
    let parts = [stripe, paypal];
    let states = parts.iter().flat_map(|part| &part.situations).map(|(_, payment)| match &payment.state {
        PaymentState::RequiresPaymentMethod => 0,
        PaymentState::Processing(ProcessingReason::GatewayPending) => 1,
        PaymentState::Processing(ProcessingReason::OutcomeUnknown) => 2,
        PaymentState::Processing(ProcessingReason::RetryScheduled { .. }) => 3,
        PaymentState::RequiresAction(NextAction::Redirect(_)) => 4,
        PaymentState::RequiresAction(NextAction::UseGatewaySdk) => 5,
        PaymentState::RequiresAction(NextAction::Confirm) => 6,
        PaymentState::RequiresCapture { .. } => 7,
        PaymentState::Succeeded { .. } => 8,
        PaymentState::Failed => 9,
        PaymentState::Canceled => 10,
        PaymentState::Expired => 11,
    });
    assert_eq!(states.collect::<BTreeSet<_>>().len(), 12, "a state has no situation in the table");
    for part in parts {
        let commands = part.commands.iter().map(|(_, command, _)| match command {
            Command::Confirm(_) => 0,
            Command::Capture(_) => 1,
            Command::Cancel(_) => 2,
            Command::Refund(_) => 3,
            Command::Expire => 4,
            Command::Reattempt => 5,
            Command::ConfirmApproved => 6,
            Command::Claim => 7,
        });
        assert_eq!(commands.collect::<BTreeSet<_>>().len(), 8, "a command has no column in the table");
    }
    let words = parts.iter().flat_map(|part| &part.outcomes).filter_map(|(_, outcome)| outcome.object());
    let statuses = words.map(|object| match object.status {
        ObjectStatus::AwaitsMethod => 0,
        ObjectStatus::AwaitsPayer(_) => 1,
        ObjectStatus::Pending => 2,
        ObjectStatus::Authorized { .. } => 3,
        ObjectStatus::Captured { .. } => 4,
        ObjectStatus::Canceled => 5,
        ObjectStatus::Failed(_) => 6,
        ObjectStatus::Unrecognized(_) => 7,
    });
    assert_eq!(statuses.collect::<BTreeSet<_>>().len(), 8, "a status has no row in the table");
}
