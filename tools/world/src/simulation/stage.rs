//! What all that happens in one run happens on: the twins of the outside, the clock, the choices, who runs, who waits
//! for whom, and those who watch (auditor, story, coverage).

mod switch;

pub(super) use switch::PauseId;

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};

use domain::time::Timestamp;
use flow::ports::Host as _;

use self::switch::Switch;
use super::{
    actors::Message,
    auditor::Auditor,
    choices::{Choices, Schedule},
    climate::{Climate, Trouble},
    coverage::{Coverage, Operation, Point, Sometimes},
    executor::{Act, ActId, Pause, Running},
    functions::{Release, Reply},
    machine::Verdict,
    planted::Bug,
    story::Story,
};
use crate::{
    gateway::SimGateway,
    host::SimHost,
    people::Twin,
    queue::MemoryQueue,
    store::{Layout, MemoryStore},
};

/// Names one invocation of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct InvocationId(pub(super) u64);

/// What the others know of an invocation.
#[derive(Debug)]
struct Invocation {
    operation: Operation,
    reply: Option<Reply>,
    waits: Option<ActId>,
    /// Nobody waits for it any more.
    is_abandoned: bool,
}

/// The stage of one run.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) clock: Arc<SimHost>,
    pub(super) store: MemoryStore,
    pub(super) queue: MemoryQueue,
    pub(super) gateway: SimGateway,
    pub(super) people: Twin,
    /// What is planted before the functions' ports.
    pub(super) bug: Option<Bug>,
    inner: Mutex<Inner>,
}

struct Inner {
    choices: Choices,
    climate: Climate,
    release: Release,
    /// What the gateway thinks of requests, by their keys.
    verdicts: BTreeMap<String, Verdict>,
    calm_since: Option<Timestamp>,
    /// Until then the indexes of the table show the past.
    index_lags_until: Option<Timestamp>,
    switch: Switch,
    turns: Turns,
    invocations: BTreeMap<InvocationId, Invocation>,
    /// Messages of the retry queue that can be received.
    inbox: Vec<Message>,
    /// Requests that are on their way although their callers have given up.
    late: u32,
    /// Clients and payers that are not done yet.
    busy: u32,
    coverage: Coverage,
    auditor: Auditor,
    story: Story,
}

/// Who runs.
#[derive(Default)]
struct Turns {
    made: u64,
    on: Option<ActId>,
    pause: Option<Pause>,
    spawned: Vec<Running>,
    woken: Vec<ActId>,
    light_sleeper: Option<ActId>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Stage").field("turns", &self.turns.made).finish_non_exhaustive()
    }
}

/// What a run leaves.
pub(super) struct Remains {
    pub(super) draws: Schedule,
    pub(super) coverage: Coverage,
    pub(super) auditor: Auditor,
    pub(super) story: Story,
}

