//! The deployed functions: each operation with the ports that its function is handed, on a machine of its own, under the
//! time limit that the template gives it.

pub(super) mod dispute;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{
    id::{RequestHash, RowId, TransactionId},
    payment::{CancelRequest, ConfirmRequest, Payment},
    schedule::Limits,
};
use flow::{
    operations::{
        cancel::cancel,
        capture::{Wish, capture},
        confirm::confirm,
        initiate::{InitiateError, InitiateRequest, Initiated, initiate},
        payments::{Listed, Wanted, payments},
        refund::{self, refund},
        retry::{retry, retry_dispute},
        status::status,
        sweep::sweep,
        webhook::{GatewayEvent, Received},
    },
    ports::Error,
    steps::{PartError, RequestError, Requested},
};

use super::{
    coverage::Operation,
    machine::Machine,
    planted,
    stage::{InvocationId, Stage},
    weather::{WeatheredQueue, WeatheredStore},
};
use crate::{
    people::InOneGo,
    shop::{client, rules},
    store::Layout,
};

/// A release of Quittance: what a deploy in the middle of everything changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Release {
    /// The version of the gateway's API that new attempts are written for.
    pub(super) api_version: &'static str,
    /// The stack's time limits.
    pub(super) limits: Limits,
    /// How it lays rows out.
    pub(super) rows: Layout,
}

impl Release {
    /// What runs in the beginning.
    pub(super) const FIRST: Self =
        Self { api_version: "2026-10-28.endive", limits: Limits::STANDARD, rows: Layout::Present };
    /// What is deployed later: another version of the gateway's API, and other time limits.
    pub(super) const SECOND: Self = Self {
        api_version: "2027-03-31.next",
        limits: Limits {
            gateway_timeout: Duration::from_secs(10),
            first_delay: Duration::from_secs(30),
            first_look: Duration::from_secs(120),
        },
        rows: Layout::Present,
    };
}

/// What a client asks for.
#[derive(Debug, Clone)]
pub(super) enum Ask {
    Initiate(Box<InitiateRequest>),
    Confirm(Box<ConfirmRequest>),
    Capture(Wish),
    Cancel(CancelRequest),
    Refund(refund::Wish),
    Status,
}

impl Ask {
    pub(super) const fn operation(&self) -> Operation {
        match self {
            Self::Initiate(_) => Operation::Initiate,
            Self::Confirm(_) => Operation::Confirm,
            Self::Capture(_) => Operation::Capture,
            Self::Cancel(_) => Operation::Cancel,
            Self::Refund(_) => Operation::Refund,
            Self::Status => Operation::Status,
        }
    }

    /// Its idempotency key and the hash of its body, if it has them.
    pub(super) fn key(&self) -> Option<(&str, RequestHash)> {
        match self {
            Self::Initiate(request) => Some((request.key.as_str(), request.request_hash)),
            Self::Confirm(request) => Some((request.key.as_str(), request.request_hash)),
            Self::Capture(wish) => Some((wish.key.as_str(), wish.request_hash)),
            Self::Cancel(request) => Some((request.key.as_str(), request.request_hash)),
            Self::Refund(wish) => Some((wish.key.as_str(), wish.request_hash)),
            Self::Status => None,
        }
    }
}

/// What a client is answered, before it is laid out as JSON.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// The payment: 200, 201, 202 or 402, as its own attempt or act has it.
    Payment(Box<Payment>, Replay),
    /// Not done: 4xx.
    Refused(&'static str, Option<Box<Payment>>),
    /// 5xx: send the same request again.
    Unavailable(&'static str),
}

/// Whether the request had been done before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replay {
    No,
    Yes,
}

/// What came of an invocation.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// It was killed.
    Died,
    /// It answered a client.
    Api(Answer),
    /// It answered a client about a dispute.
    Dispute(dispute::Answer),
    /// It listed payments.
    Listed(Result<Listed, Error>),
    /// It answered the gateway.
    Webhook(Result<Received, Error>),
    /// It looked at the row of each message; or SQS must deliver that one again.
    Retry(Vec<Result<(), Error>>),
    /// It swept.
    Swept,
}

