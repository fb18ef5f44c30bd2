//! What is announced reaches the merchant, through everything that can go wrong with that: nudges that are lost, doubled or late,
//! whoever delivers killed where it waits, a table that refuses or whose answers are lost, a sweep that is late or looks at an old
//! index, servers that are in any mood ([`servers`]), and a merchant who registers, rotates, disables and enables endpoints meanwhile.
//!
//! Only so much goes wrong; then all is well, and everything comes to rest. Whether everybody has heard what they must, and nothing
//! else, [`audit`] says.
//!
//! It goes on between the batches of telling and after them, and like telling it has dice of its own. The clock goes from due to due,
//! as if the run's table had been left to itself for some days.

mod audit;
mod servers;

use std::{pin::pin, task::Poll, time::Duration};

use domain::{
    dispute,
    id::{RequestHash, RowId},
    payment,
    time::Timestamp,
    timeline::{Change, EventType},
    webhook::{Delivery, DeliveryId, EndpointId, Interest, KeepFormer, Progress, RotationRequest},
};
use flow::{
    operations::{
        deliver::{Carried, deliver},
        sweep::sweep,
        webhook_endpoint::{WebhookEndpointError, disable, enable, endpoint_id, register, rotate},
    },
    ports::Host as _,
};

use self::{audit::Watch, servers::Servers};
use super::{coverage::Sometimes, dice::Dice, stage::Stage};
use crate::{
    post::registration,
    queue::MemoryQueue,
    shop::{client, key},
    store::{Call, Course},
    turns::{advance, all, block_on},
};

/// So much goes wrong at most. From then on all goes well.
const TROUBLES_MAX: u32 = 60;
/// And one thing in so many, until then.
const ONE_IN: usize = 10;
/// A batch of the deliveries queue is ten messages at most.
const BATCHES: [usize; 3] = [1, 3, 10];
/// So many batches are tried between two of telling.
const BATCHES_BETWEEN: u32 = 3;
/// An invocation over a batch takes fewer turns than this.
const TURNS_MAX: u64 = 30;
/// The sweep comes every minute, unless it is late.
const SWEEP_IS_LATE: [Duration; 4] =
    [Duration::ZERO, Duration::from_secs(60), Duration::from_secs(600), Duration::from_secs(3600)];
/// After this a message that was received and not done can be received again.
const HIDDEN: Duration = Duration::from_secs(90);
/// Registered from the beginning, or in the middle of it.
const NAMES: [&str; 3] = ["all", "some", "later"];
/// A client asks more often than anything goes wrong.
const ASKS_MAX: u32 = 100;
/// More rounds than any run needs.
const ROUNDS_MAX: u32 = 20_000;

/// Whoever brings events to the merchant.
pub(super) struct Courier<'a> {
    stage: &'a Stage,
    nudges: &'a MemoryQueue,
    servers: Servers<'a>,
    /// Messages that can be received.
    inbox: Vec<DeliveryId>,
    /// Messages that come later, and when.
    late: Vec<(Timestamp, DeliveryId)>,
    dice: Dice,
    registered: Vec<EndpointId>,
    rotations: u32,
    watch: Watch,
}

/// What the merchant has done about an endpoint.
#[derive(Debug, Clone)]
enum Wish {
    Register { name: &'static str, interest: Interest },
    Rotate { id: EndpointId, request: RotationRequest },
    Disable { id: EndpointId },
    Enable { id: EndpointId },
}

/// Whether anything goes wrong with the calls of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    Fair,
    Foul,
}

impl<'a> Courier<'a> {
    /// The courier of a run, with the merchant's first endpoints registered.
    pub(super) fn called(stage: &'a Stage, nudges: &'a MemoryQueue, seed: u64) -> Self {
        let mut courier = Self {
            stage,
            nudges,
            // Three who throw different dice.
            servers: Servers::new(stage, !seed),
            inbox: Vec::new(),
            late: Vec::new(),
            dice: Dice::new(seed.rotate_left(32) ^ 1, ONE_IN, TROUBLES_MAX),
            registered: Vec::new(),
            rotations: 0,
            watch: Watch::default(),
        };
        courier.registers();
        if courier.dice.below(2) == 0 {
            courier.registers();
        }
        courier
    }

    /// These changes are about to be told.
    pub(super) fn before_telling(&mut self, batch: &[&Change]) {
        self.nudges.fail_next(u32::from(self.dice.strikes()));
        let ids = batch.iter().map(|change| change.after.image.event_id());
        ids.filter(|id| !self.stage.store.is_told(id)).for_each(|id| self.watch.may_be_told(id));
    }

