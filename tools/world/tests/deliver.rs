//! `deliver` against the world: whatever the merchant's servers do, and whatever dies on the way, each event arrives or is known not to
//! have arrived; always under its own id, and in the same bytes.

use std::{collections::BTreeSet, time::Duration};

use domain::{
    id::RowId,
    timeline::EventId,
    webhook::{
        Answer, Delivery, DeliveryId, EndpointId, Generation, LEASE, Progress, Reason, SEND_TIMEOUT, SkipReason,
        TryResult,
    },
};
use flow::{
    operations::{
        deliver::{Carried, deliver},
        webhook_endpoint::rotate,
    },
    ports::{
        Error, Host as _, Note,
        webhook::{SendWebhook, Sending},
    },
};
use world::{
    host::SimHost,
    merchant::status,
    post::Post,
    shop::{client, key},
    store::{Call, Course},
    turns::{self, block_on},
};

const A_DAY: Duration = Duration::from_secs(24 * 3600);

fn of(event: &EventId, endpoint: &EndpointId) -> DeliveryId {
    DeliveryId::of(event.clone(), endpoint.clone())
}

#[expect(clippy::unwrap_used, reason = "a test speaks by panicking")]
fn row(post: &Post, id: &DeliveryId) -> Delivery {
    post.store().delivery(id).unwrap()
}

/// The first generation of the secret of an endpoint that is registered when the clock begins.
fn first_generation() -> u32 {
    Generation::first(SimHost::START).get()
}

/// Seconds from the first time that something was heard to each.
#[expect(clippy::unwrap_used, reason = "a test speaks by panicking")]
fn moments(post: &Post) -> Vec<u64> {
    let heard = post.merchant().heard();
    let first = heard.first().unwrap().at;
    heard.iter().map(|heard| heard.at.since(first).as_secs()).collect()
}

#[test]
fn an_event_is_sent_once_to_each_endpoint_that_wants_it_in_the_bytes_that_were_stored() {
    block_on(async {
        let post = Post::new();
        let (one, other) = (post.registered("one").await, post.registered("other").await);
        let event = post.happened("order-1").await;
        assert_eq!(post.swept().await, 2);
        let heard = post.merchant().heard();
        let body = post.store().events().remove(0).body;
        assert!(
            heard
                .iter()
                .all(|heard| heard.event == event && heard.body == body && heard.signed_by == [first_generation()])
        );
        let told: BTreeSet<_> = heard.iter().map(|heard| &heard.endpoint).collect();
        assert_eq!(told, BTreeSet::from([&one, &other]));
        let delivery = row(&post, &of(&event, &one));
        assert_eq!((delivery.progress, delivery.due), (Progress::Delivered { at: post.host().now() }, None));
        post.host().advance(A_DAY);
        assert_eq!((post.swept().await, post.merchant().heard().len()), (0, 2));
        assert_eq!(post.deliver(&of(&event, &one)).await, Ok(Carried::Dropped), "a nudge that comes late");
        assert_eq!(post.store().delivery_events(&of(&event, &one)), ["delivery_made", "claimed", "delivered"]);
    });
}

#[test]
fn a_server_that_is_down_for_a_day_hears_of_everything_when_it_is_up_at_the_moments_of_the_schedule() {
    block_on(async {
        let post = Post::new();
        let endpoint = post.registered("one").await;
        post.merchant().usually_answers(&endpoint, status(500));
        let event = post.happened("order-1").await;
        let began = post.host().now();
        for _ in 0..10_000 {
            if post.host().now().since(began) >= A_DAY {
                post.merchant().usually_answers(&endpoint, status(204));
            }
            post.swept().await;
            if post.store().earliest_delivery().is_none() {
                break;
            }
            post.host().advance(Duration::from_secs(60));
        }
        let delivery = row(&post, &of(&event, &endpoint));
        assert!(matches!(delivery.progress, Progress::Delivered { .. }));
        let schedule = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400];
        let (mut before, moments) = (0, moments(&post));
        assert_eq!(moments.len(), schedule.len());
        for (at, wait) in moments.into_iter().zip(schedule) {
            let waited = at - before;
            // A tenth of jitter, and up to a minute until the sweep comes.
            assert!((wait..=wait + wait / 10 + 60).contains(&waited), "{waited} is not {wait}");
            before = at;
        }
        assert!(before > A_DAY.as_secs() - 1);
        let failed = post.host().notes().into_iter().filter(|note| *note == Note::DeliveryFailed).count();
        assert_eq!((failed, delivery.tries.len()), (7, 8));
    });
}

