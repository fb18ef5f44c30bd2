//! From a function's endpoint to a running Lambda: one request in, one answer and one log line out.

use std::convert::Infallible;
use std::future::Future;

use domain::time::Timestamp;
use flow::ports::Host;
use lambda_http::http::Response;
use lambda_http::{Body, Request, RequestExt as _, service_fn};

use super::answer::{Answer, request_id};
use super::problem::{Problem, Refusal, TypeBase};
use crate::config::Environment;
use crate::host::SystemHost;
use crate::telemetry::{Count, Field, Level, Line};

/// What a function accepts and answers. Its implementation is the function's `handler.rs`.
pub trait Endpoint: Sync {
    /// The function's name.
    const FUNCTION: &'static str;
    /// Its route, as the template spells it.
    const ROUTE: &'static str;

    /// Serves one request. What it says to `line` is all that is logged of it.
    fn handle<H: Host>(
        &self,
        host: &H,
        request: &Request,
        line: &mut Line,
    ) -> impl Future<Output = Result<Answer, Problem>> + Send;
}

/// Serves requests until Lambda ends the environment.
///
/// # Errors
/// If the environment cannot be understood, or Lambda's runtime cannot be reached.
pub async fn serve<E: Endpoint>(endpoint: E, environment: &Environment) -> Result<(), lambda_http::Error> {
    let (limits, policy, log) = (environment.limits()?, environment.policy()?, &environment.log()?);
    let endpoint = &endpoint;
    lambda_http::run(service_fn(move |request: Request| async move {
        let host = SystemHost::new(limits, policy, deadline(&request));
        let (response, line) = respond(endpoint, &host, &request).await;
        let mut line = line;
        line.notes(host.take_notes());
        line.write_to_stdout(log);
        Ok::<_, Infallible>(response)
    }))
    .await
}

/// Serves one request, and says what is to be logged of it.
pub async fn respond<E: Endpoint, H: Host>(endpoint: &E, host: &H, request: &Request) -> (Response<Body>, Line) {
    let began = host.now();
    let id = request_id(request);
    let mut line = Line::new(E::FUNCTION, began);
    line.set(Field::RequestId(&id));
    line.set(Field::Route(E::ROUTE));
    let answer = match endpoint.handle(host, request, &mut line).await {
        Ok(answer) => answer,
        Err(problem) => refused(problem, &mut line),
    };
    if let Some(code) = answer.code() {
        line.set(Field::Code(code));
    }
    line.set(Field::Status(answer.status().as_u16()));
    line.set(Field::Duration(host.now().since(began)));
    (answer.into_response(&id, TypeBase::told_by(request)), line)
}

fn refused(problem: Problem, line: &mut Line) -> Answer {
    if let Some(failure) = problem.failure() {
        line.set(Field::Failure(failure));
    }
    if problem.refusal() == Refusal::RawCardData {
        line.count(Count::RawCardData);
    }
    if problem.refusal() == Refusal::SecretInRequest {
        line.count(Count::SecretInRequest);
    }
    let answer = Answer::from(problem);
    if answer.status().is_server_error() {
        line.raise(Level::Warn);
    }
    answer
}

/// When Lambda ends the function that serves this request.
fn deadline(request: &Request) -> Option<Timestamp> {
    let unix_ms = request.lambda_context_ref().map(|context| context.deadline)?;
    i64::try_from(unix_ms).ok().map(Timestamp::from_unix_ms)
}
