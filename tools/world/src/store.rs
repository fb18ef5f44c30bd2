//! The table's twin: the same conditions, the same answers, and the same ways to break down, on request.
//!
//! It keeps rows as they are stored, laid out and read by the adapter's own code; so every test that stands on it tries
//! that code too. Rows can be laid out as the release before laid them out ([`Layout`]). That twin and table keep the same
//! promises is the matter of [`crate::store_contract`].

mod brake;
mod dispute;
mod former;
mod pause;
mod timeline;
mod warning;
mod webhook;

pub use dispute::DisputeCommit;
pub use timeline::Journaled;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use adapters::dynamo::{Item, due_partition_name, row};
use domain::{
    id::{RowId, TransactionId},
    payment::Payment,
    time::{Day, Timestamp},
    timeline::{Cause, Image, Version},
};
use flow::ports::{
    Actor, CreatePayment, Created, Dependency, DuePage, DuePartition, DuePlace, DueWindow, Error, FindDue, ListPage,
    ListPayments, ListPlace, Listing, LoadPayment, ReplacePayment, Replaced, Write,
};

use crate::turns;

/// The attribute that names a row's partition of the index of due rows.
const DUE_PARTITION: &str = "dp";

/// A table in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Inner>);

/// A write that went through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The row as it was left.
    pub payment: Payment,
    /// The word for what happened.
    pub event: String,
    /// Who made it happen.
    pub actor: Actor,
    /// What the row itself says of it.
    pub cause: Cause,
}

/// The kinds of calls that can be made to break down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Reading a row.
    Load,
    /// Creating or replacing a row.
    Write,
    /// Reading the index of due rows.
    FindDue,
    /// Reading a list.
    List,
    /// Reading what is paused.
    Pauses,
    /// Reading and counting declines.
    Declines,
}

/// A way for one call to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// As it should.
    Well,
    /// It never arrives. The caller sees a failure.
    LostBefore,
    /// It is served and its answer is lost. The caller sees the same failure.
    LostAfter,
    /// It is served, its answer is lost, and the SDK sends it again by itself: a write meets its own row.
    SentTwice,
}

/// Whose rows they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// This release's.
    #[default]
    Present,
    /// The release's before it, which this one must still read, and sweep.
    Former,
}

#[derive(Debug, Default)]
struct Inner {
    rows: BTreeMap<TransactionId, Row>,
    disputes: dispute::Rows,
    warnings: warning::Rows,
    webhooks: webhook::Rows,
    told: timeline::Told,
    dispute_commits: Vec<DisputeCommit>,
    layout: Layout,
    /// The index of due rows as readers see it, with the names of their partitions; behind the rows while it is held.
    due: BTreeMap<DuePlace, String>,
    /// The rows that the lists know; behind the rows while the index is held.
    listed: BTreeSet<TransactionId>,
    index_is_held: bool,
    index_is_behind: bool,
    loads: VecDeque<Course>,
    writes: VecDeque<Course>,
    queries: VecDeque<Course>,
    lists: VecDeque<Course>,
    pause_looks: VecDeque<Course>,
    brake: VecDeque<Course>,
    declines: brake::Rows,
    /// The row that says what is paused, as it is stored.
    pauses: Item,
    commits: Vec<Commit>,
}

#[derive(Debug)]
struct Row {
    /// As it is stored.
    item: Item,
    /// As it is read.
    payment: Payment,
    layout: Layout,
}

/// What a write's condition came to.
enum Put {
    Written,
    Stands(Option<Box<Payment>>),
}

impl MemoryStore {
    /// Says how the next calls of one kind go. What comes after them goes well.
    pub fn script(&self, call: Call, courses: impl IntoIterator<Item = Course>) {
        self.inner().script_of(call).extend(courses);
    }

    /// From now on every call goes well.
    pub fn faults_end(&self) {
        let mut inner = self.inner();
        for call in [Call::Load, Call::Write, Call::FindDue, Call::List, Call::Pauses, Call::Declines] {
            inner.script_of(call).clear();
        }
    }

    /// Stops the indexes: from now on they show which rows there are, and which are due, at this moment.
    pub fn hold_index(&self) {
        self.inner().index_is_held = true;
    }

    /// Lets the indexes catch up. If they were held, they are held again at once.
    pub fn catch_up_index(&self) {
        self.inner().catch_up();
    }

    /// From now on rows are laid out so.
    pub fn lay_out_as(&self, layout: Layout) {
        self.inner().layout = layout;
    }

