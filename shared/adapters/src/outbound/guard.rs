//! The one guard for every URL that somebody else gave us.
//!
//! Who may name a URL that we then call could have us call what only we can reach: the credentials of the cloud, the function's
//! own runtime, a database of the merchant's network. So a URL is read once ([`Target::read`]), which judges all that can be
//! judged without asking anybody; and a name in it is looked up by us, at the moment of connecting, by [`CheckedNames`], which
//! hands out judged addresses and no others. What was judged is what is connected to: nobody can change a name in between.
//!
//! Must never: let an address through that it did not judge, judge one answer of a name and use another, or connect to the good
//! ones among several of which one is bad.

use std::{
    fmt,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use domain::webhook::{EndpointUrl, Reach};
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};
use tokio::time::timeout;

use super::networks::{Place, place_of};

/// A name is found in milliseconds, or within a second when nobody near has it. The rest of the time belongs to the connection.
const LOOKUP_MAX: Duration = Duration::from_secs(3);
/// Servers with more addresses than this have enough of them. All are judged; so many are tried.
const ADDRESSES_MAX: usize = 16;

/// Why we do not go there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be read.
    #[error("it is not a URL")]
    Unreadable,
    /// It is longer than any address needs to be.
    #[error("it is longer than {} bytes", EndpointUrl::MAX_LENGTH)]
    TooLong,
    /// Everybody on the way could read it.
    #[error("it is not https")]
    NotEncrypted,
    /// It names a user or a password, which would end up in logs.
    #[error("it bears a user name or a password")]
    BearsCredentials,
    /// It leads, or one of its name's addresses leads, elsewhere than to the internet.
    #[error("it does not lead to a public address")]
    NotPublic,
}

impl Refusal {
    /// One word for it, for the log and for whoever counts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable_url",
            Self::TooLong => "url_too_long",
            Self::NotEncrypted => "not_https",
            Self::BearsCredentials => "bears_credentials",
            Self::NotPublic => "not_public",
        }
    }
}

/// A URL that we may call, as far as it alone can tell.
#[derive(Clone, PartialEq, Eq)]
pub struct Target(Url);

impl Target {
    /// Reads a URL and judges it: its scheme, what it bears, and its host, if that is an address. Every spelling of an address
    /// that a browser knows is read as one (`0x7f.1` and `2130706433` are 127.0.0.1). A name is judged when it is looked up.
    ///
    /// # Errors
    /// Why we do not go there.
    pub fn read(text: &str, reach: Reach) -> Result<Self, Refusal> {
        if text.len() > EndpointUrl::MAX_LENGTH {
            return Err(Refusal::TooLong);
        }
        let url = Url::parse(text).map_err(|_| Refusal::Unreadable)?;
        let host = Host::of(&url).ok_or(Refusal::Unreadable)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::BearsCredentials);
        }
        match (url.scheme(), reach) {
            ("https", _) => {}
            // What a name leads to is not known yet; of `localhost` it is known what it has to be.
            ("http", Reach::Loopback) if host.is_at_home() => {}
            _ => return Err(Refusal::NotEncrypted),
        }
        match host {
            Host::Address(address) => judge(address, may_be(None, reach))?,
            Host::Name(_) => {}
        }
        Ok(Self(url))
    }

    /// The URL, for whoever connects.
    pub(super) fn url(&self) -> Url {
        self.0.clone()
    }
}

/// A path may be a secret.
impl fmt::Debug for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Target").field(&self.0.host_str().unwrap_or_default()).finish()
    }
}

/// Whom a URL names.
enum Host<'a> {
    Address(IpAddr),
    Name(&'a str),
}

impl<'a> Host<'a> {
    /// `Url` has brought the host into its one spelling, so whatever still does not read as an address is a name, for us as for
    /// the connector.
    fn of(url: &'a Url) -> Option<Self> {
        let text = url.host_str().filter(|text| !text.is_empty())?;
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        Some(bare.parse().map_or(Self::Name(text), Self::Address))
    }

    fn is_at_home(&self) -> bool {
        match self {
            Self::Address(address) => place_of(*address) == Place::Loopback,
            Self::Name(name) => is_localhost(name),
        }
    }
}

/// Where an address may lie.
#[derive(Clone, Copy)]
enum Allowed {
    TheInternet,
    TheMachine,
    Either,
}

/// Where the addresses of this name, or one that was given without a name, may lie.
fn may_be(name: Option<&str>, reach: Reach) -> Allowed {
    match (reach, name) {
        (Reach::Public, _) => Allowed::TheInternet,
        (Reach::Loopback, None) => Allowed::Either,
        // What may go out in clear stays on the machine, whatever somebody's name server says of it …
        (Reach::Loopback, Some(name)) if is_localhost(name) => Allowed::TheMachine,
        // … and no other name leads there.
        (Reach::Loopback, Some(_)) => Allowed::TheInternet,
    }
}

fn judge(address: IpAddr, allowed: Allowed) -> Result<(), Refusal> {
    match (place_of(address), allowed) {
        (Place::Public, Allowed::TheInternet | Allowed::Either) => Ok(()),
        (Place::Loopback, Allowed::TheMachine | Allowed::Either) => Ok(()),
        (Place::Public | Place::Loopback | Place::Inside, _) => Err(Refusal::NotPublic),
    }
}

/// The name that RFC 6761 keeps for the machine itself, and those below it.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// Whoever knows the addresses of a name.
pub(super) trait Lookup: Send + Sync + 'static {
    /// All addresses of this name.
    fn lookup(&self, name: &str) -> impl Future<Output = io::Result<Vec<IpAddr>>> + Send;
}

/// The operating system, which asks the name server of the network that we are in.
#[derive(Debug)]
pub(super) struct System;

impl Lookup for System {
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// Gives a client the addresses of names, after they were judged. The client has no others.
#[derive(Debug)]
pub(super) struct CheckedNames<L> {
    lookup: Arc<L>,
    reach: Reach,
}

/// Why a name has no address for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoAddress {
    /// It has one, and we do not go there.
    #[error("the name is refused")]
    Refused(Refusal),
    /// There is no such name, or nobody could be asked.
    #[error("the name was not found")]
    NotFound,
    /// Nobody said in time.
    #[error("the name was not found in time")]
    TooSlow,
}

impl<L: Lookup> CheckedNames<L> {
    pub(super) fn new(lookup: L, reach: Reach) -> Self {
        Self { lookup: Arc::new(lookup), reach }
    }
}

impl<L: Lookup> Resolve for CheckedNames<L> {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, reach) = (Arc::clone(&self.lookup), self.reach);
        Box::pin(async move {
            let addresses = checked(name.as_str(), &*lookup, reach).await?;
            // The connector puts the URL's port in the place of 0.
            let addresses: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

/// The addresses of a name, if all of them are good: with one bad among them, somebody hopes that we try that one.
async fn checked(name: &str, lookup: &impl Lookup, reach: Reach) -> Result<Vec<IpAddr>, NoAddress> {
    let found = timeout(LOOKUP_MAX, lookup.lookup(name)).await.map_err(|_| NoAddress::TooSlow)?;
    let mut addresses = found.map_err(|_| NoAddress::NotFound)?;
    if addresses.is_empty() {
        return Err(NoAddress::NotFound);
    }
    for address in &addresses {
        judge(*address, may_be(Some(name), reach)).map_err(NoAddress::Refused)?;
    }
    addresses.truncate(ADDRESSES_MAX);
    Ok(addresses)
}

#[cfg(test)]
mod tests;
