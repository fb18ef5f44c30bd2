//! `deliver`: takes one event to one of the merchant's endpoints. It is called by a nudge, which proves nothing and carries nothing.
//!
//! | step | a crash after it leaves |
//! |---|---|
//! | 1. load; not due: drop. Claim: commit a `due` in the future, which keeps others off while this one sends | a row that is due again when the claim is over |
//! | 2. load the event and the endpoints; who is disabled is left for the next round, who is not there any more is skipped | the same |
//! | 3. send: under the same id, the same bytes each time | the same; the endpoint hears of it twice, and can tell |
//! | 4. an endpoint that says it is gone is disabled, unless it was enabled since it was sent this | an endpoint that is disabled; its deliveries wait |
//! | 5. commit what came of it, and when to try again | nothing |
//!
//! An event is delivered at least once. Once only nobody can promise: an answer that is lost looks like none.

use domain::time::Timestamp;
use domain::webhook::{
    Answer, Command, Delivery, DeliveryCommand, DeliveryId, Endpoint, Endpoints, SkipReason, Standing,
};

use crate::{
    commit::webhook::{Changed, ExecuteError, execute, order, record},
    ports::{
        Actor, Error, Host, Note,
        timeline::LoadEvent,
        webhook::{LoadDelivery, LoadEndpoints, ReplaceDelivery, ReplaceEndpoints, SendWebhook, Sending},
    },
};

/// What became of a nudge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    /// There is no such delivery, or nobody needs to try it now.
    Dropped,
    /// It was tried; this is how it stands.
    Tried(Box<Delivery>),
    /// It was not tried: there is nobody to send it to, or nothing to send yet. This is how it stands.
    Untried(Box<Delivery>),
}

/// Tries one delivery, if it is due.
///
/// # Errors
/// If something outside fails. The row keeps its `due`; nothing is lost.
pub async fn deliver<H, S, W>(host: &H, store: &S, sender: &W, id: &DeliveryId) -> Result<Carried, Error>
where
    H: Host,
    S: LoadDelivery + ReplaceDelivery + LoadEvent + LoadEndpoints + ReplaceEndpoints,
    W: SendWebhook,
{
    let Some(delivery) = store.load_delivery(id).await? else { return Ok(Carried::Dropped) };
    let claimed = match order(host, store, delivery, DeliveryCommand::Claim, &Actor::Deliver).await? {
        Changed::Committed(claimed) => claimed,
        Changed::Nothing(_) => return Ok(Carried::Dropped),
    };
    let Some(event) = store.load_event(id.event()).await? else {
        return left(host, store, claimed, DeliveryCommand::AwaitEvent).await;
    };
    let endpoints = store.load_endpoints().await?;
    let (endpoint, enabled_since) = match receiver(&endpoints, &claimed) {
        Ok(receiver) => receiver,
        Err(command) => return left(host, store, claimed, command).await,
    };
    let sent_at = host.now();
    let generations = endpoint.generations(sent_at);
    let sending =
        Sending { url: &endpoint.url, endpoint: &endpoint.id, generations: &generations, event: &event, sent_at };
    let answer = sender.send(&sending).await?;
    if answer.is_gone() {
        let command = Command::DisableGone { id: endpoint.id.clone(), enabled_since };
        disable(host, store, &endpoints, &command).await;
    }
    tried(host, store, claimed, &answer).await
}

/// Who is sent an event, and since when that is enabled; or what becomes of the delivery otherwise.
fn receiver<'a>(endpoints: &'a Endpoints, delivery: &Delivery) -> Result<(&'a Endpoint, Timestamp), DeliveryCommand> {
    let endpoint = endpoints.find(delivery.id.endpoint());
    let endpoint = endpoint.ok_or(DeliveryCommand::Skip(SkipReason::EndpointRemoved))?;
    match endpoint.standing {
        Standing::Enabled { since } => Ok((endpoint, since)),
        Standing::Disabled { since, .. } if delivery.created_at <= since => Err(DeliveryCommand::Withhold),
        // Whoever made it had not seen yet that the endpoint was disabled. Nobody is sent what happens meanwhile.
        Standing::Disabled { .. } => Err(DeliveryCommand::Skip(SkipReason::EndpointDisabled)),
    }
}

/// Puts a delivery by that cannot be tried.
async fn left<H: Host, S: ReplaceDelivery>(
    host: &H,
    store: &S,
    claimed: Delivery,
    command: DeliveryCommand,
) -> Result<Carried, Error> {
    let left = order(host, store, claimed, command, &Actor::Deliver).await?;
    Ok(Carried::Untried(Box::new(left.into_delivery())))
}

/// What an endpoint that is gone has said of itself is written down; if it cannot be, the next event hears it again.
async fn disable<H: Host, S: ReplaceEndpoints>(host: &H, store: &S, endpoints: &Endpoints, command: &Command) {
    match execute(host, store, endpoints.clone(), command, &Actor::Deliver).await {
        // Somebody has removed it meanwhile: it is sent nothing either way.
        Ok(_) | Err(ExecuteError::Rejected(_)) => {}
        Err(ExecuteError::Failed(error)) => host.note(Note::OutcomeNotRecorded(error)),
    }
}

async fn tried<H: Host, S: ReplaceDelivery>(
    host: &H,
    store: &S,
    claimed: Delivery,
    answer: &Answer,
) -> Result<Carried, Error> {
    let recorded = record(host, store, claimed, answer, &Actor::Deliver).await?;
    Ok(Carried::Tried(Box::new(recorded.into_delivery())))
}
