//! The switch: while the merchant has paused it, nothing begins that moves money and nothing is sent once more; what was done before is
//! answered as ever, what lets go of money goes on, and when the pause is over everything ends as if there had been none.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a scenario that does not go as written is a failed test")]

use std::{collections::BTreeMap, time::Duration};

use domain::{
    dispute::{self, Dispute, DisputeId, Paper, Papers, Stage, Standing, Status},
    gateway::{Gateway, UnknownReason},
    id::{RequestHash, RowId, TransactionId},
    money::{Currency, Money},
    pause::Paused,
    payment::{Confirmation, Payment, PaymentState, ProcessingReason, Rejection, ReviewReason},
    policy::{Policy, Reaction},
    schedule::Limits,
};
use flow::{
    operations::{
        dispute::{self as disputes, DisputeError},
        initiate::{InitiateError, Initiated},
        webhook::{GatewayEvent, Received, Subject},
    },
    ports::Host as _,
    steps::{PartError, RequestError, Requested},
};
use world::{
    disputes::{Fate, id as dispute_id},
    gateway::{Call, SimGateway, Verdict},
    scenes::{OrderScene, Scene},
    shop::{Shop, approved, cancellation, card, give_back, key, order, paypal_order, wish},
    store,
    turns::block_on,
};

const EVERYTHING: Paused = Paused::Everything;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Whatever asks a gateway to move money.
const MOVES: [Call; 3] = [Call::Confirm, Call::Capture, Call::Refund];

/// How often a gateway was asked to move money.
fn asked_to_move(shop: &Shop) -> usize {
    MOVES.into_iter().map(|call| shop.gateway().sent_of(call).len()).sum()
}

fn is_paid(payment: &Payment) -> bool {
    matches!(payment.state, PaymentState::Succeeded { .. })
}

fn paused(answer: Result<Requested, RequestError>) -> Paused {
    match answer {
        Err(RequestError::Paused(paused)) => paused,
        other => panic!("not paused: {other:?}"),
    }
}

fn part_paused(answer: Result<Requested, PartError>) -> Paused {
    match answer {
        Err(PartError::NotRequested(error)) => paused(Err(error)),
        other => panic!("not paused: {other:?}"),
    }
}

fn not_opened(answer: Result<Initiated, InitiateError>) -> Paused {
    match answer {
        Err(InitiateError::Paused(paused)) => paused,
        other => panic!("not paused: {other:?}"),
    }
}

fn is_replayed(answer: &Requested) -> bool {
    matches!(answer, Requested::Replayed(_))
}

/// As often as a pause of this length has the row looked at.
async fn looked_at_for(shop: &Shop, id: &TransactionId, pause: Duration) -> Payment {
    let until = shop.host().now().plus(pause);
    for _ in 0..1_000 {
        let row = shop.until_looked(id).await;
        if shop.host().now() > until || row.due.is_none() {
            return row;
        }
    }
    panic!("it is looked at too often: {}", shop.story(id));
}

// -- what clients ask for --

#[test]
fn what_moves_money_is_refused_while_everything_is_paused_and_done_when_it_is_not() {
    block_on(async {
        let shop = Shop::new();
        shop.store().pause(EVERYTHING);
        assert_eq!(not_opened(shop.initiate(order("order")).await), EVERYTHING);
        assert_eq!((shop.gateway().sent().len(), shop.store().commits().len()), (0, 0));
        shop.store().resume(EVERYTHING);
        assert!(matches!(shop.initiate(order("order")).await, Ok(Initiated::Created(_))));

        for (scene, call) in
            [(Scene::Waiting, Call::Confirm), (Scene::Held, Call::Capture), (Scene::Paid, Call::Refund)]
        {
            let (shop, id) = scene.set().await;
            let ask = async || {
                if call == Call::Confirm {
                    return shop.confirm(&id, card("later")).await.map_err(PartError::from);
                }
                if call == Call::Capture {
                    return shop.capture(&id, wish("later", None)).await;
                }
                shop.refund(&id, give_back("later", None)).await
            };
            shop.store().pause(EVERYTHING);
            let (row, sent) = (shop.row(&id), shop.gateway().sent());
            assert_eq!(part_paused(ask().await), EVERYTHING, "{scene:?}");
            assert_eq!((shop.row(&id), shop.gateway().sent()), (row, sent), "{scene:?}: nothing was written or sent");
            shop.store().resume(EVERYTHING);
            assert!(matches!(ask().await, Ok(Requested::Done(_))), "{scene:?}: the key is as good as new");
            shop.at_rest(&id).await;
        }
    });
}

