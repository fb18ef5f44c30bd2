//! What an event of PayPal's is about: which payment, which order, and no more. See the module above for why.

use domain::{gateway::Mode, payment::RefundEvidence, text::GatewayToken, time::Timestamp};
use flow::operations::webhook::{GatewayEvent, News, Subject};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    gateway::{
        paypal::{dispute::named_by, refund::ids},
        webhook::WebhookRefusal,
        word::Word,
    },
    named::Named,
    rfc3339,
};

/// An event. What it is about may be anything; the rest must be there.
#[derive(Deserialize)]
struct Event {
    id: String,
    event_type: Word,
    #[serde(default)]
    create_time: Value,
    #[serde(default)]
    resource: Value,
}

/// What kind of thing an event is about.
enum Kind {
    Order,
    /// An authorization or a capture.
    Payment,
    Refund,
    Dispute,
    Other,
}

/// Reads an event that PayPal sent at this time.
///
/// # Errors
/// If it is none.
pub(in crate::gateway::paypal) fn read(
    body: &[u8],
    mode: Mode,
    sent_at: Timestamp,
) -> Result<GatewayEvent, WebhookRefusal> {
    let Named(event): Named<Event> = serde_json::from_slice(body).map_err(|_| WebhookRefusal::Unreadable)?;
    Ok(GatewayEvent {
        subject: subject(&event)?,
        // A name for the log and the timeline; nothing is decided by it.
        id: Word::of(&event.id).into_string(),
        created_at: event.create_time.as_str().and_then(rfc3339::parse).unwrap_or(sent_at),
        mode,
    })
}

fn kind(event_type: &str) -> Kind {
    match event_type {
        // What was reversed went back as well.
        "PAYMENT.CAPTURE.REFUNDED" | "PAYMENT.CAPTURE.REVERSED" => Kind::Refund,
        _ if event_type.starts_with("PAYMENT.REFUND.") => Kind::Refund,
        _ if event_type.starts_with("PAYMENT.CAPTURE.") || event_type.starts_with("PAYMENT.AUTHORIZATION.") => {
            Kind::Payment
        }
        _ if event_type.starts_with("CHECKOUT.") => Kind::Order,
        _ if event_type.starts_with("CUSTOMER.DISPUTE.") => Kind::Dispute,
        _ => Kind::Other,
    }
}

