//! What the functions do, step by step: a short mirror of `flow`'s confirm, cancel, webhook and retry, with their names, and
//! of PayPal's adapter, which answers a refusal by a look.

use domain::{
    gateway::Hand,
    id::AttemptNumber,
    payment::{Payment, Source},
};

use super::{
    Orders, Wrong,
    order::{Answer, Standing},
    rows::{Asked, Facts, Moved, Question, RowId, has_ended},
    state::{Sending, State, Step},
};
use crate::rows::Stage;

/// The word for what a step wrote.
pub(crate) type Wrote = Option<&'static str>;

impl Orders {
    /// A client confirms. None: it is refused, or the bounds are reached.
    pub(crate) fn client_confirms(&self, state: &State, worker: usize) -> Option<(State, Wrote)> {
        let facts = self.facts(state.row);
        if facts.attempts >= self.bounds.attempts {
            return None;
        }
        let moved = self.ask(state, state.row, Question::Ask(Asked::Confirm))?;
        let mut next = *state;
        let is_unwritten = self.wrong == Some(Wrong::AskedBeforeItIsWrittenDown);
        next.commit(Some(worker), if is_unwritten { state.row } else { moved.to });
        let sending = Sending { number: facts.attempts + 1, is_again: false, is_looks: false };
        self.go_on(&mut next, worker, Step::Awaits(sending));
        Some((next, Some(moved.fact)))
    }

    /// A client cancels. None: it is refused.
    pub(crate) fn client_cancels(&self, state: &State, worker: usize) -> Option<(State, Wrote)> {
        let moved = self.ask(state, state.row, Question::Ask(Asked::Cancel))?;
        let mut next = *state;
        next.commit(Some(worker), moved.to);
        self.go_on(&mut next, worker, Step::Ends(false));
        Some((next, Some(moved.fact)))
    }

    /// `retry`: a row that is due is claimed. One that has ended is due when nothing can be on its way, unless somebody has
    /// said that money moved.
    pub(crate) fn look(&self, state: &State, worker: usize) -> Option<(State, Wrote)> {
        let facts = self.facts(state.row);
        if has_ended(facts.stage) && !facts.is_due_now && !state.nothing_is_on_its_way() {
            return None;
        }
        let claimed = self.ask(state, state.row, Question::Ask(Asked::Claim))?;
        let mut next = *state;
        next.commit(Some(worker), claimed.to);
        let facts = self.facts(claimed.to);
        let young = facts.unanswered.filter(|number| *number > state.clock.old);
        let expired = || self.ask(&next, claimed.to, Question::Ask(Asked::Expire)).filter(|_| state.clock.is_over);
        let step = if facts.has_open_act {
            Step::Ends(true)
        } else if let Some(number) = young {
            Step::Awaits(Sending { number, is_again: true, is_looks: true })
        } else if let Some(ends) = expired() {
            next.commit(Some(worker), ends.to);
            Step::Ends(true)
        } else {
            Step::Looks
        };
        self.go_on(&mut next, worker, step);
        Some((next, Some(claimed.fact)))
    }

    /// A worker begins with its next step. What is to be sent is sent at once: a function that is killed before it
    /// sends is as one whose request never arrives.
    fn go_on(&self, next: &mut State, worker: usize, step: Step) {
        if let Step::Awaits(sending) = step {
            next.send(sending, worker);
        }
        next.workers[worker].step = step;
    }

    /// The next step of a worker that waits for nobody. None: it is idle, or waits for PayPal.
    pub(crate) fn step(&self, state: &State, worker: usize) -> Option<(State, Wrote)> {
        let mut next = *state;
        let wrote = match state.workers[worker].step {
            Step::Idle | Step::Awaits(_) => return None,
            Step::Ends(is_looks) => {
                let holds = self.facts(state.known_to(worker)).holds_money;
                let answer = if holds { next.order.void() } else { Answer::Shown(next.order.standing) };
                let answer = self.seen(&next, worker, answer);
                self.go_on(&mut next, worker, Step::Ended(answer, is_looks));
                None
            }
            Step::LetsGo => {
                let answer = next.order.void();
                let answer = self.seen(&next, worker, answer);
                self.go_on(&mut next, worker, Step::Saw(answer));
                None
            }
            Step::Looks => {
                let answer = self.seen(&next, worker, Answer::Shown(next.order.standing));
                self.go_on(&mut next, worker, Step::Saw(answer));
                None
            }
            Step::Heard(sending, answer, replayed) => self.heard(&mut next, worker, sending, answer, replayed),
            Step::Ended(answer, is_looks) => self.ended(&mut next, worker, answer, is_looks),
            Step::Saw(answer) => self.saw(&mut next, worker, answer),
        };
        Some((next, wrote))
    }

    /// What the adapter makes of a look: that an order is not there proves something only where nothing can be on its way.
    fn seen(&self, state: &State, worker: usize, answer: Answer) -> Answer {
        let facts = self.facts(state.known_to(worker));
        let is_quiet = !facts.is_open || facts.attempts <= state.clock.gone;
        match answer {
            Answer::Shown(Standing::Forgotten) if facts.holds_money || !is_quiet => Answer::Failure,
            answer @ (Answer::Shown(_) | Answer::Declined | Answer::Failure | Answer::Silence) => answer,
        }
    }