#[test]
fn a_pause_of_one_gateway_leaves_the_other_alone() {
    block_on(async {
        let (shop, at_paypal) = OrderScene::Approved.set().await;
        shop.store().pause(Paused::At(Gateway::PayPal));
        assert_eq!(paused(shop.confirm(&at_paypal, approved("c")).await), Paused::At(Gateway::PayPal));
        assert_eq!(not_opened(shop.initiate(paypal_order("another")).await), Paused::At(Gateway::PayPal));
        let at_stripe = shop.opened(order("at-stripe")).await.id;
        assert!(is_paid(&shop.confirmed(&at_stripe, card("c")).await));
        shop.store().pause(EVERYTHING);
        shop.store().resume(Paused::At(Gateway::PayPal));
        assert_eq!(paused(shop.confirm(&at_paypal, approved("c")).await), EVERYTHING);
        shop.store().resume(EVERYTHING);
        assert!(is_paid(&shop.confirmed(&at_paypal, approved("c")).await));
    });
}

#[test]
fn what_was_done_before_is_answered_as_it_was() {
    block_on(async {
        let shop = Shop::new();
        let id = shop.opened(order("order")).await.id;
        shop.confirmed(&id, card("c")).await;
        shop.refunded(&id, give_back("r", Some(500))).await;
        let (held_shop, held) = Scene::Held.set().await;
        held_shop.captured(&held, wish("p", None)).await;
        for shop in [&shop, &held_shop] {
            shop.store().pause(EVERYTHING);
        }
        for cannot_be_seen in [false, true] {
            if cannot_be_seen {
                shop.store().script(store::Call::Pauses, [store::Course::LostBefore; 3]);
                held_shop.store().script(store::Call::Pauses, [store::Course::LostBefore; 3]);
            }
            assert!(matches!(shop.initiate(order("order")).await, Ok(Initiated::Replayed(_))));
            assert!(is_replayed(&shop.confirm(&id, card("c")).await.unwrap()));
            assert!(is_replayed(&shop.refund(&id, give_back("r", Some(500))).await.unwrap()));
            assert!(is_replayed(&held_shop.capture(&held, wish("p", None)).await.unwrap()));
        }
        // A client's mistake is its mistake, paused or not.
        let other = domain::payment::ConfirmRequest { request_hash: RequestHash::of([("other", "body")]), ..card("c") };
        let reused = shop.confirm(&id, other).await;
        assert!(matches!(reused, Err(RequestError::Rejected(Rejection::IdempotencyKeyReused, _))), "{reused:?}");
        let too_late = shop.confirm(&id, card("again")).await;
        assert!(matches!(too_late, Err(RequestError::Rejected(Rejection::InvalidState { .. }, _))), "{too_late:?}");
    });
}

#[test]
fn a_cancel_goes_through_every_pause_for_it_only_lets_go() {
    for scene in [Scene::Waiting, Scene::Scheduled, Scene::Challenged, Scene::Held, Scene::Canceling] {
        block_on(async {
            let (shop, id) = scene.set().await;
            shop.store().pause(EVERYTHING);
            if scene != Scene::Canceling {
                shop.canceled(&id, cancellation("x")).await;
            }
            assert_eq!(shop.at_rest(&id).await.state, PaymentState::Canceled, "{scene:?}");
        });
    }
}

#[test]
fn what_is_shown_and_what_is_heard_goes_on() {
    block_on(async {
        let (shop, id) = Scene::Waiting.set().await;
        shop.store().pause(EVERYTHING);
        let object = shop.row(&id).object;
        assert!(shop.gateway().browser_confirms(&object, Verdict::Charge));
        assert_eq!(shop.deliver_events().await.last(), Some(&Received::Applied));
        assert!(is_paid(&shop.status(&id).await.unwrap().unwrap()));
        shop.at_rest(&id).await;
    });
}

