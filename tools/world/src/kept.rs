//! What was sent and may outlive its sender: an operation only lends what it writes and asks for, and whatever arrives after it
//! was killed must still be there.

use domain::{
    dispute::Dispute,
    gateway::Gateway as GatewayName,
    id::{RequestHash, TransactionId},
    payment::{Payment, Terms},
};
use flow::ports::{Actor, OpenRequest, Write, WriterToken, dispute};

/// A write that may outlive its sender.
pub(crate) struct KeptWrite {
    pub(crate) payment: Payment,
    event: String,
    why: Option<String>,
    actor: Actor,
    writer: WriterToken,
}

impl KeptWrite {
    pub(crate) fn of(write: &Write<'_>) -> Self {
        Self {
            payment: write.payment.clone(),
            event: write.event.to_owned(),
            why: write.why.map(str::to_owned),
            actor: write.actor.clone(),
            writer: write.writer,
        }
    }

    pub(crate) fn write(&self) -> Write<'_> {
        let why = self.why.as_deref();
        Write { payment: &self.payment, event: &self.event, why, actor: &self.actor, writer: self.writer }
    }
}

/// A write of a dispute that may outlive its sender.
pub(crate) struct KeptDisputeWrite {
    pub(crate) dispute: Dispute,
    event: String,
    why: Option<String>,
    actor: Actor,
    writer: WriterToken,
}

impl KeptDisputeWrite {
    pub(crate) fn of(write: &dispute::Write<'_>) -> Self {
        Self {
            dispute: write.dispute.clone(),
            event: write.event.to_owned(),
            why: write.why.map(str::to_owned),
            actor: write.actor.clone(),
            writer: write.writer,
        }
    }

    pub(crate) fn write(&self) -> dispute::Write<'_> {
        let why = self.why.as_deref();
        dispute::Write { dispute: &self.dispute, event: &self.event, why, actor: &self.actor, writer: self.writer }
    }
}

/// An opening request that may outlive its sender.
pub(crate) struct KeptOpening {
    id: TransactionId,
    gateway: GatewayName,
    terms: Terms,
    request_hash: RequestHash,
    round: u32,
}

impl KeptOpening {
    pub(crate) fn of(request: &OpenRequest<'_>) -> Self {
        let OpenRequest { id, gateway, terms, request_hash, round } = *request;
        Self { id: id.clone(), gateway, terms: terms.clone(), request_hash, round }
    }

    pub(crate) const fn request(&self) -> OpenRequest<'_> {
        OpenRequest {
            id: &self.id,
            gateway: self.gateway,
            terms: &self.terms,
            request_hash: self.request_hash,
            round: self.round,
        }
    }
}
