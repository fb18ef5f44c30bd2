//! All of the merchant's endpoints, and how they change. Pure: the same endpoints and the same command give the same decision.

use std::time::Duration;

use super::{
    DisableReason, Endpoint, EndpointId, EndpointUrl, Former, Generation, Interest, ROTATIONS_MAX, Rotation, Standing,
};
use crate::{
    id::{IdempotencyKey, RequestHash},
    text::Text,
    time::Timestamp,
    timeline::EventType,
};

/// As many endpoints as a merchant has: each of its services one, and room to move them. Each event costs a delivery for each.
pub const ENDPOINTS_MAX: usize = 16;

/// All of the merchant's endpoints, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Endpoints {
    /// They: at most [`ENDPOINTS_MAX`].
    pub endpoints: Vec<Endpoint>,
    /// Counts the changes; zero where nobody has registered any yet.
    pub version: u64,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Register an endpoint.
    Register(Registration),
    /// Give an endpoint a new secret.
    Rotate {
        /// Which.
        id: EndpointId,
        /// The client's request.
        request: RotationRequest,
    },
    /// Send an endpoint nothing any more: the merchant says so.
    Disable {
        /// Which.
        id: EndpointId,
    },
    /// Send an endpoint nothing any more: it has said itself that it is gone. That is said of the server that was asked; if the endpoint
    /// was enabled after the event was sent there, somebody has mended it meanwhile.
    DisableGone {
        /// Which.
        id: EndpointId,
        /// Since when it had been enabled, as whoever sent the event saw it.
        enabled_since: Timestamp,
    },
    /// Send an endpoint events again.
    Enable {
        /// Which.
        id: EndpointId,
    },
}

/// A client's request for an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The id, which is derived from the request's key.
    pub id: EndpointId,
    /// Where it is.
    pub url: EndpointUrl,
    /// What it wants to hear of.
    pub interest: Interest,
    /// What the merchant says of it.
    pub description: Option<Text<255>>,
    /// The request's hash.
    pub request_hash: RequestHash,
}

/// A client's request for a new secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotationRequest {
    /// What the client calls it.
    pub key: IdempotencyKey,
    /// The request's hash.
    pub request_hash: RequestHash,
    /// For how long the present secret goes on signing.
    pub keep_former: KeepFormer,
}

/// For how long a secret that is replaced goes on signing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepFormer(Duration);

/// Longer than a secret that was replaced may sign. The sentence completes "`<field>` …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be at most {} seconds, which is a week", KeepFormer::LONGEST.as_secs())]
pub struct TooLong;

/// What happened, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub fact: Fact,
    /// When.
    pub at: Timestamp,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// An endpoint was registered.
    Registered {
        /// It.
        registration: Registration,
        /// The endpoint that made room for it.
        instead_of: Option<EndpointId>,
    },
    /// An endpoint got a new secret.
    Rotated {
        /// Which.
        id: EndpointId,
        /// The client's request.
        request: RotationRequest,
    },
    /// An endpoint is sent nothing any more.
    Disabled {
        /// Which.
        id: EndpointId,
        /// Why.
        reason: DisableReason,
    },
    /// An endpoint is sent events again.
    Enabled {
        /// Which.
        id: EndpointId,
    },
}

/// What became of a command that was not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// This happens. Commit it.
    Execute(Event),
    /// The same request was executed before, or there is nothing to do.
    AlreadyApplied,
}

/// Why something may not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is no such endpoint.
    #[error("there is no such webhook endpoint")]
    Unknown,
    /// The key was used for another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// There are as many as there may be, and all of them are enabled.
    #[error("there are {ENDPOINTS_MAX} enabled webhook endpoints, which is the most; disable one first")]
    Full,
}

impl Endpoints {
    /// The endpoint of this id.
    #[must_use]
    pub fn find(&self, id: &EndpointId) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.id == *id)
    }

    /// Who is told of events of this type.
    pub fn subscribers(&self, event_type: EventType) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.iter().filter(move |endpoint| endpoint.hears_of(event_type))
    }

    /// The endpoint that has been disabled for longest: it makes room.
    fn longest_disabled(&self) -> Option<&Endpoint> {
        let disabled = self.endpoints.iter().filter_map(|endpoint| match endpoint.standing {
            Standing::Enabled { .. } => None,
            Standing::Disabled { since, .. } => Some((since, endpoint)),
        });
        disabled.min_by_key(|(since, endpoint)| (*since, &endpoint.id)).map(|(_, endpoint)| endpoint)
    }
}

impl KeepFormer {
    /// Unless the request says otherwise: a deploy of the merchant's servers fits well into a day.
    pub const USUAL: Self = Self(Duration::from_secs(24 * 3600));
    /// The most: a secret that was replaced has been replaced for a reason.
    pub const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

    /// So long; not at all, if the secret has leaked.
    ///
    /// # Errors
    /// If that is too long.
    pub fn try_new(duration: Duration) -> Result<Self, TooLong> {
        if duration > Self::LONGEST { Err(TooLong) } else { Ok(Self(duration)) }
    }

