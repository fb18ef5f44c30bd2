//! `deliver` and endpoints that are disabled, by the merchant or because they said that they are gone: nothing is sent to them, what was on
//! its way waits, and nobody undoes what the merchant has said since.

use std::{collections::BTreeSet, time::Duration};

use domain::{
    id::RowId,
    timeline::EventId,
    webhook::{Answer, Delivery, DeliveryId, DisableReason, EndpointId, Progress, SkipReason, Standing},
};
use flow::{
    operations::{
        deliver::deliver,
        webhook_endpoint::{self, disable, enable},
    },
    ports::{
        Error, Note,
        webhook::{SendWebhook, Sending},
    },
};
use world::{
    merchant::status,
    post::Post,
    shop::client,
    store::{Call, Course},
    turns::block_on,
};

const A_DAY: Duration = Duration::from_secs(24 * 3600);

fn of(event: &EventId, endpoint: &EndpointId) -> DeliveryId {
    DeliveryId::of(event.clone(), endpoint.clone())
}

#[expect(clippy::unwrap_used, reason = "a test speaks by panicking")]
fn row(post: &Post, id: &DeliveryId) -> Delivery {
    post.store().delivery(id).unwrap()
}

#[test]
fn an_endpoint_that_is_gone_is_disabled_and_what_waits_for_it_is_skipped() {
    block_on(async {
        let post = Post::new();
        let (gone, well) = (post.registered("gone").await, post.registered("well").await);
        post.merchant().answers(&gone, [status(410)]);
        let first = post.happened("order-1").await;
        let second = post.happened("order-2").await;
        post.at_rest().await;
        let standing = post.store().endpoints().find(&gone).unwrap().standing;
        assert!(matches!(standing, Standing::Disabled { reason: DisableReason::Gone, .. }));
        let progress = [&first, &second].map(|event| row(&post, &of(event, &gone)).progress.name());
        assert_eq!(BTreeSet::from(progress), BTreeSet::from(["exhausted", "skipped"]));
        let third = post.happened("order-3").await;
        assert_eq!(post.store().delivery(&of(&third, &gone)), None, "nobody is told who is disabled");
        post.at_rest().await;
        assert_eq!(post.merchant().heard().iter().filter(|heard| heard.endpoint == gone).count(), 1);
        assert_eq!(post.merchant().heard().iter().filter(|heard| heard.endpoint == well).count(), 3);
        assert_eq!(post.host().notes().iter().filter(|note| **note == Note::EndpointGone).count(), 1);
    });
}

#[test]
fn that_an_endpoint_is_gone_is_heard_again_if_it_could_not_be_written_down() {
    block_on(async {
        let post = Post::new();
        let endpoint = post.registered("gone").await;
        post.merchant().usually_answers(&endpoint, status(410));
        let first = post.happened("order-1").await;
        // The claim goes well, and disabling does not.
        post.store().script(Call::Write, [Course::Well, Course::LostBefore]);
        post.at_rest().await;
        assert_eq!(row(&post, &of(&first, &endpoint)).progress.name(), "exhausted");
        assert!(post.store().endpoints().find(&endpoint).unwrap().is_enabled());
        assert!(post.host().notes().iter().any(|note| matches!(note, Note::OutcomeNotRecorded(_))));
        post.happened("order-2").await;
        post.at_rest().await;
        assert!(!post.store().endpoints().find(&endpoint).unwrap().is_enabled());
    });
}

#[test]
fn an_endpoint_that_was_enabled_while_its_old_server_said_that_it_is_gone_stays_enabled() {
    block_on(async {
        let post = Post::new();
        let endpoint = post.registered("moved").await;
        let (first, second) = (post.happened("order-1").await, post.happened("order-2").await);
        // The merchant mends it while the answer of the server of before is under way: another has been told the same already.
        struct Mended<'a>(&'a Post, &'a DeliveryId);
        impl SendWebhook for Mended<'_> {
            async fn send(&self, sending: &Sending<'_>) -> Result<Answer, Error> {
                drop(self.0.merchant().send(sending).await);
                self.0.merchant().answers(sending.endpoint, [status(410)]);
                drop(Box::pin(self.0.deliver(self.1)).await);
                assert!(!self.0.store().endpoints().find(sending.endpoint).unwrap().is_enabled());
                self.0.host().advance(Duration::from_secs(5));
                drop(enable(self.0.host(), self.0.store(), sending.endpoint, &client()).await.unwrap());
                Ok(status(410))
            }
        }
        let (first, second) = (of(&first, &endpoint), of(&second, &endpoint));
        deliver(post.host(), post.store(), &Mended(&post, &second), &first).await.unwrap();
        assert!(post.store().endpoints().find(&endpoint).unwrap().is_enabled(), "somebody has mended it");
        assert_eq!(row(&post, &first).progress.name(), "exhausted");
        assert_eq!(post.host().notes().iter().filter(|note| **note == Note::EndpointGone).count(), 1);
        assert!(post.host().notes().contains(&Note::Conflict), "what it had loaded was of before");
        let third = post.happened("order-3").await;
        post.at_rest().await;
        assert!(matches!(row(&post, &of(&third, &endpoint)).progress, Progress::Delivered { .. }));
    });
}

