//! What a test may believe about money: every charge that took, holds or may still take it, every refund, every dispute.
//!
//! A charge is `succeeded` (taken), `authorized` (held for capture), `pending` (a bank is deciding), `canceled` (held once
//! and let go) or `failed` (was pending, and the bank said no). A card that was declined at once never had a hold on any
//! money, and has no row.
//!
//! One spelling for both gateways: amounts in the smallest unit (PayPal's: of ISO 4217), currencies in small letters.

use serde::Serialize;

use crate::{
    paypal::{self, AuthorizationStatus, CaptureStatus, Outcome, RefundStatus, Stage, Turn},
    stripe::{self, Standing},
};

/// `GET /_sandbox/ledger`
#[derive(Debug, Serialize)]
pub(crate) struct Ledger {
    charges: Vec<ChargeRow>,
    refunds: Vec<RefundRow>,
    disputes: Vec<DisputeRow>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChargeRow {
    gateway: &'static str,
    object_id: String,
    /// From the metadata `transaction_id`, or PayPal's `custom_id`; null for objects that are not ours.
    transaction_id: Option<String>,
    /// What was captured, once it is; before, what is held or asked for.
    amount: i64,
    currency: String,
    status: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RefundRow {
    gateway: &'static str,
    id: String,
    object_id: String,
    /// From the metadata `refund_id`, or PayPal's `custom_id`; null for refunds that are not ours.
    refund_id: Option<String>,
    amount: i64,
    status: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DisputeRow {
    gateway: &'static str,
    id: String,
    object_id: String,
    transaction_id: Option<String>,
    amount: i64,
    currency: String,
    /// In Stripe's words, at PayPal too.
    status: &'static str,
}

impl Ledger {
    pub(crate) fn of(stripe: &stripe::Book, paypal: &paypal::Book) -> Self {
        Self {
            charges: charges_at_stripe(stripe).chain(charges_at_paypal(paypal)).collect(),
            refunds: refunds_at_stripe(stripe).chain(refunds_at_paypal(paypal)).collect(),
            disputes: disputes_at_stripe(stripe).chain(disputes_at_paypal(paypal)).collect(),
        }
    }
}

fn charges_at_stripe(book: &stripe::Book) -> impl Iterator<Item = ChargeRow> {
    book.charges().filter_map(|charge| {
        let (status, amount) = match charge.standing {
            Standing::Captured => ("succeeded", charge.amount_captured),
            Standing::Authorized => ("authorized", charge.amount),
            Standing::Pending => ("pending", charge.amount),
            Standing::Released => ("canceled", charge.amount),
            Standing::Failed(_) if charge.was_pending => ("failed", charge.amount),
            Standing::Failed(_) => return None,
        };
        Some(ChargeRow {
            gateway: "stripe",
            object_id: charge.intent.clone(),
            transaction_id: charge.transaction_id().map(str::to_owned),
            amount,
            currency: charge.currency.clone(),
            status,
        })
    })
}

fn refunds_at_stripe(book: &stripe::Book) -> impl Iterator<Item = RefundRow> {
    book.refunds().map(|refund| RefundRow {
        gateway: "stripe",
        id: refund.id.clone(),
        object_id: refund.intent.clone(),
        refund_id: refund.metadata.get("refund_id").cloned(),
        amount: refund.amount,
        status: refund.status.name(),
    })
}

/// A hold has a row for as long as there is something left of it; what was captured of it has rows of its own.
fn charges_at_paypal(book: &paypal::Book) -> impl Iterator<Item = ChargeRow> {
    let holds = book.all_authorizations().filter_map(|held| {
        let status = match held.status {
            AuthorizationStatus::Created | AuthorizationStatus::PartiallyCaptured => "authorized",
            AuthorizationStatus::Pending => "pending",
            AuthorizationStatus::Voided => "canceled",
            AuthorizationStatus::Denied | AuthorizationStatus::Captured => return None,
        };
        Some(row_at_paypal(book, &held.order, held.left(), status))
    });
    let captures = book.all_captures().filter_map(|capture| {
        let status = match capture.status {
            CaptureStatus::Completed => "succeeded",
            CaptureStatus::Pending(_) => "pending",
            CaptureStatus::Declined | CaptureStatus::Failed if capture.was_pending => "failed",
            CaptureStatus::Declined | CaptureStatus::Failed => return None,
        };
        Some(row_at_paypal(book, &capture.order, capture.amount, status))
    });
    holds.chain(captures)
}

fn row_at_paypal(book: &paypal::Book, order: &str, amount: paypal::Money, status: &'static str) -> ChargeRow {
    ChargeRow {
        gateway: "paypal",
        object_id: order.to_owned(),
        transaction_id: book.order_behind(order).and_then(|order| order.unit.custom_id.clone()),
        amount: amount.minor,
        currency: amount.currency.code.to_ascii_lowercase(),
        status,
    }
}

fn refunds_at_paypal(book: &paypal::Book) -> impl Iterator<Item = RefundRow> {
    book.all_refunds().map(|refund| RefundRow {
        gateway: "paypal",
        id: refund.id.clone(),
        object_id: refund.order.clone(),
        refund_id: refund.custom_id.clone(),
        amount: refund.amount.minor,
        status: match refund.status {
            RefundStatus::Pending => "pending",
            RefundStatus::Completed => "succeeded",
            RefundStatus::Failed => "failed",
            RefundStatus::Cancelled => "canceled",
        },
    })
}

fn disputes_at_stripe(book: &stripe::Book) -> impl Iterator<Item = DisputeRow> {
    book.disputes().map(|dispute| DisputeRow {
        gateway: "stripe",
        id: dispute.id.clone(),
        object_id: dispute.intent.clone(),
        transaction_id: book.transaction_behind(&dispute.id).map(str::to_owned),
        amount: dispute.amount,
        currency: dispute.currency.clone(),
        status: dispute.status.name(),
    })
}

fn disputes_at_paypal(book: &paypal::Book) -> impl Iterator<Item = DisputeRow> {
    book.all_disputes().map(|dispute| DisputeRow {
        gateway: "paypal",
        id: dispute.id.clone(),
        object_id: dispute.order.clone(),
        transaction_id: book.order_behind(&dispute.order).and_then(|order| order.unit.custom_id.clone()),
        amount: dispute.amount.minor,
        currency: dispute.amount.currency.code.to_ascii_lowercase(),
        status: status_at_paypal(dispute),
    })
}

fn status_at_paypal(dispute: &paypal::Dispute) -> &'static str {
    let inquiry = dispute.stage == Stage::Inquiry;
    match dispute.turn {
        Turn::Sellers if inquiry => "warning_needs_response",
        Turn::Sellers => "needs_response",
        Turn::Buyers | Turn::Paypals if dispute.appealed => "appeal_under_review",
        Turn::Buyers | Turn::Paypals if inquiry => "warning_under_review",
        Turn::Buyers | Turn::Paypals => "under_review",
        Turn::Over(Outcome::ResolvedBuyerFavour | Outcome::Accepted) => "lost",
        Turn::Over(_) if inquiry => "warning_closed",
        Turn::Over(
            Outcome::ResolvedSellerFavour | Outcome::ResolvedWithPayout | Outcome::CanceledByBuyer | Outcome::Denied,
        ) => "won",
    }
}
