//! What was committed is told: once, in order, whatever breaks down in between, and with the money that it moved.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use adapters::http::event_json;
use domain::{
    gateway::RefundStatus,
    payment::{Payment, RefundProgress},
    policy::Policy,
    schedule::Limits,
    time::Timestamp,
    timeline::{Change, EventId, Subject},
    webhook::Endpoints,
};
use flow::{
    operations::publish::{Listeners, Published, retell},
    ports::{Error, Host, Note},
};
use world::{
    gateway::Verdict,
    host::SimHost,
    queue::MemoryQueue,
    shop::{Shop, card, give_back, order},
    store::{Call, Course, MemoryStore},
    telling::{MemoryBus, YEAR, audit, audit_journal, by_row, tell},
    turns::block_on,
};

/// A payment that was declined, then paid, and half of it given back.
async fn a_life() -> (Shop, Payment) {
    let shop = Shop::new();
    let id = shop.opened(order("order")).await.id;
    shop.gateway().bank_says([Verdict::Decline("insufficient_funds")]);
    shop.confirmed(&id, card("first")).await;
    shop.confirmed(&id, card("second")).await;
    shop.refunded(&id, give_back("back", Some(600))).await;
    let row = shop.row(&id);
    (shop, row)
}

fn changes(shop: &Shop) -> Vec<Change> {
    shop.store().stream_after(0)
}

fn subject(payment: &Payment) -> Subject {
    Subject::Payment(payment.id.clone())
}

fn types(store: &MemoryStore, payment: &Payment) -> Vec<(u64, &'static str, String)> {
    let entries = store.timeline(&subject(payment));
    entries.iter().map(|entry| (entry.id.version(), entry.event_type.name(), entry.cause.who.clone())).collect()
}

fn is_whole(shop: &Shop, payment: &Payment) {
    assert_eq!(audit(shop.store()), Vec::<String>::new());
    assert_eq!(audit_journal(shop.store(), payment), Vec::<String>::new());
}

#[test]
fn a_life_is_told_from_its_beginning_to_its_end() {
    block_on(async {
        let (shop, payment) = a_life().await;
        let bus = MemoryBus::default();
        let told = tell(shop.host(), shop.store(), &bus, &changes(&shop)).await;
        assert_eq!((told.told, told.failure), (7, None));
        let wanted = [
            (1, "payment.created"),
            (2, "payment.processing"),
            (3, "payment.declined"),
            (4, "payment.processing"),
            (5, "payment.succeeded"),
            (6, "refund.created"),
            (7, "refund.succeeded"),
        ];
        let is: Vec<_> = types(shop.store(), &payment).into_iter().map(|(version, kind, _)| (version, kind)).collect();
        assert_eq!(is, wanted);
        let journal: Vec<_> = shop
            .store()
            .journal()
            .iter()
            .map(|row| (row.id.version(), row.movement.kind.name(), row.movement.amount.minor_units()))
            .collect();
        assert_eq!(journal, [(5, "capture", 1_250), (5, "fee", 125), (7, "refund", 600)]);
        assert_eq!(bus.events(), shop.store().events(), "the bus gets what is announced, in the same bytes");
        is_whole(&shop, &payment);
    });
}

#[test]
fn what_is_told_bears_no_secret_and_shows_the_payment_as_it_stood() {
    block_on(async {
        let (shop, payment) = a_life().await;
        tell(shop.host(), shop.store(), &MemoryBus::default(), &changes(&shop)).await;
        let secret = payment.client_secret.as_ref().unwrap().expose().to_owned();
        let events = shop.store().events();
        let bodies: Vec<String> = events.iter().map(|event| String::from_utf8(event.body.clone()).unwrap()).collect();
        assert!(bodies.iter().all(|body| !body.contains(&secret)), "whoever holds it may act as the payer");
        let first: serde_json::Value = serde_json::from_str(bodies.first().unwrap()).unwrap();
        assert_eq!(first.pointer("/type").unwrap(), "payment.created");
        assert_eq!(first.pointer("/sequence").unwrap(), 1);
        assert_eq!(first.pointer("/data/payment/status").unwrap(), "requires_payment_method");
        let last: serde_json::Value = serde_json::from_str(bodies.last().unwrap()).unwrap();
        assert_eq!(last.pointer("/data/refunds/0/status").unwrap(), "succeeded");
        assert_eq!(last.pointer("/data/payment/amountRefunded").unwrap(), 600);
    });
}

