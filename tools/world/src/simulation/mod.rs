//! A deterministic simulation of the real operations: many of them at once over one table, one queue and one gateway, on
//! clocks that differ, with clients, payers, banks, a postman and a queue that do what such people and machines do. Every
//! call to somebody outside has a fate that is drawn ([`coverage::Fate`]); a function is killed by dropping its future
//! where it waits. An auditor that sees only the gateway's books and what callers were told checks the promises
//! ([`auditor`]), and when nothing goes wrong any more, that everything settles.
//!
//! A seed names a run. What was drawn in it is a schedule of numbers, and so a run that breaks a promise can be made
//! shorter by leaving numbers out ([`shrink`]).
//!
//! Phases of a run: bad weather, until clients and payers have done what they wanted; calm, until what is on its way has
//! arrived; three looks at every doubt; the end of the payers' time. The auditor watches all of it, and asks what must be
//! so at the end of the last two.
//!
//! | file | what |
//! |---|---|
//! | [`choices`] | the one source of everything random |
//! | `climate`, `weather/` | how bad it is, and what it does to calls |
//! | `executor`, `stage` | who runs, when, and who waits for whom |
//! | `functions`, `machine` | the operations as they are deployed, and what they run on |
//! | `actors/` | everybody outside |
//! | [`auditor`], `watch` | those who watch |
//! | `telling` | what was committed is told, afterwards |
//! | `delivering/` | what is told reaches the merchant |
//! | `dice` | what goes wrong afterwards |
//! | [`planted`] | bugs that it must find |
//! | [`coverage`] | what a campaign must have been through |
//! | [`shrink`], [`campaign`] | the shortest story of a failure; many runs |
//!
//! Rows are kept as the table keeps them (the twin lays them out and reads them with the adapter's own code), and in some
//! runs those of the first release lie as the release before it laid them out.
//!
//! Not here: HTTP and signatures (each tested where it lives).

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "who watches picks out what matters; that no fate is passed over is held by what coverage counts"
)]

mod actors;
pub mod auditor;
pub mod campaign;
pub mod choices;
mod climate;
pub mod coverage;
mod delivering;
mod dice;
mod executor;
mod functions;
mod machine;
pub mod planted;
pub mod shrink;
mod stage;
mod story;
mod telling;
mod watch;
mod weather;

use std::{collections::BTreeMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use domain::{
    dispute::{Dispute, DisputeId},
    gateway::Gateway,
    id::RequestHash,
    money::Money,
    payment::{CaptureMethod, Confirmation, Payment, PaymentState, Refund, ReviewReason, Terms},
    policy::{Policy, Reaction},
    schedule::Limits,
    text::Text,
    time::Timestamp,
};
use flow::{operations::initiate::transaction_id, ports::Host as _};

use self::{
    actors::{Client, Order},
    auditor::Breach,
    choices::{Choices, Schedule},
    coverage::Coverage,
    executor::{Executor, Stopped},
    functions::{Ask, Reply},
    planted::Bug,
    stage::Stage,
    story::Story,
};
use crate::shop::{held_order, order};

/// How long bad weather lasts at most: whoever waits for longer than this is no client any more.
const BAD_WEATHER_MAX: Duration = Duration::from_secs(8 * 86_400);
/// Nothing is on its way for longer.
const ARRIVES_WITHIN: Duration = Duration::from_secs(2 * 3600);
/// After this every doubt was looked at three times: back-off is a quarter of an hour at most, a sweep comes every minute.
const THREE_LOOKS: Duration = Duration::from_secs(3 * (15 * 60 + 60));

/// As many disputes as one order has.
const DISPUTES_MAX: usize = 10;

/// What came of a run.
#[derive(Debug)]
pub struct Run {
    /// The promise that was broken, if one was.
    pub breach: Option<Breach>,
    /// What was drawn.
    pub draws: Schedule,
    /// What was seen.
    pub coverage: Coverage,
    /// Turns that were taken.
    pub turns: u64,
    story: Story,
}

/// The run that a seed names.
#[must_use]
pub fn run_of(seed: u64) -> Run {
    run(seed, None, Choices::of_seed(seed), Story::untold())
}

/// The run that a seed names, with a bug planted.
#[must_use]
pub fn run_with_bug(seed: u64, bug: Bug) -> Run {
    run(seed, Some(bug), Choices::of_seed(seed), Story::untold())
}

/// The run that these draws make, with a bug planted or without. The seed still names the dice of jitter and of writers'
/// names.
#[must_use]
pub fn run_again(seed: u64, bug: Option<Bug>, draws: &Schedule) -> Run {
    run(seed, bug, Choices::given(draws.clone()), Story::untold())
}

/// What happens in the run that a seed names, in plain words.
#[must_use]
pub fn story_of_seed(seed: u64) -> String {
    run(seed, None, Choices::of_seed(seed), Story::told()).story.to_string()
}

/// What happens in the run that these draws make, in plain words.
#[must_use]
pub fn story_of(seed: u64, bug: Option<Bug>, draws: &Schedule) -> String {
    run(seed, bug, Choices::given(draws.clone()), Story::told()).story.to_string()
}

fn run(seed: u64, bug: Option<Bug>, choices: Choices, story: Story) -> Run {
    let mut stage = Stage::new(seed, choices, story);
    stage.bug = bug;
    let stage = Arc::new(stage);
    let mut play = Play::begin(&stage);
    // A fault in the code under test that panics is a finding like any other.
    let played = std::panic::catch_unwind(AssertUnwindSafe(|| {
        play.plays();
        if let Some(wrong) = telling::tells_everything(&stage, seed).into_iter().next() {
            stage.with_auditor(|auditor| auditor.breach("told", "something is not told as it was", wrong));
        }
    }));
    if let Err(panic) = played {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).to_owned()));
        stage.with_auditor(|auditor| auditor.breach("none", "something panicked", said.unwrap_or_default()));
    }
    let turns = play.executor.turns();
    drop(play);
    let remains = stage.strike();
    Run {
        breach: remains.auditor.found().cloned(),
        draws: remains.draws,
        coverage: remains.coverage,
        turns,
        story: remains.story,
    }
}

