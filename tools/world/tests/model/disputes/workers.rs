//! What the functions do, step by step: a short mirror of `flow::operations::dispute`, of `retry`'s look at a dispute, and
//! of `flow::commit::dispute::record`, with their names.

use domain::{dispute::Status, gateway::Hand};

use super::{
    Disputes, Wrong,
    bank::{Answer, House, Kind, Shown, place},
    rows::{Facts, Question, RowId, Told},
    state::{Sending, State, Step, Then},
};

/// The word for what a step wrote.
pub(crate) type Wrote = Option<&'static str>;

impl Disputes {
    /// A client answers. None: it is refused, or the bounds are reached.
    pub(crate) fn client_answers(&self, state: &State, worker: usize, kind: Kind) -> Option<(State, Wrote)> {
        let facts = self.facts(state.row);
        if facts.asked >= self.bounds.acts {
            return None;
        }
        let moved = self.ask(state.row, Question::Act(kind))?;
        let mut next = *state;
        let is_unwritten = self.wrong == Some(Wrong::AskedBeforeItIsWrittenDown);
        next.commit(Some(worker), if is_unwritten { state.row } else { moved.to });
        let number = facts.asked + 1;
        next.asked_at[place(number)] = facts.stage;
        self.go_on(&mut next, worker, Step::Awaits(Sending { number, kind, is_again: false }));
        Some((next, Some(moved.fact)))
    }

