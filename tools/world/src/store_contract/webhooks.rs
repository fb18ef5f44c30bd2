//! What a store must keep about the merchant's endpoints and deliveries. [`for_each_webhook_rule`] names the rules.
//!
//! [`for_each_webhook_rule`]: crate::for_each_webhook_rule

use std::collections::BTreeSet;

use domain::{
    id::RowId,
    time::Timestamp,
    timeline::EventId,
    webhook::{Command, Decision, Delivery, DeliveryId, EndpointId, Endpoints, Interest, Progress, apply, decide},
};
use flow::ports::{
    Actor, DuePartition, DueWindow, FindDue as _, Urgency, WriterToken,
    webhook::{
        CreateDelivery, DeliveryCreated, DeliveryReplaced, DeliveryWrite, EndpointsReplaced, EndpointsWrite,
        LoadDelivery, LoadEndpoints, ReplaceDelivery, ReplaceEndpoints,
    },
};

use super::{Bench, at, comes_to_show};
use crate::{payments, post::registration, turns};

/// Calls a macro with the name of each rule.
#[macro_export]
macro_rules! for_each_webhook_rule {
    ($rule:ident) => {
        $rule!(a_delivery_is_made_once_and_shown_to_whoever_makes_it_again);
        $rule!(a_delivery_is_replaced_at_the_version_before_it_only);
        $rule!(a_write_of_a_delivery_that_meets_its_own_row_has_succeeded);
        $rule!(deliveries_are_read_together_and_what_is_not_there_is_left_out);
        $rule!(a_delivery_that_is_due_lies_apart_from_payments_and_leaves_when_it_has_ended);
        $rule!(endpoints_are_none_at_first_and_change_one_version_at_a_time);
        $rule!(a_write_of_endpoints_that_meets_its_own_row_has_succeeded);
        $rule!(of_many_who_register_at_once_each_wins_a_version);
    };
}

/// What a store must be to keep these rules.
pub trait KeepsWebhooks: LoadEndpoints + ReplaceEndpoints + CreateDelivery + LoadDelivery + ReplaceDelivery {}

impl<S: LoadEndpoints + ReplaceEndpoints + CreateDelivery + LoadDelivery + ReplaceDelivery> KeepsWebhooks for S {}

fn endpoint_id(number: u32) -> EndpointId {
    registration(&format!("endpoint-{number}"), Interest::All).id
}

fn delivery(number: u32) -> Delivery {
    let event = EventId::of(domain::timeline::Subject::Payment(payments::id(number)), 1);
    Delivery::made(DeliveryId::of(event, endpoint_id(1)), at(1_000))
}

fn next(delivery: &Delivery) -> Delivery {
    Delivery { version: delivery.version + 1, round: delivery.round + 1, ..delivery.clone() }
}

const fn write(delivery: &Delivery, writer: u64) -> DeliveryWrite<'_> {
    DeliveryWrite { delivery, event: "tested", actor: &Actor::Deliver, writer: WriterToken(writer) }
}

async fn made<B: Bench>(bench: &B, delivery: Delivery) -> Delivery
where
    B::Store: KeepsWebhooks,
{
    assert_eq!(bench.store().create_delivery(&write(&delivery, 1)).await, Ok(DeliveryCreated::Created));
    delivery
}

/// Whoever tells of a change twice makes one delivery.
pub async fn a_delivery_is_made_once_and_shown_to_whoever_makes_it_again<B: Bench>(bench: &B)
where
    B::Store: KeepsWebhooks,
{
    assert_eq!(bench.store().load_delivery(&delivery(1).id).await, Ok(None));
    let first = made(bench, delivery(1)).await;
    let moved = Delivery { progress: Progress::Delivered { at: at(2_000) }, due: None, ..next(&first) };
    assert_eq!(bench.store().replace_delivery(&write(&moved, 2)).await, Ok(DeliveryReplaced::Replaced));
    let again = bench.store().create_delivery(&write(&first, 3)).await;
    assert_eq!(again, Ok(DeliveryCreated::Exists(Box::new(moved.clone()))), "what was delivered is not made anew");
    assert_eq!(bench.store().load_delivery(&first.id).await, Ok(Some(moved)));
}

/// A claim is a fence only if one of two who decided on one version gets to write.
pub async fn a_delivery_is_replaced_at_the_version_before_it_only<B: Bench>(bench: &B)
where
    B::Store: KeepsWebhooks,
{
    let first = made(bench, delivery(1)).await;
    let second = next(&first);
    assert_eq!(bench.store().replace_delivery(&write(&second, 2)).await, Ok(DeliveryReplaced::Replaced));
    for version in [1, 2, 4, 9] {
        let stale = Delivery { version, round: 99, ..first.clone() };
        let answer = bench.store().replace_delivery(&write(&stale, 10 + version)).await;
        assert_eq!(answer, Ok(DeliveryReplaced::Conflict(Box::new(second.clone()))), "version {version}");
    }
    assert!(bench.store().replace_delivery(&write(&next(&delivery(2)), 20)).await.is_err(), "it was never made");
    assert_eq!(bench.store().load_delivery(&delivery(2).id).await, Ok(None));
}

/// The SDK sends a write again when its answer is lost.
pub async fn a_write_of_a_delivery_that_meets_its_own_row_has_succeeded<B: Bench>(bench: &B)
where
    B::Store: KeepsWebhooks,
{
    let first = delivery(1);
    for _ in 0..2 {
        assert_eq!(bench.store().create_delivery(&write(&first, 1)).await, Ok(DeliveryCreated::Created));
    }
    for _ in 0..2 {
        assert_eq!(bench.store().replace_delivery(&write(&next(&first), 2)).await, Ok(DeliveryReplaced::Replaced));
    }
}

