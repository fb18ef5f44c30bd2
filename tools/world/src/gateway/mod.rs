//! A gateway in memory that behaves as Stripe's PaymentIntents do, and misbehaves on request.
//!
//! - It keeps objects, and one [`Charge`] in its ledger for each time money was tried to be moved: what really happened.
//! - It saves its answer under the request's idempotency key, failures too, and repeats it for a day: old by then.
//! - A test says how the bank decides ([`Verdict`]) and how each request travels ([`Course`]).
//! - What other people do at the gateway (a payer, a browser, the dashboard) are methods of [`SimGateway`].
//! - Every change makes a webhook event. Whoever takes them out delivers them: in any order, twice or never.
//!
//! It must never be kinder than the real one: what it does not promise there, nobody may rely on here.

mod book;
mod charge;
mod intent;
pub(crate) mod mishaps;
mod refunds;
mod request;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    dispute::DisputeId,
    gateway::{
        Answer, Gateway as GatewayName, Hand, Mode, NextAction, ObjectSnapshot, ObjectStatus, Outcome, RefundAnswer,
        RefundOutcome, RefundSnapshot, RefundStatus, RequestId, Traced, UnknownReason,
    },
    id::{AttemptNumber, RefundId, TransactionId},
    money::Money,
    payment::{Payment, Terms},
    text::{GatewayToken, WebUrl},
};
use flow::{
    commit::Committed,
    operations::webhook::{GatewayEvent, Subject},
    ports::{AmountRefusal, Gateway, OpenOutcome, OpenRequest},
};

use self::book::Book;
pub use self::{
    charge::{Cause, Charge, Standing},
    intent::Verdict,
    refunds::Refunded,
    request::Request,
};
use crate::{disputes::SimDisputes, host::SimHost, turns, warnings::SimWarnings};

/// A gateway in memory.
#[derive(Debug)]
pub struct SimGateway {
    book: Mutex<Book>,
    disputes: SimDisputes,
    warnings: SimWarnings,
}

/// The kinds of requests that can be made to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// Opening an object.
    Open,
    /// Trying to charge it.
    Confirm,
    /// Taking money that is held.
    Capture,
    /// Canceling it.
    Cancel,
    /// Looking at it.
    Fetch,
    /// Giving its money back.
    Refund,
    /// Looking at what was given back.
    ListRefunds,
}

/// A way for one request to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// As it should.
    Well,
    /// It is never served, and the caller is left with this.
    NotServed(UnknownReason),
    /// It is served, and instead of the answer the caller is left with this.
    Unheard(UnknownReason),
    /// The caller's time is over before it arrives. It is served when [`SimGateway::late_requests_arrive`] says so.
    Late,
    /// The gateway fails while it serves the request, and saves this failure under the request's key.
    SavedFailure(Effect),
    /// The gateway will not have the request as it is written. Nothing is done, and nothing is saved.
    Refused(&'static str),
}

/// How far a request was served when the gateway failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It did nothing.
    None,
    /// It did everything.
    Whole,
}

impl SimGateway {
    /// The mode of everything that is opened here.
    pub const MODE: Mode = Mode::Test;

    /// A gateway that goes by this clock.
    #[must_use]
    pub fn new(clock: Arc<SimHost>) -> Self {
        let disputes = SimDisputes::new(Arc::clone(&clock));
        Self { book: Mutex::new(Book::new(clock)), disputes, warnings: SimWarnings::new() }
    }

    /// Its disputes, and the banks behind them.
    #[must_use]
    pub const fn disputes(&self) -> &SimDisputes {
        &self.disputes
    }

    /// What banks say of fraud.
    #[must_use]
    pub const fn warnings(&self) -> &SimWarnings {
        &self.warnings
    }

    /// Says how the next requests of one kind go. What comes after them goes well.
    pub fn script(&self, call: Call, courses: impl IntoIterator<Item = Course>) {
        self.book().courses_of(call).extend(courses);
    }

    /// From now on every request goes well.
    pub fn faults_end(&self) {
        self.book().courses.clear();
    }

    /// Says what the bank decides on the next confirms that are served. After them it charges.
    pub fn bank_says(&self, verdicts: impl IntoIterator<Item = Verdict>) {
        self.book().verdicts.extend(verdicts);
    }

    /// Says what the bank decides on the next confirm, whatever was said before.
    pub fn bank_will_say(&self, verdict: Verdict) {
        self.book().verdicts = [verdict].into();
    }

