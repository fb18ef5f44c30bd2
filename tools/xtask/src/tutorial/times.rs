//! How long each part of the page took, as the table that the page bears.
//!
//! A row says what was timed: a stack that was up already is no first `up`, and what was done instead of the page's own commands is not what they take.

use std::time::{Duration, Instant};

use super::page::{Step, What};
use crate::place::Place;
use crate::process::{Running, Server};
use crate::step;

/// What was there before the page was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Began {
    /// Neither functions nor tools: all that was compiled is what runs this.
    FromNothing,
    /// Something in `target/`, from an earlier run.
    Built,
    /// A stack that runs.
    Up,
}

impl Began {
    pub(super) fn find(place: &Place) -> Self {
        let is_up =
            Running::read(place).is_some_and(|running| running.server("ministack").is_some_and(Server::is_alive));
        let is_built = ["debug/initiate", "venv/installed.txt"].iter().any(|file| place.target.join(file).exists());
        match (is_up, is_built) {
            (true, _) => Self::Up,
            (false, true) => Self::Built,
            (false, false) => Self::FromNothing,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::FromNothing => "from nothing",
            Self::Built => "compiled before",
            Self::Up => "while it is up",
        }
    }
}

/// The rows so far.
pub(super) struct Times {
    began: Began,
    since: Instant,
    rows: Vec<(String, Duration)>,
}

impl Times {
    pub(super) fn new(began: Began) -> Self {
        Self { began, since: Instant::now(), rows: Vec::new() }
    }

    /// A part of the page is over: all that stands under one heading.
    pub(super) fn over(&mut self, part: &[&Step]) {
        let took = self.since.elapsed();
        self.since = Instant::now();
        if let Some(row) = row(part, self.began) {
            println!("  {row}: {}", step::seconds(took));
            self.rows.push((row, took));
        }
    }

    /// As the page bears it.
    pub(super) fn table(&self) -> String {
        let rows = self.rows.iter().map(|(row, took)| format!("| {row} | {} |\n", step::seconds(*took)));
        format!("| | |\n|---|---:|\n{}", rows.collect::<String>())
    }
}

/// What its row is called, if any of it was done.
fn row(part: &[&Step], began: Began) -> Option<String> {
    let does =
        |sought: bool| part.iter().any(|step| matches!(&step.what, What::Do { instead, .. } if *instead == sought));
    let brings_up = part
        .iter()
        .any(|step| matches!(&step.what, What::Do { commands, .. } if commands.starts_with("cargo xtask up")));
    let heading = &part.first()?.heading;
    match (does(false), does(true)) {
        (false, false) => None,
        _ if brings_up => Some(format!("{heading}, {}", began.name())),
        (_, true) => Some(format!("{heading}: into the local AWS")),
        (true, false) => Some(heading.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::page::steps;
    use super::*;

    const PAGE: &str = include_str!("../../../../docs/TUTORIAL.md");

    /// Each row of the page's table, and its cell.
    fn of_page() -> Vec<(&'static str, &'static str)> {
        let (_, table) = PAGE.split_once("| | |\n|---|---:|\n").unwrap();
        let row = |line: &'static str| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | ");
        table.lines().map_while(row).collect()
    }

    #[test]
    fn the_pages_table_has_a_row_for_each_part_that_is_done_and_calls_it_what_it_is() {
        let steps = steps(PAGE).unwrap();
        let parts: Vec<Vec<&Step>> =
            steps.chunk_by(|one, other| one.heading == other.heading).map(|part| part.iter().collect()).collect();
        let rows = |began: Began| parts.iter().filter_map(|part| row(part, began)).collect::<Vec<_>>();
        let of_page: Vec<_> = of_page().into_iter().map(|(row, _)| row.to_owned()).collect();
        let possible = [Began::FromNothing, Began::Built, Began::Up].map(rows);
        assert!(possible.contains(&of_page), "{of_page:?} is none of {possible:?}");
        assert!(of_page.iter().any(|row| row == "Change a line"), "{of_page:?}");
    }

    #[test]
    fn a_row_says_what_was_timed() {
        let page = "## Get it\n\n<!-- elsewhere: it is here -->\n```sh\ngit clone\n```\n\
            ## Up\n\n```sh\ncargo xtask up --detach\n```\n\n```text\nready\n```\n\
            ## Pay\n\n```sh\npay\n```\n\
            ## Deploy\n\n<!-- elsewhere: it costs; here: locally -->\n```sh\ndeploy\n```\n";
        let steps = steps(page).unwrap();
        let mut times = Times::new(Began::Built);
        for part in steps.chunk_by(|one, other| one.heading == other.heading) {
            times.over(&part.iter().collect::<Vec<_>>());
        }
        assert_eq!(
            times.table(),
            "| | |\n|---|---:|\n| Up, compiled before | 0 s |\n| Pay | 0 s |\n| Deploy: into the local AWS | 0 s |\n"
        );
        assert_eq!(row(&[&steps[1]], Began::FromNothing).unwrap(), "Up, from nothing");
        assert_eq!(row(&[&steps[1]], Began::Up).unwrap(), "Up, while it is up");
    }
}
