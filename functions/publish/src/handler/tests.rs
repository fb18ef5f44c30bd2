//! Every event file of this function through its handler, with what it tells pinned; and batches of which a part goes wrong.

use std::sync::Mutex;
use std::time::Duration;

use adapters::telemetry::Level;
use domain::journal::Movement;
use domain::payment::{Payment, PaymentState};
use domain::timeline::{Entry, EventId, Known, Version};
use expect_test::{ExpectFile, expect_file};
use flow::ports::timeline::Moved;
use flow::ports::webhook::{DeliveryCreated, DeliveryWrite};
use flow::ports::{Cause, CreatePayment as _, Dependency, ReplacePayment as _, Write, WriterToken};
use serde_json::{Value, json};
use world::events::{payment, stream, text};
use world::host::SimHost;
use world::queue::MemoryQueue;
use world::shop::client;
use world::store::{Call, Course, MemoryStore};
use world::telling::{MemoryBus, YEAR};
use world::turns::block_on;

use super::*;

/// Remembers what was put aside, or takes nothing.
#[derive(Default)]
struct Aside {
    letters: Mutex<Vec<String>>,
    is_down: bool,
}

impl PutAside for Aside {
    async fn put_aside(&self, key: &str, sequence_number: &str) -> Result<(), Error> {
        if self.is_down {
            return Err(Error::Unavailable { dependency: Dependency::Queue, detail: "injected".to_owned() });
        }
        self.letters.lock().unwrap().push(format!("{key} {sequence_number}"));
        Ok(())
    }
}

fn function() -> Publish<MemoryStore, MemoryBus, MemoryQueue, Aside> {
    over(MemoryStore::default())
}

fn over<S>(store: S) -> Publish<S, MemoryBus, MemoryQueue, Aside> {
    Publish {
        store,
        bus: MemoryBus::default(),
        nudges: MemoryQueue::default(),
        dead_letters: Aside::default(),
        failures: StreamFailures::Reported,
        limits: Limits::STANDARD,
        policy: Policy::STANDARD,
        retention: YEAR,
        log: Log { stack: "quittance-test".to_owned(), least: Level::Error },
    }
}

/// The rows of a payment that was opened, and is now being confirmed, as the stream shows them.
fn changes() -> Vec<Value> {
    let (host, store) = (SimHost::new(1), MemoryStore::default());
    let opened = payment(&host);
    let paid = Payment {
        state: PaymentState::Succeeded { captured: opened.terms.amount },
        due: None,
        version: 2,
        ..opened.clone()
    };
    let actor = client();
    let write =
        |payment, event, writer| Write { payment, cause: Cause::of(event), actor: &actor, writer: WriterToken(writer) };
    block_on(store.create(&write(&opened, "initiated", 1))).unwrap();
    let first = store.stored(&opened.id).unwrap();
    block_on(store.replace(&write(&paid, "captured", 2))).unwrap();
    let second = store.stored(&opened.id).unwrap();
    vec![stream::record(None, &first, 1), stream::record(Some(&first), &second, 2)]
}

fn broken(record: &Value, place: u32) -> Value {
    let mut record = record.clone();
    record["dynamodb"]["NewImage"]["sv"] = json!({"N": "99"});
    record["dynamodb"]["SequenceNumber"] = json!(format!("4421584500000000017450439{place:03}"));
    record
}

/// Pins the file in events/ to what the rows are now.
fn pinned(file: &ExpectFile, records: &[Value]) {
    file.assert_eq(&format!("{:#}\n", stream::batch(records)));
}

fn batch(records: &[Value]) -> StreamEvent {
    serde_json::from_value(stream::batch(records)).unwrap()
}

fn run<S, B, N, D>(function: &Publish<S, B, N, D>, event: &StreamEvent) -> Value
where
    S: LoadVersion + FindEntries + PutEntry + PutMovement + LoadEndpoints + CreateDelivery,
    B: Bus,
    N: Nudge,
    D: PutAside,
{
    match block_on(function.batch(event, u64::MAX)) {
        Ok(response) => serde_json::to_value(response).unwrap(),
        Err(thrown) => json!(thrown.to_string()),
    }
}

fn told(function: &Publish<MemoryStore, MemoryBus, MemoryQueue, Aside>) -> Vec<String> {
    function.store.events().iter().map(|event| event.id.to_string()).collect()
}

const NOTHING_LEFT: &str = r#"{"batchItemFailures":[]}"#;
const OPENED: &str = "evt_pay_45r6h26q25dittbo7zrmxadm3f_1";
const PAID: &str = "evt_pay_45r6h26q25dittbo7zrmxadm3f_2";

#[test]
fn the_event_files_are_what_the_stream_shows_of_rows_as_they_are_written_now() {
    let changes = changes();
    let (first, second) = (&changes[0], &changes[1]);
    pinned(&expect_file!["../../../../events/publish.json"], &changes);
    pinned(&expect_file!["../../../../events/publish-again.json"], &[first.clone(), first.clone(), second.clone()]);
    pinned(&expect_file!["../../../../events/publish-poisoned.json"], &[broken(first, 1), second.clone()]);
}

