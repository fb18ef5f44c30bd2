//! The event file of this function through its handler.

use adapters::telemetry::Log;
use domain::gateway::Gateway;
use domain::pause::{Paused, Pauses};
use domain::time::{Day, Timestamp};
use flow::ports::timeline::DayList;
use flow::ports::{Dependency, DuePage, DuePartition, DuePlace, DueWindow};
use serde_json::json;
use world::events::{payment, store_with, text};
use world::host::SimHost;
use world::queue::MemoryQueue;
use world::store::{Call, Course};
use world::turns::block_on;

use super::*;

#[test]
fn every_minute_what_is_due_is_nudged() {
    for (event, kind) in
        [("sweep", "Scheduled Event"), ("sweep-again", "Scheduled Event"), ("sweep-misdirected", "Stock Counted")]
    {
        let event: serde_json::Value = serde_json::from_str(&text(event)).unwrap();
        assert_eq!(event["detail-type"], kind, "whatever wakes it, and however often, a sweep is a sweep");
    }
    let host = SimHost::new(1);
    let sweep = Sweep { store: block_on(store_with(&payment(&host))), nudges: MemoryQueue::default() };
    let swept = |line: &mut Line| serde_json::to_value(block_on(sweep.once(&host, line)).unwrap()).unwrap();
    let mut line = Line::new("sweep", host.now());
    let nothing = json!({
        "found": 0, "nudged": 0, "deliveriesFound": 0, "deliveriesNudged": 0, "inDoubt": 0, "oldestDueMs": 0, "more": false,
        "unreadable": 0, "failedPartitions": 0, "untoldMs": 0, "paused": 0,
    });
    assert_eq!(swept(&mut line), nothing);
    host.advance(Duration::from_secs(3600));
    let one = swept(&mut line);
    assert_eq!((&one["found"], &one["nudged"], &one["oldestDueMs"]), (&json!(1), &json!(1), &json!(3_300_000)));
}

#[test]
fn each_sweep_says_what_it_measured_however_little_there_was() {
    let host = SimHost::new(1);
    let sweep = Sweep { store: block_on(store_with(&payment(&host))), nudges: MemoryQueue::default() };
    let swept = || logged(|line| assert!(block_on(sweep.once(&host, line)).is_ok()));
    let quiet = swept();
    assert_eq!((&quiet["found"], &quiet["inDoubt"], &quiet["oldestDueSeconds"]), (&json!(0), &json!(0), &json!(0)));
    host.advance(Duration::from_secs(3600));
    let late = swept();
    assert_eq!((&late["found"], &late["inDoubt"], &late["oldestDueSeconds"]), (&json!(1), &json!(0), &json!(3300)));
    // Nobody tells of anything here, and the payment is an hour old.
    assert_eq!((&quiet["untoldSeconds"], &late["untoldSeconds"]), (&json!(0), &json!(3600)));
    let names = json!(["deliveriesFound", "found", "inDoubt", "oldestDueSeconds", "paused", "untoldSeconds"]);
    for line in [quiet, late] {
        let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        assert_eq!(json!(metrics.iter().map(|metric| &metric["Name"]).collect::<Vec<_>>()), names, "{line}");
    }
}

#[test]
fn a_sweep_that_got_nowhere_measures_nothing() {
    let host = SimHost::new(1);
    let sweep = Sweep { store: Down, nudges: MemoryQueue::default() };
    let line = logged(|line| assert!(block_on(sweep.once(&host, line)).is_err()));
    assert_eq!((&line["failed"], &line["level"]), (&json!(1), &json!("error")));
    assert!(Gauge::NAMES.iter().all(|name| line[*name].is_null()), "a zero would say that all is well: {line}");
}

#[test]
fn a_sweep_that_cannot_say_whether_anything_is_told_got_through_all_the_same() {
    let host = SimHost::new(1);
    let sweep = Sweep { store: block_on(store_with(&payment(&host))), nudges: MemoryQueue::default() };
    sweep.store.script(Call::List, [Course::LostBefore]);
    let line = logged(|line| {
        let swept = serde_json::to_value(block_on(sweep.once(&host, line)).unwrap()).unwrap();
        assert_eq!((&swept["found"], &swept["untoldMs"]), (&json!(0), &json!(null)));
    });
    assert_eq!((&line["found"], &line["failed"]), (&json!(0), &json!(1)));
    assert!(line["untoldSeconds"].is_null(), "a zero would say that all is well: {line}");
}

#[test]
fn what_is_paused_is_measured_each_minute_until_it_is_not() {
    let host = SimHost::new(1);
    let sweep = Sweep { store: block_on(store_with(&payment(&host))), nudges: MemoryQueue::default() };
    let swept = || logged(|line| assert!(block_on(sweep.once(&host, line)).is_ok()))["paused"].clone();
    assert_eq!(swept(), json!(0));
    sweep.store.pause(Paused::Everything);
    sweep.store.pause(Paused::At(Gateway::PayPal));
    assert_eq!(swept(), json!(2));
    sweep.store.resume(Paused::Everything);
    assert_eq!(swept(), json!(1));
}

#[test]
fn a_sweep_that_cannot_say_what_is_paused_got_through_all_the_same() {
    let host = SimHost::new(1);
    let sweep = Sweep { store: block_on(store_with(&payment(&host))), nudges: MemoryQueue::default() };
    sweep.store.script(Call::Pauses, [Course::LostBefore]);
    let line = logged(|line| {
        let swept = serde_json::to_value(block_on(sweep.once(&host, line)).unwrap()).unwrap();
        assert_eq!((&swept["found"], &swept["paused"]), (&json!(0), &json!(null)));
    });
    assert_eq!((&line["found"], &line["failed"]), (&json!(0), &json!(1)));
    assert!(line["paused"].is_null(), "a zero would say that nothing is: {line}");
}

/// The line, as it is written where little is.
fn logged(work: impl FnOnce(&mut Line)) -> serde_json::Value {
    let mut line = Line::new("sweep", Timestamp::from_unix_ms(0));
    work(&mut line);
    let mut text = Vec::new();
    line.write(&Log { stack: "quittance-test".to_owned(), least: Level::Error }, &mut text);
    serde_json::from_slice(&text).unwrap()
}

/// A table that does not answer.
struct Down;

impl FindNewest for Down {
    async fn any_since(&self, _: DayList, _: Day, _: Timestamp) -> Result<bool, Error> {
        Err(down())
    }

    async fn newest(&self, _: DayList, _: Day, _: Timestamp) -> Result<Option<Timestamp>, Error> {
        Err(down())
    }
}

impl LoadPauses for Down {
    async fn load_pauses(&self, _: Timestamp) -> Result<Pauses, Error> {
        Err(down())
    }
}

impl FindDue for Down {
    async fn find_due(&self, _: DuePartition, _: DueWindow, _: Option<DuePlace>, _: u32) -> Result<DuePage, Error> {
        Err(down())
    }

    async fn count(&self, _: DuePartition) -> Result<usize, Error> {
        Err(down())
    }
}

fn down() -> Error {
    Error::Unavailable { dependency: Dependency::Store, detail: "timeout".to_owned() }
}
