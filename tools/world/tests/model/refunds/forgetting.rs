//! The normal form of a state of the refunds: what cannot matter any more is forgotten, so that moments from which the
//! same can happen are one.

use super::{
    Refunds, Wrong,
    books::{News, Standing, place},
    rows::{Facts, Told},
    state::{Missing, State, Step},
};

impl Refunds {
    pub(crate) fn forget_what_cannot_matter(&self, state: &mut State) {
        // Where a row can be taken back, everything may matter again.
        if self.wrong == Some(Wrong::NoVersionCheck) {
            return;
        }
        let row = self.facts(state.row);
        for number in 1..=row.asked {
            if let Told::Stands(told) = row.told[place(number)] {
                // A refund never goes back to where it was.
                let old_news = Standing::ALL.into_iter().filter(|standing| *standing <= told);
                old_news.for_each(|standing| state.books.forget(News::Of(number, standing)));
                if state.workers.iter().all(|worker| worker.step.is_done_with(number)) {
                    state.books.forget_saved(number);
                }
            }
        }
        if state.is_quiet() {
            state.old = whose_key_matters(&row, state.old);
        }
    }
}

/// Nobody asks whether the key of a refund is old whose end is known.
fn whose_key_matters(row: &Facts, old: u8) -> u8 {
    let matters = |number: &u8| row.told[place(*number)] == Told::Unanswered;
    (old + 1..=row.asked).find(matters).map_or(row.asked, |number| number - 1)
}

impl Step {
    /// Whether a worker at this step neither sends this refund nor waits for what became of it.
    fn is_done_with(self, number: u8) -> bool {
        let bit = 1 << place(number);
        let lacks = |missing: Missing| (missing.to_send | missing.to_report) & bit == 0;
        match self {
            Self::Idle | Self::Unseen => true,
            // They read from the row as they claimed it what they see to.
            Self::Lists | Self::Listed(_) => false,
            Self::Awaits(sending) | Self::Heard(sending, ..) => sending.number != number && lacks(sending.then),
            Self::SeesTo(missing) => lacks(missing),
        }
    }
}
