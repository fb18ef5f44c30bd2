//! What the table's twin tells of changes: its stream, and the rows that are written from it, kept as they are stored.

use std::collections::BTreeMap;

use adapters::dynamo::{Item, row};
use domain::{
    journal::Movement,
    time::{Day, Timestamp},
    timeline::{Change, Entry, EventId, Image, Known, Subject, Version},
};
use flow::ports::{
    Error,
    timeline::{
        DayList, Event, EventPage, EventPlace, FindEntries, FindNewest, ListEvents, LoadEvent, LoadTimeline,
        LoadVersion, Moved, PutEntry, PutMovement,
    },
};

use super::{Call, Inner, MemoryStore, number};

/// What was told.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Every change that was committed, oldest first.
    stream: Vec<Change>,
    entries: BTreeMap<EventId, Item>,
    journal: BTreeMap<String, Journaled>,
}

/// A row of the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Journaled {
    /// Which change moved the money.
    pub id: EventId,
    /// How.
    pub movement: Movement,
    /// As it is stored.
    item: Item,
}

impl Inner {
    /// A row was written.
    pub(super) fn committed(&mut self, before: Option<Version>, after: Version) {
        self.told.stream.push(Change { before, after });
    }
}

/// A version of a row, as it is stored and as it is read.
#[expect(clippy::panic, reason = "a row that does not say what made it is lost: whatever test did it has failed")]
pub(super) fn version(item: &Item, image: Image) -> Version {
    match row::read_cause(item) {
        Ok(cause) => Version { image, cause },
        Err(unfit) => panic!("what was written cannot be told: {unfit}"),
    }
}

impl MemoryStore {
    /// The changes that were committed after the first `known`, oldest first.
    #[must_use]
    pub fn stream_after(&self, known: usize) -> Vec<Change> {
        self.inner().told.stream.get(known..).unwrap_or_default().to_vec()
    }

    /// The entries of a subject, oldest first; seen without a call that could go wrong.
    ///
    /// # Panics
    /// If one of them cannot be read.
    #[must_use]
    pub fn timeline(&self, subject: &Subject) -> Vec<Entry> {
        let inner = self.inner();
        let of_subject = inner.told.entries.iter().filter(|(id, _)| id.subject() == subject);
        of_subject.map(|(_, item)| read(row::entry::read(item))).collect()
    }

    /// Every event that was announced, of each subject in its order; seen without a call that could go wrong.
    ///
    /// # Panics
    /// If one of them cannot be read.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.inner().told.entries.values().filter_map(|item| read(row::entry::read_event(item))).collect()
    }

    /// Whether a change has an entry; seen without a call that could go wrong.
    #[must_use]
    pub fn is_told(&self, id: &EventId) -> bool {
        self.inner().told.entries.contains_key(id)
    }

    /// The journal, of each payment in its order; seen without a call that could go wrong.
    #[must_use]
    pub fn journal(&self) -> Vec<Journaled> {
        self.inner().told.journal.values().cloned().collect()
    }

    /// Deletes what DynamoDB would have deleted by `now`. Says how many entries.
    ///
    /// # Panics
    /// If one of them cannot be read.
    pub fn delete_expired(&self, now: Timestamp) -> usize {
        let mut inner = self.inner();
        let before = inner.told.entries.len();
        inner.told.entries.retain(|_, item| read(row::entry::read(item)).expires_at.is_none_or(|end| end > now));
        before.saturating_sub(inner.told.entries.len())
    }

    /// Loses an entry, as nothing of ours ever does.
    pub fn lose_entry(&self, id: &EventId) {
        self.inner().told.entries.remove(id);
    }
}

#[expect(clippy::panic, reason = "a row that cannot be read is lost: whatever test did it has failed")]
fn read<T, E: std::fmt::Display>(read: Result<T, E>) -> T {
    match read {
        Ok(value) => value,
        Err(unfit) => panic!("what was written cannot be read: {unfit}"),
    }
}

fn key_of(item: &Item) -> String {
    item.get("pk").and_then(|key| key.as_s().ok()).cloned().unwrap_or_default()
}