#[test]
fn what_is_told_twice_is_told_once() {
    block_on(async {
        let (shop, payment) = a_life().await;
        let bus = MemoryBus::default();
        let all = changes(&shop);
        tell(shop.host(), shop.store(), &bus, &all).await;
        let (entries, journal) = (shop.store().timeline(&subject(&payment)), shop.store().journal());
        let again = tell(shop.host(), shop.store(), &bus, &all).await;
        assert_eq!((again.told, again.told_before, again.announced, again.moved), (7, 7, 0, 0));
        assert_eq!((shop.store().timeline(&subject(&payment)), shop.store().journal()), (entries, journal));
        assert_eq!(bus.events().len(), 7, "nor does the bus hear it again");
    });
}

#[test]
fn whatever_call_fails_and_whether_it_was_served_the_next_try_tells_the_rest() {
    block_on(async {
        let mut broken = 0;
        for call in [Call::Load, Call::Write] {
            for course in [Course::LostBefore, Course::LostAfter, Course::SentTwice] {
                for place in 0..12 {
                    let (shop, payment) = a_life().await;
                    let bus = MemoryBus::default();
                    let before = std::iter::repeat_n(Course::Well, place);
                    shop.store().script(call, before.chain([course]));
                    let first = tell(shop.host(), shop.store(), &bus, &changes(&shop)).await;
                    broken += usize::from(first.failure.is_some());
                    let entries = shop.store().timeline(&subject(&payment)).len();
                    assert!(entries >= first.told, "what is said to be told is told");
                    shop.store().faults_end();
                    let second = tell(shop.host(), shop.store(), &bus, &changes(&shop)).await;
                    assert_eq!((second.told, second.failure), (7, None), "{call:?} {course:?} at {place}");
                    is_whole(&shop, &payment);
                    let heard: std::collections::BTreeSet<_> =
                        bus.events().into_iter().map(|event| (event.id.clone(), event.body)).collect();
                    assert_eq!(heard.len(), 7, "each event is heard, and always in the same bytes");
                }
            }
        }
        assert!(broken > 20, "{broken}");
    });
}

#[test]
fn what_the_bus_does_not_take_is_not_marked_as_told_and_nothing_after_it_is() {
    block_on(async {
        let (shop, payment) = a_life().await;
        let bus = MemoryBus::default();
        bus.refuse(2);
        for _ in 0..2 {
            let told = tell(shop.host(), shop.store(), &bus, &changes(&shop)).await;
            assert_eq!((told.told, told.failure.is_some()), (0, true));
            assert_eq!(shop.store().timeline(&subject(&payment)), []);
        }
        tell(shop.host(), shop.store(), &bus, &changes(&shop)).await;
        is_whole(&shop, &payment);
    });
}

/// Tells a life of which these records of the stream were lost.
async fn without(lost: &[usize]) -> (Shop, Payment, Published) {
    let (shop, payment) = a_life().await;
    let all = changes(&shop);
    let kept = all.into_iter().enumerate().filter(|(place, _)| !lost.contains(place)).map(|(_, change)| change);
    let told = tell(shop.host(), shop.store(), &MemoryBus::default(), &kept.collect::<Vec<_>>()).await;
    (shop, payment, told)
}

#[test]
fn a_lost_record_is_made_good_by_the_next_one_and_no_money_is_missing() {
    block_on(async {
        for lost in 0..6 {
            let (shop, payment, told) = without(&[lost]).await;
            assert_eq!((told.missing, told.failure), (1, None));
            assert!(shop.host().notes().contains(&Note::TimelineGap { missing: 1 }));
            let versions: Vec<u64> = types(shop.store(), &payment).iter().map(|(version, ..)| *version).collect();
            assert_eq!(versions, [1, 2, 3, 4, 5, 6, 7]);
            is_whole(&shop, &payment);
        }
    });
}

