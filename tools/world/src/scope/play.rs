//! One play: a payment is brought somewhere, somebody does something on a bad wire, and then everything goes on as it does
//! in a house: the client repeats its request, a look comes, what was late arrives, the sweeps come, the gateway's events
//! are delivered. At its end the auditor asks what must be so.

use std::fmt::{self, Write as _};

use domain::{
    gateway::{Gateway as GatewayName, ObjectStatus, Outcome},
    id::RefundId,
    payment::{Payment, PaymentState, ProcessingReason, Refund},
};
use flow::operations::{
    initiate::transaction_id,
    webhook::{GatewayEvent, News, Received, Subject},
};

use super::{
    deed::{Deed, Hand, KEY_REUSED, Told},
    dispute::{DisputeEnd, DisputeScene},
    house::House,
    race::Outside,
    wire::{Plan, Trace, Wire},
};
use crate::{
    audit::{self, Breach, Hour},
    gateway::{Cause, Standing, Verdict},
    scenes::{OrderScene, Scene},
    shop::{Shop, held_order, order},
    turns::block_on,
};

/// After so many sweeps since faults stopped, every row has settled or waits for somebody (promise P7).
const SWEEPS_TO_REST: u32 = 3;
/// More sweeps than any payment needs: so many re-attempts are never made.
const SWEEPS_MAX: u32 = 60;
/// More steps than anything is late.
const STEPS_MAX: u32 = 8;
/// More often than faults can keep somebody from being answered.
const TRIES_MAX: u32 = 4;
/// So often a bank says what the beginning tells; then it says yes.
const SAYS: usize = 3;

/// Where a play begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beginning {
    /// Where the payment stands.
    pub place: Place,
    /// When it begins.
    pub time: Time,
    /// What somebody else does at the gateway; its events are on their way.
    pub before: Outside,
    /// What the bank says to the first who ask it from now on.
    pub bank: Verdict,
}

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// There is none yet.
    Nowhere,
    /// As the scene says.
    Scene(Scene),
    /// It waits for a way to pay, and the money will be held.
    ToBeHeld,
    /// A charge was asked for, and its request arrives when a step has ended.
    OnItsWay,
    /// At PayPal.
    Order(OrderScene),
    /// It is paid, and disputed.
    Disputed(DisputeScene, GatewayName),
}

/// When a play begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// At once.
    Now,
    /// When the payer's time is over.
    Over,
}

/// Who comes first when something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Whoever asked, once more.
    Repeat,
    /// Somebody who looks at what is due.
    Look,
}

/// What came of a play.
#[derive(Debug)]
pub struct Played {
    /// Where somebody called while things could go wrong.
    pub trace: Trace,
    /// How it ended.
    pub end: End,
    /// What whoever did it was told, each time.
    pub told: Vec<Told>,
    house: House,
}

/// Whether the gateway's events have all been delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    NotAll,
    All,
}

/// Where a payment ended, and what the gateway's books say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Where it stands.
    pub state: Option<PaymentState>,
    /// What was charged, by whom, and what became of it.
    pub books: Vec<(Cause, i64, Standing)>,
    /// What the row says of refunds, in the order of their ids.
    pub refunds: Vec<(RefundId, i64, &'static str)>,
    /// What has gone back by the books, and whether it stayed so.
    pub given_back: Vec<(Option<RefundId>, i64, bool)>,
    /// Whether a person was called.
    pub is_reviewed: bool,
    /// How its dispute stands, what became of each answer, and how many the gateway took.
    pub dispute: Option<DisputeEnd>,
}

impl End {
    fn without_refunds(self) -> Self {
        Self { refunds: Vec::new(), given_back: Vec::new(), ..self }
    }
}

impl Beginning {
    /// A payment that stands so, now, of which nobody else knows, and a bank that says yes.
    #[must_use]
    pub const fn at(scene: Scene) -> Self {
        Self::of(Place::Scene(scene))
    }

    /// The same at any place.
    #[must_use]
    pub const fn of(place: Place) -> Self {
        Self { place, time: Time::Now, before: Outside::Nobody, bank: Verdict::Charge }
    }

    /// The same with a bank that says this.
    #[must_use]
    pub const fn with_bank(self, bank: Verdict) -> Self {
        Self { bank, ..self }
    }

    /// Whether somebody else could do this.
    #[must_use]
    pub fn admits(self, outside: Outside) -> bool {
        block_on(async { outside.happens(&self.house().await) })
    }

    /// The events that are on their way.
    #[must_use]
    pub fn events(self) -> Vec<GatewayEvent> {
        block_on(async { self.house().await.shop.gateway().take_events() })
    }

