//! `GET /payment/status/{transactionId}`: the payment as it stands. One strongly consistent read, and nothing else: this function
//! can neither write nor ask a gateway. With `?expand=timeline` it also reads how the payment came to stand so.
//!
//! Answers 200 with the payment; 400, 401, 403, 404.

use adapters::http::answer::Answer;
use adapters::http::authenticate::{ClientKeys, Scope, authenticate};
use adapters::http::problem::{Problem, Refusal};
use adapters::http::query::Query;
use adapters::http::serve::Endpoint;
use adapters::http::timeline_json::ExplainedJson;
use adapters::http::{body, path};
use adapters::secrets::{Cached, Vault};
use adapters::telemetry::{Field, Line};
use flow::operations::status::{status, timeline};
use flow::ports::timeline::LoadTimeline;
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

impl<V: Vault, S: LoadPayment + LoadTimeline> Endpoint for Status<V, S> {
    const FUNCTION: &'static str = "status";
    const ROUTE: &'static str = "GET /payment/status/{transactionId}";

    async fn handle<H: Host>(&self, host: &H, request: &Request, line: &mut Line) -> Result<Answer, Problem> {
        let caller = authenticate(&self.keys, request, host.now(), line).await?;
        caller.require(Scope::PaymentsRead)?;
        body::screen(request)?;
        let id = path::transaction_id(request)?;
        line.set(Field::TransactionId(&id));
        let wanted = wanted(request)?;

        let found = status(&self.store, &id).await.map_err(|error| Problem::from(&error))?;
        let payment = found.ok_or(Refusal::NotFound)?;
        line.set(Field::State(payment.state.name()));
        match wanted {
            Wanted::Payment => Ok(Answer::payment(StatusCode::OK, &payment)),
            Wanted::Timeline => {
                let told = timeline(&self.store, &payment).await.map_err(|error| Problem::from(&error))?;
                line.set(Field::Listed(told.entries.len()));
                Ok(Answer::json(StatusCode::OK, &ExplainedJson::of(&payment, &told)))
            }
        }
    }
}

/// What a request wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// How the payment stands.
    Payment,
    /// And how it came to stand so.
    Timeline,
}

fn wanted(request: &Request) -> Result<Wanted, Problem> {
    let mut query = Query::of(request, &["expand"]);
    let is_timeline = |text: &str| if text == "timeline" { Ok(()) } else { Err("must be `timeline`, or left out") };
    let expanded = query.read("expand", is_timeline);
    query.finish()?;
    Ok(if expanded.is_some() { Wanted::Timeline } else { Wanted::Payment })
}

#[cfg(test)]
mod tests;