/// A client's request arrives. Every function that clients call has 29 seconds, but for the one that only reads.
pub(super) fn call(stage: &Arc<Stage>, id: TransactionId, ask: Ask) -> InvocationId {
    let (operation, limit) = (ask.operation(), Duration::from_secs(if matches!(ask, Ask::Status) { 10 } else { 29 }));
    let outer = Arc::clone(stage);
    stage.invoke(operation, limit, move |invocation| {
        let machine = Machine::new(&outer, invocation, operation, limit);
        Box::new(async move { Reply::Api(answer(&machine, &id, ask).await) })
    })
}

async fn answer(machine: &Machine, id: &TransactionId, ask: Ask) -> Answer {
    let (store, queue, gateway) = (planted::store(machine), WeatheredQueue(machine), planted::gateway(machine));
    match ask {
        Ask::Initiate(request) => {
            let people = InOneGo(&machine.stage.people);
            initiated(initiate(machine, &store, &gateway, &people, &rules(), *request).await)
        }
        Ask::Confirm(mut request) => {
            // The handler writes it for the version of the gateway's API that its release speaks.
            machine.release.api_version.clone_into(&mut request.api_version);
            requested(confirm(machine, &store, &gateway, &queue, id, *request, &client()).await)
        }
        Ask::Capture(wish) => part(capture(machine, &store, &gateway, &queue, id, wish, &client()).await),
        Ask::Refund(wish) => part(refund(machine, &store, &gateway, &queue, id, wish, &client()).await),
        Ask::Cancel(request) => requested(cancel(machine, &store, &gateway, &queue, id, request, &client()).await),
        Ask::Status => match status(&store, id).await {
            Ok(Some(payment)) => Answer::Payment(Box::new(payment), Replay::No),
            Ok(None) => Answer::Refused("not_found", None),
            Err(_) => Answer::Unavailable("unavailable"),
        },
    }
}

fn initiated(made: Result<Initiated, InitiateError>) -> Answer {
    match made {
        Ok(Initiated::Created(payment)) => Answer::Payment(Box::new(payment), Replay::No),
        Ok(Initiated::Replayed(payment)) => Answer::Payment(Box::new(payment), Replay::Yes),
        Err(InitiateError::AmountRefused(_) | InitiateError::OutOfLimits(_)) => {
            Answer::Refused("amount_not_supported", None)
        }
        Err(InitiateError::Refused { .. }) => Answer::Refused("gateway_refused", None),
        Err(InitiateError::KeyReused) => Answer::Refused(KEY_REUSED, None),
        Err(InitiateError::GatewayUnavailable(_)) => Answer::Unavailable("gateway_unavailable"),
        Err(InitiateError::Paused(_)) => Answer::Unavailable("paused"),
        Err(InitiateError::Failed(_)) => Answer::Unavailable("unavailable"),
    }
}

/// The code of a key that belongs to another request.
pub(super) const KEY_REUSED: &str = "idempotency_key_reused";

fn part(answer: Result<Requested, PartError>) -> Answer {
    match answer {
        Ok(done) => requested(Ok(done)),
        Err(PartError::NotRequested(error)) => requested(Err(error)),
        Err(PartError::NotAnAmount(_)) => Answer::Refused("invalid_request", None),
        Err(PartError::AmountRefused(_)) => Answer::Refused("amount_not_supported", None),
    }
}

