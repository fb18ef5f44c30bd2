//! `cargo xtask logs [function]`: what the functions log, as one stream of short lines.
//!
//! It asks the local CloudWatch Logs directly: starting an AWS command line every second would keep a core busy.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::bundle;
use crate::failure::Failure;
use crate::place::{Place, REGION, STACK};
use crate::process::Running;
use crate::{http, interrupt};

const POLL: Duration = Duration::from_millis(700);
/// A page of CloudWatch Logs; what a function logs between two looks is far less.
const PAGE: u32 = 10_000;
/// Longer lines are cut: whoever wants all of a line finds it in CloudWatch.
const LINE_MAX: usize = 400;
/// What Lambda itself writes around each call.
const PLATFORM: [&str; 4] = ["START RequestId", "END RequestId", "REPORT RequestId", "INIT_START"];

pub(crate) fn run(place: &Place, function: Option<&str>) -> Result<(), Failure> {
    interrupt::listen()?;
    let running =
        Running::read(place).ok_or_else(|| Failure::new("no local stack runs; `cargo xtask up` starts one"))?;
    follow(&running.place(place), function)
}

/// Prints until Ctrl-C, from the stack's beginning.
pub(crate) fn follow(place: &Place, function: Option<&str>) -> Result<(), Failure> {
    let known: Vec<String> = bundle::functions(place)?.into_iter().map(|function| function.binary).collect();
    let wanted: Vec<String> = known.iter().filter(|name| function.is_none_or(|only| only == *name)).cloned().collect();
    if wanted.is_empty() {
        return Err(Failure::new(format!("there is no such function; there are {}", known.join(", "))));
    }
    let mut seen: HashMap<String, Seen> = HashMap::new();
    while !interrupt::interrupted() {
        let mut news = Vec::new();
        for name in &wanted {
            let lines = seen.entry(name.clone()).or_default().news(read(place, name)?);
            news.extend(lines.into_iter().map(|(time, line)| (time, name, line)));
        }
        // A payment's way through the functions reads in order.
        news.sort_by_key(|(time, ..)| *time);
        for (_, name, line) in news {
            println!("{name:<9} {line}");
        }
        thread::sleep(POLL);
    }
    Ok(())
}

/// Keeps what the functions logged, before the local AWS that holds it is stopped. Best effort: it only explains.
pub(crate) fn save(place: &Place) -> Option<PathBuf> {
    let mut lines = Vec::new();
    for function in bundle::functions(place).ok()? {
        let news = Seen::default().news(read(place, &function.binary).ok()?);
        lines.extend(news.into_iter().map(|(time, line)| (time, format!("{:<9} {line}\n", function.binary))));
    }
    lines.sort_by_key(|(time, _)| *time);
    let text: String = lines.into_iter().map(|(_, line)| line).collect();
    let path = place.log("functions");
    fs::write(&path, text).ok()?;
    Some(path)
}

/// How far a log group was read: everything before `time`, and the events of that very millisecond.
#[derive(Debug, Default)]
struct Seen {
    time: u64,
    ids: Vec<String>,
}

impl Seen {
    fn news(&mut self, events: Vec<Value>) -> Vec<(u64, String)> {
        let mut lines = Vec::new();
        for event in events {
            let time = event.get("timestamp").and_then(Value::as_u64).unwrap_or_default();
            let message = event.get("message").and_then(Value::as_str).unwrap_or_default().trim_end();
            // ministack's event ids are not steady between two reads, so an event is known by what it says and where.
            let id = format!("{:?} {message}", event.get("logStreamName"));
            if time < self.time || (time == self.time && self.ids.contains(&id)) {
                continue;
            }
            if time > self.time {
                self.time = time;
                self.ids.clear();
            }
            self.ids.push(id);
            if !PLATFORM.iter().any(|prefix| message.starts_with(prefix)) {
                lines.push((time, message.chars().take(LINE_MAX).collect()));
            }
        }
        lines
    }
}

/// All events of a function's log group. The group is missing only while the stack is being deployed anew.
fn read(place: &Place, function: &str) -> Result<Vec<Value>, Failure> {
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "Logs_20140328.FilterLogEvents"),
        // ministack takes the account and the region from here; it checks no signature of its root user.
        ("authorization", &format!("AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/logs/aws4_request")),
    ];
    let body = json!({"logGroupName": format!("/aws/lambda/{STACK}-{function}"), "limit": PAGE});
    let answer = match http::post(&place.aws_url(), &headers, &body) {
        Ok(answer) => answer,
        // Ctrl-C in a terminal may reach the request before the loop sees the flag.
        Err(_) if interrupt::interrupted() => return Ok(Vec::new()),
        Err(failure) => return Err(failure),
    };
    Ok(answer.body.get("events").and_then(Value::as_array).cloned().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(time: u64, message: &str) -> Value {
        json!({"timestamp": time, "message": message, "logStreamName": "s"})
    }

    #[test]
    fn a_line_is_shown_once_and_the_platforms_lines_never() {
        let mut seen = Seen::default();
        let first = vec![event(1, "START RequestId: 1"), event(2, "a"), event(2, "b")];
        assert_eq!(seen.news(first.clone()), [(2, "a".to_owned()), (2, "b".to_owned())]);
        let mut second = first;
        second.extend([event(2, "c"), event(3, "d")]);
        assert_eq!(seen.news(second), [(2, "c".to_owned()), (3, "d".to_owned())]);
    }
}
