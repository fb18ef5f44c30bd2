//! What was sent and may outlive its sender: an operation only lends what it writes and asks for, and whatever arrives after it
//! was killed must still be there.

use domain::{
    dispute::Dispute,
    gateway::{EvidenceKind, Gateway as GatewayName, RequestId},
    id::{RequestHash, TransactionId},
    payment::{Payment, Terms},
};
use flow::ports::{Actor, Cause, Grounds, OpenRequest, Write, WriterToken, dispute};

/// A write that may outlive its sender.
pub(crate) struct KeptWrite {
    pub(crate) payment: Payment,
    cause: KeptCause,
    actor: Actor,
    writer: WriterToken,
}

impl KeptWrite {
    pub(crate) fn of(write: &Write<'_>) -> Self {
        Self {
            payment: write.payment.clone(),
            cause: KeptCause::of(&write.cause),
            actor: write.actor.clone(),
            writer: write.writer,
        }
    }

    pub(crate) fn write(&self) -> Write<'_> {
        Write { payment: &self.payment, cause: self.cause.cause(), actor: &self.actor, writer: self.writer }
    }
}

/// A write of a dispute that may outlive its sender.
pub(crate) struct KeptDisputeWrite {
    pub(crate) dispute: Dispute,
    cause: KeptCause,
    actor: Actor,
    writer: WriterToken,
}

impl KeptDisputeWrite {
    pub(crate) fn of(write: &dispute::Write<'_>) -> Self {
        Self {
            dispute: write.dispute.clone(),
            cause: KeptCause::of(&write.cause),
            actor: write.actor.clone(),
            writer: write.writer,
        }
    }

    pub(crate) fn write(&self) -> dispute::Write<'_> {
        let cause = self.cause.cause();
        dispute::Write { dispute: &self.dispute, cause, actor: &self.actor, writer: self.writer }
    }
}

/// What made a write.
struct KeptCause {
    what: String,
    why: Option<String>,
    evidence: Option<EvidenceKind>,
    request_id: Option<RequestId>,
}

impl KeptCause {
    fn of(cause: &Cause<'_>) -> Self {
        let Grounds { evidence, request_id } = cause.grounds;
        let (what, why) = (cause.what.to_owned(), cause.why.map(str::to_owned));
        Self { what, why, evidence, request_id: request_id.cloned() }
    }

    fn cause(&self) -> Cause<'_> {
        let grounds = Grounds { evidence: self.evidence, request_id: self.request_id.as_ref() };
        Cause { what: &self.what, why: self.why.as_deref(), grounds }
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
