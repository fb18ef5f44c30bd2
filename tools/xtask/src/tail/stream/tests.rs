//! A stream as DynamoDB keeps it, small enough to see: shards that end and have children, places that expire, records
//! that fall off.

use std::cell::RefCell;

use super::*;

#[test]
fn from_now_on_only_news_is_told() {
    let aws = Aws::with(&[("a", None, &["old"])]);
    let mut stream = Stream::open(&aws, "payments", Begin::Now).unwrap();
    assert_eq!(round(&mut stream, &aws), (vec![], Round { gap: false, at_the_end: true }));
    aws.append("a", "new");
    assert_eq!(round(&mut stream, &aws), (vec!["new".to_owned()], Round::default()));
}

#[test]
fn from_the_oldest_on_a_parent_is_told_before_its_child() {
    // The list names the child first.
    let aws = Aws::with(&[("b", Some("a"), &["3"]), ("a", None, &["1", "2"])]);
    aws.end("a");
    let mut stream = Stream::open(&aws, "payments", Begin::Oldest).unwrap();
    assert_eq!(until_the_end(&mut stream, &aws), ["1", "2", "3"]);
}

#[test]
fn a_shard_that_ends_is_followed_by_its_children() {
    let aws = Aws::with(&[("a", None, &["old"])]);
    let mut stream = Stream::open(&aws, "payments", Begin::Now).unwrap();
    aws.append("a", "1");
    aws.end("a");
    aws.shards.borrow_mut().push(Shard::new("b", Some("a"), &["2"]));
    aws.shards.borrow_mut().push(Shard::new("c", Some("a"), &["3"]));
    assert_eq!(until_the_end(&mut stream, &aws), ["1", "2", "3"]);
    // What has ended falls off the list, and is forgotten.
    aws.shards.borrow_mut().retain(|shard| shard.id != "a");
    aws.append("c", "4");
    stream.rounds_until_list = 0;
    assert_eq!(until_the_end(&mut stream, &aws), ["4"]);
    assert_eq!(stream.shards.iter().map(|shard| shard.id.as_str()).collect::<Vec<_>>(), ["b", "c"]);
}

#[test]
fn an_expired_place_is_found_again_after_the_last_record_that_was_seen() {
    let aws = Aws::with(&[("a", None, &["1", "2"])]);
    let mut stream = Stream::open(&aws, "payments", Begin::Oldest).unwrap();
    assert_eq!(until_the_end(&mut stream, &aws), ["1", "2"]);
    aws.append("a", "3");
    aws.fail_once(Operation::GetRecords, Trouble::Expired);
    assert_eq!(round(&mut stream, &aws), (vec![], Round { gap: false, at_the_end: true }));
    assert_eq!(until_the_end(&mut stream, &aws), ["3"]);
}

#[test]
fn an_expired_place_without_a_record_to_go_on_from_is_a_gap() {
    let aws = Aws::with(&[("a", None, &["old"])]);
    let mut stream = Stream::open(&aws, "payments", Begin::Now).unwrap();
    aws.append("a", "missed");
    aws.fail_once(Operation::GetRecords, Trouble::Expired);
    assert!(round(&mut stream, &aws).1.gap);
    aws.append("a", "new");
    assert_eq!(until_the_end(&mut stream, &aws), ["new"]);
}

#[test]
fn what_fell_off_the_stream_unread_is_a_gap() {
    let aws = Aws::with(&[("a", None, &["1"])]);
    let mut stream = Stream::open(&aws, "payments", Begin::Oldest).unwrap();
    assert_eq!(until_the_end(&mut stream, &aws), ["1"]);
    aws.append("a", "2");
    aws.fail_once(Operation::GetRecords, Trouble::Trimmed);
    assert!(round(&mut stream, &aws).1.gap);
    assert_eq!(until_the_end(&mut stream, &aws), ["1", "2"], "what is left is told from its beginning");

    aws.fail_once(Operation::GetRecords, Trouble::Expired);
    aws.fail_once(Operation::GetShardIterator, Trouble::Trimmed);
    assert!(round(&mut stream, &aws).1.gap, "the record to go on from fell off too");
}

#[test]
fn what_was_read_before_an_error_is_told_once() {
    let aws = Aws::with(&[("a", None, &["1"]), ("b", None, &["2"])]);
    let mut stream = Stream::open(&aws, "payments", Begin::Oldest).unwrap();
    assert_eq!(round(&mut stream, &aws).0, Vec::<String>::new());
    let silence = Trouble::Unanswered("silence".to_owned());
    *aws.fails.borrow_mut() = vec![(Operation::GetRecords, "b", silence)];
    let mut records = Vec::new();
    let outcome = stream.read(&aws, &mut records);
    assert_eq!(outcome, Err(Trouble::Unanswered("silence".to_owned())));
    assert_eq!(names(&records), ["1"]);
    assert_eq!(until_the_end(&mut stream, &aws), ["2"]);
}

#[test]
fn a_stream_that_is_gone_is_told_as_such() {
    let aws = Aws::with(&[("a", None, &["1"])]);
    let mut stream = Stream::open(&aws, "payments", Begin::Now).unwrap();
    aws.fail_once(Operation::GetRecords, Trouble::Expired);
    aws.fail_once(Operation::GetShardIterator, Trouble::Gone);
    assert_eq!(stream.read(&aws, &mut Vec::new()), Err(Trouble::Gone));
}

