//! Control routes for merchants' webhook endpoints, and the endpoints themselves.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, put},
};
use tokio::time::sleep;

use super::{Refused, read};
use crate::{
    clock::Moment,
    merchants::{Act, Manner, Received},
    server::Hangup,
    state::App,
};

/// What is shown of a message's head: what the specification says of it, and who says it.
const SHOWN: [&str; 5] = ["content-type", "user-agent", "webhook-id", "webhook-signature", "webhook-timestamp"];

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/_sandbox/merchant/{name}", put(teach).get(received).delete(forget))
        .route("/_sandbox/merchant/{name}/hook", any(hear))
}

async fn teach(State(app): State<Arc<App>>, Path(name): Path<String>, body: Bytes) -> Result<Json<Manner>, Refused> {
    let manner: Manner = read(&body)?;
    app.state().merchants.teach(&name, manner.clone()).map_err(Refused)?;
    Ok(Json(manner))
}

async fn received(State(app): State<Arc<App>>, Path(name): Path<String>) -> Json<Vec<Received>> {
    Json(app.state().merchants.received(&name))
}

async fn forget(State(app): State<Arc<App>>, Path(name): Path<String>) -> StatusCode {
    app.state().merchants.forget(&name);
    StatusCode::NO_CONTENT
}

/// A webhook arrives. It is kept before it is answered, because a sender may be gone by then.
async fn hear(
    State(app): State<Arc<App>>,
    Extension(hangup): Extension<Hangup>,
    Path(name): Path<String>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let shown = SHOWN.map(|name| (name, headers.get(name).map(|value| lossy(value.as_bytes()))));
    let received = Received::new(Moment::now(), method.as_str(), shown.into(), &body);
    // In a statement of its own, so that nobody holds the lock while the merchant takes its time.
    let taken = app.state().merchants.receive(&name, received);
    let (nth, act) = match taken {
        Ok(taken) => taken,
        // No status that a test would teach a merchant.
        Err(why) => return (StatusCode::INSUFFICIENT_STORAGE, why).into_response(),
    };
    match act {
        Act::Hang { for_ms } => {
            sleep(Duration::from_millis(for_ms)).await;
            hangup.reset().await
        }
        Act::Answer { after_ms, status, retry_after, location } => {
            sleep(Duration::from_millis(after_ms)).await;
            app.state().merchants.answered(&name, nth, status);
            let mut answer = StatusCode::from_u16(status).unwrap_or_default().into_response();
            put_header(&mut answer, header::RETRY_AFTER, retry_after);
            put_header(&mut answer, header::LOCATION, location);
            answer
        }
    }
}

fn put_header(answer: &mut Response, name: HeaderName, value: Option<String>) {
    if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
        answer.headers_mut().insert(name, value);
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
