//! The API's front: from an HTTP request to an HTTP answer, with everything Stripe says in headers.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{
    PINNED_VERSION, auth,
    book::{Cause, Occasion},
    calls::{self, Caller},
    endpoints,
    error::StripeError,
    expand, files,
    form::Form,
    keys::{Admission, Answer},
};
use crate::{
    clock::Moment,
    faults::{self, Fault, Sent},
    held::Held,
    state::App,
};

/// A request, taken off the wire.
struct Incoming {
    request_id: String,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Incoming {
    fn sent(&self) -> Sent<'_> {
        Sent { method: &self.method, uri: &self.uri, headers: &self.headers, body: &self.body }
    }
}

/// Answers one call of the API.
pub(crate) async fn serve(
    State(app): State<Arc<App>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request_id = app.state().stripe.request_id();
    let incoming = Incoming { request_id: request_id.clone(), method, uri, headers, body };
    // In a task of its own: a gateway goes on when its caller hangs up, and that is the case we most want to test.
    let answered = tokio::spawn(async move { answer(&app, &incoming).await }).await;
    let (answer, replayed) =
        answered.unwrap_or_else(|_| (as_answer(&StripeError::internal("The sandbox panicked.")), false));
    on_the_wire(answer, replayed, &request_id)
}

/// A refusal that was asked for as a fault.
pub(crate) fn refusal(status: u16, request_id: &str) -> Response {
    on_the_wire(as_answer(&StripeError::of_status(status)), false, request_id)
}

async fn answer(app: &App, incoming: &Incoming) -> (Answer, bool) {
    match admitted(app, incoming).await {
        Ok((answer, replayed)) => (outdated(app, incoming, &answer).await.unwrap_or(answer), replayed),
        Err(error) => (as_answer(&error), false),
    }
}

/// The answer with an old snapshot in it, if a fault asks for one and there is one. Nothing is saved like this.
async fn outdated(app: &App, incoming: &Incoming, answer: &Answer) -> Option<Answer> {
    if answer.status != 200 || app.state().faults.is_idle() {
        return None;
    }
    let object: Value = serde_json::from_str(&answer.body).ok()?;
    let id = object.get("id")?.as_str()?;
    app.state().stripe.as_it_was(id, None)?;
    let rule = faults::strike(app, incoming.sent(), |wanted| wanted == Fault::Stale)?;
    tokio::time::sleep(Duration::from_millis(rule.delay_ms.unwrap_or_default())).await;
    let expansions = Form::decode(incoming.sent().encoded()).ok()?.tree.texts("expand").unwrap_or_default();
    let state = app.state();
    let mut old = state.stripe.as_it_was(id, rule.changes_back)?;
    expansions.iter().for_each(|path| expand::expand(&state.stripe, &mut old, path));
    Some(Answer { body: pretty(&old), ..answer.clone() })
}

/// The parameters: a form, but for files.
async fn decoded(incoming: &Incoming) -> Result<Form, StripeError> {
    if incoming.method != Method::POST || incoming.uri.path() != "/v1/files" {
        return Form::decode(incoming.sent().encoded());
    }
    let content_type = incoming.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    files::decode(content_type.unwrap_or_default(), &incoming.body).await
}

