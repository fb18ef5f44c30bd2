//! An event about an early fraud warning. As with a dispute, it only says which one: nothing in it says whose payment it is.

use std::time::Duration;

use domain::{
    gateway::Mode,
    id::RowId,
    warning::{Command, WarningId},
};

use super::Received;
use crate::{
    commit::warning::{Changed, create, execute},
    ports::{
        Actor, Error, Host, Note, Nudge,
        warning::{LoadWarning, WriteWarning},
    },
};

/// Takes note of a warning, and has somebody look at it.
pub(super) async fn noticed<H: Host, S: LoadWarning + WriteWarning, N: Nudge>(
    host: &H,
    store: &S,
    nudges: &N,
    mode: Mode,
    id: WarningId,
    actor: &Actor,
) -> Result<Received, Error> {
    let known = match store.load_warning(&id).await? {
        Some(warning) => Changed::Nothing(warning),
        None => create(host, store, id.clone(), mode, actor).await?,
    };
    if let Changed::Nothing(warning) = known
        && let Changed::Nothing(_) = execute(host, store, warning, Command::Notice, actor).await?
    {
        // Somebody is about to look.
        return Ok(Received::Superseded);
    }
    if let Err(error) = nudges.nudge(&RowId::Warning(id), Duration::ZERO).await {
        // The row says that it is due, so the sweep will come.
        host.note(Note::NudgeLost(error));
    }
    Ok(Received::Applied)
}