    /// `retry`: a row that is due is claimed.
    pub(crate) fn look(&self, state: &State, worker: usize) -> Option<(State, Wrote)> {
        let claimed = self.ask(state.row, Question::Claim)?;
        let mut next = *state;
        next.commit(Some(worker), claimed.to);
        let facts = self.facts(claimed.to);
        let step = match facts.open() {
            Some((number, Told::Unanswered)) if self.wrong == Some(Wrong::SentWithoutALook) => {
                Step::Awaits(Sending { number, kind: facts.kinds[place(number)], is_again: true })
            }
            _ => Step::Looks(Then::SendsAgain),
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

    /// The next step of a worker that waits for nobody. None: it is idle, or waits for the gateway.
    pub(crate) fn step(&self, state: &State, worker: usize) -> Option<(State, Wrote)> {
        let mut next = *state;
        let wrote = match state.workers[worker].step {
            Step::Idle | Step::Awaits(_) => return None,
            Step::Looks(then) => {
                self.go_on(&mut next, worker, Step::Saw(state.bank.shown, then));
                None
            }
            Step::Unseen => {
                self.go_on(&mut next, worker, Step::Idle);
                self.record(&mut next, worker, Question::Unseen).1
            }
            Step::Saw(shown, then) => self.saw(&mut next, worker, shown, then),
            Step::Heard(sending, answer, replayed) => self.heard(&mut next, worker, sending, answer, replayed),
        };
        Some((next, wrote))
    }

    /// `Worker::look`, once the gateway has shown the dispute.
    fn saw(&self, next: &mut State, worker: usize, shown: Shown, then: Then) -> Wrote {
        let known = self.facts(next.known_to(worker));
        // Whoever does not read how far it has gone takes the next question for the same.
        let is_blind = self.wrong == Some(Wrong::SentToTheNextStage) && known.open().is_some();
        let told = if is_blind { Shown { stage: known.stage, ..shown } } else { shown };
        let (is_written, wrote) = self.record(next, worker, Question::Fetched(told));
        self.go_on(next, worker, Step::Idle);
        let seen = self.facts(next.row);
        if let (true, Then::SendsAgain, Some((number, Told::Unanswered))) = (is_written, then, seen.open()) {
            if shown.stage > next.asked_at[place(number)] {
                next.broken = Some("P5: an answer is sent to a question that came later");
            }
            let kind = seen.kinds[place(number)];
            if let Some(again) = self.ask(next.row, Question::SendAgain) {
                next.commit(Some(worker), again.to);
                self.go_on(next, worker, Step::Awaits(Sending { number, kind, is_again: true }));
            }
        }
        wrote
    }

    /// `send`, after the gateway's answer; and what `Worker::look` does after it.
    fn heard(&self, next: &mut State, worker: usize, sending: Sending, answer: Answer, replayed: bool) -> Wrote {
        let Sending { number, kind, is_again } = sending;
        if self.wrong == Some(Wrong::AskedBeforeItIsWrittenDown) && !is_again {
            let Some(opened) = self.ask(next.row, Question::Act(kind)) else {
                self.go_on(next, worker, Step::Idle);
                return None;
            };
            next.commit(Some(worker), opened.to);
        }
        // A request that is refused now says nothing about the same request that may have been served before.
        let believes = self.wrong == Some(Wrong::RefusedSecondSendingBelieved);
        // Nor does a refusal of PayPal's, which knows no keys.
        let may_be_second = is_again || self.bounds.house == House::PayPal;
        let is_old = replayed && !believes || (may_be_second && answer == Answer::Refused && !believes);
        let mut told = Question::Answered(number, if is_old { Hand::Replayed } else { Hand::First }, answer);
        match (self.wrong, answer) {
            (Some(Wrong::SilenceMeansRefused), Answer::Silence) => {
                told = Question::Answered(number, Hand::First, Answer::Refused);
            }
            (Some(Wrong::SavedFailureIsNoAnswer), Answer::Failure) => {
                told = Question::Answered(number, Hand::First, answer);
            }
            _ => {}
        }
        let (_, wrote) = self.record(next, worker, told);
        let is_answered = matches!(self.facts(next.row).open(), Some((_, Told::Answered)));
        // Whoever has just been refused is told by the dispute itself; what was taken, retry looks at.
        let looks = is_answered && (is_again || answer == Answer::Refused);
        self.go_on(next, worker, if looks { Step::Looks(Then::IsDone) } else { Step::Idle });
        wrote
    }

    /// `commit::dispute::record`: judged on the row as it was loaded; if that is an old version, what still counts once
    /// more on the row that stands. Whether it was written, and what.
    fn record(&self, next: &mut State, worker: usize, evidence: Question) -> (bool, Wrote) {
        let Some(moved) = self.ask(next.known_to(worker), evidence) else { return (false, None) };
        if next.workers[worker].is_current || self.wrong == Some(Wrong::NoVersionCheck) {
            next.commit(Some(worker), moved.to);
            return (true, Some(moved.fact));
        }
        next.workers[worker].is_current = true;
        let again = self.overtaken(evidence).and_then(|evidence| self.ask(next.row, evidence));
        let Some(moved) = again else { return (false, None) };
        next.commit(Some(worker), moved.to);
        (true, Some(moved.fact))
    }

    /// `commit::dispute::overtaken`.
    fn overtaken(&self, evidence: Question) -> Option<Question> {
        match evidence {
            Question::Fetched(_) if self.wrong == Some(Wrong::OldLookRedecided) => Some(evidence),
            Question::Fetched(_) | Question::Unseen | Question::Answered(_, _, Answer::Failure | Answer::Silence) => {
                None
            }
            Question::Answered(number, _, Answer::Refused) => {
                Some(Question::Answered(number, Hand::Replayed, Answer::Refused))
            }
            Question::Answered(number, hand, Answer::Shown(_) | Answer::Taken) => {
                Some(Question::Answered(number, hand, Answer::Taken))
            }
            Question::Act(_) | Question::Claim | Question::Notice | Question::SendAgain => None,
        }
    }

    /// `webhook` is one step: it loads, decides and commits, and where it is overtaken it decides anew.
    pub(crate) fn deliver(&self, state: &State) -> (State, Wrote) {
        let mut next = *state;
        next.bank.is_unheard = false;
        let row = self.facts(state.row);
        let is_dropped = match self.wrong {
            Some(Wrong::OverIsNotTakenUp) => row.status.is_some_and(Status::is_over),
            Some(Wrong::NewsOfWhatIsDueDropped) => row.is_due_now,
            _ => false,
        };
        if is_dropped {
            return (next, None);
        }
        let moved = self.ask(state.row, Question::Notice);
        if let Some(moved) = moved {
            next.commit(None, moved.to);
        }
        (next, moved.map(|moved| moved.fact))
    }

    pub(crate) fn facts(&self, row: RowId) -> Facts {
        *self.rows.borrow().facts(row)
    }

    fn ask(&self, row: RowId, question: Question) -> Option<super::rows::Moved> {
        self.rows.borrow_mut().ask(row, question)
    }
}
