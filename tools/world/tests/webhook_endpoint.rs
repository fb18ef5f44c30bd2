//! The merchant's endpoints against the world: registered once, changed by one at a time, and what was missed is delivered again.

use std::{collections::BTreeSet, time::Duration};

use domain::{
    id::RequestHash,
    time::Day,
    timeline::{EventId, EventType},
    webhook::{
        DeliveryId, ENDPOINTS_MAX, EndpointId, Generation, Interest, KEPT_AFTER_END, KeepFormer, Progress, Rejection,
        RotationRequest,
    },
};
use flow::{
    operations::webhook_endpoint::{
        Range, Receivers, Requested, Wanted, WebhookEndpointError, disable, enable, endpoint, endpoint_id, endpoints,
        event, events, redeliver, redeliver_range, rotate,
    },
    ports::{Host as _, Note},
};
use world::{
    host::SimHost,
    merchant::status,
    post::{Post, registration},
    shop::{client, key},
    store::{Call, Course},
    turns::{self, block_on},
};

const A_DAY: Duration = Duration::from_secs(24 * 3600);

fn rotation(name: &str) -> RotationRequest {
    RotationRequest { key: key(name), request_hash: RequestHash::of([]), keep_former: KeepFormer::USUAL }
}

/// The first generation of the secret of an endpoint that is registered when the clock begins.
fn first_generation() -> Generation {
    Generation::first(SimHost::START)
}

fn is_done(requested: &Requested) -> bool {
    match requested {
        Requested::Done(_) => true,
        Requested::Replayed(_) => false,
    }
}

#[test]
fn of_twenty_registrations_at_once_with_one_key_one_registers_and_all_see_the_endpoint() {
    block_on(async {
        let post = Post::new();
        let all = turns::all((0..20).map(|_| post.register("one", Interest::All))).await;
        let done = all.iter().filter(|requested| is_done(requested.as_ref().unwrap())).count();
        assert_eq!((done, post.store().endpoints().endpoints.len()), (1, 1));
    });
}

#[test]
fn endpoints_that_are_registered_at_once_are_all_there_and_the_last_is_refused() {
    block_on(async {
        let post = Post::new();
        let names: Vec<String> = (0..ENDPOINTS_MAX).map(|number| format!("endpoint-{number}")).collect();
        let all = turns::all(names.iter().map(|name| post.register(name, Interest::All))).await;
        assert!(all.iter().all(|requested| is_done(requested.as_ref().unwrap())));
        let stored = endpoints(post.store()).await.unwrap();
        assert_eq!((stored.endpoints.len(), stored.version), (16, 16), "no write was lost");
        assert!(post.host().notes().contains(&Note::Conflict));
        let refused = post.register("onemore", Interest::All).await;
        assert!(matches!(refused, Err(WebhookEndpointError::Rejected(Rejection::Full))));
        disable(post.host(), post.store(), &endpoint_id(&key("endpoint-3")), &client()).await.unwrap();
        assert!(is_done(&post.register("onemore", Interest::All).await.unwrap()));
        assert_eq!(post.store().endpoints().endpoints.len(), ENDPOINTS_MAX);
    });
}

#[test]
fn a_key_is_not_used_for_another_endpoint_and_an_unknown_one_is_not_found() {
    block_on(async {
        let post = Post::new();
        post.registered("one").await;
        let other = domain::webhook::Registration {
            request_hash: RequestHash::of([("url", "https://other.example/")]),
            ..registration("one", Interest::All)
        };
        let (host, store) = (post.host(), post.store());
        let refused = flow::operations::webhook_endpoint::register(host, store, other, &client()).await;
        assert!(matches!(refused, Err(WebhookEndpointError::Rejected(Rejection::IdempotencyKeyReused))));
        let nobody = endpoint_id(&key("nobody"));
        assert!(matches!(endpoint(store, &nobody).await, Err(WebhookEndpointError::NotFound)));
        assert!(matches!(disable(host, store, &nobody, &client()).await, Err(WebhookEndpointError::NotFound)));
        assert!(matches!(
            rotate(host, store, &nobody, rotation("r"), &client()).await,
            Err(WebhookEndpointError::NotFound)
        ));
    });
}

#[test]
fn whatever_is_lost_of_a_rotation_the_same_request_leads_to_the_same_secret() {
    block_on(async {
        for course in [Course::LostBefore, Course::LostAfter, Course::SentTwice] {
            let post = Post::new();
            let id = post.registered("one").await;
            post.store().script(Call::Write, [course]);
            let first = rotate(post.host(), post.store(), &id, rotation("r1"), &client()).await;
            assert_eq!(first.is_err(), course != Course::SentTwice, "{course:?}");
            let again = rotate(post.host(), post.store(), &id, rotation("r1"), &client()).await.unwrap();
            assert_eq!(is_done(&again), course == Course::LostBefore, "{course:?}");
            assert_eq!(endpoint(post.store(), &id).await.unwrap().generation, first_generation().next(), "{course:?}");
        }
    });
}

