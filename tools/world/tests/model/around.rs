//! Everything that can happen next: the workers' own steps, and all that goes on around them. The gateway serves what
//! arrives, late or not; payer, bank, browser and dashboard act; events are delivered at any later time, any number of
//! times; functions are killed, and callers give up; a day passes, and the payer's time.

use domain::payment::Source;

use super::{
    Asking, Protocol,
    gateway::{Cause, Course, Notice, Verdict},
    rows::{Asked, Stage},
    search::{Edge, Model},
    state::{Answer, Ask, REQUESTS, State, Status, Step, Why, Worker},
    story::{Deed, Who},
    workers::{Done, attempt, done},
};

/// The edges out of one state, as they are found.
pub(crate) struct Out<'a> {
    protocol: &'a Protocol,
    from: &'a State,
    edges: &'a mut Vec<Edge<Protocol>>,
}

impl Out<'_> {
    /// Something that may happen without a mishap.
    fn push(&mut self, deed: Deed, to: State, done: Done) {
        self.add(deed, to, done, true);
    }

    /// Something that needs a mishap, or somebody's wish.
    fn push_if_willed(&mut self, deed: Deed, to: State, done: Done) {
        self.add(deed, to, done, false);
    }

    fn add(&mut self, deed: Deed, mut to: State, done: Done, by_itself: bool) {
        self.protocol.forget_what_cannot_matter(&mut to);
        let swapped = to.normalise();
        let breaks =
            done.breaks.filter(|promise| self.protocol.asking == Asking::Everything || !promise.starts_with("P6"));
        if to != *self.from || breaks.is_some() {
            self.edges.push(Edge { deed, to, swapped, by_itself, breaks });
        }
    }
}

impl Protocol {
    /// Whether row and object are at their end. A row at its end moves no more (`promises::flaw` asks that of each),
    /// and neither does the object, so nothing needs to be searched beyond.
    pub(crate) fn is_over(&self, state: &State) -> bool {
        let stage = self.facts(state.row).stage;
        matches!(stage, Stage::Succeeded | Stage::Ended(_)) && state.books.is_final()
    }

    pub(crate) fn all_that_can_happen(&self, state: &State, edges: &mut Vec<Edge<Self>>) {
        let mut out = Out { protocol: self, from: state, edges };
        for worker in 0..state.workers.len() {
            self.workers_step(state, worker, &mut out);
            mishaps(state, worker, &mut out);
        }
        for place in 0..REQUESTS {
            self.request_arrives(state, place, &mut out);
        }
        self.payer_and_bank(state, &mut out);
        self.outsiders(state, &mut out);
        self.webhooks(state, &mut out);
        time_passes(self, state, &mut out);
    }

    fn workers_step(&self, state: &State, worker: usize, out: &mut Out<'_>) {
        if state.workers[worker].step != Step::Idle {
            if let Some((next, done)) = self.step(state, worker) {
                out.push(Deed::Steps(worker, done.fact), next, done);
            }
            return;
        }
        // Two idle workers can do the same: one of them is enough.
        if worker > 0 && state.workers[worker - 1].step == Step::Idle {
            return;
        }
        for asked in [Asked::Confirm, Asked::Capture, Asked::Cancel] {
            if let Some((next, done)) = self.client_asks(state, worker, asked) {
                out.push_if_willed(Deed::Asks(worker, asked), next, done);
            }
        }
        for (next, done) in self.look(state, worker) {
            out.push(Deed::Looks(worker), next, done);
        }
    }

    /// A request is served, in every way it can be.
    fn request_arrives(&self, state: &State, place: usize, out: &mut Out<'_>) {
        let Some(request) = state.requests[place] else { return };
        if place > 0 && state.requests[place - 1] == Some(request) {
            return;
        }
        for (course, is_spoilt) in self.courses(state, request.ask) {
            let mut next = *state;
            next.requests[place] = None;
            next.left.spoilt -= u8::from(is_spoilt);
            let (answer, replayed) = next.books.serve(request.ask, course, self.scope.capture);
            if let Some(caller) = request.caller.map(usize::from)
                && let Step::Awaits(wish) = next.workers[caller].step
            {
                next.workers[caller].step = Step::Heard(wish, answer, replayed);
            }
            let deed = Deed::Serves(request, answer, replayed);
            if is_spoilt {
                out.push_if_willed(deed, next, Done::default());
            } else {
                out.push(deed, next, Done::default());
            }
        }
    }