    /// Serves what was sent before its sender gave up. Nobody hears the answers. Returns how many there were.
    pub fn late_requests_arrive(&self) -> usize {
        self.book().serve_late()
    }

    /// Forgets every idempotency key, as the gateway may once they are a day old.
    pub fn forget_keys(&self) {
        self.book().keys.clear();
    }

    /// Makes believe that a key was used before with another request.
    pub fn taint_key(&self, key: &str) {
        self.book().taint(key);
    }

    /// The payer does what 3-D Secure asks, and the bank decides. Whether anybody was asked.
    pub fn payer_authenticates(&self, object: &GatewayToken, verdict: Verdict) -> bool {
        self.book().decide_awaited(object, verdict, |status| matches!(status, ObjectStatus::AwaitsPayer(_)))
    }

    /// The payer fails 3-D Secure, or turns back. Whether anybody was asked.
    pub fn payer_fails(&self, object: &GatewayToken) -> bool {
        self.payer_authenticates(object, Verdict::Decline("payment_intent_authentication_failure"))
    }

    /// A slow bank decides at last. Whether anything was pending.
    pub fn bank_decides(&self, object: &GatewayToken, verdict: Verdict) -> bool {
        self.book().decide_awaited(object, verdict, |status| matches!(status, ObjectStatus::Pending))
    }

    /// The payer of an order approves it on the gateway's page. Whether it waited for that.
    pub fn payer_approves(&self, object: &GatewayToken) -> bool {
        self.book().payer_approves(object)
    }

    /// The payer's browser confirms by itself, with the client secret. Whether the object could still be confirmed.
    pub fn browser_confirms(&self, object: &GatewayToken, verdict: Verdict) -> bool {
        self.book().browser_confirms(object, verdict)
    }

    /// The merchant cancels in the gateway's dashboard, or a hold runs out. Whether it could still be canceled.
    pub fn dashboard_cancels(&self, object: &GatewayToken) -> bool {
        self.book().cancel(object, None)
    }

    /// The merchant takes held money in the gateway's dashboard. Whether there was so much.
    pub fn dashboard_captures(&self, object: &GatewayToken, minor_units: i64) -> bool {
        self.book().capture(object, minor_units, None)
    }

    /// Says what the payers' banks make of the next refunds. After them they take the money at once.
    pub fn refunds_become(&self, statuses: impl IntoIterator<Item = RefundStatus>) {
        self.book().refunds.banks.extend(statuses);
    }

    /// The payer's bank makes up its mind about a refund, or changes it. Whether there is such a refund.
    pub fn refund_moves(&self, reference: &GatewayToken, to: RefundStatus) -> bool {
        self.book().refund_moves(reference, to)
    }

    /// The merchant refunds in the gateway's dashboard. Whether there was so much left.
    pub fn dashboard_refunds(&self, object: &GatewayToken, minor_units: i64) -> bool {
        matches!(self.book().refund(object, None, minor_units), RefundOutcome::Refund(_))
    }

    /// A dispute has changed: its object's money is held, or not any more, and an event names it.
    pub(crate) fn dispute_has_news(&self, id: &DisputeId) {
        let held = self.disputes.object_of(id).map(|object| (self.disputes.held_on(&object), object));
        let mut book = self.book();
        if let Some((minor_units, object)) = held {
            book.held.insert(object, minor_units);
        }
        book.announce(Subject::Dispute { id: id.clone() });
    }

    /// Every refund, oldest first.
    #[must_use]
    pub fn refunds_made(&self) -> Vec<Refunded> {
        self.book().refunds.all()
    }

    /// What was canceled is paid all the same: a slow bank's money arrives on an object that had ended. Whether it had.
    pub fn money_moves_after_all(&self, object: &GatewayToken) -> bool {
        self.book().pay_after_the_end(object)
    }

    /// The gateway takes its time to tell what a charge came to, or has told after all.
    pub fn settles(&self, object: &GatewayToken, is_settled: bool) {
        self.book().with_intent(object, |intent| intent.is_settled = is_settled);
    }

    /// Another program of the merchant changes what the object is for.
    pub fn dashboard_reprices(&self, object: &GatewayToken, minor_units: i64) {
        self.book().with_intent(object, |intent| intent.amount_minor_units = minor_units);
    }

    /// The gateway begins to use a word that nobody has heard before.
    pub fn moves_to_unheard_of(&self, object: &GatewayToken, word: &str) {
        self.book().with_intent(object, |intent| intent.status = ObjectStatus::Unrecognized(word.to_owned()));
    }

