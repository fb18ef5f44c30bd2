//! The gateway's refunds: never more than was taken, matched by nobody, and of a mind of their own afterwards.

use std::collections::VecDeque;

use domain::{
    gateway::{ObjectStatus, RefundOutcome, RefundSnapshot, RefundStatus},
    id::{RefundId, TransactionId},
    money::Currency,
    payment::RefundEvidence,
    text::GatewayToken,
};
use flow::operations::webhook::{News, Subject};

use super::{book::Book, intent::Intent};

/// One refund, in the gateway's own books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refunded {
    /// The gateway's name for it.
    pub reference: GatewayToken,
    /// Whose money goes back.
    pub object: GatewayToken,
    /// The id of the payment that the object bears.
    pub transaction_id: TransactionId,
    /// Our own id, if it bears one.
    pub id: Option<RefundId>,
    /// How much.
    pub minor_units: i64,
    /// What of.
    pub currency: Currency,
    /// Where it stands.
    pub status: RefundStatus,
}

/// Every refund, and what the payers' banks will say of the next ones.
#[derive(Debug, Default)]
pub(super) struct Refunds {
    made: Vec<Refunded>,
    pub(super) banks: VecDeque<RefundStatus>,
}

impl Refunded {
    /// Whether the money is away, or on its way.
    #[must_use]
    pub const fn stands(&self) -> bool {
        match self.status {
            RefundStatus::Pending | RefundStatus::Succeeded | RefundStatus::Unrecognized(_) => true,
            RefundStatus::Failed { .. } | RefundStatus::Canceled => false,
        }
    }

    fn snapshot(&self) -> RefundSnapshot {
        RefundSnapshot {
            reference: self.reference.clone(),
            object: self.object.clone(),
            id: self.id.clone(),
            amount_minor_units: self.minor_units,
            currency: Some(self.currency),
            status: self.status.clone(),
        }
    }
}

impl Refunds {
    pub(super) const fn new() -> Self {
        Self { made: Vec::new(), banks: VecDeque::new() }
    }

    pub(super) fn all(&self) -> Vec<Refunded> {
        self.made.clone()
    }

    fn standing_on(&self, object: &GatewayToken) -> i64 {
        let standing = self.made.iter().filter(|refund| refund.object == *object && refund.stands());
        standing.map(|refund| refund.minor_units).sum()
    }
}

impl Book {
    /// All refunds of an object, newest first, as the gateway lists them.
    pub(super) fn list_refunds(&self, object: &GatewayToken) -> Vec<RefundSnapshot> {
        let of_object = self.refunds.made.iter().rev().filter(|refund| refund.object == *object);
        of_object.map(Refunded::snapshot).collect()
    }

    /// A request for a refund is served.
    pub(super) fn refund(&mut self, object: &GatewayToken, id: Option<RefundId>, minor_units: i64) -> RefundOutcome {
        let refused = |code: &str| RefundOutcome::Refused { code: code.to_owned() };
        let Some(intent) = self.intent(object).cloned() else { return refused("charge_not_refundable") };
        let ObjectStatus::Captured { received_minor_units } = intent.status else {
            return refused("charge_not_refundable");
        };
        let left = received_minor_units.saturating_sub(self.refunds.standing_on(object));
        let is_disputed = self.held.get(object).is_some_and(|held| *held > 0);
        if is_disputed && !intent.is_order() {
            return refused("charge_disputed");
        }
        // PayPal lets the payer have everything, for that ends the dispute.
        if is_disputed && minor_units < left {
            return refused("CAPTURE_DISPUTED_PARTIAL_REFUND_NOT_ALLOWED");
        }
        if minor_units > left {
            return refused(if left == 0 { "charge_already_refunded" } else { "amount_too_large" });
        }
        let by_hand = id.is_none();
        let refund = Refunded {
            reference: self.refund_reference(),
            object: object.clone(),
            transaction_id: intent.transaction_id.clone(),
            id,
            minor_units,
            currency: intent.currency,
            status: self.refunds.banks.pop_front().unwrap_or(RefundStatus::Succeeded),
        };
        let snapshot = refund.snapshot();
        self.refunds.made.push(refund);
        self.announce_refund(&intent, by_hand, snapshot.clone());
        RefundOutcome::Refund(snapshot)
    }

    /// The payer's bank makes up its mind, or changes it. Whether there is such a refund.
    pub(super) fn refund_moves(&mut self, reference: &GatewayToken, to: RefundStatus) -> bool {
        let found = self.refunds.made.iter_mut().find(|refund| refund.reference == *reference);
        let Some(refund) = found else { return false };
        refund.status = to;
        let (snapshot, object, by_hand) = (refund.snapshot(), refund.object.clone(), refund.id.is_none());
        let intent = self.intent(&object).cloned();
        intent.is_some_and(|intent| {
            self.announce_refund(&intent, by_hand, snapshot);
            true
        })
    }

    /// A refund that was made by hand bears no id of ours: only its charge says that there is one. PayPal's events are not
    /// believed in what they say of one.
    fn announce_refund(&mut self, intent: &Intent, by_hand: bool, snapshot: RefundSnapshot) {
        let evidence =
            if by_hand || intent.is_order() { RefundEvidence::Hinted } else { RefundEvidence::Seen(vec![snapshot]) };
        self.announce(Subject::Payment { id: intent.transaction_id.clone(), news: News::Refund(evidence) });
    }

    #[expect(clippy::panic, reason = "made of letters and digits; if it were not, no test could begin")]
    fn refund_reference(&self) -> GatewayToken {
        let text = format!("re_3Sim{:020}", self.refunds.made.len());
        GatewayToken::parse(&text).unwrap_or_else(|error| panic!("{text} {error}"))
    }
}
