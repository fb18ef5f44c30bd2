//! `POST /payment/initiate`: opens a payment that waits for its payer.
//!
//! Answers 201 with the payment, 200 to a replay; 400, 401, 403, 413, 415, 422; 503 if the gateway gave no usable answer, in which
//! case nothing happened.

mod body;

use adapters::config::CheckoutExpiry;
use adapters::http::answer::Answer;
use adapters::http::authenticate::{ClientKeys, Scope, authenticate};
use adapters::http::problem::Problem;
use adapters::http::serve::Endpoint;
use adapters::http::{self, idempotency_key};
use adapters::secrets::{Cached, Vault};
use adapters::telemetry::{Field, Line};
use domain::gateway::Gateway as GatewayName;
use flow::operations::initiate::{InitiateError, InitiateRequest, Initiated, Rules, initiate};
use flow::ports::pause::LoadPauses;
use flow::ports::personal::Seal;
use flow::ports::{Actor, CreatePayment, Gateway, Host, LoadPayment};
use lambda_http::Request;
use lambda_http::http::StatusCode;

/// What the function works with.
pub(crate) struct Initiate<V, S, G, P> {
    /// Who may call.
    pub(crate) keys: Cached<ClientKeys, V>,
    /// Where payments are created.
    pub(crate) store: S,
    /// Where objects are opened.
    pub(crate) gateway: G,
    /// Who seals what is the payer's own.
    pub(crate) people: P,
    /// At which gateway, unless the request says.
    pub(crate) default_gateway: GatewayName,
    /// Whether money is real, and how much of it is asked for.
    pub(crate) rules: Rules,
    /// How long payers have.
    pub(crate) checkout_expiry: CheckoutExpiry,
}

impl<V: Vault, S: LoadPayment + CreatePayment + LoadPauses, G: Gateway, P: Seal> Endpoint for Initiate<V, S, G, P> {
    const FUNCTION: &'static str = "initiate";
    const ROUTE: &'static str = "POST /payment/initiate";

    async fn handle<H: Host>(&self, host: &H, request: &Request, line: &mut Line) -> Result<Answer, Problem> {
        let caller = authenticate(&self.keys, request, host.now(), line).await?;
        caller.require(Scope::PaymentsWrite)?;
        let body: body::InitiateBody = http::body::parse(request)?;
        let key = idempotency_key::required(request)?;
        let request_hash = body.hash(self.default_gateway);
        let (gateway, terms, payer) = body.into_terms(self.default_gateway, self.checkout_expiry)?;
        let actor = Actor::Client(caller.name().to_owned());
        let wish = InitiateRequest { key, request_hash, gateway, terms, payer, actor };
        let Self { store, people, rules, .. } = self;

        let (status, payment, replayed) = match initiate(host, store, &self.gateway, people, rules, wish).await {
            Ok(Initiated::Created(payment)) => (StatusCode::CREATED, payment, false),
            Ok(Initiated::Replayed(payment)) => (StatusCode::OK, payment, true),
            Err(error) => return Err(refused(&error, line)),
        };
        line.set(Field::TransactionId(&payment.id));
        line.set(Field::State(payment.state.name()));
        line.set(Field::Replayed(replayed));
        Ok(Answer::payment(status, &payment).replayed(replayed))
    }
}

fn refused(error: &InitiateError, line: &mut Line) -> Problem {
    if let InitiateError::GatewayUnavailable(reason) = error {
        line.set(Field::Outcome(reason));
    }
    Problem::from(error)
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
