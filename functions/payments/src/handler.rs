//! `GET /payments`: the payments of a day, or those that the merchant gave one reference, newest first. This function can neither
//! write nor ask a gateway.
//!
//! Answers 200 with a page and, if there may be more, a cursor; 400, 401, 403.

mod query;

use adapters::http::answer::Answer;
use adapters::http::authenticate::{ClientKeys, Scope, authenticate};
use adapters::http::body;
use adapters::http::cursor::Cursor;
use adapters::http::payment_json::PaymentJson;
use adapters::http::problem::Problem;
use adapters::http::serve::Endpoint;
use adapters::secrets::{Cached, Vault};
use adapters::telemetry::{Count, Field, Line};
use flow::operations::payments::payments;
use flow::ports::{Host, ListPayments};
use lambda_http::Request;
use lambda_http::http::StatusCode;
use serde::Serialize;

/// What the function works with.
pub(crate) struct Payments<V, S> {
    /// Who may call.
    pub(crate) keys: Cached<ClientKeys, V>,
    /// Where payments are.
    pub(crate) store: S,
}

/// A page of a list.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, schemars(rename = "Payments"))]
struct PageJson {
    payments: Vec<PaymentJson>,
    /// Where to go on; null at the end. A page may be empty, and still have one.
    next_cursor: Option<String>,
}

impl<V: Vault, S: ListPayments> Endpoint for Payments<V, S> {
    const FUNCTION: &'static str = "payments";
    const ROUTE: &'static str = "GET /payments";

    async fn handle<H: Host>(&self, host: &H, request: &Request, line: &mut Line) -> Result<Answer, Problem> {
        let caller = authenticate(&self.keys, request, host.now(), line).await?;
        caller.require(Scope::PaymentsRead)?;
        body::screen(request)?;
        let wanted = query::read(request, host.now())?;

        let listed = payments(&self.store, &wanted).await.map_err(|error| Problem::from(&error))?;
        line.set(Field::Listed(listed.payments.len()));
        (0..listed.unreadable).for_each(|_| line.count(Count::UnreadableRow));
        let page = PageJson {
            payments: listed.payments.iter().map(PaymentJson::from).collect(),
            next_cursor: listed.next.map(|place| Cursor::new(&wanted.listing, place).text()),
        };
        Ok(Answer::json(StatusCode::OK, &page))
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
