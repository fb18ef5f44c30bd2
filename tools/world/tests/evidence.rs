//! On what evidence each change was made, and to which request of ours that evidence answers: what the rows themselves say, from
//! the opening to the end, when answers come and when they do not.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::time::Duration;

use domain::{
    dispute::{Stage, Standing, Status},
    gateway::{RefundStatus, UnknownReason},
    money::{Currency, Money},
    payment::Payment,
    timeline,
};
use flow::{
    operations::webhook::{GatewayEvent, Subject},
    ports::Host as _,
};
use world::{
    disputes,
    gateway::{Call, Course, Effect, SimGateway, Verdict},
    shop::{Shop, approved, cancellation, card, give_back, held_order, order, paypal_order, wish},
    store::Commit,
    turns::block_on,
    warnings,
};

/// A change: what happened, who made it happen, on what evidence, and the number of the request that it answers.
type Change = (String, String, Option<String>, Option<u32>);

fn change(cause: timeline::Cause) -> Change {
    let number = cause.request_id.map(|id| number(&id));
    let (who, _) = cause.who.split_once(':').unwrap_or((&cause.who, ""));
    (cause.what, who.to_owned(), cause.evidence, number)
}

/// The twin counts its requests, each kind for itself.
fn number(request_id: &str) -> u32 {
    let digits = request_id.trim_start_matches(|character: char| !character.is_ascii_digit());
    digits.parse().unwrap()
}

/// All that happened to payments.
fn changes(shop: &Shop) -> Vec<Change> {
    shop.store().commits().into_iter().map(|commit| change(commit.cause)).collect()
}

fn last(shop: &Shop) -> Commit {
    shop.store().commits().pop().unwrap()
}

fn made(what: &str, who: &str, evidence: Option<&str>, request: Option<u32>) -> Change {
    (what.to_owned(), who.to_owned(), evidence.map(str::to_owned), request)
}

async fn paid(shop: &Shop) -> Payment {
    let payment = shop.opened(order("order-1")).await;
    shop.confirmed(&payment.id, card("c")).await
}

async fn happens(shop: &Shop, subject: Subject) {
    let event = GatewayEvent { id: "evt_1".to_owned(), created_at: shop.host().now(), mode: SimGateway::MODE, subject };
    shop.webhook(event).await.unwrap();
}

#[test]
fn the_row_of_a_charge_says_on_which_answer_it_stands() {
    block_on(async {
        let shop = Shop::new();
        let payment = paid(&shop).await;
        assert_eq!(
            changes(&shop),
            [
                made("initiated", "client", Some("answer"), Some(1)),
                made("attempt_started", "client", None, None),
                made("captured", "client", Some("answer"), Some(2)),
            ]
        );
        let stored = adapters::dynamo::row::read_cause(&shop.store().stored(&payment.id).unwrap()).unwrap();
        assert_eq!(stored, last(&shop).cause);
    });
}

#[test]
fn what_nobody_knows_names_the_request_if_the_gateway_responded_at_all() {
    for (course, evidence, why, request) in [
        (Course::NotServed(UnknownReason::ServerError), "answer", "server_error", Some(2)),
        (Course::Unheard(UnknownReason::Unreadable), "answer", "unreadable", Some(2)),
        (Course::Unheard(UnknownReason::ConnectionLost), "answer", "connection_lost", None),
        (Course::Late, "answer", "timeout", None),
    ] {
        block_on(async {
            let shop = Shop::new();
            let payment = shop.opened(order("order-1")).await;
            shop.gateway().script(Call::Confirm, [course]);
            shop.confirmed(&payment.id, card("c")).await;
            let Commit { cause, .. } = last(&shop);
            assert_eq!((cause.what.as_str(), cause.why.as_deref()), ("outcome_unknown", Some(why)));
            assert_eq!((cause.evidence.as_deref(), cause.request_id.as_deref().map(number)), (Some(evidence), request));
        });
    }
}

#[test]
fn what_is_sent_again_is_answered_again_under_a_name_of_its_own() {
    block_on(async {
        let shop = Shop::new();
        let payment = shop.opened(order("order-1")).await;
        shop.gateway().script(Call::Confirm, [Course::SavedFailure(Effect::Whole)]);
        shop.confirmed(&payment.id, card("c")).await;
        shop.until_looked(&payment.id).await;
        let after_the_failure = changes(&shop).split_off(3);
        assert_eq!(
            after_the_failure,
            [
                made("claimed", "retry", None, None),
                // The failure is given again: it proves that the key was answered, and a look tells what came of it.
                made("attempt_answered", "retry", Some("replayed_answer"), Some(3)),
                made("captured", "retry", Some("fetch"), Some(4)),
            ]
        );
    });
}

#[test]
fn what_only_an_event_has_told_names_the_event_and_no_request() {
    block_on(async {
        let shop = Shop::new();
        let payment = shop.opened(order("order-1")).await;
        assert!(shop.gateway().browser_confirms(&payment.object, Verdict::Charge));
        shop.deliver_events().await;
        let Commit { cause, .. } = last(&shop);
        assert!(cause.who.starts_with("webhook:evt_"), "{cause:?}");
        assert_eq!(change(cause), made("captured", "webhook", Some("event"), None));
    });
}

