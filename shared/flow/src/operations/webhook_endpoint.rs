//! `webhook-endpoint`: the merchant's endpoints, the events that there were, and how far they have come.
//!
//! | step of a change | a crash after it leaves |
//! |---|---|
//! | 1. load, decide, commit the endpoints: one row, one write | the endpoints as they were asked for; a replay finds them so |
//!
//! | step of a redelivery | a crash after it leaves |
//! |---|---|
//! | 1. make the delivery, or set it back: it is due now | a row that the sweep finds |
//! | 2. nudge | the same |
//!
//! Redelivering a range is bounded per call; whoever wants more follows the cursor. It needs no idempotency key: what is asked for twice
//! is sent twice at most, and under the same ids.

use domain::{
    id::IdempotencyKey,
    time::{Day, Timestamp},
    timeline::{EventId, EventType},
    webhook::{
        Command, Delivery, DeliveryCommand, DeliveryId, Endpoint, EndpointId, Endpoints, Interest, Registration,
        Rejection, RotationRequest,
    },
};

use super::initiate::ACCOUNT;
use crate::{
    commit::webhook::{Changed, ExecuteError, Executed, create, execute, order},
    ports::{
        Actor, Error, Host, Note, Nudge,
        timeline::{Event, EventPlace, ListEvents, LoadEvent},
        webhook::{CreateDelivery, LoadDelivery, LoadEndpoints, ReplaceDelivery, ReplaceEndpoints},
    },
};

/// Events in one page of the index.
const PAGE_SIZE: u32 = 100;
/// Pages that one list reads at most: a filter that few events pass must not read a day to its end.
const PAGES_MAX: u32 = 5;
/// Events that one call delivers again at most: each costs a read and a write, and a request has seconds.
pub const REDELIVERED_MAX: usize = 100;
/// Pages that one redelivery reads at most, days without an event among them.
const RANGE_PAGES_MAX: u32 = 40;

/// What became of a client's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requested {
    /// It was carried out, now.
    Done(Endpoint),
    /// It had been carried out before, or there was nothing to do.
    Replayed(Endpoint),
}

/// Why a client's request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum WebhookEndpointError {
    /// There is no such endpoint, or no such event that was announced.
    #[error("there is no such thing")]
    NotFound,
    /// It may not be done as the endpoints stand.
    #[error("refused")]
    Rejected(Rejection),
    /// The endpoint is disabled, and nothing is sent to it.
    #[error("the endpoint is disabled")]
    Disabled,
    /// Something outside failed.
    #[error("failed")]
    Failed(#[from] Error),
}

impl From<ExecuteError> for WebhookEndpointError {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Rejected(Rejection::Unknown) => Self::NotFound,
            ExecuteError::Rejected(rejection @ (Rejection::IdempotencyKeyReused | Rejection::Full)) => {
                Self::Rejected(rejection)
            }
            ExecuteError::Failed(error) => Self::Failed(error),
        }
    }
}

/// The endpoint that `key` registers.
#[must_use]
pub fn endpoint_id(key: &IdempotencyKey) -> EndpointId {
    EndpointId::derive(ACCOUNT, key)
}

/// Registers an endpoint.
///
/// # Errors
/// If it was not registered.
pub async fn register<H: Host, S: LoadEndpoints + ReplaceEndpoints>(
    host: &H,
    store: &S,
    registration: Registration,
    actor: &Actor,
) -> Result<Requested, WebhookEndpointError> {
    let id = registration.id.clone();
    changed(host, store, &id, &Command::Register(registration), actor).await
}

/// Gives an endpoint a new secret.
///
/// # Errors
/// If it did not get one.
pub async fn rotate<H: Host, S: LoadEndpoints + ReplaceEndpoints>(
    host: &H,
    store: &S,
    id: &EndpointId,
    request: RotationRequest,
    actor: &Actor,
) -> Result<Requested, WebhookEndpointError> {
    changed(host, store, id, &Command::Rotate { id: id.clone(), request }, actor).await
}

