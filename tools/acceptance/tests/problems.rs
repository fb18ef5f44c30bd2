//! Errors that teach: each code has its words in docs/HTTP.md, they say what the code's table says, and `type` leads to them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test speaks by panicking")]

use acceptance::repository::read;
use acceptance::stack::on_stack;
use acceptance::wire::Http;
use adapters::http::problem::Refusal;

/// What is said of every code, in this order.
const SAID: [&str; 3] = ["- **It means:** ", "- **What to do:** ", "- **The key:** "];

#[test]
fn every_code_has_its_words_in_http_md_and_no_words_are_of_a_code_that_is_not() {
    let page = read("docs/HTTP.md");
    let words = section(&page, "\n### Every code\n");
    let told: Vec<(&str, &str)> =
        words.split("\n#### `").skip(1).map(|part| part.split_once("`\n").expect("a code in backticks")).collect();
    for (code, text) in &told {
        let row = Refusal::ALL.into_iter().map(Refusal::row).find(|row| row.code == *code);
        let row = row.unwrap_or_else(|| panic!("{code} is no code"));
        let again =
            row.retry_after_seconds.map_or("not retryable".to_owned(), |wait| format!("retryable after {wait} s"));
        let first = text.lines().find(|line| !line.is_empty());
        assert_eq!(first, Some(format!("{}, {again}.", row.status.as_u16()).as_str()), "{code}");
        let said: Vec<&str> = text.lines().filter(|line| line.starts_with("- ")).collect();
        assert_eq!(said.len(), SAID.len(), "{code}: {said:?}");
        for (line, begin) in said.iter().zip(SAID) {
            assert!(line.strip_prefix(begin).is_some_and(|rest| rest.contains(' ')), "{code}: {line} after {begin}");
        }
    }
    for refusal in Refusal::ALL {
        let code = refusal.row().code;
        let of_it = told.iter().filter(|(known, _)| *known == code).count();
        assert_eq!(of_it, 1, "{code} has its words once");
    }
}

#[test]
fn the_table_of_codes_says_what_the_codes_table_says() {
    let page = read("docs/HTTP.md");
    let problems = section(&page, "\n## Problems\n");
    for refusal in Refusal::ALL {
        let row = refusal.row();
        let again = row.retry_after_seconds.map_or("no".to_owned(), |wait| format!("after {wait} s"));
        let line = format!("| {} | [`{code}`](#{code}) | {again} |\n", row.status.as_u16(), code = row.code);
        assert!(problems.contains(&line), "HTTP.md does not say {line}");
    }
    assert_eq!(problems.matches("\n| ").count().saturating_sub(1), Refusal::ALL.len(), "and of no other");
}

#[test]
fn the_type_of_a_problem_leads_to_the_words_about_its_code() {
    on_stack(async |stack| {
        let problem = stack.api.status("pay_none").await.expect(404).json();
        let link = problem["type"].as_str().unwrap();
        let (page, fragment) = link.split_once('#').unwrap_or_else(|| panic!("{link} is no link into a page"));
        assert_eq!(fragment, "not_found");
        let shown = Http::new().send("GET", page, &[], "").await.expect(200);
        assert_eq!(shown.header("content-type"), "text/html; charset=utf-8", "a browser shows it");
        for refusal in Refusal::ALL {
            let code = refusal.row().code;
            assert_eq!(shown.text.matches(&format!("id=\"{code}\"")).count(), 1, "{page}#{code} is dead");
        }
    });
}

/// What stands under a heading, up to the next one that is as high or higher.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, below) = page.split_once(heading).unwrap_or_else(|| panic!("HTTP.md has no {heading:?}"));
    let (level, _) = heading.trim_start().split_once(' ').unwrap();
    let ends = (1..=level.len()).filter_map(|marks| below.find(&format!("\n{} ", "#".repeat(marks))));
    ends.min().and_then(|end| below.get(..end)).unwrap_or(below)
}
