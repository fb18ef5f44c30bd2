//! Answers commands. Pure: the same dispute, command and circumstances give the same decision.

use super::{
    ACTS_MAX, Act, ActKind, ActProgress, Command, DRAFTS_MAX, Dispute, Event, Fact, KeptPapers, Known, Rejection,
    Request, Status, Told, apply::establish, due::due,
};
use crate::{payment::ReviewReason, schedule::Limits, time::Now};

/// What became of a command that was not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "it lives for one match and is moved once")]
pub enum Decision {
    /// This happens. Commit it.
    Execute(Event),
    /// The same request was executed before; its own act tells what came of it.
    AlreadyApplied,
    /// There is nothing to do.
    Nothing,
}

/// Decides what `command` does to `dispute`.
///
/// # Errors
/// A [`Rejection`] if it may not be done. Nothing is changed then.
pub fn decide(dispute: &Dispute, command: &Command, now: &Now) -> Result<Decision, Rejection> {
    match command {
        Command::Draft { request, papers } => draft(dispute, request, papers, now),
        Command::Submit { request, papers } => submit(dispute, request, papers.as_ref(), now),
        Command::Accept(request) => accept(dispute, request, now),
        Command::Notice => Ok(notice(dispute, now)),
        Command::Claim => Ok(claim(dispute, now)),
        Command::SendAgain => Ok(send_again(dispute, now)),
        Command::Tell { told, version } => Ok(tell(dispute, *told, *version, now)),
        Command::Remind => Ok(remind(dispute, now)),
    }
}

/// The event that `fact` makes, with the `due` of the row as it will be.
pub(super) fn happened(dispute: &Dispute, fact: Fact, now: &Now) -> Event {
    let mut after = dispute.clone();
    establish(&mut after, &fact, now.at);
    let due = due(&after, &fact, now);
    Event { fact, at: now.at, due, review: None }
}

fn draft(dispute: &Dispute, request: &Request, papers: &KeptPapers, now: &Now) -> Result<Decision, Rejection> {
    if let Some(replay) = replay(dispute, request) {
        return replay;
    }
    answerable(dispute)?;
    if dispute.acts.iter().filter(|act| act.kind == ActKind::Draft).count() >= DRAFTS_MAX {
        return Err(Rejection::TooManyRequests);
    }
    let act = Act { progress: ActProgress::Done, ..act(ActKind::Draft, request, now) };
    Ok(Decision::Execute(happened(dispute, Fact::Drafted { act, papers: papers.clone() }, now)))
}

fn submit(dispute: &Dispute, request: &Request, papers: Option<&KeptPapers>, now: &Now) -> Result<Decision, Rejection> {
    if let Some(replay) = replay(dispute, request) {
        return replay;
    }
    let known = answerable(dispute)?;
    if known.ways.answer.is_none() {
        return Err(Rejection::NotTaken { what: "evidence" });
    }
    let papers = papers.unwrap_or(&dispute.papers).clone();
    if papers.is_empty() {
        return Err(Rejection::NothingToSubmit);
    }
    let act = act(ActKind::Submit { before: known.submissions }, request, now);
    Ok(Decision::Execute(happened(dispute, Fact::ActOpened { act, papers }, now)))
}

fn accept(dispute: &Dispute, request: &Request, now: &Now) -> Result<Decision, Rejection> {
    if let Some(replay) = replay(dispute, request) {
        return replay;
    }
    let known = answerable(dispute)?;
    if !known.ways.accept {
        return Err(Rejection::NotTaken { what: "acceptance" });
    }
    let act = act(ActKind::Accept, request, now);
    let papers = dispute.papers.clone();
    Ok(Decision::Execute(happened(dispute, Fact::ActOpened { act, papers }, now)))
}

/// What becomes of a request whose key stands in the row already.
fn replay(dispute: &Dispute, request: &Request) -> Option<Result<Decision, Rejection>> {
    let stored = dispute.act_of(&request.key)?;
    Some(if stored.request_hash == request.hash {
        Ok(Decision::AlreadyApplied)
    } else {
        Err(Rejection::IdempotencyKeyReused)
    })
}

/// The dispute, if the merchant may answer it now.
fn answerable(dispute: &Dispute) -> Result<&Known, Rejection> {
    let Some(known) = &dispute.known else { return Err(Rejection::InProgress) };
    if dispute.open_act().is_some() {
        return Err(Rejection::InProgress);
    }
    match known.standing.map(|standing| standing.status) {
        Some(Status::NeedsResponse) => {}
        Some(status @ (Status::UnderReview | Status::Won | Status::Lost | Status::Prevented | Status::Closed)) => {
            return Err(Rejection::InvalidState { status: status.name() });
        }
        None => return Err(Rejection::InvalidState { status: "in a state that nobody here knows" }),
    }
    if dispute.acts.len() >= ACTS_MAX {
        return Err(Rejection::TooManyRequests);
    }
    Ok(known)
}

fn act(kind: ActKind, request: &Request, now: &Now) -> Act {
    Act {
        kind,
        key: request.key.clone(),
        request_hash: request.hash,
        started_at: now.at,
        sent_at: now.at,
        progress: ActProgress::Unanswered,
    }
}

/// Somebody must look. Whoever looks at this moment, or did a moment ago and is about to write it down, may have seen less;
/// only a row that nobody has taken since it was made needs no word more.
fn notice(dispute: &Dispute, now: &Now) -> Decision {
    const MADE: u64 = 1;
    if dispute.version == MADE {
        return Decision::Nothing;
    }
    Decision::Execute(happened(dispute, Fact::LookAsked, now))
}

fn claim(dispute: &Dispute, now: &Now) -> Decision {
    if dispute.due.is_some_and(|due| due <= now.at) {
        Decision::Execute(happened(dispute, Fact::Claimed, now))
    } else {
        Decision::Nothing
    }
}

/// A gateway that knows no keys may do twice what is sent twice. So nothing is sent again before what was sent has arrived
/// and is seen, or is gone.
fn send_again(dispute: &Dispute, now: &Now) -> Decision {
    let open = dispute.open_act().filter(|act| act.progress == ActProgress::Unanswered);
    match open {
        Some(act) if now.at >= act.is_on_its_way_until(now) => {
            Decision::Execute(happened(dispute, Fact::SentAgain, now))
        }
        Some(_) | None => Decision::Nothing,
    }
}

fn tell(dispute: &Dispute, told: Told, version: u64, now: &Now) -> Decision {
    // What has changed since was not told. It is due for that very reason.
    if dispute.version != version || !dispute.owes_telling() {
        return Decision::Nothing;
    }
    let mut event = happened(dispute, Fact::Told(told), now);
    event.review = match told {
        Told::Yes => None,
        Told::NoSuchPayment | Told::AnotherObject => Some(ReviewReason::ObjectMismatch),
    };
    Decision::Execute(event)
}

fn remind(dispute: &Dispute, now: &Now) -> Decision {
    match dispute.reminder_due(now.at) {
        Some(reminder) => Decision::Execute(happened(dispute, Fact::Reminded(reminder), now)),
        None => Decision::Nothing,
    }
}

/// Whether so many rounds have passed that a person is asked.
pub(super) const fn is_long(rounds: u32) -> bool {
    rounds >= Limits::ROUNDS_BEFORE_REVIEW
}
