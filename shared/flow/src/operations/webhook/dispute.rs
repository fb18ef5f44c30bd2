//! An event about a dispute. It only says which one: how it stands is asked for, because events come in any order, and
//! at Stripe nothing in them says whose payment it is.

use std::time::Duration;

use domain::{
    dispute::{Command, Dispute, DisputeId},
    gateway::{EvidenceKind, Mode},
    id::RowId,
};

use super::Received;
use crate::{
    commit::dispute::{ExecuteError, Executed, execute},
    ports::{
        Actor, Cause, Error, Grounds, Host, Note, Nudge, WriterToken,
        dispute::{CreateDispute, Created, LoadDispute, ReplaceDispute, Write},
    },
};

/// Takes note of a dispute, and has somebody look at it.
pub(super) async fn noticed<H: Host, S: LoadDispute + CreateDispute + ReplaceDispute, N: Nudge>(
    host: &H,
    store: &S,
    nudges: &N,
    mode: Mode,
    id: DisputeId,
    actor: &Actor,
) -> Result<Received, Error> {
    let known = match store.load_dispute(&id).await? {
        Some(dispute) => Some(dispute),
        None => created(host, store, mode, &id, actor).await?,
    };
    if let Some(dispute) = known {
        match execute(host, store, dispute, &Command::Notice, actor).await {
            Ok(Executed::Committed(_)) => {}
            // Somebody is about to look, or so many write at once that one of them surely has.
            Ok(Executed::Nothing(_) | Executed::AlreadyApplied(_)) => return Ok(Received::Superseded),
            Err(ExecuteError::Rejected(..)) => return Err(Error::Contended),
            Err(ExecuteError::Failed(error)) => return Err(error),
        }
    }
    if let Err(error) = nudges.nudge(&RowId::Dispute(id), Duration::ZERO).await {
        // The row says that it is due, so the sweep will come.
        host.note(Note::NudgeLost(error));
    }
    Ok(Received::Applied)
}

/// Creates the row; the one that stands, if somebody else was first.
async fn created<H: Host, S: CreateDispute>(
    host: &H,
    store: &S,
    mode: Mode,
    id: &DisputeId,
    actor: &Actor,
) -> Result<Option<Dispute>, Error> {
    let dispute = Dispute::noticed(id.clone(), mode, &host.circumstances());
    let grounds = Grounds { evidence: Some(EvidenceKind::Event), request_id: None };
    let cause = Cause { grounds, ..Cause::of("dispute_noticed") };
    let write = Write { dispute: &dispute, cause, actor, writer: WriterToken(host.dice()) };
    match store.create_dispute(&write).await? {
        Created::Created => Ok(None),
        Created::Exists(stands) => Ok(Some(*stands)),
    }
}