/// Sends an endpoint nothing any more.
///
/// # Errors
/// If there is no such endpoint, or the store fails.
pub async fn disable<H: Host, S: LoadEndpoints + ReplaceEndpoints>(
    host: &H,
    store: &S,
    id: &EndpointId,
    actor: &Actor,
) -> Result<Requested, WebhookEndpointError> {
    changed(host, store, id, &Command::Disable { id: id.clone() }, actor).await
}

/// Sends an endpoint events again. What it has missed is sent when somebody asks for it.
///
/// # Errors
/// If there is no such endpoint, or the store fails.
pub async fn enable<H: Host, S: LoadEndpoints + ReplaceEndpoints>(
    host: &H,
    store: &S,
    id: &EndpointId,
    actor: &Actor,
) -> Result<Requested, WebhookEndpointError> {
    changed(host, store, id, &Command::Enable { id: id.clone() }, actor).await
}

async fn changed<H: Host, S: LoadEndpoints + ReplaceEndpoints>(
    host: &H,
    store: &S,
    id: &EndpointId,
    command: &Command,
    actor: &Actor,
) -> Result<Requested, WebhookEndpointError> {
    let of = |endpoints: &Endpoints| endpoints.find(id).cloned().ok_or(WebhookEndpointError::NotFound);
    let endpoints = store.load_endpoints().await?;
    Ok(match execute(host, store, endpoints, command, actor).await? {
        Executed::Committed(endpoints) => Requested::Done(of(&endpoints)?),
        Executed::AlreadyApplied(endpoints) => Requested::Replayed(of(&endpoints)?),
    })
}

/// All endpoints, oldest first.
///
/// # Errors
/// If the store fails.
pub async fn endpoints<S: LoadEndpoints>(store: &S) -> Result<Endpoints, Error> {
    store.load_endpoints().await
}

/// One endpoint.
///
/// # Errors
/// If there is none of this id, or the store fails.
pub async fn endpoint<S: LoadEndpoints>(store: &S, id: &EndpointId) -> Result<Endpoint, WebhookEndpointError> {
    store.load_endpoints().await?.find(id).cloned().ok_or(WebhookEndpointError::NotFound)
}

/// An event, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// It.
    pub event: Event,
    /// Its deliveries, in the order of the endpoints. Those to endpoints that have made room are not among them, nor those that ended so
    /// long ago that they are kept no longer.
    pub deliveries: Vec<Delivery>,
}

/// Shows an event and its deliveries.
///
/// # Errors
/// If there is no such event, or the store fails.
pub async fn event<H: Host, S: LoadEvent + LoadEndpoints + LoadDelivery>(
    host: &H,
    store: &S,
    id: &EventId,
) -> Result<Told, WebhookEndpointError> {
    let event = store.load_event(id).await?.ok_or(WebhookEndpointError::NotFound)?;
    let endpoints = store.load_endpoints().await?;
    let ids: Vec<DeliveryId> =
        endpoints.endpoints.iter().map(|endpoint| DeliveryId::of(id.clone(), endpoint.id.clone())).collect();
    let mut deliveries = if ids.is_empty() { Vec::new() } else { store.load_deliveries(&ids).await? };
    // The table deletes them when it gets to it, which may be days later: what is shown does not depend on that.
    let now = host.now();
    deliveries.retain(|delivery| delivery.expires_at().is_none_or(|expires| now < expires));
    deliveries.sort_by_key(|delivery| ids.iter().position(|id| *id == delivery.id));
    Ok(Told { event, deliveries })
}

/// Which events are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Of which day.
    pub day: Day,
    /// Only those of this type.
    pub event_type: Option<EventType>,
    /// Only those after this one.
    pub after: Option<EventPlace>,
    /// How many at most.
    pub limit: usize,
}

