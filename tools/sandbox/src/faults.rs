//! Which requests go wrong, and how. Deciding is pure; `server` carries it out, because some faults tear connections.
//!
//! "Before" means that the gateway did nothing; "after" that it did everything and the answer was lost. Nothing in
//! between exists: a gateway call is one step.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, header::CONTENT_TYPE},
    middleware::Next,
    response::Response,
};
use serde::{Deserialize, Serialize};
use tokio::time::{Duration, sleep};

use crate::{server::Hangup, state::App, stripe};

/// More rules than any scenario needs; a test that adds them in a loop should hear about it.
const MAX_RULES: usize = 100;
/// How long a hanging request hangs when nobody says; longer than any client of ours waits.
const DEFAULT_HANG_MS: u64 = 60_000;
/// Half a JSON object: a status line that promises success and a body that keeps nothing.
const GARBAGE: &str = "{\"id\": \"pi_gar";

/// Which gateway a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Gateway {
    Stripe,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fault {
    Status,
    ResetBefore,
    ResetAfter,
    HangBefore,
    HangAfter,
    GarbageAfter,
}

/// As posted to the control route.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) gateway: Gateway,
    /// Any method if absent.
    #[serde(default)]
    pub(crate) method: Option<String>,
    /// `*` stands for anything inside one segment, `**` for anything.
    pub(crate) path: String,
    pub(crate) fault: Fault,
    /// The status of a `status` fault; 500 if absent.
    #[serde(default)]
    pub(crate) status: Option<u16>,
    /// Wait before the fault shows. For hanging requests: how long they hang before the connection closes.
    #[serde(default)]
    pub(crate) delay_ms: Option<u64>,
    /// How many requests suffer; then the rule is gone.
    pub(crate) times: u32,
}

/// The rules in their order; the first that fits a request is used up by it.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    rules: Vec<Rule>,
}

impl Plan {
    pub(crate) fn add(&mut self, rule: Rule) -> Result<(), String> {
        if rule.times == 0 {
            return Err("times must be at least 1".to_owned());
        }
        if !rule.path.starts_with('/') && !rule.path.starts_with('*') {
            return Err("path must begin with / or *".to_owned());
        }
        if rule.status.is_some_and(|status| !(400..=599).contains(&status)) {
            return Err("status must be between 400 and 599".to_owned());
        }
        if rule.status.is_some() && rule.fault != Fault::Status {
            return Err("status belongs to the fault \"status\" only".to_owned());
        }
        if self.rules.len() >= MAX_RULES {
            return Err(format!("at most {MAX_RULES} rules"));
        }
        self.rules.push(rule);
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule that strikes this request, if one does.
    pub(crate) fn strike(&mut self, gateway: Gateway, method: &Method, path: &str) -> Option<Rule> {
        let place = self.rules.iter().position(|rule| {
            let method_fits = rule.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method.as_str()));
            rule.gateway == gateway && method_fits && fits(&rule.path, path)
        })?;
        let rule = self.rules.get_mut(place)?;
        rule.times = rule.times.saturating_sub(1);
        let struck = rule.clone();
        if struck.times == 0 {
            self.rules.remove(place);
        }
        Some(struck)
    }
}

/// Stands before the gateway and carries out what the plan says.
pub(crate) async fn misbehave(
    State(app): State<Arc<App>>,
    Extension(hangup): Extension<Hangup>,
    request: Request,
    next: Next,
) -> Response {
    let struck = app.state().faults.strike(Gateway::Stripe, request.method(), request.uri().path());
    let Some(rule) = struck else { return next.run(request).await };
    let delay = Duration::from_millis(rule.delay_ms.unwrap_or_default());
    let hang = Duration::from_millis(rule.delay_ms.unwrap_or(DEFAULT_HANG_MS));
    match rule.fault {
        Fault::Status => {
            let request_id = app.state().stripe.request_id();
            sleep(delay).await;
            stripe::refusal(rule.status.unwrap_or(500), &request_id)
        }
        Fault::ResetBefore => {
            sleep(delay).await;
            hangup.reset().await
        }
        Fault::ResetAfter => {
            drop(next.run(request).await);
            sleep(delay).await;
            hangup.reset().await
        }
        Fault::HangBefore => {
            sleep(hang).await;
            hangup.reset().await
        }
        Fault::HangAfter => {
            drop(next.run(request).await);
            sleep(hang).await;
            hangup.reset().await
        }
        Fault::GarbageAfter => {
            let mut response = next.run(request).await;
            sleep(delay).await;
            *response.body_mut() = Body::from(GARBAGE);
            response.headers_mut().remove(axum::http::header::CONTENT_LENGTH);
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
    }
}

/// Whether the whole path fits the pattern.
fn fits(pattern: &str, path: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix("**") {
        return (0..=path.len()).filter_map(|start| path.get(start..)).any(|tail| fits(rest, tail));
    }
    if let Some(rest) = pattern.strip_prefix('*') {
        let segment_end = path.find('/').unwrap_or(path.len());
        return (0..=segment_end).filter_map(|start| path.get(start..)).any(|tail| fits(rest, tail));
    }
    match (pattern.chars().next(), path.chars().next()) {
        (None, None) => true,
        (Some(wanted), Some(found)) if wanted == found => {
            fits(pattern.get(wanted.len_utf8()..).unwrap_or_default(), path.get(found.len_utf8()..).unwrap_or_default())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(path: &str, times: u32) -> Rule {
        let path = path.to_owned();
        Rule {
            gateway: Gateway::Stripe,
            method: Some("post".to_owned()),
            path,
            fault: Fault::ResetAfter,
            status: None,
            delay_ms: None,
            times,
        }
    }

    #[test]
    fn globs_keep_to_their_segment_unless_doubled() {
        assert!(fits("/v1/payment_intents/*/confirm", "/v1/payment_intents/pi_1/confirm"));
        assert!(!fits("/v1/payment_intents/*", "/v1/payment_intents/pi_1/confirm"));
        assert!(fits("/v1/**", "/v1/payment_intents/pi_1/confirm"));
        assert!(fits("**/confirm", "/v1/payment_intents/pi_1/confirm"));
        assert!(fits("/v1/refunds", "/v1/refunds") && !fits("/v1/refunds", "/v1/refunds/re_1"));
    }

    #[test]
    fn a_rule_strikes_as_often_as_it_says() {
        let mut plan = Plan::default();
        plan.add(rule("/v1/**", 2)).unwrap();
        assert!(plan.strike(Gateway::Stripe, &Method::GET, "/v1/refunds").is_none());
        assert!(plan.strike(Gateway::Stripe, &Method::POST, "/v1/refunds").is_some());
        assert!(plan.strike(Gateway::Stripe, &Method::POST, "/v1/refunds").is_some());
        assert!(plan.strike(Gateway::Stripe, &Method::POST, "/v1/refunds").is_none());
    }

    #[test]
    fn a_rule_that_cannot_mean_anything_is_refused() {
        let mut plan = Plan::default();
        assert!(plan.add(rule("/v1/**", 0)).is_err());
        assert!(plan.add(rule("v1", 1)).is_err());
        assert!(plan.add(Rule { status: Some(503), ..rule("/v1", 1) }).is_err());
        assert!(plan.add(Rule { fault: Fault::Status, status: Some(200), ..rule("/v1", 1) }).is_err());
        (0..MAX_RULES).for_each(|_| plan.add(rule("/v1", 1)).unwrap());
        assert!(plan.add(rule("/v1", 1)).is_err());
    }
}
