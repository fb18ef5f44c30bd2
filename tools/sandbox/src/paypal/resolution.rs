//! The API of the resolution centre, under `/v1/customer/disputes`: what the merchant reads there, and what it answers.

use axum::{
    body::Bytes,
    http::{HeaderMap, Method, Uri, header::CONTENT_TYPE},
};
use futures_util::stream;
use serde_json::{Map, Value, json};

use super::{
    book::Book,
    disputes::{Dispute, EVIDENCE_TYPES, Evidence, Outcome, Stage, Turn},
    error::PaypalError,
    render::{MERCHANT_EMAIL, MERCHANT_ID, time},
};
use crate::{clock::Moment, state::App};

/// How many disputes a page of the list may have, and has if nobody says.
const MAX_PAGE: usize = 50;
const DEFAULT_PAGE: usize = 10;
/// How many parts a body may have; PayPal takes ten files.
const MAX_PARTS: usize = 12;

/// Answers a call; the path is what follows `disputes`.
pub(super) async fn answer(
    app: &App,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Value, PaypalError> {
    let path = uri.path().trim_start_matches("/v1/customer/disputes").trim_matches('/');
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match (method.as_str(), segments.as_slice()) {
        ("GET", []) => list(&app.state().paypal, uri.query().unwrap_or_default()),
        ("GET", [id]) => {
            let state = app.state();
            state.paypal.dispute(id).map(|dispute| shown(&state.paypal, dispute))
        }
        ("POST", [id, act]) => {
            let said = read(headers, body).await?;
            app.act_at_paypal(|book, now| perform(book, id, act, &said, now))?;
            let itself = format!("{}/v1/customer/disputes/{id}", app.public_url);
            Ok(json!({ "links": [link(&itself, "self", "GET")] }))
        }
        _ => Err(PaypalError::of_status(404)),
    }
}

/// What a body says: a JSON object, and the names of the files that came with it.
struct Said {
    input: Value,
    files: Vec<String>,
}

fn perform(book: &mut Book, id: &str, act: &str, said: &Said, now: Moment) -> Result<(), PaypalError> {
    let text = |name: &str| said.input.get(name).and_then(Value::as_str);
    let unknown =
        |name: &str| PaypalError::issue("INVALID_PARAMETER_VALUE").field(name, text(name).unwrap_or_default());
    match act {
        "accept-claim" => match text("accept_claim_type") {
            None | Some("REFUND") => book.accept_claim(id, now),
            Some(_) => Err(unknown("accept_claim_type")),
        },
        "provide-evidence" => book.provide_evidence(id, evidence(said)?, false, now),
        "appeal" => book.provide_evidence(id, evidence(said)?, true, now),
        // These two exist in PayPal's own sandbox only: there, as here, they are what PayPal would do.
        "adjudicate" => {
            let outcome = match text("adjudication_outcome") {
                Some("BUYER_FAVOR") => Outcome::ResolvedBuyerFavour,
                Some("SELLER_FAVOR") => Outcome::ResolvedSellerFavour,
                _ => return Err(unknown("adjudication_outcome")),
            };
            book.resolve_dispute(id, outcome, now)
        }
        "require-evidence" => {
            let turn = match text("action") {
                Some("BUYER_EVIDENCE") => Turn::Buyers,
                Some("SELLER_EVIDENCE") => Turn::Sellers,
                _ => return Err(unknown("action")),
            };
            book.move_dispute(id, None, Some(turn), now)
        }
        _ => Err(PaypalError::not_simulated(act)),
    }
}

/// JSON as it is, or the part `input` of a form with files.
async fn read(headers: &HeaderMap, body: &Bytes) -> Result<Said, PaypalError> {
    let malformed = || PaypalError::issue("MALFORMED_REQUEST_JSON").field("/", "");
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/json") {
        let input = serde_json::from_slice(body).map_err(|_| malformed())?;
        return Ok(Said { input, files: Vec::new() });
    }
    let boundary = multer::parse_boundary(kind).map_err(|_| PaypalError::of_status(415))?;
    let whole = stream::iter([Ok::<_, std::convert::Infallible>(body.clone())]);
    let mut form = multer::Multipart::new(whole, boundary);
    let mut said = Said { input: Value::Null, files: Vec::new() };
    for _ in 0..MAX_PARTS {
        let Some(part) = form.next_field().await.map_err(|_| malformed())? else { return Ok(said) };
        match (part.name(), part.file_name().map(str::to_owned)) {
            (Some("input"), _) => {
                let text = part.bytes().await.map_err(|_| malformed())?;
                said.input = serde_json::from_slice(&text).map_err(|_| malformed())?;
            }
            (_, Some(file)) => said.files.push(file),
            (_, None) => return Err(malformed()),
        }
    }
    Err(PaypalError::issue("INVALID_ARRAY_MAX_ITEMS").field("evidence-file", ""))
}

