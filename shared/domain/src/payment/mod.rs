//! A payment: one wish to move an amount from a payer to the merchant.
//!
//! - [`decide`] answers a [`Command`]: what somebody wants done.
//! - [`judge`] weighs [`Evidence`]: what the gateway says about its own object. Only evidence moves a payment to its end.
//!   [`judge_refund`] weighs [`RefundEvidence`]: what it says about money that went back.
//! - [`apply`] moves the payment along by the [`Event`] that either of them made. Nothing else changes a payment.

mod act;
mod apply;
mod attempt;
mod automatic;
mod command;
mod decide;
mod dispute;
mod due;
mod event;
mod judge;
mod judge_refund;
mod reattempt;
mod refund;
mod state;
mod terms;
mod warning;

pub use act::{Act, ActKind, ActProgress, CancelReason, End};
pub use apply::apply;
pub use attempt::{Attempt, AttemptProgress, AttemptResult, AttemptSource, Instrument};
pub use command::{CancelRequest, CaptureRequest, Command, ConfirmRequest, RefundRequest, Rejection};
pub use decide::{Decision, decide};
pub use dispute::{DISPUTES_MAX, Disputed, PaymentDispute, judge_dispute};
pub use event::{AfterDecline, Event, Fact};
pub use judge::{Evidence, Judgement, Source, judge};
pub use judge_refund::{RefundEvidence, judge_refund};
pub use reattempt::{Reattempt, ReattemptRefusal, Ruling};
pub use refund::{Cause, Refund, RefundProgress, RefundReason, RefundSource};
pub use state::{PaymentState, ProcessingReason, Status};
pub use terms::{CaptureMethod, Confirmation, Terms};
pub use warning::{PaymentWarning, WARNINGS_MAX, judge_warning};

use crate::{
    gateway::{Charge, Gateway, Mode, NextAction},
    id::{AttemptNumber, IdempotencyKey, RefundId, RequestHash, TransactionId},
    money::Money,
    schedule::{Limits, refund_watch},
    text::{ClientSecret, GatewayToken, WebUrl},
    time::{Now, Timestamp},
};

/// As many attempts as a row records. Beyond them confirming is refused.
pub const ATTEMPTS_MAX: usize = 20;
/// As many captures, cancels and the like as a row records.
pub const ACTS_MAX: usize = 20;
/// As many refunds as a client may ask for. Those that are made at the gateway, or by itself, are recorded beyond it too.
pub const REFUNDS_MAX: usize = 50;

/// One payment, as its row says it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Its public id.
    pub id: TransactionId,
    /// Whose object it is.
    pub gateway: Gateway,
    /// Real money or not.
    pub mode: Mode,
    /// The gateway's name for the one object that may move this payment's money.
    pub object: GatewayToken,
    /// What the payer's browser needs to work on that object.
    pub client_secret: Option<ClientSecret>,
    /// Where the payer approves that object, at a gateway where that comes first (PayPal).
    pub payer_url: Option<WebUrl>,
    /// Tells a replay of the opening request from a reuse of its key.
    pub request_hash: RequestHash,
    /// What the merchant asked for. Never changes.
    pub terms: Terms,
    /// Where it stands.
    pub state: PaymentState,
    /// The tries at confirming it, oldest first.
    pub attempts: Vec<Attempt>,
    /// Captures, cancels and ends, oldest first; at most the last is open.
    pub acts: Vec<Act>,
    /// The charge on its object, as far as the gateway has shown it.
    pub charge: Option<Charge>,
    /// Money that goes back, oldest first.
    pub refunds: Vec<Refund>,
    /// Its disputes, as far as a refund must know of them.
    pub disputes: Vec<PaymentDispute>,
    /// What a bank has said of fraud, oldest first.
    pub warnings: Vec<PaymentWarning>,
    /// What a person must see; see [`Payment::review`].
    pub attention: Option<Review>,
    /// Since when a person must see, besides that, that nobody knows what came of a refund. It goes when that is known, and what stands
    /// beside it stays.
    pub refund_unknown: Option<Timestamp>,
    /// Whether it is owed a look at its end: of a succeeded payment at its refunds, of which the gateway said that there are
    /// some, and not which; of another at its object, on which a request of ours may still arrive.
    pub look_owed: bool,
    /// How often it was looked at, after it had succeeded, for what its charge came to, and the gateway did not tell.
    pub settlement_looks: u32,
    /// When somebody must look at it again.
    pub due: Option<Timestamp>,
    /// Looks and tries since the state last changed: the longer nothing happens, the rarer they become.
    pub rounds: u32,
    /// When the row was created.
    pub created_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
    /// When the payer's time is over.
    pub expires_at: Timestamp,
    /// Counts the changes; every write is conditional on it.
    pub version: u64,
}

