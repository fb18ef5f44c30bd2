//! The listener, its connections, and their ends.
//!
//! The accept loop is our own, because a stand-in must be able to do what no well-behaved server does: drop a connection
//! in the middle of a request, so that the caller sees a reset and nothing else.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware::from_fn_with_state,
    routing::{any, get, post},
};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore},
    task::JoinSet,
};

use crate::{aws, config::Config, control, faults, paypal, state::App, stripe, webhooks};

/// Far above what a load test opens, far below what breaks a laptop.
const MAX_CONNECTIONS: usize = 2_048;
/// Stripe's bodies are a few kilobytes.
pub(crate) const MAX_BODY_BYTES: usize = 1024 * 1024;
/// When accepting fails (too many open files), trying again at once would only fail again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A running sandbox. Dropping it stops it.
pub struct Sandbox {
    address: SocketAddr,
    url: String,
    tasks: JoinSet<()>,
}

/// Lets a request end its own connection.
#[derive(Clone, Debug)]
pub(crate) struct Hangup(Arc<Notify>);

impl Hangup {
    /// Tears the connection. Never returns: there is nobody left to answer.
    pub(crate) async fn reset(&self) -> ! {
        self.0.notify_one();
        match std::future::pending::<Infallible>().await {}
    }
}

impl Sandbox {
    /// Listens and serves in the background.
    pub async fn start(config: Config) -> std::io::Result<Self> {
        let listener = TcpListener::bind((config.host, config.port)).await?;
        let address = listener.local_addr()?;
        let url = config.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        let app = Arc::new(App::new(config, url.clone()));
        let mut tasks = JoinSet::new();
        tasks.spawn(webhooks::postman(Arc::clone(&app)));
        tasks.spawn(accept(listener, router(app)));
        Ok(Self { address, url, tasks })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What to give to clients as the gateway's base URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Serves until the process is asked to stop.
    pub async fn run_until_interrupted(mut self) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = self.tasks.join_next() => {}
        }
    }
}

/// Both gateways on one port: their paths have nothing in common but `/v1`.
fn router(app: Arc<App>) -> Router {
    let gateways = Router::new()
        .route("/v1/{*path}", any(stripe::serve))
        .route("/v1/oauth2/token", post(paypal::grant))
        .route("/v1/notifications/certs/{id}", get(paypal::certificate))
        .route("/v1/notifications/webhooks", any(paypal::serve))
        .route("/v1/notifications/webhooks/{id}", any(paypal::serve))
        .route("/v1/notifications/webhooks-event-types", any(paypal::serve))
        .route("/v1/customer/{*path}", any(paypal::serve))
        .route("/v2/{*path}", any(paypal::serve))
        .layer(from_fn_with_state(Arc::clone(&app), faults::misbehave));
    Router::new()
        .merge(gateways)
        .route("/_payer/stripe/{page}", get(stripe::show).post(stripe::decide))
        .route("/_payer/paypal/{order}", get(paypal::show).post(paypal::decide))
        .merge(control::router())
        .fallback(async || (StatusCode::NOT_FOUND, "the sandbox has no such page\n"))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(Arc::clone(&app), aws::pass_on))
        .with_state(app)
}

async fn accept(listener: TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let router = router.clone();
                connections.spawn(async move {
                    converse(stream, router).await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
        // Ended connections leave; the set holds at most as many as there are places.
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(stream: TcpStream, router: Router) {
    let torn = Arc::new(Notify::new());
    let service = TowerToHyperService::new(router.layer(Extension(Hangup(Arc::clone(&torn)))));
    // Small answers must not wait for the next packet: a test runs thousands of them.
    drop(stream.set_nodelay(true));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = &mut connection => {}
        () = torn.notified() => {
            // With a zero linger, closing sends RST instead of FIN: the caller cannot take it for an orderly end.
            let stream = connection.into_parts().io.into_inner();
            drop(stream.set_zero_linger());
        }
    }
}
