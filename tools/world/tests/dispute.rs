//! Disputes, from the first event to their end: whose they are, what they hold, what the merchant answers, and what is
//! left when any step is lost.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]
#![expect(clippy::arithmetic_side_effects, reason = "small constant numbers, and tests are built with overflow checks")]

use std::{collections::BTreeMap, time::Duration};

use domain::{
    dispute::{
        ActProgress, Behind, Dispute, DisputeId, Link, Paper, Papers, Rejection, Reminder, Request, Stage, Standing,
        Status,
    },
    gateway::{Gateway, UnknownReason},
    id::{IdempotencyKey, RequestHash, RowId},
    money::{Currency, Money},
    payment::{self, Payment, ReviewReason},
    text::GatewayToken,
    time::Timestamp,
};
use flow::{
    operations::{
        dispute::{DisputeError, Requested, Wanted, Wish},
        webhook::{GatewayEvent, Received, Subject},
    },
    ports::{Host as _, Note},
    steps::{PartError, RequestError},
};
use world::{
    counting::Counts,
    disputes::{self, Fate, id},
    gateway::SimGateway,
    host::SimHost,
    shop::{Shop, approved, card, give_back, order, paypal_order},
    store::{Call, Course},
    turns::block_on,
};

const DAY: Duration = Duration::from_secs(24 * 3600);
const CHARGEBACK: Standing = Standing { stage: Stage::Chargeback, status: Status::NeedsResponse };

async fn paid(shop: &Shop) -> Payment {
    let payment = shop.opened(order("order-1")).await;
    shop.confirm(&payment.id, card("c")).await.unwrap();
    shop.row(&payment.id)
}

fn euros(minor_units: i64) -> Money {
    Money::payable(minor_units, Currency::from_code("EUR").unwrap()).unwrap()
}

fn in_ten_days(shop: &Shop) -> Timestamp {
    shop.host().now().plus(DAY * 10)
}

/// The gateway says that there is news of a dispute.
async fn event(shop: &Shop, id: &DisputeId) -> Received {
    let event = GatewayEvent {
        id: "evt_1".to_owned(),
        created_at: shop.host().now(),
        mode: SimGateway::MODE,
        subject: Subject::Dispute { id: id.clone() },
    };
    shop.webhook(event).await.unwrap()
}

fn stands(shop: &Shop, id: &DisputeId) -> Dispute {
    shop.store().dispute(id).unwrap()
}

/// A paid payment of 12.50 EUR, of which 4.00 are disputed; somebody has looked.
async fn disputed(shop: &Shop, standing: Standing) -> Payment {
    let payment = paid(shop).await;
    shop.disputes().open(&id(1), Some(&payment.id), euros(400), standing, in_ten_days(shop));
    assert_eq!(event(shop, &id(1)).await, Received::Applied);
    look(shop).await;
    shop.row(&payment.id)
}

/// Whatever was nudged is looked at.
async fn look(shop: &Shop) {
    for nudged in shop.queue().drain() {
        match nudged.id {
            RowId::Payment(id) => drop(shop.retry(&id).await.unwrap()),
            RowId::Dispute(id) => drop(shop.retry_dispute(&id).await.unwrap()),
            RowId::Warning(id) => panic!("nobody has warned: {id}"),
            RowId::Delivery(id) => panic!("nobody is told: {id}"),
        }
    }
}

/// Time passes until the dispute is due, and the sweep finds it.
async fn until_looked(shop: &Shop, id: &DisputeId) -> Dispute {
    let Some(due) = stands(shop, id).due else { return stands(shop, id) };
    shop.host().advance(due.since(shop.host().now()));
    shop.sweep().await.unwrap();
    look(shop).await;
    stands(shop, id)
}

fn request(name: &str) -> Request {
    Request { key: IdempotencyKey::parse(name).unwrap(), hash: RequestHash::of([("key", name)]) }
}

fn papers(text: &str) -> Papers {
    Papers::parse(BTreeMap::from([(Paper::Explanation, text.to_owned())])).unwrap()
}

fn submission() -> Wish {
    Wish::Submit(Some(papers("It was delivered.")))
}

fn done(requested: Result<Requested, DisputeError>) -> Dispute {
    match requested.unwrap() {
        Requested::Done(dispute) => dispute,
        Requested::Replayed(dispute) => panic!("{dispute:?} was replayed"),
    }
}

