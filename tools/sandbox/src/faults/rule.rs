//! What a test says that shall go wrong, and which requests it is about. Pure.

use axum::http::Method;
use serde::{Deserialize, Serialize};

use super::glob;
use crate::{paypal, plan};

/// Which gateway a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Gateway {
    Stripe,
    Paypal,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fault {
    /// Refused at the gateway's edge: nothing is done, nothing is saved.
    Status,
    ResetBefore,
    ResetAfter,
    HangBefore,
    HangAfter,
    GarbageAfter,
    /// The gateway gets the request late, also when the caller has gone meanwhile, and answers correctly.
    SlowBefore,
    /// The gateway acts at once, and its correct answer comes late.
    SlowAfter,
    /// An internal error of the gateway, saved under the request's key and replayed for as long as the key lives. It did
    /// nothing.
    SavedStatusBefore,
    /// The same, but it did everything.
    SavedStatusAfter,
    /// A correct act, and an answer that shows the object as it stood before its last changes.
    Stale,
    /// Refused by PayPal with an issue that it documents: nothing is done, nothing is saved.
    Issue,
}

impl Fault {
    /// The gateway itself errs while it executes, and not the way to it.
    pub(crate) fn is_within(self) -> bool {
        matches!(self, Self::SavedStatusBefore | Self::SavedStatusAfter | Self::Stale)
    }

    fn has_status(self) -> bool {
        matches!(self, Self::Status | Self::SavedStatusBefore | Self::SavedStatusAfter)
    }

    fn is_nothing_but_a_delay(self) -> bool {
        matches!(self, Self::SlowBefore | Self::SlowAfter)
    }
}

/// As posted to the control route.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) gateway: Gateway,
    /// Any method if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
    /// `*` stands for anything inside one segment, `**` for anything.
    pub(crate) path: String,
    /// Only requests about this payment, see [`Asked::is_about`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) transaction_id: Option<String>,
    /// Only requests with this somewhere in the value of a parameter: for objects that are only about to get an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) containing: Option<String>,
    pub(crate) fault: Fault,
    /// The status of a `status` or `saved_status_…` fault; 500 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// Wait before the fault shows. For hanging requests: how long they hang before the connection closes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delay_ms: Option<u64>,
    /// What an `issue` fault says, as in `INSTRUMENT_DECLINED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) issue: Option<String>,
    /// How many changes of the object a `stale` answer does not know; all since it was opened if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) changes_back: Option<u32>,
    /// How many requests that fit are let through first.
    #[serde(default)]
    pub(crate) skip: u32,
    /// How many requests suffer; then the rule is spent.
    pub(crate) times: u32,
}

/// A request, as far as rules look at it.
pub(crate) struct Asked<'a> {
    pub(crate) gateway: Gateway,
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    /// The decoded parameters, or the values in a JSON body.
    pub(crate) form: &'a [(String, String)],
    pub(crate) idempotency_key: Option<&'a str>,
    /// The metadata `transaction_id` of what is asked for, or of the object that it is about.
    pub(crate) transaction_id: Option<&'a str>,
}

impl Asked<'_> {
    /// An object without metadata, like a payment method, is known by the key that it is made under.
    fn is_about(&self, transaction_id: &str) -> bool {
        self.transaction_id == Some(transaction_id)
            || self.idempotency_key.is_some_and(|key| key.starts_with(transaction_id))
    }
}

impl Rule {
    pub(crate) fn fits(&self, asked: &Asked<'_>) -> bool {
        self.gateway == asked.gateway
            && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(asked.method.as_str()))
            && glob::fits(&self.path, asked.path)
            && self.transaction_id.as_deref().is_none_or(|wanted| asked.is_about(wanted))
            && self.containing.as_deref().is_none_or(|text| asked.form.iter().any(|(_, value)| value.contains(text)))
    }
}

