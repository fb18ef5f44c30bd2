//! The query of `GET /disputes`: which of them, and from where on.

use adapters::http::cursor::DisputeCursor;
use adapters::http::problem::Problem;
use adapters::http::query::Query;
use domain::dispute::Status;
use flow::operations::dispute::Wanted;
use lambda_http::Request;

/// What may be asked.
pub(super) const PARAMETERS: [&str; 3] = ["status", "limit", "cursor"];
/// A page when nobody says how large.
pub(super) const LIMIT_DEFAULT: usize = 20;
/// A hundred disputes with all that a row can hold would be more than Lambda may answer.
pub(super) const LIMIT_MAX: usize = 50;
/// What is listed when nobody says: whatever is not over.
const OPEN: [Status; 2] = [Status::NeedsResponse, Status::UnderReview];

/// What a request wants to see.
///
/// # Errors
/// 400 with everything that is wrong.
pub(super) fn read(request: &Request) -> Result<Wanted, Problem> {
    let mut query = Query::of(request, &PARAMETERS);
    let status = query.read("status", status);
    let limit = query.read("limit", limit).unwrap_or(LIMIT_DEFAULT);
    let after = query.read("cursor", |text| DisputeCursor::parse(text).ok_or("is not a cursor that was answered here"));
    query.finish()?;
    Ok(Wanted { statuses: status.map_or(OPEN.to_vec(), |status| vec![status]), after, limit })
}

fn status(text: &str) -> Result<Status, String> {
    let known = Status::ALL.into_iter().find(|status| status.name() == text);
    known.ok_or_else(|| {
        let names = Status::ALL.map(|status| format!("`{}`", status.name()));
        format!("must be one of {}", names.join(", "))
    })
}

fn limit(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=LIMIT_MAX).contains(number));
    number.ok_or_else(|| format!("must be a whole number between 1 and {LIMIT_MAX}"))
}
