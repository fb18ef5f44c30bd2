//! One try at confirming a payment, with everything that its request is built from: whoever finds the row can send
//! the same bytes again.

use crate::{
    decline::Decline,
    gateway::Gateway,
    id::{AttemptNumber, IdempotencyKey, RequestHash},
    schedule::Limits,
    text::{GatewayToken, WebUrl},
    time::Timestamp,
};

/// One try at confirming a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which try it is.
    pub number: AttemptNumber,
    /// Who made it.
    pub source: AttemptSource,
    /// When it was written down: before its request left.
    pub started_at: Timestamp,
    /// How far it has come.
    pub progress: AttemptProgress,
}

/// Who made an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptSource {
    /// A client of ours, by POST /payment/confirm.
    Api {
        /// The client's key for that request.
        key: IdempotencyKey,
        /// The hash of that request.
        request_hash: RequestHash,
        /// What is charged.
        instrument: Instrument,
        /// Where the payer goes after a redirect, if it differs from the payment's.
        return_url: Option<WebUrl>,
        /// Whether the payer is there.
        off_session: bool,
        /// The version of the gateway's API that the request was written for.
        api_version: String,
    },
    /// Quittance itself, as soon as the payer had approved.
    Automatic,
    /// The payer's browser, directly at the gateway. We hear of it afterwards.
    Gateway,
}

/// What is charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instrument {
    /// A payment method the gateway knows.
    PaymentMethod(GatewayToken),
    /// What the payer's browser made of its form, for one use.
    ConfirmationToken(GatewayToken),
    /// Whatever the gateway's object already has (PayPal: the approved order).
    Approved,
}

/// How far an attempt has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptProgress {
    /// Its request may have been served or not; nobody knows.
    Unanswered,
    /// Its own key has been answered; what came of it is still open (a payer, a slow bank).
    Answered,
    /// It is over.
    Closed(AttemptResult),
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptResult {
    /// The charge was made, or the money held, while this was the open attempt.
    Charged,
    /// Its own key said that it was declined.
    Declined(Decline),
    /// It did not charge.
    NotCharged,
}

impl Attempt {
    /// The hash of the client's request that it was made for, if that bore this key.
    #[must_use]
    pub fn request_of(&self, wanted: &IdempotencyKey) -> Option<RequestHash> {
        match &self.source {
            AttemptSource::Api { key, request_hash, .. } if key == wanted => Some(*request_hash),
            AttemptSource::Api { .. } | AttemptSource::Automatic | AttemptSource::Gateway => None,
        }
    }

    /// Whether its end is not known yet.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        match self.progress {
            AttemptProgress::Unanswered | AttemptProgress::Answered => true,
            AttemptProgress::Closed(_) => false,
        }
    }

    /// Whether its gateway key may still be sent: well before the gateway forgets it (E9).
    #[must_use]
    pub fn key_is_young(&self, gateway: Gateway, at: Timestamp) -> bool {
        at.since(self.started_at) < Limits::key_young(gateway)
    }

    /// Whether its request may still arrive at the gateway, though nobody sends it any more: what the gateway shows
    /// meanwhile is not yet what came of it (E5).
    #[must_use]
    pub fn may_arrive(&self, gateway: Gateway, at: Timestamp) -> bool {
        at.since(self.started_at) < Limits::key_young(gateway).saturating_add(Limits::ON_ITS_WAY)
    }

    /// The decline that ended it.
    #[must_use]
    pub const fn decline(&self) -> Option<&Decline> {
        match &self.progress {
            AttemptProgress::Closed(AttemptResult::Declined(decline)) => Some(decline),
            AttemptProgress::Closed(AttemptResult::Charged | AttemptResult::NotCharged)
            | AttemptProgress::Unanswered
            | AttemptProgress::Answered => None,
        }
    }

    /// Whether the payer was away when it was made.
    #[must_use]
    pub const fn is_off_session(&self) -> bool {
        match &self.source {
            AttemptSource::Api { off_session, .. } => *off_session,
            AttemptSource::Automatic | AttemptSource::Gateway => false,
        }
    }
}