    /// The ways a request can be served, and whether the gateway spoils it.
    fn courses(&self, state: &State, ask: Ask) -> Vec<(Course, bool)> {
        let books = &state.books;
        if !books.is_open_to(ask) {
            return vec![(Course::Well(Verdict::Charge), false)];
        }
        let verdicts = match ask {
            Ask::Confirm(number) => self.verdicts(number >= self.scope.bounds.attempts),
            Ask::Capture(_) | Ask::Cancel(_) => vec![Verdict::Charge],
        };
        let mut courses: Vec<_> = verdicts.iter().map(|verdict| (Course::Well(*verdict), false)).collect();
        // A cancel has a fresh key each time: a failure saved under it is a silence.
        if state.left.spoilt > 0 && !matches!(ask, Ask::Cancel(_)) {
            courses.extend([(Course::FailsBefore, true), (Course::Refuses, true)]);
            courses.extend(verdicts.iter().map(|verdict| (Course::FailsAfter(*verdict), true)));
        }
        courses
    }

    /// What a bank may say to one of our requests. On the last attempt of the bounds it says something final.
    fn verdicts(&self, is_last: bool) -> Vec<Verdict> {
        if !self.scope.payer_is_away {
            let said = [Verdict::Charge, Verdict::Decline(Why::Vague), Verdict::Challenge, Verdict::Pending];
            return said.to_vec();
        }
        let mut said = vec![Verdict::Charge, Verdict::Decline(Why::Never), Verdict::Pending];
        if !is_last {
            said.extend([Verdict::Decline(Why::Later), Verdict::Decline(Why::SeenBefore)]);
        }
        said
    }

    /// What waits for the payer or a bank is decided.
    fn payer_and_bank(&self, state: &State, out: &mut Out<'_>) {
        let (who, verdicts): (Who, &[Verdict]) = match state.books.status {
            Status::AwaitsPayer => (Who::Payer, &[Verdict::Charge, Verdict::Decline(Why::Vague), Verdict::Pending]),
            Status::Pending => (Who::Bank, &[Verdict::Charge, Verdict::Decline(Why::Vague)]),
            Status::AwaitsMethod | Status::Authorized | Status::Captured | Status::Canceled => return,
        };
        let Some(cause) = state.books.cause else { return };
        for verdict in verdicts {
            let mut next = *state;
            next.books.decide(cause, false, *verdict, self.scope.capture);
            out.push(Deed::Decides(who, *verdict), next, Done::default());
        }
    }

    /// The payer's browser confirms directly; the merchant works in the dashboard; the network lets go of a hold.
    fn outsiders(&self, state: &State, out: &mut Out<'_>) {
        let status = state.books.status;
        if state.left.browser > 0 && matches!(status, Status::AwaitsMethod | Status::AwaitsPayer) {
            let verdicts = [Verdict::Charge, Verdict::Decline(Why::Vague), Verdict::Challenge, Verdict::Pending];
            for verdict in verdicts {
                let mut next = *state;
                next.left.browser -= 1;
                next.books.decide(Cause::Browser, false, verdict, self.scope.capture);
                out.push_if_willed(Deed::Decides(Who::Browser, verdict), next, Done::default());
            }
        }
        if status == Status::Authorized {
            let mut next = *state;
            next.books.cancel();
            out.push(Deed::HoldEnds, next, Done::default());
        }
        if state.left.dashboard > 0 && !state.books.is_final() && status != Status::Pending {
            let mut next = *state;
            next.left.dashboard -= 1;
            let mut captured = next;
            next.books.cancel();
            out.push_if_willed(Deed::DashboardCancels, next, Done::default());
            if status == Status::Authorized {
                captured.books.capture();
                out.push_if_willed(Deed::DashboardCaptures, captured, Done::default());
            }
        }
    }

    /// Any event that was ever sent may be delivered now. `webhook` is one step: it loads, judges and commits, and
    /// where it is overtaken it judges the row that stands.
    fn webhooks(&self, state: &State, out: &mut Out<'_>) {
        for notice in Notice::all().filter(|notice| state.books.has_sent(*notice)) {
            let (next, mut done) = self.deliver(state, notice);
            if state.books.newest == Some(notice) && done.breaks.is_none() && !self.is_heeded(&next) {
                done.breaks = Some("P6: a webhook was answered 2xx, and nobody does anything about it");
            }
            out.push(Deed::Webhook(notice, done.fact), next, done);
        }
    }

