//! What the functions do, step by step: a short mirror of `flow::steps`, `flow::commit` and `flow::operations::retry`,
//! with their names. The steps are those between which a function can be killed or overtaken.
//!
//! Load, decide and commit of a command are one step: a commit succeeds only on the version that was decided on, so it
//! is as if all three happened at that moment; and where nothing is committed, nothing happened.

use domain::{gateway::Hand, id::AttemptNumber, payment::Source};

use super::{
    Protocol,
    promises::rests,
    rows::{Asked, Moved, OpenAct, Question, RowId, Stage},
    state::{Answer, Ask, Clock, EndsAs, State, Status, Step, Wish, Worker},
    wrong::{Testimony, Wrong},
};

/// What a step did to the row.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Done {
    /// The word for it.
    pub(crate) fact: Option<&'static str>,
    /// The promise that it broke.
    pub(crate) breaks: Option<&'static str>,
}

impl Protocol {
    /// A client asks for something. None: it is refused, or the bounds are reached.
    pub(crate) fn client_asks(&self, state: &State, worker: usize, asked: Asked) -> Option<(State, Done)> {
        let facts = self.facts(state.row);
        let bounds = &self.scope.bounds;
        let is_allowed = match asked {
            Asked::Confirm => facts.attempts < bounds.attempts,
            Asked::Capture => facts.captures < bounds.captures,
            Asked::Cancel => true,
            Asked::Expire | Asked::Reattempt | Asked::Claim => false,
        };
        if !is_allowed {
            return None;
        }
        let mut next = *state;
        let moved = self.ask(state.row, state.clock, Question::Ask(asked))?;
        if self.wrong == Some(Wrong::CancelWithoutAnAct) && asked == Asked::Cancel {
            next.workers[worker] = Worker { step: Step::Idle, is_current: true, loaded: state.row };
            self.go_on(&mut next, worker, cancels(EndsAs::Canceled, false));
            return Some((next, Done::default()));
        }
        next.commit(Some(worker), moved.to);
        self.go_on(&mut next, worker, self.begin(moved.to, false)?);
        Some((next, done(moved)))
    }

    /// `retry`: a row that is due is claimed and looked at. What the look does first depends on the row alone, but
    /// where an attempt is scheduled the look may come too early.
    pub(crate) fn look(&self, state: &State, worker: usize) -> Vec<(State, Done)> {
        let facts = self.facts(state.row);
        let is_waiting = matches!(facts.stage, Stage::AwaitsMethod | Stage::AwaitsPayer) && facts.open_act.is_none();
        if self.wrong == Some(Wrong::NobodyLooksAtTheWaiting)
            && is_waiting
            && !facts.is_due_soon
            && !state.clock.is_over
        {
            return Vec::new();
        }
        let Some(claimed) = self.ask(state.row, state.clock, Question::Ask(Asked::Claim)) else { return Vec::new() };
        let steps = self.first_steps(claimed.to, state.clock).into_iter();
        steps
            .map(|step| {
                let mut next = *state;
                next.commit(Some(worker), claimed.to);
                self.go_on(&mut next, worker, step);
                (next, done(claimed))
            })
            .collect()
    }

    /// `Worker::look`: the open act; else the unanswered attempt; else expiry; else the scheduled attempt; else a
    /// fetch.
    fn first_steps(&self, claimed: RowId, clock: Clock) -> Vec<Step> {
        let facts = self.facts(claimed);
        if facts.open_act.is_some() {
            return vec![self.act(claimed, clock)];
        }
        if let Some((number, answered)) = facts.open
            && self.is_sent_again(number, answered, clock)
            && !facts.is_barred
        {
            let ask = Ask::Confirm(number);
            return vec![Step::Awaits(Wish { ask, act: 0, is_look: true, is_again: true })];
        }
        let decides = |asked| self.ask(claimed, clock, Question::Ask(asked)).is_some();
        if clock.is_over && decides(Asked::Expire) {
            return vec![Step::Expires];
        }
        if facts.stage == Stage::Scheduled && facts.attempts < self.scope.bounds.attempts && decides(Asked::Reattempt) {
            return vec![Step::Reattempts, Step::Fetches];
        }
        vec![Step::Fetches]
    }

