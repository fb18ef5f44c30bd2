//! Carries one message to somebody else's server, once, and says what was heard.
//!
//! The status is the answer: it counts as soon as it is there. The body behind it is read a little, so that the connection can
//! be used again, and dropped; a server that dribbles or floods it has still said yes or no. Everything is bounded: the name, the
//! connection, the whole, the head of the answer (by the HTTP client: 100 fields, 16 kB in HTTP/2, about 400 kB in HTTP/1) and
//! its body.
//!
//! Must never: send anything to an address that the guard refuses, follow a redirect, send again what may have arrived, wait
//! without end, or repeat anything of the URL or of what was heard in a log.

use std::{error::Error, io, iter, sync::Arc, time::Duration};

use domain::{
    time::Timestamp,
    webhook::{RETRY_AFTER_MAX, Reach, SEND_TIMEOUT},
};
use reqwest::{
    Client, Response,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use tokio::time::{Instant, timeout};

use super::{
    guard::{CheckedNames, Lookup, NoAddress, Refusal, System, Target},
    sign::Signed,
};
use crate::{
    host::now,
    net::{OutboundClientError, outbound_client},
};

/// Nobody needs what stands in the answer, so nobody waits longer for it.
const DRAIN_MAX: Duration = Duration::from_secs(1);
/// A "thank you" is a few bytes and an error page a few thousand. A connection with more to come is not worth keeping.
const DRAIN_MAX_BYTES: usize = 16 << 10;

/// The way out, to be built once per environment and shared.
#[derive(Debug)]
pub struct Sender {
    client: Client,
    reach: Reach,
}

/// What was heard of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// An answer. A redirect is one too, and not an order.
    Status {
        /// Its status.
        code: u16,
        /// When the server wants to be asked again at the earliest, from now on, if it says so; at most a day.
        retry_after: Option<Duration>,
    },
    /// None. Whether the message arrived nobody knows.
    Unreachable {
        /// Why.
        reason: Unreached,
    },
    /// Nothing was sent: we do not go there.
    Refused {
        /// Why.
        reason: Refusal,
    },
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreached {
    /// There is no such name, or no name server said so in time.
    #[error("the name was not found")]
    NameNotFound,
    /// Nobody took the connection.
    #[error("no connection could be made")]
    NoConnection,
    /// No encryption could be agreed on, or nobody vouches for who is there.
    #[error("the TLS handshake failed")]
    Tls,
    /// It took too long, in whichever step.
    #[error("there was no answer in time")]
    Timeout,
    /// The connection was lost, or what came over it was no HTTP.
    #[error("the connection ended without an answer")]
    NoAnswer,
    /// The message cannot be written as HTTP, so it did not even go out.
    #[error("the message cannot be sent")]
    Unsendable,
}

impl Unreached {
    /// One word for it, for the log and for whoever counts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NameNotFound => "name_not_found",
            Self::NoConnection => "no_connection",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::NoAnswer => "no_answer",
            Self::Unsendable => "unsendable",
        }
    }
}

impl Sender {
    /// A way out that leads as far as `reach`.
    ///
    /// # Errors
    /// If there can be no HTTP client.
    pub fn new(reach: Reach) -> Result<Self, OutboundClientError> {
        Self::asking(System, reach)
    }

    fn asking(lookup: impl Lookup, reach: Reach) -> Result<Self, OutboundClientError> {
        let names = CheckedNames::new(lookup, reach);
        Ok(Self { client: outbound_client(Arc::new(names))?, reach })
    }

    /// Posts these bytes to this URL under these headers, and says within `budget` (and within [`SEND_TIMEOUT`]) what was heard.
    pub async fn send(&self, url: &str, signed: &Signed, body: Vec<u8>, budget: Duration) -> Heard {
        let target = match Target::read(url, self.reach) {
            Ok(target) => target,
            Err(reason) => return Heard::Refused { reason },
        };
        let budget = budget.min(SEND_TIMEOUT);
        let until = Instant::now().checked_add(budget);
        match timeout(budget, self.post(&target, signed, body)).await {
            Ok(Ok(response)) => {
                let heard = Heard::Status { code: response.status().as_u16(), retry_after: retry_after(&response) };
                let left = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
                // Whatever becomes of the body: what was heard was heard.
                drop(timeout(DRAIN_MAX.min(left), drain(response)).await);
                heard
            }
            Ok(Err(error)) => why_unheard(&error),
            Err(_) => Heard::Unreachable { reason: Unreached::Timeout },
        }
    }

    async fn post(&self, target: &Target, signed: &Signed, body: Vec<u8>) -> Result<Response, reqwest::Error> {
        let mut request = self.client.post(target.url()).header(CONTENT_TYPE, "application/json").body(body);
        for (name, value) in signed.headers() {
            request = request.header(name, value);
        }
        request.send().await
    }
}

/// Reads the rest of an answer, as far as that is cheaper than another connection.
async fn drain(mut response: Response) {
    let mut read: usize = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read = read.saturating_add(chunk.len());
        if read > DRAIN_MAX_BYTES {
            return;
        }
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    until(text, now())
}

/// How long a `Retry-After` asks to wait: a number of seconds, or a date in any of the three forms of HTTP. Of what is neither
/// nothing is known.
fn until(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than a number can hold are more than a day.
        text.parse().map_or(RETRY_AFTER_MAX, Duration::from_secs)
    } else {
        let date = httpdate::parse_http_date(text).ok()?;
        let since_epoch = date.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_ms(0).plus(since_epoch).since(now)
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

/// What an error means. The layers of the client wrap what they were told by the guard, by TLS and by the system; the innermost
/// word that we know decides.
fn why_unheard(error: &reqwest::Error) -> Heard {
    let reason = match cause::<NoAddress>(error) {
        Some(NoAddress::Refused(reason)) => return Heard::Refused { reason: *reason },
        Some(NoAddress::NotFound | NoAddress::TooSlow) => Unreached::NameNotFound,
        None if error.is_builder() => Unreached::Unsendable,
        None if error.is_timeout() || is_timeout(error) => Unreached::Timeout,
        None if cause::<rustls::Error>(error).is_some() => Unreached::Tls,
        None if error.is_connect() => Unreached::NoConnection,
        None => Unreached::NoAnswer,
    };
    Heard::Unreachable { reason }
}

/// Whether the system gave a connection up.
fn is_timeout(error: &reqwest::Error) -> bool {
    cause::<io::Error>(error).is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
}

/// The first error of this type among an error's causes.
fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let inner =
        |&error: &&'a (dyn Error + 'static)| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            // An `io::Error` gives for its cause that of what it bears, and not what it bears.
            Some(borne) => Some::<&'a (dyn Error + 'static)>(borne),
            None => error.source(),
        };
    iter::successors(Some(error), inner).find_map(|error| error.downcast_ref())
}

#[cfg(test)]
mod tests;
