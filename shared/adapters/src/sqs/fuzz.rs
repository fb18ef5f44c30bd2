//! Batches as somebody else might send them: a nudge is what names a row, and everything else is delivered again.

use aws_lambda_events::event::sqs::SqsEvent;
use domain::id::RowId;
use fuzz::Target;
use serde_json::Value;

use super::{Poison, records, redeliver};

const WORDS: [&str; 14] = [
    "Records",
    "messageId",
    "body",
    "transactionId",
    r#"{"transactionId":"pay_45r6h26q25dittbo7zrmxadm3f"}"#,
    r#"["pay_45r6h26q25dittbo7zrmxadm3f"]"#,
    "pay_45r6h26q25dittbo7zrmxadm3f",
    "attributes",
    "disputeId",
    r#"{"disputeId":"dsp_stripe_du_1"}"#,
    "dsp_stripe_du_1",
    r#"{"warningId":"wrn_stripe_issfr_1"}"#,
    "deliveryId",
    r#"{"deliveryId":"evt_dsp_stripe_du_1_2.whe_arpb6qksu432hzgqqolzprqe2m"}"#,
];

#[test]
fn whatever_lies_on_the_queue_only_what_names_a_payment_is_a_nudge() {
    let events = ["retry", "retry-poisoned", "sweep"].map(world::events::text);
    Target::new("sqs-records").seeds(events).words(WORDS).inputs(2_500).check(|input| {
        // A batch that the runtime cannot read fails as a whole, and SQS delivers it again.
        let Ok(event) = serde_json::from_slice::<SqsEvent>(input) else { return "no batch".to_owned() };
        let bodies: Vec<Option<String>> = event.records.iter().map(|message| message.body.clone()).collect();
        let records = records(event);
        assert_eq!(records.len(), bodies.len());
        for (record, body) in records.iter().zip(&bodies) {
            let json: Option<Value> = body.as_ref().and_then(|body| serde_json::from_str(body).ok());
            let named = |name: &str| json.as_ref().and_then(|json| json.as_object()?.get(name)?.as_str());
            let (payment, dispute, warning) = (named("transactionId"), named("disputeId"), named("warningId"));
            let delivery = named("deliveryId");
            match &record.nudge {
                Ok(RowId::Payment(id)) => assert_eq!(payment, Some(id.as_str()), "{body:?}"),
                Ok(RowId::Dispute(id)) => assert_eq!(dispute, Some(id.as_str()), "{body:?}"),
                Ok(RowId::Warning(id)) => assert_eq!(warning, Some(id.as_str()), "{body:?}"),
                Ok(RowId::Delivery(id)) => assert_eq!(delivery, Some(id.as_str()), "{body:?}"),
                Err(Poison) => {
                    let others = [dispute, warning, delivery];
                    let is_one = payment.is_some_and(is_an_id) && others.iter().all(Option::is_none);
                    assert!(!is_one || is_ambiguous(body), "{body:?}");
                }
            }
        }
        let poison: Vec<String> =
            records.iter().filter(|record| record.nudge.is_err()).map(|record| record.message_id.clone()).collect();
        let again = redeliver(poison.clone());
        let named: Vec<&String> = again.batch_item_failures.iter().map(|failure| &failure.item_identifier).collect();
        assert_eq!(named, poison.iter().collect::<Vec<_>>());
        format!("{} records, {} poisoned", records.len().min(9), poison.len().min(9))
    });
}

fn is_an_id(text: &str) -> bool {
    let digits = text.strip_prefix("pay_").unwrap_or_default();
    digits.len() == 26 && digits.chars().all(|digit| "abcdefghijklmnopqrstuvwxyz234567".contains(digit))
}

/// A name given twice says two things, and is poison.
fn is_ambiguous(body: &Option<String>) -> bool {
    body.as_ref().is_some_and(|body| {
        body.matches("ransactionId").count() > 1
            || ["isputeId", "arningId", "eliveryId"].iter().any(|name| body.contains(name))
    })
}
