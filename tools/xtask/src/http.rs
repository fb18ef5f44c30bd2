//! Plain HTTP to servers on this machine. An answer of any status is an answer; only silence is a failure.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;

use crate::failure::{Failure, While};
use crate::interrupt;

/// Longer than API Gateway's own limit of 29 s, so that its answer is what we see.
const TIMEOUT: Duration = Duration::from_secs(35);
const POLL: Duration = Duration::from_millis(100);

/// A status and a body, JSON where it is JSON.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.body.get(field).and_then(Value::as_str)
    }
}

pub(crate) fn get(url: &str, headers: &[(&str, &str)]) -> Result<Answer, Failure> {
    send("GET", url, headers, None)
}

pub(crate) fn post(url: &str, headers: &[(&str, &str)], body: &Value) -> Result<Answer, Failure> {
    send("POST", url, headers, Some(body))
}

/// Waits until a server answers at all.
pub(crate) fn wait_until_up(url: &str, patience: Duration) -> Result<(), Failure> {
    let started = Instant::now();
    loop {
        interrupt::check()?;
        match get(url, &[]) {
            Ok(answer) if answer.status < 500 => return Ok(()),
            _ if started.elapsed() > patience => {
                return Err(Failure::new(format!("{url} does not answer after {} s", patience.as_secs())));
            }
            _ => thread::sleep(POLL),
        }
    }
}

fn send(method: &str, url: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Result<Answer, Failure> {
    let agent: Agent =
        Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false).proxy(None).build().into();
    let mut request = Request::builder().method(method).uri(url);
    if body.is_some() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        request = request.header("content-type", "application/json");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let text = body.map(Value::to_string).unwrap_or_default();
    let what = format!("{method} {url}");
    let mut response = if body.is_some() {
        agent.run(request.body(text).while_doing(&what)?)
    } else {
        agent.run(request.body(()).while_doing(&what)?)
    }
    .while_doing(&what)?;
    let status = response.status().as_u16();
    let text = response.body_mut().read_to_string().while_doing(&what)?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(Answer { status, body })
}