impl plan::Rule for Rule {
    fn check(&self) -> Result<(), String> {
        if !self.path.starts_with('/') && !self.path.starts_with('*') {
            return Err("path must begin with / or *".to_owned());
        }
        if [&self.transaction_id, &self.containing].into_iter().flatten().any(String::is_empty) {
            return Err("transactionId and containing must not be empty: leave them out to mean any".to_owned());
        }
        if self.status.is_some_and(|status| !(400..=599).contains(&status)) {
            return Err("status must be between 400 and 599".to_owned());
        }
        if self.status.is_some() && !self.fault.has_status() {
            return Err("status belongs to the faults \"status\" and \"saved_status_…\" only".to_owned());
        }
        match (&self.issue, self.fault) {
            (Some(issue), Fault::Issue) if self.gateway == Gateway::Paypal => {
                if paypal::find_issue(issue).is_none() {
                    return Err(format!("PayPal documents no issue {issue}"));
                }
            }
            (_, Fault::Issue) | (Some(_), _) => {
                return Err("the fault \"issue\", the name of an issue, and PayPal need each other".to_owned());
            }
            (None, _) => {}
        }
        if self.changes_back.is_some() && self.fault != Fault::Stale {
            return Err("changesBack belongs to the fault \"stale\" only".to_owned());
        }
        if self.delay_ms.is_none() && self.fault.is_nothing_but_a_delay() {
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
    use crate::plan::Rule as _;

    fn rule(path: &str) -> Rule {
        let path = path.to_owned();
        Rule {
            gateway: Gateway::Stripe,
            method: Some("post".to_owned()),
            path,
            transaction_id: None,
            containing: None,
            fault: Fault::ResetAfter,
            status: None,
            delay_ms: None,
            issue: None,
            changes_back: None,
            skip: 0,
            times: 1,
        }
    }

    const REFUND: Asked<'_> = Asked {
        gateway: Gateway::Stripe,
        method: &Method::POST,
        path: "/v1/refunds",
        form: &[],
        idempotency_key: Some("pay_1:refund:1"),
        transaction_id: Some("pay_2"),
    };

    #[test]
    fn method_and_path_must_both_fit() {
        assert!(rule("/v1/**").fits(&REFUND));
        assert!(!rule("/v1/**").fits(&Asked { method: &Method::GET, ..REFUND }));
        assert!(!rule("/v1/charges").fits(&REFUND));
    }

    #[test]
    fn a_rule_about_one_payment_leaves_the_others_alone() {
        let about = |id: &str| Rule { transaction_id: Some(id.to_owned()), ..rule("/v1/**") };
        assert!(about("pay_2").fits(&REFUND), "the object's metadata");
        assert!(about("pay_1").fits(&REFUND), "the key");
        assert!(!about("pay_3").fits(&REFUND));
        assert!(!about("pay_2").fits(&Asked { transaction_id: None, ..REFUND }));
    }

    #[test]
    fn a_rule_may_look_for_a_text_in_the_parameters() {
        let about = Rule { containing: Some("order-7".to_owned()), ..rule("/v1/**") };
        let form = [("metadata[reference]".to_owned(), "my order-7".to_owned())];
        assert!(about.fits(&Asked { form: &form, ..REFUND }));
        assert!(!about.fits(&REFUND));
    }

    #[test]
    fn a_rule_that_cannot_mean_anything_is_refused() {
        assert!(rule("v1").check().is_err());
        assert!(Rule { status: Some(503), ..rule("/v1") }.check().is_err());
        assert!(Rule { fault: Fault::Status, status: Some(200), ..rule("/v1") }.check().is_err());
        assert!(Rule { fault: Fault::SlowAfter, ..rule("/v1") }.check().is_err());
        assert!(Rule { transaction_id: Some(String::new()), ..rule("/v1") }.check().is_err());
        let issue = |gateway, fault, issue: &str| {
            Rule { gateway, fault, issue: Some(issue.to_owned()), ..rule("/v2/**") }.check()
        };
        assert_eq!(issue(Gateway::Paypal, Fault::Issue, "INSTRUMENT_DECLINED"), Ok(()));
        assert!(issue(Gateway::Paypal, Fault::Issue, "INSTRUMENT_DECLINDE").is_err());
        assert!(issue(Gateway::Paypal, Fault::Status, "INSTRUMENT_DECLINED").is_err());
        assert!(issue(Gateway::Stripe, Fault::Issue, "INSTRUMENT_DECLINED").is_err());
        assert!(Rule { gateway: Gateway::Paypal, fault: Fault::Issue, ..rule("/v2/**") }.check().is_err());
        assert!(rule("/v1").check().is_ok());
    }
}
