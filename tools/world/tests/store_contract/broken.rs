//! A store as simple as can be, with one bug.

#![expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]

use std::{collections::BTreeMap, sync::Mutex};

use domain::{
    id::TransactionId,
    payment::Payment,
    time::{Day, Timestamp},
};
use flow::ports::{
    CreatePayment, Created, Dependency, DuePage, DuePartition, DuePlace, DueWindow, Error, FindDue, ListPage,
    ListPayments, ListPlace, Listing, LoadPayment, ReplacePayment, Replaced, Urgency, Write, WriterToken,
};
use world::{host::SimHost, turns};

use Bug::*;

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    Nothing,
    MakesUpRows,
    ReadsTheVersionBefore,
    CreatesOverWhatStands,
    ReplacesAnyVersion,
    ReplacesWhatIsNotThere,
    ChecksThenWrites,
    DisownsItsOwnWrite,
    TakesEveryRowForItsOwn,
    ShowsWhatWasRefused,
    LosesTheReview,
    HasRowsThatAreTooSmall,
    LeavesOldIndexEntries,
    LeavesOutWhatIsDueNow,
    BeginsEveryWindowAtTheBeginning,
    BeginsAWindowTooLate,
    MixesDoubtsWithLooks,
    LeavesDoubtsWhereTheyWere,
    ForgetsThatAnActIsADoubt,
    CountsWhatIsDueToday,
    CountsAllShardsInEach,
    ShowsTheNewestFirst,
    SkipsWhatIsDueTogether,
    EndsAfterOnePage,
    StartsOverWhenTheCursorIsGone,
    ListsTheOldestFirst,
    SkipsWhatWasOpenedTogether,
    RepeatsWhatWasOpenedTogether,
    ListsMoreThanIsAskedFor,
    EndsAListAfterAHundred,
    ListsByTheLastChange,
    CountsRowsToGoOn,
    ListsRowsAsTheyWereCreated,
    BeginsDaysElsewhere,
    ListsByTheBeginningOfAReference,
    ListsReferencesInAnyCase,
}

pub(crate) struct BrokenStore {
    bug: Bug,
    /// Every version of every row.
    rows: Mutex<BTreeMap<TransactionId, Vec<(Payment, WriterToken)>>>,
    index: Mutex<BTreeMap<TransactionId, (Timestamp, DuePartition)>>,
    /// How many rows were shown up to a place.
    shown_up_to: Mutex<BTreeMap<ListPlace, usize>>,
}

impl BrokenStore {
    pub(crate) const fn new(bug: Bug) -> Self {
        Self {
            bug,
            rows: Mutex::new(BTreeMap::new()),
            index: Mutex::new(BTreeMap::new()),
            shown_up_to: Mutex::new(BTreeMap::new()),
        }
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == bug
    }

    fn stands(&self, id: &TransactionId) -> Option<(Payment, WriterToken)> {
        self.rows.lock().unwrap().get(id).and_then(|versions| versions.last().cloned())
    }

    fn is_own(&self, write: &Write<'_>, stands: &(Payment, WriterToken)) -> bool {
        let own = stands.1 == write.writer && stands.0.version == write.payment.version;
        self.has(TakesEveryRowForItsOwn) || (own && !self.has(DisownsItsOwnWrite))
    }

    fn shown(&self, write: &Write<'_>, stands: Payment) -> Box<Payment> {
        Box::new(if self.has(ShowsWhatWasRefused) { write.payment.clone() } else { stands })
    }

    async fn write(&self, write: &Write<'_>) -> Result<(), Error> {
        if self.has(HasRowsThatAreTooSmall) && write.payment.attempts.len() > 10 {
            return Err(Error::Unavailable { dependency: Dependency::Store, detail: "too large".into() });
        }
        if self.has(ChecksThenWrites) {
            turns::pass().await;
        }
        let mut payment = write.payment.clone();
        if self.has(LosesTheReview) {
            payment.attention = None;
        }
        let mut index = self.index.lock().unwrap();
        let was = index.get(&payment.id).map(|(_, partition)| *partition);
        match payment.due {
            Some(due) => drop(index.insert(payment.id.clone(), (due, self.partition_of(&payment, was)))),
            None if self.has(LeavesOldIndexEntries) => {}
            None => drop(index.remove(&payment.id)),
        }
        self.rows.lock().unwrap().entry(payment.id.clone()).or_default().push((payment, write.writer));
        Ok(())
    }

