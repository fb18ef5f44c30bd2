//! The one way the merchant's endpoints change, and the one way a delivery does: load → decide → commit, as for a payment.

use std::time::Duration;

use domain::webhook::{
    self, Answer, Delivery, DeliveryCommand, DeliveryEvent, DeliveryFact, DeliveryId, DisableReason, Endpoints, Fact,
    Rejection, apply, apply_to_delivery, decide, decide_on_delivery, judge,
};

use super::{CONFLICT_PAUSE_MAX_MS, CONFLICTS_MAX};
use crate::ports::{
    Actor, Error, Host, Note, WriterToken,
    webhook::{
        CreateDelivery, DeliveryCreated, DeliveryReplaced, DeliveryWrite, EndpointsReplaced, EndpointsWrite,
        ReplaceDelivery, ReplaceEndpoints,
    },
};

/// What became of a command on the endpoints. They are as they stand afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Executed {
    /// It was executed, and the row says so.
    Committed(Endpoints),
    /// It had been executed before, or there was nothing to do.
    AlreadyApplied(Endpoints),
}

/// Why a command on the endpoints was not executed.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// It may not be done as the endpoints stand.
    #[error("refused")]
    Rejected(Rejection),
    /// Something outside failed.
    #[error("failed")]
    Failed(#[from] Error),
}

/// What became of a change of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// It is written down.
    Committed(Delivery),
    /// There was nothing to do; this is how it stands.
    Nothing(Delivery),
}

impl Changed {
    /// The delivery as it stands.
    #[must_use]
    pub fn into_delivery(self) -> Delivery {
        match self {
            Self::Committed(delivery) | Self::Nothing(delivery) => delivery,
        }
    }
}

/// Executes a command on the endpoints, which were just loaded.
///
/// # Errors
/// If it is refused, or if something outside fails; in the latter case it may have been executed.
pub async fn execute<H: Host, S: ReplaceEndpoints>(
    host: &H,
    store: &S,
    mut endpoints: Endpoints,
    command: &webhook::Command,
    actor: &Actor,
) -> Result<Executed, ExecuteError> {
    for _ in 0..CONFLICTS_MAX {
        let event = match decide(&endpoints, command, host.now()).map_err(ExecuteError::Rejected)? {
            webhook::Decision::Execute(event) => event,
            webhook::Decision::AlreadyApplied => return Ok(Executed::AlreadyApplied(endpoints)),
        };
        let mut after = endpoints;
        apply(&mut after, &event);
        let write = EndpointsWrite {
            endpoints: &after,
            event: event.fact.name(),
            endpoint: event.fact.id(),
            actor,
            at: event.at,
            writer: WriterToken(host.dice()),
        };
        match store.replace_endpoints(&write).await? {
            EndpointsReplaced::Replaced => {
                if matches!(event.fact, Fact::Disabled { reason: DisableReason::Gone, .. }) {
                    host.note(Note::EndpointGone);
                }
                return Ok(Executed::Committed(after));
            }
            EndpointsReplaced::Conflict(stands) => {
                endpoints = stands;
                pause(host).await;
            }
        }
    }
    Err(ExecuteError::Failed(Error::Contended))
}

/// Makes a delivery that is to be tried at once, if there is none yet.
///
/// # Errors
/// If something outside fails; it may have been made.
pub async fn create<H: Host, S: CreateDelivery>(
    host: &H,
    store: &S,
    id: DeliveryId,
    actor: &Actor,
) -> Result<Changed, Error> {
    let delivery = Delivery::made(id, host.now());
    let write = DeliveryWrite { delivery: &delivery, event: "delivery_made", actor, writer: WriterToken(host.dice()) };
    Ok(match store.create_delivery(&write).await? {
        DeliveryCreated::Created => Changed::Committed(delivery),
        DeliveryCreated::Exists(stands) => Changed::Nothing(*stands),
    })
}

/// Executes a command on a delivery that was just loaded.
///
/// # Errors
/// If something outside fails; it may have been executed.
pub async fn order<H: Host, S: ReplaceDelivery>(
    host: &H,
    store: &S,
    delivery: Delivery,
    command: DeliveryCommand,
    actor: &Actor,
) -> Result<Changed, Error> {
    let decide = |delivery: &Delivery| decide_on_delivery(delivery, command, &host.circumstances());
    change(host, store, delivery, decide, actor).await
}

/// Writes down what a try of a delivery came to.
///
/// # Errors
/// If something outside fails; it may have been written.
pub async fn record<H: Host, S: ReplaceDelivery>(
    host: &H,
    store: &S,
    delivery: Delivery,
    answer: &Answer,
    actor: &Actor,
) -> Result<Changed, Error> {
    // What an endpoint has answered stays true, whoever has written since.
    let decide = |delivery: &Delivery| judge(delivery, answer, &host.circumstances());
    change(host, store, delivery, decide, actor).await
}

async fn change<H: Host, S: ReplaceDelivery>(
    host: &H,
    store: &S,
    mut delivery: Delivery,
    decide: impl Fn(&Delivery) -> Option<DeliveryEvent> + Send,
    actor: &Actor,
) -> Result<Changed, Error> {
    for _ in 0..CONFLICTS_MAX {
        let Some(event) = decide(&delivery) else { return Ok(Changed::Nothing(delivery)) };
        let mut after = delivery;
        apply_to_delivery(&mut after, &event);
        let name = event.fact.name();
        let write = DeliveryWrite { delivery: &after, event: name, actor, writer: WriterToken(host.dice()) };
        match store.replace_delivery(&write).await? {
            DeliveryReplaced::Replaced => {
                match event.fact {
                    DeliveryFact::TryFailed(_) => host.note(Note::DeliveryFailed),
                    DeliveryFact::Exhausted(_) => host.note(Note::DeliveryExhausted),
                    DeliveryFact::Claimed
                    | DeliveryFact::EventMissed
                    | DeliveryFact::Withheld
                    | DeliveryFact::Delivered(_)
                    | DeliveryFact::Skipped(_)
                    | DeliveryFact::RedeliveryAsked => {}
                }
                return Ok(Changed::Committed(after));
            }
            DeliveryReplaced::Conflict(stands) => {
                delivery = *stands;
                pause(host).await;
            }
        }
    }
    Err(Error::Contended)
}

async fn pause<H: Host>(host: &H) {
    host.note(Note::Conflict);
    host.sleep(Duration::from_millis(host.dice() % CONFLICT_PAUSE_MAX_MS)).await;
}
