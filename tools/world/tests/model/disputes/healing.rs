//! P7: what is left when the faults end. All functions are dead, what the gateway has to tell is told, and one healthy
//! function looks at the row, as often as it may.

use super::{
    Disputes, REQUESTS,
    bank::{Bank, Course, Kind},
    rows::{Facts, RowId},
    state::{State, Step, Worker},
};

/// P7: within so many looks.
const LOOKS: usize = 3;
/// No look takes more steps.
const STEPS_MAX: usize = 24;

/// All that matters once everybody is dead. Equal ones heal alike.
pub(crate) type Patient = (RowId, Bank, [Option<(u8, Kind)>; REQUESTS], [u8; super::ACTS]);

impl Disputes {
    /// Whether there is a way on which three faultless looks do not bring the row to rest.
    pub(crate) fn is_unhealed(&self, state: &State) -> Option<&'static str> {
        let requests = state.requests.map(|request| request.map(|request| (request.number, request.kind)));
        let patient: Patient = (state.row, state.bank, requests, state.asked_at);
        if let Some(known) = self.healed.borrow().get(&patient) {
            return *known;
        }
        let mut lost = *state;
        lost.workers = [Worker::IDLE; 2];
        lost.requests = [None; REQUESTS];
        // Whatever was on its way is lost, or arrives just before anybody looks, or is lost and its key is dead.
        let mut arrived = lost;
        for request in state.requests.into_iter().flatten() {
            self.serve(&mut arrived, request.number, request.kind, Course::Serves);
        }
        let worlds = [lost, self.a_day_later(&lost), arrived];
        let found = worlds.into_iter().any(|world| !self.comes_to_rest(world));
        let found = found.then_some("P7: three looks without a fault do not bring the row to rest");
        self.healed.borrow_mut().insert(patient, found);
        found
    }

    fn comes_to_rest(&self, mut state: State) -> bool {
        self.all_is_told(&mut state);
        for _ in 0..LOOKS {
            self.healthy_look(&mut state);
            self.all_is_told(&mut state);
        }
        rests(&self.facts(state.row), &state.bank)
    }

    /// A webhook is delivered until it is answered 2xx, and that is once.
    fn all_is_told(&self, state: &mut State) {
        if state.bank.is_unheard {
            *state = self.deliver(state).0;
        }
    }

    /// One look, from claim to end, without a fault.
    fn healthy_look(&self, state: &mut State) {
        let Some((claimed, _)) = self.look(state, 0) else { return };
        *state = claimed;
        for _ in 0..STEPS_MAX {
            if let Step::Awaits(sending) = state.workers[0].step {
                let sent = state.requests.iter_mut().find_map(Option::take).expect("it has just been sent");
                let (answer, replayed) = self.serve(state, sent.number, sent.kind, Course::Serves);
                state.workers[0].step = Step::Heard(sending, answer, replayed);
            } else if let Some((next, _)) = self.step(state, 0) {
                *state = next;
            } else {
                return;
            }
        }
        unreachable!("a look has an end");
    }
}

/// Whether the row says how the dispute stands, and nobody is in doubt about an answer, or a person was called.
pub(crate) fn rests(row: &Facts, bank: &Bank) -> bool {
    let says_so = row.status == Some(bank.shown.status) && row.stage >= bank.shown.stage;
    row.is_marked || (says_so && row.open().is_none() && (row.is_due || bank.shown.status.is_over()))
}
