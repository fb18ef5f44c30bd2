//! Random lives: everybody acts at once and in any order, requests and answers get lost, functions are killed; and after
//! every step the auditor finds no promise broken, and at the end nothing stuck. A seed names a life.

#![expect(clippy::unwrap_used, reason = "a scenario that does not go as written is a failed test")]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "dice, in a test with overflow checks"
)]

use std::{future::Future, pin::Pin, time::Duration};

use domain::{
    gateway::{ObjectStatus, UnknownReason},
    id::{RequestHash, TransactionId},
    payment::{ActKind, ActProgress, CancelRequest, Payment, PaymentState, ProcessingReason, ReviewReason, Terms},
    text::GatewayToken,
};
use flow::{
    operations::{
        capture::{CaptureError, Wish},
        retry::Retried,
        webhook::GatewayEvent,
    },
    ports::Host,
    steps::{RequestError, Requested},
};
use world::{
    audit::{self, Hour},
    gateway::{Call, Course, Effect, Verdict},
    host::SimHost,
    shop::{Shop, card, card_on_file, held_order, key, order},
    store,
    turns::{self, block_on},
};

/// Lives in one run of the test. `LIVES=100000` in the environment tries more.
const LIVES: u64 = 3_000;
/// What is captured of the 12.50 that are held, in cents.
const PARTS: [i64; 3] = [300, 700, 1_250];
/// Steps of one life.
const STEPS: u64 = 24;

/// One life under way.
struct Life {
    shop: Shop,
    id: TransactionId,
    dice: SimHost,
    /// Every event that was ever made: each may arrive at any time, again.
    events: Vec<GatewayEvent>,
    keys: u64,
}

type Act<'a> = Pin<Box<dyn Future<Output = Vec<Payment>> + 'a>>;

#[test]
fn no_life_breaks_a_promise_and_every_life_comes_to_rest() {
    let lives = std::env::var("LIVES").ok().and_then(|lives| lives.parse().ok()).unwrap_or(LIVES);
    let first = std::env::var("FIRST_LIFE").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let mut ends = std::collections::BTreeMap::new();
    for seed in first..first + lives {
        let end = std::panic::catch_unwind(|| block_on(live(seed)));
        let Ok(end) = end else { panic_of(seed) };
        *ends.entry(end).or_insert(0_u32) += 1;
    }
    // A walk that never gets anywhere would find nothing.
    for end in ["succeeded", "canceled", "expired", "failed", "requires_capture", "processing"] {
        assert!(lives < LIVES || ends.contains_key(end), "no life ended {end}: {ends:?}");
    }
}

#[expect(clippy::panic, reason = "names the life that failed")]
fn panic_of(seed: u64) -> ! {
    panic!("FIRST_LIFE={seed} LIVES=1 tells this life again")
}

async fn live(seed: u64) -> &'static str {
    let dice = SimHost::new(seed);
    let shop = Shop::with_seed(dice.dice());
    let mut request = if dice.dice().is_multiple_of(4) { held_order("order") } else { order("order") };
    if dice.dice().is_multiple_of(2) {
        request.terms.expires_in = Terms::EXPIRES_IN_MAX;
    }
    let id = shop.opened(request).await.id;
    let mut life = Life { shop, id, dice, events: Vec::new(), keys: 0 };
    for _ in 0..STEPS {
        life.step().await;
        life.shop.audit(&life.id, Hour::Midway);
    }
    life.heal().await
}

impl Life {
    fn below(&self, bound: usize) -> usize {
        usize::try_from(self.dice.dice() % (bound as u64)).unwrap()
    }

