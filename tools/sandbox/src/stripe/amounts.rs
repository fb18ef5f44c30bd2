//! What Stripe demands of amounts, currencies and card details before it executes anything.

use super::{
    balance::{CURRENCIES, Currency},
    error::StripeError,
    form::Tree,
};

/// Twelve digits, which is what Stripe takes of most cards. Nobody has said at the opening which way to pay it will be.
const MAX_AMOUNT: i64 = 999_999_999_999;
/// Eight digits, which is what Stripe takes of every other way to pay (more of COP, IDR and INR, which no such way here pays).
const MAX_AMOUNT_WITHOUT_CARD: i64 = 99_999_999;

/// The smallest charge per currency, in its minor unit. Currencies that are not listed have no minimum of their own here.
#[rustfmt::skip] // One line per currency would be a page.
const MINIMA: &[(&str, i64)] = &[
    ("aed", 200), ("aud", 50), ("bgn", 100), ("brl", 50), ("cad", 50), ("chf", 50), ("czk", 1_500),
    ("dkk", 250), ("eur", 50), ("gbp", 30), ("hkd", 400), ("huf", 17_500), ("inr", 50), ("jpy", 50),
    ("mxn", 1_000), ("myr", 200), ("nok", 300), ("nzd", 50), ("pln", 200), ("ron", 200), ("sek", 300),
    ("sgd", 50), ("thb", 1_000), ("usd", 50),
];

/// The amount under this name, if one is given.
pub(super) fn positive(tree: &Tree, name: &str) -> Result<Option<i64>, StripeError> {
    let Some(text) = tree.text(name) else { return Ok(None) };
    let refused = |message: String| StripeError::invalid(message).code("parameter_invalid_integer").param(name);
    let amount: i64 = text.parse().map_err(|_| refused(format!("Invalid integer: {text}")))?;
    if amount < 1 {
        return Err(refused("This value must be greater than or equal to 1.".to_owned()));
    }
    Ok(Some(amount))
}

pub(super) fn within_limits(amount: i64, currency: &str) -> Result<(), StripeError> {
    if amount > MAX_AMOUNT {
        return Err(too_large("Amount must be no more than $9,999,999,999.99"));
    }
    expressible(amount, currency, "amount")?;
    match MINIMA.iter().find(|(of, _)| *of == currency) {
        Some((_, minimum)) if amount < *minimum => {
            let message = format!("Amount must be at least {minimum} in the smallest unit of {currency}");
            Err(StripeError::invalid(message).code("amount_too_small").param("amount"))
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether an amount can be paid without a card.
pub(super) fn payable_without_card(amount: i64) -> Result<(), StripeError> {
    if amount > MAX_AMOUNT_WITHOUT_CARD { Err(too_large("Amount must be no more than $999,999.99")) } else { Ok(()) }
}

fn too_large(message: &str) -> StripeError {
    StripeError::invalid(message).code("amount_too_large").param("amount")
}

/// Some currencies have decimals that must be zeros.
pub(super) fn expressible(amount: i64, currency: &str, param: &str) -> Result<(), StripeError> {
    match Currency::of(currency) {
        Some(Currency { code, step, .. }) if amount.rem_euclid(*step) != 0 => {
            let message = format!("Invalid integer: {amount}. Amounts in {code} must be divisible by {step}.");
            Err(StripeError::invalid(message).code("parameter_invalid_integer").param(param))
        }
        Some(_) | None => Ok(()),
    }
}

/// The currency in Stripe's spelling, if one is given.
pub(super) fn currency(tree: &Tree) -> Result<Option<String>, StripeError> {
    let Some(given) = tree.text("currency") else { return Ok(None) };
    let lower = given.to_ascii_lowercase();
    if Currency::of(&lower).is_some() {
        return Ok(Some(lower));
    }
    let known = CURRENCIES.iter().map(|currency| currency.code).collect::<Vec<_>>().join(", ");
    let message = format!("Invalid currency: {given}. Stripe currently supports these currencies: {known}");
    Err(StripeError::invalid(message).param("currency"))
}

/// The details beside a card's number; the number itself is looked up in the table of test cards.
pub(super) fn card_details(card: &Tree) -> Result<(), StripeError> {
    let refused = |code: &str, message: &str, param: &str| Err(StripeError::card(code, message).param(param));
    let month = card.text("exp_month").and_then(|text| text.parse::<u32>().ok());
    if !month.is_some_and(|month| (1..=12).contains(&month)) {
        return refused("invalid_expiry_month", "Your card's expiration month is invalid.", "exp_month");
    }
    let year = card.text("exp_year").and_then(|text| text.parse::<u32>().ok());
    if !year.is_some_and(|year| (2026..=2100).contains(&year)) {
        return refused("invalid_expiry_year", "Your card's expiration year is invalid.", "exp_year");
    }
    match card.text("cvc") {
        Some(cvc) if !matches!(cvc.len(), 3 | 4) || !cvc.bytes().all(|byte| byte.is_ascii_digit()) => {
            refused("invalid_cvc", "Your card's security code is invalid.", "cvc")
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stripe::form::Form;

    fn tree(encoded: &str) -> Tree {
        Form::decode(encoded.as_bytes()).unwrap().tree
    }

    #[test]
    fn amounts_are_whole_positive_and_within_stripes_limits() {
        assert_eq!(positive(&tree("amount=50"), "amount"), Ok(Some(50)));
        assert!(positive(&tree("amount=0"), "amount").is_err());
        assert!(positive(&tree("amount=-5"), "amount").is_err());
        assert!(within_limits(MAX_AMOUNT, "usd").is_ok());
        assert_eq!(within_limits(MAX_AMOUNT + 1, "usd").unwrap_err().body()["error"]["code"], "amount_too_large");
        assert_eq!(within_limits(49, "eur").unwrap_err().body()["error"]["code"], "amount_too_small");
    }

    #[test]
    fn what_only_a_card_pays_is_refused_to_every_other_way_to_pay() {
        assert!(payable_without_card(MAX_AMOUNT_WITHOUT_CARD).is_ok());
        let refused = payable_without_card(MAX_AMOUNT_WITHOUT_CARD + 1).unwrap_err();
        assert_eq!(refused.body()["error"]["code"], "amount_too_large");
        assert!(within_limits(MAX_AMOUNT_WITHOUT_CARD + 1, "usd").is_ok(), "a card may pay it");
    }

    #[test]
    fn decimals_that_must_be_zeros_are_zeros() {
        for (amount, currency, fits) in [
            (1_230, "bhd", true),
            (1_234, "bhd", false),
            (500, "isk", true),
            (550, "ugx", false),
            (17_550, "huf", true),
            (33_333, "twd", true),
        ] {
            assert_eq!(within_limits(amount, currency).is_ok(), fits, "{amount} {currency}");
        }
    }

    #[test]
    fn an_unknown_currency_is_refused_and_a_known_one_is_lowered() {
        assert_eq!(currency(&tree("currency=EUR")), Ok(Some("eur".to_owned())));
        assert!(currency(&tree("currency=zzz")).is_err());
        assert!(currency(&tree("currency=us")).is_err());
    }

    #[test]
    fn bad_card_details_have_stripes_codes() {
        let code = |encoded: &str| card_details(&tree(encoded)).unwrap_err().body()["error"]["code"].clone();
        assert_eq!(code("exp_month=13&exp_year=2040"), "invalid_expiry_month");
        assert_eq!(code("exp_month=12&exp_year=1990"), "invalid_expiry_year");
        assert_eq!(code("exp_month=12&exp_year=2040&cvc=99"), "invalid_cvc");
    }
}
