//! P7: what is left when the faults end. All functions are dead, what the gateway has to tell is told, and one healthy
//! function looks at the row, as often as it may.

use super::{
    REQUESTS, Refunds,
    books::{BY_HAND, Books, Course, News, Standing, place},
    rows::{Facts, Old, RowId, Told},
    state::{State, Step, Worker},
};

/// P7: within so many looks.
const LOOKS: usize = 3;
/// No look takes more steps.
const STEPS_MAX: usize = 24;

/// All that matters once everybody is dead. Equal ones heal alike.
pub(crate) type Patient = (RowId, Old, Books, [Option<(u8, bool)>; REQUESTS]);

impl Refunds {
    /// Whether there is a way on which three faultless looks do not bring the row to rest.
    pub(crate) fn is_unhealed(&self, state: &State) -> Option<&'static str> {
        let requests = state.requests.map(|request| request.map(|request| (request.number, request.has_new_key)));
        let patient: Patient = (state.row, state.old, state.books, requests);
        if let Some(known) = self.healed.borrow().get(&patient) {
            return *known;
        }
        let mut lost = *state;
        lost.workers = [Worker::IDLE; 2];
        lost.requests = [None; REQUESTS];
        // Whatever was on its way is lost, or arrives just before anybody looks, or is lost and its key is dead.
        let mut arrived = lost;
        for request in state.requests.into_iter().flatten() {
            arrived.books.serve(request.number, request.has_new_key, Course::Makes(Standing::Succeeded));
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
        rests(&self.facts(state.row), &state.books)
    }

    /// A webhook is delivered until it is answered 2xx, and that is once.
    fn all_is_told(&self, state: &mut State) {
        for news in News::all() {
            if state.books.is_unheard(news) {
                *state = self.deliver(state, news).0;
            }
        }
    }

    /// One look, from claim to end, without a fault.
    fn healthy_look(&self, state: &mut State) {
        let Some((claimed, _)) = self.look(state, 0) else { return };
        *state = claimed;
        for _ in 0..STEPS_MAX {
            if let Step::Awaits(sending) = state.workers[0].step {
                let request = state.requests.iter_mut().find_map(Option::take).expect("it has just been sent");
                let course = Course::Makes(Standing::Succeeded);
                let (answer, replayed) = state.books.serve(request.number, request.has_new_key, course);
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

/// Whether the row says of each refund what the books say, and where nobody knows, a person was called.
pub(crate) fn rests(row: &Facts, books: &Books) -> bool {
    let agrees = |number: u8| match (row.told[place(number)], books.made[place(number)]) {
        (Told::Stands(told), Some(standing)) => told == standing,
        (Told::Stands(told), None) => told == Standing::Failed,
        (Told::Unanswered | Told::Answered, None) => row.is_marked,
        (Told::Unanswered | Told::Answered, Some(_)) | (Told::Nothing, _) => false,
    };
    (1..=row.asked).all(agrees) && row.by_hand == usize::from(books.made[BY_HAND].is_some())
}
