//! The payments on an order: what is held (an authorization) and what was taken (a capture), as PayPal shows them inside
//! the order and by themselves.

use domain::{
    decline::{
        Decline,
        paypal::{self, PaypalWords},
    },
    gateway::{Charge, ObjectStatus},
    money::Money,
    settlement::{ExchangeRate, Settlement},
    text::GatewayToken,
};
use serde::Deserialize;

use super::amount::WireAmount;
use crate::{
    gateway::word::{Word, if_readable},
    named::Named,
};

/// Money that is held.
#[derive(Deserialize)]
pub(super) struct Authorization {
    id: String,
    status: Word,
    amount: Named<WireAmount>,
    #[serde(default, deserialize_with = "if_readable")]
    status_details: Option<Named<StatusDetails>>,
    #[serde(default, deserialize_with = "if_readable")]
    processor_response: Option<Named<ProcessorResponse>>,
}

/// Money that was taken, or asked for.
#[derive(Deserialize)]
pub(super) struct Capture {
    id: String,
    status: Word,
    amount: Named<WireAmount>,
    #[serde(default, deserialize_with = "if_readable")]
    status_details: Option<Named<StatusDetails>>,
    #[serde(default, deserialize_with = "if_readable")]
    processor_response: Option<Named<ProcessorResponse>>,
    #[serde(default, deserialize_with = "if_readable")]
    seller_receivable_breakdown: Option<Named<Breakdown>>,
    #[serde(default, deserialize_with = "if_readable")]
    supplementary_data: Option<Named<SupplementaryData>>,
}

/// Whether a capture took its money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It did, whatever went back since.
    Yes,
    /// PayPal, or a bank, will say later.
    NotYet,
    /// It was declined.
    No,
    /// In a word that we do not know.
    Unrecognized(String),
}

/// Why something has its status.
#[derive(Deserialize)]
pub(super) struct StatusDetails {
    pub(super) reason: Word,
}

#[derive(Deserialize)]
struct ProcessorResponse {
    #[serde(default, deserialize_with = "if_readable")]
    response_code: Option<Word>,
    #[serde(default, deserialize_with = "if_readable")]
    payment_advice_code: Option<Word>,
}

/// What the merchant gets of it.
#[derive(Deserialize)]
struct Breakdown {
    gross_amount: Named<WireAmount>,
    #[serde(default, deserialize_with = "if_readable")]
    paypal_fee: Option<Named<WireAmount>>,
    #[serde(default, deserialize_with = "if_readable")]
    net_amount: Option<Named<WireAmount>>,
    #[serde(default, deserialize_with = "if_readable")]
    paypal_fee_in_receivable_currency: Option<Named<WireAmount>>,
    #[serde(default, deserialize_with = "if_readable")]
    receivable_amount: Option<Named<WireAmount>>,
    #[serde(default, deserialize_with = "if_readable")]
    exchange_rate: Option<Named<WireRate>>,
}

#[derive(Deserialize)]
struct WireRate {
    value: String,
}

#[derive(Deserialize)]
struct SupplementaryData {
    related_ids: Named<RelatedIds>,
}

/// What a payment belongs to.
#[derive(Deserialize)]
struct RelatedIds {
    #[serde(default)]
    order_id: Option<String>,
}

impl Authorization {
    /// Where its order stands by it, and whether the amount could be counted; none if it was denied.
    pub(super) fn standing(&self) -> Option<(ObjectStatus, bool)> {
        let status = match self.status.as_str() {
            // Of what was captured of it, the captures tell; what is left of it is let go with a final capture.
            "CREATED" | "PARTIALLY_CAPTURED" => {
                let amount = self.amount.0.read();
                let capturable_minor_units = amount.map_or(0, Money::minor_units);
                return Some((ObjectStatus::Authorized { capturable_minor_units }, amount.is_some()));
            }
            "PENDING" => ObjectStatus::Pending,
            // The second is what PayPal calls a hold that ran out where it does not call it the first.
            "VOIDED" | "EXPIRED" => ObjectStatus::Canceled,
            "DENIED" => return None,
            // Also `CAPTURED` without a capture that is shown.
            unknown => ObjectStatus::Unrecognized(format!("authorization:{unknown}")),
        };
        Some((status, true))
    }

    /// It, as the thing that a capture or a void is asked of.
    pub(super) fn charge(&self) -> Option<Charge> {
        GatewayToken::parse(&self.id).ok().map(|reference| Charge { reference, settlement: None })
    }

    /// Why it was denied.
    pub(super) fn decline(&self) -> Decline {
        decline(self.processor_response.as_ref(), self.status_details.as_ref(), &self.status)
    }
}