#[test]
fn whoever_never_answers_well_is_given_up_after_ten_tries_and_somebody_is_told() {
    block_on(async {
        let post = Post::new();
        let endpoint = post.registered("one").await;
        for answer in [status(301), status(404), Answer::Refused { reason: Reason::of("private_address") }] {
            post.merchant().usually_answers(&endpoint, answer.clone());
            let event = post.happened(&format!("order-{answer:?}").replace([' ', '"'], "_")).await;
            post.at_rest().await;
            let delivery = row(&post, &of(&event, &endpoint));
            assert!(matches!(delivery.progress, Progress::Exhausted { .. }), "{answer:?}");
            assert!(delivery.tries.iter().all(|tried| tried.result == answer.result()));
            assert_eq!(delivery.tries.len(), 10);
        }
        assert_eq!(post.host().notes().iter().filter(|note| **note == Note::DeliveryExhausted).count(), 3);
        assert_eq!(post.merchant().heard().len(), 20, "what the guard refuses is not sent");
    });
}

#[test]
fn a_redirect_is_not_followed_and_is_tried_again_like_any_failure() {
    block_on(async {
        let post = Post::new();
        let endpoint = post.registered("one").await;
        post.merchant().answers(&endpoint, [status(301), status(308)]);
        let event = post.happened("order-1").await;
        post.at_rest().await;
        let results: Vec<_> = row(&post, &of(&event, &endpoint)).tries.into_iter().map(|tried| tried.result).collect();
        assert_eq!(results, [301, 308, 200].map(TryResult::Answered));
        assert!(post.merchant().heard().iter().all(|heard| heard.url == "https://one.shop.example/hooks"));
    });
}

#[test]
fn an_endpoint_that_asks_for_an_hour_is_left_alone_for_an_hour() {
    block_on(async {
        let post = Post::new();
        let endpoint = post.registered("one").await;
        let hour = Duration::from_secs(3_600);
        post.merchant().answers(&endpoint, [Answer::Answered { status: 429, retry_after: Some(hour) }]);
        post.happened("order-1").await;
        post.at_rest().await;
        assert_eq!(moments(&post), [0, 3_600]);
    });
}

#[test]
fn whoever_dies_after_sending_has_it_sent_again_with_the_same_id_and_the_same_bytes() {
    block_on(async {
        for course in [Course::LostBefore, Course::LostAfter] {
            let post = Post::new();
            let endpoint = post.registered("one").await;
            let event = post.happened("order-1").await;
            // The claim is written; what came of the try is not, or nobody learns that it was.
            post.store().script(Call::Write, [Course::Well, course]);
            assert!(post.deliver(&of(&event, &endpoint)).await.is_err());
            let died = post.host().now();
            assert_eq!(
                post.deliver(&of(&event, &endpoint)).await,
                Ok(Carried::Dropped),
                "SQS delivers the nudge again"
            );
            post.at_rest().await;
            let heard = post.merchant().heard();
            let times = if course == Course::LostBefore { 2 } else { 1 };
            assert_eq!(heard.len(), times, "{course:?}");
            assert!(heard.windows(2).all(|pair| (&pair[0].event, &pair[0].body) == (&pair[1].event, &pair[1].body)));
            assert!(heard.last().unwrap().at == died || heard.last().unwrap().at.since(died) >= LEASE);
            assert!(matches!(row(&post, &of(&event, &endpoint)).progress, Progress::Delivered { .. }));
        }
    });
}

