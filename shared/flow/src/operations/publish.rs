//! `publish`: tells what was committed. It is given the changes of one row, in their order, after the fact; it decides nothing, and
//! whatever it is given twice it tells once.
//!
//! | step, for each change | a crash after it leaves |
//! |---|---|
//! | 1. its movements of money are written to the journal | rows that the next try finds written |
//! | 2. a delivery is made for each endpoint that wants the event | deliveries that the next try finds made; they wait for their event |
//! | 3. the event goes to the bus | an event that is there twice, under one id |
//! | 4. its entry is written, and with it what is announced | nothing to do: the entry is the mark that all of it is told |
//! | 5. the deliveries are nudged | deliveries whose `due` has the sweep find them |
//!
//! **Gaps.** Versions are counted without a gap, so that what was not told shows: the entry before is missing. Then the version before
//! is told from the image that the change brings along, with all money that has moved since the last entry there is; what lies between
//! is counted in it (`unrecorded`), and marked, so that whatever comes late after all finds itself told. So the journal is whole whatever
//! was lost, and the timeline says where it is not.
//!
//! **Age.** Entries are deleted when the merchant has kept them for as long as was wanted ([`Retention`]); the one on which a row rests never
//! is. A row that is due and that nobody has written for all that time has lost its newest: it is taken for told, and not told again.
//!
//! **Time.** Nothing is begun when the function's time is nearly over: it stops between two writes, as after a crash, nudges what is
//! ready and says how far it came. Who is killed instead says nothing, and rings.
//!
//! Must never: tell a version before the one before it, or write an entry of which a part is not told.

use domain::{
    id::RowId,
    journal::Position,
    timeline::{Change, Entry, EventId, Image, Retention, Subject, Version},
    webhook::{DeliveryId, Endpoints},
};

use crate::{
    commit::webhook::create,
    ports::{
        Actor, Error, Host, Note, Nudge,
        timeline::{Bus, Event, FindEntries, LoadVersion, Moved, PutEntry, PutMovement},
        webhook::CreateDelivery,
    },
};

/// So many versions are looked through at a time for the last entry there is.
const LOOK_BACK: u64 = 100;
/// And so often. A row that is looked at every four hours for a year has some two thousand versions.
const LOOKS_BACK_MAX: u32 = 50;
/// So many versions of a gap are marked, the newest: no stream of a day has more changes of one row.
const MARKS_MAX: u64 = 1_000;

/// Who is told of events.
#[derive(Debug, Clone, Copy)]
pub struct Listeners<'a, B, N> {
    /// The merchant's endpoints, as they stand.
    pub endpoints: &'a Endpoints,
    /// The merchant's event bus.
    pub bus: &'a B,
    /// Who delivers to the endpoints.
    pub nudges: &'a N,
}

/// What became of the changes of one row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Published {
    /// Changes that are told now; so are all before them.
    pub told: usize,
    /// Of these, the ones that were told before.
    pub told_before: usize,
    /// Events that were announced.
    pub announced: usize,
    /// Movements of money that were written.
    pub moved: usize,
    /// Deliveries that were made.
    pub deliveries: usize,
    /// Versions that were missing before a change.
    pub missing: u64,
    /// Why the next change could not be told.
    pub failure: Option<Error>,
}

/// Tells changes of one row, in the order of their versions.
pub async fn publish<H: Host, S: FindEntries + PutEntry + PutMovement + CreateDelivery, B: Bus, N: Nudge>(
    host: &H,
    store: &S,
    listeners: Listeners<'_, B, N>,
    retention: Retention,
    body: impl Fn(&Entry, &Image) -> Vec<u8>,
    changes: &[Change],
) -> Published {
    let mut press = Press::new(host, store, listeners, retention, body);
    let told = press.all(changes).await;
    press.ends(told).await
}

/// Tells of a row as it stands, if its last change is not told: for a person who has found one that was put aside, and whose row will
/// not change again.
pub async fn retell<
    H: Host,
    S: LoadVersion + FindEntries + PutEntry + PutMovement + CreateDelivery,
    B: Bus,
    N: Nudge,