impl Stage {
    /// A stage on which nothing has happened yet.
    pub(super) fn new(seed: u64, mut choices: Choices, story: Story) -> Self {
        let clock = Arc::new(SimHost::new(seed));
        let climate = Climate::draw(&mut choices);
        let gateway = SimGateway::new(Arc::clone(&clock));
        let store = MemoryStore::default();
        let rows = choices.pick(&[Layout::Present, Layout::Present, Layout::Former]).unwrap_or_default();
        Self {
            clock,
            store,
            queue: MemoryQueue::default(),
            gateway,
            people: Twin::default(),
            bug: None,
            inner: Mutex::new(Inner {
                choices,
                climate,
                release: Release { rows, ..Release::FIRST },
                verdicts: BTreeMap::new(),
                calm_since: None,
                index_lags_until: None,
                switch: Switch::default(),
                turns: Turns::default(),
                invocations: BTreeMap::new(),
                inbox: Vec::new(),
                late: 0,
                busy: 0,
                coverage: Coverage::default(),
                auditor: Auditor::default(),
                story,
            }),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes everything down and keeps what was learnt.
    pub(super) fn strike(&self) -> Remains {
        let mut inner = self.inner();
        inner.turns.spawned.clear();
        Remains {
            draws: std::mem::replace(&mut inner.choices, Choices::given(Schedule::default())).into_drawn(),
            coverage: std::mem::take(&mut inner.coverage),
            auditor: std::mem::take(&mut inner.auditor),
            story: std::mem::take(&mut inner.story),
        }
    }

    // ── Choices and weather ─────────────────────────────────────────────────────────────────────────────────────────

    pub(super) fn choose<T>(&self, choose: impl FnOnce(&mut Choices) -> T) -> T {
        choose(&mut self.inner().choices)
    }

    /// Whether something goes wrong that goes wrong so often in this climate. Never once the weather is calm.
    pub(super) fn strikes(&self, how_often: impl FnOnce(&Climate) -> u32) -> bool {
        let mut inner = self.inner();
        let rate = how_often(&inner.climate);
        inner.calm_since.is_none() && inner.choices.one_in(rate)
    }

    /// What strikes a function at a call, if anything does.
    pub(super) fn strikes_at(&self, point: Point) -> Option<Trouble> {
        let mut inner = self.inner();
        let climate = inner.climate;
        if inner.calm_since.is_some() { None } else { climate.strikes_at(point, &mut inner.choices) }
    }

    /// Whatever it is, it is drawn while the weather is bad, and plain once it is calm.
    pub(super) fn draw<T: Copy>(&self, of: &[T]) -> Option<T> {
        let mut inner = self.inner();
        if inner.calm_since.is_some() { of.first().copied() } else { inner.choices.pick(of) }
    }

    /// From now on nothing goes wrong any more, and nothing is paused.
    pub(super) fn calm_down(&self) {
        self.resume_all();
        self.inner().calm_since = Some(self.clock.now());
        self.wake_light_sleeper();
    }

    /// Since when nothing goes wrong any more.
    pub(super) fn calm_since(&self) -> Option<Timestamp> {
        self.inner().calm_since
    }

    pub(super) fn is_calm(&self) -> bool {
        self.calm_since().is_some()
    }

    /// From now on, for so long or until the weather is calm, the indexes of the table show what is so now.
    pub(super) fn index_lags(&self, lag: Duration) {
        self.inner().index_lags_until = Some(self.clock.now().plus(lag));
    }

    /// The indexes of the table catch up, unless they lag.
    pub(super) fn index_catches_up(&self) {
        let inner = self.inner();
        let lags = inner.calm_since.is_none() && inner.index_lags_until.is_some_and(|until| self.clock.now() < until);
        drop(inner);
        if !lags {
            self.store.catch_up_index();
        }
    }

    /// What the gateway thinks of the request with this key.
    pub(super) fn verdict_on(&self, key: &str) -> Verdict {
        self.inner().verdicts.get(key).copied().unwrap_or(Verdict::Open)
    }

    /// The gateway has made up its mind about the request with this key.
    pub(super) fn judged(&self, key: String, verdict: Verdict) {
        self.inner().verdicts.insert(key, verdict);
    }

    /// The release that new invocations run.
    pub(super) fn release(&self) -> Release {
        self.inner().release
    }

    pub(super) fn deploy(&self, release: Release) {
        self.inner().release = release;
    }

    // ── Those who watch ─────────────────────────────────────────────────────────────────────────────────────────────

    /// Tells what happened, if anybody listens.
    pub(super) fn tell(&self, what: impl FnOnce() -> String) {
        let after = self.clock.now().since(SimHost::START);
        self.inner().story.tell(after, what);
    }

    /// What lies in the retry queue and can be received.
    pub(super) fn with_inbox<T>(&self, look: impl FnOnce(&mut Vec<Message>) -> T) -> T {
        look(&mut self.inner().inbox)
    }

    pub(super) fn happened(&self, what: Sometimes) {
        self.inner().coverage.happened(what);
    }

    pub(super) fn with_coverage(&self, see: impl FnOnce(&mut Coverage)) {
        see(&mut self.inner().coverage);
    }

    pub(super) fn with_auditor<T>(&self, ask: impl FnOnce(&mut Auditor) -> T) -> T {
        ask(&mut self.inner().auditor)
    }

    /// How many turns were made: of two things, the one with the lower number was first.
    pub(super) fn turn_number(&self) -> u64 {
        self.inner().turns.made
    }

    // ── Who runs ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Somebody who acts by themselves, and cannot be killed.
    pub(super) fn spawn(&self, act: impl Future<Output = ()> + Send + 'static) -> ActId {
        self.run(None, Box::pin(act))
    }

    /// The same, but the run does not calm down before they are done.
    pub(super) fn spawn_busy(self: &Arc<Self>, act: impl Future<Output = ()> + Send + 'static) {
        let stage = Arc::clone(self);
        let busy = |stage: &Self, change: fn(u32, u32) -> u32| {
            let mut inner = stage.inner();
            inner.busy = change(inner.busy, 1);
        };
        busy(self, u32::saturating_add);
        self.spawn(async move {
            act.await;
            busy(&stage, u32::saturating_sub);
        });
    }

    /// Lets something arrive later although nobody waits for it any more. A run does not end before it has.
    pub(super) fn later<F>(self: &Arc<Self>, after: Duration, deed: impl FnOnce(&Arc<Self>) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send,
    {
        let stage = Arc::clone(self);
        let under_way = |stage: &Self, change: fn(u32, u32) -> u32| {
            let mut inner = stage.inner();
            inner.late = change(inner.late, 1);
        };
        under_way(self, u32::saturating_add);
        self.spawn(async move {
            stage.sleep(after).await;
            deed(&stage).await;
            under_way(&stage, u32::saturating_sub);
        });
    }

    /// Whether clients and payers have done what they wanted.
    pub(super) fn is_idle(&self) -> bool {
        self.inner().busy == 0
    }

    /// Whether everything that was sent has arrived or is lost.
    pub(super) fn all_has_arrived(&self) -> bool {
        self.inner().late == 0
    }

    /// Starts a function, and ends it when its time is over.
    pub(super) fn invoke(
        self: &Arc<Self>,
        operation: Operation,
        time_limit: Duration,
        function: impl FnOnce(InvocationId) -> Box<dyn Future<Output = Reply> + Send>,
    ) -> InvocationId {
        let id = self.begins(operation);
        let (stage, function) = (Arc::clone(self), Box::into_pin(function(id)));
        let act = Box::pin(async move {
            let reply = function.await;
            stage.replied(id, reply);
        });
        self.goes_on(id, time_limit, act);
        id
    }

    /// An invocation begins. What it does is for [`Self::goes_on`].
    pub(super) fn begins(&self, operation: Operation) -> InvocationId {
        let mut inner = self.inner();
        let id = InvocationId(u64::try_from(inner.invocations.len()).unwrap_or(u64::MAX));
        let unknown = Invocation { operation, reply: None, waits: None, is_abandoned: false };
        inner.invocations.insert(id, unknown);
        id
    }

    /// A part of what an invocation does; all parts end when one of them is killed, or when the time is over.
    pub(super) fn goes_on(&self, id: InvocationId, time_limit: Duration, part: Act) {
        self.run(Some((id, self.clock.now().plus(time_limit))), part);
    }

    fn run(&self, function: Option<(InvocationId, Timestamp)>, act: Act) -> ActId {
        let inner = &mut *self.inner();
        // It draws from a stream of its own.
        let id = ActId(inner.choices.begin());
        inner.turns.spawned.push(Running { id, function, act, wakes: None });
        id
    }

    /// An invocation answers.
    pub(super) fn replied(&self, id: InvocationId, reply: Reply) {
        let mut inner = self.inner();
        let Some(invocation) = inner.invocations.get_mut(&id) else { return };
        invocation.reply = Some(reply);
        let waits = invocation.waits.take();
        inner.turns.woken.extend(waits);
    }

    /// A function was killed.
    pub(super) fn died(&self, id: InvocationId) {
        self.replied(id, Reply::Died);
    }

    /// A function's time is over.
    pub(super) fn ran_out_of_time(&self, id: InvocationId) {
        self.happened(Sometimes::OutOfTime);
        let operation = self.inner().invocations.get(&id).map(|invocation| invocation.operation);
        self.tell(|| format!("{operation:?} #{} runs out of its time and is killed", id.0));
    }

    /// Whether somebody waits for what it answers.
    pub(super) fn is_abandoned(&self, id: InvocationId) -> bool {
        self.inner().invocations.get(&id).is_some_and(|invocation| invocation.is_abandoned)
    }

    /// Waits for a function's answer, but not for ever. None: whoever waits gives up, and the function goes on.
    pub(super) async fn reply(&self, id: InvocationId, patience: Duration) -> Option<Reply> {
        let until = self.clock.now().plus(patience);
        poll_fn(|_| {
            let now = self.clock.now();
            let mut inner = self.inner();
            let (on, is_over) = (inner.turns.on, now >= until);
            let Some(invocation) = inner.invocations.get_mut(&id) else { return Poll::Ready(None) };
            if let Some(reply) = invocation.reply.take() {
                return Poll::Ready(Some(reply));
            }
            if is_over {
                invocation.is_abandoned = true;
                return Poll::Ready(None);
            }
            invocation.waits = on;
            inner.turns.pause = Some(Pause::Until(until));
            Poll::Pending
        })
        .await
    }

    /// Lets the others have a turn.
    pub(super) async fn turn(&self) {
        let mut passed = false;
        poll_fn(|_| {
            if std::mem::replace(&mut passed, true) {
                return Poll::Ready(());
            }
            self.inner().turns.pause = Some(Pause::Turn);
            Poll::Pending
        })
        .await;
    }

    pub(super) async fn sleep(&self, duration: Duration) {
        self.until(self.clock.now().plus(duration)).await;
    }

    pub(super) async fn until(&self, moment: Timestamp) {
        poll_fn(|_| {
            if self.clock.now() >= moment {
                return Poll::Ready(());
            }
            self.inner().turns.pause = Some(Pause::Until(moment));
            Poll::Pending
        })
        .await;
    }

    /// Sleeps until then, or until somebody wakes whoever sleeps like this.
    pub(super) async fn until_or_woken(&self, moment: Timestamp) {
        let mut slept = false;
        poll_fn(|_| {
            if self.clock.now() >= moment || std::mem::replace(&mut slept, true) {
                return Poll::Ready(());
            }
            let turns = &mut self.inner().turns;
            turns.light_sleeper = turns.on;
            turns.pause = Some(Pause::Until(moment));
            Poll::Pending
        })
        .await;
    }

    /// Wakes whoever waits for something to happen.
    pub(super) fn wake_light_sleeper(&self) {
        let turns = &mut self.inner().turns;
        turns.woken.extend(turns.light_sleeper.take());
    }

    /// Is killed here.
    pub(super) async fn die<T>(&self) -> T {
        poll_fn(|_| {
            self.inner().turns.pause = Some(Pause::Killed);
            Poll::Pending
        })
        .await
    }

    // ── For the executor ────────────────────────────────────────────────────────────────────────────────────────────

    pub(super) fn take_spawned(&self) -> Vec<Running> {
        std::mem::take(&mut self.inner().turns.spawned)
    }

    pub(super) fn take_woken(&self) -> Vec<ActId> {
        std::mem::take(&mut self.inner().turns.woken)
    }

    pub(super) fn enters(&self, id: ActId) {
        let inner = &mut *self.inner();
        inner.choices.turn_to(id.0);
        inner.turns.made = inner.turns.made.saturating_add(1);
        inner.turns.on = Some(id);
        inner.turns.pause = None;
    }

    pub(super) fn leaves(&self) -> Pause {
        let mut inner = self.inner();
        inner.choices.turn_to(0);
        inner.turns.pause.take().unwrap_or(Pause::Turn)
    }
}
