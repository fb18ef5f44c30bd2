//! The one way an early fraud warning changes: load → decide → commit, as for a payment.

use std::time::Duration;

use domain::{
    gateway::{EvidenceKind, Mode, Traced},
    warning::{Command, Event, Outcome, Warning, WarningId, apply, decide, judge},
};

use super::{CONFLICT_PAUSE_MAX_MS, CONFLICTS_MAX};
use crate::ports::{
    Actor, Cause, Error, Grounds, Host, Note, WriterToken,
    warning::{Write, WriteWarning, Written},
};

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// It is written down.
    Committed(Warning),
    /// There was nothing to do, or others have written since and know better.
    Nothing(Warning),
}

/// Creates the row of a warning that nobody has looked at yet.
///
/// # Errors
/// If something outside fails; it may have been written.
pub async fn create<H: Host, S: WriteWarning>(
    host: &H,
    store: &S,
    id: WarningId,
    mode: Mode,
    actor: &Actor,
) -> Result<Changed, Error> {
    let warning = Warning::noticed(id, mode, &host.circumstances());
    let grounds = Grounds { evidence: Some(EvidenceKind::Event), request_id: None };
    let cause = Cause { grounds, ..Cause::of("warning_noticed") };
    let write = Write { warning: &warning, cause, actor, writer: WriterToken(host.dice()) };
    Ok(match store.write_warning(&write).await? {
        Written::Written => Changed::Committed(warning),
        Written::Conflict(stands) => Changed::Nothing(*stands),
    })
}

/// Executes a command on a warning that was just loaded.
///
/// # Errors
/// If something outside fails; it may have been executed.
pub async fn execute<H: Host, S: WriteWarning>(
    host: &H,
    store: &S,
    mut warning: Warning,
    command: Command,
    actor: &Actor,
) -> Result<Changed, Error> {
    for _ in 0..CONFLICTS_MAX {
        let Some(event) = decide(&warning, command, &host.circumstances()) else {
            return Ok(Changed::Nothing(warning));
        };
        let grounds = Grounds { evidence: command.grounds(), request_id: None };
        match commit(host, store, warning, &event, grounds, actor).await? {
            committed @ Changed::Committed(_) => return Ok(committed),
            Changed::Nothing(stands) => warning = stands,
        }
    }
    Err(Error::Contended)
}

/// Writes down what a look at a warning came to that was loaded before the look.
///
/// # Errors
/// If something outside fails; it may have been written.
pub async fn record<H: Host, S: WriteWarning>(
    host: &H,
    store: &S,
    warning: Warning,
    told: &Traced<Outcome>,
    actor: &Actor,
) -> Result<Changed, Error> {
    if let Outcome::Unknown(reason) = told.answer {
        host.note(Note::OutcomeUnknown(reason));
    }
    let event = judge(&warning, &told.answer, &host.circumstances());
    // Whoever has written since has asked for a newer look, for which the row is due, or has taken one.
    let grounds = Grounds { evidence: Some(EvidenceKind::Fetch), request_id: told.request_id.as_ref() };
    commit(host, store, warning, &event, grounds, actor).await
}

/// Writes `warning` as `event` leaves it; nothing, and the row that stands, if somebody else was first.
async fn commit<H: Host, S: WriteWarning>(
    host: &H,
    store: &S,
    warning: Warning,
    event: &Event,
    grounds: Grounds<'_>,
    actor: &Actor,
) -> Result<Changed, Error> {
    let seen = warning.attention;
    let mut after = warning;
    apply(&mut after, event);
    let cause = Cause { what: event.fact.name(), why: event.fact.why(), grounds };
    let write = Write { warning: &after, cause, actor, writer: WriterToken(host.dice()) };
    match store.write_warning(&write).await? {
        Written::Written => {
            if event.review.is_some() && after.attention != seen {
                host.note(Note::ReviewAsked);
            }
            Ok(Changed::Committed(after))
        }
        Written::Conflict(stands) => {
            host.note(Note::Conflict);
            host.sleep(Duration::from_millis(host.dice() % CONFLICT_PAUSE_MAX_MS)).await;
            Ok(Changed::Nothing(*stands))
        }
    }
}