    /// Opens another object that bears the same id, behind everybody's back.
    #[must_use]
    pub fn opens_another(&self, id: &TransactionId, terms: &Terms) -> GatewayToken {
        self.book().open(id, GatewayName::Stripe, terms).snapshot.reference
    }

    /// Takes out the events that were not taken out before, oldest first.
    pub fn take_events(&self) -> Vec<GatewayEvent> {
        std::mem::take(&mut self.book().events)
    }

    /// Every request that left a caller, oldest first, whatever became of it.
    #[must_use]
    pub fn sent(&self) -> Vec<Request> {
        self.book().sent.clone()
    }

    /// The requests of one kind among them.
    #[must_use]
    pub fn sent_of(&self, call: Call) -> Vec<Request> {
        self.sent().into_iter().filter(|request| request.call == call).collect()
    }

    /// Every time money was tried to be moved, oldest first.
    #[must_use]
    pub fn charges(&self) -> Vec<Charge> {
        self.book().charges.clone()
    }

    /// Keys of requests that move money and were sent again after the gateway had forgotten them, oldest first.
    #[must_use]
    pub fn revived_keys(&self) -> Vec<String> {
        self.book().revived_keys.clone()
    }

    /// Who asked for what a payer or a bank has yet to decide on an object, if anybody did.
    #[must_use]
    pub fn awaited(&self, object: &GatewayToken) -> Option<Cause> {
        self.book().intent(object).and_then(|intent| intent.awaited.clone())
    }

    /// Whether an object is an order of PayPal's.
    #[must_use]
    pub fn is_order(&self, object: &GatewayToken) -> bool {
        self.book().intent(object).is_some_and(intent::Intent::is_order)
    }

    /// How an object stands in truth.
    #[must_use]
    pub fn object(&self, object: &GatewayToken) -> Option<ObjectSnapshot> {
        self.book().intent(object).map(intent::Intent::snapshot)
    }

    /// Every object and where it stands in truth.
    #[must_use]
    pub fn objects(&self) -> Vec<(GatewayToken, ObjectStatus)> {
        self.book().statuses()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The way there, what becomes of it, the way back. Whoever stops listening in between was killed there.
    async fn send(&self, request: Request) -> Traced<(Reply, Hand)> {
        turns::pass().await;
        let (reply, hand, number) = {
            let mut book = self.book();
            let (reply, hand) = book.receive(request);
            (reply, hand, book.sent.len())
        };
        turns::pass().await;
        let unknown = match &reply {
            Reply::Outcome(Outcome::Unknown(reason)) => Some(*reason),
            Reply::Opened(_) | Reply::Outcome(_) | Reply::Refund(_) | Reply::Refunds(_) => None,
        };
        Traced { answer: (reply, hand), request_id: request_id("pi", number, unknown) }
    }

    async fn ask(&self, request: Request) -> Traced<Answer> {
        self.send(request).await.map(|(reply, hand)| Answer { outcome: reply.into_outcome(), hand })
    }
}

impl Gateway for SimGateway {
    fn api_version(&self) -> &'static str {
        "2026-10-28.endive"
    }

    fn accepts(&self, _gateway: GatewayName, amount: Money) -> Result<(), AmountRefusal> {
        /// Twelve digits, as Stripe has it for most cards.
        const AMOUNT_MAX: i64 = 999_999_999_999;
        /// Of three decimals the last must be zero.
        const TEN: i64 = 10;
        match amount.minor_units() {
            minor_units if minor_units > AMOUNT_MAX => Err(AmountRefusal::TooLarge),
            minor_units if amount.currency().exponent() == 3 && minor_units.checked_rem(TEN) != Some(0) => {
                Err(AmountRefusal::NotAMultiple { multiple: TEN })
            }
            _ => Ok(()),
        }
    }

    async fn open(&self, request: &OpenRequest<'_>, _budget: Duration) -> Traced<OpenOutcome> {
        self.send(Request::open(request)).await.map(|told| match told {
            (Reply::Opened(opened), _) => OpenOutcome::Opened(Box::new(opened)),
            (Reply::Outcome(Outcome::Unknown(UnknownReason::ServerError)), Hand::Replayed) => OpenOutcome::SavedFailure,
            (Reply::Outcome(Outcome::Unknown(UnknownReason::KeyMismatch)), _) => OpenOutcome::KeyMismatch,
            (Reply::Outcome(Outcome::Unknown(reason)), _) => OpenOutcome::Unknown(reason),
            (Reply::Outcome(Outcome::Refused { code, .. }), _) => OpenOutcome::Refused { code, field: None },
            (
                Reply::Outcome(Outcome::Object(_) | Outcome::Declined { .. }) | Reply::Refund(_) | Reply::Refunds(_),
                _,
            ) => OpenOutcome::Unknown(UnknownReason::Unreadable),
        })
    }