    /// The house in which that is so.
    pub(super) async fn house(self) -> House {
        let mut dispute = None;
        let (shop, id) = match self.place {
            Place::Order(scene) => scene.set().await,
            Place::Disputed(scene, gateway) => {
                let (shop, id, disputed) = scene.set(gateway).await;
                dispute = Some(disputed);
                (shop, id)
            }
            Place::Nowhere => (Shop::new(), transaction_id(&order("order").key)),
            Place::Scene(scene) => scene.set().await,
            Place::OnItsWay => Scene::Unanswered.set().await,
            Place::ToBeHeld => {
                let shop = Shop::new();
                let id = shop.opened(held_order("order")).await.id;
                drop(shop.gateway().take_events());
                (shop, id)
            }
        };
        shop.gateway().bank_says([self.bank; SAYS]);
        if let (Time::Over, Some(row)) = (self.time, shop.store().row(&id)) {
            shop.host().advance(row.terms.expires_in);
        }
        let mut house = House::new(shop, id);
        house.dispute = dispute;
        self.before.happens(&house);
        if self.place == Place::OnItsWay {
            house.keep(1, None, |shop, _| {
                shop.gateway().late_requests_arrive();
            });
        }
        house
    }
}

/// Plays it: `deed` on a wire where this happens, and everything that follows.
pub async fn play(beginning: Beginning, deed: &Deed, next: Next, plan: &Plan) -> Played {
    let house = beginning.house().await;
    let wire = Wire::with(plan.clone());
    let mut told = vec![house.step(deed, &wire).await];
    let look = if house.dispute.is_some() { Deed::LookAtDispute } else { Deed::Retry };
    if next == Next::Look {
        house.step(&look, &wire).await;
    }
    // Whoever asked asks once more, heard or not, and goes on until they are answered.
    for tries in 0..TRIES_MAX {
        if tries > 0 && !matches!(told.last(), Some(Told::Failed(_) | Told::Nothing)) {
            break;
        }
        told.push(house.step(deed, &wire).await);
    }
    if next == Next::Repeat {
        house.step(&look, &wire).await;
    }
    house.settles().await;
    house.keeps_its_keys(deed).await;
    Played { trace: wire.trace(), end: house.end(), told, house }
}

impl Played {
    /// A promise that was broken.
    #[must_use]
    pub fn breach(&self) -> Option<String> {
        self.house.breach()
    }
}

impl fmt::Display for Played {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "called {:?}\ntold {:#?}\n{}", self.trace, self.told, self.house.story())
    }
}

impl House {
    /// Somebody does something, and time goes by for whatever is late.
    async fn step(&self, deed: &Deed, wire: &Wire) -> Told {
        let told = deed.done(self, wire).await;
        self.is_true(deed, &told);
        self.step_ends();
        told
    }

    /// Nothing goes wrong any more: what is late arrives, the row comes to rest, and then the gateway's events change nothing.
    pub(super) async fn settles(&self) {
        for _ in 0..STEPS_MAX {
            self.step_ends();
        }
        if self.has_strays() {
            self.breaks("something never arrived".to_owned());
        }
        self.rests(Heard::NotAll).await;
        self.dispute_rests().await;
        let Some(row) = self.row() else { return };
        let end = self.end().without_refunds();
        for event in self.take_events() {
            let deed = Deed::Webhook(Box::new(event));
            let told = deed.done(self, &Wire::default()).await;
            self.is_true(&deed, &told);
        }
        self.dispute_rests().await;
        if self.row().is_some_and(|it| it.version == row.version) {
            self.audit_at_rest(Heard::All);
            return;
        }
        self.rests(Heard::All).await;
        // A refund that was made by hand, or that comes back, is news that only an event brings.
        let now = self.end().without_refunds();
        if now != end {
            self.breaks(format!("P6: old events have changed the end: {end:?} {now:?}"));
        }
    }

    /// Sweeps come until one of them finds nothing new, and nobody is in doubt any more. Three are enough for a doubt (P7).
    async fn rests(&self, heard: Heard) {
        let mut sweeps_in_doubt = 0_u32;
        for _ in 0..SWEEPS_MAX {
            let Some(before) = self.row().filter(|row| row.due.is_some()) else { break };
            self.sweeps().await;
            let Some(after) = self.row() else { break };
            if after.is_in_doubt() {
                sweeps_in_doubt = sweeps_in_doubt.saturating_add(1);
                if sweeps_in_doubt == SWEEPS_TO_REST {
                    break;
                }
            } else if is_scheduled(&after) || before.is_in_doubt() {
                // A charge that is made anew has three sweeps of its own.
                sweeps_in_doubt = 0;
            } else if (&before.state, &before.attempts, &before.acts, &before.refunds)
                == (&after.state, &after.attempts, &after.acts, &after.refunds)
            {
                break;
            }
        }
        self.audit_at_rest(heard);
    }

    fn audit_at_rest(&self, heard: Heard) {
        let Some(row) = self.row() else { return };
        let mut found = audit::breaches(&row, self.shop.gateway(), Hour::AtRest);
        found.retain(|breach| {
            heard == Heard::All || !matches!(breach, Breach::RefundUnseen(_) | Breach::RefundUntrue(..))
        });
        if let Some(breach) = found.first() {
            self.breaks(format!("at rest: {breach:?}"));
        }
    }

