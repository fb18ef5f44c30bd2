//! The page on which a payer approves an order: two buttons instead of PayPal, and a list of what the payer's account
//! will do when the merchant takes the money. Once it is paid, the page is where the payer complains.

use std::sync::Arc;

use axum::{
    extract::{Form, Path, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;

use super::{
    disputes::{ANSWER_MS, NewDispute, REASONS, Stage},
    objects::{Fate, Funding, RefundFate},
    render::PAYER_ID,
};
use crate::{
    clock::Moment,
    page::{closed, escaped, extended, html, way_back},
    state::App,
};

/// The pressed button, and what was chosen above it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    decision: Button,
    #[serde(default)]
    capture: Fate,
    #[serde(default)]
    refunds: RefundFate,
    /// What a payer who complains says.
    #[serde(default = "not_received")]
    reason: String,
}

fn not_received() -> String {
    "MERCHANDISE_OR_SERVICE_NOT_RECEIVED".to_owned()
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Button {
    Approve,
    Cancel,
    Complain,
}

/// What may be chosen, and what it says to a person.
const FATES: &[(&str, &str)] = &[
    ("completed", "pays"),
    ("echeck", "pays by bank, which takes a while"),
    ("pending_review", "is looked at by PayPal first"),
    ("declined", "is declined"),
    ("failed", "fails"),
    ("instrument_declined", "needs another instrument"),
    ("payer_action_required", "needs the payer once more"),
    ("payer_cannot_pay", "cannot pay"),
    ("transaction_refused", "is refused"),
];

/// `GET /_payer/paypal/{order}`
pub(crate) async fn show(State(app): State<Arc<App>>, Path(id): Path<String>) -> Response {
    let state = app.state();
    let Some((amount, what)) = state.paypal.asked(&id, Moment::now()) else {
        return if state.paypal.is_paid(&id) { complaint() } else { closed() };
    };
    let options: String =
        FATES.iter().map(|(name, says)| format!("<option value=\"{name}\">{says}</option>\n")).collect();
    let body = format!(
        "<p>You are about to pay <b>{}</b> for {} with PayPal.</p>\n<form method=\"post\">\n<p><label>Your account \
         <select name=\"capture\">\n{options}</select></label></p>\n\
         <button name=\"decision\" value=\"approve\">Approve</button>\n\
         <button name=\"decision\" value=\"cancel\">Cancel and return</button>\n</form>",
        escaped(&amount),
        escaped(&what),
    );
    html(StatusCode::OK, "PayPal", &body)
}

/// What a payer sees who has paid.
fn complaint() -> Response {
    let options: String = REASONS.iter().map(|name| format!("<option>{name}</option>\n")).collect();
    let body = format!(
        "<p>You have paid. Is something wrong?</p>\n<form method=\"post\">\n<p><label>Reason <select name=\"reason\">\n\
         {options}</select></label></p>\n<button name=\"decision\" value=\"complain\">Complain</button>\n</form>"
    );
    html(StatusCode::OK, "PayPal", &body)
}

/// `POST /_payer/paypal/{order}`
pub(crate) async fn decide(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Form(Decision { decision, capture, refunds, reason }): Form<Decision>,
) -> Response {
    if matches!(decision, Button::Complain) {
        let new = NewDispute { reason, stage: Stage::Inquiry, amount: None, due_in_ms: ANSWER_MS };
        let opened = app.act_at_paypal(|book, now| book.open_dispute(&id, new, now));
        let thanks = "<p>The seller has been asked. You can close this page.</p>";
        return opened.map_or_else(|_| closed(), |_| html(StatusCode::OK, "PayPal", thanks));
    }
    let funding = matches!(decision, Button::Approve).then_some(Funding { fate: capture, card: None, refunds });
    decided(&app, &id, funding).map_or_else(|_| closed(), |location| way_back(location.as_deref()))
}

/// Approves with this funding, or goes away without a word; answers where the payer's browser is sent.
pub(crate) fn decided(app: &App, id: &str, funding: Option<Funding>) -> Result<Option<String>, String> {
    let returned = app.act_at_paypal(|book, now| match funding {
        Some(funding) => book.approve(id, funding, now),
        None => book.decline(id, now),
    });
    let url = returned.map_err(|error| error.body("").to_string())?;
    Ok(url.map(|url| match funding {
        Some(_) => extended(&url, &[("token", id), ("PayerID", PAYER_ID)]),
        None => extended(&url, &[("token", id)]),
    }))
}
