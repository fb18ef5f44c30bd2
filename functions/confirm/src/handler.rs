//! `POST /payment/confirm`: tries to charge.
//!
//! Answers 200 with the payment; 202 while nobody knows, or the gateway is at work; 402 if the charge was declined; 400, 401, 403,
//! 404, 409, 413, 415, 422; 429 if whoever pays was declined too often; 503 only if the gateway was not asked yet (the attempt may have
//! been written down all the same, and is then sent by the retry function). A replay answers with what its own attempt is now.

mod body;

use std::net::IpAddr;

use adapters::http::answer::Answer;
use adapters::http::authenticate::{ClientKeys, Scope, authenticate};
use adapters::http::problem::Problem;
use adapters::http::serve::Endpoint;
use adapters::http::{self, idempotency_key};
use adapters::secrets::{Cached, Vault};
use adapters::telemetry::{Field, Line};
use domain::brake::Brake;
use domain::gateway::NextAction;
use domain::id::IdempotencyKey;
use domain::payment::{AttemptProgress, AttemptResult, Payment, PaymentState, ProcessingReason};
use domain::time::Timestamp;
use flow::operations::confirm::{confirm, confirm_braked};
use flow::ports::brake::CountDeclines;
use flow::ports::pause::LoadPauses;
use flow::ports::{Actor, Gateway, Host, LoadPayment, Nudge, ReplacePayment};
use lambda_http::Request;
use lambda_http::http::StatusCode;

/// What the function works with.
pub(crate) struct Confirm<V, S, G, N> {
    /// Who may call.
    pub(crate) keys: Cached<ClientKeys, V>,
    /// Where payments are.
    pub(crate) store: S,
    /// Who charges.
    pub(crate) gateway: G,
    /// Who looks again if nobody knows.
    pub(crate) nudges: N,
    /// How many declines an hour takes, of one customer or one card; none if nobody counts.
    pub(crate) declines_per_hour: Option<u32>,
}

impl<V: Vault, S: LoadPayment + ReplacePayment + LoadPauses + CountDeclines, G: Gateway, N: Nudge> Endpoint
    for Confirm<V, S, G, N>
{
    const FUNCTION: &'static str = "confirm";
    const ROUTE: &'static str = "POST /payment/confirm";

    async fn handle<H: Host>(&self, host: &H, request: &Request, line: &mut Line) -> Result<Answer, Problem> {
        let caller = authenticate(&self.keys, request, host.now(), line).await?;
        caller.require(Scope::PaymentsWrite)?;
        let body: body::ConfirmBody = http::body::parse(request)?;
        let key = idempotency_key::required(request)?;
        let payer_address = body.payer_address()?;
        let (id, wish) = body.into_request(key.clone(), self.gateway.api_version())?;
        line.set(Field::TransactionId(&id));

        let actor = Actor::Client(caller.name().to_owned());
        let (store, gateway, nudges) = (&self.store, &self.gateway, &self.nudges);
        let confirmed = match self.brake(host.now(), payer_address).await {
            Some(brake) => confirm_braked(host, store, gateway, nudges, &brake, &id, wish, &actor).await,
            None => confirm(host, store, gateway, nudges, &id, wish, &actor).await,
        };
        let requested = confirmed.map_err(|error| Problem::from(&error))?;
        Ok(Answer::requested(requested, line, |payment| answer(payment, &key)))
    }
}

impl<V: Vault, S, G, N> Confirm<V, S, G, N> {
    /// The brake on card testing, if there is one.
    async fn brake(&self, now: Timestamp, payer_address: Option<IpAddr>) -> Option<Brake> {
        let declines_max = self.declines_per_hour?;
        // The caller was just found in them.
        let pepper = self.keys.get(now).await.ok()?.pepper();
        Some(Brake { declines_max, pepper, payer_address })
    }
}

/// What the attempts of the request with this key are now.
fn answer(payment: &Payment, key: &IdempotencyKey) -> Answer {
    let under_way = || Answer::payment(StatusCode::ACCEPTED, payment);
    let Some(attempt) = payment.attempt_of(key) else { return Answer::payment(StatusCode::OK, payment) };
    // This request's own decline is no end while its charge is to be tried again.
    let tried_again = matches!(payment.state, PaymentState::Processing(ProcessingReason::RetryScheduled { .. }))
        && payment.attempts.last().is_some_and(|last| last.number == attempt.number);
    match &attempt.progress {
        AttemptProgress::Unanswered => under_way(),
        AttemptProgress::Answered if matches!(payment.state, PaymentState::Processing(_)) => under_way(),
        AttemptProgress::Closed(AttemptResult::Declined(_) | AttemptResult::NotCharged) if tried_again => under_way(),
        // It was too early: nobody has approved yet, and nobody declined.
        AttemptProgress::Closed(AttemptResult::NotCharged)
            if matches!(payment.state, PaymentState::RequiresAction(NextAction::Redirect(_))) =>
        {
            Answer::payment(StatusCode::OK, payment)
        }
        // Nobody declined it: the payment came to its end another way.
        AttemptProgress::Closed(AttemptResult::NotCharged) if payment.state.is_terminal() => {
            Answer::from(Problem::overtaken(payment))
        }
        AttemptProgress::Closed(AttemptResult::Declined(_) | AttemptResult::NotCharged) => {
            Answer::from(Problem::declined(payment, attempt.number))
        }
        AttemptProgress::Answered | AttemptProgress::Closed(AttemptResult::Charged) => {
            Answer::payment(StatusCode::OK, payment)
        }
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
