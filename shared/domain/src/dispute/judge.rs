//! Weighs what the gateway says about a dispute.
//!
//! - **Only a look that was made after loading, and a fresh answer to our own request, say how a dispute stands.** An event
//!   is an old snapshot, so it only asks for a look; order and number of events do not matter.
//! - **A look is believed wherever it leads.** Gateways take disputes up again: a closed inquiry becomes a chargeback, a
//!   lost dispute is appealed, a won one goes on to pre-arbitration. An end is an end for as long as the gateway says so.
//! - **A stage never falls.** "Won" does not say what was won, and PayPal calls an appeal what it called the chargeback.
//! - **What became of an act is told by its own answer, or by the dispute.** A dispute takes one answer at a time, so it is
//!   the fence: a second sending is refused, or does what the first one did. For one stage, that is: what the bank asks at
//!   the next one is another question, and an answer that was meant for the one before is not sent to it.

use super::{
    Act, ActKind, ActProgress, Behind, Dispute, Event, Fact, Known, Link, Outcome, Snapshot, SnapshotStatus, Stage,
    Standing, Status,
    decide::{happened, is_long},
};
use crate::{
    gateway::{EvidenceKind, Hand, UnknownReason},
    payment::ReviewReason,
    time::Now,
};

/// What the gateway said, and how we came by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// How we came by it.
    pub source: Source,
    /// What it says.
    pub outcome: Outcome,
}

/// How we came by evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// A look, made after loading the version that the commit is conditional on.
    Fetch,
    /// The answer to the request of the act that stands at this place in the row, counted from 1.
    Act(usize, Hand),
}

impl Source {
    /// What is written down of it.
    #[must_use]
    pub const fn kind(self) -> EvidenceKind {
        match self {
            Self::Fetch => EvidenceKind::Fetch,
            Self::Act(_, hand) => hand.evidence(),
        }
    }
}

/// What evidence comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "it lives for one match and is moved once")]
pub enum Judgement {
    /// This happened. Commit it.
    Change(Event),
    /// It is known already, or proves nothing.
    Nothing,
}

/// Weighs `evidence` about `dispute`.
#[must_use]
pub fn judge(dispute: &Dispute, evidence: &Evidence, now: &Now) -> Judgement {
    let case = Case { dispute, now };
    match (evidence.source, &evidence.outcome) {
        (Source::Act(number, _), _) if number != dispute.acts.len() || dispute.open_act().is_none() => {
            // What became of it has been seen already.
            Judgement::Nothing
        }
        (Source::Fetch, Outcome::Dispute(snapshot)) => case.shown(snapshot, Heard::Look),
        (Source::Act(_, Hand::First), Outcome::Dispute(snapshot)) => case.shown(snapshot, Heard::Answer),
        (Source::Act(_, Hand::First), Outcome::Taken) => case.answered(ActProgress::Taken),
        (Source::Act(_, Hand::First), Outcome::Refused { code }) => {
            case.answered(ActProgress::Refused { code: code.clone() })
        }
        // The saved answer to an earlier sending: how it stood then.
        (Source::Act(_, Hand::Replayed), Outcome::Dispute(_) | Outcome::Taken) => case.answered(ActProgress::Taken),
        // A second sending may be refused because the first one was served.
        (Source::Act(_, Hand::Replayed), Outcome::Refused { code }) => {
            case.answered(ActProgress::Answered { refusal: Some(code.clone()) })
        }
        (Source::Act(_, Hand::Replayed), Outcome::Unknown(reason)) if *reason != UnknownReason::KeyMismatch => {
            case.answered(ActProgress::Answered { refusal: None })
        }
        (Source::Act(..) | Source::Fetch, Outcome::Unknown(reason)) => case.unknown(*reason),
        // The gateway has no such dispute, or does not show it to us.
        (Source::Fetch, Outcome::Taken | Outcome::Refused { .. }) => case.unknown(UnknownReason::Misconfigured),
    }
}

/// What showed the dispute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Look,
    /// The gateway's own answer to the open act: it has been done.
    Answer,
}

/// One piece of evidence against one version of a dispute.
#[derive(Clone, Copy)]
struct Case<'a> {
    dispute: &'a Dispute,
    now: &'a Now,
}

