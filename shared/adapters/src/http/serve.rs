//! From a function's endpoint to a running Lambda: one request in, one answer and one log line out.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use domain::schedule::Limits;
use domain::time::Timestamp;
use flow::ports::Host;
use lambda_http::http::Response;
use lambda_http::{Body, Request, RequestExt as _, service_fn};

use super::answer::{Answer, request_id};
use super::problem::{Problem, Refusal};
use crate::config::Environment;
use crate::host::SystemHost;
use crate::telemetry::{Count, Field, Level, Line};

/// What a gateway call must leave of the function's time, to write its outcome down and answer.
const RESERVE: Duration = Duration::from_secs(5);

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
    let (limits, least) = (environment.limits()?, environment.log_level());
    let endpoint = &endpoint;
    lambda_http::run(service_fn(move |request: Request| async move {
        let host = SystemHost::new(limits);
        let (response, line) = respond(endpoint, &host, &request).await;
        let mut line = line;
        line.notes(host.take_notes());
        line.write_to_stdout(least);
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
    (answer.into_response(&id), line)
}

fn refused(problem: Problem, line: &mut Line) -> Answer {
    if problem.refusal() == Refusal::RawCardData {
        line.count(Count::RawCardData);
    }
    let answer = Answer::from(problem);
    if answer.status().is_server_error() {
        line.raise(Level::Warn);
    }
    answer
}

/// How long a gateway may be waited for: what is left of the function's time less the reserve, and never more than the stack's
/// limit.
#[must_use]
pub fn gateway_budget(request: &Request, now: Timestamp, limits: Limits) -> Duration {
    let deadline = request.lambda_context_ref().and_then(|context| i64::try_from(context.deadline).ok());
    deadline.map_or(limits.gateway_timeout, |deadline| budget_until(Timestamp::from_unix_ms(deadline), now, limits))
}

/// As [`gateway_budget`], for a function without a request. A deadline that has passed is none: Lambda ends a function at its
/// deadline, but `cargo lambda watch` gives every request one of January 1970.
#[must_use]
pub fn budget_until(deadline: Timestamp, now: Timestamp, limits: Limits) -> Duration {
    if deadline < now {
        return limits.gateway_timeout;
    }
    deadline.since(now).saturating_sub(RESERVE).min(limits.gateway_timeout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_call_leaves_time_to_write_its_outcome_down() {
        let now = Timestamp::from_unix_ms(1_000_000);
        let after = |seconds: u64| budget_until(now.plus(Duration::from_secs(seconds)), now, Limits::STANDARD);
        assert_eq!(after(29), Duration::from_secs(20));
        assert_eq!(after(15), Duration::from_secs(10));
        assert_eq!(after(5), Duration::ZERO);
        assert_eq!(after(0), Duration::ZERO);
        assert_eq!(budget_until(Timestamp::from_unix_ms(600_000), now, Limits::STANDARD), Duration::from_secs(20));
    }

    #[test]
    fn without_a_deadline_the_stacks_limit_holds() {
        let request = lambda_http::http::Request::builder().body(Body::Empty).unwrap();
        assert_eq!(gateway_budget(&request, Timestamp::from_unix_ms(0), Limits::STANDARD), Duration::from_secs(20));
    }
}
