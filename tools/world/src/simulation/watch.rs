//! Those who watch are shown what has changed: the rows that were written, and the gateway's books.

use domain::{
    dispute::{ActKind as Answer, ActProgress as AnswerProgress, Status},
    id::TransactionId,
    payment::{ActKind, ActProgress, AttemptSource, End, Payment, PaymentState, Refund, RefundProgress, RefundSource},
};
use flow::ports::{Actor, Host as _};

use super::{coverage::Sometimes, stage::Stage};
use crate::store::{Commit, DisputeCommit};

/// Rows were written, perhaps.
pub(super) fn commits(stage: &Stage) {
    let known = stage.with_auditor(|auditor| auditor.house.read);
    let new = stage.store.commits_after(known);
    disputes(stage);
    if new.is_empty() {
        return;
    }
    for commit in &new {
        notice(stage, commit);
        stage.tell(|| in_a_word(commit));
        stage.with_auditor(|auditor| {
            auditor.reads_what_goes_back_by_itself(commit, stage.clock.policy());
            auditor.reads_commit(commit, &stage.gateway);
        });
    }
    stage.wake_light_sleeper();
}

/// Rows of disputes were written, perhaps.
fn disputes(stage: &Stage) {
    let known = stage.with_auditor(|auditor| auditor.docket.read);
    let new = stage.store.dispute_commits_after(known);
    for commit in &new {
        notice_dispute(stage, commit);
        stage.tell(|| dispute_in_a_word(commit));
        stage.with_auditor(|auditor| auditor.reads_dispute(commit, stage.gateway.disputes()));
    }
    if !new.is_empty() {
        stage.wake_light_sleeper();
    }
}

/// Something has happened to disputes at the gateway, perhaps.
pub(super) fn docket(stage: &Stage) {
    stage.with_auditor(|auditor| auditor.reads_docket(stage.gateway.disputes()));
}

/// Something has happened at the gateway, perhaps.
pub(super) fn ledger(stage: &Stage) {
    stage.with_auditor(|auditor| {
        for (object, status) in stage.gateway.objects() {
            auditor.saw_object(&object, &status);
        }
        auditor.reads_books(&stage.gateway);
    });
}

fn notice(stage: &Stage, Commit { payment, event, actor, .. }: &Commit) {
    let what = match event.as_str() {
        "captured_late" => Some(Sometimes::LateSuccess),
        "canceled" | "expired" | "failed" if payment.look_owed => Some(Sometimes::WatchedEnd),
        "expired" => Some(Sometimes::Expired),
        "failed" => Some(Sometimes::GivenUp),
        "attempt_started" if is_automatic(payment) => Some(Sometimes::AutomaticConfirm),
        "attempt_started" if *actor == Actor::Retry => Some(Sometimes::Reattempt),
        "captured" if was_canceled_too(payment) => Some(Sometimes::ChargeBeatsCancel),
        "captured" if payment.captured() != payment.terms.amount => Some(Sometimes::TakenInPart),
        "captured" => Some(Sometimes::Paid),
        "refund_succeeded" if payment.refunded() == payment.captured() => Some(Sometimes::Refunded),
        "refund_succeeded" => Some(Sometimes::RefundedInPart),
        "refund_pending" => Some(Sometimes::RefundPending),
        "refund_failed" if payment.refunds.iter().any(is_of_disputed_money) => Some(Sometimes::DisputeBeatsRefund),
        "refund_failed" if payment.refunds.iter().any(failed_later) => Some(Sometimes::RefundFailsLater),
        "refund_failed" => Some(Sometimes::RefundFails),
        _ => None,
    };
    if let Some(what) = what {
        stage.happened(what);
    }
    if event.starts_with("refund") && payment.refunds.iter().any(went_back_by_itself) {
        stage.happened(Sometimes::RefundedByItself);
    }
    if payment.review().is_some_and(|review| review.since == payment.updated_at) {
        stage.happened(Sometimes::PersonCalled);
    }
}

