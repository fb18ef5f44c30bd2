//! The merchant's webhook endpoints and events: `/webhook-endpoints`, `/events`, and what is below them.
//!
//! Reading answers 200; registering answers 201, and 200 when it had been registered before; what changes an endpoint answers 200 with
//! it; what has something sent again answers 202. Otherwise 400, 401, 403, 404, 409, 413, 415, 422, 503. The signing secret is shown
//! by the two requests that make one, and when they are sent again while it is the present one; nobody else sees it.

mod body;
mod query;
mod route;

use std::sync::Arc;

use adapters::http::answer::Answer;
use adapters::http::authenticate::{Caller, ClientKeys, authenticate};
use adapters::http::cursor::{EventCursor, RangeCursor};
use adapters::http::problem::{Problem, Refusal};
use adapters::http::serve::Endpoint;
use adapters::http::webhook_endpoint_json::{
    DeliveriesJson, EndpointJson, EndpointsJson, EventsJson, RedeliveredJson, ToldJson,
};
use adapters::http::{self, idempotency_key};
use adapters::outbound::derive;
use adapters::secrets::{Cached, Vault, WebhookSigningKey};
use adapters::telemetry::{Count, Field, Line};
use domain::timeline::EventId;
use domain::webhook::{self, EndpointId, Generation, Reach};
use flow::operations::webhook_endpoint::{
    Requested, WebhookEndpointError, disable, enable, endpoint, endpoints, event, events, redeliver, redeliver_range,
    register, rotate,
};
use flow::ports::timeline::{ListEvents, LoadEvent};
use flow::ports::webhook::{CreateDelivery, LoadDelivery, LoadEndpoints, ReplaceDelivery, ReplaceEndpoints};
use flow::ports::{Actor, Host, Nudge};
use lambda_http::Request;
use lambda_http::http::StatusCode;
use serde::de::DeserializeOwned;

use route::Route;

/// What the function works with.
pub(crate) struct WebhookEndpoints<V, S, N> {
    /// Who may call.
    pub(crate) keys: Cached<ClientKeys, V>,
    /// What the endpoints' secrets are derived from.
    pub(crate) signing_key: Cached<WebhookSigningKey, V>,
    /// Where endpoints, events and deliveries are.
    pub(crate) store: S,
    /// Who delivers.
    pub(crate) nudges: N,
    /// How far away an endpoint may be.
    pub(crate) reach: Reach,
}

impl<V, S, N> Endpoint for WebhookEndpoints<V, S, N>
where
    V: Vault,
    S: LoadEndpoints + ReplaceEndpoints + LoadEvent + ListEvents + LoadDelivery + CreateDelivery + ReplaceDelivery,
    N: Nudge,
{
    const FUNCTION: &'static str = "webhook-endpoint";
    const ROUTE: &'static str = "/webhook-endpoints";

    async fn handle<H: Host>(&self, host: &H, request: &Request, line: &mut Line) -> Result<Answer, Problem> {
        let caller = authenticate(&self.keys, request, host.now(), line).await?;
        let route = Route::of(request)?;
        line.set(Field::Route(route.template()));
        caller.require(route.scope())?;
        if let Some(id) = route.endpoint() {
            line.set(Field::EndpointId(id));
        }
        if let Some(id) = route.event() {
            line.set(Field::EventId(id));
        }
        let actor = actor(&caller);
        match &route {
            Route::Register => self.register(host, request, &actor, line).await,
            Route::List => self.list(host, request, line).await,
            Route::Show(id) => self.show(host, request, id, line).await,
            Route::Rotate(id) => self.rotate(host, request, id, &actor, line).await,
            Route::Disable(id) => {
                let body::EmptyBody {} = optional(request)?;
                changed(host, disable(host, &self.store, id, &actor).await, line)
            }
            Route::Enable(id) => {
                let body::EmptyBody {} = optional(request)?;
                changed(host, enable(host, &self.store, id, &actor).await, line)
            }
            Route::RedeliverRange(id) => self.redeliver_range(host, request, id, &actor, line).await,
            Route::Events => self.events(host, request, line).await,
            Route::Event(id) => self.event(host, request, id).await,
            Route::Redeliver(id) => self.redeliver(host, request, id, &actor, line).await,
        }
    }
}