    /// How long.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl Fact {
    /// The word for it in rows, logs and timelines.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Registered { .. } => "endpoint_registered",
            Self::Rotated { .. } => "endpoint_rotated",
            Self::Disabled { .. } => "endpoint_disabled",
            Self::Enabled { .. } => "endpoint_enabled",
        }
    }

    /// Which endpoint it happened to.
    #[must_use]
    pub const fn id(&self) -> &EndpointId {
        match self {
            Self::Registered { registration, .. } => &registration.id,
            Self::Rotated { id, .. } | Self::Disabled { id, .. } | Self::Enabled { id } => id,
        }
    }
}

/// Decides what `command` does to `endpoints`.
///
/// # Errors
/// A [`Rejection`] if it may not be done. Nothing is changed then.
pub fn decide(endpoints: &Endpoints, command: &Command, at: Timestamp) -> Result<Decision, Rejection> {
    let fact = match command {
        Command::Register(registration) => register(endpoints, registration)?,
        Command::Rotate { id, request } => rotate(known(endpoints, id)?, request)?,
        Command::Disable { id } => {
            let is_enabled = known(endpoints, id)?.is_enabled();
            is_enabled.then(|| Fact::Disabled { id: id.clone(), reason: DisableReason::Requested })
        }
        Command::DisableGone { id, enabled_since } => {
            let is_as_seen = known(endpoints, id)?.standing == Standing::Enabled { since: *enabled_since };
            is_as_seen.then(|| Fact::Disabled { id: id.clone(), reason: DisableReason::Gone })
        }
        Command::Enable { id } => {
            let is_enabled = known(endpoints, id)?.is_enabled();
            (!is_enabled).then(|| Fact::Enabled { id: id.clone() })
        }
    };
    Ok(fact.map_or(Decision::AlreadyApplied, |fact| Decision::Execute(Event { fact, at })))
}

/// Moves the endpoints along. Total: what does not fit changes nothing.
pub fn apply(endpoints: &mut Endpoints, event: &Event) {
    endpoints.version = endpoints.version.saturating_add(1);
    let (Event { fact, at }, id) = (event, event.fact.id());
    if let Fact::Registered { registration, instead_of } = fact {
        endpoints.endpoints.retain(|endpoint| Some(&endpoint.id) != instead_of.as_ref());
        endpoints.endpoints.push(registered(registration, *at));
    }
    let Some(endpoint) = endpoints.endpoints.iter_mut().find(|endpoint| endpoint.id == *id) else { return };
    match fact {
        Fact::Registered { .. } => {}
        Fact::Rotated { request, .. } => {
            let until = at.plus(request.keep_former.get());
            let former = Former { generation: endpoint.generation, until };
            endpoint.former = (until > *at).then_some(former);
            endpoint.generation = endpoint.generation.next();
            endpoint.remember(request);
        }
        Fact::Disabled { reason, .. } => endpoint.standing = Standing::Disabled { since: *at, reason: *reason },
        Fact::Enabled { .. } => endpoint.standing = Standing::Enabled { since: *at },
    }
}

fn known<'a>(endpoints: &'a Endpoints, id: &EndpointId) -> Result<&'a Endpoint, Rejection> {
    endpoints.find(id).ok_or(Rejection::Unknown)
}

fn register(endpoints: &Endpoints, registration: &Registration) -> Result<Option<Fact>, Rejection> {
    if let Some(before) = endpoints.find(&registration.id) {
        let is_same = before.request_hash == registration.request_hash;
        return if is_same { Ok(None) } else { Err(Rejection::IdempotencyKeyReused) };
    }
    let instead_of = if endpoints.endpoints.len() < ENDPOINTS_MAX {
        None
    } else {
        Some(endpoints.longest_disabled().ok_or(Rejection::Full)?.id.clone())
    };
    Ok(Some(Fact::Registered { registration: registration.clone(), instead_of }))
}

fn rotate(endpoint: &Endpoint, request: &RotationRequest) -> Result<Option<Fact>, Rejection> {
    match endpoint.rotations.iter().find(|before| before.key == request.key) {
        Some(before) if before.request_hash == request.request_hash => Ok(None),
        Some(_) => Err(Rejection::IdempotencyKeyReused),
        None => Ok(Some(Fact::Rotated { id: endpoint.id.clone(), request: request.clone() })),
    }
}

impl Endpoint {
    /// Its present secret was made by `request`.
    fn remember(&mut self, request: &RotationRequest) {
        let RotationRequest { key, request_hash, .. } = request.clone();
        self.rotations.push(Rotation { key, request_hash, generation: self.generation });
        let too_many = self.rotations.len().saturating_sub(ROTATIONS_MAX);
        self.rotations.drain(..too_many);
    }
}

fn registered(registration: &Registration, at: Timestamp) -> Endpoint {
    let Registration { id, url, interest, description, request_hash } = registration.clone();
    Endpoint {
        id,
        url,
        interest,
        description,
        standing: Standing::Enabled { since: at },
        generation: Generation::first(at),
        former: None,
        rotations: Vec::new(),
        request_hash,
        created_at: at,
    }
}
