//! PayPal's amounts: a decimal string and a currency code, read exactly and written exactly.
//!
//! Inside, an amount is an integer in the currency's ISO 4217 minor unit, also for HUF and TWD, which PayPal takes in
//! whole units only: so the ledger can be compared with anybody's books.

use serde_json::{Value, json};

use super::error::PaypalError;

/// The limit of the field `value`.
const MAX_VALUE_CHARACTERS: usize = 32;
/// 999,999,999,999,999.99, PayPal's largest value.
const MAX_MINOR: i64 = 99_999_999_999_999_999;

/// How a currency is written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Currency {
    pub(crate) code: &'static str,
    /// ISO 4217: how many decimals the minor unit has.
    minor_digits: usize,
    /// How many of them PayPal takes.
    decimals: usize,
    /// What a thousand of the currency's major units are worth, in cents of the account's currency.
    pub(super) cents_per_thousand: i64,
}

const fn common(code: &'static str, cents_per_thousand: i64) -> Currency {
    Currency { code, minor_digits: 2, decimals: 2, cents_per_thousand }
}

/// What PayPal supports; CNY, BRL and MYR only for accounts in their countries, so not for ours.
#[rustfmt::skip] // One line per currency would be a page.
static CURRENCIES: &[Currency] = &[
    common("AUD", 60_000), common("CAD", 68_000), common("CHF", 105_000), common("CZK", 4_000),
    common("DKK", 13_400), common("EUR", 100_000), common("GBP", 117_000), common("HKD", 11_800),
    Currency { decimals: 0, ..common("HUF", 250) },
    common("ILS", 25_000),
    Currency { minor_digits: 0, decimals: 0, ..common("JPY", 610) },
    common("MXN", 4_700), common("NOK", 8_600), common("NZD", 55_000), common("PHP", 1_600),
    common("PLN", 23_300), common("SEK", 8_700), common("SGD", 69_000), common("THB", 2_600),
    Currency { decimals: 0, ..common("TWD", 2_900) },
    common("USD", 92_000),
];

/// An amount of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Money {
    pub(crate) minor: i64,
    pub(crate) currency: &'static Currency,
}

impl Currency {
    pub(crate) fn of(code: &str) -> Option<&'static Self> {
        CURRENCIES.iter().find(|currency| currency.code == code)
    }

    /// Ten to the power of the ISO minor digits.
    pub(super) fn scale(&self) -> i64 {
        if self.minor_digits == 0 { 1 } else { 100 }
    }

    /// The smallest amount that PayPal can express, in minor units.
    pub(super) fn step(&self) -> i64 {
        if self.decimals == self.minor_digits { 1 } else { self.scale() }
    }
}

impl Money {
    pub(crate) fn new(minor: i64, currency: &'static Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads an amount object whose fields are known to be texts; refuses what is not more than nothing.
    pub(super) fn read(amount: &Value, pointer: &str) -> Result<Self, PaypalError> {
        let text = |name: &str| amount.get(name).and_then(Value::as_str).unwrap_or_default();
        let (code, value) = (text("currency_code"), text("value"));
        let Some(currency) = Currency::of(code) else {
            return Err(PaypalError::issue("INVALID_CURRENCY_CODE").field(&format!("{pointer}/currency_code"), code));
        };
        let refused = |issue: &str| PaypalError::issue(issue).field(&format!("{pointer}/value"), value);
        let minor = parse(value, currency).map_err(refused)?;
        if minor <= 0 { Err(refused("CANNOT_BE_ZERO_OR_NEGATIVE")) } else { Ok(Self { minor, currency }) }
    }

    pub(crate) fn json(self) -> Value {
        json!({ "currency_code": self.currency.code, "value": self.text() })
    }

    /// As PayPal writes it: always with the decimals that the currency has there.
    pub(crate) fn text(self) -> String {
        let scale = self.currency.scale();
        let (sign, magnitude) = (if self.minor < 0 { "-" } else { "" }, self.minor.saturating_abs());
        let (whole, rest) = (magnitude.div_euclid(scale), magnitude.rem_euclid(scale));
        if self.currency.decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest:02}") }
    }
}

