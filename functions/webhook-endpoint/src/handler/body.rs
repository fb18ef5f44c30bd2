//! The bodies of what changes an endpoint or sends something again. Everything that is wrong is said at once.

use std::time::Duration;

use adapters::http::cursor::RangeCursor;
use adapters::http::problem::{FieldError, Problem, Refusal};
use adapters::outbound::Target;
use adapters::rfc3339;
use domain::id::{IdempotencyKey, RequestHash};
use domain::text::Text;
use domain::time::{Day, Timestamp};
use domain::timeline::EventType;
use domain::webhook::{EndpointId, EndpointUrl, Interest, KeepFormer, Reach, Registration, RotationRequest};
use flow::operations::webhook_endpoint::{Range, Receivers, endpoint_id};
use serde::Deserialize;

/// The longest range of time that is sent again at once: longer ones are asked for in parts.
const RANGE_MAX: Duration = Duration::from_secs(31 * 24 * 3600);

/// A new endpoint.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(test, schemars(rename = "RegisterRequest"))]
pub(super) struct RegisterBody {
    /// https, without user name and fragment, and reachable from the internet.
    #[cfg_attr(test, schemars(length(max = EndpointUrl::MAX_LENGTH), regex(pattern = r"^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?][!$-;=?-\[\]_a-z~]*)?$")))]
    url: String,
    /// What it hears of. Default: everything, also what later releases add.
    #[cfg_attr(test, schemars(extend("items" = event_type(), "minItems" = 1, "maxItems" = EventType::ALL.len())))]
    event_types: Option<Vec<String>>,
    #[cfg_attr(test, schemars(length(min = 1, max = 255), regex(pattern = world::openapi::PLAIN_TEXT)))]
    description: Option<String>,
}

/// A type of events, as a schema.
#[cfg(test)]
fn event_type() -> serde_json::Value {
    serde_json::json!({"type": "string", "enum": adapters::http::schema::event_types()})
}

/// A new secret.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(test, schemars(rename = "RotateRequest"))]
pub(super) struct RotateBody {
    /// How long the secret before it goes on signing: at most a week, and 0 if it has leaked. Default: a day.
    #[cfg_attr(test, schemars(range(min = 0, max = 604_800)))]
    keep_former_seconds: Option<u64>,
}

/// What takes no words.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(rename = "EmptyRequest"))]
pub(super) struct EmptyBody {}

/// A range of time that is to be sent again.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(test, schemars(rename = "RedeliverRangeRequest"))]
pub(super) struct RangeBody {
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    from: String,
    /// At most 31 days after `from`.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    to: String,
    #[cfg_attr(test, schemars(extend("items" = event_type(), "minItems" = 1, "maxItems" = EventType::ALL.len())))]
    event_types: Option<Vec<String>>,
    /// The `nextCursor` of the answer before, with the same range.
    #[cfg_attr(test, schemars(regex(pattern = world::openapi::CURSOR)))]
    cursor: Option<String>,
}

/// To whom one event is to be sent again.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(test, schemars(rename = "RedeliverRequest"))]
pub(super) struct RedeliverBody {
    /// Default: all that would hear of it now.
    #[cfg_attr(test, schemars(extend("pattern" = adapters::http::schema::ENDPOINT_ID)))]
    endpoint_id: Option<String>,
}

impl RegisterBody {
    /// The request for the endpoint that `key` registers, at most as far away as `reach`.
    ///
    /// # Errors
    /// 400 with everything that is wrong.
    pub(super) fn into_registration(self, key: &IdempotencyKey, reach: Reach) -> Result<Registration, Problem> {
        let mut faults = Vec::new();
        let request_hash = self.hash();
        let url = taken("/url", url(&self.url, reach), &mut faults);
        let interest = interest(self.event_types.as_deref(), &mut faults);
        let description = self.description.as_deref().map(|text| Text::parse(text).map_err(|why| why.to_string()));
        let description = description.and_then(|parsed| taken("/description", parsed, &mut faults));
        match (url, interest) {
            (Some(url), Some(interest)) if faults.is_empty() => {
                Ok(Registration { id: endpoint_id(key), url, interest, description, request_hash })
            }
            _ => Err(invalid(faults)),
        }
    }

    fn hash(&self) -> RequestHash {
        let types = self.event_types.as_ref().map(|types| types.join(","));
        RequestHash::of([
            ("url", self.url.as_str()),
            ("eventTypes", types.as_deref().unwrap_or("*")),
            ("description", self.description.as_deref().unwrap_or_default()),
        ])
    }
}