#[test]
fn of_several_lost_records_the_last_is_made_good_and_says_how_many_are_not() {
    block_on(async {
        let (shop, payment, told) = without(&[2, 3, 4]).await;
        assert_eq!(told.missing, 3);
        let entries = shop.store().timeline(&subject(&payment));
        let versions: Vec<(u64, u64)> = entries.iter().map(|entry| (entry.id.version(), entry.unrecorded)).collect();
        assert_eq!(versions, [(1, 0), (2, 0), (3, 0), (4, 0), (5, 2), (6, 0), (7, 0)]);
        let marks = entries.iter().filter(|entry| entry.cause.what == "not_recorded").map(|entry| entry.id.version());
        assert_eq!(marks.collect::<Vec<_>>(), [3, 4], "whatever comes late finds itself told");
        let found = entries.iter().find(|entry| entry.id.version() == 5).unwrap();
        assert_eq!(found.event_type.name(), "payment.succeeded", "whoever waits for that hears of it");
        assert_eq!(audit_journal(shop.store(), &payment), Vec::<String>::new());
    });
}

#[test]
fn a_row_that_is_older_than_the_timeline_is_told_from_where_it_stands() {
    block_on(async {
        let (shop, payment, told) = without(&[0, 1, 2, 3, 4, 5]).await;
        assert_eq!((told.missing, told.told), (6, 1));
        let entries = shop.store().timeline(&subject(&payment));
        assert_eq!(entries.iter().map(|entry| entry.unrecorded).collect::<Vec<_>>(), [0, 0, 0, 0, 0, 5, 0]);
        assert_eq!(audit_journal(shop.store(), &payment), Vec::<String>::new());
    });
}

#[test]
fn a_gap_among_hundreds_of_versions_is_bridged_from_the_last_that_was_told() {
    block_on(async {
        let (shop, payment) = a_life().await;
        shop.gateway().refunds_become([RefundStatus::Pending]);
        shop.refunded(&payment.id, give_back("slow", Some(100))).await;
        let bus = MemoryBus::default();
        tell(shop.host(), shop.store(), &bus, &changes(&shop)).await;
        let told_to = shop.row(&payment.id).version;
        while shop.row(&payment.id).version < told_to + 250 {
            shop.until_looked(&payment.id).await;
        }
        let all = changes(&shop);
        let last = all.last().unwrap().clone();
        let told = tell(shop.host(), shop.store(), &bus, &[last]).await;
        assert!(told.missing > 240, "{told:?}");
        assert_eq!((told.failure, told.moved), (None, 0), "no money is told twice");
        assert!(shop.row(&payment.id).refunds.iter().any(|refund| refund.progress == RefundProgress::Pending));
        assert_eq!(audit_journal(shop.store(), &shop.row(&payment.id)), Vec::<String>::new());
    });
}

#[test]
fn an_entry_that_was_lost_afterwards_is_found_missing_when_its_row_changes_again() {
    block_on(async {
        let (shop, payment) = a_life().await;
        let bus = MemoryBus::default();
        tell(shop.host(), shop.store(), &bus, &changes(&shop)).await;
        shop.store().lose_entry(&EventId::of(subject(&payment), 7));
        shop.refunded(&payment.id, give_back("rest", Some(100))).await;
        let new: Vec<Change> = shop.store().stream_after(7);
        let told = tell(shop.host(), shop.store(), &bus, &new).await;
        assert_eq!((told.missing, told.failure), (1, None));
        is_whole(&shop, &shop.row(&payment.id));
    });
}

#[test]
fn changes_of_several_rows_are_told_apart() {
    block_on(async {
        let (shop, _) = a_life().await;
        shop.opened(order("another")).await;
        let rows = by_row(changes(&shop));
        assert_eq!(rows.len(), 2);
        for changes in rows.into_values() {
            tell(shop.host(), shop.store(), &MemoryBus::default(), &changes).await;
        }
        assert_eq!(audit(shop.store()), Vec::<String>::new());
    });
}

#[test]
fn a_row_that_a_person_has_told_while_its_stream_is_behind_moves_no_money_twice() {
    block_on(async {
        for told_to in 0..7 {
            let (shop, payment) = a_life().await;
            let bus = MemoryBus::default();
            let all = changes(&shop);
            tell(shop.host(), shop.store(), &bus, all.get(..told_to).unwrap()).await;
            let (nobody, queue) = (Endpoints::default(), MemoryQueue::default());
            let listeners = Listeners { endpoints: &nobody, bus: &bus, nudges: &queue };
            let of = subject(&payment);
            let retold = retell(shop.host(), shop.store(), listeners, YEAR, event_json::body, &of).await;
            assert_eq!((retold.told, retold.failure), (1, None));
            tell(shop.host(), shop.store(), &bus, &all).await;
            assert_eq!(audit_journal(shop.store(), &payment), Vec::<String>::new(), "told to {told_to}");
        }
    });
}