#[test]
fn where_nobody_can_see_what_is_paused_nothing_begins_and_no_row_is_taken() {
    block_on(async {
        let (shop, id) = Scene::Unanswered.set().await;
        shop.host().advance(Limits::BACKOFF_CAP);
        let another = shop.opened(order("another")).await.id;
        let rows = [&id, &another].map(|id| shop.row(id));
        shop.store().script(store::Call::Pauses, [store::Course::LostBefore; 3]);
        assert!(matches!(shop.initiate(order("third")).await, Err(InitiateError::Failed(_))));
        assert!(matches!(shop.confirm(&another, card("c")).await, Err(RequestError::Failed(_))));
        assert!(shop.retry(&id).await.is_err());
        assert_eq!([&id, &another].map(|id| shop.row(id)), rows);
        assert!(is_paid(&shop.at_rest(&id).await), "the next look sees it, and goes on");
    });
}

// -- what goes on by itself --

#[test]
fn what_nobody_knows_is_asked_about_and_not_sent_once_more() {
    block_on(async {
        let (shop, id) = Scene::Unanswered.set().await;
        shop.store().pause(EVERYTHING);
        let before = asked_to_move(&shop);
        for _ in 0..6 {
            let row = shop.until_looked(&id).await;
            assert_eq!(row.state, PaymentState::Processing(ProcessingReason::OutcomeUnknown));
        }
        assert_eq!(asked_to_move(&shop), before);
        assert!(shop.gateway().sent_of(Call::Fetch).len() >= 6, "it was asked about each time");
        shop.store().resume(EVERYTHING);
        assert!(is_paid(&shop.at_rest(&id).await), "the same bytes settle it");
        assert_eq!(shop.gateway().charges().len(), 1);
    });
}

#[test]
fn a_pause_that_outlasts_a_key_of_stripes_calls_a_person_and_charges_nothing_until_a_look_proves_that_nothing_came() {
    block_on(async {
        let (shop, id) = Scene::Unanswered.set().await;
        shop.store().pause(EVERYTHING);
        let row = looked_at_for(&shop, &id, Limits::KEY_YOUNG.saturating_add(Limits::BACKOFF_CAP)).await;
        assert_eq!(
            row.attention.map(|review| review.reason),
            Some(ReviewReason::OutcomeUnknown),
            "{}",
            shop.story(&id)
        );
        let row = looked_at_for(&shop, &id, Limits::ON_ITS_WAY.saturating_add(Limits::BACKOFF_CAP)).await;
        assert_eq!((row.state, row.attention), (PaymentState::RequiresPaymentMethod, None), "{}", shop.story(&id));
        assert_eq!((asked_to_move(&shop), shop.gateway().charges().len()), (1, 0));
        shop.store().resume(EVERYTHING);
        assert!(is_paid(&shop.confirmed(&id, card("another")).await), "its payer pays, once");
        shop.at_rest(&id).await;
    });
}

#[test]
fn a_pause_that_outlasts_a_key_of_paypals_asks_the_order_and_charges_once_or_not_at_all() {
    for arrives in [false, true] {
        block_on(async {
            let (shop, id) = OrderScene::Unanswered.set().await;
            shop.store().pause(EVERYTHING);
            if arrives {
                shop.gateway().late_requests_arrive();
            }
            looked_at_for(&shop, &id, DAY).await;
            assert_eq!(asked_to_move(&shop), 1);
            shop.store().resume(EVERYTHING);
            assert_eq!(is_paid(&shop.at_rest(&id).await), arrives);
            assert_eq!(shop.gateway().charges().len(), usize::from(arrives));
        });
    }
}

#[test]
fn what_was_on_its_way_when_the_pause_began_is_found_out_while_it_lasts() {
    block_on(async {
        let (shop, id) = Scene::Unanswered.set().await;
        shop.store().pause(EVERYTHING);
        assert_eq!(shop.gateway().late_requests_arrive(), 1);
        assert!(is_paid(&shop.at_rest(&id).await));
        assert_eq!(asked_to_move(&shop), 1);
    });
}

#[test]
fn a_scheduled_charge_waits_for_the_end_of_a_pause_and_is_tried_within_a_quarter_of_an_hour() {
    block_on(async {
        let (shop, id) = Scene::Scheduled.set().await;
        shop.store().pause(EVERYTHING);
        let before = asked_to_move(&shop);
        for _ in 0..3 {
            let row = looked_at_for(&shop, &id, DAY).await;
            assert!(matches!(row.state, PaymentState::Processing(ProcessingReason::RetryScheduled { .. })));
            assert_eq!((asked_to_move(&shop), row.attention), (before, None), "nobody is called for it");
        }
        shop.store().resume(EVERYTHING);
        assert!(shop.row(&id).due.unwrap().since(shop.host().now()) <= Limits::BACKOFF_CAP);
        assert!(is_paid(&shop.until_looked(&id).await));
        shop.at_rest(&id).await;
    });
}