/// Who calls, with what, and under which key; a replay ends here.
async fn admitted(app: &App, incoming: &Incoming) -> Result<(Answer, bool), StripeError> {
    let form = decoded(incoming).await?;
    let caller = auth::identify(&incoming.headers, &form.tree)?;
    let header = |name: &str| incoming.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(version) = header("stripe-version").filter(|version| *version != PINNED_VERSION) {
        let message = format!("Invalid Stripe API version: {version}. The sandbox simulates {PINNED_VERSION} only.");
        return Err(StripeError::invalid(message));
    }
    // Stripe ignores keys on anything but POST, and takes an empty one for none.
    let key = header("idempotency-key").filter(|key| incoming.method == Method::POST && !key.is_empty());
    let Some(key) = key else { return Ok((execute(app, incoming, &form, caller, None).await?, false)) };
    let admission = app.state().stripe.keys.admit(key, incoming.uri.path(), &form.pairs, Moment::now())?;
    if let Admission::Replay(answer) = admission {
        // Asking again would only replay it again.
        let should_retry = if answer.status >= 400 { Some(false) } else { None };
        return Ok((Answer { should_retry, ..answer }, true));
    }
    let executed = match broken(app, incoming, Fault::SavedStatusBefore).await {
        Some(error) => Ok(error),
        None => match execute(app, incoming, &form, caller, Some(key)).await {
            Ok(answer) => Ok(broken(app, incoming, Fault::SavedStatusAfter).await.unwrap_or(answer)),
            refused @ Err(_) => refused,
        },
    };
    app.state().stripe.keys.finish(key, executed.as_ref().ok().cloned());
    executed.map(|answer| (answer, false))
}

/// The internal error that a fault asks for. Whatever began to execute under a key is saved, so this is too.
async fn broken(app: &App, incoming: &Incoming, fault: Fault) -> Option<Answer> {
    let rule = faults::strike(app, incoming.sent(), |wanted| wanted == fault)?;
    tokio::time::sleep(Duration::from_millis(rule.delay_ms.unwrap_or_default())).await;
    Some(as_answer(&StripeError::of_status(rule.status.unwrap_or(500))))
}

/// An error out of here means that nothing was executed; what execution itself refused is an answer.
async fn execute(
    app: &App,
    incoming: &Incoming,
    form: &Form,
    caller: Caller,
    key: Option<&str>,
) -> Result<Answer, StripeError> {
    // Who hears of what happened is no part of the book.
    let asked = (&incoming.method, &incoming.uri);
    if let Some(told) = endpoints::answer(&mut app.state().webhooks, asked, &form.tree, caller, Moment::now()) {
        return Ok(Answer { status: 200, body: pretty(&told?), should_retry: None });
    }
    let call = calls::parse(&incoming.method, &incoming.uri, &form.tree, caller)?;
    let expansions = form.tree.texts("expand").unwrap_or_default();
    expand::check(&expansions)?;
    let object = incoming.uri.path().split('/').nth(3);
    let locks = |id: &&str| incoming.method == Method::POST && (id.starts_with("pi_") || id.starts_with("du_"));
    let object = object.filter(locks);
    let _held = Held::take(app, object).await.ok_or_else(StripeError::lock_timeout)?;
    tokio::time::sleep(Duration::from_millis(app.config.latency_ms)).await;
    let cause = Cause {
        request_id: Some(incoming.request_id.clone()),
        idempotency_key: key.filter(|_| caller == Caller::Server).map(str::to_owned),
    };
    let performed = app.act(|book, now| {
        let mut value = book.perform(call, &Occasion { now, cause })?;
        expansions.iter().for_each(|path| expand::expand(book, &mut value, path));
        Ok(value)
    });
    Ok(match performed {
        Ok(value) => Answer { status: 200, body: pretty(&value), should_retry: None },
        Err(error) => as_answer(&error),
    })
}

fn as_answer(error: &StripeError) -> Answer {
    Answer { status: error.status, body: pretty(&error.body()), should_retry: error.should_retry }
}

/// Stripe's bodies are indented; whoever parses them by hand should notice here.
fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn on_the_wire(answer: Answer, replayed: bool, request_id: &str) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(HeaderName::from_static("stripe-version"), HeaderValue::from_static(PINNED_VERSION));
    // A payer's browser calls from the merchant's page.
    headers.insert(HeaderName::from_static("access-control-allow-origin"), HeaderValue::from_static("*"));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(HeaderName::from_static("request-id"), id);
    }
    if replayed {
        headers.insert(HeaderName::from_static("idempotent-replayed"), HeaderValue::from_static("true"));
    }
    if let Some(retry) = answer.should_retry {
        let value = HeaderValue::from_static(if retry { "true" } else { "false" });
        headers.insert(HeaderName::from_static("stripe-should-retry"), value);
    }
    response
}