/// The evidence in `input`, `{evidences: [{evidence_type, notes?, …}]}`. The files belong to the first piece.
fn evidence(said: &Said) -> Result<Vec<Evidence>, PaypalError> {
    let missing = |field: &str| PaypalError::issue("MISSING_REQUIRED_PARAMETER").field(field, "");
    let pieces = said.input.get("evidences").and_then(Value::as_array).ok_or_else(|| missing("/evidences"))?;
    let mut read = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let text = |name: &str| piece.get(name).and_then(Value::as_str).map(str::to_owned);
        let pointer = format!("/evidences/{index}/evidence_type");
        let kind = text("evidence_type").ok_or_else(|| missing(&pointer))?;
        if !EVIDENCE_TYPES.contains(&kind.as_str()) {
            return Err(PaypalError::issue("INVALID_PARAMETER_VALUE").field(&pointer, &kind));
        }
        let documents = if index == 0 { said.files.clone() } else { Vec::new() };
        read.push(Evidence { kind, notes: text("notes"), info: piece.get("evidence_info").cloned(), documents });
    }
    if read.is_empty() { Err(missing("/evidences/0")) } else { Ok(read) }
}

/// Newest first; a page of them, and where the next one is.
fn list(book: &Book, query: &str) -> Result<Value, PaypalError> {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let asked = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let number = |name: &str, default: usize| match asked(name) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| PaypalError::issue("INVALID_PARAMETER_VALUE").field(name, text)),
    };
    let (size, start) = (number("page_size", DEFAULT_PAGE)?, number("next_page_token", 0)?);
    if !(1..=MAX_PAGE).contains(&size) {
        return Err(PaypalError::issue("INVALID_PARAMETER_VALUE").field("page_size", &size.to_string()));
    }
    let wanted: Vec<&Dispute> = book
        .disputes
        .iter()
        .rev()
        .filter(|dispute| asked("disputed_transaction_id").is_none_or(|id| id == dispute.capture))
        .filter(|dispute| {
            asked("dispute_state").is_none_or(|state| state.split(',').any(|one| one == state_of(dispute)))
        })
        // RFC 3339 in UTC and whole seconds: as texts they are ordered as in time.
        .filter(|dispute| asked("update_time_after").is_none_or(|after| time(dispute.updated).as_str() > after))
        .filter(|dispute| asked("start_time").is_none_or(|from| time(dispute.created).as_str() >= from))
        .collect();
    let items: Vec<Value> = wanted.iter().skip(start).take(size).map(|dispute| brief(book, dispute)).collect();
    let itself = format!("{}/v1/customer/disputes", book.public_url);
    let mut links = vec![link(&itself, "self", "GET")];
    let next = start.saturating_add(size);
    if next < wanted.len() {
        links.push(link(&format!("{itself}?page_size={size}&next_page_token={next}"), "next", "GET"));
    }
    Ok(json!({ "items": items, "links": links }))
}

fn brief(book: &Book, dispute: &Dispute) -> Value {
    let names = [
        "dispute_id",
        "create_time",
        "update_time",
        "reason",
        "status",
        "dispute_amount",
        "dispute_life_cycle_stage",
        "dispute_channel",
        "seller_response_due_date",
        "links",
    ];
    let mut whole = shown(book, dispute);
    if let Value::Object(fields) = &mut whole {
        fields.retain(|name, _| names.contains(&name.as_str()));
        // Only the list tells it.
        fields.insert("dispute_state".to_owned(), json!(state_of(dispute)));
    }
    whole
}

/// The dispute as PayPal shows it.
pub(super) fn shown(book: &Book, dispute: &Dispute) -> Value {
    let itself = format!("{}/v1/customer/disputes/{}", book.public_url, dispute.id);
    let mut links = vec![link(&itself, "self", "GET")];
    // What the merchant may do now: whatever is not here is refused.
    let acts: &[(&str, &str)] = match dispute.turn {
        Turn::Sellers => &[("accept-claim", "accept_claim"), ("provide-evidence", "provide_evidence")],
        Turn::Over(_) if dispute.is_appealable() => &[("appeal", "appeal")],
        Turn::Buyers | Turn::Paypals | Turn::Over(_) => &[],
    };
    links.extend(acts.iter().map(|(path, rel)| link(&format!("{itself}/{path}"), rel, "POST")));
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| drop(shown.insert(name.to_owned(), value));
    put("dispute_id", json!(dispute.id));
    put("create_time", json!(time(dispute.created)));
    put("update_time", json!(time(dispute.updated)));
    put("disputed_transactions", json!([transaction(book, dispute)]));
    put("reason", json!(dispute.reason));
    put("status", json!(status_of(dispute)));
    put("dispute_amount", dispute.amount.json());
    put("dispute_life_cycle_stage", json!(stage_name(dispute.stage)));
    put("dispute_channel", json!(if dispute.stage == Stage::Inquiry { "INTERNAL" } else { "EXTERNAL" }));
    if dispute.turn == Turn::Sellers {
        put("seller_response_due_date", json!(time(dispute.due)));
        put("allowed_response_options", json!({ "accept_claim": { "accept_claim_types": ["REFUND"] } }));
    }
    if let Turn::Over(outcome) = dispute.turn {
        let code = outcome_name(outcome);
        let told = match outcome {
            Outcome::ResolvedBuyerFavour | Outcome::Accepted => {
                json!({ "outcome_code": code, "amount_refunded": dispute.amount.json() })
            }
            Outcome::ResolvedSellerFavour
            | Outcome::ResolvedWithPayout
            | Outcome::CanceledByBuyer
            | Outcome::Denied => json!({ "outcome_code": code }),
        };
        put("dispute_outcome", told);
    }
    if !dispute.evidence.is_empty() {
        put("evidences", Value::Array(dispute.evidence.iter().map(|piece| shown_evidence(piece, dispute)).collect()));
    }
    put("links", Value::Array(links));
    Value::Object(shown)
}