fn rejection(requested: Result<Requested, DisputeError>) -> Rejection {
    match requested {
        Err(DisputeError::Rejected(rejection, _)) => rejection,
        other => panic!("{other:?}"),
    }
}

fn last_act(dispute: &Dispute) -> &ActProgress {
    &dispute.acts.last().unwrap().progress
}

#[test]
fn an_event_takes_one_read_and_one_write_and_asks_nobody() {
    block_on(async {
        let shop = Shop::new();
        let payment = paid(&shop).await;
        shop.disputes().open(&id(1), Some(&payment.id), euros(400), CHARGEBACK, in_ten_days(&shop));
        shop.tally().take();
        assert_eq!(event(&shop, &id(1)).await, Received::Applied);
        assert_eq!(shop.tally().take(), Counts { reads: 1, writes: 1, nudges: 1, ..Counts::default() });
        assert_eq!(event(&shop, &id(1)).await, Received::Superseded, "somebody is about to look");
        assert_eq!(shop.tally().take(), Counts { reads: 1, ..Counts::default() });
    });
}

#[test]
fn a_dispute_finds_its_payment_and_holds_its_part_of_the_money() {
    block_on(async {
        let shop = Shop::new();
        let payment = disputed(&shop, CHARGEBACK).await;
        let dispute = stands(&shop, &id(1));
        assert_eq!((dispute.payment(), dispute.is_told), (Some(&payment.id), true));
        assert_eq!(
            payment.disputes.iter().map(|told| (&told.id, told.amount)).collect::<Vec<_>>(),
            [(&id(1), euros(400))]
        );
        assert_eq!(payment.refundable(), euros(850));
        let refused = shop.refund(&payment.id, give_back("r", Some(1_250))).await;
        let Err(PartError::NotRequested(RequestError::Rejected(why, _))) = refused else { panic!("{refused:?}") };
        assert_eq!(why, payment::Rejection::HeldByDispute);
        shop.refund(&payment.id, give_back("r2", Some(850))).await.unwrap();
    });
}

#[test]
fn events_may_come_five_times_and_backwards() {
    block_on(async {
        let shop = Shop::new();
        let payment = disputed(&shop, CHARGEBACK).await;
        shop.disputes().moves(&id(1), Stage::Chargeback, Status::Won);
        for _ in 0..5 {
            event(&shop, &id(1)).await;
        }
        look(&shop).await;
        assert_eq!(stands(&shop, &id(1)).standing().unwrap().status, Status::Won);
        assert_eq!(shop.row(&payment.id).refundable(), euros(1_250), "won, and the money is the merchant's again");
        assert_eq!(stands(&shop, &id(1)).due, None);
    });
}

#[test]
fn an_event_that_comes_while_somebody_looks_is_looked_at_once_more() {
    block_on(async {
        let shop = Shop::new();
        disputed(&shop, CHARGEBACK).await;
        assert_eq!(event(&shop, &id(1)).await, Received::Applied);
        // The look is under way when the gateway moves on and says so.
        shop.disputes().moves(&id(1), Stage::Chargeback, Status::Lost);
        look(&shop).await;
        event(&shop, &id(1)).await;
        look(&shop).await;
        assert_eq!(stands(&shop, &id(1)).standing().unwrap().status, Status::Lost);
    });
}

#[test]
fn a_dispute_of_something_else_has_a_deadline_and_no_payment() {
    block_on(async {
        let shop = Shop::new();
        shop.disputes().open(&id(7), None, euros(400), CHARGEBACK, in_ten_days(&shop));
        event(&shop, &id(7)).await;
        look(&shop).await;
        let dispute = stands(&shop, &id(7));
        assert_eq!((dispute.link.clone(), dispute.attention), (Link::NotOurs, None));
        assert!(dispute.due.is_some());
    });
}

#[test]
fn a_payment_that_we_do_not_have_is_shown_to_a_person() {
    block_on(async {
        let shop = Shop::new();
        shop.disputes().open(&id(7), Some(&world::payments::id(99)), euros(400), CHARGEBACK, in_ten_days(&shop));
        event(&shop, &id(7)).await;
        look(&shop).await;
        let reason = stands(&shop, &id(7)).attention.map(|review| review.reason);
        assert_eq!(reason, Some(ReviewReason::ObjectMismatch));
    });
}

