//! P6 and P7: what is left when the faults end. All functions are dead, and one healthy function looks at the row, as
//! often as it may.

use super::{
    Protocol,
    gateway::{Books, Course, Verdict},
    promises::rests,
    rows::{RowId, Stage},
    state::{Ask, Clock, REQUESTS, State, Step, Why, Worker},
};

/// P7: within so many looks.
const LOOKS: usize = 3;
/// No look takes more steps.
const STEPS_MAX: usize = 24;
/// What the bank may say, the same each time.
const VERDICTS: [Verdict; 4] = [Verdict::Charge, Verdict::Decline(Why::Vague), Verdict::Challenge, Verdict::Pending];

/// All that matters once everybody is dead. Equal ones heal alike.
pub(crate) type Patient = (RowId, Clock, Books, [Option<Ask>; REQUESTS]);

impl Protocol {
    /// P7: whether there is a way on which three faultless looks do not bring the row to rest.
    pub(crate) fn is_unhealed(&self, state: &State) -> Option<&'static str> {
        if self.is_over(state) {
            return None;
        }
        let patient = patient(state);
        if let Some(known) = self.healed.borrow().get(&patient) {
            return *known;
        }
        let mut lost = *state;
        lost.workers = [Worker::IDLE; 2];
        lost.requests = [None; REQUESTS];
        // Whatever was on its way is lost, or arrives just before anybody looks, or is lost and its key is dead.
        let ways = [Some(lost), self.a_day_later(&lost)];
        let mut worlds = VERDICTS.into_iter().flat_map(|verdict| {
            let mut worlds: Vec<State> = ways.into_iter().flatten().collect();
            worlds.push(self.all_arrive(state, verdict));
            worlds.into_iter().map(move |world| (world, verdict))
        });
        let found = worlds.find_map(|(world, verdict)| self.does_not_rest(world, verdict));
        self.healed.borrow_mut().insert(patient, found);
        found
    }

    fn does_not_rest(&self, mut state: State, verdict: Verdict) -> Option<&'static str> {
        for _ in 0..LOOKS {
            self.healthy_look(&mut state, verdict);
        }
        if !rests(&self.facts(state.row), &state.books) && !self.waits_with_a_person(&state) {
            return Some("P7: three looks without a fault do not bring the row to rest");
        }
        if matches!(self.facts(state.row).stage, Stage::AwaitsMethod | Stage::AwaitsPayer) {
            state.clock.is_over = true;
            for _ in 0..LOOKS {
                self.healthy_look(&mut state, verdict);
            }
            if !self.is_over(&state) {
                return Some("P7: three looks do not end a payment whose time is over");
            }
        }
        None
    }

    /// An attempt that nobody sends again, and that may still arrive, is a person's to know of until it cannot any more.
    fn waits_with_a_person(&self, state: &State) -> bool {
        let facts = self.facts(state.row);
        let may_arrive = |number| number <= state.clock.old_attempts && number > state.clock.dead_attempts;
        facts.is_marked && facts.open.is_some_and(|(number, answered)| !answered && may_arrive(number))
    }

    /// P6: whether a row about which a webhook was just answered 2xx says what the gateway says, or is looked at soon.
    pub(crate) fn is_heeded(&self, state: &State) -> bool {
        let facts = self.facts(state.row);
        self.is_over(state) || facts.is_due_soon || rests(&facts, &state.books)
    }

    fn all_arrive(&self, state: &State, verdict: Verdict) -> State {
        let mut next = *state;
        next.workers = [Worker::IDLE; 2];
        for request in std::mem::take(&mut next.requests).into_iter().flatten() {
            next.books.serve(request.ask, Course::Well(verdict), self.scope.capture);
        }
        next
    }

    /// One look, from claim to end, without a fault.
    fn healthy_look(&self, state: &mut State, verdict: Verdict) {
        let Some((claimed, _)) = self.look(state, 0).into_iter().next() else { return };
        *state = claimed;
        for _ in 0..STEPS_MAX {
            if let Step::Awaits(wish) = state.workers[0].step {
                state.requests = [None; REQUESTS];
                let (answer, replayed) = state.books.serve(wish.ask, Course::Well(verdict), self.scope.capture);
                state.workers[0].step = Step::Heard(wish, answer, replayed);
            } else if let Some((next, _)) = self.step(state, 0) {
                *state = next;
            } else {
                return;
            }
        }
        unreachable!("a look has an end");
    }
}

fn patient(state: &State) -> Patient {
    (state.row, state.clock, state.books, state.requests.map(|request| request.map(|request| request.ask)))
}
