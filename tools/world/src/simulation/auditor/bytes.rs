//! P8, as far as it can be seen here: what rows hold, byte by byte. A gateway's references may stand there, and the client
//! secret, which the payer's browser knows; a card number, a secret of the gateway or a client's key may not.
//!
//! Nudges are built from an id and nothing else, by their type. What comes in by HTTP does not come by here: that it is
//! screened, and neither stored, logged, echoed nor sent on, is held by `tools/acceptance/tests/card_numbers.rs` and
//! `bad_input.rs` against the deployed stack, and by the scanners' own tests and fuzzing in `shared/adapters/src/http`.

use adapters::{dynamo::Item, http::card_data::contains_card_number};
use aws_sdk_dynamodb::types::AttributeValue;

use super::Auditor;

/// What only secrets begin with: the gateway's keys, what it signs webhooks with, our clients' keys.
const SECRETS: [&str; 6] = ["sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_", "qk_"];

impl Auditor {
    /// Reads a row as it is stored.
    pub(in crate::simulation) fn reads_bytes(&mut self, item: &Item) {
        if let Some(name) = texts(item).find(|(_, text)| is_secret(text)).map(|(name, _)| name) {
            // Where, and not what.
            self.breach("P8", "a row holds what must not be stored", format!("in `{name}`"));
        }
    }
}

/// Every text of a row, with the attribute of the row in which it stands. Numbers are ours: times, counts and dice.
fn texts(item: &Item) -> impl Iterator<Item = (&str, &str)> {
    let mut found = Vec::new();
    for (name, value) in item {
        collect(name, value, &mut found);
    }
    found.into_iter()
}

fn collect<'a>(name: &'a str, value: &'a AttributeValue, found: &mut Vec<(&'a str, &'a str)>) {
    match value {
        AttributeValue::S(text) => found.push((name, text)),
        AttributeValue::L(values) => values.iter().for_each(|value| collect(name, value, found)),
        AttributeValue::M(map) => {
            for (key, value) in map {
                found.push((name, key));
                collect(name, value, found);
            }
        }
        _ => {}
    }
}

fn is_secret(text: &str) -> bool {
    SECRETS.iter().any(|secret| text.contains(secret)) || contains_card_number(text)
}

#[cfg(test)]
mod tests {
    use adapters::dynamo::row;
    use domain::{payment::Payment, text::Text};
    use flow::ports::{Actor, Cause, Write, WriterToken};

    use super::*;
    use crate::payments;

    fn found_in(payment: &Payment) -> Option<&'static str> {
        let write = Write { payment, cause: Cause::of("tested"), actor: &Actor::Retry, writer: WriterToken(1) };
        let mut auditor = Auditor::default();
        auditor.reads_bytes(&row::lay_out(&write).unwrap());
        auditor.found().map(|breach| breach.promise)
    }

    #[test]
    fn a_secret_in_a_row_is_found_and_a_gateways_reference_is_none() {
        let mut payment = payments::largest(1);
        assert_eq!(found_in(&payment), None);
        for text in ["card 4242 4242 4242 4242", concat!("sk_", "live_0123456789abcdef"), "qk_till_0123456789abcdef"] {
            payment.terms.description = Some(Text::parse(text).unwrap());
            assert_eq!(found_in(&payment), Some("P8"), "{text}");
        }
    }
}