/// One run under way.
struct Play {
    stage: Arc<Stage>,
    executor: Executor,
    orders: Vec<Arc<Order>>,
}

impl Play {
    /// Everybody takes their places.
    fn begin(stage: &Arc<Stage>) -> Self {
        let orders: Vec<Arc<Order>> = orders(stage);
        stage.store.hold_index();
        stage.spawn(actors::sweeper(Arc::clone(stage)));
        stage.spawn(actors::deployer(Arc::clone(stage)));
        stage.spawn(actors::somebody_at_the_switch(Arc::clone(stage)));
        stage.spawn_busy(actors::reader(Arc::clone(stage), orders.clone()));
        for order in &orders {
            let clients = stage.draw(&[1_usize, 1, 2]).unwrap_or(1);
            for name in ["shop", "till"].into_iter().take(clients) {
                let (stage, order) = (Arc::clone(stage), Arc::clone(order));
                let client = Client { stage: Arc::clone(&stage), order, name, shown: None, asked: None, keys: 0 };
                stage.spawn_busy(client.work());
            }
            stage.spawn_busy(actors::people(Arc::clone(stage), Arc::clone(order)));
        }
        for (order, first) in orders.iter().zip((1_u32..).step_by(DISPUTES_MAX)) {
            stage.spawn_busy(actors::disputes(Arc::clone(stage), Arc::clone(order), first));
        }
        let late_success = stage.draw(&[Reaction::Keep, Reaction::Refund]).unwrap_or(Reaction::Keep);
        stage.clock.settle_on(Policy { late_success, ..Policy::STANDARD });
        Self { stage: Arc::clone(stage), executor: Executor::new(Arc::clone(stage)), orders }
    }

