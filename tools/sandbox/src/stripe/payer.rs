//! The page on which a payer's bank would authenticate them: two buttons instead of a bank.

use std::sync::Arc;

use axum::{
    extract::{Form, Path, State},
    http::{HeaderValue, StatusCode, header::LOCATION},
    response::{Html, IntoResponse, Response},
};
use serde::Deserialize;

use super::{
    book::{Cause, Occasion},
    challenge::{PageClosed, WayBack},
};
use crate::state::App;

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
    let Some(location) = location(&way_back) else {
        return html(StatusCode::OK, "Thank you", "<p>You can close this page and go back to the shop.</p>");
    };
    match HeaderValue::from_str(&location) {
        Ok(location) => (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response(),
        Err(_) => html(StatusCode::BAD_REQUEST, "No way back", "<p>The return URL cannot be put into a header.</p>"),
    }
}

/// The return URL with what Stripe adds to it, before any fragment.
fn location(way_back: &WayBack) -> Option<String> {
    let url = way_back.return_url.as_deref()?;
    let (page, fragment) = url.split_once('#').map_or((url, None), |(page, fragment)| (page, Some(fragment)));
    let joint = if page.contains('?') { '&' } else { '?' };
    let added: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("payment_intent", &way_back.intent)
        .append_pair("payment_intent_client_secret", &way_back.client_secret)
        .append_pair("redirect_status", way_back.redirect_status)
        .finish();
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    Some(format!("{page}{joint}{added}{fragment}"))
}

fn closed() -> Response {
    let body = "<p>There is nothing to decide here: the payment has moved on, or there never was one.</p>";
    html(StatusCode::NOT_FOUND, "Nothing to decide", body)
}

fn html(status: StatusCode, title: &str, body: &str) -> Response {
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta \
            charset=\"utf-8\">\n<title>{title}</title>\n<h1>{title}</h1>\n{body}\n</html>\n"
    );
    (status, Html(page)).into_response()
}

/// Text of others, made harmless inside HTML.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut safe, character| {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
        safe
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(return_url: &str) -> String {
        let way_back = WayBack {
            intent: "pi_1".to_owned(),
            client_secret: "pi_1_secret_2".to_owned(),
            return_url: Some(return_url.to_owned()),
            redirect_status: "succeeded",
        };
        location(&way_back).unwrap()
    }

    #[test]
    fn the_way_back_keeps_the_query_and_the_fragment() {
        let added = "payment_intent=pi_1&payment_intent_client_secret=pi_1_secret_2&redirect_status=succeeded";
        assert_eq!(to("https://shop.example/done"), format!("https://shop.example/done?{added}"));
        assert_eq!(to("https://shop.example/done?a=1#top"), format!("https://shop.example/done?a=1&{added}#top"));
    }

    #[test]
    fn nothing_of_others_becomes_markup() {
        assert_eq!(escaped("<b a=\"1\" c='2'>&"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;");
    }
}
