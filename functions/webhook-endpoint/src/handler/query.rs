//! The query of `GET /events`: of which day, of which type, and from where on.

use adapters::http::cursor::EventCursor;
use adapters::http::problem::Problem;
use adapters::http::query::Query;
use adapters::rfc3339;
use domain::time::{Day, Timestamp};
use domain::timeline::EventType;
use flow::operations::webhook_endpoint::Wanted;
use lambda_http::Request;

/// What may be asked.
pub(super) const PARAMETERS: [&str; 4] = ["day", "type", "limit", "cursor"];
/// A page when nobody says how large.
pub(super) const LIMIT_DEFAULT: usize = 20;
/// A hundred events with all that a payment can hold would be more than Lambda may answer.
pub(super) const LIMIT_MAX: usize = 50;

/// What a request wants to see.
///
/// # Errors
/// 400 with everything that is wrong.
pub(super) fn read(request: &Request, now: Timestamp) -> Result<Wanted, Problem> {
    let mut query = Query::of(request, &PARAMETERS);
    let day = query.read("day", |text| rfc3339::parse_day(text).ok_or("must be a day of the calendar, as 2026-11-23"));
    let event_type = query.read("type", event_type);
    let limit = query.read("limit", limit).unwrap_or(LIMIT_DEFAULT);
    let after = query.read("cursor", |text| EventCursor::parse(text).ok_or("is not a cursor that was answered here"));
    // A list of today that is followed over midnight stays the list that it was.
    let day = day.or_else(|| after.as_ref().map(|place| Day::of(place.at))).unwrap_or_else(|| Day::of(now));
    if after.as_ref().is_some_and(|place| Day::of(place.at) != day) {
        query.fault("cursor", "belongs to another day: send it with the parameters of the request that answered it");
    }
    query.finish()?;
    Ok(Wanted { day, event_type, after, limit })
}

fn event_type(text: &str) -> Result<EventType, &'static str> {
    let known = EventType::named(text).filter(|event_type| event_type.is_announced());
    known.ok_or("is not an event type; see docs/EVENTS.md for all of them")
}

fn limit(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=LIMIT_MAX).contains(number));
    number.ok_or_else(|| format!("must be a whole number between 1 and {LIMIT_MAX}"))
}
