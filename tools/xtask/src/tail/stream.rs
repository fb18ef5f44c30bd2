//! A table's stream, read shard by shard.
//!
//! A shard is a piece of the stream: some hours of some of the rows. It ends, and its children go on; a payment's
//! changes are in order as long as no child is read before its parent has ended. Where reading has come to is an
//! *iterator*, which serves for 15 minutes; after a longer sleep it is made anew from the last record that was seen.

use serde_json::{Value, json};

use super::source::{Operation, Trouble};

/// A page of shards is at most 100 of them; a payment table that fills so many in a day is beyond any merchant.
const SHARD_PAGES_MAX: usize = 50;
/// How often the list of shards is read again where none has ended.
const ROUNDS_PER_LIST: u32 = 120;

/// Asks AWS.
pub(super) trait Ask {
    fn ask(&self, operation: Operation, body: &Value) -> Result<Value, Trouble>;
}

/// Where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    Now,
    /// The oldest record that is left: a day ago.
    Oldest,
}

/// What one round through the shards came to, beside records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Round {
    /// Records may have been passed over.
    pub(super) gap: bool,
    /// Nothing is left unread.
    pub(super) at_the_end: bool,
}

/// A stream that is being read.
#[derive(Debug)]
pub(super) struct Stream {
    arn: String,
    shards: Vec<Shard>,
    rounds_until_list: u32,
}

#[derive(Debug)]
struct Shard {
    id: String,
    parent: Option<String>,
    /// Where reading it began.
    begin: Begin,
    place: Reading,
    /// The last record that was read.
    last: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Reading {
    /// It is to be read from its beginning, once its parent has ended.
    Waits,
    At(String),
    Ended,
}

impl Stream {
    /// Opens the stream of a table.
    pub(super) fn open(ask: &impl Ask, table: &str, begin: Begin) -> Result<Self, Trouble> {
        let described = ask.ask(Operation::DescribeTable, &json!({"TableName": table}))?;
        let arn = text(&described, "/Table/LatestStreamArn").ok_or(Trouble::Gone)?;
        let mut stream = Self { arn, shards: Vec::new(), rounds_until_list: ROUNDS_PER_LIST };
        for (mut shard, has_ended) in stream.list(ask)? {
            if begin == Begin::Now {
                shard.begin = Begin::Now;
                shard.place = if has_ended { Reading::Ended } else { stream.iterator(ask, &shard.id, &latest())? };
            }
            stream.shards.push(shard);
        }
        Ok(stream)
    }

    /// Reads one page of each shard. What was read before something went wrong is in `records` all the same.
    pub(super) fn read(&mut self, ask: &impl Ask, records: &mut Vec<Value>) -> Result<Round, Trouble> {
        self.find_children(ask)?;
        let before = records.len();
        let mut round = Round { gap: false, at_the_end: true };
        for index in 0..self.shards.len() {
            let may_begin = self.may_begin(index);
            let Some(shard) = self.shards.get(index) else { continue };
            let iterator = match &shard.place {
                Reading::Ended => continue,
                Reading::Waits => {
                    round.at_the_end = false;
                    if may_begin {
                        let place = match self.iterator(ask, &shard.id, &oldest()) {
                            // It fell off while it waited. If the stream itself is gone, the list will say so.
                            Err(Trouble::Trimmed | Trouble::Gone) => Reading::Ended,
                            other => other?,
                        };
                        self.put(index, place);
                    }
                    continue;
                }
                Reading::At(iterator) => iterator.clone(),
            };
            match ask.ask(Operation::GetRecords, &json!({"ShardIterator": iterator})) {
                Ok(page) => self.take(index, &page, records),
                Err(Trouble::Expired) => {
                    let (place, gap) = self.go_on(ask, shard)?;
                    round.gap |= gap;
                    self.put(index, place);
                }
                Err(Trouble::Trimmed) => {
                    round.gap = true;
                    let place = self.iterator(ask, &shard.id, &oldest())?;
                    self.put(index, place);
                }
                Err(trouble) => return Err(trouble),
            }
        }
        round.at_the_end &= records.len() == before;
        Ok(round)
    }

