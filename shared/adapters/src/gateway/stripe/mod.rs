//! Stripe: one PaymentIntent for each payment.
//!
//! Every act is a pure pair under a thin shell: the request for … (`open`, `confirm`, `capture`, `cancel`, `refund`, `fetch`) and
//! the outcome of a response (`reply`, with `object`, `settlement` and `error`). The shell (`http`) moves bytes; `patience` says when
//! it may send the same ones again. `webhook` reads what Stripe sends by itself.
//!
//! Must never: act without an idempotency key; send an attempt that is not on the row; call a silence, or an answer
//! it cannot read, a failure; let a key, a token or a word of Stripe's prose into a log or an error.

mod amount;
mod cancel;
mod capture;
mod confirm;
mod dispute;
mod error;
mod fetch;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod fuzz;
mod http;
mod key;
mod message;
mod object;
mod open;
mod patience;
mod refund;
mod reply;
mod settlement;
mod signature;
mod warning;
pub mod webhook;

use std::time::Duration;

use domain::{
    dispute::{DisputeId, Papers},
    gateway::{Answer, Gateway as GatewayName, Mode, Outcome, RefundAnswer, RefundSnapshot, Traced, UnknownReason},
    id::{AttemptNumber, RefundId},
    money::Money,
    payment::Payment,
    warning::WarningId,
};
use flow::{
    commit::Committed,
    ports::{
        AmountRefusal, Gateway, OpenOutcome, OpenRequest,
        dispute::{DisputeGateway, PapersRefusal},
        warning::WarningGateway,
    },
};

use super::word;
use http::Shell;

pub use super::wire::{BadBaseUrl, BaseUrl};
pub use key::{ApiKey, ApiKeys};
pub use message::API_VERSION;

/// Stripe.
#[derive(Debug)]
pub struct Stripe<K>(Shell<K>);

impl<K: ApiKeys> Stripe<K> {
    /// Stripe at `base_url`, called through `client` with the key that `keys` has, if that is one of `mode`. `dice` gives random numbers.
    #[must_use]
    pub const fn new(client: reqwest::Client, base_url: BaseUrl, keys: K, mode: Mode, dice: fn() -> u64) -> Self {
        Self(Shell::new(client, base_url, keys, mode, dice))
    }

    /// Reads the key and opens the connection before the first request needs them. Takes two seconds at most, and never
    /// fails.
    pub async fn warm(&self) {
        self.0.warm().await;
    }
}

impl<K: ApiKeys> Gateway for Stripe<K> {
    fn api_version(&self) -> &'static str {
        API_VERSION
    }

    fn accepts(&self, _gateway: GatewayName, amount: Money) -> Result<(), AmountRefusal> {
        amount::to_stripe(amount).map(|_| ())
    }

    async fn open(&self, asked: &OpenRequest<'_>, budget: Duration) -> Traced<OpenOutcome> {
        match open::request(asked) {
            Ok(request) => self.0.call(&request, budget).await.map(|called| open::outcome(called, asked.id)),
            Err(outcome) => Traced::untraced(outcome),
        }
    }

    async fn confirm(&self, committed: &Committed, attempt: AttemptNumber, budget: Duration) -> Traced<Answer> {
        match confirm::request(committed.payment(), attempt) {
            Ok(request) => self.0.call(&request, budget).await.map(reply::answer),
            Err(why) => Traced::untraced(reply::unsent(why)),
        }
    }

    async fn capture(&self, committed: &Committed, budget: Duration) -> Traced<Answer> {
        match capture::request(committed.payment()) {
            Ok(request) => self.0.call(&request, budget).await.map(reply::answer).map(not_declined),
            Err(why) => Traced::untraced(reply::unsent(why)),
        }
    }

    async fn cancel(&self, committed: &Committed, fresh: u64, budget: Duration) -> Traced<Answer> {
        let request = cancel::request(committed.payment(), fresh);
        self.0.call(&request, budget).await.map(reply::answer).map(not_declined)
    }

    async fn refund(&self, committed: &Committed, refund: &RefundId, budget: Duration) -> Traced<RefundAnswer> {
        match refund::request(committed.payment(), refund) {
            Ok(request) => self.0.call(&request, budget).await.map(refund::answer),
            Err(why) => Traced::untraced(refund::unsent(why)),
        }
    }

    /// It is traced to the page that was read last: where a list breaks off, that is the one that somebody must ask about.
    async fn refunds(&self, payment: &Payment, budget: Duration) -> Traced<Result<Vec<RefundSnapshot>, UnknownReason>> {
        let (mut listed, mut request_id) = (Vec::<RefundSnapshot>::new(), None);
        for _ in 0..refund::PAGES_MAX {
            let after = listed.last().map(|refund| &refund.reference);
            let page = self.0.call(&refund::list(payment, after), budget).await.map(refund::page);
            request_id = page.request_id;
            match page.answer {
                Ok((page, has_more)) => {
                    listed.extend(page);
                    if !has_more {
                        return Traced { answer: Ok(listed), request_id };
                    }
                }
                Err(reason) => return Traced { answer: Err(reason), request_id },
            }
        }
        // What was not seen must not count as not there.
        Traced { answer: Err(UnknownReason::Unreadable), request_id }
    }

    async fn fetch(&self, payment: &Payment, budget: Duration) -> Traced<Outcome> {
        self.0.call(&fetch::request(payment), budget).await.map(|called| reply::answer(called).outcome)
    }
}

impl<K: ApiKeys> DisputeGateway for Stripe<K> {
    fn accepts_papers(&self, _: &DisputeId, papers: &Papers) -> Result<(), PapersRefusal> {
        dispute::accepts(papers)
    }

    async fn fetch_dispute(&self, id: &DisputeId, budget: Duration) -> Traced<domain::dispute::Outcome> {
        self.0.call(&dispute::look(id), budget).await.map(dispute::seen)
    }

    async fn answer_dispute(
        &self,
        committed: &flow::commit::dispute::Committed,
        papers: &Papers,
        budget: Duration,
    ) -> Traced<domain::dispute::Answer> {
        match dispute::request(committed.dispute(), papers) {
            Some(request) => self.0.call(&request, budget).await.map(dispute::answer),
            None => Traced::untraced(dispute::unsent()),
        }
    }
}

impl<K: ApiKeys> WarningGateway for Stripe<K> {
    async fn fetch_warning(&self, id: &WarningId, budget: Duration) -> Traced<domain::warning::Outcome> {
        self.0.call(&warning::look(id), budget).await.map(warning::seen)
    }
}

fn not_declined(answer: Answer) -> Answer {
    Answer { outcome: capture::not_declined(answer.outcome), hand: answer.hand }
}