    fn pick<T: Clone>(&self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn verdict(&self) -> Verdict {
        self.pick(&[
            Verdict::Charge,
            Verdict::Decline("generic_decline"),
            Verdict::Decline("insufficient_funds"),
            Verdict::Decline("stolen_card"),
            Verdict::Decline("duplicate_transaction"),
            Verdict::Challenge,
            Verdict::Pending,
        ])
    }

    async fn step(&mut self) {
        self.events.extend(self.shop.gateway().take_events());
        match self.below(8) {
            0 => self.somebody_acts(),
            1 => self.something_breaks(),
            2 => {
                let seconds = self.pick(&[1, 30, 300, 3_600, 6 * 3_600, 25 * 3_600]);
                self.shop.host().advance(Duration::from_secs(seconds));
            }
            _ => self.functions_run().await,
        }
    }

    fn somebody_acts(&self) {
        let object = self.shop.row(&self.id).object;
        let gateway = self.shop.gateway();
        let verdict = self.verdict();
        match self.below(10) {
            0 | 1 => {
                gateway.browser_confirms(&object, verdict);
            }
            2 | 3 => {
                gateway.payer_authenticates(&object, verdict);
            }
            4 | 5 => {
                gateway.bank_decides(&object, verdict);
            }
            6 => {
                gateway.dashboard_captures(&object, self.pick(&PARTS));
            }
            7 if self.below(2) == 0 => {
                gateway.dashboard_cancels(&object);
            }
            8 if self.below(4) == 0 => {
                let other = gateway.opens_another(&self.id, &self.shop.row(&self.id).terms);
                gateway.browser_confirms(&other, Verdict::Decline("generic_decline"));
            }
            9 if self.is_untouched(&object) && self.below(12) == 0 => gateway.moves_to_unheard_of(&object, "dance"),
            _ => {
                gateway.late_requests_arrive();
            }
        }
    }

    fn something_breaks(&self) {
        let reason = self.pick(&[
            UnknownReason::NotSent,
            UnknownReason::Timeout,
            UnknownReason::ConnectionLost,
            UnknownReason::Unreadable,
            UnknownReason::ServerError,
            UnknownReason::KeyInUse,
            UnknownReason::RateLimited,
            UnknownReason::Unauthorized,
            UnknownReason::KeyMismatch,
            UnknownReason::Misconfigured,
        ]);
        let course = self.pick(&[
            Course::NotServed(reason),
            Course::Unheard(reason),
            Course::Late,
            Course::SavedFailure(Effect::None),
            Course::SavedFailure(Effect::Whole),
        ]);
        let call = self.pick(&[Call::Confirm, Call::Confirm, Call::Capture, Call::Cancel, Call::Fetch]);
        match self.below(4) {
            0 => {
                let call = self.pick(&[store::Call::Load, store::Call::Write, store::Call::Write]);
                let course =
                    self.pick(&[store::Course::LostBefore, store::Course::LostAfter, store::Course::SentTwice]);
                let well = vec![store::Course::Well; self.below(3)];
                self.shop.store().script(call, well.into_iter().chain([course]));
            }
            1 => self.shop.queue().fail_next(1),
            2 if call == Call::Capture => self.shop.gateway().script(call, [Course::Refused("amount_too_large")]),
            _ => self.shop.gateway().script(call, [course]),
        }
    }

    /// One to three functions run side by side; one of them may be killed.
    async fn functions_run(&mut self) {
        self.shop.gateway().bank_says([self.verdict()]);
        let count = 1 + self.below(3);
        self.keys += count as u64;
        let turns_left = if self.below(4) == 0 { self.below(10) } else { usize::MAX };
        let acts = (0..count).map(|number| {
            let killed_after = if number == 0 { turns_left } else { usize::MAX };
            self.killed_after(killed_after, self.act(number as u64))
        });
        let acts: Vec<Act<'_>> = acts.collect();
        for told in turns::all(acts).await.into_iter().flatten() {
            let broken = audit::breaches(&told, self.shop.gateway(), Hour::Midway);
            assert!(broken.is_empty(), "a caller was told what is not so: {broken:?}\n{told:#?}");
        }
        for nudged in self.shop.queue().drain() {
            // A nudge may come early, late or not at all.
            if self.below(2) == 0 {
                self.shop.retry(&nudged.id).await.ok();
            }
        }
    }

    /// Takes as many turns as it is given and then is no more.
    fn killed_after<'a>(&self, turns: usize, mut act: Act<'a>) -> Act<'a> {
        let mut left = turns;
        Box::pin(std::future::poll_fn(move |context| {
            if left == 0 {
                return std::task::Poll::Ready(Vec::new());
            }
            left -= 1;
            act.as_mut().poll(context)
        }))
    }

    fn act(&self, number: u64) -> Act<'_> {
        let waits = self.below(6);
        let (kind, fresh) = (self.below(12), format!("k{}", self.keys + number));
        let old = format!("k{}", self.dice.dice() % (self.keys + 1));
        let event = (!self.events.is_empty()).then(|| self.pick(&self.events));
        Box::pin(async move {
            for _ in 0..waits {
                turns::pass().await;
            }
            match kind {
                0..=2 => told(self.shop.confirm(&self.id, card(&fresh)).await),
                3 => told(self.shop.confirm(&self.id, card_on_file(&fresh)).await),
                4 => told(self.shop.confirm(&self.id, card(&old)).await),
                // A cancel in one of four lives, or all of them would be short.
                5 if self.keys.is_multiple_of(4) => told(self.shop.cancel(&self.id, cancel(&fresh)).await),
                6 => self.capture(&fresh).await,
                7 | 8 => {
                    if let Some(event) = event {
                        self.shop.webhook(event).await.ok();
                    }
                    Vec::new()
                }
                _ => {
                    if let Some(due) = self.shop.row(&self.id).due {
                        self.shop.host().advance(due.since(self.shop.host().now()));
                    }
                    match self.shop.retry(&self.id).await {
                        Ok(Retried::Looked(payment)) => vec![*payment],
                        Ok(Retried::Dropped) | Err(_) => Vec::new(),
                    }
                }
            }
        })
    }

    /// All that is held, or a part of it, or another part than was asked for before.
    async fn capture(&self, name: &str) -> Vec<Payment> {
        let minor_units = self.pick(&PARTS);
        let minor_units = (self.below(2) == 0).then_some(minor_units);
        match self.shop.capture(&self.id, Wish { key: key(name), request_hash: RequestHash::of([]), minor_units }).await
        {
            Err(CaptureError::NotRequested(error)) => told(Err(error)),
            Ok(requested) => told(Ok(requested)),
            Err(CaptureError::NotAnAmount(_) | CaptureError::AmountRefused(_)) => Vec::new(),
        }
    }

    /// All faults end, and what is late arrives: then three sweeps settle everything (P7), and when the payer's time is
    /// over too, the payment is at its end, or with a bank, or holds money, or a person was called.
    async fn heal(&self) -> &'static str {
        self.shop.faults_end();
        self.shop.gateway().late_requests_arrive();
        for commit in self.shop.store().commits() {
            self.says_no_more_than_is_so(&commit.payment);
        }
        let row = self.shop.at_rest(&self.id).await;
        self.shop.host().advance(row.expires_at.since(self.shop.host().now()));
        let row = self.shop.at_rest(&self.id).await;
        let is_well = match row.state {
            PaymentState::Succeeded { .. } | PaymentState::Failed | PaymentState::Canceled | PaymentState::Expired => {
                true
            }
            PaymentState::Processing(ProcessingReason::GatewayPending) | PaymentState::RequiresCapture { .. } => true,
            PaymentState::RequiresPaymentMethod | PaymentState::Processing(_) | PaymentState::RequiresAction(_) => {
                row.attention.is_some() || self.is_at_the_bank(&row)
            }
        };
        assert!(is_well, "the payment has no end\n{}", self.shop.story(&self.id));
        row.state.name()
    }

    /// A person is called while something is in doubt and not for what is known; a capture is done if it took its amount.
    fn says_no_more_than_is_so(&self, row: &Payment) {
        let in_vain = row.attention.is_some_and(|review| review.reason == ReviewReason::OutcomeUnknown);
        assert!(!in_vain || row.is_in_doubt(), "a person is called in vain\n{}", self.shop.story(&self.id));
        let done = row.acts.iter().filter(|act| act.progress == ActProgress::Done);
        let captures = done.filter_map(|act| match act.kind {
            ActKind::Capture { amount } => Some(amount),
            ActKind::Close { .. } => None,
        });
        for amount in captures {
            assert_eq!(row.captured(), amount, "this was another's capture\n{}", self.shop.story(&self.id));
        }
    }

    /// Whether nobody has been asked anything about the object.
    fn is_untouched(&self, object: &GatewayToken) -> bool {
        self.shop.gateway().object(object).is_some_and(|object| object.status == ObjectStatus::AwaitsMethod)
    }

    fn is_at_the_bank(&self, row: &Payment) -> bool {
        self.shop.gateway().object(&row.object).is_some_and(|object| object.status == ObjectStatus::Pending)
    }
}

fn told(answer: Result<Requested, RequestError>) -> Vec<Payment> {
    match answer {
        Ok(Requested::Done(payment) | Requested::Replayed(payment)) => vec![payment],
        Err(RequestError::Rejected(_, payment)) => vec![*payment],
        Err(RequestError::NotFound | RequestError::Failed(_)) => Vec::new(),
    }
}

fn cancel(name: &str) -> CancelRequest {
    CancelRequest { key: key(name), request_hash: RequestHash::of([]), reason: None }
}
