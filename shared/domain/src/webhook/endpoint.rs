//! One of the merchant's endpoints.

use std::fmt;

use super::EndpointUrl;
use crate::{
    id::{IdempotencyKey, RequestHash, derived, is_derived},
    text::Text,
    time::Timestamp,
    timeline::EventType,
};

/// So many requests for a new secret are remembered, the newest. A secret is rotated a few times a year, and a request is sent again
/// within days.
pub const ROTATIONS_MAX: usize = 16;

/// The public id of an endpoint: `whe_` and 130 bits of SHA-256 over who asked, with which key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointId(String);

/// Why a text is no endpoint's id. The sentence completes "`<field>` …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a webhook endpoint's id: `whe_` and 26 characters of a-z and 2-7")]
pub struct NotAnEndpointId;

/// One of the merchant's endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its public id.
    pub id: EndpointId,
    /// Where it is.
    pub url: EndpointUrl,
    /// What it wants to hear of.
    pub interest: Interest,
    /// What the merchant says of it.
    pub description: Option<Text<255>>,
    /// Whether events are sent to it.
    pub standing: Standing,
    /// Which of its secrets signs.
    pub generation: Generation,
    /// The secret before it, while that signs too.
    pub former: Option<Former>,
    /// The requests that have made its secrets since the first, oldest first: the newest [`ROTATIONS_MAX`].
    pub rotations: Vec<Rotation>,
    /// The request that registered it.
    pub request_hash: RequestHash,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// What an endpoint wants to hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interest {
    /// Whatever is announced, also what a later release will announce.
    All,
    /// These types. Made by [`Interest::only`], so that none is in it twice, and all are announced.
    Only(Vec<EventType>),
}

/// Why some event types are no choice. The sentence completes "`<field>` …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InterestError {
    /// An endpoint that hears of nothing.
    #[error("must name at least one event type; leave it out to hear of all")]
    Nothing,
    /// Nobody is told of these.
    #[error("is not an event type that is announced")]
    NotAnnounced,
}

/// Whether events are sent to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// They are.
    Enabled {
        /// Since when.
        since: Timestamp,
    },
    /// They are not.
    Disabled {
        /// Since when.
        since: Timestamp,
        /// Why.
        reason: DisableReason,
    },
}

/// Why events are not sent to an endpoint any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisableReason {
    /// The merchant said so.
    Requested,
    /// The endpoint itself said so: it answered 410.
    Gone,
}

/// Which of an endpoint's secrets it is. The secret itself is derived from this number, and stored nowhere.
///
/// The first is the second since 1970 in which the endpoint was registered, and each rotation counts on from there: an endpoint that has
/// made room for another and comes back under the same id has none of its secrets of before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u32);

/// A secret that was replaced, and signs for a while longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Former {
    /// Which one.
    pub generation: Generation,
    /// Until when it signs.
    pub until: Timestamp,
}

/// A request that made a secret of an endpoint: sent again, however late, it must not make another, or the one that is in use would
/// be pushed out by one that nobody has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// What the client called it.
    pub key: IdempotencyKey,
    /// What it said.
    pub request_hash: RequestHash,
    /// Which secret it made.
    pub generation: Generation,
}

impl EndpointId {
    const PREFIX: &str = "whe_";

    /// The id of the endpoint that this key registers for this account. The same key always names the same endpoint.
    #[must_use]
    pub fn derive(account: &str, key: &IdempotencyKey) -> Self {
        Self(derived(Self::PREFIX, &[account, "webhook-endpoint", key.as_str()]))
    }

    /// Reads an id that somebody else wrote.
    ///
    /// # Errors
    /// If it cannot be one of ours.
    pub fn parse(text: &str) -> Result<Self, NotAnEndpointId> {
        if is_derived(Self::PREFIX, text) { Ok(Self(text.to_owned())) } else { Err(NotAnEndpointId) }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EndpointId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Endpoint {
    /// Whether it is told of events of this type.
    #[must_use]
    pub fn hears_of(&self, event_type: EventType) -> bool {
        self.is_enabled() && self.interest.covers(event_type)
    }

    /// Whether events are sent to it.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        match self.standing {
            Standing::Enabled { .. } => true,
            Standing::Disabled { .. } => false,
        }
    }

    /// The secret that its registration made, while no other has been made since.
    #[must_use]
    pub fn first_generation(&self) -> Option<Generation> {
        self.rotations.is_empty().then_some(self.generation)
    }

    /// The secret that the request of this key made, if that is remembered.
    #[must_use]
    pub fn rotated_by(&self, key: &IdempotencyKey) -> Option<Generation> {
        self.rotations.iter().find(|rotation| rotation.key == *key).map(|rotation| rotation.generation)
    }

    /// The secrets that sign at `at`, the newest first.
    #[must_use]
    pub fn generations(&self, at: Timestamp) -> Vec<Generation> {
        let former = self.former.filter(|former| at < former.until).map(|former| former.generation);
        std::iter::once(self.generation).chain(former).collect()
    }
}

impl Interest {
    /// Interest in these types and no others.
    ///
    /// # Errors
    /// If there is none, or one that nobody is told of.
    pub fn only(types: &[EventType]) -> Result<Self, InterestError> {
        if types.is_empty() {
            return Err(InterestError::Nothing);
        }
        if !types.iter().all(|chosen| chosen.is_announced()) {
            return Err(InterestError::NotAnnounced);
        }
        // In one order, each once: two ways to say the same are the same.
        Ok(Self::Only(EventType::ALL.into_iter().filter(|known| types.contains(known)).collect()))
    }

    /// Whether events of this type are meant.
    #[must_use]
    pub fn covers(&self, event_type: EventType) -> bool {
        event_type.is_announced()
            && match self {
                Self::All => true,
                Self::Only(types) => types.contains(&event_type),
            }
    }
}

impl Generation {
    /// The first one of an endpoint that is registered at `at`.
    #[must_use]
    pub fn first(at: Timestamp) -> Self {
        // Until 2106; whoever is here then has the clock of somebody else.
        Self(u32::try_from(at.unix_ms().div_euclid(1_000)).unwrap_or(u32::MAX).max(1))
    }

    /// Reads a stored number; none if it is zero.
    #[must_use]
    pub const fn try_new(number: u32) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Standing {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enabled { .. } => "enabled",
            Self::Disabled { .. } => "disabled",
        }
    }
}

impl DisableReason {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Gone => "gone",
        }
    }

    /// The reason that is called so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Requested, Self::Gone].into_iter().find(|known| known.name() == name)
    }
}
