//! `cargo xtask tail`, the program itself, beside payments that live and end.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test speaks by panicking")]

use std::env;
use std::io::{BufRead as _, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use acceptance::repository::root;
use acceptance::stack::on_stack;
use acceptance::{PATIENCE, unique};
use serde_json::json;

/// Cargo may have to build the command first.
const START_PATIENCE: Duration = Duration::from_secs(600);
/// A payment of these tests has fewer events.
const LINES_MAX: usize = 50;

#[test]
fn a_payments_life_is_told_as_it_happens_and_again_for_whoever_asks_later() {
    on_stack(async |stack| {
        let mut tail = Tail::start(&[]);
        // Nobody's terminal turns its reading direction because a customer chose such a reference.
        let terms = json!({"amount": 1999, "currency": "EUR", "reference": format!("{}\u{202e}", unique("tail"))});
        let payment = stack.api.open_with(terms.clone()).await;
        drop(stack.api.pay(&payment, "pm_card_visa").await.expect(200));

        let reference = terms["reference"].as_str().unwrap().replace('\u{202e}', "\\u{202e}");
        let life = [
            format!("→ requires_payment_method             initiated 19.99 EUR \"{reference}\" · client:local · v1"),
            "requires_payment_method → processing  attempt 1 started · client:local · v2".to_owned(),
            "processing → succeeded                captured 19.99 EUR · client:local · v3".to_owned(),
        ];
        assert_eq!(tail.life_of(&payment.id, &["→ succeeded"]), life);
        drop(stack.api.refund(&payment, &unique("tail"), Some(500)).await.expect(200));
        let back = [
            "succeeded                             refund of 5.00 EUR started · client:local · v4".to_owned(),
            "succeeded                             refund of 5.00 EUR succeeded · client:local · v5".to_owned(),
        ];
        assert_eq!(tail.life_of(&payment.id, &["refund of 5.00 EUR succeeded"]), back);
        tail.interrupt();

        let mut later = Tail::start(&[&payment.id]);
        let whole = later.life_of(&payment.id, &["→ succeeded", "refund of 5.00 EUR succeeded"]);
        assert_eq!(whole, [&life[..], &back[..]].concat());
        later.interrupt();
    });
}

#[test]
fn without_a_stack_one_line_says_so() {
    let nowhere = env::temp_dir().join(unique("no-stack"));
    let output = xtask(&[]).env("QUITTANCE_LOCAL_DIR", nowhere).output().unwrap();
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"");
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(complaint.lines().last(), Some("xtask: no local stack runs; `cargo xtask up` starts one"));
}

/// The command, running.
struct Tail {
    process: Child,
    lines: Receiver<String>,
}

impl Tail {
    /// Starts it, and waits until it follows.
    fn start(words: &[&str]) -> Self {
        let stack = PathBuf::from(env::var("QUITTANCE_STACK").unwrap());
        // The command runs at the workspace's root, this test does not.
        let folder = stack.canonicalize().unwrap().parent().unwrap().to_path_buf();
        let mut process = xtask(words)
            .env("QUITTANCE_LOCAL_DIR", folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = lines_of(process.stdout.take().unwrap());
        let notices = lines_of(process.stderr.take().unwrap());
        let tail = Self { process, lines };
        let mut told = Vec::new();
        for _ in 0..LINES_MAX {
            let Ok(notice) = notices.recv_timeout(START_PATIENCE) else { break };
            if notice.starts_with("following the local stack from ") {
                return tail;
            }
            // Cargo may have something to say first.
            told.push(notice);
        }
        panic!("tail follows nothing: {told:?}");
    }

    /// What is told about a payment up to the last of its `ends`, after each of which nobody need look at it: without the time and the
    /// id, and without when it is due.
    fn life_of(&mut self, id: &str, ends: &[&str]) -> Vec<String> {
        let mut life = Vec::new();
        for _ in 0..LINES_MAX {
            let line = match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => line,
                Err(why @ (RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected)) => {
                    panic!("{why} after {life:?}")
                }
            };
            assert!(!line.chars().any(char::is_control), "no colours where there is no terminal: {line:?}");
            // Other tests may be paying too.
            let Some((time, story)) = line.split_once(&format!("  {id}  ")) else { continue };
            assert_eq!(time.replace(|character: char| character.is_ascii_digit(), "0"), "00:00:00.000");
            let (story, due) = story.split_once(" · due ").unwrap_or((story, ""));
            let end = ends.iter().position(|end| story.contains(end));
            assert_eq!(due.is_empty(), end.is_some(), "only what is at its end is not due: {line}");
            life.push(story.to_owned());
            if end.is_some_and(|end| end.saturating_add(1) == ends.len()) {
                return life;
            }
        }
        panic!("no {ends:?} in {life:?}");
    }

    /// Ctrl-C ends it without a complaint.
    fn interrupt(mut self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        // Only a test that fails leaves it running.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// `cargo xtask tail`, as .cargo/config.toml spells it. Cargo becomes the command, so its process is the command's.
fn xtask(words: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(["run", "--locked", "--quiet", "--package", "xtask", "--", "tail"]).args(words);
    command.stdin(Stdio::null()).env("TZ", "UTC");
    command
}

/// The lines of a stream as they come.
fn lines_of(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (told, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { return };
            if told.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
