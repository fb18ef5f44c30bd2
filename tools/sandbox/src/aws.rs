//! Stands between the functions and the local AWS, so that a table, a queue or a secret can fail on request.
//!
//! Whatever is signed for AWS is passed on to the AWS that `SANDBOX_AWS_URL` names: the same method, path, headers and
//! bytes, and the answer streams back as it comes. AWS has no path of its own here, because signatures cover the path.
//! It must never answer for AWS unless a rule says so; where AWS cannot be reached, the connection is reset, as it would
//! be without us.
//!
//! "Before" means that AWS never heard of the request; "after" that it did what was asked and the answer was lost, which
//! is how an SDK's own retry comes to collide with itself.

mod refusal;
mod rule;

use std::sync::Arc;

use axum::{
    Extension,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, StatusCode, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::time::{Duration, sleep};

pub(crate) use rule::Rule;

use crate::{server::Hangup, state::App};
use rule::{Asked, Fault};

/// How every request to AWS says who sends it, and none to a gateway.
const SIGNED: &[u8] = b"AWS4-HMAC-SHA256 ";
/// DynamoDB's own limit on a request, the highest of the four services.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
/// How long a hanging request hangs when nobody says; longer than any client of ours waits.
const DEFAULT_HANG_MS: u64 = 60_000;
/// Shorter than any server keeps a silent connection, so that no request is sent into one that is being closed.
const IDLE_CONNECTION_MAX: Duration = Duration::from_secs(3);
/// Headers that are about one connection and not about the message.
const OF_THE_CONNECTION: [HeaderName; 5] =
    [header::CONNECTION, header::TRANSFER_ENCODING, header::TE, header::UPGRADE, HeaderName::from_static("keep-alive")];

/// The AWS behind us.
#[derive(Clone)]
pub(crate) struct Upstream {
    base: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Upstream {
    pub(crate) fn new(base: &str) -> Self {
        let mut connector = HttpConnector::new();
        // Small requests must not wait for the next packet.
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE_CONNECTION_MAX).build(connector);
        Self { base: base.trim_end_matches('/').to_owned(), client }
    }

    /// Asks AWS. `None` if it does not answer.
    async fn ask(&self, parts: Parts, body: Bytes) -> Option<Response> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let uri: Uri = format!("{}{path}", self.base).parse().ok()?;
        let mut request = hyper::Request::new(Full::new(body));
        *request.method_mut() = parts.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = of_the_message(parts.headers);
        let (mut parts, body) = self.client.request(request).await.ok()?.into_parts();
        parts.headers = of_the_message(parts.headers);
        Some(Response::from_parts(parts, Body::new(body)))
    }
}

/// Takes out of what comes in what is for AWS.
pub(crate) async fn pass_on(
    State(app): State<Arc<App>>,
    Extension(hangup): Extension<Hangup>,
    request: Request,
    next: Next,
) -> Response {
    if !request.headers().get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(SIGNED)) {
        return next.run(request).await;
    }
    let Some(upstream) = app.upstream.clone() else {
        return (StatusCode::NOT_FOUND, "no AWS behind this sandbox: SANDBOX_AWS_URL is not set\n").into_response();
    };
    let (parts, body) = request.into_parts();
    // Read whole: a rule may look for a text in it, and a request can be sent again on a fresh connection.
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let asked = Asked::of(&parts.headers, &body);
    let struck =
        asked.and_then(|asked| Some((app.state().aws_faults.strike(|rule| rule.fits(&asked))?, asked.service)));
    let Some((rule, service)) = struck else { return answered(&hangup, upstream.ask(parts, body).await).await };

    let delay = Duration::from_millis(rule.delay_ms.unwrap_or_default());
    let hang = Duration::from_millis(rule.delay_ms.unwrap_or(DEFAULT_HANG_MS));
    match rule.fault {
        Fault::Throttle => {
            sleep(delay).await;
            refusal::throttled(service)
        }
        Fault::Status => {
            sleep(delay).await;
            refusal::of_status(service, rule.status.unwrap_or(500))
        }
        Fault::ResetBefore => {
            sleep(delay).await;
            hangup.reset().await
        }
        Fault::ResetAfter => {
            done(upstream, parts, body).await;
            sleep(delay).await;
            hangup.reset().await
        }
        Fault::HangBefore => {
            sleep(hang).await;
            hangup.reset().await
        }
        Fault::HangAfter => {
            done(upstream, parts, body).await;
            sleep(hang).await;
            hangup.reset().await
        }
        Fault::SlowBefore => {
            // In a task of its own: a request that is on its way arrives, whether its caller still waits or not.
            let late = tokio::spawn(async move {
                sleep(delay).await;
                upstream.ask(parts, body).await
            });
            answered(&hangup, late.await.ok().flatten()).await
        }
        Fault::SlowAfter => {
            let answer = upstream.ask(parts, body).await;
            sleep(delay).await;
            answered(&hangup, answer).await
        }
    }
}

async fn answered(hangup: &Hangup, answer: Option<Response>) -> Response {
    match answer {
        Some(answer) => answer,
        None => hangup.reset().await,
    }
}

/// Lets AWS do all of it, whether the caller waits or not, and forgets what it says.
async fn done(upstream: Upstream, parts: Parts, body: Bytes) {
    let doing = tokio::spawn(async move {
        if let Some(answer) = upstream.ask(parts, body).await {
            drop(answer.into_body().collect().await);
        }
    });
    drop(doing.await);
}

fn of_the_message(mut headers: HeaderMap) -> HeaderMap {
    for name in OF_THE_CONNECTION {
        headers.remove(name);
    }
    headers
}