    pub(crate) fn deliver(&self, state: &State, notice: Notice) -> (State, Done) {
        let (cause, answer) = match notice {
            Notice::Captured => (None, Answer::Shown(Status::Captured)),
            Notice::Canceled => (None, Answer::Shown(Status::Canceled)),
            Notice::Authorized => (None, Answer::Shown(Status::Authorized)),
            // Which of the two it waits for makes no difference: neither is believed from an event.
            Notice::Moved(cause) => (cause, Answer::Shown(Status::Pending)),
            Notice::Failed(cause) => {
                let why = cause.and_then(|number| state.books.why_declined(number));
                (cause, Answer::Declined(why.unwrap_or(Why::Vague)))
            }
        };
        let mut next = *state;
        let source = Source::Event { cause: cause.map(attempt) };
        let moved = self.judge(state, state.row, source, answer);
        if let Some(moved) = moved {
            next.commit(None, moved.to);
        }
        (next, moved.map(done).unwrap_or_default())
    }
}

/// A worker is killed, or does not hear from the gateway in time.
fn mishaps(state: &State, worker: usize, out: &mut Out<'_>) {
    let step = state.workers[worker].step;
    if state.left.kills > 0 && step != Step::Idle {
        let mut next = *state;
        next.left.kills -= 1;
        next.abandon(worker);
        next.workers[worker] = Worker::IDLE;
        out.push_if_willed(Deed::Dies(worker), next, Done::default());
    }
    let unheard = match step {
        Step::Awaits(wish) => Step::Heard(wish, Answer::Silence, false),
        Step::Fetches => Step::Fetched(Answer::Silence),
        Step::Idle | Step::Heard(..) | Step::Expires | Step::Reattempts | Step::Fetched(_) => return,
    };
    if state.left.timeouts > 0 {
        let mut next = *state;
        next.left.timeouts -= 1;
        next.abandon(worker);
        next.workers[worker].step = unheard;
        out.push_if_willed(Deed::GivesUp(worker), next, Done::default());
    }
}

/// The payer's time ends at any moment. Keys age once nobody is at work: no function lives for a quarter of an hour. But a
/// request may be on its way for longer than that, and arrive after its key is too old to be sent again.
fn time_passes(protocol: &Protocol, state: &State, out: &mut Out<'_>) {
    if !state.clock.is_over {
        let mut next = *state;
        next.clock.is_over = true;
        out.push(Deed::TimeIsOver, next, Done::default());
    }
    if state.is_quiet() {
        let aged = protocol.half_a_day_later(state);
        if aged != *state {
            out.push(Deed::KeysAge, aged, Done::default());
        } else if let Some(next) = protocol.a_day_later(state) {
            out.push(Deed::KeysDie, next, Done::default());
        }
    }
}

impl Protocol {
    /// The keys of all that was sent so far are too old to be sent again.
    fn half_a_day_later(&self, state: &State) -> State {
        let facts = self.facts(state.row);
        let mut next = *state;
        (next.clock.old_attempts, next.clock.old_captures) = (facts.attempts, facts.captures);
        next
    }

    /// They are dead, and whatever was on its way is lost. None: nothing was sent since.
    pub(crate) fn a_day_later(&self, state: &State) -> Option<State> {
        let mut next = self.half_a_day_later(state);
        next.clock.dead_attempts = next.clock.old_attempts;
        next.books.forget_keys();
        next.requests = [None; REQUESTS];
        (next != *state).then_some(next)
    }
}

impl Model for Protocol {
    type State = State;
    type Deed = Deed;

    fn start(&self) -> State {
        self.opened()
    }

    fn next(&self, state: &State, out: &mut Vec<Edge<Self>>) {
        if !self.is_over(state) {
            self.all_that_can_happen(state, out);
        }
    }

    fn broken(&self, state: &State) -> Option<&'static str> {
        super::promises::broken(&self.facts(state.row), &state.books)
            .or_else(|| self.is_unhealed(state).filter(|_| self.asking == Asking::Everything))
    }

    fn is_settled(&self, state: &State) -> bool {
        self.is_over(state)
    }

    fn tell(&self, before: &State, deed: Deed, swapped: bool) -> String {
        deed.tell(before, swapped)
    }
}
