//! A folder of texts, shown to people: what a local stack links to has to be somewhere, and it has no website.
//!
//! A text is shown as it is written, with an id at each heading as code hosts make them, so that links into it find their place.
//! Must never: show what lies elsewhere than in the folder that it was given.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
    routing::get,
};

use crate::{
    page::{escaped, html},
    state::App,
};

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route("/_sandbox/pages/{name}", get(show))
}

async fn show(State(app): State<Arc<App>>, Path(name): Path<String>) -> Response {
    let folder = app.config.pages.as_ref().filter(|_| is_name(&name));
    // A few hundred kilobytes of a local disk, asked for by a person.
    match folder.and_then(|folder| std::fs::read_to_string(folder.join(&name)).ok()) {
        Some(text) => html(StatusCode::OK, &escaped(&name), &format!("<pre>\n{}</pre>", marked(&text))),
        None => html(StatusCode::NOT_FOUND, "No such page", "<p>The folder that is shown has no such text.</p>"),
    }
}

/// A text's name, and no way out of the folder.
fn is_name(name: &str) -> bool {
    name.strip_suffix(".md").is_some_and(|stem| {
        !stem.is_empty() && stem.chars().all(|character| character.is_ascii_alphanumeric() || "-_".contains(character))
    })
}

/// The text as HTML, line by line.
fn marked(text: &str) -> String {
    let mut in_code = false;
    let mut marked = String::with_capacity(text.len());
    for line in text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        match heading(line).filter(|_| !in_code) {
            Some(title) => marked.push_str(&format!("<b id=\"{}\">{}</b>\n", id(title), escaped(line))),
            None => marked.extend([&escaped(line), "\n"]),
        }
    }
    marked
}

fn heading(line: &str) -> Option<&str> {
    line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#'))
}

/// What links call a heading: small letters, digits, and dashes for spaces.
fn id(title: &str) -> String {
    let kept = |character: &char| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_');
    let small: Vec<char> = title.trim().to_lowercase().chars().filter(kept).collect();
    small.into_iter().map(|character| if character == ' ' { '-' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_can_be_linked_to_and_nothing_in_a_text_is_markup() {
        let shown = marked("## One `two_three`: <b>\n```\n# no heading\n```\na < b\n");
        assert_eq!(
            shown,
            "<b id=\"one-two_three-b\">## One `two_three`: &lt;b&gt;</b>\n```\n# no heading\n```\na &lt; b\n"
        );
    }

    #[test]
    fn only_texts_of_the_folder_have_names() {
        assert!(["HTTP.md", "ADDING_A_FUNCTION.md"].into_iter().all(is_name));
        for elsewhere in ["", ".md", "../README.md", "a/b.md", "..\\b.md", "HTTP.md.bak", "issues.tsv", "..md"] {
            assert!(!is_name(elsewhere), "{elsewhere}");
        }
    }
}