#[test]
fn a_capture_that_was_written_down_waits() {
    block_on(async {
        let (shop, id) = Scene::Capturing.set().await;
        shop.store().pause(EVERYTHING);
        for _ in 0..4 {
            assert!(shop.until_looked(&id).await.open_act().is_some());
        }
        assert_eq!(shop.gateway().sent_of(Call::Capture).len(), 0);
        shop.store().resume(EVERYTHING);
        assert!(is_paid(&shop.at_rest(&id).await));
    });
}

#[test]
fn a_refund_that_was_written_down_waits_and_no_person_is_called_for_it() {
    block_on(async {
        let (shop, id) = Scene::Refunding.set().await;
        shop.store().pause(EVERYTHING);
        for _ in 0..4 {
            let row = shop.until_looked(&id).await;
            assert_eq!((row.attention, row.refund_unknown), (None, None));
        }
        assert_eq!(shop.gateway().sent_of(Call::Refund).len(), 0);
        assert!(shop.gateway().sent_of(Call::ListRefunds).len() >= 4, "whether it is there was asked each time");
        shop.store().resume(EVERYTHING);
        shop.at_rest(&id).await;
        assert_eq!(shop.gateway().refunds_made().len(), 1);
    });
}

#[test]
fn a_refund_by_itself_is_written_down_and_waits() {
    block_on(async {
        let shop = Shop::new();
        shop.host().settle_on(Policy { late_success: Reaction::Refund, ..Policy::STANDARD });
        let payment = shop.opened(order("order")).await;
        assert!(shop.gateway().dashboard_cancels(&payment.object));
        shop.deliver_events().await;
        shop.store().pause(EVERYTHING);
        assert!(shop.gateway().money_moves_after_all(&payment.object));
        shop.deliver_events().await;
        for _ in 0..4 {
            assert_eq!(shop.until_looked(&payment.id).await.refunds.len(), 1);
        }
        assert_eq!(shop.gateway().refunds_made().len(), 0);
        shop.store().resume(EVERYTHING);
        shop.at_rest(&payment.id).await;
        assert_eq!(shop.gateway().refunds_made().len(), 1);
    });
}

#[test]
fn what_was_approved_to_be_charged_by_itself_waits_and_is_charged_within_a_quarter_of_an_hour() {
    block_on(async {
        let shop = Shop::new();
        let mut request = paypal_order("order");
        request.terms.confirmation = Confirmation::Automatic;
        let payment = shop.opened(request).await;
        shop.store().pause(Paused::At(Gateway::PayPal));
        shop.gateway().payer_approves(&payment.object);
        shop.deliver_events().await;
        for _ in 0..20 {
            shop.until_looked(&payment.id).await;
        }
        let row = shop.row(&payment.id);
        assert_eq!((row.state.name(), asked_to_move(&shop)), ("requires_action", 0));
        shop.store().resume(Paused::At(Gateway::PayPal));
        assert!(row.due.unwrap().since(shop.host().now()) <= Limits::BACKOFF_CAP);
        // Each look is a write, and an entry of the timeline: they become rare.
        assert!(shop.host().now().since(payment.created_at) >= Limits::BACKOFF_CAP.saturating_mul(5));
        assert!(is_paid(&shop.until_looked(&payment.id).await));
        shop.at_rest(&payment.id).await;
    });
}

#[test]
fn a_payers_time_ends_in_a_pause_as_ever() {
    block_on(async {
        let (shop, id) = Scene::Waiting.set().await;
        shop.store().pause(EVERYTHING);
        shop.host().advance(shop.row(&id).terms.expires_in);
        assert_eq!(shop.at_rest(&id).await.state, PaymentState::Expired);
    });
}

// -- disputes --