#[test]
fn disabling_and_enabling_at_once_end_in_one_of_the_two_and_lose_nothing_else() {
    block_on(async {
        let post = Post::new();
        let (one, other) = (post.registered("one").await, post.registered("other").await);
        let (host, store) = (post.host(), post.store());
        let who = client();
        let work = |number: u32| {
            let (one, other, who) = (one.clone(), other.clone(), who.clone());
            async move {
                match number % 3 {
                    0 => drop(disable(host, store, &one, &who).await.unwrap()),
                    1 => drop(enable(host, store, &one, &who).await.unwrap()),
                    _ => drop(rotate(host, store, &other, rotation(&format!("r{number}")), &who).await.unwrap()),
                }
            }
        };
        turns::all((0..12).map(work)).await;
        let generation = endpoint(store, &other).await.unwrap().generation.get();
        assert_eq!(generation, first_generation().get() + 4, "each rotation counts once");
    });
}

#[test]
fn an_event_is_shown_with_what_became_of_it_at_each_endpoint() {
    block_on(async {
        let post = Post::new();
        let (one, other) = (post.registered("one").await, post.registered("other").await);
        post.merchant().usually_answers(&other, status(500));
        let id = post.happened("order-1").await;
        post.swept().await;
        let told = event(post.host(), post.store(), &id).await.unwrap();
        assert_eq!(told.event.id, id);
        let shown: Vec<_> =
            told.deliveries.iter().map(|delivery| (delivery.id.endpoint(), delivery.progress.name())).collect();
        assert_eq!(shown, [(&one, "delivered"), (&other, "pending")]);
        let unknown = EventId::of(id.subject().clone(), 99);
        assert!(matches!(event(post.host(), post.store(), &unknown).await, Err(WebhookEndpointError::NotFound)));
    });
}

#[test]
fn events_are_listed_newest_first_and_by_their_type() {
    block_on(async {
        let post = Post::new();
        let mut ids = Vec::new();
        for number in 0..25 {
            post.host().advance(Duration::from_secs(1));
            ids.insert(0, post.happened(&format!("order-{number}")).await);
        }
        let wanted = |after, event_type| Wanted { day: Day::of(post.host().now()), event_type, after, limit: 10 };
        let (mut seen, mut after) = (Vec::new(), None);
        for _ in 0..5 {
            let listed = events(post.store(), &wanted(after, None)).await.unwrap();
            assert!(listed.events.len() <= 10);
            seen.extend(listed.events.into_iter().map(|event| event.id));
            after = listed.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, ids);
        let created = events(post.store(), &wanted(None, Some(EventType::PaymentCreated))).await.unwrap();
        assert_eq!((created.events.len(), created.next.is_some()), (10, true));
        let refunds = events(post.store(), &wanted(None, Some(EventType::RefundCreated))).await.unwrap();
        assert_eq!((refunds.events.len(), refunds.next), (0, None));
    });
}

#[test]
fn an_event_is_delivered_again_to_whoever_would_be_told_now_or_to_the_one_that_is_named() {
    block_on(async {
        let post = Post::new();
        let (host, store, queue) = (post.host(), post.store(), post.queue());
        let one = post.registered("one").await;
        let id = post.happened("order-1").await;
        post.at_rest().await;
        let interest = Interest::only(&[EventType::RefundCreated]).unwrap();
        drop(post.register("refunds", interest).await.unwrap());
        let refunds = endpoint_id(&key("refunds"));
        let late = post.registered("late").await;
        let again = redeliver(host, store, queue, &id, &Receivers::Subscribed, &client()).await.unwrap();
        let to: BTreeSet<_> = again.iter().map(|delivery| delivery.id.endpoint().clone()).collect();
        assert_eq!(to, BTreeSet::from([one.clone(), late]), "also to whoever came later");
        redeliver(host, store, queue, &id, &Receivers::One(refunds.clone()), &client()).await.unwrap();
        post.at_rest().await;
        let heard: Vec<_> = post.merchant().heard().into_iter().filter(|heard| heard.endpoint == one).collect();
        assert_eq!(heard.len(), 2);
        assert_eq!(heard[0].body, heard[1].body);
        assert_eq!(post.merchant().heard().len(), 4);
        disable(host, store, &refunds, &client()).await.unwrap();
        let refused = redeliver(host, store, queue, &id, &Receivers::One(refunds), &client()).await;
        assert!(matches!(refused, Err(WebhookEndpointError::Disabled)));
    });
}

