//! The query of `GET /payments`: which list, which of its payments, and from where on. Everything that is wrong with it is said at
//! once.

use adapters::http::cursor::Cursor;
use adapters::http::problem::Problem;
use adapters::http::query::Query;
use adapters::rfc3339;
use domain::payment::Status;
use domain::text::Text;
use domain::time::{Day, Timestamp};
use flow::operations::payments::Wanted;
use flow::ports::Listing;
use lambda_http::Request;

/// What may be asked.
pub(super) const PARAMETERS: [&str; 6] = ["day", "reference", "status", "attention", "limit", "cursor"];
/// A page when nobody says how large.
pub(super) const LIMIT_DEFAULT: usize = 50;
/// A hundred payments with all that a row can hold stay below what Lambda may answer; a test measures them.
pub(super) const LIMIT_MAX: usize = 100;

/// What a request wants to see.
///
/// # Errors
/// 400 with everything that is wrong.
pub(super) fn read(request: &Request, now: Timestamp) -> Result<Wanted, Problem> {
    let mut query = Query::of(request, &PARAMETERS);
    let day = query.read("day", |text| rfc3339::parse_day(text).ok_or("must be a day of the calendar, as 2026-11-23"));
    let reference = query.read("reference", Text::parse);
    let status = query.read("status", status);
    let attention_only = query.read("attention", attention).is_some();
    let limit = query.read("limit", limit).unwrap_or(LIMIT_DEFAULT);
    let cursor = query.read("cursor", |text| Cursor::parse(text).ok_or("is not a cursor that was answered here"));

    if day.is_some() && reference.is_some() {
        query.fault("reference", "must not be given together with `?day`");
    }
    let listing = match (day, reference) {
        (Some(day), _) => Listing::Day(day),
        (None, Some(reference)) => Listing::Reference(reference),
        // A list of today that is followed over midnight stays the list that it was.
        (None, None) => Listing::Day(cursor.as_ref().and_then(Cursor::day).unwrap_or_else(|| Day::of(now))),
    };
    let follows = cursor.is_some();
    let after = cursor.and_then(|cursor| cursor.place_in(&listing));
    if follows && after.is_none() {
        query.fault("cursor", "belongs to another list: send it with the parameters of the request that answered it");
    }
    query.finish()?;
    Ok(Wanted { listing, status, attention_only, after, limit })
}

fn status(text: &str) -> Result<Status, String> {
    let known = Status::ALL.into_iter().find(|status| status.name() == text);
    known.ok_or_else(|| {
        let names = Status::ALL.map(|status| format!("`{}`", status.name()));
        format!("must be one of {}", names.join(", "))
    })
}

fn attention(text: &str) -> Result<(), &'static str> {
    if text == "true" { Ok(()) } else { Err("must be `true`, or left out") }
}

fn limit(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=LIMIT_MAX).contains(number));
    number.ok_or_else(|| format!("must be a whole number between 1 and {LIMIT_MAX}"))
}
