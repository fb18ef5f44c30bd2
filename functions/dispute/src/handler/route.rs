//! Which of the function's routes a request takes: by its method and by what follows `/disputes` in its path. The event of a
//! REST API has the path without the stage, that of an HTTP API may have it, so the path is read from `disputes` on.

use adapters::http::authenticate::Scope;
use adapters::http::problem::{Problem, Refusal};
use domain::dispute::DisputeId;
use lambda_http::http::Method;
use lambda_http::{Request, RequestExt as _};

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// The list.
    List,
    /// One dispute.
    Show(DisputeId),
    /// What the merchant brings forward.
    Evidence(DisputeId),
    /// The merchant gives in.
    Accept(DisputeId),
}

impl Route {
    /// The route of a request.
    ///
    /// # Errors
    /// 404 if there is none, and for what cannot be a dispute's id.
    pub(super) fn of(request: &Request) -> Result<Self, Problem> {
        let path = request.raw_http_path();
        let segments: Vec<&str> = path.split('/').skip_while(|segment| *segment != "disputes").skip(1).collect();
        let id = |text: &str| DisputeId::parse(text).map_err(|_| Problem::new(Refusal::NotFound));
        match (request.method(), segments.as_slice()) {
            (&Method::GET, []) => Ok(Self::List),
            (&Method::GET, [text]) => id(text).map(Self::Show),
            (&Method::POST, [text, "evidence"]) => id(text).map(Self::Evidence),
            (&Method::POST, [text, "accept"]) => id(text).map(Self::Accept),
            _ => Err(Problem::new(Refusal::NotFound)),
        }
    }

    /// The route as the template spells it.
    pub(super) const fn template(&self) -> &'static str {
        match self {
            Self::List => "GET /disputes",
            Self::Show(_) => "GET /disputes/{disputeId}",
            Self::Evidence(_) => "POST /disputes/{disputeId}/evidence",
            Self::Accept(_) => "POST /disputes/{disputeId}/accept",
        }
    }

    /// What a key must be allowed.
    pub(super) const fn scope(&self) -> Scope {
        match self {
            Self::List | Self::Show(_) => Scope::PaymentsRead,
            Self::Evidence(_) | Self::Accept(_) => Scope::DisputesWrite,
        }
    }

    /// The dispute that it names.
    pub(super) const fn dispute(&self) -> Option<&DisputeId> {
        match self {
            Self::List => None,
            Self::Show(id) | Self::Evidence(id) | Self::Accept(id) => Some(id),
        }
    }
}