>(
    host: &H,
    store: &S,
    listeners: Listeners<'_, B, N>,
    retention: Retention,
    body: impl Fn(&Entry, &Image) -> Vec<u8>,
    subject: &Subject,
) -> Published {
    let mut press = Press::new(host, store, listeners, retention, body);
    let told = press.standing(subject).await;
    press.ends(told).await
}

/// One row's changes on their way out.
struct Press<'a, H, S, B, N, F> {
    host: &'a H,
    store: &'a S,
    listeners: Listeners<'a, B, N>,
    retention: Retention,
    body: F,
    /// Changes that have an entry.
    told: Vec<EventId>,
    /// Deliveries whose event is written.
    ready: Vec<RowId>,
    published: Published,
}

impl<'a, H, S, B, N, F> Press<'a, H, S, B, N, F>
where
    H: Host,
    S: FindEntries + PutEntry + PutMovement + CreateDelivery,
    B: Bus,
    N: Nudge,
    F: Fn(&Entry, &Image) -> Vec<u8>,
{
    fn new(host: &'a H, store: &'a S, listeners: Listeners<'a, B, N>, retention: Retention, body: F) -> Self {
        let (told, ready, published) = (Vec::new(), Vec::new(), Published::default());
        Self { host, store, listeners, retention, body, told, ready, published }
    }

    async fn all(&mut self, changes: &[Change]) -> Result<(), Error> {
        self.in_time()?;
        self.told = self.store.find_entries(&named(changes)).await?;
        for change in changes {
            let id = change.after.image.event_id();
            if self.told.contains(&id) {
                self.published.told_before = self.published.told_before.saturating_add(1);
            } else {
                self.change(change).await?;
            }
            self.published.told = self.published.told.saturating_add(1);
        }
        Ok(())
    }

    async fn standing(&mut self, subject: &Subject) -> Result<(), Error>
    where
        S: LoadVersion,
    {
        self.in_time()?;
        let Some(version) = self.store.load_version(subject).await? else { return Ok(()) };
        if self.store.find_entries(&[version.image.event_id()]).await?.is_empty() && !self.has_expired(&version) {
            self.fill(&version).await?;
            self.published.told = 1;
        }
        Ok(())
    }

    /// Whether there is time for one more write. What a gateway call would have to leave of the function's time is left here too: to nudge,
    /// and to say how far it came.
    fn in_time(&self) -> Result<(), Error> {
        if self.host.gateway_budget().is_zero() { Err(Error::OutOfTime) } else { Ok(()) }
    }

    async fn change(&mut self, change: &Change) -> Result<(), Error> {
        let after = &change.after;
        if after.image.version() <= 1 {
            return self.tell(Entry::of(None, after), after, &Position::default()).await;
        }
        let Some(before) = change.predecessor() else { return self.fill(after).await };
        if !self.told.contains(&before.image.event_id()) && !self.has_expired(before) {
            self.fill(before).await?;
        }
        self.tell(Entry::of(Some(&before.image), after), after, &before.image.position()).await
    }

    /// Whether the entry of this version has been deleted for its age, if it has none. Nobody knows any more what was told before it, and
    /// to tell it twice would be worse than to believe that it was told once.
    fn has_expired(&self, version: &Version) -> bool {
        self.retention.ends(&version.image).is_some_and(|end| end <= self.host.now())
    }

    /// Tells a version that has no entry though a later one is to be told.
    async fn fill(&mut self, version: &Version) -> Result<(), Error> {
        let id = version.image.event_id();
        let last = self.last_before(&id).await?;
        let unrecorded = id.version().saturating_sub(1).saturating_sub(last.as_ref().map_or(0, EventId::version));
        let missing = unrecorded.saturating_add(1);
        self.published.missing = self.published.missing.saturating_add(missing);
        self.host.note(Note::TimelineGap { missing });
        let known = match &last {
            Some(last) => self.store.known_of(last).await?,
            None => None,
        };
        let first = id.version().saturating_sub(unrecorded.min(MARKS_MAX));
        for missing in first..id.version() {
            self.in_time()?;
            let mark = EventId::of(id.subject().clone(), missing);
            self.store.put_entry(&Entry::mark(mark, version.image.updated_at(), known.as_ref()), None).await?;
        }
        let is_first = id.version() == 1;
        let entry = if is_first { Entry::of(None, version) } else { Entry::found(version, known.as_ref(), unrecorded) };
        let moved = known.unwrap_or_default().position;
        self.tell(entry, version, &moved).await
    }

    /// The last change before this one that has an entry, if there is any.
    async fn last_before(&self, id: &EventId) -> Result<Option<EventId>, Error> {
        let mut end = id.version();
        for _ in 0..LOOKS_BACK_MAX {
            if end <= 1 {
                return Ok(None);
            }
            self.in_time()?;
            let begin = end.saturating_sub(LOOK_BACK).max(1);
            let ids: Vec<EventId> = (begin..end).map(|version| EventId::of(id.subject().clone(), version)).collect();
            let last = self.store.find_entries(&ids).await?.into_iter().max();
            if last.is_some() {
                return Ok(last);
            }
            end = begin;
        }
        // Whether money was told before cannot be said, and to tell it twice would be worse than to call a person.
        Err(Error::Unreadable { detail: "the last entry of the timeline lies too far back to be found".to_owned() })
    }

    /// Tells one version, of which money had moved up to `before`.
    async fn tell(&mut self, entry: Entry, version: &Version, before: &Position) -> Result<(), Error> {
        let entry = Entry { expires_at: self.retention.ends(&version.image), ..entry };
        if let Image::Payment(payment) = &version.image {
            let moved = Moved { payment, id: &entry.id };
            for movement in entry.position.since(before) {
                self.in_time()?;
                self.store.put_movement(&moved, &movement).await?;
                self.published.moved = self.published.moved.saturating_add(1);
            }
        }
        let event = entry.event_type.is_announced().then(|| Event {
            id: entry.id.clone(),
            event_type: entry.event_type,
            at: entry.at,
            body: (self.body)(&entry, &version.image),
        });
        let mut deliveries = Vec::new();
        if let Some(event) = &event {
            deliveries = self.deliveries(event).await?;
            self.in_time()?;
            self.listeners.bus.put(event).await?;
            self.published.announced = self.published.announced.saturating_add(1);
        }
        self.in_time()?;
        self.store.put_entry(&entry, event.as_ref().map(|event| event.body.as_slice())).await?;
        self.ready.extend(deliveries);
        self.told.push(entry.id);
        Ok(())
    }

    /// Makes a delivery for each endpoint that wants this event. One that was made by a try before is there.
    async fn deliveries(&mut self, event: &Event) -> Result<Vec<RowId>, Error> {
        let mut made = Vec::new();
        for endpoint in self.listeners.endpoints.subscribers(event.event_type) {
            self.in_time()?;
            let id = DeliveryId::of(event.id.clone(), endpoint.id.clone());
            create(self.host, self.store, id.clone(), &Actor::Publish).await?;
            made.push(RowId::Delivery(id));
        }
        self.published.deliveries = self.published.deliveries.saturating_add(made.len());
        Ok(made)
    }

    /// Has whatever is ready delivered, and says what came of it all.
    async fn ends(mut self, told: Result<(), Error>) -> Published {
        if !self.ready.is_empty()
            && let Err(error) = self.listeners.nudges.nudge_all(&self.ready).await
        {
            self.host.note(Note::NudgeLost(error));
        }
        self.published.failure = told.err();
        self.published
    }
}

/// The changes, and the one before the first: those whose entries matter.
fn named(changes: &[Change]) -> Vec<EventId> {
    let predecessors = changes.iter().filter_map(Change::predecessor).map(|before| before.image.event_id());
    let mut ids: Vec<EventId> =
        predecessors.chain(changes.iter().map(|change| change.after.image.event_id())).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
