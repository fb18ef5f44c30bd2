//! Disputes: a payer, or the payer's bank, wants money back; the merchant answers in time or loses.
//!
//! While a dispute is open the disputed money cannot be refunded in parts; what was lost cannot be refunded at all.

use serde_json::Value;

use super::{book::Book, error::PaypalError, money::Money, objects::CaptureStatus, outside::Impossible};
use crate::clock::Moment;

/// How long the merchant has to answer a payer who complains on the page.
pub(super) const ANSWER_MS: u64 = 10 * 24 * 60 * 60 * 1000;
/// How many pieces of evidence a dispute takes.
const MAX_EVIDENCE: usize = 100;

/// What a payer may complain of.
pub(super) const REASONS: &[&str] = &[
    "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
    "MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED",
    "UNAUTHORISED",
    "CREDIT_NOT_PROCESSED",
    "DUPLICATE_TRANSACTION",
    "INCORRECT_AMOUNT",
    "PAYMENT_BY_OTHER_MEANS",
    "CANCELED_RECURRING_BILLING",
    "PROBLEM_WITH_REMITTANCE",
    "OTHER",
];

/// What evidence may be, as PayPal names it.
#[rustfmt::skip] // One line per name would be two pages.
pub(super) const EVIDENCE_TYPES: &[&str] = &[
    "PROOF_OF_FULFILLMENT", "PROOF_OF_REFUND", "PROOF_OF_DELIVERY_SIGNATURE", "PROOF_OF_RECEIPT_COPY",
    "RETURN_POLICY", "BILLING_AGREEMENT", "PROOF_OF_RESHIPMENT", "ITEM_DESCRIPTION", "POLICE_REPORT", "AFFIDAVIT",
    "PAID_WITH_OTHER_METHOD", "COPY_OF_CONTRACT", "TERMINAL_ATM_RECEIPT", "PRICE_DIFFERENCE_REASON",
    "SOURCE_CONVERSION_RATE", "BANK_STATEMENT", "CREDIT_DUE_REASON", "REQUEST_CREDIT_RECEIPT", "PROOF_OF_RETURN",
    "CREATE", "CHANGE_REASON", "PROOF_OF_REFUND_OUTSIDE_PAYPAL", "RECEIPT_OF_MERCHANDISE", "CUSTOMS_DOCUMENT",
    "CUSTOMS_FEE_RECEIPT", "INFORMATION_ON_RESOLUTION", "ADDITIONAL_INFORMATION_OF_ITEM", "DETAILS_OF_PURCHASE",
    "PROOF_OF_SIGNIFICANT_DIFFERENCE", "PROOF_OF_SOFTWARE_OR_SERVICE_NOT_AS_DESCRIBED", "PROOF_OF_CONFISCATION",
    "PROOF_OF_DAMAGE", "COPY_OF_LAW_ENFORCEMENT_AGENCY_REPORT", "ADDITIONAL_PROOF_OF_SHIPMENT",
    "PROOF_OF_DENIAL_BY_CARRIER", "THIRDPARTY_PROOF_FOR_DAMAGE_OR_SIGNIFICANT_DIFFERENCE",
    "VALID_SUPPORTING_DOCUMENT", "LEGIBLE_SUPPORTING_DOCUMENT", "RETURN_TRACKING_INFORMATION", "DELIVERY_RECEIPT",
    "PROOF_OF_INSTORE_RECEIPT", "ADDITIONAL_TRACKING_INFORMATION", "PROOF_OF_SHIPMENT_POSTAGE",
    "ONLINE_TRACKING_INFORMATION", "PROOF_OF_INSTORE_REFUND", "PROOF_FOR_SOFTWARE_OR_SERVICE_DELIVERED",
    "RETURN_ADDRESS_FOR_SHIPPING", "COPY_OF_THE_EPARCEL_MANIFEST", "COPY_OF_SHIPPING_MANIFEST", "APPEAL_AFFIDAVIT",
    "RECEIPT_OF_REPLACEMENT", "COPY_OF_DRIVERS_LICENSE", "ACCOUNT_CHANGE_INFORMATION", "DELIVERY_ADDRESS",
    "CONFIRMATION_OF_RESOLUTION", "MERCHANT_RESPONSE", "PERMISSION_DESCRIPTION", "STATUS_OF_MERCHANDISE",
    "LOST_CARD_DETAILS", "LAST_VALID_TRANSACTION_DETAILS", "ADDITIONAL_PROOF_OF_RETURN", "DECLARATION",
    "PROOF_OF_MISSING_ITEMS", "PROOF_OF_EMPTY_PACKAGE_OR_DIFFERENT_ITEM", "PROOF_OF_ITEM_NOT_RECEIVED",
    "ORDER_DETAILS", "LISTING_URL", "SHIPPING_INSURANCE", "BUYER_RESPONSE", "PHOTOS_OF_SHIPPED_ITEM", "OTHER",
];

