//! Weighs what the gateway says about money that went back. The rules of [`super::judge`] hold here too; what differs
//! is that a refund has its own object, which is found by our id on it and never by its amount.
//!
//! - A refund moves only from pending to succeeded to failed or canceled, so that an old snapshot of one harms nobody.
//! - What its own request came to is told by its own answer, or by its object. That it is *not there* counts only from a
//!   list made after loading the version that the commit is conditional on, and even then it may still be on its way: it
//!   is sent again under its young key, and where that cannot be, a person is asked.

use super::{
    Fact, Judgement, Payment, PaymentState, Refund, RefundProgress, RefundSource, ReviewReason, apply::reserve,
    decide::happened,
};
use crate::{
    gateway::{EvidenceKind, Hand, RefundOutcome, RefundSnapshot, RefundStatus, UnknownReason},
    id::RefundId,
    money::Money,
    schedule::Limits,
    text::GatewayToken,
    time::Now,
};

/// What the gateway said about refunds, and how we came by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundEvidence {
    /// The answer to a refund's own request.
    Answered {
        /// Whose.
        id: RefundId,
        /// Whether the answer, or the request, is fresh.
        hand: Hand,
        /// What it says.
        outcome: RefundOutcome,
    },
    /// Some refunds as an event, or an old list, shows them.
    Seen(Vec<RefundSnapshot>),
    /// All refunds of the object, as a look that was made after loading shows them.
    Listed(Vec<RefundSnapshot>),
    /// A list of all refunds of the object, made after loading, does not have it.
    Absent {
        /// Which.
        id: RefundId,
    },
    /// The refunds could not be looked at.
    Unseen(UnknownReason),
    /// An event that says that there are refunds, and not which.
    Hinted,
}

impl RefundEvidence {
    /// What is written down of how we came by it.
    #[must_use]
    pub const fn kind(&self) -> EvidenceKind {
        match self {
            Self::Answered { hand, .. } => hand.evidence(),
            Self::Listed(_) | Self::Absent { .. } | Self::Unseen(_) => EvidenceKind::List,
            Self::Seen(_) | Self::Hinted => EvidenceKind::Event,
        }
    }
}

/// Weighs `evidence` about the refunds of `payment`.
#[must_use]
pub fn judge_refund(payment: &Payment, evidence: &RefundEvidence, now: &Now) -> Judgement {
    let case = Case { payment, now };
    match evidence {
        RefundEvidence::Answered { id, hand, outcome } => {
            payment.refund(id).map_or(Judgement::Nothing, |refund| case.answered(refund, *hand, outcome))
        }
        RefundEvidence::Seen(snapshots) => case.seen(snapshots),
        RefundEvidence::Listed(snapshots) => case.listed(snapshots),
        RefundEvidence::Absent { id } => payment.refund(id).map_or(Judgement::Nothing, |refund| case.absent(refund)),
        RefundEvidence::Unseen(reason) => case.still_unknown(*reason),
        RefundEvidence::Hinted => case.hinted(),
    }
}

/// What refunds at the gateway tell.
struct News {
    /// Those that have come further than the row says.
    moved: Vec<Refund>,
    /// What a person must look at.
    odd: Option<ReviewReason>,
}

/// One piece of evidence against one version of a payment.
#[derive(Clone, Copy)]
struct Case<'a> {
    payment: &'a Payment,
    now: &'a Now,
}

