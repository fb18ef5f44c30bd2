//! What the payer's pages of all gateways have in common: plain HTML in which nothing of others becomes markup.

use axum::{
    http::{HeaderValue, StatusCode, header::LOCATION},
    response::{Html, IntoResponse, Response},
};

pub(crate) fn html(status: StatusCode, title: &str, body: &str) -> Response {
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta \
            charset=\"utf-8\">\n<title>{title}</title>\n<h1>{title}</h1>\n{body}\n</html>\n"
    );
    (status, Html(page)).into_response()
}

/// There is nothing to decide on this page.
pub(crate) fn closed() -> Response {
    let body = "<p>There is nothing to decide here: the payment has moved on, or there never was one.</p>";
    html(StatusCode::NOT_FOUND, "Nothing to decide", body)
}

/// Sends the payer's browser back to the shop, if the shop has said where it is.
pub(crate) fn way_back(location: Option<&str>) -> Response {
    let Some(location) = location else {
        return html(StatusCode::OK, "Thank you", "<p>You can close this page and go back to the shop.</p>");
    };
    match HeaderValue::from_str(location) {
        Ok(location) => (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response(),
        Err(_) => html(StatusCode::BAD_REQUEST, "No way back", "<p>The return URL cannot be put into a header.</p>"),
    }
}

/// The URL with more in its query, before any fragment.
pub(crate) fn extended(url: &str, pairs: &[(&str, &str)]) -> String {
    let (page, fragment) = url.split_once('#').map_or((url, None), |(page, fragment)| (page, Some(fragment)));
    let joint = if page.contains('?') { '&' } else { '?' };
    let added: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{page}{joint}{added}{fragment}")
}

/// Text of others, made harmless inside HTML.
pub(crate) fn escaped(text: &str) -> String {
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

    #[test]
    fn the_way_back_keeps_the_query_and_the_fragment() {
        let to = |url: &str| extended(url, &[("token", "5O1"), ("PayerID", "A B")]);
        assert_eq!(to("https://shop.example/done"), "https://shop.example/done?token=5O1&PayerID=A+B");
        assert_eq!(to("https://shop.example/done?a=1#top"), "https://shop.example/done?a=1&token=5O1&PayerID=A+B#top");
    }

    #[test]
    fn nothing_of_others_becomes_markup() {
        assert_eq!(escaped("<b a=\"1\" c='2'>&"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;");
    }
}