impl<V, S, N> WebhookEndpoints<V, S, N>
where
    V: Vault,
    S: LoadEndpoints + ReplaceEndpoints + LoadEvent + ListEvents + LoadDelivery + CreateDelivery + ReplaceDelivery,
    N: Nudge,
{
    async fn register<H: Host>(
        &self,
        host: &H,
        request: &Request,
        actor: &Actor,
        line: &mut Line,
    ) -> Result<Answer, Problem> {
        let body: body::RegisterBody = http::body::parse(request)?;
        let key = idempotency_key::required(request)?;
        let registration = body.into_registration(&key, self.reach)?;
        line.set(Field::EndpointId(&registration.id));
        // Before anything is written: an endpoint whose secret nobody can be shown is of no use.
        let master = self.master(host, line).await?;
        let done = register(host, &self.store, registration, actor).await.map_err(|error| Problem::from(&error))?;
        let status = match done {
            Requested::Done(_) => StatusCode::CREATED,
            Requested::Replayed(_) => StatusCode::OK,
        };
        Ok(with_secret(host, status, done, webhook::Endpoint::first_generation, &master, line))
    }

    async fn rotate<H: Host>(
        &self,
        host: &H,
        request: &Request,
        id: &EndpointId,
        actor: &Actor,
        line: &mut Line,
    ) -> Result<Answer, Problem> {
        let body: body::RotateBody = http::body::parse(request)?;
        let key = idempotency_key::required(request)?;
        let wanted = body.into_request(id, key.clone())?;
        let master = self.master(host, line).await?;
        let done = rotate(host, &self.store, id, wanted, actor).await.map_err(|error| Problem::from(&error))?;
        Ok(with_secret(host, StatusCode::OK, done, |endpoint| endpoint.rotated_by(&key), &master, line))
    }

    async fn list<H: Host>(&self, host: &H, request: &Request, line: &mut Line) -> Result<Answer, Problem> {
        http::body::screen(request)?;
        let stored = endpoints(&self.store).await.map_err(|error| Problem::from(&error))?;
        line.set(Field::Listed(stored.endpoints.len()));
        Ok(Answer::json(StatusCode::OK, &EndpointsJson::of(&stored.endpoints, host.now())))
    }

    async fn show<H: Host>(
        &self,
        host: &H,
        request: &Request,
        id: &EndpointId,
        line: &mut Line,
    ) -> Result<Answer, Problem> {
        http::body::screen(request)?;
        let endpoint = endpoint(&self.store, id).await.map_err(|error| Problem::from(&error))?;
        line.set(Field::State(endpoint.standing.name()));
        Ok(Answer::json(StatusCode::OK, &EndpointJson::of(&endpoint, host.now())))
    }

    async fn redeliver_range<H: Host>(
        &self,
        host: &H,
        request: &Request,
        id: &EndpointId,
        actor: &Actor,
        line: &mut Line,
    ) -> Result<Answer, Problem> {
        let body: body::RangeBody = http::body::parse(request)?;
        let range = body.into_range()?;
        let done = redeliver_range(host, &self.store, &self.nudges, id, &range, actor).await;
        let done = done.map_err(|error| Problem::from(&error))?;
        line.set(Field::Redelivered(done.count));
        (0..done.unreadable).for_each(|_| line.count(Count::UnreadableRow));
        let next = done.next.as_ref().map(RangeCursor::text);
        Ok(Answer::json(StatusCode::ACCEPTED, &RedeliveredJson::of(done.count, next)))
    }

    async fn events<H: Host>(&self, host: &H, request: &Request, line: &mut Line) -> Result<Answer, Problem> {
        http::body::screen(request)?;
        let wanted = query::read(request, host.now())?;
        let listed = events(&self.store, &wanted).await.map_err(|error| Problem::from(&error))?;
        line.set(Field::Listed(listed.events.len()));
        (0..listed.unreadable).for_each(|_| line.count(Count::UnreadableRow));
        let next = listed.next.as_ref().map(EventCursor::text);
        let json = EventsJson::of(&listed.events, next).map_err(|_| Problem::new(Refusal::Internal))?;
        Ok(Answer::json(StatusCode::OK, &json))
    }

    async fn event<H: Host>(&self, host: &H, request: &Request, id: &EventId) -> Result<Answer, Problem> {
        http::body::screen(request)?;
        let told = event(host, &self.store, id).await.map_err(|error| Problem::from(&error))?;
        let json = ToldJson::of(&told.event, &told.deliveries).map_err(|_| Problem::new(Refusal::Internal))?;
        Ok(Answer::json(StatusCode::OK, &json))
    }

    async fn redeliver<H: Host>(
        &self,
        host: &H,
        request: &Request,
        id: &EventId,
        actor: &Actor,
        line: &mut Line,
    ) -> Result<Answer, Problem> {
        let body: body::RedeliverBody = optional(request)?;
        let receivers = body.into_receivers()?;
        let made = redeliver(host, &self.store, &self.nudges, id, &receivers, actor).await;
        let made = made.map_err(|error| Problem::from(&error))?;
        line.set(Field::Redelivered(made.len()));
        Ok(Answer::json(StatusCode::ACCEPTED, &DeliveriesJson::of(&made)))
    }

    async fn master<H: Host>(&self, host: &H, line: &mut Line) -> Result<Arc<WebhookSigningKey>, Problem> {
        self.signing_key.get(host.now()).await.map_err(|_| {
            line.set(Field::SecretTrouble("webhook signing key"));
            Problem::new(Refusal::Unavailable)
        })
    }
}

