//! The ports of the timeline, the journal and the events: what is written of a change after it was committed, and read again.

use std::future::Future;

use domain::{
    journal::Movement,
    time::{Day, Timestamp},
    timeline::{Entry, EventId, EventType, Known, Subject, Version},
};

use super::Error;

/// An event as it is told: the same bytes each time, to everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// What kind of change it tells of.
    pub event_type: EventType,
    /// When that was.
    pub at: Timestamp,
    /// What is told.
    pub body: Vec<u8>,
}

/// Reads events that were announced.
pub trait LoadEvent: Sync {
    /// The event, if there is one of this id and it is announced.
    fn load_event(&self, id: &EventId) -> impl Future<Output = Result<Option<Event>, Error>> + Send;
}

/// Lists events that were announced.
pub trait ListEvents: Sync {
    /// Events of a day, newest first, at most `limit`, from `after` on. Which there are is a hint, for the index lags.
    fn list_events(
        &self,
        day: Day,
        after: Option<&EventPlace>,
        limit: u32,
    ) -> impl Future<Output = Result<EventPage, Error>> + Send;
}

/// An event's place in the list of its day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventPlace {
    /// When the change was.
    pub at: Timestamp,
    /// Its id.
    pub id: EventId,
}

/// Some events of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventPage {
    /// They.
    pub events: Vec<Event>,
    /// Where to go on, if there may be more.
    pub next: Option<EventPlace>,
    /// Rows that could not be read and were passed over.
    pub unreadable: usize,
}

/// Says how far the lists of a day have come. A hint: the index lags behind the rows.
pub trait FindNewest: Sync {
    /// Whether anything in a day's list came to be at `from` or later. Cheap where much happens: it looks no further than to the first.
    fn any_since(&self, list: DayList, day: Day, from: Timestamp) -> impl Future<Output = Result<bool, Error>> + Send;

    /// When the newest thing in a day's list came to be, of those that were there by `until`.
    fn newest(
        &self,
        list: DayList,
        day: Day,
        until: Timestamp,
    ) -> impl Future<Output = Result<Option<Timestamp>, Error>> + Send;
}

/// What is listed by day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayList {
    /// Payments, by when they were opened.
    Payments,
    /// Events that were announced, by when their change was.
    Events,
}

/// Reads timelines.
pub trait LoadTimeline: Sync {
    /// The entries of a subject's versions from `first` to `last` that are there, oldest first.
    fn load_timeline(
        &self,
        subject: &Subject,
        first: u64,
        last: u64,
    ) -> impl Future<Output = Result<Vec<Entry>, Error>> + Send;
}

/// Which changes have an entry already.
pub trait FindEntries: Sync {
    /// Of these changes, the ones that have an entry. Strongly consistent.
    fn find_entries(&self, ids: &[EventId]) -> impl Future<Output = Result<Vec<EventId>, Error>> + Send;
    /// How the row stood after this change, as its entry says; none if it has none.
    fn known_of(&self, id: &EventId) -> impl Future<Output = Result<Option<Known>, Error>> + Send;
}

/// Reads a row as it stands, with what made it.
pub trait LoadVersion: Sync {
    /// The version that stands, if there is such a row: strongly consistent.
    fn load_version(&self, subject: &Subject) -> impl Future<Output = Result<Option<Version>, Error>> + Send;
}

/// Writes entries. An entry is the mark that all of its change is told: it is written last.
pub trait PutEntry: Sync {
    /// Writes an entry if its change has none; `body` is what is announced of it, if anything is.
    fn put_entry(&self, entry: &Entry, body: Option<&[u8]>) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Writes the journal.
pub trait PutMovement: Sync {
    /// Writes a movement of a change if it is not there: a capture of so much in all, a refund, or its failure, is there once for each
    /// payment, whichever change it is told of; anything else once for each change.
    fn put_movement(&self, of: &Moved<'_>, movement: &Movement) -> impl Future<Output = Result<(), Error>> + Send;
}

/// What moved money.
#[derive(Debug, Clone, Copy)]
pub struct Moved<'a> {
    /// The payment, as it stood afterwards.
    pub payment: &'a domain::payment::Payment,
    /// The change.
    pub id: &'a EventId,
}

/// The bus of the merchant's own account, where one is wanted.
pub trait Bus: Sync {
    /// Puts an event on it. It may be there already.
    fn put(&self, event: &Event) -> impl Future<Output = Result<(), Error>> + Send;
}

/// No bus is one where everything has arrived.
impl<B: Bus> Bus for Option<B> {
    async fn put(&self, event: &Event) -> Result<(), Error> {
        match self {
            Some(bus) => bus.put(event).await,
            None => Ok(()),
        }
    }
}
