//! The one network stack of every function: one TLS provider, one connector for all AWS clients, one HTTP client for the
//! gateway, and one for the way out to merchants.
//!
//! Must never: bring a second TLS provider into the binary (aws-lc costs a start-up stall for its entropy), read the native
//! root certificates more often than needed, follow a redirect (with a gateway key in hand, or past the guard), or go through a
//! proxy that some environment variable names.

use std::sync::{Arc, Once, OnceLock};
use std::time::Duration;

use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use domain::webhook::SEND_TIMEOUT;
use reqwest::dns::Resolve;

/// A DynamoDB connection inside a region is open in a few milliseconds; one that takes longer than this is better tried anew.
/// The SDK's own default of 3.1 s would eat most of what a caller is willing to wait.
pub(crate) const AWS_CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Name, TCP and TLS to a gateway on another continent take three round trips, about half a second; four times that is a fault.
const GATEWAY_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The backstop for a caller that forgot its own budget. It lies above the longest gateway budget (20 s) and below the
/// 29 s after which API Gateway hangs up.
const GATEWAY_TOTAL_TIMEOUT: Duration = Duration::from_secs(25);

/// Name, TCP and TLS to whatever a merchant has, behind a name server of their own and at the other end of the world.
const OUTBOUND_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Merchants' servers hang up on a silent connection after 5 s, if they are what Node.js and Apache are by default. A message that
/// meets the hanging up is lost, so a connection is used again for the next messages of a batch and no longer.
const OUTBOUND_IDLE_MAX: Duration = Duration::from_secs(3);

/// An environment may sleep for minutes between two requests, and the other end hangs up meanwhile. A connection that has been
/// idle for longer than servers commonly allow is not worth the risk of a request sent into the void.
const IDLE_CONNECTION_MAX: Duration = Duration::from_secs(45);

/// One batch of the retry queue is ten records, so more parallel connections than that are never useful.
const IDLE_CONNECTIONS_PER_HOST_MAX: usize = 10;

/// While a request waits for its answer, the connection is pinged this often …
const PING_INTERVAL: Duration = Duration::from_secs(2);

/// … and given up when the ping is not answered: this is how a connection that died while we were frozen is noticed in seconds
/// instead of at the end of the budget.
const PING_TIMEOUT: Duration = Duration::from_secs(3);

/// Why there is no HTTP client.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client for the gateway cannot be built")]
pub struct GatewayClientError(#[from] reqwest::Error);

/// Why there is no HTTP client for the way out.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client for the way out cannot be built")]
pub struct OutboundClientError(#[from] reqwest::Error);

/// Makes ring the process-wide TLS provider. Calling it again does nothing, so every entry point may call it.
pub fn install_tls_provider() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // An error says that a provider is already there. In this binary that can only be ring again.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
}

/// The connector that all AWS clients share: each connector of its own would parse the root certificates again and could not
/// reuse an open connection. Plain `http://` endpoints (the local stack) work as well.
pub fn aws_http_client() -> SharedHttpClient {
    static SHARED: OnceLock<SharedHttpClient> = OnceLock::new();
    SHARED
        .get_or_init(|| {
            install_tls_provider();
            aws_smithy_http_client::Builder::new()
                .pool_idle_timeout(IDLE_CONNECTION_MAX)
                .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST_MAX)
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .build_https()
        })
        .clone()
}

/// A client for one gateway, to be built once per environment and shared. The budget of a call is set on each request.
///
/// reqwest's own repetition is left on: it covers only requests that the other end provably never processed.
pub fn gateway_client() -> Result<reqwest::Client, GatewayClientError> {
    let client = client().connect_timeout(GATEWAY_CONNECT_TIMEOUT).timeout(GATEWAY_TOTAL_TIMEOUT);
    Ok(client.build()?)
}

/// A client for addresses that somebody else gave us, to be built once per environment and shared. It connects to what `names`
/// hands out and to nothing else, except where a URL bears an address instead of a name: that, nobody asks `names` for.
pub(crate) fn outbound_client(names: Arc<dyn Resolve>) -> Result<reqwest::Client, OutboundClientError> {
    Ok(outbound(names).build()?)
}

/// The same before it is built: a test adds a certificate to those that are trusted.
pub(crate) fn outbound(names: Arc<dyn Resolve>) -> reqwest::ClientBuilder {
    client()
        .connect_timeout(OUTBOUND_CONNECT_TIMEOUT)
        // The backstop of a sender that forgot its own budget.
        .timeout(SEND_TIMEOUT)
        .pool_idle_timeout(OUTBOUND_IDLE_MAX)
        .dns_resolver(names)
}

/// What both have in common.
fn client() -> reqwest::ClientBuilder {
    install_tls_provider();
    let client = reqwest::Client::builder()
        .user_agent(concat!("quittance/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .pool_idle_timeout(IDLE_CONNECTION_MAX)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST_MAX)
        .http2_keep_alive_interval(PING_INTERVAL)
        .http2_keep_alive_timeout(PING_TIMEOUT)
        .tcp_nodelay(true);
    // The same watch for HTTP/1.1, where there is no ping: bytes that nobody acknowledges end the connection.
    #[cfg(target_os = "linux")]
    let client = client.tcp_user_timeout(PING_INTERVAL.saturating_add(PING_TIMEOUT));
    client
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    /// Answers one connection with `response` and hands back what was sent.
    fn answer_once(response: &'static str) -> (String, thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0_u8; 4096];
            let read = stream.read(&mut buffer).unwrap();
            stream.write_all(response.as_bytes()).unwrap();
            String::from_utf8_lossy(&buffer[..read]).into_owned()
        });
        (url, served)
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    #[test]
    fn a_redirect_of_the_gateway_is_an_answer_and_not_an_order() {
        let (url, served) =
            answer_once("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/stolen\r\ncontent-length: 0\r\n\r\n");
        let status = runtime().block_on(async {
            gateway_client().unwrap().get(&url).header("authorization", "Bearer sk").send().await.unwrap().status()
        });
        assert_eq!(status, 302);
        let sent = served.join().unwrap();
        assert!(sent.contains("user-agent: quittance/"), "{sent}");
    }

    #[test]
    fn installing_the_tls_provider_twice_is_harmless_and_it_is_ring() {
        install_tls_provider();
        install_tls_provider();
        let provider = rustls::crypto::CryptoProvider::get_default().unwrap();
        assert!(
            format!("{:?}", provider.secure_random).to_lowercase().contains("ring"),
            "{:?}",
            provider.secure_random
        );
    }
}