impl Case<'_> {
    fn shown(self, snapshot: &Snapshot, heard: Heard) -> Judgement {
        let mode_differs = snapshot.mode.is_some_and(|mode| mode != self.dispute.mode);
        if snapshot.reference != *self.dispute.id.reference() || mode_differs {
            return self.not_understood(heard, ReviewReason::ObjectMismatch);
        }
        let before = self.dispute.known.as_ref();
        let Some(amount) = snapshot.amount.or(before.map(|known| known.amount)) else {
            return self.not_understood(heard, ReviewReason::ObjectMismatch);
        };
        let standing = match &snapshot.status {
            SnapshotStatus::Known(status) => {
                Some(Standing { stage: self.stage(snapshot.stage, *status), status: *status })
            }
            // Never a guess: it stands as it stood. What else is shown is as true as ever.
            SnapshotStatus::Unrecognized(_) => self.dispute.standing(),
        };
        let is_understood = matches!(snapshot.status, SnapshotStatus::Known(_));
        let known = Known {
            charge: snapshot.charge.clone().or_else(|| before.and_then(|known| known.charge.clone())),
            amount,
            reason: snapshot.reason,
            gateway_reason: snapshot.gateway_reason.clone(),
            standing,
            ways: before.filter(|_| !is_understood).map_or(snapshot.ways, |before| before.ways),
            due_by: snapshot.due_by,
            submissions: snapshot.submissions,
        };
        let act = self.dispute.open_act().and_then(|act| match (standing, heard) {
            (Some(standing), _) if is_understood => become_of(act, before, (&known, standing), heard),
            (_, Heard::Answer) => Some(ActProgress::Taken),
            (_, Heard::Look) => None,
        });
        let link = self.link(&snapshot.behind);
        let is_nobodys = link == Link::Unknown && is_long(self.dispute.rounds.saturating_add(1));
        let mismatch = (snapshot.amount.is_none() || is_nobodys).then_some(ReviewReason::ObjectMismatch);
        let review = mismatch.max((!is_understood).then_some(ReviewReason::UnrecognizedStatus));
        if before == Some(&known) && self.dispute.link == link && act.is_none() {
            return self.change(Fact::Looked, review);
        }
        self.change(Fact::Moved { known, link, act }, review)
    }

    /// What was shown cannot be taken over. That the gateway answered our own request stays true.
    fn not_understood(self, heard: Heard, review: ReviewReason) -> Judgement {
        match heard {
            Heard::Answer => self.change(Fact::ActAnswered { progress: ActProgress::Taken }, Some(review)),
            Heard::Look => self.change(Fact::Looked, Some(review)),
        }
    }

    /// How far it has gone: as far as it ever had, or further.
    fn stage(self, shown: Option<Stage>, status: Status) -> Stage {
        let before = self.dispute.standing().map(|standing| standing.stage);
        let first = match status {
            Status::Prevented | Status::Closed => Stage::Inquiry,
            Status::NeedsResponse | Status::UnderReview | Status::Won | Status::Lost => Stage::Chargeback,
        };
        shown.or(before).unwrap_or(first).max(before.unwrap_or(Stage::Inquiry))
    }

    /// Whose money it is about; once that is known it does not change.
    fn link(self, behind: &Behind) -> Link {
        match (&self.dispute.link, behind) {
            (Link::Payment { id, object }, _) | (Link::Unknown | Link::NotOurs, Behind::Payment { id, object }) => {
                Link::Payment { id: id.clone(), object: object.clone() }
            }
            (Link::Unknown, Behind::NotShown) => Link::Unknown,
            (Link::Unknown | Link::NotOurs, Behind::NotOurs) | (Link::NotOurs, Behind::NotShown) => Link::NotOurs,
        }
    }

    fn answered(self, progress: ActProgress) -> Judgement {
        let is_news = self.dispute.open_act().is_some_and(|act| act.progress != progress);
        if is_news { self.change(Fact::ActAnswered { progress }, None) } else { Judgement::Nothing }
    }

    fn unknown(self, reason: UnknownReason) -> Judgement {
        let review = if reason == UnknownReason::KeyMismatch {
            Some(ReviewReason::KeyMismatch)
        } else {
            is_long(self.dispute.rounds.saturating_add(1)).then_some(ReviewReason::OutcomeUnknown)
        };
        self.change(Fact::OutcomeUnknown { reason: reason.name() }, review)
    }

    fn change(self, fact: Fact, review: Option<ReviewReason>) -> Judgement {
        let mut event = happened(self.dispute, fact, self.now);
        event.review = review;
        Judgement::Change(event)
    }
}

/// What became of an open act, now that the dispute shows itself; none if that does not tell.
fn become_of(
    act: &Act,
    before: Option<&Known>,
    (shown, standing): (&Known, Standing),
    heard: Heard,
) -> Option<ActProgress> {
    if heard == Heard::Answer || act.progress == ActProgress::Taken {
        return Some(ActProgress::Done);
    }
    let still_asked = match (standing.status, act.kind) {
        (Status::NeedsResponse, ActKind::Submit { before }) if has_risen(before, shown.submissions) == Some(true) => {
            return Some(ActProgress::Done);
        }
        (Status::NeedsResponse, _) => true,
        (Status::UnderReview | Status::Won | Status::Lost | Status::Prevented | Status::Closed, _) => false,
    };
    if still_asked {
        // What is asked now was not asked when the merchant answered, and nobody has said that the answer is the same.
        if before.and_then(|before| before.standing).is_some_and(|before| before.stage < standing.stage) {
            return Some(ActProgress::Overtaken);
        }
        // Answered, and without effect: that is what the answer was.
        return match &act.progress {
            ActProgress::Answered { refusal } => {
                let code = refusal.clone().unwrap_or_else(|| "gateway_failed".to_owned());
                Some(ActProgress::Refused { code })
            }
            ActProgress::Unanswered
            | ActProgress::Taken
            | ActProgress::Done
            | ActProgress::Refused { .. }
            | ActProgress::Overtaken => None,
        };
    }
    let is_ours = match act.kind {
        ActKind::Draft => true,
        // Where the gateway does not count, what it was given is what we gave it.
        ActKind::Submit { before } => has_risen(before, shown.submissions).unwrap_or(true),
        ActKind::Accept => standing.status == Status::Lost,
    };
    Some(if is_ours { ActProgress::Done } else { ActProgress::Overtaken })
}

/// Whether the gateway has been given something since; none where it does not count.
fn has_risen(before: Option<u32>, now: Option<u32>) -> Option<bool> {
    before.zip(now).map(|(before, now)| now > before)
}
