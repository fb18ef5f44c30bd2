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
//! it cannot read, a failure; let a secret, a token, PayPal's prose or its `debug_id` into a log or an error. The `debug_id` of a response
//! goes into the row with what it said, because PayPal's support asks for it; where one act took several requests, that of the one
//! that asked for the act: what was only looked at can be looked at again.

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
    gateway::{Answer, Hand, Mode, Outcome, RefundAnswer, RefundSnapshot, Traced, UnknownReason},
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
use reply::{Heard, Refusal};

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

    pub(super) async fn open(&self, asked: &OpenRequest<'_>, budget: Duration) -> Traced<OpenOutcome> {
        match open::request(asked) {
            Ok(request) => {
                self.shell.call(&request, budget).await.map(|called| open::outcome(called, asked.id, self.mode))
            }
            Err(outcome) => Traced::untraced(outcome),
        }
    }

    pub(super) async fn confirm(
        &self,
        committed: &Committed,
        attempt: AttemptNumber,
        budget: Duration,
    ) -> Traced<Answer> {
        let (payment, time) = (committed.payment(), TimeLeft::of(budget));
        let request = match confirm::request(payment, attempt) {
            Ok(request) => request,
            Err(why) => return Traced::untraced(reply::unsent(why)),
        };
        let called = self.shell.call(&request, time.left()).await;
        let heard = called.map(|called| reply::attempted(called, payment));
        self.explained(heard, Refusal::of_attempt, payment, &time).await
    }

    pub(super) async fn capture(&self, committed: &Committed, budget: Duration) -> Traced<Answer> {
        let (payment, time) = (committed.payment(), TimeLeft::of(budget));
        let authorization = match self.charge(payment, time.left()).await {
            Ok(authorization) => authorization,
            // Nothing was asked for; what the look at the order has shown is the answer.
            Err(seen) => return seen.map(first_hand),
        };
        let request = match capture::request(payment, &authorization) {
            Ok(request) => request,
            Err(why) => return Traced::untraced(reply::unsent(why)),
        };
        let called = self.shell.call(&request, time.left()).await;
        let heard = called.map(|called| capture::heard(called, payment));
        self.explained(heard, Refusal::of_act, payment, &time).await
    }

    /// What was let go, and what never held anything, is looked at: the order tells how it stands.
    pub(super) async fn cancel(&self, committed: &Committed, fresh: u64, budget: Duration) -> Traced<Answer> {
        let (payment, time) = (committed.payment(), TimeLeft::of(budget));
        // What is held after the end was held too late.
        let may_hold =
            matches!(payment.state, PaymentState::RequiresCapture { .. }) || payment.has_ended_without_money();
        if let Some(held) = payment.charge.as_ref().filter(|_| may_hold) {
            let request = cancel::request(payment, &held.reference, fresh);
            let Traced { answer: called, request_id } = self.shell.call(&request, time.left()).await;
            return match reply::done(called) {
                Ok(_) => Traced { answer: first_hand(self.look(payment, time.left()).await.answer), request_id },
                Err(no) => {
                    let heard = Traced { answer: reply::refused_act(no), request_id };
                    self.explained(heard, Refusal::of_act, payment, &time).await
                }
            };
        }
        self.look(payment, time.left()).await.map(first_hand)
    }

    pub(super) async fn refund(
        &self,
        committed: &Committed,
        refund: &RefundId,
        budget: Duration,
    ) -> Traced<RefundAnswer> {
        let (payment, time) = (committed.payment(), TimeLeft::of(budget));
        let capture = match self.charge(payment, time.left()).await {
            Ok(capture) => capture,
            Err(seen) => return seen.map(|_| refund::unsent(message::Unsendable::NotOnTheRow)),
        };
        match refund::request(payment, refund, &capture) {
            Ok(request) => {
                let called = self.shell.call(&request, time.left()).await;
                called.map(|called| refund::answer(called, payment, &capture))
            }
            Err(why) => Traced::untraced(refund::unsent(why)),
        }
    }

    pub(super) async fn refunds(
        &self,
        payment: &Payment,
        budget: Duration,
    ) -> Traced<Result<Vec<RefundSnapshot>, UnknownReason>> {
        self.shell.call(&fetch::request(payment), budget).await.map(|called| refund::listed(called, payment))
    }

    pub(super) async fn fetch(&self, payment: &Payment, budget: Duration) -> Traced<Outcome> {
        self.look(payment, budget).await
    }

    pub(super) fn accepts_papers(papers: &Papers) -> Result<(), PapersRefusal> {
        dispute::accepts(papers)
    }

    pub(super) async fn fetch_dispute(&self, id: &DisputeId, budget: Duration) -> Traced<domain::dispute::Outcome> {
        self.shell.call(&dispute::look(id), budget).await.map(dispute::seen)
    }

    /// What was done is looked at, in the same call if there is time: PayPal's answer does not show the dispute.
    pub(super) async fn answer_dispute(
        &self,
        committed: &flow::commit::dispute::Committed,
        papers: &Papers,
        budget: Duration,
    ) -> Traced<domain::dispute::Answer> {
        let (dispute, time) = (committed.dispute(), TimeLeft::of(budget));
        let Some(request) = dispute::request(dispute, papers) else {
            return Traced::untraced(dispute::first_hand(domain::dispute::Outcome::Unknown(UnknownReason::NotSent)));
        };
        let told = self.shell.call(&request, time.left()).await.map(dispute::answer);
        if told.answer.outcome != domain::dispute::Outcome::Taken {
            return told;
        }
        match self.fetch_dispute(&dispute.id, time.left()).await.answer {
            seen @ domain::dispute::Outcome::Dispute(_) => told.map(|_| dispute::first_hand(seen)),
            domain::dispute::Outcome::Taken
            | domain::dispute::Outcome::Refused { .. }
            | domain::dispute::Outcome::Unknown(_) => told,
        }
    }

    async fn look(&self, payment: &Payment, budget: Duration) -> Traced<Outcome> {
        self.shell.call(&fetch::request(payment), budget).await.map(|called| reply::looked(called, payment))
    }

    /// What was heard of a request; if that is a refusal which the order must explain, what it is by a look.
    async fn explained(
        &self,
        heard: Traced<Heard>,
        explain: fn(Refusal, Outcome) -> Answer,
        payment: &Payment,
        time: &TimeLeft,
    ) -> Traced<Answer> {
        let Traced { answer: heard, request_id } = heard;
        let answer = match heard {
            Heard::Answer(answer) => answer,
            Heard::Look(refusal) => explain(refusal, self.look(payment, time.left()).await.answer),
        };
        Traced { answer, request_id }
    }

    /// What a capture or a refund is asked of: as the row has it, else as the order shows it. If it shows none, what it
    /// shows.
    async fn charge(&self, payment: &Payment, budget: Duration) -> Result<GatewayToken, Traced<Outcome>> {
        if let Some(charge) = &payment.charge {
            return Ok(charge.reference.clone());
        }
        let seen = self.look(payment, budget).await;
        let ours = seen.answer.object().filter(|object| object.reference == payment.object);
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

#[cfg(test)]
mod tests;