#[test]
fn that_an_endpoint_is_gone_is_written_down_though_another_endpoint_has_changed_meanwhile() {
    block_on(async {
        let post = Post::new();
        let endpoint = post.registered("gone").await;
        let id = of(&post.happened("order-1").await, &endpoint);
        struct Changing<'a>(&'a Post);
        impl SendWebhook for Changing<'_> {
            async fn send(&self, _: &Sending<'_>) -> Result<Answer, Error> {
                self.0.registered("another").await;
                Ok(status(410))
            }
        }
        deliver(post.host(), post.store(), &Changing(&post), &id).await.unwrap();
        assert!(!post.store().endpoints().find(&endpoint).unwrap().is_enabled());
    });
}

#[test]
fn an_endpoint_that_is_disabled_for_a_minute_loses_nothing_of_what_was_on_its_way() {
    block_on(async {
        let post = Post::new();
        let endpoint = post.registered("one").await;
        post.merchant().answers(&endpoint, [status(500)]);
        let tried = of(&post.happened("order-1").await, &endpoint);
        post.swept().await;
        let untried = of(&post.happened("order-2").await, &endpoint);
        disable(post.host(), post.store(), &endpoint, &client()).await.unwrap();
        post.host().advance(Duration::from_secs(60));
        assert_eq!(post.swept().await, 2);
        assert_eq!(post.merchant().heard().len(), 1);
        for id in [&tried, &untried] {
            let withheld = row(&post, id);
            assert_eq!((withheld.progress, withheld.due.is_some()), (Progress::Pending, true), "{id}");
        }
        enable(post.host(), post.store(), &endpoint, &client()).await.unwrap();
        post.at_rest().await;
        for id in [&tried, &untried] {
            assert!(matches!(row(&post, id).progress, Progress::Delivered { .. }), "{id}");
        }
        assert_eq!(
            post.store().delivery_events(&untried),
            ["delivery_made", "claimed", "withheld", "claimed", "delivered"]
        );
    });
}

#[test]
fn a_delivery_that_was_made_after_its_endpoint_was_disabled_is_skipped_at_once() {
    block_on(async {
        let post = Post::new();
        let endpoint = post.registered("one").await;
        disable(post.host(), post.store(), &endpoint, &client()).await.unwrap();
        post.host().advance(Duration::from_secs(1));
        let id = of(&post.happened("order-1").await, &endpoint);
        assert_eq!(post.store().delivery(&id), None);
        // Whoever makes it had not seen yet that the endpoint is disabled.
        post.made(id.clone()).await;
        post.swept().await;
        assert!(matches!(row(&post, &id).progress, Progress::Skipped { reason: SkipReason::EndpointDisabled, .. }));
    });
}

#[test]
fn what_was_skipped_while_disabled_is_delivered_when_somebody_asks_and_not_before() {
    block_on(async {
        let post = Post::new();
        let endpoint = post.registered("one").await;
        let event = post.happened("order-1").await;
        let id = of(&event, &endpoint);
        disable(post.host(), post.store(), &endpoint, &client()).await.unwrap();
        post.at_rest().await;
        assert!(matches!(row(&post, &id).progress, Progress::Skipped { reason: SkipReason::EndpointDisabled, .. }));
        enable(post.host(), post.store(), &endpoint, &client()).await.unwrap();
        post.host().advance(A_DAY);
        assert_eq!((post.swept().await, post.merchant().heard().len()), (0, 0));
        let receivers = webhook_endpoint::Receivers::One(endpoint.clone());
        let (host, store, queue) = (post.host(), post.store(), post.queue());
        let made = webhook_endpoint::redeliver(host, store, queue, &event, &receivers, &client()).await.unwrap();
        assert_eq!(made.len(), 1);
        assert_eq!(post.queue().waiting().first().unwrap().id, RowId::Delivery(id.clone()));
        post.at_rest().await;
        assert_eq!(post.merchant().heard().len(), 1);
    });
}