fn requested(made: Result<Requested, RequestError>) -> Answer {
    use domain::payment::Rejection;
    match made {
        Ok(Requested::Done(payment)) => Answer::Payment(Box::new(payment), Replay::No),
        Ok(Requested::Replayed(payment)) => Answer::Payment(Box::new(payment), Replay::Yes),
        Err(RequestError::NotFound) => Answer::Refused("not_found", None),
        Err(RequestError::Rejected(Rejection::IdempotencyKeyReused, _)) => Answer::Refused(KEY_REUSED, None),
        Err(RequestError::Rejected(Rejection::InProgress, payment)) => Answer::Refused("in_progress", Some(payment)),
        Err(RequestError::Rejected(_, payment)) => Answer::Refused("refused", Some(payment)),
        Err(RequestError::Paused(_)) => Answer::Unavailable("paused"),
        Err(RequestError::TooManyDeclines(_)) => Answer::Unavailable("rate_limited"),
        Err(RequestError::Failed(_)) => Answer::Unavailable("unavailable"),
    }
}

/// Somebody asks for a list.
pub(super) fn list(stage: &Arc<Stage>, wanted: Wanted) -> InvocationId {
    let (outer, limit) = (Arc::clone(stage), Duration::from_secs(29));
    stage.invoke(Operation::Payments, limit, move |invocation| {
        let machine = Machine::new(&outer, invocation, Operation::Payments, limit);
        Box::new(async move { Reply::Listed(payments(&WeatheredStore(&machine), &wanted).await) })
    })
}

/// A verified event arrives.
pub(super) fn receive(stage: &Arc<Stage>, event: GatewayEvent) -> InvocationId {
    let (outer, limit) = (Arc::clone(stage), Duration::from_secs(10));
    stage.invoke(Operation::Webhook, limit, move |invocation| {
        let machine = Machine::new(&outer, invocation, Operation::Webhook, limit);
        Box::new(async move { Reply::Webhook(planted::receive(&machine, event).await) })
    })
}

/// Messages of the retry queue arrive: one invocation, on one machine, that looks at all of their rows at once.
pub(super) fn look(stage: &Arc<Stage>, ids: Vec<RowId>) -> InvocationId {
    let limit = Duration::from_secs(60);
    let invocation = stage.begins(Operation::Retry);
    let machine = Machine::new(stage, invocation, Operation::Retry, limit);
    let verdicts = Arc::new(Mutex::new(vec![None; ids.len()]));
    for (place, id) in ids.into_iter().enumerate() {
        let (machine, verdicts) = (machine.for_a_record(), Arc::clone(&verdicts));
        let record = async move {
            let (store, gateway) = (planted::store(&machine), planted::gateway(&machine));
            let looked = match &id {
                RowId::Payment(id) => retry(&machine, &store, &gateway, id).await.map(drop),
                RowId::Dispute(id) => {
                    let people = InOneGo(&machine.stage.people);
                    retry_dispute(&machine, &store, &gateway, &people, id).await.map(drop)
                }
                // Nobody warns of fraud here.
                RowId::Warning(_) => Ok(()),
                // And nobody is told of anything.
                RowId::Delivery(_) => Ok(()),
            };
            let mut verdicts = verdicts.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(verdict) = verdicts.get_mut(place) {
                *verdict = Some(looked);
            }
            // The last one answers for all.
            if let Some(verdicts) = verdicts.iter().cloned().collect() {
                machine.stage.replied(invocation, Reply::Retry(verdicts));
            }
        };
        stage.goes_on(invocation, limit, Box::pin(record));
    }
    invocation
}

/// The minute's sweep is started.
pub(super) fn sweep_once(stage: &Arc<Stage>) -> InvocationId {
    let (outer, limit) = (Arc::clone(stage), Duration::from_secs(30));
    stage.invoke(Operation::Sweep, limit, move |invocation| {
        let machine = Machine::new(&outer, invocation, Operation::Sweep, limit);
        Box::new(async move {
            let (store, queue) = (planted::store(&machine), WeatheredQueue(&machine));
            // Whether it could be done at all is for its alarm; the next one comes in a minute.
            drop(sweep(&machine, &store, &queue).await);
            Reply::Swept
        })
    })
}