impl PutEntry for MemoryStore {
    async fn put_entry(&self, entry: &Entry, body: Option<&[u8]>) -> Result<(), Error> {
        let item = row::entry::lay_out(entry, body)?;
        self.call(Call::Write, |inner| {
            inner.told.entries.entry(entry.id.clone()).or_insert_with(|| item.clone());
            Ok(())
        })
        .await
    }
}

impl PutMovement for MemoryStore {
    async fn put_movement(&self, of: &Moved<'_>, movement: &Movement) -> Result<(), Error> {
        let item = row::movement::lay_out(of, movement)?;
        let key = key_of(&item);
        let row = Journaled { id: of.id.clone(), movement: movement.clone(), item };
        self.call(Call::Write, |inner| {
            inner.told.journal.entry(key.clone()).or_insert_with(|| row.clone());
            Ok(())
        })
        .await
    }
}

impl FindEntries for MemoryStore {
    async fn find_entries(&self, ids: &[EventId]) -> Result<Vec<EventId>, Error> {
        self.call(Call::Load, |inner| {
            Ok(ids.iter().filter(|id| inner.told.entries.contains_key(*id)).cloned().collect())
        })
        .await
    }

    async fn known_of(&self, id: &EventId) -> Result<Option<Known>, Error> {
        self.call(Call::Load, |inner| Ok(inner.told.entries.get(id).map(|item| read(row::entry::read(item)).known())))
            .await
    }
}

impl LoadVersion for MemoryStore {
    async fn load_version(&self, subject: &Subject) -> Result<Option<Version>, Error> {
        self.call(Call::Load, |inner| {
            let changes = inner.told.stream.iter().rev();
            let mut versions = changes.map(|change| &change.after);
            Ok(versions.find(|version| version.image.subject() == *subject).cloned())
        })
        .await
    }
}

impl LoadTimeline for MemoryStore {
    async fn load_timeline(&self, subject: &Subject, first: u64, last: u64) -> Result<Vec<Entry>, Error> {
        self.call(Call::Load, |inner| {
            let ids = EventId::of(subject.clone(), first)..=EventId::of(subject.clone(), last);
            Ok(inner.told.entries.range(ids).map(|(_, item)| read(row::entry::read(item))).collect())
        })
        .await
    }
}

impl LoadEvent for MemoryStore {
    async fn load_event(&self, id: &EventId) -> Result<Option<Event>, Error> {
        self.call(Call::Load, |inner| {
            Ok(inner.told.entries.get(id).and_then(|item| read(row::entry::read_event(item))))
        })
        .await
    }
}

impl ListEvents for MemoryStore {
    async fn list_events(&self, day: Day, after: Option<&EventPlace>, limit: u32) -> Result<EventPage, Error> {
        self.call(Call::List, |inner| {
            let place = |event: &Event| EventPlace { at: event.at, id: event.id.clone() };
            let announced = inner.told.entries.values().filter_map(|item| read(row::entry::read_event(item)));
            let mut events: Vec<Event> = announced.filter(|event| Day::of(event.at) == day).collect();
            events.retain(|event| after.is_none_or(|after| place(event) < *after));
            events.sort_by_key(|event| std::cmp::Reverse(place(event)));
            let more = events.len() > number(limit);
            events.truncate(number(limit));
            let next = events.last().filter(|_| more).map(place);
            Ok(EventPage { events, next, unreadable: 0 })
        })
        .await
    }
}

impl FindNewest for MemoryStore {
    async fn any_since(&self, list: DayList, day: Day, from: Timestamp) -> Result<bool, Error> {
        let newest = self.newest(list, day, Timestamp::from_unix_ms(i64::MAX)).await?;
        Ok(newest.is_some_and(|newest| newest >= from))
    }

    async fn newest(&self, list: DayList, day: Day, until: Timestamp) -> Result<Option<Timestamp>, Error> {
        self.call(Call::List, |inner| {
            let moments: Vec<Timestamp> = match list {
                DayList::Payments => {
                    let known = inner.listed.iter().filter_map(|id| inner.rows.get(id));
                    known.map(|row| row.payment.created_at).collect()
                }
                DayList::Events => {
                    let announced = inner.told.entries.values().filter_map(|item| read(row::entry::read_event(item)));
                    announced.map(|event| event.at).collect()
                }
            };
            Ok(moments.into_iter().filter(|moment| Day::of(*moment) == day && *moment <= until).max())
        })
        .await
    }
}