    pub(super) async fn sweeps(&self) {
        let wire = Wire::default();
        Deed::Sweep.done(self, &wire).await;
        for nudged in self.shop.queue().drain() {
            let look = if nudged.id.payment().is_some() { Deed::Retry } else { Deed::LookAtDispute };
            look.done(self, &wire).await;
        }
    }

    /// What somebody was told is so: a payment is told as it was written down; a final event that was taken has its effect.
    pub(super) fn is_true(&self, deed: &Deed, told: &Told) {
        match (deed, told) {
            (_, Told::Payment(payment, _)) => {
                if !self.shop.store().commits().iter().any(|commit| commit.payment == **payment) {
                    self.breaks(format!("P5: a payment was told that never stood so: {payment:?}"));
                }
            }
            (Deed::Webhook(event), Told::Received(Received::Applied | Received::Superseded)) => {
                let row = self.row();
                let state = row.as_ref().map(|row| &row.state);
                if !state.is_some_and(|state| knows(state, event)) {
                    self.breaks(format!("P6: {event:?} was taken and has no effect"));
                }
            }
            (_, Told::Dispute(dispute, _)) => {
                if !self.shop.store().dispute_commits_after(0).iter().any(|commit| commit.dispute == **dispute) {
                    self.breaks(format!("P5: a dispute was told that never stood so: {dispute:?}"));
                }
            }
            (_, Told::Refused(_) | Told::Failed(_) | Told::Received(_) | Told::Done | Told::Nothing) => {}
        }
    }

    /// P5: the same request again is a replay without effect; under the same key, another one is refused without effect.
    async fn keeps_its_keys(&self, deed: &Deed) {
        self.dispute_keeps_its_keys(deed).await;
        let Some(row) = self.row() else { return };
        let Some(other) = deed.with_another_body(&row) else { return };
        let (again, reused) = (deed.done(self, &Wire::default()).await, other.done(self, &Wire::default()).await);
        if !matches!(again, Told::Payment(_, Hand::Replayed)) {
            self.breaks(format!("P5: the same request once more: {again:?}"));
        }
        if reused != Told::Refused(KEY_REUSED) {
            self.breaks(format!("P5: another request under the same key: {reused:?}"));
        }
        if self.row().as_ref() != Some(&row) {
            self.breaks("P5: a replay has changed the payment".to_owned());
        }
    }

    pub(super) fn end(&self) -> End {
        let row = self.row();
        let books = self.shop.gateway().charges().into_iter();
        End {
            books: books.map(|charge| (charge.cause, charge.minor_units, charge.standing)).collect(),
            refunds: row.as_ref().map(refunds).unwrap_or_default(),
            given_back: self.given_back(),
            is_reviewed: row.as_ref().is_some_and(|row| row.attention.is_some()),
            state: row.map(|row| row.state),
            dispute: self.dispute_end(),
        }
    }

    fn given_back(&self) -> Vec<(Option<RefundId>, i64, bool)> {
        let made = self.shop.gateway().refunds_made().into_iter();
        let mut given_back: Vec<_> = made.map(|it| (it.id.clone(), it.minor_units, it.stands())).collect();
        given_back.sort();
        given_back
    }

    pub(super) fn story(&self) -> String {
        let mut story = self.shop.story(&self.id);
        for (object, status) in self.shop.gateway().objects() {
            let _never_fails = writeln!(story, "gateway: {} {status:?}", object.as_str());
        }
        story
    }
}

fn refunds(row: &Payment) -> Vec<(RefundId, i64, &'static str)> {
    let said = |refund: &Refund| (refund.id.clone(), refund.amount.minor_units(), refund.progress.name());
    let mut refunds: Vec<_> = row.refunds.iter().map(said).collect();
    refunds.sort();
    refunds
}

const fn is_scheduled(row: &Payment) -> bool {
    matches!(row.state, PaymentState::Processing(ProcessingReason::RetryScheduled { .. }))
}

/// Whether a payment that stands so knows what the event says for good (E2).
fn knows(state: &PaymentState, event: &GatewayEvent) -> bool {
    let Subject::Payment { news: News::Object { outcome: Outcome::Object(object), .. }, .. } = &event.subject else {
        return true;
    };
    match object.status {
        ObjectStatus::Captured { .. } => matches!(state, PaymentState::Succeeded { .. }),
        ObjectStatus::Canceled | ObjectStatus::Failed(_) => state.is_terminal(),
        ObjectStatus::Authorized { .. } => state.is_terminal() || matches!(state, PaymentState::RequiresCapture { .. }),
        ObjectStatus::AwaitsMethod
        | ObjectStatus::AwaitsPayer(_)
        | ObjectStatus::Pending
        | ObjectStatus::Unrecognized(_) => true,
    }
}