/// Some of the events that are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listed {
    /// They, newest first.
    pub events: Vec<Event>,
    /// Where to go on, if there may be more.
    pub next: Option<EventPlace>,
    /// Rows that could not be read and were passed over.
    pub unreadable: usize,
}

/// Lists events that were announced, newest first.
///
/// # Errors
/// If the store fails.
pub async fn events<S: ListEvents>(store: &S, wanted: &Wanted) -> Result<Listed, Error> {
    let mut listed = Listed { next: wanted.after.clone(), ..Listed::default() };
    let limit = u32::try_from(wanted.limit).unwrap_or(PAGE_SIZE).clamp(1, PAGE_SIZE);
    let page_size = if wanted.event_type.is_some() { PAGE_SIZE } else { limit };
    for _ in 0..PAGES_MAX {
        let page = store.list_events(wanted.day, listed.next.as_ref(), page_size).await?;
        listed.unreadable = listed.unreadable.saturating_add(page.unreadable);
        listed.next = page.next;
        let is_wanted = |event: &Event| wanted.event_type.is_none_or(|wanted| event.event_type == wanted);
        let mut fit = page.events.into_iter().filter(is_wanted);
        let room = wanted.limit.saturating_sub(listed.events.len());
        listed.events.extend(fit.by_ref().take(room));
        if fit.next().is_some() {
            // The page has more than fits: the next request begins after the last one that is shown.
            listed.next = listed.events.last().map(place_of);
            break;
        }
        if listed.next.is_none() || listed.events.len() >= wanted.limit {
            break;
        }
    }
    Ok(listed)
}

/// To whom an event is delivered again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receivers {
    /// To this endpoint, whatever it wants to hear of.
    One(EndpointId),
    /// To all that would be told of it now.
    Subscribed,
}

/// Delivers an event again.
///
/// # Errors
/// If there is no such event or endpoint, if the endpoint is disabled, or something outside fails; some deliveries may have been made.
pub async fn redeliver<H, S, N>(
    host: &H,
    store: &S,
    nudges: &N,
    id: &EventId,
    receivers: &Receivers,
    actor: &Actor,
) -> Result<Vec<Delivery>, WebhookEndpointError>
where
    H: Host,
    S: LoadEvent + LoadEndpoints + LoadDelivery + CreateDelivery + ReplaceDelivery,
    N: Nudge,
{
    let event = store.load_event(id).await?.ok_or(WebhookEndpointError::NotFound)?;
    let endpoints = store.load_endpoints().await?;
    let receivers = match receivers {
        Receivers::One(id) => vec![enabled(&endpoints, id)?.id.clone()],
        Receivers::Subscribed => endpoints.subscribers(event.event_type).map(|endpoint| endpoint.id.clone()).collect(),
    };
    let mut deliveries = Vec::with_capacity(receivers.len());
    for receiver in receivers {
        deliveries.push(again(host, store, DeliveryId::of(id.clone(), receiver), actor).await?);
    }
    nudge(host, nudges, &deliveries).await;
    Ok(deliveries)
}

/// A range of time whose events are delivered again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Its first moment.
    pub from: Timestamp,
    /// Its last moment.
    pub to: Timestamp,
    /// Which events: none that the endpoint does not want to hear of.
    pub interest: Interest,
    /// Where a former call ended.
    pub after: Option<RangePlace>,
}

/// How far the redelivery of a range has come. It goes from the newest event to the oldest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangePlace {
    /// The day that is read.
    pub day: Day,
    /// The last event of it that was read.
    pub after: Option<EventPlace>,
}

/// What one call delivered again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Redelivered {
    /// How many events.
    pub count: usize,
    /// Where to go on, if there may be more.
    pub next: Option<RangePlace>,
    /// Rows that could not be read and were passed over.
    pub unreadable: usize,
}

