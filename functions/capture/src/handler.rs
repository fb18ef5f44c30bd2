//! `POST /payment/capture`: takes money that is held.
//!
//! Answers 200 with the payment; 202 while nobody knows; 402 if the gateway refused; 400, 401, 403, 404, 409, 413, 415, 422; 503
//! only if the gateway was not asked yet (the capture may have been written down all the same, and is then asked for by the
//! retry function). A replay answers with what its own capture is now.

mod body;

use adapters::http::answer::Answer;
use adapters::http::authenticate::{ClientKeys, Scope, authenticate};
use adapters::http::problem::Problem;
use adapters::http::serve::Endpoint;
use adapters::http::{self, idempotency_key};
use adapters::secrets::{Cached, Vault};
use adapters::telemetry::{Field, Line};
use domain::id::IdempotencyKey;
use domain::payment::{ActProgress, Payment};
use flow::operations::capture::capture;
use flow::ports::pause::LoadPauses;
use flow::ports::{Actor, Gateway, Host, LoadPayment, Nudge, ReplacePayment};
use lambda_http::Request;
use lambda_http::http::StatusCode;

/// What the function works with.
pub(crate) struct Capture<V, S, G, N> {
    /// Who may call.
    pub(crate) keys: Cached<ClientKeys, V>,
    /// Where payments are.
    pub(crate) store: S,
    /// Who holds the money.
    pub(crate) gateway: G,
    /// Who looks again if nobody knows.
    pub(crate) nudges: N,
}

impl<V: Vault, S: LoadPayment + ReplacePayment + LoadPauses, G: Gateway, N: Nudge> Endpoint for Capture<V, S, G, N> {
    const FUNCTION: &'static str = "capture";
    const ROUTE: &'static str = "POST /payment/capture";

    async fn handle<H: Host>(&self, host: &H, request: &Request, line: &mut Line) -> Result<Answer, Problem> {
        let caller = authenticate(&self.keys, request, host.now(), line).await?;
        caller.require(Scope::PaymentsWrite)?;
        let body: body::CaptureBody = http::body::parse(request)?;
        let key = idempotency_key::required(request)?;
        let (id, wish) = body.into_wish(key.clone())?;
        line.set(Field::TransactionId(&id));

        let actor = Actor::Client(caller.name().to_owned());
        let captured = capture(host, &self.store, &self.gateway, &self.nudges, &id, wish, &actor).await;
        let requested = captured.map_err(|error| Problem::from(&error))?;
        Ok(Answer::requested(requested, line, |payment| answer(payment, &key)))
    }
}

/// What the capture of the request with this key is now.
fn answer(payment: &Payment, key: &IdempotencyKey) -> Answer {
    match payment.capture_of(key).map(|act| &act.progress) {
        Some(ActProgress::Open) => Answer::payment(StatusCode::ACCEPTED, payment),
        Some(ActProgress::Refused { code }) => Answer::from(Problem::capture_refused(payment, code)),
        // The hold ran out, or somebody let go of it.
        Some(ActProgress::Overtaken) => Answer::from(Problem::overtaken(payment)),
        Some(ActProgress::Done) | None => Answer::payment(StatusCode::OK, payment),
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
