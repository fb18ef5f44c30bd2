//! PayPal's refusal: what it says, and what that means.
//!
//! Must never: read `message` or `description`, which are written for people and may quote what was sent, or let
//! `debug_id` out: it leads to both.

use domain::{
    decline::{Decline, paypal::PaypalWords},
    gateway::UnknownReason,
};
use serde::Deserialize;

use super::issue::Meaning;
use crate::{
    gateway::word::{Word, if_readable},
    named::Named,
};

/// What is looked at of a refusal; PayPal lists what is wrong with each field.
const DETAILS_MAX: usize = 32;

/// What PayPal says when it says no.
#[derive(Deserialize)]
pub(super) struct PaypalError {
    name: Word,
    #[serde(default, deserialize_with = "if_readable")]
    details: Option<Vec<Named<Detail>>>,
    /// Whether the request that was refused had been sent before, and nobody heard what came of that.
    #[serde(skip)]
    pub(super) is_of_a_second_sending: bool,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(default, deserialize_with = "if_readable")]
    issue: Option<Word>,
    #[serde(default, deserialize_with = "if_readable")]
    field: Option<String>,
}

impl PaypalError {
    /// Reads the refusal in an answer; none if there is none (a proxy's page, a broken body, OAuth's shape).
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok().map(|Named(error)| error)
    }

    /// Whether it names this issue.
    pub(super) fn has(&self, wanted: &str) -> bool {
        self.issues().any(|issue| issue == wanted)
    }

    /// What it means. Where nothing that we know is named, it is a fault of ours: nothing is proven by it.
    pub(super) fn meaning(&self) -> Meaning {
        let unknown = Meaning::Unknown(UnknownReason::Misconfigured);
        let meanings = self.issues().map(|issue| Meaning::of(issue).unwrap_or(unknown));
        meanings.reduce(Meaning::or_less).unwrap_or(unknown)
    }

    /// PayPal's code for it: the issue that its meaning comes from; its name where there is none.
    pub(super) fn code(&self) -> &str {
        let meaning = self.meaning();
        let issue = self.issues().find(|issue| Meaning::of(issue) == Some(meaning)).or_else(|| self.issues().next());
        issue.unwrap_or_else(|| self.name.as_str())
    }

    /// The field that is wrong, as PayPal points at it.
    pub(super) fn field(&self) -> Option<&str> {
        self.details().find_map(|detail| detail.field.as_deref())
    }

    /// The decline that it stands for.
    pub(super) fn decline(&self) -> Decline {
        Decline::judge_paypal(PaypalWords { code: self.code(), payment_advice: None })
    }

    fn details(&self) -> impl Iterator<Item = &Detail> {
        self.details.iter().flatten().map(|Named(detail)| detail).take(DETAILS_MAX)
    }

    fn issues(&self) -> impl Iterator<Item = &str> {
        self.details().filter_map(|detail| detail.issue.as_ref().map(Word::as_str))
    }
}

#[cfg(test)]
mod tests {
    use domain::decline::DeclineCategory;
    use serde_json::{Value, json};

    use super::*;
    use crate::gateway::paypal::fixtures::{issue, with};

    fn error(body: Value) -> PaypalError {
        PaypalError::read(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_refusal_is_known_by_its_issue() {
        let declined = error(issue("INSTRUMENT_DECLINED"));
        assert_eq!((declined.meaning(), declined.code()), (Meaning::Declined, "INSTRUMENT_DECLINED"));
        let decline = declined.decline();
        assert_eq!((decline.code, decline.category), ("instrument_declined", DeclineCategory::PayerMustAct));
        assert!(declined.has("INSTRUMENT_DECLINED") && !declined.has("PAYER_CANNOT_PAY"));
    }

    #[test]
    fn of_several_issues_the_one_that_promises_least_gives_its_name() {
        let details =
            json!([{"issue": "INSTRUMENT_DECLINED"}, {"issue": "DUPLICATE_INVOICE_ID"}, {"issue": "CARD_EXPIRED"}]);
        let both = error(with(issue("x"), json!({ "details": details })));
        assert_eq!(both.code(), "DUPLICATE_INVOICE_ID");
        assert_eq!(both.meaning(), Meaning::Done(UnknownReason::Misconfigured));
        let new = json!([{"issue": "INSTRUMENT_DECLINED"}, {"issue": "SOMETHING_NEW"}]);
        let new = error(with(issue("x"), json!({ "details": new })));
        assert_eq!(new.meaning(), Meaning::Unknown(UnknownReason::Misconfigured));
    }

    #[test]
    fn a_refusal_without_issues_is_a_fault_of_ours() {
        for details in [json!(null), json!([]), json!([{}]), json!("?"), json!([["INSTRUMENT_DECLINED"]])] {
            let bare = error(json!({"name": "UNPROCESSABLE_ENTITY", "details": details}));
            assert_eq!(bare.meaning(), Meaning::Unknown(UnknownReason::Misconfigured), "{details}");
            assert_eq!(bare.code(), "UNPROCESSABLE_ENTITY");
        }
    }

    #[test]
    fn what_is_no_refusal_of_paypals_is_not_read_as_one() {
        for body in ["", "<html>", "null", "[]", "{}", r#"{"error":"invalid_token"}"#, r#"["UNPROCESSABLE_ENTITY"]"#] {
            assert!(PaypalError::read(body.as_bytes()).is_none(), "{body}");
        }
    }
}