fn subject(event: &Event) -> Result<Subject, WebhookRefusal> {
    /// Statuses of an authorization or a capture on which money stands.
    const HOLDING: &[&str] =
        &["CREATED", "PARTIALLY_CAPTURED", "CAPTURED", "COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"];
    let (custom_id, object, holding): (_, _, &[&str]) = match kind(event.event_type.as_str()) {
        Kind::Order => ("/purchase_units/0/custom_id", "/id", &["COMPLETED"]),
        Kind::Payment => ("/custom_id", "/supplementary_data/related_ids/order_id", HOLDING),
        Kind::Refund => ("/custom_id", "", &[]),
        Kind::Dispute => {
            let id = named_by(&event.resource).ok_or(WebhookRefusal::Unreadable)?;
            return Ok(Subject::Dispute { id });
        }
        Kind::Other => return Ok(Subject::Other),
    };
    if !event.resource.is_object() {
        return Err(WebhookRefusal::Unreadable);
    }
    let text = |pointer: &str| event.resource.pointer(pointer).and_then(Value::as_str);
    // Whatever does not bear an id of ours is another program's of the merchant.
    let Some((id, _)) = text(custom_id).and_then(ids) else { return Ok(Subject::Other) };
    let news = match text(object).and_then(|id| GatewayToken::parse(id).ok()) {
        Some(object) => {
            News::Look { object, holds_money: text("/status").is_some_and(|status| holding.contains(&status)) }
        }
        // Refunds, and payments that do not say of which order they are: those of the payment's own are looked at.
        None => News::Refund(RefundEvidence::Hinted),
    };
    Ok(Subject::Payment { id, news })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::gateway::paypal::fixtures::{ORDER, TRANSACTION_ID, authorization, capture, order, paid, refund, with};

    const SENT: Timestamp = Timestamp::from_unix_ms(1_700_000_000_000);

    fn event(event_type: &str, resource: &Value) -> Value {
        json!({"id": "WH-7", "event_version": "1.0", "create_time": "2023-11-14T22:13:19.5Z", "event_type": event_type,
            "resource_type": "x", "resource_version": "2.0", "summary": "Prose", "resource": resource})
    }

    fn read_value(event: &Value) -> Result<GatewayEvent, WebhookRefusal> {
        read(event.to_string().as_bytes(), Mode::Test, SENT)
    }

    fn subject_of(event_type: &str, resource: &Value) -> Subject {
        read_value(&event(event_type, resource)).unwrap().subject
    }

    fn look(holds_money: bool) -> Option<News> {
        Some(News::Look { object: GatewayToken::parse(ORDER).unwrap(), holds_money })
    }

    fn news(event_type: &str, resource: &Value) -> Option<News> {
        match subject_of(event_type, resource) {
            Subject::Payment { id, news } if id.as_str() == TRANSACTION_ID => Some(news),
            Subject::Payment { id, .. } => panic!("{id}"),
            Subject::Dispute { .. } | Subject::Warning { .. } | Subject::Other => None,
        }
    }

    #[test]
    fn an_event_says_which_order_to_look_at_and_nothing_that_is_believed() {
        for (event_type, resource, expected) in [
            ("CHECKOUT.ORDER.APPROVED", order("APPROVED"), look(false)),
            ("CHECKOUT.ORDER.SAVED", order("CREATED"), look(false)),
            ("CHECKOUT.ORDER.COMPLETED", paid(json!({"captures": [capture("COMPLETED")]})), look(true)),
            ("PAYMENT.CAPTURE.COMPLETED", capture("COMPLETED"), look(true)),
            ("PAYMENT.CAPTURE.PENDING", capture("PENDING"), look(false)),
            ("PAYMENT.CAPTURE.DECLINED", capture("DECLINED"), look(false)),
            ("PAYMENT.CAPTURE.DENIED", capture("DECLINED"), look(false)),
            ("PAYMENT.AUTHORIZATION.CREATED", authorization("CREATED"), look(true)),
            ("PAYMENT.AUTHORIZATION.VOIDED", authorization("VOIDED"), look(false)),
        ] {
            assert_eq!(news(event_type, &resource), expected, "{event_type}");
        }
    }

    #[test]
    fn a_refunds_event_has_the_refunds_looked_at_whoever_made_it() {
        let ours = format!("{TRANSACTION_ID}.ref_u6ug5emn6j6bmcvzrjwf3bpo5q");
        for custom_id in [ours.as_str(), TRANSACTION_ID] {
            for event_type in ["PAYMENT.CAPTURE.REFUNDED", "PAYMENT.REFUND.FAILED"] {
                let hinted = Some(News::Refund(RefundEvidence::Hinted));
                assert_eq!(news(event_type, &refund("COMPLETED", custom_id)), hinted, "{event_type} {custom_id}");
            }
        }
    }

    #[test]
    fn a_payment_that_does_not_name_its_order_has_its_own_looked_at() {
        let bare = with(capture("COMPLETED"), json!({"supplementary_data": {}}));
        assert_eq!(news("PAYMENT.CAPTURE.COMPLETED", &bare), Some(News::Refund(RefundEvidence::Hinted)));
    }

    #[test]
    fn what_bears_no_id_of_ours_or_is_of_another_kind_is_not_ours() {
        for custom_id in [json!(null), json!("order-7"), json!(7), json!("pay_short")] {
            let foreign = with(capture("COMPLETED"), json!({ "custom_id": custom_id }));
            assert_eq!(news("PAYMENT.CAPTURE.COMPLETED", &foreign), None, "{custom_id}");
        }
        for event_type in ["BILLING.SUBSCRIPTION.CREATED", "PAYMENT.SALE.COMPLETED", "PAYMENT.CAPTURES", ""] {
            assert_eq!(news(event_type, &capture("COMPLETED")), None, "{event_type}");
        }
    }

    /// `cargo xtask register-webhooks` subscribes a webhook to these.
    #[test]
    fn a_webhook_is_subscribed_to_nothing_that_is_not_understood_and_to_each_kind_that_is() {
        let subscribed: Vec<&str> = include_str!("events.txt").lines().collect();
        for name in &subscribed {
            assert!(!matches!(kind(name), Kind::Other), "{name}");
        }
        // The sandbox sends whatever PayPal sends about a payment; what is left aside is another event's news as well.
        let of_sandbox = include_str!("../../../../../../tools/sandbox/src/paypal/events.rs");
        let sent = of_sandbox.lines().filter_map(|line| line.trim().strip_prefix("(\"")?.split('"').next());
        let left: Vec<&str> = sent.filter(|name| !subscribed.contains(name)).collect();
        assert_eq!(left, ["CHECKOUT.ORDER.COMPLETED"], "each capture tells of itself");
        for family in
            ["CHECKOUT.", "PAYMENT.CAPTURE.", "PAYMENT.AUTHORIZATION.", "PAYMENT.REFUND.", "CUSTOMER.DISPUTE."]
        {
            assert!(subscribed.iter().any(|name| name.starts_with(family)), "{family}");
        }
    }

    #[test]
    fn an_event_has_a_name_a_time_and_the_mode_of_its_endpoint() {
        let read = read_value(&event("CHECKOUT.ORDER.APPROVED", &order("APPROVED"))).unwrap();
        assert_eq!((read.id.as_str(), read.mode), ("WH-7", Mode::Test));
        assert_eq!(read.created_at, Timestamp::from_unix_ms(1_699_999_999_500));
        let timeless = with(event("CHECKOUT.ORDER.APPROVED", &order("APPROVED")), json!({"create_time": 7}));
        assert_eq!(read_value(&timeless).unwrap().created_at, SENT);
    }

    #[test]
    fn what_is_no_event_is_not_read_as_one() {
        for body in ["", "null", "[]", "{}", r#"{"id":"WH-1"}"#, r#"["WH-1","PAYMENT.CAPTURE.COMPLETED"]"#] {
            assert_eq!(read(body.as_bytes(), Mode::Test, SENT), Err(WebhookRefusal::Unreadable), "{body}");
        }
        let empty = event("PAYMENT.CAPTURE.COMPLETED", &Value::Null);
        assert_eq!(read_value(&empty), Err(WebhookRefusal::Unreadable));
    }
}