/// How far a dispute has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Stage {
    /// The payer asks the merchant.
    Inquiry,
    /// The payer has asked PayPal, or their bank.
    Chargeback,
    PreArbitration,
    Arbitration,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Sellers,
    Buyers,
    Paypals,
    /// Nobody's any more.
    Over(Outcome),
}

/// How a dispute ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Outcome {
    ResolvedBuyerFavour,
    ResolvedSellerFavour,
    /// PayPal pays both.
    ResolvedWithPayout,
    CanceledByBuyer,
    /// The merchant gave in.
    Accepted,
    /// PayPal does not take it up.
    Denied,
}

/// Something that the merchant has brought forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) kind: String,
    pub(crate) notes: Option<String>,
    /// Tracking numbers and refunds, as they were said.
    pub(crate) info: Option<Value>,
    /// The names of the files; nobody keeps what is in them.
    pub(crate) documents: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dispute {
    pub(crate) id: String,
    pub(crate) order: String,
    pub(crate) capture: String,
    pub(crate) reason: String,
    pub(crate) stage: Stage,
    pub(crate) turn: Turn,
    pub(crate) amount: Money,
    pub(crate) due: Moment,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) appealed: bool,
    pub(crate) created: Moment,
    pub(crate) updated: Moment,
}

/// What is to be disputed.
#[derive(Clone, Debug)]
pub(crate) struct NewDispute {
    pub(crate) reason: String,
    pub(crate) stage: Stage,
    /// In ISO minor units; all of the capture if nobody says.
    pub(crate) amount: Option<i64>,
    pub(crate) due_in_ms: u64,
}

impl Dispute {
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.turn, Turn::Over(_))
    }

    /// Lost, and not yet fought again.
    pub(crate) fn is_appealable(&self) -> bool {
        self.turn == Turn::Over(Outcome::ResolvedBuyerFavour) && !self.appealed
    }
}

impl Book {
    /// The payer complains about a capture of this order, or about this very capture.
    pub(crate) fn open_dispute(&mut self, id: &str, new: NewDispute, now: Moment) -> Result<String, Impossible> {
        let order = self.order_behind(id).ok_or_else(|| format!("there is no {id}"))?;
        let capture = order.captures.iter().find(|capture| *capture == id).or_else(|| order.captures.first());
        let capture = capture.and_then(|id| self.captures.get(id)).ok_or_else(|| format!("{id} has no capture"))?;
        if capture.status != CaptureStatus::Completed {
            return Err(format!("{} has moved no money", capture.id));
        }
        if !REASONS.contains(&new.reason.as_str()) {
            return Err(format!("reason must be one of {}", REASONS.join(", ")));
        }
        if self.disputes.iter().any(|dispute| dispute.capture == capture.id && dispute.is_open()) {
            return Err(format!("{} is disputed already", capture.id));
        }
        let amount = new.amount.unwrap_or(capture.amount.minor);
        if amount > capture.amount.minor {
            return Err(format!("{} is of {} only", capture.id, capture.amount.minor));
        }
        let dispute = Dispute {
            id: format!("PP-D-{}", self.disputes.iter().count().saturating_add(10_001)),
            order: capture.order.clone(),
            capture: capture.id.clone(),
            reason: new.reason,
            stage: new.stage,
            turn: Turn::Sellers,
            amount: Money::new(amount, capture.amount.currency),
            due: now.after_ms(new.due_in_ms),
            evidence: Vec::new(),
            appealed: false,
            created: now,
            updated: now,
        };
        let (id, order) = (dispute.id.clone(), dispute.order.clone());
        self.disputes.put(&id, dispute).map_err(|_| "the sandbox is full".to_owned())?;
        if let Some(order) = self.orders.get_mut(&order) {
            order.disputes.push(id.clone());
        }
        self.touched.insert(order);
        self.announce("CUSTOMER.DISPUTE.CREATED", &id, now);
        Ok(id)
    }

