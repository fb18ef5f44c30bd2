//! `GET /payment/status/{transactionId}`: the payment as it stands. One strongly consistent read, and nothing else: this function
//! can neither write nor ask a gateway. With `?expand=timeline` it also reads how the payment came to stand so; with `?expand=customer`,
//! who pays it, which it has to open with the payer's key: whoever asks again and again how a payment stands need not.
//!
//! Answers 200 with the payment; 400, 401, 403, 404.

use adapters::http::answer::Answer;
use adapters::http::authenticate::{ClientKeys, Scope, authenticate};
use adapters::http::problem::{Problem, Refusal};
use adapters::http::query::Query;
use adapters::http::serve::Endpoint;
use adapters::http::status_json::StatusJson;
use adapters::http::{body, path};
use adapters::secrets::{Cached, Vault};
use adapters::telemetry::{Field, Line};
use flow::operations::status::{payer, status, timeline};
use flow::ports::personal::Open;
use flow::ports::timeline::LoadTimeline;
use flow::ports::{Host, LoadPayment};
use lambda_http::Request;
use lambda_http::http::StatusCode;

/// What the function works with.
pub(crate) struct Status<V, S, P> {
    /// Who may call.
    pub(crate) keys: Cached<ClientKeys, V>,
    /// Where payments are.
    pub(crate) store: S,
    /// Who opens what is the payer's own.
    pub(crate) people: P,
}

impl<V: Vault, S: LoadPayment + LoadTimeline, P: Open> Endpoint for Status<V, S, P> {
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
            Wanted::Payment => Ok(Answer::json(StatusCode::OK, &StatusJson::from(&payment))),
            Wanted::Timeline => {
                let told = timeline(&self.store, &payment).await.map_err(|error| Problem::from(&error))?;
                line.set(Field::Listed(told.entries.len()));
                Ok(Answer::json(StatusCode::OK, &StatusJson::with_timeline(&payment, &told)))
            }
            Wanted::Customer => {
                let payer = payer(host, &self.people, &payment).await.map_err(|error| Problem::from(&error))?;
                Ok(Answer::json(StatusCode::OK, &StatusJson::with_customer(&payment, payer)))
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
    /// And who pays it.
    Customer,
}

fn wanted(request: &Request) -> Result<Wanted, Problem> {
    let mut query = Query::of(request, &["expand"]);
    let expanded = query.read("expand", |text: &str| match text {
        "timeline" => Ok(Wanted::Timeline),
        "customer" => Ok(Wanted::Customer),
        _ => Err("must be `timeline` or `customer`, or left out"),
    });
    query.finish()?;
    Ok(expanded.unwrap_or(Wanted::Payment))
}

#[cfg(test)]
mod tests;
