//! What the functions do, step by step: a short mirror of `flow::operations::refund`, of what `retry` does about refunds,
//! and of `flow::commit::record_refund`, with their names.

use domain::gateway::Hand;

use super::{
    Refunds, Wrong,
    books::{Answer, BY_HAND, List, News, WISHES, place},
    rows::{Facts, Moved, Question, RowId, Told},
    state::{Missing, Sending, State, Step},
};

/// The word for what a step wrote.
pub(crate) type Wrote = Option<&'static str>;

impl Refunds {
    /// A client asks for its next refund. None: it is refused, or the bounds are reached.
    pub(crate) fn client_asks(&self, state: &State, worker: usize) -> Option<(State, Wrote)> {
        let facts = self.facts(state.row);
        if facts.asked >= self.bounds.wishes {
            return None;
        }
        let moved = self.ask(state.row, state.old, Question::Refund)?;
        let mut next = *state;
        if self.wrong == Some(Wrong::AskedBeforeItIsWrittenDown) {
            next.commit(Some(worker), state.row);
        } else {
            next.commit(Some(worker), moved.to);
        }
        let sending = Sending { number: facts.asked + 1, is_again: false, then: Missing::default() };
        self.go_on(&mut next, worker, Step::Awaits(sending));
        Some((next, Some(moved.fact)))
    }

    /// `retry`: a row that is due is claimed, and all its refunds are looked at.
    pub(crate) fn look(&self, state: &State, worker: usize) -> Option<(State, Wrote)> {
        let claimed = self.ask(state.row, state.old, Question::Claim)?;
        let mut next = *state;
        next.commit(Some(worker), claimed.to);
        self.go_on(&mut next, worker, Step::Lists);
        Some((next, Some(claimed.fact)))
    }

    /// A worker begins with its next step. What is to be sent is sent at once: a function that is killed before it
    /// sends is as one whose request never arrives.
    fn go_on(&self, next: &mut State, worker: usize, step: Step) {
        if let Step::Awaits(sending) = step {
            let has_new_key = self.wrong == Some(Wrong::NewKeyEachTime) && sending.is_again;
            next.send(sending.number, has_new_key, worker);
        }
        next.workers[worker].step = step;
    }

    /// The next step of a worker that waits for nobody. None: it is idle, or waits for the gateway.
    pub(crate) fn step(&self, state: &State, worker: usize) -> Option<(State, Wrote)> {
        let mut next = *state;
        let wrote = match state.workers[worker].step {
            Step::Idle | Step::Awaits(_) => return None,
            Step::Lists => {
                self.go_on(&mut next, worker, Step::Listed(state.books.made));
                None
            }
            Step::Unseen => {
                self.go_on(&mut next, worker, Step::Idle);
                self.record(&mut next, worker, Question::Unseen)
            }
            Step::Listed(list) => self.listed(&mut next, worker, list),
            Step::SeesTo(missing) => self.sees_to(&mut next, worker, missing),
            Step::Heard(sending, answer, replayed) => self.heard(&mut next, worker, sending, answer, replayed),
        };
        Some((next, wrote))
    }

    /// `Worker::refunds`: which are missing, and which of them are sent again, is read from the row as it was claimed.
    fn listed(&self, next: &mut State, worker: usize, list: List) -> Wrote {
        let claimed = self.facts(next.known_to(worker));
        let mut missing = Missing::default();
        for number in 1..=claimed.asked {
            let (told, bit) = (claimed.told[place(number)], 1 << place(number));
            if !told.is_in_doubt() || list[place(number)].is_some() {
                continue;
            }
            let can_be_sent = told == Told::Unanswered && number > next.old;
            *(if can_be_sent { &mut missing.to_send } else { &mut missing.to_report }) |= bit;
        }
        let told = if self.wrong == Some(Wrong::MatchedByAmount) { by_amount(list, &claimed) } else { list };
        let wrote = self.record(next, worker, Question::Listed(told));
        self.go_on(next, worker, Step::SeesTo(missing).unless_done());
        wrote
    }

    /// `Worker::missing`, one after the other.
    fn sees_to(&self, next: &mut State, worker: usize, mut missing: Missing) -> Wrote {
        let both = missing.to_send | missing.to_report;
        let bit = 1 << both.trailing_zeros();
        let number = u8::try_from(both.trailing_zeros()).expect("few") + 1;
        let is_sent = missing.to_send & bit != 0;
        missing = Missing { to_send: missing.to_send & !bit, to_report: missing.to_report & !bit };
        if is_sent && self.wrong != Some(Wrong::NotListedHasFailed) {
            self.go_on(next, worker, Step::Awaits(Sending { number, is_again: true, then: missing }));
            return None;
        }
        let evidence =
            if is_sent { Question::Answered(number, Hand::First, Answer::Refused) } else { Question::Absent(number) };
        let wrote = self.record(next, worker, evidence);
        self.go_on(next, worker, Step::SeesTo(missing).unless_done());
        wrote
    }