#[test]
fn of_several_refunds_that_a_look_finds_the_gravest_gives_its_name_and_all_are_told() {
    block_on(async {
        let shop = Shop::new();
        let id = shop.opened(order("order")).await.id;
        shop.confirmed(&id, card("card")).await;
        shop.gateway().refunds_become([RefundStatus::Pending, RefundStatus::Pending]);
        shop.refunded(&id, give_back("one", Some(100))).await;
        shop.refunded(&id, give_back("two", Some(200))).await;
        let (one, two) = {
            let made = shop.gateway().refunds_made();
            (made.first().unwrap().reference.clone(), made.last().unwrap().reference.clone())
        };
        shop.gateway().refund_moves(&one, RefundStatus::Succeeded);
        shop.gateway().refund_moves(&two, RefundStatus::Failed { code: "lost_or_stolen_card".to_owned() });
        shop.gateway().take_events();
        shop.until_looked(&id).await;
        tell(shop.host(), shop.store(), &MemoryBus::default(), &changes(&shop)).await;
        let events = shop.store().events();
        let told = events.iter().rev().find(|event| event.event_type.name() == "refund.failed").unwrap();
        let told: serde_json::Value = serde_json::from_slice(&told.body).unwrap();
        let statuses: Vec<&str> = told
            .pointer("/data/refunds")
            .and_then(serde_json::Value::as_array)
            .unwrap()
            .iter()
            .filter_map(|refund| refund.get("status").and_then(serde_json::Value::as_str))
            .collect();
        assert_eq!(statuses, ["succeeded", "failed"]);
        assert_eq!(audit_journal(shop.store(), &shop.row(&id)), Vec::<String>::new());
    });
}

/// A machine on which there is time for so many more steps.
struct Hurried {
    host: SimHost,
    steps: AtomicU32,
}

impl Host for Hurried {
    fn now(&self) -> Timestamp {
        self.host.now()
    }

    fn dice(&self) -> u64 {
        self.host.dice()
    }

    async fn sleep(&self, duration: Duration) {
        self.host.sleep(duration).await;
    }

    fn limits(&self) -> Limits {
        self.host.limits()
    }

    fn policy(&self) -> Policy {
        self.host.policy()
    }

    fn gateway_budget(&self) -> Duration {
        let left = self.steps.load(Ordering::SeqCst);
        self.steps.store(left.saturating_sub(1), Ordering::SeqCst);
        if left == 0 { Duration::ZERO } else { self.host.gateway_budget() }
    }

    fn note(&self, note: Note) {
        self.host.note(note);
    }
}

#[test]
fn wherever_the_time_ends_it_stops_in_order_and_the_next_try_tells_the_rest() {
    block_on(async {
        for steps in 0.. {
            assert!(steps < 200, "there is no end of it");
            let (shop, payment) = a_life().await;
            // The first two were never told, so that a gap is filled too.
            let changes: Vec<Change> = changes(&shop).split_off(2);
            let (bus, host) = (MemoryBus::default(), Hurried { host: SimHost::new(2), steps: AtomicU32::new(steps) });
            let first = tell(&host, shop.store(), &bus, &changes).await;
            let entries = shop.store().timeline(&subject(&payment));
            let announced = bus.events().len();
            let next = tell(shop.host(), shop.store(), &bus, &changes).await;
            assert_eq!((next.told, next.failure), (5, None), "after {steps} steps");
            assert!(
                next.told_before == first.told,
                "what was said to be told is told, and nothing else: {steps} steps"
            );
            assert!(announced <= bus.events().len());
            assert_eq!(audit_journal(shop.store(), &payment), Vec::<String>::new(), "after {steps} steps");
            if first.failure.is_none() {
                assert_eq!(first.told, 5);
                return;
            }
            assert_eq!(first.failure, Some(Error::OutOfTime), "after {steps} steps");
            assert!(first.told < 5 && entries.len() < 7, "after {steps} steps");
        }
    });
}