    async fn confirm(&self, committed: &Committed, attempt: AttemptNumber, _budget: Duration) -> Traced<Answer> {
        self.ask(Request::confirm(committed.payment(), attempt)).await
    }

    async fn capture(&self, committed: &Committed, _budget: Duration) -> Traced<Answer> {
        self.ask(Request::capture(committed.payment())).await
    }

    async fn cancel(&self, committed: &Committed, fresh: u64, _budget: Duration) -> Traced<Answer> {
        self.ask(Request::cancel(committed.payment(), fresh)).await
    }

    async fn refund(&self, committed: &Committed, refund: &RefundId, _budget: Duration) -> Traced<RefundAnswer> {
        let told = self.send(Request::refund(committed.payment(), refund)).await;
        told.map(|(reply, hand)| RefundAnswer { outcome: reply.into_refund(), hand })
    }

    async fn refunds(
        &self,
        payment: &Payment,
        _budget: Duration,
    ) -> Traced<Result<Vec<RefundSnapshot>, UnknownReason>> {
        self.send(Request::refunds(payment)).await.map(|(reply, _)| reply.into_refunds())
    }

    async fn fetch(&self, payment: &Payment, _budget: Duration) -> Traced<Outcome> {
        self.ask(Request::fetch(payment)).await.map(|answer| answer.outcome)
    }
}

/// What the gateway answers, before anything happens to it on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reply {
    Opened(domain::gateway::OpenedObject),
    Outcome(Outcome),
    Refund(RefundOutcome),
    Refunds(Vec<RefundSnapshot>),
}

impl Reply {
    fn into_outcome(self) -> Outcome {
        match self {
            Self::Opened(opened) => Outcome::Object(opened.snapshot),
            Self::Outcome(outcome) => outcome,
            Self::Refund(_) | Self::Refunds(_) => Outcome::Unknown(UnknownReason::Unreadable),
        }
    }

    fn into_refund(self) -> RefundOutcome {
        match self {
            Self::Refund(outcome) => outcome,
            Self::Outcome(Outcome::Unknown(reason)) => RefundOutcome::Unknown(reason),
            Self::Outcome(Outcome::Refused { code, .. }) => RefundOutcome::Refused { code },
            Self::Outcome(Outcome::Object(_) | Outcome::Declined { .. }) | Self::Opened(_) | Self::Refunds(_) => {
                RefundOutcome::Unknown(UnknownReason::Unreadable)
            }
        }
    }

    fn into_refunds(self) -> Result<Vec<RefundSnapshot>, UnknownReason> {
        match self {
            Self::Refunds(refunds) => Ok(refunds),
            Self::Outcome(Outcome::Unknown(reason)) => Err(reason),
            Self::Outcome(_) | Self::Opened(_) | Self::Refund(_) => Err(UnknownReason::Misconfigured),
        }
    }
}

/// What the gateway calls the `number`th request about things of a kind; none if it was `unknown` what came of it because there
/// was no response.
pub(crate) fn request_id(kind: &str, number: usize, unknown: Option<UnknownReason>) -> Option<RequestId> {
    match unknown {
        Some(UnknownReason::NotSent | UnknownReason::Timeout | UnknownReason::ConnectionLost) => None,
        Some(
            UnknownReason::Unreadable
            | UnknownReason::ServerError
            | UnknownReason::KeyMismatch
            | UnknownReason::KeyInUse
            | UnknownReason::RateLimited
            | UnknownReason::Unauthorized
            | UnknownReason::Misconfigured,
        )
        | None => RequestId::of(&format!("req_{kind}{number:012}")),
    }
}

/// Where payers are sent for 3-D Secure.
#[expect(clippy::panic, reason = "a constant that is well-formed; if it were not, no test could begin")]
fn challenge(object: &GatewayToken) -> NextAction {
    let url = format!("https://bank.example/3ds/{}", object.as_str());
    NextAction::Redirect(WebUrl::parse(&url).unwrap_or_else(|error| panic!("{url} {error}")))
}

#[cfg(test)]
mod tests;
