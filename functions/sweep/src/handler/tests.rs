//! The event file of this function through its handler.

use std::time::Duration;

use serde_json::json;
use world::events::{payment, store_with, text};
use world::host::SimHost;
use world::queue::MemoryQueue;
use world::turns::block_on;

use super::*;

#[test]
fn every_minute_what_is_due_is_nudged() {
    let schedule: serde_json::Value = serde_json::from_str(&text("sweep")).unwrap();
    assert_eq!(schedule["detail-type"], "Scheduled Event", "whatever it says, a sweep is a sweep");
    let host = SimHost::new(1);
    let sweep = Sweep { store: block_on(store_with(&payment(&host))), nudges: MemoryQueue::default() };
    let swept = |line: &mut Line| serde_json::to_value(block_on(sweep.once(&host, line)).unwrap()).unwrap();
    let mut line = Line::new("sweep", host.now());
    let nothing = json!({
        "found": 0, "nudged": 0, "inDoubt": 0, "oldestDueMs": 0, "more": false, "unreadable": 0, "failedPartitions": 0,
    });
    assert_eq!(swept(&mut line), nothing);
    host.advance(Duration::from_secs(3600));
    let one = swept(&mut line);
    assert_eq!((&one["found"], &one["nudged"], &one["oldestDueMs"]), (&json!(1), &json!(1), &json!(3_300_000)));
    line.write(Level::Error, &mut Vec::new());
}