impl RotateBody {
    /// The request for a new secret of this endpoint.
    ///
    /// # Errors
    /// 400 if the former secret would sign for too long.
    pub(super) fn into_request(self, id: &EndpointId, key: IdempotencyKey) -> Result<RotationRequest, Problem> {
        let keep_former = match self.keep_former_seconds {
            Some(seconds) => KeepFormer::try_new(Duration::from_secs(seconds))
                .map_err(|why| Problem::invalid_field("/keepFormerSeconds", why.to_string()))?,
            None => KeepFormer::USUAL,
        };
        let seconds = self.keep_former_seconds.map(|seconds| seconds.to_string()).unwrap_or_default();
        let request_hash = RequestHash::of([("endpointId", id.as_str()), ("keepFormerSeconds", &seconds)]);
        Ok(RotationRequest { key, request_hash, keep_former })
    }
}

impl RangeBody {
    /// The range.
    ///
    /// # Errors
    /// 400 with everything that is wrong.
    pub(super) fn into_range(self) -> Result<Range, Problem> {
        let mut faults = Vec::new();
        let from = taken("/from", moment(&self.from), &mut faults);
        let to = taken("/to", moment(&self.to), &mut faults);
        if let (Some(from), Some(to)) = (from, to) {
            let fits = from <= to && to.since(from) <= RANGE_MAX;
            taken(
                "/to",
                fits.then_some(()).ok_or("must not be before `/from`, nor more than 31 days after it"),
                &mut faults,
            );
        }
        let interest = interest(self.event_types.as_deref(), &mut faults);
        let cursor =
            self.cursor.as_deref().map(|text| RangeCursor::parse(text).ok_or("is not a cursor that was answered here"));
        let after = cursor.and_then(|parsed| taken("/cursor", parsed, &mut faults));
        if let (Some(from), Some(to), Some(after)) = (from, to, &after) {
            let fits = (Day::of(from)..=Day::of(to)).contains(&after.day);
            taken(
                "/cursor",
                fits.then_some(()).ok_or("belongs to another range: send it with the same one"),
                &mut faults,
            );
        }
        match (from, to, interest) {
            (Some(from), Some(to), Some(interest)) if faults.is_empty() => Ok(Range { from, to, interest, after }),
            _ => Err(invalid(faults)),
        }
    }
}

impl RedeliverBody {
    /// To whom.
    ///
    /// # Errors
    /// 400 for what cannot be an endpoint's id.
    pub(super) fn into_receivers(self) -> Result<Receivers, Problem> {
        let Some(text) = self.endpoint_id else { return Ok(Receivers::Subscribed) };
        let id = EndpointId::parse(&text).map_err(|why| Problem::invalid_field("/endpointId", why.to_string()))?;
        Ok(Receivers::One(id))
    }
}

/// An address that events may be sent to, as far as it alone can tell: what a name leads to is judged each time it is called.
fn url(text: &str, reach: Reach) -> Result<EndpointUrl, String> {
    let url = EndpointUrl::parse(text).map_err(|why| why.to_string())?;
    let is_too_near = (reach, url.reach()) == (Reach::Public, Reach::Loopback);
    if is_too_near || Target::read(text, reach).is_err() {
        return Err("must be an address that can be reached from the internet".to_owned());
    }
    Ok(url)
}

fn moment(text: &str) -> Result<Timestamp, &'static str> {
    rfc3339::parse(text).ok_or("must be a moment as RFC 3339 writes it, such as 2026-11-23T11:46:00Z")
}

/// The types that are named; all, if none is given. More than there are cannot be named without a repetition.
fn interest(names: Option<&[String]>, faults: &mut Vec<FieldError>) -> Option<Interest> {
    let Some(names) = names else { return Some(Interest::All) };
    if names.len() > EventType::ALL.len() {
        return taken("/eventTypes", Err("names more event types than there are"), faults);
    }
    let mut types = Vec::with_capacity(names.len());
    for (place, name) in names.iter().enumerate() {
        let known = EventType::named(name).filter(|event_type| event_type.is_announced());
        let known = known.ok_or("is not an event type; see docs/EVENTS.md for all of them");
        types.extend(taken(&format!("/eventTypes/{place}"), known, faults));
    }
    if types.len() < names.len() {
        return None;
    }
    taken("/eventTypes", Interest::only(&types).map_err(|why| why.to_string()), faults)
}

fn taken<T, E: std::fmt::Display>(pointer: &str, parsed: Result<T, E>, faults: &mut Vec<FieldError>) -> Option<T> {
    let fault = |why: E| faults.push(FieldError { pointer: pointer.to_owned(), detail: why.to_string().into() });
    parsed.map_err(fault).ok()
}

fn invalid(faults: Vec<FieldError>) -> Problem {
    Problem::new(Refusal::InvalidRequest).with_errors(faults)
}