    fn partition_of(&self, payment: &Payment, was: Option<DuePartition>) -> DuePartition {
        let shard = payment.id.as_str().bytes().map(u32::from).sum::<u32>() % DuePartition::SHARDS;
        let forgotten = self.has(ForgetsThatAnActIsADoubt) && payment.open_act().is_some();
        let urgency = if forgotten || self.has(MixesDoubtsWithLooks) { Urgency::Look } else { Urgency::of(payment) };
        was.filter(|_| self.has(LeavesDoubtsWhereTheyWere)).unwrap_or(DuePartition { urgency, shard })
    }
}

impl LoadPayment for BrokenStore {
    async fn load(&self, id: &TransactionId) -> Result<Option<Payment>, Error> {
        if self.has(ReadsTheVersionBefore) {
            let rows = self.rows.lock().unwrap();
            return Ok(rows
                .get(id)
                .and_then(|versions| versions.iter().rev().nth(1))
                .map(|(payment, _)| payment.clone()));
        }
        let stands = self.stands(id).map(|(payment, _)| payment);
        Ok(stands.or_else(|| self.has(MakesUpRows).then(|| world::payments::waiting(1))))
    }
}

impl CreatePayment for BrokenStore {
    async fn create(&self, write: &Write<'_>) -> Result<Created, Error> {
        match self.stands(&write.payment.id) {
            Some(stands) if !self.has(CreatesOverWhatStands) && !self.is_own(write, &stands) => {
                return Ok(Created::Exists(self.shown(write, stands.0)));
            }
            Some(_) if !self.has(CreatesOverWhatStands) => {}
            Some(_) | None => self.write(write).await?,
        }
        Ok(Created::Created)
    }
}

impl ReplacePayment for BrokenStore {
    async fn replace(&self, write: &Write<'_>) -> Result<Replaced, Error> {
        match self.stands(&write.payment.id) {
            None if self.has(ReplacesWhatIsNotThere) => self.write(write).await?,
            None => return Err(Error::Unreadable { detail: "there is no row to replace".into() }),
            Some((stands, _)) if is_next(&stands, write) || self.has(ReplacesAnyVersion) => {
                self.write(write).await?;
            }
            Some(stands) if self.is_own(write, &stands) => {}
            Some((stands, _)) => return Ok(Replaced::Conflict(self.shown(write, stands))),
        }
        Ok(Replaced::Replaced)
    }
}

fn is_next(stands: &Payment, write: &Write<'_>) -> bool {
    stands.version.checked_add(1) == Some(write.payment.version)
}

impl FindDue for BrokenStore {
    async fn find_due(
        &self,
        partition: DuePartition,
        window: DueWindow,
        after: Option<DuePlace>,
        limit: u32,
    ) -> Result<DuePage, Error> {
        let index = self.index.lock().unwrap();
        let has_begun = |due| {
            window.from < due
                || (window.from == due && !self.has(BeginsAWindowTooLate))
                || self.has(BeginsEveryWindowAtTheBeginning)
        };
        let is_due = |due| due < window.until || (due == window.until && !self.has(LeavesOutWhatIsDueNow));
        let after = after.filter(|after| {
            !self.has(StartsOverWhenTheCursorIsGone) || after.id.payment().is_some_and(|id| index.contains_key(id))
        });
        let is_after = |due, id: &TransactionId| match &after {
            None => true,
            Some(after) if self.has(SkipsWhatIsDueTogether) => due > after.due,
            Some(after) if self.has(ShowsTheNewestFirst) => (due, Some(id)) < (after.due, after.id.payment()),
            Some(after) => (due, Some(id)) > (after.due, after.id.payment()),
        };
        let is_in = |due, of| has_begun(due) && is_due(due) && of == partition;
        let mut places: Vec<DuePlace> = index
            .iter()
            .filter(|(id, (due, of))| is_in(*due, *of) && is_after(*due, id))
            .map(|(id, (due, _))| DuePlace { due: *due, id: id.clone().into() })
            .collect();
        places.sort();
        if self.has(ShowsTheNewestFirst) {
            places.reverse();
        }
        places.truncate(limit.try_into().unwrap());
        let is_full = places.len() == usize::try_from(limit).unwrap();
        let next = places.last().filter(|_| is_full && !self.has(EndsAfterOnePage)).cloned();
        Ok(DuePage { rows: places, next, unreadable: 0 })
    }