#[test]
fn whatever_call_fails_and_whether_it_was_served_the_event_arrives() {
    block_on(async {
        let mut failed = 0;
        for call in [Call::Load, Call::Write] {
            for course in [Course::LostBefore, Course::LostAfter, Course::SentTwice] {
                for place in 0..4 {
                    let post = Post::new();
                    let endpoint = post.registered("one").await;
                    let event = post.happened("order-1").await;
                    post.store().script(call, std::iter::repeat_n(Course::Well, place).chain([course]));
                    failed += usize::from(post.deliver(&of(&event, &endpoint)).await.is_err());
                    post.store().faults_end();
                    post.at_rest().await;
                    let delivery = row(&post, &of(&event, &endpoint));
                    assert!(matches!(delivery.progress, Progress::Delivered { .. }), "{call:?} {course:?} {place}");
                    let heard = post.merchant().heard().len();
                    assert!((1..=2).contains(&heard), "{call:?} {course:?} {place}: {heard}");
                }
            }
        }
        assert!(failed >= 8, "{failed}");
    });
}

/// A server that takes its time.
struct Slow<'a> {
    post: &'a Post,
    takes: Duration,
    answer: Answer,
}

impl SendWebhook for Slow<'_> {
    async fn send(&self, sending: &Sending<'_>) -> Result<Answer, Error> {
        drop(self.post.merchant().send(sending).await);
        self.post.host().advance(self.takes);
        turns::pass().await;
        Ok(self.answer.clone())
    }
}

#[test]
fn a_slow_server_keeps_nobody_but_its_own_delivery_and_only_as_long_as_a_send_may_take() {
    block_on(async {
        let post = Post::new();
        let endpoint = post.registered("slow").await;
        let event = post.happened("order-1").await;
        let id = of(&event, &endpoint);
        let answer = Answer::Unreachable { reason: Reason::of("timeout") };
        let slow = Slow { post: &post, takes: SEND_TIMEOUT, answer };
        let racing = turns::all((0..20).map(|_| deliver(post.host(), post.store(), &slow, &id))).await;
        let tried = racing.iter().filter(|done| matches!(done, Ok(Carried::Tried(_)))).count();
        let dropped = racing.iter().filter(|done| matches!(done, Ok(Carried::Dropped))).count();
        assert_eq!((tried, dropped), (1, 19), "of twenty nudges at once one sends");
        let delivery = row(&post, &id);
        assert_eq!(delivery.tries.first().unwrap().result, TryResult::Unreachable(Reason::of("timeout")));
        assert_eq!(delivery.due.unwrap().since(delivery.updated_at).as_secs(), 5);
        assert!(2 * SEND_TIMEOUT <= LEASE, "whoever sends is done before another may");
    });
}

#[test]
fn an_answer_that_comes_after_its_claim_was_over_is_written_down_all_the_same() {
    block_on(async {
        let post = Post::new();
        let endpoint = post.registered("slow").await;
        let event = post.happened("order-1").await;
        let id = of(&event, &endpoint);
        // A machine that was frozen in the middle of it: meanwhile another has tried in vain.
        struct Frozen<'a>(&'a Post, &'a DeliveryId);
        impl SendWebhook for Frozen<'_> {
            async fn send(&self, sending: &Sending<'_>) -> Result<Answer, Error> {
                let answer = self.0.merchant().send(sending).await;
                self.0.host().advance(2 * LEASE);
                self.0.merchant().answers(sending.endpoint, [status(500)]);
                drop(Box::pin(self.0.deliver(self.1)).await);
                answer
            }
        }
        deliver(post.host(), post.store(), &Frozen(&post, &id), &id).await.unwrap();
        let delivery = row(&post, &id);
        assert!(matches!(delivery.progress, Progress::Delivered { .. }) && delivery.due.is_none());
        let results: Vec<_> = delivery.tries.into_iter().map(|tried| tried.result).collect();
        assert_eq!(results, [500, 200].map(TryResult::Answered));
    });
}

