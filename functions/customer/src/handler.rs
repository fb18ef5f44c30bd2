//! `DELETE /customers/{customerId}`: erases a person. One read and one write of the row of their keys; this function can neither read
//! what was sealed with them, nor ask KMS.
//!
//! Answers 204, whether somebody of that name was known, was erased before, or never paid here: whoever may ask must not learn from the
//! answer who is a customer; 400, 401, 403.

use adapters::http::answer::Answer;
use adapters::http::authenticate::{ClientKeys, Scope, authenticate};
use adapters::http::problem::Problem;
use adapters::http::serve::Endpoint;
use adapters::http::{body, path};
use adapters::secrets::{Cached, Vault};
use adapters::telemetry::{Field, Line};
use domain::personal::PersonId;
use flow::operations::customer::{Erased, erase};
use flow::ports::personal::{LoadKeyring, SaveKeyring};
use flow::ports::{Actor, Host};
use lambda_http::Request;

/// What the function works with.
pub(crate) struct Customers<V, S> {
    /// Who may call.
    pub(crate) keys: Cached<ClientKeys, V>,
    /// Where people's keys are.
    pub(crate) store: S,
}

impl<V: Vault, S: LoadKeyring + SaveKeyring> Endpoint for Customers<V, S> {
    const FUNCTION: &'static str = "customer";
    const ROUTE: &'static str = "DELETE /customers/{customerId}";

    async fn handle<H: Host>(&self, host: &H, request: &Request, line: &mut Line) -> Result<Answer, Problem> {
        let caller = authenticate(&self.keys, request, host.now(), line).await?;
        caller.require(Scope::CustomersWrite)?;
        body::screen(request)?;
        let person = PersonId::of_customer(&path::customer_id(request)?);
        // Not the name, which is somebody's own; whoever restores a table finds by this who is to be erased again.
        line.set(Field::Person(&person));
        let actor = Actor::Client(caller.name().to_owned());
        let erased = erase(host, &self.store, &person, &actor).await.map_err(|error| Problem::from(&error))?;
        line.set(Field::Outcome(match erased {
            Erased::Now => "erased",
            Erased::Before => "erased_before",
            Erased::Unknown => "erased_unknown",
        }));
        Ok(Answer::nothing())
    }
}

#[cfg(test)]
mod tests;