fn transaction(book: &Book, dispute: &Dispute) -> Value {
    let mut shown = json!({
        "seller_transaction_id": dispute.capture,
        "transaction_status": "COMPLETED",
        "buyer": { "name": "Pat Payer" },
        "seller": { "email": MERCHANT_EMAIL, "merchant_id": MERCHANT_ID, "name": "Sandbox Shop" },
    });
    let capture = book.captures.get(&dispute.capture);
    let order = book.orders.get(&dispute.order);
    let facts = [
        ("create_time", capture.map(|capture| json!(time(capture.created)))),
        ("gross_amount", capture.map(|capture| capture.amount.json())),
        ("invoice_number", capture.and_then(|capture| capture.invoice_id.as_ref()).map(|id| json!(id))),
        ("custom", order.and_then(|order| order.unit.custom_id.as_ref()).map(|id| json!(id))),
    ];
    if let Value::Object(fields) = &mut shown {
        fields.extend(facts.into_iter().filter_map(|(name, fact)| Some((name.to_owned(), fact?))));
    }
    shown
}

fn shown_evidence(piece: &Evidence, dispute: &Dispute) -> Value {
    let mut shown = json!({
        "evidence_type": piece.kind,
        "source": "SUBMITTED_BY_SELLER",
        "date": time(dispute.updated),
        "dispute_life_cycle_stage": stage_name(dispute.stage),
    });
    if let Value::Object(fields) = &mut shown {
        if let Some(notes) = &piece.notes {
            fields.insert("notes".to_owned(), json!(notes));
        }
        if let Some(info) = &piece.info {
            fields.insert("evidence_info".to_owned(), info.clone());
        }
        if !piece.documents.is_empty() {
            let named: Vec<Value> = piece.documents.iter().map(|name| json!({ "name": name })).collect();
            fields.insert("documents".to_owned(), Value::Array(named));
        }
    }
    shown
}

fn status_of(dispute: &Dispute) -> &'static str {
    match dispute.turn {
        Turn::Sellers => "WAITING_FOR_SELLER_RESPONSE",
        Turn::Buyers => "WAITING_FOR_BUYER_RESPONSE",
        Turn::Paypals => "UNDER_REVIEW",
        Turn::Over(_) => "RESOLVED",
    }
}

fn state_of(dispute: &Dispute) -> &'static str {
    match dispute.turn {
        Turn::Sellers if dispute.stage == Stage::Inquiry => "OPEN_INQUIRIES",
        Turn::Sellers => "REQUIRED_ACTION",
        Turn::Buyers => "REQUIRED_OTHER_PARTY_ACTION",
        Turn::Paypals => "UNDER_PAYPAL_REVIEW",
        Turn::Over(_) if dispute.is_appealable() => "APPEALABLE",
        Turn::Over(_) => "RESOLVED",
    }
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Inquiry => "INQUIRY",
        Stage::Chargeback => "CHARGEBACK",
        Stage::PreArbitration => "PRE_ARBITRATION",
        Stage::Arbitration => "ARBITRATION",
    }
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::ResolvedBuyerFavour => "RESOLVED_BUYER_FAVOUR",
        Outcome::ResolvedSellerFavour => "RESOLVED_SELLER_FAVOUR",
        Outcome::ResolvedWithPayout => "RESOLVED_WITH_PAYOUT",
        Outcome::CanceledByBuyer => "CANCELED_BY_BUYER",
        Outcome::Accepted => "ACCEPTED",
        Outcome::Denied => "DENIED",
    }
}

fn link(href: &str, rel: &str, method: &str) -> Value {
    json!({ "href": href, "rel": rel, "method": method })
}
