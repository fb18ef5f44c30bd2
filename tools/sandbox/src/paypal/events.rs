//! What PayPal tells a webhook, and how it words it.

use serde_json::{Value, json};

use super::render::time;
use crate::clock::Moment;

/// Something happened to an object.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) created: Moment,
    /// The object as it stood then.
    pub(crate) resource: Value,
    /// Where PayPal would show this event again.
    pub(crate) url: String,
}

/// Every event, the type of its resource, and what PayPal says about it.
#[rustfmt::skip] // A table is read by its columns.
pub(super) const KINDS: &[(&str, &str, &str)] = &[
    ("CHECKOUT.ORDER.APPROVED",       "checkout-order", "An order has been approved by buyer"),
    ("CHECKOUT.ORDER.COMPLETED",      "checkout-order", "Checkout Order Completed"),
    ("PAYMENT.AUTHORIZATION.CREATED", "authorization",  "A payment authorization was created"),
    ("PAYMENT.AUTHORIZATION.VOIDED",  "authorization",  "A payment authorization was voided"),
    ("PAYMENT.CAPTURE.COMPLETED",     "capture",        "Payment completed"),
    ("PAYMENT.CAPTURE.PENDING",       "capture",        "Payment pending"),
    ("PAYMENT.CAPTURE.DECLINED",      "capture",        "A payment capture was declined"),
    ("PAYMENT.CAPTURE.DENIED",        "capture",        "A payment capture was denied"),
    ("PAYMENT.CAPTURE.REVERSED",      "capture",        "A payment capture was reversed"),
    ("PAYMENT.CAPTURE.REFUNDED",      "refund",         "A capture payment was refunded"),
    ("CUSTOMER.DISPUTE.CREATED",      "dispute",        "A new dispute opened with Case # by the buyer"),
    ("CUSTOMER.DISPUTE.UPDATED",      "dispute",        "A dispute was updated"),
    ("CUSTOMER.DISPUTE.RESOLVED",     "dispute",        "A dispute was resolved"),
];

/// The event of this name.
pub(super) fn kind(name: &str) -> Option<&'static str> {
    KINDS.iter().find(|(known, _, _)| *known == name).map(|(known, _, _)| *known)
}

impl Event {
    /// The id of the object that it is about.
    pub(crate) fn object_id(&self) -> &str {
        let id = self.resource.get("id").or_else(|| self.resource.get("dispute_id"));
        id.and_then(Value::as_str).unwrap_or_default()
    }

    /// The body of a webhook.
    pub(crate) fn body(&self) -> Value {
        let (_, resource_type, summary) =
            KINDS.iter().find(|(kind, _, _)| *kind == self.kind).copied().unwrap_or((self.kind, "", ""));
        json!({
            "id": self.id,
            "event_version": "1.0",
            "create_time": time(self.created),
            "resource_type": resource_type,
            "resource_version": "2.0",
            "event_type": self.kind,
            "summary": summary,
            "resource": self.resource,
            "links": [
                { "href": self.url, "rel": "self", "method": "GET" },
                { "href": format!("{}/resend", self.url), "rel": "resend", "method": "POST" },
            ],
        })
    }
}
