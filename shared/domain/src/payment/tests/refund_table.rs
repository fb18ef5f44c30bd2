//! The part of the table that is about refunds: every (progress × evidence), printed.

use super::refunds::{failed, paid, refund_id, refunding, refused, shown};
use super::table::{header, judgement_cell, row};
use super::*;
use crate::gateway::{RefundOutcome, RefundSnapshot, RefundStatus, UnknownReason};

/// Of each refund of these, 5.00 of what was paid.
const PART: i64 = 500;

/// How far the payment's only refund, `r1`, has come. A new progress does not compile until it has a column.
fn columns() -> Vec<(&'static str, Payment)> {
    let come = |progress: RefundProgress| {
        // What the gateway has shown has the gateway's name.
        let is_shown = match &progress {
            RefundProgress::Unanswered | RefundProgress::Answered { .. } => false,
            RefundProgress::Pending | RefundProgress::Succeeded | RefundProgress::Canceled => true,
            RefundProgress::Failed { code } => code != "refused",
        };
        let mut payment = refunding(PART);
        let refund = payment.refunds.last_mut().unwrap();
        refund.reference = is_shown.then(|| shown("r1", PART, RefundStatus::Pending).reference);
        refund.progress = progress;
        payment
    };
    vec![
        ("none is known", paid()),
        ("unanswered", come(RefundProgress::Unanswered)),
        ("answered", come(RefundProgress::Answered { refusal: None })),
        ("answered, refused", come(RefundProgress::Answered { refusal: Some("refused".into()) })),
        ("pending", come(RefundProgress::Pending)),
        ("succeeded", come(RefundProgress::Succeeded)),
        ("failed, refused", come(RefundProgress::Failed { code: "refused".into() })),
        ("failed, came back", come(RefundProgress::Failed { code: "came_back".into() })),
        ("canceled", come(RefundProgress::Canceled)),
    ]
}

fn rows() -> Vec<(&'static str, RefundEvidence)> {
    let is = |status| shown("r1", PART, status);
    let own = |hand, outcome| RefundEvidence::Answered { id: refund_id("r1"), hand, outcome };
    let unknown = |hand, reason| own(hand, RefundOutcome::Unknown(reason));
    let first = |status| own(Hand::First, RefundOutcome::Refund(is(status)));
    let seen = |snapshot| RefundEvidence::Seen(vec![snapshot]);
    let another_object = GatewayToken::parse("pi_2").unwrap();
    vec![
        ("own answer: pending", first(RefundStatus::Pending)),
        ("own answer: succeeded", first(RefundStatus::Succeeded)),
        ("own answer: failed", first(failed("came_back"))),
        ("own answer: refused", own(Hand::First, refused("refused"))),
        ("own answer: timeout", unknown(Hand::First, UnknownReason::Timeout)),
        ("own answer: 5xx", unknown(Hand::First, UnknownReason::ServerError)),
        ("own replay: succeeded", own(Hand::Replayed, RefundOutcome::Refund(is(RefundStatus::Succeeded)))),
        ("own replay: refused", own(Hand::Replayed, refused("refused"))),
        ("own replay: 5xx", unknown(Hand::Replayed, UnknownReason::ServerError)),
        ("own replay: key mismatch", unknown(Hand::Replayed, UnknownReason::KeyMismatch)),
        ("seen: pending", seen(is(RefundStatus::Pending))),
        ("seen: succeeded", seen(is(RefundStatus::Succeeded))),
        ("seen: failed", seen(is(failed("came_back")))),
        ("seen: canceled", seen(is(RefundStatus::Canceled))),
        ("seen: unrecognized", seen(is(RefundStatus::Unrecognized("new_word".into())))),
        ("seen: other money", seen(RefundSnapshot { amount_minor_units: 1, ..is(RefundStatus::Succeeded) })),
        ("seen: of another object", seen(RefundSnapshot { object: another_object, ..is(RefundStatus::Succeeded) })),
        ("all listed: this one, succeeded", RefundEvidence::Listed(vec![is(RefundStatus::Succeeded)])),
        ("all listed: none", RefundEvidence::Listed(Vec::new())),
        ("not listed a moment ago", RefundEvidence::Absent { id: refund_id("r1") }),
        ("no answer to a look", RefundEvidence::Unseen(UnknownReason::Timeout)),
        ("there are refunds", RefundEvidence::Hinted),
    ]
}

/// Writes the table.
pub(super) fn write(page: &mut String) {
    page.push_str(
        "\n## Refunds\n\nThe payment has succeeded, and has one refund; the columns say how far it has come. \"Own\" means that refund's own\n\
         idempotency key; \"seen\" is what an event shows of it.\n\n",
    );
    let columns = columns();
    header(page, "the gateway says", columns.iter().map(|(name, _)| *name));
    let mut cells = 0;
    for (word, evidence) in rows() {
        cells += row(page, word, columns.iter().map(|(_, payment)| weighed(payment, &evidence)));
    }
    assert_eq!(cells, 22 * 9, "of refunds, a row or a column is missing");
}

fn weighed(payment: &Payment, evidence: &RefundEvidence) -> String {
    judgement_cell(payment, judge_refund(payment, evidence, &at(Duration::from_secs(600))))
}
