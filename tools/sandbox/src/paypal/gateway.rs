//! The API's front: from an HTTP request to an HTTP answer, with everything PayPal says in headers.
//!
//! A request passes, in this order: its token, the mock that it asks for, `calls` with `shape` (what is asked, and nothing
//! that the sandbox would not honour), `keys` (seen before?), the lock of its object, and then the `book`.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{
    calls::{self, Call},
    error::PaypalError,
    issues,
    keys::{Admission, Kept, Service},
    listeners, render, resolution,
};
use crate::{
    clock::Moment,
    faults::{self, Fault, Sent},
    held::Held,
    state::App,
};

/// What the paths of the API begin with.
const ROOTS: &[&str] = &["/v2/", "/v1/oauth2/", "/v1/notifications/", "/v1/customer/"];

/// A request, taken off the wire.
struct Incoming {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

/// What goes back: a status, and a body unless there is nothing to say.
struct Answer {
    status: u16,
    body: Option<Value>,
}

impl Incoming {
    fn sent(&self) -> Sent<'_> {
        Sent { method: &self.method, uri: &self.uri, headers: &self.headers, body: &self.body }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn wants_all(&self) -> bool {
        self.header("prefer").is_some_and(|prefer| prefer.contains("return=representation"))
    }
}

/// Whether a request to this path is one to PayPal.
pub(crate) fn owns(path: &str) -> bool {
    ROOTS.iter().any(|root| path.starts_with(root))
}

/// Answers one call under `/v2`, or about disputes or webhooks.
pub(crate) async fn serve(
    State(app): State<Arc<App>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let debug_id = app.state().paypal.debug_id();
    let incoming = Incoming { method, uri, headers, body };
    // In a task of its own: a gateway goes on when its caller hangs up, and that is the case we most want to test.
    let answered = tokio::spawn(async move { answer(&app, &incoming).await }).await;
    let answered = answered.unwrap_or_else(|_| Err(PaypalError::internal("The sandbox panicked.")));
    on_the_wire(answered, &debug_id)
}

/// `POST /v1/oauth2/token`
pub(crate) async fn grant(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response {
    let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let mut state = app.state();
    let book = &mut state.paypal;
    let debug_id = book.debug_id();
    let granted = book.tokens.grant(&headers, &form, &mut book.ids, Moment::now());
    on_the_wire(granted.map(|token| Answer { status: 200, body: Some(token) }), &debug_id)
}

/// A refusal that was asked for as a fault: by its status, or by the name of an issue.
pub(crate) fn refusal(status: u16, issue: Option<&str>, debug_id: &str) -> Response {
    let error = issue.map_or_else(|| PaypalError::of_status(status), PaypalError::issue);
    on_the_wire(Err(error), debug_id)
}

/// Who calls, with what, and under which key; a replay ends here.
async fn answer(app: &App, incoming: &Incoming) -> Result<Answer, PaypalError> {
    app.state().paypal.tokens.admit(&incoming.headers, Moment::now())?;
    if let Some(mocked) = incoming.header("paypal-mock-response") {
        return Err(mock(mocked));
    }
    if incoming.uri.path().starts_with("/v1/customer/disputes") {
        return resolve(app, incoming).await;
    }
    if incoming.uri.path().starts_with(listeners::ROOT) {
        return listen(app, incoming);
    }
    let path = incoming.uri.path().trim_start_matches("/v2/");
    // Also without a body; only letting a hold go takes none, and its media type is nobody's business.
    let is_json = incoming.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    if incoming.method == Method::POST && !is_json && !path.ends_with("/void") {
        return Err(PaypalError::of_status(415));
    }
    let call = calls::parse(&incoming.method, path, &incoming.body)?;
    let key = incoming.header("paypal-request-id").filter(|key| !key.is_empty() && call.takes_a_key());
    let Some(key) = key else {
        let done = execute(app, call.clone(), None).await?;
        return Ok(shown(app, incoming, &call, done.0, done.1).await);
    };
    let admission = app.state().paypal.keys.admit(key, path, &incoming.body, Moment::now())?;
    match admission {
        Admission::Replay(Kept::Broken(status)) => Err(PaypalError::of_status(status)),
        Admission::Replay(Kept::Object(id)) => {
            app.state().paypal.is_known(&id, Moment::now())?;
            // The newest state of what the first request made; Orders says by its status that this is not the first time.
            let created = Service::of(path) == Service::Payments && !matches!(call, Call::VoidAuthorization(_));
            Ok(shown(app, incoming, &call, id, created).await)
        }
        Admission::Fresh => {
            let executed = execute_and_keep(app, incoming, &call, key).await;
            let kept = match &executed {
                Ok((id, _)) => Some(Kept::Object(id.clone())),
                Err((error, true)) => Some(Kept::Broken(error.status)),
                Err((_, false)) => None,
            };
            app.state().paypal.keys.finish(key, path, kept);
            let (id, created) = executed.map_err(|(error, _)| error)?;
            Ok(shown(app, incoming, &call, id, created).await)
        }
    }
}

/// The object and whether it is new; or the refusal, and whether it is one of those internal errors that are saved.
async fn execute_and_keep(
    app: &App,
    incoming: &Incoming,
    call: &Call,
    key: &str,
) -> Result<(String, bool), (PaypalError, bool)> {
    if let Some(error) = broken(app, incoming, Fault::SavedStatusBefore).await {
        return Err((error, true));
    }
    let done = execute(app, call.clone(), Some(key)).await.map_err(|error| (error, false))?;
    match broken(app, incoming, Fault::SavedStatusAfter).await {
        Some(error) => Err((error, true)),
        None => Ok(done),
    }
}

/// Disputes are a service of their own, without keys.
async fn resolve(app: &App, incoming: &Incoming) -> Result<Answer, PaypalError> {
    let Incoming { method, uri, headers, body } = incoming;
    let told = resolution::answer(app, method, uri, headers, body).await?;
    let id = told.get("dispute_id").and_then(Value::as_str);
    let old = match id {
        Some(id) => outdated(app, incoming, id).await,
        None => None,
    };
    Ok(Answer { status: 200, body: Some(old.unwrap_or(told)) })
}

/// Webhooks are a service of their own too.
fn listen(app: &App, incoming: &Incoming) -> Result<Answer, PaypalError> {
    let Incoming { method, uri, body, .. } = incoming;
    let asked = listeners::Asked { method, uri, body, url: &app.public_url, now: Moment::now() };
    let (status, body) = listeners::answer(&mut app.state().webhooks, &asked)?;
    Ok(Answer { status, body })
}

/// The internal error that a fault asks for.
async fn broken(app: &App, incoming: &Incoming, fault: Fault) -> Option<PaypalError> {
    let rule = faults::strike(app, incoming.sent(), |wanted| wanted == fault)?;
    tokio::time::sleep(Duration::from_millis(rule.delay_ms.unwrap_or_default())).await;
    Some(PaypalError::of_status(rule.status.unwrap_or(500)))
}

async fn execute(app: &App, call: Call, key: Option<&str>) -> Result<(String, bool), PaypalError> {
    let in_progress = || PaypalError::issue("PREVIOUS_REQUEST_IN_PROGRESS");
    let _held = Held::take(app, call.locks()).await.ok_or_else(in_progress)?;
    tokio::time::sleep(Duration::from_millis(app.config.latency_ms)).await;
    let done = app.act_at_paypal(|book, now| book.perform(call, key, now))?;
    Ok((done.id, done.created))
}

/// The object as the caller prefers it; an old snapshot of it if a fault asks for one and there is one.
async fn shown(app: &App, incoming: &Incoming, call: &Call, id: String, created: bool) -> Answer {
    let now = app.state().paypal.shown(&id);
    let whole = match outdated(app, incoming, &id).await {
        Some(old) => Some(old),
        None => now,
    };
    let Some(whole) = whole else { return Answer { status: 404, body: Some(PaypalError::missing().body("")) } };
    if matches!(call, Call::VoidAuthorization(_)) && !incoming.wants_all() {
        return Answer { status: 204, body: None };
    }
    let body = if incoming.wants_all() { whole } else { render::minimal(call, whole) };
    Answer { status: if created { 201 } else { 200 }, body: Some(body) }
}

async fn outdated(app: &App, incoming: &Incoming, id: &str) -> Option<Value> {
    if app.state().faults.is_idle() {
        return None;
    }
    app.state().paypal.as_it_was(id, None)?;
    let rule = faults::strike(app, incoming.sent(), |wanted| wanted == Fault::Stale)?;
    tokio::time::sleep(Duration::from_millis(rule.delay_ms.unwrap_or_default())).await;
    app.state().paypal.as_it_was(id, rule.changes_back)
}

/// The refusal that the request asks for itself, as in PayPal's own sandbox.
fn mock(header: &str) -> PaypalError {
    let asked: Option<Value> = serde_json::from_str(header).ok();
    let codes = asked.as_ref().and_then(|asked| asked.get("mock_application_codes"));
    let code = codes.and_then(|codes| codes.as_str().or_else(|| codes.get(0)?.as_str()));
    match code {
        Some("INTERNAL_SERVER_ERROR") => PaypalError::of_status(500),
        Some(code) => issues::find(code).map_or_else(
            || PaypalError::issue("INVALID_PARAMETER_VALUE").field("PayPal-Mock-Response", code),
            PaypalError::of_issue,
        ),
        None => PaypalError::issue("INVALID_PARAMETER_SYNTAX").field("PayPal-Mock-Response", header),
    }
}

fn on_the_wire(answered: Result<Answer, PaypalError>, debug_id: &str) -> Response {
    let answer = answered.unwrap_or_else(|error| Answer { status: error.status, body: Some(error.body(debug_id)) });
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match answer.body {
        Some(body) => (status, body.to_string()).into_response(),
        None => status.into_response(),
    };
    let headers = response.headers_mut();
    if status != StatusCode::NO_CONTENT {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Ok(id) = HeaderValue::from_str(debug_id) {
        headers.insert(HeaderName::from_static("paypal-debug-id"), id);
    }
    response
}