/// An endpoint as it stands, with the secret that signs for it if this is the one that the request has `made`. A secret that another
/// request has made is shown to that one alone.
fn with_secret<H: Host>(
    host: &H,
    status: StatusCode,
    done: Requested,
    made: impl Fn(&webhook::Endpoint) -> Option<Generation>,
    master: &WebhookSigningKey,
    line: &mut Line,
) -> Answer {
    let (endpoint, replayed) = parts(done, line);
    let present = made(&endpoint).filter(|generation| *generation == endpoint.generation);
    let secret = present.map(|present| derive(master.secret(), endpoint.id.as_str(), present.get()).text());
    let json = EndpointJson::of(&endpoint, host.now()).with_secret(secret.as_ref());
    Answer::json(status, &json).replayed(replayed)
}

/// An endpoint as it stands after a change of it.
fn changed<H: Host>(
    host: &H,
    done: Result<Requested, WebhookEndpointError>,
    line: &mut Line,
) -> Result<Answer, Problem> {
    let (endpoint, _) = parts(done.map_err(|error| Problem::from(&error))?, line);
    Ok(Answer::json(StatusCode::OK, &EndpointJson::of(&endpoint, host.now())))
}

fn parts(done: Requested, line: &mut Line) -> (webhook::Endpoint, bool) {
    let (endpoint, replayed) = match done {
        Requested::Done(endpoint) => (endpoint, false),
        Requested::Replayed(endpoint) => (endpoint, true),
    };
    line.set(Field::Replayed(replayed));
    line.set(Field::State(endpoint.standing.name()));
    (endpoint, replayed)
}

/// The body of a request that may say all by its path: an object, or nothing at all.
fn optional<T: DeserializeOwned + Default>(request: &Request) -> Result<T, Problem> {
    if request.body().is_empty() {
        http::body::screen(request)?;
        return Ok(T::default());
    }
    http::body::parse(request)
}

fn actor(caller: &Caller) -> Actor {
    Actor::Client(caller.name().to_owned())
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
