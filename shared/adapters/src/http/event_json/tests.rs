//! The catalogue of events and their schema, as they are published; and that whatever is told keeps to it.

use std::fmt::Write as _;

use domain::gateway::NextAction;
use domain::payment::PaymentState;
use domain::personal::Kept;
use domain::timeline::{Cause, EventType, Subject, Version};
use expect_test::expect_file;
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::Value;
use world::shop::{Shop, card, give_back, order};
use world::telling::{MemoryBus, tell};
use world::turns::block_on;

use super::*;

#[test]
fn the_catalogue_is_what_is_told() {
    expect_file!["../../../../../docs/events.schema.json"].assert_eq(&format!("{:#}\n", schema()));
    expect_file!["../../../../../docs/EVENTS.md"].assert_eq(&catalogue());
}

fn catalogue() -> String {
    let mut text = include_str!("catalogue.head").to_owned();
    text.push_str("\n## Types\n");
    for (heading, prefix) in [
        ("Payments", "payment."),
        ("Refunds", "refund."),
        ("Disputes", "dispute."),
        ("Fraud warnings", "fraud_warning."),
    ] {
        write!(text, "\n**{heading}**\n\n| type | told when |\n|---|---|\n").unwrap();
        for kind in EventType::ALL.into_iter().filter(|kind| kind.is_announced() && kind.name().starts_with(prefix)) {
            writeln!(text, "| `{}` | {} |", kind.name(), kind.told_when()).unwrap();
        }
    }
    text.push_str(
        "\n## Examples\n\nTold of one payment that was declined, paid and half refunded, in a simulated stack.\n",
    );
    for (kind, body) in examples() {
        write!(text, "\n`{kind}`\n\n```json\n{body:#}\n```\n").unwrap();
    }
    text
}

/// What is told of a payment that was declined, then paid, and half of it given back.
fn examples() -> Vec<(String, Value)> {
    let shop = Shop::new();
    block_on(async {
        let id = shop.opened(order("order")).await.id;
        shop.gateway().bank_says([world::gateway::Verdict::Decline("insufficient_funds")]);
        shop.confirmed(&id, card("first")).await;
        shop.confirmed(&id, card("second")).await;
        shop.refunded(&id, give_back("half", Some(625))).await;
        tell(shop.host(), shop.store(), &MemoryBus::default(), &shop.store().stream_after(0)).await;
    });
    let wanted = ["payment.created", "payment.declined", "payment.succeeded", "refund.succeeded"];
    let told = shop
        .store()
        .events()
        .into_iter()
        .map(|event| (event.event_type.name().to_owned(), serde_json::from_slice(&event.body).unwrap()));
    told.filter(|(kind, _)| wanted.contains(&kind.as_str())).collect()
}

fn validator() -> Validator {
    jsonschema::validator_for(&schema()).unwrap()
}

fn version(image: Image) -> Version {
    let cause =
        Cause { what: "tested".to_owned(), why: None, who: "retry".to_owned(), evidence: None, request_id: None };
    Version { image, cause }
}

fn told(image: Image) -> Value {
    let version = version(image);
    serde_json::from_slice(&body(&Entry::found(&version, None, 0), &version.image)).unwrap()
}

#[test]
fn the_schema_refuses_what_is_never_told() {
    let (validator, (_, good)) = (validator(), examples().pop().unwrap());
    assert!(validator.is_valid(&good));
    for place in ["/id", "/type", "/sequence", "/timestamp", "/data/payment/transactionId", "/data/payment/status"] {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = Value::Bool(true);
        assert!(!validator.is_valid(&bad), "{place}");
    }
    let mut quiet = good;
    *quiet.pointer_mut("/type").unwrap() = "payment.checked".into();
    assert!(!validator.is_valid(&quiet), "that somebody looked is announced to nobody");
}

proptest! {
    #[test]
    fn whatever_payment_there_can_be_is_told_by_the_schema_and_without_its_secret(
        payment in world::payments::any_payment(),
    ) {
        let secret = payment.client_secret.as_ref().map(|secret| secret.expose().to_owned());
        let page = if let PaymentState::RequiresAction(NextAction::Redirect(url)) = &payment.state {
            Some(format!("\"{}\"", url.as_str()))
        } else {
            None
        };
        let told = told(Image::Payment(Box::new(payment)));
        let faults: Vec<String> = validator().iter_errors(&told).map(|fault| fault.to_string()).collect();
        prop_assert!(faults.is_empty(), "{faults:?}");
        let text = told.to_string();
        prop_assert!(secret.is_none_or(|secret| secret.len() < 8 || !text.contains(&secret)));
        prop_assert!(page.is_none_or(|page| !text.contains(&page)), "the payer's page bears the secret in its address");
    }

    #[test]
    fn whatever_dispute_there_can_be_is_told_by_the_schema_and_without_its_papers(
        dispute in world::disputes::made_up::any_dispute(),
    ) {
        // One that nobody has looked at yet is announced to nobody.
        prop_assume!(dispute.listed_as().is_some());
        let papers: Vec<String> = dispute.papers.iter().filter_map(|(_, kept)| match kept {
            Kept::Clear(text) => Some(text.clone()),
            Kept::Sealed(_) => None,
        }).collect();
        let told = told(Image::Dispute(Box::new(dispute)));
        let faults: Vec<String> = validator().iter_errors(&told).map(|fault| fault.to_string()).collect();
        prop_assert!(faults.is_empty(), "{faults:?}");
        let text = told.to_string();
        prop_assert!(papers.iter().all(|paper| paper.len() < 8 || !text.contains(paper.as_str())));
    }
}

/// The largest payment that there can be is told in less than what anybody takes: EventBridge 256 KiB, a row 400 KiB.
#[test]
fn the_largest_event_fits_wherever_it_goes() {
    let version = version(Image::Payment(Box::new(world::payments::largest(1))));
    let size = body(&Entry::found(&version, None, 0), &version.image).len();
    assert!(size < 100_000, "{size}");
    let subject = version.image.subject();
    assert!(matches!(subject, Subject::Payment(_)));
}
