//! Who made something happen, as rows and timelines name it.

use std::fmt;

/// Who made something happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A client, by the name of its API key.
    Client(String),
    /// A webhook, by the gateway's event id.
    Webhook(String),
    /// The retry function.
    Retry,
    /// The function that tells of changes.
    Publish,
    /// The function that delivers.
    Deliver,
}

/// As rows and timelines name it.
impl fmt::Display for Actor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(name) => write!(formatter, "client:{name}"),
            Self::Webhook(event) => write!(formatter, "webhook:{event}"),
            Self::Retry => formatter.write_str("retry"),
            Self::Publish => formatter.write_str("publish"),
            Self::Deliver => formatter.write_str("deliver"),
        }
    }
}
