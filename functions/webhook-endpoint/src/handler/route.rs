//! Which of the function's routes a request takes: by its method, and by what follows `/webhook-endpoints` or `/events` in its path. The
//! event of a REST API has the path without the stage, that of an HTTP API may have it, so the path is read from there on.

use adapters::http::authenticate::Scope;
use adapters::http::problem::{Problem, Refusal};
use domain::timeline::EventId;
use domain::webhook::EndpointId;
use lambda_http::http::Method;
use lambda_http::{Request, RequestExt as _};

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// A new endpoint.
    Register,
    /// All endpoints.
    List,
    /// One endpoint.
    Show(EndpointId),
    /// A new secret for an endpoint.
    Rotate(EndpointId),
    /// Nothing is sent to an endpoint any more.
    Disable(EndpointId),
    /// Events are sent to an endpoint again.
    Enable(EndpointId),
    /// A range of time is sent to an endpoint again.
    RedeliverRange(EndpointId),
    /// The events of a day.
    Events,
    /// One event.
    Event(EventId),
    /// One event is sent again.
    Redeliver(EventId),
}

impl Route {
    /// The route of a request.
    ///
    /// # Errors
    /// 404 if there is none, and for what cannot be an id.
    pub(super) fn of(request: &Request) -> Result<Self, Problem> {
        let path = request.raw_http_path();
        let is_first = |segment: &&str| *segment == "webhook-endpoints" || *segment == "events";
        let segments: Vec<&str> = path.split('/').skip_while(|segment| !is_first(segment)).collect();
        let endpoint = |text: &str| EndpointId::parse(text).map_err(|_| Problem::new(Refusal::NotFound));
        let event = |text: &str| EventId::parse(text).map_err(|_| Problem::new(Refusal::NotFound));
        match (request.method(), segments.as_slice()) {
            (&Method::POST, ["webhook-endpoints"]) => Ok(Self::Register),
            (&Method::GET, ["webhook-endpoints"]) => Ok(Self::List),
            (&Method::GET, ["webhook-endpoints", id]) => endpoint(id).map(Self::Show),
            (&Method::POST, ["webhook-endpoints", id, "rotate"]) => endpoint(id).map(Self::Rotate),
            (&Method::POST, ["webhook-endpoints", id, "disable"]) => endpoint(id).map(Self::Disable),
            (&Method::POST, ["webhook-endpoints", id, "enable"]) => endpoint(id).map(Self::Enable),
            (&Method::POST, ["webhook-endpoints", id, "redeliver"]) => endpoint(id).map(Self::RedeliverRange),
            (&Method::GET, ["events"]) => Ok(Self::Events),
            (&Method::GET, ["events", id]) => event(id).map(Self::Event),
            (&Method::POST, ["events", id, "redeliver"]) => event(id).map(Self::Redeliver),
            _ => Err(Problem::new(Refusal::NotFound)),
        }
    }

    /// The route as the template spells it.
    pub(super) const fn template(&self) -> &'static str {
        match self {
            Self::Register => "POST /webhook-endpoints",
            Self::List => "GET /webhook-endpoints",
            Self::Show(_) => "GET /webhook-endpoints/{endpointId}",
            Self::Rotate(_) => "POST /webhook-endpoints/{endpointId}/rotate",
            Self::Disable(_) => "POST /webhook-endpoints/{endpointId}/disable",
            Self::Enable(_) => "POST /webhook-endpoints/{endpointId}/enable",
            Self::RedeliverRange(_) => "POST /webhook-endpoints/{endpointId}/redeliver",
            Self::Events => "GET /events",
            Self::Event(_) => "GET /events/{eventId}",
            Self::Redeliver(_) => "POST /events/{eventId}/redeliver",
        }
    }

    /// What a key must be allowed.
    pub(super) const fn scope(&self) -> Scope {
        match self {
            Self::List | Self::Show(_) | Self::Events | Self::Event(_) => Scope::WebhooksRead,
            Self::Register
            | Self::Rotate(_)
            | Self::Disable(_)
            | Self::Enable(_)
            | Self::RedeliverRange(_)
            | Self::Redeliver(_) => Scope::WebhooksWrite,
        }
    }

    /// The endpoint that it names.
    pub(super) const fn endpoint(&self) -> Option<&EndpointId> {
        match self {
            Self::Show(id) | Self::Rotate(id) | Self::Disable(id) | Self::Enable(id) | Self::RedeliverRange(id) => {
                Some(id)
            }
            Self::Register | Self::List | Self::Events | Self::Event(_) | Self::Redeliver(_) => None,
        }
    }

    /// The event that it names.
    pub(super) const fn event(&self) -> Option<&EventId> {
        match self {
            Self::Event(id) | Self::Redeliver(id) => Some(id),
            Self::Register
            | Self::List
            | Self::Show(_)
            | Self::Rotate(_)
            | Self::Disable(_)
            | Self::Enable(_)
            | Self::RedeliverRange(_)
            | Self::Events => None,
        }
    }
}