/// An event is shown with what there is of its deliveries.
pub async fn deliveries_are_read_together_and_what_is_not_there_is_left_out<B: Bench>(bench: &B)
where
    B::Store: KeepsWebhooks,
{
    let all = [made(bench, delivery(1)).await, made(bench, delivery(2)).await, delivery(3)];
    let ids: Vec<DeliveryId> = all.iter().map(|delivery| delivery.id.clone()).collect();
    let found = bench.store().load_deliveries(&ids).await.unwrap();
    let found: BTreeSet<DeliveryId> = found.into_iter().map(|delivery| delivery.id).collect();
    assert_eq!(found, ids.into_iter().take(2).collect());
}

/// A merchant who is down must hide no payment, and lose no event.
pub async fn a_delivery_that_is_due_lies_apart_from_payments_and_leaves_when_it_has_ended<B: Bench>(bench: &B)
where
    B::Store: KeepsWebhooks,
{
    let (first, second) = (made(bench, delivery(1)).await, made(bench, delivery(2)).await);
    let lie = async || {
        let [mut deliveries, mut others] = [BTreeSet::new(), BTreeSet::new()];
        for urgency in [Urgency::Doubt, Urgency::Look, Urgency::Delivery] {
            let of = if urgency == Urgency::Delivery { &mut deliveries } else { &mut others };
            for partition in DuePartition::of(urgency) {
                let window = DueWindow { from: at(0), until: Timestamp::from_unix_ms(i64::MAX) };
                let page = bench.store().find_due(partition, window, None, 100).await.unwrap();
                of.extend(page.rows.into_iter().map(|place| (place.id, place.due)));
            }
        }
        [deliveries, others]
    };
    let due = |delivery: &Delivery| (RowId::Delivery(delivery.id.clone()), at(1_000));
    comes_to_show(bench, &[BTreeSet::from([due(&first), due(&second)]), BTreeSet::new()], &lie).await;
    let ended = Delivery { progress: Progress::Exhausted { at: at(1_000) }, due: None, ..next(&first) };
    assert_eq!(bench.store().replace_delivery(&write(&ended, 2)).await, Ok(DeliveryReplaced::Replaced));
    comes_to_show(bench, &[BTreeSet::from([due(&second)]), BTreeSet::new()], &lie).await;
}

/// The endpoints with the `number`th one more.
fn with(endpoints: &Endpoints, number: u32) -> Endpoints {
    let command = Command::Register(registration(&format!("endpoint-{number}"), Interest::All));
    let mut after = endpoints.clone();
    match decide(endpoints, &command, at(1_000)) {
        Ok(Decision::Execute(event)) => apply(&mut after, &event),
        other => panic!("{other:?}"),
    }
    after
}

async fn replaced<B: Bench>(bench: &B, endpoints: &Endpoints, writer: u64) -> EndpointsReplaced
where
    B::Store: KeepsWebhooks,
{
    let endpoint = &endpoint_id(1);
    let writer = WriterToken(writer);
    let write = EndpointsWrite { endpoints, event: "tested", endpoint, actor: &Actor::Deliver, at: at(1_000), writer };
    bench.store().replace_endpoints(&write).await.unwrap()
}

/// One row bears all endpoints, so that no change of one may undo another's.
pub async fn endpoints_are_none_at_first_and_change_one_version_at_a_time<B: Bench>(bench: &B)
where
    B::Store: KeepsWebhooks,
{
    let none = bench.store().load_endpoints().await.unwrap();
    assert_eq!(none, Endpoints::default());
    let one = with(&none, 1);
    assert_eq!(replaced(bench, &one, 1).await, EndpointsReplaced::Replaced);
    assert_eq!(bench.store().load_endpoints().await, Ok(one.clone()), "a read right after a write sees it");
    assert_eq!(replaced(bench, &with(&none, 2), 2).await, EndpointsReplaced::Conflict(one.clone()));
    let two = with(&one, 2);
    assert_eq!(replaced(bench, &two, 3).await, EndpointsReplaced::Replaced);
    assert_eq!(replaced(bench, &with(&one, 3), 4).await, EndpointsReplaced::Conflict(two));
}

/// The SDK sends a write again when its answer is lost.
pub async fn a_write_of_endpoints_that_meets_its_own_row_has_succeeded<B: Bench>(bench: &B)
where
    B::Store: KeepsWebhooks,
{
    let one = with(&Endpoints::default(), 1);
    for _ in 0..2 {
        assert_eq!(replaced(bench, &one, 1).await, EndpointsReplaced::Replaced);
    }
    let two = with(&one, 2);
    for _ in 0..2 {
        assert_eq!(replaced(bench, &two, 2).await, EndpointsReplaced::Replaced);
    }
}

/// Of those who decided on one version, one gets to write; the others decide again.
pub async fn of_many_who_register_at_once_each_wins_a_version<B: Bench>(bench: &B)
where
    B::Store: KeepsWebhooks,
{
    const RACERS: u32 = 10;
    turns::all((0..RACERS).map(|racer| async move {
        let mut stands = bench.store().load_endpoints().await.unwrap();
        for round in 0..=RACERS {
            let writer = u64::from(racer) * 1_000 + u64::from(round) + 10;
            match replaced(bench, &with(&stands, racer), writer).await {
                EndpointsReplaced::Replaced => return,
                EndpointsReplaced::Conflict(shown) => stands = shown,
            }
        }
        panic!("racer {racer} lost {RACERS} times: somebody won without writing");
    }))
    .await;
    let stands = bench.store().load_endpoints().await.unwrap();
    assert_eq!((stands.version, stands.endpoints.len()), (u64::from(RACERS), 10));
}