#[test]
fn a_delivery_whose_event_is_not_written_yet_waits_for_it_and_is_no_try() {
    block_on(async {
        let post = Post::new();
        let endpoint = post.registered("one").await;
        let known = post.store().stream_after(0).len();
        drop(post.shop().opened(world::shop::order("order-1")).await);
        let event = post.store().stream_after(known).first().unwrap().after.image.event_id();
        let id = of(&event, &endpoint);
        post.made(id.clone()).await;
        assert!(matches!(post.deliver(&id).await, Ok(Carried::Untried(_))));
        let waits = row(&post, &id);
        assert_eq!((waits.progress, waits.tries.len(), waits.round), (Progress::Pending, 0, 0));
        post.told_after(known).await;
        post.at_rest().await;
        assert_eq!(post.merchant().heard().len(), 1);
        let never = of(&EventId::of(event.subject().clone(), 99), &endpoint);
        post.made(never.clone()).await;
        post.at_rest().await;
        assert!(matches!(row(&post, &never).progress, Progress::Skipped { reason: SkipReason::NoEvent, .. }));
    });
}

#[test]
fn while_the_key_cannot_be_had_nothing_is_sent_and_no_try_is_counted() {
    block_on(async {
        let post = Post::new();
        let endpoint = post.registered("one").await;
        let event = post.happened("order-1").await;
        let id = of(&event, &endpoint);
        post.merchant().lose_keys(true);
        for _ in 0..5 {
            assert!(post.deliver(&id).await.is_err());
            post.host().advance(LEASE);
        }
        assert_eq!((row(&post, &id).tries.len(), row(&post, &id).round), (0, 0));
        post.merchant().lose_keys(false);
        post.at_rest().await;
        assert!(matches!(row(&post, &id).progress, Progress::Delivered { .. }));
    });
}

#[test]
fn while_a_secret_is_rotated_both_sign_and_afterwards_the_new_one_alone() {
    block_on(async {
        let post = Post::new();
        let endpoint = post.registered("one").await;
        let request = domain::webhook::RotationRequest {
            key: key("rotate-1"),
            request_hash: domain::id::RequestHash::of([]),
            keep_former: domain::webhook::KeepFormer::USUAL,
        };
        rotate(post.host(), post.store(), &endpoint, request, &client()).await.unwrap();
        post.happened("order-1").await;
        post.at_rest().await;
        post.host().advance(A_DAY);
        post.happened("order-2").await;
        post.at_rest().await;
        let signed: Vec<_> = post.merchant().heard().into_iter().map(|heard| heard.signed_by).collect();
        assert_eq!(signed, [vec![first_generation() + 1, first_generation()], vec![first_generation() + 1]]);
    });
}

#[test]
fn a_sweep_nudges_no_more_deliveries_than_are_carried_in_a_minute_and_in_the_end_all_of_them() {
    block_on(async {
        let post = Post::new();
        let endpoint = post.registered("one").await;
        for number in 0..1_000 {
            post.happened(&format!("order-{number}")).await;
        }
        let (mut sweeps, mut most) = (0, 0);
        while post.store().earliest_delivery().is_some() {
            let tried = post.swept().await;
            post.host().advance(Duration::from_secs(60));
            (sweeps, most) = (sweeps + 1, most.max(tried));
            assert!(tried <= 400 && sweeps < 30, "{tried} in sweep {sweeps}");
        }
        // What waits is nudged once where less waits than is read, and the longest due rows first.
        assert!(most >= 200, "{most}");
        assert_eq!(post.merchant().heard().iter().filter(|heard| heard.endpoint == endpoint).count(), 1_000);
    });
}

#[test]
fn a_merchant_who_is_down_hides_no_payment_from_the_sweep() {
    block_on(async {
        let post = Post::new();
        let endpoint = post.registered("one").await;
        post.merchant().usually_answers(&endpoint, status(503));
        for number in 0..30 {
            post.happened(&format!("order-{number}")).await;
        }
        post.host().advance(Duration::from_secs(600));
        let swept = post.shop().sweep().await.unwrap();
        assert_eq!((swept.found, swept.deliveries_found), (30, 30), "payments and deliveries are told apart");
        let kinds: Vec<_> =
            post.queue().drain().into_iter().map(|nudged| matches!(nudged.id, RowId::Delivery(_))).collect();
        assert!(kinds.is_sorted(), "and payments come first");
        assert!(swept.oldest_due < Duration::from_secs(600), "{:?}", swept.oldest_due);
        assert!(post.host().now().since(SimHost::START) > Duration::ZERO);
    });
}