struct Aws {
    shards: RefCell<Vec<Shard>>,
    /// What goes wrong once, at a shard whose name begins so.
    fails: RefCell<Vec<(Operation, &'static str, Trouble)>>,
}

struct Shard {
    id: &'static str,
    parent: Option<&'static str>,
    records: Vec<&'static str>,
    has_ended: bool,
}

impl Shard {
    fn new(id: &'static str, parent: Option<&'static str>, records: &[&'static str]) -> Self {
        Self { id, parent, records: records.to_vec(), has_ended: false }
    }
}

impl Aws {
    fn with(shards: &[(&'static str, Option<&'static str>, &[&'static str])]) -> Self {
        let shards = shards.iter().map(|(id, parent, records)| Shard::new(id, *parent, records)).collect();
        Self { shards: RefCell::new(shards), fails: RefCell::default() }
    }

    fn append(&self, shard: &str, record: &'static str) {
        self.shards.borrow_mut().iter_mut().find(|found| found.id == shard).unwrap().records.push(record);
    }

    fn end(&self, shard: &str) {
        self.shards.borrow_mut().iter_mut().find(|found| found.id == shard).unwrap().has_ended = true;
    }

    fn fail_once(&self, operation: Operation, trouble: Trouble) {
        self.fails.borrow_mut().push((operation, "", trouble));
    }

    fn failure(&self, operation: Operation, body: &Value) -> Option<Trouble> {
        let place = body["ShardIterator"].as_str().or(body["ShardId"].as_str()).unwrap_or_default();
        let mut fails = self.fails.borrow_mut();
        let found = fails.iter().position(|(at, shard, _)| *at == operation && place.starts_with(shard))?;
        Some(fails.remove(found).2)
    }
}

impl Ask for Aws {
    fn ask(&self, operation: Operation, body: &Value) -> Result<Value, Trouble> {
        if let Some(trouble) = self.failure(operation, body) {
            return Err(trouble);
        }
        let shards = self.shards.borrow();
        let named = |id: &str| shards.iter().find(|shard| shard.id == id).unwrap();
        Ok(match operation {
            Operation::DescribeTable => json!({"Table": {"LatestStreamArn": body["TableName"]}}),
            Operation::DescribeStream => {
                // One shard a page.
                assert_eq!(body["StreamArn"], "payments");
                let start = body["ExclusiveStartShardId"].as_str();
                let from =
                    start.map_or(0, |id| shards.iter().position(|shard| shard.id == id).unwrap().saturating_add(1));
                let shard = &shards[from];
                let range = if shard.has_ended { json!({"EndingSequenceNumber": "9"}) } else { json!({}) };
                let mut listed = json!({"ShardId": shard.id, "SequenceNumberRange": range});
                if let Some(parent) = shard.parent {
                    listed["ParentShardId"] = json!(parent);
                }
                let mut page = json!({"Shards": [listed]});
                if from.saturating_add(1) < shards.len() {
                    page["LastEvaluatedShardId"] = json!(shard.id);
                }
                json!({"StreamDescription": page})
            }
            Operation::GetShardIterator => {
                let shard = named(body["ShardId"].as_str().unwrap());
                let place = match body["ShardIteratorType"].as_str().unwrap() {
                    "LATEST" => shard.records.len(),
                    "TRIM_HORIZON" => 0,
                    "AFTER_SEQUENCE_NUMBER" => shard
                        .records
                        .iter()
                        .position(|record| body["SequenceNumber"] == *record)
                        .unwrap()
                        .saturating_add(1),
                    other => panic!("{other}"),
                };
                json!({"ShardIterator": format!("{}@{place}", shard.id)})
            }
            Operation::GetRecords => {
                // One record a page.
                let (id, place) = body["ShardIterator"].as_str().unwrap().split_once('@').unwrap();
                let (shard, place) = (named(id), place.parse::<usize>().unwrap());
                let page: Vec<Value> = shard.records[place..].iter().take(1).map(|name| record(name)).collect();
                let next = place.saturating_add(page.len());
                if shard.has_ended && next == shard.records.len() {
                    json!({"Records": page})
                } else {
                    json!({"Records": page, "NextShardIterator": format!("{id}@{next}")})
                }
            }
        })
    }
}

fn record(name: &str) -> Value {
    json!({"dynamodb": {"SequenceNumber": name}})
}

fn names(records: &[Value]) -> Vec<String> {
    records.iter().map(|record| text(record, "/dynamodb/SequenceNumber").unwrap()).collect()
}

fn round(stream: &mut Stream, aws: &Aws) -> (Vec<String>, Round) {
    let mut records = Vec::new();
    let round = stream.read(aws, &mut records).unwrap();
    (names(&records), round)
}

fn until_the_end(stream: &mut Stream, aws: &Aws) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 0..20 {
        let (names, round) = round(stream, aws);
        all.extend(names);
        if round.at_the_end {
            return all;
        }
    }
    panic!("no end after {all:?}");
}