    /// Some of what was told is delivered, or not yet.
    pub(super) fn between_tellings(&mut self) {
        self.stage.store.faults_end();
        self.meddles();
        if self.dice.strikes() {
            self.stage.clock.advance(Duration::from_secs(self.dice.below_u64(3600)));
        }
        if self.dice.below(3) == 0 {
            self.sweeps();
        }
        for _ in 0..BATCHES_BETWEEN {
            self.receives();
            self.batch();
        }
    }

    /// Everything is delivered, sooner or later. What is wrong with it.
    pub(super) fn comes_to_rest(mut self) -> Vec<String> {
        for _ in 0..ROUNDS_MAX {
            self.receives();
            if !self.inbox.is_empty() {
                self.batch();
                continue;
            }
            let arrival = self.late.iter().map(|(at, _)| *at).min();
            let Some(next) = self.stage.store.earliest_delivery().into_iter().chain(arrival).min() else {
                return self.watch.audit(self.stage, &self.servers.merchant);
            };
            self.meddles();
            let is_late = self.dice.pick(&SWEEP_IS_LATE).unwrap_or_default();
            self.stage.clock.advance(next.since(self.stage.clock.now()).saturating_add(is_late));
            self.sweeps();
        }
        vec!["a delivery is due for ever".to_owned()]
    }

    // ── The merchant ────────────────────────────────────────────────────────────────────────────────────────────────

    /// Sometimes the merchant does something about an endpoint.
    fn meddles(&mut self) {
        if !self.dice.strikes() {
            return;
        }
        if self.registered.len() < NAMES.len() && self.dice.below(3) == 0 {
            self.registers();
            self.stage.happened(Sometimes::RegisteredMeanwhile);
            return;
        }
        let Some(id) = self.dice.pick(&self.registered) else { return };
        let is_enabled = self.stage.store.endpoints().find(&id).is_some_and(domain::webhook::Endpoint::is_enabled);
        if self.dice.below(2) == 0 {
            return self.has_done(&if is_enabled { Wish::Disable { id } } else { Wish::Enable { id } });
        }
        self.rotations = self.rotations.saturating_add(1);
        let for_an_hour = KeepFormer::try_new(Duration::from_secs(3600)).unwrap_or(KeepFormer::USUAL);
        let at_once = KeepFormer::try_new(Duration::ZERO).unwrap_or(KeepFormer::USUAL);
        let keep_former = self.dice.pick(&[KeepFormer::USUAL, for_an_hour, at_once]).unwrap_or(KeepFormer::USUAL);
        let (key, request_hash) = (key(&format!("rotation-{}", self.rotations)), RequestHash::of([]));
        self.has_done(&Wish::Rotate { id: id.clone(), request: RotationRequest { key, request_hash, keep_former } });
        self.watch.rotated(&id, self.stage.clock.now(), keep_former);
    }

    /// The first endpoint hears of everything, the others sometimes of what brings or takes money.
    fn registers(&mut self) {
        const OF_MONEY: [EventType; 5] = [
            EventType::Payment(payment::Status::Succeeded),
            EventType::Payment(payment::Status::RequiresCapture),
            EventType::RefundSucceeded,
            EventType::RefundFailed,
            EventType::Dispute(dispute::Status::NeedsResponse),
        ];
        let Some(name) = NAMES.get(self.registered.len()).copied() else { return };
        let hears_of_all = self.registered.is_empty() || self.dice.below(2) == 0;
        let only = if hears_of_all { None } else { Interest::only(&OF_MONEY).ok() };
        self.has_done(&Wish::Register { name, interest: only.unwrap_or(Interest::All) });
        let id = endpoint_id(&key(name));
        self.watch.registered(&id, self.stage.clock.now());
        self.registered.push(id);
    }

    /// A client asks until it is answered.
    fn has_done(&mut self, wish: &Wish) {
        for _ in 0..ASKS_MAX {
            self.brews(3);
            let asked = block_on(self.asks(wish));
            self.stage.store.faults_end();
            self.watch.sees(self.stage);
            if asked.is_ok() {
                return;
            }
        }
        self.watch.found("an endpoint could not be changed".to_owned());
    }

    async fn asks(&self, wish: &Wish) -> Result<(), WebhookEndpointError> {
        let (host, store, client) = (&*self.stage.clock, &self.stage.store, &client());
        let asked = match wish.clone() {
            Wish::Register { name, interest } => register(host, store, registration(name, interest), client).await,
            Wish::Rotate { id, request } => rotate(host, store, &id, request, client).await,
            Wish::Disable { id } => disable(host, store, &id, client).await,
            Wish::Enable { id } => enable(host, store, &id, client).await,
        };
        asked.map(|_| ())
    }

