//! The page on which a payer's bank would authenticate them: two buttons instead of a bank.

use std::sync::Arc;

use axum::{
    extract::{Form, Path, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;

use super::{
    book::{Cause, Occasion},
    challenge::{PageClosed, WayBack},
};
use crate::{
    page::{self, closed, escaped, extended, html},
    state::App,
};

/// The pressed button.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    decision: Button,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Button {
    Approve,
    Fail,
}

/// `GET /_payer/stripe/{page}`
pub(crate) async fn show(State(app): State<Arc<App>>, Path(page): Path<String>) -> Response {
    let asked = app.state().stripe.challenge(&page);
    match asked {
        Ok(ask) => {
            let what = ask.description.as_deref().unwrap_or("a payment");
            let body = format!(
                "<p>Your bank wants to know that it is you who pays <b>{} {}</b> (in the currency's smallest unit) for {} \
                 with the card ending in {}.</p>\n<form method=\"post\">\n\
                 <button name=\"decision\" value=\"approve\">Approve</button>\n\
                 <button name=\"decision\" value=\"fail\">Fail</button>\n</form>",
                ask.amount,
                escaped(&ask.currency.to_uppercase()),
                escaped(what),
                escaped(ask.last4),
            );
            html(StatusCode::OK, "3-D Secure", &body)
        }
        Err(PageClosed) => closed(),
    }
}

/// `POST /_payer/stripe/{page}`
pub(crate) async fn decide(
    State(app): State<Arc<App>>,
    Path(page): Path<String>,
    Form(form): Form<Decision>,
) -> Response {
    let passed = matches!(form.decision, Button::Approve);
    let decided = app.act(|book, now| book.authenticate(&page, passed, &Occasion { now, cause: Cause::default() }));
    let Ok(way_back) = decided else { return closed() };
    page::way_back(location(&way_back).as_deref())
}

/// The return URL with what Stripe adds to it.
fn location(way_back: &WayBack) -> Option<String> {
    let added = [
        ("payment_intent", way_back.intent.as_str()),
        ("payment_intent_client_secret", way_back.client_secret.as_str()),
        ("redirect_status", way_back.redirect_status),
    ];
    way_back.return_url.as_deref().map(|url| extended(url, &added))
}
