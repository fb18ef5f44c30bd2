//! The function of disputes: what the merchant asks for, and what it is answered.

use std::{sync::Arc, time::Duration};

use domain::dispute::{Dispute, DisputeId, Request};
use flow::operations::dispute::{Asked, DisputeError, Requested, Wish, accept, evidence};

use super::{KEY_REUSED, Replay, Reply};
use crate::{
    people::InOneGo,
    shop::client,
    simulation::{
        coverage::Operation,
        machine::Machine,
        planted,
        stage::{InvocationId, Stage},
        weather::WeatheredQueue,
    },
};

/// What the merchant asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::simulation) struct Ask {
    pub(in crate::simulation) request: Request,
    /// What is to be brought forward; none: give in.
    pub(in crate::simulation) wish: Option<Wish>,
}

impl Ask {
    pub(in crate::simulation) const fn operation(&self) -> Operation {
        match self.wish {
            Some(_) => Operation::Evidence,
            None => Operation::Accept,
        }
    }
}

/// What the merchant is answered, before it is laid out as JSON.
#[derive(Debug, Clone)]
pub(in crate::simulation) enum Answer {
    /// The dispute: 200 or 202.
    Dispute(Box<Dispute>, Replay),
    /// Not done: 4xx.
    Refused(&'static str),
    /// 5xx: send the same request again.
    Unavailable,
}

/// A request about a dispute arrives.
pub(in crate::simulation) fn call(stage: &Arc<Stage>, id: DisputeId, ask: Ask) -> InvocationId {
    const LIMIT: Duration = Duration::from_secs(29);
    let (operation, outer) = (ask.operation(), Arc::clone(stage));
    stage.invoke(operation, LIMIT, move |invocation| {
        let machine = Machine::new(&outer, invocation, operation, LIMIT);
        Box::new(async move { Reply::Dispute(answer(&machine, &id, ask).await) })
    })
}

async fn answer(machine: &Machine, id: &DisputeId, ask: Ask) -> Answer {
    let (store, queue, gateway) = (planted::store(machine), WeatheredQueue(machine), planted::gateway(machine));
    let (actor, people) = (client(), InOneGo(&machine.stage.people));
    let asked = Asked { id, request: &ask.request, actor: &actor };
    let requested = match ask.wish {
        Some(wish) => evidence(machine, &store, &gateway, &queue, &people, asked, wish).await,
        None => accept(machine, &store, &gateway, &queue, &people, asked).await,
    };
    match requested {
        Ok(Requested::Done(dispute)) => Answer::Dispute(Box::new(dispute), Replay::No),
        Ok(Requested::Replayed(dispute)) => Answer::Dispute(Box::new(dispute), Replay::Yes),
        Err(DisputeError::NotFound) => Answer::Refused("not_found"),
        Err(DisputeError::Rejected(domain::dispute::Rejection::IdempotencyKeyReused, _)) => Answer::Refused(KEY_REUSED),
        Err(DisputeError::Rejected(..)) => Answer::Refused("refused"),
        Err(DisputeError::PapersRefused(_)) => Answer::Refused("invalid_request"),
        Err(DisputeError::Paused(_) | DisputeError::Failed(_)) => Answer::Unavailable,
    }
}