    /// `steps::refund`, after the gateway's answer.
    fn heard(&self, next: &mut State, worker: usize, sending: Sending, answer: Answer, replayed: bool) -> Wrote {
        let Sending { number, is_again, then } = sending;
        if self.wrong == Some(Wrong::AskedBeforeItIsWrittenDown) && !is_again {
            let Some(started) = self.ask(next.row, next.old, Question::Refund) else {
                self.go_on(next, worker, Step::Idle);
                return None;
            };
            next.commit(Some(worker), started.to);
        }
        // A request that is refused now says nothing about the same request that may have been served before.
        let is_old = replayed || (is_again && answer == Answer::Refused);
        let mut told = Question::Answered(number, if is_old { Hand::Replayed } else { Hand::First }, answer);
        match (self.wrong, told) {
            (Some(Wrong::TimeoutMeansFailed), Question::Answered(_, Hand::First, Answer::Silence)) => {
                told = Question::Answered(number, Hand::First, Answer::Refused);
            }
            (Some(Wrong::SavedFailureIsNoAnswer), Question::Answered(_, Hand::Replayed, Answer::Failure)) => {
                told = Question::Answered(number, Hand::First, answer);
            }
            _ => {}
        }
        let wrote = self.record(next, worker, told);
        self.go_on(next, worker, Step::SeesTo(then).unless_done());
        wrote
    }

    /// `commit::record_refund`: judged on the row as it was loaded; if that is an old version, what still counts once
    /// more on the row that stands.
    fn record(&self, next: &mut State, worker: usize, evidence: Question) -> Wrote {
        let moved = self.ask(next.known_to(worker), next.old, evidence)?;
        if next.workers[worker].is_current || self.wrong == Some(Wrong::NoVersionCheck) {
            next.commit(Some(worker), moved.to);
            return Some(moved.fact);
        }
        next.workers[worker].is_current = true;
        let moved = self.ask(next.row, next.old, self.overtaken(evidence)?)?;
        next.commit(Some(worker), moved.to);
        Some(moved.fact)
    }

    /// `commit::overtaken_refund`.
    fn overtaken(&self, evidence: Question) -> Option<Question> {
        match evidence {
            Question::Answered(number, _, Answer::Refused) => {
                Some(Question::Answered(number, Hand::Replayed, Answer::Refused))
            }
            Question::Listed(_) if self.wrong == Some(Wrong::OldListRedecided) => Some(evidence),
            Question::Listed(list) => Some(Question::Seen(list)),
            Question::Answered(..) | Question::Seen(_) | Question::Hinted => Some(evidence),
            Question::Absent(_) | Question::Unseen | Question::Refund | Question::Claim => None,
        }
    }

    /// `webhook` is one step: it loads, judges and commits, and where it is overtaken it judges the row that stands.
    pub(crate) fn deliver(&self, state: &State, news: News) -> (State, Wrote) {
        let mut next = *state;
        next.books.hear(news);
        let evidence = match news {
            News::ByHand if self.wrong == Some(Wrong::HintDropped) => return (next, None),
            News::ByHand => Question::Hinted,
            News::Of(number, standing) => {
                let mut list = [None; WISHES + 1];
                list[place(number)] = Some(standing);
                Question::Seen(list)
            }
        };
        let moved: Option<Moved> = self.ask(state.row, state.old, evidence);
        if let Some(moved) = moved {
            next.commit(None, moved.to);
        }
        (next, moved.map(|moved| moved.fact))
    }

    pub(crate) fn facts(&self, row: RowId) -> Facts {
        *self.rows.borrow().facts(row)
    }

    fn ask(&self, row: RowId, old: u8, question: Question) -> Option<Moved> {
        self.rows.borrow_mut().ask(row, old, question)
    }
}

impl Step {
    /// A worker that has nothing left to see to is idle.
    fn unless_done(self) -> Self {
        if self == Self::SeesTo(Missing::default()) { Self::Idle } else { self }
    }
}

/// What a reader sees who takes the dashboard's refund for one of ours, because it is of the same amount.
fn by_amount(mut list: List, row: &Facts) -> List {
    let in_doubt = (0..WISHES).find(|place| row.told[*place].is_in_doubt() && list[*place].is_none());
    if let Some(place) = in_doubt.filter(|_| list[BY_HAND].is_some()) {
        list[place] = list[BY_HAND].take();
    }
    list
}