fn parse(text: &str, currency: &Currency) -> Result<i64, &'static str> {
    if text.len() > MAX_VALUE_CHARACTERS {
        return Err("INVALID_STRING_LENGTH");
    }
    let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((_, "")) => return Err("INVALID_PARAMETER_SYNTAX"),
        Some((whole, fraction)) => (whole, fraction),
        None if unsigned.is_empty() => return Err("INVALID_PARAMETER_SYNTAX"),
        None => (unsigned, ""),
    };
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return Err("INVALID_PARAMETER_SYNTAX");
    }
    if currency.decimals == 0 && !fraction.is_empty() {
        return Err("DECIMALS_NOT_SUPPORTED");
    }
    if fraction.len() > 2 {
        return Err("DECIMAL_PRECISION");
    }
    let digits = format!("{whole}{fraction:0<width$}", width = currency.minor_digits);
    let minor: i64 = digits.parse().map_err(|_| "MAX_VALUE_EXCEEDED")?;
    if minor > MAX_MINOR {
        return Err("MAX_VALUE_EXCEEDED");
    }
    Ok(if negative { minor.saturating_neg() } else { minor })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(code: &str, value: &str) -> Result<i64, String> {
        Money::read(&json!({ "currency_code": code, "value": value }), "/amount")
            .map(|money| money.minor)
            .map_err(|error| error.body("")["details"][0]["issue"].as_str().unwrap().to_owned())
    }

    #[test]
    fn values_are_read_in_iso_minor_units_whatever_paypal_takes() {
        for (code, value, minor) in [
            ("EUR", "10", 1_000),
            ("EUR", "10.5", 1_050),
            ("EUR", ".05", 5),
            ("USD", "0010.55", 1_055),
            ("JPY", "1000", 1_000),
            ("HUF", "175", 17_500),
            ("TWD", "30", 3_000),
            ("USD", "999999999999999.99", MAX_MINOR),
        ] {
            assert_eq!(read(code, value), Ok(minor), "{value} {code}");
        }
    }

    #[test]
    fn what_paypal_refuses_is_refused_by_its_name() {
        for (code, value, issue) in [
            ("EUR", "10.555", "DECIMAL_PRECISION"),
            ("HUF", "175.50", "DECIMALS_NOT_SUPPORTED"),
            ("JPY", "10.0", "DECIMALS_NOT_SUPPORTED"),
            ("EUR", "0.00", "CANNOT_BE_ZERO_OR_NEGATIVE"),
            ("EUR", "-1", "CANNOT_BE_ZERO_OR_NEGATIVE"),
            ("EUR", "1,50", "INVALID_PARAMETER_SYNTAX"),
            ("EUR", "1.", "INVALID_PARAMETER_SYNTAX"),
            ("EUR", "", "INVALID_PARAMETER_SYNTAX"),
            ("EUR", "1e3", "INVALID_PARAMETER_SYNTAX"),
            ("EUR", "1000000000000000.00", "MAX_VALUE_EXCEEDED"),
            ("EUR", "000000000000000000000000000000001", "INVALID_STRING_LENGTH"),
            ("KWD", "1.00", "INVALID_CURRENCY_CODE"),
            ("eur", "1.00", "INVALID_CURRENCY_CODE"),
        ] {
            assert_eq!(read(code, value), Err(issue.to_owned()), "{value} {code}");
        }
    }

    #[test]
    fn every_currency_is_written_as_it_is_read() {
        for currency in CURRENCIES {
            let money = Money::new(currency.step().saturating_mul(1_234), currency);
            assert_eq!(read(currency.code, &money.text()), Ok(money.minor), "{}", currency.code);
        }
        assert_eq!(Money::new(17_500, Currency::of("HUF").unwrap()).text(), "175");
        assert_eq!(Money::new(-105, Currency::of("EUR").unwrap()).text(), "-1.05");
    }
}