/// A mark that a person must look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Review {
    /// Since when.
    pub since: Timestamp,
    /// What for.
    pub reason: ReviewReason,
}

/// What a person must look at, from the least grave to the gravest: a row shows the gravest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReviewReason {
    /// So many rounds, and still nobody knows.
    OutcomeUnknown,
    /// The gateway uses a word we do not know.
    UnrecognizedStatus,
    /// The gateway remembers one of our keys with another request: a fault of ours.
    KeyMismatch,
    /// The gateway's object is for other money, another currency or another mode than the row.
    ObjectMismatch,
    /// Somebody who may have made it up says that money stands on another object that bears the payment's id.
    MoneyElsewhereClaimed,
    /// Money stands on another object that bears the payment's id.
    MoneyElsewhere,
    /// Money moved after the payment had ended otherwise.
    LateSuccess,
    /// A refund that was made by itself has come to nothing, or nobody can say what came of it: whoever relies on it must know.
    AutomaticRefundFailed,
    /// Nobody knows what came of a refund, of a payment that a person had to look at anyway.
    RefundUnknown,
}

impl ReviewReason {
    /// All reasons, for tables and parsers.
    pub const ALL: [Self; 9] = [
        Self::OutcomeUnknown,
        Self::UnrecognizedStatus,
        Self::KeyMismatch,
        Self::ObjectMismatch,
        Self::MoneyElsewhereClaimed,
        Self::MoneyElsewhere,
        Self::LateSuccess,
        Self::AutomaticRefundFailed,
        Self::RefundUnknown,
    ];

    /// The word for it in answers and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OutcomeUnknown => "outcome_unknown",
            Self::ObjectMismatch => "object_mismatch",
            Self::UnrecognizedStatus => "unrecognized_status",
            Self::KeyMismatch => "key_mismatch",
            Self::MoneyElsewhereClaimed => "money_elsewhere_claimed",
            Self::MoneyElsewhere => "money_elsewhere",
            Self::LateSuccess => "late_success",
            Self::AutomaticRefundFailed => "automatic_refund_failed",
            Self::RefundUnknown => "refund_unknown",
        }
    }
}

/// What the gateway opened for a payment, once it has been compared with what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The payment's id.
    pub id: TransactionId,
    /// Whose object it is.
    pub gateway: Gateway,
    /// Real money or not.
    pub mode: Mode,
    /// The object.
    pub object: GatewayToken,
    /// What a browser needs to work on it.
    pub client_secret: Option<ClientSecret>,
    /// Where its payer approves it, at a gateway where that comes first.
    pub payer_url: Option<WebUrl>,
    /// The request's hash.
    pub request_hash: RequestHash,
    /// The request's terms.
    pub terms: Terms,
}