    fn plays(&mut self) {
        self.act(BAD_WEATHER_MAX, Stage::is_idle);
        self.stage.tell(|| "── calm: nothing goes wrong any more ──".to_owned());
        self.stage.calm_down();
        self.act(ARRIVES_WITHIN, Stage::all_has_arrived);
        self.act(THREE_LOOKS, |_| false);
        self.ask_for_status();
        for order in self.orders.clone() {
            self.stage.with_auditor(|auditor| auditor.nothing_is_in_doubt(&order.id, &self.stage.gateway));
        }
        self.stage.spawn_busy(actors::reads_everything(Arc::clone(&self.stage), self.orders.clone()));
        self.act(ARRIVES_WITHIN, Stage::is_idle);
        actors::banks_decide(&self.stage);
        let row = |stage: &Stage, order: &Arc<Order>| stage.store.row(&order.id);
        let before: Vec<_> = self.orders.iter().map(|order| (Arc::clone(order), row(&self.stage, order))).collect();
        let version = |stage: &Stage, id: &DisputeId| stage.store.dispute(id).map_or(0, |row| row.version);
        let ids = self.stage.store.dispute_ids();
        let versions: BTreeMap<_, _> = ids.into_iter().map(|id| (id.clone(), version(&self.stage, &id))).collect();
        // What has come to rest is only looked at again and again.
        let all_rests = |stage: &Stage| {
            let mut rows = before.iter().map(|(order, before)| (before, row(stage, order)));
            let now = stage.clock.now();
            // One may be heard of only now: its webhook was days late.
            let before = |row: &Dispute| versions.get(&row.id).copied().unwrap_or(0);
            let mut disputes = stage.store.dispute_ids().into_iter().filter_map(|id| stage.store.dispute(&id));
            let disputes_rest = disputes.all(|row| was_looked_at(before(&row), &row, now));
            let payments_rest = rows.all(|(before, now)| match (before, now) {
                (Some(before), Some(now)) => is_at_rest(before, &now),
                // One that was never opened never will be.
                (None, _) | (_, None) => true,
            });
            payments_rest && disputes_rest
        };
        self.act(self.time_is_over().since(self.stage.clock.now()), all_rests);
        self.ask_for_status();
        // While they asked, a webhook may have come that was days late: what it tells of is looked at like all else.
        self.act(ARRIVES_WITHIN, all_rests);
        self.stage.with_auditor(|auditor| {
            auditor.disputes_are_settled(&self.stage.store, self.stage.gateway.disputes());
            let stored =
                self.stage.store.dispute_ids().into_iter().filter_map(|id| self.stage.store.stored_dispute(&id));
            stored.for_each(|item| auditor.reads_bytes(&item));
        });
        for order in self.orders.clone() {
            let stored = self.stage.store.stored(&order.id);
            self.stage.with_auditor(|auditor| {
                auditor.all_is_settled(&order.id, &self.stage.gateway);
                stored.iter().for_each(|item| auditor.reads_bytes(item));
            });
        }
    }

    /// Goes on for so long, or until it is enough, or a promise is broken.
    fn act(&mut self, within: Duration, enough: impl Fn(&Stage) -> bool) {
        let end = self.stage.clock.now().plus(within);
        let mut looked = self.stage.clock.now();
        let stopped = self.executor.run(end, |stage| {
            let now = stage.clock.now();
            // Whether a row is overdue is asked about once a minute.
            if let Some(calm) = stage.calm_since()
                && now.since(looked) >= Duration::from_secs(60)
            {
                looked = now;
                stage.with_auditor(|auditor| {
                    auditor.nothing_is_overdue(&stage.store, calm, now);
                    auditor.alarms_are_raised(&stage.store, calm, now);
                });
            }
            enough(stage) || stage.with_auditor(|auditor| auditor.found().is_some())
        });
        if stopped == Stopped::TooLong {
            self.stage.with_auditor(|auditor| auditor.breach("P7", "a run has no end", String::new()));
        }
    }

    /// When the last payer's time is over, and everything that hangs on it has been looked at.
    fn time_is_over(&self) -> Timestamp {
        let rows = self.orders.iter().filter_map(|order| self.stage.store.row(&order.id));
        let last = rows.map(|row| row.expires_at).max().unwrap_or_else(|| self.stage.clock.now());
        // A look at a payer comes every four hours, a scheduled try once a day.
        last.max(self.stage.clock.now().plus(Duration::from_secs(26 * 3600))).plus(THREE_LOOKS)
    }

    fn ask_for_status(&mut self) {
        for order in self.orders.clone() {
            let asker = Arc::clone(&self.stage);
            self.stage.spawn_busy(async move {
                let turn = asker.turn_number();
                let request = asker.with_auditor(|auditor| auditor.asked(&order.id, &Ask::Status, turn));
                let invocation = functions::call(&asker, order.id.clone(), Ask::Status);
                if let Some(Reply::Api(answer)) = asker.reply(invocation, ARRIVES_WITHIN).await {
                    let turn = asker.turn_number();
                    asker.with_auditor(|auditor| auditor.told(request, &Ask::Status, &answer, turn, &asker.gateway));
                }
            });
        }
        self.act(ARRIVES_WITHIN, Stage::is_idle);
    }
}

