//! A contract that nothing can break proves nothing: a store with one planted bug at a time, and the rules that find it.

#![expect(clippy::unwrap_used, reason = "a test speaks by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Mutex,
};

use domain::{id::TransactionId, payment::Payment, time::Timestamp};
use flow::ports::{
    CreatePayment, Created, Dependency, DuePage, DuePartition, DuePlace, DueWindow, Error, FindDue, LoadPayment,
    ReplacePayment, Replaced, Urgency, Write, WriterToken,
};
use world::{
    for_each_store_rule,
    store_contract::{self as contract, Bench},
    turns,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
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
    ShowsTheNewestFirst,
    SkipsWhatIsDueTogether,
    EndsAfterOnePage,
    StartsOverWhenTheCursorIsGone,
}

use Bug::{
    ChecksThenWrites, CreatesOverWhatStands, DisownsItsOwnWrite, EndsAfterOnePage, HasRowsThatAreTooSmall,
    LeavesOldIndexEntries, LeavesOutWhatIsDueNow, LosesTheReview, MakesUpRows, ReadsTheVersionBefore,
    ReplacesAnyVersion, ReplacesWhatIsNotThere, ShowsTheNewestFirst, ShowsWhatWasRefused, SkipsWhatIsDueTogether,
    StartsOverWhenTheCursorIsGone, TakesEveryRowForItsOwn,
};

#[test]
fn each_planted_bug_is_found_and_each_rule_finds_one() {
    let found_by = |bug, rules: &[&str]| {
        let broken = broken_rules(bug);
        assert!(rules.iter().all(|rule| broken.contains(rule)), "{bug:?} breaks {broken:?}, not {rules:?}");
        broken
    };
    assert_eq!(broken_rules(Bug::None), Vec::<&str>::new());
    let found = [
        found_by(MakesUpRows, &["what_was_never_created_is_not_there"]),
        found_by(ReadsTheVersionBefore, &["replacing_the_right_version_writes_it"]),
        found_by(CreatesOverWhatStands, &["creating_again_shows_the_row_that_stands_and_changes_nothing"]),
        found_by(ReplacesAnyVersion, &["replacing_another_version_shows_the_row_that_stands_and_changes_nothing"]),
        found_by(ReplacesWhatIsNotThere, &["replacing_a_row_that_is_not_there_fails_and_creates_nothing"]),
        found_by(
            ChecksThenWrites,
            &["of_many_creators_one_wins_and_the_others_see_its_row", "of_many_writers_one_wins_each_version"],
        ),
        found_by(DisownsItsOwnWrite, &["a_write_that_meets_its_own_row_has_succeeded"]),
        found_by(TakesEveryRowForItsOwn, &["a_write_that_was_overtaken_has_not_succeeded_twice"]),
        found_by(ShowsWhatWasRefused, &["creating_again_shows_the_row_that_stands_and_changes_nothing"]),
        found_by(LosesTheReview, &["every_field_comes_back_as_it_was_written"]),
        found_by(HasRowsThatAreTooSmall, &["the_largest_payment_fits"]),
        found_by(LeavesOldIndexEntries, &["the_due_index_follows_the_row"]),
        found_by(LeavesOutWhatIsDueNow, &["what_is_due_later_is_not_due_yet"]),
        found_by(ShowsTheNewestFirst, &["pages_show_each_due_row_once_and_the_longest_due_first"]),
        found_by(SkipsWhatIsDueTogether, &["pages_show_each_due_row_once_and_the_longest_due_first"]),
        found_by(EndsAfterOnePage, &["pages_show_each_due_row_once_and_the_longest_due_first"]),
        found_by(
            StartsOverWhenTheCursorIsGone,
            &["a_page_goes_on_where_the_last_one_ended_even_if_that_row_has_moved"],
        ),
    ];
    let found: BTreeSet<&str> = found.into_iter().flatten().collect();
    assert_eq!(found, all_rules().into_iter().collect(), "a rule that finds no bug is no rule");
}

/// The rules that a store with this bug breaks.
fn broken_rules(bug: Bug) -> Vec<&'static str> {
    let mut broken = Vec::new();
    macro_rules! rule {
        ($rule:ident) => {
            let bench = BrokenBench(BrokenStore::new(bug));
            if catch_unwind(AssertUnwindSafe(|| turns::block_on(contract::$rule(&bench)))).is_err() {
                broken.push(stringify!($rule));
            }
        };
    }
    for_each_store_rule!(rule);
    broken
}

fn all_rules() -> Vec<&'static str> {
    let mut names = Vec::new();
    macro_rules! rule {
        ($rule:ident) => {
            names.push(stringify!($rule));
        };
    }
    for_each_store_rule!(rule);
    names
}

struct BrokenBench(BrokenStore);

impl Bench for BrokenBench {
    type Store = BrokenStore;

    fn store(&self) -> &BrokenStore {
        &self.0
    }

    async fn pause(&self) {}
}

/// A store as simple as can be, with one bug.
struct BrokenStore {
    bug: Bug,
    rows: Mutex<BTreeMap<TransactionId, Vec<(Payment, WriterToken)>>>,
    index: Mutex<BTreeMap<TransactionId, (Timestamp, DuePartition)>>,
}

impl BrokenStore {
    const fn new(bug: Bug) -> Self {
        Self { bug, rows: Mutex::new(BTreeMap::new()), index: Mutex::new(BTreeMap::new()) }
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
        match payment.due {
            Some(due) => drop(index.insert(payment.id.clone(), (due, partition_of(&payment)))),
            None if self.has(LeavesOldIndexEntries) => {}
            None => drop(index.remove(&payment.id)),
        }
        self.rows.lock().unwrap().entry(payment.id.clone()).or_default().push((payment, write.writer));
        Ok(())
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
        let is_due = |due| due < window.until || (due == window.until && !self.has(LeavesOutWhatIsDueNow));
        let is_due = |due| is_due(due) && window.from <= due;
        let after = after.filter(|after| !self.has(StartsOverWhenTheCursorIsGone) || index.contains_key(&after.id));
        let is_after = |due, id: &TransactionId| match &after {
            None => true,
            Some(after) if self.has(SkipsWhatIsDueTogether) => due > after.due,
            Some(after) if self.has(ShowsTheNewestFirst) => (due, id) < (after.due, &after.id),
            Some(after) => (due, id) > (after.due, &after.id),
        };
        let mut places: Vec<DuePlace> = index
            .iter()
            .filter(|(id, (due, of))| is_due(*due) && *of == partition && is_after(*due, id))
            .map(|(id, (due, _))| DuePlace { due: *due, id: id.clone() })
            .collect();
        places.sort_by(|one, other| (one.due, &one.id).cmp(&(other.due, &other.id)));
        if self.has(ShowsTheNewestFirst) {
            places.reverse();
        }
        places.truncate(limit.try_into().unwrap());
        let is_full = places.len() == usize::try_from(limit).unwrap();
        let next = places.last().filter(|_| is_full && !self.has(EndsAfterOnePage)).cloned();
        Ok(DuePage { rows: places, next, unreadable: 0 })
    }
    async fn count(&self, partition: DuePartition) -> Result<usize, Error> {
        Ok(self.index.lock().unwrap().values().filter(|(_, of)| *of == partition).count())
    }
}

fn partition_of(payment: &Payment) -> DuePartition {
    let shard = payment.id.as_str().bytes().map(u32::from).sum::<u32>() % DuePartition::SHARDS;
    DuePartition { urgency: Urgency::of(payment), shard }
}