#[test]
fn papers_that_are_put_by_go_to_nobody_and_are_submitted_once() {
    block_on(async {
        let shop = Shop::new();
        disputed(&shop, CHARGEBACK).await;
        shop.tally().take();
        done(shop.evidence(&id(1), request("d"), Wish::Draft(papers("first"))).await);
        // The payment says whose the papers are.
        assert_eq!(shop.tally().take(), Counts { reads: 2, writes: 1, ..Counts::default() });
        assert!(shop.disputes().submitted().is_empty());
        let dispute = done(shop.evidence(&id(1), request("s"), Wish::Submit(None)).await);
        assert_eq!(
            shop.tally().take(),
            Counts { reads: 1, writes: 2, gateway_calls: 1, nudges: 1, ..Counts::default() }
        );
        assert_eq!((last_act(&dispute), dispute.standing().unwrap().status), (&ActProgress::Done, Status::UnderReview));
        assert_eq!(shop.disputes().submitted(), [(id(1), papers("first"))]);
        let again = shop.evidence(&id(1), request("s"), Wish::Submit(None)).await.unwrap();
        assert!(matches!(again, Requested::Replayed(_)));
        let another = shop.evidence(&id(1), request("s2"), submission()).await;
        assert_eq!(rejection(another), Rejection::InvalidState { status: "under_review" });
        assert_eq!(shop.disputes().submitted().len(), 1);
    });
}

#[test]
fn giving_in_loses_the_dispute_and_the_payment_learns_of_it() {
    block_on(async {
        let shop = Shop::new();
        let payment = disputed(&shop, CHARGEBACK).await;
        let dispute = done(shop.accept(&id(1), request("a")).await);
        assert_eq!((last_act(&dispute), dispute.standing().unwrap().status), (&ActProgress::Done, Status::Lost));
        look(&shop).await;
        assert_eq!(until_looked(&shop, &id(1)).await.due, None, "once nothing is new about it");
        assert_eq!(shop.row(&payment.id).disputes.first().unwrap().standing.status, Status::Lost);
        assert_eq!(shop.row(&payment.id).refundable(), euros(850), "what is lost is not refunded once more");
    });
}

#[test]
fn a_submission_whose_answer_is_lost_is_neither_forgotten_nor_doubled() {
    for fate in [
        Fate::Unserved(UnknownReason::Timeout),
        Fate::Unserved(UnknownReason::ServerError),
        Fate::Unheard(UnknownReason::ConnectionLost),
        Fate::Unheard(UnknownReason::Unreadable),
    ] {
        block_on(async {
            let shop = Shop::new();
            disputed(&shop, CHARGEBACK).await;
            shop.disputes().script([fate]);
            let dispute = done(shop.evidence(&id(1), request("s"), submission()).await);
            assert_eq!(last_act(&dispute), &ActProgress::Unanswered, "{fate:?}: nobody knows");
            assert_eq!(shop.queue().drain().len(), 1, "somebody looks soon");
            let other = shop.accept(&id(1), request("a")).await;
            assert_eq!(rejection(other), Rejection::InProgress);
            let dispute = until_looked(&shop, &id(1)).await;
            assert_eq!(last_act(&dispute), &ActProgress::Done, "{fate:?}");
            assert_eq!(shop.disputes().submitted(), [(id(1), papers("It was delivered."))], "{fate:?}");
        });
    }
}

#[test]
fn a_refusal_is_told_and_the_merchant_may_try_again() {
    block_on(async {
        let shop = Shop::new();
        disputed(&shop, CHARGEBACK).await;
        shop.disputes().script([Fate::Refused("file_not_found")]);
        let dispute = done(shop.evidence(&id(1), request("s"), submission()).await);
        assert_eq!(last_act(&dispute), &ActProgress::Refused { code: "file_not_found".into() });
        let dispute = done(shop.evidence(&id(1), request("s2"), submission()).await);
        assert_eq!(last_act(&dispute), &ActProgress::Done);
    });
}