/// A paid payment that is disputed, and somebody has looked.
async fn disputed() -> (Shop, DisputeId) {
    let (shop, id) = Scene::Paid.set().await;
    let (dispute, euros) = (dispute_id(1), Currency::from_code("EUR").unwrap());
    let standing = Standing { stage: Stage::Chargeback, status: Status::NeedsResponse };
    let by = shop.host().now().plus(DAY.saturating_mul(10));
    shop.disputes().open(&dispute, Some(&id), Money::payable(400, euros).unwrap(), standing, by);
    let subject = Subject::Dispute { id: dispute.clone() };
    let event = GatewayEvent { id: "evt_1".to_owned(), created_at: shop.host().now(), mode: SimGateway::MODE, subject };
    assert_eq!(shop.webhook(event).await.unwrap(), Received::Applied);
    look(&shop).await;
    (shop, dispute)
}

/// Whatever was nudged is looked at.
async fn look(shop: &Shop) {
    for nudged in shop.queue().drain() {
        match nudged.id {
            RowId::Payment(id) => drop(shop.retry(&id).await.unwrap()),
            RowId::Dispute(id) => drop(shop.retry_dispute(&id).await.unwrap()),
            RowId::Warning(_) | RowId::Delivery(_) => {}
        }
    }
}

async fn until_looked(shop: &Shop, id: &DisputeId) -> Dispute {
    let due = shop.store().dispute(id).unwrap().due.unwrap();
    shop.host().advance(due.since(shop.host().now()));
    shop.sweep().await.unwrap();
    look(shop).await;
    shop.store().dispute(id).unwrap()
}

fn request(name: &str) -> dispute::Request {
    dispute::Request { key: key(name), hash: RequestHash::of([("key", name)]) }
}

fn papers() -> Papers {
    Papers::parse(BTreeMap::from([(Paper::Explanation, "It was delivered.".to_owned())])).unwrap()
}

fn not_answered(answer: Result<disputes::Requested, DisputeError>) -> Paused {
    match answer {
        Err(DisputeError::Paused(paused)) => paused,
        other => panic!("not paused: {other:?}"),
    }
}

#[test]
fn a_dispute_is_not_answered_in_a_pause_but_papers_are_put_by() {
    block_on(async {
        let (shop, id) = disputed().await;
        shop.store().pause(Paused::At(Gateway::Stripe));
        let draft = shop.evidence(&id, request("draft"), disputes::Wish::Draft(papers())).await;
        assert!(matches!(draft, Ok(disputes::Requested::Done(_))), "{draft:?}");
        let row = shop.store().dispute(&id).unwrap();
        let submitted = shop.evidence(&id, request("submit"), disputes::Wish::Submit(None)).await;
        assert_eq!(not_answered(submitted), Paused::At(Gateway::Stripe));
        assert_eq!(not_answered(shop.accept(&id, request("accept")).await), Paused::At(Gateway::Stripe));
        assert_eq!(shop.store().dispute(&id), Some(row), "nothing was written");
        shop.store().resume(Paused::At(Gateway::Stripe));
        let submitted = shop.evidence(&id, request("submit"), disputes::Wish::Submit(None)).await;
        assert!(matches!(submitted, Ok(disputes::Requested::Done(_))), "{submitted:?}");
        shop.store().pause(EVERYTHING);
        let again = shop.evidence(&id, request("submit"), disputes::Wish::Submit(None)).await;
        assert!(matches!(again, Ok(disputes::Requested::Replayed(_))), "{again:?}");
        assert_eq!(shop.disputes().submitted().len(), 1);
    });
}

#[test]
fn an_answer_to_a_dispute_that_was_lost_is_sent_again_when_the_pause_is_over() {
    block_on(async {
        let (shop, id) = disputed().await;
        shop.disputes().script([Fate::Unserved(UnknownReason::Timeout)]);
        let submitted = shop.evidence(&id, request("submit"), disputes::Wish::Submit(Some(papers()))).await;
        assert!(matches!(submitted, Ok(disputes::Requested::Done(_))), "{submitted:?}");
        shop.store().pause(EVERYTHING);
        for _ in 0..20 {
            assert!(until_looked(&shop, &id).await.open_act().is_some());
        }
        assert_eq!(shop.disputes().submitted().len(), 0);
        shop.store().resume(EVERYTHING);
        for _ in 0..3 {
            until_looked(&shop, &id).await;
        }
        assert_eq!(shop.disputes().submitted().len(), 1);
    });
}
