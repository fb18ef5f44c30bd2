//! Carries what the outbox holds: signed at the last moment, and written into the log whatever came of it.

use std::{sync::Arc, time::Duration};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, body::Bytes};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{sync::Semaphore, time::timeout};

use super::{Delivery, Line, signing};
use crate::{clock::Moment, state::App};

/// How many batches are on their way at once.
const MAX_CONCURRENT: usize = 8;
/// How much of an answer is read and shown.
const MAX_ANSWER_BYTES: usize = 4_096;
/// How often the task looks for what became due.
const TICK: Duration = Duration::from_millis(20);

/// Delivers for as long as the sandbox lives, and lets time pass in the books.
pub(crate) async fn postman(app: Arc<App>) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let hands = Arc::new(Semaphore::new(MAX_CONCURRENT));
    loop {
        // Woken by new mail, or by the tick for what became due meanwhile.
        drop(timeout(TICK, app.mail.notified()).await);
        app.act(|_, _| ());
        app.act_at_paypal(|_, _| ());
        loop {
            // All hands full: time goes on, and the next tick tries again.
            let Ok(hand) = Arc::clone(&hands).try_acquire_owned() else { break };
            let Some(batch) = app.state().webhooks.take_due(Moment::now()) else { break };
            let (app, client) = (Arc::clone(&app), client.clone());
            tokio::spawn(async move {
                for delivery in batch.deliveries {
                    deliver(&app, &client, delivery).await;
                }
                drop(hand);
            });
        }
    }
}

async fn deliver(app: &App, client: &Client<HttpConnector, Full<Bytes>>, delivery: Delivery) {
    let sent = Moment::now();
    let limit = Duration::from_millis(app.config.webhook_timeout_ms);
    let (status, answer, error) = match timeout(limit, post(client, &delivery, &app.public_url, sent)).await {
        Ok(Ok((status, answer))) => (Some(status), Some(answer), None),
        Ok(Err(error)) => (None, None, Some(error)),
        Err(_) => (None, None, Some(format!("no answer within {} ms", limit.as_millis()))),
    };
    let line = Line {
        event_id: delivery.event_id.clone(),
        kind: delivery.kind,
        object_id: delivery.object_id.clone(),
        idempotency_key: delivery.idempotency_key.clone(),
        url: delivery.endpoint.url.clone(),
        attempt: delivery.attempt,
        sent_at_ms: sent.ms,
        status,
        answer,
        error,
    };
    app.state().webhooks.heard(delivery, line, Moment::now());
}

async fn post(
    client: &Client<HttpConnector, Full<Bytes>>,
    delivery: &Delivery,
    public_url: &str,
    now: Moment,
) -> Result<(u16, String), String> {
    let mut request = Request::post(&delivery.endpoint.url);
    for (name, value) in signing::headers(delivery, public_url, now) {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(delivery.body.clone())).map_err(|error| error.to_string())?;
    let response = client.request(request).await.map_err(|error| match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    })?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
    let answer = body.map_or_else(
        |_| "(too long to show)".to_owned(),
        |body| String::from_utf8_lossy(&body.to_bytes()).into_owned(),
    );
    Ok((status, answer))
}