/// Delivers the events of a range of time to an endpoint again, as many as one call may.
///
/// # Errors
/// If there is no such endpoint, if it is disabled, or something outside fails; some deliveries may have been made.
pub async fn redeliver_range<H, S, N>(
    host: &H,
    store: &S,
    nudges: &N,
    id: &EndpointId,
    range: &Range,
    actor: &Actor,
) -> Result<Redelivered, WebhookEndpointError>
where
    H: Host,
    S: ListEvents + LoadEndpoints + LoadDelivery + CreateDelivery + ReplaceDelivery,
    N: Nudge,
{
    let endpoints = store.load_endpoints().await?;
    let endpoint = enabled(&endpoints, id)?;
    let mut redelivered = Redelivered::default();
    let found = in_range(store, endpoint, range, &mut redelivered).await?;
    let mut deliveries = Vec::with_capacity(found.len());
    for event in found {
        deliveries.push(again(host, store, DeliveryId::of(event, id.clone()), actor).await?);
    }
    redelivered.count = deliveries.len();
    nudge(host, nudges, &deliveries).await;
    Ok(redelivered)
}

/// The next events of a range that an endpoint wants to hear of, newest first; in `redelivered`, where to go on.
async fn in_range<S: ListEvents>(
    store: &S,
    endpoint: &Endpoint,
    range: &Range,
    redelivered: &mut Redelivered,
) -> Result<Vec<EventId>, Error> {
    let mut found = Vec::new();
    let mut place = range.after.clone().unwrap_or_else(|| RangePlace { day: Day::of(range.to), after: None });
    for _ in 0..RANGE_PAGES_MAX {
        if place.day < Day::of(range.from) {
            return Ok(found);
        }
        let page = store.list_events(place.day, place.after.as_ref(), PAGE_SIZE).await?;
        redelivered.unreadable = redelivered.unreadable.saturating_add(page.unreadable);
        for event in &page.events {
            if found.len() >= REDELIVERED_MAX {
                redelivered.next = Some(place);
                return Ok(found);
            }
            place.after = Some(place_of(event));
            if range.covers(endpoint, event) {
                found.push(event.id.clone());
            }
        }
        place = match page.next {
            Some(next) => RangePlace { day: place.day, after: Some(next) },
            None => RangePlace { day: place.day.before(), after: None },
        };
    }
    redelivered.next = Some(place).filter(|place| place.day >= Day::of(range.from));
    Ok(found)
}

impl Range {
    fn covers(&self, endpoint: &Endpoint, event: &Event) -> bool {
        let is_in_time = self.from <= event.at && event.at <= self.to;
        is_in_time && self.interest.covers(event.event_type) && endpoint.interest.covers(event.event_type)
    }
}

fn place_of(event: &Event) -> EventPlace {
    EventPlace { at: event.at, id: event.id.clone() }
}

fn enabled<'a>(endpoints: &'a Endpoints, id: &EndpointId) -> Result<&'a Endpoint, WebhookEndpointError> {
    let endpoint = endpoints.find(id).ok_or(WebhookEndpointError::NotFound)?;
    if endpoint.is_enabled() { Ok(endpoint) } else { Err(WebhookEndpointError::Disabled) }
}

/// Makes a delivery, or sets it back to its beginning.
async fn again<H: Host, S: CreateDelivery + ReplaceDelivery>(
    host: &H,
    store: &S,
    id: DeliveryId,
    actor: &Actor,
) -> Result<Delivery, Error> {
    match create(host, store, id, actor).await? {
        Changed::Committed(made) => Ok(made),
        Changed::Nothing(stands) => {
            Ok(order(host, store, stands, DeliveryCommand::Redeliver, actor).await?.into_delivery())
        }
    }
}

/// Has what is due tried soon. The rows say that they are due, so the sweep comes if a nudge is lost.
async fn nudge<H: Host, N: Nudge>(host: &H, nudges: &N, deliveries: &[Delivery]) {
    let ids: Vec<_> = deliveries.iter().map(|delivery| delivery.id.clone().into()).collect();
    if !ids.is_empty()
        && let Err(error) = nudges.nudge_all(&ids).await
    {
        host.note(Note::NudgeLost(error));
    }
}
