//! The normal form of a state: what cannot matter any more is forgotten, so that moments from which the same can happen
//! are one. That it cannot matter is not assumed of `judge` but asked of it, here and in `promises::flaw`.

use domain::{gateway::Hand, payment::Source};

use super::{
    Protocol,
    gateway::Notice,
    rows::{Facts, OpenAct, Question, RowId, Stage},
    state::{ATTEMPTS, Answer, Ask, Clock, State, Status, Step, Why, Worker},
    workers::attempt,
};

impl Protocol {
    pub(crate) fn forget_what_cannot_matter(&self, state: &mut State) {
        let row = self.facts(state.row);
        if state.books.is_final() {
            // It never moves again.
            (state.left.browser, state.left.dashboard, state.left.spoilt) = (0, 0, 0);
        }
        if self.wrong.is_none_or(|wrong| !wrong.believes_events()) {
            forget_events(state, &row);
        }
        if self.wrong.is_none_or(|wrong| !wrong.ignores_versions()) {
            self.forget_old_rows(state);
        }
        forget_what_is_closed(state, &row);
        if state.is_quiet() {
            forget_whose_keys_are_dead(state, &row);
        }
    }

    /// Who holds an old version of the row tries to write whatever is news on it, and then judges the row that stands.
    /// Where everything is news, it does not matter which old version it is.
    fn forget_old_rows(&self, state: &mut State) {
        for worker in &mut state.workers {
            if !worker.is_current && worker.step != Step::Idle && self.is_all_news(worker, state.clock) {
                worker.loaded = RowId::OUTDATED;
            }
        }
    }

    /// Whether all that a worker may learn changes the row as it loaded it.
    fn is_all_news(&self, worker: &Worker, clock: Clock) -> bool {
        let row = worker.loaded;
        if row == RowId::OUTDATED {
            return true;
        }
        let key = (row, clock, worker.step);
        if let Some(known) = self.all_news.borrow().get(&key) {
            return *known;
        }
        let is_news = |source, answer| self.ask(row, clock, Question::Show(source, answer)).is_some();
        let fetches = |answer| is_news(Source::Fetch, answer);
        let mut shown = Status::ALL.map(Answer::Shown).into_iter().chain([Answer::Silence]);
        let all = match worker.step {
            Step::Idle => false,
            Step::Fetched(answer) => fetches(answer),
            Step::Fetches | Step::Expires | Step::Reattempts => shown.all(fetches),
            Step::Awaits(wish) | Step::Heard(wish, ..) => {
                let own = |hand| match wish.ask {
                    Ask::Confirm(number) => Source::Attempt(attempt(number), hand),
                    Ask::Capture(_) | Ask::Cancel(_) => Source::Act(usize::from(wish.act), hand),
                };
                let whys = [Why::Vague, Why::Later, Why::Never, Why::SeenBefore].map(Answer::Declined);
                let declined = whys.into_iter().filter(|_| matches!(wish.ask, Ask::Confirm(_)));
                let refused = Status::ALL.map(Answer::InTheWay).into_iter().chain([Answer::Refused, Answer::Failure]);
                let mut said = shown.chain(declined).chain(refused);
                said.all(|answer| [Hand::First, Hand::Replayed].into_iter().all(|hand| is_news(own(hand), answer)))
            }
        };
        self.all_news.borrow_mut().insert(key, all);
        all
    }
}

/// Events whose delivery does nothing any more, or the same as another's.
fn forget_events(state: &mut State, row: &Facts) {
    // Both only ask for a look.
    state.books.merge_event(Notice::Failed(None), Notice::Moved(None));
    if row.stage == Stage::Held {
        state.books.forget_event(Notice::Authorized);
    }
    for number in (1..=row.attempts).take(ATTEMPTS) {
        let is_closed = row.open.is_none_or(|(open, _)| open != number);
        if is_closed || row.open == Some((number, true)) {
            state.books.forget_event(Notice::Moved(Some(number)));
        }
        if is_closed {
            state.books.forget_event(Notice::Failed(Some(number)));
        }
    }
}

/// What is saved for an attempt or a capture that is closed, that nobody waits for, and that nobody sends again.
fn forget_what_is_closed(state: &mut State, row: &Facts) {
    for number in (1..=row.attempts).take(ATTEMPTS) {
        let is_closed = row.open.is_none_or(|(open, _)| open != number);
        if is_closed && !state.is_asked(Ask::Confirm(number)) {
            state.books.forget_attempt(number);
        }
    }
    for number in 1..=row.captures {
        if row.open_act != Some(OpenAct::Capture(number)) && !state.is_asked(Ask::Capture(number)) {
            state.books.forget_capture(number);
        }
    }
}

/// Nobody asks whether the key of a closed attempt or capture is dead, once nobody holds an old version of the row.
fn forget_whose_keys_are_dead(state: &mut State, row: &Facts) {
    let clock = &mut state.clock;
    for dead in [&mut clock.old_attempts, &mut clock.dead_attempts] {
        *dead = match row.open {
            Some((open, _)) => open - u8::from(open > *dead),
            None => row.attempts,
        };
    }
    clock.old_captures = match row.open_act {
        Some(OpenAct::Capture(open)) => open - u8::from(open > clock.old_captures),
        Some(OpenAct::Close(_)) | None => row.captures,
    };
}
