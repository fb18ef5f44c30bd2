//! What is done before the first request: Lambda starts a function with a whole processor and throttles it afterwards, so a TLS
//! handshake costs a tenth here of what it costs later.

use std::future::Future;
use std::time::Duration;

/// Longer than any healthy handshake; far within the ten seconds that Lambda gives a function to start.
const PATIENCE: Duration = Duration::from_secs(2);

/// Does `work`, but not for long, and whatever comes of it: what is not warm is opened by the request that needs it.
pub async fn warm_up<T>(work: impl Future<Output = T>) {
    drop(tokio::time::timeout(PATIENCE, work).await);
}