    /// A worker begins with its next step. What is to be sent is sent at once: a function that is killed before it
    /// sends is as one whose request never arrives.
    fn go_on(&self, next: &mut State, worker: usize, step: Step) {
        if let Step::Awaits(wish) = step {
            next.send(wish.ask, worker);
        }
        next.workers[worker].step = step;
    }

    fn is_sent_again(&self, number: u8, answered: bool, clock: Clock) -> bool {
        let is_young = number > clock.old_attempts;
        match self.wrong {
            Some(Wrong::AlwaysSentAgain) => is_young,
            Some(Wrong::SentAgainUnderADeadKey) => !answered,
            Some(Wrong::FetchTakenAsDecline | Wrong::FetchClosesTheUnanswered) => false,
            _ => !answered && is_young,
        }
    }

    /// `Worker::act`: a capture whose key is dead, or that nobody owes, is only looked at.
    fn act(&self, row: RowId, clock: Clock) -> Step {
        let facts = self.facts(row);
        match facts.open_act {
            Some(OpenAct::Capture(number)) if number <= clock.old_captures || facts.is_barred => Step::Fetches,
            Some(_) | None => self.begin(row, true).unwrap_or(Step::Fetches),
        }
    }

    /// What is sent for the row as it was just committed: its open act, or its last attempt.
    fn begin(&self, row: RowId, is_look: bool) -> Option<Step> {
        let facts = self.facts(row);
        let (ask, act) = match (facts.open_act, facts.open) {
            (Some(OpenAct::Capture(number)), _) => (Ask::Capture(number), facts.acts),
            (Some(OpenAct::Close(ends_as)), _) => (Ask::Cancel(ends_as), facts.acts),
            (None, Some((number, _))) => (Ask::Confirm(number), 0),
            (None, None) => return None,
        };
        Some(Step::Awaits(Wish { ask, act, is_look, is_again: false }))
    }

    /// The next step of a worker that waits for nobody. None: it is idle, or waits for the gateway.
    pub(crate) fn step(&self, state: &State, worker: usize) -> Option<(State, Done)> {
        let mut next = *state;
        let done = match state.workers[worker].step {
            Step::Idle | Step::Awaits(_) => return None,
            Step::Fetches => {
                next.workers[worker].step = Step::Fetched(Answer::Shown(state.books.status));
                Done::default()
            }
            Step::Fetched(answer) => self.fetched(&mut next, worker, answer),
            Step::Heard(wish, answer, replayed) => self.written(&mut next, worker, wish, answer, replayed),
            Step::Expires => self.own_command(&mut next, worker, Asked::Expire),
            Step::Reattempts => self.own_command(&mut next, worker, Asked::Reattempt),
        };
        Some((next, done))
    }

    fn fetched(&self, next: &mut State, worker: usize, answer: Answer) -> Done {
        let done = self.record(next, worker, Source::Fetch, answer);
        let fetches_first = matches!(self.wrong, Some(Wrong::FetchTakenAsDecline | Wrong::FetchClosesTheUnanswered));
        let step = match self.facts(next.known_to(worker)).open {
            Some((number, false)) if fetches_first && done.fact == Some("looked") => {
                Step::Awaits(Wish { ask: Ask::Confirm(number), act: 0, is_look: true, is_again: true })
            }
            Some(_) | None => Step::Idle,
        };
        self.go_on(next, worker, step);
        done
    }

    /// A command of a look: where it turns out pointless, the look goes on with the row as it was claimed.
    fn own_command(&self, next: &mut State, worker: usize, asked: Asked) -> Done {
        let Some(moved) = self.ask(next.row, next.clock, Question::Ask(asked)) else {
            next.workers[worker].step = Step::Fetches;
            return Done::default();
        };
        if self.wrong == Some(Wrong::CancelWithoutAnAct) && asked == Asked::Expire {
            self.go_on(next, worker, cancels(EndsAs::Expired, true));
            return Done::default();
        }
        next.commit(Some(worker), moved.to);
        if self.wrong == Some(Wrong::ExpiredWithoutCancel) && asked == Asked::Expire {
            let act = usize::from(self.facts(moved.to).acts);
            let ended = self.record(next, worker, Source::Act(act, Hand::First), Answer::Shown(Status::Canceled));
            next.workers[worker].step = Step::Idle;
            return ended;
        }
        self.go_on(next, worker, self.begin(moved.to, true).unwrap_or(Step::Idle));
        done(moved)
    }

