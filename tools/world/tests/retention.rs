//! What is told is kept for as long as the merchant wants, and then deleted: never the entry on which a row rests, and whatever is gone,
//! nothing is told twice and no money is booked twice.

use std::time::Duration;

use adapters::http::event_json;
use domain::{
    payment::Payment,
    time::Timestamp,
    timeline::{Change, Entry, Image, Retention, Subject},
    webhook::Endpoints,
};
use flow::{
    operations::publish::{Listeners, retell},
    ports::{Host, Note},
};
use world::{
    gateway::Verdict,
    queue::MemoryQueue,
    shop::{Shop, card, give_back, order},
    telling::{MemoryBus, YEAR, audit_journal, tell},
    turns::block_on,
};

/// Longer than anything is kept.
const THIRTEEN_MONTHS: Duration = Duration::from_secs(13 * 31 * 24 * 3_600);

/// What has happened since the first `known` changes.
fn since(shop: &Shop, known: usize) -> Vec<Change> {
    shop.store().stream_after(known)
}

fn entries(shop: &Shop, payment: &Payment) -> Vec<Entry> {
    shop.store().timeline(&Subject::Payment(payment.id.clone()))
}

fn pass(shop: &Shop, time: Duration) -> Timestamp {
    shop.host().advance(time);
    shop.host().now()
}

/// A payment that was declined once, was then paid, and is looked at until it is at rest.
async fn paid() -> (Shop, Payment) {
    let shop = Shop::new();
    let id = shop.opened(order("order")).await.id;
    shop.gateway().bank_says([Verdict::Decline("insufficient_funds")]);
    shop.confirmed(&id, card("first")).await;
    shop.confirmed(&id, card("second")).await;
    let row = shop.at_rest(&id).await;
    (shop, row)
}

#[test]
fn an_entry_goes_when_its_time_is_over_and_the_one_on_which_its_row_rests_stays() {
    block_on(async {
        let (shop, payment) = paid().await;
        assert_eq!(payment.due, None, "nobody looks at it any more");
        tell(shop.host(), shop.store(), &MemoryBus::default(), &since(&shop, 0)).await;
        let told = entries(&shop, &payment);
        assert_eq!(told.last().map(|entry| (entry.id.version(), entry.expires_at)), Some((payment.version, None)));
        let soon = told.iter().filter_map(|entry| entry.expires_at).min().unwrap();
        assert!(soon > payment.created_at.plus(Duration::from_secs(365 * 24 * 3_600)), "not before a year is over");
        assert_eq!(shop.store().delete_expired(shop.host().now()), 0);

        let gone = shop.store().delete_expired(pass(&shop, THIRTEEN_MONTHS));
        assert!(gone >= 4, "{gone}");
        let left = entries(&shop, &payment);
        assert_eq!(left.last(), told.last(), "what it rests on");
        assert!(left.iter().all(|entry| entry.expires_at.is_none()));
    });
}

#[test]
fn a_row_that_changes_after_years_is_told_on_from_where_it_rested() {
    block_on(async {
        let (shop, payment) = paid().await;
        let bus = MemoryBus::default();
        tell(shop.host(), shop.store(), &bus, &since(&shop, 0)).await;
        let (known, heard) = (since(&shop, 0).len(), bus.events().len());
        shop.store().delete_expired(pass(&shop, THIRTEEN_MONTHS));

        shop.refunded(&payment.id, give_back("late", Some(600))).await;
        let told = tell(shop.host(), shop.store(), &bus, &since(&shop, known)).await;
        assert_eq!((told.missing, told.failure), (0, None), "nothing is taken for lost");
        let types: Vec<&str> = bus.events().get(heard..).unwrap().iter().map(|event| event.event_type.name()).collect();
        assert_eq!(types, ["refund.created", "refund.succeeded"], "and nothing is announced again");
        assert_eq!(audit_journal(shop.store(), &shop.row(&payment.id)), Vec::<String>::new());
    });
}

#[test]
fn a_record_that_is_lost_after_years_is_made_good_from_where_the_row_rested() {
    block_on(async {
        let (shop, payment) = paid().await;
        let bus = MemoryBus::default();
        tell(shop.host(), shop.store(), &bus, &since(&shop, 0)).await;
        let known = since(&shop, 0).len();
        shop.store().delete_expired(pass(&shop, THIRTEEN_MONTHS));

        shop.refunded(&payment.id, give_back("late", Some(600))).await;
        let late = since(&shop, known);
        // The first of the two changes is never told; the second finds that out.
        let told = tell(shop.host(), shop.store(), &bus, late.get(1..).unwrap()).await;
        assert_eq!((told.missing, told.failure), (1, None));
        assert_eq!(audit_journal(shop.store(), &shop.row(&payment.id)), Vec::<String>::new(), "no fee is booked twice");
    });
}

#[test]
fn a_row_that_nobody_wrote_for_all_that_time_though_it_was_due_is_taken_for_told() {
    block_on(async {
        let shop = Shop::new();
        let payment = shop.opened(order("order")).await;
        assert!(payment.due.is_some(), "it waits for its payer");
        let bus = MemoryBus::default();
        tell(shop.host(), shop.store(), &bus, &since(&shop, 0)).await;
        let known = since(&shop, 0).len();
        assert_eq!(shop.store().delete_expired(pass(&shop, THIRTEEN_MONTHS)), 1, "its newest, and it has no other");

        let (nobody, queue) = (Endpoints::default(), MemoryQueue::default());
        let listeners = Listeners { endpoints: &nobody, bus: &bus, nudges: &queue };
        let subject = Subject::Payment(payment.id.clone());
        let asked = retell(shop.host(), shop.store(), listeners, YEAR, event_json::body, &subject).await;
        assert_eq!((asked.told, asked.announced), (0, 0), "a person who asks has nothing told again either");

        shop.at_rest(&payment.id).await;
        let told = tell(shop.host(), shop.store(), &bus, &since(&shop, known)).await;
        assert_eq!((told.missing, told.failure), (0, None));
        assert!(!shop.host().notes().iter().any(|note| matches!(note, Note::TimelineGap { .. })));
        let created = bus.events().iter().filter(|event| event.event_type.name() == "payment.created").count();
        assert_eq!(created, 1, "announced once");
    });
}

#[test]
fn an_entry_is_never_older_than_the_day_on_which_somebody_must_look() {
    block_on(async {
        let shop = Shop::new();
        let payment = shop.opened(order("order")).await;
        let due = payment.due.unwrap();
        let image = Image::Payment(Box::new(payment.clone()));
        let end = Retention::of_months(1).ends(&image).unwrap();
        assert!(end > due.plus(Duration::from_secs(31 * 24 * 3_600)), "a month begins when it is due");
        assert_eq!(end.unix_ms().rem_euclid(1_000), 0, "DynamoDB counts in seconds");
        assert_eq!(Retention::FOR_EVER.ends(&image), None);
        assert_eq!(Retention::of_months(0), Retention::FOR_EVER);
        let at_rest = Image::Payment(Box::new(Payment { due: None, ..payment }));
        assert_eq!(Retention::of_months(1).ends(&at_rest), None);
    });
}