    /// `steps::attempt`, after PayPal's answer; and what `Worker::send_again` does after it.
    fn heard(&self, next: &mut State, worker: usize, sending: Sending, answer: Answer, replayed: bool) -> Wrote {
        if self.wrong == Some(Wrong::AskedBeforeItIsWrittenDown) && !sending.is_looks {
            let Some(opened) = self.ask(next, next.row, Question::Ask(Asked::Confirm)) else {
                self.go_on(next, worker, Step::Idle);
                return None;
            };
            next.commit(Some(worker), opened.to);
        }
        let hand = if replayed { Hand::Replayed } else { Hand::First };
        let source = Source::Attempt(attempt(sending.number), hand);
        let wrote = self.record(next, worker, Question::Show(source, answer, true));
        let facts = self.facts(next.row);
        let is_answered = facts.unanswered.is_none() && facts.stage == Stage::OutcomeUnknown;
        self.go_on(next, worker, if sending.is_looks && is_answered { Step::Looks } else { Step::Idle });
        wrote
    }

    /// `steps::act`, after PayPal's answer; and what `Worker::act` does after it.
    fn ended(&self, next: &mut State, worker: usize, answer: Answer, is_looks: bool) -> Wrote {
        let number = usize::from(self.facts(next.known_to(worker)).acts);
        let source = Source::Act(number, Hand::First);
        let wrote = self.record(next, worker, Question::Show(source, answer, is_looks));
        let is_open = self.facts(next.row).has_open_act;
        self.go_on(next, worker, if is_looks && is_open { Step::Looks } else { Step::Idle });
        wrote
    }

    /// `Worker::fetch`, once PayPal has shown the order.
    fn saw(&self, next: &mut State, worker: usize, answer: Answer) -> Wrote {
        let wrote = self.record(next, worker, Question::Show(Source::Fetch, answer, true));
        let row = self.facts(next.row);
        let lets_go = has_ended(row.stage) && answer == Answer::Shown(Standing::Held) && wrote.is_some();
        if lets_go && self.wrong != Some(Wrong::LateHoldIsKept) {
            self.go_on(next, worker, Step::LetsGo);
            return wrote;
        }
        self.go_on(next, worker, Step::Idle);
        if row.waits_to_be_confirmed
            && next.workers[worker].is_current
            && let Some(confirmed) = self.ask(next, next.row, Question::Ask(Asked::ConfirmApproved))
        {
            next.commit(Some(worker), confirmed.to);
            let number = self.facts(next.row).attempts;
            self.go_on(next, worker, Step::Awaits(Sending { number, is_again: false, is_looks: false }));
        }
        wrote
    }

    /// `commit::record`: judged on the row as it was loaded; if that is an old version, what still counts once more on the
    /// row that stands.
    fn record(&self, next: &mut State, worker: usize, evidence: Question) -> Wrote {
        let moved = self.ask(next, next.known_to(worker), evidence)?;
        if next.workers[worker].is_current || self.wrong == Some(Wrong::NoVersionCheck) {
            next.commit(Some(worker), moved.to);
            return Some(moved.fact);
        }
        next.workers[worker].is_current = true;
        let moved = self.ask(next, next.row, self.overtaken(evidence))?;
        next.commit(Some(worker), moved.to);
        Some(moved.fact)
    }

    /// `commit::overtaken`.
    fn overtaken(&self, evidence: Question) -> Question {
        match evidence {
            Question::Show(Source::Fetch, answer, is_later) => {
                Question::Show(Source::Event { cause: None }, answer, is_later)
            }
            Question::Show(..) | Question::Ask(_) => evidence,
        }
    }

    /// `webhook` is one step: it loads, decides and commits, and where it is overtaken it decides anew. What an event of
    /// PayPal's says weighs nothing (`hearsay`).
    pub(crate) fn deliver(&self, state: &State, of_money: bool) -> (State, Wrote) {
        let mut next = *state;
        if of_money {
            next.order.tells_of_money = false;
        } else {
            next.order.tells = false;
        }
        if self.wrong == Some(Wrong::NobodyWatchesTheEnd) && has_ended(self.facts(state.row).stage) {
            return (next, None);
        }
        let said = if of_money { Standing::Pending } else { Standing::Waits };
        let event = Question::Show(Source::Event { cause: None }, Answer::Shown(said), true);
        let moved = self.ask(state, state.row, event);
        if let Some(moved) = moved {
            next.commit(None, moved.to);
        }
        (next, moved.map(|moved| moved.fact))
    }

    pub(crate) fn facts(&self, row: RowId) -> Facts {
        *self.rows.borrow().facts(row)
    }

    fn ask(&self, state: &State, row: RowId, question: Question) -> Option<Moved> {
        let wrong: Option<fn(&mut Payment)> =
            if self.wrong == Some(Wrong::NobodyWatchesTheEnd) { Some(unwatched) } else { None };
        self.rows.borrow_mut().ask(row, state.clock, question, wrong)
    }
}

/// Nobody looks at it any more.
fn unwatched(payment: &mut Payment) {
    if payment.has_ended_without_money() {
        (payment.look_owed, payment.due) = (false, None);
    }
}

fn attempt(number: u8) -> AttemptNumber {
    (1..number).fold(AttemptNumber::FIRST, |number, _| number.next())
}
