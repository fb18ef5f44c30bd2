//! What is told of changes, in the table: entries of the timeline with what is announced of them, and the journal. Rows of their own,
//! which are written once, if they are not there, and never changed.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use domain::{
    journal::Movement,
    time::Day,
    timeline::{Entry, EventId, Known, Subject, Version},
};
use flow::ports::{
    Error,
    timeline::{
        Event, EventPage, EventPlace, FindEntries, ListEvents, LoadEvent, LoadTimeline, LoadVersion, Moved, PutEntry,
        PutMovement,
    },
};

use super::{
    Condition, PaymentTable,
    attributes::{Attributes, Item, Unfit},
    failure, keys, row, stream,
};

impl PaymentTable {
    /// Writes a row if it is not there. That it is there is what was wanted.
    async fn put_once(&self, item: Item) -> Result<(), Error> {
        let Err(failed) = Condition::IsNotThere.put_on(self.put_of(item)).send().await else { return Ok(()) };
        match failed.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
            Some(_) | None => Err(failure::of_call(&failed)),
        }
    }

    async fn entry_row(&self, id: &EventId) -> Result<Option<Item>, Error> {
        let asked =
            self.client.get_item().table_name(&self.name).key(keys::PK, keys::of_entry(id)).consistent_read(true);
        asked.send().await.map(|answer| answer.item).map_err(|failed| failure::of_call(&failed))
    }
}

impl PutEntry for PaymentTable {
    async fn put_entry(&self, entry: &Entry, body: Option<&[u8]>) -> Result<(), Error> {
        self.put_once(row::entry::lay_out(entry, body)?).await
    }
}

impl PutMovement for PaymentTable {
    async fn put_movement(&self, of: &Moved<'_>, movement: &Movement) -> Result<(), Error> {
        self.put_once(row::movement::lay_out(of, movement)?).await
    }
}

impl FindEntries for PaymentTable {
    async fn find_entries(&self, ids: &[EventId]) -> Result<Vec<EventId>, Error> {
        let rows = self.keys_of(ids.iter().map(keys::of_entry).collect()).await?;
        let found = rows.iter().map(|item| keys::read_event_id(&Attributes::of(item)));
        found.collect::<Result<_, Unfit>>().map_err(Error::from)
    }

    async fn known_of(&self, id: &EventId) -> Result<Option<Known>, Error> {
        let stands = self.entry_row(id).await?;
        Ok(stands.map(|item| row::entry::read(&item)).transpose()?.map(|entry| entry.known()))
    }
}

impl LoadVersion for PaymentTable {
    async fn load_version(&self, subject: &Subject) -> Result<Option<Version>, Error> {
        let asked = self
            .client
            .get_item()
            .table_name(&self.name)
            .key(keys::PK, keys::of_subject(subject))
            .consistent_read(true);
        let answer = asked.send().await.map_err(|failed| failure::of_call(&failed))?;
        Ok(answer.item().map(stream::version_of).transpose()?.flatten())
    }
}

impl LoadTimeline for PaymentTable {
    async fn load_timeline(&self, subject: &Subject, first: u64, last: u64) -> Result<Vec<Entry>, Error> {
        let ids = (first..=last).map(|version| keys::of_entry(&EventId::of(subject.clone(), version)));
        let rows = self.rows_of(ids.collect()).await?;
        let mut entries: Vec<Entry> = rows.iter().map(row::entry::read).collect::<Result<_, Unfit>>()?;
        entries.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        Ok(entries)
    }
}

impl LoadEvent for PaymentTable {
    async fn load_event(&self, id: &EventId) -> Result<Option<Event>, Error> {
        let stands = self.entry_row(id).await?;
        Ok(stands.map(|item| row::entry::read_event(&item)).transpose()?.flatten())
    }
}

impl ListEvents for PaymentTable {
    async fn list_events(&self, day: Day, after: Option<&EventPlace>, limit: u32) -> Result<EventPage, Error> {
        let partitions = (0..keys::DAY_SHARDS).filter_map(|shard| keys::event_partition(day, shard)).collect();
        let listed = self.places(keys::DAY_INDEX, keys::DAY_PARTITION, partitions, after, limit).await?;
        let next = listed.places.last().filter(|_| listed.has_more).cloned();
        let mut page = EventPage { events: Vec::new(), next, unreadable: listed.unreadable };
        let rows = self.rows_of(listed.places.iter().map(|place| keys::of_entry(&place.id)).collect()).await?;
        let mut events: Vec<Event> = Vec::new();
        for item in &rows {
            match row::entry::read_event(item) {
                Ok(event) => events.extend(event),
                Err(_) => page.unreadable = page.unreadable.saturating_add(1),
            }
        }
        for place in &listed.places {
            if let Some(at) = events.iter().position(|event| event.id == place.id) {
                page.events.push(events.swap_remove(at));
            }
        }
        Ok(page)
    }
}