/// PayPal knows no keys for disputes, so that its refusal may be of a second copy. The dispute itself tells, in the same call.
#[test]
fn what_paypal_refuses_is_known_at_once() {
    block_on(async {
        let shop = Shop::new();
        let payment = shop.opened(paypal_order("order-1")).await;
        assert!(shop.gateway().payer_approves(&payment.object));
        shop.confirm(&payment.id, approved("c")).await.unwrap();
        let id = disputes::at(Gateway::PayPal, 1);
        shop.disputes().open(&id, Some(&payment.id), euros(400), CHARGEBACK, in_ten_days(&shop));
        shop.gateway().dispute_changes(&id, |shown| shown.charge = None);
        assert_eq!(event(&shop, &id).await, Received::Applied);
        look(&shop).await;
        shop.disputes().script([Fate::Refused("ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE")]);
        let refused = done(shop.evidence(&id, request("s-1"), submission()).await);
        let code = "ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE".to_owned();
        assert_eq!(last_act(&refused), &ActProgress::Refused { code });
        let again = done(shop.evidence(&id, request("s-2"), submission()).await);
        assert_eq!(last_act(&again), &ActProgress::Taken, "and may be mended");
        assert_eq!(shop.disputes().submitted().len(), 1);
    });
}

/// E7.
#[test]
fn a_dispute_about_another_object_that_bears_the_payments_id_calls_a_person_and_holds_nothing() {
    block_on(async {
        let shop = Shop::new();
        let payment = paid(&shop).await;
        shop.disputes().open(&id(1), Some(&payment.id), euros(400), CHARGEBACK, in_ten_days(&shop));
        let other = GatewayToken::parse("pi_another").ok();
        let behind = Behind::Payment { id: payment.id.clone(), object: other };
        shop.gateway().dispute_changes(&id(1), |shown| shown.behind = behind);
        event(&shop, &id(1)).await;
        look(&shop).await;
        let dispute = stands(&shop, &id(1));
        assert_eq!(dispute.attention.map(|review| review.reason), Some(ReviewReason::ObjectMismatch));
        assert!(dispute.is_told && shop.row(&payment.id).disputes.is_empty());
        assert_eq!(shop.row(&payment.id).refundable(), payment.refundable());
        assert!(shop.host().notes().contains(&Note::ForeignObject { holds_money: false }));
    });
}

#[test]
fn a_second_sending_that_is_refused_is_believed_only_when_the_dispute_still_asks() {
    block_on(async {
        let shop = Shop::new();
        disputed(&shop, CHARGEBACK).await;
        // Lost on its way; the second sending is refused for good.
        shop.disputes().script([Fate::Unserved(UnknownReason::Timeout), Fate::Well, Fate::Refused("file_not_found")]);
        done(shop.evidence(&id(1), request("s"), submission()).await);
        let dispute = until_looked(&shop, &id(1)).await;
        assert_eq!(last_act(&dispute), &ActProgress::Refused { code: "file_not_found".into() });
        assert!(shop.disputes().submitted().is_empty());
    });
}

#[test]
fn a_write_that_is_lost_after_an_act_leaves_a_row_that_heals() {
    for course in [Course::LostBefore, Course::LostAfter, Course::SentTwice] {
        block_on(async {
            let shop = Shop::new();
            let payment = disputed(&shop, CHARGEBACK).await;
            shop.store().script(Call::Write, [Course::Well, course]);
            done(shop.accept(&id(1), request("a")).await);
            shop.faults_end();
            for _ in 0..3 {
                until_looked(&shop, &id(1)).await;
            }
            let dispute = stands(&shop, &id(1));
            assert_eq!((last_act(&dispute), dispute.due), (&ActProgress::Done, None), "{course:?}");
            assert_eq!(shop.row(&payment.id).disputes.first().unwrap().standing.status, Status::Lost, "{course:?}");
        });
    }
}

/// Every call of a look fails once, before or after it was served: the sweeps after it find out everything.
#[test]
fn a_look_that_dies_at_any_step_is_made_good_by_the_sweep() {
    const READS: usize = 2;
    const WRITES: usize = 4;
    for course in [Course::LostBefore, Course::LostAfter] {
        for (call, step) in (0..READS).map(|step| (Call::Load, step)).chain((0..WRITES).map(|step| (Call::Write, step)))
        {
            block_on(async {
                let shop = Shop::new();
                let payment = paid(&shop).await;
                let lost = Standing { stage: Stage::Chargeback, status: Status::Lost };
                shop.disputes().open(&id(1), Some(&payment.id), euros(400), lost, in_ten_days(&shop));
                event(&shop, &id(1)).await;
                drop(shop.queue().drain());
                shop.store().script(call, std::iter::repeat_n(Course::Well, step).chain([course]));
                let looked = shop.retry_dispute(&id(1)).await;
                shop.faults_end();
                for _ in 0..3 {
                    until_looked(&shop, &id(1)).await;
                }
                let dispute = stands(&shop, &id(1));
                assert_eq!((dispute.is_told, dispute.due), (true, None), "{call:?} {step} {course:?}: {looked:?}");
                let told = shop.row(&payment.id).disputes;
                assert_eq!(told.len(), 1, "{call:?} {step} {course:?}");
                assert_eq!(told.first().unwrap().standing, lost);
            });
        }
    }
}

