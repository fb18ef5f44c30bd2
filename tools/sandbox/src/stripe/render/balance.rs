//! How the merchant's balance and its movements look on the wire.

use serde_json::{Value, json};

use super::super::balance::{Movement, Rate, Reason};

pub(in super::super) fn movement(movement: &Movement) -> Value {
    let (kind, category) = movement.reason.names();
    let about = match movement.reason {
        Reason::Dispute | Reason::PreventedDispute | Reason::DisputeReversal => "Dispute fee",
        Reason::Charge | Reason::Payment | Reason::Refund | Reason::PaymentRefund | Reason::RefundFailure => {
            "Stripe processing fees"
        }
    };
    let fees = (movement.fee != 0).then(|| {
        json!({
            "amount": movement.fee,
            "application": null,
            "currency": movement.currency,
            "description": about,
            "type": "stripe_fee",
        })
    });
    json!({
        "id": movement.id,
        "object": "balance_transaction",
        "amount": movement.amount,
        "available_on": movement.created,
        "balance_type": "payments",
        "created": movement.created,
        "currency": movement.currency,
        "description": movement.description,
        "exchange_rate": movement.rate.map(Rate::json),
        "fee": movement.fee,
        "fee_details": fees.into_iter().collect::<Vec<_>>(),
        "net": movement.net(),
        "reporting_category": category,
        "source": movement.source,
        "status": "pending",
        "type": kind,
    })
}

/// Nothing is ever paid out, so everything stays pending.
pub(in super::super) fn balance(currency: &str, pending: i64) -> Value {
    let amount = |amount: i64| json!([{ "amount": amount, "currency": currency, "source_types": { "card": amount } }]);
    json!({ "object": "balance", "available": amount(0), "pending": amount(pending), "livemode": false })
}