    /// Whether there are rows that the lists do not know yet.
    #[must_use]
    pub fn lists_lack_rows(&self) -> bool {
        let inner = self.inner();
        inner.listed.len() < inner.rows.len()
    }

    /// A row as it is stored, seen without a call that could go wrong.
    #[must_use]
    pub fn stored(&self, id: &TransactionId) -> Option<Item> {
        self.inner().rows.get(id).map(|row| row.item.clone())
    }

    /// Whose row it is, seen without a call that could go wrong.
    #[must_use]
    pub fn layout_of(&self, id: &TransactionId) -> Option<Layout> {
        self.inner().rows.get(id).map(|row| row.layout)
    }

    /// A row as it stands, seen without a call that could go wrong.
    #[must_use]
    pub fn row(&self, id: &TransactionId) -> Option<Payment> {
        self.inner().rows.get(id).map(|row| row.payment.clone())
    }

    /// Every write that went through, oldest first.
    #[must_use]
    pub fn commits(&self) -> Vec<Commit> {
        self.inner().commits.clone()
    }

    /// The writes that went through after the first `known`, oldest first.
    #[must_use]
    pub fn commits_after(&self, known: usize) -> Vec<Commit> {
        self.inner().commits.get(known..).unwrap_or_default().to_vec()
    }

    /// When the row is due that is due first; seen without a call that could go wrong, and not through the index.
    #[must_use]
    pub fn earliest_due(&self) -> Option<Timestamp> {
        let inner = self.inner();
        let payments = inner.rows.values().filter_map(|row| row.payment.due).min();
        [payments, inner.disputes.earliest_due()].into_iter().flatten().min()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One call: the way there, the course it takes, the way back.
    async fn call<T>(&self, call: Call, serve: impl Fn(&mut Inner) -> Result<T, Error>) -> Result<T, Error> {
        turns::pass().await;
        let served = {
            let mut inner = self.inner();
            let lost = || Error::Unavailable { dependency: Dependency::Store, detail: "injected".to_owned() };
            match inner.script_of(call).pop_front().unwrap_or(Course::Well) {
                Course::Well => serve(&mut inner),
                Course::LostBefore => Err(lost()),
                Course::LostAfter => serve(&mut inner).and(Err(lost())),
                Course::SentTwice => serve(&mut inner).and_then(|_| serve(&mut inner)),
            }
        };
        turns::pass().await;
        served
    }
}

impl Inner {
    const fn script_of(&mut self, call: Call) -> &mut VecDeque<Course> {
        match call {
            Call::Load => &mut self.loads,
            Call::Write => &mut self.writes,
            Call::FindDue => &mut self.queries,
            Call::List => &mut self.lists,
            Call::Pauses => &mut self.pause_looks,
            Call::Declines => &mut self.brake,
        }
    }

    fn catch_up(&mut self) {
        if !std::mem::take(&mut self.index_is_behind) {
            return;
        }
        let Self { rows, disputes, warnings, webhooks, due, listed, .. } = self;
        due.clear();
        due.extend(rows.values().filter_map(Row::due_entry));
        due.extend(disputes.due_entries());
        due.extend(warnings.due_entries());
        due.extend(webhooks.due_entries());
        listed.extend(rows.keys().cloned());
    }

    /// The indexes follow one row at once.
    fn follow(&mut self, after: &Row) {
        let before = self.rows.get(&after.payment.id).and_then(Row::due_entry);
        if let Some((place, _)) = before {
            self.due.remove(&place);
        }
        self.due.extend(after.due_entry());
        self.listed.insert(after.payment.id.clone());
    }

