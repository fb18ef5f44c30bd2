//! What a test may believe about money: every charge that took, holds or may still take it, and every refund.
//!
//! A charge is `succeeded` (taken), `authorized` (held for capture), `pending` (a bank is deciding), `canceled` (held once
//! and let go) or `failed` (was pending, and the bank said no). A card that was declined at once never had a hold on any
//! money, and has no row.

use serde::Serialize;

use crate::stripe::{Book, Standing};

/// `GET /_sandbox/ledger`
#[derive(Debug, Serialize)]
pub(crate) struct Ledger {
    charges: Vec<ChargeRow>,
    refunds: Vec<RefundRow>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChargeRow {
    gateway: &'static str,
    object_id: String,
    /// From the metadata `transaction_id`; null for objects that are not ours.
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
    /// From the metadata `refund_id`; null for refunds that are not ours.
    refund_id: Option<String>,
    amount: i64,
    status: &'static str,
}

impl Ledger {
    pub(crate) fn of(book: &Book) -> Self {
        let charges = book.charges().filter_map(|charge| {
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
        });
        let refunds = book.refunds().map(|refund| RefundRow {
            gateway: "stripe",
            id: refund.id.clone(),
            object_id: refund.intent.clone(),
            refund_id: refund.metadata.get("refund_id").cloned(),
            amount: refund.amount,
            status: refund.status.name(),
        });
        Self { charges: charges.collect(), refunds: refunds.collect() }
    }
}
