//! What somebody does: each operation with the ports that its function is handed, on a wire, and what the caller is told.

use domain::{
    dispute::{self, Dispute, DisputeId, Request},
    id::{RequestHash, TransactionId},
    payment::{CancelRequest, ConfirmRequest, Payment, Rejection},
};
use flow::{
    operations::{
        cancel::cancel,
        capture::{Wish, capture},
        confirm::confirm,
        dispute::{self as disputes, DisputeError},
        initiate::{InitiateError, InitiateRequest, Initiated, initiate},
        refund::{self, refund},
        retry::{retry, retry_dispute},
        status::status,
        sweep::sweep,
        webhook::{GatewayEvent, Received, webhook},
    },
    ports::Error,
    steps::{PartError, RequestError, Requested},
};

use super::{
    house::House,
    wire::{Ports, Wire},
};
use crate::{
    gateway::SimGateway,
    people::InOneGo,
    shop::{client, rules},
    simulation::coverage::Operation,
    turns,
};

/// What somebody does.
#[derive(Debug, Clone)]
pub enum Deed {
    /// POST /payment/initiate
    Initiate(Box<InitiateRequest>),
    /// POST /payment/confirm
    Confirm(Box<ConfirmRequest>),
    /// POST /payment/capture
    Capture(Wish),
    /// POST /payment/cancel
    Cancel(CancelRequest),
    /// POST /payment/refund
    Refund(refund::Wish),
    /// GET /payment/status
    Status,
    /// The gateway delivers an event.
    Webhook(Box<GatewayEvent>),
    /// The row falls due, however long that takes, and somebody looks at it.
    Retry,
    /// The row falls due, and the minute's sweep comes.
    Sweep,
    /// POST /disputes/{id}/evidence
    Evidence(Request, disputes::Wish),
    /// POST /disputes/{id}/accept
    Accept(Request),
    /// The dispute falls due, and somebody looks at it.
    LookAtDispute,
}

/// What whoever did it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The payment: it was done, or had been done before.
    Payment(Box<Payment>, Hand),
    /// Why it was not done.
    Refused(&'static str),
    /// Try again: 5xx, or a message that is not taken out of the queue.
    Failed(String),
    /// The dispute: it was done, or had been done before.
    Dispute(Box<Dispute>, Hand),
    /// What became of an event.
    Received(Received),
    /// That it was done.
    Done,
    /// Nothing: the function was killed.
    Nothing,
}

/// Whether a request was carried out now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// It was.
    First,
    /// It had been before.
    Replayed,
}

/// The code of a key that belongs to another request.
pub(super) const KEY_REUSED: &str = "idempotency_key_reused";

impl Deed {
    /// Which operation it is.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Initiate(_) => Operation::Initiate,
            Self::Confirm(_) => Operation::Confirm,
            Self::Capture(_) => Operation::Capture,
            Self::Cancel(_) => Operation::Cancel,
            Self::Refund(_) => Operation::Refund,
            Self::Status => Operation::Status,
            Self::Webhook(_) => Operation::Webhook,
            Self::Retry => Operation::Retry,
            Self::Sweep => Operation::Sweep,
            Self::Evidence(..) => Operation::Evidence,
            Self::Accept(_) => Operation::Accept,
            Self::LookAtDispute => Operation::Retry,
        }
    }

    /// Does it, until it is done or its function is killed.
    pub(super) async fn done(&self, house: &House, wire: &Wire) -> Told {
        let ports = Ports { house, wire, operation: self.operation() };
        wire.until_killed(self.run(&ports, &house.id)).await.unwrap_or(Told::Nothing)
    }

    async fn run(&self, ports: &Ports<'_>, id: &TransactionId) -> Told {
        let (host, house) = (ports.house.shop.host(), ports.house);
        match self.clone() {
            Self::Initiate(request) => {
                let people = InOneGo(ports.house.shop.people());
                initiated(initiate(host, ports, ports, &people, &rules(), *request).await)
            }
            Self::Confirm(request) => requested(confirm(host, ports, ports, ports, id, *request, &client()).await),
            Self::Capture(wish) => part(capture(host, ports, ports, ports, id, wish, &client()).await),
            Self::Cancel(request) => requested(cancel(host, ports, ports, ports, id, request, &client()).await),
            Self::Refund(wish) => part(refund(host, ports, ports, ports, id, wish, &client()).await),
            Self::Status => match status(ports, id).await {
                Ok(Some(payment)) => Told::Payment(Box::new(payment), Hand::First),
                Ok(None) => Told::Refused("not_found"),
                Err(error) => failed(&error),
            },
            Self::Webhook(event) => match webhook(host, ports, ports, SimGateway::MODE, *event).await {
                Ok(received) => Told::Received(received),
                Err(error) => failed(&error),
            },
            Self::Retry => {
                turns::pass().await;
                house.is_due();
                turns::pass().await;
                retry(host, ports, ports, id).await.map_or_else(|error| failed(&error), |_| Told::Done)
            }
            Self::Sweep => {
                turns::pass().await;
                house.is_due();
                turns::pass().await;
                sweep(host, ports, ports).await.map_or_else(|error| failed(&error), |_| Told::Done)
            }
            Self::Evidence(..) | Self::Accept(_) | Self::LookAtDispute => match &house.dispute {
                Some(id) => self.about_dispute(ports, id).await,
                None => Told::Refused("not_found"),
            },
        }
    }

    async fn about_dispute(&self, ports: &Ports<'_>, id: &DisputeId) -> Told {
        let (host, house) = (ports.house.shop.host(), ports.house);
        let (actor, people) = (client(), InOneGo(house.shop.people()));
        if let Self::Evidence(request, wish) = self.clone() {
            let asked = disputes::Asked { id, request: &request, actor: &actor };
            return answered(disputes::evidence(host, ports, ports, ports, &people, asked, wish).await);
        }
        if let Self::Accept(request) = self.clone() {
            let asked = disputes::Asked { id, request: &request, actor: &actor };
            return answered(disputes::accept(host, ports, ports, ports, &people, asked).await);
        }
        turns::pass().await;
        house.dispute_is_due();
        turns::pass().await;
        retry_dispute(host, ports, ports, &people, id).await.map_or_else(|error| failed(&error), |_| Told::Done)
    }

    /// The same request with another body under the same key, if it has a key and `row` has taken it.
    pub(super) fn with_another_body(&self, row: &Payment) -> Option<Self> {
        let other = RequestHash::of([("another", "body")]);
        match self.clone() {
            Self::Initiate(mut request) => {
                request.request_hash = other;
                Some(Self::Initiate(request))
            }
            Self::Confirm(mut request) => {
                request.request_hash = other;
                row.attempt_of(&request.key).is_some().then_some(Self::Confirm(request))
            }
            Self::Capture(mut wish) => {
                wish.request_hash = other;
                row.capture_of(&wish.key).is_some().then_some(Self::Capture(wish))
            }
            Self::Cancel(mut request) => {
                request.request_hash = other;
                row.cancel_of(&request.key).is_some().then_some(Self::Cancel(request))
            }
            Self::Refund(mut wish) => {
                wish.request_hash = other;
                row.refund_of(&wish.key).is_some().then_some(Self::Refund(wish))
            }
            Self::Status
            | Self::Webhook(_)
            | Self::Retry
            | Self::Sweep
            | Self::Evidence(..)
            | Self::Accept(_)
            | Self::LookAtDispute => None,
        }
    }
}

