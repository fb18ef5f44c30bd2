//! A contract that nothing can break proves nothing: a store with one planted bug at a time, and the rules that find it.

#![expect(clippy::unwrap_used, reason = "a test speaks by panicking")]

mod broken;

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use world::{
    for_each_store_rule,
    store_contract::{self as contract, Bench},
    turns,
};

use self::broken::{
    BrokenStore,
    Bug::{self, *},
};

#[test]
fn each_planted_bug_is_found_and_each_rule_finds_one() {
    let found_by = |bug, rules: &[&str]| {
        let broken = broken_rules(bug);
        assert!(rules.iter().all(|rule| broken.contains(rule)), "{bug:?} breaks {broken:?}, not {rules:?}");
        broken
    };
    assert_eq!(broken_rules(Nothing), Vec::<&str>::new());
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
        found_by(
            LeavesOldIndexEntries,
            &["the_due_index_follows_the_row", "every_row_that_waits_is_counted_due_or_not"],
        ),
        found_by(LeavesOutWhatIsDueNow, &["what_is_due_later_is_not_due_yet"]),
        found_by(BeginsEveryWindowAtTheBeginning, &["a_window_begins_where_it_says"]),
        found_by(BeginsAWindowTooLate, &["a_window_begins_where_it_says"]),
        found_by(MixesDoubtsWithLooks, &["doubts_lie_apart_from_looks_and_a_row_moves_between_them"]),
        found_by(LeavesDoubtsWhereTheyWere, &["doubts_lie_apart_from_looks_and_a_row_moves_between_them"]),
        found_by(ForgetsThatAnActIsADoubt, &["doubts_lie_apart_from_looks_and_a_row_moves_between_them"]),
        found_by(CountsWhatIsDueToday, &["every_row_that_waits_is_counted_due_or_not"]),
        found_by(CountsAllShardsInEach, &["every_row_that_waits_is_counted_due_or_not"]),
        found_by(ShowsTheNewestFirst, &["pages_show_each_due_row_once_and_the_longest_due_first"]),
        found_by(SkipsWhatIsDueTogether, &["pages_show_each_due_row_once_and_the_longest_due_first"]),
        found_by(EndsAfterOnePage, &["pages_show_each_due_row_once_and_the_longest_due_first"]),
        found_by(
            StartsOverWhenTheCursorIsGone,
            &["a_page_goes_on_where_the_last_one_ended_even_if_that_row_has_moved"],
        ),
        found_by(ListsTheOldestFirst, &["a_list_shows_the_newest_first_in_pages_of_any_size"]),
        found_by(SkipsWhatWasOpenedTogether, &["a_list_shows_the_newest_first_in_pages_of_any_size"]),
        found_by(RepeatsWhatWasOpenedTogether, &["a_list_shows_the_newest_first_in_pages_of_any_size"]),
        found_by(ListsMoreThanIsAskedFor, &["a_list_shows_the_newest_first_in_pages_of_any_size"]),
        found_by(EndsAListAfterAHundred, &["a_long_list_is_shown_to_its_end"]),
        found_by(ListsByTheLastChange, &["a_list_goes_on_where_it_ended_while_rows_are_added_and_changed"]),
        found_by(CountsRowsToGoOn, &["a_list_goes_on_where_it_ended_while_rows_are_added_and_changed"]),
        found_by(ListsRowsAsTheyWereCreated, &["a_list_shows_each_payment_as_it_stands"]),
        found_by(BeginsDaysElsewhere, &["a_day_begins_and_ends_at_midnight_utc"]),
        found_by(ListsByTheBeginningOfAReference, &["a_reference_lists_its_payments_of_all_days_and_no_others"]),
        found_by(ListsReferencesInAnyCase, &["a_reference_lists_its_payments_of_all_days_and_no_others"]),
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
    const PAUSES_MAX: u32 = 0;

    fn store(&self) -> &BrokenStore {
        &self.0
    }

    async fn pause(&self) {}
}
