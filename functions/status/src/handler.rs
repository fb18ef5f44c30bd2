//! `GET /payment/status/{transactionId}`: the payment as it stands. One strongly consistent read, and nothing else: this function
//! can neither write nor ask a gateway.
//!
//! Answers 200 with the payment; 401, 403, 404.

use adapters::http::answer::Answer;
use adapters::http::authenticate::{ClientKeys, Scope, authenticate};
use adapters::http::problem::{Problem, Refusal};
use adapters::http::serve::Endpoint;
use adapters::http::{body, path};
use adapters::secrets::{Cached, Vault};
use adapters::telemetry::{Field, Line};
use flow::operations::status::status;
use flow::ports::{Host, LoadPayment};
use lambda_http::Request;
use lambda_http::http::StatusCode;

/// What the function works with.
pub(crate) struct Status<V, S> {
    /// Who may call.
    pub(crate) keys: Cached<ClientKeys, V>,
    /// Where payments are.
    pub(crate) store: S,
}

impl<V: Vault, S: LoadPayment> Endpoint for Status<V, S> {
    const FUNCTION: &'static str = "status";
    const ROUTE: &'static str = "GET /payment/status/{transactionId}";

    async fn handle<H: Host>(&self, host: &H, request: &Request, line: &mut Line) -> Result<Answer, Problem> {
        let caller = authenticate(&self.keys, request, host.now(), line).await?;
        caller.require(Scope::PaymentsRead)?;
        body::screen(request)?;
        let id = path::transaction_id(request)?;
        line.set(Field::TransactionId(&id));

        let found = status(&self.store, &id).await.map_err(|error| Problem::from(&error))?;
        let payment = found.ok_or(Refusal::NotFound)?;
        line.set(Field::State(payment.state.name()));
        Ok(Answer::payment(StatusCode::OK, &payment))
    }
}

#[cfg(test)]
mod tests;