    /// The dispute goes on: a step further, or to somebody else.
    pub(crate) fn move_dispute(
        &mut self,
        id: &str,
        stage: Option<Stage>,
        turn: Option<Turn>,
        now: Moment,
    ) -> Result<(), PaypalError> {
        let dispute = self.dispute_mut(id, now)?;
        if !dispute.is_open() {
            return Err(not_now());
        }
        dispute.stage = stage.unwrap_or(dispute.stage);
        dispute.turn = turn.unwrap_or(dispute.turn);
        self.announce("CUSTOMER.DISPUTE.UPDATED", id, now);
        Ok(())
    }

    /// The dispute ends. If the payer wins, the merchant's money is gone.
    pub(crate) fn resolve_dispute(&mut self, id: &str, outcome: Outcome, now: Moment) -> Result<(), PaypalError> {
        let dispute = self.dispute_mut(id, now)?;
        if !dispute.is_open() {
            return Err(not_now());
        }
        let again = dispute.appealed;
        dispute.turn = Turn::Over(outcome);
        let (capture, amount) = (dispute.capture.clone(), dispute.amount.minor);
        let lost = matches!(outcome, Outcome::ResolvedBuyerFavour | Outcome::Accepted);
        // An appealed dispute has taken the money already; won after all, it gives it back.
        if lost != again {
            let by = if lost { amount } else { amount.saturating_neg() };
            let capture = self.capture_mut(&capture, now)?;
            capture.reversed = capture.reversed.saturating_add(by);
        }
        if lost && !again {
            self.announce("PAYMENT.CAPTURE.REVERSED", &capture, now);
        }
        self.announce("CUSTOMER.DISPUTE.RESOLVED", id, now);
        Ok(())
    }

    /// The merchant gives in.
    pub(super) fn accept_claim(&mut self, id: &str, now: Moment) -> Result<(), PaypalError> {
        match self.dispute(id)?.turn {
            Turn::Sellers => self.resolve_dispute(id, Outcome::Accepted, now),
            Turn::Buyers | Turn::Paypals | Turn::Over(_) => Err(not_now()),
        }
    }

    /// The merchant objects, in time or as an appeal; then it is PayPal's turn.
    pub(super) fn provide_evidence(
        &mut self,
        id: &str,
        evidence: Vec<Evidence>,
        appeal: bool,
        now: Moment,
    ) -> Result<(), PaypalError> {
        let dispute = self.dispute_mut(id, now)?;
        let allowed = if appeal { dispute.is_appealable() } else { dispute.turn == Turn::Sellers && now < dispute.due };
        if !allowed {
            return Err(not_now());
        }
        if dispute.evidence.len().saturating_add(evidence.len()) > MAX_EVIDENCE {
            return Err(PaypalError::issue("INVALID_ARRAY_MAX_ITEMS").field("/evidences", ""));
        }
        dispute.evidence.extend(evidence);
        dispute.appealed |= appeal;
        dispute.turn = Turn::Paypals;
        self.announce("CUSTOMER.DISPUTE.UPDATED", id, now);
        Ok(())
    }

    /// Who has their money back asks no more.
    pub(super) fn settle_inquiry(&mut self, capture: &str, now: Moment) -> Result<(), PaypalError> {
        let open = self.disputes.iter().find(|dispute| dispute.capture == capture && dispute.is_open());
        match open.map(|dispute| dispute.id.clone()) {
            Some(id) => self.resolve_dispute(&id, Outcome::CanceledByBuyer, now),
            None => Ok(()),
        }
    }

    pub(super) fn dispute(&self, id: &str) -> Result<&Dispute, PaypalError> {
        self.disputes.get(id).ok_or_else(PaypalError::missing)
    }

    fn dispute_mut(&mut self, id: &str, now: Moment) -> Result<&mut Dispute, PaypalError> {
        let dispute = self.disputes.get_mut(id).ok_or_else(PaypalError::missing)?;
        self.touched.insert(dispute.order.clone());
        dispute.updated = now;
        Ok(dispute)
    }

    /// Why a dispute forbids this refund, if one does. A whole refund settles an inquiry; what has gone further, or was
    /// lost, is between the merchant and PayPal.
    pub(super) fn refund_forbidden_by_dispute(&self, capture: &str, whole: bool) -> Option<&'static str> {
        let open = self.disputes.iter().find(|dispute| dispute.capture == capture && dispute.is_open())?;
        match (open.stage, whole) {
            (Stage::Inquiry, true) => None,
            (Stage::Inquiry, false) => Some("TRANSACTION_DISPUTED"),
            (Stage::Chargeback | Stage::PreArbitration | Stage::Arbitration, _) => {
                Some("REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK")
            }
        }
    }
}

fn not_now() -> PaypalError {
    PaypalError::not_now("The action is not allowed in the current state of the dispute.")
}