impl Capture {
    /// Reads a capture that is shown by itself; none if it is not one.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok().map(|Named(capture)| capture)
    }

    /// Whether it took its money.
    pub(super) fn standing(&self) -> Taken {
        match self.status.as_str() {
            "COMPLETED" | "PARTIALLY_REFUNDED" | "REFUNDED" => Taken::Yes,
            "PENDING" => Taken::NotYet,
            "DECLINED" | "FAILED" => Taken::No,
            unknown => Taken::Unrecognized(unknown.to_owned()),
        }
    }

    /// How much it is about.
    pub(super) fn amount(&self) -> Option<Money> {
        self.amount.0.read()
    }

    /// It, as the thing that a refund is asked of; with what it came to, if that is asked for and PayPal tells.
    pub(super) fn charge(&self, settled: bool) -> Option<Charge> {
        let breakdown = self.seller_receivable_breakdown.as_ref().filter(|_| settled);
        let settlement = breakdown.and_then(|Named(breakdown)| breakdown.settlement());
        GatewayToken::parse(&self.id).ok().map(|reference| Charge { reference, settlement })
    }

    /// Why it was declined.
    pub(super) fn decline(&self) -> Decline {
        decline(self.processor_response.as_ref(), self.status_details.as_ref(), &self.status)
    }

    /// The order it belongs to, where it tells.
    pub(super) fn order_id(&self) -> Option<&str> {
        self.supplementary_data.as_ref()?.0.related_ids.0.order_id.as_deref()
    }
}

/// The processor's code goes before PayPal's own reason, and that before the bare status. A reason for which a capture is
/// not complete (`ECHECK`, `OTHER`) is none for its being declined: then the status counts, and the reason is kept beside it.
fn decline(
    processor: Option<&Named<ProcessorResponse>>,
    details: Option<&Named<StatusDetails>>,
    status: &Word,
) -> Decline {
    let processors = processor.and_then(|Named(response)| response.response_code.as_ref());
    let reason = details.map(|Named(details)| &details.reason);
    let advice = processor.and_then(|Named(response)| response.payment_advice_code.as_ref());
    let payment_advice = advice.map(Word::as_str);
    let judged = |told: &Word| Decline::judge_paypal(PaypalWords { code: told.as_str(), payment_advice });
    match (processors, reason) {
        (Some(code), _) => judged(code),
        (None, Some(reason)) if paypal::word(reason.as_str()).is_some() => judged(reason),
        (None, Some(reason)) => Decline { gateway_code: reason.as_str().to_owned(), ..judged(status) },
        (None, None) => judged(status),
    }
}

