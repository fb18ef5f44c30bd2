//! The machine that one invocation runs on. Its clock may be some seconds wrong and may jump, backwards too; its time is
//! limited; and the weather strikes it at every call that it makes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::{policy::Policy, schedule::Limits, time::Timestamp};
use flow::ports::{Host, Note};

use super::{
    climate::Trouble,
    coverage::{Fate, Operation, Point, Sometimes},
    functions::Release,
    stage::{InvocationId, PauseId, Stage},
};

/// What a gateway call must leave of the function's time, as on the real host.
const RESERVE: Duration = Duration::from_secs(5);

/// What the gateway thinks of a request, by its key: the same bytes are refused each time, or not before they were served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has not seen it.
    Open,
    /// It refuses it.
    Refused,
    /// It does not; they are on their way.
    Taken,
    /// It has served them. It reads a request before it looks for its key, and so it may refuse to be asked again.
    Served,
}

/// One invocation's machine.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) stage: Arc<Stage>,
    pub(super) invocation: InvocationId,
    pub(super) operation: Operation,
    pub(super) release: Release,
    /// The pause that it began in.
    paused: Option<PauseId>,
    deadline: Timestamp,
    skew_ms: Arc<AtomicI64>,
    /// How long the answer to the call under way takes.
    way_back_ms: AtomicU64,
}

/// Which way is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

impl Machine {
    pub(super) fn new(stage: &Arc<Stage>, invocation: InvocationId, operation: Operation, limit: Duration) -> Self {
        let machine = Self {
            release: stage.release(),
            paused: stage.everything_is_paused(),
            deadline: stage.clock.now().plus(limit),
            stage: Arc::clone(stage),
            invocation,
            operation,
            skew_ms: Arc::default(),
            way_back_ms: AtomicU64::new(0),
        };
        if stage.strikes(|climate| climate.clocks) {
            machine.clock_jumps();
        }
        machine
    }

    /// The same machine, as one record of a batch uses it: one clock and one deadline, but calls of its own.
    pub(super) fn for_a_record(&self) -> Self {
        Self {
            stage: Arc::clone(&self.stage),
            skew_ms: Arc::clone(&self.skew_ms),
            way_back_ms: AtomicU64::new(0),
            ..*self
        }
    }

    /// Everything that may happen to an invocation before a call: others go first, time passes, its clock jumps. Then the
    /// fate of the call is drawn.
    pub(super) async fn sets_out(&self, point: Point) -> Fate {
        self.sets_out_to(point, Verdict::Open).await
    }

    /// The same, where the gateway may have made up its mind about this very request before.
    pub(super) async fn sets_out_to(&self, point: Point, verdict: Verdict) -> Fate {
        self.stage.turn().await;
        let trouble = self.stage.strikes_at(point);
        match trouble {
            Some(Trouble::Slow) if self.stage.draw(&[Way::There, Way::Back]) == Some(Way::Back) => {
                self.way_back_ms.store(self.draw_slowness(), Ordering::SeqCst);
            }
            Some(Trouble::Slow) => self.stage.sleep(Duration::from_millis(self.draw_slowness())).await,
            Some(Trouble::Clock) => self.clock_jumps(),
            Some(Trouble::Fault | Trouble::Kill) | None => {}
        }
        let fate = match (self.draw_fate(point, trouble), verdict) {
            (Fate::Applied, Verdict::Refused) => Fate::Refused,
            // What is on its way already is not refused to somebody else.
            (Fate::Refused, Verdict::Taken) => Fate::Failed,
            (fate, _) => fate,
        };
        self.stage.with_coverage(|coverage| coverage.saw(self.operation, point, fate));
        if fate != Fate::Applied {
            self.tell(|| format!("{point:?}: {fate:?}"));
        }
        if fate == Fate::KilledBefore {
            self.notice_killing(point, fate);
            return self.stage.die().await;
        }
        if self.paused.is_some() && self.paused == self.stage.everything_is_paused() && point.moves_money() {
            let what = "an invocation that began in a pause moves money";
            self.stage
                .with_auditor(|auditor| auditor.breach("pause", what, format!("{:?}: {point:?}", self.operation)));
        }
        fate
    }

    /// The way back. An invocation whose fate it is dies here.
    pub(super) async fn comes_back(&self, point: Point, fate: Fate) {
        if matches!(fate, Fate::KilledDuring | Fate::KilledAfter) {
            self.notice_killing(point, fate);
            return self.stage.die().await;
        }
        self.stage.turn().await;
        // What was shown may be old by the time it is read.
        self.stage.sleep(Duration::from_millis(self.way_back_ms.swap(0, Ordering::SeqCst))).await;
    }

    /// How long a call takes that takes long. The longest is too long for the functions that clients call.
    fn draw_slowness(&self) -> u64 {
        const SLOW_MS: [u64; 4] = [50, 1_000, 8_000, 30_000];
        self.stage.draw(&SLOW_MS).unwrap_or(0)
    }

    fn draw_fate(&self, point: Point, trouble: Option<Trouble>) -> Fate {
        let fates = match trouble {
            Some(Trouble::Fault) => point.faults(),
            Some(Trouble::Kill) => &[Fate::KilledBefore, Fate::KilledDuring, Fate::KilledAfter],
            Some(Trouble::Slow | Trouble::Clock) | None => return Fate::Applied,
        };
        self.stage.draw(fates).unwrap_or(Fate::Applied)
    }

    fn notice_killing(&self, point: Point, fate: Fate) {
        let moves_money = matches!(point, Point::GatewayConfirm | Point::GatewayCapture | Point::GatewayCancel);
        match fate {
            Fate::KilledBefore if moves_money => self.stage.happened(Sometimes::KilledBetweenCommitAndCall),
            Fate::KilledAfter if moves_money => self.stage.happened(Sometimes::KilledBetweenCallAndCommit),
            _ => {}
        }
    }

    fn clock_jumps(&self) {
        const SKEWS_MS: [i64; 6] = [0, 400, -400, 3_000, -3_000, 9_000];
        let to = self.stage.draw(&SKEWS_MS).unwrap_or(0);
        let from = self.skew_ms.swap(to, Ordering::SeqCst);
        if to < from {
            self.stage.happened(Sometimes::ClockBackwards);
        }
        if to > 0 {
            self.stage.happened(Sometimes::ClockAhead);
        }
        self.tell(|| format!("its clock goes {to} ms wrong"));
    }

    pub(super) fn tell(&self, what: impl FnOnce() -> String) {
        self.stage.tell(|| format!("  {:?} #{}: {}", self.operation, self.invocation.0, what()));
    }
}

impl Host for Machine {
    fn now(&self) -> Timestamp {
        let now = self.stage.clock.now().unix_ms();
        Timestamp::from_unix_ms(now.saturating_add(self.skew_ms.load(Ordering::SeqCst)))
    }

    fn dice(&self) -> u64 {
        self.stage.clock.dice()
    }

    async fn sleep(&self, duration: Duration) {
        self.stage.sleep(duration).await;
    }

    fn limits(&self) -> Limits {
        self.release.limits
    }

    fn policy(&self) -> Policy {
        self.stage.clock.policy()
    }

    fn gateway_budget(&self) -> Duration {
        let left = self.deadline.since(self.stage.clock.now()).saturating_sub(RESERVE);
        left.min(self.release.limits.gateway_timeout)
    }

    fn note(&self, note: Note) {
        if note == Note::Conflict {
            self.stage.happened(Sometimes::Conflict);
        }
        self.tell(|| format!("notes {note:?}"));
    }
}
