//! docs/TUTORIAL.md as a list of things to do and to see.
//!
//! Its fenced `sh` blocks are done, in order, in one shell; a `text` block is what must be seen of the block before it. An HTML comment in the line before a
//! fence, which no reader sees, says where it is otherwise:
//!
//! | comment | means |
//! |---|---|
//! | `<!-- terminal 2 -->` | the block runs in a shell of its own, beside the others, until the page is over |
//! | `<!-- terminal 2 shows -->` | the block is what that terminal shows by and by |
//! | `<!-- elsewhere: … -->` | the block is not run here, for this reason |
//! | `<!-- elsewhere: … here: … -->` | and this is run instead of it |

use crate::failure::Failure;

/// What the page has its reader do or see.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The heading that it stands under.
    pub(super) heading: String,
    /// In which line its fence is.
    pub(super) line: usize,
    pub(super) what: What,
}

/// A block of the page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Commands for the first terminal: the page's own, or what is done here instead of them.
    Do { commands: String, instead: bool },
    /// Commands that go on beside it.
    Beside { terminal: usize, commands: String },
    /// What the commands before must have shown.
    See(String),
    /// What another terminal must show in the end.
    SeeBeside { terminal: usize, shown: String },
    /// Not here.
    Skip(String),
}

/// Reads the page.
pub(super) fn steps(page: &str) -> Result<Vec<Step>, Failure> {
    let (mut heading, mut comment, mut steps) = (String::new(), None, Vec::new());
    let mut lines = page.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if let Some(text) = line.strip_prefix("## ") {
            text.clone_into(&mut heading);
        }
        if let Some(kind) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            if let Some(what) = read(kind, &block.join("\n"), comment.take(), at)? {
                steps.push(Step { heading: heading.clone(), line: at.saturating_add(1), what });
            }
        }
        comment = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
    }
    Ok(steps)
}

fn read(kind: &str, block: &str, comment: Option<&str>, at: usize) -> Result<Option<What>, Failure> {
    let unread = || Failure::new(format!("docs/TUTORIAL.md:{at}: what does {:?} mean?", comment.unwrap_or_default()));
    let terminal = |text: &str| text.strip_prefix("terminal ").and_then(|number| number.parse::<usize>().ok());
    let block = block.to_owned();
    Ok(match (kind, comment) {
        ("sh", None) => Some(What::Do { commands: block, instead: false }),
        ("text", None) => Some(What::See(block)),
        ("sh", Some(comment)) => match comment.strip_prefix("elsewhere: ") {
            Some(why) => Some(why.split_once(" here: ").map_or_else(
                || What::Skip(why.to_owned()),
                |(_, instead)| What::Do { commands: instead.to_owned(), instead: true },
            )),
            None => Some(What::Beside { terminal: terminal(comment).ok_or_else(unread)?, commands: block }),
        },
        ("text", Some(comment)) => {
            let terminal = comment.strip_suffix(" shows").and_then(terminal).ok_or_else(unread)?;
            Some(What::SeeBeside { terminal, shown: block })
        }
        // Shown to be read: a piece of code, a row.
        _ => None,
    })
}

/// Whether what was seen is what the page shows. `…` stands for any text in a line, and alone in a line for any lines.
pub(super) fn fits(shown: &str, seen: &[String]) -> bool {
    let shown: Vec<&str> = shown.lines().map(str::trim_end).collect();
    // Which numbers of lines of what was seen the lines so far can stand for.
    let mut reached = vec![0_usize];
    for pattern in shown {
        let mut next: Vec<usize> = if pattern == ANY {
            let from = reached.iter().min().copied().unwrap_or(seen.len());
            (from..=seen.len()).collect()
        } else {
            let follows = |at: &usize| seen.get(*at).is_some_and(|line| line_fits(pattern, line.trim_end()));
            reached.iter().filter(|at| follows(at)).map(|at| at.saturating_add(1)).collect()
        };
        next.dedup();
        if next.is_empty() {
            return false;
        }
        reached = next;
    }
    reached.contains(&seen.len())
}

const ANY: &str = "…";

fn line_fits(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split(ANY);
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at.saturating_add(part.len())..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
# A page

## First

```sh
one
two
```

```text
shown
```

## Second

<!-- terminal 2 -->
```sh
beside
```

<!-- terminal 2 shows -->
```text
…
```

<!-- elsewhere: it costs money -->
```sh
not here
```

<!-- elsewhere: it costs money; here: cheap -->
```sh
nor here
```

```rust
code
```
";

    #[test]
    fn a_page_is_what_is_done_and_seen_in_its_order() {
        let read = steps(PAGE).unwrap();
        let what: Vec<&What> = read.iter().map(|step| &step.what).collect();
        assert_eq!(
            what,
            [
                &What::Do { commands: "one\ntwo".to_owned(), instead: false },
                &What::See("shown".to_owned()),
                &What::Beside { terminal: 2, commands: "beside".to_owned() },
                &What::SeeBeside { terminal: 2, shown: "…".to_owned() },
                &What::Skip("it costs money".to_owned()),
                &What::Do { commands: "cheap".to_owned(), instead: true },
            ]
        );
        assert_eq!((read[0].heading.as_str(), read[0].line, read[2].heading.as_str()), ("First", 5, "Second"));
        assert!(steps("<!-- terminal two -->\n```sh\nx\n```\n").is_err());
    }

    #[test]
    fn what_is_seen_fits_line_by_line_with_gaps_where_the_page_has_dots() {
        let seen = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        for (shown, text) in [
            ("a\nb", "a\nb"),
            ("pay_…  ok", "pay_123  ok"),
            ("…", ""),
            ("…\nb\n…", "a\nb\nc\nd"),
            ("…\na\nb\n…", "a\na\nb"),
            ("a…b…c", "aXbYbZc"),
            ("a\n…\nb\n…\nc", "a\nx\nb\nb\nc"),
        ] {
            assert!(fits(shown, &seen(text)), "{shown:?} {text:?}");
        }
        for (shown, text) in
            [("a", "a\nb"), ("a\nb", "a"), ("pay_…  ok", "pay_123"), ("…\nb", "a\nc"), ("a…c", "ab"), ("", "a")]
        {
            assert!(!fits(shown, &seen(text)), "{shown:?} {text:?}");
        }
    }
}