    /// Writes the row if the stored one, if any, is as `condition` asks; a write that meets itself has succeeded.
    fn put(&mut self, write: &Write<'_>, condition: impl Fn(Option<&Payment>) -> bool) -> Result<Put, Error> {
        let stands = self.rows.get(&write.payment.id);
        if !condition(stands.map(|row| &row.payment)) {
            return Ok(match stands {
                Some(row) if row::is_written_by(&row.item, write) => Put::Written,
                stands => Put::Stands(stands.map(|row| Box::new(row.payment.clone()))),
            });
        }
        let row = Row::laid_out(write, self.layout)?;
        let before = stands.map(Row::version);
        self.committed(before, row.version());
        self.commits.push(Commit {
            payment: row.payment.clone(),
            event: write.cause.what.to_owned(),
            actor: write.actor.clone(),
            cause: cause_of(&row.item)?,
        });
        if self.index_is_held {
            self.index_is_behind = true;
        } else {
            self.follow(&row);
        }
        self.rows.insert(write.payment.id.clone(), row);
        Ok(Put::Written)
    }
}

impl Row {
    #[expect(
        clippy::panic,
        reason = "a row that is written and cannot be read is lost: whatever test did it has failed"
    )]
    fn laid_out(write: &Write<'_>, layout: Layout) -> Result<Self, Error> {
        let item = row::lay_out(write)?;
        let item = match layout {
            Layout::Present => item,
            Layout::Former => former::laid_out(item),
        };
        match row::read(&item) {
            Ok(payment) => Ok(Self { item, payment, layout }),
            Err(unfit) => panic!("what was written cannot be read: {unfit}"),
        }
    }

    fn version(&self) -> Version {
        timeline::version(&self.item, Image::Payment(Box::new(self.payment.clone())))
    }

    /// Where it stands in the index of due rows, and in which partition, if it is due at all.
    fn due_entry(&self) -> Option<(DuePlace, String)> {
        let partition = self.item.get(DUE_PARTITION)?.as_s().ok()?.clone();
        Some((DuePlace { due: self.payment.due?, id: RowId::Payment(self.payment.id.clone()) }, partition))
    }
}

impl LoadPayment for MemoryStore {
    async fn load(&self, id: &TransactionId) -> Result<Option<Payment>, Error> {
        self.call(Call::Load, |inner| Ok(inner.rows.get(id).map(|row| row.payment.clone()))).await
    }
}

impl CreatePayment for MemoryStore {
    async fn create(&self, write: &Write<'_>) -> Result<Created, Error> {
        self.call(Call::Write, |inner| match inner.put(write, |stands| stands.is_none())? {
            Put::Written => Ok(Created::Created),
            Put::Stands(Some(payment)) => Ok(Created::Exists(payment)),
            Put::Stands(None) => Err(missing()),
        })
        .await
    }
}

impl ReplacePayment for MemoryStore {
    async fn replace(&self, write: &Write<'_>) -> Result<Replaced, Error> {
        let is_before = |stands: Option<&Payment>| {
            stands.is_some_and(|stands| stands.version.checked_add(1) == Some(write.payment.version))
        };
        self.call(Call::Write, |inner| match inner.put(write, is_before)? {
            Put::Written => Ok(Replaced::Replaced),
            Put::Stands(Some(payment)) => Ok(Replaced::Conflict(payment)),
            Put::Stands(None) => Err(missing()),
        })
        .await
    }
}

impl FindDue for MemoryStore {
    async fn find_due(
        &self,
        partition: DuePartition,
        window: DueWindow,
        after: Option<DuePlace>,
        limit: u32,
    ) -> Result<DuePage, Error> {
        let partition = due_partition_name(partition);
        self.call(Call::FindDue, |inner| {
            let is_in = |due| window.from <= due && due <= window.until;
            let places = inner.due.iter().filter(|(_, of)| **of == partition).map(|(place, _)| place);
            let rows = places.filter(|place| is_in(place.due) && after.as_ref().is_none_or(|after| *place > after));
            let rows: Vec<DuePlace> = rows.take(number(limit)).cloned().collect();
            // As in DynamoDB, a full page does not know whether it is the last.
            let next = rows.last().filter(|_| rows.len() == number(limit)).cloned();
            Ok(DuePage { rows, next, unreadable: 0 })
        })
        .await
    }

    async fn count(&self, partition: DuePartition) -> Result<usize, Error> {
        let partition = due_partition_name(partition);
        self.call(Call::FindDue, |inner| Ok(inner.due.values().filter(|of| **of == partition).count())).await
    }
}

impl ListPayments for MemoryStore {
    async fn list(&self, listing: &Listing, after: Option<&ListPlace>, limit: u32) -> Result<ListPage, Error> {
        self.call(Call::List, |inner| {
            let is_in = |payment: &&Payment| match listing {
                Listing::Day(day) => Day::of(payment.created_at) == *day,
                Listing::Reference(reference) => payment.terms.reference.as_ref() == Some(reference),
            };
            // The index says which rows there are; the rows say how they stand.
            let known = inner.listed.iter().filter_map(|id| inner.rows.get(id)).map(|row| &row.payment);
            let mut payments: Vec<Payment> = known.filter(is_in).cloned().collect();
            payments.retain(|payment| after.is_none_or(|after| ListPlace::of(payment) < *after));
            payments.sort_unstable_by_key(|payment| std::cmp::Reverse(ListPlace::of(payment)));
            let more = payments.len() > number(limit);
            payments.truncate(number(limit));
            let next = payments.last().filter(|_| more).map(ListPlace::of);
            Ok(ListPage { payments, next, unreadable: 0 })
        })
        .await
    }
}

