//! What a charge came to: Stripe's balance transaction, which an answer shows where the request has asked for it.
//!
//! It is a part of the answer that somebody's money may hang on, so it must never make that unreadable: what we do not
//! understand here is not told, and is looked for later.

use domain::{
    money::{Currency, Money},
    settlement::{ExchangeRate, Settlement},
};
use serde::Deserialize;
use serde_json::Value;

use super::{amount::from_stripe, message::field};

/// What the answer shall show whole. It belongs to every request that may be answered with a charge, and to each sending of
/// it: with one parameter more or less Stripe takes a request for another one under the same key.
const SHOWN: &str = "latest_charge.balance_transaction";

/// The field of a form that asks for it.
pub(super) fn shown() -> (String, String) {
    field("expand[]", SHOWN)
}

/// The same, of a look.
pub(super) fn query() -> String {
    format!("expand%5B%5D={SHOWN}")
}

/// How a charge has moved the merchant's balance.
#[derive(Deserialize)]
pub(super) struct BalanceTransaction {
    #[serde(rename = "object")]
    _kind: Kind,
    currency: String,
    amount: i64,
    fee: i64,
    net: i64,
    #[serde(default)]
    exchange_rate: Value,
}

/// The object's own word for what it is.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    BalanceTransaction,
}

impl BalanceTransaction {
    /// What it tells; none if it contradicts itself, or says it in a currency or a number that we cannot count in.
    pub(super) fn settlement(&self) -> Option<Settlement> {
        if self.net.checked_add(self.fee) != Some(self.amount) {
            return None;
        }
        let currency = Currency::from_code(&self.currency.to_ascii_uppercase()).ok()?;
        let counted = |written| Money::try_new(from_stripe(written, currency)?, currency).ok();
        let rate = if self.exchange_rate.is_null() { None } else { Some(rate(&self.exchange_rate)?) };
        Some(Settlement { net: counted(self.net)?, fee: counted(self.fee)?, rate })
    }
}

/// Stripe writes the shortest number that means the double it has, and so does this, without an exponent. Newer fields of
/// Stripe's are decimals in a text.
fn rate(written: &Value) -> Option<ExchangeRate> {
    let text = match written {
        Value::Number(number) => number.as_f64()?.to_string(),
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    ExchangeRate::parse(&text).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::gateway::stripe::fixtures::{balance_transaction, with};

    fn settled(fields: Value) -> Option<(String, String, Option<String>)> {
        let transaction: BalanceTransaction = serde_json::from_value(with(balance_transaction(), fields)).ok()?;
        let Settlement { net, fee, rate } = transaction.settlement()?;
        Some((format!("{net:?}"), format!("{fee:?}"), rate.map(|rate| rate.as_str().to_owned())))
    }

    fn told(net: &str, fee: &str, rate: Option<&str>) -> Option<(String, String, Option<String>)> {
        Some((net.to_owned(), fee.to_owned(), rate.map(str::to_owned)))
    }

    #[test]
    fn net_and_fee_are_told_in_the_accounts_currency_with_the_rate_as_stripe_wrote_it() {
        assert_eq!(settled(json!({})), told("2592 USD", "108 USD", Some("1.08")));
        assert_eq!(settled(json!({"exchange_rate": null})), told("2592 USD", "108 USD", None));
        for (written, read) in [
            (json!(0.925_925_926), "0.925925926"),
            (json!(6.1e-6), "0.0000061"),
            (json!(16_393.442_622_951), "16393.442622951"),
            (json!(1), "1"),
            (json!("0.92000"), "0.92000"),
        ] {
            assert_eq!(settled(json!({"exchange_rate": written})), told("2592 USD", "108 USD", Some(read)));
        }
    }

    #[test]
    fn amounts_are_turned_into_minor_units_of_iso() {
        let crowns = json!({"currency": "isk", "amount": 270_000, "fee": 10_000, "net": 260_000});
        assert_eq!(settled(crowns), told("2600 ISK", "100 ISK", Some("1.08")));
        let yen = json!({"currency": "jpy", "amount": 2_700, "fee": 0, "net": 2_700});
        assert_eq!(settled(yen), told("2700 JPY", "0 JPY", Some("1.08")));
    }

    #[test]
    fn what_cannot_be_understood_is_not_told() {
        for strange in [
            json!({"net": 2_593}),
            json!({"net": -1, "fee": 2_701}),
            json!({"fee": -1, "net": 2_701}),
            json!({"net": i64::MAX, "fee": i64::MAX}),
            json!({"amount": 25.5}),
            json!({"amount": null}),
            json!({"currency": "xyz"}),
            json!({"currency": "isk"}),
            json!({"object": "charge"}),
            json!({"exchange_rate": -1.08}),
            json!({"exchange_rate": 0}),
            json!({"exchange_rate": "about 1"}),
            json!({"exchange_rate": [1.08]}),
            json!({"exchange_rate": 1e300}),
        ] {
            assert_eq!(settled(strange.clone()), None, "{strange}");
        }
    }
}
