//! P7: what is left when the faults end. All functions are dead, what PayPal has to tell is told, and one healthy function
//! looks at the row, as often as it may.

use super::{
    Orders,
    order::{Course, Order, Standing, Verdict},
    rows::{Clock, Facts, RowId, has_ended},
    state::{REQUESTS, State, Step, Worker},
};
use crate::{rows::Stage, state::EndsAs};

/// P7: within so many looks.
const LOOKS: usize = 3;
/// No look takes more steps.
const STEPS_MAX: usize = 24;

/// All that matters once everybody is dead. Equal ones heal alike.
pub(crate) type Patient = (RowId, Order, Clock, [Option<(u8, bool)>; REQUESTS]);

impl Orders {
    /// Whether there is a way on which three faultless looks do not bring the row to rest.
    pub(crate) fn is_unhealed(&self, state: &State) -> Option<&'static str> {
        let requests = state.requests.map(|request| request.map(|request| (request.number, request.is_again)));
        let patient: Patient = (state.row, state.order, state.clock, requests);
        if let Some(known) = self.healed.borrow().get(&patient) {
            return *known;
        }
        let mut lost = *state;
        lost.workers = [Worker::IDLE; 2];
        lost.requests = [None; REQUESTS];
        // Whatever was on its way is lost, or arrives just before anybody looks, or is lost and hours go by.
        let mut arrived = lost;
        for request in state.requests.into_iter().flatten() {
            self.serve(&mut arrived, request.number, request.is_again, Course::Serves(Verdict::Charges));
        }
        let worlds = [lost, self.hours_later(&lost), arrived];
        let found = worlds.into_iter().any(|world| !self.comes_to_rest(world));
        let found = found.then_some("P7: three looks without a fault do not bring the row to rest");
        self.healed.borrow_mut().insert(patient, found);
        found
    }

    fn comes_to_rest(&self, mut state: State) -> bool {
        self.all_is_told(&mut state);
        if state.order.standing == Standing::Forgotten {
            // That an order is not there proves something only once nothing can be on its way: it is looked at till then.
            state = self.hours_later(&state);
        }
        for _ in 0..LOOKS {
            self.healthy_look(&mut state);
            self.all_is_told(&mut state);
        }
        self.rests(&self.facts(state.row), &state.order)
    }

    /// A webhook is delivered until it is answered 2xx, and that is once.
    fn all_is_told(&self, state: &mut State) {
        if state.order.tells {
            *state = self.deliver(state, false).0;
        }
        if state.order.tells_of_money {
            *state = self.deliver(state, true).0;
        }
    }

    /// One look, from claim to end, without a fault.
    fn healthy_look(&self, state: &mut State) {
        let Some((claimed, _)) = self.look(state, 0) else { return };
        *state = claimed;
        for _ in 0..STEPS_MAX {
            if let Step::Awaits(sending) = state.workers[0].step {
                let sent = state.requests.iter_mut().find_map(Option::take).expect("it has just been sent");
                let course = Course::Serves(Verdict::Charges);
                let (answer, replayed) = self.serve(state, sent.number, sent.is_again, course);
                state.workers[0].step = Step::Heard(sending, answer, replayed);
            } else if let Some((next, _)) = self.step(state, 0) {
                *state = next;
            } else {
                return;
            }
        }
        unreachable!("a look has an end");
    }

    /// Whether the row says how the order stands, and nobody is in doubt, or a person was called.
    pub(crate) fn rests(&self, row: &Facts, order: &Order) -> bool {
        let waits = matches!(order.standing, Standing::Waits | Standing::Approved);
        let says_so = match (row.stage, order.standing) {
            (Stage::Succeeded, Standing::Paid) | (Stage::Held, Standing::Held) => true,
            (Stage::GatewayPending, Standing::Pending) => row.is_due,
            (Stage::AwaitsPayer, _) => waits && row.unanswered.is_none() && row.is_due,
            // The bank will say what becomes of it, and somebody will look.
            (stage, Standing::Pending) if has_ended(stage) => row.is_due,
            (Stage::Ended(EndsAs::Failed), Standing::Failed) => true,
            (Stage::Ended(_), Standing::Released | Standing::Failed | Standing::Forgotten) => true,
            (Stage::Ended(_), _) => waits,
            _ => false,
        };
        // Nobody can end what the bank has yet to decide.
        row.is_marked || (says_so && (!row.has_open_act || order.standing == Standing::Pending))
    }
}
