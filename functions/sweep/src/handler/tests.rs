//! The event file of this function through its handler.

use std::time::Duration;

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
    let swept = |line: &mut Line| serde_json::to_string(&block_on(sweep.once(&host, line)).unwrap()).unwrap();
    let mut line = Line::new("sweep", host.now());
    assert_eq!(swept(&mut line), r#"{"found":0,"nudged":0,"more":false,"unreadable":0,"failedPartitions":0}"#);
    host.advance(Duration::from_secs(3600));
    assert_eq!(swept(&mut line), r#"{"found":1,"nudged":1,"more":false,"unreadable":0,"failedPartitions":0}"#);
    line.write(Level::Error, &mut Vec::new());
}