#[test]
fn what_became_of_a_delivery_is_shown_for_ninety_days_and_sending_again_begins_anew() {
    block_on(async {
        let post = Post::new();
        let (host, store, queue) = (post.host(), post.store(), post.queue());
        let one = post.registered("one").await;
        let id = post.happened("order-1").await;
        post.at_rest().await;
        let ended = post.host().now();
        let shown = async || event(host, store, &id).await.unwrap().deliveries.len();
        let again = async || {
            redeliver(host, store, queue, &id, &Receivers::One(one.clone()), &client()).await.unwrap();
            post.at_rest().await;
        };
        // Just before its end it is asked for again, and counts from its new end.
        host.set(ended.plus(KEPT_AFTER_END - Duration::from_millis(1)));
        store.expire(host.now());
        assert_eq!((shown().await, store.deliveries().len()), (1, 1));
        again().await;
        host.advance(KEPT_AFTER_END - Duration::from_secs(1));
        store.expire(host.now());
        assert_eq!((shown().await, store.deliveries().len()), (1, 1));
        // What the table has not got round to deleting is shown no more; it can still be sent again, and is the same row.
        host.advance(Duration::from_secs(1));
        assert_eq!((shown().await, store.deliveries().len()), (0, 1));
        again().await;
        let row = store.delivery(&DeliveryId::of(id.clone(), one.clone())).unwrap();
        assert_eq!((shown().await, row.tries.len()), (1, 3));
        // What was deleted is made anew. DynamoDB counts in whole seconds.
        host.advance(KEPT_AFTER_END + Duration::from_secs(1));
        store.expire(host.now());
        assert_eq!((shown().await, store.deliveries().len()), (0, 0));
        again().await;
        let row = store.delivery(&DeliveryId::of(id.clone(), one.clone())).unwrap();
        assert_eq!((shown().await, row.tries.len(), post.merchant().heard().len()), (1, 1, 4));
        assert_eq!(store.events().len(), 1, "the event itself stays for ever");
    });
}

#[test]
fn what_is_pending_is_never_deleted_however_old_it_is() {
    block_on(async {
        let post = Post::new();
        post.registered("one").await;
        post.happened("order-1").await;
        post.host().advance(1_000 * A_DAY);
        post.store().expire(post.host().now());
        assert_eq!(post.store().deliveries().len(), 1);
        post.at_rest().await;
        assert_eq!(post.merchant().heard().len(), 1);
    });
}

#[test]
fn what_a_lost_nudge_leaves_the_sweep_finds() {
    block_on(async {
        let post = Post::new();
        post.registered("one").await;
        let id = post.happened("order-1").await;
        post.at_rest().await;
        post.queue().fail_next(1);
        redeliver(post.host(), post.store(), post.queue(), &id, &Receivers::Subscribed, &client()).await.unwrap();
        assert!(post.host().notes().iter().any(|note| matches!(note, Note::NudgeLost(_))));
        post.at_rest().await;
        assert_eq!(post.merchant().heard().len(), 2);
    });
}

/// All events of a range, redelivered call by call; how many calls that took.
#[expect(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "a test speaks by panicking")]
async fn whole_range(post: &Post, id: &EndpointId, range: Range) -> (usize, usize) {
    let (mut range, mut count, mut calls) = (range, 0, 0);
    loop {
        let done = redeliver_range(post.host(), post.store(), post.queue(), id, &range, &client()).await.unwrap();
        (count, calls) = (count + done.count, calls + 1);
        assert!(done.count <= 100 && calls < 50);
        match done.next {
            Some(next) => range.after = Some(next),
            None => return (count, calls),
        }
    }
}

#[test]
fn a_range_of_time_is_delivered_again_bounded_per_call_and_to_its_very_ends() {
    block_on(async {
        let post = Post::new();
        let mut happened = Vec::new();
        for number in 0..230_u32 {
            // A day without anything lies in between.
            let pause = if number == 100 { 2 * A_DAY } else { Duration::from_secs(60) };
            post.host().advance(pause);
            let id = post.happened(&format!("order-{number}")).await;
            happened.push((post.host().now(), id));
        }
        let id = post.registered("late").await;
        let (from, to) = (happened[5].0, happened[219].0);
        let range = |interest| Range { from, to, interest, after: None };
        let (count, calls) = whole_range(&post, &id, range(Interest::All)).await;
        assert_eq!(count, 215);
        assert!(calls >= 3, "{calls}");
        let made: BTreeSet<_> = post.store().deliveries().into_iter().map(|delivery| delivery.id).collect();
        let wanted: BTreeSet<_> =
            happened[5..220].iter().map(|(_, event)| DeliveryId::of(event.clone(), id.clone())).collect();
        assert_eq!(made, wanted);
        for _ in 0..10 {
            post.swept().await;
        }
        assert_eq!(post.merchant().heard().len(), 215);
        assert!(
            post.store().deliveries().iter().all(|delivery| matches!(delivery.progress, Progress::Delivered { .. }))
        );
        let refunds = Interest::only(&[EventType::RefundCreated]).unwrap();
        assert_eq!(whole_range(&post, &id, range(refunds)).await.0, 0);
    });
}

#[test]
fn an_empty_range_of_a_month_ends_and_a_disabled_endpoint_is_sent_nothing() {
    block_on(async {
        let post = Post::new();
        let id = post.registered("one").await;
        let to = post.host().now();
        post.host().advance(31 * A_DAY);
        let range = Range { from: to, to: post.host().now(), interest: Interest::All, after: None };
        assert_eq!(whole_range(&post, &id, range.clone()).await, (0, 1));
        disable(post.host(), post.store(), &id, &client()).await.unwrap();
        let refused = redeliver_range(post.host(), post.store(), post.queue(), &id, &range, &client()).await;
        assert!(matches!(refused, Err(WebhookEndpointError::Disabled)));
    });
}
