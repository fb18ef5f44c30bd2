//! Moves a dispute along by what happened. Total: every event applies to every dispute. No rule lives here; rules are in
//! `decide` and `judge`.

use super::{Act, ActProgress, Dispute, Event, Fact, Known, Link, Told};
use crate::{
    payment::{Review, ReviewReason},
    time::Timestamp,
};

/// Moves `dispute` along by `event`.
pub fn apply(dispute: &mut Dispute, event: &Event) {
    establish(dispute, &event.fact, event.at);
    dispute.due = event.due;
    dispute.updated_at = event.at;
    dispute.version = dispute.version.saturating_add(1);
    match event.review {
        // The first reason stands, until a graver one comes.
        Some(reason) if dispute.attention.is_none_or(|review| review.reason < reason) => {
            dispute.attention = Some(Review { since: event.at, reason });
        }
        Some(_) | None => {}
    }
}

/// What `fact` makes of the dispute, before `due` and version are set.
pub(super) fn establish(dispute: &mut Dispute, fact: &Fact, at: Timestamp) {
    match fact {
        Fact::Moved { known, link, act } => moved(dispute, known, link, act.as_ref()),
        Fact::Drafted { act, papers } | Fact::ActOpened { act, papers } => {
            dispute.acts.push(act.clone());
            dispute.papers = papers.clone();
        }
        Fact::SentAgain => sent_again(dispute, at),
        Fact::ActAnswered { progress } => progress_to(dispute, progress),
        Fact::Told(Told::Yes | Told::NoSuchPayment | Told::AnotherObject) => dispute.is_told = true,
        Fact::Reminded(reminder) => dispute.reminded = Some(*reminder),
        Fact::LookAsked | Fact::Claimed | Fact::Looked | Fact::OutcomeUnknown { .. } | Fact::ReviewAsked => {}
    }
    dispute.rounds = match fact {
        Fact::Looked | Fact::OutcomeUnknown { .. } => dispute.rounds.saturating_add(1),
        Fact::Moved { .. } | Fact::ActOpened { .. } => 0,
        Fact::LookAsked
        | Fact::Claimed
        | Fact::Drafted { .. }
        | Fact::SentAgain
        | Fact::ActAnswered { .. }
        | Fact::Told(_)
        | Fact::Reminded(_)
        | Fact::ReviewAsked => dispute.rounds,
    };
    let is_seen = matches!(fact, Fact::Moved { .. } | Fact::Looked);
    if is_seen && dispute.open_act().is_none() {
        // Whatever nobody knew before is known now.
        dispute.attention = dispute.attention.filter(|review| review.reason != ReviewReason::OutcomeUnknown);
    }
}

fn moved(dispute: &mut Dispute, known: &Known, link: &Link, act: Option<&ActProgress>) {
    let before = dispute.known.as_ref();
    let says = |known: &Known| (known.standing, known.amount, known.charge.clone());
    if dispute.link != *link || before.map(says) != Some(says(known)) {
        dispute.is_told = false;
    }
    if before.and_then(|before| before.due_by) != known.due_by {
        // Another deadline has alarms of its own.
        dispute.reminded = None;
    }
    if let Some(progress) = act {
        progress_to(dispute, progress);
    }
    dispute.known = Some(known.clone());
    dispute.link = link.clone();
}

fn sent_again(dispute: &mut Dispute, at: Timestamp) {
    if let Some(act) = dispute.acts.last_mut().filter(|act: &&mut Act| act.is_open()) {
        act.sent_at = at;
    }
}

fn progress_to(dispute: &mut Dispute, progress: &ActProgress) {
    if let Some(act) = dispute.acts.last_mut().filter(|act: &&mut Act| act.is_open()) {
        act.progress = progress.clone();
    }
}
