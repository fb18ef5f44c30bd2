//! `POST /payment/refund`: gives money back.
//!
//! Answers 200 with the payment; 202 while the gateway has not said what came of it, or nobody knows; 402 if it failed; 400,
//! 401, 403, 404, 409, 413, 415, 422; 503 only if the gateway was not asked yet (the refund may have been written down all the
//! same, and is then asked for by the retry function). A replay answers with what its own refund is now.

mod body;

use adapters::http::answer::Answer;
use adapters::http::authenticate::{ClientKeys, Scope, authenticate};
use adapters::http::problem::Problem;
use adapters::http::serve::Endpoint;
use adapters::http::{self, idempotency_key};
use adapters::secrets::{Cached, Vault};
use adapters::telemetry::{Field, Line};
use domain::id::IdempotencyKey;
use domain::payment::{Payment, RefundProgress};
use flow::operations::refund::refund;
use flow::ports::pause::LoadPauses;
use flow::ports::{Actor, Gateway, Host, LoadPayment, Nudge, ReplacePayment};
use lambda_http::Request;
use lambda_http::http::StatusCode;

/// What the function works with.
pub(crate) struct Refund<V, S, G, N> {
    /// Who may call.
    pub(crate) keys: Cached<ClientKeys, V>,
    /// Where payments are.
    pub(crate) store: S,
    /// Who has the money.
    pub(crate) gateway: G,
    /// Who looks again if nobody knows.
    pub(crate) nudges: N,
}

impl<V: Vault, S: LoadPayment + ReplacePayment + LoadPauses, G: Gateway, N: Nudge> Endpoint for Refund<V, S, G, N> {
    const FUNCTION: &'static str = "refund";
    const ROUTE: &'static str = "POST /payment/refund";

    async fn handle<H: Host>(&self, host: &H, request: &Request, line: &mut Line) -> Result<Answer, Problem> {
        let caller = authenticate(&self.keys, request, host.now(), line).await?;
        caller.require(Scope::RefundsWrite)?;
        let body: body::RefundBody = http::body::parse(request)?;
        let key = idempotency_key::required(request)?;
        let (id, wish) = body.into_wish(key.clone())?;
        line.set(Field::TransactionId(&id));

        let actor = Actor::Client(caller.name().to_owned());
        let refunded = refund(host, &self.store, &self.gateway, &self.nudges, &id, wish, &actor).await;
        let requested = refunded.map_err(|error| Problem::from(&error))?;
        Ok(Answer::requested(requested, line, |payment| answer(payment, &key)))
    }
}

/// What the refund of the request with this key is now.
fn answer(payment: &Payment, key: &IdempotencyKey) -> Answer {
    match payment.refund_of(key).map(|refund| &refund.progress) {
        Some(RefundProgress::Unanswered | RefundProgress::Answered { .. } | RefundProgress::Pending) => {
            Answer::payment(StatusCode::ACCEPTED, payment)
        }
        Some(RefundProgress::Failed { code }) => Answer::from(Problem::refund_failed(payment, code)),
        Some(RefundProgress::Canceled) => Answer::from(Problem::refund_failed(payment, "canceled")),
        Some(RefundProgress::Succeeded) | None => Answer::payment(StatusCode::OK, payment),
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
