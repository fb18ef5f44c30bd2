//! What a test says that shall go wrong in AWS, and which calls it is about. Pure.

use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::plan;

/// A service that speaks AWS's JSON protocol, in which a header names the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Service {
    DynamoDb,
    Sqs,
    SecretsManager,
    Kms,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fault {
    /// What the service itself answers when it is asked too much.
    Throttle,
    Status,
    ResetBefore,
    ResetAfter,
    HangBefore,
    HangAfter,
    SlowBefore,
    SlowAfter,
}

/// As posted to the control route.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) service: Service,
    /// As in `PutItem`; any if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) operation: Option<String>,
    /// Only calls with this in their body: how a test hits its own payment and no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) containing: Option<String>,
    pub(crate) fault: Fault,
    /// The status of a `status` fault; 500 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// Wait before the fault shows. For hanging calls: how long they hang before the connection closes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delay_ms: Option<u64>,
    /// How many calls that fit are let through first.
    #[serde(default)]
    pub(crate) skip: u32,
    /// How many calls suffer; then the rule is spent.
    pub(crate) times: u32,
}

/// A call, as far as rules look at it.
pub(crate) struct Asked<'a> {
    pub(crate) service: Service,
    operation: &'a str,
    body: &'a [u8],
}

impl<'a> Asked<'a> {
    /// `None` for services that no rule can name.
    pub(crate) fn of(headers: &'a HeaderMap, body: &'a [u8]) -> Option<Self> {
        let (service, operation) = headers.get("x-amz-target")?.to_str().ok()?.split_once('.')?;
        let service = match service {
            "DynamoDB_20120810" => Service::DynamoDb,
            "AmazonSQS" => Service::Sqs,
            "secretsmanager" => Service::SecretsManager,
            // What KMS was called before it had a name.
            "TrentService" => Service::Kms,
            _ => return None,
        };
        Some(Self { service, operation, body })
    }
}

impl Rule {
    pub(crate) fn fits(&self, asked: &Asked<'_>) -> bool {
        self.service == asked.service
            && self.operation.as_deref().is_none_or(|wanted| wanted == asked.operation)
            && self.containing.as_deref().is_none_or(|text| String::from_utf8_lossy(asked.body).contains(text))
    }
}

impl plan::Rule for Rule {
    fn check(&self) -> Result<(), String> {
        if [&self.operation, &self.containing].into_iter().flatten().any(String::is_empty) {
            return Err("operation and containing must not be empty: leave them out to mean any".to_owned());
        }
        if self.status.is_some_and(|status| !(400..=599).contains(&status)) {
            return Err("status must be between 400 and 599".to_owned());
        }
        if self.status.is_some() && self.fault != Fault::Status {
            return Err("status belongs to the fault \"status\" only".to_owned());
        }
        if self.delay_ms.is_none() && matches!(self.fault, Fault::SlowBefore | Fault::SlowAfter) {
            return Err("a slow answer needs delayMs".to_owned());
        }
        Ok(())
    }

    fn skip_mut(&mut self) -> &mut u32 {
        &mut self.skip
    }

    fn times_mut(&mut self) -> &mut u32 {
        &mut self.times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(rule: &str, target: &str, body: &str) -> bool {
        let rule: Rule = serde_json::from_str(rule).unwrap();
        let headers = HeaderMap::from_iter([("x-amz-target".parse().unwrap(), target.parse().unwrap())]);
        Asked::of(&headers, body.as_bytes()).is_some_and(|asked| rule.fits(&asked))
    }

    #[test]
    fn service_operation_and_text_must_all_fit() {
        let rule = r#"{"service": "dynamodb", "operation": "PutItem", "containing": "pay_1", "fault": "throttle", "times": 1}"#;
        let put = "DynamoDB_20120810.PutItem";
        assert!(fits(rule, put, r#"{"Item": "pay_1"}"#));
        assert!(!fits(rule, put, r#"{"Item": "pay_2"}"#));
        assert!(!fits(rule, "DynamoDB_20120810.GetItem", "pay_1"));
        assert!(!fits(rule, "AmazonSQS.PutItem", "pay_1"));
        assert!(!fits(rule, "Lambda.PutItem", "pay_1"));
    }

    #[test]
    fn a_rule_without_operation_or_text_is_about_the_whole_service() {
        for (service, target) in [
            ("dynamodb", "DynamoDB_20120810.Query"),
            ("sqs", "AmazonSQS.SendMessage"),
            ("secretsmanager", "secretsmanager.GetSecretValue"),
            ("kms", "TrentService.Decrypt"),
        ] {
            assert!(fits(&format!(r#"{{"service": "{service}", "fault": "status", "times": 1}}"#), target, ""));
        }
    }
}
