//! Where an endpoint is. Addresses are only read here, which is pure: nobody in this crate can call one.

use core::net::{IpAddr, Ipv6Addr};

/// An address that events are sent to: absolute, https; or http, on the machine itself. Whether that machine may be called at all,
/// and which addresses a name leads to, is not this type's to say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EndpointUrl(String);

/// How far away an endpoint is, or may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// On the internet, and nowhere else.
    Public,
    /// Also on the machine itself, and in clear there: a developer's own server.
    Loopback,
}

/// Why a text is no endpoint's address. The sentence completes "`<field>` …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not an absolute URL with a host.
    #[error("must be an absolute https URL (http is taken for localhost only)")]
    NotAWebUrl,
    /// `user:password@` in it: it would stand in a row, in answers and in logs.
    #[error("must not contain a user name or a password")]
    UserInfo,
    /// `#…` in it, which is never sent.
    #[error("must not have a fragment")]
    Fragment,
    /// Longer than any server must take.
    #[error("must be at most {} characters long", EndpointUrl::MAX_LENGTH)]
    TooLong,
}

impl EndpointUrl {
    /// What servers and proxies take without trouble.
    pub const MAX_LENGTH: usize = 2048;

    /// Takes an endpoint's address.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.len() > Self::MAX_LENGTH {
            return Err(UrlError::TooLong);
        }
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
        if !printable {
            return Err(UrlError::NotAWebUrl);
        }
        let authority = authority(text).ok_or(UrlError::NotAWebUrl)?;
        if authority.contains('@') {
            return Err(UrlError::UserInfo);
        }
        if text.contains('#') {
            return Err(UrlError::Fragment);
        }
        let host = host(authority).ok_or(UrlError::NotAWebUrl)?;
        if text.starts_with("http://") && reach_of(host) != Reach::Loopback {
            return Err(UrlError::NotAWebUrl);
        }
        Ok(Self(text.to_owned()))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host in it.
    #[must_use]
    pub fn host(&self) -> &str {
        authority(&self.0).and_then(host).unwrap_or_default()
    }

    /// How far away it is, as far as its spelling tells. What a name leads to is seen when it is called.
    #[must_use]
    pub fn reach(&self) -> Reach {
        reach_of(self.host())
    }
}

fn authority(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    rest.split(['/', '?', '#']).next()
}

/// The host of an authority without a user: a name, or an address, in brackets if it has colons.
fn host(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            (address, port)
        }
        None => {
            let end = authority.find(':').unwrap_or(authority.len());
            authority.split_at_checked(end)?
        }
    };
    let is_named = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte));
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    (!host.is_empty() && is_named && is_port).then_some(host)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

fn reach_of(host: &str) -> Reach {
    let at_home = host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|address| is_loopback(&address));
    if at_home { Reach::Loopback } else { Reach::Public }
}

const fn is_loopback(address: &IpAddr) -> bool {
    address.is_loopback()
}