impl Payment {
    /// A payment whose object has been opened and that waits for its payer.
    #[must_use]
    pub fn open(opening: Opening, now: &Now) -> Self {
        let expires_at = now.at.plus(opening.terms.expires_in);
        let state = waits_at(opening.payer_url.as_ref());
        Self {
            id: opening.id,
            gateway: opening.gateway,
            mode: opening.mode,
            object: opening.object,
            client_secret: opening.client_secret,
            payer_url: opening.payer_url,
            request_hash: opening.request_hash,
            terms: opening.terms,
            state,
            attempts: Vec::new(),
            acts: Vec::new(),
            charge: None,
            refunds: Vec::new(),
            disputes: Vec::new(),
            warnings: Vec::new(),
            attention: None,
            refund_unknown: None,
            look_owed: false,
            settlement_looks: 0,
            due: Some(now.at.plus(now.limits.first_look).min(expires_at)),
            rounds: 0,
            created_at: now.at,
            updated_at: now.at,
            expires_at,
            version: 1,
        }
    }

    /// What a person must see first: the gravest there is.
    #[must_use]
    pub fn review(&self) -> Option<Review> {
        let refund = self.refund_unknown.map(|since| Review { since, reason: ReviewReason::RefundUnknown });
        refund.or(self.attention)
    }

    /// Where it stands while nothing is under way and nothing was paid.
    #[must_use]
    pub fn waiting(&self) -> PaymentState {
        waits_at(self.payer_url.as_ref())
    }

    /// Whether Quittance charges it by itself once its payer has approved. It does so once: after a decline, only the
    /// payer's next approval could change the answer, and an order does not tell one approval from another.
    #[must_use]
    pub fn confirms_itself(&self) -> bool {
        // What was asked for before the payer had approved says nothing about their approval.
        let was_too_early = |attempt: &Attempt| {
            matches!(attempt.source, AttemptSource::Api { .. })
                && attempt.progress == AttemptProgress::Closed(AttemptResult::NotCharged)
        };
        self.terms.confirmation == Confirmation::Automatic && self.attempts.iter().all(was_too_early)
    }

    /// Whether it is at its end, and no money was taken.
    #[must_use]
    pub const fn has_ended_without_money(&self) -> bool {
        match self.state {
            PaymentState::Failed | PaymentState::Canceled | PaymentState::Expired => true,
            PaymentState::RequiresPaymentMethod
            | PaymentState::Processing(_)
            | PaymentState::RequiresAction(_)
            | PaymentState::RequiresCapture { .. }
            | PaymentState::Succeeded { .. } => false,
        }
    }

    /// The attempt whose end is not known yet.
    #[must_use]
    pub fn open_attempt(&self) -> Option<&Attempt> {
        self.attempts.last().filter(|attempt| attempt.is_open())
    }

    /// The open attempt that no answer is known for: its request may still be on its way.
    #[must_use]
    pub fn unanswered_attempt(&self) -> Option<&Attempt> {
        self.open_attempt().filter(|attempt| attempt.progress == AttemptProgress::Unanswered)
    }