    async fn count(&self, partition: DuePartition) -> Result<usize, Error> {
        let index = self.index.lock().unwrap();
        let is_in = |of: DuePartition| {
            if self.has(CountsAllShardsInEach) { of.urgency == partition.urgency } else { of == partition }
        };
        let counts = |(due, of): &&(Timestamp, DuePartition)| {
            is_in(*of) && (*due <= SimHost::START || !self.has(CountsWhatIsDueToday))
        };
        Ok(index.values().filter(counts).count())
    }
}

impl ListPayments for BrokenStore {
    async fn list(&self, listing: &Listing, after: Option<&ListPlace>, limit: u32) -> Result<ListPage, Error> {
        let rows = self.rows.lock().unwrap();
        let shown = rows.values().filter_map(|versions| {
            let version = if self.has(ListsRowsAsTheyWereCreated) { versions.first() } else { versions.last() };
            version.map(|(payment, _)| payment)
        });
        let mut payments: Vec<&Payment> = shown.filter(|payment| self.is_in(listing, payment)).collect();
        let mut shown_up_to = self.shown_up_to.lock().unwrap();
        let skipped = after.and_then(|after| shown_up_to.get(after).copied()).filter(|_| self.has(CountsRowsToGoOn));
        payments.retain(|payment| skipped.is_some() || after.is_none_or(|after| self.comes_after(payment, after)));
        payments.sort_by_key(|payment| std::cmp::Reverse(self.place(payment)));
        if self.has(ListsTheOldestFirst) {
            payments.reverse();
        }
        let mut payments = payments.split_off(skipped.unwrap_or(0).min(payments.len()));
        let limit = usize::try_from(limit).unwrap();
        let limit = if self.has(ListsMoreThanIsAskedFor) { limit + 1 } else { limit };
        let more = payments.len() > limit && !(self.has(EndsAListAfterAHundred) && limit >= 100);
        payments.truncate(limit);
        let next = payments.last().filter(|_| more).map(|payment| self.place(payment));
        shown_up_to.extend(next.clone().map(|place| (place, skipped.unwrap_or(0) + payments.len())));
        Ok(ListPage { payments: payments.into_iter().cloned().collect(), next, unreadable: 0 })
    }
}

impl BrokenStore {
    fn is_in(&self, listing: &Listing, payment: &Payment) -> bool {
        let reference = payment.terms.reference.as_ref().map(|text| text.as_str());
        match listing {
            Listing::Day(day) if self.has(BeginsDaysElsewhere) => {
                Day::of(Timestamp::from_unix_ms(payment.created_at.unix_ms() + 3_600_000)) == *day
            }
            Listing::Day(day) => Day::of(payment.created_at) == *day,
            Listing::Reference(wanted) => reference.is_some_and(|reference| {
                let wanted = wanted.as_str();
                reference == wanted
                    || (self.has(ListsByTheBeginningOfAReference) && reference.starts_with(wanted))
                    || (self.has(ListsReferencesInAnyCase) && reference.eq_ignore_ascii_case(wanted))
            }),
        }
    }

    fn place(&self, payment: &Payment) -> ListPlace {
        let by = if self.has(ListsByTheLastChange) { payment.updated_at } else { payment.created_at };
        ListPlace { created_at: by, id: payment.id.clone() }
    }

    fn comes_after(&self, payment: &Payment, after: &ListPlace) -> bool {
        let place = self.place(payment);
        let together = place.created_at == after.created_at && place.id != after.id;
        if self.has(ListsTheOldestFirst) {
            place > *after
        } else if self.has(SkipsWhatWasOpenedTogether) {
            place < *after && !together
        } else {
            place < *after || (self.has(RepeatsWhatWasOpenedTogether) && together)
        }
    }
}
