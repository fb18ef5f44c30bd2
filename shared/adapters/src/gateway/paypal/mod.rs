//! PayPal: one order for each payment.
//!
//! Every act is a pure pair under a thin shell: the request for … (`open`, `confirm`, `capture`, `cancel`, `refund`,
//! `fetch`) and the outcome of a response (`reply`, with `order`, `money`, `error` and `issue`). The shell (`http`) moves
//! bytes under a `token`; `patience` says when it may send the same ones again. `webhook` reads what PayPal sends by
//! itself.
//!
//! An order moves money only by our own request, and tells all that became of it: so whatever PayPal refuses for the
//! order's own sake is answered by a look at it, within the same call.
//!
//! Must never: act without a `PayPal-Request-Id`; send an attempt that is not on the row; call a silence, or an answer
//! it cannot read, a failure; let a secret, a token, PayPal's prose or its `debug_id` into a log or an error.

mod amount;
mod cancel;
mod capture;
mod confirm;
mod credentials;
mod dispute;
mod error;
mod fetch;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod fuzz;
mod http;
mod issue;
mod link;
mod message;
mod money;
mod open;
mod order;
mod patience;
mod refund;
mod reply;
mod token;
pub mod webhook;

use std::time::Duration;

use domain::{
    dispute::{DisputeId, Papers},
    gateway::{Answer, Hand, Mode, Outcome, RefundAnswer, RefundSnapshot, UnknownReason},
    id::{AttemptNumber, RefundId},
    money::Money,
    payment::{Payment, PaymentState},
    text::GatewayToken,
};
use flow::{
    commit::Committed,
    ports::{AmountRefusal, OpenOutcome, OpenRequest, dispute::PapersRefusal},
};
use tokio::time::Instant;

use http::Shell;
use reply::Heard;

pub use super::wire::{BadBaseUrl, BaseUrl};
pub use credentials::{Credentials, PaypalApp};

/// PayPal.
#[derive(Debug)]
pub struct Paypal<A> {
    shell: Shell<A>,
    mode: Mode,
}

impl<A: PaypalApp> Paypal<A> {
    /// PayPal at `base_url`, called through `client` as `app`. What it shows is in `mode`: PayPal itself does not say,
    /// because its sandbox is another place with other apps. `dice` gives random numbers.
    #[must_use]
    pub fn new(client: reqwest::Client, base_url: BaseUrl, app: A, mode: Mode, dice: fn() -> u64) -> Self {
        Self { shell: Shell::new(client, base_url, app, dice), mode }
    }

    /// Has a token granted, and so the connection opened, before the first request needs them. Takes two seconds at
    /// most, and never fails.
    pub async fn warm(&self) {
        self.shell.warm().await;
    }

    /// Whether PayPal can express this amount.
    ///
    /// # Errors
    /// Why it cannot.
    pub(super) fn accepts(amount: Money) -> Result<(), AmountRefusal> {
        amount::WireAmount::of(amount).map(|_| ())
    }

    pub(super) async fn open(&self, asked: &OpenRequest<'_>, budget: Duration) -> OpenOutcome {
        match open::request(asked) {
            Ok(request) => open::outcome(self.shell.call(&request, budget).await, asked.id, self.mode),
            Err(outcome) => outcome,
        }
    }

    pub(super) async fn confirm(&self, committed: &Committed, attempt: AttemptNumber, budget: Duration) -> Answer {
        let (payment, time) = (committed.payment(), TimeLeft::of(budget));
        let request = match confirm::request(payment, attempt) {
            Ok(request) => request,
            Err(why) => return reply::unsent(why),
        };
        match reply::attempted(self.shell.call(&request, time.left()).await, payment) {
            Heard::Answer(answer) => answer,
            Heard::Look(refusal) => refusal.of_attempt(self.look(payment, time.left()).await),
        }
    }

    pub(super) async fn capture(&self, committed: &Committed, budget: Duration) -> Answer {
        let (payment, time) = (committed.payment(), TimeLeft::of(budget));
        let authorization = match self.charge(payment, time.left()).await {
            Ok(authorization) => authorization,
            // Nothing was asked for; what the look at the order has shown is the answer.
            Err(seen) => return first_hand(seen),
        };
        let request = match capture::request(payment, &authorization) {
            Ok(request) => request,
            Err(why) => return reply::unsent(why),
        };
        match capture::heard(self.shell.call(&request, time.left()).await, payment) {
            Heard::Answer(answer) => answer,
            Heard::Look(refusal) => refusal.of_act(self.look(payment, time.left()).await),
        }
    }