#[test]
fn a_batch_is_told_and_forgotten() {
    let function = function();
    let event = serde_json::from_str(&text("publish")).unwrap();
    assert_eq!(run(&function, &event).to_string(), NOTHING_LEFT);
    assert_eq!(told(&function), [OPENED, PAID]);
    assert_eq!(function.store.journal().len(), 1);
}

#[test]
fn what_is_given_again_is_told_once() {
    let function = function();
    for _ in 0..2 {
        let event = serde_json::from_str(&text("publish-again")).unwrap();
        assert_eq!(run(&function, &event).to_string(), NOTHING_LEFT);
    }
    assert_eq!((told(&function).len(), function.bus.events().len(), function.store.journal().len()), (2, 2, 1));
}

#[test]
fn what_nobody_can_read_is_put_aside_and_the_next_change_of_its_row_makes_it_good() {
    let function = function();
    let event = serde_json::from_str(&text("publish-poisoned")).unwrap();
    assert_eq!(run(&function, &event).to_string(), NOTHING_LEFT);
    let letters = function.dead_letters.letters.lock().unwrap().clone();
    assert_eq!(letters, ["PAY#pay_45r6h26q25dittbo7zrmxadm3f 4421584500000000017450439001"]);
    assert_eq!(told(&function), [OPENED, PAID]);
}

#[test]
fn what_cannot_be_put_aside_is_given_again() {
    let function = Publish { dead_letters: Aside { is_down: true, ..Aside::default() }, ..function() };
    let changes = changes();
    let left = run(&function, &batch(&[changes[0].clone(), broken(&changes[1], 7)]));
    assert_eq!(left["batchItemFailures"][0]["itemIdentifier"], "4421584500000000017450439007");
    assert_eq!(told(&function), [OPENED]);
}

#[test]
fn from_the_change_on_that_could_not_be_told_the_batch_is_given_again() {
    for (failures, wanted) in [
        (StreamFailures::Reported, r#"{"batchItemFailures":[{"itemIdentifier":"4421584500000000017450439002"}]}"#),
        (StreamFailures::Thrown, r#""a change could not be told; the log says why""#),
    ] {
        let function = Publish { failures, ..function() };
        // The first change is one write; of the second, the movement fails.
        function.store.script(Call::Write, [Course::Well, Course::LostBefore]);
        let event = batch(&changes());
        assert_eq!(run(&function, &event).to_string(), wanted);
        assert_eq!(told(&function), [OPENED]);
        assert_eq!(run(&function, &event).to_string(), NOTHING_LEFT);
        assert_eq!(told(&function), [OPENED, PAID]);
    }
}

#[test]
fn what_comes_again_anyway_is_put_aside_when_it_does() {
    let function = function();
    let changes = changes();
    let batch = batch(&[changes[0].clone(), broken(&changes[1], 7)]);
    function.store.script(Call::Write, [Course::LostBefore]);
    let left = run(&function, &batch);
    assert_eq!(left["batchItemFailures"][0]["itemIdentifier"], "4421584500000000017450439001");
    assert!(function.dead_letters.letters.lock().unwrap().is_empty(), "or each try would leave a letter");
    assert_eq!(run(&function, &batch).to_string(), NOTHING_LEFT);
    assert_eq!(function.dead_letters.letters.lock().unwrap().len(), 1);
}

/// A store over which the code falls when money is to be written down.
mod trap {
    use super::*;

    pub(super) struct Falling(pub(super) MemoryStore);

    impl FindEntries for Falling {
        async fn find_entries(&self, ids: &[EventId]) -> Result<Vec<EventId>, Error> {
            self.0.find_entries(ids).await
        }

        async fn known_of(&self, id: &EventId) -> Result<Option<Known>, Error> {
            self.0.known_of(id).await
        }
    }

    impl LoadVersion for Falling {
        async fn load_version(&self, subject: &Subject) -> Result<Option<Version>, Error> {
            self.0.load_version(subject).await
        }
    }

    impl LoadEndpoints for Falling {
        async fn load_endpoints(&self) -> Result<Endpoints, Error> {
            self.0.load_endpoints().await
        }
    }

    impl CreateDelivery for Falling {
        async fn create_delivery(&self, write: &DeliveryWrite<'_>) -> Result<DeliveryCreated, Error> {
            self.0.create_delivery(write).await
        }
    }

    impl PutEntry for Falling {
        async fn put_entry(&self, entry: &Entry, body: Option<&[u8]>) -> Result<(), Error> {
            self.0.put_entry(entry, body).await
        }
    }

    impl PutMovement for Falling {
        async fn put_movement(&self, _: &Moved<'_>, _: &Movement) -> Result<(), Error> {
            panic!("planted")
        }
    }
}

#[test]
fn changes_over_which_the_code_falls_are_put_aside_and_hold_up_nobody() {
    let function = over(trap::Falling(MemoryStore::default()));
    assert_eq!(run(&function, &batch(&changes())).to_string(), NOTHING_LEFT);
    assert_eq!(function.dead_letters.letters.lock().unwrap().len(), 2);
}

#[test]
fn a_row_whose_last_change_was_put_aside_is_told_when_a_person_asks_for_it() {
    let function = over(block_on(world::events::store_with(&payment(&SimHost::new(1)))));
    let asked = serde_json::from_str(&text("publish-retell")).unwrap();
    for _ in 0..2 {
        assert_eq!(run(&function, &asked).to_string(), NOTHING_LEFT);
        assert_eq!(told(&function), [OPENED]);
    }
    function.store.script(Call::Load, [Course::LostBefore]);
    assert_eq!(run(&function, &asked), json!("a change could not be told; the log says why"));
}

/// A bus that takes its time.
struct SlowBus<'a> {
    host: &'a SimHost,
    bus: MemoryBus,
}

impl Bus for SlowBus<'_> {
    async fn put(&self, event: &flow::ports::timeline::Event) -> Result<(), Error> {
        self.host.advance(Duration::from_secs(10));
        self.bus.put(event).await
    }
}