    /// Where to go on after a long sleep, and whether something may have been passed over.
    fn go_on(&self, ask: &impl Ask, shard: &Shard) -> Result<(Reading, bool), Trouble> {
        let (from, gap) = match (&shard.last, shard.begin) {
            (Some(last), _) => (json!({"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": last}), false),
            (None, Begin::Now) => (latest(), true),
            (None, Begin::Oldest) => (oldest(), false),
        };
        match self.iterator(ask, &shard.id, &from) {
            // The sleep was longer than a day.
            Err(Trouble::Trimmed) => Ok((self.iterator(ask, &shard.id, &oldest())?, true)),
            other => Ok((other?, gap)),
        }
    }

    fn take(&mut self, index: usize, page: &Value, records: &mut Vec<Value>) {
        let Some(shard) = self.shards.get_mut(index) else { return };
        let news = page.get("Records").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if let Some(last) = news.last().and_then(|record| text(record, "/dynamodb/SequenceNumber")) {
            shard.last = Some(last);
        }
        records.extend(news.iter().cloned());
        let place = text(page, "/NextShardIterator").map_or(Reading::Ended, Reading::At);
        self.put(index, place);
    }

    /// Reads the list of shards anew when one has ended, and now and then.
    fn find_children(&mut self, ask: &impl Ask) -> Result<(), Trouble> {
        if let Some(left) = self.rounds_until_list.checked_sub(1) {
            self.rounds_until_list = left;
            return Ok(());
        }
        let listed = self.list(ask)?;
        // What has ended and is listed no more is nobody's parent either.
        self.shards
            .retain(|known| known.place != Reading::Ended || listed.iter().any(|(shard, _)| shard.id == known.id));
        for (shard, _) in listed {
            if !self.shards.iter().any(|known| known.id == shard.id) {
                self.shards.push(shard);
            }
        }
        self.rounds_until_list = ROUNDS_PER_LIST;
        Ok(())
    }

    /// All shards of the stream, each with whether it has ended.
    fn list(&self, ask: &impl Ask) -> Result<Vec<(Shard, bool)>, Trouble> {
        let mut shards = Vec::new();
        let mut body = json!({"StreamArn": self.arn});
        for _ in 0..SHARD_PAGES_MAX {
            let page = ask.ask(Operation::DescribeStream, &body)?;
            for shard in page.pointer("/StreamDescription/Shards").and_then(Value::as_array).into_iter().flatten() {
                let Some(id) = text(shard, "/ShardId") else { continue };
                let has_ended = shard.pointer("/SequenceNumberRange/EndingSequenceNumber").is_some();
                let parent = text(shard, "/ParentShardId");
                let shard = Shard { id, parent, begin: Begin::Oldest, place: Reading::Waits, last: None };
                shards.push((shard, has_ended));
            }
            let Some(last) = text(&page, "/StreamDescription/LastEvaluatedShardId") else { return Ok(shards) };
            body = json!({"StreamArn": self.arn, "ExclusiveStartShardId": last});
        }
        Err(Trouble::Unanswered(format!("its stream has more than {SHARD_PAGES_MAX} pages of shards")))
    }

    fn iterator(&self, ask: &impl Ask, shard: &str, from: &Value) -> Result<Reading, Trouble> {
        let mut body = json!({"StreamArn": self.arn, "ShardId": shard});
        if let (Some(body), Some(from)) = (body.as_object_mut(), from.as_object()) {
            body.extend(from.clone());
        }
        let answer = ask.ask(Operation::GetShardIterator, &body)?;
        text(&answer, "/ShardIterator")
            .map(Reading::At)
            .ok_or_else(|| Trouble::Unanswered("it gave no place in its stream".to_owned()))
    }

    fn may_begin(&self, index: usize) -> bool {
        let parent = self.shards.get(index).and_then(|shard| shard.parent.as_ref());
        let parent = parent.and_then(|parent| self.shards.iter().find(|shard| shard.id == *parent));
        parent.is_none_or(|parent| parent.place == Reading::Ended)
    }

    fn put(&mut self, index: usize, place: Reading) {
        if place == Reading::Ended {
            // Its children are to be found.
            self.rounds_until_list = 0;
        }
        if let Some(shard) = self.shards.get_mut(index) {
            shard.place = place;
        }
    }
}

fn oldest() -> Value {
    json!({"ShardIteratorType": "TRIM_HORIZON"})
}

fn latest() -> Value {
    json!({"ShardIteratorType": "LATEST"})
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests;