    /// What was let go, and what never held anything, is looked at: the order tells how it stands.
    pub(super) async fn cancel(&self, committed: &Committed, fresh: u64, budget: Duration) -> Answer {
        let (payment, time) = (committed.payment(), TimeLeft::of(budget));
        // What is held after the end was held too late.
        let may_hold =
            matches!(payment.state, PaymentState::RequiresCapture { .. }) || payment.has_ended_without_money();
        if let Some(held) = payment.charge.as_ref().filter(|_| may_hold) {
            let request = cancel::request(payment, &held.reference, fresh);
            if let Err(no) = reply::done(self.shell.call(&request, time.left()).await) {
                return match reply::refused_act(no) {
                    Heard::Answer(answer) => answer,
                    Heard::Look(refusal) => refusal.of_act(self.look(payment, time.left()).await),
                };
            }
        }
        first_hand(self.look(payment, time.left()).await)
    }

    pub(super) async fn refund(&self, committed: &Committed, refund: &RefundId, budget: Duration) -> RefundAnswer {
        let (payment, time) = (committed.payment(), TimeLeft::of(budget));
        let Ok(capture) = self.charge(payment, time.left()).await else {
            return refund::unsent(message::Unsendable::NotOnTheRow);
        };
        match refund::request(payment, refund, &capture) {
            Ok(request) => refund::answer(self.shell.call(&request, time.left()).await, payment, &capture),
            Err(why) => refund::unsent(why),
        }
    }

    pub(super) async fn refunds(
        &self,
        payment: &Payment,
        budget: Duration,
    ) -> Result<Vec<RefundSnapshot>, UnknownReason> {
        refund::listed(self.shell.call(&fetch::request(payment), budget).await, payment)
    }

    pub(super) async fn fetch(&self, payment: &Payment, budget: Duration) -> Outcome {
        self.look(payment, budget).await
    }

    pub(super) fn accepts_papers(papers: &Papers) -> Result<(), PapersRefusal> {
        dispute::accepts(papers)
    }

    pub(super) async fn fetch_dispute(&self, id: &DisputeId, budget: Duration) -> domain::dispute::Outcome {
        dispute::seen(self.shell.call(&dispute::look(id), budget).await)
    }

    /// What was done is looked at, in the same call if there is time: PayPal's answer does not show the dispute.
    pub(super) async fn answer_dispute(
        &self,
        committed: &flow::commit::dispute::Committed,
        budget: Duration,
    ) -> domain::dispute::Answer {
        let (dispute, time) = (committed.dispute(), TimeLeft::of(budget));
        let Some(request) = dispute::request(dispute) else {
            return dispute::first_hand(domain::dispute::Outcome::Unknown(UnknownReason::NotSent));
        };
        let answer = dispute::answer(self.shell.call(&request, time.left()).await);
        if answer.outcome != domain::dispute::Outcome::Taken {
            return answer;
        }
        match self.fetch_dispute(&dispute.id, time.left()).await {
            seen @ domain::dispute::Outcome::Dispute(_) => dispute::first_hand(seen),
            domain::dispute::Outcome::Taken
            | domain::dispute::Outcome::Refused { .. }
            | domain::dispute::Outcome::Unknown(_) => answer,
        }
    }

    async fn look(&self, payment: &Payment, budget: Duration) -> Outcome {
        reply::looked(self.shell.call(&fetch::request(payment), budget).await, payment)
    }

    /// What a capture or a refund is asked of: as the row has it, else as the order shows it. If it shows none, what it
    /// shows.
    async fn charge(&self, payment: &Payment, budget: Duration) -> Result<GatewayToken, Outcome> {
        if let Some(charge) = &payment.charge {
            return Ok(charge.reference.clone());
        }
        let seen = self.look(payment, budget).await;
        let ours = seen.object().filter(|object| object.reference == payment.object);
        match ours.and_then(|object| object.charge.as_ref()) {
            Some(charge) => Ok(charge.reference.clone()),
            None => Err(seen),
        }
    }
}

/// What is left of a budget that several calls share.
struct TimeLeft {
    since: Instant,
    budget: Duration,
}

impl TimeLeft {
    fn of(budget: Duration) -> Self {
        Self { since: Instant::now(), budget }
    }

    fn left(&self) -> Duration {
        self.budget.saturating_sub(self.since.elapsed())
    }
}

fn first_hand(outcome: Outcome) -> Answer {
    Answer { outcome, hand: Hand::First }
}