    /// `steps::attempt`, `steps::act` and what `retry` does after them.
    fn written(&self, next: &mut State, worker: usize, wish: Wish, answer: Answer, replayed: bool) -> Done {
        let source = match wish.ask {
            Ask::Confirm(number) => {
                // A request that is refused now says nothing about the same request that may have been served before.
                let is_refused_again = wish.is_again && matches!(answer, Answer::Refused | Answer::InTheWay(_));
                Source::Attempt(attempt(number), hand(replayed || is_refused_again))
            }
            Ask::Capture(_) | Ask::Cancel(_) => Source::Act(usize::from(wish.act), hand(replayed)),
        };
        let is_old = replayed || rests(&self.facts(next.row), &next.books);
        let mut done = self.record(next, worker, source, answer);
        let known = self.facts(next.known_to(worker));
        if is_old && answer.may_pass() && done.fact.is_some() && !self.is_heeded(next) {
            done.breaks = done.breaks.or(Some("P6: an old answer hides how the object stands, and nobody looks soon"));
        }
        let goes_on = match wish.ask {
            Ask::Confirm(_) => {
                let answered = known.open.is_none_or(|(_, answered)| answered);
                wish.is_again && answered && known.stage == Stage::OutcomeUnknown
            }
            Ask::Capture(_) | Ask::Cancel(_) => wish.is_look && known.open_act.is_some(),
        };
        next.workers[worker].step = if goes_on { Step::Fetches } else { Step::Idle };
        done
    }

    /// `commit::record`: judged on the row as it was loaded; if that is an old version, once more on the row that
    /// stands. Afterwards the worker knows the row that `record` returns.
    fn record(&self, next: &mut State, worker: usize, source: Source, answer: Answer) -> Done {
        let known = next.known_to(worker);
        if known != RowId::OUTDATED {
            let Some(moved) = self.judge(next, known, source, answer) else { return Done::default() };
            if next.workers[worker].is_current || self.wrong == Some(Wrong::NoVersionCheck) {
                next.commit(Some(worker), moved.to);
                return done(moved);
            }
        }
        next.workers[worker].is_current = true;
        let Some(moved) = self.judge(next, next.row, self.overtaken(source, answer), answer) else {
            return Done::default();
        };
        next.commit(Some(worker), moved.to);
        done(moved)
    }

    /// `commit::overtaken`.
    fn overtaken(&self, source: Source, answer: Answer) -> Source {
        match (source, answer) {
            (Source::Fetch, _) if self.wrong == Some(Wrong::OldSnapshotRedecided) => Source::Fetch,
            (Source::Fetch, _) => Source::Event { cause: None },
            (Source::Attempt(number, Hand::First), Answer::Refused | Answer::InTheWay(_)) => {
                Source::Attempt(number, Hand::Replayed)
            }
            (source @ (Source::Attempt(..) | Source::Act(..) | Source::Event { .. }), _) => source,
        }
    }

    /// The real `judge`, told the truth, or what a wrong protocol takes for it.
    pub(crate) fn judge(&self, state: &State, row: RowId, source: Source, answer: Answer) -> Option<Moved> {
        let mut told = Testimony { source, answer, clock: state.clock };
        let facts = self.facts(row);
        if let Some(wrong) = self.wrong {
            told = wrong.distort(told, &facts, &state.books);
        }
        let moved = self.ask(row, told.clock, Question::Show(told.source, told.answer))?;
        let is_dropped = self.wrong.is_some_and(|wrong| wrong.drops(moved.fact, &facts));
        (!is_dropped).then_some(moved)
    }
}

const fn cancels(ends_as: EndsAs, is_look: bool) -> Step {
    Step::Awaits(Wish { ask: Ask::Cancel(ends_as), act: 0, is_look, is_again: false })
}

pub(crate) const fn done(moved: Moved) -> Done {
    Done { fact: Some(moved.fact), breaks: moved.breaks }
}

const fn hand(replayed: bool) -> Hand {
    if replayed { Hand::Replayed } else { Hand::First }
}

pub(crate) fn attempt(number: u8) -> AttemptNumber {
    AttemptNumber::try_new(u32::from(number)).expect("attempts count from 1")
}