impl Breakdown {
    /// What it came to; none if that cannot be read or contradicts itself. Where PayPal has exchanged the money, it took its
    /// fee before, in the charge's own currency, unless it charges the fee in the account's.
    fn settlement(&self) -> Option<Settlement> {
        let gross = self.gross_amount.0.read()?;
        let read = |amount: &Option<Named<WireAmount>>| amount.as_ref().and_then(|Named(amount)| amount.read());
        // What is not the merchant's was kept, a platform's share too. Without a net amount, the fee tells.
        let kept = match read(&self.net_amount) {
            Some(net) => net.is_within(gross).then(|| gross.less(net).ok()).flatten(),
            None => read(&self.paypal_fee).filter(|fee| fee.is_within(gross)),
        };
        if self.receivable_amount.is_none() && self.exchange_rate.is_none() {
            return kept.and_then(|fee| Some(Settlement { net: gross.less(fee).ok()?, fee, rate: None }));
        }
        // An exchange whose result cannot be read is not told as if there had been none.
        let net = read(&self.receivable_amount)?;
        let rate = match &self.exchange_rate {
            Some(Named(rate)) => Some(ExchangeRate::parse(&rate.value).ok()?),
            None => None,
        };
        let fee = read(&self.paypal_fee_in_receivable_currency).or(kept)?;
        Some(Settlement { net, fee, rate })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::gateway::paypal::fixtures::{capture, with};

    fn settlement(breakdown: Value) -> Option<(String, String, Option<String>)> {
        let taken = with(capture("COMPLETED"), json!({ "seller_receivable_breakdown": breakdown }));
        let charge = Capture::read(taken.to_string().as_bytes()).unwrap().charge(true).unwrap();
        charge.settlement.map(|Settlement { net, fee, rate }| {
            (format!("{net:?}"), format!("{fee:?}"), rate.map(|rate| rate.as_str().to_owned()))
        })
    }

    fn told(net: &str, fee: &str, rate: Option<&str>) -> Option<(String, String, Option<String>)> {
        Some((net.to_owned(), fee.to_owned(), rate.map(str::to_owned)))
    }

    fn money(value: &str, code: &str) -> Value {
        json!({"currency_code": code, "value": value})
    }

    #[test]
    fn at_home_the_merchant_gets_the_gross_less_what_was_kept() {
        let gross = json!({"gross_amount": money("25.00", "EUR")});
        let fee = with(gross.clone(), json!({"paypal_fee": money("1.36", "EUR")}));
        let net = with(fee.clone(), json!({"net_amount": money("23.64", "EUR")}));
        assert_eq!(settlement(net), told("2364 EUR", "136 EUR", None));
        assert_eq!(settlement(fee.clone()), told("2364 EUR", "136 EUR", None));
        let shared = with(fee.clone(), json!({"net_amount": money("20.00", "EUR")}));
        assert_eq!(settlement(shared), told("2000 EUR", "500 EUR", None), "a platform has taken its share too");
        assert_eq!(settlement(gross.clone()), None, "nobody says what is kept of it");
        for strange in [money("25.01", "EUR"), money("1.00", "USD")] {
            assert_eq!(settlement(with(gross.clone(), json!({ "net_amount": strange }))), None);
            assert_eq!(settlement(with(gross.clone(), json!({ "paypal_fee": strange }))), None);
        }
    }

    #[test]
    fn what_was_exchanged_is_told_in_the_accounts_currency_with_its_rate() {
        let rate = |value: &str| json!({"source_currency": "USD", "target_currency": "EUR", "value": value});
        let abroad = json!({"gross_amount": money("100.00", "USD"), "paypal_fee": money("3.98", "USD"),
            "net_amount": money("96.02", "USD"), "receivable_amount": money("88.33", "EUR"),
            "exchange_rate": rate("0.92000")});
        assert_eq!(settlement(abroad.clone()), told("8833 EUR", "398 USD", Some("0.92000")));
        let charged_there = with(abroad.clone(), json!({"paypal_fee_in_receivable_currency": money("3.66", "EUR")}));
        assert_eq!(settlement(charged_there), told("8833 EUR", "366 EUR", Some("0.92000")));
        let unrated = with(abroad.clone(), json!({"exchange_rate": null}));
        assert_eq!(settlement(unrated), told("8833 EUR", "398 USD", None));
        for unreadable in [
            json!({"receivable_amount": money("88,33", "EUR")}),
            json!({"receivable_amount": null}),
            json!({"exchange_rate": rate("a lot")}),
        ] {
            assert_eq!(settlement(with(abroad.clone(), unreadable)), None);
        }
    }

    #[test]
    fn a_breakdown_of_another_shape_says_nothing_and_hides_nothing() {
        for strange in
            [json!(null), json!([]), json!({}), json!({"gross_amount": 25}), json!({"gross_amount": money("x", "EUR")})]
        {
            assert_eq!(settlement(strange.clone()), None, "{strange}");
        }
    }

    #[test]
    fn a_decline_is_told_by_the_processor_else_by_paypal_else_by_its_status() {
        let declined = |fields: Value| {
            let decline = Capture::read(with(capture("DECLINED"), fields).to_string().as_bytes()).unwrap().decline();
            (decline.gateway_code, decline.code)
        };
        let by = |code: &str, ours: &'static str| (code.to_owned(), ours);
        let reason = json!({"reason": "DECLINED_BY_RISK_FRAUD_FILTERS"});
        let processor = json!({"response_code": "5120", "avs_code": "Y", "payment_advice_code": "02"});
        assert_eq!(
            declined(json!({"processor_response": processor, "status_details": reason})),
            by("5120", "insufficient_funds")
        );
        assert_eq!(
            declined(json!({"status_details": reason})),
            by("DECLINED_BY_RISK_FRAUD_FILTERS", "highest_risk_level")
        );
        assert_eq!(declined(json!({"processor_response": []})), by("DECLINED", "generic_decline"));
    }

    #[test]
    fn a_reason_that_only_says_why_a_capture_is_not_complete_leaves_the_decline_to_its_status() {
        // PayPal's contract of payments: every `capture_status_details.reason`.
        let documented = "BUYER_COMPLAINT CHARGEBACK ECHECK INTERNATIONAL_WITHDRAWAL OTHER PENDING_REVIEW \
            RECEIVING_PREFERENCE_MANDATES_MANUAL_ACTION REFUNDED TRANSACTION_APPROVED_AWAITING_FUNDING UNILATERAL \
            VERIFICATION_REQUIRED";
        for reason in documented.split_ascii_whitespace().chain(["SOME_NEW_REASON"]) {
            for status in ["DECLINED", "FAILED"] {
                let details = json!({"status_details": {"reason": reason}});
                let refused = with(capture(status), details).to_string();
                let decline = Capture::read(refused.as_bytes()).unwrap().decline();
                assert_eq!((decline.gateway_code.as_str(), decline.code), (reason, "generic_decline"), "{status}");
            }
        }
    }
}