/// Whether nothing will ever happen to a row any more, unless a person or the gateway acts. What is not at its end must
/// have been looked at since: claimed, and written again.
fn is_at_rest(before: &Payment, row: &Payment) -> bool {
    const A_LOOK: u64 = 2;
    let was_looked_at = row.version >= before.version.saturating_add(A_LOOK);
    let is_disputed = row.attention.is_some_and(|review| match review.reason {
        ReviewReason::ObjectMismatch | ReviewReason::UnrecognizedStatus => true,
        // A capture, or a refund, under a dead key.
        ReviewReason::OutcomeUnknown | ReviewReason::AutomaticRefundFailed | ReviewReason::RefundUnknown => {
            row.open_act().is_some_and(|act| act.ends_as().is_none()) || row.refunds.iter().any(Refund::is_in_doubt)
        }
        ReviewReason::KeyMismatch
        | ReviewReason::MoneyElsewhereClaimed
        | ReviewReason::MoneyElsewhere
        | ReviewReason::LateSuccess => false,
    });
    let is_disputed = is_disputed || row.refund_unknown.is_some();
    let is_held = matches!(row.state, PaymentState::RequiresCapture { .. }) && row.open_act().is_none();
    // What somebody has refunded by hand is looked at for a month; nobody waits for it.
    let is_watched = row.due.is_some_and(|due| row.watches_refunds(due)) && !row.awaits_refunds();
    let is_over = row.due.is_none() || (is_watched && !row.settlement_is_owed());
    (row.state.is_terminal() && is_over) || (was_looked_at && (is_disputed || is_held))
}

/// Whether a dispute was looked at since, or need not be, and nobody is at it now.
fn was_looked_at(before: u64, row: &Dispute, now: Timestamp) -> bool {
    const A_LOOK: u64 = 2;
    const A_LOOK_TAKES: Duration = Duration::from_secs(120);
    let was = row.due.is_none() || row.version >= before.saturating_add(A_LOOK);
    was && now.since(row.updated_at) >= A_LOOK_TAKES
}

/// What is to be paid in this run.
fn orders(stage: &Stage) -> Vec<Arc<Order>> {
    let is_referred_to = stage.draw(&[false, true]).unwrap_or(false);
    let many = stage.draw(&[1_usize, 1, 2, 3]).unwrap_or(1);
    ["A", "B", "C"].into_iter().take(many).map(|name| Arc::new(an_order(stage, name, is_referred_to))).collect()
}

fn an_order(stage: &Stage, name: &'static str, is_referred_to: bool) -> Order {
    /// A day, five minutes, forty, three days, a week: the first is the usual, the others reach to the bounds.
    const EXPIRES_IN: [Duration; 5] = [
        Duration::from_secs(86_400),
        Duration::from_secs(300),
        Duration::from_secs(2_400),
        Duration::from_secs(3 * 86_400),
        Terms::EXPIRES_IN_MAX,
    ];
    let capture = stage.draw(&[CaptureMethod::Automatic, CaptureMethod::Manual]);
    let mut request = match capture {
        Some(CaptureMethod::Manual) => held_order(name),
        Some(CaptureMethod::Automatic) | None => order(name),
    };
    request.gateway = stage.draw(&[Gateway::Stripe, Gateway::Stripe, Gateway::PayPal]).unwrap_or(Gateway::Stripe);
    let Terms { amount, expires_in, reference, confirmation, .. } = &mut request.terms;
    if request.gateway == Gateway::PayPal {
        *confirmation = stage.draw(&[Confirmation::Explicit, Confirmation::Automatic]).unwrap_or(*confirmation);
    }
    *reference = Text::parse("order 4711").ok().filter(|_| is_referred_to);
    *expires_in = stage.draw(&EXPIRES_IN).unwrap_or(*expires_in);
    let minor_units = stage.draw(&[1_250_i64, 1, 99_999_999]).unwrap_or(1_250);
    *amount = Money::payable(minor_units, amount.currency()).unwrap_or(*amount);
    request.request_hash = RequestHash::of([("amount", minor_units.to_string().as_str())]);
    Order { id: transaction_id(&request.key), request, name }
}

/// The longest back-off that [`THREE_LOOKS`] counts with.
const _: () = assert!(Limits::BACKOFF_CAP.as_secs() == 15 * 60, "three looks take as long as the back-off says");
