//! `POST /payment/cancel`: ends a payment that has not been charged.
//!
//! Answers 200 with the payment when it is canceled; 202 while the gateway has not said so; 400, 401, 403, 404, 413, 415, 422;
//! 409 where it cannot be canceled, also if a charge was faster; 503 only if the gateway was not asked yet (the cancel may have
//! been written down all the same, and is then asked for by the retry function). A replay answers with what its own cancel is now.

mod body;

use adapters::http::answer::Answer;
use adapters::http::authenticate::{ClientKeys, Scope, authenticate};
use adapters::http::problem::Problem;
use adapters::http::serve::Endpoint;
use adapters::http::{self, idempotency_key};
use adapters::secrets::{Cached, Vault};
use adapters::telemetry::{Field, Line};
use domain::id::IdempotencyKey;
use domain::payment::{ActProgress, Payment, Status};
use flow::operations::cancel::cancel;
use flow::ports::{Actor, Gateway, Host, LoadPayment, Nudge, ReplacePayment};
use lambda_http::Request;
use lambda_http::http::StatusCode;

/// What the function works with.
pub(crate) struct Cancel<V, S, G, N> {
    /// Who may call.
    pub(crate) keys: Cached<ClientKeys, V>,
    /// Where payments are.
    pub(crate) store: S,
    /// Whose object is canceled.
    pub(crate) gateway: G,
    /// Who looks again if nobody knows.
    pub(crate) nudges: N,
}

impl<V: Vault, S: LoadPayment + ReplacePayment, G: Gateway, N: Nudge> Endpoint for Cancel<V, S, G, N> {
    const FUNCTION: &'static str = "cancel";
    const ROUTE: &'static str = "POST /payment/cancel";

    async fn handle<H: Host>(&self, host: &H, request: &Request, line: &mut Line) -> Result<Answer, Problem> {
        let caller = authenticate(&self.keys, request, host.now(), line).await?;
        caller.require(Scope::PaymentsWrite)?;
        let body: body::CancelBody = http::body::parse(request)?;
        let key = idempotency_key::required(request)?;
        let (id, wish) = body.into_request(key.clone())?;
        line.set(Field::TransactionId(&id));

        let actor = Actor::Client(caller.name().to_owned());
        let canceled = cancel(host, &self.store, &self.gateway, &self.nudges, &id, wish, &actor).await;
        let requested = canceled.map_err(|error| Problem::from(&error))?;
        Ok(Answer::requested(requested, line, |payment| answer(payment, &key)))
    }
}

/// What the cancel of the request with this key is now.
fn answer(payment: &Payment, key: &IdempotencyKey) -> Answer {
    match payment.cancel_of(key).map(|act| &act.progress) {
        Some(ActProgress::Open) => Answer::payment(StatusCode::ACCEPTED, payment),
        // Not even a cancel that was done stands against money that moved after all.
        _ if payment.state.status() != Status::Canceled => Answer::from(Problem::overtaken(payment)),
        _ => Answer::payment(StatusCode::OK, payment),
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