fn cause_of(item: &Item) -> Result<Cause, Error> {
    row::read_cause(item).map_err(Error::from)
}

fn number(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

fn missing() -> Error {
    Error::Unreadable { detail: "there is no row to replace".to_owned() }
}

#[cfg(test)]
mod tests {
    use domain::payment::{Act, ActKind, ActProgress, CancelReason, End};
    use flow::ports::{self, Urgency, WriterToken};

    use super::*;
    use crate::{payments, turns::block_on};

    const ALWAYS: DueWindow = DueWindow { from: Timestamp::from_unix_ms(0), until: Timestamp::from_unix_ms(i64::MAX) };

    const fn write(payment: &Payment, writer: u64) -> Write<'_> {
        Write { payment, cause: ports::Cause::of("tested"), actor: &Actor::Retry, writer: WriterToken(writer) }
    }

    #[test]
    fn a_write_that_the_sdk_sent_twice_succeeds_and_counts_once() {
        let (store, payment) = (MemoryStore::default(), payments::waiting(1));
        store.script(Call::Write, [Course::SentTwice, Course::SentTwice]);
        assert_eq!(block_on(store.create(&write(&payment, 1))), Ok(Created::Created));
        let next = Payment { version: 2, ..payment };
        assert_eq!(block_on(store.replace(&write(&next, 2))), Ok(Replaced::Replaced));
        assert_eq!(store.commits().len(), 2);
    }

    #[test]
    fn what_is_lost_looks_the_same_but_only_one_way_was_it_done() {
        for (course, stands) in [(Course::LostBefore, None), (Course::LostAfter, Some(payments::waiting(1)))] {
            let store = MemoryStore::default();
            store.script(Call::Write, [course]);
            assert!(block_on(store.create(&write(&payments::waiting(1), 1))).is_err(), "{course:?}");
            assert_eq!(block_on(store.load(&payments::id(1))), Ok(stands), "{course:?}");
        }
    }

    #[test]
    fn a_doubt_of_the_release_before_lies_among_the_looks_until_it_is_written_again() {
        let found = |store: &MemoryStore, urgency| {
            let pages = DuePartition::of(urgency)
                .map(|partition| block_on(store.find_due(partition, ALWAYS, None, 10)).unwrap());
            pages.map(|page| page.rows.len()).sum::<usize>()
        };
        let cancel = |reason| Act {
            kind: ActKind::Close { ends_as: End::Canceled },
            request: None,
            started_at: payments::waiting(1).created_at,
            reason,
            progress: ActProgress::Open,
        };
        let (store, payment) = (MemoryStore::default(), payments::waiting(1));
        let of_act = |act| Payment { acts: vec![act], ..payment.clone() };
        store.lay_out_as(Layout::Former);
        block_on(store.create(&write(&of_act(cancel(Some(CancelReason::Duplicate))), 1))).unwrap();
        assert_eq!((found(&store, Urgency::Doubt), found(&store, Urgency::Look)), (0, 1));
        // It did not keep why; all else is there.
        assert_eq!(block_on(store.load(&payment.id)), Ok(Some(of_act(cancel(None)))));
        store.lay_out_as(Layout::Present);
        block_on(store.replace(&write(&Payment { version: 2, ..of_act(cancel(None)) }, 2))).unwrap();
        assert_eq!((found(&store, Urgency::Doubt), found(&store, Urgency::Look)), (1, 0));
    }

    #[test]
    fn an_index_that_is_held_shows_the_past() {
        let (store, payment) = (MemoryStore::default(), payments::waiting(1));
        let listed = || {
            let day = Listing::Day(Day::of(payments::waiting(1).created_at));
            block_on(store.list(&day, None, 10)).unwrap().payments.len()
        };
        let due = || {
            let pages = DuePartition::of(Urgency::Look)
                .map(|partition| block_on(store.find_due(partition, ALWAYS, None, 10)).unwrap());
            pages.map(|page| page.rows.len()).sum::<usize>()
        };
        store.hold_index();
        block_on(store.create(&write(&payment, 1))).unwrap();
        assert_eq!((due(), listed()), (0, 0));
        store.catch_up_index();
        assert_eq!((due(), listed()), (1, 1));
        block_on(store.replace(&write(&Payment { version: 2, due: None, ..payment }, 2))).unwrap();
        assert_eq!(due(), 1);
        store.catch_up_index();
        assert_eq!(due(), 0);
    }
}