fn notice_dispute(stage: &Stage, DisputeCommit { dispute, event, actor, .. }: &DisputeCommit) {
    let status = dispute.standing().map(|standing| standing.status);
    let act = dispute.acts.last().filter(|_| matches!(event.as_str(), "dispute_moved" | "act_answered"));
    let became = act.and_then(|act| match &act.progress {
        AnswerProgress::Done if act.kind == Answer::Accept => Some(Sometimes::DisputeAccepted),
        AnswerProgress::Done if *actor == Actor::Retry => Some(Sometimes::DisputeAnswerFound),
        AnswerProgress::Done => Some(Sometimes::EvidenceSubmitted),
        AnswerProgress::Refused { .. } => Some(Sometimes::DisputeAnswerRefused),
        AnswerProgress::Overtaken => Some(Sometimes::DisputeAnswerOvertaken),
        AnswerProgress::Unanswered | AnswerProgress::Answered { .. } | AnswerProgress::Taken => None,
    });
    let what = match (event.as_str(), status) {
        ("evidence_drafted", _) => Some(Sometimes::EvidenceDrafted),
        ("deadline_near", _) => Some(Sometimes::DeadlineNear),
        ("dispute_moved", Some(Status::Won)) => Some(Sometimes::DisputeWon),
        ("dispute_moved", Some(Status::Lost)) => Some(Sometimes::DisputeLost),
        ("dispute_moved", Some(Status::Prevented)) => Some(Sometimes::DisputePrevented),
        _ => None,
    };
    [became, what].into_iter().flatten().for_each(|what| stage.happened(what));
}

fn dispute_in_a_word(DisputeCommit { dispute, event, actor, .. }: &DisputeCommit) -> String {
    let acts: Vec<String> = dispute.acts.iter().map(|act| format!("{} {:?}", act.kind.name(), act.progress)).collect();
    let due = dispute.due.map(|due| format!(", due in {} s", due.since(dispute.updated_at).as_secs()));
    format!(
        "dispute {} v{}: {event} by {actor:?} → {:?}, {:?}, told: {}, acts: [{}]{}",
        dispute.id,
        dispute.version,
        dispute.standing(),
        dispute.link,
        dispute.is_told,
        acts.join(", "),
        due.unwrap_or_default(),
    )
}

/// What the gateway had shown before it failed has a name there.
fn failed_later(refund: &Refund) -> bool {
    refund.reference.is_some() && matches!(refund.progress, RefundProgress::Failed { .. })
}

fn went_back_by_itself(refund: &Refund) -> bool {
    matches!(refund.source, RefundSource::Automatic(_)) && refund.progress == RefundProgress::Succeeded
}

fn is_of_disputed_money(refund: &Refund) -> bool {
    matches!(&refund.progress, RefundProgress::Failed { code } if code.to_ascii_lowercase().contains("disputed"))
}

fn is_automatic(payment: &Payment) -> bool {
    payment.attempts.last().is_some_and(|attempt| attempt.source == AttemptSource::Automatic)
}

fn was_canceled_too(payment: &Payment) -> bool {
    let overtaken = payment.acts.last().filter(|act| act.progress == ActProgress::Overtaken);
    overtaken.is_some_and(|act| act.kind == ActKind::Close { ends_as: End::Canceled })
}

fn in_a_word(Commit { payment, event, actor, .. }: &Commit) -> String {
    let state = match &payment.state {
        PaymentState::Processing(reason) => format!("processing ({})", reason.name()),
        state => state.name().to_owned(),
    };
    let attempts: Vec<String> = payment.attempts.iter().map(|it| format!("{:?}", it.progress)).collect();
    let refunds: Vec<String> =
        payment.refunds.iter().map(|it| format!("{} {:?}", it.amount.minor_units(), it.progress)).collect();
    let refunds = if refunds.is_empty() { String::new() } else { format!(", refunds: [{}]", refunds.join(", ")) };
    let act = payment.open_act().map(|act| format!(", open: {}", act.kind.name())).unwrap_or_default();
    let due = payment.due.map(|due| format!(", due in {} s", due.since(payment.updated_at).as_secs()));
    let attention = payment.review().map(|review| format!(", attention: {}", review.reason.name())).unwrap_or_default();
    format!(
        "row {} v{}: {event} by {actor:?} → {state}, attempts: [{}]{refunds}{act}{attention}{}",
        tail(&payment.id),
        payment.version,
        attempts.join(", "),
        due.unwrap_or_default(),
    )
}

fn tail(id: &TransactionId) -> &str {
    id.as_str().get(..8).unwrap_or_default()
}