impl Told {
    /// Whether it was done, now or before.
    #[must_use]
    pub const fn is_well(&self) -> bool {
        match self {
            Self::Payment(..) | Self::Dispute(..) | Self::Received(_) | Self::Done => true,
            Self::Refused(_) | Self::Failed(_) | Self::Nothing => false,
        }
    }
}

fn failed(error: &Error) -> Told {
    Told::Failed(error.to_string())
}

fn initiated(made: Result<Initiated, InitiateError>) -> Told {
    match made {
        Ok(Initiated::Created(payment)) => Told::Payment(Box::new(payment), Hand::First),
        Ok(Initiated::Replayed(payment)) => Told::Payment(Box::new(payment), Hand::Replayed),
        Err(InitiateError::KeyReused) => Told::Refused(KEY_REUSED),
        Err(InitiateError::AmountRefused(_) | InitiateError::OutOfLimits(_)) => Told::Refused("amount"),
        Err(InitiateError::Refused { .. }) => Told::Refused("gateway_refused"),
        Err(InitiateError::GatewayUnavailable(why)) => Told::Failed(why.to_owned()),
        Err(InitiateError::Paused(_)) => Told::Refused("paused"),
        Err(InitiateError::Failed(error)) => failed(&error),
    }
}

fn part(answer: Result<Requested, PartError>) -> Told {
    match answer {
        Ok(done) => requested(Ok(done)),
        Err(PartError::NotRequested(error)) => requested(Err(error)),
        Err(PartError::NotAnAmount(_) | PartError::AmountRefused(_)) => Told::Refused("amount"),
    }
}

fn answered(made: Result<disputes::Requested, DisputeError>) -> Told {
    match made {
        Ok(disputes::Requested::Done(dispute)) => Told::Dispute(Box::new(dispute), Hand::First),
        Ok(disputes::Requested::Replayed(dispute)) => Told::Dispute(Box::new(dispute), Hand::Replayed),
        Err(DisputeError::NotFound) => Told::Refused("not_found"),
        Err(DisputeError::PapersRefused(_)) => Told::Refused("papers"),
        Err(DisputeError::Rejected(dispute::Rejection::IdempotencyKeyReused, _)) => Told::Refused(KEY_REUSED),
        Err(DisputeError::Rejected(..)) => Told::Refused("refused"),
        Err(DisputeError::Paused(_)) => Told::Refused("paused"),
        Err(DisputeError::Failed(error)) => failed(&error),
    }
}

fn requested(made: Result<Requested, RequestError>) -> Told {
    match made {
        Ok(Requested::Done(payment)) => Told::Payment(Box::new(payment), Hand::First),
        Ok(Requested::Replayed(payment)) => Told::Payment(Box::new(payment), Hand::Replayed),
        Err(RequestError::NotFound) => Told::Refused("not_found"),
        Err(RequestError::Rejected(Rejection::IdempotencyKeyReused, _)) => Told::Refused(KEY_REUSED),
        Err(RequestError::Rejected(Rejection::InProgress, _)) => Told::Refused("in_progress"),
        Err(RequestError::Rejected(..)) => Told::Refused("refused"),
        Err(RequestError::Paused(_)) => Told::Refused("paused"),
        Err(RequestError::TooManyDeclines(_)) => Told::Refused("rate_limited"),
        Err(RequestError::Failed(error)) => failed(&error),
    }
}