    /// An attempt by its number.
    #[must_use]
    pub fn attempt(&self, number: AttemptNumber) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.number == number)
    }

    /// The last attempt that was made for the client's confirm with this key: a scheduled re-attempt bears its key too.
    #[must_use]
    pub fn attempt_of(&self, key: &IdempotencyKey) -> Option<&Attempt> {
        self.attempts.iter().rev().find(|attempt| attempt.request_of(key).is_some())
    }

    /// The act of the client's capture with this key.
    #[must_use]
    pub fn capture_of(&self, key: &IdempotencyKey) -> Option<&Act> {
        self.acts.iter().find(|act| act.ends_as().is_none() && act.request_of(key).is_some())
    }

    /// The act of the client's cancel with this key.
    #[must_use]
    pub fn cancel_of(&self, key: &IdempotencyKey) -> Option<&Act> {
        self.acts.iter().find(|act| act.ends_as().is_some() && act.request_of(key).is_some())
    }

    /// The refund of the client's request with this key.
    #[must_use]
    pub fn refund_of(&self, key: &IdempotencyKey) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.request_of(key).is_some())
    }

    /// A refund by its id.
    #[must_use]
    pub fn refund(&self, id: &RefundId) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.id == *id)
    }

    /// The capture, cancel or end that is under way.
    #[must_use]
    pub fn open_act(&self) -> Option<&Act> {
        self.acts.last().filter(|act| act.progress == ActProgress::Open)
    }

    /// From when on a look may end the payment as the open act says, though its object does not end: where only our own
    /// request could move money and none is open, what was sent before the end was asked for must have had the time to be
    /// seen. None where the object's own end is waited for.
    pub(crate) fn quiet_from(&self, limits: Limits) -> Option<Timestamp> {
        let act = self.open_act().filter(|act| act.ends_as().is_some())?;
        if self.gateway.can_end_its_object() || self.holds_money() || self.open_attempt().is_some() {
            return None;
        }
        let was_sent = !self.attempts.is_empty();
        let in_flight = limits.gateway_timeout.saturating_mul(2);
        Some(if was_sent { act.started_at.plus(in_flight) } else { act.started_at })
    }

    /// Whether something of ours is under way whose outcome nobody knows: an attempt's charge, an act, or a refund.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.open_act().is_some()
            || self.state == PaymentState::Processing(ProcessingReason::OutcomeUnknown)
            || self.refunds.iter().any(Refund::is_in_doubt)
    }

    /// Whether somebody must still look for what its charge came to. That is worth a few looks and no person's time: where
    /// they were in vain, the gateway's own reports tell.
    #[must_use]
    pub fn settlement_is_owed(&self) -> bool {
        let is_told = self.charge.as_ref().is_some_and(|charge| charge.settlement.is_some());
        let has_succeeded = matches!(self.state, PaymentState::Succeeded { .. });
        has_succeeded && !is_told && self.settlement_looks < Limits::SETTLEMENT_LOOKS_MAX
    }

    /// Of a payment that has succeeded, whether somebody must look at its refunds: one of them is not at its end, or there are
    /// some that nobody has seen.
    #[must_use]
    pub fn awaits_refunds(&self) -> bool {
        self.look_owed || self.refunds.iter().any(Refund::is_under_way)
    }

    /// Of a payment that has succeeded, whether somebody has refunded by hand what may still come back. At Stripe nobody says so: the
    /// event of such a refund does not tell which payment it is of, and its charge has none for it. At PayPal it tells.
    #[must_use]
    pub fn watches_refunds(&self, at: Timestamp) -> bool {
        self.watched_since().is_some_and(|since| at.since(since) < Limits::REFUND_WATCH)
    }

    /// When somebody must look at those next.
    pub(crate) fn next_watch(&self, at: Timestamp) -> Option<Timestamp> {
        refund_watch(self.watched_since()?, at)
    }

    /// When the newest of them was first seen.
    fn watched_since(&self) -> Option<Timestamp> {
        let has_succeeded = matches!(self.state, PaymentState::Succeeded { .. });
        let may_come_back =
            |refund: &&Refund| refund.source == RefundSource::Gateway && refund.progress == RefundProgress::Succeeded;
        let watched = self.refunds.iter().filter(may_come_back).filter(|_| has_succeeded);
        watched.map(|refund| refund.started_at).max().filter(|_| self.gateway == Gateway::Stripe)
    }

    /// Of a payment that has succeeded, whether its refunds are waited for and could not be read, so many times that a person was asked.
    pub(crate) fn refunds_are_unread(&self) -> bool {
        let has_succeeded = matches!(self.state, PaymentState::Succeeded { .. });
        has_succeeded && self.awaits_refunds() && self.rounds >= Limits::ROUNDS_BEFORE_REVIEW
    }

    /// Whether charging it, or capturing what it holds, could take money that nobody owes: other money than the row says,
    /// or money that has been paid on another object. A person must look first.
    #[must_use]
    pub fn is_barred(&self) -> bool {
        self.attention.is_some_and(|review| match review.reason {
            ReviewReason::ObjectMismatch | ReviewReason::MoneyElsewhere => true,
            ReviewReason::OutcomeUnknown
            | ReviewReason::UnrecognizedStatus
            | ReviewReason::KeyMismatch
            | ReviewReason::MoneyElsewhereClaimed
            | ReviewReason::LateSuccess
            | ReviewReason::AutomaticRefundFailed
            | ReviewReason::RefundUnknown => false,
        })
    }

    /// The number the next attempt gets.
    #[must_use]
    pub fn next_attempt(&self) -> AttemptNumber {
        self.attempts.last().map_or(AttemptNumber::FIRST, |attempt| attempt.number.next())
    }

    /// Whether money is held or was taken.
    #[must_use]
    pub fn holds_money(&self) -> bool {
        self.captured().minor_units() > 0 || self.capturable().minor_units() > 0
    }

    /// How much has been captured.
    #[must_use]
    pub fn captured(&self) -> Money {
        match self.state {
            PaymentState::Succeeded { captured } => captured,
            PaymentState::RequiresPaymentMethod
            | PaymentState::Processing(_)
            | PaymentState::RequiresAction(_)
            | PaymentState::RequiresCapture { .. }
            | PaymentState::Failed
            | PaymentState::Canceled
            | PaymentState::Expired => Money::zero(self.terms.amount.currency()),
        }
    }

    /// How much has gone back to the payer.
    #[must_use]
    pub fn refunded(&self) -> Money {
        self.sum(|refund| refund.progress == RefundProgress::Succeeded)
    }

    /// How much may still be refunded: computed each time, and stored nowhere. A refund counts until it has failed,
    /// whoever made it, and though nobody knows what came of it; so does what a dispute holds.
    #[must_use]
    pub fn refundable(&self) -> Money {
        rest(self.not_refunded(), self.disputed())
    }

    /// How much was captured and has not gone back.
    #[must_use]
    pub(crate) fn not_refunded(&self) -> Money {
        rest(self.captured(), self.sum(Refund::reserves))
    }

    /// How much its disputes hold, or have taken.
    #[must_use]
    pub fn disputed(&self) -> Money {
        self.total(self.disputes.iter().filter_map(|dispute| dispute.holds(self.captured())))
    }

    fn sum(&self, counts: impl Fn(&Refund) -> bool) -> Money {
        self.total(self.refunds.iter().filter(|refund| counts(refund)).map(|refund| refund.amount))
    }

    /// Of amounts in the payment's currency; a sum that cannot be written down is more than there is.
    fn total(&self, amounts: impl Iterator<Item = Money>) -> Money {
        let nothing = Money::zero(self.terms.amount.currency());
        amounts.fold(nothing, |sum, amount| sum.checked_add(amount).unwrap_or(sum))
    }

    /// How much may still be captured.
    #[must_use]
    pub fn capturable(&self) -> Money {
        match self.state {
            PaymentState::RequiresCapture { capturable } => capturable,
            PaymentState::RequiresPaymentMethod
            | PaymentState::Processing(_)
            | PaymentState::RequiresAction(_)
            | PaymentState::Succeeded { .. }
            | PaymentState::Failed
            | PaymentState::Canceled
            | PaymentState::Expired => Money::zero(self.terms.amount.currency()),
        }
    }
}

/// What is left of `all` without `taken`, never below nothing.
fn rest(all: Money, taken: Money) -> Money {
    all.less(taken).unwrap_or_else(|_| Money::zero(all.currency()))
}

/// A payer who approves first has somewhere to go from the beginning; any other brings a way to pay.
fn waits_at(payer_url: Option<&WebUrl>) -> PaymentState {
    payer_url.map_or(PaymentState::RequiresPaymentMethod, |url| {
        PaymentState::RequiresAction(NextAction::Redirect(url.clone()))
    })
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]
mod tests;