impl Case<'_> {
    fn answered(self, refund: &Refund, hand: Hand, outcome: &RefundOutcome) -> Judgement {
        match outcome {
            RefundOutcome::Refund(snapshot) if snapshot.id.as_ref() == Some(&refund.id) => {
                self.seen(std::slice::from_ref(snapshot))
            }
            // An answer to a request for our refund that shows another one is no answer.
            RefundOutcome::Refund(_) if refund.is_in_doubt() => self.still_unknown(UnknownReason::Unreadable),
            RefundOutcome::Refused { code } if refund.progress == RefundProgress::Unanswered => {
                let code = code.clone();
                self.moved(
                    refund,
                    match hand {
                        Hand::First => RefundProgress::Failed { code },
                        // A refusal that may be of a second sending proves that the key was answered, and no more.
                        Hand::Replayed => RefundProgress::Answered { refusal: Some(code) },
                    },
                )
            }
            // A failure that the gateway remembers: it will never be anything else under this key.
            RefundOutcome::Unknown(reason)
                if hand == Hand::Replayed
                    && *reason != UnknownReason::KeyMismatch
                    && refund.progress == RefundProgress::Unanswered =>
            {
                self.moved(refund, RefundProgress::Answered { refusal: None })
            }
            RefundOutcome::Unknown(reason) if refund.is_in_doubt() => self.still_unknown(*reason),
            RefundOutcome::Refund(_) | RefundOutcome::Refused { .. } | RefundOutcome::Unknown(_) => Judgement::Nothing,
        }
    }

    fn seen(self, snapshots: &[RefundSnapshot]) -> Judgement {
        if !snapshots.is_empty() && snapshots.iter().all(|snapshot| snapshot.object != self.payment.object) {
            return Judgement::Foreign { holds_money: false, review: None };
        }
        let News { moved, odd } = self.news(snapshots);
        let told = self.payment.attention.map(|review| review.reason);
        let (fact, review) = match odd.filter(|reason| told.is_none_or(|told| told < *reason)) {
            None if moved.is_empty() => return Judgement::Nothing,
            Some(reason) if moved.is_empty() => (Fact::ReviewAsked, Some(reason)),
            review => (Fact::RefundsMoved(moved), review),
        };
        self.change(fact, review)
    }

    /// One write for all that is new, so that a crash in between loses none of it.
    fn listed(self, snapshots: &[RefundSnapshot]) -> Judgement {
        let News { moved, odd } = self.news(snapshots);
        self.change(if moved.is_empty() { Fact::Looked } else { Fact::RefundsCompared(moved) }, odd)
    }

    fn news(self, snapshots: &[RefundSnapshot]) -> News {
        let mut news = News { moved: Vec::new(), odd: None };
        let mut after = self.payment.clone();
        for snapshot in snapshots.iter().filter(|snapshot| snapshot.object == self.payment.object) {
            // What one of them has shown, the next is compared with: of two that bear one id, one is ours.
            match (Case { payment: &after, now: self.now }).compared(snapshot) {
                Ok(moved) => {
                    moved.iter().for_each(|refund| reserve(&mut after, refund));
                    news.moved.extend(moved);
                }
                Err(reason) => news.odd = news.odd.max(Some(reason)),
            }
        }
        news.odd = news.odd.max(self.come_to_nothing(&news.moved));
        news
    }

    /// A refund that was made by itself has nobody who waits for it: if it comes to nothing and the money has not gone back otherwise,
    /// a person is told.
    fn come_to_nothing(self, moved: &[Refund]) -> Option<ReviewReason> {
        let mut after = self.payment.clone();
        moved.iter().for_each(|refund| reserve(&mut after, refund));
        let is_nothing = |refund: &Refund| {
            matches!(refund.source, RefundSource::Automatic(_))
                && !refund.reserves()
                && after.refundable().minor_units() > 0
        };
        moved.iter().any(is_nothing).then_some(ReviewReason::AutomaticRefundFailed)
    }

    /// The refund as it has come to stand, if that is new; else what a person must see.
    fn compared(self, snapshot: &RefundSnapshot) -> Result<Option<Refund>, ReviewReason> {
        let currency = self.payment.terms.amount.currency();
        let amount = Money::payable(snapshot.amount_minor_units, currency).ok();
        let amount = amount.filter(|_| snapshot.currency == Some(currency)).ok_or(ReviewReason::ObjectMismatch)?;
        if let RefundStatus::Unrecognized(_) = snapshot.status {
            return Err(ReviewReason::UnrecognizedStatus);
        }
        let by_reference = |refund: &&Refund| refund.reference.as_ref() == Some(&snapshot.reference);
        let is_free = |refund: &&Refund| refund.reference.is_none() || by_reference(refund);
        // A second one that bears our id is a copy that we never asked for. It must not take over what is known of the first.
        let ours = snapshot.id.as_ref().and_then(|id| self.payment.refund(id)).filter(is_free);
        let known = ours.or_else(|| self.payment.refunds.iter().find(by_reference)).cloned();
        let known = known.unwrap_or_else(|| self.made_at_the_gateway(amount, snapshot.reference.clone()));
        if known.amount != amount {
            return Err(ReviewReason::ObjectMismatch);
        }
        let reference = Some(snapshot.reference.clone());
        Ok(known.shown_as(&snapshot.status).map(|progress| Refund { reference, progress, ..known }))
    }

    /// Somebody made it at the gateway's dashboard, or gave it the id of another.
    fn made_at_the_gateway(self, amount: Money, reference: GatewayToken) -> Refund {
        Refund {
            id: RefundId::of_gateway(&self.payment.id, reference.as_str()),
            source: RefundSource::Gateway,
            amount,
            reason: None,
            reference: Some(reference),
            started_at: self.now.at,
            progress: RefundProgress::Unanswered,
        }
    }

    /// The gateway does not have it. Whoever can send it again under its own key does so instead of asking here.
    fn absent(self, refund: &Refund) -> Judgement {
        match &refund.progress {
            // Refused, and not there: it was refused.
            RefundProgress::Answered { refusal: Some(code) } => {
                self.moved(refund, RefundProgress::Failed { code: code.clone() })
            }
            // Its key is spent or dead: neither sending it again nor calling it failed is safe. That all refunds were
            // compared is said by the list itself, if nobody has asked for a newer one meanwhile.
            RefundProgress::Answered { refusal: None } | RefundProgress::Unanswered => self.is_for_a_person(refund),
            RefundProgress::Pending
            | RefundProgress::Succeeded
            | RefundProgress::Failed { .. }
            | RefundProgress::Canceled => Judgement::Nothing,
        }
    }

    fn is_for_a_person(self, refund: &Refund) -> Judgement {
        let told = self.payment.attention.map(|review| review.reason);
        let reason = match refund.source {
            // Nobody waits for it; that its payment came too late says nothing of it.
            RefundSource::Automatic(_) => ReviewReason::AutomaticRefundFailed,
            RefundSource::Api { .. } | RefundSource::Gateway => self.unless_graver(ReviewReason::OutcomeUnknown),
        };
        let is_told = if reason == ReviewReason::RefundUnknown {
            self.payment.refund_unknown.is_some()
        } else {
            told.is_some_and(|told| told >= reason)
        };
        if is_told { Judgement::Nothing } else { self.change(Fact::ReviewAsked, Some(reason)) }
    }

    fn still_unknown(self, reason: UnknownReason) -> Judgement {
        // What is at the bank, or was only hinted at, is in no doubt; but who cannot read the list does not hear how it ends.
        let is_waited_for = self.payment.is_in_doubt() || self.payment.awaits_refunds();
        let rounds = if is_waited_for { self.payment.rounds.saturating_add(1) } else { 0 };
        let review = if reason == UnknownReason::KeyMismatch {
            Some(ReviewReason::KeyMismatch)
        } else {
            (rounds >= Limits::ROUNDS_BEFORE_REVIEW).then_some(ReviewReason::OutcomeUnknown)
        };
        let review = review.map(|reason| self.unless_graver(reason));
        self.change(Fact::OutcomeUnknown { reason: reason.name() }, review)
    }

    /// What a person is called for: on a row that they must look at for something graver anyway, for the refund by itself, so that it
    /// rings.
    fn unless_graver(self, reason: ReviewReason) -> ReviewReason {
        let told = self.payment.attention.map(|review| review.reason);
        if told.is_none_or(|told| told <= reason) { reason } else { ReviewReason::RefundUnknown }
    }

    /// Somebody must look, unless somebody is about to. Whoever looks at this moment may have seen less.
    fn hinted(self) -> Judgement {
        let is_due = self.payment.due.is_some_and(|due| due <= self.now.at);
        let is_owed = match self.payment.state {
            PaymentState::Succeeded { .. } => is_due && self.payment.look_owed,
            // What was refunded was captured; the row, which has yet to learn that, must look for both.
            PaymentState::RequiresPaymentMethod
            | PaymentState::Processing(_)
            | PaymentState::RequiresAction(_)
            | PaymentState::RequiresCapture { .. } => self.payment.look_owed,
            // Money that moved after all has its own events, and with them comes a look at its refunds.
            PaymentState::Failed | PaymentState::Canceled | PaymentState::Expired => true,
        };
        if is_owed { Judgement::Nothing } else { self.change(Fact::RefundsHinted, None) }
    }

    fn moved(self, refund: &Refund, progress: RefundProgress) -> Judgement {
        let moved = vec![Refund { progress, ..refund.clone() }];
        let review = self.come_to_nothing(&moved);
        self.change(Fact::RefundsMoved(moved), review)
    }

    fn change(self, fact: Fact, review: Option<ReviewReason>) -> Judgement {
        let mut event = happened(self.payment, fact, self.now);
        event.review = review;
        Judgement::Change(event)
    }
}