    // ── The way ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// The sweep nudges what is due, unless something is in its way.
    fn sweeps(&mut self) {
        if !self.dice.strikes() {
            self.stage.store.catch_up_index();
        }
        if self.dice.strikes() {
            self.stage.store.script(Call::FindDue, [Course::LostBefore, Course::Well, Course::LostAfter]);
        }
        self.nudges.fail_next(u32::from(self.dice.strikes()));
        self.nudges.take_at_most(if self.dice.strikes() { 2 } else { usize::MAX });
        let mut turns = self.lives(2 * TURNS_MAX);
        let swept = pin!(sweep(&*self.stage.clock, &self.stage.store, self.nudges));
        // Whatever became of it: the next one finds what it did not.
        drop(advance(swept, || ends(&mut turns)));
        self.nudges.fail_next(0);
        self.nudges.take_at_most(usize::MAX);
        self.stage.store.faults_end();
    }

    /// What the queue does with messages.
    fn receives(&mut self) {
        let now = self.stage.clock.now();
        for nudged in self.nudges.drain() {
            // All else that is due has a queue of its own, and whoever came for it in the run is gone.
            let RowId::Delivery(id) = nudged.id else { continue };
            if self.dice.strikes() {
                self.stage.happened(Sometimes::NudgeOfDeliveryLost);
                continue;
            }
            if self.dice.strikes() {
                self.stage.happened(Sometimes::NudgeOfDeliveryDoubled);
                self.inbox.push(id.clone());
            }
            if self.dice.strikes() {
                self.stage.happened(Sometimes::NudgeOfDeliveryLate);
                self.late.push((now.plus(Duration::from_secs(self.dice.below_u64(86_400))), id));
            } else {
                self.inbox.push(id);
            }
        }
        let arrived = self.late.extract_if(.., |(at, _)| *at <= now).map(|(_, id)| id);
        self.inbox.extend(arrived);
    }

    /// The function is given a batch of messages, and tries all of them at once.
    fn batch(&mut self) {
        let size = self.dice.pick(&BATCHES).unwrap_or(1).min(self.inbox.len());
        let batch: Vec<DeliveryId> = self.inbox.drain(..size).collect();
        if batch.is_empty() {
            return;
        }
        let weather = self.brews(12);
        let mut turns = self.lives(TURNS_MAX);
        let (stage, servers) = (self.stage, &self.servers);
        let delivers = batch.iter().map(|id| async move { deliver(&*stage.clock, &stage.store, servers, id).await });
        let done = advance(pin!(all(delivers)), || ends(&mut turns));
        stage.store.faults_end();
        let heard = self.watch.sees_heard(&self.servers.merchant);
        self.watch.sees(stage);
        if weather == Weather::Fair && done.is_ready() {
            self.watch.sees_undisturbed(&heard);
        }
        let back: Vec<DeliveryId> = match done {
            Poll::Pending => {
                stage.happened(Sometimes::DelivererKilled);
                batch
            }
            Poll::Ready(done) => {
                for delivery in done.iter().filter_map(|done| done.as_ref().ok()).filter_map(waiting) {
                    let is_told = stage.store.is_told(delivery.id.event());
                    stage.happened(if is_told { Sometimes::DeliveryWithheld } else { Sometimes::EventAwaited });
                }
                batch.into_iter().zip(done).filter(|(_, done)| done.is_err()).map(|(id, _)| id).collect()
            }
        };
        for id in back {
            // Some are put aside as often failed, and nobody brings them back: the sweep finds their rows.
            if self.dice.below(2) == 0 {
                self.late.push((stage.clock.now().plus(HIDDEN), id));
            }
        }
    }

    // ── What goes wrong ─────────────────────────────────────────────────────────────────────────────────────────────

    /// What goes wrong with the calls to the table that come next, among the first so many.
    fn brews(&mut self, calls: usize) -> Weather {
        const COURSES: [Course; 3] = [Course::LostBefore, Course::LostAfter, Course::SentTwice];
        let mut weather = Weather::Fair;
        for call in [Call::Load, Call::Write] {
            if self.dice.strikes() {
                let before = std::iter::repeat_n(Course::Well, self.dice.below(calls));
                let course = self.dice.pick(&COURSES).unwrap_or(Course::Well);
                self.stage.store.script(call, before.chain([course]));
                self.stage.happened(Sometimes::DeliveringFails);
                weather = Weather::Foul;
            }
        }
        weather
    }

    /// For how many turns the next function lives.
    fn lives(&mut self, at_most: u64) -> u64 {
        if self.dice.strikes() { self.dice.below_u64(at_most).saturating_add(1) } else { u64::MAX }
    }
}

/// A delivery that could not be tried yet: its event is not there, or its endpoint is disabled.
fn waiting(carried: &Carried) -> Option<&Delivery> {
    match carried {
        Carried::Untried(delivery) => Some(&**delivery).filter(|delivery| delivery.progress == Progress::Pending),
        Carried::Tried(_) | Carried::Dropped => None,
    }
}

/// Whether a life is over, one turn later.
fn ends(turns: &mut u64) -> bool {
    *turns = turns.saturating_sub(1);
    *turns == 0
}
