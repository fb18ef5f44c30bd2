//! The one way a dispute changes: load → decide → commit, as for a payment.

use std::time::Duration;

use domain::{
    dispute::{
        Command, Decision, Dispute, Event, Evidence, Fact, Judgement, Outcome, Rejection, Source, apply, decide, judge,
    },
    gateway::{Hand, Traced},
};

use super::{CONFLICT_PAUSE_MAX_MS, CONFLICTS_MAX};
use crate::ports::{
    Actor, Cause, Error, Grounds, Host, Note, WriterToken,
    dispute::{ReplaceDispute, Replaced, Write},
};

/// A dispute whose row stands as it says. Made only here, by a write that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed(Dispute);

impl Committed {
    /// The dispute.
    #[must_use]
    pub const fn dispute(&self) -> &Dispute {
        &self.0
    }

    /// The dispute, for good.
    #[must_use]
    pub fn into_dispute(self) -> Dispute {
        self.0
    }
}

/// What became of a command.
#[derive(Debug)]
pub enum Executed {
    /// It was executed, and the row says so.
    Committed(Committed),
    /// It had been executed before.
    AlreadyApplied(Dispute),
    /// There was nothing to do.
    Nothing(Dispute),
}

/// Why a command was not executed.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// It may not be done as the dispute stands.
    #[error("refused")]
    Rejected(Rejection, Box<Dispute>),
    /// Something outside failed.
    #[error("failed")]
    Failed(#[from] Error),
}

/// What became of evidence.
#[derive(Debug)]
pub enum Recorded {
    /// It is written down.
    Committed(Committed),
    /// It changed nothing, or others have written since and know better.
    Nothing(Dispute),
}

impl Recorded {
    /// The dispute as it stands.
    #[must_use]
    pub fn into_dispute(self) -> Dispute {
        match self {
            Self::Committed(committed) => committed.into_dispute(),
            Self::Nothing(dispute) => dispute,
        }
    }
}

/// Executes a command on a dispute that was just loaded.
///
/// # Errors
/// If it is refused, or if something outside fails; in the latter case it may have been executed.
pub async fn execute<H: Host, S: ReplaceDispute>(
    host: &H,
    store: &S,
    mut dispute: Dispute,
    command: &Command,
    actor: &Actor,
) -> Result<Executed, ExecuteError> {
    for _ in 0..CONFLICTS_MAX {
        let event = match decide(&dispute, command, &host.circumstances()) {
            Ok(Decision::Execute(event)) => event,
            Ok(Decision::AlreadyApplied) => return Ok(Executed::AlreadyApplied(dispute)),
            Ok(Decision::Nothing) => return Ok(Executed::Nothing(dispute)),
            Err(rejection) => return Err(ExecuteError::Rejected(rejection, Box::new(dispute))),
        };
        let grounds = Grounds { evidence: command.grounds(), request_id: None };
        match commit(host, store, dispute, &event, grounds, actor).await? {
            Ok(committed) => return Ok(Executed::Committed(committed)),
            Err(stands) => dispute = stands,
        }
    }
    // Nothing was written by us: others are at work on it, and whoever asks again finds them done.
    Err(ExecuteError::Rejected(Rejection::InProgress, Box::new(dispute)))
}

/// Writes down what evidence proves about a dispute that was loaded before the evidence was asked for.
///
/// # Errors
/// If something outside fails; it may have been written.
pub async fn record<H: Host, S: ReplaceDispute>(
    host: &H,
    store: &S,
    mut dispute: Dispute,
    evidence: Traced<Evidence>,
    actor: &Actor,
) -> Result<Recorded, Error> {
    let Traced { answer: evidence, request_id } = evidence;
    // How we came by it stays true, whatever it is worth once somebody else has written.
    let grounds = Grounds { evidence: Some(evidence.source.kind()), request_id: request_id.as_ref() };
    if let Outcome::Unknown(reason) = evidence.outcome {
        host.note(Note::OutcomeUnknown(reason));
    }
    let mut evidence = Some(evidence);
    for _ in 0..CONFLICTS_MAX {
        let Some(known) = &evidence else { return Ok(Recorded::Nothing(dispute)) };
        let event = match judge(&dispute, known, &host.circumstances()) {
            Judgement::Change(event) => event,
            Judgement::Nothing => return Ok(Recorded::Nothing(dispute)),
        };
        match commit(host, store, dispute, &event, grounds, actor).await? {
            Ok(committed) => return Ok(Recorded::Committed(committed)),
            Err(stands) => {
                dispute = stands;
                evidence = evidence.and_then(overtaken);
            }
        }
    }
    Err(Error::Contended)
}

/// What evidence is worth when somebody else has written since. That our own request was served stays true; how the
/// dispute stands, the next look tells, for which the row is due.
fn overtaken(evidence: Evidence) -> Option<Evidence> {
    match (evidence.source, evidence.outcome) {
        (Source::Fetch, _) | (Source::Act(..), Outcome::Unknown(_)) => None,
        (source @ Source::Act(..), Outcome::Dispute(_) | Outcome::Taken) => {
            Some(Evidence { source, outcome: Outcome::Taken })
        }
        // Who wrote may have sent the same request again, and not been refused.
        (Source::Act(number, _), outcome @ Outcome::Refused { .. }) => {
            Some(Evidence { source: Source::Act(number, Hand::Replayed), outcome })
        }
    }
}

/// Writes `dispute` as `event` leaves it. The inner error is the row that stands, if somebody else was first.
async fn commit<H: Host, S: ReplaceDispute>(
    host: &H,
    store: &S,
    dispute: Dispute,
    event: &Event,
    grounds: Grounds<'_>,
    actor: &Actor,
) -> Result<Result<Committed, Dispute>, Error> {
    let seen = dispute.attention;
    let mut after = dispute;
    apply(&mut after, event);
    let cause = Cause { what: event.fact.name(), why: event.fact.why(), grounds };
    let write = Write { dispute: &after, cause, actor, writer: WriterToken(host.dice()) };
    match store.replace_dispute(&write).await? {
        Replaced::Replaced => {
            if event.review.is_some() && after.attention != seen {
                host.note(Note::ReviewAsked);
            }
            if let Fact::Reminded(reminder) = event.fact {
                host.note(Note::DisputeDeadline(reminder));
            }
            Ok(Ok(Committed(after)))
        }
        Replaced::Conflict(stands) => {
            host.note(Note::Conflict);
            host.sleep(Duration::from_millis(host.dice() % CONFLICT_PAUSE_MAX_MS)).await;
            Ok(Err(*stands))
        }
    }
}