#[test]
fn an_event_that_cannot_be_written_down_is_delivered_again() {
    for course in [Course::LostBefore, Course::LostAfter] {
        block_on(async {
            let shop = Shop::new();
            let payment = paid(&shop).await;
            shop.disputes().open(&id(1), Some(&payment.id), euros(400), CHARGEBACK, in_ten_days(&shop));
            shop.store().script(Call::Write, [course]);
            let subject = Subject::Dispute { id: id(1) };
            let now = shop.host().now();
            let news = GatewayEvent { id: "evt_1".to_owned(), created_at: now, mode: SimGateway::MODE, subject };
            assert!(shop.webhook(news.clone()).await.is_err());
            shop.webhook(news).await.unwrap();
            shop.sweep().await.unwrap();
            look(&shop).await;
            assert_eq!(shop.row(&payment.id).disputes.len(), 1, "{course:?}");
        });
    }
}

#[test]
fn a_word_that_nobody_knows_keeps_the_state_and_calls_a_person() {
    block_on(async {
        let shop = Shop::new();
        disputed(&shop, CHARGEBACK).await;
        shop.disputes().says(&id(1), "pending_magic");
        event(&shop, &id(1)).await;
        look(&shop).await;
        let dispute = stands(&shop, &id(1));
        assert_eq!(dispute.standing(), Some(CHARGEBACK));
        assert_eq!(dispute.attention.map(|review| review.reason), Some(ReviewReason::UnrecognizedStatus));
        assert!(dispute.due.is_some());
    });
}

#[test]
fn alarms_are_raised_by_the_sweep_at_seven_days_three_days_and_one() {
    block_on(async {
        let shop = Shop::new();
        disputed(&shop, CHARGEBACK).await;
        let mut raised = Vec::new();
        for _ in 0..60 {
            until_looked(&shop, &id(1)).await;
            let days = shop.host().now().since(SimHost::START).as_secs() / DAY.as_secs();
            let alarms = shop
                .host()
                .notes()
                .into_iter()
                .filter_map(|note| if let Note::DisputeDeadline(reminder) = note { Some(reminder) } else { None });
            let alarms: Vec<Reminder> = alarms.collect();
            if alarms.len() > raised.len() {
                raised.push((days, *alarms.last().unwrap()));
            }
        }
        assert_eq!(raised, [(3, Reminder::Week), (7, Reminder::ThreeDays), (9, Reminder::Day)]);
    });
}

#[test]
fn the_list_shows_the_nearest_deadline_first_in_pages_of_any_size() {
    block_on(async {
        let shop = Shop::new();
        for number in 0..12_u32 {
            let days = (number * 7) % 12 + 1;
            let status = if number % 3 == 0 { Status::UnderReview } else { Status::NeedsResponse };
            let standing = Standing { stage: Stage::Chargeback, status };
            let by = shop.host().now().plus(DAY * days);
            shop.disputes().open(&id(number), None, euros(400), standing, by);
            event(&shop, &id(number)).await;
        }
        look(&shop).await;
        for limit in [1, 5, 100] {
            let statuses = vec![Status::NeedsResponse, Status::UnderReview];
            let (mut shown, mut wanted) = (Vec::new(), Wanted { statuses, after: None, limit });
            for _ in 0..20 {
                let listed = shop.list_disputes(&wanted).await.unwrap();
                assert!(listed.disputes.len() <= limit);
                shown.extend(listed.disputes.into_iter().map(|dispute| dispute.known.unwrap().due_by.unwrap()));
                wanted.after = listed.next;
                if wanted.after.is_none() {
                    break;
                }
            }
            assert_eq!(shown.len(), 12, "pages of {limit}");
            assert!(shown.is_sorted(), "pages of {limit}");
        }
        let lost = Wanted { statuses: vec![Status::Lost], after: None, limit: 10 };
        assert!(shop.list_disputes(&lost).await.unwrap().disputes.is_empty());
    });
}