#[test]
fn captures_cancels_and_refunds_name_the_requests_that_they_asked() {
    block_on(async {
        let shop = Shop::new();
        let held = shop.opened(held_order("order-1")).await;
        shop.confirmed(&held.id, card("c")).await;
        shop.captured(&held.id, wish("capture", None)).await;
        assert_eq!(change(last(&shop).cause), made("captured", "client", Some("answer"), Some(3)));
        shop.refunded(&held.id, give_back("refund", Some(250))).await;
        assert_eq!(change(last(&shop).cause), made("refund_succeeded", "client", Some("answer"), Some(4)));
        let other = shop.opened(order("order-2")).await;
        shop.canceled(&other.id, cancellation("cancel")).await;
        assert_eq!(change(last(&shop).cause), made("canceled", "client", Some("answer"), Some(6)));
    });
}

#[test]
fn refunds_that_were_compared_name_the_look_that_has_shown_them() {
    block_on(async {
        let shop = Shop::new();
        let payment = paid(&shop).await;
        shop.gateway().refunds_become([RefundStatus::Pending]);
        shop.gateway().script(Call::Refund, [Course::Unheard(UnknownReason::Timeout)]);
        shop.refunded(&payment.id, give_back("refund", None)).await;
        assert_eq!(change(last(&shop).cause), made("outcome_unknown", "client", Some("answer"), None));
        shop.until_looked(&payment.id).await;
        assert_eq!(change(last(&shop).cause), made("refund_pending", "retry", Some("list"), Some(4)));
    });
}

#[test]
fn an_order_that_its_payer_approved_is_told_by_a_look_and_then_by_its_own_answer() {
    block_on(async {
        let shop = Shop::new();
        let payment = shop.opened(paypal_order("order-1")).await;
        assert!(shop.gateway().payer_approves(&payment.object));
        shop.deliver_events().await;
        shop.until_looked(&payment.id).await;
        shop.confirmed(&payment.id, approved("c")).await;
        assert_eq!(
            changes(&shop),
            [
                made("initiated", "client", Some("answer"), Some(1)),
                made("look_asked", "webhook", Some("event"), None),
                made("claimed", "retry", None, None),
                made("action_required", "retry", Some("fetch"), Some(2)),
                made("attempt_started", "client", None, None),
                made("captured", "client", Some("answer"), Some(3)),
            ]
        );
    });
}

#[test]
fn a_dispute_rests_on_looks_and_what_its_payment_says_of_it_on_the_dispute() {
    block_on(async {
        let (shop, id) = (Shop::new(), disputes::id(1));
        let payment = paid(&shop).await;
        let standing = Standing { stage: Stage::Chargeback, status: Status::NeedsResponse };
        let amount = Money::payable(400, Currency::from_code("EUR").unwrap()).unwrap();
        let by = shop.host().now().plus(Duration::from_secs(10 * 24 * 3600));
        shop.disputes().open(&id, Some(&payment.id), amount, standing, by);
        happens(&shop, Subject::Dispute { id: id.clone() }).await;
        for nudged in shop.queue().drain() {
            assert_eq!(nudged.id, domain::id::RowId::Dispute(id.clone()));
            shop.retry_dispute(&id).await.unwrap();
        }
        let of_dispute: Vec<_> = shop.store().dispute_commits_after(0).into_iter().map(|it| change(it.cause)).collect();
        assert_eq!(
            of_dispute,
            [
                made("dispute_noticed", "webhook", Some("event"), None),
                made("claimed", "retry", None, None),
                made("dispute_moved", "retry", Some("fetch"), Some(1)),
                made("payment_told", "retry", None, None),
            ]
        );
        assert_eq!(change(last(&shop).cause), made("dispute_opened", "retry", Some("dispute"), None));
    });
}

#[test]
fn a_warning_rests_on_a_look_and_what_its_payment_says_of_it_on_the_warning() {
    block_on(async {
        let (shop, id) = (Shop::new(), warnings::id(1));
        let payment = paid(&shop).await;
        shop.gateway().warnings().say(&id, warnings::about(&payment), true, shop.host().now());
        shop.gateway().warnings().lose([UnknownReason::ServerError]);
        happens(&shop, Subject::Warning { id: id.clone() }).await;
        let said = |shop: &Shop| {
            let item = shop.store().stored_warning(&id).unwrap();
            change(adapters::dynamo::row::read_cause(&item).unwrap())
        };
        assert_eq!(said(&shop), made("warning_noticed", "webhook", Some("event"), None));
        shop.retry_warning(&id).await.unwrap();
        assert_eq!(said(&shop), made("outcome_unknown", "retry", Some("fetch"), Some(1)));
        shop.host().advance(Duration::from_secs(3600));
        shop.retry_warning(&id).await.unwrap();
        assert_eq!(change(last(&shop).cause), made("fraud_warned", "retry", Some("warning"), None));
    });
}