/// A function whose minute is over after so many seconds; each event takes ten of them.
fn in_a_hurry(
    host: &SimHost,
    seconds: u64,
    store: MemoryStore,
) -> Publish<MemoryStore, SlowBus<'_>, MemoryQueue, Aside> {
    host.ends_at(host.now().plus(Duration::from_secs(seconds)));
    let Publish { nudges, dead_letters, failures, limits, policy, retention, log, .. } = function();
    let bus = SlowBus { host, bus: MemoryBus::default() };
    Publish { store, bus, nudges, dead_letters, failures, limits, policy, retention, log }
}

/// What comes of an event, and what the line says of it.
fn answered(
    function: &Publish<MemoryStore, SlowBus<'_>, MemoryQueue, Aside>,
    host: &SimHost,
    event: &StreamEvent,
) -> (Value, Value) {
    let mut line = Line::new("publish", host.now());
    let answer = match block_on(function.batch_on(host, event, &records(event), &mut line)) {
        Ok(response) => serde_json::to_value(response).unwrap(),
        Err(thrown) => json!(thrown.to_string()),
    };
    let mut text = Vec::new();
    line.write(&function.log, &mut text);
    (answer, serde_json::from_slice(&text).unwrap_or_default())
}

#[test]
fn what_the_time_does_not_suffice_for_is_given_again_from_the_first_change_that_is_not_told() {
    // Both changes are announced: the first event is on the bus after ten seconds, the second after twenty.
    for (seconds, told, left) in [
        (0, 0, Some("4421584500000000017450439001")),
        (10, 0, Some("4421584500000000017450439001")),
        (11, 1, Some("4421584500000000017450439002")),
        (20, 1, Some("4421584500000000017450439002")),
        (21, 2, None),
    ] {
        let host = SimHost::new(1);
        let function = in_a_hurry(&host, seconds, MemoryStore::default());
        let (answer, line) = answered(&function, &host, &batch(&changes()));
        let wanted = left.map(|left| json!({"itemIdentifier": left}));
        assert_eq!(answer["batchItemFailures"], json!(wanted.into_iter().collect::<Vec<_>>()), "{seconds} s");
        assert_eq!(function.store.events().len(), told, "{seconds} s");
        assert_eq!(line["failure"].as_str(), left.map(|_| "there is no time left"), "{seconds} s");
        assert!(function.dead_letters.letters.lock().unwrap().is_empty(), "it was not in the way of anybody");
        host.ends_at(host.now().plus(Duration::from_secs(60)));
        assert_eq!(answered(&function, &host, &batch(&changes())).0.to_string(), NOTHING_LEFT);
        assert_eq!((function.store.events().len(), function.store.journal().len()), (2, 1));
    }
}

#[test]
fn whoever_asks_for_more_rows_than_there_is_time_for_hears_which_are_left_in_their_order() {
    let (host, store) = (SimHost::new(1), MemoryStore::default());
    let opened: Vec<Payment> = (1..=4).map(world::payments::waiting).collect();
    for payment in &opened {
        let (cause, actor) = (Cause::of("initiated"), client());
        let write = Write { payment, cause, actor: &actor, writer: WriterToken(1) };
        block_on(store.create(&write)).unwrap();
    }
    let ids: Vec<&str> = opened.iter().map(|payment| payment.id.as_str()).collect();
    let asked: StreamEvent = serde_json::from_value(json!({"retell": ids})).unwrap();
    let function = in_a_hurry(&host, 25, store);
    let (answer, line) = answered(&function, &host, &asked);
    assert_eq!(answer, json!({"batchItemFailures": [], "notRetold": &ids[2..]}));
    assert_eq!((&line["told"], &line["failure"]), (&json!(2), &json!("there is no time left")));
    host.ends_at(host.now().plus(Duration::from_secs(60)));
    let rest: StreamEvent = serde_json::from_value(json!({"retell": answer["notRetold"]})).unwrap();
    assert_eq!(answered(&function, &host, &rest).0.to_string(), NOTHING_LEFT);
    assert_eq!(function.store.events().len(), 4);
}
